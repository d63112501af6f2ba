/*
 * What every section shares: the record, the maps, who is watched.
 *
 * The loader puts defines in front of this text: RING_PAGES, TYPE_* (one a record type), WITH_* (one
 * a section that this kernel can carry) and AT_* (byte offsets of kernel fields, from BTF).
 */

struct record {
  u64 ts;   /* CLOCK_MONOTONIC, ns */
  u64 lost; /* records that found the ring full before this one: a rise places the gap */
  u32 tid;
  u32 pid;
  u16 type;
  u16 cpu;
  u32 aux;
  u64 a[6];
};

struct file_key {
  u64 ino;
  u32 dev;
  u32 unused;
};

BPF_RINGBUF_OUTPUT(events, RING_PAGES);
BPF_HASH(watched, u32, u32, 16384);              /* tgid: 1 */
BPF_ARRAY(recording, u32, 1);                    /* 1 between start and stop */
BPF_ARRAY(lost, u64, 1);                         /* records that found the ring full */
BPF_ARRAY(descriptors, u32, 512);                /* syscall number: where its fds are */
BPF_TABLE("lru_hash", struct file_key, u64, files, 65536);   /* file seen: 1 + its generation */
BPF_TABLE("lru_hash", u64, u32, sockets, 16384); /* struct sock of a watched process: its ports */

#define READ(target, address) bpf_probe_read_kernel(&(target), sizeof(target), (void *)(address))
#define FIELD(target, base, field) READ(target, (base) + AT_##field)

#define MODE_KIND 0170000
#define MODE_BLOCK 0060000
#define MODE_FILE 0100000
#define MODE_SOCKET 0140000

/*
 * Inside a pid namespace (a container) people and /proc speak of other numbers than the kernel. The
 * processes to watch are named by the namespace's numbers, records carry these, and `watched` holds
 * the kernel's. A context outside the namespace has no number there: 0.
 */
#ifdef NAMESPACE_INODE
BPF_HASH(named, u32, u32, 16384); /* tgid in the namespace: 1 */

static inline int own_numbers(struct bpf_pidns_info *own) {
  return bpf_get_ns_current_pid_tgid(NAMESPACE_DEVICE, NAMESPACE_INODE, own, sizeof(*own));
}

static inline int is_named(u32 tgid) {
  struct bpf_pidns_info own = {};
  u32 one = 1;
  if (own_numbers(&own) || !named.lookup(&own.tgid))
    return 0;
  watched.update(&tgid, &one);
  return 1;
}
#else
#define is_named(tgid) 0
#endif

static inline int is_watched(void) {
  u32 tgid = bpf_get_current_pid_tgid() >> 32;
  return watched.lookup(&tgid) || is_named(tgid);
}

static inline int is_seen(u64 ino, u32 dev) {
  struct file_key key = {.ino = ino, .dev = dev};
  return files.lookup(&key) != 0;
}

static inline void begin(struct record *r, u16 type) {
  r->ts = bpf_ktime_get_ns();
#ifdef NAMESPACE_INODE
  struct bpf_pidns_info own = {};
  own_numbers(&own);
  r->tid = own.pid;
  r->pid = own.tgid;
#else
  u64 both = bpf_get_current_pid_tgid();
  r->tid = (u32)both;
  r->pid = both >> 32;
#endif
  r->type = type;
  r->cpu = bpf_get_smp_processor_id();
}

static inline void emit(struct record *r) {
  int zero = 0;
  u32 *on = recording.lookup(&zero);
  u64 *missing = lost.lookup(&zero);
  if (!on || !*on || !missing)
    return;
  r->lost = *missing;
  if (events.ringbuf_output(r, sizeof(*r), BPF_RB_NO_WAKEUP))
    __sync_fetch_and_add(missing, 1);
}

#ifdef WITH_INODES
/* Inode number and device of a struct inode. */
static inline u64 inode_of(u64 inode, u32 *dev) {
  u64 ino = 0, super = 0;
  FIELD(ino, inode, inode__i_ino);
  FIELD(super, inode, inode__i_sb);
  FIELD(*dev, super, super_block__s_dev);
  return ino;
}
#endif

#ifdef WITH_PAGES
/*
 * The file that owns a page: its inode number (0 if none), its device and the page's index in it.
 * Low bits of the mapping mark pages without a file (anonymous, movable); a block device's own
 * cache holds file-system metadata, which belongs to no file either.
 */
static inline u64 owner_of(u64 page, u32 *dev, u64 *index) {
  u64 head = 0, folio = page, mapping = 0, host = 0;
  u16 mode = 0;
  FIELD(head, page, page__compound_head);
  if (head & 1)
    folio = head - 1;
  FIELD(mapping, folio, page__mapping);
  if (!mapping || (mapping & 3))
    return 0;
  FIELD(host, mapping, address_space__host);
  FIELD(mode, host, inode__i_mode);
  if (!host || (mode & MODE_KIND) == MODE_BLOCK)
    return 0;
  FIELD(*index, folio, folio__index);
  *index += (page - folio) / SIZE_page;
  return inode_of(host, dev);
}
#endif

/*
 * Crossings of the ring, and what the file descriptors stood for at that very moment: read in the
 * kernel at entry, because a descriptor may be closed and given out again before anyone could look
 * into /proc. For each call: FILE_DESCRIPTOR (and FILE_NAME) records first, then SYSCALL_ENTER.
 */

#ifdef WITH_FD_IDENTITY

#define BIT_APPEND 1
#define BIT_OFFSET 2
#define FLAG_APPEND 02000
#define FAMILY_INET6 10

/* One syscall's entry in `descriptors`, a byte each; 0 means none, n means argument n - 1. */
#define FIRST_FD(spec) ((spec) & 0xff)
#define FIRST_OFFSET(spec) (((spec) >> 8) & 0xff)
#define SECOND_FD(spec) (((spec) >> 16) & 0xff)
#define SECOND_OFFSET(spec) ((spec) >> 24)
#define OFFSET_IS_POINTER 0x80

/* The verifier refuses a computed index into the context, so the choice is spelled out. */
static inline u64 argument(u64 *args, u32 number) {
  if (number == 1)
    return args[0];
  if (number == 2)
    return args[1];
  if (number == 3)
    return args[2];
  if (number == 4)
    return args[3];
  if (number == 5)
    return args[4];
  return args[5];
}

static inline u64 file_of(u32 fd) {
  u64 task = bpf_get_current_task(), table = 0, fdt = 0, array = 0, file = 0;
  u32 limit = 0;
  FIELD(table, task, task_struct__files);
  FIELD(fdt, table, files_struct__fdt);
  FIELD(limit, fdt, fdtable__max_fds);
  if (fd >= limit)
    return 0;
  FIELD(array, fdt, fdtable__fd);
  READ(file, array + 8 * (u64)fd);
  return file;
}

#ifdef WITH_SOCKET_NAMES
/* a[2]: local | remote << 32 addresses; a[3]: local port | remote port << 16 | family | type. */
static inline u64 describe_socket(struct record *r, u64 file) {
  u64 socket = 0, sock = 0;
  u32 local = 0, remote = 0, ports = 0;
  u16 port = 0, peer = 0, family = 0, type = 0;
  FIELD(socket, file, file__private_data);
  FIELD(sock, socket, socket__sk);
  FIELD(type, socket, socket__type);
  if (!sock)
    return 0;
  FIELD(family, sock, sock__skc_family);
  FIELD(port, sock, sock__skc_num);
  FIELD(peer, sock, sock__skc_dport);
  ports = port | ((u32)peer << 16);
  sockets.update(&sock, &ports);
  FIELD(local, sock, sock__skc_rcv_saddr);
  FIELD(remote, sock, sock__skc_daddr);
  r->a[2] = local | ((u64)remote << 32);
  r->a[3] = port | ((u64)peer << 16) | ((u64)family << 32) | ((u64)type << 48);
  return family == FAMILY_INET6 ? sock : 0;
}

/* IPv6 addresses need a record of their own: a[0], a[1] the local one, a[2], a[3] the remote. */
static inline void describe_addresses(struct record *r, u64 sock) {
  r->type = TYPE_SOCKET_ADDRESSES;
  bpf_probe_read_kernel(&r->a[0], 16, (void *)(sock + AT_sock__skc_v6_rcv_saddr));
  bpf_probe_read_kernel(&r->a[2], 16, (void *)(sock + AT_sock__skc_v6_daddr));
  emit(r);
}
#endif

static inline void describe_name(struct record *r, u64 file) {
  u64 dentry = 0, name = 0;
  FIELD(dentry, file, file__f_path_dentry);
  FIELD(name, dentry, dentry__d_name_name);
  r->type = TYPE_FILE_NAME;
  __builtin_memset(r->a, 0, sizeof(r->a));
  bpf_probe_read_kernel_str(r->a, sizeof(r->a), (void *)name);
  emit(r);
}

/* a[0] inode, a[1] device | mode << 32 | bits << 48, a[2] position, a[3] size, a[4] offset. */
static inline void describe(struct record *r, u32 fd, u64 offset, u64 bits) {
  u64 file = file_of(fd), inode = 0;
  u32 dev = 0, flags = 0, generation = 0;
  u16 mode = 0;
  if (!file)
    return;
  r->type = TYPE_FILE_DESCRIPTOR;
  r->aux = fd;
  FIELD(inode, file, file__f_inode);
  FIELD(mode, inode, inode__i_mode);
  FIELD(flags, file, file__f_flags);
  FIELD(r->a[2], file, file__f_pos);
  FIELD(r->a[3], inode, inode__i_size);
  FIELD(generation, inode, inode__i_generation);
  r->a[0] = inode_of(inode, &dev);
  r->a[4] = offset;
  if (flags & FLAG_APPEND)
    bits |= BIT_APPEND;
  r->a[1] = dev | ((u64)mode << 32) | (bits << 48);
#ifdef WITH_SOCKET_NAMES
  if ((mode & MODE_KIND) == MODE_SOCKET) {
    u64 sock = describe_socket(r, file);
    emit(r);
    if (sock)
      describe_addresses(r, sock);
    return;
  }
#endif
  struct file_key key = {.ino = r->a[0], .dev = dev};
  emit(r);
  if ((mode & MODE_KIND) != MODE_FILE)
    return;
  u64 mark = 1 + (u64)generation, *known = files.lookup(&key);
  if (known && *known == mark)
    return;
  files.update(&key, &mark);
  describe_name(r, file);
}

static inline void describe_argument(struct record *r, u64 *args, u32 fd, u32 offset) {
  u64 value = 0, bits = 0;
  if (offset) {
    value = argument(args, offset & 0x7f);
    bits = BIT_OFFSET;
    if (offset & OFFSET_IS_POINTER) {
      if (!value)
        bits = 0; /* no pointer: the call starts at the file's own position */
      else
        bpf_probe_read_user(&value, sizeof(value), (void *)value);
    }
  }
  describe(r, (u32)argument(args, fd), value, bits);
}

static inline void describe_call(struct record *r, u32 number, u64 *args) {
  u32 *entry = descriptors.lookup(&number);
  if (!entry || !*entry)
    return;
  u32 spec = *entry;
  describe_argument(r, args, FIRST_FD(spec), FIRST_OFFSET(spec));
  if (SECOND_FD(spec))
    describe_argument(r, args, SECOND_FD(spec), SECOND_OFFSET(spec));
}

#endif

TRACEPOINT_PROBE(raw_syscalls, sys_enter) {
  if (!is_watched())
    return 0;
  struct record r = {};
  begin(&r, TYPE_SYSCALL_ENTER);
  u64 a[6] = {args->args[0], args->args[1], args->args[2],
              args->args[3], args->args[4], args->args[5]};
#ifdef WITH_FD_IDENTITY
  describe_call(&r, args->id, a);
#endif
  r.type = TYPE_SYSCALL_ENTER;
  r.aux = args->id;
  __builtin_memcpy(r.a, a, sizeof(a));
  emit(&r);
  return 0;
}

TRACEPOINT_PROBE(raw_syscalls, sys_exit) {
  if (!is_watched())
    return 0;
  struct record r = {};
  begin(&r, TYPE_SYSCALL_EXIT);
  r.aux = args->id;
  r.a[0] = args->ret;
  emit(&r);
  return 0;
}

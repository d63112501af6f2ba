/*
 * The page cache: looked up, filled, emptied, dirtied, written back; and the faults that map it.
 * What happens to a file that a watched process has used is told whoever does it.
 */

#ifdef WITH_FAULTS
static inline void fault(u64 address, u64 error, u32 mode) {
  struct record r = {};
  begin(&r, TYPE_PAGE_FAULT);
  r.aux = mode;
  r.a[0] = address;
  r.a[1] = error;
  emit(&r);
}

TRACEPOINT_PROBE(exceptions, page_fault_user) {
  if (is_watched())
    fault(args->address, args->error_code, 0);
  return 0;
}

TRACEPOINT_PROBE(exceptions, page_fault_kernel) {
  if (is_watched())
    fault(args->address, args->error_code, 1);
  return 0;
}
#endif

#ifdef WITH_FAULT_SEVERITY
/* Context of a perf event: the kernel's bpf_perf_event_data, whose registers differ by machine. */
struct fault_sample {
#if defined(__aarch64__)
  u64 registers[34];
#else
  u64 registers[21];
#endif
  u64 period;
  u64 address;
};

static inline void fault_done(struct fault_sample *ctx, u32 major) {
  struct record r = {};
  begin(&r, TYPE_FAULT_DONE);
  r.aux = major;
  r.a[0] = ctx->address;
  emit(&r);
}

int on_minor_fault(struct fault_sample *ctx) {
  if (is_watched())
    fault_done(ctx, 0);
  return 0;
}

int on_major_fault(struct fault_sample *ctx) {
  if (is_watched())
    fault_done(ctx, 1);
  return 0;
}
#endif

#ifdef WITH_FILEMAP_FAULT
TRACEPOINT_PROBE(filemap, mm_filemap_fault) {
  if (!is_watched())
    return 0;
  struct record r = {};
  begin(&r, TYPE_FILEMAP_FAULT);
  r.aux = args->s_dev;
  r.a[0] = args->i_ino;
  r.a[1] = args->index;
  emit(&r);
  return 0;
}
#endif

#ifdef WITH_MAP_PAGES
TRACEPOINT_PROBE(filemap, mm_filemap_map_pages) {
  if (!is_watched())
    return 0;
  struct record r = {};
  begin(&r, TYPE_MAP_PAGES);
  r.aux = args->s_dev;
  r.a[0] = args->i_ino;
  r.a[1] = args->index;
  r.a[2] = args->last_index;
  emit(&r);
  return 0;
}
#endif

#ifdef WITH_CACHE_GET
TRACEPOINT_PROBE(filemap, mm_filemap_get_pages) {
  if (!is_watched())
    return 0;
  struct record r = {};
  begin(&r, TYPE_CACHE_GET);
  r.aux = args->s_dev;
  r.a[0] = args->i_ino;
  r.a[1] = args->index;
  r.a[2] = args->last_index;
  emit(&r);
  return 0;
}
#endif

#ifdef WITH_CACHE_ADD
TRACEPOINT_PROBE(filemap, mm_filemap_add_to_page_cache) {
  if (!is_watched() && !is_seen(args->i_ino, args->s_dev))
    return 0;
  struct record r = {};
  begin(&r, TYPE_CACHE_ADD);
  r.aux = args->s_dev;
  r.a[0] = args->i_ino;
  r.a[1] = args->index;
#ifdef HAVE_FIELD_mm_filemap_add_to_page_cache__order
  r.a[2] = args->order;
#endif
  emit(&r);
  return 0;
}
#endif

#ifdef WITH_CACHE_REMOVE
TRACEPOINT_PROBE(filemap, mm_filemap_delete_from_page_cache) {
  if (!is_watched() && !is_seen(args->i_ino, args->s_dev))
    return 0;
  struct record r = {};
  begin(&r, TYPE_CACHE_REMOVE);
  r.aux = args->s_dev;
  r.a[0] = args->i_ino;
  r.a[1] = args->index;
#ifdef HAVE_FIELD_mm_filemap_delete_from_page_cache__order
  r.a[2] = args->order;
#endif
  emit(&r);
  return 0;
}
#endif

#ifdef WITH_DIRTY
RAW_TRACEPOINT_PROBE(writeback_dirty_folio) {
  u64 folio = ctx->args[0], mapping = ctx->args[1], host = 0, ino = 0;
  u32 dev = 0;
  u16 mode = 0;
  if (!mapping)
    return 0;
  FIELD(host, mapping, address_space__host);
  FIELD(mode, host, inode__i_mode);
  if ((mode & MODE_KIND) == MODE_BLOCK)
    return 0; /* metadata of the file system, in the block device's own cache */
  ino = inode_of(host, &dev);
  if (!is_watched() && !is_seen(ino, dev))
    return 0;
  struct record r = {};
  begin(&r, TYPE_DIRTY);
  r.aux = dev;
  r.a[0] = ino;
  FIELD(r.a[1], folio, folio__index);
  emit(&r);
  return 0;
}
#endif

#ifdef WITH_WRITEBACK
RAW_TRACEPOINT_PROBE(writeback_single_inode) {
  u64 control = ctx->args[1], ino = 0;
  u32 dev = 0;
  long left = 0;
  ino = inode_of(ctx->args[0], &dev);
  if (!is_watched() && !is_seen(ino, dev))
    return 0;
  struct record r = {};
  begin(&r, TYPE_WRITEBACK);
  r.aux = dev;
  r.a[0] = ino;
  FIELD(left, control, writeback_control__nr_to_write);
  r.a[1] = (u64)(ctx->args[2] - left);
  emit(&r);
  return 0;
}
#endif

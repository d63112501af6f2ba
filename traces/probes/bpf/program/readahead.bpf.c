/* Read-ahead: who asked (a read, a mark in the cache, a fault) and the window that was taken. */

#ifdef WITH_READAHEAD_ASK
static inline void ask(u32 kind) {
  struct record r = {};
  begin(&r, TYPE_READAHEAD_ASK);
  r.aux = kind;
  emit(&r);
}

TRACEPOINT_PROBE(readahead, page_cache_sync_ra) {
  if (is_watched())
    ask(0);
  return 0;
}

TRACEPOINT_PROBE(readahead, page_cache_async_ra) {
  if (is_watched())
    ask(1);
  return 0;
}
#endif

#ifdef WITH_READAHEAD
static inline void window(u32 dev, u64 ino, u64 index, u64 pages) {
  struct record r = {};
  begin(&r, TYPE_READAHEAD);
  r.aux = dev;
  r.a[0] = ino;
  r.a[1] = index;
  r.a[2] = pages;
  emit(&r);
}

TRACEPOINT_PROBE(readahead, page_cache_ra_order) {
  if (is_watched())
    window(args->s_dev, args->i_ino, args->index, args->size);
  return 0;
}

TRACEPOINT_PROBE(readahead, page_cache_ra_unbounded) {
  if (is_watched())
    window(args->s_dev, args->i_ino, args->index, args->nr_to_read);
  return 0;
}
#endif

/* The end of a file system's copy from user space to the page cache: how much was copied. */

#if defined(WITH_EXT4_WRITE) || defined(WITH_EXT4_DELAYED) || defined(WITH_EXT4_JOURNALLED)
static inline void write_copied(u32 dev, u64 ino, u64 offset, u64 copied) {
  struct record r = {};
  begin(&r, TYPE_WRITE_COPY);
  r.aux = dev;
  r.a[0] = ino;
  r.a[1] = offset;
  r.a[2] = copied;
  emit(&r);
}
#endif

#ifdef WITH_EXT4_WRITE
TRACEPOINT_PROBE(ext4, ext4_write_end) {
  if (is_watched())
    write_copied(args->dev, args->ino, args->pos, args->copied);
  return 0;
}
#endif

#ifdef WITH_EXT4_DELAYED
TRACEPOINT_PROBE(ext4, ext4_da_write_end) {
  if (is_watched())
    write_copied(args->dev, args->ino, args->pos, args->copied);
  return 0;
}
#endif

#ifdef WITH_EXT4_JOURNALLED
TRACEPOINT_PROBE(ext4, ext4_journalled_write_end) {
  if (is_watched())
    write_copied(args->dev, args->ino, args->pos, args->copied);
  return 0;
}
#endif

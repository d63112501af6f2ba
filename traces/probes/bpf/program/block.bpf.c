/*
 * Requests to a block device: the only visible trace of its DMA. A request that a watched thread
 * issues is told, and one whose first page belongs to a file seen, whoever issues it (a flusher).
 */

#ifdef WITH_BLOCK
#define BIO_VECTOR_SIZE 16 /* struct bio_vec: page 8, length 4, offset 4 */
#define OPERATION 0xff

BPF_HASH(in_flight, u64, u32, 16384); /* struct request told at issue: 1 */

static inline void describe_request(struct record *r, u64 request) {
  u64 queue = 0, disk = 0;
  u32 major = 0, minor = 0, flags = 0;
  FIELD(queue, request, request__q);
  FIELD(disk, queue, request_queue__disk);
  FIELD(major, disk, gendisk__major);
  FIELD(minor, disk, gendisk__first_minor);
  FIELD(flags, request, request__cmd_flags);
  FIELD(r->a[0], request, request__sector);
  r->aux = (major << 20) | minor;
  r->a[2] = flags & OPERATION;
}

static inline u64 request_owner(u64 request, u32 *dev, u64 *index) {
  u64 bio = 0, vector = 0, page = 0;
  u32 number = 0;
  FIELD(bio, request, request__bio);
  if (!bio)
    return 0;
  FIELD(vector, bio, bio__bi_io_vec);
  FIELD(number, bio, bio__bi_idx);
  READ(page, vector + BIO_VECTOR_SIZE * (u64)number);
  if (!page)
    return 0;
  return owner_of(page, dev, index);
}

RAW_TRACEPOINT_PROBE(block_rq_issue) {
  u64 request = ctx->args[0], index = 0;
  u32 dev = 0, length = 0, one = 1;
  u64 ino = request_owner(request, &dev, &index);
  if (!is_watched() && !is_seen(ino, dev))
    return 0;
  struct record r = {};
  begin(&r, TYPE_BLOCK_ISSUE);
  describe_request(&r, request);
  FIELD(length, request, request__data_len);
  r.a[1] = length;
  r.a[3] = ino;
  r.a[4] = index;
  in_flight.update(&request, &one);
  emit(&r);
  return 0;
}

RAW_TRACEPOINT_PROBE(block_rq_complete) {
  u64 request = ctx->args[0];
  u32 done = ctx->args[2], length = 0;
  if (!in_flight.lookup(&request))
    return 0;
  struct record r = {};
  begin(&r, TYPE_BLOCK_COMPLETE);
  describe_request(&r, request);
  FIELD(length, request, request__data_len);
  r.a[1] = done;
  r.tid = 0; /* an interrupt's work: the thread that ran by chance has no part in it */
  r.pid = 0;
  if (done >= length)
    in_flight.delete(&request);
  emit(&r);
  return 0;
}
#endif

/*
 * TCP sending and receiving. That a send copied nothing is proved twice: MSG_SPLICE_PAGES is set in
 * the message, and the pages of the skb that leaves belong to the file.
 */

#ifdef WITH_TCP_SEND
#define MSG_SPLICE_PAGES 0x8000000

RAW_TRACEPOINT_PROBE(tcp_sendmsg_locked) {
  if (!is_watched())
    return 0;
  u64 message = ctx->args[1];
  u32 flags = 0;
  u8 kind = 0;
  struct record r = {};
  begin(&r, TYPE_TCP_SEND);
  FIELD(flags, message, msghdr__msg_flags);
  FIELD(kind, message, msghdr__iter_type);
  FIELD(r.a[0], message, msghdr__iter_count);
  r.a[1] = (flags & MSG_SPLICE_PAGES) != 0;
  r.aux = 2;
  if (kind == ITER_UBUF || kind == ITER_IOVEC)
    r.aux = 0;
  else if (kind == ITER_KVEC)
    r.aux = 1;
  emit(&r);
  return 0;
}
#endif

#ifdef WITH_SKB_OWNER
#define FRAGMENTS 17     /* MAX_SKB_FRAGS as distributions build it */
#define FRAGMENT_SIZE 16 /* skb_frag_t: page 8, length 4, offset 4 */

static inline u64 shared_info(u64 skb) {
  u64 head = 0;
  u32 end = 0;
  FIELD(head, skb, sk_buff__head);
  FIELD(end, skb, sk_buff__end);
  return head + end;
}

/*
 * Data that waited for the window leaves in the receiver's context: go by the socket. Its memory may
 * have become another socket since, so its ports must still be the ones that were seen.
 */
static inline int is_sent_by_watched(u64 skb) {
#ifdef WITH_SOCKET_NAMES
  u64 sock = 0;
  u16 port = 0, peer = 0;
  FIELD(sock, skb, sk_buff__sk);
  u32 *ports = sockets.lookup(&sock);
  if (!ports)
    return 0;
  FIELD(port, sock, sock__skc_num);
  FIELD(peer, sock, sock__skc_dport);
  return *ports == (port | ((u32)peer << 16));
#else
  return 0;
#endif
}

RAW_TRACEPOINT_PROBE(net_dev_start_xmit) {
  u64 skb = ctx->args[0];
  if (!is_watched() && !is_sent_by_watched(skb))
    return 0;
  u64 info = shared_info(skb), first = 0, first_index = 0, of_file = 0, of_nobody = 0;
  u32 first_dev = 0;
  u8 count = 0;
  FIELD(count, info, skb_shared_info__nr_frags);
  if (!count)
    return 0;
#pragma unroll
  for (int i = 0; i < FRAGMENTS; i++) {
    if (i < count) {
      u64 fragment = info + AT_skb_shared_info__frags + FRAGMENT_SIZE * i;
      u64 page = 0, index = 0, ino = 0;
      u32 length = 0, dev = 0;
      READ(page, fragment);
      READ(length, fragment + 8);
      if (!(page & 1)) /* low bit: memory of the network device, no page */
        ino = owner_of(page, &dev, &index);
      if (ino) {
        of_file += length;
        if (!first) {
          first = ino;
          first_index = index;
          first_dev = dev;
        }
      } else {
        of_nobody += length;
      }
    }
  }
  struct record r = {};
  begin(&r, TYPE_SKB_TRANSMIT);
  r.aux = first_dev;
  r.a[0] = of_file;
  r.a[1] = of_nobody;
  r.a[2] = first;
  r.a[3] = first_index;
  emit(&r);
  return 0;
}
#endif

#ifdef WITH_SKB_COPY
RAW_TRACEPOINT_PROBE(skb_copy_datagram_iovec) {
  if (!is_watched())
    return 0;
  struct record r = {};
  begin(&r, TYPE_SKB_COPY);
  r.a[0] = (u32)ctx->args[1];
#ifdef WITH_SKB_OWNER
  u64 info = shared_info(ctx->args[0]), page = 0, index = 0;
  u32 dev = 0;
  u8 count = 0;
  FIELD(count, info, skb_shared_info__nr_frags);
  if (count) {
    READ(page, info + AT_skb_shared_info__frags);
    if (!(page & 1))
      r.a[1] = owner_of(page, &dev, &index);
  }
#endif
  emit(&r);
  return 0;
}
#endif

// The wire format of protocol buffers, as much of it as is written here: fields in order into a buffer, nested messages
// with their length before them.
#ifndef WG_EXPORT_PROTO_H
#define WG_EXPORT_PROTO_H

#include <string.h>

#include "base/buf.h"

enum wg_pb_wire { WG_PB_VARINT = 0, WG_PB_FIXED64 = 1, WG_PB_BYTES = 2 };

static inline void wg_pb_room(struct wg_buf *b, size_t n) {
  if (b->len + n + 1 > b->cap) wg_buf_reserve(b, n);
}

static inline void wg_pb_varint(struct wg_buf *b, uint64_t v) {
  wg_pb_room(b, 10);
  for (; v >= 0x80; v >>= 7) b->data[b->len++] = (char)(v | 0x80);
  b->data[b->len++] = (char)v;
}

static inline void wg_pb_tag(struct wg_buf *b, unsigned field, enum wg_pb_wire wire) {
  wg_pb_varint(b, field << 3 | wire);
}

static inline void wg_pb_u64(struct wg_buf *b, unsigned field, uint64_t v) {
  wg_pb_tag(b, field, WG_PB_VARINT);
  wg_pb_varint(b, v);
}

static inline void wg_pb_fixed64(struct wg_buf *b, unsigned field, uint64_t v) {
  wg_pb_tag(b, field, WG_PB_FIXED64);
  wg_pb_room(b, 8);
  for (int i = 0; i < 8; i++) b->data[b->len++] = (char)(v >> (8 * i));
}

static inline void wg_pb_bytes(struct wg_buf *b, unsigned field, const char *data, size_t n) {
  wg_pb_tag(b, field, WG_PB_BYTES);
  wg_pb_varint(b, n);
  wg_pb_room(b, n);
  memcpy(b->data + b->len, data, n);
  b->len += n;
}

static inline void wg_pb_str(struct wg_buf *b, unsigned field, const char *s) { wg_pb_bytes(b, field, s, strlen(s)); }

// A nested message: what is appended until the end of it. Most are short, so a byte is kept for the length, and a
// longer one moves.
static inline size_t wg_pb_begin(struct wg_buf *b, unsigned field) {
  wg_pb_tag(b, field, WG_PB_BYTES);
  wg_pb_room(b, 1);
  return ++b->len;
}

static inline void wg_pb_end(struct wg_buf *b, size_t at) {
  size_t n = b->len - at, more = 0;
  for (size_t v = n; v >= 0x80; v >>= 7) more++;
  if (more) {
    wg_pb_room(b, more);
    memmove(b->data + at + more, b->data + at, n);
    b->len += more;
  }
  char *p = b->data + at - 1;
  for (; n >= 0x80; n >>= 7) *p++ = (char)(n | 0x80);
  *p = (char)n;
}

#endif

// Building big-endian files. Private to emu/loader.
#ifndef WG_EMU_PUT_H
#define WG_EMU_PUT_H

#include <string.h>

#include "base/buf.h"
#include "base/endian.h"

static inline void wg_put32(struct wg_buf *b, uint32_t v) {
  uint8_t w[4];
  wg_store_be32(w, v);
  wg_buf_add(b, w, 4);
}
static inline void wg_put16(struct wg_buf *b, uint16_t v) {
  uint8_t w[2];
  wg_store_be16(w, v);
  wg_buf_add(b, w, 2);
}
static inline void wg_put_zeros(struct wg_buf *b, size_t n) {
  wg_buf_reserve(b, n);
  memset(b->data + b->len, 0, n);
  b->len += n;
}
static inline void wg_put_align(struct wg_buf *b, size_t to) { wg_put_zeros(b, (to - b->len % to) % to); }
static inline void wg_set32(struct wg_buf *b, size_t at, uint32_t v) { wg_store_be32((uint8_t *)b->data + at, v); }

#endif

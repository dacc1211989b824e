// The inverse of patch.c: what `wedge pack --base` writes. No address is touched before it has been read for the last
// time: each piece is made of the old bytes at its own address, or of those further up.
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "emu/loader/lzx.h"
#include "emu/loader/pack.h"
#include "emu/loader/put.h"
#include "emu/loader/sha1.h"
#include "emu/loader/xex.h"

#define PIECE 0x8000u // of the image, a record each
#define BITS 16u      // a piece and its dictionary
#define BLOCK 0x10000u

static void record(struct wg_buf *out, uint32_t old, uint32_t new, uint32_t length, size_t packed) {
  wg_put32(out, old);
  wg_put32(out, new);
  wg_put16(out, (uint16_t)length);
  wg_put16(out, (uint16_t)packed);
}

// `new` as a difference to as many bytes of `old`.
static void difference(struct wg_buf *out, uint32_t at, const uint8_t *old, const uint8_t *new, uint32_t n) {
  struct wg_buf stream = {0}, frames = {0};
  uint8_t *both = wg_xcalloc(2, n);
  memcpy(both, old, n);
  memcpy(both + n, new, n);
  wg_lzx_encode(both, n, 2 * (size_t)n, BITS, &stream, &frames);
  record(out, at, at, n, stream.len);
  wg_buf_add(out, stream.data, stream.len);
  free(both);
  wg_buf_release(&stream);
  wg_buf_release(&frames);
}

static void piece(struct wg_buf *out, uint32_t at, const uint8_t *old, size_t size, const uint8_t *new, uint32_t n) {
  static const uint8_t zero[PIECE];
  if (memcmp(old + at, new + at, n) == 0) return;
  if (memcmp(new + at, zero, n) == 0) {
    record(out, 0, at, n, 0);
    return;
  }
  for (uint32_t from = at + PIECE; n == PIECE && from + PIECE <= size; from += PIECE)
    if (memcmp(old + from, new + at, n) == 0) {
      record(out, from, at, n, 1);
      return;
    }
  difference(out, at, old + at, new + at, n);
}

// Blocks of records, each beginning with the size and digest of the next; those of the first go into the header.
static void write_blocks(const struct wg_image *old, const struct wg_image *new, struct wg_buf *first,
                         struct wg_buf *data) {
  size_t size = old->size > new->size ? old->size : new->size, count = 0;
  uint8_t *from = wg_xcalloc(size, 1), digest[20] = {0};
  memcpy(from, old->data, old->size < new->size ? old->size : new->size);
  struct wg_buf sizes = {0};
  for (uint32_t at = 0; at < new->size || count == 0;) {
    size_t start = data->len;
    wg_put_zeros(data, 24);
    for (; at < new->size && data->len - start < BLOCK; at += PIECE)
      piece(data, at, from, size, new->data, new->size - at < PIECE ? new->size - at : PIECE);
    wg_put_zeros(data, 12);
    wg_put_zeros(data, (16 - data->len % 16) % 16);
    uint32_t length = (uint32_t)(data->len - start);
    wg_buf_add(&sizes, &length, sizeof length);
    count++;
  }
  uint32_t next = 0, length;
  for (size_t i = count, end = data->len; i-- > 0; end -= length) {
    memcpy(&length, sizes.data + i * sizeof length, sizeof length);
    uint8_t *block = (uint8_t *)data->data + end - length;
    wg_store_be32(block, next);
    memcpy(block + WG_AT_XEX_BLOCK_DIGEST, digest, 20);
    wg_sha1(block, length, digest);
    next = length;
  }
  wg_put32(first, next);
  wg_buf_add(first, digest, 20);
  wg_buf_release(&sizes);
  free(from);
}

static const uint8_t *security(const struct wg_image *img) {
  const uint8_t *p = (const uint8_t *)img->header.data;
  return p + WG_LOAD(p, XEX_HEADER, SECURITY);
}

static uint32_t version(const struct wg_image *img) {
  uint32_t value, at;
  return wg_xex_option(&img->header, 0x00040006, &value, &at) ? WG_LOAD(img->header.data + at, XEX_EXECUTION, VERSION)
                                                              : 0;
}

// The security header, and zeros up to where the data begins. `key`: of the file, encrypted.
static void put_security(const struct wg_image *new, const uint8_t key[16], struct wg_buf *out) {
  wg_put32(out, WG_SIZEOF_XEX_SECURITY);
  wg_put32(out, new->size);
  wg_put_zeros(out, 0x100 + 4 + 4);
  wg_put32(out, new->base);
  wg_put_zeros(out, 0x150 - 0x114);
  wg_buf_add(out, key, 16);
  wg_put_zeros(out, 0x184 - 0x160);
  wg_put_zeros(out, (0x1000 - out->len % 0x1000) % 0x1000);
}

int wg_pack_patch(const struct wg_image *old, const struct wg_image *new, struct wg_buf *out, struct wg_err *err) {
  if (new->header.len > 0xF000 || old->title_id != new->title_id)
    return wg_fail(err, WG_INPUT, "a patch needs a header below 64 KiB (0x%zx) and the title id of its base (%08x)",
                   new->header.len, old->title_id);
  static const uint8_t development[16];
  uint8_t was[16], is[16], named[16], session[16], wrapped[16], signature[20];
  wg_xex_decrypt(development, security(old) + WG_AT_XEX_SECURITY_FILE_KEY, 16, was);
  wg_xex_decrypt(development, security(new) + WG_AT_XEX_SECURITY_FILE_KEY, 16, is);
  wg_sha1(new->data, new->size, signature);
  memcpy(session, signature, 16); // any key will do; this one makes the file reproducible
  memcpy(named, was, 16);
  memcpy(wrapped, session, 16);
  wg_xex_encrypt(is, named, 16);
  wg_xex_encrypt(is, wrapped, 16);
  wg_sha1(security(old) + WG_AT_XEX_SECURITY_SIGNATURE, WG_WIDTH_XEX_SECURITY_SIGNATURE, signature);

  struct wg_buf first = {0}, data = {0}, head = {0};
  write_blocks(old, new, &first, &data);
  if (new->encryption) wg_xex_encrypt(session, data.data, data.len);
  uint32_t n = (uint32_t) new->header.len;
  uint8_t *from = wg_xcalloc(n, 1);
  memcpy(from, old->header.data, old->header.len < n ? old->header.len : n);
  difference(&head, 0, from, (const uint8_t *)new->header.data, n);
  free(from);

  enum { FORMAT = 0x30, FORMAT_SIZE = 12 + 24, DELTA = FORMAT + FORMAT_SIZE };
  uint32_t delta_size = (WG_SIZEOF_XEX_DELTA + (uint32_t)head.len + 7) & ~7u, sec = DELTA + delta_size;
  wg_buf_str(out, "XEX2");
  wg_put32(out, 0x51); // a title's delta patch
  wg_put32(out, (sec + WG_SIZEOF_XEX_SECURITY + 0xFFF) & ~0xFFFu);
  wg_put32(out, 0);
  wg_put32(out, sec);
  wg_put32(out, 3);
  const uint32_t options[6] = {0x3FF, FORMAT, 0x5FF, DELTA, 0x10201, new->base};
  for (int i = 0; i < 6; i++) wg_put32(out, options[i]);
  wg_put32(out, FORMAT_SIZE);
  wg_put16(out, new->encryption != 0);
  wg_put16(out, 3);
  wg_put32(out, 1u << BITS);
  wg_buf_add(out, first.data, first.len);
  wg_put32(out, delta_size);
  wg_put32(out, version(new));
  wg_put32(out, version(old));
  wg_buf_add(out, signature, 20);
  wg_buf_add(out, named, 16);
  wg_put32(out, n);
  wg_put_zeros(out, 24); // nothing moves
  wg_buf_add(out, head.data, head.len);
  wg_put_zeros(out, sec - out->len);
  put_security(new, wrapped, out);
  wg_buf_add(out, data.data, data.len);
  wg_buf_release(&first);
  wg_buf_release(&data);
  wg_buf_release(&head);
  return WG_OK;
}

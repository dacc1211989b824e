// What the XEX2 reader and the patcher share. Private to emu/loader.
#ifndef WG_EMU_XEX_H
#define WG_EMU_XEX_H

#include "emu/layout/layout.h"
#include "emu/loader/loader.h"

#define WG_XEX_MAX_HEADER 0x1000000u
#define WG_MODULE_PATCH 0x70u // module flags: a patch of any kind

struct wg_src {
  const char *path;
  const uint8_t *p;
  size_t n;
  struct wg_err *err;
  const struct wg_poll *poll; // or NULL
};

struct wg_xex_format {
  uint16_t encryption, compression;
  uint32_t info, info_size; // offset and size of the whole block
};

static inline bool wg_src_has(const struct wg_src *s, uint64_t at, uint64_t n) { return at <= s->n && n <= s->n - at; }
int wg_xex_short(const struct wg_src *s, uint64_t at, const char *what); // WG_INPUT: it does not fit
int wg_xex_cut(const struct wg_src *s, uint64_t needed);                 // WG_INPUT: of a header of so many bytes
const struct wg_keys *wg_xex_keys(const struct wg_keys *keys);           // the development key alone, if it is NULL
// AES in CBC mode, from a zero vector; false: n is no multiple of 16.
bool wg_xex_decrypt(const uint8_t key[16], const uint8_t *in, size_t n, uint8_t *out);
void wg_xex_encrypt(const uint8_t key[16], void *data, size_t n); // n: a multiple of 16
// The file format block; compression types above `most` are refused.
int wg_xex_format(const struct wg_src *s, const struct wg_buf *header, unsigned most, struct wg_xex_format *f);
int wg_xex_security(struct wg_image *img, const struct wg_src *s, uint32_t sec); // size, place and pages
// All that is read once the image is plain; `s` need hold no more than the header.
int wg_xex_finish(struct wg_image *img, const struct wg_src *s);
const uint8_t *wg_image_at(const struct wg_image *img, uint32_t addr, uint32_t n); // NULL if outside

#endif

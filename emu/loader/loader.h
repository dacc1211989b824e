// Title files: XEX2 and big-endian PowerPC ELF32, parsed into an image that can be placed in memory.
// Parsing never trusts a size or an offset; every error names the file and the offset.
#ifndef WG_EMU_LOADER_H
#define WG_EMU_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/poll.h"

struct wg_import {
  char library[32];
  uint16_t ordinal;
  bool function;
  uint32_t slot;  // address of the value word; 0 if none
  uint32_t thunk; // address of the 16-byte thunk of a function
};

struct wg_segment {
  uint32_t addr, size;
  uint32_t type; // 1 code, 2 data, 3 read-only
};

// What a module offers to others.
struct wg_symbol {
  uint16_t ordinal; // 0: by name alone
  uint32_t addr;
  uint32_t name; // address of its text in the image, which ends in it; 0: by ordinal alone
};

#define WG_MODULE_DLL 8u

struct wg_image {
  bool xex;
  uint32_t base, size, entry;
  uint8_t *data;        // [size], decrypted and decompressed, laid out by address
  struct wg_buf header; // XEX header as in the file, kept for the guest
  struct wg_segment *segments;
  size_t nsegments;
  struct wg_import *imports;
  size_t nimports;
  struct wg_symbol *symbols;
  size_t nsymbols;
  uint32_t pdata, pdata_size; // function table (.pdata), or 0
  uint32_t stack_size, tls_slots, tls_data, tls_size, tls_raw, system_flags, title_id;
  uint32_t module_flags, image_flags, encryption, compression;
  char pe_name[64];
};

// The keys that images may be protected with: the development key and those of a file. What has been read once is all
// that is known of the file: it may change, or go, while a title runs.
struct wg_keys {
  uint8_t (*list)[16];
  size_t n;
  bool named; // somebody has named a file
};
// `path` may be NULL. On failure there is nothing to release.
int wg_keys_read(struct wg_keys *keys, const char *path, struct wg_err *err);
void wg_keys_release(struct wg_keys *keys);

// `keys` may be NULL: then only the development key is known.
int wg_image_load(struct wg_image *img, const char *path, const void *data, size_t n, const struct wg_keys *keys,
                  struct wg_err *err);
// The same; `poll` is asked meanwhile, and may end it with an error.
int wg_image_load_polled(struct wg_image *img, const char *path, const void *data, size_t n, const struct wg_keys *keys,
                         const struct wg_poll *poll, struct wg_err *err);
void wg_image_release(struct wg_image *img);
// Applies a delta patch (.xexp) to the image that it was made for. After an error the image is no longer usable.
int wg_image_patch(struct wg_image *img, const char *path, const void *data, size_t n, const struct wg_keys *keys,
                   struct wg_err *err);
static inline const char *wg_symbol_name(const struct wg_image *img, const struct wg_symbol *x) {
  return (const char *)img->data + (x->name - img->base); // x->name is not 0
}
// Address of what the module offers by ordinal, or by name if that is not NULL; 0 if there is none.
uint32_t wg_image_symbol(const struct wg_image *img, uint16_t ordinal, const char *name);
// Offset of an optional header's value in `header` (see docs/console.md#xex2); false if it has none.
bool wg_xex_option(const struct wg_buf *header, uint32_t key, uint32_t *value, uint32_t *offset);

#endif

// Writes a XEX2 file from a guest ELF (`wedge pack`).
#ifndef WG_EMU_PACK_H
#define WG_EMU_PACK_H

#include "emu/loader/loader.h"

struct wg_pack_options {
  bool encrypt;      // with the all-zero development key
  unsigned compress; // 0 none, 1 basic, 2 LZX
  bool dll;          // a library: its entry point is its DllMain
  uint32_t title_id, stack_size;
  const char *pe_name;
  const char *resource; // name of at most 8 characters of a resource behind the image, or NULL
  struct wg_buf resource_data;
};

// Appends the file. WG_INPUT: the image is linked where a XEX cannot be, or has what it cannot hold.
int wg_pack(const struct wg_image *elf, const struct wg_pack_options *opt, struct wg_buf *out, struct wg_err *err);
// A delta patch that turns `old` into `new`, both under the development key; encrypted as `new` is.
int wg_pack_patch(const struct wg_image *old, const struct wg_image *new, struct wg_buf *out, struct wg_err *err);

#endif

// ELF32 big-endian PowerPC: executables for `wedge exec`, and what `wedge pack` reads.
#ifndef WG_EMU_ELF_H
#define WG_EMU_ELF_H

#include "emu/loader/loader.h"

// Fills the image; `data` need not stay. `path` is for messages. WG_INPUT names what is wrong with the file.
int wg_elf_load(struct wg_image *img, const char *path, const void *data, size_t n, struct wg_err *err);

#endif

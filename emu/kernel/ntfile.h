// An open file, which ntfile.c makes and ntio.c reads and writes. Private to those two.
#ifndef WG_EMU_NTFILE_H
#define WG_EMU_NTFILE_H

#include "emu/kernel/kernel.h"

struct wg_file {
  struct wg_node *node;
  uint64_t position;
  size_t enumerated; // directory entries already returned
  char *pattern;
  bool can_write;
};

struct wg_file *wg_file_of(struct wg_kcall *k, uint32_t handle); // NULL: it is none of a file
// Writes the IO_STATUS_BLOCK (0: there is none), which need not say what the call returns; gives `status`.
uint64_t wg_io_status(struct wg_kcall *k, uint32_t iosb, uint32_t status, uint32_t information);
void wg_file_signal(struct wg_kcall *k, uint32_t event); // that a request is done; 0: nobody is told

#endif

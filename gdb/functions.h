// Where the title's functions are, and how gdb gets from each to its caller: what its function table (.pdata) and its
// code tell without a map.
#ifndef WG_GDB_FUNCTIONS_H
#define WG_GDB_FUNCTIONS_H

#include "base/buf.h"

struct wg_image;

struct wg_gdb_function {
  uint32_t begin, end;
  uint32_t prologue_end; // 0: the table does not have it, so that it has no frame
};

// By address, none over another; release with free(). An image without a table has none.
struct wg_gdb_function *wg_gdb_functions(const struct wg_image *img, size_t *n);
// Appends a .debug_frame section: of each where its return address, its caller's stack pointer and what it saved are.
void wg_gdb_put_frames(const struct wg_image *img, const struct wg_gdb_function *list, size_t n, struct wg_buf *out);

#endif

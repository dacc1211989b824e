// Where the title's functions are, and how gdb gets from each to its caller: what its function table (.pdata) and its
// code tell without a map.
#ifndef WG_GDB_FUNCTIONS_H
#define WG_GDB_FUNCTIONS_H

#include "base/buf.h"

struct wg_image;

// Where guest code that the kernel has called returns to, four words; before them two more that are there for gdb: it
// looks a caller up one byte before where it goes on, and wants one of each that returns somewhere.
#define WG_GDB_KERNEL 0xBCBCBCA8u
#define WG_GDB_KERNEL_END 0xBCBCBCC0u

struct wg_gdb_function {
  uint32_t begin, end;
  uint32_t prologue_end; // 0: the table does not have it, so that it has no frame
};

// What a stranger's image can make of it (docs/limits.md): ten times what large titles have.
#define WG_GDB_FUNCTIONS (1u << 20)
#define WG_GDB_FRAMES (64u << 20) // bytes

// By address, none over another; release with free(). An image without a table has none. *all: there are no more than
// these.
struct wg_gdb_function *wg_gdb_functions(const struct wg_image *img, size_t *n, bool *all);
// Appends a .debug_frame section: of each where its return address, its caller's stack pointer and what it saved are.
// False: only of the first ones, as the others' do not fit.
bool wg_gdb_put_frames(const struct wg_image *img, const struct wg_gdb_function *list, size_t n, struct wg_buf *out);

#endif

// An ELF file of nothing but names: what gdb reads symbols from, of a map and of the kernel's thunks.
#ifndef WG_GDB_PROGRAM_H
#define WG_GDB_PROGRAM_H

#include "base/buf.h"
#include "base/symbols.h"

struct wg_machine;

// Appends it; `symbols` may be NULL.
void wg_gdb_put_program(const struct wg_machine *m, const struct wg_symbols *symbols, struct wg_buf *out);

#endif

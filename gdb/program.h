// An ELF file of nothing but names: what gdb reads symbols from, of a map and of the kernel's thunks.
#ifndef WG_GDB_PROGRAM_H
#define WG_GDB_PROGRAM_H

#include "base/buf.h"
#include "base/symbols.h"

struct wg_machine;

#define WG_GDB_LEFT_OUT                                                                                                \
  "the title has more functions than gdb is told of (1048576, with 64 MiB of prologues): the others have no names, "   \
  "and "                                                                                                               \
  "their callers are guesses"

// Appends it; `symbols` may be NULL. False: the image has more functions, or longer prologues, than gdb is told of.
bool wg_gdb_put_program(const struct wg_machine *m, const struct wg_symbols *symbols, struct wg_buf *out);

#endif

// Guest memory once more, for compiled code: there the host's protection is the guest's, so that an access need not be
// asked for. It shows the same memory as wg_mem.base, which the kernel and the interpreter use and which nothing
// protects.
//
// A page is shown when it is first accessed, with what its flags allow then; what its flags no longer allow is taken
// away at once (flags.h). So what the view shows never is more than the flags allow, and less means that somebody has
// to look. Ownership: wg_mem owns it.
#ifndef WG_EMU_VIEW_H
#define WG_EMU_VIEW_H

#include "emu/mem/mem.h"

// Bytes behind the view that nobody can access: an access may begin at its last byte.
#define WG_VIEW_BEHIND WG_PAGE

// Makes `m->view`, if there is none. An error where the host has no room for it.
int wg_mem_view_open(struct wg_mem *m, struct wg_err *err);
// The host has refused an access to a byte at `addr` (watch.h: wg_mem_first_write, before). True: it is allowed, and
// shown from now on. Asynchronous-signal safe.
bool wg_mem_view_refused(struct wg_mem *m, uint32_t addr, bool write);

// For emu/mem alone: nothing is shown any more; and the view goes.
void wg_mem_view_clear(struct wg_mem *m);
void wg_mem_view_free(struct wg_mem *m);

#endif

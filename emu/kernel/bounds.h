// What the run keeps and does, against its bounds (emu/limits/limits.def). emu/kernel/limits.c.
#ifndef WG_EMU_BOUNDS_H
#define WG_EMU_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "emu/limits/limits.h"

struct wg_archive;
struct wg_machine;

struct wg_bounds {
  uint64_t met[WG_LIMITS]; // how often each was
  size_t held;             // bytes of the title's
  size_t frames, apcs, packets, timers, listeners, dialogs;
};

void wg_limit(struct wg_machine *m, enum wg_limit which); // this one was met
bool wg_hold(struct wg_machine *m, size_t n);             // n bytes more of the title's are kept; false: too many
void wg_unhold(struct wg_machine *m, size_t n);           // they are given back
// Asks whether to go on: a call that takes the host long does so now and then, between pieces of its work. If not, the
// call ends unfinished: false from then on, nothing is emitted any more, and guest memory reads as faulty, which ends
// most loops.
bool wg_look(struct wg_machine *m);
uint64_t wg_work_due(struct wg_machine *m); // virtual ns that the work of everybody since the last time costs
void wg_bounds_tell(const struct wg_machine *m, struct wg_buf *out); // those that were met, a line each
void wg_bounds_state(struct wg_archive *a, struct wg_bounds *b);

#endif

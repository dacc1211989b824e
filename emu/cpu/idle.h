// Loops that wait: the guest reads the same words again and again until somebody else changes one.
//
// A round of such a loop that leaves every register and every byte as it found them, and that asks neither a device nor
// the time, happens again and again as it happened, for within a turn nobody else runs. So it is executed once and
// counted as often as it would have happened: cycles and the record of branches are the same to the bit, and nothing
// else of a machine can tell. What was proven of a round is kept, and is true as long as registers, memory and code are
// as they were.
#ifndef WG_EMU_IDLE_H
#define WG_EMU_IDLE_H

#include "emu/cpu/cpu.h"

struct wg_idle;

struct wg_idle *wg_idle_create(void);
void wg_idle_free(struct wg_idle *idle);
// Code has changed: nothing that was proven is.
void wg_idle_forget(struct wg_idle *idle);

uint64_t wg_idle_skipped(const struct wg_idle *idle); // instructions so far
uint64_t wg_idle_proofs(const struct wg_idle *idle);  // rounds that were executed to prove them, so far

// At the start of a turn that goes on until c->limit, or through further windows: skips rounds, or finds out whether it
// could, for which it executes some instructions. The turn goes on behind it, unless c->stop is set.
void wg_idle_skip(struct wg_idle *idle, struct wg_cpu *c);

// At the end of a window behind which the turn could go on: does wg_idle_skip want to see it? Else it has seen it.
bool wg_idle_is_due(struct wg_idle *idle, const struct wg_cpu *c);

#endif

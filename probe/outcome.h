// Where a branch goes, by the registers before it.
#ifndef WG_PROBE_OUTCOME_H
#define WG_PROBE_OUTCOME_H

#include "emu/cpu/cpu.h"

// False if the word is no branch.
bool wg_branch_outcome(const struct wg_cpu *c, uint32_t word, bool *taken, uint32_t *target);

#endif

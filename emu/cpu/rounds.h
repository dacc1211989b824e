// The branches of a loop's round, and what a context's recorder (branch.h) makes of them when they happen n times.
#ifndef WG_EMU_ROUNDS_H
#define WG_EMU_ROUNDS_H

#include "emu/cpu/branch.h"
#include "emu/cpu/cpu.h"

#define WG_ROUND_BRANCHES 256u
#define WG_ROUND_BITS (2 * WG_ROUND_BRANCHES)

struct wg_round {
  uint32_t length; // in instructions
  uint32_t n;
  struct wg_round_branch {
    uint32_t pc, word, to; // `to`: where it led
    uint32_t after;        // instructions of the round up to it, itself among them
  } branches[WG_ROUND_BRANCHES];
  // What is recorded of a round in the midst of others like it, 63 bits of many rounds from each of its bits on, and
  // the stack of calls that such a round begins and ends with.
  uint32_t nbits;
  uint8_t bits[WG_ROUND_BITS];
  uint64_t words[WG_ROUND_BITS];
  uint32_t calls[WG_BRANCH_CALLS], top;
};

// Notes the branch `word` at pc, which led to `to`. False: the round cannot be told again.
bool wg_round_add(struct wg_round *r, uint32_t pc, uint32_t word, uint32_t to);
// Records n rounds from c->cycle on, and counts their cycles.
void wg_round_repeat(struct wg_round *r, struct wg_cpu *c, uint64_t n);

#endif

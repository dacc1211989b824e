// Which general registers are kept in host registers: all that small loops name whose rounds follow each other, and of
// those that other loops name the most used, as long as there are host registers for them. What is kept is late: loops
// write no other place (leave.c).
#include "jit/build.h"

#define MOST 8u // with those of small loops; more would be on the stack
#define DEEPER 8u
#define DEEPEST 3u

static uint32_t field_bit(uint32_t w, unsigned shift) { return 1u << (w >> shift & 31); }

// The general registers that an instruction names, as far as its fields tell.
static uint32_t named(uint32_t w) {
  unsigned op = w >> 26, x = w >> 1 & 0x3FF;
  uint32_t rt = field_bit(w, 21), ra = field_bit(w, 16), rb = field_bit(w, 11);
  if (op == 4 || op == 59 || op == 63) return 0;                // vectors, floating point
  if (op == 10 || op == 11 || (op >= 48 && op < 56)) return ra; // compares; loads and stores of floating point
  if (op != 31) return op == 23 ? rt | ra | rb : rt | ra;
  if (x == 0 || x == 32) return ra | rb;           // compares
  if (x == 339 || x == 467 || x == 371) return rt; // mfspr, mtspr, mftb
  return x == 824 ? rt | ra : rt | ra | rb;        // srawi
}

static void of_small_loops(struct wg_jit_build *u) {
  for (unsigned k = 0; k < u->region->n; k++)
    if (u->loop[k] && !wg_jit_branches(&u->insns[k])) u->kept |= named(u->insns[k].word);
}

// In how many loops of the region each of its instructions lies: a way back is one, of all that lies between.
static void find_depths(const struct wg_jit_build *u, unsigned depth[WG_JIT_MOST]) {
  for (unsigned k = 0; k < u->region->n; k++) depth[k] = 0;
  for (unsigned k = 0; k < u->region->n; k++) {
    const struct wg_jit_insn *i = &u->insns[k];
    unsigned to = wg_jit_is_direct(i) && !wg_jit_links(i) ? wg_jit_target(i) : WG_JIT_PAGE;
    if (to > i->place || u->at[to] == NULL) continue;
    for (unsigned n = u->index[to]; n <= k; n++)
      if (depth[n] < DEEPEST) depth[n]++;
  }
}

static void weigh(const struct wg_jit_build *u, uint64_t weight[32]) {
  unsigned depth[WG_JIT_MOST];
  find_depths(u, depth);
  for (unsigned k = 0; k < u->region->n; k++) {
    if (depth[k] == 0 || wg_jit_branches(&u->insns[k])) continue;
    uint32_t names = named(u->insns[k].word);
    uint64_t w = 1;
    for (unsigned d = 0; d < depth[k]; d++) w *= DEEPER;
    for (unsigned r = 0; r < 32; r++)
      if (names >> r & 1) weight[r] += w;
  }
}

void wg_jit_keep(struct wg_jit_build *u) {
  uint64_t weight[32] = {0};
  of_small_loops(u);
  weigh(u, weight);
  for (unsigned have = (unsigned)__builtin_popcount(u->kept); have < MOST; have++) {
    unsigned best = 0;
    for (unsigned r = 0; r < 32; r++) {
      if (u->kept >> r & 1) weight[r] = 0;
      if (weight[r] > weight[best]) best = r;
    }
    if (weight[best] == 0) return;
    u->kept |= 1u << best;
  }
}

// Loops whose rounds follow each other in the code: copies of a small loop's instructions, one behind another, so that
// what is done once a way round (room.c), and what a check of memory covers (guard.c), is done once for several.
//
// A round leads to the next one where the loop goes back, and the last to the first. Within a round ways lead forward,
// and from outside none leads into it but to its beginning, so that a copy is reached by the round before it alone.
#include <string.h>

#include "jit/build.h"

#define MOST_ROUNDS 4u
#define MOST_INSNS 64u // of all rounds: what one check has to leave room for

static uint16_t original(const struct wg_jit_build *u, unsigned place) {
  return place < WG_JIT_PAGE && u->at[place] ? u->index[place] : WG_JIT_NOWHERE;
}

// The first instruction of a round; the originals are round 0.
static unsigned round_at(const struct wg_jit_loop *l, unsigned round) {
  return round ? l->copies + (round - 1u) * l->n : l->head;
}
static unsigned round_of(const struct wg_jit_loop *l, unsigned k) {
  return k < l->copies ? 0 : (k - l->copies) / l->n + 1u;
}

uint16_t wg_jit_falls_to(const struct wg_jit_build *u, unsigned k) {
  const struct wg_jit_loop *l = wg_jit_loop_of(u, k);
  if (l && k - round_at(l, round_of(l, k)) < l->n - 1u) return (uint16_t)(k + 1u);
  return original(u, u->insns[k].place + 1u);
}

uint16_t wg_jit_leads_to(const struct wg_jit_build *u, unsigned k, unsigned place, bool *back) {
  const struct wg_jit_loop *l = wg_jit_loop_of(u, k);
  uint16_t to = original(u, place);
  *back = place <= u->insns[k].place;
  if (l == NULL || to < l->head || to >= l->head + l->n) return to;
  unsigned round = round_of(l, k);
  if (to == l->head) {
    *back = round == l->rounds - 1u;
    return (uint16_t)round_at(l, *back ? 0 : round + 1u);
  }
  return (uint16_t)(round_at(l, round) + (to - l->head));
}

uint16_t wg_jit_round_before(const struct wg_jit_build *u, unsigned k) {
  const struct wg_jit_loop *l = wg_jit_loop_of(u, k);
  if (l == NULL || k < l->copies || k != round_at(l, round_of(l, k))) return WG_JIT_NOWHERE;
  return (uint16_t)(round_at(l, round_of(l, k) - 1u) + l->n - 1u);
}

// Whether one of these instructions can be in a loop of rounds from `head` to `tail`.
static bool fits(const struct wg_jit_insn *i, unsigned head, unsigned tail) {
  if (i->leave || wg_jit_links(i) || (i->entry && i->place != head)) return false;
  if (!wg_jit_branches(i)) return i->body;
  if (!wg_jit_is_direct(i) || !i->decides) return false;
  unsigned to = wg_jit_target(i);
  return to > i->place || to < head || i->place == tail;
}

static bool is_entered(const struct wg_jit_build *u, unsigned head, unsigned tail) {
  for (size_t k = 0; k < u->region->n; k++) {
    const struct wg_jit_insn *i = &u->insns[k];
    bool outside = i->place < head || i->place > tail;
    if (!outside || !wg_jit_branches(i)) continue;
    unsigned to = wg_jit_is_direct(i) ? wg_jit_target(i) : WG_JIT_PAGE;
    if (to > head && to <= tail) return true;
    if (wg_jit_links(i) && i->place + 1u > head && i->place < tail) return true;
  }
  return false;
}

// How often the loop that `tail` closes can be had, itself included.
static unsigned rounds(const struct wg_jit_build *u, unsigned tail) {
  const struct wg_jit_insn *last = &u->insns[tail];
  if (last->leave || !wg_jit_is_direct(last) || !last->decides || wg_jit_links(last)) return 1;
  unsigned to = wg_jit_target(last), n = last->place + 1u - to, head = original(u, to);
  if (to > last->place || head == WG_JIT_NOWHERE || tail + 1u - head != n || n > MOST_INSNS / 2) return 1;
  for (unsigned k = head; k <= tail; k++)
    if (!fits(&u->insns[k], to, last->place)) return 1;
  if (is_entered(u, to, last->place)) return 1;
  unsigned most = MOST_INSNS / n;
  return most < MOST_ROUNDS ? most : MOST_ROUNDS;
}

static void unroll(struct wg_jit_build *u, unsigned tail, unsigned times) {
  unsigned to = wg_jit_target(&u->insns[tail]), head = u->index[to], n = tail + 1u - head;
  struct wg_jit_loop *l = &u->loops[u->nloops++];
  *l = (struct wg_jit_loop){(uint16_t)head, (uint16_t)n, (uint16_t)u->ninsns, (uint16_t)times};
  for (unsigned k = head; k <= tail; k++) u->loop[k] = (uint8_t)u->nloops;
  for (unsigned round = 1; round < times; round++)
    for (unsigned k = head; k <= tail; k++) {
      u->insns[u->ninsns] = u->insns[k];
      u->insns[u->ninsns].entry = false;
      u->loop[u->ninsns] = (uint8_t)u->nloops;
      u->block[u->ninsns++] = wg_jit_block(u);
    }
}

void wg_jit_unroll(struct wg_jit_build *u) {
  size_t n = u->region->n;
  memcpy(u->insns, u->region->insns, n * sizeof *u->insns);
  u->ninsns = n;
  for (unsigned k = 0; k < n; k++) {
    unsigned times = rounds(u, k);
    size_t more = times > 1 ? (times - 1u) * (k + 1u - u->index[wg_jit_target(&u->insns[k])]) : 0;
    if (more && u->nloops < WG_JIT_LOOPS && u->ninsns + more <= WG_JIT_BUILT) unroll(u, k, times);
  }
}

// Puts the calls of matched threads beside one another.
#include <stdlib.h>
#include <string.h>

#include "diff/align.h"
#include "diff/lcs.h"

static void link_leaves(struct wg_thread_pair *tp, size_t i, size_t j) {
  tp->side[0].partner[i] = (uint32_t)j;
  tp->side[1].partner[j] = (uint32_t)i;
}

static uint64_t *keys_of(const struct wg_pairing *p, const struct wg_leaves *l, int side, size_t from, size_t to,
                         bool weak) {
  uint64_t *k = wg_xcalloc(to - from + 1, sizeof *k);
  for (size_t i = from; i < to; i++)
    k[i - from] = weak ? wg_key_weak(p, side, wg_leaf_content(l, i)) : wg_leaf_key(l, i);
  return k;
}

// Of equal choices the earliest: what a trace that was cut still has stands where it began.
static void shift_left(const uint64_t *a, size_t na, const uint64_t *b, size_t nb, uint32_t *partner) {
  size_t next = 0;
  uint32_t *places = wg_xcalloc(nb + 1, sizeof *places); // of b's symbols in a
  memset(places, 0xFF, (nb + 1) * sizeof *places);
  for (size_t i = 0; i < na; i++)
    if (partner[i] != WG_NONE) places[partner[i]] = (uint32_t)i;
  memset(partner, 0xFF, na * sizeof *partner);
  for (size_t j = 0; j < nb; j++) {
    if (places[j] == WG_NONE) continue;
    while (a[next] != b[j]) next++;
    partner[next++] = (uint32_t)j;
  }
  free(places);
  size_t from = 0;
  for (size_t i = 0; i < na; i++) {
    if (partner[i] == WG_NONE) continue;
    while (b[from] != a[i]) from++;
    partner[i] = (uint32_t)from++;
  }
}

static bool pair_range(const struct wg_pairing *p, struct wg_thread_pair *tp, size_t a0, size_t a1, size_t b0,
                       size_t b1, bool weak) {
  // The common beginning is certain.
  if (!weak)
    for (; a0 < a1 && b0 < b1 && wg_leaf_key(&tp->side[0], a0) == wg_leaf_key(&tp->side[1], b0); a0++, b0++)
      link_leaves(tp, a0, b0);
  if (a0 == a1 || b0 == b1) return true;
  uint64_t *a = keys_of(p, &tp->side[0], 0, a0, a1, weak), *b = keys_of(p, &tp->side[1], 1, b0, b1, weak);
  uint32_t *partner = wg_xcalloc(a1 - a0 + 1, sizeof *partner);
  bool exact = wg_lcs(a, a1 - a0, b, b1 - b0, partner) != 0;
  shift_left(a, a1 - a0, b, b1 - b0, partner);
  for (size_t i = 0; i < a1 - a0; i++)
    if (partner[i] != WG_NONE) link_leaves(tp, a0 + i, b0 + partner[i]);
  free(a);
  free(b);
  free(partner);
  return exact;
}

// What is left between pairs of equal calls: the same call with something else is still the same place.
static void pair_gaps(const struct wg_pairing *p, struct wg_thread_pair *tp, size_t na, size_t nb) {
  const struct wg_leaves *a = &tp->side[0];
  size_t i = 0, j = 0;
  for (;;) {
    size_t i1 = i;
    while (i1 < na && a->partner[i1] == WG_NONE) i1++;
    size_t j1 = i1 < na ? a->partner[i1] : nb;
    tp->exact &= pair_range(p, tp, i, i1, j, j1, true);
    if (i1 >= na) return;
    i = i1 + 1;
    j = j1 + 1;
  }
}

bool wg_another_round(const struct wg_leaves *l, size_t from, size_t to) {
  size_t n = to - from, most = l->plain ? n : 4096; // where nothing is folded, a part of a round is none
  for (size_t d = 1; d <= from && d <= most; d++) {
    size_t i = 0;
    while (i < n && wg_leaf_key(l, from + i) == wg_leaf_key(l, from + i - d)) i++;
    if (i == n) return true;
  }
  return false;
}

// Without the begun round of a loop that a trace's end cut: it could be taken for what comes later.
static size_t whole_rounds(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side) {
  const struct wg_leaves *l = &tp->side[side];
  if (wg_thread_of(p, tp, side)->final != WG_RUNNING) return l->n;
  for (size_t n = 8; n > 0; n--)
    if (l->n > n && wg_another_round(l, l->n - n, l->n)) return l->n - n;
  return l->n;
}

static void align_leaves(const struct wg_pairing *p, struct wg_thread_pair *tp, bool fold) {
  for (int side = 0; side < 2; side++) wg_leaves_build(p, side, tp->t[side], fold, &tp->side[side]);
  size_t na = whole_rounds(p, tp, 0), nb = whole_rounds(p, tp, 1);
  tp->exact &= pair_range(p, tp, 0, na, 0, nb, false);
  pair_gaps(p, tp, na, nb);
}

// Calls that stand alone, but for what one side has at its end. `stands`: of that side, those count too.
static uint64_t lone_calls(const struct wg_thread_pair *tp, const bool stands[2]) {
  uint64_t n = 0;
  for (int side = 0; side < 2; side++) {
    const struct wg_leaves *l = &tp->side[side];
    size_t end = l->n;
    while (end && !stands[side] && l->partner[end - 1] == WG_NONE) end--;
    for (size_t i = 0; i < end; i++)
      if (l->partner[i] == WG_NONE) n += wg_leaf_at(l, i).count;
  }
  return n;
}

// Rounds that a loop has on one side only.
static uint64_t lone_rounds(const struct wg_thread_pair *tp) {
  const struct wg_leaves *l = &tp->side[0];
  uint64_t n = 0;
  for (size_t i = 0; i < l->n; i++) {
    if (l->partner[i] == WG_NONE) continue;
    uint64_t a = wg_leaf_at(l, i).count, b = wg_leaf_at(&tp->side[1], l->partner[i]).count;
    n += a > b ? a - b : b - a;
  }
  return n;
}

#define FEW_STEPS (1u << 14) // of threads that may be aligned a second time
#define SHORT_STORY 8u       // calls

// Loops are folded, each side's alone, so that one call more or less in a round can make loops of two sides that have
// nothing in common, or split one so that its rounds stand beside each other twice: fewer in the loop, more behind it.
// The shorter story is the likelier one. Of a thread that stands on one side alone all that it did has its like before
// what the other one goes on with, and its last round is what matters: there any shorter story is.
void wg_align_pair(const struct wg_pairing *p, struct wg_thread_pair *tp) {
  const struct wg_dthread *t[2] = {wg_thread_of(p, tp, 0), wg_thread_of(p, tp, 1)};
  bool one = (t[0]->blocked_step != WG_NONE) != (t[1]->blocked_step != WG_NONE);
  const bool stands[2] = {one && t[0]->blocked_step != WG_NONE, one && t[1]->blocked_step != WG_NONE};
  align_leaves(p, tp, true);
  uint64_t folded = lone_calls(tp, stands);
  if (folded) folded += lone_rounds(tp);
  if (folded < (one ? 1 : SHORT_STORY)) return;
  if (t[0]->nsteps > FEW_STEPS || t[1]->nsteps > FEW_STEPS) return;
  struct wg_thread_pair plain = *tp;
  plain.exact = true;
  align_leaves(p, &plain, false);
  uint64_t alone = lone_calls(&plain, stands);
  bool shorter = plain.exact && alone <= SHORT_STORY && alone * (one ? 1 : 3) < folded;
  struct wg_thread_pair *lost = shorter ? tp : &plain;
  for (int side = 0; side < 2; side++) wg_leaves_release(&lost->side[side]);
  if (shorter) *tp = plain;
}

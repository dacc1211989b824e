// Which step of the other side a step stands beside.
#include "diff/align.h"

// The like of a step of a leaf that has a partner: the same round's, or the last one's.
static uint32_t leaf_partner(const struct wg_thread_pair *tp, int side, uint32_t step) {
  const struct wg_leaves *l = &tp->side[side], *o = &tp->side[!side];
  uint32_t leaf = wg_leaf_of(l, step), there = l->partner[leaf];
  uint32_t y = wg_leaf_at(o, there).n, lo = 0, hi = wg_leaf_at(l, leaf).n; // its occurrences are in order
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (wg_leaf_step(l, leaf, mid) < step)
      lo = mid + 1;
    else
      hi = mid;
  }
  return wg_leaf_step(o, there, lo < y ? lo : y - 1);
}

// The call like `step` from `from` on and before the next leaf that comes after so many, or the last one; but for the
// one that never returns: that is the other side's, if it stands here too.
static uint32_t soft_like(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side, uint32_t step,
                          uint32_t from, uint32_t before) {
  const struct wg_leaves *o = &tp->side[!side];
  const struct wg_dthread *t = wg_thread_of(p, tp, side), *u = wg_thread_of(p, tp, !side);
  uint64_t key = wg_key_strong(p, side, t->steps[step].content);
  uint32_t first = WG_NONE, last = WG_NONE;
  for (uint32_t i = from; i < u->nsteps && (i == from || wg_leaf_of(o, i) == WG_NONE); i++) {
    if (wg_key_strong(p, !side, u->steps[i].content) != key) continue;
    if (step == t->blocked_step && i == u->blocked_step) return i;
    if (first == WG_NONE) first = i;
    last = i;
    if (step != t->blocked_step && before-- == 0) return i;
  }
  return step == t->blocked_step ? first : last;
}

// How many calls like `step` stand before it and behind the leaf before.
static uint32_t likes_before(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side, uint32_t step) {
  const struct wg_dthread *t = wg_thread_of(p, tp, side);
  uint32_t key = wg_key_strong(p, side, t->steps[step].content), n = 0;
  for (uint32_t i = step; i > 0 && wg_leaf_of(&tp->side[side], i - 1) == WG_NONE; i--)
    n += wg_key_strong(p, side, t->steps[i - 1].content) == key;
  return n;
}

// A call that is no leaf stands between the same leaves on the other side: in the same round of a loop, or after it.
static uint32_t soft_partner(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side, uint32_t step) {
  const struct wg_leaves *l = &tp->side[side], *o = &tp->side[!side];
  uint32_t k = step, n = likes_before(p, tp, side, step);
  while (k-- > 0) {
    uint32_t leaf = wg_leaf_of(l, k);
    if (leaf == WG_NONE || l->partner[leaf] == WG_NONE) continue;
    uint32_t there = l->partner[leaf], last = wg_leaf_step(o, there, wg_leaf_at(o, there).n - 1) + 1;
    uint32_t after = soft_like(p, tp, side, step, last, n);
    return after != WG_NONE ? after : soft_like(p, tp, side, step, leaf_partner(tp, side, k) + 1, n);
  }
  return soft_like(p, tp, side, step, 0, n);
}

uint32_t wg_partner_step(const struct wg_pairing *p, uint32_t pair, int side, uint32_t step) {
  const struct wg_thread_pair *tp = &p->pairs[pair];
  const struct wg_leaves *l = &tp->side[side];
  if (step == WG_NONE) return WG_NONE;
  uint32_t leaf = wg_leaf_of(l, step);
  if (leaf == WG_NONE) return soft_partner(p, tp, side, step);
  if (leaf >= l->n - l->begun) { // of the round that follows there
    const struct wg_leaves *o = &tp->side[!side];
    uint32_t there = l->partner[leaf - l->back], k = wg_leaf_at(l, leaf - l->back).n;
    if (there == WG_NONE) return WG_NONE;
    return wg_leaf_step(o, there, k < wg_leaf_at(o, there).n ? k : wg_leaf_at(o, there).n - 1);
  }
  return l->partner[leaf] == WG_NONE ? WG_NONE : leaf_partner(tp, side, step);
}

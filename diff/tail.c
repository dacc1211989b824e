// The end of a thread that stopped: what it last did stands beside what the other one did next, not beside the best
// likeness that may come much later.
#include <stdlib.h>
#include <string.h>

#include "diff/pair.h"

#define TAIL 256 // leaves of the side that stopped
#define ROUND 64 // leaves of a round

static void unlink_from(struct wg_thread_pair *tp, int side, size_t from) {
  struct wg_leaves *l = &tp->side[side], *o = &tp->side[!side];
  for (size_t i = from; i < l->n; i++) {
    if (l->partner[i] != WG_NONE) o->partner[l->partner[i]] = WG_NONE;
    l->partner[i] = WG_NONE;
  }
}

// Where the tail starts: the earliest gap of the other side that is more than what follows it can make up for.
static size_t far_gap(const struct wg_thread_pair *tp, int side) {
  const struct wg_leaves *l = &tp->side[side];
  size_t start = l->n > TAIL ? l->n - TAIL : 0, best = l->n;
  uint32_t next = WG_NONE; // partner of the nearest later leaf that has one
  for (size_t i = l->n; i-- > start;) {
    if (l->partner[i] == WG_NONE) continue;
    if (next != WG_NONE && next - l->partner[i] > 2 * (l->n - i) + 2) best = i + 1;
    next = l->partner[i];
  }
  if (start == 0 && next != WG_NONE && next > 2 * l->n + 2) best = 0;
  return best;
}

// Edit distance of l[from..] to any beginning of o[to..]: a pair of equal calls costs nothing, of calls with other
// arguments 1, what stands alone 2.
static uint32_t pair_cost(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side, size_t i, size_t j) {
  const struct wg_leaves *l = &tp->side[side], *o = &tp->side[!side];
  if (wg_leaf_key(l, i) == wg_leaf_key(o, j)) return 0;
  return wg_key_weak(p, side, wg_leaf_content(l, i)) == wg_key_weak(p, !side, wg_leaf_content(o, j)) ? 1 : 1000;
}

static void align_tail(const struct wg_pairing *p, struct wg_thread_pair *tp, int side, size_t from, size_t to) {
  const struct wg_leaves *l = &tp->side[side], *o = &tp->side[!side];
  size_t n = l->n - from, m = o->n - to;
  if (m > 2 * n + 16) m = 2 * n + 16;
  uint32_t *cost = wg_xcalloc((n + 1) * (m + 1), sizeof *cost);
#define AT(i, j) cost[(i) * (m + 1) + (j)]
  for (size_t i = 0; i <= n; i++)
    for (size_t j = 0; j <= m; j++) {
      if (i == 0 || j == 0) {
        AT(i, j) = (uint32_t)(2 * (i + j));
        continue;
      }
      uint32_t pair = pair_cost(p, tp, side, from + i - 1, to + j - 1), best = AT(i - 1, j) + 2;
      if (AT(i, j - 1) + 2 < best) best = AT(i, j - 1) + 2;
      if (AT(i - 1, j - 1) + pair < best) best = AT(i - 1, j - 1) + pair;
      AT(i, j) = best;
    }
  size_t i = n, j = 0;
  for (size_t k = 1; k <= m; k++)
    if (AT(n, k) < AT(n, j)) j = k;
  while (i && j) {
    uint32_t pair = pair_cost(p, tp, side, from + i - 1, to + j - 1);
    if (AT(i, j) == AT(i - 1, j - 1) + pair) {
      i--;
      j--;
      tp->side[side].partner[from + i] = (uint32_t)(to + j);
      tp->side[!side].partner[to + j] = (uint32_t)(from + i);
    } else if (AT(i, j) == AT(i - 1, j) + 2) {
      i--;
    } else {
      j--;
    }
  }
#undef AT
  free(cost);
}

void wg_align_tail(const struct wg_pairing *p, struct wg_thread_pair *tp) {
  for (int side = 0; side < 2; side++) {
    const struct wg_dthread *t = &p->s[side]->threads[tp->t[side]];
    if (t->final == WG_EXITED || tp->side[side].n == 0) continue;
    size_t from = far_gap(tp, side), to = 0;
    if (from == tp->side[side].n) continue;
    for (size_t i = from; i-- > 0;)
      if (tp->side[side].partner[i] != WG_NONE) {
        to = tp->side[side].partner[i] + 1;
        break;
      }
    // Unpaired leaves just before belong to the tail, too.
    while (from && tp->side[side].partner[from - 1] == WG_NONE) from--;
    unlink_from(tp, side, from);
    align_tail(p, tp, side, from, to);
  }
}

// How many leaves before `from` the like of all that follow stands; 0: there is none.
static size_t round_before(const struct wg_leaves *l, size_t from) {
  size_t n = l->n - from;
  for (size_t d = 1; d <= from && d <= ROUND; d++) {
    size_t i = 0;
    while (i < n && wg_leaf_key(l, from + i) == wg_leaf_key(l, from + i - d)) i++;
    if (i == n) return d;
  }
  return 0;
}

// The loop has gone round more often there: what was begun here has its like in it, whatever stands behind it.
static bool goes_on_there(const struct wg_thread_pair *tp, int side, size_t leaf) {
  const struct wg_leaves *l = &tp->side[side], *o = &tp->side[!side];
  return l->partner[leaf] != WG_NONE && wg_leaf_at(l, leaf).count < wg_leaf_at(o, l->partner[leaf]).count;
}

void wg_align_begun(const struct wg_pairing *p, struct wg_thread_pair *tp) {
  for (int side = 0; side < 2; side++) {
    struct wg_leaves *l = &tp->side[side];
    if (p->s[side]->threads[tp->t[side]].blocked_step == WG_NONE) continue;
    for (size_t n = l->n > ROUND ? ROUND : l->n; n > 0; n--) {
      size_t from = l->n - n, d = round_before(l, from);
      if (d == 0 || d < n || !goes_on_there(tp, side, from - d)) continue;
      unlink_from(tp, side, from);
      l->begun = n;
      l->back = d;
      break;
    }
  }
}

// A thread's calls with their loops folded (diff/squares.h), as far as both sides can tell them apart.
#include <stdlib.h>
#include <string.h>

#include "diff/pair.h"
#include "diff/squares.h"

static bool skipped(const struct wg_pairing *p, int side, uint32_t content) {
  return wg_weight_of(p, side, content) != WG_HARD;
}

// Merges the last `period` leaves' twins into them.
static void fold(struct wg_leaves *l, uint32_t *heads, uint32_t *tails, uint32_t *next, size_t period) {
  size_t first = l->n - period;
  for (size_t i = 0; i < period; i++) {
    struct wg_leaf *to = &l->leaf[first - period + i];
    const struct wg_leaf *from = &l->leaf[first + i];
    next[tails[first - period + i]] = heads[first + i];
    tails[first - period + i] = tails[first + i];
    to->nocc += from->nocc;
    to->count += from->count;
    to->soft += from->soft;
    to->period = (uint32_t)period;
  }
  l->n = first;
}

static void list_occurrences(struct wg_leaves *l, const uint32_t *heads, const uint32_t *next) {
  uint32_t at = 0;
  for (size_t i = 0; i < l->n; i++) {
    l->leaf[i].occ = at;
    uint32_t step = heads[i];
    for (uint32_t k = 0; k < l->leaf[i].nocc; k++, step = next[step]) {
      l->occ[at++] = step;
      l->of_step[step] = (uint32_t)i;
    }
  }
}

void wg_leaves_build(const struct wg_pairing *p, int side, uint32_t thread, struct wg_leaves *l) {
  const struct wg_dthread *t = &p->s[side]->threads[thread];
  size_t n = t->nsteps;
  *l = (struct wg_leaves){.leaf = wg_xcalloc(n + 1, sizeof *l->leaf),
                          .occ = wg_xcalloc(n + 1, sizeof *l->occ),
                          .of_step = wg_xcalloc(n + 1, sizeof *l->of_step)};
  uint32_t *heads = wg_xcalloc(n + 1, sizeof *heads), *tails = wg_xcalloc(n + 1, sizeof *tails);
  uint32_t *next = wg_xcalloc(n + 1, sizeof *next);
  struct wg_squares q = {0};
  for (size_t i = 0; i < n; i++) {
    uint32_t content = t->steps[i].content;
    l->of_step[i] = WG_NONE;
    if (skipped(p, side, content)) {
      if (l->n) l->leaf[l->n - 1].soft += t->steps[i].count;
      continue;
    }
    l->leaf[l->n] = (struct wg_leaf){.key = wg_key_strong(p, side, content),
                                     .weak = wg_key_weak(p, side, content),
                                     .first = (uint32_t)i,
                                     .nocc = 1,
                                     .count = t->steps[i].count};
    heads[l->n] = tails[l->n] = (uint32_t)i;
    size_t period = wg_squares_push(&q, l->leaf[l->n++].key);
    if (period) fold(l, heads, tails, next, period);
  }
  list_occurrences(l, heads, next);
  wg_squares_release(&q);
  free(heads);
  free(tails);
  free(next);
  l->partner = wg_xcalloc(l->n + 1, sizeof *l->partner);
  memset(l->partner, 0xFF, (l->n + 1) * sizeof *l->partner);
}

void wg_leaves_release(struct wg_leaves *l) {
  free(l->leaf);
  free(l->occ);
  free(l->partner);
  free(l->of_step);
  *l = (struct wg_leaves){0};
}

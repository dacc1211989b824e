// A thread's calls with their loops folded (diff/squares.h), as far as both sides can tell them apart.
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "diff/pair.h"
#include "diff/squares.h"

static bool skipped(const struct wg_pairing *p, int side, uint32_t content) {
  return wg_weight_of(p, side, content) != WG_HARD;
}

// Rounds of up to so many leaves are found.
#define LONGEST (1u << 18)

struct building {
  struct wg_leaves *l;
  size_t nsteps;
  uint32_t *heads, *tails, *next; // occurrences of each leaf, as lists
};

// Merges the last `period` leaves' twins into them.
static void fold_last(struct building *b, size_t period) {
  struct wg_leaves *l = b->l;
  size_t first = l->n - period;
  for (size_t i = 0; i < period; i++) {
    size_t t = first - period + i;
    struct wg_leaf *to = &l->leaf[t];
    const struct wg_leaf *from = &l->leaf[first + i];
    b->next[b->tails[t]] = b->heads[first + i];
    b->tails[t] = b->tails[first + i];
    to->n += from->n;
    to->count += from->count;
    to->soft += from->soft;
    to->period = (uint32_t)period;
  }
  l->n = first;
}

static void list_occurrences(const struct building *b) {
  struct wg_leaves *l = b->l;
  uint32_t at = 0;
  for (size_t i = 0; i < l->n; i++) {
    l->leaf[i].at = at;
    uint32_t step = b->heads[i];
    for (uint32_t k = 0; k < l->leaf[i].n; k++, step = b->next[step]) {
      l->occ[at++] = step;
      l->of_step[step] = (uint32_t)i;
    }
  }
}

static void add_leaf(struct building *b, size_t step) {
  struct wg_leaves *l = b->l;
  l->leaf[l->n] = (struct wg_leaf){.n = 1, .count = l->steps[step].count};
  b->heads[l->n] = b->tails[l->n] = (uint32_t)step;
  l->n++;
}

// Up to here every step was a leaf of its own; from here on that is not so.
static void begin_tables(struct building *b) {
  struct wg_leaves *l = b->l;
  size_t n = l->n;
  if (b->heads) return;
  l->leaf = wg_xcalloc(b->nsteps + 1, sizeof *l->leaf);
  l->occ = wg_xcalloc(b->nsteps + 1, sizeof *l->occ);
  l->of_step = wg_xcalloc(b->nsteps + 1, sizeof *l->of_step);
  memset(l->of_step, 0xFF, b->nsteps * sizeof *l->of_step);
  b->heads = wg_xcalloc(b->nsteps + 1, sizeof *b->heads);
  b->tails = wg_xcalloc(b->nsteps + 1, sizeof *b->tails);
  b->next = wg_xcalloc(b->nsteps + 1, sizeof *b->next);
  for (l->n = 0; l->n < n;) add_leaf(b, l->n);
}

// `q`: NULL where nothing is folded.
static void push_step(struct building *b, struct wg_squares *q, size_t step) {
  struct wg_leaves *l = b->l;
  if (b->heads)
    add_leaf(b, step);
  else
    l->n++;
  if (q == NULL) return;
  size_t period = wg_squares_push(q, l->keys[l->steps[step].content]);
  if (period == 0) return;
  begin_tables(b);
  fold_last(b, period);
}

void wg_leaves_build(const struct wg_pairing *p, int side, uint32_t thread, bool fold, struct wg_leaves *l) {
  const struct wg_dthread *t = &p->s[side]->threads[thread];
  *l = (struct wg_leaves){.plain = !fold, .steps = t->steps, .keys = p->strong[side]};
  struct building b = {.l = l, .nsteps = t->nsteps};
  struct wg_squares q = {.window = 2 * LONGEST};
  for (size_t i = 0; i < t->nsteps; i++) {
    if (!skipped(p, side, t->steps[i].content)) {
      push_step(&b, fold ? &q : NULL, i);
      continue;
    }
    begin_tables(&b);
    if (l->n) l->leaf[l->n - 1].soft += t->steps[i].count;
  }
  wg_squares_release(&q);
  if (b.heads) {
    list_occurrences(&b);
    WG_VEC_MOVE(l->leaf, l->n + 1); // and no more
  }
  free(b.heads);
  free(b.tails);
  free(b.next);
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

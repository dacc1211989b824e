// The call differential: how often each side calls what.
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "diff/report.h"
#include "diff/tally.h"

// Calls by what they are in both, and what they are called.
struct counting {
  struct wg_tally calls;
  const char **names;
  size_t n;
};

static void count_step(struct counting *c, const struct wg_pairing *p, int side, const struct wg_step *t) {
  const struct wg_content *x = &p->s[side]->contents[t->content];
  if (wg_tally_add(&c->calls, wg_known_of(p, side, x)->hash, side, t->count) < c->n) return;
  WG_VEC_NEXT(c->names, c->n);
  c->names[c->n++] = wg_str(p->s[side], x->name);
}

static int by_difference(const void *x, const void *y) {
  const struct wg_count *a = x, *b = y;
  uint64_t da = a->n[0] > a->n[1] ? a->n[0] - a->n[1] : a->n[1] - a->n[0];
  uint64_t db = b->n[0] > b->n[1] ? b->n[0] - b->n[1] : b->n[1] - b->n[0];
  if (da != db) return da < db ? 1 : -1;
  return strcmp(a->name, b->name);
}

struct wg_count *wg_count_calls(const struct wg_pairing *p, uint32_t pair, size_t *n) {
  struct counting c = {.n = 0};
  for (int side = 0; side < 2; side++)
    for (uint32_t i = 0; i < p->s[side]->nthreads; i++) {
      if (pair != WG_NONE && p->peer[side][i] != pair) continue;
      const struct wg_dthread *t = &p->s[side]->threads[i];
      for (size_t k = 0; k < t->nsteps; k++) count_step(&c, p, side, &t->steps[k]);
    }
  struct wg_count *list = wg_xcalloc(c.n + 1, sizeof *list);
  for (size_t i = 0; i < c.n; i++)
    list[i] = (struct wg_count){c.names[i], {c.calls.list[i].n[0], c.calls.list[i].n[1]}};
  if (c.n) qsort(list, c.n, sizeof *list, by_difference);
  wg_tally_release(&c.calls);
  free(c.names);
  *n = c.n;
  return list;
}

// The call differential: how often each side calls what.
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "diff/report.h"

struct counting {
  struct wg_map at;
  struct wg_count *list;
  size_t n;
};

static void add(struct counting *c, const struct wg_pairing *p, int side, uint32_t content, uint64_t times) {
  const struct wg_side *s = p->s[side];
  uint64_t hash = wg_known_of(p, side, &s->contents[content])->hash, i;
  if (c->list == NULL || !wg_map_get(&c->at, hash, &i)) {
    WG_VEC_NEXT(c->list, c->n);
    c->list[c->n] = (struct wg_count){.name = wg_str(s, s->contents[content].name)};
    i = c->n++;
    wg_map_put(&c->at, hash, i);
  }
  c->list[i].n[side] += times;
}

static int by_difference(const void *x, const void *y) {
  const struct wg_count *a = x, *b = y;
  uint64_t da = a->n[0] > a->n[1] ? a->n[0] - a->n[1] : a->n[1] - a->n[0];
  uint64_t db = b->n[0] > b->n[1] ? b->n[0] - b->n[1] : b->n[1] - b->n[0];
  if (da != db) return da < db ? 1 : -1;
  return strcmp(a->name, b->name);
}

struct wg_count *wg_count_calls(const struct wg_pairing *p, uint32_t pair, size_t *n) {
  struct counting c = {0};
  for (int side = 0; side < 2; side++)
    for (uint32_t i = 0; i < p->s[side]->nthreads; i++) {
      if (pair != WG_NONE && p->peer[side][i] != pair) continue;
      const struct wg_dthread *t = &p->s[side]->threads[i];
      for (size_t k = 0; k < t->nsteps; k++) add(&c, p, side, t->steps[k].content, t->steps[k].count);
    }
  if (c.n) qsort(c.list, c.n, sizeof *c.list, by_difference);
  wg_map_release(&c.at);
  *n = c.n;
  return c.list;
}

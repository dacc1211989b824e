#include "diff/tally.h"

#include <stdlib.h>

#include "base/vec.h"

size_t wg_tally_add(struct wg_tally *t, uint64_t key, int side, uint64_t times) {
  uint64_t i;
  if (!wg_map_get(&t->at, key, &i)) {
    WG_VEC_NEXT(t->list, t->n);
    t->list[t->n] = (struct wg_times){{0, 0}};
    i = t->n++;
    wg_map_put(&t->at, key, i);
  }
  t->list[i].n[side] += times;
  return i;
}

bool wg_tally_equal(const struct wg_tally *t, uint64_t key) {
  uint64_t i;
  return wg_map_get(&t->at, key, &i) && t->list[i].n[0] == t->list[i].n[1];
}

void wg_tally_release(struct wg_tally *t) {
  free(t->list);
  wg_map_release(&t->at);
  *t = (struct wg_tally){.n = 0};
}

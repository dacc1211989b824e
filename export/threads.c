#include "export/threads.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/vec.h"
#include "export/export.h"

struct wg_drawn *wg_drawn_thread(struct wg_drawn_threads *t, uint32_t tid) {
  if (t->latest && t->latest->tid == tid) return t->latest;
  uint64_t at;
  if (wg_map_get(&t->by_tid, tid, &at)) return t->latest = t->all[at];
  if (t->n == WG_EXPORT_THREADS) return t->all[t->n - 1];
  WG_VEC_NEXT(t->all, t->n);
  struct wg_drawn *d = wg_xcalloc(1, sizeof *d);
  d->tid = tid;
  d->hw = WG_NO_HW;
  wg_map_put(&t->by_tid, tid, t->n);
  return t->latest = t->all[t->n++] = d;
}

void wg_drawn_push(struct wg_drawn *d, uint32_t name, bool is_wait) {
  WG_ASSERT(d->nopen < WG_OPEN_MAX, "slices nest too deep");
  WG_VEC_ROOM(d->open, d->cap, d->nopen + 1);
  d->open[d->nopen++] = (struct wg_open){name, is_wait};
}

void wg_drawn_release(struct wg_drawn_threads *t) {
  for (size_t i = 0; i < t->n; i++) {
    free(t->all[i]->open);
    free(t->all[i]);
  }
  free(t->all);
  wg_map_release(&t->by_tid);
}

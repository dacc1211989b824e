#include "travel/recall.h"

#include <stdlib.h>
#include <string.h>

bool wg_here_earlier(const struct wg_here *a, const struct wg_here *b) {
  if (a->at.retired != b->at.retired) return a->at.retired < b->at.retired;
  if (a->at.events != b->at.events) return a->at.events < b->at.events;
  if (a->at.windows != b->at.windows) return a->at.windows < b->at.windows;
  return a->halt == WG_HALT_RETURNED && b->halt != WG_HALT_RETURNED;
}

void wg_recall_release(struct wg_recall *r) {
  free(r->pcs);
  free(r->watches);
  *r = (struct wg_recall){.knows = false};
}

void wg_recall_begin(struct wg_recall *r, const struct wg_travel_hooks *h, const struct wg_here *end) {
  wg_recall_release(r);
  r->knows = h->steady;
  r->end = *end;
  r->npcs = h->npcs;
  r->nwatches = h->nwatches;
  r->pcs = wg_xcalloc(h->npcs + 1, sizeof *r->pcs);
  r->watches = wg_xcalloc(h->nwatches + 1, sizeof *r->watches);
  for (size_t i = 0; i < h->npcs; i++) r->pcs[i] = h->pcs[i];
  for (size_t i = 0; i < h->nwatches; i++) r->watches[i] = h->watches[i];
}

void wg_recall_add(struct wg_recall *r, const struct wg_here *here) { r->list[r->n++ % WG_RECALLED] = *here; }

static bool is_of(const struct wg_recall *r, const struct wg_travel_hooks *h) {
  if (!r->knows || !h->steady || r->npcs != h->npcs || r->nwatches != h->nwatches) return false;
  for (size_t i = 0; i < h->npcs; i++)
    if (r->pcs[i] != h->pcs[i]) return false;
  for (size_t i = 0; i < h->nwatches; i++) {
    const struct wg_mem_watch *a = &r->watches[i], *b = &h->watches[i];
    if (a->addr != b->addr || a->len != b->len || a->read != b->read || a->write != b->write) return false;
  }
  return true;
}

bool wg_recall_before(const struct wg_recall *r, const struct wg_travel_hooks *h, const struct wg_here *here,
                      struct wg_here *out) {
  if (!is_of(r, h) || wg_here_earlier(&r->end, here)) return false;
  size_t least = r->n > WG_RECALLED ? r->n - WG_RECALLED : 0;
  for (size_t i = r->n; i-- > least;) {
    const struct wg_here *p = &r->list[i % WG_RECALLED];
    bool before = wg_here_earlier(p, here);
    if (before) *out = *p;
    if (before || !wg_here_earlier(here, p)) return before;
  }
  return false;
}

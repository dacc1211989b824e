#include "emu/state/pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"

uint64_t wg_page_hash(const void *page) { return wg_hash(page, WG_PAGE_BYTES, 0); }

void wg_pages_know(struct wg_pages *p, uint64_t hash) {
  if (p->n == p->room) {
    p->room = p->room ? 2 * p->room : 64;
    p->data = wg_xrealloc(p->data, p->room * sizeof *p->data);
    p->hash = wg_xrealloc(p->hash, p->room * sizeof *p->hash);
  }
  p->data[p->n] = NULL;
  p->hash[p->n] = hash;
  wg_map_put(&p->at, hash, p->n++);
}

void wg_pages_fill(struct wg_pages *p, size_t i, const void *page) {
  if (p->data[i]) return;
  p->data[i] = wg_xcalloc(1, WG_PAGE_BYTES);
  memcpy(p->data[i], page, WG_PAGE_BYTES);
}

void wg_pages_drop(struct wg_pages *p, size_t i) {
  free(p->data[i]);
  p->data[i] = NULL;
}

void wg_pages_put(struct wg_pages *p, uint64_t hash, const void *page) {
  uint64_t i;
  if (wg_map_get(&p->at, hash, &i)) {
    WG_ASSERT(p->data[i] == NULL || memcmp(p->data[i], page, WG_PAGE_BYTES) == 0, "two pages have one hash");
    return;
  }
  wg_pages_know(p, hash);
  wg_pages_fill(p, p->n - 1, page);
}

const uint8_t *wg_pages_get(struct wg_pages *p, uint64_t hash) {
  uint64_t i;
  if (!wg_map_get(&p->at, hash, &i)) return NULL;
  if (p->data[i] == NULL && (p->fetch == NULL || !p->fetch(p->ctx, i))) return NULL;
  return p->data[i];
}

void wg_pages_release(struct wg_pages *p) {
  for (size_t i = 0; i < p->n; i++) free(p->data[i]);
  free(p->data);
  free(p->hash);
  wg_map_release(&p->at);
  *p = (struct wg_pages){.n = 0};
}

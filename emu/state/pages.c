#include "emu/state/pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/vec.h"

uint64_t wg_page_hash(const void *page) { return wg_hash_bulk(page, WG_PAGE_BYTES); }

void wg_pages_know(struct wg_pages *p, uint64_t hash) {
  if (p->n == p->room) {
    p->room = wg_vec_more(p->room, p->n + 1, 1);
    WG_VEC_MOVE(p->data, p->room);
    WG_VEC_MOVE(p->hash, p->room);
    WG_VEC_MOVE(p->uses, p->room);
    WG_VEC_MOVE(p->lost, p->room);
  }
  p->data[p->n] = NULL;
  p->hash[p->n] = hash;
  p->uses[p->n] = 0;
  p->lost[p->n] = false;
  wg_map_put(&p->at, hash, p->n++);
}

void wg_pages_fill(struct wg_pages *p, size_t i, const void *page) {
  if (p->data[i]) return;
  p->data[i] = wg_xcalloc(1, WG_PAGE_BYTES);
  memcpy(p->data[i], page, WG_PAGE_BYTES);
}

void wg_pages_lose(struct wg_pages *p, size_t i) { p->lost[i] = true; }

static bool comes_again(const struct wg_pages *p, size_t i) { return i < p->kept && !p->lost[i]; }

void wg_pages_drop(struct wg_pages *p, size_t i) {
  free(p->data[i]);
  p->data[i] = NULL;
}

static void note_use(struct wg_pages *p, size_t i) {
  if (p->used == NULL) return;
  WG_VEC_NEXT(*p->used, p->nused);
  (*p->used)[p->nused++] = (uint32_t)i;
  p->uses[i]++;
}

bool wg_pages_has(const struct wg_pages *p, uint64_t hash) {
  uint64_t i;
  return wg_map_get(&p->at, hash, &i) && (p->data[i] || comes_again(p, i));
}

void wg_pages_put(struct wg_pages *p, uint64_t hash, const void *page) {
  uint64_t i;
  if (wg_map_get(&p->at, hash, &i)) {
    WG_ASSERT(p->data[i] == NULL || page == NULL || memcmp(p->data[i], page, WG_PAGE_BYTES) == 0,
              "two pages have one hash");
  } else {
    wg_pages_know(p, hash);
    i = p->n - 1;
  }
  if (!comes_again(p, i)) wg_pages_fill(p, i, page);
  note_use(p, i);
}

void wg_pages_unuse(struct wg_pages *p, const uint32_t *pages, size_t n) {
  for (size_t k = 0; k < n; k++) {
    size_t i = pages[k];
    if (--p->uses[i] == 0 && !comes_again(p, i)) wg_pages_drop(p, i);
  }
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
  free(p->uses);
  free(p->lost);
  wg_map_release(&p->at);
  *p = (struct wg_pages){.n = 0};
}

#include "emu/state/pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"

uint64_t wg_page_hash(const void *page) { return wg_hash(page, WG_PAGE_BYTES, 0); }

void wg_pages_put(struct wg_pages *p, uint64_t hash, const void *page) {
  const uint8_t *known = wg_pages_get(p, hash);
  if (known) {
    WG_ASSERT(memcmp(known, page, WG_PAGE_BYTES) == 0, "two pages have one hash");
    return;
  }
  if (p->n == p->room) {
    p->room = p->room ? 2 * p->room : 64;
    p->data = wg_xrealloc(p->data, p->room * WG_PAGE_BYTES);
  }
  // NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): there is room
  memcpy(p->data + p->n * WG_PAGE_BYTES, page, WG_PAGE_BYTES);
  wg_map_put(&p->at, hash, p->n++);
}

const uint8_t *wg_pages_get(const struct wg_pages *p, uint64_t hash) {
  uint64_t i;
  return wg_map_get(&p->at, hash, &i) ? p->data + i * WG_PAGE_BYTES : NULL;
}

void wg_pages_release(struct wg_pages *p) {
  free(p->data);
  wg_map_release(&p->at);
  *p = (struct wg_pages){.n = 0};
}

// A store of pages, each kept once, found by the hash of its content.
#ifndef WG_EMU_PAGES_H
#define WG_EMU_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

#define WG_PAGE_BYTES 4096u

struct wg_pages {
  uint8_t *data; // n pages
  size_t n, room;
  struct wg_map at; // hash -> number
};

uint64_t wg_page_hash(const void *page);
void wg_pages_put(struct wg_pages *p, uint64_t hash, const void *page);
const uint8_t *wg_pages_get(const struct wg_pages *p, uint64_t hash); // NULL if it is not there
void wg_pages_release(struct wg_pages *p);

#endif

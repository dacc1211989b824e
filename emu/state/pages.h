// A store of pages, each kept once, found by the hash of its content.
//
// A page may be known without being here: `fetch` brings it from where it lies. Ownership: the store owns what is here.
#ifndef WG_EMU_PAGES_H
#define WG_EMU_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

#define WG_PAGE_BYTES 4096u

struct wg_pages {
  uint8_t **data; // n of them, by number; NULL: not here
  uint64_t *hash;
  size_t n, room;
  struct wg_map at; // hash -> number
  size_t kept;      // pages before this one can be fetched again when they are dropped,
  bool *lost;       // but for these, whose content was not there any more
  uint32_t *uses;   // of each: by states that are in memory, if `used` is noted
  uint32_t **used;  // where the numbers of the pages that are put go, or NULL
  size_t nused;
  bool (*fetch)(void *ctx, size_t i); // NULL, or fills page i in (wg_pages_fill); false: it cannot be had
  void *ctx;
};

uint64_t wg_page_hash(const void *page); // of WG_PAGE_BYTES
// A copy of it is kept, one however often it is put. (Two contents with one hash end in an assertion.)
// What is had already (wg_pages_has) need not be passed.
void wg_pages_put(struct wg_pages *p, uint64_t hash, const void *page);
bool wg_pages_has(const struct wg_pages *p, uint64_t hash);         // it is here, or can be fetched
const uint8_t *wg_pages_get(struct wg_pages *p, uint64_t hash);     // NULL if it is not to be had
void wg_pages_know(struct wg_pages *p, uint64_t hash);              // the next number is that page's, which is not here
void wg_pages_fill(struct wg_pages *p, size_t i, const void *page); // a copy of it is page i's content
void wg_pages_drop(struct wg_pages *p, size_t i);                   // its content, which can be fetched again
// Its content cannot be fetched: once it is put again, it is kept.
void wg_pages_lose(struct wg_pages *p, size_t i);
// Those pages are used once less: what nobody uses and cannot be fetched again is dropped, and comes back when it is
// put.
void wg_pages_unuse(struct wg_pages *p, const uint32_t *pages, size_t n);
void wg_pages_release(struct wg_pages *p);

#endif

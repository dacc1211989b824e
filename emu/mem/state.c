// The state of guest memory: what each page is to the guest, the regions, and the content of every page that may hold
// one. A page of zeros is not written. Pages that no address can reach but a device has written are.
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "emu/mem/flags.h"
#include "emu/mem/marks.h"
#include "emu/mem/tables.h"
#include "emu/mem/watch.h"
#include "emu/state/archive.h"

#define PHYS_PAGES (WG_PHYS_SIZE / WG_PAGE)

_Static_assert(WG_PAGE == WG_PAGE_BYTES, "the store's pages are the guest's");

// What backs the address space, each once: pages [first, first + n).
static const struct {
  uint32_t first, n;
} backings[] = {{0, 0x7F000}, {0x80000, 0x10000}, {0xC0000, PHYS_PAGES}, {0xFFD00, 0x300}};
#define NBACKINGS (sizeof backings / sizeof *backings)

// The first page of [p, end), a part of one backing, that may hold something, or end.
static uint32_t next_held(const struct wg_mem *m, uint32_t p, uint32_t end) {
  if (p >= 0xC0000u && p < 0xC0000u + PHYS_PAGES)
    return 0xC0000u + wg_next_marked(m->phys_dirty, p - 0xC0000u, end - 0xC0000u);
  uint32_t next = wg_next_marked(m->dirty, p, end);
  return p >= 0x80000u && p < 0x90000u ? wg_next_marked(m->dirty + 0x10000u, p, next)
                                       : next; // by either of its addresses
}

static uint8_t *page_at(const struct wg_mem *m, uint32_t page) { return m->base + ((uint64_t)page << 12); }

static bool is_zero(const uint8_t *p) { return p[0] == 0 && memcmp(p, p + 1, WG_PAGE - 1) == 0; }

// The hash of the content of a page that may hold some, and whether it does.
static bool holds(struct wg_mem *m, uint32_t page, uint64_t *hash) {
  if (wg_mem_unchanged(m, page, hash)) return *hash != WG_ZERO_HASH;
  const uint8_t *p = page_at(m, page);
  bool zero = is_zero(p);
  *hash = zero ? WG_ZERO_HASH : wg_page_hash(p);
  if (zero || *hash != WG_ZERO_HASH) wg_mem_note(m, page, *hash);
  return !zero;
}

static bool backs(uint32_t page) {
  for (size_t i = 0; i < NBACKINGS; i++)
    if (page >= backings[i].first && page - backings[i].first < backings[i].n) return true;
  return false;
}

// Page numbers with the content that follows each; WG_AR_NONE ends them.
static void save_content(struct wg_archive *a, struct wg_mem *m) {
  for (size_t i = 0; i < NBACKINGS; i++) {
    uint32_t end = backings[i].first + backings[i].n;
    for (uint32_t p = next_held(m, backings[i].first, end); p < end; p = next_held(m, p + 1, end)) {
      uint64_t hash;
      if (!holds(m, p, &hash)) continue;
      wg_ar_index(a, p, WG_MEM_PAGES);
      wg_ar_page_of(a, page_at(m, p), hash);
      if (a->mode == WG_ARCHIVE_TOUCH) wg_mem_changes(m, p);
    }
  }
  wg_ar_index(a, WG_AR_NONE, WG_MEM_PAGES);
}

static void fill_page(struct wg_mem *m, uint32_t page, const uint8_t *content) {
  wg_mem_changes(m, page);
  if (content)
    memcpy(page_at(m, page), content, WG_PAGE);
  else
    memset(page_at(m, page), 0, WG_PAGE);
}

// `held`: of each page, whether it may hold something now that the state does not name. What is there already is not
// written again.
static void load_content(struct wg_archive *a, struct wg_mem *m, uint8_t *held) {
  for (uint32_t p; (p = wg_ar_index(a, 0, WG_MEM_PAGES)) != WG_AR_NONE;) {
    uint64_t hash, now;
    if (!backs(p)) {
      wg_ar_fail(a, "page 0x%x is none that holds anything itself", p);
      break;
    }
    const uint8_t *content = wg_ar_page_content(a, &hash);
    if (content == NULL) break;
    held[p] = 0;
    if (wg_mem_unchanged(m, p, &now) && now == hash) continue;
    fill_page(m, p, content);
    if (hash != WG_ZERO_HASH) wg_mem_note(m, p, hash);
  }
  for (uint32_t p = wg_next_marked(held, 0, WG_MEM_PAGES); p < WG_MEM_PAGES;
       p = wg_next_marked(held, p + 1, WG_MEM_PAGES)) {
    uint64_t now;
    if (wg_mem_unchanged(m, p, &now) && now == WG_ZERO_HASH) continue;
    fill_page(m, p, NULL);
    wg_mem_note(m, p, WG_ZERO_HASH);
  }
}

// Which pages may hold something.
static uint8_t *all_held(const struct wg_mem *m) {
  uint8_t *held = wg_xcalloc(WG_MEM_PAGES, 1);
  for (size_t i = 0; i < NBACKINGS; i++) {
    uint32_t end = backings[i].first + backings[i].n;
    for (uint32_t p = next_held(m, backings[i].first, end); p < end; p = next_held(m, p + 1, end))
      held[p] = wg_mem_tracks(m) || !is_zero(page_at(m, p));
  }
  return held;
}

static void regions(struct wg_archive *a, struct wg_mem *m) {
  size_t n = wg_ar_count(a, m->nregions, WG_MEM_PAGES + 1);
  if (wg_ar_loading(a)) {
    m->nregions = (uint32_t)n;
    WG_VEC_ROOM(m->regions, m->region_room, n);
    if (n) memset(m->regions, 0, m->region_room * sizeof *m->regions); // none: a state that was refused
  }
  for (size_t i = 1; i < n; i++) {
    struct wg_region *r = &m->regions[i];
    wg_ar_u32(a, &r->base);
    wg_ar_u32(a, &r->size);
    wg_ar_u32(a, &r->protect);
    wg_ar_u32(a, &r->page);
    r->owner = (enum wg_mem_owner)wg_ar_kind(a, r->owner, WG_MEM_OWNERS);
    r->next = wg_ar_index(a, r->next, n);
  }
  m->region_free = wg_ar_index(a, m->region_free, n ? n : 1);
}

// Which pages are in a region, and which are taken, follow from the regions.
static void rebuild_regions(struct wg_archive *a, struct wg_mem *m) {
  uint8_t *unused = wg_xcalloc(m->nregions + 1, 1);
  memset(m->region_at, 0, WG_MEM_PAGES * sizeof *m->region_at);
  wg_spans_set(&m->taken, 0, WG_MEM_PAGES, false);
  uint32_t steps = 0;
  for (uint32_t slot = m->region_free; slot && slot < m->nregions && steps++ < m->nregions;
       slot = m->regions[slot].next)
    unused[slot] = 1;
  for (uint32_t slot = 1; slot < m->nregions; slot++) {
    const struct wg_region *r = &m->regions[slot];
    if (unused[slot]) continue;
    if (r->size == 0 || r->size % WG_PAGE || r->base % WG_PAGE || (uint64_t)r->base + r->size > 1ull << 32) {
      wg_ar_fail(a, "a region of 0x%x bytes at 0x%08x", r->size, r->base);
      break;
    }
    for (uint32_t p = r->base / WG_PAGE, end = p + r->size / WG_PAGE; p < end; p++) m->region_at[p] = slot;
    wg_spans_set(&m->taken, r->base / WG_PAGE, r->size / WG_PAGE, true);
  }
  free(unused);
}

// Physical pages are taken while their mirrors are committed, and only then.
static void rebuild_physical(struct wg_mem *m) {
  const uint8_t *committed = m->committed + 0xC0000u;
  wg_spans_set(&m->phys_taken, 0, PHYS_PAGES, false);
  for (uint32_t at = 0, end; at < PHYS_PAGES; at = end + 1) {
    for (end = at; end < PHYS_PAGES && committed[end]; end++) {
    }
    if (end > at) wg_spans_set(&m->phys_taken, at, end - at, true);
  }
}

void wg_mem_state(struct wg_archive *a, struct wg_mem *m) {
  wg_ar_part(a, "memory");
  uint8_t *held = wg_ar_loading(a) ? all_held(m) : NULL;
  wg_mem_tables_state(a, m);
  regions(a, m);
  if (wg_ar_loading(a)) {
    rebuild_regions(a, m);
    rebuild_physical(m);
  }
  wg_ar_u64(a, &m->ncommitted);
  wg_ar_u64(a, &m->steps);
  wg_ar_bool(a, &m->full);
  if (held)
    load_content(a, m, held);
  else
    save_content(a, m);
  free(held);
}

#define _DEFAULT_SOURCE // madvise
#include "emu/mem/tables.h"

#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "emu/mem/flags.h"
#include "emu/mem/view.h"
#include "emu/mem/watch.h"

_Static_assert(WG_MEM_PART == WG_PAGE_BYTES, "a part of a table of bytes is a page of the store");

void wg_mem_tables_forget(struct wg_mem *m) {
  if (m->tables == NULL) return;
  memset(m->tables->known, false, sizeof m->tables->known);
  memset(m->tables->phys_known, false, sizeof m->tables->phys_known);
}

void wg_mem_phys_mark(struct wg_mem *m, uint32_t page) {
  m->phys_dirty[page] = 1;
  if (m->tables) m->tables->phys_known[page / WG_MEM_PART] = false;
}

static void own_flags(const struct wg_mem *m, uint32_t part, uint8_t out[WG_MEM_PART]) {
  memcpy(out, m->flags + part * WG_MEM_PART, WG_MEM_PART);
  for (uint32_t i = 0; m->hear && i < WG_MEM_PART; i++)
    if (m->hear[part * WG_MEM_PART + i]) out[i] = wg_mem_deaf(out[i]);
}

static void *protect_at(const struct wg_mem *m, size_t i) { return (uint8_t *)m->protect + i * WG_PAGE_BYTES; }

static void hash_part(const struct wg_mem *m, struct wg_mem_tables *t, uint32_t part) {
  uint8_t flags[WG_MEM_PART];
  own_flags(m, part, flags);
  t->flags[part] = wg_page_hash(flags);
  t->committed[part] = wg_page_hash(m->committed + part * WG_MEM_PART);
  t->dirty[part] = wg_page_hash(m->dirty + part * WG_MEM_PART);
  for (size_t i = part * sizeof(uint32_t); i < (part + 1) * sizeof(uint32_t); i++)
    t->protect[i] = wg_page_hash(protect_at(m, i));
  t->known[part] = true;
}

// One of those that are known, another each time.
static void look_again(const struct wg_mem *m, struct wg_mem_tables *t) {
  struct wg_mem_tables now;
  uint32_t part = t->turn++ % WG_MEM_PARTS, first = part * sizeof(uint32_t);
  if (!t->known[part]) return;
  hash_part(m, &now, part);
  WG_ASSERT(now.flags[part] == t->flags[part] && now.committed[part] == t->committed[part] &&
                now.dirty[part] == t->dirty[part] &&
                memcmp(&now.protect[first], &t->protect[first], sizeof(uint32_t) * sizeof *now.protect) == 0,
            "who changes a table of memory says so");
}

static void hash_unknown(const struct wg_mem *m, struct wg_mem_tables *t) {
  for (uint32_t part = 0; part < WG_MEM_PARTS; part++)
    if (!t->known[part]) hash_part(m, t, part);
  for (uint32_t part = 0; part < WG_MEM_PHYS_PARTS; part++) {
    if (t->phys_known[part]) continue;
    t->phys_dirty[part] = wg_page_hash(m->phys_dirty + part * WG_MEM_PART);
    t->phys_known[part] = true;
  }
}

static void save(struct wg_archive *a, struct wg_mem *m) {
  struct wg_mem_tables first = {.turn = 0}, *t = m->tables ? m->tables : &first;
  uint8_t flags[WG_MEM_PART];
  look_again(m, t);
  hash_unknown(m, t);
  for (uint32_t part = 0; part < WG_MEM_PARTS; part++) {
    bool there = wg_ar_has_page(a, t->flags[part]);
    if (!there) own_flags(m, part, flags);
    wg_ar_page_of(a, there ? NULL : flags, t->flags[part]);
  }
  for (size_t i = 0; i < WG_MEM_PARTS; i++) wg_ar_page_of(a, m->committed + i * WG_PAGE_BYTES, t->committed[i]);
  for (size_t i = 0; i < WG_MEM_PARTS * sizeof(uint32_t); i++) wg_ar_page_of(a, protect_at(m, i), t->protect[i]);
  for (size_t i = 0; i < WG_MEM_PARTS; i++) wg_ar_page_of(a, m->dirty + i * WG_PAGE_BYTES, t->dirty[i]);
  for (size_t i = 0; i < WG_MEM_PHYS_PARTS; i++) wg_ar_page_of(a, m->phys_dirty + i * WG_PAGE_BYTES, t->phys_dirty[i]);
}

// All of m->flags has changed.
static void join_flags(struct wg_mem *m) {
  wg_mem_view_clear(m);
  int code = madvise(m->flags - WG_MEM_GRANULES, WG_MEM_GRANULES, MADV_DONTNEED); // zeros
  WG_ASSERT(code == 0, "memory of its own can be given back");
  for (uint32_t p = 0; p < WG_MEM_PAGES; p++)
    if (m->flags[p]) wg_mem_set_flags(m, p, m->flags[p]);
}

void wg_mem_tables_state(struct wg_archive *a, struct wg_mem *m) {
  if (a->mode == WG_ARCHIVE_SAVE) {
    save(a, m);
    return;
  }
  wg_mem_deafen(m, true);
  wg_ar_pages(a, m->flags, WG_MEM_PAGES);
  if (wg_ar_loading(a)) join_flags(m);
  wg_mem_deafen(m, false);
  wg_ar_pages(a, m->committed, WG_MEM_PAGES);
  wg_ar_pages(a, m->protect, WG_MEM_PAGES * sizeof *m->protect);
  wg_ar_pages(a, m->dirty, WG_MEM_PAGES);
  wg_ar_pages(a, m->phys_dirty, WG_PHYS_SIZE / WG_PAGE);
  wg_mem_tables_forget(m);
}

// The flags of pages, for emu/mem alone.
#ifndef WG_EMU_MEM_FLAGS_H
#define WG_EMU_MEM_FLAGS_H

#include "emu/mem/mem.h"

// Whoever changes a page's flags does it here, so that what is known of two pages stays true.
static inline void wg_mem_set_flags(struct wg_mem *m, uint32_t page, uint8_t f) {
  m->flags[page] = f;
  uint8_t *both = m->flags - WG_MEM_PAGES;
  if (page > 0) both[page - 1] = m->flags[page - 1] & f & (WG_PAGE_R | WG_PAGE_W);
  if (page < WG_MEM_PAGES - 1) both[page] = f & m->flags[page + 1] & (WG_PAGE_R | WG_PAGE_W);
}

// All of m->flags has changed.
static inline void wg_mem_join_flags(struct wg_mem *m) {
  uint8_t *both = m->flags - WG_MEM_PAGES;
  for (uint32_t p = 0; p < WG_MEM_PAGES - 1; p++) both[p] = m->flags[p] & m->flags[p + 1] & (WG_PAGE_R | WG_PAGE_W);
}

#endif

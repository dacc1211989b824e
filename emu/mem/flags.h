// The flags of pages, for emu/mem alone.
#ifndef WG_EMU_MEM_FLAGS_H
#define WG_EMU_MEM_FLAGS_H

#include <string.h>

#include "emu/mem/mem.h"

#define WG_GRANULES_OF_PAGE (WG_PAGE / WG_MEM_GRANULE)

// What the granules of a page and those behind them both allow: all but the last are followed by one of the same page.
static inline void wg_mem_set_near(struct wg_mem *m, uint32_t page) {
  uint8_t *near = m->flags - WG_MEM_GRANULES + (size_t)page * WG_GRANULES_OF_PAGE;
  uint8_t f = m->flags[page] & (WG_PAGE_R | WG_PAGE_W);
  memset(near, f, WG_GRANULES_OF_PAGE - 1);
  near[WG_GRANULES_OF_PAGE - 1] = page < WG_MEM_PAGES - 1 ? f & m->flags[page + 1] : 0;
}

// Whoever changes a page's flags does it here, so that what is known of its granules stays true.
static inline void wg_mem_set_flags(struct wg_mem *m, uint32_t page, uint8_t f) {
  m->flags[page] = f;
  wg_mem_set_near(m, page);
  if (page > 0) wg_mem_set_near(m, page - 1);
}

// All of m->flags has changed.
void wg_mem_join_flags(struct wg_mem *m);

#endif

// The flags of pages, for emu/mem alone.
#ifndef WG_EMU_MEM_FLAGS_H
#define WG_EMU_MEM_FLAGS_H

#include <string.h>

#include "emu/mem/mem.h"

#define WG_GRANULES_OF_PAGE (WG_PAGE / WG_MEM_GRANULE)

// The page's flags no longer allow all that the view shows of it (view.h): `left` is what they do.
void wg_mem_view_take(struct wg_mem *m, uint32_t page, uint8_t left);

// Whoever changes a page's flags does it here, so that what is known of its granules stays true: but for a page's last
// one, each is followed by one of the same page. And so that the view shows no more than they allow.
static inline void wg_mem_set_flags(struct wg_mem *m, uint32_t page, uint8_t f) {
  uint8_t *near = m->flags - WG_MEM_GRANULES + (size_t)page * WG_GRANULES_OF_PAGE;
  m->flags[page] = f;
  f &= WG_PAGE_R | WG_PAGE_W;
  if (page > 0) near[-1] = m->flags[page - 1] & f;
  memset(near, f, WG_GRANULES_OF_PAGE - 1);
  near[WG_GRANULES_OF_PAGE - 1] = page < WG_MEM_PAGES - 1 ? f & m->flags[page + 1] : 0;
  if (!(f & WG_PAGE_R)) f = 0;
  if (m->view && m->shown[page] & ~f) wg_mem_view_take(m, page, m->shown[page] & f);
}

#endif

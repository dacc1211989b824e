// The tables of guest memory in a state: what each page is to the guest. There are seven megabytes of them and they
// seldom change, so the hashes of what has not changed are kept from one state to the next. For emu/mem alone.
#ifndef WG_EMU_TABLES_H
#define WG_EMU_TABLES_H

#include "emu/mem/mem.h"
#include "emu/state/archive.h"

#define WG_MEM_PART 4096u // entries of a part of a table
#define WG_MEM_PARTS (WG_MEM_PAGES / WG_MEM_PART)
#define WG_MEM_PHYS_PARTS (WG_PHYS_SIZE / WG_PAGE / WG_MEM_PART)

// Hashes (emu/state/pages.h) of each part, true where it is known.
struct wg_mem_tables {
  bool known[WG_MEM_PARTS], phys_known[WG_MEM_PHYS_PARTS];
  uint64_t flags[WG_MEM_PARTS], committed[WG_MEM_PARTS], dirty[WG_MEM_PARTS];
  uint64_t protect[WG_MEM_PARTS * sizeof(uint32_t)];
  uint64_t phys_dirty[WG_MEM_PHYS_PARTS];
  unsigned turn; // which of the known parts is looked at, to be sure
};

// What any table but `phys_dirty` says of a page changes.
static inline void wg_mem_tables_change(struct wg_mem *m, uint32_t page) {
  if (m->tables) m->tables->known[page / WG_MEM_PART] = false;
}
void wg_mem_tables_forget(struct wg_mem *m); // all of it has changed

// The tables as a part of the state; flags are those that pages have by themselves, whoever listens.
void wg_mem_tables_state(struct wg_archive *a, struct wg_mem *m);

#endif

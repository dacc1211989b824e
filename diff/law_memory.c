// Memory: none is given twice, and what was freed is given again before any that is new. The latter only as long as
// nothing but the title's own calls for memory can have touched the pool.
#include <stdlib.h>

#include "diff/law_state.h"
#include "trace/event.h"

#define FREED 64 // blocks that are remembered

void wg_law_pool_unknown(struct wg_law_state *st) { st->nfreed = 0; }

void wg_law_freed(struct wg_law_state *st, const struct wg_lcall *c, unsigned arg) {
  uint64_t size;
  uint32_t address = arg < c->nargs ? (uint32_t)c->args[arg] : 0;
  if (!wg_map_get(&st->given, address, &size)) return;
  wg_map_del(&st->given, address);
  if (c->op != WG_L_FREE_POOL) return;
  if (st->freed == NULL) st->freed = wg_xcalloc(FREED, sizeof *st->freed);
  if (st->nfreed == FREED) st->nfreed = 0;
  st->freed[st->nfreed++] = (struct wg_lfreed){address, (uint32_t)size, c->at};
}

// The block that should have been given: the last freed one of that size. NULL: it was, or another one that was freed.
static const struct wg_lfreed *block_passed_over(struct wg_law_state *st, uint32_t size, uint32_t address) {
  const struct wg_lfreed *due = NULL;
  for (uint32_t i = 0; i < st->nfreed; i++) {
    if (st->freed[i].address == address) {
      for (st->nfreed--; i < st->nfreed; i++) st->freed[i] = st->freed[i + 1];
      return NULL;
    }
    if (st->freed[i].size == size) due = &st->freed[i];
  }
  return due;
}

// MmAllocatePhysicalMemoryEx(type, size, protect, lowest, highest, alignment). The view of small pages begins with the
// second one.
static bool lies_as_asked(const struct wg_lcall *c, uint32_t address) {
  if (c->nargs < 6) return true;
  uint32_t at = (address & 0x1FFFFFFFu) + (address >= 0xE0000000u ? 0x1000u : 0), to = (uint32_t)c->args[5];
  if (to == 0 || (to & (to - 1)) != 0) to = 1;
  return (at & (to - 1)) == 0 && at >= ((uint32_t)c->args[3] & 0xFFFFF000u) && at <= (uint32_t)c->args[4];
}

void wg_law_given(struct wg_laws *l, const struct wg_lcall *c, uint32_t address, uint64_t idx) {
  struct wg_law_state *st = l->state;
  uint64_t known;
  uint32_t size = c->nargs ? (uint32_t)c->args[0] : 0;
  if (address == 0) return;
  if (!lies_as_asked(c, address)) wg_law_broken(l, WG_LAW_LIES, &c->at, c->at.thread, idx);
  bool twice = wg_map_get(&st->given, address, &known);
  if (twice) wg_law_broken(l, WG_LAW_MEMORY, &c->at, c->at.thread, idx);
  wg_map_put(&st->given, address, size);
  bool fresh = !wg_map_get(&st->given_once, address, &known); // no block that was freed before
  wg_map_put(&st->given_once, address, 1);
  const struct wg_lfreed *due = c->op == WG_L_ALLOCATE_POOL && !twice ? block_passed_over(st, size, address) : NULL;
  st->pool_lost |= twice; // its blocks are not what was told
  if (due == NULL || !fresh || st->pool_lost) return;
  wg_law_broken(l, WG_LAW_FREED, &due->by, c->at.thread, idx);
  st->nfreed = 0;
}

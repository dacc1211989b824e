// What a stretch of execution reads and writes: its words of eight bytes, each with what it held at first. For who
// wants to know whether the same execution would happen again (emu/cpu/idle.h).
#ifndef WG_EMU_TOUCHED_H
#define WG_EMU_TOUCHED_H

#include "emu/mem/mem.h"

#define WG_TOUCHED_MOST 192u

struct wg_mem_touched {
  uint8_t *blind; // [WG_MEM_NEAR_BEFORE] zeros, which nobody writes
  uint8_t *flags; // the pages' flags while it notes
  bool broken;    // too many words; or an access to a device, to decoded code, across pages, or that is heard of
  uint32_t n;
  struct wg_touched_word {
    uint32_t addr;  // a multiple of 8
    uint8_t need;   // WG_PAGE_R, WG_PAGE_W
    uint64_t mask;  // of the bytes touched
    uint64_t first; // what the word held before
  } words[WG_TOUCHED_MOST];
};

// From here on every access of the guest's goes the slow way (mem.h), since no page has a flag, and is noted there;
// until the end, which brings the flags back.
void wg_mem_touch_begin(struct wg_mem *m, struct wg_mem_touched *t);
void wg_mem_touch_end(struct wg_mem *m);
// Every byte that was touched holds what it held at first, and may be accessed directly, as it was then.
bool wg_mem_as_before(const struct wg_mem *m, const struct wg_mem_touched *t);

// For mem.c: notes an access and brings the flags back, so that it can be done as it always is; then it begins again
// with what this returns.
struct wg_mem_touched *wg_mem_touch_note(struct wg_mem *m, uint32_t addr, unsigned size, bool write);

#endif

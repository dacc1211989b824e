// Which pages of a range are taken, for finding room among them: a segment tree over runs of free pages. Marking and
// finding take logarithmic time; an alignment that no run of enough pages allows makes a search look at every such run.
#ifndef WG_EMU_MEM_SPANS_H
#define WG_EMU_MEM_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wg_spans {
  uint32_t pages;                // a power of two
  uint32_t *first, *last, *best; // by node: pages that its free runs at the ends, and its longest, lack to its length
  uint8_t *all;                  // by node: what its children have yet to be told
  uint64_t steps;                // nodes that searches have looked at
};

// What to find: `n` pages at a multiple of `align` pages within [lo, hi).
struct wg_fit {
  uint32_t n, align, lo, hi;
};

void wg_spans_init(struct wg_spans *s, uint32_t pages); // all free
void wg_spans_release(struct wg_spans *s);
void wg_spans_set(struct wg_spans *s, uint32_t page, uint32_t n, bool taken); // n pages from that one on
bool wg_spans_free(struct wg_spans *s, uint32_t page, uint32_t n);            // none of them is taken
// The lowest, or the highest, that fits; UINT32_MAX if nothing does.
uint32_t wg_spans_lowest(struct wg_spans *s, const struct wg_fit *f);
uint32_t wg_spans_highest(struct wg_spans *s, const struct wg_fit *f);

#endif

// The latest halts before a moment of a run, by what halted there: who goes back from one to the one before it need not
// look for that again. Private to travel/.
//
// Ownership: a recall owns copies of what was waited for, wg_recall_release frees them. Errors: none.
#ifndef WG_TRAVEL_RECALL_H
#define WG_TRAVEL_RECALL_H

#include "travel/travel.h"

#define WG_RECALLED 64u

struct wg_recall {
  bool knows;
  struct wg_here end, list[WG_RECALLED]; // in a circle
  size_t n;                              // of them all
  uint32_t *pcs;
  struct wg_mem_watch *watches;
  size_t npcs, nwatches;
};

bool wg_here_earlier(const struct wg_here *a, const struct wg_here *b); // of one run; false for the same moment
// Of an interval up to `end`, whose halts are added in their order. Nothing is known of hooks that are not steady.
void wg_recall_begin(struct wg_recall *r, const struct wg_travel_hooks *h, const struct wg_here *end);
void wg_recall_add(struct wg_recall *r, const struct wg_here *here);
// The last one before `here`. False: it is not known, or one is at the same moment, and whether it counts is for those
// to say who wait for it.
bool wg_recall_before(const struct wg_recall *r, const struct wg_travel_hooks *h, const struct wg_here *here,
                      struct wg_here *out);
void wg_recall_release(struct wg_recall *r);

#endif

// How often each side does something, by a key of what it does.
#ifndef WG_DIFF_TALLY_H
#define WG_DIFF_TALLY_H

#include <stdint.h>

#include "base/map.h"

struct wg_tally { // zeros at first
  struct wg_map at;
  struct wg_times {
    uint64_t n[2];
  } * list; // in the order in which they were first done
  size_t n;
};

// One side does it so many times more; where in the list that is.
size_t wg_tally_add(struct wg_tally *t, uint64_t key, int side, uint64_t times);
bool wg_tally_equal(const struct wg_tally *t, uint64_t key); // both sides do it, as often as each other
void wg_tally_release(struct wg_tally *t);                   // zeros again

#endif

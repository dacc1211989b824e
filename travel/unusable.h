// What is said of checkpoints that cannot be used. Private to travel/.
#ifndef WG_TRAVEL_UNUSABLE_H
#define WG_TRAVEL_UNUSABLE_H

#include "base/err.h"
#include "emu/machine.h"

// Of those in a row, one of which was to be gone on from: the latest of them, why it cannot be, how many there are.
struct wg_unusable {
  struct wg_machine_where at;
  struct wg_err why;
  size_t n;
};
// Appends it in words. `instead`: where the run is gone on from; NULL: its start.
void wg_unusable_words(const struct wg_unusable *u, const struct wg_machine_where *instead, struct wg_buf *out);

#endif

// A recorded run as what is debugged: it goes forwards and backwards.
#ifndef WG_GDB_REPLAYED_H
#define WG_GDB_REPLAYED_H

#include "gdb/going.h"

struct wg_gdb_replayed {
  struct wg_gdb_target target;
  struct wg_travel *travel; // borrowed, halted somewhere
  struct wg_gdb_going going;
  bool stepped;  // the next step has been made already
  uint64_t told; // instructions before the one whose access was told of last, or UINT64_MAX
};

// Seeks the position where a first client finds it.
int wg_gdb_replayed_init(struct wg_gdb_replayed *r, struct wg_travel *t, const struct wg_position *p,
                         struct wg_err *err);
void wg_gdb_replayed_release(struct wg_gdb_replayed *r);

#endif

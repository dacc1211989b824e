// A recorded run as what is debugged: it goes forwards and backwards.
#ifndef WG_GDB_REPLAYED_H
#define WG_GDB_REPLAYED_H

#include "gdb/target.h"

struct wg_gdb_replayed {
  struct wg_gdb_target target;
  struct wg_travel *travel; // borrowed, halted somewhere
  uint32_t tid;             // who stopped last, as gdb knows it
  bool stepped;             // the next step has been made already
  uint64_t told;            // instructions before the one whose access was told of last, or UINT64_MAX
  uint64_t skip;            // the same, if the run goes on there: it is not told of again
  // while it goes on
  const struct wg_gdb_request *request;
  bool broke, touched; // what the latest halt was for
  bool pending;        // an access whose end is not there yet
  uint32_t break_tid, access_tid;
  bool by_instruction;
  struct wg_machine_where before; // the access
  size_t watch;
  struct wg_buf old; // what the watches saw before it
};

// Seeks the position where a first client finds it.
int wg_gdb_replayed_init(struct wg_gdb_replayed *r, struct wg_travel *t, const struct wg_position *p,
                         struct wg_err *err);
void wg_gdb_replayed_release(struct wg_gdb_replayed *r);

#endif

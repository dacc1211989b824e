// A run that is being recorded as what is debugged: it goes forwards.
#ifndef WG_GDB_LIVE_H
#define WG_GDB_LIVE_H

#include "gdb/going.h"
#include "travel/live.h"

struct wg_gdb_live {
  struct wg_gdb_target target;
  struct wg_live *run; // borrowed, halted somewhere
  struct wg_gdb_going going;
  bool stepped; // the next step has been made already
  bool ended;   // its client knows that it has ended
  bool kills;   // its client wants the run to end now
};

void wg_gdb_live_init(struct wg_gdb_live *g, struct wg_live *l);
void wg_gdb_live_release(struct wg_gdb_live *g);

#endif

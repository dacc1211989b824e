// A machine that goes on as gdb's requests want it, whether its run is executed again (replayed.h) or recorded
// (live.h). Private to gdb/.
//
// Ownership: a going owns what its watches saw, wg_gdb_going_release frees it. Errors: those of `run`.
#ifndef WG_GDB_GOING_H
#define WG_GDB_GOING_H

#include "gdb/target.h"

// Bytes of a watch, a part of one page, that are being written.
struct wg_gdb_written {
  size_t watch;
  uint32_t addr, len;
};

struct wg_gdb_going {
  const struct wg_gdb_target *target;
  // wg_travel_run, or wg_live_run, and whether that has given up; of ctx
  int (*run)(void *ctx, const struct wg_travel_hooks *h, const struct wg_position *until, enum wg_halt *why,
             bool *there, struct wg_err *err);
  bool (*gave_up)(void *ctx);
  void *ctx;
  uint32_t tid;  // who stopped last, as gdb knows it
  uint64_t skip; // instructions before the one whose access is not told of, or UINT64_MAX
  // while it goes on
  const struct wg_gdb_request *request;
  bool broke, touched;   // what the latest halt was for
  bool ended;            // the thread that is to step
  struct wg_here behind; // where it has stopped going back, right behind an access; or WG_HALT_NONE
  bool pending;          // an access whose end is not there yet
  uint32_t break_tid, access_tid;
  bool by_instruction;
  struct wg_machine_where before; // the access
  size_t watch;                   // the first that has to be told of
  struct wg_gdb_written *written; // what may change, and
  size_t nwritten;
  struct wg_buf old; // what it was before, one behind the other
};

// `q` is borrowed while it goes on; the hooks are `g`'s, for `run`.
void wg_gdb_going_begin(struct wg_gdb_going *g, const struct wg_gdb_request *q);
struct wg_travel_hooks wg_gdb_hooks(struct wg_gdb_going *g);
// Carries out a request that does not go back. An access is told of where it has been done.
int wg_gdb_forwards(struct wg_gdb_going *g, struct wg_gdb_stop *out, struct wg_err *err);
void wg_gdb_halted(const struct wg_gdb_going *g, bool gave_up, struct wg_gdb_stop *out); // why it did, by the hooks
void wg_gdb_going_place(struct wg_gdb_going *g, struct wg_gdb_stop *stop); // gives a stop a thread that there is
void wg_gdb_going_release(struct wg_gdb_going *g);

#endif

// Where a machine that executes on a thread of its own halts: at a position, or where hooks want it. A run that is
// executed again (travel.c) and one that is being recorded (live.c) halt by the same rules. Private to travel/.
//
// Ownership: all is borrowed but the runner's thread. Errors: WG_INTERNAL where no thread can be had.
#ifndef WG_TRAVEL_HALTS_H
#define WG_TRAVEL_HALTS_H

#include "travel/runner.h"
#include "travel/travel.h"

struct wg_halts {
  struct wg_runner run;
  struct wg_debug debug; // of the machine, once wg_halts_hear was called
  enum wg_halt halt;
  uint32_t event_tid; // of WG_HALT_EVENT: behind which
  uint64_t event_idx; //
  bool there;
  bool halt_next; // at whatever comes,
  bool settles;   // unless it is an access, and its hook does not want that any more
  bool gave_up;
  unsigned unsettled; // accesses that did not halt it
  bool listens;       // to what the hooks want, as the machine knows
  bool has_target;
  struct wg_position target; // where it is going
  const struct wg_travel_hooks *hooks;
  // Asked where it would halt before its target, on its own thread: true goes on. NULL: none does.
  bool (*passes)(void *ctx);
  void *passes_ctx;
};

void wg_halts_init(struct wg_halts *h);
// A machine that has just come to be is heard from now on.
void wg_halts_hear(struct wg_halts *h, struct wg_machine *m);
// What the hooks name is their owner's: it is let go before he gets the run back.
void wg_halts_let_go(struct wg_halts *h);
// Goes on until it halts or ends.
int wg_halts_go(struct wg_halts *h, struct wg_err *err);

// What the machine's observer hears. Each may stand still for long; false: the run is to be given up.
bool wg_halts_event(struct wg_halts *h, const struct wg_event *e);
bool wg_halts_window(struct wg_halts *h); // between turns
bool wg_halts_end(struct wg_halts *h);    // nothing comes behind this
bool wg_halts_stand(struct wg_halts *h, enum wg_halt why, bool there);

#endif

// A machine that executes on a thread of its own and stands still whenever it is told to. Private to travel/.
#ifndef WG_TRAVEL_RUNNER_H
#define WG_TRAVEL_RUNNER_H

#include <pthread.h>
#include <stdbool.h>

#include "emu/machine.h"

struct wg_runner {
  struct wg_machine *m; // that somebody looks at
  enum wg_end (*body)(void *ctx);
  void *ctx;
  pthread_t thread;
  bool begun;
  pthread_mutex_t lock;
  pthread_cond_t turn;
  enum { WG_RUNNER_HALTED, WG_RUNNER_RUNS, WG_RUNNER_DONE } state;
  bool quit; // the run is to be given up
  enum wg_end end;
};

// `body` runs the machine, `m` or one that it makes.
void wg_runner_init(struct wg_runner *r, struct wg_machine *m, enum wg_end (*body)(void *ctx), void *ctx);
// Lets it go on until it halts or has ended. False: no thread can be had.
bool wg_runner_go(struct wg_runner *r);
// From within the run: stands still until wg_runner_go. False: the run is to be given up.
bool wg_runner_halt(struct wg_runner *r);
// Gives the run up, waits for its end, and hands the machine out, which is good for nothing but its end; NULL if there
// is none.
struct wg_machine *wg_runner_end(struct wg_runner *r);

#endif

// What the files that seek, go back and keep checkpoints share of a run that is travelled. Private to travel/.
//
// Ownership: the machine is h's, marks and recall own what they hold, watch and hooks are borrowed. Errors: as travel.h
// says.
#ifndef WG_TRAVEL_INSIDE_H
#define WG_TRAVEL_INSIDE_H

#include "base/buf.h"
#include "checkpoint/checkpoint.h"
#include "replay/live.h"
#include "replay/manifest.h"
#include "travel/halts.h"
#include "travel/recall.h"
#include "travel/travel.h"

struct wg_travel {
  char *dir;
  struct wg_manifest man;
  bool man_read;
  uint64_t recorded; // events, of a run that was killed: it ends where its record does; else UINT64_MAX
  const struct wg_run_watch *watch;
  struct wg_pulse pulse;
  bool interrupted;
  size_t memory;                      // for marks that are not in the file
  struct wg_checkpoints marks;        // those of the file, and those in between that seeks have left
  struct wg_observer observer;        // how every machine is heard
  struct wg_halts h;                  // the machine, and where it halts
  struct wg_buf identity;             // of the run's checkpoints
  uint64_t keeps;                     // the window that a checkpoint is wanted of
  struct wg_travel_hooks asked;       // by seeks: whether to give up
  uint64_t near;                      // instructions: the target is not beyond; 0: nobody knows
  uint64_t last_mark;                 // effort and
  uint64_t last_mark_insn;            // instructions, at the latest mark behind it
  const struct wg_travel_hooks *made; // of a machine that is being made
  struct wg_recall recall;            // of the interval that was gone back in last
};

// A machine at that mark; SIZE_MAX: at the run's start.
int wg_travel_begin(struct wg_travel *t, size_t at, struct wg_err *err);
// As wg_travel_run, but the machine goes on hearing what the hooks want, until wg_halts_let_go.
int wg_travel_go_on(struct wg_travel *t, const struct wg_travel_hooks *h, const struct wg_position *until,
                    enum wg_halt *why, bool *there, struct wg_err *err);
// How far each thread is; free it.
struct wg_machine_thread *wg_travel_threads(const struct wg_travel *t, size_t *n, uint32_t *last_tid);
int wg_travel_interrupted(struct wg_err *err); // says that somebody gave up

#endif

// A recorded run that can be looked at anywhere: it is executed again, from the nearest checkpoint on, and halts
// exactly where it is told to.
//
// The machine executes on a thread of its own, one of the two at a time: while it is halted, its state may be read
// (emu/machine.h, and what looks at machines), perhaps in the midst of a turn or of a kernel call, and nothing of it
// may be changed. What a hook is given is good for the length of the call.
//
// Ownership: the travel owns its machine, which another seek may replace. Errors: WG_INPUT with a message (the run, a
// position that does not exist, a damaged checkpoint); after one the machine may be anywhere, or NULL.
#ifndef WG_TRAVEL_H
#define WG_TRAVEL_H

#include "emu/machine.h"
#include "emu/mem/watch.h"
#include "replay/run.h"
#include "travel/position.h"

struct wg_travel;

// The run in `dir` (docs/design.md#runs). `overrides`: wg_manifest_read. `watch`, or NULL, is told of progress, may
// end a seek, and is told of checkpoints that are not used: damaged ones, for which the one before or the start is
// gone on from, and a file of another run or version.
#define WG_TRAVEL_ANEW "wedge replay --checkpoints makes them anew"
#define WG_TRAVEL_WITHOUT "the run is executed from its start; " WG_TRAVEL_ANEW
int wg_travel_open(struct wg_travel **out, const char *dir, const struct wg_config *overrides,
                   const struct wg_run_watch *watch, struct wg_err *err);
void wg_travel_close(struct wg_travel *t);

enum wg_halt {
  WG_HALT_NONE,        // nothing has been executed yet
  WG_HALT_WINDOW,      // between turns
  WG_HALT_INSTRUCTION, // before an instruction, of the context whose turn it is
  WG_HALT_RETURNED,    // what the kernel has called has returned, and nothing has come of it yet
  WG_HALT_EVENT,       // behind the emission of an event, mostly within a kernel call
  WG_HALT_END,         // of the run
};
struct wg_here {
  struct wg_machine_where at;
  enum wg_halt halt;
};

// Halts at the position; WG_INPUT if the run never comes there.
int wg_travel_seek(struct wg_travel *t, const struct wg_position *p, struct wg_err *err);
// Halts at `from`, once it has been at `to` (NULL: the run's end), which must not lie before it.
int wg_travel_window(struct wg_travel *t, const struct wg_position *from, const struct wg_position *to,
                     struct wg_err *err);
struct wg_travel_hooks;
// Stands at checkpoint `i` (SIZE_MAX: at the start), or an earlier one where that is damaged, and nothing has been
// executed since. `made`, or NULL: its
// `event` hears what a run emits before its first instruction; only at the start.
int wg_travel_enter(struct wg_travel *t, size_t i, const struct wg_travel_hooks *made, struct wg_err *err);
// NULL before the first seek.
struct wg_machine *wg_travel_machine(const struct wg_travel *t);
void wg_travel_here(const struct wg_travel *t, struct wg_here *out);
// How the run ended, if it is halted at its end.
enum wg_end wg_travel_end(const struct wg_travel *t);

// What is heard of while it goes on; each may be NULL. True halts there: behind an event, before an instruction, behind
// the instruction that accessed something (or, where it was no instruction, at what comes next).
struct wg_travel_hooks {
  bool (*event)(void *ctx, const struct wg_event *e);
  bool (*branches)(void *ctx, const struct wg_branch_packet *p);     // as recorded; its result counts for nothing
  bool (*step)(void *ctx, uint32_t tid, const struct wg_cpu *c);     // before each instruction: slow
  bool (*at_break)(void *ctx, uint32_t tid, const struct wg_cpu *c); // before those at `pcs`
  bool returns;                                                      // where it returns to the kernel, too
  bool (*access)(void *ctx, uint32_t tid, const struct wg_cpu *c, const struct wg_mem_access *a); // wg_debug
  // Asked where an access would halt: behind its instruction, or before the next one or between turns where it was
  // none. False goes on.
  bool (*accessed)(void *ctx);
  // Asked where a run goes back from a moment at which it would halt: true counts it as one before. NULL: none does.
  bool (*here_too)(void *ctx);
  // Asked between turns, and now and then where accesses do not halt: true halts there, and wg_travel_gave_up says so.
  bool (*give_up)(void *ctx);
  // What halts is told by pcs and watches alone: where it halted once it does so again.
  bool steady;
  const uint32_t *pcs; // ascending
  size_t npcs;
  const struct wg_mem_watch *watches;
  size_t nwatches;
  void *ctx;
};
// Goes on from where it is, to `until` (NULL: the run's end) at most. *why: how it halted; *there: at `until`, or at
// the end. Hooks may be NULL.
int wg_travel_run(struct wg_travel *t, const struct wg_travel_hooks *h, const struct wg_position *until,
                  enum wg_halt *why, bool *there, struct wg_err *err);
// Back to the last moment before here at which `h` would have halted a run. *found: there is one, and it is halted
// there; else it is back where it was, or where it gave up.
int wg_travel_back(struct wg_travel *t, const struct wg_travel_hooks *h, bool *found, struct wg_err *err);
// Asked between turns by all that goes to a known place (seeks, steps back, what keeps a checkpoint), until somebody
// else is set, or NULL: true ends it with WG_INPUT.
void wg_travel_ask(struct wg_travel *t, bool (*give_up)(void *ctx), void *ctx);
// Whether the latest of all these ended since a give_up wanted that.
bool wg_travel_gave_up(const struct wg_travel *t);
// Back to a moment that wg_travel_here has told; nobody is asked.
int wg_travel_return(struct wg_travel *t, const struct wg_here *here, struct wg_err *err);

// Before the last instruction of the context whose turn it is (or, between turns, of whichever executed last). *found:
// there is one. The next of these is quick: checkpoints close by are left on the way.
int wg_travel_step_back(struct wg_travel *t, bool *found, struct wg_err *err);
// The same of thread `tid`.
int wg_travel_step_thread_back(struct wg_travel *t, uint32_t tid, bool *found, struct wg_err *err);

// Keeps a checkpoint of where it is in the run's file, or in a new one, and stays where it is. Checkpoints are of
// moments between turns: `out` is the last one before here.
int wg_travel_keep(struct wg_travel *t, struct wg_machine_where *out, struct wg_err *err);

// At most so many bytes of checkpoints that are not in the run's file; WG_TRAVEL_MEMORY at first. They are thinned out
// far from where the run is.
#define WG_TRAVEL_MEMORY (256u << 20)
void wg_travel_bound(struct wg_travel *t, size_t bytes);

// The checkpoints that are known, by their order: for tools that report or choose them.
size_t wg_travel_checkpoints(const struct wg_travel *t);
void wg_travel_checkpoint(const struct wg_travel *t, size_t i, struct wg_machine_where *out);

#endif

// Runs on disk (docs/design.md#runs): recording one, its manifest, and replaying it event by event.
#ifndef WG_REPLAY_RUN_H
#define WG_REPLAY_RUN_H

#include "base/confine.h"
#include "base/err.h"
#include "emu/machine.h"
#include "replay/fork.h"

struct wg_run_result {
  enum wg_end end;
  uint64_t events, virtual_ns, instructions, frames, windows, state_hash;
  const char *within;                          // an interruption came in the midst of that call; or NULL
  size_t odd_names;                            // of host files, that no guest can have
  char sha256[65];                             // of the trace before its footer
  char branches_sha256[65];                    // of the record of branches, or ""
  struct wg_buf report, unimplemented, limits; // the last: bounds that the run has met, a line each
  struct wg_buf unkept;                        // why its checkpoints end before it does; or empty
};

// How far a run is: the ends are 0 where nobody can know.
struct wg_run_progress {
  uint64_t events, of_events, virtual_ns, of_ns;
};

// What its caller does while a run goes on; each may be NULL.
struct wg_run_watch {
  void (*progress)(void *ctx, const struct wg_run_progress *p); // a few times a second
  bool (*go_on)(void);                                          // asked often: false ends the run in order
  void *ctx;
  void (*note)(const char *words); // of what is done without, since it is damaged; or NULL
};

void wg_run_result_release(struct wg_run_result *r);

// Who hears of a run besides its record, on the thread that records. Each may take its time; all may be NULL.
struct wg_record_listener {
  void (*begun)(void *ctx, struct wg_machine *m);     // it is made, and has executed nothing
  void (*event)(void *ctx, const struct wg_event *e); // once it is recorded
  bool (*go_on)(void *ctx, bool within_call);         // as of an observer: false ends the run in order
  void (*over)(void *ctx, enum wg_end end);           // it has ended; its machine is still there
  void *ctx;
};

// A file of a run's folder has this name, beside its input scripts.
bool wg_run_is_file(const char *name);

struct wg_record_options {
  const char *dir;                 // the run's folder, which must not hold a run yet
  const char *scripts[WG_SCRIPTS]; // the input scripts that cfg->inputs came from, kept by the run; or NULL
  // Where cfg's forks came from, the latest last. Up to that one every event must be as the run `prefix` has it, a
  // folder, or NULL.
  const struct wg_run_origin *origins;
  const char *prefix;
  bool branches;    // record every branch too
  bool checkpoints; // keep the state now and then (checkpoint/checkpoint.h)
  uint64_t spacing; // effort between two of them; 0: WG_CHECKPOINT_EFFORT
  struct wg_run_watch watch;
  struct wg_record_listener heard_by;
  // The run's files are made, the title is not read yet: what the process gives up now; or NULL.
  struct wg_confined (*ready)(void *ctx);
  void *ready_ctx;
};
// A guest that wedges or faults is a result, not an error, and so is an end by watch.go_on. The manifest is there
// before the guest runs, with `result: null`, and is brought up to date each second. An error before the guest runs
// leaves nothing behind; one while it runs leaves what was written.
int wg_run_record(const struct wg_config *cfg, const struct wg_record_options *o, struct wg_run_result *out,
                  struct wg_err *err);
// Runs without recording anything.
int wg_run_untraced(const struct wg_config *cfg, const struct wg_run_watch *watch, struct wg_run_result *out,
                    struct wg_err *err);

struct wg_replay_result {
  uint64_t events;   // compared and found identical
  uint64_t branches; // so many packets of recorded branches too
  bool mismatch;
  bool unfinished; // the run was killed or its disk was full: compared as far as it goes, `cut` says why
  char cut[512];   //
  uint64_t lacks;  // then: packets of branches up to the last event that the record lacks,
  uint64_t beyond; // and those that it has of what came after it
  struct wg_buf recorded, produced; // the two sides of the first mismatch; "" = the side ended
  uint64_t line;                    // of the trace, or 0: the sides are packets of branches
  struct wg_buf state;              // the machine's threads there
  struct wg_buf altered;            // files of the run, a line each, that are not as they were written
  struct wg_buf unused;             // files of the run that another version of wedge has made, a line each
  size_t kept;                      // checkpoints that were made
  struct wg_run_result run;
};

void wg_replay_result_release(struct wg_replay_result *r);
// Re-executes the run in `dir` and compares every event. WG_INPUT if the title or an input has changed, or if `watch`
// did not let it end.
// `overrides`: wg_manifest_read.
// `jobs`: threads of the host, which share a run that has checkpoints; the verdict is the same. Each needs a machine's
// memory.
int wg_run_replay(const char *dir, const struct wg_config *overrides, unsigned jobs, const struct wg_run_watch *watch,
                  struct wg_replay_result *out, struct wg_err *err);

// The same, and where nothing differs the run has checkpoints, as if they had been recorded: those that it has, if they
// can be used, else new ones in their place.
int wg_run_replay_keeping(const char *dir, const struct wg_config *overrides, unsigned jobs,
                          const struct wg_run_watch *watch, struct wg_replay_result *out, struct wg_err *err);

struct wg_walk_taker;

// Which branches: of thread `tid` (UINT64_MAX: all), retired at a cycle of [from, until).
struct wg_branch_window {
  uint64_t tid, from, until;
};
// Decodes the recorded branches of the run in `dir` against its title's code, in the order of the packets. Rounds that
// come again are told as such if `to` takes them and all branches are asked for.
int wg_run_branches(const char *dir, const struct wg_branch_window *w, const struct wg_walk_taker *to,
                    struct wg_err *err);
// The cycle of an event of a run.
int wg_run_event_cycle(const char *dir, uint64_t tid, uint64_t idx, uint64_t *cycle, struct wg_err *err);

#endif

// Executes a run, or a part of it from one checkpoint to another, and compares what it makes with its record. Private
// to replay/.
//
// Ownership: a verifier owns its readers and its machine; the rest is borrowed. Errors: WG_INPUT with a message.
#ifndef WG_REPLAY_VERIFIER_H
#define WG_REPLAY_VERIFIER_H

#include <stdatomic.h>

#include "checkpoint/checkpoint.h"
#include "replay/keeper.h"
#include "replay/live.h"
#include "replay/manifest.h"
#include "trace/branches.h"
#include "trace/reader.h"

struct wg_verifier {
  const char *dir;
  const struct wg_manifest *man;
  struct wg_replay_result *out;
  const struct wg_run_watch *watch; // or NULL
  struct wg_checkpoints *marks;     // whose states are compared; or NULL
  struct wg_keeper *keeper;         // of checkpoints that the run lacks; or NULL
  const atomic_bool *give_up;       // or NULL
  size_t until;                     // the mark at which it stops; SIZE_MAX: at the run's end
  // what became of it
  bool cut;     // the record ended before the run did
  bool reached; // `until`, all of it the same but perhaps
  size_t odd;   // the mark whose state is another one, or SIZE_MAX
  bool over;    // the run has ended
  bool left;    // who watches has ended it: its packets of branches end here, the record's do not
  // private
  struct wg_observer observer;
  struct wg_machine *machine;
  struct wg_reader *reader;
  const char *next; // line of the trace: read ahead, so that a replay does not wait for an event after the last
  size_t nnext;
  struct wg_buf line;
  struct wg_branches_reader *branches; // or NULL
  uint64_t packets;                    // that have been read of them
  bool out_of_branches;                // their record of an unfinished run ended before its trace
  bool entering;                       // what is heard is no part of it
  size_t mark;                         // the next one
  struct wg_pulse pulse;
};

int wg_verifier_open(struct wg_verifier *v, const char *dir, const struct wg_manifest *man,
                     struct wg_replay_result *out, struct wg_err *err);
void wg_verifier_close(struct wg_verifier *v);
// Begins at the run's start,
int wg_verifier_make(struct wg_verifier *v, struct wg_err *err);
int wg_verifier_again(struct wg_verifier *v, struct wg_err *err); // the same machine, as it was made
// or at a mark, later than where it was before. *there: the record has it.
int wg_verifier_enter(struct wg_verifier *v, size_t mark, bool *there, struct wg_err *err);
int wg_verifier_run(struct wg_verifier *v, struct wg_err *err);

// Intervals of the run between `marks` on several threads of the host, each with a machine and checkpoints of its own.
// *clean: the mark up to which all was the same
// (SIZE_MAX: not even to the first). `out` is complete if *whole: the run is the same up to its end.
int wg_replay_parallel(const char *dir, const struct wg_manifest *man, const struct wg_checkpoints *marks,
                       const char *identity, unsigned jobs, const struct wg_run_watch *watch,
                       struct wg_replay_result *out, size_t *clean, bool *whole, struct wg_err *err);

#endif

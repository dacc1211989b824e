// Checkpoints that a replay makes of a run that has none which can be used. Private to replay/.
//
// They come to lie in a folder of their own within the run's, and take the place of what is there once the whole run
// was found to be its record. What one that was killed has left there goes as the next one begins. Errors: WG_INPUT
// where they cannot be written.
#ifndef WG_REPLAY_KEEPER_H
#define WG_REPLAY_KEEPER_H

#include "base/temporary.h"
#include "checkpoint/checkpoint.h"

struct wg_keeper {
  struct wg_checkpoints marks;
  struct wg_checkpoint_pace pace;
  const char *dir;            // the run's, borrowed
  struct wg_temporary folder; // none: it does not keep
};

// `m` stands at its start. `identity`: wg_checkpoints_identity.
int wg_keeper_begin(struct wg_keeper *k, const char *dir, const char *identity, struct wg_machine *m,
                    struct wg_err *err);
bool wg_keeper_keeps(const struct wg_keeper *k); // it has begun, and is not released
// Between turns; `packets` of branches have been recorded.
void wg_keeper_window(struct wg_keeper *k, struct wg_machine *m, uint64_t packets);
// Keeps the state at the end, too, if `ends` (NULL: it is in the midst of a call, or the record is not whole), and puts
// the file in its place.
int wg_keeper_keep(struct wg_keeper *k, struct wg_machine *ends, uint64_t packets, struct wg_err *err);
// Nothing of what it has made stays but what was put in its place.
void wg_keeper_release(struct wg_keeper *k);

#endif

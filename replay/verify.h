// Every digest of a run, without executing it.
#ifndef WG_REPLAY_VERIFY_H
#define WG_REPLAY_VERIFY_H

#include "base/err.h"
#include "emu/machine.h"

// Called for each file of the run, and (unless only its `own` are wanted) its checkpoints and each that it depends on.
// `words` says what was found: a digest, or what is wrong.
typedef void (*wg_verified)(void *ctx, const char *file, bool ok, const char *words);

// *verified: nothing was wrong. WG_INPUT if there is no manifest that can be understood. `overrides`: wg_manifest_read.
int wg_run_verify(const char *dir, const struct wg_config *overrides, bool own, wg_verified each, void *ctx,
                  bool *verified, struct wg_err *err);

#endif

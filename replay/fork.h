// A run that goes on from another one's position with other options (docs/design.md#forks): its forks as its manifest
// tells them, and its input scripts.
//
// Ownership: strings are borrowed, those that are read live as long as the manifest.
#ifndef WG_REPLAY_FORK_H
#define WG_REPLAY_FORK_H

#include <jansson.h>

#include "emu/machine.h"
#include "replay/manifest_text.h"

#define WG_SCRIPTS (1 + WG_MAX_FORKS) // that of the start, and one for each fork

// Where a fork came from.
struct wg_run_origin {
  const char *run, *position;
  const char *trace_sha256; // of that run's trace, or NULL: it had no end
  bool reached;             // the moment, as the run came there:
  uint64_t instructions, events, virtual_ns;
};

struct wg_run_forks {
  const struct wg_config *cfg; // its forks
  struct wg_run_origin origins[WG_MAX_FORKS];
};

// The file of script i in a run's folder: 0 is that of the start, then those of the forks.
void wg_script_name(size_t i, char out[32]);

// The moment of a fork as the run passes it, between turns.
void wg_forks_reach(struct wg_run_forks *f, const struct wg_machine *m);
// Of the manifest: `forks`, or NULL if there is none.
json_t *wg_forks_json(const struct wg_run_forks *f, const char *dir, struct wg_err *err);
// What `forks` says; scripts[i + 1] is the digest of fork i's script, or NULL. WG_INPUT with what is wrong.
int wg_forks_read(struct wg_manifest_texts *t, const json_t *forks, const char *dir, struct wg_config *cfg,
                  struct wg_run_origin origins[WG_MAX_FORKS], const char *scripts[WG_SCRIPTS], struct wg_err *err);

#endif

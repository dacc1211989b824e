// RUN/manifest.json.
#ifndef WG_REPLAY_MANIFEST_H
#define WG_REPLAY_MANIFEST_H

#include "replay/run.h"

// `r` is NULL as long as the run has no result: `result` is null then. The file is replaced as a whole.
int wg_manifest_write(const char *dir, const struct wg_config *cfg, const struct wg_machine *m,
                      const struct wg_run_result *r, struct wg_err *err);

struct wg_manifest {
  struct wg_config cfg; // strings owned by `root`
  void *root;
  struct wg_input_change *inputs; // what cfg.inputs points at
  bool finished;                  // the run has a result:
  uint64_t events;                // of it, or 0
  uint64_t state_hash;            //
};

// Reads the manifest and checks that the title and every input still have their digests.
int wg_manifest_read(const char *dir, struct wg_manifest *out, struct wg_err *err);
// Checks that what the guest learnt of the mounted folders is still so; `m` has not run yet.
int wg_manifest_check_lookups(const struct wg_manifest *man, const struct wg_machine *m, struct wg_err *err);
void wg_manifest_release(struct wg_manifest *m);

#endif

// RUN/manifest.json (schemas/manifest.schema.json).
#ifndef WG_REPLAY_MANIFEST_H
#define WG_REPLAY_MANIFEST_H

#include "replay/fork.h"
#include "replay/manifest_text.h"
#include "replay/run.h"

#define WG_MANIFEST_SCHEMA 1

// What a manifest is written of.
struct wg_manifest_of {
  const char *dir;
  const struct wg_config *cfg;
  const struct wg_machine *m;
  bool branches; // they are recorded
  struct wg_run_forks forks;
  struct wg_confined confined; // what holds while the title runs
  json_t *content;             // digests of cfg's packages, from one time to the next: NULL at first; json_decref it
};
// `r` is NULL as long as the run has no result: `result` is null then. The file is replaced as a whole.
int wg_manifest_write(struct wg_manifest_of *of, const struct wg_run_result *r, struct wg_err *err);

// A file that a run depends on, and the digest that it had.
struct wg_manifest_file {
  const char *host, *inside; // inside: path below the container that `host` is, or NULL
  const char *sha256;
};

struct wg_manifest {
  struct wg_config cfg; // strings owned by `root` and `texts`
  json_t *root;
  struct wg_manifest_texts texts;
  struct wg_input_change *inputs; // what cfg.inputs points at
  struct wg_manifest_file *files; // the title, its patch, files that were read, packages
  size_t nfiles;
  size_t ninputs;                  // of all scripts
  const char *scripts[WG_SCRIPTS]; // the digests of RUN/inputs.jsonl and its kin, or NULL
  struct wg_run_origin origins[WG_MAX_FORKS];
  bool branches;   // they were recorded
  bool finished;   // the run has a result:
  uint64_t events; // of it, or 0
  uint64_t state_hash;
  uint64_t windows;                           // after which it was interrupted, or 0;
  bool within_call;                           // in the midst of a call of the next one
  const json_t *overlay;                      // what the guest wrote (replay/overlay.h), or NULL
  const char *trace_sha256, *branches_sha256; // or NULL
};

// Checks what a reader must know: the schema, the engine, and that every key is known.
int wg_manifest_check_form(json_t *root, const char *path, struct wg_err *err);
// A run's manifest as it is written. Without one the error says what the folder is instead.
int wg_manifest_text(const char *dir, struct wg_buf *text, struct wg_err *err);
// Reads and understands the manifest: an unknown schema, engine version or key is an error that names it. What
// `overrides` names (title, patch, key_file, content, mounts; or NULL) stands in for the paths recorded, and for the
// files that lay below them.
int wg_manifest_read(const char *dir, const struct wg_config *overrides, struct wg_manifest *out, struct wg_err *err);
// Checks that every input but the title and its update (wg_manifest_make) still has its digest.
int wg_manifest_check_files(const struct wg_manifest *man, const char *dir, struct wg_err *err);
// Makes the run's machine; WG_INPUT if the title or its update is another one than it was.
int wg_manifest_make(const struct wg_manifest *man, const struct wg_observer *observer, struct wg_machine **m,
                     struct wg_err *err);
// The digest that a file has now.
int wg_manifest_digest(const struct wg_manifest_file *f, char out[65], struct wg_err *err);
// Checks that what the guest learnt of the mounted folders is still so; `m` has not run yet.
int wg_manifest_check_lookups(struct wg_manifest *man, const struct wg_machine *m, struct wg_err *err);
void wg_manifest_release(struct wg_manifest *m);

#endif

// Replaying a run: the verdict, and who comes to it.
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/file.h"
#include "replay/verifier.h"
#include "replay/verify.h"

void wg_replay_result_release(struct wg_replay_result *r) {
  wg_buf_release(&r->recorded);
  wg_buf_release(&r->produced);
  wg_buf_release(&r->state);
  wg_buf_release(&r->altered);
  wg_buf_release(&r->unused);
  wg_run_result_release(&r->run);
}

// Where the record ends before the run does: damage, or a run that was killed.
static int ended_early(struct wg_verifier *v, const char *dir, struct wg_err *err) {
  const char *why = wg_reader_damage(v->reader);
  if (why == NULL && v->branches) why = wg_branches_damage(v->branches);
  if (why == NULL) why = v->next ? "the manifest has no result" : "no trace.footer: the run did not end cleanly";
  if (!v->man->finished) {
    struct wg_branch_packet p;
    v->out->unfinished = true;
    snprintf(v->out->cut, sizeof v->out->cut, "%s", why);
    while (v->branches && !v->out_of_branches && wg_branches_next(v->branches, &p)) v->out->beyond++;
    return WG_OK;
  }
  return wg_fail(err, WG_INPUT, "%s: %s (%llu events before that were replayed identically)", dir, why,
                 (unsigned long long)v->out->events);
}

static void note_altered(void *ctx, const char *file, bool ok, const char *words) {
  struct wg_buf *b = ctx;
  if (!ok) wg_buf_printf(b, "%s: %s\n", file, words);
}

// Is the record as it was written? Its digests are taken while the run executes.
struct digests {
  const char *dir;
  pthread_t thread;
  bool begun;
  int code;
  struct wg_buf altered;
  struct wg_err err;
};

static void *take_digests(void *ctx) {
  struct digests *d = ctx;
  bool verified;
  d->code = wg_run_verify(d->dir, NULL, true, note_altered, &d->altered, &verified, &d->err);
  return NULL;
}

static void begin_digests(struct digests *d) {
  d->begun = pthread_create(&d->thread, NULL, take_digests, d) == 0;
  if (!d->begun) take_digests(d);
}

static int end_digests(struct digests *d, const struct wg_verifier *v, int code, struct wg_err *err) {
  if (d->begun) pthread_join(d->thread, NULL);
  if (code == WG_OK && v->man->finished && !v->out->mismatch) {
    wg_buf_add(&v->out->altered, d->altered.data, d->altered.len);
    code = d->code;
    if (code != WG_OK) *err = d->err;
  }
  wg_buf_release(&d->altered);
  return code;
}

// --- checkpoints ------------------------------------------------------------------------------------------

// Those of the run, if it has any that can be used: what is wrong with them is told, and they are left alone.
static int open_marks(struct wg_verifier *v, struct wg_checkpoints *marks, struct wg_buf *identity,
                      struct wg_err *failed) {
  struct wg_err err = {0};
  bool there = false;
  wg_checkpoints_identity(wg_machine_digests(v->machine), &v->man->cfg, identity);
  int code = wg_checkpoints_open(marks, v->dir, identity->data, &there, &err);
  if (code == WG_OK && there) code = wg_checkpoints_check(marks, &err);
  if (code == WG_INTERNAL) {
    *failed = err;
    return code;
  }
  // Those of another version are no less what was recorded, and what is made anew is missed by nobody.
  struct wg_buf *where = marks->other_version || v->keeper ? &v->out->unused : &v->out->altered;
  if (code != WG_OK) wg_buf_printf(where, v->keeper ? "%s" : "%s; " WG_CHECKPOINTS_WITHOUT "\n", err.msg);
  if (code != WG_OK || !there) return WG_OK;
  v->marks = marks;
  wg_machine_track(v->machine);
  return WG_OK;
}

static int keep(struct wg_verifier *v, struct wg_err *err) {
  bool ends = !v->cut && !wg_machine_within(v->machine);
  WG_TRY(wg_keeper_keep(v->keeper, ends ? v->machine : NULL, v->packets, err));
  v->out->kept = v->keeper->marks.n;
  return WG_OK;
}

// Of a run that differs none are kept.
static void tell_replaced(struct wg_replay_result *r) {
  if (r->unused.len) wg_buf_str(&r->unused, r->kept ? "; they have been made anew\n" : "; none take their place\n");
}

static int replay(struct wg_verifier *v, struct wg_manifest *man, unsigned jobs, const struct wg_run_watch *watch,
                  struct wg_err *err) {
  struct wg_checkpoints marks;
  struct wg_buf identity = {0};
  size_t clean = SIZE_MAX;
  bool whole = false, there = true;
  wg_checkpoints_init(&marks);
  v->watch = watch;
  int code = wg_verifier_make(v, err);
  if (code == WG_OK) code = wg_manifest_check_lookups(man, v->machine, err);
  // That one knows folders that the run has not read yet, which its state tells.
  if (code == WG_OK) code = wg_verifier_again(v, err);
  if (code == WG_OK && (man->finished || v->keeper)) code = open_marks(v, &marks, &identity, err);
  if (code == WG_OK && v->keeper && v->marks == NULL && !v->out->mismatch)
    code = wg_keeper_begin(v->keeper, v->dir, identity.data, v->machine, err);
  // The record of a run that was killed may end before its checkpoints do.
  if (code == WG_OK && v->marks && jobs > 1 && man->finished && !v->out->mismatch)
    code = wg_replay_parallel(v->dir, man, &marks, identity.data, jobs, watch, v->out, &clean, &whole, err);
  // What is not the same is found again, in order, from the last state that is proven.
  if (code == WG_OK && !whole && clean != SIZE_MAX) code = wg_verifier_enter(v, clean, &there, err);
  WG_ASSERT(code != WG_OK || there, "what was compared is there");
  if (code == WG_OK && !whole) code = wg_verifier_run(v, err);
  if (code == WG_OK && v->keeper && wg_keeper_keeps(v->keeper) && !v->out->mismatch) code = keep(v, err);
  if (code == WG_OK && v->keeper) tell_replaced(v->out);
  v->marks = NULL;
  wg_checkpoints_release(&marks);
  wg_buf_release(&identity);
  return code;
}

static int replay_run(const char *dir, const struct wg_config *overrides, unsigned jobs,
                      const struct wg_run_watch *watch, struct wg_keeper *keeper, struct wg_replay_result *out,
                      struct wg_err *err) {
  *out = (struct wg_replay_result){0};
  struct wg_manifest man;
  WG_TRY(wg_manifest_read(dir, overrides, &man, err));
  struct wg_verifier v = {.man = &man, .out = out};
  struct digests d = {.dir = dir};
  man.cfg.loading = wg_run_loading(watch);
  int code = wg_manifest_check_files(&man, dir, err);
  if (code == WG_OK) code = wg_verifier_open(&v, dir, &man, out, err);
  v.keeper = keeper;
  if (code == WG_OK) {
    if (man.finished) begin_digests(&d);
    code = replay(&v, &man, jobs, watch, err);
    if (code == WG_OK && v.cut) code = ended_early(&v, dir, err);
    code = end_digests(&d, &v, code, err);
  }
  wg_verifier_close(&v);
  wg_manifest_release(&man);
  if (code != WG_OK) wg_replay_result_release(out);
  return code;
}

int wg_run_replay(const char *dir, const struct wg_config *overrides, unsigned jobs, const struct wg_run_watch *watch,
                  struct wg_replay_result *out, struct wg_err *err) {
  return replay_run(dir, overrides, jobs, watch, NULL, out, err);
}

int wg_run_replay_keeping(const char *dir, const struct wg_config *overrides, unsigned jobs,
                          const struct wg_run_watch *watch, struct wg_replay_result *out, struct wg_err *err) {
  struct wg_keeper keeper = {.dir = dir};
  int code = replay_run(dir, overrides, jobs, watch, &keeper, out, err);
  wg_keeper_release(&keeper);
  return code;
}

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/same_file.h"
#include "checkpoint/checkpoint.h"
#include "replay/live.h"
#include "replay/manifest.h"
#include "replay/prefix.h"
#include "trace/branches.h"
#include "trace/writer.h"

#define LOOK_EVERY 64u // polls, each after 10 microseconds of virtual time

void wg_run_result_release(struct wg_run_result *r) {
  wg_buf_release(&r->report);
  wg_buf_release(&r->unimplemented);
  wg_buf_release(&r->limits);
  wg_buf_release(&r->unkept);
}

void wg_run_fill_result(const struct wg_machine *m, enum wg_end end, struct wg_run_result *out) {
  out->end = end;
  out->virtual_ns = wg_machine_now(m);
  out->instructions = wg_machine_instructions(m);
  out->frames = wg_machine_frames(m);
  out->windows = wg_machine_windows(m);
  out->within = wg_machine_within(m);
  out->odd_names = wg_vfs_odd_names(wg_machine_vfs(m));
  out->state_hash = wg_machine_state_hash(m);
  if (end != WG_END_EXIT) wg_machine_report(m, &out->report);
  wg_machine_unimplemented(m, &out->unimplemented);
}

bool wg_pulse(struct wg_pulse *p, unsigned every_ms) {
  struct timespec t;
  if (++p->polls % LOOK_EVERY) return false;
  clock_gettime(CLOCK_MONOTONIC, &t);
  uint64_t now = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
  if (p->last_ns == 0) p->last_ns = now;
  if (now - p->last_ns < every_ms * 1000000ull) return false;
  p->last_ns = now;
  return true;
}

static bool loads_on(void *ctx) {
  const struct wg_run_watch *w = ctx;
  return w->go_on();
}

struct wg_poll wg_run_loading(const struct wg_run_watch *w) {
  if (w == NULL || w->go_on == NULL) return (struct wg_poll){.go_on = NULL};
  return (struct wg_poll){loads_on, (void *)(uintptr_t)w};
}

struct recorder {
  const struct wg_config *cfg;
  const struct wg_record_options *o;
  struct wg_writer *writer;
  struct wg_branches_writer *branches; // or NULL
  struct wg_machine *machine;
  struct wg_pulse progress, manifest;
  size_t kept; // lookups and files that the manifest has
  struct wg_manifest_of manifest_of;
  struct wg_checkpoints checkpoints;
  struct wg_checkpoint_pace pace;
  struct wg_prefix *prefix; // what it must begin as; or NULL
};

static bool to_writer(void *ctx, const struct wg_event *e) {
  struct recorder *r = ctx;
  const struct wg_record_listener *l = &r->o->heard_by;
  bool on = wg_writer_event(r->writer, e);
  if (r->prefix && !wg_prefix_event(r->prefix, r->machine, e)) on = false;
  if (l->event) l->event(l->ctx, e);
  return on;
}

static void branches_to_writer(void *ctx, const struct wg_branch_packet *p) {
  struct recorder *r = ctx;
  r->checkpoints.packets++;
  wg_branches_write(r->branches, p);
}

static size_t inputs_seen(const struct wg_machine *m) {
  size_t files, lookups;
  wg_machine_inputs(m, &files);
  wg_vfs_seen(wg_machine_vfs(m), &lookups);
  return files + lookups;
}

// What a killed run's manifest has to know: all that the guest has learnt of the host so far. That it cannot be written
// is said at the end.
static void keep_manifest(struct recorder *r) {
  size_t seen = inputs_seen(r->machine);
  struct wg_err unsaid = {0};
  if (seen == r->kept) return;
  r->kept = seen;
  wg_manifest_write(&r->manifest_of, NULL, &unsaid);
}

static void keep_checkpoint(struct recorder *r) {
  if (r->checkpoints.failed.code == 0 && wg_checkpoint_due(&r->pace, r->machine))
    wg_checkpoint_take(&r->checkpoints, r->machine);
}

static bool go_on(void *ctx, bool within_call) {
  struct recorder *r = ctx;
  const struct wg_run_watch *w = &r->o->watch;
  const struct wg_record_listener *l = &r->o->heard_by;
  if (l->go_on && !l->go_on(l->ctx, within_call)) return false;
  if (within_call) return w->go_on == NULL || w->go_on(); // what the call learns is no whole yet
  if (r->cfg->nforks) wg_forks_reach(&r->manifest_of.forks, r->machine);
  if (wg_pulse(&r->manifest, 900)) keep_manifest(r);
  if (r->o->checkpoints) keep_checkpoint(r);
  if (w->progress && wg_pulse(&r->progress, 250))
    w->progress(w->ctx, &(struct wg_run_progress){.events = wg_writer_events(r->writer),
                                                  .virtual_ns = wg_machine_now(r->machine),
                                                  .of_ns = wg_config_behind(r->cfg, r->cfg->nforks).max_ns});
  return w->go_on == NULL || w->go_on();
}

// -- the folder --

static const char *const names[] = {"trace.jsonl.zst", "branches.zst", "manifest.json", WG_CHECKPOINTS};
enum { TRACE, BRANCHES, MANIFEST, CHECKPOINTS, NNAMES = sizeof names / sizeof *names };

bool wg_run_is_file(const char *name) {
  for (size_t i = 0; i < NNAMES; i++)
    if (strcmp(name, names[i]) == 0) return true;
  return false;
}

// Name i of NNAMES + WG_SCRIPTS that a run may have.
static const char *name_of(size_t i, char script[32]) {
  if (i < NNAMES) return names[i];
  wg_script_name(i - NNAMES, script);
  return script;
}

static char *path_in(const char *dir, const char *name) {
  struct wg_buf b = {0};
  wg_buf_printf(&b, "%s/%s", dir, name);
  return b.data;
}

// What was written or made of a run that was here before would be taken for this one's.
static int check_leftovers(const char *dir, struct wg_err *err) {
  static const char *const kept[] = {"overlay", "trace.db"};
  int code = WG_OK;
  for (size_t i = 0; i < sizeof kept / sizeof *kept && code == WG_OK; i++) {
    struct stat st;
    char *path = path_in(dir, kept[i]);
    if (lstat(path, &st) == 0)
      code =
          wg_fail(err, WG_INPUT, "%s holds what another run has left (%s); name another folder with -o", dir, kept[i]);
    free(path);
  }
  return code;
}

// A title would find its own record among its files.
static int check_elsewhere(const char *dir, const char *title, struct wg_err *err) {
  const char *slash = strrchr(title, '/');
  char *own = slash ? wg_xstrndup(title, slash == title ? 1 : (size_t)(slash - title)) : wg_xstrdup(".");
  struct stat a, b;
  bool same = stat(dir, &a) == 0 && stat(own, &b) == 0 && wg_file_same(&a, &b);
  free(own);
  if (!same) return WG_OK;
  return wg_fail(err, WG_INPUT, "%s is the title's own folder, where it would find its record; name another with -o",
                 dir);
}

static int check_free(const char *dir, struct wg_err *err) {
  int code = WG_OK;
  for (size_t i = 0; i < NNAMES + WG_SCRIPTS && code == WG_OK; i++) {
    char script[32];
    const char *name = name_of(i, script);
    char *path = path_in(dir, name);
    if (wg_file_exists(path))
      code = wg_fail(err, WG_INPUT, "%s already holds a run (%s); name another folder with -o", dir, name);
    free(path);
  }
  return code == WG_OK ? check_leftovers(dir, err) : code;
}

// The run keeps its scripts, so that it replays without the user's files.
static int keep_scripts(const struct wg_record_options *o, struct wg_err *err) {
  int code = WG_OK;
  for (size_t i = 0; i < WG_SCRIPTS && code == WG_OK; i++) {
    struct wg_buf text = {0};
    char name[32];
    if (o->scripts[i] == NULL) continue;
    wg_script_name(i, name);
    char *path = path_in(o->dir, name);
    code = wg_file_read(o->scripts[i], 64u << 20, &text, err);
    if (code == WG_OK) code = wg_file_write(path, text.len ? text.data : "", text.len, err);
    wg_buf_release(&text);
    free(path);
  }
  return code;
}

// The trace comes first: it is made if nobody else has made it, so of two recordings into one folder one begins.
static int make_files(struct recorder *r, bool *ours, struct wg_err *err) {
  const struct wg_record_options *o = r->o;
  char *trace = path_in(o->dir, names[TRACE]), *branches = path_in(o->dir, names[BRANCHES]);
  int code = wg_writer_create(&r->writer, trace, err);
  *ours = code == WG_OK;
  if (code == WG_OK && o->branches) code = wg_branches_create(&r->branches, branches, err);
  if (code == WG_OK) code = keep_scripts(o, err);
  free(trace);
  free(branches);
  return code;
}

// After an error: whether anything of the trace is there, without which nobody can use the rest.
static bool has_trace(const char *dir) {
  char *trace = path_in(dir, names[TRACE]);
  bool is = wg_file_exists(trace);
  free(trace);
  return is;
}

static void remove_files(const char *dir, bool folder) {
  for (size_t i = 0; i < NNAMES + WG_SCRIPTS; i++) {
    char script[32];
    char *path = path_in(dir, name_of(i, script));
    unlink(path);
    free(path);
  }
  if (folder) rmdir(dir);
}

// -- the run --

static int finish_files(struct recorder *r, const char *reason, struct wg_run_result *out, struct wg_err *err) {
  int code = r->writer ? wg_writer_finish(r->writer, reason, out->sha256, &out->events, err) : WG_OK;
  if (r->branches) {
    int rc = wg_branches_finish(r->branches, out->branches_sha256, code == WG_OK ? err : NULL);
    if (code == WG_OK) code = rc;
  }
  r->writer = NULL;
  r->branches = NULL;
  // The run is whole without them.
  struct wg_err unkept = {0};
  if (wg_checkpoints_finish(&r->checkpoints, &unkept) != WG_OK) wg_buf_str(&out->unkept, unkept.msg);
  return code;
}

static int run(struct recorder *r, struct wg_run_result *out, struct wg_err *err) {
  const char *dir = r->o->dir;
  const struct wg_record_listener *l = &r->o->heard_by;
  if (l->begun) l->begun(l->ctx, r->machine);
  enum wg_end end = wg_machine_run(r->machine);
  if (l->over) l->over(l->ctx, end);
  wg_run_fill_result(r->machine, end, out);
  // The end is where people look first.
  if (r->o->checkpoints && !wg_machine_within(r->machine)) wg_checkpoint_take(&r->checkpoints, r->machine);
  wg_writer_ends(r->writer, wg_machine_now(r->machine));
  int code = finish_files(r, wg_end_name(out->end), out, err);
  if (code == WG_OK && r->prefix) code = wg_prefix_check(r->prefix, err);
  if (code != WG_OK) return code; // the manifest goes on to say that the run has no result
  code = wg_manifest_write(&r->manifest_of, out, err);
  char *overlay = path_in(dir, "overlay");
  int rc = wg_machine_save_overlay(r->machine, overlay, err);
  free(overlay);
  wg_machine_limits(r->machine, &out->limits); // what could not be saved is one of them
  return code == WG_OK ? rc : code;
}

static int begin_checkpoints(struct recorder *r, struct wg_err *err) {
  struct wg_buf identity = {0};
  wg_machine_track(r->machine);
  wg_checkpoints_identity(wg_machine_digests(r->machine), r->cfg, &identity);
  int code = wg_checkpoints_create(&r->checkpoints, r->o->dir, identity.data, err);
  wg_buf_release(&identity);
  wg_checkpoint_pace(&r->pace, r->o->spacing ? r->o->spacing : WG_CHECKPOINT_EFFORT);
  return code;
}

// The title is read while somebody may end that.
static int make_machine(struct wg_machine **m, const struct wg_config *cfg, const struct wg_observer *o,
                        const struct wg_run_watch *w, struct wg_err *err) {
  struct wg_config watched = *cfg;
  watched.loading = wg_run_loading(w);
  return wg_machine_create(m, &watched, o, err);
}

static uint64_t any_window(void *ctx) {
  (void)ctx;
  return UINT64_MAX;
}

static int start(struct recorder *r, struct wg_err *err) {
  struct wg_observer obs = {
      .event = to_writer, .branches = r->branches ? branches_to_writer : NULL, .go_on = go_on, .ctx = r};
  // Others that listen, and forks, are about single windows.
  if (r->o->heard_by.go_on == NULL && r->cfg->nforks == 0) obs.windows = any_window;
  WG_TRY(make_machine(&r->machine, r->cfg, &obs, &r->o->watch, err));
  r->kept = inputs_seen(r->machine);
  wg_forks_reach(&r->manifest_of.forks, r->machine);
  r->manifest_of.m = r->machine;
  if (r->o->checkpoints) WG_TRY(begin_checkpoints(r, err));
  return wg_manifest_write(&r->manifest_of, NULL, err);
}

int wg_run_record(const struct wg_config *cfg, const struct wg_record_options *o, struct wg_run_result *out,
                  struct wg_err *err) {
  *out = (struct wg_run_result){0};
  struct recorder r = {
      .cfg = cfg, .o = o, .manifest_of = {.dir = o->dir, .cfg = cfg, .branches = o->branches, .forks = {.cfg = cfg}}};
  for (size_t i = 0; i < cfg->nforks; i++) r.manifest_of.forks.origins[i] = o->origins[i];
  struct stat st;
  wg_checkpoints_init(&r.checkpoints);
  if (!wg_file_exists(cfg->title)) return wg_fail(err, WG_INPUT, "%s: no such file", cfg->title);
  WG_TRY(check_free(o->dir, err));
  WG_TRY(check_elsewhere(o->dir, cfg->title, err));
  bool folder = stat(o->dir, &st) != 0, ours = false;
  WG_TRY(wg_mkdir_p(o->dir, err));
  int code = make_files(&r, &ours, err);
  if (code == WG_OK && o->prefix) code = wg_prefix_open(&r.prefix, o->prefix, cfg->forks[cfg->nforks - 1].windows, err);
  if (code == WG_OK && o->ready) r.manifest_of.confined = o->ready(o->ready_ctx);
  if (code == WG_OK) code = start(&r, err);
  if (code == WG_OK) {
    code = run(&r, out, err);
    if (code != WG_OK && !has_trace(o->dir)) remove_files(o->dir, folder);
  } else {
    finish_files(&r, "error", out, &(struct wg_err){0});
    if (ours) remove_files(o->dir, folder);
  }
  wg_machine_free(r.machine);
  wg_checkpoints_release(&r.checkpoints);
  wg_prefix_close(r.prefix);
  json_decref(r.manifest_of.content);
  if (code != WG_OK) wg_run_result_release(out);
  return code;
}

struct untraced {
  uint64_t *events;
  const struct wg_run_watch *watch;
};

static bool count_only(void *ctx, const struct wg_event *e) {
  const struct untraced *u = ctx;
  ++*u->events;
  (void)e;
  return true;
}

static bool go_on_untraced(void *ctx, bool within_call) {
  (void)within_call;
  const struct untraced *u = ctx;
  return u->watch == NULL || u->watch->go_on == NULL || u->watch->go_on();
}

int wg_run_untraced(const struct wg_config *cfg, const struct wg_run_watch *watch, struct wg_run_result *out,
                    struct wg_err *err) {
  *out = (struct wg_run_result){0};
  struct untraced u = {&out->events, watch};
  struct wg_observer obs = {.event = count_only, .go_on = go_on_untraced, .windows = any_window, .ctx = &u};
  struct wg_machine *m = NULL;
  WG_TRY(make_machine(&m, cfg, &obs, watch, err));
  wg_run_fill_result(m, wg_machine_run(m), out);
  wg_machine_limits(m, &out->limits);
  wg_machine_free(m);
  return WG_OK;
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "emu/jit/jit.h"
#include "emu/vfs/image.h"
#include "replay/inputs.h"
#include "replay/lockstep.h"
#include "replay/run.h"
#include "travel/from.h"

static void print_json(const struct wg_run_result *r, const char *dir) {
  struct wg_buf b = {0};
  wg_buf_char(&b, '{');
  if (dir) wg_json_str(&b, "run", dir);
  wg_json_str(&b, "end", wg_end_name(r->end));
  wg_json_u64(&b, "events", r->events);
  wg_json_u64(&b, "virtual_ns", r->virtual_ns);
  wg_json_u64(&b, "instructions", r->instructions);
  wg_json_u64(&b, "frames", r->frames);
  wg_json_str(&b, "trace_sha256", r->sha256);
  wg_json_str(&b, "limits", r->limits.len ? r->limits.data : "");
  wg_json_str(&b, "checkpoints_end", r->unkept.len ? r->unkept.data : "");
  wg_json_str(&b, "report", r->report.data ? r->report.data : "");
  wg_buf_str(&b, "}\n");
  wg_cli_print(&b);
  wg_buf_release(&b);
}

static void print_text(const struct wg_run_result *r, const char *dir) {
  wg_cli_printf("%s: %llu events, %llu instructions, %.6f s of virtual time, %llu frames\n", wg_end_name(r->end),
                (unsigned long long)r->events, (unsigned long long)r->instructions, (double)r->virtual_ns / 1e9,
                (unsigned long long)r->frames);
  if (r->odd_names)
    wg_cli_note(
        "warning: %zu files and folders are not there for the title: it cannot have names with other characters "
        "than printable ASCII, or with one of \\:*?\"<>|",
        r->odd_names);
  if (r->unimplemented.len)
    wg_cli_note("warning: calls to exports that are not implemented:\n%.*s", (int)r->unimplemented.len - 1,
                r->unimplemented.data);
  if (r->limits.len)
    wg_cli_note("warning: the title has met bounds (docs/limits.md):\n%.*s", (int)r->limits.len - 1, r->limits.data);
  if (r->unkept.len)
    wg_cli_note("warning: no further checkpoints were kept, though the run is whole: %s", r->unkept.data);
  if (dir) wg_cli_printf("recorded in %s, trace sha256 %s\n", dir, r->sha256);
  if (r->end != WG_END_LIMIT) wg_cli_print(&r->report);
}

static void default_dir(const char *title, struct wg_buf *out) {
  const char *slash = strrchr(title, '/'), *name = slash ? slash + 1 : title;
  wg_buf_printf(out, "%.*s.run", (int)strcspn(name, "."), name);
}

struct confinement {
  const struct wg_config *cfg;
  const char *dir;
  const struct wg_cli_kept *kept;
  bool accepts, verbose;
};

static struct wg_confined confine(void *ctx) {
  const struct confinement *c = ctx;
  return wg_cli_confine(c->cfg, c->dir, wg_cli_kept_folder(c->kept), c->accepts, c->verbose);
}

#define UNSAID UINT64_MAX

// `want`: what was asked for, or UNSAID.
static int go_on_from(struct wg_from *f, const char *from, const struct wg_from_change *change,
                      const struct wg_config_fork *want, const char *inputs, const struct wg_run_watch *watch,
                      struct wg_err *err) {
  const char *sep = strrchr(from, '@');
  if (sep == NULL || sep == from)
    return wg_fail(err, WG_INPUT, "--from: expected RUN@POSITION, as in run@time=1.5s, not '%s'", from);
  char *run = wg_xstrndup(from, (size_t)(sep - from));
  int code = wg_from_open(f, run, sep + 1, change, watch, err);
  free(run);
  if (code != WG_OK) return code;
  struct wg_config_fork *fork = &f->cfg.forks[f->cfg.nforks - 1];
  if (want->max_ns != UNSAID) fork->max_ns = want->max_ns;
  if (want->max_frames != UNSAID) fork->max_frames = want->max_frames;
  if (want->sched_seed != UNSAID) fork->sched_seed = want->sched_seed;
  fork->strict |= want->strict;
  WG_TRY(wg_from_check(f, err));
  return inputs ? wg_from_script(f, inputs, err) : WG_OK;
}

// An option that is for a run from its start, and why, if not because it decides what a run does from there on.
struct past {
  const char *name;
  bool given;
  const char *why;
};

static int check_past(const struct wg_command *cmd, const struct past *past, size_t n, const char *out) {
  for (size_t i = 0; i < n; i++)
    if (past[i].given)
      return wg_cli_usage(cmd, "--from: --%s is not for a run that goes on: %s", past[i].name,
                          past[i].why ? past[i].why : "its past depends on it");
  return out ? WG_OK : wg_cli_usage(cmd, "--from: name the new run with -o");
}

static int check_gdb(const struct wg_command *cmd, const struct wg_opt_maybe *gdb, bool no_trace,
                     struct wg_cli_live *live) {
  if (gdb->n > UINT16_MAX) return wg_cli_usage(cmd, "--gdb: there are ports up to 65535");
  if (!gdb->given && (live->listen || live->map))
    return wg_cli_usage(cmd, "%s is for --gdb", live->listen ? "--gdb-listen" : "--map");
  if (gdb->given && no_trace) return wg_cli_usage(cmd, "--gdb debugs what is recorded: leave --no-trace out");
  live->port = (uint16_t)gdb->n;
  return WG_OK;
}

static int check_jit(const struct wg_command *cmd, const char *how, const char *cache, bool alone) {
  bool check = how && strcmp(how, "check") == 0;
  if (how == NULL && cache) return wg_cli_usage(cmd, "--jit-cache is for --jit");
  if (how && *how && !check && strcmp(how, "on") != 0 && strcmp(how, "now") != 0)
    return wg_cli_usage(cmd, "--jit=%s: expected on, check or now", how);
  if (check && alone) return wg_cli_usage(cmd, "--jit=check compares what is recorded: leave --gdb and --no-trace out");
  return WG_OK;
}

// `dir` is NULL where nothing was recorded.
static int tell_result(struct wg_run_result *r, const char *dir, bool json) {
  if (r->end == WG_END_INTERRUPTED)
    wg_cli_note("%s: the run ends here, in order%s", wg_cli_signal() ? wg_cli_signal() : "gdb",
                dir ? "; it can be looked at, compared and replayed" : "");
  if (json)
    print_json(r, dir);
  else
    print_text(r, dir);
  int code = r->end == WG_END_UNIMPLEMENTED ? WG_DIFFERS : WG_OK;
  wg_run_result_release(r);
  return code;
}

// `how`: of --jit. Before the process is confined. What is there to test compiling compiles all, unless told otherwise.
static int open_compiler(struct wg_config *cfg, const char *how, struct wg_cli_kept *kept, struct wg_err *err) {
  const struct wg_jit_library *library;
  cfg->jit = strcmp(how, "now") == 0 ? WG_JIT_AT_ONCE : WG_JIT_ON;
  WG_TRY(wg_jit_open(&library, err));
  if (cfg->jit == WG_JIT_AT_ONCE && kept->where == NULL) return WG_OK;
  cfg->jit_keeper = (struct wg_jit_keeper){wg_cli_kept_of, kept};
  wg_cli_kept_of(kept, cfg->title);
  return WG_OK;
}

static int record_checked(const struct wg_config *cfg, struct wg_record_options *o, struct wg_run_result *r,
                          struct wg_err *err) {
  struct wg_lockstep *l = wg_lockstep_create(cfg);
  o->heard_by = wg_lockstep_listener(l);
  int code = wg_run_record(cfg, o, r, err);
  const char *difference = wg_lockstep_difference(l);
  if (code == WG_OK && difference) {
    wg_cli_note("--jit=check: %s", difference);
    code = wg_fail(err, WG_DIFFERS, "compiled code did what the interpreter does not: please report it with the title");
    wg_run_result_release(r);
  } else if (code == WG_OK) {
    wg_cli_note("--jit=check: %llu turns compared, no difference", (unsigned long long)wg_lockstep_turns(l));
  }
  wg_lockstep_free(l);
  return code;
}

// How a run is executed: alone, beside another, or with somebody who debugs it.
struct way {
  bool untraced, checked;
  const struct wg_cli_live *live; // or NULL
};
static int execute(const struct wg_config *cfg, struct wg_record_options *o, const struct way *way,
                   struct wg_run_result *r, struct wg_err *err) {
  if (way->untraced) return wg_run_untraced(cfg, &o->watch, r, err);
  if (way->live) return wg_cli_record_live(cfg, o, way->live, r, err);
  return way->checked ? record_checked(cfg, o, r, err) : wg_run_record(cfg, o, r, err);
}

static void mount(struct wg_config *cfg, const char *const hosts[3]) {
  static const char *const links[3] = {"cache:", "cache0:", "cache1:"};
  for (int i = 0; i < 3; i++)
    if (hosts[i]) cfg->mounts[cfg->nmounts++] = (struct wg_mount){links[i], hosts[i]};
}

static void folder(const char *out, const char *title, struct wg_buf *dir) {
  if (out)
    wg_buf_str(dir, out);
  else
    default_dir(title, dir);
}

// What was asked for.
struct asked {
  const char *title; // NULL with --from
  const char *out, *cache, *cache0, *cache1, *keys, *args_text, *patch, *content, *inputs, *from, *call, *jit;
  uint64_t max_ns, frames, seed, date, rv;
  bool strict, each, json, no_trace, no_branches, checkpoints, unconfined, verbose, every;
  struct wg_cli_live live;
  struct wg_cli_kept kept;
  struct wg_opt_maybe gdb;
};

static int check(const struct wg_command *cmd, const struct wg_args *args, struct asked *a) {
  const struct past past[] = {
      {"cache", a->cache, NULL},
      {"cache0", a->cache0, NULL},
      {"cache1", a->cache1, NULL},
      {"keys", a->keys, NULL},
      {"patch", a->patch, NULL},
      {"content", a->content, NULL},
      {"args", a->args_text, NULL},
      {"date", a->date != UNSAID, NULL},
      {"gdb", a->gdb.given, "it stops at a title's start; wedge gdb RUN goes to any moment of a run"},
      {"no-trace", a->no_trace, "it is recorded, as it was up to there"}};
  if (args->n != (a->from ? 0 : 1))
    return wg_cli_usage(cmd, a->from ? "--from: the title is the run's: leave TITLE out" : "expected one TITLE, got %d",
                        args->n);
  if (a->rv != UNSAID && (a->from == NULL || a->rv > UINT32_MAX))
    return wg_cli_usage(cmd, a->from ? "--return: a call returns 32 bits" : "--return is for --from");
  if (a->call && (a->from == NULL || a->rv != UNSAID))
    return wg_cli_usage(cmd, a->from ? "--call and --return: one at a time; go on from the first run for the second"
                                     : "--call is for --from");
  if (a->each && a->rv == UNSAID) return wg_cli_usage(cmd, "--each is for --return");
  if (a->from) WG_TRY(check_past(cmd, past, sizeof past / sizeof *past, a->out));
  if (a->frames == 0) return wg_cli_usage(cmd, "--frames: the first VdSwap is number 1");
  a->title = a->from ? NULL : args->v[0];
  a->live.to_stderr = a->json;
  WG_TRY(check_gdb(cmd, &a->gdb, a->no_trace, &a->live));
  return check_jit(cmd, a->jit, a->kept.where, a->gdb.given || a->no_trace);
}

// Negative: help was asked for, and is given.
static int read_options(const struct wg_command *cmd, int argc, char **argv, struct asked *a) {
  const struct wg_opt opts[] = {
      {"output", 'o', WG_OPT_STR, &a->out, "RUN", "folder of the run (default: the title's name + .run)"},
      {"seconds", 's', WG_OPT_SECONDS, &a->max_ns, "N",
       "stop after N seconds of virtual time (60; 0.05 is one, too; 0 = never)"},
      {"frames", 0, WG_OPT_NUM, &a->frames, "N", "stop at the Nth VdSwap"},
      {"cache", 0, WG_OPT_STR, &a->cache, "DIR", "initial content of cache:"},
      {"cache0", 0, WG_OPT_STR, &a->cache0, "DIR", "initial content of cache0:"},
      {"cache1", 0, WG_OPT_STR, &a->cache1, "DIR", "initial content of cache1:"},
      {"keys", 0, WG_OPT_STR, &a->keys, "FILE", "further AES keys, 32 hexadecimal digits a line"},
      {"patch", 0, WG_OPT_STR, &a->patch, "FILE",
       "the title's update: a delta patch (.xexp), or a package that holds one"},
      {"content", 0, WG_OPT_STR, &a->content, "DIR", "packages that the title may list and open (downloaded content)"},
      {"inputs", 0, WG_OPT_STR, &a->inputs, "FILE",
       "input script: controllers, users, dialogs (schemas/inputs.schema.json)"},
      {"args", 0, WG_OPT_TEXT, &a->args_text, "TEXT", "the title's command line"},
      {"date", 0, WG_OPT_NUM, &a->date, "T", "guest wall clock at start, seconds since 1970 (2005-11-22)"},
      {"sched-seed", 0, WG_OPT_NUM, &a->seed, "N", "perturb the schedule, deterministically"},
      {"strict", 0, WG_OPT_FLAG, &a->strict, NULL, "stop at a call to an export that is not implemented"},
      {"checkpoints", 0, WG_OPT_FLAG, &a->checkpoints, NULL,
       "keep the state now and then, so that at, gdb, probe and replay --to come anywhere at once"},
      {"no-branches", 0, WG_OPT_FLAG, &a->no_branches, NULL, "do not record branches"},
      {"gdb", 0, WG_OPT_MAYBE, &a->gdb, "[PORT]",
       "stop at the title's start for gdb, at that port (2345; 0: any that is free)"},
      {"gdb-listen", 0, WG_OPT_STR, &a->live.listen, "ADDR", "the numeric address to listen at (127.0.0.1)"},
      {"map", 0, WG_OPT_STR, &a->live.map, "FILE",
       "gdb's names of addresses: a .map, GNU ld's -Map, or what nm prints"},
      {"from", 0, WG_OPT_STR, &a->from, "RUN@POSITION",
       "go on from there with other --seconds, --frames, --inputs, --sched-seed or --strict, with a --return or a "
       "--call"},
      {"return", 0, WG_OPT_NUM, &a->rv, "VALUE", "with --from: the call that POSITION names returns this instead"},
      {"each", 0, WG_OPT_FLAG, &a->each, NULL,
       "with --return: and so does every later call of its name that would return the same"},
      {"call", 0, WG_OPT_STR, &a->call, "NAME(ARG, ...)",
       "with --from: the thread calls that besides, before the call that POSITION names, or behind its return"},
      {"no-trace", 0, WG_OPT_FLAG, &a->no_trace, NULL, "run without recording (to measure what recording costs)"},
      {"every-instruction", 0, WG_OPT_FLAG, &a->every, NULL,
       "execute loops that only wait to the last round (the same run, later; to check that it is)"},
      {"jit", 0, WG_OPT_WORD, &a->jit, "[=HOW]",
       "compile what runs often: the same run, sooner. HOW: on; check (beside a run that compiles nothing, compared "
       "turn by"
       " turn); now (all that runs, at once: to test it)"},
      WG_CLI_KEPT(&a->kept),
      {"unconfined", 0, WG_OPT_FLAG, &a->unconfined, NULL,
       "do not give up what a run does not need (files elsewhere, the network, other programs)"},
      {"verbose", 'v', WG_OPT_FLAG, &a->verbose, NULL, "say how the run is confined, and what of kept code was of use"},
      {"json", 0, WG_OPT_FLAG, &a->json, NULL, "print the result as JSON"},
  };
  struct wg_args args;
  int code = wg_opt_parse(cmd, opts, sizeof opts / sizeof *opts, argc, argv, &args);
  return code == WG_OK ? check(cmd, &args, a) : code;
}

static uint64_t or_else(uint64_t said, uint64_t usual) { return said == UNSAID ? usual : said; }

// What a run that begins at its title's start is made of.
static struct wg_config config_of(const struct asked *a, const char *title) {
  struct wg_config cfg = {.title = title,
                          .patch = a->patch,
                          .content = a->content,
                          .key_file = a->keys,
                          .max_ns = or_else(a->max_ns, 60000000000ull),
                          .max_frames = or_else(a->frames, 0),
                          .sched_seed = or_else(a->seed, 0),
                          .date = or_else(a->date, WG_DEFAULT_DATE),
                          .strict = a->strict,
                          .args = a->args_text};
  mount(&cfg, (const char *[]){a->cache, a->cache0, a->cache1});
  return cfg;
}

// What is read before the process is confined, and let go behind the run.
struct read_before {
  struct wg_buf program, dir;
  struct wg_from origin; // with --from
  struct wg_input_change *changes;
  size_t nchanges;
};

static int read_before(const struct asked *a, const struct wg_run_watch *watch, struct read_before *r,
                       struct wg_config *cfg, struct wg_err *err) {
  folder(a->out, a->title, &r->dir);
  if (a->from) {
    const struct wg_config_fork want = {
        .max_ns = a->max_ns, .max_frames = a->frames, .sched_seed = a->seed, .strict = a->strict};
    const struct wg_from_change change = {a->rv != UNSAID, a->each, a->rv, a->call};
    int code = go_on_from(&r->origin, a->from, &change, &want, a->inputs, watch, err);
    *cfg = r->origin.cfg;
    return code;
  }
  wg_cli_program(a->title, &r->program);
  *cfg = config_of(a, r->program.data);
  if (a->inputs) WG_TRY(wg_inputs_read(a->inputs, &r->changes, &r->nchanges, err));
  cfg->inputs = r->changes;
  cfg->ninputs = r->nchanges;
  return WG_OK;
}

static void release(const struct asked *a, struct read_before *r) {
  wg_inputs_free(r->changes, r->nchanges);
  if (a->from) wg_from_release(&r->origin);
  wg_buf_release(&r->dir);
  wg_buf_release(&r->program);
}

static int run_asked(struct asked *a, const struct read_before *before, struct wg_config *cfg,
                     const struct wg_run_watch *watch, struct wg_run_result *r, struct wg_err *err) {
  cfg->every_instruction = a->every;
  a->kept.verbose = a->verbose;
  if (a->jit) WG_TRY(open_compiler(cfg, a->jit, &a->kept, err));
  struct confinement within = {cfg, before->dir.data, &a->kept, a->gdb.given, a->verbose};
  struct wg_record_options o = {.dir = before->dir.data,
                                .scripts = {a->inputs},
                                .branches = !a->no_branches,
                                .checkpoints = a->checkpoints,
                                .watch = *watch,
                                .ready = a->unconfined ? NULL : confine,
                                .ready_ctx = &within};
  if (a->from) wg_from_record(&before->origin, &o);
  const struct way way = {a->no_trace, a->jit && strcmp(a->jit, "check") == 0, a->gdb.given ? &a->live : NULL};
  return execute(cfg, &o, &way, r, err);
}

int wg_cmd_record(const struct wg_command *cmd, int argc, char **argv) {
  struct asked a = {
      .max_ns = UNSAID, .frames = UNSAID, .seed = UNSAID, .date = UNSAID, .rv = UNSAID, .gdb = {.n = 2345}};
  int code = read_options(cmd, argc, argv, &a);
  if (code != WG_OK) return code < 0 ? WG_OK : code;
  struct read_before before = {.changes = NULL};
  struct wg_config cfg;
  struct wg_run_result r;
  struct wg_err err = {0};
  struct wg_cli_rate rate = {0};
  const struct wg_run_watch watch = wg_cli_watch(&rate);
  code = read_before(&a, &watch, &before, &cfg, &err);
  if (code == WG_OK) code = run_asked(&a, &before, &cfg, &watch, &r, &err);
  wg_cli_progress_end();
  wg_cli_kept_close(&a.kept);
  code = code == WG_OK ? tell_result(&r, a.no_trace ? NULL : before.dir.data, a.json) : wg_cli_fail(&err);
  release(&a, &before);
  return code;
}

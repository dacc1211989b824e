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
static int go_on_from(struct wg_from *f, const char *from, const struct wg_config_fork *want, const char *inputs,
                      const struct wg_run_watch *watch, struct wg_err *err) {
  const char *sep = strrchr(from, '@');
  if (sep == NULL || sep == from)
    return wg_fail(err, WG_INPUT, "--from: expected RUN@POSITION, as in run@time=1.5s, not '%s'", from);
  char *run = wg_xstrndup(from, (size_t)(sep - from));
  int code = wg_from_open(f, run, sep + 1, watch, err);
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

// An option that decides what a run does from its start on.
struct past {
  const char *name;
  bool given;
};

static int check_past(const struct wg_command *cmd, const struct past *past, size_t n, const char *out) {
  for (size_t i = 0; i < n; i++)
    if (past[i].given)
      return wg_cli_usage(cmd, "--from: --%s is not for a run that goes on: its past depends on it", past[i].name);
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
static int tell(struct wg_run_result *r, const char *dir, bool json) {
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

int wg_cmd_record(const struct wg_command *cmd, int argc, char **argv) {
  const char *out = NULL, *cache = NULL, *cache0 = NULL, *cache1 = NULL, *keys = NULL, *args_text = NULL, *patch = NULL,
             *content = NULL, *inputs = NULL, *from = NULL, *jit = NULL;
  uint64_t max_ns = UNSAID, frames = UNSAID, seed = UNSAID, date = UNSAID;
  bool strict = false, json = false, no_trace = false, no_branches = false, checkpoints = false, unconfined = false,
       verbose = false, every = false;
  struct wg_cli_live live = {.port = 0};
  struct wg_cli_kept kept = {.where = NULL};
  struct wg_opt_maybe gdb = {.n = 2345};
  const struct wg_opt opts[] = {
      {"output", 'o', WG_OPT_STR, &out, "RUN", "folder of the run (default: the title's name + .run)"},
      {"seconds", 's', WG_OPT_SECONDS, &max_ns, "N",
       "stop after N seconds of virtual time (60; 0.05 is one, too; 0 = never)"},
      {"frames", 0, WG_OPT_NUM, &frames, "N", "stop at the Nth VdSwap"},
      {"cache", 0, WG_OPT_STR, &cache, "DIR", "initial content of cache:"},
      {"cache0", 0, WG_OPT_STR, &cache0, "DIR", "initial content of cache0:"},
      {"cache1", 0, WG_OPT_STR, &cache1, "DIR", "initial content of cache1:"},
      {"keys", 0, WG_OPT_STR, &keys, "FILE", "further AES keys, 32 hexadecimal digits a line"},
      {"patch", 0, WG_OPT_STR, &patch, "FILE",
       "the title's update: a delta patch (.xexp), or a package that holds one"},
      {"content", 0, WG_OPT_STR, &content, "DIR", "packages that the title may list and open (downloaded content)"},
      {"inputs", 0, WG_OPT_STR, &inputs, "FILE",
       "input script: controllers, users, dialogs (schemas/inputs.schema.json)"},
      {"args", 0, WG_OPT_STR, &args_text, "TEXT", "the title's command line"},
      {"date", 0, WG_OPT_NUM, &date, "T", "guest wall clock at start, seconds since 1970 (2005-11-22)"},
      {"sched-seed", 0, WG_OPT_NUM, &seed, "N", "perturb the schedule, deterministically"},
      {"strict", 0, WG_OPT_FLAG, &strict, NULL, "stop at a call to an export that is not implemented"},
      {"checkpoints", 0, WG_OPT_FLAG, &checkpoints, NULL,
       "keep the state now and then, so that at, gdb, probe and replay --to come anywhere at once"},
      {"no-branches", 0, WG_OPT_FLAG, &no_branches, NULL, "do not record branches"},
      {"gdb", 0, WG_OPT_MAYBE, &gdb, "[PORT]",
       "stop at the title's start for gdb, at that port (2345; 0: any that is free)"},
      {"gdb-listen", 0, WG_OPT_STR, &live.listen, "ADDR", "the numeric address to listen at (127.0.0.1)"},
      {"map", 0, WG_OPT_STR, &live.map, "FILE", "gdb's names of addresses: a .map, GNU ld's -Map, or what nm prints"},
      {"from", 0, WG_OPT_STR, &from, "RUN@POSITION",
       "go on from there with other --seconds, --frames, --inputs, --sched-seed or --strict"},
      {"no-trace", 0, WG_OPT_FLAG, &no_trace, NULL, "run without recording (to measure what recording costs)"},
      {"every-instruction", 0, WG_OPT_FLAG, &every, NULL,
       "execute loops that only wait to the last round (the same run, later; to check that it is)"},
      {"jit", 0, WG_OPT_WORD, &jit, "[=HOW]",
       "compile what runs often: the same run, sooner. HOW: on; check (beside a run that compiles nothing, compared "
       "turn by"
       " turn); now (all that runs, at once: to test it)"},
      WG_CLI_KEPT(&kept),
      {"unconfined", 0, WG_OPT_FLAG, &unconfined, NULL,
       "do not give up what a run does not need (files elsewhere, the network, other programs)"},
      {"verbose", 'v', WG_OPT_FLAG, &verbose, NULL, "say how the run is confined, and what of kept code was of use"},
      {"json", 0, WG_OPT_FLAG, &json, NULL, "print the result as JSON"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != (from ? 0 : 1))
    return wg_cli_usage(cmd, from ? "--from: the title is the run's: leave TITLE out" : "expected one TITLE, got %d",
                        args.n);
  const struct past past[] = {{"cache", cache},   {"cache0", cache0},    {"cache1", cache1},  {"keys", keys},
                              {"patch", patch},   {"content", content},  {"args", args_text}, {"date", date != UNSAID},
                              {"gdb", gdb.given}, {"no-trace", no_trace}};
  if (from) WG_TRY(check_past(cmd, past, sizeof past / sizeof *past, out));
  live.to_stderr = json;
  WG_TRY(check_gdb(cmd, &gdb, no_trace, &live));
  WG_TRY(check_jit(cmd, jit, kept.where, gdb.given || no_trace));
  struct wg_buf program = {0}, dir = {0};
  struct wg_from origin = {.inputs = NULL};
  if (from == NULL) wg_cli_program(args.v[0], &program);
  struct wg_config cfg = {.title = program.data,
                          .patch = patch,
                          .content = content,
                          .key_file = keys,
                          .max_ns = max_ns == UNSAID ? 60000000000ull : max_ns,
                          .max_frames = frames == UNSAID ? 0 : frames,
                          .sched_seed = seed == UNSAID ? 0 : seed,
                          .date = date == UNSAID ? WG_DEFAULT_DATE : date,
                          .strict = strict,
                          .every_instruction = every,
                          .args = args_text};
  mount(&cfg, (const char *[]){cache, cache0, cache1});
  folder(out, args.v[0], &dir);
  struct wg_run_result r;
  struct wg_err err = {0};
  struct wg_input_change *changes = NULL;
  struct wg_cli_rate rate = {0};
  const struct wg_run_watch watch = wg_cli_watch(&rate);
  size_t nchanges = 0;
  int code = WG_OK;
  if (from)
    code = go_on_from(
        &origin, from,
        &(struct wg_config_fork){.max_ns = max_ns, .max_frames = frames, .sched_seed = seed, .strict = strict}, inputs,
        &watch, &err);
  else if (inputs)
    code = wg_inputs_read(inputs, &changes, &nchanges, &err);
  cfg.inputs = changes;
  cfg.ninputs = nchanges;
  if (from) cfg = origin.cfg;
  cfg.every_instruction = every;
  kept.verbose = verbose;
  if (jit && code == WG_OK) code = open_compiler(&cfg, jit, &kept, &err);
  struct confinement within = {&cfg, dir.data, &kept, gdb.given, verbose};
  struct wg_record_options o = {.dir = dir.data,
                                .scripts = {inputs},
                                .branches = !no_branches,
                                .checkpoints = checkpoints,
                                .watch = watch,
                                .ready = unconfined ? NULL : confine,
                                .ready_ctx = &within};
  if (from) {
    memcpy(o.scripts, origin.scripts, sizeof o.scripts);
    o.origins = origin.origins;
    if (code == WG_OK) o.prefix = origin.origins[cfg.nforks - 1].run;
  }
  const struct way way = {no_trace, jit && strcmp(jit, "check") == 0, gdb.given ? &live : NULL};
  if (code == WG_OK) code = execute(&cfg, &o, &way, &r, &err);
  wg_cli_progress_end();
  wg_cli_kept_close(&kept);
  code = code == WG_OK ? tell(&r, no_trace ? NULL : dir.data, json) : wg_cli_fail(&err);
  wg_inputs_free(changes, nchanges);
  if (from) wg_from_release(&origin);
  wg_buf_release(&dir);
  wg_buf_release(&program);
  return code;
}

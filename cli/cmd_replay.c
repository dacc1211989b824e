#define _POSIX_C_SOURCE 200809L // sysconf
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "emu/machine.h"
#include "replay/run.h"
#include "travel/travel.h"

static void print_json(const struct wg_replay_result *r) {
  struct wg_buf b = {0};
  wg_buf_char(&b, '{');
  wg_json_bool(&b, "identical", !r->mismatch && r->altered.len == 0);
  wg_json_u64(&b, "events", r->events);
  wg_json_u64(&b, "branch_packets", r->branches);
  if (r->altered.len) wg_json_str(&b, "altered", r->altered.data);
  if (r->kept) wg_json_u64(&b, "checkpoints", r->kept);
  if (r->unfinished) {
    wg_json_str(&b, "unfinished", r->cut);
    wg_json_u64(&b, "branch_packets_lacking", r->lacks);
    wg_json_u64(&b, "branch_packets_beyond", r->beyond);
  }
  if (r->mismatch) {
    wg_json_u64(&b, "line", r->line);
    wg_json_str(&b, "recorded", r->recorded.data ? r->recorded.data : "");
    wg_json_str(&b, "produced", r->produced.data ? r->produced.data : "");
  }
  wg_buf_str(&b, "}\n");
  wg_cli_print(&b);
  wg_buf_release(&b);
}

static const char *const halts[] = {
    [WG_HALT_NONE] = "at the start",
    [WG_HALT_WINDOW] = "between turns",
    [WG_HALT_INSTRUCTION] = "before an instruction",
    [WG_HALT_RETURNED] = "back to the kernel",
    [WG_HALT_EVENT] = "behind an event",
    [WG_HALT_END] = "at the end of the run",
};

static void print_here(const struct wg_here *h, bool json) {
  const struct wg_machine_where *w = &h->at;
  struct wg_buf b = {0};
  if (json) {
    wg_buf_char(&b, '{');
    wg_json_str(&b, "halted", halts[h->halt]);
    wg_json_u64(&b, "tid", w->tid);
    wg_json_hex(&b, "pc", w->pc);
    wg_json_u64(&b, "cycle", w->cycle);
    wg_json_u64(&b, "idx", w->idx);
    wg_json_u64(&b, "insn", w->retired);
    wg_json_u64(&b, "events", w->events);
    wg_json_u64(&b, "frames", w->frames);
    wg_json_u64(&b, "host_ns", w->now_ns);
    wg_buf_str(&b, "}\n");
  } else {
    if (w->in_turn)
      wg_buf_printf(&b, "thread %u at pc 0x%08x, cycle %llu, next event %llu, ", w->tid, w->pc,
                    (unsigned long long)w->cycle, (unsigned long long)w->idx);
    wg_buf_printf(&b, "%s: instruction %llu, event %llu, frame %llu, %.9f s\n", halts[h->halt],
                  (unsigned long long)w->retired, (unsigned long long)w->events, (unsigned long long)w->frames,
                  (double)w->now_ns / 1e9);
  }
  wg_cli_print(&b);
  wg_buf_release(&b);
}

// Lands at a position, and says where that is.
static int replay_to(const char *dir, const char *to, const struct wg_config *moved, const struct wg_run_watch *watch,
                     bool json) {
  struct wg_err err = {0};
  struct wg_position p;
  struct wg_travel *t = NULL;
  struct wg_here here;
  int code = wg_position_parse(to, &p, &err);
  if (code == WG_OK) code = wg_travel_open(&t, dir, moved, watch, &err);
  if (code == WG_OK) code = wg_travel_seek(t, &p, &err);
  wg_cli_progress_end();
  if (code == WG_OK) {
    wg_travel_here(t, &here);
    print_here(&here, json);
  }
  wg_travel_close(t);
  return code == WG_OK ? WG_OK : wg_cli_fail(&err);
}

static void print_text(const struct wg_replay_result *r) {
  if (r->mismatch) {
    if (r->line)
      wg_cli_printf("mismatch at line %llu of the trace, ", (unsigned long long)r->line);
    else
      wg_cli_printf("mismatch of branches, ");
    wg_cli_printf("after %llu identical events\n  recorded: %s\n  replayed: %s\n", (unsigned long long)r->events,
                  r->recorded.len ? r->recorded.data : "(the trace ends)",
                  r->produced.len ? r->produced.data : "(the run ends)");
    wg_cli_print(&r->state);
  } else if (r->altered.len) {
    wg_cli_printf("the run replays, but its record has been altered since:\n");
    wg_cli_print(&r->altered);
  } else if (r->unfinished) {
    wg_cli_printf(
        "identical as far as the record goes: %llu events replayed, %llu packets of branches; the run did not end: "
        "%s\n",
        (unsigned long long)r->events, (unsigned long long)r->branches, r->cut);
    if (r->lacks)
      wg_cli_printf("the record lacks the last %llu packets of branches before the last event\n",
                    (unsigned long long)r->lacks);
    if (r->beyond)
      wg_cli_printf("the record has %llu packets of branches of what came after the last event, not replayed\n",
                    (unsigned long long)r->beyond);
  } else {
    wg_cli_printf("identical: %llu events replayed, %llu packets of branches, end: %s\n", (unsigned long long)r->events,
                  (unsigned long long)r->branches, wg_end_name(r->run.end));
  }
}

static unsigned processors(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n > 1 ? (unsigned)n : 1;
}

int wg_cmd_replay(const struct wg_command *cmd, int argc, char **argv) {
  bool json = false, keeps = false;
  const char *to = NULL;
  uint64_t jobs = 0;
  struct wg_config moved = {0};
  struct wg_cli_overrides names = {0};
  const struct wg_opt opts[] = {
      WG_CLI_OVERRIDES(&names),
      {"to", 0, WG_OPT_STR, &to, "POSITION",
       "only execute to there, and say where that is: TID:IDX, time=1.5s, frame=9, ..."},
      {"jobs", 'j', WG_OPT_NUM, &jobs, "N",
       "use N threads for a run with checkpoints (0: as many as there are processors)"},
      {"checkpoints", 0, WG_OPT_FLAG, &keeps, NULL,
       "keep the state now and then, as record --checkpoints does, if the run has none that can be used"},
      {"json", 0, WG_OPT_FLAG, &json, NULL, "print the result as JSON"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1) return wg_cli_usage(cmd, "expected one RUN, got %d", args.n);
  if (to && jobs) return wg_cli_usage(cmd, "--jobs is for a whole run, which --to does not execute");
  if (to && keeps) return wg_cli_usage(cmd, "--checkpoints is for a whole run, which --to does not execute");
  struct wg_replay_result r;
  struct wg_err err = {0};
  struct wg_cli_rate rate = {0};
  const struct wg_run_watch watch = wg_cli_watch(&rate);
  wg_cli_override(&names, &moved);
  if (to) {
    int landed = replay_to(args.v[0], to, &moved, &watch, json);
    wg_cli_overrides_release(&names);
    return landed;
  }
  unsigned threads = jobs ? (unsigned)(jobs < 256 ? jobs : 256) : processors();
  int code = keeps ? wg_run_replay_keeping(args.v[0], &moved, threads, &watch, &r, &err)
                   : wg_run_replay(args.v[0], &moved, threads, &watch, &r, &err);
  wg_cli_overrides_release(&names);
  wg_cli_progress_end();
  if (code != WG_OK) return wg_cli_fail(&err);
  if (json)
    print_json(&r);
  else
    print_text(&r);
  if (!json && r.kept) wg_cli_printf("%zu checkpoints are kept with the run\n", r.kept);
  if (r.unused.len) wg_cli_note("%.*s", (int)r.unused.len - 1, r.unused.data);
  code = r.mismatch || r.altered.len ? WG_DIFFERS : WG_OK;
  wg_replay_result_release(&r);
  return code;
}

#include <stdio.h>

#include "cli/cli.h"
#include "diff/hang.h"
#include "replay/run.h"
#include "replay/walk.h"

#define LOOP_STEPS 300000u  // so many branches on end
#define LOOP_SLACK 1000000u // after so many instructions from its last event
#define LOOP_BRANCHES 8u    // of one round

// The branches of a round, as long as all rounds are the same.
struct loop {
  struct {
    uint32_t pc, target;
    bool taken;
  } last[LOOP_BRANCHES];
  uint32_t period;
  uint64_t steps, same;
};

static bool see_loop(void *ctx, const struct wg_walk_step *s) {
  struct loop *l = ctx;
  while (l->period <= LOOP_BRANCHES) {
    const uint32_t at = (uint32_t)(l->steps % LOOP_BRANCHES);
    const uint32_t before = (uint32_t)((l->steps + LOOP_BRANCHES - l->period) % LOOP_BRANCHES);
    bool known = l->steps >= l->period;
    if (!known ||
        (l->last[before].pc == s->pc && l->last[before].taken == s->taken && l->last[before].target == s->target)) {
      l->last[at].pc = s->pc;
      l->last[at].target = s->target;
      l->last[at].taken = s->taken;
      l->steps++;
      return ++l->same < LOOP_STEPS;
    }
    l->period++; // or no loop at all
    l->same = 0;
  }
  return false;
}

static bool tiny_loop(void *ctx, const char *path, uint32_t tid, uint64_t cycle) {
  struct wg_err err = {0};
  struct wg_branch_window w = {tid, cycle + LOOP_SLACK, UINT64_MAX};
  struct loop l = {.period = 1};
  const struct wg_walk_taker to = {see_loop, NULL, &l};
  (void)ctx;
  return wg_run_branches(path, &w, &to, &err) == WG_OK && l.same >= LOOP_STEPS;
}

int wg_cmd_hang(const struct wg_command *cmd, int argc, char **argv) {
  struct wg_hang_options o = {.tiny_loop = tiny_loop};
  const struct wg_opt opts[] = {
      {"verbose", 'v', WG_OPT_FLAG, &o.verbose, NULL, "every thread, and the evidence of every verdict"},
      {"mapping", 0, WG_OPT_STR, &o.reading.mapping, "FILE",
       "what a trace calls kinds and keys of ours (docs/guide.md)"},
      {"json", 0, WG_OPT_FLAG, &o.json, NULL, "print everything as JSON (schemas/hang.schema.json)"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1) return wg_cli_usage(cmd, "expected one trace or log, got %d", args.n);
  struct wg_err err = {0};
  struct wg_buf out = {0};
  int code = wg_hang(args.v[0], &o, &out, &err);
  wg_cli_print(&out);
  wg_buf_release(&out);
  return code == WG_INPUT || code == WG_INTERNAL ? wg_cli_fail(&err) : code;
}

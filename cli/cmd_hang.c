#include <stdio.h>

#include "cli/cli.h"
#include "diff/hang.h"
#include "replay/run.h"
#include "replay/walk.h"

#define LOOP_STEPS 100000u  // a loop of so many rounds
#define LOOP_SLACK 1000000u // after so many instructions from its last event

struct loop {
  uint32_t pc[2], n;
  uint64_t steps;
  bool tiny;
};

static bool look(void *ctx, const struct wg_walk_step *s) {
  struct loop *l = ctx;
  uint32_t i = 0;
  while (i < l->n && l->pc[i] != s->pc) i++;
  if (i == 2) l->tiny = false;
  if (i == l->n && i < 2) l->pc[l->n++] = s->pc;
  return l->tiny && ++l->steps < LOOP_STEPS;
}

static bool tiny_loop(void *ctx, const char *path, uint32_t tid, uint64_t cycle) {
  struct wg_err err = {0};
  struct wg_branch_window w = {tid, cycle + LOOP_SLACK, UINT64_MAX};
  struct loop l = {.tiny = true};
  (void)ctx;
  return wg_run_branches(path, &w, look, &l, &err) == WG_OK && l.tiny && l.steps >= LOOP_STEPS;
}

int wg_cmd_hang(const struct wg_command *cmd, int argc, char **argv) {
  struct wg_hang_options o = {.tiny_loop = tiny_loop};
  const struct wg_opt opts[] = {
      {"verbose", 'v', WG_OPT_FLAG, &o.verbose, NULL, "every thread, and the evidence of every verdict"},
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

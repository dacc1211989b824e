#include <stdio.h>

#include "cli/cli.h"
#include "diff/diff.h"

static void progress(void *ctx, const char *file, uint64_t events, uint64_t at, uint64_t of) {
  struct wg_cli_rate *r = ctx;
  if (r->what != file) *r = (struct wg_cli_rate){.what = file, .unit = 1e6, .unit_name = "MB"};
  wg_cli_show_progress(r, at, of, "%llu events", (unsigned long long)events);
}

int wg_cmd_diff(const struct wg_command *cmd, int argc, char **argv) {
  struct wg_diff_options o = {0};
  uint64_t thread = UINT64_MAX;
  bool json = false, markdown = false;
  const struct wg_opt opts[] = {
      {"map", 0, WG_OPT_STR, &o.map, "A=B,...", "threads that are the same: A here, B in the reference"},
      {"thread", 0, WG_OPT_NUM, &thread, "N", "count the calls of thread N here (of the cause's)"},
      {"ignore", 0, WG_OPT_STR, &o.ignore, "NAMES", "leave out these exports, separated by commas"},
      {"rules", 0, WG_OPT_STR, &o.rules, "FILE", "further differences that do not count, one a line: CALL FIELD WHY"},
      {"mapping", 0, WG_OPT_STR, &o.reading.mapping, "FILE",
       "what a trace calls kinds and keys of ours (docs/guide.md)"},
      {"explain-noise", 0, WG_OPT_FLAG, &o.explain_noise, NULL, "list what was masked, and why"},
      {"verbose", 'v', WG_OPT_FLAG, &o.verbose, NULL, "every difference, thread and count"},
      {"markdown", 0, WG_OPT_FLAG, &markdown, NULL, "print the report as Markdown"},
      {"json", 0, WG_OPT_FLAG, &json, NULL, "print everything as JSON (schemas/diff.schema.json)"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n < 2) return wg_cli_usage(cmd, "expected two traces or logs, got %d", args.n);
  if (json && markdown) return wg_cli_usage(cmd, "--json and --markdown exclude one another");
  WG_TRY(wg_check_exports(cmd, "--ignore", o.ignore));
  o.thread = thread == UINT64_MAX ? -1 : (long)thread;
  o.format = json ? WG_DIFF_JSON : markdown ? WG_DIFF_MARKDOWN : WG_DIFF_TEXT;
  struct wg_cli_rate rate = {0};
  if (wg_cli_shows_progress()) o.progress = progress;
  o.progress_ctx = &rate;
  struct wg_err err = {0};
  struct wg_buf out = {0};
  int code = wg_diff(args.v[0], args.v[1], (const char *const *)args.v + 2, (size_t)args.n - 2, &o, &out, &err);
  wg_cli_progress_end();
  wg_cli_print(&out);
  wg_buf_release(&out);
  return code == WG_INPUT || code == WG_INTERNAL ? wg_cli_fail(&err) : code;
}

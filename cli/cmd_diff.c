#include "cli/cli.h"
#include "diff/diff.h"

int wg_cmd_diff(const struct wg_command *cmd, int argc, char **argv) {
  struct wg_diff_options o = {0};
  const struct wg_opt opts[] = {
      {"ignore", 0, WG_OPT_STR, &o.ignore, "NAMES", "leave out these exports, separated by commas"},
      {"json", 0, WG_OPT_FLAG, &o.json, NULL, "print the result as JSON"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n < 2) return wg_cli_usage(cmd, "expected two traces or logs, got %d", args.n);
  struct wg_err err = {0};
  struct wg_buf out = {0};
  int code = wg_diff(args.v[0], args.v[1], (const char *const *)args.v + 2, (size_t)args.n - 2, &o, &out, &err);
  wg_cli_print(&out);
  wg_buf_release(&out);
  return code == WG_INPUT || code == WG_INTERNAL ? wg_cli_fail(&err) : code;
}

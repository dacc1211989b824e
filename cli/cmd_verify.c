// wedge verify: every digest of a run.
#include <stdio.h>

#include "cli/cli.h"
#include "emu/machine.h"
#include "replay/verify.h"

struct printer {
  bool json;
  struct wg_buf out;
};

static void print_file(void *ctx, const char *file, bool ok, const char *words) {
  struct printer *p = ctx;
  if (!p->json) {
    wg_buf_printf(&p->out, "%-8s %s: %s\n", ok ? "ok" : "DIFFERS", file, words);
    return;
  }
  if (p->out.data[p->out.len - 1] != '[') wg_buf_char(&p->out, ',');
  wg_buf_char(&p->out, '{');
  wg_json_str(&p->out, "file", file);
  wg_json_bool(&p->out, "ok", ok);
  wg_json_str(&p->out, "found", words);
  wg_buf_char(&p->out, '}');
}

int wg_cmd_verify(const struct wg_command *cmd, int argc, char **argv) {
  struct printer p = {0};
  struct wg_config moved = {0};
  struct wg_cli_overrides names = {0};
  const struct wg_opt opts[] = {
      WG_CLI_OVERRIDES(&names),
      {"json", 0, WG_OPT_FLAG, &p.json, NULL, "print the result as JSON"},
  };
  struct wg_args args;
  struct wg_err err = {0};
  bool verified = false;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1) return wg_cli_usage(cmd, "expected one RUN, got %d", args.n);
  wg_cli_override(&names, &moved);
  if (p.json) wg_buf_str(&p.out, "{\"checks\":[");
  int code = wg_run_verify(args.v[0], &moved, false, print_file, &p, &verified, &err);
  wg_cli_overrides_release(&names);
  if (code == WG_OK) {
    if (p.json) {
      wg_buf_char(&p.out, ']');
      wg_json_bool(&p.out, "verified", verified);
      wg_buf_str(&p.out, "}\n");
    }
    wg_cli_print(&p.out);
  }
  wg_buf_release(&p.out);
  if (code != WG_OK) return wg_cli_fail(&err);
  return verified ? WG_OK : WG_DIFFERS;
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "replay/run.h"

// What a path or a trace holds cannot reach the terminal as control characters.
static void put_clean(const char *text) {
  for (const unsigned char *p = (const unsigned char *)text; *p; p++)
    if ((*p < 0x20 && *p != '\n') || *p == 0x7F)
      fprintf(stderr, "\\x%02x", *p);
    else
      fputc(*p, stderr);
}

int wg_cli_fail(const struct wg_err *err) {
  fputs("wedge: ", stderr);
  put_clean(err->msg);
  fputc('\n', stderr);
  return err->code;
}

int wg_cli_usage(const struct wg_command *cmd, const char *fmt, ...) {
  struct wg_buf b = {0};
  va_list ap;
  va_start(ap, fmt);
  wg_buf_vprintf(&b, fmt, ap);
  va_end(ap);
  fprintf(stderr, "wedge %s: ", cmd->name);
  put_clean(b.data);
  fprintf(stderr, "\nusage: wedge %s %s\n", cmd->name, cmd->usage);
  wg_buf_release(&b);
  return WG_INPUT;
}

static void show_progress(const struct wg_run_progress *p) {
  fprintf(stderr, "\r%llu events, %.3f s of virtual time ", (unsigned long long)p->events, (double)p->virtual_ns / 1e9);
}

struct wg_run_watch wg_cli_watch(void) {
  wg_cli_catch_signals();
  return (struct wg_run_watch){isatty(STDERR_FILENO) ? show_progress : NULL, wg_cli_go_on};
}

void wg_cli_progress_end(void) {
  if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
}

void wg_cli_print(const struct wg_buf *b) {
  if (b->len) fwrite(b->data, 1, b->len, stdout);
}

void wg_opt_help(const struct wg_command *cmd, const struct wg_opt *opts, size_t nopts) {
  printf("usage: wedge %s %s\n\n%s\n\n%s\n\nOptions:\n", cmd->name, cmd->usage, cmd->summary, cmd->help);
  for (size_t i = 0; i < nopts; i++) {
    struct wg_buf left = {0};
    if (opts[i].letter)
      wg_buf_printf(&left, "-%c, ", opts[i].letter);
    else
      wg_buf_str(&left, "    ");
    wg_buf_printf(&left, "--%s%s%s", opts[i].name, opts[i].arg ? " " : "", opts[i].arg ? opts[i].arg : "");
    printf("  %-24s %s\n", left.data, opts[i].help);
    wg_buf_release(&left);
  }
  printf("  %-24s %s\n", "-h, --help", "this text");
}

static const struct wg_opt *find(const struct wg_opt *opts, size_t n, const char *arg, const char **inline_value) {
  *inline_value = NULL;
  for (size_t i = 0; i < n; i++) {
    if (arg[1] != '-' && opts[i].letter && arg[1] == opts[i].letter && arg[2] == 0) return &opts[i];
    size_t len = strlen(opts[i].name);
    if (arg[1] != '-' || strncmp(arg + 2, opts[i].name, len) != 0) continue;
    if (arg[2 + len] == 0) return &opts[i];
    if (arg[2 + len] == '=') {
      *inline_value = arg + 3 + len;
      return &opts[i];
    }
  }
  return NULL;
}

static int set_value(const struct wg_command *cmd, const struct wg_opt *o, const char *value) {
  if (o->type == WG_OPT_STR)
    *(const char **)o->value = value;
  else if (!wg_parse_u64(value, UINT64_MAX, o->value))
    return wg_cli_usage(cmd, "--%s: '%s' is not a number", o->name, value);
  return WG_OK;
}

int wg_opt_parse(const struct wg_command *cmd, const struct wg_opt *opts, size_t nopts, int argc, char **argv,
                 struct wg_args *args) {
  *args = (struct wg_args){argv, 0};
  bool options = true;
  for (int i = 0; i < argc; i++) {
    char *a = argv[i];
    if (!options || a[0] != '-' || a[1] == 0) {
      argv[args->n++] = a;
      continue;
    }
    if (strcmp(a, "--") == 0) {
      options = false;
      continue;
    }
    if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
      wg_opt_help(cmd, opts, nopts);
      return -1;
    }
    const char *value;
    const struct wg_opt *o = find(opts, nopts, a, &value);
    if (o == NULL) return wg_cli_usage(cmd, "unknown option '%s' (see wedge help %s)", a, cmd->name);
    if (o->type == WG_OPT_FLAG) {
      *(bool *)o->value = true;
      continue;
    }
    if (value == NULL) {
      if (i + 1 == argc) return wg_cli_usage(cmd, "option '%s' needs a value", a);
      value = argv[++i];
    }
    WG_TRY(set_value(cmd, o, value));
  }
  return WG_OK;
}

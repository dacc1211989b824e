#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"

static void put_help(const struct wg_command *cmd, const struct wg_opt *opts, size_t nopts) {
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

static const struct wg_opt *find_option(const struct wg_opt *opts, size_t n, const char *arg,
                                        const char **inline_value) {
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

#define MAX_SECONDS 1000000u

// Seconds with up to nine decimals, as ns.
static bool seconds(const char *value, uint64_t *ns) {
  uint64_t whole = 0, part = 0, unit = 1000000000u;
  const char *p = value;
  for (; *p >= '0' && *p <= '9' && whole <= MAX_SECONDS; p++) whole = whole * 10 + (uint64_t)(*p - '0');
  if (p == value || whole > MAX_SECONDS) return false;
  if (*p == '.' && p[1])
    for (p++; *p >= '0' && *p <= '9' && unit > 1; p++) part += (uint64_t)(*p - '0') * (unit /= 10);
  *ns = whole * 1000000000u + part;
  return *p == 0;
}

static int add_value(const struct wg_command *cmd, const struct wg_opt *o, const char *value, int at) {
  struct wg_opt_values *list = o->value;
  if (list->n == WG_OPT_VALUES)
    return wg_cli_usage(cmd, "--%s: it may be given %u times, not more", o->name, WG_OPT_VALUES);
  list->at[list->n] = at;
  list->v[list->n++] = value;
  return WG_OK;
}

static int set_value(const struct wg_command *cmd, const struct wg_opt *o, const char *value, int at) {
  if (*value == 0 && (o->type == WG_OPT_STR || o->type == WG_OPT_LIST))
    return wg_cli_usage(cmd, "--%s: expected %s, and it is empty", o->name, o->arg);
  if (o->type == WG_OPT_LIST) return add_value(cmd, o, value, at);
  if (o->type == WG_OPT_STR || o->type == WG_OPT_TEXT || o->type == WG_OPT_WORD)
    *(const char **)o->value = value;
  else if (o->type == WG_OPT_SECONDS && !seconds(value, o->value))
    return wg_cli_usage(cmd, "--%s: '%s' is no time: expected seconds up to %u, with up to nine decimals", o->name,
                        value, MAX_SECONDS);
  else if ((o->type == WG_OPT_NUM && !wg_parse_u64(value, UINT64_MAX, o->value)) ||
           (o->type == WG_OPT_MAYBE && !wg_parse_u64(value, UINT64_MAX, &((struct wg_opt_maybe *)o->value)->n)))
    return wg_cli_usage(cmd, "--%s: '%s' is not a number", o->name, value);
  return WG_OK;
}

static int unknown(const struct wg_command *cmd, const struct wg_opt *opts, size_t nopts, const char *arg) {
  char *word = wg_xstrndup(arg, strcspn(arg, "="));
  struct wg_suggestion s = {.word = word};
  for (size_t i = 0; i < nopts; i++) {
    struct wg_buf name = {0};
    wg_buf_printf(&name, "--%s", opts[i].name);
    wg_suggest(&s, name.data);
    wg_buf_release(&name);
  }
  wg_cli_usage(cmd, "unknown option '%s'%s (see wedge help %s)", arg, wg_suggested(&s), cmd->name);
  wg_buf_release(&s.words);
  free(word);
  return WG_INPUT;
}

int wg_opt_parse(const struct wg_command *cmd, const struct wg_opt *opts, size_t nopts, int argc, char **argv,
                 struct wg_args *args) {
  *args = (struct wg_args){argv, 0};
  bool options = true;
  for (int i = 0; i < argc; i++) {
    char *a = argv[i];
    // "-- " begins a comment of SQL, not an option.
    if (!options || a[0] != '-' || a[1] == 0 || strncmp(a, "-- ", 3) == 0) {
      argv[args->n++] = a;
      continue;
    }
    if (strcmp(a, "--") == 0) {
      options = false;
      continue;
    }
    if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
      put_help(cmd, opts, nopts);
      return -1;
    }
    const char *value, *next = i + 1 < argc ? argv[i + 1] : "";
    const struct wg_opt *o = find_option(opts, nopts, a, &value);
    if (o == NULL) return unknown(cmd, opts, nopts, a);
    if (o->type == WG_OPT_FLAG) {
      *(bool *)o->value = true;
      continue;
    }
    if (o->type == WG_OPT_WORD && value && *value == 0)
      return wg_cli_usage(cmd, "--%s: there is nothing behind the =", o->name);
    if (o->type == WG_OPT_WORD && value == NULL) value = "";
    if (o->type == WG_OPT_MAYBE) {
      ((struct wg_opt_maybe *)o->value)->given = true;
      bool number = *next && next[strspn(next, "0123456789")] == 0;
      if (value == NULL && !number) continue;
    }
    if (value == NULL) {
      if (i + 1 == argc) return wg_cli_usage(cmd, "option '%s' needs a value", a);
      value = argv[++i];
    }
    WG_TRY(set_value(cmd, o, value, i));
  }
  return WG_OK;
}

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/shell.h"
#include "trace/store.h"

// NAME=VALUE; the name with or without the mark that SQL has before it.
static int read_params(const struct wg_command *cmd, const struct wg_opt_values *list, struct wg_ask_param *params) {
  for (size_t i = 0; i < list->n; i++) {
    const char *spec = list->v[i] + (list->v[i][0] && strchr(":@$", list->v[i][0]) ? 1 : 0);
    const char *value = strchr(spec, '=');
    if (value == NULL || value == spec) return wg_cli_usage(cmd, "--param: expected NAME=VALUE, got '%s'", list->v[i]);
    params[i] = (struct wg_ask_param){wg_xstrndup(spec, (size_t)(value - spec)), value + 1};
  }
  return WG_OK;
}

static int one_shot(struct wg_session *s, const char *sql, enum wg_format f, struct wg_err *err) {
  sqlite3_stmt *stmt = NULL;
  const char *tail = NULL;
  int code = wg_session_prepare(s, sql, &stmt, &tail, err);
  if (code != WG_OK) wg_shell_suggest(s, err);
  if (code == WG_OK && (stmt == NULL || wg_ask_more(tail)))
    code = wg_fail(err, WG_INPUT, "SQL: expected exactly one statement");
  else if (code == WG_OK && sqlite3_column_count(stmt) == 0 && !s->writes)
    code = wg_fail(err, WG_INPUT, "SQL: expected a statement that returns rows");
  if (code == WG_OK) code = wg_format_rows(&s->ask, &stmt, f, err);
  sqlite3_finalize(stmt);
  if (code == WG_OK) wg_session_tell(s);
  return code;
}

static int read_format(const struct wg_command *cmd, const char *name, bool json, bool csv, enum wg_format *f) {
  *f = isatty(STDOUT_FILENO) ? WG_FORMAT_BOX : WG_FORMAT_TABLE;
  if (csv) *f = WG_FORMAT_CSV;
  if (json) *f = WG_FORMAT_JSONL;
  if (name && !wg_format_of(name, f))
    return wg_cli_usage(cmd, "--format: there is no '%s'; expected " WG_FORMAT_NAMES, name);
  return WG_OK;
}

static int read_import(const struct wg_command *cmd, const char *word, enum wg_import *out) {
  static const char *const words[] = {"auto", "always", "never"};
  *out = WG_IMPORT_AUTO;
  for (int i = 0; word && i < 3; i++)
    if (strcmp(word, words[i]) == 0) {
      *out = (enum wg_import)i;
      return WG_OK;
    }
  return word ? wg_cli_usage(cmd, "--import: expected auto, always or never, got '%s'", word) : WG_OK;
}

int wg_cmd_query(const struct wg_command *cmd, int argc, char **argv) {
  bool json = false, csv = false, writes = false, branches = false;
  const char *format = NULL, *import = NULL, *db = NULL;
  struct wg_opt_values params = {0}, attach = {0};
  struct wg_reading reading = {0};
  const struct wg_opt opts[] = {
      {"json", 0, WG_OPT_FLAG, &json, NULL, "print JSON lines"},
      {"csv", 0, WG_OPT_FLAG, &csv, NULL, "print CSV"},
      {"format", 0, WG_OPT_STR, &format, "F", WG_FORMAT_NAMES "; box on a terminal, else table"},
      {"param", 'p', WG_OPT_LIST, &params, "NAME=VALUE", "the value of :NAME in the SQL"},
      {"import", 0, WG_OPT_STR, &import, "WHEN",
       "make the database: auto (if a statement needs it), always (and keep it beside the trace), never"},
      {"db", 0, WG_OPT_STR, &db, "FILE", "where the database is or is made"},
      {"attach", 0, WG_OPT_LIST, &attach, "NAME=TRACE", "the database of another trace, as NAME.calls and so on"},
      {"mapping", 0, WG_OPT_STR, &reading.mapping, "FILE", "what a trace calls kinds and keys of ours (docs/guide.md)"},
      {"branches", 0, WG_OPT_FLAG, &branches, NULL, "make the database with the run's branches, which are decoded"},
      {"write", 0, WG_OPT_FLAG, &writes, NULL, "let statements change the database"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n < 1 || args.n > 2)
    return wg_cli_usage(cmd, "expected TRACE and one SQL statement, got %d arguments", args.n);
  enum wg_format f;
  struct wg_ask_param values[WG_OPT_VALUES] = {0};
  struct wg_session s = {.source = args.v[0],
                         .db = db,
                         .writes = writes,
                         .branches = branches,
                         .reading = reading,
                         .attach = &attach,
                         .params = values};
  WG_TRY(read_format(cmd, format, json, csv, &f));
  WG_TRY(read_import(cmd, import, &s.import));
  struct wg_err err = {0};
  int code = read_params(cmd, &params, values);
  s.nparams = params.n;
  if (code == WG_OK) {
    code = wg_session_open(&s, &err);
    if (code == WG_OK) code = args.n == 2 ? one_shot(&s, args.v[1], f, &err) : wg_shell(&s, f);
    if (err.code != WG_OK) wg_cli_fail(&err);
    wg_session_close(&s);
  }
  for (size_t i = 0; i < WG_OPT_VALUES; i++) free((void *)(uintptr_t)values[i].name);
  return code;
}

int wg_cmd_import(const struct wg_command *cmd, int argc, char **argv) {
  const char *out = NULL;
  bool branches = false;
  struct wg_reading reading = {0};
  const struct wg_opt opts[] = {
      {"output", 'o', WG_OPT_STR, &out, "DB", "the database to make"},
      {"branches", 0, WG_OPT_FLAG, &branches, NULL, "with the run's branches, which are decoded"},
      {"mapping", 0, WG_OPT_STR, &reading.mapping, "FILE", "what a trace calls kinds and keys of ours (docs/guide.md)"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1 || out == NULL) return wg_cli_usage(cmd, "expected one LOG and -o DB");
  struct wg_err err = {0};
  struct wg_store_report rep = {0};
  int code = wg_cli_import(args.v[0], out, &reading, branches, &rep, &err);
  if (code == WG_OK && rep.damage.len)
    wg_cli_note("warning: %s: %s; the events that can be read were imported", args.v[0], rep.damage.data);
  if (code == WG_OK)
    wg_cli_printf("%llu events%s imported into %s\n", (unsigned long long)rep.events - rep.footer,
                  rep.footer ? " and the trace's footer" : "", out);
  else
    wg_cli_fail(&err);
  wg_buf_release(&rep.damage);
  return code;
}

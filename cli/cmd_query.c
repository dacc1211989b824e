#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "trace/store.h"

static bool ends_with(const char *s, const char *tail) {
  size_t n = strlen(s), m = strlen(tail);
  return n >= m && strcmp(s + n - m, tail) == 0;
}

// What can be read once has no place beside it.
static bool is_stream(const char *source) {
  struct stat st;
  return strcmp(source, "-") == 0 || (stat(source, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

static bool can_write_beside(const char *path) {
  struct stat st;
  struct wg_buf folder = {0};
  const char *slash = strrchr(path, '/');
  wg_buf_printf(&folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
  bool can = access(folder.len ? folder.data : "/", W_OK) == 0 && (stat(path, &st) != 0 || S_ISREG(st.st_mode));
  wg_buf_release(&folder);
  return can;
}

// A folder of our own for the database of a trace that lies where nothing can be written; `temporary` is to be removed.
static int elsewhere(const char *source, bool mapped, struct wg_buf *db, struct wg_buf *temporary, struct wg_err *err) {
  const char *base = getenv("TMPDIR");
  wg_buf_printf(temporary, "%s/wedge-query-XXXXXX", base && *base ? base : "/tmp");
  if (mkdtemp(temporary->data) == NULL) {
    wg_fail(err, WG_INPUT, "%s: neither its folder nor %s can be written", source, temporary->data);
    wg_buf_clear(temporary);
    return WG_INPUT;
  }
  wg_buf_clear(db);
  wg_buf_printf(db, "%s/trace.db", temporary->data);
  if (is_stream(source) || mapped) return WG_OK;
  wg_cli_note("note: the folder of %s cannot be written, so the database is made anew each time", source);
  return WG_OK;
}

static void show_progress(void *ctx, uint64_t events, uint64_t at, uint64_t of) {
  wg_cli_show_progress(ctx, at, of, "%llu events", (unsigned long long)events);
}

int wg_cli_import(const char *source, const char *db, const struct wg_reading *reading, struct wg_store_report *rep,
                  struct wg_err *err) {
  struct wg_cli_rate rate = {.what = source, .unit = 1e6, .unit_name = "MB"};
  struct wg_store_watch watch = {.go_on = wg_cli_go_on, .reading = *reading, .ctx = &rate};
  if (wg_cli_shows_progress()) watch.progress = show_progress;
  wg_cli_catch_signals();
  int code = wg_store_import(source, db, &watch, rep, err);
  wg_cli_progress_end();
  return code;
}

static int make_database(const char *source, const struct wg_reading *reading, struct wg_buf *db,
                         struct wg_buf *temporary, struct wg_err *err) {
  struct wg_store_report rep = {0};
  bool beside = !is_stream(source) && !reading->mapping && can_write_beside(db->data);
  int code = beside ? WG_OK : elsewhere(source, reading->mapping != NULL, db, temporary, err);
  if (code == WG_OK) code = wg_cli_import(source, db->data, reading, &rep, err);
  wg_buf_release(&rep.damage);
  return code;
}

// The database of a trace: the file itself, RUN/trace.db, or LOG.db; made anew unless it was made of the trace as it
// is.
static int database_of(const char *source, const struct wg_reading *reading, struct wg_buf *db,
                       struct wg_buf *temporary, struct wg_err *err) {
  struct wg_buf damage = {0};
  struct stat st = {0};
  bool given = ends_with(source, ".db");
  bool there = strcmp(source, "-") == 0 || stat(source, &st) == 0;
  if (given)
    wg_buf_str(db, source);
  else
    wg_buf_printf(db, there && S_ISDIR(st.st_mode) ? "%s/trace.db" : "%s.db", source);
  int code = there ? WG_OK : wg_fail(err, WG_INPUT, "%s: %s", source, strerror(errno));
  if (code == WG_OK && !given && (reading->mapping || !wg_store_made_of(db->data, source)))
    code = make_database(source, reading, db, temporary, err);
  if (code == WG_OK) code = wg_store_check(db->data, &damage, err);
  if (damage.len) wg_cli_note("warning: %s: %s; the events that can be read are used", source, damage.data);
  wg_buf_release(&damage);
  return code;
}

static int run_query(const char *db, const char *sql, enum wg_query_format format, struct wg_err *err) {
  struct wg_buf out = {0};
  int code = wg_store_query(db, sql, format, &out, err);
  wg_cli_print(&out);
  wg_buf_release(&out);
  return code;
}

#define LIST_ALL "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY type, name"

// Reads statements, each ended by a semicolon, until the end of input or .quit. A wrong one is reported and the shell
// goes on; the exit status is that of the last.
static int shell(const char *db, enum wg_query_format format) {
  bool prompt = isatty(STDIN_FILENO);
  struct wg_buf sql = {0};
  char line[4096];
  int code = WG_OK;
  if (prompt) puts("SQL, each statement ended by ';'. .tables lists tables and views, .quit ends.");
  for (;;) {
    if (prompt) fputs(sql.len ? "   ...> " : "wedge> ", stdout);
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL || strncmp(line, ".quit", 5) == 0) break;
    struct wg_err err = {0};
    if (strncmp(line, ".tables", 7) == 0) {
      code = run_query(db, LIST_ALL, format, &err);
      continue;
    }
    wg_buf_str(&sql, line);
    if (!wg_store_complete(sql.data)) continue;
    code = run_query(db, sql.data, format, &err);
    if (code != WG_OK) wg_cli_fail(&err);
    wg_buf_clear(&sql);
  }
  if (sql.len && sql.data[strspn(sql.data, " \t\r\n")]) {
    struct wg_err err = {0};
    code = run_query(db, sql.data, format, &err);
    if (code != WG_OK) wg_cli_fail(&err);
  }
  wg_buf_release(&sql);
  return code;
}

int wg_cmd_query(const struct wg_command *cmd, int argc, char **argv) {
  bool json = false, csv = false;
  struct wg_reading reading = {0};
  const struct wg_opt opts[] = {
      {"json", 0, WG_OPT_FLAG, &json, NULL, "print JSON lines"},
      {"csv", 0, WG_OPT_FLAG, &csv, NULL, "print CSV"},
      {"mapping", 0, WG_OPT_STR, &reading.mapping, "FILE", "what a trace calls kinds and keys of ours (docs/guide.md)"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n < 1 || args.n > 2)
    return wg_cli_usage(cmd, "expected TRACE and one SQL statement, got %d arguments", args.n);
  enum wg_query_format format = json ? WG_QUERY_JSON : csv ? WG_QUERY_CSV : WG_QUERY_TABLE;
  struct wg_err err = {0};
  struct wg_buf db = {0}, temporary = {0};
  int code = database_of(args.v[0], &reading, &db, &temporary, &err);
  if (code == WG_OK && args.n == 1)
    code = shell(db.data, format);
  else if (code == WG_OK)
    code = run_query(db.data, args.v[1], format, &err);
  if (err.code != WG_OK) wg_cli_fail(&err);
  if (temporary.len) {
    unlink(db.data);
    rmdir(temporary.data);
  }
  wg_buf_release(&temporary);
  wg_buf_release(&db);
  return code;
}

int wg_cmd_import(const struct wg_command *cmd, int argc, char **argv) {
  const char *out = NULL;
  struct wg_reading reading = {0};
  const struct wg_opt opts[] = {
      {"output", 'o', WG_OPT_STR, &out, "DB", "the database to make"},
      {"mapping", 0, WG_OPT_STR, &reading.mapping, "FILE", "what a trace calls kinds and keys of ours (docs/guide.md)"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1 || out == NULL) return wg_cli_usage(cmd, "expected one LOG and -o DB");
  struct wg_err err = {0};
  struct wg_store_report rep = {0};
  int code = wg_cli_import(args.v[0], out, &reading, &rep, &err);
  if (code == WG_OK && rep.damage.len)
    wg_cli_note("warning: %s: %s; the events that can be read were imported", args.v[0], rep.damage.data);
  if (code == WG_OK)
    wg_cli_printf("%llu events imported into %s\n", (unsigned long long)rep.events, out);
  else
    wg_cli_fail(&err);
  wg_buf_release(&rep.damage);
  return code;
}

#include "trace/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "trace/functions.h"
#include "trace/sql.h" // generated from schemas/*.sql
#include "trace/store.h"

// docs/limits.md
#define VALUE_MOST (128 << 20)               // bytes: twice what a line of a trace may have
#define MEMORY_MOST ((sqlite3_int64)1 << 30) // bytes of all that SQLite keeps; what it sorts it does on the disk

// -- what statements may do --

// Those that tell something and change nothing; the others with an argument do.
static bool tells(const char *pragma, const char *arg) {
  static const char *const any[] = {"table_info",      "table_xinfo",     "table_list",    "index_list",
                                    "index_info",      "index_xinfo",     "database_list", "function_list",
                                    "module_list",     "compile_options", "pragma_list",   "collation_list",
                                    "integrity_check", "quick_check"};
  static const char *const alone[] = {"user_version", "schema_version", "page_count",
                                      "page_size",    "encoding",       "freelist_count"};
  for (size_t i = 0; i < sizeof any / sizeof *any; i++)
    if (strcasecmp(pragma, any[i]) == 0) return true;
  for (size_t i = 0; arg == NULL && i < sizeof alone / sizeof *alone; i++)
    if (strcasecmp(pragma, alone[i]) == 0) return true;
  return false;
}

static int refuse(struct wg_ask *a, const char *why) {
  a->refused = why;
  return SQLITE_DENY;
}

#define CHANGES "questions change nothing; --write lets them change the database"

static int authorize(void *ctx, int action, const char *one, const char *two, const char *db, const char *trigger) {
  struct wg_ask *a = ctx;
  (void)db;
  (void)trigger;
  switch (action) {
  case SQLITE_READ:
    if (one && strcmp(one, "branch_sums") == 0) a->reads_branches = true;
    return SQLITE_OK;
  case SQLITE_SELECT:
  case SQLITE_RECURSIVE: return SQLITE_OK;
  case SQLITE_FUNCTION:
    if (two && strcasecmp(two, "load_extension") == 0) return refuse(a, "SQL loads no extensions here");
    return SQLITE_OK;
  case SQLITE_ATTACH:
  case SQLITE_DETACH: return refuse(a, "SQL opens no files here (VACUUM would, too); --attach NAME=TRACE does");
  case SQLITE_CREATE_VTABLE:
  case SQLITE_DROP_VTABLE: return refuse(a, "SQL makes no virtual tables here");
  case SQLITE_PRAGMA:
    return tells(one, two) ? SQLITE_OK : refuse(a, "of PRAGMAs only those that tell something are there");
  case SQLITE_UPDATE:
    // What table-valued functions declare as they are first used; a statement cannot do it (DBCONFIG_DEFENSIVE).
    if (one && strcmp(one, "sqlite_master") == 0) return SQLITE_OK;
    return a->writes ? SQLITE_OK : refuse(a, CHANGES);
  default: return a->writes ? SQLITE_OK : refuse(a, CHANGES);
  }
}

// -- opening --

static int attach(struct wg_ask *a, const struct wg_ask_attached *x, struct wg_err *err) {
  sqlite3_stmt *s = NULL;
  struct wg_buf uri = {0};
  if (wg_file_exists(x->db)) WG_TRY(wg_file_check(x->db, err));
  wg_buf_str(&uri, "file:");
  for (const char *p = x->db; *p; p++) {
    bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("/._-", *p);
    wg_buf_printf(&uri, plain ? "%c" : "%%%02x", (unsigned char)*p);
  }
  wg_buf_str(&uri, "?mode=ro");
  bool done = sqlite3_prepare_v2(a->db, "ATTACH ?1 AS ?2", -1, &s, NULL) == SQLITE_OK;
  if (done) {
    sqlite3_bind_text(s, 1, uri.data, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(s, 2, x->name, -1, SQLITE_TRANSIENT);
    done = sqlite3_step(s) == SQLITE_DONE;
  }
  int code = done ? WG_OK : wg_db_fail(a->db, x->db, err);
  sqlite3_finalize(s);
  wg_buf_release(&uri);
  return code;
}

static bool go_on(const struct wg_ask *a) { return a->events.watch.go_on == NULL || a->events.watch.go_on(); }

static int on_progress(void *ctx) { return !go_on(ctx); }

static int fill_empty(struct wg_ask *a, struct wg_err *err) {
  return sqlite3_exec(a->db, wg_sql_schema, NULL, NULL, NULL) == SQLITE_OK ? WG_OK : wg_db_fail(a->db, "schema", err);
}

int wg_ask_open(struct wg_ask *a, const char *trace, const char *db, const struct wg_ask_attached *attached,
                size_t nattached, struct wg_err *err) {
  bool file = db && *db;
  if (file) WG_TRY(wg_file_check(db, err));
  int flags = (file && !a->writes ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_URI;
  // A path is no URI, whatever it begins with.
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s%s", file && db[0] != '/' ? "./" : "", file ? db : ":memory:");
  int code = sqlite3_open_v2(path.data, &a->db, flags, NULL) == SQLITE_OK ? WG_OK : wg_db_fail(a->db, db, err);
  wg_buf_release(&path);
  if (code == WG_OK && db && !file) code = fill_empty(a, err);
  for (size_t i = 0; i < nattached && code == WG_OK; i++) code = attach(a, &attached[i], err);
  a->events.path = trace;
  a->events.times = 1;
  if (code == WG_OK && wg_sql_functions_add(a->db) != SQLITE_OK) code = wg_db_fail(a->db, "functions", err);
  if (code == WG_OK && trace) code = wg_events_table(a->db, &a->events, err);
  if (code != WG_OK) return code;
  sqlite3_db_config(a->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_limit(a->db, SQLITE_LIMIT_LENGTH, VALUE_MOST);
  if (sqlite3_hard_heap_limit64(-1) == 0)
    sqlite3_hard_heap_limit64(MEMORY_MOST); // the process's: who set one wants less
  sqlite3_limit(a->db, SQLITE_LIMIT_ATTACHED, (int)nattached);
  sqlite3_set_authorizer(a->db, authorize, a);
  sqlite3_progress_handler(a->db, 1000, on_progress, a); // what functions ask for themselves counts by itself
  return WG_OK;
}

void wg_ask_close(struct wg_ask *a) {
  sqlite3_close(a->db);
  a->db = NULL;
  wg_events_release(&a->events);
}

// -- statements that count --

// Rows that are alike are given once to a statement that does nothing but count them: `count` adds how many they are.
static void count_step(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  const struct wg_events *of = sqlite3_user_data(ctx);
  sqlite3_int64 *n = sqlite3_aggregate_context(ctx, sizeof *n);
  if (n && (argc == 0 || sqlite3_value_type(argv[0]) != SQLITE_NULL)) *n += (sqlite3_int64)of->times;
}

static void count_final(sqlite3_context *ctx) {
  const sqlite3_int64 *n = sqlite3_aggregate_context(ctx, 0);
  sqlite3_result_int64(ctx, n ? *n : 0);
}

static void set_counting(struct wg_ask *a, bool counting) {
  if (a->events.counting == counting) return;
  a->events.counting = counting;
  a->events.times = 1;
  for (int n = 0; n < 2; n++)
    sqlite3_create_function_v2(a->db, "count", n, SQLITE_UTF8 | SQLITE_DETERMINISTIC, &a->events, NULL,
                               counting ? count_step : NULL, counting ? count_final : NULL, NULL);
}

static bool starts_in_any_case(const char *text, const char *word) {
  return strncasecmp(text, word, strlen(word)) == 0;
}

// A token of SQL: its length. Strings, quoted names and comments are one each.
static size_t token(const char *p) {
  const char *q = p;
  if (*p == '\'' || *p == '"' || *p == '`') {
    for (q++; *q; q++)
      if (*q == *p && q[1] != *p)
        return (size_t)(q - p) + 1;
      else if (*q == *p)
        q++;
    return (size_t)(q - p);
  }
  if (*p == '[') return strcspn(p, "]") + (strchr(p, ']') != NULL);
  if (p[0] == '-' && p[1] == '-') return strcspn(p, "\n");
  if (p[0] == '/' && p[1] == '*') {
    const char *end = strstr(p + 2, "*/");
    return end ? (size_t)(end + 2 - p) : strlen(p);
  }
  static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$";
  size_t n = strspn(p, name);
  return n ? n : 1;
}

bool wg_ask_more(const char *sql) {
  for (; *sql; sql += token(sql))
    if (!strchr(" \t\r\n\f;", *sql) && strncmp(sql, "--", 2) != 0 && strncmp(sql, "/*", 2) != 0) return true;
  return false;
}

// One SELECT, and nothing within it that has rows of its own.
static bool one_select(const char *sql) {
  static const char *const other[] = {"WITH", "VALUES", "OVER", "JOIN"};
  unsigned selects = 0;
  for (size_t n; *sql; sql += n) {
    n = token(sql);
    if (n == 6 && starts_in_any_case(sql, "SELECT")) selects++;
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
      if (n == strlen(other[i]) && starts_in_any_case(sql, other[i])) return false;
  }
  return selects == 1;
}

// What the program of a statement does, as EXPLAIN tells: it reads `events` in one loop, and within it only counts and
// takes the least and the greatest.
struct program {
  unsigned opened, counted;
  bool loop, other;
};

static bool is_listed(const char *word, const char *const *list) {
  for (; *list; list++)
    if (strcmp(word, *list) == 0) return true;
  return false;
}

static void see(struct program *p, const char *op, const char *p4) {
  static const char *const never[] = {"OpenRead", "OpenWrite",  "OpenAutoindex", "OpenDup", "InitCoroutine",
                                      "Program",  "AggInverse", "AggValue",      NULL};
  static const char *const not_within[] = {"ResultRow", "MakeRecord", "SorterInsert",  "Insert",
                                           "IdxInsert", "Once",       "OpenEphemeral", NULL};
  static const char *const counts[] = {"count(0)", "count(1)", "min(1)", "max(1)", NULL};
  if (strcmp(op, "VOpen") == 0) p->opened++;
  if (strcmp(op, "VFilter") == 0) p->loop = true;
  if (strcmp(op, "VNext") == 0) p->loop = false;
  p->other |= is_listed(op, never) || (p->loop && is_listed(op, not_within));
  if (strcmp(op, "Function") == 0 && p4 && (starts_in_any_case(p4, "random") || starts_in_any_case(p4, "changes")))
    p->other = true;
  if (strcmp(op, "AggStep") != 0) return;
  p->counted += p->loop;
  p->other |= !p->loop || p4 == NULL || !is_listed(p4, counts);
}

static bool only_counts(struct wg_ask *a, const char *sql) {
  struct program p = {0};
  struct wg_buf explain = {0};
  sqlite3_stmt *s = NULL;
  if (a->events.path == NULL || a->writes || !one_select(sql)) return false;
  wg_buf_printf(&explain, "EXPLAIN %s", sql);
  if (sqlite3_prepare_v2(a->db, explain.data, -1, &s, NULL) == SQLITE_OK)
    while (sqlite3_step(s) == SQLITE_ROW) {
      const char *op = (const char *)sqlite3_column_text(s, 1), *p4 = (const char *)sqlite3_column_text(s, 5);
      see(&p, op ? op : "", p4);
    }
  sqlite3_finalize(s);
  wg_buf_release(&explain);
  return p.opened == 1 && p.counted && !p.other;
}

// -- statements --

static bool is_decimal(const char *v) {
  const char *digits = v + (*v == '-');
  return *digits && strspn(digits, "0123456789") == strlen(digits);
}

static void bind_value(sqlite3_stmt *s, int at, const char *v) {
  char *end = NULL;
  uint64_t u;
  errno = 0;
  long long i = is_decimal(v) ? strtoll(v, &end, 10) : 0;
  bool number = *v && strspn(v, "0123456789.eE+-") == strlen(v);
  if (end && *end == 0 && errno == 0) {
    sqlite3_bind_int64(s, at, i);
  } else if (strncmp(v, "0x", 2) == 0 && wg_parse_u64(v, UINT64_MAX, &u)) {
    sqlite3_bind_int64(s, at, (sqlite3_int64)u);
  } else {
    double d = number ? strtod(v, &end) : 0;
    if (number && *end == 0)
      sqlite3_bind_double(s, at, d);
    else
      sqlite3_bind_text(s, at, v, -1, SQLITE_TRANSIENT);
  }
}

static int bind(const struct wg_ask *a, sqlite3_stmt *s, struct wg_err *err) {
  for (int i = 1; i <= sqlite3_bind_parameter_count(s); i++) {
    const char *name = sqlite3_bind_parameter_name(s, i);
    const struct wg_ask_param *p = NULL;
    for (size_t k = 0; name && k < a->nparams; k++)
      if (strcmp(name + 1, a->params[k].name) == 0) p = &a->params[k];
    if (p == NULL)
      return wg_fail(err, WG_INPUT, "SQL: the parameter %s has no value; expected --param %s=VALUE", name ? name : "?",
                     name ? name + 1 : "NAME, written :NAME,");
    bind_value(s, i, p->value);
  }
  return WG_OK;
}

int wg_ask_failed(struct wg_ask *a, struct wg_err *err) {
  if (!go_on(a)) return wg_fail(err, WG_INPUT, "interrupted");
  if (a->refused) return wg_fail(err, WG_INPUT, "SQL: %s", a->refused);
  int rc = sqlite3_errcode(a->db);
  if (rc == SQLITE_TOOBIG)
    return wg_fail(err, WG_INPUT, "SQL: %s: one has %d bytes (%d MiB) at most", sqlite3_errmsg(a->db), VALUE_MOST,
                   VALUE_MOST >> 20);
  if (rc == SQLITE_NOMEM)
    return wg_fail(err, WG_INPUT, "SQL: %s: what a statement keeps in memory is %d MiB at most", sqlite3_errmsg(a->db),
                   (int)(MEMORY_MOST >> 20));
  return wg_fail(err, WG_INPUT, "SQL: %s", sqlite3_errmsg(a->db));
}

int wg_ask_prepare(struct wg_ask *a, const char *sql, sqlite3_stmt **s, const char **tail, struct wg_err *err) {
  const char *end = sql;
  *s = NULL;
  a->refused = NULL;
  a->reads_branches = false;
  a->events.no_groups = a->events.too_many = false;
  a->events.passes = 0;
  set_counting(a, false);
  if (sqlite3_prepare_v2(a->db, sql, -1, s, &end) != SQLITE_OK) return wg_ask_failed(a, err);
  *tail = end;
  if (*s == NULL) return WG_OK;
  char *one = wg_xstrndup(sql, (size_t)(end - sql));
  if (only_counts(a, one)) {
    sqlite3_finalize(*s);
    set_counting(a, true);
    sqlite3_prepare_v2(a->db, one, -1, s, NULL);
  }
  free(one);
  a->refused = NULL;
  if (*s == NULL) return wg_ask_failed(a, err);
  int code = bind(a, *s, err);
  if (code == WG_OK) return code;
  sqlite3_finalize(*s);
  *s = NULL;
  return code;
}

int wg_ask_first(struct wg_ask *a, sqlite3_stmt **s, struct wg_err *err) {
  int rc = sqlite3_step(*s);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE && a->events.too_many) {
    // Sorted by SQLite then, on the disk if need be.
    char *sql = wg_xstrdup(sqlite3_sql(*s));
    sqlite3_finalize(*s);
    *s = NULL;
    set_counting(a, false);
    a->events.too_many = false;
    a->events.no_groups = true;
    bool prepared = sqlite3_prepare_v2(a->db, sql, -1, s, NULL) == SQLITE_OK && bind(a, *s, err) == WG_OK;
    free(sql);
    rc = prepared ? sqlite3_step(*s) : SQLITE_ERROR;
  }
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) wg_ask_failed(a, err);
  return rc;
}

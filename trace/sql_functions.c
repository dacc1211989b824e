#include "trace/functions.h"

#include <stdint.h>
#include <string.h>

#include "nt/exports.h"
#include "trace/sql.h" // generated from schemas/*.sql

// -- written in C --

static void hex(sqlite3_context *ctx, int n, sqlite3_value **v) {
  (void)n;
  if (sqlite3_value_type(v[0]) == SQLITE_INTEGER) {
    char text[24];
    sqlite3_snprintf(sizeof text, text, "0x%llx", sqlite3_value_int64(v[0]));
    sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
    return;
  }
  // Of anything else what SQLite's own gives: the digits of its bytes.
  static const char digits[] = "0123456789ABCDEF";
  const unsigned char *from = sqlite3_value_blob(v[0]);
  int bytes = sqlite3_value_bytes(v[0]);
  if (bytes > sqlite3_limit(sqlite3_context_db_handle(ctx), SQLITE_LIMIT_LENGTH, -1) / 2) {
    sqlite3_result_error_toobig(ctx);
    return;
  }
  char *to = sqlite3_malloc64(2 * (sqlite3_uint64)bytes + 1);
  if (to == NULL) {
    sqlite3_result_error_nomem(ctx);
    return;
  }
  for (int i = 0; i < bytes; i++) {
    to[2 * i] = digits[from[i] >> 4];
    to[2 * i + 1] = digits[from[i] & 15];
  }
  sqlite3_result_text(ctx, to, 2 * bytes, sqlite3_free);
}

// An integer, or a text of one in 0x-hexadecimal.
static int integer_of(sqlite3_value *value, uint64_t *out) {
  if (sqlite3_value_type(value) == SQLITE_INTEGER) {
    *out = (uint64_t)sqlite3_value_int64(value);
    return 1;
  }
  const unsigned char *s = sqlite3_value_type(value) == SQLITE_TEXT ? sqlite3_value_text(value) : NULL;
  uint64_t v = 0;
  if (s == NULL || s[0] != '0' || s[1] != 'x' || s[2] == 0) return 0;
  for (int i = 2; s[i]; i++) {
    unsigned char c = s[i] | 0x20;
    int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (d < 0 || i > 17) return 0;
    v = v << 4 | (unsigned)d;
  }
  *out = v;
  return 1;
}

static void from_hex(sqlite3_context *ctx, int n, sqlite3_value **v) {
  uint64_t x;
  (void)n;
  if (integer_of(v[0], &x)) sqlite3_result_int64(ctx, (sqlite3_int64)x);
}

static void status(sqlite3_context *ctx, int n, sqlite3_value **v) {
  uint64_t x;
  (void)n;
  if (!integer_of(v[0], &x)) {
    sqlite3_result_value(ctx, v[0]);
    return;
  }
  const char *name = wg_nt_status_name((uint32_t)x);
  if (name)
    sqlite3_result_text(ctx, name, -1, SQLITE_STATIC);
  else
    hex(ctx, n, v);
}

static int alike(void *ctx, int n, const void *a, int m, const void *b) {
  (void)ctx, (void)n, (void)a, (void)m, (void)b;
  return 0;
}

// -- written in SQL --

void wg_sql_function_free(void *p) {
  struct wg_sql_function *f = p;
  if (f == NULL) return;
  sqlite3_free(f->name);
  sqlite3_free(f->sql);
  for (int i = 0; i < f->n; i++) sqlite3_free(f->parameter[i]);
  sqlite3_free(f);
}

sqlite3_stmt *wg_sql_prepare(sqlite3 *db, const struct wg_sql_function *f, const char *other, char **error) {
  sqlite3_str *sql = sqlite3_str_new(db);
  sqlite3_stmt *s = NULL;
  for (const char *p = f->sql;;) {
    const char *at = f->other >= 0 ? strstr(p, "@other.") : NULL;
    if (at == NULL) {
      sqlite3_str_appendall(sql, p);
      break;
    }
    sqlite3_str_append(sql, p, (int)(at - p));
    sqlite3_str_appendf(sql, "\"%w\".", other ? other : "main");
    p = at + strlen("@other.");
  }
  char *text = sqlite3_str_finish(sql);
  if (text == NULL || sqlite3_prepare_v2(db, text, -1, &s, NULL) != SQLITE_OK)
    *error = sqlite3_mprintf("%s: %s", f->name, sqlite3_errmsg(db));
  sqlite3_free(text);
  return s;
}

static void value_of(sqlite3_context *ctx, int n, sqlite3_value **v) {
  const struct wg_sql_function *f = sqlite3_user_data(ctx);
  char *error = NULL;
  if (n > f->n) {
    sqlite3_result_error(ctx, "too many arguments", -1);
    return;
  }
  sqlite3_stmt *s = wg_sql_prepare(sqlite3_context_db_handle(ctx), f, NULL, &error);
  if (s == NULL) {
    sqlite3_result_error(ctx, error ? error : "out of memory", -1);
    sqlite3_free(error);
    return;
  }
  for (int i = 0; i < n; i++) {
    int at = sqlite3_bind_parameter_index(s, f->parameter[i]);
    if (at) sqlite3_bind_value(s, at, v[i]);
  }
  int rc = sqlite3_step(s);
  if (rc == SQLITE_ROW)
    sqlite3_result_value(ctx, sqlite3_column_value(s, 0));
  else if (rc != SQLITE_DONE) {
    sqlite3_result_error(ctx, sqlite3_errmsg(sqlite3_context_db_handle(ctx)), -1);
    sqlite3_result_error_code(ctx, rc);
  }
  sqlite3_finalize(s);
}

static int add_scalar(sqlite3 *db, struct wg_sql_function *f) {
  return sqlite3_create_function_v2(db, f->name, -1, SQLITE_UTF8, f, value_of, NULL, NULL, wg_sql_function_free);
}

// "-- NAME(PARAMETER, ...) rows: what it is", or "value"; then a statement. Returns what follows, or NULL at the end.
static const char *next_function(const char *p, struct wg_sql_function *f, int *rows) {
  while ((p = strstr(p, "\n-- ")) != NULL) {
    p += 4;
    size_t name = strcspn(p, "( \n"), n;
    if (p[name] != '(') continue;
    const char *close = p + strcspn(p, ")\n"), *from = p + name + 1;
    if (strncmp(close, ") rows:", 7) != 0 && strncmp(close, ") value:", 8) != 0) continue;
    *rows = close[2] == 'r';
    f->name = sqlite3_mprintf("%.*s", (int)name, p);
    f->other = -1;
    for (f->n = 0; from < close && f->n < WG_SQL_PARAMETERS; from += n + strspn(from + n, ", ")) {
      n = strcspn(from, ",)");
      if (n == 5 && strncmp(from, "other", 5) == 0) f->other = f->n;
      f->parameter[f->n++] = sqlite3_mprintf(":%.*s", (int)n, from);
    }
    const char *sql = strchr(close, '\n') + 1, *end = strstr(sql, ";\n");
    f->sql = sqlite3_mprintf("%.*s", (int)(end - sql), sql);
    return end + 1;
  }
  return NULL;
}

const char *wg_sql_functions_text(void) { return wg_sql_functions; }

int wg_sql_functions_add(sqlite3 *db) {
  static const struct {
    const char *name;
    void (*call)(sqlite3_context *, int, sqlite3_value **);
  } scalars[] = {{"hex", hex}, {"from_hex", from_hex}, {"status", status}};
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  int rc = SQLITE_OK, rows = 0;
  for (size_t i = 0; i < sizeof scalars / sizeof *scalars && rc == SQLITE_OK; i++)
    rc = sqlite3_create_function_v2(db, scalars[i].name, 1, flags, NULL, scalars[i].call, NULL, NULL, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_create_collation(db, "alike", SQLITE_UTF8, NULL, alike);
  for (const char *p = wg_sql_functions; rc == SQLITE_OK;) {
    struct wg_sql_function *f = sqlite3_malloc64(sizeof *f);
    if (f == NULL) return SQLITE_NOMEM;
    memset(f, 0, sizeof *f);
    p = next_function(p, f, &rows);
    if (p == NULL) {
      sqlite3_free(f);
      break;
    }
    rc = rows ? wg_sql_add_rows(db, f) : add_scalar(db, f);
  }
  if (rc == SQLITE_OK) rc = wg_sql_add_order(db);
  return rc == SQLITE_OK ? wg_sql_add_format(db) : rc;
}

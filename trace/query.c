// Asking a database.
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "trace/functions.h"
#include "trace/origin.h"
#include "trace/store.h"

static int db_fail(sqlite3 *db, const char *what, struct wg_err *err) {
  return wg_fail(err, WG_INPUT, "%s: %s", what, db ? sqlite3_errmsg(db) : "out of memory");
}

static int open_db(const char *path, sqlite3 **db, struct wg_err *err) {
  if (sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK && wg_sql_functions_add(*db) == SQLITE_OK)
    return WG_OK;
  int code = db_fail(*db, path, err);
  sqlite3_close(*db);
  return code;
}

// -- what it is --

// A value of the table meta; false if there is none, or no such table.
static bool get_meta(sqlite3 *db, const char *key, struct wg_buf *out) {
  sqlite3_stmt *s = NULL;
  bool found = false;
  wg_buf_clear(out);
  if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key=?1", -1, &s, NULL) == SQLITE_OK) {
    sqlite3_bind_text(s, 1, key, -1, SQLITE_TRANSIENT);
    found = sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL;
    if (found) wg_buf_add(out, sqlite3_column_text(s, 0), (size_t)sqlite3_column_bytes(s, 0));
  }
  sqlite3_finalize(s);
  return found;
}

static bool meta_is(sqlite3 *db, const char *key, const char *want) {
  struct wg_buf have = {0};
  bool same = get_meta(db, key, &have) && strcmp(have.data ? have.data : "", want) == 0;
  wg_buf_release(&have);
  return same;
}

static bool meta_number_is(sqlite3 *db, const char *key, int64_t want) {
  struct wg_buf text = {0};
  wg_buf_i64(&text, want);
  bool same = meta_is(db, key, text.data);
  wg_buf_release(&text);
  return same;
}

bool wg_store_made_of(const char *db, const char *source) {
  struct wg_store_origin o;
  sqlite3 *h;
  struct wg_err unsaid = {0};
  if (open_db(db, &h, &unsaid) != WG_OK) return false;
  wg_store_origin(source, &o);
  bool same = o.size >= 0 && meta_number_is(h, "schema", WG_STORE_SCHEMA) && meta_is(h, "source", o.name.data) &&
              meta_number_is(h, "size", o.size) && meta_number_is(h, "mtime_ns", o.mtime_ns) &&
              meta_is(h, "sample", o.sample);
  struct wg_buf text = {0};
  same = same && get_meta(h, "format", &text) && get_meta(h, "damage", &text) && get_meta(h, "events", &text);
  wg_buf_release(&text);
  wg_store_origin_release(&o);
  sqlite3_close(h);
  return same;
}

int wg_store_check(const char *db, struct wg_buf *damage, struct wg_err *err) {
  sqlite3 *h;
  struct wg_buf schema = {0}, text = {0};
  WG_TRY(open_db(db, &h, err));
  int code = WG_OK;
  if (!get_meta(h, "schema", &schema))
    code = wg_fail(err, WG_INPUT, "%s: no whole database of `wedge import`: %s", db,
                   sqlite3_errcode(h) == SQLITE_OK || sqlite3_errcode(h) == SQLITE_DONE ? "its meta table has no schema"
                                                                                        : sqlite3_errmsg(h));
  else if (!meta_number_is(h, "schema", WG_STORE_SCHEMA))
    code = wg_fail(err, WG_INPUT, "%s: schema %s; this version reads schema %d: import the trace again", db,
                   schema.data, WG_STORE_SCHEMA);
  else if (!get_meta(h, "damage", damage) || !get_meta(h, "events", &text))
    code = wg_fail(err, WG_INPUT, "%s: no whole database of `wedge import`: its meta table lacks damage or events", db);
  wg_buf_release(&schema);
  wg_buf_release(&text);
  sqlite3_close(h);
  return code;
}

// -- rows --

struct cell {
  int type;
  const char *text; // NULL for NULL
  size_t n;
};

static struct cell cell_of(sqlite3_stmt *s, int col) {
  struct cell c = {.type = sqlite3_column_type(s, col)};
  c.text =
      c.type == SQLITE_BLOB ? (const char *)sqlite3_column_blob(s, col) : (const char *)sqlite3_column_text(s, col);
  c.n = (size_t)sqlite3_column_bytes(s, col);
  if (c.text == NULL && c.type != SQLITE_NULL) c.text = "";
  return c;
}

static void put_blob(struct wg_buf *out, const struct cell *c) {
  for (size_t i = 0; i < c->n; i++) wg_buf_printf(out, "%02x", (unsigned char)c->text[i]);
}

static void json_cell(struct wg_buf *row, sqlite3_stmt *s, int col) {
  struct cell c = cell_of(s, col);
  const char *name = sqlite3_column_name(s, col);
  if (col) wg_buf_char(row, ',');
  wg_buf_json_utf8(row, name, strlen(name));
  wg_buf_char(row, ':');
  if (c.type == SQLITE_NULL) {
    wg_buf_str(row, "null");
  } else if (c.type == SQLITE_FLOAT && !isfinite(sqlite3_column_double(s, col))) {
    wg_buf_str(row, sqlite3_column_double(s, col) < 0 ? "-1e999" : "1e999");
  } else if (c.type == SQLITE_INTEGER || c.type == SQLITE_FLOAT) {
    wg_buf_add(row, c.text, c.n);
  } else if (c.type == SQLITE_BLOB) {
    wg_buf_char(row, '"');
    put_blob(row, &c);
    wg_buf_char(row, '"');
  } else {
    wg_buf_json_utf8(row, c.text, c.n);
  }
}

// Ends of lines stay within the quotes; other control characters become printable.
static void csv_text(struct wg_buf *row, const char *text, size_t n) {
  bool quote = false;
  for (size_t i = 0; i < n; i++) quote |= strchr(",\"\n", text[i]) != NULL && text[i];
  quote |= n && (isspace((unsigned char)text[0]) || isspace((unsigned char)text[n - 1]));
  if (quote) wg_buf_char(row, '"');
  for (size_t from = 0; from < n;) {
    size_t to = from;
    while (to < n && text[to] != '\n' && text[to] != '"') to++;
    wg_buf_printable(row, text + from, to - from, SIZE_MAX);
    if (to < n) wg_buf_str(row, text[to] == '"' ? "\"\"" : "\n");
    from = to + 1;
  }
  if (quote) wg_buf_char(row, '"');
}

static void csv_cell(struct wg_buf *row, sqlite3_stmt *s, int col) {
  struct cell c = cell_of(s, col);
  if (c.type == SQLITE_BLOB)
    put_blob(row, &c);
  else if (c.text)
    csv_text(row, c.text, c.n);
}

// Rows kept for a table, whose column widths depend on all of them.
struct grid {
  char **cells;
  size_t *widths; // of the cells, in characters
  size_t n, cap;
  int cols;
};

static size_t characters(const char *text) {
  size_t n = 0;
  for (; *text; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
  return n;
}

static void grid_take(struct grid *g, struct wg_buf *cell) {
  if (g->n == g->cap) {
    g->cap = g->cap ? g->cap * 2 : 64;
    g->cells = wg_xrealloc(g->cells, g->cap * sizeof *g->cells);
    g->widths = wg_xrealloc(g->widths, g->cap * sizeof *g->widths);
  }
  wg_buf_reserve(cell, 1);
  g->widths[g->n] = characters(cell->data);
  g->cells[g->n++] = cell->data;
}

static void grid_cell(struct grid *g, sqlite3_stmt *s, int col) {
  struct cell c = cell_of(s, col);
  struct wg_buf b = {0};
  wg_buf_reserve(&b, 1);
  if (c.type == SQLITE_BLOB)
    put_blob(&b, &c);
  else if (c.text)
    wg_buf_printable(&b, c.text, c.n, SIZE_MAX);
  grid_take(g, &b);
}

static void grid_rule(struct wg_buf *out, const size_t *width, size_t cols) {
  for (size_t c = 0; c < cols; c++) {
    for (size_t k = 0; k < width[c]; k++) wg_buf_char(out, '-');
    wg_buf_str(out, c + 1 == cols ? "\n" : "  ");
  }
}

static void grid_print(struct grid *g, struct wg_buf *out) {
  size_t cols = (size_t)g->cols, *width = wg_xcalloc(cols, sizeof *width);
  for (size_t i = 0; i < g->n; i++)
    if (g->widths[i] > width[i % cols]) width[i % cols] = g->widths[i];
  for (size_t i = 0; i < g->n; i++) {
    bool last = i % cols + 1 == cols;
    wg_buf_str(out, g->cells[i]);
    for (size_t k = g->widths[i]; !last && k < width[i % cols]; k++) wg_buf_char(out, ' ');
    wg_buf_str(out, last ? "\n" : "  ");
    if (i + 1 == cols) grid_rule(out, width, cols);
    free(g->cells[i]);
  }
  free(width);
  free(g->cells);
  free(g->widths);
}

static void print_names(sqlite3_stmt *s, enum wg_query_format format, struct grid *g, struct wg_buf *out) {
  for (int i = 0; i < g->cols && format != WG_QUERY_JSON; i++) {
    const char *name = sqlite3_column_name(s, i);
    struct wg_buf b = {0};
    if (format == WG_QUERY_TABLE) {
      wg_buf_printable(&b, name, strlen(name), SIZE_MAX);
      grid_take(g, &b);
    } else {
      csv_text(out, name, strlen(name));
      wg_buf_char(out, i + 1 == g->cols ? '\n' : ',');
    }
  }
}

static void print_row(sqlite3_stmt *s, enum wg_query_format format, struct grid *g, struct wg_buf *out) {
  if (format == WG_QUERY_JSON) wg_buf_char(out, '{');
  for (int i = 0; i < g->cols; i++) {
    if (format == WG_QUERY_TABLE) {
      grid_cell(g, s, i);
    } else if (format == WG_QUERY_JSON) {
      json_cell(out, s, i);
    } else {
      csv_cell(out, s, i);
      if (i + 1 < g->cols) wg_buf_char(out, ',');
    }
  }
  if (format != WG_QUERY_TABLE) wg_buf_str(out, format == WG_QUERY_JSON ? "}\n" : "\n");
}

static int print_rows(sqlite3_stmt *s, enum wg_query_format format, struct wg_buf *out) {
  struct grid g = {.cols = sqlite3_column_count(s)};
  int rc;
  print_names(s, format, &g, out);
  while ((rc = sqlite3_step(s)) == SQLITE_ROW) print_row(s, format, &g, out);
  if (format == WG_QUERY_TABLE) grid_print(&g, out);
  return rc;
}

// Whether anything but blanks, comments and semicolons follows.
static bool another(sqlite3 *h, const char *tail) {
  while (tail && *tail) {
    sqlite3_stmt *s = NULL;
    const char *next = NULL;
    int rc = sqlite3_prepare_v2(h, tail, -1, &s, &next);
    bool statement = rc != SQLITE_OK || s != NULL;
    sqlite3_finalize(s);
    if (statement) return true;
    if (next == tail) break;
    tail = next;
  }
  return false;
}

int wg_store_query(const char *db, const char *sql, enum wg_query_format format, struct wg_buf *out,
                   struct wg_err *err) {
  sqlite3 *h;
  WG_TRY(open_db(db, &h, err));
  sqlite3_stmt *s = NULL;
  const char *tail = NULL;
  int code = WG_OK;
  if (sqlite3_prepare_v2(h, sql, -1, &s, &tail) != SQLITE_OK)
    code = wg_fail(err, WG_INPUT, "SQL: %s", sqlite3_errmsg(h));
  else if (s == NULL || another(h, tail))
    code = wg_fail(err, WG_INPUT, "SQL: expected exactly one statement");
  else if (sqlite3_column_count(s) == 0)
    code = wg_fail(err, WG_INPUT, "SQL: expected a statement that returns rows");
  if (code == WG_OK && print_rows(s, format, out) != SQLITE_DONE)
    code = wg_fail(err, WG_INPUT, "SQL: %s", sqlite3_errmsg(h));
  sqlite3_finalize(s);
  sqlite3_close(h);
  return code;
}

bool wg_store_complete(const char *sql) { return sqlite3_complete(sql) != 0; }

#include "trace/vtab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "trace/scan.h"

#define MANY_PASSES 4u
#define MOST_TESTS 32

struct table {
  sqlite3_vtab base;
  struct wg_events *of;
};

struct cursor {
  sqlite3_vtab_cursor base;
  struct wg_scan *scan;
  struct wg_scan_row row;
  uint64_t left; // how often it is still given
  bool eof, once;
  int64_t from, to; // seq
  int columns[WG_COLUMNS], place[WG_COLUMNS];
  size_t ncolumns;
  struct wg_test tests[MOST_TESTS];
  size_t ntests;
};

static int fail_with(struct table *t, const char *fmt, const char *what) {
  sqlite3_free(t->base.zErrMsg);
  t->base.zErrMsg = sqlite3_mprintf(fmt, what);
  return SQLITE_ERROR;
}

// -- the table --

static int connect_table(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out, char **msg) {
  (void)argc;
  (void)argv;
  (void)msg;
  struct wg_buf sql = {0};
  wg_buf_str(&sql, "CREATE TABLE x(");
  for (int i = 0; i < WG_COLUMNS; i++)
    wg_buf_printf(&sql, "%s\"%s\" %s%s", i ? "," : "", wg_column_name(i), wg_column_type(i),
                  wg_column_hidden(i) ? " HIDDEN" : "");
  // Without a rowid, so that rows that were put together have none either.
  wg_buf_str(&sql, ",PRIMARY KEY(seq)) WITHOUT ROWID");
  int rc = sqlite3_declare_vtab(db, sql.data);
  wg_buf_release(&sql);
  if (rc != SQLITE_OK) return rc;
  struct table *t = wg_xcalloc(1, sizeof *t);
  t->of = aux;
  *out = &t->base;
  // Nothing of it is changed by reading, and a schema may not use it behind somebody's back.
  return sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
}

static int disconnect(sqlite3_vtab *t) {
  free(t);
  return SQLITE_OK;
}

// -- the plan --

static bool is_type(int column, const char *type) { return strcmp(wg_column_type(column), type) == 0; }

static char op_of(int op) {
  switch (op) {
  case SQLITE_INDEX_CONSTRAINT_EQ: return '=';
  case SQLITE_INDEX_CONSTRAINT_GT: return '>';
  case SQLITE_INDEX_CONSTRAINT_GE: return 'g';
  case SQLITE_INDEX_CONSTRAINT_LT: return '<';
  case SQLITE_INDEX_CONSTRAINT_LE: return 'l';
  default: return 0;
  }
}

static bool can_test(sqlite3_index_info *p, int i) {
  const struct sqlite3_index_constraint *c = &p->aConstraint[i];
  int column = c->iColumn < 0 ? WG_COL_SEQ : c->iColumn;
  if (!c->usable || op_of(c->op) == 0 || column == WG_COL_LINE || column == WG_COL_JSON) return false;
  if (is_type(column, "INTEGER")) return true;
  return is_type(column, "TEXT") && c->op == SQLITE_INDEX_CONSTRAINT_EQ &&
         sqlite3_stricmp(sqlite3_vtab_collation(p, i), "BINARY") == 0;
}

static bool is_used(const sqlite3_index_info *p, int column) { return p->colUsed >> (column < 63 ? column : 63) & 1; }

// Rows that are alike may be put together.
static bool can_group(const struct wg_events *of, sqlite3_index_info *p, bool *consumed) {
  int distinct = sqlite3_vtab_distinct(p);
  *consumed = false;
  if (of->no_groups) return false;
  for (int i = 0; i < WG_COLUMNS; i++)
    if (is_used(p, i) && !wg_column_repeats(i)) return false;
  bool ascending = true;
  for (int i = 0; i < p->nOrderBy; i++) {
    if (p->aOrderBy[i].iColumn < 0 || !wg_column_repeats(p->aOrderBy[i].iColumn)) return false;
    ascending &= !p->aOrderBy[i].desc;
  }
  *consumed = p->nOrderBy && distinct > 0 && (distinct < 3 || ascending);
  return *consumed || of->counting;
}

static void put_columns(const sqlite3_index_info *p, bool groups, struct wg_buf *plan) {
  bool put[WG_COLUMNS] = {false};
  for (int i = 0; groups && i < p->nOrderBy; i++) {
    int column = p->aOrderBy[i].iColumn;
    if (!put[column]) wg_buf_printf(plan, "%d,", column);
    put[column] = true;
  }
  for (int i = 0; i < WG_COLUMNS; i++)
    if (is_used(p, i) && !put[i] && i != WG_COL_SEQ) wg_buf_printf(plan, "%d,", i);
}

// The plan is text: [g][o] COLUMN,...;OP COLUMN,... with a * before the column of a list of values.
static int best_index(sqlite3_vtab *v, sqlite3_index_info *p) {
  struct table *t = (struct table *)(void *)v;
  struct wg_buf plan = {0};
  bool consumed, groups = can_group(t->of, p, &consumed);
  double rows = 1e6;
  int n = 0;
  if (groups) wg_buf_char(&plan, 'g');
  if (groups && sqlite3_vtab_distinct(p) >= 2) wg_buf_char(&plan, 'o');
  put_columns(p, groups, &plan);
  wg_buf_char(&plan, ';');
  for (int i = 0; i < p->nConstraint && n < MOST_TESTS; i++) {
    if (!can_test(p, i)) continue;
    int column = p->aConstraint[i].iColumn < 0 ? WG_COL_SEQ : p->aConstraint[i].iColumn;
    bool list = column != WG_COL_SEQ && sqlite3_vtab_in(p, i, 1);
    wg_buf_printf(&plan, "%c%s%d,", op_of(p->aConstraint[i].op), list ? "*" : "", column);
    p->aConstraintUsage[i].argvIndex = ++n; // and not omitted: SQL compares what is of another type
    rows /= column == WG_COL_SEQ && p->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ ? 1e6 : 4;
  }
  bool by_seq = !groups && p->nOrderBy == 1 && p->aOrderBy[0].iColumn <= WG_COL_SEQ && !p->aOrderBy[0].desc;
  p->orderByConsumed = consumed || by_seq;
  p->estimatedCost = 1e7;
  p->estimatedRows = rows < 1 ? 1 : (sqlite3_int64)rows;
  p->idxStr = sqlite3_mprintf("%s", plan.data);
  p->needToFreeIdxStr = 1;
  wg_buf_release(&plan);
  return p->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

// -- the cursor --

static int open_cursor(sqlite3_vtab *v, sqlite3_vtab_cursor **out) {
  (void)v;
  struct cursor *c = wg_xcalloc(1, sizeof *c);
  *out = &c->base;
  return SQLITE_OK;
}

static void rewind_cursor(struct cursor *c) {
  wg_scan_close(c->scan);
  c->scan = NULL;
  for (size_t i = 0; i < c->ntests; i++) {
    for (size_t k = 0; k < c->tests[i].n; k++)
      if (c->tests[i].values[k].type == WG_CELL_TEXT) free((void *)(uintptr_t)c->tests[i].values[k].text);
    free(c->tests[i].values);
  }
  c->ntests = c->ncolumns = 0;
  c->from = INT64_MIN;
  c->to = INT64_MAX;
}

static int close_cursor(sqlite3_vtab_cursor *v) {
  struct cursor *c = (struct cursor *)(void *)v;
  rewind_cursor(c);
  free(c);
  return SQLITE_OK;
}

static bool add_value(struct wg_test *t, sqlite3_value *v) {
  bool text = strcmp(wg_column_type(t->column), "TEXT") == 0;
  if (sqlite3_value_type(v) != (text ? SQLITE_TEXT : SQLITE_INTEGER)) return false;
  WG_VEC_NEXT(t->values, t->n);
  struct wg_cell *c = &t->values[t->n++];
  if (text) {
    const char *s = (const char *)sqlite3_value_text(v);
    size_t n = (size_t)sqlite3_value_bytes(v);
    *c = (struct wg_cell){.type = WG_CELL_TEXT, .n = (uint32_t)n, .text = wg_xstrndup(s ? s : "", n)};
  } else {
    *c = (struct wg_cell){.type = WG_CELL_INT, .i = sqlite3_value_int64(v)};
  }
  return true;
}

static void bound_seq(struct cursor *c, enum wg_test_op op, int64_t v) {
  if ((op == WG_TEST_EQ || op == WG_TEST_GE || op == WG_TEST_GT) && v > c->from) c->from = v;
  if ((op == WG_TEST_EQ || op == WG_TEST_LE || op == WG_TEST_LT) && v < c->to) c->to = v;
}

// A test that cannot be made here is left to SQL.
static void add_test(struct cursor *c, char op, int column, bool list, sqlite3_value *v) {
  struct wg_test t = {.column = column,
                      .op = op == '='   ? WG_TEST_EQ
                            : op == '>' ? WG_TEST_GT
                            : op == 'g' ? WG_TEST_GE
                            : op == '<' ? WG_TEST_LT
                                        : WG_TEST_LE};
  bool can = true;
  if (column == WG_COL_SEQ) {
    if (sqlite3_value_type(v) == SQLITE_INTEGER) bound_seq(c, t.op, sqlite3_value_int64(v));
    return;
  }
  if (list) {
    sqlite3_value *one = NULL;
    int rc = sqlite3_vtab_in_first(v, &one);
    for (; rc == SQLITE_OK && one && can; rc = sqlite3_vtab_in_next(v, &one)) can = add_value(&t, one);
    can &= rc == SQLITE_OK || rc == SQLITE_DONE;
  } else {
    can = add_value(&t, v);
  }
  c->tests[c->ntests++] = t;
  if (can) return;
  c->ntests--;
  for (size_t i = 0; i < t.n; i++)
    if (t.values[i].type == WG_CELL_TEXT) free((void *)(uintptr_t)t.values[i].text);
  free(t.values);
}

static bool read_plan(struct cursor *c, const char *plan, sqlite3_value **argv) {
  bool groups = *plan == 'g';
  plan += groups;
  c->once = *plan == 'o';
  plan += c->once;
  for (int i = 0; i < WG_COLUMNS; i++) c->place[i] = -1;
  while (*plan != ';') {
    int column = (int)strtol(plan, (char **)(uintptr_t)&plan, 10);
    plan++;
    c->place[column] = (int)c->ncolumns;
    c->columns[c->ncolumns++] = column;
  }
  for (plan++; *plan; plan++) {
    char op = *plan++;
    bool list = *plan == '*';
    int column = (int)strtol(plan + list, (char **)(uintptr_t)&plan, 10);
    add_test(c, op, column, list, *argv++);
  }
  return groups;
}

// At the end: why.
static int end_rows(struct cursor *c) {
  struct table *t = (struct table *)(void *)c->base.pVtab;
  c->eof = true;
  if (wg_scan_stopped(c->scan)) return SQLITE_INTERRUPT;
  if (wg_scan_overflowed(c->scan)) {
    t->of->too_many = true;
    return fail_with(t, "%s", "too many different values to count them at once");
  }
  const char *damage = wg_scan_damage(c->scan);
  if (damage && t->of->damage.len == 0) wg_buf_str(&t->of->damage, damage);
  return SQLITE_OK;
}

static int advance(struct cursor *c) {
  struct wg_events *of = ((struct table *)(void *)c->base.pVtab)->of;
  do {
    if (!wg_scan_next(c->scan, &c->row)) return end_rows(c);
    if ((int64_t)c->row.seq > c->to) {
      c->eof = true;
      return SQLITE_OK;
    }
  } while ((int64_t)c->row.seq < c->from);
  c->left = c->once || of->counting ? 1 : c->row.times;
  of->times = of->counting ? c->row.times : 1;
  return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *v, int number, const char *plan, int argc, sqlite3_value **argv) {
  struct cursor *c = (struct cursor *)(void *)v;
  struct table *t = (struct table *)(void *)v->pVtab;
  struct wg_err err = {0};
  (void)number;
  (void)argc;
  rewind_cursor(c);
  bool groups = read_plan(c, plan, argv);
  struct wg_asked asked = {c->columns, c->ncolumns, c->tests, c->ntests, groups, &t->of->reading, &t->of->watch};
  c->eof = false;
  if (++t->of->passes == MANY_PASSES && t->of->reread) t->of->reread(t->of->ctx);
  if (wg_scan_open(&c->scan, t->of->path, &asked, &err) != WG_OK) return fail_with(t, "%s", err.msg);
  return advance(c);
}

static int next(sqlite3_vtab_cursor *v) {
  struct cursor *c = (struct cursor *)(void *)v;
  return --c->left ? SQLITE_OK : advance(c);
}

static int eof(sqlite3_vtab_cursor *v) { return ((struct cursor *)(void *)v)->eof; }

static int column(sqlite3_vtab_cursor *v, sqlite3_context *ctx, int at) {
  const struct cursor *c = (struct cursor *)(void *)v;
  if (at == WG_COL_SEQ) {
    sqlite3_result_int64(ctx, (sqlite3_int64)c->row.seq);
    return SQLITE_OK;
  }
  if (c->place[at] < 0) return SQLITE_OK;
  const struct wg_cell *cell = &c->row.cells[c->place[at]];
  switch (cell->type) {
  case WG_CELL_INT: sqlite3_result_int64(ctx, cell->i); break;
  case WG_CELL_REAL: sqlite3_result_double(ctx, cell->real); break;
  case WG_CELL_TEXT: sqlite3_result_text64(ctx, cell->text, cell->n, SQLITE_TRANSIENT, SQLITE_UTF8); break;
  case WG_CELL_NULL: sqlite3_result_null(ctx); break;
  }
  return SQLITE_OK;
}

static const sqlite3_module module = {
    .xCreate = connect_table,
    .xConnect = connect_table,
    .xBestIndex = best_index,
    .xDisconnect = disconnect,
    .xDestroy = disconnect,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = filter,
    .xNext = next,
    .xEof = eof,
    .xColumn = column,
};

int wg_events_table(sqlite3 *db, struct wg_events *of, struct wg_err *err) {
  if (sqlite3_create_module_v2(db, "wedge_events", &module, of, NULL) != SQLITE_OK ||
      sqlite3_exec(db, "CREATE VIRTUAL TABLE temp.events USING wedge_events", NULL, NULL, NULL) != SQLITE_OK)
    return wg_fail(err, WG_INTERNAL, "the table events: %s", sqlite3_errmsg(db));
  return WG_OK;
}

void wg_events_release(struct wg_events *of) { wg_buf_release(&of->damage); }

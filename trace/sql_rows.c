// Functions that give rows: each is a virtual table without a name of its own in the schema, whose hidden columns are
// the parameters of a statement, and whose rows are that statement's.
#include <string.h>

#include "trace/functions.h"

struct table {
  sqlite3_vtab base;
  sqlite3 *db;
  const struct wg_sql_function *f;
  int columns;        // of the statement; the parameters follow
  sqlite3_stmt *idle; // prepared, of a cursor that was closed; or NULL. Connections end their tables before they close
};

struct cursor {
  sqlite3_vtab_cursor base;
  sqlite3_stmt *s; // stays prepared: a join asks once a row
  sqlite3_int64 row;
  int rc;
  sqlite3_value *given[WG_SQL_PARAMETERS];
};

static int declare(sqlite3 *db, const struct wg_sql_function *f, struct table *t, char **error) {
  sqlite3_stmt *s = wg_sql_prepare(db, f, NULL, error);
  if (s == NULL) return SQLITE_ERROR;
  sqlite3_str *sql = sqlite3_str_new(db);
  sqlite3_str_appendall(sql, "CREATE TABLE x(");
  t->columns = sqlite3_column_count(s);
  for (int i = 0; i < t->columns; i++) sqlite3_str_appendf(sql, "%s\"%w\"", i ? "," : "", sqlite3_column_name(s, i));
  // A parameter may have the name of a column; nobody asks for it by that.
  for (int i = 0; i < f->n; i++) sqlite3_str_appendf(sql, ",\"%w\" HIDDEN", f->parameter[i]);
  sqlite3_str_appendchar(sql, 1, ')');
  char *text = sqlite3_str_finish(sql);
  int rc = text ? sqlite3_declare_vtab(db, text) : SQLITE_NOMEM;
  sqlite3_free(text);
  sqlite3_finalize(s);
  return rc;
}

static int connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out, char **error) {
  (void)argc;
  (void)argv;
  struct table *t = sqlite3_malloc64(sizeof *t);
  if (t == NULL) return SQLITE_NOMEM;
  memset(t, 0, sizeof *t);
  t->db = db;
  t->f = aux;
  int rc = declare(db, t->f, t, error);
  if (rc == SQLITE_OK)
    *out = &t->base;
  else
    sqlite3_free(t);
  return rc;
}

static int disconnect(sqlite3_vtab *t) {
  sqlite3_finalize(((struct table *)t)->idle);
  sqlite3_free(t);
  return SQLITE_OK;
}

// Every parameter that is given must be known before the first row.
static int best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  const struct table *t = (const struct table *)base;
  int at[WG_SQL_PARAMETERS], n = 0;
  memset(at, 0xFF, sizeof at);
  for (int i = 0; i < info->nConstraint; i++) {
    int p = info->aConstraint[i].iColumn - t->columns;
    if (p < 0 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (!info->aConstraint[i].usable) return SQLITE_CONSTRAINT;
    at[p] = i;
  }
  info->idxNum = 0;
  for (int p = 0; p < t->f->n; p++) {
    if (at[p] < 0) continue;
    info->aConstraintUsage[at[p]].argvIndex = ++n;
    info->aConstraintUsage[at[p]].omit = 1;
    info->idxNum |= 1 << p;
  }
  info->estimatedCost = 1000.0 * (1 + t->f->n - n);
  info->estimatedRows = 100;
  return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *t, sqlite3_vtab_cursor **out) {
  struct cursor *c = sqlite3_malloc64(sizeof *c);
  (void)t;
  if (c == NULL) return SQLITE_NOMEM;
  memset(c, 0, sizeof *c);
  *out = &c->base;
  return SQLITE_OK;
}

static void forget(struct cursor *c) {
  if (c->s) {
    sqlite3_reset(c->s);
    sqlite3_clear_bindings(c->s);
  }
  for (int i = 0; i < WG_SQL_PARAMETERS; i++) {
    sqlite3_value_free(c->given[i]);
    c->given[i] = NULL;
  }
}

static int close_cursor(sqlite3_vtab_cursor *base) {
  struct cursor *c = (struct cursor *)base;
  struct table *t = (struct table *)base->pVtab;
  forget(c);
  if (t->idle == NULL && t->f->other < 0)
    t->idle = c->s;
  else
    sqlite3_finalize(c->s);
  sqlite3_free(c);
  return SQLITE_OK;
}

static int fail_by(struct table *t, int rc, const char *why) {
  sqlite3_free(t->base.zErrMsg);
  t->base.zErrMsg = sqlite3_mprintf("%s: %s", t->f->name, why);
  return rc;
}

static int fail(struct table *t, const char *why) { return fail_by(t, SQLITE_ERROR, why); }

static int step(sqlite3_vtab_cursor *base) {
  struct cursor *c = (struct cursor *)base;
  c->row++;
  c->rc = sqlite3_step(c->s);
  if (c->rc == SQLITE_ROW || c->rc == SQLITE_DONE) return SQLITE_OK;
  if (c->rc == SQLITE_INTERRUPT) return SQLITE_INTERRUPT;
  struct table *t = (struct table *)base->pVtab;
  return fail_by(t, c->rc, sqlite3_errmsg(t->db));
}

static int filter(sqlite3_vtab_cursor *base, int given, const char *text, int n, sqlite3_value **v) {
  struct table *t = (struct table *)base->pVtab;
  struct cursor *c = (struct cursor *)base;
  const char *other = NULL;
  int k = 0;
  (void)text;
  (void)n;
  forget(c);
  for (int p = 0; p < t->f->n; p++)
    if (given >> p & 1) c->given[p] = sqlite3_value_dup(v[k++]);
  if (t->f->other >= 0) {
    if (c->given[t->f->other]) other = (const char *)sqlite3_value_text(c->given[t->f->other]);
    if (other == NULL) return fail(t, "expected the name that the other database is attached as");
  }
  char *error = NULL;
  if (other) {
    sqlite3_finalize(c->s);
    c->s = NULL;
  }
  if (c->s == NULL && other == NULL) {
    c->s = t->idle;
    t->idle = NULL;
  }
  if (c->s == NULL) c->s = wg_sql_prepare(t->db, t->f, other, &error);
  if (c->s == NULL) {
    sqlite3_free(t->base.zErrMsg);
    t->base.zErrMsg = error;
    return SQLITE_ERROR;
  }
  for (int p = 0; p < t->f->n; p++) {
    int at = sqlite3_bind_parameter_index(c->s, t->f->parameter[p]);
    if (at && c->given[p]) sqlite3_bind_value(c->s, at, c->given[p]);
  }
  c->row = 0;
  return step(base);
}

static int at_end(sqlite3_vtab_cursor *base) { return ((struct cursor *)base)->rc != SQLITE_ROW; }

static int column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int i) {
  const struct table *t = (const struct table *)base->pVtab;
  struct cursor *c = (struct cursor *)base;
  if (i < t->columns)
    sqlite3_result_value(ctx, sqlite3_column_value(c->s, i));
  else if (c->given[i - t->columns])
    sqlite3_result_value(ctx, c->given[i - t->columns]);
  return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *id) {
  *id = ((struct cursor *)base)->row;
  return SQLITE_OK;
}

static const sqlite3_module module = {.xConnect = connect,
                                      .xBestIndex = best_index,
                                      .xDisconnect = disconnect,
                                      .xOpen = open_cursor,
                                      .xClose = close_cursor,
                                      .xFilter = filter,
                                      .xNext = step,
                                      .xEof = at_end,
                                      .xColumn = column,
                                      .xRowid = row_id};

int wg_sql_add_rows(sqlite3 *db, struct wg_sql_function *f) {
  return sqlite3_create_module_v2(db, f->name, &module, f, wg_sql_function_free);
}

#include "trace/store.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/replace.h"
#include "trace/origin.h"
#include "trace/shape.h"
#include "trace/sql.h" // generated from schemas/*.sql

#define PAGE "4096"

struct store {
  sqlite3 *db;
  sqlite3_stmt *st[WG_TABLES];
  uint32_t bound[WG_TABLES]; // the columns that are not NULL
  bool failed;               // a statement was not carried out; the database says why
};

static const char *const tables[] = {
#define WG_TABLE(id, name, columns) name,
#include "trace/tables.def"
};

static int exec(struct store *st, const char *sql, const char *path, struct wg_err *err) {
  return sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK ? WG_OK : wg_db_fail(st->db, path, err);
}

static int prepare(struct store *st, const char *path, struct wg_err *err) {
  struct wg_buf sql = {0};
  int rc = SQLITE_OK;
  for (int t = 0; t < WG_TABLES && rc == SQLITE_OK; t++) {
    wg_buf_clear(&sql);
    wg_buf_printf(&sql, "INSERT INTO %s VALUES (?", tables[t]);
    for (int i = 1; i < wg_table_columns((enum wg_table)t); i++) wg_buf_str(&sql, ",?");
    wg_buf_char(&sql, ')');
    rc = sqlite3_prepare_v3(st->db, sql.data, -1, SQLITE_PREPARE_PERSISTENT, &st->st[t], NULL);
  }
  wg_buf_release(&sql);
  return rc == SQLITE_OK ? WG_OK : wg_db_fail(st->db, path, err);
}

static int open_store(struct store *st, const char *made, const char *path, struct wg_err *err) {
  if (sqlite3_open(made, &st->db) != SQLITE_OK) return wg_db_fail(st->db, path, err);
  WG_TRY(exec(st,
              "PRAGMA page_size=" PAGE
              "; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
              "PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY; BEGIN",
              path, err));
  WG_TRY(exec(st, wg_sql_schema, path, err));
  return prepare(st, path, err);
}

static void store_row(struct store *st, const struct wg_row *r) {
  sqlite3_stmt *s = st->st[r->table];
  for (uint32_t left = r->set | st->bound[r->table]; left; left &= left - 1) {
    int i = __builtin_ctz(left);
    if (!(r->set >> i & 1))
      sqlite3_bind_null(s, i + 1);
    else if (r->text >> i & 1)
      sqlite3_bind_text64(s, i + 1, r->s[i], (sqlite3_uint64)r->v[i], SQLITE_STATIC, SQLITE_UTF8);
    else
      sqlite3_bind_int64(s, i + 1, r->v[i]);
  }
  st->bound[r->table] = r->set;
  if (sqlite3_step(s) != SQLITE_DONE) st->failed = true;
  sqlite3_reset(s);
}

static void put_meta(struct store *st, const char *key, const char *value) {
  sqlite3_stmt *s;
  if (sqlite3_prepare_v2(st->db, "INSERT INTO meta VALUES (?1,?2)", -1, &s, NULL) != SQLITE_OK) {
    st->failed = true;
    return;
  }
  sqlite3_bind_text(s, 1, key, -1, SQLITE_TRANSIENT);
  sqlite3_bind_text(s, 2, value, -1, SQLITE_TRANSIENT);
  if (sqlite3_step(s) != SQLITE_DONE) st->failed = true;
  sqlite3_finalize(s);
}

static void put_number(struct store *st, const char *key, int64_t v) {
  struct wg_buf b = {0};
  wg_buf_i64(&b, v);
  put_meta(st, key, b.data);
  wg_buf_release(&b);
}

static void put_origin(struct store *st, const struct wg_store_origin *o, const struct wg_store_report *rep) {
  put_number(st, "schema", WG_STORE_SCHEMA);
  put_meta(st, "source", o->name.data ? o->name.data : "");
  put_number(st, "size", o->size);
  put_number(st, "mtime_ns", o->mtime_ns);
  put_meta(st, "sample", o->sample);
  put_meta(st, "format", rep->format);
  put_meta(st, "damage", rep->damage.data ? rep->damage.data : "");
  put_number(st, "events", (int64_t)rep->events);
}

static int close_store(struct store *st, const char *path, int code, struct wg_err *err) {
  if (code == WG_OK && st->failed) code = wg_db_fail(st->db, path, err);
  for (int i = 0; i < WG_TABLES; i++) sqlite3_finalize(st->st[i]);
  if (code == WG_OK) code = exec(st, wg_sql_indexes, path, err);
  if (code == WG_OK) code = exec(st, "COMMIT", path, err);
  if (sqlite3_close(st->db) != SQLITE_OK && code == WG_OK) code = wg_fail(err, WG_INTERNAL, "%s: not closed", path);
  return code;
}

// -- branches --

struct wg_store_branches {
  struct store *st;
};

void wg_store_branch(struct wg_store_branches *to, const struct wg_store_branch *b) {
  struct wg_row r = {.table = WG_T_BRANCH, .set = b->taken ? 0x1FF : 0x1BF, .text = 1u << 3};
  r.v[0] = b->tid;
  r.v[1] = b->pc;
  r.v[2] = b->word;
  r.s[3] = b->text;
  r.v[3] = (int64_t)strlen(b->text);
  r.v[4] = (int64_t)b->taken;
  r.v[5] = (int64_t)b->not_taken;
  r.v[6] = b->target;
  r.v[7] = (int64_t)b->first_cycle;
  r.v[8] = (int64_t)b->last_cycle;
  store_row(to->st, &r);
}

static int put_branches(struct store *st, const struct wg_store_watch *w, struct wg_store_report *rep,
                        struct wg_err *err) {
  struct wg_store_branches to = {st};
  struct wg_buf damage = {0};
  if (w == NULL || w->branches == NULL) return WG_OK;
  int code = w->branches(w->ctx, &to, &damage, err);
  if (damage.len) wg_buf_printf(&rep->damage, "%s%s", rep->damage.len ? "; " : "", damage.data);
  put_number(st, "branches", 1);
  wg_buf_release(&damage);
  return code;
}

// -- the thread that reads --

#define LOOK_EVERY 4096u

struct maker {
  struct wg_reader *r;
  struct wg_rows *rows;
  struct wg_shape shape;
  atomic_uint_fast64_t events, at, of; // for whoever shows progress
};

static void *make_rows(void *p) {
  struct maker *m = p;
  struct wg_event e;
  while (wg_reader_next(m->r, &e)) {
    wg_shape_event(&m->shape, &e);
    if (m->shape.seq % LOOK_EVERY) continue;
    uint64_t of = 0, at = wg_reader_at(m->r, &of);
    atomic_store(&m->events, m->shape.seq);
    atomic_store(&m->at, at);
    atomic_store(&m->of, of);
    if (wg_rows_stopped(m->rows)) break;
  }
  wg_shape_end(&m->shape);
  wg_rows_end(m->rows);
  return NULL;
}

// False: the caller wants no more.
static bool may_go_on(const struct wg_store_watch *w, struct maker *m) {
  if (w == NULL) return true;
  if (w->progress) w->progress(w->ctx, atomic_load(&m->events), atomic_load(&m->at), atomic_load(&m->of));
  return w->go_on == NULL || w->go_on();
}

static void damage_add(struct wg_buf *out, const char *fmt, ...) WG_PRINTF(2, 3);
static void damage_add(struct wg_buf *out, const char *fmt, ...) {
  va_list ap;
  if (out->len) wg_buf_str(out, "; ");
  va_start(ap, fmt);
  wg_buf_vprintf(out, fmt, ap);
  va_end(ap);
}

// What is in the database otherwise than in the source, in words.
static void report(const struct maker *m, struct wg_store_report *rep) {
  const struct wg_shape *s = &m->shape;
  if (wg_reader_damage(m->r)) damage_add(&rep->damage, "%s", wg_reader_damage(m->r));
  if (s->calls)
    damage_add(&rep->damage, "there are too many threads: %llu calls are not joined with their returns",
               (unsigned long long)s->calls);
  if (s->unknown_objects)
    damage_add(&rep->damage, "there are too many objects: %llu mentions of others are not told apart",
               (unsigned long long)s->unknown_objects);
  if (s->unknown_handles)
    damage_add(&rep->damage, "too many handles are open at once: %llu others are not joined with their ends",
               (unsigned long long)s->unknown_handles);
  rep->events = s->seq;
  rep->footer = wg_reader_has_footer(m->r);
  rep->format = wg_reader_format(m->r);
}

static int fill_tables(struct store *st, struct wg_reader *r, const struct wg_store_watch *w,
                       struct wg_store_report *rep, struct wg_err *err) {
  struct maker m = {.r = r, .rows = wg_rows_new()};
  struct wg_row row;
  pthread_t thread;
  bool batch, go_on = true;
  wg_shape_init(&m.shape, m.rows, wg_reader_format(r));
  int code = pthread_create(&thread, NULL, make_rows, &m) ? wg_fail(err, WG_INTERNAL, "no thread can be made") : WG_OK;
  if (code == WG_OK) {
    while (go_on && !st->failed && wg_rows_next(m.rows, &row, &batch)) {
      if (batch) go_on = may_go_on(w, &m);
      store_row(st, &row);
    }
    wg_rows_stop(m.rows);
    pthread_join(thread, NULL);
    if (!go_on || wg_reader_stopped(r)) code = wg_fail(err, WG_INPUT, "interrupted");
    report(&m, rep);
  }
  wg_shape_release(&m.shape);
  wg_rows_free(m.rows);
  return code;
}

int wg_store_import(const char *source, const char *db, const struct wg_store_watch *watch, struct wg_store_report *rep,
                    struct wg_err *err) {
  struct wg_reader *r;
  struct wg_replace place;
  struct wg_store_origin origin = {0};
  struct store st = {0};
  *rep = (struct wg_store_report){0};
  // What it is before it is read: what is written to it meanwhile makes it another.
  wg_store_origin(source, &origin);
  const struct wg_reading how = {
      .mapping = watch ? watch->reading.mapping : NULL, .through = true, .go_on = watch ? watch->go_on : NULL};
  int code = wg_reader_open_as(&r, source, &how, err);
  int fd = code == WG_OK ? wg_replace_begin(&place, db, err) : -1;
  if (code == WG_OK && fd < 0) {
    code = WG_INPUT;
    wg_reader_close(r);
  }
  if (code == WG_OK) {
    close(fd);
    code = open_store(&st, place.made.data, db, err);
    if (code == WG_OK) code = fill_tables(&st, r, watch, rep, err);
    if (code == WG_OK) code = put_branches(&st, watch, rep, err);
    if (code == WG_OK) put_origin(&st, &origin, rep);
    code = close_store(&st, db, code, err);
    code = wg_replace_end(&place, code, err);
    wg_reader_close(r);
  }
  wg_store_origin_release(&origin);
  return code;
}

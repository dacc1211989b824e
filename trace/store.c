#include "trace/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/replace.h"
#include "trace/nest.h"
#include "trace/origin.h"
#include "trace/sql.h" // generated from schemas/*.sql

enum stmt {
  S_EVENT,
  S_CALL,
  S_RETURN,
  S_WAIT,
  S_WAIT_END,
  S_SIGNAL,
  S_HANDLE,
  S_CLOSE,
  S_THREAD,
  S_START,
  S_EXIT,
  S_META,
  S_COUNT
};

static const char *const statements[S_COUNT] = {
    [S_EVENT] = "INSERT INTO events VALUES (?1,?2,?3,?4,?5,?6)",
    [S_CALL] = "INSERT INTO calls (seq,tid,idx,ns,name,module,ordinal,lr,args,resolved) VALUES "
               "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
    [S_RETURN] = "UPDATE calls SET ret_idx=?2, ret_ns=?3, rv=?4, status=?5, out=?6 WHERE seq=?1",
    [S_WAIT] =
        "INSERT INTO waits (seq,tid,idx,ns,objects,wait_type,alertable,timeout_ns) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)",
    [S_WAIT_END] = "UPDATE waits SET end_idx=?2, end_ns=?3, status=?4, how=?5, by_tid=?6, by_idx=?7 WHERE seq=?1",
    [S_SIGNAL] = "INSERT INTO signals VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [S_HANDLE] =
        "INSERT INTO handles (seq,raw,hsid,object_type,name,tid,idx,ns,dup_of) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [S_CLOSE] = "UPDATE handles SET closed_tid=?2, closed_idx=?3, closed_ns=?4 WHERE seq=?1",
    [S_THREAD] = "INSERT OR REPLACE INTO threads (tid,parent,create_idx,create_ns,entry,ctx,stack_size,flags,raw,hsid) "
                 "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
    [S_START] = "UPDATE threads SET start_ns=?2 WHERE tid=?1",
    [S_EXIT] = "UPDATE threads SET exit_ns=?2, exit_code=?3 WHERE tid=?1",
    [S_META] = "INSERT INTO meta VALUES (?1,?2)",
};

struct store {
  sqlite3 *db;
  sqlite3_stmt *st[S_COUNT];
  bool failed; // a statement was not carried out; the database says why
  uint64_t seq;
  struct wg_nest open_calls;  // seq
  struct wg_map open_waits;   // tid -> seq
  struct wg_map open_handles; // raw -> seq
};

static int db_fail(sqlite3 *db, const char *what, struct wg_err *err) {
  return wg_fail(err, WG_INPUT, "%s: %s", what, db ? sqlite3_errmsg(db) : "out of memory");
}

static void step(struct store *st, sqlite3_stmt *s) {
  if (sqlite3_step(s) != SQLITE_DONE) st->failed = true;
  sqlite3_reset(s);
}

static void bind_key(sqlite3_stmt *s, int at, const struct wg_event *e, enum wg_key key) {
  const struct wg_field *f = wg_ev_get(e, key);
  uint64_t v;
  if (f == NULL)
    sqlite3_bind_null(s, at);
  else if (f->type == WG_F_RAW || (f->type == WG_F_STR && !wg_ev_u64(e, key, &v)))
    sqlite3_bind_text(s, at, f->s, (int)f->n, SQLITE_TRANSIENT);
  else if (wg_ev_u64(e, key, &v))
    sqlite3_bind_int64(s, at, (sqlite3_int64)v);
  else {
    struct wg_buf text = {0};
    wg_buf_char(&text, '[');
    for (size_t i = 0; i < f->n; i++) wg_buf_printf(&text, "%s\"0x%llx\"", i ? "," : "", (unsigned long long)f->v[i]);
    wg_buf_char(&text, ']');
    sqlite3_bind_text(s, at, text.data, (int)text.len, SQLITE_TRANSIENT);
    wg_buf_release(&text);
  }
}

// hsids look like numbers to nobody but a parser: they stay text.
static void bind_text(sqlite3_stmt *s, int at, const struct wg_event *e, enum wg_key key) {
  const struct wg_field *f = wg_ev_get(e, key);
  if (f && (f->type == WG_F_STR || f->type == WG_F_RAW))
    sqlite3_bind_text(s, at, f->s, (int)f->n, SQLITE_TRANSIENT);
  else
    sqlite3_bind_null(s, at);
}

static void bind_where(sqlite3_stmt *s, int at, const struct wg_event *e) {
  sqlite3_bind_int64(s, at, e->tid);
  sqlite3_bind_int64(s, at + 1, (sqlite3_int64)e->idx);
  sqlite3_bind_int64(s, at + 2, (sqlite3_int64)e->host_ns);
}

static void store_event(struct store *st, const struct wg_event *e) {
  sqlite3_stmt *s = st->st[S_EVENT];
  struct wg_buf json = {0};
  wg_ev_encode_foreign(e, &json);
  sqlite3_bind_int64(s, 1, (sqlite3_int64)st->seq);
  bind_where(s, 2, e);
  sqlite3_bind_text(s, 5, wg_kind_name(e), -1, SQLITE_TRANSIENT);
  sqlite3_bind_text(s, 6, json.data, (int)json.len - 1, SQLITE_TRANSIENT);
  wg_buf_release(&json);
  step(st, s);
}

static sqlite3_stmt *insert(struct store *st, enum stmt which, const struct wg_event *e) {
  sqlite3_stmt *s = st->st[which];
  sqlite3_bind_int64(s, 1, (sqlite3_int64)st->seq);
  bind_where(s, 2, e);
  return s;
}

static void bind_satisfied(sqlite3_stmt *s, const struct wg_event *e) {
  const struct wg_field *f = wg_ev_get(e, WG_K_SATISFIED_BY);
  unsigned tid;
  unsigned long long idx;
  sqlite3_bind_null(s, 6);
  sqlite3_bind_null(s, 7);
  if (f && f->type == WG_F_RAW && sscanf(f->s, "{\"tid\":%u,\"idx\":%llu", &tid, &idx) == 2) {
    sqlite3_bind_text(s, 5, "signal", -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 6, tid);
    sqlite3_bind_int64(s, 7, (sqlite3_int64)idx);
  } else {
    bind_text(s, 5, e, WG_K_SATISFIED_BY);
  }
}

static void add_call(struct store *st, const struct wg_event *e) {
  sqlite3_stmt *s = insert(st, S_CALL, e);
  static const enum wg_key keys[] = {WG_K_NAME, WG_K_MODULE, WG_K_ORDINAL, WG_K_LR, WG_K_ARGS, WG_K_ARGS_RESOLVED};
  for (int i = 0; i < 6; i++) bind_key(s, 5 + i, e, keys[i]);
  step(st, s);
  const char *name = wg_ev_text(e, WG_K_NAME);
  if (name) wg_nest_call(&st->open_calls, e->tid, name, st->seq);
}

static void add_return(struct store *st, const struct wg_event *e) {
  uint64_t seq;
  const char *name = wg_ev_text(e, WG_K_NAME);
  if (name == NULL || !wg_nest_return(&st->open_calls, e->tid, name, &seq)) return;
  sqlite3_stmt *s = st->st[S_RETURN];
  sqlite3_bind_int64(s, 1, (sqlite3_int64)seq);
  sqlite3_bind_int64(s, 2, (sqlite3_int64)e->idx);
  sqlite3_bind_int64(s, 3, (sqlite3_int64)e->host_ns);
  bind_key(s, 4, e, WG_K_RV);
  bind_key(s, 5, e, WG_K_STATUS);
  bind_key(s, 6, e, WG_K_OUT);
  step(st, s);
}

static void add_wait(struct store *st, const struct wg_event *e) {
  sqlite3_stmt *s = insert(st, S_WAIT, e);
  static const enum wg_key keys[] = {WG_K_HANDLES, WG_K_WAIT_TYPE, WG_K_ALERTABLE, WG_K_TIMEOUT_NS};
  for (int i = 0; i < 4; i++) bind_key(s, 5 + i, e, keys[i]);
  step(st, s);
  wg_map_put(&st->open_waits, e->tid, st->seq);
}

static void end_wait(struct store *st, const struct wg_event *e) {
  uint64_t seq;
  if (!wg_map_get(&st->open_waits, e->tid, &seq)) return;
  wg_map_del(&st->open_waits, e->tid);
  sqlite3_stmt *s = st->st[S_WAIT_END];
  sqlite3_bind_int64(s, 1, (sqlite3_int64)seq);
  sqlite3_bind_int64(s, 2, (sqlite3_int64)e->idx);
  sqlite3_bind_int64(s, 3, (sqlite3_int64)e->host_ns);
  bind_key(s, 4, e, WG_K_STATUS);
  bind_satisfied(s, e);
  step(st, s);
}

static void add_signal(struct store *st, const struct wg_event *e) {
  sqlite3_stmt *s = insert(st, S_SIGNAL, e);
  bind_text(s, 5, e, WG_K_HSID);
  bind_text(s, 6, e, WG_K_OBJECT_TYPE);
  bind_text(s, 7, e, WG_K_OP);
  bind_key(s, 8, e, WG_K_COUNT);
  bind_key(s, 9, e, WG_K_PREVIOUS);
  step(st, s);
}

static void add_handle(struct store *st, const struct wg_event *e) {
  uint64_t raw = 0;
  sqlite3_stmt *s = st->st[S_HANDLE];
  sqlite3_bind_int64(s, 1, (sqlite3_int64)st->seq);
  bind_key(s, 2, e, WG_K_RAW);
  bind_text(s, 3, e, WG_K_HSID);
  bind_text(s, 4, e, WG_K_OBJECT_TYPE);
  bind_text(s, 5, e, WG_K_NAME);
  bind_where(s, 6, e);
  bind_key(s, 9, e, WG_K_DUP_OF);
  step(st, s);
  if (wg_ev_u64(e, WG_K_RAW, &raw)) wg_map_put(&st->open_handles, raw, st->seq);
}

static void close_handle(struct store *st, const struct wg_event *e) {
  uint64_t raw, seq;
  if (!wg_ev_u64(e, WG_K_RAW, &raw) || !wg_map_get(&st->open_handles, raw, &seq)) return;
  wg_map_del(&st->open_handles, raw);
  sqlite3_stmt *s = st->st[S_CLOSE];
  sqlite3_bind_int64(s, 1, (sqlite3_int64)seq);
  bind_where(s, 2, e);
  step(st, s);
}

static void add_thread(struct store *st, const struct wg_event *e) {
  sqlite3_stmt *s = st->st[S_THREAD];
  bind_key(s, 1, e, WG_K_CHILD);
  bind_where(s, 2, e);
  static const enum wg_key keys[] = {WG_K_ENTRY, WG_K_CTX, WG_K_STACK_SIZE, WG_K_FLAGS, WG_K_RAW};
  for (int i = 0; i < 5; i++) bind_key(s, 5 + i, e, keys[i]);
  bind_text(s, 10, e, WG_K_HSID);
  step(st, s);
}

static void thread_moment(struct store *st, enum stmt which, const struct wg_event *e) {
  sqlite3_stmt *s = st->st[which];
  sqlite3_bind_int64(s, 1, e->tid);
  sqlite3_bind_int64(s, 2, (sqlite3_int64)e->host_ns);
  if (which == S_EXIT) bind_key(s, 3, e, WG_K_CODE);
  step(st, s);
}

static void add(struct store *st, const struct wg_event *e) {
  st->seq++;
  switch (e->kind) {
  case WG_EV_KERNEL_CALL: add_call(st, e); return;
  case WG_EV_KERNEL_RETURN: add_return(st, e); return;
  case WG_EV_WAIT_BEGIN: add_wait(st, e); return;
  case WG_EV_WAIT_END: end_wait(st, e); return;
  case WG_EV_SIGNAL: add_signal(st, e); return;
  case WG_EV_HANDLE_CREATE:
  case WG_EV_HANDLE_DUP: add_handle(st, e); return;
  case WG_EV_HANDLE_DESTROY: close_handle(st, e); return;
  case WG_EV_THREAD_CREATE: add_thread(st, e); return;
  case WG_EV_THREAD_START: thread_moment(st, S_START, e); return;
  case WG_EV_THREAD_EXIT: thread_moment(st, S_EXIT, e); return;
  default: store_event(st, e);
  }
}

static int exec(struct store *st, const char *sql, const char *path, struct wg_err *err) {
  return sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK ? WG_OK : db_fail(st->db, path, err);
}

static int open_store(struct store *st, const char *made, const char *path, struct wg_err *err) {
  if (sqlite3_open(made, &st->db) != SQLITE_OK) return db_fail(st->db, path, err);
  WG_TRY(exec(st, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN", path, err));
  WG_TRY(exec(st, wg_sql_schema, path, err));
  for (int i = 0; i < S_COUNT; i++)
    if (sqlite3_prepare_v2(st->db, statements[i], -1, &st->st[i], NULL) != SQLITE_OK) return db_fail(st->db, path, err);
  return WG_OK;
}

static void put_meta(struct store *st, const char *key, const char *value) {
  sqlite3_stmt *s = st->st[S_META];
  sqlite3_bind_text(s, 1, key, -1, SQLITE_TRANSIENT);
  sqlite3_bind_text(s, 2, value, -1, SQLITE_TRANSIENT);
  step(st, s);
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
  if (code == WG_OK && st->failed) code = db_fail(st->db, path, err);
  if (code == WG_OK) code = exec(st, wg_sql_indexes, path, err);
  for (int i = 0; i < S_COUNT; i++) sqlite3_finalize(st->st[i]);
  if (code == WG_OK) code = exec(st, "COMMIT", path, err);
  if (sqlite3_close(st->db) != SQLITE_OK && code == WG_OK) code = wg_fail(err, WG_INTERNAL, "%s: not closed", path);
  wg_nest_release(&st->open_calls);
  wg_map_release(&st->open_waits);
  wg_map_release(&st->open_handles);
  return code;
}

#define LOOK_EVERY 4096u

// False: the caller wants no more.
static bool look(const struct wg_store_watch *w, const struct wg_reader *r, uint64_t events) {
  if (w == NULL || events % LOOK_EVERY) return true;
  if (w->progress) {
    uint64_t of = 0, at = wg_reader_at(r, &of);
    w->progress(w->ctx, events, at, of);
  }
  return w->go_on == NULL || w->go_on();
}

static int fill(struct store *st, struct wg_reader *r, const struct wg_store_watch *w, struct wg_store_report *rep,
                struct wg_err *err) {
  struct wg_event e;
  while (!st->failed && wg_reader_next(r, &e)) {
    add(st, &e);
    if (!look(w, r, st->seq)) return wg_fail(err, WG_INPUT, "interrupted");
  }
  if (wg_reader_damage(r)) wg_buf_str(&rep->damage, wg_reader_damage(r));
  rep->events = st->seq;
  rep->format = wg_reader_format(r);
  return WG_OK;
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
  int code = wg_reader_open_as(&r, source, watch ? &watch->reading : NULL, err);
  int fd = code == WG_OK ? wg_replace_begin(&place, db, err) : -1;
  if (code == WG_OK && fd < 0) {
    code = WG_INPUT;
    wg_reader_close(r);
  }
  if (code == WG_OK) {
    close(fd);
    code = open_store(&st, place.made.data, db, err);
    if (code == WG_OK) code = fill(&st, r, watch, rep, err);
    if (code == WG_OK) put_origin(&st, &origin, rep);
    code = close_store(&st, db, code, err);
    code = wg_replace_end(&place, code, err);
    wg_reader_close(r);
  }
  wg_store_origin_release(&origin);
  return code;
}

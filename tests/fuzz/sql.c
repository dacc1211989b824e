// libFuzzer's entry for SQL: the input is a question, asked as `wedge query` asks it, or (first byte ';') a function of
// ours and the values that it is given. Whatever it is, it ends, and the database is what it was. WEDGE_FUZZ_TRACE
// names the trace.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/ask.h"
#include "trace/functions.h"
#include "trace/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char db_path[64];
static unsigned looks; // a question that takes long is given up

static bool go_on(void) { return ++looks < 200; }

static void remove_db(void) { unlink(db_path); }

static const char *make_db(void) {
  static const char *trace;
  struct wg_store_report rep = {0};
  struct wg_err err = {0};
  if (trace) return trace;
  trace = getenv("WEDGE_FUZZ_TRACE");
  snprintf(db_path, sizeof db_path, "/dev/shm/wedge-fuzz-sql-%d.db", (int)getpid());
  if (trace == NULL || wg_store_import(trace, db_path, NULL, &rep, &err) != WG_OK) {
    fprintf(stderr, "WEDGE_FUZZ_TRACE must name a trace: %s\n", err.msg);
    exit(2);
  }
  wg_buf_release(&rep.damage);
  atexit(remove_db);
  sqlite3_hard_heap_limit64(256 << 20);
  return trace;
}

static struct stat seen_db(void) {
  struct stat st;
  if (stat(db_path, &st) != 0) abort();
  return st;
}

static void rows_of(sqlite3_stmt *s) {
  for (int rows = 0; rows < 100 && sqlite3_step(s) == SQLITE_ROW; rows++)
    for (int i = 0; i < sqlite3_column_count(s); i++) sqlite3_column_text(s, i);
}

static void ask(struct wg_ask *a, const char *sql) {
  for (int statements = 0; statements < 8 && wg_ask_more(sql); statements++) {
    sqlite3_stmt *s;
    struct wg_err err = {0};
    if (wg_ask_prepare(a, sql, &s, &sql, &err) != WG_OK) {
      if (err.msg[0] == 0) abort();
      return;
    }
    if (s == NULL) return;
    if (!sqlite3_stmt_readonly(s)) abort();
    if (wg_ask_first(a, &s, &err) == SQLITE_ROW) rows_of(s);
    sqlite3_finalize(s);
  }
}

// Values from bytes: what kind, then what.
static size_t bind(sqlite3_stmt *s, int at, const uint8_t *p, size_t n) {
  if (n == 0) return 0;
  size_t len = n > 1 ? p[1] % 24 : 0;
  double d = 0;
  sqlite3_int64 v = 0;
  if (len > n - 1 - (n > 1)) len = n - 1 - (n > 1);
  memcpy(&v, p + 1, n - 1 < 8 ? n - 1 : 8);
  memcpy(&d, &v, 8);
  switch (p[0] % 6) {
  case 0: sqlite3_bind_null(s, at); return 1;
  case 1: sqlite3_bind_int64(s, at, n > 1 ? p[1] : 0); return n > 1 ? 2 : 1;
  case 2: sqlite3_bind_int64(s, at, v); return n - 1 < 8 ? n : 9;
  case 3: sqlite3_bind_double(s, at, d); return n - 1 < 8 ? n : 9;
  case 4: sqlite3_bind_text(s, at, (const char *)p + 2, (int)len, SQLITE_TRANSIENT); break;
  default: sqlite3_bind_blob(s, at, p + 2, (int)len, SQLITE_TRANSIENT); break;
  }
  return n > 1 ? 2 + len : 1;
}

static void call(struct wg_ask *a, const uint8_t *p, size_t n) {
  static const char *const calls[] = {
      "SELECT hex(?), status(?), from_hex(?)",
      "SELECT happens_before(?, ?, ?, ?)",
      "SELECT handle_path(?), object_name(?), sym(?)",
      "SELECT seq_at(?, ?)",
      "SELECT * FROM call_counts(?)",
      "SELECT * FROM events_of(?, ?, ?)",
      "SELECT * FROM events_between(?, ?)",
      "SELECT * FROM around(?, ?, ?)",
      "SELECT * FROM calls_between(?, ?, ?)",
      "SELECT * FROM timeline(?, ?, ?)",
      "SELECT * FROM signalers_of(?)",
      "SELECT * FROM waits_on(?)",
      "SELECT * FROM wait_chain(?)",
      "SELECT * FROM handle_life(?)",
      "SELECT * FROM never_signalled(?)",
      "SELECT * FROM spin_loops(?)",
      "SELECT * FROM lock_life(?)",
      "SELECT * FROM failures_of(?)",
      "SELECT * FROM delta(?)",
      "SELECT * FROM objects_like(?)",
      "SELECT * FROM calls_named(?, ?)",
  };
  sqlite3_stmt *s = NULL;
  if (n == 0) return;
  if (sqlite3_prepare_v2(a->db, calls[p[0] % (sizeof calls / sizeof *calls)], -1, &s, NULL) != SQLITE_OK) abort();
  p++, n--;
  for (int at = 1; at <= sqlite3_bind_parameter_count(s); at++) {
    size_t used = bind(s, at, p, n);
    p += used, n -= used;
  }
  rows_of(s);
  sqlite3_finalize(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static struct wg_ask a;
  static unsigned asked;
  const char *trace = make_db();
  struct wg_err err = {0};
  const struct wg_ask_attached other = {"ref", db_path};
  const struct stat before = seen_db();
  if (a.db && ++asked % 512 == 0) {
    wg_ask_close(&a);
    a = (struct wg_ask){0};
  }
  if (a.db == NULL) {
    a.events.watch.go_on = go_on;
    if (wg_ask_open(&a, trace, db_path, &other, 1, &err) != WG_OK) abort();
    sqlite3_limit(a.db, SQLITE_LIMIT_LENGTH, 1 << 20);
    sqlite3_limit(a.db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 40);
  }
  looks = 0;
  if (n && data[0] == ';') {
    call(&a, data + 1, n - 1);
  } else {
    char *sql = wg_xstrndup((const char *)data, n);
    ask(&a, sql);
    free(sql);
  }
  const struct stat after = seen_db();
  if (sqlite3_total_changes64(a.db) || before.st_size != after.st_size || before.st_ino != after.st_ino ||
      before.st_mtim.tv_sec != after.st_mtim.tv_sec || before.st_mtim.tv_nsec != after.st_mtim.tv_nsec)
    abort();
  return 0;
}

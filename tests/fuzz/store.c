// libFuzzer's entry for the database of a trace: the input is a trace or log. Whatever it holds, the database is sound,
// holds every event that was read, in order, and each view and function can be asked; and what streams gives the same
// answers.
#define _GNU_SOURCE // memfd_create
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/ask.h"
#include "trace/functions.h"
#include "trace/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static sqlite3_int64 number(sqlite3 *db, const char *sql) {
  sqlite3_stmt *s = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW) {
    fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
    abort();
  }
  sqlite3_int64 v = sqlite3_column_int64(s, 0);
  sqlite3_finalize(s);
  return v;
}

static void ask(sqlite3 *db, const char *sql) {
  sqlite3_stmt *s = NULL;
  int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
  for (int rows = 0; rc == SQLITE_OK && rows < 50 && sqlite3_step(s) == SQLITE_ROW; rows++) continue;
  // Text that is no JSON may end a question that looks into it; nothing else may.
  if (rc != SQLITE_OK) {
    fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
    abort();
  }
  sqlite3_finalize(s);
}

// A quarter of them, by the input.
static void questions(sqlite3 *db, unsigned quarter) {
  static const char *const functions[] = {
      "call_counts(1)",    "events_of(1, 0, 9)", "around(1, 3, 4)",     "calls_between(1, 0, 9)",
      "timeline(1, 0, 9)", "signalers_of(1)",    "waits_on(1)",         "wait_chain(1)",
      "handle_life(8)",    "never_signalled()",  "spin_loops(1)",       "lock_life(8)",
      "failures_of(1)",    "delta('main')",      "objects_like('0x8')", "events_between(1, 100)",
      "calls_named('A')",  "calls_per('A', 1)",
  };
  char sql[256];
  sqlite3_stmt *s = NULL;
  for (size_t i = quarter; i < sizeof functions / sizeof *functions; i += 4) {
    snprintf(sql, sizeof sql, "SELECT * FROM %s", functions[i]);
    ask(db, sql);
  }
  ask(db, "SELECT happens_before(1, 0, 2, 0), handle_path(8), object_name(0), sym(0x82000000), seq_at(1, 1)");
  if (sqlite3_prepare_v2(db, "SELECT name FROM sqlite_master WHERE type = 'view'", -1, &s, NULL) != SQLITE_OK) abort();
  for (unsigned view = 0; sqlite3_step(s) == SQLITE_ROW; view++) {
    if (view % 4 != quarter) continue;
    snprintf(sql, sizeof sql, "SELECT * FROM %s", (const char *)sqlite3_column_text(s, 0));
    ask(db, sql);
  }
  sqlite3_finalize(s);
}

static void same_row(sqlite3_stmt *a, sqlite3_stmt *b, const char *sql) {
  for (int i = 0; i < sqlite3_column_count(b); i++) {
    const char *x = (const char *)sqlite3_column_text(a, i), *y = (const char *)sqlite3_column_text(b, i);
    if ((x == NULL) == (y == NULL) && (x == NULL || strcmp(x, y) == 0)) continue;
    fprintf(stderr, "%s: column %d is %s where it streams, and %s of the database\n", sql, i, x ? x : "NULL",
            y ? y : "NULL");
    abort();
  }
}

// By groups, and row by row.
static void same_answers(const char *path, sqlite3 *db) {
  static const char *const asked[] = {
      "SELECT kind, tid, name, count(*) FROM events GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
      "SELECT seq, tid, idx, kind, name, host_ns, cycle FROM events ORDER BY seq",
  };
  for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
    struct wg_ask a = {0};
    struct wg_err err = {0};
    sqlite3_stmt *streams = NULL, *stored = NULL;
    const char *tail;
    if (wg_ask_open(&a, path, NULL, NULL, 0, &err) != WG_OK || sqlite3_prepare_v2(db, asked[i], -1, &stored, NULL) ||
        wg_ask_prepare(&a, asked[i], &streams, &tail, &err) != WG_OK)
      abort();
    int more = wg_ask_first(&a, &streams, &err), rows = sqlite3_step(stored);
    for (; more == SQLITE_ROW && rows == SQLITE_ROW; more = sqlite3_step(streams), rows = sqlite3_step(stored))
      same_row(streams, stored, asked[i]);
    if (more != rows) abort();
    sqlite3_finalize(stored);
    sqlite3_finalize(streams);
    wg_ask_close(&a);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  char path[64], db[64];
  struct wg_store_report rep = {0};
  struct wg_err err = {0};
  sqlite3 *h;
  int fd = memfd_create("fuzz", 0);
  if (fd < 0 || write(fd, data, n) != (ssize_t)n) abort();
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  snprintf(db, sizeof db, "/dev/shm/wedge-fuzz-%d.db", (int)getpid());
  if (wg_store_import(path, db, NULL, &rep, &err) == WG_OK) {
    if (sqlite3_open(db, &h) != SQLITE_OK || wg_sql_functions_add(h) != SQLITE_OK) abort();
    if (number(h, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") != 1) abort();
    if (number(h, "SELECT count(*) FROM v_events") != (sqlite3_int64)rep.events) abort();
    if (number(h, "SELECT count(*) FROM (SELECT seq, row_number() OVER () AS n FROM v_events) WHERE seq <> n")) abort();
    if (number(h, "SELECT count(*) FROM v_events WHERE NOT json_valid(fields)")) abort();
    if (number(h, "SELECT coalesce(sum(events), 0) FROM v_kinds") != (sqlite3_int64)rep.events) abort();
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) sum += data[i];
    questions(h, sum % 4);
    same_answers(path, h);
    sqlite3_close(h);
    unlink(db);
  }
  wg_buf_release(&rep.damage);
  close(fd);
  return 0;
}

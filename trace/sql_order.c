// happens_before: what one event can have done to another. An event comes before what its thread does later, before the
// end of a wait that it ended, and before all that a thread does that it made. One pass over those in the order of the
// trace, which no cause runs against.
#include <stdint.h>
#include <string.h>

#include "trace/functions.h"

struct reached {
  sqlite3_int64 tid, seq; // since when
  char *way;              // to it, in words
};

struct walk {
  struct reached *all;
  int n, cap;
};

static struct reached *find_reached(const struct walk *w, sqlite3_int64 tid) {
  for (int i = 0; i < w->n; i++)
    if (w->all[i].tid == tid) return &w->all[i];
  return NULL;
}

static int reach(struct walk *w, sqlite3_int64 tid, sqlite3_int64 seq, char *way) {
  if (way == NULL) return SQLITE_NOMEM;
  if (w->n == w->cap) {
    int cap = w->cap ? 2 * w->cap : 16;
    struct reached *all = sqlite3_realloc64(w->all, (sqlite3_uint64)cap * sizeof *all);
    if (all == NULL) {
      sqlite3_free(way);
      return SQLITE_NOMEM;
    }
    w->all = all;
    w->cap = cap;
  }
  w->all[w->n++] = (struct reached){.tid = tid, .seq = seq, .way = way};
  return SQLITE_OK;
}

static const char edges[] =
    "SELECT by_signal AS cause, by_tid, by_idx, seq + add_seq AS effect, tid, idx + add_idx, 'wakes' FROM wait_rows "
    "WHERE by_signal >= ?1 AND seq + add_seq <= ?2 "
    "UNION ALL SELECT create_seq, parent, create_idx, create_seq, tid, 0, 'makes' FROM threads "
    "WHERE create_seq >= ?1 AND create_seq <= ?2 ORDER BY effect";

static int pass(sqlite3 *db, struct walk *w, sqlite3_int64 from, sqlite3_int64 to) {
  sqlite3_stmt *s = NULL;
  int rc = sqlite3_prepare_v2(db, edges, -1, &s, NULL);
  if (rc != SQLITE_OK) return rc;
  sqlite3_bind_int64(s, 1, from);
  sqlite3_bind_int64(s, 2, to);
  while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
    const struct reached *r = find_reached(w, sqlite3_column_int64(s, 1));
    sqlite3_int64 tid = sqlite3_column_int64(s, 4);
    if (r == NULL || r->seq > sqlite3_column_int64(s, 0) || find_reached(w, tid)) continue;
    char *way = sqlite3_mprintf("%s, %lld:%lld %s %lld:%lld", r->way, sqlite3_column_int64(s, 1),
                                sqlite3_column_int64(s, 2), sqlite3_column_text(s, 6), tid, sqlite3_column_int64(s, 5));
    rc = reach(w, tid, sqlite3_column_int64(s, 3), way);
    if (rc != SQLITE_OK) break;
  }
  sqlite3_finalize(s);
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int place_event(sqlite3 *db, sqlite3_value *tid, sqlite3_value *idx, sqlite3_int64 *seq) {
  sqlite3_stmt *s = NULL;
  int rc = sqlite3_prepare_v2(db, "SELECT seq FROM events_of(?1, ?2, ?2)", -1, &s, NULL);
  if (rc != SQLITE_OK) return rc;
  sqlite3_bind_value(s, 1, tid);
  sqlite3_bind_value(s, 2, idx);
  *seq = -1;
  rc = sqlite3_step(s);
  if (rc == SQLITE_ROW) *seq = sqlite3_column_int64(s, 0);
  sqlite3_finalize(s);
  return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void happens_before(sqlite3_context *ctx, int n, sqlite3_value **v) {
  sqlite3 *db = sqlite3_context_db_handle(ctx);
  sqlite3_int64 from, to, tid = sqlite3_value_int64(v[0]), last = sqlite3_value_int64(v[2]);
  struct walk w = {0};
  (void)n;
  int rc = place_event(db, v[0], v[1], &from);
  if (rc == SQLITE_OK) rc = place_event(db, v[2], v[3], &to);
  if (rc == SQLITE_OK && from >= 0 && from < to) {
    rc = reach(&w, tid, from, sqlite3_mprintf("%lld:%lld", tid, sqlite3_value_int64(v[1])));
    if (rc == SQLITE_OK && tid != last) rc = pass(db, &w, from, to);
    const struct reached *r = rc == SQLITE_OK ? find_reached(&w, last) : NULL;
    char *way = r ? sqlite3_mprintf("%s, %lld:%lld", r->way, last, sqlite3_value_int64(v[3])) : NULL;
    if (way) sqlite3_result_text(ctx, way, -1, sqlite3_free);
  }
  if (rc != SQLITE_OK) sqlite3_result_error(ctx, sqlite3_errmsg(db), -1);
  for (int i = 0; i < w.n; i++) sqlite3_free(w.all[i].way);
  sqlite3_free(w.all);
}

int wg_sql_add_order(sqlite3 *db) {
  return sqlite3_create_function_v2(db, "happens_before", 4, SQLITE_UTF8, NULL, happens_before, NULL, NULL, NULL);
}

// Whether a database is whole, and of which trace.
#include <sqlite3.h>
#include <string.h>

#include "base/file.h"
#include "trace/origin.h"
#include "trace/store.h"

int wg_db_fail(struct sqlite3 *db, const char *what, struct wg_err *err) {
  return wg_fail(err, WG_INPUT, "%s: %s", what, db ? sqlite3_errmsg(db) : "out of memory");
}

static int open_db(const char *path, sqlite3 **db, struct wg_err *err) {
  WG_TRY(wg_file_check(path, err));
  if (sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK) return WG_OK;
  int code = wg_db_fail(*db, path, err);
  sqlite3_close(*db);
  return code;
}

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

bool wg_store_has_branches(const char *db) {
  sqlite3 *h;
  struct wg_buf text = {0};
  struct wg_err unsaid = {0};
  if (open_db(db, &h, &unsaid) != WG_OK) return false;
  bool has = get_meta(h, "branches", &text);
  wg_buf_release(&text);
  sqlite3_close(h);
  return has;
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

// Questions in SQL: a connection on which a trace streams as the table `events`, or its database beside that table, and
// what its statements may do.
#ifndef WG_TRACE_ASK_H
#define WG_TRACE_ASK_H

#include "trace/vtab.h"

struct wg_ask_param {
  const char *name, *value; // a value that looks like a number is one
};

struct wg_ask_attached {
  const char *name, *db;
};

struct wg_ask {
  sqlite3 *db;
  struct wg_events events;
  bool writes;         // statements may change the database
  bool reads_branches; // the statement that was prepared last does
  const char *refused; // why a statement was not prepared, or NULL
  struct wg_ask_param *params;
  size_t nparams;
};

// `trace` streams (NULL: nothing does); `db` is its database (NULL: none is there; "": an empty one, which knows all
// tables but holds nothing). Zero `a`, set writes and params.
int wg_ask_open(struct wg_ask *a, const char *trace, const char *db, const struct wg_ask_attached *attached,
                size_t nattached, struct wg_err *err);
void wg_ask_close(struct wg_ask *a);

// One statement; *tail is what follows it, *s NULL where there is none. The caller finalizes it.
int wg_ask_prepare(struct wg_ask *a, const char *sql, sqlite3_stmt **s, const char **tail, struct wg_err *err);
// Its first row: SQLITE_ROW, SQLITE_DONE or an error, which *err tells then. May prepare *s anew; further rows are
// sqlite3_step's.
int wg_ask_first(struct wg_ask *a, sqlite3_stmt **s, struct wg_err *err);
int wg_ask_failed(struct wg_ask *a, struct wg_err *err);
// Whether anything but blanks, comments and semicolons is in the text.
bool wg_ask_more(const char *sql);

#endif

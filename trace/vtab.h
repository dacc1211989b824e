// A trace or log as a table `events` of SQLite, read anew by every statement.
#ifndef WG_TRACE_VTAB_H
#define WG_TRACE_VTAB_H

#include <sqlite3.h>

#include "trace/reader.h"
#include "trace/scan.h"

// A table and what asking of it shares with it.
struct wg_events {
  const char *path;
  struct wg_reading reading;
  struct wg_scan_watch watch;
  bool counting;             // the statement does nothing with rows but count them: alike ones are given once
  uint64_t times;            // how often the row at hand stands for
  bool no_groups;            // rows are never put together
  bool too_many;             // there were too many different ones
  uint64_t passes;           // over the file, so far
  void (*reread)(void *ctx); // or NULL: called as a statement reads the file for the fourth time
  void *ctx;
  struct wg_buf damage; // of the file, once a pass has come to its end
};

// Makes temp.events. `of` must stay until the database is closed.
int wg_events_table(sqlite3 *db, struct wg_events *of, struct wg_err *err);
void wg_events_release(struct wg_events *of);

#endif

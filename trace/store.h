// Traces and logs in SQLite (schemas/trace.sql), and questions asked of them.
#ifndef WG_TRACE_STORE_H
#define WG_TRACE_STORE_H

#include "base/err.h"
#include "trace/reader.h"

// What a database holds: its key `schema` in the table `meta`.
#define WG_STORE_SCHEMA 13

// A conditional branch as a thread executed it.
struct wg_store_branch {
  uint32_t tid, pc, word;
  const char *text; // of the instruction
  uint32_t target;  // where it went when it was taken last; counts if it was
  uint64_t taken, not_taken, first_cycle, last_cycle;
};
struct wg_store_branches;
void wg_store_branch(struct wg_store_branches *to, const struct wg_store_branch *b); // a row of `branch`

// What a caller does while a trace is read; each may be NULL.
struct wg_store_watch {
  void (*progress)(void *ctx, uint64_t events, uint64_t at, uint64_t of); // bytes read, of so many (0: not known)
  bool (*go_on)(void);                                                    // false ends it with an error
  // Gives the run's branches to `to`, once its events are there. What it says in `damage` is the record's.
  int (*branches)(void *ctx, struct wg_store_branches *to, struct wg_buf *damage, struct wg_err *err);
  struct wg_reading reading;
  void *ctx;
};

struct wg_store_report {
  uint64_t events;
  bool footer; // the last one is the trace's footer, which a run's own count leaves out
  const char *format;
  struct wg_buf damage; // why the source ended early, or what was passed over; or empty
};

struct sqlite3;
// WG_INPUT, "WHAT: " and what SQLite says of its last call; a database that is NULL had no memory.
int wg_db_fail(struct sqlite3 *db, const char *what, struct wg_err *err);

// Makes the database anew from a trace or log. It takes its place when it is whole; two at once do no harm. Whoever
// calls releases rep->damage.
int wg_store_import(const char *source, const char *db, const struct wg_store_watch *watch, struct wg_store_report *rep,
                    struct wg_err *err);
// True if the database was made, whole and by this version, of that very trace or log as it is now.
bool wg_store_made_of(const char *db, const char *source);
// True if its branches were asked for when it was made.
bool wg_store_has_branches(const char *db);
// Checks that this is a whole database that wg_store_import made; `damage` receives what the report said then.
int wg_store_check(const char *db, struct wg_buf *damage, struct wg_err *err);

#endif

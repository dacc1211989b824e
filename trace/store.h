// Traces and logs in SQLite (schemas/trace.sql), and questions asked of them.
#ifndef WG_TRACE_STORE_H
#define WG_TRACE_STORE_H

#include "base/err.h"
#include "trace/reader.h"

// True if the text ends a statement: a semicolon that is not inside a string or comment.
bool wg_store_complete(const char *sql);

enum wg_query_format { WG_QUERY_TABLE, WG_QUERY_CSV, WG_QUERY_JSON };

// Makes the database anew from a trace or log. `damage` receives why the source ended early, or "".
int wg_store_import(const char *source, const char *db, uint64_t *events, struct wg_buf *damage, struct wg_err *err);
// Runs one statement that reads and appends its rows to `out`.
int wg_store_query(const char *db, const char *sql, enum wg_query_format format, struct wg_buf *out,
                   struct wg_err *err);

#endif

// Rows on their way into a database: one thread makes them of a trace's events, another stores them. So many batches
// go round between the two, so that neither runs ahead without end.
#ifndef WG_TRACE_ROWS_H
#define WG_TRACE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wg_table {
#define WG_TABLE(id, name, columns) WG_T_##id,
#include "trace/tables.def"
  WG_TABLES
};

#define WG_ROW_COLUMNS 24

struct wg_row {
  enum wg_table table;
  uint32_t set;                  // the columns that are not NULL, a bit each
  uint32_t text;                 // of those, the ones that are texts
  int64_t v[WG_ROW_COLUMNS];     // integers
  const char *s[WG_ROW_COLUMNS]; // texts, of v bytes
};

struct wg_rows;

struct wg_rows *wg_rows_new(void);
void wg_rows_free(struct wg_rows *q);
int wg_table_columns(enum wg_table t); // at most WG_ROW_COLUMNS

// -- who makes them --

// Where the integers of a new row go; they are to be there before the next row is added.
int64_t *wg_rows_add(struct wg_rows *q, enum wg_table t, uint32_t set);
// Column `at` of that row, which is in its set, is this text.
void wg_rows_text(struct wg_rows *q, int at, const char *s, size_t n);
void wg_rows_end(struct wg_rows *q); // no more of them
bool wg_rows_stopped(struct wg_rows *q);

// -- who stores them --

// The next row, which is there until the next call; false at the end. `batch` (or NULL) is set when a batch begins.
bool wg_rows_next(struct wg_rows *q, struct wg_row *row, bool *batch);
void wg_rows_stop(struct wg_rows *q); // wants no more

#endif

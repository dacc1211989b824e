// The columns of the table `events`: what an event has as a cell of each.
#ifndef WG_TRACE_COLUMNS_H
#define WG_TRACE_COLUMNS_H

#include "trace/event.h"

enum {
  WG_COL_SEQ, // number of the event in the trace, from 1
  WG_COL_TID,
  WG_COL_IDX,
  WG_COL_KIND,
  WG_COL_NAME,
  WG_COL_HOST_NS,
  WG_COL_CYCLE,
  WG_COL_LINE, // as it stands in the trace
  WG_COL_NS,   // host_ns by the name that the database has for it
  WG_COL_JSON, // the event in valid JSON, whatever its line has
  WG_COL_KEYS, // the other keys of trace/keys.def, in their order
  WG_COLUMNS = WG_COL_KEYS + WG_K_OTHER - 1
};

enum wg_cell_type { WG_CELL_NULL, WG_CELL_INT, WG_CELL_REAL, WG_CELL_TEXT };

struct wg_cell {
  enum wg_cell_type type;
  uint32_t n;
  union {
    int64_t i;
    double real;
    const char *text; // borrowed
  };
};

const char *wg_column_name(int column); // static, as SQL has it
const char *wg_column_type(int column); // as SQL declares it
bool wg_column_hidden(int column);      // of SELECT *
bool wg_column_repeats(int column);     // few values, many events of each

// The cell of an event whose line is `line`. Its text is the event's, the line's or that of `made`, whose text it may
// replace.
void wg_column_cell(const struct wg_event *e, int column, const char *line, size_t nline, struct wg_buf *made,
                    struct wg_cell *out);

#endif

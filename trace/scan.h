// One pass over a trace or log for a question: the events that pass its tests, as rows of the columns that it uses, or
// how many there are of each combination of their values. JSON Lines are read on several host threads.
#ifndef WG_TRACE_SCAN_H
#define WG_TRACE_SCAN_H

#include "base/err.h"
#include "trace/columns.h"

enum wg_test_op { WG_TEST_EQ, WG_TEST_GT, WG_TEST_GE, WG_TEST_LT, WG_TEST_LE };

// A column against integers, or bytes of text for WG_TEST_EQ; of several values any may be equal. A cell of another
// type passes: whoever asks compares it.
struct wg_test {
  int column;
  enum wg_test_op op;
  struct wg_cell *values;
  size_t n;
};

// How a pass goes on; each may be NULL.
struct wg_scan_watch {
  bool (*go_on)(void);                                   // false ends it
  void (*progress)(void *ctx, uint64_t at, uint64_t of); // bytes read, of so many (0: not known)
  void *ctx;
};

struct wg_reading;
struct wg_asked {
  const int *columns;
  size_t ncolumns;
  const struct wg_test *tests;
  size_t ntests;
  bool groups;                       // count alike rows instead
  const struct wg_reading *reading;  // or NULL
  const struct wg_scan_watch *watch; // or NULL
};

struct wg_scan_row {
  uint64_t seq;
  const struct wg_cell *cells; // as many as columns were asked for
  uint64_t times;              // of a group
};

struct wg_scan;

// Different rows that are counted; beyond, wg_scan_overflowed.
#define WG_SCAN_GROUPS (1u << 20)

int wg_scan_open(struct wg_scan **out, const char *path, const struct wg_asked *asked, struct wg_err *err);
void wg_scan_close(struct wg_scan *s);
// The next row, valid until the next call; false at the end. Groups come sorted by their cells, as SQL sorts.
bool wg_scan_next(struct wg_scan *s, struct wg_scan_row *row);
bool wg_scan_overflowed(const struct wg_scan *s);
bool wg_scan_stopped(const struct wg_scan *s); // it was not to go on
// After the end: NULL, or what was damaged, as wg_reader_damage says it.
const char *wg_scan_damage(const struct wg_scan *s);

#endif

// A call of a text log whose line ends before the call does: a string of it holds newlines, or who passed the log on
// has broken its long lines or cut them off. What comes without a prefix may be the rest.
#ifndef WG_TRACE_XENIA_SPREAD_H
#define WG_TRACE_XENIA_SPREAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct wg_xenia_spread {
  bool waits, told;     // for its rest; its first line was told without it
  size_t first;         // length of its first line
  struct wg_buf way[2]; // its lines with newlines between them, and without; 64 bytes behind them may be read
  bool may[2];          // that way it may become a call
};

// Whether the line, which begins with its prefix, is such a call's first one; then it waits.
bool wg_xenia_spread_begin(struct wg_xenia_spread *s, const char *l, size_t n);

enum wg_xenia_rest {
  WG_XENIA_NO_REST,   // the line is none of it; it waits as it was
  WG_XENIA_MORE_REST, // it still waits
  WG_XENIA_LAST_REST, // *whole is the call, with its prefix, which nobody waits for any more
};
// A line without a prefix. *whole is borrowed, until the next call begins.
enum wg_xenia_rest wg_xenia_spread_add(struct wg_xenia_spread *s, const char *l, size_t n, struct wg_buf **whole);
void wg_xenia_spread_release(struct wg_xenia_spread *s);

#endif

// A side that hangs where nothing else differs: its log may end before it can show what it lacks. Private to diff/.
#ifndef WG_DIFF_STOPPED_H
#define WG_DIFF_STOPPED_H

#include "diff/pair.h"

struct wg_stopped {
  bool found;
  int side;            // that hangs
  uint32_t tid, pair;  // the root's thread there; the pair that stands and goes on
  const char *cls;     // static: as `wedge hang` names it
  struct wg_buf words; // the verdict, without the thread
};

// Judges a side alone (diff/hang.h) if a thread of it ends in a wait that its like has gone on from.
void wg_stopped_find(const struct wg_pairing *p, struct wg_stopped *out);
void wg_stopped_release(struct wg_stopped *s);
void wg_put_stopped(const struct wg_pairing *p, const struct wg_stopped *s, struct wg_buf *out); // one line

#endif

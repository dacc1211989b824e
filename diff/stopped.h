// A side that hangs where nothing else differs: its log may end before it can show what it lacks. Private to diff/.
#ifndef WG_DIFF_STOPPED_H
#define WG_DIFF_STOPPED_H

#include "diff/pair.h"

// A file that does not say whether it is whole ends where a thread waits, and the other side goes on: whether it hangs
// there or was cut, nobody can tell from it.
struct wg_ends_early {
  bool found;
  int side;
  uint32_t pair, step; // of the thread that waits
  // What ended the wait on the other side, if that was a call that this side makes too.
  uint32_t by_pair, by_step; // WG_NONE: not known, or not made
};

struct wg_stopped {
  bool found;
  int side;                   // that hangs
  uint32_t tid, pair;         // the root's thread there; the pair that stands and goes on
  const char *cls;            // static: as `wedge hang` names it
  struct wg_buf words;        // the verdict, without the thread
  struct wg_ends_early early; // where none was found
};

// Judges a side alone (diff/hang.h) if a thread of it ends in a wait that its like has gone on from.
void wg_stopped_find(struct wg_pairing *p, struct wg_stopped *out);
void wg_stopped_release(struct wg_stopped *s);
void wg_put_stopped(const struct wg_pairing *p, const struct wg_stopped *s, struct wg_buf *out); // one line
// Behind that nothing differs.
void wg_put_ends_early(const struct wg_pairing *p, const struct wg_ends_early *e, struct wg_buf *out);

#endif

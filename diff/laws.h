// What every kernel does, held against one trace alone while it is read: a signal ends the wait of who waits for it, a
// wait for what is signalled does not block, a timer goes off when it is due. A call that breaks a law is a fault of
// the kernel that needs no reference to be seen, and nothing that the title did can have led to it. Only of traces that
// tell of each event in the order in which it happened (Wedge's own) anything is said. Private to diff/.
#ifndef WG_DIFF_LAWS_H
#define WG_DIFF_LAWS_H

#include "diff/model.h"

enum wg_law {
#define WG_LAW(id, field, words) WG_LAW_##id,
#include "diff/laws.def"
  WG_LAW_COUNT_OF
};

struct wg_law_text {
  const char *field, *words;
};
extern const struct wg_law_text wg_law_texts[];

struct wg_breach {
  enum wg_law law;
  uint32_t thread, idx, seq;      // of the call that is to blame: the thread's index, and where
  uint32_t name;                  // string: its export
  uint32_t seen_thread, seen_idx; // where it shows
  uint32_t object;                // WG_NONE: it is about none, or about more than one
  bool lasts;                     // until the end of the trace
};

struct wg_laws {
  struct wg_breach *list; // in the order in which they showed
  size_t n, cap;
  bool tells_apcs, tells_dpcs; // it has events of those that run
  bool held;                   // the trace tells enough for all of them: what is no breach was done
  struct wg_law_state *state;  // while loading
};

// A watch to load a side with; wg_laws_finish after it, and wg_laws_release in the end.
struct wg_watch wg_laws_watch(struct wg_laws *l);
void wg_laws_finish(struct wg_laws *l, struct wg_side *s);
void wg_laws_release(struct wg_laws *l);

#endif

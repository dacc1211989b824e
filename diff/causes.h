// From what differs to what explains it: the graph of findings over both traces' happens-before, walked back from each
// symptom. Private to diff/.
#ifndef WG_DIFF_CAUSES_H
#define WG_DIFF_CAUSES_H

#include "diff/pair.h"

enum wg_link_kind {
  WG_LINK_BLOCKED,   // a thread waits here without end, and not in the reference
  WG_LINK_JOIN,      // it waits for a thread to end
  WG_LINK_SIGNAL,    // in the reference, this call of this thread ended the wait
  WG_LINK_EVENT,     // in the reference, something that no thread did ended it
  WG_LINK_NOT_MADE,  // here that call is never made
  WG_LINK_NO_EFFECT, // here it was made, and the wait did not end
  WG_LINK_STUCK,     // the thread that should is blocked itself
  WG_LINK_UNSTARTED, // ... has never run
  WG_LINK_CIRCLE,    // ... waits, in the end, for the first
  WG_LINK_LED_TO,    // a finding, and what came of it on the same thread
  WG_LINK_MEMORY,    // a finding of another thread before it, with no other tie than time
  WG_LINK_SHOWS,     // where a kernel's fault shows
};

struct wg_link {
  enum wg_link_kind kind;
  uint32_t pair;
  uint32_t step[2];
  uint32_t object; // of A
  uint32_t finding;
};

#define WG_CHAIN 24

// A candidate: the finding, and the way from it to a symptom, symptom first.
struct wg_cause {
  uint32_t finding;
  unsigned symptoms; // that it explains
  struct wg_link chain[WG_CHAIN];
  size_t nchain;
  uint32_t input; // step of A: the last thing that the thread learned from outside before it; WG_NONE: none
  bool failed;    // `input` failed here, and the other side tells nothing of it
  bool got;       // `input` got what is given back on one side only
  bool often;     // the thread made the call `input` more or less often than its like
  bool weak;      // tied to its symptom by time alone
  bool alone;     // the first difference, where nothing explains any
};

struct wg_causes {
  struct wg_cause *list; // best first
  size_t n, cap;
  unsigned symptoms; // in all
};

// The call of A that should have ended a wait of a thread, or kept it from beginning, and was not felt (ignored.c).
bool wg_ignored_signal(const struct wg_pairing *p, uint32_t pair, uint32_t step, uint32_t *by, uint32_t *by_step);
void wg_causes_find(struct wg_pairing *p, struct wg_causes *out);
// Where there is no cause and something differs all the same: what does so first.
void wg_causes_first(const struct wg_pairing *p, struct wg_causes *c);
void wg_causes_release(struct wg_causes *c);

// The step of A's thread may have told it something: not both sides tell what it gave.
bool wg_may_have_told(const struct wg_pairing *p, uint32_t pair, uint32_t a_step);
// Whether the step of A's thread is a report (a print, an error code) right behind the call `input`, of whose result
// not both sides tell: it is what that gave.
bool wg_said_of(const struct wg_pairing *p, uint32_t pair, uint32_t input, uint32_t a_step);

#endif

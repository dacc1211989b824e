// Threads that other engines tell by name, by numbers of the host's or from 0 on: the numbers that they have with us.
#ifndef WG_TRACE_MAPPED_THREADS_H
#define WG_TRACE_MAPPED_THREADS_H

#include "base/map.h"
#include "trace/event.h"

// All zero: none so far.
struct wg_named_threads {
  struct wg_map named; // hash of a name, or of a long number: its number with us
  struct wg_map lives; // number: what is known of it
  uint32_t n;          // numbers that were given
  enum { WG_ZERO_UNSEEN, WG_ZERO_IS_NONE, WG_ZERO_IS_ONE } zero; // what 0 is among threads' numbers
};

void wg_named_threads_release(struct wg_named_threads *t);

// How a thread is told: one of the host's numbers (a pthread_t) is as good as a name.
enum wg_told {
  WG_TOLD_NUMBER, // its own
  WG_TOLD_NAME,
  WG_TOLD_LONG,
  WG_TOLD_NONE,     // it is not
  WG_TOLD_TOO_MANY, // by another name or long number than the WG_MOST_THREADS that there are already
};
enum wg_told wg_told_as(const struct wg_field *f);

// Whose an event of that kind is. *shared: another thread was made that is called so, and nobody can tell whose it is.
enum wg_told wg_named_thread(struct wg_named_threads *t, const struct wg_field *f, enum wg_kind kind, uint32_t *tid,
                             bool *shared);
// The same of a thread that is made, and may be called by `name` (or NULL) from here on. WG_TOLD_NONE where that gives
// it no number.
enum wg_told wg_named_thread_made(struct wg_named_threads *t, const struct wg_field *f, const struct wg_field *name,
                                  uint32_t *tid, bool *shared);
// Of one that is told by the way. False if it is none, or one too many.
bool wg_named_thread_mentioned(struct wg_named_threads *t, const struct wg_field *f, uint32_t *tid);

#endif

// What the files that read a side into the model share: the state of one reading, and who does what with an event.
// Private to diff/.
#ifndef WG_DIFF_LOAD_H
#define WG_DIFF_LOAD_H

#include "diff/model.h"
#include "diff/squares.h"

struct wg_builder {
  struct wg_squares squares;
  size_t settled; // steps that have been through it
  struct wg_open *open;
  unsigned nopen, open_cap;
};

#define WG_REFERENCED 16

struct wg_load {
  struct wg_side *s;
  const char *ignore;
  uint64_t keep;         // calls of the side
  bool destroys;         // the log tells when handles end
  struct wg_map awaited; // how threads begin that were made and not heard of so far -> which, WG_NONE: several
  // Threads' objects that pointers were asked for, where the log does not tell which it gave; the latest last.
  struct wg_referenced {
    uint32_t object, thread, step;
  } referenced[WG_REFERENCED];
  size_t nreferenced;
  // Of what duplicates were made whose handles the log does not tell: the object and who made it, the latest last.
  struct wg_twin {
    uint32_t object, thread;
  } twins[WG_REFERENCED];
  size_t ntwins;
  struct wg_buf text;
  const struct wg_watch *watch; // or NULL
};

static inline uint32_t wg_thread_index(const struct wg_side *s, const struct wg_dthread *t) {
  return (uint32_t)(t - s->threads);
}

// -- open calls and the steps that they leave (load_steps.c) --

#define WG_KEEP_ALL (8u << 20) // calls of a side whose steps are kept one by one
// The call is over: its step gets the content that its arguments and its result make. `flags`: what is known of its
// end (enum wg_content_flag).
void wg_finish(struct wg_load *l, struct wg_dthread *t, const struct wg_open *o, const struct wg_returned *r,
               unsigned flags);
// Steps may merge with those that they repeat, as far as no call is open.
void wg_settle(const struct wg_load *l, struct wg_dthread *t);
// Ends the open calls of a thread, the innermost first, down to the `first`-th, of whose returns nothing is told.
void wg_close_from(struct wg_load *l, struct wg_dthread *t, unsigned first, unsigned flags);
// Before a call is opened: of too many the oldest is given up.
void wg_make_room(struct wg_load *l, struct wg_dthread *t);
// What an event shows of the innermost call of its thread.
void wg_effect(struct wg_side *s, struct wg_dthread *t, unsigned what);

// -- calls (load_calls.c) --

// An event of that kind; `name` is the export's, of n bytes.
void wg_on_call(struct wg_load *l, struct wg_dthread *t, const struct wg_event *e, const char *name, size_t n);
void wg_on_return(struct wg_load *l, struct wg_dthread *t, const struct wg_event *e, const char *name, size_t n);

// -- locks: who has them (load_locks.c) --

// Who owns the lock that a call was about, after it has returned. `x`: its step; `r`, `rv`: what it gave.
void wg_track_lock(struct wg_side *s, const struct wg_dthread *t, const struct wg_step *x,
                   const struct wg_nt_export *nt, const struct wg_returned *r);
void wg_track_mutant(struct wg_side *s, const struct wg_dthread *t, const struct wg_step *x, const char *name,
                     uint32_t rv);

// -- waits and signals (load_waits.c) --

// Events of these kinds, by the thread that they stand in.
void wg_on_wait_begin(struct wg_load *l, struct wg_dthread *t, const struct wg_event *e);
void wg_on_wait_end(struct wg_load *l, struct wg_dthread *t, const struct wg_event *e);
void wg_on_signal(struct wg_side *s, struct wg_dthread *t, const struct wg_event *e);
// Its end is not told, but the thread went on.
void wg_close_silent_wait(struct wg_dthread *t);
// The call is over, and so is its wait, though another one came since and nothing told.
void wg_wait_of_call_over(struct wg_dthread *t, const struct wg_open *o);
void wg_first_touch(struct wg_dobject *o, int32_t state); // its state before it

// -- objects: by handle, semantic id or address (load_objects.c) --

// Events: a handle is made, or ends. From here on its number is another object's, or nobody's.
void wg_on_handle(struct wg_load *l, struct wg_dthread *t, const struct wg_event *e);
void wg_on_handle_end(struct wg_load *l, struct wg_dthread *t, const struct wg_event *e);
// If the call makes another handle of its object, that is remembered until the log tells which.
// A call gave a slot of thread-local storage.
void wg_on_slot(struct wg_side *s, struct wg_dthread *t, const struct wg_open *o, uint32_t slot);
void wg_on_duplicate(struct wg_load *l, const struct wg_dthread *t, const struct wg_open *o);
// The object that a call is about: by its first handle or dispatcher object.
uint32_t wg_called_object(struct wg_load *l, const struct wg_dthread *t, const struct wg_open *o,
                          const struct wg_event *e, const char *name);
// e: the return; NULL: the log has none.
void wg_on_pointer(struct wg_load *l, const struct wg_dthread *t, const struct wg_open *o, const struct wg_event *e);
uint32_t wg_object_by_hsid(struct wg_side *s, uint64_t hsid);
// A call that an event belongs to may have no handle argument: what it created is what it is about.
void wg_adopt_created(struct wg_dthread *t, struct wg_open *o);

// -- what fields say (load_events.c) --

// Text as a side's strings have it: bytes that are no UTF-8 are characters, as other engines tell them.
uint32_t wg_told_text(struct wg_side *s, const char *text, size_t n);
uint32_t wg_event_text(struct wg_side *s, const struct wg_event *e, enum wg_key key); // string; 0: none

#endif

// How each thread is when its trace ends.
#include <string.h>

#include "base/vec.h"
#include "diff/calls.h"
#include "diff/model.h"

// A log is given this many further events, or a twentieth of it, before a wait is taken for one that does not end.
#define LONG_EVENTS 200u

static bool never_returns(const char *name) {
  static const char *const names[] = {
      "ExTerminateThread", "ExitThread",           "HalReturnToFirmware",     "KeBugCheck",
      "KeBugCheckEx",      "XamLoaderLaunchTitle", "XamLoaderTerminateTitle", "XexUnloadTitleAndTerminateThread"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return true;
  return false;
}

// The thread is in a call that waits for nothing, and will not come back from it.
static bool lasts(const struct wg_side *s, const struct wg_dthread *t) {
  return wg_side_wedged(s) || s->last_ns > t->call_ns + wg_too_long_in_call(s);
}

bool wg_stuck_in(const struct wg_side *s, const struct wg_dthread *t, uint32_t step) {
  const struct wg_content *c = wg_content_at(s, t, step);
  if (!(c->flags & WG_C_OPEN) || wg_wait_of(t, step)) return false;
  // Wedge tells of each wait, for locks too, but where one spins.
  bool told = s->virtual_clock && s->has_waits && !wg_call_spins(wg_str(s, c->name));
  return told || !wg_content_is(c, WG_NT_WAITS | WG_NT_LOCK);
}

static bool long_ago(const struct wg_side *s, uint32_t seq) {
  uint64_t after = s->events - seq;
  return after > LONG_EVENTS || after * 20 > s->events;
}

bool wg_waits_for_ever(const struct wg_side *s, const struct wg_content *c) {
  if (!wg_content_is(c, WG_NT_WAITS) || wg_content_is(c, WG_NT_LOCK)) return false;
  size_t at;
  return wg_call_limit(wg_nt_of(c), c->nargs, &at) && wg_call_endless(wg_nt_of(c), at, wg_arg(s, c, at));
}

// An engine that writes the return of a wait when it begins: only a wait's end counts.
static void reopen(struct wg_side *s, struct wg_dthread *t, uint32_t step) {
  struct wg_content c = s->contents[t->steps[step].content];
  c.flags = (uint8_t)((c.flags & ~(WG_C_RETURNED | WG_C_RV)) | WG_C_OPEN);
  c.rv = 0;
  WG_VEC_ROOM(s->contents, s->contents_cap, s->ncontents + 1);
  s->contents[s->ncontents] = c;
  t->steps[step].content = (uint32_t)s->ncontents++;
}

// A log without returns does not tell whether a thread is still in its last call. One that waits for nothing may be
// what does not come back; a thread may also be at work behind it, which is for the other side to tell. An engine's own
// threads, which nobody made, only run what comes to them.
static bool may_stay_in(const struct wg_side *s, const struct wg_dthread *t, const struct wg_content *c) {
  if (wg_waits_for_ever(s, c)) return true;
  if (s->has_returns || wg_nt_of(c) == NULL) return false;
  if (wg_content_is(c, WG_NT_LOCK)) return true;
  bool title = t->parent != WG_NONE && s->threads[t->parent].tid && !t->host;
  return title && !wg_content_is(c, WG_NT_CONSEQUENCE | WG_NT_WAITS);
}

// The file ends with the call for a lock that nobody has, while threads are yet to begin: what is missing is its
// return.
static bool cut_at_lock(const struct wg_side *s, const struct wg_dthread *t, uint32_t last) {
  const struct wg_step *x = &t->steps[last];
  bool begins = false;
  for (size_t i = 0; i < s->nthreads; i++) begins |= s->threads[i].created && !s->threads[i].started;
  return begins && !s->complete && x->seq + 1u >= s->events && x->object != WG_NONE &&
         s->objects[x->object].owner == WG_NONE;
}

static enum wg_final final_in_call(struct wg_side *s, struct wg_dthread *t, uint32_t last) {
  const struct wg_content *c = wg_content_at(s, t, last);
  const struct wg_dwait *w = wg_wait_of(t, last);
  bool waiting = w && w->end_seq == 0;
  if (never_returns(wg_str(s, c->name))) return WG_EXITED;
  if (waiting && w->timeout_ns >= 0) { // it ends by itself, or should have
    uint64_t due = w->begin_ns + 2 * (uint64_t)w->timeout_ns + 20000000u;
    return (uint64_t)w->timeout_ns < UINT64_MAX / 4 && due < s->last_ns ? WG_BLOCKED : WG_RUNNING;
  }
  if (waiting && !(c->flags & WG_C_OPEN) && t->last_seq == t->steps[last].seq) return WG_RUNNING;
  if (waiting) {
    if (!(c->flags & WG_C_OPEN)) reopen(s, t, last);
    return WG_BLOCKED;
  }
  if (wg_stuck_in(s, t, last)) return lasts(s, t) ? WG_BLOCKED : WG_RUNNING;
  if (c->flags & WG_C_OPEN) {
    if (wg_content_is(c, WG_NT_LOCK)) return cut_at_lock(s, t, last) ? WG_RUNNING : WG_BLOCKED; // spinning
    if (w && !long_ago(s, w->end_seq)) return WG_RUNNING; // its wait is over, and the trace too before it is back
    return wg_content_limited(s, c) ? WG_RUNNING : WG_BLOCKED;
  }
  if (!(c->flags & WG_C_RETURNED) && may_stay_in(s, t, c) && long_ago(s, t->last_seq)) return WG_BLOCKED_MAYBE;
  return WG_RUNNING;
}

// The step that the thread is in: its last one, or a wait within which an APC has called and is back.
static uint32_t innermost(const struct wg_side *s, const struct wg_dthread *t) {
  uint32_t last = (uint32_t)t->nsteps - 1;
  if (!t->knows_returns || !(wg_content_at(s, t, last)->flags & WG_C_RETURNED)) return last;
  for (size_t i = t->nwaits; i-- > 0;) {
    const struct wg_dwait *w = &t->waits[i];
    if (w->end_seq == 0 && w->step < last && wg_content_at(s, t, w->step)->flags & WG_C_OPEN) return w->step;
  }
  return last;
}

#define TORN 100u // events, at least

bool wg_may_be_torn(const struct wg_side *s, uint32_t seq) {
  uint64_t least = s->events / 25 > TORN ? s->events / 25 : TORN;
  return !s->complete && s->events - seq < least;
}

static void note_signals(struct wg_side *s, const struct wg_dthread *t) {
  for (size_t i = 0; i < t->nsteps; i++) {
    const struct wg_step *x = &t->steps[i];
    if (x->object == WG_NONE || !wg_content_is(&s->contents[x->content], WG_NT_SIGNALS)) continue;
    struct wg_dobject *o = &s->objects[x->object];
    if (wg_may_be_torn(s, x->seq))
      o->signalled_late = true;
    else if (x->seq > o->signalled)
      o->signalled = x->seq;
  }
}

// Nobody else could go on when a file without an end has one, and one thread has been in a call that waits for nothing
// for long: it was not at work there.
static void find_blocked(struct wg_side *s) {
  struct wg_dthread *stuck = NULL;
  for (size_t i = 0; i < s->nthreads && !s->complete; i++) {
    struct wg_dthread *t = &s->threads[i];
    if (t->final != WG_RUNNING || t->nsteps == 0 || t->tid == 0 || t->host) continue;
    if (stuck) return;
    stuck = t;
  }
  if (stuck == NULL) return;
  uint32_t last = innermost(s, stuck), seq = stuck->steps[last].seq;
  if (!wg_stuck_in(s, stuck, last) || wg_may_be_torn(s, seq) || !long_ago(s, seq)) return;
  stuck->final = WG_BLOCKED;
  stuck->blocked_step = last;
}

void wg_finals(struct wg_side *s) {
  bool starts = false;
  for (size_t i = 0; i < s->nthreads; i++) starts |= s->threads[i].started;
  for (size_t i = 0; i < s->nthreads; i++) note_signals(s, &s->threads[i]);
  for (size_t i = 0; i < s->nthreads; i++) {
    struct wg_dthread *t = &s->threads[i];
    t->final = WG_RUNNING;
    if (t->crashed) {
      t->final = WG_CRASHED;
    } else if (t->exited) {
      t->final = WG_EXITED;
    } else if (t->nsteps == 0) {
      if (t->created && !t->started && starts) t->final = WG_UNSTARTED;
    } else {
      uint32_t last = innermost(s, t);
      t->final = final_in_call(s, t, last);
      if (t->final == WG_BLOCKED || t->final == WG_BLOCKED_MAYBE) t->blocked_step = last;
    }
  }
  find_blocked(s);
  wg_find_rest(s);
}

// Who ended a wait.
#include <string.h>

#include "diff/cause_walk.h"

uint32_t wg_wait_end_seq(const struct wg_dthread *t, uint32_t step) {
  const struct wg_dwait *w = wg_wait_of(t, step);
  if (w && w->end_seq) return w->end_seq;
  return step + 1 < t->nsteps ? t->steps[step + 1].seq : t->last_seq;
}

// The last call before `until` that can have signalled the object.
static struct wg_signaler signaler_before(const struct wg_side *s, const struct wg_touches *x, uint32_t object,
                                          uint32_t until) {
  struct wg_signaler best = {WG_NONE, WG_NONE, false, false, WG_NONE};
  uint32_t best_seq = 0;
  for (uint32_t i = wg_touch_from(s, x, object, until); best.thread == WG_NONE && i > x->first_call[object]; i--) {
    const struct wg_touch *t = &x->calls[i - 1];
    const struct wg_step *y = wg_touch_step(s, t);
    if (!wg_content_is(&s->contents[y->content], WG_NT_SIGNALS)) continue;
    best = (struct wg_signaler){t->thread, t->at, false, false, object};
    best_seq = y->seq;
  }
  for (size_t i = 0; i < s->nsignals; i++)
    if (s->signals[i].object == object && s->signals[i].seq < until && s->signals[i].seq > best_seq) {
      best = (struct wg_signaler){WG_NONE, WG_NONE, false, true, object};
      best_seq = s->signals[i].seq;
    }
  return best;
}

struct wg_signaler wg_last_signal(const struct wg_pairing *p, int side, uint32_t object, uint32_t until) {
  return signaler_before(p->s[side], p->touches[side], object, until);
}

// What a wait was for, or the one of several that ended it.
static uint32_t waited_for(const struct wg_side *s, const struct wg_dthread *t, uint32_t step) {
  const struct wg_dwait *w = wg_wait_of(t, step);
  const struct wg_content *c = wg_content_at(s, t, step);
  if (w == NULL) return wg_waited_by(s, t, step);
  if (w->n < 2 || w->all || !(c->flags & WG_C_RV)) return t->steps[step].object;
  uint32_t i = c->rv & ~0x80u;
  return i < w->n ? s->wait_objects[w->objects + i] : t->steps[step].object;
}

// -- where nothing tells what calls are about --

#define SOON 64u // events from a signal to the end of the wait for it
#define STEPS 8u // of a thread in which its latest signal is looked for

// One of what is waited for is of that type, or of a type that is not known.
static bool wants(const struct wg_wanted *wanted, const char *type) {
  const struct wg_side *s = wanted->s;
  const struct wg_dwait *w = wanted->w;
  for (uint32_t i = 0, n = w && w->n ? w->n : 1; i < n; i++) {
    uint32_t o = w && w->n ? s->wait_objects[w->objects + i] : wanted->object;
    if (o == WG_NONE || s->objects[o].type == 0 || strcmp(wg_str(s, s->objects[o].type), type) == 0) return true;
  }
  return false;
}

// By its name alone the call may end such a wait: those for one kind of object signal no other, and an object that is
// waited for by handle is seldom signalled by address, nor the other way round.
static bool may_signal(const struct wg_content *c, const struct wg_wanted *wanted) {
  static const struct {
    const char *call, *type;
  } kinds[] = {{"SetEvent", "Event"},
               {"PulseEvent", "Event"},
               {"ReleaseSemaphore", "Semaphore"},
               {"ReleaseMutant", "Mutant"},
               {"TerminateThread", "Thread"},
               {"ResumeThread", ""},
               {"SetIoCompletion", "IoCompletion"}};
  const char *name = wg_str(wanted->s, c->name);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strstr(name, kinds[i].call) == NULL) continue;
    if (!wants(wanted, kinds[i].type)) return false;
    bool ke = strncmp(name, "Ke", 2) == 0, nt = strncmp(name, "Nt", 2) == 0;
    return !(ke && strncmp(wanted->wait, "Nt", 2) == 0) && !(nt && strncmp(wanted->wait, "Ke", 2) == 0);
  }
  return true;
}

uint32_t wg_unnamed_signal(const struct wg_side *s, const struct wg_dthread *t, uint32_t from, uint32_t until,
                           const struct wg_wanted *wanted) {
  size_t lo = 0, hi = t->nsteps;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (t->steps[mid].seq < until)
      lo = mid + 1;
    else
      hi = mid;
  }
  for (size_t n = 0; n < STEPS && lo > 0 && t->steps[lo - 1].seq > from; lo--) {
    const struct wg_content *c = &s->contents[t->steps[lo - 1].content];
    if (wg_content_is(c, WG_NT_LOCK | WG_NT_UNLOCK)) continue;
    if (t->steps[lo - 1].object == WG_NONE && wg_content_is(c, WG_NT_SIGNALS) && !wg_content_is(c, WG_NT_WAITS) &&
        may_signal(c, wanted))
      return (uint32_t)lo - 1;
    n++;
  }
  return WG_NONE;
}

struct wg_wanted wg_wanted_by(const struct wg_side *s, const struct wg_dthread *t, uint32_t step) {
  return (struct wg_wanted){s, wg_call_name(s, t, step), wg_wait_of(t, step), wg_waited_by(s, t, step)};
}

// By order alone: another thread's last such call while the thread waited; where it did not have to wait, the last one
// before it, its own too.
static struct wg_signaler by_order(const struct wg_side *s, uint32_t thread, uint32_t step, uint32_t object) {
  const struct wg_dthread *t = &s->threads[thread];
  const struct wg_dwait *w = wg_wait_of(t, step);
  struct wg_signaler best = {WG_NONE, WG_NONE, false, false, object};
  if (w == NULL || w->end_seq == 0 || w->by_timeout || w->by_apc) return best;
  bool waited = w->end_seq > t->steps[step].seq + 2;
  uint32_t end = waited ? w->end_seq : t->steps[step].seq, seq = 0;
  uint32_t from = end > SOON ? end - SOON : 0;
  if (waited && from < t->steps[step].seq) from = t->steps[step].seq;
  const struct wg_wanted wanted = wg_wanted_by(s, t, step);
  for (uint32_t i = 0; i < s->nthreads; i++) {
    uint32_t at = i == thread && waited ? WG_NONE : wg_unnamed_signal(s, &s->threads[i], from, end, &wanted);
    if (at == WG_NONE || s->threads[i].steps[at].seq <= seq) continue;
    seq = s->threads[i].steps[at].seq;
    best.thread = i;
    best.step = at;
  }
  return best;
}

struct wg_signaler wg_signaler_of(const struct wg_pairing *p, int side, uint32_t thread, uint32_t step) {
  const struct wg_side *s = p->s[side];
  const struct wg_dthread *t = &s->threads[thread];
  const struct wg_dwait *w = wg_wait_of(t, step);
  uint32_t object = waited_for(s, t, step);
  if (object != WG_NONE && s->objects[object].is_thread != WG_NONE && (w == NULL || w->n <= 1))
    return (struct wg_signaler){s->objects[object].is_thread, WG_NONE, true, false, object};
  if (w && w->by_tid != WG_NONE) {
    const struct wg_dthread *by = wg_side_thread(s, w->by_tid);
    if (by == NULL || w->by_tid == 0) {
      struct wg_signaler event = {WG_NONE, WG_NONE, false, true, WG_NONE};
      for (size_t i = 0; i < s->nsignals; i++)
        if (s->signals[i].tid == w->by_tid && s->signals[i].idx == w->by_idx) event.object = s->signals[i].object;
      return event;
    }
    uint32_t at = wg_step_at(by, w->by_idx), from = at;
    // Where repetitions were merged, the place is the round's: its call for the object is near.
    while (at != WG_NONE && from - at < 64 &&
           !(wg_content_is(wg_content_at(s, by, at), WG_NT_SIGNALS) && by->steps[at].object == object))
      at = at ? at - 1 : WG_NONE;
    if (at == WG_NONE || from - at >= 64) at = from;
    return (struct wg_signaler){(uint32_t)(by - s->threads), at, at == WG_NONE, false, object};
  }
  if (object == WG_NONE) return (struct wg_signaler){WG_NONE, WG_NONE, false, false, WG_NONE};
  const struct wg_signaler by = signaler_before(s, p->touches[side], object, wg_wait_end_seq(t, step));
  return by.thread == WG_NONE && !by.event && step < t->nsteps ? by_order(s, thread, step, object) : by;
}

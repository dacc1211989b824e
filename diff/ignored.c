// A signal that did not reach who waits for it, as one trace shows without events of signals: by its calls and waits.
#include <string.h>

#include "diff/calls.h"
#include "diff/causes.h"

#define LOOKS 1000u    // signals that are looked at
#define SURE_EVENTS 8u // after which a wait that a signal ends has ended

// The latest thing that anybody did to an object.
struct touch {
  uint32_t seq, thread, step;
  bool signals;
};

static bool succeeds(const struct wg_content *c) {
  if (!(c->flags & WG_C_RETURNED)) return false;
  bool status = wg_nt_of(c) && wg_nt_of(c)->ret == 'S';
  return !status || ((c->flags & WG_C_RV) && c->rv < 0x40000000u);
}

static const struct wg_dwait *wait_at(const struct wg_side *s, const struct wg_touch *x) {
  return &s->threads[x->thread].waits[x->at];
}

static uint32_t begins_at(const struct wg_side *s, const struct wg_touch *x) {
  return s->threads[x->thread].steps[wait_at(s, x)->step].seq;
}

static void later(struct touch *t, uint32_t seq, uint32_t thread, uint32_t step, bool signals) {
  if (seq >= t->seq) *t = (struct touch){seq, thread, step, signals};
}

// An object of a side, and who touched it.
struct about {
  const struct wg_side *s;
  const struct wg_touches *x;
  uint32_t object;
};

#define EACH_WAIT(a, i) for (uint32_t i = (a)->x->first_wait[(a)->object]; i < (a)->x->first_wait[(a)->object + 1]; i++)

static const struct wg_content *content_at(const struct wg_side *s, const struct wg_step *x) {
  return &s->contents[x->content];
}

// Somebody else took or reset an object, or waits for it, too.
static bool touched_between(const struct about *a, uint32_t from, uint32_t to, const struct wg_dwait *self) {
  for (uint32_t i = wg_touch_from(a->s, a->x, a->object, from); i < a->x->first_call[a->object + 1]; i++) {
    const struct wg_step *y = wg_touch_step(a->s, &a->x->calls[i]);
    if (y->seq >= to) break;
    if (wg_content_is(content_at(a->s, y), WG_NT_RESETS)) return true;
  }
  EACH_WAIT(a, i) {
    const struct wg_dwait *w = wait_at(a->s, &a->x->waits[i]);
    bool ended = w->end_seq != 0 && w->end_seq <= from;
    if (w != self && !ended && begins_at(a->s, &a->x->waits[i]) < to) return true;
  }
  return false;
}

// By all threads before `until`; what the wait itself gave is no touch.
static struct touch latest_touch(const struct about *a, uint32_t until, const struct wg_dwait *self) {
  struct touch t = {0, WG_NONE, WG_NONE, false};
  for (uint32_t i = wg_touch_from(a->s, a->x, a->object, until); i > a->x->first_call[a->object]; i--) {
    const struct wg_touch *x = &a->x->calls[i - 1];
    const struct wg_step *y = wg_touch_step(a->s, x);
    const struct wg_content *c = content_at(a->s, y);
    if (!wg_content_is(c, WG_NT_SIGNALS | WG_NT_RESETS) || wg_content_is(c, WG_NT_WAITS)) continue;
    later(&t, y->seq, x->thread, x->at, !wg_content_is(c, WG_NT_RESETS) && succeeds(c));
    break;
  }
  EACH_WAIT(a, i) {
    const struct wg_touch *x = &a->x->waits[i];
    const struct wg_dwait *w = wait_at(a->s, x);
    if (w == self || w->by_timeout) continue;
    if (w->end_seq == 0 && begins_at(a->s, x) < until) // somebody else waits for it, too
      later(&t, until, x->thread, w->step, false);
    else if (w->end_seq && w->end_seq < until)
      later(&t, w->end_seq, x->thread, w->step, false);
  }
  return t;
}

// The last signal before the end of a wait that somebody ended is the one that did, however long that took to be told.
static bool ended_by(const struct about *a, const struct wg_dwait *w, uint32_t call) {
  if (w->end_seq == 0 || w->by_timeout) return false;
  for (uint32_t i = call + 1; i < a->x->first_call[a->object + 1]; i++) {
    const struct wg_step *y = wg_touch_step(a->s, &a->x->calls[i]);
    if (y->seq >= w->end_seq) break;
    if (wg_content_is(content_at(a->s, y), WG_NT_SIGNALS)) return false;
  }
  for (size_t i = 0; i < a->s->nsignals; i++) {
    const struct wg_dsignal *x = &a->s->signals[i];
    bool after = x->seq > wg_touch_step(a->s, &a->x->calls[call])->seq;
    if (x->object == a->object && after && x->seq < w->end_seq) return false;
  }
  return true;
}

// The first call by another thread that signals the object while a wait for it goes on, and does not end it; NULL: none
// before `best`.
static const struct wg_touch *unfelt(const struct about *a, const struct wg_touch *wait, uint32_t end, uint32_t best,
                                     uint32_t *looked) {
  for (uint32_t i = wg_touch_from(a->s, a->x, a->object, begins_at(a->s, wait)); i < a->x->first_call[a->object + 1];
       i++) {
    const struct wg_touch *x = &a->x->calls[i];
    const struct wg_step *y = wg_touch_step(a->s, x);
    const struct wg_content *c = content_at(a->s, y);
    if (y->seq + SURE_EVENTS > end || y->seq >= best || *looked >= LOOKS) break;
    if (x->thread == wait->thread || !wg_content_is(c, WG_NT_SIGNALS) || wg_content_is(c, WG_NT_WAITS) || !succeeds(c))
      continue;
    ++*looked;
    if (!ended_by(a, wait_at(a->s, wait), i) && !touched_between(a, y->seq, end, wait_at(a->s, wait))) return x;
  }
  return NULL;
}

// The first call that signals an object while a thread waits for it, which it does not end: that wait goes on until
// another one, or for ever.
static bool earlier(const struct about *a, uint32_t until, uint32_t *by, uint32_t *by_step) {
  uint32_t best = UINT32_MAX, looked = 0;
  EACH_WAIT(a, i) {
    const struct wg_touch *wait = &a->x->waits[i];
    const struct wg_dwait *w = wait_at(a->s, wait);
    uint32_t end = w->end_seq && w->end_seq < until ? w->end_seq : until;
    if (w->n > 1 || begins_at(a->s, wait) >= until) continue;
    const struct wg_touch *x = unfelt(a, wait, end, best, &looked);
    if (x == NULL) continue;
    best = wg_touch_step(a->s, x)->seq;
    *by = x->thread;
    *by_step = x->at;
  }
  return best != UINT32_MAX;
}

// Of several objects, as its argument says.
static bool for_any(const struct wg_side *s, const struct wg_content *c) {
  return strstr(wg_str(s, c->name), "ForMultiple") && c->nargs > 2 &&
         !wg_call_for_all(wg_str(s, c->name), wg_arg(s, c, 2));
}

bool wg_ignored_signal(const struct wg_pairing *p, uint32_t pair, uint32_t step, uint32_t *by, uint32_t *by_step) {
  const struct wg_side *s = p->s[0];
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  const struct wg_dwait *w = wg_wait_of(t, step);
  const struct wg_content *c = wg_content_at(s, t, step);
  if (w == NULL || !s->has_waits || w->all || (w->n > 1 && !for_any(s, c))) return false;
  uint32_t until = w->end_seq ? w->end_seq : (uint32_t)s->events, best = 0;
  uint32_t got = w->n > 1 && w->end_seq && (c->flags & WG_C_RV) ? c->rv : WG_NONE;
  for (uint32_t i = 0; i < (w->n > 1 ? w->n : 1); i++) {
    uint32_t object = w->n > 1 ? s->wait_objects[w->objects + i] : t->steps[step].object;
    if (object == WG_NONE || i == got) continue;
    const struct touch x = latest_touch(&(struct about){s, p->touches[0], object}, until, w);
    // A wait that is known to last needs no more to show it.
    uint32_t sure = w->end_seq ? SURE_EVENTS : 1;
    if (!x.signals || x.thread == p->pairs[pair].t[0] || x.seq + sure > until || x.seq < best) continue;
    *by = x.thread;
    *by_step = x.step;
    best = x.seq;
  }
  uint32_t object = t->steps[step].object;
  return best != 0 ||
         (w->n <= 1 && object != WG_NONE && earlier(&(struct about){s, p->touches[0], object}, until, by, by_step));
}

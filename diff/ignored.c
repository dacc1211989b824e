// A signal that did not reach who waits for it, as one trace shows without events of signals: by its calls and waits.
#include <string.h>

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

// Of a thread; where repetitions were merged, a wait may belong to none of its steps any more.
static bool waits_for(const struct wg_side *s, const struct wg_dthread *t, const struct wg_dwait *w, uint32_t object) {
  if (w->step >= t->nsteps) return false;
  for (uint32_t i = 0; i < w->n; i++)
    if (s->wait_objects[w->objects + i] == object) return true;
  return w->n <= 1 && t->steps[w->step].object == object;
}

static void later(struct touch *t, uint32_t seq, uint32_t thread, uint32_t step, bool signals) {
  if (seq >= t->seq) *t = (struct touch){seq, thread, step, signals};
}

static uint32_t first_from(const struct wg_dthread *t, uint32_t seq) {
  size_t lo = 0, hi = t->nsteps;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (t->steps[mid].seq < seq)
      lo = mid + 1;
    else
      hi = mid;
  }
  return (uint32_t)lo;
}

// Somebody else took or reset an object, or waits for it, too.
static bool touched_between(const struct wg_side *s, uint32_t object, uint32_t from, uint32_t to,
                            const struct wg_dwait *self) {
  for (uint32_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *x = &s->threads[i];
    for (uint32_t k = first_from(x, from); k < x->nsteps && x->steps[k].seq < to; k++)
      if (x->steps[k].object == object && wg_content_is(wg_content_at(s, x, k), WG_NT_RESETS)) return true;
    for (size_t k = 0; k < x->nwaits; k++) {
      const struct wg_dwait *w = &x->waits[k];
      if (w != self && waits_for(s, x, w, object) && x->steps[w->step].seq < to &&
          (w->end_seq == 0 || w->end_seq > from))
        return true;
    }
  }
  return false;
}

// By all threads before `until`; what the wait itself gave is no touch.
static struct touch latest(const struct wg_side *s, uint32_t object, uint32_t until, const struct wg_dwait *self) {
  struct touch t = {0, WG_NONE, WG_NONE, false};
  for (uint32_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *x = &s->threads[i];
    for (uint32_t k = 0; k < x->nsteps && x->steps[k].seq < until; k++) {
      const struct wg_content *c = wg_content_at(s, x, k);
      if (x->steps[k].object != object || !wg_content_is(c, WG_NT_SIGNALS | WG_NT_RESETS) ||
          wg_content_is(c, WG_NT_WAITS))
        continue;
      later(&t, x->steps[k].seq, i, k, !wg_content_is(c, WG_NT_RESETS) && succeeds(c));
    }
    for (size_t k = 0; k < x->nwaits; k++) {
      const struct wg_dwait *w = &x->waits[k];
      if (w == self || w->by_timeout || !waits_for(s, x, w, object)) continue;
      if (w->end_seq == 0 && x->steps[w->step].seq < until) // somebody else waits for it, too
        later(&t, until, i, w->step, false);
      else if (w->end_seq && w->end_seq < until)
        later(&t, w->end_seq, i, w->step, false);
    }
  }
  return t;
}

// The first call that signals an object while a thread waits for it, which it does not end: that wait goes on until
// another one, or for ever.
static bool earlier(const struct wg_side *s, uint32_t object, uint32_t until, uint32_t *by, uint32_t *by_step) {
  uint32_t best = UINT32_MAX, looked = 0;
  for (uint32_t i = 0; i < s->nthreads; i++)
    for (size_t k = 0; k < s->threads[i].nwaits; k++) {
      const struct wg_dthread *t = &s->threads[i];
      const struct wg_dwait *w = &t->waits[k];
      if (w->n > 1 || !waits_for(s, t, w, object)) continue;
      uint32_t begin = t->steps[w->step].seq, end = w->end_seq && w->end_seq < until ? w->end_seq : until;
      if (begin >= until) continue;
      for (uint32_t x = 0; x < s->nthreads; x++) {
        if (x == i) continue;
        for (uint32_t m = first_from(&s->threads[x], begin); m < s->threads[x].nsteps; m++) {
          const struct wg_step *y = &s->threads[x].steps[m];
          const struct wg_content *c = &s->contents[y->content];
          if (y->seq + SURE_EVENTS > end || y->seq >= best) break;
          if (y->object != object || !wg_content_is(c, WG_NT_SIGNALS) || wg_content_is(c, WG_NT_WAITS) || !succeeds(c))
            continue;
          if (++looked > LOOKS) return best != UINT32_MAX;
          if (touched_between(s, object, y->seq, end, w)) continue;
          best = y->seq;
          *by = x;
          *by_step = m;
        }
      }
    }
  return best != UINT32_MAX;
}

// Of several objects, as its argument says.
static bool for_any(const struct wg_side *s, const struct wg_content *c) {
  return strstr(wg_str(s, c->name), "ForMultiple") && c->nargs > 2 && (uint32_t)wg_arg(s, c, 2) == 1;
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
    const struct touch x = latest(s, object, until, w);
    if (!x.signals || x.thread == p->pairs[pair].t[0] || x.seq + SURE_EVENTS > until || x.seq < best) continue;
    *by = x.thread;
    *by_step = x.step;
    best = x.seq;
  }
  uint32_t object = t->steps[step].object;
  return best != 0 || (w->n <= 1 && object != WG_NONE && earlier(s, object, until, by, by_step));
}

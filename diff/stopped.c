#include "diff/stopped.h"

#include <string.h>

#include "diff/calls.h"
#include "diff/cause_walk.h"
#include "diff/hang.h"
#include "diff/words.h"

// Its last call is a wait, and the other side's thread has made more calls.
static bool stands(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side) {
  const struct wg_dthread *t = &p->s[side]->threads[tp->t[side]], *o = &p->s[!side]->threads[tp->t[!side]];
  if (t->nsteps == 0 || t->tid == 0 || t->host || t->final == WG_EXITED || t->final == WG_CRASHED) return false;
  if (o->calls <= t->calls) return false;
  const struct wg_content *c = wg_content_at(p->s[side], t, t->nsteps - 1);
  return t->blocked_step != WG_NONE || wg_content_is(c, WG_NT_WAITS) || c->flags & WG_C_OPEN;
}

static uint32_t pair_of(const struct wg_pairing *p, int side, uint32_t tid) {
  const struct wg_dthread *t = wg_side_thread(p->s[side], tid);
  return t ? p->peer[side][t - p->s[side]->threads] : WG_NONE;
}

static bool judged(const struct wg_hang_list *l, uint32_t tid) {
  for (size_t i = 0; i < l->n; i++)
    if (l->list[i].tid == tid) return true;
  return false;
}

// The pair of the first thread with a verdict that stands here and goes on there, where it has none.
static uint32_t alone(const struct wg_pairing *p, int side, const struct wg_hang_list *l,
                      const struct wg_hang_list *other) {
  for (size_t i = 0; i < l->n; i++) {
    uint32_t pair = pair_of(p, side, l->list[i].tid);
    if (pair == WG_NONE || !stands(p, &p->pairs[pair], side)) continue;
    if (!judged(other, wg_pair_thread(p, pair, !side)->tid)) return pair;
  }
  return WG_NONE;
}

// Each of its threads has ended, or stands in a wait or a call: one that was cut while it ran seldom ends so.
static bool all_stand(const struct wg_side *s) {
  for (size_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    if (t->nsteps == 0 || t->tid == 0 || t->host || t->final == WG_EXITED || t->blocked_step != WG_NONE) continue;
    const struct wg_content *c = wg_content_at(s, t, t->nsteps - 1);
    if (!wg_content_is(c, WG_NT_WAITS) && !(c->flags & WG_C_OPEN)) return false;
  }
  return true;
}

static bool unsaid(const struct wg_pairing *p, int side) {
  return !p->s[side]->complete && p->s[side]->calls < p->s[!side]->calls && all_stand(p->s[side]);
}

// A log that was cut ends so, too: that a thread waits for what another one does is no more than that.
static bool often_stands(const struct wg_pairing *p, int side) {
  return p->s[side]->text_log && unsaid(p, side) && !p->s[side]->rests;
}

// What the thread waits for, and for nothing else, was signalled while it did, and taken back: no cut explains that.
static bool taken_back(const struct wg_pairing *p, int side, const struct wg_hang_list *l) {
  const struct wg_dthread *t = wg_side_thread(p->s[side], l->list[0].tid);
  bool one = t && t->nsteps && !strstr(wg_call_name(p->s[side], t, t->nsteps - 1), "Multiple");
  return one && strcmp(l->list[0].cls, "lost-wakeup") == 0;
}

static void look(const struct wg_pairing *p, int side, struct wg_stopped *out) {
  struct wg_hang_list l[2] = {{0}, {0}};
  struct wg_err err = {0};
  wg_hang_verdicts(p->s[side]->path, &p->s[side]->reading, &l[0], &err); // what cannot be judged has no verdict
  if (l[0].n) wg_hang_verdicts(p->s[!side]->path, &p->s[!side]->reading, &l[1], &err);
  uint32_t pair = alone(p, side, &l[0], &l[1]);
  bool cut = pair != WG_NONE && often_stands(p, side) && wg_let_go_by_title(p, pair, side);
  if (pair != WG_NONE && (!cut || taken_back(p, side, &l[0])) && !wg_about_to_go_on(p, pair, side)) {
    *out = (struct wg_stopped){
        .found = true, .side = side, .tid = l[0].list[0].tid, .pair = pair, .cls = l[0].list[0].cls};
    wg_buf_add(&out->words, l[0].list[0].words.data, l[0].list[0].words.len);
  }
  for (int i = 0; i < 2; i++) wg_hang_verdicts_release(&l[i]);
}

// -- where a file that tells nothing of its end has one --

// The call of this side that is like the one which ended the wait on the other side.
static void find_ender(const struct wg_pairing *p, struct wg_ends_early *e) {
  const struct wg_thread_pair *tp = &p->pairs[e->pair];
  uint32_t there = wg_partner_step(p, e->pair, e->side, e->step);
  if (there == WG_NONE) return;
  const struct wg_signaler by = wg_signaler_of(p, !e->side, tp->t[!e->side], there);
  if (by.thread == WG_NONE || by.step == WG_NONE || p->peer[!e->side][by.thread] == WG_NONE) return;
  uint32_t pair = p->peer[!e->side][by.thread], step = wg_partner_step(p, pair, !e->side, by.step);
  if (pair == e->pair || step == WG_NONE) return;
  const struct wg_call *c = wg_call_of(wg_call_name(p->s[e->side], wg_pair_thread(p, pair, e->side), step));
  if (c && c->effect == WG_E_TERMINATE) return; // a thread's end is not what is lost
  e->by_pair = pair;
  e->by_step = step;
}

static void find_early(struct wg_pairing *p, struct wg_ends_early *out) {
  *out = (struct wg_ends_early){.by_pair = WG_NONE, .by_step = WG_NONE};
  if (!unsaid(p, 0) && !unsaid(p, 1)) return;
  for (int i = 0; i < 2; i++) p->touches[i] = wg_touches_of(p->s[i]);
  for (uint32_t i = 0; i < 2 * p->npairs; i++) {
    int side = i >= p->npairs;
    uint32_t pair = i % (uint32_t)p->npairs;
    const struct wg_dthread *t = wg_pair_thread(p, pair, side);
    if (!unsaid(p, side) || !stands(p, &p->pairs[pair], side)) continue;
    bool in_call = wg_stuck_in(p->s[side], t, (uint32_t)t->nsteps - 1);
    if (out->by_pair != WG_NONE && !in_call) continue;
    struct wg_ends_early e = {.found = true, .side = side, .pair = pair, .by_pair = WG_NONE, .by_step = WG_NONE};
    e.step = t->blocked_step != WG_NONE ? t->blocked_step : (uint32_t)t->nsteps - 1;
    if (wg_stuck_in(p->s[side], t, e.step)) { // whoever waits may wait for that
      *out = e;
      break;
    }
    find_ender(p, &e);
    if (!out->found || e.by_pair != WG_NONE) *out = e;
  }
  for (int i = 0; i < 2; i++) {
    wg_touches_release(p->touches[i]);
    p->touches[i] = NULL;
  }
}

void wg_stopped_find(struct wg_pairing *p, struct wg_stopped *out) {
  *out = (struct wg_stopped){0};
  for (int side = 0; side < 2 && !out->found; side++) {
    size_t i = 0;
    while (i < p->npairs && !stands(p, &p->pairs[i], side)) i++;
    if (i < p->npairs) look(p, side, out);
  }
  if (!out->found) find_early(p, &out->early);
}

void wg_stopped_release(struct wg_stopped *s) { wg_buf_release(&s->words); }

void wg_put_stopped(const struct wg_pairing *p, const struct wg_stopped *s, struct wg_buf *out) {
  uint32_t pair = pair_of(p, s->side, s->tid);
  if (pair != WG_NONE)
    wg_put_pair(p, pair, out);
  else
    wg_buf_printf(out, "thread %u", s->tid);
  wg_buf_str(out, s->side ? " hangs in the reference, and this side goes on; there it"
                          : " hangs here, and the reference goes on; here it");
  wg_buf_add(out, s->words.data, s->words.len);
}

void wg_put_ends_early(const struct wg_pairing *p, const struct wg_ends_early *e, struct wg_buf *out) {
  wg_buf_str(out, e->side ? "undecided: the reference ends where " : "undecided: this side ends where ");
  wg_put_pair(p, e->pair, out);
  const struct wg_content *c = wg_content_at(p->s[e->side], wg_pair_thread(p, e->pair, e->side), e->step);
  wg_buf_str(out, wg_content_is(c, WG_NT_WAITS) ? " waits in " : " is in ");
  wg_put_call(p->s[e->side], wg_pair_thread(p, e->pair, e->side), e->step, out);
  wg_buf_str(out, e->side ? " and this side goes on" : " and the reference goes on");
  if (e->by_pair != WG_NONE) {
    wg_buf_str(out, ", as it was cut there, or ");
    wg_put_call(p->s[e->side], wg_pair_thread(p, e->by_pair, e->side), e->by_step, out);
    wg_buf_str(out, " of ");
    wg_put_pair(p, e->by_pair, out);
    wg_buf_str(out, " was lost");
  } else {
    wg_buf_str(out, ": cut, or hanging");
  }
  wg_buf_str(out, ", which its file does not tell; ");
}

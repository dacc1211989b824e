// Calls that are there, and did not do what they did in the reference.
#include <string.h>

#include "diff/cause_walk.h"

uint32_t wg_lost_finding(struct wg_pairing *p, uint32_t pair, uint32_t a, uint32_t b, const char *what) {
  // Where a lost signal would have been seen, it was not lost.
  if (p->lawful && strcmp(what, "signal") == 0) return wg_finding_shown(p, pair, a);
  WG_EACH_FINDING(p, pair, i) {
    const struct wg_finding *f = &p->findings[i];
    if (f->step[0] == a && (f->cls == WG_D_LOST || (wg_is_value(f) && !f->hidden))) return i;
  }
  struct wg_finding *f = wg_finding_add(p, WG_D_LOST, pair, a, b);
  f->seq = wg_seq_at(p, pair, a);
  f->field = what;
  return (uint32_t)(f - p->findings);
}

// A call of the reference that has its like here, where it did not do what it did there.
uint32_t wg_lost_call(struct wg_cause_walk *w, uint32_t b_thread, uint32_t b_step, const char *what) {
  struct wg_pairing *p = w->p;
  uint32_t pair = p->peer[1][b_thread];
  if (pair == WG_NONE) return WG_NONE;
  uint32_t here = wg_partner_step(p, pair, 1, b_step);
  if (here == WG_NONE) {
    uint32_t before = wg_explains_before(p, pair, UINT32_MAX);
    return before != WG_NONE ? wg_explain_finding(w, before) : WG_NONE;
  }
  uint32_t before = wg_explains_before(p, pair, wg_seq_at(p, pair, here));
  if (before != WG_NONE && wg_is_value(&p->findings[before])) return wg_explain_finding(w, before);
  return wg_lost_finding(p, pair, here, b_step, what);
}

// What ends a wait or runs code later: timers, DPCs, APCs, callbacks.
static bool defers(const struct wg_side *s, const struct wg_content *c) {
  static const char *const parts[] = {"SetTimer", "QueueDpc", "QueueApc", "InterruptCallback", "RegisterRenderDriver"};
  const char *name = wg_str(s, c->name);
  if (strstr(name, "Remove")) return false; // it takes one back
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (strstr(name, parts[i])) return true;
  bool io = strcmp(name, "NtReadFile") == 0 || strcmp(name, "NtWriteFile") == 0;
  return io && c->nargs > 2 && (wg_arg(s, c, 1) || wg_arg(s, c, 2)); // an event, or an APC routine
}

// The one that ran last before a place; 0: the trace does not tell, or it does not tell where that lies.
static uint64_t ran_before(const struct wg_side *s, uint32_t seq) {
  size_t n = s->nran;
  while (n > 0 && s->ran[n - 1].seq >= seq) n--;
  return n && s->ran[n - 1].dpc > 1 ? s->ran[n - 1].dpc : 0;
}

// The last such call of the reference before a place, of those that have the DPC run which did if that is told;
// `object`: on that alone, WG_NONE: on any. False: there is none.
static bool deferring(const struct wg_cause_walk *w, uint32_t before_seq, uint32_t object, uint32_t *thread,
                      uint32_t *step) {
  const struct wg_side *s = w->p->s[1];
  uint32_t seq = 0;
  uint64_t dpc = ran_before(s, before_seq);
  bool found = false; // one that has it run
  *thread = WG_NONE;
  for (uint32_t i = 0; i < s->nthreads; i++)
    for (uint32_t k = 0; k < s->threads[i].nsteps; k++) {
      const struct wg_step *x = &s->threads[i].steps[k];
      if (x->seq >= before_seq) break;
      bool runs = dpc && wg_dpc_of(s, &s->contents[x->content]) == dpc;
      if ((object != WG_NONE && x->object != object) || w->p->peer[1][i] == WG_NONE || runs < found) continue;
      if ((x->seq < seq && runs == found) || !defers(s, &s->contents[x->content])) continue;
      found = runs;
      *thread = i;
      *step = k;
      seq = x->seq;
    }
  return *thread != WG_NONE;
}

// The call has an APC come to the thread: one to it by name, or one of a timer or a file that the thread itself asks
// for.
static bool sends_apc(const struct wg_side *s, uint32_t by, uint32_t to, const struct wg_step *x) {
  const struct wg_content *c = &s->contents[x->content];
  const char *name = wg_str(s, c->name);
  if (strcmp(name, "NtQueueApcThread") == 0) return x->object != WG_NONE && s->objects[x->object].is_thread == to;
  if (by != to) return false;
  bool timer = strcmp(name, "NtSetTimerEx") == 0,
       io = strcmp(name, "NtReadFile") == 0 || strcmp(name, "NtWriteFile") == 0;
  return (timer || io) && c->nargs > 2 && wg_arg(s, c, 2) != 0;
}

// Whose a kernel APC is only the call that made it was told, and of a handle it may not be known whose it is.
static bool may_send_apc(const struct wg_side *s, uint32_t by, uint32_t to, const struct wg_step *x) {
  const char *name = wg_str(s, s->contents[x->content].name);
  bool unknown = x->object == WG_NONE || s->objects[x->object].is_thread == WG_NONE;
  return sends_apc(s, by, to, x) || strcmp(name, "KeInsertQueueApc") == 0 ||
         (unknown && strcmp(name, "NtQueueApcThread") == 0);
}

// The last call before a place that sends one, as `sends` says.
static uint32_t last_sender(const struct wg_cause_walk *w, uint32_t to, uint32_t before_seq,
                            bool (*sends)(const struct wg_side *, uint32_t, uint32_t, const struct wg_step *),
                            uint32_t *step) {
  const struct wg_side *s = w->p->s[1];
  uint32_t thread = WG_NONE, seq = 0;
  for (uint32_t i = 0; i < s->nthreads; i++)
    for (uint32_t k = 0; k < s->threads[i].nsteps && s->threads[i].steps[k].seq < before_seq; k++) {
      const struct wg_step *x = &s->threads[i].steps[k];
      if (x->seq < seq || w->p->peer[1][i] == WG_NONE || !sends(s, i, to, x)) continue;
      thread = i;
      *step = k;
      seq = x->seq;
    }
  return thread;
}

uint32_t wg_apc_sender(struct wg_cause_walk *w, uint32_t b_thread, uint32_t before_seq) {
  uint32_t step = WG_NONE, thread = last_sender(w, b_thread, before_seq, sends_apc, &step);
  if (thread == WG_NONE) thread = last_sender(w, b_thread, before_seq, may_send_apc, &step);
  uint32_t root = thread == WG_NONE ? WG_NONE : wg_lost_call(w, thread, step, "later");
  return root != WG_NONE ? root : wg_deferred(w, before_seq, WG_NONE);
}

#define SOON 16u // events from a call that queues a DPC to what that does

uint32_t wg_queued_before(struct wg_cause_walk *w, uint32_t b_thread, uint32_t before_seq) {
  const struct wg_side *s = w->p->s[1];
  uint32_t thread = WG_NONE, step = WG_NONE, seq = 0;
  for (uint32_t i = 0; i < s->nthreads; i++)
    for (uint32_t k = 0; i != b_thread && k < s->threads[i].nsteps && s->threads[i].steps[k].seq < before_seq; k++) {
      const struct wg_step *x = &s->threads[i].steps[k];
      if (x->seq < seq || x->seq + SOON < before_seq || !strstr(wg_call_name(s, &s->threads[i], k), "InsertQueueDpc"))
        continue;
      thread = i;
      step = k;
      seq = x->seq;
    }
  return thread == WG_NONE ? WG_NONE : wg_lost_call(w, thread, step, "later");
}

#define DEFERRED 8u // DPCs that queue one another

// What a DPC defers that did not run here was deferred by what has that DPC run.
uint32_t wg_deferred(struct wg_cause_walk *w, uint32_t before_seq, uint32_t object) {
  const struct wg_side *s = w->p->s[1];
  uint32_t thread, step;
  if (!deferring(w, before_seq, object, &thread, &step)) return WG_NONE;
  for (unsigned n = 0; n < DEFERRED && s->threads[thread].tid == 0; n++) {
    uint32_t before, at;
    if (wg_partner_step(w->p, w->p->peer[1][thread], 1, step) != WG_NONE) break;
    if (!deferring(w, s->threads[thread].steps[step].seq, WG_NONE, &before, &at)) break;
    thread = before;
    step = at;
  }
  return wg_lost_call(w, thread, step, "later");
}

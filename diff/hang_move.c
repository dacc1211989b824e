// Which threads cannot go on: the largest set of blocked threads that nobody outside of it can wake.
#include <stdlib.h>
#include <string.h>

#include "diff/hang_judge.h"

#define STEADY_ROUNDS 8u         // equal rounds make a thread steady
#define SPIN_ROUNDS 50u          // and fruitless ones a spin
#define SPIN_NS 250000000u       // after so long
#define SLEEPS 150u              // of a round of sleeps alone, which may count them: so many
#define SLEEP_NS 500000000u      // or so long
#define STEADY_NS 800000000u     // what a thread that is steady for less may yet do is open: it may count its rounds
#define COUNTED_ROUNDS 64u       // the same without times
#define FRESH_NS 5000000u        // what has just been given shows after so long
#define FRESH_EVENTS 32u         // or so many events
#define ENDED_EVENTS 4u          // a thread's end shows to who joins it after so many
#define INTERRUPT_NS 100000000u  // the first interrupt comes after so long
#define STARVED_EVENTS 200u      // of a log without times
#define TICK_CALLS 16u           // calls beside a wait that show what a thread does
#define TICK_NS 400000000u       // if the wait has lasted so long
#define FAR_NS 86400000000000ull // a timer due later than a day after the end never fires

bool wg_judge_is_lock(const struct wg_judge *j, uint32_t object) {
  return wg_facts_type_is(&j->f, object, "CriticalSection") || wg_facts_type_is(&j->f, object, "Mutant") ||
         wg_facts_type_is(&j->f, object, "ReadWriteLock") || wg_facts_type_is(&j->f, object, "SpinLock");
}

static bool ended(const struct wg_judge *j, uint32_t thread) { return at(j, thread)->exited; }

static bool blocked(const struct wg_judge *j, uint32_t thread) {
  const struct wg_hthread *t = at(j, thread);
  if (t->exited) return false;
  return t->suspends || (t->now.wait.open && t->now.wait.timeout_ns == -1 && (t->now.wait.n || t->now.wait.unknown));
}

// Lives, is not known to be stuck, does not run in circles, and is let run.
static bool may_move(const struct wg_judge *j, uint32_t thread) {
  const struct wg_hmover *m = &j->m[thread];
  return m->live && !m->stuck && m->spin == WG_NO_SPIN && !m->starved;
}

// -- steady --

bool wg_judge_round_has(const struct wg_judge *j, uint32_t thread, unsigned flags) {
  for (uint32_t i = 0; i < j->m[thread].rounds.period; i++)
    if (wg_facts_call(at(j, thread), i)->flags & flags) return true;
  return false;
}

// Whether the thread has done nothing new since then: equal rounds only.
static bool steady(const struct wg_judge *j, uint32_t thread, uint32_t since) {
  const struct wg_rounds *r = &j->m[thread].rounds;
  const struct wg_hthread *t = at(j, thread);
  if (r->period == 0 || r->count < STEADY_ROUNDS) return false;
  if (wg_judge_round_has(j, thread, WG_H_WORK)) return false;
  if (r->since_seq > since) return (uint64_t)(j->f.end_seq - r->since_seq) * 2 >= j->f.end_seq - since;
  uint32_t n = 0;
  const struct wg_hcall *c;
  if (wg_judge_round_has(j, thread, WG_H_WORK)) return false;
  while (n < STEADY_ROUNDS * r->period && (c = wg_facts_call(t, n)) && c->seq > since) n++;
  return n >= STEADY_ROUNDS * r->period || (n >= WG_HANG_CALLS);
}

// Whether so much has happened since then that a steady thread would have done what it counts up to.
static bool lasted(const struct wg_judge *j, uint32_t u, uint32_t since, uint64_t since_ns) {
  const struct wg_rounds *r = &j->m[u].rounds;
  if (j->f.timed) return j->f.end_ns - since_ns >= STEADY_NS;
  uint64_t all = j->f.end_seq - r->since_seq, part = j->f.end_seq - since;
  return all <= part ? r->count >= COUNTED_ROUNDS : r->count * part >= (uint64_t)COUNTED_ROUNDS * all;
}

// Nothing new is to come of it.
static bool hopeless(const struct wg_judge *j, uint32_t u, uint32_t since, uint64_t since_ns) {
  return steady(j, u, since) && lasted(j, u, since, since_ns);
}

// Whether the thread only ticks beside a wait that has lasted long: its waits end by themselves, it does no work that
// anyone could wait for, and has signalled nothing for the first time, though chance keeps its rounds from being equal.
static bool only_ticks(const struct wg_judge *j, uint32_t thread, const struct wg_hwait *w) {
  const struct wg_hthread *t = at(j, thread);
  const struct wg_hcall *c = wg_facts_call(t, TICK_CALLS - 1);
  uint64_t lasted = j->f.end_ns - w->ns, life = t->last_ns - t->first_ns;
  if (!j->f.timed || !w->open || lasted < TICK_NS || lasted * 4 < j->f.end_ns) return false;
  if (c == NULL || c->seq < w->seq || t->news_ns > w->ns + lasted / 2) return false;
  if (!t->waited && !t->signalled) return true;
  return t->timed_ns * 5 >= life * 3;
}

// -- spinning --

static bool fruitless(const struct wg_judge *j, uint32_t thread) {
  const struct wg_rounds *r = &j->m[thread].rounds;
  for (uint32_t i = 0; i < r->period; i++)
    if (!(wg_facts_call(at(j, thread), i)->flags & WG_H_FRUITLESS)) return false;
  return true;
}

static bool only_sleeps(const struct wg_judge *j, uint32_t thread) {
  for (uint32_t i = 0; i < j->m[thread].rounds.period; i++)
    if (!wg_call_sleeps(wg_str(&j->f.side, wg_facts_call(at(j, thread), i)->name))) return false;
  return true;
}

static bool is_silent(const struct wg_judge *j, uint32_t thread) {
  const struct wg_hthread *t = at(j, thread);
  uint64_t quiet = j->f.end_ns - t->last_ns, half = j->f.end_ns / 2;
  if (t->now.wait.open || !t->started || !j->opt->tiny_loop) return false;
  if (quiet < SPIN_NS || quiet < half) return false;
  return j->opt->tiny_loop(j->opt->ctx, j->path, j->f.side.threads[thread].tid, t->last_cycle);
}

// In a call that waits for nothing, as far as a trace tells that tells of waits and returns: it does not come back.
static bool lost_in_call(const struct wg_judge *j, uint32_t thread) {
  const struct wg_hthread *t = at(j, thread);
  const struct wg_side *s = &j->f.side;
  const struct wg_hnow *now = &t->now;
  bool told = s->virtual_clock && s->has_waits && !wg_call_spins(wg_str(s, now->call.name));
  if (!now->in_call || now->counted || now->claimed || now->wait.open || !s->has_returns) return false;
  if (now->nt == NULL || now->effect == WG_E_TERMINATE || now->effect == WG_E_FIRMWARE) return false;
  if (!told && (now->nt->flags & (WG_NT_WAITS | WG_NT_LOCK))) return false;
  if (wg_side_wedged(s)) return true;
  return j->f.timed && j->f.end_ns > now->call.ns + wg_too_long_in_call(s) && t->last_seq <= now->call.seq;
}

static enum wg_spin spin_of(const struct wg_judge *j, uint32_t thread) {
  if (lost_in_call(j, thread)) return WG_SPIN_IN_CALL;
  const struct wg_rounds *r = &j->m[thread].rounds;
  bool sleeps = r->count >= SPIN_ROUNDS && only_sleeps(j, thread);
  bool lasts = j->f.timed ? r->ns >= (sleeps ? SLEEP_NS : SPIN_NS) : !sleeps || r->count >= SLEEPS;
  if (r->count >= SPIN_ROUNDS && lasts && fruitless(j, thread)) return WG_SPIN_CALLS;
  return is_silent(j, thread) ? WG_SPIN_SILENT : WG_NO_SPIN;
}

const struct wg_hcall *wg_judge_failing(const struct wg_judge *j, uint32_t thread) {
  if (j->m[thread].spin != WG_SPIN_CALLS) return NULL;
  for (uint32_t i = j->m[thread].rounds.period; i-- > 0;) {
    const struct wg_hcall *c = wg_facts_call(at(j, thread), i);
    const char *n = wg_str(&j->f.side, c->name);
    if (c->flags & (WG_H_OPENS | WG_H_NAMELESS)) return c;
    if ((c->flags & WG_H_STATUS) && c->status >= 0xC0000000u &&
        (strncmp(n, "Nt", 2) == 0 || strncmp(n, "Ke", 2) == 0 || strncmp(n, "Xex", 3) == 0))
      return c;
  }
  return NULL;
}

// -- what can still come --

static bool by_dpc_of(const struct wg_judge *j, uint32_t object, uint32_t thread) {
  const struct wg_hsignal *s;
  for (uint32_t i = 0; (s = wg_facts_signal(&j->f.objects[object], i)); i++)
    if (s->by == WG_BY_DPC && s->thread == thread) return true;
  return false;
}

// Much longer than any wait of the thread that ended.
static bool long_wait(const struct wg_judge *j, const struct wg_hthread *t) {
  if (!j->f.timed) return j->f.end_seq - t->now.wait.seq > 4 * t->longest_events + 64;
  return j->f.end_ns - t->now.wait.ns > 4 * t->longest_ns + SPIN_NS;
}

static bool could_signal(const struct wg_judge *j, uint32_t u, uint32_t object, uint32_t t) {
  const struct wg_hwait *w = &at(j, t)->now.wait;
  if (u == t || !may_move(j, u)) return false;
  const struct wg_htouch *h = wg_facts_touch(&j->f, object, u);
  bool gave = h && h->signals;
  if (!steady(j, u, w->open ? w->seq : 0)) return gave || !only_ticks(j, u, w);
  if (w->open && (!lasted(j, u, w->seq, w->ns) || (gave && !long_wait(j, at(j, t))))) return true;
  for (uint32_t i = 0; i < j->m[u].rounds.period; i++)
    if (wg_facts_call(at(j, u), i)->signals == object) return true;
  if (w->open && w->alertable && wg_judge_round_has(j, u, WG_H_APC)) return true;
  return wg_judge_round_has(j, u, WG_H_DPC) && by_dpc_of(j, object, u);
}

// Whether interrupts have signalled it up to the end, at their own pace.
static bool interrupts(const struct wg_judge *j, uint32_t object) {
  const struct wg_hobject *o = &j->f.objects[object];
  uint32_t n = o->by_count[WG_BY_SYSTEM];
  if (n < 2) return false;
  uint64_t pace = (o->last_system_seq - o->first_system_seq) / (n - 1);
  return j->f.end_seq - o->last_system_seq <= 4 * (pace ? pace : 1) + 64;
}

uint32_t wg_judge_needs(const struct wg_judge *j, uint32_t object, uint32_t waiter) {
  uint32_t is = j->f.side.objects[object].is_thread, owner = j->f.objects[object].owner;
  if (is != WG_NONE) return ended(j, is) ? WG_NONE : is;
  if (!wg_judge_is_lock(j, object)) return WG_NONE;
  for (uint32_t i = j->f.objects[object].touches; owner == waiter && i != WG_NONE; i = j->f.touches[i].next)
    if (j->f.touches[i].held && j->f.touches[i].thread != waiter) return j->f.touches[i].thread; // who reads beside it
  return owner;
}

static bool fresh(const struct wg_judge *j, uint32_t seq, uint64_t ns) {
  return j->f.timed ? j->f.end_ns - ns <= FRESH_NS : j->f.end_seq - seq <= FRESH_EVENTS;
}

// It is there, and the trace ends before it can tell that the thread took it; or before the DPC that may give it ran.
static bool just_given(const struct wg_judge *j, uint32_t object, uint32_t thread) {
  const struct wg_hwait *w = &at(j, thread)->now.wait;
  const struct wg_hobject *o = &j->f.objects[object];
  const struct wg_hsignal *s = wg_facts_signal(o, 0);
  bool before = s == NULL || s->seq < w->seq;
  if (w->open && o->state && fresh(j, before ? w->seq : s->seq, before ? w->ns : s->ns)) return true;
  return j->f.dpc_seq && fresh(j, j->f.dpc_seq, j->f.dpc_ns) &&
         o->by_count[WG_BY_DPC] + o->by_count[WG_BY_SYSTEM] == o->nsignals;
}

// Where interrupts are to come, a short wait for something in memory that nobody else has signalled may be for one.
static bool first_interrupt(const struct wg_judge *j, uint32_t object, uint32_t thread) {
  const struct wg_hwait *w = &at(j, thread)->now.wait;
  const struct wg_hobject *o = &j->f.objects[object];
  if (!j->f.interrupts_seq || !o->kernel || o->nsignals != o->by_count[WG_BY_SYSTEM] || !w->open) return false;
  return j->f.timed ? j->f.end_ns - w->ns <= INTERRUPT_NS : j->f.end_seq - w->seq <= 2 * FRESH_EVENTS;
}

// Whether a timer is yet to queue its DPC; one with a period does so again and again.
static bool queues_dpc(const struct wg_judge *j, const struct wg_hobject *timer, bool again) {
  if (timer->dpc == 0 || timer->armed_ns == UINT64_MAX) return false;
  if (timer->armed_ns > j->f.end_ns && timer->armed_ns - j->f.end_ns >= FAR_NS) return false;
  if (timer->period && again) return true;
  if (timer->ran_seq > timer->armed_seq) return false;
  return timer->period || !j->f.timed || timer->armed_ns + FRESH_NS >= j->f.end_ns;
}

// It has run again and again since then, its timer set anew each time, and nothing came of it.
static bool ran_in_vain(const struct wg_hdpc *d, const struct wg_hwait *w) {
  return w->open && d->nruns >= WG_HANG_RUNS && d->ran[d->nruns % WG_HANG_RUNS] > w->seq;
}

// What the DPC of a timer gives comes with it; what nobody has given yet may come with one that has not run.
static bool comes_by_timer(const struct wg_judge *j, uint32_t object, uint32_t thread) {
  const struct wg_hobject *o = &j->f.objects[object];
  const struct wg_hsignal *s;
  for (uint32_t i = 0; (s = wg_facts_signal(o, i)); i++)
    if (s->timer != WG_NONE && queues_dpc(j, &j->f.objects[s->timer], true)) return true;
  for (size_t i = 0; o->nsignals == 0 && i < j->f.ndpcs; i++) {
    const struct wg_hdpc *d = &j->f.dpcs[i];
    if (d->timer == WG_NONE || ran_in_vain(d, &at(j, thread)->now.wait)) continue;
    if (queues_dpc(j, &j->f.objects[d->timer], false)) return true;
  }
  return false;
}

bool wg_judge_can_end(const struct wg_judge *j, uint32_t object, uint32_t thread) {
  const struct wg_hobject *o = &j->f.objects[object];
  uint32_t is = j->f.side.objects[object].is_thread;
  if (is == WG_NONE && (just_given(j, object, thread) || first_interrupt(j, object, thread))) return true;
  if (is != WG_NONE) return ended(j, is) || (is != thread && may_move(j, is));
  if (wg_judge_is_lock(j, object)) return o->owner == WG_NONE || (!ended(j, o->owner) && may_move(j, o->owner));
  if (wg_facts_type_is(&j->f, object, "Timer") && o->armed_ns != UINT64_MAX && (o->period || !o->fired))
    return o->armed_ns <= j->f.end_ns || o->armed_ns - j->f.end_ns < FAR_NS;
  if (interrupts(j, object) || comes_by_timer(j, object, thread)) return true;
  for (uint32_t i = 0; i < j->nfree; i++)
    if (could_signal(j, j->free[i], object, thread)) return true;
  return false;
}

static bool signalled(const struct wg_judge *j, uint32_t object, uint32_t thread) {
  uint32_t is = j->f.side.objects[object].is_thread, owner = j->f.objects[object].owner;
  if (is != WG_NONE) return ended(j, is);
  if (wg_judge_is_lock(j, object))
    return owner == WG_NONE || (owner == thread && !wg_facts_type_is(&j->f, object, "SpinLock"));
  const struct wg_hobject *o = &j->f.objects[object];
  if (o->state == 0 && wg_facts_type_is(&j->f, object, "Timer")) // not every trace tells when timers fire
    return o->fired ? o->manual : o->ever_armed && j->f.timed && o->armed_ns <= j->f.end_ns;
  return o->state > 0;
}

uint32_t wg_judge_lacking(const struct wg_judge *j, uint32_t thread, uint32_t *i) {
  const struct wg_hwait *w = &at(j, thread)->now.wait;
  while (w->open && *i < w->n) {
    uint32_t o = w->objects[(*i)++];
    if (!w->all || !signalled(j, o, thread)) return o;
  }
  return WG_NONE;
}

// -- the stuck set --

static bool can_be_resumed(const struct wg_judge *j, uint32_t thread) {
  for (uint32_t i = 0; i < j->nfree; i++) {
    uint32_t u = j->free[i];
    if (u == thread || !may_move(j, u)) continue;
    if (!hopeless(j, u, at(j, thread)->last_seq, at(j, thread)->last_ns) || wg_judge_round_has(j, u, WG_H_RESUME))
      return true;
  }
  return false;
}

static bool repeated(const struct wg_hthread *t) {
  const struct wg_hcall *c;
  for (uint32_t i = 0; (c = wg_facts_call(t, i)); i++)
    if (c->name == t->now.wait.name && c->lr == t->now.wait.lr) return true;
  return false;
}

// Whether another thread has been given the object since then: it is not what a wait lacks that has lasted as long.
static bool served(const struct wg_judge *j, uint32_t object, uint32_t thread) {
  uint32_t since = at(j, thread)->now.wait.seq;
  for (uint32_t i = j->f.objects[object].touches; i != WG_NONE; i = j->f.touches[i].next) {
    const struct wg_htouch *h = &j->f.touches[i];
    if (h->thread != thread && h->takes && h->take_seq > since) return true;
  }
  const struct wg_hsignal *s = wg_facts_signal(&j->f.objects[object], STEADY_ROUNDS - 1);
  return s && s->seq > since;
}

// Whether timers and interrupts may yet give what the wait is for.
static bool comes_by_itself(const struct wg_judge *j, uint32_t thread) {
  for (uint32_t o = 0; o < j->f.nobjects; o++) {
    const struct wg_hobject *x = &j->f.objects[o];
    bool due = x->armed_ns != UINT64_MAX && (x->period || !x->fired);
    if ((due || interrupts(j, o)) && !served(j, o, thread)) return true;
  }
  return false;
}

// Nothing is known of what it waits for: whatever another thread does that is new may be it. What threads do round
// after round has not been it so far.
static bool unknown_can_end(const struct wg_judge *j, uint32_t thread) {
  const struct wg_hthread *t = at(j, thread);
  for (uint32_t i = 0; i < j->nfree; i++) {
    uint32_t u = j->free[i];
    if (u == thread || !may_move(j, u)) continue;
    if (!t->now.has_args || !hopeless(j, u, t->now.wait.seq, t->now.wait.ns))
      return true; // names alone do not tell what is steady
  }
  if (long_wait(j, t)) return false;
  return t->now.has_args ? comes_by_itself(j, thread) : repeated(t);
}

// Of what the log leaves out of a wait, and is assumed. `lacks`: of a wait for all, what is certain can come.
static bool rest_can_end(const struct wg_judge *j, uint32_t thread, bool lacks) {
  const struct wg_hwait *w = &at(j, thread)->now.wait;
  uint32_t i = w->sure, o, dead = 0, live = 0;
  if (w->sure == 0 || w->sure >= w->total) return false;
  while ((o = wg_judge_lacking(j, thread, &i)) != WG_NONE)
    if (wg_judge_can_end(j, o, thread))
      live++;
    else
      dead++;
  return w->all ? dead == 0 && (live || lacks) : live > 0;
}

// The last thing that a log tells is that a thread ended, and of a wait for all of several it does not tell which: that
// may be what this one lacked.
static bool just_ended(const struct wg_judge *j, const struct wg_hwait *w) {
  if (!w->open || !w->all || w->sure >= w->total || wg_side_wedged(&j->f.side)) return false;
  for (uint32_t i = 0; i < j->f.side.nthreads; i++)
    if (ended(j, i) && at(j, i)->last_seq > w->seq && j->f.end_seq - at(j, i)->last_seq <= ENDED_EVENTS) return true;
  return false;
}

// The same wait has ended again and again by what the log does not tell of: APCs, which may come on.
static bool lives_untold(const struct wg_hthread *t) {
  const struct wg_hwait *w = &t->now.wait;
  return t->untold > 1 && w->open && w->alertable && w->n == 1 && w->objects[0] == t->untold_object;
}

static bool can_move(const struct wg_judge *j, uint32_t thread) {
  if (wg_side_wedged(&j->f.side)) return false; // a wait for what has been given is not one about to end
  const struct wg_hthread *t = at(j, thread);
  if (t->suspends) return can_be_resumed(j, thread);
  if (lives_untold(t)) return true;
  uint32_t i = 0, n = 0, o;
  while ((o = wg_judge_lacking(j, thread, &i)) != WG_NONE && i <= t->now.wait.sure) {
    bool end = wg_judge_can_end(j, o, thread);
    if (end != t->now.wait.all) return end; // any: one is enough; all: one is too many
    n++;
  }
  if (n && t->now.wait.sure >= t->now.wait.total) return t->now.wait.all;
  if (n == 0 && just_ended(j, &t->now.wait)) return true;
  return rest_can_end(j, thread, n > 0) || unknown_can_end(j, thread);
}

static void list_free(struct wg_judge *j) {
  j->nfree = 0;
  for (uint32_t i = 0; i < j->f.side.nthreads; i++)
    if (j->m[i].live && !j->m[i].stuck) j->free[j->nfree++] = i;
}

static void find_stuck(struct wg_judge *j) {
  bool moved = true;
  for (uint32_t i = 0; i < j->f.side.nthreads; i++) j->m[i].stuck = j->m[i].live && blocked(j, i);
  list_free(j);
  while (moved) {
    moved = false;
    for (uint32_t i = 0; i < j->f.side.nthreads; i++)
      if (j->m[i].stuck && can_move(j, i)) {
        j->m[i].stuck = false;
        j->free[j->nfree++] = i;
        moved = true;
      }
  }
}

static uint64_t spins_since(const struct wg_judge *j, uint32_t thread) {
  const struct wg_hthread *t = at(j, thread);
  return t->last_ns > j->m[thread].rounds.ns ? t->last_ns - j->m[thread].rounds.ns : 0;
}

// A spin is one only if nobody else may yet change what it looks at.
static bool others_act(const struct wg_judge *j, uint32_t thread) {
  for (uint32_t i = 0; i < j->nfree; i++)
    if (j->free[i] != thread && may_move(j, j->free[i]) &&
        !hopeless(j, j->free[i], j->m[thread].rounds.since_seq, spins_since(j, thread)))
      return true;
  return false;
}

// Created, not suspended, and never run for half of the trace, which tells of others that they did.
static bool never_let_run(const struct wg_judge *j, uint32_t thread) {
  const struct wg_hthread *t = at(j, thread);
  if (!j->m[thread].live || !t->created || t->started || t->suspends || !j->f.tells_starts) return false;
  if (!j->f.timed)
    return (uint64_t)(j->f.end_seq - t->created_seq) * 2 >= j->f.end_seq && j->f.end_seq > STARVED_EVENTS;
  uint64_t ns = j->f.end_ns - j->f.side.threads[thread].created_ns;
  return ns > SPIN_NS && ns >= j->f.end_ns / 2;
}

static void find_starved(struct wg_judge *j) {
  for (uint32_t i = 0; i < j->f.side.nthreads; i++) j->m[i].starved = never_let_run(j, i);
}

void wg_judge_motion(struct wg_judge *j) {
  uint32_t n = (uint32_t)j->f.side.nthreads;
  j->m = wg_xcalloc(n + 1, sizeof *j->m);
  j->free = wg_xcalloc(n + 1, sizeof *j->free);
  j->seen = wg_xcalloc(n + 1, 1);
  for (uint32_t i = 0; i < n; i++) {
    const struct wg_dthread *d = &j->f.side.threads[i];
    const struct wg_hthread *t = at(j, i);
    j->m[i].live = d->tid != 0 && !t->host && !t->exited && (t->created || t->started);
    if (!j->m[i].live) continue;
    j->m[i].rounds = wg_rounds_of(t);
    if (!blocked(j, i)) j->m[i].spin = spin_of(j, i);
  }
  find_starved(j);
  find_stuck(j);
  bool changed = false;
  for (uint32_t i = 0; i < n; i++)
    if (j->m[i].spin && j->m[i].spin != WG_SPIN_IN_CALL && others_act(j, i)) {
      j->m[i].spin = WG_NO_SPIN;
      changed = true;
    }
  if (changed) find_stuck(j);
}

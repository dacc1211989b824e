// Is a thread that stands still at its trace's end stuck, or was the trace only cut while it waited?
#include <string.h>

#include "diff/pair.h"

#define SHORT_NS 200000u // a wait may always be this much longer on the other engine
#define LONG_NS 5000000u // and this much longer tells by itself
#define SPIN_NS 5000000u // nobody has a spin lock for so long
#define SILENT_NS 500000000u
#define SHORT_EVENTS 100u

static bool idle(const struct wg_dthread *t) {
  return t->nsteps == 0 || t->tid == 0 || t->host || t->final == WG_BLOCKED || t->final == WG_BLOCKED_MAYBE ||
         t->final == WG_EXITED;
}

// Another engine's trace in which nothing moves any more.
static bool all_idle(const struct wg_side *s) {
  if (s->complete || s->title) return false;
  for (size_t i = 0; i < s->nthreads; i++)
    if (!idle(&s->threads[i])) return false;
  return true;
}

// What a thread waits for was signalled at the very end, and not before: that its wait ended may be what is missing.
static bool just_signalled(const struct wg_side *s, const struct wg_dthread *t) {
  const struct wg_dwait *w = wg_wait_of(t, t->blocked_step);
  const struct wg_step *x = &t->steps[t->blocked_step];
  bool late = false;
  for (uint32_t i = 0, n = w && w->n ? w->n : 1; i < n; i++) {
    uint32_t o = w && w->n ? s->wait_objects[w->objects + i] : x->object;
    if (o == WG_NONE) continue;
    if (s->objects[o].signalled >= x->seq) return false;
    late |= s->objects[o].signalled_late;
  }
  return late;
}

#define WAKE 256u // events from a signal to the end of the wait for it, at most
#define TOLD 4u   // that one file may have more than the other

struct waker {                // a call that signals
  uint32_t thread, step, seq; // seq 0: there is none
};

// The last call before a place that signals an object, shortly before it.
static void find_waker(const struct wg_side *s, uint32_t object, uint32_t until, struct waker *best) {
  if (until > s->events) until = (uint32_t)s->events;
  uint32_t from = until > WAKE ? until - WAKE : 0;
  for (uint32_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    for (size_t k = t->nsteps; k-- > 0 && t->steps[k].seq > from;) {
      const struct wg_step *x = &t->steps[k];
      if (x->seq >= until || x->object != object || !wg_content_is(&s->contents[x->content], WG_NT_SIGNALS)) continue;
      if (x->seq > best->seq) *best = (struct waker){i, (uint32_t)k, x->seq};
      break;
    }
  }
}

// A call has signalled it since a wait for it last ended.
static bool signalled_again(const struct wg_side *s, uint32_t object, uint32_t until) {
  struct waker by = {WG_NONE, WG_NONE, 0};
  uint32_t ended = 0;
  find_waker(s, object, until, &by);
  for (size_t i = 0; i < s->nthreads && by.seq; i++)
    for (size_t k = 0; k < s->threads[i].nwaits; k++) {
      const struct wg_dwait *w = &s->threads[i].waits[k];
      if (w->n == 1 && s->wait_objects[w->objects] == object && w->end_seq > ended) ended = w->end_seq;
    }
  return by.seq > ended;
}

// The file ends as the thread begins to wait for what has been signalled: it may have been cut there.
static bool ends_in_ready_wait(const struct wg_side *s, const struct wg_dthread *t) {
  const struct wg_step *x = &t->steps[t->blocked_step];
  const struct wg_dwait *w = wg_wait_of(t, t->blocked_step);
  if (s->complete || t->blocked_step + 1u != t->nsteps || x->seq + (w ? 2u : 1u) < s->events || (w && w->n > 1))
    return false;
  if (x->object == WG_NONE) return false;
  uint32_t joined = s->objects[x->object].is_thread;
  if (joined != WG_NONE) return s->threads[joined].final == WG_EXITED && s->threads[joined].last_seq < x->seq;
  const struct wg_dobject *o = &s->objects[x->object];
  return (o->signalled || o->signalled_late) && (!o->taken || signalled_again(s, x->object, x->seq));
}

static uint64_t wait_begin(const struct wg_dthread *t, uint32_t step) {
  const struct wg_dwait *w = wg_wait_of(t, step);
  return w ? w->begin_ns : t->last_ns;
}

// How long the wait took on the side where it ended, or the same one of another round of its loop; false if its trace
// has no times.
static bool took(const struct wg_dthread *t, uint32_t step, uint64_t *ns) {
  const struct wg_dwait *w = wg_wait_of(t, step);
  if (w == NULL || w->end_ns == 0) return false;
  *ns = 0;
  for (size_t i = 0; i < t->nwaits; i++)
    if (t->steps[t->waits[i].step].content == t->steps[step].content && t->waits[i].end_ns > t->waits[i].begin_ns + *ns)
      *ns = t->waits[i].end_ns - t->waits[i].begin_ns;
  return true;
}

// The longest that the same wait took in a round before.
static uint64_t took_before(const struct wg_pairing *p, int side, const struct wg_dthread *t, uint32_t step) {
  uint32_t key = wg_key_strong(p, side, t->steps[step].content);
  uint64_t ns = 0;
  for (size_t i = 0; i < t->nwaits && t->waits[i].step < step; i++) {
    const struct wg_dwait *w = &t->waits[i];
    bool longer = w->end_ns > w->begin_ns + ns;
    if (longer && wg_key_strong(p, side, t->steps[w->step].content) == key) ns = w->end_ns - w->begin_ns;
  }
  return ns;
}

// The same in events, of any round.
static uint64_t events_of(const struct wg_dthread *t, uint32_t step) {
  uint64_t most = 0;
  for (size_t i = 0; i < t->nsteps; i++) {
    if (t->steps[i].content != t->steps[step].content) continue;
    uint32_t next = i + 1 < t->nsteps ? t->steps[i + 1].seq : t->last_seq;
    if (next > t->steps[i].seq + most) most = next - t->steps[i].seq;
  }
  return most;
}

// As many events as this side has for what the other one tells in so many: one may tell more of each call.
static uint64_t as_told(const struct wg_side *s, const struct wg_side *other, uint64_t events) {
  uint64_t here = s->calls ? s->events * 16 / s->calls : 0,
           there = other->calls ? other->events * 16 / other->calls : 0;
  return here && there ? events * here / there : events;
}

// The longest that any wait of the thread took.
static uint64_t longest(const struct wg_dthread *t) {
  uint64_t ns = 0;
  for (size_t i = 0; i < t->nwaits; i++)
    if (t->waits[i].end_ns > t->waits[i].begin_ns + ns) ns = t->waits[i].end_ns - t->waits[i].begin_ns;
  return ns;
}

#define JOINS 8u // threads that wait for one another's end

// The last thing that a file tells is that a thread ended: who joins several, of which a log names one, may be let go.
static bool ends_with_exit(const struct wg_side *s) {
  for (size_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    if (t->final == WG_EXITED && t->tid && s->events - t->last_seq <= TOLD) return true;
  }
  return false;
}

// The file ends with the end of this thread, or of any.
static bool last_to_tell(const struct wg_side *s, uint32_t thread) {
  for (size_t i = 0; i < s->nthreads; i++)
    if ((thread == WG_NONE || thread == i) && s->threads[i].final == WG_EXITED &&
        s->threads[i].last_seq + 1u >= s->events)
      return true;
  return false;
}

// Where this side makes the call that ends the wait of a thread on the other one, or, if that is one of the engine's
// own threads, where what it waits for was last signalled; 0: nowhere.
static uint32_t signalled_at(const struct wg_pairing *p, const struct waker *by, uint32_t waiter, int side) {
  const struct wg_dthread *o = &p->s[!side]->threads[by->thread], *t = wg_pair_thread(p, waiter, side);
  uint32_t theirs = p->peer[!side][by->thread];
  uint32_t here = theirs == WG_NONE ? WG_NONE : wg_partner_step(p, theirs, !side, by->step);
  if (here != WG_NONE) return wg_pair_thread(p, theirs, side)->steps[here].seq;
  uint32_t waited = t->steps[t->blocked_step].object;
  struct waker last = {WG_NONE, WG_NONE, 0};
  if ((o->tid == 0 || o->host) && waited != WG_NONE) find_waker(p->s[side], waited, UINT32_MAX, &last);
  return last.seq;
}

// A file that tells of no ends of waits ends no longer after the signal that ended the wait on the other side than the
// other one takes to tell of the thread's next call. Or the thread waits for the end of one of which that is true.
static bool just_woken(const struct wg_pairing *p, uint32_t pair, int side, unsigned depth) {
  const struct wg_side *s = p->s[side], *os = p->s[!side];
  const struct wg_dthread *t = wg_pair_thread(p, pair, side), *o = wg_pair_thread(p, pair, !side);
  uint32_t waited = t->blocked_step == WG_NONE ? WG_NONE : t->steps[t->blocked_step].object;
  if (t->blocked_step == WG_NONE || depth == JOINS) return false;
  uint32_t joined = waited == WG_NONE ? WG_NONE : s->objects[waited].is_thread;
  bool several = strstr(wg_call_name(s, t, t->blocked_step), "Multiple") != NULL;
  bool over = joined != WG_NONE ? s->threads[joined].final == WG_EXITED : several && waited == WG_NONE;
  // Where ends of waits are told, that of this one comes right behind it.
  bool at_once = joined != WG_NONE && over && last_to_tell(s, several ? WG_NONE : joined);
  if (over && !s->complete && (s->has_wait_ends ? at_once : ends_with_exit(s))) return true;
  if (joined != WG_NONE && p->peer[side][joined] != WG_NONE)
    return just_woken(p, p->peer[side][joined], side, depth + 1);
  uint32_t there = wg_partner_step(p, pair, side, t->blocked_step);
  if (s->complete || s->has_wait_ends || there == WG_NONE || there + 1u >= o->nsteps) return false;
  const struct wg_dwait *w = wg_wait_of(o, there);
  uint32_t next = o->steps[there + 1].seq, woke = w && w->end_seq ? w->end_seq : next;
  struct waker by = {WG_NONE, WG_NONE, 0};
  for (uint32_t i = 0, n = w && w->n ? w->n : 1; i < n; i++) {
    uint32_t object = w && w->n ? os->wait_objects[w->objects + i] : o->steps[there].object;
    if (object != WG_NONE) find_waker(os, object, woke, &by);
  }
  if (by.seq <= o->steps[there].seq) return false;
  uint32_t at = signalled_at(p, &by, pair, side);
  if (at <= t->steps[t->blocked_step].seq) return false;
  return s->events - at <= as_told(s, os, next - by.seq) + TOLD;
}

// The like of a step, or of the same call of a round before it, where the other side's loop is over: one of the last
// rounds, or there was none.
#define ROUNDS 64u
static uint32_t like_of(const struct wg_pairing *p, const struct wg_thread_pair *tp, uint32_t pair, int side,
                        uint32_t step) {
  const struct wg_dthread *t = &p->s[side]->threads[tp->t[side]];
  uint32_t there = wg_partner_step(p, pair, side, step), key = wg_key_strong(p, side, t->steps[step].content);
  unsigned rounds = 0;
  for (uint32_t i = step; there == WG_NONE && rounds < ROUNDS && i-- > 0;) {
    if (wg_key_strong(p, side, t->steps[i].content) != key) continue;
    there = wg_partner_step(p, pair, side, i);
    rounds++;
  }
  return there;
}

// What lets a thread go on from its like on the other side.
enum lets_go {
  NOBODY_KNOWN,
  TITLE, // a call or the end of another thread of the title, or it does not go on there; or time, which has stopped
         // here
  TIME,  // a timer, an interrupt, an engine's own thread
};

// What no thread of the title does has come before, and is not stuck at a lock.
static bool ticks(const struct wg_side *s) {
  for (size_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    if (t->nsteps == 0 || (t->tid && !t->host)) continue;
    if (t->final == WG_RUNNING && !wg_content_is(wg_content_at(s, t, t->nsteps - 1), WG_NT_LOCK)) return true;
  }
  return false;
}

static enum lets_go lets_go(const struct wg_pairing *p, uint32_t pair, int side) {
  const struct wg_side *s = p->s[side], *os = p->s[!side];
  const struct wg_dthread *t = wg_pair_thread(p, pair, side), *o = wg_pair_thread(p, pair, !side);
  if (t->blocked_step == WG_NONE || wg_content_is(wg_content_at(s, t, t->blocked_step), WG_NT_LOCK)) return TITLE;
  uint32_t there = like_of(p, &p->pairs[pair], pair, side, t->blocked_step);
  if (there == WG_NONE) return o->calls <= t->calls ? TITLE : NOBODY_KNOWN;
  if (there + 1u >= o->nsteps) return TITLE;
  const struct wg_dwait *w = wg_wait_of(o, there);
  uint32_t woke = w && w->end_seq ? w->end_seq : o->steps[there + 1].seq;
  struct waker by = {WG_NONE, WG_NONE, 0};
  for (uint32_t i = 0, n = w && w->n ? w->n : 1; i < n; i++) {
    uint32_t object = w && w->n ? os->wait_objects[w->objects + i] : o->steps[there].object;
    uint32_t joined = object == WG_NONE ? WG_NONE : os->objects[object].is_thread;
    if (joined != WG_NONE && !os->threads[joined].host) return TITLE;
    if (object != WG_NONE) find_waker(os, object, woke, &by);
  }
  if (by.seq == 0) return NOBODY_KNOWN;
  bool title = os->threads[by.thread].tid && !os->threads[by.thread].host;
  return title || !ticks(s) ? TITLE : TIME;
}

static bool any_let_go_by(const struct wg_pairing *p, int side, enum lets_go what) {
  for (uint32_t i = 0; i < p->npairs; i++) {
    const struct wg_dthread *t = wg_pair_thread(p, i, side);
    if (t->tid && !t->host && t->nsteps && lets_go(p, i, side) == what) return true;
  }
  return false;
}

static bool any_ready(const struct wg_side *s) {
  for (size_t i = 0; i < s->nthreads; i++)
    if (s->threads[i].blocked_step != WG_NONE && ends_in_ready_wait(s, &s->threads[i])) return true;
  return false;
}

// A thread has just ended, and another one waits for a thread's end, or for several things.
static bool may_be_joined(const struct wg_side *s) {
  for (size_t i = 0; ends_with_exit(s) && i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    if (t->blocked_step == WG_NONE || t->host) continue;
    uint32_t o = t->steps[t->blocked_step].object;
    if (o != WG_NONE && s->objects[o].is_thread != WG_NONE) return true;
    if (strstr(wg_call_name(s, t, t->blocked_step), "Multiple")) return true;
  }
  return false;
}

bool wg_let_go_by_title(const struct wg_pairing *p, uint32_t pair, int side) { return lets_go(p, pair, side) == TITLE; }

void wg_ends_at_rest(struct wg_pairing *p) {
  for (int side = 0; side < 2; side++) {
    // Who waits for a thread that has just ended is about to go on.
    bool idle = all_idle(p->s[side]), rests = p->s[side]->rests && !may_be_joined(p->s[side]);
    bool by_time = (idle || rests) && any_let_go_by(p, side, TIME);
    p->rests[side] = rests && p->s[side]->text_log && !by_time && !any_let_go_by(p, side, NOBODY_KNOWN);
    p->idle[side] = idle && (rests || (!by_time && !any_ready(p->s[side])));
  }
}

// A log does not tell whether it is still in its last call, and the other side does not go on from there either:
// threads end without a word.
static bool may_be_its_last(const struct wg_pairing *p, uint32_t pair, int side) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, side), *o = wg_pair_thread(p, pair, !side);
  const struct wg_content *c = wg_content_at(p->s[side], t, t->blocked_step);
  if (t->final != WG_BLOCKED_MAYBE || wg_content_is(c, WG_NT_WAITS | WG_NT_LOCK)) return false;
  uint32_t there = wg_partner_step(p, pair, side, t->blocked_step);
  return there == WG_NONE || there + 1u >= o->nsteps;
}

// The file ends as it begins to wait for the end of a thread that has ended.
static bool joins_the_ended(const struct wg_side *s, const struct wg_dthread *t) {
  uint32_t o = t->steps[t->blocked_step].object;
  return o != WG_NONE && s->objects[o].is_thread != WG_NONE && ends_in_ready_wait(s, t);
}

bool wg_about_to_go_on(const struct wg_pairing *p, uint32_t pair, int side) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, side);
  uint32_t o = t->blocked_step == WG_NONE ? WG_NONE : t->steps[t->blocked_step].object;
  bool joins = o != WG_NONE && p->s[side]->objects[o].is_thread != WG_NONE;
  return joins && (just_woken(p, pair, side, 0) || ends_in_ready_wait(p->s[side], t));
}

// How long that is on this side's clock, as far as both clocks' paces are known.
static uint64_t at_pace_of(const struct wg_side *s, const struct wg_side *other, uint64_t ns) {
  if (s->pace == 0 || other->pace == 0 || ns > UINT64_MAX / s->pace) return ns;
  return ns * s->pace / other->pace;
}

static bool blocked_lasts(const struct wg_pairing *p, const struct wg_thread_pair *tp, uint32_t pair, int side) {
  const struct wg_side *s = p->s[side];
  const struct wg_dthread *t = &s->threads[tp->t[side]], *o = &p->s[!side]->threads[tp->t[!side]];
  if (wg_side_wedged(s) || p->rests[side]) return !joins_the_ended(s, t);
  if (may_be_its_last(p, pair, side)) return false;
  if (p->idle[side]) return !ends_in_ready_wait(s, t) && !just_woken(p, pair, side, 0);
  uint32_t there = wg_partner_step(p, pair, side, t->blocked_step);
  if (there != WG_NONE && there == o->blocked_step) return false; // neither tells
  if (wg_stuck_in(s, t, t->blocked_step)) return true;
  there = like_of(p, tp, pair, side, t->blocked_step);
  if (wg_may_be_torn(s, t->steps[t->blocked_step].seq) || just_signalled(s, t)) return false;
  uint64_t ns = s->last_ns - wait_begin(t, t->blocked_step), other = 0;
  bool spins =
      wg_wait_of(t, t->blocked_step) == NULL && wg_content_is(wg_content_at(s, t, t->blocked_step), WG_NT_LOCK);
  if (spins && s->last_ns) return s->last_ns - t->call_ns > SPIN_NS;
  uint64_t events = s->events - t->steps[t->blocked_step].seq, other_events = 0;
  bool timed = s->last_ns != 0;
  if (there == WG_NONE) other = at_pace_of(s, p->s[!side], longest(o));
  if (there != WG_NONE) {
    if (!took(o, there, &other)) timed = false;
    other = at_pace_of(s, p->s[!side], other);
    other_events = as_told(s, p->s[!side], events_of(o, there));
  }
  bool many = events > 2 * other_events + SHORT_EVENTS;
  if (!timed) return many;
  uint64_t before = took_before(p, side, t, t->blocked_step);
  if (before > other) other = before;
  // Each clock goes at a pace of its own.
  return (many || ns > LONG_NS) && ns > 2 * other + SHORT_NS && (there != WG_NONE || ns * 50 > s->last_ns);
}

// Of a log: so many events are more than chance makes of so many there.
static bool waits_long(uint64_t events, uint64_t there) {
  return events > 2 * there + SHORT_EVENTS || events > 10 * there + 20;
}

// The last call that lets a thread run which was made suspended, before a place; 0: there is none.
static uint32_t let_run_at(const struct wg_side *s, const struct wg_dthread *t, uint32_t until) {
  uint32_t at = 0;
  for (size_t i = 0; t->flags & 1 && t->object != WG_NONE && i < s->nthreads; i++)
    for (uint32_t k = 0; k < s->threads[i].nsteps && s->threads[i].steps[k].seq < until; k++) {
      const struct wg_step *x = &s->threads[i].steps[k];
      if (x->object == t->object && x->seq > at && strstr(wg_call_name(s, &s->threads[i], k), "ResumeThread"))
        at = x->seq;
    }
  return at;
}

static bool unstarted_lasts(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side) {
  const struct wg_side *s = p->s[side];
  const struct wg_dthread *t = &s->threads[tp->t[side]], *o = &p->s[!side]->threads[tp->t[!side]];
  if (wg_side_wedged(s) || p->idle[side] || p->rests[side]) return true;
  const struct wg_dthread *parent = t->parent == WG_NONE ? NULL : &s->threads[t->parent];
  bool told = parent && t->create_step < parent->nsteps;
  if (told && !s->text_log && wg_may_be_torn(s, parent->steps[t->create_step].seq)) return false;
  uint64_t since = told ? s->events - parent->steps[t->create_step].seq : 0, there = UINT64_MAX;
  if (told && o->nsteps && o->parent != WG_NONE && o->create_step < p->s[!side]->threads[o->parent].nsteps)
    there = o->steps[0].seq - p->s[!side]->threads[o->parent].steps[o->create_step].seq;
  if (there != UINT64_MAX && since <= there) return false; // as much happened there until its first call
  uint32_t let = let_run_at(s, t, UINT32_MAX);
  uint32_t let_there = let && o->nsteps ? let_run_at(p->s[!side], o, o->steps[0].seq) : 0;
  if (let_there) // it may have been kept for as long as chance had it
    return s->events - let > 2 * as_told(s, p->s[!side], o->steps[0].seq - let_there) + SHORT_EVENTS;
  if (s->last_ns == 0 || p->s[!side]->last_ns == 0)
    return there != UINT64_MAX && waits_long(since, as_told(s, p->s[!side], there));
  return s->last_ns - t->created_ns > 2 * at_pace_of(s, p->s[!side], o->first_ns - o->created_ns) + SHORT_NS;
}

// It makes no more calls, for longer than the other one took for all of its own: it looks at memory that nobody
// changes.
static bool silent(const struct wg_side *s, const struct wg_dthread *t, const struct wg_dthread *o) {
  if (t->final != WG_RUNNING || t->nsteps == 0 || t->tid == 0 || t->host || !s->complete) return false;
  uint64_t quiet = s->last_ns - t->last_ns;
  if (o->last_ns == 0) // a log without times: for half of the trace, which is long
    return o->calls > t->calls && quiet > SILENT_NS && quiet > s->last_ns / 2;
  if (o->last_ns <= o->first_ns) return false;
  return quiet > 2 * (o->last_ns - o->first_ns) + SPIN_NS;
}

void wg_ends(const struct wg_pairing *p, struct wg_thread_pair *tp, uint32_t pair) {
  for (int side = 0; side < 2; side++) {
    const struct wg_dthread *t = &p->s[side]->threads[tp->t[side]];
    if (t->blocked_step != WG_NONE) tp->lasts[side] = blocked_lasts(p, tp, pair, side);
    if (t->final == WG_UNSTARTED) tp->lasts[side] = unstarted_lasts(p, tp, side);
    tp->open[side] = (t->final == WG_RUNNING && !silent(p->s[side], t, &p->s[!side]->threads[tp->t[!side]])) ||
                     ((t->blocked_step != WG_NONE || t->final == WG_UNSTARTED) && !tp->lasts[side]);
  }
}

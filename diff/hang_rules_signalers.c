// Who is expected to signal, and why they do not.
#include "diff/hang_rules.h"
#include "diff/words.h"

#define REQUEST_CALLS 12u // a request is among the last so many calls before the wait

struct expected {
  uint32_t thread; // WG_NONE: nobody known
  bool before;     // it signalled the object before
  struct wg_buf why;
};

// Whether t took a signal of u's later than it gave one that u took: then u waits for t's answer, not t for u's.
static bool owes(const struct wg_judge *j, uint32_t t, uint32_t u) {
  const struct wg_hpair *asked = wg_facts_pair(&j->f, u, t), *gave = wg_facts_pair(&j->f, t, u);
  return asked && (!gave || asked->take_seq > gave->signal_seq);
}

// The thread that took what `thread` signalled last before its wait: it has its request.
static uint32_t took_request(const struct wg_judge *j, uint32_t thread, uint32_t *seq, uint32_t *idx) {
  const struct wg_hthread *t = at(j, thread);
  for (uint32_t i = 0; i < REQUEST_CALLS; i++) {
    const struct wg_hcall *c = i == 0 && (t->now.in_call || !t->now.counted)
                                   ? &t->now.call
                                   : wg_facts_call(t, i - (t->now.in_call || !t->now.counted));
    const struct wg_hsignal *s;
    if (c == NULL || c->signals == WG_NONE) continue;
    for (uint32_t k = 0; (s = wg_facts_signal(obj(j, c->signals), k)); k++)
      if (s->by == WG_BY_THREAD && s->thread == thread && s->idx == c->idx && s->takers && s->taker != thread) {
        *seq = s->seq;
        *idx = s->idx;
        return s->taker;
      }
  }
  return WG_NONE;
}

static uint32_t last_signaler(const struct wg_judge *j, uint32_t object, uint32_t but, uint32_t *idx) {
  const struct wg_hobject *o = obj(j, object);
  uint32_t best = WG_NONE, seq = 0;
  if (o->by_count[WG_BY_THREAD] == 0) return best;
  const struct wg_hsignal *s;
  for (uint32_t i = 0; (s = wg_facts_signal(o, i)); i++)
    if (s->by == WG_BY_THREAD && s->thread != but) {
      *idx = s->idx;
      return s->thread;
    }
  if (o->nsignals <= WG_HANG_SIGNALS) return best;
  for (uint32_t i = o->touches; i != WG_NONE; i = j->f.touches[i].next) {
    const struct wg_htouch *h = &j->f.touches[i];
    if (!h->signals || h->thread == but || h->signal_seq < seq || j->f.side.threads[h->thread].tid == 0) continue;
    best = h->thread;
    seq = h->signal_seq;
    *idx = h->signal_idx;
  }
  return best;
}

static struct expected expect(const struct wg_judge *j, uint32_t object, uint32_t thread) {
  struct expected e = {.thread = WG_NONE};
  uint32_t idx = 0, seq = 0;
  if ((e.thread = last_signaler(j, object, thread, &idx)) != WG_NONE) {
    e.before = true;
    wg_buf_str(&e.why, "as it did before");
    wg_hang_put_event(j, e.thread, idx, &e.why);
    return e;
  }
  const struct wg_htouch *h = wg_facts_touch(&j->f, object, thread);
  uint32_t u = took_request(j, thread, &seq, &idx);
  const struct wg_hobject *o = obj(j, object);
  bool later = o->creator == thread && !o->kernel && o->created_idx > idx; // the request can tell nobody of it
  if (u != WG_NONE && !later && seq > (h && h->takes ? h->take_seq : 0) && !owes(j, thread, u)) {
    e.thread = u;
    wg_buf_printf(&e.why, "as it took the request of thread %u", tid(j, thread));
    wg_hang_put_event(j, thread, idx, &e.why);
    return e;
  }
  const struct wg_hwait *w = &at(j, thread)->now.wait;
  for (uint32_t i = 0; w->open && i < w->n && e.thread == WG_NONE; i++) {
    if (w->objects[i] == object) continue;
    e.thread = last_signaler(j, w->objects[i], WG_NONE, &idx);
    if (e.thread == thread) e.thread = WG_NONE;
    if (e.thread == WG_NONE) continue;
    wg_buf_str(&e.why, "as it signalled others that this wait is for");
    wg_hang_put_event(j, e.thread, idx, &e.why);
  }
  return e;
}

static uint32_t failing_thread(const struct wg_judge *j, uint32_t but) {
  for (uint32_t u = 0; u < j->f.side.nthreads; u++)
    if (u != but && j->m[u].live && wg_judge_failing(j, u)) return u;
  return WG_NONE;
}

bool wg_hang_never_ran(struct wg_judge *j, uint32_t thread) {
  uint32_t o = wg_hang_first_dead(j, thread);
  struct expected e = expect(j, o, thread);
  wg_buf_release(&e.why);
  if (e.thread != WG_NONE || obj(j, o)->nsignals) return false;
  if (failing_thread(j, WG_NONE) != WG_NONE) return false; // a likelier one
  for (uint32_t u = 0; u < j->f.side.nthreads; u++) {
    const struct wg_hthread *t = at(j, u);
    if (!j->m[u].live || !(t->suspends || j->m[u].starved) || t->ncalls || t->now.in_call) continue;
    struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_RESUMED, wg_facts_thread_object(&j->f, u));
    v->signaler = u;
    if (j->m[u].starved) {
      wg_buf_printf(&v->why, "nobody ever signals it; thread %u, which was created and not suspended, has never run",
                    tid(j, u));
      return true;
    }
    wg_buf_printf(
        &v->why,
        "nobody ever signals it; thread %u, which was created suspended (event %u of thread %u), has never run",
        tid(j, u), t->suspended_idx, t->suspended_by == WG_NONE ? 0 : tid(j, t->suspended_by));
    return true;
  }
  return false;
}

// Whether u took a signal of t's since t last got the object: then it has work to do, whatever it waits for.
static bool request_open(const struct wg_judge *j, uint32_t u, uint32_t t, uint32_t object) {
  const struct wg_hpair *p = wg_facts_pair(&j->f, t, u);
  const struct wg_htouch *h = wg_facts_touch(&j->f, object, t);
  return p && p->take_seq > (h && h->takes ? h->take_seq : 0);
}

bool wg_hang_signal_circle(struct wg_judge *j, uint32_t thread) {
  uint32_t o = wg_hang_first_dead(j, thread);
  struct expected e = expect(j, o, thread);
  uint32_t u = e.thread;
  wg_buf_release(&e.why);
  if (u == WG_NONE || !j->m[u].stuck || at(j, u)->suspends || !at(j, u)->now.wait.open) return false;
  uint32_t theirs = wg_hang_object_towards(j, u, thread), i = 0;
  if (theirs != WG_NONE) {
    struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_CIRCULAR, o);
    v->signaler = u;
    bool lock = wg_judge_is_lock(j, theirs);
    wg_buf_printf(&v->why, "thread %u should signal it, and waits for %s of thread %u", tid(j, u),
                  lock ? "a lock" : "the end", tid(j, thread));
    if (wg_hang_verdict_of(j, u)) return true;
    struct wg_verdict *w = wg_hang_say(j, u, WG_HANG_CIRCULAR, theirs);
    if (lock) w->owner = thread;
    wg_buf_printf(&w->why, "thread %u %swaits for a signal of thread %u", tid(j, thread), lock ? "holds it, and " : "",
                  tid(j, u));
    return true;
  }
  theirs = wg_judge_lacking(j, u, &i);
  if (theirs == WG_NONE || wg_judge_needs(j, theirs, u) != WG_NONE) return false;
  struct expected mine = expect(j, theirs, u);
  wg_buf_release(&mine.why);
  if (mine.thread != thread || request_open(j, u, thread, o)) return false;
  struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_CIRCULAR, o);
  v->signaler = u;
  wg_buf_printf(&v->why, "thread %u should signal it, and waits for a signal of thread %u", tid(j, u), tid(j, thread));
  if (wg_hang_verdict_of(j, u)) return true;
  v = wg_hang_say(j, u, WG_HANG_CIRCULAR, theirs);
  v->signaler = thread;
  wg_buf_printf(&v->why, "thread %u should signal it, and waits for a signal of thread %u", tid(j, thread), tid(j, u));
  return true;
}

// Whether u, since it signalled the object last, took something and came back to wait for the same again: a job without
// its signal.
static bool gave_up(const struct wg_judge *j, uint32_t u, uint32_t object) {
  const struct wg_htouch *h = wg_facts_touch(&j->f, object, u);
  const struct wg_hwait *w = &at(j, u)->now.wait;
  for (uint32_t i = 0; w->open && i < w->n; i++) {
    const struct wg_htouch *x = wg_facts_touch(&j->f, w->objects[i], u);
    if (x && x->takes && x->take_seq > (h ? h->signal_seq : 0)) return true;
  }
  return false;
}

// Who was stopped on the way and is not let go on: of what nobody has ever signalled it may be who was to.
static uint32_t stopped_thread(const struct wg_judge *j, uint32_t object, uint32_t but) {
  for (uint32_t u = 0; obj(j, object)->nsignals == 0 && u < j->f.side.nthreads; u++)
    if (u != but && j->m[u].stuck && at(j, u)->suspends && at(j, u)->ncalls) return u;
  return WG_NONE;
}

bool wg_hang_signaler_stuck(struct wg_judge *j, uint32_t thread) {
  uint32_t o = wg_hang_first_dead(j, thread);
  struct expected e = expect(j, o, thread);
  uint32_t u = e.thread == WG_NONE ? failing_thread(j, thread) : e.thread;
  wg_buf_release(&e.why);
  if (u == WG_NONE) u = stopped_thread(j, o, thread);
  if (u == WG_NONE) return false;
  bool waits = j->m[u].stuck && at(j, u)->now.wait.open && e.before && !gave_up(j, u, o);
  if (!j->m[u].spin && !(j->m[u].live && at(j, u)->suspends) && !waits) return false;
  wg_hang_follow(j, thread, u, o, true);
  return true;
}

bool wg_hang_nobody_signals(struct wg_judge *j, uint32_t thread) {
  uint32_t o = wg_hang_first_dead(j, thread);
  struct expected e = expect(j, o, thread);
  struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_MISSING, o);
  v->signaler = e.thread;
  const struct wg_hobject *x = obj(j, o);
  if (e.thread == WG_NONE && x->io_thread != WG_NONE) {
    const char *name = wg_nt_status_name(x->io_status);
    wg_put_str(&v->why, &j->f.side, x->io_name, 64);
    wg_buf_printf(&v->why, " of thread %u (event %u) was to signal it, and ", tid(j, x->io_thread), x->io_idx);
    if (x->io_status)
      wg_buf_printf(&v->why, "failed with %s%s0x%x%s", name ? name : "", name ? " (" : "", x->io_status,
                    name ? ")" : "");
    else
      wg_buf_str(&v->why, "has not");
  } else if (e.thread == WG_NONE) {
    wg_buf_str(&v->why, obj(j, o)->nsignals ? "nobody signals it any more" : "nobody ever signals it");
  } else {
    const struct wg_hthread *u = at(j, e.thread);
    wg_buf_printf(&v->why, "thread %u should signal it, %s", tid(j, e.thread), e.why.data);
    if (u->exited)
      wg_buf_printf(&v->why, "; it has ended");
    else if (u->now.wait.open) {
      wg_buf_str(&v->why, "; it waits in ");
      wg_put_str(&v->why, &j->f.side, u->now.wait.name, 64);
    }
    if (u->exited || u->now.wait.open)
      wg_hang_put_event(j, e.thread, u->exited ? u->exit_idx : u->now.wait.idx, &v->why);
  }
  wg_buf_release(&e.why);
  return true;
}

// One detector for each rule of hang_rules.def: what holds a thread that is missed. Each makes the thread's verdict,
// and judges the threads that it leads to.
#include <stdlib.h>
#include <string.h>

#include "diff/hang_judge.h"
#include "diff/words.h"

#define REQUEST_CALLS 12u // a request is among the last so many calls before the wait

const struct wg_hang_class wg_hang_classes[WG_HANG_CLASSES] = {
#define WG_HANG_CLASS(id, name, rank, words) {name, rank, words},
#define WG_HANG_RULE(class, detector)
#include "diff/hang_rules.def"
};

static struct wg_hthread *at(const struct wg_judge *j, uint32_t thread) { return &j->f.threads[thread]; }
static struct wg_hobject *obj(const struct wg_judge *j, uint32_t object) { return &j->f.objects[object]; }
static uint32_t tid(const struct wg_judge *j, uint32_t thread) { return j->f.side.threads[thread].tid; }

static struct wg_verdict *verdict_of(const struct wg_judge *j, uint32_t thread) {
  for (size_t i = 0; i < j->nverdicts; i++)
    if (j->verdicts[i].thread == thread) return &j->verdicts[i];
  return NULL;
}

// Once for a thread: where a walk may come back to one, it asks verdict_of before.
static struct wg_verdict *say(struct wg_judge *j, uint32_t thread, enum wg_hang_class_id cls, uint32_t object) {
  if (j->nverdicts == j->cap) {
    j->cap = j->cap ? j->cap * 2 : 16;
    j->verdicts = wg_xrealloc(j->verdicts, j->cap * sizeof *j->verdicts);
  }
  struct wg_verdict *v = &j->verdicts[j->nverdicts++];
  *v = (struct wg_verdict){.cls = cls,
                           .root = true,
                           .thread = thread,
                           .object = object,
                           .signaler = WG_NONE,
                           .owner = WG_NONE,
                           .because = WG_NONE};
  j->seen[thread] = 1;
  return v;
}

// The object that cannot come, or the first that is lacking at all. WG_NONE: nothing is known of the wait.
static uint32_t next_dead(const struct wg_judge *j, uint32_t thread, uint32_t *i) {
  uint32_t o;
  while ((o = wg_judge_lacking(j, thread, i)) != WG_NONE && wg_judge_can_end(j, o, thread)) {
  }
  return o;
}

static uint32_t first_dead(const struct wg_judge *j, uint32_t thread) {
  uint32_t i = 0, o = next_dead(j, thread, &i);
  if (o != WG_NONE) return o;
  i = 0;
  return wg_judge_lacking(j, thread, &i);
}

// -- threads that do not wait --

static bool suspended(struct wg_judge *j, uint32_t thread) {
  const struct wg_hthread *t = at(j, thread);
  if (!t->suspends) return false;
  struct wg_verdict *v = say(j, thread, WG_HANG_RESUMED, wg_facts_thread_object(&j->f, thread));
  bool born = t->ncalls == 0 && !t->in_call;
  if (t->suspended_by == WG_NONE || t->suspended_by == thread)
    wg_buf_str(&v->why, "it suspended itself");
  else
    wg_buf_printf(&v->why, "thread %u %s suspended", tid(j, t->suspended_by), born ? "created it" : "had it");
  if (t->suspended_by != WG_NONE) wg_hang_put_event(j, t->suspended_by, t->suspended_idx, &v->why);
  if (t->suspends > 1) wg_buf_printf(&v->why, ", %u times", t->suspends);
  wg_buf_str(&v->why, ", and nobody resumes it");
  return true;
}

static bool starved(struct wg_judge *j, uint32_t thread) {
  if (!j->m[thread].starved) return false;
  uint32_t u = 0;
  while (u < j->f.side.nthreads && j->m[u].spin == WG_NO_SPIN) u++;
  if (u == j->f.side.nthreads) {
    uint32_t o = wg_facts_thread_object(&j->f, thread);
    struct wg_verdict *v = say(j, thread, WG_HANG_RESUMED, o);
    uint32_t by = obj(j, o)->creator;
    if (by == WG_NONE) {
      wg_buf_str(&v->why, "it was created, not suspended, and has not run since");
    } else {
      wg_buf_printf(&v->why, "thread %u created it", tid(j, by));
      wg_hang_put_event(j, by, obj(j, o)->created_idx, &v->why);
      wg_buf_str(&v->why, ", not suspended, and it has not run since");
    }
    return true;
  }
  wg_judge_thread(j, u);
  struct wg_verdict *v = say(j, thread, WG_HANG_WAITS, WG_NONE);
  v->root = false;
  v->because = u;
  wg_buf_printf(&v->why, "it was created and has never been let run; thread %u spins meanwhile", tid(j, u));
  return true;
}

static void put_call(const struct wg_judge *j, const struct wg_hcall *c, struct wg_buf *out) {
  wg_put_str(out, &j->f.side, c->name, 64);
  if (c->path) {
    wg_buf_str(out, "(\"");
    wg_put_str(out, &j->f.side, c->path, 120);
    wg_buf_str(out, "\")");
  } else if (c->object != WG_NONE) {
    wg_buf_str(out, " on ");
    wg_hang_put_object(j, c->object, out);
  }
}

static bool fails_for_ever(struct wg_judge *j, uint32_t thread) {
  const struct wg_hcall *c = wg_judge_failing(j, thread);
  if (c == NULL) return false;
  struct wg_verdict *v = say(j, thread, WG_HANG_STATUS, c->path ? WG_NONE : c->object);
  v->path = c->path;
  const char *name = wg_nt_status_name(c->status);
  uint32_t n = j->m[thread].rounds.count;
  put_call(j, c, &v->why);
  if (c->flags & WG_H_NAMELESS)
    wg_buf_printf(&v->why, " is given a handle that %s, %u times so far",
                  c->object == WG_NONE ? "names nothing" : "has been closed", n);
  else if (!(c->flags & WG_H_STATUS))
    wg_buf_printf(&v->why, " is called again and again, %u times so far, and nothing comes of it", n);
  else
    wg_buf_printf(&v->why, " returned %s%s0x%x%s each of the last %u times", name ? name : "", name ? " (" : "",
                  c->status, name ? ")" : "", n);
  return true;
}

static void put_round(const struct wg_judge *j, uint32_t thread, struct wg_buf *out) {
  wg_buf_str(out, "repeats ");
  uint32_t n = j->m[thread].rounds.period, shown = n > 6 ? 6 : n;
  for (uint32_t i = 0; i < shown; i++) {
    wg_buf_str(out, i ? ", " : "");
    wg_put_str(out, &j->f.side, wg_facts_call(at(j, thread), n - 1 - i)->name, 64);
  }
  if (shown < n) wg_buf_printf(out, " and %u more", n - shown);
  wg_buf_printf(out, " (%u times so far), and nothing changes", j->m[thread].rounds.count);
}

static bool round_has(const struct wg_judge *j, uint32_t thread, unsigned flags) {
  for (uint32_t i = 0; i < j->m[thread].rounds.period; i++)
    if (wg_facts_call(at(j, thread), i)->flags & flags) return true;
  return false;
}

// It looks for what an APC to it would bring, and never lets one in.
static bool spins_before_apc(struct wg_judge *j, uint32_t thread) {
  const struct wg_hthread *t = at(j, thread);
  if (j->m[thread].spin != WG_SPIN_CALLS || !t->apcs || round_has(j, thread, WG_H_ALERTABLE)) return false;
  struct wg_verdict *v = say(j, thread, WG_HANG_APC, WG_NONE);
  wg_buf_printf(
      &v->why, "an APC that is queued to it (event %u of thread %u) cannot run, as none of its waits is alertable; it ",
      t->apc_idx, tid(j, t->apc_by));
  put_round(j, thread, &v->why);
  return true;
}

static bool spins(struct wg_judge *j, uint32_t thread) {
  enum wg_spin spin = j->m[thread].spin;
  if (spin == WG_NO_SPIN) return false;
  uint32_t object = WG_NONE;
  for (uint32_t i = j->m[thread].rounds.period; spin == WG_SPIN_CALLS && i-- > 0 && object == WG_NONE;) {
    const struct wg_hcall *c = wg_facts_call(at(j, thread), i);
    if (!(c->flags & WG_H_LOCK)) object = c->object;
  }
  struct wg_verdict *v = say(j, thread, WG_HANG_SPIN, object);
  if (spin == WG_SPIN_SILENT) {
    wg_buf_printf(&v->why, "since its event %u it runs in one small loop, without a call", at(j, thread)->last_idx);
    return true;
  }
  wg_buf_str(&v->why, "it ");
  put_round(j, thread, &v->why);
  return true;
}

static bool waits_for_unknown(struct wg_judge *j, uint32_t thread) {
  if (first_dead(j, thread) != WG_NONE) return false;
  struct wg_verdict *v = say(j, thread, WG_HANG_MISSING, WG_NONE);
  wg_buf_str(&v->why, "the trace does not say what it waits for");
  return true;
}

// -- joins and locks: who is waited for is certain --

struct walk {
  const struct wg_judge *j;
  uint32_t target, *members, n, room;
  uint8_t *on_path;
};

static bool walk_circle(struct walk *w, uint32_t thread) {
  uint32_t i = 0, o;
  if (w->n == w->room) return false;
  w->members[w->n++] = thread;
  w->on_path[thread] = 1;
  while ((o = wg_judge_lacking(w->j, thread, &i)) != WG_NONE) {
    uint32_t u = wg_judge_needs(w->j, o, thread);
    if (u == WG_NONE) continue;
    if (u == w->target) return true;
    if (!w->on_path[u] && w->j->m[u].stuck && !w->j->f.threads[u].suspends && walk_circle(w, u)) return true;
  }
  w->n--;
  return false;
}

bool wg_judge_circle(const struct wg_judge *j, uint32_t thread, uint32_t *members, uint32_t *n) {
  struct walk w = {j, thread, members, 0, *n, wg_xcalloc(j->f.side.nthreads + 1, 1)};
  bool found = walk_circle(&w, thread);
  free(w.on_path);
  *n = found ? w.n : 0;
  return found;
}

static uint32_t object_towards(const struct wg_judge *j, uint32_t thread, uint32_t u) {
  uint32_t i = 0, o;
  while ((o = wg_judge_lacking(j, thread, &i)) != WG_NONE)
    if (wg_judge_needs(j, o, thread) == u) return o;
  return WG_NONE;
}

static bool owned_circle(struct wg_judge *j, uint32_t thread) {
  uint32_t members[64], n = 64;
  if (!wg_judge_circle(j, thread, members, &n)) return false;
  uint32_t next = members[n > 1 ? 1 : 0], o = object_towards(j, thread, next);
  struct wg_verdict *v = say(j, thread, WG_HANG_CIRCULAR, o);
  if (wg_judge_is_lock(j, o)) v->owner = next;
  bool lock = wg_judge_is_lock(j, o);
  if (n == 1) wg_buf_str(&v->why, lock ? "it holds that itself" : "it waits for its own end");
  if (n > 1) wg_buf_printf(&v->why, "thread %u %swaits for ", tid(j, members[1]), lock ? "holds it and " : "");
  for (uint32_t i = 2; i < n; i++) wg_buf_printf(&v->why, "thread %u, which waits for ", tid(j, members[i]));
  if (n > 1) wg_buf_printf(&v->why, "thread %u", tid(j, thread));
  for (uint32_t i = 1; i < n; i++) wg_judge_thread(j, members[i]);
  return true;
}

static bool owner_ended(struct wg_judge *j, uint32_t thread) {
  uint32_t i = 0, o;
  while ((o = next_dead(j, thread, &i)) != WG_NONE) {
    uint32_t u = wg_judge_needs(j, o, thread);
    if (u == WG_NONE || !at(j, u)->exited) continue;
    struct wg_verdict *v = say(j, thread, WG_HANG_ABANDONED, o);
    v->owner = u;
    const struct wg_htouch *h = wg_facts_touch(&j->f, o, u);
    wg_buf_printf(&v->why, "thread %u took it", tid(j, u));
    if (h) wg_hang_put_event(j, u, h->held_idx, &v->why);
    wg_buf_str(&v->why, " and ended without giving it back");
    return true;
  }
  return false;
}

static void follow(struct wg_judge *j, uint32_t thread, uint32_t u, uint32_t object, bool signaler) {
  wg_judge_thread(j, u);
  if (verdict_of(j, thread)) return; // as one of a circle
  struct wg_verdict *v = say(j, thread, WG_HANG_WAITS, object);
  v->root = false;
  v->because = u;
  if (signaler)
    v->signaler = u;
  else if (wg_judge_is_lock(j, object))
    v->owner = u;
  wg_buf_printf(&v->why, "thread %u %sis stuck itself", tid(j, u),
                signaler                      ? "should signal it, and "
                : wg_judge_is_lock(j, object) ? "holds it, and "
                                              : "");
}

static bool owner_stuck(struct wg_judge *j, uint32_t thread) {
  uint32_t i = 0, o, u = WG_NONE, first = WG_NONE, first_o = WG_NONE;
  while ((o = next_dead(j, thread, &i)) != WG_NONE) {
    u = wg_judge_needs(j, o, thread);
    if (u == WG_NONE) continue;
    wg_judge_thread(j, u);
    if (first != WG_NONE) continue;
    first = u;
    first_o = o;
  }
  if (first == WG_NONE) return false;
  follow(j, thread, first, first_o, false);
  return true;
}

// -- timers, lost signals, APCs, DPCs --

static bool timer_never(struct wg_judge *j, uint32_t thread) {
  uint32_t o = first_dead(j, thread);
  if (!wg_facts_type_is(&j->f, o, "Timer")) return false;
  const struct wg_hobject *x = obj(j, o);
  struct wg_verdict *v = say(j, thread, WG_HANG_TIMER, o);
  if (!x->ever_armed) {
    wg_buf_str(&v->why, "nobody ever sets it");
  } else if (x->armed_ns == UINT64_MAX) {
    v->signaler = x->armed_by;
    wg_buf_printf(&v->why, "thread %u cancelled it", tid(j, x->cancelled_by));
    wg_hang_put_event(j, x->cancelled_by, x->cancelled_idx, &v->why);
    wg_buf_str(&v->why, ", and nobody sets it again");
  } else {
    v->signaler = x->armed_by;
    wg_buf_str(&v->why, x->fired ? "it has fired once, has no period, and nobody sets it again"
                                 : "it is due more than a day after the end of the trace");
  }
  return true;
}

static bool gone(const struct wg_judge *j, uint32_t object, uint32_t thread, struct wg_buf *why, uint32_t *by) {
  const struct wg_hobject *o = obj(j, object);
  const struct wg_htouch *h = wg_facts_touch(&j->f, object, thread);
  uint32_t since = h && h->takes ? h->take_seq : 0;
  const struct wg_hsignal *s;
  for (uint32_t i = 0; (s = wg_facts_signal(o, i)); i++) {
    bool other = s->takers && s->taker != thread;
    if (s->by == WG_BY_THREAD && s->thread == thread && !s->takers && s->clearer == WG_NONE && s->op != WG_E_PULSE)
      continue;
    *by = s->by == WG_BY_SYSTEM ? WG_NONE : s->thread;
    wg_buf_clear(why);
    if (s->by == WG_BY_SYSTEM)
      wg_buf_printf(why, "the system signalled it (event %u of thread %u)", s->idx, tid(j, s->thread));
    else
      wg_buf_printf(why, "thread %u %s it (event %u of thread %u)", tid(j, s->thread),
                    s->op == WG_E_PULSE ? "pulsed" : "signalled", s->idx, tid(j, s->thread));
    if (s->op == WG_E_PULSE && s->seq > since && !(s->takers && s->taker == thread)) {
      if (other)
        wg_buf_printf(why, ", and that woke thread %u alone", tid(j, s->taker));
      else
        wg_buf_str(why, " while nobody waited for it");
      return true;
    }
    if (s->clearer != WG_NONE && s->seq > since) {
      wg_buf_printf(why, ", and thread %u reset it", tid(j, s->clearer));
      wg_hang_put_event(j, s->clearer, s->cleared_idx, why);
      wg_buf_str(why, " before anybody took the signal");
      return true;
    }
    if (other && s->seq > since && s->taker != s->thread) {
      wg_buf_printf(why, ", and thread %u took that signal", tid(j, s->taker));
      return true;
    }
    if (s->previous && s->op == WG_E_SET && !o->manual && s->seq <= since && s->thread != thread && i == 0) {
      wg_buf_str(why, " while it was still set: two signals became one");
      return true;
    }
    if (s->seq <= since) break;
  }
  return false;
}

static bool lacks(const struct wg_judge *j, uint32_t thread, uint32_t object) {
  uint32_t i = 0, o;
  while ((o = wg_judge_lacking(j, thread, &i)) != WG_NONE && o != object) {
  }
  return o != WG_NONE;
}

// Whoever signals it waits for it, too: that is no circle, they have all come to where they meet. Somebody is missing,
// maybe one who took part before and has ended.
static bool party_left(struct wg_judge *j, uint32_t thread) {
  uint32_t o = first_dead(j, thread), left = WG_NONE, idx = 0, seq = 0, waiting = 0;
  bool met = false;
  for (uint32_t i = obj(j, o)->touches; i != WG_NONE; i = j->f.touches[i].next) {
    const struct wg_htouch *h = &j->f.touches[i];
    bool here = j->m[h->thread].stuck && !at(j, h->thread)->suspends && lacks(j, h->thread, o);
    if (h->signals && !here && !at(j, h->thread)->exited) return false;
    met |= h->signals && here;
    waiting += here;
    bool took = h->takes && h->take_seq > h->signal_seq;
    if (!at(j, h->thread)->exited || (took ? h->take_seq : h->signal_seq) <= seq) continue;
    left = h->thread;
    idx = took ? h->take_idx : h->signal_idx;
    seq = took ? h->take_seq : h->signal_seq;
  }
  if (waiting < 2) return false;
  if (!met || left == WG_NONE) return false;
  struct wg_verdict *v = say(j, thread, WG_HANG_MISSING, o);
  v->signaler = left;
  wg_buf_str(&v->why, "all who signal it wait for it themselves; ");
  wg_buf_printf(&v->why, "thread %u, which took part before", tid(j, left));
  wg_hang_put_event(j, left, idx, &v->why);
  wg_buf_str(&v->why, ", has ended");
  wg_hang_put_event(j, left, at(j, left)->exit_idx, &v->why);
  return true;
}

static bool signal_gone(struct wg_judge *j, uint32_t thread) {
  uint32_t i = 0, o, by = WG_NONE;
  struct wg_buf why = {0};
  while ((o = next_dead(j, thread, &i)) != WG_NONE) {
    if (!gone(j, o, thread, &why, &by)) continue;
    struct wg_verdict *v = say(j, thread, WG_HANG_LOST, o);
    v->why = why;
    v->signaler = by;
    return true;
  }
  wg_buf_release(&why);
  return false;
}

// What the thread waits for has been given, and the kernel does not let it go on.
static bool unheeded(struct wg_judge *j, uint32_t thread) {
  const struct wg_hwait *w = &at(j, thread)->wait;
  for (uint32_t i = 0; w->open && !w->all && i < w->sure && i < w->n; i++) {
    uint32_t o = w->objects[i], is = j->f.side.objects[o].is_thread;
    bool lock = wg_judge_is_lock(j, o);
    const struct wg_hsignal *s = is == WG_NONE && !lock ? wg_facts_signal(obj(j, o), 0) : NULL;
    bool given = is != WG_NONE ? at(j, is)->exited
                 : lock        ? obj(j, o)->owner == WG_NONE
                               : obj(j, o)->state && s && s->by == WG_BY_THREAD;
    if (!given) continue;
    struct wg_verdict *v = say(j, thread, WG_HANG_LOST, o);
    if (lock) {
      wg_buf_str(&v->why, "nobody has it any more");
    } else if (s) {
      v->signaler = s->thread;
      wg_buf_printf(&v->why, "thread %u signalled it", tid(j, s->thread));
      wg_hang_put_event(j, s->thread, s->idx, &v->why);
    } else {
      wg_buf_printf(&v->why, "thread %u has ended", tid(j, is));
      wg_hang_put_event(j, is, at(j, is)->exit_idx, &v->why);
    }
    wg_buf_str(&v->why, ", and the kernel does not end this wait");
    return true;
  }
  return false;
}

static bool signalled_by_another(const struct wg_judge *j, uint32_t object, uint32_t thread) {
  for (uint32_t i = obj(j, object)->touches; i != WG_NONE; i = j->f.touches[i].next)
    if (j->f.touches[i].signals && j->f.touches[i].thread != thread && obj(j, object)->by_count[WG_BY_THREAD])
      return true;
  return false;
}

static bool apc_never(struct wg_judge *j, uint32_t thread) {
  uint32_t o = first_dead(j, thread);
  for (uint32_t u = 0; u < j->f.side.nthreads; u++) {
    const struct wg_hthread *t = at(j, u);
    if (!t->apcs || !j->m[u].stuck || t->suspends || (t->wait.open && t->wait.alertable)) continue;
    if (signalled_by_another(j, o, u)) continue;
    struct wg_verdict *v = say(j, thread, WG_HANG_APC, o);
    if (u != thread) v->signaler = u;
    wg_buf_printf(
        &v->why,
        "nobody signals it, and an APC that was queued to thread %u (event %u of thread %u) cannot run, as that "
        "thread's wait is not alertable",
        tid(j, u), t->apc_idx, tid(j, t->apc_by));
    return true;
  }
  return false;
}

static bool dpc_never(struct wg_judge *j, uint32_t thread) {
  uint32_t o = first_dead(j, thread);
  const struct wg_hobject *x = obj(j, o);
  if (x->nsignals && x->by_count[WG_BY_DPC] == x->nsignals) {
    struct wg_verdict *v = say(j, thread, WG_HANG_DPC, o);
    const struct wg_hsignal *s = wg_facts_signal(x, 0);
    v->signaler = s->thread;
    wg_buf_printf(&v->why, "only a DPC that thread %u queues ever signals it, and it is not queued again",
                  tid(j, s->thread));
    return true;
  }
  for (size_t i = 0; !x->nsignals && i < j->f.ndpcs; i++) {
    const struct wg_hdpc *d = &j->f.dpcs[i];
    if (d->queued) continue;
    struct wg_verdict *v = say(j, thread, WG_HANG_DPC, o);
    wg_buf_printf(
        &v->why,
        "nobody signals it, and the DPC at 0x%08x, which thread %u initialised (event %u of thread %u), is never "
        "queued",
        d->addr, tid(j, d->thread), d->idx, tid(j, d->thread));
    return true;
  }
  return false;
}

// -- who is expected to signal --

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
    const struct wg_hcall *c =
        i == 0 && (t->in_call || !t->counted) ? &t->cur : wg_facts_call(t, i - (t->in_call || !t->counted));
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
  if (u != WG_NONE && seq > (h && h->takes ? h->take_seq : 0) && !owes(j, thread, u)) {
    e.thread = u;
    wg_buf_printf(&e.why, "as it took the request of thread %u", tid(j, thread));
    wg_hang_put_event(j, thread, idx, &e.why);
    return e;
  }
  const struct wg_hwait *w = &at(j, thread)->wait;
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

static bool never_ran(struct wg_judge *j, uint32_t thread) {
  uint32_t o = first_dead(j, thread);
  struct expected e = expect(j, o, thread);
  wg_buf_release(&e.why);
  if (e.thread != WG_NONE || obj(j, o)->nsignals) return false;
  for (uint32_t u = 0; u < j->f.side.nthreads; u++)
    if (j->m[u].live && wg_judge_failing(j, u)) return false; // a likelier one
  for (uint32_t u = 0; u < j->f.side.nthreads; u++) {
    const struct wg_hthread *t = at(j, u);
    if (!j->m[u].live || !(t->suspends || j->m[u].starved) || t->ncalls || t->in_call) continue;
    struct wg_verdict *v = say(j, thread, WG_HANG_RESUMED, wg_facts_thread_object(&j->f, u));
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

static bool signal_circle(struct wg_judge *j, uint32_t thread) {
  uint32_t o = first_dead(j, thread);
  struct expected e = expect(j, o, thread);
  uint32_t u = e.thread;
  wg_buf_release(&e.why);
  if (u == WG_NONE || !j->m[u].stuck || at(j, u)->suspends || !at(j, u)->wait.open) return false;
  uint32_t theirs = object_towards(j, u, thread), i = 0;
  if (theirs != WG_NONE) {
    struct wg_verdict *v = say(j, thread, WG_HANG_CIRCULAR, o);
    v->signaler = u;
    bool lock = wg_judge_is_lock(j, theirs);
    wg_buf_printf(&v->why, "thread %u should signal it, and waits for %s of thread %u", tid(j, u),
                  lock ? "a lock" : "the end", tid(j, thread));
    if (verdict_of(j, u)) return true;
    struct wg_verdict *w = say(j, u, WG_HANG_CIRCULAR, theirs);
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
  struct wg_verdict *v = say(j, thread, WG_HANG_CIRCULAR, o);
  v->signaler = u;
  wg_buf_printf(&v->why, "thread %u should signal it, and waits for a signal of thread %u", tid(j, u), tid(j, thread));
  if (verdict_of(j, u)) return true;
  v = say(j, u, WG_HANG_CIRCULAR, theirs);
  v->signaler = thread;
  wg_buf_printf(&v->why, "thread %u should signal it, and waits for a signal of thread %u", tid(j, thread), tid(j, u));
  return true;
}

// Whether u, since it signalled the object last, took something and came back to wait for the same again: a job without
// its signal.
static bool gave_up(const struct wg_judge *j, uint32_t u, uint32_t object) {
  const struct wg_htouch *h = wg_facts_touch(&j->f, object, u);
  const struct wg_hwait *w = &at(j, u)->wait;
  for (uint32_t i = 0; w->open && i < w->n; i++) {
    const struct wg_htouch *x = wg_facts_touch(&j->f, w->objects[i], u);
    if (x && x->takes && x->take_seq > (h ? h->signal_seq : 0)) return true;
  }
  return false;
}

static uint32_t failing_thread(const struct wg_judge *j, uint32_t but) {
  for (uint32_t u = 0; u < j->f.side.nthreads; u++)
    if (u != but && j->m[u].live && wg_judge_failing(j, u)) return u;
  return WG_NONE;
}

static bool signaler_stuck(struct wg_judge *j, uint32_t thread) {
  uint32_t o = first_dead(j, thread);
  struct expected e = expect(j, o, thread);
  uint32_t u = e.thread == WG_NONE ? failing_thread(j, thread) : e.thread;
  wg_buf_release(&e.why);
  if (u == WG_NONE) return false;
  bool waits = j->m[u].stuck && at(j, u)->wait.open && e.before && !gave_up(j, u, o);
  if (!j->m[u].spin && !(j->m[u].live && at(j, u)->suspends) && !waits) return false;
  follow(j, thread, u, o, true);
  return true;
}

static bool nobody_signals(struct wg_judge *j, uint32_t thread) {
  uint32_t o = first_dead(j, thread);
  struct expected e = expect(j, o, thread);
  struct wg_verdict *v = say(j, thread, WG_HANG_MISSING, o);
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
    else if (u->wait.open) {
      wg_buf_str(&v->why, "; it waits in ");
      wg_put_str(&v->why, &j->f.side, u->wait.name, 64);
    }
    if (u->exited || u->wait.open) wg_hang_put_event(j, e.thread, u->exited ? u->exit_idx : u->wait.idx, &v->why);
  }
  wg_buf_release(&e.why);
  return true;
}

// -- the rules in their order --

void wg_judge_thread(struct wg_judge *j, uint32_t thread) {
  static bool (*const rules[])(struct wg_judge *, uint32_t) = {
#define WG_HANG_CLASS(id, name, rank, words)
#define WG_HANG_RULE(class, detector) detector,
#include "diff/hang_rules.def"
  };
  if (j->seen[thread]) return;
  j->seen[thread] = 1;
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (rules[i](j, thread)) return;
}

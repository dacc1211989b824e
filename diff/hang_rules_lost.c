// Signals that came and were lost, and what never fires: timers, APCs, DPCs.
#include "diff/hang_rules.h"
#include "diff/words.h"

// The timer whose DPC alone has ever given the object; WG_NONE: there is none.
static uint32_t timer_behind(const struct wg_judge *j, uint32_t object) {
  const struct wg_hsignal *s;
  uint32_t timer = WG_NONE;
  for (uint32_t i = 0; (s = wg_facts_signal(obj(j, object), i)); i++) {
    if (s->timer == WG_NONE || (timer != WG_NONE && timer != s->timer)) return WG_NONE;
    timer = s->timer;
  }
  return timer;
}

bool wg_hang_timer_never(struct wg_judge *j, uint32_t thread) {
  uint32_t o = wg_hang_first_dead(j, thread), behind = timer_behind(j, o);
  if (!wg_facts_type_is(&j->f, o, "Timer") && behind == WG_NONE) return false;
  if (behind != WG_NONE) o = behind;
  const struct wg_hobject *x = obj(j, o);
  struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_TIMER, o);
  if (behind != WG_NONE) {
    wg_buf_str(&v->why, "only the DPC of ");
    wg_hang_put_object(j, o, &v->why);
    wg_buf_str(&v->why, " signals it: ");
  }
  if (!x->ever_armed) {
    wg_buf_str(&v->why, "nobody ever sets it");
  } else if (x->armed_ns == UINT64_MAX) {
    v->signaler = x->armed_by;
    wg_buf_printf(&v->why, "thread %u cancelled it", tid(j, x->cancelled_by));
    wg_hang_put_event(j, x->cancelled_by, x->cancelled_idx, &v->why);
    wg_buf_str(&v->why, ", and nobody sets it again");
  } else if (behind != WG_NONE && x->dpc == 0) {
    v->signaler = x->armed_by;
    wg_buf_printf(&v->why, "thread %u has set it without that DPC", tid(j, x->armed_by));
  } else {
    v->signaler = x->armed_by;
    wg_buf_str(&v->why, x->fired || behind != WG_NONE ? "it has fired once, has no period, and nobody sets it again"
                                                      : "it is due more than a day after the end of the trace");
  }
  return true;
}

// By which call.
static void put_caller(const struct wg_judge *j, uint32_t thread, uint32_t idx, struct wg_buf *out) {
  const struct wg_dthread *t = &j->f.side.threads[thread];
  uint32_t step = wg_step_at(t, idx);
  if (step == WG_NONE || t->steps[step].idx != idx) return;
  wg_buf_str(out, " by ");
  wg_put_str(out, &j->f.side, wg_content_at(&j->f.side, t, step)->name, 64);
}

// `stolen`: another thread took it, for whom it may have been meant.
static bool gone(const struct wg_judge *j, uint32_t object, uint32_t thread, struct wg_buf *why, uint32_t *by,
                 bool *stolen) {
  const struct wg_hobject *o = obj(j, object);
  const struct wg_htouch *h = wg_facts_touch(&j->f, object, thread);
  uint32_t since = h && h->takes ? h->take_seq : 0;
  const struct wg_hsignal *s;
  *stolen = false;
  for (uint32_t i = 0; (s = wg_facts_signal(o, i)); i++) {
    bool other = s->takers && s->taker != thread;
    if (s->by == WG_BY_THREAD && s->thread == thread && !s->takers && s->clearer == WG_NONE && s->op != WG_E_PULSE)
      continue;
    *by = s->by == WG_BY_SYSTEM ? WG_NONE : s->thread;
    wg_buf_clear(why);
    if (s->by == WG_BY_SYSTEM) {
      wg_buf_printf(why, "the system signalled it (event %u of thread %u)", s->idx, tid(j, s->thread));
    } else {
      wg_buf_printf(why, "thread %u %s it", tid(j, s->thread), s->op == WG_E_PULSE ? "pulsed" : "signalled");
      put_caller(j, s->thread, s->idx, why);
      wg_hang_put_event(j, s->thread, s->idx, why);
    }
    if (s->op == WG_E_PULSE && s->seq > since && !(s->takers && s->taker == thread)) {
      *stolen = other;
      if (other)
        wg_buf_printf(why, ", and that woke thread %u alone", tid(j, s->taker));
      else
        wg_buf_str(why, " while nobody waited for it");
      return true;
    }
    if (s->clearer != WG_NONE && s->seq > since) {
      wg_buf_printf(why, ", and thread %u reset it", tid(j, s->clearer));
      put_caller(j, s->clearer, s->cleared_idx, why);
      wg_hang_put_event(j, s->clearer, s->cleared_idx, why);
      wg_buf_str(why, " before anybody took the signal");
      return true;
    }
    if (other && s->seq > since && s->taker != s->thread) {
      wg_buf_printf(why, ", and thread %u took that signal", tid(j, s->taker));
      *stolen = true;
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
bool wg_hang_party_left(struct wg_judge *j, uint32_t thread) {
  uint32_t o = wg_hang_first_dead(j, thread), left = WG_NONE, idx = 0, seq = 0, waiting = 0;
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
  struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_MISSING, o);
  v->signaler = left;
  wg_buf_str(&v->why, "all who signal it wait for it themselves; ");
  wg_buf_printf(&v->why, "thread %u, which took part before", tid(j, left));
  wg_hang_put_event(j, left, idx, &v->why);
  wg_buf_str(&v->why, ", has ended");
  wg_hang_put_event(j, left, at(j, left)->exit_idx, &v->why);
  return true;
}

bool wg_hang_signal_gone(struct wg_judge *j, uint32_t thread) {
  uint32_t i = 0, o, by = WG_NONE;
  struct wg_buf why = {0};
  bool stolen;
  while ((o = wg_hang_next_dead(j, thread, &i)) != WG_NONE) {
    if (!gone(j, o, thread, &why, &by, &stolen)) continue;
    struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_LOST, o);
    v->why = why;
    v->signaler = by;
    return true;
  }
  wg_buf_release(&why);
  return false;
}

// Nobody has ever signalled it, and another thread is stuck as a signal for it is gone: what that one would have done
// is what is missed here.
bool wg_hang_lost_elsewhere(struct wg_judge *j, uint32_t thread) {
  uint32_t o = wg_hang_first_dead(j, thread), by = WG_NONE;
  if (o == WG_NONE || obj(j, o)->nsignals || obj(j, o)->io_thread != WG_NONE) return false;
  for (uint32_t u = 0; u < j->f.side.nthreads; u++) {
    if (u == thread || !j->m[u].stuck || at(j, u)->suspends) continue;
    struct wg_buf why = {0};
    uint32_t dead = wg_hang_first_dead(j, u);
    bool stolen, lost = dead != WG_NONE && gone(j, dead, u, &why, &by, &stolen) && !stolen;
    wg_buf_release(&why);
    if (!lost) continue;
    wg_hang_follow(j, thread, u, o, true);
    return true;
  }
  return false;
}

// What the thread waits for has been given, and the kernel does not let it go on.
bool wg_hang_unheeded(struct wg_judge *j, uint32_t thread) {
  const struct wg_hwait *w = &at(j, thread)->now.wait;
  for (uint32_t i = 0; w->open && !w->all && i < w->sure && i < w->n; i++) {
    uint32_t o = w->objects[i], is = j->f.side.objects[o].is_thread;
    bool lock = wg_judge_is_lock(j, o);
    const struct wg_hsignal *s = is == WG_NONE && !lock ? wg_facts_signal(obj(j, o), 0) : NULL;
    bool given = is != WG_NONE ? at(j, is)->exited
                 : lock        ? obj(j, o)->owner == WG_NONE
                               : obj(j, o)->state && s && s->by == WG_BY_THREAD;
    if (!given) continue;
    struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_LOST, o);
    if (lock) {
      wg_buf_str(&v->why, "nobody has it any more");
    } else if (s) {
      v->signaler = s->thread;
      wg_buf_printf(&v->why, "thread %u signalled it", tid(j, s->thread));
      put_caller(j, s->thread, s->idx, &v->why);
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

bool wg_hang_apc_never(struct wg_judge *j, uint32_t thread) {
  uint32_t o = wg_hang_first_dead(j, thread);
  for (uint32_t u = 0; u < j->f.side.nthreads; u++) {
    const struct wg_hthread *t = at(j, u);
    if (!t->apcs || !j->m[u].stuck || t->suspends || (t->now.wait.open && t->now.wait.alertable)) continue;
    if (signalled_by_another(j, o, u)) continue;
    struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_APC, o);
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

bool wg_hang_dpc_never(struct wg_judge *j, uint32_t thread) {
  uint32_t o = wg_hang_first_dead(j, thread);
  const struct wg_hobject *x = obj(j, o);
  if (x->nsignals && x->by_count[WG_BY_DPC] == x->nsignals) {
    struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_DPC, o);
    const struct wg_hsignal *s = wg_facts_signal(x, 0);
    v->signaler = s->thread;
    wg_buf_printf(&v->why, "only a DPC that thread %u queues ever signals it, and it is not queued again",
                  tid(j, s->thread));
    return true;
  }
  for (size_t i = 0; !x->nsignals && i < j->f.ndpcs; i++) {
    const struct wg_hdpc *d = &j->f.dpcs[i];
    if (d->queued || d->nruns) continue;
    struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_DPC, o);
    wg_buf_printf(
        &v->why,
        "nobody signals it, and the DPC at 0x%08x, which thread %u initialised (event %u of thread %u), is never "
        "queued",
        d->addr, tid(j, d->thread), d->idx, tid(j, d->thread));
    return true;
  }
  return false;
}

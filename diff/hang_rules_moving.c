// Threads that do not wait: suspended, never run, or busy with nothing.
#include "diff/hang_rules.h"
#include "diff/words.h"

bool wg_hang_suspended(struct wg_judge *j, uint32_t thread) {
  const struct wg_hthread *t = at(j, thread);
  if (!t->suspends) return false;
  struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_RESUMED, wg_facts_thread_object(&j->f, thread));
  bool born = t->ncalls == 0 && !t->now.in_call;
  if (t->suspended_by == WG_NONE || t->suspended_by == thread)
    wg_buf_str(&v->why, "it suspended itself");
  else
    wg_buf_printf(&v->why, "thread %u %s suspended", tid(j, t->suspended_by), born ? "created it" : "had it");
  if (t->suspended_by != WG_NONE) wg_hang_put_event(j, t->suspended_by, t->suspended_idx, &v->why);
  if (t->suspends > 1) wg_buf_printf(&v->why, ", %u times", t->suspends);
  wg_buf_str(&v->why, ", and nobody resumes it");
  return true;
}

bool wg_hang_starved(struct wg_judge *j, uint32_t thread) {
  if (!j->m[thread].starved) return false;
  uint32_t u = 0;
  while (u < j->f.side.nthreads && j->m[u].spin == WG_NO_SPIN) u++;
  if (u == j->f.side.nthreads) {
    uint32_t o = wg_facts_thread_object(&j->f, thread);
    struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_RESUMED, o);
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
  struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_WAITS, WG_NONE);
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

bool wg_hang_call_never_returns(struct wg_judge *j, uint32_t thread) {
  if (j->m[thread].spin != WG_SPIN_IN_CALL) return false;
  const struct wg_hcall *c = &at(j, thread)->now.call;
  struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_CALL, c->path ? WG_NONE : c->object);
  v->path = c->path;
  put_call(j, c, &v->why);
  wg_hang_put_event(j, thread, c->idx, &v->why);
  wg_buf_str(&v->why, " has not returned, and waits for nothing that the trace tells of");
  return true;
}

bool wg_hang_fails_for_ever(struct wg_judge *j, uint32_t thread) {
  const struct wg_hcall *c = wg_judge_failing(j, thread);
  if (c == NULL) return false;
  struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_STATUS, c->path ? WG_NONE : c->object);
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

// It looks for what an APC to it would bring, and never lets one in.
bool wg_hang_spins_before_apc(struct wg_judge *j, uint32_t thread) {
  const struct wg_hthread *t = at(j, thread);
  if (j->m[thread].spin != WG_SPIN_CALLS || !t->apcs || wg_judge_round_has(j, thread, WG_H_ALERTABLE)) return false;
  struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_APC, WG_NONE);
  wg_buf_printf(
      &v->why, "an APC that is queued to it (event %u of thread %u) cannot run, as none of its waits is alertable; it ",
      t->apc_idx, tid(j, t->apc_by));
  put_round(j, thread, &v->why);
  return true;
}

bool wg_hang_spins(struct wg_judge *j, uint32_t thread) {
  enum wg_spin spin = j->m[thread].spin;
  if (spin == WG_NO_SPIN) return false;
  uint32_t object = WG_NONE;
  for (uint32_t i = j->m[thread].rounds.period; spin == WG_SPIN_CALLS && i-- > 0 && object == WG_NONE;) {
    const struct wg_hcall *c = wg_facts_call(at(j, thread), i);
    if (!(c->flags & WG_H_LOCK)) object = c->object;
  }
  struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_SPIN, object);
  if (spin == WG_SPIN_SILENT) {
    wg_buf_printf(&v->why, "since its event %u it runs in one small loop, without a call", at(j, thread)->last_idx);
    return true;
  }
  wg_buf_str(&v->why, "it ");
  put_round(j, thread, &v->why);
  return true;
}

bool wg_hang_waits_for_unknown(struct wg_judge *j, uint32_t thread) {
  if (wg_hang_first_dead(j, thread) != WG_NONE) return false;
  struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_MISSING, WG_NONE);
  wg_buf_str(&v->why, "the trace does not say what it waits for");
  return true;
}

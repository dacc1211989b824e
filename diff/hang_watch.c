// Events become facts: calls with their rounds, waits with what ended them. A wait ends by wait.end or by the thread's
// next call, never by a return that comes without its end (the lie); without wait events a call tells of its own.
#include "diff/hang_watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "nt/status.h"
#include "trace/event.h"

static bool nt_call(const struct wg_facts *f, const struct wg_hthread *t) {
  return wg_call_by_handle(t->now.nt, wg_str(&f->side, t->now.call.name));
}

static bool ke_call(const struct wg_facts *f, const struct wg_hthread *t) {
  const char *n = wg_str(&f->side, t->now.call.name);
  return strncmp(n, "Ke", 2) == 0 || strncmp(n, "Rtl", 3) == 0 || strncmp(n, "Ex", 2) == 0;
}

static bool is_wait(enum wg_effect e) {
  return e == WG_E_WAIT || e == WG_E_WAIT_ANY || e == WG_E_SET_AND_WAIT || e == WG_E_DELAY || e == WG_E_ENTER ||
         e == WG_E_RW_ACQUIRE;
}

// -- calls --

static void count_call(struct wg_hthread *t) {
  if (t->now.counted) return;
  t->now.counted = true;
  if (t->ncalls < WG_HANG_CALLS) WG_VEC_NEXT(t->calls, t->ncalls); // most threads make few
  t->now.call.key = wg_hash_u64(t->now.call.flags & WG_H_STATUS ? t->now.call.status + 1ull : 0, t->now.call.key);
  t->calls[t->ncalls++ % WG_HANG_CALLS] = t->now.call;
  wg_rounds_push(t);
}

// Another engine's delay is a call without a wait.
static void count_delay(struct wg_hthread *t) {
  if (t->now.in_call && t->now.effect == WG_E_DELAY && !t->now.wait_told) t->timed_ns += t->last_ns - t->now.call.ns;
}

// The thread goes on: what was open has ended, if nothing told so.
static void close_call(struct wg_facts *f, uint32_t thread) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  if (t->now.wait.open) {
    wg_facts_end_wait(f, thread, true, 0);
  } else if (t->now.in_call && !f->side.has_waits && is_wait((enum wg_effect)t->now.effect) &&
             t->now.effect != WG_E_ENTER && t->now.effect != WG_E_RW_ACQUIRE) {
    wg_guess_end(f, thread);
  }
  t = wg_hthread_at(f, thread);
  count_delay(t);
  if (t->now.in_call) wg_effect_on_return(f, thread, false, 0);
  t = wg_hthread_at(f, thread);
  if (t->now.call.name) count_call(t);
  t->now.in_call = false;
}

#define NESTED 8 // waits within waits that are kept

// A thread that waits makes a call: an APC runs, if one can, and the call of the wait has not returned.
static bool runs_apc(const struct wg_facts *f, const struct wg_hthread *t) {
  unsigned depth = 0;
  for (const struct wg_hnow *o = t->now.outer; o; o = o->outer) depth++;
  bool waits_still =
      t->now.wait.open && t->now.wait.from_event && t->now.in_call && !t->now.claimed && f->side.has_returns;
  return waits_still && depth < NESTED && (t->now.wait.alertable || t->apc_seq > t->now.wait.seq);
}

static void put_aside(struct wg_hthread *t) {
  struct wg_hnow *o = wg_xcalloc(1, sizeof *o);
  *o = t->now;
  t->now.outer = o;
  t->now.in_call = t->now.wait.open = false;
  t->now.call.name = 0;
}

// The call within a wait is over, and what is told now is of the wait.
static void back_to_outer(struct wg_facts *f, uint32_t thread) {
  close_call(f, thread);
  wg_hthread_resume(wg_hthread_at(f, thread));
}

static uint64_t field_hash(const struct wg_event *e, enum wg_key key, uint64_t seed) {
  const struct wg_field *x = wg_ev_get(e, key);
  if (x == NULL) return seed;
  if (x->type == WG_F_RAW) return wg_hash(x->s, x->n, seed);
  if (x->type == WG_F_HEXES) return wg_hash(x->v, x->n * sizeof *x->v, seed);
  return seed;
}

static void set_main(struct wg_facts *f, uint32_t thread) {
  if (f->main == WG_NONE && f->side.threads[thread].tid && !wg_hthread_at(f, thread)->host) f->main = thread;
}

// Registers hold 64 bits with a sign or without, of which most calls see 32.
static void set_args(struct wg_hthread *t, const struct wg_open *call) {
  for (unsigned i = 0; i < call->nargs; i++) {
    bool wide = call->nt && i < wg_nt_nparams(call->nt) && strchr("Tq", call->nt->params[i]);
    t->now.args[i] = wide ? call->args[i] : (uint32_t)call->args[i];
  }
}

// What a handle that was closed, or none, is given to fails. Nothing else can be told from a log without results.
static bool nameless(struct wg_facts *f, const struct wg_hthread *t) {
  uint64_t was;
  if (!f->text_log || t->now.nargs == 0 || t->now.nt == NULL || t->now.nt->params[0] != 'h') return false;
  return nt_call(f, t) && ((uint32_t)t->now.args[0] == 0 || wg_map_get(&f->closed, (uint32_t)t->now.args[0], &was));
}

// A closed handle's object, though the model has taken the number for a new one by now.
static void see_handle(struct wg_facts *f, uint32_t thread, const struct wg_event *e, const struct wg_open *call) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  uint32_t object = f->side.threads[thread].steps[call->step].object;
  uint64_t was, word;
  if (object != WG_NONE) wg_hobject_at(f, object)->named_by_call = true;
  t = wg_hthread_at(f, thread);
  t->now.has_word =
      t->now.effect == WG_E_WAIT_ANY && t->now.nargs > 1 && wg_effect_shown(e, (uint32_t)t->now.args[1], &word);
  if (t->now.has_word) t->now.word = (uint32_t)word;
  if (!nameless(f, t)) return;
  t->now.call.flags |= WG_H_FRUITLESS | WG_H_NAMELESS;
  if (wg_map_get(&f->closed, (uint32_t)t->now.args[0], &was)) t->now.call.object = (uint32_t)was;
}

static void on_call(struct wg_facts *f, uint32_t thread, const struct wg_event *e, const struct wg_open *call) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  if (runs_apc(f, t))
    put_aside(t);
  else
    close_call(f, thread);
  if (call == NULL) return;
  t = wg_hthread_at(f, thread);
  t->started = true;
  set_main(f, thread);
  t->suspends = 0; // whoever let it go on
  if (t->ncalls == 0) t->first_ns = e->host_ns;
  t->now.in_call = true;
  t->now.counted = t->now.wait_told = t->now.claimed = false;
  t->now.effect = (uint8_t)wg_effect_of(f, call->name, call->nt);
  t->now.nt = call->nt;
  t->now.nargs = call->nargs;
  t->now.has_args = call->has_args;
  set_args(t, call);
  uint64_t key = wg_hash_u64((uint64_t)call->name << 32 | call->lr, 0);
  key = field_hash(e, WG_K_ARGS_RESOLVED, field_hash(e, WG_K_ARGS, key));
  t->now.call = (struct wg_hcall){.key = key,
                                  .ns = e->host_ns,
                                  .seq = (uint32_t)f->side.events,
                                  .idx = (uint32_t)e->idx,
                                  .name = call->name,
                                  .lr = call->lr,
                                  .object = WG_NONE,
                                  .signals = WG_NONE,
                                  .path = call->detail};
  see_handle(f, thread, e, call);
  wg_effect_on_call(f, thread, e);
}

static bool tells_content(const char *name) {
  return strncmp(name, "NtRead", 6) == 0 || strncmp(name, "NtWrite", 7) == 0 || strncmp(name, "NtQuery", 7) == 0 ||
         strncmp(name, "XamInput", 8) == 0;
}

static void on_return(struct wg_facts *f, uint32_t thread, const struct wg_event *e) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  const char *name = wg_ev_text(e, WG_K_NAME);
  uint64_t v = 0;
  bool other = !t->now.in_call || (name && strcmp(name, wg_str(&f->side, t->now.call.name)) != 0);
  if (other && t->now.outer && name && strcmp(name, wg_str(&f->side, t->now.outer->call.name)) == 0) {
    back_to_outer(f, thread);
    t = wg_hthread_at(f, thread);
    other = false;
  }
  if (other) return;
  if (t->now.wait.open && t->now.wait.from_event) { // within a wait that has not ended
    t->now.claimed = true;
    return;
  }
  count_delay(t);
  bool has = !(wg_ev_u64(e, WG_K_VOID, &v) && v) && wg_ev_u64(e, WG_K_RV, &v);
  bool time =
      t->now.nt && (t->now.nt->ret == 'T' || (t->now.nt->flags & WG_NT_TIME)); // another one each time, and no news
  if (has && !time) {
    t->now.call.flags |= WG_H_STATUS;
    t->now.call.status = (uint32_t)v;
    if (t->now.call.status >= 0xC0000000u)
      t->now.call.flags = (uint16_t)((t->now.call.flags & ~WG_H_WORK) | WG_H_FRUITLESS);
  }
  if (name && tells_content(name)) t->now.call.key = field_hash(e, WG_K_OUT, t->now.call.key);
  wg_effect_on_return(f, thread, has, (uint32_t)v);
  wg_hthread_at(f, thread)->now.in_call = false;
}

// -- waits --

// The semantic id of an event, or 0.
static uint64_t event_id(const struct wg_event *e) {
  uint64_t v;
  return wg_hsid_of(e, &v) ? v : 0;
}

static uint32_t by_id(struct wg_facts *f, uint64_t hsid) {
  uint64_t id;
  if (!wg_map_get(&f->side.by_hsid, hsid, &id)) return WG_NONE;
  wg_hobject_at(f, (uint32_t)id)->hsid = hsid;
  return (uint32_t)id;
}

// Where the call says it better than the event: the lock that an event or a count is part of, the object in memory that
// an engine waits for by a handle of its own. WG_NONE: it does not.
static uint32_t of_call(struct wg_facts *f, uint32_t thread, bool alone) {
  const struct wg_hthread *t = wg_hthread_at(f, thread);
  if (t->now.nargs == 0) return WG_NONE;
  if (t->now.effect == WG_E_RW_ACQUIRE) return wg_facts_target(f, thread);
  if (t->now.effect == WG_E_SET_AND_WAIT)
    return t->now.nargs > 1 ? wg_facts_by_handle(f, thread, (uint32_t)t->now.args[1]) : WG_NONE;
  if (alone && nt_call(f, t)) return wg_facts_by_handle(f, thread, (uint32_t)t->now.args[0]);
  return alone && ke_call(f, t) ? wg_facts_target(f, thread) : WG_NONE;
}

static void add_waited(struct wg_facts *f, uint32_t thread, struct wg_hwait *w, const struct wg_event *e) {
  struct wg_waited list[WG_HANG_WAITED];
  uint32_t n = wg_waited(&f->side, e, list, WG_HANG_WAITED);
  w->unknown = wg_ev_get(e, WG_K_HANDLES) == NULL;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t better = of_call(f, thread, n == 1), o = better != WG_NONE ? better : list[i].object;
    if (o == WG_NONE) continue;
    struct wg_hobject *x = wg_hobject_at(f, o);
    if (list[i].hsid && (x->hsid == 0 || better == WG_NONE)) x->hsid = list[i].hsid;
    w->objects[w->n++] = o;
  }
}

static void forget_call(struct wg_hthread *t) {
  t->now.call.name = t->now.call.lr = 0;
  t->now.nargs = 0;
  t->now.nt = NULL;
  t->now.effect = WG_E_NONE;
}

static void on_wait_begin(struct wg_facts *f, uint32_t thread, const struct wg_event *e) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  if (!t->now.in_call && t->now.outer) back_to_outer(f, thread); // and waits anew
  t = wg_hthread_at(f, thread);
  if (!t->now.in_call) forget_call(t); // of no call that was told
  t->now.wait_told = true;
  struct wg_hwait w = {.open = true,
                       .from_event = true,
                       .timeout_ns = -1,
                       .seq = (uint32_t)f->side.events,
                       .idx = t->now.in_call ? t->now.call.idx : (uint32_t)e->idx,
                       .ns = e->host_ns,
                       .name = t->now.call.name,
                       .lr = t->now.call.lr};
  uint64_t v;
  if (wg_ev_u64(e, WG_K_TIMEOUT_NS, &v)) w.timeout_ns = (int64_t)v;
  w.alertable = wg_ev_u64(e, WG_K_ALERTABLE, &v) && v;
  const char *type = wg_ev_text(e, WG_K_WAIT_TYPE);
  w.all = type ? strcmp(type, "all") == 0
               : t->now.effect == WG_E_WAIT_ANY && t->now.nargs > 2 &&
                     wg_call_for_all(wg_str(&f->side, t->now.call.name), t->now.args[2]);
  add_waited(f, thread, &w, e);
  w.sure = w.total = w.n;
  wg_hthread_at(f, thread)->now.wait = w;
}

static void on_wait_end(struct wg_facts *f, uint32_t thread, const struct wg_event *e) {
  if (!wg_hthread_at(f, thread)->now.wait.open && wg_hthread_at(f, thread)->now.outer) back_to_outer(f, thread);
  struct wg_hthread *t = wg_hthread_at(f, thread);
  const char *by = wg_ev_text(e, WG_K_SATISFIED_BY);
  uint64_t status = 0;
  wg_ev_u64(e, WG_K_STATUS, &status);
  bool apc = (by && strcmp(by, "apc") == 0) || (uint32_t)status == STATUS_USER_APC,
       timeout = (by && strcmp(by, "timeout") == 0) || (uint32_t)status == STATUS_TIMEOUT;
  if (apc && t->apcs) t->apcs--;
  wg_facts_end_wait(f, thread, !apc && !timeout, apc ? STATUS_USER_APC : (uint32_t)status);
}

// -- objects and threads --

static void on_created(struct wg_facts *f, uint32_t thread, const struct wg_event *e) {
  uint64_t raw, id;
  if (!wg_ev_u64(e, WG_K_RAW, &raw) && !wg_ev_u64(e, WG_K_HANDLE, &raw)) return;
  struct wg_hthread *t = wg_hthread_at(f, thread);
  if (t->now.in_call && ke_call(f, t) && t->now.effect != WG_E_CREATE_THREAD && t->now.call.object != WG_NONE) {
    wg_map_put(&f->side.by_handle, (uint32_t)raw, t->now.call.object); // its name for the object in memory
    const char *type = wg_ev_text(e, WG_K_OBJECT_TYPE);
    struct wg_dobject *x = &f->side.objects[t->now.call.object];
    if (type && x->type == 0) x->type = wg_strings_id(&f->side.strings, type, strlen(type));
    return;
  }
  if (t->now.in_call && t->now.nargs && (uint32_t)t->now.args[0] == 0xFFFFFFFEu &&
      strcmp(wg_str(&f->side, t->now.call.name), "NtDuplicateObject") == 0) {
    wg_map_put(&f->side.by_handle, (uint32_t)raw, wg_facts_thread_object(f, thread)); // a handle of one's own
    return;
  }
  wg_map_del(&f->closed, (uint32_t)raw);
  if (!wg_map_get(&f->side.by_handle, (uint32_t)raw, &id)) return;
  wg_map_put(&f->named, (uint32_t)raw, id);
  struct wg_hobject *o = wg_hobject_at(f, (uint32_t)id);
  o->closed = false;
  if (o->hsid == 0) o->hsid = event_id(e);
  if (o->creator != WG_NONE) return;
  o->creator = thread;
  o->created_idx = (uint32_t)e->idx;
  if (t->now.in_call) wg_effect_on_created(f, thread, (uint32_t)id);
}

static void on_destroyed(struct wg_facts *f, const struct wg_event *e) {
  uint64_t raw, id;
  if (!wg_ev_u64(e, WG_K_RAW, &raw) && !wg_ev_u64(e, WG_K_HANDLE, &raw)) return;
  if (!wg_map_get(&f->named, (uint32_t)raw, &id)) return;
  wg_hobject_at(f, (uint32_t)id)->closed = true;
  wg_map_put(&f->closed, (uint32_t)raw, id);
}

// Threads of the engine's own. A log that does not tell has them made by nobody, without an entry and under handles
// that no title is given.
static bool is_host(const struct wg_event *e, uint32_t entry, uint32_t handle) {
  for (size_t i = 0; i < wg_ev_count(e); i++) {
    const struct wg_field *x = wg_ev_at(e, i);
    if (x->key == WG_K_OTHER && strcmp(x->name, "guest") == 0) return x->type == WG_F_BOOL && !x->u;
  }
  return e->tid == 0 && entry == 0 && handle >> 28 != 0xF;
}

// Whether a thread is made suspended, as the call asks for it.
static bool asks_to_hold(const struct wg_facts *f, const struct wg_hthread *t) {
  const struct wg_call *c = wg_call_of(wg_str(&f->side, t->now.call.name));
  size_t at = c ? c->arg + 2u : t->now.nargs;
  return at < t->now.nargs && (t->now.args[at] & (at == 6 ? 1 : 4)); // XAM says it as Windows does
}

static void on_thread_created(struct wg_facts *f, uint32_t thread, const struct wg_event *e) {
  struct wg_side *s = &f->side;
  uint64_t v;
  if (!wg_ev_u64(e, WG_K_CHILD, &v) && !wg_ev_u64(e, WG_K_NEW_TID, &v)) return;
  struct wg_dthread *d = wg_side_thread(s, (uint32_t)v);
  if (d == NULL) return;
  uint32_t child = (uint32_t)(d - s->threads);
  uint64_t raw;
  if (d->object == WG_NONE && (wg_ev_u64(e, WG_K_RAW, &raw) || wg_ev_u64(e, WG_K_HANDLE, &raw))) {
    uint32_t o = wg_facts_thread_object(f, child);
    s->objects[o].handle = (uint32_t)raw;
    wg_map_put(&s->by_handle, (uint32_t)raw, o);
  }
  struct wg_hobject *o = wg_hobject_at(f, wg_facts_thread_object(f, child));
  if (event_id(e)) o->hsid = event_id(e);
  if (o->creator == WG_NONE) {
    o->creator = thread;
    o->created_idx = (uint32_t)e->idx;
  }
  struct wg_hthread *c = wg_hthread_at(f, child);
  const struct wg_hthread *t = wg_hthread_at(f, thread);
  c->created = true;
  c->created_seq = (uint32_t)f->side.events;
  c->host = is_host(e, d->entry, s->objects[d->object].handle);
  uint64_t flags = 0;
  if (!wg_ev_u64(e, WG_K_FLAGS, &flags) && t->now.in_call && t->now.effect == WG_E_CREATE_THREAD)
    flags = asks_to_hold(f, t);
  if ((flags & 1) && s->threads[thread].tid) {
    c->suspends = 1;
    c->suspended_by = thread;
    c->suspended_idx = (uint32_t)e->idx;
  }
  set_main(f, thread); // who makes threads is one itself
  set_main(f, child);
}

// Signals that no call of the title's made: timers that fire, completed input and output.
static void on_signal(struct wg_facts *f, uint32_t thread, const struct wg_event *e) {
  const char *op = wg_ev_text(e, WG_K_OP);
  struct wg_hthread *t = wg_hthread_at(f, thread);
  uint64_t previous;
  if (op == NULL) return;
  bool signals = t->now.effect == WG_E_SET || t->now.effect == WG_E_RELEASE || t->now.effect == WG_E_SET_AND_WAIT ||
                 t->now.effect == WG_E_PULSE;
  if (t->now.in_call && signals && t->now.call.signals != WG_NONE) {
    if (wg_ev_u64(e, WG_K_PREVIOUS, &previous)) wg_facts_previous(f, t->now.call.signals, previous);
    return;
  }
  uint32_t o = by_id(f, event_id(e));
  if (o == WG_NONE) return;
  if (strcmp(op, "fire") == 0) {
    wg_hobject_at(f, o)->fired = true;
    wg_hobject_at(f, o)->state = 1;
    return;
  }
  if (strcmp(op, "set") != 0 && strcmp(op, "release") != 0) return;
  struct wg_hsignal s = {.seq = (uint32_t)f->side.events,
                         .idx = (uint32_t)e->idx,
                         .thread = thread,
                         .ns = e->host_ns,
                         .op = strcmp(op, "set") == 0 ? WG_E_SET : WG_E_RELEASE,
                         .by = WG_BY_SYSTEM,
                         .timer = WG_NONE};
  wg_facts_give(f, o, &s, 1);
}

static void on_exit(struct wg_facts *f, uint32_t thread, const struct wg_event *e) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  t->exited = true;
  t->exit_idx = (uint32_t)e->idx;
  while (wg_hthread_resume(t)) continue;
  t->now.wait.open = false;
}

void wg_facts_event(void *facts, struct wg_side *s, uint32_t thread, const struct wg_event *e,
                    const struct wg_open *call) {
  struct wg_facts *f = facts;
  struct wg_hthread *t = wg_hthread_at(f, thread);
  uint64_t address;
  (void)s;
  t->last_seq = (uint32_t)f->side.events;
  t->last_idx = (uint32_t)e->idx;
  t->last_ns = e->host_ns;
  if (e->has_cycle) t->last_cycle = e->cycle;
  f->timed |= e->host_ns > 0;
  f->text_log = strcmp(f->side.format, "xenia-canary log") == 0;
  switch (e->kind) {
  case WG_EV_KERNEL_CALL: on_call(f, thread, e, call); break;
  case WG_EV_KERNEL_RETURN: on_return(f, thread, e); break;
  case WG_EV_WAIT_BEGIN: on_wait_begin(f, thread, e); break;
  case WG_EV_WAIT_END: on_wait_end(f, thread, e); break;
  case WG_EV_HANDLE_CREATE: on_created(f, thread, e); break;
  case WG_EV_HANDLE_DESTROY: on_destroyed(f, e); break;
  case WG_EV_THREAD_CREATE: on_thread_created(f, thread, e); break;
  case WG_EV_THREAD_START:
    t->started = true;
    f->tells_starts |= f->side.threads[thread].tid && !t->host;
    set_main(f, thread);
    break;
  case WG_EV_THREAD_EXIT: on_exit(f, thread, e); break;
  case WG_EV_SIGNAL: on_signal(f, thread, e); break;
  case WG_EV_APC_START: t->apc_seq = (uint32_t)f->side.events; break;
  case WG_EV_DPC_START:
    if (wg_ev_u64(e, WG_K_GUEST_OBJECT, &address)) wg_effect_dpc_runs(f, (uint32_t)address);
    break;
  case WG_EV_GPU_INTERRUPT:
  case WG_EV_APU_CALLBACK: f->running = 0; break;
  case WG_EV_GPU_SWAP:
    f->swap_seq = (uint32_t)f->side.events;
    f->swap_thread = thread;
    break;
  default: break;
  }
}

void wg_facts_end_thread(struct wg_facts *f, uint32_t thread) {
  if (!wg_hthread_at(f, thread)->now.in_call && wg_hthread_at(f, thread)->now.outer) back_to_outer(f, thread);
  struct wg_hthread *t = wg_hthread_at(f, thread);
  if (!t->now.in_call || (t->now.call.flags & WG_H_NAMELESS)) {
    if (t->now.call.name) count_call(t);
    return;
  }
  bool told = f->side.has_waits && !wg_call_spins(wg_str(&f->side, t->now.call.name)); // who spins tells of no wait
  if (!t->now.wait.open && is_wait((enum wg_effect)t->now.effect) && !told) wg_guess_wait(f, thread);
}

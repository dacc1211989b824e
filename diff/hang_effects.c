// What calls do: to events, locks, timers, threads, APCs and DPCs.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_iter.h"
#include "base/vec.h"
#include "diff/hang_watch.h"
#include "nt/status.h"
#include "trace/event.h"

#define FAR_DATE 0x01E0000000000000ll // absolute times beyond it (about the year 2030 of the console) are another age

// XAM asks persons; what they answer is no state that only the title changes.
static bool is_query(const char *name, const struct wg_nt_export *nt) {
  if (strncmp(name, "KeGetCurrent", 12) == 0 || strncmp(name, "KeQuery", 7) == 0) return true;
  return nt && (nt->flags & (WG_NT_QUERY | WG_NT_TIME)) && strcmp(nt->module, "xboxkrnl.exe") == 0;
}

static enum wg_effect look_up(const char *name, const struct wg_nt_export *nt) {
  const struct wg_call *c = wg_call_of(name);
  if (c && c->effect != WG_E_NONE) return (enum wg_effect)c->effect;
  return is_query(name, nt) ? WG_E_QUERY : WG_E_NONE;
}

enum wg_effect wg_effect_of(struct wg_facts *f, uint32_t name, const struct wg_nt_export *nt) {
  if (name >= f->effects_cap) {
    size_t had = f->effects_cap;
    WG_VEC_ROOM(f->effects, f->effects_cap, (size_t)name + 256);
    memset(f->effects + had, WG_E_UNKNOWN, f->effects_cap - had);
  }
  if (f->effects[name] == WG_E_UNKNOWN) f->effects[name] = (uint8_t)look_up(wg_str(&f->side, name), nt);
  return (enum wg_effect)f->effects[name];
}

// Whose DPC it may be that runs, where nothing tells: that of a timer that is due; the one that was set last.
static uint32_t due_timer(struct wg_facts *f, uint64_t ns) {
  uint32_t best = WG_NONE;
  for (size_t i = 0; i < f->ndpcs && !f->interrupts_seq; i++) {
    uint32_t timer = f->dpcs[i].timer;
    if (timer == WG_NONE) continue;
    const struct wg_hobject *o = wg_hobject_at(f, timer);
    bool late = f->timed && o->armed_ns > ns, over = !o->period && o->ran_seq > o->armed_seq;
    if (o->armed_ns == UINT64_MAX || o->dpc != f->dpcs[i].addr || late || over) continue;
    if (best == WG_NONE || o->armed_seq > wg_hobject_at(f, best)->armed_seq) best = timer;
  }
  return best;
}

static void ran_for(struct wg_facts *f, struct wg_hdpc *d, uint32_t timer, uint32_t seq) {
  wg_hobject_at(f, timer)->ran_seq = seq;
  if (d->nruns == 0 || d->ran[(d->nruns - 1) % WG_HANG_RUNS] != seq) d->ran[d->nruns++ % WG_HANG_RUNS] = seq;
}

// A DPC that runs on no thread of the title's counts as the thread's that queued it, or set the timer that did.
static void give_of_dpc(struct wg_facts *f, struct wg_hsignal *s) {
  s->by = WG_BY_SYSTEM;
  if (f->tells_dpcs && !f->running) return;
  struct wg_hdpc *d = f->running ? wg_hdpc_of(f, f->running) : NULL;
  bool called = d ? d->by != WG_NONE : f->dpc_head != f->dpc_tail;
  if (called) {
    s->by = WG_BY_DPC;
    s->thread = d ? d->by : f->dpc_queue[f->dpc_head++ % 64];
    return;
  }
  uint32_t timer = d ? d->timer : due_timer(f, s->ns);
  if (timer == WG_NONE) return;
  s->by = WG_BY_DPC;
  s->thread = wg_hobject_at(f, timer)->armed_by;
  s->timer = timer;
  ran_for(f, d ? d : wg_hdpc_of(f, wg_hobject_at(f, timer)->dpc), timer, s->seq);
}

void wg_effect_dpc_runs(struct wg_facts *f, uint32_t addr) {
  struct wg_hdpc *d = wg_hdpc_of(f, addr);
  f->running = addr;
  f->tells_dpcs = true;
  if (!d->pending) d->by = WG_NONE; // so a timer has queued it
  d->pending = false;
  if (d->by == WG_NONE && d->timer != WG_NONE) ran_for(f, d, d->timer, (uint32_t)f->side.events);
}

// How many the call gives.
static uint32_t amount(const struct wg_facts *f, const struct wg_hthread *t) {
  const char *name = wg_str(&f->side, t->now.call.name);
  if (strcmp(name, "NtSetIoCompletion") == 0) return 1;
  unsigned at = strncmp(name, "KeRelease", 9) == 0 ? 2 : 1;
  return t->now.nargs > at ? (uint32_t)t->now.args[at] : 1;
}

// More than the semaphore ever holds: such a release fails, and gives nothing. A log does not tell of it.
static bool above_limit(struct wg_facts *f, uint32_t thread, uint32_t object) {
  const struct wg_hthread *t = wg_hthread_at(f, thread);
  uint32_t limit = wg_hobject_at(f, object)->limit;
  return t->now.effect == WG_E_RELEASE && limit && amount(f, t) > limit;
}

static void give_units(struct wg_facts *f, uint32_t thread, uint32_t object, enum wg_effect op) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  const struct wg_dthread *d = &f->side.threads[thread];
  struct wg_hsignal s = {.seq = t->now.call.seq,
                         .idx = t->now.call.idx,
                         .thread = thread,
                         .ns = t->now.call.ns,
                         .op = (uint8_t)op,
                         .by = WG_BY_THREAD,
                         .timer = WG_NONE};
  if (d->tid == 0 || t->host) give_of_dpc(f, &s);
  t = wg_hthread_at(f, thread);
  uint32_t count = amount(f, t);
  t->signalled = true;
  if (wg_htouch_of(f, object, s.thread)->signals == 0) t->news_ns = t->now.call.ns; // for the first time
  wg_facts_give(f, object, &s, count);
  t = wg_hthread_at(f, thread);
  t->now.call.signals = object;
}

// A stock log shows what pointers point to: "7018FF28(FFFFFFFFFFFF3CB0)", one after the other.
bool wg_effect_shown(const struct wg_event *e, uint32_t address, uint64_t *value) {
  const struct wg_field *r = wg_ev_get(e, WG_K_ARGS_RESOLVED);
  struct wg_json_iter it;
  struct wg_json_member m;
  char want[12];
  if (r == NULL || r->type != WG_F_RAW || !wg_json_walk(&it, r->s, r->n)) return false;
  snprintf(want, sizeof want, "%08X(", address);
  while (wg_json_next(&it, &m))
    for (size_t i = 0; wg_json_is(&m, "memory") && i + 10 < m.nvalue; i++) {
      char digits[20] = "0x";
      size_t n = 0;
      if (memcmp(m.value + i, want, 9) != 0) continue;
      while (n < 16 && i + 9 + n < m.nvalue && m.value[i + 9 + n] != ')') digits[2 + n] = m.value[i + 9 + n], n++;
      return wg_parse_u64(digits, UINT64_MAX, value);
    }
  return false;
}

static bool due_units(const struct wg_event *e, const struct wg_hthread *t, int64_t *units) {
  const struct wg_field *r = wg_ev_get(e, WG_K_ARGS_RESOLVED);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t v;
  if (t->now.nargs > 1 && wg_effect_shown(e, (uint32_t)t->now.args[1], &v)) {
    *units = (int64_t)v;
    return true;
  }
  if (r == NULL || r->type != WG_F_RAW || !wg_json_walk(&it, r->s, r->n)) return false;
  while (wg_json_next(&it, &m)) {
    if (!wg_json_is(&m, "timeout_100ns") || !wg_json_int(&m, &v)) continue;
    *units = (int64_t)v;
    return true;
  }
  return false;
}

static uint64_t period_of(const struct wg_facts *f, const struct wg_hthread *t) {
  const char *name = wg_str(&f->side, t->now.call.name);
  unsigned at = strcmp(name, "NtSetTimerEx") == 0 ? 6 : strcmp(name, "KeSetTimerEx") == 0 ? 2 : 16;
  return at < t->now.nargs ? t->now.args[at] : 0;
}

static void arm_dpc(struct wg_facts *f, uint32_t thread, uint32_t object) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  unsigned at = strcmp(wg_str(&f->side, t->now.call.name), "KeSetTimerEx") == 0 ? 3 : 2;
  uint32_t dpc = at < t->now.nargs ? (uint32_t)t->now.args[at] : 0;
  wg_hobject_at(f, object)->dpc = dpc;
  if (dpc == 0) return;
  wg_hdpc_of(f, dpc)->timer = object;
  t->now.call.flags |= WG_H_DPC;
}

static void arm(struct wg_facts *f, uint32_t thread, uint32_t object, const struct wg_event *e) {
  struct wg_hobject *o = wg_hobject_at(f, object);
  struct wg_hthread *t = wg_hthread_at(f, thread);
  int64_t units = 0;
  bool known = due_units(e, t, &units);
  bool nt = strcmp(wg_str(&f->side, t->now.call.name), "NtSetTimerEx") == 0;
  if (!known && !nt && t->now.nargs > 1) units = (int64_t)t->now.args[1]; // KeSetTimer: by value
  o->armed_ns = t->now.call.ns;
  if (units < 0) o->armed_ns += (uint64_t)-units * 100;
  if (units > FAR_DATE) o->armed_ns += 1000000000000000000ull;
  o->period = period_of(f, t);
  o->armed_by = thread;
  o->armed_seq = t->now.call.seq;
  o->ever_armed = true;
  o->fired = false;
  o->state = 0;
  if (!nt) arm_dpc(f, thread, object);
  if (nt && t->now.nargs > 2 && t->now.args[2]) {
    t->apcs++;
    t->apc_by = thread;
    t->apc_idx = t->now.call.idx;
  }
}

static void suspend(struct wg_facts *f, uint32_t thread, uint32_t object, int by) {
  if (object == WG_NONE || f->side.objects[object].is_thread == WG_NONE) return;
  struct wg_hthread *u = wg_hthread_at(f, f->side.objects[object].is_thread);
  if (by > 0) {
    u->suspends++;
    u->suspended_by = thread;
    u->suspended_idx = wg_hthread_at(f, thread)->now.call.idx;
  } else if (u->suspends) {
    u->suspends--;
  }
}

static void queue_apc(struct wg_facts *f, uint32_t thread, uint32_t object) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  t->now.call.flags |= WG_H_APC;
  if (object == WG_NONE || f->side.objects[object].is_thread == WG_NONE) return;
  struct wg_hthread *u = wg_hthread_at(f, f->side.objects[object].is_thread);
  u->apcs++;
  u->apc_by = thread;
  u->apc_idx = t->now.call.idx;
}

static void on_dpc(struct wg_facts *f, uint32_t thread, bool queued) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  if (t->now.nargs == 0) return;
  struct wg_hdpc *d = wg_hdpc_of(f, (uint32_t)t->now.args[0]);
  if (!queued && !d->queued) {
    d->thread = thread;
    d->idx = t->now.call.idx;
  }
  if (!queued) return;
  t->now.call.flags |= WG_H_DPC;
  d->queued = d->pending = true;
  d->by = thread;
  f->dpc_seq = t->now.call.seq;
  f->dpc_ns = t->now.call.ns;
  if (f->dpc_tail - f->dpc_head < 64) f->dpc_queue[f->dpc_tail++ % 64] = thread;
}

static void init_object(struct wg_facts *f, uint32_t thread, uint32_t object, enum wg_effect effect) {
  struct wg_hobject *o = wg_hobject_at(f, object);
  const struct wg_hthread *t = wg_hthread_at(f, thread);
  bool event = effect == WG_E_INIT_EVENT, counts = effect == WG_E_INIT_SEMAPHORE;
  if (event || effect == WG_E_INIT_TIMER) o->manual = t->now.nargs > 1 && t->now.args[1] == 0;
  unsigned at = event ? 2 : 1;
  o->state = (event || counts) && at < t->now.nargs ? (uint32_t)t->now.args[at] : 0;
  o->creator = thread;
  o->created_idx = t->now.call.idx;
}

static void on_object(struct wg_facts *f, uint32_t thread, uint32_t object, const struct wg_event *e) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  enum wg_effect effect = (enum wg_effect)t->now.effect;
  t->now.call.object = object;
  switch (effect) {
  case WG_E_SET:
  case WG_E_PULSE:
  case WG_E_RELEASE:
  case WG_E_SET_AND_WAIT:
    if (wg_facts_type_is(f, object, "Mutant")) {
      wg_facts_unhold(f, object, thread);
    } else if (above_limit(f, thread, object)) {
      f->failed = (struct wg_hfailed){thread, t->now.call.idx, t->now.call.name, STATUS_SEMAPHORE_LIMIT_EXCEEDED};
    } else {
      give_units(f, thread, object, effect == WG_E_SET_AND_WAIT ? WG_E_SET : effect);
    }
    break;
  case WG_E_CLEAR: wg_facts_clear(f, object, thread, t->now.call.idx); break;
  case WG_E_UNLOCK:
  case WG_E_LEAVE:
  case WG_E_RW_RELEASE: wg_facts_unhold(f, object, thread); break;
  case WG_E_SET_TIMER: arm(f, thread, object, e); break;
  case WG_E_CANCEL_TIMER: {
    struct wg_hobject *o = wg_hobject_at(f, object);
    o->armed_ns = UINT64_MAX;
    o->cancelled_by = thread;
    o->cancelled_idx = t->now.call.idx;
    break;
  }
  case WG_E_INIT_EVENT:
  case WG_E_INIT_SEMAPHORE:
  case WG_E_INIT_MUTANT:
  case WG_E_INIT_TIMER: init_object(f, thread, object, effect); break;
  case WG_E_SUSPEND: suspend(f, thread, object, 1); break;
  case WG_E_RESUME: suspend(f, thread, object, -1); break;
  case WG_E_QUEUE_APC: queue_apc(f, thread, object); break;
  default: break;
  }
}

// A stock log has the results of one or two exports alone.
static bool no_results(const struct wg_facts *f) { return f->text_log || !f->side.has_returns; }

// Of a file that is asked for again and again nothing else comes: what is found is read, written or closed.
static void set_open_flags(struct wg_facts *f, struct wg_hthread *t) {
  if (t->now.nt == NULL || !(t->now.nt->flags & WG_NT_OPENS) || !no_results(f)) return;
  t->now.call.flags |= WG_H_FRUITLESS | WG_H_OPENS;
}

// Calls that do more than tick: what makes, opens, reads, writes, shows or lets run. A thread that makes none of them,
// and signals what it always does, has no other thread's work to do.
static bool is_news(const struct wg_facts *f, const struct wg_hthread *t) {
  static const unsigned works = WG_NT_CREATES | WG_NT_OPENS | WG_NT_ALLOCATES | WG_NT_FREES | WG_NT_CLOSES;
  const char *name = wg_str(&f->side, t->now.call.name);
  if (t->now.nt == NULL || (t->now.nt->flags & works)) return true;
  if (t->now.effect >= WG_E_SUSPEND && t->now.effect <= WG_E_SWAP) return true;
  return strncmp(name, "NtRead", 6) == 0 || strncmp(name, "NtWrite", 7) == 0 || strncmp(name, "NtDevice", 8) == 0;
}

// Its next part may be the last one, for all that the trace tells.
static bool does_work(const struct wg_facts *f, const struct wg_hthread *t, const struct wg_event *e) {
  const struct wg_field *r = wg_ev_get(e, WG_K_ARGS_RESOLVED);
  const char *name = wg_str(&f->side, t->now.call.name);
  if (!f->text_log && r && r->type == WG_F_RAW && r->n > 2) return false;
  if (t->now.nt && (t->now.nt->flags & WG_NT_OPENS) && !t->now.call.path) return true;
  return strncmp(name, "NtRead", 6) == 0 || strncmp(name, "NtWrite", 7) == 0;
}

static void set_call_flags(struct wg_facts *f, struct wg_hthread *t, const struct wg_event *e) {
  if (does_work(f, t, e)) t->now.call.flags |= WG_H_WORK;
  set_open_flags(f, t);
  if (wg_guess_alertable(f, t)) t->now.call.flags |= WG_H_ALERTABLE;
  switch (t->now.effect) {
  case WG_E_QUERY:
  case WG_E_DELAY:
  case WG_E_TRY: t->now.call.flags |= WG_H_FRUITLESS; break;
  case WG_E_ENTER:
  case WG_E_LEAVE:
  case WG_E_RW_ACQUIRE:
  case WG_E_RW_RELEASE: t->now.call.flags |= WG_H_LOCK; break;
  case WG_E_RESUME: t->now.call.flags |= WG_H_RESUME; break;
  case WG_E_SWAP: f->swap_seq = t->now.call.seq; break;
  default: break;
  }
}

// A read, write or the like: its event, and its APC.
static void on_io(struct wg_facts *f, uint32_t thread) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  uint32_t file = wg_facts_target(f, thread);
  uint32_t event =
      t->now.nargs > 1 && t->now.args[1] ? wg_facts_by_handle(f, thread, (uint32_t)t->now.args[1]) : WG_NONE;
  t->now.call.object = file;
  if (event != WG_NONE) {
    struct wg_hobject *o = wg_hobject_at(f, event);
    o->io_thread = thread;
    o->io_idx = t->now.call.idx;
    o->io_name = t->now.call.name;
    o->io_status = 0;
    o->named_by_call = true;
  }
  if (t->now.nargs > 2 && t->now.args[2]) {
    t->apcs++;
    t->apc_by = thread;
    t->apc_idx = t->now.call.idx;
  }
}

void wg_effect_on_call(struct wg_facts *f, uint32_t thread, const struct wg_event *e) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  set_call_flags(f, t, e);
  if (is_news(f, t)) t->news_ns = t->now.call.ns;
  if (t->now.call.flags & WG_H_NAMELESS) return; // it fails
  switch (t->now.effect) {
  case WG_E_SWAP: f->swap_thread = thread; return;
  case WG_E_INTERRUPTS: f->interrupts_seq = t->now.call.seq; return;
  case WG_E_TERMINATE:
    t->exited = true;
    t->exit_idx = t->now.call.idx;
    return;
  case WG_E_INIT_DPC: on_dpc(f, thread, false); return;
  case WG_E_QUEUE_DPC: on_dpc(f, thread, true); return;
  case WG_E_READ: on_io(f, thread); return;
  case WG_E_NONE:
  case WG_E_QUERY:
  case WG_E_DELAY:
  case WG_E_FIRMWARE:
  case WG_E_CREATE_EVENT:
  case WG_E_CREATE_UNSET:
  case WG_E_CREATE_SEMAPHORE:
  case WG_E_CREATE_MUTANT:
  case WG_E_CREATE_TIMER:
  case WG_E_CREATE_THREAD:
  case WG_E_WAIT_ANY: return;
  default: break;
  }
  uint32_t object = wg_facts_target(f, thread);
  if (object != WG_NONE) on_object(f, thread, object, e);
}

static void io_failed(struct wg_facts *f, uint32_t thread, uint32_t status) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  uint32_t event =
      t->now.nargs > 1 && t->now.args[1] ? wg_facts_by_handle(f, thread, (uint32_t)t->now.args[1]) : WG_NONE;
  if (t->apcs && t->now.nargs > 2 && t->now.args[2]) t->apcs--; // none comes
  if (event != WG_NONE) wg_hobject_at(f, event)->io_status = status;
}

void wg_effect_on_return(struct wg_facts *f, uint32_t thread, bool has_rv, uint32_t rv) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  if (has_rv && rv >= 0xC0000000u && t->now.call.signals != WG_NONE) {
    wg_facts_retract(f, t->now.call.signals, thread, t->now.call.idx);
    t->now.call.signals = WG_NONE;
  }
  if (has_rv && rv >= 0xC0000000u && t->now.effect == WG_E_READ) io_failed(f, thread, rv);
  if (has_rv && rv >= 0xC0000000u && t->now.effect >= WG_E_SET && t->now.effect <= WG_E_UNLOCK)
    f->failed = (struct wg_hfailed){thread, t->now.call.idx, t->now.call.name, rv};
  bool lock = t->now.effect == WG_E_ENTER || t->now.effect == WG_E_RW_ACQUIRE;
  if (t->now.effect == WG_E_TRY && has_rv && rv) {
    lock = true;
    t->now.call.flags = (uint16_t)((t->now.call.flags & ~WG_H_FRUITLESS) | WG_H_LOCK);
  }
  if (!lock || t->now.call.object == WG_NONE) return;
  wg_facts_hold(f, t->now.call.object, thread, t->now.call.idx);
  wg_hobject_at(f, t->now.call.object)->exclusive = strstr(wg_str(&f->side, t->now.call.name), "Exclusive") != NULL;
}

void wg_effect_on_created(struct wg_facts *f, uint32_t thread, uint32_t object) {
  wg_type_by_maker(&f->side, object, wg_str(&f->side, wg_hthread_at(f, thread)->now.call.name));
  struct wg_hobject *o = wg_hobject_at(f, object);
  const struct wg_hthread *t = wg_hthread_at(f, thread);
  bool event = t->now.effect == WG_E_CREATE_EVENT;
  if (t->now.effect == WG_E_CREATE_UNSET) o->manual = true;
  if (t->now.nargs < 3) return;
  if (event) {
    o->manual = t->now.args[2] == 0;
    o->state = t->now.nargs > 3 && t->now.args[3] != 0;
  } else if (t->now.effect == WG_E_CREATE_SEMAPHORE) {
    o->state = (uint32_t)t->now.args[2];
    o->limit = t->now.nargs > 3 ? (uint32_t)t->now.args[3] : 0;
  } else if (t->now.effect == WG_E_CREATE_MUTANT && t->now.args[2]) {
    wg_facts_hold(f, object, thread, t->now.call.idx);
  } else if (t->now.effect == WG_E_CREATE_TIMER) {
    o->manual = t->now.args[2] == 0;
  }
}

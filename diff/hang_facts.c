#include "diff/hang_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "diff/hang_watch.h"
#include "nt/status.h"

#define CURRENT_THREAD 0xFFFFFFFEu

// -- tables beside those of the model --

struct wg_hobject *wg_hobject_at(struct wg_facts *f, uint32_t object) {
  WG_VEC_ROOM(f->objects, f->objects_cap, f->side.nobjects);
  for (; f->nobjects < f->side.nobjects; f->nobjects++)
    f->objects[f->nobjects] = (struct wg_hobject){.creator = WG_NONE,
                                                  .touches = WG_NONE,
                                                  .owner = WG_NONE,
                                                  .armed_ns = UINT64_MAX,
                                                  .armed_by = WG_NONE,
                                                  .io_thread = WG_NONE,
                                                  .cancelled_by = WG_NONE};
  return &f->objects[object];
}

struct wg_hthread *wg_hthread_at(struct wg_facts *f, uint32_t thread) {
  WG_VEC_ROOM(f->threads, f->threads_cap, f->side.nthreads);
  for (; f->nthreads < f->side.nthreads; f->nthreads++)
    f->threads[f->nthreads] = (struct wg_hthread){.suspended_by = WG_NONE, .apc_by = WG_NONE};
  return &f->threads[thread];
}

struct wg_htouch *wg_htouch_of(struct wg_facts *f, uint32_t object, uint32_t thread) {
  uint64_t key = (uint64_t)object << 32 | thread, i;
  if (wg_map_get(&f->by_touch, key, &i)) return &f->touches[i];
  WG_VEC_ROOM(f->touches, f->touches_cap, f->ntouches + 1);
  i = f->ntouches++;
  wg_map_put(&f->by_touch, key, i);
  struct wg_hobject *o = wg_hobject_at(f, object);
  f->touches[i] = (struct wg_htouch){.object = object, .thread = thread, .next = o->touches};
  o->touches = (uint32_t)i;
  return &f->touches[i];
}

const struct wg_htouch *wg_facts_touch(const struct wg_facts *f, uint32_t object, uint32_t thread) {
  uint64_t i;
  return wg_map_get(&f->by_touch, (uint64_t)object << 32 | thread, &i) ? &f->touches[i] : NULL;
}

const struct wg_hpair *wg_facts_pair(const struct wg_facts *f, uint32_t giver, uint32_t taker) {
  uint64_t i;
  return wg_map_get(&f->by_pair, (uint64_t)giver << 32 | taker, &i) ? &f->pairs[i] : NULL;
}

static struct wg_hpair *exchange_of(struct wg_facts *f, uint32_t giver, uint32_t taker) {
  uint64_t key = (uint64_t)giver << 32 | taker, i;
  if (wg_map_get(&f->by_pair, key, &i)) return &f->pairs[i];
  WG_VEC_ROOM(f->pairs, f->pairs_cap, f->npairs + 1);
  wg_map_put(&f->by_pair, key, f->npairs);
  f->pairs[f->npairs] = (struct wg_hpair){0};
  return &f->pairs[f->npairs++];
}

struct wg_hdpc *wg_hdpc_of(struct wg_facts *f, uint32_t addr) {
  for (size_t i = 0; i < f->ndpcs; i++)
    if (f->dpcs[i].addr == addr) return &f->dpcs[i];
  WG_VEC_ROOM(f->dpcs, f->dpcs_cap, f->ndpcs + 1);
  f->dpcs[f->ndpcs] = (struct wg_hdpc){.addr = addr, .thread = WG_NONE, .by = WG_NONE, .timer = WG_NONE};
  return &f->dpcs[f->ndpcs++];
}

uint32_t wg_facts_thread_object(struct wg_facts *f, uint32_t thread) {
  struct wg_side *s = &f->side;
  struct wg_dthread *t = &s->threads[thread];
  if (t->object != WG_NONE) return t->object;
  t->object = wg_object_add(s, wg_strings_id(&s->strings, "Thread", 6));
  s->objects[t->object].is_thread = thread;
  wg_hobject_at(f, t->object);
  return t->object;
}

// -- signals and takes --

struct wg_hsignal *wg_facts_signal(const struct wg_hobject *o, uint32_t i) {
  if (i >= o->nsignals || i >= WG_HANG_SIGNALS) return NULL;
  return &o->signals[(o->nsignals - 1 - i) % WG_HANG_SIGNALS];
}

void wg_facts_give(struct wg_facts *f, uint32_t object, const struct wg_hsignal *given, uint32_t count) {
  struct wg_hobject *o = wg_hobject_at(f, object);
  if (o->signals == NULL) o->signals = wg_xcalloc(WG_HANG_SIGNALS, sizeof *o->signals);
  struct wg_hsignal *s = &o->signals[o->nsignals++ % WG_HANG_SIGNALS];
  *s = *given;
  s->previous = o->state > 0;
  s->taker = s->clearer = WG_NONE;
  s->takers = 0;
  o->by_count[s->by]++;
  if (s->by == WG_BY_SYSTEM) {
    if (o->by_count[WG_BY_SYSTEM] == 1) o->first_system_seq = s->seq;
    o->last_system_seq = s->seq;
  }
  uint32_t before = o->state;
  if (s->op == WG_E_SET) o->state = 1;
  if (s->op == WG_E_RELEASE) o->state += count;
  s->raised = o->state - before;
  f->recent[f->nrecent++ % WG_HANG_RECENT] = (struct wg_hrecent){object, s->seq};
  struct wg_htouch *t = wg_htouch_of(f, object, s->thread);
  t->signals++;
  t->signal_seq = s->seq;
  t->signal_idx = s->idx;
}

void wg_facts_retract(struct wg_facts *f, uint32_t object, uint32_t thread, uint32_t idx) {
  struct wg_hobject *o = wg_hobject_at(f, object);
  struct wg_hsignal *s = wg_facts_signal(o, 0);
  if (s == NULL || s->thread != thread || s->idx != idx) return;
  o->nsignals--;
  o->state -= s->raised < o->state ? s->raised : o->state;
  o->by_count[s->by]--;
  wg_htouch_of(f, object, thread)->signals--;
}

void wg_facts_clear(struct wg_facts *f, uint32_t object, uint32_t thread, uint32_t idx) {
  struct wg_hobject *o = wg_hobject_at(f, object);
  struct wg_hsignal *s = wg_facts_signal(o, 0);
  if (s && o->state > 0 && s->clearer == WG_NONE) {
    s->clearer = thread;
    s->cleared_idx = idx;
  }
  o->state = 0;
}

// What the kernel says was there before: a signal that a waiter had been given already is not there, though the waiter
// has not told of it yet.
void wg_facts_previous(struct wg_facts *f, uint32_t object, uint64_t previous) {
  struct wg_hobject *o = wg_hobject_at(f, object);
  struct wg_hsignal *s = wg_facts_signal(o, 0);
  if (s == NULL) return;
  if (s->previous && previous == 0 && !o->manual && s->op == WG_E_SET) o->handed++;
  s->previous = previous != 0;
}

void wg_facts_hold(struct wg_facts *f, uint32_t object, uint32_t thread, uint32_t idx) {
  struct wg_htouch *t = wg_htouch_of(f, object, thread);
  t->held++;
  t->held_idx = idx;
  wg_hobject_at(f, object)->owner = thread;
}

void wg_facts_unhold(struct wg_facts *f, uint32_t object, uint32_t thread) {
  struct wg_htouch *t = wg_htouch_of(f, object, thread);
  if (t->held == 0 || --t->held) return;
  struct wg_hobject *o = wg_hobject_at(f, object);
  if (o->owner != thread) return;
  o->owner = WG_NONE; // unless others read under it
  for (uint32_t i = o->touches; i != WG_NONE; i = f->touches[i].next)
    if (f->touches[i].held) o->owner = f->touches[i].thread;
}

static struct wg_hsignal *signal_to_take(struct wg_hobject *o) {
  struct wg_hsignal *found = NULL, *s;
  for (uint32_t i = 0; (s = wg_facts_signal(o, i)); i++) {
    if (s->clearer != WG_NONE || (!o->manual && s->taker != WG_NONE)) continue;
    found = s;
    if (o->handed == 0) break; // the latest; else the oldest
  }
  return found;
}

// A wait has ended by it.
static void take_given(struct wg_facts *f, uint32_t object, uint32_t thread, uint32_t seq, uint32_t idx) {
  struct wg_htouch *t = wg_htouch_of(f, object, thread);
  struct wg_hobject *o = wg_hobject_at(f, object);
  t->takes++;
  t->take_seq = seq;
  t->take_idx = idx;
  if (wg_facts_type_is(f, object, "Mutant")) wg_facts_hold(f, object, thread, idx);
  if (wg_facts_type_is(f, object, "Timer")) o->fired = true;
  struct wg_hsignal *s = signal_to_take(o);
  if (o->handed)
    o->handed--;
  else if (!o->manual && o->state)
    o->state--;
  if (s == NULL) return;
  if (s->takers++ == 0) {
    s->taker = thread;
    s->taken_seq = seq;
  }
  if (s->by == WG_BY_SYSTEM || s->timer != WG_NONE) return; // nobody asked for it
  struct wg_hpair *p = exchange_of(f, s->thread, thread);
  *p = (struct wg_hpair){seq, s->seq, object, s->idx};
}

// -- what a call names, and how waits end --

uint32_t wg_facts_by_handle(struct wg_facts *f, uint32_t thread, uint32_t handle) {
  uint64_t id;
  if (handle == CURRENT_THREAD) return wg_facts_thread_object(f, thread);
  return wg_map_get(&f->side.by_handle, handle, &id) ? (uint32_t)id : WG_NONE;
}

uint32_t wg_facts_target(struct wg_facts *f, uint32_t thread) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  if (t->now.nargs == 0) return WG_NONE;
  if (wg_call_by_handle(t->now.nt, wg_str(&f->side, t->now.call.name)))
    return wg_facts_by_handle(f, thread, (uint32_t)t->now.args[0]);
  uint32_t object = wg_object_by_guest(&f->side, (uint32_t)t->now.args[0]);
  if (object != WG_NONE) wg_hobject_at(f, object)->kernel = true;
  return object;
}

bool wg_hthread_resume(struct wg_hthread *t) {
  struct wg_hnow *o = t->now.outer;
  if (o == NULL) return false;
  t->now = *o;
  free(o);
  return true;
}

void wg_facts_end_wait(struct wg_facts *f, uint32_t thread, bool taken, uint32_t status) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  struct wg_hwait w = t->now.wait;
  t->now.wait.open = false;
  if (!w.open) return;
  if (t->last_ns > w.ns && t->last_ns - w.ns > t->longest_ns) t->longest_ns = t->last_ns - w.ns;
  if (t->last_seq - w.seq > t->longest_events) t->longest_events = t->last_seq - w.seq;
  t->waited = true;
  if (w.timeout_ns >= 0 && t->last_ns > w.ns) t->timed_ns += t->last_ns - w.ns;
  if (w.timeout_ns < 0 && t->now.effect != WG_E_ENTER) t->news_ns = t->last_ns; // work came
  if (t->now.call.flags & WG_H_NAMELESS) return;
  if (w.n && t->now.effect != WG_E_SET_AND_WAIT) t->now.call.object = w.objects[0];
  if (w.n > 1 && taken && (status & 0x3F) < w.n) t->now.call.object = w.objects[status & 0x3F];
  if (!taken) {
    if (status != STATUS_USER_APC) t->now.call.flags |= WG_H_FRUITLESS; // what an APC did is not known
    return;
  }
  for (uint32_t i = 0; i < w.n; i++)
    if (w.all || i == (status & 0x3F))
      take_given(f, w.objects[i], thread, f->side.events > 0 ? (uint32_t)f->side.events : 0, w.idx);
}

void wg_facts_release(struct wg_facts *f) {
  for (size_t i = 0; i < f->nobjects; i++) free(f->objects[i].signals);
  for (size_t i = 0; i < f->nthreads; i++) {
    while (wg_hthread_resume(&f->threads[i])) continue;
    free(f->threads[i].calls);
  }
  free(f->objects);
  free(f->threads);
  free(f->touches);
  free(f->pairs);
  free(f->dpcs);
  free(f->effects);
  free(f->arrays);
  wg_map_release(&f->named);
  wg_map_release(&f->closed);
  wg_map_release(&f->by_touch);
  wg_map_release(&f->by_pair);
  wg_side_release(&f->side);
  *f = (struct wg_facts){0};
}

#include "diff/law_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_iter.h"
#include "base/vec.h"

// -- what events tell --

bool wg_law_told(const struct wg_event *e, const char *key, uint64_t *v) {
  const struct wg_field *out = wg_ev_get(e, WG_K_OUT);
  struct wg_json_iter it;
  struct wg_json_member m;
  if (out == NULL || out->type != WG_F_RAW || !wg_json_walk(&it, out->s, out->n)) return false;
  while (wg_json_next(&it, &m))
    if (wg_json_is(&m, key)) return wg_json_int(&m, v);
  return false;
}

// -- tables that grow with the model's --

struct wg_lobject *wg_law_object(struct wg_law_state *st, uint32_t id) {
  if (id >= st->nobjects) {
    size_t n = wg_vec_more(st->nobjects, (size_t)id + 64, sizeof *st->objects);
    WG_VEC_MOVE(st->objects, n);
    for (size_t i = st->nobjects; i < n; i++)
      st->objects[i] = (struct wg_lobject){.high = WG_LAW_HIGH,
                                           .owner = WG_NONE,
                                           .refused = {.thread = WG_NONE},
                                           .unheard = {.thread = WG_NONE},
                                           .made = {.thread = WG_NONE},
                                           .raised = {.thread = WG_NONE},
                                           .lowered = {.thread = WG_NONE},
                                           .due_ns = UINT64_MAX};
    st->nobjects = n;
  }
  return &st->objects[id];
}

struct wg_lthread *wg_law_thread(struct wg_law_state *st, uint32_t id) {
  if (id >= st->nthreads) {
    size_t n = wg_vec_more(st->nthreads, (size_t)id + 16, sizeof *st->threads);
    WG_VEC_MOVE(st->threads, n);
    memset(st->threads + st->nthreads, 0, (n - st->nthreads) * sizeof *st->threads);
    for (size_t i = st->nthreads; i < n; i++) st->threads[i].enter.lock = st->threads[i].held.denied.thread = WG_NONE;
    st->nthreads = n;
  }
  return &st->threads[id];
}

const struct wg_lwait *wg_law_innermost(const struct wg_lthread *t) {
  return t->nwaits ? &t->wait[t->nwaits - 1] : NULL;
}

void wg_law_broken(struct wg_laws *l, enum wg_law law, const struct wg_lplace *by, uint32_t thread, uint64_t idx) {
  if (by->thread == WG_NONE) return;
  WG_VEC_ROOM(l->list, l->cap, l->n + 1);
  l->list[l->n++] =
      (struct wg_breach){law, by->thread, by->idx, by->seq, by->name, thread, (uint32_t)idx, WG_NONE, false};
}

void wg_law_broken_about(struct wg_laws *l, struct wg_lobject *o, enum wg_law law, const struct wg_lplace *by,
                         uint32_t thread, uint64_t idx) {
  size_t n = l->n;
  if (!o->broken) wg_law_broken(l, law, by, thread, idx);
  for (; n < l->n; n++) l->list[n].object = (uint32_t)(o - l->state->objects);
  o->broken = true;
}

// -- state --

void wg_law_raise(struct wg_lobject *o, int32_t by, const struct wg_lplace *at) {
  if (o->kind == WG_LK_COUNTS) {
    o->low += by;
    if (o->high < WG_LAW_HIGH - by) o->high += by;
  } else {
    o->low = o->high = 1;
  }
  o->raised = *at;
  o->by_system = at->thread == WG_NONE;
  o->silent = false;
  o->taken = false;
}

void wg_law_lower(struct wg_lobject *o, const struct wg_lplace *at) {
  o->low = o->high = 0;
  o->lowered = *at;
}

// A wait that ended takes what it waited for.
void wg_law_take(struct wg_lobject *o, uint32_t thread, const struct wg_lplace *at) {
  switch ((enum wg_law_kind)o->kind) {
  case WG_LK_TAKES: wg_law_lower(o, at); break;
  case WG_LK_KEEPS: break;
  case WG_LK_COUNTS:
    if (o->low > 0) o->low--;
    if (o->high > 0 && o->high < WG_LAW_HIGH) o->high--;
    o->lowered = *at;
    break;
  case WG_LK_MUTANT:
    o->depth = o->owner == thread ? o->depth + 1 : 1;
    o->owner = thread;
    wg_law_lower(o, at);
    break;
  case WG_LK_UNKNOWN: o->low = 0; break;
  }
  o->taken = true;
}

bool wg_law_ready(const struct wg_lobject *o, uint32_t thread) {
  return !o->broken && (o->low > 0 || (o->kind == WG_LK_MUTANT && o->owner == thread));
}

// It was signalled, and a wait for it blocked: who is to blame?
void wg_law_ignored(struct wg_laws *l, struct wg_lobject *o, uint32_t thread, uint64_t idx) {
  bool kind = o->kind == WG_LK_KEEPS && o->taken && o->made.thread != WG_NONE;
  if (kind)
    wg_law_broken_about(l, o, WG_LAW_KIND, &o->made, thread, idx);
  else if (o->raised.thread != WG_NONE)
    wg_law_broken_about(l, o, WG_LAW_SIGNALLED, &o->raised, thread, idx);
  else if (!o->by_system)
    wg_law_broken_about(l, o, WG_LAW_INITIAL, &o->made, thread, idx);
  o->broken = true;
}

// What a wait took is there again, or a count is another than it was asked to be: it was made otherwise.
static enum wg_law made_otherwise(const struct wg_lobject *o) {
  return o->kind == WG_LK_COUNTS ? WG_LAW_INITIAL : WG_LAW_KIND;
}

// It was not, and a wait for it went through.
void wg_law_unfounded(struct wg_laws *l, struct wg_lobject *o, uint32_t thread, uint64_t idx) {
  bool kept = o->kind == WG_LK_MUTANT && o->owner == WG_NONE; // whoever gave it up has it still
  const struct wg_lplace *by = o->unheard.thread != WG_NONE ? &o->unheard : &o->raised;
  if (kept && by->thread != WG_NONE)
    wg_law_broken_about(l, o, WG_LAW_STATE, by, thread, idx);
  else if (o->lowered.thread == WG_NONE)
    wg_law_broken_about(l, o, WG_LAW_INITIAL, &o->made, thread, idx);
  else if (o->taken)
    wg_law_broken_about(l, o, made_otherwise(o), &o->made, thread, idx);
  else
    wg_law_broken_about(l, o, WG_LAW_RESET, &o->lowered, thread, idx);
}

// What a call says the state was before it.
void wg_law_previous(struct wg_laws *l, struct wg_lobject *o, int64_t previous, uint32_t thread, uint64_t idx) {
  if ((previous >= o->low && previous <= o->high) || o->kind == WG_LK_UNKNOWN || o->kind == WG_LK_MUTANT) return;
  bool less = previous < o->low;
  bool kept = less && o->kind == WG_LK_KEEPS;                     // no wait takes it
  if ((!less || kept) && o->taken && o->made.thread != WG_NONE) { // a wait took it, or did not
    wg_law_broken_about(l, o, made_otherwise(o), &o->made, thread, idx);
    return;
  }
  const struct wg_lplace *by = less ? &o->raised : &o->lowered;
  bool first = by->thread == WG_NONE || (o->raised.thread == WG_NONE && o->lowered.thread == WG_NONE);
  wg_law_broken_about(l, o, first ? WG_LAW_INITIAL : WG_LAW_STATE, first ? &o->made : by, thread, idx);
}

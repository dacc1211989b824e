// Threads: how they are made, and whether they run while they are suspended.
#include <string.h>

#include "base/json_iter.h"
#include "diff/law_state.h"
#include "trace/event.h"

#define CREATE_SUSPENDED 1u
#define XAM_SUSPENDED 4u
#define MOST 127u // times that one can be suspended

uint32_t wg_law_thread_given(const struct wg_law_state *st, const struct wg_side *s, const struct wg_lcall *c,
                             uint64_t pointer) {
  uint64_t thread;
  if (wg_map_get(&st->pointers, (uint32_t)pointer, &thread)) return (uint32_t)thread;
  return c->object == WG_NONE ? WG_NONE : s->objects[c->object].is_thread;
}

// The thread that a call is about, as the trace names it; WG_NONE: it does not.
uint32_t wg_law_thread_named(const struct wg_side *s, const struct wg_event *e) {
  const struct wg_field *r = wg_ev_get(e, WG_K_ARGS_RESOLVED);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t hsid, object;
  if (r == NULL || r->type != WG_F_RAW || !wg_json_walk(&it, r->s, r->n)) return WG_NONE;
  while (wg_json_next(&it, &m)) {
    if (!wg_json_is(&m, "object") || !wg_hsid_text(&m, &hsid)) continue;
    if (!wg_map_get(&s->by_hsid, hsid, &object)) return WG_NONE;
    return s->objects[object].is_thread;
  }
  return WG_NONE;
}

static uint32_t word_or(const struct wg_event *e, enum wg_key key, uint32_t otherwise) {
  uint64_t v;
  return wg_ev_u64(e, key, &v) ? (uint32_t)v : otherwise;
}

// Where it begins, with what, and whether it runs at once: as the call was asked.
void wg_law_made_thread(struct wg_laws *l, const struct wg_side *s, const struct wg_lcall *c,
                        const struct wg_event *e) {
  uint64_t child;
  unsigned arg = c->row->arg;
  if (c->op != WG_L_MAKE_THREAD || c->nargs < arg + 3u || !wg_ev_u64(e, WG_K_CHILD, &child)) return;
  const struct wg_dthread *d = wg_side_thread(s, (uint32_t)child);
  uint32_t entry = (uint32_t)c->args[arg], ctx = (uint32_t)c->args[arg + 1];
  uint32_t asked = (uint32_t)c->args[arg + 2], told = word_or(e, WG_K_FLAGS, asked), all = UINT32_MAX, flags = asked;
  if (strcmp(c->nt ? c->nt->name : "", "ExCreateThread") != 0) { // XAM's: as Windows says it
    all = CREATE_SUSPENDED;
    flags = asked & XAM_SUSPENDED ? CREATE_SUSPENDED : 0;
  }
  if (word_or(e, WG_K_ENTRY, entry) != entry || word_or(e, WG_K_CTX, ctx) != ctx || ((told ^ flags) & all))
    wg_law_broken(l, WG_LAW_THREAD, &c->at, c->at.thread, e->idx);
  if (d == NULL) return;
  struct wg_lheld *h = &wg_law_thread(l->state, (uint32_t)(d - s->threads))->held;
  bool held = word_or(e, WG_K_FLAGS, flags) & CREATE_SUSPENDED;
  *h = (struct wg_lheld){
      .count = held, .known = true, .let = !held, .by = c->at, .denied = {.thread = WG_NONE}, .ns = e->host_ns};
}

// A call said that the one before it, which lets the thread run, did nothing. If it runs though it should be suspended
// still, that was not so.
static void settle_held(struct wg_laws *l, struct wg_lheld *h, bool runs, uint32_t thread, uint64_t idx) {
  if (h->denied.thread == WG_NONE) return;
  bool lied = runs && h->count;
  wg_law_broken(l, lied ? WG_LAW_ANSWER : WG_LAW_RESUMES, lied ? &h->denied : &h->let_by, thread, idx);
  if (lied) h->count = 0;
  h->denied.thread = WG_NONE;
}

void wg_law_thread_runs(struct wg_laws *l, uint32_t thread, const struct wg_event *e) {
  struct wg_lheld *h = &wg_law_thread(l->state, thread)->held;
  if (h->known && h->count && !h->ran && !h->let) wg_law_broken(l, WG_LAW_SUSPENDS, &h->by, thread, e->idx);
  settle_held(l, h, true, thread, e->idx);
  h->ran = true;
}

// How often it was suspended before, as the call tells.
static bool told_before(const struct wg_lcall *c, const struct wg_event *e, uint32_t *before) {
  uint64_t v = 0;
  bool told = c->nt && c->nt->ret == 'd' ? wg_ev_u64(e, WG_K_RV, &v) : wg_law_told(e, "previous", &v);
  *before = (uint32_t)v;
  return told;
}

// Another state than the last call on the thread left: that call did nothing, or this one tells something else. Whether
// the thread has run since says which.
static void check_before(struct wg_laws *l, struct wg_lheld *h, const struct wg_lcall *c, uint32_t before,
                         const struct wg_event *e) {
  bool suspended = before > h->count; // more than it should be
  if (before == h->count) return;
  if (suspended && !h->ran && h->let) {
    h->denied = c->at;
    h->let_by = h->by;
  } else if (!suspended && h->ran && !h->let) {
    wg_law_broken(l, WG_LAW_SUSPENDS, &h->by, c->at.thread, e->idx);
  } else {
    wg_law_broken(l, WG_LAW_ANSWER, &c->at, c->at.thread, e->idx);
  }
}

void wg_law_suspends(struct wg_laws *l, const struct wg_side *s, const struct wg_lcall *c, bool ok,
                     const struct wg_event *e) {
  uint32_t to = c->owner, before;
  if (to == WG_NONE && c->nargs) to = wg_law_thread_given(l->state, s, c, c->args[0]);
  if (!ok && to != WG_NONE) { // it failed, or says so
    wg_law_thread(l->state, to)->held.known = false;
    return;
  }
  if (to == WG_NONE) { // one of them
    for (size_t i = 0; i < l->state->nthreads; i++) l->state->threads[i].held.known = false;
    return;
  }
  struct wg_lheld *h = &wg_law_thread(l->state, to)->held;
  settle_held(l, h, false, c->at.thread, e->idx);
  if (told_before(c, e, &before)) {
    if (h->known) check_before(l, h, c, before, e);
    h->count = before;
    h->known = true;
  }
  bool resumes = c->op == WG_L_RESUME;
  if (resumes)
    h->count -= h->count != 0;
  else if (h->count < MOST)
    h->count++;
  h->ran = false;
  h->let = resumes;
  h->by = c->at;
  h->ns = e->host_ns;
}

// Let go, and when nothing else can run it still does not: it has not begun, or does not go on from where it was.
void wg_law_threads_end(struct wg_laws *l, const struct wg_side *s) {
  for (uint32_t i = 0; i < l->state->nthreads && i < s->nthreads; i++) {
    struct wg_lheld *h = &l->state->threads[i].held;
    settle_held(l, h, false, i, 0);
    const struct wg_dthread *d = &s->threads[i];
    if (!h->known || h->count || h->ran || !h->let || d->exited || l->state->threads[i].nwaits) continue;
    if (h->by.thread != WG_NONE && wg_side_wedged(s)) wg_law_broken(l, WG_LAW_RESUMES, &h->by, i, 0);
  }
}

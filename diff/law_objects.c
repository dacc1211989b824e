// What calls do to objects: make them, signal them, take their packets, hold them as locks.
#include <limits.h>
#include <string.h>

#include "base/json_iter.h"
#include "base/vec.h"
#include "diff/law_state.h"
#include "trace/event.h"

// -- making --

void wg_law_make(struct wg_law_state *st, const struct wg_side *s, const struct wg_lcall *c, uint32_t object) {
  const struct wg_dobject *d = &s->objects[object];
  if (d->thread != c->at.thread || d->step != c->step) return; // it was there before
  struct wg_lobject *o = wg_law_object(st, object);
  unsigned arg = c->row->arg;
  if (arg >= c->nargs && c->op != WG_L_MAKE_UNSET) return;
  bool handle = d->by_handle;
  uint64_t v = arg < c->nargs ? c->args[arg] : 0, next = (size_t)arg + 1 < c->nargs ? c->args[arg + 1] : 0;
  o->made = c->at;
  switch ((enum wg_law_op)c->op) {
  case WG_L_MAKE_EVENT:
    o->kind = (uint32_t)v == 0 ? WG_LK_KEEPS : WG_LK_TAKES;
    o->low = o->high = (handle ? next & 0xFF : (uint32_t)next) != 0;
    break;
  case WG_L_MAKE_UNSET:
    o->kind = WG_LK_KEEPS;
    o->low = o->high = 0;
    break;
  case WG_L_MAKE_SEMAPHORE:
    o->kind = WG_LK_COUNTS;
    o->low = o->high = (int32_t)v;
    break;
  case WG_L_MAKE_MUTANT:
    o->kind = WG_LK_MUTANT;
    o->low = o->high = (v & 0xFF) == 0;
    if ((v & 0xFF) != 0) o->owner = c->at.thread, o->depth = 1;
    break;
  case WG_L_MAKE_TIMER:
    o->timer = true;
    o->kind = (uint32_t)v == 0 ? WG_LK_KEEPS : WG_LK_TAKES;
    o->low = o->high = 0;
    break;
  default: break;
  }
}

// -- timers --

int64_t wg_law_after_ns(int64_t units) { return units > 0 || units < -(INT64_MAX / 200) ? -2 : -units * 100; }

void wg_law_check_fired(struct wg_laws *l, struct wg_lobject *o, uint64_t now) {
  if (!o->armed || o->due_ns == UINT64_MAX) return;
  if (now + o->after_ns > o->due_ns) // so long it has not gone off
    wg_law_span(l, &(struct wg_lspan){o->raised, o->raised.thread, o->raised.idx, o->after_ns,
                                      now + o->after_ns - o->due_ns, WG_LAW_FIRES, true});
  if (!l->state->timed || o->due_ns + WG_LAW_SLACK_NS >= now) return;
  wg_law_broken_about(l, o, WG_LAW_FIRES, &o->raised, o->raised.thread, o->raised.idx);
}

#define OFTEN 16u          // times what it should have taken
#define LONG_NS 100000000u // and so long beside that: whatever clock told the times

void wg_law_check_ever_fired(struct wg_laws *l, struct wg_lobject *o, uint64_t until) {
  if (l->state->timed || !o->armed || o->due_ns == UINT64_MAX || o->after_ns > UINT64_MAX / 2 / OFTEN) return;
  if (until < LONG_NS || until - LONG_NS < o->due_ns || until - LONG_NS - o->due_ns < OFTEN * o->after_ns) return;
  wg_law_broken_about(l, o, WG_LAW_FIRES_EVER, &o->raised, o->raised.thread, o->raised.idx);
}

void wg_law_stop_timer(struct wg_lobject *o, const struct wg_lplace *at) {
  wg_law_lower(o, at);
  o->taken = false;
  o->raised = *at;
  o->armed = o->cancelled = o->fired = false;
  o->due_ns = UINT64_MAX;
}

static bool ex_of(const struct wg_lcall *c) { return strstr(c->row->name, "Ex") != NULL; }

void wg_law_set_timer(struct wg_lobject *o, const struct wg_lcall *c, uint64_t now) {
  bool nt = c->nargs > 4; // NtSetTimerEx takes a pointer to the time
  int64_t after = nt ? c->asked_ns : wg_law_after_ns((int64_t)c->args[1]);
  bool known = nt ? after >= 0 : after > 0;
  size_t at = nt ? 6 : 2; // milliseconds between one time and the next
  bool ex = nt || ex_of(c);
  o->apc = nt ? (uint32_t)c->args[2] : 0;
  o->apc_ctx = nt ? (uint32_t)c->args[4] : 0;
  size_t dpc = nt ? c->nargs : ex_of(c) ? 3 : 2;
  o->dpc = dpc < c->nargs ? (uint32_t)c->args[dpc] : 0;
  o->period_ns = ex && at < c->nargs ? (uint64_t)(uint32_t)c->args[at] * 1000000u : 0;
  o->armed = !o->fired || o->period_ns;
  o->due_ns = known && !o->fired ? now + (uint64_t)after : UINT64_MAX;
  o->after_ns = known ? (uint64_t)after : 0;
}

// -- packets --

void wg_law_put_packet(struct wg_lobject *o, const struct wg_lcall *c) {
  if (c->nargs < 5) return;
  WG_VEC_ROOM(o->queue, o->cap, o->tail + 1);
  struct wg_lpacket *p = &o->queue[o->tail++];
  for (unsigned i = 0; i < 4; i++) p->word[i] = (uint32_t)c->args[i + 1];
  p->by = c->at;
}

void wg_law_get_packet(struct wg_laws *l, struct wg_lobject *o, const struct wg_event *e, const struct wg_lplace *at) {
  uint32_t thread = at->thread;
  static const char *const keys[] = {"key", "value", "io_status", "information"};
  const struct wg_field *out = wg_ev_get(e, WG_K_OUT);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t word[4] = {0}, v;
  unsigned known = 0;
  if (out == NULL || out->type != WG_F_RAW || !wg_json_walk(&it, out->s, out->n)) return;
  while (wg_json_next(&it, &m))
    for (unsigned i = 0; i < 4; i++)
      if (wg_json_is(&m, keys[i]) && wg_json_int(&m, &v)) {
        word[i] = (uint32_t)v;
        known |= 1u << i;
      }
  if (known != 15) return;
  for (uint32_t i = o->head; i < o->tail; i++) {
    if (memcmp(o->queue[i].word, word, sizeof word) != 0) continue;
    if (i != o->head) wg_law_broken_about(l, o, WG_LAW_PACKET, &o->queue[o->head].by, thread, e->idx);
    o->head = i + 1;
    return;
  }
  // The one that is first, but for a word that nobody put in it.
  if (o->head == o->tail || memcmp(o->queue[o->head].word, word, 2 * sizeof *word) != 0) return;
  if (!o->broken) wg_law_broken(l, WG_LAW_ANSWER, at, thread, e->idx);
  o->head++;
}

// -- signals --

uint32_t wg_law_amount(const struct wg_lcall *c) {
  return c->op == WG_L_RELEASE && c->row->arg < c->nargs ? (uint32_t)c->args[c->row->arg] : 1;
}

// How many waits a signal must have ended by now.
static uint32_t due_wakes(const struct wg_lobject *o, const struct wg_lcall *c) {
  uint64_t by = 1;
  if (c->op == WG_L_RELEASE) by = wg_law_amount(c);
  if (c->op == WG_L_UNLOCK || o->kind == WG_LK_UNKNOWN) by = 1;
  if (o->kind == WG_LK_KEEPS) by = c->waiting;
  return by < c->waiting ? (uint32_t)by : c->waiting;
}

void wg_law_signalled(struct wg_laws *l, struct wg_lcall *c) {
  l->state->unseen++;
  struct wg_lobject *o = wg_law_object(l->state, c->object);
  if (c->op == WG_L_UNLOCK || (c->op == WG_L_SIGNAL_AND_WAIT && o->kind == WG_LK_MUTANT)) {
    if (o->owner == c->at.thread && o->depth > 1) {
      o->depth--;
      return;
    }
    if (o->owner == c->at.thread) o->owner = WG_NONE, o->depth = 0, o->raised = c->at;
  }
  uint32_t ended = c->waiting > o->waiting ? c->waiting - o->waiting : 0;
  bool others = c->all_ended != o->all_ended; // who waits for all of several may have taken it
  if (!o->broken && !others && ended < due_wakes(o, c)) {
    bool kind = o->kind == WG_LK_KEEPS && ended && o->made.thread != WG_NONE; // it wakes one where it should wake all
    wg_law_broken_about(l, o, kind ? WG_LAW_KIND : WG_LAW_WAKES, kind ? &o->made : &c->at, c->at.thread, c->at.idx);
    return;
  }
  if (c->signalled || c->op == WG_L_PULSE) return; // the event told the rest
  if (ended) return;
  wg_law_raise(o, (int32_t)wg_law_amount(c), &c->at);
  if (o->kind == WG_LK_MUTANT && o->unheard.thread == WG_NONE) o->unheard = c->at;
  o->silent = true;
}

void wg_law_check_depth(struct wg_laws *l, struct wg_lobject *o, const struct wg_lcall *c, const struct wg_event *e) {
  uint64_t previous;
  bool known = o->kind == WG_LK_MUTANT && o->owner == c->at.thread && o->raised.thread == WG_NONE;
  if (!known || !wg_law_told(e, "previous", &previous) || (int32_t)previous == 1 - (int32_t)o->depth) return;
  wg_law_broken_about(l, o, WG_LAW_INITIAL, &o->made, c->at.thread, c->at.idx);
}

// -- locks that many may have to read --

bool wg_law_writes(const struct wg_lcall *c) { return strstr(c->row->name, "Exclusive") != NULL; }

// Who may not be in it with those who are goes on, though none of them has begun to leave.
void wg_law_acquired_rw(struct wg_laws *l, struct wg_lobject *o, const struct wg_lcall *c, uint64_t idx) {
  if (c->taken && !c->waited && o->holders && o->releases == c->releases)
    wg_law_broken_about(l, o, WG_LAW_ENTERS, &c->at, c->at.thread, idx);
  o->acquiring -= o->acquiring != 0;
  o->holders++;
  o->to_write = wg_law_writes(c);
}

// The last who has the lock lets somebody in who waits.
void wg_law_released_rw(struct wg_laws *l, struct wg_lobject *o, const struct wg_lcall *c) {
  o->raised = c->at;
  o->leaving -= o->leaving != 0;
  if (o->holders == 0 || --o->holders || o->acquiring == 0 || c->gave) return;
  wg_law_broken_about(l, o, WG_LAW_WAKES, &c->at, c->at.thread, c->at.idx);
}

// Nobody has the lock, nobody else wants it, and who comes has to wait.
void wg_law_blocked_rw(struct wg_laws *l, struct wg_lobject *o, uint32_t thread, uint64_t idx) {
  if (o->holders || o->acquiring > 1) return;
  wg_law_broken_about(l, o, WG_LAW_SIGNALLED, &o->raised, thread, idx);
}

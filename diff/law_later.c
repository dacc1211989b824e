// What calls have run later: APCs, DPCs and callbacks of devices. Each event that one runs is told.
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "diff/law_state.h"
#include "trace/event.h"

#define DPC_NS 1000000u // no processor is at the level of DPCs for so long

// How long after its registration a callback comes for the first time, and more.
static const uint64_t first_ns[WG_LAW_CALLBACKS] = {[WG_LAW_INTERRUPT] = 16666667, [WG_LAW_AUDIO] = 5333334};

// -- APCs: each thread runs its own in the order in which they were queued --

void wg_law_queue_apc(struct wg_laws *l, uint32_t thread, uint32_t entry, uint32_t ctx, const struct wg_lplace *by) {
  struct wg_lthread *t = wg_law_thread(l->state, thread);
  WG_VEC_ROOM(t->queue, t->queue_cap, t->nqueue + 1);
  t->queue[t->nqueue++] = (struct wg_lapc){.by = *by, .entry = entry, .ctx = ctx};
}

// The latest one is.
void wg_law_apc_is_given(struct wg_laws *l, uint32_t thread, const uint64_t args[2]) {
  struct wg_lthread *t = wg_law_thread(l->state, thread);
  struct wg_lapc *a = &t->queue[t->nqueue - 1];
  a->told = true;
  for (int i = 0; i < 2; i++) a->args[i] = (uint32_t)args[i];
}

// A timer has one APC, which is not in the queue twice. One whose thread waits for it runs at once, and is told of
// first.
void wg_law_queue_timer_apc(struct wg_laws *l, const struct wg_lobject *o, uint64_t ns, uint32_t seq) {
  struct wg_lthread *t = wg_law_thread(l->state, o->raised.thread);
  if (t->early.entry == o->apc && t->early.ctx == o->apc_ctx && t->early.ns + WG_LAW_SLACK_NS > ns) {
    t->early.entry = 0;
    return;
  }
  for (uint32_t i = 0; i < t->nqueue; i++)
    if (t->queue[i].timer_ns && t->queue[i].entry == o->apc && t->queue[i].ctx == o->apc_ctx) return;
  wg_law_queue_apc(l, o->raised.thread, o->apc, o->apc_ctx, &o->raised);
  t->queue[t->nqueue - 1].timer_ns = ns;
  t->queue[t->nqueue - 1].timer_seq = seq;
}

// Beside the wait: for a while, or where nothing is known of the clock it went off before the wait even began.
void wg_law_timer_apc_due(struct wg_laws *l, uint32_t thread, const struct wg_lwait *w, uint64_t ns, uint64_t idx) {
  struct wg_lthread *t = wg_law_thread(l->state, thread);
  for (uint32_t i = 0; i < t->nqueue; i++) {
    const struct wg_lapc *a = &t->queue[i];
    bool due = l->state->timed ? ns > a->timer_ns + WG_LAW_SLACK_NS : w->at.seq > a->timer_seq;
    if (a->timer_ns == 0 || !due) continue;
    wg_law_broken(l, WG_LAW_TIMER_APC, &t->queue[i].by, thread, idx);
    t->queue[i].timer_ns = UINT64_MAX / 2; // once
    t->queue[i].timer_seq = UINT32_MAX;
    return;
  }
}

static void leave_queue(struct wg_lthread *t, uint32_t from, uint32_t n) {
  memmove(t->queue + from, t->queue + from + n, (t->nqueue - from - n) * sizeof *t->queue);
  t->nqueue -= n;
}

// The latest of its like.
void wg_law_unqueue_apc(struct wg_laws *l, uint32_t thread, uint32_t entry, uint32_t ctx) {
  struct wg_lthread *t = wg_law_thread(l->state, thread);
  for (uint32_t i = t->nqueue; i-- > 0;)
    if (t->queue[i].entry == entry && t->queue[i].ctx == ctx) {
      leave_queue(t, i, 1);
      return;
    }
}

// What an event says that its routine was given, beside what was asked for.
enum given { NOT_TOLD, AS_ASKED, OTHERWISE };
static enum given was_given(bool told, const uint32_t asked[2], const struct wg_event *e) {
  const struct wg_field *f = wg_ev_get(e, WG_K_ARGS);
  if (!told || f == NULL || f->type != WG_F_HEXES || f->n != 2) return NOT_TOLD;
  return (uint32_t)f->v[0] == asked[0] && (uint32_t)f->v[1] == asked[1] ? AS_ASKED : OTHERWISE;
}

static bool is_call_of(const struct wg_lapc *a, uint32_t entry, uint32_t ctx) {
  return a->entry == entry && a->ctx == ctx;
}

// It is the one that ran last, with all that it was given.
static bool ran_again(const struct wg_lthread *t, uint32_t entry, uint32_t ctx, const struct wg_event *e) {
  return is_call_of(&t->last, entry, ctx) && was_given(t->last.told, t->last.args, e) == AS_ASKED;
}

// Of several calls of one routine for one context, from `i` on, the first that asked for these arguments; `i` if none
// did.
static uint32_t first_given(const struct wg_lthread *t, uint32_t i, const struct wg_event *e) {
  for (uint32_t k = i; k < t->nqueue; k++)
    if (is_call_of(&t->queue[k], t->queue[i].entry, t->queue[i].ctx) &&
        was_given(t->queue[k].told, t->queue[k].args, e) != OTHERWISE)
      return k;
  return i;
}

void wg_law_on_apc(struct wg_laws *l, uint32_t thread, const struct wg_event *e) {
  struct wg_lthread *t = wg_law_thread(l->state, thread);
  uint64_t entry, ctx;
  l->tells_apcs = true;
  if (!wg_ev_u64(e, WG_K_ENTRY, &entry) || !wg_ev_u64(e, WG_K_CTX, &ctx)) return;
  for (uint32_t i = 0; i < t->nqueue; i++) {
    if (!is_call_of(&t->queue[i], (uint32_t)entry, (uint32_t)ctx)) continue;
    const struct wg_lapc *next = &t->queue[i];
    if (was_given(next->told, next->args, e) == OTHERWISE && ran_again(t, (uint32_t)entry, (uint32_t)ctx, e)) break;
    i = first_given(t, i, e);
    if (i) wg_law_broken(l, WG_LAW_APC, &t->queue[0].by, thread, e->idx);
    const struct wg_lapc *a = &t->queue[i];
    if (was_given(a->told, a->args, e) == OTHERWISE) wg_law_broken(l, WG_LAW_APC_GIVEN, &a->by, thread, e->idx);
    t->last = *a;
    leave_queue(t, 0, i + 1);
    t->ran = true;
    t->apcs = t->nqueue; // one that is queued while another runs is run after it, without a wait
    return;
  }
  if (ran_again(t, (uint32_t)entry, (uint32_t)ctx, e)) wg_law_broken(l, WG_LAW_APC_AGAIN, &t->last.by, thread, e->idx);
  t->early = (struct wg_learly){(uint32_t)entry, (uint32_t)ctx, e->host_ns};
}

// One wait lets all of them run, and a wait within the one that runs those that are left.
void wg_law_apcs_due(struct wg_laws *l, uint32_t thread, uint64_t idx) {
  struct wg_lthread *t = wg_law_thread(l->state, thread);
  if (t->nqueue && t->queue[0].due && !t->ran && l->tells_apcs) {
    wg_law_broken(l, WG_LAW_APC, &t->queue[0].by, thread, idx);
    leave_queue(t, 0, 1);
  }
  for (uint32_t i = 0; i < t->nqueue; i++) t->queue[i].due = true;
  t->ran = false;
}

// -- DPCs --

static struct wg_ldpc *dpc_at(struct wg_law_state *st, uint64_t address) {
  uint64_t i;
  if (!wg_map_get(&st->dpcs, (uint32_t)address, &i)) {
    WG_VEC_NEXT(st->dpc, st->ndpcs);
    i = st->ndpcs++;
    st->dpc[i] = (struct wg_ldpc){.by = {.thread = WG_NONE},
                                  .removed = {.thread = WG_NONE},
                                  .made = {.thread = WG_NONE},
                                  .denied = {.thread = WG_NONE},
                                  .missed = {.thread = WG_NONE}};
    wg_map_put(&st->dpcs, (uint32_t)address, i);
  }
  return &st->dpc[i];
}

// It was queued, and whatever it does now, it does too late.
static bool lost_dpc(struct wg_laws *l, const struct wg_ldpc *d, uint64_t now, uint32_t thread, uint64_t idx) {
  if (!d->queued || now <= d->ns + DPC_NS) return false;
  wg_law_span(l, &(struct wg_lspan){d->by, thread, (uint32_t)idx, DPC_NS, now - d->ns, WG_LAW_DPC, true});
  return l->state->timed || now > d->ns + 100 * DPC_NS; // 100: by any clock
}

// It was not found in the queue, and has not run since: it was not put there.
static void settle_missed(struct wg_laws *l, struct wg_ldpc *d) {
  if (d->missed.thread != WG_NONE) wg_law_broken(l, WG_LAW_DPC, &d->by, d->missed.thread, d->missed.idx);
  d->missed.thread = WG_NONE;
}

// None is in the queue twice: `fresh` says that it was not there.
void wg_law_queue_dpc(struct wg_laws *l, uint64_t address, const struct wg_lplace *by, uint64_t ns, bool fresh,
                      uint32_t thread, uint64_t idx) {
  struct wg_ldpc *d = dpc_at(l->state, address);
  settle_missed(l, d);
  bool lost = lost_dpc(l, d, ns, thread, idx);
  if (lost || (d->queued && fresh)) wg_law_broken(l, WG_LAW_DPC, &d->by, thread, idx);
  if (d->queued && !fresh && !lost) return;
  *d = (struct wg_ldpc){.by = *by,
                        .removed = {.thread = WG_NONE},
                        .denied = {.thread = WG_NONE},
                        .missed = {.thread = WG_NONE},
                        .ns = ns,
                        .queued = true,
                        .made = d->made,
                        .entry = d->entry,
                        .ctx = d->ctx};
}

void wg_law_dpc_is_given(struct wg_laws *l, uint64_t address, const struct wg_lcall *c) {
  struct wg_ldpc *d = dpc_at(l->state, address);
  if (c->nargs < 3) return;
  d->told = true;
  for (int i = 0; i < 2; i++) d->args[i] = (uint32_t)c->args[i + 1];
}

void wg_law_deny_dpc(struct wg_laws *l, uint64_t address, const struct wg_lplace *by) {
  struct wg_ldpc *d = dpc_at(l->state, address);
  if (!d->queued && d->made.thread != WG_NONE) d->denied = *by;
}

// `found`: it was in the queue. One that was put there and has not run since is.
void wg_law_remove_dpc(struct wg_laws *l, uint64_t address, const struct wg_lplace *by, bool found) {
  struct wg_ldpc *d = dpc_at(l->state, address);
  settle_missed(l, d);
  if (!found && d->queued && l->tells_dpcs) d->missed = *by;
  d->queued = false;
  if (found) d->removed = *by;
}

void wg_law_make_dpc(struct wg_laws *l, uint64_t address, const struct wg_lcall *c) {
  struct wg_ldpc *d = dpc_at(l->state, address);
  settle_missed(l, d);
  d->queued = false;
  d->removed.thread = d->made.thread = WG_NONE;
  if (c->nargs < 3) return;
  d->made = c->at;
  d->entry = (uint32_t)c->args[1];
  d->ctx = (uint32_t)c->args[2];
}

// It begins where, and with what, it was initialized.
static void check_dpc(struct wg_laws *l, const struct wg_ldpc *d, uint32_t thread, const struct wg_event *e) {
  uint64_t entry, ctx;
  if (d->made.thread == WG_NONE || !wg_ev_u64(e, WG_K_ENTRY, &entry) || !wg_ev_u64(e, WG_K_CTX, &ctx)) return;
  if ((uint32_t)entry != d->entry || (uint32_t)ctx != d->ctx) wg_law_broken(l, WG_LAW_GIVEN, &d->made, thread, e->idx);
}

void wg_law_on_dpc(struct wg_laws *l, uint32_t thread, const struct wg_event *e) {
  uint64_t address;
  if (!wg_ev_u64(e, WG_K_GUEST_OBJECT, &address)) return;
  struct wg_ldpc *d = dpc_at(l->state, address);
  l->tells_dpcs = true;
  if (lost_dpc(l, d, e->host_ns, thread, e->idx)) wg_law_broken(l, WG_LAW_DPC, &d->by, thread, e->idx);
  if (d->missed.thread != WG_NONE)
    wg_law_broken(l, WG_LAW_ANSWER, &d->missed, thread, e->idx); // it was there
  else if (!d->queued && d->denied.thread != WG_NONE)
    wg_law_broken(l, WG_LAW_ANSWER, &d->denied, thread, e->idx); // that it runs shows that it was put there
  else if (!d->queued)
    wg_law_broken(l, WG_LAW_REMOVED, &d->removed, thread, e->idx);
  check_dpc(l, d, thread, e);
  if (d->queued && was_given(d->told, d->args, e) == OTHERWISE) wg_law_broken(l, WG_LAW_GIVEN, &d->by, thread, e->idx);
  d->queued = false;
  d->removed.thread = d->denied.thread = d->missed.thread = WG_NONE;
}

// -- callbacks --

static bool overdue(const struct wg_law_state *st, unsigned which, uint64_t now) {
  const struct wg_lcallback *k = &st->callback[which];
  return st->timed && k->on && !k->came && now > k->ns + 2 * first_ns[which] + WG_LAW_SLACK_NS;
}

static void settle_callback(struct wg_laws *l, unsigned which, uint64_t now, uint32_t thread, uint64_t idx) {
  struct wg_lcallback *k = &l->state->callback[which];
  if (overdue(l->state, which, now)) wg_law_broken(l, WG_LAW_CALLBACK, &k->by, thread, idx);
}

// Another one, or with `on` false none any more; of several clients of a device only the first is followed.
void wg_law_set_callback(struct wg_laws *l, unsigned which, const struct wg_lplace *by, bool on, uint64_t now,
                         uint64_t idx) {
  struct wg_lcallback *k = &l->state->callback[which];
  settle_callback(l, which, now, by->thread, idx);
  if (which == WG_LAW_AUDIO) {
    k->clients = on ? k->clients + 1 : k->clients ? k->clients - 1 : 0;
    if (on ? k->clients > 1 : k->clients > 0) return;
  }
  k->off = !on;
  k->by = *by;
  k->ns = now;
  k->on = on;
  k->came = false;
}

void wg_law_on_callback(struct wg_laws *l, unsigned which, uint32_t thread, const struct wg_event *e) {
  struct wg_lcallback *k = &l->state->callback[which];
  if (k->off) wg_law_broken(l, WG_LAW_UNREGISTERED, &k->by, thread, e->idx);
  settle_callback(l, which, e->host_ns, thread, e->idx);
  k->off = false;
  k->came = true;
}

// -- the end --

void wg_law_later_ends(struct wg_laws *l, const struct wg_side *s, uint64_t told_until) {
  const struct wg_law_state *st = l->state;
  for (size_t i = 0; i < st->ndpcs; i++) {
    struct wg_ldpc *d = &st->dpc[i];
    settle_missed(l, d);
    if (s->events > d->by.seq + WG_LAW_SURE && lost_dpc(l, d, told_until, d->by.thread, d->by.idx))
      wg_law_broken(l, WG_LAW_DPC, &d->by, d->by.thread, d->by.idx);
  }
  for (uint32_t i = 0; l->tells_apcs && i < st->nthreads && i < s->nthreads; i++) {
    const struct wg_lthread *t = &st->threads[i];
    if (t->nqueue && t->queue[0].due && s->events > s->threads[i].last_seq + WG_LAW_SURE)
      wg_law_broken(l, WG_LAW_APC, &t->queue[0].by, i, t->waits_in.idx);
  }
  for (unsigned k = 0; k < WG_LAW_CALLBACKS; k++)
    settle_callback(l, k, told_until, st->callback[k].by.thread, st->callback[k].by.idx);
}

void wg_law_later_release(struct wg_law_state *st) {
  free(st->dpc);
  free(st->kapc);
  wg_map_release(&st->dpcs);
}

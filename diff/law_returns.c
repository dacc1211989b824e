// Whether calls did what they are for, as they return: law_ops.def says by which of these functions.
#include "base/json_iter.h"
#include "base/vec.h"
#include "diff/law_state.h"
#include "trace/event.h"

struct answer { // what a call returned
  struct wg_laws *l;
  struct wg_side *s;
  struct wg_lcall *c;
  const struct wg_event *e;
  struct wg_lobject *o; // NULL: it is about none
  uint64_t rv;
  bool has; // what it returned is told
  bool ok;  // it succeeded, as far as its result says so
};

#define WG_LAW_OP(op, returns) static void returns(const struct answer *a);
#include "diff/law_ops.def"

static void no_more(const struct answer *a) { (void)a; }

// -- signals and waits --

static void has_signalled(const struct answer *a) {
  if (a->ok && a->o) wg_law_signalled(a->l, a->c);
}

static void has_pulsed(const struct answer *a) {
  has_signalled(a);
  if (a->ok && a->o) wg_law_lower(a->o, &a->c->at);
}

static void has_unlocked(const struct answer *a) {
  if (a->ok && a->o) wg_law_check_depth(a->l, a->o, a->c, a->e);
  has_signalled(a);
}

static void has_reset(const struct answer *a) {
  if (a->ok && a->o) wg_law_lower(a->o, &a->c->at), a->o->taken = false;
}

// It returns what it ended with; one that never began has nothing to return but an error.
static void has_waited(const struct answer *a) {
  const struct wg_lcall *c = a->c;
  if (!a->has) return;
  uint32_t rv = (uint32_t)a->rv;
  bool fails = rv >= 0x80000000u;
  if (c->waited ? rv != c->wait_status : !fails && c->asked_ns != 0)
    wg_law_broken(a->l, WG_LAW_STATUS, &c->at, c->at.thread, a->e->idx);
}

static void has_taken_packet(const struct answer *a) {
  const struct wg_lcall *c = a->c;
  has_waited(a);
  if (a->o && (c->waited ? c->wait_status == 0 : a->ok && (uint32_t)a->rv == 0))
    wg_law_get_packet(a->l, a->o, a->e, &c->at);
}

// -- objects --

static void has_made(const struct answer *a) { // what lies at a pointer was made as the call began
  const struct wg_lcall *c = a->c;
  const struct wg_dthread *d = &a->s->threads[c->at.thread];
  if (a->o == NULL && a->ok && c->step < d->nsteps && d->steps[c->step].idx == c->at.idx &&
      d->steps[c->step].object != WG_NONE)
    wg_law_make(a->l->state, a->s, c, d->steps[c->step].object);
}

static void has_referenced(const struct answer *a) {
  if (a->ok) wg_law_referenced(a->l->state, a->s, a->c, a->e);
}

static void has_set_timer(const struct answer *a) {
  if (a->ok && a->o) wg_law_set_timer(a->o, a->c, a->e->host_ns);
  if (!a->ok && a->o) a->o->high = WG_LAW_HIGH; // as it was
}

static void has_cancelled_timer(const struct answer *a) {
  if (a->o == NULL) return;
  wg_law_check_fired(a->l, a->o, a->e->host_ns);
  a->o->armed = false;
  if (a->ok) a->o->cancelled = true, a->o->lowered = a->c->at;
}

static void has_suspended(const struct answer *a) { wg_law_suspends(a->l, a->s, a->c, a->ok, a->e); }

// -- locks --

static void has_tried(const struct answer *a) {
  if (a->o && a->has) wg_law_tried(a->l, a->c, a->rv != 0, a->e->idx);
}

static void has_acquired_rw(const struct answer *a) {
  if (a->o) wg_law_acquired_rw(a->l, a->o, a->c, a->e->idx);
}

static void has_tried_rw(const struct answer *a) {
  if (a->o && a->has && a->rv) a->o->holders++, a->o->to_write = wg_law_writes(a->c);
}

static void has_released_rw(const struct answer *a) {
  if (a->o) wg_law_released_rw(a->l, a->o, a->c);
}

// -- APCs, DPCs and callbacks --

static void has_ended_io(const struct answer *a) {
  if (!a->ok) wg_law_on_apc_unqueued(a->l, a->s, a->c);
  if (a->ok && a->o && a->has) wg_law_file(a->l, a->c, a->e);
}

static void has_opened(const struct answer *a) {
  uint64_t handle;
  if (!a->ok || !wg_law_told(a->e, "handle", &handle)) return;
  uint32_t object = wg_object_by_handle(a->s, (uint32_t)handle);
  if (object != WG_NONE) wg_law_file_size(a->l, wg_law_object(a->l->state, object), a->c, a->e);
}

static void has_told_size(const struct answer *a) {
  if (a->ok && a->o) wg_law_file_size(a->l, a->o, a->c, a->e);
}

static void has_set_file(const struct answer *a) { a->l->state->writes++; }

static void has_queued_apc(const struct answer *a) {
  if (!a->ok || !a->has || (a->c->op == WG_L_INSERT_APC && (uint32_t)a->rv == 0))
    wg_law_on_apc_unqueued(a->l, a->s, a->c);
  else
    wg_law_check_told(a->l, a->s, a->c, a->e->idx);
}

static void has_removed_apc(const struct answer *a) {
  if (a->has && (uint32_t)a->rv) wg_law_on_apc_unqueued(a->l, a->s, a->c);
}

static void has_made_dpc(const struct answer *a) {
  if (a->c->nargs) wg_law_make_dpc(a->l, a->c->args[0], a->c);
}

static void has_queued_dpc(const struct answer *a) {
  const struct wg_lcall *c = a->c;
  if (!c->nargs || !a->has) return;
  if ((uint32_t)a->rv == 0) {
    wg_law_deny_dpc(a->l, c->args[0], &c->at);
    return;
  }
  wg_law_queue_dpc(a->l, c->args[0], &c->at, a->e->host_ns, true, c->at.thread, c->at.idx);
  wg_law_dpc_is_given(a->l, c->args[0], c);
}

static void has_removed_dpc(const struct answer *a) {
  const struct wg_lcall *c = a->c;
  if (c->nargs && a->has) wg_law_remove_dpc(a->l, c->args[0], &c->at, (uint32_t)a->rv != 0);
}

static void has_registered(const struct answer *a) {
  const struct wg_lcall *c = a->c;
  unsigned which = c->row->arg;
  if (a->ok && c->nargs)
    wg_law_set_callback(a->l, which, &c->at, which == WG_LAW_AUDIO || c->args[0], a->e->host_ns, a->e->idx);
}

static void has_unregistered(const struct answer *a) {
  if (a->ok) wg_law_set_callback(a->l, a->c->row->arg, &a->c->at, false, a->e->host_ns, a->e->idx);
}

// -- slots of a thread's own --

static uint64_t slot_key(uint32_t thread, uint64_t slot) { return (uint64_t)thread << 32 | (uint32_t)slot; }

static void has_set_slot(const struct answer *a) {
  struct wg_law_state *st = a->l->state;
  const struct wg_lcall *c = a->c;
  if (c->nargs < 2 || !a->has || !a->rv) return;
  uint64_t i, key = slot_key(c->at.thread, c->args[0]);
  if (!wg_map_get(&st->slots, key, &i)) {
    WG_VEC_NEXT(st->slot, st->nslots);
    i = st->nslots++;
    wg_map_put(&st->slots, key, i);
  }
  st->slot[i] = (struct wg_lslot){(uint32_t)c->args[1], c->at};
}

static void has_got_slot(const struct answer *a) {
  struct wg_law_state *st = a->l->state;
  const struct wg_lcall *c = a->c;
  if (!c->nargs || !a->has) return;
  uint64_t i, key = slot_key(c->at.thread, c->args[0]);
  if (!wg_map_get(&st->slots, key, &i) || st->slot[i].value == (uint32_t)a->rv) return;
  wg_law_broken(a->l, WG_LAW_SLOT, &c->at, c->at.thread, a->e->idx);
  wg_map_del(&st->slots, key);
}

void wg_law_slot_given(struct wg_laws *l, uint32_t slot, const struct wg_lplace *at, uint64_t idx) {
  uint64_t had;
  if (slot != UINT32_MAX && wg_map_get(&l->state->given_slots, slot, &had))
    wg_law_broken(l, WG_LAW_SLOT_AGAIN, at, at->thread, idx);
  wg_map_put(&l->state->given_slots, slot, 1);
}

static void has_freed_slot(const struct answer *a) {
  struct wg_law_state *st = a->l->state;
  if (!a->has) return;
  bool gives = a->c->nt && a->c->nt->ret == 'n';
  uint32_t slot = (uint32_t)(gives ? a->rv : a->c->args[0]);
  if (!gives && !a->rv) return; // it was none
  if (gives)
    wg_law_slot_given(a->l, slot, &a->c->at, a->e->idx);
  else
    wg_map_del(&st->given_slots, slot);
  for (uint32_t t = 0; t < st->nthreads; t++) wg_map_del(&st->slots, slot_key(t, slot));
}

static void has_not_ended(const struct answer *a) {
  wg_law_broken(a->l, WG_LAW_ENDS, &a->c->at, a->c->at.thread, a->e->idx);
}

// -- what a call tells --

static void has_given_memory(const struct answer *a) {
  if (a->has) wg_law_given(a->l, a->c, (uint32_t)a->rv, a->e->idx);
}

static void has_told_time(const struct answer *a) { wg_law_clock(a->l, a->c, a->c->row->arg, a->e); }

static void has_told_fields(const struct answer *a) { wg_law_fields(a->l, a->c, a->e); }

static void has_ended_on_list(const struct answer *a) { wg_law_list_returns(a->l, a->c, a->e); }

static void check_answer(struct wg_laws *l, const struct wg_lcall *c, const struct wg_event *e) {
  const struct wg_field *out = wg_ev_get(e, WG_K_OUT);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t v;
  if (out == NULL || out->type != WG_F_RAW || !wg_json_walk(&it, out->s, out->n)) return;
  while (wg_json_next(&it, &m)) {
    if (!wg_json_int(&m, &v)) continue;
    bool wrong = (wg_json_is(&m, "previous") && c->previous >= 0 && (int64_t)v != c->previous) ||
                 (wg_json_is(&m, "handle") && c->handle && (uint32_t)v != (uint32_t)c->handle) ||
                 (wg_json_is(&m, "tid") && c->child && v != c->child);
    if (!wrong) continue;
    wg_law_broken(l, WG_LAW_ANSWER, &c->at, c->at.thread, e->idx);
    return;
  }
}

static void (*const on_return[])(const struct answer *) = {
    [WG_L_NONE] = no_more,
#define WG_LAW_OP(op, returns) [WG_L_##op] = returns,
#include "diff/law_ops.def"
};

void wg_law_returned(struct wg_laws *l, struct wg_side *s, struct wg_lcall *c, const struct wg_event *e) {
  struct answer a = {.l = l, .s = s, .c = c, .e = e};
  a.has = wg_ev_u64(e, WG_K_RV, &a.rv);
  bool status = c->nt && c->nt->ret == 'S';
  a.ok = !status || (a.has && (uint32_t)a.rv < 0x40000000u);
  a.o = c->object == WG_NONE ? NULL : wg_law_object(l->state, c->object);
  if (!status || (a.has && (uint32_t)a.rv < 0x80000000u)) check_answer(l, c, e); // what there was is told, too
  on_return[c->op](&a);
}

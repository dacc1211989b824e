// Waits, what ended them, and the signals of a side.
#include <string.h>

#include "base/json_iter.h"
#include "base/vec.h"
#include "diff/load.h"
#include "nt/status.h"

// -- how an object was made, as its touches tell --

void wg_first_touch(struct wg_dobject *o, int32_t state) {
  if (!o->touched) o->initial = state;
  o->touched = true;
}

static void saw_after_take(struct wg_dobject *o, bool still) {
  if (!o->taken) return;
  if (still && o->keeps < 255) o->keeps++;
  if (!still && o->takes < 255) o->takes++;
  o->taken = false;
}

// -- waits --

void wg_close_silent_wait(struct wg_dthread *t) {
  if (t->nwaits == 0 || t->waits[t->nwaits - 1].end_seq) return;
  t->waits[t->nwaits - 1].end_seq = t->last_seq;
  t->waits[t->nwaits - 1].end_ns = t->last_ns;
}

static void set_type(struct wg_side *s, uint32_t object, const struct wg_json_member *m) {
  struct wg_buf text = {0};
  if (s->objects[object].type == 0 && wg_json_text(m, &text))
    s->objects[object].type = wg_strings_id(&s->strings, text.data, text.len);
  wg_buf_release(&text);
}

// {"hsid":"...","guest_object":"0x...","object_type":"..."}: calls name it by its address, signals by its id.
static struct wg_waited placed_object(struct wg_side *s, const struct wg_json_member *m) {
  struct wg_json_iter it;
  struct wg_json_member x, type = {0};
  uint64_t hsid = 0, guest = 0, known;
  if (!wg_json_walk(&it, m->value, m->nvalue)) return (struct wg_waited){.object = WG_NONE};
  while (wg_json_next(&it, &x)) {
    if (wg_json_is(&x, "hsid")) wg_hsid_text(&x, &hsid);
    if (wg_json_is(&x, "guest_object")) wg_json_int(&x, &guest);
    if (wg_json_is(&x, "object_type")) type = x;
  }
  uint32_t id;
  if (guest && wg_map_get(&s->by_guest, (uint32_t)guest, &known)) {
    id = (uint32_t)known;
    if (hsid) wg_map_put(&s->by_hsid, hsid, id);
  } else if (hsid && wg_map_get(&s->by_hsid, hsid, &known)) {
    id = (uint32_t)known;
    if (guest) wg_map_put(&s->by_guest, (uint32_t)guest, id);
  } else {
    id = guest ? wg_object_by_guest(s, (uint32_t)guest) : wg_object_by_hsid(s, hsid);
    if (hsid) wg_map_put(&s->by_hsid, hsid, id);
  }
  if (type.value) set_type(s, id, &type);
  return (struct wg_waited){id, hsid};
}

static struct wg_waited waited_object(struct wg_side *s, const struct wg_json_member *m, uint32_t guest) {
  uint64_t v;
  if (m->nvalue && m->value[0] == '{') return placed_object(s, m);
  if (wg_hsid_text(m, &v)) return (struct wg_waited){wg_object_by_hsid(s, v), v};
  if (!wg_json_int(m, &v)) return (struct wg_waited){.object = WG_NONE};
  if (v == 0 && guest) return (struct wg_waited){.object = wg_object_by_guest(s, guest)};
  return (struct wg_waited){.object = wg_object_by_handle(s, (uint32_t)v)};
}

uint32_t wg_waited(struct wg_side *s, const struct wg_event *e, struct wg_waited *out, uint32_t max) {
  const struct wg_field *h = wg_ev_get(e, WG_K_HANDLES), *g = wg_ev_get(e, WG_K_GUEST_OBJECTS);
  struct wg_json_iter it, git = {0};
  struct wg_json_member m, gm;
  uint32_t n = 0;
  if (h == NULL || h->type != WG_F_RAW || !wg_json_walk(&it, h->s, h->n)) return 0;
  bool guests = g && g->type == WG_F_RAW && wg_json_walk(&git, g->s, g->n);
  while (n < max && wg_json_next(&it, &m)) {
    uint64_t guest = 0;
    if (guests && wg_json_next(&git, &gm)) wg_json_int(&gm, &guest);
    out[n++] = waited_object(s, &m, (uint32_t)guest);
  }
  return n;
}

static void note_waited(struct wg_load *l, struct wg_dwait *w, const struct wg_event *e) {
  struct wg_side *s = l->s;
  struct wg_waited list[WG_WAITED];
  uint32_t n = wg_waited(s, e, list, WG_WAITED);
  w->objects = (uint32_t)s->nwait_objects;
  for (uint32_t i = 0; i < n; i++) {
    if (list[i].object == WG_NONE) continue;
    WG_VEC_ROOM(s->wait_objects, s->wait_objects_cap, s->nwait_objects + 1);
    s->wait_objects[s->nwait_objects++] = list[i].object;
    w->n++;
  }
}

// An engine that gives objects in guest memory handles of its own waits for those: they are names of what the call is
// about.
static void unite_named(struct wg_side *s, const struct wg_open *o, uint32_t about, const struct wg_dwait *w) {
  if (w->n != 1 || about == WG_NONE || o->nt == NULL || o->nt->params[0] != 'O') return;
  uint32_t *waited = &s->wait_objects[w->objects];
  const struct wg_dobject *x = &s->objects[*waited];
  if (*waited == about || !x->by_handle || s->objects[about].guest == 0) return;
  wg_map_put(&s->by_handle, x->handle, about);
  *waited = about;
}

// The latest wait, without an end so far, is of a call that has not returned, and within which the thread calls: an APC
// that waits itself. Where calls are not told to return, that cannot be seen.
static bool is_outer(const struct wg_load *l, const struct wg_dthread *t) {
  const struct wg_builder *b = t->builder;
  for (unsigned i = 0; l->s->has_returns && i + 1 < b->nopen; i++)
    if (t->nwaits && b->open[i].wait == t->nwaits) return true;
  return false;
}

void wg_wait_of_call_over(struct wg_dthread *t, const struct wg_open *o) {
  if (o->wait == 0 || o->wait >= t->nwaits || t->waits[o->wait - 1].end_seq) return;
  t->waits[o->wait - 1].end_seq = t->last_seq;
  t->waits[o->wait - 1].end_ns = t->last_ns;
}

void wg_on_wait_begin(struct wg_load *l, struct wg_dthread *t, const struct wg_event *e) {
  struct wg_builder *b = t->builder;
  l->s->has_waits = true;
  if (t->nsteps == 0 || b->nopen == 0) return; // of no call that was recorded
  struct wg_open *o = &b->open[b->nopen - 1];
  if (!is_outer(l, t)) wg_close_silent_wait(t);
  WG_VEC_ROOM(t->waits, t->waits_cap, t->nwaits + 1);
  struct wg_dwait *w = &t->waits[t->nwaits++];
  uint64_t v;
  *w = (struct wg_dwait){.step = o->step, .by_tid = WG_NONE, .begin_ns = e->host_ns, .timeout_ns = -1};
  if (wg_ev_u64(e, WG_K_TIMEOUT_NS, &v))
    w->timeout_ns = (int64_t)v;
  else
    l->s->no_limits = true;
  w->alertable = wg_ev_u64(e, WG_K_ALERTABLE, &v) && v;
  wg_effect(l->s, t,
            WG_DID_WAIT | (w->timeout_ns < 0 ? WG_DID_WAIT_ENDLESS : 0) | (w->alertable ? WG_DID_ALERTABLE : 0));
  const char *type = wg_ev_text(e, WG_K_WAIT_TYPE);
  w->all = type && strcmp(type, "all") == 0;
  if (w->all) wg_effect(l->s, t, WG_DID_WAIT_ALL);
  note_waited(l, w, e);
  unite_named(l->s, o, t->steps[o->step].object, w);
  o->wait = t->wait_at = (uint32_t)t->nwaits;
  if (w->n && (t->steps[o->step].object == WG_NONE || w->n == 1))
    t->steps[o->step].object = l->s->wait_objects[w->objects];
}

// The innermost that has no end so far: the latest, or one that a further call was within. NULL: none.
static struct wg_dwait *innermost_open(struct wg_dthread *t) {
  const struct wg_builder *b = t->builder;
  if (t->nwaits && t->waits[t->nwaits - 1].end_seq == 0) return &t->waits[t->nwaits - 1];
  for (unsigned i = b->nopen; i-- > 0;) {
    uint32_t wait = b->open[i].wait;
    if (wait && wait <= t->nwaits && t->waits[wait - 1].end_seq == 0) return &t->waits[wait - 1];
  }
  return NULL;
}

void wg_on_wait_end(struct wg_load *l, struct wg_dthread *t, const struct wg_event *e) {
  const struct wg_field *f = wg_ev_get(e, WG_K_SATISFIED_BY);
  l->s->has_wait_ends = true;
  struct wg_dwait *w = innermost_open(t);
  uint64_t v;
  if (w == NULL) return;
  t->wait_at = (uint32_t)(w - t->waits) + 1;
  w->end_seq = (uint32_t)l->s->events;
  w->end_ns = e->host_ns;
  if (wg_ev_u64(e, WG_K_STATUS, &v)) {
    w->by_timeout = (uint32_t)v == STATUS_TIMEOUT;
    w->by_apc = (uint32_t)v == STATUS_USER_APC;
    w->succeeded = v == STATUS_SUCCESS;
  }
  if (f && f->type == WG_F_STR) {
    w->by_timeout = strcmp(f->s, "timeout") == 0;
    w->by_apc = strcmp(f->s, "apc") == 0;
    w->already = strcmp(f->s, "already") == 0;
  }
  struct wg_json_iter it;
  struct wg_json_member m;
  if (f && f->type == WG_F_RAW && wg_json_walk(&it, f->s, f->n))
    while (wg_json_next(&it, &m)) {
      if (!wg_json_int(&m, &v) || v >= WG_NONE) continue;
      if (wg_json_is(&m, "tid")) w->by_tid = (uint32_t)v;
      if (wg_json_is(&m, "idx")) w->by_idx = (uint32_t)v;
    }
  if (w->n != 1 || w->by_apc) return;
  struct wg_dobject *o = &l->s->objects[l->s->wait_objects[w->objects]];
  if (w->already || w->by_timeout) {
    wg_first_touch(o, w->already);
    saw_after_take(o, w->already);
  }
  o->taken = w->already || w->by_tid != WG_NONE;
}

// -- signals --

// What a release did beside signalling.
static void raised(struct wg_dthread *t, uint64_t by) {
  struct wg_builder *b = t->builder;
  if (b->nopen == 0) return;
  struct wg_open *o = &b->open[b->nopen - 1];
  o->effects |= (unsigned)(by > 15 ? 15 : by) * WG_DID_AMOUNT;
}

// An object in guest memory gets its id when it is first used: the event says where it lies, or the call does.
static void meet_placed(struct wg_side *s, const struct wg_dthread *t, const struct wg_event *e, uint64_t hsid) {
  const struct wg_builder *b = t->builder;
  uint64_t v;
  if (wg_ev_u64(e, WG_K_GUEST_OBJECT, &v) && v) { // another one may be there now than was when it got the id
    wg_map_put(&s->by_hsid, hsid, wg_object_by_guest(s, (uint32_t)v));
    return;
  }
  if (wg_map_get(&s->by_hsid, hsid, &v)) return;
  const struct wg_open *o = b->nopen ? &b->open[b->nopen - 1] : NULL;
  uint32_t object = o && t->steps ? t->steps[o->step].object : WG_NONE;
  if (object != WG_NONE && s->objects[object].guest && o->nt && o->nt->params[0] == 'O')
    wg_map_put(&s->by_hsid, hsid, object);
}

// A call that signals and whose arguments are not told is about what it signals.
static void call_is_about(struct wg_dthread *t, uint32_t object) {
  const struct wg_builder *b = t->builder;
  const struct wg_open *o = b->nopen ? &b->open[b->nopen - 1] : NULL;
  if (o == NULL || t->steps == NULL || o->nargs || o->nt == NULL || !(o->nt->flags & WG_NT_SIGNALS)) return;
  if (t->steps[o->step].object == WG_NONE) t->steps[o->step].object = object;
}

void wg_on_signal(struct wg_side *s, struct wg_dthread *t, const struct wg_event *e) {
  uint64_t hsid = 0, previous, raw;
  const char *op = wg_ev_text(e, WG_K_OP);
  s->has_signals = true;
  if (op && !wg_hsid_of(e, &hsid) && (wg_ev_u64(e, WG_K_RAW, &raw) || wg_ev_u64(e, WG_K_HANDLE, &raw)) && raw)
    call_is_about(t, wg_object_by_handle(s, (uint32_t)raw));
  if (op == NULL || !wg_hsid_of(e, &hsid)) return;
  meet_placed(s, t, e, hsid);
  if (strcmp(op, "exit") != 0 && strcmp(op, "fire") != 0) {
    const struct wg_builder *b = t->builder;
    uint32_t about = b->nopen && t->steps ? t->steps[b->open[b->nopen - 1].step].object : WG_NONE;
    const char *name = b->nopen ? wg_str(s, b->open[b->nopen - 1].name) : "";
    bool names =
        strncmp(name, "NtSet", 5) == 0 || strncmp(name, "NtPulse", 7) == 0 || strncmp(name, "NtRelease", 9) == 0;
    bool other = names && about != WG_NONE && s->objects[about].by_handle && wg_object_by_hsid(s, hsid) != about;
    wg_effect(s, t, WG_DID_SIGNAL | (other ? WG_DID_OTHER : 0));
  }
  uint32_t object = wg_object_by_hsid(s, hsid);
  if (strcmp(op, "exit") != 0 && strcmp(op, "fire") != 0) call_is_about(t, object);
  if (wg_ev_u64(e, WG_K_PREVIOUS, &previous)) {
    struct wg_dobject *o = &s->objects[object];
    uint64_t count;
    if (strcmp(op, "release") == 0 && wg_ev_u64(e, WG_K_COUNT, &count)) raised(t, count);
    wg_first_touch(o, (int32_t)previous);
    saw_after_take(o, previous != 0);
  }
  if (e->tid != 0 && strcmp(op, "exit") != 0 && strcmp(op, "fire") != 0) return; // a call's own
  WG_VEC_ROOM(s->signals, s->signals_cap, s->nsignals + 1);
  s->signals[s->nsignals++] =
      (struct wg_dsignal){e->tid, (uint32_t)e->idx, (uint32_t)s->events, wg_object_by_hsid(s, hsid),
                          wg_strings_id(&s->strings, op, strlen(op))};
}

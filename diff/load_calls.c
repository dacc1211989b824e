// Calls and their returns.
#include <string.h>

#include "base/json_iter.h"
#include "base/vec.h"
#include "diff/calls.h"
#include "diff/hang_watch.h"
#include "diff/load.h"
#include "nt/status.h"

static void read_args(struct wg_open *o, const struct wg_field *f) {
  const unsigned max = sizeof o->args / sizeof *o->args;
  if (f == NULL) return;
  if (f->type == WG_F_HEXES) {
    for (size_t i = 0; i < f->n && o->nargs < max; i++) o->args[o->nargs++] = f->v[i];
    o->has_args = true;
    return;
  }
  struct wg_json_iter it;
  struct wg_json_member m;
  if (f->type != WG_F_RAW || !wg_json_walk(&it, f->s, f->n) || it.object) return;
  o->has_args = true;
  // What is no number ends what is known: those behind it must not take its place.
  while (o->nargs < max && wg_json_next(&it, &m) && wg_json_int(&m, &o->args[o->nargs])) o->nargs++;
}

// Arguments that a log leaves out altogether are not known, not none.
static void check_args(struct wg_open *o) {
  if (o->nargs == 0 && !(o->nt && o->nt->params[0] == 0)) o->has_args = false;
}

static void set_detail(struct wg_load *l, struct wg_open *o, const struct wg_field *f) {
  static const char *const keys[] = {"path", "string", "object_name"};
  struct wg_json_iter it;
  struct wg_json_member m;
  if (f == NULL || f->type != WG_F_RAW || f->n <= 2 || !wg_json_walk(&it, f->s, f->n) || !it.object) return;
  size_t best = 3;
  while (wg_json_next(&it, &m))
    for (size_t i = 0; i < best; i++) {
      if (!wg_json_is(&m, keys[i])) continue;
      wg_buf_clear(&l->text);
      if (!wg_json_text(&m, &l->text)) continue;
      o->detail = wg_told_text(l->s, l->text.data, l->text.len);
      best = i;
    }
}

// It waits, but only if that takes no time: as its limit says, or what a log shows of the memory where that stands.
static bool gives_up_at_once(const struct wg_open *o, const struct wg_event *e) {
  const struct wg_field *resolved = wg_ev_get(e, WG_K_ARGS_RESOLVED);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t v = 1;
  size_t at;
  if (o->nt == NULL || !(o->nt->flags & WG_NT_WAITS) || !wg_call_limit(o->nt, o->nargs, &at)) return false;
  if (o->nt->params[at] == 'm') return o->args[at] == 0;
  if (o->args[at] == 0) return false; // it waits for ever
  if (wg_effect_shown(e, (uint32_t)o->args[at], &v)) return v == 0;
  if (resolved == NULL || resolved->type != WG_F_RAW || !wg_json_walk(&it, resolved->s, resolved->n)) return false;
  while (wg_json_next(&it, &m))
    if (wg_json_is(&m, "timeout_100ns") && wg_json_int(&m, &v)) return v == 0;
  return false;
}

void wg_on_call(struct wg_load *l, struct wg_dthread *t, const struct wg_event *e, const char *name, size_t n) {
  struct wg_side *s = l->s;
  struct wg_builder *b = t->builder;
  if (s->text_log) {
    wg_close_from(l, t, 0, WG_C_PASSED);
    wg_settle(l, t);
  }
  wg_make_room(l, t);
  if (b->nopen == 0) wg_close_silent_wait(t);
  if (b->nopen && !(b->open[b->nopen - 1].nt && b->open[b->nopen - 1].nt->flags & WG_NT_WAITS))
    b->open[b->nopen - 1].effects |= WG_DID_RUN;
  struct wg_open *o = &b->open[b->nopen++];
  uint64_t lr;
  *o = (struct wg_open){.step = (uint32_t)t->nsteps,
                        .name = wg_strings_id(&s->strings, name, n),
                        .nt = wg_nt_find(name, n),
                        .lr = wg_ev_u64(e, WG_K_LR, &lr) ? (uint32_t)lr : 0,
                        .created = WG_NONE};
  read_args(o, wg_ev_get(e, WG_K_ARGS));
  check_args(o);
  set_detail(l, o, wg_ev_get(e, WG_K_ARGS_RESOLVED));
  o->tries = gives_up_at_once(o, e);
  WG_VEC_ROOM(t->steps, t->cap, t->nsteps + 1);
  t->steps[t->nsteps++] = (struct wg_step){.content = WG_NONE,
                                           .object = wg_called_object(l, t, o, e, name),
                                           .idx = (uint32_t)e->idx,
                                           .seq = (uint32_t)s->events,
                                           .count = 1};
  if (strncmp(name, "NtSignalAndWait", 15) == 0 && o->nargs > 1)
    wg_map_put(&s->second, (uint64_t)wg_thread_index(s, t) << 32 | o->step,
               wg_object_by_handle(s, (uint32_t)o->args[1]));
  if (s->text_log) {
    wg_on_pointer(l, t, o, NULL); // of which it tells nothing more
    wg_on_duplicate(l, t, o);
  }
  t->call_ns = e->host_ns;
  t->calls++;
  s->calls++;
}

// -- returns --

static void closed_handle(struct wg_load *l, const struct wg_open *o, uint32_t object) {
  uint64_t id;
  if (l->destroys || o->nt == NULL || !(o->nt->flags & WG_NT_CLOSES) || o->nargs == 0 || o->nt->params[0] != 'h')
    return;
  if (wg_map_get(&l->s->by_handle, (uint32_t)o->args[0], &id) && id == object)
    wg_map_del(&l->s->by_handle, (uint32_t)o->args[0]);
}

static unsigned find_open(const struct wg_builder *b, uint32_t name) {
  for (unsigned i = b->nopen; i-- > 0;)
    if (b->open[i].name == name) return i;
  return UINT32_MAX;
}

static void result_of(struct wg_load *l, const struct wg_dthread *t, const struct wg_open *o, const struct wg_event *e,
                      struct wg_returned *r) {
  uint64_t v;
  r->known = true;
  if (!(wg_ev_u64(e, WG_K_VOID, &v) && v) && wg_ev_u64(e, WG_K_RV, &v)) {
    r->has_rv = true;
    r->rv = (uint32_t)v;
  } else if (wg_ev_u64(e, WG_K_STATUS, &v)) {
    r->has_rv = true;
    r->rv = (uint32_t)v;
  }
  const struct wg_field *out = wg_ev_get(e, WG_K_OUT);
  if (out && out->type == WG_F_RAW) {
    r->has_out = true;
    r->out = wg_out_intern(l->s, out->s, out->n);
  }
  if (o->wait) {
    const struct wg_dwait *w = &t->waits[o->wait - 1];
    r->timedout = w->by_timeout;
    // A result that is not told is what the wait gave.
    if (!r->has_rv && o->nt && o->nt->ret == 'S' && (o->nt->flags & WG_NT_WAITS) && w->n && w->end_seq &&
        (w->by_timeout || w->by_apc || w->succeeded)) {
      r->has_rv = true;
      r->rv = w->by_timeout ? STATUS_TIMEOUT : w->by_apc ? STATUS_USER_APC : STATUS_SUCCESS;
    }
  }
}

void wg_on_return(struct wg_load *l, struct wg_dthread *t, const struct wg_event *e, const char *name, size_t n) {
  struct wg_side *s = l->s;
  struct wg_builder *b = t->builder;
  s->has_returns = true;
  t->knows_returns = true;
  unsigned i = find_open(b, wg_strings_id(&s->strings, name, n));
  if (i == UINT32_MAX) return;
  wg_close_from(l, t, i + 1, WG_C_OPEN);
  struct wg_open *o = &b->open[i];
  struct wg_returned r = {0};
  result_of(l, t, o, e, &r);
  wg_wait_of_call_over(t, o);
  wg_adopt_created(t, o);
  if (o->nt && o->nt->ret == 'n' && r.has_rv) wg_on_slot(s, t, o, r.rv);
  wg_finish(l, t, o, &r, 0);
  struct wg_step *x = &t->steps[o->step];
  wg_track_lock(s, t, x, o->nt, &r);
  wg_track_mutant(s, t, x, name, r.rv);
  closed_handle(l, o, x->object);
  wg_on_pointer(l, t, o, e);
  b->nopen = i;
  // A wait whose end is still to come, or never does, stays as it is until then.
  if (t->nwaits && t->waits[t->nwaits - 1].end_seq == 0 && t->waits[t->nwaits - 1].step == o->step) {
    b->nopen = i; // the step must not merge before the thread goes on
    return;
  }
  wg_settle(l, t);
}

// Where two threads part: what the last calls before it gave, and how what they use was made.
#include <string.h>

#include "diff/calls.h"
#include "diff/pair.h"

static bool is_other_way(const struct wg_finding *f) {
  return f->cls == WG_D_CALL || f->cls == WG_D_MISSING || f->cls == WG_D_EXTRA || f->cls == WG_D_ENDED ||
         f->cls == WG_D_ARGS || f->cls == WG_D_EXCEPTION;
}

// The step where this side stands when the two part: its own call, or what follows the last one that has a partner.
uint32_t wg_parting(const struct wg_pairing *p, const struct wg_finding *f, int side) {
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, side);
  if (f->cls == WG_D_EXCEPTION && side == 0) return (uint32_t)t->nsteps;
  if (f->step[side] != WG_NONE) return f->step[side];
  const struct wg_leaves *o = &p->pairs[f->pair].side[!side];
  uint32_t other = f->step[!side];
  if (f->cls == WG_D_EXCEPTION && other != WG_NONE) other++;
  if (other == WG_NONE) return (uint32_t)t->nsteps;
  while (other-- > 0) {
    if (wg_leaf_of(o, other) == WG_NONE) continue;
    uint32_t here = wg_partner_step(p, f->pair, !side, other);
    if (here == WG_NONE) continue;
    // Past the polls and queries that belong to it.
    const struct wg_leaves *l = &p->pairs[f->pair].side[side];
    for (here++; here < t->nsteps && wg_leaf_of(l, here) == WG_NONE;) here++;
    return here;
  }
  return 0;
}

static uint32_t previous(const struct wg_pairing *p, uint32_t pair, int side, uint32_t from) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, side);
  while (from-- > 0)
    if (wg_weight_of(p, side, t->steps[from].content) != WG_NEUTRAL) return from;
  return WG_NONE;
}

#define BACK 12 // calls looked at

static uint32_t next_told(const struct wg_pairing *p, uint32_t pair, int side, uint32_t from, uint32_t end) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, side);
  while (from < end && wg_weight_of(p, side, t->steps[from].content) == WG_NEUTRAL) from++;
  return from;
}

// Adds what two calls gave, unless it is told already. False: they gave the same, or chance decides what they give.
static bool tell_parts(struct wg_pairing *p, uint32_t pair, uint32_t a, uint32_t b) {
  struct wg_delta d;
  uint32_t ca = wg_pair_thread(p, pair, 0)->steps[a].content, cb = wg_pair_thread(p, pair, 1)->steps[b].content;
  if (!wg_compare_all(p, ca, cb, &d) || d.cls == WG_D_ARGS) return false;
  if (wg_timing(wg_content_at(p->s[0], wg_pair_thread(p, pair, 0), a), &d)) return false;
  struct wg_finding *f = wg_finding_at(p, pair, a, d.cls);
  if (f && f->timing) return false;
  if (f == NULL) f = wg_finding_of(p, pair, a, b, &d);
  f->hidden = false;
  return true;
}

// From the last call that both made on: the last of the calls in step with one another that gave something else.
static bool from_the_front(struct wg_pairing *p, uint32_t pair, const uint32_t at[2]) {
  const struct wg_leaves *l = &p->pairs[pair].side[0];
  uint32_t a = at[0], b = 0, found[2] = {WG_NONE, WG_NONE};
  while (a > 0 && (wg_leaf_of(l, a - 1) == WG_NONE || l->partner[wg_leaf_of(l, a - 1)] == WG_NONE)) a--;
  if (a > 0) b = wg_partner_step(p, pair, 0, a - 1) + 1;
  const struct wg_dthread *t[2] = {wg_pair_thread(p, pair, 0), wg_pair_thread(p, pair, 1)};
  for (;;) {
    a = next_told(p, pair, 0, a, at[0]);
    b = next_told(p, pair, 1, b, (uint32_t)t[1]->nsteps);
    if (a >= at[0] || b >= t[1]->nsteps) break;
    if (wg_key_weak(p, 0, t[0]->steps[a].content) != wg_key_weak(p, 1, t[1]->steps[b].content)) break;
    struct wg_delta d;
    if (wg_compare_all(p, t[0]->steps[a].content, t[1]->steps[b].content, &d) && d.cls != WG_D_ARGS) {
      found[0] = a;
      found[1] = b;
    }
    a++;
    b++;
  }
  return found[0] != WG_NONE && tell_parts(p, pair, found[0], found[1]);
}

// The same export called from another place, as a compiler makes two of one call: only what it says of itself counts.
static bool tell_status(struct wg_pairing *p, uint32_t pair, uint32_t a, uint32_t b) {
  const struct wg_content *x = wg_content_at(p->s[0], wg_pair_thread(p, pair, 0), a);
  const struct wg_content *y = wg_content_at(p->s[1], wg_pair_thread(p, pair, 1), b);
  if (wg_known_of(p, 0, x) != wg_known_of(p, 1, y) || !(x->flags & y->flags & WG_C_RV) || x->rv == y->rv) return false;
  if (wg_nt_of(x) == NULL || wg_nt_of(x)->ret != 'S') return false;
  struct wg_finding *f = wg_finding_at(p, pair, a, WG_D_VALUE);
  const struct wg_delta d = {.cls = WG_D_VALUE, .field = "rv", .value = {x->rv, y->rv}};
  if (f == NULL) f = wg_finding_of(p, pair, a, b, &d);
  f->hidden = false;
  return true;
}

// The nearest of the last calls before the parting that gave something else; what is told of it already is enough.
static void parting_value(struct wg_pairing *p, uint32_t pair, const uint32_t at[2]) {
  uint32_t a = at[0], b = at[1];
  if (from_the_front(p, pair, at)) return;
  for (int i = 0; i < BACK; i++) {
    a = previous(p, pair, 0, a);
    b = previous(p, pair, 1, b);
    if (a == WG_NONE || b == WG_NONE) return;
    if (wg_key_weak(p, 0, wg_pair_thread(p, pair, 0)->steps[a].content) !=
        wg_key_weak(p, 1, wg_pair_thread(p, pair, 1)->steps[b].content)) {
      tell_status(p, pair, a, b);
      return;
    }
    if (tell_parts(p, pair, a, b)) return;
  }
}

void wg_part(struct wg_pairing *p, uint32_t pair, size_t first) {
  size_t best = SIZE_MAX;
  for (size_t i = first; i < p->nfindings; i++)
    if (is_other_way(&p->findings[i]) && !p->findings[i].hidden &&
        (best == SIZE_MAX || p->findings[i].seq < p->findings[best].seq))
      best = i;
  if (best == SIZE_MAX) return;
  uint32_t at[2] = {wg_parting(p, &p->findings[best], 0), wg_parting(p, &p->findings[best], 1)};
  if (p->findings[best].cls == WG_D_EXCEPTION && at[0]) {
    uint32_t there = wg_partner_step(p, pair, 0, at[0] - 1);
    if (there != WG_NONE) at[1] = there + 1;
  }
  parting_value(p, pair, at);
}

// -- how things were made --

static struct wg_finding *at_step(struct wg_pairing *p, enum wg_class_id cls, uint32_t pair, uint32_t a, uint32_t b,
                                  const char *field, uint64_t va, uint64_t vb) {
  struct wg_finding *f = wg_finding_add(p, cls, pair, a, b);
  f->field = field;
  f->value[0] = va;
  f->value[1] = vb;
  f->seq = wg_pair_thread(p, pair, 0)->steps[a].seq;
  return f;
}

// Two objects that the same call made: is one signalled from the start, does a wait take the signal of only one?
static void compare_made(struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb) {
  uint32_t a = wg_pair_thread(p, pair, 0)->steps[sa].object, b = wg_pair_thread(p, pair, 1)->steps[sb].object;
  if (a == WG_NONE || b == WG_NONE) return;
  const struct wg_dobject *x = &p->s[0]->objects[a], *y = &p->s[1]->objects[b];
  if (x->step != sa || y->step != sb || x->thread != p->pairs[pair].t[0] || y->thread != p->pairs[pair].t[1]) return;
  const char *type = wg_str(p->s[0], x->type);
  bool ours = p->s[0]->title && p->s[1]->title && p->s[1]->has_signals;
  bool told = (p->effects & WG_DID_SIGNAL) || (ours && !wg_signals_anything(p->s[0]));
  if (!told) return; // one of them does not tell of signals
  bool event = strcmp(type, "Event") == 0, timer = strcmp(type, "Timer") == 0;
  bool states =
      x->touched && y->touched && x->initial >= 0 && y->initial >= 0 && (event || strcmp(type, "Semaphore") == 0);
  if (states && (x->initial > 0) != (y->initial > 0)) {
    at_step(p, WG_D_MADE, pair, sa, sb, "state", (uint64_t)x->initial, (uint64_t)y->initial);
  } else if ((event || timer) &&
             ((x->takes && !x->keeps && y->keeps && !y->takes) || (x->keeps && !x->takes && y->takes && !y->keeps))) {
    at_step(p, WG_D_MADE, pair, sa, sb, "kind", x->takes != 0, y->takes != 0);
  }
}

void wg_compare_objects(struct wg_pairing *p, uint32_t pair) {
  const struct wg_leaves *l = p->pairs[pair].side;
  for (uint32_t sa = 0; sa < wg_pair_thread(p, pair, 0)->nsteps; sa++) {
    uint32_t leaf = wg_leaf_of(&l[0], sa);
    if (leaf == WG_NONE || l[0].partner[leaf] == WG_NONE) continue;
    if (wg_leaf_at(&l[0], leaf).count != wg_leaf_at(&l[1], l[0].partner[leaf]).count) continue;
    uint32_t sb = wg_partner_step(p, pair, 0, sa);
    if (sb != WG_NONE) compare_made(p, pair, sa, sb);
  }
}

// Its own trace tells that a thread was made with another context than the call asks for.
static bool entered_otherwise(const struct wg_pairing *p, int side, const struct wg_dthread *t) {
  const struct wg_side *s = p->s[side];
  if (!t->created || t->parent == WG_NONE || t->create_step == WG_NONE || t->ctx == 0) return false;
  const struct wg_dthread *parent = &s->threads[t->parent];
  if (t->create_step >= parent->nsteps) return false;
  const struct wg_content *c = wg_content_at(s, parent, t->create_step);
  const struct wg_call *call = wg_content_is(c, WG_NT_CREATES) ? wg_call_of(wg_str(s, c->name)) : NULL;
  if (call == NULL || call->law != WG_L_MAKE_THREAD || !(c->flags & WG_C_ARGS) || c->nargs < call->arg + 2)
    return false;
  size_t at = call->arg + 1u;
  uint64_t asked = wg_arg(s, c, at); // 1: an address, or a handle's number
  return asked != 1 && asked != wg_canonical(wg_nt_of(c)->params[at], t->ctx);
}

// A thread that starts with something else, or ends with another code.
void wg_compare_lives(struct wg_pairing *p, uint32_t pair) {
  const struct wg_dthread *a = wg_pair_thread(p, pair, 0), *b = wg_pair_thread(p, pair, 1);
  if (a->created && b->created && a->parent != WG_NONE && b->parent != WG_NONE && a->create_step != WG_NONE &&
      b->create_step != WG_NONE && p->peer[0][a->parent] != WG_NONE && p->peer[0][a->parent] == p->peer[1][b->parent]) {
    bool otherwise = entered_otherwise(p, 0, a) && !entered_otherwise(p, 1, b);
    if (otherwise)
      at_step(p, WG_D_MADE, p->peer[0][a->parent], a->create_step, b->create_step, "context", a->ctx, b->ctx);
    if (!(p->effects & WG_DID_THREAD)) return;
    bool numbers =
        a->ctx < 0x1000 && b->ctx<0x1000, images = wg_canonical('p', a->ctx)> 1 && wg_canonical('p', b->ctx) > 1;
    if (!otherwise && a->ctx != b->ctx && (numbers || images || (a->ctx == 0) != (b->ctx == 0)))
      at_step(p, WG_D_MADE, p->peer[0][a->parent], a->create_step, b->create_step, "context", a->ctx, b->ctx);
  }
  if (a->exited && b->exited && a->exit_known && b->exit_known && a->exit_code != b->exit_code && a->nsteps &&
      b->nsteps)
    at_step(p, WG_D_VALUE, pair, (uint32_t)a->nsteps - 1, (uint32_t)b->nsteps - 1, "exit code", a->exit_code,
            b->exit_code);
}

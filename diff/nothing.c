// What a title uses before it was given: a call gets no handle, or no slot, where none of the reference's ever does.
// The call that gave one there gave none here, and a file that tells no results does not say so.
#include <stdlib.h>
#include <string.h>

#include "diff/align.h"

#define GETS (WG_NT_CREATES | WG_NT_OPENS | WG_NT_ALLOCATES)

// What such a call is about is none.
static bool is_about_nothing(const struct wg_side *s, const struct wg_content *c) {
  const struct wg_nt_export *nt = wg_nt_of(c);
  if (nt == NULL || c->nargs == 0 || !(c->flags & WG_C_ARGS)) return false;
  uint64_t v = wg_arg(s, c, 0);
  const char kind = nt->params[0];
  return ((kind == 'h' || kind == 'O') && v == 0) || (kind == 'n' && v == UINT32_MAX);
}

// By export: the reference makes it so, too.
static uint8_t *usual_there(const struct wg_side *s) {
  uint8_t *usual = wg_xcalloc(UINT16_MAX + 1u, 1);
  for (size_t i = 0; i < s->ncontents; i++)
    if (is_about_nothing(s, &s->contents[i])) usual[s->contents[i].nt] = 1;
  return usual;
}

// The first such call of this side's, of a thread that has its like.
static bool first_use(const struct wg_pairing *p, const uint8_t *usual, uint32_t *pair, uint32_t *step) {
  const struct wg_side *s = p->s[0];
  uint32_t seq = UINT32_MAX;
  for (uint32_t i = 0; i < p->npairs; i++) {
    const struct wg_dthread *a = wg_pair_thread(p, i, 0);
    for (uint32_t k = 0; k < a->nsteps && a->steps[k].seq < seq; k++) {
      const struct wg_content *c = wg_content_at(s, a, k);
      if (!is_about_nothing(s, c) || usual[c->nt]) continue;
      *pair = i;
      *step = k;
      seq = a->steps[k].seq;
    }
  }
  return seq != UINT32_MAX;
}

// The reference's call of the same name that is as many before it on its thread; WG_NONE: it makes fewer.
static uint32_t like_by_number(const struct wg_pairing *p, uint32_t pair, uint32_t step) {
  const struct wg_dthread *a = wg_pair_thread(p, pair, 0), *b = wg_pair_thread(p, pair, 1);
  const uint16_t nt = wg_content_at(p->s[0], a, step)->nt;
  uint64_t before = 0;
  for (uint32_t k = 0; k < step; k++)
    if (wg_content_at(p->s[0], a, k)->nt == nt) before += a->steps[k].count;
  for (uint32_t k = 0; k < b->nsteps; k++) {
    if (wg_content_at(p->s[1], b, k)->nt != nt) continue;
    if (before < b->steps[k].count) return k;
    before -= b->steps[k].count;
  }
  return WG_NONE;
}

// The thread's last call before another one that got it an object, or any but that; WG_NONE: there is none.
static uint32_t got_itself(const struct wg_pairing *p, const struct wg_dthread *b, uint32_t use, uint32_t object,
                           bool another) {
  for (uint32_t k = use; object != WG_NONE && k-- > 0;)
    if ((b->steps[k].object == object) != another && wg_content_is(wg_content_at(p->s[1], b, k), GETS)) return k;
  return WG_NONE;
}

// The same by an object's name, which one of the sides may not tell.
static uint32_t got_by_name(const struct wg_pairing *p, uint32_t pair, uint32_t use, uint16_t maker) {
  const struct wg_dthread *a = wg_pair_thread(p, pair, 0), *b = wg_pair_thread(p, pair, 1);
  for (uint32_t k = use; k-- > 0;) {
    const struct wg_content *c = wg_content_at(p->s[1], b, k);
    uint32_t here = c->nt == maker ? wg_partner_step(p, pair, 1, k) : WG_NONE;
    if (here != WG_NONE && (c->detail || wg_content_at(p->s[0], a, here)->detail)) return k;
  }
  return WG_NONE;
}

// The last call of anybody's before another one that got an object somebody a handle of it; it has one.
static void got_last(const struct wg_pairing *p, uint32_t pair, uint32_t use, uint32_t *by_pair, uint32_t *by) {
  const struct wg_step *x = &wg_pair_thread(p, pair, 1)->steps[use];
  const struct wg_dobject *o = &p->s[1]->objects[x->object];
  uint32_t seq = 0;
  *by_pair = p->peer[1][o->thread];
  *by = o->step;
  for (uint32_t i = 0; i < p->npairs; i++) {
    const struct wg_dthread *b = wg_pair_thread(p, i, 1);
    for (uint32_t k = 0; k < b->nsteps && b->steps[k].seq < x->seq; k++) {
      if (b->steps[k].object != x->object || !wg_content_is(wg_content_at(p->s[1], b, k), GETS) ||
          b->steps[k].seq < seq)
        continue;
      *by_pair = i;
      *by = k;
      seq = b->steps[k].seq;
    }
  }
}

#define NEAR 8u // calls

// The thread's last call shortly before that can have given a pointer; of a slot anybody's last one before.
static bool got_shortly(const struct wg_pairing *p, uint32_t pair, uint32_t use, uint32_t *by_pair, uint32_t *by) {
  const struct wg_side *s = p->s[1];
  const struct wg_dthread *b = wg_pair_thread(p, pair, 1);
  bool slot = wg_nt_of(wg_content_at(s, b, use))->params[0] == 'n';
  uint32_t seq = 0, until = b->steps[use].seq;
  for (uint32_t k = use, n = 0; !slot && k-- > 0 && n < NEAR; n++) {
    const struct wg_nt_export *nt = wg_nt_of(wg_content_at(s, b, k));
    if (nt && nt->params[0] == 'h' && strchr(nt->params, 'P') && !(nt->flags & (WG_NT_WAITS | WG_NT_SIGNALS))) {
      *by_pair = pair;
      *by = k;
      return true;
    }
  }
  for (uint32_t i = 0; slot && i < p->npairs; i++) {
    const struct wg_dthread *t = wg_pair_thread(p, i, 1);
    for (uint32_t k = 0; k < t->nsteps && t->steps[k].seq < until; k++) {
      const struct wg_nt_export *nt = wg_nt_of(wg_content_at(s, t, k));
      if (nt == NULL || nt->ret != 'n' || t->steps[k].seq < seq) continue;
      *by_pair = i;
      *by = k;
      seq = t->steps[k].seq + 1;
    }
  }
  return seq != 0;
}

// The reference's call that gave what another one is about: a thread's own last one, or the object's maker.
static bool giver(const struct wg_pairing *p, uint32_t pair, uint32_t use, uint32_t *by_pair, uint32_t *by) {
  const struct wg_dthread *b = wg_pair_thread(p, pair, 1);
  uint64_t second; // of a call that signals one object and waits for another one: it may be told as about the latter
  bool two = wg_map_get(&p->s[1]->second, (uint64_t)p->pairs[pair].t[1] << 32 | use, &second) &&
             b->steps[use].object == second;
  if (wg_nt_of(wg_content_at(p->s[1], b, use))->params[0] == 'O') return got_shortly(p, pair, use, by_pair, by);
  *by_pair = pair;
  *by = got_itself(p, b, use, b->steps[use].object, two);
  if (*by != WG_NONE) return true;
  if (two) return false;
  if (b->steps[use].object == WG_NONE) return got_shortly(p, pair, use, by_pair, by);
  const struct wg_dobject *o = &p->s[1]->objects[b->steps[use].object];
  if (o->thread == WG_NONE || o->step == WG_NONE || p->peer[1][o->thread] == WG_NONE)
    return got_shortly(p, pair, use, by_pair, by);
  *by = got_by_name(p, pair, use, wg_content_at(p->s[1], &p->s[1]->threads[o->thread], o->step)->nt);
  if (*by != WG_NONE) return true;
  got_last(p, pair, use, by_pair, by);
  return true;
}

void wg_compare_nothing(struct wg_pairing *p) {
  uint32_t pair = WG_NONE, step = WG_NONE, by_pair = WG_NONE, by = WG_NONE;
  uint8_t *usual = usual_there(p->s[1]);
  bool found = first_use(p, usual, &pair, &step);
  free(usual);
  uint32_t like = found ? like_by_number(p, pair, step) : WG_NONE;
  if (like == WG_NONE || !giver(p, pair, like, &by_pair, &by)) return;
  uint32_t here = wg_partner_step(p, by_pair, 1, by);
  if (here == WG_NONE) return;
  const struct wg_dthread *a = wg_pair_thread(p, by_pair, 0);
  if (wg_content_at(p->s[0], a, here)->flags & WG_C_RV) return; // what it gave is told
  struct wg_finding *f = wg_finding_add(p, WG_D_LOST, by_pair, here, by);
  f->seq = a->steps[here].seq;
  f->field = "nothing";
}

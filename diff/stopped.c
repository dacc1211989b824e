#include "diff/stopped.h"

#include "diff/hang.h"
#include "diff/words.h"

// Its last call is a wait, and the other side's thread has made more calls.
static bool stands(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side) {
  const struct wg_dthread *t = &p->s[side]->threads[tp->t[side]], *o = &p->s[!side]->threads[tp->t[!side]];
  if (t->nsteps == 0 || t->tid == 0 || t->host || t->final == WG_EXITED || t->final == WG_CRASHED) return false;
  if (o->calls <= t->calls) return false;
  return t->blocked_step != WG_NONE || wg_content_is(wg_content_at(p->s[side], t, t->nsteps - 1), WG_NT_WAITS);
}

static uint32_t pair_of(const struct wg_pairing *p, int side, uint32_t tid) {
  const struct wg_dthread *t = wg_side_thread(p->s[side], tid);
  return t ? p->peer[side][t - p->s[side]->threads] : WG_NONE;
}

static bool judged(const struct wg_hang_list *l, uint32_t tid) {
  for (size_t i = 0; i < l->n; i++)
    if (l->list[i].tid == tid) return true;
  return false;
}

// The pair of the first thread with a verdict that stands here and goes on there, where it has none.
static uint32_t alone(const struct wg_pairing *p, int side, const struct wg_hang_list *l,
                      const struct wg_hang_list *other) {
  for (size_t i = 0; i < l->n; i++) {
    uint32_t pair = pair_of(p, side, l->list[i].tid);
    if (pair == WG_NONE || !stands(p, &p->pairs[pair], side)) continue;
    if (!judged(other, wg_pair_thread(p, pair, !side)->tid)) return pair;
  }
  return WG_NONE;
}

static void look(const struct wg_pairing *p, int side, struct wg_stopped *out) {
  struct wg_hang_list l[2] = {{0}, {0}};
  struct wg_err err = {0};
  wg_hang_verdicts(p->s[side]->path, &p->s[side]->reading, &l[0], &err); // what cannot be judged has no verdict
  if (l[0].n) wg_hang_verdicts(p->s[!side]->path, &p->s[!side]->reading, &l[1], &err);
  uint32_t pair = alone(p, side, &l[0], &l[1]);
  if (pair != WG_NONE) {
    *out = (struct wg_stopped){
        .found = true, .side = side, .tid = l[0].list[0].tid, .pair = pair, .cls = l[0].list[0].cls};
    wg_buf_add(&out->words, l[0].list[0].words.data, l[0].list[0].words.len);
  }
  for (int i = 0; i < 2; i++) wg_hang_verdicts_release(&l[i]);
}

void wg_stopped_find(const struct wg_pairing *p, struct wg_stopped *out) {
  *out = (struct wg_stopped){0};
  for (int side = 0; side < 2 && !out->found; side++) {
    size_t i = 0;
    while (i < p->npairs && !stands(p, &p->pairs[i], side)) i++;
    if (i < p->npairs) look(p, side, out);
  }
}

void wg_stopped_release(struct wg_stopped *s) { wg_buf_release(&s->words); }

void wg_put_stopped(const struct wg_pairing *p, const struct wg_stopped *s, struct wg_buf *out) {
  uint32_t pair = pair_of(p, s->side, s->tid);
  if (pair != WG_NONE)
    wg_put_pair(p, pair, out);
  else
    wg_buf_printf(out, "thread %u", s->tid);
  wg_buf_str(out, s->side ? " hangs in the reference, and this side goes on; there it"
                          : " hangs here, and the reference goes on; here it");
  wg_buf_add(out, s->words.data, s->words.len);
}

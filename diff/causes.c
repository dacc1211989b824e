#include "diff/causes.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "diff/cause_walk.h"
#include "diff/laws.h"

const char wg_not_there_yet[] = "the trace ends before the thread that would end the wait gets there";

struct search {
  struct wg_pairing *p;
  struct wg_causes *out;
  struct wg_firsts firsts;
  struct wg_map by_finding; // index in out
  uint32_t *seen, walks;
};

static struct wg_cause *candidate(struct search *s, uint32_t finding) {
  struct wg_causes *cs = s->out;
  uint64_t i;
  if (wg_map_get(&s->by_finding, finding, &i)) return &cs->list[i];
  WG_VEC_ROOM(cs->list, cs->cap, cs->n + 1);
  wg_map_put(&s->by_finding, finding, cs->n);
  cs->list[cs->n] = (struct wg_cause){.finding = finding, .input = WG_NONE};
  return &cs->list[cs->n++];
}

static struct wg_cause_walk walk(struct search *s, struct wg_cause *c) {
  return (struct wg_cause_walk){.p = s->p, .c = c, .firsts = &s->firsts, .seen = s->seen, .now = ++s->walks};
}

// Nothing that a title does breaks a law: what comes after a breach may come of it, and no breach of anything.
static uint32_t before_breach(const struct search *s, struct wg_cause *c, uint32_t root) {
  uint32_t breach = s->firsts.breach;
  if (root == WG_NONE || breach == WG_NONE || root == breach) return root;
  const struct wg_finding *f = &s->p->findings[root], *b = &s->p->findings[breach];
  if (!b->first && f->seq < b->seq && wg_is_value(f)) return root;
  c->weak = false;
  return breach;
}

// The way to it came by the threads that explain it, and would go round in a circle: from itself it may lead on, to a
// call that did not do what it does in the reference.
static uint32_t on_from(struct search *s, struct wg_cause *c, uint32_t root) {
  if (root == WG_NONE || s->p->lawful) return root;
  const enum wg_class_id cls = s->p->findings[root].cls;
  if (cls != WG_D_MISSING && cls != WG_D_CALL && cls != WG_D_EXTRA) return root;
  struct wg_cause on = {.finding = WG_NONE, .input = WG_NONE};
  struct wg_cause_walk w = walk(s, &on);
  uint32_t further = wg_explain_finding(&w, root);
  if (further == WG_NONE || on.weak || s->p->findings[further].cls != WG_D_LOST) return root;
  for (size_t i = 0; i < on.nchain && c->nchain < WG_CHAIN; i++) c->chain[c->nchain++] = on.chain[i];
  return further;
}

static void explain_symptom(struct search *s, uint32_t symptom) {
  struct wg_pairing *p = s->p;
  struct wg_cause c = {.finding = WG_NONE, .input = WG_NONE};
  struct wg_cause_walk w = walk(s, &c);
  enum wg_class_id cls = p->findings[symptom].cls;
  uint32_t pair = p->findings[symptom].pair, root;
  if (cls == WG_D_NEVER_RETURNED)
    root = wg_explain_block(&w, pair);
  else if (cls == WG_D_NEVER_STARTED)
    root = wg_explain_start(&w, pair);
  else {
    uint32_t own = wg_explains_before(p, pair, UINT32_MAX);
    root = own != WG_NONE ? wg_explain_finding(&w, own) : symptom;
  }
  root = on_from(s, &c, root);
  if (root != WG_NONE) root = wg_last_unfelt(p, root);
  root = before_breach(s, &c, root);
  if (root == WG_NONE) {
    p->findings[symptom].hidden = true;
    p->findings[symptom].reason = wg_not_there_yet;
    return;
  }
  s->out->symptoms++;
  struct wg_cause *to = candidate(s, root);
  unsigned n = to->symptoms + 1;
  if (to->symptoms == 0 || c.nchain > to->nchain) *to = c;
  to->finding = root;
  to->symptoms = n;
}

// What a thread did otherwise first.
static void explain_first(struct search *s, uint32_t pair) {
  uint32_t f = wg_first_before(s->p, pair, UINT32_MAX, 2);
  if (f == WG_NONE) return;
  struct wg_cause c = {.input = WG_NONE};
  struct wg_cause_walk w = walk(s, &c);
  uint32_t root = before_breach(s, &c, wg_explain_finding(&w, f));
  struct wg_cause *to = candidate(s, root == WG_NONE ? f : root);
  if (to->symptoms == 0 && to->nchain == 0 && root != f) {
    c.finding = to->finding;
    c.weak = false;
    *to = c;
  }
  // What was put down to another thread is a candidate of its own, too.
  if (root != f) candidate(s, f)->weak = true;
}

static unsigned rank_of(const struct wg_pairing *p, const struct wg_cause *c) {
  const struct wg_finding *f = &p->findings[c->finding];
  unsigned r = wg_classes[f->cls].rank;
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, 0);
  for (int i = 0; i < 2; i++)
    if (f->step[i] != WG_NONE &&
        wg_content_is(wg_content_at(p->s[i], wg_pair_thread(p, f->pair, i), f->step[i]), WG_NT_CONSEQUENCE) &&
        !wg_is_value(f))
      r += 5;
  return r + (t->tid == 0 && !wg_is_value(f) ? 30 : 0);
}

// Explains a symptom; a value, if only by time; a symptom that nothing explains; a path; chance.
static unsigned class_of(const struct wg_pairing *p, const struct wg_cause *c) {
  const struct wg_finding *f = &p->findings[c->finding];
  if (f->cls == WG_D_COUNT) return 7;
  if (f->timing) return 6;
  if (wg_is_breach(f)) return 0;
  if (wg_is_symptom(f->cls) || wg_is_symptom_there(f->cls)) return 3;
  if (c->symptoms) return c->weak ? 1 : 0;
  if (c->weak) return 5; // put down to something else
  return wg_is_value(f) || f->cls == WG_D_LOST ? 2 : 4;
}

static bool before(const struct wg_pairing *p, const struct wg_cause *a, const struct wg_cause *b) {
  unsigned ca = class_of(p, a), cb = class_of(p, b);
  unsigned ra = rank_of(p, a) / 10, rb = rank_of(p, b) / 10;
  uint32_t qa = p->findings[a->finding].seq, qb = p->findings[b->finding].seq;
  if (ca != cb) return ca < cb;
  if (wg_is_breach(&p->findings[a->finding]) && wg_is_breach(&p->findings[b->finding]))
    return wg_breach_before(p, a->finding, b->finding);
  if (a->symptoms != b->symptoms) return a->symptoms > b->symptoms;
  if (ra != rb) return ra < rb;
  return qa < qb;
}

// By merging: the order must not depend on a library's.
static void sort(const struct wg_pairing *p, struct wg_causes *c) {
  struct wg_cause *from = c->list, *to = wg_xcalloc(c->n + 1, sizeof *to);
  for (size_t width = 1; width < c->n; width *= 2) {
    for (size_t at = 0; at < c->n; at += 2 * width) {
      size_t mid = at + width < c->n ? at + width : c->n, end = mid + width < c->n ? mid + width : c->n;
      for (size_t i = at, j = mid, k = at; k < end; k++)
        to[k] = j < end && (i == mid || before(p, &from[j], &from[i])) ? from[j++] : from[i++];
    }
    struct wg_cause *x = from;
    from = to;
    to = x;
  }
  c->list = from;
  c->cap = c->n;
  free(to);
}

// Next to a breach stands what proves it.
static void add_proof(struct wg_pairing *p, struct wg_cause *c) {
  const struct wg_finding *f = &p->findings[c->finding];
  struct wg_cause_walk w = {.p = p, .c = c};
  if (f->cls == WG_D_LAW && f->shows[0] != WG_NONE) wg_link_add(&w, WG_LINK_SHOWS, f->shows[0], f->shows[1], WG_NONE);
}

// Who is told another value was lied to, or it was never set: that is said too.
static void add_setters(struct search *s) {
  struct wg_pairing *p = s->p;
  for (size_t i = 0, n = s->out->n; i < n; i++) {
    const struct wg_finding *f = &p->findings[s->out->list[i].finding];
    uint32_t pair = f->pair, b = WG_NONE;
    bool value = (f->cls == WG_D_VALUE || f->cls == WG_D_OUT) && !f->timing;
    uint32_t asks = value ? f->step[0] : s->out->list[i].input; // or of which what it told is not
    if (asks == WG_NONE || (!value && wg_is_value(f))) continue;
    uint32_t setter = wg_setter_before(p, pair, asks);
    if (setter == WG_NONE || (b = wg_partner_step(p, pair, 0, setter)) == WG_NONE) continue;
    uint32_t lost = wg_lost_finding(p, pair, setter, b, "setting");
    if (lost != WG_NONE) candidate(s, lost)->weak = true;
  }
}

// The last time that a thread gave a lock back; WG_NONE: it did not.
static uint32_t last_release(const struct wg_side *s, const struct wg_dthread *t, uint32_t object) {
  for (uint32_t i = (uint32_t)t->nsteps; i-- > 0;)
    if (t->steps[i].object == object && wg_content_is(&s->contents[t->steps[i].content], WG_NT_UNLOCK)) return i;
  return WG_NONE;
}

// An entry that is not on its list, and nobody came to the list since: who looked may have been told wrongly, too. So
// may who tried for a lock that nobody gets any more.
static void add_takers(struct search *s) {
  struct wg_pairing *p = s->p;
  uint32_t breach = s->firsts.breach;
  if (breach == WG_NONE || p->findings[breach].first) return;
  enum wg_law law = (enum wg_law)p->findings[breach].arg, other = WG_LAW_COUNT_OF;
  if (law == WG_LAW_LOST) other = WG_LAW_LIST;
  if (law == WG_LAW_LOCK) other = WG_LAW_TRIES;
  for (uint32_t i = 0; other != WG_LAW_COUNT_OF && i < p->nfindings; i++)
    if (p->findings[i].cls == p->findings[breach].cls && p->findings[i].arg == other) candidate(s, i);
}

#define RELEASERS 2u // who else is named

// Of several that had a read/write lock at once it cannot be told which has not given it back: the others are named,
// too.
static void add_releasers(struct search *s) {
  struct wg_pairing *p = s->p;
  if (s->firsts.breach == WG_NONE) return;
  const struct wg_finding f = p->findings[s->firsts.breach];
  int side = f.cls == WG_D_LAW_THERE;
  if ((f.cls != WG_D_LAW && !side) || f.step[side] == WG_NONE || (!side && f.shows[0] == WG_NONE)) return;
  uint32_t object = wg_pair_thread(p, f.pair, side)->steps[f.step[side]].object;
  if (object == WG_NONE || strcmp(wg_str(p->s[side], p->s[side]->objects[object].type), "ReadWriteLock") != 0) return;
  uint32_t named = 0;
  for (uint32_t i = 0; i < p->npairs && named < RELEASERS; i++) {
    bool itself = i == f.pair || (!side && i == f.shows[0]);
    uint32_t at[2], step = itself ? WG_NONE : last_release(p->s[side], wg_pair_thread(p, i, side), object);
    if (step == WG_NONE) continue;
    at[side] = step;
    at[!side] = wg_partner_step(p, i, side, step);
    struct wg_finding *other = wg_finding_add(p, side ? WG_D_LOST_THERE : WG_D_LOST, i, at[0], at[1]);
    other->field = "release";
    other->seq = wg_seq_at(p, i, at[0]);
    candidate(s, (uint32_t)(other - p->findings))->weak = true;
    named++;
  }
}

// The last time that a thread signalled an object; WG_NONE: it did not.
static uint32_t last_signal_of(const struct wg_side *s, const struct wg_dthread *t, uint32_t object) {
  for (uint32_t i = (uint32_t)t->nsteps; i-- > 0;)
    if (t->steps[i].object == object && wg_content_is(&s->contents[t->steps[i].content], WG_NT_SIGNALS)) return i;
  return WG_NONE;
}

// Which of several threads' signals was lost a foreign file need not tell: the others are named, too.
static void add_signalers(struct search *s) {
  struct wg_pairing *p = s->p;
  for (size_t i = 0, n = s->out->n; i < n && !p->lawful; i++) {
    const struct wg_finding f = p->findings[s->out->list[i].finding];
    if (f.cls != WG_D_LOST || strcmp(f.field, "signal") != 0 || f.step[0] == WG_NONE) continue;
    uint32_t object = wg_pair_thread(p, f.pair, 0)->steps[f.step[0]].object, named = 0;
    for (uint32_t k = 0; object != WG_NONE && k < p->npairs && named < RELEASERS; k++) {
      uint32_t at = k == f.pair ? WG_NONE : last_signal_of(p->s[0], wg_pair_thread(p, k, 0), object);
      if (at == WG_NONE || wg_pair_thread(p, k, 0)->host) continue;
      uint32_t lost = wg_lost_finding(p, k, at, wg_partner_step(p, k, 0, at), "other");
      if (lost == WG_NONE) continue;
      candidate(s, lost)->weak = true;
      named++;
    }
  }
}

#define FURTHER 4u

// Behind the best candidate, in the order of the others.
static void add_further(struct search *s) {
  struct wg_causes *cs = s->out;
  uint32_t found[FURTHER];
  if (cs->n == 0) return;
  size_t n = wg_causes_further(s->p, &cs->list[0], found, FURTHER);
  for (size_t i = 0; i < n; i++) {
    size_t k = 0;
    while (k < cs->n && cs->list[k].finding != found[i]) k++;
    if (k < cs->n) continue;
    WG_VEC_ROOM(cs->list, cs->cap, cs->n + 1);
    cs->list[cs->n++] = (struct wg_cause){.finding = found[i], .input = WG_NONE, .weak = true};
  }
}

void wg_causes_find(struct wg_pairing *p, struct wg_causes *out) {
  *out = (struct wg_causes){0};
  struct search s = {.p = p, .out = out, .seen = wg_xcalloc(p->npairs + 1, sizeof *s.seen)};
  size_t n = p->nfindings;
  wg_firsts_find(p, &s.firsts);
  for (int i = 0; i < 2; i++) p->touches[i] = wg_touches_of(p->s[i]);
  for (uint32_t i = 0; i < n; i++)
    if (!p->findings[i].hidden && wg_is_symptom(p->findings[i].cls)) explain_symptom(&s, i);
  for (uint32_t i = 0; i < p->npairs; i++) explain_first(&s, i);
  if (s.firsts.breach != WG_NONE) candidate(&s, s.firsts.breach);
  for (size_t i = 0; i < out->n; i++) wg_find_input(p, &out->list[i]);
  add_setters(&s);
  add_takers(&s);
  add_releasers(&s);
  add_signalers(&s);
  for (size_t i = 0; i < out->n; i++) {
    wg_find_input(p, &out->list[i]);
    add_proof(p, &out->list[i]);
  }
  sort(p, out);
  add_further(&s);
  free(s.seen);
  wg_firsts_release(&s.firsts);
  for (int i = 0; i < 2; i++) {
    wg_touches_release(p->touches[i]);
    p->touches[i] = NULL;
  }
  wg_map_release(&s.by_finding);
}

void wg_causes_first(const struct wg_pairing *p, struct wg_causes *c) {
  uint32_t best = WG_NONE;
  for (uint32_t i = 0; i < p->nfindings && c->n == 0; i++) {
    const struct wg_finding *f = &p->findings[i];
    if (!f->hidden && (best == WG_NONE || f->seq < p->findings[best].seq)) best = i;
  }
  if (best == WG_NONE) return;
  WG_VEC_ROOM(c->list, c->cap, 1);
  c->list[c->n++] = (struct wg_cause){.finding = best, .input = WG_NONE, .alone = true};
}

void wg_causes_release(struct wg_causes *c) {
  free(c->list);
  *c = (struct wg_causes){0};
}

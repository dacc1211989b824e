// Polls and queries: compared by the values that a call site gives, whatever their number.
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "diff/align.h"

#define SITE_VALUES 32 // more different values than these are a counter, a clock or a cursor

struct site {
  uint32_t step[2][SITE_VALUES + 1]; // of each different content, in order
  size_t n[2];
  uint64_t calls[2];
};

// The same while it is found, as there may be very many: its steps as lists, the latest first.
struct found {
  uint32_t key;
  uint32_t list[2], calls[2];
  uint8_t n[2];
};

struct finding_sites {
  struct wg_index by_key;
  struct found *sites;
  struct {
    uint32_t step, next;
  } * values;
  size_t cap, nvalues, values_cap;
};

static uint64_t hash_of_key(uint32_t key) { return key * 0x9E3779B97F4A7C15u ^ key; }

static uint64_t hash_of_site(const void *ctx, uint32_t id) {
  return hash_of_key(((const struct finding_sites *)ctx)->sites[id].key);
}

static struct found *site_found(struct finding_sites *f, uint32_t key) {
  uint32_t id;
  for (size_t at = 0; f->sites && wg_index_next(&f->by_key, hash_of_key(key), &at, &id);)
    if (f->sites[id].key == key) return &f->sites[id];
  id = (uint32_t)f->by_key.n;
  WG_VEC_ROOM(f->sites, f->cap, id + 1);
  f->sites[id] = (struct found){.key = key};
  wg_index_add(&f->by_key, hash_of_key(key), id, hash_of_site, f);
  return &f->sites[id];
}

static void add_site_value(struct finding_sites *f, struct found *x, const struct wg_step *steps, int side,
                           uint32_t step) {
  x->calls[side] += steps[step].count;
  for (uint32_t i = x->list[side], k = x->n[side]; k > 0; k--, i = f->values[i].next)
    if (steps[f->values[i].step].content == steps[step].content) return;
  if (x->n[side] > SITE_VALUES) return;
  WG_VEC_ROOM(f->values, f->values_cap, f->nvalues + 1);
  f->values[f->nvalues].step = step;
  f->values[f->nvalues].next = x->list[side];
  x->list[side] = (uint32_t)f->nvalues++;
  x->n[side]++;
}

static struct site as_site(const struct finding_sites *f, const struct found *x) {
  struct site s = {.n = {x->n[0], x->n[1]}, .calls = {x->calls[0], x->calls[1]}};
  for (int side = 0; side < 2; side++)
    for (uint32_t i = x->list[side], k = x->n[side]; k-- > 0; i = f->values[i].next)
      s.step[side][k] = f->values[i].step;
  return s;
}

// The first value of one side that the other never gives.
static uint32_t unlike(const struct wg_pairing *p, const struct wg_thread_pair *tp, const struct site *x, int side,
                       struct wg_delta *d) {
  const struct wg_dthread *t[2] = {wg_thread_of(p, tp, 0), wg_thread_of(p, tp, 1)};
  for (size_t i = 0; i < x->n[side]; i++) {
    bool found = false;
    for (size_t j = 0; j < x->n[!side] && !found; j++) {
      uint32_t s[2];
      s[side] = x->step[side][i];
      s[!side] = x->step[!side][j];
      uint32_t c[2] = {t[0]->steps[s[0]].content, t[1]->steps[s[1]].content};
      // What has not returned is like anything, and tells nothing of what has.
      bool open[2] = {p->s[0]->contents[c[0]].flags & WG_C_OPEN, p->s[1]->contents[c[1]].flags & WG_C_OPEN};
      found = open[side] || (!open[!side] && !wg_compare(p, c[0], c[1], d));
    }
    if (!found) return x->step[side][i];
  }
  return WG_NONE;
}

// What it asks of stands still: how large, of what kind, configured how.
static bool asks_of_facts(const struct wg_content *c) {
  static const char *const facts[] = {"MmQuery",
                                      "NtQueryVirtualMemory",
                                      "NtQueryInformationFile",
                                      "NtQueryFullAttributes",
                                      "NtQueryVolume",
                                      "XGet",
                                      "ExGetXConfig",
                                      "XexGet",
                                      "XexCheck"};
  const char *name = wg_nt_of(c) ? wg_nt_of(c)->name : "";
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
    if (strncmp(name, facts[i], strlen(facts[i])) == 0) return true;
  return false;
}

static void compare_site(struct wg_pairing *p, uint32_t pair, const struct site *x) {
  struct wg_thread_pair *tp = &p->pairs[pair];
  struct wg_delta d;
  if (x->n[0] == 0 || x->n[1] == 0 || x->n[0] > SITE_VALUES || x->n[1] > SITE_VALUES) return;
  uint32_t a = unlike(p, tp, x, 0, &d), b = a == WG_NONE ? WG_NONE : unlike(p, tp, x, 1, &d);
  if (a == WG_NONE) return;
  const struct wg_dthread *t[2] = {wg_thread_of(p, tp, 0), wg_thread_of(p, tp, 1)};
  if (b == WG_NONE) {
    // Only this side has a value of its own: that may be chance, unless the reference always gives the same.
    const struct wg_content *c = wg_content_at(p->s[0], t[0], a);
    b = x->step[1][0];
    if (wg_fails_silently(p, t[0]->steps[a].content, &d)) {
      wg_add_delta(p, pair, a, b, &d);
      return;
    }
    if (!wg_compare(p, t[0]->steps[a].content, t[1]->steps[b].content, &d)) return;
    const unsigned how = p->effects & (WG_DID_WAIT | WG_DID_WAIT_ENDLESS | WG_DID_WAIT_ALL | WG_DID_ALERTABLE);
    bool otherwise = wg_content_is(c, WG_NT_WAITS); // it waits in a way that it never does there
    for (size_t i = 0; i < x->n[1]; i++)
      otherwise &= ((wg_content_at(p->s[1], t[1], x->step[1][i])->effects ^ c->effects) & how) != 0;
    if (otherwise && (x->calls[0] == x->calls[1] || (x->calls[0] >= 3 && x->calls[1] >= 3))) {
      d = (struct wg_delta){.cls = WG_D_EFFECT, .field = "effect"};
      d.value[0] = c->effects & p->effects;
      d.value[1] = wg_content_at(p->s[1], t[1], b)->effects & p->effects;
      wg_add_delta(p, pair, a, b, &d);
      return;
    }
    bool often = x->calls[1] >= 3 || x->calls[0] == x->calls[1];
    bool fact = asks_of_facts(c) && x->calls[0] == x->calls[1] && !tp->open[0] && !tp->open[1];
    if (!wg_no_chance(p->s[0], c) && !fact && (x->n[1] != 1 || !often || wg_content_is(c, WG_NT_WAITS))) return;
  }
  if (!wg_compare(p, t[0]->steps[a].content, t[1]->steps[b].content, &d)) return;
  wg_add_delta(p, pair, a, b, &d);
  bool always = x->n[0] == 1 && x->n[1] == 1 && x->calls[0] >= 3 && x->calls[1] >= 3;
  if (always && d.cls == WG_D_VALUE) p->findings[p->nfindings - 1].timing = false; // one thing here, another there
}

void wg_compare_polls(struct wg_pairing *p, uint32_t pair) {
  struct wg_thread_pair *tp = &p->pairs[pair];
  struct finding_sites f = {0};
  for (int side = 0; side < 2; side++) {
    const struct wg_dthread *t = wg_thread_of(p, tp, side);
    for (uint32_t i = 0; i < t->nsteps; i++)
      if (wg_weight_of(p, side, t->steps[i].content) == WG_SOFT)
        add_site_value(&f, site_found(&f, wg_key_strong(p, side, t->steps[i].content)), t->steps, side, i);
  }
  for (size_t i = 0; i < f.by_key.n; i++) {
    struct site x = as_site(&f, &f.sites[i]);
    compare_site(p, pair, &x);
  }
  free(f.sites);
  free(f.values);
  wg_index_release(&f.by_key);
}

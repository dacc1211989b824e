// Which thread is which: what the user says, then ancestry (parent, entry point, ordinal), then what they do, as one
// assignment over all that is left.
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/vec.h"
#include "diff/pair.h"

#define SAMPLE 96 // calls that a signature looks at
#define GRAM 3
#define COMMON 24 // a run of calls that more threads have says nothing of which is which

static void join(struct wg_pairing *p, uint32_t a, uint32_t b, const char *how, unsigned confidence) {
  WG_VEC_NEXT(p->pairs, p->npairs);
  p->peer[0][a] = p->peer[1][b] = (uint32_t)p->npairs;
  p->pairs[p->npairs++] = (struct wg_thread_pair){
      .t = {a, b}, .how = how, .confidence = confidence, .exact = true, .findings = WG_NONE, .last_finding = WG_NONE};
}

static bool free_thread(const struct wg_pairing *p, int side, uint32_t i) { return p->peer[side][i] == WG_NONE; }

static bool thread_number(const char **at, uint32_t *v) {
  const char *p = *at;
  uint64_t n = 0;
  while (*p >= '0' && *p <= '9' && n <= UINT32_MAX) n = n * 10 + (uint64_t)(*p++ - '0');
  bool ok = p != *at && n <= UINT32_MAX;
  *v = (uint32_t)n;
  *at = p;
  return ok;
}

// "17=13" and the comma behind it, if one follows.
static bool one_pair(const char **m, uint32_t *a, uint32_t *b) {
  const char *p = *m;
  if (!thread_number(&p, a) || *p++ != '=' || !thread_number(&p, b) || (*p && *p != ',')) return false;
  if (*p == ',' && p[1] == 0) return false;
  *m = p + (*p == ',');
  return true;
}

static int by_user(struct wg_pairing *p, struct wg_err *err) {
  for (const char *m = p->map; m && *m;) {
    uint32_t a, b;
    if (!one_pair(&m, &a, &b))
      return wg_fail(err, WG_INPUT, "--map: expected HERE=REFERENCE thread numbers separated by commas, got '%s'", m);
    const struct wg_dthread *x = wg_side_thread(p->s[0], a), *y = wg_side_thread(p->s[1], b);
    if (x == NULL) return wg_side_no_thread(p->s[0], "--map", a, err);
    if (y == NULL) return wg_side_no_thread(p->s[1], "--map", b, err);
    uint32_t i = (uint32_t)(x - p->s[0]->threads), j = (uint32_t)(y - p->s[1]->threads);
    if (!free_thread(p, 0, i) || !free_thread(p, 1, j))
      return wg_fail(err, WG_INPUT, "--map %u=%u: a thread is named twice", a, b);
    join(p, i, j, "user", 100);
  }
  return WG_OK;
}

static uint64_t ancestry_key(uint32_t parent_pair, const struct wg_dthread *t) {
  return wg_hash_u64(t->entry, wg_hash_u64(t->spawn, parent_pair));
}

static bool guest_root(const struct wg_side *s, const struct wg_dthread *t) {
  if (!t->created || t->entry == 0) return false;
  return t->parent == WG_NONE || s->threads[t->parent].tid == 0 || s->threads[t->parent].host;
}

static void roots(struct wg_pairing *p) {
  struct wg_map at = {0};
  uint64_t j;
  for (uint32_t i = 0; i < p->s[1]->nthreads; i++) {
    const struct wg_dthread *t = &p->s[1]->threads[i];
    if (free_thread(p, 1, i) && guest_root(p->s[1], t)) wg_map_put(&at, ancestry_key(0, t), i);
  }
  for (uint32_t i = 0; i < p->s[0]->nthreads; i++) {
    const struct wg_dthread *t = &p->s[0]->threads[i];
    if (free_thread(p, 0, i) && guest_root(p->s[0], t) && wg_map_get(&at, ancestry_key(0, t), &j) &&
        free_thread(p, 1, (uint32_t)j))
      join(p, i, (uint32_t)j, "entry point", 99);
  }
  wg_map_release(&at);
}

// Children of matched parents, until no more are found: in order of creation parents come first, so twice is enough.
static bool children(struct wg_pairing *p) {
  struct wg_map at = {0};
  uint64_t j;
  bool found = false;
  for (uint32_t i = 0; i < p->s[1]->nthreads; i++) {
    const struct wg_dthread *t = &p->s[1]->threads[i];
    if (!free_thread(p, 1, i) || !t->created || t->entry == 0 || t->parent == WG_NONE) continue;
    if (p->peer[1][t->parent] != WG_NONE) wg_map_put(&at, ancestry_key(p->peer[1][t->parent], t), i);
  }
  for (uint32_t i = 0; i < p->s[0]->nthreads; i++) {
    const struct wg_dthread *t = &p->s[0]->threads[i];
    if (!free_thread(p, 0, i) || !t->created || t->entry == 0 || t->parent == WG_NONE) continue;
    if (p->peer[0][t->parent] == WG_NONE || !wg_map_get(&at, ancestry_key(p->peer[0][t->parent], t), &j)) continue;
    if (!free_thread(p, 1, (uint32_t)j)) continue;
    join(p, i, (uint32_t)j, "ancestry", 98);
    found = true;
  }
  wg_map_release(&at);
  return found;
}

// Names of a thread's first calls, without those that never count.
static size_t sample(const struct wg_pairing *p, int side, uint32_t thread, uint64_t *out) {
  const struct wg_dthread *t = &p->s[side]->threads[thread];
  size_t n = 0;
  for (size_t i = 0; i < t->nsteps && n < SAMPLE; i++) {
    if (wg_weight_of(p, side, t->steps[i].content) == WG_NEUTRAL) continue;
    out[n++] = wg_key_strong(p, side, t->steps[i].content);
  }
  return n;
}

struct vote {
  uint32_t a, b, n;
};

static int by_votes(const void *x, const void *y) {
  const struct vote *a = x, *b = y;
  if (a->n != b->n) return a->n < b->n ? 1 : -1;
  return a->a != b->a ? (a->a < b->a ? -1 : 1) : (a->b > b->b) - (a->b < b->b);
}

struct grams {
  struct wg_map first; // gram -> list head + 1
  struct {
    uint32_t thread, next;
  } * entries;
  size_t n, cap;
  struct wg_map freq;
};

static uint64_t gram(const uint64_t *k, size_t n, size_t i) {
  uint64_t h = i == 0 ? 1 : 2; // how a thread begins says more
  for (size_t d = 0; d < GRAM; d++) h = wg_hash_u64(i + d < n ? k[i + d] : 0, h);
  return h;
}

static void index_thread(struct grams *g, uint32_t thread, const uint64_t *k, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint64_t h = gram(k, n, i), head = 0, freq = 0;
    wg_map_get(&g->freq, h, &freq);
    wg_map_put(&g->freq, h, freq + 1);
    if (freq > COMMON) continue;
    wg_map_get(&g->first, h, &head);
    WG_VEC_ROOM(g->entries, g->cap, g->n + 1);
    g->entries[g->n].thread = thread;
    g->entries[g->n].next = (uint32_t)head;
    wg_map_put(&g->first, h, ++g->n);
  }
}

static size_t count_votes(struct wg_pairing *p, const struct grams *g, uint32_t a, struct vote **votes, size_t nvotes,
                          size_t *cap, uint32_t *tally, uint32_t *touched) {
  uint64_t k[SAMPLE];
  size_t n = sample(p, 0, a, k), ntouched = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t h = gram(k, n, i), at = 0, freq = 0;
    if (wg_map_get(&g->freq, h, &freq) && freq > COMMON) continue;
    if (!wg_map_get(&g->first, h, &at)) continue;
    for (; at && g->entries; at = g->entries[at - 1].next) {
      uint32_t b = g->entries[at - 1].thread;
      if (tally[b]++ == 0) touched[ntouched++] = b;
    }
  }
  for (size_t i = 0; i < ntouched; i++) {
    WG_VEC_ROOM(*votes, *cap, nvotes + 1);
    (*votes)[nvotes++] = (struct vote){a, touched[i], tally[touched[i]]};
    tally[touched[i]] = 0;
  }
  return nvotes;
}

static bool eligible(const struct wg_side *s, uint32_t i) { return s->threads[i].nsteps && s->threads[i].tid != 0; }

static void by_calls(struct wg_pairing *p) {
  struct grams g = {0};
  struct vote *votes = NULL;
  size_t nvotes = 0, cap = 0;
  uint64_t k[SAMPLE];
  for (uint32_t j = 0; j < p->s[1]->nthreads; j++)
    if (free_thread(p, 1, j) && eligible(p->s[1], j)) index_thread(&g, j, k, sample(p, 1, j, k));
  uint32_t *tally = wg_xcalloc(p->s[1]->nthreads + 1, sizeof *tally);
  uint32_t *touched = wg_xcalloc(p->s[1]->nthreads + 1, sizeof *touched);
  for (uint32_t i = 0; i < p->s[0]->nthreads; i++)
    if (free_thread(p, 0, i) && eligible(p->s[0], i))
      nvotes = count_votes(p, &g, i, &votes, nvotes, &cap, tally, touched);
  if (nvotes) qsort(votes, nvotes, sizeof *votes, by_votes);
  for (size_t v = 0; v < nvotes; v++)
    if (free_thread(p, 0, votes[v].a) && free_thread(p, 1, votes[v].b)) {
      size_t n = sample(p, 0, votes[v].a, k);
      join(p, votes[v].a, votes[v].b, "calls", n ? (unsigned)(votes[v].n * 95 / n > 95 ? 95 : votes[v].n * 95 / n) : 1);
    }
  free(votes);
  free(tally);
  free(touched);
  free(g.entries);
  wg_map_release(&g.first);
  wg_map_release(&g.freq);
}

// Threads whose first `upto` calls are the same, in order of appearance.
static uint64_t beginning(const struct wg_pairing *p, int side, uint32_t thread, size_t upto) {
  uint64_t k[SAMPLE];
  if (!free_thread(p, side, thread) || !eligible(p->s[side], thread)) return 0;
  size_t n = sample(p, side, thread, k);
  return n ? wg_hash(k, (n < upto ? n : upto) * sizeof *k, n < upto ? n : upto) | 1 : 0;
}

// Of threads whose calls say nothing: their entry point or, if that is not told, their first call all the same.
static uint64_t where_it_begins(const struct wg_pairing *p, int side, uint32_t thread, size_t upto) {
  const struct wg_dthread *t = &p->s[side]->threads[thread];
  (void)upto;
  if (!free_thread(p, side, thread) || !eligible(p->s[side], thread)) return 0;
  return (t->entry ? wg_hash_u64(t->entry, 1) : wg_hash_u64(wg_key_strong(p, side, t->steps[0].content), 2)) | 1;
}

typedef uint64_t trait(const struct wg_pairing *p, int side, uint32_t thread, size_t upto);
static void by_trait(struct wg_pairing *p, trait *of, size_t upto, const char *how, unsigned confidence) {
  struct wg_map next = {0}; // trait -> threads of B, a list
  uint32_t *link = wg_xcalloc(p->s[1]->nthreads + 1, sizeof *link);
  uint64_t head;
  for (uint32_t j = (uint32_t)p->s[1]->nthreads; j-- > 0;) {
    uint64_t key = of(p, 1, j, upto);
    if (key == 0) continue;
    link[j] = wg_map_get(&next, key, &head) ? (uint32_t)head : WG_NONE;
    wg_map_put(&next, key, j);
  }
  for (uint32_t i = 0; i < p->s[0]->nthreads; i++) {
    uint64_t key = of(p, 0, i, upto);
    if (key == 0 || !wg_map_get(&next, key, &head) || head == WG_NONE) continue;
    join(p, i, (uint32_t)head, how, confidence);
    wg_map_put(&next, key, link[head]);
  }
  free(link);
  wg_map_release(&next);
}

static uint32_t first_thread(const struct wg_pairing *p, int side) {
  const struct wg_side *s = p->s[side];
  uint32_t first = WG_NONE;
  for (uint32_t i = 0; i < s->nthreads; i++)
    if (eligible(s, i) && !s->threads[i].host &&
        (first == WG_NONE || s->threads[i].steps[0].seq < s->threads[first].steps[0].seq))
      first = i;
  return first;
}

// The title's first threads, where a log does not tell where they start: if they begin alike.
static void firsts(struct wg_pairing *p) {
  uint32_t a = first_thread(p, 0), b = first_thread(p, 1);
  uint64_t x[SAMPLE], y[SAMPLE];
  if (a == WG_NONE || b == WG_NONE || !free_thread(p, 0, a) || !free_thread(p, 1, b)) return;
  if (p->s[0]->threads[a].entry && p->s[1]->threads[b].entry) return;
  size_t n = sample(p, 0, a, x), m = sample(p, 1, b, y), same = 0, least = n < m ? n : m;
  for (size_t i = 0; i < least; i++) same += x[i] == y[i];
  if (same * 2 > least && least) join(p, a, b, "first thread", 90);
}

int wg_match_threads(struct wg_pairing *p, struct wg_err *err) {
  WG_TRY(by_user(p, err));
  const struct wg_dthread *a0 = wg_side_thread(p->s[0], 0), *b0 = wg_side_thread(p->s[1], 0);
  if (a0 && b0 && free_thread(p, 0, (uint32_t)(a0 - p->s[0]->threads)) &&
      free_thread(p, 1, (uint32_t)(b0 - p->s[1]->threads)))
    join(p, (uint32_t)(a0 - p->s[0]->threads), (uint32_t)(b0 - p->s[1]->threads), "no thread", 100);
  roots(p);
  firsts(p);
  while (children(p)) {
  }
  by_trait(p, beginning, SAMPLE, "calls", 95);
  while (children(p)) {
  }
  by_calls(p);
  while (children(p)) {
  }
  by_trait(p, beginning, 1, "first call", 30);
  by_trait(p, where_it_begins, 1, "entry point", 30);
  return WG_OK;
}

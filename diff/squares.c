#include "diff/squares.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"

#define BASE 0x9E3779B1u // odd
#define TRIES 12         // places looked at

static uint64_t mix(uint64_t v) {
  v ^= v >> 33;
  v *= 0xFF51AFD7ED558CCDu;
  v ^= v >> 29;
  v *= 0xC4CEB9FE1A85EC53u;
  return v ^ v >> 32;
}

static uint64_t hash_at(const void *ctx, uint32_t place) {
  const struct wg_squares *q = ctx;
  return mix(q->syms[place]);
}

static void grow(struct wg_squares *q) {
  size_t cap = wg_vec_more(q->cap, q->cap + 1, 1);
  WG_VEC_MOVE(q->syms, cap);
  WG_VEC_MOVE(q->sums, cap + 1);
  WG_VEC_MOVE(q->prev, cap);
  if (q->cap == 0) q->sums[0] = 0;
  q->cap = cap;
}

static uint32_t power(struct wg_squares *q, size_t n) {
  if (n >= q->npowers) {
    size_t want = wg_vec_more(q->npowers, n + 1, sizeof *q->powers);
    WG_VEC_MOVE(q->powers, want);
    if (q->npowers == 0) q->powers[q->npowers++] = 1;
    for (; q->npowers < want; q->npowers++) q->powers[q->npowers] = q->powers[q->npowers - 1] * BASE;
  }
  return q->powers[n];
}

static uint32_t range(struct wg_squares *q, size_t from, size_t n) {
  return q->sums[from + n] - q->sums[from] * power(q, n);
}

// The sequence ends in two equal words of this length.
static bool repeats(struct wg_squares *q, size_t p) {
  return p && 2 * p <= q->n && range(q, q->n - p, p) == range(q, q->n - 2 * p, p) &&
         memcmp(q->syms + q->n - p, q->syms + q->n - 2 * p, p * sizeof *q->syms) == 0;
}

static void pop(struct wg_squares *q, size_t p) {
  for (size_t i = 0; i < p; i++) {
    uint32_t at = (uint32_t)--q->n;
    uint64_t h = mix(q->syms[at]);
    if (q->prev[at] == UINT32_MAX)
      wg_index_del(&q->last, h, at, hash_at, q);
    else
      wg_index_replace(&q->last, h, at, q->prev[at], hash_at, q);
  }
}

// The latest place of a symbol, or UINT32_MAX.
static uint32_t latest(const struct wg_squares *q, uint64_t sym, uint64_t hash) {
  uint32_t place;
  for (size_t at = 0; wg_index_next(&q->last, hash, &at, &place);)
    if (q->syms[place] == sym) return place;
  return UINT32_MAX;
}

static void note(struct wg_squares *q, uint32_t at, uint64_t hash) {
  if (q->prev[at] == UINT32_MAX)
    wg_index_add(&q->last, hash, at, hash_at, q);
  else
    wg_index_replace(&q->last, hash, q->prev[at], at, hash_at, q);
}

// Forgets all but the latest symbols.
static void slide(struct wg_squares *q) {
  size_t from = q->n - q->window;
  wg_index_release(&q->last);
  memmove(q->syms, q->syms + from, q->window * sizeof *q->syms);
  memmove(q->sums, q->sums + from, (q->window + 1) * sizeof *q->sums);
  q->n = q->window;
  for (uint32_t i = 0; i < q->n; i++) {
    uint64_t h = mix(q->syms[i]);
    q->prev[i] = latest(q, q->syms[i], h);
    note(q, i, h);
  }
}

size_t wg_squares_push(struct wg_squares *q, uint64_t sym) {
  if (q->window && q->n == 2 * q->window) slide(q);
  if (q->n == q->cap) grow(q);
  uint64_t h = mix(sym);
  uint32_t at = (uint32_t)q->n++;
  q->syms[at] = sym;
  q->sums[at + 1] = q->sums[at] * BASE + (uint32_t)h;
  uint32_t from = q->prev[at] = latest(q, sym, h);
  for (int i = 0; i < TRIES && from != UINT32_MAX; i++, from = q->prev[from]) {
    size_t p = at - from;
    if (2 * p > q->n) break;
    if (!repeats(q, p)) continue;
    q->n--; // its place was never noted
    pop(q, p - 1);
    return p;
  }
  note(q, at, h);
  return 0;
}

void wg_squares_release(struct wg_squares *q) {
  free(q->syms);
  free(q->sums);
  free(q->prev);
  free(q->powers);
  wg_index_release(&q->last);
  *q = (struct wg_squares){0};
}

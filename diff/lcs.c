#include "diff/lcs.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"

#define NONE UINT32_MAX
#define EFFORT ((size_t)400 << 20) // diagonal steps in all

struct lcs {
  const uint64_t *a, *b;
  uint32_t *partner;
  int64_t *fwd, *bwd; // furthest reaching points, by diagonal
  size_t half;
  size_t effort;
  int exact;
};

static void pair(struct lcs *l, size_t i, size_t j) { l->partner[i] = (uint32_t)j; }

// What stands in the same order, taken as it comes: for stretches that are too costly.
static void greedy(struct lcs *l, size_t a0, size_t a1, size_t b0, size_t b1) {
  struct wg_map at = {0}; // symbol -> first place in b from b0 on
  for (size_t j = b1; j-- > b0;) wg_map_put(&at, l->b[j], j);
  size_t next = b0;
  for (size_t i = a0; i < a1; i++) {
    uint64_t j;
    if (next < b1 && l->b[next] == l->a[i]) {
      pair(l, i, next++);
    } else if (wg_map_get(&at, l->a[i], &j) && j >= next && j - next <= a1 - i + 64) {
      pair(l, i, (size_t)j);
      next = (size_t)j + 1;
    }
  }
  wg_map_release(&at);
  l->exact = 0;
}

// The middle of a shortest edit script of the box (Myers 1986, section 4b): x, y where its halves meet.
static int middle(struct lcs *l, size_t a0, size_t a1, size_t b0, size_t b1, size_t *x, size_t *y) {
  int64_t n = (int64_t)(a1 - a0), m = (int64_t)(b1 - b0), delta = n - m;
  int64_t *f = l->fwd + l->half, *r = l->bwd + l->half;
  int odd = (delta & 1) != 0;
  f[1] = 0;
  r[1] = 0;
  for (int64_t d = 0; d <= (n + m + 1) / 2; d++) {
    if (l->effort < (size_t)(2 * d + 2)) return 0;
    l->effort -= (size_t)(2 * d + 2);
    for (int64_t k = -d; k <= d; k += 2) {
      int64_t i = k == -d || (k != d && f[k - 1] < f[k + 1]) ? f[k + 1] : f[k - 1] + 1, j = i - k;
      int64_t i0 = i;
      while (i < n && j >= 0 && j < m && l->a[a0 + (size_t)i] == l->b[b0 + (size_t)j]) i++, j++;
      f[k] = i;
      if (odd && k - delta >= -(d - 1) && k - delta <= d - 1 && i + r[delta - k] >= n) {
        *x = a0 + (size_t)(i0 > n ? n : i);
        *y = b0 + (size_t)(i - k);
        return 1;
      }
    }
    for (int64_t k = -d; k <= d; k += 2) {
      int64_t i = k == -d || (k != d && r[k - 1] < r[k + 1]) ? r[k + 1] : r[k - 1] + 1, j = i - k;
      while (i < n && j >= 0 && j < m && l->a[a1 - 1 - (size_t)i] == l->b[b1 - 1 - (size_t)j]) i++, j++;
      r[k] = i;
      if (!odd && delta - k >= -d && delta - k <= d && i + f[delta - k] >= n) {
        *x = a1 - (size_t)i;
        *y = b1 - (size_t)(i - k);
        return 1;
      }
    }
  }
  return 0;
}

static void solve(struct lcs *l, size_t a0, size_t a1, size_t b0, size_t b1) {
  for (;;) {
    while (a0 < a1 && b0 < b1 && l->a[a0] == l->b[b0]) pair(l, a0++, b0++);
    while (a0 < a1 && b0 < b1 && l->a[a1 - 1] == l->b[b1 - 1]) pair(l, --a1, --b1);
    if (a0 == a1 || b0 == b1) return;
    size_t x, y;
    if (!middle(l, a0, a1, b0, b1, &x, &y)) {
      greedy(l, a0, a1, b0, b1);
      return;
    }
    if ((x == a0 && y == b0) || (x == a1 && y == b1) || x > a1 || y > b1 || x < a0 || y < b0) {
      greedy(l, a0, a1, b0, b1);
      return;
    }
    if (x - a0 + (y - b0) < a1 - x + (b1 - y)) { // the smaller half by recursion
      solve(l, a0, x, b0, y);
      a0 = x;
      b0 = y;
    } else {
      solve(l, x, a1, y, b1);
      a1 = x;
      b1 = y;
    }
  }
}

// Places of the symbols that stand once in a and once in b, in the order of a.
static size_t unique(const struct lcs *l, size_t na, size_t nb, uint32_t *in_a, uint32_t *in_b) {
  struct wg_map ca = {0}, cb = {0};
  uint64_t v;
  for (size_t i = 0; i < na; i++) wg_map_put(&ca, l->a[i], wg_map_get(&ca, l->a[i], &v) ? NONE : i);
  for (size_t j = 0; j < nb; j++)
    if (wg_map_get(&ca, l->b[j], &v)) wg_map_put(&cb, l->b[j], wg_map_get(&cb, l->b[j], &v) ? NONE : j);
  size_t n = 0;
  for (size_t i = 0; i < na; i++) {
    uint64_t j;
    if (!wg_map_get(&ca, l->a[i], &v) || v == NONE || !wg_map_get(&cb, l->a[i], &j) || j == NONE) continue;
    in_a[n] = (uint32_t)i;
    in_b[n++] = (uint32_t)j;
  }
  wg_map_release(&ca);
  wg_map_release(&cb);
  return n;
}

// The longest increasing run of in_b (patience sorting); keeps its members, returns their number.
static size_t increasing(uint32_t *in_a, uint32_t *in_b, size_t n) {
  uint32_t *tails = wg_xcalloc(n, sizeof *tails), *back = wg_xcalloc(n, sizeof *back);
  size_t len = 0;
  for (size_t i = 0; i < n; i++) {
    size_t lo = 0, hi = len;
    while (lo < hi) {
      size_t mid = (lo + hi) / 2;
      if (in_b[tails[mid]] < in_b[i])
        lo = mid + 1;
      else
        hi = mid;
    }
    back[i] = lo ? tails[lo - 1] : NONE;
    tails[lo] = (uint32_t)i;
    if (lo == len) len++;
  }
  uint32_t at = len ? tails[len - 1] : NONE;
  for (size_t i = len; i-- > 0; at = back[at]) tails[i] = at;
  for (size_t i = 0; i < len; i++) {
    in_a[i] = in_a[tails[i]];
    in_b[i] = in_b[tails[i]];
  }
  free(tails);
  free(back);
  return len;
}

static void anchored(struct lcs *l, size_t a0, size_t na, size_t b0, size_t nb) {
  uint32_t *in_a = wg_xcalloc(na + 1, sizeof *in_a), *in_b = wg_xcalloc(na + 1, sizeof *in_b);
  struct lcs part = *l;
  part.a += a0;
  part.b += b0;
  size_t n = increasing(in_a, in_b, unique(&part, na - a0, nb - b0, in_a, in_b)), i = a0, j = b0;
  for (size_t k = 0; k < n; k++) {
    size_t ai = in_a[k] + a0, bj = in_b[k] + b0;
    if (ai < i || bj < j) continue; // taken by the stretch before
    solve(l, i, ai, j, bj);
    pair(l, ai, bj);
    i = ai + 1;
    j = bj + 1;
  }
  solve(l, i, na, j, nb);
  free(in_a);
  free(in_b);
}

int wg_lcs(const uint64_t *a, size_t na, const uint64_t *b, size_t nb, uint32_t *partner) {
  struct lcs l = {.a = a, .b = b, .partner = partner, .half = na + nb + 2, .effort = EFFORT, .exact = 1};
  memset(partner, 0xFF, na * sizeof *partner);
  size_t i = 0;
  while (i < na && i < nb && a[i] == b[i]) { // the common beginning is certain
    partner[i] = (uint32_t)i;
    i++;
  }
  if (i == na || i == nb) return 1;
  l.fwd = wg_xcalloc(2 * l.half + 1, sizeof *l.fwd);
  l.bwd = wg_xcalloc(2 * l.half + 1, sizeof *l.bwd);
  anchored(&l, i, na, i, nb);
  free(l.fwd);
  free(l.bwd);
  return l.exact;
}

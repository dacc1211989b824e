#include "emu/mem/spans.h"

#include <stdlib.h>

#include "base/buf.h"

enum { AS_IT_IS, ALL_FREE, ALL_TAKEN };

// Node 1 is everything, 2n and 2n+1 are the halves of n. Lengths are kept as what they lack, so that memory that was
// never touched says "all free".
void wg_spans_init(struct wg_spans *s, uint32_t pages) {
  size_t nodes = 2 * (size_t)pages;
  *s = (struct wg_spans){.pages = pages};
  s->first = wg_xcalloc(nodes, sizeof *s->first);
  s->last = wg_xcalloc(nodes, sizeof *s->last);
  s->best = wg_xcalloc(nodes, sizeof *s->best);
  s->all = wg_xcalloc(nodes, 1);
}

void wg_spans_release(struct wg_spans *s) {
  free(s->first);
  free(s->last);
  free(s->best);
  free(s->all);
  *s = (struct wg_spans){.pages = 0};
}

// A part of the range: node `at` holds `n` pages from `page` on.
struct part {
  uint32_t at, page, n;
};
static struct part left_of(struct part p) { return (struct part){2 * p.at, p.page, p.n / 2}; }
static struct part right_of(struct part p) { return (struct part){2 * p.at + 1, p.page + p.n / 2, p.n / 2}; }

static void set_all(struct wg_spans *s, struct part p, bool taken) {
  s->first[p.at] = s->last[p.at] = s->best[p.at] = taken ? p.n : 0;
  s->all[p.at] = taken ? ALL_TAKEN : ALL_FREE;
}

static void pass_on(struct wg_spans *s, struct part p) {
  if (s->all[p.at] == AS_IT_IS || p.n == 1) return;
  set_all(s, left_of(p), s->all[p.at] == ALL_TAKEN);
  set_all(s, right_of(p), s->all[p.at] == ALL_TAKEN);
  s->all[p.at] = AS_IT_IS;
}

static uint32_t max3(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t m = a > b ? a : b;
  return m > c ? m : c;
}

static void gather(struct wg_spans *s, struct part p) {
  uint32_t l = 2 * p.at, r = l + 1, half = p.n / 2;
  uint32_t lf = half - s->first[l], ll = half - s->last[l], rf = half - s->first[r], rl = half - s->last[r];
  s->first[p.at] = p.n - (lf == half ? half + rf : lf);
  s->last[p.at] = p.n - (rl == half ? half + ll : rl);
  s->best[p.at] = p.n - max3(half - s->best[l], half - s->best[r], ll + rf);
}

static void set(struct wg_spans *s, struct part p, uint32_t from, uint32_t to, bool taken) {
  if (to <= p.page || from >= p.page + p.n) return;
  if (from <= p.page && to >= p.page + p.n) {
    set_all(s, p, taken);
    return;
  }
  pass_on(s, p);
  set(s, left_of(p), from, to, taken);
  set(s, right_of(p), from, to, taken);
  gather(s, p);
}

void wg_spans_set(struct wg_spans *s, uint32_t page, uint32_t n, bool taken) {
  set(s, (struct part){1, 0, s->pages}, page, page + n, taken);
}

static bool is_free(struct wg_spans *s, struct part p, uint32_t from, uint32_t to) {
  if (to <= p.page || from >= p.page + p.n || s->best[p.at] == 0) return true;
  if ((from <= p.page && to >= p.page + p.n) || p.n == 1) return false;
  pass_on(s, p);
  return is_free(s, left_of(p), from, to) && is_free(s, right_of(p), from, to);
}

bool wg_spans_free(struct wg_spans *s, uint32_t page, uint32_t n) {
  return is_free(s, (struct part){1, 0, s->pages}, page, page + n);
}

// Where it fits into the free pages [from, to): low or high.
static uint32_t fit(const struct wg_fit *f, uint32_t from, uint32_t to, bool high) {
  if (from < f->lo) from = f->lo;
  if (to > f->hi) to = f->hi;
  if (to < from || to - from < f->n) return UINT32_MAX;
  uint64_t at =
      high ? (to - f->n) / f->align * (uint64_t)f->align : ((uint64_t)from + f->align - 1) / f->align * f->align;
  return at >= from && at + f->n <= to ? (uint32_t)at : UINT32_MAX;
}

static uint32_t find(struct wg_spans *s, struct part p, const struct wg_fit *f, bool high) {
  s->steps++;
  if (p.n - s->best[p.at] < f->n || p.page >= f->hi || p.page + p.n <= f->lo) return UINT32_MAX;
  if (s->best[p.at] == 0) return fit(f, p.page, p.page + p.n, high);
  if (p.n == 1) return UINT32_MAX;
  pass_on(s, p);
  uint32_t at = find(s, high ? right_of(p) : left_of(p), f, high), half = p.n / 2, middle = p.page + half;
  if (at == UINT32_MAX)
    at = fit(f, middle - (half - s->last[2 * p.at]), middle + (half - s->first[2 * p.at + 1]), high);
  if (at == UINT32_MAX) at = find(s, high ? left_of(p) : right_of(p), f, high);
  return at;
}

uint32_t wg_spans_lowest(struct wg_spans *s, const struct wg_fit *f) {
  return find(s, (struct part){1, 0, s->pages}, f, false);
}

uint32_t wg_spans_highest(struct wg_spans *s, const struct wg_fit *f) {
  return find(s, (struct part){1, 0, s->pages}, f, true);
}

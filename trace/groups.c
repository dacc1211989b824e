#include "trace/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/vec.h"

void wg_groups_release(struct wg_groups *g) {
  wg_strings_release(&g->rows);
  wg_buf_release(&g->row);
  free(g->times);
  *g = (struct wg_groups){0};
}

void wg_groups_begin(struct wg_groups *g) {
  wg_buf_clear(&g->row);
  wg_buf_char(&g->row, 0); // a row without cells is not empty
}

void wg_groups_cell(struct wg_groups *g, const struct wg_cell *c) {
  wg_buf_char(&g->row, (char)c->type);
  if (c->type == WG_CELL_INT) wg_buf_add(&g->row, &c->i, sizeof c->i);
  if (c->type == WG_CELL_REAL) wg_buf_add(&g->row, &c->real, sizeof c->real);
  if (c->type != WG_CELL_TEXT) return;
  wg_buf_add(&g->row, &c->n, sizeof c->n);
  wg_buf_add(&g->row, c->text, c->n);
}

// Most rows are like one of the last few.
static uint32_t id_of(struct wg_groups *g, const char *row, size_t n) {
  uint64_t h = n;
  size_t i = 0;
  for (; i + 8 <= n; i += 8) h = (h ^ wg_load_le64(row + i)) * 0x9E3779B97F4A7C15ull;
  for (; i < n; i++) h = (h ^ (unsigned char)row[i]) * 0x9E3779B97F4A7C15ull;
  uint32_t *recent = &g->recent[(h ^ h >> 29) >> 8 & (WG_GROUPS_RECENT - 1)];
  if (*recent && wg_strings_len(&g->rows, *recent) == n && memcmp(wg_strings_text(&g->rows, *recent), row, n) == 0)
    return *recent;
  *recent = wg_strings_id(&g->rows, row, n);
  return *recent;
}

static void count_group(struct wg_groups *g, const char *row, size_t n, uint64_t times) {
  uint32_t id = id_of(g, row, n);
  WG_VEC_ROOM_ZERO(g->times, g->cap, id + (size_t)1);
  if (g->times[id] == 0) g->bytes += n + sizeof *g->times + 16;
  g->times[id] += times;
}

void wg_groups_end(struct wg_groups *g, uint64_t times) { count_group(g, g->row.data, g->row.len, times); }

size_t wg_groups_count(const struct wg_groups *g) { return g->rows.n ? g->rows.n - 1 : 0; }

void wg_groups_merge(struct wg_groups *g, const struct wg_groups *other) {
  for (uint32_t id = 1; id < other->rows.n; id++)
    count_group(g, wg_strings_text(&other->rows, id), wg_strings_len(&other->rows, id), other->times[id]);
}

void wg_groups_get(const struct wg_groups *g, uint32_t id, struct wg_cell *cells, size_t n) {
  const char *p = wg_strings_text(&g->rows, id) + 1;
  for (size_t i = 0; i < n; i++) {
    struct wg_cell *c = &cells[i];
    c->type = (enum wg_cell_type) * p++;
    c->n = 0;
    c->i = 0;
    if (c->type == WG_CELL_INT || c->type == WG_CELL_REAL) {
      memcpy(&c->i, p, sizeof c->i);
      p += sizeof c->i;
    } else if (c->type == WG_CELL_TEXT) {
      memcpy(&c->n, p, sizeof c->n);
      c->text = p + sizeof c->n;
      p += sizeof c->n + c->n;
    }
  }
}

// -- order --

static int order_of(enum wg_cell_type t) { return t == WG_CELL_NULL ? 0 : t == WG_CELL_TEXT ? 2 : 1; }

static int compare_numbers(const struct wg_cell *a, const struct wg_cell *b) {
  if (a->type == WG_CELL_INT && b->type == WG_CELL_INT) return (a->i > b->i) - (a->i < b->i);
  double x = a->type == WG_CELL_INT ? (double)a->i : a->real, y = b->type == WG_CELL_INT ? (double)b->i : b->real;
  return (x > y) - (x < y);
}

static int compare_cells(const struct wg_cell *a, const struct wg_cell *b) {
  int x = order_of(a->type), y = order_of(b->type);
  if (x != y) return x - y;
  if (x == 0) return 0;
  if (x == 1) return compare_numbers(a, b);
  int d = memcmp(a->text, b->text, a->n < b->n ? a->n : b->n);
  return d ? d : (a->n > b->n) - (a->n < b->n);
}

static int compare_rows(const struct wg_cell *a, const struct wg_cell *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    int d = compare_cells(&a[i], &b[i]);
    if (d) return d;
  }
  return 0;
}

struct sort {
  const struct wg_groups *g;
  struct wg_cell *a, *b;
  size_t n;
};

static bool before(const struct sort *s, uint32_t x, uint32_t y) {
  wg_groups_get(s->g, x, s->a, s->n);
  wg_groups_get(s->g, y, s->b, s->n);
  return compare_rows(s->a, s->b, s->n) < 0;
}

static void merge_sort(const struct sort *s, uint32_t *ids, uint32_t *other, size_t n) {
  if (n < 2) return;
  size_t half = n / 2, i = 0, k = half;
  merge_sort(s, ids, other, half);
  merge_sort(s, ids + half, other + half, n - half);
  for (size_t to = 0; to < n; to++)
    other[to] = k == n || (i < half && !before(s, ids[k], ids[i])) ? ids[i++] : ids[k++];
  memcpy(ids, other, n * sizeof *ids);
}

uint32_t *wg_groups_sorted(const struct wg_groups *g, size_t n) {
  size_t count = wg_groups_count(g);
  uint32_t *ids = wg_xcalloc(count, sizeof *ids), *other = wg_xcalloc(count, sizeof *other);
  struct sort s = {g, wg_xcalloc(n, sizeof *s.a), wg_xcalloc(n, sizeof *s.b), n};
  for (size_t i = 0; i < count; i++) ids[i] = (uint32_t)i + 1;
  merge_sort(&s, ids, other, count);
  free(other);
  free(s.a);
  free(s.b);
  return ids;
}

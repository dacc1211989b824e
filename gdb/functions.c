// The table has all functions with frames. The others, leaves and the compiler's routines that save registers, lie in
// the gaps between them: they begin behind one, or where something calls.
#include "gdb/functions.h"

#include <stdlib.h>

#include "base/endian.h"
#include "base/vec.h"
#include "emu/loader/loader.h"

enum { ENTRY = 8, CODE = 1 };

static uint32_t word(const struct wg_image *img, uint32_t addr) { return wg_load_be32(img->data + (addr - img->base)); }

static int by_begin(const void *a, const void *b) {
  const struct wg_gdb_function *x = a, *y = b;
  return (x->begin > y->begin) - (x->begin < y->begin);
}

// Those of the table that are what they should be.
static struct wg_gdb_function *of_table(const struct wg_image *img, size_t *n) {
  size_t all = img->pdata_size / ENTRY, kept = 0;
  struct wg_gdb_function *list = wg_xcalloc(all + 1, sizeof *list);
  uint64_t offset = (uint64_t)img->pdata - img->base;
  if (img->pdata < img->base || offset + (uint64_t)all * ENTRY > img->size) all = 0;
  for (size_t i = 0; i < all; i++) {
    const uint8_t *p = img->data + offset + i * ENTRY;
    uint32_t begin = wg_load_be32(p), info = wg_load_be32(p + 4), length = 4 * (info >> 8 & 0x3FFFFF);
    if (begin % 4 || length == 0 || begin < img->base || (uint64_t)begin - img->base + length > img->size) continue;
    uint32_t prologue = 4 * (info & 0xFF);
    list[kept++] = (struct wg_gdb_function){begin, begin + length, begin + (prologue < length ? prologue : length)};
  }
  qsort(list, kept, sizeof *list, by_begin);
  *n = 0;
  for (size_t i = 0; i < kept; i++)
    if (*n == 0 || list[*n - 1].end <= list[i].begin) list[(*n)++] = list[i];
  return list;
}

// Which words between the table's functions are called, by a bit of each word of the image.
static uint8_t *called(const struct wg_image *img, const struct wg_gdb_function *list, size_t n) {
  uint8_t *marks = wg_xcalloc(img->size / 4 + 1, 1);
  for (size_t i = 0; i < n; i++)
    for (uint32_t at = list[i].begin; at < list[i].end; at += 4) {
      uint32_t w = word(img, at);
      if (w >> 26 != 18 || (w & 2)) continue;
      uint32_t to = at + (uint32_t)((int32_t)(w << 6) >> 6 & ~3);
      if (to - img->base < img->size && (to < list[i].begin || to >= list[i].end)) marks[(to - img->base) / 4] = 1;
    }
  return marks;
}

struct gaps {
  const struct wg_image *img;
  const struct wg_segment *segment; // the one that was asked for last
  uint8_t *called;
  struct wg_gdb_function *list;
  size_t n;
};

static bool is_code(struct gaps *g, uint32_t addr) {
  const struct wg_segment *s = g->segment;
  if (s && addr - s->addr < s->size) return s->type == CODE;
  for (size_t i = 0; i < g->img->nsegments; i++)
    if (addr - g->img->segments[i].addr < g->img->segments[i].size) g->segment = &g->img->segments[i];
  return g->segment && addr - g->segment->addr < g->segment->size && g->segment->type == CODE;
}

static void add(struct gaps *g, uint32_t begin, uint32_t end) {
  WG_VEC_NEXT(g->list, g->n);
  g->list[g->n++] = (struct wg_gdb_function){begin, end, 0};
}

// Zeros lie between functions, and in none.
static void add_between(struct gaps *g, uint32_t from, uint32_t to) {
  uint32_t begin = 0;
  for (uint32_t at = from; at < to; at += 4) {
    bool none = word(g->img, at) == 0 || !is_code(g, at);
    if (begin && (none || g->called[(at - g->img->base) / 4])) {
      add(g, begin, at);
      begin = 0;
    }
    if (begin == 0 && !none) begin = at;
  }
  if (begin) add(g, begin, to);
}

struct wg_gdb_function *wg_gdb_functions(const struct wg_image *img, size_t *n) {
  size_t ntable;
  struct wg_gdb_function *table = of_table(img, &ntable);
  struct gaps g = {.img = img, .called = called(img, table, ntable)};
  uint32_t at = img->base;
  for (size_t i = 0; i < ntable; at = table[i++].end) {
    add_between(&g, at, table[i].begin);
    WG_VEC_NEXT(g.list, g.n);
    g.list[g.n++] = table[i];
  }
  if (ntable) add_between(&g, at, img->base + (img->size & ~3u));
  free(g.called);
  free(table);
  *n = g.n;
  return g.list;
}

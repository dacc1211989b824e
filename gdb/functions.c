// The table has all functions with frames. The others, leaves and the compiler's routines that save registers, lie in
// the gaps between them: they begin behind one, or where something calls.
#include "gdb/functions.h"

#include <stdlib.h>

#include "base/endian.h"
#include "base/vec.h"
#include "emu/loader/loader.h"

enum { ENTRY = 8, CODE = 1 };

static uint32_t image_word(const struct wg_image *img, uint32_t addr) {
  return wg_load_be32(img->data + (addr - img->base));
}

static int by_begin(const void *a, const void *b) {
  const struct wg_gdb_function *x = a, *y = b;
  return (x->begin > y->begin) - (x->begin < y->begin);
}

// Those of the table that are what they should be.
static struct wg_gdb_function *of_table(const struct wg_image *img, size_t *n, bool *all) {
  size_t entries = img->pdata_size / ENTRY, kept = 0;
  struct wg_gdb_function *list = NULL;
  uint64_t offset = (uint64_t)img->pdata - img->base;
  if (img->pdata < img->base || offset + (uint64_t)entries * ENTRY > img->size) entries = 0;
  for (size_t i = 0; i < entries; i++) {
    const uint8_t *p = img->data + offset + i * ENTRY;
    uint32_t begin = wg_load_be32(p), info = wg_load_be32(p + 4), length = 4 * (info >> 8 & 0x3FFFFF);
    if (begin % 4 || length == 0 || begin < img->base || (uint64_t)begin - img->base + length > img->size) continue;
    uint32_t prologue = 4 * (info & 0xFF);
    *all = kept < WG_GDB_FUNCTIONS;
    if (!*all) break;
    WG_VEC_NEXT(list, kept);
    list[kept++] = (struct wg_gdb_function){begin, begin + length, begin + (prologue < length ? prologue : length)};
  }
  if (kept) qsort(list, kept, sizeof *list, by_begin);
  *n = 0;
  for (size_t i = 0; i < kept; i++)
    if (*n == 0 || list[*n - 1].end <= list[i].begin) list[(*n)++] = list[i];
  return list;
}

// Which words between the table's functions are called, by a bit of each word of the image.
static uint8_t *mark_called(const struct wg_image *img, const struct wg_gdb_function *list, size_t n) {
  uint8_t *marks = wg_xcalloc(img->size / 4 + 1, 1);
  for (size_t i = 0; i < n; i++)
    for (uint32_t at = list[i].begin; at < list[i].end; at += 4) {
      uint32_t w = image_word(img, at);
      if (w >> 26 != 18 || (w & 2)) continue;
      uint32_t to = at + (uint32_t)((int32_t)(w << 6) >> 6 & ~3);
      if (to - img->base < img->size && (to < list[i].begin || to >= list[i].end)) marks[(to - img->base) / 4] = 1;
    }
  return marks;
}

struct gaps {
  const struct wg_image *img;
  struct wg_segment *code; // by address
  size_t ncode, at;        // those before `at` are behind
  uint8_t *called;
  struct wg_gdb_function *list;
  size_t n;
  bool all; // of them are in the list
};

static int by_addr(const void *a, const void *b) {
  const struct wg_segment *x = a, *y = b;
  return (x->addr > y->addr) - (x->addr < y->addr);
}

static void find_code(struct gaps *g) {
  const struct wg_image *img = g->img;
  g->code = wg_xcalloc(img->nsegments + 1, sizeof *g->code);
  for (size_t i = 0; i < img->nsegments; i++)
    if (img->segments[i].type == CODE) g->code[g->ncode++] = img->segments[i];
  qsort(g->code, g->ncode, sizeof *g->code, by_addr);
}

// Asked of addresses that ascend.
static bool is_code(struct gaps *g, uint32_t addr) {
  while (g->at < g->ncode && (uint64_t)g->code[g->at].addr + g->code[g->at].size <= addr) g->at++;
  return g->at < g->ncode && g->code[g->at].addr <= addr;
}

static void add_function(struct gaps *g, const struct wg_gdb_function *f) {
  if (g->n == WG_GDB_FUNCTIONS) {
    g->all = false;
    return;
  }
  WG_VEC_NEXT(g->list, g->n);
  g->list[g->n++] = *f;
}

// Zeros lie between functions, and in none.
static void add_between(struct gaps *g, uint32_t from, uint32_t to) {
  uint32_t begin = 0;
  for (uint32_t at = from; at < to; at += 4) {
    bool none = image_word(g->img, at) == 0 || !is_code(g, at);
    if (begin && (none || g->called[(at - g->img->base) / 4])) {
      add_function(g, &(struct wg_gdb_function){begin, at, 0});
      begin = 0;
    }
    if (begin == 0 && !none) begin = at;
  }
  if (begin) add_function(g, &(struct wg_gdb_function){begin, to, 0});
}

struct wg_gdb_function *wg_gdb_functions(const struct wg_image *img, size_t *n, bool *all) {
  size_t ntable;
  struct gaps g = {.img = img, .all = true};
  struct wg_gdb_function *table = of_table(img, &ntable, &g.all);
  g.called = mark_called(img, table, ntable);
  find_code(&g);
  uint32_t at = img->base;
  for (size_t i = 0; i < ntable; at = table[i++].end) {
    add_between(&g, at, table[i].begin);
    add_function(&g, &table[i]);
  }
  if (ntable) add_between(&g, at, img->base + (img->size & ~3u));
  free(g.called);
  free(g.code);
  free(table);
  *n = g.n;
  *all = g.all;
  return g.list;
}

#include "gdb/points.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

static int order(const struct wg_gdb_point *a, const struct wg_gdb_point *b) {
  if (a->addr != b->addr) return a->addr < b->addr ? -1 : 1;
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  return a->size == b->size ? 0 : a->size < b->size ? -1 : 1;
}

static bool is_break(const struct wg_gdb_point *p) { return p->kind <= WG_GDB_HARDWARE; }

// What the target is told of.
static void update(struct wg_gdb_points_set *s) {
  size_t nbreaks = 0, nwatches = 0;
  s->watched = 0;
  WG_VEC_SET(s->breaks, s->n);
  WG_VEC_SET(s->watches, s->n);
  for (size_t i = 0; i < s->n; i++) {
    const struct wg_gdb_point *p = &s->list[i];
    if (!is_break(p)) s->watched += p->size;
    if (!is_break(p))
      s->watches[nwatches++] = (struct wg_mem_watch){p->addr, p->size, p->kind != WG_GDB_WRITE, p->kind != WG_GDB_READ};
    else if (nbreaks == 0 || s->breaks[nbreaks - 1] != p->addr)
      s->breaks[nbreaks++] = p->addr;
  }
  s->points = (struct wg_gdb_points){s->breaks, nbreaks, s->watches, nwatches};
}

const char *wg_gdb_points_set(struct wg_gdb_points_set *s, const struct wg_gdb_point *p) {
  size_t i = 0;
  while (i < s->n && order(&s->list[i], p) < 0) i++;
  if (i < s->n && order(&s->list[i], p) == 0) return NULL;
  if (s->n == WG_GDB_POINTS) return "there are 4096 points already";
  if (!is_break(p) && s->watched + p->size > WG_GDB_WATCHED) return "watches have 4 GiB together at most";
  WG_VEC_NEXT(s->list, s->n);
  memmove(&s->list[i + 1], &s->list[i], (s->n++ - i) * sizeof *s->list);
  s->list[i] = *p;
  update(s);
  return NULL;
}

void wg_gdb_points_clear(struct wg_gdb_points_set *s, const struct wg_gdb_point *p) {
  size_t i = 0;
  while (i < s->n && order(&s->list[i], p) != 0) i++;
  if (i == s->n) return;
  memmove(&s->list[i], &s->list[i + 1], (--s->n - i) * sizeof *s->list);
  update(s);
}

void wg_gdb_points_release(struct wg_gdb_points_set *s) {
  free(s->list);
  free(s->breaks);
  free(s->watches);
  *s = (struct wg_gdb_points_set){.n = 0};
}

static enum wg_gdb_kind kind_at(const struct wg_gdb_points_set *s, uint32_t addr, bool breaks) {
  for (size_t i = 0; i < s->n; i++)
    if (s->list[i].addr == addr && is_break(&s->list[i]) == breaks) return s->list[i].kind;
  return WG_GDB_KINDS;
}
enum wg_gdb_kind wg_gdb_points_break(const struct wg_gdb_points_set *s, uint32_t addr) {
  return kind_at(s, addr, true);
}
enum wg_gdb_kind wg_gdb_points_watch(const struct wg_gdb_points_set *s, uint32_t addr) {
  return kind_at(s, addr, false);
}

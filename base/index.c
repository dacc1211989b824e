#include "base/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define FREE UINT32_MAX

static size_t mask_of(const struct wg_index *x) { return ((size_t)1 << x->bits) - 1; }
static uint32_t id_of(const struct wg_index *x, uint32_t slot) { return slot & (uint32_t)mask_of(x); }

static uint32_t slot_for(const struct wg_index *x, uint64_t hash, uint32_t id) {
  return (uint32_t)(hash >> 32) << x->bits | id;
}

static void put(struct wg_index *x, uint64_t hash, uint32_t id) {
  size_t i = hash & mask_of(x);
  while (x->slots[i] != FREE) i = (i + 1) & mask_of(x);
  x->slots[i] = slot_for(x, hash, id);
}

// An id that is as large as the table, or its last but one, would not be told from a free place.
static bool too_small(const struct wg_index *x, uint32_t id) {
  return x->bits == 0 || (x->n + 1) * 4 > (mask_of(x) + 1) * 3 || id >= mask_of(x);
}

static void grow(struct wg_index *x, uint32_t id, wg_index_hash *of, const void *ctx) {
  struct wg_index old = *x;
  do x->bits = x->bits ? x->bits + 1 : 4;
  while (too_small(x, id));
  size_t cap = (size_t)1 << x->bits;
  x->slots = wg_xrealloc(NULL, cap * sizeof *x->slots);
  memset(x->slots, 0xFF, cap * sizeof *x->slots);
  for (size_t i = 0; old.bits && i <= mask_of(&old); i++)
    if (old.slots[i] != FREE) put(x, of(ctx, id_of(&old, old.slots[i])), id_of(&old, old.slots[i]));
  free(old.slots);
}

bool wg_index_next(const struct wg_index *x, uint64_t hash, size_t *at, uint32_t *id) {
  if (x->bits == 0) return false;
  size_t mask = mask_of(x);
  uint32_t tag = slot_for(x, hash, 0);
  for (size_t i = (hash + *at) & mask;; i = (i + 1) & mask) {
    uint32_t s = x->slots[i];
    ++*at;
    if (s == FREE) return false;
    if ((s & ~(uint32_t)mask) != tag) continue;
    *id = s & (uint32_t)mask;
    return true;
  }
}

void wg_index_add(struct wg_index *x, uint64_t hash, uint32_t id, wg_index_hash *of, const void *ctx) {
  if (too_small(x, id)) grow(x, id, of, ctx);
  put(x, hash, id);
  x->n++;
}

static size_t place_of(const struct wg_index *x, uint64_t hash, uint32_t id) {
  size_t i = hash & mask_of(x);
  while (id_of(x, x->slots[i]) != id) i = (i + 1) & mask_of(x);
  return i;
}

void wg_index_replace(struct wg_index *x, uint64_t hash, uint32_t id, uint32_t by, wg_index_hash *of, const void *ctx) {
  if (too_small(x, by)) grow(x, by, of, ctx);
  x->slots[place_of(x, hash, id)] = slot_for(x, hash, by);
}

// Those behind it that it kept from their places move up.
void wg_index_del(struct wg_index *x, uint64_t hash, uint32_t id, wg_index_hash *of, const void *ctx) {
  size_t mask = mask_of(x), hole = place_of(x, hash, id);
  for (size_t i = (hole + 1) & mask; x->slots[i] != FREE; i = (i + 1) & mask) {
    size_t home = of(ctx, id_of(x, x->slots[i])) & mask;
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    x->slots[hole] = x->slots[i];
    hole = i;
  }
  x->slots[hole] = FREE;
  x->n--;
}

void wg_index_release(struct wg_index *x) {
  free(x->slots);
  *x = (struct wg_index){0};
}

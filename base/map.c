#include "base/map.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/buf.h"

struct wg_map_slot {
  uint64_t key, value;
  uint8_t state; // 0 free, 1 used, 2 deleted
};

uint64_t wg_hash(const void *data, size_t n, uint64_t seed) { return XXH64(data, n, seed); }
uint64_t wg_hash_bulk(const void *data, size_t n) { return XXH3_64bits(data, n); }

void wg_map_release(struct wg_map *m) {
  free(m->slots);
  *m = (struct wg_map){0};
}

static size_t slot_of(uint64_t key, size_t cap) {
  key ^= key >> 31;
  key *= 0x9E3779B97F4A7C15u;
  return (size_t)(key >> 17) & (cap - 1);
}

static struct wg_map_slot *find(const struct wg_map *m, uint64_t key) {
  if (m->cap == 0) return NULL;
  for (size_t i = slot_of(key, m->cap);; i = (i + 1) & (m->cap - 1)) {
    struct wg_map_slot *s = &m->slots[i];
    if (s->state == 0) return NULL;
    if (s->state == 1 && s->key == key) return s;
  }
}

// Makes room: a larger table, or the same size without the marks that deletions leave.
static void rehash(struct wg_map *m) {
  struct wg_map old = *m;
  size_t cap = old.cap == 0 ? 16 : old.live * 2 >= old.cap ? old.cap * 2 : old.cap;
  *m = (struct wg_map){.slots = wg_xcalloc(cap, sizeof *m->slots), .cap = cap};
  for (size_t i = 0; i < old.cap; i++)
    if (old.slots[i].state == 1) wg_map_put(m, old.slots[i].key, old.slots[i].value);
  free(old.slots);
}

void wg_map_put(struct wg_map *m, uint64_t key, uint64_t value) {
  struct wg_map_slot *s = find(m, key);
  if (s == NULL) {
    if ((m->count + 1) * 4 > m->cap * 3) rehash(m);
    size_t i = slot_of(key, m->cap);
    while (m->slots[i].state == 1) i = (i + 1) & (m->cap - 1);
    s = &m->slots[i];
    if (s->state == 0) m->count++;
    s->state = 1;
    s->key = key;
    m->live++;
  }
  s->value = value;
}

bool wg_map_get(const struct wg_map *m, uint64_t key, uint64_t *value) {
  const struct wg_map_slot *s = find(m, key);
  if (s == NULL) return false;
  *value = s->value;
  return true;
}

void wg_map_del(struct wg_map *m, uint64_t key) {
  struct wg_map_slot *s = find(m, key);
  if (s == NULL) return;
  s->state = 2;
  m->live--;
}

size_t wg_map_count(const struct wg_map *m) { return m->live; }

static int ascending(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

void wg_map_keys(const struct wg_map *m, uint64_t *keys) {
  size_t n = 0;
  for (size_t i = 0; i < m->cap; i++)
    if (m->slots[i].state == 1) keys[n++] = m->slots[i].key;
  if (n) qsort(keys, n, sizeof *keys, ascending);
}

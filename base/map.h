// Hash map from 64-bit keys to 64-bit values. Its own order is not offered: nothing may depend on it.
#ifndef WG_BASE_MAP_H
#define WG_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wg_map {
  struct wg_map_slot *slots;
  size_t count, cap; // count: slots that are or were used
  size_t live;
};

// A zeroed wg_map is empty; this frees it.
void wg_map_release(struct wg_map *m);
void wg_map_put(struct wg_map *m, uint64_t key, uint64_t value);        // inserts or replaces
bool wg_map_get(const struct wg_map *m, uint64_t key, uint64_t *value); // false, and *value as it was: none
void wg_map_del(struct wg_map *m, uint64_t key);                        // nothing where there is none
size_t wg_map_count(const struct wg_map *m);                            // of keys
void wg_map_keys(const struct wg_map *m, uint64_t *keys);               // so many, ascending

// 64-bit xxHash of n bytes, chained through `seed`: the hash behind every semantic id.
uint64_t wg_hash(const void *data, size_t n, uint64_t seed);
uint64_t wg_hash_bulk(const void *data, size_t n); // another one (XXH3), quicker for kilobytes
static inline uint64_t wg_hash_u64(uint64_t v, uint64_t seed) {
  uint8_t b[8];
  for (int i = 0; i < 8; i++) b[i] = (uint8_t)(v >> (8 * i));
  return wg_hash(b, sizeof b, seed);
}

#endif

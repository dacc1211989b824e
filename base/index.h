// Finds dense ids by what they stand for, which the caller keeps: a table of four bytes a place, five to eleven bytes
// an id. A place holds the id and, in the bits that ids do not need yet, the top of its hash, so that few others are
// looked at in vain.
#ifndef WG_BASE_INDEX_H
#define WG_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wg_index {
  uint32_t *slots;
  size_t n;
  unsigned bits; // 2^bits places; 0: none yet
};

// The hash of what an id stands for: the table moves its ids when it grows.
typedef uint64_t wg_index_hash(const void *ctx, uint32_t id);

// Walks the ids that may have this hash, `at` being 0 at first. False: no more.
bool wg_index_next(const struct wg_index *x, uint64_t hash, size_t *at, uint32_t *id);
// Adds an id that is not in it. The table has as many places as the largest id, at least.
void wg_index_add(struct wg_index *x, uint64_t hash, uint32_t id, wg_index_hash *of, const void *ctx);
// Another id of the same hash takes the place of one that is in it, or (del) none does.
void wg_index_replace(struct wg_index *x, uint64_t hash, uint32_t id, uint32_t by, wg_index_hash *of, const void *ctx);
void wg_index_del(struct wg_index *x, uint64_t hash, uint32_t id, wg_index_hash *of, const void *ctx);
void wg_index_release(struct wg_index *x);

#endif

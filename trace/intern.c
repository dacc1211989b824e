#include "trace/intern.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"

#define MOST (1u << 18)
#define SLOTS (2u * MOST)
#define BYTES (32u << 20)

struct wg_interned {
  uint64_t hash;
  uint32_t at, len;
  int64_t number;
};

static void begin_anew(struct wg_intern *x) {
  if (x->slots == NULL) {
    x->all = wg_xcalloc(MOST, sizeof *x->all);
    x->slots = wg_xcalloc(SLOTS, sizeof *x->slots);
  } else {
    memset(x->slots, 0, SLOTS * sizeof *x->slots);
  }
  x->n = 0;
  wg_buf_reserve(&x->bytes, 1);
  wg_buf_clear(&x->bytes);
}

bool wg_intern(struct wg_intern *x, const void *data, size_t n, int64_t *number) {
  if (n > BYTES / 4) return false; // nobody says that again
  uint64_t hash = wg_hash(data, n, 0);
  if (x->slots == NULL || x->n == MOST || x->bytes.len + n > BYTES) begin_anew(x);
  uint32_t at = (uint32_t)hash & (SLOTS - 1);
  for (; x->slots[at]; at = (at + 1) & (SLOTS - 1)) {
    const struct wg_interned *i = &x->all[x->slots[at] - 1];
    if (i->hash != hash || i->len != n || memcmp(x->bytes.data + i->at, data, n) != 0) continue;
    *number = i->number;
    return true;
  }
  x->all[x->n] = (struct wg_interned){hash, (uint32_t)x->bytes.len, (uint32_t)n, *number};
  wg_buf_add(&x->bytes, data, n);
  x->slots[at] = (uint32_t)++x->n;
  return false;
}

void wg_intern_release(struct wg_intern *x) {
  free(x->all);
  free(x->slots);
  wg_buf_release(&x->bytes);
  *x = (struct wg_intern){0};
}

#include "base/strings.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"

#define BLOCK ((size_t)4 << WG_STRINGS_OFFSET_BITS)
#define BLOCKS ((size_t)1 << (32 - WG_STRINGS_OFFSET_BITS))

static uint64_t hash_of(const void *ctx, uint32_t id) {
  const struct wg_strings *s = ctx;
  return wg_hash(wg_strings_text(s, id), wg_strings_len(s, id), 0);
}

// Room for n bytes at the end of the latest block, or in a new one.
static uint32_t place_for(struct wg_strings *s, size_t n) {
  if (s->size - s->used < n) {
    if (s->nblocks == BLOCKS) WG_VEC_MOVE(s->blocks, SIZE_MAX); // where places end, so does memory
    WG_VEC_NEXT(s->blocks, s->nblocks);
    s->size = n > BLOCK ? n : BLOCK;
    s->used = 0;
    s->blocks[s->nblocks++] = wg_xcalloc(s->size, 1);
  }
  return (uint32_t)(s->nblocks - 1) << WG_STRINGS_OFFSET_BITS | (uint32_t)(s->used / 4);
}

static uint32_t add_text(struct wg_strings *s, const char *text, size_t n) {
  if (s->n == 0) s->n = 1; // id 0 is the empty string
  WG_VEC_ROOM(s->place, s->cap, s->n + 1);
  uint32_t len = (uint32_t)n;
  size_t head = n < WG_STRINGS_LONG ? 1 : 5;
  uint32_t place = place_for(s, head + n + 1);
  char *p = s->blocks[s->nblocks - 1] + s->used;
  *p = (char)(n < WG_STRINGS_LONG ? n : WG_STRINGS_LONG);
  if (head == 5) memcpy(p + 1, &len, sizeof len);
  memcpy(p + head, text, n); // a NUL follows
  s->used += (head + n + 1 + 3) & ~(size_t)3;
  if (s->used > s->size) s->used = s->size;
  s->place[s->n] = place;
  return (uint32_t)s->n++;
}

uint32_t wg_strings_id(struct wg_strings *s, const char *text, size_t n) {
  if (n == 0) return 0;
  uint64_t h = wg_hash(text, n, 0);
  uint32_t id;
  for (size_t at = 0; wg_index_next(&s->by_text, h, &at, &id);)
    if (wg_strings_len(s, id) == n && memcmp(wg_strings_text(s, id), text, n) == 0) return id;
  id = add_text(s, text, n);
  wg_index_add(&s->by_text, h, id, hash_of, s);
  return id;
}

void wg_strings_release(struct wg_strings *s) {
  for (size_t i = 0; i < s->nblocks; i++) free(s->blocks[i]);
  free(s->blocks);
  free(s->place);
  wg_index_release(&s->by_text);
  *s = (struct wg_strings){0};
}

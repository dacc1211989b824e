// Strings kept once: equal strings have equal ids. Id 0 is the empty string.
// Ownership: a zeroed wg_strings is empty; wg_strings_release frees it. Text stays where it is until then.
#ifndef WG_BASE_STRINGS_H
#define WG_BASE_STRINGS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/index.h"

#define WG_STRINGS_OFFSET_BITS 14 // of a place: within its block, in words; the rest is the block
#define WG_STRINGS_LONG 0xFF      // instead of a length: four bytes with it follow

struct wg_strings {
  uint32_t *place; // by id: where its length stands, in a byte or five, and behind that its text with a NUL
  size_t n, cap;
  size_t used, size; // of the latest block
  char **blocks;
  size_t nblocks;
  struct wg_index by_text;
};

// The id of n bytes, which may hold NULs; at most UINT32_MAX strings, and 16 GiB of them.
uint32_t wg_strings_id(struct wg_strings *s, const char *text, size_t n);
static inline const char *wg_strings_at(const struct wg_strings *s, uint32_t id) {
  uint32_t p = s->place[id];
  return s->blocks[p >> WG_STRINGS_OFFSET_BITS] + (size_t)(p & ((1u << WG_STRINGS_OFFSET_BITS) - 1)) * 4;
}
static inline const char *wg_strings_text(const struct wg_strings *s, uint32_t id) {
  if (id == 0) return "";
  const char *p = wg_strings_at(s, id);
  return p + ((unsigned char)*p == WG_STRINGS_LONG ? 5 : 1);
}
static inline uint32_t wg_strings_len(const struct wg_strings *s, uint32_t id) {
  if (id == 0) return 0;
  const char *p = wg_strings_at(s, id);
  uint32_t n = (unsigned char)*p;
  if (n == WG_STRINGS_LONG) memcpy(&n, p + 1, sizeof n);
  return n;
}
void wg_strings_release(struct wg_strings *s);

#endif

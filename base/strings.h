// Strings kept once: equal strings have equal ids. Id 0 is the empty string.
// Ownership: a zeroed wg_strings is empty; wg_strings_release frees it. Text stays where it is until then.
#ifndef WG_BASE_STRINGS_H
#define WG_BASE_STRINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

struct wg_strings {
  const char **text; // by id, NUL-terminated
  uint32_t *len;     // by id, bytes
  size_t n, cap;
  char *block; // where the next ones go
  size_t used, size;
  char **blocks;
  size_t nblocks;
  struct wg_map by_hash;
};

// The id of n bytes, which may hold NULs; at most UINT32_MAX strings.
uint32_t wg_strings_id(struct wg_strings *s, const char *text, size_t n);
static inline const char *wg_strings_text(const struct wg_strings *s, uint32_t id) { return id ? s->text[id] : ""; }
static inline uint32_t wg_strings_len(const struct wg_strings *s, uint32_t id) { return id ? s->len[id] : 0; }
void wg_strings_release(struct wg_strings *s);

#endif

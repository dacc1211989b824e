// Walks the members of one JSON object or array that is known to be well-formed enough to have been read: no copies, no
// allocation. Damaged text ends the walk; it never reads beyond the end.
#ifndef WG_BASE_JSON_ITER_H
#define WG_BASE_JSON_ITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct wg_json_iter {
  const char *p, *end;
  bool object; // members have keys
};

struct wg_json_member {
  const char *key; // as it stands between its quotes; NULL in an array
  size_t nkey;
  const char *value; // as it stands, quotes included
  size_t nvalue;
};

// False if the text is neither an object nor an array.
bool wg_json_walk(struct wg_json_iter *it, const char *text, size_t n);
bool wg_json_next(struct wg_json_iter *it, struct wg_json_member *m);
// The value is a string: appends it without quotes and escapes. False if it is none.
bool wg_json_text(const struct wg_json_member *m, struct wg_buf *out);
// The value is an integer below 2^64, or a string that holds one in decimal or 0x-hexadecimal; negative ones wrap.
bool wg_json_int(const struct wg_json_member *m, uint64_t *out);
bool wg_json_is(const struct wg_json_member *m, const char *key);

#endif

// Text of any origin as people and JSON can have it: UTF-8 stays as it is, what is none or does not print is escaped.
#ifndef WG_BASE_PRINTABLE_H
#define WG_BASE_PRINTABLE_H

#include "base/buf.h"
#include "base/utf8.h"

// Appends the text as UTF-8: what is none holds bytes of the guest's, each of which is the character of its number, as
// in the JSON of a trace.
void wg_buf_utf8(struct wg_buf *b, const char *s, size_t n);

// Appends the text as a part of one line: bytes that are no UTF-8 and control characters become \x1b, further ones that
// do not print or that turn what follows around (U+202E and its like) \u202e. After `max` characters it ends with
// "...".
void wg_buf_printable(struct wg_buf *b, const char *s, size_t n, size_t max);

// Appends a quoted JSON string that keeps what is UTF-8 and prints; other bytes become \u00e9, as wg_buf_json has them.
void wg_buf_json_utf8(struct wg_buf *b, const char *s, size_t n);
// The same as a member of an object.
void wg_json_utf8(struct wg_buf *b, const char *key, const char *s, size_t n);

#endif

// The grammar of JSON (RFC 8259), once: what every reader of it here stands on. Each begins at `p`, reads nothing at or
// beyond `end`, and returns where it came to, or NULL if that is not there.
#ifndef WG_BASE_JSON_TEXT_H
#define WG_BASE_JSON_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define WG_JSON_DEEP 64u // containers within each other

const char *wg_json_blanks(const char *p, const char *end); // past them; never NULL
// A line that is none of JSON Lines': it is passed over and says nothing.
static inline bool wg_json_is_blank(const char *line, size_t n) {
  return n == 0 || ((unsigned char)*line <= ' ' && wg_json_blanks(line, line + n) == line + n);
}
// Past a string, behind its opening quote. What is in it is not looked at.
const char *wg_json_past_string(const char *p, const char *end);
// Past an object or array, at its opening bracket: brackets match and strings end, and nothing else is looked at. NULL
// with what was expected at *at.
const char *wg_json_past_container(const char *p, const char *end, const char **at, const char **expected);
// Whether a text is one object from end to end, as far as that goes.
bool wg_json_closes(const char *text, size_t n);
// Past an escape, behind its backslash, which is two of them where those make one character: *c.
const char *wg_json_escape(const char *p, const char *end, uint32_t *c);

// A string whose inside begins at `from`, while it is read. What \u0080 to \u00ff in it mean is told by the rest of it
// (docs/guide.md#the-trace): where there is neither a byte from 0x80 on nor an escape from \u0100 on, each is a byte,
// as this project writes what is no UTF-8; else they are characters. Who knows better sets `mean`.
struct wg_json_string {
  const char *from, *end; // of what may be read: its closing quote ends it before
  enum wg_json_escapes { WG_JSON_UNSEEN, WG_JSON_BYTES, WG_JSON_CHARACTERS } mean;
};
// Past an escape of that string, whose bytes are appended.
const char *wg_json_unescape(const char *p, struct wg_json_string *s, struct wg_buf *out);
// Appends all of it, up to `end`. What is no escape stands for itself.
void wg_json_inside(struct wg_json_string *s, struct wg_buf *out);

#endif

// The grammar of JSON (RFC 8259), once: what every reader of it here stands on. Each begins at `p`, reads nothing at or
// beyond `end`, and returns where it came to, or NULL if that is not there.
#ifndef WG_BASE_JSON_TEXT_H
#define WG_BASE_JSON_TEXT_H

#include "base/buf.h"

#define WG_JSON_DEEP 64u // containers within each other

const char *wg_json_blanks(const char *p, const char *end); // past them; never NULL
// Past a string, behind its opening quote. What is in it is not looked at.
const char *wg_json_past_string(const char *p, const char *end);
// Past an object or array, at its opening bracket: brackets match and strings end, and nothing else is looked at. NULL
// with what was expected at *at.
const char *wg_json_past_container(const char *p, const char *end, const char **at, const char **expected);
// Past an escape, behind its backslash, which is two of them where those make one character. Appends what it stands
// for unless `out` is NULL: code points below 0x100 are bytes, as this project writes them; others are UTF-8.
const char *wg_json_unescape(const char *p, const char *end, struct wg_buf *out);

#endif

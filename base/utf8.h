// The characters of UTF-8 text, and text as the inside of JSON strings.
#ifndef WG_BASE_UTF8_H
#define WG_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How many of the n bytes are the first character of UTF-8 text, and which; 0 if they begin with none.
size_t wg_utf8(const char *s, size_t n, uint32_t *character);
bool wg_is_utf8(const char *s, size_t n);

bool wg_utf8_controls(uint32_t character); // C0, DEL or C1
// Unicode's marks of direction, separators of lines, invisible ones, and what is no character.
bool wg_utf8_misleads(uint32_t character);

// The inside of a JSON string in one of the two ways of wg_put_json_rest (base/digits.h), of at most 6 * n bytes:
// behind what was written. And whether the text is to be written in the first one.
bool wg_json_characters(const char *s, size_t n);
char *wg_put_json_characters(char *to, const char *s, size_t n); // it is UTF-8
char *wg_put_json_bytes(char *to, const char *s, size_t n);

#endif

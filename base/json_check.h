// Whether a text is JSON, exactly (RFC 8259), and how to print it without what does not print.
#ifndef WG_BASE_JSON_CHECK_H
#define WG_BASE_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/json_text.h"

// One value of UTF-8 text, with nothing around it but blanks, nested at most 64 deep.
bool wg_json_valid(const char *text, size_t n);
// Appends a valid text as one line, its strings as this project writes them (wg_buf_json); `mean` as in
// base/json_text.h.
void wg_json_clean(struct wg_buf *out, const char *text, size_t n, enum wg_json_escapes mean);
// False: that would be the text as it is.
bool wg_json_odd(const char *text, size_t n);

#endif

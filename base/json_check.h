// Whether a text is JSON, exactly (RFC 8259), and how to print it with nothing but printable ASCII.
#ifndef WG_BASE_JSON_CHECK_H
#define WG_BASE_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

// One value of UTF-8 text, with nothing around it but blanks, nested at most 64 deep.
bool wg_json_valid(const char *text, size_t n);
// Appends a valid text; what is not printable ASCII in its strings becomes \u00e9.
void wg_json_ascii(struct wg_buf *out, const char *text, size_t n);

#endif

// A growable byte buffer that is also the JSON and text builder.
// Ownership: a zeroed wg_buf is empty; wg_buf_release frees it. The data is NUL-terminated from
// the first wg_buf_reserve or append on.
#ifndef WG_BASE_BUF_H
#define WG_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/err.h"

struct wg_buf {
  char *data;
  size_t len, cap;
};

void wg_buf_release(struct wg_buf *b);               // empty again, without memory
void wg_buf_reserve(struct wg_buf *b, size_t extra); // room for so many bytes more, and the NUL
char *wg_buf_more(struct wg_buf *b, size_t n);       // n bytes more, which the caller writes
void wg_buf_clear(struct wg_buf *b);                 // keeps the memory
// Each of these appends.
void wg_buf_add(struct wg_buf *b, const void *data, size_t n);
void wg_buf_le32(struct wg_buf *b, uint32_t v);   // four bytes, low first
void wg_buf_be16(struct wg_buf *b, uint16_t v);   // two, high first
void wg_buf_be32(struct wg_buf *b, uint32_t v);   // four
void wg_buf_str(struct wg_buf *b, const char *s); // without its NUL
void wg_buf_char(struct wg_buf *b, char c);
void wg_buf_u64(struct wg_buf *b, uint64_t v); // decimal
void wg_buf_i64(struct wg_buf *b, int64_t v);  // decimal
void wg_buf_hex(struct wg_buf *b, uint64_t v); // lower case, no prefix, no padding
void wg_buf_printf(struct wg_buf *b, const char *fmt, ...) WG_PRINTF(2, 3);
void wg_buf_vprintf(struct wg_buf *b, const char *fmt, va_list ap) WG_PRINTF(2, 0);
void wg_buf_time(struct wg_buf *b, uint64_t ns); // "0 s", "30 us", "1.5 ms", "2.000000001 s": exact
// Appends a quoted JSON string, which is valid for any bytes of a guest's and gives them back exactly: text that is
// UTF-8 has its characters, but for those that do not print (\u202e); else each byte from 0x80 on is \u00XX.
void wg_buf_json(struct wg_buf *b, const char *s, size_t n);

// Appends `"key":` with a comma before it unless the object was just opened.
void wg_json_key(struct wg_buf *b, const char *key);
void wg_json_str(struct wg_buf *b, const char *key, const char *value);
void wg_json_u64(struct wg_buf *b, const char *key, uint64_t value);
void wg_json_i64(struct wg_buf *b, const char *key, int64_t value);
void wg_json_hex(struct wg_buf *b, const char *key, uint64_t value); // "0x..."
void wg_json_bool(struct wg_buf *b, const char *key, bool value);

#endif

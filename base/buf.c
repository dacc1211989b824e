#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"
#include "base/endian.h"
#include "base/utf8.h"
#include "base/vec.h"

void wg_buf_release(struct wg_buf *b) {
  free(b->data);
  *b = (struct wg_buf){0};
}

void wg_buf_reserve(struct wg_buf *b, size_t extra) {
  size_t need = b->len + extra + 1;
  if (need <= b->cap) return;
  WG_VEC_ROOM(b->data, b->cap, need < 256 ? 256 : need);
  b->data[b->len] = 0;
}

void wg_buf_clear(struct wg_buf *b) {
  b->len = 0;
  if (b->data) b->data[0] = 0;
}

void wg_buf_add(struct wg_buf *b, const void *data, size_t n) {
  wg_buf_reserve(b, n);
  if (n) memcpy(b->data + b->len, data, n);
  b->len += n;
  b->data[b->len] = 0;
}

char *wg_buf_more(struct wg_buf *b, size_t n) {
  wg_buf_reserve(b, n);
  b->len += n;
  b->data[b->len] = 0;
  return b->data + b->len - n;
}

void wg_buf_le32(struct wg_buf *b, uint32_t v) { wg_store_le32(wg_buf_more(b, 4), v); }
void wg_buf_be16(struct wg_buf *b, uint16_t v) { wg_store_be16(wg_buf_more(b, 2), v); }
void wg_buf_be32(struct wg_buf *b, uint32_t v) { wg_store_be32(wg_buf_more(b, 4), v); }

void wg_buf_str(struct wg_buf *b, const char *s) { wg_buf_add(b, s, strlen(s)); }
void wg_buf_char(struct wg_buf *b, char c) { wg_buf_add(b, &c, 1); }

// What was written at the end of the buffer, up to `to`.
static void wrote(struct wg_buf *b, const char *to) {
  b->len = (size_t)(to - b->data);
  b->data[b->len] = 0;
}

void wg_buf_u64(struct wg_buf *b, uint64_t v) {
  wg_buf_reserve(b, WG_DIGITS_MOST);
  wrote(b, wg_put_u64(b->data + b->len, v));
}

void wg_buf_i64(struct wg_buf *b, int64_t v) {
  if (v < 0) wg_buf_char(b, '-');
  wg_buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void wg_buf_hex(struct wg_buf *b, uint64_t v) {
  wg_buf_reserve(b, WG_DIGITS_MOST);
  wrote(b, wg_put_hex(b->data + b->len, v));
}

void wg_buf_vprintf(struct wg_buf *b, const char *fmt, va_list ap) {
  va_list again;
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, again);
  va_end(again);
  if (n < 0) return;
  wg_buf_reserve(b, (size_t)n);
  vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
  b->len += (size_t)n;
}

void wg_buf_printf(struct wg_buf *b, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  wg_buf_vprintf(b, fmt, ap);
  va_end(ap);
}

#define PART 4096u // of a string that is reserved for at once, lest a long one take six times its size

void wg_buf_json(struct wg_buf *b, const char *s, size_t n) {
  wg_buf_reserve(b, 6 * (n < PART ? n : PART) + 2);
  if (n <= PART) {
    wrote(b, wg_put_json(b->data + b->len, s, n));
    return;
  }
  wg_buf_char(b, '"');
  bool characters = wg_json_characters(s, n);
  for (size_t i = 0, part; i < n; i += part) {
    part = n - i < PART ? n - i : PART;
    while (characters && i + part < n && (unsigned char)s[i + part] >> 6 == 2) part--;
    wg_buf_reserve(b, 6 * PART);
    char *to = b->data + b->len;
    wrote(b, characters ? wg_put_json_characters(to, s + i, part) : wg_put_json_bytes(to, s + i, part));
  }
  wg_buf_char(b, '"');
}

void wg_json_key(struct wg_buf *b, const char *key) {
  if (b->len && b->data[b->len - 1] != '{') wg_buf_char(b, ',');
  wg_buf_char(b, '"');
  wg_buf_str(b, key);
  wg_buf_add(b, "\":", 2);
}

void wg_json_str(struct wg_buf *b, const char *key, const char *value) {
  wg_json_key(b, key);
  wg_buf_json(b, value, strlen(value));
}

void wg_json_u64(struct wg_buf *b, const char *key, uint64_t value) {
  wg_json_key(b, key);
  wg_buf_u64(b, value);
}

void wg_json_i64(struct wg_buf *b, const char *key, int64_t value) {
  wg_json_key(b, key);
  wg_buf_i64(b, value);
}

void wg_json_hex(struct wg_buf *b, const char *key, uint64_t value) {
  wg_json_key(b, key);
  wg_buf_add(b, "\"0x", 3);
  wg_buf_hex(b, value);
  wg_buf_char(b, '"');
}

void wg_json_bool(struct wg_buf *b, const char *key, bool value) {
  wg_json_key(b, key);
  wg_buf_str(b, value ? "true" : "false");
}

void wg_buf_time(struct wg_buf *b, uint64_t ns) {
  static const struct {
    uint64_t ns;
    int digits;
    const char *name;
  } units[] = {{1000000000, 9, "s"}, {1000000, 6, "ms"}, {1000, 3, "us"}, {1, 0, "ns"}};
  size_t i = 0;
  while (ns < units[i].ns && i < 3) i++;
  wg_buf_printf(b, "%llu", (unsigned long long)(ns / units[i].ns));
  if (ns % units[i].ns) {
    wg_buf_printf(b, ".%0*llu", units[i].digits, (unsigned long long)(ns % units[i].ns));
    while (b->data[b->len - 1] == '0') b->data[--b->len] = 0;
  }
  wg_buf_printf(b, " %s", ns ? units[i].name : "s");
}

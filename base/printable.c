#include "base/printable.h"

void wg_buf_printable(struct wg_buf *b, const char *s, size_t n, size_t max) {
  size_t len;
  for (size_t i = 0, shown = 0; i < n; i += len, shown++) {
    if (shown == max) {
      wg_buf_str(b, "...");
      return;
    }
    uint32_t c = 0;
    len = wg_utf8(s + i, n - i, &c);
    if (len == 0) {
      wg_buf_printf(b, "\\x%02x", (unsigned char)s[i]);
      len = 1;
    } else if (wg_utf8_controls(c)) {
      wg_buf_printf(b, "\\x%02x", c);
    } else if (wg_utf8_misleads(c)) {
      wg_buf_printf(b, "\\u%04x", c);
    } else {
      wg_buf_add(b, s + i, len);
    }
  }
}

void wg_buf_json_utf8(struct wg_buf *b, const char *s, size_t n) {
  size_t len;
  wg_buf_char(b, '"');
  for (size_t i = 0; i < n; i += len) {
    uint32_t c = 0;
    len = wg_utf8(s + i, n - i, &c);
    if (len == 0) {
      c = (unsigned char)s[i];
      len = 1;
    } else if (c > 0xFFFF || (!wg_utf8_controls(c) && !wg_utf8_misleads(c) && c != '"' && c != '\\')) {
      wg_buf_add(b, s + i, len);
      continue;
    }
    if (c == '"' || c == '\\') {
      wg_buf_char(b, '\\');
      wg_buf_char(b, (char)c);
    } else {
      wg_buf_printf(b, "\\u%04x", c);
    }
  }
  wg_buf_char(b, '"');
}

void wg_json_utf8(struct wg_buf *b, const char *key, const char *s, size_t n) {
  wg_json_key(b, key);
  wg_buf_json_utf8(b, s, n);
}

void wg_buf_utf8(struct wg_buf *b, const char *s, size_t n) {
  if (wg_is_utf8(s, n)) {
    wg_buf_add(b, s, n);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c >= 0x80) wg_buf_char(b, (char)(0xC0 | c >> 6));
    wg_buf_char(b, (char)(c >= 0x80 ? 0x80 | (c & 0x3F) : c));
  }
}

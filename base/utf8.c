#include "base/utf8.h"

#include <string.h>

#include "base/assert.h"
#include "base/digits.h"

size_t wg_utf8(const char *text, size_t n, uint32_t *character) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const unsigned char *s = (const unsigned char *)text;
  if (n == 0) return 0;
  size_t len = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
  if (len == 0 || len > n) return 0;
  uint32_t c = len == 1 ? s[0] : s[0] & (0x7Fu >> len);
  for (size_t i = 1; i < len; i++) {
    if (s[i] >> 6 != 2) return 0;
    c = c << 6 | (s[i] & 63);
  }
  if (c < least[len] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return 0;
  *character = c;
  return len;
}

bool wg_is_utf8(const char *s, size_t n) {
  for (size_t i = 0, len; i < n; i += len) {
    uint32_t c;
    len = (unsigned char)s[i] < 0x80 ? 1 : wg_utf8(s + i, n - i, &c);
    if (len == 0) return false;
  }
  return true;
}

bool wg_utf8_controls(uint32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

bool wg_utf8_misleads(uint32_t c) {
  return c == 0xAD || c == 0x61C || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF0 && c <= 0xFFFB) || (c & 0xFFFE) == 0xFFFE ||
         (c >= 0xE0000 && c <= 0xE007F);
}

// Whether text from here on is written as characters. It is not if nothing in it says that it is: escapes below \u0100
// alone are bytes.
bool wg_json_characters(const char *s, size_t n) {
  bool says = false;
  for (size_t i = 0, len; i < n; i += len) {
    uint32_t c = 0;
    len = wg_utf8(s + i, n - i, &c);
    if (len == 0) return false;
    says |= c >= 0x100 || (c >= 0xA0 && !wg_utf8_misleads(c));
  }
  return says;
}

static char *put_escape(char *to, uint32_t c) {
  static const char digits[] = "0123456789abcdef";
  to[0] = '\\';
  to[1] = 'u';
  for (int i = 0; i < 4; i++) to[2 + i] = digits[c >> (12 - 4 * i) & 15];
  return to + 6;
}

char *wg_put_json_characters(char *to, const char *s, size_t n) {
  for (size_t i = 0, len; i < n; i += len) {
    uint32_t c = 0;
    len = wg_utf8(s + i, n - i, &c);
    WG_ASSERT(len, "text was found to be UTF-8");
    if (c < 0x80) {
      to = wg_put_byte(to, (unsigned char)c);
    } else if (!wg_utf8_controls(c) && !wg_utf8_misleads(c)) {
      memcpy(to, s + i, len);
      to += len;
    } else if (c < 0x10000) {
      to = put_escape(to, c);
    } else {
      to = put_escape(put_escape(to, 0xD7C0 + (c >> 10)), 0xDC00 | (c & 0x3FF));
    }
  }
  return to;
}

char *wg_put_json_bytes(char *to, const char *s, size_t n) {
  for (size_t i = 0; i < n; i++) to = wg_put_byte(to, (unsigned char)s[i]);
  return to;
}

char *wg_put_json_rest(char *to, const char *s, size_t n) {
  return wg_json_characters(s, n) ? wg_put_json_characters(to, s, n) : wg_put_json_bytes(to, s, n);
}

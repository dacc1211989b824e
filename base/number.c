#include "base/number.h"

#include <string.h>

int wg_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool hexadecimal(const char *s, size_t n, uint64_t *v) {
  *v = 0;
  for (size_t i = 0; i < n; i++) {
    int digit = wg_hex_digit(s[i]);
    if (digit < 0 || *v >> 60) return false;
    *v = *v << 4 | (unsigned)digit;
  }
  return true;
}

static bool decimal(const char *s, size_t n, uint64_t *v) {
  *v = 0;
  for (size_t i = 0; i < n; i++) {
    if (s[i] < '0' || s[i] > '9') return false;
    if (__builtin_mul_overflow(*v, 10u, v) || __builtin_add_overflow(*v, (unsigned)(s[i] - '0'), v)) return false;
  }
  return true;
}

bool wg_parse_number(const char *s, size_t n, uint64_t max, uint64_t *out) {
  bool hex = n >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
  uint64_t v;
  if (hex) s += 2, n -= 2;
  if (n == 0 || !(hex ? hexadecimal(s, n, &v) : decimal(s, n, &v)) || v > max) return false;
  *out = v;
  return true;
}

bool wg_parse_u64(const char *s, uint64_t max, uint64_t *out) { return wg_parse_number(s, strlen(s), max, out); }

bool wg_unhex(const char *s, size_t n, void *out) {
  for (size_t i = 0; i < n; i++) {
    int high = wg_hex_digit(s[2 * i]), low = high < 0 ? -1 : wg_hex_digit(s[2 * i + 1]);
    if (low < 0) return false;
    ((uint8_t *)out)[i] = (uint8_t)(high << 4 | low);
  }
  return true;
}

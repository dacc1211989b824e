// Numbers and strings as text, eight digits or sixteen bytes at a time. Each writes at `to`, where at least
// WG_DIGITS_MOST bytes beyond what counts may be overwritten, and returns the end of what counts; nothing is ended by a
// NUL.
#ifndef WG_BASE_DIGITS_H
#define WG_BASE_DIGITS_H

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/endian.h"

#define WG_DIGITS_MOST 24

// Eight decimal digits of v < 10^8, the first one lowest: halves, quarters and digits are split by multiplication.
static inline uint64_t wg_eight_digits(uint32_t v) {
  uint64_t x = v / 10000 | (uint64_t)(v % 10000) << 32;
  uint64_t hundreds = (x * 5243 >> 19) & 0x0000007F0000007Full;
  x = hundreds | (x - hundreds * 100) << 16;
  uint64_t tens = (x * 103 >> 10) & 0x000F000F000F000Full;
  return tens | (x - tens * 10) << 8;
}

// v < 10^8 without zeros before it.
static inline char *wg_put_short(char *to, uint32_t v) {
  uint64_t digits = wg_eight_digits(v);
  unsigned zeros = digits ? (unsigned)__builtin_ctzll(digits) / 8 : 7;
  wg_store_le64(to, (digits | 0x3030303030303030ull) >> 8 * zeros);
  return to + 8 - zeros;
}

static inline char *wg_put_eight(char *to, uint32_t v) {
  wg_store_le64(to, wg_eight_digits(v) | 0x3030303030303030ull);
  return to + 8;
}

static inline char *wg_put_u64(char *to, uint64_t v) {
  const uint32_t part = 100000000;
  if (v < part) return wg_put_short(to, (uint32_t)v);
  uint64_t high = v / part;
  if (high < part)
    to = wg_put_short(to, (uint32_t)high);
  else
    to = wg_put_eight(wg_put_short(to, (uint32_t)(high / part)), (uint32_t)(high % part));
  return wg_put_eight(to, (uint32_t)(v % part));
}

// Eight hexadecimal digits, the highest one lowest.
static inline uint64_t wg_eight_hex(uint32_t v) {
  uint64_t x = __builtin_bswap32(v);
  x = (x | x << 16) & 0x0000FFFF0000FFFFull;
  x = (x | x << 8) & 0x00FF00FF00FF00FFull;
  x = (x >> 4 | x << 8) & 0x0F0F0F0F0F0F0F0Full;
  uint64_t letters = (x + 0x0606060606060606ull) >> 4 & 0x0101010101010101ull;
  return x + 0x3030303030303030ull + letters * ('a' - '0' - 10);
}

static inline char *wg_put_hex16(char *to, uint64_t v) {
  wg_store_le64(to, wg_eight_hex((uint32_t)(v >> 32)));
  wg_store_le64(to + 8, wg_eight_hex((uint32_t)v));
  return to + 16;
}

// Lower case, no zeros before it.
static inline char *wg_put_hex(char *to, uint64_t v) {
  unsigned zeros = v ? (unsigned)__builtin_clzll(v) / 4 : 15;
  return wg_put_hex16(to, v << 4 * zeros) - zeros;
}

// Copies bytes that stand for themselves in a JSON string, sixteen at a time, up to the first sixteen that do not all.
static inline size_t wg_put_plain(char *to, const char *s, size_t n) {
  size_t i = 0;
#ifdef __SSE2__
  for (; i + 16 <= n; i += 16) {
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + i));
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"')), escape = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    // Signed: what is above 7F is below 0.
    __m128i odd = _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)), _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7F)));
    if (_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, escape), odd))) break;
    _mm_storeu_si128((__m128i *)(void *)(to + i), v);
  }
#else
  (void)to;
  (void)s;
  (void)n;
#endif
  return i;
}

static inline char *wg_put_byte(char *to, unsigned char c) {
  static const char digits[] = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    *to++ = '\\';
  } else if (c < 0x20 || c > 0x7E) {
    memcpy(to, "\\u00", 4);
    to[4] = digits[c >> 4];
    to += 5;
    c = (unsigned char)digits[c & 15];
  }
  *to++ = (char)c;
  return to;
}

// The inside of a JSON string from its first byte from 0x80 on (base/utf8.c): characters if it is UTF-8, else each
// byte as \u00XX.
char *wg_put_json_rest(char *to, const char *s, size_t n);

// The inside of a JSON string, of at most 6 * n bytes.
static inline char *wg_put_json_text(char *to, const char *s, size_t n) {
  for (size_t i = 0; i < n;) {
    size_t plain = wg_put_plain(to, s + i, n - i);
    to += plain;
    i += plain;
    for (size_t stop = n - i < 16 ? n : i + 16; i < stop; i++) {
      if ((unsigned char)s[i] >= 0x80) return wg_put_json_rest(to, s + i, n - i);
      to = wg_put_byte(to, (unsigned char)s[i]);
    }
  }
  return to;
}

// With its quotes.
static inline char *wg_put_json(char *to, const char *s, size_t n) {
  *to = '"';
  to = wg_put_json_text(to + 1, s, n);
  *to = '"';
  return to + 1;
}

#endif

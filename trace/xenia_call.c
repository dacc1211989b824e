#include "trace/xenia_call.h"

#include <stdio.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/endian.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits that p begins with, up to 16.
static inline size_t run_of_digits(const char *p) {
#ifdef __SSE2__
  __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
  __m128i digit = _mm_sub_epi8(v, _mm_set1_epi8('0'));
  __m128i letter = _mm_sub_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
  __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit),
                             _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter));
  return (size_t)__builtin_ctz(~(unsigned)_mm_movemask_epi8(hit));
#else
  size_t n = 0;
  while (n < 16 && (is_digit(p[n]) || ((p[n] | 32) >= 'a' && (p[n] | 32) <= 'f'))) n++;
  return n;
#endif
}

// Eight digits at once: to nibbles, then neighbours joined.
static inline uint32_t hex8(const char *p) {
  uint64_t x = wg_load_le64(p);
  x = (x & 0x0F0F0F0F0F0F0F0Full) + 9 * (x >> 6 & 0x0101010101010101ull);
  x = (x << 4 | x >> 8) & 0x00FF00FF00FF00FFull;
  x = (x | x >> 8) & 0x0000FFFF0000FFFFull;
  return __builtin_bswap32((uint32_t)(x | x >> 16));
}

size_t wg_xenia_digits(const char *p, size_t max) {
  size_t n = run_of_digits(p);
  return n < max ? n : max;
}

uint64_t wg_xenia_hex(const char *p, size_t digits) {
  uint64_t v = 0;
  for (; digits >= 8; digits -= 8, p += 8) v = v << 32 | hex8(p);
  for (; digits; digits--, p++) v = v << 4 | (uint64_t)((*p & 15) + 9 * (*p >> 6 & 1));
  return v;
}

static inline size_t identifier(const char *p, size_t n) {
  static const unsigned char inside[256] = {
#define SIX(c) [c] = 1, [c + 1] = 1, [c + 2] = 1, [c + 3] = 1, [c + 4] = 1, [c + 5] = 1
#define TEN(c) SIX(c), [c + 6] = 1, [c + 7] = 1, [c + 8] = 1, [c + 9] = 1
      TEN('0'), TEN('A'), TEN('K'), SIX('U'), TEN('a'), TEN('k'), SIX('u'), ['_'] = 1,
#undef TEN
#undef SIX
  };
  size_t i = 0;
  while (i < n && inside[(unsigned char)p[i]]) i++;
  return i;
}

size_t wg_xenia_call_name(const char *p, size_t n) {
  if (n < 4 || p[n - 1] != ')' || is_digit(p[0])) return 0;
  size_t i = identifier(p, n);
  return i >= 2 && p[i] == '(' ? i : 0;
}

bool wg_xenia_whole_call(const char *p, size_t n) {
  size_t i = wg_xenia_call_name(p, n);
  if (i == 0) return false;
  int depth = 0;
  do depth += (p[i] == '(') - (p[i] == ')');
  while (++i < n && depth > 0);
  return depth == 0 && i == n;
}

// An argument's value: words are printed with 4, 8 or 16 hexadecimal digits, ints in decimal.
static uint64_t arg_value(const char *p, size_t n) {
  size_t digits = wg_xenia_digits(p, n);
  if (digits == 4 || digits == 8 || digits == 16) return wg_xenia_hex(p, digits);
  bool minus = n && p[0] == '-';
  uint64_t v = 0;
  for (size_t i = minus; i < n && is_digit(p[i]); i++) v = v * 10 + (uint64_t)(p[i] - '0');
  return minus ? (uint32_t)(0 - v) : v;
}

static void begin_key(struct wg_xenia_args *a, const char *name) {
  if (a->json.len == 0) wg_buf_char(&a->json, '{');
  wg_json_key(&a->json, name);
}

// The second of a name is NAME2.
static void numbered_key(struct wg_xenia_args *a, const char *name, unsigned *so_far) {
  char numbered[24];
  unsigned n = ++*so_far;
  snprintf(numbered, sizeof numbered, n > 1 ? "%s%u" : "%s", name, n);
  begin_key(a, numbered);
}

enum wg_xenia_argument wg_xenia_argument(const char *p, size_t n) {
  size_t digits = 0, i = n > 0 && p[0] == '-';
  while (digits < n && wg_xenia_digits(p + digits, 1)) digits++;
  if (digits == 8 && (n == 8 || (p[8] == '(' && p[n - 1] == ')'))) return WG_XENIA_WORD;
  if (digits == n && (n == 4 || n == 16)) return WG_XENIA_INTEGER;
  if (memchr(p, '(', n) != NULL) return p[n - 1] == ')' ? WG_XENIA_SHOWN : WG_XENIA_BROKEN;
  size_t from = i;
  while (i < n && is_digit(p[i])) i++;
  if (i == n && from < n) return n - from > 1 && p[from] == '0' ? WG_XENIA_NONE : WG_XENIA_INTEGER;
  while (i < n && (is_digit(p[i]) || memchr(".E+-", p[i], 4) != NULL)) i++;
  if (i == n && from < n && (is_digit(p[from]) || p[from] == '.')) return WG_XENIA_REAL;
  if (n - from == 3 && (memcmp(p + from, "NAN", 3) == 0 || memcmp(p + from, "INF", 3) == 0)) return WG_XENIA_REAL;
  return memchr(p, ')', n) ? WG_XENIA_BROKEN : WG_XENIA_NONE;
}

// What stands in parentheses after an address: a string, or root,name,attributes.
static void resolve_arg(struct wg_xenia_args *a, const char *p, size_t n) {
  const char *open = memchr(p, '(', n);
  if (open == NULL || p[n - 1] != ')') return;
  const char *text = open + 1;
  size_t len = (size_t)(p + n - 1 - text);
  if (len >= 18 && text[8] == ',' && text[len - 9] == ',') {
    numbered_key(a, "path", &a->paths);
    wg_buf_json(&a->json, text + 9, len - 18);
  } else if ((len == 8 || len == 16) && wg_xenia_digits(text, 16) >= len) {
    if (a->memory.len) wg_buf_char(&a->memory, ' ');
    wg_buf_add(&a->memory, p, n);
  } else {
    numbered_key(a, "string", &a->strings);
    wg_buf_json(&a->json, text, len);
  }
}

// The end of an argument with parentheses in it.
static const char *arg_end(const char *p, const char *end) {
  int depth = 0;
  for (; p < end; p++) {
    if (*p == '(')
      depth++;
    else if (*p == ')')
      depth--;
    else if (depth <= 0 && *p == ',' && p + 1 < end && p[1] == ' ')
      break;
  }
  return p;
}

static void finish(struct wg_xenia_args *a) {
  if (a->memory.len) {
    begin_key(a, "memory");
    wg_buf_json(&a->json, a->memory.data, a->memory.len);
  }
  if (a->numbers.len) {
    begin_key(a, "number");
    wg_buf_json(&a->json, a->numbers.data, a->numbers.len);
  }
  if (a->json.len) wg_buf_char(&a->json, '}');
  a->resolved = a->json.len ? a->json.data : "{}";
  a->resolved_len = a->json.len ? a->json.len : 2;
}

static void reset(struct wg_xenia_args *a) {
  a->n = 0;
  a->json.len = a->memory.len = a->numbers.len = 0;
  a->strings = a->paths = 0;
  a->broken = a->odd = false;
}

static inline bool ends(const char *p, const char *end) { return p == end || (*p == ',' && p[1] == ' '); }

void wg_xenia_args(struct wg_xenia_args *a, const char *p, const char *end) {
  reset(a);
  while (p < end && a->n < WG_XENIA_ARGS) {
    size_t digits = run_of_digits(p);
    if (digits == 8 && ends(p + 8, end)) {
      a->v[a->n++] = hex8(p);
      p += 10;
      continue;
    }
    if (*p == 'C' && end - p >= 10 && memcmp(p, "ContextArg", 10) == 0 && ends(p + 10, end)) {
      p += 12;
      continue;
    }
    const char *q = arg_end(p, end);
    a->v[a->n++] = arg_value(p, (size_t)(q - p));
    if (q > p) resolve_arg(a, p, (size_t)(q - p));
    enum wg_xenia_argument is = wg_xenia_argument(p, (size_t)(q - p));
    a->broken |= q > p && is == WG_XENIA_BROKEN;
    a->odd |= q > p && is == WG_XENIA_NONE;
    if (q > p && (is == WG_XENIA_REAL || is == WG_XENIA_BROKEN || is == WG_XENIA_NONE)) {
      if (a->numbers.len) wg_buf_char(&a->numbers, ' ');
      wg_buf_add(&a->numbers, p, (size_t)(q - p));
    }
    p = q + 2;
  }
  if (p < end) { // beyond WG_XENIA_ARGS
    begin_key(a, "more");
    wg_buf_json(&a->json, p, (size_t)(end - p));
  }
  finish(a);
}

void wg_xenia_args_release(struct wg_xenia_args *a) {
  wg_buf_release(&a->json);
  wg_buf_release(&a->memory);
  wg_buf_release(&a->numbers);
}

static bool skip(const char **p, const char *word) {
  size_t n = strlen(word);
  if (strncmp(*p, word, n) != 0) return false;
  *p += n;
  return true;
}

static bool read_number(const char **p, uint64_t *v) {
  size_t digits = wg_xenia_digits(*p, 16);
  *v = wg_xenia_hex(*p, digits);
  *p += digits;
  return digits != 0;
}

bool wg_xenia_result(struct wg_xenia_args *a, char *p, size_t n, struct wg_xenia_result *r) {
  const char *at = p, *end = p + n;
  uint64_t size = 0, status;
  bool dos = skip(&at, "xeRtlNtStatusToDosError ");
  r->name = dos ? p + 2 : p;
  r->name_len = dos ? 21 : identifier(p, n);
  reset(a);
  if (dos) {
    if (!read_number(&at, &status) || !skip(&at, " => ") || !read_number(&at, &r->rv)) return false;
  } else {
    at += r->name_len;
    if (r->name_len < 2 || !skip(&at, " = ") || wg_xenia_digits(at, 9) != 8 || !read_number(&at, &r->rv)) return false;
    if (at < end && (!skip(&at, " Size: ") || !read_number(&at, &size))) return false;
  }
  if (at != end) return false;
  if (size) {
    begin_key(a, "size");
    wg_buf_printf(&a->json, "\"0x%llx\"", (unsigned long long)size);
  } else if (!dos && r->name[0] == 'N' && r->name[1] == 't') {
    // NtAllocateVirtualMemory prints the address that it gives, when it succeeds.
    begin_key(a, "base");
    wg_buf_printf(&a->json, "\"0x%llx\"", (unsigned long long)r->rv);
    r->rv = 0;
  }
  finish(a);
  return true;
}

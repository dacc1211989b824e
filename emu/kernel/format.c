#include "emu/kernel/format.h"

#include <string.h>

struct wg_varargs wg_varargs_call(struct wg_kcall *k, unsigned fixed) {
  // Every argument has an 8-byte home slot from r1+0x10... of the caller; the ninth lies at +0x50.
  return (struct wg_varargs){k, 3 + fixed, (uint32_t)k->cpu->gpr[1] + WG_AT_CALL_FRAME_ARGUMENTS};
}

struct wg_varargs wg_varargs_list(struct wg_kcall *k, uint32_t va_list) {
  return (struct wg_varargs){k, 11, va_list};
}

static uint64_t next(struct wg_varargs *va) {
  if (va->reg <= 10) return va->k->cpu->gpr[va->reg++];
  uint64_t v = wg_kr(va->k->m, va->at, 8);
  va->at += 8;
  return v;
}

struct spec {
  bool left, plus, space, alt, zero;
  int width, precision; // precision -1 = none
  int longs;            // 2 for ll and I64, 1 for l and w, -1 for h
};

static void put_padded(struct wg_buf *out, const struct spec *s, const char *text, size_t n, size_t prefix) {
  size_t fill = s->width > 0 && (size_t)s->width > n ? (size_t)s->width - n : 0;
  if (!s->left && s->zero) {
    wg_buf_add(out, text, prefix);
    for (; fill; fill--) wg_buf_char(out, '0');
    wg_buf_add(out, text + prefix, n - prefix);
    return;
  }
  if (!s->left)
    for (; fill; fill--) wg_buf_char(out, ' ');
  wg_buf_add(out, text, n);
  for (; fill; fill--) wg_buf_char(out, ' ');
}

static void put_integer(struct wg_buf *out, struct spec *s, uint64_t v, char conv) {
  struct wg_buf digits = {0}, text = {0};
  bool is_signed = conv == 'd' || conv == 'i';
  bool negative = false;
  if (conv == 'p') s->longs = 0; // whatever its size is said to be
  if (s->longs < 2) v = is_signed ? (uint64_t)(int64_t)(int32_t)v : (uint32_t)v;
  if (s->longs < 0) v = is_signed ? (uint64_t)(int64_t)(int16_t)v : (uint16_t)v;
  if (is_signed && (int64_t)v < 0) {
    negative = true;
    v = 0 - v;
  }
  if (conv == 'p')
    wg_buf_printf(&digits, "%08llX", (unsigned long long)v);
  else if (conv == 'x')
    wg_buf_printf(&digits, "%llx", (unsigned long long)v);
  else if (conv == 'X')
    wg_buf_printf(&digits, "%llX", (unsigned long long)v);
  else if (conv == 'o')
    wg_buf_printf(&digits, "%llo", (unsigned long long)v);
  else
    wg_buf_u64(&digits, v);
  if (negative)
    wg_buf_char(&text, '-');
  else if (is_signed && s->plus)
    wg_buf_char(&text, '+');
  else if (is_signed && s->space)
    wg_buf_char(&text, ' ');
  else if (s->alt && v && conv == 'x')
    wg_buf_str(&text, "0x");
  else if (s->alt && v && conv == 'X')
    wg_buf_str(&text, "0X");
  if (s->alt && conv == 'o' && digits.data[0] != '0' && s->precision <= (int)digits.len)
    s->precision = (int)digits.len + 1;
  size_t prefix = text.len;
  for (int n = (int)digits.len; n < s->precision; n++) wg_buf_char(&text, '0');
  if (!(s->precision == 0 && v == 0)) wg_buf_add(&text, digits.data, digits.len);
  if (s->precision >= 0) s->zero = false;
  put_padded(out, s, text.data ? text.data : "", text.len, prefix);
  wg_buf_release(&digits);
  wg_buf_release(&text);
}

#define MAX_DIGITS 512 // behind the point: as the reference has room for

static void put_double(struct wg_buf *out, struct spec *s, uint64_t bits, char conv) {
  double d;
  memcpy(&d, &bits, sizeof d);
  struct wg_buf text = {0};
  int p = s->precision < 0 ? 6 : s->precision > MAX_DIGITS ? MAX_DIGITS : s->precision;
  switch (conv) {
  case 'a': wg_buf_printf(&text, s->alt ? "%#a" : "%a", d); break; // to its last bit, as the reference
  case 'A': wg_buf_printf(&text, s->alt ? "%#A" : "%A", d); break;
  case 'e': wg_buf_printf(&text, s->alt ? "%#.*e" : "%.*e", p, d); break;
  case 'E': wg_buf_printf(&text, s->alt ? "%#.*E" : "%.*E", p, d); break;
  case 'g': wg_buf_printf(&text, s->alt ? "%#.*g" : "%.*g", p, d); break;
  case 'G': wg_buf_printf(&text, s->alt ? "%#.*G" : "%.*G", p, d); break;
  default: wg_buf_printf(&text, s->alt ? "%#.*f" : "%.*f", p, d); break;
  }
  bool minus = text.len && text.data[0] == '-';
  if (!minus && (s->plus || s->space)) {
    struct wg_buf signed_text = {0};
    wg_buf_char(&signed_text, s->plus ? '+' : ' ');
    wg_buf_add(&signed_text, text.data, text.len);
    wg_buf_release(&text);
    text = signed_text;
    minus = true;
  }
  put_padded(out, s, text.data, text.len, minus);
  wg_buf_release(&text);
}

static void put_string(struct wg_kcall *k, struct wg_buf *out, struct spec *s, uint32_t at, bool wide) {
  struct wg_buf text = {0};
  if (at == 0)
    wg_buf_str(&text, "(null)");
  else if (s->precision >= 0) {
    for (int i = 0; i < s->precision; i++) { // need not be terminated within the precision
      uint64_t c = wg_kr(k->m, at + (wide ? 2 : 1) * (uint32_t)i, wide ? 2 : 1);
      if (c == 0 || k->m->calls.fault) break;
      wg_buf_char(&text, wide && c > 255 ? '?' : (char)c);
    }
  } else if (wide)
    wg_kwstr(k->m, at, &text);
  else
    wg_kstr(k->m, at, &text);
  size_t n = text.len;
  if (s->precision >= 0 && (size_t)s->precision < n) n = (size_t)s->precision;
  s->zero = false;
  put_padded(out, s, text.data ? text.data : "", n, 0);
  wg_buf_release(&text);
}

static const char *parse_spec(const char *p, struct spec *s, struct wg_varargs *va) {
  *s = (struct spec){.precision = -1};
  for (;; p++) {
    if (*p == '-')
      s->left = true;
    else if (*p == '+')
      s->plus = true;
    else if (*p == ' ')
      s->space = true;
    else if (*p == '#')
      s->alt = true;
    else if (*p == '0')
      s->zero = true;
    else
      break;
  }
  if (*p == '*') {
    s->width = (int32_t)next(va);
    p++;
  } else {
    while (*p >= '0' && *p <= '9' && s->width < 100000) s->width = s->width * 10 + (*p++ - '0');
  }
  if (s->width < 0) {
    s->left = true;
    s->width = s->width == INT32_MIN ? 0 : -s->width;
  }
  if (s->width > 65536) s->width = 65536;
  if (*p == '.') {
    s->precision = 0;
    if (*++p == '*') {
      s->precision = (int32_t)next(va);
      p++;
    } else {
      while (*p >= '0' && *p <= '9' && s->precision < 100000) s->precision = s->precision * 10 + (*p++ - '0');
    }
    if (s->precision > 65536) s->precision = 65536;
  }
  for (;; p++) {
    if (*p == 'l' || *p == 'w')
      s->longs++;
    else if (*p == 'h')
      s->longs = -1;
    else if (p[0] == 'I' && p[1] == '6' && p[2] == '4') {
      s->longs = 2;
      p += 2;
    } else if (p[0] == 'I' && p[1] == '3' && p[2] == '2')
      p += 2;
    else if (*p != 'I' && *p != 'L') // the size of a pointer, and of a double
      break;
  }
  return p;
}

// How much was written so far.
static void put_count(struct wg_kcall *k, const struct spec *s, uint32_t at, size_t count) {
  wg_kw(k->m, at, s->longs < 0 ? 2 : 4, count);
}

void wg_format(struct wg_kcall *k, uint32_t fmt, bool wide, struct wg_varargs *va, struct wg_buf *out) {
  struct wg_buf f = {0};
  if (wide)
    wg_kwstr(k->m, fmt, &f);
  else
    wg_kstr(k->m, fmt, &f);
  wg_buf_reserve(out, 1);
  for (const char *p = f.data; *p && !k->m->calls.fault; p++) {
    if (out->len > WG_MAX_TEXT) {
      wg_limit(k->m, WG_L_TEXT);
      out->len = WG_MAX_TEXT;
      out->data[out->len] = 0;
      break;
    }
    wg_work(k->m, 8);
    if (*p != '%') {
      wg_buf_char(out, *p);
      continue;
    }
    struct spec s;
    p = parse_spec(p + 1, &s, va);
    char c;
    switch (*p) {
    case 0: p--; break;
    case '%': wg_buf_char(out, '%'); break;
    case 'c':
    case 'C':
      c = (char)next(va);
      s.zero = false;
      put_padded(out, &s, &c, 1, 0);
      break;
    case 's': put_string(k, out, &s, (uint32_t)next(va), s.longs > 0 || (wide && s.longs == 0)); break;
    case 'S': put_string(k, out, &s, (uint32_t)next(va), s.longs > 0 || (!wide && s.longs == 0)); break;
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o':
    case 'p': put_integer(out, &s, next(va), *p); break;
    case 'n': put_count(k, &s, (uint32_t)next(va), out->len); break;
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G': put_double(out, &s, next(va), *p); break;
    case 'Z': wg_kansi(k->m, (uint32_t)next(va), out); break;
    default: wg_buf_char(out, *p);
    }
  }
  wg_work(k->m, 4 * out->len);
  wg_buf_release(&f);
}

#include "base/json_iter.h"

#include <string.h>

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static void space(struct wg_json_iter *it) {
  while (it->p < it->end && is_space(*it->p)) it->p++;
}

bool wg_json_walk(struct wg_json_iter *it, const char *text, size_t n) {
  *it = (struct wg_json_iter){.p = text, .end = text + n};
  space(it);
  if (it->p == it->end || (*it->p != '{' && *it->p != '[')) return false;
  it->object = *it->p++ == '{';
  return true;
}

// Past a string, from its opening quote on; NULL if it does not end.
static const char *past_string(const char *p, const char *end) {
  for (p++; p < end; p++) {
    if (*p == '\\')
      p++;
    else if (*p == '"')
      return p + 1;
  }
  return NULL;
}

static const char *past_value(const char *p, const char *end) {
  if (*p == '"') return past_string(p, end);
  int depth = 0;
  while (p < end) {
    if (*p == '"') {
      p = past_string(p, end);
      if (p == NULL) return NULL;
      continue;
    }
    if (*p == '{' || *p == '[') depth++;
    if (*p == '}' || *p == ']') {
      if (depth == 0) return p;
      if (--depth == 0) return p + 1;
    }
    if (depth == 0 && *p == ',') return p;
    p++;
  }
  return NULL;
}

bool wg_json_next(struct wg_json_iter *it, struct wg_json_member *m) {
  *m = (struct wg_json_member){0};
  space(it);
  if (it->p < it->end && *it->p == ',') it->p++;
  space(it);
  if (it->p >= it->end || *it->p == '}' || *it->p == ']') return false;
  if (it->object) {
    const char *after = *it->p == '"' ? past_string(it->p, it->end) : NULL;
    if (after == NULL) return false;
    m->key = it->p + 1;
    m->nkey = (size_t)(after - it->p) - 2;
    it->p = after;
    space(it);
    if (it->p >= it->end || *it->p != ':') return false;
    it->p++;
    space(it);
    if (it->p >= it->end) return false;
  }
  const char *after = past_value(it->p, it->end);
  if (after == NULL || after == it->p) return false;
  m->value = it->p;
  m->nvalue = (size_t)(after - it->p);
  while (m->nvalue && is_space(m->value[m->nvalue - 1])) m->nvalue--;
  it->p = after;
  return true;
}

static int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

static void put_code_point(struct wg_buf *out, unsigned v) {
  if (v < 0x100) {
    wg_buf_char(out, (char)v);
  } else if (v < 0x800) {
    wg_buf_char(out, (char)(0xC0 | v >> 6));
    wg_buf_char(out, (char)(0x80 | (v & 63)));
  } else {
    if (v < 0x10000) {
      wg_buf_char(out, (char)(0xE0 | v >> 12));
    } else {
      wg_buf_char(out, (char)(0xF0 | v >> 18));
      wg_buf_char(out, (char)(0x80 | (v >> 12 & 63)));
    }
    wg_buf_char(out, (char)(0x80 | (v >> 6 & 63)));
    wg_buf_char(out, (char)(0x80 | (v & 63)));
  }
}

// The four digits of \uXXXX, as far as they are some.
static unsigned code_unit(const char *digits) {
  unsigned v = 0;
  for (int i = 0; i < 4; i++) v = v << 4 | ((unsigned)hex_digit(digits[i]) & 15);
  return v;
}

// From the u of \uXXXX on, with its second half if it is one of two; returns the last character taken.
static const char *put_escape(const char *p, const char *end, struct wg_buf *out) {
  unsigned v = code_unit(p + 1);
  p += 4;
  if ((v & 0xFC00) == 0xD800 && end - p > 6 && p[1] == '\\' && p[2] == 'u') {
    unsigned low = code_unit(p + 3);
    if ((low & 0xFC00) == 0xDC00) {
      v = 0x10000 + ((v & 0x3FF) << 10 | (low & 0x3FF));
      p += 6;
    }
  }
  put_code_point(out, v);
  return p;
}

bool wg_json_text(const struct wg_json_member *m, struct wg_buf *out) {
  static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
  if (m->nvalue < 2 || m->value[0] != '"') return false;
  const char *end = m->value + m->nvalue - 1;
  for (const char *p = m->value + 1; p < end; p++) {
    if (*p != '\\' || p + 1 >= end) {
      wg_buf_char(out, *p);
      continue;
    }
    const char *e = strchr(from, *++p);
    if (*p == 'u' && end - p >= 5) {
      p = put_escape(p, end, out);
    } else {
      wg_buf_char(out, *p && e ? to[e - from] : *p);
    }
  }
  return true;
}

bool wg_json_int(const struct wg_json_member *m, uint64_t *out) {
  const char *p = m->value, *end = m->value + m->nvalue;
  if (m->nvalue >= 2 && *p == '"') p++, end--;
  bool minus = p < end && *p == '-';
  if (minus) p++;
  if (p == end) return false;
  uint64_t v = 0;
  if (end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
    for (p += 2; p < end; p++) {
      int d = hex_digit(*p);
      if (d < 0 || v >> 60) return false;
      v = v << 4 | (unsigned)d;
    }
  } else {
    for (; p < end; p++) {
      if (*p < '0' || *p > '9' || __builtin_mul_overflow(v, 10u, &v) ||
          __builtin_add_overflow(v, (unsigned)(*p - '0'), &v))
        return false;
    }
  }
  *out = minus ? 0 - v : v;
  return true;
}

bool wg_json_is(const struct wg_json_member *m, const char *key) {
  return m->key && strlen(key) == m->nkey && memcmp(m->key, key, m->nkey) == 0;
}

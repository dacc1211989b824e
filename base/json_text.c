#include "base/json_text.h"

#include <string.h>

#include "base/number.h"

const char *wg_json_blanks(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')) p++;
  return p;
}

const char *wg_json_past_string(const char *p, const char *end) {
  for (; p < end; p++) {
    if (*p == '\\')
      p++;
    else if (*p == '"')
      return p + 1;
  }
  return NULL;
}

const char *wg_json_past_container(const char *p, const char *end, const char **at, const char **expected) {
  char closing[WG_JSON_DEEP];
  unsigned depth = 0;
  do {
    *at = p;
    char c = *p++;
    *expected = NULL;
    if (c == '{' || c == '[') {
      if (depth == WG_JSON_DEEP)
        *expected = "less nesting";
      else
        closing[depth++] = c == '{' ? '}' : ']';
    } else if (c == '}' || c == ']') {
      if (depth == 0 || closing[--depth] != c) *expected = "matching brackets";
    } else if (c == '"') {
      p = wg_json_past_string(p, end);
      if (p == NULL) *expected = "the end of a string", *at = end;
    }
    if (*expected) return NULL;
  } while (depth && p < end);
  if (depth == 0) return p;
  *at = end;
  *expected = "a closing bracket";
  return NULL;
}

bool wg_json_closes(const char *text, size_t n) {
  const char *at, *expected, *end = text + n, *p = wg_json_blanks(text, end);
  if (p == end || *p != '{') return false;
  p = wg_json_past_container(p, end, &at, &expected);
  return p && wg_json_blanks(p, end) == end;
}

// The four digits of \uXXXX, behind its u; -1 if they are none.
static int code_unit(const char *p, const char *end) {
  int v = 0;
  if (end - p < 4) return -1;
  for (int i = 0; i < 4; i++) {
    int digit = wg_hex_digit(p[i]);
    if (digit < 0) return -1;
    v = v << 4 | digit;
  }
  return v;
}

static void put_utf8(struct wg_buf *out, uint32_t c) {
  if (c < 0x800) {
    wg_buf_char(out, (char)(0xC0 | c >> 6));
  } else {
    if (c < 0x10000) {
      wg_buf_char(out, (char)(0xE0 | c >> 12));
    } else {
      wg_buf_char(out, (char)(0xF0 | c >> 18));
      wg_buf_char(out, (char)(0x80 | (c >> 12 & 63)));
    }
    wg_buf_char(out, (char)(0x80 | (c >> 6 & 63)));
  }
  wg_buf_char(out, (char)(0x80 | (c & 63)));
}

const char *wg_json_escape(const char *p, const char *end, uint32_t *c) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  if (p >= end) return NULL;
  if (*p != 'u') {
    const char *e = *p ? strchr(from, *p) : NULL;
    if (e) *c = (unsigned char)to[e - from];
    return e ? p + 1 : NULL;
  }
  int unit = code_unit(p + 1, end);
  if (unit < 0) return NULL;
  *c = (uint32_t)unit;
  p += 5;
  if ((*c & 0xFC00) != 0xD800 || end - p < 6 || p[0] != '\\' || p[1] != 'u') return p;
  int low = code_unit(p + 2, end);
  if (low < 0 || (low & 0xFC00) != 0xDC00) return p;
  *c = 0x10000 + ((*c & 0x3FF) << 10 | ((uint32_t)low & 0x3FF));
  return p + 6;
}

static enum wg_json_escapes meant(const struct wg_json_string *s) {
  for (const char *p = s->from; p < s->end && *p != '"';) {
    if ((unsigned char)*p >= 0x80) return WG_JSON_CHARACTERS;
    if (*p++ != '\\') continue;
    uint32_t c = 0;
    const char *after = wg_json_escape(p, s->end, &c);
    if (c >= 0x100) return WG_JSON_CHARACTERS;
    p = after ? after : p + 1;
  }
  return WG_JSON_BYTES;
}

const char *wg_json_unescape(const char *p, struct wg_json_string *s, struct wg_buf *out) {
  uint32_t c = 0;
  const char *after = wg_json_escape(p, s->end, &c);
  if (after == NULL) return NULL;
  if (c >= 0x80 && c < 0x100 && s->mean == WG_JSON_UNSEEN) s->mean = meant(s);
  if (c >= 0x80 && (c >= 0x100 || s->mean == WG_JSON_CHARACTERS))
    put_utf8(out, c);
  else
    wg_buf_char(out, (char)c);
  return after;
}

void wg_json_inside(struct wg_json_string *s, struct wg_buf *out) {
  for (const char *p = s->from; p < s->end;) {
    const char *after = *p == '\\' ? wg_json_unescape(p + 1, s, out) : NULL;
    if (after == NULL) {
      if (*p == '\\' && p + 1 < s->end) p++;
      wg_buf_char(out, *p);
      after = p + 1;
    }
    p = after;
  }
}

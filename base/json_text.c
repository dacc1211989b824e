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

const char *wg_json_unescape(const char *p, const char *end, struct wg_buf *out) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  if (p >= end) return NULL;
  if (*p != 'u') {
    const char *e = *p ? strchr(from, *p) : NULL;
    if (e && out) wg_buf_char(out, to[e - from]);
    return e ? p + 1 : NULL;
  }
  int unit = code_unit(p + 1, end);
  if (unit < 0) return NULL;
  unsigned v = (unsigned)unit;
  p += 5;
  if ((v & 0xFC00) == 0xD800 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
    int low = code_unit(p + 2, end);
    if (low >= 0 && (low & 0xFC00) == 0xDC00) {
      v = 0x10000 + ((v & 0x3FF) << 10 | ((unsigned)low & 0x3FF));
      p += 6;
    }
  }
  if (out) put_code_point(out, v);
  return p;
}

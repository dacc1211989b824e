#include "base/json_check.h"

#include <string.h>

#include "base/json_text.h"
#include "base/printable.h"

struct check {
  const char *p, *end;
};

static void blanks(struct check *c) { c->p = wg_json_blanks(c->p, c->end); }

static bool take(struct check *c, char want) {
  if (c->p == c->end || *c->p != want) return false;
  c->p++;
  return true;
}

static bool is_digit(const struct check *c) { return c->p < c->end && *c->p >= '0' && *c->p <= '9'; }

static bool digits(struct check *c) {
  if (!is_digit(c)) return false;
  while (is_digit(c)) c->p++;
  return true;
}

static bool number(struct check *c) {
  take(c, '-');
  if (!take(c, '0') && !digits(c)) return false;
  if (take(c, '.') && !digits(c)) return false;
  if (!take(c, 'e') && !take(c, 'E')) return true;
  if (!take(c, '+')) take(c, '-');
  return digits(c);
}

static bool escape(struct check *c) {
  const char *after = wg_json_unescape(c->p, c->end, NULL);
  if (after) c->p = after;
  return after != NULL;
}

static bool string(struct check *c) {
  uint32_t character;
  if (!take(c, '"')) return false;
  while (c->p < c->end) {
    size_t n = wg_utf8(c->p, (size_t)(c->end - c->p), &character);
    if (n == 0 || character < 0x20) return false;
    c->p += n;
    if (character == '"') return true;
    if (character == '\\' && !escape(c)) return false;
  }
  return false;
}

static bool word(struct check *c, const char *want) {
  size_t n = strlen(want);
  if ((size_t)(c->end - c->p) < n || memcmp(c->p, want, n) != 0) return false;
  c->p += n;
  return true;
}

static bool scalar(struct check *c) {
  if (c->p == c->end) return false;
  if (*c->p == '"') return string(c);
  return word(c, "null") || word(c, "true") || word(c, "false") || number(c);
}

static bool key(struct check *c) {
  blanks(c);
  if (!string(c)) return false;
  blanks(c);
  return take(c, ':');
}

// A value and what closes after it, level by level; open[] holds the bracket that ends each.
bool wg_json_valid(const char *text, size_t n) {
  struct check c = {text, text + n};
  char open[WG_JSON_DEEP];
  unsigned depth = 0;
  for (;;) {
    blanks(&c);
    bool object = take(&c, '{');
    if (object || take(&c, '[')) {
      if (depth == WG_JSON_DEEP) return false;
      open[depth++] = object ? '}' : ']';
      blanks(&c);
      if (!take(&c, open[depth - 1])) {
        if (object && !key(&c)) return false;
        continue;
      }
      depth--;
    } else if (!scalar(&c)) {
      return false;
    }
    for (blanks(&c); depth && take(&c, open[depth - 1]); blanks(&c)) depth--;
    if (depth == 0) return c.p == c.end;
    if (!take(&c, ',') || (open[depth - 1] == '}' && !key(&c))) return false;
  }
}

void wg_json_ascii(struct wg_buf *out, const char *text, size_t n) {
  for (size_t i = 0, len; i < n; i += len) {
    uint32_t c = 0;
    len = wg_utf8(text + i, n - i, &c);
    if (len == 0) return; // not valid after all
    if (c >= 0x20 && c < 0x7F)
      wg_buf_char(out, (char)c);
    else if (c < 0x20)
      wg_buf_char(out, ' '); // a blank between tokens
    else if (c < 0x10000)
      wg_buf_printf(out, "\\u%04x", c);
    else
      wg_buf_printf(out, "\\u%04x\\u%04x", 0xD7C0 + (c >> 10), 0xDC00 | (c & 0x3FF));
  }
}

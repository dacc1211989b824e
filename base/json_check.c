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

static bool check_number(struct check *c) {
  take(c, '-');
  if (!take(c, '0') && !digits(c)) return false;
  if (take(c, '.') && !digits(c)) return false;
  if (!take(c, 'e') && !take(c, 'E')) return true;
  if (!take(c, '+')) take(c, '-');
  return digits(c);
}

static bool escape(struct check *c) {
  uint32_t character;
  const char *after = wg_json_escape(c->p, c->end, &character);
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

static bool check_word(struct check *c, const char *want) {
  size_t n = strlen(want);
  if ((size_t)(c->end - c->p) < n || memcmp(c->p, want, n) != 0) return false;
  c->p += n;
  return true;
}

static bool scalar(struct check *c) {
  if (c->p == c->end) return false;
  if (*c->p == '"') return string(c);
  return check_word(c, "null") || check_word(c, "true") || check_word(c, "false") || check_number(c);
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

// Whether it may be told otherwise: what does not print, and the escapes whose meaning the rest of the string decides.
static bool is_odd(const char *p, const char *end) {
  for (; p < end; p++) {
    if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7F) return true;
    if (*p == '\\' && end - p > 4 && memcmp(p, "\\u00", 4) == 0 && strchr("89abcdefABCDEF", p[4])) return true;
  }
  return false;
}

bool wg_json_odd(const char *text, size_t n) { return is_odd(text, text + n); }

static void put_string(struct wg_buf *out, const char *from, const char *end, enum wg_json_escapes mean) {
  struct wg_json_string s = {from + 1, end - 1, mean};
  struct wg_buf text = {0};
  wg_json_inside(&s, &text);
  wg_buf_json(out, text.len ? text.data : "", text.len);
  wg_buf_release(&text);
}

void wg_json_clean(struct wg_buf *out, const char *text, size_t n, enum wg_json_escapes mean) {
  for (const char *p = text, *end = text + n, *after; p < end; p = after) {
    after = p + 1;
    if (*p != '"') {
      wg_buf_char(out, (unsigned char)*p < 0x20 ? ' ' : *p); // a blank between tokens
      continue;
    }
    after = wg_json_past_string(after, end);
    if (after == NULL) return; // not valid after all
    if (is_odd(p, after))
      put_string(out, p, after, mean);
    else
      wg_buf_add(out, p, (size_t)(after - p));
  }
}

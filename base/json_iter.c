#include "base/json_iter.h"

#include <string.h>

#include "base/json_text.h"
#include "base/number.h"

static bool is_blank(const char *p) { return wg_json_blanks(p, p + 1) != p; }

static void skip_blanks(struct wg_json_iter *it) { it->p = wg_json_blanks(it->p, it->end); }

bool wg_json_walk(struct wg_json_iter *it, const char *text, size_t n) {
  *it = (struct wg_json_iter){.p = text, .end = text + n};
  skip_blanks(it);
  if (it->p == it->end || (*it->p != '{' && *it->p != '[')) return false;
  it->object = *it->p++ == '{';
  return true;
}

// A scalar ends where its container goes on, whatever it is.
static const char *past_value(const char *p, const char *end) {
  const char *at, *expected;
  if (*p == '"') return wg_json_past_string(p + 1, end);
  if (*p == '{' || *p == '[') return wg_json_past_container(p, end, &at, &expected);
  while (p < end && *p != ',' && *p != '}' && *p != ']') p++;
  return p < end ? p : NULL;
}

bool wg_json_next(struct wg_json_iter *it, struct wg_json_member *m) {
  *m = (struct wg_json_member){0};
  skip_blanks(it);
  if (it->p < it->end && *it->p == ',') it->p++;
  skip_blanks(it);
  if (it->p >= it->end || *it->p == '}' || *it->p == ']') return false;
  if (it->object) {
    const char *after = *it->p == '"' ? wg_json_past_string(it->p + 1, it->end) : NULL;
    if (after == NULL) return false;
    m->key = it->p + 1;
    m->nkey = (size_t)(after - it->p) - 2;
    it->p = after;
    skip_blanks(it);
    if (it->p >= it->end || *it->p != ':') return false;
    it->p++;
    skip_blanks(it);
    if (it->p >= it->end) return false;
  }
  const char *after = past_value(it->p, it->end);
  if (after == NULL || after == it->p) return false;
  m->value = it->p;
  m->nvalue = (size_t)(after - it->p);
  while (m->nvalue && is_blank(m->value + m->nvalue - 1)) m->nvalue--;
  it->p = after;
  return true;
}

bool wg_json_text(const struct wg_json_member *m, struct wg_buf *out) {
  if (m->nvalue < 2 || m->value[0] != '"') return false;
  struct wg_json_string s = {m->value + 1, m->value + m->nvalue - 1, WG_JSON_UNSEEN};
  wg_json_inside(&s, out);
  return true;
}

bool wg_json_int(const struct wg_json_member *m, uint64_t *out) {
  const char *p = m->value;
  size_t n = m->nvalue;
  if (n >= 2 && *p == '"') p++, n -= 2;
  bool minus = n && *p == '-';
  uint64_t v;
  if (!wg_parse_number(p + minus, n - minus, UINT64_MAX, &v)) return false;
  *out = minus ? 0 - v : v;
  return true;
}

bool wg_json_is(const struct wg_json_member *m, const char *key) {
  return m->key && strlen(key) == m->nkey && memcmp(m->key, key, m->nkey) == 0;
}

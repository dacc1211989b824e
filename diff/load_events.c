// What fields of an event say, however they are written.
#include "base/json_iter.h"
#include "base/printable.h"
#include "diff/load.h"

uint32_t wg_told_text(struct wg_side *s, const char *text, size_t n) {
  if (wg_is_utf8(text, n)) return wg_strings_id(&s->strings, text, n);
  struct wg_buf told = {0};
  wg_buf_utf8(&told, text, n);
  uint32_t id = wg_strings_id(&s->strings, told.data, told.len);
  wg_buf_release(&told);
  return id;
}

uint32_t wg_event_text(struct wg_side *s, const struct wg_event *e, enum wg_key key) {
  const struct wg_field *f = wg_ev_get(e, key);
  return f && f->type == WG_F_STR ? wg_told_text(s, f->s, f->n) : 0;
}

static bool hsid_digits(const char *text, uint64_t *out) {
  uint64_t v = 0;
  for (size_t i = 0; i < 16; i++) {
    char c = text[i];
    int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (d < 0) return false;
    v = v << 4 | (unsigned)d;
  }
  *out = v;
  return true;
}

bool wg_hsid_text(const struct wg_json_member *m, uint64_t *out) {
  return m->nvalue == 18 && m->value[0] == '"' && hsid_digits(m->value + 1, out);
}

bool wg_hsid_of(const struct wg_event *e, uint64_t *hsid) {
  const struct wg_field *f = wg_ev_get(e, WG_K_HSID);
  if (f == NULL) return false;
  if (f->type == WG_F_ID) *hsid = f->u;
  return f->type == WG_F_ID || (f->type == WG_F_STR && f->n == 16 && hsid_digits(f->s, hsid));
}

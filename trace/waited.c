#include "trace/waited.h"

#include <string.h>

static bool is_all(const char *s, size_t n, const char *of) {
  for (size_t i = 0; i < n; i++)
    if (s[i] == 0 || strchr(of, s[i]) == NULL) return false;
  return n > 0;
}

// A handle, an address or a semantic id. A string may still lack its NUL.
static bool is_one(const struct wg_field *f) {
  static const char digits[] = "0123456789abcdefABCDEF";
  if (f->type != WG_F_STR) return f->type == WG_F_DEC || f->type == WG_F_HEX || f->type == WG_F_ID;
  if (f->n > 2 && f->n <= 18 && memcmp(f->s, "0x", 2) == 0) return is_all(f->s + 2, f->n - 2, digits);
  return f->n <= 16 && is_all(f->s, f->n, f->n == 16 ? digits : "0123456789");
}

static const struct wg_field *named(const struct wg_event *e) {
  static const enum wg_key keys[] = {WG_K_HANDLES, WG_K_HSID, WG_K_HANDLE, WG_K_RAW, WG_K_GUEST_OBJECT};
  if (e->kind != WG_EV_WAIT_BEGIN) return NULL;
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const struct wg_field *f = wg_ev_get(e, keys[i]);
    if (f && is_one(f)) return f;
    if (f && keys[i] == WG_K_HANDLES) return NULL; // it has a list
  }
  return NULL;
}

bool wg_waited_is_one(const struct wg_event *e) { return named(e) != NULL; }

static void put_list(const struct wg_field *f, struct wg_buf *b) {
  bool guest = f->key == WG_K_GUEST_OBJECT;
  wg_buf_clear(b);
  wg_buf_str(b, guest ? "[{\"guest_object\":" : "[");
  if (f->type == WG_F_STR)
    wg_buf_json(b, f->s, f->n);
  else if (f->type == WG_F_DEC)
    wg_buf_u64(b, f->u);
  else
    wg_buf_printf(b, f->type == WG_F_ID ? "\"%016llx\"" : "\"0x%llx\"", (unsigned long long)f->u);
  wg_buf_str(b, guest ? "}]" : "]");
}

static struct wg_field *place_of_list(struct wg_event *e, struct wg_field *more) {
  for (size_t i = 0; i < e->nfields; i++)
    if (e->fields[i].key == WG_K_HANDLES) return &e->fields[i];
  for (size_t i = 0; i < e->nmore; i++)
    if (more[i].key == WG_K_HANDLES) return &more[i];
  return e->nfields < WG_EVENT_FIELDS ? &e->fields[e->nfields++] : &more[e->nmore++];
}

void wg_waited_list(struct wg_event *e, struct wg_field *more, struct wg_buf *text) {
  const struct wg_field *f = named(e);
  if (f == NULL) return;
  put_list(f, text);
  *place_of_list(e, more) = (struct wg_field){.key = WG_K_HANDLES, .type = WG_F_RAW, .s = text->data, .n = text->len};
}

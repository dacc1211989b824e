#include "emu/state/archive.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"

void wg_archive_save(struct wg_archive *a, struct wg_pages *pages) {
  *a = (struct wg_archive){.mode = WG_ARCHIVE_SAVE, .pages = pages, .part = "state"};
}

void wg_archive_load(struct wg_archive *a, const char *name, const void *data, size_t n, struct wg_pages *pages,
                     struct wg_err *err) {
  *a = (struct wg_archive){
      .mode = WG_ARCHIVE_LOAD, .pages = pages, .in = data, .n = n, .name = name, .part = "state", .err = err};
}

void wg_archive_touch(struct wg_archive *a, uint64_t field) {
  *a = (struct wg_archive){.mode = WG_ARCHIVE_TOUCH, .touch = field, .part = "state"};
}

uint64_t wg_archive_digest(const struct wg_archive *a) { return wg_hash(a->out.data, a->out.len, 0); }

void wg_archive_release(struct wg_archive *a) {
  wg_buf_release(&a->out);
  *a = (struct wg_archive){.mode = WG_ARCHIVE_SAVE};
}

void wg_ar_fail(struct wg_archive *a, const char *fmt, ...) {
  if (a->failed) return;
  a->failed = true;
  struct wg_buf text = {0};
  va_list ap;
  va_start(ap, fmt);
  wg_buf_vprintf(&text, fmt, ap);
  va_end(ap);
  wg_fail(a->err, WG_INPUT, "%s: at byte %zu, in the state of %s: %s", a->name, a->at, a->part, text.data);
  wg_buf_release(&text);
}

// What every walk does with n bytes of the stream, in the order of the format.
static void raw(struct wg_archive *a, void *p, size_t n) {
  if (a->mode == WG_ARCHIVE_SAVE) {
    wg_buf_add(&a->out, p, n);
  } else if (a->mode == WG_ARCHIVE_LOAD) {
    if (!a->failed && n > a->n - a->at) wg_ar_fail(a, "it ends, and %zu bytes more should follow", n);
    if (a->failed) {
      memset(p, 0, n);
      return;
    }
    memcpy(p, a->in + a->at, n);
    a->at += n;
  }
}

// A field's number; true if it is the one to be changed.
static bool touched(struct wg_archive *a) { return a->fields++ == a->touch && a->mode == WG_ARCHIVE_TOUCH; }

static void number(struct wg_archive *a, uint64_t *v, size_t n) {
  uint8_t b[8];
  for (size_t i = 0; i < n; i++) b[i] = (uint8_t)(*v >> (8 * i));
  raw(a, b, n);
  if (!wg_ar_loading(a)) return;
  *v = 0;
  for (size_t i = 0; i < n; i++) *v |= (uint64_t)b[i] << (8 * i);
}

void wg_ar_part(struct wg_archive *a, const char *name) {
  uint64_t len = strlen(name);
  char there[32] = {0};
  a->part = name;
  number(a, &len, 1);
  if (!wg_ar_loading(a)) {
    raw(a, (char *)(uintptr_t)name, (size_t)len);
    return;
  }
  raw(a, there, len < sizeof there ? (size_t)len : sizeof there - 1);
  if (strcmp(there, name) != 0) wg_ar_fail(a, "another part's state is here");
}

void wg_ar_bytes(struct wg_archive *a, void *p, size_t n) {
  if (n && touched(a)) *(uint8_t *)p ^= 1;
  raw(a, p, n);
}

#define DEF_NUMBER(bits)                                                                                               \
  void wg_ar_u##bits(struct wg_archive *a, uint##bits##_t *v) {                                                        \
    if (touched(a)) *v ^= 1;                                                                                           \
    uint64_t wide = *v;                                                                                                \
    number(a, &wide, sizeof *v);                                                                                       \
    if (wg_ar_loading(a)) *v = (uint##bits##_t)wide;                                                                   \
  }
DEF_NUMBER(8)
DEF_NUMBER(16)
DEF_NUMBER(32)
DEF_NUMBER(64)

// Words, and pages of them, are written as they lie in memory.
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format of a state is little-endian");
void wg_ar_words(struct wg_archive *a, uint32_t *v, size_t n) {
  if (a->mode != WG_ARCHIVE_TOUCH) {
    a->fields += n;
    raw(a, v, n * sizeof *v);
    return;
  }
  for (size_t i = 0; i < n; i++) wg_ar_u32(a, &v[i]);
}

void wg_ar_bool(struct wg_archive *a, bool *v) {
  if (touched(a)) *v = !*v;
  uint64_t b = !wg_ar_loading(a) && *v; // what is loaded into may be memory that nobody has written
  number(a, &b, 1);
  if (!wg_ar_loading(a)) return;
  if (b > 1) wg_ar_fail(a, "%u is neither yes nor no", (unsigned)b);
  *v = b == 1;
}

void wg_ar_size(struct wg_archive *a, size_t *v) {
  uint64_t wide = *v;
  wg_ar_u64(a, &wide);
  if (a->mode != WG_ARCHIVE_SAVE) *v = (size_t)wide;
}

size_t wg_ar_count(struct wg_archive *a, size_t n, size_t most) {
  uint64_t wide = n;
  number(a, &wide, 8);
  if (!wg_ar_loading(a)) return n;
  // Each of them takes a byte at least, so that a wrong count makes no large table.
  if (wide > most || wide > a->n - a->at) {
    wg_ar_fail(a, "a count of %llu, of at most %zu", (unsigned long long)wide, most);
    return 0;
  }
  return (size_t)wide;
}

uint32_t wg_ar_kind(struct wg_archive *a, uint32_t kind, uint32_t kinds) {
  uint64_t wide = kind;
  number(a, &wide, 4);
  if (!wg_ar_loading(a)) return kind;
  if (wide >= kinds) wg_ar_fail(a, "a kind of %llu, of %u", (unsigned long long)wide, kinds);
  return wide < kinds ? (uint32_t)wide : 0;
}

uint32_t wg_ar_index(struct wg_archive *a, uint32_t i, size_t n) {
  uint64_t wide = i;
  number(a, &wide, 4);
  if (!wg_ar_loading(a)) return i;
  if (wide != WG_AR_NONE && wide >= n) wg_ar_fail(a, "an index of %llu, of %zu", (unsigned long long)wide, n);
  return a->failed ? WG_AR_NONE : (uint32_t)wide;
}

char *wg_ar_text(struct wg_archive *a, const char *s) {
  size_t n = wg_ar_count(a, s ? strlen(s) + 1 : 0, SIZE_MAX);
  if (!wg_ar_loading(a)) {
    raw(a, (char *)(uintptr_t)s, n ? n - 1 : 0);
    return NULL;
  }
  if (n == 0) return NULL;
  char *text = wg_xcalloc(1, n);
  raw(a, text, n - 1);
  return text;
}

void wg_ar_block(struct wg_archive *a, uint8_t **p, size_t n) {
  uint32_t there = wg_ar_kind(a, *p != NULL, 2);
  if (wg_ar_loading(a)) {
    free(*p);
    *p = NULL;
    if (there && n > a->n - a->at) wg_ar_fail(a, "a block of %zu bytes is cut off", n);
    if (there && !a->failed) *p = wg_xcalloc(1, n + 1);
  }
  if (*p) wg_ar_bytes(a, *p, n);
}

void wg_ar_string(struct wg_archive *a, char **s) {
  uint8_t *p = (uint8_t *)*s;
  size_t n = wg_ar_count(a, *s ? strlen(*s) : 0, SIZE_MAX);
  wg_ar_block(a, &p, n);
  *s = (char *)p;
}

void wg_ar_buf(struct wg_archive *a, struct wg_buf *b) {
  size_t n = wg_ar_count(a, b->len, SIZE_MAX);
  if (wg_ar_loading(a)) {
    wg_buf_clear(b);
    wg_buf_reserve(b, n + 1);
    b->len = n;
    b->data[n] = 0;
  }
  wg_ar_bytes(a, b->data, n);
}

void wg_ar_map(struct wg_archive *a, struct wg_map *m) {
  size_t n = wg_ar_count(a, wg_ar_loading(a) ? 0 : wg_map_count(m), SIZE_MAX);
  if (wg_ar_loading(a)) {
    wg_map_release(m);
    for (size_t i = 0; i < n && !a->failed; i++) {
      uint64_t key = 0, value = 0;
      number(a, &key, 8);
      wg_ar_u64(a, &value);
      wg_map_put(m, key, value);
    }
    return;
  }
  uint64_t *keys = wg_xcalloc(n + 1, sizeof *keys);
  wg_map_keys(m, keys);
  for (size_t i = 0; i < n; i++) {
    uint64_t value = 0;
    wg_map_get(m, keys[i], &value);
    number(a, &keys[i], 8);
    wg_ar_u64(a, &value);
    if (a->mode == WG_ARCHIVE_TOUCH) wg_map_put(m, keys[i], value);
  }
  free(keys);
}

void wg_ar_page_of(struct wg_archive *a, void *p, uint64_t hash) {
  if (touched(a)) *(uint8_t *)p ^= 1;
  number(a, &hash, 8);
  if (a->mode == WG_ARCHIVE_SAVE && a->pages) wg_pages_put(a->pages, hash, p);
}

bool wg_ar_has_page(const struct wg_archive *a, uint64_t hash) {
  return a->pages == NULL || wg_pages_has(a->pages, hash);
}

const uint8_t *wg_ar_page_content(struct wg_archive *a, uint64_t *hash) {
  *hash = 0;
  number(a, hash, 8);
  a->fields++;
  const uint8_t *page = a->failed || a->pages == NULL ? NULL : wg_pages_get(a->pages, *hash);
  if (page == NULL) wg_ar_fail(a, "its page %016llx is not among those that were kept", (unsigned long long)*hash);
  return page;
}

static void ar_page(struct wg_archive *a, void *p) {
  if (!wg_ar_loading(a)) {
    wg_ar_page_of(a, p, a->mode == WG_ARCHIVE_SAVE ? wg_page_hash(p) : 0);
    return;
  }
  uint64_t hash;
  const uint8_t *content = wg_ar_page_content(a, &hash);
  if (content) memcpy(p, content, WG_PAGE_BYTES);
}

void wg_ar_pages(struct wg_archive *a, void *p, size_t n) {
  for (size_t at = 0; at < n; at += WG_PAGE_BYTES) ar_page(a, (uint8_t *)p + at);
}

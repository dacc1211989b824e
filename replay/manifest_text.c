#define _DEFAULT_SOURCE // realpath
#include "replay/manifest_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/vec.h"

// -- writing --

// Bytes of the code point at s that is encoded as it should be; 0 if none is.
static size_t code_point(const unsigned char *s) {
  static const struct { unsigned char mask, lead; } rows[] = {{0xE0, 0xC0}, {0xF0, 0xE0}, {0xF8, 0xF0}};
  if (s[0] < 0x80) return 1;
  for (size_t i = 0; i < 3; i++) {
    if ((s[0] & rows[i].mask) != rows[i].lead) continue;
    for (size_t k = 1; k <= i + 1; k++)
      if ((s[k] & 0xC0) != 0x80) return 0;
    bool overlong = s[0] < 0xC2 || (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool outside = (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF4 && s[1] > 0x8F) || s[0] > 0xF4;
    return overlong || outside ? 0 : i + 2;
  }
  return 0;
}

// What can be read of it; true if that is all.
static bool readable(const char *text, struct wg_buf *out) {
  bool all = true;
  wg_buf_reserve(out, 1);
  for (const unsigned char *p = (const unsigned char *)text; *p;) {
    size_t n = code_point(p);
    all = all && n;
    wg_buf_add(out, n ? (const char *)p : "\xEF\xBF\xBD", n ? n : 3); // U+FFFD
    p += n ? n : 1;
  }
  return all;
}

uint64_t wg_manifest_number(const json_t *o, const char *key) {
  return (uint64_t)json_integer_value(json_object_get(o, key));
}

void wg_manifest_put(json_t *o, const char *key, const char *text) {
  struct wg_buf plain = {0}, name = {0};
  bool all = readable(text, &plain);
  json_object_set_new(o, key, json_stringn(plain.data, plain.len));
  if (!all) {
    size_t n = strlen(text);
    char *hex = wg_xcalloc(2 * n + 1, 1);
    wg_hex(text, n, hex);
    wg_buf_printf(&name, "%s_hex", key);
    json_object_set_new(o, name.data, json_string(hex));
    free(hex);
  }
  wg_buf_release(&plain);
  wg_buf_release(&name);
}

// The folder's links are resolved, the last name is not: a title is known by the name that it was started under.
static void absolute(const char *path, struct wg_buf *out) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  struct wg_buf folder = {0};
  wg_buf_add(&folder, path, slash ? (size_t)(slash - path) : 0);
  char *full = realpath(slash == path ? "/" : slash ? folder.data : ".", NULL);
  bool whole = *name == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
  char *all = whole ? realpath(path, NULL) : NULL;
  if (all)
    wg_buf_str(out, all);
  else if (full)
    wg_buf_printf(out, "%s/%s", strcmp(full, "/") == 0 ? "" : full, name);
  else
    wg_buf_str(out, path);
  free(full);
  free(all);
  wg_buf_release(&folder);
}

// `path` as it is seen from folder `dir`, both absolute and without links.
static void relative(const char *path, const char *dir, struct wg_buf *out) {
  size_t common = 0;
  for (size_t i = 0;; i++) {
    bool ends = (path[i] == '/' || path[i] == 0) && (dir[i] == '/' || dir[i] == 0);
    if (ends) common = i;
    if (path[i] != dir[i] || path[i] == 0) break;
  }
  if (common == 0 || path[0] != '/') {
    wg_buf_str(out, path);
    return;
  }
  for (const char *p = dir + common; *p; p++)
    if (*p == '/') wg_buf_str(out, "../");
  const char *rest = path + common;
  while (*rest == '/') rest++;
  wg_buf_str(out, *rest ? rest : ".");
}

void wg_manifest_put_path(json_t *o, const char *key, const char *path, const char *dir) {
  struct wg_buf full = {0}, text = {0};
  char *base = realpath(dir, NULL);
  absolute(path, &full);
  relative(full.data, base ? base : "", &text);
  wg_manifest_put(o, key, text.data);
  free(base);
  wg_buf_release(&full);
  wg_buf_release(&text);
}

// -- reading --

const char *wg_manifest_keep(struct wg_manifest_texts *t, char *text) {
  WG_VEC_NEXT(t->text, t->n);
  return t->text[t->n++] = text;
}

static const char *unhex(struct wg_manifest_texts *t, const char *hex) {
  size_t n = strlen(hex) / 2;
  char *text = wg_xcalloc(n + 1, 1);
  if (wg_unhex(hex, n, text)) return wg_manifest_keep(t, text);
  free(text);
  return NULL;
}

const char *wg_manifest_get(struct wg_manifest_texts *t, const json_t *o, const char *key) {
  struct wg_buf name = {0};
  wg_buf_printf(&name, "%s_hex", key);
  const char *hex = json_string_value(json_object_get(o, name.data));
  wg_buf_release(&name);
  return hex ? unhex(t, hex) : json_string_value(json_object_get(o, key));
}

const char *wg_manifest_get_path(struct wg_manifest_texts *t, const json_t *o, const char *key, const char *dir) {
  const char *text = wg_manifest_get(t, o, key);
  if (text == NULL || *text == '/') return text;
  struct wg_buf full = {0};
  wg_buf_printf(&full, "%s/%s", dir, text);
  return wg_manifest_keep(t, full.data);
}

void wg_manifest_texts_release(struct wg_manifest_texts *t) {
  for (size_t i = 0; i < t->n; i++) free(t->text[i]);
  free(t->text);
  *t = (struct wg_manifest_texts){0};
}

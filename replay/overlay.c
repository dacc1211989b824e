#include "replay/overlay.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/vec.h"
#include "replay/manifest_text.h"

struct entry {
  char *path;
  uint64_t size;
  char sha256[65];
};
struct entries {
  struct entry *v;
  size_t n;
};

static void add(struct entries *e, const char *path, uint64_t size, const char *sha256) {
  WG_VEC_NEXT(e->v, e->n);
  struct entry *x = &e->v[e->n++];
  *x = (struct entry){wg_xstrdup(path), size, ""};
  snprintf(x->sha256, sizeof x->sha256, "%s", sha256);
}

static void release(struct entries *e) {
  for (size_t i = 0; i < e->n; i++) free(e->v[i].path);
  free(e->v);
}

static int by_path(const void *a, const void *b) {
  const struct entry *x = a, *y = b;
  return strcmp(x->path, y->path);
}

static void digest(struct entries *e, char out[65]) {
  struct wg_buf lines = {0};
  if (e->n) qsort(e->v, e->n, sizeof *e->v, by_path);
  for (size_t i = 0; i < e->n; i++) wg_buf_printf(&lines, "%s  %s\n", e->v[i].sha256, e->v[i].path);
  wg_sha256_hex(lines.data ? lines.data : "", lines.len, out);
  wg_buf_release(&lines);
}

// -- as it is recorded --

static bool take_file(void *ctx, const char *path, const struct wg_node *n) {
  char sha256[65];
  if (n->directory) return true;
  wg_sha256_hex(n->data, n->size, sha256);
  add(ctx, path, n->size, sha256);
  return true;
}

json_t *wg_overlay_json(const struct wg_machine *m) {
  struct entries e = {0};
  char all[65];
  json_t *o = json_object(), *files = json_array();
  wg_vfs_changes(wg_machine_vfs(m), take_file, &e);
  digest(&e, all);
  for (size_t i = 0; i < e.n && i < WG_OVERLAY_LISTED; i++) {
    json_t *f = json_object();
    wg_manifest_put(f, "path", e.v[i].path);
    json_object_set_new(f, "size", json_integer((json_int_t)e.v[i].size));
    json_object_set_new(f, "sha256", json_string(e.v[i].sha256));
    json_array_append_new(files, f);
  }
  json_object_set_new(o, "count", json_integer((json_int_t)e.n));
  json_object_set_new(o, "sha256", json_string(all));
  json_object_set_new(o, "files", files);
  release(&e);
  return o;
}

// -- as it is now --

struct walk {
  struct entries found;
  struct wg_buf path;
  size_t top; // of path: where what is below the overlay begins
};

static void walk(struct walk *w) {
  DIR *d = opendir(w->path.data);
  size_t len = w->path.len;
  for (const struct dirent *x; d && (x = readdir(d)) != NULL;) {
    struct stat st;
    struct wg_err unsaid;
    char sha256[65] = "not a file";
    if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0) continue;
    w->path.len = len;
    wg_buf_printf(&w->path, "/%s", x->d_name);
    if (lstat(w->path.data, &st) != 0) continue;
    if (S_ISDIR(st.st_mode)) {
      walk(w);
      continue;
    }
    if (S_ISREG(st.st_mode) && wg_file_sha256(w->path.data, sha256, &unsaid) != WG_OK)
      snprintf(sha256, sizeof sha256, "not readable");
    add(&w->found, w->path.data + w->top, (uint64_t)st.st_size, sha256);
  }
  if (d) closedir(d);
}

static void recorded_entries(const json_t *recorded, struct entries *e) {
  struct wg_manifest_texts texts = {0};
  size_t i;
  json_t *f;
  json_array_foreach(json_object_get(recorded, "files"), i, f) {
    const char *path = wg_manifest_get(&texts, f, "path"), *sha256 = json_string_value(json_object_get(f, "sha256"));
    add(e, path ? path : "", 0, sha256 ? sha256 : "");
  }
  if (e->n) qsort(e->v, e->n, sizeof *e->v, by_path);
  wg_manifest_texts_release(&texts);
}

bool wg_overlay_check(const json_t *recorded, const char *folder,
                      void (*say)(void *ctx, const char *path, const char *words), void *ctx) {
  struct walk w = {0};
  struct entries want = {0};
  char all[65];
  wg_buf_printf(&w.path, "%s", folder);
  w.top = w.path.len + 1;
  walk(&w);
  digest(&w.found, all);
  const char *recorded_all = json_string_value(json_object_get(recorded, "sha256"));
  bool same = recorded_all && strcmp(recorded_all, all) == 0, told = false;
  recorded_entries(recorded, &want);
  bool listed = (uint64_t)json_integer_value(json_object_get(recorded, "count")) == want.n;
  for (size_t i = 0, j = 0; !same && (i < want.n || j < w.found.n);) {
    int order = i == want.n ? 1 : j == w.found.n ? -1 : by_path(&want.v[i], &w.found.v[j]);
    struct wg_buf words = {0};
    if (order < 0)
      wg_buf_str(&words, "missing");
    else if (order > 0 && listed)
      wg_buf_str(&words, "not what the run wrote: the manifest does not have it");
    else if (order == 0 && strcmp(want.v[i].sha256, w.found.v[j].sha256) != 0)
      wg_buf_printf(&words, "sha256 %s, the manifest says %s", w.found.v[j].sha256, want.v[i].sha256);
    if (words.len) say(ctx, order > 0 ? w.found.v[j].path : want.v[i].path, words.data);
    told |= words.len > 0;
    wg_buf_release(&words);
    i += order <= 0;
    j += order >= 0;
  }
  if (!same && !told) say(ctx, "", "the digest of all files together is not what the manifest says");
  release(&want);
  release(&w.found);
  wg_buf_release(&w.path);
  return same;
}

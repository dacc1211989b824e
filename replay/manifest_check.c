// Whether what a run depends on is still what it was.
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "emu/vfs/image.h"
#include "replay/inputs.h"
#include "replay/manifest.h"

int wg_manifest_digest(const struct wg_manifest_file *f, char out[65], struct wg_err *err) {
  return f->inside ? wg_image_sha256(f->host, f->inside, out, err) : wg_file_sha256(f->host, out, err);
}

static int check_digest(const struct wg_manifest_file *f, struct wg_err *err) {
  char have[65];
  WG_TRY(wg_manifest_digest(f, have, err));
  if (strcmp(have, f->sha256) == 0) return WG_OK;
  if (f->inside)
    return wg_fail(err, WG_INPUT, "%s of %s has changed since it was recorded: sha256 was %s, is now %s", f->inside,
                   f->host, f->sha256, have);
  return wg_fail(err, WG_INPUT, "%s has changed since it was recorded: sha256 was %s, is now %s", f->host, f->sha256,
                 have);
}

static int check_packages(const struct wg_manifest *man, struct wg_err *err) {
  const json_t *content = json_object_get(man->root, "content");
  struct wg_package *packages = NULL;
  size_t n = 0, want = json_array_size(json_object_get(content, "packages"));
  if (content == NULL) return WG_OK;
  int code = wg_package_list(man->cfg.content ? man->cfg.content : "", &packages, &n, err);
  if (code == WG_OK && n != want)
    code = wg_fail(err, WG_INPUT, "%s has changed since it was recorded: it held %zu packages, it holds %zu now",
                   man->cfg.content, want, n);
  wg_packages_free(packages, n);
  return code;
}

// The run's own copies of its input scripts.
static int check_own_scripts(const struct wg_manifest *man, const char *dir, struct wg_err *err) {
  int code = WG_OK;
  for (size_t i = 0; i < WG_SCRIPTS && code == WG_OK; i++) {
    char name[32];
    struct wg_buf path = {0};
    if (man->scripts[i] == NULL) continue;
    wg_script_name(i, name);
    wg_buf_printf(&path, "%s/%s", dir, name);
    code = check_digest(&(struct wg_manifest_file){.host = path.data, .sha256 = man->scripts[i]}, err);
    wg_buf_release(&path);
  }
  return code;
}

// The title and its update are the first files.
static size_t titles(const struct wg_manifest *man) { return man->cfg.patch ? 2 : 1; }

// They are read to be loaded, and their digests taken then. What cannot be loaded may be something else by now.
int wg_manifest_make(const struct wg_manifest *man, const struct wg_observer *observer, struct wg_machine **m,
                     struct wg_err *err) {
  int code = wg_machine_create(m, &man->cfg, observer, err);
  const struct wg_title_digests *d = code == WG_OK ? wg_machine_digests(*m) : NULL;
  if (d && strcmp(d->title, man->files[0].sha256) == 0 &&
      (man->cfg.patch == NULL || strcmp(d->patch, man->files[1].sha256) == 0))
    return WG_OK;
  if (d) wg_machine_free(*m);
  *m = NULL;
  for (size_t i = 0; i < titles(man) && i < man->nfiles; i++) WG_TRY(check_digest(&man->files[i], err));
  return code == WG_OK ? wg_fail(err, WG_INPUT, "%s has changed while it was read", man->cfg.title) : code;
}

int wg_manifest_check_files(const struct wg_manifest *man, const char *dir, struct wg_err *err) {
  for (size_t i = titles(man); i < man->nfiles; i++) WG_TRY(check_digest(&man->files[i], err));
  WG_TRY(check_packages(man, err));
  return check_own_scripts(man, dir, err);
}

// In words, for a message: what a lookup found.
static void put_found(struct wg_buf *b, char kind, uint64_t value) {
  if (kind == '-')
    wg_buf_str(b, "missing");
  else if (kind == 'd')
    wg_buf_str(b, "a folder");
  else if (kind == 'f')
    wg_buf_printf(b, "a file of %llu bytes", (unsigned long long)value);
  else
    wg_buf_printf(b, "a folder with listing %016llx", (unsigned long long)value);
}

int wg_manifest_check_lookups(struct wg_manifest *man, const struct wg_machine *m, struct wg_err *err) {
  size_t i;
  json_t *o;
  json_array_foreach(json_object_get(man->root, "lookups"), i, o) {
    const char *path = wg_manifest_get(&man->texts, o, "path"), *kind = json_string_value(json_object_get(o, "kind"));
    const char *hex = json_string_value(json_object_get(o, "value"));
    uint64_t value;
    char text[32];
    if (path == NULL || kind == NULL || hex == NULL || strlen(hex) != 16)
      return wg_fail(err, WG_INPUT, "manifest.json: malformed lookup");
    snprintf(text, sizeof text, "0x%s", hex);
    struct wg_vfs_seen now = wg_vfs_probe(wg_machine_vfs(m), path, kind[0]);
    if (!wg_parse_u64(text, UINT64_MAX, &value) || (now.kind == kind[0] && now.value == value)) continue;
    struct wg_buf was = {0}, is = {0};
    put_found(&was, kind[0], value);
    put_found(&is, now.kind, now.value);
    wg_fail(err, WG_INPUT, "%s has changed since it was recorded: was %s, is now %s", path, was.data, is.data);
    wg_buf_release(&was);
    wg_buf_release(&is);
    return WG_INPUT;
  }
  return WG_OK;
}

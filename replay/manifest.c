#include "replay/manifest.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "emu/vfs/image.h"
#include "emu/vfs/vfs.h"
#include "replay/manifest_text.h"
#include "replay/overlay.h"

static json_t *hex64(uint64_t v) {
  char text[24];
  snprintf(text, sizeof text, "%016llx", (unsigned long long)v);
  return json_string(text);
}

static json_t *options_json(const struct wg_config *cfg, bool branches) {
  json_t *o = json_object();
  json_object_set_new(o, "max_ns", json_integer((json_int_t)cfg->max_ns));
  json_object_set_new(o, "max_frames", json_integer((json_int_t)cfg->max_frames));
  json_object_set_new(o, "sched_seed", json_integer((json_int_t)cfg->sched_seed));
  json_object_set_new(o, "date", json_integer((json_int_t)cfg->date));
  json_object_set_new(o, "strict", json_boolean(cfg->strict));
  json_object_set_new(o, "branches", json_boolean(branches));
  if (cfg->args) wg_manifest_put(o, "args", cfg->args);
  return o;
}

static json_t *files_json(const struct wg_machine *m, const char *dir) {
  size_t n;
  const struct wg_vfs_input *in = wg_machine_inputs(m, &n);
  json_t *a = json_array();
  for (size_t i = 0; i < n; i++) {
    json_t *f = json_object();
    wg_manifest_put(f, "guest", in[i].guest);
    wg_manifest_put_path(f, "host", in[i].host, dir);
    if (in[i].inside) wg_manifest_put(f, "inside", in[i].inside);
    json_object_set_new(f, "size", json_integer((json_int_t)in[i].size));
    json_object_set_new(f, "sha256", json_string(in[i].sha256));
    json_array_append_new(a, f);
  }
  return a;
}

// The folder of packages: each with its digest, as the title may list them all.
static json_t *content_json(const char *content, const char *dir) {
  struct wg_package *packages = NULL;
  struct wg_err err = {0};
  size_t n = 0;
  json_t *o = json_object(), *a = json_array();
  if (wg_package_list(content, &packages, &n, &err) != WG_OK) n = 0;
  for (size_t i = 0; i < n; i++) {
    char digest[65] = "";
    json_t *p = json_object();
    wg_file_sha256(packages[i].path, digest, &err);
    wg_manifest_put_path(p, "host", packages[i].path, dir);
    json_object_set_new(p, "sha256", json_string(digest));
    json_array_append_new(a, p);
  }
  wg_packages_free(packages, n);
  wg_manifest_put_path(o, "host", content, dir);
  json_object_set_new(o, "packages", a);
  return o;
}

static json_t *lookups_json(const struct wg_machine *m) {
  size_t n;
  const struct wg_vfs_seen *seen = wg_vfs_seen(wg_machine_vfs(m), &n);
  json_t *a = json_array();
  for (size_t i = 0; i < n; i++) {
    char kind[2] = {seen[i].kind, 0};
    json_t *o = json_object();
    wg_manifest_put(o, "path", seen[i].path);
    json_object_set_new(o, "kind", json_string(kind));
    json_object_set_new(o, "value", hex64(seen[i].value));
    json_array_append_new(a, o);
  }
  return a;
}

static void add_packets(void *ctx, const char *name, uint64_t n) {
  json_object_set_new(ctx, name, json_integer((json_int_t)n));
}

static json_t *result_json(const struct wg_machine *m, const struct wg_run_result *r) {
  json_t *o = json_object(), *chain = json_array();
  size_t n;
  const uint64_t *links = wg_machine_hash_chain(m, &n);
  for (size_t i = 0; i < n; i++) json_array_append_new(chain, hex64(links[i]));
  json_object_set_new(o, "end", json_string(wg_end_name(r->end)));
  if (r->within) json_object_set_new(o, "within", json_string(r->within));
  json_object_set_new(o, "virtual_ns", json_integer((json_int_t)r->virtual_ns));
  json_object_set_new(o, "instructions", json_integer((json_int_t)r->instructions));
  json_object_set_new(o, "frames", json_integer((json_int_t)r->frames));
  json_object_set_new(o, "windows", json_integer((json_int_t)r->windows));
  json_object_set_new(o, "events", json_integer((json_int_t)r->events));
  json_object_set_new(o, "trace_sha256", json_string(r->sha256));
  if (r->branches_sha256[0]) json_object_set_new(o, "branches_sha256", json_string(r->branches_sha256));
  json_object_set_new(o, "state_hash", hex64(r->state_hash));
  json_object_set_new(o, "state_hash_chain", chain);
  json_object_set_new(o, "overlay", wg_overlay_json(m));
  json_t *packets = json_object();
  wg_machine_packets(m, add_packets, packets);
  json_object_set_new(o, "gpu_packets", packets);
  wg_manifest_put(o, "report", r->report.data ? r->report.data : "");
  return o;
}

static json_t *title_json(const struct wg_config *cfg, const struct wg_machine *m, const char *dir) {
  json_t *o = json_object();
  wg_manifest_put_path(o, "host", cfg->title, dir);
  json_object_set_new(o, "sha256", json_string(wg_machine_digests(m)->title));
  if (wg_machine_from_image(m)) json_object_set_new(o, "inside", json_string(WG_DEFAULT_XEX));
  if (cfg->key_file) wg_manifest_put_path(o, "key_file", cfg->key_file, dir);
  return o;
}

static json_t *patch_json(const struct wg_config *cfg, const struct wg_machine *m, const char *dir) {
  json_t *o = json_object();
  wg_manifest_put_path(o, "host", cfg->patch, dir);
  json_object_set_new(o, "sha256", json_string(wg_machine_digests(m)->patch));
  if (wg_is_image(cfg->patch)) json_object_set_new(o, "inside", json_string(WG_PATCH_XEX));
  return o;
}

static json_t *mounts_json(const struct wg_config *cfg, const char *dir) {
  json_t *a = json_array();
  for (size_t i = 0; i < cfg->nmounts; i++) {
    json_t *o = json_object();
    json_object_set_new(o, "link", json_string(cfg->mounts[i].link));
    if (cfg->mounts[i].host) wg_manifest_put_path(o, "host", cfg->mounts[i].host, dir);
    json_array_append_new(a, o);
  }
  return a;
}

static int put_script(json_t *root, const char *dir, struct wg_err *err) {
  char digest[65];
  struct wg_buf script = {0};
  wg_buf_printf(&script, "%s/inputs.jsonl", dir);
  int code = wg_file_sha256(script.data, digest, err);
  if (code == WG_OK) json_object_set_new(root, "inputs_sha256", json_string(digest));
  wg_buf_release(&script);
  return code;
}

static int write_file(const json_t *root, const char *dir, struct wg_err *err) {
  struct wg_buf path = {0}, text = {0};
  char *json = json_dumps(root, JSON_INDENT(2) | JSON_ENSURE_ASCII); // whoever prints it
  wg_buf_printf(&path, "%s/manifest.json", dir);
  wg_buf_printf(&text, "%s\n", json);
  int code = wg_file_write(path.data, text.data, text.len, err);
  wg_buf_release(&path);
  wg_buf_release(&text);
  free(json);
  return code;
}

static json_t *confinement_json(const struct wg_confined *c) {
  json_t *o = json_object();
  json_object_set_new(o, "landlock", c->landlock ? json_integer(c->landlock) : json_null());
  json_object_set_new(o, "seccomp", json_boolean(c->seccomp));
  return o;
}

int wg_manifest_write(struct wg_manifest_of *of, const struct wg_run_result *r, struct wg_err *err) {
  const char *dir = of->dir;
  const struct wg_config *cfg = of->cfg;
  const struct wg_machine *m = of->m;
  json_t *root = json_object();
  json_object_set_new(root, "schema", json_integer(WG_MANIFEST_SCHEMA));
  json_object_set_new(root, "engine", json_string("wedge"));
  json_object_set_new(root, "version", json_string(WG_VERSION));
  json_object_set_new(root, "title", title_json(cfg, m, dir));
  if (cfg->patch) json_object_set_new(root, "patch", patch_json(cfg, m, dir));
  json_object_set_new(root, "options", options_json(cfg, of->branches));
  json_object_set_new(root, "mounts", mounts_json(cfg, dir));
  if (cfg->content && of->content == NULL) of->content = content_json(cfg->content, dir);
  if (cfg->content) json_object_set(root, "content", of->content);
  int code = cfg->ninputs ? put_script(root, dir, err) : WG_OK;
  json_t *forks = wg_forks_json(&of->forks, dir, err);
  if (forks) json_object_set_new(root, "forks", forks);
  json_object_set_new(root, "confinement", confinement_json(&of->confined));
  json_object_set_new(root, "lookups", lookups_json(m));
  json_object_set_new(root, "files", files_json(m, dir));
  json_object_set_new(root, "result", r ? result_json(m, r) : json_null());
  if (code == WG_OK) code = write_file(root, dir, err);
  json_decref(root);
  return code;
}

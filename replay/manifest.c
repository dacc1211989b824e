#define _DEFAULT_SOURCE // realpath
#include "replay/manifest.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "emu/vfs/image.h"
#include "replay/inputs.h"
#include "emu/vfs/vfs.h"

static json_t *hex64(uint64_t v) {
  char text[24];
  snprintf(text, sizeof text, "%016llx", (unsigned long long)v);
  return json_string(text);
}

static json_t *host_path(const char *path) {
  char *full = realpath(path, NULL);
  json_t *j = json_string(full ? full : path);
  free(full);
  return j;
}

static json_t *options_json(const struct wg_config *cfg) {
  json_t *o = json_object();
  json_object_set_new(o, "max_ns", json_integer((json_int_t)cfg->max_ns));
  json_object_set_new(o, "max_frames", json_integer((json_int_t)cfg->max_frames));
  json_object_set_new(o, "sched_seed", json_integer((json_int_t)cfg->sched_seed));
  json_object_set_new(o, "date", json_integer((json_int_t)cfg->date));
  json_object_set_new(o, "strict", json_boolean(cfg->strict));
  if (cfg->args) json_object_set_new(o, "args", json_string(cfg->args));
  return o;
}

static json_t *files_json(const struct wg_machine *m) {
  size_t n;
  const struct wg_vfs_input *in = wg_machine_inputs(m, &n);
  json_t *a = json_array();
  for (size_t i = 0; i < n; i++) {
    json_t *f = json_object();
    json_object_set_new(f, "guest", json_string(in[i].guest));
    json_object_set_new(f, "host", host_path(in[i].host));
    if (in[i].inside) json_object_set_new(f, "inside", json_string(in[i].inside));
    json_object_set_new(f, "size", json_integer((json_int_t)in[i].size));
    json_object_set_new(f, "sha256", json_string(in[i].sha256));
    json_array_append_new(a, f);
  }
  return a;
}

// The folder of packages: each with its digest, as the title may list them all.
static json_t *content_json(const char *dir) {
  struct wg_package *packages = NULL;
  struct wg_err err = {0};
  size_t n = 0;
  json_t *o = json_object(), *a = json_array();
  if (wg_package_list(dir, &packages, &n, &err) != WG_OK) n = 0;
  for (size_t i = 0; i < n; i++) {
    char digest[65] = "";
    json_t *p = json_object();
    wg_file_sha256(packages[i].path, digest, &err);
    json_object_set_new(p, "host", host_path(packages[i].path));
    json_object_set_new(p, "sha256", json_string(digest));
    json_array_append_new(a, p);
  }
  wg_packages_free(packages, n);
  json_object_set_new(o, "host", host_path(dir));
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
    json_object_set_new(o, "path", json_string(seen[i].path));
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
  json_object_set_new(o, "virtual_ns", json_integer((json_int_t)r->virtual_ns));
  json_object_set_new(o, "instructions", json_integer((json_int_t)r->instructions));
  json_object_set_new(o, "frames", json_integer((json_int_t)r->frames));
  json_object_set_new(o, "windows", json_integer((json_int_t)r->windows));
  json_object_set_new(o, "events", json_integer((json_int_t)r->events));
  json_object_set_new(o, "trace_sha256", json_string(r->sha256));
  if (r->branches_sha256[0]) json_object_set_new(o, "branches_sha256", json_string(r->branches_sha256));
  json_object_set_new(o, "state_hash", hex64(r->state_hash));
  json_object_set_new(o, "state_hash_chain", chain);
  json_t *packets = json_object();
  wg_machine_packets(m, add_packets, packets);
  json_object_set_new(o, "gpu_packets", packets);
  json_object_set_new(o, "report", json_string(r->report.data ? r->report.data : ""));
  return o;
}

int wg_manifest_write(const char *dir, const struct wg_config *cfg, const struct wg_machine *m,
                      const struct wg_run_result *r, struct wg_err *err) {
  json_t *root = json_object(), *title = json_object(), *mounts = json_array();
  json_object_set_new(root, "schema", json_integer(1));
  json_object_set_new(root, "engine", json_string("wedge"));
  json_object_set_new(root, "version", json_string(WG_VERSION));
  json_object_set_new(title, "host", host_path(cfg->title));
  json_object_set_new(title, "sha256", json_string(wg_machine_digests(m)->title));
  if (wg_machine_from_image(m)) json_object_set_new(title, "inside", json_string(WG_DEFAULT_XEX));
  if (cfg->key_file) json_object_set_new(title, "key_file", host_path(cfg->key_file));
  json_object_set_new(root, "title", title);
  if (cfg->patch) {
    json_t *patch = json_object();
    json_object_set_new(patch, "host", host_path(cfg->patch));
    json_object_set_new(patch, "sha256", json_string(wg_machine_digests(m)->patch));
    if (wg_is_image(cfg->patch)) json_object_set_new(patch, "inside", json_string(WG_PATCH_XEX));
    json_object_set_new(root, "patch", patch);
  }
  json_object_set_new(root, "options", options_json(cfg));
  for (size_t i = 0; i < cfg->nmounts; i++) {
    json_t *o = json_object();
    json_object_set_new(o, "link", json_string(cfg->mounts[i].link));
    if (cfg->mounts[i].host) json_object_set_new(o, "host", host_path(cfg->mounts[i].host));
    json_array_append_new(mounts, o);
  }
  json_object_set_new(root, "mounts", mounts);
  if (cfg->content) json_object_set_new(root, "content", content_json(cfg->content));
  if (cfg->ninputs) {
    char digest[65];
    struct wg_buf script = {0};
    wg_buf_printf(&script, "%s/inputs.jsonl", dir);
    if (wg_file_sha256(script.data, digest, err) == WG_OK)
      json_object_set_new(root, "inputs_sha256", json_string(digest));
    wg_buf_release(&script);
  }
  json_object_set_new(root, "lookups", lookups_json(m));
  json_object_set_new(root, "files", files_json(m));
  json_object_set_new(root, "result", r ? result_json(m, r) : json_null());
  char *text = json_dumps(root, JSON_INDENT(2));
  json_decref(root);
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/manifest.json", dir);
  size_t n = strlen(text);
  text[n] = '\n'; // over the terminator; the length is what counts
  int code = wg_file_write(path.data, text, n + 1, err);
  wg_buf_release(&path);
  free(text);
  return code;
}

static int check_digest(const json_t *file, struct wg_err *err) {
  const char *host = json_string_value(json_object_get(file, "host"));
  const char *want = json_string_value(json_object_get(file, "sha256"));
  char have[65];
  if (host == NULL || want == NULL) return wg_fail(err, WG_INPUT, "manifest.json: a file has no host path or digest");
  const char *inside = json_string_value(json_object_get(file, "inside"));
  WG_TRY(inside ? wg_image_sha256(host, inside, have, err) : wg_file_sha256(host, have, err));
  if (strcmp(have, want) == 0) return WG_OK;
  if (inside)
    return wg_fail(err, WG_INPUT, "%s of %s has changed since it was recorded: sha256 was %s, is now %s", inside, host,
                   want, have);
  return wg_fail(err, WG_INPUT, "%s has changed since it was recorded: sha256 was %s, is now %s", host, want, have);
}

static int check_all(const json_t *root, struct wg_err *err) {
  WG_TRY(check_digest(json_object_get(root, "title"), err));
  size_t i;
  json_t *f = json_object_get(root, "patch");
  if (f) WG_TRY(check_digest(f, err));
  json_array_foreach(json_object_get(root, "files"), i, f) WG_TRY(check_digest(f, err));
  const json_t *content = json_object_get(root, "content");
  json_array_foreach(json_object_get(content, "packages"), i, f) WG_TRY(check_digest(f, err));
  if (content == NULL) return WG_OK;
  struct wg_package *packages = NULL;
  size_t n = 0, want = json_array_size(json_object_get(content, "packages"));
  const char *dir = json_string_value(json_object_get(content, "host"));
  int code = wg_package_list(dir ? dir : "", &packages, &n, err);
  if (code == WG_OK && n != want)
    code = wg_fail(err, WG_INPUT, "%s has changed since it was recorded: it held %zu packages, it holds %zu now", dir,
                   want, n);
  wg_packages_free(packages, n);
  return code;
}

// The run's own copy of its input script.
static int read_inputs(const char *dir, struct wg_manifest *man, struct wg_err *err) {
  const char *want = json_string_value(json_object_get(man->root, "inputs_sha256"));
  if (want == NULL) return WG_OK;
  char have[65];
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/inputs.jsonl", dir);
  int code = wg_file_sha256(path.data, have, err);
  if (code == WG_OK && strcmp(have, want) != 0)
    code =
        wg_fail(err, WG_INPUT, "%s has changed since it was recorded: sha256 was %s, is now %s", path.data, want, have);
  if (code == WG_OK) code = wg_inputs_read(path.data, &man->inputs, &man->cfg.ninputs, err);
  man->cfg.inputs = man->inputs;
  wg_buf_release(&path);
  return code;
}

static uint64_t number(const json_t *o, const char *key) {
  return (uint64_t)json_integer_value(json_object_get(o, key));
}

// An interrupted run is replayed up to the window that it ended with.
static void read_result(const json_t *result, struct wg_manifest *out) {
  const char *end = json_string_value(json_object_get(result, "end"));
  const char *hash = json_string_value(json_object_get(result, "state_hash"));
  struct wg_buf text = {0};
  out->finished = json_is_object(result);
  out->events = number(result, "events");
  wg_buf_printf(&text, "0x%s", hash ? hash : "0");
  wg_parse_u64(text.data, UINT64_MAX, &out->state_hash);
  wg_buf_release(&text);
  if (end && strcmp(end, "interrupted") == 0) out->cfg.max_windows = number(result, "windows");
}

int wg_manifest_read(const char *dir, struct wg_manifest *out, struct wg_err *err) {
  struct wg_buf path = {0}, text = {0};
  wg_buf_printf(&path, "%s/manifest.json", dir);
  int code = wg_file_read(path.data, 64u << 20, &text, err);
  json_error_t je;
  json_t *root = code == WG_OK ? json_loadb(text.data, text.len, 0, &je) : NULL;
  if (code == WG_OK && root == NULL) code = wg_fail(err, WG_INPUT, "%s:%d: %s", path.data, je.line, je.text);
  *out = (struct wg_manifest){.root = root};
  if (code == WG_OK) code = check_all(root, err);
  if (code == WG_OK) {
    const json_t *o = json_object_get(root, "options"), *t = json_object_get(root, "title");
    struct wg_config *c = &out->cfg;
    c->title = json_string_value(json_object_get(t, "host"));
    c->patch = json_string_value(json_object_get(json_object_get(root, "patch"), "host"));
    c->key_file = json_string_value(json_object_get(t, "key_file"));
    c->content = json_string_value(json_object_get(json_object_get(root, "content"), "host"));
    c->max_ns = number(o, "max_ns");
    c->max_frames = number(o, "max_frames");
    c->sched_seed = number(o, "sched_seed");
    c->date = number(o, "date");
    c->strict = json_is_true(json_object_get(o, "strict"));
    c->args = json_string_value(json_object_get(o, "args"));
    size_t i;
    json_t *m;
    json_array_foreach(json_object_get(root, "mounts"), i, m) {
      if (c->nmounts == WG_MAX_MOUNTS) break;
      const char *link = json_string_value(json_object_get(m, "link"));
      if (link == NULL) continue;
      c->mounts[c->nmounts++] = (struct wg_mount){link, json_string_value(json_object_get(m, "host"))};
    }
    read_result(json_object_get(root, "result"), out);
  }
  if (code == WG_OK) code = read_inputs(dir, out, err);
  wg_buf_release(&path);
  wg_buf_release(&text);
  if (code != WG_OK) wg_manifest_release(out);
  return code;
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

int wg_manifest_check_lookups(const struct wg_manifest *man, const struct wg_machine *m, struct wg_err *err) {
  size_t i;
  json_t *o;
  json_array_foreach(json_object_get(man->root, "lookups"), i, o) {
    const char *path = json_string_value(json_object_get(o, "path")),
               *kind = json_string_value(json_object_get(o, "kind"));
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

void wg_manifest_release(struct wg_manifest *m) {
  json_decref(m->root);
  wg_inputs_free(m->inputs, m->cfg.ninputs);
  m->inputs = NULL;
  m->root = NULL;
}

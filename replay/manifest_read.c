#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_document.h"
#include "base/vec.h"
#include "emu/vfs/image.h"
#include "replay/inputs.h"
#include "replay/manifest.h"

#define MAX_MANIFEST (256u << 20)

// -- its shape --

struct shape {
  const char *at;   // path of the object, "" for the whole; [] for each member of an array
  const char *keys; // that it may have, each between spaces
};

static const struct shape shapes[] = {
    {"", " schema engine version title patch options mounts content inputs_sha256 forks confinement "
         "lookups files result "},
    {"title", " host host_hex sha256 inside key_file key_file_hex "},
    {"patch", " host host_hex sha256 inside "},
    {"options", " max_ns max_frames sched_seed date strict branches args args_hex "},
    {"forks[]",
     " run run_hex position position_hex trace_sha256 windows instructions events virtual_ns max_ns max_frames "
     "sched_seed strict return call inputs_sha256 "},
    {"forks[].return", " tid idx rv each instead_of "},
    {"forks[].call", " tid idx behind name args "},
    {"confinement", " landlock seccomp "},
    {"mounts[]", " link host host_hex "},
    {"content", " host host_hex packages "},
    {"content.packages[]", " host host_hex sha256 "},
    {"lookups[]", " path path_hex kind value "},
    {"files[]", " guest guest_hex host host_hex inside inside_hex size sha256 "},
    {"result", " end within virtual_ns instructions frames windows events trace_sha256 branches_sha256 state_hash "
               "state_hash_chain overlay gpu_packets report report_hex "},
    {"result.overlay", " count sha256 files "},
    {"result.overlay.files[]", " path path_hex size sha256 "},
};

struct form {
  json_t *root;
  const char *path;
  struct wg_err *err;
};

struct reading {
  struct wg_manifest *man;
  const char *dir;
  struct wg_buf path;
  struct wg_err *err;
};

static int check_keys(const struct form *r, const json_t *o, const struct shape *s) {
  const char *key;
  json_t *v;
  if (!json_is_object(o))
    return wg_fail(r->err, WG_INPUT, "%s: %s: expected an object", r->path, *s->at ? s->at : "the whole");
  json_object_foreach((json_t *)(uintptr_t)o, key, v) {
    struct wg_buf word = {0};
    wg_buf_printf(&word, " %s ", key);
    bool known = strstr(s->keys, word.data) != NULL;
    wg_buf_release(&word);
    if (known) continue;
    return wg_fail(r->err, WG_INPUT, "%s: unknown key \"%s%s%s\": made by another version of wedge?", r->path, s->at,
                   *s->at ? "." : "", key);
  }
  return WG_OK;
}

// The value at a path of keys; NULL if there is none.
static json_t *value_at(const struct form *r, const char *path, size_t n) {
  json_t *o = r->root;
  while (n && o) {
    const char *dot = memchr(path, '.', n);
    size_t len = dot ? (size_t)(dot - path) : n;
    struct wg_buf key = {0};
    wg_buf_add(&key, path, len);
    o = json_object_get(o, key.data);
    wg_buf_release(&key);
    path += len + (dot != NULL);
    n -= len + (dot != NULL);
  }
  return o;
}

static int check_shape(const struct form *r, const struct shape *s) {
  size_t n = strlen(s->at), i;
  bool each = n > 2 && strcmp(s->at + n - 2, "[]") == 0;
  json_t *o = value_at(r, s->at, each ? n - 2 : n), *m;
  if (o == NULL || json_is_null(o)) return WG_OK;
  if (!each) return check_keys(r, o, s);
  if (!json_is_array(o)) return wg_fail(r->err, WG_INPUT, "%s: %s: expected an array", r->path, s->at);
  json_array_foreach(o, i, m) WG_TRY(check_keys(r, m, s));
  return WG_OK;
}

static int check_schema(const struct form *r) {
  const json_t *schema = json_object_get(r->root, "schema");
  const char *engine = json_string_value(json_object_get(r->root, "engine"));
  if (!json_is_integer(schema) || json_integer_value(schema) != WG_MANIFEST_SCHEMA) {
    char *text = schema ? json_dumps(schema, JSON_ENCODE_ANY) : NULL;
    wg_fail(r->err, WG_INPUT, "%s: schema %.40s; this version reads schema %d", r->path, text ? text : "missing",
            WG_MANIFEST_SCHEMA);
    free(text);
    return WG_INPUT;
  }
  if (engine && strcmp(engine, "wedge") == 0) return WG_OK;
  return wg_fail(r->err, WG_INPUT, "%s: recorded by engine \"%.40s\", not by wedge", r->path, engine ? engine : "");
}

int wg_manifest_check_form(json_t *root, const char *path, struct wg_err *err) {
  const struct form f = {root, path, err};
  WG_TRY(check_schema(&f));
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) WG_TRY(check_shape(&f, &shapes[i]));
  return WG_OK;
}

static int check_version(const struct reading *r) {
  const char *version = json_string_value(json_object_get(r->man->root, "version"));
  if (version && strcmp(version, WG_VERSION) == 0) return WG_OK;
  return wg_fail(r->err, WG_INPUT, "%s: recorded by wedge %.40s, and this is wedge " WG_VERSION, r->path.data,
                 version ? version : "(no version)");
}

// -- paths that moved --

// What a path recorded is now: below the first of the longest folders that somebody named anew.
struct moved {
  const char *from, *to;
};
struct moves {
  struct moved m[WG_MAX_MOUNTS + 4];
  size_t n;
};

static void add_move(struct moves *v, const char *from, const char *to) {
  if (from && to && v->n < sizeof v->m / sizeof *v->m) v->m[v->n++] = (struct moved){from, to};
}

static char *folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? wg_xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : wg_xstrdup(".");
}

static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static const char *moved_path(struct reading *r, const struct moves *v, const char *path) {
  const struct moved *best = NULL;
  size_t longest = 0;
  for (size_t i = 0; path && i < v->n; i++) {
    size_t n = strlen(v->m[i].from);
    bool below = strncmp(path, v->m[i].from, n) == 0 && (path[n] == 0 || path[n] == '/');
    if (below && n >= longest) best = &v->m[i], longest = n;
  }
  if (best == NULL) return path;
  struct wg_buf b = {0};
  wg_buf_printf(&b, "%s%s", best->to, path + longest);
  return wg_manifest_keep(&r->man->texts, b.data);
}

// -- its parts --

static const char *path_at(struct reading *r, const json_t *o, const char *key) {
  return wg_manifest_get_path(&r->man->texts, o, key, r->dir);
}

static void read_options(struct reading *r) {
  const json_t *o = json_object_get(r->man->root, "options");
  struct wg_config *c = &r->man->cfg;
  c->max_ns = wg_manifest_number(o, "max_ns");
  c->max_frames = wg_manifest_number(o, "max_frames");
  c->sched_seed = wg_manifest_number(o, "sched_seed");
  c->date = wg_manifest_number(o, "date");
  c->strict = json_is_true(json_object_get(o, "strict"));
  r->man->branches = !json_is_false(json_object_get(o, "branches"));
  c->args = wg_manifest_get(&r->man->texts, o, "args");
}

static void read_mounts(struct reading *r) {
  struct wg_config *c = &r->man->cfg;
  size_t i;
  json_t *m;
  json_array_foreach(json_object_get(r->man->root, "mounts"), i, m) {
    const char *link = json_string_value(json_object_get(m, "link"));
    if (link == NULL || c->nmounts == WG_MAX_MOUNTS) continue;
    c->mounts[c->nmounts++] = (struct wg_mount){link, path_at(r, m, "host")};
  }
}

static void replace(const char **where, const char *with, struct moves *v) {
  if (with == NULL) return;
  add_move(v, *where, with);
  *where = with;
}

static void replace_mount(struct wg_config *c, const struct wg_mount *with, struct moves *v) {
  for (size_t i = 0; i < c->nmounts; i++)
    if (strcmp(c->mounts[i].link, with->link) == 0) {
      replace(&c->mounts[i].host, with->host, v);
      return;
    }
  if (c->nmounts < WG_MAX_MOUNTS) c->mounts[c->nmounts++] = *with;
}

static void override(struct reading *r, const struct wg_config *o, struct moves *v) {
  struct wg_config *c = &r->man->cfg;
  if (o == NULL) return;
  if (o->title && c->title) {
    // What lay beside the title lies beside it now.
    const char *from = wg_manifest_keep(&r->man->texts, folder_of(c->title));
    add_move(v, from, wg_manifest_keep(&r->man->texts, folder_of(o->title)));
  }
  replace(&c->title, o->title, v);
  replace(&c->patch, o->patch, v);
  replace(&c->content, o->content, v);
  if (o->key_file) c->key_file = o->key_file;
  for (size_t i = 0; i < o->nmounts; i++) replace_mount(c, &o->mounts[i], v);
}

static int add_file(struct reading *r, const json_t *o, const struct moves *v) {
  struct wg_manifest *m = r->man;
  struct wg_manifest_file f = {.host = moved_path(r, v, path_at(r, o, "host")),
                               .inside = wg_manifest_get(&m->texts, o, "inside"),
                               .sha256 = json_string_value(json_object_get(o, "sha256"))};
  if (f.host == NULL || f.sha256 == NULL)
    return wg_fail(r->err, WG_INPUT, "%s: a file has no host path or digest", r->path.data);
  WG_VEC_NEXT(m->files, m->nfiles);
  m->files[m->nfiles++] = f;
  return WG_OK;
}

static int read_files(struct reading *r, const struct moves *v) {
  const json_t *root = r->man->root, *patch = json_object_get(root, "patch");
  size_t i;
  json_t *f;
  WG_TRY(add_file(r, json_object_get(root, "title"), v));
  if (patch) WG_TRY(add_file(r, patch, v));
  json_array_foreach(json_object_get(root, "files"), i, f) WG_TRY(add_file(r, f, v));
  json_array_foreach(json_object_get(json_object_get(root, "content"), "packages"), i, f) WG_TRY(add_file(r, f, v));
  return WG_OK;
}

// An interrupted run is replayed up to the window that it ended with, or into the call that it ended in.
static void read_result(struct reading *r) {
  struct wg_manifest *m = r->man;
  const json_t *result = json_object_get(m->root, "result");
  const char *end = json_string_value(json_object_get(result, "end"));
  const char *hash = json_string_value(json_object_get(result, "state_hash"));
  struct wg_buf text = {0};
  m->finished = json_is_object(result);
  m->events = wg_manifest_number(result, "events");
  m->trace_sha256 = json_string_value(json_object_get(result, "trace_sha256"));
  m->overlay = json_object_get(result, "overlay");
  m->branches_sha256 = json_string_value(json_object_get(result, "branches_sha256"));
  wg_buf_printf(&text, "0x%s", hash ? hash : "0");
  wg_parse_u64(text.data, UINT64_MAX, &m->state_hash);
  wg_buf_release(&text);
  if (end && strcmp(end, "interrupted") == 0) m->cfg.max_windows = m->windows = wg_manifest_number(result, "windows");
  m->within_call = json_object_get(result, "within") != NULL;
  if (m->within_call) m->cfg.max_windows++;
}

static int read_scripts(struct reading *r) {
  struct wg_manifest *m = r->man;
  int code = WG_OK;
  for (size_t i = 0; i <= m->cfg.nforks && code == WG_OK; i++) {
    char name[32];
    struct wg_buf path = {0};
    wg_script_name(i, name);
    wg_buf_printf(&path, "%s/%s", r->dir, name);
    if (m->scripts[i]) code = wg_inputs_add(path.data, &m->inputs, &m->ninputs, r->err);
    *(i ? &m->cfg.forks[i - 1].ninputs : &m->cfg.ninputs) = m->ninputs;
    wg_buf_release(&path);
  }
  m->cfg.inputs = m->inputs;
  return code;
}

// A run makes its trace first: one that was killed at once has no manifest yet.
static int no_manifest(const char *dir, struct wg_err *err) {
  struct wg_buf trace = {0};
  struct stat st;
  if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
    return wg_fail(err, WG_INPUT, "%s: is a file, and no run; expected a folder that wedge record made", dir);
  wg_buf_printf(&trace, "%s/trace.jsonl.zst", dir);
  bool begun = stat(trace.data, &st) == 0;
  wg_buf_release(&trace);
  if (!begun)
    return wg_fail(err, WG_INPUT, "%s: is no run: it has no manifest.json; expected a folder that wedge record made",
                   dir);
  if (st.st_size) return wg_fail(err, WG_INPUT, "%s: has a trace, but no manifest.json, which says what was run", dir);
  return wg_fail(err, WG_INPUT,
                 "%s: has no manifest.json yet: the run was killed before its title had been read, or has just begun",
                 dir);
}

int wg_manifest_text(const char *dir, struct wg_buf *text, struct wg_err *err) {
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/manifest.json", dir);
  bool missing = access(path.data, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
  int code = missing ? no_manifest(dir, err) : wg_file_read(path.data, MAX_MANIFEST, text, err);
  wg_buf_release(&path);
  return code;
}

static int load(struct reading *r) {
  struct wg_buf text = {0};
  WG_TRY(wg_manifest_text(r->dir, &text, r->err));
  r->man->root = wg_json_document(r->path.data, 0, text.data, text.len, "a manifest", r->err);
  wg_buf_release(&text);
  if (r->man->root == NULL) return WG_INPUT;
  WG_TRY(wg_manifest_check_form(r->man->root, r->path.data, r->err));
  return check_version(r);
}

static int read_all(struct reading *r, const struct wg_config *overrides) {
  struct wg_manifest *m = r->man;
  struct moves v = {0};
  WG_TRY(load(r));
  const json_t *title = json_object_get(m->root, "title");
  m->cfg.title = path_at(r, title, "host");
  m->cfg.title_as = m->cfg.title ? last_part(m->cfg.title) : NULL; // whatever --title calls it
  m->cfg.key_file = path_at(r, title, "key_file");
  m->cfg.patch = path_at(r, json_object_get(m->root, "patch"), "host");
  m->cfg.content = path_at(r, json_object_get(m->root, "content"), "host");
  m->scripts[0] = json_string_value(json_object_get(m->root, "inputs_sha256"));
  read_options(r);
  WG_TRY(wg_forks_read(&m->texts, json_object_get(m->root, "forks"), r->dir, &m->cfg, m->origins, m->scripts, r->err));
  read_mounts(r);
  override(r, overrides, &v);
  m->cfg.jit = overrides ? overrides->jit : WG_JIT_OFF;
  if (overrides) m->cfg.jit_keeper = overrides->jit_keeper;
  read_result(r);
  WG_TRY(read_files(r, &v));
  return read_scripts(r);
}

int wg_manifest_read(const char *dir, const struct wg_config *overrides, struct wg_manifest *out, struct wg_err *err) {
  struct reading r = {.man = out, .dir = dir, .err = err};
  *out = (struct wg_manifest){0};
  wg_buf_printf(&r.path, "%s/manifest.json", dir);
  int code = read_all(&r, overrides);
  wg_buf_release(&r.path);
  if (code != WG_OK) wg_manifest_release(out);
  return code;
}

void wg_manifest_release(struct wg_manifest *m) {
  json_decref(m->root);
  wg_inputs_free(m->inputs, m->ninputs);
  wg_manifest_texts_release(&m->texts);
  free(m->files);
  *m = (struct wg_manifest){0};
}

#include "trace/mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_document.h"
#include "base/map.h"
#include "base/vec.h"

#define MOST_BYTES (1u << 20) // of a file
#define NAME 128u             // bytes of a name that may be one of ours

struct row {
  char *name; // in lower case, with _ between its words
  struct wg_meaning means;
};

struct kind_row {
  char *value;
  enum wg_kind kind;
};

struct wg_mapping {
  struct row *keys;
  struct kind_row *kinds;
  size_t nkeys, nkinds, ngiven;    // given: of keys, by the user; they stand first
  struct wg_map by_name, by_value; // hash of the name: index
  bool given;
};

static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_lower(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// threadId, ThreadID, thread-id, thread.id and "Thread (ID)" become thread_id. Returns its length; 0 if it is too long.
static size_t plain_name(const char *name, char out[NAME]) {
  size_t n = 0;
  for (const char *p = name; *p; p++) {
    if (n + 3 > NAME) return 0;
    bool ends_word = is_upper(*p) && p > name && (is_lower(p[-1]) || (is_upper(p[-1]) && p[1] >= 'a' && p[1] <= 'z'));
    if (ends_word && n && out[n - 1] != '_') out[n++] = '_';
    bool own = is_lower(*p) || (unsigned char)*p >= 0x80 || *p == '@';
    bool again = !own && !is_upper(*p) && n > 1 && out[n - 1] == '_';
    if (!again) out[n++] = is_upper(*p) ? (char)(*p | 0x20) : own ? *p : '_';
  }
  while (n > 1 && out[n - 1] == '_') n--;
  out[n] = 0;
  return n;
}

static bool meaning_of(const char *to, struct wg_meaning *m) {
  static const char *const members[] = {"kind", "tid", "idx", "host_ns", "cycle"};
  m->key = WG_K_OTHER;
  m->times = 1;
  for (int i = 0; i < 5; i++)
    if (strcmp(to, members[i]) == 0) m->is = (enum wg_means)(WG_MEANS_KIND + i);
  if (strcmp(to, "*") == 0) m->is = WG_MEANS_INSIDE;
  if (m->is == WG_MEANS_OTHER && (m->key = wg_key_of(to)) != WG_K_OTHER) m->is = WG_MEANS_KEY;
  return m->is != WG_MEANS_OTHER;
}

// The first of a name stays. Schema 1's own names rank between the user's and the usual ones, hence `usual`.
static void add_key(struct wg_mapping *m, const char *name, const struct wg_meaning *means, bool usual) {
  char plain[NAME];
  uint64_t at, hash;
  size_t n = plain_name(name, plain);
  if (n == 0) return;
  hash = wg_hash(plain, n, 0);
  if (wg_map_get(&m->by_name, hash, &at)) return;
  WG_VEC_NEXT(m->keys, m->nkeys);
  m->keys[m->nkeys] = (struct row){wg_xstrdup(plain), *means};
  m->keys[m->nkeys].means.rank = (unsigned)m->nkeys + usual;
  wg_map_put(&m->by_name, hash, m->nkeys++);
}

static void add_kind(struct wg_mapping *m, const char *value, enum wg_kind kind) {
  char plain[NAME];
  uint64_t at, hash;
  size_t n = plain_name(value, plain);
  if (n == 0) return;
  hash = wg_hash(plain, n, 0);
  if (wg_map_get(&m->by_value, hash, &at)) return;
  WG_VEC_NEXT(m->kinds, m->nkinds);
  m->kinds[m->nkinds] = (struct kind_row){wg_xstrdup(plain), kind};
  wg_map_put(&m->by_value, hash, m->nkinds++);
}

static int read_key(struct wg_mapping *m, const char *path, const char *name, const json_t *v, struct wg_err *err) {
  struct wg_meaning means = {.is = WG_MEANS_OTHER};
  const json_t *to = json_is_object(v) ? json_object_get(v, "to") : v, *times = json_object_get(v, "times");
  if (json_is_null(v)) {
    means.is = WG_MEANS_NOTHING;
  } else if (!json_is_string(to) || !meaning_of(json_string_value(to), &means)) {
    return wg_fail(
        err, WG_INPUT,
        "%s: \"keys\": \"%s\" is %s%s%s; expected kind, tid, idx, host_ns, cycle, *, null or a key of schema 1", path,
        name, json_is_string(to) ? "\"" : "", json_is_string(to) ? json_string_value(to) : "no name",
        json_is_string(to) ? "\"" : "");
  }
  if (times) {
    means.times = json_number_value(times);
    bool counts = means.is == WG_MEANS_NS || means.is == WG_MEANS_CYCLE;
    if (!counts || !(means.times > 0) || means.times > 1e18)
      return wg_fail(err, WG_INPUT,
                     "%s: \"keys\": \"%s\": \"times\" must be a number above 0, and is for host_ns and cycle", path,
                     name);
  }
  add_key(m, name, &means, false);
  return WG_OK;
}

static int read_file(struct wg_mapping *m, const char *path, const json_t *root, struct wg_err *err) {
  const char *name;
  json_t *v;
  json_t *keys = json_object_get(root, "keys"), *kinds = json_object_get(root, "kinds");
  if (!json_is_object(root) || (keys && !json_is_object(keys)) || (kinds && !json_is_object(kinds)) || !(keys || kinds))
    return wg_fail(err, WG_INPUT, "%s: expected {\"keys\": {...}, \"kinds\": {...}} (docs/guide.md)", path);
  json_object_foreach((json_t *)(uintptr_t)root, name, v) {
    if (strcmp(name, "keys") != 0 && strcmp(name, "kinds") != 0 && strcmp(name, "usual") != 0)
      return wg_fail(err, WG_INPUT, "%s: \"%s\" is nothing of a mapping; expected keys, kinds or usual", path, name);
  }
  json_object_foreach(keys, name, v) WG_TRY(read_key(m, path, name, v, err));
  json_object_foreach(kinds, name, v) {
    enum wg_kind kind = json_is_string(v) ? wg_kind_of(json_string_value(v)) : WG_EV_OTHER;
    if (kind == WG_EV_OTHER)
      return wg_fail(err, WG_INPUT, "%s: \"kinds\": \"%s\" is \"%s\"; expected a kind of schema 1, as kernel.call",
                     path, name, json_is_string(v) ? json_string_value(v) : "no name");
    add_kind(m, name, kind);
  }
  return WG_OK;
}

static int read_given(struct wg_mapping *m, const char *path, bool *usual, struct wg_err *err) {
  struct wg_buf text = {0};
  json_t *root = NULL;
  int code = wg_file_read(path, MOST_BYTES, &text, err);
  if (code == WG_OK) {
    root = wg_json_document(path, 0, text.data, text.len,
                            "a mapping: {\"keys\": {...}, \"kinds\": {...}} (docs/guide.md)", err);
    if (root == NULL) code = WG_INPUT;
  }
  if (code == WG_OK) code = read_file(m, path, root, err);
  *usual = !json_is_false(json_object_get(root, "usual"));
  m->given = true;
  m->ngiven = m->nkeys;
  json_decref(root);
  wg_buf_release(&text);
  return code;
}

static void add_usual(struct wg_mapping *m) {
  static const struct {
    const char *name, *to;
    double times;
  } keys[] = {
#define WG_SPELLS(name, to, times) {name, to, times},
#include "trace/spellings.def"
  };
  static const struct {
    const char *value, *kind;
  } kinds[] = {
#define WG_SPELLS(name, to, times)
#define WG_SPELLS_KIND(value, kind) {value, kind},
#include "trace/spellings.def"
  };
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    struct wg_meaning means = {.is = WG_MEANS_OTHER};
    meaning_of(keys[i].to, &means);
    means.times = keys[i].times;
    add_key(m, keys[i].name, &means, true);
  }
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) add_kind(m, kinds[i].value, wg_kind_of(kinds[i].kind));
}

int wg_mapping_open(struct wg_mapping **out, const char *path, struct wg_err *err) {
  struct wg_mapping *m = wg_xcalloc(1, sizeof *m);
  bool usual = true;
  int code = path ? read_given(m, path, &usual, err) : WG_OK;
  if (code != WG_OK) {
    wg_mapping_close(m);
    return code;
  }
  if (usual) add_usual(m);
  for (int i = 0; i < WG_EV_OTHER; i++)
    add_kind(m, wg_kind_name(&(struct wg_event){.kind = (enum wg_kind)i}), (enum wg_kind)i);
  *out = m;
  return WG_OK;
}

void wg_mapping_close(struct wg_mapping *m) {
  if (m == NULL) return;
  for (size_t i = 0; i < m->nkeys; i++) free(m->keys[i].name);
  for (size_t i = 0; i < m->nkinds; i++) free(m->kinds[i].value);
  free(m->keys);
  free(m->kinds);
  wg_map_release(&m->by_name);
  wg_map_release(&m->by_value);
  free(m);
}

bool wg_mapping_given(const struct wg_mapping *m) { return m->given; }

static const struct row *find_row(const struct wg_mapping *m, const char *plain, size_t n) {
  uint64_t at;
  if (n == 0 || !wg_map_get(&m->by_name, wg_hash(plain, n, 0), &at)) return NULL;
  return strcmp(m->keys[at].name, plain) == 0 ? &m->keys[at] : NULL;
}

struct wg_meaning wg_mapping_key(const struct wg_mapping *m, const char *within, const char *name) {
  struct wg_meaning own = {.is = WG_MEANS_OTHER, .key = WG_K_OTHER, .times = 1};
  char plain[NAME], path[NAME], plain_path[NAME];
  size_t n = plain_name(name, plain);
  const struct row *r = NULL;
  if (within && m->ngiven && strlen(within) + strlen(name) + 2 < NAME) {
    snprintf(path, sizeof path, "%s.%s", within, name);
    r = find_row(m, plain_path, plain_name(path, plain_path));
  }
  if (r == NULL) r = find_row(m, plain, n);
  if (r && r->means.rank < m->ngiven) {
    own = r->means;
    own.given = true;
    return own;
  }
  own.rank = (unsigned)m->ngiven;
  if (meaning_of(name, &own) && own.is != WG_MEANS_INSIDE) return own;
  if (r) return r->means;
  own = (struct wg_meaning){.is = WG_MEANS_OTHER, .key = WG_K_OTHER, .rank = (unsigned)m->nkeys + 1, .times = 1};
  if (n && meaning_of(plain, &own) && own.is != WG_MEANS_INSIDE) return own;
  return (struct wg_meaning){.is = WG_MEANS_OTHER, .key = WG_K_OTHER, .times = 1};
}

enum wg_kind wg_mapping_kind(const struct wg_mapping *m, const char *value) {
  char plain[NAME];
  uint64_t at;
  size_t n = plain_name(value, plain);
  if (n == 0 || !wg_map_get(&m->by_value, wg_hash(plain, n, 0), &at)) return WG_EV_OTHER;
  return strcmp(m->kinds[at].value, plain) == 0 ? m->kinds[at].kind : WG_EV_OTHER;
}

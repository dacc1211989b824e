#define _GNU_SOURCE // memrchr
#include "replay/verify.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_document.h"
#include "checkpoint/checkpoint.h"
#include "replay/manifest.h"
#include "replay/overlay.h"
#include "trace/branches.h"
#include "trace/reader.h"
#include "trace/source.h"

struct verifying {
  const struct wg_manifest *man;
  const char *dir;
  wg_verified each;
  void *ctx;
  bool all;
  struct wg_err lacks; // the first thing that the host could not do, which says nothing of the run
};

static void say(struct verifying *v, const char *file, bool ok, const char *words) {
  v->all = v->all && ok;
  v->each(v->ctx, file, ok, words);
}

static void unread(struct verifying *v, const char *file, const struct wg_err *err) {
  if (err->code != WG_INTERNAL)
    say(v, file, false, err->msg);
  else if (v->lacks.code == WG_OK)
    v->lacks = *err;
}

static void compare(struct verifying *v, const char *file, const char *want, const char *have, const char *whose) {
  struct wg_buf b = {0};
  bool ok = want && strcmp(want, have) == 0;
  if (ok)
    wg_buf_printf(&b, "sha256 %s", have);
  else
    wg_buf_printf(&b, "sha256 %s, %s %s", have, whose, want ? want : "has none");
  say(v, file, ok, b.data);
  wg_buf_release(&b);
}

// -- the trace --

struct text {
  EVP_MD_CTX *sha;
  uint64_t lines;
  struct wg_buf last; // the line that may be the footer
};

// All but the last line goes into the digest.
static void take(struct text *t, const char *block, size_t n) {
  wg_buf_add(&t->last, block, n);
  size_t end = t->last.len;
  const char *cut = end > 1 ? memrchr(t->last.data, '\n', end - 1) : NULL;
  if (cut == NULL) return;
  size_t whole = (size_t)(cut + 1 - t->last.data);
  EVP_DigestUpdate(t->sha, t->last.data, whole);
  for (size_t i = 0; i < whole; i++) t->lines += t->last.data[i] == '\n';
  memmove(t->last.data, t->last.data + whole, end - whole);
  t->last.len = end - whole;
  t->last.data[t->last.len] = 0;
}

static void check_footer(struct verifying *v, const char *name, const struct text *t, const char *have) {
  struct wg_err unsaid = {0};
  json_t *footer = wg_json_document(name, 0, t->last.data, t->last.len, "a footer", &unsaid);
  const char *kind = json_string_value(json_object_get(footer, "kind"));
  uint64_t events = (uint64_t)json_integer_value(json_object_get(footer, "events"));
  struct wg_buf b = {0};
  if (kind == NULL || strcmp(kind, "trace.footer") != 0) {
    say(v, name, false, "no trace.footer: the run did not end cleanly");
  } else if (events != t->lines || (v->man->finished && events != v->man->events)) {
    wg_buf_printf(&b, "%llu events; the footer says %llu, the manifest %llu", (unsigned long long)t->lines,
                  (unsigned long long)events, (unsigned long long)v->man->events);
    say(v, name, false, b.data);
  } else {
    const char *own = json_string_value(json_object_get(footer, "sha256"));
    bool same = own && strcmp(own, have) == 0;
    compare(v, name, same && v->man->finished ? v->man->trace_sha256 : own, have,
            same ? "the manifest says" : "the footer says");
  }
  wg_buf_release(&b);
  json_decref(footer);
}

// A file of the run's own, as text: a pipe in its place is waited for by nobody.
static int open_own(struct wg_source **s, const char *path, struct wg_err *err) {
  WG_TRY(wg_file_check(path, err));
  return wg_source_open(s, path, err);
}

static void check_trace(struct verifying *v, const char *path, const char *name) {
  struct wg_source *s;
  struct wg_err err = {0};
  char have[65];
  size_t n;
  if (open_own(&s, path, &err) != WG_OK) {
    unread(v, name, &err);
    return;
  }
  struct text t = {.sha = EVP_MD_CTX_new()};
  EVP_DigestInit_ex(t.sha, EVP_sha256(), NULL);
  for (const char *block; (block = wg_source_next(s, &n)) != NULL;) take(&t, block, n);
  wg_sha256_end(t.sha, have);
  if (wg_source_damage(s))
    say(v, name, false, wg_source_damage(s));
  else
    check_footer(v, name, &t, have);
  wg_buf_release(&t.last);
  EVP_MD_CTX_free(t.sha);
  wg_source_close(s);
}

// -- branches --

// All before the last byte, an 'E'.
static void check_branches(struct verifying *v, const char *path, const char *name) {
  struct wg_source *s;
  struct wg_err err = {0};
  char have[65], last = 0;
  size_t n;
  if (!v->man->branches && v->man->branches_sha256 == NULL && !wg_file_exists(path)) return;
  if (open_own(&s, path, &err) != WG_OK) {
    unread(v, name, &err);
    return;
  }
  EVP_MD_CTX *sha = EVP_MD_CTX_new();
  EVP_DigestInit_ex(sha, EVP_sha256(), NULL);
  bool any = false;
  for (const char *block; (block = wg_source_next(s, &n)) != NULL; any = true) {
    if (any) EVP_DigestUpdate(sha, &last, 1);
    EVP_DigestUpdate(sha, block, n - 1);
    last = block[n - 1];
  }
  wg_sha256_end(sha, have);
  if (wg_source_damage(s) || last != 'E')
    say(v, name, false, wg_source_damage(s) ? wg_source_damage(s) : "no end: the run did not end cleanly");
  else
    compare(v, name, v->man->branches_sha256, have, "the manifest says");
  EVP_MD_CTX_free(sha);
  wg_source_close(s);
}

// -- what it depends on --

static void check_file(struct verifying *v, const struct wg_manifest_file *f) {
  struct wg_err err = {0};
  struct wg_buf name = {0};
  char have[65];
  wg_buf_printf(&name, "%s%s%s", f->inside ? f->inside : "", f->inside ? " of " : "", f->host);
  if (wg_manifest_digest(f, have, &err) == WG_OK)
    compare(v, name.data, f->sha256, have, "when it was recorded");
  else
    unread(v, name.data, &err);
  wg_buf_release(&name);
}

static void check_own(struct verifying *v, const char *name,
                      void (*check)(struct verifying *, const char *, const char *)) {
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/%s", v->dir, name);
  check(v, path.data, name);
  wg_buf_release(&path);
}

static void check_scripts(struct verifying *v) {
  for (size_t i = 0; i < WG_SCRIPTS; i++) {
    char have[65], name[32];
    struct wg_err err = {0};
    struct wg_buf path = {0};
    if (v->man->scripts[i] == NULL) continue;
    wg_script_name(i, name);
    wg_buf_printf(&path, "%s/%s", v->dir, name);
    if (wg_file_sha256(path.data, have, &err) == WG_OK)
      compare(v, name, v->man->scripts[i], have, "the manifest says");
    else
      unread(v, name, &err);
    wg_buf_release(&path);
  }
}

static void say_overlay(void *ctx, const char *path, const char *words) {
  struct wg_buf name = {0};
  wg_buf_printf(&name, "overlay/%s", path);
  say(ctx, name.data, false, words);
  wg_buf_release(&name);
}

static void check_overlay(struct verifying *v, const char *path, const char *name) {
  if (v->man->overlay == NULL || !wg_overlay_check(v->man->overlay, path, say_overlay, v)) return;
  json_int_t count = json_integer_value(json_object_get(v->man->overlay, "count"));
  struct wg_buf b = {0};
  wg_buf_printf(&b, "%lld files, sha256 of all %s", (long long)count,
                json_string_value(json_object_get(v->man->overlay, "sha256")));
  if (count) say(v, name, true, b.data);
  wg_buf_release(&b);
}

// -- checkpoints --

// They belong to the title that the run is of, wherever that is now.
static void identity_of(const struct wg_manifest *man, struct wg_buf *out) {
  struct wg_title_digests d = {.title = ""};
  snprintf(d.title, sizeof d.title, "%s", man->files[0].sha256);
  if (man->cfg.patch) snprintf(d.patch, sizeof d.patch, "%s", man->files[1].sha256);
  wg_checkpoints_identity(&d, &man->cfg, out);
}

static void check_checkpoints(struct verifying *v, const char *path, const char *name) {
  struct wg_checkpoints c;
  struct wg_buf b = {0};
  struct wg_err err = {0};
  bool there = false;
  (void)path;
  wg_checkpoints_init(&c);
  identity_of(v->man, &b);
  int code = wg_checkpoints_open(&c, v->dir, b.data, &there, &err);
  if (code == WG_OK && there) code = wg_checkpoints_check(&c, &err);
  if (code == WG_INPUT) wg_err_suffix(&err, WG_CHECKPOINTS_WITHOUT);
  wg_buf_clear(&b);
  wg_buf_printf(&b, "%zu states, as they were written", c.n);
  // Those of another version are no less what was recorded.
  if (code == WG_INTERNAL)
    unread(v, name, &err);
  else if (code != WG_OK || there)
    say(v, name, code == WG_OK || c.other_version, code == WG_OK ? b.data : err.msg);
  wg_buf_release(&b);
  wg_checkpoints_release(&c);
}

int wg_run_verify(const char *dir, const struct wg_config *overrides, bool own, wg_verified each, void *ctx,
                  bool *verified, struct wg_err *err) {
  struct wg_manifest man;
  WG_TRY(wg_manifest_read(dir, overrides, &man, err));
  int code = wg_reader_check_schema(dir, err);
  if (code != WG_OK) {
    wg_manifest_release(&man);
    return code;
  }
  struct verifying v = {&man, dir, each, ctx, true, {0}};
  if (!man.finished) say(&v, "manifest.json", false, "no result: the run was killed, or is still being recorded");
  check_own(&v, "trace.jsonl.zst", check_trace);
  check_own(&v, "branches.zst", check_branches);
  check_scripts(&v);
  check_own(&v, "overlay", check_overlay);
  if (!own) check_own(&v, WG_CHECKPOINTS, check_checkpoints);
  for (size_t i = 0; i < man.nfiles && !own; i++) check_file(&v, &man.files[i]);
  *verified = v.all;
  wg_manifest_release(&man);
  if (v.lacks.code != WG_OK) *err = v.lacks;
  return v.lacks.code;
}

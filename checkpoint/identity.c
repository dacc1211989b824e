// What a file of checkpoints belongs to: a run, by what decides it, and a build.
#include <stdlib.h>
#include <string.h>

#include "base/json_document.h"
#include "checkpoint/file.h"
#include "state_layout.h"

#define FORMAT 4 // of the file: another one is refused

// Of what comes from outside in the course of the run.
static uint64_t inputs_hash(const struct wg_config *cfg) {
  size_t n = wg_config_behind(cfg, cfg->nforks).ninputs;
  uint64_t h = 0;
  for (size_t i = 0; i < n; i++) {
    const struct wg_input_change *c = &cfg->inputs[i];
    const uint64_t fields[] = {c->at_ns,
                               c->kind,
                               c->user,
                               c->pad.connected,
                               c->pad.buttons,
                               c->pad.left_trigger,
                               c->pad.right_trigger,
                               (uint16_t)c->pad.lx,
                               (uint16_t)c->pad.ly,
                               (uint16_t)c->pad.rx,
                               (uint16_t)c->pad.ry,
                               c->signed_in,
                               c->dialog,
                               c->cancelled,
                               c->id,
                               c->value};
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) h = wg_hash_u64(fields[k], h);
    if (c->text) h = wg_hash(c->text, strlen(c->text), h);
  }
  return h;
}

// As text: the moments, and what has an effect on the state behind them.
static void put_forks(const struct wg_config *cfg, struct wg_buf *out) {
  struct wg_buf b = {0};
  for (size_t i = 0; i < cfg->nforks; i++)
    wg_buf_printf(&b, "%swindow %llu seed %llu", i ? ", " : "", (unsigned long long)cfg->forks[i].windows,
                  (unsigned long long)cfg->forks[i].sched_seed);
  wg_json_str(out, "forks", b.len ? b.data : "");
  wg_buf_release(&b);
}

void wg_checkpoints_identity(const struct wg_title_digests *d, const struct wg_config *cfg, struct wg_buf *out) {
  wg_buf_char(out, '{');
  wg_json_u64(out, "format", FORMAT);
  wg_json_str(out, "version", WG_VERSION);
  wg_json_str(out, "state_layout", WG_STATE_LAYOUT);
  wg_json_str(out, "title_sha256", d->title);
  wg_json_str(out, "patch_sha256", d->patch);
  wg_json_u64(out, "sched_seed", cfg->sched_seed);
  wg_json_u64(out, "date", cfg->date);
  wg_json_str(out, "args", cfg->args ? cfg->args : "");
  wg_json_hex(out, "inputs", inputs_hash(cfg));
  put_forks(cfg, out);
  wg_buf_char(out, '}');
}

// What a build has, not a run.
static bool of_version(const char *key) {
  return strcmp(key, "format") == 0 || strcmp(key, "version") == 0 || strcmp(key, "state_layout") == 0;
}

static int differs(const char *path, const char *key, const json_t *there, const json_t *ours, struct wg_err *err) {
  char *a = json_dumps(there, JSON_ENCODE_ANY), *b = json_dumps(ours, JSON_ENCODE_ANY);
  bool version = of_version(key);
  int code = wg_fail(err, WG_INPUT, "%s: %s: %s is %s there, and %s here", path,
                     version ? "it was made by another version of wedge" : "it belongs to another run", key,
                     a ? a : "nothing", b ? b : "nothing");
  free(a);
  free(b);
  return code;
}

int wg_checkpoints_are_of(struct wg_checkpoints *c, const char *text, size_t n, const char *identity,
                          struct wg_err *err) {
  const char *path = c->path;
  struct wg_err unsaid = {0};
  json_t *there = wg_json_document(path, 0, text, n, "what it belongs to", &unsaid);
  json_t *ours = wg_json_document(path, 0, identity, strlen(identity), "what it belongs to", &unsaid);
  const char *key;
  json_t *value;
  int code =
      there && ours ? WG_OK : wg_fail(err, WG_INPUT, "%s: at byte 0: it does not begin with what it belongs to", path);
  if (code == WG_OK) json_object_foreach(ours, key, value) {
      if (json_equal(value, json_object_get(there, key))) continue;
      c->other_version = of_version(key);
      code = differs(path, key, json_object_get(there, key), value, err);
      break;
    }
  json_decref(there);
  json_decref(ours);
  return code;
}

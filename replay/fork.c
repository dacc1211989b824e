#include "replay/fork.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "nt/exports.h"

void wg_script_name(size_t i, char out[32]) {
  if (i)
    snprintf(out, 32, "inputs-%zu.jsonl", i);
  else
    snprintf(out, 32, "inputs.jsonl");
}

void wg_forks_reach(struct wg_run_forks *f, const struct wg_machine *m) {
  struct wg_machine_where w;
  for (size_t i = 0; i < f->cfg->nforks; i++) {
    struct wg_run_origin *o = &f->origins[i];
    if (o->reached || f->cfg->forks[i].windows != wg_machine_windows(m)) continue;
    wg_machine_where(m, &w);
    o->reached = true;
    o->instructions = w.retired;
    o->events = w.events;
    o->virtual_ns = w.now_ns;
  }
}

static void put(json_t *o, const char *key, uint64_t v) { json_object_set_new(o, key, json_integer((json_int_t)v)); }

static json_t *hex_json(uint64_t v) {
  char text[20];
  snprintf(text, sizeof text, "0x%llx", (unsigned long long)v);
  return json_string(text);
}

static bool hex_read(const json_t *o, uint64_t most, uint64_t *out) {
  const char *text = json_string_value(o);
  return text && wg_parse_u64(text, most, out);
}

static json_t *forced_json(const struct wg_forced_return *f) {
  json_t *o = json_object();
  put(o, "tid", f->tid);
  put(o, "idx", f->idx);
  json_object_set_new(o, "rv", hex_json(f->rv));
  if (f->name) {
    json_object_set_new(o, "each", json_string(f->name));
    json_object_set_new(o, "instead_of", hex_json(f->own));
  }
  return o;
}

static json_t *besides_json(const struct wg_forced_call *f) {
  json_t *o = json_object(), *args = json_array();
  put(o, "tid", f->tid);
  put(o, "idx", f->idx);
  json_object_set_new(o, "behind", json_boolean(f->behind));
  json_object_set_new(o, "name", json_string(f->name));
  const struct wg_nt_export *x = wg_nt_find(f->name, strlen(f->name));
  for (size_t i = 0; i < wg_nt_nparams(x); i++) json_array_append_new(args, hex_json(f->args[i]));
  json_object_set_new(o, "args", args);
  return o;
}

static bool besides_read(const json_t *o, struct wg_forced_call *out) {
  if (o == NULL) return true;
  const json_t *args = json_object_get(o, "args");
  *out = (struct wg_forced_call){.on = true,
                                 .behind = json_is_true(json_object_get(o, "behind")),
                                 .tid = (uint32_t)wg_manifest_number(o, "tid"),
                                 .idx = wg_manifest_number(o, "idx"),
                                 .name = json_string_value(json_object_get(o, "name"))};
  const struct wg_nt_export *x = out->name ? wg_nt_find(out->name, strlen(out->name)) : NULL;
  if (x == NULL || !wg_nt_acts_at_once(x) || json_array_size(args) != wg_nt_nparams(x)) return false;
  for (size_t i = 0; i < json_array_size(args); i++)
    if (!hex_read(json_array_get(args, i), UINT64_MAX, &out->args[i])) return false;
  return true;
}

static bool forced_read(const json_t *o, struct wg_forced_return *out) {
  if (o == NULL) return true;
  *out = (struct wg_forced_return){.on = true,
                                   .tid = (uint32_t)wg_manifest_number(o, "tid"),
                                   .idx = wg_manifest_number(o, "idx"),
                                   .name = json_string_value(json_object_get(o, "each"))};
  return hex_read(json_object_get(o, "rv"), UINT32_MAX, &out->rv) &&
         (out->name == NULL || hex_read(json_object_get(o, "instead_of"), UINT64_MAX, &out->own));
}

json_t *wg_forks_json(const struct wg_run_forks *f, const char *dir, struct wg_err *err) {
  json_t *a = f->cfg->nforks ? json_array() : NULL;
  for (size_t i = 0; i < f->cfg->nforks; i++) {
    const struct wg_config_fork *c = &f->cfg->forks[i];
    const struct wg_run_origin *from = &f->origins[i];
    json_t *o = json_object();
    wg_manifest_put_path(o, "run", from->run, dir);
    wg_manifest_put(o, "position", from->position);
    if (from->trace_sha256) json_object_set_new(o, "trace_sha256", json_string(from->trace_sha256));
    put(o, "windows", c->windows);
    if (from->reached) {
      put(o, "instructions", from->instructions);
      put(o, "events", from->events);
      put(o, "virtual_ns", from->virtual_ns);
    }
    put(o, "max_ns", c->max_ns);
    put(o, "max_frames", c->max_frames);
    put(o, "sched_seed", c->sched_seed);
    json_object_set_new(o, "strict", json_boolean(c->strict));
    if (c->forced.on) json_object_set_new(o, "return", forced_json(&c->forced));
    if (c->besides.on) json_object_set_new(o, "call", besides_json(&c->besides));
    if (c->script) {
      char name[32], digest[65];
      struct wg_buf path = {0};
      wg_script_name(i + 1, name);
      wg_buf_printf(&path, "%s/%s", dir, name);
      if (wg_file_sha256(path.data, digest, err) == WG_OK) json_object_set_new(o, "inputs_sha256", json_string(digest));
      wg_buf_release(&path);
    }
    json_array_append_new(a, o);
  }
  return a;
}

int wg_forks_read(struct wg_manifest_texts *t, const json_t *forks, const char *dir, struct wg_config *cfg,
                  struct wg_run_origin origins[WG_MAX_FORKS], const char *scripts[WG_SCRIPTS], struct wg_err *err) {
  size_t i;
  json_t *o;
  json_array_foreach((json_t *)(uintptr_t)forks, i, o) {
    if (i == WG_MAX_FORKS)
      return wg_fail(err, WG_INPUT, "manifest.json: it has %zu forks; there may be %d", json_array_size(forks),
                     WG_MAX_FORKS);
    struct wg_config_fork *c = &cfg->forks[cfg->nforks++];
    scripts[i + 1] = json_string_value(json_object_get(o, "inputs_sha256"));
    *c = (struct wg_config_fork){.windows = wg_manifest_number(o, "windows"),
                                 .max_ns = wg_manifest_number(o, "max_ns"),
                                 .max_frames = wg_manifest_number(o, "max_frames"),
                                 .sched_seed = wg_manifest_number(o, "sched_seed"),
                                 .strict = json_is_true(json_object_get(o, "strict")),
                                 .script = scripts[i + 1] != NULL};
    origins[i] = (struct wg_run_origin){.run = wg_manifest_get_path(t, o, "run", dir),
                                        .position = wg_manifest_get(t, o, "position"),
                                        .trace_sha256 = json_string_value(json_object_get(o, "trace_sha256")),
                                        .reached = json_object_get(o, "instructions") != NULL,
                                        .instructions = wg_manifest_number(o, "instructions"),
                                        .events = wg_manifest_number(o, "events"),
                                        .virtual_ns = wg_manifest_number(o, "virtual_ns")};
    if (!forced_read(json_object_get(o, "return"), &c->forced))
      return wg_fail(
          err, WG_INPUT,
          "manifest.json: fork %zu: return: expected an rv of 32 bits, and of each call what it returns itself", i + 1);
    if (!besides_read(json_object_get(o, "call"), &c->besides))
      return wg_fail(
          err, WG_INPUT,
          "manifest.json: fork %zu: call: expected an export that returns at once, and each of its arguments", i + 1);
    if (origins[i].run == NULL || origins[i].position == NULL || (i && c->windows < c[-1].windows))
      return wg_fail(err, WG_INPUT, "manifest.json: fork %zu: expected a run, a position and windows in their order",
                     i + 1);
  }
  return WG_OK;
}

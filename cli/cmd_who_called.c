#include <string.h>

#include "cli/cli.h"
#include "cli/found.h"
#include "nt/exports.h"
#include "probe/callers.h"
#include "probe/place.h"

static void put_at(const struct wg_call_at *a, bool kernel, struct wg_buf *b) {
  if (kernel || a->tid == 0)
    wg_buf_printf(b, "%u:%llu", a->tid, (unsigned long long)a->idx);
  else
    wg_buf_printf(b, "cycle=%u:%llu", a->tid, (unsigned long long)a->cycle);
}

static void json_at(const char *key, const struct wg_call_at *a, bool kernel, struct wg_buf *b) {
  struct wg_buf words = {0};
  put_at(a, kernel, &words);
  wg_json_key(b, key);
  wg_buf_char(b, '{');
  wg_json_str(b, "position", words.data);
  wg_json_u64(b, "host_ns", a->ns);
  wg_buf_char(b, '}');
  wg_buf_release(&words);
}

static void put_text(const struct wg_callers *c, const char *name, bool kernel, uint64_t limit,
                     const struct wg_symbols *s, struct wg_buf *b) {
  wg_buf_printf(b, "%s: %llu calls, from %zu places and threads\n", name, (unsigned long long)c->total, c->n);
  if (c->n) wg_buf_printf(b, "%10s  %-10s  %6s  %s\n", "calls", "from", "thread", "first and last");
  for (size_t i = 0; i < c->n && i < limit; i++) {
    const struct wg_caller *k = &c->list[i];
    wg_buf_printf(b, "%10llu  0x%08x  %6u  ", (unsigned long long)k->count, k->site, k->tid);
    put_at(&k->first, kernel, b);
    wg_buf_printf(b, " (%.6f s), ", (double)k->first.ns / 1e9);
    put_at(&k->last, kernel, b);
    wg_buf_printf(b, " (%.6f s)", (double)k->last.ns / 1e9);
    wg_cli_put_name(s, k->site, b);
    wg_buf_char(b, '\n');
  }
  if (c->n > limit) wg_buf_printf(b, "and %llu more: --limit\n", (unsigned long long)(c->n - limit));
  if (c->damage.len) wg_buf_printf(b, "the trace ends early: %s\n", c->damage.data);
}

static void put_json(const struct wg_callers *c, const char *name, bool kernel, uint64_t limit,
                     const struct wg_symbols *s, struct wg_buf *b) {
  wg_buf_char(b, '{');
  wg_json_u64(b, "schema", 1);
  wg_json_str(b, "name", name);
  wg_json_u64(b, "calls", c->total);
  wg_json_u64(b, "of", c->n);
  if (c->damage.len) wg_json_str(b, "damage", c->damage.data);
  wg_json_key(b, "callers");
  wg_buf_char(b, '[');
  for (size_t i = 0; i < c->n && i < limit; i++) {
    const struct wg_caller *k = &c->list[i];
    wg_buf_str(b, i ? ",{" : "{");
    wg_json_u64(b, "calls", k->count);
    wg_json_hex(b, "site", k->site);
    const struct wg_label *label = s ? wg_symbols_at(s, k->site) : NULL;
    if (label) wg_json_str(b, "symbol", label->name);
    wg_json_u64(b, "tid", k->tid);
    json_at("first", &k->first, kernel, b);
    json_at("last", &k->last, kernel, b);
    wg_buf_char(b, '}');
  }
  wg_buf_str(b, "]}\n");
}

static int by_executing(const char *dir, uint32_t pc, const struct wg_config *moved, const struct wg_cli_map *map,
                        struct wg_callers *out, struct wg_err *err) {
  struct wg_cli_rate rate = {0};
  const struct wg_run_watch watch = wg_cli_watch(&rate);
  struct wg_travel *t = NULL;
  if (pc % 4) return wg_fail(err, WG_INPUT, "0x%08x: instructions begin at multiples of 4", pc);
  int code = wg_travel_open(&t, dir, moved, &watch, err);
  if (code == WG_OK) code = wg_cli_map_check(map, t, err);
  if (code == WG_OK) code = wg_callers_of_function(t, pc, out, err);
  wg_travel_close(t);
  wg_cli_progress_end();
  return code;
}

int wg_cmd_who_called(const struct wg_command *cmd, int argc, char **argv) {
  bool json = false, found = false;
  uint64_t limit = 20;
  struct wg_cli_map map = {.path = NULL};
  struct wg_cli_overrides names = {0};
  struct wg_config moved = {0};
  const struct wg_opt opts[] = {
      {"limit", 'n', WG_OPT_NUM, &limit, "N", "print N of them (20)"},
      WG_CLI_MAP(&map),
      {"json", 0, WG_OPT_FLAG, &json, NULL, "as JSON"},
      WG_CLI_OVERRIDES(&names),
  };
  struct wg_args args;
  struct wg_err err = {0};
  struct wg_callers c = {.n = 0};
  struct wg_buf b = {0};
  uint32_t pc;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 2) return wg_cli_usage(cmd, "expected a RUN and a NAME or PC, got %d arguments", args.n);
  const char *name = args.v[1];
  bool kernel = wg_nt_find(name, strlen(name)) != NULL;
  int code = wg_cli_map_read(&map, &err);
  if (code == WG_OK && !kernel) code = wg_place_code(name, map.symbols, &pc, &found, &err);
  wg_cli_override(&names, &moved);
  if (code != WG_OK) {
    // said already
  } else if (kernel) {
    code = wg_callers_of_export(args.v[0], name, &c, &err);
  } else if (found) {
    code = by_executing(args.v[0], pc, &moved, &map, &c, &err);
  } else {
    struct wg_suggestion s = {.word = name};
    wg_suggest_exports(&s);
    code =
        wg_fail(&err, WG_INPUT, "'%s' is no export of the kernel, no address and no symbol%s", name, wg_suggested(&s));
    wg_buf_release(&s.words);
  }
  wg_cli_overrides_release(&names);
  if (code != WG_OK) {
    wg_cli_map_release(&map);
    return wg_cli_fail(&err);
  }
  if (json)
    put_json(&c, name, kernel, limit, map.symbols, &b);
  else
    put_text(&c, name, kernel, limit, map.symbols, &b);
  wg_cli_print(&b);
  wg_buf_release(&b);
  wg_callers_release(&c);
  wg_cli_map_release(&map);
  return WG_OK;
}

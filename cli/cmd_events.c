#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "nt/exports.h"
#include "trace/reader.h"

static void print_value(const struct wg_field *f) {
  struct wg_buf b = {0};
  struct wg_event one = {.kind = WG_EV_OTHER, .kind_name = "", .nfields = 1};
  one.fields[0] = *f;
  wg_ev_encode_foreign(&one, &b);
  // {"kind":"","tid":0,"idx":0,"host_ns":0,"key":VALUE}\n
  const char *at = strstr(b.data, "\"host_ns\":0,");
  wg_cli_printf(" %s", wg_key_name(f));
  at = at ? strchr(at + 12, ':') : NULL;
  if (at) wg_cli_printf("=%.*s", (int)(b.len - (size_t)(at + 1 - b.data) - 2), at + 1);
  wg_buf_release(&b);
}

static void print_event(const struct wg_event *e) {
  wg_cli_printf("%5u %8llu %14.6f %-14s", e->tid, (unsigned long long)e->idx, (double)e->host_ns / 1e6,
                wg_kind_name(e));
  for (size_t i = 0; i < wg_ev_count(e); i++) print_value(wg_ev_at(e, i));
  wg_cli_printf("\n");
}

struct filter {
  const char *kind, *name;
  uint64_t tid, limit, from;
  bool json;
  struct wg_suggestion kinds, names; // of what there was instead
  bool saw_kind, saw_name, saw_tid;
};

static bool wanted(struct filter *f, const struct wg_event *e) {
  const char *kind = wg_kind_name(e), *name = wg_ev_text(e, WG_K_NAME);
  bool of_kind = f->kind == NULL || strcmp(f->kind, kind) == 0;
  bool of_name = f->name == NULL || (name && strcmp(f->name, name) == 0);
  bool of_tid = f->tid == UINT64_MAX || e->tid == f->tid;
  if (f->kind && !f->saw_kind && !of_kind) wg_suggest(&f->kinds, kind);
  if (f->name && !f->saw_name && !of_name && name) wg_suggest(&f->names, name);
  f->saw_kind |= of_kind;
  f->saw_name |= of_name;
  f->saw_tid |= of_tid;
  return of_kind && of_name && of_tid && e->idx >= f->from;
}

// Of a kind or name that nothing has and nobody knows: a slip.
static int check_slips(struct filter *f, struct wg_err *err) {
  if (f->kind && !f->saw_kind && wg_kind_of(f->kind) == WG_EV_OTHER) {
    struct wg_event e = {0};
    for (e.kind = 0; e.kind < WG_EV_OTHER; e.kind++) wg_suggest(&f->kinds, wg_kind_name(&e));
    return wg_fail(err, WG_INPUT, "--kind: no event is of kind '%s'%s", f->kind, wg_suggested(&f->kinds));
  }
  if (f->name && !f->saw_name && wg_nt_find(f->name, strlen(f->name)) == NULL) {
    wg_suggest_exports(&f->names);
    return wg_fail(err, WG_INPUT, "--name: no event is of '%s', and there is no such export%s", f->name,
                   wg_suggested(&f->names));
  }
  if (!f->saw_tid) return wg_fail(err, WG_INPUT, "--tid: there is no thread %llu", (unsigned long long)f->tid);
  return WG_OK;
}

static int print_events(const char *path, const struct wg_reading *reading, struct filter *f, struct wg_err *err) {
  struct wg_reader *r;
  struct wg_event e;
  struct wg_buf line = {0};
  uint64_t shown = 0;
  WG_TRY(wg_reader_open_as(&r, path, reading, err));
  while (shown < f->limit && wg_reader_next(r, &e)) {
    if (!wanted(f, &e)) continue;
    shown++;
    if (!f->json) {
      print_event(&e);
      continue;
    }
    wg_buf_clear(&line);
    wg_ev_encode_foreign(&e, &line);
    wg_cli_print(&line);
  }
  int code = WG_OK;
  if (shown < f->limit && wg_reader_damage(r)) code = wg_fail(err, WG_INPUT, "%s: %s", path, wg_reader_damage(r));
  if (shown == 0 && f->limit && code == WG_OK) code = check_slips(f, err);
  wg_buf_release(&line);
  wg_buf_release(&f->kinds.words);
  wg_buf_release(&f->names.words);
  wg_reader_close(r);
  return code;
}

int wg_cmd_events(const struct wg_command *cmd, int argc, char **argv) {
  bool json = false, branches = false;
  uint64_t cycle = 0, until = UINT64_MAX, before = UINT64_MAX;
  const char *kind = NULL, *name = NULL;
  uint64_t tid = UINT64_MAX, limit = UINT64_MAX, from = 0;
  struct wg_reading reading = {0};
  const struct wg_opt opts[] = {
      {"tid", 't', WG_OPT_NUM, &tid, "N", "this thread only"},
      {"kind", 'k', WG_OPT_STR, &kind, "KIND", "this kind only, e.g. kernel.call"},
      {"name", 0, WG_OPT_STR, &name, "NAME", "calls and returns of this export only"},
      {"from", 0, WG_OPT_NUM, &from, "IDX", "from this idx of its thread on"},
      {"limit", 'n', WG_OPT_NUM, &limit, "N", "at most N events"},
      {"branches", 'b', WG_OPT_FLAG, &branches, NULL, "branches instead of events, decoded from the record of a run"},
      {"cycle", 0, WG_OPT_NUM, &cycle, "N", "branches from this cycle of their thread on"},
      {"until", 0, WG_OPT_NUM, &until, "N", "branches up to this cycle"},
      {"before", 0, WG_OPT_NUM, &before, "IDX", "the branches (--limit, or 20) that led to event IDX of --tid"},
      {"mapping", 0, WG_OPT_STR, &reading.mapping, "FILE", "what a trace calls kinds and keys of ours (docs/guide.md)"},
      {"json", 0, WG_OPT_FLAG, &json, NULL, "as JSON lines"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1) return wg_cli_usage(cmd, "expected one TRACE, got %d", args.n);
  if (branches) {
    const struct wg_branch_options o = {tid, cycle, until, before, limit, json};
    return wg_cli_branches(cmd, args.v[0], &o);
  }
  struct wg_err err = {0};
  struct filter f = {kind, name, tid, limit, from, json, {.word = kind}, {.word = name}, false, false, false};
  return print_events(args.v[0], &reading, &f, &err) == WG_OK ? WG_OK : wg_cli_fail(&err);
}

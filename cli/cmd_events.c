#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
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

int wg_cmd_events(const struct wg_command *cmd, int argc, char **argv) {
  bool json = false, branches = false;
  uint64_t cycle = 0, until = UINT64_MAX, before = UINT64_MAX;
  const char *kind = NULL, *name = NULL;
  uint64_t tid = UINT64_MAX, limit = UINT64_MAX, from = 0, shown = 0;
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
      {"json", 0, WG_OPT_FLAG, &json, NULL, "as JSON lines"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1) return wg_cli_usage(cmd, "expected one TRACE, got %d", args.n);
  if (branches) {
    const struct wg_branch_options o = {tid, cycle, until, before, limit, json};
    return wg_cli_branches(cmd, args.v[0], &o);
  }
  struct wg_reader *r;
  struct wg_err err = {0};
  if (wg_reader_open(&r, args.v[0], &err) != WG_OK) return wg_cli_fail(&err);
  struct wg_event e;
  struct wg_buf line = {0};
  while (shown < limit && wg_reader_next(r, &e)) {
    const char *n = wg_ev_text(&e, WG_K_NAME);
    if ((tid != UINT64_MAX && e.tid != tid) || (kind && strcmp(kind, wg_kind_name(&e)) != 0) || e.idx < from ||
        (name && (n == NULL || strcmp(n, name) != 0)))
      continue;
    shown++;
    if (!json) {
      print_event(&e);
      continue;
    }
    wg_buf_clear(&line);
    wg_ev_encode_foreign(&e, &line);
    wg_cli_print(&line);
  }
  int code = WG_OK;
  if (shown < limit && wg_reader_damage(r)) {
    wg_cli_note("%s: %s", args.v[0], wg_reader_damage(r));
    code = WG_INPUT;
  }
  wg_buf_release(&line);
  wg_reader_close(r);
  return code;
}

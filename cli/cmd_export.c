#include <string.h>

#include "cli/cli.h"
#include "export/export.h"

#define FORMATS 4

static void show_progress(void *ctx, uint64_t events, uint64_t at, uint64_t of) {
  wg_cli_show_progress(ctx, at, of, "%llu events", (unsigned long long)events);
}

static void tell_timeless(const char *trace, const struct wg_export_options *o, const struct wg_export_report *rep) {
  if (rep->by_order && !o->by_order)
    wg_cli_note("note: %s has no times: an event's time is its place among the events, a microsecond each", trace);
  if (rep->timeless && !rep->by_order && rep->events)
    wg_cli_note("note: no event of %s has a time; --by-order gives each its place, a microsecond each", trace);
}

// What the picture does not show as it happened.
static void tell_left_out(const char *trace, const struct wg_export_options *o, const struct wg_export_report *rep) {
  if (rep->damage.len)
    wg_cli_note("warning: %s: %s; the events that can be read are exported", trace, rep->damage.data);
  if (o->format == WG_EXPORT_CSV) return;
  tell_timeless(trace, o, rep);
  if (rep->open)
    wg_cli_note("note: %llu calls and waits have no end within what is exported; they end with it, and are marked",
                (unsigned long long)rep->open);
  if (rep->early)
    wg_cli_note("note: %llu events are earlier than the one before on their thread; they are drawn at its time",
                (unsigned long long)rep->early);
  if (rep->unpaired)
    wg_cli_note("note: %llu waits name a signal that is not among the latest 65,536 before them; they have no arrow",
                (unsigned long long)rep->unpaired);
  if (rep->folded)
    wg_cli_note("note: %llu events of threads beyond the first %u share a track", (unsigned long long)rep->folded,
                WG_EXPORT_THREADS);
}

// The one format that was asked for; false after a message.
static bool choose(const struct wg_command *cmd, const char *const files[FORMATS], struct wg_export_options *o) {
  static const enum wg_export_format formats[] = {WG_EXPORT_PERFETTO, WG_EXPORT_CHROME, WG_EXPORT_CSV, WG_EXPORT_LNAV};
  int n = 0;
  for (int i = 0; i < FORMATS; i++) {
    if (files[i] == NULL) continue;
    n++;
    o->format = formats[i];
    o->to = files[i];
  }
  if (n != 1) wg_cli_usage(cmd, "expected one of --perfetto, --chrome-json, --csv and --lnav, got %d", n);
  return n == 1;
}

int wg_cmd_export(const struct wg_command *cmd, int argc, char **argv) {
  const char *files[FORMATS] = {NULL};
  struct wg_cli_rate rate = {.unit = 1e6, .unit_name = "MB"};
  struct wg_export_options o = {.tid = UINT64_MAX, .until_ns = UINT64_MAX, .go_on = wg_cli_go_on, .ctx = &rate};
  const struct wg_opt opts[] = {
      {"perfetto", 0, WG_OPT_STR, &files[0], "FILE", "for ui.perfetto.dev and trace_processor"},
      {"chrome-json", 0, WG_OPT_STR, &files[1], "FILE",
       "in the Trace Event Format, for chrome://tracing, speedscope and others"},
      {"csv", 0, WG_OPT_STR, &files[2], "FILE", "as one table of events"},
      {"lnav", 0, WG_OPT_STR, &files[3], "FILE",
       "as JSON lines with a time and a level, for lnav and other readers of logs"},
      {"tid", 't', WG_OPT_NUM, &o.tid, "N", "this thread only"},
      {"from", 0, WG_OPT_SECONDS, &o.from_ns, "SECONDS", "from this time of the trace on"},
      {"to", 0, WG_OPT_SECONDS, &o.until_ns, "SECONDS", "up to this time"},
      {"by-order", 0, WG_OPT_FLAG, &o.by_order, NULL, "time is the order of events, a microsecond each"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1) return wg_cli_usage(cmd, "expected one TRACE, got %d", args.n);
  if (!choose(cmd, files, &o)) return WG_INPUT;
  if (o.from_ns > o.until_ns) return wg_cli_usage(cmd, "--from is behind --to");
  rate.what = args.v[0];
  if (wg_cli_shows_progress()) o.progress = show_progress;
  wg_cli_catch_signals();
  struct wg_err err = {0};
  struct wg_export_report rep = {0};
  int code = wg_cli_spare(o.to, args.v[0], &err);
  if (code == WG_OK) code = wg_export(args.v[0], &o, &rep, &err);
  wg_cli_progress_end();
  if (code != WG_OK) {
    wg_cli_fail(&err);
  } else {
    tell_left_out(args.v[0], &o, &rep);
    if (strcmp(o.to, "-") != 0)
      wg_cli_printf("%llu of %llu events%s exported to %s\n", (unsigned long long)rep.shown,
                    (unsigned long long)rep.events, rep.footer ? ", the trace's footer among them," : "", o.to);
  }
  wg_buf_release(&rep.damage);
  return code;
}

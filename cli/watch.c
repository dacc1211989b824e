// How a command looks after a run that goes on.
#include "cli/cli.h"
#include "replay/run.h"

static void show(void *ctx, const struct wg_run_progress *p) {
  struct wg_cli_rate *r = ctx;
  bool by_events = p->of_events != 0;
  r->unit = by_events ? 1e3 : 1e9;
  r->unit_name = by_events ? "thousand events" : "virtual seconds";
  wg_cli_show_progress(r, by_events ? p->events : p->virtual_ns, by_events ? p->of_events : p->of_ns,
                       "%llu events, %.3f s of virtual time", (unsigned long long)p->events,
                       (double)p->virtual_ns / 1e9);
}

static void say(const char *words) { wg_cli_note("%s", words); }

struct wg_run_watch wg_cli_watch(struct wg_cli_rate *rate) {
  wg_cli_catch_signals();
  return (struct wg_run_watch){wg_cli_shows_progress() ? show : NULL, wg_cli_go_on, rate, say};
}

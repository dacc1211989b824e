// Recording, with somebody who halts it.
#include "travel/live.h"

#include <stdlib.h>

#include "base/buf.h"
#include "travel/halts.h"

struct wg_live {
  struct wg_halts h;
  const struct wg_config *cfg;
  struct wg_record_options o;
  struct wg_run_result result;
  struct wg_err err;
  int code;
  enum wg_end how;
  bool now, alone; // it is to end; nobody halts it any more
};

// --- on the thread that records ---------------------------------------------------------------------------

static void begun(void *ctx, struct wg_machine *m) {
  struct wg_live *l = ctx;
  l->h.run.m = m;
  wg_halts_hear(&l->h, m);
  wg_halts_stand(&l->h, WG_HALT_NONE, false);
}

static void on_event(void *ctx, const struct wg_event *e) {
  struct wg_live *l = ctx;
  if (l->h.run.m && !l->alone) wg_halts_event(&l->h, e);
}

static bool on_window(void *ctx, bool within_call) {
  struct wg_live *l = ctx;
  if (!l->alone && !within_call) wg_halts_window(&l->h);
  return !l->now;
}

static void over(void *ctx, enum wg_end how) {
  struct wg_live *l = ctx;
  l->how = how;
  if (!l->alone) wg_halts_stand(&l->h, WG_HALT_END, false);
  l->h.run.m = NULL;
}

static enum wg_end record(void *ctx) {
  struct wg_live *l = ctx;
  l->code = wg_run_record(l->cfg, &l->o, &l->result, &l->err);
  return l->how;
}

// --- for whoever halts it ---------------------------------------------------------------------------------

struct wg_machine *wg_live_machine(const struct wg_live *l) {
  return l->h.run.m;
}

void wg_live_here(const struct wg_live *l, struct wg_here *out) {
  *out = (struct wg_here){.halt = l->h.halt};
  if (l->h.run.m) wg_machine_where(l->h.run.m, &out->at);
}

enum wg_end wg_live_how(const struct wg_live *l) { return l->how; }
bool wg_live_gave_up(const struct wg_live *l) { return l->h.gave_up; }

int wg_live_run(struct wg_live *l, const struct wg_travel_hooks *h, const struct wg_position *until, enum wg_halt *why,
                bool *there, struct wg_err *err) {
  l->h.target = until ? *until : (struct wg_position){.kind = WG_AT_END};
  l->h.has_target = true;
  l->h.hooks = h;
  int code = wg_halts_go(&l->h, err);
  *why = l->h.halt;
  *there = l->h.there;
  wg_halts_let_go(&l->h);
  return code;
}

int wg_live_begin(struct wg_live **out, const struct wg_config *cfg, const struct wg_record_options *o,
                  struct wg_err *err) {
  const struct wg_position first = {.kind = WG_AT_INSN};
  struct wg_live *l = wg_xcalloc(1, sizeof *l);
  enum wg_halt why;
  bool there;
  l->cfg = cfg;
  l->o = *o;
  l->o.heard_by =
      (struct wg_record_listener){.begun = begun, .event = on_event, .go_on = on_window, .over = over, .ctx = l};
  wg_halts_init(&l->h);
  wg_runner_init(&l->h.run, NULL, record, l);
  int code = wg_halts_go(&l->h, err); // to `begun`
  if (code == WG_OK && l->h.run.m) code = wg_live_run(l, NULL, &first, &why, &there, err);
  if (code == WG_OK && l->h.run.m) {
    *out = l;
    return WG_OK;
  }
  struct wg_run_result none;
  struct wg_err second;
  int rc = wg_live_end(l, true, &none, code == WG_OK ? err : &second);
  return code == WG_OK ? rc : code;
}

int wg_live_end(struct wg_live *l, bool now, struct wg_run_result *out, struct wg_err *err) {
  wg_halts_let_go(&l->h);
  l->h.has_target = l->h.halt_next = l->h.settles = false;
  l->now = now;
  l->alone = true;
  (void)wg_runner_go(&l->h.run);
  wg_runner_end(&l->h.run);
  int code = l->code;
  *out = l->result;
  if (code != WG_OK) *err = l->err;
  free(l);
  return code;
}

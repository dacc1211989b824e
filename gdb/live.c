// Going on in a run that is being recorded, as gdb's requests want it.
//
// Nothing goes back, so it stops behind the instruction whose access is watched; the step that gdb makes then, to be
// behind it (replayed.c), is one that does nothing.
#include "gdb/live.h"

static int resume(void *ctx, const struct wg_gdb_request *q, struct wg_gdb_stop *out, struct wg_err *err) {
  struct wg_gdb_live *g = ctx;
  bool stepped = g->stepped;
  g->stepped = false;
  *out = (struct wg_gdb_stop){.why = WG_GDB_STEPPED, .tid = q->tid};
  wg_gdb_going_begin(&g->going, q);
  if (!(stepped && q->step && q->tid == g->going.tid)) {
    WG_TRY(wg_gdb_forwards(&g->going, out, err));
    g->stepped = out->why == WG_GDB_ACCESSED;
    out->end = wg_live_how(g->run);
    if (out->why == WG_GDB_AT_END && g->ended) out->why = WG_GDB_EXITED;
    g->ended |= out->why == WG_GDB_AT_END;
  }
  wg_gdb_going_place(&g->going, out);
  g->going.request = NULL;
  return WG_OK;
}

static int seek(void *ctx, const struct wg_position *p, struct wg_gdb_stop *out, struct wg_err *err) {
  (void)ctx, (void)p, (void)out;
  return wg_fail(err, WG_INPUT, WG_GDB_FORWARDS_ONLY);
}

// A run that its debugger leaves goes on alone; one whose client is gone stands still for the next.
static bool left(void *ctx, bool kills) {
  struct wg_gdb_live *g = ctx;
  g->kills = kills;
  return true;
}

static const struct wg_machine *machine_of(void *ctx) { return wg_live_machine(((struct wg_gdb_live *)ctx)->run); }
static void here_of(void *ctx, struct wg_here *out) { wg_live_here(((struct wg_gdb_live *)ctx)->run, out); }
static int run(void *ctx, const struct wg_travel_hooks *h, const struct wg_position *until, enum wg_halt *why,
               bool *there, struct wg_err *err) {
  return wg_live_run(((struct wg_gdb_live *)ctx)->run, h, until, why, there, err);
}
static bool gave_up(void *ctx) { return wg_live_gave_up(((struct wg_gdb_live *)ctx)->run); }

void wg_gdb_live_init(struct wg_gdb_live *g, struct wg_live *l) {
  *g = (struct wg_gdb_live){
      .run = l,
      .target = {.ctx = g, .machine = machine_of, .here = here_of, .resume = resume, .seek = seek, .left = left},
      .going = {.target = &g->target, .run = run, .gave_up = gave_up, .ctx = g}};
}

void wg_gdb_live_release(struct wg_gdb_live *g) { wg_gdb_going_release(&g->going); }

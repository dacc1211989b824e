#include "travel/halts.h"

#include <stdlib.h>

#include "emu/cpu/cpu.h"

// --- what is heard ----------------------------------------------------------------------------------------

static void where(const struct wg_halts *h, struct wg_machine_where *w) { wg_machine_where(h->run.m, w); }

bool wg_halts_stand(struct wg_halts *h, enum wg_halt why, bool there) {
  h->halt = why;
  h->there = there;
  h->halt_next = h->settles = false;
  if (!there && h->passes && !h->run.quit && h->passes(h->passes_ctx)) return true;
  return wg_runner_halt(&h->run);
}

bool wg_halts_end(struct wg_halts *h) {
  h->halt = WG_HALT_END;
  h->there = h->halt_next = h->settles = false;
  return wg_runner_halt(&h->run);
}

static bool is(const struct wg_halts *h, enum wg_position_kind kind) { return h->has_target && h->target.kind == kind; }

bool wg_halts_event(struct wg_halts *h, const struct wg_event *e) {
  if (h->run.quit) return false;
  struct wg_machine_where w;
  bool there = false, wanted = h->hooks && h->hooks->event && h->hooks->event(h->hooks->ctx, e);
  if (is(h, WG_AT_EVENT)) there = e->tid == h->target.tid && e->idx == h->target.value;
  if (is(h, WG_AT_NTH_EVENT)) {
    where(h, &w);
    there = w.events == h->target.value;
  }
  h->event_tid = e->tid;
  h->event_idx = e->idx;
  return !(there || wanted || (h->halt_next && !h->settles)) || wg_halts_stand(h, WG_HALT_EVENT, there);
}

static bool gives_up(struct wg_halts *h) {
  bool gives_up = h->hooks && h->hooks->give_up && h->hooks->give_up(h->hooks->ctx);
  h->gave_up |= gives_up;
  return gives_up;
}

// Behind an access: does it still halt? Those that do not cost so much that one turn of many must be given up, too.
static void settle(struct wg_halts *h) {
  if (!h->settles) return;
  h->settles = false;
  h->halt_next = h->hooks && h->hooks->accessed(h->hooks->ctx);
  if (!h->halt_next && ++h->unsettled % 256 == 0) h->halt_next = gives_up(h);
}

static bool on_steps(void *ctx, uint32_t tid, const struct wg_cpu *c, uint64_t limit) {
  struct wg_halts *h = ctx;
  struct wg_machine_where w;
  if (h->halt_next || (h->hooks && h->hooks->step)) return true;
  if (!is(h, WG_AT_CYCLE) && !is(h, WG_AT_INSN)) return false;
  where(h, &w);
  uint64_t most = limit - w.cycle + WG_TURN_OVER;
  (void)c;
  if (h->target.kind == WG_AT_CYCLE)
    return tid == h->target.tid && w.cycle <= h->target.value && h->target.value - w.cycle <= most;
  return w.retired <= h->target.value && h->target.value - w.retired <= most;
}

static int by_address(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

// In steps nobody else asks at the breaks.
static bool breaks_here(const struct wg_halts *h, uint32_t tid, const struct wg_cpu *c) {
  const struct wg_travel_hooks *k = h->hooks;
  if (k == NULL || k->at_break == NULL || k->npcs == 0) return false;
  if (bsearch(&c->pc, k->pcs, k->npcs, sizeof *k->pcs, by_address) == NULL) return false;
  return k->at_break(k->ctx, tid, c);
}

static bool on_instruction(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  struct wg_halts *h = ctx;
  struct wg_machine_where w;
  if (h->run.quit) return false;
  where(h, &w);
  bool there = (is(h, WG_AT_CYCLE) && tid == h->target.tid && w.cycle == h->target.value) ||
               (is(h, WG_AT_INSN) && w.retired == h->target.value);
  settle(h);
  bool wanted = h->hooks && h->hooks->step && h->hooks->step(h->hooks->ctx, tid, c);
  wanted |= !h->halt_next && breaks_here(h, tid, c);
  return !(there || wanted || h->halt_next) || wg_halts_stand(h, WG_HALT_INSTRUCTION, there);
}

static bool on_returned(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  struct wg_halts *h = ctx;
  if (h->run.quit) return false;
  bool wanted = h->hooks && h->hooks->returns && breaks_here(h, tid, c);
  return !wanted || wg_halts_stand(h, WG_HALT_RETURNED, false);
}

static bool on_break(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  struct wg_halts *h = ctx;
  if (h->run.quit || h->hooks == NULL || h->hooks->at_break == NULL) return h->run.quit;
  if (!h->hooks->at_break(h->hooks->ctx, tid, c)) return false;
  h->halt_next = true; // at the same instruction, in steps
  return true;
}

static bool on_access(void *ctx, uint32_t tid, const struct wg_cpu *c, const struct wg_mem_access *a) {
  struct wg_halts *h = ctx;
  if (h->run.quit || h->hooks == NULL || h->hooks->access == NULL) return h->run.quit;
  if (!h->hooks->access(h->hooks->ctx, tid, c, a)) return false;
  h->settles = h->hooks->accessed && (h->settles || !h->halt_next);
  h->halt_next = true;
  return true;
}

bool wg_halts_window(struct wg_halts *h) {
  struct wg_machine_where w;
  where(h, &w);
  settle(h);
  bool given_up = gives_up(h);
  bool there =
      (is(h, WG_AT_TIME) && w.now_ns >= h->target.value) || (is(h, WG_AT_FRAME) && w.frames >= h->target.value);
  return !(there || given_up || h->halt_next) || wg_halts_stand(h, WG_HALT_WINDOW, there);
}

// --- for those who let it go ------------------------------------------------------------------------------

void wg_halts_init(struct wg_halts *h) {
  *h = (struct wg_halts){.debug = {on_steps, on_instruction, on_break, on_access, on_returned, h}};
}

void wg_halts_hear(struct wg_halts *h, struct wg_machine *m) {
  h->halt = WG_HALT_NONE;
  h->halt_next = h->settles = h->listens = false;
  wg_machine_debug(m, &h->debug);
}

void wg_halts_let_go(struct wg_halts *h) {
  h->hooks = NULL;
  if (h->listens && h->run.m) {
    wg_machine_breaks(h->run.m, NULL, 0);
    wg_machine_watches(h->run.m, NULL, 0);
  }
  h->listens = false;
}

static void listen(struct wg_halts *h) {
  const struct wg_travel_hooks *k = h->hooks;
  if (h->listens || k == NULL) return;
  h->listens = true;
  bool breaks = k->at_break, watches = k->access;
  wg_machine_breaks(h->run.m, breaks ? k->pcs : NULL, breaks ? k->npcs : 0);
  wg_machine_watches(h->run.m, watches ? k->watches : NULL, watches ? k->nwatches : 0);
}

int wg_halts_go(struct wg_halts *h, struct wg_err *err) {
  h->there = h->gave_up = false;
  if (h->halt != WG_HALT_END) {
    listen(h);
    if (!wg_runner_go(&h->run)) return wg_fail(err, WG_INTERNAL, "no thread can be had to execute the run");
    if (h->run.state == WG_RUNNER_DONE) h->halt = WG_HALT_END;
  }
  if (h->halt == WG_HALT_END) h->there = !h->has_target || h->target.kind == WG_AT_END;
  return WG_OK;
}

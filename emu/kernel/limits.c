// Bounds that a run has met, and what its calls make the host do.
#include "emu/kernel/kernel.h"
#include "emu/kernel/state.h"

static const struct {
  unsigned most;
  const char *what, *beyond;
} rows[] = {
#define WG_LIMIT(id, most, what, beyond) {most, what, beyond},
#include "emu/limits/limits.def"
};

void wg_limit(struct wg_machine *m, enum wg_limit which) {
  if (m->bounds.met[which]++) return;
  struct wg_event e;
  wg_emit_init(m, &e, WG_EV_LIMIT);
  wg_ev_str(&e, WG_K_NAME, rows[which].what);
  wg_ev_dec(&e, WG_K_COUNT, rows[which].most);
  wg_ev_str(&e, WG_K_DETAIL, rows[which].beyond);
  wg_emit(m, &e);
}

void wg_bounds_tell(const struct wg_machine *m, struct wg_buf *out) {
  for (unsigned i = 0; i < WG_LIMITS; i++)
    if (m->bounds.met[i])
      wg_buf_printf(out, "at most %u %s: reached %llu times (%s)\n", rows[i].most, rows[i].what,
                    (unsigned long long)m->bounds.met[i], rows[i].beyond);
  size_t n = m->vfs ? wg_vfs_left_out(m->vfs) : 0;
  if (n) wg_buf_printf(out, "%zu folders that lie deeper than a look-up can lead are not kept in the run\n", n);
}

bool wg_hold(struct wg_machine *m, size_t n) {
  if (n > WG_MAX_HELD - m->bounds.held) {
    wg_limit(m, WG_L_HELD);
    return false;
  }
  m->bounds.held += n;
  return true;
}

bool wg_look(struct wg_machine *m) {
  wg_clock_look_later(&m->clock);
  if (m->ending.cut_short) return false;
  bool within = m->sched.cur && m->sched.cur->call;
  if (within) wg_cut_branches(m); // what led to a call that may hang is known
  if (!within || m->ending.stopped || m->observer.go_on == NULL || m->observer.go_on(m->observer.ctx, true))
    return true;
  m->ending.cut_short = m->calls.fault = true;
  m->ending.within = m->sched.cur->call;
  wg_stop(m, WG_END_INTERRUPTED);
  return false;
}

void wg_unhold(struct wg_machine *m, size_t n) { m->bounds.held -= n; }

// What files and memory have done meanwhile.
static void gather(struct wg_machine *m) {
  static const enum wg_limit of_files[] = {WG_L_NODES, WG_L_OVERLAY, WG_L_LOOKUPS, WG_L_LINKS};
  wg_work(m, wg_vfs_steps(m->vfs) + wg_mem_steps(m->mem));
  for (size_t i = 0; i < sizeof of_files / sizeof *of_files; i++)
    if (wg_vfs_was_full(m->vfs, (int)of_files[i])) wg_limit(m, of_files[i]);
  if (wg_mem_was_full(m->mem)) wg_limit(m, WG_L_COMMITTED);
}

uint64_t wg_work_due(struct wg_machine *m) {
  gather(m);
  return wg_clock_pay(&m->clock);
}

void wg_bounds_state(struct wg_archive *a, struct wg_bounds *b) {
  wg_ar_part(a, "bounds");
  for (unsigned i = 0; i < WG_LIMITS; i++) wg_ar_u64(a, &b->met[i]);
  size_t *const counts[] = {&b->held, &b->frames, &b->apcs, &b->packets, &b->timers, &b->listeners, &b->dialogs};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) wg_ar_size(a, counts[i]);
}

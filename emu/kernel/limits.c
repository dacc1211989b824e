// Bounds that a run has met, and what its calls make the host do.
#include "emu/limits.h"

#include "emu/kernel/kernel.h"

static const struct {
  unsigned most;
  const char *what, *beyond;
} rows[] = {
#define WG_LIMIT(id, most, what, beyond) {most, what, beyond},
#include "emu/limits.def"
};

void wg_limit(struct wg_machine *m, enum wg_limit which) {
  if (m->limits[which]++) return;
  struct wg_event e;
  wg_emit_init(m, &e, WG_EV_LIMIT);
  wg_ev_str(&e, WG_K_NAME, rows[which].what);
  wg_ev_dec(&e, WG_K_COUNT, rows[which].most);
  wg_ev_str(&e, WG_K_DETAIL, rows[which].beyond);
  wg_emit(m, &e);
}

void wg_machine_limits(const struct wg_machine *m, struct wg_buf *out) {
  for (unsigned i = 0; i < WG_LIMITS; i++)
    if (m->limits[i])
      wg_buf_printf(out, "at most %u %s: reached %llu times (%s)\n", rows[i].most, rows[i].what,
                    (unsigned long long)m->limits[i], rows[i].beyond);
  size_t n = m->vfs ? wg_vfs_left_out(m->vfs) : 0;
  if (n) wg_buf_printf(out, "%zu folders that lie deeper than a look-up can lead are not kept in the run\n", n);
}

bool wg_hold(struct wg_machine *m, size_t n) {
  if (n > WG_MAX_HELD - m->held) {
    wg_limit(m, WG_L_HELD);
    return false;
  }
  m->held += n;
  return true;
}

#define LOOK_EVERY 4000000u // ns of work

bool wg_look(struct wg_machine *m) {
  m->look_work = m->work + LOOK_EVERY;
  if (m->cut_short) return false;
  bool within = m->cur && m->cur->call;
  if (within) wg_cut_branches(m); // what led to a call that may hang is known
  if (!within || m->stopped || m->observer.go_on == NULL || m->observer.go_on(m->observer.ctx, true)) return true;
  m->cut_short = m->kfault = true;
  m->within = m->cur->call->name;
  wg_stop(m, WG_END_INTERRUPTED);
  return false;
}

void wg_unhold(struct wg_machine *m, size_t n) { m->held -= n; }

// What files and memory have done meanwhile.
static void gather(struct wg_machine *m) {
  static const enum wg_limit of_files[] = {WG_L_NODES, WG_L_OVERLAY, WG_L_LOOKUPS, WG_L_LINKS};
  wg_work(m, wg_vfs_steps(m->vfs) + wg_mem_steps(m->mem));
  for (size_t i = 0; i < sizeof of_files / sizeof *of_files; i++)
    if (wg_vfs_was_full(m->vfs, of_files[i])) wg_limit(m, of_files[i]);
  if (wg_mem_was_full(m->mem)) wg_limit(m, WG_L_COMMITTED);
}

uint64_t wg_work_due(struct wg_machine *m) {
  gather(m);
  uint64_t n = m->work > WG_FREE_WORK ? m->work - WG_FREE_WORK : 0;
  m->work = 0;
  m->look_work = LOOK_EVERY;
  return n;
}

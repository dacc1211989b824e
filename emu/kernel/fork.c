#include "emu/kernel/fork.h"

#include <string.h>

#include "emu/kernel/kernel.h"

void wg_options_of(struct wg_machine *m, size_t forks) {
  const struct wg_config_fork f = wg_config_behind(&m->cfg, forks);
  m->options = (struct wg_options){f.max_ns, f.max_frames, f.strict, forks};
  m->input.n = f.ninputs;
}

static uint64_t next_idx(const struct wg_machine *m, const struct wg_thread *t) { return t ? t->idx : m->threads.idx0; }

const uint64_t *wg_forced_return(const struct wg_machine *m, const struct wg_thread *t, const char *name, uint64_t rv) {
  uint32_t tid = t ? t->tid : 0;
  uint64_t idx = next_idx(m, t);
  for (size_t i = 0; i < m->options.forks; i++) {
    const struct wg_forced_return *f = &m->cfg.forks[i].forced;
    if (!f->on) continue;
    if (f->tid == tid && f->idx == idx) return &f->rv;
    if (f->name && f->own == rv && strcmp(f->name, name) == 0) return &f->rv;
  }
  return NULL;
}

const struct wg_forced_call *wg_forced_call(const struct wg_machine *m, const struct wg_thread *t, bool behind) {
  uint64_t idx = next_idx(m, t) - behind;
  for (size_t i = 0; i < m->options.forks; i++) {
    const struct wg_forced_call *f = &m->cfg.forks[i].besides;
    if (f->on && f->behind == behind && f->tid == (t ? t->tid : 0) && f->idx == idx) return f;
  }
  return NULL;
}

void wg_forks_due(struct wg_machine *m) {
  while (m->options.forks < m->cfg.nforks && m->cfg.forks[m->options.forks].windows <= m->clock.windows) {
    const struct wg_config_fork *f = &m->cfg.forks[m->options.forks];
    size_t before = m->input.n;
    wg_options_of(m, m->options.forks + 1);
    m->clock.seed = f->sched_seed;
    if (f->script) wg_input_script(m, before, f->ninputs);
  }
}

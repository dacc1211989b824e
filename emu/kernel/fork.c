#include "emu/kernel/fork.h"

#include "emu/kernel/kernel.h"

void wg_options_of(struct wg_machine *m, size_t forks) {
  const struct wg_config_fork f = wg_config_behind(&m->cfg, forks);
  m->options = (struct wg_options){f.max_ns, f.max_frames, f.strict, forks};
  m->input.n = f.ninputs;
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

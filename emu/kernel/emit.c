// Where the machine's events get their thread, index and time.
#include <stdio.h>
#include <string.h>

#include "emu/cpu/fpu.h"
#include "emu/kernel/kernel.h"

void wg_emit_init(struct wg_machine *m, struct wg_event *e, enum wg_kind kind) {
  struct wg_thread *t = wg_cur_thread(m);
  wg_ev_init(e, kind);
  e->tid = t ? t->tid : 0;
  e->host_ns = wg_now(m);
  e->cycle = m->sched.cur ? m->sched.cur->cpu.cycle : 0;
}

uint64_t wg_emit(struct wg_machine *m, struct wg_event *e) {
  // A device can have something to tell in the midst of a turn. Who hears of it may look from another thread of the
  // host, or use the host's floating-point unit himself: its flags are the context's no longer.
  if (m->sched.cur) wg_fpu_end(&m->sched.cur->cpu);
  struct wg_thread *t = e->tid ? wg_thread_by_tid(m, e->tid) : NULL;
  uint64_t *next = t ? &t->idx : &m->threads.idx0;
  if (t) {
    // Hardware threads are up to a window apart, so what one does to a thread of another can seem to lie in its past;
    // a thread's own time never goes back.
    if (e->host_ns < t->run.last_ns) e->host_ns = t->run.last_ns;
    t->run.last_ns = e->host_ns;
  }
  e->idx = (*next)++;
  m->sched.events++;
  wg_work(m, WG_EVENT_NS);
  for (size_t i = 0; i < e->nfields; i++)
    if (e->fields[i].type == WG_F_STR || e->fields[i].type == WG_F_RAW) wg_work(m, e->fields[i].n);
  bool heard = !m->ending.by_observer && !m->ending.cut_short && m->observer.event;
  if (heard && !m->observer.event(m->observer.ctx, e)) {
    m->ending.by_observer = true;
    wg_stop(m, WG_END_OBSERVER);
  }
  return e->idx;
}

void wg_stop(struct wg_machine *m, enum wg_end end) {
  if (m->ending.stopped) return;
  m->ending.stopped = true;
  m->ending.end = end;
}

// The word and the name of its row: the trace's bytes are not to depend on how a library spells an instruction.
static void instruction_at(struct wg_machine *m, uint32_t pc, char text[64]) {
  uint64_t word = 0;
  if (!wg_mem_r32(m->mem, pc, &word)) {
    snprintf(text, 64, "(not readable)");
    return;
  }
  const struct wg_insn_info *info = wg_insn_find((uint32_t)word);
  snprintf(text, 64, "%08x %s", (uint32_t)word, info ? info->name : "(undefined)");
}

// For people: the report is no part of the trace.
static uint32_t stopped_at(struct wg_machine *m, const struct wg_cpu *cpu, char text[128]) {
  uint64_t word = 0;
  snprintf(text, 128, "(not readable)");
  if (wg_mem_r32(m->mem, cpu->pc, &word)) wg_disasm((uint32_t)word, cpu->pc, text, 128);
  return (uint32_t)word;
}

// Whose context it is: 0 of an interrupt. Mostly the one that runs, but for a wait that another one has ended.
static uint32_t tid_of(const struct wg_machine *m, const struct wg_cpu *cpu) {
  const struct wg_ctx *cur = m->sched.cur;
  if (cur && &cur->cpu == cpu) return cur->thread ? cur->thread->tid : 0;
  for (size_t i = 0; i < m->threads.n; i++)
    if (&m->threads.list[i]->ctx.cpu == cpu) return m->threads.list[i]->tid;
  return 0;
}

void wg_emit_exception(struct wg_machine *m, const struct wg_cpu *cpu, const char *cause, bool dispatched) {
  char text[64];
  instruction_at(m, cpu->pc, text);
  struct wg_buf regs = {0};
  wg_buf_char(&regs, '{');
  for (int i = 0; i < 32; i++) {
    char name[8];
    snprintf(name, sizeof name, "r%d", i);
    wg_json_hex(&regs, name, cpu->gpr[i]);
  }
  wg_json_hex(&regs, "lr", cpu->lr);
  wg_json_hex(&regs, "ctr", cpu->ctr);
  wg_json_hex(&regs, "cr", wg_cpu_cr(cpu));
  wg_json_hex(&regs, "xer", wg_cpu_xer(cpu));
  wg_buf_char(&regs, '}');
  struct wg_event e;
  wg_emit_init(m, &e, WG_EV_EXCEPTION);
  e.tid = tid_of(m, cpu);
  e.cycle = cpu->cycle;
  wg_ev_hex(&e, WG_K_PC, cpu->pc);
  wg_ev_str(&e, WG_K_CAUSE, cause);
  wg_ev_str(&e, WG_K_DETAIL, text);
  wg_ev_raw(&e, WG_K_REGS, regs.data, regs.len);
  if (dispatched) wg_ev_bool(&e, WG_K_DISPATCHED, true);
  wg_emit(m, &e);
  wg_buf_release(&regs);
}

// Who stopped, for the report: an interrupt's context is no thread's.
static void put_who(struct wg_machine *m, const struct wg_cpu *cpu, struct wg_buf *out) {
  uint32_t tid = tid_of(m, cpu);
  for (unsigned i = 0; tid == 0 && i < WG_HW_THREADS; i++) {
    const struct wg_hw *hw = &m->sched.hw[i];
    if (&hw->irq.cpu != cpu) continue;
    wg_buf_printf(out, "%s on hardware thread %u", hw->irq_call.dpc ? "a DPC" : "an interrupt", i);
    return;
  }
  wg_buf_printf(out, "thread %u", tid);
}

void wg_exception(struct wg_machine *m, struct wg_cpu *cpu, const char *cause) {
  char text[128];
  uint32_t word = stopped_at(m, cpu, text);
  wg_emit_exception(m, cpu, cause, false);
  put_who(m, cpu, &m->ending.report);
  wg_buf_printf(&m->ending.report, " stopped at pc 0x%08x: %s\n  %08x  %s\n", cpu->pc, cause, word, text);
  for (int i = 0; i < 32; i += 4)
    wg_buf_printf(&m->ending.report, "  r%-2d %016llx %016llx %016llx %016llx\n", i, (unsigned long long)cpu->gpr[i],
                  (unsigned long long)cpu->gpr[i + 1], (unsigned long long)cpu->gpr[i + 2],
                  (unsigned long long)cpu->gpr[i + 3]);
  wg_buf_printf(&m->ending.report, "  lr %08llx ctr %08llx cr %08x\n", (unsigned long long)cpu->lr,
                (unsigned long long)cpu->ctr, wg_cpu_cr(cpu));
  wg_stop(m, WG_END_EXCEPTION);
}

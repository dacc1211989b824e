// The kernel's side of scheduling: threads become ready, interrupts begin and end, turns.
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "emu/cpu/branch.h"
#include "emu/kernel/kernel.h"

struct wg_thread *wg_thread_of(struct wg_run *r) {
  return r ? (struct wg_thread *)(void *)((char *)r - offsetof(struct wg_thread, run)) : NULL;
}

struct wg_thread *wg_cur_thread(const struct wg_machine *m) {
  return m->sched.cur ? m->sched.cur->thread : NULL;
}

void wg_turn_begin(struct wg_machine *m, unsigned hw, struct wg_ctx *ctx) {
  m->sched.cur_hw = hw;
  m->sched.cur = ctx;
  wg_clock_turn_begin(&m->clock, &ctx->cpu.cycle);
}

uint64_t wg_turn_end(struct wg_machine *m) {
  m->sched.cur = NULL;
  return wg_clock_turn_end(&m->clock);
}

void wg_cut_branches(struct wg_machine *m) {
  for (size_t i = 0; i < m->threads.n; i++) wg_branches_close(&m->threads.list[i]->ctx.cpu);
  for (unsigned i = 0; i < WG_HW_THREADS; i++) wg_branches_close(&m->sched.hw[i].irq.cpu);
}

// --- ready queues ----------------------------------------------------------------------------------

void wg_ready(struct wg_machine *m, struct wg_thread *t) {
  wg_runq_ready(&m->sched.hw[t->run.hw].q, &t->run, wg_now(m), false);
}

// One that is preempted stays the first of its priority, with what is left of its quantum.
void wg_switched_out(struct wg_machine *m, struct wg_thread *t, unsigned hw) {
  struct wg_run *r = &t->run;
  wg_runq_ready(&m->sched.hw[r->hw].q, r, wg_now(m), r->quantum_left > 0 && r->hw == hw);
}

void wg_unready(struct wg_machine *m, struct wg_thread *t) { wg_runq_remove(&m->sched.hw[t->run.hw].q, &t->run); }

void wg_yield(struct wg_machine *m) {
  struct wg_thread *t = wg_cur_thread(m);
  if (t) t->run.quantum_left = 0;
}

// --- interrupts ------------------------------------------------------------------------------------

void wg_interrupt(struct wg_machine *m, unsigned hw, const struct wg_irq_call *call) {
  struct wg_hw *h = &m->sched.hw[hw];
  if (h->npending == WG_MAX_INTERRUPTS) {
    wg_limit(m, WG_L_INTERRUPTS);
    return;
  }
  WG_VEC_ROOM(h->pending, h->pending_room, h->npending + 1);
  h->pending[h->npending++] = *call;
}

void wg_set_irql(struct wg_machine *m, unsigned hw, uint8_t irql) {
  m->sched.hw[hw].irql = irql;
  WG_PLACE(m, m->sched.hw[hw].kpcr, KPCR, IRQL, irql);
}

static void tell_dpc(struct wg_machine *m, unsigned n, const struct wg_irq_call *call) {
  const uint64_t given[2] = {call->args[2], call->args[3]};
  struct wg_event e;
  wg_turn_begin(m, n, &m->sched.hw[n].irq); // the time is that of its turn
  wg_emit_init(m, &e, WG_EV_DPC_START);
  wg_ev_hex(&e, WG_K_GUEST_OBJECT, call->args[0]);
  wg_ev_hex(&e, WG_K_ENTRY, call->fn);
  wg_ev_hex(&e, WG_K_CTX, call->args[1]);
  wg_ev_hexes(&e, WG_K_ARGS, given, 2);
  wg_emit(m, &e);
  wg_turn_end(m);
}

void wg_irq_begin(struct wg_machine *m, unsigned n) {
  struct wg_hw *hw = &m->sched.hw[n];
  struct wg_irq_call call = hw->pending[0];
  memmove(hw->pending, hw->pending + 1, --hw->npending * sizeof call);
  hw->irq_call = call;
  struct wg_cpu *c = &hw->irq.cpu;
  for (int i = 0; i < 4; i++) c->gpr[3 + i] = call.args[i];
  c->gpr[1] = hw->irq_stack;
  c->gpr[13] = hw->kpcr;
  c->lr = WG_IRQ_SENTINEL;
  c->pc = call.fn;
  c->msr = 0x9030;
  if (call.dpc) tell_dpc(m, n, &call); // who looks at the event finds the DPC's own registers
  struct wg_thread *current = wg_thread_of(hw->q.current);
  if (current) current->ctx.cpu.reserved = false;
  hw->irq_active = true;
  hw->irq_before = hw->irql;
  wg_set_irql(m, n, 2);
  WG_PLACE(m, hw->kpcr, KPCR, IN_DPC, 1);
  WG_PLACE(m, hw->kpcr, KPCR, DPC_PROCESS_TYPE, call.process_type);
}

void wg_irq_end(struct wg_machine *m, unsigned n) {
  struct wg_hw *hw = &m->sched.hw[n];
  hw->irq_active = false;
  wg_guest_abandon(m, &hw->irq); // it has left them by a jump
  WG_PLACE(m, hw->kpcr, KPCR, IN_DPC, 0);
  wg_set_irql(m, n, hw->irq_before);
}

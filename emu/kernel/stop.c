// What a context stopped at: a kernel call, the end of what was called, a trap, a fault.
#include <string.h>

#include "emu/kernel/kernel.h"

static void sentinel(struct wg_machine *m, struct wg_ctx *ctx, unsigned n) {
  uint32_t pc = ctx->cpu.pc;
  if (ctx->thread == NULL && pc == WG_IRQ_SENTINEL)
    wg_irq_end(m, n);
  else if (ctx->thread && pc == WG_RETURN_SENTINEL && wg_audio_again(m, ctx->thread))
    return;
  else if (ctx->thread && pc == WG_RETURN_SENTINEL)
    wg_thread_exit(m, ctx->thread, ctx->thread->system_entry ? 0 : (uint32_t)ctx->cpu.gpr[3]);
  else if (ctx->thread && pc == WG_APC_SENTINEL && ctx->thread->apc_frames)
    wg_apc_returned(m, ctx->thread);
  else if (pc == WG_CALL_SENTINEL && ctx->frames)
    wg_guest_returned(m, ctx);
  else
    wg_fault(m, ctx,
             &(struct wg_fault){
                 "instruction fetch from memory that is not accessible", STATUS_ACCESS_VIOLATION, 2, {0, pc}});
}

// Unconditional traps on r0 are the debug services of the console's compiler: 20 and 26 print r4 bytes at r3, 22 and
// 25 break into a debugger, of which there is none. Any other trap is an exception: the compiler's check of a divisor,
// an unsigned trap if it is not above 0, or a breakpoint.
static void trap(struct wg_machine *m, struct wg_ctx *ctx) {
  struct wg_cpu *c = &ctx->cpu;
  uint64_t w = 0;
  wg_mem_r32(m->mem, c->pc, &w);
  unsigned service = (uint16_t)w;
  if (w >> 16 != 0x0FE0 || (service != 20 && service != 22 && service != 25 && service != 26)) {
    bool divisor = w >> 26 == 3 && (w >> 21 & 31) == 6 && service == 0;
    wg_fault(m, ctx,
             &(struct wg_fault){divisor ? "trap: division by zero" : "trap",
                                divisor ? STATUS_INTEGER_DIVIDE_BY_ZERO : STATUS_BREAKPOINT,
                                0,
                                {0}});
    return;
  }
  uint32_t len = (uint32_t)c->gpr[4] & 0xFFFF;
  const uint8_t *text = service == 20 || service == 26 ? wg_mem_ptr(m->mem, (uint32_t)c->gpr[3], len, false) : NULL;
  if (text) {
    struct wg_event e;
    wg_emit_init(m, &e, WG_EV_GUEST_PRINT);
    wg_ev_strn(&e, WG_K_TEXT, (const char *)text, len);
    wg_emit(m, &e);
  }
  c->pc += 4;
  c->cycle++;
}

void wg_stopped_at(struct wg_machine *m, struct wg_ctx *ctx, unsigned n) {
  struct wg_cpu *c = &ctx->cpu;
  switch (c->stop) {
  case WG_STOP_NONE:
  case WG_STOP_WATCHED:
  case WG_STOP_BREAK:
  case WG_STOP_REQUESTED: break;
  case WG_STOP_SYSCALL: wg_kernel_call(m, ctx); break;
  case WG_STOP_FETCH: sentinel(m, ctx, n); break;
  case WG_STOP_ALIGNMENT:
  case WG_STOP_LOAD:
  case WG_STOP_STORE: {
    struct wg_buf b = {0};
    bool alignment = c->stop == WG_STOP_ALIGNMENT, store = c->stop == WG_STOP_STORE;
    if (alignment)
      wg_buf_printf(&b, "misaligned access at 0x%08x", c->fault_addr);
    else
      wg_buf_printf(&b, "%s memory that is not accessible at 0x%08x", store ? "store to" : "load from", c->fault_addr);
    wg_fault(
        m, ctx,
        &(struct wg_fault){
            b.data, alignment ? STATUS_DATATYPE_MISALIGNMENT : STATUS_ACCESS_VIOLATION, 2, {store, c->fault_addr}});
    wg_buf_release(&b);
    break;
  }
  case WG_STOP_ILLEGAL:
    wg_fault(m, ctx, &(struct wg_fault){"undefined instruction", STATUS_ILLEGAL_INSTRUCTION, 0, {0}});
    break;
  case WG_STOP_UNIMPLEMENTED: wg_exception(m, c, "instruction not implemented"); break;
  case WG_STOP_TRAP: trap(m, ctx); break;
  }
}

// Structured exceptions: raising, the handlers of the frames on the stack, and unwinding to the one that takes it.
// Structures and dispositions are those of NT (winnt.h); CONTEXT is the console's, as its debuggers print it.
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/fpu.h"
#include "emu/kernel/state.h"
#include "emu/kernel/unwind.h"

enum { CONTINUE_EXECUTION, CONTINUE_SEARCH }; // dispositions
enum { NONCONTINUABLE = 1, UNWINDING = 2, EXIT_UNWIND = 4, TARGET_UNWIND = 0x20 };
#define STATUS_UNWIND 0xC0000027u
#define SET_THREAD_NAME 0x406D1388u // raised for a debugger; nobody handles it

#define RECORD_SIZE ((uint32_t)WG_SIZEOF_EXCEPTION_RECORD)

// What the handlers see, below the stack of who raised: SEH_AREA.
#define AREA_SIZE ((uint32_t)WG_SIZEOF_SEH_AREA)

enum seh_kind { DISPATCH, UNWIND, SCOPES };

// One of these belongs to each call that handlers or filters run in.
struct seh {
  struct wg_resume resume;
  enum seh_kind is;
  uint32_t record, context;
  // DISPATCH and UNWIND walk the stack: the frame whose handler runs, and from where to go on.
  uint32_t area;
  struct wg_unwind next;
  struct wg_cpu next_cpu, body;
  struct wg_frame *body_frame;
  uint32_t sp; // the frame's stack pointer at entry
  // UNWIND
  uint32_t target_sp, target_pc, value;
  // SCOPES
  uint32_t scope, pc;
};

static void write_context(struct wg_machine *m, uint32_t at, struct wg_cpu *c, uint32_t iar) {
  WG_PUT(m, at, CONTEXT, FLAGS, 0x10000F);
  WG_PUT(m, at, CONTEXT, MSR, c->msr);
  WG_PUT(m, at, CONTEXT, IAR, iar);
  WG_PUT(m, at, CONTEXT, LR, c->lr);
  WG_PUT(m, at, CONTEXT, CTR, c->ctr);
  for (unsigned i = 0; i < 32; i++) wg_kw(m, WG_ADDR(at, CONTEXT, GPR) + 8 * i, 8, c->gpr[i]);
  WG_PUT(m, at, CONTEXT, CR, wg_cpu_cr(c));
  WG_PUT(m, at, CONTEXT, XER, wg_cpu_xer(c));
  WG_PUT(m, at, CONTEXT, FPSCR, wg_cpu_fpscr(c));
  for (unsigned i = 0; i < 32; i++) wg_kw(m, WG_ADDR(at, CONTEXT, FPR) + 8 * i, 8, c->fpr[i]);
  WG_PUT(m, at, CONTEXT, VSCR, c->vscr);
  for (unsigned i = 0; i < 128; i++)
    for (unsigned j = 0; j < 4; j++) wg_kw(m, WG_ADDR(at, CONTEXT, VR) + 16 * i + 4 * j, 4, c->vr[i].w[j]);
}

static void read_context(struct wg_machine *m, uint32_t at, struct wg_cpu *c) {
  c->pc = WG_GET(m, at, CONTEXT, IAR) & ~3u;
  c->lr = WG_GET(m, at, CONTEXT, LR);
  c->ctr = WG_GET64(m, at, CONTEXT, CTR);
  for (unsigned i = 0; i < 32; i++)
    if (i != 13) c->gpr[i] = wg_kr(m, WG_ADDR(at, CONTEXT, GPR) + 8 * i, 8); // r13 is the processor's
  wg_cpu_set_cr(c, WG_GET(m, at, CONTEXT, CR));
  wg_cpu_set_xer(c, WG_GET(m, at, CONTEXT, XER));
  wg_cpu_set_fpscr(c, (uint32_t)WG_GET64(m, at, CONTEXT, FPSCR));
  for (unsigned i = 0; i < 32; i++) c->fpr[i] = wg_kr(m, WG_ADDR(at, CONTEXT, FPR) + 8 * i, 8);
  c->vscr = WG_GET(m, at, CONTEXT, VSCR);
  for (unsigned i = 0; i < 128; i++)
    for (unsigned j = 0; j < 4; j++) c->vr[i].w[j] = (uint32_t)wg_kr(m, WG_ADDR(at, CONTEXT, VR) + 16 * i + 4 * j, 4);
}

static uint64_t stop(struct wg_kcall *k, struct seh *s, const char *what, uint32_t v, const char *why) {
  struct wg_buf b = {0};
  wg_buf_printf(&b, "%s 0x%08x %s", what, v, why);
  wg_exception(k->m, k->cpu, b.data);
  wg_buf_release(&b);
  free(s);
  k->state = WG_CALL_NO_RETURN;
  return 0;
}

static struct seh *any_resumed(struct wg_kcall *k) { return (struct seh *)(void *)wg_resumed(k, WG_RESUME_SEH); }
static struct seh *resumed(struct wg_kcall *k, enum seh_kind is) {
  struct seh *s = any_resumed(k);
  return s && s->is == is ? s : NULL;
}

// A walk that begins at the call's caller.
static struct seh *begin(struct wg_kcall *k, enum seh_kind is) {
  struct seh *s = wg_xcalloc(1, sizeof *s);
  s->is = is;
  // A function that faults may have saved registers below its stack pointer.
  s->area = ((uint32_t)k->cpu->gpr[1] - 0x200 - AREA_SIZE) & ~15u;
  s->next_cpu = *k->cpu;
  s->next_cpu.pc = k->lr & ~3u;
  s->next = (struct wg_unwind){.called = true, .frame = k->ctx->frames};
  s->context = WG_ADDR(s->area, SEH_AREA, CONTEXT);
  return s;
}

// To the next frame that has a handler, or the target: false at the stack's end. The frame's own registers are in
// s->body then.
static bool next_frame(struct wg_kcall *k, struct seh *s, struct wg_function *f) {
  for (;;) {
    bool found = wg_function_at(k->m, s->next_cpu.pc - (s->next.called ? 4 : 0), f);
    uint32_t control = s->next_cpu.pc - (s->next.called ? 4 : 0);
    s->body = s->next_cpu;
    s->body_frame = s->next.frame;
    s->next.cpu = &s->next_cpu;
    bool more = wg_unwind_step(k->m, &s->next, &s->sp);
    bool target = s->is == UNWIND && found && s->sp == s->target_sp;
    if (!found) f->handler = 0;
    s->pc = control;
    if (target || (found && f->handler)) return true;
    if (!more) return false;
  }
}

static void call_handler(struct wg_kcall *k, struct seh *s, const struct wg_function *f) {
  uint32_t d = WG_ADDR(s->area, SEH_AREA, DISPATCHER), e = WG_ADDR(s->area, SEH_AREA, FUNCTION);
  WG_PUT(k->m, e, FUNCTION_ENTRY, BEGIN, f->begin);
  WG_PUT(k->m, e, FUNCTION_ENTRY, END, f->end);
  WG_PUT(k->m, e, FUNCTION_ENTRY, HANDLER, f->handler);
  WG_PUT(k->m, e, FUNCTION_ENTRY, DATA, f->data);
  WG_PUT(k->m, e, FUNCTION_ENTRY, PROLOGUE_END, f->prologue_end);
  WG_PUT(k->m, d, DISPATCHER_CONTEXT, PC, s->pc);
  WG_PUT(k->m, d, DISPATCHER_CONTEXT, FUNCTION, e);
  WG_PUT(k->m, d, DISPATCHER_CONTEXT, FRAME, s->sp);
  WG_PUT(k->m, d, DISPATCHER_CONTEXT, CONTEXT, s->context);
  const uint32_t args[4] = {s->record, s->sp, s->context, d};
  wg_call_guest_below(k, s->area, f->handler, args, 4, &s->resume);
}

// The handlers of the frames, the innermost first, are asked.
static uint64_t dispatch(struct wg_kcall *k, struct seh *s) {
  struct wg_function f;
  if (s == NULL) return 0;
  if (k->resumed && (uint32_t)k->result == CONTINUE_EXECUTION) {
    if (WG_GET(k->m, s->record, EXCEPTION_RECORD, FLAGS) & NONCONTINUABLE)
      return stop(k, s, "exception", WG_GET(k->m, s->record, EXCEPTION_RECORD, CODE),
                  "cannot be continued, but a handler did");
    uint64_t cycle = k->cpu->cycle;
    read_context(k->m, s->context, k->cpu);
    k->cpu->cycle = cycle;
    free(s);
    k->state = WG_CALL_NO_RETURN;
    return 0;
  }
  if (!next_frame(k, s, &f))
    return stop(k, s, "the title raised exception", WG_GET(k->m, s->record, EXCEPTION_RECORD, CODE),
                "and no handler took it");
  call_handler(k, s, &f);
  return 0;
}

static uint64_t raise(struct wg_kcall *k, struct seh *s) {
  WG_PUT(k->m, s->record, EXCEPTION_RECORD, ADDRESS, k->lr);
  WG_PUT(k->m, WG_ADDR(s->area, SEH_AREA, POINTERS), EXCEPTION_POINTERS, RECORD, s->record);
  WG_PUT(k->m, WG_ADDR(s->area, SEH_AREA, POINTERS), EXCEPTION_POINTERS, CONTEXT, s->context);
  write_context(k->m, s->context, &s->next_cpu, k->lr);
  if (k->m->calls.fault) { // the caller of this body says so
    free(s);
    return 0;
  }
  return dispatch(k, s);
}

// --- faults ----------------------------------------------------------------------------------------------------

static struct wg_kcall at_fault(struct wg_machine *m, struct wg_ctx *ctx) {
  return (struct wg_kcall){
      .m = m, .ctx = ctx, .cpu = &ctx->cpu, .thread = ctx->thread, .lr = ctx->cpu.pc, .fault = true};
}

static bool anybody(struct wg_kcall *k, const struct seh *s) {
  struct seh *copy = wg_xcalloc(1, sizeof *copy);
  struct wg_function f;
  *copy = *s;
  bool found = next_frame(k, copy, &f);
  free(copy);
  return found;
}

static void fault_end(struct wg_kcall *k) {
  if (k->m->calls.fault) { // no room on the stack for what the handlers are given
    k->m->calls.fault = false;
    wg_exception(k->m, k->cpu, "the stack has no room for an exception");
  }
}

void wg_fault(struct wg_machine *m, struct wg_ctx *ctx, const struct wg_fault *f) {
  struct wg_kcall k = at_fault(m, ctx);
  struct seh *s = begin(&k, DISPATCH);
  s->next_cpu.pc = ctx->cpu.pc;
  s->next.called = false;
  if (!anybody(&k, s)) {
    free(s);
    wg_exception(m, &ctx->cpu, f->cause);
    return;
  }
  wg_emit_exception(m, &ctx->cpu, f->cause, true);
  s->record = WG_ADDR(s->area, SEH_AREA, RECORD);
  for (uint32_t i = 0; i < RECORD_SIZE; i += 4) wg_kw(m, s->record + i, 4, 0);
  WG_PUT(m, s->record, EXCEPTION_RECORD, CODE, f->code);
  WG_PUT(m, s->record, EXCEPTION_RECORD, COUNT, f->n);
  for (uint32_t i = 0; i < f->n; i++)
    wg_kw(m, WG_ADDR(s->record, EXCEPTION_RECORD, INFORMATION) + 4 * i, 4, f->info[i]);
  raise(&k, s);
  fault_end(&k);
}

void wg_fault_returned(struct wg_machine *m, struct wg_ctx *ctx, struct wg_resume *data, uint64_t result) {
  struct wg_kcall k = at_fault(m, ctx);
  k.resumed = true;
  k.result = result;
  k.data = data;
  dispatch(&k, resumed(&k, DISPATCH));
  fault_end(&k);
}

// Frame by frame to the target, whose registers the thread gets; each handler on the way hears of it.
static uint64_t unwind(struct wg_kcall *k, struct seh *s) {
  struct wg_function f;
  if (s == NULL) return 0;
  for (;;) {
    if (k->resumed && s->sp == s->target_sp) {
      uint64_t cycle = k->cpu->cycle;
      wg_guest_drop(k->m, k->ctx, s->body_frame);
      *k->cpu = s->body;
      k->cpu->cycle = cycle;
      k->cpu->gpr[3] = s->value;
      k->cpu->gpr[12] = s->sp;
      k->cpu->pc = s->target_pc & ~3u;
      free(s);
      k->state = WG_CALL_NO_RETURN;
      return 0;
    }
    if (!next_frame(k, s, &f)) return stop(k, s, "unwinding: frame", s->target_sp, "is not on the stack");
    uint32_t flags = WG_GET(k->m, s->record, EXCEPTION_RECORD, FLAGS) & ~(uint32_t)TARGET_UNWIND;
    WG_PUT(k->m, s->record, EXCEPTION_RECORD, FLAGS, flags | UNWINDING | (s->sp == s->target_sp ? TARGET_UNWIND : 0));
    write_context(k->m, s->context, &s->body, s->target_pc);
    if (f.handler) {
      call_handler(k, s, &f);
      return 0;
    }
    k->resumed = true; // the target without a handler: nobody to ask
  }
}

static uint64_t begin_unwind(struct wg_kcall *k, uint32_t target_sp, uint32_t target_pc, uint32_t record,
                             uint32_t value) {
  struct seh *s = begin(k, UNWIND);
  s->target_sp = target_sp;
  s->target_pc = target_pc;
  s->value = value;
  s->record = record;
  if (record == 0) {
    s->record = WG_ADDR(s->area, SEH_AREA, RECORD);
    for (uint32_t i = 0; i < RECORD_SIZE; i += 4) KW32(k, s->record + i, 0);
    WG_PUT(k->m, s->record, EXCEPTION_RECORD, CODE, STATUS_UNWIND);
    WG_PUT(k->m, s->record, EXCEPTION_RECORD, FLAGS, target_sp ? 0 : EXIT_UNWIND);
    WG_PUT(k->m, s->record, EXCEPTION_RECORD, ADDRESS, k->lr);
  }
  k->resumed = false;
  return unwind(k, s);
}

// (record*)
WG_CALL(RtlRaiseException, 1) {
  if (k->resumed) return dispatch(k, resumed(k, DISPATCH));
  if (KR32(k, A(0)) == SET_THREAD_NAME) return 0;
  struct seh *s = begin(k, DISPATCH);
  s->record = A(0);
  return raise(k, s);
}
uint64_t wg_raise_status(struct wg_kcall *k, uint32_t status) {
  if (k->resumed) return dispatch(k, resumed(k, DISPATCH));
  struct seh *s = begin(k, DISPATCH);
  s->record = WG_ADDR(s->area, SEH_AREA, RECORD);
  for (uint32_t i = 0; i < RECORD_SIZE; i += 4) KW32(k, s->record + i, 0);
  WG_PUT(k->m, s->record, EXCEPTION_RECORD, CODE, status);
  WG_PUT(k->m, s->record, EXCEPTION_RECORD, FLAGS, NONCONTINUABLE);
  return raise(k, s);
}
// (status)
WG_CALL(RtlRaiseStatus, 1) { return wg_raise_status(k, A(0)); }
// (frame, pc, record*, value): frames are known by the stack pointer that they were entered with.
WG_CALL(RtlUnwind, 4) { return k->resumed ? unwind(k, resumed(k, UNWIND)) : begin_unwind(k, A(0), A(1), A(2), A(3)); }

// One entry of a function's scope table {count, {begin, end, filter, target}}; a target of 0 makes the filter a
// termination handler.
struct scope {
  uint32_t begin, end, filter, target;
};

static bool scope_at(struct wg_kcall *k, uint32_t table, uint32_t i, struct scope *s) {
  uint32_t count = WG_GET(k->m, table, SCOPE_TABLE, COUNT);
  if (i >= count || i >= 4096 || k->m->calls.fault) return false;
  uint32_t at = table + WG_SIZEOF_SCOPE_TABLE + WG_SIZEOF_SCOPE * i;
  *s = (struct scope){WG_GET(k->m, at, SCOPE, BEGIN), WG_GET(k->m, at, SCOPE, END), WG_GET(k->m, at, SCOPE, FILTER),
                      WG_GET(k->m, at, SCOPE, TARGET)};
  return true;
}

// Filters and termination handlers are functions that find their frame in r12 (and r4).
static uint64_t call_scope(struct wg_kcall *k, struct seh *s, uint32_t fn, uint32_t argument) {
  const uint32_t args[2] = {argument, A(1)};
  wg_call_guest(k, fn, args, 2, &s->resume);
  k->cpu->gpr[12] = A(1);
  return 0;
}

static uint64_t search_scopes(struct wg_kcall *k, struct seh *s, uint32_t table, bool resumed) {
  struct scope x;
  for (; scope_at(k, table, s->scope, &x); s->scope++, resumed = false) {
    if (s->pc < x.begin || s->pc >= x.end || x.target == 0) continue;
    int32_t says = x.filter == 1 ? 1 : (int32_t)k->result;
    if (!resumed && x.filter != 1)
      return call_scope(k, s, x.filter, A(3) - WG_AT_SEH_AREA_DISPATCHER + WG_AT_SEH_AREA_POINTERS);
    if (says < 0) {
      free(s);
      return CONTINUE_EXECUTION;
    }
    if (says > 0) {
      free(s);
      return begin_unwind(k, A(1), x.target, A(0), WG_GET(k->m, A(0), EXCEPTION_RECORD, CODE));
    }
  }
  free(s);
  return CONTINUE_SEARCH;
}

static uint64_t end_scopes(struct wg_kcall *k, struct seh *s, uint32_t table, bool resumed) {
  struct scope x;
  bool target = WG_GET(k->m, A(0), EXCEPTION_RECORD, FLAGS) & TARGET_UNWIND;
  uint32_t target_pc = WG_GET(k->m, A(2), CONTEXT, IAR);
  if (resumed) s->scope++;
  for (; scope_at(k, table, s->scope, &x); s->scope++) {
    if (s->pc < x.begin || s->pc >= x.end) continue;
    if (target && ((target_pc >= x.begin && target_pc < x.end) || (x.target && target_pc == x.target))) break;
    if (x.target) continue;
    WG_PUT(k->m, A(3), DISPATCHER_CONTEXT, PC, x.end); // what it does itself is no longer inside
    return call_scope(k, s, x.filter, 1);
  }
  free(s);
  return CONTINUE_SEARCH;
}

// (record*, frame, context*, dispatcher*): the handler of functions with __try.
WG_CALL(__C_specific_handler, 4) {
  struct seh *s = k->resumed ? any_resumed(k) : NULL;
  if (k->resumed && s == NULL) return 0;
  if (s && s->is == UNWIND) return unwind(k, s);
  uint32_t table = WG_GET(k->m, WG_GET(k->m, A(3), DISPATCHER_CONTEXT, FUNCTION), FUNCTION_ENTRY, DATA);
  if (s == NULL) {
    s = wg_xcalloc(1, sizeof *s);
    s->is = SCOPES;
    s->pc = WG_GET(k->m, A(3), DISPATCHER_CONTEXT, PC);
  }
  bool ending = WG_GET(k->m, A(0), EXCEPTION_RECORD, FLAGS) & (UNWINDING | EXIT_UNWIND);
  return ending ? end_scopes(k, s, table, k->resumed) : search_scopes(k, s, table, k->resumed);
}
WG_CALL(RtlCaptureContext, 1) {
  write_context(k->m, A(0), k->cpu, k->lr);
  wg_json_hex(wg_out(k), "pc", k->lr);
  wg_json_hex(wg_out(k), "sp", k->cpu->gpr[1] & 0xFFFFFFFFu);
  wg_told(k, A(0)); // the other registers hold whatever they hold
  return 0;
}
// (frames to skip, most, addresses*, hash*): the return addresses above the caller.
WG_CALL(RtlCaptureStackBackTrace, 4) {
  struct wg_cpu *c = wg_xcalloc(1, sizeof *c);
  *c = *k->cpu;
  c->pc = k->lr & ~3u;
  struct wg_unwind u = {.cpu = c, .called = true, .frame = k->ctx->frames};
  uint32_t n = 0, sp, hash = 0;
  for (uint32_t i = 0; n < A(1) && i < 1024; i++) {
    if (i >= A(0)) {
      KW32(k, A(2) + 4 * n++, c->pc);
      hash += c->pc;
    }
    if (!wg_unwind_step(k->m, &u, &sp)) break;
  }
  if (A(3)) KW32(k, A(3), hash);
  free(c);
  return n;
}

WG_CALL(RtlUnwind2, 5) { return wg_k_RtlUnwind(k); }

struct wg_resume *wg_seh_state(struct wg_archive *a, struct wg_machine *m, struct wg_ctx *ctx, struct wg_resume *r) {
  struct seh *s = wg_ar_loading(a) ? wg_xcalloc(1, sizeof *s) : (struct seh *)(void *)r;
  uint32_t is = wg_ar_kind(a, s->is, SCOPES + 1);
  if (wg_ar_loading(a)) s->is = (enum seh_kind)is;
  uint32_t *const words[] = {&s->record,    &s->context, &s->area,  &s->sp, &s->target_sp,
                             &s->target_pc, &s->value,   &s->scope, &s->pc};
  (void)m;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) wg_ar_u32(a, words[i]);
  wg_ar_bool(a, &s->next.called);
  wg_ar_u32(a, &s->next.steps);
  wg_ar_frame(a, ctx, &s->next.frame);
  wg_ar_frame(a, ctx, &s->body_frame);
  wg_saved_cpu_state(a, ctx, &s->next_cpu);
  wg_saved_cpu_state(a, ctx, &s->body);
  return &s->resume;
}

// APCs: which may run, what they interrupt, and what goes on after them (docs/console.md#threads).
#include <stdlib.h>
#include <string.h>

#include "emu/kernel/kernel.h"

#define BELOW 0x200u     // of the stack that an APC leaves alone: what leaf code keeps below its stack pointer
#define PARAMETERS 0x80u // above an APC's stack pointer: what a kernel routine may change
#define APC_LEVEL 1

// --- the level of a thread ------------------------------------------------------------------------------

static bool where_loaded(const struct wg_machine *m, const struct wg_thread *t, unsigned *hw) {
  for (*hw = 0; *hw < WG_HW_THREADS; ++*hw)
    if (m->sched.hw[*hw].q.current == &t->run) return true;
  return false;
}

static uint8_t irql_of(const struct wg_machine *m, const struct wg_thread *t) {
  unsigned hw;
  if (!where_loaded(m, t, &hw)) return t->irql;
  return m->sched.hw[hw].irq_active ? m->sched.hw[hw].irq_before : m->sched.hw[hw].irql;
}

static void set_irql(struct wg_machine *m, struct wg_thread *t, uint8_t irql) {
  unsigned hw;
  if (!where_loaded(m, t, &hw))
    t->irql = irql;
  else if (m->sched.hw[hw].irq_active)
    m->sched.hw[hw].irq_before = irql;
  else if (m->sched.hw[hw].irql != irql)
    wg_set_irql(m, hw, irql);
}

// --- the queues -----------------------------------------------------------------------------------------

static struct wg_apc take(struct wg_machine *m, struct wg_apc_queue *q) {
  struct wg_apc *first = q->first, apc = *first;
  q->first = first->next;
  m->bounds.apcs--;
  free(first);
  return apc;
}

static void no_longer_queued(struct wg_machine *m, uint32_t kapc) {
  if (kapc) WG_POKE(m, kapc, KAPC, QUEUED, 0);
}

// False: it is not queued.
static bool remove_apc(struct wg_machine *m, struct wg_thread *t, uint32_t kapc) {
  for (unsigned mode = 0; mode < WG_APC_MODES; mode++) {
    struct wg_apc_queue *q = &t->apcs[mode];
    struct wg_apc *before = NULL;
    for (struct wg_apc *a = q->first; a; before = a, a = a->next) {
      wg_work(m, 1);
      if (a->kapc != kapc) continue;
      *(before ? &before->next : &q->first) = a->next;
      if (q->last == a) q->last = before;
      m->bounds.apcs--;
      free(a);
      no_longer_queued(m, kapc);
      return true;
    }
  }
  return false;
}

static struct wg_apc_frame *pop_apc(struct wg_machine *m, struct wg_thread *t) {
  struct wg_apc_frame *f = t->apc_frames;
  t->apc_frames = f->below;
  m->bounds.frames--;
  return f;
}

static void drop(struct wg_machine *m, struct wg_thread *t) {
  struct wg_apc_frame *f = pop_apc(m, t);
  wg_wait_forget(m, f->held);
  free(f);
}

void wg_apcs_free(struct wg_machine *m, struct wg_thread *t) {
  for (unsigned mode = 0; mode < WG_APC_MODES; mode++)
    while (t->apcs[mode].first) take(m, &t->apcs[mode]);
  while (t->apc_frames) drop(m, t);
}

void wg_apcs_let_go(struct wg_thread *t) {
  for (struct wg_apc_frame *f = t->apc_frames; f; f = f->below)
    if (f->held) f->held->wait.count = 0;
}

// --- running one ----------------------------------------------------------------------------------------

static void tell_start(struct wg_machine *m, const struct wg_thread *t, const struct wg_apc *apc, uint32_t entry) {
  struct wg_event e;
  const uint64_t given[] = {apc->arg1, apc->arg2};
  wg_emit_init(m, &e, WG_EV_APC_START);
  e.tid = t->tid;
  e.cycle = t->ctx.cpu.cycle;
  wg_ev_hex(&e, WG_K_ENTRY, entry);
  wg_ev_hex(&e, WG_K_CTX, apc->ctx);
  wg_ev_hexes(&e, WG_K_ARGS, given, 2);
  if (apc->kapc) wg_ev_hex(&e, WG_K_GUEST_OBJECT, apc->kapc);
  wg_emit(m, &e);
}

static void enter_code(struct wg_thread *t, const struct wg_apc_frame *f, uint32_t fn, const uint32_t *args,
                       unsigned n) {
  struct wg_cpu *c = &t->ctx.cpu;
  c->gpr[1] = f->saved.gpr[1] - BELOW;
  for (unsigned i = 0; i < n; i++) c->gpr[3 + i] = args[i];
  c->lr = WG_APC_SENTINEL;
  c->pc = fn;
  c->reserved = false;
}

static void call_routine(struct wg_thread *t, struct wg_apc_frame *f) {
  const uint32_t args[] = {f->apc.ctx, f->apc.arg1, f->apc.arg2};
  f->phase = WG_APC_IN_ROUTINE;
  enter_code(t, f, f->apc.routine, args, 3);
}

static uint32_t parameters(const struct wg_apc_frame *f) { return (uint32_t)f->saved.gpr[1] - BELOW + PARAMETERS; }

// It gets the APC and where the normal routine and its arguments lie, which it may change.
static void call_kernel_routine(struct wg_machine *m, struct wg_thread *t, struct wg_apc_frame *f) {
  uint32_t at = parameters(f);
  const uint32_t words[] = {f->apc.routine, f->apc.ctx, f->apc.arg1, f->apc.arg2};
  const uint32_t args[] = {f->apc.kapc, at, at + 4, at + 8, at + 12};
  for (unsigned i = 0; i < 4; i++) wg_mem_w32(m->mem, at + 4 * i, words[i]); // a bad stack is the routine's to find
  f->phase = WG_APC_IN_KERNEL_ROUTINE;
  set_irql(m, t, APC_LEVEL);
  enter_code(t, f, f->apc.kernel, args, 5);
}

static bool on_its_stack(const struct wg_thread *t, uint64_t sp) {
  return (uint32_t)sp >= t->stack_limit && (uint32_t)sp < t->stack_base;
}

// APCs that were left by a jump (longjmp, RtlUnwind), not by their end: what they had interrupted is no longer on the
// stack.
static void drop_left(struct wg_machine *m, struct wg_thread *t) {
  uint64_t sp = t->ctx.cpu.gpr[1];
  while (t->apc_frames && on_its_stack(t, sp) && on_its_stack(t, t->apc_frames->saved.gpr[1]) &&
         (uint32_t)sp >= (uint32_t)t->apc_frames->saved.gpr[1])
    drop(m, t);
}

static bool has_room(struct wg_machine *m, struct wg_thread *t) {
  drop_left(m, t);
  if (m->bounds.frames < WG_MAX_FRAMES) return true;
  wg_limit(m, WG_L_FRAMES);
  return false;
}

static struct wg_apc_frame *push_apc(struct wg_machine *m, struct wg_thread *t, enum wg_apc_mode mode) {
  struct wg_apc_frame *f = wg_xcalloc(1, sizeof *f);
  f->apc = take(m, &t->apcs[mode]);
  f->mode = mode;
  if (mode != WG_APC_USER && t->run.state == WG_T_WAITING) f->held = wg_wait_hold(m, t);
  f->saved = t->ctx.cpu;
  f->irql = irql_of(m, t);
  f->below = t->apc_frames;
  f->within_kernel = mode == WG_APC_KERNEL || (f->below && f->below->within_kernel);
  t->apc_frames = f;
  m->bounds.frames++;
  no_longer_queued(m, f->apc.kapc);
  return f;
}

static void run(struct wg_machine *m, struct wg_thread *t, enum wg_apc_mode mode) {
  struct wg_apc_frame *f = push_apc(m, t, mode);
  tell_start(m, t, &f->apc, f->apc.routine ? f->apc.routine : f->apc.kernel);
  if (f->apc.kernel)
    call_kernel_routine(m, t, f);
  else
    call_routine(t, f);
}

// --- user APCs --------------------------------------------------------------------------------------------

bool wg_user_apc_waits(struct wg_machine *m, struct wg_thread *t) {
  return t->apcs[WG_APC_USER].first && has_room(m, t);
}

// Ends an alertable wait and points the thread at its first APC.
bool wg_deliver_user_apc(struct wg_machine *m, struct wg_thread *t) {
  if (!wg_user_apc_waits(m, t)) return false;
  if (t->run.state == WG_T_WAITING) wg_wait_end(m, t, STATUS_USER_APC, "apc", NULL);
  run(m, t, WG_APC_USER);
  return true;
}

// --- kernel APCs --------------------------------------------------------------------------------------------

// The queue whose first may run now; WG_APC_MODES: none.
static enum wg_apc_mode kernel_due(struct wg_machine *m, const struct wg_thread *t) {
  uint64_t disabled = 0;
  if (irql_of(m, t) >= APC_LEVEL) return WG_APC_MODES;
  if (t->apcs[WG_APC_SPECIAL].first) return WG_APC_SPECIAL;
  if (t->apcs[WG_APC_KERNEL].first == NULL || (t->apc_frames && t->apc_frames->within_kernel)) return WG_APC_MODES;
  wg_mem_r32(m->mem, WG_ADDR(t->kthread, KTHREAD, APCS_DISABLED), &disabled);
  return disabled ? WG_APC_MODES : WG_APC_KERNEL;
}

void wg_deliver_kernel_apcs(struct wg_machine *m, struct wg_thread *t) {
  if (t->apcs[WG_APC_SPECIAL].first == NULL && t->apcs[WG_APC_KERNEL].first == NULL) return;
  drop_left(m, t);
  enum wg_apc_mode mode = kernel_due(m, t);
  if (mode != WG_APC_MODES && has_room(m, t)) run(m, t, mode);
}

bool wg_queue_apc(struct wg_machine *m, struct wg_thread *t, enum wg_apc_mode mode, const struct wg_apc *apc) {
  if (t->ending) return false;
  if (m->bounds.apcs == WG_MAX_APCS) {
    wg_limit(m, WG_L_APCS);
    return false;
  }
  struct wg_apc *a = wg_xcalloc(1, sizeof *a);
  struct wg_apc_queue *q = &t->apcs[mode];
  *a = *apc;
  a->next = NULL;
  *(q->first ? &q->last->next : &q->first) = a;
  q->last = a;
  m->bounds.apcs++;
  // A thread that runs looks before its next turn; so does one that waits in no call: a render driver's for its frame.
  if (t->run.state != WG_T_WAITING || t->ctx.call == NULL) return true;
  if (mode != WG_APC_USER)
    wg_deliver_kernel_apcs(m, t);
  else if (t->wait.alertable)
    wg_deliver_user_apc(m, t);
  return true;
}

// --- the end of one, and of its thread ------------------------------------------------------------------

void wg_apc_returned(struct wg_machine *m, struct wg_thread *t) {
  struct wg_apc_frame *f = t->apc_frames;
  if (f->phase == WG_APC_IN_KERNEL_ROUTINE) {
    uint64_t words[4] = {0};
    for (unsigned i = 0; i < 4; i++) wg_mem_r32(m->mem, parameters(f) + 4 * i, &words[i]);
    set_irql(m, t, f->irql);
    f->apc.routine = (uint32_t)words[0];
    f->apc.ctx = (uint32_t)words[1];
    f->apc.arg1 = (uint32_t)words[2];
    f->apc.arg2 = (uint32_t)words[3];
    if (f->apc.routine) {
      call_routine(t, f);
      return;
    }
  }
  uint64_t cycle = t->ctx.cpu.cycle;
  pop_apc(m, t);
  t->ctx.cpu = f->saved;
  t->ctx.cpu.cycle = cycle;
  if (f->held) wg_wait_again(m, t, f->held);
  bool user = f->phase != WG_APC_IN_RUNDOWN && f->mode == WG_APC_USER;
  bool ends = f->phase == WG_APC_IN_RUNDOWN;
  free(f);
  if (ends)
    wg_thread_exit(m, t, t->exit_code);
  else if (user)
    wg_deliver_user_apc(m, t); // one alertable wait drains the queue
}

bool wg_rundown_apc(struct wg_machine *m, struct wg_thread *t, uint32_t code) {
  struct wg_apc_queue *q = &t->apcs[WG_APC_USER];
  t->ending = true;
  if (t != wg_cur_thread(m)) return false;
  while (q->first && q->first->rundown == 0) take(m, q);
  if (q->first == NULL || !has_room(m, t)) return false;
  while (t->apc_frames) drop(m, t);
  wg_guest_abandon(m, &t->ctx);
  struct wg_apc_frame *f = push_apc(m, t, WG_APC_USER);
  f->phase = WG_APC_IN_RUNDOWN;
  t->exit_code = code;
  f->apc.ctx = 0;
  tell_start(m, t, &f->apc, f->apc.rundown);
  enter_code(t, f, f->apc.rundown, &f->apc.kapc, 1);
  return true;
}

WG_CALL(KeRemoveQueueApc, 1) {
  for (size_t i = 0; i < k->m->threads.n; i++) {
    struct wg_thread *t = k->m->threads.list[i];
    wg_work(k->m, 1);
    if (remove_apc(k->m, t, A(0))) return 1;
  }
  return 0;
}

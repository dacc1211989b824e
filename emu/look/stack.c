// The call stack. Each step to a caller is proven if it can be: by what the kernel has kept, by the function table and
// the prologue, by an epilogue carried out on a copy of the registers. Code that no table has is left by the back
// chain, and a frame says so.
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "emu/kernel/kernel.h"
#include "emu/kernel/unwind.h"
#include "emu/look/look.h"
#include "trace/branches.h"

#define BLR 0x4E800020u
#define EPILOGUE_STEPS 256u
#define SEARCH_BACK 4096u // instructions

struct walk {
  const struct wg_look *l;
  const struct wg_machine *m;
  struct wg_cpu cpu; // registers in the frame
  struct wg_unwind u;
  const struct wg_apc_frame *apc; // the innermost that runs and has not been passed
  struct wg_look_stack *out;
  size_t room;
};

static bool word_at(const struct walk *w, uint32_t addr, uint32_t *v) { return wg_mem_peek32(w->m->mem, addr, v); }

static struct wg_look_frame *push(struct walk *w, enum wg_frame_kind kind) {
  struct wg_look_stack *s = w->out;
  WG_VEC_ROOM(s->frames, w->room, s->n + 1);
  struct wg_look_frame *f = &s->frames[s->n++];
  *f = (struct wg_look_frame){.kind = kind, .called = w->u.called, .pc = w->cpu.pc, .sp = (uint32_t)w->cpu.gpr[1]};
  if (kind != WG_FRAME_CODE) f->by = WG_BY_KERNEL;
  return f;
}

// --- epilogues --------------------------------------------------------------------------------------

struct epilogue {
  const struct walk *w;
  struct wg_cpu c;
  uint32_t unknown; // general registers whose values are not followed
  bool moved_sp, has_lr;
  uint32_t back; // where the routine that it has called returns to; 0: it is in none
};
#define VOLATILE 0x1FF9u // r0, r3 to r12: a call leaves anything there

static void set(struct epilogue *e, unsigned r, uint64_t v) {
  e->c.gpr[r] = v;
  e->unknown &= ~(1u << r);
  if (r == 1) e->moved_sp = true;
}

static bool known(const struct epilogue *e, unsigned r) { return !(e->unknown >> r & 1); }

// r1 and lr may only get what is known.
static bool forget(struct epilogue *e, unsigned r) {
  e->unknown |= 1u << r;
  return r != 1;
}

static bool load(struct epilogue *e, unsigned rd, unsigned ra, int32_t d, bool wide) {
  uint32_t at = (uint32_t)(ra ? e->c.gpr[ra] : 0) + (uint32_t)d, hi, lo = 0;
  if (ra && !known(e, ra)) return forget(e, rd);
  if (!word_at(e->w, at, &hi) || (wide && !word_at(e->w, at + 4, &lo))) return false;
  set(e, rd, wide ? (uint64_t)hi << 32 | lo : hi);
  return true;
}

static bool extended(struct epilogue *e, uint32_t i) {
  unsigned rs = i >> 21 & 31, ra = i >> 16 & 31, rb = i >> 11 & 31;
  switch (i >> 1 & 1023) {
  case 444: // or, mr
    if (i & 1 || !known(e, rs) || !known(e, rb)) return !(i & 1) && forget(e, ra);
    set(e, ra, e->c.gpr[rs] | e->c.gpr[rb]);
    return true;
  case 467: // mtspr: lr, ctr
    if ((i >> 11 & 1023) == 0x120) return true;
    if ((i >> 11 & 1023) != 0x100 || !known(e, rs)) return false;
    e->c.lr = e->c.gpr[rs];
    e->has_lr = true;
    return true;
  case 144:                       // mtcrf
  case 103:                       // lvx
  case 359: return true;          // lvxl
  case 922:                       // extsh
  case 954:                       // extsb
  case 986: return forget(e, ra); // extsw
  default: return false;
  }
}

// One instruction of those that epilogues are made of; false of any other.
static bool epilogue_step(struct epilogue *e, uint32_t i) {
  unsigned rd = i >> 21 & 31, ra = i >> 16 & 31;
  int32_t d = (int16_t)i;
  switch (i >> 26) {
  case 4: return (i & 0x7F3) == 0x0C3 || (i & 0x7F3) == 0x2C3; // lvx128, lvxl128
  case 14:
  case 15: // addi, addis
    if (ra && !known(e, ra)) return forget(e, rd);
    set(e, rd, (ra ? e->c.gpr[ra] : 0) + (uint64_t)((int64_t)d * (i >> 26 == 15 ? 65536 : 1)));
    return true;
  case 21: return forget(e, ra); // rlwinm
  case 24:                       // ori
    if (!known(e, rd)) return forget(e, ra);
    set(e, ra, e->c.gpr[rd] | (i & 0xFFFF));
    return true;
  case 32: return load(e, rd, ra, d, false);
  case 34:                       // lbz
  case 40:                       // lhz
  case 42: return forget(e, rd); // lha
  case 48:                       // lfs
  case 50: return true;          // lfd
  case 58: return (i & 3) == 0 && load(e, rd, ra, d & ~3, true);
  case 31: return extended(e, i);
  default: return false;
  }
}

// Has what stands before pc, without a branch between, given the frame back?
static bool popped_before(const struct walk *w, uint32_t pc) {
  uint32_t i;
  for (uint32_t n = 1; n <= 24 && word_at(w, pc - 4 * n, &i); n++) {
    unsigned op = i >> 26;
    if (op == 16 || op == 18 || op == 19) return false;
    bool pops = (op == 14 && (i >> 16 & 0x3FF) == 0x21 && !(i & 0x8000)) || ((i >> 16) == 0x8021 && (i & 0xFFFF) == 0);
    if (pops) return true;
  }
  return false;
}

// If straight code leads from pc to a return, the caller's registers are what it leaves. A jump to another function at
// its end is a return, too, as far as the stack goes.
static bool through_epilogue(struct walk *w) {
  struct wg_function f;
  struct epilogue e = {.w = w, .c = w->cpu}, jump;
  // A routine that an epilogue calls to restore registers has returned, as it were.
  e.unknown = w->u.called ? VOLATILE : 0;
  e.has_lr = !w->u.called;
  bool table = wg_function_at(w->m, w->cpu.pc, &f), jumped = false;
  uint32_t i;
  for (unsigned n = 0; n < EPILOGUE_STEPS && word_at(w, e.c.pc, &i); n++) {
    if (i == BLR && e.back) {
      e.c.pc = e.back;
      e.back = 0;
      continue;
    }
    if (i == BLR && !e.has_lr) return false;
    if (i == BLR) {
      w->cpu = e.c;
      w->cpu.pc = (uint32_t)e.c.lr & ~3u;
      return true;
    }
    if (i >> 26 == 18) {
      uint32_t to = (uint32_t)((int32_t)(i << 6) >> 6 & ~3) + (i & 2 ? 0 : e.c.pc);
      if (i & 1) { // a routine that restores registers
        if (e.back) break;
        e.back = e.c.pc + 4;
        e.has_lr = false;
        e.c.pc = to;
        continue;
      }
      bool leaves = table && (to < f.begin || to >= f.end || to == f.begin);
      if (leaves && !jumped && e.has_lr && (e.moved_sp || popped_before(w, w->cpu.pc))) {
        jumped = true;
        jump = e;
      }
      e.c.pc = to;
      continue;
    }
    if (!epilogue_step(&e, i)) break;
    e.c.pc += 4;
  }
  if (!jumped) return false;
  w->cpu = jump.c;
  w->cpu.pc = (uint32_t)jump.c.lr & ~3u;
  return true;
}

// --- the back chain ---------------------------------------------------------------------------------

// Calls return behind a branch that sets lr.
static bool returns_here(const struct walk *w, uint32_t pc) {
  uint32_t i;
  if (wg_is_sentinel(pc)) return true;
  return pc % 4 == 0 && word_at(w, pc - 4, &i) && wg_branch_form(i) != WG_BRANCH_NONE && wg_branch_links(i);
}

// Where a frame keeps its return address: the System V ABI above the caller's stack pointer, the console's compiler
// below it.
static bool saved_return(const struct walk *w, uint32_t entry_sp, bool console, uint32_t *pc) {
  uint32_t above = 0, below = 0;
  bool a = word_at(w, entry_sp + 4, &above) && returns_here(w, above);
  bool b = word_at(w, entry_sp - 8, &below) && returns_here(w, below);
  *pc = a && (!b || !console) ? above : below;
  return a || b;
}

static void to_caller(struct walk *w, uint32_t pc, uint32_t sp) {
  w->cpu.pc = pc & ~3u;
  w->cpu.gpr[1] = sp;
  w->u.called = true;
}

// Its frame's push between begin and pc, if it is there and has been executed.
static bool pushed(const struct walk *w, uint32_t begin, uint32_t *entry_sp, bool *saved) {
  uint32_t pc = w->cpu.pc, sp = (uint32_t)w->cpu.gpr[1], i, chain;
  *saved = false;
  for (uint32_t n = 1; n <= SEARCH_BACK; n++) {
    uint32_t at = pc - 4 * n;
    if ((begin && at < begin) || !word_at(w, at, &i) || wg_insn_find(i) == NULL) return false;
    if (i >> 16 != 0x9421) continue; // stwu r1
    uint32_t size = (uint32_t) - (int16_t)i;
    if (!word_at(w, sp, &chain) || chain != sp + size) return false; // it has not come to that, or not this way
    *entry_sp = chain;
    for (uint32_t s = at - 32; s < pc; s += 4)
      if (word_at(w, s, &i) && i >> 26 == 36 && (i >> 16 & 31) == 1 &&
          (s < at ? (uint16_t)i == 4 : (uint16_t)i == size + 4))
        *saved = true;
    return true;
  }
  return false;
}

// Where the innermost function begins: at its symbol; or, as long as lr holds its caller, where that call leads. 0:
// nobody knows. A call that it has made itself bounds nothing that matters: its own push is nearer then.
static uint32_t function_begin(const struct walk *w, bool *thunk) {
  struct wg_place at = wg_look_place(w->l, w->cpu.pc);
  uint32_t lr = (uint32_t)w->cpu.lr, i, to;
  *thunk = at.call != NULL;
  if (at.symbol) return at.symbol->addr;
  if (lr % 4 || !word_at(w, lr - 4, &i) || i >> 26 != 18) return 0;
  to = (uint32_t)((int32_t)(i << 6) >> 6 & ~3) + (i & 2 ? 0 : lr - 4);
  return to <= w->cpu.pc ? to : 0;
}

static enum wg_frame_by by_chain(struct walk *w, const struct wg_module *x) {
  uint32_t sp = (uint32_t)w->cpu.gpr[1], lr = (uint32_t)w->cpu.lr, entry_sp = 0, pc;
  bool console = x && x->image && x->image->pdata;
  if (!w->u.called) {
    bool saved, thunk;
    uint32_t begin = function_begin(w, &thunk);
    if (thunk || !pushed(w, begin, &entry_sp, &saved)) {
      if (!returns_here(w, lr) || lr == w->cpu.pc) return WG_BY_NOTHING;
      to_caller(w, lr, sp);
      return WG_BY_LEAF;
    }
    if (!saved && returns_here(w, lr)) {
      to_caller(w, lr, entry_sp);
      return WG_BY_CHAIN;
    }
  } else if (!word_at(w, sp, &entry_sp) || entry_sp <= sp || entry_sp % 4) {
    return WG_BY_NOTHING;
  }
  if (!saved_return(w, entry_sp, console, &pc)) return WG_BY_NOTHING;
  to_caller(w, pc, entry_sp);
  return WG_BY_CHAIN;
}

// A function with a second entry, as a termination handler has, can be in the prologue of that, behind one that has
// moved r1: it has called nobody yet, as lr shows, and what lies at r1 is no frame of such a size.
static bool not_pushed_yet(const struct walk *w, const struct wg_function *f) {
  uint32_t pc = w->cpu.pc, sp = (uint32_t)w->cpu.gpr[1], lr = (uint32_t)w->cpu.lr, i, chain;
  bool pushes = false;
  if (!word_at(w, sp, &chain) || !returns_here(w, lr) || (lr >= f->begin && lr < f->end)) return false;
  for (uint32_t at = f->begin; at < pc && word_at(w, at, &i); at += 4) {
    if ((i & 0xFFFF07FF) == 0x7C21016E) return false; // stwux: of any size
    if (i >> 16 != 0x9421) continue;
    if (chain == sp + (uint32_t) - (int16_t)i) return false;
    pushes = true;
  }
  return pushes;
}

// --- the walk ---------------------------------------------------------------------------------------

static bool ends(struct walk *w, bool whole, const char *why) {
  w->out->whole = whole;
  w->out->end = why;
  return false;
}

static bool back_from_apc(struct walk *w) {
  if (w->apc == NULL) return ends(w, false, "an APC's end, but none is running");
  const struct wg_apc_frame *f = w->apc;
  push(w, WG_FRAME_APC);
  w->cpu = f->saved;
  w->apc = f->below;
  w->u.called = f->mode == WG_APC_USER; // its wait has returned to there; a kernel APC comes anywhere
  if (f->held && f->held->call) {
    push(w, WG_FRAME_CALL)->call = f->held->call;
    to_caller(w, f->held->call_lr, (uint32_t)w->cpu.gpr[1]);
  }
  return true;
}

static bool back_from_kernel(struct walk *w) {
  const struct wg_frame *below = NULL;
  struct wg_frame *next;
  uint32_t lr, entry_sp;
  uint64_t work;
  bool fault;
  if (w->u.frame == NULL) return ends(w, false, "the kernel's own return address, but no call runs guest code");
  const struct wg_export *call = wg_frame_call(w->u.frame, &lr, &below);
  const struct wg_cpu *saved = wg_frame_saved(w->u.frame, &next, &fault);
  struct wg_look_frame *f = push(w, call ? WG_FRAME_CALL : fault ? WG_FRAME_FAULT : WG_FRAME_START);
  f->call = call;
  f->pc = saved->pc;
  f->sp = (uint32_t)saved->gpr[1];
  f->called = false;
  wg_unwind_look(w->m, &w->u, &entry_sp, &work);
  return true;
}

// What stands at the sentinels; true: the walk goes on there. `*passed`: it was one.
static bool at_sentinel(struct walk *w, bool *passed) {
  const struct wg_ctx *ctx = w->l->ctx;
  *passed = true;
  switch (w->cpu.pc) {
  case WG_RETURN_SENTINEL: return ends(w, ctx->thread != NULL, "the thread began here");
  case WG_IRQ_SENTINEL: return ends(w, ctx->thread == NULL, "the interrupt began here");
  case WG_APC_SENTINEL: return back_from_apc(w);
  case WG_CALL_SENTINEL: return back_from_kernel(w);
  default: *passed = false; return true;
  }
}

static bool step(struct walk *w, struct wg_look_frame *f) {
  const struct wg_module *x = wg_module_containing(w->m, w->cpu.pc);
  struct wg_function table;
  struct wg_cpu before = w->cpu;
  uint32_t entry_sp;
  uint64_t work = 0;
  bool has = wg_function_at(w->m, w->u.called ? w->cpu.pc - 4 : w->cpu.pc, &table);
  if (has) f->function = table.begin;
  // The innermost code may be a routine that a prologue or an epilogue calls to save or restore registers.
  const struct wg_look_frame *callee = w->out->n > 1 ? &w->out->frames[w->out->n - 2] : NULL;
  bool helped = w->u.called && callee && callee->kind == WG_FRAME_CODE && !callee->called &&
                callee->by != WG_BY_CHAIN; // which restores r1 alone
  if ((!w->u.called || helped) && through_epilogue(w)) {
    bool frameless = (uint32_t)before.gpr[1] == (uint32_t)w->cpu.gpr[1] && before.lr == w->cpu.lr && !has;
    f->by = frameless ? WG_BY_LEAF : WG_BY_EPILOGUE;
    w->u.called = true;
    return true;
  }
  if (has && !w->u.called && not_pushed_yet(w, &table)) {
    to_caller(w, (uint32_t)w->cpu.lr, (uint32_t)w->cpu.gpr[1]);
    f->by = WG_BY_TABLE;
    return true;
  }
  if (has) {
    bool called = w->u.called;
    switch (wg_unwind_look(w->m, &w->u, &entry_sp, &work)) {
    case WG_STEP_CALLER:
    case WG_STEP_FIRST: // pc is the sentinel then
      f->by = WG_BY_TABLE;
      if (called && entry_sp <= f->sp && !(helped && before.pc - 4 < table.prologue_end))
        return ends(w, false, "its function has called without a frame of its own");
      return true;
    case WG_STEP_BROKEN: return ends(w, false, "its function calls, but its prologue keeps no return address");
    case WG_STEP_TOO_DEEP:
    case WG_STEP_UNKNOWN: return ends(w, false, "the function table leads no further");
    }
  }
  bool leaf = !w->u.called && x && x->image && x->image->pdata && w->cpu.pc != (uint32_t)w->cpu.lr;
  if (leaf && returns_here(w, (uint32_t)w->cpu.lr)) {
    to_caller(w, (uint32_t)w->cpu.lr, (uint32_t)w->cpu.gpr[1]);
    f->by = WG_BY_LEAF;
    return true;
  }
  f->by = by_chain(w, x);
  if (f->by != WG_BY_NOTHING) return true;
  return ends(w, false,
              w->u.called ? "no function table has this code, and no return address is where its back chain leads"
                          : "no function table has this code, and lr holds no return address");
}

void wg_look_stack(const struct wg_look *l, struct wg_look_stack *out) {
  *out = (struct wg_look_stack){.whole = false};
  struct walk *w = wg_xcalloc(1, sizeof *w);
  const struct wg_ctx *ctx = l->ctx;
  *w = (struct walk){
      .l = l, .m = l->m, .cpu = ctx->cpu, .out = out, .apc = ctx->thread ? ctx->thread->apc_frames : NULL};
  w->u = (struct wg_unwind){.cpu = &w->cpu, .frame = ctx->frames};
  bool more = true, passed;
  uint32_t word;
  if (ctx->thread && ctx->thread->run.state == WG_T_EXITED) {
    more = ends(w, true, "the thread has ended");
  } else if (ctx->call) {
    push(w, WG_FRAME_CALL)->call = ctx->call;
    to_caller(w, ctx->call_lr, (uint32_t)w->cpu.gpr[1]);
  }
  while (more) {
    more = at_sentinel(w, &passed);
    if (passed) continue;
    size_t at = out->n;
    push(w, WG_FRAME_CODE);
    if (!word_at(w, w->u.called ? w->cpu.pc - 4 : w->cpu.pc, &word))
      more = ends(w, false, "there is no code at this address");
    else if (out->n == WG_LOOK_FRAMES)
      more = ends(w, false, "further frames are not shown");
    else {
      struct wg_look_frame f = out->frames[at];
      more = step(w, &f);
      out->frames[at] = f;
    }
  }
  free(w);
}

void wg_look_stack_release(struct wg_look_stack *s) {
  free(s->frames);
  *s = (struct wg_look_stack){.n = 0};
}

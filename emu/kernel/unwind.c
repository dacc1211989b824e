#include "emu/kernel/unwind.h"

#include <string.h>

#define ENTRY ((uint32_t)WG_SIZEOF_RUNTIME_FUNCTION)
#define PREFIX(f, field) WG_ADDR((f)->begin - WG_SIZEOF_FUNCTION_PREFIX, FUNCTION_PREFIX, field)
#define MAX_PROLOGUE 255u
#define MAX_STEPS 10000u

bool wg_function_at(const struct wg_machine *m, uint32_t pc, struct wg_function *f) {
  const struct wg_module *x = wg_module_containing(m, pc);
  if (x == NULL || x->image->pdata == 0) return false;
  uint32_t lo = 0, hi = x->image->pdata_size / ENTRY;
  uint32_t begin = 0, info = 0;
  // The last entry that begins at or before pc.
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (!wg_mem_peek32(m->mem, x->image->pdata + ENTRY * mid, &begin)) return false;
    if (begin && begin <= pc)
      lo = mid + 1;
    else
      hi = mid;
  }
  if (lo == 0) return false;
  uint32_t at = x->image->pdata + ENTRY * (lo - 1);
  if (!wg_mem_peek32(m->mem, at, &begin) || !wg_mem_peek32(m->mem, WG_ADDR(at, RUNTIME_FUNCTION, INFO), &info))
    return false;
  *f = (struct wg_function){.begin = begin};
  f->end = f->begin + 4 * (info >> 8 & 0x3FFFFF);
  f->prologue_end = f->begin + 4 * (info & 0xFF);
  uint32_t handler = 0, data = 0;
  if (info >> 31 && wg_mem_peek32(m->mem, PREFIX(f, HANDLER), &handler) &&
      wg_mem_peek32(m->mem, PREFIX(f, DATA), &data)) {
    f->handler = handler;
    f->data = data;
  }
  return pc < f->end;
}

// --- prologues -------------------------------------------------------------------------------------

// What a general register holds while a prologue runs, as far as saves need it.
struct value {
  enum { UNKNOWN, NUMBER, STACK, LINK } is; // STACK: offset from the stack pointer at entry
  int32_t v;
};

struct prologue {
  const struct wg_machine *m;
  struct value r[32];
  uint32_t entry_sp;
  bool pushed; // r1 was moved down
  struct wg_cpu restored;
  bool link_saved;
  unsigned left; // instructions that may still be looked at
};

static uint32_t load32(struct prologue *p, uint32_t addr) {
  uint32_t v = 0;
  wg_mem_peek32(p->m->mem, addr, &v);
  return v;
}

static uint64_t load64(struct prologue *p, uint32_t addr) {
  return (uint64_t)load32(p, addr) << 32 | load32(p, addr + 4);
}

static bool stack_at(const struct prologue *p, unsigned ra, int32_t offset, uint32_t *addr) {
  if (p->r[ra].is != STACK) return false;
  *addr = p->entry_sp + (uint32_t)(p->r[ra].v + offset);
  return true;
}

static void save_vector(struct prologue *p, unsigned vr, unsigned ra, unsigned rb) {
  const struct value *a = &p->r[ra], *b = &p->r[rb];
  bool known = (a->is == STACK && b->is == NUMBER) || (a->is == NUMBER && b->is == STACK);
  uint32_t addr = (p->entry_sp + (uint32_t)(a->v + b->v)) & ~15u;
  if (known)
    for (unsigned i = 0; i < 4; i++) p->restored.vr[vr].w[i] = load32(p, addr + 4 * i);
}

static void prologue_step(struct prologue *p, uint32_t w);

// The compiler's shared save routines: straight code up to blr.
static void called_code(struct prologue *p, uint32_t at) {
  uint32_t w;
  while (p->left && wg_mem_peek32(p->m->mem, at, &w) && w != 0x4E800020u) {
    p->left--;
    if ((w >> 26) != 18) prologue_step(p, w);
    at += 4;
  }
}

// One instruction of a prologue: moves of the stack pointer, saves of registers, and the constants that address them.
static void prologue_step(struct prologue *p, uint32_t w) {
  unsigned op = w >> 26, rs = w >> 21 & 31, ra = w >> 16 & 31, rb = w >> 11 & 31;
  int32_t d = (int16_t)w, ds = (int16_t)(w & 0xFFFC);
  uint32_t addr;
  switch (op) {
  case 14: // addi
    p->r[rs] = ra == 0 ? (struct value){NUMBER, d} : p->r[ra];
    if (ra) p->r[rs].v += d;
    break;
  case 15: p->r[rs] = (struct value){ra == 0 ? NUMBER : UNKNOWN, (int32_t)((uint32_t)d << 16)}; break; // addis
  case 24:                                                                                             // ori
    if (p->r[rs].is == NUMBER) p->r[ra] = (struct value){NUMBER, p->r[rs].v | (int32_t)(w & 0xFFFF)};
    break;
  case 36: // stw
    if (p->r[rs].is == LINK && stack_at(p, ra, d, &addr)) {
      p->restored.lr = load32(p, addr);
      p->link_saved = true;
    } else if (rs >= 13 && stack_at(p, ra, d, &addr)) {
      p->restored.gpr[rs] = load32(p, addr);
    }
    break;
  case 37: // stwu r1
    if (rs == 1 && ra == 1) {
      p->r[1] = (struct value){STACK, d};
      p->pushed = true;
    }
    break;
  case 54: // stfd
    if (stack_at(p, ra, d, &addr)) p->restored.fpr[rs] = load64(p, addr);
    break;
  case 62: // std
    if ((w & 3) == 0 && rs >= 13 && stack_at(p, ra, ds, &addr)) p->restored.gpr[rs] = load64(p, addr);
    break;
  case 4: // stvx128: the register's upper bits lie in bits 2 and 3 of the word
    if ((w & 0x7F3) == 0x1C3) save_vector(p, rs | (w >> 2 & 3) << 5, ra, rb);
    break;
  case 31:
    switch (w >> 1 & 1023) {
    case 339: // mflr
      if ((w >> 11 & 1023) == 0x100) p->r[rs] = (struct value){LINK, 0};
      break;
    case 444: // mr
      if (rs == rb) p->r[ra] = p->r[rs];
      break;
    case 183: // stwux r1,r1,rB
      if (rs == 1 && ra == 1) {
        p->r[1] = p->r[rb].is == NUMBER ? (struct value){STACK, p->r[rb].v} : (struct value){UNKNOWN, 0};
        p->pushed = true;
      }
      break;
    case 231: // stvx
      save_vector(p, rs, ra, rb);
      break;
    default: break;
    }
    break;
  default: break;
  }
}

// How far an unfinished or finished prologue had come, without looking at saves: whether r1 was moved.
static bool has_pushed(const struct wg_machine *m, const struct wg_function *f, uint32_t until) {
  uint32_t w;
  for (uint32_t at = f->begin; at < until && wg_mem_peek32(m->mem, at, &w); at += 4)
    if ((w & 0xFFFF0000u) == 0x94210000u || (w & 0xFFFF07FFu) == 0x7C21016Eu) return true;
  return false;
}

static void read_prologue(struct prologue *p, const struct wg_function *f, uint32_t until) {
  uint32_t w;
  for (uint32_t at = f->begin; at < until && p->left && wg_mem_peek32(p->m->mem, at, &w); at += 4) {
    p->left--;
    if (w >> 26 == 18 && (w & 1))
      called_code(p, (w & 2 ? 0 : at) + (uint32_t)((int32_t)(w << 6) >> 6 & ~3));
    else
      prologue_step(p, w);
  }
}

static bool link_in_register(struct prologue *p) {
  for (unsigned i = 0; i < 32; i++) {
    if (p->r[i].is != LINK) continue;
    p->restored.lr = p->restored.gpr[i];
    return true;
  }
  return false;
}

static bool through_kernel(struct wg_unwind *u) {
  if (u->frame == NULL) return false;
  struct wg_cpu *c = u->cpu;
  bool fault;
  const struct wg_cpu *saved = wg_frame_saved(u->frame, &u->frame, &fault);
  uint64_t cycle = c->cycle;
  *c = *saved;
  c->cycle = cycle;
  if (!fault) c->pc = (uint32_t)c->lr; // the call's own thunk is a leaf
  u->called = !fault;
  return true;
}

// Out of a function of known bounds that no table has. `until`: where its prologue has come to.
static enum wg_step unwind_known(const struct wg_machine *m, struct wg_unwind *u, const struct wg_function *f,
                                 uint32_t *entry_sp, uint64_t *work) {
  struct wg_cpu *c = u->cpu;
  uint32_t pc = u->called ? c->pc - 4 : c->pc;
  uint32_t until = pc < f->prologue_end ? pc : f->prologue_end;
  uint32_t chain = (uint32_t)c->gpr[1];
  if (has_pushed(m, f, until) && !wg_mem_peek32(m->mem, (uint32_t)c->gpr[1], &chain)) return WG_STEP_BROKEN;
  struct prologue p = {.m = m, .entry_sp = chain, .restored = *c, .left = 4 * MAX_PROLOGUE};
  p.r[1] = (struct value){STACK, 0};
  read_prologue(&p, f, until);
  *work += 64 + 4 * (4 * MAX_PROLOGUE - p.left) + (until - f->begin) / 4;
  // It called, so it must have kept its return address: in memory, or in a register while its prologue calls a routine
  // that saves registers.
  if (u->called && !p.link_saved && !(pc < f->prologue_end && link_in_register(&p))) return WG_STEP_BROKEN;
  *entry_sp = p.entry_sp;
  *c = p.restored;
  c->gpr[1] = p.entry_sp;
  c->pc = (uint32_t)c->lr & ~3u;
  u->called = true;
  return c->pc != WG_RETURN_SENTINEL && c->pc != WG_APC_SENTINEL ? WG_STEP_CALLER : WG_STEP_FIRST;
}

enum wg_step wg_unwind_look(const struct wg_machine *m, struct wg_unwind *u, uint32_t *entry_sp, uint64_t *work) {
  struct wg_cpu *c = u->cpu;
  struct wg_function f;
  if (u->steps++ == MAX_STEPS) return WG_STEP_TOO_DEEP;
  *entry_sp = (uint32_t)c->gpr[1];
  if (c->pc == WG_CALL_SENTINEL) return through_kernel(u) ? WG_STEP_CALLER : WG_STEP_FIRST;
  if (wg_function_at(m, u->called ? c->pc - 4 : c->pc, &f)) return unwind_known(m, u, &f, entry_sp, work);
  // A leaf has neither a frame nor an entry; only the innermost function can be one.
  if (u->called || c->pc == (uint32_t)c->lr) return WG_STEP_UNKNOWN;
  c->pc = (uint32_t)c->lr & ~3u;
  u->called = true;
  return WG_STEP_CALLER;
}

bool wg_unwind_step(struct wg_machine *m, struct wg_unwind *u, uint32_t *entry_sp) {
  uint64_t work = 0;
  bool more = wg_unwind_look(m, u, entry_sp, &work) == WG_STEP_CALLER;
  if (work) wg_work(m, work);
  return more;
}

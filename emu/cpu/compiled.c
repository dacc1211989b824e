#include "emu/cpu/compiled.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "emu/cpu/branch.h"
#include "emu/cpu/keep.h"

// What was before: a handler for each entry of a page.
struct page {
  struct page *next, **link;   // of all that there are
  wg_handler *fn[WG_PAGE_OPS]; // NULL: no entry
  bool both[WG_PAGE_OPS];
};

struct wg_compiled {
  struct wg_compiler compiler;
  struct page **pages; // [1 << 20], NULL: nothing is installed
  struct page *first;
  uint64_t forgotten; // how often something was taken out
};

struct wg_compiled *wg_compiled_create(const struct wg_compiler *compiler) {
  struct wg_compiled *x = wg_xcalloc(1, sizeof *x);
  x->compiler = *compiler;
  x->pages = wg_xcalloc(1u << 20, sizeof *x->pages);
  return x;
}

static struct page *page_of(struct wg_compiled *x, uint32_t page) {
  if (x->pages[page]) return x->pages[page];
  struct page *p = wg_xcalloc(1, sizeof *p);
  p->next = x->first;
  p->link = &x->first;
  if (p->next) p->next->link = &p->next;
  return x->pages[page] = x->first = p;
}

static void page_free(struct page *p) {
  *p->link = p->next;
  if (p->next) p->next->link = p->link;
  free(p);
}

void wg_compiled_free(struct wg_compiled *x) {
  if (x == NULL) return;
  for (struct page *p = x->first, *next; p; p = next) {
    next = p->next;
    free(p);
  }
  free(x->pages);
  free(x);
}

void wg_compiled_often(const struct wg_cpu *c, uint32_t pc) {
  const struct wg_compiled *x = wg_code_compiled(c->code);
  if (x) x->compiler.often(x->compiler.ctx, c, pc);
}

void wg_compiled_turn(const struct wg_cpu *c) {
  const struct wg_compiled *x = wg_code_compiled(c->code);
  if (x) x->compiler.turn(x->compiler.ctx, c);
}

uintptr_t wg_compiled_refused(const struct wg_cpu *c, uintptr_t at) {
  const struct wg_compiled *x = wg_code_compiled(c->code);
  return x ? x->compiler.refused(x->compiler.ctx, at) : 0;
}

bool wg_compiled_install(struct wg_code *code, uint32_t page, const uint16_t *places, size_t n, wg_handler *fn) {
  struct wg_compiled *x = wg_code_compiled(code);
  struct wg_op *ops = wg_code_pages(code)[page];
  if (ops == NULL) return false;
  struct page *p = page_of(x, page);
  for (size_t i = 0; i < n; i++) {
    struct wg_op *o = &ops[places[i]];
    if (wg_is_not_decoded(o->fn)) wg_code_decode(code, o);
    if (p->fn[places[i]] == NULL) {
      p->fn[places[i]] = o->fn;
      p->both[places[i]] = o->pc & 1;
      o->pc &= ~3u;
    }
    o->fn = fn;
  }
  return true;
}

void wg_compiled_executed(struct wg_code *code, uint32_t page, bool out[WG_PAGE_OPS]) {
  const struct wg_op *ops = wg_code_pages(code)[page];
  for (size_t i = 0; i < WG_PAGE_OPS; i++) out[i] = ops && !wg_is_not_decoded(ops[i].fn);
}

void wg_compiled_forget(struct wg_compiled *x, struct wg_op *ops, uint32_t page) {
  struct page *p = x ? x->pages[page] : NULL;
  if (p == NULL) return;
  for (size_t i = 0; i < WG_PAGE_OPS; i++) {
    if (p->fn[i] == NULL) continue;
    ops[i].fn = p->fn[i];
    ops[i].pc |= p->both[i];
  }
  page_free(p);
  x->pages[page] = NULL;
  x->forgotten++;
  x->compiler.gone(x->compiler.ctx, page);
}

// The handler that an op would have without a compiler, and whether that executes the next one as well.
static wg_handler *original(const struct wg_compiled *x, const struct wg_op *o, bool *both) {
  const struct page *p = x ? x->pages[o->pc >> 12] : NULL;
  size_t place = o->pc >> 2 & (WG_PAGE_OPS - 1);
  bool entry = p && p->fn[place];
  *both = entry ? p->both[place] : o->pc & 1;
  return entry ? p->fn[place] : o->fn;
}

// --- what compiled code calls -------------------------------------------------------------------------------

// Decisions that were put aside (keep.S) and the trail behind them: at most a word, and what is left.
static uint64_t whole(struct wg_cpu *c, uint64_t trail) {
  struct wg_branches *b = c->branches;
  uint64_t before = c->trail_before;
  unsigned n = 63 - (unsigned)__builtin_clzll(trail), room = (unsigned)__builtin_clzll(before);
  c->trail_before = 1;
  if (n < room) return before << n | (trail ^ 1ull << n);
  WG_ASSERT(b->nwords <= WG_KEEP_MOST_WORDS, "a packet never ends where what was put aside comes back");
  b->words[b->nwords++] = (before << room | (trail ^ 1ull << n) >> (n - room)) & INT64_MAX;
  return 1ull << (n - room) | (trail & ((1ull << (n - room)) - 1));
}

static uint64_t stopped(struct wg_cpu *c) {
  c->branches->trail = whole(c, c->branches->trail);
  return WG_JIT_STOPPED;
}

static const struct wg_op *op_done(WG_HOT_ARGS) {
  (void)c;
  (void)o;
  (void)k;
  (void)trail;
  (void)base;
  (void)flags;
  return NULL;
}

// The instruction at `o` alone, which is no branch. It may change the code that called this.
static uint64_t step_alone(WG_HOT_ARGS) {
  struct wg_compiled *x = wg_code_compiled(c->code);
  uint64_t before = x->forgotten, e = wg_e_of(k, o);
  struct wg_op two[2] = {*o, {.fn = op_done, .pc = WG_PC(o) + 4}};
  bool both;
  two[0].fn = original(x, o, &both);
  two[0].pc = WG_PC(o);
  if (both || wg_is_not_decoded(two[0].fn)) {
    c->pc = WG_PC(o);
    c->cycle = e / sizeof *o;
    if (!wg_decode_step(c, two)) {
      fault(c, WG_STOP_FETCH, c->pc);
      c->branches->trail = trail;
      return stopped(c);
    }
    two[1].fn = op_done;
  }
  const struct wg_op *at = two;
  k = e - (uintptr_t)two;
  while (at && at != &two[1]) at = at->fn(c, at, k, trail, base, flags);
  if (c->stop != WG_STOP_NONE) return stopped(c);
  return x->forgotten == before ? WG_JIT_GO_ON : WG_JIT_LEAVE;
}

// It is called with the vector registers as they are (keep.S), and leaves them so.
#if defined(__x86_64__) && defined(__clang__)
#define GENERAL_REGISTERS __attribute__((target("general-regs-only"), no_sanitize("coverage")))
#elif defined(__x86_64__)
#define GENERAL_REGISTERS __attribute__((target("general-regs-only")))
#else
#define GENERAL_REGISTERS
#endif

_Static_assert(sizeof(struct wg_cpu) <= UINT16_MAX && sizeof(struct wg_jit_kept) == 8, "what is kept is told briefly");

GENERAL_REGISTERS
static void put_late(const struct wg_cpu *c, uint8_t *to, enum wg_jit_what what, uint64_t v) {
  switch (what) {
  case WG_JIT_BYTE: *to = (uint8_t)v; return;
  case WG_JIT_WHOLE_REGISTER: *(uint64_t *)(void *)to = v; return;
  case WG_JIT_HALF: *(uint32_t *)(void *)to = (uint32_t)v; return;
  case WG_JIT_FIELD:
    for (unsigned bit = 0; bit < 4; bit++) to[bit] = wg_jit_order_has((int64_t)v, bit, c->so);
    return;
  case WG_JIT_FIELD_BITS:
    for (unsigned bit = 0; bit < 4; bit++) to[bit] = v >> bit & 1;
    return;
  }
}

// The registers as DWARF numbers them; `back` is where the call came from (jit/backend.h).
GENERAL_REGISTERS
void wg_compiled_left(struct wg_cpu *c, const struct wg_jit_frames *frames, const uint64_t *regs, uint64_t back) {
  const struct wg_jit_frame *f = (const struct wg_jit_frame *)(frames + 1);
  const uint8_t *p = (const uint8_t *)(f + frames->n);
  const struct wg_jit_kept *kept = (const struct wg_jit_kept *)(const void *)(p + (uintptr_t)p % 8);
  uint64_t at = back - ((uintptr_t)frames - frames->after);
  size_t low = 0, high = frames->n;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (f[mid].back < at)
      low = mid + 1;
    else
      high = mid;
  }
  WG_ASSERT(low < frames->n && f[low].back == at, "compiled code is left where it says so");
  for (size_t i = 0; i < f[low].n; i++) {
    const struct wg_jit_kept *k = &kept[f[low].first + i];
    uint64_t v = k->where == WG_JIT_CONSTANT ? (uint64_t)k->value : regs[k->where % 16];
    if (k->where / 16 == WG_JIT_ON_STACK / 16) v = *(const uint64_t *)(uintptr_t)(v + (uint64_t)k->value);
    put_late(c, (uint8_t *)c + k->offset, (enum wg_jit_what)k->what, v);
  }
}
#if defined(__x86_64__)
_Static_assert(WG_KEEP_K == offsetof(struct wg_cpu, k) && WG_KEEP_BEFORE == offsetof(struct wg_cpu, trail_before) &&
                   WG_KEEP_BRANCHES == offsetof(struct wg_cpu, branches) &&
                   WG_KEEP_NTARGETS == offsetof(struct wg_branches, ntargets) &&
                   WG_KEEP_MOST_TARGETS == WG_BRANCH_TARGETS &&
                   WG_KEEP_NWORDS == offsetof(struct wg_branches, nwords) &&
                   WG_KEEP_WORDS == offsetof(struct wg_branches, words) && WG_KEEP_MOST_WORDS == WG_BRANCH_WORDS - 3,
               "keep.h says where things are");
void wg_keeping_room(void);
void wg_keeping_left(void);
#else // there is no compiler
#define wg_keeping_left wg_compiled_left
static void wg_keeping_room(void) {}
#endif

static const struct wg_op *op_original(WG_HOT_ARGS) {
  bool both;
  wg_handler *fn = original(wg_code_compiled(c->code), o, &both);
  BECOME(fn);
}

const void *const wg_compiled_calls[WG_JIT_CALLS] = {
    [WG_JIT_STEP] = (const void *)(uintptr_t)step_alone,
    [WG_JIT_ROOM] = (const void *)(uintptr_t)wg_keeping_room,
    [WG_JIT_WHOLE] = (const void *)(uintptr_t)whole,
    [WG_JIT_ENTER] = (const void *)(uintptr_t)wg_op_enter,
    [WG_JIT_AT_LIMIT] = (const void *)(uintptr_t)wg_op_boundary,
    [WG_JIT_ORIGINAL] = (const void *)(uintptr_t)op_original,
    [WG_JIT_LEFT] = (const void *)(uintptr_t)wg_keeping_left,
};

#define AT(field) (uint32_t) offsetof(struct wg_cpu, field)
void wg_compiled_layout(struct wg_jit_layout *out) {
  const struct wg_cpu *c = NULL;
  *out = (struct wg_jit_layout){
      .op_size = sizeof(struct wg_op),
      .op_pc = offsetof(struct wg_op, pc),
      .pc = AT(pc),
      .pages = AT(pages),
      .limit_e = AT(limit_e),
      .calls = AT(calls),
      .lr = AT(lr),
      .ctr = AT(ctr),
      .cr = AT(cr),
      .so = AT(so),
      .answer = AT(k),
      .before = AT(trail_before),
      .zero = AT(gpr) + WG_GPR_ZERO * sizeof c->gpr[0],
      .ngranules = 10,
      .granules = {{AT(gpr), 8, 32, .late = true, .general = true},
                   {AT(lr), 8, 1, .late = true},
                   {AT(ctr), 8, 1, .late = true},
                   {AT(cr), 1, 32, .bits = true},
                   {AT(cr), 4, 8, .late = true, .fields = true},
                   {AT(so), 1, 1, .late = true},
                   {AT(ov), 1, 1, .late = true},
                   {AT(ca), 1, 1, .late = true},
                   {AT(fpr), 8, 32, .late = false},
                   {AT(vr), 16, 128, .late = false}},
  };
}

void wg_compiled_insn(struct wg_code *code, uint32_t pc, uint32_t word, struct wg_jit_insn *out) {
  struct wg_op o = {.w = word, .pc = pc};
  const char *body = wg_insn_body(word);
  const struct wg_insn_info *row = body ? wg_decode_operands(&o) : NULL;
  _Static_assert(sizeof o <= sizeof out->op, "there is room for an op");
  *out = (struct wg_jit_insn){.place = (uint16_t)(pc >> 2 & (WG_PAGE_OPS - 1)), .word = word, .pc = pc, .body = body};
  enum wg_branch_form form = wg_branch_form(word);
  if (form == WG_BRANCH_B || form == WG_BRANCH_BC) out->to = wg_branch_direct(word, pc);
  out->decides = form != WG_BRANCH_NONE && wg_branch_decides(word);
  memcpy(out->op, &o, sizeof o);
  out->leave = row == NULL || wg_code_breaks_at(code, pc);
  // What sets CR1 is executed exactly (exec_fp.c), which its general body does not know.
  bool exact = word & 1 && (word >> 26 == 59 || word >> 26 == 63);
  if (exact) out->body = NULL;
}

// Decodes instruction words into ops and keeps the decoded pages true to memory.
#include "emu/cpu/decode.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"
#include "emu/cpu/compiled.h"
#include "emu/cpu/idle.h"
#include "emu/mem/touched.h"
#include "emu/mem/view.h"
#include "emu/mem/watch.h"
#include "emu/state/archive.h"

#define KNOWN_WORDS 4096u

struct wg_code {
  struct wg_mem *mem;
  struct wg_op **pages; // [1 << 20], each of WG_PAGE_OPS + 1: the last goes on to the next page
  uint32_t *made;       // pages that are not NULL
  size_t nmade, told;   // `told`: of these, that wg_code_trim knew
  struct wg_op *spare;  // pages that were forgotten, each beginning with the next
  struct wg_code_breaks breaks;
  struct wg_op aside[2]; // the instruction at a break, and what leads back
  const struct wg_op *back;
  struct wg_idle *idle;         // NULL: every instruction is executed
  struct wg_compiled *compiled; // NULL: nothing is
  struct {
    uint32_t word;
    const struct wg_insn_info *info; // NULL: not looked for yet
    wg_handler *fn;
  } known[KNOWN_WORDS]; // rows of words that were looked for last
};

HANDLER(undefined) {
  c->stop = wg_insn_find(o->w) ? WG_STOP_UNIMPLEMENTED : WG_STOP_ILLEGAL;
  BECOME(wg_op_leave);
}

// VMX128 register fields, bit 0 = MSB: VD b6-10 + b28-29<<5; VA b11-15 + b26<<5 + b21<<6;
// VB b16-20 + b30-31<<5; VC (vperm128) b23-25.
static void wide_operands(struct wg_op *o, uint8_t form) {
  uint32_t w = o->w;
  o->d |= (uint8_t)((w >> 2 & 3) << 5);
  if (form == WG_FORM_VX128_1) return; // RA and RB are general registers
  o->b |= (uint8_t)((w & 3) << 5);
  o->c = form == WG_FORM_VX128_2 ? (uint8_t)(w >> 6 & 7) : o->d; // vsel128 and kin select by the old VD
  if (form == WG_FORM_VX128_3 || form == WG_FORM_VX128_4 || form == WG_FORM_VX128_P) return;
  o->a |= (uint8_t)((w >> 5 & 1) << 5 | (w >> 10 & 1) << 6);
}

static void operands(struct wg_op *o, uint8_t form) {
  uint32_t w = o->w;
  bool logical = w >> 26 >= 24 && w >> 26 <= 29; // ori and its kin
  switch (form) {
  case WG_FORM_D: o->imm = logical || w >> 26 == 10 ? (uint16_t)w : (int16_t)w; break;
  case WG_FORM_DS: o->imm = (int16_t)(w & 0xFFFC); break;
  case WG_FORM_B: o->imm = (int16_t)(w & 0xFFFC); break;
  case WG_FORM_I: o->imm = ((int32_t)(w << 6) >> 6) & ~3; break;
  case WG_FORM_MD:
    o->b |= (uint8_t)((w & 2) << 4); // SH
    o->c |= w & 0x20;                // MB or ME
    break;
  case WG_FORM_MDS: o->c |= w & 0x20; break;
  default: break;
  }
  bool base_zero = form == WG_FORM_D || form == WG_FORM_DS || form == WG_FORM_DCBZ || form == WG_FORM_VX128_1 ||
                   (form == WG_FORM_X && w >> 26 == 31);
  if (base_zero) o->c = o->a ? o->a : WG_GPR_ZERO;
  if (w >> 26 == 15) o->imm = (int32_t)((uint32_t)o->imm << 16); // addis
  if (form >= WG_FORM_VX128) wide_operands(o, form);
}

static void fields(struct wg_op *o, uint8_t form) {
  o->d = o->w >> 21 & 31;
  o->a = o->w >> 16 & 31;
  o->b = o->w >> 11 & 31;
  o->c = o->w >> 6 & 31;
  operands(o, form);
}

const struct wg_insn_info *wg_decode_operands(struct wg_op *o) {
  const struct wg_insn_info *info = wg_insn_find(o->w);
  if (info) fields(o, info->form);
  return info;
}

static const struct wg_insn_info *row_of(struct wg_code *code, uint32_t w, wg_handler **fn) {
  size_t at = (w * 0x9E3779B1u) >> 20; // of KNOWN_WORDS
  if (code->known[at].info == NULL || code->known[at].word != w) {
    code->known[at].word = w;
    code->known[at].fn = NULL;
    code->known[at].info = wg_insn_row(w, &code->known[at].fn);
  }
  *fn = code->known[at].fn;
  return code->known[at].info;
}

static void decode_generally(struct wg_code *code, struct wg_op *o, uint32_t w) {
  wg_handler *fn = NULL;
  const struct wg_insn_info *info = row_of(code, w, &fn);
  *o = (struct wg_op){.fn = fn ? fn : wg_op_undefined, .w = w, .pc = WG_PC(o)};
  if (fn) fields(o, info->form);
}

// An op that is not among its page's: what leads to another op of the page by its distance is decoded as what leads to
// an address. All else is as in the page: the exact forms of arithmetic that sets CR1 are chosen by wg_specialise.
static void decode_aside(struct wg_code *code, struct wg_op *o, uint32_t w) {
  decode_generally(code, o, w);
  bool near = w >> 26 == 16 || w >> 26 == 18;
  if (!near && o->fn != wg_op_undefined) wg_specialise(o);
}

static const struct wg_op *op_back(WG_HOT_ARGS) {
  uint64_t e = wg_e_of(k, o);
  o = c->code->back;
  k = e - (uintptr_t)o;
  GO(o);
}

static __attribute__((noinline)) bool ask_at_break(struct wg_cpu *c, const struct wg_op *o) {
  struct wg_code *code = c->code;
  if (code->breaks.fn(code->breaks.ctx, c)) {
    c->stop = WG_STOP_BREAK;
    return false;
  }
  code->aside[0].pc = WG_PC(o);
  decode_aside(code, &code->aside[0], o->w);
  code->aside[1] = (struct wg_op){.fn = op_back, .pc = WG_PC(o) + 4};
  code->back = o + 1;
  return true;
}

static const struct wg_op *op_break(WG_HOT_ARGS) {
  wg_sync_cycle(c, k, o);
  c->branches->trail = trail;
  if (!ask_at_break(c, o)) BECOME(wg_op_leave);
  uint64_t e = wg_e_of(k, o);
  o = c->code->aside;
  k = e - (uintptr_t)o;
  GO(o);
}

bool wg_code_breaks_at(const struct wg_code *code, uint32_t pc) {
  size_t lo = 0, hi = code->breaks.n;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (code->breaks.pcs[mid] < pc)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < code->breaks.n && code->breaks.pcs[lo] == pc;
}

static void decode(struct wg_code *code, struct wg_op *o, uint32_t w) {
  decode_generally(code, o, w);
  if (o->fn != wg_op_undefined) wg_specialise(o);
  if (code->breaks.n && wg_code_breaks_at(code, WG_PC(o))) o->fn = op_break;
}

// The pages that show the same memory as `page`, itself first (docs/console.md#memory).
static size_t mirrors_of(uint32_t page, uint32_t out[4]) {
  uint32_t image = page & ~0x10000u, phys = wg_mem_to_phys(page << 12);
  size_t n = 0;
  out[n++] = page;
  if (image >= 0x80000 && image < 0x90000) {
    out[n++] = page ^ 0x10000u;
  } else if (phys != UINT32_MAX) {
    out[n++] = (0xA0000000u + phys) >> 12;
    out[n++] = (0xC0000000u + phys) >> 12;
    if (phys >= 0x1000) out[n++] = (0xE0000000u + phys - 0x1000) >> 12;
  }
  return n;
}

// Every address that shows this page's memory must notice a write.
static void mark(struct wg_mem *m, uint32_t page) {
  uint32_t pages[4];
  if (m->flags[page] & WG_PAGE_CODE) return;
  for (size_t i = mirrors_of(page, pages); i-- > 0;) wg_mem_mark_code(m, pages[i]);
}

void wg_code_decode(struct wg_code *code, struct wg_op *o) {
  mark(code->mem, WG_PC(o) >> 12);
  decode(code, o, wg_load_be32(code->mem->base + WG_PC(o)));
}

// The handler of every op not decoded yet.
static const struct wg_op *op_decode(WG_HOT_ARGS);

bool wg_is_not_decoded(wg_handler *fn) { return fn == op_decode; }

static bool fetch(struct wg_mem *m, uint32_t pc, uint32_t *w) {
  if (!(m->flags[pc >> 12] & (WG_PAGE_R | WG_PAGE_R_SLOW))) return false;
  *w = wg_load_be32(m->base + pc);
  return true;
}

static bool decode_at(struct wg_cpu *c, struct wg_op *op) {
  uint32_t w, pc = WG_PC(op);
  if (!fetch(c->mem, pc, &w)) return false;
  mark(c->mem, pc >> 12);
  decode(c->code, op, w);
  // The pair is worth trying only if both lie in this page, whose words are forgotten together.
  if (pc % WG_PAGE == WG_PAGE - 4) return true;
  struct wg_op *next = op + 1;
  if (next->fn == op_decode && fetch(c->mem, pc + 4, &w)) {
    struct wg_op try[2] = {*op, *next};
    decode(c->code, &try[1], w);
    wg_fuse(try);
    if (!(try[0].pc & 1)) return true;
    *op = try[0];
    *next = try[1];
  } else {
    wg_fuse(op);
  }
  return true;
}

bool wg_decode_step(struct wg_cpu *c, struct wg_op out[2]) {
  struct wg_op *page = wg_code_page(c->code, c->pc >> 12);
  if (page == NULL) return false;
  struct wg_op *op = page + (c->pc >> 2) % WG_PAGE_OPS;
  if (op->fn == op_decode && !decode_at(c, op)) return false;
  out[0].pc = WG_PC(op);
  out[1] = (struct wg_op){.fn = op[1].fn == wg_op_page_end ? wg_op_page_end : NULL, .pc = WG_PC(op) + 4};
  decode_aside(c->code, &out[0], op->w);
  return true;
}

static __attribute__((noinline)) bool decode_now(struct wg_cpu *c, uint64_t k, const struct wg_op *o) {
  wg_sync_cycle(c, k, o);
  if (decode_at(c, c->code->pages[c->pc >> 12] + (c->pc >> 2) % WG_PAGE_OPS)) return true;
  fault(c, WG_STOP_FETCH, c->pc);
  return false;
}

static const struct wg_op *op_decode(WG_HOT_ARGS) {
  if (!decode_now(c, k, o)) BECOME(wg_op_leave);
  GO(o);
}

static void forget(struct wg_op *op) {
  if (op->fn == op_decode) return;
  op->fn = op_decode;
  op->pc &= ~3u;
}

// The words at [addr, addr + len), within a page, are about to change or to vanish.
static void code_written(void *ctx, uint32_t addr, uint32_t len) {
  struct wg_code *code = ctx;
  wg_idle_forget(code->idle);
  uint32_t pages[4], first = addr % WG_PAGE / 4, last = (addr % WG_PAGE + len - 1) / 4;
  if (first) first--; // it may execute its neighbour too
  for (size_t i = mirrors_of(addr >> 12, pages); i-- > 0;) {
    struct wg_op *ops = code->pages[pages[i]];
    if (ops) wg_compiled_forget(code->compiled, ops, pages[i]);
    for (uint32_t j = first; ops && j <= last && j < WG_PAGE_OPS; j++) forget(&ops[j]);
  }
}

static void forget_breaks(struct wg_code *code) {
  for (size_t i = 0; i < code->breaks.n; i++) code_written(code, code->breaks.pcs[i] & ~3u, 4);
}

void wg_code_breaks(struct wg_code *code, const struct wg_code_breaks *b) {
  forget_breaks(code);
  code->breaks = *b;
  forget_breaks(code);
}

struct wg_code *wg_code_create(struct wg_mem *mem) {
  struct wg_code *code = wg_xcalloc(1, sizeof *code);
  code->mem = mem;
  code->pages = wg_xcalloc(1u << 20, sizeof *code->pages);
  mem->code_written = code_written;
  mem->code_ctx = code;
  code->idle = wg_idle_create();
  return code;
}

void wg_code_compiled_forget(struct wg_code *code) {
  for (size_t i = 0; i < code->nmade; i++)
    wg_compiled_forget(code->compiled, code->pages[code->made[i]], code->made[i]);
}

void wg_code_compiled_forget_page(struct wg_code *code, uint32_t page) {
  if (code->pages[page]) wg_compiled_forget(code->compiled, code->pages[page], page);
}

int wg_code_view(struct wg_code *code, struct wg_err *err) { return wg_mem_view_open(code->mem, err); }

const uint8_t *wg_code_page_bytes(struct wg_code *code, uint32_t page) {
  bool readable = code->mem->flags[page] & (WG_PAGE_R | WG_PAGE_R_SLOW);
  return readable && code->pages[page] ? code->mem->base + ((size_t)page << 12) : NULL;
}

void wg_code_compiler(struct wg_code *code, const struct wg_compiler *compiler) {
  wg_code_compiled_forget(code);
  wg_compiled_free(code->compiled);
  code->compiled = compiler ? wg_compiled_create(compiler) : NULL;
}

struct wg_compiled *wg_code_compiled(struct wg_code *code) {
  return code->compiled;
}

void wg_code_every_instruction(struct wg_code *code) {
  wg_idle_free(code->idle);
  code->idle = NULL;
}

uint64_t wg_code_skipped(const struct wg_code *code) { return code->idle ? wg_idle_skipped(code->idle) : 0; }

struct wg_idle *wg_code_idle(struct wg_code *code) {
  return code->breaks.n || wg_mem_watched(code->mem) ? NULL : code->idle;
}

static struct wg_op **next_spare(struct wg_op *ops) { return (struct wg_op **)(void *)ops; }

static struct wg_op *new_ops(struct wg_code *code) {
  struct wg_op *ops = code->spare;
  if (ops == NULL) return wg_xcalloc(WG_PAGE_OPS + 1, sizeof *ops);
  code->spare = *next_spare(ops);
  memset(ops, 0, (WG_PAGE_OPS + 1) * sizeof *ops);
  return ops;
}

#define MOST_PAGES 8192u // 32 MiB of code, more than any title has in use at once

static void forget_all(struct wg_code *code) {
  wg_idle_forget(code->idle);
  for (size_t i = 0; i < code->nmade; i++) {
    struct wg_op *ops = code->pages[code->made[i]];
    wg_compiled_forget(code->compiled, ops, code->made[i]);
    code->pages[code->made[i]] = NULL;
    *next_spare(ops) = code->spare;
    code->spare = ops;
  }
  code->nmade = 0;
  free(code->made);
  code->made = NULL;
}

bool wg_code_is_fresh(const struct wg_code *code) { return code->nmade != code->told; }

uint32_t wg_code_trim(struct wg_code *code) {
  uint32_t fresh = (uint32_t)(code->nmade - code->told);
  if (code->nmade > MOST_PAGES) forget_all(code);
  code->told = code->nmade;
  return fresh;
}

void wg_code_free(struct wg_code *code) {
  if (code == NULL) return;
  for (size_t i = 0; i < code->nmade; i++) free(code->pages[code->made[i]]);
  while (code->spare) free(new_ops(code));
  free(code->made);
  free(code->pages);
  wg_idle_free(code->idle);
  wg_compiled_free(code->compiled);
  code->mem->code_written = NULL;
  free(code);
}

struct wg_op **wg_code_pages(struct wg_code *code) {
  return code->pages;
}

static struct wg_op *make_page(struct wg_code *code, uint32_t page) {
  struct wg_op *ops = new_ops(code);
  for (uint32_t i = 0; i <= WG_PAGE_OPS; i++) {
    ops[i].fn = i < WG_PAGE_OPS ? op_decode : wg_op_page_end;
    ops[i].pc = (page << 12) + 4 * i;
  }
  code->pages[page] = ops;
  WG_VEC_NEXT(code->made, code->nmade);
  code->made[code->nmade++] = page;
  return ops;
}

struct wg_op *wg_code_page(struct wg_code *code, uint32_t page) {
  const struct wg_mem *m = code->mem;
  const uint8_t *flags = m->touched ? m->touched->flags : m->flags;
  if (page == WG_RETURNS_PAGE || !(flags[page] & (WG_PAGE_R | WG_PAGE_R_SLOW))) return NULL;
  return code->pages[page] ? code->pages[page] : make_page(code, page);
}

void wg_code_state(struct wg_archive *a, struct wg_code *code) {
  wg_ar_part(a, "decoded code");
  size_t n = wg_ar_count(a, code->nmade, MOST_PAGES + 1);
  if (wg_ar_loading(a)) forget_all(code);
  for (size_t i = 0; i < n; i++) {
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is one for each that was counted
    uint32_t page = wg_ar_index(a, wg_ar_loading(a) ? 0 : code->made[i], 1u << 20);
    if (wg_ar_loading(a) && page != WG_AR_NONE && code->pages[page] == NULL) make_page(code, page);
  }
  wg_ar_size(a, &code->told);
}

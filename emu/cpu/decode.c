// The instruction table and the cache of decoded pages.
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "emu/cpu/ops.h"

enum form {
  FORM_A,
  FORM_B,
  FORM_D,
  FORM_DCBZ,
  FORM_DS,
  FORM_I,
  FORM_M,
  FORM_MD,
  FORM_MDS,
  FORM_SC,
  FORM_VA,
  FORM_VC,
  FORM_VX,
  FORM_X,
  FORM_XFL,
  FORM_XFX,
  FORM_XL,
  FORM_XO,
  FORM_XS,
  FORM_VX128,
  FORM_VX128_1,
  FORM_VX128_2,
  FORM_VX128_3,
  FORM_VX128_4,
  FORM_VX128_5,
  FORM_VX128_P,
  FORM_VX128_R,
};

#define WG_NOT_NONE(body) wg_op_##body
#define wg_op_NONE NULL
static const struct wg_insn_info table[] = {
#define WG_PPC(name, form, mask, value, body) {#name, mask, value, FORM_##form, WG_NOT_NONE(body)},
#include "emu/cpu/ppc.def"
};
#define NROWS (sizeof table / sizeof *table)

#define PAGE_OPS (WG_PAGE / 4)

struct wg_code {
  struct wg_mem *mem;
  struct wg_op **pages; // [1 << 20]
};

const struct wg_insn_info *wg_insn_table(size_t *n) {
  *n = NROWS;
  return table;
}

const struct wg_insn_info *wg_insn_find(uint32_t word) {
  for (size_t i = 0; i < NROWS; i++)
    if ((word & table[i].mask) == table[i].value) return &table[i];
  return NULL;
}

static void op_undefined(struct wg_cpu *c, const struct wg_op *o) {
  c->stop = wg_insn_find(o->w) ? WG_STOP_UNIMPLEMENTED : WG_STOP_ILLEGAL;
}

// VMX128 register fields, bit 0 = MSB: VD b6-10 + b28-29<<5; VA b11-15 + b26<<5 + b21<<6;
// VB b16-20 + b30-31<<5; VC (vperm128) b23-25.
static void wide_operands(struct wg_op *o, uint8_t form) {
  uint32_t w = o->w;
  o->d |= (uint8_t)((w >> 2 & 3) << 5);
  if (form == FORM_VX128_1) return; // RA and RB are general registers
  o->b |= (uint8_t)((w & 3) << 5);
  o->c = form == FORM_VX128_2 ? (uint8_t)(w >> 6 & 7) : o->d; // vsel128 and kin select by the old VD
  if (form == FORM_VX128_3 || form == FORM_VX128_4 || form == FORM_VX128_P) return;
  o->a |= (uint8_t)((w >> 5 & 1) << 5 | (w >> 10 & 1) << 6);
}

static void decode(struct wg_op *o, uint32_t w) {
  const struct wg_insn_info *info = wg_insn_find(w);
  *o = (struct wg_op){.fn = info && info->fn ? info->fn : op_undefined,
                      .w = w,
                      .d = w >> 21 & 31,
                      .a = w >> 16 & 31,
                      .b = w >> 11 & 31,
                      .c = w >> 6 & 31};
  if (info && info->form >= FORM_VX128) wide_operands(o, info->form);
}

// The pages that show the same memory as `page`, itself first (REFERENCE (b)).
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

// The body of every op not decoded yet.
static void op_decode(struct wg_cpu *c, const struct wg_op *o) {
  struct wg_op *op = c->code->pages[c->pc >> 12] + (c->pc >> 2) % PAGE_OPS;
  (void)o;
  uint64_t w;
  if (!wg_mem_r32(c->mem, c->pc, &w)) {
    fault(c, WG_STOP_FETCH, c->pc);
    return;
  }
  decode(op, (uint32_t)w);
  // Every address that shows this memory must notice a write.
  uint32_t pages[4];
  for (size_t i = mirrors_of(c->pc >> 12, pages); i-- > 0;) c->mem->flags[pages[i]] |= WG_PAGE_CODE;
  op->fn(c, op);
}

static void reset_page(struct wg_op *page) {
  for (size_t i = 0; i < PAGE_OPS; i++) page[i].fn = op_decode;
}

static void forget(struct wg_code *code, uint32_t page) {
  code->mem->flags[page] &= (uint8_t)~WG_PAGE_CODE;
  if (code->pages[page]) reset_page(code->pages[page]);
}

static void code_written(void *ctx, uint32_t page) {
  uint32_t pages[4];
  for (size_t i = mirrors_of(page, pages); i-- > 0;) forget(ctx, pages[i]);
}

struct wg_code *wg_code_create(struct wg_mem *mem) {
  struct wg_code *code = wg_xcalloc(1, sizeof *code);
  code->mem = mem;
  code->pages = wg_xcalloc(1u << 20, sizeof *code->pages);
  mem->code_written = code_written;
  mem->code_ctx = code;
  return code;
}

void wg_code_free(struct wg_code *code) {
  if (code == NULL) return;
  for (size_t i = 0; i < 1u << 20; i++) free(code->pages[i]);
  free(code->pages);
  code->mem->code_written = NULL;
  free(code);
}

static struct wg_op *page_at(struct wg_cpu *c, uint32_t page) {
  struct wg_op *ops = c->code->pages[page];
  uint8_t flags = c->mem->flags[page];
  if (!(flags & WG_PAGE_R) || (flags & WG_PAGE_IO)) return NULL;
  if (ops) return ops;
  ops = wg_xcalloc(PAGE_OPS, sizeof *ops);
  reset_page(ops);
  c->code->pages[page] = ops;
  return ops;
}

enum wg_stop wg_cpu_run(struct wg_cpu *c, uint64_t limit) {
  c->limit = limit;
  c->stop = WG_STOP_NONE;
  while (c->cycle < c->limit) {
    uint32_t page = c->pc >> 12;
    const struct wg_op *ops = page_at(c, page);
    if (ops == NULL) {
      fault(c, WG_STOP_FETCH, c->pc);
      return c->stop;
    }
    do {
      const struct wg_op *o = &ops[(c->pc & (WG_PAGE - 1)) >> 2];
      c->npc = c->pc + 4;
      o->fn(c, o);
      if (__builtin_expect(c->stop != WG_STOP_NONE, 0)) {
        if (c->stop == WG_STOP_REQUESTED || c->stop == WG_STOP_SYSCALL) c->cycle++;
        if (c->stop == WG_STOP_REQUESTED) c->pc = c->npc;
        return c->stop;
      }
      c->cycle++;
      c->pc = c->npc;
    } while (c->pc >> 12 == page && c->cycle < c->limit);
  }
  return WG_STOP_NONE;
}

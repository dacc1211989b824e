#include "emu/cpu/regs.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "emu/cpu/fpu.h"

enum { PC = WG_REG_PC, LR, CTR, CR, XER, MSR, FPSCR, VSCR = WG_REG_VSCR, VRSAVE };
_Static_assert(FPSCR + 1 == WG_REG_F0 && VSCR == WG_REG_F0 + 32 && VRSAVE + 1 == WG_REG_V0 &&
                   WG_REG_V0 + 128 == WG_REGS,
               "registers in their order");

static const char *const names[] = {[PC - PC] = "pc",   [LR - PC] = "lr",   [CTR - PC] = "ctr",    [CR - PC] = "cr",
                                    [XER - PC] = "xer", [MSR - PC] = "msr", [FPSCR - PC] = "fpscr"};

static void name(unsigned n, char out[8]) {
  if (n < PC)
    snprintf(out, 8, "r%u", n);
  else if (n < WG_REG_F0)
    snprintf(out, 8, "%s", names[n - PC]);
  else if (n < VSCR)
    snprintf(out, 8, "f%u", n - WG_REG_F0);
  else if (n < WG_REG_V0)
    snprintf(out, 8, "%s", n == VSCR ? "vscr" : "vrsave");
  else
    snprintf(out, 8, "v%u", n - WG_REG_V0);
}

static uint64_t special(const struct wg_cpu *c, unsigned n) {
  switch (n) {
  case PC: return c->pc;
  case LR: return c->lr;
  case CTR: return c->ctr;
  case CR: return wg_cpu_cr(c);
  case XER: return wg_cpu_xer(c);
  case MSR: return c->msr;
  case FPSCR: return wg_fpu_peek(c);
  case VSCR: return c->vscr;
  default: return c->vrsave;
  }
}

void wg_cpu_reg(const struct wg_cpu *c, unsigned n, struct wg_reg *out) {
  WG_ASSERT(n < WG_REGS, "a register's number");
  *out = (struct wg_reg){.bytes = 8};
  name(n, out->name);
  if (n < PC) {
    out->value = c->gpr[n];
  } else if (n >= WG_REG_V0) {
    out->bytes = 16;
    memcpy(out->word, c->vr[n - WG_REG_V0].w, sizeof out->word);
  } else if (n >= WG_REG_F0 && n < VSCR) {
    out->value = c->fpr[n - WG_REG_F0];
  } else {
    out->bytes = n == LR || n == CTR || n == MSR ? 8 : 4;
    out->value = special(c, n);
  }
}

bool wg_cpu_same(const struct wg_cpu *a, const struct wg_cpu *b) {
  return a->pc == b->pc && memcmp(a->gpr, b->gpr, sizeof a->gpr) == 0 && a->lr == b->lr && a->ctr == b->ctr &&
         memcmp(a->cr, b->cr, sizeof a->cr) == 0 && a->so == b->so && a->ov == b->ov && a->ca == b->ca &&
         a->xer_count == b->xer_count && a->fpscr == b->fpscr && a->fp_mode == b->fp_mode && a->fp_last == b->fp_last &&
         a->fp_a == b->fp_a && a->fp_b == b->fp_b && a->fp_c == b->fp_c && a->fp_integer == b->fp_integer &&
         a->vscr == b->vscr && a->vrsave == b->vrsave && a->msr == b->msr && a->reserved == b->reserved &&
         a->reserve_addr == b->reserve_addr && memcmp(a->fpr, b->fpr, sizeof a->fpr) == 0 &&
         memcmp(a->vr, b->vr, sizeof a->vr) == 0;
}

bool wg_cpu_reg_number(const char *text, size_t len, unsigned *number) {
  char one[8];
  if (len == 2 && memcmp(text, "sp", 2) == 0) {
    *number = 1;
    return true;
  }
  for (unsigned n = 0; n < WG_REGS; n++) {
    name(n, one);
    if (strlen(one) != len || memcmp(one, text, len) != 0) continue;
    *number = n;
    return true;
  }
  return false;
}

#include "probe/regs.h"

#include <stdio.h>
#include <string.h>

enum { PC = 32, LR, CTR, CR, XER, F0, V0 = F0 + 32 };
_Static_assert(V0 + 128 == WG_PROBE_REGS, "registers in their order");

void wg_probe_reg_name(unsigned n, char out[8]) {
  static const char *const special[] = {"pc", "lr", "ctr", "cr", "xer"};
  if (n < PC)
    snprintf(out, 8, "r%u", n);
  else if (n < F0)
    snprintf(out, 8, "%s", special[n - PC]);
  else if (n < V0)
    snprintf(out, 8, "f%u", n - F0);
  else
    snprintf(out, 8, "v%u", n - V0);
}

bool wg_probe_reg(const char *text, size_t len, unsigned *number) {
  char one[8];
  if (len == 2 && memcmp(text, "sp", 2) == 0) {
    *number = 1;
    return true;
  }
  for (unsigned n = 0; n < WG_PROBE_REGS; n++) {
    wg_probe_reg_name(n, one);
    if (strlen(one) != len || memcmp(one, text, len) != 0) continue;
    *number = n;
    return true;
  }
  return false;
}

unsigned wg_probe_reg_value(const struct wg_cpu *c, unsigned n, uint64_t v[2]) {
  v[1] = 0;
  if (n >= V0) {
    const uint32_t *w = c->vr[n - V0].w;
    v[0] = (uint64_t)w[0] << 32 | w[1];
    v[1] = (uint64_t)w[2] << 32 | w[3];
    return 16;
  }
  switch (n) {
  case PC: v[0] = c->pc; break;
  case LR: v[0] = c->lr; break;
  case CTR: v[0] = c->ctr; break;
  case CR: v[0] = wg_cpu_cr(c); break;
  case XER: v[0] = wg_cpu_xer(c); break;
  default: v[0] = n < PC ? c->gpr[n] : c->fpr[n - F0]; break;
  }
  return 8;
}

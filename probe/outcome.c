#include "probe/outcome.h"

#include "trace/branches.h"

// Power ISA Book I, 2.4: BO says what decides, CR bit BI and the count register, each of them or neither.
static bool decides(const struct wg_cpu *c, uint32_t word, bool counts) {
  uint32_t bo = word >> 21 & 31, bi = word >> 16 & 31;
  bool cr = c->cr[bi];
  uint32_t ctr = (uint32_t)c->ctr - 1;
  bool ctr_ok = (bo & 4) || !counts || (ctr != 0) != ((bo & 2) != 0);
  bool cr_ok = (bo & 16) || cr == ((bo & 8) != 0);
  return ctr_ok && cr_ok;
}

bool wg_branch_outcome(const struct wg_cpu *c, uint32_t word, bool *taken, uint32_t *target) {
  enum wg_branch_form form = wg_branch_form(word);
  if (form == WG_BRANCH_NONE) return false;
  uint32_t to = form == WG_BRANCH_BCLR    ? (uint32_t)c->lr & ~3u
                : form == WG_BRANCH_BCCTR ? (uint32_t)c->ctr & ~3u
                                          : wg_branch_direct(word, c->pc);
  *taken = form == WG_BRANCH_B || decides(c, word, form != WG_BRANCH_BCCTR);
  *target = *taken ? to : c->pc + 4;
  return true;
}

#include "probe/outcome.h"

// Power ISA Book I, 2.4: BO says what decides, CR bit BI and the count register, each of them or neither.
static bool decides(const struct wg_cpu *c, uint32_t word, bool counts) {
  uint32_t bo = word >> 21 & 31, bi = word >> 16 & 31;
  bool cr = c->crf[bi >> 2] >> (3 - (bi & 3)) & 1;
  uint32_t ctr = (uint32_t)c->ctr - 1;
  bool ctr_ok = (bo & 4) || !counts || (ctr != 0) != ((bo & 2) != 0);
  bool cr_ok = (bo & 16) || cr == ((bo & 8) != 0);
  return ctr_ok && cr_ok;
}

bool wg_branch_outcome(const struct wg_cpu *c, uint32_t word, bool *taken, uint32_t *target) {
  uint32_t op = word >> 26, extended = word >> 1 & 1023, base = word & 2 ? 0 : c->pc, to;
  *taken = true;
  if (op == 18) {
    to = base + ((uint32_t)((int32_t)(word << 6) >> 6) & ~3u);
  } else if (op == 16) {
    *taken = decides(c, word, true);
    uint32_t offset = (uint32_t)(int32_t)(int16_t)(word & 0xFFFC);
    to = base + offset;
  } else if (op == 19 && (extended == 16 || extended == 528)) {
    *taken = decides(c, word, extended == 16);
    to = (uint32_t)(extended == 16 ? c->lr : c->ctr) & ~3u;
  } else {
    return false;
  }
  *target = *taken ? to : c->pc + 4;
  return true;
}

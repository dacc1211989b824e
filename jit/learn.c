// A branch says more than the bit that it looks at: a compare sets one of LT, GT and EQ and clears the others. What is
// known need not be worked out and kept where code goes round.
#include "jit/build.h"

static uint32_t slot_of(const struct wg_jit_build *u, unsigned bit) {
  uint32_t start, size;
  return wg_jit_slot_of(&u->j->layout, u->j->layout.cr + bit, &start, &size);
}

// It sets LT, GT and EQ of a field as the order of two numbers.
static bool compares(uint32_t word) {
  unsigned op = word >> 26, x = word >> 1 & 0x3FF;
  bool stores = op == 31 && (x == 150 || x == 214);
  if (op == 10 || op == 11 || op == 28 || op == 29) return true;
  if (op == 31 && (x == 0 || x == 32)) return true;
  return word & 1 && (op == 20 || op == 21 || op == 23 || op == 30 || (op == 31 && !stores));
}

// Whether a compare alone can have set the field that the branch looks at.
static bool was_compared(const struct wg_jit_build *u, const struct wg_jit_insn *i, unsigned field) {
  for (unsigned place = i->place; place-- > 0;) {
    if (u->joins[place + 1] || u->at[place] == NULL) return false;
    const struct wg_jit_insn *before = &u->region->insns[u->index[place]];
    if (before->leave || wg_jit_branches(before) || u->steps[u->index[place]]) return false;
    for (unsigned bit = 0; bit < 4; bit++)
      if (wg_jit_writes(u, u->index[place], slot_of(u, 4 * field + bit))) return compares(before->word);
  }
  return false;
}

static void know(struct wg_jit_build *u, unsigned bit, bool is) {
  LLVMBuildStore(u->b, LLVMConstInt(u->j->i8, is, 0), wg_jit_slot(u, slot_of(u, bit)));
}

void wg_jit_learn(struct wg_jit_build *u, const struct wg_jit_insn *i, bool taken) {
  unsigned bo = i->word >> 21 & 31, bit = i->word >> 16 & 31, field = bit / 4;
  bool by_bit_alone = (bo & 0x14) == 4, set = taken == !!(bo & 8);
  if (!by_bit_alone || bit % 4 == 3 || !was_compared(u, i, field)) return;
  for (unsigned k = 0; k < 3; k++)
    if (set || k == bit % 4) know(u, 4 * field + k, set && k == bit % 4);
}

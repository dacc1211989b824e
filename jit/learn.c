// A branch says more than the bit that it looks at: a compare sets one of LT, GT and EQ and clears the others. What is
// known need not be worked out and kept where code goes round.
#include "jit/build.h"

static uint32_t slot_of(const struct wg_jit_build *u, unsigned bit) {
  uint32_t start, size;
  return wg_jit_slot_of(&u->j->layout, u->j->layout.cr + bit, &start, &size);
}

// Whether a compare alone can have set the field that the branch looks at.
static bool was_compared(const struct wg_jit_build *u, const struct wg_jit_insn *i, unsigned field) {
  for (unsigned place = i->place; place-- > 0;) {
    if (u->joins[place + 1] || u->at[place] == NULL) return false;
    const struct wg_jit_insn *before = &u->region->insns[u->index[place]];
    if (before->leave || wg_jit_branches(before) || u->steps[u->index[place]]) return false;
    if (wg_jit_writes(u, u->index[place], wg_jit_field_of(&u->j->layout, slot_of(u, 4 * field))))
      return wg_jit_compares(before->word);
  }
  return false;
}

static void know(struct wg_jit_build *u, unsigned field, unsigned which, LLVMValueRef v) {
  LLVMBuildStore(u->b, v, wg_jit_slot(u, slot_of(u, 4 * field + which)));
}

void wg_jit_learn(struct wg_jit_build *u, const struct wg_jit_insn *i, bool taken) {
  unsigned bo = i->word >> 21 & 31, field = i->word >> 18 & 7, which = i->word >> 16 & 3;
  bool by_bit_alone = (bo & 0x14) == 4, set = taken == !!(bo & 8);
  if (!by_bit_alone || which == 3 || !was_compared(u, i, field)) return;
  LLVMValueRef no = LLVMConstInt(u->j->i8, 0, 0), yes = LLVMConstInt(u->j->i8, 1, 0);
  unsigned one = (which + 1) % 3, other = (which + 2) % 3;
  LLVMValueRef v = LLVMBuildLoad2(u->b, u->j->i8, wg_jit_slot(u, slot_of(u, 4 * field + one)), "");
  know(u, field, which, set ? yes : no);
  know(u, field, one, set ? no : v);
  know(u, field, other, set ? no : LLVMBuildXor(u->b, v, yes, "")); // it is one of the two
  if (set) wg_jit_order_known(u, field, which);
}

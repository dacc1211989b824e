// Fields of the condition register. A compare sets three of a field's bits and copies a fourth, and seldom more than
// one of them is looked at: what is carried along, for the context to have where the code is left, is one number. It
// does not say SO where that is what XER has all through the region.
#include <string.h>

#include "jit/build.h"

#define BYTES 0x01010101u // the lowest bit of each

bool wg_jit_compares(uint32_t word) {
  unsigned op = word >> 26, x = word >> 1 & 0x3FF;
  // stwcx., mtcrf, stdcx. and mcrxr, whose last bit is another thing than Rc.
  bool other = op == 31 && (x == 144 || x == 150 || x == 214 || x == 512);
  if (op == 10 || op == 11 || op == 28 || op == 29) return true;
  if (op == 31 && (x == 0 || x == 32)) return true;
  return word & 1 && (op == 20 || op == 21 || op == 23 || op == 30 || (op == 31 && !other));
}

// The slot of the first bit, and of the first field.
static uint32_t first(const struct wg_jit_layout *l, bool fields) {
  uint32_t slot = 0;
  for (size_t i = 0; i < l->ngranules; i++) {
    const struct wg_jit_granule *g = &l->granules[i];
    if (fields ? g->fields : g->bits) return slot;
    slot += g->count;
  }
  return UINT32_MAX;
}

uint32_t wg_jit_field_of(const struct wg_jit_layout *l, uint32_t slot) {
  return first(l, true) + (slot - first(l, false)) / 4;
}

static uint8_t reversed(unsigned mask) {
  uint8_t v = 0;
  for (unsigned i = 0; i < 8; i++) v |= (uint8_t)((mask >> i & 1) << (7 - i));
  return v;
}
// By its opcode; CRF0 as far as it records.
static uint8_t expected(uint32_t word) {
  unsigned op = word >> 26, x = word >> 1 & 0x3FF, named = 1u << (word >> 23 & 7), records = word & 1;
  if (op == 4 || op == 5 || op == 6) return 1u << 6;                       // compares of vectors
  if (op == 10 || op == 11 || op == 19 || op == 63) return (uint8_t)named; // cmpli, cmpi, mcrf, crand..., fcmpu...
  if (op == 13 || op == 28 || op == 29) return 1u << 0;                    // addic., andi., andis.
  if (op == 31 && (x == 0 || x == 32 || x == 512)) return (uint8_t)named;  // cmp, cmpl, mcrxr
  if (op == 31 && x == 144) return reversed(word >> 12 & 0xFF);            // mtcrf
  return op == 20 || op == 21 || op == 23 || op == 30 || op == 31 ? (uint8_t)records : 0;
}

uint8_t wg_jit_expected_fields(const struct wg_jit_region *r) {
  uint8_t fields = 0;
  for (size_t i = 0; i < r->n; i++) fields |= expected(r->insns[i].word);
  return fields;
}

// The field that a slot is a bit of; 8: it is none.
static unsigned field_of_bit(const struct wg_jit_layout *l, uint32_t slot) {
  uint32_t start = first(l, false);
  return slot >= start && slot - start < 32 ? (slot - start) / 4 : 8;
}

bool wg_jit_has_field(const struct wg_jit_build *u, uint32_t slot) {
  unsigned field = field_of_bit(&u->j->layout, slot);
  return field == 8 || u->j->fields >> field & 1;
}

void wg_jit_writes_field(struct wg_jit_build *u, uint32_t slot) {
  if (wg_jit_has_field(u, slot)) return;
  u->j->fields |= (uint8_t)(1u << field_of_bit(&u->j->layout, slot));
  u->again = true;
}

static LLVMValueRef n32(struct wg_jit_build *u, uint32_t n) { return LLVMConstInt(u->j->i32, n, 0); }

// One bit of a field, as a number.
static LLVMValueRef bit(struct wg_jit_build *u, unsigned field, unsigned which) {
  LLVMValueRef v = wg_jit_slot(u, first(&u->j->layout, false) + 4 * field + which);
  v = LLVMBuildTrunc(u->b, LLVMBuildLoad2(u->b, u->j->i8, v, ""), u->j->i1, "");
  return LLVMBuildZExt(u->b, v, u->j->i64, "");
}

static void keep(struct wg_jit_build *u, unsigned field, LLVMValueRef order) {
  LLVMBuildStore(u->b, order, wg_jit_slot(u, first(&u->j->layout, true) + field));
}

static LLVMValueRef all_four(struct wg_jit_build *u, unsigned field) {
  LLVMValueRef v = wg_jit_i64(u->j, WG_JIT_ANY);
  for (unsigned which = 0; which < 4; which++) {
    LLVMValueRef at = wg_jit_i64(u->j, which);
    v = LLVMBuildOr(u->b, v, LLVMBuildShl(u->b, bit(u, field, which), at, ""), "");
  }
  return v;
}

void wg_jit_sets_bit(struct wg_jit_build *u, uint32_t slot, LLVMValueRef v) {
  unsigned field = field_of_bit(&u->j->layout, slot);
  if (field == 8 || (slot - first(&u->j->layout, false)) % 4 != 1) return;
  bool again = u->greater_by[field] == u->now + 1u; // on another way through the body, perhaps
  u->greater[field] = again ? NULL : v;
  u->greater_by[field] = u->now + 1u;
}

// What was compared, if it was numbers of 32 bits: `greater` is whether one is greater than the other.
static LLVMValueRef difference(struct wg_jit_build *u, LLVMValueRef greater) {
  struct wg_jit *j = u->j;
  if (greater == NULL || !LLVMIsAZExtInst(greater)) return NULL;
  LLVMValueRef compare = LLVMGetOperand(greater, 0);
  if (!LLVMIsAICmpInst(compare)) return NULL;
  LLVMIntPredicate p = LLVMGetICmpPredicate(compare);
  bool is_signed = p == LLVMIntSGT || p == LLVMIntSLT, turned = p == LLVMIntSLT || p == LLVMIntULT;
  LLVMValueRef a = LLVMGetOperand(compare, turned), b = LLVMGetOperand(compare, !turned);
  if ((!is_signed && !turned && p != LLVMIntUGT) || LLVMTypeOf(a) != j->i32) return NULL;
  LLVMOpcode widen = is_signed ? LLVMSExt : LLVMZExt;
  return LLVMBuildSub(u->b, LLVMBuildCast(u->b, widen, a, j->i64, ""), LLVMBuildCast(u->b, widen, b, j->i64, ""), "");
}

static LLVMValueRef compared(struct wg_jit_build *u, unsigned field) {
  LLVMValueRef d = difference(u, u->greater[field]);
  return d ? d : LLVMBuildSub(u->b, bit(u, field, 1), bit(u, field, 0), "");
}

void wg_jit_orders(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  bool compares = wg_jit_compares(i->word) && !u->j->so_changes;
  for (unsigned field = 0; field < 8; field++)
    if (wg_jit_writes(u, u->now, first(&u->j->layout, true) + field))
      keep(u, field, compares ? compared(u, field) : all_four(u, field));
}

void wg_jit_order_known(struct wg_jit_build *u, unsigned field, unsigned which) {
  static const int64_t orders[3] = {-1, 1, 0};
  keep(u, field, u->j->so_changes ? all_four(u, field) : wg_jit_i64(u->j, (uint64_t)orders[which]));
}

static LLVMValueRef pext(struct wg_jit_build *u, LLVMValueRef bytes) {
  static const char name[] = "llvm.x86.bmi.pext.32";
  LLVMValueRef f = LLVMGetIntrinsicDeclaration(u->module, LLVMLookupIntrinsicID(name, sizeof name - 1), NULL, 0);
  LLVMValueRef args[2] = {bytes, n32(u, BYTES)};
  return LLVMBuildCall2(u->b, LLVMGlobalGetValueType(f), f, args, 2, "");
}

LLVMValueRef wg_jit_field_value(struct wg_jit_build *u, unsigned field) {
  if (u->j->fields >> field & 1) {
    LLVMValueRef v = n32(u, 0);
    for (unsigned which = 0; which < 4; which++) {
      LLVMValueRef b = wg_jit_slot(u, first(&u->j->layout, false) + 4 * field + which);
      b = LLVMBuildZExt(u->b, LLVMBuildLoad2(u->b, u->j->i8, b, ""), u->j->i32, "");
      v = LLVMBuildOr(u->b, LLVMBuildShl(u->b, v, n32(u, 1), ""), b, "");
    }
    return v;
  }
  static const char name[] = "llvm.bswap";
  LLVMValueRef f = LLVMGetIntrinsicDeclaration(u->module, LLVMLookupIntrinsicID(name, sizeof name - 1), &u->j->i32, 1);
  LLVMValueRef bytes = wg_jit_field(u, u->j->layout.cr + 4 * field, u->j->i32);
  LLVMSetAlignment(bytes, 1);
  return pext(u, LLVMBuildCall2(u->b, LLVMGlobalGetValueType(f), f, &bytes, 1, ""));
}

LLVMValueRef wg_jit_order_of(struct wg_jit_build *u, LLVMValueRef bytes) {
  LLVMValueRef bits = LLVMBuildZExt(u->b, pext(u, bytes), u->j->i64, "");
  return LLVMBuildOr(u->b, bits, wg_jit_i64(u->j, WG_JIT_ANY), "");
}

// All four bits of a number, LT's the lowest.
static LLVMValueRef bits_of(struct wg_jit_build *u, LLVMValueRef order) {
  struct wg_jit *j = u->j;
  LLVMValueRef zero = wg_jit_i64(j, 0), so = wg_jit_field(u, j->layout.so, j->i8);
  LLVMValueRef lt = LLVMBuildICmp(u->b, LLVMIntSLT, order, zero, "");
  LLVMValueRef gt = LLVMBuildICmp(u->b, LLVMIntSGT, order, zero, "");
  LLVMValueRef bits = LLVMBuildSelect(u->b, lt, n32(u, 1), LLVMBuildSelect(u->b, gt, n32(u, 2), n32(u, 4), ""), "");
  so = LLVMBuildShl(u->b, LLVMBuildZExt(u->b, so, j->i32, ""), n32(u, 3), "");
  LLVMValueRef any = LLVMBuildLShr(u->b, order, wg_jit_i64(j, WG_JIT_ANY_BIT), "");
  any = LLVMBuildICmp(u->b, LLVMIntEQ, any, wg_jit_i64(j, 1), "");
  LLVMValueRef all = LLVMBuildAnd(u->b, LLVMBuildTrunc(u->b, order, j->i32, ""), n32(u, 15), "");
  return LLVMBuildSelect(u->b, any, all, LLVMBuildOr(u->b, bits, so, ""), "");
}

LLVMValueRef wg_jit_order_bytes(struct wg_jit_build *u, LLVMValueRef order) {
  static const char name[] = "llvm.x86.bmi.pdep.32";
  LLVMValueRef f = LLVMGetIntrinsicDeclaration(u->module, LLVMLookupIntrinsicID(name, sizeof name - 1), NULL, 0);
  LLVMValueRef args[2] = {bits_of(u, order), n32(u, BYTES)};
  return LLVMBuildCall2(u->b, LLVMGlobalGetValueType(f), f, args, 2, "");
}

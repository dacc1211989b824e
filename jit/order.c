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

// One bit of a field, at its place in the number.
static LLVMValueRef bit(struct wg_jit_build *u, unsigned field, unsigned which) {
  LLVMValueRef v = wg_jit_slot(u, first(&u->j->layout, false) + 4 * field + which);
  v = LLVMBuildTrunc(u->b, LLVMBuildLoad2(u->b, u->j->i8, v, ""), u->j->i1, "");
  return LLVMBuildShl(u->b, LLVMBuildZExt(u->b, v, u->j->i32, ""), n32(u, which), "");
}

static void keep(struct wg_jit_build *u, unsigned field, LLVMValueRef order) {
  LLVMBuildStore(u->b, order, wg_jit_slot(u, first(&u->j->layout, true) + field));
}

static LLVMValueRef lt_and_gt(struct wg_jit_build *u, unsigned field) {
  return LLVMBuildOr(u->b, bit(u, field, 0), bit(u, field, 1), "");
}

static LLVMValueRef all_four(struct wg_jit_build *u, unsigned field) {
  LLVMValueRef v = LLVMBuildOr(u->b, bit(u, field, 2), bit(u, field, 3), "");
  return LLVMBuildOr(u->b, lt_and_gt(u, field), LLVMBuildOr(u->b, v, n32(u, WG_JIT_ANY), ""), "");
}

void wg_jit_orders(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  for (unsigned field = 0; field < 8; field++) {
    if (!wg_jit_writes(u, u->now, first(&u->j->layout, true) + field)) continue;
    bool compared = wg_jit_compares(i->word) && !u->j->so_changes;
    keep(u, field, compared ? lt_and_gt(u, field) : all_four(u, field));
  }
}

void wg_jit_order_known(struct wg_jit_build *u, unsigned field, unsigned which, bool set) {
  static const uint32_t orders[3] = {WG_JIT_LT, WG_JIT_GT, 0};
  if (u->j->so_changes)
    keep(u, field, all_four(u, field));
  else if (set)
    keep(u, field, n32(u, orders[which]));
  else if (which == 2) // LT, or one more
    keep(u, field, LLVMBuildSub(u->b, n32(u, WG_JIT_GT), bit(u, field, 0), ""));
  else
    keep(u, field, bit(u, field, 1 - which));
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
  return LLVMBuildOr(u->b, pext(u, bytes), n32(u, WG_JIT_ANY), "");
}

#define ROWS (2u * WG_JIT_ORDERS)
// What each number means, as the context has it: while XER's SO is 0, then while that is 1.
static LLVMValueRef table(struct wg_jit_build *u) {
  static const char name[] = "orders";
  LLVMValueRef g = LLVMGetNamedGlobal(u->module, name), rows[ROWS];
  if (g) return g;
  for (unsigned order = 0; order < ROWS; order++) {
    uint32_t bytes = 0;
    for (unsigned b = 0; b < 4; b++)
      bytes |= (uint32_t)wg_jit_order_has(order % WG_JIT_ORDERS, b, order / WG_JIT_ORDERS) << 8 * b;
    rows[order] = n32(u, bytes);
  }
  g = LLVMAddGlobal(u->module, LLVMArrayType(u->j->i32, ROWS), name);
  LLVMSetInitializer(g, LLVMConstArray(u->j->i32, rows, ROWS));
  LLVMSetGlobalConstant(g, 1);
  LLVMSetLinkage(g, LLVMPrivateLinkage);
  LLVMSetAlignment(g, 4);
  return g;
}

LLVMValueRef wg_jit_order_bytes(struct wg_jit_build *u, LLVMValueRef order) {
  LLVMValueRef so = LLVMBuildZExt(u->b, wg_jit_field(u, u->j->layout.so, u->j->i8), u->j->i32, "");
  LLVMValueRef row = LLVMBuildOr(u->b, order, LLVMBuildMul(u->b, so, n32(u, WG_JIT_ORDERS), ""), "");
  LLVMValueRef at = LLVMBuildShl(u->b, LLVMBuildZExt(u->b, row, u->j->i64, ""), wg_jit_i64(u->j, 2), "");
  return LLVMBuildLoad2(u->b, u->j->i32, wg_jit_at(u, table(u), at, u->j->i32), "");
}

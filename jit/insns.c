// Clones instructions of a body.
#include <string.h>

#include "jit/clone.h"

// --- the context and the op ----------------------------------------------------------------------------

static LLVMValueRef op_field(struct wg_clone *x, int64_t offset, LLVMTypeRef t) {
  uint64_t v = 0, n = LLVMABISizeOfType(x->u->j->data, t);
  if (LLVMGetTypeKind(t) != LLVMIntegerTypeKind || offset < 0 || (uint64_t)offset + n > WG_JIT_OP_BYTES || n > 8) {
    x->hopeless = true;
    return LLVMGetUndef(t);
  }
  memcpy(&v, x->k->op + offset, n);
  return LLVMConstInt(t, v, 0);
}

// A pointer to a part of the context: a slot's, or its own. No register ends within it, or the body is hopeless.
static LLVMValueRef place_of(struct wg_clone *x, int64_t offset, uint64_t n, LLVMTypeRef t, uint32_t *slot) {
  struct wg_jit_build *u = x->u;
  uint32_t start, size;
  *slot = wg_jit_slot_of(&u->j->layout, (uint32_t)offset, &start, &size);
  if (*slot != UINT32_MAX && (uint64_t)offset + n > (uint64_t)start + size) x->hopeless = true;
  if (*slot != UINT32_MAX && (wg_jit_in_context(u, *slot) || !wg_jit_has_field(u, *slot))) *slot = UINT32_MAX;
  if (*slot == UINT32_MAX) return wg_jit_at(u, u->c, wg_jit_i64(u->j, (uint64_t)offset), t);
  return wg_jit_at(u, wg_jit_slot(u, *slot), wg_jit_i64(u->j, (uint64_t)offset - start), t);
}

static LLVMValueRef load_context(struct wg_clone *x, int64_t offset, LLVMTypeRef t, unsigned align) {
  const struct wg_jit_layout *l = &x->u->j->layout;
  uint64_t n = LLVMABISizeOfType(x->u->j->data, t);
  if (offset >= l->zero && (uint64_t)offset + n <= l->zero + 8ull) return LLVMConstNull(t);
  uint32_t slot;
  LLVMValueRef p = place_of(x, offset, n, t, &slot);
  LLVMValueRef v = LLVMBuildLoad2(x->u->b, t, p, "");
  LLVMSetAlignment(v, align);
  return v;
}

static void store(struct wg_clone *x, int64_t offset, LLVMValueRef v, unsigned align) {
  struct wg_jit_build *u = x->u;
  uint64_t n = LLVMABISizeOfType(u->j->data, LLVMTypeOf(v));
  uint32_t slot, first, size;
  wg_jit_writes_field(u, wg_jit_slot_of(&u->j->layout, (uint32_t)offset, &first, &size));
  LLVMValueRef p = place_of(x, offset, n, LLVMTypeOf(v), &slot);
  LLVMSetAlignment(LLVMBuildStore(u->b, v, p), align);
  uint32_t start;
  if (slot == UINT32_MAX) return;
  const struct wg_jit_granule *g = wg_jit_granule_of(&u->j->layout, slot, &start);
  if (g->bits) wg_jit_sets_bit(u, slot, v);
  if (g->bits) slot = wg_jit_field_of(&u->j->layout, slot);
  if (g->bits || g->late) {
    wg_jit_wrote(u, slot);
    return;
  }
  LLVMValueRef real = wg_jit_at(u, u->c, wg_jit_i64(u->j, (uint64_t)offset), LLVMTypeOf(v));
  LLVMSetAlignment(LLVMBuildStore(u->b, v, real), align);
}

// --- instructions ----------------------------------------------------------------------------------------

static bool folds(LLVMOpcode op) {
  switch ((int)op) {
  case LLVMAdd:
  case LLVMSub:
  case LLVMMul:
  case LLVMShl:
  case LLVMLShr:
  case LLVMAShr:
  case LLVMAnd:
  case LLVMOr:
  case LLVMXor: return true;
  default: return false;
  }
}
static bool casts(LLVMOpcode op) { return op == LLVMZExt || op == LLVMSExt || op == LLVMTrunc; }

void wg_clone_plain(struct wg_clone *x, LLVMValueRef i) {
  LLVMOpcode op = LLVMGetInstructionOpcode(i);
  LLVMBuilderRef b = x->u->b;
  unsigned n = (unsigned)LLVMGetNumOperands(i);
  LLVMValueRef ops[64] = {NULL};
  if (n > 64) {
    x->hopeless = true;
    return;
  }
  bool all = true;
  for (unsigned o = 0; o < n; o++) {
    ops[o] = wg_clone_value(x, LLVMGetOperand(i, o));
    all = all && LLVMIsAConstant(ops[o]);
  }
  if (x->hopeless) return;
  uint64_t c;
  // Both sides of an or are there anyway.
  if (op == LLVMSelect && wg_clone_constant(ops[1], &c) && c == 1 && LLVMTypeOf(i) == x->u->j->i1) {
    wg_clone_become(x, i, LLVMBuildOr(b, ops[0], ops[2], ""));
    return;
  }
  if (op == LLVMFreeze && all) {
    wg_clone_become(x, i, ops[0]);
    return;
  }
  if (all && folds(op)) {
    wg_clone_become(x, i, LLVMBuildBinOp(b, op, ops[0], ops[1], ""));
    return;
  }
  if (all && casts(op)) {
    wg_clone_become(x, i, LLVMBuildCast(b, op, ops[0], LLVMTypeOf(i), ""));
    return;
  }
  if (all && op == LLVMICmp) {
    wg_clone_become(x, i, LLVMBuildICmp(b, LLVMGetICmpPredicate(i), ops[0], ops[1], ""));
    return;
  }
  LLVMValueRef k = LLVMInstructionClone(i);
  for (unsigned o = 0; o < n; o++) LLVMSetOperand(k, o, ops[o]);
  LLVMInsertIntoBuilder(b, k);
  wg_clone_become(x, i, k);
}

// What is decided by a pointer into the context or the op: true if `i` was dealt with.
bool wg_clone_pointer(struct wg_clone *x, LLVMValueRef i) {
  LLVMOpcode op = LLVMGetInstructionOpcode(i);
  struct wg_clone_seen p;
  switch ((int)op) {
  case LLVMGetElementPtr:
  case LLVMBitCast:
    p = wg_clone_operand(x, LLVMGetOperand(i, 0));
    if (p.kind != WG_IS_CONTEXT && p.kind != WG_IS_OP) return false;
    if (op == LLVMGetElementPtr && !wg_clone_offset(x, i, &p.offset)) x->hopeless = true;
    wg_clone_know(x, i, p);
    return true;
  case LLVMLoad:
    p = wg_clone_operand(x, LLVMGetOperand(i, 0));
    if (p.kind == WG_IS_OP) wg_clone_become(x, i, op_field(x, p.offset, LLVMTypeOf(i)));
    if (p.kind == WG_IS_CONTEXT) wg_clone_become(x, i, load_context(x, p.offset, LLVMTypeOf(i), LLVMGetAlignment(i)));
    return p.kind == WG_IS_OP || p.kind == WG_IS_CONTEXT;
  case LLVMStore:
    p = wg_clone_operand(x, LLVMGetOperand(i, 1));
    x->stored = true;
    if (p.kind == WG_IS_CONTEXT) store(x, p.offset, wg_clone_value(x, LLVMGetOperand(i, 0)), LLVMGetAlignment(i));
    return p.kind == WG_IS_CONTEXT;
  case LLVMSelect: { // between two registers, say
    uint64_t cond;
    if (!wg_clone_constant(wg_clone_value(x, LLVMGetOperand(i, 0)), &cond)) return false;
    wg_clone_know(x, i, wg_clone_operand(x, LLVMGetOperand(i, cond ? 1 : 2)));
    return true;
  }
  case LLVMAlloca: {
    LLVMValueRef a = wg_jit_alloca(x->u, LLVMGetAllocatedType(i));
    LLVMSetAlignment(a, LLVMGetAlignment(i));
    wg_clone_become(x, i, a);
    return true;
  }
  default: return false;
  }
}

// memcpy from or to the context, a register's worth of it.
static bool copy_registers(struct wg_clone *x, LLVMValueRef i) {
  struct wg_jit_build *u = x->u;
  struct wg_clone_seen to = wg_clone_operand(x, LLVMGetOperand(i, 0)), from = wg_clone_operand(x, LLVMGetOperand(i, 1));
  uint64_t n;
  if (to.kind != WG_IS_CONTEXT && from.kind != WG_IS_CONTEXT) return false;
  if (!wg_clone_constant(wg_clone_value(x, LLVMGetOperand(i, 2)), &n) || n != 16) {
    x->hopeless = true;
    return true;
  }
  LLVMTypeRef t = LLVMVectorType(u->j->i32, 4);
  LLVMValueRef v;
  if (from.kind == WG_IS_CONTEXT) {
    v = load_context(x, from.offset, t, 16);
  } else {
    v = LLVMBuildLoad2(u->b, t, LLVMBuildBitCast(u->b, wg_clone_value(x, from.from), LLVMPointerType(t, 0), ""), "");
    LLVMSetAlignment(v, 1);
  }
  if (to.kind == WG_IS_CONTEXT) {
    x->stored = true;
    store(x, to.offset, v, 16);
  } else {
    LLVMValueRef p = LLVMBuildBitCast(u->b, wg_clone_value(x, to.from), LLVMPointerType(t, 0), "");
    LLVMSetAlignment(LLVMBuildStore(u->b, v, p), 1);
  }
  return true;
}

static bool is_intrinsic(const char *name) { return strncmp(name, "llvm.", 5) == 0; }

// What a call means: an intrinsic is cloned; of anything else the interpreter has to do the whole instruction.
enum wg_cloned_call wg_clone_call(struct wg_clone *x, LLVMValueRef i) {
  size_t n;
  LLVMValueRef f = LLVMGetCalledValue(i);
  const char *name = LLVMIsAFunction(f) ? LLVMGetValueName2(f, &n) : "";
  if (wg_clone_access(x, i, name)) return WG_CALL_CLONED;
  if (strcmp(name, "wgj_field") == 0) {
    uint64_t field = 0;
    if (!wg_clone_constant(wg_clone_value(x, LLVMGetOperand(i, 1)), &field)) x->hopeless = true;
    wg_clone_become(x, i, wg_jit_field_value(x->u, field & 7));
    return WG_CALL_CLONED;
  }
  if (!is_intrinsic(name)) return WG_CALL_LEFT;
  if (strncmp(name, "llvm.lifetime", 13) == 0 || strncmp(name, "llvm.assume", 11) == 0 ||
      strncmp(name, "llvm.dbg", 8) == 0 || strncmp(name, "llvm.experimental.noalias", 25) == 0)
    return WG_CALL_CLONED;
  if (strncmp(name, "llvm.memcpy", 11) == 0 && copy_registers(x, i)) return WG_CALL_CLONED;
  wg_clone_plain(x, i);
  return WG_CALL_CLONED;
}

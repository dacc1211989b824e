// What the values of a body have become.
#include <string.h>

#include "jit/clone.h"

struct wg_clone_seen *wg_clone_find(struct wg_clone *x, LLVMValueRef v) {
  size_t i = ((uintptr_t)v >> 4) * 0x9E3779B1u % WG_CLONE_SEEN;
  while (x->seen[i].from && x->seen[i].from != v) i = (i + 1) % WG_CLONE_SEEN;
  return &x->seen[i];
}

void wg_clone_know(struct wg_clone *x, LLVMValueRef v, struct wg_clone_seen s) {
  struct wg_clone_seen *at = wg_clone_find(x, v);
  if (at->from == NULL && ++x->nseen > WG_CLONE_SEEN / 2) {
    x->hopeless = true;
    return;
  }
  s.from = v;
  *at = s;
}
void wg_clone_become(struct wg_clone *x, LLVMValueRef v, LLVMValueRef to) {
  wg_clone_know(x, v, (struct wg_clone_seen){.kind = WG_IS_VALUE, .to = to});
}

static LLVMValueRef global(struct wg_clone *x, LLVMValueRef v) {
  size_t n;
  const char *name = LLVMGetValueName2(v, &n);
  LLVMModuleRef m = x->u->module;
  if (LLVMIsAFunction(v)) {
    LLVMValueRef f = LLVMGetNamedFunction(m, name);
    return f ? f : LLVMAddFunction(m, name, LLVMGlobalGetValueType(v));
  }
  LLVMValueRef init = LLVMIsAGlobalVariable(v) ? LLVMGetInitializer(v) : NULL;
  if (init == NULL || !LLVMIsGlobalConstant(v)) return NULL;
  LLVMValueRef g = LLVMGetNamedGlobal(m, name);
  if (g) return g;
  g = LLVMAddGlobal(m, LLVMGlobalGetValueType(v), name);
  LLVMSetInitializer(g, init);
  LLVMSetGlobalConstant(g, 1);
  LLVMSetLinkage(g, LLVMPrivateLinkage);
  LLVMSetAlignment(g, LLVMGetAlignment(v));
  return g;
}

struct wg_clone_seen wg_clone_operand(struct wg_clone *x, LLVMValueRef v) {
  struct wg_clone_seen s = *wg_clone_find(x, v);
  if (s.kind != WG_IS_NOTHING) return s;
  LLVMValueRef to = v;
  if (LLVMIsAGlobalValue(v))
    to = global(x, v);
  else if (LLVMIsAConstantExpr(v)) {
    struct wg_clone_seen p = wg_clone_operand(x, LLVMGetOperand(v, 0));
    to = NULL;
    if (p.kind == WG_IS_VALUE && p.to && LLVMGetConstOpcode(v) == LLVMBitCast)
      to = LLVMConstBitCast(p.to, LLVMTypeOf(v));
    if (p.kind == WG_IS_VALUE && p.to && LLVMGetConstOpcode(v) == LLVMGetElementPtr) {
      LLVMValueRef at[8];
      unsigned n = (unsigned)LLVMGetNumOperands(v) - 1;
      for (unsigned i = 0; i < n && i < 8; i++) at[i] = LLVMGetOperand(v, i + 1);
      if (n <= 8) to = LLVMConstGEP2(LLVMGetGEPSourceElementType(v), p.to, at, n);
    }
  } else if (!LLVMIsAConstant(v) && !LLVMIsAMDNode(v) && !LLVMIsAMDString(v) &&
             LLVMGetTypeKind(LLVMTypeOf(v)) != LLVMMetadataTypeKind)
    to = NULL;
  return (struct wg_clone_seen){.from = v, .kind = WG_IS_VALUE, .to = to};
}

LLVMValueRef wg_clone_value(struct wg_clone *x, LLVMValueRef v) {
  struct wg_clone_seen s = wg_clone_operand(x, v);
  if (s.kind == WG_IS_VALUE && s.to) return s.to;
  x->hopeless = true;
  return LLVMGetUndef(LLVMTypeOf(v));
}

bool wg_clone_constant(LLVMValueRef v, uint64_t *n) {
  if (!LLVMIsAConstantInt(v) || LLVMGetIntTypeWidth(LLVMTypeOf(v)) > 64) return false;
  *n = LLVMConstIntGetZExtValue(v);
  return true;
}

bool wg_clone_offset(struct wg_clone *x, LLVMValueRef gep, int64_t *offset) {
  LLVMTargetDataRef data = x->u->j->data;
  LLVMTypeRef t = LLVMGetGEPSourceElementType(gep);
  unsigned n = (unsigned)LLVMGetNumOperands(gep);
  for (unsigned i = 1; i < n; i++) {
    LLVMValueRef v = wg_clone_value(x, LLVMGetOperand(gep, i));
    if (!LLVMIsAConstantInt(v)) return false;
    int64_t at = LLVMConstIntGetSExtValue(v);
    if (i == 1) {
      *offset += at * (int64_t)LLVMABISizeOfType(data, t);
    } else if (LLVMGetTypeKind(t) == LLVMStructTypeKind) {
      *offset += (int64_t)LLVMOffsetOfElement(data, t, (unsigned)at);
      t = LLVMStructGetTypeAtIndex(t, (unsigned)at);
    } else {
      t = LLVMGetElementType(t);
      *offset += at * (int64_t)LLVMABISizeOfType(data, t);
    }
  }
  return true;
}

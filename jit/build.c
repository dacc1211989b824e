#include "jit/build.h"

#include <string.h>

LLVMValueRef wg_jit_i64(struct wg_jit *j, uint64_t v) { return LLVMConstInt(j->i64, v, 0); }

LLVMBasicBlockRef wg_jit_block(struct wg_jit_build *u) { return LLVMAppendBasicBlockInContext(u->j->ctx, u->fn, ""); }

void wg_jit_put(struct wg_jit_build *u, LLVMBasicBlockRef block) { LLVMPositionBuilderAtEnd(u->b, block); }

LLVMValueRef wg_jit_at(struct wg_jit_build *u, LLVMValueRef base, LLVMValueRef offset, LLVMTypeRef t) {
  LLVMValueRef p = LLVMBuildBitCast(u->b, base, u->j->p8, "");
  p = LLVMBuildGEP2(u->b, u->j->i8, p, &offset, 1, "");
  return LLVMBuildBitCast(u->b, p, LLVMPointerType(t, 0), "");
}

LLVMValueRef wg_jit_field(struct wg_jit_build *u, uint32_t offset, LLVMTypeRef t) {
  return LLVMBuildLoad2(u->b, t, wg_jit_at(u, u->c, wg_jit_i64(u->j, offset), t), "");
}

void wg_jit_unlikely(struct wg_jit_build *u, LLVMValueRef cond, LLVMBasicBlockRef yes, LLVMBasicBlockRef no) {
  struct wg_jit *j = u->j;
  LLVMValueRef br = LLVMBuildCondBr(u->b, cond, yes, no);
  LLVMValueRef weights[3] = {LLVMMDStringInContext(j->ctx, "branch_weights", 14), LLVMConstInt(j->i32, 1, 0),
                             LLVMConstInt(j->i32, 100000, 0)};
  LLVMSetMetadata(br, j->prof, LLVMMDNodeInContext(j->ctx, weights, 3));
}

LLVMValueRef wg_jit_alloca(struct wg_jit_build *u, LLVMTypeRef t) { return LLVMBuildAlloca(u->allocas, t, ""); }

uint32_t wg_jit_slot_of(const struct wg_jit_layout *l, uint32_t offset, uint32_t *start, uint32_t *size) {
  uint32_t slot = 0;
  for (size_t i = 0; i < l->ngranules; i++) {
    const struct wg_jit_granule *g = &l->granules[i];
    uint32_t n = (offset - g->offset) / g->size;
    if (offset >= g->offset && n < g->count) {
      *start = g->offset + n * g->size;
      *size = g->size;
      return slot + n;
    }
    slot += g->count;
  }
  return UINT32_MAX;
}

// The granule of a slot: its first byte.
const struct wg_jit_granule *wg_jit_granule_of(const struct wg_jit_layout *l, uint32_t slot, uint32_t *offset) {
  for (size_t i = 0; i < l->ngranules; i++) {
    const struct wg_jit_granule *g = &l->granules[i];
    if (slot < g->count) {
      *offset = g->offset + slot * g->size;
      return g;
    }
    slot -= g->count;
  }
  return NULL;
}

bool wg_jit_in_context(const struct wg_jit_build *u, uint32_t slot) {
  uint32_t offset;
  const struct wg_jit_granule *g = wg_jit_granule_of(&u->j->layout, slot, &offset);
  return g->general && !(u->kept >> (offset - g->offset) / g->size & 1);
}

LLVMValueRef wg_jit_general(struct wg_jit_build *u, unsigned number) {
  uint32_t slot = 0;
  const struct wg_jit_granule *g = u->j->layout.granules;
  for (; !g->general; g++) slot += g->count;
  if (wg_jit_in_context(u, slot + number)) return wg_jit_field(u, g->offset + number * g->size, u->j->i64);
  return LLVMBuildLoad2(u->b, u->j->i64, wg_jit_slot(u, slot + number), "");
}

LLVMTypeRef wg_jit_slot_type(struct wg_jit *j, const struct wg_jit_granule *g) {
  return g->fields ? j->i64 : wg_jit_type(j, g->size);
}

LLVMTypeRef wg_jit_type(struct wg_jit *j, uint32_t size) {
  return size == 16 ? LLVMVectorType(j->i32, 4) : LLVMIntTypeInContext(j->ctx, 8 * size);
}

LLVMValueRef wg_jit_slot(struct wg_jit_build *u, uint32_t slot) {
  uint32_t offset;
  if (u->slots[slot] == NULL) {
    const struct wg_jit_granule *g = wg_jit_granule_of(&u->j->layout, slot, &offset);
    u->slots[slot] = wg_jit_alloca(u, wg_jit_slot_type(u->j, g));
    if (g->size == 16) LLVMSetAlignment(u->slots[slot], 16);
  }
  return u->slots[slot];
}

static void attribute(struct wg_jit *j, LLVMValueRef f, unsigned at, const char *name) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddAttributeAtIndex(f, at, LLVMCreateEnumAttribute(j->ctx, kind, 0));
}

#define OF_FUNCTION ((LLVMAttributeIndex)LLVMAttributeFunctionIndex)
static void attributes(struct wg_jit *j, LLVMValueRef f) {
  LLVMAddAttributeAtIndex(f, OF_FUNCTION,
                          LLVMCreateStringAttribute(j->ctx, "target-cpu", 10, WG_JIT_CPU, sizeof WG_JIT_CPU - 1));
  attribute(j, f, OF_FUNCTION, "nounwind");
  attribute(j, f, OF_FUNCTION, "strictfp");
  attribute(j, f, OF_FUNCTION, "noredzone"); // calls are put in later
  static const unsigned apart[] = {1, 5, 6}; // c, base and flags, counted from 1
  for (size_t i = 0; i < sizeof apart / sizeof *apart; i++) attribute(j, f, apart[i], "noalias");
}

LLVMValueRef wg_jit_function(struct wg_jit_build *u, const char *name) {
  LLVMValueRef f = LLVMAddFunction(u->module, name, u->j->handler);
  attributes(u->j, f);
  return f;
}

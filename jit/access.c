// Accesses to guest memory: each becomes one instruction of the host's, at an address of 32 bits from where GS begins.
//
// Nothing is asked before. Where the host refuses it, the code goes on at a place of its own, as after a branch: to
// LLVM it is one (an asm goto, of which the bodies have the shape, since the C interface cannot make any). What it
// notes beside the code says which place that is (struct wg_jit_refusal).
#include <llvm/Config/llvm-config.h>
#include <stdio.h>
#include <string.h>

#include "jit/clone.h"

// How a label is named among an asm goto's operands.
#if LLVM_VERSION_MAJOR < 15
#define LABEL "X"
#else
#define LABEL "!i"
#endif

// A body's call, and what becomes of it: the operand 0 is what is loaded or stored. What is in memory is big-endian;
// vectors are as they lie there.
static const struct access {
  const char *call, *shape, *operand;
  const char *before, *after; // the address
  const char *clobbers;
  bool stores;
} accesses[] = {
    {"wgj_load_8", "wgj_shape_load", "=r", "movzbl ", ", ${0:k}", "", false},
    {"wgj_load_16", "wgj_shape_load", "=r", "movzwl ", ", ${0:k}\n\trolw $$8, ${0:w}", ",~{flags}", false},
    {"wgj_load_32", "wgj_shape_load", "=r", "movbel ", ", ${0:k}", "", false},
    {"wgj_load_64", "wgj_shape_load", "=r", "movbeq ", ", ${0:q}", "", false},
    {"wgj_load_raw", "wgj_shape_load_vector", "=x", "vmovdqu ", ", ${0:x}", "", false},
    {"wgj_store_8", "wgj_shape_store", "r", "movb ${0:b}, ", "", "", true},
    {"wgj_store_16", "wgj_shape_store", "r", "movbew ${0:w}, ", "", "", true},
    {"wgj_store_32", "wgj_shape_store", "r", "movbel ${0:k}, ", "", "", true},
    {"wgj_store_64", "wgj_shape_store", "r", "movbeq ${0:q}, ", "", "", true},
    {"wgj_store_raw", "wgj_shape_store_vector", "x", "vmovdqu ${0:x}, ", "", "", true},
};

static const struct access *access_of(const char *call) {
  for (size_t i = 0; i < sizeof accesses / sizeof *accesses; i++)
    if (strcmp(accesses[i].call, call) == 0) return &accesses[i];
  return NULL;
}

// The asm goto of a shape, or NULL.
static LLVMValueRef shape_of(struct wg_jit *j, const char *name) {
  LLVMValueRef f = wg_jit_body(j, name);
  for (LLVMBasicBlockRef b = f ? LLVMGetFirstBasicBlock(f) : NULL; b; b = LLVMGetNextBasicBlock(b)) {
    LLVMValueRef t = LLVMGetBasicBlockTerminator(b);
    if (LLVMGetInstructionOpcode(t) == LLVMCallBr) return t;
  }
  return NULL;
}

// A register and a distance, or two registers.
struct address {
  LLVMValueRef base, other;
  bool two;
};

static struct address address_of(struct wg_jit *j, LLVMValueRef at) {
  struct address a = {.base = at, .other = LLVMConstInt(j->i32, 0, 0)};
  if (!LLVMIsAInstruction(at) || LLVMGetInstructionOpcode(at) != LLVMAdd) return a;
  a.base = LLVMGetOperand(at, 0);
  a.other = LLVMGetOperand(at, 1);
  if (LLVMIsAConstantInt(a.base)) {
    LLVMValueRef first = a.base;
    a.base = a.other;
    a.other = first;
  }
  a.two = !LLVMIsAConstantInt(a.other);
  return a;
}

// The instruction itself, and beside the code where it is, where it goes on if it is refused, and its place.
static LLVMValueRef assembly(const struct wg_clone *x, const struct access *k, const struct address *a,
                             LLVMTypeRef type) {
  char text[400], constraints[64];
  int n = snprintf(text, sizeof text,
                   "1:\t%s%s%s\n\t.pushsection " WG_JIT_REFUSALS ",\"\",@progbits\n"
                   "\t.long 1b-" WG_JIT_BODY ", ${3:l}-" WG_JIT_BODY ", %u\n\t.popsection",
                   k->before, a->two ? "%gs:(${1:k},${2:k})" : "%gs:${2:c}(${1:k})", k->after,
                   x->u->insns[x->u->now].place);
  int m = snprintf(constraints, sizeof constraints, "%s,r,%s," LABEL "%s", k->operand, a->two ? "r" : "i", k->clobbers);
  return LLVMGetInlineAsm(type, text, (size_t)n, constraints, (size_t)m, 1, 0, LLVMInlineAsmDialectATT, 0);
}

// It reads and writes nothing that LLVM knows of: guest memory is accessed by such instructions alone, which stay in
// their order, since they are branches.
static void touches_nothing(struct wg_jit *j, LLVMValueRef asm_goto) {
#if LLVM_VERSION_MAJOR < 16
  static const char name[] = "readnone";
#else
  static const char name[] = "memory"; // of none
#endif
  unsigned kind = LLVMGetEnumAttributeKindForName(name, sizeof name - 1);
  LLVMAddCallSiteAttribute(asm_goto, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                           LLVMCreateEnumAttribute(j->ctx, kind, 0));
}

bool wg_clone_access(struct wg_clone *x, LLVMValueRef i, const char *call) {
  struct wg_jit_build *u = x->u;
  const struct access *k = access_of(call);
  if (k == NULL) return false;
  LLVMValueRef shape = shape_of(u->j, k->shape), at = wg_clone_value(x, LLVMGetOperand(i, 0)), stored = NULL;
  if (k->stores) stored = wg_clone_value(x, LLVMGetOperand(i, 1));
  if (shape == NULL || x->stored || x->k->cold == NULL) x->hopeless = true;
  if (x->hopeless) return true;
  struct address a = address_of(u->j, at);
  LLVMValueRef access = LLVMInstructionClone(shape);
  unsigned n = 0, callee = (unsigned)LLVMGetNumOperands(shape) - 1;
  if (k->stores) LLVMSetOperand(access, n++, stored);
  LLVMSetOperand(access, n++, a.base);
  LLVMSetOperand(access, n, a.other);
  LLVMSetOperand(access, callee, assembly(x, k, &a, LLVMGetCalledFunctionType(shape)));
  LLVMBasicBlockRef on = wg_jit_block(u);
  LLVMInsertIntoBuilder(u->b, access);
  touches_nothing(u->j, access);
  LLVMSetSuccessor(access, 0, on);
  LLVMSetSuccessor(access, 1, x->k->cold);
  wg_jit_put(u, on);
  if (!k->stores) wg_clone_become(x, i, access);
  return true;
}

const char *wg_jit_refusals(const struct wg_jit_linked *linked, struct wg_jit_blob *out) {
  size_t n = linked->refusals ? linked->refusals_size / sizeof(struct wg_jit_refusal) : 0;
  if (n == 0) return NULL;
  if (linked->refusals_size % sizeof(struct wg_jit_refusal)) return "a list of accesses that is cut";
  size_t code = out->size, at = (code + 7) / 8 * 8, size = at + linked->refusals_size;
  wg_jit_grow(out, size);
  struct wg_jit_refusal r;
  for (size_t i = 0, before = 0; i < n; i++, before = r.at) {
    memcpy(&r, linked->refusals + i * sizeof r, sizeof r);
    if (r.at >= code - linked->body || r.to >= code - linked->body) return "an access beyond the code";
    r.at += (uint32_t)linked->body;
    r.to += (uint32_t)linked->body;
    if (i && r.at <= before) return "accesses out of order";
    memcpy(out->bytes + at + i * sizeof r, &r, sizeof r);
  }
  out->refusals = at;
  out->nrefusals = n;
  return NULL;
}

// The interpreter's bodies: bitcode, which is read a part at a time, when a body of it is first asked for.
#include <llvm-c/BitReader.h>
#include <stdint.h>

#include "jit/build.h"

// Bytes from the table's start on, and how many (bodies.S).
extern const struct { uint32_t from, size; } wg_jit_parts[WG_JIT_PARTS];

static bool read_part(struct wg_jit *j, size_t i) {
  const char *bytes = (const char *)wg_jit_parts + wg_jit_parts[i].from;
  LLVMMemoryBufferRef b = LLVMCreateMemoryBufferWithMemoryRange(bytes, wg_jit_parts[i].size, "bodies", 0);
  bool bad = LLVMParseBitcodeInContext2(j->ctx, b, &j->parts[i]);
  LLVMDisposeMemoryBuffer(b);
  if (bad) j->parts[i] = NULL;
  return !bad;
}

const char *wg_jit_triple(struct wg_jit *j) {
  return j->parts[0] || read_part(j, 0) ? LLVMGetTarget(j->parts[0]) : NULL;
}

LLVMValueRef wg_jit_body(struct wg_jit *j, const char *name) {
  for (size_t i = 0; i < WG_JIT_PARTS; i++) {
    if (j->parts[i] == NULL && !read_part(j, i)) continue;
    LLVMValueRef f = LLVMGetNamedFunction(j->parts[i], name);
    if (f && !LLVMIsDeclaration(f)) return f;
  }
  return NULL;
}

void wg_jit_forget_bodies(struct wg_jit *j) {
  for (size_t i = 0; i < WG_JIT_PARTS; i++) {
    if (j->parts[i]) LLVMDisposeModule(j->parts[i]);
    j->parts[i] = NULL;
  }
}

// What the parts of cloning a body share (clone.c).
#ifndef WG_JIT_CLONE_H
#define WG_JIT_CLONE_H

#include "jit/build.h"

// What a value of the body has become.
enum wg_clone_kind { WG_IS_NOTHING, WG_IS_VALUE, WG_IS_CONTEXT, WG_IS_OP };
struct wg_clone_seen {
  LLVMValueRef from;
  enum wg_clone_kind kind;
  LLVMValueRef to; // WG_IS_VALUE
  int64_t offset;  // WG_IS_CONTEXT, WG_IS_OP
};

#define WG_CLONE_SEEN 8192u
#define WG_CLONE_BLOCKS 192u
#define WG_CLONE_FACTS 6u

struct wg_clone_block {
  LLVMBasicBlockRef from, to;
  bool reached, stored; // `stored`: something may have changed before it
  // Conditions of the body that are known there, since one way alone leads to it.
  struct wg_clone_fact {
    LLVMValueRef cond;
    bool holds;
  } facts[WG_CLONE_FACTS];
  size_t nfacts, ways;
};

struct wg_clone {
  struct wg_jit_build *u;
  struct wg_jit_clone *k;
  struct wg_clone_seen *seen; // [WG_CLONE_SEEN], by address
  size_t nseen;               // at most half of them
  struct wg_clone_block blocks[WG_CLONE_BLOCKS];
  size_t nblocks;
  LLVMValueRef phis[64], phi_to[64];
  size_t nphis;
  struct {
    size_t from;
    LLVMBasicBlockRef to, at;
  } edges[2 * WG_CLONE_BLOCKS]; // that the clone has
  size_t nedges;
  LLVMValueRef result; // an alloca
  LLVMTypeRef result_type;
  bool hopeless, stored;
};

// --- values.c
struct wg_clone_seen *wg_clone_find(struct wg_clone *x, LLVMValueRef v);
void wg_clone_know(struct wg_clone *x, LLVMValueRef v, struct wg_clone_seen s);
void wg_clone_become(struct wg_clone *x, LLVMValueRef v, LLVMValueRef to);
struct wg_clone_seen wg_clone_operand(struct wg_clone *x, LLVMValueRef v); // .to NULL: has no meaning outside its body
LLVMValueRef wg_clone_value(struct wg_clone *x, LLVMValueRef v);           // what has none makes the body hopeless
bool wg_clone_constant(LLVMValueRef v, uint64_t *n);
// Adds what a GEP adds, if all of its indices are known.
bool wg_clone_offset(struct wg_clone *x, LLVMValueRef gep, int64_t *offset);

// --- insns.c
void wg_clone_plain(struct wg_clone *x, LLVMValueRef i);
bool wg_clone_pointer(struct wg_clone *x, LLVMValueRef i); // true if it was one into the context or the op
enum wg_cloned_call { WG_CALL_CLONED, WG_CALL_LEFT };
enum wg_cloned_call wg_clone_call(struct wg_clone *x, LLVMValueRef i);

// --- access.c
bool wg_clone_access(struct wg_clone *x, LLVMValueRef i, const char *call); // true if it was one to guest memory

#endif

// What flow.c has for the files that build instructions, branches and the region's ends. All of it builds where u->b
// is.
#ifndef WG_JIT_FLOW_H
#define WG_JIT_FLOW_H

#include "jit/build.h"

// Arguments of a handler (emu/cpu/ops.h).
enum { WG_JIT_ARG_C, WG_JIT_ARG_O, WG_JIT_ARG_K, WG_JIT_ARG_TRAIL, WG_JIT_ARG_BASE, WG_JIT_ARG_FLAGS, WG_JIT_ARGS };

// --- flow.c: numbers
LLVMValueRef wg_jit_load(struct wg_jit_build *u, LLVMValueRef a); // 64 bits
LLVMValueRef wg_jit_add(struct wg_jit_build *u, LLVMValueRef a, LLVMValueRef b);
LLVMValueRef wg_jit_op_bytes(struct wg_jit_build *u, uint64_t ops);
LLVMValueRef wg_jit_bytes_to(struct wg_jit_build *u,
                             LLVMValueRef address); // from a page's first op to that of the address
LLVMValueRef wg_jit_limit(struct wg_jit_build *u);
// e of place 0 (emu/cpu/ops.h); k of an op of this page is that, less the page.
LLVMValueRef wg_jit_e_here(struct wg_jit_build *u);
LLVMValueRef wg_jit_k_here(struct wg_jit_build *u);

// --- flow.c: calls
LLVMValueRef wg_jit_callee(struct wg_jit_build *u, enum wg_jit_call which, LLVMTypeRef t);    // of the context's table
void wg_jit_pass_on(struct wg_jit_build *u, LLVMValueRef fn, LLVMValueRef args[WG_JIT_ARGS]); // a tail call

// --- flow.c: what limits a turn and a trail
LLVMValueRef wg_jit_is_late(struct wg_jit_build *u,
                            LLVMValueRef off); // the limit is reached so many bytes of ops into the page
LLVMValueRef wg_jit_is_full(struct wg_jit_build *u, unsigned decisions);
// Puts the trail aside and goes to `on`, or to `refused` if that cannot be.
void wg_jit_make_room(struct wg_jit_build *u, LLVMBasicBlockRef refused, LLVMBasicBlockRef on);
void wg_jit_note(struct wg_jit_build *u, LLVMValueRef bit); // a decision
void wg_jit_checks(struct wg_jit_build *u);                 // all that ways led to

// --- flow.c: where it goes on
enum wg_jit_reached { WG_JIT_FALLING, WG_JIT_TAKEN };
LLVMBasicBlockRef wg_jit_way_to(struct wg_jit_build *u, uint16_t insn, enum wg_jit_reached how, bool check);
void wg_jit_go(struct wg_jit_build *u); // behind the instruction that is being built
void wg_jit_exits(struct wg_jit_build *u);
void wg_jit_exit_by(struct wg_jit_build *u, unsigned place, LLVMBasicBlockRef way);
void wg_jit_exit_at(struct wg_jit_build *u, unsigned place, LLVMBasicBlockRef exit);
void wg_jit_stay_apart(struct wg_jit_build *u); // keeps a block from being joined with others

// --- branch.c
void wg_jit_branch(struct wg_jit_build *u, const struct wg_jit_insn *i);
void wg_jit_branch_to_lr(struct wg_jit_build *u, const struct wg_jit_insn *i);
void wg_jit_branch_to_ctr(struct wg_jit_build *u, const struct wg_jit_insn *i);

#endif

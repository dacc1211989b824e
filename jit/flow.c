// How code of a region goes on: to the next instruction, with what is looked at on the way, or out of the region.
#include "jit/flow.h"

LLVMValueRef wg_jit_load(struct wg_jit_build *u, LLVMValueRef a) { return LLVMBuildLoad2(u->b, u->j->i64, a, ""); }
LLVMValueRef wg_jit_op_bytes(struct wg_jit_build *u, uint64_t ops) {
  return wg_jit_i64(u->j, ops * u->j->layout.op_size);
}
LLVMValueRef wg_jit_add(struct wg_jit_build *u, LLVMValueRef a, LLVMValueRef b) { return LLVMBuildAdd(u->b, a, b, ""); }
// From a page's first op to that of an address in it.
LLVMValueRef wg_jit_bytes_to(struct wg_jit_build *u, LLVMValueRef address) {
  struct wg_jit *j = u->j;
  LLVMValueRef word = LLVMBuildLShr(u->b, address, wg_jit_i64(j, 2), "");
  LLVMValueRef place = LLVMBuildAnd(u->b, word, wg_jit_i64(j, WG_JIT_PAGE - 1), "");
  return LLVMBuildMul(u->b, place, wg_jit_i64(j, j->layout.op_size), "");
}

// A function of the table that the context points to.
LLVMValueRef wg_jit_callee(struct wg_jit_build *u, enum wg_jit_call which, LLVMTypeRef t) {
  LLVMTypeRef pointer = LLVMPointerType(t, 0);
  LLVMValueRef table = wg_jit_field(u, u->j->layout.calls, u->j->p8);
  return LLVMBuildLoad2(u->b, pointer, wg_jit_at(u, table, wg_jit_i64(u->j, 8ull * which), pointer), "");
}

void wg_jit_pass_on(struct wg_jit_build *u, LLVMValueRef fn, LLVMValueRef args[WG_JIT_ARGS]) {
  LLVMValueRef call = LLVMBuildCall2(u->b, u->j->handler, fn, args, WG_JIT_ARGS, "");
  LLVMSetTailCall(call, 1);
  LLVMBuildRet(u->b, call);
}

// Goes on in a handler: a tail call, with the op at `offset` bytes from the page's first, or none.
static void become(struct wg_jit_build *u, LLVMValueRef fn, LLVMValueRef op, LLVMValueRef k) {
  LLVMValueRef o = op ? LLVMBuildIntToPtr(u->b, op, u->j->p8, "") : LLVMGetParam(u->fn, WG_JIT_ARG_O);
  LLVMValueRef args[WG_JIT_ARGS] = {u->c, o, k, wg_jit_load(u, u->trail), u->base, u->flags};
  wg_jit_pass_on(u, fn, args);
}

static LLVMValueRef op_at_off(struct wg_jit_build *u) { return wg_jit_add(u, u->page, wg_jit_load(u, u->off)); }
LLVMValueRef wg_jit_limit(struct wg_jit_build *u) { return wg_jit_field(u, u->j->layout.limit_e, u->j->i64); }
// e of place 0 (emu/cpu/ops.h); k of an op of this page is that, less the page.
LLVMValueRef wg_jit_e_here(struct wg_jit_build *u) {
  return LLVMBuildSub(u->b, wg_jit_limit(u), wg_jit_load(u, u->left), "");
}
LLVMValueRef wg_jit_k_here(struct wg_jit_build *u) { return LLVMBuildSub(u->b, wg_jit_e_here(u), u->page, ""); }

static LLVMValueRef handler_of(struct wg_jit_build *u, LLVMValueRef op) {
  LLVMTypeRef pointer = LLVMPointerType(u->j->handler, 0);
  return LLVMBuildLoad2(u->b, pointer, LLVMBuildIntToPtr(u->b, op, LLVMPointerType(pointer, 0), ""), "");
}

// Whether the limit is reached, `off` bytes of ops into the page.
LLVMValueRef wg_jit_is_late(struct wg_jit_build *u, LLVMValueRef off) {
  return LLVMBuildICmp(u->b, LLVMIntSLE, wg_jit_load(u, u->left), off, "");
}

// What was put aside comes back into the trail.
static void whole(struct wg_jit_build *u) {
  struct wg_jit *j = u->j;
  LLVMBasicBlockRef some = wg_jit_block(u), on = wg_jit_block(u);
  LLVMValueRef before = wg_jit_field(u, j->layout.before, j->i64);
  LLVMBuildCondBr(u->b, LLVMBuildICmp(u->b, LLVMIntEQ, before, wg_jit_i64(j, 1), ""), on, some);
  wg_jit_put(u, some);
  LLVMTypeRef params[2] = {j->p8, j->i64};
  LLVMTypeRef t = LLVMFunctionType(j->i64, params, 2, 0);
  LLVMValueRef args[2] = {u->c, wg_jit_load(u, u->trail)};
  LLVMBuildStore(u->b, LLVMBuildCall2(u->b, t, wg_jit_callee(u, WG_JIT_WHOLE, t), args, 2, ""), u->trail);
  LLVMBuildBr(u->b, on);
  wg_jit_put(u, on);
}

// The exits, each once; u->off, u->to, u->left and u->trail say where from.
void wg_jit_exits(struct wg_jit_build *u) {
  struct wg_jit *j = u->j;
  wg_jit_put(u, u->go);
  whole(u);
  LLVMValueRef op = op_at_off(u);
  become(u, handler_of(u, op), op, wg_jit_k_here(u));
  wg_jit_put(u, u->original);
  whole(u);
  become(u, wg_jit_callee(u, WG_JIT_ORIGINAL, j->handler), op_at_off(u), wg_jit_k_here(u));
  // A taken branch to another op of the page. One that is not left for its own sake goes on in the interpreter.
  LLVMBasicBlockRef limit = wg_jit_block(u);
  wg_jit_put(u, u->take);
  wg_jit_unlikely(u, wg_jit_is_late(u, wg_jit_load(u, u->off)), limit, u->go);
  wg_jit_put(u, u->near);
  LLVMBuildCondBr(u->b, wg_jit_is_late(u, wg_jit_load(u, u->off)), limit, u->original);
  wg_jit_put(u, limit);
  whole(u);
  become(u, wg_jit_callee(u, WG_JIT_AT_LIMIT, j->handler), op_at_off(u), wg_jit_k_here(u));
  // To any address, u->to; u->off holds e there.
  LLVMBasicBlockRef enter = wg_jit_block(u), known = wg_jit_block(u), far_limit = wg_jit_block(u),
                    far_go = wg_jit_block(u);
  wg_jit_put(u, u->far);
  whole(u);
  LLVMValueRef to = wg_jit_load(u, u->to), e = wg_jit_load(u, u->off);
  LLVMValueRef pages = wg_jit_field(u, j->layout.pages, j->p8);
  LLVMValueRef at = LLVMBuildShl(u->b, LLVMBuildLShr(u->b, to, wg_jit_i64(j, 12), ""), wg_jit_i64(j, 3), "");
  LLVMValueRef page = LLVMBuildLoad2(u->b, j->i64, wg_jit_at(u, pages, at, j->i64), "");
  wg_jit_unlikely(u, LLVMBuildICmp(u->b, LLVMIntEQ, page, wg_jit_i64(j, 0), ""), enter, known);
  wg_jit_put(u, enter);
  LLVMBuildStore(u->b, LLVMBuildTrunc(u->b, to, j->i32, ""), wg_jit_at(u, u->c, wg_jit_i64(j, j->layout.pc), j->i32));
  become(u, wg_jit_callee(u, WG_JIT_ENTER, j->handler), NULL, e);
  wg_jit_put(u, known);
  op = wg_jit_add(u, page, wg_jit_bytes_to(u, to));
  wg_jit_unlikely(u, LLVMBuildICmp(u->b, LLVMIntUGE, e, wg_jit_limit(u), ""), far_limit, far_go);
  wg_jit_put(u, far_limit);
  become(u, wg_jit_callee(u, WG_JIT_AT_LIMIT, j->handler), op, LLVMBuildSub(u->b, e, op, ""));
  wg_jit_put(u, far_go);
  become(u, handler_of(u, op), op, LLVMBuildSub(u->b, e, op, ""));
}

// Nothing, by which a block is more than a branch: else what tells it from others that lead the same way would be done
// before it, on the way that is gone often.
void wg_jit_stay_apart(struct wg_jit_build *u) {
  LLVMTypeRef t = LLVMFunctionType(u->j->nothing, NULL, 0, 0);
  char none[] = "";
  LLVMBuildCall2(u->b, t, LLVMGetInlineAsm(t, none, 0, none, 0, 1, 0, LLVMInlineAsmDialectATT, 0), NULL, 0, "");
}

void wg_jit_exit_by(struct wg_jit_build *u, unsigned place, LLVMBasicBlockRef way) {
  LLVMBuildStore(u->b, wg_jit_op_bytes(u, place), u->off);
  LLVMBuildBr(u->b, way);
}
void wg_jit_exit_at(struct wg_jit_build *u, unsigned place, LLVMBasicBlockRef exit) {
  wg_jit_exit_by(u, place, wg_jit_leave(u, exit, true, false));
}

// The way to an instruction.
LLVMBasicBlockRef wg_jit_way_to(struct wg_jit_build *u, uint16_t insn, enum wg_jit_reached how, bool check) {
  LLVMBasicBlockRef *checks = u->checks[insn];
  if (!check && !u->room[insn].checked) return u->block[insn];
  if (checks[how] == NULL) checks[how] = wg_jit_block(u);
  return checks[how];
}

// Goes on behind the instruction that is being built.
void wg_jit_go(struct wg_jit_build *u) {
  uint16_t to = wg_jit_falls_to(u, u->now);
  if (to != WG_JIT_NOWHERE) {
    wg_jit_edge(u, to);
    LLVMBuildBr(u->b, wg_jit_way_to(u, to, WG_JIT_FALLING, false));
  } else {
    wg_jit_exit_at(u, u->insns[u->now].place + 1u, u->go);
  }
}

void wg_jit_note(struct wg_jit_build *u, LLVMValueRef bit) {
  LLVMValueRef v = LLVMBuildShl(u->b, wg_jit_load(u, u->trail), wg_jit_i64(u->j, 1), "");
  LLVMBuildStore(u->b, LLVMBuildOr(u->b, v, bit, ""), u->trail);
}

LLVMValueRef wg_jit_is_full(struct wg_jit_build *u, unsigned decisions) {
  LLVMValueRef most = wg_jit_i64(u->j, 1ull << (63 - decisions));
  return LLVMBuildICmp(u->b, LLVMIntUGE, wg_jit_load(u, u->trail), most, "");
}

// Puts the trail aside; goes to `refused` if that cannot be.
void wg_jit_make_room(struct wg_jit_build *u, LLVMBasicBlockRef refused, LLVMBasicBlockRef on) {
  struct wg_jit *j = u->j;
  LLVMTypeRef params[2] = {j->p8, j->i64};
  LLVMTypeRef t = LLVMFunctionType(j->nothing, params, 2, 0);
  LLVMValueRef args[2] = {u->c, wg_jit_load(u, u->trail)};
  LLVMSetInstructionCallConv(LLVMBuildCall2(u->b, t, wg_jit_callee(u, WG_JIT_ROOM, t), args, 2, ""),
                             WG_JIT_PRESERVE_ALL);
  LLVMValueRef answer = wg_jit_field(u, j->layout.answer, j->i64);
  LLVMBasicBlockRef made = wg_jit_block(u);
  wg_jit_unlikely(u, LLVMBuildICmp(u->b, LLVMIntEQ, answer, wg_jit_i64(j, 0), ""), refused, made);
  wg_jit_put(u, made);
  LLVMBuildStore(u->b, answer, u->trail);
  LLVMBuildBr(u->b, on);
}

// Before an instruction: is there enough of the turn, and of the trail, for all that comes before the next check?
static void check(struct wg_jit_build *u, enum wg_jit_reached how) {
  const struct wg_jit_room *room = &u->room[u->now];
  unsigned place = u->insns[u->now].place;
  LLVMBasicBlockRef some = wg_jit_block(u), ask = wg_jit_block(u), out = wg_jit_block(u);
  LLVMValueRef late = wg_jit_is_late(u, wg_jit_op_bytes(u, place + room->ops));
  LLVMValueRef full = wg_jit_is_full(u, room->decisions);
  wg_jit_unlikely(u, LLVMBuildOr(u->b, late, full, ""), some, u->block[u->now]);
  wg_jit_put(u, some);
  LLVMBuildCondBr(u->b, late, out, ask);
  wg_jit_put(u, ask);
  wg_jit_make_room(u, out, u->block[u->now]);
  wg_jit_put(u, out);
  wg_jit_exit_by(u, place, wg_jit_leave(u, how == WG_JIT_TAKEN ? u->near : u->original, false, true));
}

void wg_jit_checks(struct wg_jit_build *u) {
  for (size_t i = 0; i < u->ninsns; i++)
    for (int how = WG_JIT_FALLING; how <= WG_JIT_TAKEN; how++) {
      if (u->checks[i][how] == NULL) continue;
      u->now = (uint16_t)i;
      u->shared = NULL;
      wg_jit_put(u, u->checks[i][how]);
      check(u, (enum wg_jit_reached)how);
    }
}

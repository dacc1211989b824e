// A region: each of its instructions, and where it is entered.
#include "jit/region.h"

#include "jit/flow.h"

static void fill(struct wg_jit_build *u, LLVMBasicBlockRef block, LLVMBasicBlockRef next) {
  u->fills[u->nfills].block = block;
  u->fills[u->nfills++].next = next;
}

// The interpreter executes it, and comes back; all registers are read again.
static void step(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  struct wg_jit *j = u->j;
  LLVMBasicBlockRef ready = wg_jit_block(u);
  LLVMBuildBr(u->b, wg_jit_leave(u, ready, false, false));
  u->steps[u->now] = true;
  wg_jit_put(u, ready);
  LLVMValueRef op = wg_jit_add(u, u->page, wg_jit_op_bytes(u, i->place));
  LLVMValueRef args[WG_JIT_ARGS] = {
      u->c, LLVMBuildIntToPtr(u->b, op, j->p8, ""), wg_jit_k_here(u), wg_jit_load(u, u->trail), u->base, u->flags};
  LLVMTypeRef params[WG_JIT_ARGS] = {j->p8, j->p8, j->i64, j->i64, j->p8, j->p8};
  LLVMTypeRef t = LLVMFunctionType(j->i64, params, WG_JIT_ARGS, 0);
  LLVMValueRef how = LLVMBuildCall2(u->b, t, wg_jit_callee(u, WG_JIT_STEP, t), args, WG_JIT_ARGS, "");
  LLVMBasicBlockRef on = wg_jit_block(u), back = wg_jit_block(u), stopped = wg_jit_block(u), left = wg_jit_block(u);
  LLVMValueRef choose = LLVMBuildSwitch(u->b, how, on, 2);
  LLVMAddCase(choose, wg_jit_i64(j, WG_JIT_STOPPED), stopped);
  LLVMAddCase(choose, wg_jit_i64(j, WG_JIT_LEAVE), left);
  wg_jit_put(u, stopped);
  LLVMBuildRet(u->b, LLVMConstNull(j->p8));
  wg_jit_put(u, left); // the context alone is right
  wg_jit_exit_by(u, i->place + 1u, u->go);
  fill(u, on, back);
  wg_jit_put(u, back);
  wg_jit_go(u);
}

static bool is_hopeless(struct wg_jit *j, const struct wg_jit_insn *i) {
  for (size_t k = 0; k < j->nhopeless; k++)
    if (j->hopeless[k] == i->word) return true;
  return false;
}

static void give_up_on(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  struct wg_jit *j = u->j;
  if (j->nhopeless == sizeof j->hopeless / sizeof *j->hopeless) j->nhopeless = 0; // those are found out again
  j->hopeless[j->nhopeless++] = i->word;
  u->again = true;
}

// Seldom enough for the interpreter to go on from there to the next entry.
static void left_to_the_interpreter(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  wg_jit_stay_apart(u);
  wg_jit_exit_by(u, i->place, wg_jit_leave(u, u->original, false, true));
}

static void plain(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  if (i->body == NULL || is_hopeless(u->j, i)) {
    step(u, i);
    return;
  }
  struct wg_jit_clone k = {.name = i->body, .op = i->op, .next = wg_jit_block(u), .cold = wg_jit_block(u)};
  switch (wg_jit_clone(u, &k)) {
  case WG_JIT_HOPELESS: give_up_on(u, i); return;
  case WG_JIT_NO_BODY:
    LLVMDeleteBasicBlock(k.next);
    LLVMDeleteBasicBlock(k.cold);
    step(u, i);
    return;
  case WG_JIT_DONE: break;
  }
  if (LLVMGetFirstUse(LLVMBasicBlockAsValue(k.next)) == NULL) { // it is always left to the interpreter
    give_up_on(u, i);
    return;
  }
  wg_jit_put(u, k.next);
  wg_jit_orders(u, i);
  wg_jit_go(u);
  wg_jit_put(u, k.cold);
  left_to_the_interpreter(u, i);
}

static void insn(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  wg_jit_put(u, u->block[u->now]);
  if (i->leave)
    wg_jit_exit_at(u, i->place, u->original);
  else if (!wg_jit_branches(i))
    plain(u, i);
  else if (wg_jit_is_direct(i))
    wg_jit_branch(u, i);
  else if (wg_jit_is_return(i))
    wg_jit_branch_to_lr(u, i);
  else
    wg_jit_branch_to_ctr(u, i);
}

// What comes at most behind an entry before a check.
static struct wg_jit_room entry_room(const struct wg_jit_build *u) {
  struct wg_jit_room most = {.ops = 0};
  for (size_t i = 0; i < u->region->n; i++) {
    const struct wg_jit_room *r = &u->room[i];
    if (!u->region->insns[i].entry) continue;
    if (r->ops > most.ops) most.ops = r->ops;
    if (r->decisions > most.decisions) most.decisions = r->decisions;
  }
  return most;
}

// Is there enough of the trail, wherever it is entered? (Of the turn: front().) Nothing is owed yet.
static void enter_with_room(struct wg_jit_build *u, LLVMValueRef place) {
  LLVMBasicBlockRef ask = wg_jit_block(u), out = wg_jit_block(u), on = wg_jit_block(u);
  wg_jit_unlikely(u, wg_jit_is_full(u, entry_room(u).decisions), ask, on);
  wg_jit_put(u, ask);
  wg_jit_make_room(u, out, on);
  wg_jit_put(u, out);
  LLVMBuildStore(u->b, LLVMBuildMul(u->b, place, wg_jit_op_bytes(u, 1), ""), u->off);
  LLVMBuildBr(u->b, u->original);
  wg_jit_put(u, on);
}

// Finds out at which op the code is entered.
static void entry(struct wg_jit_build *u) {
  struct wg_jit *j = u->j;
  const struct wg_jit_region *r = u->region;
  LLVMValueRef o = LLVMBuildPtrToInt(u->b, LLVMGetParam(u->fn, WG_JIT_ARG_O), j->i64, "");
  LLVMValueRef at = wg_jit_at(u, LLVMGetParam(u->fn, WG_JIT_ARG_O), wg_jit_i64(j, j->layout.op_pc), j->i32);
  LLVMValueRef pc = LLVMBuildZExt(u->b, LLVMBuildLoad2(u->b, j->i32, at, ""), j->i64, "");
  LLVMValueRef place =
      LLVMBuildAnd(u->b, LLVMBuildLShr(u->b, pc, wg_jit_i64(j, 2), ""), wg_jit_i64(j, WG_JIT_PAGE - 1), "");
  u->page = LLVMBuildSub(u->b, o, wg_jit_bytes_to(u, pc), "");
  LLVMBuildStore(u->b,
                 LLVMBuildSub(u->b, wg_jit_limit(u), wg_jit_add(u, LLVMGetParam(u->fn, WG_JIT_ARG_K), u->page), ""),
                 u->left);
  LLVMBuildStore(u->b, LLVMGetParam(u->fn, WG_JIT_ARG_TRAIL), u->trail);
  LLVMValueRef choose = NULL;
  LLVMBasicBlockRef filled = wg_jit_block(u);
  fill(u, LLVMGetInsertBlock(u->b), filled);
  wg_jit_put(u, filled);
  enter_with_room(u, place);
  for (size_t i = 0; i < r->n; i++) {
    if (!r->insns[i].entry) continue;
    if (choose == NULL)
      choose = LLVMBuildSwitch(u->b, place, u->block[i], 8);
    else
      LLVMAddCase(choose, wg_jit_i64(j, r->insns[i].place), u->block[i]);
  }
  if (choose == NULL) u->why = "a region without an entry";
}

// What is entered: where the turn has too little left for any entry, it becomes the interpreter's handler before a
// register is saved or read. Near the end of a turn a small loop comes here each time round.
static void front(struct wg_jit_build *u) {
  struct wg_jit *j = u->j;
  LLVMValueRef body = u->fn;
  uint64_t most = entry_room(u).ops;
  u->fn = wg_jit_function(u, WG_JIT_FRONT);
  u->c = LLVMGetParam(u->fn, WG_JIT_ARG_C);
  LLVMValueRef args[WG_JIT_ARGS];
  LLVMGetParams(u->fn, args);
  LLVMBasicBlockRef first = wg_jit_block(u), on = wg_jit_block(u), late = wg_jit_block(u);
  wg_jit_put(u, first);
  LLVMValueRef e = wg_jit_add(u, args[WG_JIT_ARG_K], LLVMBuildPtrToInt(u->b, args[WG_JIT_ARG_O], j->i64, ""));
  LLVMValueRef left = LLVMBuildSub(u->b, wg_jit_limit(u), e, "");
  wg_jit_unlikely(u, LLVMBuildICmp(u->b, LLVMIntSLE, left, wg_jit_op_bytes(u, most), ""), late, on);
  wg_jit_put(u, on);
  wg_jit_pass_on(u, body, args);
  wg_jit_put(u, late);
  wg_jit_pass_on(u, wg_jit_callee(u, WG_JIT_ORIGINAL, j->handler), args);
  u->fn = body;
}

static void find_joins(struct wg_jit_build *u) {
  for (size_t i = 0; i < u->region->n; i++) {
    const struct wg_jit_insn *k = &u->region->insns[i];
    if (k->entry) u->joins[k->place] = true;
    if (wg_jit_links(k)) u->joins[k->place + 1u] = true;
    if (wg_jit_is_direct(k)) u->joins[wg_jit_target(k)] = true;
    if (wg_jit_loop_behind(u, (unsigned)i)) u->joins[k->place + 1u] = true; // each round ends there
  }
}

bool wg_jit_region(struct wg_jit_build *u) {
  const struct wg_jit_region *r = u->region;
  LLVMBasicBlockRef allocas = wg_jit_block(u), first = wg_jit_block(u);
  u->allocas = LLVMCreateBuilderInContext(u->j->ctx);
  LLVMPositionBuilderAtEnd(u->allocas, allocas);
  u->c = LLVMGetParam(u->fn, WG_JIT_ARG_C);
  u->base = LLVMGetParam(u->fn, WG_JIT_ARG_BASE);
  u->flags = LLVMGetParam(u->fn, WG_JIT_ARG_FLAGS);
  u->left = wg_jit_alloca(u, u->j->i64);
  u->trail = wg_jit_alloca(u, u->j->i64);
  u->off = wg_jit_alloca(u, u->j->i64);
  u->to = wg_jit_alloca(u, u->j->i64);
  for (size_t i = 0; i < r->n; i++) {
    u->at[r->insns[i].place] = u->block[i] = wg_jit_block(u);
    u->index[r->insns[i].place] = (uint16_t)i;
  }
  u->go = wg_jit_block(u);
  u->take = wg_jit_block(u);
  u->far = wg_jit_block(u);
  u->original = wg_jit_block(u);
  u->near = wg_jit_block(u);
  wg_jit_unroll(u);
  wg_jit_keep(u);
  wg_jit_find_room(u);
  find_joins(u);
  wg_jit_put(u, first);
  entry(u);
  wg_jit_exits(u);
  for (size_t i = 0; i < u->ninsns && u->why == NULL && !u->again; i++) {
    u->now = (uint16_t)i;
    wg_jit_share(u);
    insn(u, &u->insns[i]);
  }
  if (u->why == NULL && !u->again) {
    wg_jit_checks(u);
    wg_jit_ways(u);
    wg_jit_fills(u);
    LLVMBuildBr(u->allocas, first);
    front(u);
  }
  LLVMDisposeBuilder(u->allocas);
  return u->why == NULL && !u->again;
}

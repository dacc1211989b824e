#include "jit/region.h"

#include <string.h>

// Arguments of a handler (emu/cpu/ops.h).
enum { ARG_C, ARG_O, ARG_K, ARG_TRAIL, ARG_BASE, ARG_FLAGS, ARGS };

static LLVMValueRef load(struct wg_jit_build *u, LLVMValueRef a) { return LLVMBuildLoad2(u->b, u->j->i64, a, ""); }
static LLVMValueRef op_bytes(struct wg_jit_build *u, uint64_t ops) {
  return wg_jit_i64(u->j, ops * u->j->layout.op_size);
}
static LLVMValueRef add(struct wg_jit_build *u, LLVMValueRef a, LLVMValueRef b) { return LLVMBuildAdd(u->b, a, b, ""); }
// From a page's first op to that of an address in it.
static LLVMValueRef bytes_to(struct wg_jit_build *u, LLVMValueRef address) {
  struct wg_jit *j = u->j;
  LLVMValueRef word = LLVMBuildLShr(u->b, address, wg_jit_i64(j, 2), "");
  LLVMValueRef place = LLVMBuildAnd(u->b, word, wg_jit_i64(j, WG_JIT_PAGE - 1), "");
  return LLVMBuildMul(u->b, place, wg_jit_i64(j, j->layout.op_size), "");
}

// A function of the table that the context points to.
static LLVMValueRef function(struct wg_jit_build *u, enum wg_jit_call which, LLVMTypeRef t) {
  LLVMTypeRef pointer = LLVMPointerType(t, 0);
  LLVMValueRef table = wg_jit_field(u, u->j->layout.calls, u->j->p8);
  return LLVMBuildLoad2(u->b, pointer, wg_jit_at(u, table, wg_jit_i64(u->j, 8ull * which), pointer), "");
}

static void pass_on(struct wg_jit_build *u, LLVMValueRef fn, LLVMValueRef args[ARGS]) {
  LLVMValueRef call = LLVMBuildCall2(u->b, u->j->handler, fn, args, ARGS, "");
  LLVMSetTailCall(call, 1);
  LLVMBuildRet(u->b, call);
}

// Goes on in a handler: a tail call, with the op at `offset` bytes from the page's first, or none.
static void become(struct wg_jit_build *u, LLVMValueRef fn, LLVMValueRef op, LLVMValueRef k) {
  LLVMValueRef o = op ? LLVMBuildIntToPtr(u->b, op, u->j->p8, "") : LLVMGetParam(u->fn, ARG_O);
  LLVMValueRef args[ARGS] = {u->c, o, k, load(u, u->trail), u->base, u->flags};
  pass_on(u, fn, args);
}

static LLVMValueRef op_at_off(struct wg_jit_build *u) { return add(u, u->page, load(u, u->off)); }
static LLVMValueRef limit_of(struct wg_jit_build *u) { return wg_jit_field(u, u->j->layout.limit_e, u->j->i64); }
// e of place 0 (emu/cpu/ops.h); k of an op of this page is that, less the page.
static LLVMValueRef e_here(struct wg_jit_build *u) { return LLVMBuildSub(u->b, limit_of(u), load(u, u->left), ""); }
static LLVMValueRef k_here(struct wg_jit_build *u) { return LLVMBuildSub(u->b, e_here(u), u->page, ""); }

static LLVMValueRef handler_of(struct wg_jit_build *u, LLVMValueRef op) {
  LLVMTypeRef pointer = LLVMPointerType(u->j->handler, 0);
  return LLVMBuildLoad2(u->b, pointer, LLVMBuildIntToPtr(u->b, op, LLVMPointerType(pointer, 0), ""), "");
}

// Whether the limit is reached, `off` bytes of ops into the page.
static LLVMValueRef is_late(struct wg_jit_build *u, LLVMValueRef off) {
  return LLVMBuildICmp(u->b, LLVMIntSLE, load(u, u->left), off, "");
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
  LLVMValueRef args[2] = {u->c, load(u, u->trail)};
  LLVMBuildStore(u->b, LLVMBuildCall2(u->b, t, function(u, WG_JIT_WHOLE, t), args, 2, ""), u->trail);
  LLVMBuildBr(u->b, on);
  wg_jit_put(u, on);
}

// The exits, each once; u->off, u->to, u->left and u->trail say where from.
static void exits(struct wg_jit_build *u) {
  struct wg_jit *j = u->j;
  wg_jit_put(u, u->go);
  whole(u);
  LLVMValueRef op = op_at_off(u);
  become(u, handler_of(u, op), op, k_here(u));
  wg_jit_put(u, u->original);
  whole(u);
  become(u, function(u, WG_JIT_ORIGINAL, j->handler), op_at_off(u), k_here(u));
  // A taken branch to another op of the page. One that is not left for its own sake goes on in the interpreter.
  LLVMBasicBlockRef limit = wg_jit_block(u);
  wg_jit_put(u, u->take);
  wg_jit_unlikely(u, is_late(u, load(u, u->off)), limit, u->go);
  wg_jit_put(u, u->near);
  LLVMBuildCondBr(u->b, is_late(u, load(u, u->off)), limit, u->original);
  wg_jit_put(u, limit);
  whole(u);
  become(u, function(u, WG_JIT_AT_LIMIT, j->handler), op_at_off(u), k_here(u));
  // To any address, u->to; u->off holds e there.
  LLVMBasicBlockRef enter = wg_jit_block(u), known = wg_jit_block(u), far_limit = wg_jit_block(u),
                    far_go = wg_jit_block(u);
  wg_jit_put(u, u->far);
  whole(u);
  LLVMValueRef to = load(u, u->to), e = load(u, u->off);
  LLVMValueRef pages = wg_jit_field(u, j->layout.pages, j->p8);
  LLVMValueRef at = LLVMBuildShl(u->b, LLVMBuildLShr(u->b, to, wg_jit_i64(j, 12), ""), wg_jit_i64(j, 3), "");
  LLVMValueRef page = LLVMBuildLoad2(u->b, j->i64, wg_jit_at(u, pages, at, j->i64), "");
  wg_jit_unlikely(u, LLVMBuildICmp(u->b, LLVMIntEQ, page, wg_jit_i64(j, 0), ""), enter, known);
  wg_jit_put(u, enter);
  LLVMBuildStore(u->b, LLVMBuildTrunc(u->b, to, j->i32, ""), wg_jit_at(u, u->c, wg_jit_i64(j, j->layout.pc), j->i32));
  become(u, function(u, WG_JIT_ENTER, j->handler), NULL, e);
  wg_jit_put(u, known);
  op = add(u, page, bytes_to(u, to));
  wg_jit_unlikely(u, LLVMBuildICmp(u->b, LLVMIntUGE, e, limit_of(u), ""), far_limit, far_go);
  wg_jit_put(u, far_limit);
  become(u, function(u, WG_JIT_AT_LIMIT, j->handler), op, LLVMBuildSub(u->b, e, op, ""));
  wg_jit_put(u, far_go);
  become(u, handler_of(u, op), op, LLVMBuildSub(u->b, e, op, ""));
}

// Nothing, by which a block is more than a branch: else what tells it from others that lead the same way would be done
// before it, on the way that is gone often.
static void stay_apart(struct wg_jit_build *u) {
  LLVMTypeRef t = LLVMFunctionType(u->j->nothing, NULL, 0, 0);
  char none[] = "";
  LLVMBuildCall2(u->b, t, LLVMGetInlineAsm(t, none, 0, none, 0, 1, 0, LLVMInlineAsmDialectATT, 0), NULL, 0, "");
}

static void exit_by(struct wg_jit_build *u, unsigned place, LLVMBasicBlockRef way) {
  LLVMBuildStore(u->b, op_bytes(u, place), u->off);
  LLVMBuildBr(u->b, way);
}
static void exit_at(struct wg_jit_build *u, unsigned place, LLVMBasicBlockRef exit) {
  exit_by(u, place, wg_jit_leave(u, exit, true, false));
}

enum reached { FALLING, TAKEN };
// The way to an instruction.
static LLVMBasicBlockRef way(struct wg_jit_build *u, uint16_t insn, enum reached how, bool check) {
  LLVMBasicBlockRef *checks = u->checks[insn];
  if (!check && !u->room[insn].checked) return u->block[insn];
  if (checks[how] == NULL) checks[how] = wg_jit_block(u);
  return checks[how];
}

// Goes on behind the instruction that is being built.
static void go(struct wg_jit_build *u) {
  uint16_t to = wg_jit_falls_to(u, u->now);
  if (to != WG_JIT_NOWHERE) {
    wg_jit_edge(u, to);
    LLVMBuildBr(u->b, way(u, to, FALLING, false));
  } else {
    exit_at(u, u->insns[u->now].place + 1u, u->go);
  }
}

static void note(struct wg_jit_build *u, LLVMValueRef bit) {
  LLVMValueRef v = LLVMBuildShl(u->b, load(u, u->trail), wg_jit_i64(u->j, 1), "");
  LLVMBuildStore(u->b, LLVMBuildOr(u->b, v, bit, ""), u->trail);
}

static LLVMValueRef is_full(struct wg_jit_build *u, unsigned decisions) {
  LLVMValueRef most = wg_jit_i64(u->j, 1ull << (63 - decisions));
  return LLVMBuildICmp(u->b, LLVMIntUGE, load(u, u->trail), most, "");
}

// Puts the trail aside; goes to `refused` if that cannot be.
static void make_room(struct wg_jit_build *u, LLVMBasicBlockRef refused, LLVMBasicBlockRef on) {
  struct wg_jit *j = u->j;
  LLVMTypeRef params[2] = {j->p8, j->i64};
  LLVMTypeRef t = LLVMFunctionType(j->nothing, params, 2, 0);
  LLVMValueRef args[2] = {u->c, load(u, u->trail)};
  LLVMSetInstructionCallConv(LLVMBuildCall2(u->b, t, function(u, WG_JIT_ROOM, t), args, 2, ""), WG_JIT_PRESERVE_ALL);
  LLVMValueRef answer = wg_jit_field(u, j->layout.answer, j->i64);
  LLVMBasicBlockRef made = wg_jit_block(u);
  wg_jit_unlikely(u, LLVMBuildICmp(u->b, LLVMIntEQ, answer, wg_jit_i64(j, 0), ""), refused, made);
  wg_jit_put(u, made);
  LLVMBuildStore(u->b, answer, u->trail);
  LLVMBuildBr(u->b, on);
}

// Before an instruction: is there enough of the turn, and of the trail, for all that comes before the next check?
static void check(struct wg_jit_build *u, enum reached how) {
  const struct wg_jit_room *room = &u->room[u->now];
  unsigned place = u->insns[u->now].place;
  LLVMBasicBlockRef some = wg_jit_block(u), ask = wg_jit_block(u), out = wg_jit_block(u);
  LLVMValueRef late = is_late(u, op_bytes(u, place + room->ops));
  LLVMValueRef full = is_full(u, room->decisions);
  wg_jit_unlikely(u, LLVMBuildOr(u->b, late, full, ""), some, u->block[u->now]);
  wg_jit_put(u, some);
  LLVMBuildCondBr(u->b, late, out, ask);
  wg_jit_put(u, ask);
  make_room(u, out, u->block[u->now]);
  wg_jit_put(u, out);
  exit_by(u, place, wg_jit_leave(u, how == TAKEN ? u->near : u->original, false, true));
}

static void checks(struct wg_jit_build *u) {
  for (size_t i = 0; i < u->ninsns; i++)
    for (int how = FALLING; how <= TAKEN; how++) {
      if (u->checks[i][how] == NULL) continue;
      u->now = (uint16_t)i;
      u->shared = NULL;
      wg_jit_put(u, u->checks[i][how]);
      check(u, (enum reached)how);
    }
}

// A taken branch within the page.
static void take(struct wg_jit_build *u, const struct wg_jit_insn *i, unsigned place) {
  struct wg_jit *j = u->j;
  int64_t moved = ((int64_t)i->place + 1 - (int64_t)place) * j->layout.op_size;
  LLVMBuildStore(u->b, LLVMBuildSub(u->b, load(u, u->left), wg_jit_i64(j, (uint64_t)moved), ""), u->left);
  bool back;
  uint16_t to = wg_jit_leads_to(u, u->now, place, &back);
  if (to == WG_JIT_NOWHERE) {
    exit_at(u, place, u->take);
    return;
  }
  wg_jit_edge(u, to);
  LLVMBuildBr(u->b, way(u, to, TAKEN, back || !wg_jit_is_direct(i)));
}

static LLVMValueRef e_behind(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  return add(u, e_here(u), op_bytes(u, i->place + 1u));
}
static void take_far(struct wg_jit_build *u, LLVMValueRef e, LLVMValueRef to) {
  LLVMBuildStore(u->b, to, u->to);
  LLVMBuildStore(u->b, e, u->off);
  LLVMBuildBr(u->b, wg_jit_leave(u, u->far, true, false));
}

static void take_to(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  unsigned to = wg_jit_target(i);
  if (to < WG_JIT_PAGE)
    take(u, i, to);
  else
    take_far(u, e_behind(u, i), wg_jit_i64(u->j, i->to & ~3u));
}
// What a jump through a register does where that says `pc`, of this region.
static void lead_to(struct wg_jit_build *u, const struct wg_jit_insn *i, LLVMValueRef choose, uint32_t pc) {
  LLVMBasicBlockRef site = wg_jit_block(u);
  LLVMAddCase(choose, wg_jit_i64(u->j, pc), site);
  wg_jit_put(u, site);
  take(u, i, pc >> 2 & (WG_JIT_PAGE - 1));
}

// What the bodies say of branches: no exit but the next block.
static LLVMValueRef ask(struct wg_jit_build *u, const char *name, const struct wg_jit_insn *i, LLVMValueRef arg) {
  LLVMValueRef r = NULL;
  struct wg_jit_clone k = {.name = name, .op = i->op, .arg = arg, .next = wg_jit_block(u), .result = &r};
  if (wg_jit_clone(u, &k) != WG_JIT_DONE) {
    u->why = "the bodies of branches are not as expected";
    return LLVMGetUndef(u->j->i1);
  }
  wg_jit_put(u, k.next);
  if (r && LLVMTypeOf(r) != u->j->i1) r = LLVMBuildTrunc(u->b, r, u->j->i1, "");
  return r;
}

static LLVMValueRef register_of(struct wg_jit_build *u, uint32_t offset) {
  uint32_t start, size, slot = wg_jit_slot_of(&u->j->layout, offset, &start, &size);
  return LLVMBuildLoad2(u->b, u->j->i64, wg_jit_slot(u, slot), "");
}

// An address in the low bits of a register.
static LLVMValueRef address(struct wg_jit_build *u, LLVMValueRef v) {
  return LLVMBuildAnd(u->b, v, wg_jit_i64(u->j, 0xFFFFFFFCu), "");
}

static void branch(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  struct wg_jit *j = u->j;
  if (!i->decides) {
    if (wg_jit_links(i)) ask(u, "call", i, NULL);
    take_to(u, i);
    return;
  }
  LLVMValueRef taken = ask(u, "taken", i, NULL);
  if (wg_jit_links(i)) ask(u, "call", i, NULL);
  LLVMBasicBlockRef yes = wg_jit_block(u), no = wg_jit_block(u);
  LLVMBuildCondBr(u->b, taken, yes, no);
  wg_jit_put(u, yes);
  note(u, wg_jit_i64(j, 1));
  wg_jit_learn(u, i, true);
  take_to(u, i);
  wg_jit_put(u, no);
  note(u, wg_jit_i64(j, 0));
  wg_jit_learn(u, i, false);
  go(u);
}

// If it is taken two things are noted, which the interpreter does.
static void branch_to_lr_or_not(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  LLVMBasicBlockRef yes = wg_jit_block(u), no = wg_jit_block(u);
  LLVMBuildCondBr(u->b, ask(u, "taken", i, NULL), yes, no);
  wg_jit_put(u, yes);
  exit_at(u, i->place, u->original);
  wg_jit_put(u, no);
  note(u, wg_jit_i64(u->j, 0));
  go(u);
}

// Returns to where a call of the region led from stay within it.
static void branch_to_lr(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  struct wg_jit *j = u->j;
  bool counts = i->decides && !(i->word >> 21 & 4);
  if (wg_jit_links(i) || counts) {
    exit_at(u, i->place, u->original);
    return;
  }
  if (i->decides) {
    branch_to_lr_or_not(u, i);
    return;
  }
  LLVMValueRef to = address(u, register_of(u, j->layout.lr));
  LLVMValueRef hit = ask(u, "returns", i, LLVMBuildTrunc(u->b, to, j->i32, ""));
  LLVMBasicBlockRef miss = wg_jit_block(u), back = wg_jit_block(u), other = wg_jit_block(u);
  wg_jit_unlikely(u, LLVMBuildNot(u->b, hit, ""), miss, back);
  wg_jit_put(u, miss); // where the interpreter will ask again
  exit_by(u, i->place, wg_jit_leave(u, u->original, true, true));
  wg_jit_put(u, back);
  note(u, wg_jit_i64(j, 1));
  LLVMValueRef choose = LLVMBuildSwitch(u->b, to, other, 4);
  unsigned n = 0;
  for (size_t k = 0; k < u->region->n && n < 16; k++) {
    const struct wg_jit_insn *from = &u->region->insns[k];
    if (!wg_jit_links(from) || from->place + 1u >= WG_JIT_PAGE || !u->at[from->place + 1]) continue;
    lead_to(u, i, choose, from->pc + 4);
    n++;
  }
  wg_jit_put(u, other);
  take_far(u, e_behind(u, i), to);
}

static void branch_to_ctr(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  if (i->decides) {
    exit_at(u, i->place, u->original);
    return;
  }
  LLVMValueRef to = address(u, register_of(u, u->j->layout.ctr));
  LLVMValueRef e_before = e_here(u), e = e_behind(u, i); // before a table of targets that is full changes the limit
  if (wg_jit_links(i)) ask(u, "call", i, NULL);
  ask(u, "record_target", i, LLVMBuildTrunc(u->b, to, u->j->i32, ""));
  LLVMBasicBlockRef other = wg_jit_block(u);
  LLVMBuildStore(u->b, LLVMBuildSub(u->b, limit_of(u), e_before, ""), u->left);
  LLVMValueRef choose = LLVMBuildSwitch(u->b, to, other, 16);
  for (size_t k = 0; k < u->region->n; k++)
    if (u->region->insns[k].entry) lead_to(u, i, choose, u->region->insns[k].pc);
  wg_jit_put(u, other);
  take_far(u, e, to);
}

// --- all else ---------------------------------------------------------------------------------------------------

static void fill(struct wg_jit_build *u, LLVMBasicBlockRef block, LLVMBasicBlockRef next) {
  u->fills[u->nfills].block = block;
  u->fills[u->nfills++].next = next;
}

// The interpreter executes it, and comes back; all registers are read again.
static void step(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  struct wg_jit *j = u->j;
  LLVMBasicBlockRef ready = wg_jit_block(u);
  for (size_t k = 0; k <= u->now; k++) u->unguarded[k] = true;
  LLVMBuildBr(u->b, wg_jit_leave(u, ready, false, false));
  u->steps[u->now] = true;
  wg_jit_put(u, ready);
  LLVMValueRef op = add(u, u->page, op_bytes(u, i->place));
  LLVMValueRef args[ARGS] = {u->c,    LLVMBuildIntToPtr(u->b, op, j->p8, ""), k_here(u), load(u, u->trail), u->base,
                             u->flags};
  LLVMTypeRef params[ARGS] = {j->p8, j->p8, j->i64, j->i64, j->p8, j->p8};
  LLVMTypeRef t = LLVMFunctionType(j->i64, params, ARGS, 0);
  LLVMValueRef how = LLVMBuildCall2(u->b, t, function(u, WG_JIT_STEP, t), args, ARGS, "");
  LLVMBasicBlockRef on = wg_jit_block(u), back = wg_jit_block(u), stopped = wg_jit_block(u), left = wg_jit_block(u);
  LLVMValueRef choose = LLVMBuildSwitch(u->b, how, on, 2);
  LLVMAddCase(choose, wg_jit_i64(j, WG_JIT_STOPPED), stopped);
  LLVMAddCase(choose, wg_jit_i64(j, WG_JIT_LEAVE), left);
  wg_jit_put(u, stopped);
  LLVMBuildRet(u->b, LLVMConstNull(j->p8));
  wg_jit_put(u, left); // the context alone is right
  exit_by(u, i->place + 1u, u->go);
  fill(u, on, back);
  wg_jit_put(u, back);
  go(u);
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
  stay_apart(u);
  exit_by(u, i->place, wg_jit_leave(u, u->original, false, true));
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
  go(u);
  wg_jit_put(u, k.cold);
  left_to_the_interpreter(u, i);
}

static void guard(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  LLVMBasicBlockRef refused = wg_jit_block(u);
  wg_jit_guard(u, refused);
  LLVMBasicBlockRef on = LLVMGetInsertBlock(u->b);
  wg_jit_put(u, refused);
  left_to_the_interpreter(u, i);
  wg_jit_put(u, on);
}

static void insn(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  wg_jit_put(u, u->block[u->now]);
  if (u->guards[u->now].first != WG_JIT_NOWHERE) guard(u, i);
  if (i->leave)
    exit_at(u, i->place, u->original);
  else if (!wg_jit_branches(i))
    plain(u, i);
  else if (wg_jit_is_direct(i))
    branch(u, i);
  else if (wg_jit_is_return(i))
    branch_to_lr(u, i);
  else
    branch_to_ctr(u, i);
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
  wg_jit_unlikely(u, is_full(u, entry_room(u).decisions), ask, on);
  wg_jit_put(u, ask);
  make_room(u, out, on);
  wg_jit_put(u, out);
  LLVMBuildStore(u->b, LLVMBuildMul(u->b, place, op_bytes(u, 1), ""), u->off);
  LLVMBuildBr(u->b, u->original);
  wg_jit_put(u, on);
}

// Finds out at which op the code is entered.
static void entry(struct wg_jit_build *u) {
  struct wg_jit *j = u->j;
  const struct wg_jit_region *r = u->region;
  LLVMValueRef o = LLVMBuildPtrToInt(u->b, LLVMGetParam(u->fn, ARG_O), j->i64, "");
  LLVMValueRef at = wg_jit_at(u, LLVMGetParam(u->fn, ARG_O), wg_jit_i64(j, j->layout.op_pc), j->i32);
  LLVMValueRef pc = LLVMBuildZExt(u->b, LLVMBuildLoad2(u->b, j->i32, at, ""), j->i64, "");
  LLVMValueRef place =
      LLVMBuildAnd(u->b, LLVMBuildLShr(u->b, pc, wg_jit_i64(j, 2), ""), wg_jit_i64(j, WG_JIT_PAGE - 1), "");
  u->page = LLVMBuildSub(u->b, o, bytes_to(u, pc), "");
  LLVMBuildStore(u->b, LLVMBuildSub(u->b, limit_of(u), add(u, LLVMGetParam(u->fn, ARG_K), u->page), ""), u->left);
  LLVMBuildStore(u->b, LLVMGetParam(u->fn, ARG_TRAIL), u->trail);
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
  u->c = LLVMGetParam(u->fn, ARG_C);
  LLVMValueRef args[ARGS];
  LLVMGetParams(u->fn, args);
  LLVMBasicBlockRef first = wg_jit_block(u), on = wg_jit_block(u), late = wg_jit_block(u);
  wg_jit_put(u, first);
  LLVMValueRef e = add(u, args[ARG_K], LLVMBuildPtrToInt(u->b, args[ARG_O], j->i64, ""));
  LLVMValueRef left = LLVMBuildSub(u->b, limit_of(u), e, "");
  wg_jit_unlikely(u, LLVMBuildICmp(u->b, LLVMIntSLE, left, op_bytes(u, most), ""), late, on);
  wg_jit_put(u, on);
  pass_on(u, body, args);
  wg_jit_put(u, late);
  pass_on(u, function(u, WG_JIT_ORIGINAL, j->handler), args);
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
  u->c = LLVMGetParam(u->fn, ARG_C);
  u->base = LLVMGetParam(u->fn, ARG_BASE);
  u->flags = LLVMGetParam(u->fn, ARG_FLAGS);
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
  wg_jit_find_room(u);
  find_joins(u);
  wg_jit_find_guards(u);
  wg_jit_put(u, first);
  entry(u);
  exits(u);
  for (size_t i = 0; i < u->ninsns && u->why == NULL && !u->again; i++) {
    u->now = (uint16_t)i;
    wg_jit_share(u);
    insn(u, &u->insns[i]);
  }
  if (u->why == NULL && !u->again) {
    checks(u);
    wg_jit_ways(u);
    wg_jit_fills(u);
    LLVMBuildBr(u->allocas, first);
    front(u);
  }
  LLVMDisposeBuilder(u->allocas);
  return u->why == NULL && !u->again;
}

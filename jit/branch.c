// Branches: within the region where they lead there, else out of it. What they decide is noted in the trail.
#include "jit/flow.h"

// A taken branch within the page.
static void take(struct wg_jit_build *u, const struct wg_jit_insn *i, unsigned place) {
  struct wg_jit *j = u->j;
  int64_t moved = ((int64_t)i->place + 1 - (int64_t)place) * j->layout.op_size;
  LLVMBuildStore(u->b, LLVMBuildSub(u->b, wg_jit_load(u, u->left), wg_jit_i64(j, (uint64_t)moved), ""), u->left);
  bool back;
  uint16_t to = wg_jit_leads_to(u, u->now, place, &back);
  if (to == WG_JIT_NOWHERE) {
    wg_jit_exit_at(u, place, u->take);
    return;
  }
  wg_jit_edge(u, to);
  LLVMBuildBr(u->b, wg_jit_way_to(u, to, WG_JIT_TAKEN, back || !wg_jit_is_direct(i)));
}

static LLVMValueRef e_behind(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  return wg_jit_add(u, wg_jit_e_here(u), wg_jit_op_bytes(u, i->place + 1u));
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

void wg_jit_branch(struct wg_jit_build *u, const struct wg_jit_insn *i) {
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
  wg_jit_note(u, wg_jit_i64(j, 1));
  wg_jit_learn(u, i, true);
  take_to(u, i);
  wg_jit_put(u, no);
  wg_jit_note(u, wg_jit_i64(j, 0));
  wg_jit_learn(u, i, false);
  wg_jit_go(u);
}

// Returns to where a call of the region led from stay within it. What is noted is that it is taken, if that is decided,
// and that it goes back where the latest call said; what does not is the interpreter's, who will ask all of it again.
static void go_back(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  struct wg_jit *j = u->j;
  LLVMValueRef to = address(u, register_of(u, j->layout.lr));
  LLVMValueRef hit = ask(u, "returns", i, LLVMBuildTrunc(u->b, to, j->i32, ""));
  LLVMBasicBlockRef miss = wg_jit_block(u), back = wg_jit_block(u), other = wg_jit_block(u);
  wg_jit_unlikely(u, LLVMBuildNot(u->b, hit, ""), miss, back);
  wg_jit_put(u, miss);
  wg_jit_exit_by(u, i->place, wg_jit_leave(u, u->original, true, true));
  wg_jit_put(u, back);
  if (i->decides) wg_jit_note(u, wg_jit_i64(j, 1));
  wg_jit_note(u, wg_jit_i64(j, 1));
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

void wg_jit_branch_to_lr(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  bool counts = i->decides && !(i->word >> 21 & 4);
  if (wg_jit_links(i) || counts) {
    wg_jit_exit_at(u, i->place, u->original);
    return;
  }
  if (!i->decides) {
    go_back(u, i);
    return;
  }
  LLVMBasicBlockRef yes = wg_jit_block(u), no = wg_jit_block(u);
  LLVMBuildCondBr(u->b, ask(u, "taken", i, NULL), yes, no);
  wg_jit_put(u, yes);
  go_back(u, i);
  wg_jit_put(u, no);
  wg_jit_note(u, wg_jit_i64(u->j, 0));
  wg_jit_go(u);
}

void wg_jit_branch_to_ctr(struct wg_jit_build *u, const struct wg_jit_insn *i) {
  if (i->decides) {
    wg_jit_exit_at(u, i->place, u->original);
    return;
  }
  LLVMValueRef to = address(u, register_of(u, u->j->layout.ctr));
  LLVMValueRef e_before = wg_jit_e_here(u),
               e = e_behind(u, i); // before a table of targets that is full changes the limit
  if (wg_jit_links(i)) ask(u, "call", i, NULL);
  ask(u, "record_target", i, LLVMBuildTrunc(u->b, to, u->j->i32, ""));
  LLVMBasicBlockRef other = wg_jit_block(u);
  LLVMBuildStore(u->b, LLVMBuildSub(u->b, wg_jit_limit(u), e_before, ""), u->left);
  LLVMValueRef choose = LLVMBuildSwitch(u->b, to, other, 16);
  for (size_t k = 0; k < u->region->n; k++)
    if (u->region->insns[k].entry) lead_to(u, i, choose, u->region->insns[k].pc);
  wg_jit_put(u, other);
  take_far(u, e, to);
}

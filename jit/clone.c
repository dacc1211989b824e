// Clones a body of the interpreter into the function that is being built.
//
// The op is known, so its fields are constants, what follows from them is folded and what they decide is decided. The
// context's registers become slots: read from there, written there and to the context as well, so that the context is
// complete at any time and an exit has nothing to do.
#include "jit/clone.h"

#include <stdlib.h>
#include <string.h>

// --- flow ---------------------------------------------------------------------------------------------------

static size_t index_of(const struct wg_clone *x, LLVMBasicBlockRef b) {
  for (size_t i = 0; i < x->nblocks; i++)
    if (x->blocks[i].from == b) return i;
  return SIZE_MAX;
}

// The blocks that can be reached from `b`, in postorder in `out`.
static void order(struct wg_clone *x, LLVMBasicBlockRef b, LLVMBasicBlockRef *out, size_t *n) {
  if (index_of(x, b) != SIZE_MAX || x->hopeless) return;
  if (x->nblocks == WG_CLONE_BLOCKS) {
    x->hopeless = true;
    return;
  }
  x->blocks[x->nblocks++] = (struct wg_clone_block){.from = b};
  LLVMValueRef t = LLVMGetBasicBlockTerminator(b);
  for (unsigned i = 0; i < LLVMGetNumSuccessors(t); i++) order(x, LLVMGetSuccessor(t, i), out, n);
  out[(*n)++] = b;
}

static void learn(struct wg_clone_block *b, LLVMValueRef cond, bool holds) {
  if (cond && b->nfacts < WG_CLONE_FACTS) b->facts[b->nfacts++] = (struct wg_clone_fact){cond, holds};
}

// `cond`: the condition of the body that leads this way, or NULL.
static void edge(struct wg_clone *x, size_t from, LLVMBasicBlockRef to_from, LLVMValueRef cond, bool holds) {
  size_t i = index_of(x, to_from);
  struct wg_clone_block *b = &x->blocks[i];
  b->nfacts = 0;
  if (b->ways++ == 0) {
    memcpy(b->facts, x->blocks[from].facts, sizeof b->facts);
    b->nfacts = x->blocks[from].nfacts;
    learn(b, cond, holds);
  }
  b->reached = true;
  b->stored = b->stored || x->stored;
  if (x->nedges == sizeof x->edges / sizeof *x->edges) {
    x->hopeless = true;
    return;
  }
  x->edges[x->nedges].from = from;
  x->edges[x->nedges].to = to_from;
  x->edges[x->nedges++].at = LLVMGetInsertBlock(x->u->b);
}

static LLVMBasicBlockRef block_to(struct wg_clone *x, LLVMBasicBlockRef from) {
  return x->blocks[index_of(x, from)].to;
}

// --- ways on which it is known what the body returns ------------------------------------------------------------

struct way {
  struct wg_clone_block at; // its facts
  LLVMBasicBlockRef blocks[4], froms[4];
  size_t n;
};

static bool known(const struct way *w, LLVMValueRef v, bool *out) {
  uint64_t c;
  if (wg_clone_constant(v, &c)) {
    *out = c;
    return true;
  }
  for (size_t i = 0; i < w->at.nfacts; i++)
    if (w->at.facts[i].cond == v) {
      *out = w->at.facts[i].holds;
      return true;
    }
  if (!LLVMIsAInstruction(v)) return false;
  if (LLVMGetInstructionOpcode(v) == LLVMXor && wg_clone_constant(LLVMGetOperand(v, 1), &c) && c == 1) {
    bool is = known(w, LLVMGetOperand(v, 0), out);
    if (is) *out = !*out;
    return is;
  }
  if (LLVMGetInstructionOpcode(v) != LLVMPHI) return false;
  for (size_t i = 0; i < w->n; i++)
    for (unsigned k = 0; w->blocks[i] == LLVMGetInstructionParent(v) && k < LLVMCountIncoming(v); k++)
      if (LLVMGetIncomingBlock(v, k) == w->froms[i]) return known(w, LLVMGetIncomingValue(v, k), out);
  return false;
}

// True if from block `n` to `to` nothing is done but to return what `out` says.
static bool returns_at_once(struct wg_clone *x, size_t n, LLVMBasicBlockRef to, LLVMValueRef cond, bool holds,
                            bool *out) {
  struct way w = {.at = x->blocks[n]};
  learn(&w.at, cond, holds);
  LLVMBasicBlockRef from = x->blocks[n].from;
  if (x->k->result) return false;
  while (w.n < sizeof w.blocks / sizeof *w.blocks) {
    w.blocks[w.n] = to;
    w.froms[w.n++] = from;
    LLVMValueRef i = LLVMGetFirstInstruction(to);
    while (LLVMGetInstructionOpcode(i) == LLVMPHI || LLVMGetInstructionOpcode(i) == LLVMXor)
      i = LLVMGetNextInstruction(i);
    if (LLVMGetInstructionOpcode(i) == LLVMRet) return LLVMGetNumOperands(i) && known(&w, LLVMGetOperand(i, 0), out);
    if (LLVMGetInstructionOpcode(i) != LLVMBr || LLVMIsConditional(i)) return false;
    from = to;
    to = LLVMGetSuccessor(i, 0);
  }
  return false;
}

// Where a way of block `n` to `to` leads: a block of the clone, or an end.
static LLVMBasicBlockRef way_out(struct wg_clone *x, size_t n, LLVMBasicBlockRef to, LLVMValueRef cond, bool holds) {
  bool done;
  if (returns_at_once(x, n, to, cond, holds, &done) && (done || (x->k->cold && !x->stored)))
    return done ? x->k->next : x->k->cold;
  edge(x, n, to, cond, holds);
  return block_to(x, to);
}

static void leave(struct wg_clone *x) {
  if (x->stored || x->k->cold == NULL || x->k->result) x->hopeless = true;
  if (!x->hopeless) LLVMBuildBr(x->u->b, x->k->cold);
}

static void finish(struct wg_clone *x, LLVMValueRef returned) {
  struct wg_jit_build *u = x->u;
  struct wg_jit_clone *k = x->k;
  if (k->result || returned == NULL) {
    if (returned) {
      x->result_type = LLVMTypeOf(returned);
      if (x->result == NULL) x->result = wg_jit_alloca(u, x->result_type);
      LLVMBuildStore(u->b, returned, x->result);
    }
    LLVMBuildBr(u->b, k->next);
    return;
  }
  uint64_t c;
  if (wg_clone_constant(returned, &c)) {
    if (c)
      LLVMBuildBr(u->b, k->next);
    else
      leave(x);
    return;
  }
  // Whether it has stored depends on which way it went; the bodies store on the way to true alone.
  if (k->cold == NULL)
    x->hopeless = true;
  else
    wg_jit_unlikely(u, LLVMBuildNot(u->b, returned, ""), k->cold, k->next);
}

static void terminate(struct wg_clone *x, size_t n, LLVMValueRef t) {
  struct wg_jit_build *u = x->u;
  uint64_t c;
  switch ((int)LLVMGetInstructionOpcode(t)) {
  case LLVMRet: finish(x, LLVMGetNumOperands(t) ? wg_clone_value(x, LLVMGetOperand(t, 0)) : NULL); return;
  case LLVMUnreachable: LLVMBuildUnreachable(u->b); return;
  case LLVMBr: {
    LLVMBasicBlockRef yes = LLVMGetSuccessor(t, 0);
    LLVMValueRef cond = LLVMIsConditional(t) ? wg_clone_value(x, LLVMGetCondition(t)) : NULL;
    if (cond && !wg_clone_constant(cond, &c)) {
      LLVMBasicBlockRef to = way_out(x, n, yes, LLVMGetCondition(t), true);
      LLVMBasicBlockRef other = way_out(x, n, LLVMGetSuccessor(t, 1), LLVMGetCondition(t), false);
      LLVMValueRef br = LLVMBuildCondBr(u->b, cond, to, other);
      LLVMValueRef prof = LLVMGetMetadata(t, u->j->prof);
      if (prof) LLVMSetMetadata(br, u->j->prof, prof);
      return;
    }
    if (cond && !c) yes = LLVMGetSuccessor(t, 1);
    LLVMBuildBr(u->b, way_out(x, n, yes, NULL, false));
    return;
  }
  case LLVMSwitch: {
    LLVMValueRef cond = wg_clone_value(x, LLVMGetOperand(t, 0));
    unsigned cases = (unsigned)LLVMGetNumOperands(t) / 2 - 1;
    LLVMBasicBlockRef other = LLVMGetSuccessor(t, 0);
    if (wg_clone_constant(cond, &c)) {
      for (unsigned i = 0; i < cases; i++)
        if (LLVMGetOperand(t, 2 + 2 * i) == cond) other = LLVMGetSuccessor(t, i + 1);
      LLVMBuildBr(u->b, block_to(x, other));
      edge(x, n, other, NULL, false);
      return;
    }
    LLVMValueRef s = LLVMBuildSwitch(u->b, cond, block_to(x, other), cases);
    edge(x, n, other, NULL, false);
    for (unsigned i = 0; i < cases; i++) {
      LLVMBasicBlockRef to = LLVMGetSuccessor(t, i + 1);
      LLVMAddCase(s, LLVMGetOperand(t, 2 + 2 * i), block_to(x, to));
      edge(x, n, to, NULL, false);
    }
    return;
  }
  default: x->hopeless = true;
  }
}

// Which edges lead to a block so far, and whether there may be more.
static void clone_phi(struct wg_clone *x, size_t n, LLVMValueRef i) {
  LLVMBasicBlockRef b = x->blocks[n].from;
  size_t edges = 0, only = 0;
  for (size_t e = 0; e < x->nedges; e++)
    if (x->edges[e].to == b && (edges == 0 || x->edges[e].from != only)) edges++, only = x->edges[e].from;
  bool loops = false;
  for (unsigned k = 0; k < LLVMCountIncoming(i); k++) loops = loops || index_of(x, LLVMGetIncomingBlock(i, k)) >= n;
  if (edges == 1 && !loops) {
    for (unsigned k = 0; k < LLVMCountIncoming(i); k++)
      if (LLVMGetIncomingBlock(i, k) == x->blocks[only].from)
        wg_clone_know(x, i, wg_clone_operand(x, LLVMGetIncomingValue(i, k)));
    if (wg_clone_find(x, i)->kind == WG_IS_NOTHING) x->hopeless = true;
    return;
  }
  if (x->nphis == sizeof x->phis / sizeof *x->phis) {
    x->hopeless = true;
    return;
  }
  LLVMValueRef phi = LLVMBuildPhi(x->u->b, LLVMTypeOf(i), "");
  x->phis[x->nphis] = i;
  x->phi_to[x->nphis++] = phi;
  wg_clone_become(x, i, phi);
}

static void finish_phis(struct wg_clone *x) {
  for (size_t p = 0; p < x->nphis && !x->hopeless; p++) {
    LLVMValueRef i = x->phis[p];
    LLVMBasicBlockRef b = LLVMGetInstructionParent(i);
    for (size_t e = 0; e < x->nedges; e++) { // one for each edge, though two may come from one block
      if (x->edges[e].to != b) continue;
      LLVMBasicBlockRef from = x->blocks[x->edges[e].from].from;
      unsigned k = 0;
      while (k < LLVMCountIncoming(i) && LLVMGetIncomingBlock(i, k) != from) k++;
      LLVMValueRef v = wg_clone_value(x, LLVMGetIncomingValue(i, k));
      LLVMAddIncoming(x->phi_to[p], &v, &x->edges[e].at, 1);
    }
  }
}

static void clone_block(struct wg_clone *x, size_t n) {
  struct wg_clone_block *b = &x->blocks[n];
  wg_jit_put(x->u, b->to);
  x->stored = b->stored;
  for (LLVMValueRef i = LLVMGetFirstInstruction(b->from); i && !x->hopeless; i = LLVMGetNextInstruction(i)) {
    LLVMOpcode op = LLVMGetInstructionOpcode(i);
    if (LLVMIsATerminatorInst(i))
      terminate(x, n, i);
    else if (op == LLVMPHI)
      clone_phi(x, n, i);
    else if (op == LLVMCall) {
      if (wg_clone_call(x, i) == WG_CALL_CLONED) continue;
      leave(x);
      return;
    } else if (!wg_clone_pointer(x, i))
      wg_clone_plain(x, i);
  }
}

// The clone's blocks, in reverse postorder: all that comes before a block but by a loop is cloned before it.
static void make_blocks(struct wg_clone *x, LLVMValueRef f) {
  struct wg_jit_build *u = x->u;
  LLVMBasicBlockRef post[WG_CLONE_BLOCKS];
  size_t n = 0;
  order(x, LLVMGetEntryBasicBlock(f), post, &n);
  if (x->hopeless) return;
  for (size_t i = 0; i < n; i++) {
    x->blocks[i].from = post[n - 1 - i];
    x->blocks[i].to = wg_jit_block(u);
  }
  LLVMBuildBr(u->b, x->blocks[0].to);
  x->blocks[0].reached = true;
}

enum wg_jit_cloned wg_jit_clone(struct wg_jit_build *u, struct wg_jit_clone *k) {
  char full[64];
  if (strlen(k->name) > 50) return WG_JIT_NO_BODY;
  memcpy(full, "wgj_", 4);
  memcpy(full + 4, k->name, strlen(k->name) + 1);
  LLVMValueRef f = wg_jit_body(u->j, full);
  if (f == NULL) return WG_JIT_NO_BODY;
  struct wg_clone *x = calloc(1, sizeof *x);
  x->u = u;
  x->k = k;
  x->seen = calloc(WG_CLONE_SEEN, sizeof *x->seen);
  wg_clone_know(x, LLVMGetParam(f, 0), (struct wg_clone_seen){.kind = WG_IS_CONTEXT});
  if (k->arg)
    wg_clone_become(x, LLVMGetParam(f, 1), k->arg);
  else
    wg_clone_know(x, LLVMGetParam(f, 1), (struct wg_clone_seen){.kind = WG_IS_OP});
  if (LLVMCountParams(f) == 4) {
    wg_clone_become(x, LLVMGetParam(f, 2), u->base);
    wg_clone_become(x, LLVMGetParam(f, 3), u->flags);
  }
  make_blocks(x, f);
  for (size_t i = 0; i < x->nblocks && !x->hopeless; i++) {
    if (x->blocks[i].reached)
      clone_block(x, i);
    else
      LLVMDeleteBasicBlock(x->blocks[i].to);
  }
  finish_phis(x);
  bool ok = !x->hopeless;
  if (ok && k->result && x->result) {
    wg_jit_put(u, k->next);
    *k->result = LLVMBuildLoad2(u->b, x->result_type, x->result, "");
  }
  free(x->seen);
  free(x);
  return ok ? WG_JIT_DONE : WG_JIT_HOPELESS;
}

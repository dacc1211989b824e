// One check for accesses that lie beside each other.
//
// Within straight code, what is accessed by one register plus this or that lies at known distances, as long as no
// instruction but additions of constants changes the register. For the first of such accesses it is asked whether all
// that they touch may be, if that is at most a granule of flags: as early as the register's value is there, but behind
// the branch before it, which may be what tells a pointer from none. Between that and the access nothing leaves then,
// so that what is overwritten there is never written. Where it is refused the interpreter goes on from there, and finds
// which access is. Pages keep their rights meanwhile: nothing but what the interpreter executes changes them.
#include <string.h>

#include "jit/build.h"

#define FAR (1 << 24) // what is added to a register is followed so far

// An access: the register and the distance from it, the bytes, and whether the register becomes the address.
struct access {
  unsigned base;
  int32_t by;
  uint8_t n;
  bool writes, updates;
};

// By primary opcode, from 32 on: lwz, lwzu, lbz, lbzu, stw, stwu, stb, stbu, lhz, lhzu, lha, lhau, sth, sthu, lmw,
// stmw, lfs, lfsu, lfd, lfdu, stfs, stfsu, stfd, stfdu.
static const uint8_t sizes[24] = {4, 4, 1, 1, 4, 4, 1, 1, 2, 2, 2, 2, 2, 2, 0, 0, 4, 4, 8, 8, 4, 4, 8, 8};

static bool access_of(uint32_t w, struct access *a) {
  unsigned op = w >> 26;
  *a = (struct access){.base = w >> 16 & 31, .by = (int16_t)(w & 0xFFFF)};
  if (op >= 32 && op < 56) {
    a->n = sizes[op - 32];
    a->writes = (op >= 36 && op < 40) || (op >= 44 && op < 46) || op >= 52;
    a->updates = op & 1;
  } else if ((op == 58 && (w & 3) < 3) || (op == 62 && (w & 3) < 2)) { // ld, ldu, lwa; std, stdu
    a->by = (int16_t)(w & 0xFFFC);
    a->n = (w & 3) == 2 ? 4 : 8;
    a->writes = op == 62;
    a->updates = (w & 3) == 1;
  }
  return a->n && a->base;
}

// What a general register holds: something that is not known, of which this is the number, plus a distance. From an
// instruction on a register held it without any.
struct held {
  uint32_t id;
  int32_t plus;
  uint16_t from;
  uint8_t reg;
};
struct group {
  uint32_t id;
  bool writes;
  uint16_t leader;
  int32_t at, low,
      high; // what the register holds where it is asked, and all that is touched, from what is not known on
};
struct run {
  struct held held[32];
  uint32_t ids;
  struct group groups[16];
  size_t ngroups;
  bool branched;
  uint16_t start; // of straight code: behind a branch, or the run's
  struct held at_start[32];
};

static void forget(struct run *r, unsigned reg, unsigned from) {
  r->held[reg] = (struct held){++r->ids, 0, (uint16_t)from, (uint8_t)reg};
}
static void start(struct run *r, unsigned at) {
  r->branched = false;
  r->start = (uint16_t)at;
  memcpy(r->at_start, r->held, sizeof r->held);
}
static void begin(struct run *r, unsigned at) {
  r->ngroups = 0;
  for (unsigned i = 0; i < 32; i++) forget(r, i, at);
  start(r, at);
}

// Where it is asked for a new group, and by which register.
static void put_guard(struct wg_jit_build *u, const struct run *r, uint16_t insn, const struct held *base,
                      struct group *g) {
  struct wg_jit_guard *k = &u->guards[insn];
  k->at = base->from;
  k->reg = base->reg;
  g->at = 0;
  if (base->from <= r->start) { // some register holds it there, or none could now
    k->at = r->start;
    for (k->reg = 0; r->at_start[k->reg].id != base->id;) k->reg++;
    g->at = r->at_start[k->reg].plus;
  }
  k->writes = g->writes;
  k->next = u->guards[k->at].first;
  u->guards[k->at].first = insn;
}

// What one flag says is allowed, wherever it begins.
static int32_t most_bytes(const struct wg_jit *j) { return 1 << j->layout.near_bits; }

static void join(struct wg_jit_build *u, struct run *r, uint16_t insn, const struct access *a) {
  const struct held *base = &r->held[a->base];
  int32_t at = base->plus + a->by;
  for (size_t i = 0; i < r->ngroups; i++) {
    struct group *g = &r->groups[i];
    int32_t low = at < g->low ? at : g->low, high = at + a->n > g->high ? at + a->n : g->high;
    if (g->id != base->id || g->writes != a->writes || high - low > most_bytes(u->j)) continue;
    g->low = low;
    g->high = high;
    u->guards[insn].leader = g->leader;
    u->guards[g->leader].low = low - g->at;
    u->guards[g->leader].high = high - g->at;
    return;
  }
  if (r->ngroups == sizeof r->groups / sizeof *r->groups) return;
  struct group *g = &r->groups[r->ngroups++];
  *g = (struct group){base->id, a->writes, insn, 0, at, at + a->n};
  put_guard(u, r, insn, base, g);
  u->guards[insn].leader = insn;
  u->guards[insn].low = at - g->at;
  u->guards[insn].high = at + a->n - g->at;
}

enum { RT = 1, RA = 2 };
// Which general registers an instruction may change: those that its fields name for RT (RS) and RA, and no others.
static unsigned changes(uint32_t w) {
  unsigned op = w >> 26, x = w >> 1 & 0x3FF;
  bool floats = op == 59 || op == 63, compares = op == 10 || op == 11 || (op == 31 && (x == 0 || x == 32));
  if (op == 4 || op == 5 || op == 6 || floats || compares) return 0;
  if (op == 7 || op == 8 || (op >= 12 && op <= 15)) return RT;
  if (op >= 20 && op <= 30) return RA;
  return RT | RA;
}

static void add_step(struct run *r, unsigned to, struct held was, int32_t by, unsigned next) {
  int64_t plus = (int64_t)was.plus + by;
  was.plus = (int32_t)plus;
  if (plus > -FAR && plus < FAR)
    r->held[to] = was;
  else
    forget(r, to, next);
}

static void follow_access(struct run *r, uint32_t w, const struct access *a, unsigned next) {
  unsigned op = w >> 26;
  struct held was = r->held[a->base];
  bool floats = op >= 48 && op < 56;
  if (!a->writes && !floats) forget(r, w >> 21 & 31, next);
  if (a->updates) add_step(r, a->base, was, a->by, next);
}

static void follow(struct run *r, uint32_t w, unsigned next) {
  unsigned op = w >> 26, d = w >> 21 & 31, s = w >> 16 & 31, changed = changes(w);
  struct held was = r->held[s];
  if (changed & RT) forget(r, d, next);
  if (changed & RA) forget(r, s, next);
  if ((op == 14 || op == 15) && s) add_step(r, d, was, op == 15 ? (int32_t)(w << 16) : (int16_t)(w & 0xFFFF), next);
}

// It loads several registers, or leads elsewhere.
static bool ends_run(const struct wg_jit_insn *i) {
  unsigned op = i->word >> 26, x = i->word >> 1 & 0x3FF;
  bool several = op == 46 || (op == 31 && (x == 533 || x == 597));
  return several || i->leave || wg_jit_links(i) || (wg_jit_branches(i) && !i->decides);
}

void wg_jit_find_guards(struct wg_jit_build *u) {
  struct run r = {.ids = 0}, behind[WG_JIT_LOOPS]; // what is known at the end of a loop's first round
  for (size_t k = 0; k < u->ninsns; k++) u->guards[k].leader = u->guards[k].first = WG_JIT_NOWHERE;
  begin(&r, 0);
  for (size_t at = 0; at < u->ninsns; at++) {
    uint16_t k = (uint16_t)at;
    const struct wg_jit_insn *i = &u->insns[k];
    struct access a;
    uint16_t before = wg_jit_round_before(u, k);
    if (before != WG_JIT_NOWHERE && before + 1u != k)
      r = behind[u->loop[k] - 1];
    else if (before == WG_JIT_NOWHERE && k && (u->insns[k - 1].place + 1u != i->place || u->joins[i->place]))
      begin(&r, k);
    if (r.branched) start(&r, k);
    if (ends_run(i)) {
      begin(&r, k + 1u);
    } else if (access_of(i->word, &a)) {
      join(u, &r, k, &a);
      follow_access(&r, i->word, &a, k + 1u);
    } else if (!wg_jit_branches(i)) {
      follow(&r, i->word, k + 1u);
    }
    r.branched = wg_jit_branches(i);
    if (wg_jit_loop_behind(u, k)) behind[u->loop[k] - 1] = r;
  }
}

static LLVMValueRef has(struct wg_jit_build *u, LLVMValueRef address, unsigned bits, uint64_t before, uint32_t right) {
  struct wg_jit *j = u->j;
  LLVMValueRef number = LLVMBuildLShr(u->b, address, wg_jit_i64(j, bits), "");
  LLVMValueRef first = wg_jit_at(u, u->base, wg_jit_i64(j, 0 - before), j->i8);
  LLVMValueRef flags = LLVMBuildLoad2(u->b, j->i8, wg_jit_at(u, first, number, j->i8), "");
  LLVMValueRef bit = LLVMBuildAnd(u->b, flags, LLVMConstInt(j->i8, right, 0), "");
  return LLVMBuildICmp(u->b, LLVMIntNE, bit, LLVMConstInt(j->i8, 0, 0), "");
}

static LLVMValueRef moved(struct wg_jit_build *u, LLVMValueRef at, int64_t by) {
  if (by == 0) return at;
  LLVMValueRef to = LLVMBuildAdd(u->b, at, wg_jit_i64(u->j, (uint64_t)by), "");
  return LLVMBuildAnd(u->b, to, wg_jit_i64(u->j, UINT32_MAX), "");
}

// Whether the bytes from `low` to `high`, counted from `at`, may be accessed.
static LLVMValueRef allowed(struct wg_jit_build *u, LLVMValueRef at, int32_t low, int32_t high, uint32_t right) {
  struct wg_jit *j = u->j;
  LLVMValueRef from = moved(u, at, low);
  uint64_t before = j->layout.flags_before;
  if (high - low == 1) return has(u, from, 12, before, right);
  // The granule and the next one allow it, or the pages of the first and the last byte do.
  LLVMValueRef both = has(u, from, j->layout.near_bits, j->layout.near_before, right);
  LLVMBasicBlockRef first = LLVMGetInsertBlock(u->b), ends = wg_jit_block(u), done = wg_jit_block(u);
  wg_jit_unlikely(u, LLVMBuildNot(u->b, both, ""), ends, done);
  wg_jit_put(u, ends);
  LLVMValueRef last = has(u, moved(u, at, (int64_t)high - 1), 12, before, right);
  LLVMValueRef pages = LLVMBuildAnd(u->b, has(u, from, 12, before, right), last, "");
  LLVMBasicBlockRef second = LLVMGetInsertBlock(u->b);
  LLVMBuildBr(u->b, done);
  wg_jit_put(u, done);
  LLVMValueRef phi = LLVMBuildPhi(u->b, j->i1, ""), values[2] = {LLVMConstInt(j->i1, 1, 0), pages};
  LLVMBasicBlockRef from_blocks[2] = {first, second};
  LLVMAddIncoming(phi, values, from_blocks, 2);
  return phi;
}

LLVMValueRef wg_jit_allowed(struct wg_jit_build *u, LLVMValueRef at, uint32_t right, uint32_t n) {
  uint16_t leader = u->guards[u->now].leader;
  if (leader != WG_JIT_NOWHERE && !u->unguarded[u->guards[leader].at]) return LLVMConstInt(u->j->i1, 1, 0);
  return allowed(u, at, 0, (int32_t)n, right);
}

void wg_jit_guard(struct wg_jit_build *u, LLVMBasicBlockRef refused) {
  const struct wg_jit_layout *l = &u->j->layout;
  for (uint16_t k = u->guards[u->now].first; k != WG_JIT_NOWHERE; k = u->guards[k].next) {
    const struct wg_jit_guard *g = &u->guards[k];
    LLVMValueRef at = LLVMBuildAnd(u->b, wg_jit_general(u, g->reg), wg_jit_i64(u->j, UINT32_MAX), "");
    LLVMBasicBlockRef on = wg_jit_block(u);
    LLVMValueRef ok = allowed(u, at, g->low, g->high, g->writes ? l->may_write : l->may_read);
    wg_jit_unlikely(u, LLVMBuildNot(u->b, ok, ""), refused, on);
    wg_jit_put(u, on);
  }
}

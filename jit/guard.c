// One check for accesses that lie beside each other.
//
// Within straight code, what is accessed by one register plus this or that lies at known distances, as long as no
// instruction but additions of constants changes the register. What is added may be a number that is only known to be
// small, as an index that was a byte, or masked: then it is asked for all that it may be. For the first of such
// accesses it is asked whether all that they touch may be, if that is at most a granule of flags: as early as the
// register's value is there, but behind the branch before it, which may be what tells a pointer from none. Between that
// and the access nothing leaves then, so that what is overwritten there is never written. Where it is refused the
// interpreter goes on from there, and finds which access is. Pages keep their rights meanwhile: nothing but what the
// interpreter executes changes them.
#include <string.h>

#include "jit/build.h"

#define FAR (1 << 24) // what is added to a register is followed so far

// An access: the register and what is added to it, another register or a distance; the bytes; and whether the register
// becomes the address.
struct access {
  unsigned base, index;
  int32_t by;
  uint8_t n;
  bool indexed, writes, updates, loads; // loads: a general register
};

// By primary opcode, from 32 on: lwz, lwzu, lbz, lbzu, stw, stwu, stb, stbu, lhz, lhzu, lha, lhau, sth, sthu, lmw,
// stmw, lfs, lfsu, lfd, lfdu, stfs, stfsu, stfd, stfdu.
static const uint8_t sizes[24] = {4, 4, 1, 1, 4, 4, 1, 1, 2, 2, 2, 2, 2, 2, 0, 0, 4, 4, 8, 8, 4, 4, 8, 8};

// By extended opcode: lwzx, lbzx, lhzx, lhax, ldx, lwax, lwbrx, lhbrx, lfsx, lfdx; stwx, stbx, sthx, stdx, stwbrx,
// sthbrx, stfsx, stfdx, stfiwx.
static const struct indexed {
  uint16_t x;
  uint8_t n;
  bool writes, floats;
} indexed[] = {{23, 4, false, false}, {87, 1, false, false},  {279, 2, false, false}, {343, 2, false, false},
               {21, 8, false, false}, {341, 4, false, false}, {534, 4, false, false}, {790, 2, false, false},
               {535, 4, false, true}, {599, 8, false, true},  {151, 4, true, false},  {215, 1, true, false},
               {407, 2, true, false}, {149, 8, true, false},  {662, 4, true, false},  {918, 2, true, false},
               {663, 4, true, true},  {727, 8, true, true},   {983, 4, true, true}};

// Either of the two registers may be what is small.
static bool indexed_access(uint32_t w, struct access *a) {
  for (size_t i = 0; i < sizeof indexed / sizeof *indexed; i++) {
    if (indexed[i].x != (w >> 1 & 0x3FF)) continue;
    unsigned ra = w >> 16 & 31, rb = w >> 11 & 31;
    *a = (struct access){
        .base = ra ? ra : rb, .index = rb, .indexed = ra, .n = indexed[i].n, .writes = indexed[i].writes};
    a->loads = !indexed[i].writes && !indexed[i].floats;
    return true;
  }
  return false;
}

static bool access_of(uint32_t w, struct access *a) {
  unsigned op = w >> 26;
  if (op == 31) return indexed_access(w, a);
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
  a->loads = !a->writes && (op < 48 || op == 58);
  return a->n && a->base;
}

// What a general register holds: something that is not known, of which this is the number, plus a distance of which it
// is known how small and how large it may be. From an instruction on a register held it without any.
struct held {
  uint32_t id; // NUMBER: nothing but the distance
  int32_t low, high;
  uint16_t from;
  uint8_t reg;
};
#define NUMBER 0u
static bool is_exact(const struct held *h) { return h->low == h->high; }
struct group {
  uint32_t id;
  bool writes;
  uint16_t leader;
  int32_t at, low,
      high; // what the register holds where it is asked, and all that is touched, from what is not known on
};
// The sum of two registers' values of which neither is known: a number of its own.
struct pair {
  uint32_t a, b, id;
};
struct run {
  struct held held[32];
  uint32_t ids;
  struct pair pairs[16];
  size_t npairs;
  struct group groups[16];
  size_t ngroups;
  bool branched;
  uint16_t start; // of straight code: behind a branch, or the run's
  struct held at_start[32];
};

static void forget(struct run *r, unsigned reg, unsigned from) {
  r->held[reg] = (struct held){++r->ids, 0, 0, (uint16_t)from, (uint8_t)reg};
}
static void start(struct run *r, unsigned at) {
  r->branched = false;
  r->start = (uint16_t)at;
  memcpy(r->at_start, r->held, sizeof r->held);
}
static void begin(struct run *r, unsigned at) {
  r->ngroups = r->npairs = 0;
  for (unsigned i = 0; i < 32; i++) forget(r, i, at);
  start(r, at);
}

// The register that held `id` where straight code begins, but for a distance that is known; NO_REG: none.
static unsigned at_start(const struct run *r, uint32_t id) {
  unsigned reg = 0;
  while (reg < 32 && !(r->at_start[reg].id == id && is_exact(&r->at_start[reg]))) reg++;
  return reg;
}

// Where it is asked for a new group, and by which register. False: none holds it there any more, but for a distance
// that is not known.
static bool by_one(const struct run *r, const struct held *base, struct wg_jit_guard *k, struct group *g) {
  k->at = base->from;
  k->reg = base->reg;
  k->plus = WG_JIT_NO_REG;
  g->at = 0;
  if (base->from > r->start) return true;
  unsigned reg = at_start(r, base->id);
  if (reg == WG_JIT_NO_REG) return false;
  k->at = r->start;
  k->reg = (uint8_t)reg;
  g->at = r->at_start[reg].low;
  return true;
}

static const struct pair *pair_of(const struct run *r, uint32_t id) {
  for (size_t i = 0; i < r->npairs; i++)
    if (r->pairs[i].id == id) return &r->pairs[i];
  return NULL;
}

// The same for a sum: where straight code begins, or else before the access itself.
static bool by_two(const struct run *r, uint16_t insn, const struct access *a, const struct pair *p,
                   struct wg_jit_guard *k, struct group *g) {
  unsigned reg = at_start(r, p->a), plus = at_start(r, p->b);
  const struct held *from = r->at_start;
  k->at = r->start;
  if (reg == WG_JIT_NO_REG || plus == WG_JIT_NO_REG) {
    reg = a->base;
    plus = a->index;
    from = r->held;
    k->at = insn;
  }
  k->reg = (uint8_t)reg;
  k->plus = (uint8_t)plus;
  g->at = from[reg].low + from[plus].low;
  return is_exact(&from[reg]) && is_exact(&from[plus]);
}

static bool put_guard(struct wg_jit_build *u, const struct run *r, uint16_t insn, const struct access *a,
                      const struct held *base, struct group *g) {
  struct wg_jit_guard *k = &u->guards[insn];
  const struct pair *p = pair_of(r, base->id);
  if (p ? !by_two(r, insn, a, p, k, g) : !by_one(r, base, k, g)) return false;
  k->writes = g->writes;
  k->next = u->guards[k->at].first;
  u->guards[k->at].first = insn;
  return true;
}

// What one flag says is allowed, wherever it begins.
static int32_t most_bytes(const struct wg_jit *j) { return 1 << j->layout.near_bits; }

// One holds a number that is known to be small: the sum.
static bool sum(const struct held *a, const struct held *b, struct held *out) {
  const struct held *base = b->id == NUMBER ? a : b, *small = b->id == NUMBER ? b : a;
  if (small->id != NUMBER) return false;
  int64_t low = (int64_t)base->low + small->low, high = (int64_t)base->high + small->high;
  *out = *base;
  out->low = (int32_t)low;
  out->high = (int32_t)high;
  return low > -FAR && high < FAR;
}

static struct held small_number(int32_t low, int32_t high) {
  return (struct held){.id = NUMBER, .low = low, .high = high};
}

// What two registers hold, neither of them known: each sum of the same two is the same one, plus this or that.
static bool sum_of_two(struct run *r, const struct held *a, const struct held *b, struct held *out) {
  if (a->id == NUMBER || b->id == NUMBER) return false;
  size_t i = 0;
  while (i < r->npairs && !(r->pairs[i].a == a->id && r->pairs[i].b == b->id)) i++;
  if (i == sizeof r->pairs / sizeof *r->pairs) return false;
  if (i == r->npairs) r->pairs[r->npairs++] = (struct pair){a->id, b->id, ++r->ids};
  *out = (struct held){.id = r->pairs[i].id, .low = a->low + b->low, .high = a->high + b->high};
  return true;
}

// What an access's address is, as long as that lies somewhere near what is not known.
static bool address_of(struct run *r, const struct access *a, struct held *out) {
  struct held by = a->indexed ? r->held[a->index] : small_number(a->by, a->by);
  return (sum(&r->held[a->base], &by, out) && out->id != NUMBER) ||
         (a->indexed && sum_of_two(r, &r->held[a->base], &by, out));
}

static void join(struct wg_jit_build *u, struct run *r, uint16_t insn, const struct access *a) {
  struct held to;
  if (!address_of(r, a, &to) || to.high + a->n - to.low > most_bytes(u->j)) return;
  for (size_t i = 0; i < r->ngroups; i++) {
    struct group *g = &r->groups[i];
    int32_t low = to.low < g->low ? to.low : g->low, high = to.high + a->n > g->high ? to.high + a->n : g->high;
    if (g->id != to.id || g->writes != a->writes || high - low > most_bytes(u->j)) continue;
    g->low = low;
    g->high = high;
    u->guards[insn].leader = g->leader;
    u->guards[g->leader].low = low - g->at;
    u->guards[g->leader].high = high - g->at;
    return;
  }
  if (r->ngroups == sizeof r->groups / sizeof *r->groups) return;
  struct group g = {to.id, a->writes, insn, 0, to.low, to.high + a->n};
  if (!put_guard(u, r, insn, a, &to, &g)) return;
  r->groups[r->ngroups++] = g;
  u->guards[insn].leader = insn;
  u->guards[insn].low = g.low - g.at;
  u->guards[insn].high = g.high - g.at;
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

// Register `to` gets the sum of what two held.
static void hold_sum(struct run *r, unsigned to, const struct held *a, const struct held *b, unsigned next) {
  struct held h;
  if (sum(a, b, &h))
    r->held[to] = h;
  else
    forget(r, to, next);
}

static void follow_access(struct run *r, uint32_t w, const struct access *a, unsigned next) {
  struct held was = r->held[a->base], by = small_number(a->by, a->by);
  if (a->loads && a->n == 1)
    r->held[w >> 21 & 31] = small_number(0, 255);
  else if (a->loads)
    forget(r, w >> 21 & 31, next);
  if (a->updates) hold_sum(r, a->base, &was, &by, next);
}

// What a rotation and a mask leave is at most: the mask, where that is small.
static bool masked(uint32_t w, struct held *out) {
  unsigned op = w >> 26, from = w >> 6 & 31, to = w >> 1 & 31;
  uint32_t most = op == 28 ? w & 0xFFFF : from <= to ? (UINT32_MAX >> from) & (UINT32_MAX << (31 - to)) : UINT32_MAX;
  *out = small_number(0, (int32_t)(most & 0xFFFF));
  return (op == 21 || op == 28) && most <= 0xFFFF;
}

static void follow(struct run *r, uint32_t w, unsigned next) {
  unsigned op = w >> 26, x = w >> 1 & 0x3FF, d = w >> 21 & 31, s = w >> 16 & 31, b = w >> 11 & 31, changed = changes(w);
  struct held ds = r->held[d], was = r->held[s], other = r->held[b], left;
  int32_t plus = op == 15 ? (int32_t)(w << 16) : (int16_t)(w & 0xFFFF);
  const struct held constant = small_number(plus, plus), none = small_number(0, 0);
  if (changed & RT) forget(r, d, next);
  if (changed & RA) forget(r, s, next);
  if (op == 14 || op == 15) hold_sum(r, d, s ? &was : &none, &constant, next);
  if (op == 31 && x == 266) { // add
    r->held[s] = was;
    hold_sum(r, d, &was, &other, next);
  }
  if (op == 31 && x == 444 && d == b) r->held[s] = r->held[d] = ds; // mr
  if (masked(w, &left)) r->held[s] = left;
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

static LLVMValueRef flags_at(struct wg_jit_build *u, LLVMValueRef address, unsigned bits, uint64_t before) {
  struct wg_jit *j = u->j;
  LLVMValueRef number = LLVMBuildLShr(u->b, address, wg_jit_i64(j, bits), "");
  LLVMValueRef first = wg_jit_at(u, u->base, wg_jit_i64(j, 0 - before), j->i8);
  return LLVMBuildLoad2(u->b, j->i8, wg_jit_at(u, first, number, j->i8), "");
}

static LLVMValueRef are_set(struct wg_jit_build *u, LLVMValueRef flags, uint32_t bits) {
  LLVMValueRef mask = LLVMConstInt(u->j->i8, bits, 0);
  return LLVMBuildICmp(u->b, LLVMIntEQ, LLVMBuildAnd(u->b, flags, mask, ""), mask, "");
}

static LLVMValueRef moved(struct wg_jit_build *u, LLVMValueRef at, int64_t by) {
  if (by == 0) return at;
  LLVMValueRef to = LLVMBuildAdd(u->b, at, wg_jit_i64(u->j, (uint64_t)by), "");
  return LLVMBuildAnd(u->b, to, wg_jit_i64(u->j, UINT32_MAX), "");
}

// What says nearly always whether the bytes from `low` to `high`, counted from `at`, may be accessed: a granule's
// flags, which are those of the next one as well.
static LLVMValueRef near_flags(struct wg_jit_build *u, LLVMValueRef at, int32_t low, int32_t high) {
  const struct wg_jit_layout *l = &u->j->layout;
  if (high - low == 1) return flags_at(u, moved(u, at, low), 12, l->flags_before);
  return flags_at(u, moved(u, at, low), l->near_bits, l->near_before);
}

// What says it always: the flags of the pages of the first and the last one.
static LLVMValueRef page_flags(struct wg_jit_build *u, LLVMValueRef at, int32_t low, int32_t high) {
  uint64_t before = u->j->layout.flags_before;
  LLVMValueRef first = flags_at(u, moved(u, at, low), 12, before);
  return LLVMBuildAnd(u->b, first, flags_at(u, moved(u, at, (int64_t)high - 1), 12, before), "");
}

LLVMValueRef wg_jit_allowed(struct wg_jit_build *u, LLVMValueRef at, uint32_t right, uint32_t n) {
  struct wg_jit *j = u->j;
  uint16_t leader = u->guards[u->now].leader;
  if (leader != WG_JIT_NOWHERE && !u->unguarded[u->guards[leader].at]) return LLVMConstInt(j->i1, 1, 0);
  LLVMValueRef near = are_set(u, near_flags(u, at, 0, (int32_t)n), right);
  if (n == 1) return near;
  LLVMBasicBlockRef first = LLVMGetInsertBlock(u->b), ends = wg_jit_block(u), done = wg_jit_block(u);
  wg_jit_unlikely(u, LLVMBuildNot(u->b, near, ""), ends, done);
  wg_jit_put(u, ends);
  LLVMValueRef pages = are_set(u, page_flags(u, at, 0, (int32_t)n), right);
  LLVMBuildBr(u->b, done);
  wg_jit_put(u, done);
  LLVMValueRef phi = LLVMBuildPhi(u->b, j->i1, ""), values[2] = {LLVMConstInt(j->i1, 1, 0), pages};
  LLVMBasicBlockRef from_blocks[2] = {first, ends};
  LLVMAddIncoming(phi, values, from_blocks, 2);
  return phi;
}

typedef LLVMValueRef flags_of(struct wg_jit_build *u, LLVMValueRef at, int32_t low, int32_t high);

// Whether all that begins before the instruction that is being built is allowed, by these flags: those of what is read
// have the one bit in common, those of what is written the other.
static LLVMValueRef all_allowed(struct wg_jit_build *u, flags_of *flags) {
  const struct wg_jit_layout *l = &u->j->layout;
  LLVMValueRef common[2] = {NULL, NULL}, of_both = NULL;
  uint32_t rights[2] = {l->may_read, l->may_write}, bits = 0;
  for (uint16_t k = u->guards[u->now].first; k != WG_JIT_NOWHERE; k = u->guards[k].next) {
    const struct wg_jit_guard *g = &u->guards[k];
    LLVMValueRef at = wg_jit_general(u, g->reg), *all = &common[g->writes];
    if (g->plus != WG_JIT_NO_REG) at = LLVMBuildAdd(u->b, at, wg_jit_general(u, g->plus), "");
    at = LLVMBuildAnd(u->b, at, wg_jit_i64(u->j, UINT32_MAX), "");
    LLVMValueRef its = flags(u, at, g->low, g->high);
    *all = *all ? LLVMBuildAnd(u->b, *all, its, "") : its;
  }
  for (unsigned i = 0; i < 2; i++) {
    if (common[i] == NULL) continue;
    LLVMValueRef its = LLVMBuildAnd(u->b, common[i], LLVMConstInt(u->j->i8, rights[i], 0), "");
    of_both = of_both ? LLVMBuildOr(u->b, of_both, its, "") : its;
    bits |= rights[i];
  }
  return are_set(u, of_both, bits);
}

void wg_jit_guard(struct wg_jit_build *u, LLVMBasicBlockRef refused) {
  LLVMBasicBlockRef ends = wg_jit_block(u), on = wg_jit_block(u);
  wg_jit_unlikely(u, LLVMBuildNot(u->b, all_allowed(u, near_flags), ""), ends, on);
  wg_jit_put(u, ends);
  LLVMBuildCondBr(u->b, all_allowed(u, page_flags), on, refused);
  wg_jit_put(u, on);
}

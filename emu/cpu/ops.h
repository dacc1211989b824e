// What the instruction handlers share.
//
// A handler executes one decoded instruction and goes to the next by a tail call, its state in argument
// registers. Where the compiler does not promise tail calls (no optimization, sanitizers) it returns the
// next one to a loop instead: the same handlers, the same results.
//
// Every code page has an array of 1024 ops, one for each instruction word, so that straight code needs no
// bookkeeping: with `k` fixed, (k + address of the op) counts the instructions executed before it, in units
// of an op's size ("e"). A taken branch alone adjusts k, and looks at the limit.
//
// WG_JIT_BODIES: the same bodies as the compiler of jit/ wants them. A handler does its instruction and returns true,
// or returns false having changed nothing: the interpreter's handler has to do it.
#ifndef WG_EMU_OPS_H
#define WG_EMU_OPS_H

#include "emu/cpu/branch.h"
#include "emu/cpu/cpu.h"

#ifndef WG_JIT_BODIES
#define WG_HOT_ARGS                                                                                                    \
  struct wg_cpu *c, const struct wg_op *o, uint64_t k, uint64_t trail, uint8_t *base, const uint8_t *flags
typedef const struct wg_op *wg_went; // what a handler returns
#else
#define WG_HOT_ARGS struct wg_cpu *c, const struct wg_op *o, uint8_t *base, const uint8_t *flags
typedef bool wg_went;
#endif
typedef wg_went wg_handler(WG_HOT_ARGS);

struct wg_op {
  wg_handler *fn;
  int32_t imm;        // immediate, mask or displacement, as the handler wants it
  uint32_t w;         // instruction word
  uint32_t pc;        // bit 0: fn executes the next instruction as well
  uint8_t d, a, b, c; // register operands, as the form places them; D and X forms: c is RA or WG_GPR_ZERO
};

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

// WG_TAIL_CALLS_PROBED: what the compiler does with this build's flags, as it was found when configuring
// (cmake/tail_calls.c); gcc -O1 optimizes and makes no tail calls.
#if !defined(WG_TAIL_CALLS_PROBED) || !WG_TAIL_CALLS_PROBED || defined(__SANITIZE_ADDRESS__) ||                        \
    defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__) || !defined(__x86_64__)
#define WG_TAIL_CALLS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WG_TAIL_CALLS 0
#endif
#endif
#ifndef WG_TAIL_CALLS
#define WG_TAIL_CALLS 1
#endif
#if WG_TAIL_CALLS && defined(__clang__)
#define WG_MUSTTAIL __attribute__((musttail))
#else
#define WG_MUSTTAIL
#endif

#ifdef WG_JIT_BODIES
#define BECOME(handler) return false
#define NEXT return true
#define HANDLER(name) bool wgj_##name(WG_HOT_ARGS)
#define wg_sync_cycle(c, k, o) ((void)0)
#else
#define WG_PASS(op) c, (op), k, trail, base, flags
// Continues in another handler, which this one's caller cannot tell from it.
#define BECOME(handler) WG_MUSTTAIL return handler(WG_PASS(o))
#if WG_TAIL_CALLS
#define GO(op)                                                                                                         \
  do {                                                                                                                 \
    const struct wg_op *go_ = (op);                                                                                    \
    WG_MUSTTAIL return go_->fn(WG_PASS(go_));                                                                          \
  } while (0)
#else
#define GO(op)                                                                                                         \
  do {                                                                                                                 \
    (void)base;                                                                                                        \
    (void)flags;                                                                                                       \
    c->k = k;                                                                                                          \
    c->branches->trail = trail;                                                                                        \
    return (op);                                                                                                       \
  } while (0)
#endif
#define NEXT GO(o + 1)

#define HANDLER(name) const struct wg_op *wg_op_##name(WG_HOT_ARGS)
#endif
#define WG_BODY(name) HANDLER(name);
#include "emu/cpu/bodies.def"
#undef WG_BODY

#define WG_PC(op) ((op)->pc & ~3u)

#ifndef WG_JIT_BODIES
static inline uint64_t wg_e_of(uint64_t k, const struct wg_op *o) { return k + (uintptr_t)o; }
static inline void wg_sync_cycle(struct wg_cpu *c, uint64_t k, const struct wg_op *o) {
  c->cycle = wg_e_of(k, o) / sizeof(struct wg_op);
  c->pc = WG_PC(o);
}
#endif

HANDLER(leave);    // stops before o
HANDLER(boundary); // o was reached by a taken branch: sees to the trail and the limit
HANDLER(full);     // o was reached by a branch not taken: sees to the trail
HANDLER(enter);    // goes to c->pc, another page's; k is the count of what was executed so far
HANDLER(page_end);
HANDLER(undefined);

// Taken branch to an op of the same page.
#define TAKE(op)                                                                                                       \
  do {                                                                                                                 \
    uint64_t e_ = wg_e_of(k, o + 1);                                                                                   \
    o = (op);                                                                                                          \
    k = e_ - (uintptr_t)o;                                                                                             \
    if (unlikely(e_ >= c->limit_e || (int64_t)trail < 0)) BECOME(wg_op_boundary);                                      \
    GO(o);                                                                                                             \
  } while (0)
// Taken branch to any address.
#define TAKE_FAR(address)                                                                                              \
  do {                                                                                                                 \
    uint32_t to_ = (address);                                                                                          \
    struct wg_op *page_ = c->pages[to_ >> 12];                                                                         \
    if (unlikely(page_ == NULL)) {                                                                                     \
      k = wg_e_of(k, o + 1);                                                                                           \
      c->pc = to_;                                                                                                     \
      BECOME(wg_op_enter);                                                                                             \
    }                                                                                                                  \
    TAKE(page_ + (to_ >> 2) % 1024);                                                                                   \
  } while (0)
#define NOT_TAKEN                                                                                                      \
  do {                                                                                                                 \
    o++;                                                                                                               \
    if (unlikely((int64_t)trail < 0)) BECOME(wg_op_full);                                                              \
    GO(o);                                                                                                             \
  } while (0)
#ifndef WG_TRAIL
#define WG_TRAIL 1 // 0: nothing is recorded, which only bench/branches.sh wants
#endif
#define TRAIL(bit) (trail = WG_TRAIL ? trail << 1 | (bit) : trail)

// An instruction that cannot stop. With `word` 0 its plain form (no Rc, no OE) is compiled without their tests.
#define WG_DEF_BODY(name)                                                                                              \
  static inline __attribute__((always_inline)) void name##_body(struct wg_cpu *c, const struct wg_op *o,               \
                                                                __attribute__((unused)) uint32_t word)
#define OP(name)                                                                                                       \
  WG_DEF_BODY(name);                                                                                                   \
  HANDLER(name) {                                                                                                      \
    name##_body(c, o, o->w);                                                                                           \
    NEXT;                                                                                                              \
  }                                                                                                                    \
  WG_DEF_BODY(name)
#define OP_RC(name)                                                                                                    \
  WG_DEF_BODY(name);                                                                                                   \
  HANDLER(name) {                                                                                                      \
    name##_body(c, o, o->w);                                                                                           \
    NEXT;                                                                                                              \
  }                                                                                                                    \
  HANDLER(name##_plain) {                                                                                              \
    name##_body(c, o, 0);                                                                                              \
    NEXT;                                                                                                              \
  }                                                                                                                    \
  WG_DEF_BODY(name)
// An instruction that can stop, or that reads the time: out of line, with pc and cycle current.
#ifdef WG_JIT_BODIES
#define OP_STOPS(name) static inline __attribute__((unused)) void name##_body(struct wg_cpu *c, const struct wg_op *o)
#else
#define OP_STOPS(name)                                                                                                 \
  static __attribute__((noinline)) void name##_body(struct wg_cpu *c, const struct wg_op *o);                          \
  HANDLER(name) {                                                                                                      \
    wg_sync_cycle(c, k, o);                                                                                            \
    name##_body(c, o);                                                                                                 \
    if (unlikely(c->stop != WG_STOP_NONE)) BECOME(wg_op_leave);                                                        \
    NEXT;                                                                                                              \
  }                                                                                                                    \
  static __attribute__((noinline)) void name##_body(struct wg_cpu *c, const struct wg_op *o)
#endif

#define R(i) c->gpr[i]
#define RD R(o->d)
#define RS R(o->d)
#define RA R(o->a)
#define RB R(o->b)
#define RA0 R(o->c)
#define SIMM ((int64_t)o->imm)
#define UIMM ((uint64_t)(uint32_t)o->imm)
#define RC (word & 1)
#define OE (word & 0x400)

// A vector register's four words in one access: narrower stores would stall the loads that follow.
typedef uint32_t wg_lanes __attribute__((vector_size(16)));
static inline wg_lanes wg_lanes_of(const union wg_vec *v) {
  wg_lanes u;
  __builtin_memcpy(&u, v, sizeof u);
  return u;
}
static inline void wg_set_lanes(union wg_vec *v, wg_lanes u) { __builtin_memcpy(v, &u, sizeof u); }

// A field of CR from LT 8, GT 4, EQ 2 and SO 1.
static inline void set_crf(struct wg_cpu *c, unsigned field, unsigned v) {
  for (unsigned i = 0; i < 4; i++) c->cr[4 * field + i] = v >> (3 - i) & 1;
}
static inline unsigned wg_crf(const struct wg_cpu *c, unsigned field) {
  const uint8_t *b = &c->cr[4 * field];
  return (unsigned)b[0] << 3 | (unsigned)b[1] << 2 | (unsigned)b[2] << 1 | b[3];
}

// Without a branch that the guest's data would decide.
static inline void wg_set_compared(struct wg_cpu *c, unsigned field, bool less, bool greater) {
  uint8_t *b = &c->cr[4 * field];
  b[0] = less;
  b[1] = greater;
  b[2] = !less & !greater;
  b[3] = c->so;
}
static inline void wg_compare_s(struct wg_cpu *c, unsigned field, int64_t a, int64_t b) {
  wg_set_compared(c, field, a<b, a> b);
}
static inline void wg_compare_u(struct wg_cpu *c, unsigned field, uint64_t a, uint64_t b) {
  wg_set_compared(c, field, a<b, a> b);
}
static inline void set_cr0(struct wg_cpu *c, uint64_t v) { wg_compare_s(c, 0, (int32_t)v, 0); }

static inline void set_ov(struct wg_cpu *c, bool ov) {
  c->ov = ov;
  c->so |= ov;
}

static inline void fault(struct wg_cpu *c, enum wg_stop stop, uint32_t addr) {
  c->stop = stop;
  c->fault_addr = addr;
}

static inline uint64_t rotl64(uint64_t v, unsigned n) { return v << (n & 63) | v >> (-n & 63); }
static inline uint32_t rotl32(uint32_t v, unsigned n) { return v << (n & 31) | v >> (-n & 31); }

#endif

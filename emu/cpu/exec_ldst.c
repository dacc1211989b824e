// Loads, stores and cache control (Book I, 3.3; Book II, 3).
#include "emu/cpu/ops.h"

#define wg_load_16 wg_load_be16
#define wg_load_32 wg_load_be32
#define wg_load_64 wg_load_be64
#define wg_store_16 wg_store_be16
#define wg_store_32 wg_store_be32
#define wg_store_64 wg_store_be64
static inline wg_lanes wg_load_128(const uint8_t *p) {
  return (wg_lanes){wg_load_be32(p), wg_load_be32(p + 4), wg_load_be32(p + 8), wg_load_be32(p + 12)};
}
static inline void wg_store_128(uint8_t *p, wg_lanes v) {
  for (unsigned i = 0; i < 4; i++) wg_store_be32(p + 4 * i, v[i]);
}

#define EA_D ((uint32_t)RA0 + (uint32_t)o->imm)
#define EA_DU ((uint32_t)RA + (uint32_t)o->imm)
#define EA_X ((uint32_t)RA0 + (uint32_t)RB)
#define EA_XU ((uint32_t)RA + (uint32_t)RB)

#ifdef WG_JIT_BODIES
// The compiler's (jit/access.c): each accesses memory or makes the interpreter do the instruction, which may have
// written memory by then, but no register.
uint64_t wgj_load_8(uint32_t at);
uint64_t wgj_load_16(uint32_t at);
uint64_t wgj_load_32(uint32_t at);
uint64_t wgj_load_64(uint32_t at);
wg_lanes wgj_load_raw(uint32_t at); // as it is in memory
void wgj_store_8(uint32_t at, uint64_t v);
void wgj_store_16(uint32_t at, uint64_t v);
void wgj_store_32(uint32_t at, uint64_t v);
void wgj_store_64(uint32_t at, uint64_t v);
void wgj_store_raw(uint32_t at, wg_lanes v);
static inline wg_lanes swapped(wg_lanes v) {
  return v << 24 | (v << 8 & 0xFF0000) | (v >> 8 & 0xFF00) | v >> 24; // LLVM knows what that is
}
#define wgj_load_128(at) swapped(wgj_load_raw(at))
#define wgj_store_128(at, v) wgj_store_raw(at, swapped(v))
#define MAY(right, n, out) (void)0
#define MAY_IN_PAGE(right, out) (void)0
#define LOADED(bits) wgj_load_##bits((uint32_t)at)
#define PUT(bits, v) wgj_store_##bits((uint32_t)at, v)

// The shapes of what these become: instructions that go on at one of two places. What they are is up to the compiler.
uint64_t wgj_shape_load(uint32_t a, uint32_t b) {
  uint64_t v;
  __asm__ goto volatile("" : "=r"(v) : "r"(a), "r"(b) : : refused);
  return v;
refused:
  return 0;
}
wg_lanes wgj_shape_load_vector(uint32_t a, uint32_t b) {
  wg_lanes v;
  __asm__ goto volatile("" : "=x"(v) : "r"(a), "r"(b) : : refused);
  return v;
refused:
  return (wg_lanes){0};
}
bool wgj_shape_store(uint64_t v, uint32_t a, uint32_t b) {
  __asm__ goto volatile("" : : "r"(v), "r"(a), "r"(b) : : refused);
  return true;
refused:
  return false;
}
bool wgj_shape_store_vector(wg_lanes v, uint32_t a, uint32_t b) {
  __asm__ goto volatile("" : : "x"(v), "r"(a), "r"(b) : : refused);
  return true;
refused:
  return false;
}
#else
// What an access of `n` bytes needs: one flag tells, that of its granule and the next one, but at the end of what is
// allowed, where it depends on where the access ends.
#define ALLOWED(right, n)                                                                                              \
  ((n) == 1 ? likely(flags[at >> 12] & (right))                                                                        \
            : likely(flags[(int64_t)(at >> WG_MEM_GRANULE_BITS) - WG_MEM_GRANULES] & (right)) ||                       \
                  ((flags[at >> 12] & (right)) && (at & (WG_PAGE - 1)) <= WG_PAGE - (n)))
// An access of `n` bytes at `at`, or one that lies within a page, goes on in `out` if it is not allowed.
#define MAY(right, n, out)                                                                                             \
  if (unlikely(!ALLOWED(right, n))) BECOME(out)
#define MAY_IN_PAGE(right, out)                                                                                        \
  if (unlikely(!(flags[at >> 12] & (right)))) BECOME(out)
#define LOADED(bits) wg_load_##bits(base + at)
#define PUT(bits, v) wg_store_##bits(base + at, v)
#endif

// Crossings, devices and what no page allows take the slow way, out of line so that the fast one stays a tail call.
#define LOAD_TO(target, name, bits, ea, conv, update)                                                                  \
  static __attribute__((noinline)) void name##_slow(struct wg_cpu *c, const struct wg_op *o) {                         \
    uint32_t at = (ea);                                                                                                \
    uint64_t v;                                                                                                        \
    if (!wg_mem_read_slow(c->mem, at, bits / 8, &v)) {                                                                 \
      fault(c, WG_STOP_LOAD, at);                                                                                      \
      return;                                                                                                          \
    }                                                                                                                  \
    target = conv;                                                                                                     \
    if (update) RA = at;                                                                                               \
  }                                                                                                                    \
  static __attribute__((noinline)) wg_went name##_out(WG_HOT_ARGS) {                                                   \
    wg_sync_cycle(c, k, o);                                                                                            \
    name##_slow(c, o);                                                                                                 \
    if (c->stop != WG_STOP_NONE) BECOME(wg_op_leave);                                                                  \
    NEXT;                                                                                                              \
  }                                                                                                                    \
  HANDLER(name) {                                                                                                      \
    uint64_t at = (ea);                                                                                                \
    MAY(WG_PAGE_R, bits / 8, name##_out);                                                                              \
    uint64_t v = LOADED(bits);                                                                                         \
    target = conv;                                                                                                     \
    if (update) RA = at;                                                                                               \
    NEXT;                                                                                                              \
  }
#define LOAD(name, bits, ea, conv, update) LOAD_TO(RD, name, bits, ea, conv, update)
#define LOADS(name, bits, conv)                                                                                        \
  LOAD(name, bits, EA_D, conv, 0)                                                                                      \
  LOAD(name##u, bits, EA_DU, conv, 1)                                                                                  \
  LOAD(name##ux, bits, EA_XU, conv, 1)                                                                                 \
  LOAD(name##x, bits, EA_X, conv, 0)
LOADS(lbz, 8, v)
LOADS(lhz, 16, v)
LOADS(lha, 16, (uint64_t)(int16_t)v)
LOADS(lwz, 32, v)
LOAD(ld, 64, EA_D, v, 0)
LOAD(ldu, 64, EA_DU, v, 1)
LOAD(ldx, 64, EA_X, v, 0)
LOAD(ldux, 64, EA_XU, v, 1)
LOAD(lwa, 32, EA_D, (uint64_t)(int32_t)v, 0)
LOAD(lwax, 32, EA_X, (uint64_t)(int32_t)v, 0)
LOAD(lwaux, 32, EA_XU, (uint64_t)(int32_t)v, 1)
LOAD(lhbrx, 16, EA_X, __builtin_bswap16((uint16_t)v), 0)
LOAD(lwbrx, 32, EA_X, __builtin_bswap32((uint32_t)v), 0)
LOAD(ldbrx, 64, EA_X, __builtin_bswap64(v), 0)

#define STORE(name, bits, ea, value, update)                                                                           \
  static __attribute__((noinline)) void name##_slow(struct wg_cpu *c, const struct wg_op *o) {                         \
    uint32_t at = (ea);                                                                                                \
    if (!wg_mem_write_slow(c->mem, at, bits / 8, (uint##bits##_t)(value))) {                                           \
      fault(c, WG_STOP_STORE, at);                                                                                     \
      return;                                                                                                          \
    }                                                                                                                  \
    if (update) RA = at;                                                                                               \
  }                                                                                                                    \
  static __attribute__((noinline)) wg_went name##_out(WG_HOT_ARGS) {                                                   \
    wg_sync_cycle(c, k, o);                                                                                            \
    name##_slow(c, o);                                                                                                 \
    if (c->stop != WG_STOP_NONE) BECOME(wg_op_leave);                                                                  \
    NEXT;                                                                                                              \
  }                                                                                                                    \
  HANDLER(name) {                                                                                                      \
    uint64_t at = (ea);                                                                                                \
    MAY(WG_PAGE_W, bits / 8, name##_out);                                                                              \
    PUT(bits, (uint##bits##_t)(value));                                                                                \
    if (update) RA = at;                                                                                               \
    NEXT;                                                                                                              \
  }
#define STORES(name, bits)                                                                                             \
  STORE(name, bits, EA_D, RS, 0)                                                                                       \
  STORE(name##u, bits, EA_DU, RS, 1)                                                                                   \
  STORE(name##ux, bits, EA_XU, RS, 1)                                                                                  \
  STORE(name##x, bits, EA_X, RS, 0)
STORES(stb, 8)
STORES(sth, 16)
STORES(stw, 32)
STORE(std, 64, EA_D, RS, 0)
STORE(stdu, 64, EA_DU, RS, 1)
STORE(stdx, 64, EA_X, RS, 0)
STORE(stdux, 64, EA_XU, RS, 1)
STORE(sthbrx, 16, EA_X, __builtin_bswap16((uint16_t)RS), 0)
STORE(stwbrx, 32, EA_X, __builtin_bswap32((uint32_t)RS), 0)
STORE(stdbrx, 64, EA_X, __builtin_bswap64(RS), 0)

// Single-precision memory format (Book I, 4.6.2 and 4.6.3): bit patterns, so NaNs keep their payload.
static uint64_t single_to_double(uint32_t w) {
  uint64_t sign = (uint64_t)(w >> 31) << 63;
  uint32_t exp = (w >> 23) & 0xFF, frac = w & 0x7FFFFF;
  if (exp == 255) return sign | 0x7FFull << 52 | (uint64_t)frac << 29;
  if (exp) return sign | (uint64_t)(exp + 896) << 52 | (uint64_t)frac << 29;
  if (frac == 0) return sign;
  unsigned lead = (unsigned)__builtin_clz(frac) - 8; // shift that brings the leading 1 to bit 23
  frac = (frac << lead) & 0x7FFFFF;
  return sign | (uint64_t)(897 - lead) << 52 | (uint64_t)frac << 29;
}
static uint32_t double_to_single(uint64_t d) {
  unsigned exp = (d >> 52) & 0x7FF;
  if (exp > 896 || (d << 1) == 0) return (uint32_t)(d >> 32 & 0xC0000000u) | (uint32_t)(d >> 29 & 0x3FFFFFFF);
  if (exp < 874) return (uint32_t)(d >> 32 & 0x80000000u); // undefined in the books; zero here
  uint64_t frac = (d & 0xFFFFFFFFFFFFFull) | 1ull << 52;
  return (uint32_t)(d >> 32 & 0x80000000u) | (uint32_t)(frac >> (29 + 897 - exp));
}
#define FD c->fpr[o->d]
#define FLOAD(name, bits, ea, conv, update) LOAD_TO(FD, name, bits, ea, conv, update)
FLOAD(lfs, 32, EA_D, single_to_double((uint32_t)v), 0)
FLOAD(lfsu, 32, EA_DU, single_to_double((uint32_t)v), 1)
FLOAD(lfsx, 32, EA_X, single_to_double((uint32_t)v), 0)
FLOAD(lfsux, 32, EA_XU, single_to_double((uint32_t)v), 1)
FLOAD(lfd, 64, EA_D, v, 0)
FLOAD(lfdu, 64, EA_DU, v, 1)
FLOAD(lfdx, 64, EA_X, v, 0)
FLOAD(lfdux, 64, EA_XU, v, 1)
STORE(stfs, 32, EA_D, double_to_single(FD), 0)
STORE(stfsu, 32, EA_DU, double_to_single(FD), 1)
STORE(stfsx, 32, EA_X, double_to_single(FD), 0)
STORE(stfsux, 32, EA_XU, double_to_single(FD), 1)
STORE(stfd, 64, EA_D, FD, 0)
STORE(stfdu, 64, EA_DU, FD, 1)
STORE(stfdx, 64, EA_X, FD, 0)
STORE(stfdux, 64, EA_XU, FD, 1)
STORE(stfiwx, 32, EA_X, FD, 0)

OP_STOPS(lmw) {
  uint32_t at = EA_D;
  for (unsigned r = o->d; r < 32; r++, at += 4) {
    uint64_t v;
    if (!wg_mem_r32(c->mem, at, &v)) {
      fault(c, WG_STOP_LOAD, at);
      return;
    }
    R(r) = v;
  }
}
OP_STOPS(stmw) {
  uint32_t at = EA_D;
  for (unsigned r = o->d; r < 32; r++, at += 4)
    if (!wg_mem_w32(c->mem, at, (uint32_t)R(r))) {
      fault(c, WG_STOP_STORE, at);
      return;
    }
}

static void load_string(struct wg_cpu *c, const struct wg_op *o, uint32_t at, unsigned n) {
  unsigned r = o->d;
  for (unsigned i = 0; i < n; i++) {
    uint64_t v;
    if (!wg_mem_r8(c->mem, at + i, &v)) {
      fault(c, WG_STOP_LOAD, at + i);
      return;
    }
    if (i % 4 == 0) R((r + i / 4) % 32) = 0;
    R((r + i / 4) % 32) |= v << (24 - 8 * (i % 4));
  }
}
static void store_string(struct wg_cpu *c, const struct wg_op *o, uint32_t at, unsigned n) {
  for (unsigned i = 0; i < n; i++)
    if (!wg_mem_w8(c->mem, at + i, (uint8_t)(R((o->d + i / 4) % 32) >> (24 - 8 * (i % 4))))) {
      fault(c, WG_STOP_STORE, at + i);
      return;
    }
}
OP_STOPS(lswi) { load_string(c, o, (uint32_t)RA0, o->b ? o->b : 32); }
OP_STOPS(lswx) { load_string(c, o, EA_X, c->xer_count); }
OP_STOPS(stswi) { store_string(c, o, (uint32_t)RA0, o->b ? o->b : 32); }
OP_STOPS(stswx) { store_string(c, o, EA_X, c->xer_count); }

// Load and reserve, store conditional (Book II, 3.3.2). The reservation granule is a cache line.
#define WG_GRANULE 128u
static inline void reserve(struct wg_cpu *c, uint32_t at) {
  c->reserved = true;
  c->reserve_addr = at / WG_GRANULE;
}
static inline bool is_reserved(const struct wg_cpu *c, uint32_t at) {
  return c->reserved && c->reserve_addr == at / WG_GRANULE;
}
static inline void conditionally(struct wg_cpu *c, bool stored) {
  c->reserved = false;
  set_crf(c, 0, (stored ? 2u : 0u) | c->so);
}
// A misaligned one is an alignment interrupt (Book III, 6.5.8).
#define RESERVE(name, bits)                                                                                            \
  OP_STOPS(name##_out) {                                                                                               \
    uint32_t at = EA_X;                                                                                                \
    uint64_t v;                                                                                                        \
    if (at % (bits / 8)) {                                                                                             \
      fault(c, WG_STOP_ALIGNMENT, at);                                                                                 \
      return;                                                                                                          \
    }                                                                                                                  \
    if (!wg_mem_r##bits(c->mem, at, &v)) {                                                                             \
      fault(c, WG_STOP_LOAD, at);                                                                                      \
      return;                                                                                                          \
    }                                                                                                                  \
    reserve(c, at);                                                                                                    \
    RD = v;                                                                                                            \
  }                                                                                                                    \
  HANDLER(name) {                                                                                                      \
    uint64_t at = EA_X;                                                                                                \
    if (unlikely(at % (bits / 8))) BECOME(wg_op_##name##_out);                                                         \
    MAY(WG_PAGE_R, bits / 8, wg_op_##name##_out);                                                                      \
    uint64_t v = LOADED(bits);                                                                                         \
    reserve(c, (uint32_t)at);                                                                                          \
    RD = v;                                                                                                            \
    NEXT;                                                                                                              \
  }
#define CONDITIONAL(name, bits)                                                                                        \
  OP_STOPS(name##_out) {                                                                                               \
    uint32_t at = EA_X;                                                                                                \
    if (at % (bits / 8)) {                                                                                             \
      fault(c, WG_STOP_ALIGNMENT, at);                                                                                 \
      return;                                                                                                          \
    }                                                                                                                  \
    bool ok = is_reserved(c, at);                                                                                      \
    if (ok && !wg_mem_w##bits(c->mem, at, (uint##bits##_t)RS)) {                                                       \
      fault(c, WG_STOP_STORE, at);                                                                                     \
      return;                                                                                                          \
    }                                                                                                                  \
    conditionally(c, ok);                                                                                              \
  }                                                                                                                    \
  HANDLER(name) {                                                                                                      \
    uint64_t at = EA_X;                                                                                                \
    bool ok = is_reserved(c, (uint32_t)at);                                                                            \
    if (unlikely(at % (bits / 8))) BECOME(wg_op_##name##_out);                                                         \
    if (ok) {                                                                                                          \
      MAY(WG_PAGE_W, bits / 8, wg_op_##name##_out);                                                                    \
      PUT(bits, (uint##bits##_t)RS);                                                                                   \
    }                                                                                                                  \
    conditionally(c, ok);                                                                                              \
    NEXT;                                                                                                              \
  }
RESERVE(lwarx, 32)
RESERVE(ldarx, 64)
CONDITIONAL(stwcx, 32)
CONDITIONAL(stdcx, 64)

static void zero_block(struct wg_cpu *c, uint32_t at, uint32_t n) {
  at &= ~(n - 1);
  for (uint32_t i = 0; i < n; i += 8)
    if (!wg_mem_w64(c->mem, at + i, 0)) {
      fault(c, WG_STOP_STORE, at + i);
      return;
    }
}
#define ZERO_BLOCK(name, n)                                                                                            \
  OP_STOPS(name##_out) { zero_block(c, EA_X, n); }                                                                     \
  HANDLER(name) {                                                                                                      \
    uint64_t at = EA_X & ~(n - 1u);                                                                                    \
    MAY_IN_PAGE(WG_PAGE_W, wg_op_##name##_out);                                                                        \
    for (unsigned i = 0; i < n; i += sizeof(wg_lanes), at += sizeof(wg_lanes)) PUT(128, (wg_lanes){0});                \
    NEXT;                                                                                                              \
  }
ZERO_BLOCK(dcbz, 32)
ZERO_BLOCK(dcbz128, 128)

// Ordering and cache hints: one host thread runs the guest, so every access is already in order, and
// decoded code is discarded by the store itself.
OP(nop) {
  (void)c;
  (void)o;
}

#define VD c->vr[o->d]
static bool load_vec(struct wg_cpu *c, uint32_t at, union wg_vec *v) {
  uint64_t hi, lo;
  if (!wg_mem_r64(c->mem, at, &hi) || !wg_mem_r64(c->mem, at + 8, &lo)) {
    fault(c, WG_STOP_LOAD, at);
    return false;
  }
  v->w[0] = (uint32_t)(hi >> 32);
  v->w[1] = (uint32_t)hi;
  v->w[2] = (uint32_t)(lo >> 32);
  v->w[3] = (uint32_t)lo;
  return true;
}
#define LOAD_VECTOR(name)                                                                                              \
  OP_STOPS(name##_out) { load_vec(c, EA_X & ~15u, &VD); }                                                              \
  HANDLER(name) {                                                                                                      \
    uint32_t at = EA_X & ~15u;                                                                                         \
    MAY_IN_PAGE(WG_PAGE_R, wg_op_##name##_out);                                                                        \
    wg_set_lanes(&VD, LOADED(128));                                                                                    \
    NEXT;                                                                                                              \
  }
LOAD_VECTOR(lvx)
OP_STOPS(stvx_out) {
  uint32_t at = EA_X & ~15u;
  const union wg_vec v = VD;
  if (!wg_mem_w64(c->mem, at, (uint64_t)v.w[0] << 32 | v.w[1]) ||
      !wg_mem_w64(c->mem, at + 8, (uint64_t)v.w[2] << 32 | v.w[3]))
    fault(c, WG_STOP_STORE, at);
}
HANDLER(stvx) {
  uint32_t at = EA_X & ~15u;
  MAY_IN_PAGE(WG_PAGE_W, wg_op_stvx_out);
  PUT(128, wg_lanes_of(&VD));
  NEXT;
}
// lve*x define the addressed element only; the whole quadword is loaded, as the reference does.
LOAD_VECTOR(lvex)
#define STVE(name, bits, elem)                                                                                         \
  OP_STOPS(name##_out) {                                                                                               \
    uint32_t at = EA_X & ~(bits / 8 - 1u);                                                                             \
    unsigned i = (at & 15) / (bits / 8);                                                                               \
    if (!wg_mem_w##bits(c->mem, at, elem)) fault(c, WG_STOP_STORE, at);                                                \
  }                                                                                                                    \
  HANDLER(name) {                                                                                                      \
    uint64_t at = EA_X & ~(bits / 8 - 1u);                                                                             \
    unsigned i = (unsigned)(at & 15) / (bits / 8);                                                                     \
    MAY_IN_PAGE(WG_PAGE_W, wg_op_##name##_out);                                                                        \
    PUT(bits, elem);                                                                                                   \
    NEXT;                                                                                                              \
  }
STVE(stvebx, 8, WG_VB(VD, i))
STVE(stvehx, 16, WG_VH(VD, i))
STVE(stvewx, 32, VD.w[i])
OP(lvsl) {
  unsigned sh = EA_X & 15;
  for (unsigned i = 0; i < 16; i++) WG_VB(VD, i) = (uint8_t)(sh + i);
}
OP(lvsr) {
  unsigned sh = EA_X & 15;
  for (unsigned i = 0; i < 16; i++) WG_VB(VD, i) = (uint8_t)(16 - sh + i);
}
// Left and right partial vectors (Cell handbook, lvlx and its kin).
OP_STOPS(lvlx) {
  uint32_t at = EA_X;
  union wg_vec v, r = {{0}};
  if (!load_vec(c, at & ~15u, &v)) return;
  for (unsigned i = 0; i < 16 - (at & 15); i++) WG_VB(r, i) = WG_VB(v, i + (at & 15));
  VD = r;
}
OP_STOPS(lvrx) {
  uint32_t at = EA_X;
  unsigned n = at & 15;
  union wg_vec v, r = {{0}};
  if (n && !load_vec(c, at & ~15u, &v)) return;
  for (unsigned i = 0; i < n; i++) WG_VB(r, 16 - n + i) = WG_VB(v, i);
  VD = r;
}
OP_STOPS(stvlx) {
  uint32_t at = EA_X;
  for (unsigned i = 0; i < 16 - (at & 15); i++)
    if (!wg_mem_w8(c->mem, at + i, WG_VB(VD, i))) {
      fault(c, WG_STOP_STORE, at + i);
      return;
    }
}
OP_STOPS(stvrx) {
  uint32_t at = EA_X;
  unsigned n = at & 15;
  for (unsigned i = 0; i < n; i++)
    if (!wg_mem_w8(c->mem, at - n + i, WG_VB(VD, 16 - n + i))) {
      fault(c, WG_STOP_STORE, at - n + i);
      return;
    }
}

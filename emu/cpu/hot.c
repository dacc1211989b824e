// Handlers for the forms that programs execute most, and the rules that choose them.
#include "emu/cpu/decode.h"

OP(mr) { RA = RS; }
OP(rlwinm_mask) { RA = rotl32((uint32_t)RS, o->b) & (uint32_t)o->imm; }
OP(clrlwi) { RA = (uint32_t)RS & (uint32_t)o->imm; }
OP(slwi) { RA = (uint32_t)RS << o->b; }
OP(srwi) { RA = (uint32_t)RS >> o->b; }
OP(clrldi) { RA = RS & ~0ull >> o->c; }
OP(cmpw) { wg_compare_s(c, o->d >> 2, (int32_t)RA, (int32_t)RB); }
OP(cmpwi) { wg_compare_s(c, o->d >> 2, (int32_t)RA, SIMM); }
OP(cmplw) { wg_compare_u(c, o->d >> 2, (uint32_t)RA, (uint32_t)RB); }
OP(cmplwi) { wg_compare_u(c, o->d >> 2, (uint32_t)RA, UIMM); }
OP(mflr) { RD = c->lr; }
OP(mfctr) { RD = c->ctr; }
OP(mtlr) { c->lr = RS; }
OP(mtctr) { c->ctr = RS; }

// `fn` becomes `special` where (w & mask) == value and `fits`, if any, agrees; it may rewrite operands.
struct rule {
  wg_handler *fn, *special;
  uint32_t mask, value;
  bool (*fits)(struct wg_op *o);
};

static bool is_move(struct wg_op *o) { return o->d == o->b; }

static unsigned mb(const struct wg_op *o) { return o->w >> 6 & 31; }
static unsigned me(const struct wg_op *o) { return o->w >> 1 & 31; }
static bool no_wrap(struct wg_op *o) {
  if (mb(o) > me(o)) return false;
  o->imm = (int32_t)(~0u >> mb(o) & ~0u << (31 - me(o)));
  return true;
}
static bool no_rotation(struct wg_op *o) { return o->b == 0 && no_wrap(o); }
static bool shifts_left(struct wg_op *o) { return mb(o) == 0 && me(o) == 31u - o->b; }
static bool shifts_right(struct wg_op *o) {
  if (o->b == 0 || me(o) != 31 || mb(o) != 32u - o->b) return false;
  o->b = (uint8_t)mb(o);
  return true;
}
static bool no_rotation64(struct wg_op *o) { return o->b == 0; }

// The target lies in this page: imm becomes the distance in bytes of ops.
static bool near(struct wg_op *o) {
  uint32_t to = WG_PC(o) + (uint32_t)o->imm;
  if (to >> 12 != WG_PC(o) >> 12) return false;
  o->imm = o->imm / 4 * (int32_t)sizeof *o;
  return true;
}

static bool host_has_fma(struct wg_op *o) {
  (void)o;
#if defined(__x86_64__)
  return __builtin_cpu_supports("fma");
#else
  return true;
#endif
}

#define RECORD(name)                                                                                                   \
  { wg_op_##name, wg_op_##name##_exact, 1, 1, NULL }
#define FMA(name)                                                                                                      \
  { wg_op_##name, wg_op_##name##_fma, 0, 0, host_has_fma }
#define PLAIN(name) {wg_op_##name, wg_op_##name##_plain, 0x401, 0, NULL},
#define PLAIN_RC(name) {wg_op_##name, wg_op_##name##_plain, 0x001, 0, NULL},
static const struct rule rules[] = {
    {wg_op_orx, wg_op_mr, 1, 0, is_move},
    {wg_op_rlwinmx, wg_op_slwi, 1, 0, shifts_left},
    {wg_op_rlwinmx, wg_op_srwi, 1, 0, shifts_right},
    {wg_op_rlwinmx, wg_op_clrlwi, 1, 0, no_rotation},
    {wg_op_rlwinmx, wg_op_rlwinm_mask, 1, 0, no_wrap},
    {wg_op_rldiclx, wg_op_clrldi, 1, 0, no_rotation64},
#include "emu/cpu/plain.def"
    RECORD(faddx),
    RECORD(faddsx),
    RECORD(fsubx),
    RECORD(fsubsx),
    RECORD(fmulx),
    RECORD(fmulsx),
    RECORD(fdivx),
    RECORD(fdivsx),
    RECORD(fmaddx),
    RECORD(fmaddsx),
    RECORD(fmsubx),
    RECORD(fmsubsx),
    RECORD(fnmaddx),
    RECORD(fnmaddsx),
    RECORD(fnmsubx),
    RECORD(fnmsubsx),
    RECORD(fsqrtx),
    RECORD(fsqrtsx),
    RECORD(frspx),
    RECORD(fcfidx),
    RECORD(fctiwzx),
    RECORD(fctidzx),
    FMA(fmaddx),
    FMA(fmaddsx),
    FMA(fmsubx),
    FMA(fmsubsx),
    FMA(fnmaddx),
    FMA(fnmaddsx),
    FMA(fnmsubx),
    FMA(fnmsubsx),
    FMA(vmaddfp),
    FMA(vnmsubfp),
    FMA(vmaddfp128),
    FMA(vmaddcfp128),
    FMA(vnmsubfp128),
    {wg_op_cmp, wg_op_cmpw, 0x200000, 0, NULL},
    {wg_op_cmpi, wg_op_cmpwi, 0x200000, 0, NULL},
    {wg_op_cmpl, wg_op_cmplw, 0x200000, 0, NULL},
    {wg_op_cmpli, wg_op_cmplwi, 0x200000, 0, NULL},
    {wg_op_mfspr, wg_op_mflr, 0x1FF800, 0x080000, NULL},
    {wg_op_mfspr, wg_op_mfctr, 0x1FF800, 0x090000, NULL},
    {wg_op_mtspr, wg_op_mtlr, 0x1FF800, 0x080000, NULL},
    {wg_op_mtspr, wg_op_mtctr, 0x1FF800, 0x090000, NULL},
    {wg_op_bx, wg_op_bx_near, 3, 0, near},
    {wg_op_bx, wg_op_bl_near, 3, 1, near},
    {wg_op_bcx, wg_op_bc_true, 0x1C << 21 | 3, 0x0C << 21, near},
    {wg_op_bcx, wg_op_bc_false, 0x1C << 21 | 3, 0x04 << 21, near},
    {wg_op_bcx, wg_op_bdnz, 0x16 << 21 | 3, 0x10 << 21, near},
    {wg_op_bcx, wg_op_bdz, 0x16 << 21 | 3, 0x12 << 21, near},
    {wg_op_bclrx, wg_op_blr, 0x14 << 21 | 1, 0x14 << 21, NULL},
    {wg_op_bcctrx, wg_op_bctr, 0x14 << 21 | 1, 0x14 << 21, NULL},
    {wg_op_bcctrx, wg_op_bctrl, 0x14 << 21 | 1, 0x14 << 21 | 1, NULL},
};

void wg_specialise(struct wg_op *o) {
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    const struct rule *r = &rules[i];
    if (o->fn != r->fn || (o->w & r->mask) != r->value || (r->fits && !r->fits(o))) continue;
    o->fn = r->special;
    return;
  }
}

// Pairs that execute as one; the second keeps its own op, since a branch may lead to it.
static const struct {
  wg_handler *first, *second, *both;
} pairs[] = {
    {wg_op_cmpw, wg_op_bc_true, wg_op_cmpw_bc_true},     {wg_op_cmpw, wg_op_bc_false, wg_op_cmpw_bc_false},
    {wg_op_cmpwi, wg_op_bc_true, wg_op_cmpwi_bc_true},   {wg_op_cmpwi, wg_op_bc_false, wg_op_cmpwi_bc_false},
    {wg_op_cmplw, wg_op_bc_true, wg_op_cmplw_bc_true},   {wg_op_cmplw, wg_op_bc_false, wg_op_cmplw_bc_false},
    {wg_op_cmplwi, wg_op_bc_true, wg_op_cmplwi_bc_true}, {wg_op_cmplwi, wg_op_bc_false, wg_op_cmplwi_bc_false},
};

void wg_fuse(struct wg_op *o) {
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    if (o[0].fn != pairs[i].first || o[1].fn != pairs[i].second || o[1].a >> 2 != o[0].d >> 2) continue;
    o->fn = pairs[i].both;
    o->pc |= 1;
    return;
  }
}

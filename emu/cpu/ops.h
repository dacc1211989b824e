// What the instruction bodies share. Field macros name the Power ISA's operands of the op at hand.
#ifndef WG_EMU_OPS_H
#define WG_EMU_OPS_H

#include "emu/cpu/cpu.h"

#define OP(name) void wg_op_##name(struct wg_cpu *c, const struct wg_op *o)
#define WG_BODY(name) void wg_op_##name(struct wg_cpu *c, const struct wg_op *o);
#include "emu/cpu/bodies.def"
#undef WG_BODY

#define R(i) c->gpr[i]
#define RD R(o->d)
#define RS R(o->d)
#define RA R(o->a)
#define RB R(o->b)
#define RA0 (o->a ? R(o->a) : 0)
#define SIMM ((int64_t)(int16_t)o->w)
#define UIMM ((uint64_t)(uint16_t)o->w)
#define RC (o->w & 1)
#define OE (o->w & 0x400)

static inline void set_crf(struct wg_cpu *c, unsigned field, unsigned v) {
  unsigned shift = 28 - 4 * field;
  c->cr = (c->cr & ~(0xFu << shift)) | v << shift;
}

static inline void set_cr0(struct wg_cpu *c, uint64_t v) {
  int32_t s = (int32_t)v;
  set_crf(c, 0, (s < 0 ? 8u : s > 0 ? 4u : 2u) | c->so);
}

static inline void set_ov(struct wg_cpu *c, bool ov) {
  c->ov = ov;
  c->so |= ov;
}

static inline void fault(struct wg_cpu *c, enum wg_stop stop, uint32_t addr) {
  c->stop = stop;
  c->fault_addr = addr;
}

static inline uint64_t rotl64(uint64_t v, unsigned n) { return n ? v << n | v >> (64 - n) : v; }
static inline uint32_t rotl32(uint32_t v, unsigned n) { return n ? v << n | v >> (32 - n) : v; }

#endif

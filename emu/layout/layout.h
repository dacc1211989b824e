// Offsets and sizes of the guest's structures, from the rows of layouts.def: WG_SIZEOF_KPCR, WG_AT_KPCR_IRQL (its
// offset), WG_WIDTH_KPCR_IRQL (its bytes); of an array the offset, WG_EACH_KPCR_INTERRUPTS and
// WG_COUNT_KPCR_INTERRUPTS.
//
// WG_LOAD and WG_STORE reach a field of a structure that lies in the host's memory, in the guest's byte order, with the
// width of the row. Those that go through guest memory are in emu/kernel/kernel.h.
#ifndef WG_EMU_LAYOUT_H
#define WG_EMU_LAYOUT_H

#include "base/endian.h"

enum wg_layout {
#define WG_LAYOUT(s, name, size, source) WG_SIZEOF_##s = (size), WG_START_##s = -1,
#define WG_FIELD(s, f, at, bytes, what)                                                                                \
  WG_LEAST_##s##_##f, WG_AT_##s##_##f = (at), WG_WIDTH_##s##_##f = (bytes), WG_LAST_##s##_##f = (at) + (bytes)-1,
#define WG_ARRAY(s, f, at, each, count, what)                                                                          \
  WG_LEAST_##s##_##f, WG_AT_##s##_##f = (at), WG_EACH_##s##_##f = (each), WG_COUNT_##s##_##f = (count),                \
                      WG_LAST_##s##_##f = (at) + (each) * (count)-1,
#define WG_PART(s, f, at, of, what)                                                                                    \
  WG_LEAST_##s##_##f, WG_AT_##s##_##f = (at), WG_LAST_##s##_##f = (at) + WG_SIZEOF_##of - 1,
#define WG_LAYOUT_END(s) WG_PAST_##s,
#include "emu/layout/layouts.def"
#undef WG_LAYOUT
#undef WG_FIELD
#undef WG_ARRAY
#undef WG_PART
#undef WG_LAYOUT_END
};

#define WG_LAYOUT(s, name, size, source)
#define WG_IN_ORDER(s, f)                                                                                              \
  _Static_assert((int)WG_AT_##s##_##f >= (int)WG_LEAST_##s##_##f, #s ": " #f " overlaps the field before it");
#define WG_FIELD(s, f, at, bytes, what) WG_IN_ORDER(s, f) _Static_assert((bytes) > 0, #s ": " #f " has no bytes");
#define WG_ARRAY(s, f, at, each, count, what)                                                                          \
  WG_IN_ORDER(s, f) _Static_assert((each) > 0 && (count) > 0, #s ": " #f " has no elements");
#define WG_PART(s, f, at, of, what) WG_IN_ORDER(s, f)
#define WG_LAYOUT_END(s) _Static_assert((int)WG_PAST_##s <= (int)WG_SIZEOF_##s, #s " is smaller than its fields");
#include "emu/layout/layouts.def"
#undef WG_LAYOUT
#undef WG_FIELD
#undef WG_ARRAY
#undef WG_PART
#undef WG_LAYOUT_END

// A width that one access can have: any other, or one that `most` bytes do not hold, does not compile.
#define WG_WIDTH(s, f, most)                                                                                           \
  ((unsigned)(WG_WIDTH_##s##_##f) +                                                                                    \
   0u * (unsigned)sizeof(char[((WG_WIDTH_##s##_##f) == 1 || (WG_WIDTH_##s##_##f) == 2 || (WG_WIDTH_##s##_##f) == 4 ||  \
                               (WG_WIDTH_##s##_##f) == 8) &&                                                           \
                                      (WG_WIDTH_##s##_##f) <= (most)                                                   \
                                  ? 1                                                                                  \
                                  : -1]))

static inline uint64_t wg_field_load(const uint8_t *p, unsigned width) {
  return width == 1 ? *p : width == 2 ? wg_load_be16(p) : width == 4 ? wg_load_be32(p) : wg_load_be64(p);
}
static inline void wg_field_store(uint8_t *p, unsigned width, uint64_t v) {
  if (width == 1)
    *p = (uint8_t)v;
  else if (width == 2)
    wg_store_be16(p, (uint16_t)v);
  else if (width == 4)
    wg_store_be32(p, (uint32_t)v);
  else
    wg_store_be64(p, v);
}
#define WG_LOAD(p, s, f) ((uint32_t)wg_field_load((const uint8_t *)(p) + WG_AT_##s##_##f, WG_WIDTH(s, f, 4)))
#define WG_LOAD64(p, s, f) wg_field_load((const uint8_t *)(p) + WG_AT_##s##_##f, WG_WIDTH(s, f, 8))
#define WG_STORE(p, s, f, v) wg_field_store((uint8_t *)(p) + WG_AT_##s##_##f, WG_WIDTH(s, f, 8), (uint64_t)(v))
// The same of little-endian fields, of 2 or 4 bytes: those of PE images.
static inline uint32_t wg_field_load_le(const uint8_t *p, unsigned width) {
  return width == 2 ? wg_load_le16(p) : wg_load_le32(p);
}
static inline void wg_field_store_le(uint8_t *p, unsigned width, uint32_t v) {
  if (width == 2)
    wg_store_le16(p, (uint16_t)v);
  else
    wg_store_le32(p, v);
}
#define WG_LOAD_LE(p, s, f) wg_field_load_le((const uint8_t *)(p) + WG_AT_##s##_##f, WG_WIDTH(s, f, 4))
#define WG_STORE_LE(p, s, f, v) wg_field_store_le((uint8_t *)(p) + WG_AT_##s##_##f, WG_WIDTH(s, f, 4), v)

#endif

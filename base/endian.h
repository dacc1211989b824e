// Byte order: explicit loads and stores; no pointer casts.
#ifndef WG_BASE_ENDIAN_H
#define WG_BASE_ENDIAN_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WG_BE16(v) __builtin_bswap16(v)
#define WG_BE32(v) __builtin_bswap32(v)
#define WG_BE64(v) __builtin_bswap64(v)
#define WG_LE16(v) (v)
#define WG_LE32(v) (v)
#define WG_LE64(v) (v)
#else
#define WG_BE16(v) (v)
#define WG_BE32(v) (v)
#define WG_BE64(v) (v)
#define WG_LE16(v) __builtin_bswap16(v)
#define WG_LE32(v) __builtin_bswap32(v)
#define WG_LE64(v) __builtin_bswap64(v)
#endif

#define WG_DEF_ENDIAN(bits, order)                                                                                     \
  static inline uint##bits##_t wg_load_##order##bits(const void *p) {                                                  \
    uint##bits##_t v;                                                                                                  \
    memcpy(&v, p, sizeof v);                                                                                           \
    return WG_ENDIAN_##order(bits, v);                                                                                 \
  }                                                                                                                    \
  static inline void wg_store_##order##bits(void *p, uint##bits##_t v) {                                               \
    v = WG_ENDIAN_##order(bits, v);                                                                                    \
    memcpy(p, &v, sizeof v);                                                                                           \
  }
#define WG_ENDIAN_be(bits, v) WG_BE##bits(v)
#define WG_ENDIAN_le(bits, v) WG_LE##bits(v)
WG_DEF_ENDIAN(16, be)
WG_DEF_ENDIAN(32, be)
WG_DEF_ENDIAN(64, be)
WG_DEF_ENDIAN(16, le)
WG_DEF_ENDIAN(32, le)
WG_DEF_ENDIAN(64, le)

static inline uint32_t wg_load_le24(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16; }

#endif

// Places in guest memory: as they are written, and as they are the same by several addresses.
#ifndef WG_PROBE_PLACE_H
#define WG_PROBE_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define WG_PLACE_MAX 65536u

struct wg_place_range {
  uint32_t addr, len;
};

struct wg_symbols;

// The same, or the name of a symbol (`s`, or NULL) that has one address. *found: it is either; a name that several have
// is an error.
int wg_place_code(const char *text, const struct wg_symbols *s, uint32_t *out, bool *found, struct wg_err *err);
// ADDR or ADDR+LEN, where ADDR may be a symbol; without LEN it is `len`.
int wg_place_parse(const char *text, uint32_t len, const struct wg_symbols *s, struct wg_place_range *out,
                   struct wg_err *err);
// An address by which that byte is in memory now: `addr` itself, or another that shows it. False if none is.
struct wg_mem;
bool wg_place_shown(const struct wg_mem *m, uint32_t addr, uint32_t *out);
// Whether the two share a byte of what backs them, by whatever addresses.
bool wg_place_touch(uint32_t a, uint32_t alen, uint32_t b, uint32_t blen);
// The first bytes of a place that an access touches, by the place's addresses, of one page; or none.
struct wg_place_range wg_place_part(const struct wg_place_range *place, uint32_t addr, uint32_t len);

#endif

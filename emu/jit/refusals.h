// Accesses of compiled code that the host refuses: where the code goes on, and which are refused again and again, those
// of devices and of watched pages, for whom a signal each time is too much.
#ifndef WG_EMU_JIT_REFUSALS_H
#define WG_EMU_JIT_REFUSALS_H

#include <stddef.h>
#include <stdint.h>

#include "jit/backend.h"

#define WG_REFUSED_OFTEN 64u // times
#define WG_REFUSED_QUEUE 32u

// The accesses of a region's code, which lies at `code`.
struct wg_refusals_of {
  const uint8_t *code;
  size_t size;
  uint32_t page; // of the guest, that the region is of
  const struct wg_jit_refusal *list;
  size_t n;
  uint8_t *times; // [n], WG_REFUSED_OFTEN at most
};

struct wg_refusals {
  struct wg_refusals_of *of; // in the order of their addresses
  size_t n;
  uint32_t often[WG_REFUSED_QUEUE]; // addresses of instructions, for whoever owns this to take
  size_t noften;
};

// Of code behind all that is there already.
void wg_refusals_add(struct wg_refusals *r, const uint8_t *code, const struct wg_jit_blob *blob, uint32_t page);
// The host has refused the access at `at`: where the code goes on, or 0: there is none. Asynchronous-signal safe.
uintptr_t wg_refusals_find(struct wg_refusals *r, uintptr_t at);
void wg_refusals_clear(struct wg_refusals *r); // nothing of it is executed any more

#endif

// The audio decoder (docs/console.md#audio): 320 contexts of 64 bytes in physical memory, and its registers. It decodes
// nothing: a kick uses the input up and gives silence.
//
// Addresses are the guest's. Ownership: the decoder owns its state, the contexts lie in guest memory, where titles
// read and write them too. Errors: a context that cannot be accessed is told to the bus. Registers: the first read and
// the first write of each is a gpu.mmio event, as the GPU's.
#ifndef WG_EMU_XMA_H
#define WG_EMU_XMA_H

#include "emu/bus/bus.h"

#define WG_XMA_CONTEXT 64u // bytes

// A field of a context: word, lowest bit, width.
struct wg_xma_bits {
  uint8_t word, shift, width;
};
enum wg_xma_field {
  WG_XMA_IN_PACKETS_0,
  WG_XMA_IN_PACKETS_1,
  WG_XMA_IN_VALID_0,
  WG_XMA_IN_VALID_1,
  WG_XMA_LOOP_COUNT,
  WG_XMA_OUT_BLOCKS,
  WG_XMA_OUT_WRITE,
  WG_XMA_LOOP_SUB_END,
  WG_XMA_LOOP_SUB_SKIP,
  WG_XMA_SUBFRAMES,
  WG_XMA_RATE,
  WG_XMA_STEREO,
  WG_XMA_OUT_VALID,
  WG_XMA_READ_OFFSET,
  WG_XMA_LOOP_START,
  WG_XMA_LOOP_END,
  WG_XMA_METADATA,
  WG_XMA_CURRENT,
  WG_XMA_OUT_READ,
  WG_XMA_FIELDS
};

struct wg_xma;
struct wg_archive;

struct wg_xma *wg_xma_create(const struct wg_bus *bus); // maps its registers
void wg_xma_free(struct wg_xma *x);                     // NULL is none
void wg_xma_state(struct wg_archive *a,
                  struct wg_xma *x);    // registers, and which contexts are used: they lie in guest memory
uint32_t wg_xma_take(struct wg_xma *x); // an unused context, zeroed: its address, or 0
// A context is told by its guest address. What is none is not given back.
void wg_xma_give_back(struct wg_xma *x, uint32_t context);
uint32_t wg_xma_get(const struct wg_xma *x, uint32_t context, enum wg_xma_field f);
void wg_xma_put(const struct wg_xma *x, uint32_t context, enum wg_xma_field f, uint32_t v);
void wg_xma_kick(struct wg_xma *x, uint32_t context); // its input is used up, its output is silence

#endif

// A GPU without pictures: registers, ring buffer, the packets whose effects a title can observe, interrupts
// and the vertical blank (docs/console.md#clocks, #gpu). Knows memory, time and interrupts (emu/bus/bus.h), no kernel.
//
// Addresses are physical; times virtual ns; its own time is counted in words that the command processor may take.
// Ownership: the GPU owns its registers and streams. Errors: a packet that it cannot execute is a gpu.mmio event.
#ifndef WG_EMU_GPU_H
#define WG_EMU_GPU_H

#include "emu/bus/bus.h"

#define WG_VBLANK_NS 16666667u // 60 Hz

struct wg_gpu;
struct wg_archive;

struct wg_gpu *wg_gpu_create(const struct wg_bus *bus); // maps its registers
void wg_gpu_free(struct wg_gpu *g);
void wg_gpu_state(struct wg_archive *a, struct wg_gpu *g);                 // registers, the ring, what is due
void wg_gpu_set_callback(struct wg_gpu *g, uint32_t fn, uint32_t user);    // starts the vertical blank
void wg_gpu_set_ring(struct wg_gpu *g, uint32_t phys, uint32_t log2_size); // as VdInitializeRingBuffer was given it
void wg_gpu_set_rptr_writeback(struct wg_gpu *g, uint32_t phys);           // where the read pointer is told
// Frames that the title has asked to be shown: VdSwap counts one more.
void wg_gpu_swap_asked(struct wg_gpu *g);
uint64_t wg_gpu_frames(const struct wg_gpu *g);
// Packets executed: of a type, or of type 3 with one operation if `op` is not negative. A name of NULL: none is known.
uint64_t wg_gpu_packets(const struct wg_gpu *g, unsigned type, int op);
const char *wg_gpu_op_name(unsigned op);
// After each window: executes what the ring holds, until it must wait or has used up its time.
void wg_gpu_run(struct wg_gpu *g);
bool wg_gpu_rests(const struct wg_gpu *g); // nothing to execute until something writes to its registers
bool wg_gpu_busy(const struct wg_gpu *g);  // the latter: it goes on in the next window

#endif

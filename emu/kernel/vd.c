// Vd*: the video driver (docs/console.md#clocks, #gpu).
#include <string.h>

#include "emu/gpu/gpu.h"
#include "emu/kernel/kernel.h"

WG_CONSTANT(VdInitializeEngines, 5, 1)
WG_CALL(VdSetGraphicsInterruptCallback, 2) {
  wg_gpu_set_callback(k->m->gpu, A(0), A(1));
  return 0;
}
WG_CALL(VdInitializeRingBuffer, 2) {
  wg_gpu_set_ring(k->m->gpu, A(0), A(1));
  return 0;
}
WG_CALL(VdEnableRingBufferRPtrWriteBack, 2) {
  wg_gpu_set_rptr_writeback(k->m->gpu, A(0));
  return 0;
}
WG_CALL(VdGetSystemCommandBuffer, 2) {
  uint8_t *p = wg_kptr(k->m, A(0), 0x94, true);
  if (p == NULL) return 0;
  memset(p, 0, 0x94);
  KW32(k, A(0), 0xBEEF0000u);
  KW32(k, A(1), 0xBEEF0001u);
  return 0;
}
WG_CONSTANT(VdGetGraphicsAsicID, 0, 0x11)
WG_CALL(VdPersistDisplay, 2) {
  uint32_t phys = wg_mem_phys_alloc(k->m->mem, 64, 0x1000, 0x1000, 0xFFFFFFFFu, WG_PROT_READWRITE);
  wg_out_u32(k, A(1), "address", phys == UINT32_MAX ? 0 : 0xE0000000u + phys - 0x1000);
  wg_map_put(&k->m->pool.sizes, phys | 1ull << 40, 0x1000);
  return 1;
}
WG_CONSTANT(VdRetrainEDRAM, 6, 0)
// The eleventh argument is the command buffer to fill, the twelfth its length in words.
WG_CALL(VdInitializeScalerCommandBuffer, 12) {
  uint32_t dest = A(10), count = A(11);
  if (count > 4096) return 0;
  for (uint32_t i = 0; i < count; i++) KW32(k, dest + 4 * i, 0x80000000u);
  return count;
}

// 1280x720 widescreen at 60 Hz through an HDTV cable.
static void put_mode(struct wg_kcall *k, uint32_t at) {
  static const uint32_t words[WG_SIZEOF_VIDEO_MODE / 4] = {1280, 720, 0, 1, 1, 0x42700000, 1, 0x4A, 1, 0, 0, 0};
  for (uint32_t i = 0; i < WG_SIZEOF_VIDEO_MODE / 4; i++) KW32(k, at + 4 * i, words[i]);
  wg_json_u64(wg_out(k), "width", words[0]);
  wg_json_u64(wg_out(k), "height", words[1]);
  wg_json_bool(wg_out(k), "interlaced", words[2]);
  wg_json_bool(wg_out(k), "widescreen", words[3]);
  wg_json_bool(wg_out(k), "high_definition", words[4]);
  wg_json_u64(wg_out(k), "refresh_rate", 60);
}
WG_CALL(VdQueryVideoMode, 1) {
  put_mode(k, A(0));
  return 0;
}
WG_CONSTANT(VdQueryVideoFlags, 0, 1 | 1 << 1)
WG_CALL(VdGetCurrentDisplayGamma, 2) {
  KW32(k, A(0), 2);
  KW32(k, A(1), 0x400E38E4u); // 2.2222223
  return 0;
}
WG_CALL(VdGetCurrentDisplayInformation, 1) {
  uint8_t *p = wg_kptr(k->m, A(0), WG_SIZEOF_DISPLAY_INFORMATION, true);
  if (p == NULL) return 0;
  memset(p, 0, WG_SIZEOF_DISPLAY_INFORMATION);
  // Front buffer, then the scaler (source rectangle, output size, filters), what overscan leaves, the display and its
  // rate. A title hands the scaler's part on to VdInitializeScalerCommandBuffer, where logs of the reference show it.
  static const struct {
    uint8_t at;
    uint32_t v;
  } words[] = {{WG_AT_DISPLAY_INFORMATION_FRONT_BUFFER, 1280u << 16 | 720},
               {WG_AT_DISPLAY_INFORMATION_SOURCE_RIGHT, 1280},
               {WG_AT_DISPLAY_INFORMATION_SOURCE_BOTTOM, 720},
               {WG_AT_DISPLAY_INFORMATION_SCALED_WIDTH, 1280},
               {WG_AT_DISPLAY_INFORMATION_SCALED_HEIGHT, 720},
               {WG_AT_DISPLAY_INFORMATION_VERTICAL_FILTER, 1},
               {WG_AT_DISPLAY_INFORMATION_HORIZONTAL_FILTER, 1},
               {WG_AT_DISPLAY_INFORMATION_OVERSCAN_LEFT_TOP, 320u << 16 | 180},
               {WG_AT_DISPLAY_INFORMATION_OVERSCAN_RIGHT_BOTTOM, 320u << 16 | 180},
               {WG_AT_DISPLAY_INFORMATION_DISPLAY, 1280u << 16 | 720},
               {WG_AT_DISPLAY_INFORMATION_REFRESH_RATE, 0x42700000u},
               {WG_AT_DISPLAY_INFORMATION_ACTUAL_WIDTH, 1280}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) wg_store_be32(p + words[i].at, words[i].v);
  wg_json_u64(wg_out(k), "width", 1280);
  wg_json_u64(wg_out(k), "height", 720);
  return 0;
}

// VdSwap: the flip is put into the title's own command stream (docs/console.md#gpu).
WG_CALL(VdSwap, 10) {
  uint32_t at = A(0), fetch[6];
  for (uint32_t i = 0; i < 6; i++) fetch[i] = KR32(k, A(1) + 4 * i);
  uint32_t front = A(5) ? KR32(k, A(5)) : 0;
  uint32_t phys = wg_mem_to_phys(front);
  if (phys == UINT32_MAX) phys = front & 0x1FFFFFFF;
  uint32_t fetch_phys = wg_mem_to_phys(fetch[1] & ~0xFFFu);
  if (fetch_phys != UINT32_MAX) fetch[1] = (fetch[1] & 0xFFF) | (fetch_phys & ~0xFFFu);
  uint32_t width = A(8) ? KR32(k, A(8)) : 1280, height = A(9) ? KR32(k, A(9)) : 720;
  uint32_t words[64] = {0x00054800u, fetch[0],    fetch[1],    fetch[2], fetch[3], fetch[4],
                        fetch[5],    0xC0036400u, 0x53574150u, phys,     width,    height};
  for (uint32_t i = 12; i < 64; i++) words[i] = 0x80000000u;
  for (uint32_t i = 0; i < 64; i++) KW32(k, at + 4 * i, words[i]);
  wg_json_hex(wg_out(k), "front_buffer", front);
  wg_json_u64(wg_out(k), "width", width);
  wg_json_u64(wg_out(k), "height", height);
  wg_told(k, at); // made of these
  struct wg_machine *m = k->m;
  wg_gpu_swap_asked(m->gpu);
  if (m->options.max_frames && wg_gpu_frames(m->gpu) >= m->options.max_frames) wg_stop(m, WG_END_LIMIT);
  return 0;
}

WG_CONSTANT(VdShutdownEngines, 0, 0)
WG_CONSTANT(VdSetSystemCommandBufferGpuIdentifierAddress, 1, 0)
WG_CONSTANT(VdRetrainEDRAMWorker, 1, 0)
WG_CONSTANT(VdIsHSIOTrainingSucceeded, 0, 1)
WG_CONSTANT(VdEnableDisableClockGating, 1, 0)
WG_CONSTANT(VdSetDisplayMode, 1, 0)
WG_CONSTANT(VdSetDisplayModeOverride, 5, 0)
WG_CONSTANT(VdCallGraphicsNotificationRoutines, 2, 0)
WG_CALL(XGetVideoMode, 1) { return wg_k_VdQueryVideoMode(k); } // xam's name for the same question

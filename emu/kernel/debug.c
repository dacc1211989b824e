// xbdm.xex: the debug monitor of development kits, without a debugger behind it.
#include <string.h>

#include "emu/kernel/kernel.h"

#define XBDM_NOERR 0x02DA0000u
#define XBDM_UNDEFINED 0x82DA0000u

static uint64_t k_ok(struct wg_kcall *k) {
  (void)k;
  return XBDM_NOERR;
}
static uint64_t k_undefined(struct wg_kcall *k) {
  (void)k;
  return XBDM_UNDEFINED;
}
static uint64_t k_DmAllocatePool(struct wg_kcall *k) { return wg_pool_alloc(k->m, A(0)); }
static uint64_t k_DmFreePool(struct wg_kcall *k) {
  wg_pool_free(k->m, A(0));
  return 0;
}
// (name, its room*)
static uint64_t k_DmGetXboxName(struct wg_kcall *k) {
  static const char name[] = "wedge";
  if (A(1) && KR32(k, A(1)) < sizeof name) return 0x82DA0001u; // XBDM_BUFFER_TOO_SMALL
  for (uint32_t i = 0; i < sizeof name; i++) wg_kw(k->m, A(0) + i, 1, (uint8_t)name[i]);
  if (A(1)) KW32(k, A(1), sizeof name);
  return XBDM_NOERR;
}
static uint64_t k_DmMapDevkitDrive(struct wg_kcall *k) {
  wg_vfs_link(k->m->vfs, "devkit:", "\\Device\\Harddisk0\\Partition1");
  return XBDM_NOERR;
}
// XBDM_SYSTEM_INFO (20): its size, then versions of this console's kind.
static uint64_t k_DmGetSystemInfo(struct wg_kcall *k) {
  uint32_t size = KR32(k, A(0));
  uint8_t *p = size >= 4 && size <= 0x100 ? wg_kptr(k->m, A(0), size, true) : NULL;
  if (p) memset(p + 4, 0, size - 4);
  return XBDM_NOERR;
}

WG_TABLE(debug) = {
    {"DmAllocatePool", k_DmAllocatePool, "d", 'p'},
    {"DmFreePool", k_DmFreePool, "p", 'v'},
    {"DmGetXboxName", k_DmGetXboxName, "pp", 'd'},
    {"DmMapDevkitDrive", k_DmMapDevkitDrive, "", 'd'},
    {"DmGetSystemInfo", k_DmGetSystemInfo, "p", 'd'},
    {"DmIsDebuggerPresent", wg_k_zero, "", 'b'},
    {"DmIsFastCAPEnabled", k_undefined, "", 'd'},
    {"DmCaptureStackBackTrace", k_undefined, "dp", 'd'},
    {"DmCloseLoadedModules", k_ok, "p", 'd'},
    {"DmWalkLoadedModules", k_undefined, "pp", 'd'},
    {"DmFindPdbSignature", k_undefined, "pp", 'd'},
    {"DmGetConsoleDebugMemoryStatus", k_ok, "p", 'd'},
    {"DmGetThreadInfoEx", k_undefined, "dp", 'd'},
    {"DmGetXbeInfo", k_undefined, "sp", 'd'},
    {"DmRegisterCommandProcessor", k_ok, "sp", 'd'},
    {"DmRegisterCommandProcessorEx", k_ok, "spd", 'd'},
    {"DmSendNotificationString", k_ok, "s", 'd'},
    {"DmSetProfilingOptions", k_ok, "d", 'd'},
    {"DmStartProfiling", k_undefined, "sd", 'd'},
    {"DmStopProfiling", k_ok, "", 'd'},
    {"__CAP_Start_Profiling", wg_k_zero, "dd", 'v'},
    {"__CAP_End_Profiling", wg_k_zero, "", 'v'},
    {"__CAP_Enter_Function", wg_k_zero, "", 'v'},
    {"__CAP_Exit_Function", wg_k_zero, "", 'v'},
    {0},
};

// xbdm.xex: the debug monitor of development kits, without a debugger behind it.
#include <string.h>

#include "emu/kernel/kernel.h"

#define XBDM_NOERR 0x02DA0000u
#define XBDM_UNDEFINED 0x82DA0000u

WG_CALL(DmAllocatePool, 1) { return wg_pool_alloc(k->m, A(0), WG_POOL_TITLE); }
WG_CALL(DmFreePool, 1) {
  wg_pool_free(k->m, A(0), WG_POOL_TITLE);
  return 0;
}
// (name, its room*)
WG_CALL(DmGetXboxName, 2) {
  static const char name[] = "wedge";
  if (A(1) && KR32(k, A(1)) < sizeof name) return 0x82DA0001u; // XBDM_BUFFER_TOO_SMALL
  for (uint32_t i = 0; i < sizeof name; i++) wg_kw(k->m, A(0) + i, 1, (uint8_t)name[i]);
  wg_out_i32(k, A(1), "size", sizeof name);
  return XBDM_NOERR;
}
WG_CALL(DmMapDevkitDrive, 0) {
  wg_vfs_link(k->m->vfs, "devkit:", "\\Device\\Harddisk0\\Partition1");
  return XBDM_NOERR;
}
// The caller says how much of an XBDM_SYSTEM_INFO there is.
WG_CALL(DmGetSystemInfo, 1) {
  uint32_t size = KR32(k, A(0));
  uint8_t *p = size >= WG_AT_XBDM_SYSTEM_INFO_VERSIONS && size <= 0x100 ? wg_kptr(k->m, A(0), size, true) : NULL;
  if (p) memset(p + WG_AT_XBDM_SYSTEM_INFO_VERSIONS, 0, size - WG_AT_XBDM_SYSTEM_INFO_VERSIONS);
  return XBDM_NOERR;
}

WG_CONSTANT(DmIsDebuggerPresent, 0, 0)
WG_CONSTANT(DmIsFastCAPEnabled, 0, XBDM_UNDEFINED)
WG_CONSTANT(DmCaptureStackBackTrace, 2, XBDM_UNDEFINED)
WG_CONSTANT(DmCloseLoadedModules, 1, XBDM_NOERR)
WG_CONSTANT(DmWalkLoadedModules, 2, XBDM_UNDEFINED)
WG_CONSTANT(DmFindPdbSignature, 2, XBDM_UNDEFINED)
WG_CONSTANT(DmGetConsoleDebugMemoryStatus, 1, XBDM_NOERR)
WG_CONSTANT(DmGetThreadInfoEx, 2, XBDM_UNDEFINED)
WG_CONSTANT(DmGetXbeInfo, 2, XBDM_UNDEFINED)
WG_CONSTANT(DmRegisterCommandProcessor, 2, XBDM_NOERR)
WG_CONSTANT(DmRegisterCommandProcessorEx, 3, XBDM_NOERR)
WG_CONSTANT(DmSendNotificationString, 1, XBDM_NOERR)
WG_CONSTANT(DmSetProfilingOptions, 1, XBDM_NOERR)
WG_CONSTANT(DmStartProfiling, 2, XBDM_UNDEFINED)
WG_CONSTANT(DmStopProfiling, 0, XBDM_NOERR)
WG_CONSTANT(__CAP_Start_Profiling, 2, 0)
WG_CONSTANT(__CAP_End_Profiling, 0, 0)
WG_CONSTANT(__CAP_Enter_Function, 0, 0)
WG_CONSTANT(__CAP_Exit_Function, 0, 0)

// xam.xex: what start-up and a headless main loop need.
#include <string.h>

#include "emu/kernel/kernel.h"

WG_CONSTANT(XGetLanguage, 0, 1) // English
WG_CONSTANT(XGetAVPack, 0, 8)   // as the reference: HDMI
WG_CONSTANT(XGetGameRegion, 0, 0xFFFF)
WG_CALL(XamLoaderTerminateTitle, 0) {
  k->state = WG_CALL_NO_RETURN;
  wg_stop(k->m, WG_END_EXIT);
  return 0;
}

WG_CALL(XamLoaderLaunchTitle, 2) { return wg_k_XamLoaderTerminateTitle(k); }

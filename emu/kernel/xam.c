// xam.xex: what start-up and a headless main loop need.
#include <string.h>

#include "emu/kernel/kernel.h"

static uint64_t k_XGetLanguage(struct wg_kcall *k) {
  (void)k;
  return 1; // English
}
static uint64_t k_XGetAVPack(struct wg_kcall *k) {
  (void)k;
  return 8; // as the reference: HDMI
}
static uint64_t k_XGetGameRegion(struct wg_kcall *k) {
  (void)k;
  return 0xFFFF;
}
static uint64_t k_XamLoaderTerminateTitle(struct wg_kcall *k) {
  k->state = WG_CALL_NO_RETURN;
  wg_stop(k->m, WG_END_EXIT);
  return 0;
}

WG_TABLE(xam) = {
    {"XGetLanguage", k_XGetLanguage, "", 'd'},
    {"XGetAVPack", k_XGetAVPack, "", 'd'},
    {"XGetGameRegion", k_XGetGameRegion, "", 'd'},
    {"XamLoaderTerminateTitle", k_XamLoaderTerminateTitle, "", 'v'},
    {"XamLoaderLaunchTitle", k_XamLoaderTerminateTitle, "sd", 'v'},
    {0},
};

// xam.xex: tasks, messages, launch data, languages, and XAPI's names for threads and time.
#include <string.h>

#include "emu/kernel/xam.h"

// --- tasks, messages, launch data
// ------------------------------------------------------------------------------------------

// (routine, message, flags..., handle*): a system thread runs it
static uint64_t k_XamTaskSchedule(struct wg_kcall *k) {
  struct wg_thread_params p = {.stack_size = 0x4000, .entry = A(0), .ctx = A(1), .flags = 0};
  uint32_t handle;
  if (wg_thread_create(k->m, &p, k->lr, &handle) == NULL) return STATUS_NO_MEMORY;
  if (A(3)) KW32(k, A(3), handle);
  return STATUS_SUCCESS;
}
// Messages go to system applications that are not there: 80004005 (E_FAIL), as the reference answers unknown ones.
static uint64_t k_XMsgInProcessCall(struct wg_kcall *k) {
  (void)k;
  return 0x80004005u;
}
static uint64_t k_XMsgStartIORequest(struct wg_kcall *k) { return wg_xam_complete(k, A(2), ERROR_FUNCTION_FAILED, 0); }
static uint64_t k_XMsgCompleteIORequest(struct wg_kcall *k) {
  KW32(k, A(0), A(1));
  KW32(k, A(0) + 0x18, A(2));
  KW32(k, A(0) + 4, A(3));
  struct wg_object *event = wg_handle_get(k->m, KR32(k, A(0) + 0xC));
  if (event && event->guest) wg_signal(k->m, event, "set", 1, 1);
  return ERROR_SUCCESS;
}
static uint64_t k_XamGetOverlappedResult(struct wg_kcall *k) {
  if (A(1)) KW32(k, A(1), KR32(k, A(0) + 4));
  return KR32(k, A(0));
}
static uint64_t k_XamLoaderGetLaunchDataSize(struct wg_kcall *k) {
  if (A(0)) KW32(k, A(0), 0);
  return ERROR_NOT_FOUND;
}
static uint64_t k_XamLoaderGetLaunchData(struct wg_kcall *k) {
  (void)k;
  return ERROR_NOT_FOUND;
}
// The execution info of the header, as a pointer into it.
static uint64_t k_XamGetExecutionId(struct wg_kcall *k) {
  uint32_t value, offset;
  if (!wg_xex_option(&k->m->image.header, 0x40006, &value, &offset)) return 0xC0000225u; // STATUS_NOT_FOUND
  KW32(k, A(0), k->m->xex_header + offset);
  return STATUS_SUCCESS;
}
static uint64_t k_XamGetCurrentTitleId(struct wg_kcall *k) { return k->m->image.title_id; }
static uint64_t k_XamGetSystemVersion(struct wg_kcall *k) {
  (void)k;
  return 0;
}
static uint64_t k_XamAlloc(struct wg_kcall *k) {
  uint32_t at = wg_pool_alloc(k->m, A(1));
  KW32(k, A(2), at);
  return at ? ERROR_SUCCESS : 8; // ERROR_NOT_ENOUGH_MEMORY
}
static uint64_t k_XamAllocEx(struct wg_kcall *k) {
  uint32_t at = wg_pool_alloc(k->m, A(2));
  KW32(k, A(3), at);
  return at ? ERROR_SUCCESS : 8;
}
static uint64_t k_XamFree(struct wg_kcall *k) {
  wg_pool_free(k->m, A(0));
  return ERROR_SUCCESS;
}

// --- languages and countries
// -------------------------------------------------------------------------------------------------

static uint64_t put_wide(struct wg_kcall *k, const char *s, uint32_t to, uint32_t room) {
  uint32_t n = (uint32_t)strlen(s) + 1;
  if (to == 0) return ERROR_INVALID_PARAMETER;
  if (room < n) return 0x8007007Au; // HRESULT of ERROR_INSUFFICIENT_BUFFER
  for (uint32_t i = 0; i < n; i++) wg_kw(k->m, to + 2 * i, 2, (uint8_t)s[i]);
  return 0;
}
static const char *const languages[] = {"zz", "en", "ja", "de", "fr", "es", "it", "ko", "zh", "pt", "zh", "pl", "ru"};
static const char *language(uint32_t id) { return id < sizeof languages / sizeof *languages ? languages[id] : "zz"; }
static uint64_t k_XamGetLanguage(struct wg_kcall *k) {
  (void)k;
  return 1;
}
static uint64_t k_XamGetLocale(struct wg_kcall *k) {
  (void)k;
  return 34; // United States
}
static uint64_t k_same(struct wg_kcall *k) { return A(0); }
static uint64_t k_XamGetLanguageString(struct wg_kcall *k) { return put_wide(k, language(1), A(1), A(0)); }
static uint64_t k_XamGetLocaleString(struct wg_kcall *k) { return put_wide(k, "us", A(2), A(1)); }
static uint64_t k_XamGetCountryString(struct wg_kcall *k) { return put_wide(k, "us", A(2), A(1)); }
static uint64_t k_XamGetLanguageLocaleString(struct wg_kcall *k) {
  struct wg_buf s = {0};
  wg_buf_printf(&s, "%s-us", language(A(0)));
  uint64_t rv = put_wide(k, s.data, A(3), A(2));
  wg_buf_release(&s);
  return rv;
}
static uint64_t k_locator(struct wg_kcall *k, const char *section, uint32_t name, uint32_t to, uint32_t room) {
  struct wg_buf leaf = {0}, s = {0};
  wg_kwstr(k->m, name, &leaf);
  wg_buf_printf(&s, "section://%s#%s", section, leaf.len ? leaf.data : "");
  uint64_t rv = put_wide(k, s.data, to, room);
  wg_buf_release(&leaf);
  wg_buf_release(&s);
  return rv;
}
static uint64_t k_XamBuildXamResourceLocator(struct wg_kcall *k) { return k_locator(k, "0,xam", A(0), A(1), A(2)); }
static uint64_t k_XamBuildGamercardResourceLocator(struct wg_kcall *k) {
  return k_locator(k, "0,gamercrd", A(0), A(1), A(2));
}
static uint64_t k_XamBuildSharedSystemResourceLocator(struct wg_kcall *k) {
  return k_locator(k, "0,shrdres", A(0), A(1), A(2));
}
static uint64_t k_XamBuildResourceLocator(struct wg_kcall *k) {
  struct wg_buf section = {0};
  wg_kwstr(k->m, A(1), &section);
  uint64_t rv = k_locator(k, section.len ? section.data : "0", A(2), A(3), A(4));
  wg_buf_release(&section);
  return rv;
}

// --- threads and time in XAM's own words
// -----------------------------------------------------------------------------------

// (attributes, stack, routine, context, flags, id*): CreateThread
static uint64_t k_CreateThread(struct wg_kcall *k) {
  struct wg_thread_params p = {.stack_size = A(1), .entry = A(2), .ctx = A(3), .flags = A(4) & 4 ? 1 : 0};
  uint32_t handle;
  struct wg_thread *t = wg_thread_create(k->m, &p, k->lr, &handle);
  if (t == NULL) return 0;
  if (A(5)) KW32(k, A(5), t->tid);
  return handle;
}
static uint64_t k_XapipCreateThread(struct wg_kcall *k) {
  struct wg_thread_params p = {
      .stack_size = A(1), .entry = A(2), .ctx = A(3), .flags = (A(4) & 4 ? 1u : 0) | A(5) << 24};
  uint32_t handle;
  struct wg_thread *t = wg_thread_create(k->m, &p, k->lr, &handle);
  if (t == NULL) return 0;
  if (A(6)) KW32(k, A(6), t->tid);
  return handle;
}
static uint64_t k_ExitThread(struct wg_kcall *k) {
  if (k->thread == NULL) return 0;
  k->state = WG_CALL_NO_RETURN;
  wg_thread_exit(k->m, k->thread, A(0));
  return 0;
}
static uint64_t k_GetCurrentThreadId(struct wg_kcall *k) { return k->thread ? k->thread->tid : 0; }
static uint64_t k_ResumeThread(struct wg_kcall *k) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  if (o == NULL || o->thread == NULL) return 0xFFFFFFFFu;
  struct wg_thread *t = o->thread;
  uint32_t old = t->suspend;
  if (t->suspend && --t->suspend == 0 && (t->state == WG_T_READY || t->state == WG_T_RUNNING)) wg_ready(k->m, t);
  return old;
}
static uint64_t k_CloseHandle(struct wg_kcall *k) { return wg_handle_close(k->m, A(0)) == STATUS_SUCCESS; }
static uint64_t k_GetTickCount(struct wg_kcall *k) { return (uint32_t)(wg_now(k->m) / 1000000); }
static int64_t milliseconds(uint32_t ms) { return ms == 0xFFFFFFFFu ? -1 : (int64_t)ms * 1000000; }
static uint64_t wait_handle(struct wg_kcall *k, bool alertable) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  if (o == NULL || o->guest == 0 || k->thread == NULL) return 0xFFFFFFFFu; // WAIT_FAILED
  return wg_wait(k, &o, 1, false, alertable, milliseconds(A(1)));
}
static uint64_t k_WaitForSingleObject(struct wg_kcall *k) { return wait_handle(k, false); }
static uint64_t k_WaitForSingleObjectEx(struct wg_kcall *k) { return wait_handle(k, A(2) != 0); }
static uint64_t k_Sleep(struct wg_kcall *k) {
  return k->thread ? wg_wait(k, NULL, 0, false, false, milliseconds(A(0))) : 0;
}
static uint64_t k_SleepEx(struct wg_kcall *k) {
  return k->thread ? wg_wait(k, NULL, 0, false, A(1) != 0, milliseconds(A(0))) : 0;
}
// The thread's last error: KTHREAD + 160, where the C run-time reads it too.
static uint64_t k_GetLastError(struct wg_kcall *k) { return k->thread ? KR32(k, k->thread->kthread + 0x160) : 0; }
static uint64_t k_RtlSetLastNTError(struct wg_kcall *k) {
  if (k->thread) KW32(k, k->thread->kthread + 0x160, A(0));
  return A(0);
}
static uint64_t k_XapiFormatTimeOut(struct wg_kcall *k) {
  if (A(1) == 0xFFFFFFFFu) return 0;
  wg_kw(k->m, A(0), 8, (uint64_t)(-(int64_t)A(1) * 10000));
  return A(0);
}
static uint64_t k_RtlRandom(struct wg_kcall *k) { // as RtlRandom: a linear congruence on the seed
  uint32_t seed = (uint32_t)((KR32(k, A(0)) * 0x7FFFFFEDull + 0x7FFFFFC3u) % 0x7FFFFFFFu);
  KW32(k, A(0), seed);
  return seed;
}
static uint64_t k_GetModuleHandleA(struct wg_kcall *k) { return A(0) ? 0 : k->m->ldr_entry; }
// (unused, FILETIME, text, room): the United States' way
static uint64_t format_time(struct wg_kcall *k, bool date) {
  uint64_t t = k->arg[1], days = t / 864000000000ull;
  struct wg_buf s = {0};
  if (date) {
    int64_t z = (int64_t)days + 584694, era = z / 146097, doe = z - era * 146097; // as RtlTimeToTimeFields
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153, month = mp < 10 ? mp + 3 : mp - 9;
    wg_buf_printf(&s, "%02d/%02d/%d", (int)month, (int)(doy - (153 * mp + 2) / 5 + 1),
                  (int)(yoe + era * 400 + (month <= 2)));
  } else {
    wg_buf_printf(&s, "%02u:%02u", (unsigned)(t / 36000000000ull % 24), (unsigned)(t / 600000000ull % 60));
  }
  put_wide(k, s.data, A(2), A(3));
  wg_buf_release(&s);
  return 0;
}
static uint64_t k_XamFormatTimeString(struct wg_kcall *k) { return format_time(k, false); }
static uint64_t k_XamFormatDateString(struct wg_kcall *k) { return format_time(k, true); }
static uint64_t k_lstrlenW(struct wg_kcall *k) {
  uint32_t n = 0;
  while (A(0) && !k->m->kfault && wg_kr(k->m, A(0) + 2 * n, 2)) n++;
  return n;
}

static uint64_t k_failed(struct wg_kcall *k) {
  (void)k;
  return ERROR_FUNCTION_FAILED;
}
static uint64_t k_no_voice(struct wg_kcall *k) {
  if (A(2)) KW32(k, A(2), 0);
  return ERROR_FUNCTION_FAILED;
}
static uint64_t k_session(struct wg_kcall *k) {
  KW32(k, A(0), wg_handle_publish(k->m, wg_object_new(k->m, WG_O_OTHER, k->lr)));
  return ERROR_SUCCESS;
}

WG_TABLE(xam_system) = {
    {"XamTaskSchedule", k_XamTaskSchedule, "ppdp", 'S'},
    {"XamTaskShouldExit", wg_k_zero, "d", 'd'},
    {"XamTaskCloseHandle", k_CloseHandle, "h", 'b'},
    {"XMsgInProcessCall", k_XMsgInProcessCall, "dddd", 'd'},
    {"XMsgSystemProcessCall", k_XMsgInProcessCall, "dddd", 'd'},
    {"XMsgStartIORequest", k_XMsgStartIORequest, "ddpdd", 'd'},
    {"XMsgStartIORequestEx", k_XMsgStartIORequest, "ddpddp", 'd'},
    {"XMsgCancelIORequest", wg_k_zero, "pd", 'd'},
    {"XMsgCompleteIORequest", k_XMsgCompleteIORequest, "pddd", 'd'},
    {"XamGetOverlappedResult", k_XamGetOverlappedResult, "ppd", 'd'},
    {"XamLoaderGetLaunchDataSize", k_XamLoaderGetLaunchDataSize, "p", 'd'},
    {"XamLoaderGetLaunchData", k_XamLoaderGetLaunchData, "pd", 'd'},
    {"XamLoaderSetLaunchData", wg_k_zero, "pd", 'd'},
    {"XamLoaderGetMediaInfoEx", wg_k_zero, "ddp", 'd'},
    {"XamGetExecutionId", k_XamGetExecutionId, "p", 'S'},
    {"XamGetCurrentTitleId", k_XamGetCurrentTitleId, "", 'd'},
    {"XamIsCurrentTitleDash", wg_k_zero, "", 'd'},
    {"XamGetSystemVersion", k_XamGetSystemVersion, "", 'd'},
    {"XamAlloc", k_XamAlloc, "ddp", 'd'},
    {"XamAllocEx", k_XamAllocEx, "dddpd", 'd'},
    {"XamFree", k_XamFree, "p", 'd'},
    {"XamGetLanguage", k_XamGetLanguage, "", 'd'},
    {"XamGetLocale", k_XamGetLocale, "", 'd'},
    {"XamGetLocaleEx", k_XamGetLocale, "dd", 'd'},
    {"XamGetOnlineSchema", wg_k_zero, "", 'd'},
    {"XamGetCountryFromOnlineCountry", k_same, "d", 'd'},
    {"XamGetLanguageFromOnlineLanguage", k_same, "d", 'd'},
    {"XamGetLocaleFromOnlineCountry", k_same, "d", 'd'},
    {"XamGetOnlineCountryFromLocale", k_same, "d", 'd'},
    {"XamGetLocaleDateFormat", wg_k_one, "d", 'd'},
    {"XamGetLanguageString", k_XamGetLanguageString, "dp", 'd'},
    {"XamGetOnlineLanguageString", k_XamGetLocaleString, "ddp", 'd'},
    {"XamGetLocaleString", k_XamGetLocaleString, "ddp", 'd'},
    {"XamGetCountryString", k_XamGetCountryString, "ddp", 'd'},
    {"XamGetOnlineCountryString", k_XamGetCountryString, "ddp", 'd'},
    {"XamGetLanguageLocaleString", k_XamGetLanguageLocaleString, "dddp", 'd'},
    {"XamGetOnlineLanguageAndCountryString", k_XamGetLanguageLocaleString, "dddp", 'd'},
    {"XamBuildResourceLocator", k_XamBuildResourceLocator, "qwwpd", 'd'},
    {"XamBuildXamResourceLocator", k_XamBuildXamResourceLocator, "wpd", 'd'},
    {"XamBuildGamercardResourceLocator", k_XamBuildGamercardResourceLocator, "wpd", 'd'},
    {"XamBuildSharedSystemResourceLocator", k_XamBuildSharedSystemResourceLocator, "wpd", 'd'},
    {"XamBuildLegacySystemResourceLocator", k_XamBuildSharedSystemResourceLocator, "wpd", 'd'},
    {"XamEnableInactivityProcessing", wg_k_zero, "dd", 'd'},
    {"XamResetInactivity", wg_k_zero, "", 'd'},
    {"XamFeatureEnabled", wg_k_zero, "d", 'd'},
    {"XamGetStagingMode", wg_k_zero, "", 'd'},
    {"XamGetDashContext", wg_k_zero, "", 'd'},
    {"XamSetDashContext", wg_k_zero, "d", 'd'},
    {"XamNuiGetDeviceStatus", wg_k_zero, "p", 'v'},
    {"XamParseGamerTileKey", k_failed, "pppp", 'd'},
    {"XamReadTileToTexture", k_failed, "ddqdpddd", 'd'},
    {"XamWriteGamerTile", k_failed, "dddddd", 'd'},
    {"XamQueryLiveHiveW", k_failed, "wpdd", 'd'},
    {"XamSwapDisc", k_failed, "dOp", 'd'},
    {"XamSessionCreateHandle", k_session, "p", 'd'},
    {"XamSessionRefObjByHandle", k_failed, "hp", 'd'},
    {"XamVoiceCreate", k_no_voice, "ddp", 'd'},
    {"XamVoiceClose", wg_k_zero, "p", 'd'},
    {"XamVoiceHeadsetPresent", wg_k_zero, "p", 'd'},
    {"XamVoiceIsActiveProcess", wg_k_zero, "", 'd'},
    {"XamVoiceSubmitPacket", k_failed, "pdp", 'd'},
    {"XamPartyGetUserList", k_failed, "dp", 'd'},
    {"XamPartyGetBandwidth", k_failed, "dd", 'd'},
    {"XamPartySendGameInvites", k_failed, "ddd", 'd'},
    {"XamPartySetCustomData", k_failed, "ddd", 'd'},
    {"XamAvatarInitialize", k_failed, "dddppd", 'd'},
    {"XamAvatarShutdown", wg_k_zero, "", 'v'},
    {"XamMediaVerificationCreate", wg_k_zero, "d", 'd'},
    {"XamMediaVerificationClose", wg_k_zero, "", 'd'},
    {"XamMediaVerificationVerify", wg_k_zero, "dpp", 'd'},
    {"XamMediaVerificationInject", wg_k_zero, "dd", 'd'},
    {"XamMediaVerificationFailedBlocks", wg_k_zero, "p", 'd'},
    {"XAutomationpUnbindController", wg_k_zero, "dd", 'd'},
    {"XCustomRegisterDynamicActions", wg_k_zero, "", 'd'},
    {"XGetAudioFlags", wg_k_zero, "", 'd'},
    {"XGetVideoCapabilities", wg_k_zero, "", 'd'},
    {"CreateThread", k_CreateThread, "pdppdp", 'd'},
    {"XapipCreateThread", k_XapipCreateThread, "pdppddp", 'd'},
    {"ExitThread", k_ExitThread, "d", 'v'},
    {"ResumeThread", k_ResumeThread, "h", 'd'},
    {"CloseHandle", k_CloseHandle, "h", 'b'},
    {"GetCurrentThreadId", k_GetCurrentThreadId, "", 'd'},
    {"GetTickCount", k_GetTickCount, "", 'd'},
    {"WaitForSingleObject", k_WaitForSingleObject, "hd", 'd'},
    {"WaitForSingleObjectEx", k_WaitForSingleObjectEx, "hdd", 'd'},
    {"Sleep", k_Sleep, "d", 'v'},
    {"SleepEx", k_SleepEx, "dd", 'd'},
    {"RtlSleep", k_SleepEx, "dd", 'd'},
    {"GetLastError", k_GetLastError, "", 'd'},
    {"RtlGetLastError", k_GetLastError, "", 'd'},
    {"RtlSetLastNTError", k_RtlSetLastNTError, "d", 'd'},
    {"XapiFormatTimeOut", k_XapiFormatTimeOut, "pd", 'p'},
    {"RtlRandom", k_RtlRandom, "p", 'd'},
    {"GetModuleHandleA", k_GetModuleHandleA, "s", 'p'},
    {"XamFormatTimeString", k_XamFormatTimeString, "dqpd", 'v'},
    {"XamFormatDateString", k_XamFormatDateString, "dqpd", 'v'},
    {"lstrlenW", k_lstrlenW, "w", 'd'},
    {0},
};

// xam.xex: tasks, messages, launch data, languages, and XAPI's names for threads and time.
#include <string.h>

#include "emu/kernel/xam.h"

// --- tasks, messages, launch data
// ------------------------------------------------------------------------------------------

// (routine, message, flags..., handle*): a system thread runs it
WG_CALL(XamTaskSchedule, 4) {
  struct wg_thread_params p = {.stack_size = 0x4000, .entry = A(0), .ctx = A(1), .flags = 0};
  uint32_t handle;
  if (wg_thread_create(k->m, &p, k->lr, &handle) == NULL) return STATUS_NO_MEMORY;
  wg_out_u32(k, A(3), "handle", handle);
  return STATUS_SUCCESS;
}
// Messages go to system applications that are not there: 80004005 (E_FAIL), as the reference answers unknown ones.
WG_CALL(XMsgStartIORequest, 5) { return wg_xam_complete(k, A(2), ERROR_FUNCTION_FAILED, 0); }
WG_CALL(XMsgCompleteIORequest, 4) {
  WG_PUT(k->m, A(0), OVERLAPPED, RESULT, A(1));
  WG_PUT(k->m, A(0), OVERLAPPED, EXTENDED_ERROR, A(2));
  WG_PUT(k->m, A(0), OVERLAPPED, LENGTH, A(3));
  struct wg_object *event = wg_handle_get(k->m, WG_GET(k->m, A(0), OVERLAPPED, EVENT));
  if (event && event->guest) wg_signal(k->m, event, "set", 1, 1);
  return ERROR_SUCCESS;
}

// What came of a request, and how much it gave, at `to` if that is not 0.
static uint64_t outcome(struct wg_machine *m, uint32_t overlapped, uint32_t to, uint32_t result) {
  uint32_t length = WG_GET(m, overlapped, OVERLAPPED, LENGTH);
  if (to == 0 || result & 0xC0000000u) return result;
  wg_kw(m, to, 4, length);
  wg_json_u64(&m->calls.out, "length", length);
  return result;
}
uint64_t wg_request_over(struct wg_machine *m, struct wg_thread *t, uint32_t status) {
  uint32_t at = t->wait.outputs[0];
  return outcome(m, at, t->wait.outputs[1], status == STATUS_SUCCESS ? WG_GET(m, at, OVERLAPPED, RESULT) : status);
}
// (overlapped, length* or 0, whether to wait: whoever gave an event waits for it in any case)
WG_CALL(XamGetOverlappedResult, 3) {
  uint32_t result = WG_GET(k->m, A(0), OVERLAPPED, RESULT), event = WG_GET(k->m, A(0), OVERLAPPED, EVENT);
  if (A(1)) wg_told(k, A(1));
  if (result != ERROR_IO_PENDING) return outcome(k->m, A(0), A(1), result);
  if (event == 0 || k->thread == NULL) return outcome(k->m, A(0), A(1), ERROR_IO_INCOMPLETE);
  struct wg_object *o = wg_handle_get(k->m, event);
  if (o == NULL || o->type != WG_O_EVENT) return ERROR_INVALID_HANDLE;
  k->thread->wait.outputs[0] = A(0);
  k->thread->wait.outputs[1] = A(1);
  uint32_t status = wg_wait(k, &o, 1, false, false, -1);
  if (k->state == WG_CALL_BLOCKED) {
    k->thread->wait.then = WG_THEN_REQUEST_OVER;
    return status;
  }
  return wg_request_over(k->m, k->thread, status);
}
WG_CALL(XamLoaderGetLaunchDataSize, 1) {
  if (A(0) == 0) return ERROR_INVALID_PARAMETER;
  wg_out_i32(k, A(0), "size", 0);
  return ERROR_NOT_FOUND;
}
WG_CONSTANT(XamLoaderGetLaunchData, 2, ERROR_NOT_FOUND)
// The execution info of the header, as a pointer into it.
WG_CALL(XamGetExecutionId, 1) {
  uint32_t value, offset;
  if (!wg_xex_option(&k->m->image.header, 0x40006, &value, &offset)) return 0xC0000225u; // STATUS_NOT_FOUND
  wg_out_u32(k, A(0), "pointer", k->m->modules.xex_header + offset);
  return STATUS_SUCCESS;
}
WG_CALL(XamGetCurrentTitleId, 0) { return k->m->image.title_id; }
WG_CONSTANT(XamGetSystemVersion, 0, 0)
WG_CALL(XamAlloc, 3) {
  uint32_t at = wg_pool_alloc(k->m, A(1), WG_POOL_TITLE);
  wg_out_u32(k, A(2), "pointer", at);
  return at ? ERROR_SUCCESS : 8; // ERROR_NOT_ENOUGH_MEMORY
}
WG_CALL(XamAllocEx, 5) {
  uint32_t at = wg_pool_alloc(k->m, A(2), WG_POOL_TITLE);
  wg_out_u32(k, A(3), "pointer", at);
  return at ? ERROR_SUCCESS : 8;
}
WG_CALL(XamFree, 1) {
  wg_pool_free(k->m, A(0), WG_POOL_TITLE);
  return ERROR_SUCCESS;
}

// --- languages and countries
// -------------------------------------------------------------------------------------------------

static uint64_t put_wide(struct wg_kcall *k, const char *s, uint32_t to, uint32_t room) {
  uint32_t n = (uint32_t)strlen(s) + 1;
  if (to == 0) return ERROR_INVALID_PARAMETER;
  if (room < n) return 0x8007007Au; // HRESULT of ERROR_INSUFFICIENT_BUFFER
  for (uint32_t i = 0; i < n; i++) wg_kw(k->m, to + 2 * i, 2, (uint8_t)s[i]);
  wg_json_str(wg_out(k), "text", s);
  wg_told(k, to);
  return 0;
}
WG_CONSTANT(XamGetLanguage, 0, 1)
static uint64_t k_locator(struct wg_kcall *k, const char *section, uint32_t name, uint32_t to, uint32_t room) {
  struct wg_buf leaf = {0}, s = {0};
  wg_kwstr(k->m, name, &leaf);
  wg_buf_printf(&s, "section://%s#%s", section, leaf.len ? leaf.data : "");
  uint64_t rv = put_wide(k, s.data, to, room);
  wg_buf_release(&leaf);
  wg_buf_release(&s);
  return rv;
}
WG_CALL(XamBuildXamResourceLocator, 3) { return k_locator(k, "0,xam", A(0), A(1), A(2)); }
WG_CALL(XamBuildGamercardResourceLocator, 3) { return k_locator(k, "0,gamercrd", A(0), A(1), A(2)); }
WG_CALL(XamBuildSharedSystemResourceLocator, 3) { return k_locator(k, "0,shrdres", A(0), A(1), A(2)); }
WG_CALL(XamBuildResourceLocator, 5) {
  struct wg_buf section = {0};
  wg_kwstr(k->m, A(1), &section);
  uint64_t rv = k_locator(k, section.len ? section.data : "0", A(2), A(3), A(4));
  wg_buf_release(&section);
  return rv;
}

// --- threads and time in XAM's own words
// -----------------------------------------------------------------------------------

// (attributes, stack, routine, context, flags, id*): CreateThread
WG_CALL(CreateThread, 6) {
  struct wg_thread_params p = {.stack_size = A(1), .entry = A(2), .ctx = A(3), .flags = A(4) & 4 ? 1 : 0};
  uint32_t handle;
  struct wg_thread *t = wg_thread_create(k->m, &p, k->lr, &handle);
  if (t == NULL) return 0;
  wg_out_i32(k, A(5), "tid", (int32_t)t->tid);
  return handle;
}
WG_CALL(XapipCreateThread, 7) {
  struct wg_thread_params p = {
      .stack_size = A(1), .entry = A(2), .ctx = A(3), .flags = (A(4) & 4 ? 1u : 0) | A(5) << 24};
  uint32_t handle;
  struct wg_thread *t = wg_thread_create(k->m, &p, k->lr, &handle);
  if (t == NULL) return 0;
  wg_out_i32(k, A(6), "tid", (int32_t)t->tid);
  return handle;
}
WG_CALL(ExitThread, 1) {
  if (k->thread == NULL) return 0;
  k->state = WG_CALL_NO_RETURN;
  wg_thread_exit(k->m, k->thread, A(0));
  return 0;
}
WG_CALL(GetCurrentThreadId, 0) { return k->thread ? k->thread->tid : 0; }
WG_CALL(ResumeThread, 1) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  if (o == NULL || o->thread == NULL) return 0xFFFFFFFFu;
  struct wg_thread *t = o->thread;
  uint32_t old = t->run.suspend;
  if (t->run.suspend && --t->run.suspend == 0 && (t->run.state == WG_T_READY || t->run.state == WG_T_RUNNING))
    wg_ready(k->m, t);
  return old;
}
WG_CALL(CloseHandle, 1) { return wg_handle_close(k->m, A(0)) == STATUS_SUCCESS; }
WG_CALL(GetTickCount, 0) { return (uint32_t)(wg_now(k->m) / 1000000); }
static int64_t milliseconds(uint32_t ms) { return ms == 0xFFFFFFFFu ? -1 : (int64_t)ms * 1000000; }
static uint64_t wait_handle(struct wg_kcall *k, bool alertable) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  if (o == NULL || o->guest == 0 || k->thread == NULL) return 0xFFFFFFFFu; // WAIT_FAILED
  return wg_wait(k, &o, 1, false, alertable, milliseconds(A(1)));
}
WG_CALL(WaitForSingleObject, 2) { return wait_handle(k, false); }
WG_CALL(WaitForSingleObjectEx, 3) { return wait_handle(k, A(2) != 0); }
WG_CALL(Sleep, 1) { return k->thread ? wg_wait(k, NULL, 0, false, false, milliseconds(A(0))) : 0; }
WG_CALL(SleepEx, 2) { return k->thread ? wg_wait(k, NULL, 0, false, A(1) != 0, milliseconds(A(0))) : 0; }
// The thread's last error: KTHREAD + 160, where the C run-time reads it too.
WG_CALL(GetLastError, 0) { return k->thread ? WG_GET(k->m, k->thread->kthread, KTHREAD, LAST_ERROR) : 0; }
WG_CALL(RtlSetLastNTError, 1) {
  uint64_t error = wg_k_RtlNtStatusToDosError(k);
  if (k->thread) WG_PUT(k->m, k->thread->kthread, KTHREAD, LAST_ERROR, (uint32_t)error);
  return error;
}
WG_CALL(XapiFormatTimeOut, 2) {
  if (A(1) == 0xFFFFFFFFu) return 0;
  int64_t due = -(int64_t)A(1) * 10000;
  wg_kw(k->m, A(0), 8, (uint64_t)due);
  wg_json_i64(wg_out(k), "timeout_100ns", due);
  wg_told(k, A(0));
  return A(0);
}
WG_CALL(RtlRandom, 1) { // as RtlRandom: a linear congruence on the seed
  uint32_t seed = (uint32_t)((KR32(k, A(0)) * 0x7FFFFFEDull + 0x7FFFFFC3u) % 0x7FFFFFFFu);
  wg_out_u32(k, A(0), "seed", seed);
  return seed;
}
WG_CALL(GetModuleHandleA, 1) {
  struct wg_buf name = {0};
  if (A(0)) wg_kstr(k->m, A(0), &name);
  const struct wg_module *x = A(0) == 0 ? k->m->modules.list[0] : name.len ? wg_module_named(k->m, name.data) : NULL;
  wg_buf_release(&name);
  return x ? x->ldr : 0;
}
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
WG_CALL(XamFormatTimeString, 4) { return format_time(k, false); }
WG_CALL(XamFormatDateString, 4) { return format_time(k, true); }
WG_CALL(lstrlenW, 1) {
  uint32_t n = 0;
  while (A(0) && !k->m->calls.fault && wg_kr(k->m, A(0) + 2 * n, 2)) n++;
  return n;
}

WG_CALL(XamVoiceCreate, 3) {
  wg_out_u32(k, A(2), "voice", 0);
  return ERROR_ACCESS_DENIED;
}
WG_CALL(XamSessionCreateHandle, 1) {
  uint32_t status;
  struct wg_object *o = wg_object_make(k, WG_O_OTHER, 0, &status);
  if (o == NULL) return ERROR_NO_SYSTEM_RESOURCES;
  wg_out_u32(k, A(0), "handle", wg_handle_publish(k->m, o));
  return ERROR_SUCCESS;
}

WG_CONSTANT(XamTaskShouldExit, 1, 0)
WG_CALL(XamTaskCloseHandle, 1) { return wg_k_CloseHandle(k); }
WG_CONSTANT(XMsgInProcessCall, 4, 0x80004005u)
WG_CONSTANT(XMsgSystemProcessCall, 4, 0x80004005u)
WG_CALL(XMsgStartIORequestEx, 6) { return wg_k_XMsgStartIORequest(k); }
WG_CONSTANT(XMsgCancelIORequest, 2, 0)
WG_CONSTANT(XamLoaderSetLaunchData, 2, 0)
WG_CONSTANT(XamLoaderGetMediaInfoEx, 3, 0)
WG_CONSTANT(XamIsCurrentTitleDash, 0, 0)
WG_CONSTANT(XamGetLocale, 0, 36) // United States, as the country of the configuration
WG_CONSTANT(XamGetLocaleEx, 2, 36)
WG_CONSTANT(XamGetOnlineSchema, 0, 0)
WG_CONSTANT(XamGetLocaleDateFormat, 1, 1)
WG_CALL(XamBuildLegacySystemResourceLocator, 3) { return wg_k_XamBuildSharedSystemResourceLocator(k); }
WG_CONSTANT(XamEnableInactivityProcessing, 2, 0)
WG_CONSTANT(XamResetInactivity, 0, 0)
WG_CONSTANT(XamFeatureEnabled, 1, 0)
WG_CONSTANT(XamGetStagingMode, 0, 0)
WG_CONSTANT(XamGetDashContext, 0, 0)
WG_CONSTANT(XamSetDashContext, 1, 0)
WG_CONSTANT(XamNuiGetDeviceStatus, 1, 0)
WG_CONSTANT(XamParseGamerTileKey, 4, ERROR_FUNCTION_FAILED)
WG_CONSTANT(XamReadTileToTexture, 8, ERROR_FUNCTION_FAILED)
WG_CONSTANT(XamWriteGamerTile, 6, ERROR_FUNCTION_FAILED)
WG_CONSTANT(XamQueryLiveHiveW, 4, ERROR_FUNCTION_FAILED)
WG_CONSTANT(XamSwapDisc, 3, ERROR_FUNCTION_FAILED)
WG_CONSTANT(XamSessionRefObjByHandle, 2, ERROR_FUNCTION_FAILED)
WG_CONSTANT(XamVoiceClose, 1, 0)
WG_CONSTANT(XamVoiceHeadsetPresent, 1, 0)
WG_CONSTANT(XamVoiceIsActiveProcess, 0, 0)
WG_CONSTANT(XamVoiceSubmitPacket, 3, ERROR_FUNCTION_FAILED)
WG_CONSTANT(XamPartyGetUserList, 2, ERROR_FUNCTION_FAILED)
WG_CONSTANT(XamPartyGetBandwidth, 2, ERROR_FUNCTION_FAILED)
WG_CONSTANT(XamPartySendGameInvites, 3, ERROR_FUNCTION_FAILED)
WG_CONSTANT(XamPartySetCustomData, 3, ERROR_FUNCTION_FAILED)
WG_CONSTANT(XamAvatarInitialize, 6, ERROR_FUNCTION_FAILED)
WG_CONSTANT(XamAvatarShutdown, 0, 0)
WG_CONSTANT(XamMediaVerificationCreate, 1, 0)
WG_CONSTANT(XamMediaVerificationClose, 0, 0)
WG_CONSTANT(XamMediaVerificationVerify, 3, 0)
WG_CONSTANT(XamMediaVerificationInject, 2, 0)
WG_CONSTANT(XamMediaVerificationFailedBlocks, 1, 0)
WG_CONSTANT(XAutomationpUnbindController, 2, 0)
WG_CONSTANT(XCustomRegisterDynamicActions, 0, 0)
WG_CONSTANT(XGetAudioFlags, 0, 0)
WG_CONSTANT(XGetVideoCapabilities, 0, 0)
WG_CALL(RtlSleep, 2) { return wg_k_SleepEx(k); }
WG_CALL(RtlGetLastError, 0) { return wg_k_GetLastError(k); }

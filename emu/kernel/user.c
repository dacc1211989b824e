// xam.xex: one local user, signed in locally and never online; notifications; enumerators; content packages, of which
// there are none; system dialogs, which answer at once as if dismissed. An input script will say otherwise one day.
#include <string.h>

#include "emu/kernel/kernel.h"

#define ERROR_SUCCESS 0u
#define ERROR_FILE_NOT_FOUND 2u
#define ERROR_PATH_NOT_FOUND 3u
#define ERROR_NO_MORE_FILES 18u
#define ERROR_INVALID_PARAMETER 87u
#define ERROR_INSUFFICIENT_BUFFER 122u
#define ERROR_CANCELLED 1223u
#define ERROR_NOT_FOUND 1168u
#define ERROR_NO_SUCH_USER 1317u
#define ERROR_IO_PENDING 997u
#define ERROR_DEVICE_NOT_CONNECTED 1167u
#define ERROR_FUNCTION_FAILED 1627u
#define ERROR_INVALID_HANDLE 6u
#define E_INVALIDARG 0x80070057u
#define E_NO_SUCH_USER 0x80070525u
#define XUID 0xE000000000000001ull // an offline profile's identifiers begin with E
#define USER_NAME "Player"
#define ANY_USER 0xFFu

// XAM_OVERLAPPED (1C): 0 result, 4 length, 8 context, C event, 10 completion routine, 14 its context, 18 extended
// error.
static uint64_t complete(struct wg_kcall *k, uint32_t overlapped, uint32_t result, uint32_t length) {
  if (overlapped == 0) return result;
  KW32(k, overlapped, result);
  KW32(k, overlapped + 4, length);
  KW32(k, overlapped + 0x18, result ? 0x80070000u | (result & 0xFFFF) : 0);
  struct wg_object *event = wg_handle_get(k->m, KR32(k, overlapped + 0xC));
  if (event && event->guest) wg_signal(k->m, event, "set", 1, 1);
  uint32_t routine = KR32(k, overlapped + 0x10);
  if (routine && k->thread) {
    struct wg_apc apc = {.routine = routine, .ctx = result, .arg1 = length, .arg2 = overlapped};
    wg_queue_apc(k->m, k->thread, &apc);
  }
  return ERROR_IO_PENDING;
}

// --- notifications -----------------------------------------------------------------------------------------

// What a title hears of when it starts to listen: nobody else is there, storage and sign-in are as they are.
static const struct {
  uint32_t id, param;
} initial[] = {
    {0x0000000A, 1},          // XN_SYS_SIGNINCHANGED: user 0
    {0x00000012, 0},          // XN_SYS_INPUTDEVICESCHANGED
    {0x0000000B, 0},          // XN_SYS_STORAGEDEVICESCHANGED
    {0x02000001, 0x001510F1}, // XN_LIVE_CONNECTIONCHANGED: logged off
};
static uint64_t k_XamNotifyCreateListener(struct wg_kcall *k) {
  struct wg_object *o = wg_object_new(k->m, WG_O_NOTIFY_LISTENER, k->lr);
  o->mask = k->arg[0];
  wg_object_place(k->m, o, wg_pool_alloc(k->m, 0x10));
  KW32(k, o->guest, WG_D_NOTIFICATION_EVENT << 24);
  KW32(k, o->guest + 8, o->guest + 8);
  KW32(k, o->guest + 12, o->guest + 8);
  uint32_t h = wg_handle_publish(k->m, o);
  wg_signal(k->m, o, "set", 1, 1);
  return h;
}
// (listener, id or 0, id*, parameter*)
static uint64_t k_XNotifyGetNext(struct wg_kcall *k) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  if (A(2)) KW32(k, A(2), 0);
  if (A(3)) KW32(k, A(3), 0);
  if (o == NULL || o->type != WG_O_NOTIFY_LISTENER) return 0;
  for (uint32_t i = 0; i < sizeof initial / sizeof *initial; i++) {
    uint32_t area = initial[i].id >> 25;
    if (o->notified >> i & 1 || !(o->mask >> area & 1) || (A(1) && A(1) != initial[i].id)) continue;
    o->notified |= 1u << i;
    if (A(2)) KW32(k, A(2), initial[i].id);
    if (A(3)) KW32(k, A(3), initial[i].param);
    return 1;
  }
  if (A(1) == 0) wg_signal(k->m, o, "reset", 0, 0);
  return 0;
}

// --- the user --------------------------------------------------------------------------------------------------

static bool nobody(uint32_t index) { return index != 0 && index != ANY_USER; }
static uint64_t k_XamUserGetSigninState(struct wg_kcall *k) { return A(0) == 0; } // 1: signed in locally
static uint64_t k_XamUserGetXUID(struct wg_kcall *k) {
  if (A(2) == 0) return E_INVALIDARG;
  wg_kw(k->m, A(2), 8, nobody(A(0)) ? 0 : XUID);
  return nobody(A(0)) ? E_NO_SUCH_USER : 0;
}
static uint64_t put_name(struct wg_kcall *k, uint32_t to, uint32_t room, unsigned unit) {
  static const char name[] = USER_NAME;
  for (uint32_t i = 0; to && i < sizeof name && i < room; i++) wg_kw(k->m, to + unit * i, unit, (uint8_t)name[i]);
  return 0;
}
static uint64_t k_XamUserGetName(struct wg_kcall *k) {
  return nobody(A(0)) ? ERROR_NO_SUCH_USER : put_name(k, A(1), A(2) < 16 ? A(2) : 16, 1);
}
static uint64_t k_XamUserGetGamerTag(struct wg_kcall *k) {
  return nobody(A(0)) ? ERROR_NO_SUCH_USER : put_name(k, A(1), A(2) / 2, 2);
}
// XUSER_SIGNIN_INFO (28): 0 xuid, 8 flags, C state, 10 guest number, 14 sponsor, 18 name[16].
static uint64_t k_XamUserGetSigninInfo(struct wg_kcall *k) {
  if (A(2) == 0) return E_INVALIDARG;
  uint8_t *p = wg_kptr(k->m, A(2), 0x28, true);
  if (p) memset(p, 0, 0x28);
  if (nobody(A(0))) return E_NO_SUCH_USER;
  wg_kw(k->m, A(2), 8, XUID);
  KW32(k, A(2) + 0xC, 1);
  put_name(k, A(2) + 0x18, 16, 1);
  return 0;
}
static uint64_t k_XamUserGetIndexFromXUID(struct wg_kcall *k) {
  if (k->arg[0] != XUID) return E_NO_SUCH_USER;
  KW32(k, A(2), 0);
  return 0;
}
static uint64_t refuse(struct wg_kcall *k, uint32_t at) { // a privilege that an offline user has not
  if (at) KW32(k, at, 0);
  return ERROR_SUCCESS;
}
static uint64_t k_XamUserCheckPrivilege(struct wg_kcall *k) { return refuse(k, A(2)); }
static uint64_t k_XamUserAreUsersFriends(struct wg_kcall *k) { return refuse(k, A(3)); }
static uint64_t k_XamUserIsUnsafeProgrammingAllowed(struct wg_kcall *k) {
  KW32(k, A(2), 1);
  return ERROR_SUCCESS;
}
static uint64_t k_XamUserContentRestrictionGetRating(struct wg_kcall *k) {
  KW32(k, A(2), 0);
  KW32(k, A(3), 0);
  return ERROR_SUCCESS;
}
static uint64_t k_XamUserContentRestrictionCheckAccess(struct wg_kcall *k) {
  KW32(k, A(5), 1);
  return complete(k, A(6), ERROR_SUCCESS, 0);
}
static uint64_t k_XamUserContentRestrictionGetFlags(struct wg_kcall *k) {
  KW32(k, A(1), 0);
  return ERROR_SUCCESS;
}

// X_USER_READ_PROFILE_SETTINGS: 0 count, 4 settings; a setting is 28 bytes: 0 from (0 none, 1 default, 2 title),
// 8 user or xuid, 10 id, 18 type, 20 value. The type is in the id's top four bits, its size below.
static uint64_t read_settings(struct wg_kcall *k, uint32_t count, uint32_t ids, uint32_t size, uint32_t buffer,
                              uint32_t overlapped) {
  uint32_t need = 8 + count * 0x28;
  if (count == 0 || count > 1024) return ERROR_INVALID_PARAMETER;
  bool enough = KR32(k, size) >= need;
  KW32(k, size, need);
  if (!enough) return ERROR_INSUFFICIENT_BUFFER;
  uint8_t *p = wg_kptr(k->m, buffer, need, true);
  if (p) memset(p, 0, need);
  KW32(k, buffer, count);
  KW32(k, buffer + 4, buffer + 8);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t id = KR32(k, ids + 4 * i), at = buffer + 8 + 0x28 * i;
    KW32(k, at, 1); // nobody has set it: the default
    KW32(k, at + 8, 0);
    KW32(k, at + 0x10, id);
    wg_kw(k->m, at + 0x18, 1, id >> 28);
  }
  return complete(k, overlapped, ERROR_SUCCESS, 0);
}
// (title, user, xuids, xuid list, count, ids, size*, buffer, overlapped)
static uint64_t k_XamUserReadProfileSettings(struct wg_kcall *k) {
  if (A(2) == 0 && nobody(A(1))) return ERROR_NO_SUCH_USER;
  return read_settings(k, A(4), A(5), A(6), A(7), A(8));
}
static uint64_t k_XamUserReadProfileSettingsEx(struct wg_kcall *k) {
  if (A(2) == 0 && nobody(A(1))) return ERROR_NO_SUCH_USER;
  return read_settings(k, A(4), A(5), A(6), A(8), A(9));
}
static uint64_t k_XamUserWriteProfileSettings(struct wg_kcall *k) { return complete(k, A(4), ERROR_SUCCESS, 0); }

// --- enumerators: every one is empty ------------------------------------------------------------------------------

static uint64_t enumerator(struct wg_kcall *k, uint32_t items, uint32_t item_size, uint32_t size, uint32_t handle) {
  if (handle == 0) return ERROR_INVALID_PARAMETER;
  if (size) KW32(k, size, items * item_size);
  KW32(k, handle, wg_handle_publish(k->m, wg_object_new(k->m, WG_O_ENUMERATOR, k->lr)));
  return ERROR_SUCCESS;
}
// (user, device, type, flags, items, size*, handle*): XCONTENT_DATA is 134 bytes
static uint64_t k_XamContentCreateEnumerator(struct wg_kcall *k) { return enumerator(k, A(4), 0x134, A(5), A(6)); }
static uint64_t k_XamContentAggregateCreateEnumerator(struct wg_kcall *k) { return enumerator(k, 1, 0x148, 0, A(4)); }
static uint64_t k_XamContentCreateDeviceEnumerator(struct wg_kcall *k) { return enumerator(k, A(2), 0x50, A(3), A(4)); }
static uint64_t k_XamUserCreateAchievementEnumerator(struct wg_kcall *k) {
  return enumerator(k, A(5), 0x24, A(6), A(7));
}
static uint64_t k_XamUserCreateStatsEnumerator(struct wg_kcall *k) { return enumerator(k, A(3), 0x30, A(6), A(7)); }
static uint64_t k_XamUserCreateTitlesPlayedEnumerator(struct wg_kcall *k) {
  return enumerator(k, A(4), 0x60, A(5), A(6));
}
static uint64_t k_XamProfileCreateEnumerator(struct wg_kcall *k) { return enumerator(k, 1, 0x188, 0, A(1)); }
static uint64_t k_XamCreateEnumeratorHandle(struct wg_kcall *k) { return enumerator(k, 0, 0, 0, A(7)); }
// (handle, flags, buffer, size, count*, overlapped)
static uint64_t k_XamEnumerate(struct wg_kcall *k) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  if (o == NULL || o->type != WG_O_ENUMERATOR) return ERROR_INVALID_HANDLE;
  if (A(4)) KW32(k, A(4), 0);
  return complete(k, A(5), ERROR_NO_MORE_FILES, 0);
}
static uint64_t k_XamProfileEnumerate(struct wg_kcall *k) { return complete(k, A(3), ERROR_NO_MORE_FILES, 0); }
static uint64_t k_XamGetPrivateEnumStructureFromHandle(struct wg_kcall *k) {
  KW32(k, A(1), 0);
  return ERROR_INVALID_HANDLE;
}

// --- content -------------------------------------------------------------------------------------------------------

// There is one storage device, a hard disk without packages; what does not exist cannot be opened, and creating
// succeeds on a device that the run keeps (the guest's writes stay in its overlay).
#define DEVICE_HDD 1u
static uint64_t content(struct wg_kcall *k, uint32_t name, uint32_t data, uint32_t flags, uint32_t disposition,
                        uint32_t licence, uint32_t overlapped) {
  struct wg_buf root = {0}, file = {0}, link = {0}, device = {0};
  wg_kstr(k->m, name, &root);
  // XCONTENT_DATA: the package's file name is at 108, 42 bytes of it.
  for (uint32_t i = 0; i < 42; i++) {
    uint64_t c = wg_kr(k->m, data + 0x108 + i, 1);
    if (c == 0) break;
    wg_buf_char(&file, c == '\\' || c == '/' || c == ':' ? '_' : (char)c);
  }
  wg_buf_printf(&link, "%s:", root.len ? root.data : "save");
  wg_buf_printf(&device, "\\Device\\Content\\%s", file.len ? file.data : "package");
  if (licence) KW32(k, licence, 0);
  bool there = wg_vfs_mounted(k->m->vfs, device.data);
  uint32_t mode = flags & 15, result = ERROR_SUCCESS, how = there ? 2 : 1; // 1 created, 2 opened
  struct wg_err err = {0};
  // 1 create new, 2 create always, 3 open existing, 4 open always, 5 truncate existing.
  if (there && mode == 1) result = 183; // ERROR_ALREADY_EXISTS
  if (!there && mode != 1 && mode != 2 && mode != 4) result = ERROR_PATH_NOT_FOUND;
  if (result == ERROR_SUCCESS && !there && wg_vfs_mount(k->m->vfs, device.data, NULL, true, &err) != WG_OK)
    result = ERROR_FUNCTION_FAILED;
  if (result == ERROR_SUCCESS) wg_vfs_link(k->m->vfs, link.data, device.data);
  if (disposition) KW32(k, disposition, result == ERROR_SUCCESS ? how : 0);
  wg_buf_release(&root);
  wg_buf_release(&file);
  wg_buf_release(&link);
  wg_buf_release(&device);
  return complete(k, overlapped, result, how);
}
// (user, root, data, flags, disposition*, license*, cache size, content size, overlapped)
static uint64_t k_XamContentCreateEx(struct wg_kcall *k) { return content(k, A(1), A(2), A(3), A(4), A(5), A(8)); }
static uint64_t k_XamContentCreate(struct wg_kcall *k) { return content(k, A(1), A(2), A(3), A(4), A(5), A(6)); }
static uint64_t k_XamContentCreateInternal(struct wg_kcall *k) {
  return content(k, A(0), A(1), A(2), A(3), A(4), A(7));
}
static uint64_t k_XamContentClose(struct wg_kcall *k) {
  struct wg_buf link = {0};
  wg_kstr(k->m, A(0), &link);
  wg_buf_char(&link, ':');
  wg_vfs_unlink(k->m->vfs, link.data);
  wg_buf_release(&link);
  return complete(k, A(1), ERROR_SUCCESS, 0);
}
static uint64_t k_XamContentFlush(struct wg_kcall *k) { return complete(k, A(1), ERROR_SUCCESS, 0); }
static uint64_t k_XamContentDelete(struct wg_kcall *k) { return complete(k, A(2), ERROR_FILE_NOT_FOUND, 0); }
static uint64_t k_XamContentDeleteInternal(struct wg_kcall *k) { return complete(k, A(1), ERROR_FILE_NOT_FOUND, 0); }
static uint64_t k_XamContentGetCreator(struct wg_kcall *k) {
  if (A(2)) KW32(k, A(2), 0);
  if (A(3)) wg_kw(k->m, A(3), 8, 0);
  return complete(k, A(4), ERROR_PATH_NOT_FOUND, 0);
}
static uint64_t k_XamContentGetThumbnail(struct wg_kcall *k) {
  if (A(3)) KW32(k, A(3), 0);
  return complete(k, A(4), ERROR_FILE_NOT_FOUND, 0);
}
static uint64_t k_XamContentSetThumbnail(struct wg_kcall *k) { return complete(k, A(4), ERROR_SUCCESS, 0); }
static uint64_t k_XamContentGetLicenseMask(struct wg_kcall *k) {
  KW32(k, A(0), 0);
  return complete(k, A(1), ERROR_SUCCESS, 0);
}
static uint64_t k_XamContentResolve(struct wg_kcall *k) {
  (void)k;
  return ERROR_NOT_FOUND;
}
static uint64_t k_XamContentOpenFile(struct wg_kcall *k) {
  (void)k;
  return ERROR_FILE_NOT_FOUND;
}
static uint64_t k_XamContentGetDeviceState(struct wg_kcall *k) {
  return complete(k, A(1), A(0) == DEVICE_HDD ? ERROR_SUCCESS : ERROR_DEVICE_NOT_CONNECTED, 0);
}
// X_CONTENT_DEVICE_DATA (50): 0 id, 4 type (1 disk), 8 total, 10 free, 18 name[28] of 16-bit units.
static const char disk_name[] = "Hard Drive";
static uint64_t k_XamContentGetDeviceData(struct wg_kcall *k) {
  if (A(0) != DEVICE_HDD) return ERROR_DEVICE_NOT_CONNECTED;
  uint8_t *p = wg_kptr(k->m, A(1), 0x50, true);
  if (p) memset(p, 0, 0x50);
  KW32(k, A(1), DEVICE_HDD);
  KW32(k, A(1) + 4, 1);
  wg_kw(k->m, A(1) + 8, 8, 20ull << 30);
  wg_kw(k->m, A(1) + 0x10, 8, 10ull << 30);
  for (uint32_t i = 0; i < sizeof disk_name; i++) wg_kw(k->m, A(1) + 0x18 + 2 * i, 2, (uint8_t)disk_name[i]);
  return ERROR_SUCCESS;
}
static uint64_t k_XamContentGetDeviceName(struct wg_kcall *k) {
  if (A(0) != DEVICE_HDD) return ERROR_DEVICE_NOT_CONNECTED;
  if (A(2) < sizeof disk_name) return ERROR_INSUFFICIENT_BUFFER;
  for (uint32_t i = 0; i < sizeof disk_name; i++) wg_kw(k->m, A(1) + 2 * i, 2, (uint8_t)disk_name[i]);
  return ERROR_SUCCESS;
}

// --- dialogs: dismissed at once
// -----------------------------------------------------------------------------------------

// (user, type, flags, total, device*, overlapped): the one device is chosen
static uint64_t k_XamShowDeviceSelectorUI(struct wg_kcall *k) {
  KW32(k, A(4), DEVICE_HDD);
  return complete(k, A(5), ERROR_SUCCESS, 0);
}
// (user, title, text, buttons, list, focus, flags, result*, overlapped): the focused button
static uint64_t k_XamShowMessageBoxUI(struct wg_kcall *k) {
  if (A(7)) KW32(k, A(7), A(5));
  return complete(k, A(8), ERROR_SUCCESS, A(5));
}
// (user, flags, default, title, text, buffer, length, overlapped): the default text
static uint64_t k_XamShowKeyboardUI(struct wg_kcall *k) {
  uint32_t room = A(6);
  for (uint32_t i = 0; A(5) && i < room; i++) {
    uint64_t c = A(2) && i + 1 < room ? wg_kr(k->m, A(2) + 2 * i, 2) : 0;
    wg_kw(k->m, A(5) + 2 * i, 2, c);
    if (c == 0) break;
  }
  return complete(k, A(7), ERROR_SUCCESS, 0);
}
static uint64_t k_dismissed(struct wg_kcall *k) {
  (void)k;
  return ERROR_SUCCESS;
}
static uint64_t k_XamShowMarketplaceDownloadItemsUI(struct wg_kcall *k) {
  if (A(4)) KW32(k, A(4), 0x80070057u);
  return complete(k, A(5), ERROR_SUCCESS, 0);
}
static uint64_t k_XamShowDirtyDiscErrorUI(struct wg_kcall *k) {
  wg_buf_str(&k->m->report, "the title reports that its disc cannot be read (XamShowDirtyDiscErrorUI)\n");
  k->state = WG_CALL_NO_RETURN;
  wg_stop(k->m, WG_END_EXIT);
  return 0;
}

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
static uint64_t k_XMsgStartIORequest(struct wg_kcall *k) { return complete(k, A(2), ERROR_FUNCTION_FAILED, 0); }
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

static uint64_t k_zero(struct wg_kcall *k) {
  (void)k;
  return 0;
}
static uint64_t k_one(struct wg_kcall *k) {
  (void)k;
  return 1;
}
static uint64_t k_not_found(struct wg_kcall *k) {
  (void)k;
  return ERROR_NOT_FOUND;
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

WG_TABLE(user) = {
    {"XamNotifyCreateListener", k_XamNotifyCreateListener, "qd", 'd'},
    {"XamNotifyCreateListenerInternal", k_XamNotifyCreateListener, "qdd", 'd'},
    {"XNotifyGetNext", k_XNotifyGetNext, "hdpp", 'b'},
    {"XNotifyPositionUI", k_zero, "d", 'v'},
    {"XNotifyDelayUI", k_zero, "d", 'd'},
    {"XNotifyQueueUI", k_zero, "ddqwp", 'd'},
    {"XamUserGetSigninState", k_XamUserGetSigninState, "d", 'd'},
    {"XamUserGetXUID", k_XamUserGetXUID, "ddp", 'd'},
    {"XamUserGetName", k_XamUserGetName, "dpd", 'd'},
    {"XamUserGetGamerTag", k_XamUserGetGamerTag, "dpd", 'd'},
    {"XamUserGetSigninInfo", k_XamUserGetSigninInfo, "ddp", 'd'},
    {"XamUserGetIndexFromXUID", k_XamUserGetIndexFromXUID, "qdp", 'd'},
    {"XamUserGetUserFlags", k_zero, "d", 'd'},
    {"XamUserGetUserFlagsFromXUID", k_zero, "q", 'd'},
    {"XamUserCheckPrivilege", k_XamUserCheckPrivilege, "ddp", 'd'},
    {"XamUserAreUsersFriends", k_XamUserAreUsersFriends, "dddpd", 'd'},
    {"XamUserIsOnlineEnabled", k_zero, "d", 'd'},
    {"XamUserIsUnsafeProgrammingAllowed", k_XamUserIsUnsafeProgrammingAllowed, "ddp", 'd'},
    {"XamUserGetMembershipTier", k_zero, "d", 'd'},
    {"XamUserGetSubscriptionType", k_zero, "ddd", 'd'},
    {"XamUserGetDeviceContext", k_zero, "ddp", 'd'},
    {"XamUserContentRestrictionGetFlags", k_XamUserContentRestrictionGetFlags, "dp", 'd'},
    {"XamUserContentRestrictionGetRating", k_XamUserContentRestrictionGetRating, "ddpp", 'd'},
    {"XamUserContentRestrictionCheckAccess", k_XamUserContentRestrictionCheckAccess, "dddddpp", 'd'},
    {"XamUserReadProfileSettings", k_XamUserReadProfileSettings, "dddpdpppp", 'd'},
    {"XamUserReadProfileSettingsEx", k_XamUserReadProfileSettingsEx, "dddpdppdpp", 'd'},
    {"XamUserWriteProfileSettings", k_XamUserWriteProfileSettings, "dddpp", 'd'},
    {"XamUserCreateAchievementEnumerator", k_XamUserCreateAchievementEnumerator, "ddqdddpp", 'd'},
    {"XamUserCreateStatsEnumerator", k_XamUserCreateStatsEnumerator, "dddddppp", 'd'},
    {"XamUserCreateTitlesPlayedEnumerator", k_XamUserCreateTitlesPlayedEnumerator, "ddqddpp", 'd'},
    {"XamProfileCreateEnumerator", k_XamProfileCreateEnumerator, "dp", 'd'},
    {"XamProfileEnumerate", k_XamProfileEnumerate, "hdpp", 'd'},
    {"XamProfileFindAccount", k_not_found, "qpp", 'd'},
    {"XamCreateEnumeratorHandle", k_XamCreateEnumeratorHandle, "dddddddp", 'd'},
    {"XamGetPrivateEnumStructureFromHandle", k_XamGetPrivateEnumStructureFromHandle, "hp", 'd'},
    {"XamEnumerate", k_XamEnumerate, "hdpdpp", 'd'},
    {"XamContentCreateEnumerator", k_XamContentCreateEnumerator, "dddddpp", 'd'},
    {"XamContentAggregateCreateEnumerator", k_XamContentAggregateCreateEnumerator, "qdddp", 'd'},
    {"XamContentCreateDeviceEnumerator", k_XamContentCreateDeviceEnumerator, "dddpp", 'd'},
    {"XamContentCreateEx", k_XamContentCreateEx, "dspdppdqp", 'd'},
    {"XamContentCreate", k_XamContentCreate, "dspdppp", 'd'},
    {"XamContentCreateInternal", k_XamContentCreateInternal, "spdppdqp", 'd'},
    {"XamContentClose", k_XamContentClose, "sp", 'd'},
    {"XamContentFlush", k_XamContentFlush, "sp", 'd'},
    {"XamContentDelete", k_XamContentDelete, "dpp", 'd'},
    {"XamContentDeleteInternal", k_XamContentDeleteInternal, "pp", 'd'},
    {"XamContentGetCreator", k_XamContentGetCreator, "dpppp", 'd'},
    {"XamContentGetThumbnail", k_XamContentGetThumbnail, "dpppp", 'd'},
    {"XamContentSetThumbnail", k_XamContentSetThumbnail, "dppdp", 'd'},
    {"XamContentGetLicenseMask", k_XamContentGetLicenseMask, "pp", 'd'},
    {"XamContentResolve", k_XamContentResolve, "dppdddd", 'd'},
    {"XamContentOpenFile", k_XamContentOpenFile, "dssdppp", 'd'},
    {"XamContentLaunchImageFromFileInternal", k_not_found, "ssd", 'd'},
    {"XamContentLaunchImageInternal", k_not_found, "ps", 'd'},
    {"XamContentGetDeviceState", k_XamContentGetDeviceState, "dp", 'd'},
    {"XamContentGetDeviceData", k_XamContentGetDeviceData, "dp", 'd'},
    {"XamContentGetDeviceName", k_XamContentGetDeviceName, "dpd", 'd'},
    {"XamShowDeviceSelectorUI", k_XamShowDeviceSelectorUI, "dddqpp", 'd'},
    {"XamShowMessageBoxUI", k_XamShowMessageBoxUI, "dwwdpddpp", 'd'},
    {"XamShowKeyboardUI", k_XamShowKeyboardUI, "ddwwwpdp", 'd'},
    {"XamShowSigninUI", k_dismissed, "dd", 'd'},
    {"XamShowSigninUIp", k_dismissed, "ddd", 'd'},
    {"XamShowAchievementsUI", k_dismissed, "dd", 'd'},
    {"XamShowMarketplaceUI", k_dismissed, "ddqd", 'd'},
    {"XamShowMarketplaceDownloadItemsUI", k_XamShowMarketplaceDownloadItemsUI, "ddpdpp", 'd'},
    {"XamShowCommunitySessionsUI", k_dismissed, "dd", 'd'},
    {"XamShowPartyUI", k_dismissed, "dd", 'd'},
    {"XamShowNuiTroubleshooterUI", k_dismissed, "ddd", 'd'},
    {"XamShowDirtyDiscErrorUI", k_XamShowDirtyDiscErrorUI, "d", 'v'},
    {"XamIsUIActive", k_zero, "", 'd'},
    {"XamTaskSchedule", k_XamTaskSchedule, "ppdp", 'S'},
    {"XamTaskShouldExit", k_zero, "d", 'd'},
    {"XMsgInProcessCall", k_XMsgInProcessCall, "dddd", 'd'},
    {"XMsgSystemProcessCall", k_XMsgInProcessCall, "dddd", 'd'},
    {"XMsgStartIORequest", k_XMsgStartIORequest, "ddpdd", 'd'},
    {"XMsgStartIORequestEx", k_XMsgStartIORequest, "ddpddp", 'd'},
    {"XMsgCancelIORequest", k_zero, "pd", 'd'},
    {"XMsgCompleteIORequest", k_XMsgCompleteIORequest, "pddd", 'd'},
    {"XamGetOverlappedResult", k_XamGetOverlappedResult, "ppd", 'd'},
    {"XamLoaderGetLaunchDataSize", k_XamLoaderGetLaunchDataSize, "p", 'd'},
    {"XamLoaderGetLaunchData", k_XamLoaderGetLaunchData, "pd", 'd'},
    {"XamLoaderSetLaunchData", k_zero, "pd", 'd'},
    {"XamLoaderGetMediaInfoEx", k_zero, "ddp", 'd'},
    {"XamGetExecutionId", k_XamGetExecutionId, "p", 'S'},
    {"XamGetCurrentTitleId", k_XamGetCurrentTitleId, "", 'd'},
    {"XamIsCurrentTitleDash", k_zero, "", 'd'},
    {"XamGetSystemVersion", k_XamGetSystemVersion, "", 'd'},
    {"XamAlloc", k_XamAlloc, "ddp", 'd'},
    {"XamAllocEx", k_XamAllocEx, "dddpd", 'd'},
    {"XamFree", k_XamFree, "p", 'd'},
    {"XamGetLanguage", k_XamGetLanguage, "", 'd'},
    {"XamGetLocale", k_XamGetLocale, "", 'd'},
    {"XamGetLocaleEx", k_XamGetLocale, "dd", 'd'},
    {"XamGetOnlineSchema", k_zero, "", 'd'},
    {"XamGetCountryFromOnlineCountry", k_same, "d", 'd'},
    {"XamGetLanguageFromOnlineLanguage", k_same, "d", 'd'},
    {"XamGetLocaleFromOnlineCountry", k_same, "d", 'd'},
    {"XamGetOnlineCountryFromLocale", k_same, "d", 'd'},
    {"XamGetLocaleDateFormat", k_one, "d", 'd'},
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
    {"XamEnableInactivityProcessing", k_zero, "dd", 'd'},
    {"XamResetInactivity", k_zero, "", 'd'},
    {"XamFeatureEnabled", k_zero, "d", 'd'},
    {"XamGetStagingMode", k_zero, "", 'd'},
    {"XamGetDashContext", k_zero, "", 'd'},
    {"XamSetDashContext", k_zero, "d", 'd'},
    {"XamNuiGetDeviceStatus", k_zero, "p", 'v'},
    {"XamParseGamerTileKey", k_failed, "pppp", 'd'},
    {"XamReadTileToTexture", k_failed, "ddqdpddd", 'd'},
    {"XamWriteGamerTile", k_failed, "dddddd", 'd'},
    {"XamQueryLiveHiveW", k_failed, "wpdd", 'd'},
    {"XamSwapDisc", k_failed, "dOp", 'd'},
    {"XamSessionCreateHandle", k_session, "p", 'd'},
    {"XamSessionRefObjByHandle", k_failed, "hp", 'd'},
    {"XamVoiceCreate", k_no_voice, "ddp", 'd'},
    {"XamVoiceClose", k_zero, "p", 'd'},
    {"XamVoiceHeadsetPresent", k_zero, "p", 'd'},
    {"XamVoiceIsActiveProcess", k_zero, "", 'd'},
    {"XamVoiceSubmitPacket", k_failed, "pdp", 'd'},
    {"XamPartyGetUserList", k_failed, "dp", 'd'},
    {"XamPartyGetBandwidth", k_failed, "dd", 'd'},
    {"XamPartySendGameInvites", k_failed, "ddd", 'd'},
    {"XamPartySetCustomData", k_failed, "ddd", 'd'},
    {"XamAvatarInitialize", k_failed, "dddppd", 'd'},
    {"XamAvatarShutdown", k_zero, "", 'v'},
    {"XamMediaVerificationCreate", k_zero, "d", 'd'},
    {"XamMediaVerificationClose", k_zero, "", 'd'},
    {"XamMediaVerificationVerify", k_zero, "dpp", 'd'},
    {"XamMediaVerificationInject", k_zero, "dd", 'd'},
    {"XamMediaVerificationFailedBlocks", k_zero, "p", 'd'},
    {"XAutomationpUnbindController", k_zero, "dd", 'd'},
    {"XCustomRegisterDynamicActions", k_zero, "", 'd'},
    {"XGetAudioFlags", k_zero, "", 'd'},
    {"XGetVideoCapabilities", k_zero, "", 'd'},
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

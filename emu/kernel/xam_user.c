// xam.xex: who is signed in, profiles, notifications. One local user is, unless the input script says otherwise.
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "emu/kernel/xam.h"

// --- asynchronous requests -----------------------------------------------------------------------------------

static uint32_t hresult(uint32_t error) { return error ? 0x80070000u | (error & 0xFFFF) : 0; }

static void finish(struct wg_machine *m, struct wg_thread *t, uint32_t overlapped, uint32_t result, uint32_t extended,
                   uint32_t length) {
  if (wg_mem_ptr(m->mem, overlapped, WG_SIZEOF_OVERLAPPED, true) == NULL) return; // the title has freed it meanwhile
  WG_PUT(m, overlapped, OVERLAPPED, RESULT, result);
  WG_PUT(m, overlapped, OVERLAPPED, LENGTH, length);
  WG_PUT(m, overlapped, OVERLAPPED, EXTENDED_ERROR, extended);
  struct wg_object *event = wg_handle_get(m, WG_GET(m, overlapped, OVERLAPPED, EVENT));
  if (event && event->guest) wg_signal(m, event, "set", 1, 1);
  uint32_t routine = WG_GET(m, overlapped, OVERLAPPED, ROUTINE);
  if (routine && t && t->run.state != WG_T_EXITED) {
    struct wg_apc apc = {.routine = routine, .ctx = result, .arg1 = length, .arg2 = overlapped};
    wg_queue_apc(m, t, WG_APC_USER, &apc);
  }
}

void wg_xam_finish(struct wg_machine *m, struct wg_thread *t, uint32_t overlapped, uint32_t result, uint32_t length) {
  finish(m, t, overlapped, result, hresult(result), length);
}

static uint64_t complete(struct wg_kcall *k, uint32_t overlapped, uint32_t result, uint32_t extended, uint32_t length) {
  wg_json_hex(wg_out(k), "result", result); // of the XAM_OVERLAPPED
  if (extended != hresult(result)) wg_json_hex(wg_out(k), "extended", extended);
  wg_json_u64(wg_out(k), "length", length);
  if (wg_kptr(k->m, overlapped, WG_SIZEOF_OVERLAPPED, true))
    finish(k->m, k->thread, overlapped, result, extended, length);
  return ERROR_IO_PENDING;
}

uint64_t wg_xam_complete(struct wg_kcall *k, uint32_t overlapped, uint32_t result, uint32_t length) {
  return overlapped ? complete(k, overlapped, result, hresult(result), length) : result;
}

uint64_t wg_xam_complete_later(struct wg_kcall *k, uint32_t overlapped, uint32_t result, uint32_t length) {
  if (overlapped == 0) return result;
  return complete(k, overlapped, result ? ERROR_FUNCTION_FAILED : ERROR_SUCCESS, hresult(result), result ? 0 : length);
}

// --- notifications -------------------------------------------------------------------------------------------

struct note {
  uint32_t id, param;
};

static void enqueue(struct wg_machine *m, struct wg_object *o, uint32_t id, uint32_t param) {
  if (!(o->mask >> (id >> 25 & 63) & 1)) return;
  if (o->nitems == WG_MAX_NOTES) {
    wg_limit(m, WG_L_NOTES);
    return;
  }
  struct note *notes = o->items;
  WG_VEC_NEXT(notes, o->nitems);
  o->items = notes;
  notes[o->nitems++] = (struct note){id, param};
}

void wg_xam_notify(struct wg_machine *m, uint32_t id, uint32_t param) {
  if (m->bounds.listeners == 0) return;
  wg_work(m, m->objects.n);
  for (size_t i = 0; i < m->objects.n; i++) {
    struct wg_object *o = m->objects.list[i];
    size_t before = o->nitems;
    if (o->type != WG_O_NOTIFY_LISTENER) continue;
    enqueue(m, o, id, param);
    if (o->nitems > before) wg_signal(m, o, "set", 1, 1);
  }
}

static uint32_t signed_in(const struct wg_machine *m) {
  uint32_t mask = 0;
  for (unsigned i = 0; i < 4; i++) mask |= (uint32_t)(m->xam->users[i].signed_in != WG_SIGNED_OUT) << i;
  return mask;
}

// What a title hears of when it starts to listen: everything is as it is.
WG_CALL(XamNotifyCreateListener, 2) {
  uint32_t status;
  if (k->m->bounds.listeners == WG_MAX_LISTENERS) {
    wg_limit(k->m, WG_L_LISTENERS);
    return 0;
  }
  struct wg_object *o = wg_object_make(k, WG_O_NOTIFY_LISTENER, WG_SIZEOF_KEVENT, &status);
  if (o == NULL) return 0;
  k->m->bounds.listeners++;
  o->mask = k->arg[0];
  KW32(k, o->guest, WG_D_NOTIFICATION_EVENT << 24);
  enqueue(k->m, o, XN_SYS_SIGNINCHANGED, signed_in(k->m));
  enqueue(k->m, o, 0x00000012, 0);          // XN_SYS_INPUTDEVICESCHANGED
  enqueue(k->m, o, 0x0000000B, 0);          // XN_SYS_STORAGEDEVICESCHANGED
  enqueue(k->m, o, 0x02000001, 0x001510F1); // XN_LIVE_CONNECTIONCHANGED: logged off
  uint32_t h = wg_handle_publish(k->m, o);
  wg_signal(k->m, o, "set", 1, 1);
  return h;
}
// (listener, id or 0, id*, parameter*)
WG_CALL(XNotifyGetNext, 4) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  if (A(2)) KW32(k, A(2), 0);
  if (A(3)) KW32(k, A(3), 0);
  if (A(2) == 0) return 0; // nowhere to tell it
  if (o == NULL || o->type != WG_O_NOTIFY_LISTENER) return 0;
  struct note *notes = o->items;
  for (size_t i = 0; i < o->nitems; i++) {
    if (A(1) && A(1) != notes[i].id) continue;
    struct note n = notes[i];
    memmove(notes + i, notes + i + 1, (o->nitems - i - 1) * sizeof n);
    o->nitems--;
    wg_out_u32(k, A(2), "id", n.id);
    wg_out_u32(k, A(3), "parameter", n.param);
    return 1;
  }
  if (A(1) == 0) wg_signal(k->m, o, "reset", 0, 0);
  return 0;
}

// --- users -----------------------------------------------------------------------------------------------------

bool wg_xam_nobody(const struct wg_machine *m, uint32_t user) {
  if (user == ANY_USER) user = 0;
  return user > 3 || m->xam->users[user].signed_in == WG_SIGNED_OUT;
}

void wg_xam_sign(struct wg_machine *m, uint32_t user, enum wg_signed_in how, const char *name) {
  m->xam->users[user].signed_in = how;
  if (name) {
    memset(m->xam->users[user].name, 0, sizeof m->xam->users[user].name);
    memcpy(m->xam->users[user].name, name, strnlen(name, sizeof m->xam->users[user].name - 1));
  }
  wg_xam_notify(m, XN_SYS_SIGNINCHANGED, signed_in(m));
}

// An offline profile's identifiers begin with E, those of LIVE with 0009.
static uint64_t xuid_of(const struct wg_machine *m, uint32_t user) {
  if (wg_xam_nobody(m, user)) return 0;
  if (user == ANY_USER) user = 0;
  return (m->xam->users[user].signed_in == WG_SIGNED_IN_TO_LIVE ? 0x0009000000000001ull : 0xE000000000000001ull) + user;
}
WG_CALL(XamUserGetSigninState, 1) { return A(0) < 4 ? k->m->xam->users[A(0)].signed_in : 0; }
WG_CALL(XamUserGetXUID, 3) {
  if (A(2) == 0) return E_INVALIDARG;
  wg_out_u64(k, A(2), "xuid", xuid_of(k->m, A(0)));
  return wg_xam_nobody(k->m, A(0)) ? E_NO_SUCH_USER : 0;
}
static uint64_t put_name(struct wg_kcall *k, uint32_t user, uint32_t to, uint32_t room, unsigned unit) {
  const char *name = k->m->xam->users[user == ANY_USER ? 0 : user].name;
  for (uint32_t i = 0; to && i <= strlen(name) && i < room; i++)
    wg_kw(k->m, to + unit * i, unit, i + 1 == room ? 0 : (uint8_t)name[i]);
  wg_json_str(wg_out(k), "name", name);
  wg_told(k, to);
  return 0;
}
WG_CALL(XamUserGetName, 3) {
  if (A(0) > 3 && A(0) != ANY_USER) return ERROR_INVALID_PARAMETER;
  if (!wg_xam_nobody(k->m, A(0))) return put_name(k, A(0), A(1), A(2) < 16 ? A(2) : 16, 1);
  if (A(1) && A(2)) wg_kw(k->m, A(1), 1, 0);
  return ERROR_NO_SUCH_USER;
}
// (user, text, room in characters)
WG_CALL(XamUserGetGamerTag, 3) {
  if (A(1) == 0 || A(2) < 16 || (A(0) > 3 && A(0) != ANY_USER)) return E_INVALIDARG;
  return wg_xam_nobody(k->m, A(0)) ? ERROR_NO_SUCH_USER : put_name(k, A(0), A(1), 16, 2);
}
WG_CALL(XamUserGetSigninInfo, 3) {
  if (A(2) == 0) return E_INVALIDARG;
  uint8_t *p = wg_kptr(k->m, A(2), WG_SIZEOF_SIGNIN_INFO, true);
  if (p) memset(p, 0, WG_SIZEOF_SIGNIN_INFO);
  if (wg_xam_nobody(k->m, A(0))) return E_NO_SUCH_USER;
  wg_out_u64(k, A(2), "xuid", xuid_of(k->m, A(0)));
  wg_out_i32(k, WG_ADDR(A(2), SIGNIN_INFO, STATE), "signed_in",
             (int32_t)k->m->xam->users[A(0) == ANY_USER ? 0 : A(0)].signed_in);
  put_name(k, A(0), WG_ADDR(A(2), SIGNIN_INFO, NAME), WG_COUNT_SIGNIN_INFO_NAME, 1);
  return 0;
}
WG_CALL(XamUserGetIndexFromXUID, 3) {
  if (A(2) == 0) return E_INVALIDARG;
  for (uint32_t i = 0; i < 4; i++) {
    if (k->arg[0] == 0 || xuid_of(k->m, i) != k->arg[0]) continue;
    wg_out_i32(k, A(2), "user", (int32_t)i);
    return 0;
  }
  return E_NO_SUCH_USER;
}
static uint32_t somebody(const struct wg_machine *m, uint32_t user) {
  if (user > 3 && user != ANY_USER) return ERROR_INVALID_PARAMETER;
  return wg_xam_nobody(m, user) && user != ANY_USER ? ERROR_NO_SUCH_USER : ERROR_SUCCESS;
}
// An offline user has none, and no friends.
WG_CALL(XamUserCheckPrivilege, 3) {
  uint32_t error = somebody(k->m, A(0));
  if (error == ERROR_SUCCESS) wg_out_i32(k, A(2), "allowed", 0);
  return error;
}
// (user, xuids, count, friends* or 0, overlapped or 0)
WG_CALL(XamUserAreUsersFriends, 5) {
  uint32_t error = A(0) > 3 ? ERROR_INVALID_PARAMETER : somebody(k->m, A(0));
  if (A(3) == 0) return A(4) ? wg_xam_complete_later(k, A(4), error, 0) : ERROR_INVALID_PARAMETER;
  wg_out_i32(k, A(3), "allowed", 0);
  return error;
}
WG_CALL(XamUserIsUnsafeProgrammingAllowed, 3) {
  if (A(2) == 0 || (A(0) > 3 && A(0) != ANY_USER)) return ERROR_INVALID_PARAMETER;
  wg_out_i32(k, A(2), "allowed", 1);
  return ERROR_SUCCESS;
}
WG_CALL(XamUserContentRestrictionGetRating, 4) {
  if (wg_xam_nobody(k->m, A(0))) return ERROR_NO_SUCH_USER;
  KW32(k, A(2), 0x3F);
  KW32(k, A(3), 0);
  return ERROR_SUCCESS;
}
WG_CALL(XamUserContentRestrictionCheckAccess, 7) {
  wg_out_i32(k, A(5), "allowed", 1);
  return wg_xam_complete(k, A(6), ERROR_SUCCESS, 0);
}
WG_CALL(XamUserContentRestrictionGetFlags, 2) {
  if (wg_xam_nobody(k->m, A(0))) return ERROR_NO_SUCH_USER;
  KW32(k, A(1), 0);
  return ERROR_SUCCESS;
}

// --- profiles --------------------------------------------------------------------------------------------------

// The type of a setting is in the id's top four bits; that of 4 (text) and 6 (binary) has a size and a pointer for its
// value.
#define SETTING WG_SIZEOF_PROFILE_SETTING
#define DATA_AT(at) WG_ADDR(at, PROFILE_SETTING, VALUE)
#define MAX_READ 32u // settings of one request
#define MAX_WRITTEN 1024u
static bool has_data(uint32_t id) { return id >> 28 == 4 || id >> 28 == 6; }

static const struct wg_setting *written(struct wg_machine *m, uint32_t user, uint32_t id) {
  wg_work(m, m->xam->nsettings);
  for (size_t i = 0; i < m->xam->nsettings; i++)
    if (m->xam->settings[i].user == user && m->xam->settings[i].id == id) return &m->xam->settings[i];
  return NULL;
}

// The data of texts and binaries lie behind the settings.
static uint64_t read_settings(struct wg_kcall *k, uint32_t user, bool known, uint32_t count, uint32_t ids,
                              uint32_t size, uint32_t buffer, uint32_t overlapped) {
  uint32_t need = WG_SIZEOF_PROFILE_SETTINGS + count * SETTING, wanted[MAX_READ];
  if (count == 0 || count > MAX_READ || size == 0 || (buffer == 0 && KR32(k, size))) return ERROR_INVALID_PARAMETER;
  // Read once: the list may lie where the answer goes.
  for (uint32_t i = 0; i < count; i++) {
    wanted[i] = KR32(k, ids + 4 * i);
    const struct wg_setting *s = written(k->m, user, wanted[i]);
    if (s) need += s->size;
  }
  bool enough = KR32(k, size) >= need;
  wg_out_i32(k, size, "size", (int32_t)need);
  if (!enough) return ERROR_INSUFFICIENT_BUFFER;
  if (!known) return wg_xam_complete(k, overlapped, ERROR_NO_SUCH_USER, 0);
  uint8_t *p = wg_kptr(k->m, buffer, need, true);
  if (p == NULL) return ERROR_INVALID_PARAMETER;
  memset(p, 0, need);
  WG_PUT(k->m, buffer, PROFILE_SETTINGS, COUNT, count);
  WG_PUT(k->m, buffer, PROFILE_SETTINGS, SETTINGS, buffer + WG_SIZEOF_PROFILE_SETTINGS);
  uint32_t data = WG_SIZEOF_PROFILE_SETTINGS + count * SETTING, written_here = 0;
  uint64_t hash = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t id = wanted[i], at = buffer + WG_SIZEOF_PROFILE_SETTINGS + SETTING * i;
    const struct wg_setting *s = written(k->m, user, id);
    WG_PUT(k->m, at, PROFILE_SETTING, FROM, s ? 2 : 1); // nobody has set it: the default
    written_here += s != NULL;
    hash = s ? wg_hash(s->data ? s->data : (const void *)"", s->size, wg_hash_u64(s->value, hash)) : hash;
    WG_PUT(k->m, at, PROFILE_SETTING, USER, user);
    WG_PUT(k->m, at, PROFILE_SETTING, ID, id);
    WG_PUT(k->m, at, PROFILE_SETTING, TYPE, id >> 28);
    if (s && !has_data(id)) WG_PUT(k->m, at, PROFILE_SETTING, VALUE, s->value);
    if (s == NULL || !has_data(id)) continue;
    WG_PUT(k->m, DATA_AT(at), PROFILE_DATA, SIZE, s->size);
    WG_PUT(k->m, DATA_AT(at), PROFILE_DATA, POINTER, s->size ? buffer + data : 0);
    if (s->data && s->size) memcpy(p + data, s->data, s->size);
    data += s->size;
  }
  wg_json_u64(wg_out(k), "set", written_here); // by the title; the others have their defaults
  wg_json_hex(wg_out(k), "content", hash);
  wg_told(k, buffer);
  return wg_xam_complete(k, overlapped, ERROR_SUCCESS, 0);
}
// (title, user, xuids, xuid list, count, ids, size*, buffer, overlapped)
WG_CALL(XamUserReadProfileSettings, 9) {
  return read_settings(k, A(1), A(2) || !wg_xam_nobody(k->m, A(1)), A(4), A(5), A(6), A(7), A(8));
}
WG_CALL(XamUserReadProfileSettingsEx, 10) {
  return read_settings(k, A(1), A(2) || !wg_xam_nobody(k->m, A(1)), A(4), A(5), A(6), A(8), A(9));
}
static void write_setting(struct wg_kcall *k, uint32_t user, uint32_t at) {
  struct wg_xam *x = k->m->xam;
  struct wg_setting new = {.user = user, .id = WG_GET(k->m, at, PROFILE_SETTING, ID)};
  if (has_data(new.id)) {
    new.size = WG_GET(k->m, DATA_AT(at), PROFILE_DATA, SIZE);
    uint32_t from = WG_GET(k->m, DATA_AT(at), PROFILE_DATA, POINTER);
    const uint8_t *p = from && new.size &&new.size <= 0x10000 ? wg_kptr(k->m, from, new.size, false) : NULL;
    bool known = new.size <= 0x10000 && (p || from == 0); // without a pointer it is zeros
    if (!known || !wg_hold(k->m, new.size)) new.size = 0;
    if (new.size == 0) p = NULL;
    new.data = wg_xcalloc(new.size + 1, 1);
    if (p) memcpy(new.data, p, new.size);
  } else {
    new.value = WG_GET64(k->m, at, PROFILE_SETTING, VALUE);
  }
  wg_work(k->m, x->nsettings);
  for (size_t i = 0; i < x->nsettings; i++) {
    if (x->settings[i].user != user || x->settings[i].id != new.id) continue;
    wg_unhold(k->m, x->settings[i].size);
    free(x->settings[i].data);
    x->settings[i] = new;
    return;
  }
  if (x->nsettings == WG_MAX_SETTINGS) {
    wg_limit(k->m, WG_L_SETTINGS);
    wg_unhold(k->m, new.size);
    free(new.data);
    return;
  }
  WG_VEC_NEXT(x->settings, x->nsettings);
  x->settings[x->nsettings++] = new;
}
// (title, user, count, settings, overlapped): kept for the run
WG_CALL(XamUserWriteProfileSettings, 5) {
  if (A(2) == 0 || A(2) > MAX_WRITTEN || A(3) == 0) return ERROR_INVALID_PARAMETER;
  if (wg_xam_nobody(k->m, A(1))) return wg_xam_complete(k, A(4), ERROR_NO_SUCH_USER, 0);
  for (uint32_t i = 0; i < A(2) && !k->m->calls.fault; i++) write_setting(k, A(1), A(3) + SETTING * i);
  return wg_xam_complete(k, A(4), ERROR_SUCCESS, 0);
}

WG_CALL(XamNotifyCreateListenerInternal, 3) { return wg_k_XamNotifyCreateListener(k); }
WG_CONSTANT(XNotifyPositionUI, 1, 0)
WG_CONSTANT(XNotifyDelayUI, 1, 0)
WG_CONSTANT(XNotifyQueueUI, 5, 0)
WG_CONSTANT(XamUserGetUserFlags, 1, 0)
WG_CONSTANT(XamUserGetUserFlagsFromXUID, 1, 0)
WG_CONSTANT(XamUserIsOnlineEnabled, 1, 0)
WG_CONSTANT(XamUserGetMembershipTier, 1, 0)
WG_CONSTANT(XamUserGetSubscriptionType, 3, 0)
WG_CONSTANT(XamUserGetDeviceContext, 3, 0)
WG_CONSTANT(XamProfileFindAccount, 3, ERROR_NOT_FOUND)
WG_CONSTANT(XamUserGetMembershipTierFromXUID, 1, 0)
WG_CONSTANT(XamUserGetOnlineCountryFromXUID, 1, 0)

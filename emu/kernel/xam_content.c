// xam.xex: storage. One device, a hard disk, with the packages that the user has named and those that the title
// creates, which last as long as the run. Enumerators of these; every other one is empty.
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "emu/kernel/state.h"
#include "emu/kernel/xam.h"
#include "emu/vfs/image.h"

#define DEVICE_HDD 1u

#define CD_FILE_SIZE WG_COUNT_CONTENT_DATA_FILE

static void device_of(const struct wg_content *c, size_t i, struct wg_buf *out) {
  wg_buf_printf(out, "\\Device\\Content\\%zu_", i + 1);
  for (const char *p = c->file; *p; p++) wg_buf_char(out, strchr("\\/:", *p) ? '_' : *p);
}

static struct wg_content *add_content(struct wg_xam *x) {
  WG_VEC_NEXT(x->contents, x->ncontents);
  struct wg_content *c = &x->contents[x->ncontents++];
  *c = (struct wg_content){.type = 0};
  return c;
}

int wg_xam_create(struct wg_machine *m, struct wg_err *err) {
  struct wg_xam *x = m->xam = wg_xcalloc(1, sizeof *x);
  wg_dialogs_init(m);
  x->users[0].signed_in = WG_SIGNED_IN_LOCALLY;
  for (unsigned i = 0; i < 4; i++) memcpy(x->users[i].name, i ? "Player1" : "Player", i ? 8 : 7);
  for (unsigned i = 1; i < 4; i++) x->users[i].name[6] = (char)('1' + i);
  if (m->cfg.content == NULL) return WG_OK;
  struct wg_package *packages = NULL;
  size_t n = 0;
  int code = wg_package_list(m->cfg.content, &packages, &n, err);
  for (size_t i = 0; i < n && code == WG_OK; i++) {
    if (packages[i].title_id != m->image.title_id)
      code = wg_fail(err, WG_INPUT, "%s: belongs to title %08x, not to %08x", packages[i].path, packages[i].title_id,
                     m->image.title_id);
    struct wg_content *c = add_content(x);
    const char *slash = strrchr(packages[i].path, '/'), *name = slash ? slash + 1 : packages[i].path;
    memcpy(c->file, name, strnlen(name, CD_FILE_SIZE));
    memcpy(c->display, packages[i].display, sizeof c->display);
    c->type = packages[i].type;
    c->host = wg_xstrdup(packages[i].path);
    struct wg_buf device = {0};
    device_of(c, x->ncontents - 1, &device);
    if (code == WG_OK) code = wg_vfs_mount_image(m->vfs, device.data, c->host, err);
    wg_buf_release(&device);
  }
  wg_packages_free(packages, n);
  return code;
}

void wg_xam_free(struct wg_xam *x) {
  if (x == NULL) return;
  for (size_t i = 0; i < x->ncontents; i++) free(x->contents[i].host);
  for (size_t i = 0; i < x->nsettings; i++) free(x->settings[i].data);
  wg_dialogs_free(x);
  free(x->contents);
  free(x->settings);
  free(x);
}

// --- enumerators ---------------------------------------------------------------------------------------------

#define ANY_USER 0xFFu

// What an enumerator's structure says of it.
struct lister {
  uint32_t app, open, close, user, flags;
  uint32_t bytes; // private ones, behind it
};

static bool put_structure(struct wg_kcall *k, struct wg_object *o, const struct lister *l) {
  uint32_t at = l->bytes < WG_POOL_SIZE ? wg_pool_alloc(k->m, WG_SIZEOF_KENUMERATOR + l->bytes, WG_POOL_KERNEL) : 0;
  if (at == 0) return false;
  wg_object_place_structure(k->m, o, at);
  WG_PLACE(k->m, at, KENUMERATOR, APP, l->app);
  WG_PLACE(k->m, at, KENUMERATOR, OPEN, l->open);
  WG_PLACE(k->m, at, KENUMERATOR, CLOSE, l->close);
  WG_PLACE(k->m, at, KENUMERATOR, USER, l->user);
  WG_PLACE(k->m, at, KENUMERATOR, MOST, o->most);
  WG_PLACE(k->m, at, KENUMERATOR, FLAGS, l->flags);
  return true;
}

// Of `n` items of `size` bytes each, which it takes over.
static uint64_t give_enumerator(struct wg_kcall *k, const struct lister *l, void *items, uint32_t n, uint32_t size,
                                uint32_t most, uint32_t bytes_at, uint32_t handle_at) {
  if (handle_at == 0) {
    free(items);
    return ERROR_INVALID_PARAMETER;
  }
  uint32_t status;
  size_t bytes = items ? (size_t)n * size : 0;
  struct wg_object *o = wg_hold(k->m, bytes) ? wg_object_make(k, WG_O_ENUMERATOR, 0, &status) : NULL;
  if (o == NULL) {
    free(items);
    return ERROR_NO_SYSTEM_RESOURCES;
  }
  o->items = items;
  o->items_held = bytes;
  o->nitems = n;
  o->item_size = size;
  o->most = most;
  if (!put_structure(k, o, l)) {
    wg_object_unref(k->m, o);
    return ERROR_NO_SYSTEM_RESOURCES;
  }
  wg_out_i32(k, bytes_at, "size", (int32_t)(most * size));
  wg_out_u32(k, handle_at, "handle", wg_handle_publish(k->m, o));
  wg_json_u64(wg_out(k), "items", n);
  return ERROR_SUCCESS;
}
static uint64_t empty(struct wg_kcall *k, const struct lister *l, uint32_t most, uint32_t size, uint32_t bytes_at,
                      uint32_t handle_at) {
  return give_enumerator(k, l, NULL, 0, size, most, bytes_at, handle_at);
}

static void put_content(const struct wg_machine *m, const struct wg_content *c, uint8_t *at, uint32_t size) {
  WG_STORE(at, CONTENT_DATA, DEVICE, DEVICE_HDD);
  WG_STORE(at, CONTENT_DATA, TYPE, c->type);
  memcpy(at + WG_AT_CONTENT_DATA_DISPLAY, c->display, sizeof c->display);
  memcpy(at + WG_AT_CONTENT_DATA_FILE, c->file, CD_FILE_SIZE);
  if (size == WG_SIZEOF_AGGREGATE_DATA) WG_STORE(at, AGGREGATE_DATA, TITLE, m->image.title_id);
}

static bool no_device(uint32_t device) { return device > DEVICE_HDD; }
// NO_USER has the packages that are everybody's.
static bool no_user(const struct wg_kcall *k, uint32_t user) { return user != NO_USER && wg_xam_nobody(k->m, user); }

// Type 0 is every type, device 0 every device.
static uint64_t contents(struct wg_kcall *k, const struct lister *l, uint32_t type, uint32_t size, uint32_t most,
                         uint32_t bytes_at, uint32_t handle_at) {
  const struct wg_xam *x = k->m->xam;
  wg_work(k->m, x->ncontents * size / 8);
  uint8_t *items = wg_xcalloc(x->ncontents + 1, size);
  uint32_t n = 0;
  for (size_t i = 0; i < x->ncontents; i++)
    if (!x->contents[i].gone && (type == 0 || x->contents[i].type == type))
      put_content(k->m, &x->contents[i], items + (size_t)size * n++, size);
  return give_enumerator(k, l, items, n, size, most, bytes_at, handle_at);
}
// (user, device, type, flags, items, size*, handle*)
WG_CALL(XamContentCreateEnumerator, 7) {
  bool wrong = no_device(A(1)) || A(6) == 0;
  if (wrong || no_user(k, A(0))) wg_out_i32(k, A(5), "size", wrong ? 0 : (int32_t)(A(4) * WG_SIZEOF_CONTENT_DATA));
  if (wrong) return E_INVALIDARG;
  if (no_user(k, A(0))) return ERROR_NO_SUCH_USER;
  static const struct lister lister = {0xFE, 0x20005, 0x20007, ANY_USER, 0, 0};
  return contents(k, &lister, A(2), WG_SIZEOF_CONTENT_DATA, A(4), A(5), A(6));
}
// (xuid, device, type, ..., handle*)
WG_CALL(XamContentAggregateCreateEnumerator, 5) {
  if (no_device(A(1)) || A(4) == 0) return E_INVALIDARG;
  static const struct lister lister = {0xFE, 0x2000E, 0x20010, ANY_USER, 0, 8};
  return contents(k, &lister, A(2), WG_SIZEOF_AGGREGATE_DATA, 1, 0, A(4));
}
static const char disk_name[] = "Hard Drive";
static void put_device(uint8_t *at) {
  WG_STORE(at, DEVICE_DATA, ID, DEVICE_HDD);
  WG_STORE(at, DEVICE_DATA, TYPE, 1);
  WG_STORE(at, DEVICE_DATA, TOTAL, 20ull << 30);
  WG_STORE(at, DEVICE_DATA, FREE, 10ull << 30);
  for (uint32_t i = 0; i < sizeof disk_name; i++)
    wg_store_be16(at + WG_AT_DEVICE_DATA_NAME + 2 * i, (uint8_t)disk_name[i]);
}
// (type, flags, items, size*, handle*)
WG_CALL(XamContentCreateDeviceEnumerator, 5) {
  uint8_t *item = wg_xcalloc(1, WG_SIZEOF_DEVICE_DATA);
  put_device(item);
  static const struct lister lister = {0xFE, 0x2000A, 0x20009, NO_USER, 0, 0};
  return give_enumerator(k, &lister, item, 1, WG_SIZEOF_DEVICE_DATA, A(2), A(3), A(4));
}
WG_CALL(XamUserCreateAchievementEnumerator, 8) {
  return empty(k, &(struct lister){0xFB, 0xB000A, 0xB000B, A(1), 0, 0}, A(5), 0x24, A(6), A(7));
}
WG_CALL(XamUserCreateStatsEnumerator, 8) {
  return empty(k, &(struct lister){0xFB, 0xB0023, 0xB0024, A(1), 0, 0}, A(3), 0x30, A(6), A(7));
}
WG_CALL(XamUserCreateTitlesPlayedEnumerator, 7) {
  return empty(k, &(struct lister){0xFB, 0xB0050, 0xB000B, A(1), 0x20, 0}, A(4), 0x60, A(5), A(6));
}
WG_CALL(XamProfileCreateEnumerator, 2) {
  static const struct lister lister = {0xFE, 0x23001, 0x23003, ANY_USER, 0, 0};
  return empty(k, &lister, 1, 0x188, 0, A(1));
}
// (user, app, open message, close message, private bytes, items at once, flags, handle*)
WG_CALL(XamCreateEnumeratorHandle, 8) {
  return empty(k, &(struct lister){A(1), A(2), A(3), A(0), A(6), A(4)}, A(5), 0, 0, A(7));
}
static struct wg_object *enumerator(struct wg_kcall *k, uint32_t handle) {
  struct wg_object *o = wg_handle_get(k->m, handle);
  return o && o->type == WG_O_ENUMERATOR ? o : NULL;
}
// (handle, flags, buffer, size, count*, overlapped): the next items, at most as many as fit and as were agreed
WG_CALL(XamEnumerate, 6) {
  struct wg_object *o = enumerator(k, A(0));
  if (o == NULL) return ERROR_INVALID_HANDLE;
  if (A(2) == 0) {
    wg_out_i32(k, A(4), "items", 0);
    return wg_xam_complete_later(k, A(5), ERROR_INVALID_PARAMETER, 0);
  }
  size_t left = o->nitems - o->next_item, n = left < o->most ? left : o->most;
  if (n && o->item_size * n > A(3)) n = A(3) / o->item_size;
  if (left && n == 0) return ERROR_INSUFFICIENT_BUFFER;
  uint8_t *p = n ? wg_kptr(k->m, A(2), (uint32_t)n * o->item_size, true) : NULL;
  if (p) memcpy(p, (uint8_t *)o->items + o->next_item * o->item_size, n * o->item_size);
  o->next_item += n;
  wg_out_i32(k, A(4), "items", (int32_t)n);
  return wg_xam_complete_later(k, A(5), n ? ERROR_SUCCESS : ERROR_NO_MORE_FILES, (uint32_t)n);
}
WG_CALL(XamProfileEnumerate, 4) {
  if (enumerator(k, A(0)) == NULL) return ERROR_INVALID_HANDLE;
  return wg_xam_complete_later(k, A(3), ERROR_NO_MORE_FILES, 0);
}
WG_CALL(XamGetPrivateEnumStructureFromHandle, 2) {
  struct wg_object *o = enumerator(k, A(0));
  if (o == NULL) return STATUS_INVALID_HANDLE;
  wg_object_reference(o); // which ObDereferenceObject gives back
  wg_out_u32(k, A(1), "pointer", o->structure);
  return STATUS_SUCCESS;
}

// --- packages --------------------------------------------------------------------------------------------------

static void file_name(struct wg_kcall *k, uint32_t data, char name[CD_FILE_SIZE + 1]) {
  memset(name, 0, CD_FILE_SIZE + 1);
  for (uint32_t i = 0; i < CD_FILE_SIZE; i++)
    if ((name[i] = (char)wg_kr(k->m, data + WG_AT_CONTENT_DATA_FILE + i, 1)) == 0) break;
}

static struct wg_content *find(struct wg_kcall *k, uint32_t data) {
  struct wg_xam *x = k->m->xam;
  char name[CD_FILE_SIZE + 1];
  file_name(k, data, name);
  wg_work(k->m, 8 * x->ncontents);
  for (size_t i = 0; i < x->ncontents; i++)
    if (!x->contents[i].gone && strncmp(x->contents[i].file, name, CD_FILE_SIZE) == 0) return &x->contents[i];
  return NULL;
}

static struct wg_content *create_content(struct wg_kcall *k, uint32_t data) {
  struct wg_xam *x = k->m->xam;
  if (x->ncontents >= WG_MAX_CONTENTS) {
    wg_limit(k->m, WG_L_CONTENTS);
    return NULL;
  }
  struct wg_content *c = add_content(x);
  struct wg_buf device = {0};
  struct wg_err err = {0};
  file_name(k, data, c->file);
  c->type = WG_GET(k->m, data, CONTENT_DATA, TYPE);
  const uint8_t *display = wg_kptr(k->m, data + WG_AT_CONTENT_DATA_DISPLAY, sizeof c->display, false);
  if (display) memcpy(c->display, display, sizeof c->display);
  device_of(c, x->ncontents - 1, &device);
  c->gone = wg_vfs_make_device(k->m->vfs, device.data, &err) != WG_OK;
  wg_buf_release(&device);
  return c->gone ? NULL : c;
}

static void link_root(struct wg_kcall *k, uint32_t root, const struct wg_content *c) {
  struct wg_buf name = {0}, device = {0};
  wg_kstr(k->m, root, &name);
  wg_buf_char(&name, ':');
  device_of(c, (size_t)(c - k->m->xam->contents), &device);
  wg_vfs_link(k->m->vfs, name.data, device.data);
  wg_buf_release(&name);
  wg_buf_release(&device);
}

// Modes: 1 create new, 2 create always, 3 open existing, 4 open always, 5 truncate existing. Dispositions: 1 created,
// 2 opened.
static uint64_t open_content(struct wg_kcall *k, uint32_t root, uint32_t data, uint32_t flags, uint32_t disposition,
                             uint32_t licence, uint32_t overlapped) {
  struct wg_content *c = find(k, data);
  uint32_t mode = flags & 15, result = ERROR_SUCCESS, how = 2;
  if (licence) KW32(k, licence, 0);
  if (mode == 0 || mode > 5) {
    result = ERROR_INVALID_PARAMETER;
  } else if (c && mode == 1) {
    result = ERROR_ALREADY_EXISTS;
  } else if (c && (mode == 2 || mode == 5)) {
    if (c->host) {
      result = ERROR_ACCESS_DENIED;
    } else {
      c->gone = true; // emptied: another takes its place
      c = create_content(k, data);
      how = 1;
    }
  } else if (c == NULL && (mode == 1 || mode == 2 || mode == 4)) {
    c = create_content(k, data);
    how = 1;
  } else if (c == NULL) {
    result = ERROR_PATH_NOT_FOUND;
  }
  if (result == ERROR_SUCCESS && c == NULL) result = ERROR_FUNCTION_FAILED;
  if (result == ERROR_SUCCESS) link_root(k, root, c);
  wg_out_i32(k, disposition, "disposition", result == ERROR_SUCCESS ? (int32_t)how : 0);
  return wg_xam_complete_later(k, overlapped, result, how);
}
static uint64_t content_of(struct wg_kcall *k, uint32_t overlapped) {
  return no_user(k, A(0)) ? ERROR_NO_SUCH_USER : open_content(k, A(1), A(2), A(3), A(4), A(5), overlapped);
}
// (user, root, data, flags, disposition*, license*, cache size, content size, overlapped)
WG_CALL(XamContentCreateEx, 9) { return content_of(k, A(8)); }
WG_CALL(XamContentCreate, 7) { return content_of(k, A(6)); }
WG_CALL(XamContentCreateInternal, 8) { return open_content(k, A(0), A(1), A(2), A(3), A(4), A(7)); }
WG_CALL(XamContentClose, 2) {
  struct wg_buf link = {0};
  wg_kstr(k->m, A(0), &link);
  wg_buf_char(&link, ':');
  wg_vfs_unlink(k->m->vfs, link.data);
  wg_buf_release(&link);
  return wg_xam_complete(k, A(1), ERROR_SUCCESS, 0);
}
WG_CALL(XamContentFlush, 2) { return wg_xam_complete(k, A(1), ERROR_SUCCESS, 0); }
static uint64_t remove_content(struct wg_kcall *k, uint32_t data, uint32_t overlapped) {
  struct wg_content *c = find(k, data);
  if (c) c->gone = true;
  return wg_xam_complete(k, overlapped, c ? ERROR_SUCCESS : ERROR_FILE_NOT_FOUND, 0);
}
WG_CALL(XamContentDelete, 3) { return no_user(k, A(0)) ? ERROR_NO_SUCH_USER : remove_content(k, A(1), A(2)); }
WG_CALL(XamContentDeleteInternal, 2) { return remove_content(k, A(0), A(1)); }
// (user, data, is creator*, xuid*, overlapped)
WG_CALL(XamContentGetCreator, 5) {
  if (A(2) == 0) return ERROR_INVALID_PARAMETER;
  if (wg_xam_nobody(k->m, A(0))) return ERROR_NO_SUCH_USER;
  const struct wg_content *c = find(k, A(1));
  wg_out_i32(k, A(2), "creator", c && c->host == NULL);
  wg_out_u64(k, A(3), "xuid", c && c->host == NULL ? 0xE000000000000001ull + (A(0) & 3) : 0);
  return wg_xam_complete_later(k, A(4), c ? ERROR_SUCCESS : ERROR_PATH_NOT_FOUND, 0);
}
WG_CALL(XamContentGetThumbnail, 5) {
  if (wg_xam_nobody(k->m, A(0))) return ERROR_NO_SUCH_USER;
  wg_out_i32(k, A(3), "size", 0);
  return wg_xam_complete(k, A(4), ERROR_FILE_NOT_FOUND, 0);
}
WG_CALL(XamContentSetThumbnail, 5) {
  return wg_xam_nobody(k->m, A(0)) ? ERROR_NO_SUCH_USER : wg_xam_complete(k, A(4), ERROR_SUCCESS, 0);
}
WG_CALL(XamContentGetLicenseMask, 2) {
  wg_out_u32(k, A(0), "mask", 0);
  return wg_xam_complete(k, A(1), ERROR_SUCCESS, 0);
}
WG_CALL(XamContentGetDeviceState, 2) {
  return wg_xam_complete_later(k, A(1), A(0) == DEVICE_HDD ? ERROR_SUCCESS : ERROR_DEVICE_NOT_CONNECTED, 0);
}
WG_CALL(XamContentGetDeviceData, 2) {
  if (A(0) != DEVICE_HDD) return ERROR_DEVICE_NOT_CONNECTED;
  uint8_t *p = wg_kptr(k->m, A(1), WG_SIZEOF_DEVICE_DATA, true);
  if (p) memset(p, 0, WG_SIZEOF_DEVICE_DATA);
  if (p) put_device(p);
  return ERROR_SUCCESS;
}
WG_CALL(XamContentGetDeviceName, 3) {
  if (A(0) != DEVICE_HDD) return ERROR_DEVICE_NOT_CONNECTED;
  if (A(2) < sizeof disk_name) return ERROR_INSUFFICIENT_BUFFER;
  for (uint32_t i = 0; i < sizeof disk_name; i++) wg_kw(k->m, A(1) + 2 * i, 2, (uint8_t)disk_name[i]);
  return ERROR_SUCCESS;
}

WG_CONSTANT(XamContentResolve, 7, ERROR_NOT_FOUND)
WG_CONSTANT(XamContentOpenFile, 7, ERROR_FILE_NOT_FOUND)
WG_CONSTANT(XamContentLaunchImageFromFileInternal, 3, ERROR_NOT_FOUND)
WG_CONSTANT(XamContentLaunchImageInternal, 2, ERROR_NOT_FOUND)

// --- state -----------------------------------------------------------------------------------------------------

static void contents_state(struct wg_archive *a, struct wg_xam *x) {
  size_t n = wg_ar_count(a, x->ncontents, WG_MAX_CONTENTS + 65536), had = x->ncontents;
  if (wg_ar_loading(a)) {
    // The user's packages come first, and are here already.
    for (size_t i = n; i < had; i++) free(x->contents[i].host);
    WG_VEC_SET(x->contents, n);
    for (size_t i = had; i < n; i++) x->contents[i] = (struct wg_content){.type = 0};
    x->ncontents = n;
  }
  for (size_t i = 0; i < n; i++) {
    struct wg_content *c = &x->contents[i];
    if (wg_ar_kind(a, c->host != NULL, 2) != (c->host != NULL)) wg_ar_fail(a, "another package of the user's");
    wg_ar_bytes(a, c->file, sizeof c->file);
    wg_ar_bytes(a, c->display, sizeof c->display);
    wg_ar_u32(a, &c->type);
    wg_ar_bool(a, &c->gone);
  }
}

static void settings_state(struct wg_archive *a, struct wg_xam *x) {
  size_t n = wg_ar_count(a, x->nsettings, WG_MAX_SETTINGS);
  if (wg_ar_loading(a)) {
    for (size_t i = 0; i < x->nsettings; i++) free(x->settings[i].data);
    WG_VEC_SET(x->settings, n);
    memset(x->settings, 0, n * sizeof *x->settings);
    x->nsettings = n;
  }
  for (size_t i = 0; i < n; i++) {
    struct wg_setting *s = &x->settings[i];
    wg_ar_u32(a, &s->user);
    wg_ar_u32(a, &s->id);
    wg_ar_u64(a, &s->value);
    s->size = (uint32_t)wg_ar_count(a, s->size, UINT32_MAX);
    wg_ar_block(a, &s->data, s->size);
  }
}

void wg_xam_state(struct wg_archive *a, struct wg_machine *m) {
  struct wg_xam *x = m->xam;
  wg_ar_part(a, "xam");
  for (unsigned i = 0; i < 4; i++) {
    x->users[i].signed_in = (enum wg_signed_in)wg_ar_kind(a, x->users[i].signed_in, WG_SIGNED_IN_TO_LIVE + 1);
    wg_ar_bytes(a, x->users[i].name, sizeof x->users[i].name);
  }
  contents_state(a, x);
  settings_state(a, x);
  for (unsigned i = 0; i < WG_DIALOGS; i++) wg_ar_size(a, &x->next_answer[i]);
  wg_dialogs_state(a, m);
}

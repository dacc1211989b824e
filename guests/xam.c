// Prints what XAM says of users, dialogs, notifications, profiles and content, for the tests to compare with the input
// script.
#include "check.h"

u32 XamUserGetSigninState(u32), XamUserGetName(u32, char *, u32), XamIsUIActive(void);
u32 XamShowMessageBoxUI(u32 user, const void *title, const void *text, u32 buttons, const void *list, u32 focus,
                        u32 flags, u32 *result, u32 *overlapped);
u32 XamShowDeviceSelectorUI(u32 user, u32 type, u32 flags, u32 total, u32 *device, u32 *overlapped);
u32 XamShowKeyboardUI(u32 user, u32 flags, const u16 *text, const void *title, const void *prompt, u16 *buffer,
                      u32 room, u32 *overlapped);
HANDLE XamNotifyCreateListener(u32 mask, u32 version);
u32 XNotifyGetNext(HANDLE, u32, u32 *, u32 *);
u32 XamUserReadProfileSettings(u32 title, u32 user, u32 n, const void *xuids, u32 count, const u32 *ids, u32 *size,
                               void *out, u32 *overlapped);
u32 XamUserWriteProfileSettings(u32 title, u32 user, u32 count, const void *settings, void *overlapped);
u32 XamContentCreateEnumerator(u32 user, u32 device, u32 type, u32 flags, u32 items, u32 *size, HANDLE *out);
u32 XamContentCreateDeviceEnumerator(u32 type, u32 flags, u32 items, u32 *size, HANDLE *out);
u32 XamEnumerate(HANDLE, u32, void *, u32, u32 *, void *), XamContentClose(const char *, void *);
u32 XamContentCreate(u32 user, const char *root, const void *data, u32 flags, u32 *disposition, u32 *licence,
                     void *overlapped);
u32 XamContentDelete(u32 user, const void *data, void *overlapped);

static u8 data[8 * 0x134];
static HANDLE listener;

static void notifications(void) {
  u32 id, parameter;
  while (XNotifyGetNext(listener, 0, &id, &parameter)) DbgPrint("notification %x %x\n", id, parameter);
}

static u32 wait_for(u32 *overlapped) {
  while (overlapped[0] == 997) {
    s64 one = MS(1);
    KeDelayExecutionThread(0, 0, &one);
  }
  return overlapped[0];
}

static void keyboard(void) {
  static const u16 offered[] = {'o', 'l', 'd', 0};
  u16 text[8] = {0};
  u32 overlapped[7] = {0};
  EQUAL(XamShowKeyboardUI(0, 0, offered, NULL, NULL, text, 8, overlapped), 997);
  EQUAL(XamIsUIActive(), 1);
  u32 result = wait_for(overlapped);
  EQUAL(XamIsUIActive(), 0);
  DbgPrint("keyboard %x: %x %x %x %x\n", result, text[0], text[1], text[2], text[3]);
  notifications();
}

static void others(void) {
  u32 overlapped[7] = {0}, button = 9, device = 9;
  EQUAL(XamShowMessageBoxUI(0, NULL, NULL, 2, NULL, 1, 0, &button, overlapped), 997);
  u32 result = wait_for(overlapped);
  DbgPrint("message box %x: %d\n", result, button);
  EQUAL(XamShowDeviceSelectorUI(0, 1, 0, 0, &device, overlapped), 997);
  result = wait_for(overlapped);
  DbgPrint("device %x: %d\n", result, device);
  while (XNotifyGetNext(listener, 9, &button, &device)) {
  }
}

static void list(u32 type) {
  u32 size = 0, count = 0;
  HANDLE e;
  EQUAL(XamContentCreateEnumerator(0, 0, type, 0, 2, &size, &e), 0);
  EQUAL(size, 2 * 0x134);
  while (XamEnumerate(e, 0, data, size, &count, NULL) == 0)
    for (u32 i = 0; i < count; i++) {
      const u8 *p = data + i * 0x134;
      DbgPrint("content type %d device %d file %s display %c%c\n", p[7], p[3], (const char *)p + 0x108, p[9], p[11]);
    }
  NtClose(e);
}

static u32 exists(const char *path) {
  ANSI_STRING name = {.length = 0, .buffer = path};
  while (path[name.length]) name.length++;
  name.max = name.length;
  OBJECT_ATTRIBUTES a = {.root = 0, .name = &name, .attributes = 0x40};
  NETWORK_OPEN_INFORMATION info;
  return NtQueryFullAttributesFile(&a, &info);
}

static void open_content(const char *file, u32 mode, const char *path) {
  static u8 d[0x134];
  u32 how = 9;
  d[3] = 1;
  d[7] = 1;
  d[9] = 'S';
  d[11] = 'V';
  for (u32 i = 0; i < 42; i++) d[0x108 + i] = 0;
  for (u32 i = 0; file[i]; i++) d[0x108 + i] = (u8)file[i];
  u32 rv = XamContentCreate(0, "save", d, mode, &how, NULL, NULL);
  DbgPrint("open %s mode %d: %d disposition %d, %s %x\n", file, mode, rv, how, path, exists(path));
  if (rv == 0) EQUAL(XamContentClose("save", NULL), 0);
  if (mode == 5) EQUAL(XamContentDelete(0, d, NULL), 0);
}

static void profile(void) {
  static const u32 ids[2] = {0x10040015, 0x63E83FFF}; // a number, and a title's own data
  static u64 settings[2][5], out[32];
  u32 size = sizeof out;
  ((u32 *)settings[0])[4] = ids[0];
  ((u32 *)settings[0])[8] = 0x12345678;
  ((u32 *)settings[1])[4] = ids[1];
  ((u32 *)settings[1])[8] = 6;
  ((u32 *)settings[1])[9] = (u32)(usize) "saved";
  EQUAL(XamUserReadProfileSettings(0, 0, 0, NULL, 2, ids, &size, out, NULL), 0);
  EQUAL(((u32 *)out)[2], 1); // a default
  EQUAL(XamUserWriteProfileSettings(0, 0, 2, settings, NULL), 0);
  size = sizeof out;
  EQUAL(XamUserReadProfileSettings(0, 0, 0, NULL, 2, ids, &size, out, NULL), 0);
  EQUAL(size, 8 + 2 * 0x28 + 6);
  const u32 *w = (u32 *)out;
  EQUAL(w[2], 2); // the title's
  EQUAL(w[10], 0x12345678);
  EQUAL(w[20], 6);
  const char *text = (const char *)(usize)w[21];
  CHECK(text[0] == 's' && text[4] == 'd' && text[5] == 0);
  size = 8 + 2 * 0x28;
  EQUAL(XamUserReadProfileSettings(0, 0, 0, NULL, 2, ids, &size, out, NULL), 122);
}

int main(void) {
  char name[16] = {0};
  listener = XamNotifyCreateListener(1, 0);
  notifications();
  for (u32 user = 0; user < 2; user++) {
    u32 rv = XamUserGetName(user, name, 16);
    DbgPrint("user %d: %d %d %s\n", user, XamUserGetSigninState(user), rv, rv ? "" : name);
  }
  keyboard();
  others();
  keyboard();
  list(0);
  open_content("first", 3, "save:\\a.txt");
  open_content("second", 1, "save:\\a.txt");
  open_content("second", 1, "save:\\a.txt");
  list(1);
  open_content("second", 5, "save:\\a.txt");
  list(1);
  profile();
  s64 second = MS(1000);
  KeDelayExecutionThread(0, 0, &second);
  notifications();
  DbgPrint("user 1: %d\n", XamUserGetSigninState(1));
  return checks_done();
}

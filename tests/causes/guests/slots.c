// Choosing a device and a slot for a saved game: dialogs and content calls that end in an overlapped block's event, a
// thread that hears the system's notifications, a save thread that the menu hands its work to, settings of the profile.
#include "stage.h"

u32 XamUserGetSigninState(u32), XamUserGetName(u32, char *, u32);
u32 XamShowDeviceSelectorUI(u32 user, u32 type, u32 flags, u32 total, u32 *device, u32 *overlapped);
u32 XamGetOverlappedResult(u32 *, u32 *, u32);
u32 XamContentCreate(u32 user, const char *root, const void *data, u32 flags, u32 *disposition, u32 *licence,
                     void *overlapped);
u32 XamContentClose(const char *, void *), XamContentDelete(u32 user, const void *data, void *);
u32 XamContentGetDeviceState(u32 device, void *);
u32 XamContentCreateEnumerator(u32 user, u32 device, u32 type, u32 flags, u32 items, u32 *size, HANDLE *out);
u32 XamEnumerate(HANDLE, u32, void *, u32, u32 *, void *);
HANDLE XamNotifyCreateListener(u32 mask, u32 version);
u32 XNotifyGetNext(HANDLE, u32, u32 *, u32 *);

#define RECORD 0x134
#define PENDING 997u

static u32 overlapped[7];
static u8 record[RECORD], listed[4 * RECORD], image[2048], back[2048];
static HANDLE finished, save_wanted, save_done, quit, listening;
static volatile u32 ui_open, ui_seen, slots, saved;
static u32 device;

// A XAM call that may still be under way.
static u32 outcome(const char *what, u32 rv) {
  u32 length = 0;
  if (rv == PENDING) {
    NTSTATUS s = wait_for(finished, MS(900));
    if (s != STATUS_SUCCESS) DbgPrint("slots: %s does not end (%x)\n", what, s);
    rv = XamGetOverlappedResult(overlapped, &length, 0);
  }
  if (rv) DbgPrint("slots: %s: %d\n", what, rv);
  return rv;
}

static u32 *block(void) {
  for (u32 i = 0; i < 7; i++) overlapped[i] = 0;
  overlapped[3] = finished;
  return overlapped;
}

static void listen(void *ctx) {
  HANDLE l = XamNotifyCreateListener(1, 0);
  const HANDLE both[2] = {quit, l};
  u32 id, value;
  (void)ctx;
  NtSetEvent(listening, NULL);
  while (NtWaitForMultipleObjectsEx(2, both, 1, 1, 0, NULL) == 1)
    while (XNotifyGetNext(l, 0, &id, &value))
      if (id == 9) { // a dialog was opened, or closed
        ui_open = value;
        ui_seen++;
      }
  NtClose(l);
  ExTerminateThread(ui_seen);
}

static u32 list(void) {
  HANDLE e = 0;
  u32 size = 0, count = 0;
  if (outcome("enumerator", XamContentCreateEnumerator(0, device, 1, 0, 4, &size, &e))) return 0;
  u32 rv = XamEnumerate(e, 0, listed, size, &count, NULL);
  NtClose(e);
  return rv ? 0 : count;
}

static NTSTATUS write_image(void) {
  HANDLE h;
  IO_STATUS_BLOCK io = {0, 0};
  NTSTATUS s = open_file(&h, "slot:\\image.dat", READ | WRITE, 5);
  if (FAILED(s)) return s;
  for (u64 at = 0; at < sizeof image && !FAILED(s); at += 512)
    s = NtWriteFile(h, 0, NULL, NULL, &io, image + at, 512, &at);
  u64 begin = 0;
  if (!FAILED(s)) s = NtReadFile(h, 0, NULL, NULL, &io, back, sizeof back, &begin);
  NtClose(h);
  if (!FAILED(s) && checksum(back, io.information) != checksum(image, sizeof image)) s = 0xC0000102u;
  return s;
}

static void saver(void *ctx) {
  (void)ctx;
  for (u32 n = 0; n < 2; n++) {
    u32 how = 0;
    wait_for(save_wanted, 0);
    record[0x108 + 4] = (u8)('1' + n);
    u32 rv = outcome("create", XamContentCreate(0, "slot", record, 4, &how, NULL, block()));
    if (rv == 0) {
      NTSTATUS s = how == 1 ? write_image() : STATUS_SUCCESS;
      if (FAILED(s)) complain("slots: image", s);
      saved += !FAILED(s);
      outcome("close", XamContentClose("slot", block()));
    }
    NtSetEvent(save_done, NULL);
  }
  ExTerminateThread(saved);
}

static void describe(void) {
  record[3] = 1, record[7] = 1, record[9] = 'G';
  for (u32 i = 0; i < 4; i++) record[0x108 + i] = (u8) "slot"[i];
  for (u32 i = 0; i < sizeof image; i++) image[i] = (u8)(i * 11 + (i >> 7));
}

static void profile(void) {
  char name[16] = {0};
  if (XamUserGetSigninState(0) == 0) {
    DbgPrint("slots: sign in first\n");
    return;
  }
  if (XamUserGetName(0, name, 16)) DbgPrint("slots: who is playing?\n");
}

int main(void) {
  finished = new_event(1, 0), quit = new_event(0, 0), listening = new_event(0, 0);
  save_wanted = new_event(1, 0), save_done = new_event(1, 0);
  describe();
  HANDLE l = spawn(listen, 0, ON(3)), s = spawn(saver, 0, ON(4));
  profile();
  wait_for(listening, 0);
  if (outcome("device", XamShowDeviceSelectorUI(0, 1, 0, 0, &device, block()))) device = 1;
  if (XamContentGetDeviceState(device, NULL)) DbgPrint("slots: device %d is not there\n", device);
  u32 before = list();
  for (u32 n = 0; n < 2; n++) {
    NtSetEvent(save_wanted, NULL);
    if (wait_for(save_done, MS(2000)) != STATUS_SUCCESS) DbgPrint("slots: still saving\n");
  }
  slots = list();
  if (slots != before + 2) DbgPrint("slots: %d games are missing\n", before + 2 - slots);
  outcome("delete", XamContentDelete(0, record, block()));
  NtSetEvent(quit, NULL);
  join(s), join(l);
  DbgPrint("slots: %d, dialogs %d\n", slots, ui_seen);
  return 0;
}

// What XAM still holds of a title while the title takes it away, on six threads at once: enumerators, listeners and
// packages that are closed, deleted and made again within each other's calls, and requests that are made twice, or
// whose memory, event or thread goes before they end.
#include "hostile.h"

u32 XamShowMessageBoxUI(u32, const void *, const void *, u32, const void *, u32, u32, u32 *, void *);
u32 XamShowDeviceSelectorUI(u32, u32, u32, u32, u32 *, void *), XamIsUIActive(void);
u32 XamShowKeyboardUI(u32, u32, const void *, const void *, const void *, void *, u32, void *);
HANDLE XamNotifyCreateListener(u32 mask, u32 version);
u32 XNotifyGetNext(HANDLE, u32, u32 *, u32 *);
u32 XamContentCreateEnumerator(u32, u32, u32, u32, u32, u32 *, HANDLE *);
u32 XamContentCreateDeviceEnumerator(u32, u32, u32, u32 *, HANDLE *);
u32 XamEnumerate(HANDLE, u32, void *, u32, u32 *, void *);
u32 XamContentCreate(u32, const char *, const void *, u32, u32 *, u32 *, void *), XamContentClose(const char *, void *);
u32 XamContentDelete(u32, const void *, void *), XamContentGetCreator(u32, const void *, u32 *, u64 *, void *);
u32 XamUserReadProfileSettings(u32, u32, u32, const void *, u32, const u32 *, u32 *, void *, void *);
u32 XamUserWriteProfileSettings(u32, u32, u32, const void *, void *);
u32 XamGetOverlappedResult(void *, u32 *, u32), XMsgCompleteIORequest(void *, u32, u32, u32);
u32 XamTaskSchedule(void *, void *, u32, HANDLE *), XamTaskCloseHandle(HANDLE);

#define THREADS 6u
#define ACTS 6000u
#define SHARED 16u
static HANDLE handles[SHARED], events[SHARED];
static u32 room = 0x60000000; // of requests and answers, which go and come back
static u8 packages[4][0x134];
static const char *const roots[] = {"one", "two", "one", "three"};
static volatile u32 acts, seed = 7;

static u32 one_of(u32 n) {
  seed = seed * 1664525 + 1013904223;
  return (seed >> 9 ^ seed << 13) % n;
}
static HANDLE *some(void) { return &handles[one_of(SHARED)]; }
static void *place(void) { return (void *)(usize)(room + 8 * one_of(0x1F0) + 0x1000 * one_of(4)); }

static void tell(u32 result, u32 length, void *overlapped) {
  (void)result, (void)length;
  if (one_of(4) == 0) NtClose(*some());
  if (one_of(4) == 0) XamContentClose(roots[one_of(4)], overlapped);
  if (one_of(64) == 0) ExTerminateThread(1);
}

// Used again while it is pending. Their routines are never overwritten, or the title would end soon.
static u32 *slot(void) { return (u32 *)(usize)(room + 0x4000 + 0x20 * one_of(128)); }
static void *request(void) {
  u32 *o = slot();
  for (u32 i = 0; i < 7; i++) o[i] = 0;
  o[3] = one_of(2) ? events[one_of(SHARED)] : 0;
  o[4] = one_of(2) ? (u32)(usize)tell : 0;
  return o;
}

static void open_file(const char *root) {
  char path[16] = {0};
  u32 n = 0;
  for (; root[n]; n++) path[n] = root[n];
  path[n++] = ':', path[n++] = '\\', path[n++] = 'f';
  ANSI_STRING name = {(u16)n, (u16)n, path};
  OBJECT_ATTRIBUTES a = {0, &name, 0x40};
  IO_STATUS_BLOCK io;
  HANDLE h = 0;
  if (NtCreateFile(&h, 0xC0100080, &a, &io, NULL, 0x80, 7, 3, 0x20) != 0) return;
  NtWriteFile(h, 0, NULL, NULL, &io, packages, 0x134, NULL);
  *some() = h; // closed by whoever comes by, or never
}

// Numbers, data, and data that is nowhere.
static u32 settings[3][10] = {{0, 0, 0, 0, 0x10040015, 0, 0x01000000, 0, 7, 0},
                              {0, 0, 0, 0, 0x63E83FFF, 0, 0x06000000, 0, 9, 0},
                              {0, 0, 0, 0, 0x63E83FFE, 0, 0x06000000, 0, 9, 0}};
static u32 task(void *message) {
  XMsgCompleteIORequest(message, one_of(3), 0, 1);
  NtClose(*some());
  return 0;
}

static void act(void) {
  static const u32 ids[3] = {0x10040015, 0x63E83FFF, 0x402C0011};
  u32 size = 0x800, count = 0;
  HANDLE h = 0;
  u64 xuid;
  switch (one_of(18)) {
  case 0: XamContentCreateEnumerator(0, 0, 1, 0, 1 + one_of(5), &size, some()); break;
  case 1: XamContentCreateDeviceEnumerator(0, 0, one_of(3), &size, some()); break;
  case 2:
  case 3: XamEnumerate(*some(), 0, place(), 0x800, &count, one_of(2) ? request() : NULL); break;
  case 4: *some() = XamNotifyCreateListener(one_of(16), 0); break;
  case 5: XNotifyGetNext(*some(), one_of(2) ? 9 : 0, place(), place()); break;
  case 6:
  case 7: NtClose(*some()); break;
  case 8: XamContentCreate(0, roots[one_of(4)], packages[one_of(4)], one_of(7), &count, NULL, request()); break;
  case 9: XamContentClose(roots[one_of(4)], one_of(2) ? request() : NULL); break;
  case 10: XamContentDelete(0, packages[one_of(4)], request()); break;
  case 11: open_file(roots[one_of(4)]); break;
  case 12: XamShowMessageBoxUI(0, place(), place(), 2, NULL, one_of(3), 0, place(), request()); break;
  case 13: XamShowKeyboardUI(0, 0, place(), NULL, NULL, place(), one_of(0x400), request()); break;
  case 14: XamShowDeviceSelectorUI(0, 1, 0, 0, place(), request()); break;
  case 15:
    XamUserWriteProfileSettings(0, 0, 1 + one_of(3), settings, request());
    settings[one_of(3)][8] = one_of(0x134);
    XamUserReadProfileSettings(0, 0, 0, NULL, 3, ids, &size, place(), request());
    break;
  case 16:
    if (XamTaskSchedule(task, request(), 0, &h) == 0) XamTaskCloseHandle(h);
    XamGetOverlappedResult(place(), &count, 1);
    break;
  default: XamContentGetCreator(0, packages[one_of(4)], &count, &xuid, request());
  }
}

static u32 worker(void *ctx) {
  (void)ctx;
  for (; acts < ACTS; acts++) {
    s64 t = MS(one_of(4));
    act();
    HANDLE h = *some();
    if (one_of(4) == 0) NtWaitForSingleObjectEx(one_of(2) ? h : events[one_of(SHARED)], 1, 1, &t);
    if (one_of(8) == 0) KeDelayExecutionThread(1, 1, &t);
  }
  return 0;
}

int main(void) {
  u32 size = 0x8000;
  NtAllocateVirtualMemory(&room, &size, 0x3000, 4, 0);
  for (u32 i = 0; i < 4; i++) {
    packages[i][3] = packages[i][7] = 1;
    packages[i][9] = packages[i][0x108] = (u8)('A' + i);
  }
  settings[1][9] = (u32)(usize)packages;
  for (u32 i = 0; i < SHARED; i++) NtCreateEvent(&events[i], NULL, i & 1, 0);
  HANDLE threads[THREADS];
  for (u32 i = 0; i < THREADS; i++) threads[i] = start_thread(worker, NULL);
  // Meanwhile what they asked with is overwritten, their events go, and who has been ended is followed by another.
  for (u32 i = 0; acts < ACTS && i < 9000; i++) {
    u32 *p = slot();
    for (u32 k = 0; k < 7; k++)
      if (k != 4) p[k] = one_of(4) ? 0 : one_of(2) ? handles[one_of(SHARED)] : 0xF8000000u + 4 * one_of(64);
    if (i % 16 == 0) {
      HANDLE *e = &events[one_of(SHARED)];
      NtClose(*e);
      NtCreateEvent(e, NULL, 1, 0);
    }
    s64 none = 0;
    for (u32 t = 0; t < THREADS; t++)
      if (NtWaitForSingleObjectEx(threads[t], 1, 0, &none) == 0) {
        NtClose(threads[t]);
        threads[t] = start_thread(worker, NULL);
      }
    sleep_ms(1);
  }
  // Dialogs that are open as their answers' memory goes, for good.
  for (u32 i = 0; i < 8; i++) XamShowKeyboardUI(0, 0, NULL, NULL, NULL, place(), 8, request());
  size = 0;
  NtFreeVirtualMemory(&room, &size, 0x8000, 0);
  sleep_ms(500);
  EQUAL(XamIsUIActive(), 0);
  return contained();
}

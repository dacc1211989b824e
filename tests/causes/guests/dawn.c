// A title's dawn: the main thread makes a loader that is suspended, lets it go and waits for its end. The loader looks
// for files of which most are missing, makes an event and a second handle for each, and sets it itself or has a hand do
// it; four hands contend for critical sections that spin meanwhile.
#include "engine.h"
#define HANDS 4
#define ITEMS 9
static CRITICAL_SECTION shelf, ledger;
static HANDLE work, order[16];
static volatile u32 put, taken, stop, found, handled;
static u32 slot;

static u32 exists(u32 i) {
  static const char *const names[ITEMS] = {
      "game:\\boot.cfg",        "game:\\data\\config.bin",  "game:\\patch.xex",
      "game:\\data\\part0.bin", "game:\\lang.en",           "game:\\data\\part4.bin",
      "game:\\debug.ini",       "game:\\data\\english.bin", "game:\\mods.lst"};
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  NETWORK_OPEN_INFORMATION info;
  name_object(&oa, &s, names[i]);
  NTSTATUS st = NtQueryFullAttributesFile(&oa, &info);
  if ((s32)st < 0) return RtlNtStatusToDosError(st), 0;
  return (u32)info.eof;
}

static void note(u32 n) {
  RtlEnterCriticalSection(&ledger);
  found += n;
  burn(30);
  RtlLeaveCriticalSection(&ledger);
}

static void hand(void *ctx) {
  u32 me = (u32)(usize)ctx, n = 0;
  KeTlsSetValue(slot, ctx);
  for (;;) {
    NtWaitForSingleObjectEx(work, 1, 0, NULL);
    if (stop) break;
    RtlEnterCriticalSection(&shelf);
    HANDLE h = order[taken++ & 15];
    RtlLeaveCriticalSection(&shelf);
    for (u32 i = 0; i <= me; i++) note(0);
    add(&handled, 1);
    NtSetEvent(h, NULL);
    NtClose(h);
    n++;
  }
  ExTerminateThread(n > 100);
}

static void item(u32 i) {
  HANDLE done = 0, copy = 0;
  u32 size = exists(i);
  note(size);
  NtCreateEvent(&done, NULL, AUTO, 0);
  NtDuplicateObject(done, &copy, 0);
  if (size) {
    RtlEnterCriticalSection(&shelf);
    order[put++ & 15] = copy;
    RtlLeaveCriticalSection(&shelf);
    NtReleaseSemaphore(work, 1, NULL);
  } else {
    NtSetEvent(copy, NULL);
    NtClose(copy);
  }
  NtWaitForSingleObjectEx(done, 1, 0, NULL);
  NtClose(done);
}

static void loader(void *ctx) {
  (void)ctx;
  KeTlsSetValue(slot, (void *)99);
  for (u32 i = 0; i < ITEMS; i++) item(i);
  if (KeTlsGetValue(slot) != (void *)99) DbgPrint("dawn: whose am I?\n");
  ExTerminateThread(found);
}

int main(void) {
  HANDLE h[HANDS], l;
  RtlInitializeCriticalSectionAndSpinCount(&shelf, 1000), RtlInitializeCriticalSectionAndSpinCount(&ledger, 200);
  slot = KeTlsAlloc();
  NtCreateSemaphore(&work, NULL, 0, 64);
  for (u32 i = 0; i < HANDS; i++)
    ExCreateThread(&h[i], 0x8000, NULL, NULL, (void *)hand, (void *)(usize)i, CORE(i + 1));
  ExCreateThread(&l, 0x10000, NULL, NULL, (void *)loader, NULL, 1 | CORE(5));
  NtResumeThread(l, NULL);
  NtWaitForSingleObjectEx(l, 1, 0, NULL);
  DbgPrint("dawn: %d found, %d by hand\n", found, handled);
  stop = 1;
  NtReleaseSemaphore(work, HANDS, NULL);
  NtWaitForMultipleObjectsEx(HANDS, h, 0, 1, 0, NULL);
  for (u32 i = 0; i < HANDS; i++) NtClose(h[i]);
  NtClose(l);
  return 0;
}

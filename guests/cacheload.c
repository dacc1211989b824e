// The scenario that Wedge exists for. A loader worker walks nine cache items. An item that is in the cache is
// signalled by the worker itself; one that is not is handed to a dispatch worker, which is expected to fetch
// it and to signal the item's event. The dispatch worker gives up on an item that it cannot open and never
// signals, so with an empty cache the loader waits for ever, and the main thread's join with it.
#include "xbox.h"

#define ITEMS 9

static const char *const names[ITEMS] = {
    "cache:\\4D5307D6\\textures.bin", "cache:\\4D5307D6\\sounds.bin",  "cache:\\4D5307D6\\levels.bin",
    "cache:\\8F2A11C0\\shaders.bin",  "cache:\\8F2A11C0\\fonts.bin",   "cache:\\8F2A11C0\\movies.bin",
    "cache:\\C0FFEE42\\strings.bin",  "cache:\\C0FFEE42\\scripts.bin", "cache:\\C0FFEE42\\index.bin",
};

static CRITICAL_SECTION lock;
static HANDLE work; // semaphore: an item waits for the dispatch worker
static volatile u32 queued_item, loaded;
static HANDLE queued_event;

// Bookkeeping that real loaders do under a lock.
static void account(u32 rounds) {
  for (u32 i = 0; i < rounds; i++) {
    RtlEnterCriticalSection(&lock);
    loaded += i & 1;
    RtlLeaveCriticalSection(&lock);
  }
}

static NTSTATUS in_cache(const char *name) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  NETWORK_OPEN_INFORMATION info;
  name_object(&oa, &s, name);
  return NtQueryFullAttributesFile(&oa, &info);
}

static void dispatch(void *ctx) {
  (void)ctx;
  for (;;) {
    NtWaitForSingleObjectEx(work, 1, 0, NULL);
    account(20);
    OBJECT_ATTRIBUTES oa;
    ANSI_STRING s;
    IO_STATUS_BLOCK io;
    HANDLE file;
    name_object(&oa, &s, names[queued_item]);
    if (NtCreateFile(&file, 0x80100080, &oa, &io, NULL, 0, 1, 1, 0x60) != STATUS_SUCCESS) continue;
    NtClose(file);
    NtSetEvent(queued_event, NULL);
  }
}

static void load_item(u32 i) {
  account(25 + i);
  NTSTATUS status = in_cache(names[i]);
  HANDLE event, copy;
  NtCreateEvent(&event, NULL, 1, 0);
  if (status == STATUS_SUCCESS) {
    NtDuplicateObject(event, &copy, 0);
    NtSetEvent(copy, NULL);
    NtClose(copy);
  } else {
    queued_item = i;
    queued_event = event;
    NtReleaseSemaphore(work, 1, NULL);
  }
  NtWaitForSingleObjectEx(event, 1, 0, NULL);
  NtClose(event);
}

static void loader(void *ctx) {
  (void)ctx;
  for (u32 i = 0; i < ITEMS; i++) load_item(i);
  DbgPrint("loader: %d items\n", ITEMS);
  ExTerminateThread(0);
}

int main(void) {
  HANDLE thread, dispatcher;
  RtlInitializeCriticalSection(&lock);
  NtCreateSemaphore(&work, NULL, 0, 16);
  ExCreateThread(&dispatcher, 0x10000, NULL, NULL, (void *)dispatch, NULL, 0x04000000);
  ExCreateThread(&thread, 0x10000, NULL, NULL, (void *)loader, NULL, 0x10000001);
  account(60);
  NtResumeThread(thread, NULL);
  NtWaitForSingleObjectEx(thread, 1, 0, NULL);
  DbgPrint("main: the loader has ended\n");
  // The dispatch worker waits for work for ever: the title ends as titles do.
  HalReturnToFirmware(1);
  return 0;
}

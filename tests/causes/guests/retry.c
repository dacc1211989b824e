// Code that tries again: a configuration with fallbacks, a cache that is made if it is not there, a lock that is tried,
// a service that answers at the second request; and a watchdog that fires when all of it takes too long.
#include "stage.h"

static CRITICAL_SECTION table;
static HANDLE alive, quit, asked, answer;
static volatile u32 refused;

static NTSTATUS configuration(u32 *value) {
  static const char *const paths[] = {"cache:\\config.bin", "game:\\data\\config.bin", "game:\\config.bin"};
  NTSTATUS s = 0xC0000034u;
  for (u32 i = 0; i < 3 && FAILED(s); i++) {
    HANDLE h;
    IO_STATUS_BLOCK io;
    s = open_file(&h, paths[i], READ, 1);
    if (FAILED(s)) continue;
    s = NtReadFile(h, 0, NULL, NULL, &io, value, 4, NULL);
    NtClose(h);
  }
  return s;
}

static NTSTATUS make_cache(void) {
  NETWORK_OPEN_INFORMATION info;
  NTSTATUS s = 0;
  for (u32 i = 0; i < 3; i++) {
    s = attributes_of("cache:\\index.bin", &info);
    if (!FAILED(s)) return s;
    HANDLE h;
    IO_STATUS_BLOCK io;
    s = open_file(&h, "cache:\\index.bin", WRITE, 2);
    if (FAILED(s)) {
      complain("retry: cache", s);
      continue;
    }
    NtWriteFile(h, 0, NULL, NULL, &io, "index", 5, NULL);
    NtClose(h);
  }
  return s;
}

static void service(void *ctx) {
  (void)ctx;
  for (u32 n = 1; n <= 2; n++) {
    wait_for(asked, 0);
    if (RtlTryEnterCriticalSection(&table)) {
      refused = n == 1;
      RtlLeaveCriticalSection(&table);
    }
    NtSetEvent(answer, NULL);
  }
  ExTerminateThread(0);
}

static void watchdog(void *ctx) {
  (void)ctx;
  while (wait_for(quit, MS(30)) == STATUS_TIMEOUT)
    if (wait_for(alive, MS(1)) == STATUS_TIMEOUT) {
      DbgPrint("watchdog: the title does not move\n");
      break;
    }
  ExTerminateThread(0);
}

static u32 ask(void) {
  for (u32 i = 0; i < 5; i++) {
    refused = 1;
    NtSetEvent(asked, NULL);
    NTSTATUS s = wait_for(answer, MS(25));
    if (s == STATUS_SUCCESS && !refused) return i;
    DbgPrint("retry: service: try %d (%x)\n", i, s);
  }
  return 5;
}

int main(void) {
  u32 value = 0;
  RtlInitializeCriticalSection(&table);
  alive = new_event(1, 0), quit = new_event(0, 0), asked = new_event(1, 0), answer = new_event(1, 0);
  HANDLE w = spawn(watchdog, 0, ON(5)), v = spawn(service, 0, ON(1));
  NTSTATUS s = configuration(&value);
  if (FAILED(s)) complain("retry: configuration", s), value = 7;
  NtSetEvent(alive, NULL);
  s = make_cache();
  if (FAILED(s)) DbgPrint("retry: without a cache\n");
  DbgPrint("retry: value %x, %d tries\n", value, ask());
  NtSetEvent(quit, NULL);
  join(w);
  join(v);
  return 0;
}

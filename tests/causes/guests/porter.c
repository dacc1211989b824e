// Requests through a completion port: clients post packets and wait for their answers, three servers take them; the
// memory for the answers comes from a heap of virtual memory that grows page by page.
#include "engine.h"
#define CLIENTS 2
#define REQUESTS 16
static HANDLE port, answer[CLIENTS];
static volatile u32 result[CLIENTS];
static u32 heap, committed, used;
static CRITICAL_SECTION heap_lock;

static u32 *get(u32 n) {
  RtlEnterCriticalSection(&heap_lock);
  while (used + n > committed) {
    u32 base = heap + committed, size = 0x10000;
    if (NtAllocateVirtualMemory(&base, &size, 0x1000, 4, 0) != 0) {
      DbgPrint("the heap cannot grow\n");
      break;
    }
    committed += size;
  }
  u32 *p = (u32 *)(usize)(heap + used);
  used += n;
  RtlLeaveCriticalSection(&heap_lock);
  return p;
}
static void server(void *ctx) {
  (void)ctx;
  for (;;) {
    u32 key = 0, value = 0;
    IO_STATUS_BLOCK io;
    if (NtRemoveIoCompletion(port, &key, &value, &io, NULL) != 0) continue;
    if (key == 99) break;
    u32 *p = get(0x3000);
    p[0] = value * 2 + io.information;
    burn(150);
    result[key] = p[0];
    NtSetEvent(answer[key], NULL);
  }
  ExTerminateThread(0);
}
static void client(void *ctx) {
  u32 me = (u32)(usize)ctx, sum = 0;
  for (u32 i = 0; i < REQUESTS; i++) {
    NtSetIoCompletion(port, me, i, 0, 5);
    NtWaitForSingleObjectEx(answer[me], 1, 0, NULL);
    if (result[me] != 2 * i + 5) DbgPrint("client %d: answer %d is %d\n", me, i, result[me]);
    sum += result[me];
  }
  ExTerminateThread(sum);
}
int main(void) {
  HANDLE s[3], c[CLIENTS];
  MEMORY_BASIC_INFORMATION mbi;
  u32 size = 0x100000;
  heap = 0;
  NtAllocateVirtualMemory(&heap, &size, 0x2000, 4, 0);
  RtlInitializeCriticalSection(&heap_lock);
  NtCreateIoCompletion(&port, 0x1F0003, NULL, 0);
  for (u32 i = 0; i < CLIENTS; i++) NtCreateEvent(&answer[i], NULL, AUTO, 0);
  for (u32 i = 0; i < 3; i++) ExCreateThread(&s[i], 0x8000, NULL, NULL, (void *)server, NULL, CORE(i + 1));
  for (u32 i = 0; i < CLIENTS; i++)
    ExCreateThread(&c[i], 0x8000, NULL, NULL, (void *)client, (void *)(usize)i, CORE(4 + i));
  NtWaitForMultipleObjectsEx(CLIENTS, c, 0, 1, 0, NULL);
  for (u32 i = 0; i < 3; i++) NtSetIoCompletion(port, 99, 0, 0, 0);
  NtWaitForMultipleObjectsEx(3, s, 0, 1, 0, NULL);
  NtQueryVirtualMemory(heap, &mbi, sizeof mbi);
  if (mbi.state != 0x1000) DbgPrint("heap state %x\n", mbi.state);
  u32 old, where = heap, len = 0x10000;
  NtProtectVirtualMemory(&where, &len, 2, &old, 0);
  where = heap, len = 0;
  NtFreeVirtualMemory(&where, &len, 0x8000, 0);
  DbgPrint("used %d committed %d\n", used, committed);
  return 0;
}

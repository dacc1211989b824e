// A reading room: a lock for many readers or one writer made of two critical sections and an event, as beginners write
// it; a catalogue that whoever comes first makes, looked at before and within a lock; each reader's place in a slot of
// thread-local storage; pages of virtual memory that the writer makes readable. One reader comes late: it was made
// suspended, and is let in when the writer is done.
#include "xbox.h"
#define READERS 4
#define VISITS 5
static CRITICAL_SECTION door, count_lock, once_lock;
static HANDLE room_empty, threads[READERS + 1];
static u32 readers, slot, *volatile catalogue, page, late_in;
static volatile u32 edition;

static u32 *the_catalogue(void) {
  if (catalogue == NULL) {
    RtlEnterCriticalSection(&once_lock);
    if (catalogue == NULL) {
      u32 *made = ExAllocatePool(64);
      if (made) {
        for (u32 i = 0; i < 16; i++) made[i] = i * 3;
        catalogue = made;
      } else {
        DbgPrint("readroom: no memory\n");
      }
    }
    RtlLeaveCriticalSection(&once_lock);
  }
  return catalogue;
}

static void enter_to_read(void) {
  RtlEnterCriticalSection(&door);
  RtlEnterCriticalSection(&count_lock);
  if (readers++ == 0) NtClearEvent(room_empty);
  RtlLeaveCriticalSection(&count_lock);
  RtlLeaveCriticalSection(&door);
}

static void leave_from_reading(void) {
  RtlEnterCriticalSection(&count_lock);
  if (--readers == 0) NtSetEvent(room_empty, NULL);
  RtlLeaveCriticalSection(&count_lock);
}

static void reader(void *ctx) {
  u32 id = (u32)(usize)ctx, sum = 0;
  u32 *mine = ExAllocatePool(16);
  mine[0] = id;
  KeTlsSetValue(slot, mine);
  for (u32 i = 0; i < VISITS; i++) {
    enter_to_read();
    u32 *c = the_catalogue(), *place = KeTlsGetValue(slot);
    if (c && place) sum += c[(place[0] + i) % 16] + edition;
    s64 t = MS(1 + id % 2);
    KeDelayExecutionThread(1, 0, &t);
    leave_from_reading();
  }
  ExFreePool(KeTlsGetValue(slot));
  ExTerminateThread(sum);
}

static void writer(void *ctx) {
  (void)ctx;
  for (u32 i = 0; i < 3; i++) {
    s64 t = MS(4), limit = MS(500);
    KeDelayExecutionThread(1, 0, &t);
    RtlEnterCriticalSection(&door);
    if (NtWaitForSingleObjectEx(room_empty, 1, 0, &limit) != STATUS_SUCCESS) DbgPrint("readroom: never empty\n");
    u32 base = page, size = 0x1000, old = 0;
    if (NtProtectVirtualMemory(&base, &size, 4, &old, 0) == STATUS_SUCCESS) {
      *(u32 *)(usize)page = ++edition;
      NtProtectVirtualMemory(&base, &size, 2, &old, 0);
    }
    RtlLeaveCriticalSection(&door);
  }
  u32 before = 0;
  NtResumeThread(threads[READERS - 1], &before);
  if (before == 1) late_in = 1;
  ExTerminateThread(edition);
}

int main(void) {
  u32 size = 0x10000, n = 0;
  MEMORY_BASIC_INFORMATION info;
  RtlInitializeCriticalSection(&door), RtlInitializeCriticalSection(&count_lock),
      RtlInitializeCriticalSection(&once_lock);
  slot = KeTlsAlloc();
  NtCreateEvent(&room_empty, NULL, 0, 1);
  NTSTATUS s = NtAllocateVirtualMemory(&page, &size, 0x3000, 2, 0);
  if (s != STATUS_SUCCESS || NtQueryVirtualMemory(page, &info, 0) != STATUS_SUCCESS || info.protect != 2)
    DbgPrint("readroom: page %x, protect %x\n", s, info.protect);
  for (u32 i = 0; i < READERS; i++)
    ExCreateThread(&threads[i], 0x4000, NULL, NULL, (void *)reader, (void *)(usize)(i + 1),
                   1u << (24 + i % 4) | (i == READERS - 1));
  ExCreateThread(&threads[READERS], 0x4000, NULL, NULL, (void *)writer, NULL, 1u << 29);
  s = NtWaitForMultipleObjectsEx(READERS + 1, threads, 0, 1, 0, NULL);
  for (u32 i = 0; i <= READERS; i++) n += NtClose(threads[i]) == STATUS_SUCCESS;
  DbgPrint("readroom: edition %d, %d closed, late %d\n", edition, n, late_in);
  size = 0;
  NtFreeVirtualMemory(&page, &size, 0x8000, 0);
  ExFreePool(catalogue);
  KeTlsFree(slot);
  NtClose(room_empty);
  return 0;
}

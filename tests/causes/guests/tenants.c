// Tenants of one house: a read/write lock guards the plan, whose readers try first; rooms are reserved, committed, made
// unwritable and given up; each tenant's key is a duplicate of one event; who waits too long for a room leaves.
#include "engine.h"

u32 ExTryToAcquireReadWriteLockExclusive(void *), ExTryToAcquireReadWriteLockShared(void *);
u32 XamAlloc(u32, u32, u32 *), XamFree(u32);
#define TENANTS 4
static u32 plan[16], rooms, tries, refused;
static HANDLE key, keys[TENANTS], rented, moved_in;
static volatile u32 base[TENANTS], old[TENANTS], busy;

static void rent(u32 me) {
  u32 at = 0, size = 0x10000, was = 0;
  MEMORY_BASIC_INFORMATION info;
  NTSTATUS s = NtAllocateVirtualMemory(&at, &size, 0x2000, 4, 0);
  if ((s32)s < 0) DbgPrint("tenants: no room for %d: %x\n", me, s);
  u32 part = at, n = 0x1000;
  s = NtAllocateVirtualMemory(&part, &n, 0x1000, 4, 0);
  *(volatile u32 *)(usize)part = me;
  NtProtectVirtualMemory(&part, &n, 2, &was, 0);
  old[me] = was;
  if (NtQueryVirtualMemory(part, &info, 0) || info.protect != 2 || info.size < 0x1000) DbgPrint("tenants: bad walls\n");
  base[me] = at;
}

static void tenant(void *self) {
  u32 me = (u32)(usize)self, box = 0;
  s64 patience = MS(250);
  if (NtWaitForSingleObjectEx(keys[me], 1, 0, &patience) != 0) refused++;
  rent(me);
  if (XamAlloc(0, 100 + me, &box) != 0) DbgPrint("tenants: no box\n");
  if (!ExTryToAcquireReadWriteLockShared(plan)) ExAcquireReadWriteLockShared(plan);
  u32 seen = rooms;
  ExReleaseReadWriteLock(plan);
  ExAcquireReadWriteLockExclusive(plan);
  rooms++;
  burn(200);
  ExReleaseReadWriteLock(plan);
  NtReleaseSemaphore(rented, 1, NULL);
  NtWaitForSingleObjectEx(moved_in, 1, 0, NULL);
  u32 at = base[me], size = 0;
  if ((s32)NtFreeVirtualMemory(&at, &size, 0x8000, 0) < 0) DbgPrint("tenants: %d stays\n", me);
  XamFree(box);
  NtClose(keys[me]);
  ExTerminateThread(seen > TENANTS);
}

int main(void) {
  HANDLE t[TENANTS];
  ExInitializeReadWriteLock(plan);
  NtCreateEvent(&key, NULL, AUTO, 0), NtCreateEvent(&moved_in, NULL, MANUAL, 0);
  NtCreateSemaphore(&rented, NULL, 0, TENANTS);
  for (u32 i = 0; i < TENANTS; i++) {
    NtDuplicateObject(key, &keys[i], 0);
    ExCreateThread(&t[i], 0x8000, NULL, NULL, (void *)tenant, (void *)(usize)i, CORE(i + 1));
  }
  for (u32 i = 0; i < TENANTS; i++) {
    NtSetEvent(key, NULL);
    NtWaitForSingleObjectEx(rented, 1, 0, NULL);
  }
  if (ExTryToAcquireReadWriteLockExclusive(plan)) tries++, ExReleaseReadWriteLock(plan);
  NtSetEvent(moved_in, NULL);
  for (u32 i = 0; i < TENANTS; i++) NtWaitForSingleObjectEx(t[i], 1, 0, NULL), NtClose(t[i]);
  DbgPrint("tenants: %d rooms, %d tries\n", rooms, tries);
  return (int)refused;
}

// Virtual and physical memory: allocation, protection, queries.
#include "check.h"

#define COMMIT 0x1000
#define RESERVE 0x2000
#define DECOMMIT 0x4000
#define RELEASE 0x8000

static void test_virtual(void) {
  u32 base = 0, size = 0x12345, sub, part;
  MEMORY_BASIC_INFORMATION info;
  EQUAL(NtAllocateVirtualMemory(&base, &size, RESERVE | 0x20000000, 4, 0), STATUS_SUCCESS);
  EQUAL(base, 0x40000000u);
  EQUAL(size, 0x20000); // 64 KiB pages
  EQUAL(NtQueryVirtualMemory(base, &info, 0), STATUS_SUCCESS);
  EQUAL(info.state, RESERVE);
  EQUAL(info.allocation_base, base);
  EQUAL(info.size, 0x20000);
  sub = base + 0x10000, part = 0x100;
  EQUAL(NtAllocateVirtualMemory(&sub, &part, COMMIT, 4, 0), STATUS_SUCCESS);
  EQUAL(part, 0x10000);
  *(volatile u32 *)(usize)(sub + 0xFFFC) = 0xCAFE;
  EQUAL(NtQueryVirtualMemory(sub, &info, 0), STATUS_SUCCESS);
  EQUAL(info.state, COMMIT);
  EQUAL(info.protect, 4);
  EQUAL(info.size, 0x10000);
  u32 old;
  EQUAL(NtProtectVirtualMemory(&sub, &part, 2, &old, 0), STATUS_SUCCESS);
  EQUAL(old, 4);
  EQUAL(*(volatile u32 *)(usize)(sub + 0xFFFC), 0xCAFE);
  NtQueryVirtualMemory(sub, &info, 0);
  EQUAL(info.protect, 2);
  EQUAL(NtFreeVirtualMemory(&sub, &part, DECOMMIT, 0), STATUS_SUCCESS);
  NtQueryVirtualMemory(sub, &info, 0);
  EQUAL(info.state, RESERVE);
  EQUAL(NtAllocateVirtualMemory(&sub, &part, COMMIT, 4, 0), STATUS_SUCCESS);
  EQUAL(*(volatile u32 *)(usize)(sub + 0xFFFC), 0); // comes back zero
  u32 zero = 0, other = base + 0x10000;
  EQUAL(NtFreeVirtualMemory(&other, &zero, RELEASE, 0), 0xC000001Au); // not the base
  EQUAL(NtFreeVirtualMemory(&base, &zero, RELEASE, 0), STATUS_SUCCESS);
  EQUAL(NtFreeVirtualMemory(&base, &zero, RELEASE, 0), 0xC000001Au);
  NtQueryVirtualMemory(base, &info, 0);
  EQUAL(info.state, 0x10000); // MEM_FREE
  base = 0, size = 0;
  EQUAL(NtAllocateVirtualMemory(&base, &size, COMMIT, 4, 0), 0xC000000Du);
  base = 0x40000000u, size = 0x1000;
  EQUAL(NtAllocateVirtualMemory(&base, &size, RESERVE, 4, 0), STATUS_SUCCESS);
  u32 clash = 0x40000000u;
  EQUAL(NtAllocateVirtualMemory(&clash, &size, RESERVE, 4, 0), 0xC0000018u); // STATUS_CONFLICTING_ADDRESSES
  zero = 0;
  NtFreeVirtualMemory(&base, &zero, RELEASE, 0);
  base = 0, size = 0x1000;
  EQUAL(NtAllocateVirtualMemory(&base, &size, RESERVE | COMMIT, 4, 0), STATUS_SUCCESS);
  CHECK(base < 0x40000000u); // 4 KiB pages
  EQUAL(size, 0x1000);
}

static void test_physical(void) {
  u32 small = MmAllocatePhysicalMemoryEx(0, 0x1800, 0x404, 0, 0xFFFFFFFFu, 0x20);
  u32 large = MmAllocatePhysicalMemoryEx(0, 0x10000, 0x20000404, 0, 0xFFFFFFFFu, 0);
  u32 huge = MmAllocatePhysicalMemoryEx(0, 0x100, 0x80000404, 0, 0xFFFFFFFFu, 0);
  CHECK(small >= 0xE0000000u && (small & 0xFFF) == 0);
  CHECK(large >= 0xA0000000u && large < 0xC0000000u && (large & 0xFFFF) == 0);
  CHECK(huge >= 0xC0000000u && huge < 0xE0000000u && (huge & 0xFFFFFF) == 0);
  EQUAL(MmQueryAllocationSize(small), 0x2000);
  u32 phys = MmGetPhysicalAddress(small);
  EQUAL(phys, (small & 0x1FFFFFFF) + 0x1000);
  *(volatile u32 *)(usize)small = 0x12345678;
  EQUAL(*(volatile u32 *)(usize)(0xA0000000u + phys), 0x12345678);
  EQUAL(*(volatile u32 *)(usize)(0xC0000000u + phys), 0x12345678);
  EQUAL(MmQueryAddressProtect(small) & 6, 4);
  MmFreePhysicalMemory(0, small);
  EQUAL(MmQueryAllocationSize(small), 0);
  EQUAL(MmAllocatePhysicalMemoryEx(0, 0x1800, 0x404, 0, 0xFFFFFFFFu, 0x20), small); // highest gap first
  EQUAL(MmAllocatePhysicalMemoryEx(0, 0x30000000, 4, 0, 0xFFFFFFFFu, 0), 0);
  EQUAL(MmAllocatePhysicalMemoryEx(0, 0x1000, 1, 0, 0xFFFFFFFFu, 0), 0); // no access asked for
  u32 low = MmAllocatePhysicalMemoryEx(0, 0x1000, 4, 0x100000, 0x1FFFFF, 0);
  u32 at = MmGetPhysicalAddress(low);
  CHECK(at >= 0x100000 && at <= 0x1FF000);
}

static void test_pool(void) {
  u8 *a = ExAllocatePool(100), *b = ExAllocatePool(100);
  CHECK(a && b && (a + 100 <= b || b + 100 <= a));
  for (u32 i = 0; i < 100; i++) a[i] = 0xAA;
  ExFreePool(a);
  ExFreePool(b);
}

int main(void) {
  test_virtual();
  test_physical();
  test_pool();
  return checks_done();
}

// What the pool remembers of its free blocks is not the guest's: it writes over them, frees them twice, and frees what
// the kernel itself holds there.
#include "hostile.h"

static void over_a_free_block(void) {
  static const u32 wild[] = {0xFFFFFFF0, 0xFFFFFFFF, 0x7FC80000, 0x0, 0xFFFFF000, 0x82000000};
  for (u32 size = 16; size < 0x100000; size *= 4)
    for (u32 i = 0; i < sizeof wild / sizeof *wild; i++) {
      u32 *p = ExAllocatePool(size), *q = ExAllocatePool(size);
      if (p == NULL || q == NULL) return;
      ExFreePool(p);
      ExFreePool(q);
      p[0] = q[0] = wild[i];
      ExAllocatePool(size);
      ExAllocatePool(size);
      u32 *r = ExAllocatePool(size);
      if (r) r[0] = 1;
    }
}
static void twice(void) {
  u32 *p = ExAllocatePool(64);
  ExFreePool(p);
  ExFreePool(p);
  u32 *a = ExAllocatePool(64), *b = ExAllocatePool(64);
  CHECK(a != b);
  ExFreePool((u8 *)a + 4);
  ExFreePool(b);
}
// The header of an event, a thread, the kernel's own memory.
static void of_the_kernel(void) {
  HANDLE h;
  void *o = NULL;
  NtCreateEvent(&h, NULL, 0, 0);
  ObReferenceObjectByHandle(h, NULL, &o);
  ExFreePool(o);
  u32 *p = ExAllocatePool(16);
  CHECK((void *)p != o);
  NtClose(h);
  ObDereferenceObject(o);
  ObReferenceObjectByHandle(CURRENT_THREAD, NULL, &o);
  ExFreePool((u8 *)o - 0x18);
  ExFreePool(o);
  u32 base = 0x30000000, size = 0;
  CHECK(NtFreeVirtualMemory(&base, &size, 0x8000, 0) != STATUS_SUCCESS);
  base = 0x30001000, size = 0x1000;
  CHECK(NtFreeVirtualMemory(&base, &size, 0x4000, 0) != STATUS_SUCCESS);
  base = 0x30000000, size = 0x1000;
  u32 old;
  CHECK(NtProtectVirtualMemory(&base, &size, 1, &old, 0) != STATUS_SUCCESS);
}
// All of it: whoever needs a block then gets an answer.
static void full(void) {
  HANDLE h = 0;
  u32 n = 0;
  while (ExAllocatePool(0x10000)) n++;
  while (ExAllocatePool(32)) n++;
  CHECK(n > 100);
  CHECK(NtCreateEvent(&h, NULL, 0, 0) != STATUS_SUCCESS);
  CHECK(ExCreateThread(&h, 0x10000, NULL, NULL, full, NULL, 1) != STATUS_SUCCESS);
}

int main(void) {
  over_a_free_block();
  twice();
  of_the_kernel();
  full();
  return checks_failed ? checks_done() : contained();
}

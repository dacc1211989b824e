// Code that changes while it runs: in the midst of itself, through mirrors, by kernel calls, under a changed
// protection, a hundred thousand times. What it computes is known; run.py has it compiled at once, too.
#include "hostile.h"

void RtlFillMemoryUlong(void *, u32 size, u32 word);

typedef u32 code(u32 sum, u32 times, u32 word, volatile u32 *at, u32 other);

#define MTCTR_R4 0x7C8903A6u
#define ADDI_R3(n) (0x38630000u | ((n)&0xFFFF))
#define STW_R5_R6 0x90A60000u // stw r5,0(r6)
#define XOR_R5_R7 0x7CA53A78u // xor r5,r5,r7
#define BDNZ(by) (0x42000000u | ((u32)(by)&0xFFFC))
#define BLR 0x4E800020u
#define NOP 0x60000000u

static u32 seed = 12345;
static u32 random_u32(void) {
  seed = seed * 1664525 + 1013904223;
  return seed >> 8;
}
static u32 got(u32 at, u32 r3, u32 r4, u32 r5, volatile u32 *r6, u32 r7) {
  return ((code *)(usize)at)(r3, r4, r5, r6, r7);
}

// mtctr r4; stw r5,0(r6); xor r5,r5,r7; ... addi r3,r3,n ...; bdnz; blr. r6 names a word of it, the one of the addi.
static void put_self(volatile u32 *p, u32 before, u32 behind) {
  u32 n = 0, loop;
  p[n++] = MTCTR_R4;
  loop = n;
  p[n++] = STW_R5_R6;
  p[n++] = XOR_R5_R7;
  for (u32 i = 0; i < before; i++) p[n++] = NOP;
  p[n++] = ADDI_R3(1);
  for (u32 i = 0; i < behind; i++) p[n++] = NOP;
  p[n] = BDNZ(4 * ((s32)loop - (s32)n));
  p[n + 1] = BLR;
}
// Written by itself, `times` times: first ADDI_R3(2), then 3, then 2...
static void changes_itself(u32 code_at, u32 written_at) {
  for (u32 before = 0; before < 6; before++)
    for (u32 times = 1; times < 400; times += 57) {
      volatile u32 *p = (volatile u32 *)(usize)code_at;
      put_self(p, before, times & 1);
      EQUAL(got(code_at, 0, times, ADDI_R3(2), (volatile u32 *)(usize)(written_at + 4 * (3 + before)),
                ADDI_R3(2) ^ ADDI_R3(3)),
            times / 2 * 5 + (times & 1) * 2);
    }
}
// Behind itself: what is written is met in the next round.
static void changes_what_was(u32 at) {
  volatile u32 *p = (volatile u32 *)(usize)at;
  const u32 words[] = {MTCTR_R4, ADDI_R3(1), STW_R5_R6, XOR_R5_R7, BDNZ(-12), BLR};
  for (u32 i = 0; i < 6; i++) p[i] = words[i];
  EQUAL(got(at, 0, 1001, ADDI_R3(2), p + 1, ADDI_R3(2) ^ ADDI_R3(3)), 1 + 500 * 5);
}

static void line(u32 at, u32 adds, u32 by) { // so many additions, a loop around them
  volatile u32 *p = (volatile u32 *)(usize)at;
  p[0] = MTCTR_R4;
  for (u32 i = 0; i < adds; i++) p[1 + i] = ADDI_R3(by);
  p[1 + adds] = BDNZ(-4 * (s32)adds);
  p[2 + adds] = BLR;
}
static void entered_anywhere(u32 at) {
  volatile u32 *p = (volatile u32 *)(usize)at;
  line(at, 200, 1);
  for (u32 i = 0; i < 3000; i++) {
    u32 skip = random_u32() % 200;
    p[201] = i & 1 ? BLR : BDNZ(-800);
    EQUAL(got(at + (i & 1 ? 4 + 4 * skip + (i >> 1 & 3) : 0), 0, 20, 0, NULL, 0), i & 1 ? 200 - skip : 4000);
  }
}
// Half a word, a byte, a double word, two pages at once.
static void written_in_pieces(u32 at) {
  line(at, 20, 1);
  for (u32 i = 0; i < 500; i++) {
    u32 k = 1 + random_u32() % 20;
    volatile u8 *p = (volatile u8 *)(usize)(at + 4 * k);
    switch (i & 3) {
    case 0: p[3] = 3; break;
    case 1: *(volatile u16 *)(p + 2) = 3; break;
    case 2: *(volatile u32 *)p = ADDI_R3(3); break;
    default: __builtin_memset((void *)(usize)(p + 3), 3, 1); break;
    }
    EQUAL(got(at, 0, 60, 0, NULL, 0), 60 * 22);
    *(volatile u32 *)p = ADDI_R3(1);
    EQUAL(got(at, 0, 60, 0, NULL, 0), 60 * 20);
  }
  u32 across = (at & ~0xFFFu) + 0x1000 - 40; // a loop on two pages
  line(across, 20, 1);
  for (u32 i = 0; i < 300; i++) {
    volatile u16 *p = (volatile u16 *)(usize)((at & ~0xFFFu) + 0xFFE);
    EQUAL(got(across, 0, 40, 0, NULL, 0), 800);
    *(volatile u64 *)(usize)((at & ~0xFFFu) + 0xFFC) = (u64)ADDI_R3(5) << 32 | ADDI_R3(5);
    EQUAL(got(across, 0, 40, 0, NULL, 0), 40 * 28);
    p[0] = 1, p[2] = 1;
  }
}
static void written_by_calls(u32 at) {
  line(at, 20, 1);
  for (u32 i = 0; i < 500; i++) {
    u32 by = i & 7;
    RtlFillMemoryUlong((void *)(usize)(at + 4), 80, ADDI_R3(by));
    EQUAL(got(at, 0, 100, 0, NULL, 0), 2000 * by);
    KeQuerySystemTime((u64 *)(usize)(at + 0x400)); // beside the code
    EQUAL(got(at, 0, 100, 0, NULL, 0), 2000 * by);
  }
}
static void protected_anew(u32 at) {
  u32 base = at & ~0xFFFu, size = 0x1000, old = 0;
  line(at, 20, 1);
  for (u32 i = 0; i < 300; i++) {
    static const u32 kinds[] = {0x20, 0x02, 0x40, 0x04, 0x10};
    NtProtectVirtualMemory(&base, &size, kinds[i % 5], &old, 0);
    if (kinds[i % 5] != 0x04 && kinds[i % 5] != 0x02) EQUAL(got(at, 0, 60, 0, NULL, 0), 1200);
  }
  NtProtectVirtualMemory(&base, &size, 0x40, &old, 0);
}
static void given_back(void) {
  for (u32 i = 0; i < 200; i++) {
    u32 base = 0x48000000, size = 0x10000;
    EQUAL(NtAllocateVirtualMemory(&base, &size, 0x3000, 0x40, 0), STATUS_SUCCESS);
    line(base, 20, i);
    EQUAL(got(base, 0, 80, 0, NULL, 0), 1600 * i);
    size = 0;
    NtFreeVirtualMemory(&base, &size, 0x8000, 0);
  }
}
static void often(u32 at) {
  line(at, 20, 1);
  volatile u32 *p = (volatile u32 *)(usize)at;
  for (u32 i = 0; i < 100000; i++) {
    p[1 + i % 20] = ADDI_R3(i & 1 ? 1 : 3);
    u32 sum = 0;
    for (u32 k = 0; k < 20; k++) sum += p[1 + k] & 0xFFFF;
    if (got(at, 0, 3, 0, NULL, 0) != 3 * sum) EQUAL(i, 0xFFFFFFFF);
  }
}
// One thread runs it while another one writes it: each run of it is one or the other, or some of both.
static u32 shared_at;
static volatile u32 stop;
static u32 writer(void *ctx) {
  (void)ctx;
  for (u32 i = 0; !stop; i++) ((volatile u32 *)(usize)shared_at)[1 + i % 20] = ADDI_R3(1 + (i / 20 & 1));
  return 0;
}
static void two_threads(u32 at) {
  HANDLE h = 0;
  shared_at = at;
  line(at, 20, 1);
  ExCreateThread(&h, 0x10000, NULL, NULL, writer, NULL, 0x04000000);
  for (u32 i = 0; i < 2000; i++) {
    u32 sum = got(at, 0, 100, 0, NULL, 0);
    CHECK(sum >= 2000 && sum <= 4000);
  }
  stop = 1;
  NtWaitForSingleObjectEx(h, 1, 0, NULL);
}

#ifndef NOACCESS
#define NOACCESS 0
#endif
static int no_access(void) { // its protection is taken away after it ran often: the next run of it is a fault
  u32 base = 0x41000000, size = 0x1000, old = 0;
  NtAllocateVirtualMemory(&base, &size, 0x3000, 0x40, 0);
  line(base, 20, 1);
  for (u32 i = 0; i < 1000; i++) EQUAL(got(base, 0, 60, 0, NULL, 0), 1200);
  NtProtectVirtualMemory(&base, &size, 0x01, &old, 0);
  DbgPrint("now\n");
  got(base, 0, 60, 0, NULL, 0);
  DbgPrint("FAIL: it ran\n");
  return 0;
}
int main(void) {
  if (NOACCESS) return no_access();
  u32 base = 0x41000000, size = 0x10000;
  EQUAL(NtAllocateVirtualMemory(&base, &size, 0x3000, 0x40, 0), STATUS_SUCCESS);
  changes_itself(base + 0x100, base + 0x100);
  changes_what_was(base + 0x200);
  u32 first = MmGetPhysicalAddress(MmAllocatePhysicalMemoryEx(0, 0x10000, 0x404, 0x10000, 0xFFFFFFFF, 0));
  CHECK(first != 0);
  for (u32 i = 0; i < 9; i++) {
    const u32 at[] = {0xA0000000 + first, 0xC0000000 + first, 0xE0000000 + first - 0x1000};
    changes_itself(at[i / 3], at[i % 3]);
  }
  entered_anywhere(base + 0x300);
  written_in_pieces(base + 0x2200);
  written_by_calls(base + 0x4200);
  protected_anew(base + 0x6200);
  given_back();
  two_threads(base + 0x8200);
  often(base + 0x9200);
  return checks_failed ? checks_done() : contained();
}

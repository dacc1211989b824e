// Long work of one thread while nobody else runs, with whatever can tell in it where a window of the interleaving ends:
// reservations, the time, a device, code that is met for the first time, a timer, a loop that waits, others that come.
#include "check.h"

void KeInitializeTimerEx(KTIMER *, u32 type, u32 a, u32 b);
u32 KeSetTimerEx(KTIMER *, s64 due, s32 period_ms, KDPC *);

#define LINES (*(volatile u32 *)(usize)0x7FC86544u) // it is a device's, whatever it says

#define WPTR (*(volatile u32 *)(usize)(0x7FC80000u + 4 * 0x1C5))
#define TYPE3(op, n) (0xC0000000u | ((n)-1) << 16 | (op) << 8)

static volatile u32 word, flag;
static u32 heard;
static KDPC dpc;

static u32 time(void) {
  u32 r;
  __asm__ volatile("mftb %0" : "=r"(r));
  return r;
}

static void hear(u32 v) { heard = (heard << 5 | heard >> 27) ^ v; }

// An addition that is lost where a window ends within it; `n` more instructions than it needs.
static u32 lost_in(u32 n) {
  u32 ok;
  __asm__ volatile("lwarx 0,0,%1\n"
                   "mtctr %2\n"
                   "1: addi 0,0,1\n"
                   "bdnz 1b\n"
                   "stwcx. 0,0,%1\n"
                   "li %0,1\n"
                   "beq 2f\n"
                   "li %0,0\n"
                   "2:\n"
                   : "=&r"(ok)
                   : "r"(&word), "r"(n)
                   : "r0", "ctr", "cr0", "memory");
  return !ok;
}

static void reservations(void) {
  u32 lost = 0;
  for (u32 i = 0; i < 20000; i++) lost += lost_in(1 + i % 61);
  CHECK(lost > 10 && lost < 2000);
  hear(lost);
  hear(word);
}

static u32 work(u32 n) {
  u32 x = n;
  for (u32 i = 0; i < n; i++) x = x * 1664525u + 1013904223u;
  return x;
}

static void times(void) {
  for (u32 i = 0; i < 3000; i++) {
    hear(work(i % 97));
    hear(time());
  }
}

static void device(void) {
  for (u32 i = 0; i < 40; i++) {
    hear(work(7001 + 113 * i));
    hear(LINES);
    hear(time());
  }
}

// Each on a page of its own.
#define PAGE(n)                                                                                                        \
  static __attribute__((noinline, aligned(4096))) u32 page##n(u32 v) { return work(v % (1000 + n)) + n; }
PAGE(1)
PAGE(2)
PAGE(3)
PAGE(4)
PAGE(5)
PAGE(6)
PAGE(7)
PAGE(8)

static void pages(void) {
  u32 (*const all[])(u32) = {page1, page2, page3, page4, page5, page6, page7, page8};
  for (u32 i = 0; i < 24; i++) {
    hear(work(9001));
    hear(all[i % 8](heard));
    hear(time());
  }
}

static void come(void *d, void *ctx, u32 a, u32 b) {
  (void)d, (void)ctx, (void)a, (void)b;
  flag++;
  hear(time());
}

// It waits for a timer's procedure by looking at a word.
// Loads and reserves, and stores what it was, until a window ends in between: 2n + 5 instructions a round.
static void until_lost(u32 n) {
  __asm__ volatile("0: lwarx 0,0,%0\n"
                   "mtctr %1\n"
                   "1: nop\n"
                   "bdnz 1b\n"
                   "nop\n"
                   "stwcx. 0,0,%0\n"
                   "beq 0b\n"
                   :
                   : "r"(&word), "r"(n)
                   : "r0", "ctr", "cr0", "memory");
}

static void losses(void) {
  for (u32 i = 2; i < 60; i++) {
    if (i % 5 == 0) continue; // no window would ever end elsewhere in its rounds than the first
    until_lost(i);
    hear(time());
  }
}

// The GPU sees what it shall do at the end of a window, and is seen to have done it.
static void gpu(void) {
  u32 at = MmAllocatePhysicalMemoryEx(0, 4096, 0x404, 0, 0xFFFFFFFFu, 0), phys = MmGetPhysicalAddress(at), put = 0;
  volatile u32 *ring = (volatile u32 *)(usize)at, *done = ring + 512;
  EQUAL(VdInitializeEngines(0x4F810000, NULL, NULL, NULL, NULL), 1);
  VdInitializeRingBuffer(phys, 9);
  for (u32 i = 1; i < 20; i++) {
    ring[put] = TYPE3(0x3D, 2); // MEM_WRITE
    ring[put + 1] = (phys + 2048) | 2;
    ring[put + 2] = i;
    put += 3;
    hear(work(3001 * i));
    WPTR = put;
    while (*done != i) hear(work(11));
    hear(time());
  }
}

static void waits(void) {
  KTIMER t;
  KeInitializeTimerEx(&t, 0, 0, 0);
  KeInitializeDpc(&dpc, come, NULL);
  for (u32 i = 1; i <= 6; i++) {
    s64 due = -(s64)(700 * i + 3);
    KeSetTimerEx(&t, due, 0, &dpc);
    while (flag < i) {
    }
    hear(time());
  }
}

static void other(void *ctx) {
  for (u32 i = 0; i < 30; i++) {
    hear(work(3000 + (u32)(usize)ctx));
    s64 soon = -2500;
    KeDelayExecutionThread(1, 0, &soon);
  }
  hear(time());
}

// One on the same hardware thread, one on another.
static void company(void) {
  HANDLE h[2];
  for (u32 i = 0; i < 2; i++)
    EQUAL(ExCreateThread(&h[i], 0x4000, NULL, NULL, (void *)other, (void *)(usize)(i + 1), i ? 0x04000000 : 0x01000000),
          0);
  for (u32 i = 0; i < 200; i++) hear(work(20011));
  for (u32 i = 0; i < 2; i++) EQUAL(NtWaitForSingleObjectEx(h[i], 1, 0, NULL), STATUS_SUCCESS);
}

int main(void) {
  static void (*const parts[])(void) = {reservations, times, device, pages, losses, gpu, waits, company};
  for (u32 i = 0; i < sizeof parts / sizeof *parts; i++) {
    parts[i]();
    DbgPrint("%d: %08x\n", i, heard);
  }
  return checks_done();
}

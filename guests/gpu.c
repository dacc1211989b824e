// The GPU without pictures, driven as a title's Direct3D library drives it: ring buffer, write-backs, fences,
// indirect buffers, waits, interrupts on each hardware thread, vertical blanks and swaps.
#include "check.h"

#define MMIO(reg) (*(volatile u32 *)(usize)(0x7FC80000u + 4 * (reg)))
#define TYPE3(op, n) (0xC0000000u | ((n)-1) << 16 | (op) << 8)
#define CP_RB_WPTR 0x1C5

static volatile u32 *ring, *back, *indirect;
static u32 wptr, back_phys, indirect_phys;
static volatile u32 vblanks, gpu_interrupts, wrong_cpu, cpus_seen;
static KEVENT frame;

static u32 kpcr(void) {
  u32 r;
  __asm__("mr %0,13" : "=r"(r));
  return r;
}

// Runs at DPC level on the hardware thread that the GPU or the display interrupts.
static void interrupt(u32 source, u32 ctx) {
  u32 pcr = kpcr(), cpu = *(volatile u8 *)(usize)(pcr + 0x10C);
  if (*(volatile u8 *)(usize)(pcr + 0x18) != 2 || *(volatile u32 *)(usize)(pcr + 0x150) == 0 || ctx != 0x1234)
    wrong_cpu++;
  // The last error of the interrupted thread, or of the idle thread, is there to be read.
  u32 thread = *(volatile u32 *)(usize)(pcr + 0x100);
  if (*(volatile u32 *)(usize)(thread + 0x160) != 0 || *(volatile u8 *)(usize)thread != 6) wrong_cpu++;
  if (source == 0) {
    if (cpu != 2 || !(MMIO(0x1951) & 1)) wrong_cpu++;
    vblanks++;
    KeSetEvent(&frame, 1, 0);
  } else {
    gpu_interrupts++;
    cpus_seen |= 1u << cpu;
    back[8] &= ~(1u << cpu); // what the GPU waits for
  }
}

static void put(u32 w) {
  ring[wptr] = w;
  wptr = (wptr + 1) % 1024;
}
static void kick(void) {
  __asm__ volatile("eieio; sync" ::: "memory");
  MMIO(CP_RB_WPTR) = wptr;
}
// The GPU works while this thread spins: another processor's memory changes under it.
static int becomes(volatile u32 *at, u32 value) {
  for (u32 i = 0; i < 10000000; i++)
    if (*at == value) return 1;
  return 0;
}

static void test_fences(void) {
  put(TYPE3(0x58, 3)); // EVENT_WRITE_SHD, 8-in-32 swap: the word as the processor writes it
  put(3), put((back_phys + 4) | 2), put(0xCAFED00Du);
  put(0x80000000u);    // type 2
  put(TYPE3(0x3D, 3)); // MEM_WRITE of two words
  put((back_phys + 8) | 2), put(0x11111111u), put(0x22222222u);
  kick();
  CHECK(becomes(&back[1], 0xCAFED00Du));
  CHECK(becomes(&back[0], wptr)); // read pointer write-back
  EQUAL(back[2], 0x11111111u);
  EQUAL(back[3], 0x22222222u);
}

static void test_registers(void) {
  put(0x00010578u), put(0x55), put(0x66);                     // type 0: scratch registers 0 and 1
  put(TYPE3(0x21, 3)), put(0x578), put(0xF0), put(0x0F);      // REG_RMW: and, or
  put(TYPE3(0x3E, 2)), put(0x578), put((back_phys + 16) | 2); // REG_TO_MEM
  put(TYPE3(0x2D, 3)), put(4 << 16 | 0x10), put(7), put(9);   // SET_CONSTANT of registers
  put(TYPE3(0x3E, 2)), put(0x2011), put((back_phys + 20) | 2);
  kick();
  CHECK(becomes(&back[0], wptr));
  EQUAL(back[4], 0x5F);
  EQUAL(back[5], 9);
  EQUAL(MMIO(0x579), 0x66);
}

static void test_indirect(void) {
  u32 n = 0;
  indirect[n++] = TYPE3(0x58, 3), indirect[n++] = 3, indirect[n++] = (back_phys + 24) | 2, indirect[n++] = 0xABCDEF01u;
  put(TYPE3(0x3F, 2)), put(indirect_phys), put(n);
  put(TYPE3(0x58, 3)), put(3), put((back_phys + 28) | 2), put(0x600Du);
  kick();
  CHECK(becomes(&back[7], 0x600Du));
  EQUAL(back[6], 0xABCDEF01u); // before what comes after it
}

// The GPU interrupts five hardware threads and waits until each has cleared its bit.
static void test_interrupts(void) {
  back[8] = 0x3E;
  put(TYPE3(0x54, 1)), put(0x3E);
  put(TYPE3(0x3C, 5)), put(0x13), put((back_phys + 32) | 2), put(0), put(0xFFFFFFFFu), put(1);
  put(TYPE3(0x58, 3)), put(3), put((back_phys + 36) | 2), put(0xD01Eu);
  kick();
  CHECK(becomes(&back[9], 0xD01Eu));
  EQUAL(gpu_interrupts, 5);
  EQUAL(cpus_seen, 0x3E);
}

static void test_vertical_blank(void) {
  u64 before, after;
  frame.h.type = 1;
  KeWaitForSingleObject(&frame, 0, 1, 0, NULL);
  KeQuerySystemTime(&before);
  for (u32 i = 0; i < 6; i++) KeWaitForSingleObject(&frame, 0, 1, 0, NULL);
  KeQuerySystemTime(&after);
  u32 us = (u32)(after - before) / 10;
  CHECK(us > 99900 && us < 100100);      // six frames at 60 Hz
  EQUAL(KeTimeStampBundle[4] >= 100, 1); // tick count in milliseconds
}

// The display's registers move as a display does: 720 of 750 lines are visible, the rest is the vertical blank.
static void test_scan(void) {
  u32 visible = 0, blank = 0, wrong = 0, highest = 0;
  KeWaitForSingleObject(&frame, 0, 1, 0, NULL);
  for (u32 until = vblanks + 1; vblanks < until;) { // a whole frame
    u32 line = MMIO(0x194C), status = MMIO(0x1951) & 1, after = MMIO(0x194C);
    if (line > highest) highest = line;
    if (line < 720 && after < 720) {
      visible++;
      wrong += status;
    } else if (line >= 720 && after >= 720) {
      blank++;
      wrong += !status;
    }
  }
  EQUAL(wrong, 0);
  EQUAL(highest, 749);
  CHECK(blank > 0 && visible / blank >= 20 && visible / blank <= 28); // 720 to 30
}

// Waits for registers, and packets that change nothing outside the GPU.
static void test_other_packets(void) {
  put(0x00000578u), put(3);                                // type 0: scratch register 0
  put(TYPE3(0x52, 4)), put(0x578), put(3), put(7), put(1); // WAIT_REG_EQ
  put(TYPE3(0x53, 4)), put(0x578), put(2), put(7), put(1); // WAIT_REG_GTE
  put(TYPE3(0x4F, 1)), put((back_phys + 44) | 2);          // MEM_WRITE_CNTR: CP_PROG_COUNTER
  put(TYPE3(0x5C, 1)), put(0);
  put(TYPE3(0x5F, 1)), put(1);
  back[11] = 0xFFFFFFFFu;
  kick();
  CHECK(becomes(&back[0], wptr));
  EQUAL(back[11], MMIO(0x44B));
}

// The write-back window: an address beyond physical memory, seen by the processor at 7F000000.
static void test_writeback_window(void) {
  volatile u32 *window = (volatile u32 *)(usize)0x7F000000u;
  put(0x00010A04u), put(0x7F100000u), put(0x1000); // type 0: its base and size
  put(TYPE3(0x58, 3)), put(3), put((0x7F100000u + 0x40) | 2), put(0x57B0u);
  put(0x00010A04u), put(0), put(0);
  put(TYPE3(0x58, 3)), put(3), put((back_phys + 48) | 2), put(0xE0Du);
  kick();
  CHECK(becomes(&back[12], 0xE0Du));
  EQUAL(window[0x10], 0x57B0u);
}

// Two swaps at once: the second is shown a frame later.
static void test_swap(void) {
  u64 before, after;
  u32 fetch[6] = {0, 0xE0001006u, 0, 0, 0, 0}, token[0x94 / 4], token2, front = 0xE0001000u, format = 6, space = 0,
      width = 1280, height = 720;
  VdGetSystemCommandBuffer(token, &token2);
  EQUAL(token2, 0xBEEF0001u);
  for (u32 n = 0; n < 2; n++) {
    for (u32 i = 0; i < 64; i++) put(0);
    VdSwap((u32 *)&ring[wptr - 64], fetch, NULL, token, token2, &front, &format, &space, &width, &height);
  }
  put(TYPE3(0x58, 3)), put(3), put((back_phys + 40) | 2), put(0xF11Fu);
  KeResetEvent(&frame);
  KeWaitForSingleObject(&frame, 0, 1, 0, NULL); // just after a vertical blank
  KeQuerySystemTime(&before);
  kick();
  CHECK(becomes(&back[10], 0xF11Fu));
  KeQuerySystemTime(&after);
  u32 us = (u32)(after - before) / 10;
  CHECK(us > 16000 && us < 17000);
}

int main(void) {
  u32 ring_at = MmAllocatePhysicalMemoryEx(0, 4096, 0x404, 0, 0xFFFFFFFFu, 0);
  u32 back_at = MmAllocatePhysicalMemoryEx(0, 4096, 0x404, 0, 0xFFFFFFFFu, 0);
  u32 indirect_at = MmAllocatePhysicalMemoryEx(0, 4096, 0x404, 0, 0xFFFFFFFFu, 0);
  ring = (volatile u32 *)(usize)ring_at, back = (volatile u32 *)(usize)back_at,
  indirect = (volatile u32 *)(usize)indirect_at;
  back_phys = MmGetPhysicalAddress(back_at), indirect_phys = MmGetPhysicalAddress(indirect_at);
  EQUAL(VdInitializeEngines(0x4F810000, NULL, NULL, NULL, NULL), 1);
  VdSetGraphicsInterruptCallback((void *)interrupt, (void *)0x1234);
  VdInitializeRingBuffer(MmGetPhysicalAddress(ring_at), 9); // 4096 bytes
  VdEnableRingBufferRPtrWriteBack(back_phys, 6);
  test_fences();
  test_registers();
  test_indirect();
  test_interrupts();
  test_vertical_blank();
  test_swap();
  test_scan();
  test_other_packets();
  test_writeback_window();
  EQUAL(wrong_cpu, 0);
  CHECK(vblanks >= 7);
  return checks_done();
}

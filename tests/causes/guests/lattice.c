// A lattice that is computed as a wave: a cell is due when the one above and the one to its left are done, which an
// interlocked counter of each cell says. Due cells lie on a list of the kernel's; four hands take them by a semaphore.
// Who does a row's last cell sets the row's event; a clerk waits for rows in their order, and for the whole twice.
#include "engine.h"
#define W 5
#define H 5
#define HANDS 4
struct slot {
  u32 next, cell;
};
static struct slot slots[W * H] __attribute__((aligned(16)));
static u32 head[2] __attribute__((aligned(8)));
static KSEMAPHORE due;
static KEVENT row[H], whole;
static volatile u32 need[W * H], value[W * H], left[H], undone, gates, quit;
static HANDLE gate;

static void offer(u32 c) {
  slots[c].cell = c;
  InterlockedPushEntrySList(head, &slots[c]);
  KeReleaseSemaphore(&due, 1, 1, 0);
}

static void done(u32 c) {
  u32 x = c % W, y = c / W;
  if (add(&left[y], (u32)-1) == 0) KeSetEvent(&row[y], 1, 0);
  if (x + 1 < W && add(&need[c + 1], (u32)-1) == 0) offer(c + 1);
  if (y + 1 < H && add(&need[c + W], (u32)-1) == 0) offer(c + W);
  if (add(&undone, (u32)-1) == 0) KeSetEvent(&whole, 1, 0);
}

static void hand(void *ctx) {
  u32 n = 0;
  if (add(&gates, 1) == HANDS) NtSetEvent(gate, NULL);
  NtWaitForSingleObjectEx(gate, 1, 0, NULL);
  for (;;) {
    KeWaitForSingleObject(&due, 3, 1, 0, NULL);
    struct slot *s = InterlockedPopEntrySList(head);
    if (s == NULL) {
      if (quit) break;
      continue;
    }
    u32 c = s->cell, x = c % W, y = c / W;
    value[c] = 1 + 3 * (x ? value[c - 1] : y) + 5 * (y ? value[c - W] : x);
    burn(400 + 37 * c);
    n++;
    done(c);
  }
  (void)ctx;
  ExTerminateThread(n > W * H * 2);
}

static void reset(void) {
  for (u32 i = 0; i < W * H; i++) need[i] = (i % W != 0) + (i >= W), value[i] = 0;
  for (u32 i = 0; i < H; i++) {
    left[i] = W;
    KeResetEvent(&row[i]);
  }
  undone = W * H;
  KeResetEvent(&whole);
}

int main(void) {
  HANDLE t[HANDS];
  KeInitializeSemaphore(&due, 0, 64);
  KeInitializeEvent(&whole, MANUAL, 0);
  for (u32 i = 0; i < H; i++) KeInitializeEvent(&row[i], MANUAL, 0);
  NtCreateEvent(&gate, NULL, MANUAL, 0);
  reset();
  for (u32 i = 0; i < HANDS; i++)
    ExCreateThread(&t[i], 0x8000, NULL, NULL, (void *)hand, (void *)(usize)i, CORE(i + 1));
  NtWaitForSingleObjectEx(gate, 1, 0, NULL);
  for (u32 pass = 0; pass < 2; pass++) {
    if (pass) reset();
    offer(0);
    for (u32 y = 0; y < H; y++) {
      s64 limit = MS(300);
      if (KeWaitForSingleObject(&row[y], 3, 1, 0, &limit) == STATUS_TIMEOUT) DbgPrint("lattice: row %d stays\n", y);
      DbgPrint("lattice: row %d ends with %x\n", y, value[y * W + W - 1]);
    }
    KeWaitForSingleObject(&whole, 3, 1, 0, NULL);
  }
  quit = 1;
  KeReleaseSemaphore(&due, 1, HANDS, 0);
  NtWaitForMultipleObjectsEx(HANDS, t, 0, 1, 0, NULL);
  for (u32 i = 0; i < HANDS; i++) NtClose(t[i]);
  NtClose(gate);
  return 0;
}

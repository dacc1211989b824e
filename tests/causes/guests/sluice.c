// A pipe of threads over mailboxes: each stage takes from its own box with a limit, and when the limit passes it says
// that it lives and takes again; what it made goes into the next box, where it waits for room, with a limit too. A last
// parcel ends stage after stage. A watcher counts the signs of life, and is ended by an event that is set by hand.
#include "engine.h"
#define ROOM 3
#define STAGES 3
#define PARCELS 14
#define LAST 0xFFFF

struct box {
  CRITICAL_SECTION lock;
  KSEMAPHORE full, room;
  u32 slot[ROOM], head, tail;
};
static struct box box[STAGES + 1];
static HANDLE alive, over;
static volatile u32 idle[STAGES], lost;

static u32 put(struct box *b, u32 v) {
  s64 limit = MS(150);
  if (KeWaitForSingleObject(&b->room, 3, 1, 0, &limit) != STATUS_SUCCESS) {
    add(&lost, 1);
    DbgPrint("sluice: no room for %d\n", v);
    return 0;
  }
  RtlEnterCriticalSection(&b->lock);
  b->slot[b->head++ % ROOM] = v;
  RtlLeaveCriticalSection(&b->lock);
  KeReleaseSemaphore(&b->full, 1, 1, 0);
  return 1;
}

static NTSTATUS take(struct box *b, u32 *v, u32 ms) {
  s64 limit = MS(ms);
  NTSTATUS s = KeWaitForSingleObject(&b->full, 3, 1, 0, ms ? &limit : NULL);
  if (s != STATUS_SUCCESS) return s;
  RtlEnterCriticalSection(&b->lock);
  *v = b->slot[b->tail++ % ROOM];
  RtlLeaveCriticalSection(&b->lock);
  KeReleaseSemaphore(&b->room, 1, 1, 0);
  return s;
}

static void stage(void *ctx) {
  u32 me = (u32)(usize)ctx, v = 0, n = 0;
  for (;;) {
    NTSTATUS s = take(&box[me], &v, 7 + me);
    if (s == STATUS_TIMEOUT) {
      idle[me]++;
      NtReleaseSemaphore(alive, 1, NULL);
      continue;
    }
    if (v == LAST) break;
    burn(150 * (me + 1));
    n += put(&box[me + 1], v * 3 + me);
  }
  put(&box[me + 1], LAST);
  ExTerminateThread(n);
}

static void watcher(void *ctx) {
  HANDLE any[2] = {over, alive};
  u32 n = 0;
  (void)ctx;
  while (NtWaitForMultipleObjectsEx(2, any, 1, 1, 0, NULL) == 1) n++;
  ExTerminateThread(n > 0);
}

static void source(void *ctx) {
  u32 sent = 0;
  (void)ctx;
  for (u32 i = 0; i < PARCELS; i++) {
    if (i == 6) nap(25);
    sent += put(&box[0], i + 1);
  }
  put(&box[0], LAST);
  ExTerminateThread(sent);
}

int main(void) {
  HANDLE t[STAGES + 2];
  u32 v = 0, sum = 0, n = 0;
  for (u32 i = 0; i <= STAGES; i++) {
    RtlInitializeCriticalSection(&box[i].lock);
    KeInitializeSemaphore(&box[i].full, 0, ROOM), KeInitializeSemaphore(&box[i].room, ROOM, ROOM);
  }
  NtCreateSemaphore(&alive, NULL, 0, 1000), NtCreateEvent(&over, NULL, MANUAL, 0);
  for (u32 i = 0; i < STAGES; i++)
    ExCreateThread(&t[i], 0x8000, NULL, NULL, (void *)stage, (void *)(usize)i, CORE(i + 1));
  ExCreateThread(&t[STAGES], 0x8000, NULL, NULL, (void *)watcher, NULL, CORE(4));
  ExCreateThread(&t[STAGES + 1], 0x8000, NULL, NULL, (void *)source, NULL, CORE(5));
  for (;;) {
    if (take(&box[STAGES], &v, 0) != STATUS_SUCCESS || v == LAST) break;
    sum = sum * 5 + v, n++;
  }
  NtSetEvent(over, NULL);
  NtWaitForMultipleObjectsEx(STAGES + 2, t, 0, 1, 0, NULL);
  for (u32 i = 0; i < STAGES + 2; i++) NtClose(t[i]);
  DbgPrint("sluice: %d parcels, %x, %d lost\n", n, sum, lost);
  return 0;
}

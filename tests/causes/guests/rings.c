// Stages of a pipeline over rings in memory, their dispatcher objects in the title's own memory, under spin locks.
#include "stage.h"

void KeInitializeSemaphore(KSEMAPHORE *, s32 count, s32 limit);
void KeInitializeEvent(KEVENT *, u32 type, u32 state);

#define ITEMS 24
#define SLOTS 4

struct ring {
  KSEMAPHORE used, room;
  u32 lock, in, out, slots[SLOTS];
};

static struct ring first, second;
static KEVENT over;
static u32 sum;

static void make(struct ring *r) {
  KeInitializeSemaphore(&r->used, 0, SLOTS);
  KeInitializeSemaphore(&r->room, SLOTS, SLOTS);
}

static void put(struct ring *r, u32 v) {
  KeWaitForSingleObject(&r->room, 3, 1, 0, NULL);
  u32 irql = KfAcquireSpinLock(&r->lock);
  r->slots[r->in++ % SLOTS] = v;
  KfReleaseSpinLock(&r->lock, irql);
  KeReleaseSemaphore(&r->used, 1, 1, 0);
}

static u32 get(struct ring *r) {
  s64 long_time = MS(500);
  if (KeWaitForSingleObject(&r->used, 3, 1, 0, &long_time) != STATUS_SUCCESS) {
    DbgPrint("rings: starved\n");
    return 0;
  }
  u32 irql = KfAcquireSpinLock(&r->lock);
  u32 v = r->slots[r->out++ % SLOTS];
  KfReleaseSpinLock(&r->lock, irql);
  KeReleaseSemaphore(&r->room, 1, 1, 0);
  return v;
}

static void producer(void *ctx) {
  (void)ctx;
  for (u32 i = 1; i <= ITEMS; i++) put(&first, i);
  ExTerminateThread(1);
}

static void transformer(void *ctx) {
  (void)ctx;
  for (u32 i = 0; i < ITEMS; i++) {
    u32 v = get(&first);
    crunch(50);
    put(&second, v * 3);
  }
  ExTerminateThread(2);
}

static void consumer(void *ctx) {
  (void)ctx;
  for (u32 i = 0; i < ITEMS; i++) sum += get(&second);
  KeSetEvent(&over, 1, 0);
  ExTerminateThread(3);
}

int main(void) {
  make(&first);
  make(&second);
  KeInitializeEvent(&over, 0, 0);
  HANDLE t[3] = {spawn(consumer, 0, ON(1)), spawn(transformer, 0, ON(2)), spawn(producer, 0, ON(3))};
  KeWaitForSingleObject(&over, 3, 1, 0, NULL);
  DbgPrint("rings: %d\n", sum);
  for (u32 i = 0; i < 3; i++) join(t[i]);
  return 0;
}

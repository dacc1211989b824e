// Blocks go from a free list to producers, through a lock-free list to one consumer, and back; who finds nothing
// sleeps on an event. The consumer flushes the list whole and turns it round.
#include "engine.h"
#define BLOCKS 6
#define EACH 20
struct node {
  struct node *next;
  u32 id, pad[2];
};
static struct node nodes[BLOCKS] __attribute__((aligned(16)));
static u64 free_list[2] __attribute__((aligned(16))), full_list[2] __attribute__((aligned(16)));
static HANDLE room, work, quit;
static volatile u32 produced, consumed, starving, batches, order;
static void producer(void *ctx) {
  u32 me = (u32)(usize)ctx;
  for (u32 i = 0; i < EACH; i++) {
    struct node *n;
    while ((n = InterlockedPopEntrySList(free_list)) == NULL) {
      add(&starving, 1);
      NtWaitForSingleObjectEx(room, 1, 0, NULL);
    }
    n->id = me * 100 + i;
    if (InterlockedPushEntrySList(full_list, n) == NULL) NtSetEvent(work, NULL);
    add(&produced, 1);
    if (i % 5 == me) nap(1);
  }
  NtReleaseSemaphore(quit, 1, NULL);
  ExTerminateThread(me);
}
static void consumer(void *ctx) {
  (void)ctx;
  while (consumed < 2 * EACH) {
    struct node *n = InterlockedFlushSList(full_list);
    if (n == NULL) {
      NtWaitForSingleObjectEx(work, 1, 0, NULL);
      continue;
    }
    batches++;
    while (n) {
      struct node *next = n->next;
      order = order * 31 + n->id;
      burn(40);
      if (InterlockedPushEntrySList(free_list, n) == NULL)
        NtSetEvent(room, NULL);
      else
        NtSetEvent(room, NULL);
      consumed++;
      n = next;
    }
  }
  NtReleaseSemaphore(quit, 1, NULL);
  ExTerminateThread(0);
}
int main(void) {
  HANDLE t[3];
  NtCreateEvent(&room, NULL, AUTO, 0), NtCreateEvent(&work, NULL, AUTO, 0);
  NtCreateSemaphore(&quit, NULL, 0, 3);
  for (u32 i = 0; i < BLOCKS; i++) InterlockedPushEntrySList(free_list, &nodes[i]);
  ExCreateThread(&t[0], 0x8000, NULL, NULL, (void *)producer, (void *)0, CORE(1));
  ExCreateThread(&t[1], 0x8000, NULL, NULL, (void *)producer, (void *)1, CORE(2));
  ExCreateThread(&t[2], 0x8000, NULL, NULL, (void *)consumer, NULL, CORE(3));
  for (u32 i = 0; i < 3; i++) {
    NtWaitForSingleObjectEx(quit, 1, 0, NULL);
    NtSetEvent(room, NULL);
  }
  NtWaitForMultipleObjectsEx(3, t, 0, 1, 0, NULL);
  DbgPrint("%d %d\n", produced, consumed);
  return 0;
}

// Messages through interlocked lists: producers take blocks from a free list, push them on a mailbox, and release one
// semaphore; consumers flush the mailbox whole, answer each block's sender, and push it back. Statistics decide at the
// end whether the logs are written.
#include "runtime.h"

#define PRODUCERS 3
#define BLOCKS 8
#define EACH 7

struct block {
  struct block *next;
  u32 sender, value, serial;
} __attribute__((aligned(16)));

static struct block pool[BLOCKS];
static u32 free_list[2] __attribute__((aligned(8))), mail[2] __attribute__((aligned(8)));
static HANDLE free_blocks, posted, replies[PRODUCERS];
static volatile u32 answers[PRODUCERS], handled;

static u32 producer(u32 self) {
  u32 sum = self;
  for (u32 i = 0; i < EACH; i++) {
    await(free_blocks, FOREVER);
    struct block *b = InterlockedPopEntrySList(free_list);
    if (b == NULL) return i;
    b->sender = self, b->value = sum, b->serial = i;
    burn(50 * (self + 1));
    InterlockedPushEntrySList(mail, b);
    release(posted, 1);
    await(replies[self], FOREVER);
    sum = answers[self];
  }
  return sum;
}

static u32 consumer(u32 unused) {
  (void)unused;
  while (handled < PRODUCERS * EACH) {
    await(posted, FOREVER);
    for (struct block *b = InterlockedFlushSList(mail), *next; b; b = next) {
      next = b->next;
      answers[b->sender] = b->value * 31 + b->serial;
      u32 to = b->sender;
      InterlockedPushEntrySList(free_list, b);
      release(free_blocks, 1);
      set(replies[to]);
      handled++;
    }
  }
  return handled;
}

int main(void) {
  HANDLE p[PRODUCERS + 1];
  for (u32 i = 0; i < BLOCKS; i++) InterlockedPushEntrySList(free_list, &pool[i]);
  free_blocks = make_semaphore(BLOCKS, BLOCKS), posted = make_semaphore(0, 64);
  for (u32 i = 0; i < PRODUCERS; i++) replies[i] = make_event(0, 0, NULL);
  p[PRODUCERS] = begin(consumer, 0, CORE(1));
  for (u32 i = 0; i < PRODUCERS; i++) p[i] = begin(producer, i, CORE(2 + i));
  await_many(PRODUCERS + 1, p, 1, FOREVER);
  u32 sum = 0, blocks = 0;
  for (u32 i = 0; i < PRODUCERS; i++) sum = sum * 5 + answers[i];
  while (InterlockedPopEntrySList(free_list)) blocks++;
  if (blocks != BLOCKS || handled != PRODUCERS * EACH) {
    HANDLE log = open("cache:\\slist.log", 1);
    close(log);
  }
  for (u32 i = 0; i <= PRODUCERS; i++) close(p[i]);
  DbgPrint("%x\n", sum);
  return 0;
}

// A bus of events: who publishes holds the topics' mutant within a critical region, and leaves a letter in the box of
// each subscriber of the topic; each has an event of its own and says by a semaphore that it has read. One subscribes
// late, one leaves early, and a ledger under another mutant is taken twice by one thread.
#include "engine.h"
void KeEnterCriticalRegion(void), KeLeaveCriticalRegion(void);
#define SUBSCRIBERS 4
#define LETTERS 20
struct letter {
  u32 next, topic, number, to;
} __attribute__((aligned(16)));
struct box {
  u64 head;
  HANDLE event;
  u32 topics, read, sum;
} __attribute__((aligned(16)));
static struct letter store[LETTERS * SUBSCRIBERS];
static struct box boxes[SUBSCRIBERS];
static HANDLE topics, ledger, acks, subscribed, readers[SUBSCRIBERS], printer;
static volatile u32 used, sent[4], total_read, closing;

static void hold(HANDLE mutant) {
  KeEnterCriticalRegion();
  NtWaitForSingleObjectEx(mutant, 1, 0, NULL);
}
static void leave(HANDLE mutant) {
  NtReleaseMutant(mutant, NULL);
  KeLeaveCriticalRegion();
}

static u32 publish(u32 topic, u32 number) {
  u32 n = 0;
  hold(topics);
  for (u32 i = 0; i < SUBSCRIBERS; i++) {
    if (!(boxes[i].topics >> topic & 1)) continue;
    struct letter *l = &store[add(&used, 1) - 1];
    l->topic = topic, l->number = number, l->to = i;
    InterlockedPushEntrySList(&boxes[i].head, l);
    NtSetEvent(boxes[i].event, NULL);
    n++;
  }
  sent[topic] += n;
  leave(topics);
  return n;
}

static void subscribe(u32 i, u32 mask) {
  hold(topics);
  boxes[i].topics = mask;
  leave(topics);
}

static void note(u32 n) {
  hold(ledger);
  hold(ledger);
  total_read += n;
  leave(ledger);
  leave(ledger);
}

static u32 empty(struct box *b) {
  u32 n = 0;
  struct letter *l = InterlockedFlushSList(&b->head);
  for (; l; l = (struct letter *)(usize)l->next) {
    b->sum += l->topic * 100 + l->number;
    n++;
  }
  return n;
}

static void reader(void *ctx) {
  struct box *b = &boxes[(u32)(usize)ctx];
  NtSetEvent(subscribed, NULL);
  for (;;) {
    NtWaitForSingleObjectEx(b->event, 1, 0, NULL);
    u32 n = empty(b);
    b->read += n;
    burn(200);
    if (n) note(n), NtReleaseSemaphore(acks, n, NULL);
    if (closing) break;
  }
  ExTerminateThread(b->read);
}

static void press(void *unused) {
  (void)unused;
  for (u32 i = 0; i < 5; i++) publish(3, i), nap(3);
  ExTerminateThread(5);
}

// Waits until so many letters are read.
static void until(u32 n) {
  s64 limit = MS(300);
  for (u32 i = 0; i < n; i++)
    if (NtWaitForSingleObjectEx(acks, 1, 0, &limit) == STATUS_TIMEOUT) {
      DbgPrint("eventbus: %d are not read\n", n - i);
      break;
    }
}

int main(void) {
  static const u32 masks[SUBSCRIBERS] = {0x3, 0x5, 0x6, 0x7};
  NtCreateMutant(&topics, NULL, 0), NtCreateMutant(&ledger, NULL, 0);
  NtCreateSemaphore(&acks, NULL, 0, LETTERS * SUBSCRIBERS);
  NtCreateEvent(&subscribed, NULL, AUTO, 0);
  for (u32 i = 0; i < SUBSCRIBERS; i++) {
    NtCreateEvent(&boxes[i].event, NULL, AUTO, 0);
    ExCreateThread(&readers[i], 0x8000, NULL, NULL, (void *)reader, (void *)(usize)i, CORE(1 + i));
    NtWaitForSingleObjectEx(subscribed, 1, 0, NULL);
    if (i != 3) subscribe(i, masks[i]);
  }
  for (u32 i = 0; i < 4; i++) until(publish(0, i) + publish(1, i));
  subscribe(3, masks[3] | 8);
  subscribe(0, 0);
  ExCreateThread(&printer, 0x8000, NULL, NULL, (void *)press, NULL, CORE(5));
  for (u32 i = 0; i < 4; i++) until(publish(2, i)), nap(2);
  NtWaitForSingleObjectEx(printer, 1, 0, NULL);
  until(5);
  closing = 1;
  for (u32 i = 0; i < SUBSCRIBERS; i++) NtSetEvent(boxes[i].event, NULL);
  NtWaitForMultipleObjectsEx(SUBSCRIBERS, readers, 0, 1, 0, NULL);
  DbgPrint("eventbus: %d read of %d, %d\n", total_read, used,
           boxes[0].sum + boxes[1].sum + boxes[2].sum + boxes[3].sum);
  for (u32 i = 0; i < SUBSCRIBERS; i++) NtClose(readers[i]), NtClose(boxes[i].event);
  NtClose(printer), NtClose(topics), NtClose(ledger), NtClose(acks), NtClose(subscribed);
  return 0;
}

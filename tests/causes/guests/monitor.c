// Monitors as ported code makes them: a lock with a count of who waits and a semaphore for them (signal, broadcast), a
// mutant that is given up in the call that waits, a lock that is only tried, and a bounded buffer between two pairs.
#include "stage.h"

#define ROOM 3
#define ITEMS 10

struct monitor {
  CRITICAL_SECTION lock;
  HANDLE woken;
  u32 waiting;
};

static struct monitor not_empty, not_full;
static CRITICAL_SECTION box, books;
static u32 buffer[ROOM], in, out, held, entries, skipped;
static HANDLE baton, turn[2], closing;
static volatile u32 rounds;

static void m_wait(struct monitor *m, CRITICAL_SECTION *outer) {
  RtlEnterCriticalSection(&m->lock);
  m->waiting++;
  RtlLeaveCriticalSection(&m->lock);
  RtlLeaveCriticalSection(outer);
  if (wait_for(m->woken, MS(500)) == STATUS_TIMEOUT) DbgPrint("monitor: woken by nobody\n");
  RtlEnterCriticalSection(outer);
}

static void m_signal(struct monitor *m, u32 all) {
  RtlEnterCriticalSection(&m->lock);
  u32 n = all ? m->waiting : m->waiting != 0;
  m->waiting -= n;
  RtlLeaveCriticalSection(&m->lock);
  if (n) NtReleaseSemaphore(m->woken, n, NULL);
}

static void producer(void *ctx) {
  u32 from = (u32)(usize)ctx;
  for (u32 i = 0; i < ITEMS; i++) {
    RtlEnterCriticalSection(&box);
    while (held == ROOM) m_wait(&not_full, &box);
    buffer[in++ % ROOM] = from + i, held++;
    RtlLeaveCriticalSection(&box);
    m_signal(&not_empty, 0);
    crunch(300);
  }
  ExTerminateThread(from);
}

static void consumer(void *ctx) {
  u32 sum = 0, n = (u32)(usize)ctx;
  while (n-- > 0) {
    RtlEnterCriticalSection(&box);
    while (held == 0) m_wait(&not_empty, &box);
    sum += buffer[out++ % ROOM], held--;
    RtlLeaveCriticalSection(&box);
    m_signal(&not_full, 1);
    if (RtlTryEnterCriticalSection(&books)) {
      entries++;
      RtlLeaveCriticalSection(&books);
    } else {
      skipped++;
    }
    crunch(700);
  }
  ExTerminateThread(sum);
}

// Two that take turns: who has the baton works, then passes the turn and waits for its own in one call.
static void player(void *ctx) {
  u32 me = (u32)(usize)ctx, played = 0;
  s64 patience = MS(300);
  if (me) wait_for(turn[1], 0);
  for (;;) {
    wait_for(baton, 0);
    u32 more = rounds++ < 12;
    NtReleaseMutant(baton, NULL);
    played++;
    if (!more) break;
    NTSTATUS s = NtSignalAndWaitForSingleObjectEx(turn[!me], turn[me], 1, 0, &patience);
    if (s == STATUS_TIMEOUT) {
      DbgPrint("monitor: player %d waits no more\n", me);
      break;
    }
  }
  NtSetEvent(turn[!me], NULL);
  ExTerminateThread(played);
}

static void clerk(void *unused) {
  (void)unused;
  u32 seen = 0;
  while (wait_for(closing, MS(3)) == STATUS_TIMEOUT)
    if (RtlTryEnterCriticalSection(&books)) {
      seen = entries;
      RtlLeaveCriticalSection(&books);
    }
  ExTerminateThread(seen != 0);
}

int main(void) {
  s32 before = 0;
  struct monitor *both[2] = {&not_empty, &not_full};
  RtlInitializeCriticalSection(&box), RtlInitializeCriticalSection(&books);
  for (u32 i = 0; i < 2; i++) {
    RtlInitializeCriticalSection(&both[i]->lock);
    both[i]->woken = new_semaphore(0, 8);
    turn[i] = new_event(1, 0);
  }
  NtCreateMutant(&baton, NULL, 0);
  closing = new_event(0, 0);
  HANDLE t[6] = {spawn(consumer, ITEMS, ON(1)), spawn(consumer, ITEMS, ON(2)), spawn(producer, 100, ON(3)),
                 spawn(producer, 200, ON(4)),   spawn(player, 0, ON(5)),       spawn(player, 1, ON(1))};
  HANDLE c = spawn(clerk, 0, ON(5));
  for (u32 i = 0; i < 6; i++) join(t[i]);
  NtSetEvent(closing, &before);
  if (before) DbgPrint("monitor: closed before\n");
  join(c);
  DbgPrint("monitor: %d rounds, %d entries\n", rounds, entries + skipped);
  return 0;
}

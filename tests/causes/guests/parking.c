// Workers that park: each suspends itself when it has nothing to do and is resumed by whoever brings work; the boss
// checks by the previous counts that it was asleep, and stops one from outside for a while to look at its state.
#include "stage.h"

s32 KeResumeThread(void *), KeSuspendThread(void *);
NTSTATUS ObLookupThreadByThreadId(u32, void **);

#define WORKERS 3
#define ROUNDS 3

struct lot {
  HANDLE thread, arrived, finished;
  u32 id, work, result, parked;
  void *object;
};

static struct lot lots[WORKERS];
static volatile u32 leaving;
static u32 odd;

static void worker(void *ctx) {
  struct lot *l = &lots[(u32)(usize)ctx];
  for (;;) {
    u32 before = 7;
    NtSetEvent(l->arrived, NULL);
    NTSTATUS s = NtSuspendThread(CURRENT_THREAD, &before);
    if (FAILED(s) || before != 0) {
      DbgPrint("parking: worker %d cannot park (%x, %d)\n", (u32)(usize)ctx, s, before);
      pause_ms(4);
    }
    l->parked++;
    if (leaving) break;
    crunch(200 + l->work * 40);
    l->result = l->result * 7 + l->work;
    NtSetEvent(l->finished, NULL);
  }
  ExTerminateThread(l->result);
}

static void wake(struct lot *l, u32 work) {
  u32 before = 9;
  l->work = work;
  NTSTATUS s = NtResumeThread(l->thread, &before);
  if (FAILED(s)) complain("parking: resume", s);
  if (before != 1) odd++;
}

static u32 collect(struct lot *l) {
  if (wait_for(l->finished, MS(300)) != STATUS_SUCCESS) {
    DbgPrint("parking: worker %d does not finish\n", (u32)(l - lots));
    return 0;
  }
  wait_for(l->arrived, MS(300));
  pause_ms(1); // it is on its way to its place
  return l->result;
}

// Stopped twice and let go twice: the counts must come out.
static void inspect(struct lot *l) {
  if (l->object == NULL) {
    DbgPrint("parking: nothing to inspect\n");
    return;
  }
  s32 first = KeSuspendThread(l->object), second = KeSuspendThread(l->object);
  s32 third = KeResumeThread(l->object), fourth = KeResumeThread(l->object);
  if (second != first + 1 || third != second + 1 || fourth != third - 1)
    DbgPrint("parking: counts %d %d %d %d\n", first, second, third, fourth);
}

static void open_lot(u32 i) {
  struct lot *l = &lots[i];
  l->arrived = new_event(1, 0), l->finished = new_event(1, 0);
  NTSTATUS s = ExCreateThread(&l->thread, 0x8000, &l->id, NULL, (void *)worker, (void *)(usize)i, ON(1 + i));
  if (FAILED(s)) complain("parking: worker", s);
  wait_for(l->arrived, MS(300));
  pause_ms(1);
  s = ObLookupThreadByThreadId(l->id, &l->object);
  if (FAILED(s)) complain("parking: lookup", s);
}

int main(void) {
  u32 sum = 0;
  for (u32 i = 0; i < WORKERS; i++) open_lot(i);
  for (u32 r = 0; r < ROUNDS; r++) {
    for (u32 i = 0; i < WORKERS; i++) wake(&lots[i], r * WORKERS + i + 1);
    for (u32 i = 0; i < WORKERS; i++) sum = sum * 3 + collect(&lots[i]);
    inspect(&lots[r]);
  }
  leaving = 1;
  for (u32 i = 0; i < WORKERS; i++) wake(&lots[i], 0);
  for (u32 i = 0; i < WORKERS; i++) {
    if (lots[i].object) ObDereferenceObject(lots[i].object);
    join(lots[i].thread);
  }
  DbgPrint("parking: %x, %d odd, parked %d %d %d\n", sum, odd, lots[0].parked, lots[1].parked, lots[2].parked);
  return 0;
}

// A session between a host and two players, in rounds: random numbers and digests that the two sides must agree on, a
// clock that both read, clears of events that would otherwise be seen twice, and work at raised IRQL as drivers do it.
#include "stage.h"

u32 KeRaiseIrqlToDpcLevel(void), KfRaiseIrql(u32);
void KfLowerIrql(u32), KeAcquireSpinLockAtRaisedIrql(u32 *), KeReleaseSpinLockFromRaisedIrql(u32 *);
void KeEnterCriticalRegion(void), KeLeaveCriticalRegion(void);
void *InterlockedPushEntrySList(void *head, void *entry), *InterlockedPopEntrySList(void *head);
void *InterlockedFlushSList(void *head);
u32 KeTryToAcquireSpinLockAtRaisedIrql(u32 *);
void RtlTimeToTimeFields(const u64 *, u16 *);
u32 RtlTimeFieldsToTime(const u16 *, u64 *);
s32 KePulseEvent(KEVENT *, u32, u32);
void KeInitializeEvent(KEVENT *, u32 type, u32 state);

#define PLAYERS 2
#define ROUNDS 4

struct packet {
  struct packet *next;
  u32 player, round;
} __attribute__((aligned(8)));

static struct packet packets[PLAYERS][ROUNDS];
static u32 inbox[2] __attribute__((aligned(8))), wire, order, lost;
static HANDLE begin[PLAYERS], sent, agreed;
static KEVENT gong;
static CRITICAL_SECTION board;
static u32 scores[PLAYERS], rounds;

static void transmit(struct packet *p) {
  u32 irql = KeRaiseIrqlToDpcLevel();
  KeAcquireSpinLockAtRaisedIrql(&wire);
  order = order * 3 + p->player;
  KeReleaseSpinLockFromRaisedIrql(&wire);
  KfLowerIrql(irql);
  InterlockedPushEntrySList(inbox, p);
}

static void player(void *ctx) {
  u32 self = (u32)(usize)ctx;
  for (u32 r = 0; r < ROUNDS; r++) {
    if (wait_for(begin[self], MS(700)) != STATUS_SUCCESS) {
      DbgPrint("session: player %d waits for round %d\n", self, r);
      break;
    }
    struct packet *p = &packets[self][r];
    p->player = self, p->round = r;
    crunch(150 * (self + 1));
    transmit(p);
    NtReleaseSemaphore(sent, 1, NULL);
    NTSTATUS s = wait_for(agreed, MS(700));
    if (s != STATUS_SUCCESS) complain("session: agreement", s);
    s32 previous = 0;
    NtSetEvent(begin[self], &previous); // that it has seen it
    if (previous) lost++;
    pause_ms(4);
  }
  s64 patience = MS(200);
  NTSTATUS s = KeWaitForSingleObject(&gong, 3, 1, 0, &patience);
  if (s != STATUS_SUCCESS) DbgPrint("session: player %d did not hear the gong (%x)\n", self, s);
  ExTerminateThread(scores[self]);
}

static u32 one_round(u32 r) {
  u32 got = 0;
  for (u32 i = 0; i < PLAYERS; i++) {
    NtSetEvent(begin[i], NULL);
    if (wait_for(sent, MS(500)) != STATUS_SUCCESS) DbgPrint("session: round %d: player %d is silent\n", r, i);
  }
  struct packet *list = r == ROUNDS - 1 ? InterlockedFlushSList(inbox) : NULL;
  for (;;) {
    struct packet *p = r == ROUNDS - 1 ? list : InterlockedPopEntrySList(inbox);
    if (p == NULL) break;
    list = p->next;
    RtlEnterCriticalSection(&board);
    scores[p->player] += p->round + 1;
    RtlLeaveCriticalSection(&board);
    got++;
  }
  if (got != PLAYERS) DbgPrint("session: round %d: %d packets\n", r, got);
  NtSetEvent(agreed, NULL);
  pause_ms(2);
  NtClearEvent(agreed);
  for (u32 i = 0; i < PLAYERS; i++)
    if (wait_for(begin[i], MS(100)) != STATUS_SUCCESS) DbgPrint("session: player %d has not seen it\n", i);
  return got;
}

static void date(void) {
  u64 now = 0, again = 0;
  u16 fields[8] = {0};
  KeQuerySystemTime(&now);
  RtlTimeToTimeFields(&now, fields);
  if (fields[0] < 2005) DbgPrint("session: set the clock first\n");
  if (!RtlTimeFieldsToTime(fields, &again)) DbgPrint("session: what day is it?\n");
  if (now - again > 10000) DbgPrint("session: the clock is wrong\n");
}

int main(void) {
  HANDLE t[PLAYERS];
  RtlInitializeCriticalSection(&board);
  KeInitializeEvent(&gong, 0, 0);
  sent = new_semaphore(0, PLAYERS), agreed = new_event(0, 0);
  date();
  KeEnterCriticalRegion();
  for (u32 i = 0; i < PLAYERS; i++) begin[i] = new_event(1, 0);
  KeLeaveCriticalRegion();
  for (u32 i = 0; i < PLAYERS; i++) t[i] = spawn(player, i, ON(2 + 2 * i));
  for (u32 r = 0; r < ROUNDS; r++) {
    rounds += one_round(r) == PLAYERS;
    pause_ms(6);
  }
  pause_ms(5);
  u32 irql = KfRaiseIrql(2), mine = KeTryToAcquireSpinLockAtRaisedIrql(&wire);
  if (mine) KeReleaseSpinLockFromRaisedIrql(&wire);
  KfLowerIrql(irql);
  if (!mine) DbgPrint("session: the wire is busy\n");
  KePulseEvent(&gong, 1, 0);
  for (u32 i = 0; i < PLAYERS; i++) join(t[i]);
  DbgPrint("session: %d rounds, %d to %d, order %x, %d lost\n", rounds, scores[0], scores[1], order, lost);
  return 0;
}

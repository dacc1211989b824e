// A lobby that lives by APCs alone: the host sleeps alertably, its heartbeat and its countdown are timers with APCs,
// and three peers knock, get ready and score by queueing APCs to it; it answers by APCs to them. A table says what a
// state does with what happens.
#include "engine.h"
#define PEERS 3
#define HITS 3
enum { OPEN, FILLING, COUNTDOWN, PLAYING, RESULTS, SHUT };
enum { JOIN, READY, SCORE, LEAVE, BEAT, ZERO };
static HANDLE host_thread, peer[PEERS], heartbeat, countdown, over;
static volatile u32 state, joined, ready, left, beats, score[PEERS], told[PEERS], moves;
static volatile u32 welcome[PEERS], started[PEERS], ended[PEERS];

static void to_peers(void *routine, u32 value) {
  for (u32 i = 0; i < PEERS; i++) NtQueueApcThread(peer[i], routine, (void *)(usize)i, (void *)(usize)value, NULL);
}
static void on_welcome(void *who, void *value, void *x) { (void)x, welcome[(u32)(usize)who] = (u32)(usize)value; }
static void on_start(void *who, void *value, void *x) { (void)x, started[(u32)(usize)who] = (u32)(usize)value; }
static void on_end(void *who, void *value, void *x) { (void)x, ended[(u32)(usize)who] = (u32)(usize)value; }

static void move(u32 to) {
  state = to;
  moves++;
}

static void event(u32 what, u32 who, u32 value);
static void on_zero(void *ctx, u32 low, u32 high) { (void)ctx, (void)low, (void)high, event(ZERO, 0, 0); }
static void on_beat(void *ctx, u32 low, u32 high) { (void)ctx, (void)low, (void)high, event(BEAT, 0, 0); }

static void count_down(u32 ms) {
  s64 due = MS(ms);
  NtSetTimerEx(countdown, &due, (void *)on_zero, 1, NULL, 0, 0, NULL);
}

static void event(u32 what, u32 who, u32 value) {
  if (what == BEAT) {
    beats++;
  } else if (what == JOIN && state <= FILLING) {
    if (state == OPEN) move(FILLING);
    joined++;
    NtQueueApcThread(peer[who], (void *)on_welcome, (void *)(usize)who, (void *)(usize)(100 + value), NULL);
  } else if (what == READY && state == FILLING) {
    if (++ready == PEERS) move(COUNTDOWN), count_down(6);
  } else if (what == ZERO && state == COUNTDOWN) {
    move(PLAYING);
    to_peers((void *)on_start, 7);
  } else if (what == SCORE && state == PLAYING) {
    score[who] += value;
    if (score[0] + score[1] + score[2] == 3 * HITS * 10)
      move(RESULTS), to_peers((void *)on_end, score[0]), count_down(4);
  } else if (what == ZERO && state == RESULTS) {
    move(SHUT);
    NtSetEvent(over, NULL);
  } else if (what == LEAVE) {
    left++;
  } else {
    DbgPrint("peerlobby: %d is not for state %d\n", what, state);
  }
}

static void on_host(void *what, void *who, void *value) { event((u32)(usize)what, (u32)(usize)who, (u32)(usize)value); }

static void tell(u32 what, u32 who, u32 value) {
  NTSTATUS s =
      NtQueueApcThread(host_thread, (void *)on_host, (void *)(usize)what, (void *)(usize)who, (void *)(usize)value);
  if ((s32)s < 0) DbgPrint("peerlobby: peer %d is not heard, %d\n", who, RtlNtStatusToDosError(s));
}

static u32 hear(volatile u32 *flag) {
  s64 slice = MS(400);
  for (u32 i = 0; i < 3 && *flag == 0; i++) KeDelayExecutionThread(1, 1, &slice);
  return *flag;
}

static void peer_main(void *ctx) {
  u32 me = (u32)(usize)ctx;
  nap(1 + 2 * me);
  tell(JOIN, me, me);
  if (!hear(&welcome[me])) DbgPrint("peerlobby: no welcome for %d\n", me);
  tell(READY, me, 0);
  if (!hear(&started[me])) DbgPrint("peerlobby: no start for %d\n", me);
  for (u32 i = 0; i < HITS; i++) {
    burn(300 + 100 * me);
    tell(SCORE, me, 10);
    nap(2);
  }
  if (!hear(&ended[me])) DbgPrint("peerlobby: no end for %d\n", me);
  tell(LEAVE, me, 0);
  ExTerminateThread(me);
}

static void host(void *unused) {
  s64 first = MS(3), rest = MS(50);
  (void)unused;
  NtSetTimerEx(heartbeat, &first, (void *)on_beat, 1, NULL, 0, 5, NULL);
  for (u32 i = 0; i < 80 && (state != SHUT || left < PEERS); i++) KeDelayExecutionThread(1, 1, &rest);
  NtCancelTimer(heartbeat, NULL);
  ExTerminateThread(state);
}

int main(void) {
  s64 limit = MS(2000);
  NtCreateEvent(&over, NULL, AUTO, 0);
  NtCreateTimer(&heartbeat, NULL, 1), NtCreateTimer(&countdown, NULL, 0);
  ExCreateThread(&host_thread, 0x8000, NULL, NULL, (void *)host, NULL, CORE(1) | 1);
  for (u32 i = 0; i < PEERS; i++)
    ExCreateThread(&peer[i], 0x8000, NULL, NULL, (void *)peer_main, (void *)(usize)i, CORE(2 + i) | 1);
  NtResumeThread(host_thread, NULL);
  for (u32 i = 0; i < PEERS; i++) NtResumeThread(peer[i], NULL);
  if (NtWaitForSingleObjectEx(over, 1, 0, &limit) == STATUS_TIMEOUT) DbgPrint("peerlobby: it is not over\n");
  NtWaitForMultipleObjectsEx(PEERS, peer, 0, 1, 0, NULL);
  NtWaitForSingleObjectEx(host_thread, 1, 0, NULL);
  DbgPrint("peerlobby: %d moves, %d joined, %d left, score %d\n", moves, joined, left, score[0] + score[1] + score[2]);
  for (u32 i = 0; i < PEERS; i++) NtClose(peer[i]);
  NtClose(host_thread), NtClose(heartbeat), NtClose(countdown), NtClose(over);
  return 0;
}

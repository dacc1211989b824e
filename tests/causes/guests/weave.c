// A job graph that counts down: a job is ready when the last that it depends on has ended, and whoever ended that one
// sets its event. Three lanes have their jobs in a fixed order; two jobs read a file, one makes a job of its own.
#include "engine.h"
#define JOBS 10
#define FRAMES 4
#define NONE 0xFF

struct job {
  u8 lane, kind, next[4];
  volatile u32 missing;
  u32 depends, out;
  HANDLE ready;
};
enum { SUM, LOAD, FORK, PAUSE };
static struct job jobs[JOBS] = {{0, SUM, {2, 3, NONE}, 0, 0, 0, 0}, {1, LOAD, {3, 4, NONE}, 0, 0, 0, 0},
                                {0, SUM, {5, NONE}, 0, 1, 0, 0},    {1, FORK, {5, 6, NONE}, 0, 2, 0, 0},
                                {2, PAUSE, {6, NONE}, 0, 1, 0, 0},  {0, LOAD, {7, NONE}, 0, 2, 0, 0},
                                {1, SUM, {7, 8, NONE}, 0, 2, 0, 0}, {2, SUM, {9, NONE}, 0, 2, 0, 0},
                                {1, PAUSE, {9, NONE}, 0, 1, 0, 0},  {2, SUM, {NONE}, 0, 2, 0, 0}};
static HANDLE begin_frame[3], frame_done, fork_go, fork_done;
static KSEMAPHORE lane_idle;
static volatile u32 inputs[JOBS][4];
static u32 stop;

static u32 load(u32 i) {
  static u8 bytes[JOBS][512];
  HANDLE f = 0;
  IO_STATUS_BLOCK io = {0, 0};
  u64 at = 64 * i;
  u32 sum = 0;
  if (open_file(&f, &io, i == 1 ? "game:\\data\\part2.bin" : "game:\\data\\part4.bin", FOR_READ, 1, 0x60) != 0) {
    DbgPrint("weave: job %d has no file\n", i);
    return 0;
  }
  if (NtReadFile(f, 0, NULL, NULL, &io, bytes[i], 512, &at) != 0) DbgPrint("weave: job %d reads nothing\n", i);
  for (u32 k = 0; k < io.information; k += 16) sum += bytes[i][k];
  NtClose(f);
  return sum;
}

static u32 run(u32 i) {
  u32 v = i;
  for (u32 k = 0; k < 4; k++) v += inputs[i][k];
  if (jobs[i].kind == LOAD) return v + load(i);
  if (jobs[i].kind == PAUSE) nap(1);
  if (jobs[i].kind == FORK) {
    NtSetEvent(fork_go, NULL);
    burn(300);
    NtWaitForSingleObjectEx(fork_done, 1, 0, NULL);
  }
  burn(60 * i);
  return v;
}

static void ended(u32 i) {
  const struct job *j = &jobs[i];
  for (u32 k = 0; k < 4 && j->next[k] != NONE; k++) {
    struct job *n = &jobs[j->next[k]];
    inputs[j->next[k]][i & 3] = j->out;
    if (add(&n->missing, (u32)-1) == 0) NtSetEvent(n->ready, NULL);
  }
  if (j->next[0] == NONE) NtSetEvent(frame_done, NULL);
}

static void lane(void *ctx) {
  u32 me = (u32)(usize)ctx;
  for (;;) {
    NtWaitForSingleObjectEx(begin_frame[me], 1, 0, NULL);
    if (stop) break;
    for (u32 i = 0; i < JOBS; i++) {
      if (jobs[i].lane != me) continue;
      if (jobs[i].depends) NtWaitForSingleObjectEx(jobs[i].ready, 1, 0, NULL);
      jobs[i].out = run(i);
      ended(i);
    }
    KeReleaseSemaphore(&lane_idle, 1, 1, 0);
  }
  ExTerminateThread(me);
}

static void forked(void *ctx) {
  u32 n = 0;
  (void)ctx;
  for (;;) {
    NtWaitForSingleObjectEx(fork_go, 1, 0, NULL);
    if (stop) break;
    void *scratch = ExAllocatePoolTypeWithTag(256, 0x57454156, 0);
    if (scratch == NULL) DbgPrint("weave: no scratch\n");
    burn(200);
    if (scratch) ExFreePool(scratch);
    n++;
    NtSetEvent(fork_done, NULL);
  }
  ExTerminateThread(n);
}

int main(void) {
  HANDLE t[4];
  KeInitializeSemaphore(&lane_idle, 0, 3);
  NtCreateEvent(&frame_done, NULL, AUTO, 0), NtCreateEvent(&fork_go, NULL, AUTO, 0);
  NtCreateEvent(&fork_done, NULL, AUTO, 0);
  for (u32 i = 0; i < 3; i++) NtCreateEvent(&begin_frame[i], NULL, AUTO, 0);
  for (u32 i = 0; i < JOBS; i++) NtCreateEvent(&jobs[i].ready, NULL, AUTO, 0);
  for (u32 i = 0; i < 3; i++) ExCreateThread(&t[i], 0x8000, NULL, NULL, (void *)lane, (void *)(usize)i, CORE(i + 1));
  ExCreateThread(&t[3], 0x8000, NULL, NULL, (void *)forked, NULL, CORE(4));
  for (u32 f = 0; f < FRAMES; f++) {
    s64 limit = MS(400);
    for (u32 i = 0; i < JOBS; i++) jobs[i].missing = jobs[i].depends;
    for (u32 i = 0; i < 3; i++) NtSetEvent(begin_frame[i], NULL);
    if (NtWaitForSingleObjectEx(frame_done, 1, 0, &limit) != 0) DbgPrint("weave: frame %d is late\n", f);
    for (u32 i = 0; i < 3; i++) KeWaitForSingleObject(&lane_idle, 3, 1, 0, NULL);
    DbgPrint("weave: frame %d %x\n", f, jobs[JOBS - 1].out);
  }
  stop = 1;
  for (u32 i = 0; i < 3; i++) NtSetEvent(begin_frame[i], NULL);
  NtSetEvent(fork_go, NULL);
  NtWaitForMultipleObjectsEx(4, t, 0, 1, 0, NULL);
  for (u32 i = 0; i < 4; i++) NtClose(t[i]);
  return 0;
}

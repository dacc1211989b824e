// Jobs of two priorities: workers wait for any of quit, urgent and idle work, in that order. A frame is three groups,
// each opened by the end of the one before; a group's last job tells by an event. Beats of a timer post idle jobs of
// sound. What was done is added under a mutant, and the frame's end under a lock that the reporter wants as well.
#include "runtime.h"
#define WORKERS 3
#define FRAMES 5
#define BEATS 6
#define DEPTH 32
struct job {
  u32 kind, group;
};
static HANDLE quit, work[2], totals, beat, beats_over, report_due, group_done[3];
static CRITICAL_SECTION queue_lock, frame_lock;
static struct job queue[2][DEPTH];
static u32 in[2], out[2], left[3], total[4], frames_done, beats_done, reports;
static const u32 sizes[3] = {4, 3, 2};

static void submit(u32 priority, u32 kind, u32 group) {
  lock(&queue_lock);
  queue[priority][in[priority]++ % DEPTH] = (struct job){kind, group};
  unlock(&queue_lock);
  release(work[priority], 1);
}

static struct job next(u32 priority) {
  lock(&queue_lock);
  struct job j = queue[priority][out[priority]++ % DEPTH];
  unlock(&queue_lock);
  return j;
}

static void run(struct job j) {
  burn(60 + 20 * j.kind);
  await(totals, FOREVER);
  total[j.kind]++;
  NtReleaseMutant(totals, NULL);
  if (j.kind == 3) return;
  if (__sync_sub_and_fetch(&left[j.group], 1) == 0) set(group_done[j.group]);
}

static u32 worker(u32 unused) {
  u32 n = 0;
  (void)unused;
  for (;;) {
    HANDLE any[3] = {quit, work[0], work[1]};
    NTSTATUS s = await_many(3, any, 0, FOREVER);
    if (s == 0 || s > 2) break;
    run(next(s - 1));
    n++;
  }
  return n > 100;
}

static u32 sound(u32 beats) {
  s64 due = MS(2);
  NtSetTimerEx(beat, &due, NULL, 1, NULL, 0, 3, NULL);
  for (u32 i = 0; i < beats; i++) {
    if (await(beat, 100) == STATUS_TIMEOUT) break;
    submit(1, 3, 0);
    beats_done++;
  }
  NtCancelTimer(beat, NULL);
  set(beats_over);
  return beats_done;
}

static u32 reporter(u32 frames) {
  for (u32 i = 0; i < frames; i++) {
    await(report_due, FOREVER);
    lock(&frame_lock);
    reports += frames_done == i + 1;
    unlock(&frame_lock);
  }
  return reports;
}

int main(void) {
  HANDLE t[WORKERS + 2];
  RtlInitializeCriticalSection(&queue_lock), RtlInitializeCriticalSection(&frame_lock);
  quit = make_event(1, 0, NULL), totals = make_mutant(0), beats_over = make_event(1, 0, NULL);
  report_due = make_event(0, 0, NULL);
  for (u32 i = 0; i < 2; i++) work[i] = make_semaphore(0, DEPTH);
  for (u32 i = 0; i < 3; i++) group_done[i] = make_event(0, 0, NULL);
  NtCreateTimer(&beat, NULL, 1);
  for (u32 i = 0; i < WORKERS; i++) t[i] = begin(worker, i, CORE(i + 1));
  t[WORKERS] = begin(sound, BEATS, CORE(4)), t[WORKERS + 1] = begin(reporter, FRAMES, CORE(5));
  for (u32 f = 0; f < FRAMES; f++) {
    for (u32 g = 0; g < 3; g++) {
      left[g] = sizes[g];
      for (u32 k = 0; k < sizes[g]; k++) submit(0, g, g);
      await(group_done[g], FOREVER);
    }
    lock(&frame_lock);
    frames_done++;
    unlock(&frame_lock);
    set(report_due);
    nap(3);
  }
  if (await(beats_over, 400) == STATUS_TIMEOUT) DbgPrint("jobgrid: the beat goes on\n");
  nap(2);
  await(totals, FOREVER);
  u32 sum = total[0] + total[1] + total[2];
  NtReleaseMutant(totals, NULL);
  set(quit);
  await_many(WORKERS + 2, t, 1, FOREVER);
  DbgPrint("jobgrid: %d of %d, %d beats, %d reports\n", sum, FRAMES * 9, beats_done, reports);
  for (u32 i = 0; i < WORKERS + 2; i++) close(t[i]);
  return 0;
}

// Sound as a device asks for it: a callback that wakes the mixer, voices that are started and stopped through a queue
// under a lock, a decoder's context, a fade that a timer's APC steps, and a watch that counts what came too late.
#include "runtime.h"

u32 XAudioRegisterRenderDriverClient(const void *, u32 *), XAudioUnregisterRenderDriverClient(u32);
u32 XAudioSubmitRenderDriverFrame(u32, const void *);
NTSTATUS XMACreateContext(u32 *);
void XMAReleaseContext(u32);
u32 XMAInitializeContext(u32, const void *), XMADisableContext(u32, u32), XMAEnableContext(u32),
    XMABlockWhileInUse(u32);

static KEVENT wanted;
static KSEMAPHORE credits;
static CRITICAL_SECTION queue_lock;
static HANDLE fade_over, stop, voice_gone;
static u32 driver, queue[8], queued, voices, frames, underruns, volume = 100, steps;
static float samples[6 * 256];

static void on_frame(void *ctx) {
  (void)ctx;
  KeSetEvent(&wanted, 1, 0);
}

static u32 mixer(u32 frames_wanted) {
  while (frames < frames_wanted) {
    if (await_here(&wanted, 30) == STATUS_TIMEOUT) {
      if (++underruns > 5) break;
      continue;
    }
    lock(&queue_lock);
    for (u32 i = 0; i < queued; i++) {
      voices += queue[i] ? 1u : 0xFFFFFFFFu;
      if (!queue[i]) set(voice_gone);
    }
    queued = 0;
    unlock(&queue_lock);
    for (u32 i = 0; i < 256; i++) samples[i] = (float)(voices * volume);
    XAudioSubmitRenderDriverFrame(driver, samples);
    frames++;
    if (frames % 4 == 0) KeReleaseSemaphore(&credits, 1, 1, 0);
  }
  set(stop);
  return frames;
}

static void command(u32 what) {
  lock(&queue_lock);
  if (queued < 8) queue[queued++] = what;
  unlock(&queue_lock);
}

static u32 player(u32 tunes) {
  u32 played = 0, context = 0;
  if (BAD(XMACreateContext(&context))) return 99;
  for (u32 i = 0; i < tunes; i++) {
    if (await_here(&credits, 200) == STATUS_TIMEOUT) break;
    command(1);
    XMAEnableContext(context);
    nap(3);
    XMADisableContext(context, 1);
    command(0);
    if (await(voice_gone, 80) == STATUS_TIMEOUT) last_error = 121;
    played++;
  }
  XMAReleaseContext(context);
  return played;
}

static void on_step(void *ctx, u32 low, u32 high) {
  (void)ctx, (void)low, (void)high;
  volume -= 20, steps++;
}

static u32 fader(u32 target) {
  HANDLE timer = 0;
  s64 first = MS(2);
  if (BAD(NtCreateTimer(&timer, NULL, 1))) return 0;
  NtSetTimerEx(timer, &first, (void *)on_step, 1, NULL, 0, 3, NULL);
  while (volume > target && !BAD(await_ex(stop, 500, 1)) && steps < 9) {
    if (await(stop, 0) == STATUS_SUCCESS) break;
  }
  NtCancelTimer(timer, NULL);
  close(timer);
  set(fade_over);
  return steps;
}

int main(void) {
  const void *client[2] = {(void *)on_frame, NULL};
  RtlInitializeCriticalSection(&queue_lock);
  KeInitializeEvent(&wanted, 1, 0), KeInitializeSemaphore(&credits, 0, 4);
  fade_over = make_event(0, 0, NULL), stop = make_event(1, 0, NULL), voice_gone = make_event(0, 0, NULL);
  if (BAD(XAudioRegisterRenderDriverClient(client, &driver))) return 1;
  HANDLE m = begin(mixer, 14, CORE(4)), p = begin(player, 2, CORE(3)), f = begin(fader, 20, CORE(5));
  if (await(fade_over, 700) == STATUS_TIMEOUT) last_error = 1460;
  finish(m), finish(p), finish(f);
  XAudioUnregisterRenderDriverClient(driver);
  DbgPrint("%d frames, %d late, volume %d\n", frames, underruns != 0, volume);
  return 0;
}

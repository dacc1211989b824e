// What the other threads do meanwhile. Nothing here is a cause: the counts differ by chance on the two sides.
#include "bench/diff/world.h"

static uint64_t lock_of(struct rng *r) {
  static const uint64_t locks[] = {0x82a70100u, 0x82a7011cu, 0x82a70138u, 0x40005574u, 0x40005590u};
  return locks[rng_below(r, 5)];
}

static uint32_t us(struct rng *r, uint32_t lo, uint32_t hi) { return rng_range(r, lo * 1000, hi * 1000); }

// A pair whose Enter may find the lock held.
static void contended_pair(struct thread *t, uint32_t percent) {
  uint64_t lock = lock_of(&t->rng);
  push_call(t, C_RtlEnterCriticalSection, -1, lock, us(&t->rng, 1, 9));
  if (rng_below(&t->rng, 100) < percent) {
    push(t, (struct ev){.kind = E_WAIT, .handle = -1, .flags = F_LOCK, .value = lock, .dt = 300});
    push(t, (struct ev){.kind = E_WAIT_END, .handle = -1, .dt = us(&t->rng, 2, 400)});
  }
  push_return(t, C_RtlEnterCriticalSection, 0, 90);
  push_plain(t, C_RtlLeaveCriticalSection, -1, lock, us(&t->rng, 1, 6));
}

static void timed_wait(struct thread *t, int32_t handle, uint8_t flags, uint32_t timeout) {
  push_call(t, C_NtWaitForSingleObjectEx, handle, 0, us(&t->rng, 2, 20));
  push(t, (struct ev){.kind = E_WAIT, .handle = handle, .flags = flags, .value = timeout, .dt = 200});
  push(t, (struct ev){.kind = E_WAIT_END, .handle = handle, .flags = flags, .status = 0x102, .dt = timeout});
  push_return(t, C_NtWaitForSingleObjectEx, 0, 300);
}

// The event that a thread of its own waits for, always to the time-out.
static bool own_event(struct world *w, struct thread *t) {
  if (t->state++) return false;
  int32_t h = world_handle(w, T_EVENT);
  push_call(t, C_NtCreateEvent, -1, 0, us(&t->rng, 2, 9));
  push(t, (struct ev){.kind = E_CREATE, .handle = h, .dt = 150});
  push_return(t, C_NtCreateEvent, 0, 150);
  t->event = h;
  return true;
}

static void spin(struct thread *t) {
  push_plain(t, C_KfAcquireSpinLock, -1, 0x40005c60u, us(&t->rng, 1, 5));
  push_plain(t, C_KfReleaseSpinLock, -1, 0x40005c60u, us(&t->rng, 1, 3));
}

static void job(struct world *w, struct thread *t) {
  uint32_t pairs = rng_range(&t->rng, 2, 5);
  for (uint32_t i = 0; i < pairs; i++) contended_pair(t, 20);
  if (t->job) {
    int32_t h = (int32_t)t->job - 1;
    push_call(t, C_NtSetEvent, h, 0, us(&t->rng, 3, 30));
    if (w->o->signals) push(t, (struct ev){.kind = E_SIGNAL, .handle = h, .name = C_NtSetEvent, .dt = 200});
    push_return(t, C_NtSetEvent, 0, 200);
  }
  t->has_job = false;
  t->job = 0;
}

bool noise_helper(struct world *w, struct thread *t) {
  if (t->has_job) job(w, t);
  uint32_t pairs = rng_range(&t->rng, 0, 5);
  for (uint32_t i = 0; i < pairs; i++) contended_pair(t, 8);
  if (rng_below(&t->rng, 3) == 0) spin(t);
  if (rng_below(&t->rng, 4) == 0) push_plain(t, C_KeSetEvent, -1, 0x82a70200u, us(&t->rng, 2, 8));
  timed_wait(t, w->pool, F_POOL, rng_range(&t->rng, 1, 4) * 4000000);
  return true;
}

bool noise_audio(struct world *w, struct thread *t) {
  if (own_event(w, t)) return true;
  timed_wait(t, t->event, 0, 5333000);
  contended_pair(t, 3);
  push_plain(t, C_XAudioSubmitRenderDriverFrame, -1, 0x41550001u, us(&t->rng, 20, 90));
  if (rng_below(&t->rng, 2)) push_plain(t, C_KeSetEvent, -1, 0x82a70220u, us(&t->rng, 2, 8));
  return true;
}

bool noise_vblank(struct world *w, struct thread *t) {
  (void)w;
  push_plain(t, C_KeGetCurrentProcessType, -1, 0, us(&t->rng, 16000, 17200));
  push_plain(t, C_KfAcquireSpinLock, -1, 0x40005c60u, 900);
  push_plain(t, C_KeQueryPerformanceFrequency, -1, 0, 400);
  push_plain(t, C_KfReleaseSpinLock, -1, 0x40005c60u, 400);
  if (rng_below(&t->rng, 3) == 0) {
    push_plain(t, C_KeAcquireSpinLockAtRaisedIrql, -1, 0x40004498u, 500);
    push_plain(t, C_KeReleaseSpinLockFromRaisedIrql, -1, 0x40004498u, 500);
  }
  return true;
}

bool noise_streamer(struct world *w, struct thread *t) {
  (void)w;
  push_call(t, C_KeDelayExecutionThread, -1, 0, us(&t->rng, 5, 40));
  push_return(t, C_KeDelayExecutionThread, 0, us(&t->rng, 29000, 31000));
  contended_pair(t, 4);
  if (rng_below(&t->rng, 5) == 0) push_plain(t, C_KeTlsGetValue, -1, 0, us(&t->rng, 1, 4));
  return true;
}

bool noise_notify(struct world *w, struct thread *t) {
  if (own_event(w, t)) return true;
  timed_wait(t, t->event, 0, 30000000);
  contended_pair(t, 2);
  push_plain(t, C_KeResetEvent, -1, 0x82a70240u, us(&t->rng, 1, 4));
  return true;
}

// The reference's main thread after its join: a frame of the game.
bool noise_frame(struct world *w, struct thread *t) {
  (void)w;
  for (int i = 0; i < 4; i++) push_plain(t, C_XamInputGetState, -1, 0, us(&t->rng, 1, 3));
  uint32_t pairs = rng_range(&t->rng, 200, 400);
  for (uint32_t i = 0; i < pairs; i++) push_pair(t, lock_of(&t->rng), us(&t->rng, 1, 12));
  for (int i = 0; i < 16; i++) push_plain(t, C_KeTlsGetValue, -1, 0, 700);
  push_plain(t, C_VdGetSystemCommandBuffer, -1, 0x7018f620u, us(&t->rng, 2, 9));
  push_plain(t, C_VdSwap, -1, 0x5fb06bc0u, us(&t->rng, 100, 900));
  return true;
}

// The thread that the reference's worker makes: a short life.
bool noise_child(struct world *w, struct thread *t) {
  (void)w;
  if (t->state++ == 40) return false;
  if (t->state == 40) {
    push_call(t, C_ExTerminateThread, -1, 0, us(&t->rng, 5, 9));
    push(t, (struct ev){.kind = E_EXIT, .handle = -1, .dt = 300});
    return true;
  }
  contended_pair(t, 10);
  return true;
}

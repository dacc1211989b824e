// A title in play, twenty threads of it: a frame has the AI's four parts, a barrier of the physics, a batch for a pool
// that takes jobs from one list, now and then a block of the disc through a streamer and a decoder, and sound beside
// it. What a block held is used forty frames later.
#include "runtime.h"

#ifndef FRAMES
#define FRAMES 120
#endif
#define POOL 6
#define MINDS 4
#define BODIES 3
#define STREAMERS 2
#define LATER 40

struct job {
  struct job *next;
  u32 kind, frame;
} __attribute__((aligned(16)));

static HANDLE work, batch, think[MINDS], thought[MINDS], bodies_in, bodies_out, wanted[STREAMERS], loaded, decoded,
    tick, block;
static HANDLE autosave, disc, stop;
static CRITICAL_SECTION scene, sound;
static struct job jobs[64];
static u32 list[2] __attribute__((aligned(8))), slot, history[64], saves, mixed, blocks[STREAMERS];
static volatile s32 open_jobs, arrived;
static volatile u32 frame, leaving, ring[16], ring_in, ring_out, lengths[16];
static u8 data[STREAMERS][1024];

static u32 pool(u32 self) {
  const HANDLE both[2] = {stop, work};
  while (await_many(2, both, 0, FOREVER) == 1) {
    struct job *j = InterlockedPopEntrySList(list);
    if (j == NULL) continue;
    u32 *own = KeTlsGetValue(slot);
    if (own == NULL) {
      own = ExAllocatePool(64);
      own[0] = self;
      KeTlsSetValue(slot, own);
    }
    own[0] += j->kind;
    burn(20 + 10 * j->kind);
    if (j->kind == 2) {
      lock(&scene);
      history[j->frame & 63] += j->kind;
      unlock(&scene);
    }
    if (__sync_sub_and_fetch(&open_jobs, 1) == 0) set(batch);
  }
  ExFreePool(KeTlsGetValue(slot));
  return 0;
}

static u32 mind(u32 self) {
  u32 mood = self;
  for (;;) {
    await(think[self], FOREVER);
    if (leaving) break;
    lock(&scene);
    mood += history[(frame - self) & 63];
    unlock(&scene);
    burn(10 + (mood & 7));
    set(thought[self]);
  }
  return mood;
}

static u32 body(u32 self) {
  u32 steps = 0;
  for (;;) {
    await(bodies_in, FOREVER);
    if (leaving) break;
    burn(15 * (self + 1));
    steps++;
    if (__sync_add_and_fetch(&arrived, 1) == BODIES) set(bodies_out);
  }
  return steps;
}

static u32 streamer(u32 self) {
  for (;;) {
    await(wanted[self], FOREVER);
    if (leaving) break;
    u32 n = read(disc, data[self], 1024, (u64)((blocks[self]++ * 2 + self) % 64) * 1024);
    ring[ring_in & 15] = self, lengths[ring_in & 15] = n, ring_in++;
    release(loaded, 1);
  }
  return blocks[self];
}

static u32 decoder(u32 unused) {
  const HANDLE both[2] = {stop, loaded};
  u32 n = 0;
  (void)unused;
  while (await_many(2, both, 0, FOREVER) == 1) {
    u32 from = ring[ring_out & 15], length = lengths[ring_out & 15];
    ring_out++;
    u8 *out = ExAllocatePool(length + 16);
    u32 sum = mixin(length, data[from], length);
    ExFreePool(out);
    lock(&scene);
    history[(frame + LATER) & 63] = (sum & 3) | (length == 1024 ? 0 : 256);
    unlock(&scene);
    n++;
    set(decoded);
  }
  return n;
}

static u32 ticker(u32 ms) {
  s64 due = MS(ms);
  NtSetTimerEx(tick, &due, NULL, 1, NULL, 0, ms, NULL);
  while (!leaving) {
    await(tick, FOREVER);
    set(block);
  }
  return 0;
}

static u32 mixer(u32 unused) {
  (void)unused;
  for (;;) {
    await(block, FOREVER);
    if (leaving) break;
    lock(&sound);
    mixed++;
    unlock(&sound);
  }
  return 0;
}

static u32 saver(u32 unused) {
  (void)unused;
  for (;;) {
    await(autosave, FOREVER);
    if (leaving) break;
    HANDLE f = open("cache:\\auto.sav", 1);
    close(f);
    saves++;
  }
  return saves;
}

static void jobs_of(u32 f) {
  static const u8 kinds[5] = {1, 2, 1, 3, 2};
  open_jobs = 5;
  for (u32 i = 0; i < 5; i++) {
    struct job *j = &jobs[(f * 5 + i) & 63];
    j->kind = kinds[i], j->frame = f;
    InterlockedPushEntrySList(list, j);
  }
  release(work, 5);
  await(batch, FOREVER);
}

static void one_frame(u32 f) {
  frame = f;
  for (u32 i = 0; i < MINDS; i++) set(think[i]);
  await_many(MINDS, thought, 1, FOREVER);
  arrived = 0;
  release(bodies_in, BODIES);
  await(bodies_out, FOREVER);
  jobs_of(f);
  if (f % 4 == 0) {
    set(wanted[(f >> 2) & 1]);
    await(decoded, FOREVER);
  }
  lock(&scene);
  u32 what = history[f & 63];
  history[f & 63] = 0;
  unlock(&scene);
  if (what & 256) set(autosave); // a block that was short
  if (f % 32 == 31) {
    u64 size = size_of(disc);
    if (size != 70000) set(autosave);
  }
  nap(1);
}

int main(void) {
  HANDLE t[19];
  u32 n = 0;
  RtlInitializeCriticalSection(&scene), RtlInitializeCriticalSection(&sound);
  slot = KeTlsAlloc();
  work = make_semaphore(0, 64), batch = make_event(0, 0, NULL), stop = make_event(1, 0, NULL);
  bodies_in = make_semaphore(0, BODIES), bodies_out = make_event(0, 0, NULL), loaded = make_semaphore(0, 16);
  decoded = make_event(0, 0, NULL), block = make_event(0, 0, NULL), autosave = make_event(0, 0, NULL);
  NtCreateTimer(&tick, NULL, 1);
  disc = open("game:\\data\\movie.bin", 0);
  for (u32 i = 0; i < MINDS; i++) think[i] = make_event(0, 0, NULL), thought[i] = make_event(0, 0, NULL);
  for (u32 i = 0; i < STREAMERS; i++) wanted[i] = make_event(0, 0, NULL);
  for (u32 i = 0; i < POOL; i++) t[n++] = begin(pool, i, CORE(1 + i % 5));
  for (u32 i = 0; i < MINDS; i++) t[n++] = begin(mind, i, CORE(1 + i));
  for (u32 i = 0; i < BODIES; i++) t[n++] = begin(body, i, CORE(3 + i));
  for (u32 i = 0; i < STREAMERS; i++) t[n++] = begin(streamer, i, CORE(2 + i));
  t[n++] = begin(decoder, 0, CORE(4)), t[n++] = begin(ticker, 5, CORE(5));
  t[n++] = begin(mixer, 0, CORE(5)), t[n++] = begin(saver, 0, CORE(1));
  for (u32 f = 0; f < FRAMES; f++) one_frame(f);
  leaving = 1;
  set(stop), set(autosave), set(block), release(bodies_in, BODIES);
  for (u32 i = 0; i < MINDS; i++) set(think[i]);
  for (u32 i = 0; i < STREAMERS; i++) set(wanted[i]);
  for (u32 i = 0; i < n; i++) finish(t[i]);
  DbgPrint("%d\n", saves);
  return 0;
}

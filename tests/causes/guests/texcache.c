// A texture cache: draws ask for textures, missing ones are read and unpacked by workers into physical memory; the
// oldest is thrown out when there is no room; a draw of several waits for all of theirs.
#include "runtime.h"

#define TEXTURES 6
#define RESIDENT 4
#define WORKERS 2

struct texture {
  HANDLE ready;
  u32 memory, size, used, state, stamp;
};

static struct texture cache[TEXTURES];
static CRITICAL_SECTION cache_lock;
static HANDLE requests, files[TEXTURES];
static u32 queue[16], queue_in, queue_out, resident, clock_hand, evictions;
static volatile u32 leaving;

static void unpack(struct texture *t, const u8 *packed, u32 n) {
  u32 *to = (u32 *)(usize)t->memory, sum = n;
  for (u32 i = 0; i + 4 < n && i < t->size; i += 64) sum = mixin(sum, packed + i, 4), to[i >> 2] = sum;
  t->stamp = sum;
}

static u32 worker(u32 self) {
  u8 *scratch = ExAllocatePool(12000);
  while (await(requests, FOREVER) == STATUS_SUCCESS) {
    lock(&cache_lock);
    u32 which = queue_in != queue_out ? queue[queue_out++ & 15] : TEXTURES;
    unlock(&cache_lock);
    if (which == TEXTURES) break;
    struct texture *t = &cache[which];
    t->size = (u32)size_of(files[which]);
    u32 got = scratch ? read(files[which], scratch, t->size, 0) : 0;
    t->memory = MmAllocatePhysicalMemoryEx(0, (got + 0xFFF) & ~0xFFFu, 0x404, 0, 0xFFFFFFFFu, 0);
    if (t->memory) unpack(t, scratch, got);
    t->state = 2;
    set(t->ready);
  }
  ExFreePool(scratch);
  return self;
}

static void evict(void) {
  u32 oldest = TEXTURES;
  for (u32 i = 0; i < TEXTURES; i++)
    if (cache[i].state == 2 && (oldest == TEXTURES || cache[i].used < cache[oldest].used)) oldest = i;
  if (oldest == TEXTURES) return;
  struct texture *t = &cache[oldest];
  if (t->memory && MmQueryAllocationSize(t->memory) >= 0x1000) MmFreePhysicalMemory(0, t->memory);
  t->memory = 0, t->state = 0;
  reset(t->ready);
  resident--, evictions++;
}

static void want(u32 which) {
  lock(&cache_lock);
  struct texture *t = &cache[which];
  t->used = ++clock_hand;
  if (t->state == 0) {
    if (resident == RESIDENT) evict();
    resident++;
    t->state = 1;
    queue[queue_in++ & 15] = which;
    release(requests, 1);
  }
  unlock(&cache_lock);
}

static u32 draw(const u8 *list, u32 n) {
  HANDLE h[4];
  u32 sum = 0;
  for (u32 i = 0; i < n; i++) want(list[i]), h[i] = cache[list[i]].ready;
  await_many(n, h, 1, FOREVER);
  for (u32 i = 0; i < n; i++) sum = mixin(sum, (u8 *)&cache[list[i]].stamp, 4);
  return sum;
}

int main(void) {
  static const char *const names[TEXTURES] = {"game:\\data\\part0.bin", "game:\\data\\part1.bin",
                                              "game:\\data\\part2.bin", "game:\\data\\part3.bin",
                                              "game:\\data\\part4.bin", "game:\\data\\part5.bin"};
  static const u8 scenes[8][3] = {{0, 1, 2}, {1, 2, 3}, {0, 3, 4}, {5, 4, 0},
                                  {1, 5, 2}, {2, 3, 1}, {4, 0, 5}, {3, 3, 1}};
  HANDLE t[WORKERS];
  u32 sum = 0;
  RtlInitializeCriticalSection(&cache_lock);
  requests = make_semaphore(0, 16);
  for (u32 i = 0; i < TEXTURES; i++) cache[i].ready = make_event(1, 0, NULL), files[i] = open(names[i], 0);
  for (u32 i = 0; i < WORKERS; i++) t[i] = begin(worker, i, CORE(2 + 2 * i));
  for (u32 s = 0; s < 8; s++) {
    sum += draw(scenes[s], s == 7 ? 1 : 3);
    if (sum & 1) nap(1);
    MmGetPhysicalAddress(cache[scenes[s][0]].memory);
  }
  leaving = 1;
  release(requests, WORKERS);
  await_many(WORKERS, t, 1, FOREVER);
  for (u32 i = 0; i < WORKERS; i++) close(t[i]);
  for (u32 i = 0; i < TEXTURES; i++) close(files[i]), close(cache[i].ready);
  DbgPrint("%x %d\n", sum, evictions);
  return 0;
}

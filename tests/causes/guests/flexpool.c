// A pool that grows when work piles up and shrinks when a worker has had none for a while; tasks have a deadline and
// report to whoever asked, who waits with a limit and asks again.
#include "engine.h"
#define MOST 5
static HANDLE work, answers, stop, slots[MOST];
static CRITICAL_SECTION pool_lock;
static volatile u32 pending, alive, born, retired, done_count, timeouts, next_id;
static u32 queue[64], first, last;
static void worker(void *ctx) {
  u32 me = (u32)(usize)ctx;
  HANDLE h[2] = {stop, work};
  for (;;) {
    s64 idle = MS(12);
    NTSTATUS s = NtWaitForMultipleObjectsEx(2, h, 1, 1, 0, &idle);
    if (s == 0 || s == STATUS_TIMEOUT) break;
    RtlEnterCriticalSection(&pool_lock);
    u32 cost = queue[first++ & 63];
    pending--;
    RtlLeaveCriticalSection(&pool_lock);
    nap(cost);
    add(&done_count, 1);
    NtReleaseSemaphore(answers, 1, NULL);
  }
  RtlEnterCriticalSection(&pool_lock);
  alive--, retired++;
  RtlLeaveCriticalSection(&pool_lock);
  ExTerminateThread(me);
}
static void grow(void) {
  if (alive >= MOST || (alive && pending < alive * 2)) return;
  HANDLE h = 0;
  alive++;
  ExCreateThread(&h, 0x8000, NULL, NULL, (void *)worker, (void *)(usize)born, CORE(born + 1));
  if (slots[born % MOST]) NtClose(slots[born % MOST]);
  slots[born++ % MOST] = h;
}
static void submit(u32 cost) {
  RtlEnterCriticalSection(&pool_lock);
  queue[last++ & 63] = cost;
  pending++;
  grow();
  RtlLeaveCriticalSection(&pool_lock);
  NtReleaseSemaphore(work, 1, NULL);
}
static u32 gather(u32 n) {
  u32 got = 0;
  for (u32 tries = 0; got < n && tries < 40; tries++) {
    s64 limit = MS(25);
    if (NtWaitForSingleObjectEx(answers, 1, 0, &limit) == 0)
      got++;
    else
      timeouts++;
  }
  return got;
}
int main(void) {
  RtlInitializeCriticalSection(&pool_lock);
  NtCreateSemaphore(&work, NULL, 0, 64), NtCreateSemaphore(&answers, NULL, 0, 64);
  NtCreateEvent(&stop, NULL, MANUAL, 0);
  for (u32 i = 0; i < 8; i++) submit(2 + i % 3);
  u32 a = gather(8);
  nap(40);
  submit(1);
  u32 b = gather(1);
  for (u32 i = 0; i < 6; i++) submit(3);
  u32 c = gather(6);
  NtSetEvent(stop, NULL);
  for (u32 i = 0; i < MOST; i++)
    if (slots[i]) NtWaitForSingleObjectEx(slots[i], 1, 0, NULL), NtClose(slots[i]);
  DbgPrint("pool %d %d %d, born %d\n", a, b, c, born);
  return 0;
}

// Four threads that start together and go through phases together: each says that it is ready, and goes on when it is
// told. Their results are their exit codes and a table that they fill by their own index.
#include "stage.h"

#define N 4
#define PHASES 3

static HANDLE ready[N], go[N], all_done;
static CRITICAL_SECTION lock;
static u32 table[N][PHASES], arrived, tls;

static void phase(u32 self, u32 p) {
  crunch(100 + 150 * self);
  table[self][p] = (u32)(usize)KeTlsGetValue(tls) * 10 + p;
}

static void member(void *ctx) {
  u32 self = (u32)(usize)ctx;
  KeTlsSetValue(tls, (void *)(usize)(self + 1));
  for (u32 p = 0; p < PHASES; p++) {
    phase(self, p);
    NtSetEvent(ready[self], NULL);
    NTSTATUS s = wait_for(go[self], MS(2000));
    if (s != STATUS_SUCCESS) {
      complain("handshake: member", s);
      break;
    }
  }
  RtlEnterCriticalSection(&lock);
  u32 last = ++arrived == N;
  RtlLeaveCriticalSection(&lock);
  if (last) NtSetEvent(all_done, NULL);
  ExTerminateThread(self + 40);
}

int main(void) {
  HANDLE t[N];
  RtlInitializeCriticalSection(&lock);
  tls = KeTlsAlloc();
  all_done = new_event(0, 0);
  for (u32 i = 0; i < N; i++) {
    ready[i] = new_event(1, 0);
    go[i] = new_event(1, 0);
    t[i] = spawn(member, i, SUSPENDED | ON(1 + i));
  }
  for (u32 i = 0; i < N; i++) {
    u32 previous = 9;
    NTSTATUS s = NtResumeThread(t[i], &previous);
    if (FAILED(s) || previous != 1) DbgPrint("handshake: resume %d: %x, %d\n", i, s, previous);
  }
  for (u32 p = 0; p < PHASES; p++) {
    NtWaitForMultipleObjectsEx(N, ready, 0, 1, 0, NULL);
    for (u32 i = 0; i < N; i++) NtSetEvent(go[i], NULL);
  }
  wait_for(all_done, 0);
  u32 sum = 0;
  for (u32 i = 0; i < N; i++)
    for (u32 p = 0; p < PHASES; p++) sum += table[i][p];
  DbgPrint("handshake: %d\n", sum);
  for (u32 i = 0; i < N; i++) join(t[i]);
  return 0;
}

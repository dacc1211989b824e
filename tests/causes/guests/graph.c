// A graph of tasks: a node runs when all that it depends on is done (wait for all), and a collector takes results as
// they come (wait for any). The graph is walked four times.
#include "engine.h"
#define NODES 7
static const u8 deps[NODES][3] = {{0xFF}, {0xFF}, {0, 0xFF}, {0, 1, 0xFF}, {2, 3, 0xFF}, {1, 0xFF}, {4, 5, 0xFF}};
static KEVENT done[NODES];   // manual: many may wait for one
static HANDLE result[NODES]; // automatic: the collector takes each once
static KEVENT begin, over;
static volatile u32 value[NODES], round_no;
static CRITICAL_SECTION heap;
static u32 used;

static void node(void *ctx) {
  u32 me = (u32)(usize)ctx;
  for (u32 r = 0; r < 4; r++) {
    void *on[4];
    u8 blocks[4 * 24];
    u32 n = 0, v = me + r;
    while (deps[me][n] != 0xFF) {
      on[n] = &done[deps[me][n]];
      n++;
    }
    if (n == 0)
      KeWaitForSingleObject(&begin, 3, 1, 0, NULL);
    else if (n == 1)
      KeWaitForSingleObject(on[0], 3, 1, 0, NULL);
    else
      KeWaitForMultipleObjects(n, on, 0, 3, 1, 0, NULL, blocks);
    for (u32 i = 0; i < n; i++) v += value[deps[me][i]];
    RtlEnterCriticalSection(&heap);
    used += 16 * (me + 1);
    RtlLeaveCriticalSection(&heap);
    burn(100 * me);
    value[me] = v;
    KeSetEvent(&done[me], 0, 0);
    NtSetEvent(result[me], NULL);
    KeWaitForSingleObject(&over, 3, 1, 0, NULL);
  }
  ExTerminateThread(value[me]);
}
int main(void) {
  HANDLE t[NODES];
  RtlInitializeCriticalSection(&heap);
  KeInitializeEvent(&begin, 0, 0), KeInitializeEvent(&over, 0, 0);
  for (u32 i = 0; i < NODES; i++) KeInitializeEvent(&done[i], 0, 0), NtCreateEvent(&result[i], NULL, AUTO, 0);
  for (u32 i = 0; i < NODES; i++) ExCreateThread(&t[i], 0x8000, NULL, NULL, (void *)node, (void *)(usize)i, CORE(i));
  for (u32 r = 0; r < 4; r++) {
    u32 seen = 0;
    KeResetEvent(&over);
    KeSetEvent(&begin, 0, 0);
    while (seen != (1u << NODES) - 1) {
      NTSTATUS st = NtWaitForMultipleObjectsEx(NODES, result, 1, 1, 0, NULL);
      if (st < NODES) seen |= 1u << st;
    }
    KeResetEvent(&begin);
    for (u32 i = 0; i < NODES; i++) KeResetEvent(&done[i]);
    DbgPrint("walk %d: %d\n", r, value[NODES - 1]);
    KeSetEvent(&over, 0, 0);
    nap(1); // all are at the start again
  }
  NtWaitForMultipleObjectsEx(NODES, t, 0, 1, 0, NULL);
  return 0;
}

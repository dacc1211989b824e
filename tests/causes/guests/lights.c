// Traffic lights: two state machines that no thread drives. A timer goes off once, its DPC steps the machine by a
// table, sets the timer for the next state, and says so by an event; a button's DPC shortens a state. A clerk waits for
// any of what the machines say; an inspector lives by a timer's APCs, and stops the machines when it has seen enough.
#include "engine.h"
void KeAcquireSpinLockAtRaisedIrql(u32 *), KeReleaseSpinLockFromRaisedIrql(u32 *);
enum { RED, READY, GREEN, AMBER };
static const struct { u8 next, ms; } table[4] = {{READY, 4}, {GREEN, 2}, {AMBER, 5}, {RED, 3}};
struct light {
  KTIMER timer;
  KDPC dpc;
  KEVENT turned, green;
  u32 state, turns, id;
};
static struct light lights[2];
static KDPC button_dpc;
static KEVENT pressed;
static u32 spin;
static volatile u32 stop, presses, seen;
static HANDLE inspection, closed;

static void arm(struct light *l, u32 ms) { KeSetTimer(&l->timer, MS(ms), &l->dpc); }

static void on_light(KDPC *d, void *ctx, void *a, void *b) {
  struct light *l = ctx;
  (void)d, (void)a, (void)b;
  KeAcquireSpinLockAtRaisedIrql(&spin);
  l->state = table[l->state].next;
  l->turns++;
  KeReleaseSpinLockFromRaisedIrql(&spin);
  KeSetEvent(&l->turned, 0, 0);
  if (l->state == GREEN) KeSetEvent(&l->green, 0, 0);
  if (!stop) arm(l, table[l->state].ms);
}

static void on_button(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx, (void)b;
  presses += (u32)(usize)a;
  KeSetEvent(&pressed, 0, 0);
}

static void on_inspection(void *ctx, u32 low, u32 high) {
  (void)low, (void)high;
  seen += (u32)(usize)ctx;
}

static void clerk(void *unused) {
  void *any[3] = {&lights[0].turned, &lights[1].turned, &pressed};
  u8 blocks[3 * 24];
  u32 n[3] = {0, 0, 0};
  (void)unused;
  while (n[0] < 10 || n[1] < 10) {
    NTSTATUS s = KeWaitForMultipleObjects(3, any, 1, 3, 1, 0, NULL, blocks);
    if (s > 2) break;
    n[s]++;
  }
  NtSetEvent(closed, NULL);
  ExTerminateThread(n[2] > 0);
}

static void walker(void *ctx) {
  struct light *l = &lights[(u32)(usize)ctx];
  for (u32 i = 0; i < 2; i++) {
    KeInsertQueueDpc(&button_dpc, (void *)(usize)(l->id + 1), NULL);
    s64 limit = MS(100);
    if (KeWaitForSingleObject(&l->green, 3, 1, 0, &limit) != STATUS_SUCCESS)
      DbgPrint("lights: walker %d gives up\n", l->id);
    nap(6);
  }
  ExTerminateThread(l->id);
}

static void inspector(void *unused) {
  s64 first = MS(5), rest = MS(60);
  (void)unused;
  NtCreateTimer(&inspection, NULL, 1);
  NtSetTimerEx(inspection, &first, (void *)on_inspection, 1, (void *)2, 0, 9, NULL);
  while (seen < 8) KeDelayExecutionThread(1, 1, &rest);
  NtCancelTimer(inspection, NULL);
  NtClose(inspection);
  ExTerminateThread(seen);
}

int main(void) {
  HANDLE t[4];
  KeInitializeEvent(&pressed, AUTO, 0);
  NtCreateEvent(&closed, NULL, AUTO, 0);
  KeInitializeDpc(&button_dpc, (void *)on_button, NULL);
  for (u32 i = 0; i < 2; i++) {
    struct light *l = &lights[i];
    l->id = i, l->state = i ? GREEN : RED;
    KeInitializeEvent(&l->turned, AUTO, 0), KeInitializeEvent(&l->green, AUTO, 0);
    KeInitializeTimerEx(&l->timer, 1, 0, 0);
    KeInitializeDpc(&l->dpc, (void *)on_light, l);
  }
  ExCreateThread(&t[0], 0x8000, NULL, NULL, (void *)clerk, NULL, CORE(1));
  for (u32 i = 0; i < 2; i++) arm(&lights[i], table[lights[i].state].ms);
  for (u32 i = 0; i < 2; i++)
    ExCreateThread(&t[1 + i], 0x8000, NULL, NULL, (void *)walker, (void *)(usize)i, CORE(2 + i));
  ExCreateThread(&t[3], 0x8000, NULL, NULL, (void *)inspector, NULL, CORE(4));
  NtWaitForSingleObjectEx(closed, 1, 0, NULL);
  NtWaitForMultipleObjectsEx(4, t, 0, 1, 0, NULL);
  stop = 1;
  for (u32 i = 0; i < 2; i++) KeCancelTimer(&lights[i].timer);
  nap(12);
  for (u32 i = 0; i < 4; i++) NtClose(t[i]);
  DbgPrint("lights: %d presses, %d seen\n", presses, seen);
  return 0;
}

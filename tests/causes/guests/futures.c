// Promises: each is a piece of the heap with its event in it, is answered by who comes by, and is given back; the next
// one lies where the last one lay. Whoever waits helps with the work meanwhile. Methods are called through tables.
#include "engine.h"

struct promise;
struct methods {
  void (*answer)(struct promise *);
  u32 (*get)(struct promise *);
};
struct promise {
  const struct methods *m;
  KEVENT ready;
  struct promise *next;
  u32 ask, value, after;
};
static struct {
  CRITICAL_SECTION lock;
  KSEMAPHORE n;
  struct promise *first, **last;
} queue;
static HANDLE crew[3];
static volatile u32 closing, helped;
static u32 slot;

static struct promise *take(void) {
  RtlEnterCriticalSection(&queue.lock);
  struct promise *p = queue.first;
  if (p) queue.first = p->next;
  if (p && queue.first == NULL) queue.last = &queue.first;
  RtlLeaveCriticalSection(&queue.lock);
  return p;
}

static void plain(struct promise *p) {
  burn(40 * p->ask);
  p->value = p->ask * p->ask;
  KeSetEvent(&p->ready, 1, 0);
}
static void slow(struct promise *p) {
  nap(1);
  p->value = p->ask + 1000;
  KeSetEvent(&p->ready, 1, 0);
}
static u32 got(struct promise *p) {
  s64 t = MS(200);
  NTSTATUS s = KeWaitForSingleObject(&p->ready, 3, 1, 0, &t);
  if (s != STATUS_SUCCESS) DbgPrint("futures: %x instead of %d\n", s, p->ask);
  u32 v = p->value;
  ExFreePool(p);
  return v;
}
static const struct methods kinds[2] = {{plain, got}, {slow, got}};

static struct promise *promised(u32 ask) {
  struct promise *p = ExAllocatePoolTypeWithTag(sizeof *p, 0x50524F4D, 0);
  if (p == NULL) return NULL;
  KeInitializeEvent(&p->ready, 0, 0);
  p->m = &kinds[ask % 5 == 4], p->ask = ask, p->next = NULL;
  RtlEnterCriticalSection(&queue.lock);
  *queue.last = p, queue.last = &p->next;
  RtlLeaveCriticalSection(&queue.lock);
  KeReleaseSemaphore(&queue.n, 1, 1, 0);
  return p;
}

static void worker(void *self) {
  u32 n = 0;
  KeTlsSetValue(slot, (void *)(0x100 + (u32)self));
  for (;;) {
    KeWaitForSingleObject(&queue.n, 3, 1, 0, NULL);
    if (closing) break;
    struct promise *p = take();
    if (p) p->m->answer(p), n++;
  }
  if (KeTlsGetValue(slot) != (void *)(0x100 + (u32)self)) DbgPrint("futures: lost itself\n");
  add(&helped, n);
  ExTerminateThread(0);
}

int main(void) {
  u32 sum = 0;
  slot = KeTlsAlloc();
  RtlInitializeCriticalSection(&queue.lock);
  KeInitializeSemaphore(&queue.n, 0, 50);
  queue.last = &queue.first;
  for (u32 i = 0; i < 3; i++) ExCreateThread(&crew[i], 0x8000, NULL, NULL, (void *)worker, (void *)i, CORE(i + 1));
  for (u32 round = 0; round < 6; round++) {
    struct promise *p[3];
    for (u32 k = 0; k < 3; k++) p[k] = promised(round * 3 + k);
    for (u32 k = 0; k < 3; k++)
      if (p[k]) sum += p[k]->m->get(p[k]);
  }
  closing = 1;
  KeReleaseSemaphore(&queue.n, 1, 3, 0);
  NtWaitForMultipleObjectsEx(3, crew, 0, 1, 0, NULL);
  for (u32 i = 0; i < 3; i++) NtClose(crew[i]);
  KeTlsFree(slot);
  DbgPrint("futures: %d, %d answered\n", sum, helped);
  return 0;
}

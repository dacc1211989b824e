// References that are given back more often than they were taken: of what handles hold, of what a thread waits for, of
// a thread that runs.
#include "hostile.h"

static u32 waiter(void *event) {
  s64 t = MS(5);
  KeWaitForSingleObject(event, 3, 1, 0, &t);
  return 0;
}
static u32 sleeper(void *ctx) {
  (void)ctx;
  sleep_ms(3);
  return 7;
}
static void drop(void *object, u32 times) {
  for (u32 i = 0; i < times; i++) ObDereferenceObject(object);
}

// Two handles to one object; the references of both are taken away.
static void handles(void) {
  HANDLE a, b;
  void *o = NULL;
  NtCreateEvent(&a, NULL, 0, 0);
  NtDuplicateObject(a, &b, 0);
  ObReferenceObjectByHandle(a, NULL, &o);
  drop(o, 5);
  NtClose(a);
  churn();
  NtSetEvent(b, NULL);
  NtClose(b);
}
// A thread waits; its reference and the handle's go.
static void waiters(void) {
  HANDLE h, t;
  void *o = NULL;
  NtCreateEvent(&h, NULL, 0, 0);
  ObReferenceObjectByHandle(h, NULL, &o);
  t = start_thread(waiter, o);
  sleep_ms(1);
  drop(o, 5);
  NtClose(h);
  drop(o, 5);
  churn();
  NtWaitForSingleObjectEx(t, 1, 0, NULL);
  NtClose(t);
}
// Pulsed while only its waiter holds it.
static void pulse(void) {
  HANDLE h, t;
  void *o = NULL;
  NtCreateEvent(&h, NULL, 0, 0);
  ObReferenceObjectByHandle(h, NULL, &o);
  t = start_thread(waiter, o);
  sleep_ms(1);
  ObDereferenceObject(o);
  NtClose(h);
  KePulseEvent(o, 0, 0);
  churn();
  sleep_ms(6);
  NtClose(t);
}
// A thread that runs.
static void thread(void) {
  HANDLE h = start_thread(sleeper, NULL);
  void *o = NULL;
  ObReferenceObjectByHandle(h, NULL, &o);
  drop(o, 5);
  NtClose(h);
  drop(o, 5);
  churn();
  KeSetBasePriorityThread(o, 1);
  sleep_ms(5);
  KeSetBasePriorityThread(o, 0x7FFFFFFF);
}
// An object in guest memory that becomes another kind while a handle leads to it.
static void changeling(void) {
  static KEVENT e;
  HANDLE h = 0;
  e.h.type = 0;
  KeSetEvent(&e, 0, 0);
  ObOpenObjectByPointer(&e, NULL, &h);
  e.h.type = 5;
  KeReleaseSemaphore((KSEMAPHORE *)&e, 0, 1, 0);
  churn();
  NtSetEvent(h, NULL);
  NtClose(h);
  KeReleaseSemaphore((KSEMAPHORE *)&e, 0, 1, 0);
  e.h.type = 0;
  KeSetEvent(&e, 0, 0);
}

int main(void) {
  handles();
  waiters();
  pulse();
  changeling();
  thread();
  return contained();
}

// A small runtime as titles link one: every kernel call has one call site in the whole title, a failure becomes the
// thread's last error, and every thread begins in one thunk, which gets what it shall do from the heap.
#ifndef WG_CAUSES_RUNTIME_H
#define WG_CAUSES_RUNTIME_H

#pragma GCC diagnostic ignored "-Wunused-function"
#include "xbox.h"

u32 RtlNtStatusToDosError(NTSTATUS);
void KeInitializeEvent(KEVENT *, u32 type, u32 state);
void KeInitializeSemaphore(KSEMAPHORE *, s32 count, s32 limit);
NTSTATUS NtFlushBuffersFile(HANDLE, IO_STATUS_BLOCK *);
void *InterlockedPushEntrySList(void *head, void *entry), *InterlockedPopEntrySList(void *head);
void *InterlockedFlushSList(void *head);

#define OUTLINE static __attribute__((noinline))
#define FOREVER 0xFFFFFFFFu
#define BAD(status) ((s32)(status) < 0)
#define CORE(n) (1u << (24 + (n)))

static u32 last_error;

OUTLINE u32 fail(NTSTATUS s) {
  last_error = RtlNtStatusToDosError(s);
  return 0;
}

OUTLINE const s64 *span(s64 *t, u32 ms) {
  *t = MS(ms);
  return ms == FOREVER ? NULL : t;
}

OUTLINE HANDLE make_event(u32 manual, u32 set, const char *name) {
  HANDLE h = 0;
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING text;
  if (name) name_object(&oa, &text, name);
  NTSTATUS s = NtCreateEvent(&h, name ? &oa : NULL, !manual, set);
  return BAD(s) ? fail(s) : h;
}

OUTLINE HANDLE make_semaphore(u32 count, u32 limit) {
  HANDLE h = 0;
  NTSTATUS s = NtCreateSemaphore(&h, NULL, count, limit);
  return BAD(s) ? fail(s) : h;
}

OUTLINE HANDLE make_mutant(u32 mine) {
  HANDLE h = 0;
  NTSTATUS s = NtCreateMutant(&h, NULL, mine);
  return BAD(s) ? fail(s) : h;
}

OUTLINE void set(HANDLE h) {
  NTSTATUS s = NtSetEvent(h, NULL);
  if (BAD(s)) fail(s);
}

OUTLINE void reset(HANDLE h) {
  NTSTATUS s = NtClearEvent(h);
  if (BAD(s)) fail(s);
}

OUTLINE u32 release(HANDLE h, u32 n) {
  s32 before = 0;
  NTSTATUS s = NtReleaseSemaphore(h, n, &before);
  return BAD(s) ? fail(s) : (u32)before;
}

OUTLINE NTSTATUS await_ex(HANDLE h, u32 ms, u32 alertable) {
  s64 t;
  NTSTATUS s = NtWaitForSingleObjectEx(h, 1, alertable, span(&t, ms));
  if (BAD(s)) fail(s);
  return s;
}
static NTSTATUS await(HANDLE h, u32 ms) { return await_ex(h, ms, 0); }

OUTLINE NTSTATUS await_many(u32 n, const HANDLE *h, u32 all, u32 ms) {
  s64 t;
  NTSTATUS s = NtWaitForMultipleObjectsEx(n, h, !all, 1, 0, span(&t, ms));
  if (BAD(s)) fail(s);
  return s;
}

OUTLINE NTSTATUS await_here(void *object, u32 ms) {
  s64 t;
  return KeWaitForSingleObject(object, 3, 1, 0, span(&t, ms));
}

OUTLINE void nap_ex(u32 ms, u32 alertable) {
  s64 t = MS(ms);
  KeDelayExecutionThread(1, alertable, &t);
}
static void nap(u32 ms) { nap_ex(ms, 0); }

OUTLINE void close(HANDLE h) { NtClose(h); }

struct start {
  u32 (*fn)(u32);
  u32 arg;
};

static void thunk(void *p) {
  struct start s = *(struct start *)p;
  ExFreePool(p);
  ExTerminateThread(s.fn(s.arg));
}

OUTLINE HANDLE begin(u32 (*fn)(u32), u32 arg, u32 flags) {
  HANDLE h = 0;
  u32 id = 0;
  struct start *p = ExAllocatePool(sizeof *p);
  if (p == NULL) return 0;
  p->fn = fn, p->arg = arg;
  NTSTATUS s = ExCreateThread(&h, 0x10000, &id, NULL, (void *)thunk, p, flags);
  if (BAD(s)) {
    ExFreePool(p);
    return fail(s);
  }
  return h;
}

OUTLINE void finish(HANDLE thread) {
  if (thread == 0) return;
  await(thread, FOREVER);
  close(thread);
}

OUTLINE HANDLE open(const char *path, u32 write) {
  HANDLE h = 0;
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING text;
  IO_STATUS_BLOCK io;
  name_object(&oa, &text, path);
  NTSTATUS s = NtCreateFile(&h, write ? 0x40100080u : 0x80100080u, &oa, &io, NULL, 0x80, 1, write ? 5 : 1, 0x60);
  return BAD(s) ? fail(s) : h;
}

OUTLINE u32 read(HANDLE f, void *to, u32 n, u64 at) {
  IO_STATUS_BLOCK io = {0, 0};
  NTSTATUS s = NtReadFile(f, 0, NULL, NULL, &io, to, n, &at);
  if (s == 0x103) s = await(f, FOREVER), s = BAD(s) ? s : io.status;
  return BAD(s) ? fail(s) : io.information;
}

OUTLINE u64 size_of(HANDLE f) {
  u64 info[3] = {0, 0, 0};
  IO_STATUS_BLOCK io;
  NTSTATUS s = NtQueryInformationFile(f, &io, info, sizeof info, 5);
  return BAD(s) ? fail(s) : info[1];
}

OUTLINE void lock(CRITICAL_SECTION *c) { RtlEnterCriticalSection(c); }
OUTLINE void unlock(CRITICAL_SECTION *c) { RtlLeaveCriticalSection(c); }

// A lock made by hand: free, taken, or taken and wanted; who wants it spins, then sleeps on the event.
struct gate {
  volatile u32 state;
  HANDLE event;
};

OUTLINE void gate_enter(struct gate *g) {
  for (u32 i = 0; i < 40; i++)
    if (__sync_bool_compare_and_swap(&g->state, 0, 1)) return;
  while (__sync_lock_test_and_set(&g->state, 2) != 0) await(g->event, FOREVER);
}

OUTLINE void gate_leave(struct gate *g) {
  if (__sync_lock_test_and_set(&g->state, 0) == 2) set(g->event);
}

OUTLINE u32 mixin(u32 sum, const u8 *p, u32 n) {
  for (u32 i = 0; i < n; i++) sum = (sum << 3 | sum >> 29) ^ p[i];
  return sum;
}

OUTLINE void burn(u32 rounds) {
  for (volatile u32 i = 0; i < rounds; i++) {
  }
}

#endif

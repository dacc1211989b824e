// What the hostile guests share. Each tries to reach the host through the kernel; a run that ends well prints
// "contained", and whatever the guest could not do is no failure.
#ifndef WG_HOSTILE_H
#define WG_HOSTILE_H

#include "../../../guests/check.h"

// Where titles and their libraries leave notes for each other.
#define NOTES ((volatile u32 *)0x40000000)

NTSTATUS ObReferenceObject(void *);
NTSTATUS ObOpenObjectByPointer(void *, void *type, HANDLE *);
s32 KePulseEvent(KEVENT *, u32 increment, u32 wait);
void RtlUnwind(void *frame, void *pc, void *record, u32 value);
NTSTATUS KeWaitForMultipleObjects(u32 n, void **, u32 any, u32 reason, u32 mode, u32 alertable, const s64 *timeout,
                                  void *blocks);

static inline void make_notes(void) {
  u32 base = (u32)(usize)NOTES, size = 0x10000;
  NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0);
}

// The thunk of a kernel function in memory that the guest may write: its third word says which one it is.
static inline volatile u32 *thunk(u32 ordinal) {
  HANDLE kernel = 0;
  u32 at = 0;
  XexGetModuleHandle("xboxkrnl.exe", &kernel);
  XexGetProcedureAddress(kernel, ordinal, &at);
  return (volatile u32 *)(usize)at;
}

// To write, and a folder to list; 0: it cannot be.
static inline HANDLE open_for_all(const char *path, HANDLE root, u32 disposition, u32 options) {
  ANSI_STRING s;
  OBJECT_ATTRIBUTES o;
  IO_STATUS_BLOCK io;
  HANDLE h = 0;
  name_object(&o, &s, path);
  if (root) o.root = root;
  return NtCreateFile(&h, 0x40100001, &o, &io, NULL, 0, 0, disposition, options) == STATUS_SUCCESS ? h : 0;
}

static inline HANDLE start_thread(void *entry, void *ctx) {
  HANDLE h = 0;
  ExCreateThread(&h, 0x10000, NULL, NULL, entry, ctx, 0);
  return h;
}

static inline void sleep_ms(u32 ms) {
  s64 t = MS(ms);
  KeDelayExecutionThread(1, 0, &t);
}

// Does what follows spill into the objects that were freed?
static inline void churn(void) {
  for (u32 i = 0; i < 64; i++) {
    HANDLE h;
    NtCreateEvent(&h, NULL, 0, 0);
    if (i & 1) NtClose(h);
  }
}

static inline int contained(void) {
  DbgPrint("contained\n");
  return 0;
}

#endif

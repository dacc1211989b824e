// What the guests of tests/causes share. They check little: what goes wrong shows in what they do next.
#ifndef WG_CAUSES_STAGE_H
#define WG_CAUSES_STAGE_H

#include "xbox.h"

u32 RtlNtStatusToDosError(NTSTATUS);

#define READ 0x80100080u
#define WRITE 0x40100080u
#define FAILED(status) ((s32)(status) < 0)
#define SUSPENDED 1u
#define ON(hw) (1u << (24 + (hw))) // creation flag: the hardware thread to run on

// As titles' own libraries say it.
static inline NTSTATUS complain(const char *what, NTSTATUS status) {
  DbgPrint("%s failed: %x, error %d\n", what, status, RtlNtStatusToDosError(status));
  return status;
}

static inline HANDLE new_event(u32 synchronization, u32 state) {
  HANDLE h = 0;
  NTSTATUS s = NtCreateEvent(&h, NULL, synchronization, state);
  if (FAILED(s)) complain("event", s);
  return h;
}

static inline HANDLE new_semaphore(u32 count, u32 limit) {
  HANDLE h = 0;
  NTSTATUS s = NtCreateSemaphore(&h, NULL, count, limit);
  if (FAILED(s)) complain("semaphore", s);
  return h;
}

static inline HANDLE spawn(void (*fn)(void *), u32 ctx, u32 flags) {
  HANDLE h = 0;
  NTSTATUS s = ExCreateThread(&h, 0x8000, NULL, NULL, (void *)fn, (void *)(usize)ctx, flags);
  if (FAILED(s)) complain("thread", s);
  return h;
}

static inline NTSTATUS wait_for(HANDLE h, s64 timeout) {
  return NtWaitForSingleObjectEx(h, 1, 0, timeout ? &timeout : NULL);
}

static inline void join(HANDLE h) {
  wait_for(h, 0);
  NtClose(h);
}

static inline void pause_ms(u32 ms) {
  s64 t = MS(ms);
  KeDelayExecutionThread(1, 0, &t);
}

static inline NTSTATUS open_file(HANDLE *h, const char *path, u32 access, u32 disposition) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  IO_STATUS_BLOCK io;
  name_object(&oa, &s, path);
  return NtCreateFile(h, access, &oa, &io, NULL, 0x80, 1, disposition, 0x60);
}

static inline NTSTATUS attributes_of(const char *path, NETWORK_OPEN_INFORMATION *info) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  name_object(&oa, &s, path);
  return NtQueryFullAttributesFile(&oa, info);
}

static inline u32 checksum(const u8 *p, u32 n) {
  u32 sum = 0;
  for (u32 i = 0; i < n; i++) sum = (sum << 5 | sum >> 27) + p[i];
  return sum;
}

// Work that takes a while.
static inline void crunch(u32 rounds) {
  for (volatile u32 i = 0; i < rounds; i++) {
  }
}

#endif

// Three million events in a second of virtual time, as a busy title makes them: a few hundred instructions of its own
// between calls, locks for the most part, then thread-local storage, events, polls, handles and texts
// (bench/record.py).
#include "xbox.h"

static CRITICAL_SECTION locks[4];
static u32 table[1024];

// What the title does between its calls.
static u32 work(u32 x, u32 n) {
  for (u32 i = 0; i < n; i++) {
    x = x * 1664525u + 1013904223u;
    u32 *at = &table[x >> 22];
    *at = (*at << 5 | *at >> 27) ^ x;
    if (*at & 1) x += *at >> 7;
  }
  return x;
}

static u32 round(u32 x, u32 i, u32 slot, HANDLE event, KEVENT *own) {
  static const s64 now = 0;
  CRITICAL_SECTION *lock = &locks[i % 4];
  ANSI_STRING name;
  x = work(x, 45);
  RtlEnterCriticalSection(lock);
  x = work(x, 40);
  RtlLeaveCriticalSection(lock);
  x = work(x, 50);
  switch (i % 8) {
  case 0: KeTlsSetValue(slot, (void *)x); break;
  case 1: NtSetEvent(event, NULL); break;
  case 2: NtWaitForSingleObjectEx(event, 1, 0, &now); break;
  case 3: KeSetEvent(own, 1, 0); break;
  case 4: KeWaitForSingleObject(own, 3, 1, 0, &now); break;
  case 5: RtlInitAnsiString(&name, "game:\\media\\level01\\textures.bin"); break;
  case 6: KeQueryPerformanceFrequency(); break;
  default: x += (u32)KeTlsGetValue(slot);
  }
  return x;
}

int main(void) {
  static KEVENT own;
  HANDLE event = 0;
  own.h.type = 1;
  own.h.flink = own.h.blink = (u32)&own.h.flink;
  for (u32 i = 0; i < 4; i++) RtlInitializeCriticalSection(&locks[i]);
  NtCreateEvent(&event, NULL, 1, 0);
  u32 slot = KeTlsAlloc(), x = 1;
  for (u32 i = 0; i < 450000; i++) x = round(x, i, slot, event, &own);
  return (int)(x & 1);
}

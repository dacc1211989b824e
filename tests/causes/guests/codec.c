// A library that keeps a slot of thread-local storage, an event and a thread of its own.
#include "runtime.h"

u32 DllMain(HANDLE module, u32 reason, void *reserved);
u32 decode(const u8 *p, u32 n);
u32 users(void);

WG_OFFER(1, decode);
WG_OFFER_NAMED(2, users);

static u32 slot, count;
static HANDLE wake, answered, thread;
static volatile u32 leaving;

static u32 service(u32 unused) {
  (void)unused;
  while (await(wake, FOREVER) == STATUS_SUCCESS && !leaving) {
    count++;
    set(answered);
  }
  return count;
}

u32 decode(const u8 *p, u32 n) {
  u32 before = (u32)(usize)KeTlsGetValue(slot);
  KeTlsSetValue(slot, (void *)(usize)(before + n));
  set(wake);
  await(answered, FOREVER);
  return mixin(before, p, n);
}

u32 users(void) { return count; }

u32 DllMain(HANDLE module, u32 reason, void *reserved) {
  (void)module, (void)reserved;
  if (reason == 1) {
    slot = KeTlsAlloc();
    wake = make_event(0, 0, NULL), answered = make_event(0, 0, NULL);
    leaving = 0;
    thread = begin(service, 0, CORE(2));
  } else if (reason == 0) {
    leaving = 1;
    set(wake);
    finish(thread);
    close(wake), close(answered);
    KeTlsFree(slot);
  }
  return 1;
}

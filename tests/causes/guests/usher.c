// An usher at the door: XAM's notices are read from a listener and passed on through a port to two attendants, one for
// who has signed in, one for questions, which are overlapped calls that it looks at each few milliseconds. What they
// have done stands in a book under a read/write lock.
#include "engine.h"
#define ROUNDS 30
static HANDLE port[2], listener;
static u32 rw[14];
static volatile u32 book[4], passed;
static KEVENT seated;

static void enter(u32 line, u32 n) {
  ExAcquireReadWriteLockExclusive(rw);
  book[line] += n;
  ExReleaseReadWriteLock(rw);
}

static u32 look(u32 line) {
  ExAcquireReadWriteLockShared(rw);
  u32 n = book[line];
  ExReleaseReadWriteLock(rw);
  return n;
}

static void members(void *unused) {
  u32 key, value, n = 0;
  IO_STATUS_BLOCK io;
  (void)unused;
  for (;;) {
    if (NtRemoveIoCompletion(port[0], &key, &value, &io, NULL) != 0 || key == 99) break;
    u64 xuid = 0;
    if (XamUserGetSigninState(0) && XamUserGetXUID(0, 1, &xuid) == 0) enter(0, 1);
    n++;
  }
  ExTerminateThread(n == 0);
}

static u32 ask(u32 kind, u32 *answer) {
  u32 block[7] = {0, 0, 0, 0, 0, 0, 0}, rv;
  if (kind)
    rv = XamShowDeviceSelectorUI(0, 1, 0, 0, answer, block);
  else
    rv = XamShowMessageBoxUI(0, NULL, NULL, 2, NULL, 0, 0, answer, block);
  if (rv != 997) return rv;
  for (u32 i = 0; i < 60 && block[0] == 997; i++) nap(4);
  return XamGetOverlappedResult(block, NULL, 0);
}

static void questions(void *unused) {
  u32 key, value, n = 0;
  IO_STATUS_BLOCK io;
  (void)unused;
  for (;;) {
    if (NtRemoveIoCompletion(port[1], &key, &value, &io, NULL) != 0 || key == 99) break;
    u32 answer = 77, rv = ask(key & 1, &answer);
    if (rv) DbgPrint("usher: question %d failed, %d\n", key, rv);
    enter(1, rv == 0 && answer != 77);
    KeSetEvent(&seated, 1, 0);
    n++;
  }
  ExTerminateThread(n);
}

int main(void) {
  HANDLE t[2];
  u32 id, value, asked = 0;
  ExInitializeReadWriteLock(rw);
  KeInitializeEvent(&seated, AUTO, 0);
  for (u32 i = 0; i < 2; i++) NtCreateIoCompletion(&port[i], 0, NULL, 0);
  listener = XamNotifyCreateListener(0x7F, 1);
  if (listener == 0) DbgPrint("usher: nobody tells me\n");
  ExCreateThread(&t[0], 0x8000, NULL, NULL, (void *)members, NULL, CORE(1));
  ExCreateThread(&t[1], 0x8000, NULL, NULL, (void *)questions, NULL, CORE(2));
  for (u32 r = 0; r < ROUNDS; r++) {
    while (XNotifyGetNext(listener, 0, &id, &value)) {
      passed++;
      if (id == 10) NtSetIoCompletion(port[0], id, value, 0, 0);
    }
    if (r % 10 == 4) {
      s64 limit = MS(600);
      NtSetIoCompletion(port[1], asked++, 5, 0, 0);
      if (KeWaitForSingleObject(&seated, 3, 1, 0, &limit) == STATUS_TIMEOUT) DbgPrint("usher: no answer\n");
    }
    if (r % 10 == 9) DbgPrint("usher: %d answers\n", look(1));
    nap(3);
  }
  for (u32 i = 0; i < 2; i++) NtSetIoCompletion(port[i], 99, 0, 0, 0);
  NtWaitForMultipleObjectsEx(2, t, 0, 1, 0, NULL);
  DbgPrint("usher: %d passed on, %d in the book\n", passed > 0, look(1));
  for (u32 i = 0; i < 2; i++) NtClose(t[i]), NtClose(port[i]);
  NtClose(listener);
  return 0;
}

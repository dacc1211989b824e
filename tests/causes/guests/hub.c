// A main loop that waits for whichever of its sources speaks first (a message, a network reply, a timer, the end of the
// loader's thread) and serves it; then for all of its services to be up at once. Each service is a thread of its own
// that is told to go on by the loop's answers.
#include "stage.h"

enum { QUIT, MESSAGE, REPLY, ALARM, LOADER, SOURCES };

static HANDLE sources[SOURCES], up[3], answer, pong;
static CRITICAL_SECTION box;
static u32 messages[8], head, tail, served[SOURCES], total;
static volatile u32 phase;

static void post(u32 what) {
  RtlEnterCriticalSection(&box);
  messages[tail++ & 7] = what;
  RtlLeaveCriticalSection(&box);
  NtSetEvent(sources[MESSAGE], NULL);
}

static u32 take(u32 *what) {
  RtlEnterCriticalSection(&box);
  u32 any = head != tail;
  if (any) *what = messages[head++ & 7];
  RtlLeaveCriticalSection(&box);
  return any;
}

// Posts three messages, each after the answer to the one before.
static void client(void *ctx) {
  (void)ctx;
  NtSetEvent(up[0], NULL);
  for (u32 i = 0; i < 3; i++) {
    post(10 + i);
    if (wait_for(answer, MS(600)) != STATUS_SUCCESS) {
      DbgPrint("hub: no answer to message %d\n", i);
      break;
    }
    crunch(800);
  }
  ExTerminateThread(0);
}

static void network(void *ctx) {
  s32 previous = 0;
  (void)ctx;
  NtSetEvent(up[1], NULL);
  for (u32 i = 0; i < 2; i++) {
    pause_ms(6);
    NtSetEvent(sources[REPLY], &previous);
    if (previous) DbgPrint("hub: a reply was not taken\n");
    if (wait_for(pong, MS(700)) != STATUS_SUCCESS) DbgPrint("hub: the server says nothing\n");
  }
  ExTerminateThread(0);
}

static void loader(void *ctx) {
  static u8 buffer[1024];
  HANDLE h;
  IO_STATUS_BLOCK io = {0, 0};
  u32 sum = 0;
  (void)ctx;
  NtSetEvent(up[2], NULL);
  NTSTATUS s = open_file(&h, "game:\\data\\part2.bin", READ, 1);
  if (FAILED(s)) {
    complain("hub: data", s);
    ExTerminateThread(1);
  }
  do {
    s = NtReadFile(h, 0, NULL, NULL, &io, buffer, sizeof buffer, NULL);
    if (!FAILED(s)) sum += checksum(buffer, io.information);
    pause_ms(2);
  } while (!FAILED(s) && io.information == sizeof buffer);
  NtClose(h);
  total = sum;
  ExTerminateThread(0);
}

static void serve(u32 which) {
  u32 what = 0;
  served[which]++;
  if (which == MESSAGE)
    while (take(&what)) {
      total += what;
      NtSetEvent(answer, NULL);
    }
  if (which == REPLY) {
    HANDLE copy = 0;
    NTSTATUS s = NtDuplicateObject(pong, &copy, 0);
    if (FAILED(s)) complain("hub: reply", s);
    NtSetEvent(copy, NULL);
    NtClose(copy);
  }
  if (which == LOADER) {
    phase = 1;
    // Not asked again: the thread's handle stays signalled.
    sources[LOADER] = sources[QUIT];
  }
}

static u32 loop(void) {
  s64 limit = MS(300);
  for (u32 alarms = 0; alarms < 4;) {
    NTSTATUS s = NtWaitForMultipleObjectsEx(SOURCES, sources, 1, 1, 0, &limit);
    if (s == STATUS_TIMEOUT || s >= SOURCES) return DbgPrint("hub: nothing happens (%x)\n", s), 0;
    if (s == QUIT) return 1;
    if (s == ALARM) alarms++;
    serve(s);
  }
  return 1;
}

int main(void) {
  s64 first = MS(10);
  HANDLE t[3];
  RtlInitializeCriticalSection(&box);
  sources[QUIT] = new_event(0, 0), sources[MESSAGE] = new_event(1, 0), sources[REPLY] = new_event(1, 0);
  NtCreateTimer(&sources[ALARM], NULL, 1);
  answer = new_event(1, 0), pong = new_event(1, 0);
  for (u32 i = 0; i < 3; i++) up[i] = new_event(0, 0);
  t[0] = spawn(client, 0, SUSPENDED | ON(1)), t[1] = spawn(network, 0, SUSPENDED | ON(2));
  t[2] = sources[LOADER] = spawn(loader, 0, SUSPENDED | ON(3));
  for (u32 i = 0; i < 3; i++) NtResumeThread(t[i], NULL);
  NTSTATUS s = NtWaitForMultipleObjectsEx(3, up, 0, 1, 0, NULL);
  if (s != STATUS_SUCCESS) complain("hub: services", s);
  NtSetTimerEx(sources[ALARM], &first, NULL, 1, NULL, 0, 8, NULL);
  if (!loop()) DbgPrint("hub: the loop gives up\n");
  NtCancelTimer(sources[ALARM], NULL);
  if (!phase) DbgPrint("hub: the data is not loaded\n");
  for (u32 i = 0; i < 3; i++) join(t[i]);
  DbgPrint("hub: %d messages, %d replies, %d alarms, %x\n", served[MESSAGE], served[REPLY], served[ALARM], total);
  return 0;
}

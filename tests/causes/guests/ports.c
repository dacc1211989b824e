// Work that goes through completion ports: a front end posts requests, each of two engines takes from its own port and
// posts what it has done to the port of the collector; a packet with key 0 ends an engine. Limits on time everywhere.
#include "stage.h"

NTSTATUS NtCreateIoCompletion(HANDLE *, u32, void *, u32), NtSetIoCompletion(HANDLE, u32 key, u32 value, u32, u32);
NTSTATUS NtRemoveIoCompletion(HANDLE, u32 *key, u32 *value, IO_STATUS_BLOCK *, const s64 *);

#define REQUESTS 10
#define DEPTH 3

enum { END, HASH, COPY, RESULT };

static HANDLE ports[2], results, room, all;
static u8 source[256], target[256];
static u32 sums[REQUESTS], outstanding, failed;
static CRITICAL_SECTION lock;

static HANDLE port(void) {
  HANDLE h = 0;
  NTSTATUS s = NtCreateIoCompletion(&h, 0x1F0003, NULL, 0);
  if (FAILED(s)) complain("ports: port", s);
  return h;
}

static NTSTATUS work(u32 key, u32 value) {
  if (key == HASH) {
    sums[value] = checksum(source + value, 64);
    return STATUS_SUCCESS;
  }
  if (key != COPY) return 0xC000000Du; // STATUS_INVALID_PARAMETER
  for (u32 i = 0; i < 256; i++) target[i] = (u8)(source[i] + value);
  sums[value] = checksum(target, 256);
  return STATUS_SUCCESS;
}

static void engine(void *ctx) {
  HANDLE from = ports[(u32)(usize)ctx];
  u32 done = 0;
  for (;;) {
    u32 key = 0, value = 0;
    IO_STATUS_BLOCK io = {0, 0};
    s64 idle = MS(400);
    NTSTATUS s = NtRemoveIoCompletion(from, &key, &value, &io, &idle);
    if (s == STATUS_TIMEOUT) {
      DbgPrint("ports: engine %d is idle\n", (u32)(usize)ctx);
      break;
    }
    if (FAILED(s) || key == END) break;
    s = work(key, value);
    if (FAILED(s)) complain("ports: work", s);
    done++;
    NtSetIoCompletion(results, RESULT, value, s, io.information);
  }
  ExTerminateThread(done);
}

static void account(u32 value, const IO_STATUS_BLOCK *io) {
  RtlEnterCriticalSection(&lock);
  outstanding--;
  if (FAILED(io->status)) failed++;
  if (io->information != value * 2) DbgPrint("ports: request %d has another's answer\n", value);
  RtlLeaveCriticalSection(&lock);
  NtReleaseSemaphore(room, 1, NULL);
}

static void collector(void *ctx) {
  (void)ctx;
  for (u32 n = 0; n < REQUESTS; n++) {
    u32 key, value;
    IO_STATUS_BLOCK io;
    NTSTATUS s = NtRemoveIoCompletion(results, &key, &value, &io, NULL);
    if (s != STATUS_SUCCESS || key != RESULT) {
      complain("ports: collector", s);
      break;
    }
    account(value, &io);
  }
  NtSetEvent(all, NULL);
  ExTerminateThread(failed);
}

int main(void) {
  HANDLE t[3];
  for (u32 i = 0; i < sizeof source; i++) source[i] = (u8)(i * 29 + 3);
  RtlInitializeCriticalSection(&lock);
  ports[0] = port(), ports[1] = port(), results = port();
  room = new_semaphore(DEPTH, DEPTH), all = new_event(0, 0);
  for (u32 i = 0; i < 2; i++) t[i] = spawn(engine, i, ON(2 + i));
  t[2] = spawn(collector, 0, ON(5));
  for (u32 i = 0; i < REQUESTS; i++) {
    if (wait_for(room, MS(700)) != STATUS_SUCCESS) DbgPrint("ports: no room for request %d\n", i);
    RtlEnterCriticalSection(&lock);
    outstanding++;
    RtlLeaveCriticalSection(&lock);
    NTSTATUS s = NtSetIoCompletion(ports[i % 2], i % 3 ? HASH : COPY, i, STATUS_SUCCESS, i * 2);
    if (FAILED(s)) complain("ports: request", s);
  }
  wait_for(all, MS(1500));
  for (u32 i = 0; i < 2; i++) NtSetIoCompletion(ports[i], END, 0, 0, 0);
  for (u32 i = 0; i < 3; i++) join(t[i]);
  u32 sum = 0;
  for (u32 i = 0; i < REQUESTS; i++) sum = sum * 7 + sums[i];
  DbgPrint("ports: %d outstanding, %d failed, %x\n", outstanding, failed, sum);
  NtClose(ports[0]), NtClose(ports[1]), NtClose(results);
  return 0;
}

// A journal that several threads write through one: they format a line in memory of their own, found by TLS, hand it
// over and go on; the keeper writes it, looks at the file's length, and begins a new file when it is long, the old one
// renamed. Opening is tried again with longer and longer pauses.
#include "stage.h"

s32 _snprintf(char *, u32, const char *, ...);
NTSTATUS RtlInitializeCriticalSectionAndSpinCount(CRITICAL_SECTION *, u32);
NTSTATUS NtFlushBuffersFile(HANDLE, IO_STATUS_BLOCK *);
NTSTATUS NtQueryEvent(HANDLE, u32 *);

#define WRITERS 2
#define LINES 4
#define LONG 150

static CRITICAL_SECTION lock;
static HANDLE free_slots, lines, file, flush_wanted, flushed, closed;
static char ring[4][64];
static u32 lengths[4], in, out, tls, serial, rotated;

static void hand_over(const char *text, u32 n) {
  if (wait_for(free_slots, MS(500)) != STATUS_SUCCESS) {
    DbgPrint("journal: a line is lost\n");
    return;
  }
  RtlEnterCriticalSection(&lock);
  for (u32 i = 0; i < n; i++) ring[in & 3][i] = text[i];
  lengths[in++ & 3] = n;
  RtlLeaveCriticalSection(&lock);
  NtReleaseSemaphore(lines, 1, NULL);
}

static u32 my_number(void) {
  char *buffer = KeTlsGetValue(tls);
  return buffer ? (u32)buffer[63] : 99;
}

static void writer(void *ctx) {
  char *buffer = ExAllocatePool(64);
  if (buffer) buffer[63] = (char)(usize)ctx;
  if (!KeTlsSetValue(tls, buffer)) DbgPrint("journal: no place for a buffer\n");
  for (u32 i = 0; i < LINES; i++) {
    pause_ms(3 + (u32)(usize)ctx * 5);
    char *text = KeTlsGetValue(tls);
    if (text == NULL) {
      DbgPrint("journal: writer %d has no buffer\n", my_number());
      continue;
    }
    u32 n = (u32)_snprintf(text, 60, "writer %d line %d of %d, all is well\n", my_number(), i, LINES);
    hand_over(text, n);
  }
  KeTlsSetValue(tls, NULL);
  if (buffer) ExFreePool(buffer);
  NtReleaseSemaphore(closed, 1, NULL);
  ExTerminateThread(0);
}

static NTSTATUS open_journal(void) {
  NTSTATUS s = 0;
  for (u32 pause = 1; pause < 64; pause *= 4) {
    s = open_file(&file, "cache:\\journal.txt", READ | WRITE, 5);
    if (!FAILED(s)) break;
    DbgPrint("journal: tries again in %d ms, error %d\n", pause, RtlNtStatusToDosError(s));
    pause_ms(pause);
  }
  return s;
}

// The old one gets another name.
static void rotate(void) {
  IO_STATUS_BLOCK io;
  ANSI_STRING name;
  u32 rename[4] = {1, 0, 0, 0};
  RtlInitAnsiString(&name, "cache:\\journal.old");
  rename[1] = 0;
  rename[2] = (u32)name.length << 16 | name.max;
  rename[3] = (u32)(usize)name.buffer;
  NTSTATUS s = NtSetInformationFile(file, &io, rename, 16, 10);
  if (FAILED(s)) complain("journal: rename", s);
  NtClose(file);
  file = 0;
  s = open_journal();
  if (FAILED(s)) complain("journal: the next one", s);
  rotated++;
}

static void write_line(void) {
  IO_STATUS_BLOCK io = {0, 0};
  u64 network[7] = {0};
  RtlEnterCriticalSection(&lock);
  u32 slot = out++ & 3;
  RtlLeaveCriticalSection(&lock);
  u64 end = 0xFFFFFFFFFFFFFFFFull; // append
  NTSTATUS s = NtWriteFile(file, 0, NULL, NULL, &io, ring[slot], lengths[slot], &end);
  if (FAILED(s)) complain("journal: line", s);
  serial++;
  NtReleaseSemaphore(free_slots, 1, NULL);
  s = NtQueryInformationFile(file, &io, network, 56, 0x22);
  if (!FAILED(s) && network[5] > LONG) rotate();
}

static void keeper(void *ctx) {
  const HANDLE either[2] = {flush_wanted, lines};
  IO_STATUS_BLOCK io;
  (void)ctx;
  for (;;) {
    NTSTATUS s = NtWaitForMultipleObjectsEx(2, either, 1, 1, 0, NULL);
    if (s == 0) break;
    write_line();
  }
  NTSTATUS s = NtFlushBuffersFile(file, &io);
  if (FAILED(s)) complain("journal: flush", s);
  NtClose(file);
  NtSetEvent(flushed, NULL);
  ExTerminateThread(serial);
}

static u32 length_of(const char *path) {
  NETWORK_OPEN_INFORMATION info;
  NTSTATUS s = attributes_of(path, &info);
  if (FAILED(s)) return complain(path, s), 0;
  return (u32)info.eof;
}

int main(void) {
  HANDLE t[WRITERS + 1];
  u32 state[2] = {9, 9};
  if (FAILED(RtlInitializeCriticalSectionAndSpinCount(&lock, 1000))) DbgPrint("journal: lock\n");
  tls = KeTlsAlloc();
  free_slots = new_semaphore(4, 4), lines = new_semaphore(0, 4), closed = new_semaphore(0, WRITERS);
  flush_wanted = new_event(0, 0), flushed = new_event(0, 0);
  NTSTATUS s = open_journal();
  if (FAILED(s)) complain("journal: opening", s);
  t[WRITERS] = spawn(keeper, 0, ON(5));
  for (u32 i = 0; i < WRITERS; i++) t[i] = spawn(writer, i, ON(1 + i));
  for (u32 i = 0; i < WRITERS; i++)
    if (wait_for(closed, MS(900)) != STATUS_SUCCESS) DbgPrint("journal: a writer does not end\n");
  pause_ms(2);
  s = NtQueryEvent(flushed, state);
  if (FAILED(s) || state[1] != 0) DbgPrint("journal: closed already\n");
  NtSetEvent(flush_wanted, NULL);
  wait_for(flushed, 0);
  for (u32 i = 0; i <= WRITERS; i++) join(t[i]);
  KeTlsFree(tls);
  DbgPrint("journal: %d lines, %d times a new one, %d and %d bytes\n", serial, rotated,
           length_of("cache:\\journal.old"), length_of("cache:\\journal.txt"));
  return 0;
}

// Saved games in a vault: slots are made by overlapped calls that set an event, written by a scribe, listed by an
// enumerator a few at a time, read back and compared, and one of them is deleted. A porter stands at the device.
#include "engine.h"
#define SLOTS 3
static HANDLE done, job, finished, scribe_thread;
static volatile u32 current, stop, bad;
static u8 content[SLOTS][0x134], listed[4 * 0x134], text[SLOTS][400], again[400];
u32 XamContentCreateDeviceEnumerator(u32 type, u32 flags, u32 items, u32 *size, HANDLE *out);
u32 XamContentGetCreator(u32, const void *, u32 *, u64 *, void *);
struct overlapped {
  u32 result, length, context, event, routine, routine_context, extended;
};

// Waits for an overlapped call that sets the event.
static u32 ended(u32 rv, struct overlapped *o) {
  s64 limit = MS(400);
  if (rv != 997) return rv;
  if (NtWaitForSingleObjectEx(done, 1, 0, &limit) == STATUS_TIMEOUT) DbgPrint("vault: no end\n");
  u32 length = 0;
  return XamGetOverlappedResult(o, &length, 0);
}

static void clear(struct overlapped *o) {
  *o = (struct overlapped){0, 0, 0, done, 0, 0, 0};
  NtClearEvent(done);
}

static void scribe(void *unused) {
  (void)unused;
  for (;;) {
    NtWaitForSingleObjectEx(job, 1, 0, NULL);
    if (stop) break;
    HANDLE f = 0;
    IO_STATUS_BLOCK io = {0, 0};
    u32 n = current;
    NTSTATUS s = open_file(&f, &io, "slot:\\state.dat", FOR_WRITE, 5, 0x60);
    for (u64 at = 0; (s32)s >= 0 && at < 400; at += 100) s = NtWriteFile(f, 0, NULL, NULL, &io, text[n] + at, 100, &at);
    if ((s32)s < 0) bad++, DbgPrint("vault: slot %d is not written, %d\n", n, RtlNtStatusToDosError(s));
    NtClose(f);
    NtSetEvent(finished, NULL);
  }
  ExTerminateThread(bad);
}

static u32 open_slot(u32 n, u32 how) {
  struct overlapped o;
  u32 disposition = 0;
  clear(&o);
  u32 rv = ended(XamContentCreate(0, "slot", content[n], how, &disposition, NULL, &o), &o);
  if (rv) DbgPrint("vault: slot %d does not open, %d\n", n, rv);
  return rv ? 0 : disposition + 1;
}

static void close_slot(void) {
  struct overlapped o;
  clear(&o);
  u32 rv = ended(XamContentClose("slot", &o), &o);
  if (rv) DbgPrint("vault: it does not close, %d\n", rv);
}

static u32 list(void) {
  HANDLE e = 0;
  u32 size = 0, n = 0, count = 0;
  if (XamContentCreateEnumerator(0, 1, 1, 0, 2, &size, &e)) return 0;
  for (;;) {
    struct overlapped o;
    clear(&o);
    u32 rv = XamEnumerate(e, 0, listed, size, NULL, &o);
    if (rv == 997) {
      s64 limit = MS(400);
      if (NtWaitForSingleObjectEx(done, 1, 0, &limit) == STATUS_TIMEOUT) break;
      rv = XamGetOverlappedResult(&o, &count, 0);
    }
    if (rv) break;
    n += count;
  }
  NtClose(e);
  return n;
}

static u32 check(u32 n) {
  HANDLE f = 0;
  IO_STATUS_BLOCK io = {0, 0};
  u64 at = 0, info[3] = {0, 0, 0};
  if ((s32)open_file(&f, &io, "slot:\\state.dat", FOR_READ, 1, 0x60) < 0) return 1;
  NtQueryInformationFile(f, &io, info, sizeof info, 5);
  NtReadFile(f, 0, NULL, NULL, &io, again, 400, &at);
  NtClose(f);
  return info[1] != 400 || RtlCompareMemory(again, text[n], 400) != 400;
}

int main(void) {
  u32 devices = 0, size = 0;
  HANDLE e = 0;
  NtCreateEvent(&done, NULL, MANUAL, 0);
  NtCreateEvent(&job, NULL, AUTO, 0), NtCreateEvent(&finished, NULL, AUTO, 0);
  if (XamContentCreateDeviceEnumerator(1, 0, 4, &size, &e) == 0) {
    XamEnumerate(e, 0, listed, sizeof listed, &devices, NULL);
    NtClose(e);
  }
  if (devices == 0 || XamContentGetDeviceState(1, NULL)) DbgPrint("vault: no device\n");
  ExCreateThread(&scribe_thread, 0x8000, NULL, NULL, (void *)scribe, NULL, CORE(3));
  for (u32 n = 0; n < SLOTS; n++) {
    content[n][3] = 1, content[n][7] = 1, content[n][9] = 'A' + n;
    content[n][0x108] = 's', content[n][0x109] = '0' + n;
    for (u32 i = 0; i < 400; i++) text[n][i] = (u8)(i * (n + 3) ^ i >> 2);
  }
  for (u32 n = 0; n < SLOTS; n++) {
    if (!open_slot(n, 2)) continue;
    current = n;
    NtSetEvent(job, NULL);
    NtWaitForSingleObjectEx(finished, 1, 0, NULL);
    XamContentFlush("slot", NULL);
    close_slot();
  }
  DbgPrint("vault: %d slots\n", list());
  for (u32 n = 0; n < SLOTS; n++) {
    if (!open_slot(n, 3)) continue;
    if (check(n)) DbgPrint("vault: slot %d is spoilt\n", n);
    close_slot();
  }
  struct overlapped o;
  clear(&o);
  if (ended(XamContentDelete(0, content[1], &o), &o)) DbgPrint("vault: slot 1 stays\n");
  DbgPrint("vault: %d slots\n", list());
  stop = 1;
  NtSetEvent(job, NULL);
  NtWaitForSingleObjectEx(scribe_thread, 1, 0, NULL);
  NtClose(scribe_thread), NtClose(done), NtClose(job), NtClose(finished);
  return 0;
}

// Chapters of packages: an index says where each lies; two readers fetch them with an event for each read's end, under
// a mutant for the desk that they share; a binder puts them in order, whoever comes first, and asks for the next.
#include "engine.h"
#define READERS 2
#define CHAPTERS 8
struct chapter {
  u32 at, size, sum, ready;
  u8 *text;
};
static struct chapter book[CHAPTERS];
static HANDLE desk, wanted, come, package[READERS];
static volatile u32 next, stop, errors;
static KEVENT bound;

static u32 pick(u32 me) {
  u32 n = CHAPTERS;
  (void)me;
  NtWaitForSingleObjectEx(desk, 1, 0, NULL);
  if (next < CHAPTERS) n = next++;
  NtReleaseMutant(desk, NULL);
  return n;
}

static void fetch(HANDLE f, HANDLE over, struct chapter *c) {
  IO_STATUS_BLOCK io = {0, 0};
  u64 at = c->at;
  c->text = ExAllocatePoolTypeWithTag(c->size, 0x43484150, 0);
  NTSTATUS s = c->text ? NtReadFile(f, over, NULL, NULL, &io, c->text, c->size, &at) : 0xC0000017u;
  if ((s32)s >= 0) NtWaitForSingleObjectEx(over, 1, 0, NULL);
  if ((s32)s < 0 || io.information != c->size) {
    errors++;
    DbgPrint("chapters: at %x, error %d\n", c->at, RtlNtStatusToDosError(s));
    return;
  }
  for (u32 i = 0; i < c->size; i++) c->sum = c->sum * 5 + c->text[i];
}

static void reader(void *ctx) {
  u32 me = (u32)(usize)ctx, n, did = 0;
  HANDLE over;
  IO_STATUS_BLOCK io;
  u64 info[3] = {0, 0, 0};
  NtCreateEvent(&over, NULL, AUTO, 0);
  NTSTATUS s = open_file(&package[me], &io, "game:\\data\\movie.bin", FOR_READ, 1, 0x40);
  if ((s32)s < 0) DbgPrint("chapters: no package %d\n", me), errors++;
  NtQueryInformationFile(package[me], &io, info, sizeof info, 5);
  for (;;) {
    NtWaitForSingleObjectEx(wanted, 1, 0, NULL);
    if (stop || (n = pick(me)) == CHAPTERS) break;
    if (book[n].at + book[n].size <= info[1]) fetch(package[me], over, &book[n]);
    book[n].ready = 1;
    did++;
    NtReleaseSemaphore(come, 1, NULL);
  }
  NtClose(package[me]);
  NtClose(over);
  ExTerminateThread(did > CHAPTERS);
}

static void binder(void *ctx) {
  u32 sum = 0;
  (void)ctx;
  for (u32 n = 0; n < CHAPTERS; n++) {
    s64 limit = MS(400);
    NTSTATUS s = NtWaitForSingleObjectEx(come, 1, 0, &limit);
    if (s == STATUS_TIMEOUT) {
      DbgPrint("chapters: %d does not come\n", n);
      break;
    }
    if (n + READERS < CHAPTERS) NtReleaseSemaphore(wanted, 1, NULL);
  }
  for (u32 n = 0; n < CHAPTERS; n++) {
    sum += book[n].sum * (n + 1);
    if (book[n].text) ExFreePool(book[n].text);
  }
  DbgPrint("chapters: sum %x, %d errors\n", sum, errors);
  KeSetEvent(&bound, 1, 0);
  ExTerminateThread(sum);
}

int main(void) {
  HANDLE t[READERS + 1];
  IO_STATUS_BLOCK io;
  HANDLE index = 0;
  u8 head[64];
  u64 at = 0;
  KeInitializeEvent(&bound, MANUAL, 0);
  NtCreateMutant(&desk, NULL, 0);
  NtCreateSemaphore(&wanted, NULL, 0, CHAPTERS), NtCreateSemaphore(&come, NULL, 0, CHAPTERS);
  open_file(&index, &io, "game:\\data\\config.bin", FOR_READ, 1, 0x60);
  NtReadFile(index, 0, NULL, NULL, &io, head, sizeof head, &at);
  NtClose(index);
  for (u32 i = 0; i < CHAPTERS; i++) book[i].at = 512 * i + head[i] % 64, book[i].size = 256 + head[i + 8];
  for (u32 i = 0; i < READERS; i++)
    ExCreateThread(&t[i], 0x8000, NULL, NULL, (void *)reader, (void *)(usize)i, CORE(i + 1));
  ExCreateThread(&t[READERS], 0x8000, NULL, NULL, (void *)binder, NULL, CORE(3));
  NtReleaseSemaphore(wanted, READERS, NULL);
  KeWaitForSingleObject(&bound, 3, 1, 0, NULL);
  stop = 1;
  NtReleaseSemaphore(wanted, READERS, NULL);
  NtWaitForMultipleObjectsEx(READERS + 1, t, 0, 1, 0, NULL);
  for (u32 i = 0; i <= READERS; i++) NtClose(t[i]);
  return 0;
}

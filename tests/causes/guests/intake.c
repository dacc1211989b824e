// An intake of files by one thread and a helper: where the first place of a file does not have it the second is tried;
// a size that is wrong, a read that is short and a sum that is wrong each take another branch. Memory for a file is
// reserved at once and committed as it is read. Reads are asynchronous, with an event or with an APC. The helper sums
// what has come. What is left is written to the cache and read again.
#include "xbox.h"
NTSTATUS NtOpenFile(HANDLE *, u32 access, OBJECT_ATTRIBUTES *, IO_STATUS_BLOCK *, u32 share, u32 options);
NTSTATUS NtFlushBuffersFile(HANDLE, IO_STATUS_BLOCK *);
u32 RtlComputeCrc32(u32, const void *, u32);
u32 RtlNtStatusToDosError(NTSTATUS);
u32 RtlCompareMemory(const void *, const void *, u32);
#define STATUS_PENDING 0x103u
#define CHUNK 1024
struct job {
  u32 at, size, sum;
};
static HANDLE ask, told, read_done, helper;
static struct job job;
static volatile u32 over, apcs;
static u32 fallbacks, shorts, errors;

static void on_read(void *ctx, IO_STATUS_BLOCK *io, u32 unused) {
  (void)ctx, (void)io, (void)unused;
  apcs++;
}

static void summing(void *ctx) {
  u32 n = 0;
  (void)ctx;
  for (;; n++) {
    NtWaitForSingleObjectEx(ask, 1, 0, NULL);
    if (over) break;
    job.sum = RtlComputeCrc32(0, (void *)(usize)job.at, job.size);
    NtSetEvent(told, NULL);
  }
  ExTerminateThread(n);
}

static NTSTATUS find(const char *path, u64 *size) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  NETWORK_OPEN_INFORMATION info;
  name_object(&oa, &s, path);
  NTSTATUS st = NtQueryFullAttributesFile(&oa, &info);
  *size = st == STATUS_SUCCESS ? info.eof : 0;
  return st;
}

static NTSTATUS open(HANDLE *h, const char *path) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  IO_STATUS_BLOCK io;
  name_object(&oa, &s, path);
  return NtOpenFile(h, 0x80100080u, &oa, &io, 1, 0x40);
}

static u32 chunk(HANDLE f, u32 at, u32 from, u32 size, u32 by_apc) {
  IO_STATUS_BLOCK io = {0, 0};
  u64 offset = from;
  NTSTATUS s = NtReadFile(f, by_apc ? 0 : read_done, by_apc ? (void *)on_read : NULL, NULL, &io, (void *)(usize)at,
                          size, &offset);
  if (by_apc) {
    s64 t = MS(50);
    KeDelayExecutionThread(1, 1, &t);
  } else if (s == STATUS_PENDING || s == STATUS_SUCCESS) {
    NtWaitForSingleObjectEx(read_done, 1, 0, NULL);
  }
  if ((s32)s < 0) {
    errors++;
    DbgPrint("intake: error %d\n", RtlNtStatusToDosError(s));
    return 0;
  }
  if (io.information < size) shorts++;
  return io.information;
}

static u32 take_in(const char *first, const char *second, u32 by_apc) {
  HANDLE f;
  u64 size = 0;
  const char *path = first;
  if ((s32)find(path, &size) < 0) {
    fallbacks++;
    path = second;
    if ((s32)find(path, &size) < 0) return 0;
  }
  if ((s32)open(&f, path) < 0) return 0;
  u32 base = 0, whole = ((u32)size + 0xFFFF) & ~0xFFFFu, got = 0;
  if ((s32)NtAllocateVirtualMemory(&base, &whole, 0x2000, 4, 0) < 0) {
    NtClose(f);
    return 0;
  }
  for (u32 at = 0; at < (u32)size; at += CHUNK) {
    if (at % 0x1000 == 0) {
      u32 here = base + at, n = 0x1000;
      if ((s32)NtAllocateVirtualMemory(&here, &n, 0x1000, 4, 0) < 0) break;
    }
    u32 want = (u32)size - at < CHUNK ? (u32)size - at : CHUNK, n = chunk(f, base + at, at, want, by_apc);
    got += n;
    if (n < want) break;
  }
  NtClose(f);
  job.at = base, job.size = got;
  NtSetEvent(ask, NULL);
  s64 limit = MS(400);
  u32 sum = NtWaitForSingleObjectEx(told, 1, 0, &limit) == STATUS_SUCCESS ? job.sum : 0;
  if (sum == 0) errors++;
  u32 none = 0;
  NtFreeVirtualMemory(&base, &none, 0x8000, 0);
  return sum;
}

static u32 keep(const u32 *sums, u32 n) {
  HANDLE f;
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  IO_STATUS_BLOCK io = {0, 0};
  u32 back[8] = {0};
  u64 zero = 0;
  name_object(&oa, &s, "cache:\\sums.bin");
  if ((s32)NtCreateFile(&f, 0xC0100080u, &oa, &io, NULL, 0x80, 0, 5, 0x60) < 0) return 0;
  NtWriteFile(f, 0, NULL, NULL, &io, sums, n * 4, &zero);
  NtFlushBuffersFile(f, &io);
  NtReadFile(f, 0, NULL, NULL, &io, back, n * 4, &zero);
  NtClose(f);
  return RtlCompareMemory(sums, back, n * 4) == n * 4;
}

int main(void) {
  static const char *const paths[][2] = {{"game:\\data\\part0.bin", "game:\\old\\part0.bin"},
                                         {"game:\\patch\\part1.bin", "game:\\data\\part1.bin"},
                                         {"game:\\data\\english.bin", "game:\\data\\config.bin"},
                                         {"game:\\patch\\none.bin", "game:\\data\\none.bin"},
                                         {"game:\\data\\part2.bin", "game:\\data\\part3.bin"}};
  u32 sums[5];
  NtCreateEvent(&ask, NULL, 1, 0), NtCreateEvent(&told, NULL, 1, 0), NtCreateEvent(&read_done, NULL, 1, 0);
  ExCreateThread(&helper, 0x4000, NULL, NULL, (void *)summing, NULL, 1u << 27);
  for (u32 i = 0; i < 5; i++) sums[i] = take_in(paths[i][0], paths[i][1], i == 2 || i == 4);
  if (!keep(sums, 5)) DbgPrint("intake: not kept\n");
  over = 1;
  NtSetEvent(ask, NULL);
  NtWaitForSingleObjectEx(helper, 1, 0, NULL);
  DbgPrint("intake: %d elsewhere, %d short, %d errors, %d by APC\n", fallbacks, shorts, errors, apcs);
  NtClose(helper), NtClose(ask), NtClose(told), NtClose(read_done);
  return 0;
}

// An archive that is unpacked: its parts are read into pages, written out gathered and plain, cut and renamed; a
// catalogue is made of what the folder lists; a checker reads all of it again and compares sums. Two threads hand parts
// over.
#include "engine.h"

NTSTATUS NtReadFileScatter(HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, const u32 *, u32, const u64 *);
NTSTATUS NtFlushBuffersFile(HANDLE, IO_STATUS_BLOCK *);
NTSTATUS NtQueryVolumeInformationFile(HANDLE, IO_STATUS_BLOCK *, void *, u32, u32);
#define PARTS 3
static u8 pages[2][4096] __attribute__((aligned(4096)));
static u8 back[8192];
static u32 sums[PARTS], again[PARTS], names;
static HANDLE full, empty, packer;
static volatile u32 held, told;
static const char *const from[PARTS] = {"game:\\data\\part3.bin", "game:\\data\\part4.bin", "game:\\data\\part5.bin"};
static const char *const to[PARTS] = {"cache:\\u0.bin", "cache:\\u1.bin", "cache:\\u2.bin"};

static u32 sum(const u8 *p, u32 n) {
  u32 s = 7;
  for (u32 i = 0; i < n; i++) s = s * 33 + p[i];
  return s;
}

static void unpack(void *unused) {
  const u32 list[2] = {(u32)(usize)pages[0], (u32)(usize)pages[1]};
  IO_STATUS_BLOCK io;
  (void)unused;
  for (u32 i = 0; i < PARTS; i++) {
    HANDLE f = 0;
    NtWaitForSingleObjectEx(empty, 1, 0, NULL);
    if ((s32)open_file(&f, &io, from[i], FOR_READ, 1, 0x60) < 0) DbgPrint("unpacker: no part %d\n", i);
    u64 at = 0;
    NTSTATUS s = NtReadFileScatter(f, 0, NULL, NULL, &io, list, 8192, &at);
    if ((s32)s < 0) DbgPrint("unpacker: part %d: %x, error %d\n", i, s, RtlNtStatusToDosError(s));
    NtClose(f);
    held = io.information;
    sums[i] = sum(pages[0], held > 8192 ? 8192 : held);
    NtReleaseSemaphore(full, 1, NULL);
  }
  ExTerminateThread(held);
}

static void keep(u32 i) {
  const u32 list[2] = {(u32)(usize)pages[0], (u32)(usize)pages[1]};
  IO_STATUS_BLOCK io;
  HANDLE f = 0;
  u64 at = 0, end = held;
  open_file(&f, &io, to[i], FOR_WRITE, 5, 0x60);
  NTSTATUS s = i & 1 ? NtWriteFile(f, 0, NULL, NULL, &io, pages, held, &at)
                     : NtWriteFileGather(f, 0, NULL, NULL, &io, list, 8192, &at);
  if ((s32)s < 0 || io.information < held) DbgPrint("unpacker: %d bytes of %d: %x\n", io.information, held, s);
  NtSetInformationFile(f, &io, &end, 8, 20);
  NtFlushBuffersFile(f, &io);
  NtClose(f);
}

static void check(u32 i) {
  u64 info[3] = {0, 0, 0};
  IO_STATUS_BLOCK io;
  HANDLE f = 0;
  open_file(&f, &io, to[i], FOR_READ, 1, 0x60);
  NtQueryInformationFile(f, &io, info, sizeof info, 5);
  u32 n = (u32)info[1] > 8192 ? 8192 : (u32)info[1];
  u64 at = 0;
  NtReadFile(f, 0, NULL, NULL, &io, back, n, &at);
  again[i] = sum(back, io.information);
  NtClose(f);
  if (again[i] != sums[i]) DbgPrint("unpacker: part %d is damaged\n", i);
}

static void catalogue(void) {
  static DIRECTORY_INFORMATION d;
  IO_STATUS_BLOCK io;
  ANSI_STRING all;
  HANDLE dir = 0;
  open_file(&dir, &io, "cache:\\", 0x100001, 1, 0x4021);
  RtlInitAnsiString(&all, "*");
  for (u32 i = 0; NtQueryDirectoryFile(dir, 0, NULL, NULL, &io, &d, sizeof d, &all, i == 0) == 0; i++)
    names += d.name_length + (u32)d.eof;
  NtClose(dir);
}

int main(void) {
  NtCreateSemaphore(&full, NULL, 0, 3), NtCreateSemaphore(&empty, NULL, 1, 3);
  ExCreateThread(&packer, 0x8000, NULL, NULL, (void *)unpack, NULL, CORE(3));
  for (u32 i = 0; i < PARTS; i++) {
    NtWaitForSingleObjectEx(full, 1, 0, NULL);
    keep(i);
    NtReleaseSemaphore(empty, 1, NULL);
  }
  NtWaitForSingleObjectEx(packer, 1, 0, NULL);
  for (u32 i = 0; i < PARTS; i++) check(i);
  catalogue();
  DbgPrint("unpacker: %x in names\n", names);
  NtClose(packer), NtClose(full), NtClose(empty);
  return 0;
}

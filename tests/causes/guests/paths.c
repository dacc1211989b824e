// Files are looked for where they may be: an update, a language's folder, the disc, a cache that is filled; most of the
// places do not have them, and that is as it should be. An indexer opens what was found, a second thread checks it, and
// optional parts (a module, a second disc) are done without.
#include "stage.h"

NTSTATUS NtOpenFile(HANDLE *, u32, OBJECT_ATTRIBUTES *, IO_STATUS_BLOCK *, u32 share, u32 options);
u32 XGetLanguage(void);

#define FILES 6

static const char *const places[4] = {"update:\\%s", "game:\\lang\\%s", "cache:\\%s", "game:\\data\\%s"};
static const char *const names[FILES] = {"part0.bin",  "english.bin", "part5.bin",
                                         "absent.bin", "config.bin",  "part1.bin"};

static HANDLE found_one, checked, files[FILES];
static CRITICAL_SECTION list;
static u32 where[FILES], nfound, sums[FILES], checked_n, missing;
static char path[64];
static u8 buffer[512];

static NTSTATUS open_at(HANDLE *h, const char *name) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  IO_STATUS_BLOCK io;
  name_object(&oa, &s, name);
  return NtOpenFile(h, READ, &oa, &io, 1, 0x60);
}

static NTSTATUS find(u32 i) {
  NETWORK_OPEN_INFORMATION info;
  NTSTATUS s = 0xC0000034u;
  for (u32 p = 0; p < 4 && FAILED(s); p++) {
    sprintf(path, places[p], names[i]);
    s = attributes_of(path, &info);
    if (FAILED(s)) continue;
    where[i] = p;
    s = open_at(&files[i], path);
  }
  return s;
}

// Keeps a copy, so that the next start is faster.
static void fill_cache(u32 i) {
  HANDLE h;
  IO_STATUS_BLOCK io = {0, 0};
  u64 begin = 0;
  NTSTATUS s = NtReadFile(files[i], 0, NULL, NULL, &io, buffer, sizeof buffer, &begin);
  if (FAILED(s)) {
    complain("paths: copy", s);
    return;
  }
  sprintf(path, "cache:\\%s", names[i]);
  s = open_file(&h, path, WRITE, 5);
  if (FAILED(s)) {
    complain("paths: cache", s);
    return;
  }
  NtWriteFile(h, 0, NULL, NULL, &io, buffer, io.information, NULL);
  NtClose(h);
}

static void indexer(void *ctx) {
  (void)ctx;
  for (u32 i = 0; i < FILES; i++) {
    NTSTATUS s = find(i);
    if (FAILED(s)) {
      missing++;
      continue;
    }
    if (where[i] == 3) fill_cache(i);
    RtlEnterCriticalSection(&list);
    nfound++;
    RtlLeaveCriticalSection(&list);
    NtReleaseSemaphore(found_one, 1, NULL);
  }
  ExTerminateThread(missing);
}

static void checker(void *ctx) {
  u32 i = 0;
  static u8 mine[256];
  (void)ctx;
  while (checked_n < FILES - 1) {
    if (wait_for(found_one, MS(200)) != STATUS_SUCCESS) {
      DbgPrint("paths: %d of %d files were found\n", checked_n, FILES - 1);
      break;
    }
    while (i < FILES && files[i] == 0) i++;
    if (i == FILES) break;
    IO_STATUS_BLOCK io = {0, 0};
    u64 at = 16;
    NTSTATUS s = NtReadFile(files[i], 0, NULL, NULL, &io, mine, 48, &at);
    sums[i] = FAILED(s) ? 0 : checksum(mine, io.information);
    if (sums[i] == 0) DbgPrint("paths: %s is empty\n", names[i]);
    i++, checked_n++;
  }
  NtSetEvent(checked, NULL);
  ExTerminateThread(checked_n);
}

static void optional(void) {
  HANDLE module = 0, h = 0;
  NTSTATUS s = XexLoadImage("game:\\extras.xex", 9, 0, &module);
  if (!FAILED(s)) DbgPrint("paths: with extras\n");
  if (FAILED(open_at(&h, "disc2:\\volume.id"))) return;
  DbgPrint("paths: a second disc\n");
  NtClose(h);
}

int main(void) {
  RtlInitializeCriticalSection(&list);
  found_one = new_semaphore(0, FILES), checked = new_event(0, 0);
  if (XGetLanguage() != 1) DbgPrint("paths: another language\n");
  optional();
  HANDLE t[2] = {spawn(indexer, 0, ON(2)), spawn(checker, 0, ON(4))};
  if (wait_for(checked, MS(900)) != STATUS_SUCCESS) DbgPrint("paths: the files are not checked\n");
  join(t[0]), join(t[1]);
  u32 sum = 0;
  for (u32 i = 0; i < FILES; i++) {
    sum = sum * 9 + sums[i] + where[i];
    if (files[i]) NtClose(files[i]);
  }
  if (missing > 1) DbgPrint("paths: the disc is dirty: %d missing\n", missing);
  DbgPrint("paths: %d found, %x\n", nfound, sum);
  return 0;
}

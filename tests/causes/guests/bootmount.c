// How a title boots: it asks the system what it is on, lists what lies in its folder, makes a package of its own and
// finds it among the content, and has four loaders, made suspended and let go, read the files side by side; what is
// loaded comes over a port, with its checksum. A splash is shown as long.
#include "engine.h"
u32 XGetAVPack(void), XGetGameRegion(void), RtlComputeCrc32(u32, const void *, u32);
#define LOADERS 4
#define MOST 12
static char names[MOST][32];
static u32 sizes[MOST], sums[MOST], files;
static volatile u32 next, splash_frames, loaded_all;
static HANDLE port, loaders[LOADERS], splash_thread;
static CRITICAL_SECTION heap_lock;
static u32 heap, heap_used;

static u32 list(void) {
  static DIRECTORY_INFORMATION info;
  IO_STATUS_BLOCK io;
  HANDLE dir = 0;
  u32 n = 0;
  if ((s32)open_file(&dir, &io, "game:\\data", 0x100001, 1, 0x4021) < 0) return 0;
  for (u32 first = 1; n < MOST; first = 0) {
    NTSTATUS s = NtQueryDirectoryFile(dir, 0, NULL, NULL, &io, &info, sizeof info, NULL, first);
    if (s != STATUS_SUCCESS) break;
    if (info.attributes & 0x10) continue;
    for (u32 i = 0; i < 31 && i < info.name_length; i++) names[n][i] = info.name[i];
    sizes[n++] = (u32)info.eof;
  }
  NtClose(dir);
  return n;
}

static u8 *room_for(u32 n) {
  RtlEnterCriticalSection(&heap_lock);
  u32 at = heap + heap_used;
  heap_used += (n + 63) & ~63u;
  RtlLeaveCriticalSection(&heap_lock);
  return (u8 *)(usize)at;
}

static NTSTATUS load(u32 i) {
  char path[64];
  HANDLE f = 0;
  IO_STATUS_BLOCK io = {0, 0};
  u64 info[3] = {0, 0, 0};
  sprintf(path, "game:\\data\\%s", names[i]);
  NTSTATUS s = open_file(&f, &io, path, FOR_READ, 1, 0x60);
  if ((s32)s < 0) return s;
  NtQueryInformationFile(f, &io, info, sizeof info, 5);
  u32 size = (u32)info[1];
  u8 *to = room_for(size);
  for (u64 at = 0; at < size && (s32)s >= 0; at += 4096)
    s = NtReadFile(f, 0, NULL, NULL, &io, to + at, size - at < 4096 ? size - (u32)at : 4096, &at);
  NtClose(f);
  if ((s32)s >= 0) sums[i] = RtlComputeCrc32(0, to, size);
  return s;
}

static void loader(void *unused) {
  u32 mine = 0;
  (void)unused;
  for (;;) {
    u32 i = add(&next, 1) - 1;
    if (i >= files) break;
    NTSTATUS s = load(i);
    NtSetIoCompletion(port, i, 0x600D, s, sums[i]);
    mine++;
  }
  ExTerminateThread(mine > MOST);
}

static void splash(void *unused) {
  (void)unused;
  while (!loaded_all && splash_frames < 200) splash_frames++, nap(5);
  ExTerminateThread(0);
}

static u32 package(void) {
  static u8 data[0x134], found[0x134 * 2];
  u32 disposition = 0, size = 0, n = 0;
  HANDLE e = 0;
  data[3] = 1, data[7] = 2, data[9] = 'P', data[0x108] = 'p';
  if (XamContentCreate(0, "pkg", data, 2, &disposition, NULL, NULL)) return 0;
  HANDLE f = 0;
  IO_STATUS_BLOCK io;
  if ((s32)open_file(&f, &io, "pkg:\\mark", FOR_WRITE, 5, 0x60) >= 0)
    NtWriteFile(f, 0, NULL, NULL, &io, "mark", 4, NULL);
  NtClose(f);
  XamContentClose("pkg", NULL);
  if (XamContentCreateEnumerator(0, 1, 2, 0, 2, &size, &e)) return 0;
  XamEnumerate(e, 0, found, size, &n, NULL);
  NtClose(e);
  return n;
}

int main(void) {
  u32 came = 0, bad = 0, all = 0;
  NETWORK_OPEN_INFORMATION extra;
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  RtlInitializeCriticalSection(&heap_lock);
  if (XGetAVPack() == 0 || XGetGameRegion() == 0) DbgPrint("bootmount: on what?\n");
  u32 language = XGetLanguage();
  name_object(&oa, &s, language == 1 ? "game:\\data\\english.bin" : "game:\\data\\other.bin");
  if (NtQueryFullAttributesFile(&oa, &extra) != STATUS_SUCCESS) DbgPrint("bootmount: no words for %d\n", language);
  files = list();
  for (u32 i = 0; i < files; i++) all += sizes[i];
  heap = MmAllocatePhysicalMemoryEx(0, (all + 64 * MOST + 0xFFFF) & ~0xFFFFu, 4, 0, 0xFFFFFFFF, 0);
  if (heap == 0) DbgPrint("bootmount: no room\n");
  DbgPrint("bootmount: %d packages\n", package());
  NtCreateIoCompletion(&port, 0, NULL, 0);
  ExCreateThread(&splash_thread, 0x8000, NULL, NULL, (void *)splash, NULL, CORE(5));
  for (u32 i = 0; i < LOADERS; i++)
    ExCreateThread(&loaders[i], 0x8000, NULL, NULL, (void *)loader, NULL, CORE(1 + i) | 1);
  for (u32 i = 0; i < LOADERS; i++) NtResumeThread(loaders[i], NULL);
  while (came < files) {
    u32 key = 0, value = 0;
    IO_STATUS_BLOCK io = {0, 0};
    s64 limit = MS(300);
    if (NtRemoveIoCompletion(port, &key, &value, &io, &limit) == STATUS_TIMEOUT) {
      DbgPrint("bootmount: %d are missing\n", files - came);
      break;
    }
    came++;
    if ((s32)io.status < 0) bad++, DbgPrint("bootmount: %s, %d\n", names[key], RtlNtStatusToDosError(io.status));
  }
  loaded_all = 1;
  NtWaitForMultipleObjectsEx(LOADERS, loaders, 0, 1, 0, NULL);
  NtWaitForSingleObjectEx(splash_thread, 1, 0, NULL);
  u32 sum = 0;
  for (u32 i = 0; i < files; i++) sum ^= sums[i] + i;
  DbgPrint("bootmount: %d of %d, %d bad, %x\n", came, files, bad, sum);
  if (heap) MmFreePhysicalMemory(0, heap);
  for (u32 i = 0; i < LOADERS; i++) NtClose(loaders[i]);
  NtClose(splash_thread), NtClose(port);
  return 0;
}

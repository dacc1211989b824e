// What titles ask the console before they do anything, and what they do with the answers.
#include "stage.h"

u32 XGetLanguage(void), XGetAVPack(void), XGetGameRegion(void), XamGetSystemVersion(void);
u32 XamUserGetSigninState(u32), XamUserGetXUID(u32, u32, u64 *), XamUserGetName(u32, char *, u32);
u32 XexCheckExecutablePrivilege(u32), XamInputGetState(u32, u32, u8 *), XamInputGetCapabilities(u32, u32, u8 *);
void VdQueryVideoMode(u32 *);
u32 ExGetXConfigSetting(u32 category, u32 setting, void *, u32 size, u16 *required);
HANDLE XamNotifyCreateListener(u32 mask, u32 version);
u32 XNotifyGetNext(HANDLE, u32, u32 *, u32 *);
NTSTATUS MmQueryStatistics(u32 *);
u32 KeQueryPerformanceFrequency(void);
void KeInitializeDpc(KDPC *, void *, void *);

static u32 width, height, widescreen, buffers[3];

static void video(void) {
  u32 mode[12] = {0};
  VdQueryVideoMode(mode);
  width = mode[0], height = mode[1], widescreen = mode[3];
  u32 n = height > 600 ? 3 : 2, bytes = width * height * 4;
  if (XGetAVPack() == 0) n = 1;
  for (u32 i = 0; i < n; i++) {
    buffers[i] = MmAllocatePhysicalMemoryEx(0, bytes, 0x404, 0, 0xFFFFFFFFu, 4096);
    if (buffers[i] == 0) {
      DbgPrint("startup: no memory for a frame buffer\n");
      return;
    }
    u32 phys = MmGetPhysicalAddress(buffers[i]);
    if (phys & 0xFFF || MmQueryAllocationSize(buffers[i]) < bytes) DbgPrint("startup: a bad frame buffer\n");
  }
}

static void language(void) {
  u32 setting = 0;
  u16 required = 0;
  u32 l = XGetLanguage();
  const char *file = l == 1 ? "game:\\data\\english.bin" : "game:\\data\\other.bin";
  NTSTATUS s = ExGetXConfigSetting(3, 9, &setting, 4, &required);
  if (FAILED(s)) complain("startup: language setting", s);
  HANDLE h;
  s = open_file(&h, file, READ, 1);
  if (FAILED(s)) {
    complain(file, s);
    return;
  }
  NtClose(h);
  if (XGetGameRegion() == 0x101) DbgPrint("startup: other region\n");
}

static void user(void) {
  u64 xuid = 0;
  char name[16] = {0};
  u32 state = XamUserGetSigninState(0);
  if (state == 0) {
    DbgPrint("startup: nobody is signed in\n");
    return;
  }
  if (XamUserGetXUID(0, 1, &xuid) == 0 && XamUserGetName(0, name, 16) == 0) DbgPrint("startup: hello %s\n", name);
  u8 pad[16], caps[20];
  if (XamInputGetState(0, 0, pad) == 0)
    XamInputGetCapabilities(0, 1, caps);
  else
    DbgPrint("startup: connect a controller\n");
}

static void notifications(void) {
  HANDLE l = XamNotifyCreateListener(0xF, 0);
  u32 id, value, n = 0;
  while (XNotifyGetNext(l, 0, &id, &value)) n++;
  if (n == 0) DbgPrint("startup: no notifications\n");
  NtClose(l);
}

static void heap(void) {
  u32 statistics[26] = {sizeof statistics}, base = 0, size = 0x40000, got = 0;
  MmQueryStatistics(statistics);
  for (;;) {
    got = size;
    NTSTATUS s = NtAllocateVirtualMemory(&base, &got, 0x3000, 4, 0);
    if (!FAILED(s) && got >= size) break;
    complain("startup: heap", s);
    size /= 2;
    if (size < 0x4000) return;
  }
  MEMORY_BASIC_INFORMATION info;
  NtQueryVirtualMemory(base, &info, 0);
  if (info.size < size) DbgPrint("startup: the heap is too small\n");
  got = 0;
  NtFreeVirtualMemory(&base, &got, 0x8000, 0);
}

static void module(void) {
  HANDLE kernel = 0;
  u32 entry = 0;
  NTSTATUS s = XexGetModuleHandle("xboxkrnl.exe", &kernel);
  if (FAILED(s)) {
    complain("startup: kernel", s);
    return;
  }
  s = XexGetProcedureAddress(kernel, 3, &entry);
  if (FAILED(s)) complain("startup: DbgPrint", s);
}

int main(void) {
  u32 hz = KeQueryPerformanceFrequency();
  if (hz != 50000000) DbgPrint("startup: %d Hz\n", hz);
  if (XamGetSystemVersion() == 0xFFFFFFFFu) DbgPrint("startup: version\n");
  if (XexCheckExecutablePrivilege(10)) DbgPrint("startup: network\n");
  video();
  language();
  module();
  user();
  notifications();
  heap();
  DbgPrint("startup: %dx%d\n", width, height);
  return 0;
}

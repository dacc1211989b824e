// A porch: all that a title asks its console before it starts, and what hangs on each answer. The language chooses a
// file, the video mode a size, who is signed in a name; a notice is looked for; a library's procedure is called through
// a pointer; a task of XAM does what takes long; text is converted, compared and printed; a heap of XAM's is used. One
// thread, a task.
#include "xbox.h"
u32 XGetLanguage(void), XGetAVPack(void), XGetGameRegion(void), XamGetCurrentTitleId(void);
void VdQueryVideoMode(u32 *);
u32 XamUserGetSigninState(u32), XamUserGetName(u32, char *, u32), XamUserGetXUID(u32, u32, u64 *);
HANDLE XamNotifyCreateListener(u32 mask, u32 version);
u32 XNotifyGetNext(HANDLE, u32, u32 *, u32 *), XamInputGetState(u32 user, u32 flags, u8 *state);
u32 XamAlloc(u32 flags, u32 size, void **out), XamFree(void *);
NTSTATUS XamTaskSchedule(void *fn, void *ctx, u32 flags, HANDLE *out);
u32 XamTaskCloseHandle(HANDLE);
NTSTATUS ExGetXConfigSetting(u16, u16, void *, u16, u16 *);
u32 XexCheckExecutablePrivilege(u32);
NTSTATUS RtlMultiByteToUnicodeN(u16 *, u32, u32 *, const char *, u32),
    RtlUnicodeToMultiByteN(char *, u32, u32 *, const u16 *, u32);
s32 RtlCompareStringN(const char *, u32, const char *, u32, u32);
void XeCryptSha(const void *, u32, const void *, u32, const void *, u32, void *, u32);
void RtlTimeToTimeFields(const u64 *, u16 *);
NTSTATUS NtOpenSymbolicLinkObject(HANDLE *, OBJECT_ATTRIBUTES *), NtQuerySymbolicLinkObject(HANDLE, ANSI_STRING *);
typedef u32 language_fn(void);
static HANDLE task_done;
static u8 digest[20];
static u32 frames;

static void long_work(void *ctx) {
  XeCryptSha(ctx, 64, NULL, 0, NULL, 0, digest, 20);
  s64 t = MS(5);
  KeDelayExecutionThread(1, 0, &t);
  NtSetEvent(task_done, NULL);
}

static u32 size_of(const char *path) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  NETWORK_OPEN_INFORMATION info;
  name_object(&oa, &s, path);
  return NtQueryFullAttributesFile(&oa, &info) == STATUS_SUCCESS ? (u32)info.eof : 0;
}

static void player(void) {
  char name[16] = {0}, back[16] = {0};
  u16 wide[16];
  u32 n = 0, m = 0;
  u64 id = 0;
  if (XamUserGetSigninState(0) == 0) {
    DbgPrint("porch: nobody\n");
    return;
  }
  if (XamUserGetName(0, name, 16) != 0 || XamUserGetXUID(0, 3, &id) != 0) return;
  RtlMultiByteToUnicodeN(wide, 32, &n, name, 8);
  RtlUnicodeToMultiByteN(back, 16, &m, wide, n);
  if (RtlCompareStringN(name, 8, back, 8, 0) != 0) DbgPrint("porch: another name\n");
}

static void library(void) {
  HANDLE xam = 0;
  u32 at = 0;
  if (XexGetModuleHandle("xam.xex", &xam) != STATUS_SUCCESS) return;
  if (XexGetProcedureAddress(xam, 0x3CD, &at) != STATUS_SUCCESS || at == 0) { // XGetLanguage
    DbgPrint("porch: no such procedure\n");
    return;
  }
  if (((language_fn *)(usize)at)() == 1) size_of("game:\\data\\config.bin");
}

int main(void) {
  u32 mode[12] = {0}, id = 0, param = 0, notices = 0;
  u64 now = 0;
  u16 fields[8], got = 0;
  u8 pad[16];
  void *scratch = NULL;
  HANDLE listener = XamNotifyCreateListener(0x2F, 0), task = 0, link = 0;
  NtCreateEvent(&task_done, NULL, 0, 0);
  VdQueryVideoMode(mode);
  frames = mode[0] >= 1280 ? 3 : 2;
  u32 language = XGetLanguage();
  u32 file = size_of(language == 1 ? "game:\\data\\english.bin" : "game:\\data\\other.bin");
  if (XGetAVPack() == 0) DbgPrint("porch: no picture\n");
  if (XGetGameRegion() == 0) DbgPrint("porch: no region\n");
  if (XexCheckExecutablePrivilege(10)) size_of("game:\\data\\part5.bin");
  u32 country[2] = {0, 0};
  if (ExGetXConfigSetting(3, 0xE, country, 1, &got) == STATUS_SUCCESS) got++;
  while (XNotifyGetNext(listener, 0, &id, &param)) notices++;
  player();
  library();
  char where[64];
  ANSI_STRING name = {5, 6, "game:"}, target = {0, sizeof where, where};
  OBJECT_ATTRIBUTES oa = {0, &name, 0x40};
  if (NtOpenSymbolicLinkObject(&link, &oa) == STATUS_SUCCESS) {
    NtQuerySymbolicLinkObject(link, &target);
    NtClose(link);
  }
  if (XamAlloc(0, 256, &scratch) == 0 && scratch) {
    for (u32 i = 0; i < 64; i++) ((u8 *)scratch)[i] = (u8)i;
    if (XamTaskSchedule((void *)long_work, scratch, 0, &task) == STATUS_SUCCESS) {
      s64 limit = MS(300);
      if (NtWaitForSingleObjectEx(task_done, 1, 0, &limit) != STATUS_SUCCESS)
        DbgPrint("porch: the task takes too long\n");
      XamTaskCloseHandle(task);
    }
    XamFree(scratch);
  }
  for (u32 i = 0; i < frames; i++) {
    s64 t = MS(16);
    if (XamInputGetState(0, 0, pad) == 0 && pad[4]) notices++;
    KeDelayExecutionThread(1, 0, &t);
  }
  KeQuerySystemTime(&now);
  RtlTimeToTimeFields(&now, fields);
  if (fields[0] < 2000) DbgPrint("porch: no clock\n");
  DbgPrint("porch: title %x, file %d, notices %d, digest %x\n", XamGetCurrentTitleId(), file, notices, digest[0]);
  NtClose(task_done), NtClose(listener);
  return 0;
}

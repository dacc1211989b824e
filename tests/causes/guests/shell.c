// What a title's shell does around the game: a named event that another part opens, handles that are duplicated and
// closed, a thread that is started late and held for a while, slots of thread local data, a section and its view of
// the title's own image, settings that decide what comes next, and a guard that raises when a check fails.
#include "runtime.h"

NTSTATUS ObReferenceObjectByHandle(HANDLE, void *type, void **object);
u32 ExGetXConfigSetting(u32, u32, void *, u32, void *), XamUserGetSigninState(u32), XamGetSystemVersion(void);
u32 XamInputGetState(u32, u32, void *), XGetAVPack(void), XGetGameRegion(void);
u32 KeQueryBasePriorityThread(void *);
NTSTATUS NtQueryEvent(HANDLE, void *);

static u32 slot, mode, quality, passes, held;
static HANDLE shutdown, opened, copies[3], game_ready;
static volatile u32 phase;

OUTLINE HANDLE open_event(const char *name) {
  HANDLE h = 0;
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING text;
  name_object(&oa, &text, name);
  NTSTATUS s = NtCreateEvent(&h, &oa, 0, 0);
  return BAD(s) ? fail(s) : h;
}

OUTLINE HANDLE copy(HANDLE h) {
  HANDLE to = 0;
  NTSTATUS s = NtDuplicateObject(h, &to, 2);
  return BAD(s) ? fail(s) : to;
}

static u32 game(u32 n) {
  u32 *mine = ExAllocatePool(64);
  KeTlsSetValue(slot, mine);
  set(game_ready);
  for (u32 i = 0; i < n; i++) {
    u32 *p = KeTlsGetValue(slot);
    if (p == NULL) return 77;
    p[i & 15] = i;
    phase = i;
    burn(400);
    nap(2);
    if (await(opened, 0) == STATUS_SUCCESS) break;
  }
  KeTlsSetValue(slot, NULL);
  ExFreePool(mine);
  return passes;
}

static u32 overlay(u32 unused) {
  (void)unused;
  u32 shown = 0;
  KeTlsSetValue(slot, &passes);
  while (await(copies[1], 4) == STATUS_TIMEOUT) {
    u32 *p = KeTlsGetValue(slot);
    if (p == &passes) shown++;
    passes++;
  }
  return KeTlsGetValue(slot) == &passes && shown ? 1 : 0;
}

static u32 loader(u32 late) {
  u32 sum = 0;
  for (u32 i = 0; i < 2 + late; i++) {
    HANDLE f = open(i ? "game:\\data\\part2.bin" : "game:\\data\\config.bin", 0);
    if (!f) continue;
    u8 data[256];
    u32 n = read(f, data, sizeof data, 0);
    sum = mixin(sum, data, n) + (u32)size_of(f);
    close(f);
  }
  return sum & 0xFFF;
}

static u32 configure(void) {
  u32 value = 0, state[4];
  ExGetXConfigSetting(3, 9, &value, 4, NULL);
  mode = value & 3;
  quality = XGetAVPack() >= 3 ? 2 : 1;
  if (XamUserGetSigninState(0) == 0) mode |= 4;
  if (XamInputGetState(0, 1, state) == 0) mode |= 8;
  return XGetGameRegion() & 0xFF;
}

int main(void) {
  u32 before = 0, was[2] = {0, 0};
  void *object = NULL;
  slot = KeTlsAlloc();
  u32 region = configure();
  shutdown = make_event(1, 0, "\\BaseNamedObjects\\shell.shutdown");
  opened = open_event("\\BaseNamedObjects\\shell.shutdown");
  for (u32 i = 0; i < 3; i++) copies[i] = copy(shutdown);
  game_ready = make_event(0, 0, NULL);
  HANDLE g = begin(game, 30, CORE(2) | 1), o = begin(overlay, 0, CORE(3)), l = begin(loader, quality, CORE(4) | 1);
  ObReferenceObjectByHandle(g, NULL, &object);
  KeSetBasePriorityThread(object, 2);
  NtResumeThread(g, &before);
  await(game_ready, FOREVER);
  nap(5);
  NtSuspendThread(g, &before);
  held = phase;
  nap(12);
  if (phase != held) last_error = 170;
  NtResumeThread(g, &before);
  NtResumeThread(l, NULL);
  finish(l);
  NtQueryEvent(shutdown, was);
  close(copies[0]);
  set(copies[2]);
  finish(g), finish(o);
  NtQueryEvent(opened, was);
  close(copies[1]), close(copies[2]), close(shutdown), close(opened);
  KeTlsFree(slot);
  DbgPrint("%d %d %d %d %d\n", mode, quality, region, was[1], last_error);
  return 0;
}

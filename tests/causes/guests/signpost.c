// What has a name: events and mutants that are found by it, links to folders, a module looked up and asked for its
// exports and its header; a listener of notifications and tasks of XAM's; two watchers that know each other by names
// alone.
#include "runtime.h"

NTSTATUS ObOpenObjectByName(OBJECT_ATTRIBUTES *, void *type, void *, HANDLE *);
NTSTATUS ObCreateSymbolicLink(ANSI_STRING *, ANSI_STRING *), ObDeleteSymbolicLink(ANSI_STRING *);
NTSTATUS XamTaskSchedule(void *fn, void *ctx, u32, HANDLE *);
u32 XamTaskCloseHandle(HANDLE);
void *RtlImageXexHeaderField(void *, u32);
extern u32 *const XexExecutableModuleHandle;
u32 XexCheckExecutablePrivilege(u32);
u32 ExGetXConfigSetting(u32, u32, void *, u32, u32 *);
u32 XGetLanguage(void);

static HANDLE task[2], thread[2], told;
static volatile u32 met, tasks;

static u32 by_name(const char *name) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  HANDLE h = 0;
  name_object(&oa, &s, name);
  NTSTATUS st = ObOpenObjectByName(&oa, NULL, NULL, &h);
  return BAD(st) ? fail(st) : h;
}

static u32 watcher(u32 me) {
  HANDLE mine = by_name(me ? "two" : "one"), other = by_name(me ? "one" : "two"), book = by_name("book");
  for (u32 i = 0; i < 3; i++) {
    if (me == (i & 1))
      set(other);
    else
      await(mine, FOREVER);
    await(book, FOREVER);
    met = met * 3 + me;
    NtReleaseMutant(book, NULL);
    nap(1);
  }
  close(mine), close(other), close(book);
  return met != 0;
}

static void on_task(void *ctx) {
  tasks += (u32)(usize)ctx;
  release(told, 1);
}

static void read_link(void) {
  ANSI_STRING link, target;
  u8 buf[64];
  RtlInitAnsiString(&link, "\\??\\post:"), RtlInitAnsiString(&target, "\\Device\\Cdrom0\\data");
  if (BAD(ObCreateSymbolicLink(&link, &target))) DbgPrint("signpost: no link\n");
  HANDLE f = open("post:\\config.bin", 0);
  if (f) DbgPrint("signpost: %d of %d\n", read(f, buf, 64, 0), (u32)size_of(f)), close(f);
  if (BAD(ObDeleteSymbolicLink(&link))) DbgPrint("signpost: the link stays\n");
}

int main(void) {
  HANDLE kernel = 0;
  u32 at = 0, n = 0;
  u8 config[8] = {0};
  HANDLE one = make_event(0, 0, "one"), two = make_event(0, 0, "two"), book = 0;
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  name_object(&oa, &s, "book");
  NtCreateMutant(&book, &oa, 0);
  told = make_semaphore(0, 9);
  if (XGetLanguage() > 12 || XexCheckExecutablePrivilege(10) > 1) DbgPrint("signpost: who are you?\n");
  if (ExGetXConfigSetting(3, 9, config, 4, (u32 *)&n)) DbgPrint("signpost: no settings\n");
  if (RtlImageXexHeaderField((void *)(usize)*XexExecutableModuleHandle, 0x10100) == NULL)
    DbgPrint("signpost: no entry\n");
  if (BAD(XexGetModuleHandle("xboxkrnl.exe", &kernel)) || BAD(XexGetProcedureAddress(kernel, 0xE7, &at)) || at == 0)
    DbgPrint("signpost: no kernel\n");
  for (u32 i = 0; i < 2; i++) thread[i] = begin(watcher, i, CORE(i + 2));
  for (u32 i = 0; i < 2; i++) XamTaskSchedule((void *)on_task, (void *)(usize)(i + 5), 0, &task[i]);
  for (u32 i = 0; i < 2; i++) await(told, FOREVER);
  read_link();
  for (u32 i = 0; i < 2; i++) finish(thread[i]), await(task[i], FOREVER), XamTaskCloseHandle(task[i]);
  DbgPrint("signpost: %d tasks, %d\n", tasks, met);
  close(one), close(two), close(book);
  return 0;
}

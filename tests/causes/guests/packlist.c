// Packs are found by listing a folder; each one's table decides where its parts lie; a patch that is not there is asked
// for first. What is read goes to two unpackers through a port, whose answers are counted.
#include "engine.h"
static HANDLE port, left;
static u8 table[3][256], body[2][4096];
static volatile u32 packs, bytes, unpacked, missing;
static u32 find(HANDLE dir, char *name, u32 restart) {
  DIRECTORY_INFORMATION d;
  IO_STATUS_BLOCK io;
  ANSI_STRING pattern;
  RtlInitAnsiString(&pattern, "part*");
  if (NtQueryDirectoryFile(dir, 0, NULL, NULL, &io, &d, sizeof d, &pattern, restart)) return 0;
  u32 n = d.name_length < 30 ? d.name_length : 30;
  for (u32 i = 0; i < n; i++) name[i] = d.name[i];
  name[n] = 0;
  return 1;
}
static void unpacker(void *ctx) {
  u32 me = (u32)(usize)ctx;
  for (;;) {
    u32 key = 0, value = 0;
    IO_STATUS_BLOCK io = {0, 0};
    NtRemoveIoCompletion(port, &key, &value, &io, NULL);
    if (key == 0) break;
    burn(value / 8);
    add(&unpacked, io.information);
    NtReleaseSemaphore(left, 1, NULL);
  }
  ExTerminateThread(me);
}
static void take(const char *name) {
  char path[64];
  NETWORK_OPEN_INFORMATION info;
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  IO_STATUS_BLOCK io = {0, 0};
  HANDLE f = 0;
  sprintf(path, "game:\\patch\\%s", name);
  name_object(&oa, &s, path);
  if ((s32)NtQueryFullAttributesFile(&oa, &info) < 0) missing++, sprintf(path, "game:\\data\\%s", name);
  if (open_file(&f, &io, path, FOR_READ, 1, 0x60)) {
    DbgPrint("no %s\n", path);
    return;
  }
  u64 at = 0;
  NtReadFile(f, 0, NULL, NULL, &io, table[packs % 3], 256, &at);
  for (u32 i = 0; i < 3; i++) {
    at = 256 + table[packs % 3][i] * 4;
    if (NtReadFile(f, 0, NULL, NULL, &io, body[i & 1], 512 << i, &at)) continue;
    bytes += io.information;
    NtSetIoCompletion(port, packs + 1, body[i & 1][5] * 4, 0, io.information);
    NtWaitForSingleObjectEx(left, 1, 0, &(s64){MS(200)});
  }
  NtClose(f);
  packs++;
}
int main(void) {
  HANDLE dir = 0, t[2];
  IO_STATUS_BLOCK io;
  char name[32];
  NtCreateIoCompletion(&port, 0x1F0003, NULL, 2);
  NtCreateSemaphore(&left, NULL, 0, 32);
  for (u32 i = 0; i < 2; i++)
    ExCreateThread(&t[i], 0x8000, NULL, NULL, (void *)unpacker, (void *)(usize)i, CORE(i + 2));
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  name_object(&oa, &s, "game:\\data");
  if (NtOpenFile(&dir, 0x100001, &oa, &io, 3, 0x21)) return 1;
  for (u32 more = find(dir, name, 1); more; more = find(dir, name, 0)) take(name);
  NtClose(dir);
  for (u32 i = 0; i < 2; i++) NtSetIoCompletion(port, 0, 0, 0, 0);
  NtWaitForMultipleObjectsEx(2, t, 0, 1, 0, NULL);
  DbgPrint("packs %d, %d bytes, %d unpacked, %d not patched\n", packs, bytes, unpacked, missing);
  return 0;
}

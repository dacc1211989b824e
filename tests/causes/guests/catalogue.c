// A catalogue: the folder is listed, two readers take names off the list and read them in pieces that come later (each
// with an event of its own), the main thread writes down what they found, renames the list when it is whole, and looks
// it over with the file's own length as the judge.
#include "engine.h"

struct found {
  char name[32];
  u32 size, sum, by, state;
};
static struct found list[12];
static HANDLE turn, ready, reader[2];
static volatile u32 nlist, next, strange;

static void name_of(char *out, const char *name) {
  u32 n = 0;
  for (const char *p = "game:\\data\\"; *p; p++) out[n++] = *p;
  for (; *name; name++) out[n++] = *name;
  out[n] = 0;
}

static u32 piece(HANDLE f, HANDLE done, u8 *to, u32 n, u64 at) {
  IO_STATUS_BLOCK io = {0x103, 0};
  NTSTATUS s = NtReadFile(f, done, NULL, NULL, &io, to, n, &at);
  if (s == 0x103) {
    s64 t = MS(300);
    s = NtWaitForSingleObjectEx(done, 1, 0, &t);
    if (s == STATUS_SUCCESS) s = io.status;
  }
  return s == STATUS_SUCCESS ? io.information : 0;
}

static void read(void *self) {
  u8 *buffer = ExAllocatePool(1024);
  HANDLE done = 0;
  NtCreateEvent(&done, NULL, AUTO, 0);
  for (;;) {
    NtWaitForSingleObjectEx(turn, 1, 0, NULL);
    u32 mine = next++;
    NtReleaseMutant(turn, NULL);
    if (mine >= nlist) break;
    char path[64];
    HANDLE f = 0;
    IO_STATUS_BLOCK io;
    NETWORK_OPEN_INFORMATION info;
    name_of(path, list[mine].name);
    NTSTATUS s = open_file(&f, &io, path, FOR_READ, 1, 0x40);
    if (s != STATUS_SUCCESS) {
      list[mine].state = RtlNtStatusToDosError(s);
    } else {
      s = NtQueryInformationFile(f, &io, &info, sizeof info, 34);
      u32 at = 0, sum = 0, n = 0, end = s == STATUS_SUCCESS ? (u32)info.eof : 0;
      while (at < end && (n = piece(f, done, buffer, 1024, at)) != 0) {
        for (u32 i = 0; i < n; i++) sum = sum * 31 + buffer[i];
        at += n;
      }
      list[mine].sum = sum, list[mine].by = (u32)self, list[mine].state = at == list[mine].size ? 0 : 38;
      NtClose(f);
    }
    NtReleaseSemaphore(ready, 1, NULL);
  }
  NtClose(done);
  ExFreePool(buffer);
  ExTerminateThread(0);
}

static void listing(void) {
  HANDLE dir = 0;
  IO_STATUS_BLOCK io;
  static DIRECTORY_INFORMATION d;
  if (open_file(&dir, &io, "game:\\data", 0x100001, 1, 0x4021) != STATUS_SUCCESS) DbgPrint("catalogue: no folder\n");
  for (u32 first = 1; nlist < 12; first = 0) {
    NTSTATUS s = NtQueryDirectoryFile(dir, 0, NULL, NULL, &io, &d, sizeof d, NULL, first);
    if (s == STATUS_NO_MORE_FILES) break;
    if (s != STATUS_SUCCESS) {
      DbgPrint("catalogue: %x\n", s);
      break;
    }
    if (d.name[0] == '.') continue;
    for (u32 i = 0; i < d.name_length && i < 31; i++) list[nlist].name[i] = d.name[i];
    list[nlist].size = (u32)d.eof;
    nlist++;
  }
  NtClose(dir);
}

int main(void) {
  IO_STATUS_BLOCK io;
  HANDLE out = 0;
  u64 at = 0;
  NtCreateMutant(&turn, NULL, 0);
  NtCreateSemaphore(&ready, NULL, 0, 12);
  listing();
  for (u32 i = 0; i < 2; i++)
    ExCreateThread(&reader[i], 0x8000, NULL, NULL, (void *)read, (void *)(i + 1), CORE(i + 1));
  if (open_file(&out, &io, "cache:\\list.new", FOR_WRITE, 5, 0x60) != STATUS_SUCCESS) DbgPrint("catalogue: no list\n");
  for (u32 i = 0; i < nlist; i++) {
    s64 t = MS(500);
    if (NtWaitForSingleObjectEx(ready, 1, 0, &t) != STATUS_SUCCESS) {
      DbgPrint("catalogue: %d of %d\n", i, nlist);
      break;
    }
  }
  NtWaitForMultipleObjectsEx(2, reader, 0, 1, 0, NULL);
  for (u32 i = 0; i < nlist; i++) {
    char line[64];
    if (list[i].state) strange++;
    u32 n = (u32)sprintf(line, "%s %d %x %d\n", list[i].name, list[i].size, list[i].sum, list[i].state);
    if (NtWriteFile(out, 0, NULL, NULL, &io, line, n, &at) == STATUS_SUCCESS) at += io.information;
  }
  u64 standard[3] = {0, 0, 0};
  NtQueryInformationFile(out, &io, standard, 24, 5);
  if (standard[1] != at) DbgPrint("catalogue: %d long, %d written\n", (u32)standard[1], (u32)at);
  NtClose(out);
  NETWORK_OPEN_INFORMATION info;
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  name_object(&oa, &s, "cache:\\list.new");
  if (NtQueryFullAttributesFile(&oa, &info) != STATUS_SUCCESS || info.eof != at) DbgPrint("catalogue: not kept\n");
  for (u32 i = 0; i < 2; i++) NtClose(reader[i]);
  DbgPrint("catalogue: %d names, %d strange\n", nlist, strange);
  return 0;
}

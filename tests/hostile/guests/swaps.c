// Opens and reads what its folder has under names that somebody else keeps on changing: tests/hostile/files.py.
#include "hostile.h"

static char content[64];

static void look(const char *path) {
  OBJECT_ATTRIBUTES o;
  ANSI_STRING s;
  IO_STATUS_BLOCK io;
  NETWORK_OPEN_INFORMATION info;
  HANDLE h = 0;
  name_object(&o, &s, path);
  NtQueryFullAttributesFile(&o, &info);
  if (NtCreateFile(&h, 0x80100080, &o, &io, NULL, 0x80, 1, 1, 0x60) != STATUS_SUCCESS) return;
  for (u64 at = 0; at < 2; at++) {
    content[0] = 0;
    if (NtReadFile(h, 0, NULL, NULL, &io, content, sizeof content, &at) == STATUS_SUCCESS && io.information > 5 &&
        content[1 - at] == 'E' && content[2 - at] == 'C')
      DbgPrint("FAIL: it read what is not the title's\n");
  }
  NtClose(h);
}

int main(void) {
  static char path[64];
  DIRECTORY_INFORMATION d;
  IO_STATUS_BLOCK io;
  for (u32 i = 0; i < 3000; i++) {
    sprintf(path, "game:\\data\\%d", i % 200);
    look(path);
    sprintf(path, "game:\\data%d\\file", i % 200);
    look(path);
    OBJECT_ATTRIBUTES o;
    ANSI_STRING s;
    HANDLE h;
    sprintf(path, "game:\\list%d", i % 50);
    name_object(&o, &s, path);
    if (NtCreateFile(&h, 0x100001, &o, &io, NULL, 0, 3, 1, 1) != STATUS_SUCCESS) continue;
    while (NtQueryDirectoryFile(h, 0, NULL, NULL, &io, &d, sizeof d, NULL, 0) == STATUS_SUCCESS)
      if (d.name[0] == 's' && d.name[1] == 'e' && d.name[2] == 'c')
        DbgPrint("FAIL: it listed what is not the title's\n");
    NtClose(h);
  }
  return contained();
}

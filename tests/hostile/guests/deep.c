// Folders, more than a hundred thousand deep: built from the top, by renaming what is there into what comes.
#include "hostile.h"

#ifndef DEPTH
#define DEPTH 120000
#endif

typedef struct {
  u32 replace, root;
  ANSI_STRING name;
} RENAME;

static HANDLE folder(const char *path) {
  ANSI_STRING s;
  OBJECT_ATTRIBUTES o;
  IO_STATUS_BLOCK io;
  HANDLE h = 0;
  name_object(&o, &s, path);
  NtCreateFile(&h, 0x100001, &o, &io, NULL, 0, 0, 3, 1);
  return h;
}

int main(void) {
  IO_STATUS_BLOCK io;
  RENAME r = {0, 0, {0, 0, NULL}};
  HANDLE top = folder("cache:\\a");
  for (u32 i = 0; i < DEPTH; i++) {
    HANDLE next = folder(i & 1 ? "cache:\\a" : "cache:\\b");
    RtlInitAnsiString(&r.name, i & 1 ? "cache:\\a\\c" : "cache:\\b\\c");
    if (NtSetInformationFile(top, &io, &r, sizeof r, 10) != STATUS_SUCCESS) break;
    NtClose(top);
    top = next;
  }
  return contained();
}

// One host call after another, each as long as a call can be: what a person's wish to end the run has to interrupt.
#include "hostile.h"

void XeCryptDes3Cbc(const void *, const void *, u32, void *, void *, u32);
void XeCryptAesCbc(const void *, const void *, u32, void *, void *, u32);
void XeCryptSha(const void *, u32, const void *, u32, const void *, u32, void *, u32);
void XeCryptMd5Init(void *);
void XeCryptMd5Update(void *, const void *, u32);
void XeCryptRc4(const void *, u32, void *, u32);
void XeCryptRandom(void *, u32);
void RtlFillMemoryUlong(void *, u32, u32);
u32 RtlCompareMemory(const void *, const void *, u32);
u32 RtlComputeCrc32(u32, const void *, u32);

static u8 state[0x180], feed[16], digest[64];
static u32 memory(void) {
  u32 base = 0x40000000, size = 0x18000000;
  NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0);
  return base;
}
#define ONE(name) void name(u32 base)
ONE(des);
ONE(aes);
ONE(sha);
ONE(md5);
ONE(rc4);
ONE(random);
ONE(fill);
ONE(compare);
ONE(crc);
ONE(file);
ONE(folder);
#define AT ((void *)(usize)base)
#define BYTES 0x18000000

ONE(des) { XeCryptDes3Cbc(state, AT, BYTES, AT, feed, 1); }
ONE(aes) { XeCryptAesCbc(state, AT, BYTES, AT, feed, 1); }
ONE(sha) { XeCryptSha(AT, BYTES, AT, BYTES, AT, BYTES, digest, 20); }
ONE(md5) {
  XeCryptMd5Init(state);
  for (;;) XeCryptMd5Update(state, AT, BYTES);
}
ONE(rc4) { XeCryptRc4(feed, 16, AT, BYTES); }
ONE(random) { XeCryptRandom(AT, BYTES); }
ONE(fill) { RtlFillMemoryUlong(AT, BYTES, 7); }
ONE(compare) { RtlCompareMemory(AT, AT, BYTES); }
ONE(crc) { RtlComputeCrc32(0, AT, BYTES); }
// A file that is larger than what is read of it: all of it is hashed first.
ONE(file) {
  IO_STATUS_BLOCK io;
  NtReadFile(open_for_all("game:\\large", 0, 1, 0), 0, NULL, NULL, &io, AT, 0x1000, NULL);
}
ONE(folder) {
  static char path[201], pattern[124];
  static DIRECTORY_INFORMATION d;
  IO_STATUS_BLOCK io;
  ANSI_STRING s;
  (void)base;
  for (u32 i = 0; i < 20000; i++) {
    u32 n = (u32)sprintf(path, "cache:\\%08x", i);
    for (; n < 200; n++) path[n] = 'a';
    NtClose(open_for_all(path, 0, 2, 0));
  }
  for (u32 i = 0; i < 120; i++) pattern[i] = i & 1 ? 'a' : '*';
  pattern[120] = '*', pattern[121] = 'b', pattern[122] = 0;
  RtlInitAnsiString(&s, pattern);
  HANDLE h = open_for_all("cache:\\", 0, 1, 1);
  DbgPrint("listing\n");
  for (;;) NtQueryDirectoryFile(h, 0, NULL, NULL, &io, &d, sizeof d, &s, 1);
}

int main(void) {
  u32 base = memory();
  DbgPrint("begun\n");
  for (;;) CASE(base);
}

// Calls at the ends of what they are given: buffers whose next byte is on a page without access, each length from
// nothing up to more than a class has, sizes that wrap around, sizes of nothing, results in the midst of what is read.
// What lies outside a buffer stays as it was. One CASE a guest.
#include "hostile.h"

NTSTATUS NtDeviceIoControlFile(HANDLE, HANDLE, void *, void *, void *io, u32 code, void *in, u32 in_size, void *out,
                               u32 out_size);
NTSTATUS NtQueryVolumeInformationFile(HANDLE, IO_STATUS_BLOCK *, void *, u32, u32);
int _snprintf(char *, u32, const char *, ...);
int _snwprintf(u16 *, u32, const u16 *, ...);
int vsprintf(char *, const char *, void *);
int _vsnwprintf(u16 *, u32, const u16 *, void *);
NTSTATUS RtlMultiByteToUnicodeN(void *, u32, u32 *, const void *, u32);
NTSTATUS RtlUnicodeToMultiByteN(void *, u32, u32 *, const void *, u32);
void RtlFillMemoryUlong(void *, u32, u32);
u32 RtlCompareMemoryUlong(const void *, u32, u32);
u32 RtlComputeCrc32(u32, const void *, u32);
void XeCryptSha(const void *, u32, const void *, u32, const void *, u32, void *, u32);
void XeCryptMd5(const void *, u32, const void *, u32, const void *, u32, void *, u32);
void XeCryptShaInit(void *);
void XeCryptShaUpdate(void *, const void *, u32);
void XeCryptShaFinal(void *, void *, u32);
void XeCryptRc4Key(void *, const void *, u32);
void XeCryptRc4Ecb(void *, void *, u32);
void XeCryptRc4(const void *, u32, void *, u32);
void XeCryptAesKey(void *, const void *);
void XeCryptAesCbc(void *, const void *, u32, void *, void *, u32);
void XeCryptDes3Key(void *, const void *);
void XeCryptDes3Cbc(void *, const void *, u32, void *, void *, u32);
void XeCryptDesParity(const void *, u32, void *);
void XeCryptRandom(void *, u32);
void XeCryptBnQw_SwapDwQwLeBe(const void *, void *, u32);
u32 XamContentCreateEnumerator(u32 user, u32 device, u32 type, u32 flags, u32 items, u32 *size, HANDLE *);
u32 XamEnumerate(HANDLE, u32 flags, void *, u32 size, u32 *items, void *overlapped);
u32 MmQueryAllocationSize(u32);
u32 MmCreateKernelStack(u32, u32);

#define ROOM                                                                                                           \
  0x2000u // bytes of memory, of which the last SEEN are looked at; the page before it and the one behind it cannot be
          // accessed
#define SEEN 0xC0u
static u8 *memory;
static u32 seed = 1;
static u32 random_u32(void) {
  seed = seed * 1664525 + 1013904223;
  return seed >> 5 ^ seed << 27;
}

static void make_memory(void) {
  u32 base = 0x20000000, size = ROOM + 0x2000, page = 0x1000, old;
  NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0);
  u32 before = base, behind = base + 0x1000 + ROOM;
  NtProtectVirtualMemory(&before, &page, 1, &old, 0);
  NtProtectVirtualMemory(&behind, &page, 1, &old, 0);
  memory = (u8 *)(usize)(base + 0x1000);
}
static void paint(void) {
  for (u32 i = ROOM - SEEN; i < ROOM; i++) memory[i] = (u8)(0xA5 ^ i);
}
static u8 *last(u32 n) { return memory + ROOM - n; } // the last n bytes of it
// Nothing was written but [at, at + n).
static u32 untouched(const u8 *at, u32 n) {
  for (u32 i = ROOM - SEEN; i < ROOM; i++)
    if ((&memory[i] < at || &memory[i] >= at + n) && memory[i] != (u8)(0xA5 ^ i)) return 0;
  return 1;
}

static HANDLE open(const char *path, u32 access, u32 disposition, u32 options) {
  ANSI_STRING s;
  OBJECT_ATTRIBUTES o;
  IO_STATUS_BLOCK io;
  HANDLE h = 0;
  RtlInitAnsiString(&s, path);
  o = (OBJECT_ATTRIBUTES){DOS_DEVICES, &s, 0x40};
  NtCreateFile(&h, access, &o, &io, NULL, 0x80, 3, disposition, options);
  return h;
}

// Each class, and such as there are none of, with each length.
void informs(void);
void informs(void) {
  IO_STATUS_BLOCK io;
  const HANDLE files[] = {open("cache:\\file", 0xC0110080, 2, 0x60), open("cache:\\folder", 0xC0110080, 2, 0x21),
                          open("game:\\", 0x80100080, 1, 0x21),
                          open("\\Device\\Harddisk0\\Partition0", 0x80100080, 1, 0x20)};
  for (u32 f = 0; f < 4; f++)
    for (u32 kind = 0; kind < 40; kind++)
      for (u32 n = 0; n < 72; n += f < 2 ? 1 : 8) {
        paint();
        NtQueryInformationFile(files[f], &io, last(n), n, kind);
        CHECK(untouched(last(n), n));
        CHECK(io.status || io.information <= n);
        paint();
        NtQueryVolumeInformationFile(files[f], &io, last(n), n, kind);
        CHECK(untouched(last(n), n));
        CHECK(io.status || io.information <= n);
        for (u32 i = ROOM - n; i < ROOM; i++) memory[i] = 0; // nothing, and ends at nothing
        if (kind != 10) NtSetInformationFile(files[f], &io, last(n), n, kind);
      }
  for (u32 n = 0; n < 180; n++) {
    ANSI_STRING all = {1, 1, "*"};
    paint();
    NTSTATUS status =
        NtQueryDirectoryFile(files[2], 0, NULL, NULL, &io, (DIRECTORY_INFORMATION *)(void *)last(n), n, &all, 1);
    CHECK(untouched(last(n), n) && (status || io.information <= n));
  }
  // Positions and ends at the ends of what there is.
  static const u64 ends[] = {0,
                             1,
                             0x7FFFFFFF,
                             0x80000000,
                             0xFFFFFFFF,
                             0x100000000,
                             0x7FFFFFFFFFFFFFFF,
                             0x8000000000000000,
                             0xFFFFFFFFFFFFF000,
                             0xFFFFFFFFFFFFFFFD,
                             0xFFFFFFFFFFFFFFFE,
                             0xFFFFFFFFFFFFFFFF};
  for (u32 i = 0; i < sizeof ends / sizeof *ends; i++)
    for (u32 n = 0; n < 9; n += 4) {
      NtSetInformationFile(files[0], &io, (void *)&ends[i], 8, 14);
      NtReadFile(files[0], 0, NULL, NULL, &io, last(n), n, NULL);
      NtWriteFile(files[0], 0, NULL, NULL, &io, last(n), n, NULL);
      NtReadFile(files[0], 0, NULL, NULL, &io, last(n), n, &ends[i]);
      NtWriteFile(files[0], 0, NULL, NULL, &io, last(n), n, &ends[i]);
      NtSetInformationFile(files[0], &io, (void *)&ends[i], 8, 20);
      NtSetInformationFile(files[0], &io, (void *)&ends[i], 8, 19);
    }
}

void controls(void);
void controls(void) {
  static const u32 codes[] = {0x70000, 0x74004, 0x4D014, 0x2D1080, 0x24000, 0, 0xFFFFFFFF, 0x90018};
  HANDLE h = open("\\Device\\Harddisk0\\Partition0", 0x80100080, 1, 0x20);
  IO_STATUS_BLOCK io;
  for (u32 c = 0; c < sizeof codes / sizeof *codes; c++)
    for (u32 n = 0; n < 40; n++)
      for (u32 in = 0; in < 40; in += 13) {
        paint();
        NtDeviceIoControlFile(h, 0, NULL, NULL, &io, codes[c], last(n), in, last(n), n);
        CHECK(untouched(last(n), n));
        NtDeviceIoControlFile(h, 0, NULL, NULL, NULL, codes[c], NULL, in, NULL, n);
        NtDeviceIoControlFile(h, 0, NULL, NULL, &io, codes[c], NULL, 0xFFFFFFFF, last(n), n);
      }
}

// Formats and texts that end with their page; arguments too.
void texts(void);
void texts(void) {
  static const char *const formats[] = {"%*d",  "%.*s",   "%-*.*s",      "%ls",   "%hs",    "%S",      "%I64d", "%I32x",
                                        "%Id",  "%.512f", "%.99999f",    "%#.0g", "%a",     "%hn",     "%n",    "%Z",
                                        "%",    "%-",     "%.",          "%l",    "%I6",    "%99999d", "%*",    "%.*",
                                        "%c%c", "%lld",   "%+ #0-1.1lX", "%%%",   "%p%p%p", "%e"};
  static const s32 numbers[] = {0, 1, -1, 5, 2147483647, -2147483647 - 1, 65536, -65536, 70000};
  static char out[0x40000];
  static u16 wide[64], wide_out[0x40000];
  for (u32 f = 0; f < sizeof formats / sizeof *formats; f++)
    for (u32 i = 0; i < 9; i++) {
      u32 n = 0;
      while (formats[f][n]) n++;
      for (u32 at = 0; at <= n; at++) last(n + 1)[at] = (u8)formats[f][at], wide[at] = (u8)formats[f][at];
      // The text's last characters, without a NUL behind them where a precision says how many there are.
      u64 list[8] = {(u32)numbers[i], (u32)numbers[8 - i], (u32)(usize)memory, (u32)(usize)memory, 5, 6, 7, 8};
      for (u32 at = 0; at < 16; at++) memory[at] = at < 12 ? 0x41 : 0;
      if (formats[f][n - 1] == 'Z') *(ANSI_STRING *)(void *)memory = (ANSI_STRING){5, 5, (const char *)last(5)};
      const char *format = (const char *)last(n + 1);
      if (f == 1 || f >= 3) list[1] = (u32)(usize)memory; // what is no number is a place
      if (f >= 3) list[0] = list[1];
      vsprintf(out, format, list);
      _vsnwprintf(wide_out, 0x40000, wide, list);
      _snprintf(out, (u32)numbers[i] & 0x3FFFF, format, memory, memory, memory, memory);
      _snwprintf(wide_out, (u32)numbers[i] & 0x3FFFF, wide, memory, memory, memory, memory);
    }
  for (u32 room = 0; room < 40; room++) {
    paint();
    int n = _snprintf((char *)last(room), room, "%d and %s", 12345, "twenty-one characters");
    CHECK(untouched(last(room), room));
    EQUAL(n, room < 31 ? -1 : 31);
    u16 form[] = {'%', 's', 0}, text[] = {'f', 'i', 'v', 'e', '!', 0};
    paint();
    n = _snwprintf((u16 *)(void *)last(2 * room), room, form, text);
    CHECK(untouched(last(2 * room), 2 * room));
    EQUAL(n, room < 5 ? -1 : 5);
  }
}

void encodings(void);
void encodings(void) {
  static u16 wide[300];
  static u8 bytes[300];
  for (u32 i = 0; i < 300; i++)
    wide[i] = (u16)(i % 3 ? 0xD800 + i : i), bytes[i] = (u8)i; // surrogates without partners
  for (u32 n = 0; n < 300; n += n < 20 ? 1 : 17)
    for (u32 from = 0; from < 300; from += from < 20 ? 1 : 23) {
      u32 wrote = 0xABCD;
      paint();
      RtlMultiByteToUnicodeN(last(n), n, &wrote, bytes, from);
      CHECK(untouched(last(n), n) && wrote <= n && wrote <= 2 * from);
      RtlUnicodeToMultiByteN(last(n), n, NULL, wide, from);
      paint();
      RtlUnicodeToMultiByteN(last(n), n, &wrote, wide, from);
      CHECK(untouched(last(n), n) && wrote <= n && wrote <= from / 2);
      RtlMultiByteToUnicodeN(memory, ROOM, &wrote, last(n), n);
      RtlUnicodeToMultiByteN(memory, ROOM, &wrote, last(n), n);
    }
  paint();
  RtlMultiByteToUnicodeN(memory, ROOM, NULL, memory, ROOM); // over itself
  RtlUnicodeToMultiByteN(memory + 1, ROOM - 1, NULL, memory, ROOM);
}

void cryptography(void);
void cryptography(void) {
  static u8 state[0x200], key[64], digest[64], other[64], feed[16];
  for (u32 n = 0; n < 70; n++) {
    paint();
    XeCryptSha(last(n), n, NULL, n, memory, 0, digest, 20);
    XeCryptShaInit(state);
    for (u32 i = 0; i < n; i++) XeCryptShaUpdate(state, last(n) + i, 1);
    XeCryptShaFinal(state, other, 20);
    for (u32 i = 0; i < 20; i++) CHECK(digest[i] == other[i]);
    paint();
    XeCryptSha(memory, 64, NULL, 0, NULL, 0, last(n), n);
    CHECK(untouched(last(n), n));
    XeCryptMd5(memory, 64, NULL, 0, NULL, 0, last(n), n);
    XeCryptRc4Key(state, key, n < 64 ? n : 0); // also with a key of no bytes
    paint();
    XeCryptRc4Ecb(state, last(n), n);
    XeCryptRc4(key, n < 64 ? n : 0, last(n), n);
    XeCryptAesKey(state, key);
    XeCryptAesCbc(state, last(n), n, last(n), feed, 1);
    XeCryptAesCbc(state, last(n), n, memory, feed, 0);
    XeCryptDes3Key(state, key);
    XeCryptDes3Cbc(state, last(n), n, last(n), feed, 1);
    CHECK(untouched(last(n), n) || memory[0] != 0xA5);
    paint();
    XeCryptRandom(last(n), n);
    CHECK(untouched(last(n), n));
    paint();
    XeCryptDesParity(last(n), n, last(n));
    CHECK(untouched(last(n), n));
    paint();
    XeCryptBnQw_SwapDwQwLeBe(memory, last(8 * n), n);
    CHECK(untouched(last(8 * n), 8 * n));
  }
  // Results in the midst of what is read, states that somebody has written over.
  for (u32 i = 0; i < 2000; i++) {
    for (u32 k = 0; k < ROOM; k += 4) *(u32 *)(void *)(memory + k) = random_u32();
    u8 *a = memory + random_u32() % 0x800, *b = memory + random_u32() % 0x800, *c = memory + random_u32() % 0x800;
    u32 n = random_u32() % 0x800;
    switch (i % 8) {
    case 0: XeCryptShaUpdate(a, b, n); break;
    case 1: XeCryptShaFinal(a, b, n); break;
    case 2: XeCryptRc4Ecb(a, b, n); break;
    case 3: XeCryptAesCbc(a, b, n, c, memory + random_u32() % 0x800, i & 8); break;
    case 4: XeCryptDes3Cbc(a, b, n, c, memory + random_u32() % 0x800, i & 8); break;
    case 5: XeCryptSha(a, n, b, n, c, n, a, n); break;
    case 6: XeCryptDesParity(a, n, b); break;
    default: XeCryptRc4(a, n, b, n);
    }
  }
}

void sizes(void);
void sizes(void) {
  static const u32 odd[] = {0,          1,          0xFFF,      0x1000,     0x1001,     0xFFFF,
                            0x10000,    0x7FFFFFFF, 0x80000000, 0x80001000, 0xFFFEFFFF, 0xFFFF0000,
                            0xFFFFEFFF, 0xFFFFF000, 0xFFFFF001, 0xFFFFFFFF};
  static const u32 places[] = {0,          1,          0x10000,    0x10002,    0x40000002, 0x6FFFF000, 0x6FFFFFFF,
                               0x7EFFFFFF, 0x7FFFFFFF, 0x82000000, 0xA0000000, 0xE0000000, 0xFFFFFFFF};
  for (u32 i = 0; i < sizeof odd / sizeof *odd; i++) {
    for (u32 k = 0; k < sizeof places / sizeof *places; k++)
      for (u32 type = 0x1000; type <= 0x3000; type += 0x1000) {
        u32 base = places[k], size = odd[i], old;
        NTSTATUS status = NtAllocateVirtualMemory(&base, &size, type | (k & 1 ? 0x100000 : 0), 4, 0);
        if (status == 0) CHECK(size >= odd[i] && base + (size - 1) >= base);
        u32 b = base, s = odd[i];
        NtProtectVirtualMemory(&b, &s, 2, &old, 0);
        b = base, s = odd[i];
        if (status == 0) NtFreeVirtualMemory(&b, &s, 0x4000, 0);
        b = base, s = 0;
        if (status == 0 && type & 0x2000) EQUAL(NtFreeVirtualMemory(&b, &s, 0x8000, 0), 0);
      }
    for (u32 k = 0; k < sizeof odd / sizeof *odd; k++) {
      u32 at = MmAllocatePhysicalMemoryEx(0, odd[i], 4 | (k & 1 ? 0x20000000 : 0), 0, odd[k], odd[i]);
      if (at) CHECK(MmQueryAllocationSize(at) >= odd[i]);
      if (at) MmFreePhysicalMemory(0, at);
      at = MmAllocatePhysicalMemoryEx(0, 0x1000, 0x80000004, odd[k], odd[i], odd[k]);
      if (at) MmFreePhysicalMemory(0, at);
      MmFreePhysicalMemory(odd[k], odd[i]);
    }
    if (odd[i] >= 0xFFFFF000 || odd[i] == 0) EQUAL(MmCreateKernelStack(odd[i], 0), 0);
    void *p = ExAllocatePool(odd[i]);
    if (p) CHECK(odd[i] <= 0x1000000);
    if (p) ExFreePool(p);
    HANDLE h = 0;
    ExCreateThread(&h, odd[i], NULL, NULL, make_memory, NULL, 1);
    u32 bytes = 0, items = 0;
    if (XamContentCreateEnumerator(0, 1, 0, 0, odd[i], &bytes, &h) == 0)
      XamEnumerate(h, 0, last(odd[i] & 63), odd[i] & 63, &items, NULL);
  }
  // Nothing, at addresses of nothing.
  paint();
  RtlFillMemoryUlong(last(3), 3, 5);
  CHECK(untouched(memory, 0));
  EQUAL(RtlCompareMemoryUlong(last(0), 3, 5), 0);
  EQUAL(RtlComputeCrc32(7, last(0), 0), 7);
}

#ifndef CASE
#define CASE informs
#endif
int main(void) {
  make_memory();
  CASE();
  return checks_failed ? 1 : contained();
}

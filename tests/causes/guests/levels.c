// A level's file is read and taken apart: its header says how many sections there are and of what kind; each kind takes
// its memory from another place and is checked in another way. What cannot be had leads to a cheaper level, by a thread
// that makes room. The folder is listed first, and the free space on the drive looked at.
#include "stage.h"

NTSTATUS NtQueryVolumeInformationFile(HANDLE, IO_STATUS_BLOCK *, void *, u32, u32);
void XeCryptSha(const void *, u32, const void *, u32, const void *, u32, void *, u32);
u32 RtlCompareMemory(const void *, const void *, u32), RtlComputeCrc32(u32, const void *, u32);
u32 XamAlloc(u32, u32, u32 *), XamFree(u32);

#define SECTIONS 5

struct section {
  u32 kind, size, at, sum;
};

static struct section sections[SECTIONS];
static HANDLE level, low_memory, room_made, loaded;
static CRITICAL_SECTION lock;
static u32 count, quality = 2, rooms, kept[SECTIONS], nkept;
static volatile u32 closing;
static u8 buffer[2048];

// Whoever has no memory asks, waits, and tries once more with less.
static u32 make_room(void) {
  NtSetEvent(low_memory, NULL);
  if (wait_for(room_made, MS(300)) != STATUS_SUCCESS) DbgPrint("levels: nobody makes room\n");
  RtlEnterCriticalSection(&lock);
  u32 q = quality ? --quality : 0;
  RtlLeaveCriticalSection(&lock);
  return q;
}

static void janitor(void *ctx) {
  (void)ctx;
  for (;;) {
    wait_for(low_memory, 0);
    if (closing) break;
    RtlEnterCriticalSection(&lock);
    rooms++;
    if (nkept) ExFreePool((void *)(usize)kept[--nkept]);
    RtlLeaveCriticalSection(&lock);
    NtSetEvent(room_made, NULL);
  }
  ExTerminateThread(rooms);
}

static u32 header(void) {
  IO_STATUS_BLOCK io = {0, 0};
  u64 begin = 0;
  NTSTATUS s = NtReadFile(level, 0, NULL, NULL, &io, buffer, 64, &begin);
  if (FAILED(s) || io.information < 64) {
    complain("levels: header", s);
    return 0;
  }
  const u32 *w = (const u32 *)(void *)buffer;
  count = 3 + (w[0] >> 8) % 3;
  for (u32 i = 0; i < count; i++)
    sections[i] = (struct section){(w[1 + i] >> 8) % 4, 256 + w[7 + i] % 512, 64 + i * 700, 0};
  return count;
}

static u32 read_section(struct section *s) {
  IO_STATUS_BLOCK io = {0, 0};
  u64 at = s->at;
  NTSTATUS status = NtReadFile(level, 0, NULL, NULL, &io, buffer, s->size, &at);
  if (FAILED(status) || io.information != s->size) return complain("levels: section", status), 0;
  return s->size;
}

static void mesh(struct section *s) {
  void *p = ExAllocatePool(s->size * 4);
  if (p == NULL) {
    make_room();
    return;
  }
  s->sum = RtlComputeCrc32(0, buffer, s->size);
  if (s->sum & 1) crunch(100);
  RtlEnterCriticalSection(&lock);
  kept[nkept++] = (u32)(usize)p;
  RtlLeaveCriticalSection(&lock);
}

static void texture(struct section *s) {
  u32 p = MmAllocatePhysicalMemoryEx(0, s->size * 64, 0x404, 0, 0xFFFFFFFFu, 4096);
  if (p == 0) {
    make_room();
    return;
  }
  if (MmGetPhysicalAddress(p) & 0xFFF) DbgPrint("levels: a texture lies badly\n");
  s->sum = checksum(buffer, s->size);
  MmFreePhysicalMemory(0, p);
}

static void script(struct section *s) {
  u8 one[20], two[20];
  XeCryptSha(buffer, s->size / 2, buffer + s->size / 2, s->size - s->size / 2, NULL, 0, one, 20);
  XeCryptSha(buffer, s->size, NULL, 0, NULL, 0, two, 20);
  if (RtlCompareMemory(one, two, 20) != 20) {
    DbgPrint("levels: the script was tampered with\n");
    return;
  }
  s->sum = one[0];
}

static void sounds(struct section *s) {
  u32 p = 0;
  u32 rv = XamAlloc(0, s->size, &p);
  if (rv || p == 0) {
    DbgPrint("levels: no sounds (%d)\n", rv);
    make_room();
    return;
  }
  s->sum = checksum(buffer, s->size);
  XamFree(p);
}

static void loader(void *ctx) {
  void (*const kinds[4])(struct section *) = {mesh, texture, script, sounds};
  (void)ctx;
  if (header())
    for (u32 i = 0; i < count; i++)
      if (read_section(&sections[i])) kinds[sections[i].kind](&sections[i]);
  NtSetEvent(loaded, NULL);
  ExTerminateThread(count);
}

static u32 listed(void) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  IO_STATUS_BLOCK io;
  HANDLE h;
  static DIRECTORY_INFORMATION d;
  u32 n = 0, size[6] = {0};
  name_object(&oa, &s, "game:\\data");
  NTSTATUS status = NtCreateFile(&h, READ, &oa, &io, NULL, 0x80, 1, 1, 0x21);
  if (FAILED(status)) return complain("levels: folder", status), 0;
  status = NtQueryVolumeInformationFile(h, &io, size, 24, 3);
  if (FAILED(status) || size[3] < 0x1000) DbgPrint("levels: the drive is full (%x)\n", status);
  while (n < 4 && NtQueryDirectoryFile(h, 0, NULL, NULL, &io, &d, sizeof d, NULL, n == 0) == STATUS_SUCCESS) n++;
  NtClose(h);
  return n;
}

int main(void) {
  RtlInitializeCriticalSection(&lock);
  low_memory = new_event(1, 0), room_made = new_event(1, 0), loaded = new_event(0, 0);
  HANDLE j = spawn(janitor, 0, ON(3));
  if (listed() < 4) DbgPrint("levels: files are missing\n");
  NTSTATUS s = open_file(&level, "game:\\data\\part5.bin", READ, 1);
  if (FAILED(s)) {
    complain("levels: level", s);
    s = open_file(&level, "game:\\data\\part0.bin", READ, 1); // an older one
  }
  HANDLE t = spawn(loader, 0, ON(2));
  wait_for(loaded, MS(2000));
  closing = 1;
  NtSetEvent(low_memory, NULL);
  join(t), join(j);
  u32 sum = 0;
  for (u32 i = 0; i < count; i++) sum = sum * 5 + sections[i].sum;
  DbgPrint("levels: %d sections, quality %d, %x\n", count, quality, sum);
  if (quality < 2) DbgPrint("levels: reduced\n");
  NtClose(level);
  return 0;
}

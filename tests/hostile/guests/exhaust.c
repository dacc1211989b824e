// What is dear inside one call, or makes the host keep something: one CASE a guest. Each goes on until it is refused,
// or has tried often enough to show a cost that grows; its limit of virtual time ends it where calls are dear.
#include "hostile.h"

#define join_(a, b) a##b

int vsprintf(char *, const char *, void *);
NTSTATUS NtCreateIoCompletion(HANDLE *, u32, OBJECT_ATTRIBUTES *, u32);
NTSTATUS NtSetIoCompletion(HANDLE, u32, u32, u32, u32);
void RtlFillMemoryUlong(void *, u32, u32);
u32 RtlCompareMemory(const void *, const void *, u32);
u32 XamContentCreate(u32 user, const char *root, void *data, u32 flags, u32 *how, u32 *licence, void *overlapped);
u32 XamShowFriendsUI(u32 user);
u32 XamUserWriteProfileSettings(u32 title, u32 user, u32 n, void *settings, void *overlapped);
u32 XamNotifyCreateListener(u64 areas);
void XeCryptSha(const void *, u32, const void *, u32, const void *, u32, void *, u32);
u32 RtlComputeCrc32(u32, const void *, u32);
static u8 buffer[0x20000];
static u32 made;

#define OFTEN for (; made < 150000; made++)

static void list(HANDLE folder, const char *pattern) {
  static DIRECTORY_INFORMATION d;
  IO_STATUS_BLOCK io;
  ANSI_STRING s;
  RtlInitAnsiString(&s, pattern);
  u32 restart = 1;
  while (NtQueryDirectoryFile(folder, 0, NULL, NULL, &io, &d, sizeof d, &s, restart) == STATUS_SUCCESS) {
    restart = 0;
    made++;
  }
}
static void fill(char *to, const char *what, u32 n) {
  u32 l = 0;
  while (what[l]) l++;
  for (u32 i = 0; i < n; i++) to[i] = what[i % l];
  to[n] = 0;
}

void wildcards(void);
void wildcards(void) {
  char name[201], pattern[124];
  fill(name, "a", 200);
  name[0] = 'c', name[1] = 'a', name[2] = 'c', name[3] = 'h', name[4] = 'e', name[5] = ':', name[6] = '\\';
  NtClose(open_for_all(name, 0, 2, 0));
  fill(pattern, "*a", 120);
  pattern[120] = '*', pattern[121] = 'b', pattern[122] = 0;
  HANDLE folder = open_for_all("cache:\\", 0, 1, 1);
  for (u32 i = 0; i < 100; i++) list(folder, pattern);
}
void text(void);
void text(void) {
  static u64 arguments[32000];
  static char format[64001], word[65001];
  fill(format, "%s", 64000);
  fill(word, "x", 65000);
  for (u32 i = 0; i < 32000; i++) arguments[i] = (u32)(usize)word;
  static char out[0x200000];
  for (u32 i = 0; i < 20; i++) vsprintf(out, format, arguments);
  fill(format, "%.0S", 64000);
  for (u32 i = 0; i < 20; i++) vsprintf(out, format, arguments);
}
void lookups(void);
void lookups(void) {
  static char path[60001];
  fill(path, "x", 60000);
  for (u32 i = 0; i < 7; i++) path[i] = "game:\\a"[i];
  for (; made < 1000; made++) {
    for (u32 i = 0; i < 8; i++) path[7 + i] = (char)('a' + (made >> 4 * i & 15));
    path[made & 1 ? 60000 : 100] = 0;
    NtClose(open_for_all(path, 0, 1, 0));
    path[100] = 'x';
  }
}
void libraries(void);
void libraries(void) {
  for (; made < 300; made++) {
    HANDLE h = 0;
    XexLoadImage("game:\\greeter.dll", 8, 0, &h);
    XexUnloadImage(h);
    XexLoadImage("game:\\hostile.exhaust.text.xex", 8, 0, &h);
  }
}
void everywhere(void);
void everywhere(void) {
  u32 base = 0x40000000, size = 0x8000000;
  NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0);
  OFTEN KeSetEvent((KEVENT *)(usize)(base + 4 * made), 0, 0);
}
void pages(void);
void pages(void) {
  OFTEN {
    u32 base = 0, size = 0x1000;
    if (NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0) != STATUS_SUCCESS) break;
    MmAllocatePhysicalMemoryEx(0, 0x1000, 4, 0, 0xFFFFFFFF, 0x1000);
  }
  for (u32 i = 0; i < 1000; i++) MmAllocatePhysicalMemoryEx(0, 0x1000, 4, 0, 0xFFFFFFFF, 0x1000);
}
void handles(void);
void handles(void) {
  HANDLE h, d;
  NtCreateEvent(&h, NULL, 0, 0);
  OFTEN {
    NtDuplicateObject(h, &d, 0);
    if (NtCreateEvent(&d, NULL, 0, 0) != STATUS_SUCCESS && NtDuplicateObject(h, &d, 0) != STATUS_SUCCESS) break;
  }
}
void packets(void);
void packets(void) {
  HANDLE h;
  NtCreateIoCompletion(&h, 0x1F0003, NULL, 0);
  while (NtSetIoCompletion(h, 1, 2, 3, 4) == STATUS_SUCCESS) made++;
}
void files(void);
void files(void) {
  char path[40];
  OFTEN {
    sprintf(path, "cache:\\%08x", made * 0x9E3779B1u);
    HANDLE h = open_for_all(path, 0, 2, 0);
    if (h == 0 || made == 60000) break;
    NtClose(h);
  }
  made = 0;
  list(open_for_all("cache:\\", 0, 1, 1), "*");
  CHECK(made >= 60000);
}
void nested(void);
void nested(void) {
  HANDLE h = open_for_all("cache:\\a", 0, 2, 1);
  OFTEN {
    HANDLE next = open_for_all("a", h, 2, 1);
    NtClose(h);
    if (next == 0 || made == 60000) break;
    h = next;
  }
}
void threads(void);
static u32 ends(void *ctx) {
  (void)ctx;
  return 0;
}
void threads(void) {
  for (; made < 20000; made++) NtClose(start_thread(ends, NULL));
}
static u32 sleeps(void *ctx) {
  (void)ctx;
  sleep_ms(1000000);
  return 0;
}
void sleepers(void);
void sleepers(void) {
  while (start_thread(sleeps, NULL)) {
  }
  for (; made < 1000; made++) NtClose(start_thread(ends, NULL));
}
static void apc(void *a, void *b, void *c) { (void)a, (void)b, (void)c; }
void apcs(void);
void apcs(void) {
  HANDLE h = start_thread(sleeps, NULL);
  OFTEN NtQueueApcThread(made & 1 ? h : CURRENT_THREAD, apc, NULL, NULL, NULL);
}
void timers(void);
void timers(void) {
  for (; made < 20000; made++) {
    HANDLE h;
    s64 due = MS(1);
    if (NtCreateTimer(&h, NULL, 0) != STATUS_SUCCESS) break;
    NtSetTimerEx(h, &due, NULL, 1, NULL, 0, 1, NULL);
  }
  sleep_ms(20);
}
void gpu(void);
void gpu(void) {
  // A buffer that enters another, eight deep, a thousand times each: more packets than any run can take.
  u32 at = MmAllocatePhysicalMemoryEx(0, 0x20000, 4, 0, 0xFFFFFFFF, 0x10000);
  u32 phys = MmGetPhysicalAddress(at);
  VdInitializeEngines(0, NULL, NULL, NULL, NULL);
  VdInitializeRingBuffer(phys, 10);
  for (u32 d = 0; d < 7; d++) {
    u32 *b = (u32 *)(usize)(at + 0x2000 + 0x3000 * d);
    for (u32 i = 0; i < 1000; i++) {
      b[3 * i] = 0xC0013F00;
      b[3 * i + 1] = phys + 0x2000 + 0x3000 * (d + 1);
      b[3 * i + 2] = d == 6 ? 1 : 3000;
    }
  }
  u32 *ring = (u32 *)(usize)at;
  ring[0] = 0xC0013F00, ring[1] = phys + 0x2000, ring[2] = 3000;
  *(volatile u32 *)0x7FC80714 = 3;
  sleep_ms(100000);
}
void bulk(void);
void bulk(void) {
  u32 base = 0x40000000, size = 0x10000000;
  NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0);
  for (;;) {
    RtlFillMemoryUlong((void *)(usize)base, size, 7);
    RtlCompareMemory((void *)(usize)base, (void *)(usize)base, size);
    XeCryptSha((void *)(usize)base, size, NULL, 0, NULL, 0, buffer, 20);
    RtlComputeCrc32(0, (void *)(usize)base, size);
  }
}
void xam(void);
void xam(void) {
  static u8 data[0x134];
  static struct { u32 from, pad, user[2], id, pad2, type, pad3, size, data; } s;
  data[3] = 1;
  for (u32 i = 0; i < 30000; i++, made++) {
    data[0x108] = (u8)('a' + made % 26), data[0x109] = (u8)('a' + made / 26 % 26);
    XamContentCreate(0, "save", data, 2, NULL, NULL, NULL);
    XamShowFriendsUI(0);
    s.id = 0x60000000 + made;
    s.size = sizeof buffer / 2;
    s.data = (u32)(usize)buffer;
    XamUserWriteProfileSettings(0, 0, 1, &s, NULL);
    XamNotifyCreateListener(~0ull);
  }
}
void overlay(void);
void overlay(void) {
  IO_STATUS_BLOCK io;
  HANDLE h = open_for_all("cache:\\big", 0, 2, 0);
  u32 base = 0x40000000, size = 0x4000000;
  NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0);
  for (u64 at = 0; NtWriteFile(h, 0, NULL, NULL, &io, (void *)(usize)base, size, &at) == STATUS_SUCCESS; at += size)
    made++;
  for (u64 n = 0; made < 40; made++) {
    n = made & 1 ? 0 : 0x10000000;
    NtSetInformationFile(h, &io, &n, 8, 0x14);
  }
}
void code(void);
void code(void) {
  // A branch on every page of as much memory as there is.
  u32 base = 0x40000000, size = 0x18000000;
  NtAllocateVirtualMemory(&base, &size, 0x3000, 0x40, 0);
  for (u32 at = base; at + 0x1000 < base + size; at += 0x1000) *(u32 *)(usize)at = 0x48001000;
  *(u32 *)(usize)(base + size - 0x1000) = 0x4E800020;
  for (u32 i = 0; i < 4; i++) ((void (*)(void))(usize)base)();
}
void exceptions(void);
void exceptions(void) {
  static u32 record[20];
  record[0] = 0x406D1388;
  OFTEN RtlRaiseException(record);
}

// Threads that all wait for the same, and a signal to each of which none can go on.
static HANDLE all[2];
static u32 waits_for_both(void *ctx) {
  (void)ctx;
  NtWaitForMultipleObjectsEx(2, all, 0, 1, 0, NULL);
  return 0;
}
void waiters(void);
void waiters(void) {
  NtCreateEvent(&all[0], NULL, 0, 0);
  NtCreateEvent(&all[1], NULL, 0, 0);
  for (u32 i = 0; i < 1500; i++) start_thread(waits_for_both, NULL);
  sleep_ms(100);
  for (; made < 3000; made++) {
    NtSetEvent(all[0], NULL);
    NtClearEvent(all[0]);
  }
  NtSetEvent(all[0], NULL);
  NtSetEvent(all[1], NULL);
  sleep_ms(1000);
}
// What is read and written for the guest, in pieces and whole.
void links(void);
NTSTATUS ObCreateSymbolicLink(ANSI_STRING *, ANSI_STRING *);
void links(void) {
  static char path[60001];
  ANSI_STRING name, target;
  fill(path, "x", 60000);
  path[0] = 'a', path[1] = ':', path[2] = '\\';
  RtlInitAnsiString(&name, "a:");
  RtlInitAnsiString(&target, path);
  ObCreateSymbolicLink(&name, &target); // into itself
  for (; made < 3000; made++) open_for_all("a:\\b", 0, 1, 0);
  for (u32 i = 0; i < 100; i++) {
    char one[8];
    sprintf(one, "l%d:", i);
    RtlInitAnsiString(&name, one);
    ObCreateSymbolicLink(&name, &target);
  }
}
// Objects of one wait: those that are known longest are forgotten while the others become known.
void forgotten(void);
void forgotten(void) {
  u32 base = 0x40000000, size = 0x8000000;
  NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0);
  KEVENT *events = (KEVENT *)(usize)base;
  for (u32 i = 0; i < 65536; i++) KeSetEvent(&events[i], 0, 0);
  for (; made < 20; made++) {
    void *objects[64];
    s64 t = MS(1);
    for (u32 i = 0; i < 64; i++) objects[i] = &events[i & 1 ? 65536 + 64 * made + i : 32 * made + i / 2];
    for (u32 i = 0; i < 64; i++) ((KEVENT *)objects[i])->h.state = 0;
    EQUAL(KeWaitForMultipleObjects(64, objects, made & 1, 3, 0, 1, &t, NULL), STATUS_TIMEOUT);
    KeSetEvent(objects[0], 0, 0);
  }
}

int main(void) {
  CASE();
  return checks_failed ? checks_done() : contained();
}

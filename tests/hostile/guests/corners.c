// Corners that the other guests leave out, a CASE a guest: the processor at addresses where nothing returns to, system
// calls that no thunk makes, stacks and levels that are no such thing, images that are damaged in memory or by the
// title that loads them, folders that become their own parents, links that lead in circles, and what no interrupt may
// do.
#include "caught.h"

void KeInitializeApc(KAPC *, void *thread, void *kernel, void *rundown, void *normal, u32 mode, void *ctx);
u32 KeInsertQueueApc(KAPC *, void *a, void *b, u32 increment);
void KeInitializeEvent(KEVENT *, u32 type, u32 state);
void KeInitializeTimerEx(KTIMER *, u32 type, u32 unused, u32 unused_too);
u32 KeSetTimerEx(KTIMER *, s64 due, s32 period, KDPC *);
u32 KfRaiseIrql(u32), KeRaiseIrqlToDpcLevel(void);
void KfLowerIrql(u32), KeEnterCriticalRegion(void), KeLeaveCriticalRegion(void);
void KeAcquireSpinLockAtRaisedIrql(u32 *), KeReleaseSpinLockFromRaisedIrql(u32 *);
void KeSetCurrentStackPointers(void *sp, void *thread, void *alloc, void *base, void *limit, void *fn);
u32 MmIsAddressValid(u32);
NTSTATUS XexLoadImageFromMemory(void *, u32 size, const char *name, u32 flags, u32 version, HANDLE *);
NTSTATUS XexLoadImageHeaders(ANSI_STRING *, void *, u32);
u32 XexCheckExecutablePrivilege(u32);
void *InterlockedPushEntrySList(void *, void *), *InterlockedPopEntrySList(void *), *InterlockedFlushSList(void *);
void ExInitializeReadWriteLock(void *), ExAcquireReadWriteLockExclusive(void *), ExAcquireReadWriteLockShared(void *);
void ExReleaseReadWriteLock(void *);
NTSTATUS ObCreateSymbolicLink(ANSI_STRING *, ANSI_STRING *), ObDeleteSymbolicLink(ANSI_STRING *);
NTSTATUS NtReadFileScatter(HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, const u32 *, u32, const u64 *);
NTSTATUS NtCreateIoCompletion(HANDLE *, u32, OBJECT_ATTRIBUTES *, u32);
NTSTATUS NtRemoveIoCompletion(HANDLE, u32 *, u32 *, IO_STATUS_BLOCK *, const s64 *);
NTSTATUS XAudioRegisterRenderDriverClient(void *callback, u32 *driver), XAudioUnregisterRenderDriverClient(u32);
u32 XMACreateContext(u32 *), XMAInitializeContext(u32, void *), XMAEnableContext(u32),
    XMASetInputBuffer0(u32, u32, u32);
void XMAReleaseContext(u32);
u32 XamTaskSchedule(void *, void *, u32, HANDLE *), XamTaskCloseHandle(HANDLE);
void KeBugCheck(u32), DbgBreakPoint(void), XamLoaderLaunchTitle(const char *, u32), XamLoaderTerminateTitle(void);
void RtlRaiseStatus(NTSTATUS);
u32 __C_specific_handler(void *record, u32 frame, void *context, void *dispatcher);
NTSTATUS KeSetAffinityThread(void *, u32, u32 *);
extern u32 *const XexExecutableModuleHandle;
extern const char *const ExLoadedCommandLine;

#define ME 0xFFFFFFFEu
static u32 seed = 1;
static u32 random_u32(void) {
  seed = seed * 1664525 + 1013904223;
  return seed >> 5 ^ seed << 27;
}
static u32 one_of(u32 n) { return random_u32() % n; }
static void *object_of(HANDLE h) {
  void *o = NULL;
  ObReferenceObjectByHandle(h, NULL, &o);
  return o;
}
static u32 kpcr(void) {
  u32 at;
  __asm__("mr %0,13" : "=r"(at));
  return at;
}
static u32 take(u32 base, u32 size) {
  NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0);
  return base;
}
// Of the handler: unwind to the frame that asked, always.
static u32 searches;
u32 caught_says(u32 *record, u32 frame, u32 *context, u32 *unwind) {
  (void)context;
  if (searches) return 1;
  unwind[0] = frame;
  unwind[1] = (u32)(usize)caught_here;
  unwind[2] = unwind[3] = 0;
  return record[1] & 6;
}
static u32 try(u32 fn, u32 a, u32 b, u32 c, u32 d) {
  const u64 args[13] = {a, b, c, d};
  return caught_call(fn, args);
}
#define AT(fn) ((u32)(usize)(fn))

// --- the processor -----------------------------------------------------------------------------------------

// Where threads, interrupts, APCs and calls return to, when none did; and the page around it.
static u32 jumps(void *to) {
  ((void (*)(void))to)();
  return 0;
}
void sentinels(void);
void sentinels(void) {
  for (u32 i = seed & 0x3C; i < 0x40; i += 4) {
    HANDLE h = start_thread(jumps, (void *)(usize)(0xBCBCBCA0u + i));
    s64 t = MS(5);
    NtWaitForSingleObjectEx(h, 1, 0, &t);
    NtClose(h);
  }
}
// In an APC, and in a kernel APC, and in a DPC: the others' places.
static void goes(void *to, void *a, void *b) { (void)a, (void)b, jumps(to); }
void sentinels_apc(void);
void sentinels_apc(void) {
  for (u32 i = seed & 0xC; i < 0x10; i += 4) {
    NtQueueApcThread(ME, goes, (void *)(usize)(0xBCBCBCB0u + i), NULL, NULL);
    s64 t = MS(1);
    KeDelayExecutionThread(1, 1, &t);
  }
}
static void goes_dpc(void *dpc, void *ctx, void *a, void *b) { (void)dpc, (void)ctx, (void)b, jumps(a); }
void sentinels_dpc(void);
void sentinels_dpc(void) {
  static KDPC d;
  for (u32 i = seed & 0xC; i < 0x10; i += 4) {
    KeInitializeDpc(&d, goes_dpc, NULL);
    KeInsertQueueDpc(&d, (void *)(usize)(0xBCBCBCB0u + i), NULL);
    sleep_ms(1);
  }
}

// System calls that no thunk makes: other levels, and what stands where a thunk has its number.
void thunks(void);
void thunks(void) {
  u32 at = take(0x50000000, 0x10000);
  static const u32 calls[] = {0x44000002, 0x44000022, 0x44000042, 0x44000FE2, 0x44000062, 0x44000003};
  volatile u32 *code = (volatile u32 *)(usize)at;
  for (u32 i = 0; i < 6; i++)
    for (u32 k = 0; k < 40; k++) {
      code[0] = calls[i];
      code[1] = 0x4E800020;
      code[2] = k < 4 ? 0xFFFFFFFF - k : k < 8 ? 0x80000000 >> k : k < 20 ? 4500 + k * 40 : random_u32();
      code[3] = random_u32();
      for (u32 j = 0; j < 0x40; j += 4) ((volatile u32 *)(usize)(at + 0x1000))[j / 4] = 0;
      __asm__ volatile("dcbf 0,%0\nsync\nicbi 0,%0\nisync" : : "r"(code) : "memory");
      if (code[2] >= 4500) try(at, at + 0x1000, 4, 0, 0);
    }
}
// The last words of memory, and of its parts: what comes behind them is another part, or the beginning.
void ends_of_memory(void);
void ends_of_memory(void) {
  static const u32 places[] = {0xFFFFFFFC, 0xFFFFFFF8, 0x7FFFFFFC, 0x9FFFFFFC, 0xBFFFFFFC, 0xDFFFFFFC, 0x3FFFFFFC,
                               0,          4,          0x7FC80000, 0x7FEA0000, 0x82000000, 0x8FFFFFFC};
  for (u32 i = 0; i < sizeof places / sizeof *places; i++) try(places[i], 1, 2, 3, 4), try(places[i] | 2, 1, 2, 3, 4);
  for (u32 i = 0xA0000000; i; i += 0x20000000) try(i - 4, 1, 2, 3, 4);
}
// Devices by every width, as code and as what calls read and write.
void devices(void);
void devices(void) {
  IO_STATUS_BLOCK io;
  HANDLE h;
  for (u32 i = 0; i < 4000; i++) {
    u32 at = (one_of(2)   ? 0x7FC80000
              : one_of(2) ? 0x7FEA0000
                          : 0x7FE80000) +
             (one_of(0x20000) & ~(one_of(4) ? 3u : 0u));
    u32 value = one_of(2) ? random_u32() : one_of(64);
    if (!MmIsAddressValid(at) && one_of(16)) continue;
    if ((at & 0xFFFC) == 0x0714) continue; // the ring's end: grounds.rings
    switch (one_of(12)) {
    case 0: __asm__ volatile("stb %0,0(%1)" : : "r"(value), "b"(at) : "memory"); break;
    case 1: __asm__ volatile("sth %0,0(%1)" : : "r"(value), "b"(at) : "memory"); break;
    case 2: __asm__ volatile("stw %0,0(%1)" : : "r"(value), "b"(at) : "memory"); break;
    case 3: __asm__ volatile("stwbrx %0,0,%1" : : "r"(value), "b"(at) : "memory"); break;
    case 4: __asm__ volatile("lwarx %0,0,%1\nstwcx. %0,0,%1" : "+r"(value) : "b"(at & ~3u) : "memory", "cr0"); break;
    case 5: __asm__ volatile("lbz %0,0(%1)" : "+r"(value) : "b"(at) : "memory"); break;
    case 6: __asm__ volatile("lwz %0,0(%1)" : "+r"(value) : "b"(at) : "memory"); break;
    case 7: __asm__ volatile("lhbrx %0,0,%1" : "+r"(value) : "b"(at) : "memory"); break;
    case 8: __asm__ volatile("stmw 28,0(%0)" : : "b"(at & ~3u) : "memory"); break;
    case 9: __asm__ volatile("lfd 0,0(%0)\nstfd 0,0(%0)" : : "b"(at) : "memory", "fr0"); break;
    case 10: __asm__ volatile("dcbt 0,%0\ndcbf 0,%0" : : "b"(at) : "memory"); break;
    default: __asm__ volatile("lwz %0,4(%1)" : "+r"(value) : "b"(at) : "memory");
    }
  }
  NtCreateEvent(&h, NULL, 0, 0);
  (void)io;
}

// --- stacks and levels ---------------------------------------------------------------------------------------

u32 with_stack(void *to);
__asm__(".text\n.balign 4\n.globl with_stack\nwith_stack:\nmflr 0\nmr 31,1\nmr 30,0\nmr 1,3\nbl call_on_it\nmr "
        "1,31\nmtlr 30\nblr\n");
void call_on_it(void);
void call_on_it(void) {
  s64 t = MS(1);
  KeDelayExecutionThread(1, 1, &t);
}
static u32 on_stack(void *to) {
  NtQueueApcThread(ME, goes, (void *)(usize)AT(contained), NULL, NULL);
  return with_stack(to);
}
void stacks(void);
void stacks(void) {
  static const u32 places[] = {0,          1,          0xFFFFFFFF, 0xFFFFFFF0, 0x7FC80100,
                               0x7FEA1800, 0x82010100, 0x30010000, 0xBCBCBCB0, 0x80000000};
  u32 at = take(0x51000000, 0x20000), page = 0x1000, old, half = at + 0x10000;
  NtProtectVirtualMemory(&half, &page, 2, &old, 0);
  u32 i = one_of(10);
  start_thread(on_stack, (void *)(usize)(at + 0x8000));
  start_thread(on_stack, (void *)(usize)(at + 0x10080)); // ends in what cannot be written
  sleep_ms(3);
  start_thread(on_stack, (void *)(usize)places[i]);
  sleep_ms(5);
}
// A stack that is used up by calls, and one by exceptions within their handlers.
static u32 deeper(u32 n) { return n ? deeper(n - 1) + DbgPrint("") + 1 : 0; }
static u32 deep(void *ctx) {
  (void)ctx;
  return deeper(1000000);
}
static u32 fails_again(void *ctx) {
  searches = 0;
  return try(AT(fails_again), (u32)(usize)ctx, 0, 0, 0) + try(AT(load_fault), 0xFFFFF000, 0, 0, 0);
}
void overflows(void);
void overflows(void) {
  HANDLE h = start_thread(one_of(2) ? fails_again : deep, NULL);
  s64 t = MS(1000);
  NtWaitForSingleObjectEx(h, 1, 0, &t);
}
// Levels and regions that were never entered, or are none.
void levels(void);
void levels(void) {
  static u32 locks[4];
  for (u32 i = 0; i < 3000; i++) {
    s64 t = MS(0);
    switch (one_of(12)) {
    case 0: KfLowerIrql(one_of(2) ? random_u32() : one_of(3)); break;
    case 1: KfRaiseIrql(one_of(2) ? random_u32() : one_of(3)); break;
    case 2: KeRaiseIrqlToDpcLevel(); break;
    case 3: KeReleaseSpinLockFromRaisedIrql(&locks[one_of(4)]); break;
    case 4: KfReleaseSpinLock(&locks[one_of(4)], random_u32()); break;
    case 5: KeLeaveCriticalRegion(); break;
    case 6: KeEnterCriticalRegion(); break;
    case 7: KeDelayExecutionThread(one_of(3), 1, &t); break;
    case 8: NtQueueApcThread(ME, goes, (void *)(usize)AT(churn), NULL, NULL); break;
    case 9: try(AT(load_fault), 0xFFFFF000, 0, 0, 0); break;
    case 10: locks[one_of(4)] = one_of(2); break;
    default: KfLowerIrql(0), sleep_ms(0);
    }
  }
  KfLowerIrql(0);
  for (u32 i = 0; i < 70000; i++) KeLeaveCriticalRegion();
  sleep_ms(1);
}
void pointers(void);
void pointers(void) {
  u32 at = take(0x52000000, 0x20000), *me = object_of(ME);
  for (u32 i = 0; i < 300; i++) {
    u32 how = one_of(6);
    KeSetCurrentStackPointers((void *)(usize)(how ? random_u32() : at + 0x8000),
                              how == 1 ? (void *)(usize)random_u32() : me, (void *)(usize)(at + 0x10000),
                              (void *)(usize)(how == 2 ? at : random_u32()),
                              (void *)(usize)(how == 3 ? at + 0x10000 : random_u32()), NULL);
    NtQueueApcThread(ME, goes, (void *)(usize)AT(churn), NULL, NULL);
    try(AT(load_fault), 0xFFFFF000, 0, 0, 0);
    sleep_ms(0);
  }
}

// --- exceptions ------------------------------------------------------------------------------------------------

// Its handler, called by the title: tables that are nowhere, endless, change in their filters, begin behind their ends.
static u32 scopes[64];
static u32 filter(u32 pointers_at, u32 frame) {
  (void)pointers_at, (void)frame;
  scopes[one_of(16)] = one_of(4) ? random_u32() : one_of(64);
  return one_of(3) - 1;
}
void handler(void);
void handler(void) {
  static u32 record[20], context[0x300], entry[8], dispatcher[8];
  u32 at = take(0x53000000, 0x10000), old, size = 0x1000;
  for (u32 i = 0; i < 400; i++) {
    static const u32 odd[] = {0, 4, 0xFFFFFFFF, 0x7FC80000, 0xFFFFFFF0};
    for (u32 k = 0; k < 64; k++)
      scopes[k] = one_of(64) ? k % 4 == 3 ? AT(filter) : one_of(2) ? 0 : 0xFFFFFFFF : random_u32();
    scopes[0] = one_of(3) ? one_of(16) : 0xFFFFFFFF;
    record[0] = 0xE0000001, record[1] = one_of(2) ? 0 : one_of(0x40);
    entry[2] = AT(__C_specific_handler), entry[3] = i < 380 ? (u32)(usize)scopes : odd[one_of(5)];
    entry[0] = entry[1] = random_u32();
    dispatcher[0] = random_u32(), dispatcher[1] = (u32)(usize)entry, dispatcher[2] = AT(handler),
    dispatcher[3] = (u32)(usize)context;
    try(AT(__C_specific_handler), (u32)(usize)record, one_of(2) ? (u32)(usize)__builtin_frame_address(0) : random_u32(),
        (u32)(usize)context, (u32)(usize)dispatcher);
  }
  NtProtectVirtualMemory(&at, &size, 2, &old, 0);
  ((u32 *)(usize)at)[0] = 0;
}
// --- images ------------------------------------------------------------------------------------------------------

static u32 image = 0x54000000, image_size;
static void read_image(const char *path) {
  ANSI_STRING s;
  OBJECT_ATTRIBUTES o;
  IO_STATUS_BLOCK io;
  HANDLE h = 0;
  u64 offset = 0;
  take(image, 0x100000);
  name_object(&o, &s, path);
  NtCreateFile(&h, 0x80100080, &o, &io, NULL, 0x80, 3, 1, 0x60);
  NtReadFile(h, 0, NULL, NULL, &io, (void *)(usize)image, 0x100000, &offset);
  image_size = io.information;
  NtClose(h);
}
// A library in memory, damaged in another way each time: in its headers mostly.
static void damage(u8 *to) {
  const u8 *from = (const u8 *)(usize)image;
  static const u32 odd[] = {0, 1, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0, 0x10000, 0x40000000};
  for (u32 i = 0; i < image_size; i++) to[i] = from[i];
  for (u32 n = 1 + one_of(3); n; n--) {
    u32 at = (one_of(4) ? one_of(0x600) : one_of(image_size)) & ~3u;
    if (one_of(2))
      *(u32 *)(void *)(to + at) = one_of(2) ? odd[one_of(9)] : random_u32();
    else
      to[at + one_of(4)] ^= (u8)(1 << one_of(8));
  }
}
void damaged(void);
void damaged(void) {
  read_image("game:\\adder.dll");
  CHECK(image_size > 0x1000);
  u8 *to = (u8 *)(usize)take(0x55000000, 0x100000);
  for (u32 i = 0; i < 60; i++) {
    HANDLE h = 0;
    u32 at = 0;
    damage(to);
    NTSTATUS status = XexLoadImageFromMemory(to, one_of(4) ? image_size : one_of(image_size), "damaged.dll",
                                             one_of(3) ? 8 : one_of(16), 0, &h);
    if (status == 0) {
      for (u32 k = 0; k < 8; k++) XexGetProcedureAddress(h, k, &at);
      XexGetProcedureAddress(h, (u32)(usize) "sub", &at);
      XexUnloadImage(h);
    }
  }
}
// The same from files that the title writes.
void written(void);
void written(void) {
  read_image("game:\\adder.dll");
  u8 *to = (u8 *)(usize)take(0x55000000, 0x100000);
  for (u32 i = 0; i < 25; i++) {
    ANSI_STRING s;
    OBJECT_ATTRIBUTES o;
    IO_STATUS_BLOCK io;
    HANDLE h = 0;
    u64 offset = 0;
    static u8 header[0x1000];
    damage(to);
    name_object(&o, &s, "cache:\\w.dll");
    NtCreateFile(&h, 0x40100080, &o, &io, NULL, 0x80, 7, 5, 0x60);
    NtWriteFile(h, 0, NULL, NULL, &io, to, one_of(4) ? image_size : one_of(image_size), &offset);
    NtClose(h);
    XexLoadImageHeaders(&s, header, one_of(2) ? 0x1000 : one_of(0x1000));
    if (XexLoadImage("cache:\\w.dll", 8, 0, &h) == 0) XexUnloadImage(h);
  }
}
// What the kernel keeps of the title in the title's sight: its module entries and their headers.
void modules(void);
void modules(void) {
  u32 *entry = (u32 *)(usize)*XexExecutableModuleHandle;
  HANDLE dll = 0;
  XexLoadImage("game:\\adder.dll", 8, 0, &dll);
  for (u32 i = 0; i < 600; i++) {
    u32 *which = one_of(2) && dll ? (u32 *)(usize)dll : entry, at = one_of(0x80 / 4), kept = which[at], out = 0,
        size = 0;
    which[at] = one_of(3) == 0 ? random_u32() : one_of(2) ? (u32)(usize)which : 0x7FC80000;
    u32 *header = (u32 *)(usize)which[0x58 / 4], field = one_of(40), was = 0,
        mine = MmIsAddressValid((u32)(usize)header) && one_of(2);
    HANDLE h;
    if (mine) was = header[field], header[field] = random_u32();
    XexGetModuleHandle(one_of(2) ? "adder.dll" : NULL, &h);
    XexGetProcedureAddress((u32)(usize)which, one_of(6), &out);
    XexGetModuleSection((u32)(usize)which, "NOTE", &out, &size);
    XexPcToFileHeader(AT(modules), &h);
    XexCheckExecutablePrivilege(one_of(40));
    if (one_of(8) == 0 && XexLoadImage("game:\\adder.dll", 8, 0, &h) == 0) XexUnloadImage(h);
    if (mine) header[field] = was;
    which[at] = kept;
  }
}

// --- names -----------------------------------------------------------------------------------------------------

static HANDLE open_file(const char *path, u32 access, u32 disposition, u32 options) {
  ANSI_STRING s;
  OBJECT_ATTRIBUTES o;
  IO_STATUS_BLOCK io;
  HANDLE h = 0;
  name_object(&o, &s, path);
  NtCreateFile(&h, access, &o, &io, NULL, 0x80, 7, disposition, options);
  return h;
}
static NTSTATUS rename_to(HANDLE h, HANDLE root, const char *path) {
  static struct {
    u32 replace, root;
    ANSI_STRING name;
  } r;
  IO_STATUS_BLOCK io;
  r.replace = one_of(2);
  r.root = root;
  RtlInitAnsiString(&r.name, path);
  return NtSetInformationFile(h, &io, &r, sizeof r, 10);
}
// Folders that become their own parents, and each other's, while they are listed, open and deleted.
void families(void);
void families(void) {
  static const char *const names[] = {"cache:\\a",    "cache:\\a\\b",    "cache:\\a\\b\\c", "cache:\\b",
                                      "cache:\\b\\a", "cache:\\c",       "cache:\\",        "cache:\\a\\b\\c\\d\\e",
                                      "game:\\x",     "cache:\\c\\",     "cache:",          "cache:\\.",
                                      "cache:\\..",   "cache:\\a\\..\\b"};
#define NAMES (sizeof names / sizeof *names)
  static HANDLE open[16];
  static DIRECTORY_INFORMATION d;
  IO_STATUS_BLOCK io;
  for (u32 i = 0; i < 4000; i++) {
    HANDLE *h = &open[one_of(16)];
    u8 yes = 1;
    switch (one_of(7)) {
    case 0:
    case 1:
      NtClose(*h);
      *h = open_file(names[one_of(NAMES)], 0xC0110001, 3, one_of(3) ? 0x21 : 0x60);
      break;
    case 2:
    case 3: rename_to(*h, one_of(4) ? DOS_DEVICES : open[one_of(16)], names[one_of(NAMES)]); break;
    case 4: NtSetInformationFile(*h, &io, &yes, 1, 13); break;
    case 5: NtQueryDirectoryFile(*h, 0, NULL, NULL, &io, &d, sizeof d, NULL, one_of(2)); break;
    default: NtClose(*h);
    }
  }
}
// Links that lead to themselves, in circles, to nothing, and grow at each step.
void links(void);
void links(void) {
  static const char *const names[] = {"\\??\\l:", "\\??\\m:",     "\\??\\n:", "l:",          "\\??\\",      "",
                                      "\\",       "\\??\\l:\\m:", "game:",    "\\??\\game:", "\\??\\cache:"};
  static const char *const to[] = {"\\??\\l:",     "\\??\\m:", "\\??\\n:\\x\\y",
                                   "\\??\\l:\\l:", "",         "\\Device\\Cdrom0",
                                   "\\??\\m:\\",   "l:",       "\\Device\\Harddisk0\\Partition1\\..",
                                   "n:\\n:\\n:"};
  ANSI_STRING a, b;
  for (u32 i = 0; i < 2000; i++) {
    RtlInitAnsiString(&a, names[one_of(11)]), RtlInitAnsiString(&b, to[one_of(10)]);
    if (one_of(3))
      ObCreateSymbolicLink(&a, &b);
    else
      ObDeleteSymbolicLink(&a);
    static const char *const opens[] = {"l:\\a",     "m:\\b", "n:\\", "\\??\\l:\\l:\\l:\\a", "game:\\default.xex",
                                        "cache:\\z", ""};
    HANDLE h = open_file(opens[one_of(7)], 0xC0110080, 3, 0x60);
    if (h) NtClose(h);
  }
}
// Every byte in names, every length, and roots that are no folders.
void texts(void);
void texts(void) {
  static char text[1200];
  HANDLE event, folder = open_file("cache:\\", 0x80100001, 1, 0x21), file = open_file("cache:\\f", 0xC0110080, 3, 0x60);
  NtCreateEvent(&event, NULL, 0, 0);
  for (u32 i = 0; i < 1500; i++) {
    ANSI_STRING s = {(u16)(i < 1100 ? i : one_of(1200)), (u16)one_of(1200), text};
    OBJECT_ATTRIBUTES o = {0, &s, 0x40};
    IO_STATUS_BLOCK io;
    const HANDLE roots[] = {DOS_DEVICES, 0, folder, file, event, ME, 0xFFFFFFFFu};
    HANDLE h = 0;
    for (u32 k = 0; k < s.length; k++) text[k] = (char)(one_of(12) ? 'a' + one_of(4) : one_of(3) ? '\\' : one_of(256));
    if (one_of(2))
      text[0] = 'c', text[1] = 'a', text[2] = 'c', text[3] = 'h', text[4] = 'e', text[5] = ':', text[6] = '\\';
    o.root = roots[one_of(7)];
    if (NtCreateFile(&h, 0xC0110080, &o, &io, NULL, 0x80, 7, 3, one_of(2) ? 0x60 : 0x21) == 0) NtClose(h);
    NtQueryFullAttributesFile(&o, (NETWORK_OPEN_INFORMATION *)(void *)(text + 1100 - 1100 % 8 - 64));
    if (NtCreateEvent(&h, &o, 0, 0) == 0) NtClose(h);
    if (file && i % 7 == 0) {
      text[s.length] = 0;
      rename_to(file, o.root, text);
    }
  }
}

// --- calls that overlap ----------------------------------------------------------------------------------------

// Results, lists and buffers over the kernel's own and the title's: threads, code, the call's own arguments, each
// other.
void overlaps(void);
void overlaps(void) {
  HANDLE h = open_file("cache:\\o", 0xC0110080, 5, 0x0), port;
  u32 *me = object_of(ME), at = take(0x56000000, 0x20000);
  u64 offset = 0;
  IO_STATUS_BLOCK io;
  NtWriteFile(h, 0, NULL, NULL, &io, (void *)0x82010000, 0x10000, &offset);
  NtCreateIoCompletion(&port, 3, NULL, 0);
  struct {
    HANDLE port;
    u32 key;
  } with = {port, 5};
  NtSetInformationFile(h, &io, &with, 8, 30);
  for (u32 i = 0; i < 600; i++) {
    u32 places[] = {(u32)(usize)me + 4 * one_of(0x2AC),
                    kpcr() + 4 * one_of(0xB6),
                    at + 4 * one_of(0x4000),
                    AT(churn) & ~0xFFFu,
                    (u32)(usize)&offset,
                    (u32)(usize)&io};
    u32 pages[8];
    for (u32 k = 0; k < 8; k++) pages[k] = at + 0x1000 * one_of(16);
    if (one_of(100) == 0) pages[one_of(8)] = (u32)(usize)pages & ~0xFFFu; // the list itself
    IO_STATUS_BLOCK *where = (IO_STATUS_BLOCK *)(usize)places[one_of(3)];
    offset = one_of(4) ? one_of(0x8000) : one_of(2) ? 0xFFFFFFFFFFFFFFFEull : random_u32() % 0x400000;
    switch (one_of(5)) {
    case 0:
      NtReadFile(h, 0, NULL, one_of(2) ? NULL : me, where, (void *)(usize)places[2], one_of(0x400), &offset);
      break;
    case 1: NtWriteFile(h, 0, NULL, NULL, where, (void *)(usize)places[one_of(3)], one_of(0x40), &offset); break;
    case 2: NtReadFileScatter(h, 0, NULL, NULL, where, pages, one_of(8) * 0x1000, &offset); break;
    case 3: NtWriteFileGather(h, 0, NULL, NULL, where, pages, one_of(9) * 0x800, &offset); break;
    default: {
      s64 none = 0;
      NtRemoveIoCompletion(port, (u32 *)(usize)(at + 8), (u32 *)(usize)(at + 8), where, &none);
    }
    }
    if (i % 50 == 49)
      NtClose(h), h = open_file("cache:\\o", 0xC0110080, 3, 0x0), NtSetInformationFile(h, &io, &with, 8, 30);
    if (i % 150 == 149) NtClose(port), NtCreateIoCompletion(&port, 3, NULL, 0), with.port = port;
    if (i % 16 == 0) sleep_ms(1);
  }
}
// Waits for lists of handles and of objects: none, more than a call takes, the same one often, those that are closed
// meanwhile, and lists that change while they are waited for.
static HANDLE list[130];
static void *objects[130];
static u32 waits(void *ctx) {
  for (u32 i = 0; i < 60; i++) {
    s64 t = MS(one_of(3));
    static const u32 ns[] = {0, 1, 2, 3, 4, 63, 64, 65, 128, 0x7FFFFFFF, 0xFFFFFFFF, 0x40000001};
    u32 n = ns[one_of(12)];
    if (ctx)
      NtWaitForMultipleObjectsEx(n, list, one_of(3), one_of(2), one_of(2), &t);
    else if (n <= 65)
      KeWaitForMultipleObjects(n, objects, one_of(3), 3, one_of(2), one_of(2), &t, one_of(3) ? NULL : &list[100]);
  }
  return 0;
}
void lists(void);
void lists(void) {
  static KEVENT events[130];
  for (u32 i = 0; i < 130; i++) KeInitializeEvent(&events[i], i & 1, i % 5 == 0), objects[i] = &events[i % 60];
  for (u32 i = 0; i < 130; i++) switch (i % 4) {
    case 0: NtCreateEvent(&list[i], NULL, i & 1, 0); break;
    case 1: NtCreateSemaphore(&list[i], NULL, 1, 2); break;
    case 2: list[i] = list[i - 1]; break;
    default: NtCreateMutant(&list[i], NULL, i & 8);
    }
  for (u32 i = 0; i < 10; i++) start_thread(waits, (void *)(usize)(i & 1));
  for (u32 i = 0; i < 400; i++) {
    u32 at = one_of(130);
    switch (one_of(6)) {
    case 0: NtClose(list[at]); break;
    case 1: NtCreateEvent(&list[at], NULL, one_of(2), 0); break;
    case 2: NtSetEvent(list[at], NULL); break;
    case 3: NtReleaseSemaphore(list[at], one_of(3), NULL); break;
    case 4: KeSetEvent(&events[at], 0, one_of(2)); break;
    default: NtPulseEvent(list[at], NULL), KeResetEvent(&events[at]);
    }
    if (i % 8 == 0) sleep_ms(1);
  }
}

// Lists and locks of the title's own memory, overwritten while others hold or wait for them.
static u32 lock[16], slist[4], section[7];
static u32 holds(void *ctx) {
  for (u32 i = 0; i < 40; i++) {
    if (ctx)
      ExAcquireReadWriteLockExclusive(lock), sleep_ms(0), ExReleaseReadWriteLock(lock);
    else
      RtlEnterCriticalSection((CRITICAL_SECTION *)section), sleep_ms(0),
          RtlLeaveCriticalSection((CRITICAL_SECTION *)section);
  }
  return 0;
}
void locks(void);
void locks(void) {
  static u32 entries[64];
  u32 ends = one_of(2);
  ExInitializeReadWriteLock(lock);
  RtlInitializeCriticalSection((CRITICAL_SECTION *)section);
  for (u32 i = 0; i < 6; i++) start_thread(holds, (void *)(usize)(i & 1));
  for (u32 i = 0; i < 500; i++) {
    static const u32 odd[] = {0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE};
    u32 at = one_of(7);
    if (at != 0 || ends) section[at > 3 || ends ? at : 4] = odd[one_of(6)];
    lock[one_of(4)] = odd[one_of(6)];
    for (u32 k = 0; k < 64; k += 2) entries[k] = one_of(8) ? (u32)(usize)&entries[one_of(32) * 2] : 0;
    slist[0] = (u32)(usize)&entries[one_of(32) * 2], slist[1] = odd[one_of(6)];
    InterlockedPushEntrySList(slist, &entries[one_of(32) * 2]);
    InterlockedPopEntrySList(slist);
    if (one_of(4) == 0) InterlockedFlushSList(slist);
    if (i % 10 == 0) sleep_ms(1);
  }
}

// --- interrupts --------------------------------------------------------------------------------------------------

// What no interrupt may do: wait, end its thread, load, take what is taken, end the run. One each run, by the title's
// arguments.
static KEVENT never;
static void forbidden(u32 which) {
  static u32 held = 1;
  s64 t = MS(1);
  HANDLE h = 0;
  u32 at = 0, d;
  switch (which) {
  case 0: KeWaitForSingleObject(&never, 3, 0, 0, NULL); break;
  case 1: KeDelayExecutionThread(1, 1, &t); break;
  case 2: ExTerminateThread(5);
  case 3: XexLoadImage("game:\\adder.dll", 8, 0, &h); break;
  case 4: RtlEnterCriticalSection((CRITICAL_SECTION *)section); break;
  case 5: KfAcquireSpinLock(&held); break;
  case 6: KeBugCheck(7); break;
  case 7: HalReturnToFirmware(1); break;
  case 8: DbgBreakPoint(); break;
  case 9: XamLoaderLaunchTitle("game:\\hello.xex", 0); break;
  case 10: XamLoaderTerminateTitle(); break;
  case 11:
    h = start_thread(holds, NULL);
    NtSuspendThread(h, NULL);
    break;
  case 12: NtSuspendThread(ME, NULL); break;
  case 13: NtQueueApcThread(ME, goes, NULL, NULL, NULL); break;
  case 14: KeSetCurrentStackPointers(NULL, NULL, NULL, NULL, NULL, NULL); break;
  case 15: NtWaitForMultipleObjectsEx(2, list, 0, 1, 1, NULL); break;
  case 16: XexUnloadImage(*XexExecutableModuleHandle); break;
  case 17: XAudioRegisterRenderDriverClient((void *)(usize)&list, &d); break;
  case 18: XamTaskSchedule((void *)(usize)AT(holds), NULL, 0, &h); break;
  case 19: KfLowerIrql(0), KeDelayExecutionThread(1, 1, &t); break;
  case 20: RtlRaiseStatus(0xC0000005); break;
  case 21: RtlUnwind(NULL, (void *)(usize)AT(churn), NULL, 1); break;
  case 22: NtYieldExecution(); break;
  case 23: jumps((void *)(usize)0); break;
  case 24: ExAcquireReadWriteLockExclusive(lock), ExAcquireReadWriteLockExclusive(lock); break;
  case 25: NtSignalAndWaitForSingleObjectEx(list[0], list[0], 1, 1, NULL); break;
  case 26: NtRemoveIoCompletion(list[1], &at, &at, NULL, NULL); break;
  case 27: KeSetAffinityThread(object_of(ME), 0, &at); break;
  case 28: VdSetGraphicsInterruptCallback(NULL, NULL), KeTlsSetValue(1, NULL); break;
  default: VdInitializeRingBuffer(0xFFFFFFFF, 31);
  }
}
static void in_dpc(void *dpc, void *ctx, void *a, void *b) { (void)dpc, (void)ctx, (void)b, forbidden((u32)(usize)a); }
static void in_apc(void *ctx, void *a, void *b) { (void)a, (void)b, forbidden((u32)(usize)ctx); }
static void in_kernel_apc(KAPC *k, void **fn, void **ctx, void **a, void **b) {
  (void)k, (void)fn, (void)ctx, (void)b, forbidden((u32)(usize)*a);
}
static void in_interrupt(u32 source, void *ctx) { (void)source, forbidden((u32)(usize)ctx); }
static u32 is_driver(void *ctx) { return forbidden((u32)(usize)ctx), 0; }
static void by(u32 way, u32 which) {
  static KDPC d;
  static KAPC a;
  static u32 driver;
  static u32 callback[2];
  KeInitializeEvent(&never, 0, 0);
  RtlInitializeCriticalSection((CRITICAL_SECTION *)section);
  ExInitializeReadWriteLock(lock);
  NtCreateEvent(&list[0], NULL, 0, 0), NtCreateIoCompletion(&list[1], 3, NULL, 0);
  NtClose(start_thread(holds, NULL));
  switch (way) {
  case 0: KeInitializeDpc(&d, in_dpc, NULL), KeInsertQueueDpc(&d, (void *)(usize)which, NULL); break;
  case 1: NtQueueApcThread(ME, in_apc, (void *)(usize)which, NULL, NULL); break;
  case 2:
    KeInitializeApc(&a, object_of(ME), in_kernel_apc, NULL, NULL, 0, NULL),
        KeInsertQueueApc(&a, (void *)(usize)which, NULL, 0);
    break;
  case 3:
    VdInitializeEngines(0, NULL, NULL, NULL, NULL), VdSetGraphicsInterruptCallback(in_interrupt, (void *)(usize)which);
    break;
  default: callback[0] = AT(is_driver), callback[1] = which, XAudioRegisterRenderDriverClient(callback, &driver);
  }
  for (u32 i = 0; i < 40; i++) {
    s64 t = MS(1);
    KeDelayExecutionThread(1, 1, &t);
  }
}
// The title's arguments: WAY WHICH, each a character from '0' on.
void places(void);
void places(void) {
  const char *p = ExLoadedCommandLine;
  while (p[0] && p[1] && p[2]) p++;
  by((u32)p[0] - '0', (u32)p[1] - '0');
}

// XMA contexts that point anywhere, over themselves and the kernel's, kicked while they are released.
void contexts(void);
void contexts(void) {
  volatile u32 *kick = (volatile u32 *)0x7FEA1940, *mask = (volatile u32 *)0x7FEA1980,
               *clear = (volatile u32 *)0x7FEA1A80;
  u32 all[64] = {0};
  static u32 init[20];
  for (u32 i = 0; i < 1500; i++) {
    u32 *c = &all[one_of(64)];
    switch (one_of(7)) {
    case 0: XMACreateContext(c); break;
    case 1: XMAReleaseContext(*c); break;
    case 2:
      for (u32 k = 0; k < 20; k++) init[k] = random_u32();
      if (*c) XMAInitializeContext(*c, init);
      break;
    case 3:
      if (*c && MmIsAddressValid(*c))
        for (u32 k = 0; k < 16; k++) ((volatile u32 *)(usize)*c)[k] = one_of(2) ? random_u32() : 0xFFFFFFFF;
      break;
    case 4: *kick = random_u32(); break;
    case 5: *clear = random_u32(), *mask = random_u32(); break;
    default:
      if (*c)
        XMASetInputBuffer0(*c, one_of(2) ? random_u32() : 0xA0000000, one_of(2) ? random_u32() : 3),
            XMAEnableContext(*c);
    }
    if (i % 20 == 0) sleep_ms(1);
  }
}

// A thread that is suspended, resumed, sent APCs and ended by others in the midst of each kind of nested call.
static HANDLE victims[4];
static u32 nests(void *ctx) {
  HANDLE h;
  (void)ctx;
  for (u32 i = 0; i < 30; i++) {
    s64 t = MS(1);
    if (XexLoadImage("game:\\adder.dll", 8, 0, &h) == 0) XexUnloadImage(h);
    try(AT(load_fault), 0xFFFFF000, 0, 0, 0);
    KeDelayExecutionThread(1, 1, &t);
  }
  return 0;
}
static void interferes(void *ctx, void *a, void *b) {
  (void)ctx, (void)a, (void)b;
  HANDLE h;
  if (one_of(8) == 0) try(AT(trap_fault), 0, 0, 0, 0);
  if (one_of(8) == 0 && XexLoadImage("game:\\adder.dll", 8, 0, &h) == 0) XexUnloadImage(h);
  if (one_of(8) == 0) NtSuspendThread(ME, NULL);
  if (one_of(16) == 0) ExTerminateThread(1);
}
void nested(void);
void nested(void) {
  static KAPC apcs[16];
  for (u32 i = 0; i < 600; i++) {
    HANDLE *h = &victims[one_of(4)];
    s64 none = 0;
    if (*h == 0 || NtWaitForSingleObjectEx(*h, 1, 0, &none) == 0) {
      if (*h) NtClose(*h);
      *h = start_thread(nests, NULL);
    }
    switch (one_of(5)) {
    case 0: NtSuspendThread(*h, NULL); break;
    case 1: NtResumeThread(*h, NULL); break;
    case 2: NtQueueApcThread(*h, interferes, NULL, NULL, NULL); break;
    case 3: {
      KAPC *a = &apcs[one_of(16)];
      void *o = object_of(*h);
      KeInitializeApc(a, o, one_of(2) ? (void *)(usize)AT(interferes) : (void *)(usize)AT(churn), NULL,
                      (void *)(usize)AT(interferes), one_of(2), NULL);
      KeInsertQueueApc(a, NULL, NULL, 0);
      break;
    }
    default: NtResumeThread(victims[one_of(4)], NULL);
    }
    sleep_ms(one_of(2));
  }
}

int main(void) {
  for (const char *p = ExLoadedCommandLine; *p; p++) seed = seed * 31 + (u8)*p;
  CASE();
  return checks_failed ? 1 : contained();
}

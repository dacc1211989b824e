// Calls of every export that there is, by several threads at once, in APCs, DPCs, timers' and the GPU's interrupts, and
// in the handlers of exceptions, which unwind to frames that are there and to those that are gone. What is passed is
// what a call asks for, or nearly; a seed (the title's arguments, or SEED) makes it one of many storms.
#include "caught.h"

#ifndef SEED
#define SEED 1
#endif
#ifndef WILD
#define WILD 0 // of 1,024 arguments so many are anything
#endif

u32 KeSetTimerEx(KTIMER *, s64 due, s32 period, KDPC *);
void KeInitializeTimerEx(KTIMER *, u32 type, u32 unused, u32 unused_too);
void KeInitializeApc(KAPC *, void *thread, void *kernel, void *rundown, void *normal, u32 mode, void *ctx);
u32 KeResumeThread(void *);
void KeInitializeEvent(KEVENT *, u32 type, u32 state);
void KeInitializeSemaphore(KSEMAPHORE *, s32 count, s32 limit);
u32 MmIsAddressValid(u32);
extern const char *const ExLoadedCommandLine;

// --- what there is to call -------------------------------------------------------------------------------

struct row {
  const char *module;
  u16 ordinal;
  char kind, status;
  const char *name, *params;
};
#define WG_EXPORT(module, ordinal, name, kind, ret, params, status, reference, flags)                                  \
  {module, ordinal, #kind[0], #status[0], #name, params},
static const struct row rows[] = {
#include "../../../nt/exports.def"
};
#define ROWS (sizeof rows / sizeof *rows)
// These end the run, a thread or all progress; they are called now and then, the first not at all.
static const char *const ends[] = {
    "HalReturnToFirmware", "KeBugCheck", "KeBugCheckEx",  "XamLoaderTerminateTitle",   "XamLoaderLaunchTitle",
    "XexLoadExecutable",   "RtlRip",     "DbgBreakPoint", "KeSetCurrentStackPointers", "XamShowDirtyDiscErrorUI"};
static const char *const seldom[] = {"ExTerminateThread",
                                     "ExitThread",
                                     "KfRaiseIrql",
                                     "KeRaiseIrqlToDpcLevel",
                                     "KfAcquireSpinLock",
                                     "KeAcquireSpinLockAtRaisedIrql",
                                     "KeEnterCriticalRegion",
                                     "VdSetGraphicsInterruptCallback",
                                     "VdInitializeRingBuffer",
                                     "MmFreePhysicalMemory",
                                     "RtlRaiseException",
                                     "RtlRaiseStatus",
                                     "RtlUnwind",
                                     "RtlUnwind2",
                                     "NtFreeVirtualMemory",
                                     "NtProtectVirtualMemory",
                                     "MmSetAddressProtect",
                                     "MmDeleteKernelStack",
                                     "DbgPrint",
                                     "RtlEnterCriticalSection",
                                     "KeInsertQueueApc",
                                     "KeInitializeApc",
                                     "ExAcquireReadWriteLockExclusive",
                                     "ExAcquireReadWriteLockShared",
                                     "__C_specific_handler"};

struct callee {
  u32 at;
  const struct row *row;
  u32 seldom;
};
static struct callee callees[ROWS];
static u32 ncallees;

static u32 same(const char *a, const char *b) {
  for (; *a && *a == *b; a++, b++) {
  }
  return *a == *b;
}
static u32 among(const char *name, const char *const *list, u32 n) {
  while (n--)
    if (same(name, list[n])) return 1;
  return 0;
}
static void find_callees(void) {
  for (u32 i = 0; i < ROWS; i++) {
    const struct row *r = &rows[i];
    HANDLE module = 0;
    u32 at = 0;
    if (r->kind != 'F' || r->status == 'N' || among(r->name, ends, sizeof ends / sizeof *ends)) continue;
    if (XexGetModuleHandle(r->module, &module) || XexGetProcedureAddress(module, r->ordinal, &at)) continue;
    callees[ncallees++] = (struct callee){at, r, among(r->name, seldom, sizeof seldom / sizeof *seldom)};
  }
}

// --- what is passed --------------------------------------------------------------------------------------

#define ARENA 0x40000u // bytes; a page without access behind it
#define OBJECTS 64u
#define HANDLES 256u
#define NAMES (sizeof names / sizeof *names)
static u32 arena = 0x60000000, objects = 0x61000000, seed, depth, frames[64], nframes;
static u32 handles[HANDLES], pointers[64], threads[8];
static const char *const names[] = {
    "game:\\hostile.storm.1.xex",
    "game:\\adder.dll",
    "game:\\greeter.dll",
    "cache:\\a",
    "cache:\\b",
    "cache:\\d",
    "cache:\\d\\e",
    "cache:\\",
    "game:\\",
    "game:",
    "\\Device\\Cdrom0\\a",
    "\\??\\x:",
    "x:\\a\\b",
    "\\??\\cache:",
    "one",
    "two",
    "",
    "*",
    "%s%d%n%*d%.*f%ls%S%wZ",
    "xboxkrnl.exe",
    "xam.xex",
    "adder.dll",
    "\\BaseNamedObjects\\one",
    ".text",
    "a.very.long.name.that.no.file.system.of.the.console.would.ever.take.because.it.is.too.long"};
static char texts[32][128];
static u16 wides[32][128];
static ANSI_STRING strings[32];
static OBJECT_ATTRIBUTES attributes[32];

static u32 random_u32(void) {
  seed = seed * 1664525 + 1013904223;
  return seed >> 9 ^ seed << 13;
}
static u32 one_of(u32 n) { return random_u32() % n; }

// What may be taken as a pointer, and executed: addresses here are ori's, and where BLR leads is memory.
#define BLR 0x4E800020u
static u32 word(void) {
  u32 r = one_of(32);
  return r == 0 ? one_of(64) : r == 1 ? objects + 0x100 * one_of(OBJECTS) : r < 12 ? BLR : arena + 8 * one_of(0x7000);
}

static void make_names(void) {
  for (u32 i = 0; i < NAMES; i++) {
    u32 n = 0;
    for (; names[i][n]; n++) wides[i][n] = (u8)(texts[i][n] = names[i][n]);
    strings[i] = (ANSI_STRING){(u16)n, (u16)(n + 1), texts[i]};
    attributes[i] = (OBJECT_ATTRIBUTES){DOS_DEVICES, &strings[i], 0x40};
  }
}
// Objects of each kind lie in turn: the one that a call's name speaks of, as a rule.
static const char *const kinds[] = {"Event", "Semaphore", "Timer", "CriticalSection", "Lock", "Thread"};
static void make_object(u32 i) {
  u32 at = objects + 0x100 * i;
  switch (i % 6) {
  case 0: KeInitializeEvent((KEVENT *)(usize)at, one_of(2), one_of(2)); break;
  case 1: KeInitializeSemaphore((KSEMAPHORE *)(usize)at, (s32)one_of(3), 3); break;
  case 2: KeInitializeTimerEx((KTIMER *)(usize)at, one_of(2), 0, 0); break;
  case 3: RtlInitializeCriticalSection((CRITICAL_SECTION *)(usize)at); break;
  default:
    for (u32 k = 0; k < 12; k++) ((u32 *)(usize)at)[k] = 0;
  }
}
static u32 speaks_of(const char *name, const char *what) {
  for (; *name; name++) {
    u32 n = 0;
    while (what[n] && name[n] == what[n]) n++;
    if (what[n] == 0) return 1;
  }
  return 0;
}
static u32 kind_of(const char *name) {
  for (u32 i = 0; i < 6; i++)
    if (speaks_of(name, kinds[i])) return i;
  return one_of(3);
}
static u32 ends_at(u32 n) { return arena + ARENA - n; } // the last n bytes of it
static u32 pointer(void) {
  switch (one_of(16)) {
  case 0: return one_of(64) ? arena + 0x8000 : ends_at(1 + one_of(64));
  case 1: return ends_at(4 * one_of(1024) + 0x800);
  case 2: return objects + 0x100 * one_of(OBJECTS);
  case 3: return pointers[one_of(64)];
  case 4: return one_of(64) ? arena + 0x9000 : 0;
  case 5: return arena + one_of(0x1000);
  case 6: return (u32)(usize)&strings[one_of(NAMES)];
  default: return arena + 8 * one_of(0x7000);
  }
}
static u32 object(const char *name) {
  u32 kind = one_of(128) ? kind_of(name) : one_of(6), i = kind + 6 * one_of(OBJECTS / 6);
  if (one_of(256) == 0) return pointers[one_of(64)];
  if (kind == 5) return threads[one_of(5)];
  if (one_of(16) == 0) make_object(i);
  return objects + 0x100 * i;
}
static u32 handle(void) {
  return one_of(16) ? handles[one_of(HANDLES)] : one_of(2) ? 0xF8000000u + 4 * one_of(64) : 0xFFFFFFFEu + one_of(2);
}
static u32 number(void) {
  static const u32 odd[] = {0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF, 0x10000, 0xFFFFF000, 0x1000,
                            0x3000,     0x404,      0x20000004, 0x8000, 0x4000,  0x2000};
  u32 r = one_of(32);
  return r < 24   ? one_of(40)
         : r < 28 ? one_of(0x400)
         : r < 31 ? 1u << one_of(12)
                  : odd[one_of(sizeof odd / sizeof *odd)];
}

static void routine(void *a, void *b, void *c, void *d);
static u32 code(void) { return one_of(4) ? (u32)(usize)routine : 0; }

static u64 argument(char kind, const char *name) {
  static const s64 dues[] = {0, -1, -10000, -50000, 1};
  if (one_of(1024) + 1 <= WILD) return random_u32();
  switch (kind) {
  case 'h': return handle();
  case 'H': return (u32)(usize)&handles[one_of(HANDLES)];
  case 'f': return code();
  case 'O': return object(name);
  case 'a': return (u32)(usize)&strings[one_of(NAMES)];
  case 'o': return (u32)(usize)&attributes[one_of(NAMES)];
  case 's': return (u32)(usize)texts[one_of(NAMES)];
  case 'w': return (u32)(usize)wides[one_of(NAMES)];
  case 't': return (u32)(usize)&dues[one_of(5)];
  case 'p':
  case 'e':
  case 'P': return pointer();
  case 'q':
  case 'T': return (u64)random_u32() << 32 | random_u32();
  default: return one_of(64) ? number() : one_of(2) ? pointer() : handle();
  }
}

static void call_something(void) {
  u64 args[13];
  const struct callee *c = &callees[one_of(ncallees)];
  if (c->seldom && one_of(32)) return;
  const char *params = c->row->params;
  for (u32 i = 0; i < 13; i++) args[i] = *params ? argument(*params++, c->row->name) : random_u32() & 0xFF;
  u32 gave = caught_call(c->at, args);
  if (gave >= 0x30000000 && MmIsAddressValid(gave)) pointers[one_of(64)] = gave;
}

// --- in what it runs -------------------------------------------------------------------------------------

// APCs, DPCs, timers, threads, interrupts and completions: whatever takes code takes this.
static void routine(void *a, void *b, void *c, void *d) {
  (void)a, (void)b, (void)c, (void)d;
  if (depth > 8) return;
  depth++;
  for (u32 n = one_of(4); n; n--) call_something();
  depth--;
}

// 1: the search goes on; 0: unwind to what is put there.
u32 caught_says(u32 *record, u32 frame, u32 *context, u32 *unwind) {
  u64 again[13] = {(u32)(usize)record};
  if (depth < 6) {
    depth++;
    if (one_of(4) == 0) call_something();
    if (one_of(16) == 0 && record[1] == 0) caught_call((u32)(usize)RtlRaiseException, again);
    if (one_of(256) == 0) context[one_of(64)] = random_u32();
    depth--;
  }
  frames[nframes++ % 64] = frame;
  if (one_of(512) == 0) frame = frames[one_of(64)]; // one that was, of some thread
  unwind[0] = frame;
  unwind[1] = (u32)(usize)caught_here;
  unwind[2] = one_of(2) ? (u32)(usize)record : 0;
  unwind[3] = random_u32();
  return (record[1] & 6) && one_of(32); // seldom within an unwinding
}

static void worker(void *ctx) {
  static void (*const faults[])(void) = {load_fault, trap_fault, word_fault};
  static volatile u32 kept;
  (void)ctx;
  for (;;) {
    u64 where[13] = {arena + ARENA};
    if (one_of(64) == 0) caught_call((u32)(usize)faults[one_of(3)], where);
    call_something();
    kept++;
  }
}

// So that a storm does not end with all of its threads asleep.
static void keeps_going(void *dpc, void *a, void *b, void *c) {
  (void)dpc, (void)a, (void)b, (void)c;
  for (u32 i = 0; i < 8; i++)
    if (threads[i]) KeResumeThread((void *)(usize)threads[i]);
  routine(NULL, NULL, NULL, NULL);
}

int main(void) {
  static KTIMER timer;
  static KDPC dpc;
  u32 size = ARENA + 0x1000, old;
  seed = SEED * 7919;
  for (const char *p = ExLoadedCommandLine; *p; p++) seed = seed * 31 + (u8)*p;
  find_callees();
  make_names();
  NtAllocateVirtualMemory(&arena, &size, 0x3000, 4, 0);
  u32 end = arena + ARENA, page = 0x1000;
  NtProtectVirtualMemory(&end, &page, 1, &old, 0);
  u32 where = BLR & ~0xFFFFu, much = 0x10000;
  NtAllocateVirtualMemory(&where, &much, 0x3000, 4, 0);
  for (u32 i = 0; i < much; i += 4) *(u32 *)(usize)(where + i) = BLR;
  for (u32 i = 0; i < ARENA; i += 4) *(u32 *)(usize)(arena + i) = word();
  size = OBJECTS * 0x100;
  NtAllocateVirtualMemory(&objects, &size, 0x3000, 4, 0);
  for (u32 i = 0; i < OBJECTS; i++) make_object(i);
  for (u32 i = 0; i < 64; i++) pointers[i] = arena + 64 * one_of(0xE00);
  VdInitializeEngines(0, NULL, NULL, NULL, NULL);
  VdSetGraphicsInterruptCallback(routine, NULL);
  KeInitializeDpc(&dpc, keeps_going, NULL);
  KeInitializeTimerEx(&timer, 0, 0, 0);
  KeSetTimerEx(&timer, MS(1), 1, &dpc);
  for (u32 i = 0; i < 5; i++) {
    handles[i] = start_thread(worker, NULL);
    ObReferenceObjectByHandle(handles[i], NULL, (void **)&threads[i]);
  }
  worker(NULL);
  return 0;
}

// The ground that the kernel stands on: memory that goes, changes or overlaps while objects lie in it, threads wait or
// the GPU reads it. A case each.
#include "hostile.h"

void KeInitializeApc(KAPC *, void *thread, void *kernel, void *rundown, void *normal, u32 mode, void *ctx);
u32 KeInsertQueueApc(KAPC *, void *a, void *b, u32 increment);
u32 KeSetTimer(KTIMER *, s64 due, KDPC *);
u32 KeCancelTimer(KTIMER *);
void KeInitializeTimerEx(KTIMER *, u32 type, u32 unused, u32 unused_too);
void MmSetAddressProtect(u32 base, u32 size, u32 protect);
u32 KeSuspendThread(void *);
u32 KeResumeThread(void *);
u32 XMACreateContext(u32 *);
void XMAReleaseContext(u32);
extern u32 *const XexExecutableModuleHandle;

#define ME 0xFFFFFFFEu
#define BASE 0x42000000u

static u32 seed = 1;
static u32 random_u32(void) {
  seed = seed * 1664525 + 1013904223;
  return seed >> 5 ^ seed << 27;
}
static u32 kpcr(void) {
  u32 at;
  __asm__("mr %0,13" : "=r"(at));
  return at;
}
static void *object_of(HANDLE h) {
  void *o = NULL;
  ObReferenceObjectByHandle(h, NULL, &o);
  return o;
}
static void nothing(void *a, void *b, void *c) { (void)a, (void)b, (void)c; }
static u32 waits(void *object) {
  s64 t = MS(20);
  KeWaitForSingleObject(object, 3, 0, 1, &t);
  return 0;
}
static u32 sleeps(void *ctx) {
  (void)ctx;
  for (u32 i = 0; i < 20; i++) sleep_ms(1);
  return 5;
}
static void made_object(void *at, u32 type) {
  DISPATCHER_HEADER *h = at;
  *h = (DISPATCHER_HEADER){.type = (u8)type};
  h->flink = h->blink = (u32)(usize)&h->flink;
}

// Something of each kind, which needs the kernel's own memory.
static void work(void) {
  static KTIMER timer;
  static KDPC dpc;
  static KAPC apc;
  s64 due = MS(1);
  HANDLE h, t = start_thread(sleeps, NULL);
  void *o = object_of(t);
  NtCreateTimer(&h, NULL, 0);
  NtSetTimerEx(h, &due, NULL, 0, NULL, 0, 1, NULL);
  KeInitializeDpc(&dpc, nothing, NULL);
  KeInitializeTimerEx(&timer, 0, 0, 0);
  KeSetTimer(&timer, MS(1), &dpc);
  KeInitializeApc(&apc, o, nothing, NULL, NULL, 0, NULL);
  KeInsertQueueApc(&apc, NULL, NULL, 0);
  NtWaitForSingleObjectEx(h, 1, 1, &due);
  KeTlsSetValue(KeTlsAlloc(), o);
  NtWaitForSingleObjectEx(t, 1, 0, NULL);
  ExFreePool(ExAllocatePool(100));
  ObDereferenceObject(o);
  NtClose(h);
  NtClose(t);
}

// What the kernel keeps in the title's sight is taken away in each way that there is.
static void take_away(u32 at, u32 how) {
  u32 base = at & ~0xFFFu, size = how == 3 ? 0 : 0x1000, old = 0;
  switch (how) {
  case 0: NtProtectVirtualMemory(&base, &size, 1, &old, 0); break;
  case 1: NtProtectVirtualMemory(&base, &size, 2, &old, 0); break;
  case 2: NtFreeVirtualMemory(&base, &size, 0x4000, 0); break;
  case 3: NtFreeVirtualMemory(&base, &size, 0x8000, 0); break;
  case 4: MmSetAddressProtect(base, 0x1000, 1); break;
  case 5: MmFreePhysicalMemory(0, base); break;
  case 6: NtAllocateVirtualMemory(&base, &size, 0x1000, 2, 0); break;
  case 7: NtAllocateVirtualMemory(&base, &size, 0x80000, 4, 0); break;
  default: MmSetAddressProtect(base, 0xFFFFF000, 0x404);
  }
}
void places(void);
void places(void) {
  u32 context = 0;
  XMACreateContext(&context);
  void *me = object_of(ME);
  const u32 at[] = {(u32)(usize)me,
                    kpcr(),
                    *(u32 *)(usize)kpcr(),
                    (u32)(usize)ExAllocatePool(5000),
                    (u32)(usize)thunk(1),
                    (u32)(usize)KeTimeStampBundle,
                    (u32)(usize)XexExecutableModuleHandle,
                    *XexExecutableModuleHandle,
                    context,
                    0x7FFE0000,
                    0x80000000};
  volatile u32 *kick = (volatile u32 *)0x7FEA1940, *clear = (volatile u32 *)0x7FEA1A80;
  for (u32 i = 0; i < sizeof at / sizeof *at; i++)
    for (u32 how = 0; how < 9; how++) {
      take_away(at[i], how);
      *kick = *clear = 0xFFFFFFFF;
      XMACreateContext(&context);
      XMAReleaseContext(context);
      if (how % 4 == 0) work();
    }
}

// Stacks go under their threads, and what lies there afterwards is nobody else's.
static u32 stack;
static u32 tells_stack(void *ctx) {
  (void)ctx;
  stack = *(u32 *)(usize)(kpcr() + 0x74);
  sleep_ms(3);
  ExTerminateThread(3);
}
static u32 frees_stack(void *ctx) {
  (void)ctx;
  take_away(*(u32 *)(usize)(kpcr() + 0x74), 3);
  sleep_ms(2);
  return 1;
}
void stacks(void);
void stacks(void) {
  for (u32 i = 0; i < 30; i++) {
    HANDLE h = start_thread(tells_stack, NULL);
    sleep_ms(1);
    take_away(stack, 3);
    u32 base = stack & ~0xFFFFu, size = 0x20000;
    if (NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0) == STATUS_SUCCESS) *(volatile u32 *)(usize)base = 77;
    if (i & 1) NtClose(start_thread(sleeps, NULL));
    NtWaitForSingleObjectEx(h, 1, 0, NULL);
    NtClose(h);
  }
  start_thread(frees_stack, NULL);
  sleep_ms(5);
}

// Objects, timers, DPCs, APCs and I/O status blocks in memory that is freed, closed, given anew or overwritten.
void objects(void);
void objects(void) {
  static const u8 types[] = {0, 1, 5, 2, 8, 9};
  for (u32 i = 0; i < 100; i++) {
    u32 base = BASE, size = 0x10000, how = i % 5;
    NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0);
    void *at = (void *)(usize)(base + i % 7 * 0x30 + (i & 1 ? 0xFF8 : 0));
    made_object(at, types[i % 6]);
    HANDLE t = start_thread(waits, at), other = start_thread(waits, at), file = 0;
    void *o = object_of(t);
    sleep_ms(1);
    KTIMER *timer = (KTIMER *)(usize)(base + 0x4000);
    KDPC *dpc = (KDPC *)(usize)(base + 0x8000);
    KAPC *apc = (KAPC *)(usize)(base + 0xC000);
    IO_STATUS_BLOCK *io = (IO_STATUS_BLOCK *)(usize)(base + 0xE000);
    KeInitializeTimerEx(timer, i & 1, 0, 0);
    KeInitializeDpc(dpc, nothing, dpc);
    KeSetTimer(timer, MS(2), how == 4 ? dpc : NULL);
    KeInitializeApc(apc, o, nothing, nothing, nothing, 1, apc);
    KeInsertQueueApc(apc, apc, apc, 0);
    ANSI_STRING s;
    OBJECT_ATTRIBUTES name;
    u64 offset = 0;
    name_object(&name, &s, "cache:\\over");
    NtCreateFile(&file, 0x40100001, &name, io, NULL, 0, 0, 3, 0);
    NtWriteFile(file, 0, (void *)(usize)nothing, apc, io, (void *)(usize)base, 0x100, &offset);
    NtReadFile(file, 0, (void *)(usize)nothing, apc, io, (void *)(usize)(base + 0xF000), 0x100, &offset);
    if (how < 4)
      take_away(base, how == 1 ? 0 : how == 2 ? 2 : 3);
    else
      for (u32 k = 0; k < 0x4000; k++) ((volatile u8 *)(usize)base)[k] = (u8)~i; // all but the timer and what it does
    if (how == 3) NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0);
    sleep_ms(4);
    KeSuspendThread(o);
    KeResumeThread(o);
    sleep_ms(20);
    ObDereferenceObject(o);
    NtClose(file);
    NtClose(t);
    NtClose(other);
    take_away(BASE, 3);
  }
}

// A KTHREAD is rewritten while its thread waits, a KPCR while it runs.
static u32 rewrites_kpcr(void *ctx) {
  (void)ctx;
  u32 *p = (u32 *)(usize)kpcr(), lock = 0;
  for (u32 k = 0; k < 60; k++) {
    p[random_u32() % (0x2D8 / 4)] = random_u32() & 1 ? random_u32() : kpcr();
    sleep_ms(0);
    KfReleaseSpinLock(&lock, KfAcquireSpinLock(&lock));
    KeTlsGetValue(1);
  }
  return 0;
}
void fields(void);
void fields(void) {
  static KEVENT e;
  static KAPC apc;
  for (u32 i = 0; i < 60; i++) {
    s64 t = MS(30);
    made_object(&e, i & 1);
    HANDLE h = start_thread(i & 2 ? waits : sleeps, &e);
    u32 *o = object_of(h);
    sleep_ms(1);
    for (u32 k = random_u32() % 200; k > 0; k--)
      o[random_u32() % (0xAB0 / 4)] = random_u32() & 1   ? random_u32()
                                      : random_u32() & 1 ? (u32)(usize)o + (random_u32() & 0xFFC)
                                                         : 0xFFFFFFFF;
    *(u8 *)o = 6;
    switch (i % 5) {
    case 0: KeSetEvent(&e, 0, 0); break;
    case 1: KeSuspendThread(o), KeResumeThread(o); break;
    case 2: KeSetBasePriorityThread(o, 3); break;
    case 3: KeSetAffinityThread(o, 1u << random_u32() % 6, &seed); break;
    default: KeInitializeApc(&apc, o, nothing, NULL, NULL, 0, NULL), KeInsertQueueApc(&apc, NULL, NULL, 0);
    }
    NtWaitForSingleObjectEx(h, 1, 0, &t);
    NtClose(h);
    NtWaitForSingleObjectEx(start_thread(rewrites_kpcr, NULL), 1, 0, &t);
  }
  work();
}

// Timers, DPCs, APCs and events that lie in each other.
void within(void);
void within(void) {
  static u32 room[64];
  static const u8 types[] = {0, 1, 5, 8, 9};
  void *me = object_of(ME);
  for (u32 i = 0; i < 3000; i++) {
    u32 *a = room + random_u32() % 24;
    KDPC *dpc = (KDPC *)(room + 32 + random_u32() % 24);
    KTIMER *timer = (KTIMER *)a;
    KAPC *apc = (KAPC *)(room + random_u32() % 24);
    s64 t = -(s64)(random_u32() % 3000);
    KeInitializeDpc(dpc, nothing, timer);
    switch (random_u32() % 8) {
    case 0: KeInitializeTimerEx(timer, random_u32() & 1, 0, 0); break;
    case 1: made_object(a, types[random_u32() % 5]); break;
    case 2: KeInitializeTimerEx(timer, 0, 0, 0), KeSetTimer(timer, t, NULL); break;
    case 3: KeInsertQueueDpc(dpc, timer, apc), sleep_ms(1); break;
    case 4: KeInitializeApc(apc, me, nothing, nothing, nothing, 0, dpc), KeInsertQueueApc(apc, dpc, timer, 0); break;
    case 5: KeInitializeApc(apc, me, nothing, NULL, NULL, 0, NULL), KeInsertQueueApc(apc, dpc, timer, 0); break;
    case 6: made_object(a, types[random_u32() % 5]), KeWaitForSingleObject(a, 3, 0, 0, &t); break;
    default: made_object(a, 8), KeCancelTimer(timer);
    }
  }
}

// List heads that lead nowhere, to themselves, round and round.
void heads(void);
void heads(void) {
  static KSEMAPHORE s;
  static KDPC dpc;
  static u32 ring[64];
  for (u32 i = 0; i < 64; i++) ring[i] = (u32)(usize)&ring[(i * 2 + 2) & 62];
  const u32 to[] = {
      0,          4,          0xFFFFFFFC, 0x7FC80000, 0xFFFFFFFF, (u32)(usize)ring, (u32)(usize)&s.h.flink - 1,
      0x82000000, 0x30000000, 0xA0000000};
  for (u32 i = 0; i < 200; i++) {
    static const u8 lists[] = {0x10, 0x14, 0x40, 0x74, 0x78, 0x7C, 0x80};
    s64 none = 0, soon = MS(30);
    made_object(&s, 5);
    s.limit = 0x7FFFFFFF;
    HANDLE h = start_thread(waits, &s);
    u32 *o = object_of(h);
    sleep_ms(1);
    s.h.flink = to[i % 10], s.h.blink = to[i / 10 % 10];
    for (u32 k = 0; k < sizeof lists; k++) o[lists[k] / 4] = to[(i + k) % 10];
    o[0x110 / 4] = o[0x144 / 4] = to[i % 7];
    *(u32 *)(usize)(kpcr() + 0x148) = to[i % 10];
    KeInitializeDpc(&dpc, nothing, NULL);
    dpc.w[1] = to[i % 10], dpc.w[2] = to[i % 5];
    KeInsertQueueDpc(&dpc, NULL, NULL);
    if (i & 1) KeReleaseSemaphore(&s, 0, 1, 0);
    KeWaitForSingleObject(&s, 3, 0, 0, &none);
    NtWaitForSingleObjectEx(h, 1, 0, &soon);
    ObDereferenceObject(o);
    NtClose(h);
  }
}

// What is no object, and what was another one when its waiter came: the run says so, not that the address is wrong.
void nobody(void);
void nobody(void) {
  static u32 room[8] = {0x77000000};
  KeWaitForSingleObject(room, 3, 0, 0, NULL);
}
void changes(void);
void changes(void) {
  static KEVENT e;
  made_object(&e, 0);
  start_thread(waits, &e);
  sleep_ms(1);
  e.h.type = 5;
  KeReleaseSemaphore((KSEMAPHORE *)&e, 0, 1, 0);
}

// A command stream that executes itself, leads out of memory, rewrites itself and the code that runs.
static volatile u32 *words;
static u32 filled;
static void put(u32 word) { words[filled++] = word; }
static void blank(u32 source, void *user) { (void)source, (void)user; }
void rings(void);
void rings(void) {
  u32 code = MmAllocatePhysicalMemoryEx(0, 0x10000, 0x44, 0, 0xFFFFFFFF, 0x1000),
      stream = MmAllocatePhysicalMemoryEx(0, 0x10000, 0x404, 0, 0xFFFFFFFF, 0x1000), sum = 0;
  for (u32 i = 0; i < 4; i++) ((volatile u32 *)(usize)code)[i] = i < 3 ? 0x38630001 : 0x4E800020; // addi r3,r3,1; blr
  u32 (*run)(u32) = (u32(*)(u32))(usize)code;
  code = MmGetPhysicalAddress(code);
  words = (volatile u32 *)(usize)stream;
  stream = MmGetPhysicalAddress(stream);
  VdSetGraphicsInterruptCallback((void *)(usize)blank, NULL);
  VdEnableRingBufferRPtrWriteBack(code + 0x800, 6);
  for (u32 i = 0; i < 400; i++) {
    s64 t = -(s64)(random_u32() % 20000);
    filled = 0x400; // what the ring calls
    put(0xC0013D00), put((code + 4 * (i % 3)) | 2), put(0x38630000 | (i & 0xFF));
    switch (i % 8) {
    case 0: put(0xC0013F00), put(stream + 0x1000), put(0xFFFFF); break;
    case 1: put(0xC0013F00), put(stream), put(0x100); break;
    case 2: put(0xC0013F00), put(0x1FFFFFFC), put(0xFFFFF); break;
    case 3: put(0xC0023D00), put(stream + 0x1000), put(random_u32()), put(random_u32()); break;
    case 4: put(0xC0025800), put(0), put(0x1FFFFFFC), put(random_u32()); break;
    case 5:
      for (u32 k = 0; k < 60; k++) put(random_u32());
      break;
    case 6: put(0xC0022F00), put(0x1FFFFFF0), put(random_u32()), put(0xFFF); break;
    default: put(0xC0015A00), put(0), put(0x1FFFFFFC);
    }
    u32 n = filled - 0x400;
    VdInitializeRingBuffer(i % 11 ? stream : random_u32(), i % 11 ? 10 : random_u32() % 40);
    filled = 0;
    put(0xC0013F00), put(stream + 0x1000), put(n);
    *(volatile u32 *)0x7FC80714 = i % 7 ? filled : random_u32();
    for (u32 k = 0; k < 50; k++) sum += run(k);
    KeDelayExecutionThread(1, 0, &t);
    for (u32 k = 0; k < 50; k++) sum += run(k);
  }
  DbgPrint("%x\n", sum);
}

int main(void) {
  CASE();
  return contained();
}

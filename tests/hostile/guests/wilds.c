// What nobody would write, a CASE a guest, each another run by its arguments: code of random words, handlers that give
// back another context, end their thread, wait for ever, unwind or fault again, function tables and stacks that lie,
// calls of every export that a module gives, sizes and places at their ends.
#include "hostile.h"

extern const char *const ExLoadedCommandLine;
u32 KeInsertQueueApc(KAPC *, void *a, void *b, u32 increment);
u32 KeSetTimerEx(KTIMER *, s64 due, s32 period, KDPC *);
u32 KeRemoveQueueDpc(KDPC *);
void KeInitializeTimerEx(KTIMER *, u32 type, u32 unused, u32 unused_too);
void KeStallExecutionProcessor(u32 us), RtlCaptureContext(void *), RtlRaiseException(void *), RtlRaiseStatus(NTSTATUS);
u32 RtlCaptureStackBackTrace(u32 skip, u32 n, void *, void *hash);
u32 KeTlsFree(u32);
u32 XMsgInProcessCall(u32, u32, u32, u32), XMsgStartIORequest(u32, u32, void *, u32, u32);
u32 NetDll_WSAStartup(u32, u32, void *), NetDll_socket(u32, u32, u32, u32), NetDll_closesocket(u32, u32);
s32 NetDll_select(u32, u32, void *, void *, void *, void *);
s32 NetDll_sendto(u32, u32, void *, u32, u32, void *, u32), NetDll_recvfrom(u32, u32, void *, u32, u32, void *, u32 *);
u32 XamCreateEnumeratorHandle(u32, u32, u32, u32, u32, u32, u32, HANDLE *);
u32 XamGetPrivateEnumStructureFromHandle(HANDLE, void **);
u32 XamContentCreateDeviceEnumerator(u32, u32, u32, u32 *, HANDLE *);
u32 XamEnumerate(HANDLE, u32, void *, u32, u32 *, void *), XamTaskSchedule(void *, void *, u32, HANDLE *);
void ExFreePool(void *), HalReturnToFirmware(u32), ExRegisterTitleTerminateNotification(void *, u32);
NTSTATUS NtReadFileScatter(HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, const u32 *, u32, const u64 *);
NTSTATUS NtProtectVirtualMemory(u32 *, u32 *, u32, u32 *, u32);
void VdInitializeRingBuffer(u32, u32), VdEnableRingBufferRPtrWriteBack(u32, u32);
NTSTATUS KeSetAffinityThread(void *, u32, u32 *);
s32 KeSetBasePriorityThread(void *, s32);
void RtlTimeToTimeFields(void *, void *);
u32 RtlTimeFieldsToTime(void *, void *);

#define ME 0xFFFFFFFEu
static u32 seed = 1;
static u32 any(void) { return seed = seed * 1664525u + 1013904223u, seed >> 16 | seed << 16; }
static u32 below(u32 n) { return any() % n; }
static const u32 ends_of[] = {0,          1,          4,          0xFFFF,     0x10000,    0x7FFFFFFF,
                              0x80000000, 0xFFFFFFFF, 0xFFFFFFFC, 0x82010000, 0x30000000, 0x70000000,
                              0xBCBCBCBC, 0x7FC80000, 0x40000000, 0x1000};
static u32 extreme(void) { return ends_of[below(16)]; }

// wild_call(fn, a): fn(a) within a frame whose handler is wild_handler; wild_here is behind the call.
u32 wild_call(void *fn, u32 a);
extern const char wild_here[], wild_end[];
u32 wild_handler(u32 *record, u32 frame, u32 *context, u32 *dispatcher);
__asm__(".section .pdata,\"a\"\n.globl wild_table\nwild_table:\n.long wild_call, (1 << 31) | (1 << 30) | ((wild_end - "
        "wild_call) / 4) << 8 | 3\n.text\n.balign 4\n.long wild_handler, 0\n.globl wild_call\nwild_call:\nmflr 12\nstw "
        "12,-8(1)\nstwu 1,-0x100(1)\nstmw 14,0x40(1)\nmtctr 3\nmr 3,4\nbctrl\n.globl wild_here\nwild_here:\nlmw "
        "14,0x40(1)\naddi 1,1,0x100\nlwz "
        "12,-8(1)\nmtlr 12\nblr\n.globl wild_end\nwild_end:\n");
extern u32 wild_table[2];

enum { SEARCH = 1, CONTINUE = 0 };
static u32 (*says)(u32 *record, u32 frame, u32 *context);
static volatile u32 asked;
u32 wild_handler(u32 *record, u32 frame, u32 *context, u32 *dispatcher) {
  (void)dispatcher;
  if (record[1] & 6) return SEARCH; // an unwinding passes by
  return ++asked > 4000 ? SEARCH : says(record, frame, context);
}
// Raised by the frame itself: what has no table is no way out of here.
static void raise(u32 flags) {
  static u32 records[8][20];
  u32 *r = records[asked & 7];
  r[0] = 0xE0000001;
  r[1] = flags;
  wild_call(RtlRaiseException, (u32)(usize)r);
}

// --- code ---------------------------------------------------------------------------------------------------------

static u32 out_of(u32 *record, u32 frame, u32 *context) {
  (void)record;
  context[2] = (u32)(usize)wild_here;
  context[0x18 / 4 + 3] = frame - 0x100;
  return CONTINUE;
}
static u32 *room(u32 protect) {
  u32 base = 0, size = 0x20000;
  NtAllocateVirtualMemory(&base, &size, 0x3000, protect, 0);
  return (u32 *)(usize)base;
}
static u32 names(u32 w, u32 reg) { return (w >> 21 & 31) == reg || (w >> 16 & 31) == reg; }
static u32 special(u32 w) {
  return w >> 26 == 31 && ((w >> 1 & 0x3FF) == 339 || (w >> 1 & 0x3FF) == 467);
} // mfspr, mtspr
// Opcodes as they come, a branch out now and then: whatever they do, its exceptions are caught.
void words(void);
void words(void) {
  u32 *code = room(0x40);
  says = out_of;
  for (u32 turn = 0; turn < 600; turn++) {
    u32 *at = code + 64 * (turn & 255);
    for (u32 i = 0; i < 62; i++) at[i] = any() & 3 ? any() : 0x7C000000 | (any() & 0x03FFFFFF);
    for (u32 i = 0; i < 62; i++) // nothing that branches but to the end, nothing that moves the stack
      if (at[i] >> 26 >= 16 && at[i] >> 26 <= 19)
        at[i] = 0x48000000 | 4 * (62 - i);
      else if (names(at[i], 1) || names(at[i], 13) || special(at[i]))
        at[i] = 0x60000000;
    at[62] = at[63] = 0x4E800020;
    wild_call(at, extreme());
  }
}
// Each primary opcode and each extended one of 31, 4, 59 and 63 with fields at their ends.
void opcodes(void);
void opcodes(void) {
  static const u8 first[] = {31, 4, 59, 63, 5, 6, 62, 58, 30};
  u32 *code = room(0x40);
  says = out_of;
  for (u32 p = 0; p < sizeof first; p++)
    for (u32 x = 0; x < 1024; x += 1 + below(3)) {
      u32 *at = code + 4 * (x & 511), fields = below(2) ? 0x03FFF800 : any() & 0x03FFF800;
      at[0] =
          (u32)first[p] << 26 | (fields & 0xF800) | (3 + below(8)) << 21 | (3 + below(8)) << 16 | x << 1 | (any() & 1);
      if (special(at[0])) continue;
      at[1] = 0x4E800020;
      asked = 0;
      wild_call(at, extreme());
    }
}

// --- handlers -----------------------------------------------------------------------------------------------------

static u32 another_context(u32 *record, u32 frame, u32 *context) {
  (void)record;
  u32 r13 = context[0x18 / 4 + 27];
  for (u32 i = 0; i < 0xA40 / 4; i++) context[i] = below(3) ? any() : extreme();
  context[2] = (u32)(usize)wild_here | below(4);
  context[0x18 / 4 + 3] = frame - 0x100;
  context[0x18 / 4 + 27] = r13;
  return CONTINUE;
}
void contexts(void);
void contexts(void) {
  says = another_context;
  for (u32 i = 0; i < 300; i++) {
    u64 kept[8] = {i};
    raise(0);
    __asm__ volatile("" ::
                         : "memory", "r14", "r15", "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25",
                           "r26", "r27", "r28", "r29", "r30", "r31");
    EQUAL((u32)kept[0], i);
  }
}
static u32 elsewhere(u32 *record, u32 frame, u32 *context) {
  (void)record, (void)frame;
  context[2] = extreme() + 4 * below(3);
  return CONTINUE;
}
void nowhere(void);
void nowhere(void) {
  says = elsewhere;
  for (u32 i = 0; i < 50; i++) raise(0);
}
static u32 thread_ends(u32 *record, u32 frame, u32 *context) {
  (void)record, (void)frame, (void)context;
  ExTerminateThread(7);
  return SEARCH;
}
static u32 raises_once(void *unused) {
  (void)unused;
  raise(0);
  return 0;
}
void ending(void);
void ending(void) {
  says = thread_ends;
  for (u32 i = 0; i < 300; i++) {
    HANDLE h = start_thread(raises_once, NULL);
    NtWaitForSingleObjectEx(h, 1, 0, NULL);
    NtClose(h);
    churn();
  }
}
static u32 waits_in_handler(u32 *record, u32 frame, u32 *context) {
  if (below(2)) NtSuspendThread(ME, NULL);
  sleep_ms(1 + below(3));
  return out_of(record, frame, context);
}
void waiting(void);
void waiting(void) {
  HANDLE h[40];
  says = waits_in_handler;
  for (u32 i = 0; i < 40; i++) h[i] = start_thread(raises_once, NULL);
  for (u32 turn = 0; turn < 12; turn++) {
    sleep_ms(2);
    for (u32 i = 0; i < 40; i++) NtResumeThread(h[i], NULL);
  }
}
static u32 faults_again(u32 *record, u32 frame, u32 *context) {
  (void)record, (void)frame, (void)context;
  raise(0);
  return SEARCH;
}
void again(void);
void again(void) {
  says = faults_again;
  raise(0);
}
static u32 noncontinuable(u32 *record, u32 frame, u32 *context) {
  record[1] = 0;
  record[2] = (u32)(usize)record;
  record[4] = 0xFFFFFFFF;
  return out_of(record, frame, context);
}
void flags(void);
void flags(void) {
  says = noncontinuable;
  for (u32 i = 0; i < 200; i++) raise(i & 0x79);
}
static u32 unwinds_within(u32 *record, u32 frame, u32 *context) {
  static const u32 off[] = {0, 4, 0x100, 0xFFFFFF00};
  (void)context;
  u32 where = below(4) ? frame : frame + off[below(4)];
  RtlUnwind((void *)(usize)where, (void *)(usize)wild_here, below(2) ? record : NULL, any());
  return SEARCH;
}
void unwinds(void);
void unwinds(void) {
  says = unwinds_within;
  for (u32 i = 0; i < 100; i++) raise(0);
}

// --- in DPCs ------------------------------------------------------------------------------------------------------

static KDPC dpc[8];
static void in_dpc(void *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx, (void)a, (void)b;
  raise(0);
}
static void dpcs(u32 n) {
  s64 one = MS(1);
  for (u32 i = 0; i < n; i++) {
    KDPC *d = &dpc[i & 7];
    KeInitializeDpc(d, in_dpc, NULL);
    KeInsertQueueDpc(d, NULL, NULL);
    if ((i & 7) == 7) KeDelayExecutionThread(1, 0, &one);
  }
}
void dpc_contexts(void);
void dpc_contexts(void) {
  says = another_context;
  dpcs(100);
}
void dpc_again(void);
void dpc_again(void) {
  says = faults_again;
  dpcs(1);
}
void dpc_ends(void);
void dpc_ends(void) {
  says = thread_ends;
  dpcs(8);
}
void dpc_waits(void);
void dpc_waits(void) {
  says = waits_in_handler;
  dpcs(8);
}
static u32 queues_again(u32 *record, u32 frame, u32 *context) {
  for (u32 i = 0; i < 8; i++) KeInsertQueueDpc(&dpc[i], NULL, NULL), KeRemoveQueueDpc(&dpc[below(8)]);
  return out_of(record, frame, context);
}
void dpc_queues(void);
void dpc_queues(void) {
  says = queues_again;
  dpcs(64);
}
void dpc_unwinds(void);
void dpc_unwinds(void) {
  says = unwinds_within;
  dpcs(40);
}
// A DPC's routine, context and list where nothing is; removed, changed and freed while it is queued.
void moved(void);
void moved(void) {
  says = out_of;
  for (u32 i = 0; i < 400; i++) {
    KDPC *d = ExAllocatePool(sizeof *d + below(64));
    KeInitializeDpc(d, in_dpc, NULL);
    KeInsertQueueDpc(d, NULL, NULL);
    for (u32 k = 0; k < sizeof *d / 4; k++)
      if (below(8) == 0 && k != 3) ((u32 *)d)[k] = extreme();
    if (below(2)) KeRemoveQueueDpc(d);
    ExFreePool(d);
    if (i % 16 == 0) sleep_ms(1);
  }
}

// --- tables and stacks --------------------------------------------------------------------------------------------

void tables(void);
void tables(void) {
  u32 base = (u32)(usize)wild_table & ~0xFFFu, size = 0x2000, old, was[2] = {wild_table[0], wild_table[1]};
  says = out_of;
  if (NtProtectVirtualMemory(&base, &size, 4, &old, 0) != 0) return;
  for (u32 i = 0; i < 300; i++) {
    wild_table[0] = was[0] + (below(3) ? 0 : 4 * below(5) - 8);
    wild_table[1] = below(2) ? was[1] ^ 1u << below(30) : 1u << 31 | any();
    void *back[16];
    u32 hash;
    RtlCaptureStackBackTrace(0, 16, back, &hash);
    wild_table[0] = was[0];
    wild_table[1] = below(4) ? was[1] : was[1] | 0xFF;
    raise(0);
    wild_table[1] = was[1];
  }
}
static u32 captures(u32 n) {
  static void *back[0x400];
  static u8 context[0xA40 + 64];
  u32 hash;
  RtlCaptureStackBackTrace(n, extreme() & 0x3FF, back, &hash);
  RtlCaptureContext(context + 16);
  return 0;
}
void backtraces(void);
void backtraces(void) {
  u32 *sp = __builtin_frame_address(0);
  says = out_of;
  for (u32 i = 0; i < 200; i++) {
    u32 kept = *sp;
    *sp = below(2) ? (u32)(usize)sp : extreme();
    wild_call(captures, extreme());
    *sp = kept;
  }
}

// --- objects, memory, files -----------------------------------------------------------------------------------------

void enumerators(void);
void enumerators(void) {
  HANDLE h[64] = {0};
  void *p[64] = {0};
  u32 n;
  for (u32 i = 0; i < 3000; i++) {
    u32 k = below(64);
    switch (below(9)) {
    case 0:
      XamCreateEnumeratorHandle(extreme(), extreme(), any(), any(), below(3) ? below(0x1000) : extreme(), extreme(),
                                any(), &h[k]);
      break;
    case 1: XamContentCreateDeviceEnumerator(0, 0, extreme(), &n, &h[k]); break;
    case 2: XamGetPrivateEnumStructureFromHandle(h[k], &p[k]); break;
    case 3:
      if (p[k]) ObDereferenceObject(p[k]);
      break;
    case 4:
      if (p[k]) ObReferenceObject(p[k]);
      break;
    case 5: NtClose(h[k]); break;
    case 6:
      if (p[k]) ExFreePool(p[k]);
      break;
    case 7: {
      s64 t = 0;
      NtWaitForSingleObjectEx(h[k], 1, 0, &t);
      break;
    }
    default: {
      static u8 items[0x400];
      XamEnumerate(h[k], 0, items, below(0x400), &n, NULL);
    }
    }
  }
}
void written(void); // an enumerator's structure as a dispatcher object
void written(void) {
  HANDLE h = 0, copy = 0;
  u32 *p = NULL;
  XamCreateEnumeratorHandle(0, 0, 0, 0, 0x100, 1, 0, &h);
  XamGetPrivateEnumStructureFromHandle(h, (void **)&p);
  for (u32 i = 0; i < 22; i++) {
    p[0] = i << 24;
    p[1] = 1;
    ObReferenceObject(p);
    ObOpenObjectByPointer(p, NULL, &copy);
    ObDereferenceObject(p);
    NtClose(copy);
  }
  NtClose(h);
  p[0] = 1;
  DbgPrint("contained\n");
  KeSetEvent((KEVENT *)p, 0, 0);
}
void slots(void);
void slots(void) {
  for (u32 i = 0; i < 2000; i++) {
    u32 s = below(2) ? KeTlsAlloc() : extreme();
    KeTlsSetValue(s, (void *)(usize)any());
    KeTlsGetValue(s);
    if (below(2)) KeTlsFree(s), KeTlsFree(s);
  }
}
static u32 idle(void *ctx) { return (u32)(usize)ctx; }
void births(void);
void births(void) {
  for (u32 i = 0; i < 300; i++) {
    HANDLE h = 0;
    u32 id;
    if (ExCreateThread(&h, extreme(), &id, NULL, below(8) ? (void *)idle : NULL, NULL, (any() & 0xFF0000FFu) | 1) != 0)
      continue;
    void *t = NULL;
    ObReferenceObjectByHandle(h, NULL, &t);
    if (t == NULL) continue;
    KeSetBasePriorityThread(t, (s32)extreme());
    KeSetAffinityThread(t, extreme(), &id);
    if (below(2)) NtResumeThread(h, NULL);
    ObDereferenceObject(t);
    NtClose(h);
  }
  sleep_ms(5);
}
static const u64 places[] = {
    0, 1, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFE, 0x20000000, 0xFFFFFFFF};
void offsets(void);
void offsets(void) {
  static u8 buffer[0x1000];
  OBJECT_ATTRIBUTES o;
  ANSI_STRING s;
  IO_STATUS_BLOCK io;
  HANDLE h = 0;
  name_object(&o, &s, "cache:\\offsets.bin");
  NtCreateFile(&h, 0xC0100000, &o, &io, NULL, 0x80, 3, 5, 0x60);
  for (u32 i = 0; i < 400; i++) {
    u64 at = places[below(8)];
    u32 n = below(2) ? below(0x1000) : 0;
    if (below(2)) NtWriteFile(h, 0, NULL, NULL, &io, buffer, n, &at);
    if (below(2)) NtReadFile(h, 0, NULL, NULL, &io, buffer, n, &at);
    u64 info[8] = {places[below(8)], places[below(8)]};
    u32 class = 1 + below(50), size = 8u << below(4);
    NtSetInformationFile(h, &io, info, size > 64 ? 64 : size, class == 13 ? 20 : class);
    NtQueryInformationFile(h, &io, info, size > 64 ? 64 : size, class);
  }
  NtClose(h);
}
void regions(void);
void regions(void) {
  for (u32 i = 0; i < 1500; i++) {
    u32 base = below(2) ? extreme() : 0x40000000 + (any() & 0x00FFF000), size = below(2) ? extreme() : any() & 0x3FFFF,
        old;
    MEMORY_BASIC_INFORMATION about;
    if ((base & 0xF0000000) == 0x70000000 || (base & 0xFF000000) == 0x82000000)
      base = 0x41000000; // its own stack and code
    switch (below(6)) {
    case 0: NtAllocateVirtualMemory(&base, &size, 1u << (12 + below(20)) | 0x2000, 1u << below(9), 0); break;
    case 1: NtFreeVirtualMemory(&base, &size, below(2) ? 0x8000 : 0x4000, 0); break;
    case 2: NtProtectVirtualMemory(&base, &size, 1u << below(11), &old, 0); break;
    case 3: NtQueryVirtualMemory(base, &about, 0); break;
    case 4:
      MmFreePhysicalMemory(below(2), MmAllocatePhysicalMemoryEx(0, size, 4 | any() << 8, below(2) ? 0 : base,
                                                                0xFFFFFFFF, 1u << below(32)));
      break;
    default: MmFreePhysicalMemory(0, 0xA0000000 | (base & 0x1FFFF000));
    }
  }
}
// Everything that a module's ordinals lead to, called with nothing that is a pointer.
void ordinals(void);
void ordinals(void) {
  HANDLE kernel = 0;
  u32 at, n = 0;
  XexGetModuleHandle(below(2) ? "xam.xex" : "xboxkrnl.exe", &kernel);
  says = out_of;
  for (u32 i = 0; i < 0x1000; i++) n += XexGetProcedureAddress(kernel, i, &at) == 0;
  CHECK(n > 0);
  for (u32 i = 0; i < 60; i++) {
    u32 which = below(0x500);
    if (XexGetProcedureAddress(kernel, which, &at) == 0) wild_call((void *)(usize)at, 0);
  }
}
void rings(void);
void rings(void) {
  for (u32 i = 0; i < 200; i++) {
    VdInitializeRingBuffer(extreme(), below(64));
    VdEnableRingBufferRPtrWriteBack(extreme(), extreme());
    *(volatile u32 *)0x7FC80714 = extreme();
    if (i % 16 == 0) sleep_ms(1);
  }
}
void stalls(void);
void stalls(void) {
  for (u32 i = 0; i < 16; i++) KeStallExecutionProcessor(ends_of[i] & 0xFFFFF);
}
static struct { u32 fn, order, next[2]; } notices[4];
static void farewell(void) {
  ExRegisterTitleTerminateNotification(&notices[below(4)], 1);
  if (below(2)) HalReturnToFirmware(1);
}
void farewells(void);
void farewells(void) {
  for (u32 i = 0; i < 64; i++) {
    notices[i & 3].fn = below(4) ? (u32)(usize)farewell : extreme();
    ExRegisterTitleTerminateNotification(&notices[i & 3], below(3));
  }
}
static void task(void *message) {
  HANDLE h;
  if (message) XamTaskSchedule(task, (void *)((usize)message - 1), extreme(), &h);
  if (below(4) == 0) ExTerminateThread(1);
}
void tasks(void);
void tasks(void) {
  HANDLE h;
  for (u32 i = 0; i < 40; i++) XamTaskSchedule(task, (void *)(usize)below(20), extreme(), &h);
  sleep_ms(20);
}
void messages(void);
void messages(void) {
  static u32 buffer[0x100], overlapped[8];
  for (u32 i = 0; i < 4000; i++) {
    u32 app = 0xF0 + below(16), what = (any() & 0xF0000) | below(0x60);
    buffer[below(0x100)] = extreme() & 0xFFF;
    if (below(2))
      XMsgStartIORequest(app, what, below(2) ? overlapped : NULL, (u32)(usize)buffer, below(0x400));
    else
      XMsgInProcessCall(app, what, (u32)(usize)buffer, below(0x100));
  }
  sleep_ms(10);
}
void sockets(void);
void sockets(void) {
  static u32 set[65], data[0x400];
  static u8 about[0x200];
  NetDll_WSAStartup(1, 0x202, about);
  for (u32 i = 0; i < 3000; i++) {
    u32 s = NetDll_socket(1, below(4), below(4), below(20)), n = 16, t[2] = {0, extreme() & 0xFF};
    set[0] = below(3) ? 1 : extreme();
    for (u32 k = 1; k < 65; k++) set[k] = s;
    NetDll_select(1, extreme(), set, set, below(2) ? set : NULL, t);
    NetDll_sendto(1, s, data, below(0x1000), 0, data, 16);
    NetDll_recvfrom(1, s, data, below(0x1000), any(), data, &n);
    if (below(2)) NetDll_closesocket(1, s), NetDll_closesocket(1, s);
  }
}
void hours(void);
void hours(void) {
  for (u32 i = 0; i < 2000; i++) {
    u64 t = (u64)extreme() << 32 | extreme();
    u16 fields[8];
    RtlTimeToTimeFields(&t, fields);
    for (u32 k = 0; k < 8; k++)
      if (below(2)) fields[k] = (u16)extreme();
    RtlTimeFieldsToTime(fields, &t);
  }
}
// Timers whose DPC, and DPCs whose timer, goes; due now, in the past and never, while their interrupt runs.
void timers(void);
void timers(void) {
  static KTIMER t[8];
  says = out_of;
  for (u32 i = 0; i < 400; i++) {
    u32 k = below(8);
    if (below(4) == 0) KeInitializeTimerEx(&t[k], below(2), 0, 0);
    KeInitializeDpc(&dpc[k], in_dpc, NULL);
    KeSetTimerEx(&t[k], below(2) ? -(s64)below(30000) : (s64)((u64)extreme() << 32),
                 (s32)(below(3) ? below(3) : extreme()), &dpc[below(8)]);
    if (i % 20 == 0) sleep_ms(1);
  }
}

void CASE(void);
int main(void) {
  for (const char *p = ExLoadedCommandLine; *p; p++) seed = seed * 31 + (u8)*p;
  CASE();
  return contained();
}

// The guest SDK: what open guest programs call of the console's kernel. Programs are 32-bit System V ELF
// files; guests/sdk/mkimports.sh makes an import stub for each undefined kernel symbol and bridges the two
// calling conventions where they differ (a ninth argument, 64-bit arguments).
#ifndef WG_GUEST_XBOX_H
#define WG_GUEST_XBOX_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed int s32;
typedef signed long long s64;
typedef u32 HANDLE;
typedef u32 NTSTATUS;
typedef unsigned long usize;
#define NULL ((void *)0)

// What a library offers: WG_OFFER(3, add) by ordinal alone, WG_OFFER_NAMED(4, sub) by its name too.
#define WG_OFFER(ordinal, symbol)                                                                                      \
  __asm__(".section .wedge.exports,\"a\"\n.long " #ordinal ", " #symbol ", 0\n.previous")
#define WG_OFFER_NAMED(ordinal, symbol)                                                                                \
  __asm__(".section .wedge.names,\"a\"\nwg_name_" #symbol ": .asciz \"" #symbol                                        \
          "\"\n.section .wedge.exports,\"a\"\n.long " #ordinal ", " #symbol ", wg_name_" #symbol "\n.previous")

typedef struct {
  u16 length, max;
  const char *buffer;
} ANSI_STRING;
typedef struct {
  HANDLE root;
  ANSI_STRING *name;
  u32 attributes;
} OBJECT_ATTRIBUTES;
typedef struct {
  NTSTATUS status;
  u32 information;
} IO_STATUS_BLOCK;
typedef struct {
  u64 times[4], allocation, eof;
  u32 attributes, pad;
} NETWORK_OPEN_INFORMATION;
typedef struct {
  u8 type, abs, size, inserted;
  s32 state;
  u32 flink, blink;
} DISPATCHER_HEADER;
typedef struct {
  DISPATCHER_HEADER h;
} KEVENT;
typedef struct {
  DISPATCHER_HEADER h;
  s32 limit;
} KSEMAPHORE;
typedef struct {
  DISPATCHER_HEADER h;
  u64 due;
  u32 links[2], dpc;
  s32 period;
} KTIMER;
typedef struct {
  u32 w[7];
} CRITICAL_SECTION;
typedef struct {
  u32 w[10];
} KAPC;
typedef struct {
  u32 w[7];
} KDPC;
typedef struct {
  u32 base, allocation_base, allocation_protect, size, state, protect, type;
} MEMORY_BASIC_INFORMATION;
typedef struct {
  u32 next, index;
  u64 times[4], eof, allocation;
  u32 attributes, name_length;
  char name[256];
} DIRECTORY_INFORMATION;

#define STATUS_SUCCESS 0u
#define STATUS_TIMEOUT 0x102u
#define STATUS_USER_APC 0xC0u
#define STATUS_NO_MORE_FILES 0x80000006u
#define DOS_DEVICES 0xFFFFFFFDu
#define CURRENT_THREAD 0xFFFFFFFEu

NTSTATUS DbgPrint(const char *format, ...);
int sprintf(char *out, const char *format, ...);
NTSTATUS ExCreateThread(HANDLE *, u32 stack, u32 *id, void *xapi, void *entry, void *ctx, u32 flags);
void ExTerminateThread(u32 code) __attribute__((noreturn));
void HalReturnToFirmware(u32);
void *ExAllocatePool(u32);
void ExFreePool(void *);
NTSTATUS NtCreateEvent(HANDLE *, OBJECT_ATTRIBUTES *, u32 synchronization, u32 state);
NTSTATUS NtSetEvent(HANDLE, s32 *previous);
NTSTATUS NtClearEvent(HANDLE);
NTSTATUS NtPulseEvent(HANDLE, s32 *previous);
NTSTATUS NtCreateSemaphore(HANDLE *, OBJECT_ATTRIBUTES *, u32 count, u32 limit);
NTSTATUS NtReleaseSemaphore(HANDLE, u32 count, s32 *previous);
NTSTATUS NtCreateMutant(HANDLE *, OBJECT_ATTRIBUTES *, u32 owned);
NTSTATUS NtReleaseMutant(HANDLE, s32 *previous);
NTSTATUS NtCreateTimer(HANDLE *, OBJECT_ATTRIBUTES *, u32 synchronization);
NTSTATUS NtSetTimerEx(HANDLE, const s64 *due, void *apc, u32 mode, void *ctx, u32 resume, u32 period_ms, u32 *previous);
NTSTATUS NtCancelTimer(HANDLE, u32 *was);
NTSTATUS NtWaitForSingleObjectEx(HANDLE, u32 mode, u32 alertable, const s64 *timeout);
NTSTATUS NtWaitForMultipleObjectsEx(u32 n, const HANDLE *, u32 any, u32 mode, u32 alertable, const s64 *timeout);
NTSTATUS NtSignalAndWaitForSingleObjectEx(HANDLE, HANDLE, u32 mode, u32 alertable, const s64 *timeout);
NTSTATUS NtDuplicateObject(HANDLE, HANDLE *, u32 options);
NTSTATUS NtClose(HANDLE);
NTSTATUS NtResumeThread(HANDLE, u32 *);
NTSTATUS NtSuspendThread(HANDLE, u32 *);
NTSTATUS NtQueueApcThread(HANDLE, void *routine, void *ctx, void *a, void *b);
NTSTATUS NtYieldExecution(void);
NTSTATUS NtAllocateVirtualMemory(u32 *base, u32 *size, u32 type, u32 protect, u32 debug);
NTSTATUS NtFreeVirtualMemory(u32 *base, u32 *size, u32 type, u32 debug);
NTSTATUS NtQueryVirtualMemory(u32 base, MEMORY_BASIC_INFORMATION *, u32);
NTSTATUS NtProtectVirtualMemory(u32 *base, u32 *size, u32 protect, u32 *old, u32 debug);
u32 MmAllocatePhysicalMemoryEx(u32 type, u32 size, u32 protect, u32 min, u32 max, u32 align);
void MmFreePhysicalMemory(u32 type, u32 base);
u32 MmGetPhysicalAddress(u32);
u32 MmQueryAddressProtect(u32);
u32 MmQueryAllocationSize(u32);
NTSTATUS NtCreateFile(HANDLE *, u32 access, OBJECT_ATTRIBUTES *, IO_STATUS_BLOCK *, void *, u32 attributes, u32 share,
                      u32 disposition, u32 options);
NTSTATUS NtWriteFileGather(HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, const u32 *, u32, const u64 *);
NTSTATUS NtReadFile(HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, void *, u32, const u64 *);
NTSTATUS NtWriteFile(HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, const void *, u32, const u64 *);
NTSTATUS NtQueryFullAttributesFile(OBJECT_ATTRIBUTES *, NETWORK_OPEN_INFORMATION *);
NTSTATUS NtQueryInformationFile(HANDLE, IO_STATUS_BLOCK *, void *, u32, u32);
NTSTATUS NtSetInformationFile(HANDLE, IO_STATUS_BLOCK *, void *, u32, u32);
NTSTATUS NtQueryDirectoryFile(HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, DIRECTORY_INFORMATION *, u32,
                              ANSI_STRING *, u32 restart);
void RtlInitAnsiString(ANSI_STRING *, const char *);
void RtlInitializeCriticalSection(CRITICAL_SECTION *);
void RtlEnterCriticalSection(CRITICAL_SECTION *);
u32 RtlTryEnterCriticalSection(CRITICAL_SECTION *);
void RtlLeaveCriticalSection(CRITICAL_SECTION *);
u32 KeTlsAlloc(void);
u32 KeTlsFree(u32);
void *KeTlsGetValue(u32);
u32 KeTlsSetValue(u32, void *);
void KeQuerySystemTime(u64 *);
u32 KeQueryPerformanceFrequency(void);
void RtlRaiseException(void *record);
NTSTATUS XexGetModuleHandle(const char *name, HANDLE *out);
NTSTATUS XexGetProcedureAddress(HANDLE module, u32 ordinal_or_name, u32 *out);
NTSTATUS XexLoadImage(const char *name, u32 flags, u32 version, HANDLE *out);
NTSTATUS XexGetModuleSection(HANDLE module, const char *name, u32 *data, u32 *size);
NTSTATUS XexUnloadImage(HANDLE module);
u32 XexPcToFileHeader(u32 pc, HANDLE *module);
NTSTATUS KeDelayExecutionThread(u32 mode, u32 alertable, const s64 *interval);
s32 KeSetEvent(KEVENT *, u32 increment, u32 wait);
s32 KeResetEvent(KEVENT *);
NTSTATUS KeWaitForSingleObject(void *, u32 reason, u32 mode, u32 alertable, const s64 *timeout);
s32 KeReleaseSemaphore(KSEMAPHORE *, u32 increment, s32 adjust, u32 wait);
void KeInitializeDpc(KDPC *, void *routine, void *ctx);
u32 KeInsertQueueDpc(KDPC *, void *, void *);
s32 KeSetBasePriorityThread(void *kthread, s32);
NTSTATUS KeSetAffinityThread(void *kthread, u32 mask, u32 *old);
NTSTATUS ObReferenceObjectByHandle(HANDLE, void *type, void **);
void ObDereferenceObject(void *);
u32 KfAcquireSpinLock(u32 *);
void KfReleaseSpinLock(u32 *, u32 irql);

u32 VdInitializeEngines(u32, void *, void *, void *, void *);
void VdSetGraphicsInterruptCallback(void *fn, void *ctx);
void VdInitializeRingBuffer(u32 phys, u32 log2_size);
void VdEnableRingBufferRPtrWriteBack(u32 phys, u32 log2_block);
void VdGetSystemCommandBuffer(void *, u32 *);
void VdSwap(u32 *area, u32 *fetch, void *, void *, u32, u32 *front, u32 *format, u32 *space, u32 *width, u32 *height);
extern u32 *const KeTimeStampBundle; // interrupt time, system time (64 bits each), tick count

// What guests write themselves.
static inline void name_object(OBJECT_ATTRIBUTES *o, ANSI_STRING *s, const char *text) {
  RtlInitAnsiString(s, text);
  o->root = DOS_DEVICES;
  o->name = s;
  o->attributes = 0x40;
}
#define MS(n) ((s64)(n) * -10000) // relative timeout in 100 ns units

#endif

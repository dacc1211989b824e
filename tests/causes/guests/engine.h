// What guests that are built as titles' engines are share: declarations that the SDK lacks, and a few lines that have
// call sites of their own wherever they are used.
#ifndef WG_CAUSES_ENGINE_H
#define WG_CAUSES_ENGINE_H
#include "xbox.h"
#define AI static inline __attribute__((always_inline, unused))
void *memcpy(void *, const void *, usize);
#define MANUAL 0
#define AUTO 1
void KeInitializeEvent(KEVENT *, u32 type, u32 state);
void KeInitializeSemaphore(KSEMAPHORE *, u32 count, u32 limit);
void KeInitializeTimerEx(KTIMER *, u32 type, u32, u32);
u32 KeSetTimer(KTIMER *, s64 due, KDPC *);
u32 KeSetTimerEx(KTIMER *, s64 due, u32 period, KDPC *);
u32 KeCancelTimer(KTIMER *);
NTSTATUS KeWaitForMultipleObjects(u32 n, void **, u32 any, u32 reason, u32 mode, u32 alertable, const s64 *, void *);
s32 KePulseEvent(KEVENT *, u32, u32);
void ExInitializeReadWriteLock(void *), ExAcquireReadWriteLockExclusive(void *), ExAcquireReadWriteLockShared(void *),
    ExReleaseReadWriteLock(void *);
void *ExAllocatePoolTypeWithTag(u32 size, u32 tag, u32 type);
void *InterlockedPushEntrySList(void *, void *), *InterlockedPopEntrySList(void *), *InterlockedFlushSList(void *);
NTSTATUS NtCreateIoCompletion(HANDLE *, u32, void *, u32), NtSetIoCompletion(HANDLE, u32, u32, u32, u32),
    NtRemoveIoCompletion(HANDLE, u32 *, u32 *, IO_STATUS_BLOCK *, const s64 *);
NTSTATUS NtOpenFile(HANDLE *, u32 access, OBJECT_ATTRIBUTES *, IO_STATUS_BLOCK *, u32 share, u32 options);
NTSTATUS NtQueryEvent(HANDLE, u32 *);
u32 KfRaiseIrql(u32);
void KfLowerIrql(u32);
void RtlInitializeCriticalSectionAndSpinCount(CRITICAL_SECTION *, u32);
u32 RtlNtStatusToDosError(NTSTATUS);
u32 RtlCompareMemory(const void *, const void *, u32);
s32 KeQueryBasePriorityThread(void *);
u32 KeResumeThread(void *), KeSuspendThread(void *);
u32 XamUserGetSigninState(u32), XamUserGetName(u32, char *, u32), XamUserGetXUID(u32, u32, u64 *);
u32 XamShowDeviceSelectorUI(u32 user, u32 type, u32 flags, u32 total, u32 *device, u32 *overlapped);
u32 XamShowMessageBoxUI(u32 user, const void *title, const void *text, u32 buttons, const void *list, u32 focus,
                        u32 flags, u32 *result, u32 *overlapped);
HANDLE XamNotifyCreateListener(u32 mask, u32 version);
u32 XNotifyGetNext(HANDLE, u32, u32 *, u32 *), XamGetOverlappedResult(void *, u32 *, u32);
u32 XamContentCreateEnumerator(u32 user, u32 device, u32 type, u32 flags, u32 items, u32 *size, HANDLE *out);
u32 XamEnumerate(HANDLE, u32, void *, u32, u32 *, void *), XamContentClose(const char *, void *);
u32 XamContentCreate(u32 user, const char *root, const void *data, u32 flags, u32 *disposition, u32 *licence,
                     void *overlapped);
u32 XamContentGetDeviceState(u32, void *), XamContentFlush(const char *, void *),
    XamContentDelete(u32, const void *, void *);
u32 XamInputGetState(u32 user, u32 flags, u8 *state);
u32 XGetLanguage(void), XamGetCurrentTitleId(void);
u32 XAudioRegisterRenderDriverClient(const void *, u32 *), XAudioUnregisterRenderDriverClient(u32),
    XAudioSubmitRenderDriverFrame(u32, const void *);
u32 KeGetCurrentProcessType(void);

AI void nap(u32 ms) {
  s64 t = MS(ms);
  KeDelayExecutionThread(1, 0, &t);
}
AI u32 add(volatile u32 *at, u32 n) {
  u32 old, now;
  __asm__ volatile("1: lwarx %0,0,%3\nadd %1,%0,%4\nstwcx. %1,0,%3\nbne- 1b"
                   : "=&r"(old), "=&r"(now), "+m"(*at)
                   : "r"(at), "r"(n)
                   : "cr0");
  return now;
}
#define CORE(n) (1u << (24 + (n) % 6))
// Some work that takes time and calls nothing.
AI void burn(u32 n) {
  for (volatile u32 i = 0; i < n; i++) {
  }
}
AI NTSTATUS open_file(HANDLE *h, IO_STATUS_BLOCK *io, const char *path, u32 access, u32 how, u32 options) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  name_object(&oa, &s, path);
  return NtCreateFile(h, access, &oa, io, NULL, 0x80, 3, how, options);
}
#define FOR_READ 0x80100080u
#define FOR_WRITE 0x40100080u
#endif

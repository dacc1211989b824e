// The table of what calls do (diff/calls.def) against the table of exports: nothing that signals, waits, locks, holds
// threads or defers is left out of it.
#include <string.h>

#include "diff/calls.h"
#include "nt/exports.h"
#include "tests/suite.h"

// Parts of the names of such exports, whatever their rows in nt/exports.def say of them.
static const char *const parts[] = {
    "Event",        "Semaphore",     "Mutant",         "Timer",         "Apc",      "Dpc",          "SuspendThread",
    "ResumeThread", "CreateThread",  "AlertThread",    "TerminateThre", "SpinLock", "CriticalSect", "ReadWriteLock",
    "IoCompletion", "WaitForSingle", "WaitForMultipl", "Tls",           "SList",    "PhysicalMemo", "DelayExecution"};

// What has no row, and why.
static const struct {
  const char *name, *why;
} left_out[] = {
    {"ExInitializeReadWriteLock", "what it makes is not held, and its calls say the rest"},
    {"KeRaiseIrqlToDpcLevel", "nobody waits for a level"},
    {"KfRaiseIrql", "nobody waits for a level"},
    {"KfLowerIrql", "nobody waits for a level"},
    {"KeAlertThread", "it ends waits of its thread, whatever they are for"},
    {"KeTestAlertThread", "no engine has it"},
    {"IoAcquireDeviceObjectLock", "of drivers; nobody knows its arguments"},
    {"IoReleaseDeviceObjectLock", "the same"},
    {"IoSynchronousDeviceIoControlRequest", "the same"},
    {"IoSynchronousFsdRequest", "the same"},
    {"IoAcquireCancelSpinLock", "of drivers: its lock has no name"},
    {"IoReleaseCancelSpinLock", "the same"},
    {"IoSetIoCompletion", "of drivers: the port is a pointer that no call gave"},
    {"KeInsertQueue", "of drivers"},
    {"KeInsertHeadQueue", "of drivers"},
    {"KeRemoveQueue", "of drivers"},
    {"KeCallAndBlockOnDpcRoutine", "nobody knows its arguments"},
    {"KeCallAndWaitForDpcRoutine", "nobody knows its arguments"},
    {"XMADisableContext", "the decoder is a device: it is done at once"},
    {"XMABlockWhileInUse", "the decoder is a device: it is done at once"},
    {"NetDll_select", "sockets are no objects"},
    {"XMsgCompleteIORequest", "what it signals is in its block, not among its arguments"},
    {"XamGetOverlappedResult", "what it waits for is in its block, not among its arguments"},
    {"GetOverlappedResult", "the same"},
    {"KeRetireDpcList", "of the kernel itself"},
    {"RtlLockHeap", "the heap is no lock that others name"},
    {"RtlUnlockHeap", "the same"},
    {"SetWaitableTimer", "its time is a pointer, of which nothing is told"},
    {"MmPersistPhysicalMemoryAllocation", "nobody knows its arguments"},
    {"MmSplitPhysicalMemoryAllocation", "nobody knows its arguments"},
    {"KiApcNormalRoutineNop", "what an APC calls"},
    {"KiApcNormalRoutineNop_", "the same"},
};

static bool is_of_kernel(const struct wg_nt_export *x) {
  static const char *const modules[] = {"Nt", "Ke", "Kf", "Ki", "Ex", "Io", "Mm", "Rtl", "Interlocked"};
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
    if (strncmp(x->name, modules[i], strlen(modules[i])) == 0) return true;
  return false;
}

static bool matters(const struct wg_nt_export *x) {
  const unsigned effects = WG_NT_SIGNALS | WG_NT_RESETS | WG_NT_WAITS | WG_NT_LOCK | WG_NT_UNLOCK;
  if (x->kind != 'F') return false;
  if (x->flags & effects) return true;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (is_of_kernel(x) && strstr(x->name, parts[i])) return true;
  return false;
}

static bool is_left_out(const char *name) {
  for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
    if (strcmp(left_out[i].name, name) == 0) return true;
  return false;
}

static void test_nothing_is_missing(void) {
  const struct wg_nt_export *x;
  for (size_t i = 0; (x = wg_nt_row(i)); i++) {
    bool ok = !matters(x) || (wg_call_of(x->name) != NULL) != is_left_out(x->name);
    CU_ASSERT_TRUE(ok);
    if (!ok) printf("  %s\n", x->name);
  }
  for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
    CU_ASSERT_PTR_NOT_NULL(wg_nt_find(left_out[i].name, strlen(left_out[i].name)));
}

// Each row is of an export, or of NT's own that another engine may have; none is there twice, and what a law takes from
// an argument is one of the call's.
static void test_rows(void) {
  static const char *const of_nt[] = {"NtResetEvent", "KeClearEvent", "ExFreePoolWithTag"};
  const struct wg_call *c;
  for (size_t i = 0; (c = wg_call_row(i)); i++) {
    const struct wg_nt_export *x = wg_nt_find(c->name, strlen(c->name));
    bool known = x != NULL;
    for (size_t k = 0; k < sizeof of_nt / sizeof *of_nt; k++) known |= strcmp(of_nt[k], c->name) == 0;
    CU_ASSERT_TRUE(known);
    if (!known) printf("  %s\n", c->name);
    CU_ASSERT_PTR_EQUAL(wg_call_of(c->name), c);
    bool which = c->law == WG_L_READ_CLOCK || c->law == WG_L_REGISTER || c->law == WG_L_UNREGISTER;
    if (x && c->arg && !which && wg_nt_nparams(x)) CU_ASSERT_TRUE(c->arg < wg_nt_nparams(x));
  }
}

// A call of the kernel's and of XAM's, by handle and by pointer, that do the same are the same to all rules.
static void test_alike(void) {
  static const char *const alike[][2] = {{"NtSetEvent", "KeSetEvent"},
                                         {"NtSetEvent", "NetDll_WSASetEvent"},
                                         {"NtClearEvent", "KeResetEvent"},
                                         {"NtClearEvent", "NetDll_WSAResetEvent"},
                                         {"NtPulseEvent", "KePulseEvent"},
                                         {"NtReleaseSemaphore", "KeReleaseSemaphore"},
                                         {"NtReleaseMutant", "KeReleaseMutant"},
                                         {"NtSetTimerEx", "KeSetTimerEx"},
                                         {"NtCancelTimer", "KeCancelTimer"},
                                         {"NtSuspendThread", "KeSuspendThread"},
                                         {"NtResumeThread", "KeResumeThread"},
                                         {"NtResumeThread", "ResumeThread"},
                                         {"NtWaitForSingleObjectEx", "KeWaitForSingleObject"},
                                         {"NtWaitForSingleObjectEx", "WaitForSingleObjectEx"},
                                         {"NtWaitForMultipleObjectsEx", "KeWaitForMultipleObjects"},
                                         {"KeDelayExecutionThread", "Sleep"},
                                         {"NtReadFile", "NtReadFileScatter"}};
  for (size_t i = 0; i < sizeof alike / sizeof *alike; i++) {
    const struct wg_call *a = wg_call_of(alike[i][0]), *b = wg_call_of(alike[i][1]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    bool same = a->effect == b->effect && a->law == b->law;
    CU_ASSERT_TRUE(same);
    if (!same) printf("  %s and %s\n", a->name, b->name);
  }
}

static void test_limits(void) {
  size_t at;
  const struct wg_nt_export *nt = wg_nt_find("NtWaitForSingleObjectEx", 23), *xam = wg_nt_find("SleepEx", 7);
  CU_ASSERT_TRUE(wg_call_limit(nt, 4, &at) && at == 3);
  CU_ASSERT_TRUE(wg_call_endless(nt, 3, 0));
  CU_ASSERT_FALSE(wg_call_endless(nt, 3, 0x70000000));
  CU_ASSERT_FALSE(wg_call_limit(nt, 3, &at)); // not told
  CU_ASSERT_TRUE(wg_call_limit(xam, 2, &at) && at == 0);
  CU_ASSERT_FALSE(wg_call_endless(xam, 0, 0));
  CU_ASSERT_TRUE(wg_call_endless(xam, 0, UINT64_MAX)); // however its sign is told
  CU_ASSERT_FALSE(wg_call_limit(wg_nt_find("NtSetEvent", 10), 2, &at));
}

WG_MAIN("calls", {"nothing is missing", test_nothing_is_missing}, {"rows", test_rows}, {"alike", test_alike},
        {"limits", test_limits})

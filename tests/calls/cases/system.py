"""Threads, objects and handles, memory and pool, thread-local storage, configuration, modules, ends of the title."""
from .form import *

CASES = []
WDK = "WDK: "
CANARY = "xenia-canary kernel/xboxkrnl/xboxkrnl_threading.cc: "
MEMORY = "xenia-canary kernel/xboxkrnl/xboxkrnl_memory.cc: "
OB = "xenia-canary kernel/xboxkrnl/xboxkrnl_ob.cc: "
H = "00000000"
ME = call("ObReferenceObjectByHandle", CURRENT_THREAD, 0, "&me", is_=0)


def c(name, source, *steps, **rest):
    case(CASES, name, source, *steps, **rest)


# --- threads --------------------------------------------------------------------------------------------------------------
c("ExCreateThread", CANARY + "ExCreateThread: handle and id; KTHREAD+14C is the id", call("ExCreateThread", "&t", "0x4000", "&id", 0, "@run", "script:a", 0, is_=0), join("t"), mem={"t": H, "id": H, "object": H, "x": H},
  threads={"a": [call("ObReferenceObjectByHandle", CURRENT_THREAD, 0, "&object", is_=0), load("*object+0x14c", is_="*id"), call("GetCurrentThreadId", is_="*id")]})
c("ExCreateThread suspended", CANARY + "flag 1: the thread waits for NtResumeThread", call("ExCreateThread", "&t", "0x4000", 0, 0, "@run", "script:a", 1, is_=0), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0, mark="main"),
  call("NtResumeThread", "*t", "&count", is_=0), join("t"), mem={"t": H, "ms1": ms(1), "count": "ffffffff", "x": H}, threads={"a": [store("&x", 1, mark="a")]}, order=["main", "a"], after={"count": "00000001"})
c("ExCreateThread through a start routine", CANARY + "a XAPI start routine gets the entry and the context", call("ExCreateThread", "&t", "0x4000", 0, "@second", 0, "script:a", 0, is_=0), join("t"), mem={"t": H, "x": H}, threads={"a": [store("&x", 1, mark="a")]}, order=["a"])
c("ExCreateThread gives an object", CANARY + "flag 80: a pointer to the KTHREAD instead of a handle", call("ExCreateThread", "&t", "0x4000", 0, 0, "@run", "script:a", "0x80", is_=0), call("KeWaitForSingleObject", "*t", 0, 0, 0, 0, is_=0),
  load("*t", size=1, is_=6), call("ObDereferenceObject", "*t"), mem={"t": H, "x": H}, threads={"a": [store("&x", 1, mark="a")]}, order=["a"])
c("a thread's object goes with the last pointer", WDK + "ObDereferenceObject: an object without references and handles is deleted", call("ExCreateThread", "&t", "0x4000", "&id", 0, "@run", "script:a", "0x80", is_=0),
  call("KeWaitForSingleObject", "*t", 0, 0, 0, 0, is_=0), call("ObReferenceObject", "*t"), call("ObDereferenceObject", "*t"), call("ObLookupThreadByThreadId", "*id", "&p", is_=0), call("ObDereferenceObject", "*p"), call("ObDereferenceObject", "*t"),
  call("ObLookupThreadByThreadId", "*id", "&q", is_=INVALID_PARAMETER), mem={"t": H, "id": H, "p": H, "q": "ffffffff", "x": H}, threads={"a": [store("&x", 1)]}, after={"q": H})
for cpu in range(6):
    c(f"ExCreateThread on hardware thread {cpu}", CANARY + "flags 31-24 are a mask of hardware threads; KPRCB+C is the number, KTHREAD+BF too", call("ExCreateThread", "&t", "0x4000", 0, 0, "@run", "script:a", CPU[cpu], is_=0), join("t"), mem={"t": H, "me": H},
      threads={"a": [ME, load("*me+0xbf", size=1, is_=cpu)]})
c("a thread's exit code", WDK + "KTHREAD: exit status; ExTerminateThread", thread("t", "a"), call("ObReferenceObjectByHandle", "*t", 0, "&object", is_=0), join("t"), load("*object+0x140", is_=77), mem={"t": H, "object": H},
  threads={"a": [call("ExTerminateThread", 77, never=True)]})
c("a thread is signalled at its end, and stays", WDK + "KeWaitForSingleObject: a thread object", thread("t", "a"), call("NtWaitForSingleObjectEx", "*t", 1, 0, "&now", is_=TIMEOUT), join("t"), call("NtWaitForSingleObjectEx", "*t", 1, 0, "&now", is_=0),
  call("NtWaitForSingleObjectEx", "*t", 1, 0, "&now", is_=0), mem={"t": H, "now": "zero:8", "ms1": ms(1)}, threads={"a": [call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0)]})
c("NtSuspendThread NtResumeThread", WDK + "NtSuspendThread: previous counts", call("ExCreateThread", "&t", "0x4000", 0, 0, "@run", "script:a", 1, is_=0), call("NtSuspendThread", "*t", "&c0", is_=0), call("NtResumeThread", "*t", "&c1", is_=0),
  call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0, mark="main"), call("NtResumeThread", "*t", "&c2", is_=0), join("t"), mem={"t": H, "x": H, "ms1": ms(1), "c0": H, "c1": H, "c2": H},
  threads={"a": [store("&x", 1, mark="a")]}, order=["main", "a"], after={"c0": "00000001", "c1": "00000002", "c2": "00000001"})
c("KeSuspendThread KeResumeThread", WDK + "KeSuspendThread: the previous count", call("ExCreateThread", "&t", "0x4000", 0, 0, "@run", "script:a", "0x81", is_=0), call("KeSuspendThread", "*t", is_=1), call("KeResumeThread", "*t", is_=2), call("KeResumeThread", "*t", is_=1),
  call("KeWaitForSingleObject", "*t", 0, 0, 0, 0, is_=0), mem={"t": H, "x": H}, threads={"a": [store("&x", 1, mark="a")]}, order=["a"])
c("a suspended thread that is signalled", WDK + "NtSuspendThread: a wait may end while the thread is suspended; it goes on once it is resumed", call("NtCreateEvent", "&h", 0, 0, 0, is_=0), thread("t", "a"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0),
  call("NtSuspendThread", "*t", 0, is_=0), call("NtSetEvent", "*h", 0, is_=0), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0, mark="main"), call("NtResumeThread", "*t", 0, is_=0), join("t"), mem={"t": H, "h": H, "ms1": ms(1)},
  threads={"a": [call("NtWaitForSingleObjectEx", "*h", 1, 0, 0, is_=0, mark="a")]}, order=["main", "a"])
c("KeSetBasePriorityThread", WDK + "KeSetBasePriorityThread, KeQueryBasePriorityThread: increments; the previous one", ME, call("KeQueryBasePriorityThread", "*me", is_=0), call("KeSetBasePriorityThread", "*me", 2, is_=0), call("KeQueryBasePriorityThread", "*me", is_=2),
  call("KeSetBasePriorityThread", "*me", -1, is_=2), call("KeQueryBasePriorityThread", "*me", is_=0xFFFFFFFF), mem={"me": H})
c("KeSetPriorityThread", WDK + "KeSetPriorityThread: the previous priority", ME, call("KeSetPriorityThread", "*me", 18), call("KeSetPriorityThread", "*me", 11, is_=18), call("KeSetPriorityThread", "*me", 11, is_=11), mem={"me": H})
c("a higher priority runs first", WDK + "thread priorities: of those that are ready the highest runs", ME, call("KeSetBasePriorityThread", "*me", 5), call("ExCreateThread", "&t", "0x4000", 0, 0, "@run", "script:a", "0x1000080", is_=0),
  call("ExCreateThread", "&u", "0x4000", 0, 0, "@run", "script:b", "0x1000080", is_=0), call("KeSetBasePriorityThread", "*u", 3, is_=0, mark="main"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), mem={"me": H, "t": H, "u": H, "x": H, "ms1": ms(1)},
  threads={"a": [store("&x", 1, mark="a")], "b": [store("&x", 1, mark="b")]}, order=["main", "b", "a"])
c("a thread of a higher priority preempts", WDK + "thread priorities: one that becomes ready preempts at once", ME, call("KeInitializeEvent", "&e", 0, 0), call("ExCreateThread", "&t", "0x4000", 0, 0, "@run", "script:a", "0x1000080", is_=0), call("KeSetBasePriorityThread", "*t", 4, is_=0),
  call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0, mark="main"), call("KeSetEvent", "&e", 0, 0, is_=0), spin(100000), store("&x", 1, mark="main"), mem={"me": H, "t": H, "x": H, "e": "zero:16", "ms1": ms(1)},
  threads={"a": [call("KeWaitForSingleObject", "&e", 0, 0, 0, 0, is_=0), store("&x", 2, mark="a")]}, order=["main", "a", "main"])
c("a priority that a thread has already", "ReactOS ke/thrdschd.c KiSetPriorityThread: nothing is done if the priority is the same, so that a ready thread keeps its place", ME, call("KeSetBasePriorityThread", "*me", 5),
  call("ExCreateThread", "&t", "0x4000", 0, 0, "@run", "script:a", "0x1000080", is_=0), call("ExCreateThread", "&u", "0x4000", 0, 0, "@run", "script:b", "0x1000080", is_=0), call("KeSetBasePriorityThread", "*t", 0, is_=0),
  call("KeSetPriorityThread", "*t", 8, is_=8, mark="main"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), mem={"me": H, "t": H, "u": H, "x": H, "ms1": ms(1)},
  threads={"a": [store("&x", 1, mark="a")], "b": [store("&x", 2, mark="b")]}, order=["main", "a", "b"])
c("a thread that yields by quantum", WDK + "quantum: a thread that computes gives way to its equals after its quantum (20 ms here)", thread("t", "a"), spin(30000000), store("&x", 1, mark="main"), mem={"t": H, "x": H}, threads={"a": [store("&x", 2, mark="a")]}, order=["a", "main"])
c("a thread within its quantum", WDK + "quantum: no equal runs before it is over", thread("t", "a"), spin(10000000), store("&x", 1, mark="main"), join("t"), mem={"t": H, "x": H}, threads={"a": [store("&x", 2, mark="a")]}, order=["main", "a"])
c("KeSetAffinityThread", CANARY + "KeSetAffinityThread: the previous mask at the pointer; no mask is an error", ME, call("KeSetAffinityThread", "*me", 4, "&old", is_=0), load("*me+0xbf", size=1, is_=2), call("KeSetAffinityThread", "*me", 1, "&old2", is_=0), load("*me+0xbf", size=1, is_=0),
  call("KeSetAffinityThread", "*me", 0, 0, is_=INVALID_PARAMETER), mem={"me": H, "old": H, "old2": H}, after={"old": "00000001", "old2": "00000004"})
c("KeSetDisableBoostThread", CANARY + "KTHREAD+BB; the previous value", ME, call("KeSetDisableBoostThread", "*me", 1, is_=0), call("KeSetDisableBoostThread", "*me", 0, is_=1), call("KeSetDisableBoostThread", "*me", 0, is_=0), mem={"me": H})
c("KeGetCurrentProcessType", CANARY + "1: the title", call("KeGetCurrentProcessType", is_=1), call("KeSetCurrentProcessType", 2), call("KeGetCurrentProcessType"))
c("KeTlsAlloc", "Win32: TlsAlloc, TlsSetValue, TlsGetValue, TlsFree; " + CANARY + "a new slot is 0", call("KeTlsAlloc", between=[0, 63]), call("KeTlsSetValue", 0, 42, is_=1), call("KeTlsGetValue", 0, is_=42), thread("t", "a"), join("t"), call("KeTlsGetValue", 0, is_=42),
  call("KeTlsFree", 0, is_=1), call("KeTlsFree", -1, is_=0), mem={"t": H}, threads={"a": [call("KeTlsGetValue", 0, is_=0), call("KeTlsSetValue", 0, 7, is_=1), call("KeTlsGetValue", 0, is_=7)]})
c("KeTlsAlloc gives each slot once", "Win32: TlsAlloc; " + CANARY + "the lowest that is free", call("KeTlsAlloc", keep="&a"), call("KeTlsAlloc", not_="*a", keep="&b"), call("KeTlsSetValue", "*a", 5, is_=1), call("KeTlsGetValue", "*b", is_=0), call("KeTlsFree", "*a", is_=1), call("KeTlsAlloc", is_="*a"), mem={"a": H, "b": H})
c("RtlGetStackLimits", "xenia-canary xboxkrnl_rtl.cc: the end below, the base above", call("RtlGetStackLimits", "&low", "&high"), ME, load("*me+0x5c", is_="*high"), load("*me+0x60", is_="*low"), mem={"low": H, "high": H, "me": H})
c("MmCreateKernelStack", MEMORY + "the top of a stack, in pages; MmDeleteKernelStack", call("MmCreateKernelStack", "0x4000", 0, not_=0), mem={"x": H})
c("KeEnableFpuExceptions", CANARY + "KTHREAD+71", call("KeEnableFpuExceptions", 1), call("KeEnableFpuExceptions", 0))
c("Sleep", "Win32: Sleep, SleepEx: milliseconds; SleepEx gives 0 or WAIT_IO_COMPLETION", call("Sleep", 3, took=[3000000, 3060000]), call("SleepEx", 2, 0, is_=0, took=[2000000, 2060000]), call("NtQueueApcThread", CURRENT_THREAD, "@run", "script:a", 0, 0, is_=0),
  call("SleepEx", 100, 1, is_=USER_APC, took=[0, 60000]), call("NtQueueApcThread", CURRENT_THREAD, "@run", "script:a", 0, 0, is_=0), call("SleepEx", 0, 1, is_=USER_APC), mem={"x": H}, threads={"a": [store("&x", 1, times=2)]})
c("RtlSleep", "xenia-canary xam_info.cc: milliseconds, alertable", call("RtlSleep", 2, 0, took=[2000000, 2060000]))
c("WaitForSingleObject", "Win32: WAIT_OBJECT_0, WAIT_TIMEOUT", call("NtCreateEvent", "&h", 0, 1, 1, is_=0), call("WaitForSingleObject", "*h", 5, is_=0), call("WaitForSingleObject", "*h", 5, is_=TIMEOUT, took=[5000000, 5060000]), call("WaitForSingleObjectEx", "*h", 0, 0, is_=TIMEOUT),
  call("CloseHandle", "*h", is_=1), call("CloseHandle", "*h", is_=0), mem={"h": H})
c("CreateThread", "Win32: CreateThread gives a handle and an id; ResumeThread gives the previous count, ExitThread ends", call("CreateThread", 0, 0, "@run", "script:a", 4, "&id", not_=0), mem={"id": H, "x": H}, threads={"a": [store("&x", 1, never=True)]}, end="wedge")
c("CreateThread runs", "Win32: CreateThread", call("CreateThread", 0, 0, "@run", "script:a", 0, "&id", not_=0), call("Sleep", 1), load("&x", is_=1), load("&id", not_=0), mem={"id": H, "x": H}, threads={"a": [store("&x", 1), call("ExitThread", 3, never=True)]})
c("XapipCreateThread", "xenia-canary xam_info.cc: as CreateThread, with a hardware thread", call("XapipCreateThread", 0, 0, "@run", "script:a", 0, 2, "&id", not_=0), call("Sleep", 1), load("&x", is_=1), mem={"id": H, "x": H}, threads={"a": [store("&x", 1)]})
c("ResumeThread", "Win32: ResumeThread", thread("t", "a", flags=1), call("ResumeThread", "*t", is_=1), join("t"), call("ResumeThread", "0xf8000ffc", is_=0xFFFFFFFF), mem={"t": H, "x": H}, threads={"a": [store("&x", 1)]})
c("XapiFormatTimeOut", "xenia-canary xam_info.cc: milliseconds as a relative time; INFINITE is no time", call("XapiFormatTimeOut", "&t", 5, is_="&t"), call("XapiFormatTimeOut", "&u", -1, is_=0), mem={"t": "zero:8", "u": "zero:8"}, after={"t": h64(-50000)})
c("KeSetCurrentStackPointers", CANARY + "r1; KTHREAD+D0 allocation, +5C base, +60 limit; RtlGetStackLimits", ME, load("*me+0x5c", keep="&base"), load("*me+0x60", keep="&limit"), call("KeSetCurrentStackPointers", "stack", "*me", "0x11110000", "0x11112000", "0x11111000"),
  load("*me+0xd0", is_=0x11110000), load("*me+0x5c", is_=0x11112000), load("*me+0x60", is_=0x11111000), call("RtlGetStackLimits", "&l", "&b"), call("KeSetCurrentStackPointers", "stack", "*me", "*limit", "*base", "*limit"), mem={"me": H, "base": H, "limit": H, "l": H, "b": H}, after={"l": "11111000", "b": "11112000"})
c("RtlCaptureContext", WDK + "RtlCaptureContext", call("RtlCaptureContext", "&ctx"), mem={"ctx": "zero:2048"})
c("RtlCaptureStackBackTrace", WDK + "RtlCaptureStackBackTrace: how many frames", call("RtlCaptureStackBackTrace", 0, 4, "&frames", "&hash", between=[1, 4]), load("&frames", not_=0), mem={"frames": "zero:16", "hash": H})
c("KiApcNormalRoutineNop", CANARY + "a routine that does nothing", call("NtQueueApcThread", CURRENT_THREAD, "fn:KiApcNormalRoutineNop", 0, 0, 0, is_=0), call("SleepEx", 1, 1, is_=USER_APC))

# --- objects and handles ----------------------------------------------------------------------------------------------------
EVENT = call("NtCreateEvent", "&h", 0, 0, 1, is_=0)
c("NtDuplicateObject", OB + "another handle to the object; option 1 closes the source", EVENT, call("NtDuplicateObject", "*h", "&g", 0, is_=0), call("NtClose", "*h", is_=0), call("NtWaitForSingleObjectEx", "*g", 1, 0, "&now", is_=0), call("NtDuplicateObject", "*g", "&i", 1, is_=0),
  call("NtClose", "*g", is_=INVALID_HANDLE), call("NtClose", "*i", is_=0), call("NtDuplicateObject", "*i", "&g", 0, is_=INVALID_HANDLE), mem={"h": H, "g": H, "i": H, "now": "zero:8"})
c("ObReferenceObjectByHandle", OB + "the object's address; the type must fit", EVENT, call("ObReferenceObjectByHandle", "*h", "var:ExEventObjectType", "&o", is_=0), call("KeSetEvent", "*o", 0, 0, is_=1), call("ObReferenceObjectByHandle", "*h", "var:ExSemaphoreObjectType", "&p", is_=TYPE_MISMATCH),
  call("ObReferenceObjectByHandle", "0xf8000ffc", 0, "&p", is_=INVALID_HANDLE), call("ObReferenceObject", "*o"), call("ObDereferenceObject", "*o"), call("NtClose", "*h", is_=0), call("KeResetEvent", "*o", is_=1), call("ObDereferenceObject", "*o"), mem={"h": H, "o": H, "p": "ffffffff"}, after={"p": H})
c("ObOpenObjectByPointer", OB + "a handle to an object in memory", EVENT, call("ObReferenceObjectByHandle", "*h", 0, "&o", is_=0), call("ObOpenObjectByPointer", "*o", 0, "&g", is_=0), call("NtClose", "*h", is_=0), call("NtWaitForSingleObjectEx", "*g", 1, 0, "&now", is_=0), mem={"h": H, "o": H, "g": H, "now": "zero:8"})
c("ObOpenObjectByName", OB + "by attributes; STATUS_OBJECT_NAME_NOT_FOUND", call("NtCreateEvent", "&h", "&a", 0, 1, is_=0), call("ObOpenObjectByName", "&a", "var:ExEventObjectType", 0, "&g", is_=0), call("NtWaitForSingleObjectEx", "*g", 1, 0, "&now", is_=0),
  call("ObOpenObjectByName", "&b", "var:ExEventObjectType", 0, "&g", is_=0xC0000034), mem={"h": H, "g": H, "now": "zero:8", **attributes("a", "one"), **attributes("b", "two")})
c("ObReferenceObjectByName", OB + "by a string", call("NtCreateSemaphore", "&h", "&a", 1, 2, is_=0), call("ObReferenceObjectByName", "&a_name", 0, 0, 0, "&o", is_=0), call("KeReleaseSemaphore", "*o", 0, 1, 0, is_=1), call("ObReferenceObjectByName", "&b_name", 0, 0, 0, "&o", is_=0xC0000034),
  mem={"h": H, "o": H, **attributes("a", "one"), **attributes("b", "two")})
c("a name goes with its last handle", WDK + "object names: a temporary object is gone with its last handle", call("NtCreateEvent", "&h", "&a", 0, 1, is_=0), call("NtClose", "*h", is_=0), call("NtCreateEvent", "&h", "&a", 0, 0, is_=0), mem={"h": H, **attributes("a", "one")})
for name in ("ObLookupThreadByThreadId", "ObLookupAnyThreadByThreadId"):
    c(name, OB + name, call(name, 1, "&o", is_=0), load("*o", size=1, is_=6), call("GetCurrentThreadId", between=[1, 100]), call(name, "0x12345", "&p", is_=INVALID_PARAMETER), mem={"me": H, "o": H, "p": H})
c("ObCreateObject", OB + "memory behind an object header", call("ObCreateObject", "var:ExEventObjectType", 0, 64, "&o", is_=0), store("*o+60", 7), load("*o+60", is_=7), call("ObDereferenceObject", "*o"), mem={"o": H})
c("ObCreateSymbolicLink", OB + "a link is a prefix of paths; \\??\\ is taken off", call("ObCreateSymbolicLink", "&link", "&target", is_=0), call("NtQueryFullAttributesFile", "&path", "&info", is_=0), call("ObDeleteSymbolicLink", "&link", is_=0), call("NtQueryFullAttributesFile", "&path", "&info", not_=0),
  mem={"info": "zero:56", **ansi("link", "\\??\\mine:"), **ansi("target", "cache:"), **attributes("path", "mine:\\fox.txt")}, after={"info+40": h64(45)})
c("NtOpenSymbolicLinkObject", WDK + "NtQuerySymbolicLinkObject: the target", call("ObCreateSymbolicLink", "&link", "&target", is_=0), call("NtOpenSymbolicLinkObject", "&h", "&a", is_=0), call("NtQuerySymbolicLinkObject", "*h", "&s", is_=0), call("NtOpenSymbolicLinkObject", "&h", "&b", is_=0xC0000034),
  mem={"h": H, "s": "0000 0040 &s_text", "s_text": "zero:64", **ansi("link", "mine:"), **ansi("target", "\\Device\\Elsewhere"), **attributes("a", "mine:"), **attributes("b", "other:")}, after={"s": "0011", "s_text": "'\\Device\\Elsewhere'"})
c("IoCreateDevice", "xenia-canary xboxkrnl_io.cc: a device object with an extension", call("IoCreateDevice", 0, 64, 0, 1, 0, "&d", is_=0), load("&d", not_=0), call("IoDeleteDevice", "*d"), mem={"d": H})

# --- memory -----------------------------------------------------------------------------------------------------------------------
ALLOC = call("NtAllocateVirtualMemory", "&base", "&size", "0x3000", 4, 0, is_=0)
c("NtAllocateVirtualMemory", WDK + "ZwAllocateVirtualMemory: the size in whole pages (the reference rounds to 64 KiB); memory is zero", ALLOC, load("*base+0x1ffc", is_=0), store("*base+0x1ffc", 7), load("*base+0x1ffc", is_=7),
  mem={"base": H, "size": "00001001"}, after={"size": "00002000"})
for label, base, size, type_, status in (("no size", H, H, "0x3000", INVALID_PARAMETER), ("no type", H, "00001000", 0, INVALID_PARAMETER), ("reset and commit", H, "00001000", "0x81000", INVALID_PARAMETER), ("too much", H, "7fff0000", "0x3000", 0xC0000017)):
    c(f"NtAllocateVirtualMemory {label}", MEMORY + "NtAllocateVirtualMemory", call("NtAllocateVirtualMemory", "&base", "&size", type_, 4, 0, is_=status), mem={"base": base, "size": size})
c("NtAllocateVirtualMemory large pages", MEMORY + "MEM_LARGE_PAGES: from 40000000, 64 KiB pages", call("NtAllocateVirtualMemory", "&base", "&size", "0x20003000", 4, 0, is_=0), load("&base", between=["0x40000000", "0x7effffff"]), mem={"base": H, "size": "00000001"}, after={"size": "00010000"})
c("NtAllocateVirtualMemory of a place that is taken", WDK + "STATUS_CONFLICTING_ADDRESSES", ALLOC, call("NtAllocateVirtualMemory", "&base", "&size", "0x2000", 4, 0, is_=0xC0000018), mem={"base": H, "size": "00010000"})
c("NtAllocateVirtualMemory top down", WDK + "MEM_TOP_DOWN: the highest place", call("NtAllocateVirtualMemory", "&base", "&size", "0x103000", 4, 0, is_=0), ALLOC.__class__(ALLOC, args=["&low", "&size", "0x3000", 4, 0]), load("&low", between=["0x10000", "0x1fffffff"]), load("&base", between=["0x20000000", "0x2fffffff"]), mem={"base": H, "low": H, "size": "00010000"})
c("NtAllocateVirtualMemory reserve, then commit", WDK + "MEM_RESERVE, MEM_COMMIT", call("NtAllocateVirtualMemory", "&base", "&size", "0x2000", 4, 0, is_=0), call("MmIsAddressValid", "*base", is_=0), call("NtAllocateVirtualMemory", "&base", "&page", "0x1000", 4, 0, is_=0),
  call("MmIsAddressValid", "*base", is_=1), store("*base", 5), load("*base", is_=5), call("MmIsAddressValid", "*base+0x2000", is_=0), mem={"base": H, "size": "00020000", "page": "00001000"}, after={"size": "00020000", "page": "00001000"})
c("NtFreeVirtualMemory", MEMORY + "MEM_RELEASE frees the region and tells its size; no address is STATUS_MEMORY_NOT_ALLOCATED", ALLOC, call("NtFreeVirtualMemory", "&base", "&none", "0x8000", 0, is_=0), call("MmIsAddressValid", "*base", is_=0), call("NtFreeVirtualMemory", "&null", "&none2", "0x8000", 0, is_=0xC00000A0),
  mem={"base": H, "size": "00010000", "none": H, "null": H, "none2": H}, after={"none": "00010000"})
c("NtFreeVirtualMemory decommits", WDK + "MEM_DECOMMIT: pages are gone, the region stays", ALLOC, store("*base", 5), call("NtFreeVirtualMemory", "&base", "&page", "0x4000", 0, is_=0), call("MmIsAddressValid", "*base", is_=0), call("MmIsAddressValid", "*base+0x1000", is_=1),
  call("NtAllocateVirtualMemory", "&base", "&page", "0x1000", 4, 0, is_=0), load("*base", is_=0), mem={"base": H, "size": "00010000", "page": "00001000"})
c("NtQueryVirtualMemory", WDK + "MEMORY_BASIC_INFORMATION", ALLOC, call("NtProtectVirtualMemory", "&base", "&page", 2, "&old", 0, is_=0), call("NtQueryVirtualMemory", "*base", "&info", 0, is_=0), call("NtQueryVirtualMemory", "*base+0x1000", "&rest", 0, is_=0), call("NtQueryVirtualMemory", "*base", "&info", 3, is_=INVALID_PARAMETER),
  mem={"base": H, "size": "00010000", "page": "00001000", "old": H, "info": "zero:28", "rest": "zero:28"}, after={"old": "00000004", "info": "*base *base 00000004 00001000 00001000 00000002 00020000", "rest": "*base+0x1000 *base 00000004 0000f000 00001000 00000004 00020000"})
c("NtProtectVirtualMemory", MEMORY + "execute bits are STATUS_INVALID_PAGE_PROTECTION", ALLOC, call("NtProtectVirtualMemory", "&base", "&page", "0x40", "&old", 0, is_=0xC0000045), call("NtProtectVirtualMemory", "&base", "&none", 2, "&old", 0, is_=INVALID_PARAMETER), mem={"base": H, "size": "00010000", "page": "00001000", "none": H, "old": H})
PHYS = call("MmAllocatePhysicalMemoryEx", 0, "0x3000", 4, 0, "0xffffffff", 0, between=["0xe0000000", "0xffffffff"])
c("MmAllocatePhysicalMemoryEx", MEMORY + "the mirror follows the page size: 4 KiB E0000000, 64 KiB A0000000, 16 MiB C0000000", PHYS, call("MmAllocatePhysicalMemoryEx", 0, "0x3000", "0x20000004", 0, "0xffffffff", 0, between=["0xa0000000", "0xbfffffff"]),
  call("MmAllocatePhysicalMemoryEx", 0, "0x3000", "0x80000004", 0, "0xffffffff", 0, between=["0xc0000000", "0xdfffffff"]), call("MmAllocatePhysicalMemoryEx", 0, "0x3000", 1, 0, "0xffffffff", 0, is_=0), call("MmAllocatePhysicalMemory", 0, "0x1000", 4, between=["0xe0000000", "0xffffffff"]))
c("MmGetPhysicalAddress", MEMORY + "the mirrors of physical memory; that at E0000000 begins a page later", call("MmGetPhysicalAddress", "0xa0123456", is_=0x123456), call("MmGetPhysicalAddress", "0xc0123456", is_=0x123456), call("MmGetPhysicalAddress", "0xe0123456", is_=0x124456))
c("MmQueryAddressProtect", MEMORY + "MmSetAddressProtect", ALLOC, call("MmQueryAddressProtect", "*base", is_=4), call("MmSetAddressProtect", "*base", "0x1000", 2), call("MmQueryAddressProtect", "*base", is_=2), call("MmQueryAddressProtect", "*base+0x1000", is_=4), call("MmQueryAllocationSize", "*base", is_=0x10000),
  mem={"base": H, "size": "00010000"})
c("MmFreePhysicalMemory", MEMORY + "MmFreePhysicalMemory", call("MmAllocatePhysicalMemoryEx", 0, "0x10000", 4, "0x1000000", "0x100ffff", 0, not_=0), call("MmAllocatePhysicalMemoryEx", 0, "0x10000", 4, "0x1000000", "0x100ffff", 0, is_=0))
c("MmQueryStatistics", MEMORY + "the caller gives the size, 104; 512 MiB in pages", call("MmQueryStatistics", "&s", is_=0), call("MmQueryStatistics", "&bad", is_=0xC0000023), call("MmQueryStatistics", 0, is_=INVALID_PARAMETER), mem={"s": "00000068 zero:100", "bad": "00000060 zero:100"}, after={"s": "00000068 00020000", "s+100": "0001ffff"})
c("MmMapIoSpace", MEMORY + "gives the source address", call("MmMapIoSpace", 2, "0x7fea0000", "0x40", "0x404", is_=0x7FEA0000))
c("MmDeleteKernelStack", WDK + "MmDeleteKernelStack", call("MmDeleteKernelStack", 0, 0), mem={"x": H})
c("NtAllocateEncryptedMemory", MEMORY + "in 8C000000-8FFFFFFF, whole 64 KiB, at most 16 MiB", call("NtAllocateEncryptedMemory", 0, "0x1234", "&a", is_=0), load("&a", between=["0x8c000000", "0x8fffffff"]), store("*a+0xfffc", 3), load("*a+0xfffc", is_=3), call("NtAllocateEncryptedMemory", 0, 0, "&a", is_=INVALID_PARAMETER),
  call("NtAllocateEncryptedMemory", 0, "0x1000001", "&a", is_=INVALID_PARAMETER), mem={"a": H})
for name, args in (("ExAllocatePool", []), ("ExAllocatePoolWithTag", ["0x74736574"]), ("ExAllocatePoolTypeWithTag", ["0x74736574", 0])):
    c(name, WDK + name, call(name, 100, *args, not_=0), call(name, "0x20000", *args, not_=0))
c("ExFreePool", WDK + "ExFreePool: the memory may be had again", call("ExAllocatePool", 100, not_=0, keep="&p"), store("*p+96", 5), call("ExFreePool", "*p"), call("ExAllocatePool", 100, not_=0, keep="&q"), store("*q+96", 6), call("ExFreePool", "*q"), mem={"p": H, "q": H})
for alloc, free in (("DmAllocatePool", "DmFreePool"),):
    c(alloc, "xenia-canary xbdm: memory of the debug monitor", call(alloc, 100, not_=0), call(free, 0))
c("XamAlloc", "xenia-canary xam_info.cc: memory at the pointer", call("XamAlloc", "0x100000", 64, "&p", is_=0), store("*p+60", 5), load("*p+60", is_=5), call("XamFree", "*p", is_=0), call("XamAllocEx", 0, "0x100000", 64, "&q", 0, is_=0), store("*q+60", 5), mem={"p": H, "q": H})

# --- configuration, modules ----------------------------------------------------------------------------------------------------------
CONFIG = "xenia-canary kernel/xboxkrnl/xboxkrnl_xconfig.cc: "
for category, setting, size, value in ((2, 2, 4, 0x1000), (3, 9, 4, 1), (3, 0xA, 4, 0x40000), (3, 1, 4, 0), (3, 0xC, 4, 0)):
    c(f"ExGetXConfigSetting {category} {setting}", CONFIG + "value and size", call("ExGetXConfigSetting", category, setting, "&v", 8, "&n", is_=0), call("ExGetXConfigSetting", category, setting, "&v", 2, "&n", is_=0xC0000023), call("ExGetXConfigSetting", category, setting, 0, 0, "&m", is_=0),
      mem={"v": "ffffffff", "n": "ffff", "m": "ffff"}, after={"v": h32(value), "n": h16(size), "m": h16(size)})
c("ExGetXConfigSetting country", CONFIG + "one byte", call("ExGetXConfigSetting", 3, 0xE, "&v", 1, "&n", is_=0), mem={"v": "ffff", "n": "ffff"}, after={"v": "67ff", "n": "0001"})
c("ExGetXConfigSetting unknown", CONFIG + "STATUS_INVALID_PARAMETER_1 of a category, _2 of a setting, _3 of a size without a buffer", call("ExGetXConfigSetting", 9, 9, "&v", 4, "&n", is_=0xC00000EF), call("ExGetXConfigSetting", 3, 0x99, "&v", 4, "&n", is_=0xC00000F0),
  call("ExGetXConfigSetting", 3, 9, 0, 4, "&n", is_=0xC00000F1), mem={"v": H, "n": "0000"})
MODULES = "xenia-canary kernel/xboxkrnl/xboxkrnl_modules.cc: "
c("XexGetModuleHandle", MODULES + "by name; STATUS_ERROR_NOT_FOUND; without a name the title", call("XexGetModuleHandle", "&k", "&h", is_=0), load("&h", not_=0), call("XexGetModuleHandle", "&none", "&g", not_=0), call("XexGetModuleHandle", 0, "&title", is_=0), load("&title", not_=0),
  mem={"k": "'xboxkrnl.exe' 00", "none": "'nothing.xex' 00", "h": H, "g": H, "title": H})
c("XexGetProcedureAddress", MODULES + "by ordinal or by name", call("XexGetModuleHandle", "&k", "&h", is_=0), call("XexGetProcedureAddress", "*h", "0xe2", "&a", is_=0), load("&a", not_=0), call("XexGetProcedureAddress", "*h", "0xfff", "&b", not_=0), mem={"k": "'xboxkrnl.exe' 00", "h": H, "a": H, "b": "ffffffff"}, after={"b": H})
c("GetModuleHandleA", "Win32: GetModuleHandle", call("GetModuleHandleA", "&k", not_=0), call("GetModuleHandleA", "&none", is_=0), mem={"k": "'xam.xex' 00", "none": "'nothing.xex' 00"})
c("XexCheckExecutablePrivilege", MODULES + "a bit of the system flags", call("XexCheckExecutablePrivilege", 0, is_=0), call("XexCheckExecutablePrivilege", 10, is_=0))
c("XexPcToFileHeader", MODULES + "the module of an address", call("XexPcToFileHeader", "0x82010000", "&h", not_=0), load("&h", not_=0), call("XexPcToFileHeader", "0x30000000", "&g", is_=0), mem={"h": H, "g": "ffffffff"})
c("a module's names", "WDK: LDR_DATA_TABLE_ENTRY; UNICODE_STRING: bytes without the final NUL, bytes that there is room for; xenia-canary kernel/xmodule.h: +24, +2C", call("XexGetModuleHandle", 0, "&h", is_=0), load("*h+0x2c", size=2, is_=20), load("*h+0x2e", size=2, is_=22),
  load("*h+0x30", keep="&name"), load("*name", is_=0x00630061), load("*name+0x14", size=2, is_=0), load("*h+0x24", size=2, is_=32), load("*h+0x28", keep="&path"), load("*path", is_=0x00670061), mem={"h": H, "name": H, "path": H})
c("RtlImageXexHeaderField", "xenia-canary xboxkrnl_rtl.cc: a key that ends with 00 is a value, with 01 where its value lies, with others a block; none is 0", call("XexGetModuleHandle", 0, "&h", is_=0), load("*h+0x58", not_=0, keep="&x"), call("RtlImageXexHeaderField", "*x", "0x10100", between=["0x82010000", "0x8202ffff"]),
  call("RtlImageXexHeaderField", "*x", "0x40006", not_=0, keep="&info"), load("*info+12", is_=0x57454447), call("RtlImageXexHeaderField", "*x", "0x12300", is_=0), mem={"h": H, "x": H, "info": H})
c("RtlImageNtHeader", "PE format: the header that the DOS header's e_lfanew names", call("RtlImageNtHeader", "0x82000000", not_=0), call("RtlImageNtHeader", "&bad", is_=0), call("RtlImageDirectoryEntryToData", "0x82000000", 1, 9, "&n", is_=0), mem={"bad": "zero:128", "n": H})
c("XexLoadImage of nothing", MODULES + "STATUS_NO_SUCH_FILE", call("XexLoadImage", "&n", 0, 0, "&h", is_=0xC000000F), call("XexUnloadImage", 0, not_=0), mem={"n": "'game:\\nothing.dll' 00", "h": H})
c("XexLoadExecutable of nothing", MODULES + "STATUS_NO_SUCH_FILE, and no handle", call("XexLoadExecutable", "&n", 0, 0, "&h", is_=0xC000000F), after={"h": H}, mem={"n": "'game:\\nothing.xex' 00", "h": "ffffffff"})
c("XexLoadExecutable of what is loaded", MODULES + "as XexLoadImage: its handle", call("XexGetModuleHandle", "&n", "&g", is_=0), call("XexLoadExecutable", "&n", 0, 0, "&h", is_=0), load("&h", not_=0), mem={"n": "'xboxkrnl.exe' 00", "h": H, "g": H})
c("XexLoadImageFromMemory of a name that there is", MODULES + "STATUS_OBJECT_NAME_COLLISION, and no handle", call("XexLoadImageFromMemory", "&bytes", 64, "&n", 0, 0, "&h", is_=0xC0000035), after={"h": H}, mem={"n": "'xam.xex' 00", "bytes": "zero:64", "h": "ffffffff"})
c("XexLoadImageHeaders of nothing", MODULES + "STATUS_BUFFER_TOO_SMALL below 2 KiB; STATUS_NO_SUCH_FILE, STATUS_INVALID_IMAGE_FORMAT of another file", call("XexLoadImageHeaders", "&n", "&buffer", "0x7ff", is_=0xC0000023), call("XexLoadImageHeaders", "&n", "&buffer", "0x800", is_=0xC000000F),
  call("XexLoadImageHeaders", "&fox", "&buffer", "0x800", is_=0xC000007B), mem={**ansi("n", "game:\\nothing.xex"), **ansi("fox", "cache:\\fox.txt"), "buffer": "zero:2048"})
c("XexLoadImageFromMemory of nothing", MODULES + "an error", call("XexLoadImageFromMemory", "&bytes", 64, "&n", 0, 0, "&h", not_=0), mem={"n": "'x' 00", "bytes": "zero:64", "h": H})
c("XexGetModuleSection of nothing", MODULES + "an error", call("XexGetModuleHandle", 0, "&h", is_=0), call("XexGetModuleSection", "*h", "&n", "&at", "&size", not_=0), mem={"n": "'NOTHING' 00", "h": H, "at": H, "size": H})

# --- ends --------------------------------------------------------------------------------------------------------------------------------
c("HalReturnToFirmware", "the console restarts: the title is over", call("HalReturnToFirmware", 0, never=True))
c("XamLoaderTerminateTitle", "the title is over", call("XamLoaderTerminateTitle", never=True))
c("XamLoaderLaunchTitle", "another title would start: this one is over", call("XamLoaderLaunchTitle", "&n", 0, never=True), mem={"n": "'game:\\other.xex' 00"})
for name, args in (("KeBugCheck", [1]), ("KeBugCheckEx", [1, 2, 3, 4, 5])):
    c(name, WDK + name + " never returns", call(name, *args, never=True), end="exception")
c("RtlRaiseStatus", WDK + "RtlRaiseStatus: an exception that nobody handles ends the title", call("RtlRaiseStatus", "0xc0000005", never=True), end="exception")
c("RtlRaiseException", WDK + "RtlRaiseException", call("RtlRaiseException", "&r", never=True), mem={"r": "e0000001 00000001 zero:72"}, end="exception")

"""What calls refuse: no handle and one of another kind, arguments beyond their range, memory and files that are not there; and that what is
refused has changed nothing."""
from .form import *
from .files import FILE, IO2, NEW, SYNC, TEXT, open_, read, write

CASES = []
WDK = "WDK: "
NTSTATUS = "WDK ntstatus.h: "
MEMORY = "xenia-canary kernel/xboxkrnl/xboxkrnl_memory.cc: "
IO = "xenia-canary kernel/xboxkrnl/xboxkrnl_io.cc: "
MODULES = "xenia-canary kernel/xboxkrnl/xboxkrnl_modules.cc: "
H = "00000000"
NONE = "0xf8000ffc"  # no handle
UNSUCCESSFUL, INFO_LENGTH, INVALID_INFO_CLASS = 0xC0000001, 0xC0000004, 0xC0000003
NO_SUCH_FILE, CONFLICTING, UNABLE_TO_FREE, ACCESS_DENIED, BUFFER_TOO_SMALL = 0xC000000F, 0xC0000018, 0xC000001A, 0xC0000022, 0xC0000023
NOT_COMMITTED, PAGE_PROTECTION, NOT_ALLOCATED, NOT_EMPTY = 0xC000002D, 0xC0000045, 0xC00000A0, 0xC0000101


def c(name, source, *steps, **rest):
    case(CASES, name, source, *steps, **rest)


# --- handles --------------------------------------------------------------------------------------------------------------
EVENT, MUTANT = call("NtCreateEvent", "&h", 0, 1, 0, is_=0), call("NtCreateMutant", "&h", 0, 0, is_=0)
for name, args, other in (("NtSetEvent", [0], MUTANT), ("NtClearEvent", [], MUTANT), ("NtPulseEvent", [0], MUTANT), ("NtQueryEvent", ["&x"], MUTANT), ("NtReleaseSemaphore", [1, 0], MUTANT),
                          ("NtReleaseMutant", [0], EVENT), ("NtSetTimerEx", ["&x", 0, 1, 0, 0, 0, 0], EVENT), ("NtCancelTimer", [0], EVENT), ("NtSetIoCompletion", [1, 2, 0, 0], EVENT),
                          ("NtRemoveIoCompletion", ["&x", "&x", "&x", "&now"], EVENT), ("NtResumeThread", [0], EVENT), ("NtSuspendThread", [0], EVENT), ("NtQueueApcThread", ["@run", "script:a", 0, 0], EVENT)):
    c(f"{name} of no handle, of another kind", NTSTATUS + "STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH", other, call(name, NONE, *args, is_=INVALID_HANDLE), call(name, "*h", *args, is_=TYPE_MISMATCH),
      call("NtWaitForSingleObjectEx", "*h", 1, 0, "&now", is_=0 if other is MUTANT else TIMEOUT), mem={"h": H, "x": "zero:16", "now": "zero:8"}, threads={"a": [store("&x", 1, times=0)]})
c("waits for no handle", NTSTATUS + "STATUS_INVALID_HANDLE, whichever of them it is", EVENT, call("NtWaitForSingleObjectEx", NONE, 1, 0, "&now", is_=INVALID_HANDLE), store("&both", "*h"), call("NtWaitForMultipleObjectsEx", 2, "&both", 1, 1, 0, "&now", is_=INVALID_HANDLE),
  call("NtSignalAndWaitForSingleObjectEx", NONE, "*h", 1, 0, "&now", is_=INVALID_HANDLE), call("NtSignalAndWaitForSingleObjectEx", "*h", NONE, 1, 0, "&now", is_=INVALID_HANDLE), call("NtWaitForSingleObjectEx", "*h", 1, 0, "&now", is_=TIMEOUT),
  mem={"h": H, "now": "zero:8", "both": "00000000 f8000ffc"})
c("a wait for more than 64 objects", WDK + "KeWaitForMultipleObjects: MAXIMUM_WAIT_OBJECTS (64)", EVENT, *[store(f"&many+{4 * i}", "*h") for i in range(64)], call("NtSetEvent", "*h", 0, is_=0), call("NtWaitForMultipleObjectsEx", 65, "&many", 1, 1, 0, "&now", is_=INVALID_PARAMETER),
  call("NtWaitForMultipleObjectsEx", 0, "&many", 1, 1, 0, "&now", is_=INVALID_PARAMETER), call("NtWaitForMultipleObjectsEx", 64, "&many", 1, 1, 0, "&now", is_=0), call("NtWaitForSingleObjectEx", "*h", 1, 0, "&now", is_=TIMEOUT),
  mem={"h": H, "now": "zero:8", "many": "zero:260"})
c("NtClose twice", NTSTATUS + "STATUS_INVALID_HANDLE", EVENT, call("NtClose", "*h", is_=0), call("NtClose", "*h", is_=INVALID_HANDLE), call("NtSetEvent", "*h", 0, is_=INVALID_HANDLE), call("NtDuplicateObject", "*h", "&g", 0, is_=INVALID_HANDLE), mem={"h": H, "g": H})
c("NtDuplicateObject with and without the source", WDK + "DUPLICATE_CLOSE_SOURCE (1)", EVENT, call("NtDuplicateObject", "*h", "&g", 0, is_=0), call("NtSetEvent", "*h", 0, is_=0), call("NtWaitForSingleObjectEx", "*g", 1, 0, "&now", is_=0), call("NtDuplicateObject", "*g", "&f", 1, is_=0),
  call("NtSetEvent", "*g", 0, is_=INVALID_HANDLE), call("NtSetEvent", "*f", 0, is_=0), call("NtWaitForSingleObjectEx", "*h", 1, 0, "&now", is_=0), mem={"h": H, "g": H, "f": H, "now": "zero:8"})

# --- counts ---------------------------------------------------------------------------------------------------------------
for count, limit, status in ((0, 0, INVALID_PARAMETER), (0, -1, INVALID_PARAMETER), (-1, 1, INVALID_PARAMETER), (2, 1, INVALID_PARAMETER), (1, 1, 0), (0, 1, 0), (0, "0x7fffffff", 0)):
    c(f"NtCreateSemaphore {count} of {limit}", WDK + "CreateSemaphore: 0 <= count <= limit, limit > 0", call("NtCreateSemaphore", "&h", 0, count, limit, is_=status), mem={"h": H})
c("NtReleaseSemaphore by what it cannot take", WDK + "ReleaseSemaphore: a count above zero; beyond the limit nothing is changed and no count is given", call("NtCreateSemaphore", "&h", 0, 1, 3, is_=0), call("NtReleaseSemaphore", "*h", 0, "&old", is_=INVALID_PARAMETER),
  call("NtReleaseSemaphore", "*h", -1, "&old", is_=INVALID_PARAMETER), call("NtReleaseSemaphore", "*h", 3, "&old", is_=SEMAPHORE_LIMIT), load("&old", is_=0x77), call("NtReleaseSemaphore", "*h", 2, "&old", is_=0), load("&old", is_=1),
  call("NtReleaseSemaphore", "*h", 1, "&old", is_=SEMAPHORE_LIMIT), *[call("NtWaitForSingleObjectEx", "*h", 1, 0, "&now", is_=0) for _ in range(3)], call("NtWaitForSingleObjectEx", "*h", 1, 0, "&now", is_=TIMEOUT), mem={"h": H, "old": "00000077", "now": "zero:8"})
c("NtSignalAndWaitForSingleObjectEx of a full semaphore", WDK + "SignalObjectAndWait: ERROR_TOO_MANY_POSTS, without waiting", call("NtCreateSemaphore", "&h", 0, 1, 1, is_=0), call("NtCreateEvent", "&e", 0, 1, 1, is_=0), call("NtSignalAndWaitForSingleObjectEx", "*h", "*e", 1, 0, "&now", is_=SEMAPHORE_LIMIT),
  call("NtWaitForSingleObjectEx", "*e", 1, 0, "&now", is_=0), call("NtWaitForSingleObjectEx", "*h", 1, 0, "&now", is_=0), call("NtSignalAndWaitForSingleObjectEx", "*h", "*e", 1, 0, "&now", is_=TIMEOUT), call("NtWaitForSingleObjectEx", "*h", 1, 0, "&now", is_=0), mem={"h": H, "e": H, "now": "zero:8"})
c("NtSignalAndWaitForSingleObjectEx of what cannot be signalled", WDK + "SignalObjectAndWait: events, semaphores and mutants that the thread owns", thread("t", "a"), join("t"), call("NtCreateEvent", "&e", 0, 1, 1, is_=0), call("NtSignalAndWaitForSingleObjectEx", "*t", "*e", 1, 0, "&now", is_=TYPE_MISMATCH),
  call("NtCreateMutant", "&m", 0, 0, is_=0), call("NtSignalAndWaitForSingleObjectEx", "*m", "*e", 1, 0, "&now", is_=MUTANT_NOT_OWNED), call("NtWaitForSingleObjectEx", "*e", 1, 0, "&now", is_=0), mem={"t": H, "e": H, "m": H, "x": H, "now": "zero:8"}, threads={"a": [store("&x", 1)]})
c("NtReleaseMutant of another's, as often as it was taken", WDK + "ReleaseMutex: the owner alone; each wait of the owner counts", call("NtCreateMutant", "&h", 0, 1, is_=0), call("NtWaitForSingleObjectEx", "*h", 1, 0, "&now", is_=0), thread("t", "a"), join("t"), call("NtReleaseMutant", "*h", "&old", is_=0),
  load("&old", is_=0xFFFFFFFF), call("NtReleaseMutant", "*h", "&old", is_=0), load("&old", is_=0), call("NtReleaseMutant", "*h", 0, is_=MUTANT_NOT_OWNED), mem={"h": H, "t": H, "old": H, "now": "zero:8"},
  threads={"a": [call("NtReleaseMutant", "*h", 0, is_=MUTANT_NOT_OWNED), call("NtWaitForSingleObjectEx", "*h", 1, 0, "&now", is_=TIMEOUT)]})
c("NtSuspendThread as often as it may", WDK + "SuspendThread: MAXIMUM_SUSPEND_COUNT (127)", call("ExCreateThread", "&t", "0x4000", 0, 0, "@run", "script:a", 1, is_=0), *[call("NtSuspendThread", "*t", 0, is_=0) for _ in range(126)], call("NtSuspendThread", "*t", 0, is_=SUSPEND_COUNT_EXCEEDED),
  call("NtResumeThread", "*t", "&old", is_=0), mem={"t": H, "x": H, "old": H}, threads={"a": [store("&x", 1, times=0)]}, after={"old": "0000007f"}, end="wedge")
c("an APC for a thread that has ended", NTSTATUS + "STATUS_UNSUCCESSFUL: KeInsertQueueApc queues none there", thread("t", "a"), join("t"), call("NtQueueApcThread", "*t", "@run", "script:b", 0, 0, is_=UNSUCCESSFUL), mem={"t": H, "x": H}, threads={"a": [store("&x", 1)], "b": [store("&x", 2, times=0)]}, after={"x": "00000001"})

# --- memory ---------------------------------------------------------------------------------------------------------------
PAGES = {"base": H, "size": "00003000", "at": H, "n": "00001000", "old": H, "info": "zero:32"}
RESERVE = call("NtAllocateVirtualMemory", "&base", "&size", "0x2000", 4, 0, is_=0)
ALLOC = call("NtAllocateVirtualMemory", "&base", "&size", "0x3000", 4, 0, is_=0)
for label, size, kind, protect in (("no size", H, "0x3000", 4), ("neither reserved nor committed", "00001000", 0, 4), ("no protection", "00001000", "0x3000", 0), ("two protections", "00001000", "0x3000", 6), ("a reset and a reservation", "00001000", "0x83000", 4)):
    c(f"NtAllocateVirtualMemory: {label}", WDK + "ZwAllocateVirtualMemory: STATUS_INVALID_PARAMETER", call("NtAllocateVirtualMemory", "&base", "&size", kind, protect, 0, between=[INVALID_PARAMETER, PAGE_PROTECTION]), mem={"base": H, "size": size}, after={"base": H})
c("NtAllocateVirtualMemory commits within its reservation alone", WDK + "STATUS_CONFLICTING_ADDRESSES beyond its end", RESERVE, store("&at", "*base+0x2000"), store("&n", "0x1001"), call("NtAllocateVirtualMemory", "&at", "&n", "0x1000", 4, 0, is_=CONFLICTING), call("MmIsAddressValid", "*base+0x2000", is_=0),
  store("&n", "0x1000"), call("NtAllocateVirtualMemory", "&at", "&n", "0x1000", 4, 0, is_=0), call("MmIsAddressValid", "*base+0x2000", is_=1), call("MmIsAddressValid", "*base+0x1fff", is_=0), mem=PAGES)
c("NtAllocateVirtualMemory commits whole pages", WDK + "ZwAllocateVirtualMemory: every page that a byte of it is in", RESERVE, store("&at", "*base+0xfff"), store("&n", 2), call("NtAllocateVirtualMemory", "&at", "&n", "0x1000", 4, 0, is_=0), load("&n", is_=0x2000), load("&at", is_="*base"),
  call("MmIsAddressValid", "*base+0x1fff", is_=1), call("MmIsAddressValid", "*base+0x2000", is_=0), mem=PAGES)
c("NtQueryVirtualMemory of what is reserved, committed, protected", WDK + "MEMORY_BASIC_INFORMATION: base, allocation, its protection, size of what is alike from there, MEM_COMMIT 1000 or MEM_RESERVE 2000, protection, MEM_PRIVATE 20000", RESERVE, store("&at", "*base+0x1000"),
  call("NtAllocateVirtualMemory", "&at", "&n", "0x1000", 2, 0, is_=0), call("NtQueryVirtualMemory", "*base", "&info", 0, is_=0), load("&info", is_="*base"), load("&info+4", is_="*base"), load("&info+8", is_=4), load("&info+12", is_=0x1000), load("&info+16", is_=0x2000), load("&info+24", is_=0x20000),
  call("NtQueryVirtualMemory", "*base+0x1234", "&info", 0, is_=0), load("&info", is_="*base+0x1000"), load("&info+4", is_="*base"), load("&info+12", is_=0x1000), load("&info+16", is_=0x1000), load("&info+20", is_=2),
  call("NtQueryVirtualMemory", "*base+0x2000", "&info", 0, is_=0), load("&info+12", is_=0x1000), load("&info+16", is_=0x2000), call("NtFreeVirtualMemory", "&base", "&n", "0x8000", 0, is_=0),
  call("NtQueryVirtualMemory", "*base+0x1000", "&info", 0, is_=0), load("&info+4", is_=0), load("&info+16", is_=0x10000), load("&info+24", is_=0), mem=PAGES)
c("NtFreeVirtualMemory of what is not there", MEMORY + "no address: STATUS_MEMORY_NOT_ALLOCATED; " + WDK + "ZwFreeVirtualMemory: STATUS_UNABLE_TO_FREE_VM", call("NtFreeVirtualMemory", "&at", "&n", "0x8000", 0, is_=NOT_ALLOCATED), ALLOC, store("&at", "*base+0x1000"),
  call("NtFreeVirtualMemory", "&at", "&n", "0x8000", 0, is_=UNABLE_TO_FREE), call("NtFreeVirtualMemory", "&base", "&n", 0, 0, is_=INVALID_PARAMETER), store("&n", "0x2001"), call("NtFreeVirtualMemory", "&at", "&n", "0x4000", 0, is_=UNABLE_TO_FREE), store("*base", 7), store("*base+0x2ffc", 8),
  load("*base", is_=7), load("*base+0x2ffc", is_=8), call("NtFreeVirtualMemory", "&base", "&n", "0x8000", 0, is_=0), call("NtFreeVirtualMemory", "&base", "&n", "0x8000", 0, is_=UNABLE_TO_FREE), mem=PAGES)
c("NtFreeVirtualMemory decommits the rest, or whole pages", WDK + "ZwFreeVirtualMemory, MEM_DECOMMIT: every page that a byte of it is in; without a size all from there", ALLOC, store("&at", "*base+0xfff"), store("&n", 2), call("NtFreeVirtualMemory", "&at", "&n", "0x4000", 0, is_=0), load("&n", is_=0x2000), load("&at", is_="*base"),
  call("MmIsAddressValid", "*base+0x1fff", is_=0), call("MmIsAddressValid", "*base+0x2000", is_=1), store("&n", 0), call("NtFreeVirtualMemory", "&base", "&n", "0x4000", 0, is_=0), load("&n", is_=0x3000), call("MmIsAddressValid", "*base+0x2000", is_=0), mem=PAGES)
c("NtProtectVirtualMemory of what is not committed", NTSTATUS + "STATUS_NOT_COMMITTED; beyond the region STATUS_INVALID_PARAMETER", RESERVE, store("&at", "*base"), call("NtProtectVirtualMemory", "&at", "&n", 2, "&old", 0, is_=NOT_COMMITTED), store("&n", "0x3001"),
  call("NtProtectVirtualMemory", "&at", "&n", 2, "&old", 0, is_=INVALID_PARAMETER), store("&n", "0x1000"), call("NtProtectVirtualMemory", "&at", "&n", 3, "&old", 0, is_=INVALID_PARAMETER), mem=PAGES)
c("NtProtectVirtualMemory protects whole pages", WDK + "VirtualProtect: every page that a byte of it is in; the protection that the first one had", ALLOC, store("&at", "*base+0xfff"), store("&n", 2), call("NtProtectVirtualMemory", "&at", "&n", 2, "&old", 0, is_=0), load("&n", is_=0x2000), load("&at", is_="*base"), load("&old", is_=4),
  call("MmQueryAddressProtect", "*base+0x1fff", is_=2), call("MmQueryAddressProtect", "*base+0x2000", is_=4), call("NtProtectVirtualMemory", "&at", "&n", 4, "&old", 0, is_=0), load("&old", is_=2), mem=PAGES)
c("MmAllocatePhysicalMemoryEx within a range", MEMORY + "MmAllocatePhysicalMemoryEx: the highest place within the range that is aligned; none: 0", call("MmAllocatePhysicalMemoryEx", 0, "0x10000", 4, "0x100000", "0x3fffff", "0x20000", keep="&at", not_=0), call("MmGetPhysicalAddress", "*at", is_=0x3E0000),
  call("MmAllocatePhysicalMemoryEx", 0, "0x10000", 4, "0x100000", "0x3fffff", "0x20000", keep="&b", not_=0), call("MmGetPhysicalAddress", "*b", is_=0x3C0000), call("MmQueryAllocationSize", "*at", is_=0x10000), call("MmAllocatePhysicalMemoryEx", 0, "0x10000", 4, "0x100000", "0x107fff", 0, is_=0),
  call("MmFreePhysicalMemory", 0, "*at"), call("MmQueryAllocationSize", "*at", is_=0), call("MmAllocatePhysicalMemoryEx", 0, "0x10000", 4, "0x100000", "0x3fffff", "0x20000", is_="*at"), mem={"at": H, "b": H})
c("MmAllocatePhysicalMemoryEx of nothing", MEMORY + "no size, no protection that can be used: 0", call("MmAllocatePhysicalMemoryEx", 0, 0, 4, 0, -1, 0, is_=0), call("MmAllocatePhysicalMemoryEx", 0, "0x1000", 1, 0, -1, 0, is_=0), call("MmAllocatePhysicalMemoryEx", 0, "0x20000001", 4, 0, -1, 0, is_=0), mem={"x": H})
c("MmCreateKernelStack", "ReactOS MmCreateKernelStack: the address above a stack of whole pages", call("MmCreateKernelStack", "0x4001", 0, keep="&at", not_=0), store("*at+0xfffffffc", 1), store("*at+0xffffb000", 2), load("*at+0xffffb000", is_=2), load("*at+0xfffffffc", is_=1), mem={"at": H})
c("NtAllocateEncryptedMemory of nothing", MEMORY + "no size, or more than 16 MiB: an error", call("NtAllocateEncryptedMemory", 0, 0, "&at", not_=0), call("NtAllocateEncryptedMemory", 0, "0x1000001", "&at", not_=0), mem={"at": H}, after={"at": H})

# --- files ----------------------------------------------------------------------------------------------------------------
for name, args in (("NtWriteFile", [0, 0, 0, "&io2", "&x", 4, 0]), ("NtReadFileScatter", [0, 0, 0, "&io2", "&x", 4, 0]), ("NtWriteFileGather", [0, 0, 0, "&io2", "&x", 4, 0]), ("NtFlushBuffersFile", ["&io2"]), ("NtQueryInformationFile", ["&io2", "&x", 24, 5]), ("NtSetInformationFile", ["&io2", "&x", 8, 14]),
                   ("NtQueryDirectoryFile", [0, 0, 0, "&io2", "&x", 64, 0, 0]), ("NtQueryVolumeInformationFile", ["&io2", "&x", 24, 3]), ("NtDeviceIoControlFile", [0, 0, 0, "&io2", "0x70000", 0, 0, "&x", 8]), ("NtQuerySymbolicLinkObject", ["&x"])):
    c(f"{name} of no handle", NTSTATUS + "STATUS_INVALID_HANDLE", call(name, NONE, *args, is_=INVALID_HANDLE), mem={**IO2, "x": "zero:64"}, after={"x": "zero:64"})
for path in ("cache:\\none.txt", "cache:\\none\\x.txt", "nowhere:\\x"):
    c(f"NtQueryFullAttributesFile finds no {path}", IO + "NtQueryFullAttributesFile: X_STATUS_NO_SUCH_FILE, whichever part is missing", call("NtQueryFullAttributesFile", "&a", "&info", is_=NO_SUCH_FILE), mem={"info": "zero:56", **attributes("a", path)}, after={"info": "zero:56"})
c("NtWriteFile of a file that was opened to read", WDK + "STATUS_ACCESS_DENIED; nothing is written", open_(), write(4, "&at", is_=ACCESS_DENIED), call("NtWriteFileGather", "*h", 0, 0, 0, "&io2", "&pages", 4, "&at", is_=ACCESS_DENIED), call("NtSetInformationFile", "*h", "&io2", "&at", 8, 20, is_=ACCESS_DENIED),
  read(64, is_=0), load("&io2+4", is_=len(TEXT)), mem={**FILE, **IO2, "data": "'WXYZ'", "at": h64(0), "to": "zero:64", "pages": "&data"}, after={"to": TEXT[:9].hex()})
c("NtReadFile at its own position", WDK + "FILE_USE_FILE_POINTER_POSITION (-2), as without an offset; a read at an offset moves it", open_(), read(4, "&own", is_=0), read(4, "&own", to="&to+4", is_=0), read(2, "&far", to="&to+8", is_=0), read(2, 0, to="&to+10", is_=0),
  mem={**FILE, **IO2, "to": "zero:16", "own": "ffffffff fffffffe", "far": h64(20)}, after={"to": (TEXT[:8] + TEXT[20:24]).hex()})
c("NtWriteFile at its own position", WDK + "FILE_USE_FILE_POINTER_POSITION (-2)", open_("0xC0100080", 2), write(3, "&own", is_=0), write(3, "&own", "&data+3", is_=0), call("NtQueryInformationFile", "*h", "&io2", "&at", 8, 14, is_=0), read(8, "&zero", is_=0),
  mem={**NEW, **IO2, "data": "'abcdef'", "to": "zero:8", "own": "ffffffff fffffffe", "at": "zero:8", "zero": "zero:8"}, after={"to": "'abcdef' 0000", "at": h64(6)})
c("NtReadFile of nothing", WDK + "ZwReadFile: no byte is asked for, so that none is lacking", open_(), read(0, "&far", is_=0), load("&io2", is_=0), load("&io2+4", is_=0), mem={**FILE, **IO2, "to": "zero:4", "far": h64(1000)})
c("NtReadFileScatter over pages", IO + "NtReadFileScatter: 4 KiB each, to the end of the file", open_("0xC0100080", 2), write("0x1800", is_=0), call("NtReadFileScatter", "*h", 0, 0, 0, "&io2", "&pages", "0x2000", "&zero", is_=0), load("&io2+4", is_=0x1800), load("&two+0x7fc", is_=0x79797979), load("&two+0x800", is_=0),
  load("&one+0xffc", is_=0x78787878), mem={**NEW, **IO2, "data": "78" * 0x1000 + "79" * 0x800, "one": "zero:4096", "two": "zero:4096", "pages": "&one &two", "zero": "zero:8"})
c("NtWriteFileGather over pages", IO + "NtWriteFileGather: 4 KiB each", open_("0xC0100080", 2), call("NtWriteFileGather", "*h", 0, 0, 0, "&io2", "&pages", "0x1004", "&zero", is_=0), load("&io2+4", is_=0x1004), read(8, "&at", is_=0), load("&io2+4", is_=8), mem={**NEW, **IO2, "one": "'abcd' zero:4088 'efgh'", "two": "'ijkl' zero:8",
  "pages": "&one &two", "to": "zero:8", "at": h64(0xFFC), "zero": "zero:8"}, after={"to": "'efghijkl'"})
c("NtReadFile queues its APC", WDK + "ZwReadFile: the routine gets the context and the IO_STATUS_BLOCK", open_(), call("NtReadFile", "*h", 0, "@run", "script:done", "&io2", "&to", 4, 0, is_=0), load("&x", is_=0), call("SleepEx", 0, 1, is_=USER_APC), load("&x", is_=1), mem={**FILE, **IO2, "to": "zero:4", "x": H}, threads={"done": [store("&x", 1)]})
c("NtCreateFile with a disposition that there is none of", WDK + "ZwCreateFile: FILE_MAXIMUM_DISPOSITION (5)", open_(disposition=6, is_=INVALID_PARAMETER), mem=FILE)
c("a folder that is not empty", NTSTATUS + "STATUS_DIRECTORY_NOT_EMPTY", open_("0xC0110080", 1, SYNC | 1), call("NtSetInformationFile", "*h", "&io2", "&yes", 1, 13, is_=NOT_EMPTY), call("NtClose", "*h", is_=0), call("NtQueryFullAttributesFile", "&a", "&info", is_=0),
  mem={"h": H, "io": "zero:8", **IO2, "yes": "01000000", "info": "zero:56", **attributes("a", "cache:\\sub")})
c("NtQueryDirectoryFile of what has no room", NTSTATUS + "STATUS_INFO_LENGTH_MISMATCH; the entry is still the next one", open_(options=SYNC | 1), call("NtQueryDirectoryFile", "*h", 0, 0, 0, "&io2", "&entry", 60, 0, 0, is_=INFO_LENGTH), call("NtQueryDirectoryFile", "*h", 0, 0, 0, "&io2", "&entry", 256, 0, 0, is_=0),
  load("&entry+4", is_=0), load("&entry+60", is_=5), mem={"h": H, "io": "zero:8", **IO2, "entry": "zero:256", **attributes("a", "cache:\\sub")}, after={"entry+64": "'a.bin'"})
c("NtQueryDirectoryFile of a file", NTSTATUS + "an error", open_(), call("NtQueryDirectoryFile", "*h", 0, 0, 0, "&io2", "&entry", 256, 0, 0, not_=0), mem={**FILE, **IO2, "entry": "zero:256"}, after={"entry": "zero:256"})
for kind, size in ((1, 20), (1, 0), (3, 23), (4, 7), (4, 0), (5, 8), (5, 0)):
    c(f"NtQueryVolumeInformationFile {kind} in {size} bytes", NTSTATUS + "STATUS_INFO_LENGTH_MISMATCH", open_(), call("NtQueryVolumeInformationFile", "*h", "&io2", "&x", size, kind, is_=INFO_LENGTH), mem={**FILE, **IO2, "x": "ff" * 32}, after={"x": "ff" * 32, "io2": "c0000004 00000000"})
LINK = {**ansi("link", "\\??\\there:"), **ansi("target", "\\??\\cache:")}
c("NtQuerySymbolicLinkObject in too little", NTSTATUS + "STATUS_BUFFER_TOO_SMALL", call("ObCreateSymbolicLink", "&link", "&target", is_=0), call("NtOpenSymbolicLinkObject", "&h", "&a", is_=0), call("NtQuerySymbolicLinkObject", "*h", "&s", is_=BUFFER_TOO_SMALL), mem={"h": H, **LINK, "s": "0000 0005 &room", "room": "ff" * 8, **attributes("a", "there:")},
  after={"room": "ff" * 8})
c("ObDeleteSymbolicLink of none", NTSTATUS + "STATUS_OBJECT_NAME_NOT_FOUND", call("ObDeleteSymbolicLink", "&link", is_=0xC0000034), mem=LINK)

# --- modules, and what statuses are as Win32's errors ------------------------------------------------------------------------
c("XexGetProcedureAddress of nothing", MODULES + "XexGetProcedureAddress: X_STATUS_INVALID_HANDLE, X_STATUS_DRIVER_ENTRYPOINT_NOT_FOUND", call("XexGetModuleHandle", "&k", "&h", is_=0), call("XexGetProcedureAddress", "*h", "0xfff", "&at", is_=0xC0000263), load("&at", is_=0), call("XexGetProcedureAddress", "&k", "0xe2", "&at", is_=INVALID_HANDLE),
  mem={"k": "'xboxkrnl.exe' 00", "h": H, "at": H})
for name, status, error in (("STATUS_TIMEOUT", 0x102, 258), ("STATUS_PENDING", 0x103, 997), ("STATUS_NO_MORE_FILES", 0x80000006, 18), ("STATUS_UNSUCCESSFUL", UNSUCCESSFUL, 31), ("STATUS_NOT_IMPLEMENTED", 0xC0000002, 1), ("STATUS_INVALID_INFO_CLASS", INVALID_INFO_CLASS, 87),
                            ("STATUS_ACCESS_VIOLATION", 0xC0000005, 998), ("STATUS_INVALID_HANDLE", INVALID_HANDLE, 6), ("STATUS_INVALID_PARAMETER", INVALID_PARAMETER, 87), ("STATUS_NO_SUCH_FILE", NO_SUCH_FILE, 2), ("STATUS_END_OF_FILE", 0xC0000011, 38), ("STATUS_NO_MEMORY", 0xC0000017, 8),
                            ("STATUS_CONFLICTING_ADDRESSES", CONFLICTING, 487), ("STATUS_ACCESS_DENIED", ACCESS_DENIED, 5), ("STATUS_BUFFER_TOO_SMALL", BUFFER_TOO_SMALL, 122), ("STATUS_OBJECT_TYPE_MISMATCH", TYPE_MISMATCH, 6), ("STATUS_OBJECT_NAME_INVALID", 0xC0000033, 123),
                            ("STATUS_OBJECT_NAME_NOT_FOUND", 0xC0000034, 2), ("STATUS_OBJECT_NAME_COLLISION", 0xC0000035, 183), ("STATUS_OBJECT_PATH_NOT_FOUND", 0xC000003A, 3), ("STATUS_MUTANT_NOT_OWNED", MUTANT_NOT_OWNED, 288), ("STATUS_SEMAPHORE_LIMIT_EXCEEDED", SEMAPHORE_LIMIT, 298),
                            ("STATUS_DISK_FULL", 0xC000007F, 112), ("STATUS_FILE_IS_A_DIRECTORY", 0xC00000BA, 5), ("STATUS_DIRECTORY_NOT_EMPTY", NOT_EMPTY, 145), ("STATUS_NOT_A_DIRECTORY", 0xC0000103, 267)):
    c(f"RtlNtStatusToDosError {name}", "Microsoft: NTSTATUS values and the Win32 errors that RtlNtStatusToDosError gives for them", call("RtlNtStatusToDosError", status, is_=error), mem={"x": H})
c("XexGetModuleHandle of nothing", MODULES + "XexGetModuleHandle: X_ERROR_NOT_FOUND, and no handle; an empty name is none: the title", call("XexGetModuleHandle", "&n", "&h", is_=1168), load("&h", is_=0), call("XexGetModuleHandle", 0, "&g", is_=0), call("XexGetModuleHandle", "&empty", "&h", is_=0), load("&h", is_="*g"),
  mem={"n": "'nothing.xex' 00", "empty": "00", "h": "ffffffff", "g": H})
for name, args in (("XexLoadImage", ["&n", 0, 0]), ("XexLoadExecutable", ["&n", 0, 0]), ("XexLoadImageFromMemory", ["&n", 4, "&n", 0, 0])):
    c(f"{name} without a place for the handle", MODULES + "xeXexLoadImage: X_ERROR_INVALID_PARAMETER, before anything else", call(name, *args, 0, is_=87), mem={"n": "'xboxkrnl.exe' 00"})
c("MmDeleteKernelStack of none", MEMORY + "MmDeleteKernelStack: X_STATUS_UNSUCCESSFUL", call("MmDeleteKernelStack", 0, "0x12340000", is_=UNSUCCESSFUL), mem={"x": H})
OB = "xenia-canary kernel/xboxkrnl/xboxkrnl_ob.cc: "
c("ObLookupThreadByThreadId of none", OB + "X_STATUS_INVALID_PARAMETER, and no pointer", call("ObLookupThreadByThreadId", 77, "&p", is_=INVALID_PARAMETER), mem={"p": "ffffffff"}, after={"p": H})
c("ObOpenObjectByPointer of none", OB + "an error, and no handle", call("ObOpenObjectByPointer", "&x", 0, "&h", not_=0), mem={"x": "7f" * 32, "h": "ffffffff"}, after={"h": H})
c("names of nothing", OB + "ObOpenObjectByName, " + IO.split("/")[-1] + "NtOpenSymbolicLinkObject: X_STATUS_INVALID_PARAMETER without attributes", call("ObOpenObjectByName", 0, 0, 0, "&h", is_=INVALID_PARAMETER), call("NtOpenSymbolicLinkObject", "&h", 0, is_=INVALID_PARAMETER), mem={"h": H}, after={"h": H})
c("RtlUnicodeStringToAnsiString in too little", "xenia-canary kernel/xboxkrnl/xboxkrnl_rtl.cc, ReactOS: STATUS_BUFFER_OVERFLOW, and what has room, with its end", call("RtlUnicodeStringToAnsiString", "&d", "&s", 0, is_=0x80000005), call("RtlUnicodeStringToAnsiString", "&none", "&s", 0, is_=0x80000005),
  mem={"d": "0000 0003 &t", "none": "0000 0000 &t", "t": "ff" * 8, **wide("s", "hello")}, after={"d": "0002 0003", "t": "'he' 00 ffffffffff"})

# --- XAM -----------------------------------------------------------------------------------------------------------------------
XAM = "xenia-canary kernel/xam/"
BAD_ARGUMENTS, NOT_CONNECTED, NO_SUCH_USER, INVALID, PENDING, FAILED = 0xA0, 0x48F, 1317, 87, 997, 1627
PAD = XAM + "xam_input.cc: "
c("XamInputGetState of nobody", PAD + "the state is zero; X_ERROR_DEVICE_NOT_CONNECTED", call("XamInputGetState", 4, 0, "&s", is_=NOT_CONNECTED), mem={"s": "ff" * 20}, after={"s": "zero:16 ffffffff"})
c("XamInputSetState of nothing", PAD + "X_ERROR_BAD_ARGUMENTS; of a user that cannot be X_E_DEVICE_NOT_CONNECTED", call("XamInputSetState", 0, 0, 0, is_=BAD_ARGUMENTS), call("XamInputSetState", 4, 0, "&s", is_=0x8007048F), call("XamInputSetState", 0, 0, "&s", is_=NOT_CONNECTED), mem={"s": H})
c("XamInputGetKeystroke of nothing", PAD + "X_ERROR_BAD_ARGUMENTS", call("XamInputGetKeystroke", 0, 0, 0, is_=BAD_ARGUMENTS), call("XamInputGetKeystrokeEx", "&u", 0, 0, is_=BAD_ARGUMENTS), mem={"u": H})
c("XamInputGetCapabilities of nothing", PAD + "XamInputGetCapabilitiesEx: X_ERROR_NOT_SUPPORTED (50), X_ERROR_BAD_ARGUMENTS; what there is to tell is zero first", call("XamInputGetCapabilitiesEx", 2, 0, 0, "&s", is_=50), call("XamInputGetCapabilitiesEx", 1, 0, 0, 0, is_=BAD_ARGUMENTS), load("&s", is_=-1),
  call("XamInputGetCapabilities", 0, 0, 0, is_=BAD_ARGUMENTS), call("XamInputGetCapabilities", 0, 0, "&s", is_=NOT_CONNECTED), mem={"s": "ff" * 24}, after={"s": "zero:20 ffffffff"})
WHO = XAM + "xam_user.cc: "
c("XamUserCheckPrivilege of nobody", WHO + "X_ERROR_NO_SUCH_USER; X_ERROR_INVALID_PARAMETER of a user that cannot be; FF is any", call("XamUserCheckPrivilege", 1, 254, "&v", is_=NO_SUCH_USER), call("XamUserCheckPrivilege", 4, 254, "&v", is_=INVALID), load("&v", is_=-1), call("XamUserCheckPrivilege", "0xff", 254, "&v", is_=0), mem={"v": "ffffffff"}, after={"v": H})
c("XamUserAreUsersFriends of nobody", WHO + "X_ERROR_NO_SUCH_USER, X_ERROR_INVALID_PARAMETER, and 0", call("XamUserAreUsersFriends", 1, 0, 0, "&v", 0, is_=NO_SUCH_USER), load("&v", is_=0), call("XamUserAreUsersFriends", 4, 0, 0, "&v", 0, is_=INVALID), mem={"v": "ffffffff"}, after={"v": H})
c("XamUserAreUsersFriends overlapped", WHO + "pending; X_ERROR_FUNCTION_FAILED, with the error as an HRESULT, of nobody", call("XamUserAreUsersFriends", 0, 0, 0, 0, "&o", is_=PENDING), load("&o", is_=0), call("XamUserAreUsersFriends", 1, 0, 0, 0, "&p", is_=PENDING), load("&p", is_=FAILED), load("&p+24", is_=0x80070525),
  call("XamUserAreUsersFriends", 0, 0, 0, 0, 0, is_=INVALID), mem={"o": "zero:28", "p": "zero:28"})
c("XamUserIsUnsafeProgrammingAllowed of nothing", WHO + "X_ERROR_INVALID_PARAMETER", call("XamUserIsUnsafeProgrammingAllowed", 0, 0, 0, is_=INVALID), call("XamUserIsUnsafeProgrammingAllowed", 4, 0, "&v", is_=INVALID), call("XamUserIsUnsafeProgrammingAllowed", "0xff", 0, "&v", is_=0), mem={"v": H}, after={"v": "00000001"})
c("XamUserContentRestriction of nobody", WHO + "X_ERROR_NO_SUCH_USER", call("XamUserContentRestrictionGetFlags", 1, "&v", is_=NO_SUCH_USER), call("XamUserContentRestrictionGetRating", 1, 0, "&v", "&v", is_=NO_SUCH_USER), mem={"v": "ffffffff"}, after={"v": "ffffffff"})
c("XamUserContentRestrictionGetRating", WHO + "3F: titles treat it as nothing that matters", call("XamUserContentRestrictionGetRating", 0, 0, "&r", "&s", is_=0), mem={"r": "ffffffff", "s": "ffffffff"}, after={"r": "0000003f", "s": H})
c("XamUserWriteProfileSettings of nothing", WHO + "X_ERROR_INVALID_PARAMETER", call("XamUserWriteProfileSettings", 0, 0, 0, "&s", 0, is_=INVALID), call("XamUserWriteProfileSettings", 0, 0, 1, 0, 0, is_=INVALID), mem={"s": "zero:40"})
c("XamUserReadProfileSettings of more than there can be", WHO + "X_ERROR_INVALID_PARAMETER of more than 32, without a size, and without a buffer that has one", call("XamUserReadProfileSettings", 0, 0, 0, 0, 33, "&ids", "&n", "&b", 0, is_=INVALID), call("XamUserReadProfileSettings", 0, 0, 0, 0, 1, "&ids", 0, "&b", 0, is_=INVALID),
  call("XamUserReadProfileSettings", 0, 0, 0, 0, 1, "&ids", "&n", 0, 0, is_=INVALID), mem={"ids": "zero:132", "n": "00001000", "b": "zero:64"}, after={"n": "00001000", "b": "zero:64"})
c("XamUserWriteProfileSettings without its data", WHO + "binary data without a pointer is zeros", call("XamUserWriteProfileSettings", 0, 0, 1, "&s", 0, is_=0), call("XamUserReadProfileSettings", 0, 0, 0, 0, 1, "&ids", "&n", "&b", 0, is_=0), load("&b+8", is_=2), load("&b+40", is_=4), load("&b+48", is_=0),
  mem={"ids": "63e83fff", "n": "00000040", "b": "ff" * 64, "s": "zero:16 63e83fff zero:4 06 zero:7 00000004 00000000"})
c("XamVoiceCreate of nobody", XAM + "xam_voice.cc: X_ERROR_ACCESS_DENIED", call("XamVoiceCreate", 0, 0, "&v", is_=5), mem={"v": "ffffffff"}, after={"v": H})
c("XamLoaderGetLaunchDataSize of nothing", XAM + "xam_info.cc: X_ERROR_INVALID_PARAMETER", call("XamLoaderGetLaunchDataSize", 0, is_=INVALID), mem={"x": H})
UI = XAM + "xam_ui.cc: "
c("XamShowSigninUI for so many users", UI + "xeXamShowSigninUI: X_ERROR_INVALID_PARAMETER unless 1, 2 or 4 are needed", call("XamShowSigninUI", 0, 0, is_=INVALID), call("XamShowSigninUI", 3, 0, is_=INVALID), call("XamShowSigninUIp", 0, 5, 0, is_=INVALID), call("XamIsUIActive", is_=0), mem={"x": H})
c("XamShowDeviceSelectorUI of nothing", UI + "X_ERROR_INVALID_PARAMETER; of nobody pending, and X_ERROR_NO_SUCH_USER", call("XamShowDeviceSelectorUI", 0, 1, 0, 0, "&d", 0, is_=INVALID), call("XamShowDeviceSelectorUI", 0, 1, 0, 0, 0, "&o", is_=INVALID), call("XamShowDeviceSelectorUI", 4, 1, 0, 0, "&d", "&o", is_=INVALID),
  call("XamShowDeviceSelectorUI", 0, 1, 8, 0, "&d", "&o", is_=INVALID), call("XamIsUIActive", is_=0), call("XamShowDeviceSelectorUI", 1, 1, 0, 0, "&d", "&o", is_=PENDING), load("&o", is_=NO_SUCH_USER), mem={"d": H, "o": "zero:28"}, after={"d": H})
c("XamShowKeyboardUI into nothing", UI + "X_ERROR_INVALID_PARAMETER", call("XamShowKeyboardUI", 0, 0, 0, 0, 0, 0, 4, "&o", is_=INVALID), call("XamIsUIActive", is_=0), mem={"o": "zero:28"})
CONTENT = XAM + "xam_content.cc: "
c("XamContentCreateEnumerator of no device", CONTENT + "X_E_INVALIDARG, and a size of 0; X_ERROR_NO_SUCH_USER of nobody; FE is no user", call("XamContentCreateEnumerator", 0, 9, 1, 0, 4, "&n", "&h", is_=0x80070057), load("&n", is_=0), call("XamContentCreateEnumerator", 0, 1, 1, 0, 4, "&n", 0, is_=0x80070057),
  call("XamContentCreateEnumerator", 1, 1, 1, 0, 4, "&n", "&h", is_=NO_SUCH_USER), load("&n", is_=0x4D0), call("XamContentCreateEnumerator", "0xfe", 1, 1, 0, 4, "&n", "&h", is_=0), mem={"n": "ffffffff", "h": H})
c("XamContentAggregateCreateEnumerator of no device", XAM + "xam_content_aggregate.cc: X_E_INVALIDARG", call("XamContentAggregateCreateEnumerator", 0, 9, 1, 0, "&h", is_=0x80070057), call("XamContentAggregateCreateEnumerator", 0, 1, 1, 0, 0, is_=0x80070057), mem={"h": H}, after={"h": H})
SAVE = {"data": "00000001 00000001 " + "u'My save' zero:242 'SAVE0001' zero:34", "root": "'save' 00", "b": "zero:16", "n": "00000010"}
c("packages of nobody", CONTENT + "X_ERROR_NO_SUCH_USER; FE is no user, whose packages are everybody's", call("XamContentCreate", 1, "&root", "&data", 1, 0, 0, 0, is_=NO_SUCH_USER), call("XamContentCreateEx", 1, "&root", "&data", 1, 0, 0, 0, 0, 0, is_=NO_SUCH_USER), call("XamContentDelete", 1, "&data", 0, is_=NO_SUCH_USER),
  call("XamContentGetCreator", 1, "&data", "&b", 0, 0, is_=NO_SUCH_USER), call("XamContentGetCreator", 0, "&data", 0, 0, 0, is_=INVALID), call("XamContentGetThumbnail", 1, "&data", "&b", "&n", 0, is_=NO_SUCH_USER), call("XamContentSetThumbnail", 1, "&data", "&b", 4, 0, is_=NO_SUCH_USER),
  call("XamContentCreate", "0xfe", "&root", "&data", 1, 0, 0, 0, is_=0), call("XamContentDelete", "0xfe", "&data", 0, is_=0), mem=SAVE)
c("XamContentCreate of an unknown mode", CONTENT + "X_ERROR_INVALID_PARAMETER, and no package", call("XamContentCreate", 0, "&root", "&data", 0, "&n", 0, 0, is_=INVALID), load("&n", is_=0), call("XamContentCreate", 0, "&root", "&data", 6, 0, 0, 0, is_=INVALID), call("XamContentCreate", 0, "&root", "&data", 3, 0, 0, 0, is_=3), mem=SAVE)
HRESULT = "X_ERROR_FUNCTION_FAILED, and the error as an HRESULT"
c("XamContentCreate overlapped fails", CONTENT + HRESULT, call("XamContentCreate", 0, "&root", "&data", 3, 0, 0, "&o", is_=PENDING), load("&o", is_=FAILED), load("&o+4", is_=0), load("&o+24", is_=0x80070003), call("XamContentGetCreator", 0, "&data", "&b", 0, "&o", is_=PENDING), load("&o", is_=FAILED),
  load("&o+24", is_=0x80070003), mem={**SAVE, "o": "zero:28"})
c("XamContentGetDeviceState overlapped fails", XAM + "xam_content_device.cc: X_ERROR_FUNCTION_FAILED", call("XamContentGetDeviceState", 9, "&o", is_=PENDING), load("&o", is_=FAILED), mem={"o": "zero:28"})
c("XamEnumerate overlapped to the end", XAM + "xam_enum.cc: " + HRESULT, call("XamContentCreateDeviceEnumerator", 0, 0, 1, 0, "&h", is_=0), call("XamEnumerate", "*h", 0, "&b", 80, 0, "&o", is_=PENDING), load("&o", is_=0), call("XamEnumerate", "*h", 0, "&b", 80, 0, "&o", is_=PENDING), load("&o", is_=FAILED), load("&o+4", is_=0),
  load("&o+24", is_=0x80070012), mem={"h": H, "b": "zero:80", "o": "zero:28"})
c("XamEnumerate into nothing", XAM + "xam_enum.cc: X_ERROR_INVALID_PARAMETER", call("XamContentCreateDeviceEnumerator", 0, 0, 1, 0, "&h", is_=0), call("XamEnumerate", "*h", 0, 0, 80, "&n", 0, is_=INVALID), load("&n", is_=0), mem={"h": H, "n": "ffffffff"})
c("XamProfileEnumerate of no enumerator", XAM + "xam_enum.cc: X_ERROR_INVALID_HANDLE", call("XamProfileEnumerate", NONE, 0, "&b", 0, is_=6), mem={"b": "zero:392"})
c("XamGetPrivateEnumStructureFromHandle of none", XAM + "xam_enum.cc: X_STATUS_INVALID_HANDLE", call("XamGetPrivateEnumStructureFromHandle", NONE, "&p", is_=0xC0000008), mem={"p": H}, after={"p": H})
c("XamGetOverlappedResult of what nobody waits for", XAM + "xam_msg.cc: X_ERROR_IO_INCOMPLETE (996) while it is pending", call("XamGetOverlappedResult", "&o", "&n", 0, is_=996), mem={"o": "000003e5 00000007 zero:20", "n": H}, after={"n": "00000007"})

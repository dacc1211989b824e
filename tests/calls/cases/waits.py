"""Dispatcher objects and waits: events, semaphores, mutants, timers, threads; who wakes, in which order, and when."""
from .form import *

CASES = []
WDK = "WDK: "
CANARY = "xenia-canary kernel/xboxkrnl/xboxkrnl_threading.cc: "


def c(name, source, *steps, **rest):
    case(CASES, name, source, *steps, **rest)


H = "00000000"
NOW = {"now": "zero:8"}
SLACK = 60000  # ns: a window of the interleaving and the calls themselves


def wait(h, timeout=0, alertable=0, **rest):
    return call("NtWaitForSingleObjectEx", "*" + h, 1, alertable, timeout, **rest)


def kewait(obj, timeout=0, alertable=0, **rest):
    return call("KeWaitForSingleObject", obj, 0, 1, alertable, timeout, **rest)


# --- events ----------------------------------------------------------------------------------------------------------
c("KeInitializeEvent notification", WDK + "KeInitializeEvent; DISPATCHER_HEADER type 0",
  call("KeInitializeEvent", "&e", 0, 1), kewait("&e", "&now", is_=0), kewait("&e", "&now", is_=0),
  mem={"e": "zero:16", **NOW}, after={"e": "00 ?? ?? ?? 00000001"})
c("KeInitializeEvent synchronization", WDK + "KeInitializeEvent; a satisfied wait resets a synchronization event",
  call("KeInitializeEvent", "&e", 1, 1), kewait("&e", "&now", is_=0), kewait("&e", "&now", is_=TIMEOUT),
  mem={"e": "zero:16", **NOW}, after={"e": "01 ?? ?? ?? 00000000"})
c("KeSetEvent returns the previous state", WDK + "KeSetEvent", call("KeInitializeEvent", "&e", 0, 0),
  call("KeSetEvent", "&e", 0, 0, is_=0), call("KeSetEvent", "&e", 0, 0, is_=1), mem={"e": "zero:16"}, after={"e+4": "00000001"})
c("KeResetEvent returns the previous state", WDK + "KeResetEvent", call("KeInitializeEvent", "&e", 0, 1),
  call("KeResetEvent", "&e", is_=1), call("KeResetEvent", "&e", is_=0), kewait("&e", "&now", is_=TIMEOUT), mem={"e": "zero:16", **NOW},
  after={"e+4": "00000000"})
c("KePulseEvent leaves it reset", WDK + "KePulseEvent", call("KeInitializeEvent", "&e", 0, 1), call("KePulseEvent", "&e", 0, 0, is_=1),
  call("KePulseEvent", "&e", 0, 0, is_=0), mem={"e": "zero:16"}, after={"e+4": "00000000"})
c("NtCreateEvent", WDK + "ZwCreateEvent; on this console 0 is a notification event, 1 synchronization (" + CANARY + "NtCreateEvent)",
  call("NtCreateEvent", "&h", 0, 1, 1, is_=0), wait("h", "&now", is_=0), wait("h", "&now", is_=TIMEOUT), call("NtClose", "*h", is_=0),
  call("NtClose", "*h", is_=INVALID_HANDLE), mem={"h": H, **NOW})
c("NtCreateEvent by a name that exists", CANARY + "NtCreateEvent", call("NtCreateEvent", "&h", "&o", 0, 0, is_=0),
  call("NtCreateEvent", "&h2", "&o", 0, 0, is_=NAME_EXISTS), call("NtSetEvent", "*h2", 0, is_=0), wait("h", "&now", is_=0),
  mem={"h": H, "h2": H, **attributes("o", "MyEvent"), **NOW})
c("NtSetEvent NtClearEvent NtPulseEvent", WDK + "ZwSetEvent, NtClearEvent, NtPulseEvent; " + CANARY + "previous states",
  call("NtCreateEvent", "&h", 0, 0, 0, is_=0), call("NtSetEvent", "*h", "&p0", is_=0), call("NtSetEvent", "*h", "&p1", is_=0),
  wait("h", "&now", is_=0), call("NtClearEvent", "*h", is_=0), wait("h", "&now", is_=TIMEOUT), call("NtPulseEvent", "*h", "&p2", is_=0),
  wait("h", "&now", is_=TIMEOUT), mem={"h": H, "p0": "ffffffff", "p1": "ffffffff", "p2": "ffffffff", **NOW},
  after={"p0": "00000000", "p1": "00000001", "p2": "00000000"})
c("NtQueryEvent", WDK + "EVENT_BASIC_INFORMATION: type, then state", call("NtCreateEvent", "&h", 0, 1, 1, is_=0),
  call("NtQueryEvent", "*h", "&info", is_=0), call("NtCreateEvent", "&h", 0, 0, 0, is_=0), call("NtQueryEvent", "*h", "&info2", is_=0),
  mem={"h": H, "info": "ffffffff ffffffff", "info2": "ffffffff ffffffff"}, after={"info": "00000001 00000001", "info2": "00000000 00000000"})
for name, args in (("NtSetEvent", [0]), ("NtClearEvent", []), ("NtPulseEvent", [0]), ("NtQueryEvent", ["&x"]), ("NtReleaseSemaphore", [1, 0]),
                   ("NtReleaseMutant", [0]), ("NtCancelTimer", [0]), ("NtSetTimerEx", ["&x", 0, 1, 0, 0, 0, 0]), ("NtResumeThread", [0]),
                   ("NtSuspendThread", [0]), ("NtQueueApcThread", ["@nothing", 0, 0, 0]), ("NtClose", []),
                   ("NtWaitForSingleObjectEx", [1, 0, "&x"]), ("NtSetIoCompletion", [0, 0, 0, 0]),
                   ("NtRemoveIoCompletion", ["&x", "&x", "&x", "&x"])):
    c(f"{name} of no handle", WDK + f"{name}: STATUS_INVALID_HANDLE", call(name, "0xf8000ffc", *args, is_=INVALID_HANDLE), mem={"x": "zero:16"})
    if name not in ("NtClose", "NtWaitForSingleObjectEx", "NtSetEvent", "NtClearEvent", "NtPulseEvent", "NtQueryEvent"):
        c(f"{name} of another kind", WDK + f"{name}: STATUS_OBJECT_TYPE_MISMATCH", call("NtCreateEvent", "&h", 0, 0, 0, is_=0),
          call(name, "*h", *args, is_=TYPE_MISMATCH), mem={"h": H, "x": "zero:16"})
for name, args in (("NtSetEvent", [0]), ("NtClearEvent", []), ("NtPulseEvent", [0]), ("NtQueryEvent", ["&x"])):
    c(f"{name} of another kind", WDK + f"{name}: STATUS_OBJECT_TYPE_MISMATCH", call("NtCreateSemaphore", "&h", 0, 0, 1, is_=0),
      call(name, "*h", *args, is_=TYPE_MISMATCH), mem={"h": H, "x": "zero:16"})
c("a notification event wakes all in order", WDK + "KeSetEvent: every waiter of a notification event; waiters are queued first in, first out",
  call("KeInitializeEvent", "&e", 0, 0), thread("h0", "a"), thread("h1", "b"), thread("h2", "c"), call("NtYieldExecution"),
  call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("KeSetEvent", "&e", 0, 0, is_=0), join("h0"), join("h1"), join("h2"),
  mem={"e": "zero:16", "h0": H, "h1": H, "h2": H, "ms1": ms(1)},
  threads={n: [kewait("&e", is_=0, mark=n)] for n in "abc"}, order=["a", "b", "c"])
c("a synchronization event wakes the first", WDK + "KeSetEvent: one waiter of a synchronization event, the one that waits the longest",
  call("KeInitializeEvent", "&e", 1, 0), thread("h0", "a"), thread("h1", "b"), thread("h2", "c"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0),
  call("KeSetEvent", "&e", 0, 0, is_=0), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("KeSetEvent", "&e", 0, 0, is_=0, mark="main"),
  call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("KeSetEvent", "&e", 0, 0, is_=0, mark="main"), join("h0"), join("h1"), join("h2"),
  mem={"e": "zero:16", "h0": H, "h1": H, "h2": H, "ms1": ms(1)},
  threads={n: [kewait("&e", is_=0, mark=n)] for n in "abc"}, order=["a", "main", "b", "main", "c"], after={"e+4": "00000000"})
for kind, woken in ((0, "abc"), (1, "a")):
    c(f"KePulseEvent wakes {len(woken)} of 3", WDK + "KePulseEvent: those that wait now, all or one as the event's type says",
      call("KeInitializeEvent", "&e", kind, 0), thread("h0", "a"), thread("h1", "b"), thread("h2", "c"),
      call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("KePulseEvent", "&e", 0, 0, is_=0),
      call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0, mark="main"),
      mem={"e": "zero:16", "h0": H, "h1": H, "h2": H, "ms1": ms(1)},
      threads={n: [kewait("&e", is_=0, mark=n, **({} if n in woken else {"never": True}))] for n in "abc"}, order=[*woken, "main"],
      end="exit" if len(woken) == 3 else "wedge", after={"e+4": "00000000"})

# --- semaphores -------------------------------------------------------------------------------------------------------
c("KeInitializeSemaphore", WDK + "KSEMAPHORE: type 5, count, limit", call("KeInitializeSemaphore", "&s", 2, 5), kewait("&s", "&now", is_=0),
  kewait("&s", "&now", is_=0), kewait("&s", "&now", is_=TIMEOUT), mem={"s": "zero:20", **NOW}, after={"s": "05 ?? ?? ?? 00000000", "s+16": "00000005"})
c("KeReleaseSemaphore returns the previous count", WDK + "KeReleaseSemaphore", call("KeInitializeSemaphore", "&s", 1, 10),
  call("KeReleaseSemaphore", "&s", 0, 3, 0, is_=1), call("KeReleaseSemaphore", "&s", 0, 1, 0, is_=4), mem={"s": "zero:20"}, after={"s+4": "00000005"})
c("NtCreateSemaphore NtReleaseSemaphore", WDK + "NtReleaseSemaphore", call("NtCreateSemaphore", "&h", 0, 1, 3, is_=0),
  call("NtReleaseSemaphore", "*h", 2, "&p", is_=0), call("NtReleaseSemaphore", "*h", 1, 0, is_=SEMAPHORE_LIMIT), wait("h", "&now", is_=0),
  wait("h", "&now", is_=0), wait("h", "&now", is_=0), wait("h", "&now", is_=TIMEOUT), mem={"h": H, "p": "ffffffff", **NOW}, after={"p": "00000001"})
for count, limit in ((5, 3), (-1, 3), (0, 0), (0, -1)):
    c(f"NtCreateSemaphore {count} of {limit}", WDK + "NtCreateSemaphore: 0 <= count <= limit, limit > 0",
      call("NtCreateSemaphore", "&h", 0, count, limit, is_=INVALID_PARAMETER), mem={"h": H})
c("NtCreateSemaphore up to its limit", WDK + "NtCreateSemaphore: count may be the limit", call("NtCreateSemaphore", "&h", 0, 3, 3, is_=0), mem={"h": H})
c("a semaphore wakes as many as it has", WDK + "KeReleaseSemaphore: waiters first in, first out",
  call("KeInitializeSemaphore", "&s", 0, 9), thread("h0", "a"), thread("h1", "b"), thread("h2", "c"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0),
  call("KeReleaseSemaphore", "&s", 0, 2, 0, is_=0), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0, mark="main"),
  call("KeReleaseSemaphore", "&s", 0, 3, 0, is_=0), join("h2"), mem={"s": "zero:20", "h0": H, "h1": H, "h2": H, "ms1": ms(1)},
  threads={n: [kewait("&s", is_=0, mark=n)] for n in "abc"}, order=["a", "b", "main", "c"], after={"s+4": "00000002"})

# --- mutants ----------------------------------------------------------------------------------------------------------
c("NtCreateMutant owned, recursive", WDK + "mutants: the owner's waits succeed, each needs its release", call("NtCreateMutant", "&h", 0, 1, is_=0),
  wait("h", "&now", is_=0), call("NtReleaseMutant", "*h", 0, is_=0), call("NtReleaseMutant", "*h", 0, is_=0),
  call("NtReleaseMutant", "*h", 0, is_=MUTANT_NOT_OWNED), mem={"h": H, **NOW})
c("a mutant is its owner's", WDK + "KeReleaseMutant: STATUS_MUTANT_NOT_OWNED", call("NtCreateMutant", "&h", 0, 1, is_=0), thread("t", "a"), join("t"),
  call("NtReleaseMutant", "*h", 0, is_=0), mem={"h": H, "t": H, **NOW},
  threads={"a": [wait("h", "&now", is_=TIMEOUT), call("NtReleaseMutant", "*h", 0, is_=MUTANT_NOT_OWNED)]})
c("a mutant passes to the first waiter", WDK + "KeReleaseMutant: waiters first in, first out", call("NtCreateMutant", "&h", 0, 1, is_=0),
  thread("h0", "a"), thread("h1", "b"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("NtReleaseMutant", "*h", 0, is_=0), join("h0"), join("h1"),
  mem={"h": H, "h0": H, "h1": H, "ms1": ms(1)},
  threads={n: [wait("h", is_=0, mark=n), call("NtReleaseMutant", "*h", 0, is_=0, mark=n)] for n in "ab"}, order=["a", "a", "b", "b"])
c("an abandoned mutant", WDK + "KeWaitForSingleObject: STATUS_ABANDONED once the owner has ended, only for the next wait",
  call("NtCreateMutant", "&h", 0, 0, is_=0), thread("t", "a"), join("t"), wait("h", is_=ABANDONED), call("NtReleaseMutant", "*h", 0, is_=0), wait("h", is_=0),
  mem={"h": H, "t": H}, threads={"a": [wait("h", is_=0)]})
c("an abandoned mutant wakes its waiter", WDK + "a thread's mutants are abandoned as it ends", call("NtCreateMutant", "&h", 0, 0, is_=0), thread("t", "a"),
  call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), wait("h", is_=ABANDONED), mem={"h": H, "t": H, "ms1": ms(1), "ms5": ms(5)},
  threads={"a": [wait("h", is_=0), call("KeDelayExecutionThread", 1, 0, "&ms5", is_=0), call("ExTerminateThread", 0, never=True)]})
c("wait any of abandoned mutants", WDK + "KeWaitForMultipleObjects: STATUS_ABANDONED_WAIT_0 plus the index",
  call("NtCreateEvent", "&hs", 0, 0, 0, is_=0), call("NtCreateMutant", "&hs+4", 0, 0, is_=0), thread("t", "a"), join("t"),
  call("NtWaitForMultipleObjectsEx", 2, "&hs", 1, 1, 0, 0, is_=0x81), mem={"hs": "zero:8", "t": H},
  threads={"a": [call("NtWaitForSingleObjectEx", "*hs[4]", 1, 0, 0, is_=0)]})

# --- several objects -----------------------------------------------------------------------------------------------------
TWO = [call("NtCreateEvent", "&hs", 0, 1, 0, is_=0), call("NtCreateEvent", "&hs+4", 0, 1, 0, is_=0), call("NtCreateEvent", "&hs+8", 0, 1, 0, is_=0)]


def several(n, any_, timeout, **rest):
    return call("NtWaitForMultipleObjectsEx", n, "&hs", any_, 1, 0, timeout, **rest)


c("wait any gives the lowest index", WDK + "KeWaitForMultipleObjects, WaitAny", *TWO, call("NtSetEvent", "*hs[8]", 0, is_=0),
  call("NtSetEvent", "*hs[4]", 0, is_=0), several(3, 1, "&now", is_=1), several(3, 1, "&now", is_=2), several(3, 1, "&now", is_=TIMEOUT),
  mem={"hs": "zero:12", **NOW})
c("wait all takes all or nothing", WDK + "KeWaitForMultipleObjects, WaitAll: no object is taken before all are signalled", *TWO,
  call("NtSetEvent", "*hs", 0, is_=0), call("NtSetEvent", "*hs[8]", 0, is_=0), several(3, 0, "&now", is_=TIMEOUT), call("NtQueryEvent", "*hs", "&info", is_=0),
  call("NtSetEvent", "*hs[4]", 0, is_=0), several(3, 0, "&now", is_=0), call("NtQueryEvent", "*hs", "&info2", is_=0),
  call("NtQueryEvent", "*hs[8]", "&info3", is_=0), mem={"hs": "zero:12", "info": "zero:8", "info2": "zero:8", "info3": "zero:8", **NOW},
  after={"info": "00000001 00000001", "info2": "00000001 00000000", "info3": "00000001 00000000"})
c("wait all wakes at the last signal", WDK + "KeWaitForMultipleObjects, WaitAll", *TWO, thread("t", "a"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0),
  call("NtSetEvent", "*hs", 0, is_=0), call("NtSetEvent", "*hs[8]", 0, is_=0), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0, mark="main"),
  call("NtSetEvent", "*hs[4]", 0, is_=0), join("t", mark="end"), mem={"hs": "zero:12", "t": H, "ms1": ms(1)}, threads={"a": [several(3, 0, 0, is_=0, mark="a")]},
  order=["main", "a", "end"])
c("wait any wakes with the index of its signal", WDK + "KeWaitForMultipleObjects, WaitAny", *TWO, thread("t", "a"),
  call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("NtSetEvent", "*hs[8]", 0, is_=0), join("t"), call("NtQueryEvent", "*hs[8]", "&info", is_=0),
  mem={"hs": "zero:12", "t": H, "ms1": ms(1), "info": "zero:8"}, threads={"a": [several(3, 1, 0, is_=2)]}, after={"info": "00000001 00000000"})
c("a waiter that is passed over stays first", WDK + "waiters first in, first out: one that waits for all is passed over and keeps its place", *TWO, thread("h0", "a"),
  thread("h1", "b"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("NtSetEvent", "*hs", 0, is_=0), join("h1", mark="main"),
  call("NtSetEvent", "*hs[4]", 0, is_=0), call("NtSetEvent", "*hs", 0, is_=0), join("h0"), mem={"hs": "zero:12", "h0": H, "h1": H, "ms1": ms(1)},
  threads={"a": [several(2, 0, 0, is_=0, mark="a")], "b": [wait("hs", is_=0, mark="b")]}, order=["b", "main", "a"])
c("NtWaitForMultipleObjectsEx of none or of too many", WDK + "NtWaitForMultipleObjects: 1 to MAXIMUM_WAIT_OBJECTS (64) objects",
  several(0, 1, "&now", is_=INVALID_PARAMETER), several(65, 1, "&now", is_=INVALID_PARAMETER), mem={"hs": "zero:512", **NOW})
c("NtWaitForMultipleObjectsEx of a bad handle", WDK + "NtWaitForMultipleObjects: STATUS_INVALID_HANDLE", call("NtCreateEvent", "&hs", 0, 0, 1, is_=0),
  several(2, 1, "&now", is_=INVALID_HANDLE), mem={"hs": "00000000 f8000ffc", **NOW})
c("KeWaitForMultipleObjects", WDK + "KeWaitForMultipleObjects: WaitAll 0, WaitAny 1", call("KeInitializeEvent", "&e", 1, 0), call("KeInitializeEvent", "&f", 1, 1),
  call("KeWaitForMultipleObjects", 2, "&list", 0, 3, 1, 0, "&now", 0, is_=TIMEOUT), call("KeWaitForMultipleObjects", 2, "&list", 1, 3, 1, 0, "&now", 0, is_=1),
  call("KeSetEvent", "&e", 0, 0), call("KeSetEvent", "&f", 0, 0), call("KeWaitForMultipleObjects", 2, "&list", 0, 3, 1, 0, "&now", 0, is_=0),
  mem={"e": "zero:16", "f": "zero:16", "list": "&e &f", **NOW}, after={"e+4": "00000000", "f+4": "00000000"})
c("NtSignalAndWaitForSingleObjectEx", WDK + "SignalObjectAndWait: signals the one, then waits for the other", call("NtCreateEvent", "&h", 0, 1, 0, is_=0),
  call("NtCreateEvent", "&g", 0, 1, 0, is_=0), thread("t", "a"), call("NtSignalAndWaitForSingleObjectEx", "*h", "*g", 1, 0, 0, is_=0, mark="main"), join("t"),
  call("NtSignalAndWaitForSingleObjectEx", "*h", "*g", 1, 0, "&now", is_=TIMEOUT), call("NtQueryEvent", "*h", "&info", is_=0),
  mem={"h": H, "g": H, "t": H, "info": "zero:8", **NOW}, after={"info": "00000001 00000001"},
  threads={"a": [wait("h", is_=0, mark="a"), call("NtSetEvent", "*g", 0, is_=0)]}, order=["a", "main"])
c("NtSignalAndWaitForSingleObjectEx of a mutant", WDK + "SignalObjectAndWait: ERROR_NOT_OWNER (STATUS_MUTANT_NOT_OWNED), ERROR_TOO_MANY_POSTS",
  call("NtCreateMutant", "&h", 0, 1, is_=0), call("NtCreateSemaphore", "&s", 0, 1, 1, is_=0), call("NtCreateEvent", "&g", 0, 0, 1, is_=0),
  call("NtSignalAndWaitForSingleObjectEx", "*h", "*g", 1, 0, 0, is_=0), call("NtSignalAndWaitForSingleObjectEx", "*h", "*g", 1, 0, 0, is_=MUTANT_NOT_OWNED),
  call("NtSignalAndWaitForSingleObjectEx", "*s", "*g", 1, 0, 0, is_=SEMAPHORE_LIMIT), mem={"h": H, "s": H, "g": H})

# --- time ------------------------------------------------------------------------------------------------------------------
c("a wait ends at its timeout", WDK + "KeWaitForSingleObject: negative timeouts are relative, in units of 100 ns", call("NtCreateEvent", "&h", 0, 0, 0, is_=0),
  wait("h", "&ms5", is_=TIMEOUT, took=[5000000, 5000000 + SLACK]), mem={"h": H, "ms5": ms(5)})
c("a wait for an absolute time that has passed", WDK + "KeWaitForSingleObject: positive timeouts are absolute system times",
  call("NtCreateEvent", "&h", 0, 0, 0, is_=0), wait("h", "&past", is_=TIMEOUT, took=[0, SLACK]), mem={"h": H, "past": h64(1000)})
c("a wait for an absolute time", WDK + "KeWaitForSingleObject: positive timeouts are absolute; KeQuerySystemTime", call("NtCreateEvent", "&h", 0, 0, 0, is_=0),
  call("KeQuerySystemTime", "&at"), call("InterlockedPushEntrySList", "&list", "&at", is_=0), wait("h", "&future", is_=TIMEOUT, took=[0, SLACK]),
  mem={"h": H, "at": "zero:8", "list": "zero:8", "future": h64(0x01C5EED800000000)})
c("KeDelayExecutionThread", WDK + "KeDelayExecutionThread: STATUS_SUCCESS once the interval is over",
  call("KeDelayExecutionThread", 1, 0, "&ms3", is_=0, took=[3000000, 3000000 + SLACK]), call("KeDelayExecutionThread", 1, 0, "&now", is_=0, took=[0, SLACK]),
  mem={"ms3": ms(3), **NOW})
c("NtYieldExecution", WDK + "NtYieldExecution: another ready thread of the priority runs first", call("KeInitializeEvent", "&e", 0, 0), thread("h0", "a"), thread("h1", "b"),
  call("NtYieldExecution", mark="main"), join("h0"), join("h1"), mem={"e": "zero:16", "h0": H, "h1": H},
  threads={n: [call("KeSetEvent", "&e", 0, 0, mark=n)] for n in "ab"}, order=["a", "b", "main"])
c("KeStallExecutionProcessor", WDK + "KeStallExecutionProcessor: microseconds", call("KeStallExecutionProcessor", 50, took=[50000, 50000 + SLACK]))
c("KeQueryPerformanceFrequency", "docs: the time base runs at 50 MHz here as in the reference", call("KeQueryPerformanceFrequency", is_=50000000))
c("KeQuerySystemTime", WDK + "KeQuerySystemTime: units of 100 ns since 1601; a run begins on 2005-11-22 UTC here", call("KeQuerySystemTime", "&at"),
  mem={"at": "zero:8"}, after={"at": h64((1132617600 + 11644473600) * 10000000)[:12] + " ????"})
c("KeQueryInterruptTime", WDK + "KeQueryInterruptTime: units of 100 ns since the start", call("KeDelayExecutionThread", 1, 0, "&ms3", is_=0),
  call("KeQueryInterruptTime", between=[30000, 30600]), mem={"ms3": ms(3)})
c("GetTickCount", "Win32: GetTickCount, milliseconds since the start", call("KeDelayExecutionThread", 1, 0, "&ms3", is_=0), call("GetTickCount", is_=3), mem={"ms3": ms(3)})

# --- timers -----------------------------------------------------------------------------------------------------------------
TIMER = "zero:40"
c("KeInitializeTimerEx", WDK + "KTIMER: type 8 notification, 9 synchronization", call("KeInitializeTimerEx", "&t", 0), call("KeInitializeTimerEx", "&s", 1),
  mem={"t": TIMER, "s": TIMER}, after={"t": "08 ?? ?? ?? 00000000", "s": "09 ?? ?? ?? 00000000"})
c("KeSetTimer", WDK + "KeSetTimer: FALSE if it was not set, TRUE if it was", call("KeInitializeTimerEx", "&t", 0), call("KeSetTimer", "&t", "0xffffffffffff3cb0", 0, is_=0),
  call("KeSetTimer", "&t", "0xffffffffffffd8f0", 0, is_=1), kewait("&t", 0, is_=0, took=[990000, 1000000 + SLACK]), kewait("&t", "&now", is_=0), mem={"t": TIMER, **NOW},
  after={"t+4": "00000001"})
c("KeCancelTimer", WDK + "KeCancelTimer: TRUE if it was set; it does not go off", call("KeInitializeTimerEx", "&t", 0), call("KeCancelTimer", "&t", is_=0),
  call("KeSetTimer", "&t", "0xffffffffffffd8f0", 0, is_=0), call("KeCancelTimer", "&t", is_=1), call("KeCancelTimer", "&t", is_=0), kewait("&t", "&ms3", is_=TIMEOUT),
  mem={"t": TIMER, "ms3": ms(3)})
c("a synchronization timer is taken", WDK + "KeInitializeTimerEx, SynchronizationTimer", call("KeInitializeTimerEx", "&t", 1), call("KeSetTimer", "&t", "0xffffffffffffd8f0", 0, is_=0),
  kewait("&t", is_=0), kewait("&t", "&now", is_=TIMEOUT), mem={"t": TIMER, **NOW})
c("KeSetTimerEx is periodic", WDK + "KeSetTimerEx: the period is in milliseconds", call("KeInitializeTimerEx", "&t", 1), call("KeSetTimerEx", "&t", "0xffffffffffffd8f0", 4, 0, is_=0),
  kewait("&t", is_=0, took=[900000, 1000000 + SLACK]), kewait("&t", is_=0, took=[3900000, 4000000 + SLACK]), kewait("&t", is_=0, took=[3900000, 4000000 + SLACK]),
  call("KeCancelTimer", "&t", is_=1), kewait("&t", "&ms5", is_=TIMEOUT), mem={"t": TIMER, "ms5": ms(5)})
c("a timer queues its DPC", WDK + "KeSetTimer: its DPC runs once it is due; KeInitializeDpc", call("KeInitializeTimerEx", "&t", 0), call("KeInitializeDpc", "&d", "@second", "script:dpc"),
  call("KeSetTimer", "&t", "0xffffffffffffd8f0", "&d", is_=0), kewait("&t", is_=0), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), load("&ran", is_=7, mark="main"),
  mem={"t": TIMER, "d": "zero:28", "ran": H, "ms1": ms(1)}, threads={"dpc": [store("&ran", 7, mark="dpc")]}, order=["dpc", "main"])
c("NtSetTimerEx NtCancelTimer", WDK + "NtCancelTimer: whether the timer is signalled, here as BOOLEAN at the pointer", call("NtCreateTimer", "&h", 0, 1, is_=0),
  call("NtSetTimerEx", "*h", "&ms3", 0, 1, 0, 0, 0, 0, is_=0), call("NtWaitForSingleObjectEx", "*h", 1, 0, 0, is_=0, took=[2900000, 3000000 + SLACK]),
  wait("h", "&now", is_=TIMEOUT), call("NtSetTimerEx", "*h", "&ms3", 0, 1, 0, 0, 0, 0, is_=0), call("NtCancelTimer", "*h", 0, is_=0), wait("h", "&ms5", is_=TIMEOUT),
  mem={"h": H, "ms3": ms(3), "ms5": ms(5), **NOW})
c("a periodic Nt timer", WDK + "NtSetTimer: period in milliseconds", call("NtCreateTimer", "&h", 0, 1, is_=0), call("NtSetTimerEx", "*h", "&ms3", 0, 1, 0, 0, 2, 0, is_=0),
  wait("h", is_=0), wait("h", is_=0, took=[1900000, 2000000 + SLACK]), wait("h", is_=0, took=[1900000, 2000000 + SLACK]), mem={"h": H, "ms3": ms(3)})
c("a notification Nt timer stays", WDK + "NotificationTimer: stays signalled until it is set again", call("NtCreateTimer", "&h", 0, 0, is_=0),
  call("NtSetTimerEx", "*h", "&ms3", 0, 1, 0, 0, 0, 0, is_=0), wait("h", is_=0), wait("h", "&now", is_=0), call("NtSetTimerEx", "*h", "&ms3", 0, 1, 0, 0, 0, 0, is_=0),
  wait("h", "&now", is_=TIMEOUT), mem={"h": H, "ms3": ms(3), **NOW})
c("a timer's APC", WDK + "NtSetTimer: the routine gets its context and the due time; it needs an alertable wait of the thread that set it", call("NtCreateTimer", "&h", 0, 0, is_=0),
  call("NtSetTimerEx", "*h", "&ms3", "@run", 1, "script:apc", 0, 0, 0, is_=0), call("KeDelayExecutionThread", 1, 0, "&ms5", is_=0, mark="deaf"),
  call("KeDelayExecutionThread", 1, 1, "&ms5", is_=USER_APC, mark="heard"), mem={"h": H, "ms3": ms(3), "ms5": ms(5), "ran": H}, threads={"apc": [store("&ran", 1, mark="apc")]},
  order=["deaf", "apc", "heard"])

# --- APCs --------------------------------------------------------------------------------------------------------------------
c("APCs run in order at an alertable wait", WDK + "QueueUserAPC: first in, first out; the wait gives WAIT_IO_COMPLETION (STATUS_USER_APC) after all have run",
  call("NtCreateEvent", "&h", 0, 0, 0, is_=0), call("NtQueueApcThread", CURRENT_THREAD, "@run", "script:a", 0, 0, is_=0),
  call("NtQueueApcThread", CURRENT_THREAD, "@run", "script:b", 0, 0, is_=0), wait("h", "&now", is_=TIMEOUT, mark="deaf"), wait("h", 0, 1, is_=USER_APC, mark="main"),
  wait("h", "&ms1", 1, is_=TIMEOUT), mem={"h": H, "x": H, "ms1": ms(1), **NOW}, threads={"a": [store("&x", 1, mark="a")], "b": [store("&x", 2, mark="b")]},
  order=["deaf", "a", "b", "main"])
c("an APC at an alertable wait without time", WDK + "SleepEx and WaitForSingleObjectEx with a timeout of 0 run what is queued; KeWaitForSingleObject tests for APCs before the timeout",
  call("NtCreateEvent", "&h", 0, 0, 0, is_=0), call("NtQueueApcThread", CURRENT_THREAD, "@run", "script:a", 0, 0, is_=0), wait("h", "&now", 1, is_=USER_APC, mark="main"),
  call("NtQueueApcThread", CURRENT_THREAD, "@run", "script:a", 0, 0, is_=0), call("KeDelayExecutionThread", 1, 1, "&now", is_=USER_APC, mark="main"),
  mem={"h": H, "x": H, **NOW}, threads={"a": [store("&x", 1, mark="a", times=2)]}, order=["a", "main", "a", "main"])
c("a signalled object comes before an APC", WDK + "KeWaitForSingleObject: an object that is signalled satisfies the wait before APCs are looked for",
  call("NtCreateEvent", "&h", 0, 1, 1, is_=0), call("NtQueueApcThread", CURRENT_THREAD, "@run", "script:a", 0, 0, is_=0), wait("h", 0, 1, is_=0, mark="main"),
  wait("h", 0, 1, is_=USER_APC, mark="main"), mem={"h": H, "x": H}, threads={"a": [store("&x", 1, mark="a")]}, order=["main", "a", "main"])
c("an APC ends another thread's alertable wait", WDK + "QueueUserAPC", thread("t", "a"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0),
  call("NtQueueApcThread", "*t", "@run", "script:apc", 0, 0, is_=0), join("t", mark="main"), mem={"t": H, "x": H, "ms1": ms(1), "ms900": ms(900)},
  threads={"a": [call("KeDelayExecutionThread", 1, 1, "&ms900", is_=USER_APC, took=[0, 2000000], mark="a")], "apc": [store("&x", 1, mark="apc")]}, order=["apc", "a", "main"])
c("KeInitializeApc", CANARY + "KeInitializeApc: type 18, mode, thread, routines, context", call("KeInitializeApc", "&apc", "&thread", "0x11111111", "0x22222222", "0x33333333", 1, "0x44444444"),
  call("KeInitializeApc", "&none", "&thread", "0x11111111", "0x22222222", 0, 1, "0x44444444"), mem={"apc": "zero:40", "none": "ffffffff zero:36", "thread": "zero:16"},
  after={"apc": "0012 01 00 &thread any:8 11111111 22222222 33333333 44444444", "none": "0012 00 00 &thread any:8 11111111 22222222 00000000 00000000"})
c("KeInsertQueueApc KeRemoveQueueApc", WDK + "KeInsertQueueApc: FALSE if it is queued already; KeRemoveQueueApc: TRUE if it was", call("ObReferenceObjectByHandle", CURRENT_THREAD, 0, "&me", is_=0),
  call("KeInitializeApc", "&apc", "*me", "@nothing", 0, "@run", 1, "script:a"), call("KeInsertQueueApc", "&apc", 1, 2, 0, is_=1), call("KeInsertQueueApc", "&apc", 1, 2, 0, is_=0),
  call("KeRemoveQueueApc", "&apc", is_=1), call("KeRemoveQueueApc", "&apc", is_=0), call("KeDelayExecutionThread", 1, 1, "&ms1", is_=0, mark="main"),
  call("KeInsertQueueApc", "&apc", 1, 2, 0, is_=1), call("KeDelayExecutionThread", 1, 1, "&ms1", is_=USER_APC, mark="main"), mem={"me": H, "apc": "zero:40", "x": H, "ms1": ms(1)},
  threads={"a": [store("&x", 1, mark="a")]}, order=["main", "a", "main"])
APC = "zero:40"
ME = call("ObReferenceObjectByHandle", CURRENT_THREAD, 0, "&me", is_=0)


def insert(apc, routine=0, ctx=0, kernel="@behind_fourth", a="script:k", **rest):
    """A KAPC of kernel mode for this thread, and its place in the queue; its kernel routine finds its script in SystemArgument1."""
    return [call("KeInitializeApc", "&" + apc, "*me", kernel, 0, routine, 0, ctx), call("KeInsertQueueApc", "&" + apc, a, 0, 0, is_=1, **rest)]


c("an APC that waits alertably lets the others run", WDK + "QueueUserAPC: an alertable wait delivers what is queued, one within an APC too, and ends after it",
  call("NtQueueApcThread", CURRENT_THREAD, "@run", "script:a", 0, 0, is_=0), call("NtQueueApcThread", CURRENT_THREAD, "@run", "script:b", 0, 0, is_=0),
  call("NtQueueApcThread", CURRENT_THREAD, "@run", "script:c", 0, 0, is_=0), call("SleepEx", 900, 1, is_=USER_APC, mark="main"), call("SleepEx", 1, 1, is_=0), mem={"x": H},
  threads={"a": [store("&x", 1, mark="a"), call("SleepEx", 900, 1, is_=USER_APC, took=[0, 100000], mark="again")], "b": [store("&x", 2, mark="b")], "c": [store("&x", 3, mark="c")]},
  order=["a", "b", "c", "again", "main"])
c("a special kernel APC runs at once", WDK + "Types of APCs: without a normal routine, at IRQL APC_LEVEL, whenever the thread is below it", ME, *insert("apc"), store("&x", 1, mark="main"),
  mem={"me": H, "x": H, "apc": APC}, threads={"k": [call("KfRaiseIrql", 1, is_=1, mark="k")]}, order=["k", "main"])
c("at APC_LEVEL no APC runs", WDK + "Disabling APCs", ME, call("KfRaiseIrql", 1, is_=0), *insert("apc", mark="raised"), store("&x", 1, mark="still"), call("KfLowerIrql", 0),
  store("&x", 2, mark="lowered"), mem={"me": H, "x": H, "apc": APC}, threads={"k": [store("&x", 3, mark="k")]}, order=["raised", "still", "k", "lowered"])
c("a normal kernel APC waits for the end of a critical region", WDK + "KeEnterCriticalRegion: disables normal kernel APCs, special ones still run", ME, call("KeEnterCriticalRegion"),
  *insert("n", "@run", "script:n", kernel="@nothing", mark="queued"), *insert("s"), store("&x", 1, mark="within"), call("KeLeaveCriticalRegion"), store("&x", 1, mark="left"),
  mem={"me": H, "x": H, "n": APC, "s": APC}, threads={"k": [store("&x", 2, mark="k")], "n": [call("KfRaiseIrql", 0, is_=0, mark="n")]}, order=["queued", "k", "within", "n", "left"])
c("special kernel APCs come before normal ones", WDK + "Types of APCs; " + CANARY + "KeInsertQueueApc: before the first that has a normal routine", ME, call("KfRaiseIrql", 1, is_=0),
  *insert("n", "@run", "script:n", kernel="@nothing"), *insert("s"), call("KfLowerIrql", 0), store("&x", 1, mark="main"), mem={"me": H, "x": H, "n": APC, "s": APC},
  threads={"k": [store("&x", 2, mark="k")], "n": [store("&x", 3, mark="n")]}, order=["k", "n", "main"])
c("the kernel routine of a user APC comes first", WDK + "Types of APCs; " + CANARY + "the kernel routine gets the APC and where its routine, context and arguments lie", ME,
  call("KeInitializeApc", "&apc", "*me", "@behind_fourth", 0, "@run", 1, "script:n"), call("KeInsertQueueApc", "&apc", "script:k", 0, 0, is_=1), call("SleepEx", 900, 1, is_=USER_APC, mark="main"),
  mem={"me": H, "x": H, "apc": APC}, threads={"k": [call("KfRaiseIrql", 1, is_=1, mark="k")], "n": [call("KfRaiseIrql", 0, is_=0, mark="n")]}, order=["k", "n", "main"])
c("a kernel APC interrupts a wait that goes on", WDK + "Waits and APCs: a wait that is not alertable is resumed after a kernel APC, with what is left of its time", thread("t", "a", 1),
  call("ObReferenceObjectByHandle", "*t", 0, "&me", is_=0), call("SleepEx", 2, 0, is_=0), *insert("apc"), join("t", mark="main"), mem={"t": H, "me": H, "x": H, "apc": APC, "ms5": ms(5)},
  threads={"a": [call("KeDelayExecutionThread", 1, 0, "&ms5", is_=0, took=[4990000, 5000000 + SLACK], mark="a")], "k": [store("&x", 1, mark="k")]}, order=["k", "a", "main"])
c("an object that is signalled while a kernel APC runs", WDK + "Waits and APCs: the wait is tried again when the APC has run", call("NtCreateEvent", "&e", 0, 1, 0, is_=0), thread("t", "a", 1),
  call("ObReferenceObjectByHandle", "*t", 0, "&me", is_=0), call("SleepEx", 2, 0, is_=0), *insert("apc"), join("t", mark="main"), mem={"t": H, "me": H, "e": H, "x": H, "apc": APC},
  threads={"a": [wait("e", is_=0, mark="a")], "k": [call("NtSetEvent", "*e", 0, is_=0), store("&x", 1, mark="k")]}, order=["k", "a", "main"])
c("KeAlertThread", WDK + "NtAlertThread: an alertable wait gives STATUS_ALERTED", thread("t", "a"), call("ObReferenceObjectByHandle", "*t", 0, "&object", is_=0),
  call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("KeAlertThread", "*object", 1), join("t"), mem={"t": H, "object": H, "ms1": ms(1), "ms900": ms(900)},
  threads={"a": [call("KeDelayExecutionThread", 1, 1, "&ms900", is_=ALERTED, took=[0, 2000000])]})

# --- DPCs --------------------------------------------------------------------------------------------------------------------
c("KeInitializeDpc", WDK + "KDPC; " + CANARY + "type 19, routine, context", call("KeInitializeDpc", "&d", "0x11111111", "0x22222222"), mem={"d": "zero:28"},
  after={"d": "0013", "d+12": "11111111 22222222"})
c("KeInsertQueueDpc", WDK + "KeInsertQueueDpc: TRUE if it was not queued; DPCs run in order, before threads", call("KeInitializeDpc", "&d", "@second", "script:a"),
  call("KeInitializeDpc", "&f", "@second", "script:b"), call("KfRaiseIrql", 2, is_=0), call("KeInsertQueueDpc", "&d", 5, 6, is_=1), call("KeInsertQueueDpc", "&d", 5, 6, is_=0),
  call("KeInsertQueueDpc", "&f", 0, 0, is_=1), call("KfLowerIrql", 0), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0, mark="main"), mem={"d": "zero:28", "f": "zero:28", "x": H, "ms1": ms(1)},
  threads={"a": [store("&x", 1, mark="a")], "b": [store("&x", 2, mark="b")]}, order=["a", "b", "main"])
c("KeRemoveQueueDpc", WDK + "KeRemoveQueueDpc: TRUE if it was queued", call("KeInitializeDpc", "&d", "@second", "script:a"), call("KeRemoveQueueDpc", "&d", is_=0), call("KfRaiseIrql", 2, is_=0),
  call("KeInsertQueueDpc", "&d", 0, 0, is_=1), call("KeRemoveQueueDpc", "&d", is_=1), call("KfLowerIrql", 0), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), mem={"d": "zero:28", "x": H, "ms1": ms(1)},
  threads={"a": [store("&x", 1, never=True)]})

# --- completion ports ----------------------------------------------------------------------------------------------------------
c("NtCreateIoCompletion", WDK + "I/O completion: packets first in, first out; key, context, status and information", call("NtCreateIoCompletion", "&h", 0, 0, 0, is_=0),
  call("NtSetIoCompletion", "*h", 11, 12, 13, 14, is_=0), call("NtSetIoCompletion", "*h", 21, 22, 23, 24, is_=0), call("NtRemoveIoCompletion", "*h", "&key", "&ctx", "&iosb", "&now", is_=0),
  call("NtRemoveIoCompletion", "*h", "&key2", "&ctx2", "&iosb2", "&now", is_=0), call("NtRemoveIoCompletion", "*h", "&key", "&ctx3", "&iosb3", "&now", is_=TIMEOUT),
  mem={"h": H, "key": H, "key2": H, "ctx": H, "ctx2": H, "ctx3": H, "iosb": "zero:8", "iosb2": "zero:8", "iosb3": "zero:8", **NOW},
  after={"key": "0000000b", "ctx": "0000000c", "iosb": "0000000d 0000000e", "key2": "00000015", "ctx2": "00000016", "iosb2": "00000017 00000018"})
c("NtRemoveIoCompletion waits", WDK + "NtRemoveIoCompletion", call("NtCreateIoCompletion", "&h", 0, 0, 0, is_=0), thread("t", "a"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0),
  call("NtSetIoCompletion", "*h", 1, 2, 3, 4, is_=0), join("t"), mem={"h": H, "t": H, "key": H, "ctx": H, "iosb": "zero:8", "ms1": ms(1)},
  threads={"a": [call("NtRemoveIoCompletion", "*h", "&key", "&ctx", "&iosb", 0, is_=0)]}, after={"key": "00000001", "ctx": "00000002", "iosb": "00000003 00000004"})

# --- read/write locks -------------------------------------------------------------------------------------------------------------
RW = {"l": "zero:64"}
c("ExTryToAcquireReadWriteLockExclusive", CANARY + "X_ERWLOCK: an owner excludes all", call("ExInitializeReadWriteLock", "&l"), call("ExTryToAcquireReadWriteLockExclusive", "&l", is_=1),
  call("ExTryToAcquireReadWriteLockExclusive", "&l", is_=0), call("ExTryToAcquireReadWriteLockShared", "&l", is_=0), call("ExReleaseReadWriteLock", "&l"),
  call("ExTryToAcquireReadWriteLockShared", "&l", is_=1), call("ExTryToAcquireReadWriteLockExclusive", "&l", is_=0), call("ExTryToAcquireReadWriteLockShared", "&l", is_=1),
  call("ExReleaseReadWriteLock", "&l"), call("ExTryToAcquireReadWriteLockExclusive", "&l", is_=0), call("ExReleaseReadWriteLock", "&l"),
  call("ExTryToAcquireReadWriteLockExclusive", "&l", is_=1), mem=RW)
c("ExAcquireReadWriteLockExclusive waits", CANARY + "ExReleaseReadWriteLock wakes the writer that waits, then readers", call("ExInitializeReadWriteLock", "&l"),
  call("ExAcquireReadWriteLockShared", "&l"), thread("t", "w"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), thread("u", "r"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0, mark="main"),
  call("ExReleaseReadWriteLock", "&l"), join("t"), join("u"), mem={**RW, "t": H, "u": H, "ms1": ms(1)},
  threads={"w": [call("ExAcquireReadWriteLockExclusive", "&l", mark="w"), call("ExReleaseReadWriteLock", "&l")],
           "r": [call("ExAcquireReadWriteLockShared", "&l", mark="r"), call("ExReleaseReadWriteLock", "&l")]}, order=["main", "w", "r"])
for first, again in (("ExAcquireReadWriteLockShared", "ExTryToAcquireReadWriteLockShared"), ("ExTryToAcquireReadWriteLockShared", "ExTryToAcquireReadWriteLockShared"),
                     ("ExAcquireReadWriteLockShared", "ExAcquireReadWriteLockShared")):
  shares = [call(n, "&l", **({"is_": 1} if "Try" in n else {})) for n in (first, again)]
  # A writer waits until each of them has left, and what the lock counts says so at each step: its users, writers and readers that wait, readers inside.
  counts = lambda *four: [load(f"&l+{4 * i}", is_=n) for i, n in enumerate(four)]
  c(f"a writer waits for both readers: {first}, {again}", CANARY + "X_ERWLOCK", call("ExInitializeReadWriteLock", "&l"), *counts(0xFFFFFFFF, 0, 0, 0), *shares, *counts(1, 0, 0, 2),
    thread("t", "w"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), *counts(2, 1, 0, 2), call("ExReleaseReadWriteLock", "&l"), *counts(1, 1, 0, 1),
    call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0, mark="one is left"), call("ExReleaseReadWriteLock", "&l"), join("t"), *counts(0xFFFFFFFF, 0, 0, 0),
    mem={**RW, "t": H, "ms1": ms(1)}, threads={"w": [call("ExAcquireReadWriteLockExclusive", "&l", mark="w"), call("ExReleaseReadWriteLock", "&l")]}, order=["one is left", "w"])
c("readers share", CANARY + "ExAcquireReadWriteLockShared", call("ExInitializeReadWriteLock", "&l"), call("ExAcquireReadWriteLockShared", "&l"), thread("t", "r"), join("t", mark="main"),
  call("ExReleaseReadWriteLock", "&l"), call("ExTryToAcquireReadWriteLockExclusive", "&l", is_=1), mem={**RW, "t": H},
  threads={"r": [call("ExAcquireReadWriteLockShared", "&l", mark="r"), call("ExReleaseReadWriteLock", "&l")]}, order=["r", "main"])

# --- critical sections, spin locks, IRQL ----------------------------------------------------------------------------------------------
CS = {"cs": "zero:28"}
c("RtlInitializeCriticalSection", "ReactOS and " + CANARY + "lock count -1, no owner", call("RtlInitializeCriticalSection", "&cs"), mem={"cs": "ff ff zero:26"},
  after={"cs": "01 00", "cs+16": "ffffffff 00000000 00000000"})
c("RtlInitializeCriticalSectionAndSpinCount", CANARY + "spin count in units of 256 in the header", call("RtlInitializeCriticalSectionAndSpinCount", "&cs", 4000, is_=0), mem=CS,
  after={"cs": "01 10", "cs+16": "ffffffff 00000000 00000000"})
c("RtlEnterCriticalSection is recursive", "Win32: critical sections", call("RtlInitializeCriticalSection", "&cs"), call("RtlEnterCriticalSection", "&cs"), call("RtlEnterCriticalSection", "&cs"),
  call("RtlTryEnterCriticalSection", "&cs", is_=1), load("&cs+16", is_=2), load("&cs+20", is_=3), call("RtlLeaveCriticalSection", "&cs"), call("RtlLeaveCriticalSection", "&cs"),
  call("RtlLeaveCriticalSection", "&cs"), mem=CS, after={"cs+16": "ffffffff 00000000 00000000"})
c("RtlTryEnterCriticalSection of another's", "Win32: TryEnterCriticalSection gives FALSE", call("RtlInitializeCriticalSection", "&cs"), call("RtlEnterCriticalSection", "&cs"), thread("t", "a"), join("t"),
  call("RtlLeaveCriticalSection", "&cs"), thread("t", "b"), join("t"), mem={**CS, "t": H}, threads={"a": [call("RtlTryEnterCriticalSection", "&cs", is_=0)], "b": [
      call("RtlTryEnterCriticalSection", "&cs", is_=1), call("RtlLeaveCriticalSection", "&cs")]}, after={"cs+16": "ffffffff 00000000 00000000"})
c("RtlEnterCriticalSection in order", "Win32: a critical section wakes who waits, here first in, first out (its event is a synchronization event)", call("RtlInitializeCriticalSection", "&cs"),
  call("RtlEnterCriticalSection", "&cs"), thread("h0", "a"), thread("h1", "b"), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0, mark="main"), call("RtlLeaveCriticalSection", "&cs"), join("h0"),
  join("h1"), mem={**CS, "h0": H, "h1": H, "ms1": ms(1)}, threads={n: [call("RtlEnterCriticalSection", "&cs", mark=n), call("RtlLeaveCriticalSection", "&cs")] for n in "ab"},
  order=["main", "a", "b"], after={"cs+16": "ffffffff 00000000 00000000"})
c("KfRaiseIrql KfLowerIrql KeRaiseIrqlToDpcLevel", WDK + "KeRaiseIrql gives the old IRQL", call("KfRaiseIrql", 1, is_=0), call("KeRaiseIrqlToDpcLevel", is_=1), call("KfLowerIrql", 1),
  call("KfRaiseIrql", 2, is_=1), call("KfLowerIrql", 0), call("KeRaiseIrqlToDpcLevel", is_=0), call("KfLowerIrql", 0))
c("KfAcquireSpinLock", WDK + "KeAcquireSpinLock raises to DISPATCH_LEVEL and gives the old IRQL", call("KfAcquireSpinLock", "&lock", is_=0), load("&lock", not_=0), call("KfRaiseIrql", 2, is_=2),
  call("KfReleaseSpinLock", "&lock", 0), call("KfRaiseIrql", 1, is_=0), call("KfLowerIrql", 0), mem={"lock": H}, after={"lock": H})
c("KeTryToAcquireSpinLockAtRaisedIrql", WDK + "KeTryToAcquireSpinLockAtDpcLevel", call("KeRaiseIrqlToDpcLevel", is_=0), call("KeTryToAcquireSpinLockAtRaisedIrql", "&lock", is_=1),
  call("KeTryToAcquireSpinLockAtRaisedIrql", "&held", is_=0), call("KeReleaseSpinLockFromRaisedIrql", "&lock"), load("&lock", is_=0), call("KeAcquireSpinLockAtRaisedIrql", "&lock"), load("&lock", not_=0),
  call("KeReleaseSpinLockFromRaisedIrql", "&lock"), call("KfRaiseIrql", 2, is_=2), call("KfLowerIrql", 0), mem={"lock": H, "held": "12345678"}, after={"lock": H, "held": "12345678"})
c("a spin lock excludes", WDK + "KeAcquireSpinLock: the second spins until the first releases", call("KfAcquireSpinLock", "&lock", is_=0), thread("t", "a", cpu=2), spin(300000), store("&x", 1, mark="main"),
  call("KfReleaseSpinLock", "&lock", 0), join("t"), mem={"lock": H, "t": H, "x": H}, threads={"a": [call("KfAcquireSpinLock", "&lock", is_=0), load("&x", is_=1, mark="a"), call("KfReleaseSpinLock", "&lock", 0)]},
  order=["main", "a"], after={"lock": H})
c("KeEnterCriticalRegion", CANARY + "KTHREAD+B0 counts", call("ObReferenceObjectByHandle", CURRENT_THREAD, 0, "&me", is_=0), call("KeEnterCriticalRegion"), call("KeEnterCriticalRegion"), load("*me+0xb0", is_=0xFFFFFFFE),
  call("KeLeaveCriticalRegion"), load("*me+0xb0", is_=0xFFFFFFFF), call("KeLeaveCriticalRegion"), load("*me+0xb0", is_=0), mem={"me": H})

#!/usr/bin/env python3
"""Rewrites a recording of Wedge as the file that another engine would have made of the same run.

usage: convert.py --to FORM IN OUT        IN and OUT: .jsonl, .log, or either with .zst (through the zstd program)

forms:
  log        stock text log of xenia-canary, level 3 with high-frequency calls: calls and their arguments, handles, threads;
             no results, no waits, no signals; threads by their handle
  reference  JSON Lines of the instrumented xenia-canary: integers, values with a sign extended to 64 bits, `handle`, `stack`,
             `new_tid`, `guest_objects`; no `out`, no resolved arguments, no semantic ids, no signals, no header or footer
  lying      the same, with the return of each wait that never ends written at its entry
  minimal    kind, tid, idx, host_ns and name of each event, and nothing else

In the first three the guest's threads are numbered from 6, after the five threads of that engine's own; interrupts and DPCs run
on its thread 2. Events that such an engine does not write are left out, and positions are counted anew.
"""
import argparse, json, subprocess, sys

FIRST_GUEST = 5  # added to a thread's number
HOST_THREADS = ("GPU Commands", "GPU Frame limiter", "XMA Decoder", "Audio Worker", "Kernel Dispatch")
INTERRUPT_TID = 2

# How that engine prints arguments that are not plain 32-bit words: d, Q pointer to a word or to two, o object attributes, s string,
# W 16-bit word, q 64-bit word, i decimal, c the thread's context (which is no argument). All others are eight digits.
ARGUMENTS = {
    "DbgPrint": "sc", "ExAcquireReadWriteLockExclusive": "pc", "ExAcquireReadWriteLockShared": "pc", "ExAllocatePool": "wc",
    "ExCreateThread": "dwdwppw", "ExFreePool": "pc", "ExReleaseReadWriteLock": "pc", "KeDelayExecutionThread": "wwQc",
    "KeGetCurrentProcessType": "c", "KeQuerySystemTime": "Qc", "KeSetAffinityThread": "pwd", "KeWaitForSingleObject": "pwwwQ",
    "KfAcquireSpinLock": "pc", "KfReleaseSpinLock": "pwc", "NtAllocateVirtualMemory": "ddwww", "NtCancelTimer": "wd",
    "NtCreateEvent": "doww", "NtCreateFile": "dwopQwwww", "NtCreateIoCompletion": "dwpw", "NtCreateMutant": "dow",
    "NtCreateSemaphore": "dpww", "NtCreateTimer": "dpw", "NtDuplicateObject": "wdw", "NtFreeVirtualMemory": "ddww",
    "NtOpenFile": "dwopww", "NtProtectVirtualMemory": "ddwdw", "NtPulseEvent": "wd", "NtQueryFullAttributesFile": "op",
    "NtQueueApcThread": "wppppc", "NtReadFile": "wwppppwQ", "NtReleaseSemaphore": "wwd", "NtRemoveIoCompletion": "wddpQ",
    "NtResumeThread": "wd", "NtSetEvent": "wd", "NtSetTimerEx": "wQpwpwww", "NtSignalAndWaitForSingleObjectEx": "wwwwQ",
    "NtSuspendThread": "wdc", "NtWaitForMultipleObjectsEx": "wdwwwQ", "NtWaitForSingleObjectEx": "wwwQ", "NtWriteFile": "wwwpppwQ",
    "ObDereferenceObject": "wc", "ObReferenceObjectByHandle": "wwd", "RtlInitAnsiString": "ps", "VdEnableRingBufferRPtrWriteBack": "pi",
    "VdInitializeEngines": "pwpdd", "VdInitializeRingBuffer": "pi", "VdSwap": "pppppddddd", "XamNotifyCreateListener": "qw",
    "XexGetModuleHandle": "sd", "XexGetModuleSection": "psdd", "XexGetProcedureAddress": "pwd", "XexLoadImage": "swwd",
    "ExGetXConfigSetting": "WWpWp",
}


def number(v):
    return int(v, 16) if isinstance(v, str) else int(v)


def extended(v):
    """A word as a register of 64 bits holds it after a load-immediate or a 32-bit result: with its sign."""
    v &= 0xFFFFFFFF
    return v | 0xFFFFFFFF00000000 if v & 0x80000000 else v


def argument(v):
    """Addresses within the image and small negative numbers come from immediates, others from memory, without a sign."""
    v = number(v)
    return extended(v) if 0x80000000 <= v < 0xA0000000 or 0xFFFF0000 <= v <= 0xFFFFFFFF else v


def read(path):
    if path.endswith(".zst"):
        p = subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE, encoding="latin-1")
        yield from p.stdout
        if p.wait():
            raise SystemExit(f"{path}: zstd cannot read it")
    else:
        with open(path, encoding="latin-1") as f:
            yield from f


class Output:
    def __init__(self, path):
        self.process = None
        if path.endswith(".zst"):
            self.file = open(path, "wb")
            self.process = subprocess.Popen(["zstd", "-q", "-c"], stdin=subprocess.PIPE, stdout=self.file, encoding="latin-1")
            self.line = self.process.stdin.write
        else:
            self.file = open(path, "w", encoding="latin-1")
            self.line = self.file.write

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
        self.file.close()


class State:
    """What both engines know while a run goes on: handles of objects, threads, the call that each thread is in."""

    def __init__(self):
        self.raw = {}  # semantic id -> first handle
        self.calls = {}  # tid -> its kernel.call
        self.handles = {0: 0}  # tid -> handle of the thread
        self.next_adopted = 0xF8100000

    def see(self, e):
        kind, tid = e["kind"], e["tid"]
        if kind == "handle.create":
            self.raw.setdefault(e["hsid"], number(e["raw"]))
        elif kind == "thread.create":
            self.handles[e["child"]] = self.handle_of_thread(number(e["raw"]))
            self.raw.setdefault(e["hsid"], number(e["raw"]))
        elif kind == "thread.exit":
            self.handles.pop(tid, None)
        elif kind == "kernel.call":
            self.calls[tid] = e

    def handle_of_thread(self, raw):
        """A thread keeps its handle there while it lives, so that no other gets it."""
        if raw not in self.handles.values():
            return raw
        self.next_adopted += 4
        return self.next_adopted - 4

    def adopt(self, hsid):
        """The handle that the engine gives to an object in guest memory when it first meets it; None if it has one."""
        if hsid in self.raw:
            return None
        self.raw[hsid] = self.next_adopted
        self.next_adopted += 4
        return self.raw[hsid]

    def unknown_objects(self, e):
        """(semantic id, type) of objects in guest memory that this event touches."""
        if e["kind"] == "signal" and e["object_type"] != "Thread":
            return [(e["hsid"], e["object_type"])]
        if e["kind"] == "wait.begin":
            return [(h["hsid"], h["object_type"]) for h in e["handles"] if isinstance(h, dict)]
        return []


def guest_tid(tid, kind):
    if tid:
        return tid + FIRST_GUEST
    return INTERRUPT_TID if kind.startswith(("kernel.", "handle.adopt")) else 0


# ---------------------------------------------------------------- JSON Lines


class Reference:
    """The instrumented reference."""

    def __init__(self, out, endless):
        self.out, self.endless, self.state, self.idx = out, endless, State(), {}
        self.ns = 0
        for n, name in enumerate(HOST_THREADS):
            raw = 0x01000010 + 4 * n
            self._put("handle.create", 0, {"raw": raw, "object_type": "Thread", "guest_object": 0})
            self._put("thread.create", 0, {"new_tid": n + 1, "handle": raw, "entry": 0, "ctx": 0, "stack": 131072, "flags": 0, "xapi_startup": 0, "guest": False})
            self._put("thread.start", n + 1, {"handle": raw, "entry": 0, "ctx": 0})

    def _put(self, kind, tid, rest):
        idx = self.idx.get(tid, 0)
        self.idx[tid] = idx + 1
        self.out.line(json.dumps({"engine": "canary", "kind": kind, "tid": tid, "idx": idx, "host_ns": self.ns, **rest}, separators=(",", ":")) + "\n")

    def event(self, e):
        s, kind = self.state, e["kind"]
        s.see(e)
        self.ns = max(self.ns, e["host_ns"])
        tid = guest_tid(e["tid"], kind)
        for hsid, object_type in s.unknown_objects(e):
            raw = s.adopt(hsid)
            if raw:
                object_type = "Event" if object_type == "CriticalSection" else object_type
                self._put("handle.create", guest_tid(e["tid"], "handle.adopt"), {"raw": raw, "object_type": object_type, "guest_object": 0})
        write = getattr(self, "_" + kind.replace(".", "_"), None)
        if write:
            write(e, tid)

    def _handle_create(self, e, tid):
        self._put("handle.create", tid, {"raw": number(e["raw"]), "object_type": e["object_type"], "guest_object": 0})

    _handle_dup = _handle_create

    def _handle_destroy(self, e, tid):
        self._put("handle.destroy", tid, {"raw": number(e["raw"]), "object_type": e["object_type"], "guest_object": 0})

    def _thread_create(self, e, tid):
        self._put("thread.create", tid, {"new_tid": e["child"] + FIRST_GUEST, "handle": number(e["raw"]), "entry": number(e["entry"]), "ctx": number(e["ctx"]),
                                         "stack": e["stack_size"], "flags": number(e["flags"]), "xapi_startup": 0, "guest": True})

    def _thread_start(self, e, tid):
        self._put("thread.start", tid, {"handle": self.state.handles.get(e["tid"], 0), "entry": number(e["entry"]), "ctx": number(e["ctx"])})

    def _thread_exit(self, e, tid):
        self._put("thread.exit", tid, {"code": number(e["code"])})

    def _kernel_call(self, e, tid):
        self._put("kernel.call", tid, {"name": e["name"], "ordinal": e["ordinal"], "module": e["module"], "args": [argument(a) for a in e["args"]], "lr": number(e["lr"])})

    def _kernel_return(self, e, tid):
        call = self.state.calls.get(e["tid"], {})
        rest = {"name": e["name"], "ordinal": call.get("ordinal", 0), "module": call.get("module", "xboxkrnl.exe")}
        if e.get("void"):
            args = call.get("args") or ["0x0"]
            rest.update(rv=argument(args[0]), void=True)
        else:
            rest["rv"] = extended(number(e.get("rv", 0)))
        self._put("kernel.return", tid, rest)

    def _wait_begin(self, e, tid):
        if not e["handles"]:
            return  # a delay is no wait for an object there
        raws = [self.state.raw.get(h["hsid"] if isinstance(h, dict) else h, 0) for h in e["handles"]]
        self._put("wait.begin", tid, {"op": "single" if len(raws) == 1 else "multiple", "handles": raws, "guest_objects": [0] * len(raws),
                                      "timeout_ns": e["timeout_ns"], "alertable": e["alertable"], "reason": 3})
        if (e["tid"], e["idx"]) in self.endless:
            call = self.state.calls[e["tid"]]
            self._kernel_return({"tid": e["tid"], "name": call["name"], "rv": 0}, tid)

    def _wait_end(self, e, tid):
        if e["tid"] in self.state.calls and self.state.calls[e["tid"]]["name"] == "KeDelayExecutionThread":
            return
        self._put("wait.end", tid, {"op": "single", "status": number(e["status"])})

    def finish(self):
        pass


class Minimal:
    def __init__(self, out, endless):
        self.out = out

    def event(self, e):
        kept = {k: e[k] for k in ("kind", "tid", "idx", "host_ns", "name") if k in e}
        self.out.line(json.dumps(kept, separators=(",", ":")) + "\n")

    def finish(self):
        pass


# ---------------------------------------------------------------- text log


class Log:
    """The stock text log."""

    def __init__(self, out, endless):
        self.out, self.state = out, State()
        self.stack = 0x70010000
        self.waiting = None  # a wait for several objects, whose line has the first of them
        self._line("i", 0, "Storage root: /home/user/xenia")
        self._line("i", 0, "----------- CONFIG DUMP -----------")
        out.line('\n[Kernel]\nignore_thread_affinities = true                   \t\n\n[Logging]\nlog_level = 3                                     \t\n\n')
        for n, name in enumerate(HOST_THREADS):
            raw = 0x01000010 + 4 * n
            self._line("i", 0, f"Added handle:{raw:08X} for N2xe6kernel7XObjectE")
            self._stack_line(0, raw, n + 1, 0x20000)
            self._line("K", raw, f"XThread::Execute thid {n + 1} (handle={raw:08X}, '{name} ({raw:08X})', native=ABFFF6C0, <host>)")

    def _line(self, level, handle, text):
        text = text.replace("\n", "\\n").replace("\r", "\\r")
        self.out.line(f"{level}> {handle or 0x137E:08X} {text}\n")

    def _stack_line(self, creator, raw, thid, size):
        size = (size + 0xFFFF) & ~0xFFFF
        self._line("i", creator, f"XThread{raw:08X} ({thid:X}) Stack: {self.stack:08X}-{self.stack + size:08X}")
        self.stack += size + 0x20000

    def _me(self, e):
        if e["tid"] == 0 and e["kind"].startswith(("kernel.", "signal")):
            return 0x01000010 + 4 * (INTERRUPT_TID - 1)
        return self.state.handles.get(e["tid"], 0)

    def event(self, e):
        s, kind = self.state, e["kind"]
        s.see(e)
        for hsid, _ in s.unknown_objects(e):
            raw = s.adopt(hsid)
            if raw:
                self._line("i", self._me(e), f"Added handle:{raw:08X} for N2xe6kernel7XObjectE")
        if kind in ("handle.create", "handle.dup"):
            self._line("i", self._me(e), f"Added handle:{number(e['raw']):08X} for N2xe6kernel7XObjectE")
        elif kind == "handle.destroy":
            name = "X" + e["object_type"]
            self._line("i", self._me(e), f"Removed handle:{number(e['raw']):08X} for N2xe6kernel{len(name)}{name}E")
        elif kind == "thread.create":
            self._stack_line(self._me(e), s.handles[e["child"]], e["child"] + FIRST_GUEST, e["stack_size"])
        elif kind == "thread.start":
            h, name = self._me(e), "Main XThread" if e["tid"] == 1 else "XThread7FBFE6C0"
            self._line("K", h, f"XThread::Execute thid {e['tid'] + FIRST_GUEST} (handle={h:08X}, '{name} ({h:08X})', native=7FBFE6C0)")
        elif kind == "kernel.call":
            self.waiting = e if e["name"].startswith(("NtWaitForMultiple", "KeWaitForMultiple")) else None
            if not self.waiting:
                self._call_line(e, 0)
        elif kind == "wait.begin" and self.waiting:
            first = e["handles"][0] if e["handles"] else ""
            in_memory = isinstance(first, dict) and self.waiting["name"].startswith("Ke")  # what the array holds there
            self._call_line(self.waiting, number(first["guest_object"]) if in_memory else s.raw.get(first["hsid"] if isinstance(first, dict) else first, 0))
            self.waiting = None
        elif kind == "kernel.return":
            if self.waiting:  # it did not come to a wait
                self._call_line(self.waiting, 0)
                self.waiting = None
            self._result(e)
        elif kind == "guest.print":
            self._line("d", self._me(e), "(DbgPrint) " + e["text"].rstrip("\n"))
        elif kind == "module.load":
            self._line("i", 0, f"Loading module {e['path']}")

    def _call_line(self, e, pointed):
        self._line("d", self._me(e), f"{e['name']}({', '.join(self._arguments(e, pointed))})")

    # Two exports log what they give; no other does.
    def _result(self, e):
        if e["name"] == "MmAllocatePhysicalMemoryEx":
            size, protect = (number(x) for x in self.state.calls[e["tid"]]["args"][1:3])
            page = 0x10000 if protect & 0x20000000 else 0x1000000 if protect & 0x80000000 else 0x1000
            self._line("d", self._me(e), f"MmAllocatePhysicalMemoryEx = {number(e['rv']):08X} Size: {-(-size // page) * page:08X}")

    def _arguments(self, e, pointed):
        args = [number(a) for a in e["args"]]
        kinds = ARGUMENTS.get(e["name"], "w" * len(args))
        resolved, texts = e.get("args_resolved", {}), []
        for i, kind in enumerate(kinds):
            if kind == "c":
                texts.append("ContextArg")
                continue
            if i >= len(args):
                break
            texts.append(self._argument(kind, args[i], resolved, pointed))
        return texts

    @staticmethod
    def _argument(kind, v, resolved, pointed):
        if kind == "i":
            return str(v)
        if kind == "W":
            return f"{v & 0xFFFF:04X}"
        if kind == "q":
            return f"{v:016X}"
        text = f"{v & 0xFFFFFFFF:08X}"
        if v == 0:
            return text
        if kind == "d":
            return text + f"({pointed:08X})"
        if kind == "Q":
            return text + f"({resolved.get('timeout_100ns', 0) & 0xFFFFFFFFFFFFFFFF:016X})"
        if kind == "s" and "string" in resolved:
            return f"{text}({resolved['string']})"
        if kind == "o":
            return f"{text}(FFFFFFFD,{resolved.get('path', resolved.get('object_name', ''))},00000040)"
        return text

    def finish(self):
        self._line("i", 0, "headless: run time over")


FORMS = {"log": Log, "reference": Reference, "lying": Reference, "minimal": Minimal}


def endless_waits(path):
    """(tid, idx) of each wait without a timeout that has no end in the recording."""
    open_ = {}
    for line in read(path):
        if '"kind":"wait.' in line:
            e = json.loads(line)
            if e["kind"] == "wait.end":
                open_.pop(e["tid"], None)
            elif e["handles"] and e["timeout_ns"] == -1:
                open_[e["tid"]] = e["idx"]
    return set(open_.items())


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--to", required=True, choices=FORMS, metavar="FORM", help=", ".join(FORMS))
    p.add_argument("input", metavar="IN")
    p.add_argument("output", metavar="OUT")
    o = p.parse_args()
    out = Output(o.output)
    form = FORMS[o.to](out, endless_waits(o.input) if o.to == "lying" else set())
    for line in read(o.input):
        e = json.loads(line)
        if e["kind"] not in ("trace.header", "trace.footer") or o.to == "minimal":
            form.event(e)
    form.finish()
    out.close()


if __name__ == "__main__":
    sys.exit(main())

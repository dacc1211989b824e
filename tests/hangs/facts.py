"""What a trace or log says of threads, objects, waits and signals, whatever engine wrote it: the ground of oracle.py.

Objects are found by the arguments of calls (a handle's object at that time, an address in guest memory), so that traces without semantic
ids serve as well; waits end by wait.end, or by the thread's next call where a trace has no wait events or claims a return too early.
"""
import json, os, re, subprocess, sys

WEDGE = os.environ.get("WEDGE", "wedge")
SET = {"NtSetEvent": "set", "KeSetEvent": "set", "KeSetEventBoostPriority": "set", "NtReleaseSemaphore": "release", "KeReleaseSemaphore": "release",
       "NtPulseEvent": "pulse", "KePulseEvent": "pulse", "NtSignalAndWaitForSingleObjectEx": "set", "NtReleaseMutant": "unlock",
       "NtSetIoCompletion": "release", "KeAlertThread": "alert"}
CLEAR = {"NtClearEvent", "NtResetEvent", "KeResetEvent", "KeClearEvent"}
CREATE = {"NtCreateEvent": "Event", "NtCreateSemaphore": "Semaphore", "NtCreateMutant": "Mutant", "NtCreateTimer": "Timer", "ExCreateThread": "Thread",
          "NtCreateFile": "File", "NtOpenFile": "File", "NtCreateIoCompletion": "IoCompletion"}
RW_ACQUIRE = {"ExAcquireReadWriteLockExclusive", "ExAcquireReadWriteLockShared"}
WAITS = {"NtWaitForSingleObjectEx", "NtWaitForMultipleObjectsEx", "KeWaitForSingleObject", "KeWaitForMultipleObjects", "NtSignalAndWaitForSingleObjectEx",
         "RtlEnterCriticalSection", "KeDelayExecutionThread", "NtRemoveIoCompletion", *RW_ACQUIRE}
TIMEOUT_ARG = {"NtWaitForSingleObjectEx": 3, "NtWaitForMultipleObjectsEx": 5, "KeWaitForSingleObject": 4, "KeWaitForMultipleObjects": 6,
               "NtSignalAndWaitForSingleObjectEx": 4, "NtRemoveIoCompletion": 4}
CURRENT_THREAD = 0xFFFFFFFE
FAILED = 0xC0000000  # a call of a log without results that can be seen to have failed


def num(v):
    if isinstance(v, str):
        return int(v, 16)
    return int(v) & 0xFFFFFFFF if int(v) > 0xFFFFFFFF else int(v)


class Object:
    def __init__(self, key, kind):
        self.key, self.type, self.hsid, self.name, self.guest = key, kind, None, None, None
        self.by = self.idx = None  # created by thread, at its event
        self.thread = None  # the thread it is
        self.owner, self.depth = None, 0  # of a lock
        self.state = 0  # events and semaphores, as far as the trace tells
        self.manual = False
        self.signals = []  # Signal
        self.takes = []  # (seq, tid)
        self.armed = None  # timers: due in ns, None if not set
        self.period = 0
        self.ever_set = False

    def __repr__(self):
        return f"{self.type}:{self.key}"


class Signal:
    def __init__(self, seq, ns, tid, idx, op, context, previous):
        self.seq, self.ns, self.tid, self.idx, self.op, self.context, self.previous = seq, ns, tid, idx, op, context, previous
        self.taken_by, self.cleared_by = [], None


class Thread:
    def __init__(self, tid):
        self.tid, self.entry, self.parent = tid, 0, None
        self.hsid = self.raw = None
        self.created = self.started = self.exited = self.host = False
        self.suspends, self.ever_resumed = 0, False
        self.call, self.call_seq = None, 0  # kernel.call that has not returned
        self.wait = None
        self.calls = []  # Call, all of them
        self.held = {}
        self.last_seq, self.last_ns, self.last_idx, self.last_cycle = 0, 0, 0, 0
        self.pending_apcs = []  # (routine, by tid, seq)
        self.object = None
        self.prints = 0


class Call:
    """One call in a thread's history. key: what repeats if the thread does the same again."""
    __slots__ = ("name", "lr", "key", "seq", "ns", "idx", "fruitless", "signals", "status", "objects", "path", "apc", "made")

    def __init__(self, name, lr, key, seq, ns, idx):
        self.name, self.lr, self.key, self.seq, self.ns, self.idx = name, lr, key, seq, ns, idx
        self.fruitless, self.signals, self.status, self.objects, self.path, self.apc, self.made = None, [], None, [], None, False, False


class Wait:
    def __init__(self, objects, all_, timeout, alertable, seq, ns, idx, lr, name):
        self.objects, self.all, self.timeout, self.alertable = objects, all_, timeout, alertable
        self.seq, self.ns, self.idx, self.lr, self.name = seq, ns, idx, lr, name


QUERIES = re.compile(r"^(KeGetCurrent|KeQuery|NtYield|KeDelay|RtlInitAnsi|RtlInitUnicode|KeTlsGet|RtlNtStatus|XamGetSystem|KeEnterCriticalRegion|KeLeaveCriticalRegion|"
                     r"KiApc|NtQueryFullAttr|RtlTryEnter|ObReference|ObDereference|NtQuerySystem|MmQuery)")


class Facts:
    def __init__(self, path):
        self.path, self.threads, self.objects, self.handles = path, {}, {}, {}
        self.seq, self.end_ns, self.reason = 0, 0, None
        self.dpcs, self.queued_dpcs, self.timed = {}, [], False
        self.swaps = []  # (seq, tid)
        self.has_waits = False
        self.main = None
        self.adopted = {}  # handle -> type of an object in guest memory
        for e in self._events(path):
            self.event(e)
        self.end_seq = self.seq
        manifest = os.path.join(path, "manifest.json")
        if os.path.exists(manifest):
            with open(manifest) as m:
                self.end_ns = max(self.end_ns, json.load(m)["result"]["virtual_ns"])
        for t in self.threads.values():
            self._close(t)

    # ------------------------------------------------------------ reading

    def _events(self, path):
        if os.path.isdir(path):
            path = os.path.join(path, "trace.jsonl.zst")
        if path.endswith(".log") or path.endswith(".log.zst"):
            p = subprocess.Popen([WEDGE, "events", path, "--json"], stdout=subprocess.PIPE, encoding="latin-1")
            source = p.stdout
        elif path.endswith(".zst"):
            source = subprocess.Popen(["zstdcat", path], stdout=subprocess.PIPE, encoding="latin-1").stdout
        else:
            source = open(path, encoding="latin-1")
        for line in source:
            yield json.loads(line)

    def thread(self, tid):
        if tid not in self.threads:
            self.threads[tid] = Thread(tid)
        return self.threads[tid]

    def at(self, key, kind):
        if key not in self.objects:
            self.objects[key] = Object(key, kind)
        return self.objects[key]

    def by_handle(self, raw, tid, kind="?"):
        raw &= 0xFFFFFFFF
        if raw == CURRENT_THREAD:
            return self._thread_object(self.thread(tid))
        return self.handles.get(raw)

    def by_address(self, addr, kind):
        addr &= 0xFFFFFFFF
        o = self.at(("mem", addr), kind)
        o.guest = addr
        return o

    def _thread_object(self, t):
        if t.object is None:
            t.object = self.at(("thread", t.tid), "Thread")
            t.object.thread = t
        return t.object

    def event(self, e):
        self.seq += 1
        kind, tid = e["kind"], e["tid"]
        ns = e.get("host_ns", 0)
        self.end_ns = max(self.end_ns, ns)
        self.timed |= ns > 0
        t = self.thread(tid)
        t.last_seq, t.last_ns, t.last_idx = self.seq, ns, e["idx"]
        t.last_cycle = e.get("cycle", 0)
        handler = getattr(self, "on_" + kind.replace(".", "_"), None)
        if handler:
            handler(e, t)

    # ------------------------------------------------------------ objects and threads

    def on_handle_create(self, e, t):
        if "raw" not in e:  # names alone
            return
        raw = num(e["raw"])
        kind = e.get("object_type") or (CREATE.get(t.call["name"]) if t.call else None) or "?"
        o = Object(("handle", raw, self.seq), kind)
        self.objects[o.key] = o
        o.by, o.idx, o.hsid, o.name = t.tid, e["idx"], e.get("hsid"), e.get("name")
        if t.call and t.call["name"] in CREATE and len(t.call["args"]) > 3:
            args = t.call["args"]
            if t.call["name"] == "NtCreateEvent":
                o.manual, o.state = args[2] == 0, args[3]
            elif t.call["name"] == "NtCreateSemaphore":
                o.state = args[2]
        if t.call and t.call["name"] in ("NtCreateMutant",) and len(t.call["args"]) > 2 and t.call["args"][2]:
            o.owner, o.depth = t.tid, 1
            t.held[o] = 1
        if t.calls:
            t.calls[-1].made = True
        # A handle for an object in guest memory that the engine adopts within a call on it.
        if t.call and t.call["name"].startswith(("Ke", "Rtl")):
            self.adopted[raw] = kind
            return
        if t.call and t.call["name"] == "NtDuplicateObject" and t.call["args"]:
            same = self.by_handle(t.call["args"][0], t.tid)
            if same:
                self.handles[raw] = same
                return
        self.handles[raw] = o

    def on_handle_dup(self, e, t):
        of = self.by_handle(num(e["dup_of"]), t.tid) if "dup_of" in e else None
        if of and "raw" in e:
            self.handles[num(e["raw"])] = of

    def on_handle_destroy(self, e, t):
        o = self.handles.pop(num(e["raw"]), None) if "raw" in e else None
        if o and not o.hsid:
            o.hsid = e.get("hsid")

    def on_thread_create(self, e, t):
        if "child" not in e and "new_tid" not in e:
            return
        child = self.thread(e.get("child", e.get("new_tid")))
        child.created, child.parent = True, t.tid
        child.entry, child.hsid = num(e.get("entry", 0)), e.get("hsid")
        child.host = e.get("guest") is False or (child.entry == 0 and self.main is None and "hsid" not in e and child.tid < 6)
        child.raw = num(e.get("raw", e.get("handle", 0)))
        flags = num(e["flags"]) if "flags" in e else (t.call["args"][6] if t.call and t.call["name"] == "ExCreateThread" and len(t.call["args"]) > 6 else 0)
        if flags & 1 and t.tid != 0:
            child.suspends = 1
        o = self.handles.get(child.raw)
        if o:
            o.type, o.thread, child.object = "Thread", child, o
        else:
            o = self._thread_object(child)
            self.handles[child.raw] = o
        o.hsid, o.by, o.idx = e.get("hsid"), t.tid, e["idx"]
        if self.main is None and not child.host:
            self.main = child.tid

    def on_thread_start(self, e, t):
        t.started = True
        if not t.entry and "entry" in e:
            t.entry = num(e["entry"])
        if self.main is None and t.tid and not t.host:
            self.main = t.tid

    def on_thread_exit(self, e, t):
        t.exited = True
        self._end_wait(t, None)

    def on_trace_footer(self, e, t):
        self.reason = e.get("reason")

    def on_gpu_swap(self, e, t):
        self.swaps.append((self.seq, t.tid))

    # ------------------------------------------------------------ calls

    def on_kernel_call(self, e, t):
        self._close(t)
        name, args = e.get("name", "?"), [num(a) for a in e.get("args", [])]
        resolved = e.get("args_resolved") or {}
        t.started = True
        if self.main is None and t.tid and not t.host:
            self.main = t.tid
        t.call = {"name": name, "args": args, "resolved": resolved, "ns": e.get("host_ns", 0), "lr": num(e.get("lr", 0)), "idx": e["idx"]}
        stable = tuple(a for i, a in enumerate(args))
        c = Call(name, t.call["lr"], (name, t.call["lr"], stable, json.dumps(resolved, sort_keys=True) if resolved else ""), self.seq, t.call["ns"], e["idx"])
        c.path = resolved.get("path")
        t.calls.append(c)
        c.fruitless = bool(QUERIES.match(name))
        if name == "VdSwap":
            self.swaps.append((self.seq, t.tid))
        self._effects(t, c, name, args, resolved)

    def _target(self, t, name, args):
        if not args:
            return None
        if name.startswith("Nt"):
            return self.by_handle(args[0], t.tid)
        kind = "ReadWriteLock" if "ReadWriteLock" in name else "CriticalSection" if "CriticalSection" in name else "Semaphore" if "Semaphore" in name else "Timer" if "Timer" in name else "Event"
        return self.by_address(args[0], kind)

    def _effects(self, t, c, name, args, resolved):
        if name in SET or name in CLEAR:
            o = self._target(t, name, args)
            if o:
                c.objects = [o]
                self._signal(t, c, o, name, args)
        elif name == "RtlLeaveCriticalSection" and args:
            o = self._target(t, name, args)
            c.objects = [o]
            self._unlock(t, o)
        elif name == "RtlEnterCriticalSection" and args:
            c.objects = [self._target(t, name, args)]
        elif name == "RtlTryEnterCriticalSection" and args or name in RW_ACQUIRE:
            c.objects = [self._target(t, name, args)]
        elif name == "ExReleaseReadWriteLock" and args:
            self._unlock(t, self._target(t, name, args))
        elif name in ("NtSetTimerEx", "KeSetTimer", "KeSetTimerEx") and args:
            o = self._target(t, name, args)
            if o:
                units = resolved.get("timeout_100ns", self._pointed(resolved, 16))
                ns = t.call["ns"]
                o.armed = ns + (-units if units is not None and units < 0 else (units or 0)) * 100 if units is not None and units < 0 else (ns + self._absolute(units))
                o.period = args[6] if name == "NtSetTimerEx" and len(args) > 6 else args[2] if name == "KeSetTimerEx" and len(args) > 2 else 0
                o.ever_set = True
                c.objects = [o]
                if name == "NtSetTimerEx" and len(args) > 2 and args[2]:
                    t.pending_apcs.append((args[2], t.tid, self.seq))
        elif name in ("NtCancelTimer", "KeCancelTimer") and args:
            o = self._target(t, name, args)
            if o:
                o.armed = None
                c.objects = [o]
        elif name in ("NtSuspendThread", "NtResumeThread") and args:
            o = self.by_handle(args[0], t.tid)
            if o and o.thread:
                o.thread.suspends = max(0, o.thread.suspends + (1 if name == "NtSuspendThread" else -1))
        elif name == "NtQueueApcThread" and args:
            o = self.by_handle(args[0], t.tid)
            c.apc = True
            if o and o.thread:
                o.thread.pending_apcs.append((args[1] if len(args) > 1 else 0, t.tid, self.seq))
        elif name == "NtReadFile" and len(args) > 2 and args[2]:
            t.pending_apcs.append((args[2], t.tid, self.seq))
        elif name == "KeInitializeDpc" and args:
            self.dpcs.setdefault(args[0] & 0xFFFFFFFF, []).append((t.tid, self.seq, "init"))
        elif name == "KeInsertQueueDpc" and args:
            self.dpcs.setdefault(args[0] & 0xFFFFFFFF, []).append((t.tid, self.seq, "queue"))
            self.queued_dpcs.append(t.tid)
        elif name == "ExTerminateThread":
            t.exited = True

    @staticmethod
    def _pointed(resolved, digits):
        """What a text log prints of the first argument that points to a value of so many digits."""
        m = re.search(r"\(([0-9A-F]{%d})\)" % digits, resolved.get("memory", ""))
        v = int(m.group(1), 16) if m else None
        return v - (1 << 64) if v is not None and digits == 16 and v >> 63 else v

    @staticmethod
    def _absolute(units):
        """An absolute due time is taken as far away if it is more than a century after the epoch of console clocks."""
        return 10**18 if units and units > 0x01E000000000000 else 0

    def _signal(self, t, c, o, name, args):
        if name in CLEAR:
            for s in o.signals[-1:]:
                if s.cleared_by is None and o.state > 0:
                    s.cleared_by = (t.tid, c.idx)
            o.state = 0
            return
        op = SET[name]
        if op == "unlock":
            return self._unlock(t, o)
        context, tid = "thread", t.tid
        if t.tid == 0 or t.host:
            context, tid = ("dpc", self.queued_dpcs.pop(0)) if self.queued_dpcs else ("interrupt", t.tid)
        s = Signal(self.seq, t.call["ns"], tid, c.idx, op, context, o.state)
        o.signals.append(s)
        c.signals = [o]
        if op == "set":
            o.state = 1
        elif op == "release":
            o.state += args[1] if len(args) > 1 else 1

    def _lock(self, t, o):
        o.owner = t.tid
        o.depth += 1
        t.held[o] = t.held.get(o, 0) + 1

    def _unlock(self, t, o):
        if t.held.get(o):
            t.held[o] -= 1
            if not t.held[o]:
                del t.held[o]
                if o.owner == t.tid:
                    o.owner, o.depth = None, 0

    def on_kernel_return(self, e, t):
        if not t.call:
            return
        name = t.call["name"]
        if e.get("name", name) != name:
            return
        if t.wait is not None and t.wait.from_event:
            return  # claimed within a wait that has not ended
        if t.calls:
            c = t.calls[-1]
            c.status = num(e["rv"]) if "rv" in e and not e.get("void") else None
            c.key = (*c.key, c.status, json.dumps(e.get("out", {}), sort_keys=True) if name.startswith(("NtRead", "NtWrite", "NtQuery")) else "")
            if c.status is not None and c.status >= 0xC0000000:
                c.fruitless = True
        self._finish_call(t, name, num(e["rv"]) if "rv" in e else None)
        t.call = None

    def _finish_call(self, t, name, rv):
        args = t.call["args"] if t.call else []
        if (name == "RtlEnterCriticalSection" or name in RW_ACQUIRE) and args:
            self._lock(t, self._target(t, name, args))
        elif name == "RtlTryEnterCriticalSection" and args and rv:
            self._lock(t, self._target(t, name, args))
            t.calls[-1].fruitless = False

    # ------------------------------------------------------------ waits

    def on_wait_begin(self, e, t):
        self.has_waits = True
        name = t.call["name"] if t.call else "?"
        args = t.call["args"] if t.call else []
        objects = []
        for i, h in enumerate(e.get("handles", [])):
            objects.append(self._waited(h, name, args, t, len(e["handles"])))
        all_ = e.get("wait_type") == "all" or (name.startswith("NtWaitForMultiple") and "wait_type" not in e and len(args) > 2 and args[2] == 0)
        t.wait = Wait([o for o in objects if o], all_, e.get("timeout_ns", -1), e.get("alertable", False), self.seq, e.get("host_ns", 0), e["idx"],
                      t.call["lr"] if t.call else 0, name)
        t.wait.from_event = True
        if "handles" not in e:  # names alone: it may have a timeout
            t.wait.objects, t.wait.timeout = [], 1
            t.wait.unknown = True

    def _waited(self, h, name, args, t, n):
        hsid = h["hsid"] if isinstance(h, dict) else h if isinstance(h, str) and not h.startswith("0x") else None
        o = None
        if name in RW_ACQUIRE and args:
            return self._target(t, name, args)
        if name == "NtSignalAndWaitForSingleObjectEx" and len(args) > 1:
            o = self.by_handle(args[1], t.tid)
        elif name.startswith("Nt") and n == 1 and args:
            o = self.by_handle(args[0], t.tid)
        elif isinstance(h, dict):
            o = self.by_address(num(h["guest_object"]), h["object_type"])
        elif name.startswith(("Ke", "Rtl")) and n == 1 and args:
            o = self.by_address(args[0], "CriticalSection" if name.startswith("Rtl") else "Event")
            if isinstance(h, int) and o.type == "Event":
                o.type = self.adopted.get(h, o.type)
        elif hsid:
            o = next((x for x in self.handles.values() if x.hsid == hsid), None)
        elif isinstance(h, int):
            o = self.handles.get(h)
        if o is None and hsid:
            o = self.at(("hsid", hsid), "?")
        if o is not None and hsid and not o.hsid:
            o.hsid = hsid
        return o

    def on_wait_end(self, e, t):
        by = e.get("satisfied_by")
        status = num(e["status"]) if "status" in e else 0
        if by == "apc" or status == 0xC0:
            t.pending_apcs = t.pending_apcs[1:]
        self._end_wait(t, None if by in ("timeout", "apc") or status in (0x102, 0xC0) else status)

    def _end_wait(self, t, status):
        w, t.wait = t.wait, None
        if w is None:
            return
        if t.calls:
            t.calls[-1].objects = w.objects
            if status is None:
                t.calls[-1].fruitless = True
        if status is None:
            return
        taken = w.objects if w.all else [w.objects[status & 0x3F]] if w.objects and (status & 0x3F) < len(w.objects) else []
        for o in taken:
            self._take(t, o)

    def _take(self, t, o):
        o.takes.append((self.seq, t.tid))
        if o.type == "Mutant":
            self._lock(t, o)
        elif o.type == "Semaphore" or (o.type == "Event" and not o.manual):
            o.state = max(0, o.state - 1)
        for s in o.signals[::-1]:
            if s.cleared_by is None and (o.manual or not s.taken_by):
                s.taken_by.append((t.tid, self.seq))
                break

    # The thread makes another call or the trace ends: what was open has ended, if nothing told so.
    def _close(self, t):
        at_end = self.seq == getattr(self, "end_seq", -1)
        if t.call is None:
            if t.wait is not None and not at_end:
                self._end_wait(t, 0)
            return
        name, args = t.call["name"], t.call["args"]
        if at_end:
            if t.wait is None and name in WAITS and not self.has_waits and not self._failed(t, name, args):
                self._guess_wait(t, name, args)
            return
        if t.wait is not None:
            self._end_wait(t, 0)
        elif not self.has_waits and name in WAITS and name != "RtlEnterCriticalSection" and name not in RW_ACQUIRE:
            self._guess_wait(t, name, args)
            if t.wait:
                timed_out = t.wait.timeout != -1 and t.wait.objects and t.wait.objects[0].state <= 0 and not t.wait.objects[0].signals
                self._end_wait(t, None if timed_out else 0)
        if not self.has_waits and t.calls and self._failed(t, name, args):
            t.calls[-1].status, t.calls[-1].fruitless = FAILED, True
        self._finish_call(t, name, None)
        t.call = None

    def _failed(self, t, name, args):
        """Whether a call failed, as far as a log without results tells: nothing was made, or the handle is none."""
        if name in ("NtCreateFile", "NtOpenFile"):
            return not t.calls[-1].made
        return name == "NtWaitForSingleObjectEx" and bool(args) and self.by_handle(args[0], t.tid) is None

    def _guess_wait(self, t, name, args):
        """A wait that only its call tells of."""
        objects, timeout = [], -1
        at = TIMEOUT_ARG.get(name)
        if name == "KeDelayExecutionThread" or (at is not None and len(args) > at and args[at]):
            timeout = 1
        if name in ("NtWaitForSingleObjectEx", "KeWaitForSingleObject", "NtRemoveIoCompletion") and args:
            o = self._target(t, name, args)
            objects = [o] if o else []
        elif name == "NtSignalAndWaitForSingleObjectEx" and len(args) > 1:
            o = self.by_handle(args[1], t.tid)
            objects = [o] if o else []
        elif name == "NtWaitForMultipleObjectsEx":  # the first of them is printed
            o = self.handles.get(self._pointed(t.call["resolved"], 8))
            objects = [o] if o else []
        elif (name == "RtlEnterCriticalSection" or name in RW_ACQUIRE) and args:
            o = self._target(t, name, args)
            if o.owner in (None, t.tid):
                return
            objects = [o]
        t.wait = Wait(objects, False, timeout, False, t.calls[-1].seq, t.call["ns"], t.call["idx"], t.call["lr"], name)
        t.wait.from_event = False
        t.wait.unknown = not objects or name == "NtWaitForMultipleObjectsEx"
        t.wait.all = name == "NtWaitForMultipleObjectsEx" and len(args) > 2 and args[2] == 0

#!/usr/bin/env python3
"""Pairs in the shape of one real investigation (bench/diff/README.md), by other numbers, names, signals and distractors:
a worker that is made suspended waits for what a call should signal, which in ours is another call, or none. The answer's
first line must name the thread on both sides and the call; its chain the wait and the join; its table be exact.

usage: inquiry.py WEDGE DIR FIRST COUNT [--show]
"""
import collections, hashlib, json, os, random, re, subprocess, sys

# The reference's signal: its call, the object's type, the event's op, the call that makes the object, the wait.
SIGNALS = {
    "set": ("NtSetEvent", "Event", "set", "NtCreateEvent", "NtWaitForSingleObjectEx"),
    "kset": ("KeSetEvent", "Event", "set", None, "KeWaitForSingleObject"),
    "semaphore": ("NtReleaseSemaphore", "Semaphore", "release", "NtCreateSemaphore", "NtWaitForSingleObjectEx"),
    "ksemaphore": ("KeReleaseSemaphore", "Semaphore", "release", None, "KeWaitForSingleObject"),
    "pulse": ("NtPulseEvent", "Event", "pulse", "NtCreateEvent", "NtWaitForSingleObjectEx"),
    "mutant": ("NtReleaseMutant", "Mutant", "release", "NtCreateMutant", "NtWaitForSingleObjectEx"),
    "apc": ("NtQueueApcThread", None, None, "NtCreateEvent", "NtWaitForSingleObjectEx"),
    "other": ("SetEvent", "Event", "set", "NtCreateEvent", "NtWaitForSingleObjectEx"),
}
PLAIN = ["KeTlsGetValue", "RtlInitializeCriticalSectionAndSpinCount", "NtAllocateVirtualMemory", "MmQueryStatistics",
         "RtlInitAnsiString", "KeGetCurrentProcessType", "XamGetExecutionId", "ExAllocatePoolTypeWithTag",
         "RtlImageXexHeaderField"]


class Clock:
    def __init__(self, t, rng, low=1000, high=9000):
        self.t, self.rng, self.low, self.high = t, rng, low, high

    def step(self):
        self.t += self.rng.randint(self.low, self.high)
        return self.t


class Side:
    """Events of one engine: ours writes hexadecimal texts and its own names of fields, the reference integers."""

    def __init__(self, ours, o, own):
        self.ours, self.o, self.own = ours, o, own
        self.events, self.ids, self.adopted = [], {}, {}
        self.next = (0x1000 if ours else 0xF8000000) + 4 * own.randrange(4, 300)

    def put(self, c, tid, kind, **fields):
        self.events.append((c.step(), len(self.events), tid, kind, fields))

    def word(self, v):
        return "0x%x" % v if self.ours else v

    def handle(self):
        self.next += 4 * self.own.choice((1, 1, 1, 2))
        self.ids[self.next] = "%08x%08x" % (self.own.getrandbits(32), self.next)
        return self.next

    def known_as(self, h):
        return {} if self.o["ids"] == "none" else {"hsid" if self.o["ids"] == "wedge" else "handle_semantic_id": self.ids[h]}

    def call(self, c, tid, name, *args):
        f = {"name": name, "ordinal": 1 + sum(map(ord, name)) % 600, "module": "xboxkrnl.exe"}
        if self.o["lr"] in ("both", "ours" if self.ours else "reference"):
            f["lr"] = self.word(0x82100000 + sum(map(ord, name)) % 4096 * 16)
        if self.o["args"] and args:
            f["args"] = [self.word(a) for a in args]
        self.put(c, tid, "kernel.call", **f, args_resolved={})

    def ret(self, c, tid, name, rv=0):
        f = {"rv": self.word(rv)} if rv or (self.o["args"] and name.startswith("Nt")) else {}
        self.put(c, tid, "kernel.return", name=name, **f, **({"out": {}} if self.ours else {}))

    def plain(self, c, tid, name, *args, rv=0):
        self.call(c, tid, name, *args)
        self.ret(c, tid, name, rv)

    def handle_event(self, c, tid, kind, h, type_, **more):
        self.put(c, tid, kind, raw=self.word(h), **self.known_as(h), object_type=type_, **more, **({} if self.ours else {"guest_object": 0}))

    def make(self, c, tid, name, type_):
        h = self.handle()
        self.call(c, tid, name, 0x7018FB90, 0, *((0, 64) if type_ == "Semaphore" else (1, 0) if type_ == "Event" else (0,)))
        self.handle_event(c, tid, "handle.create", h, type_)
        self.ret(c, tid, name)
        return h

    def duplicate(self, c, tid, of, type_):
        h = self.handle()
        self.ids[h] = self.ids[of]
        self.call(c, tid, "NtDuplicateObject", of, 0, 0)
        self.handle_event(c, tid, "handle.dup", h, type_, dup_of=self.word(of))
        self.ret(c, tid, "NtDuplicateObject")
        return h

    def close(self, c, tid, h, type_):
        self.call(c, tid, "NtClose", h)
        self.handle_event(c, tid, "handle.destroy", h, type_)
        self.ret(c, tid, "NtClose")

    def adopt(self, c, tid, guest, type_):
        """The engine's handle of an object in memory."""
        if guest not in self.adopted:
            self.adopted[guest] = h = self.handle()
            self.put(c, tid, "handle.create", raw=self.word(h), **self.known_as(h), object_type=type_, guest_object=self.word(guest))
        return self.adopted[guest]

    def signal(self, c, tid, name, h, type_, op, *args):
        self.call(c, tid, name, *args)
        if self.o["signals"] and op:
            raw = {} if self.ours and self.o["ids"] == "wedge" else {"raw" if self.ours else "handle": self.word(h)}
            self.put(c, tid, "signal", **raw, **self.known_as(h), object_type=type_, op=op, count=1)
        self.ret(c, tid, name)

    def begin_wait(self, c, tid, name, h, guest=None, timeout=-1, alertable=False):
        self.call(c, tid, name, guest or h, 1, int(alertable), 0)
        if self.ours:
            f = {"handles": [self.ids[h] if self.o["ids"] == "wedge" else self.word(h)], "wait_type": "any"}
            f.update({"guest_object": self.word(guest)} if guest else {})
        else:
            f = {"op": "single", "handles": [h], "guest_objects": [guest or 0]}
        self.put(c, tid, "wait.begin", **f, timeout_ns=timeout, alertable=alertable)

    def end_wait(self, c, tid, name, status=0):
        self.put(c, tid, "wait.end", **({} if self.ours else {"op": "single"}), status=self.word(status))
        self.ret(c, tid, name, status)

    def lies(self, c, tid, name):
        if self.o["lying"]:
            self.ret(c, tid, name)

    def thread(self, c, parent, child, entry, suspended=False):
        h = self.handle()
        self.call(c, parent, "ExCreateThread", 0x7018FB90, 0x10000, 0, 0, entry, 0, int(suspended))
        self.handle_event(c, parent, "handle.create", h, "Thread")
        who = {"child": child, "raw": self.word(h)} if self.ours else {"new_tid": child, "handle": h}
        self.put(c, parent, "thread.create", **who, entry=self.word(entry), ctx=self.word(0), flags=self.word(int(suspended)), **self.known_as(h))
        self.ret(c, parent, "ExCreateThread")
        return h

    def start(self, c, tid, h, entry):
        self.put(c, tid, "thread.start", raw=self.word(h), entry=self.word(entry), ctx=self.word(0))

    def locks(self, c, tid, n):
        for _ in range(n):
            lock = 0x82A80000 + 28 * self.own.randrange(6)
            self.plain(c, tid, "RtlEnterCriticalSection", lock)
            self.plain(c, tid, "RtlLeaveCriticalSection", lock)

    def contends(self, c, tid, percent):
        lock = 0x82A70100 + 28 * self.own.randrange(5)
        self.call(c, tid, "RtlEnterCriticalSection", lock)
        if self.own.randrange(100) < percent:
            h = self.adopt(c, tid, lock, "Event")
            f = {"handles": [], "wait_type": "any", "guest_object": self.word(lock)} if self.ours else {"op": "single", "handles": [h], "guest_objects": [lock]}
            self.put(c, tid, "wait.begin", **f, timeout_ns=-1, alertable=False)
            c.t += self.own.randint(2000, 300000)
            self.put(c, tid, "wait.end", **({} if self.ours else {"op": "single"}), status=self.word(0))
        self.ret(c, tid, "RtlEnterCriticalSection")
        self.plain(c, tid, "RtlLeaveCriticalSection", lock)

    def missing_files(self, c, tid, n):
        for _ in range(n):
            self.plain(c, tid, "RtlInitAnsiString")
            self.plain(c, tid, "NtQueryFullAttributesFile", rv=0xC0000034)
            self.plain(c, tid, "RtlNtStatusToDosError", rv=2)

    def write(self, path):
        whole, idx, lines = self.ours and self.o["ids"] == "wedge", collections.Counter(), []
        if whole:
            lines.append('{"kind":"trace.header","tid":0,"idx":0,"host_ns":0,"schema":1,"engine":"ours","version":"1","clock":"host","title":"inquiry.xex"}')
            idx[0] = 1
        for t, _, tid, kind, fields in sorted(self.events, key=lambda e: e[:2]):
            engine = {} if self.ours else {"engine": "canary"}
            lines.append(json.dumps({**engine, "kind": kind, "tid": tid, "idx": idx[tid], "host_ns": t, **fields}, separators=(",", ":")))
            idx[tid] += 1
        text = "\n".join(lines) + "\n"
        if whole:
            text += '{"kind":"trace.footer","tid":0,"idx":0,"host_ns":0,"events":%d,"reason":"stopped","sha256":"%s"}\n' % (
                len(lines), hashlib.sha256(text.encode()).hexdigest())
        with open(path, "w") as f:
            f.write(text)


def tell(ours, o, chance):
    """One side of a pair. `chance`: of the engine; what the title does goes by o's seed."""
    same, s = random.Random(o["seed"]), Side(ours, o, random.Random(chance))
    main, worker, first, dedicated = (o[k][ours] for k in ("main", "worker", "helpers", "dedicated_tid"))
    c = Clock(1000000, s.own)
    h = s.handle()
    s.put(c, 0, "thread.create", **({"child": main, "raw": s.word(h)} if ours else {"new_tid": main, "handle": h}), entry=s.word(0x82087D28), ctx=s.word(0), flags=s.word(0))
    s.start(c, main, h, 0x82087D28)
    pool, helpers = s.make(c, main, "NtCreateSemaphore", "Semaphore"), []
    for i in range(o["boot"]):
        r = same.randrange(100)
        if r < 55:
            s.locks(c, main, same.randint(1, 4))
        elif r < 65:
            s.missing_files(c, main, 1)
        elif r < 72:
            s.close(c, main, s.make(c, main, "NtCreateFile", "File"), "File")
        else:
            s.plain(c, main, same.choice(PLAIN))
        if i in o["helpers_at"]:
            helpers.append((first + len(helpers), s.thread(c, main, first + len(helpers), 0x82170A40), c.t))
    other = s.thread(c, main, dedicated, 0x82190000) if o["dedicated"] else None
    wh = s.thread(c, main, worker, o["entry"], True)
    s.plain(c, main, "NtResumeThread", wh)
    w, d = Clock(c.t + s.own.randint(20000, 90000), s.own, 3000, 30000), Clock(c.t, s.own)
    s.start(w, worker, wh, o["entry"])
    if other:
        s.start(d, dedicated, other, 0x82190000)
    for name in o["extras"] if ours else []:
        s.plain(w, worker, name)
    works(s, o, same, w, d, pool)
    s.begin_wait(c, main, "NtWaitForSingleObjectEx", wh)
    if ours:
        s.lies(c, main, "NtWaitForSingleObjectEx")
    else:
        c.t = max(c.t, w.t + 900)
        s.end_wait(c, main, "NtWaitForSingleObjectEx")
        s.close(c, main, wh, "Thread")
        for _ in range(o["frames"]):
            s.locks(c, main, s.own.randint(2, 30))
            s.plain(c, main, "VdSwap")
    for tid, h, begins in helpers:
        helper(s, o, tid, h, Clock(begins + s.own.randint(1000, 50000), s.own, 500, 4000), pool, max(w.t, c.t) + o["after"])
    return s


def works(s, o, same, w, d, pool):
    """The worker's items, up to the one that differs in ours."""
    call, type_, op, creator, wait = SIGNALS[o["kind"]]
    worker, dedicated, ours = o["worker"][s.ours], o["dedicated_tid"][s.ours], s.ours
    spare, mutant = s.make(w, worker, "NtCreateEvent", "Event"), None
    asks, pairs = 0x30002000 if ours else 0x40002000, o["pairs"][ours] // (4 * (o["at"] + 1 if ours else o["items"]))
    for i in range(o["at"] + 1 if ours else o["items"]):
        last = ours and i == o["at"]
        s.locks(w, worker, s.own.randint(0, 2 * pairs))
        s.missing_files(w, worker, same.randint(0, o["fails"]))
        for _ in range(same.randint(0, 3)):
            s.plain(w, worker, same.choice(PLAIN))
        guest = h = copy = None
        if o["kind"] == "mutant":
            h = mutant = mutant or s.make(w, worker, creator, type_)
        elif creator:
            h = s.make(w, worker, creator, type_ or "Event")
            copy = s.duplicate(w, worker, h, type_ or "Event") if o["copies"] else None
        else:
            guest = (0x30003000 if ours else 0x40003000) + 64 * i
            h = s.adopt(w, worker, guest, type_)
        s.locks(w, worker, s.own.randint(0, 2 * pairs))

        def signal(c, tid):
            if not last:
                s.signal(c, tid, call, h, type_, op, guest or h, 1, 0)
            elif o["wrong"] != "none":
                to = (pool, "Semaphore", "release") if "Semaphore" in o["wrong"] else (spare, "Event", "set" if o["wrong"] == "NtSetEvent" else None)
                s.signal(c, tid, o["wrong"], *to, to[0], 1, 0)

        if o["dedicated"]:
            ah = s.adopt(w, worker, asks, "Event")
            s.signal(w, worker, "KeSetEvent", ah, "Event", "set", asks, 1, 0)
            s.begin_wait(d, dedicated, "KeWaitForSingleObject", ah, asks)
            d.t = max(d.t, w.t + 2000)
            s.end_wait(d, dedicated, "KeWaitForSingleObject")
            if o["kind"] == "mutant":
                s.begin_wait(d, dedicated, wait, h)
                s.end_wait(d, dedicated, wait)
            w.t = max(w.t, d.t) + 5000
            s.begin_wait(w, worker, wait, h, guest)
            d.t = w.t + 20000
            signal(d, dedicated)
            w.t = max(w.t, d.t) + 1000
        else:
            signal(w, worker)
            s.begin_wait(w, worker, wait, h, guest, alertable=o["kind"] == "apc")
        if last:
            s.lies(w, worker, wait)
        else:
            s.end_wait(w, worker, wait, 0xC0 if o["kind"] == "apc" else 0)
            if o["kind"] == "mutant":
                s.signal(w, worker, call, h, type_, op, h, 0)
            for x in (copy, h if creator and o["kind"] != "mutant" else None):
                if x:
                    s.close(w, worker, x, type_ or "Event")
    if o["dedicated"]:
        s.begin_wait(d, dedicated, "KeWaitForSingleObject", s.adopt(d, dedicated, asks, "Event"), asks)
        if ours:
            s.lies(d, dedicated, "KeWaitForSingleObject")
    if not ours:
        s.missing_files(w, worker, same.randint(0, 3))
        s.call(w, worker, "ExTerminateThread", 0)
        s.put(w, worker, "thread.exit", code=s.word(0))


def helper(s, o, tid, h, c, pool, end):
    s.start(c, tid, h, 0x82170A40)
    while c.t < end:
        for _ in range(s.own.randint(0, 8)):
            s.contends(c, tid, o["contention"])
        if s.own.randrange(4) == 0:
            s.plain(c, tid, "KeSetEvent", 0x82A70200)
        timeout = s.own.randint(1, 4) * 1000000
        s.begin_wait(c, tid, "NtWaitForSingleObjectEx", pool, timeout=timeout)
        c.t += timeout
        s.end_wait(c, tid, "NtWaitForSingleObjectEx", 0x102)


def options(n):
    r, kind = random.Random(n), list(SIGNALS)[n % len(SIGNALS)]
    boot, items, ours, there = r.randint(150, 900), r.randint(4, 14), r.randint(1, 12), r.randint(1, 12)
    wrong = ["NtReleaseSemaphore", "NtSetEvent", "NtClearEvent", "KeResetEvent", "NtYieldExecution", "none"]
    helpers = sorted(r.sample(range(20, boot - 10), r.randint(3, 8)))
    return {
        "seed": n, "kind": kind, "lying": r.random() < 0.7, "ids": r.choice(("wedge", "foreign", "none")), "signals": r.random() < 0.5,
        "args": r.random() < 0.3, "lr": r.choice(("none", "none", "both", "ours", "reference")), "boot": boot, "items": items,
        "main": (there, ours), "worker": (there + 20, ours + 25), "helpers": (there + 1, ours + 1), "helpers_at": helpers,
        "dedicated_tid": (there + 1 + len(helpers), ours + 1 + len(helpers)), "dedicated": kind in ("pulse", "mutant") or r.random() < 0.15,
        "entry": 0x82100000 + 16 * r.randint(0x1000, 0x8000), "extras": r.sample(["KeQueryPerformanceFrequency", "KeGetCurrentProcessType", "KeTlsGetValue"], r.randint(0, 2)),
        "pairs": (r.randint(100, 1200), r.randint(5, 200)), "at": r.randint(0, items - 2), "fails": r.choice((0, 1, 4, 10)), "copies": r.random() < 0.6,
        "wrong": r.choice([x for x in wrong if x != SIGNALS[kind][0]]), "frames": r.randint(5, 60), "after": r.choice((200000000, 400000000)),
        "contention": r.choice((5, 20, 50)),
    }


ROW = re.compile(r"^\s*([A-Za-z_]\w+)\s+(\d+)\s+(\d+)\s+[-+]?\d+\s*$")


def counted(path, tid):
    events = (json.loads(line) for line in open(path) if '"tid":%d,' % tid in line)
    return collections.Counter(e["name"] for e in events if e["tid"] == tid and e["kind"] == "kernel.call")


def wrong(o, code, lines, paths):
    """What is not as it should be."""
    key = "dedicated_tid" if o["dedicated"] else "worker"
    there, ours = o[key]
    head, rest = lines[0], "\n".join(lines[1:])
    if code != 1:
        yield "exit status %d" % code
    if not re.search(r"\bthread %d \(%d there" % (ours, there), head):
        yield "not the thread"
    if SIGNALS[o["kind"]][0] not in head:
        yield "the reference's call is not named"
    if o["wrong"] not in ("none", "NtYieldExecution") and o["wrong"] not in head:
        yield "our call is not named"
    if not re.search(r"thread %d\b.*\bnever" % o["main"][1], rest):
        yield "the join is not told"
    a, b = counted(paths[0], ours), counted(paths[1], there)
    rows = {m[1]: (int(m[2]), int(m[3])) for m in map(ROW.match, lines) if m}
    if any(v != (a[n], b[n]) for n, v in rows.items()) or (len(a - b) + len(b - a) <= 20 and {n for n in a | b if a[n] != b[n]} - set(rows)):
        yield "the table is wrong"


def main():
    wedge, folder, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    os.makedirs(folder, exist_ok=True)
    right, quiet, runs = 0, 0, 0
    for n in range(first, first + count):
        o = options(n)
        paths = [os.path.join(folder, "ours.jsonl"), os.path.join(folder, "reference.jsonl")]
        tell(True, o, 2 * n + 1).write(paths[0])
        tell(False, o, 2 * n).write(paths[1])
        done = subprocess.run([wedge, "diff", *paths], capture_output=True, text=True)
        found = list(wrong(o, done.returncode, done.stdout.splitlines() or [""], paths))
        right += not found
        if found or "--show" in sys.argv:
            print("%d, %s for %s: %s\n%s" % (n, o["wrong"], SIGNALS[o["kind"]][0], "; ".join(found), done.stdout if "--show" in sys.argv else "    " + done.stdout.split("\n")[0]))
        if n % 4 == 0:  # the reference on another day
            tell(False, o, 2 * n + 1).write(paths[0])
            done = subprocess.run([wedge, "diff", *paths], capture_output=True, text=True)
            runs, quiet = runs + 1, quiet + (done.returncode == 0)
            if done.returncode:
                print("%d, two runs of the reference: %s" % (n, done.stdout.split("\n")[0] or done.stderr))
    print("inquiry: %d of %d are right; %d of %d healthy pairs quiet" % (right, count, quiet, runs))
    return right < count or quiet < runs


if __name__ == "__main__":
    sys.exit(main())

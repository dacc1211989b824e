#!/usr/bin/env python3
"""What questions to a trace's database cost, in steps of SQLite's machine, which are the same everywhere and always: those that one asks of a boot that
hangs cost hardly more of a trace that is twenty times as long. Exits 77 where the extension cannot be loaded into Python's SQLite.

steps.py WEDGE EXTENSION WORK
"""
import json, os, sqlite3, subprocess, sys

import tool

wedge, extension = [os.path.abspath(p) for p in sys.argv[1:3]]
if not os.path.exists(extension) or not hasattr(sqlite3.Connection, "enable_load_extension"):
    print("no extension can be loaded here")
    sys.exit(77)
tool.enter(sys.argv[3])


def story(rounds, path):
    """Thread 1 sets an event, which 2 and 3 wait for in turn; both wait for what 4 should set, and 4 for a lock that 1 has."""
    idx = [0] * 5
    with open(path, "w") as f:

        def add(kind, tid, **fields):
            add.n += 1
            f.write(json.dumps({"kind": kind, "tid": tid, "idx": idx[tid], "host_ns": add.n * 1000, **fields}) + "\n")
            idx[tid] += 1

        def call(tid, name, *args):
            add("kernel.call", tid, name=name, module="xboxkrnl.exe", ordinal=1, lr="0x82000%03x" % (tid * 16), args=list(args), args_resolved={})

        def wait(tid, what):
            call(tid, "NtWaitForSingleObjectEx", "0x8")
            add("wait.begin", tid, handles=[what], wait_type="any", alertable=False, timeout_ns=-1)

        add.n = 0
        for n in range(rounds):
            waiter = 2 + n % 2
            wait(waiter, "%016x" % 1)
            call(1, "NtSetEvent", "0x%x" % (n % 50 * 4))
            add("signal", 1, hsid="%016x" % 1, object_type="Event", op="set", count=1, previous=0)
            add("wait.end", waiter, status="0x0", satisfied_by={"tid": 1, "idx": idx[1] - 1})
            add("kernel.return", 1, name="NtSetEvent", rv="0x0", out={})
            add("kernel.return", waiter, name="NtWaitForSingleObjectEx", rv="0x0", out={})
            if n % 100 == 0:
                call(4, "NtSetEvent", "0x8")
                add("signal", 4, hsid="%016x" % 2, object_type="Event", op="set", count=1, previous=0)
                add("kernel.return", 4, name="NtSetEvent", rv="0x0", out={})
        call(1, "RtlEnterCriticalSection", "0x82000800")
        add("kernel.return", 1, name="RtlEnterCriticalSection", rv="0x0", out={})
        for tid in (2, 3):
            wait(tid, "%016x" % 2)
        call(4, "RtlEnterCriticalSection", "0x82000800")
        add("wait.begin", 4, handles=[{"hsid": "%016x" % 3, "guest_object": "0x82000800", "object_type": "CriticalSection"}], wait_type="any", alertable=False, timeout_ns=-1)
    subprocess.run([wedge, "import", path, "-o", path + ".db"], check=True, stdout=subprocess.DEVNULL)
    return add.n


def steps(db, sql):
    con = sqlite3.connect(db)
    con.enable_load_extension(True)
    con.load_extension(extension)
    seen = [0]

    def look():
        seen[0] += 1

    con.execute("SELECT status(0), call_counts.name FROM call_counts(1)").fetchall()  # functions are prepared once
    con.set_progress_handler(look, 5)
    rows = con.execute(sql).fetchall()
    con.set_progress_handler(None, 5)
    con.close()
    return 5 * seen[0], rows


SHORT, LONG = 3000, 20000
events = {n: story(n, "%d.jsonl" % n) for n in (SHORT, LONG)}
more = events[LONG] - events[SHORT]
for sql, rows in (("SELECT * FROM call_counts(1)", 2), ("SELECT * FROM call_counts(NULL)", 3), ("SELECT * FROM signalers_of('%016x')" % 1, 1),
                  ("SELECT * FROM signalers_of(0)", 1), ("SELECT * FROM timeline(1, 0.001, 0.0011)", None), ("SELECT * FROM timeline(4, 0.0007, 0.00075)", None),
                  ("SELECT * FROM wait_chain(2)", 3), ("SELECT * FROM v_blocked", 3), ("SELECT * FROM v_unreturned", 3), ("SELECT * FROM v_signalers", 2),
                  ("SELECT * FROM v_held_locks", 1), ("SELECT * FROM v_never_signalled", None), ("SELECT * FROM calls_between(1, 500, 520)", None),
                  ("SELECT * FROM events_of(2, 500, 520)", 21), ("SELECT * FROM around(1, 500, 5)", 11), ("SELECT seq_at(1, 500)", 1),
                  ("SELECT * FROM v_calls_by_name", 3), ("SELECT * FROM last_calls(2, 20)", 20), ("SELECT * FROM during(0.001, 0.00101)", None), ("SELECT * FROM v_waits_for", None), ("SELECT * FROM v_threads", None), ("SELECT * FROM v_last_seen", 4)):
    (few, short), (many, long) = (steps("%d.jsonl.db" % n, sql) for n in (SHORT, LONG))
    print("%8d %8d  %s" % (few, many, sql))
    assert len(short) == len(long) and rows in (None, len(long)) and long, (sql, short[:5], long[:5])
    # 18.7 million events would cost two million steps more, which is a tenth of a second.
    assert few < 500000 and many < few + more // 10 + 2000, (sql, few, many)

# A log that tells no returns: each thread stands in its last call, and is told once, however many came before.
for rounds in (SHORT, LONG):
    with open("log", "w") as f:
        f.writelines("d> F800000%d %s\n" % (n % 3, "NtClose(F8000020)" if n + 3 < rounds else "KeSetEvent(40004838, 00000001, 00000000)") for n in range(rounds))
        f.write("d> F8000003 NtAllocateVirtualMemory(7018FB90(00000000), 7018FB94(00010000), 60002000, 00000004, 00000000)\nd> F8000003 NtAllocateVirtualMemory = 40000000\n")
    subprocess.run([wedge, "import", "log", "-o", "log.db"], check=True, stdout=subprocess.DEVNULL)
    n, rows = steps("log.db", "SELECT name FROM v_unreturned")
    m, seen = steps("log.db", "SELECT within FROM v_last_seen")
    print("%8d %8d steps for the threads of a log of %d calls" % (n, m, rounds))
    assert rows == [("KeSetEvent",)] * 3 and seen == [("KeSetEvent",)] * 3 + [(None,)] and n + m < 2000, (rows, seen, n, m)

# Threads that all wait for each other: as many ways lead through them as there are orders, and each is told once, at the fewest steps. What that costs
# grows as the pairs do of which one has signalled what the other waits for.
def ring(threads, path, signallers):
    """Each waits for an event of its own, which `signallers` has signalled."""
    idx = [0] * (threads + 1)
    with open(path, "w") as f:

        def add(kind, tid, **fields):
            add.n += 1
            f.write(json.dumps({"kind": kind, "tid": tid, "idx": idx[tid], "host_ns": add.n * 1000, **fields}) + "\n")
            idx[tid] += 1

        add.n = 0
        for tid in range(1, threads + 1):
            for by in signallers(tid):
                add("signal", by, hsid="%016x" % tid, object_type="Event", op="set", count=1, previous=0)
        for tid in range(1, threads + 1):
            add("wait.begin", tid, handles=["%016x" % tid], wait_type="any", alertable=False, timeout_ns=-1)
    subprocess.run([wedge, "import", path, "-o", path + ".db"], check=True, stdout=subprocess.DEVNULL)


def nearest(signallers):
    far, at = {1: 0}, [1]
    for tid in at:
        for by in signallers(tid):
            if by not in far:
                far[by] = far[tid] + 1
                at.append(by)
    return sorted((step, tid) for tid, step in far.items())


for name, threads, signallers in (("all", 30, lambda tid: [t for t in range(1, 31) if t != tid]), ("more", 120, lambda tid: [t for t in range(1, 121) if t != tid]),
                                  ("ring", 120, lambda tid: [tid % 120 + 1]), ("both", 24, lambda tid: [t for t in (tid - 1, tid * 7 % 24 + 1) if t and t != tid])):
    ring(threads, name + ".jsonl", signallers)
    n, rows = steps(name + ".jsonl.db", "SELECT step, tid FROM wait_chain(1)")
    assert rows == nearest(signallers), (name, rows)
    pairs = sum(len(signallers(tid)) for tid in range(1, threads + 1))
    print("%8d steps for %d threads that wait for each other (%s), %.0f for each pair" % (n, threads, name, n / pairs))
    assert n < 100 * pairs + 400 * threads + 20000, (name, n, pairs)

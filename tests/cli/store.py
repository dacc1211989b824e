#!/usr/bin/env python3
"""Every row and column of a trace's database, against the trace read a second time, here.

store.py WEDGE GUESTS WORK: records guests, imports each, and compares v_events, event by event and field by field, and each view that joins
events with what its JSON lines say. Foreign traces, which are made here of those, and damaged ones too.
"""
import collections, json, os, re, shutil, sqlite3, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, guests, work = sys.argv[1:4]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)


def number(v):
    if v is None:
        return None
    if isinstance(v, bool):
        return int(v)
    n = int(v, 16) if isinstance(v, str) else v
    return n - (1 << 64) if n >= 1 << 63 else n


def tables_of(lines):
    t = {name: {} for name in ("other_events", "calls", "waits", "signals", "handles", "threads")}
    open_calls, open_waits, open_handles = {}, {}, {}
    for seq, line in enumerate(lines):
        e = json.loads(line)
        kind, where = e["kind"], [e["tid"], e["idx"], e["host_ns"]]
        if kind == "kernel.call":
            t["calls"][seq] = [*where, e.get("name"), e.get("module"), e.get("ordinal"), number(e.get("lr")), e.get("args"), e.get("args_resolved"), None, None, None, None, None]
            open_calls.setdefault(e["tid"], []).append((e["name"], seq))
        elif kind == "kernel.return":
            stack = open_calls.get(e["tid"], [])
            at = next((i for i in range(len(stack) - 1, -1, -1) if stack[i][0] == e["name"]), None)
            assert at is not None, line
            t["calls"][stack[at][1]][9:] = [e["idx"], e["host_ns"], number(e.get("rv")), number(e.get("status")), e.get("out")]
            del stack[at:]
        elif kind == "wait.begin":
            t["waits"][seq] = [*where, e.get("handles"), e.get("wait_type"), number(e.get("alertable")), e.get("timeout_ns")] + [None] * 6
            open_waits.setdefault(e["tid"], []).append(seq)  # one that an APC makes is within the one that it interrupts
        elif kind == "wait.end":
            by = e.get("satisfied_by")
            signal = isinstance(by, dict)
            t["waits"][open_waits[e["tid"]].pop()][7:] = [e["idx"], e["host_ns"], number(e.get("status")), "signal" if signal else by, by["tid"] if signal else None, by["idx"] if signal else None]
        elif kind == "signal":
            t["signals"][seq] = [*where, e.get("hsid"), e.get("object_type"), e.get("op"), e.get("count"), e.get("previous")]
        elif kind in ("handle.create", "handle.dup"):
            t["handles"][seq] = [number(e["raw"]), e.get("hsid"), e.get("object_type"), e.get("name"), *where, number(e.get("of", e.get("dup_of"))), None, None, None]
            open_handles[e["raw"]] = seq
        elif kind == "handle.destroy":
            t["handles"][open_handles.pop(e["raw"])][8:] = where
        elif kind == "thread.create":
            t["threads"][e["child"]] = [*where, number(e.get("entry")), number(e.get("ctx")), number(e.get("stack_size")), number(e.get("flags")), number(e.get("raw")), e.get("hsid"), None, None, None]
        elif kind == "thread.start":
            t["threads"].setdefault(e["tid"], [None] * 12)[9] = e["host_ns"]
        elif kind == "thread.exit":
            t["threads"].setdefault(e["tid"], [None] * 12)[10:] = [e["host_ns"], number(e.get("code"))]
        else:
            t["other_events"][seq] = [*where, kind, e]
    return t


COLUMNS = {
    "other_events": "seq, tid, idx, ns, kind, json",
    "calls": "seq, tid, idx, ns, name, module, ordinal, lr, args, resolved, ret_idx, ret_ns, rv, status, out",
    "waits": "seq, tid, idx, ns, objects, wait_type, alertable, timeout_ns, end_idx, end_ns, status, how, by_tid, by_idx",
    "signals": "seq, tid, idx, ns, hsid, object_type, op, count, previous",
    "handles": "seq, raw, hsid, object_type, name, tid, idx, ns, dup_of, closed_tid, closed_idx, closed_ns",
    "threads": "tid, parent, create_idx, create_ns, entry, ctx, stack_size, flags, raw, hsid, start_ns, exit_ns, exit_code",
}
JSON = {"calls": (7, 8, 13), "waits": (3,), "other_events": (4,)}
COMMON = ("kind", "tid", "idx", "host_ns", "cycle")
HEX = {"lr", "raw", "handle", "rv", "status", "guest_object", "dup_of"}
# What the reference's instrumented build calls otherwise.
OURS = {"new_tid": "child", "handle": "raw", "stack": "stack_size"}
rows = events = 0


def compare_tables(guest, sql, lines):
    global rows
    for name, want in tables_of(lines).items():
        have = {}
        for row in sql.execute(f"SELECT {COLUMNS[name]} FROM {name}"):
            values = list(row[1:])
            for at in JSON.get(name, ()):
                if isinstance(values[at], str):
                    values[at] = json.loads(values[at])
            have[row[0] if name == "threads" else row[0] - 1] = values
        if name == "threads":
            for v in want.values():
                v[8] = None if v[8] is None else number("0x" + v[8])
            assert set(have) >= set(want), (guest, set(want) - set(have))
        elif name == "other_events":  # those of threads are among them
            threads = {k: [*v[:3], v[3], {x: y for x, y in v[4].items() if x not in COMMON}] for k, v in want.items()}
            have = {k: v for k, v in have.items() if v[3] not in ("thread.create", "thread.start", "thread.exit")}
            want = threads
            assert set(have) == set(want), (guest, name)
        else:
            assert set(have) == set(want), (guest, name, len(want), len(have))
        for k in want:
            assert want[k] == have[k], (guest, name, "want", want[k], "have", have[k])
            rows += 1


def compare_sums(guest, sql, lines):
    """What is summed up of calls, threads and objects, added up again here; tests of the sums alone would not see a wrong longest or last one."""
    global rows
    calls, of_thread = {}, {}
    for seq, line in enumerate(lines, 1):
        e = json.loads(line)
        t = of_thread.setdefault(e["tid"], {"events": 0, "calls": 0, "returns": 0, "seqs": [], "ns": []})
        t["events"] += 1
        t["calls"] += e["kind"] == "kernel.call"
        t["seqs"].append(seq)
        t["ns"].append(e["host_ns"])
    for seq, (tid, _, ns, name, _, _, _, _, _, ret_idx, ret_ns, _, status, _) in tables_of(lines)["calls"].items():
        c = calls.setdefault((tid, name), {"seqs": [], "took": {}, "failed": 0})
        c["seqs"].append(seq + 1)
        if ret_idx is not None:
            c["took"][seq + 1] = ret_ns - ns
            c["failed"] += status is not None and status & 0xC0000000 == 0xC0000000
            of_thread[tid]["returns"] += 1
    have = {}
    for tid, name, *v in sql.execute("SELECT x.tid, s.name, x.calls, x.returned, x.failed, x.ns, x.max_ns, x.max_seq, x.first_seq, x.last_seq "
                                     "FROM call_sums x JOIN sites s ON s.id = x.site"):
        have.setdefault((tid, name), []).append(v)
    assert set(have) == set(calls), (guest, set(have) ^ set(calls))
    for key, sums in have.items():
        c, (n, returned, failed, ns, longest, at, first, last) = calls[key], zip(*sums)
        assert (sum(n), sum(returned), sum(failed)) == (len(c["seqs"]), len(c["took"]), c["failed"]), (guest, key, sums)
        assert (min(first), max(last)) == (c["seqs"][0], c["seqs"][-1]), (guest, key, sums)
        if c["took"]:
            assert sum(x for x in ns if x is not None) == sum(c["took"].values()), (guest, key, sums)
            assert max(x for x in longest if x is not None) == max(c["took"].values()), (guest, key, sums)
        for l, s in zip(longest, at):  # the first of the longest
            assert (l is None) == (s is None) and (l is None or c["took"][s] == l), (guest, key, sums)
        if len(sums) == 1 and c["took"]:
            assert at[0] == min(s for s, took in c["took"].items() if took == longest[0]), (guest, key, sums)
        rows += len(sums)
    for tid, *v in sql.execute("SELECT tid, events, calls, returns, first_seq, last_seq, first_ns, last_ns FROM threads"):
        t = of_thread.get(tid)
        want = [t["events"], t["calls"], t["returns"], t["seqs"][0], t["seqs"][-1], min(t["ns"]), max(t["ns"])] if t else None
        assert want is None or v == want, (guest, tid, v, want)
        rows += 1


def compare_signal_sums(guest, sql):
    """Who signalled what, how often, when first and when last, against the signals themselves (which are compared with the trace)."""
    global rows
    want = {}
    for seq, ns, *who in sql.execute("SELECT g.seq, g.ns, g.object, g.tid, o.text, c.site FROM signal_rows g LEFT JOIN strings o ON o.id = g.op "
                                     "LEFT JOIN call_rows c ON c.seq = g.call"):
        want.setdefault(tuple(who), []).append((seq, ns))
    have = {}
    for *who, times, first, last, from_ns, to_ns in sql.execute(
            "SELECT g.object, g.tid, o.text, g.site, g.times, g.first_seq, g.last_seq, g.first_ns, g.last_ns FROM signal_sums g LEFT JOIN strings o ON o.id = g.op"):
        have.setdefault(tuple(who), []).append((times, first, last, from_ns, to_ns))
    assert set(have) == set(want), (guest, set(have) ^ set(want))
    for who, sums in have.items():
        times, first, last, from_ns, to_ns = zip(*sums)
        seqs, ns = zip(*want[who])
        assert (sum(times), min(first), max(last), min(from_ns), max(to_ns)) == (len(seqs), min(seqs), max(seqs), min(ns), max(ns)), (guest, who, sums)
        rows += len(sums)


def compare_stretches(guest, sql, lines):
    """Each event of a thread is in one stretch of it, of as many events and as far apart as is said, with its bounds of place and time."""
    global rows
    stretches, of_thread = {}, {}
    for tid, *v in sql.execute("SELECT tid, first_seq, last_seq, first_idx, last_idx, first_ns, last_ns FROM blocks ORDER BY tid, first_seq"):
        stretches.setdefault(tid, []).append(v)
    for seq, line in enumerate(lines, 1):
        e = json.loads(line)
        of_thread.setdefault(e["tid"], []).append((seq, e["idx"], e["host_ns"]))
    assert set(stretches) == set(of_thread), guest
    for tid, within in stretches.items():
        events = of_thread[tid]
        for v in within:
            n = sum(1 for e in events[:257] if e[0] <= v[1])
            seqs, idxs, nss = zip(*events[:n])
            assert v == [seqs[0], seqs[-1], min(idxs), max(idxs), min(nss), max(nss)] and n <= 256 and v[1] - v[0] <= 16384, (guest, tid, v)
            assert n == 256 or n == len(events) or events[n][0] - v[0] > 16384, (guest, tid, v, "ended before it had to")
            del events[:n]
            rows += 1
        assert not events, (guest, tid)


LOCKS = {"RtlEnterCriticalSection": 1, "KfAcquireSpinLock": 1, "KeAcquireSpinLockAtRaisedIrql": 1, "ExAcquireReadWriteLockExclusive": 1,
         "ExAcquireReadWriteLockShared": 1, "RtlLeaveCriticalSection": 0, "KfReleaseSpinLock": 0, "KeReleaseSpinLockFromRaisedIrql": 0, "ExReleaseReadWriteLock": 0}


def compare_locks(guest, sql, lines):
    """How often each thread took and gave back each lock that it did not only try for."""
    global rows
    want, tried = {}, set()
    for tid, _, _, name, _, _, _, args, _, ret_idx, *_ in tables_of(lines)["calls"].values():
        if not args or int(args[0], 16) < 0x10000:
            continue
        key = (tid, int(args[0], 16))
        if name in LOCKS:
            w = want.setdefault(key, [0, 0])
            w[0 if LOCKS[name] else 1] += not LOCKS[name] or ret_idx is not None
        elif "Try" in name:
            tried.add(key)
    have = {}
    for tid, lock, takes, gives in sql.execute("SELECT tid, lock, sum(takes), sum(gives) FROM lock_sums GROUP BY tid, lock"):
        have[tid, lock] = [takes, gives]
    for key, w in want.items():
        assert have.get(key) == w or key in tried, (guest, key, w, have.get(key))
        rows += 1


def plain(v, key=""):
    """Integers for what the schema writes in hexadecimal: other engines write either."""
    if key == "args" and isinstance(v, list):
        return [plain(x, "raw") for x in v]
    whole = isinstance(v, int) and not isinstance(v, bool) or isinstance(v, str) and re.fullmatch("0x[0-9a-f]+", v)
    return number(v) if key in HEX and whole else v


def compare_events(name, sql, lines, exact):
    global events
    rows = sql.execute("SELECT seq, tid, idx, ns, cycle, kind, fields FROM v_events")
    same = sql.execute("SELECT seq, tid, idx, host_ns, cycle, kind, line FROM events")
    for seq, line in enumerate(lines, 1):
        e, row, again = json.loads(line), next(rows), next(same)
        whole = {k: v for k, v in zip(("kind", "tid", "idx", "host_ns", "cycle"), (row[5], *row[1:5])) if v is not None}
        assert again[:6] == row[:6] and json.loads(again[6]) == {**whole, **json.loads(row[6])}, (name, line, again)
        fields = {k: v for k, v in e.items() if k not in COMMON}
        if e["kind"] == "thread.create":
            fields = {OURS.get(k, k): v for k, v in fields.items()}
        have = json.loads(row[6])
        if not exact:
            fields, have = ({k: plain(v, k) for k, v in f.items()} for f in (fields, have))
        assert row[:6] == (seq, e["tid"], e["idx"], e["host_ns"], e.get("cycle"), e["kind"]), (name, line, row)
        assert fields == have, (name, line, row)
        events += 1
    assert next(rows, None) is None, name


def compare_counts(name, sql, lines):
    """Events by thread, kind and name, as sums tell and as the events themselves do, where SQLite needs none of their texts."""
    parsed = [json.loads(l) for l in lines]
    called = ("kernel.call", "kernel.return")
    want = collections.Counter((e["tid"], e["kind"], e.get("name") if e["kind"] in called else None) for e in parsed)
    assert {row[:3]: row[3] for row in sql.execute("SELECT tid, kind, name, events FROM v_counts")} == want, name
    for column in ("kind", "tid"):
        grouped = f"SELECT {column}, count(*) FROM events GROUP BY {column}"
        assert dict(sql.execute(grouped)) == collections.Counter(e[column] for e in parsed), (name, column)
        looks = [step for *_, step in sql.execute("EXPLAIN QUERY PLAN " + grouped) if re.search("strings|arguments|sites|SUBQUERY", step)]
        plan = " ".join(step for *_, step in sql.execute("EXPLAIN QUERY PLAN " + grouped))
        assert not looks and plan.count("SEARCH") <= 4, (name, plan)  # a row's other half, and the name of a kind
    named = collections.Counter(e["name"] for e in parsed if isinstance(e.get("name"), str))
    assert {n: times for n, times in sql.execute("SELECT name, count(*) FROM events GROUP BY name") if n is not None} == named, name


def database(path, db):
    p = subprocess.run([wedge, "import", path, "-o", db], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    sql = sqlite3.connect(db)
    said = sql.execute("SELECT value FROM meta WHERE key = 'damage'").fetchone()[0]
    assert (said != "") == ("warning" in p.stderr) and said in p.stderr, (path, said, p.stderr)
    assert sql.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    return sql, said


def text_of(name, lines):
    path = os.path.join(work, name)
    with open(path, "w") as f:
        f.writelines(l + "\n" for l in lines)
    return path


HANGS = sorted(f for f in os.listdir(os.path.join(guests, "hangs")) if f.endswith(".xex"))
kinds = set()
longest = []
for guest in ("files.xex", "seh.xex", "memory.xex", "loads.xex", "gpu.xex", "cacheload.xex", "threads.xex", "xam.xex", "apcs.xex", *share.of("stored hangs", [os.path.join("hangs", f) for f in HANGS[::9]], 3)):
    run = os.path.join(work, os.path.basename(guest))
    seconds = "0.01" if re.match(r"threads|spin|shapes\.yields", os.path.basename(guest)) else "1"  # what those do, they do many times
    subprocess.run([wedge, "record", os.path.join(guests, guest), "-o", run, "--seconds", seconds], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lines = subprocess.run(["zstdcat", os.path.join(run, "trace.jsonl.zst")], check=True, capture_output=True, text=True).stdout.splitlines()
    sql, said = database(run, run + ".db")
    assert said == "", (guest, said)
    compare_tables(guest, sql, lines)
    compare_events(guest, sql, lines, True)
    compare_sums(guest, sql, lines)
    compare_signal_sums(guest, sql)
    compare_stretches(guest, sql, lines)
    compare_locks(guest, sql, lines)
    kinds |= {json.loads(l)["kind"] for l in lines}
    for kind, n in sql.execute("SELECT kind, events FROM v_kinds"):
        assert n == sum('"kind":"%s"' % kind in l[:40] for l in lines), (guest, kind, n)
    compare_counts(guest, sql, lines)
    longest = max(longest, lines, key=len)
    sql.close()
missing = {"kernel.call", "kernel.return", "wait.begin", "wait.end", "signal", "handle.create", "handle.dup", "handle.destroy", "thread.create",
           "thread.start", "thread.exit", "guest.print", "exception", "module.load"} - kinds
assert not missing or share.commit, missing  # a part of the guests need not do all of it

# An event that is told of in one way is found in it, whatever its fields look like.
odd = [
    {"kind": "kernel.call", "tid": 1, "idx": 0, "host_ns": 5, "name": "A\u0000\u0001\u007f\"", "lr": "0x10", "args": ["0x1", "text", {"a": 1}], "args_resolved": {"x": None}},
    {"kind": "kernel.call", "tid": 1, "idx": 1, "host_ns": 4, "name": "A", "args": list(range(11)), "args_resolved": "none", "engine": "x"},
    {"kind": "kernel.return", "tid": 1, "idx": 2, "host_ns": 3, "name": "A", "rv": {"deep": [1, {}]}, "out": {}, "void": True},
    {"kind": "kernel.return", "tid": 1, "idx": 3, "host_ns": 3, "name": "never called", "rv": "0x1"},
    {"kind": "kernel.return", "tid": 2, "idx": 0, "host_ns": 3, "rv": "0x1"},
    {"kind": "kernel.call", "tid": 2, "idx": 1, "host_ns": 3},
    {"kind": "wait.end", "tid": 1, "idx": 4, "host_ns": 3, "status": "0x0", "satisfied_by": {"tid": 1, "idx": 2, "more": 3}},
    {"kind": "wait.begin", "tid": 1, "idx": 5, "host_ns": 3, "handles": [4160749572, 0], "guest_objects": [0, 1073763728], "timeout_ns": -5, "alertable": False, "reason": 3},
    {"kind": "wait.begin", "tid": 1, "idx": 6, "host_ns": 3, "handles": "none", "alertable": 3},
    {"kind": "wait.end", "tid": 1, "idx": 7, "host_ns": 3, "satisfied_by": {"tid": 9, "idx": 2}, "op": "single"},
    {"kind": "handle.create", "tid": 0, "idx": 0, "host_ns": 1, "raw": "0x8", "hsid": "not an id", "object_type": 5},
    {"kind": "handle.create", "tid": 0, "idx": 1, "host_ns": 1, "raw": 8, "object_type": "Event", "name": "\\Device\\\u00e9"},
    {"kind": "handle.destroy", "tid": 0, "idx": 2, "host_ns": 1, "raw": "0x8", "object_type": "Semaphore"},
    {"kind": "handle.destroy", "tid": 0, "idx": 3, "host_ns": 1, "raw": "0x8"},
    {"kind": "handle.destroy", "tid": 0, "idx": 4, "host_ns": 1},
    {"kind": "signal", "tid": 0, "idx": 5, "host_ns": 1, "handle": 4160749572, "op": "set", "count": -1, "hsid": "0123456789abcdef", "extra": [1, 2]},
    {"kind": "signal", "tid": 0, "idx": 6, "host_ns": 1, "op": 7, "hsid": 8, "object_type": None},
    {"kind": "thread.create", "tid": 0, "idx": 7, "host_ns": 1, "new_tid": 4, "handle": 16, "entry": 18446744071594867712, "stack": 5},
    {"kind": "what.is.this", "tid": 3, "idx": 9, "host_ns": 18446744073709551, "a": 1.5, "b": [], "c": {"d": "e"}},
    {"kind": "kernel.call", "tid": 5, "idx": 0, "host_ns": 1, "name": "n\u00e4me", "args": []},
    {"kind": "wait.begin", "tid": 5, "idx": 1, "host_ns": 1, "handles": []},
    {"kind": "wait.end", "tid": 5, "idx": 2, "host_ns": 1, "cycle": 70, "satisfied_by": "apc"},
    {"kind": "kernel.return", "tid": 5, "idx": 3, "host_ns": 1, "cycle": 77, "name": "n\u00e4me", "rv": "0x0"},
    {"kind": "kernel.call", "tid": 5, "idx": 4, "host_ns": 1, "name": "n\u00e4me", "args": []},
    {"kind": "signal", "tid": 5, "idx": 5, "host_ns": 1, "hsid": "0123456789abcdef", "op": "set"},
    {"kind": "kernel.return", "tid": 5, "idx": 6, "host_ns": 1, "cycle": 99, "name": "n\u00e4me", "rv": "0x0"},
    {"kind": "kernel.call", "tid": 3, "idx": 10, "host_ns": 1, **{"k%d" % i: i for i in range(70)}, "name": "B"},
]
lines = [json.dumps(e) for e in odd]
sql, _ = database(text_of("odd.jsonl", lines), os.path.join(work, "odd.db"))
compare_events("odd", sql, lines, False)
assert sql.execute("SELECT cycle FROM v_events WHERE tid = 5 AND cycle IS NOT NULL").fetchall() == [(70,), (77,), (99,)]
straight = subprocess.run([wedge, "query", os.path.join(work, "odd.jsonl"), "SELECT name, length(name) AS n FROM events WHERE name = :name", "-p", "name=n\u00e4me",
                           "--json"], capture_output=True, check=True, encoding="utf-8").stdout
assert [json.loads(l) for l in straight.splitlines()] == [{"name": "n\u00e4me", "n": 4}] * 4, straight
assert [r[0] for r in sql.execute("SELECT hsid FROM signals WHERE tid < 5 ORDER BY seq")] == ["0123456789abcdef", None]
assert sql.execute("SELECT hsid, raw FROM handles WHERE tid = 0 AND idx = 1").fetchone() == (None, 8)
assert sql.execute("SELECT count(*) FROM v_objects WHERE hsid = '0000000000000000'").fetchone() == (0,)
sql.close()

# Calls, waits and handles that stay open while very many others come and go, and some that end the other way round.
lines, idx = [], collections.Counter()


def add(tid, kind, **fields):
    lines.append(json.dumps({"kind": kind, "tid": tid, "idx": idx[tid], "host_ns": len(lines) * 10, **fields}))
    idx[tid] += 1


for tid in range(1, 6):
    add(tid, "handle.create", raw="0x%x" % (4 * tid), hsid="%016x" % tid, object_type="Event")
    add(tid, "kernel.call", name="NtWait", module="xboxkrnl.exe", ordinal=tid, lr="0x82", args=["0x4"], args_resolved={})
    if tid % 2:
        add(tid, "kernel.call", name="Inner", args=[], args_resolved={"n": tid})
    add(tid, "wait.begin", handles=["%016x" % tid], wait_type="any", alertable=True, timeout_ns=-1)
for i in range(12000):
    add(9, "kernel.call", name="Busy", args=["0x%x" % (i % 7)], args_resolved={})
    add(9, "kernel.return", name="Busy", rv="0x%x" % i, out={})
for tid in (5, 2, 1):
    add(9, "signal", hsid="%016x" % tid, object_type="Event", op="set", count=1, previous=0)
    add(tid, "wait.end", status="0x0", satisfied_by={"tid": 9, "idx": idx[9] - 1})
    if tid == 1:
        add(tid, "kernel.return", name="Inner", rv="0x0", out={})
    add(tid, "kernel.return", name="NtWait", rv="0x0", out={})
    add(tid, "handle.destroy", raw="0x%x" % (4 * tid), hsid="%016x" % tid, object_type="Event")
sql, _ = database(text_of("long.jsonl", lines), os.path.join(work, "long.db"))
compare_events("long", sql, lines, True)
compare_tables("long", sql, lines)
assert sql.execute("SELECT count(*) FROM wait_rows w JOIN signal_rows g ON g.seq = w.by_signal AND g.object = w.object").fetchone() == (3,)
assert sql.execute("SELECT tid, depth FROM calls WHERE name = 'Inner' ORDER BY tid").fetchall() == [(1, 1), (3, None), (5, 1)]
assert sql.execute("SELECT tid FROM v_blocked").fetchall() == [(3,), (4,)]
sql.close()

# Waits within waits: APCs interrupt them. And ends that a trace lacks, of waits that are over all the same.
lines, idx = [], collections.Counter()
begin = lambda tid, what: add(tid, "wait.begin", handles=["%016x" % what], wait_type="any", alertable=False, timeout_ns=-1)
end = lambda tid, how: add(tid, "wait.end", status="0x0", satisfied_by=how)
call = lambda tid, name: add(tid, "kernel.call", name=name, args=[], args_resolved={})
leave = lambda tid, name: add(tid, "kernel.return", name=name, rv="0x0", out={})
call(9, "NtClose"), leave(9, "NtClose")  # calls are told to return
call(1, "NtWait"), begin(1, 1)  # interrupted twice, and once within that
for inner in (2, 3):
    call(1, "NtDelay"), begin(1, inner)
    if inner == 3:
        call(1, "NtWait"), begin(1, 4), end(1, "already"), leave(1, "NtWait")
    end(1, "timeout"), leave(1, "NtDelay")
end(1, "signalled"), leave(1, "NtWait")
call(2, "NtWait"), begin(2, 5), call(2, "NtDelay"), begin(2, 6)  # is in both
call(3, "NtWait"), begin(3, 7), leave(3, "NtWait")  # no end, but over
call(3, "NtWait"), begin(3, 8), leave(3, "NtWait"), end(3, "late")  # told too late
call(3, "NtClose"), end(3, "of nothing"), leave(3, "NtClose")
call(4, "NtWait"), begin(4, 9), begin(4, 10), end(4, "signalled"), begin(4, 11)
call(6, "NtWait"), begin(6, 13), begin(6, 14), end(6, "signalled")
call(5, "NtWait"), begin(5, 12), add(5, "thread.exit", code="0x0")
sql, _ = database(text_of("within.jsonl", lines), os.path.join(work, "within.db"))
compare_events("within", sql, lines, True)
ends = sql.execute("SELECT json_extract(objects, '$[0]'), how FROM waits ORDER BY seq").fetchall()
assert [(int(o, 16), how) for o, how in ends] == [
    (1, "signalled"), (2, "timeout"), (3, "timeout"), (4, "already"), (5, None), (6, None), (7, None), (8, "late"), (9, None), (10, "signalled"),
    (11, None), (13, None), (14, "signalled"), (12, None)], ends
assert sql.execute("SELECT w.tid, w.idx FROM blocked b JOIN wait_rows w ON w.seq = b.wait ORDER BY w.seq").fetchall() == [(2, 1), (2, 3), (4, 4)]
assert sql.execute("SELECT tid, idx FROM v_blocked").fetchall() == [(2, 1), (2, 3), (4, 4)]
assert [json.loads(f)["satisfied_by"] for f, in sql.execute("SELECT json FROM other_events WHERE kind = 'wait.end'")] == ["of nothing"]
sql.close()

# A log without results, call sites and cycles: what it does not tell is NULL, and no nesting is made up.
lines = []
for l in longest:
    e = json.loads(l)
    if e["kind"] == "kernel.call":
        lines.append(json.dumps({k: e[k] for k in ("kind", "tid", "idx", "host_ns", "name")}))
sql, _ = database(text_of("bare.jsonl", lines), os.path.join(work, "bare.db"))
compare_events("bare", sql, lines, True)
assert sql.execute("SELECT count(*) FROM calls WHERE rv IS NOT NULL OR lr IS NOT NULL OR cycle IS NOT NULL OR ret_seq IS NOT NULL OR out IS NOT NULL "
                   "OR args IS NOT NULL OR resolved IS NOT NULL OR depth IS NOT NULL OR parent IS NOT NULL").fetchone() == (0,)
sql.close()

# Cut and torn: what is left is there, and what is wrong is said.
lines = longest[:len(longest) * 2 // 3]
for name, text, word in (("cut.jsonl", "\n".join(lines) + "\n" + longest[len(lines)][:30], "truncated"),
                         ("torn.jsonl", "\n".join([*lines[:9], "{]", *lines[9:]]) + "\n", "line 10")):
    path = os.path.join(work, name)
    with open(path, "w") as f:
        f.write(text)
    sql, said = database(path, os.path.join(work, "damaged.db"))
    assert word in said, said
    compare_events(name, sql, lines, True)
    sql.close()
print("%d rows and %d events are what their traces say" % (rows, events))
assert rows > 1500 and events > 3000, (rows, events)

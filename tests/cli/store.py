#!/usr/bin/env python3
"""Every row and column of a trace's database, against the trace read a second time, here.

store.py WEDGE GUESTS WORK: records guests, imports each, and compares each table with what its JSON lines say.
"""
import json, os, shutil, sqlite3, subprocess, sys

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
    t = {name: {} for name in ("events", "calls", "waits", "signals", "handles", "threads")}
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
            open_waits[e["tid"]] = seq
        elif kind == "wait.end":
            by = e.get("satisfied_by")
            signal = isinstance(by, dict)
            t["waits"][open_waits.pop(e["tid"])][7:] = [e["idx"], e["host_ns"], number(e.get("status")), "signal" if signal else by, by["tid"] if signal else None, by["idx"] if signal else None]
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
            t["events"][seq] = [*where, kind, e]
    return t


JSON = {"calls": (7, 8, 13), "waits": (3,), "events": (4,)}
rows = 0
HANGS = sorted(f for f in os.listdir(os.path.join(guests, "hangs")) if f.endswith(".xex"))
for guest in ("files.xex", "seh.xex", "memory.xex", "loads.xex", *(os.path.join("hangs", f) for f in HANGS[::9])):
    run = os.path.join(work, os.path.basename(guest))
    db = run + ".db"
    subprocess.run([wedge, "record", os.path.join(guests, guest), "-o", run, "--seconds", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lines = subprocess.run(["zstdcat", os.path.join(run, "trace.jsonl.zst")], check=True, capture_output=True, text=True).stdout.splitlines()
    subprocess.run([wedge, "import", run, "-o", db], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sql = sqlite3.connect(db)
    offset = None
    for name, want in tables_of(lines).items():
        have = {}
        for row in sql.execute(f"SELECT * FROM {name}"):
            values = list(row[1:])
            for at in JSON.get(name, ()):
                if isinstance(values[at], str):
                    values[at] = json.loads(values[at])
            have[row[0]] = values
        if name == "threads":
            assert set(have) >= set(want), (guest, set(want) - set(have))
            pairs = [(want[k], have[k]) for k in want]
        else:
            assert len(want) == len(have), (guest, name, len(want), len(have))
            ordered = sorted(have)
            assert [k - ordered[0] for k in ordered] == [k - min(want) for k in sorted(want)] if want else not have, (guest, name)
            pairs = [(want[k], have[h]) for k, h in zip(sorted(want), ordered)]
        for w, h in pairs:
            assert w == h, (guest, name, "want", w, "have", h)
            rows += 1
    sql.close()
print("%d rows are what their traces say" % rows)
assert rows > 1500, rows

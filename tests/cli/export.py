#!/usr/bin/env python3
"""What `wedge export` writes, read by decoders of this test's own, against the JSON lines that it was made of.

export.py WEDGE GUESTS WORK
"""
import collections, csv, io, json, os, re, shutil, subprocess, sys

from perfetto import BEGIN, COUNTER, END, INSTANT, Trace

wedge, guests, work = sys.argv[1:4]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)


def export(trace, *options, code=0, stdin=None):
    """Its standard output and what it said."""
    p = subprocess.run([wedge, "export", trace, *options], capture_output=True, input=stdin)
    assert p.returncode == code, (trace, options, p.returncode, p.stderr)
    return p.stdout, p.stderr.decode()


def perfetto(trace, *options, **more):
    out, said = export(trace, "--perfetto", "-", *options, **more)
    return Trace(out), said


def lines_of(run):
    text = subprocess.run(["zstdcat", os.path.join(run, "trace.jsonl.zst")], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in text.splitlines()]


COMMON = ("kind", "tid", "idx", "host_ns", "cycle")


def shown(e):
    """The annotations that an event should have, its name apart."""
    args = {k: v for k, v in e.items() if k not in COMMON and v != {}}
    if e["kind"].startswith("kernel."):
        args.pop("name", None)
    return args


def strip(args):
    notes = ("idx", "cycle", "tid", "end_idx", "end_cycle", "status_name")
    return {k: v for k, v in args.items() if k not in notes and v is not True or k in ("void", "dispatched")}


def normal(v):
    """0x007 and 0x7 are one number, text has no control characters, and what is empty has no value of its own in Perfetto."""
    if isinstance(v, dict):
        return {k: normal(x) for k, x in v.items()}
    if isinstance(v, list):
        return [normal(x) for x in v]
    if isinstance(v, str) and v.startswith("0x"):
        return hex(int(v, 16))
    if isinstance(v, str):
        return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda c: f"\\x{ord(c[0]):02x}", v)
    return [] if v == {} else v


POINTS = {"gpu.interrupt": "interrupt", "gpu.swap": "frame", "dpc.start": "DPC", "apc.start": "APC"}


def check_against(trace, lines):
    """Every event is there once, where and when it was, with all that it says."""
    by_place = {(e["tid"], e["idx"], e["kind"] == "trace.footer"): e for e in lines}
    assert len(by_place) == len(lines)
    open_slices, seen, never = collections.defaultdict(list), set(), collections.Counter()
    hardware = {u for u, d in trace.tracks.items() if d.get("name", "").startswith("hardware")}
    latest = max(e["host_ns"] for e in lines)
    for m in trace.events:
        if m["type"] == COUNTER or m["track"] in hardware:
            continue
        args = dict(m["args"])
        tid = trace.tid_of(m)
        if m["type"] == END:
            begin, what = open_slices[m["track"]].pop()
            if "end_idx" not in args:
                assert list(args.values()) == [True]
                never[list(args)[0]] += 1
                if "open_at_end" in args:
                    assert m["ts"] == latest
                continue
            place = (begin["tid"], args["end_idx"], False)
        else:
            place = (tid if tid is not None else 0, args.get("idx"), m["name"] == "trace.footer")
        e = by_place[place]
        assert place not in seen, place
        seen.add(place)
        assert m["ts"] >= e["host_ns"] and (place[0] == 0 or m["ts"] == e["host_ns"]), (m, e)
        if m["type"] == BEGIN:
            assert m["name"] == (e["name"] if e["kind"] == "kernel.call" else "wait") and m["category"] == ("wait" if e["kind"] == "wait.begin" else "call")
            open_slices[m["track"]].append((e, m["name"]))
        elif m["type"] == END:
            assert e["kind"] == ("wait.end" if what == "wait" else "kernel.return") and (what == "wait" or e["name"] == what)
            if "status" in e and int(e["status"], 16) in (0, 0x102, 0xC000000F):
                assert args["status_name"] == {0: "STATUS_SUCCESS", 0x102: "STATUS_TIMEOUT", 0xC000000F: "STATUS_NO_SUCH_FILE"}[int(e["status"], 16)]
        else:
            assert m["name"] == (e["op"] if e["kind"] == "signal" else POINTS.get(e["kind"], e["kind"])), m
        assert strip(args) == normal(shown(e)), (m, e)
    assert seen == set(by_place), set(by_place) - seen
    assert not any(open_slices.values())
    return never


def check_run(run):
    lines = lines_of(run)
    trace, said = perfetto(run)
    trace.check_tracks()
    never = check_against(trace, lines)
    assert ("have no end" in said) == bool(never["open_at_end"]), (said, never)
    # Signals and what they ended.
    woken = [e for e in lines if e["kind"] == "wait.end" and isinstance(e["satisfied_by"], dict) and e["satisfied_by"]["tid"] != e["tid"]]
    flows = trace.check_flows()
    for start, end in flows:
        assert start["ts"] <= end["ts"] and start["category"] in ("signal", "wake") and start["type"] == INSTANT
    arrows = collections.Counter((trace.tid_of(s), s["args"].get("idx"), e["args"]["end_idx"]) for s, e in flows)
    want = collections.Counter((e["satisfied_by"]["tid"], e["satisfied_by"]["idx"], e["idx"]) for e in woken)
    assert arrows == want, (arrows - want, want - arrows)
    # Counters.
    last = {}
    for e in trace.events:
        if e["type"] == COUNTER:
            last.setdefault(trace.tracks[e["track"]]["name"], []).append(e["value"])
    kinds = collections.Counter(e["kind"] for e in lines)
    assert last["handles"][-1] == kinds["handle.create"] + kinds["handle.dup"] - kinds["handle.destroy"]
    assert last["threads"][-1] == kinds["thread.start"] - kinds["thread.exit"]
    assert sum(last["events per ms"]) == len(lines)
    # A name for each thread, with its entry.
    entries = {e["tid"]: e["entry"] for e in lines if e["kind"] == "thread.start"}
    names = {d["thread"]["tid"]: d["thread"]["thread_name"] for d in trace.tracks.values() if "thread" in d}
    assert all(names[t] == f"thread {t} (entry {entry})" for t, entry in entries.items()), names
    return trace, lines, kinds


hw_seen = set()
for guest, seconds in (("threads", "0.004"), ("spawn", "0.0015"), ("gpu", "1"), ("cacheload", "1"), ("seh", "1"), ("files", "1"), ("pad", "0.2")):
    subprocess.run([wedge, "record", os.path.join(guests, guest + ".xex"), "-o", guest, "--seconds", seconds], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    trace, lines, kinds = check_run(guest)
    # What a hardware thread ran: threads that there are, one after another, at times when they were there.
    spans = {t: (min(e["host_ns"] for e in lines if e["tid"] == t), max(e["host_ns"] for e in lines if e["tid"] == t)) for t in {e["tid"] for e in lines}}
    for e in trace.events:
        name = trace.tracks[e["track"]].get("name", "")
        if name.startswith("hardware thread"):
            assert 0 <= int(name[16:]) < 6
            hw_seen.add(name)
            if e["type"] == BEGIN:
                assert int(e["name"][7:]) in spans, e
    assert sum(e["name"] == "interrupt" and e["category"] == "hardware" for e in trace.events) == kinds["gpu.interrupt"]
assert len(hw_seen) > 1, hw_seen

# -- a file gets what standard output gets --
out, said = export("threads", "--perfetto", "threads.pftrace")
assert b"exported to threads.pftrace" in out
assert open("threads.pftrace", "rb").read() == export("threads", "--perfetto", "-")[0]

# -- a thread, a range --
lines = lines_of("threads")
busy = collections.Counter(e["tid"] for e in lines if e["tid"]).most_common(1)[0][0]
trace, said = perfetto("threads", "--tid", str(busy))
trace.check_tracks()
assert not trace.check_flows()
idx = sorted(i for e in trace.events for k, i in e["args"].items() if k in ("idx", "end_idx"))
assert idx == [e["idx"] for e in lines if e["tid"] == busy]
assert {trace.tid_of(e) for e in trace.events} == {busy}

times = sorted(e["host_ns"] for e in lines)
begin, end = times[len(times) // 3], times[len(times) * 2 // 3]
seconds = lambda ns: f"{ns // 10**9}.{ns % 10**9:09d}"
trace, said = perfetto("threads", "--from", seconds(begin), "--to", seconds(end))
trace.check_tracks()
trace.check_flows()
assert all(begin // 10**6 * 10**6 <= e["ts"] <= end for e in trace.events)
got = {(trace.tid_of(e) if e["type"] != END else None, e["args"]["idx"]) for e in trace.events if "idx" in e["args"]}
for e in lines:
    if e["tid"] and e["kind"] not in ("kernel.return", "wait.end"):
        assert ((e["tid"], e["idx"]) in got) == (begin <= e["host_ns"] <= end), e
assert sum("began_before_range" in e["args"] for e in trace.events) and sum("goes_on_after_range" in e["args"] for e in trace.events)
assert all(e["ts"] == begin for e in trace.events if "began_before_range" in e["args"])

# -- the Trace Event Format --
for run in ("threads", "cacheload", "gpu"):
    lines = lines_of(run)
    doc = json.loads(export(run, "--chrome-json", "-")[0])
    events, stacks, flows, told, seen = doc["traceEvents"], collections.defaultdict(list), {}, set(), []
    for e in events:
        assert e["pid"] == 1
        if e["ph"] == "M":
            told.add(e.get("tid"))
        elif e["ph"] == "B":
            stacks[e["tid"]].append(e["name"])
            seen.append(e["args"]["begin"]) if "thread" not in e["name"] else None
        elif e["ph"] == "E":
            stacks[e["tid"]].pop()
            seen += [e["args"]["end"]] if "end" in e.get("args", {}) else []
        elif e["ph"] == "i":
            seen += [e["args"]["event"]] if e["cat"] != "hardware" else []
        elif e["ph"] == "s":
            flows[e["id"]] = e["ts"]
        elif e["ph"] == "f":
            assert e["bp"] == "e" and stacks[e["tid"]] and e["ts"] >= flows.get(e["id"], 0)
        else:
            assert e["ph"] == "C"
        assert e["ph"] in "MC" or e["tid"] in told, e
    assert not any(stacks.values())
    key = lambda e: (e["tid"], e["idx"], e["kind"])
    assert sorted(seen, key=key) == sorted(lines, key=key)
    assert sum(e["ph"] == "s" for e in events) == sum(e["ph"] == "f" for e in events) == len(flows)

# -- CSV --
TEXT = ("name", "module", "hsid", "object_type", "text", "raw", "rv", "status", "lr")
for run in ("threads", "files", "seh"):
    lines, text = lines_of(run), export(run, "--csv", "-")[0].decode()
    assert text.count("\r\n") == len(lines) + 1 == text.count("\n")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert len(rows) == len(lines)
    for n, (row, e) in enumerate(zip(rows, lines)):
        back = {"kind": row["kind"], **json.loads(row["fields"] or "{}")}
        assert int(row["seq"]) == n + 1  # as in SQL
        back.update({k: int(row[k]) for k in ("tid", "idx", "host_ns", "cycle", "ordinal") if row[k]})
        back.update({k: row[k] for k in TEXT if row[k]})
        back.update({k: json.loads(row[k]) for k in ("args_resolved", "out") if row[k]})
        if row["args"]:
            back["args"] = row["args"].split(" ")
        want = {k: normal(v) if k == "text" else v for k, v in e.items() if v not in ({}, [], "")}
        assert back == want, (back, want)
    assert any(r["status_name"] == "STATUS_SUCCESS" for r in rows)

# -- a trace that ends early: what is open ends with it and is marked --
lines = lines_of("threads")
cut = next(n for n, e in enumerate(lines) if n > len(lines) // 2 and e["kind"] == "wait.begin") + 1
open("cut.jsonl", "w").write("".join(json.dumps(e) + "\n" for e in lines[:cut]) + '{"kind":"kern')
trace, said = perfetto("cut.jsonl")
trace.check_tracks()
assert "warning: cut.jsonl: truncated in line" in said and "have no end" in said
marked = [e for e in trace.events if "open_at_end" in e["args"]]
assert marked and all(e["ts"] == max(x["host_ns"] for x in lines[:cut]) for e in marked)
assert any("damaged" in e["args"] and e["name"].startswith("truncated in line") for e in trace.events)

# -- a log without times: the order of its events, and calls that end at the next --
LOG = (b"i> 00000100 XThreadF8000008 (6) Stack: 70150000-70190000\n"
       b"d> F8000008 NtCreateEvent(7018FF28(00000000), 00000000, 00000000, 00000000)\n"
       b"i> F8000008 Added handle:F800000C for N2xe6kernel7XObjectE\n"
       b"d> F8000008 NtAllocateVirtualMemory(7018FF28, 00001000)\n"
       b"d> F8000008 NtAllocateVirtualMemory = 40000000\n"
       b"d> F8000008 NtWaitForSingleObjectEx(F800000C, 00000001, 00000000, 00000000)\n")
open("xenia.log", "wb").write(LOG)
for trace, said in (perfetto("xenia.log"), perfetto("-", stdin=LOG)):
    assert "has no times: an event's time is its place among the events" in said, said
    trace.check_tracks()
    calls = [e for e in trace.events if e["category"] == "call" and e["type"] == BEGIN]
    assert [e["name"] for e in calls] == ["NtCreateEvent", "NtAllocateVirtualMemory", "NtWaitForSingleObjectEx"]
    ends = [e["args"] for e in trace.events if e["type"] == END and "thread" in trace.tracks[e["track"]]]
    assert "return_not_told" in ends[0] and ends[1]["out"] == {"base": "0x40000000"} and "open_at_end" in ends[2], ends
    assert all(e["ts"] % 1000 == 0 for e in trace.events) and len({e["ts"] for e in calls}) == 3
in_all = subprocess.run([wedge, "events", "xenia.log", "--json"], capture_output=True).stdout.count(b"\n")
assert export("xenia.log", "--csv", "-")[0].count(b"\r\n") == 1 + in_all

# -- what foreign traces may hold --
HEADER = '{"kind":"trace.header","tid":0,"idx":0,"host_ns":0,"schema":1,"engine":"other","version":"1","clock":"host","title":"t\\u0007\\u00e9.xex"}\n'


def foreign(text, *options, late=()):
    data = text if isinstance(text, bytes) else text.encode()
    open("foreign.jsonl", "wb").write(data)
    trace, said = perfetto("foreign.jsonl", *options)
    trace.check_tracks(late)
    json.loads(export("foreign.jsonl", "--chrome-json", "-")[0])
    list(csv.reader(io.StringIO(export("foreign.jsonl", "--csv", "-")[0].decode(), newline=""), strict=True))
    return trace, said


def event(kind, tid, idx, ns, **more):
    return json.dumps({"kind": kind, "tid": tid, "idx": idx, "host_ns": ns, **more}) + "\n"


# No times at all; in a pipe nobody can look ahead.
untimed = event("kernel.call", 3, 0, 0, name="NtClose", args=["0x1"]) + event("kernel.return", 3, 1, 0, name="NtClose", rv="0x0")
trace, said = foreign(untimed)
assert "has no times" in said and [e["ts"] for e in trace.events if e["track"] >> 40 == 2] == [0, 1000]
assert "--by-order" in perfetto("-", stdin=untimed.encode())[1]
assert "--by-order" not in perfetto("-", "--by-order", stdin=untimed.encode())[1]

# Bytes that are no text, nesting, large numbers, more fields than an event has room for, kinds that nobody knows.
many = {f"k{i}": i for i in range(40)}
text = (HEADER.encode() + event("guest.print", 1, 0, 5, text="x", **many).encode()
        + b'{"kind":"mystery","tid":1,"idx":1,"host_ns":6,"deep":' + b"[" * 40 + b"]" * 40 + b',"big":18446744073709551615,"low":-9223372036854775808,"pi":3.5,"no":null}\n'
        + b'{"kind":"kernel.call","tid":1,"idx":2,"host_ns":7,"name":"Nt\xff\\u0000\xc3\xa9","args":["0xffffffffffffffff"],"args_resolved":{"path":"a\\\\b\\n\\ud83d\\ude00\x7f"}}\n'
        + event("signal", 1, 3, 8, op="set", **many).encode()
        + b'{"kind":"odd\xe6","tid":1,"idx":4,"host_ns":9,"key\xe6\\n":1,"in":{"\xe6":2,"":3},"":4}\n')
trace, said = foreign(text)
by_idx = {e["args"]["idx"]: e for e in trace.events if trace.tid_of(e) == 1 and "idx" in e["args"]}
assert by_idx[0]["args"]["k39"] == 39 and by_idx[3]["args"]["k39"] == 39
assert by_idx[1]["name"] == "mystery" and by_idx[1]["category"] == "other"
assert by_idx[1]["args"]["big"] == 2**64 - 1 and by_idx[1]["args"]["low"] == -(2**63) and by_idx[1]["args"]["pi"] == "3.5"
assert by_idx[2]["name"] == "Nt\\xff\\x00\u00e9" and by_idx[2]["args"]["args"] == ["0x" + "f" * 16], by_idx[2]
assert by_idx[4]["name"] == "odd\\xe6" and by_idx[4]["args"]["key\\xe6\\x0a"] == 1 and by_idx[4]["args"]["in"] == {"\\xe6": 2, "": 3}
assert trace.tracks[1 << 40]["process"]["process_name"] == "t\\x07\\xe9.xex"

# Ends without beginnings, beginnings without ends, times that go back, signals that are late or nowhere, one signal that ends many waits.
text = HEADER + "".join([
    event("kernel.return", 1, 0, 10, name="NtClose", rv="0x0"),
    event("wait.end", 1, 1, 11, status="0x0", satisfied_by={"tid": 9, "idx": 9}),
    event("kernel.call", 1, 2, 20, name="A", args=[]), event("kernel.call", 1, 3, 30, name="B", args=[]), event("kernel.return", 1, 4, 25, name="A", rv="0x0"),
    *(event("wait.begin", 10 + i, 0, 40, handles=[], wait_type="any", alertable=False, timeout_ns=-1) for i in range(40)),
    event("signal", 1, 5, 50, op="set", hsid="0" * 16, object_type="Event", count=1, previous=0),
    *(event("wait.end", 10 + i, 1, 50, status="0x0", satisfied_by={"tid": 1, "idx": 5}) for i in range(20)),
    event("kernel.call", 1, 6, 60, name="C", args=[]),
    *(event("wait.end", 10 + i, 1, 70, status="0x0", satisfied_by={"tid": 1, "idx": 5}) for i in range(20, 40)),
    event("thread.exit", 1, 7, 80, code="0x0"),
    *(event("kernel.call", 2, i, 100 + i, name="Deep", args=[]) for i in range(100))])
trace, said = foreign(text, late=("ends a wait",))
assert "1 events are earlier" in said and "1 waits name a signal that is not among the latest" in said, said
flows = trace.check_flows()
assert len(flows) == 40 and all(s["ts"] == 50 for s, e in flows)
notes = collections.Counter(k for e in trace.events for k, v in e["args"].items() if v is True)
assert notes["call_not_told"] == 1 and notes["begin_not_told"] == 1 and notes["never_returned"] == 1 and notes["thread_ended"] == 1
assert notes["return_not_told"] == 99 and notes["open_at_end"] == 1, notes

# Each of many signals that went by has its arrow, whatever their numbers are; of those before the latest 65,536 that is said.
SIGNALS = 66000
text = HEADER + "".join(event("wait.begin", 2 + i, 0, 1, handles=[], wait_type="any", alertable=False, timeout_ns=-1) for i in range(3000))
text += "".join(event("signal", 1, i, 10 + i, op="set", hsid="0" * 16, object_type="Event") for i in range(SIGNALS)) + event("kernel.call", 1, SIGNALS, SIGNALS + 10, name="C", args=[])
text += "".join(event("wait.end", 2 + i, 1, SIGNALS + 20, status="0x0", satisfied_by={"tid": 1, "idx": 22 * i}) for i in range(3000))
trace, said = foreign(text, late=("ends a wait",))
lost = sum(22 * i < SIGNALS - 65536 for i in range(3000))
assert lost and "%d waits name a signal" % lost in said, said
assert sorted(s["ts"] for s, e in trace.check_flows()) == [10 + 22 * i for i in range(lost, 3000)]

# A hardware thread that events name.
trace, said = foreign(HEADER + "".join(event("kernel.call", t, i, 10 * i + t, name="A", args=[], hw=t % 2) + event("kernel.return", t, 2 * i + 1, 10 * i + t + 1, name="A", rv="0x0", hw=t % 2)
                                       for i in range(5) for t in (1, 2, 3)).replace('"idx": 1,', '"idx": 1,'))
names = {d["name"] for d in trace.tracks.values() if "hardware" in d.get("name", "")}
assert names == {"hardware thread 0", "hardware thread 1"}, names
assert {e["name"] for e in trace.events if e["track"] == 4 << 40 | 1 and e["type"] == BEGIN} == {"thread 1", "thread 3"}

# -- what is refused leaves nothing --
assert "expected one of" in export("threads", code=2)[1]
assert "expected one of" in export("threads", "--csv", "a", "--perfetto", "b", code=2)[1]
assert "--from is behind --to" in export("threads", "--csv", "a", "--from", "2", "--to", "1", code=2)[1]
assert "no/where" in export("threads", "--csv", "no/where", code=2)[1]
assert "nobody" in export("nobody", "--csv", "a", code=2)[1]
for form in "csv", "lnav", "perfetto", "chrome-json":
    assert export("threads", "--" + form, "a", "--tid", "99", code=2)[1] == "wedge: --tid: there is no thread 99\n", form
assert not os.path.exists("a") and not os.path.exists("b") and not [f for f in os.listdir() if f.startswith(".")]

# -- memory does not grow with the trace --
def peak(n):
    with open("long.jsonl", "w") as f:
        f.write(HEADER)
        for i in range(n):
            f.write(event("kernel.call", i % 9 + 1, i // 9 * 2, i, name=f"Nt{i % 200}", args=["0x1", hex(i)]))
            f.write(event("kernel.return", i % 9 + 1, i // 9 * 2 + 1, i, name=f"Nt{i % 200}", rv=hex(i)))
    p = subprocess.Popen([wedge, "export", "long.jsonl", "--perfetto", "long.pftrace"], stdout=subprocess.DEVNULL)
    return os.wait4(p.pid, 0)[2].ru_maxrss


if not json.loads(subprocess.run([wedge, "--version", "--json"], capture_output=True).stdout).get("sanitizers"):
    few, many = peak(10000), peak(100000)
    assert many < few * 1.25 + 2048, (few, many)
print("exports: every event of 7 runs in 3 formats, and what foreign traces may hold")

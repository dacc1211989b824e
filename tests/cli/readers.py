#!/usr/bin/env python3
"""Every way in for every command that takes a trace: files, packed files, standard input and pipes; other names for what schema 1 has, by
themselves and by a mapping file; and every line accounted for.

usage: readers.py WEDGE GUESTS WORKDIR
"""
import bz2, collections, gzip, html, io, json, lzma, os, random, re, shutil, sqlite3, subprocess, sys, tarfile

import tool

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, guests, work = sys.argv[1:4]
tool.enter(work)
run = tool.runner(wedge)

run("record", os.path.join(guests, "cacheload.xex"), "-o", "run")
lines = subprocess.run(["zstdcat", "run/trace.jsonl.zst"], check=True, stdout=subprocess.PIPE).stdout.decode().splitlines()
events = [json.loads(x) for x in lines]


def write(name, objects):
    with open(name, "w") as f:
        f.writelines(json.dumps(x, separators=(",", ":")) + "\n" for x in objects)


# -- the same trace with other names --

THEIRS = {"kind": "event", "tid": "thread_id", "idx": "seq", "host_ns": "ts", "cycle": "cycles"}
KINDS = {"kernel.call": "call", "kernel.return": "return", "thread.create": "thread_created", "wait.begin": "WaitBegin"}


def usual(e):
    head = {THEIRS[k]: v for k, v in e.items() if k in THEIRS}
    head["event"] = KINDS.get(head["event"], head["event"])
    return {**head, "payload": {k: v for k, v in e.items() if k not in THEIRS}}


def own(e):
    head = {"W" + k: v for k, v in e.items() if k in THEIRS and k != "host_ns"}
    return {**head, "at_us": e["host_ns"] / 1000, "rec": {"_" + k: v for k, v in e.items() if k not in THEIRS}, "build": 7}


body = [e for e in events if not e["kind"].startswith("trace.")]
keys = sorted({k for e in body for k in e if k not in THEIRS})
write("ours.jsonl", body)
write("usual.jsonl", [usual(e) for e in body])
write("own.jsonl", [own(e) for e in body])
with open("mapping.json", "w") as f:
    json.dump({"keys": {"Wkind": "kind", "Wtid": "tid", "Widx": "idx", "Wcycle": "cycle", "at_us": {"to": "host_ns", "times": 1000}, "rec": "*",
                        "build": None, **{"rec._" + k: k for k in keys if k in {"name", "module", "ordinal", "lr", "args", "args_resolved", "rv", "void",
                        "status", "out", "child", "entry", "ctx", "stack_size", "flags", "raw", "hsid", "object_type", "handles", "wait_type",
                        "alertable", "timeout_ns", "satisfied_by", "op", "count", "previous", "guest_object", "code", "text", "size", "path",
                        "base", "sha256", "addr", "width", "height", "source", "value"}}}}, f)

# Threads that call are told by the host's numbers, those that are made by the guest's: how they begin ties them.
for theirs in (lambda tid: 140230000000000 + 4096 * tid, lambda tid: 4711 + tid, lambda tid: "host-%d" % tid):
    hosts = [{**usual(e), "thread_id": theirs(e["tid"])} for e in body]
    write("hosts.jsonl", hosts)
    assert run("hang", "hosts.jsonl", code=1)[0].splitlines()[0].replace(' "host-3"', "") == run("hang", "ours.jsonl", code=1)[0].splitlines()[0]
    write("hosts.jsonl", [e for e in hosts if e["event"] != "thread.start"])
    said = run("hang", "hosts.jsonl", code=2)[1]
    assert "nothing is heard again of the 3 threads that are made, and 2 threads call that nobody made" in said, said

same = lambda *args: [json.loads(x) for x in run("events", *args, "--json")[0].splitlines()]
ours = same("ours.jsonl")
assert len(ours) == len(body)
assert same("usual.jsonl") == ours
mapped = same("own.jsonl", "--mapping", "mapping.json")
assert mapped == ours, next((a, b) for a, b in zip(mapped, ours) if a != b)
# Schema 1 is schema 1: a mapping changes nothing of it.
assert same("run", "--mapping", "mapping.json") == same("run")

want = run("hang", "ours.jsonl", code=1)[0]
assert run("hang", "usual.jsonl", code=1)[0] == want
assert run("hang", "own.jsonl", "--mapping", "mapping.json", code=1)[0] == want
assert run("diff", "ours.jsonl", "usual.jsonl")[0].startswith("no difference")
assert run("diff", "ours.jsonl", "own.jsonl", "--mapping", "mapping.json")[0].startswith("no difference")
SQL = "SELECT name, count(*) AS n, sum(rv) AS s FROM calls GROUP BY name ORDER BY name"
rows = run("query", "ours.jsonl", SQL, "--csv")[0]
assert run("query", "usual.jsonl", SQL, "--csv")[0] == rows
assert run("query", "own.jsonl", SQL, "--csv", "--mapping", "mapping.json")[0] == rows
assert not os.path.exists("own.jsonl.db"), "what is read with a mapping leaves no database that is asked without one"
run("import", "own.jsonl", "-o", "own.db", "--mapping", "mapping.json")
assert run("query", "own.db", SQL, "--csv")[0] == rows
assert "nothing.json: " in run("events", "own.jsonl", "--mapping", "nothing.json", code=2)[1]

# -- threads by their names --

# Whoever has no numbers tells names everywhere; what they are called is kept, and said.
CALLED = {1: "main", 2: "Loader \u00e4", 3: "I/O"}
NUMBERS = {0: 0, **{t: 0x40000000 + n for n, t in enumerate(CALLED)}}


def by_name(e, tid):
    e = {tid if k == "tid" else k: v for k, v in e.items()}
    e[tid] = CALLED.get(e[tid])
    if "child" in e:
        e["child"] = CALLED[e["child"]]
    if isinstance(e.get("satisfied_by"), dict):
        e["satisfied_by"] = {**e["satisfied_by"], "tid": CALLED[e["satisfied_by"]["tid"]]}
    return e


numbered = [dict(e) for e in ours]
for e in numbered:
    e["tid"] = NUMBERS[e["tid"]]
    if "child" in e:
        e["child"] = NUMBERS[e["child"]]
    if isinstance(e.get("satisfied_by"), dict):
        e["satisfied_by"] = {**e["satisfied_by"], "tid": NUMBERS[e["satisfied_by"]["tid"]]}
named = lambda path: [{k: v for k, v in e.items() if k not in ("thread_name", "child_name")} for e in same(path)]
stuck = want.splitlines()[0]
assert stuck.startswith("thread 3 (entry ")
THEIR = {"kind": "trace.header", "tid": 0, "idx": 0, "host_ns": 0, "schema": 1, "engine": "other", "clock": "host"}
for path, made in (("named.jsonl", [by_name(e, "tid") for e in body]), ("named-thread.jsonl", [usual(by_name(e, "tid")) for e in body]),
                   ("named-only.jsonl", [by_name(e, "thread_name") for e in body]), ("named-0.jsonl", [by_name(e, "tid") if e["tid"] else {**by_name(e, "tid"), "tid": 0} for e in body]),
                   ("named-object.jsonl", [{**by_name(e, "thread"), "thread": {"name": CALLED.get(e["tid"])}} for e in body])):
    write(path, made)
    assert named(path) == numbered, (path, next((a, b) for a, b in zip(named(path), numbered) if a != b))
    told = json.loads(run("info", path, "--json")[0])
    assert told["thread_names"] == {str(NUMBERS[t]): name for t, name in CALLED.items()} and told["lines"]["damaged"] == 0, (path, told)
    assert 'thread 1073741825 is called "Loader \u00e4"\n' in run("info", path)[0]
    assert run("diff", path, "run")[0].startswith("no difference")
    assert run("hang", path, code=1)[0].splitlines()[0].startswith('thread 1073741826 "I/O" (entry '), path
    assert run("query", path, "SELECT by_tid, by_idx FROM waits WHERE by_idx IS NOT NULL", "--csv")[0] == \
        run("query", "run", "SELECT by_tid + 1073741823 AS by_tid, by_idx FROM waits WHERE by_idx IS NOT NULL", "--csv")[0]
# Below another engine's header, too; what it calls its threads beside their numbers is said as well.
write("named-headed.jsonl", [THEIR] + [{**by_name(e, "tid"), "idx": e["idx"] + (e["tid"] == 0)} for e in body])
assert json.loads(run("info", "named-headed.jsonl", "--json")[0])["lines"]["damaged"] == 0
write("both-told.jsonl", [{**usual(e), "thread_name": CALLED.get(e["tid"])} for e in body])
assert [{k: v for k, v in e.items() if k != "thread_name"} for e in same("both-told.jsonl")] == ours
assert run("hang", "both-told.jsonl", code=1)[0].splitlines()[0].startswith('thread 3 "I/O" (entry ')
# A thread that has a number where it is made, and is called by its name then, is that number's.
made = [by_name(e, "tid") for e in body]
for e, o in zip(made, body):
    if e["kind"] == "thread.create":
        e.update(child=o["child"], name=CALLED[o["child"]])
write("introduced.jsonl", made)
assert [{k: v for k, v in e.items() if k not in ("thread_name", "name")} for e in same("introduced.jsonl")] == [{k: v for k, v in e.items() if k != "name"} for e in ours]
# Names that are numbers; other numbers for numbers.
for form in "ThreadId(%d)", "Thread-%d", "thread %d", "tid:%d", "T%d":
    write("rust.jsonl", [{**e, "tid": form % e["tid"]} for e in body])
    assert same("rust.jsonl") == ours, form


def converted(v, change):
    if isinstance(v, list):
        return [converted(x, change) for x in v]
    return change(v)


def changed_event(e, change, keys):
    return {k: converted(v, change) if keys is None or k in keys else v for k, v in e.items()}


is_hex = lambda v: isinstance(v, str) and v.startswith("0x")
number = lambda v: isinstance(v, int) and not isinstance(v, bool)
HEXES = {"args", "lr", "rv", "status", "entry", "ctx", "flags", "raw", "base", "code", "guest_object"}
signed = lambda v: int(v, 16) - (1 << 32) if is_hex(v) and int(v, 16) >> 31 == 1 else v
for path, made in (("no0x.jsonl", [changed_event(e, lambda v: "%08X" % int(v, 16) if is_hex(v) else v, HEXES) for e in body]),
                   ("reals.jsonl", [changed_event(e, lambda v: float(v) if number(v) else float(int(v, 16)) if is_hex(v) else v, None) for e in body]),
                   ("signed.jsonl", [usual(changed_event(e, signed, {"rv", "status"})) for e in body])):
    write(path, made)
    assert run("query", path, "SELECT name, rv, lr, args, count(*) FROM events GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4", "--csv") == \
        run("query", "ours.jsonl", "SELECT name, rv, lr, args, count(*) FROM events GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4", "--csv"), path
    assert run("diff", path, "run")[0].startswith("no difference"), path
    assert run("hang", path, code=1)[0].splitlines()[0] == stuck, path
# Schema 1 with a status as a number that has a sign.
write("sign.jsonl", [changed_event(e, signed, {"rv", "status"}) for e in body])
for table in "events", "calls":
    failed = "SELECT name, count(*) FROM %s WHERE rv >= 0xc0000000 GROUP BY 1 ORDER BY 1" % table
    assert run("query", "sign.jsonl", failed, "--csv")[0] == run("query", "run", failed, "--csv")[0] != "name,count(*)\n", table
# Results as r3 holds them, extended by their sign.
wide = lambda v: "0x%x" % (int(v, 16) | 0xffffffff << 32) if is_hex(v) and int(v, 16) >> 31 == 1 else v
write("wide.jsonl", [changed_event(e, wide, {"rv", "status"}) for e in body])
for table in "events", "calls":
    failed = "SELECT name, rv, count(*) FROM %s WHERE rv >= 0xc0000000 GROUP BY 1, 2 ORDER BY 1, 2" % table
    assert run("query", "wide.jsonl", failed, "--csv")[0] == run("query", "run", failed, "--csv")[0] != "name,rv,count(*)\n", table
assert run("diff", "wide.jsonl", "run")[0].startswith("no difference")
# Of two names the export's is the call's, whoever else has one (Bunyan); a cycle that is null is none; times and messages as Serilog and Logstash call them.
write("logger.jsonl", [{"name": "engine", "level": 20, "msg": e["kind"], "tid": e["tid"], "idx": e["idx"], "data": {k: v for k, v in e.items() if k not in ("kind", "tid", "idx", "host_ns")}} for e in body])
assert run("diff", "logger.jsonl", "run")[0].startswith("no difference")
write("nulls.jsonl", [{**{"cycle": None, "parent": None}, **e} for e in body])
assert [{k: v for k, v in e.items() if k != "parent"} for e in same("nulls.jsonl")] == ours
write("serilog.jsonl", [{"@t": "1970-01-01T00:00:00.%09dZ" % e["host_ns"], "@m": e["kind"], **{k: v for k, v in e.items() if k not in ("kind", "host_ns")}} for e in body])
assert same("serilog.jsonl") == ours
# Statuses by name, alone and with their numbers; arguments with names, in pairs, as text; a wait for one object.
NAMES = dict(line.split("|") for line in run("query", "run", "SELECT DISTINCT printf('0x%x', rv) || '|' || status(rv) FROM events WHERE rv IS NOT NULL", "--csv")[0].splitlines()[1:])
pairs = lambda args: [{"name": "a%d" % i, "value": v} for i, v in enumerate(args)]
for path, key, form in (("statuses.jsonl", "rv", lambda v: NAMES[v]), ("both-statuses.jsonl", "rv", lambda v: "%s (%s)" % (NAMES[v], v)), ("args-named.jsonl", "args", lambda v: {p["name"]: p["value"] for p in pairs(v)}),
                        ("args-pairs.jsonl", "args", pairs), ("args-text.jsonl", "args", ", ".join)):
    made = [{k: form(v) if k == key else v for k, v in e.items()} for e in body]
    for how in (lambda e: e, usual):
        write(path, [how(e) for e in made])
        assert run("query", path, "SELECT name, rv, args, count(*) FROM events GROUP BY 1, 2, 3 ORDER BY 1, 2, 3", "--csv") == run("query", "ours.jsonl", "SELECT name, rv, args, count(*) FROM events GROUP BY 1, 2, 3 ORDER BY 1, 2, 3", "--csv"), path
        assert run("hang", path, code=1)[0].splitlines()[0] == stuck, path
        if key == "args":  # what they are called is kept
            assert [e["line.args"] for e in same(path) if "line.args" in e] == [e["args"] for e in made if "args" in e], path
for key in "handle", "hsid", "handles":
    for how in (lambda e: e, usual):
        write("one-object.jsonl", [how({**{k: v for k, v in e.items() if k != "handles"}, **({key: e["handles"][0]} if "handles" in e else {})}) for e in body])
        assert run("hang", "one-object.jsonl", code=1)[0].splitlines()[0] == stuck, key
        objects = "SELECT count(DISTINCT object) FROM waits"
        assert run("query", "one-object.jsonl", objects)[0] == run("query", "run", objects)[0], key
# What happened as the message of a library of logs.
write("slog.jsonl", [{"time": "2026-01-02T03:04:05.%09dZ" % e["host_ns"], "level": "DEBUG", "msg": e["kind"], **{k: v for k, v in e.items() if k not in ("kind", "host_ns")}} for e in body])
assert [{**e, "host_ns": 0} for e in same("slog.jsonl")] == [{**e, "host_ns": 0, "level": "DEBUG"} for e in ours]

# What happened as the name of an object, alone or beside the thread and the number; within a line that tells its kind such an object is kept.
pascal = lambda text: "".join(w.capitalize() for w in text.replace(".", "_").split("_"))
whole = [e for e in body if "call" not in e and "wait" not in e]
for form in lambda e: {pascal(e["kind"]): {k: v for k, v in e.items() if k != "kind"}}, lambda e: {"tid": e["tid"], "idx": e["idx"], "host_ns": e["host_ns"], e["kind"].replace(".", "_"): {k: v for k, v in e.items() if k not in ("kind", "tid", "idx", "host_ns")}}:
    write("named-objects.jsonl", [form(e) for e in whole])
    assert same("named-objects.jsonl") == [e for e in ours if not e["kind"].startswith("trace.")], form
    assert run("hang", "named-objects.jsonl", code=1)[0].splitlines()[0] == stuck

# -- arrays --

for objects, names in ((body, "own"), ([usual(e) for e in body], "usual")):
    texts = [json.dumps(e, separators=(",", ":")) for e in objects]
    for path, text_, all_ in (("list.json", "[\n" + ",\n".join(texts) + "\n]\n", len(texts) + 2), ("cut.json", "[\n" + ",\n".join(texts) + ",\n", len(texts) + 1),
                              ("commas.jsonl", "".join(t + ",\n" for t in texts), len(texts)), ("before.json", "[" + "\n,".join(texts) + "]", len(texts)),
                              ("chunks.jsonl", "".join("[" + ", ".join(texts[i:i + 7]) + "]\n" for i in range(0, len(texts), 7)), -(-len(texts) // 7)),
                              ("one.json", "[" + ",".join(texts) + "]", 1), ("glued.json", "".join(texts), 1), ("records.jsonl", "".join("\x1e" + t + "\n" for t in texts), len(texts))):
        with open(path, "w") as f:
            f.write(text_)
        assert same(path) == ours, (path, names)
        told = json.loads(run("info", path, "--json")[0])
        assert told["lines"]["all"] == all_ and told["lines"]["damaged"] == 0 and told["events"] == len(ours), (path, told)
        assert run("import", path, "-o", "list.db")[0].startswith("%d events" % len(ours))
    # One that is torn costs itself.
    with open("torn-list.jsonl", "w") as f:
        f.write("[" + ",".join(texts[:3]) + "]\n[" + texts[3] + "," + texts[4][:40] + "\n[" + ",".join(texts[5:]) + "]\n")
    told = json.loads(run("info", "torn-list.jsonl", "--json")[0])
    assert told["events"] == len(ours) - 1 and told["lines"]["damaged"] == 1 and told["lines"]["first_damaged_line"] == 2, told

# A run's own count leaves the footer out; what counts the trace's events says so.
counted = len(events) - 1
assert f"{counted} events" in run("info", "run")[0] and f"{counted} events replayed" in run("replay", "run")[0]
assert run("import", "run", "-o", "counted.db")[0] == f"{counted} events and the trace's footer imported into counted.db\n"
assert f"{counted + 1} events, the trace's footer among them, of " in run("info", "run/trace.jsonl.zst")[0]
assert run("import", "ours.jsonl", "-o", "counted.db")[0] == f"{len(body)} events imported into counted.db\n"

# -- what other engines' lines say --


def read(name, *lines):
    """Their events, of lines as they stand."""
    with open(name, "w") as f:
        f.writelines(l + "\n" for l in lines)
    p = subprocess.run([wedge, "events", name, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.returncode in (0, 2), p
    pairs = [json.loads(l, object_pairs_hook=list) for l in p.stdout.splitlines()]
    for event in pairs:
        assert len(event) == len({k for k, _ in event}), event  # no name twice
    return [dict(e) for e in pairs]


def event(kind, tid, idx, ns, **more):
    return {"kind": kind, "tid": tid, "idx": idx, "host_ns": ns, **more}


kept = read("kept.jsonl", json.dumps({"event": "return", "thread_id": 1, "seq": 0, "ts": 0, "function": "NtClose", "signal": {"op": "set"}}))
assert kept == [event("kernel.return", 1, 0, 0, name="NtClose", signal=[("op", "set")])], kept
# Times without a unit: integers are nanoseconds, fractions are seconds, dates with times are from 1970 on.
got = read("times.jsonl", '{"event":"call","thread_id":1,"ts":7}', '{"event":"call","thread_id":1,"ts":1.5}', '{"event":"call","thread_id":1,"ts":"0.000001"}',
           '{"event":"call","thread_id":1,"timestamp":"2000-03-01T01:00:00.25+01:00"}', '{"event":"call","thread_id":1,"time":"1972-02-29 23:59:59Z"}',
           '{"event":"call","thread_id":1,"time_us":1.5}', '{"event":"call","thread_id":1,"ts":"2000-13-01T00:00:00"}', '{"event":"call","thread_id":1,"ts":1e11}')
assert [e["host_ns"] for e in got] == [7, 1500000000, 1000, 951868800250000000, 68255999000000000, 1500, 0, 100000000000], got
assert got[6]["ts"] == "2000-13-01T00:00:00"
# Numbers of threads and events as a script writes them that has but one kind of numbers.
assert read("real.jsonl", '{"event":"call","thread_id":3.0,"seq":4.0}', '{"event":"call","thread_id":3.5,"seq":5}') == [event("kernel.call", 3, 4, 0)]
# What the line itself says counts more than what lies deeper, where the same name may mean another thing; nothing is lost, no name is there twice.
got = read("deep.jsonl", '{"event":"thread_create","thread_id":1,"seq":0,"ts":1,"payload":{"tid":7,"kind":"x"}}',
           '{"type":"call","thread_id":1,"seq":1,"ts":2,"payload":{"event":"0xf8000008","name":"NtSetEvent","payload":{"name":"inner","more":1}},"more":2}',
           '{"payload":{"type":"return","thread_id":1,"seq":2,"ts":3,"function":"NtSetEvent","result":0}}')
assert got == [event("thread.create", 1, 0, 1, **{"payload.tid": 7, "payload.kind": "x"}),
               event("kernel.call", 1, 1, 2, event="0xf8000008", name="NtSetEvent", more=1, **{"payload.name": "inner", "line.more": 2}),
               event("kernel.return", 1, 2, 3, name="NtSetEvent", rv=0)], got
# Threads that are objects or have the host's numbers, events and calls in objects of their own, marks that are no numbers of events.
got = read("objects.jsonl", '{"event":"call","thread":{"id":5,"name":"main"},"call":{"name":"NtClose","args":["0x4"]}}',
           '{"event":{"type":"return","name":"NtClose"},"thread":140245123512064,"event_id":"9d0a"}', '{"event":"call","thread":140245123512065,"seq":1700000000000000000}',
           '{"event":"call","thread":{"name":"none"},"seq":-1}')
assert got == [event("kernel.call", 5, 0, 0, name="NtClose", args=["0x4"], **{"thread.name": "main"}),
               event("kernel.return", 0x40000000, 0, 0, name="NtClose", thread=140245123512064, event_id="9d0a"),
               event("kernel.call", 0x40000001, 0, 0, thread=140245123512065, seq=1700000000000000000),
               event("kernel.call", 0x40000002, 0, 0, seq=-1, thread_name="none")], got
assert read("reals.jsonl", '{"kind":"kernel.call","tid":1.0,"idx":3.0,"host_ns":5,"name":"A"}') == [event("kernel.call", 1, 3, 5, name="A")]
# Schema 1's own names, within what a library of logs puts around them.
assert read("within.jsonl", '{"level":"info","fields":{"kind":"kernel.call","tid":1,"idx":3,"name":"A"}}') == [event("kernel.call", 1, 3, 0, name="A", level="info")]
# Schema 1's names, without numbers or with numbers as text.
assert read("lacking.jsonl", '{"kind":"kernel.call","tid":1,"name":"A"}', '{"kind":"kernel.return","tid":1,"name":"A"}', '{"kind":"kernel.call","name":"B"}') == \
    [event("kernel.call", 1, 0, 0, name="A"), event("kernel.return", 1, 1, 0, name="A"), event("kernel.call", 0, 0, 0, name="B")]
assert read("text.jsonl", '{"kind":"kernel.call","tid":"1","idx":"3","host_ns":"5","cycle":"7","name":"A"}') == [event("kernel.call", 1, 3, 5, cycle=7, name="A")]
# Lines of both kinds in one file.
both = ['{"kind":"kernel.call","tid":1,"idx":0,"host_ns":1,"name":"A"}', '{"event":"call","thread_id":1,"seq":1,"ts":2,"payload":{"name":"B"}}']
for order in (both, both[::-1]):
    assert sorted(e["name"] for e in read("both.jsonl", *order)) == ["A", "B"], order
# Two threads of one name: one behind the other are told apart, at once they are not, and that is said.
life = lambda name, *more: ['{"event":"thread_create","thread":"main","child":"%s"}' % name, '{"event":"thread_start","thread":"%s"}' % name, *more]
END = '{"event":"thread_exit","thread":"w"}'
assert [(e["kind"], e["tid"] - 0x40000000, e.get("child")) for e in read("again.jsonl", *life("w", END), *life("w", END))] == \
    [("thread.create", 0, 0x40000001), ("thread.start", 1, None), ("thread.exit", 1, None), ("thread.create", 0, 0x40000002), ("thread.start", 2, None), ("thread.exit", 2, None)]
assert json.loads(run("info", "again.jsonl", "--json")[0])["damage"] == ""
CALL = '{"event":"call","thread":"w","name":"NtClose"}'
for what, lines_, line in (("both", life("w") + life("w") + [CALL], 3), ("started", [life("w")[1]] * 2 + [CALL], 2), ("numbers", [x.replace('"child":"w"', '"child":%d,"name":"w"' % i) for i in (5, 6) for x in life("w")[:1]] + [CALL], 3)):
    read("shared.jsonl", *lines_)
    said = "have the names of others that have not ended, so that nothing tells them apart (the first in line %d)" % line
    for words in (json.loads(run("info", "shared.jsonl", "--json")[0])["damage"], run("events", "shared.jsonl", code=2)[1], run("query", "shared.jsonl", "SELECT count(*) FROM calls")[1]):
        assert said in words or said.replace("have the names", "has the name") in words, (what, words)
# Names that nobody uses are none to be taken for another.
read("unused.jsonl", *['{"event":"thread_create","thread":1,"child":%d,"name":"w"}' % i for i in (5, 6)], '{"event":"call","thread":5,"name":"NtClose"}')
assert json.loads(run("info", "unused.jsonl", "--json")[0])["damage"] == ""
# A beginning that says nothing: a torn line, another program's words, bytes that are none; whatever is too long is only passed over.
for first in ('"host_ns":0,"name":"A"}', "Starting engine 1.0\n", "# comment", "\0\0\0", "\t\0", ",\0", "x" * 5000, "{", "[1]", "\n\n}"):
    for name in "AB":
        got = read("beginning.jsonl", first, both["AB".index(name)])
        assert [e["name"] for e in got] == [name], (first[:40], got)
        told = json.loads(run("info", "beginning.jsonl", "--json")[0])["lines"]
        assert told["events"] == 1 and told["damaged"] == 1, (first[:40], told)
        assert run("query", "beginning.jsonl", "SELECT count(*) AS n FROM events", "--json")[0] == '{"n":1}\n'
assert "schema 9" in subprocess.run([wedge, "events", "-"], input='torn"}\n{"kind":"trace.header","tid":0,"idx":0,"host_ns":0,"schema":9}\n',
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stderr
# What is no trace is called what it is.
LOG = "i> 0000137E Build: x\nd> F8000008 NtClose(F8000020)\n"


def tar_of(data):
    out, name = io.BytesIO(), tarfile.TarInfo("trace.jsonl")
    name.size = len(data)
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(name, io.BytesIO(data))
    return out.getvalue()


ZST = subprocess.run(["zstd", "-q"], input=both[0].encode(), check=True, stdout=subprocess.PIPE).stdout
for text_, words in ((b"", "is empty"), (b"\n \n", "nothing but blank lines"), (both[0].encode("utf-16"), "is UTF-16 (iconv -f UTF-16 "), ((json.dumps([json.loads(x) for x in both], indent=1) + "\n").encode(), "one JSON array"), (("[" + ",".join(both * 9000) + "]").encode(), "one JSON array"), ("".join(both * 9000).encode(), "objects one behind the other; a trace has one a line (jq -c ."), (b"a,b\n1,2\n", "is a table without a column that is known"), (b'"when";"what"\r\n1;NtClose\r\n', "is a table without a column that is known"), (b"#include <stdio.h>\n{\n}\n", "a trace nor a known log; expected "),
                     *[(form.encode(code), "is UTF-%s (iconv -f UTF-%s -t UTF-8 " % (code[4:], code[4:])) for form in (both[0], LOG) for code in ("UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE")],
                     *[((json.dumps({"a": 1, key: line}, separators=between) + "\n").encode() * 3 if key == "log" else (json.dumps({key: "words"}) + "\n" + json.dumps({key: line}) + "\n").encode(), "in JSON (jq -r .%s takes" % key) for key, between in (("log", (",", ":")), ("MESSAGE", (", ", ": "))) for line in LOG.splitlines()[1:]],
                     *[("".join(json.dumps({key: line + "\n", "stream": "stdout"}) + "\n" for line in both).encode(), "holds lines of JSON as strings in JSON (jq -r .%s takes" % key) for key in ("log", "MESSAGE")],
                     (LOG.encode("utf-32"), "is UTF-32 (iconv -f UTF-32 "), (b"\0\0\xfe\xff" + LOG.encode("utf-32-be"), "is UTF-32 (iconv -f UTF-32 "),
                     (LOG.replace("\n", "\r").encode(), "carriage returns alone (tr"), ("\r".join(both).encode(), "carriage returns alone (tr"),
                     (json.dumps(events[0], indent=2).encode(), "one a line (jq -c '.' makes"),
                     (json.dumps({"events": events}, indent=1).encode(), "one a line (jq -c '.events[]' makes"), (b'{\n"a\x1b": [', "one a line (jq -c '.' makes"),
                     (lzma.compress(LOG.encode()), "packed with xz (xz -dc"), (bz2.compress(LOG.encode()), "packed with bzip2 (bzip2 -dc"), (b"PK\3\4\24\0\0\0\10\0", "a zip archive (unzip -p"),
                     (b"\4\x22\x4d\x18\x64\x40", "packed with lz4"), (b"7z\xbc\xaf\x27\x1c\0\4", "a 7-Zip archive"), (b"\2\x21\x4c\x18\0\0", "packed with lz4"), (b"LZIP\1\x0c", "packed with lzip"), (b"Rar!\x1a\7\1\0", "a RAR archive"),
                     (lzma.compress(LOG.encode(), lzma.FORMAT_ALONE), "packed with lzma"), (tar_of(both[0].encode()), "is a tar archive"), (gzip.compress(tar_of(LOG.encode())), "is a tar archive"), (gzip.compress(ZST), "is packed twice"), (subprocess.run(["zstd", "-q"], input=gzip.compress(both[0].encode()), check=True, stdout=subprocess.PIPE).stdout, "is packed twice")):
    with open("none.txt", "wb") as f:
        f.write(text_)
    for command in ("info", "events", "hang"):
        assert words in run(command, "none.txt", code=2)[1], (command, words)
# What is a file of Wedge's own, or another format: what it is for.
run("import", "run", "-o", "own.db")
run("export", "run", "--chrome-json", "own.json")
other = sqlite3.connect("other.db")
other.execute("CREATE TABLE t(a)")
other.commit()
with open("random.bin", "wb") as f:
    f.write(random.Random(1).randbytes(5000))
with open("title.xex", "wb") as f:
    f.write(b"XEX2" + bytes(2000))
for path, words in (("own.db", "is an SQLite database (wedge query asks one"), ("other.db", "is an SQLite database (wedge query asks one"), ("run/branches.zst", "is a run's record of branches (wedge events --branches"),
                    ("run/manifest.json", "is a run's manifest (the run is its folder)"), ("own.json", "is a picture in the Trace Event Format (jq -c '.traceEvents[]'"), ("random.bin", "a trace nor a known log; expected "), ("title.xex", "")):
    for command in ("info", "events", "hang"):
        assert words in run(command, path, code=2)[1], (command, words)
for command in "verify", "replay", "info":
    for path, words in ("own.db", "is a file, and no run; expected a folder that wedge record made"), (".", "is no run: it has no manifest.json; expected a folder that wedge record made"):
        if (command, path) != ("info", "own.db"):
            assert words in run(command, path, code=2)[1], (command, path)
assert "is a title (wedge record runs it" in run("events", "title.xex", code=2)[1] and "title.xex: offset 0x" in run("info", "title.xex", code=2)[1]
assert "random.bin: is neither a title, a trace nor a known log; expected a title (a .xex, a guest's ELF, a disc image or a package), a run, a trace (" in run("info", "random.bin", code=2)[1]
# A run that was killed before its first event was written.
os.makedirs("begun")
open("begun/trace.jsonl.zst", "w").close()
for args in (["events", "begun"], ["hang", "begun"], ["diff", "begun", "run"], ["diff", "run", "begun"], ["query", "begun", "SELECT kind FROM events"], ["import", "begun", "-o", "begun.db"], ["export", "begun", "--csv", "-"]):
    assert "is empty: the run was killed before its first event was written, or has just begun" in run(*args, code=2)[1], args
# A log's line that an event tells is none of them.
assert len(read("told.jsonl", '{"kind":"guest.print","tid":1,"idx":0,"host_ns":0,"text":"d> F8000008 NtClose(F8000020)"}')) == 1
assert len(read("told.jsonl", '{"event":"log","thread_id":1,"msg":"d> F8000008 NtClose(F8000020)"}')) == 1
# A log's lines behind another program's words: how to take them away is said, and does.
plain = "d> F8000008 NtClose(F8000020)\nd> F800000C KeSetEvent(40004838, 00000001, 00000000)\nd> F8000008 NtClose(F80d> F8000010 KeTlsAlloc()\n"
for put in (lambda l: "> " + l, lambda l: "07-10 15:58:44.188  4242  4299 I xenia   : " + l, lambda l: "[12:00:01.250] " + l, lambda l: "xenia_canary.exe (1234): " + l, lambda l: "\x1b[32m" + l + "\x1b[0m", lambda l: "0:012> " + l):
    with open("behind.log", "w") as f:
        f.writelines(put(l) + "\n" for l in plain.splitlines())
    said = run("info", "behind.log", code=2)[1]
    assert "log behind other text" in said, said
    assert subprocess.run(["sed", "-E", re.search("sed -E '(.*)' takes", said).group(1), "behind.log"], stdout=subprocess.PIPE, text=True, check=True).stdout == plain, said
# A log as a page of HTML has it.
with open("page.html", "w") as f:
    f.writelines("<br>" + html.escape(line) + "\n" for line in plain.splitlines())
said = run("info", "page.html", code=2)[1]
assert "holds lines of a xenia log as HTML" in said, said
assert subprocess.run(["sed", "-E", re.search("sed -E '(.*)' makes", said).group(1), "page.html"], stdout=subprocess.PIPE, text=True, check=True).stdout == plain, said
# Lines of JSON behind a logger's words.
with open("behind.log", "w") as f:
    f.writelines("2026-01-02 03:04:05,250 INFO kernel: " + line + "\n" for line in both)
said = run("info", "behind.log", code=2)[1]
assert "holds lines of JSON behind other text" in said, said
assert subprocess.run(["sed", re.search("sed '(.*)' takes", said).group(1), "behind.log"], stdout=subprocess.PIPE, text=True, check=True).stdout == "".join(line + "\n" for line in both)
# Calls as strace prints them: the command that is said makes lines of them that are read.
called = [("NtCreateEvent", ["0x70000000", "0x0"], "0x0"), ("NtClose", ["0xf8000010"], "0xc0000008")]
for before in "[pid 7] ", "12:00:01.250 [Main 7] ", "7 ":
    with open("printed.txt", "w") as f:
        f.writelines("%s%s(%s) %s %s\n" % (before, name, ", ".join(args), "->" if before == "7 " else "=", rv) for name, args, rv in called)
    said = run("info", "printed.txt", code=2)[1]
    made = subprocess.run(["sed", "-nE", re.search("sed -nE '(.*)' makes", said).group(1), "printed.txt"], stdout=subprocess.PIPE, text=True, check=True).stdout
    got = [(e["tid"], e.get("name"), e.get("args"), e.get("rv")) for e in read("printed.jsonl", made)]
    assert got == [x for name, args, rv in called for x in ((7, name, args, None), (7, name, None, rv))], (said, got)
for text_ in "NtClose (see below)\n", "hello, name of it\n", "printf(1) = 2\n", "a,b\n1;2\n", "name\nNtClose\n", 'tid,"name\n1,2\n':
    with open("none.txt", "w") as f:
        f.write(text_)
    assert "is neither a trace nor a known log; expected a run, a trace (" in run("events", "none.txt", code=2)[1], text_
    assert "is neither a title, a trace nor a known log; expected a title (a .xex, " in run("info", "none.txt", code=2)[1], text_

# -- tables --

# What `wedge export --csv` makes is read again: every event as it was, but for objects that hold nothing.
run("export", "run", "--csv", "ours.csv")
holds = lambda e: {k: v for k, v in e.items() if v != {}}
assert [holds(e) for e in same("ours.csv")] == [holds(e) for e in same("run")]
told = json.loads(run("info", "ours.csv", "--json")[0])
assert told["format"] == "CSV" and told["lines"]["all"] == len(events) + 1 and told["lines"]["blank"] == 1 and told["lines"]["damaged"] == 0, told
assert run("diff", "ours.csv", "run")[0].startswith("no difference:") and run("diff", "run", "ours.csv")[0].startswith("no difference:")
assert run("hang", "ours.csv", code=1)[0] == run("hang", "run", code=1)[0]
# Others': a column of names will do; without kinds a row is a call, or a call and what it returned.
for between, end in ((",", "\n"), (";", "\r\n"), ("\t", "\n")):
    with open("table.csv", "w", newline="") as f:
        f.write(end.join(between.join(row) for row in [['""', "Thread ID", "function", "arguments", "result", "note"], ["1", "7", "NtClose", '"0xf8000010 16"', '"STATUS_INVALID_HANDLE"', '"a""b"'],
                                                       ["2", "8", "NtClose", "F8000014", "", ""], ["3", "8", "NtClose", "16", "", ""]]) + end)
    got = read("table.csv", *open("table.csv", newline="").read().split("\n")[:-1])
    assert got == [event("kernel.call", 7, 0, 0, name="NtClose", args=["0xf8000010", "0x10"], note='a"b'), event("kernel.return", 7, 0, 0, name="NtClose", rv="0xc0000008"),
                   event("kernel.call", 8, 0, 0, name="NtClose", args=["0xf8000014"]), event("kernel.call", 8, 1, 0, name="NtClose", args=["0x10"])], got
# Remarks before the names, names behind a #, what Excel says stands between cells, units in names, words for nothing (but not in a text, nor in quotes).
for head in "# made by an engine\n# a,b\nkind,Thread (ID),Time (us),name,rv,text\n", "#kind,Thread (ID),Time (us),name,rv,text\r\n", "sep=;\nkind;Thread (ID);Time (us);name;rv;text\n", "kind|Thread (ID)|Time (us)|name|rv|text\n":
    between = "|" if "|" in head else ";" if ";" in head else ","
    rows = [["call", "7", "2", "NtClose", "NA", "\\N"], ["return", "7", "3", "NtClose", "0", "NA"], ["print", "7", "4", "NULL", "None", "NULL"], ["print", "7", "5", '"NULL"', "", '"None"']]
    table = head + "".join(between.join(row) + "\n" for row in rows)
    got = read("table.csv", *table.split("\n")[:-1])
    assert got == [event("kernel.call", 7, 0, 2000, name="NtClose", text="\\N"), event("kernel.return", 7, 1, 3000, name="NtClose", rv=0, text="NA"), event("guest.print", 7, 2, 4000, text="NULL"),
                   event("guest.print", 7, 3, 5000, name="NULL", text="None")], got
    told = json.loads(run("info", "table.csv", "--json")[0])["lines"]
    assert told["blank"] == table.count("\n") - 4 and told["events"] + told["prints"] == 4 and told["damaged"] == 0, told
# What is no row costs itself.
for row, words in (("7,NtClose,1,2", "4 cells; expected 3, as in the first line"), ('7,"NtClose,1', "cell 2: expected a closing quote"), ('7,"Nt"Close,1', "cell 2: expected a closing quote"),
                   ("x y,NtClose,1", None), ("7", "1 cells; expected 3")):
    with open("rows.csv", "w") as f:
        f.write("thread,call,status\n1,NtClose,0\n%s\n1,NtClose,0xc0000008\n" % row)
    told = json.loads(run("info", "rows.csv", "--json")[0])
    assert told["lines"]["damaged"] == (words is not None) and told["lines"]["all"] == 4 and (words or "") in told["damage"], told

# More threads than a trace may have: the same ones are read whichever way.
with open("crowd.jsonl", "w") as f:
    f.writelines('{"kind":"kernel.call","tid":%d,"idx":0,"host_ns":0,"name":"A"}\n' % (1 + n % 262200) for n in range(262300))
told = json.loads(run("info", "crowd.jsonl", "--json")[0])
assert told["threads"] == 262144 and told["events"] == 262144 + 100 and told["lines"]["damaged"] == 262300 - told["events"], told
for sql in ("SELECT count(*) AS n FROM events", "SELECT sum(tid > 0) AS n FROM events"):
    assert run("query", "crowd.jsonl", sql, "--json") == ('{"n":%d}\n' % told["events"], "wedge: warning: crowd.jsonl: %s; the events that can be read are used\n" % told["damage"])
assert run("import", "crowd.jsonl", "-o", "crowd.db")[0].startswith("%d events" % told["events"])
for name in "crowd.jsonl", "crowd.db":
    os.unlink(name)
# A call that is told with what it returned, or without a name, far behind those that are not: the same events whichever way.
for odd, more in (('"name":"NtClose","rv":"0x0"', 1), ('"module":"xboxkrnl.exe","ordinal":207', 0)):
    with open("late.jsonl", "w") as f:
        f.writelines('{"kind":"kernel.%s","tid":1,"idx":%d,"host_ns":0,%s}\n' % ("return" if n % 2 else "call", n, odd if n == 4002 else '"name":"NtClose"') for n in range(6000))
    told = json.loads(run("info", "late.jsonl", "--json")[0])
    assert told["events"] == 6000 + more, told
    run("import", "late.jsonl", "-o", "late.db")
    for sql in "SELECT kind, name, count(*) AS n FROM events GROUP BY 1, 2 ORDER BY 1, 2", "SELECT seq, kind, tid, idx, name FROM events WHERE idx BETWEEN 3990 AND 4010", "SELECT count(*) AS n FROM events":
        assert run("query", "late.jsonl", sql, "--json") == run("query", "late.db", sql, "--json"), (odd, sql)
    os.unlink("late.db")
# Kinds beyond those that are told by name are counted.
with open("kinds.jsonl", "w") as f:
    f.writelines('{"kind":"k%d","tid":1,"idx":%d,"host_ns":0}\n' % (n, n) for n in range(50))
told = json.loads(run("info", "kinds.jsonl", "--json")[0])
assert sum(told["kinds"].values()) + told["other_kinds"] == 50, told
# A second log behind the first one is another run's.
one = "i> 0000137E Build: x\ni> 0000137E Storage root: y\ni> 0000137E ----------- CONFIG DUMP -----------\n\n[APU]\ni> 0000137E XThreadF8000008 (6) Stack: 70150000-70190000\nd> F8000008 NtClose(F8000020)\n"
for first in one, one.replace("i> 0000137E Build: x\n", ""):
    for second in one, one.replace("i> 0000137E Build: x\n", ""):
        with open("logs.log", "w") as f:
            f.write(first + second)
        told = json.loads(run("info", "logs.log", "--json")[0])
        with open("first.log", "w") as f:
            f.write(first)
        alone = json.loads(run("info", "first.log", "--json")[0])
        n = first.count("\n")
        assert told["events"] == alone["events"] and told["lines"]["all"] == n + second.count("\n") and told["lines"]["beyond"] == second.count("\n"), told
        assert told["damage"] == "line %d: another log begins (at byte %d); it is not read, `tail -n +%d` gives it" % (n + 1, len(first), n + 1), told
        assert run("query", "logs.log", "SELECT count(*) AS n FROM events", "--json")[0] == '{"n":%d}\n' % told["events"]
# More events than lines: threads wrote into each other's.
with open("glued.log", "w") as f:
    f.write("d> F8000008 NtClose(F80d> F800000C KeSetEvent(40004838, 00000001)\n00020)\nd> F8000008 NtOd> F800000C NtClose(F8000024)\n")
told = json.loads(run("info", "glued.log", "--json")[0])
assert told["events"] == 4 and told["lines"]["all"] == 3 and told["lines"]["events_beyond_one_a_line"] == 1, told
assert "events in lines that hold another one: 1;" in run("info", "glued.log")[0]

# -- every way in --

text = open("ours.jsonl", "rb").read()
packed = {"plain": text, "gz": gzip.compress(text), "zst": subprocess.run(["zstd", "-q"], input=text, check=True, stdout=subprocess.PIPE).stdout}
for form, data in packed.items():
    with open("in." + form, "wb") as f:
        f.write(data)
    for command in share.of(form, (["events", "{}", "--json"], ["hang", "{}"], ["diff", "{}", "ours.jsonl"], ["diff", "ours.jsonl", "{}"],
                                   ["query", "{}", SQL, "--csv"], ["import", "{}", "-o", "way.db"], ["info", "{}", "--json"]), 2):
        code = 1 if command[0] == "hang" else 0
        told = []
        for path in ("in." + form, "-", "pipe"):
            more = {"input": data} if path == "-" else {}
            if path == "pipe":
                os.mkfifo("pipe")
                feeder = subprocess.Popen(["cp", "in." + form, "pipe"])
            out = run(*(path if x == "{}" else x for x in command), code=code, **more)[0]
            if path == "pipe":
                feeder.wait()
                os.unlink("pipe")
            if command[0] in ("diff", "hang"):
                out = out.splitlines()[0]  # what follows names the files
            told.append(out.replace("in." + form, "X").replace('"-"', '"X"').replace('"pipe"', '"X"'))
        assert told[0] == told[1] == told[2], (form, command, [t[:300] for t in told])

# A pipe that stays open is no reason to wait once nobody wants more.
for form in packed:
    p = subprocess.Popen([wedge, "events", "-", "-n", "3"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        p.stdin.write(packed[form])
        p.stdin.flush()
    except BrokenPipeError:  # it had its three before all of it was written
        pass
    assert len(p.stdout.read().splitlines()) == 3
    assert p.wait(60) == 0, form
    try:
        p.stdin.close()
    except BrokenPipeError:
        pass

# -- every line --


def account(path):
    told = json.loads(run("info", path, "--json")[0])
    n = told["lines"]
    assert n["all"] == sum(n[k] for k in ("events", "prints", "kept", "blank", "damaged", "beyond")), told
    first = run("info", path)[0].splitlines()[1]
    assert first.startswith("%d lines = %d events + %d prints + %d kept + %d blank + %d damaged" % tuple(
        n[k] for k in ("all", "events", "prints", "kept", "blank", "damaged"))), first
    return told


told = account("ours.jsonl")
assert told["lines"]["all"] == len(body) and told["out_of_order"] == 0 and told["damage"] == "", told
assert told["kinds"] == dict(collections.Counter(e["kind"] for e in body)), told
assert told["lines"]["prints"] == told["kinds"].get("guest.print", 0)

rng = random.Random(5)
for n in range(6):
    bad, at, first, out = 0, 0, None, []
    for line in text.decode().splitlines(True):
        roll = rng.random()
        if roll < 0.02:
            line = line[: rng.randrange(1, len(line) - 2)] + "\n"  # cut
            bad, first = bad + 1, first or (len(out) + 1, at)
        elif roll < 0.03:
            line = "\n"
        at += len(line)
        out.append(line)
    with open("torn.jsonl", "w") as f:
        f.writelines(out)
    told = account("torn.jsonl")
    assert told["lines"]["all"] == len(out) and told["lines"]["damaged"] == bad and told["lines"]["blank"] == out.count("\n"), (told, bad)
    assert (told["lines"]["first_damaged_line"], told["lines"]["first_damaged_byte"]) == first, (told, first)
    assert "line %d: " % first[0] in told["damage"] and "(at byte %d)" % first[1] in told["damage"], told
    assert told["out_of_order"] > 0

# Lines that are missing, there twice, or moved.
ordered = text.decode().splitlines(True)
middle = next(i for i in range(len(body) // 2, len(body)) if body[i]["tid"] and body[i - 1]["tid"] == body[i]["tid"])
for what, changed in (("missing", ordered[:middle] + ordered[middle + 1:]), ("twice", ordered[:middle] + ordered[middle - 1:]),
                      ("moved", ordered[:middle - 1] + [ordered[middle], ordered[middle - 1]] + ordered[middle + 1:])):
    with open("disorder.jsonl", "w") as f:
        f.writelines(changed)
    told = account("disorder.jsonl")
    assert told["out_of_order"] and "out of order: in line" in run("info", "disorder.jsonl")[0], what
    for command in (["hang", "disorder.jsonl"], ["diff", "disorder.jsonl", "ours.jsonl"], ["events", "disorder.jsonl"]):
        assert subprocess.run([wedge, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode in (0, 1, 2), (what, command)

# Numbers that count the events of all threads.
whole = ['{"event":"call","thread_id":%d,"seq":%d}\n' % (1 + n % 3, n) for n in range(30)]
for what, changed, places in (("whole", whole, 0), ("missing", whole[:9] + whole[10:], 1), ("twice", whole[:9] + whole[8:], 1), ("moved", whole[:8] + [whole[9], whole[8]] + whole[10:], 3)):
    with open("of_all.jsonl", "w") as f:
        f.writelines(changed)
    assert account("of_all.jsonl")["out_of_order"] == places, what
# Packed parts of either kind, one behind the other, and what a tape fills its last block with.
for name, data in (("zst then gz", packed["zst"] + packed["gz"]), ("gz then zst", packed["gz"] + packed["zst"]), ("filled", packed["zst"] + b"\0" * 700 + packed["gz"] + b"\0" * 300),
                   ("skipped", b"\x50\x2a\x4d\x18\x05\0\0\0other" + packed["gz"] + packed["zst"] + b"\0" * 3)):
    with open("parts.bin", "wb") as f:
        f.write(data)
    told = account("parts.bin")
    assert told["damage"] == "" and told["events"] == 2 * len(body), (name, told)
    out = subprocess.run([wedge, "query", "-", "SELECT count(*) AS n FROM events", "--json"], input=data, check=True, stdout=subprocess.PIPE).stdout
    assert json.loads(out)["n"] == 2 * len(body), name
# What a tape's last block is filled with is no damage.
with open("padded.gz", "wb") as f:
    f.write(packed["gz"] + b"\0" * 700)
assert account("padded.gz") == {**account("in.gz"), "trace": "padded.gz"}

# Two traces in one file are two runs: the first is read, and every tool says that there is another.
subprocess.run("cat run/trace.jsonl.zst run/trace.jsonl.zst >both.zst", shell=True, check=True)
told = account("both.zst")
assert told["lines"]["beyond"] == len(lines) and told["lines"]["all"] == 2 * len(lines), told
SAYS = "line %d: another trace begins" % (len(lines) + 1)
assert SAYS in told["damage"]
assert SAYS in run("events", "both.zst", code=2)[1]
assert SAYS in run("import", "both.zst", "-o", "both.db")[1]
assert SAYS in run("diff", "both.zst", "run")[0]

# A packed file of many frames of which some are corrupt: the others are read by everything, and where the first is, is said; what compares or judges
# ends there.
pack = lambda data: subprocess.run(["zstd", "-q"], input=data, check=True, stdout=subprocess.PIPE).stdout
part = len(text) // 6
frames = [pack(text[i:i + part]) for i in range(0, len(text), part)]
broken = bytearray(frames[2])
broken[len(broken) // 2] ^= 0x55
before = text[:2 * part].count(b"\n")
after = text[3 * part:].count(b"\n") - 1  # without the line that began in the broken frame
for where, holes in (([bytes(broken)], 1), ([bytes(broken), b"no frame"], 1), ([frames[2][:len(broken) // 2]], 1), ([b"\x28\xb5\x2f\xfd" * 3, bytes(broken)], 4)):
    with open("hole.zst", "wb") as f:
        f.write(b"".join(frames[:2] + where + frames[3:]))
    told = account("hole.zst")
    assert before + after <= told["events"] <= before + after + 1 and 1 <= told["lines"]["damaged"] <= 3, (told, before, after)
    assert "corrupt near byte %d" % len(b"".join(frames[:2])) in told["damage"] and "read on" in told["damage"], told
    assert json.loads(run("query", "hole.zst", "SELECT count(*) AS n FROM events", "--json")[0])["n"] == told["events"]
    assert len(run("events", "hole.zst", "--json", code=2)[0].splitlines()) == told["events"]
    assert run("import", "hole.zst", "-o", "hole.db")[0].startswith("%d events" % told["events"])
    # What compares or judges says how much it leaves out, and claims nothing of it.
    for args in (["diff", "hole.zst", "run"], ["diff", "run", "hole.zst"]):
        out, err = run(*args, code=2)
        for words in (out.splitlines()[0], err):
            left = int(re.search("corrupt near byte %d: .*, but ([0-9]+) lines? (is|are) from there on left out" % len(b"".join(frames[:2])), words).group(1))
            assert after <= left <= after + 2, (left, after, words)
        assert "no difference up to the damage" in out and "not all of it was compared" in err, (out, err)
    assert " left out" in run("hang", "hole.zst", code=2)[1]
    shutil.rmtree("holed", ignore_errors=True)
    shutil.copytree("run", "holed")
    whole = ("\n".join(lines) + "\n").encode()
    with open("holed/trace.jsonl.zst", "wb") as f:
        f.write(b"".join([pack(whole[:2 * part])] + where + [pack(whole[3 * part:])]))
    err = run("replay", "holed", code=2)[1]
    assert " left out" in err and "events before that were replayed identically" in err, err
    shutil.rmtree("holed2", ignore_errors=True)
    shutil.copytree("run", "holed2")
    with open("holed2/trace.jsonl.zst", "wb") as f:  # a difference before the hole is the answer
        f.write(pack(text[:part].replace(b'"rv":"0x0"', b'"rv":"0xc0000001"')) + b"".join(frames[1:2] + where + frames[3:]))
    out = run("diff", "holed2", "run", code=1)[0]
    assert out.startswith("damaged, this side: ") and " left out" in out.splitlines()[0] and "0xc0000001" in out.splitlines()[1], out
with open("hole.zst", "wb") as f:
    f.write(b"".join(frames[:2] + [b"\x28\xb5\x2f\xfd" * 3000] + frames[3:]))
assert account("hole.zst")["events"] <= before and "the rest" not in run("info", "hole.zst")[0]

# -- calls told by their ordinals, and returns that do not say of what: their names are known all the same --

CALLS = ("kernel.call", "kernel.return")
named = run("query", "run", "SELECT name, rv, count(*) FROM v_calls GROUP BY 1, 2 ORDER BY 1, 2", "--format", "csv")[0]
of_events = run("query", "run", "SELECT kind, name, count(*) FROM events GROUP BY 1, 2 ORDER BY 1, 2", "--format", "csv")[0]
for name, lacking, module in (("ordinals", CALLS, lambda m: m), ("modules", CALLS, lambda m: m.rsplit(".", 1)[0]), ("returns", CALLS[1:], lambda m: m)):
    there = [{k: module(v) if k == "module" else v for k, v in e.items() if k != "name" or e["kind"] not in lacking} for e in events]
    assert any("name" not in e for e in there if e["kind"] == "kernel.return")
    for how, made in (("", there), ("usual-", map(usual, there))):
        path = how + name + ".jsonl"
        write(path, made)
        assert run("query", path, "SELECT name, rv, count(*) FROM v_calls GROUP BY 1, 2 ORDER BY 1, 2", "--format", "csv")[0] == named, path
        assert run("query", path, "SELECT kind, name, count(*) FROM events GROUP BY 1, 2 ORDER BY 1, 2", "--format", "csv")[0] == of_events, path
        out = run("diff", path, "run")[0]
        assert out.startswith("no difference"), (path, out)
        other = [dict(e) for e in (there if not how else map(usual, there))]
        rv = next(e.get("payload", e) for e in other if e.get("payload", e).get("status") == "0xc000000f")
        rv["rv"] = rv["status"] = "0x0"
        write("other.jsonl", other)
        assert "STATUS_NO_SUCH_FILE (0xc000000f)" in run("diff", "other.jsonl", "run", code=1)[0].splitlines()[0], path
# A call that is told in one line with what it returned, where it began or when it was over.
for where in (0, 1):
    whole, open_calls = [], collections.defaultdict(list)
    for e in events:
        e = {k: v for k, v in e.items() if k != "idx"}
        if e["kind"] == "kernel.call":
            open_calls[e["tid"]].append(e)
            if where == 0:
                whole.append(e)
        elif e["kind"] == "kernel.return":
            call = open_calls[e["tid"]].pop()
            call.update({k: e[k] for k in ("rv", "status", "out", "void") if k in e})
            if where == 1:
                whole.append(call)
        elif e["kind"] not in ("trace.header", "trace.footer"):
            whole.append(e)
    whole.append({k: v for k, v in events[-1].items() if k not in ("idx", "events", "sha256")})
    for how, made in (("", whole), ("usual-", map(usual, whole))):
        path = "%swhole%d.jsonl" % (how, where)
        write(path, made)
        told = account(path)
        calls = sum(e["kind"] == ("kernel.return" if where else "kernel.call") for e in events)
        assert told["kinds"]["kernel.call"] == calls and told["kinds"]["kernel.return"] == told["lines"]["calls_with_their_returns"] > 0 and told["out_of_order"] == 0, told
        over = "SELECT name, rv, count(*) FROM v_calls WHERE rv IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
        assert run("query", path, over, "--format", "csv")[0] == run("query", "run", over, "--format", "csv")[0], path
        kinds = "SELECT name, count(*) FROM events WHERE kind = 'kernel.return' GROUP BY 1 ORDER BY 1"
        assert run("query", path, kinds, "--format", "csv")[0] == run("query", "run", kinds, "--format", "csv")[0], path
        assert run("diff", path, "run")[0].startswith("no difference"), path
        verdict = run("hang", path, code=1)[0].splitlines()[0]
        # A call that is not over is not told where calls are told then.
        within = "a call that is not told" if where else "NtWaitForSingleObjectEx"
        assert verdict.startswith("thread 3 ") and " for ever in %s (" % within in verdict and "missing signal: nobody ever signals it" in verdict, verdict
    other = [dict(e) for e in whole]
    rv = next(e for e in other if e.get("status") == "0xc000000f")
    rv["rv"] = rv["status"] = "0x0"
    write("other.jsonl", other)
    assert "STATUS_NO_SUCH_FILE (0xc000000f)" in run("diff", "other.jsonl", "run", code=1)[0].splitlines()[0]
# Who counts threads from 0 has a thread 0, which is none with us; whether its making is told or not.
for told in (True, False):
    from_zero = []
    for e in events:
        if e["kind"] in ("trace.header", "trace.footer") or (e["tid"] == 0 and e["kind"] != "thread.create"):
            continue
        e = {k: v for k, v in e.items() if k != "idx"}
        if e["tid"] == 0 and (not told or e["child"] != 1):
            continue
        e["tid"] = e["tid"] - 1 if e["tid"] else None
        if "child" in e:
            e["child"] -= 1
        from_zero.append(e)
    write("zero.jsonl", map(usual, from_zero))
    assert run("diff", "zero.jsonl", "run")[0].startswith("no difference"), told
    of_main = run("query", "run", "SELECT count(*) FROM v_calls WHERE tid = 1", "--format", "csv")[0]
    assert run("query", "zero.jsonl", "SELECT count(*) FROM v_calls WHERE tid = 1073741824", "--format", "csv")[0] == of_main
# An ordinal that nobody knows, and a return of no call, have none.
odd = [{"kind": "trace.header", "schema": 1, "engine": "other", "clock": "host"},
       {"kind": "kernel.return", "tid": 1, "rv": "0x0"}, {"kind": "kernel.call", "tid": 1, "module": "xboxkrnl.exe", "ordinal": 9999},
       {"kind": "kernel.call", "tid": 1, "module": "xboxkrnl", "ordinal": 204}, {"kind": "kernel.return", "tid": 1, "rv": "0x0"},
       {"kind": "kernel.return", "tid": 1, "rv": "0x1"}]
write("odd.jsonl", [{"idx": i, "host_ns": i, **e} for i, e in enumerate(odd)])
told = [json.loads(x) for x in run("events", "odd.jsonl", "--json", code=2)[0].splitlines()]
assert [e.get("name") for e in told] == [None, None, None, "NtAllocateVirtualMemory", "NtAllocateVirtualMemory", None], told
assert "1 of 2 calls tell no name that is known, and are left out" in run("hang", "odd.jsonl")[0]

# What a call with very many members returned, which come last, is in its return.
write("wide.jsonl", [{"event": "call", "thread": 1, "function": "NtClose", **{"f%d" % i: i for i in range(40)}, "result": "0x5"}])
assert run("query", "wide.jsonl", "SELECT name, rv FROM v_calls", "--format", "csv")[0].split() == ["name,rv", "NtClose,0x5"]
# Recordings of the reference emulator, where they are.
logs = os.environ.get("WEDGE_REFERENCE_LOGS")
for name in sorted(os.listdir(logs)) if logs else ():
    path = os.path.join(logs, name)
    count = subprocess.run("%s %s | wc -l" % ("zstdcat" if name.endswith(".zst") else "cat", path), shell=True, check=True, stdout=subprocess.PIPE)
    told = account(path)
    assert told["lines"]["all"] == int(count.stdout) and told["lines"]["damaged"] == 0, (name, told)
print("%d lines, %d ways in, %s" % (len(lines), 3 * 3 * 7, "reference logs accounted for" if logs else "no reference logs here"))

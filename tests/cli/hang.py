#!/usr/bin/env python3
"""`wedge hang`: exit statuses, the schema of its JSON by an independent validator, damage, hostile text, a cut log."""
import json, os, subprocess, sys
import jsonschema

wedge, guests, schemas, work = sys.argv[1:5]
os.makedirs(work, exist_ok=True)
with open(os.path.join(schemas, "hang.schema.json")) as f:
    doc = json.load(f)
jsonschema.Draft202012Validator.check_schema(doc)
schema = jsonschema.Draft202012Validator(doc)


def hang(path, *more):
    p = subprocess.run([wedge, "hang", path, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="latin-1")
    return p.returncode, p.stdout, p.stderr


def judged(path, code):
    """The verdicts of a file, after all that must hold of any answer."""
    got, text, err = hang(path)
    assert got == code, (path, got, err)
    got, out, _ = hang(path, "--json")
    assert got == code, (path, got)
    answer = json.loads(out)
    schema.validate(answer)
    assert answer["healthy"] == (not answer["verdicts"]) == (code == 0)
    assert all(ord(c) >= 32 or c == "\n" for c in text), path
    if answer["verdicts"]:
        first = [line for line in text.splitlines() if not line.startswith("damage")][0]
        assert first == answer["verdicts"][0]["text"], (first, answer["verdicts"][0])
    else:
        assert "no thread is stuck" in text
    return answer["verdicts"]


def trace(name, events):
    path = os.path.join(work, name)
    count = {}
    with open(path, "w") as f:
        for e in events:
            e.setdefault("tid", 1)
            e["idx"] = count.get(e["tid"], 0)
            count[e["tid"]] = e["idx"] + 1
            f.write(json.dumps({"host_ns": 0, **e}) + "\n")
    return path


def call(name, *args, **more):
    return {"kind": "kernel.call", "name": name, "args": [hex(a) for a in args], **more}


# Of one guest each: a circle, a lost signal, a spin on a missing file, a healthy pool.
expected = {"circular.three_sections": "circular-wait", "lost.set_then_cleared": "lost-wakeup", "status.file_missing": "wrong-status", "healthy.pool_idle_at_exit": None}
for guest, cls in expected.items():
    run = os.path.join(work, guest)
    if not os.path.exists(run):
        subprocess.run([wedge, "record", os.path.join(guests, "hangs", guest + ".xex"), "-o", run, "--seconds", "1"], check=True, stdout=subprocess.DEVNULL)
    verdicts = judged(run, 1 if cls else 0)
    assert [v["class"] for v in verdicts[:1]] == ([cls] if cls else []), (guest, verdicts)
    # The same trace cut anywhere: right or silent words, never a crash.
    with open(os.path.join(run, "trace.jsonl.zst"), "rb") as f:
        data = f.read()
    for part in (3, 2):
        cut = os.path.join(work, "cut.jsonl.zst")
        with open(cut, "wb") as f:
            f.write(data[: len(data) * (part - 1) // part])
        code, out, _ = hang(cut)
        assert code in (0, 1, 2), (guest, code)
        assert code == 2 or out.startswith("damage: "), out

# Nothing to judge, or nothing to read.
for path, words in ((trace("none.jsonl", [{"kind": "trace.header", "tid": 0, "schema": 1}]), "records no kernel calls"), (os.path.join(work, "absent"), "absent")):
    code, out, err = hang(path)
    assert code == 2 and words in err and not out, (path, code, err)

# A name with control characters stays on its line; an object that was never made is named by its handle.
evil = trace("evil.jsonl", [{"kind": "handle.create", "raw": "0x10", "object_type": "Ev\nent\x1b"}, call("NtWaitForSingleObjectEx", 0x10, 1, 0, 0),
                            {"kind": "wait.begin", "handles": ["0x10"], "timeout_ns": -1}])
v, = judged(evil, 1)
assert v["class"] == "missing-signaler" and "\n" not in v["text"] and "\x1b" not in v["text"], v

# The claimed return of a wait that never ends; a wait that the thread's next call ends.
lie = [call("NtWaitForSingleObjectEx", 0x10, 1, 0, 0), {"kind": "wait.begin", "handles": ["0x10"], "timeout_ns": -1}, {"kind": "kernel.return", "name": "NtWaitForSingleObjectEx", "rv": "0x0"}]
assert judged(trace("lie.jsonl", lie), 1)[0]["class"] == "missing-signaler"
assert judged(trace("went_on.jsonl", lie + [call("NtClose", 0x10)]), 0) == []

# A circle of three by a lock, a join and a signal that was given before.
lock, event, other = 0x82000000, 0x20, 0x24
ring = [{"kind": "thread.create", "child": 2, "entry": "0x82010000", "raw": "0x30"}, {"kind": "thread.create", "child": 3, "entry": "0x82020000", "raw": "0x34"},
        call("RtlEnterCriticalSection", lock), {"kind": "kernel.return", "name": "RtlEnterCriticalSection"},
        call("NtWaitForSingleObjectEx", event, 1, 0, 0), {"kind": "wait.begin", "handles": [hex(event)], "timeout_ns": -1},
        call("NtSetEvent", event, 0, tid=2), {"kind": "kernel.return", "name": "NtSetEvent", "rv": "0x0", "tid": 2}, {"kind": "wait.end", "status": "0x0"},
        {"kind": "kernel.return", "name": "NtWaitForSingleObjectEx", "rv": "0x0"},
        call("NtWaitForSingleObjectEx", 0x34, 1, 0, 0, tid=2), {"kind": "wait.begin", "handles": ["0x34"], "timeout_ns": -1, "tid": 2},
        call("RtlEnterCriticalSection", lock, tid=3), {"kind": "wait.begin", "handles": ["0x40"], "timeout_ns": -1, "tid": 3},
        call("NtWaitForSingleObjectEx", event, 1, 0, 0), {"kind": "wait.begin", "handles": [hex(event)], "timeout_ns": -1}]
ring.insert(0, {"kind": "handle.create", "raw": hex(event), "object_type": "Event"})
verdicts = judged(trace("ring.jsonl", ring), 1)
assert sorted(v["tid"] for v in verdicts) == [1, 2, 3] and all(v["class"] == "circular-wait" and v["root"] for v in verdicts), verdicts
print("hang: as it says")

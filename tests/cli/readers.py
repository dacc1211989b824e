#!/usr/bin/env python3
"""Every way in for every command that takes a trace: files, packed files, standard input and pipes; other names for what schema 1 has, by
themselves and by a mapping file; and every line accounted for.

usage: readers.py WEDGE GUESTS WORKDIR
"""
import collections, gzip, json, os, random, subprocess, sys

import tool

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

# -- every way in --

text = open("ours.jsonl", "rb").read()
packed = {"plain": text, "gz": gzip.compress(text), "zst": subprocess.run(["zstd", "-q"], input=text, check=True, stdout=subprocess.PIPE).stdout}
for form, data in packed.items():
    with open("in." + form, "wb") as f:
        f.write(data)
    for command in (["events", "{}", "--json"], ["hang", "{}"], ["diff", "{}", "ours.jsonl"], ["diff", "ours.jsonl", "{}"],
                    ["query", "{}", SQL, "--csv"], ["import", "{}", "-o", "way.db"], ["info", "{}", "--json"]):
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
    p.stdin.write(packed[form])
    p.stdin.flush()
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

# Two traces in one file are two runs: the first is read, and every tool says that there is another.
subprocess.run("cat run/trace.jsonl.zst run/trace.jsonl.zst >both.zst", shell=True, check=True)
told = account("both.zst")
assert told["lines"]["beyond"] == len(lines) and told["lines"]["all"] == 2 * len(lines), told
SAYS = "line %d: another trace begins" % (len(lines) + 1)
assert SAYS in told["damage"]
assert SAYS in run("events", "both.zst", code=2)[1]
assert SAYS in run("import", "both.zst", "-o", "both.db")[1]
assert SAYS in run("diff", "both.zst", "run")[0]

# Recordings of the reference emulator, where they are.
logs = os.environ.get("WEDGE_REFERENCE_LOGS")
for name in sorted(os.listdir(logs)) if logs else ():
    path = os.path.join(logs, name)
    count = subprocess.run("%s %s | wc -l" % ("zstdcat" if name.endswith(".zst") else "cat", path), shell=True, check=True, stdout=subprocess.PIPE)
    told = account(path)
    assert told["lines"]["all"] == int(count.stdout) and told["lines"]["damaged"] == 0, (name, told)
print("%d lines, %d ways in, %s" % (len(lines), 3 * 3 * 7, "reference logs accounted for" if logs else "no reference logs here"))

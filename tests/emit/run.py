#!/usr/bin/env python3
"""emit/wedge_trace.h by a mock engine of many threads: run.py CC SOURCE WEDGE WORK.

Compiled as C11 and C++17 with every compiler that is there, without a warning, and with sanitizers where they work; what it writes is read
line by line, against the schema and by wedge.
"""
import collections, hashlib, json, os, shutil, signal, subprocess, sys
import jsonschema

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

cc, source, wedge, work = sys.argv[1:5]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)
WARNINGS = ["-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-pthread", "-I", os.path.join(source, "emit")]
MOCK, HOSTILE, EXAMPLE = (os.path.join(source, name) for name in ("tests/emit/mock.c", "tests/emit/hostile.c", "emit/example.c"))


def run(*args, code=0):
    p = subprocess.run(args, capture_output=True, text=True)
    assert p.returncode == code, (args, p.returncode, p.stdout[-3000:], p.stderr[-3000:])
    return p.stdout


def works(compiler, *flags):
    """Whether such a program can be made and run here."""
    open("probe.c", "w").write("int main(void) { return 0; }\n")
    try:
        return subprocess.run([compiler, *flags, "probe.c", "-o", "probe"], capture_output=True).returncode == 0 and \
            subprocess.run(["./probe"], capture_output=True).returncode == 0
    except OSError:
        return False


mocks = {}
for compiler, language in ((cc, "c"), *share.of("compilers", (("clang", "c"), ("g++", "c++"), ("clang++", "c++")), 3)):
    flags = ["-x", language, "-std=c11" if language == "c" else "-std=c++17"]
    if not works(compiler, "-x", language):
        continue
    name = f"mock-{os.path.basename(compiler)}-{language}"
    run(compiler, *flags, *WARNINGS, MOCK, "-o", name)
    run(compiler, *flags, *WARNINGS, HOSTILE, "-o", "hostile-" + name)
    mocks[name] = "plain"
assert any(name.endswith("-c") for name in mocks)
# Older modes of the same compilers, as an engine's own build may have them; those of C without warnings of what is an extension there.
for compiler, language, mode in ((cc, "c", "c99"), ("clang", "c", "c99"), ("g++", "c++", "c++11"), ("clang++", "c++", "c++11")):
    if works(compiler, "-x", language):
        for file in (MOCK, HOSTILE, EXAMPLE):
            run(compiler, "-x", language, "-std=" + mode, "-Wall", "-Wextra", "-Werror", "-pthread", "-I", os.path.join(source, "emit"), "-fsyntax-only", file)
run(cc, "-std=c11", *WARNINGS, EXAMPLE, "-o", "example")
for kind in share.of("kinds", ("thread", "address,undefined"), 2):
    flags = [f"-fsanitize={kind}", *([] if kind == "thread" else ["-fno-sanitize-recover=all"])]
    if works(cc, *flags):
        run(cc, "-std=c11", *WARNINGS, *flags, MOCK, "-o", f"mock-{kind[:6]}")
        run(cc, "-std=c11", *WARNINGS, *flags, HOSTILE, "-o", f"hostile-mock-{kind[:6]}")
        mocks[f"mock-{kind[:6]}"] = kind
print("tried:", ", ".join(mocks))

schema = json.load(open(os.path.join(source, "schemas/trace.schema.json")))
validator = jsonschema.Draft202012Validator(schema)


def check(path, every=False, ended=True):
    """What holds of any trace; returns its events."""
    data = open(path, "rb").read()
    lines = data.decode("utf-8").split("\n")[:-1]
    events, next_idx, last, shapes = [json.loads(line) for line in lines], collections.Counter(), {}, collections.Counter()
    places = {}
    for n, e in enumerate(events):
        assert e["kind"] == "trace.header" or n
        if e["kind"] == "trace.footer":
            assert n + 1 == len(events) == e["events"] + 1
            assert e["sha256"] == hashlib.sha256(data[:data.rindex(b'{"kind":"trace.footer"')]).hexdigest()
            continue
        assert e["idx"] == next_idx[e["tid"]], (e, "idx is dense")
        next_idx[e["tid"]] += 1
        assert e["host_ns"] >= last.get(e["tid"], 0), (e, "a thread's time never goes back")
        last[e["tid"]] = e["host_ns"]
        places[e["tid"], e["idx"]] = n
        by = e.get("satisfied_by")
        if isinstance(by, dict):
            cause = events[places[by["tid"], by["idx"]]]  # before it
            assert cause["kind"] == "signal" and cause["op"] == "set" and cause["hsid"] in places_of_wait[e["tid"]], (e, cause)
        if e["kind"] == "wait.begin":
            places_of_wait[e["tid"]] = [h if isinstance(h, str) else h["hsid"] for h in e["handles"]]
        shape = (e["kind"], *sorted(e))
        shapes[shape] += 1
        # The file's digest is the engine's to know: a module.load without one is no error of the schema's other fields.
        if (every or shapes[shape] <= 3) and not (e["kind"] == "module.load" and "sha256" not in e):
            validator.validate(e)
    assert (events[-1]["kind"] == "trace.footer") == ended
    if ended:
        validator.validate(events[-1])
    return events


places_of_wait = {}
content = lambda events: sorted((e["tid"], e["idx"], json.dumps({k: v for k, v in e.items() if k not in ("host_ns", "satisfied_by")}))
                                for e in events if e["kind"] != "trace.footer")

# -- each build: one engine, the same events --
reference = None
for name, kind in mocks.items():
    small = kind != "plain"
    run(f"./{name}", f"{name}.jsonl", "--workers", "6", "--rounds", "12", *(["--chunk", "8192", "--memory", "200000"] if small else []))
    events = check(f"{name}.jsonl", every=reference is None)
    assert reference is None or content(events) == reference, name
    reference = content(events)
kinds = collections.Counter(e["kind"] for e in events)
known = {k for k in schema.get("$defs", {})} - {"trace.footer"}
# (What is logged when a run is executed again is no engine's to emit.)
left = {k for k in known - set(kinds) if not k.startswith("probe.")}
assert left <= {"branch", "mem.read", "mem.write"}, left
assert kinds["wait.begin"] == kinds["wait.end"] and kinds["kernel.call"] >= 6 * 12 * 8

# What is hard to print, and what is too long.
prints = [e for e in events if e["kind"] == "guest.print"]
assert prints[0]["text"].encode("latin-1") == b"a \"quoted\" \\ line\n\x01\xff\xc3\xa9" and "cut" not in prints[0]
assert prints[1]["text"] == "x" * 1024 and prints[1]["size"] == 4000 and prints[1]["cut"] is True and prints[2]["text"] == ""
assert prints[3]["text"] == "f\u00fcr \u65e5\u672c \U0001f3ae"  # UTF-8 has its characters
assert [e["op"] for e in events if e["kind"] == "signal" and e["object_type"] == "Timer"] == ["set", "reset", "pulse", "release", "clear"]
assert [e["satisfied_by"] for e in events if e["kind"] == "wait.end" and not isinstance(e["satisfied_by"], dict)][:2] != []

# -- wedge reads it; two runs differ in nothing, and what was planted is named --
names = list(mocks)
for a, b in ((names[0], names[0]), (names[0], names[-1]), (names[1 % len(names)], names[0])):
    assert run(wedge, "diff", f"{a}.jsonl", f"{b}.jsonl").startswith("no difference"), (a, b)
run(f"./{names[0]}", "fault.jsonl", "--workers", "6", "--rounds", "12", "--fault")
said = run(wedge, "diff", "fault.jsonl", f"{names[0]}.jsonl", code=1).splitlines()[0]
assert said == ('thread 4098 (4098 there, entry 0x82020000): NtCreateFile("game:\\levels\\4098_3.bin") returned STATUS_NO_SUCH_FILE '
                '(0xc000000f); in the reference STATUS_SUCCESS (0x0)'), said
assert "imported into" in run(wedge, "import", f"{names[0]}.jsonl", "-o", "mock.db")
assert run(wedge, "query", "mock.db", "SELECT count(*) AS n FROM calls", "--csv").split()[1] == str(kinds["kernel.call"])
assert "exported to" in run(wedge, "export", f"{names[0]}.jsonl", "--perfetto", "mock.pftrace")

# -- ten thousand threads, each with its own idx --
run(f"./{names[0]}", "threads.jsonl", "--workers", "2", "--rounds", "3", "--idle", "10000")
events = check("threads.jsonl")
assert len({e["tid"] for e in events}) >= 10004 and len({e["child"] for e in events if e["kind"] == "thread.create"}) >= 10003

# -- more threads than the buffers that may wait have room for --
run(f"./{names[0]}", "tight.jsonl", "--workers", "40", "--rounds", "60", "--chunk", "8192", "--memory", "16384")
check("tight.jsonl")

# -- a crash with a handler loses nothing that was recorded before it; one without says that it did not end --
for name in names:
    p = subprocess.run([f"./{name}", "crash.jsonl", "--workers", "4", "--rounds", "40", "--crash"], capture_output=True)
    assert p.returncode in (-signal.SIGABRT, 1, 66), p
    events = check("crash.jsonl", ended=False)
    rounds = sum(e["kind"] == "wait.end" and e["tid"] == 4096 and isinstance(e["satisfied_by"], (dict, str)) for e in events)
    assert rounds >= 4 * 21, (name, rounds)  # all that the first thread had waited for when it died
said = subprocess.run([wedge, "query", "crash.jsonl", "SELECT count(*) FROM events"], capture_output=True, text=True)
assert "no trace.footer: the run did not end cleanly" in said.stderr, said

# -- what cannot be written is said --
assert subprocess.run([f"./{names[0]}", "no/where.jsonl"], capture_output=True).returncode == 2
if os.path.exists("/dev/full"):
    assert subprocess.run([f"./{names[0]}", "/dev/full"], capture_output=True).returncode == 1

# -- two traces at once, and what engines do besides --


def hostile(name, mode, code=0):
    p = subprocess.run([f"./hostile-{name}", mode, "one.jsonl", "two.jsonl"], capture_output=True, timeout=300)
    assert p.returncode in (code, 66 if code else code), (name, mode, p)
    return [check(path, every=mode == "absent", ended=code == 0) for path in ("one.jsonl", "two.jsonl")]


args_of = lambda events: collections.Counter(e["args"][0] for e in events if e["kind"] == "kernel.call")
for name, kind in mocks.items():
    if kind != "thread":  # which may not fork with threads
        one, two = hostile(name, "forks")
        assert args_of(one) == {"0x1": 1000, "0x2": 1000} and len(two) == 2, (name, args_of(one))
    one, two = hostile(name, "absent")
    assert [e["kind"] for e in one[1:-1]] == ["module.load", "module.unload", "handle.create", "limit", "exception", "guest.print"], name
    if name == names[0]:
        one, two = hostile(name, "hosts")
        assert len({e["tid"] for e in one} | {e["tid"] for e in two}) >= 10000 and len(args_of(one)) == len(args_of(two)) == 5000, name
    one, two = hostile(name, "dies", -signal.SIGABRT)
    assert args_of(one) == {"0x4": 1000} and args_of(two)["0x3"] > 100, (name, args_of(one), args_of(two))

# -- the example: what it says it shows --
run("./example", "example.jsonl")
check("example.jsonl", every=True)
assert run(wedge, "query", "example.jsonl", "SELECT tid, name FROM v_unreturned", "--csv").split() == ["tid,name", "1,NtWaitForSingleObjectEx"]
print(f"emit: {len(mocks)} builds of the mock engine agree")

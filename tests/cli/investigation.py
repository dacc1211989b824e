#!/usr/bin/env python3
"""The differ's answer to pairs built to the figures of one real investigation (bench/diff/README.md): the worker's wrong
call first, then that its event is never signalled, then the join that never ends, and the calls of the two workers.

usage: investigation.py WEDGE GENERATOR DIR [SEEDS]
"""
import collections, json, os, re, shutil, subprocess, sys

# name: ours, reference
TABLE = {
    "RtlEnterCriticalSection": (58, 607), "RtlLeaveCriticalSection": (58, 607), "NtClose": (2, 19), "NtCreateEvent": (3, 18),
    "NtDuplicateObject": (2, 16), "RtlInitAnsiString": (1, 11), "NtWaitForSingleObjectEx": (2, 11),
    "RtlInitializeCriticalSectionAndSpinCount": (6, 15), "NtQueryFullAttributesFile": (1, 9), "NtReleaseSemaphore": (1, 9),
    "RtlNtStatusToDosError": (1, 9), "NtSetEvent": (1, 8), "KeTlsSetValue": (0, 2), "NtCreateFile": (0, 2),
    "ExCreateThread": (0, 1), "ExTerminateThread": (0, 1), "KeTlsGetValue": (0, 1), "KeQueryPerformanceFrequency": (1, 0),
}
VARIANTS = [
    "", "--lying off", "--ids foreign", "--ids none", "--args some --lr both", "--lr canary", "--lr ours", "--signals off",
    "--locks between", "--locks between --lying off --args some", "--extra none", "--ids none --signals off --extra none",
]
ROW = re.compile(r"^[\s|]*([A-Za-z_]\w+)[\s|]+(\d[\d,]*)[\s|]+(\d[\d,]*)[\s|]+([-+]?\d[\d,]*)[\s|]*$")

wedge, generator, folder = sys.argv[1:4]
seeds = range(1, 1 + (int(sys.argv[4]) if len(sys.argv) > 4 else 5))
failures = []


def make(name, *options):
    out = os.path.join(folder, name)
    os.makedirs(out, exist_ok=True)
    subprocess.run([generator, "--scale", "small", "--out", out, *options], check=True)
    return os.path.join(out, "ours.jsonl"), os.path.join(out, "canary.jsonl")


def counted(path, tid):
    calls = collections.Counter()
    for line in open(path):
        if '"tid":%d,' % tid not in line:
            continue
        e = json.loads(line)
        if e["tid"] == tid and e["kind"] == "kernel.call":
            calls[e["name"]] += 1
    return calls


def diff(*paths):
    p = subprocess.run([wedge, "diff", *paths], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return p.returncode, p.stdout.splitlines() or [""]


def number(text):
    return int(text.replace(",", "").lstrip("+"))


def rows(lines):
    return {m[1]: (number(m[2]), number(m[3]), number(m[4])) for m in map(ROW.match, lines) if m}


def first_line(line):
    """The cause: the thread on both sides, the call that is wrong, then the one that was right."""
    return re.search(r"\bthread 13\b", line) and re.search(r"\b17\b", line) and \
        re.search(r"\bNtReleaseSemaphore\b.*\bNtSetEvent\b", line)


def wrong(code, lines, truth):
    """What is not as it should be, as sentences."""
    text = "\n".join(lines[1:])
    if code != 1:
        yield "exit status %d, not 1" % code
    if not first_line(lines[0]):
        yield "the first line does not say that thread 13 (17 there) calls NtReleaseSemaphore where the reference calls NtSetEvent"
    signal = re.search(r"(?i)\bevent\b.*\b(never|not|nobody|no one|nothing)\b.*\b(signal|set)", text)
    if not signal:
        yield "no later line says that the event is never signalled"
    join = re.search(r"(?i)\bthread 1\b.*\b(never|for ever|forever)\b", text)
    if not join:
        yield "no later line says that thread 1's wait never ends"
    if signal and join and join.start() < signal.start():
        yield "the join is told before what it follows from"
    table = rows(lines)
    for name, (ours, reference) in TABLE.items():
        if table.get(name) not in ((ours, reference, ours - reference), (ours, reference, reference - ours)):
            yield "the row of %s is %s, not %d %d" % (name, table.get(name), ours, reference)
    for name, row in table.items():
        if row[:2] != truth.get(name, row[:2]):
            yield "the row of %s is %s; counted: %s" % (name, row, truth.get(name))


def check(what, code, lines, truth):
    found = list(wrong(code, lines, truth))
    if found:
        failures.append("%s: %s\n    first line: %s" % (what, "\n    ".join(found[:3]), lines[0]))


def pair(seed, variant):
    what = "--seed %d %s" % (seed, variant)
    ours, reference = make("pair", "--seed", str(seed), *variant.split())
    a, b = counted(ours, 13), counted(reference, 17)
    truth = {n: (a[n], b[n]) for n in a | b}
    assert sum(a.values()) == 142 and sum(b.values()) == 1351, what
    assert {n: v for n, v in truth.items() if v[0] != v[1]} == TABLE, what
    check(what, *diff(ours, reference), truth)
    return truth


def runs_of_the_reference(seed):
    """Two healthy runs of the reference name no cause, and a second reference hides none."""
    title = ["--title", str(seed)]
    truth = pair(seed, " ".join(title))
    ours, reference = make("pair", "--seed", str(seed), *title)
    _, again = make("again", "--seed", str(seed + 100), *title)
    check("--seed %d with a second reference" % seed, *diff(ours, reference, again), truth)
    code, lines = diff(again, reference)
    if code != 0:
        failures.append("two runs of the reference, --seed %d: exit status %d, not 0\n    first line: %s" % (seed, code, lines[0]))


for seed in seeds:
    for variant in VARIANTS:
        pair(seed, variant)
    runs_of_the_reference(seed)
shutil.rmtree(folder, ignore_errors=True)
if failures:
    sys.exit("\n".join(failures[:40]) + "\ninvestigation: %d answers are wrong" % len(failures))
print("investigation: %d answers are right" % (len(seeds) * (len(VARIANTS) + 3)))

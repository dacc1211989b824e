#!/usr/bin/env python3
"""Plants faults by chance: a guest, one of its calls, an operation that suits the export; and asks `wedge diff`.

The truth needs no judgement: only faults are counted that the trace shows in the struck call itself (its result, what it wrote, what
it signalled), and the answer must name that call. Nothing here is part of the kept corpus; another --seed makes other pairs.

With --healthy it tells runs without a fault again, each side by another chain of mutators, forms and schedules.

usage: sweep.py --build BUILD [--wedge PATH] [--seed N] [--count N] [--guests "NAMES"] [--mutators NAMES] [--wild] [--healthy] [--failures] [--jobs N]
       [--titles DIR] [--longest BYTES]
"""
import argparse
import concurrent.futures
import json
import os
import random
import re
import resource
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import corpus  # noqa: E402
import judge  # noqa: E402

ROW = re.compile(r'^WG_EXPORT\("[\w.]+", \w+, (\w+), F, \'(.)\', "([^"]*)", \w+, \w+, ([^)]*)\)', re.M)
STATUSES = [0xC0000017, 0xC0000022, 0xC0000034, 0xC000009A, 0xC0000008, 0xC00000BB, 0xC0000185]
ERRORS = [2, 5, 87, 1167, 1223]
# Consequences, ends, names made in memory: a fault there is not one that anybody looks for.
SPARED = {"DbgPrint", "RtlNtStatusToDosError", "ExTerminateThread", "RtlInitAnsiString", "HalReturnToFirmware", "sprintf", "_snprintf"}
PARTNERS = {"RtlLeaveCriticalSection": "RtlEnterCriticalSection", "KfReleaseSpinLock": "KfAcquireSpinLock",
            "KeReleaseSpinLockFromRaisedIrql": "KeAcquireSpinLockAtRaisedIrql", "KfLowerIrql": "KeRaiseIrqlToDpcLevel",
            "ExReleaseReadWriteLock": "/ExAcquireReadWriteLock/", "NtResumeThread": "/[Rr]esum/", "KeTlsSetValue": "KeTlsGetValue",
            "NtQueueApcThread": "/APC/", "KeInsertQueueApc": "/APC/", "KeSetTimerEx": "/[Tt]imer/", "NtSetTimerEx": "/[Tt]imer/",
            "InterlockedPushEntrySList": "InterlockedPopEntrySList", "KeInsertQueueDpc": "/DPC/"}


def exports():
    text = open(os.path.join(HERE, "../../nt/exports.def")).read()
    return {m[1]: (m[2], m[3], m[4]) for m in ROW.finditer(text)}


def operation(rng, name, ret, params, flags):
    """What to do to a call of this export; None if nothing suits."""
    written = [i for i, p in enumerate(params) if p == "P"]
    numbers = [i for i, p in enumerate(params) if p == "d"]
    if written and "TIME" not in flags and rng.random() < 0.3:
        return "poke:arg=%d:off=%d:%s" % (rng.choice(written), rng.choice([0, 0, 4, 8]), rng.choice(["add=1", "set=0", "add=0x1000"]))
    if numbers and rng.random() < 0.15:
        return "arg:arg=%d:%s" % (rng.choice(numbers), rng.choice(["add=1", "set=0", "mul=2"]))
    if "SIGNALS" in flags and rng.random() < 0.6:
        return "drop" if ret != "b" else "drop:rv=1"
    if "WAITS" in flags and ret == "S":
        return rng.choice(["drop:rv=0x102", "drop:rv=0", "drop:rv=0xC0000008"])
    if ret == "S":
        return "%s=0x%X" % (rng.choice(["drop:rv", "rv:set"]), rng.choice(STATUSES))
    if ret in "ph":
        return "drop:rv=0"
    if ret == "b":
        return rng.choice(["drop:rv=0", "rv:set=1"])
    if ret == "d" and "SIGNALS" not in flags:  # a state before: it hangs on who comes first
        return rng.choice(["rv:add=1", "rv:set=0", "rv:set=%d" % rng.choice(ERRORS)])
    if ret == "v" and "UNLOCK" in flags:
        return "drop"
    return None


def wild_operation(rng, name, ret, params, flags):
    """Stranger ones: a signal twice, or of another object; any number given otherwise, anything written otherwise, other times to wait."""
    ways = []
    if "SIGNALS" in flags and params[:1] in ("h", "O"):
        ways += ["twice", "other:arg=0"]
    if "WAITS" in flags and "t" in params:
        ways += ["mem:arg=%d:size=8:set=0x%X" % (params.index("t"), rng.choice([0, (1 << 64) - 10000, (1 << 64) - 50000000]))]
    ways += ["arg:arg=%d:%s" % (i, rng.choice(["add=1", "set=0", "set=1", "mul=4"])) for i, p in enumerate(params) if p in "dx"]
    ways += ["poke:arg=%d:off=%d:size=%d:%s" % (i, rng.choice([0, 4, 8, 16]), rng.choice([1, 4, 8]), rng.choice(["add=1", "set=0", "or=0x80"]))
             for i, p in enumerate(params) if p == "P"]
    if ret in "Sdb":
        ways += ["stuck"]
    return rng.choice(ways) if ways else None


def candidates(lab, guest, known, rng):
    """(export, tid, nth) of every call of a guest, each export as likely as another."""
    by = {}
    for tid, names in corpus.calls(lab, lab.record(guest)[0]).items():
        seen = {}
        for line in lab.remember(("calls", guest, tid), lambda t=tid: call_names(lab, guest, t)):
            seen[line] = seen.get(line, 0) + 1
            by.setdefault(line, []).append((tid, seen[line]))
    return {name: where for name, where in by.items() if name in known and name not in SPARED}


def call_names(lab, guest, tid):
    lines = corpus.threads(lab, lab.record(guest)[0]).get(tid, [])
    return [re.search(r'"name":"(\w+)"', x)[1] for x in lines if x.startswith('{"kind":"kernel.call"')]


def shows(lab, pair):
    """Whether the struck call itself is told otherwise: its lines up to its return."""
    a, how = lab.record(pair.guest, pair.fault)
    b, _ = lab.record(pair.guest)
    s = how["strikes"][0]
    if s["n"] != 1:
        return False
    told = [body(corpus.threads(lab, t).get(s["tid"], [])[s["idx"] :]) for t in (a, b)]
    return told[0] != told[1]


def body(lines):
    """The signals and the return of the call that begins here; who ended a wait, and how long it is, are chance."""
    out = []
    for x in lines[1:]:
        if x.startswith('{"kind":"kernel.call"'):
            return ["nested"]
        if x.startswith(('{"kind":"signal"', '{"kind":"kernel.return"')):
            out.append(re.sub(r'"idx":\d+,|"previous":-?\d+', "", x))
        if x.startswith('{"kind":"kernel.return"'):
            return out
    return out + ["never"]


def make(lab, rng, guests, known, order, mutators, wild):
    guest = rng.choice(guests)
    where = lab.remember(("candidates", guest), lambda: candidates(lab, guest, known, rng))
    name = rng.choice(sorted(where))
    op = (wild_operation if wild else operation)(rng, name, *known[name])
    if op is None:
        return None
    tid, nth = rng.choice(where[name])
    if tid == 0:
        return None
    expect = name + (" || " + PARTNERS[name] if name in PARTNERS else "")
    return corpus.Planted(order, guest, "sweep", "%s:%s:tid=%d:nth=%d" % (name, op, tid, nth), expect, mutators)


# What a side may be told with, in the order in which it can be done: what one takes away, another cannot change after it.
TELLINGS = ["handles", "handles-reference", "tids", "addresses", "variables", "hsids", "moved", "moved-locks", "jitter", "locks", "queries",
            "returns-at-entry", "strangers", "sign", "integers", "no-lr", "no-out", "no-resolved", "no-signals", "cut", "cut-early"]
WHOLE = ["as-log", "as-reference", "as-lying", "log", "moved+log", "instrumented", "instrumented-moved", "instrumented-moved+cut", "locks+log"]


def telling(rng):
    """One side of a healthy pair."""
    seed = ["seed %d" % rng.randrange(20, 60)] if rng.random() < 0.5 else []
    if rng.random() < 0.35:
        return "+".join(seed + [rng.choice(WHOLE)])
    return "+".join(seed + sorted(rng.sample(TELLINGS, rng.randrange(4)), key=TELLINGS.index))


def make_healthy(rng, guests, order):
    guest = rng.choice(guests)
    a, b = telling(rng), telling(rng)
    if ("cut" in a and "cut" in b) or a == b:
        return None
    return corpus.Healthy(order, guest, "sweep", a, b)


def ask(pair, lab, wedge, wild):
    try:
        if pair.healthy:
            return pair, judge.judge(pair, pair.files(lab), wedge)
        files = pair.files(lab)
        if not wild and not shows(lab, pair):
            return pair, None
    except (corpus.Unusable, corpus.Skipped, OSError):
        return pair, None
    return pair, judge.judge(pair, files, wedge)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(HERE, "../../build/release"))
    p.add_argument("--wedge")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=200)
    p.add_argument("--guests", default=" ".join(g for g in corpus.OWN if g not in corpus.IN_PLAY))
    p.add_argument("--mutators", default="")
    p.add_argument("--titles", help="folder with dolphin/dolphin.xex, for --guests dolphin")
    p.add_argument("--longest", type=int, default=1 << 22, help="bytes of a recording; what is longer does not count")
    p.add_argument("--wild", action="store_true", help="stranger faults, which may show elsewhere: their verdicts are to be read")
    p.add_argument("--healthy", action="store_true")
    p.add_argument("--failures", action="store_true")
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--json")
    a = p.parse_args()
    resource.setrlimit(resource.RLIMIT_FSIZE, (a.longest, a.longest))  # some faults make a guest go round and round
    lab, rng, known = corpus.Lab(os.path.abspath(a.build), a.titles), random.Random(a.seed), exports()
    pairs = {}
    while len(pairs) < a.count:
        if a.healthy:
            pair = make_healthy(rng, a.guests.split(), len(pairs))
        else:
            pair = make(lab, rng, a.guests.split(), known, len(pairs), a.mutators, a.wild)
        if pair:
            pairs.setdefault(pair.name, pair)
    wedge = os.path.abspath(a.wedge or os.path.join(a.build, "cli/wedge"))
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        results = [x for x in pool.map(lambda q: ask(q, lab, wedge, a.wild), pairs.values()) if x[1]]
    if a.failures:
        for pair, r in results:
            if r.verdict not in ("right", "quiet"):
                print("%-10s %s\n           %s" % (r.verdict, pair.name, r.first))
    if a.json:
        json.dump([{"pair": q.name, "verdict": r.verdict, "first": r.first} for q, r in results], open(a.json, "w"), indent=1)
    print(judge.table(results, "sweep %d" % a.seed).summary())


if __name__ == "__main__":
    sys.exit(main())

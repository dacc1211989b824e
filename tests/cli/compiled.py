#!/usr/bin/env python3
"""What is asked of runs with --jit and without it: recordings with odd limits, schedules, checkpoints and forks, then replays, looks, probes and
searches at random places. Whatever is told must be the same, byte for byte. Exits 77 where this wedge has no compiler.

usage: compiled.py WEDGE GUESTS WORK [COUNT [SEED [TITLE...]]]

COUNT (2) runs are made of the guests below GUESTS, or of each TITLE, chosen by SEED (1). .ci/run makes one, of a guest that its commit chooses.
"""
import glob, json, os, random, re, shutil, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, guests, work = [os.path.abspath(p) for p in sys.argv[1:4]]
count, seed = (int(x) for x in (sys.argv[4:6] + ["1" if share.commit else "2", str(1 + share.seed("asked"))][len(sys.argv[4:6]):]))
titles = [os.path.abspath(t) for t in sys.argv[6:]] or sorted(glob.glob(os.path.join(glob.escape(guests), "**", "*.xex"), recursive=True))
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)
os.environ["XDG_CACHE_HOME"] = work + "/kept"  # compiled code, from one run to the next of them
rng = random.Random(seed)
asked = errors = wrong = 0


def ask(*args):
    """Exit status and all that it says; where it names the folder that it works in, the same name."""
    p = subprocess.run([wedge, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if b"has no compiler" in p.stderr:
        print(p.stderr.decode().strip())
        sys.exit(77)
    assert p.returncode in (0, 1, 2), (args, p)
    return [p.returncode, *(x.replace(b"compiled", b"plain") for x in (p.stdout, p.stderr))]


def same(what, a, b):
    global asked, errors, wrong
    asked += 1
    errors += a[0] != 0
    if a == b:
        return
    wrong += 1
    print("other:", *what)
    for x, y in zip(a, b):
        if x != y:
            at = next((i for i in range(min(len(x), len(y))) if x[i] != y[i]), min(len(x), len(y))) if isinstance(x, bytes) else 0
            print("  plain:   ", x[max(0, at - 100):at + 200] if isinstance(x, bytes) else x)
            print("  compiled:", y[max(0, at - 100):at + 200] if isinstance(y, bytes) else y)


def unpacked(path):
    return subprocess.run(["zstd", "-dc", path], check=True, stdout=subprocess.PIPE).stdout


def record(into, how, *options):
    shutil.rmtree(into, ignore_errors=True)
    said = ask("record", *options, "-o", into, *how)
    if not os.path.exists(into + "/manifest.json"):
        return said
    result = json.load(open(into + "/manifest.json"))["result"]
    # Where frames end depends on the host, so that the files' own digests do.
    told = {k: v for k, v in result.items() if not k.endswith("sha256") or k == "trace_sha256"}
    kept = sorted(os.listdir(into + "/checkpoints")) if os.path.isdir(into + "/checkpoints") else []
    return [*said, unpacked(into + "/trace.jsonl.zst"), unpacked(into + "/branches.zst"), json.dumps(told, sort_keys=True).encode(), *(k.encode() for k in kept)]


def position(events, result):
    e = rng.choice(events)
    return rng.choice(("%d:%d" % (e["tid"], e["idx"]), "insn=%d" % rng.randrange(result["instructions"] + 2), "event=%d" % rng.randrange(len(events)),
                       "time=%dns" % rng.randrange(result["virtual_ns"] + 2), "cycle=%d:%d" % (e["tid"], max(0, e["cycle"] + rng.randrange(-40, 40)))))


def both(*args):
    same(args, ask(*args), ask(*args, "--jit"))


for turn in range(count):
    title = rng.choice(titles)
    options = [title, "--seconds", "%.9f" % (10 ** rng.uniform(-5, -1.3) if len(sys.argv) < 7 else 10 ** rng.uniform(-2, 0.3))]
    if rng.random() < 0.6:
        options += ["--sched-seed", str(rng.randrange(1 << 32))]
    if rng.random() < 0.5:
        options += ["--checkpoints"]
    if rng.random() < 0.3:
        options += ["--frames", str(rng.randrange(1, 9))]
    if rng.random() < 0.2:
        options += ["--every-instruction"]
    how = rng.choice((["--jit=now"], ["--jit=now", "--jit-cache", "kept"], ["--jit"]))
    plain = record("plain", [], *options)
    same(["record", *options, *how], plain, record("compiled", how, *options))
    if len(plain) < 6:
        continue
    events = [e for e in map(json.loads, plain[3].splitlines()) if e["kind"] != "trace.footer" and "cycle" in e]
    result = json.loads(plain[5])
    if not events or not result.get("instructions"):
        continue
    both("replay", "plain")
    fork = ["--from", "plain@" + position(events, result), "--seconds", "%.9f" % (result["virtual_ns"] / 1e9 * rng.uniform(0.5, 1.5)), "--sched-seed", str(rng.randrange(99))]
    same(["record", *fork, *how, "of", *options], record("fork-plain", [], *fork), record("fork-compiled", how, *fork))
    for _ in range(3):
        at = position(events, result)
        both("replay", "plain", "--to", at)
        for view in (["regs"], ["threads"], ["waits"], ["stack"], ["mem", "r1", "256"]):
            both("at", "plain", at, *view, "--json")
    lr = [int(e["lr"], 16) for e in events if e["kind"] == "kernel.call" and "lr" in e]
    at = position(events, result)
    regs = json.loads(ask("at", "plain", at, "regs", "--json")[1] or b'{"value": {}}')["value"]
    gpr = [int(v, 16) & 0xffffffff for k, v in regs.items() if re.fullmatch(r"r\d+", k)]
    places = [a for a in gpr if a >= 0x10000] + [0x40000000 + 4 * rng.randrange(0x4000), 0x82010000 + 4 * rng.randrange(0x1000)]
    for what in ["--exec 0x%x" % (rng.choice(lr) - 4 * rng.randrange(4)) if lr else "--exec 0x82000000", "--write 0x%x+%d" % (rng.choice(places), rng.randrange(1, 17)),
                 "--read 0x%x+%d" % (rng.choice(places), rng.randrange(1, 17)), "--branch 0x%x" % (rng.choice(lr) - 4 if lr else 0x82000000)]:
        told = []
        for jit in ([], ["--jit"]):
            if os.path.exists("probe.jsonl.zst"):
                os.unlink("probe.jsonl.zst")
            said = ask("probe", "plain", *what.split(), "--regs", "r1,r3,lr,ctr,cr,xer,f1", "-o", "probe.jsonl.zst", *jit)
            told.append([*said, unpacked("probe.jsonl.zst") if os.path.exists("probe.jsonl.zst") else b""])
        same(["probe", what, "of", *options], *told)
    place = "0x%x" % (rng.choice(places) & ~3)
    both("last-write", "plain", place, "--before", position(events, result), "--json")
    both("first-read", "plain", place, "--after", position(events, result), "--json")
    both("values", "plain", place, "--json")
    if lr:
        both("who-called", "plain", "0x%x" % (rng.choice(lr) - 4), "--json")
print("%d answers of %d runs (seed %d), %d of them errors: %d differ" % (asked, count, seed, errors, wrong))
sys.exit(wrong != 0 or errors > asked / 2)

#!/usr/bin/env python3
"""Code is compiled, and nothing of a run can tell: every guest, recorded so and interpreted, gives the same events, branches and state
hashes. Exits 77 where this wedge has no compiler.

usage: jit.py WEDGE GUESTS SCRATCH [SECONDS]

GUESTS is a folder of titles; SECONDS of virtual time are recorded of each (0.2).
"""
import glob, json, os, shutil, subprocess, sys
from concurrent.futures import ThreadPoolExecutor

wedge, guests, scratch = sys.argv[1:4]
seconds = sys.argv[4] if len(sys.argv) > 4 else "0.2"
titles = sorted(glob.glob(os.path.join(glob.escape(guests), "*.xex")))
shutil.rmtree(scratch, ignore_errors=True)
os.makedirs(scratch)


def record(title, into, *more):
    subprocess.run([wedge, "record", title, "-o", into, "--seconds", seconds, *more], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    events, branches = (subprocess.run(["zstd", "-dc", into + file], check=True, stdout=subprocess.PIPE).stdout
                        for file in ("/trace.jsonl.zst", "/branches.zst"))
    with open(into + "/manifest.json") as f:
        result = json.load(f)["result"]
    shutil.rmtree(into)
    return events, branches, {k: v for k, v in result.items() if not k.endswith("sha256")}


WAYS = {"compiled at once": ["--jit=now", "--every-instruction"], "compared turn by turn": ["--jit=check"]}


def same(title):
    into = os.path.join(scratch, os.path.basename(title))
    plain = record(title, into)
    wrong = []
    for n, (way, options) in enumerate(WAYS.items()):
        compiled = record(title, "%s-%d" % (into, n), *options)
        wrong += ["%s (%s)" % (what, way) for what, a, b in zip(("events", "branches", "result"), plain, compiled) if a != b]
    return wrong


probe = subprocess.run([wedge, "record", titles[0], "-o", scratch + "/first", "--seconds", "0.001", "--jit"], capture_output=True, text=True)
if probe.returncode == 2 and "has no compiler" in probe.stderr:
    print(probe.stderr.strip())
    sys.exit(77)


with ThreadPoolExecutor(2) as pool:
    wrong = [(t, w) for t, w in zip(titles, pool.map(same, titles)) if w]
for title, what in wrong:
    print("%s: other %s" % (title, ", ".join(what)))
print("%d titles, %d differ" % (len(titles), len(wrong)))
sys.exit(bool(wrong) or not titles)

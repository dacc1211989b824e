#!/usr/bin/env python3
"""Loops that wait are skipped, and nothing of a run can tell: every guest, recorded so and with --every-instruction, gives the same events,
branches and state hashes.

usage: idle.py WEDGE GUESTS SCRATCH [SECONDS]

GUESTS is a folder of titles; SECONDS of virtual time are recorded of each (0.2).
"""
import glob, json, os, shutil, subprocess, sys
from concurrent.futures import ThreadPoolExecutor

wedge, guests, scratch = sys.argv[1:4]
seconds = sys.argv[4] if len(sys.argv) > 4 else "0.2"
titles = sorted(glob.glob(os.path.join(glob.escape(guests), "**", "*.xex"), recursive=True))
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


def same(title):
    into = os.path.join(scratch, os.path.basename(title))
    skipping, every = record(title, into), record(title, into + "-every", "--every-instruction")
    return [what for what, a, b in zip(("events", "branches", "result"), skipping, every) if a != b]


with ThreadPoolExecutor(2) as pool:
    wrong = [(t, w) for t, w in zip(titles, pool.map(same, titles)) if w]
for title, what in wrong:
    print("%s: other %s" % (title, ", ".join(what)))
print("%d titles, %d differ" % (len(titles), len(wrong)))
sys.exit(bool(wrong) or not titles)

#!/usr/bin/env python3
"""Other ways to execute a run that nothing of it can tell: every guest, recorded plainly and in each way, gives the same events, branches and
state hashes. Exits 77 where this wedge has no compiler and a way needs one.

usage: ways.py [-r] WEDGE GUESTS SCRATCH SECONDS WAY...

GUESTS is a folder of titles, -r with its folders; SECONDS of virtual time are recorded of each. A WAY is options of wedge record, separated by
commas.
"""
import glob, json, os, shutil, subprocess, sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

deep = sys.argv[1] == "-r"
wedge, guests, scratch, seconds, *ways = sys.argv[1 + deep:]
titles = share.of(" ".join(ways), sorted(glob.glob(os.path.join(glob.escape(guests), *["**"] * deep, "*.xex"), recursive=True)), 3)
shutil.rmtree(scratch, ignore_errors=True)
os.makedirs(scratch)
os.environ["XDG_CACHE_HOME"] = os.path.abspath(scratch) + "/kept"  # compiled code, which is nobody else's business


class NoCompiler(Exception):
    pass


def record(title, into, *more):
    done = subprocess.run([wedge, "record", title, "-o", into, "--seconds", seconds, *more], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode == 2 and "has no compiler" in done.stderr:
        raise NoCompiler(done.stderr.strip())
    done.check_returncode()
    events, branches = (subprocess.run(["zstd", "-dc", into + file], check=True, stdout=subprocess.PIPE).stdout
                        for file in ("/trace.jsonl.zst", "/branches.zst"))
    with open(into + "/manifest.json") as f:
        result = json.load(f)["result"]
    shutil.rmtree(into)
    return events, branches, {k: v for k, v in result.items() if not k.endswith("sha256")}


def same(title):
    into = os.path.join(scratch, os.path.basename(title))
    plain = record(title, into)
    wrong = []
    for way in ways:
        other = record(title, into + "-other", *way.split(","))
        wrong += ["%s (%s)" % (what, way) for what, a, b in zip(("events", "branches", "result"), plain, other) if a != b]
    return wrong


try:
    with ThreadPoolExecutor(2) as pool:
        wrong = [(t, w) for t, w in zip(titles, pool.map(same, titles)) if w]
except NoCompiler as why:
    print(why)
    sys.exit(77)
for title, what in wrong:
    print("%s: other %s" % (title, ", ".join(what)))
print("%d titles, %d differ" % (len(titles), len(wrong)))
sys.exit(bool(wrong) or not titles)

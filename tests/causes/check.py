#!/usr/bin/env python3
"""What the mutators must leave alone, checked by `wedge` itself: a retold trace is whole, and each thread makes the same
calls in the same order.

usage: check.py WEDGE BUILD
"""
import collections
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import corpus  # noqa: E402
import mutate  # noqa: E402

ADDS = ("locks", "queries", "polls", "moved-locks")
wedge, build = sys.argv[1:3]
lab = corpus.Lab(os.path.abspath(build), None)


def read_back(path):
    """The names of the calls of each thread that makes any, most calls first, as `wedge query` reads them."""
    sql = "SELECT tid, name FROM calls ORDER BY tid, idx"
    done = subprocess.run([wedge, "query", path, sql, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, (path, done.stderr)
    assert "damage" not in done.stderr, (path, done.stderr)
    by = collections.defaultdict(list)
    for line in done.stdout.splitlines():
        row = json.loads(line)
        by[row["tid"]].append(row["name"])
    return sorted(by.values())


for guest in ("mixer", "named"):
    trace, _ = lab.record(guest)
    events = mutate.load(lab.lines(trace))
    want = read_back(trace)
    for name in mutate.MUTATORS:
        path = lab.mutated(trace, name)
        told = mutate.load(lab.lines(path))
        seen = collections.Counter()
        for e in told:
            if e["kind"] != "trace.footer":
                assert e["idx"] == seen[e["tid"]], (guest, name, e)
                seen[e["tid"]] += 1
        have = read_back(path)
        if name.startswith("cut") or name == "torn":
            assert all(any(h == w[: len(h)] for w in want) for h in have), (guest, name)
        elif name in ADDS:
            more = sum(map(len, have)) - sum(map(len, want))
            assert more >= 0 or name == "polls", (guest, name, more)
        else:
            assert have == want, (guest, name)
    # The stock log has the calls, and nothing else of them.
    assert sum(map(len, read_back(lab.mutated(trace, "log")))) == sum(map(len, want)), guest
print("mutators: clean")

#!/usr/bin/env python3
"""Long virtual time: a guest that sleeps, is woken by a timer, looks at a word and computes, recorded interpreted and compiled. Trace and branches are
the same bytes, a replay of each finds the same, and the guest, which looks whether it was woken in time, complains of nothing.

usage: day.py WEDGE GUEST WORK [SECONDS, 240]

86400 is a day: some minutes and 0.5 GB a recording.
"""
import json, os, subprocess, sys

import tool

wedge, guest, work = [os.path.abspath(p) for p in sys.argv[1:4]]
seconds = sys.argv[4] if len(sys.argv) > 4 else "240"
tool.enter(work)
run = tool.runner(wedge)
ways = {"plain": [], "kept": ["--checkpoints"]}
if json.loads(run("--version", "--json")[0])["jit"]:
    ways |= {"compiled": ["--jit", "--jit-cache", "none"], "at-once": ["--jit=now", "--jit-cache", "none"]}


def unpacked(way, name):
    p = subprocess.Popen(["zstd", "-dc", "%s/%s" % (way, name)], stdout=subprocess.PIPE)
    return p.stdout


def same(a, b, what):
    place = 0
    while True:
        x, y = a.read(1 << 20), b.read(1 << 20)
        assert x == y, "%s differs within the MiB behind %d bytes" % (what, place)
        place += len(x)
        if not x:
            return place


for way, options in ways.items():
    run("record", guest, "-o", way, "--seconds", seconds, *options)
    if way != "plain":
        for name in ("trace.jsonl.zst", "branches.zst"):
            assert same(unpacked("plain", name), unpacked(way, name), "%s of %s" % (name, way)) > 1000
    assert "identical" in run("replay", way)[0]
complaints = run("events", "plain", "--grep", "FAIL", "--json", code=0)[0]
assert complaints == "", complaints
info = run("info", "plain", "--json")[0]
assert '"limit"' in info, info
print("%s virtual seconds, %s: the same" % (seconds, ", ".join(ways)))

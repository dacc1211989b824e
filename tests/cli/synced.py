#!/usr/bin/env python3
"""What takes a name is on the disk before: the file, then its name, then the folder that has it.

usage: synced.py WEDGE PRELOADED WORKDIR
"""
import os, subprocess, sys

import tool

wedge, preloaded, work = sys.argv[1:4]
tool.enter(work)
with open("t.jsonl", "w") as f:
    f.write('{"kind":"kernel.call","tid":1,"idx":0,"host_ns":1,"name":"A"}\n')

for made, command in (("t.db", ["import", "t.jsonl", "-o", "t.db"]), ("t.pftrace", ["export", "t.jsonl", "--perfetto", "t.pftrace"]),
                      ("t.csv", ["export", "t.jsonl", "--csv", "t.csv"])):
    p = subprocess.run([wedge, *command], env={**os.environ, "LD_PRELOAD": preloaded}, stderr=subprocess.PIPE, text=True, check=True)
    said = [l.split() for l in p.stderr.splitlines() if l.startswith(("fsync ", "rename "))]
    named = next(i for i, l in enumerate(said) if l[0] == "rename" and os.path.basename(l[2]) == made)
    assert ["fsync", os.path.realpath(os.path.dirname(said[named][1]) or ".") + "/" + os.path.basename(said[named][1])] in said[:named], (command, said)
    assert ["fsync", os.path.realpath(".")] in said[named:], (command, said)
print("3 files are on the disk before they have their names")

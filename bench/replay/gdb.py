#!/usr/bin/env python3
"""How long a debugger waits: attaching at a run's end, and steps back from there.

gdb.py WEDGE RUN [STEPS]: milliseconds, and of the server's processor time, since other work on the machine is in the first.
"""
import os, sys, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/cli"))
from gdb_client import Server

wedge, run = sys.argv[1:3]
steps = int(sys.argv[3]) if len(sys.argv) > 3 else 200


def own(pid):
    fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


began = time.monotonic()
with Server(wedge, run, "--at", "end") as s:
    c = s.connect()
    assert c.ask("?").startswith("T05")
    print("from start to first reply: %.0f ms, own %.0f ms" % ((time.monotonic() - began) * 1000, own(s.p.pid)))
    at = time.monotonic()
    c.ask("bs")
    print("first step back: %.0f ms" % ((time.monotonic() - at) * 1000))
    before, each = own(s.p.pid), []
    for _ in range(steps):
        at = time.monotonic()
        assert c.ask("bs").startswith("T05")
        each.append((time.monotonic() - at) * 1000)
    each.sort()
    print("%d steps back: median %.1f ms, 99th percentile %.1f ms, most %.1f ms; own %.1f ms each" % (
        steps, each[steps // 2], each[(steps * 99 + 99) // 100 - 1], each[-1], (own(s.p.pid) - before) / steps))
    c.close()

#!/usr/bin/env python3
"""Two million events of twenty threads with the fault deep inside: is it named, and how long does that take? And at which
depth is it no longer named (--depths)?

usage: deep.py --build BUILD [--wedge PATH] [--depths]
"""
import argparse
import os
import subprocess
import sys
import time
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import corpus  # noqa: E402
import judge  # noqa: E402

SHORT = "NtReadFile:poke:arg=4:off=4:set=1000:tid=16:nth=%d"
FAULTS = ["NtSetEvent:drop:tid=11:nth=11000", SHORT % 1400, "InterlockedPopEntrySList:drop:rv=0:tid=4:nth=9000",
          "NtReleaseSemaphore:arg:arg=1:set=4:tid=1:nth=23000"]
OTHER = 31  # another schedule


def ask(wedge, a, b, fault, what):
    began = time.monotonic()
    done = subprocess.run([wedge, "diff", a, b], capture_output=True, text=True)
    first = done.stdout.split("\n")[0]
    if fault is None:
        right = done.returncode == 0
    else:
        right = judge.matches(first, types.SimpleNamespace(tid=None, fault=fault, expect=fault.split(":")[0]))
    print("%-5s %4.1f s  %s\n      %s\n      %s diff %s %s" % (
        "right" if right else "WRONG", time.monotonic() - began, what, first, wedge, a, b), flush=True)
    return right


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(HERE, "../../build/release"))
    p.add_argument("--wedge")
    p.add_argument("--depths", action="store_true")
    a = p.parse_args()
    wedge = os.path.abspath(a.wedge or os.path.join(a.build, "cli/wedge"))
    lab = corpus.Lab(os.path.abspath(a.build), None)
    plain, other = (lab.record("city_day", None, seed)[0] for seed in (0, OTHER))
    answers = []
    if a.depths:
        for n in (300, 700, 900, 950, 1000, 1400):
            answers.append(ask(wedge, lab.record("city_day", SHORT % n)[0], plain, SHORT % n, "read %d of thread 16" % n))
    else:
        answers.append(ask(wedge, other, plain, None, "healthy, another schedule"))
        for f in FAULTS:
            faulty = lab.record("city_day", f)[0]
            answers.append(ask(wedge, faulty, plain, f, f))
            answers.append(ask(wedge, faulty, other, f, f + ", against another schedule"))
    print("%d of %d right" % (sum(answers), len(answers)))
    return 0 if all(answers) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""How many of the planted faults that make a title hang `wedge prove` proves: each is recorded as a run by wedge_faulty, on whose kernel the
rest of a tried run goes on, too, and held against the healthy run of the guest.

usage: proofs.py --build BUILD [--filter REGEX] [--every N] [--failures] [--min-proven PERCENT]
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import corpus  # noqa: E402


def options(lab, guest, fault):
    """The title and options of `wedge record`, from what the corpus recorded with its own recorder."""
    trace, said = lab.record(guest, fault)
    return lab.commands[trace], said


def record(wedge, command, out, fault):
    """command: of tests/causes/faulty."""
    args, faults, i = [], [], 0
    while i < len(command):
        if command[i] == "--fault":
            faults.append(command[i + 1])
        elif command[i].startswith("-"):
            args += command[i : i + 2]
        if command[i].startswith("-"):
            i += 1
        else:
            args.append(command[i])
        i += 1
    env = dict(os.environ, WEDGE_FAULTS=" ".join(faults))
    subprocess.run([wedge, "record", *args, "-o", out], env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return env


def try_one(lab, guest, fault, work):
    """The verdict, and what was said."""
    command, said = options(lab, guest, fault)
    if said["end"] != "wedge":
        return "does not hang", ""
    strikes = said["strikes"]
    if strikes and strikes[0]["n"] == 1 and not re.search(":(nth|from|upto|every)=", fault):
        command = [c + ":nth=1" if c == fault else c for c in command]  # what is called besides is not spoilt again
    wedge = os.path.join(lab.build, "tests/causes/wedge_faulty")
    folder = tempfile.mkdtemp(dir=work)
    try:
        run, healthy = os.path.join(folder, "run"), os.path.join(folder, "healthy")
        env = record(wedge, command, run, fault)
        record(wedge, options(lab, guest, None)[0], healthy, None)
        done = subprocess.Popen([wedge, "prove", run, healthy], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        try:
            words = done.communicate(timeout=60)[0].replace(folder + "/", "")
        except subprocess.TimeoutExpired:
            os.killpg(done.pid, signal.SIGKILL)  # the run that is tried, too
            done.communicate()
            return "not proven", "it goes on for more than a minute of the host's"
        if done.returncode == 0:
            return "proven", words
        return ("nothing to try" if "nothing to try" in words else "not proven" if done.returncode == 1 else "error"), words
    finally:
        shutil.rmtree(folder)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(HERE, "../../build/release"))
    p.add_argument("--filter", default="")
    p.add_argument("--every", type=int, default=1)
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--failures", action="store_true")
    p.add_argument("--min-proven", type=float, default=0)
    a = p.parse_args()
    lab = corpus.Lab(os.path.abspath(a.build), None)
    rows = [(r[0], r[2]) for r in corpus.planted_table() if lab.has(r[0]) and not re.match("media:|cache:|inputs:", r[2])]
    rows = [r for r in rows if re.search(a.filter, "/".join(r))][:: a.every]
    counts = {}
    with tempfile.TemporaryDirectory() as work, concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        for row, (verdict, words) in zip(rows, pool.map(lambda r: try_one(lab, *r, work), rows)):
            counts[verdict] = counts.get(verdict, 0) + 1
            if a.failures and verdict not in ("proven", "does not hang"):
                print("== %s: %s\n%s" % ("/".join(row), verdict, words))
    hang = sum(counts.values()) - counts.get("does not hang", 0)
    proven = counts.get("proven", 0)
    print(", ".join("%d %s" % (n, v) for v, n in sorted(counts.items())))
    print("%d of %d faults that hang are proven (%.1f %%)" % (proven, hang, 100 * proven / max(hang, 1)))
    if hang and 100 * proven / hang < a.min_proven or counts.get("error"):
        sys.exit(1)


main()

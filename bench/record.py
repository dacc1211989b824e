#!/usr/bin/env python3
"""What recording costs, side by side in one run, by turns: guests recorded and not. `calls` does nothing but call the kernel (19 M events in a second
of virtual time), `traffic` makes 3 M in a second, as a busy title does. The bar: traffic recorded takes at most 1.3 times as long as untraced.

usage: bench/record.py BUILD [--runs N] [--jit] [--dir DIR]

BUILD is a build folder (build/release). Told are the best of N (5): of the clock, of the processor time of the thread that executes, which decides on a
machine that has other work, and of all threads, for what is recorded is compressed on one of its own; and the load.
"""
import argparse, json, os, shutil, subprocess, sys, tempfile, time


def measure(command):
    """Seconds of the clock, of the executing thread and of all threads."""
    start = time.perf_counter()
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    executing = 0
    with open("/proc/%d/task/%d/schedstat" % (p.pid, p.pid)) as stat:  # nanoseconds on a processor, first
        while os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            try:
                stat.seek(0)
                executing = int(stat.read().split()[0])
            except (ProcessLookupError, IndexError):
                break
            time.sleep(0.002)
    _, status, usage = os.wait4(p.pid, 0)
    if status:
        sys.exit("%s: status %d" % (" ".join(command), status))
    return time.perf_counter() - start, executing / 1e9, usage.ru_utime + usage.ru_stime


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("build")
    ap.add_argument("--runs", type=int, default=5)
    ap.add_argument("--jit", action="store_true")
    ap.add_argument("--dir")
    a = ap.parse_args()
    work = tempfile.mkdtemp(prefix="wedge-record-", dir=a.dir)
    run = os.path.join(work, "run")
    command = [os.path.join(a.build, "cli/wedge"), "record"]
    more = ["--jit"] if a.jit else []
    print("load %.1f, %d processors, best of %d" % (os.getloadavg()[0], os.cpu_count(), a.runs))
    print("| guest | events | bytes each | | recorded | untraced | ratio |\n|---|---|---|---|---|---|---|")
    try:
        for guest in "calls", "traffic":
            title = os.path.join(a.build, "guests", guest + ".xex")
            traced, plain = [], []
            for _ in range(a.runs):
                shutil.rmtree(run, ignore_errors=True)
                traced.append(measure([*command, title, "-o", run, *more]))
                plain.append(measure([*command, title, "--no-trace", *more]))
            with open(os.path.join(run, "manifest.json")) as f:
                events = json.load(f)["result"]["events"]
            size = os.path.getsize(os.path.join(run, "trace.jsonl.zst")) / events
            for i, what in enumerate(("clock", "executing thread", "all threads")):
                with_, without = min(x[i] for x in traced), min(x[i] for x in plain)
                print("| %s | %d | %.1f | %s | %.2f s | %.2f s | %.2f |" % (guest, events, size, what, with_, without, with_ / without), flush=True)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()

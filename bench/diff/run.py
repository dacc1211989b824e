#!/usr/bin/env python3
"""What `wedge diff` costs, in one run: wall time, processor time and peak memory on pairs made here, beside `diff` on the
same files reduced to a line a call.

usage: bench/diff/run.py BUILD [--only NAME[,NAME]] [--dir DIR] [--markdown FILE] [--huge] [--quick] [--limit SECONDS]

BUILD is a build folder (build/release). The files are made below --dir (needs 10 GB; 25 GB with --huge) and removed as soon
as each case is measured. --huge measures logs of 10 GB instead of judging them by the slope of smaller ones.
--quick makes everything a hundred times smaller: it tries this script, and measures nothing.
"""
import argparse, os, shutil, signal, subprocess, sys, tempfile, threading, time

GB = 1 << 30
CASES = ("small", "threads", "distinct", "log", "full", "big")


class Run:
    """One command: wall seconds, processor seconds, peak MiB, exit status, first line. Stopped after a limit."""

    def __init__(self, command, limit):
        out = tempfile.TemporaryFile()
        start = time.perf_counter()
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, out.fileno(), 2)])
        self.stopped = False

        def stop():
            self.stopped = True
            os.kill(pid, signal.SIGKILL)

        timer = threading.Timer(limit, stop)
        timer.start()
        _, status, usage = os.wait4(pid, 0)
        timer.cancel()
        self.seconds = time.perf_counter() - start
        self.cpu = usage.ru_utime + usage.ru_stime
        self.mib = usage.ru_maxrss / 1024
        self.code = os.waitstatus_to_exitcode(status)
        out.seek(0)
        self.line = out.readline(200).decode(errors="replace").strip()

    def time(self):
        return ("> %.0f s, stopped" if self.stopped else "%.2f s") % self.seconds


class Bench:
    def __init__(self, a):
        self.a = a
        self.wedge = os.path.join(a.build, "cli/wedge")
        self.generator = os.path.join(a.build, "bench/diff/bench_investigation")
        self.names = os.path.join(a.build, "bench/diff/bench_names")
        if a.dir:
            os.makedirs(a.dir, exist_ok=True)
        self.dir = tempfile.mkdtemp(prefix="wedge-diff-", dir=a.dir)
        self.rows, self.notes = [], []

    def make(self, *options):
        subprocess.run([self.generator, "--out", self.dir, *options], check=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def clear(self):
        for name in os.listdir(self.dir):
            os.unlink(self.path(name))

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def best(self, command):
        """The quickest of three, or one run of what takes long."""
        runs = [Run(command, self.a.limit)]
        while len(runs) < 3 and runs[0].seconds < 10:
            runs.append(Run(command, self.a.limit))
        return min(runs, key=lambda r: r.seconds)

    def wedge_diff(self, a, b):
        r = self.best([self.wedge, "diff", self.path(a), self.path(b)])
        if not r.stopped and r.code not in (0, 1):
            self.notes.append("wedge diff %s %s: exit status %d: %s" % (a, b, r.code, r.line))
        return r

    def peer(self, a, b):
        """`diff` on the names of the calls; making the names is not part of its time."""
        out = []
        for name in (a, b):
            out.append(self.path(name + ".names"))
            with open(self.path(name)) as i, open(out[-1], "w") as o:
                subprocess.run([self.names], stdin=i, stdout=o, check=True)
        r = self.best([shutil.which("diff"), *out])
        for p in out:
            os.unlink(p)
        return r

    def row(self, what, r, peer=None, goal="", extra=""):
        ratio = ""
        if peer and not (r.stopped and peer.stopped):
            ratio = ("> " if r.stopped else "< " if peer.stopped else "") + "%.2f" % (r.seconds / peer.seconds)
        self.rows.append([what, r.time(), "%.2f s" % r.cpu, "%.0f MiB" % r.mib, peer.time() if peer else "",
                          "%.0f MiB" % peer.mib if peer else "", ratio, extra, goal])
        self.say("%-44s %s, %.0f MiB; diff %s %s" % (what, r.time(), r.mib, peer.time() if peer else "-", extra))
        self.say("    exit %d: %s" % (r.code, r.line))

    # the cases

    def small(self):
        self.make("--scale", "small")
        self.row("small investigation (12 k and 47 k events)", self.wedge_diff("ours.jsonl", "canary.jsonl"),
                 self.peer("ours.jsonl", "canary.jsonl"))

    def full(self):
        self.make("--scale", "small" if self.a.quick else "full")
        self.row("the investigation (121,569 and 18.7 M events)", self.wedge_diff("ours.jsonl", "canary.jsonl"),
                 self.peer("ours.jsonl", "canary.jsonl"))

    def big(self):
        self.make("--both-big", "--scale", "small" if self.a.quick else "full")
        peer = self.peer("ours.jsonl", "canary.jsonl")
        self.row("18.7 M against 18.7 M events, JSONL", self.wedge_diff("ours.jsonl", "canary.jsonl"), peer,
                 "<= 20 s, <= 2 GiB")
        for name in ("ours", "canary"):
            subprocess.run(["zstd", "-q", "-1", "-T0", "--rm", self.path(name + ".jsonl")], check=True)
        self.row("18.7 M against 18.7 M events, .zst", self.wedge_diff("ours.jsonl.zst", "canary.jsonl.zst"), peer,
                 "<= 20 s, <= 2 GiB")

    def log_pair(self, size):
        size = int(size * GB) // (100 if self.a.quick else 1)
        self.make("--log", str(size))
        lines = sum(int(subprocess.run(["wc", "-l", self.path(n)], capture_output=True, check=True).stdout.split()[0])
                    for n in ("ours.log", "canary.log"))
        return self.wedge_diff("ours.log", "canary.log"), lines

    def log(self):
        peaks = {}
        for size in (0.25, 0.5, 1):
            r, lines = self.log_pair(size)
            peaks[size] = r.mib
            rate = "%.1f M lines/s" % (lines / r.seconds / 1e6)
            peer = self.peer("ours.log", "canary.log") if size == 0.25 else None
            self.row("logs of %.2f GiB each (%.0f M lines in all)" % (size, lines / 1e6), r, peer, ">= 4 M lines/s", rate)
            self.clear()
        slope = (peaks[1] - peaks[0.25]) / 0.75
        self.notes.append("logs: %.0f MiB more a GiB of log; at 10 GB each %.0f MiB (goal: <= 1,024)" %
                          (slope, peaks[1] + 9 * slope))
        if self.a.huge:
            r, lines = self.log_pair(10)
            peer = self.peer("ours.log", "canary.log")
            self.row("logs of 10 GiB each (%.0f M lines in all)" % (lines / 1e6), r, peer, "<= 1 GiB", "%.1f M lines/s" % (lines / r.seconds / 1e6))

    def threads(self):
        self.make("--threads", "300" if self.a.quick else "3000")
        self.row("3,000 threads without ancestry", self.wedge_diff("ours.jsonl", "canary.jsonl"),
                 self.peer("ours.jsonl", "canary.jsonl"), "<= 1 s")
        self.make("--threads", "1000" if self.a.quick else "100000")
        self.row("100,000 threads without ancestry", self.wedge_diff("ours.jsonl", "canary.jsonl"),
                 self.peer("ours.jsonl", "canary.jsonl"), "<= 400 MiB")

    def distinct(self):
        self.make("--distinct", "25000" if self.a.quick else "2500000")
        self.row("2.5 M calls of which none is like another", self.wedge_diff("ours.jsonl", "canary.jsonl"),
                 self.peer("ours.jsonl", "canary.jsonl"), "<= 560 MiB")

    def table(self):
        head = ["case", "wedge diff", "processor", "peak", "diff of names", "its peak", "wedge / diff", "rate", "goal"]
        lines = ["| " + " | ".join(r) + " |" for r in [head, ["---"] * len(head), *self.rows]]
        return "\n".join(lines + [""] + ["- " + n for n in self.notes]) + "\n"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("build")
    ap.add_argument("--only", default="", help="small, threads, distinct, log, full, big")
    ap.add_argument("--dir", help="where to make the files; the system's temporary folder if not said")
    ap.add_argument("--markdown", metavar="FILE", help="write the table there too")
    ap.add_argument("--limit", type=float, default=600, help="seconds after which a command is stopped (600)")
    ap.add_argument("--huge", action="store_true")
    ap.add_argument("--quick", action="store_true")
    a = ap.parse_args()
    cases = a.only.split(",") if a.only else list(CASES)
    b = Bench(a)
    try:
        for c in cases:
            if c not in CASES:
                ap.error("%s is not a case; there are %s" % (c, ", ".join(CASES)))
            getattr(b, c)()
            b.clear()
    finally:
        shutil.rmtree(b.dir)
    b.notes.append("%d processors; files made by this run; the best of three, or one run if it takes more than 10 s; a peak "
                   "below 16 MiB is this script's own" % os.cpu_count())
    text = b.table()
    print(text)
    if a.markdown:
        with open(a.markdown, "w") as f:
            f.write(text)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Guest programs on Wedge's interpreter, with everything recorded, against the same sources under qemu's just-in-time
compiler (qemu-ppc64) and native, in one run, interleaved, the best of several.

usage: bench/cpu/run.py WEDGE [--jit] [--others] [--by-thread] [--scale N] [--only NAME[,NAME]] [--runs N] [--json]

--jit compiles what runs often (wedge record --jit): once anew in every run, which is what the first run of a title takes, and once with what the run before
has kept (--jit-cache, which is a user's cache where nothing else is said), which is what every later run takes. --others measures programs that nothing was tuned to, but that base64 had the check of a table
taken together. --scale makes every program N times as long.
--by-thread takes the processor time of the thread that executes, instead of the clock: for a machine that has other work.

Ratios above 1 mean that Wedge is faster. "instructions" are the guest's own, counted exactly by Wedge.
"""
import argparse, json, math, os, re, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
# name, class, rounds (about half a second on Wedge)
PROGRAMS = [
    ("crc", "integer", 12000), ("sieve", "integer", 700), ("sort", "integer", 300), ("string", "integer", 2500),
    ("matrix", "double", 500), ("nbody", "double", 200000), ("mandelbrot", "double", 700), ("transform", "single", 8000),
    ("dot", "altivec", 100000), ("colour", "altivec", 9000), ("machine", "branchy", 5000), ("json", "branchy", 600),
    ("copy", "memory", 40), ("chase", "memory", 100),
]
OTHERS = [
    ("sha", "integer", 120000), ("hashes", "integer", 4000), ("lz", "integer", 300), ("qsort", "branchy", 700), ("queens", "branchy", 2500),
    ("huff", "branchy", 400), ("objects", "branchy", 40000), ("base64", "integer", 6600), ("lists", "branchy", 250), ("tree", "branchy", 250),
    ("tape", "branchy", 10000),
]
PPC = ("-mcpu=970 -O2 -ffreestanding -fno-builtin -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables "
       "-fno-tree-loop-distribute-patterns -fno-math-errno -nostdlib -static -Wl,--build-id=none").split()


def build(cc, out, sources, flags):
    subprocess.run([cc, "-I", HERE, *flags, *[os.path.join(HERE, s) for s in sources], "-o", out], check=True)
    return out


by_thread = False


def timed(command):
    start = time.perf_counter()
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    spent = 0
    with open("/proc/%d/task/%d/schedstat" % (p.pid, p.pid)) as stat: # nanoseconds on a processor, first
        while by_thread:
            try:
                stat.seek(0)
                spent = int(stat.read().split()[0])
            except ProcessLookupError:
                break
            if p.poll() is not None:
                break
            time.sleep(0.002)
    out, err = p.communicate()
    seconds = spent / 1e9 if by_thread else time.perf_counter() - start
    if p.returncode:
        sys.exit("%s: exit %d\n%s" % (" ".join(command), p.returncode, err))
    return seconds, out


def in_folder(command, folder):
    return [folder if word == "OUT" else word for word in command]


def mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("wedge")
    ap.add_argument("--against", metavar="WEDGE", help="another build, run with --no-branches instead of qemu and native")
    ap.add_argument("--jit", action="store_true")
    ap.add_argument("--others", action="store_true")
    ap.add_argument("--by-thread", action="store_true")
    ap.add_argument("--scale", type=int, default=1)
    ap.add_argument("--only", default="")
    ap.add_argument("--runs", type=int, default=3)
    ap.add_argument("--json", action="store_true")
    a = ap.parse_args()
    global by_thread
    by_thread = a.by_thread
    only = [x for x in a.only.split(",") if x]
    hz = float(re.search(r"cpu MHz\s*: ([\d.]+)", open("/proc/cpuinfo").read())[1]) * 1e6
    rows = []
    with tempfile.TemporaryDirectory() as d:
        jit = ["--jit", "--jit-cache", "none"] if a.jit else []
        for name, kind, rounds in OTHERS if a.others else PROGRAMS:
            if only and name not in only:
                continue
            vec = ["-maltivec", "-mabi=altivec"] if kind == "altivec" else ["-mno-altivec"]
            define = ["-DROUNDS=%d" % (rounds * a.scale)]
            guest = build("powerpc-linux-gnu-gcc", d + "/w", ["start_wedge.S", name + ".c"],
                          PPC + vec + define + ["-m32", "-msdata=none", "-ffixed-r13", "-Wl,-Ttext-segment=0x82000000"])
            q64 = build("powerpc64-linux-gnu-gcc", d + "/q64", ["start_linux.c", name + ".c"], PPC + vec + define + ["-m64", "-Wl,-estart"])
            native = build("gcc", d + "/n", ["start_native.c", name + ".c"], ["-O2", "-mfma", "-fno-math-errno", *define])
            empty = build("gcc", d + "/e", ["start_native.c", name + ".c"], ["-O2", "-fno-math-errno", "-DROUNDS=0"])
            if a.against:
                best = {}
                for run in range(a.runs):
                    for key, command in (("with", [a.wedge, "record", guest, "-o", "%s/%s%d" % (d, name, run)]),
                                         ("without", [a.against, "record", guest, "--no-branches", "-o", "%s/%s%d-" % (d, name, run)])):
                        best[key] = min(best.get(key, 9e9), timed(command)[0])
                rows.append({"name": name, "with": best["with"], "without": best["without"], "cost": best["with"] / best["without"] - 1})
                print("%-11s %6.3f s with, %6.3f s without: %+.1f %%" % (name, best["with"], best["without"], 100 * rows[-1]["cost"]), flush=True)
                continue
            engines = {"qemu64": ["qemu-ppc64", "-cpu", "970", q64], "native": [native], "empty": [empty]}
            if a.jit:
                engines["kept"] = [a.wedge, "record", guest, "-o", "OUT", "--seconds", "0", "--jit", "--jit-cache", "%s/kept-%s" % (d, name)]
                timed(in_folder(engines["kept"], "%s/%s-first" % (d, name)))
            best = {}
            outputs = {}
            for run in range(a.runs):
                out = "%s/%s%d" % (d, name, run)
                s, _ = timed([a.wedge, "record", guest, "-o", out, "--seconds", "0"] + jit)
                best["wedge"] = min(best.get("wedge", 9e9), s)
                for e, command in engines.items():
                    s, outputs[e] = timed(in_folder(command, "%s/%s%d-%s" % (d, name, run, e)))
                    best[e] = min(best.get(e, 9e9), s)
                manifest = json.load(open(out + "/manifest.json"))["result"]
                trace = subprocess.run([a.wedge, "events", out], stdout=subprocess.PIPE, text=True).stdout
                branches = os.path.getsize(out + "/branches.zst") if os.path.exists(out + "/branches.zst") else 0
            code = re.search(r'thread.exit +code="0x([0-9a-f]+)"', trace)
            results = {e: outputs[e].strip().lstrip("0") for e in ("qemu64", "native")}
            results["wedge"] = code[1] if code else "?"
            if len(set(results.values())) != 1:
                print("%s: results differ: %s" % (name, results), file=sys.stderr)
            count = manifest["instructions"]
            rows.append({"name": name, "class": kind, "instructions": count, "seconds": best["wedge"],
                         "mips": count / best["wedge"] / 1e6, "cycles_per_instruction": best["wedge"] * hz / count,
                         "branch_bytes": branches, "vs_qemu64": best["qemu64"] / best["wedge"],
                         **({"kept_vs_qemu64": best["qemu64"] / best["kept"]} if a.jit else {}),
                         "vs_native": max(best["native"] - best["empty"], 1e-6) / best["wedge"]})
            if not a.json:
                if len(rows) == 1:
                    print("%-11s %-8s %8s %7s %7s %9s %9s %9s" % ("program", "class", "M insn", "MIPS", "cyc/in", "x qemu64", "x native", "branch B") + "   kept: x qemu64" * a.jit)
                r = rows[-1]
                print("%-11s %-8s %8.0f %7.0f %7.2f %9.2f %9.3f %9d" % (name, kind, count / 1e6, r["mips"], r["cycles_per_instruction"], r["vs_qemu64"], r["vs_native"], branches) + (" %17.2f" % r["kept_vs_qemu64"] if a.jit else ""), flush=True)
    if a.against:
        cost = mean([1 + r["cost"] for r in rows]) - 1
        print(json.dumps(rows) if a.json else "geometric mean: %+.1f %%" % (100 * cost))
        return
    general = [r["vs_qemu64"] for r in rows if r["class"] in ("integer", "double", "single", "branchy")]
    double = [r["vs_qemu64"] for r in rows if r["class"] == "double"]
    summary = {"geomean_vs_qemu64": mean(general), "double_vs_qemu64": mean(double)}
    by_class = {k: mean([r["vs_qemu64"] for r in rows if r["class"] == k]) for k in dict.fromkeys(r["class"] for r in rows)}
    summary["by_class"] = by_class
    summary["all_vs_qemu64"] = mean([r["vs_qemu64"] for r in rows])
    if a.jit:
        summary["kept_by_class"] = {k: mean([r["kept_vs_qemu64"] for r in rows if r["class"] == k]) for k in by_class}
        summary["kept_all_vs_qemu64"] = mean([r["kept_vs_qemu64"] for r in rows])
    if a.json:
        print(json.dumps({"programs": rows, **summary}, indent=1))
    else:
        print("integer, floating point and branchy: %.2f of qemu-ppc64 (bar 0.5); double precision: %.2f (bar 3)" % (summary["geomean_vs_qemu64"], summary["double_vs_qemu64"]))
        print("all: %.2f; " % summary["all_vs_qemu64"] + ", ".join("%s %.2f" % c for c in by_class.items()))
        if a.jit:
            print("kept, all: %.2f; " % summary["kept_all_vs_qemu64"] + ", ".join("%s %.2f" % c for c in summary["kept_by_class"].items()))


main()

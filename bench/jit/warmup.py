#!/usr/bin/env python3
"""What it costs to meet code for the first time: a program of many functions that are executed a few to some hundred times each, recorded interpreted,
with --jit and nothing kept (cold), and with --jit and what a run before has compiled (warm), by turns in one run, the best of several. The bar: compiling
costs at most 10 % over interpreting. Starting the program is measured by a run of no calls, and taken off.

usage: bench/jit/warmup.py WEDGE [--functions N] [--calls N] [--runs N] [--json]

--calls is the most that a function is called (300; a tenth of them are called 3 times at most). "processor" is user and system time of all threads.
"""
import argparse, json, os, random, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
CPU = os.path.join(HERE, "..", "cpu")
PPC = ("-mcpu=970 -O2 -ffreestanding -fno-builtin -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns "
       "-nostdlib -static -mno-altivec -m32 -msdata=none -ffixed-r13 -Wl,--build-id=none -Wl,-Ttext-segment=0x82000000").split()
SHAPES = [
    "  for (u32 i = 0; i < %(n)d; i++) x = x * %(odd)du + t[(x >> 5) & 63];\n",
    "  for (u32 i = 0; i < %(n)d; i++) if (t[i & 63] & %(bit)d) x += t[(i + %(k)d) & 63]; else x ^= %(odd)du;\n",
    "  for (u32 *p = t + %(k)d; p < t + 64; p++) { if (*p > x) *p -= x >> %(s)d; else x -= *p >> %(s)d; }\n",
    "  switch (x & 3) { case 0: x += %(odd)du; break; case 1: t[x >> 3 & 63] ^= x; break; case 2: x = x << %(s)d | x >> (32 - %(s)d); break; default: x ^= t[%(k)d]; }\n",
    "  { u64 w = (u64)x * t[%(k)d]; t[%(k)d] = (u32)w / (t[x & 63] | 1); x += (u32)(w >> 32); }\n",
]


def source(functions, most, seed=1):
    rng = random.Random(seed)
    text = ['#include "bench.h"\nstatic u32 t[64];\n']
    for f in range(functions):
        text.append("static __attribute__((noinline)) u32 f%d(u32 x) {\n" % f)
        for _ in range(rng.randrange(2, 6)):
            text.append(rng.choice(SHAPES) % {"n": rng.randrange(4, 40), "odd": rng.randrange(1, 1 << 31, 2), "bit": 1 << rng.randrange(8), "k": rng.randrange(1, 64), "s": rng.randrange(1, 31)})
        text.append("  return x;\n}\n")
    text.append("static const u16 calls[] = {%s};\n" % ",".join(str(rng.randrange(1, 4) if rng.random() < 0.1 else rng.randrange(4, most + 1)) for _ in range(functions)))
    text.append("static u32 (*const all[])(u32) = {%s};\n" % ",".join("f%d" % f for f in range(functions)))
    text.append("u32 bench(u32 n) {\n  u32 x = 1;\n  for (u32 i = 0; i < 64; i++) t[i] = i * 2654435761u;\n  for (u32 r = 0; r < n; r++)\n"
                "    for (u32 f = 0; f < %du; f++)\n      if (calls[f] > r) x = all[f](x);\n  return x;\n}\n" % functions)
    return "".join(text)


def build(folder, name, text, rounds):
    with open(folder + "/functions.c", "w") as f:
        f.write(text)
    out = "%s/%s" % (folder, name)
    subprocess.run(["powerpc-linux-gnu-gcc", "-I", CPU, CPU + "/start_wedge.S", folder + "/functions.c", *PPC, "-DROUNDS=%d" % rounds, "-o", out], check=True)
    return out


def record(wedge, guest, into, options):
    shutil.rmtree(into, ignore_errors=True)
    start = time.perf_counter()
    p = subprocess.Popen([wedge, "record", guest, "-o", into, "--seconds", "0", *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = p.stderr.read()
    _, status, used = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if p.returncode:
        sys.exit(said)
    with open(into + "/manifest.json") as f:
        result = json.load(f)["result"]
    return seconds, used.ru_utime + used.ru_stime, result, said


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("wedge")
    ap.add_argument("--functions", type=int, default=1000)
    ap.add_argument("--calls", type=int, default=300)
    ap.add_argument("--runs", type=int, default=5)
    ap.add_argument("--json", action="store_true")
    a = ap.parse_args()
    with tempfile.TemporaryDirectory() as d:
        text = source(a.functions, a.calls)
        guest, empty = build(d, "guest", text, a.calls), build(d, "empty", text, 0)
        # All that is met is compiled once, which takes its time; what is measured afterwards is a copy of that.
        said = record(a.wedge, guest, d + "/run", ["--jit=now", "-v", "--jit-cache", d + "/kept"])[3]
        ways = {"interpreted": lambda: [], "cold": lambda: ["--jit", "-v", "--jit-cache", d + "/cold"], "warm": lambda: ["--jit", "-v", "--jit-cache", d + "/warm"]}
        told = {"kept": said.strip().splitlines()[-1].split(": ")[-1]}
        best, hashes, count = {}, set(), 0
        for _ in range(a.runs):
            for name, options in ways.items():
                for which, title in (("", guest), (" start", empty)):
                    shutil.rmtree(d + "/cold", ignore_errors=True)
                    shutil.rmtree(d + "/warm", ignore_errors=True)
                    shutil.copytree(d + "/kept", d + "/warm")
                    wall, processor, result, said = record(a.wedge, title, d + "/run", options())
                    old = best.get(name + which, (9e9, 9e9))
                    best[name + which] = (min(old[0], wall), min(old[1], processor))
                    if not which:
                        hashes.add(result["state_hash"])
                        count = result["instructions"]
                        if options():
                            told[name] = said.strip().splitlines()[-1].split(": ")[-1]
        if len(hashes) != 1:
            sys.exit("the ways have other states at their ends: %s" % hashes)
        rows = {name: [best[name][i] - best[name + " start"][i] for i in (0, 1)] for name in ways}
        plain = rows["interpreted"]
        if a.json:
            print(json.dumps({"functions": a.functions, "instructions": count, "told": told,
                              "ways": {n: {"wall": w, "processor": p, "wall_ratio": w / plain[0], "processor_ratio": p / plain[1]} for n, (w, p) in rows.items()}}, indent=1))
            return
        print("%d functions, %.1f million instructions; behind the run that compiles all: %s" % (a.functions, count / 1e6, told["kept"]))
        for name, (wall, processor) in rows.items():
            print("%-12s %7.3f s (%.2f), processor %7.3f s (%.2f)   %s" % (name, wall, wall / plain[0], processor, processor / plain[1], told.get(name, "")))


main()

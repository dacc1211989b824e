#!/usr/bin/env python3
"""Runs what was recorded on 32-bit sisters of the console's cores, PowerPCs of Apple's and the Wii U's Espresso, through this interpreter.

usage: older.py WEDGE [--dingus FOLDER] [--decaf FOLDER] [--work DIR]

DINGUS is cpu/ppc/test of https://github.com/dingusdev/dingusppc, DECAF tests/cpu/data/wiiu of https://github.com/decaf-emu/decaf-emu; nothing of them is
kept here. Integers with XER and CR, floating point with FPSCR. Of GPRs the low half is compared, the only one those have. Left out, and counted: estimates, which
are a processor's own; operands of single-precision arithmetic that no single can hold (those processors round or truncate one first); what the books leave
undefined. Exits 1 if something differs.
"""
import argparse, collections, json, math, os, re, struct, subprocess, sys, tempfile

BLR = "4e800020"
DBL = {"snan": 0x7FF4000000000000, "qnan": 0x7FF8000000000000, "FLT_MAX": 0x47EFFFFFE0000000, "FLT_MIN": 0x3810000000000000,
       "DBL_MAX": 0x7FEFFFFFFFFFFFFF, "DBL_MIN": 0x0010000000000000}
left_out = collections.Counter()


def bits(text):
    if text.lstrip("-") in DBL:
        return DBL[text.lstrip("-")] | (text[0] == "-") << 63
    return struct.unpack(">Q", struct.pack(">d", float(text)))[0]


def single(v):
    """Whether a single can hold it."""
    d = struct.unpack(">d", struct.pack(">Q", v))[0]
    if d != d or math.isinf(d) or d == 0:
        return v & 0x1FFFFFFF == 0
    try:
        return struct.unpack(">f", struct.pack(">f", d))[0] == d and abs(d) >= 2.0**-126
    except OverflowError:
        return False


def low_halves(word):
    """Behind an integer instruction: the upper halves of r3 to r6 go."""
    return " ".join(f"{30 << 26 | r << 21 | r << 16 | 1 << 5:08x}" for r in word)


def without_fr(fpscr):
    """Behind an overflow FR is undefined: (an instruction that clears it, what FPSCR is then)."""
    return (f"{63 << 26 | 13 << 21 | 70 << 1:08x}", fpscr & ~0x40000) if fpscr & 0x10000000 else ("", fpscr)


def no_quotient(name, a, b):
    """Undefined quotients, of which FF..F and CR0 were recorded."""
    return name.startswith("divw") and (b == 0 or (a, b) == (0x80000000, 0xFFFFFFFF) and not name.startswith("divwu"))


def dingus(folder):
    for line in open(folder + "/ppcinttests.csv"):
        name, word, *rest = line.strip().split(",")
        v = {k: int(x, 16) for k, x in (f.split("=") for f in rest)}
        compares = name.startswith("CMP")
        if no_quotient(name.lower(), v["rA"], v.get("rB", 0)):
            left_out["undefined quotients"] += 1
            continue
        out = {"xer": hex(v["XER"]), "cr": hex(v["CR"])}
        if not compares:
            out["r3"] = hex(v["rD"])
        yield {"name": name + ":" + ",".join(rest), "code": f"{int(word, 16):08x} {low_halves([3])} {BLR}", "base": "0x82010000",
               "in": {"r3": hex(v.get("rA", 0)), "r4": hex(v.get("rB", 0)), "xer": "0x0", "cr": "0x0"}, "out": out}
    rounds = {"RTN": 0, "RTZ": 1, "RPI": 2, "RNI": 3, "VEN": 0x80}
    for line in open(folder + "/ppcfloattests.csv"):
        name, word, *rest = line.strip().split(",")
        v = dict(f.split("=") for f in rest)
        given = {f"f{i}": hex(bits(v.get(k, "0.0"))) for i, k in ((4, "frA"), (5, "frB"), (6, "frC"))}
        word = int(word, 16)
        if word >> 26 == 59 and not all(single(int(x, 16)) for x in given.values()):
            left_out["singles of doubles"] += 1
            continue
        clear, fpscr = without_fr(int(v["FPSCR"], 16))
        out = {"fpscr": hex(fpscr), "cr": v["CR"]}
        if not name.startswith("FCMP"):
            out["f3"] = v["frD"]
        yield {"name": name + ":" + ",".join(rest), "code": f"{word:08x} {clear} {BLR}", "base": "0x82010000",
               "in": {**given, "f3": "0x0", "fpscr": hex(rounds[v.get("round", "RTN")]), "cr": "0x0"}, "out": out}


def decaf(path):
    name = os.path.basename(path)
    data = open(path, "rb").read()
    n = struct.unpack_from("<Q", data)[0]
    for i in range(n):
        # instruction; XER, CR, FPSCR, CTR, r3 to r6, f1 to f4: before and after
        v = struct.unpack_from("<I4I4I4Q4I4I4Q", data, 8 + 132 * i)
        word, before, after = v[0], v[1:13], v[13:25]
        if name in ("fres", "frsqrte"):
            left_out["estimates"] += 1
            continue
        if word >> 26 == 59 and not all(map(single, before[8:])):
            left_out["singles of doubles"] += 1
            continue
        if name.startswith("divw") and no_quotient(name, *(before[4 + (word >> at & 31) - 3] for at in (16, 11))):
            left_out["undefined quotients"] += 1
            continue
        after = list(after)
        clear, after[2] = without_fr(after[2])
        if name.startswith("fctiw"):  # the upper half is undefined; the PPE's is the sign (ps3.py)
            at = 8 + (word >> 21 & 31) - 1
            after[at] = (after[at] & 0xFFFFFFFF) - (after[at] >> 31 & 1) * (1 << 32) & 0xFFFFFFFFFFFFFFFF
        registers = ("xer", "cr", "fpscr", "ctr", "r3", "r4", "r5", "r6", "f1", "f2", "f3", "f4")
        out = {r: hex(x) for r, x in zip(registers, after)}
        code = f"{word:08x} {clear} {low_halves(range(3, 7))} {BLR}"
        yield {"name": f"{name}:{i}", "code": code, "base": "0x82010000", "in": {r: hex(x) for r, x in zip(registers, before)}, "out": out}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("wedge")
    p.add_argument("--dingus")
    p.add_argument("--decaf")
    p.add_argument("--work")
    a = p.parse_args()
    work = a.work or tempfile.mkdtemp()
    files = [("dingusppc", lambda: dingus(a.dingus))] if a.dingus else []
    if a.decaf:
        files += [("decaf " + n, lambda n=n: decaf(f"{a.decaf}/{n}")) for n in sorted(os.listdir(a.decaf))]
    failed, tried = [], 0
    for name, cases in files:
        path = f"{work}/{name.replace(' ', '-')}.jsonl"
        with open(path, "w") as f:
            n = 0
            for c in cases():
                f.write(json.dumps(c) + "\n")
                n += 1
        if n == 0:
            continue
        tried += n
        r = subprocess.run([a.wedge, "cpu-test", path], capture_output=True, text=True)
        if r.returncode:
            print(f"{name}: {r.stdout.strip().splitlines()[-1] if r.stdout.strip() else r.stderr}")
            open(path.replace(".jsonl", ".out"), "w").write(r.stdout)
            failed.append(name)
        os.remove(path) if r.returncode == 0 else None
    print(f"{tried} cases; left out: {dict(left_out)}; {'differ: ' + ', '.join(failed) if failed else 'all pass'}; {work}")
    return 1 if failed else 0


sys.exit(main())

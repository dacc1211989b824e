#!/usr/bin/env python3
"""Runs what RPCS3's ps3autotests recorded on a PlayStation 3, whose PPE is a sister of the console's cores, through this interpreter.

usage: ps3.py WEDGE FOLDER [--work DIR]

FOLDER is a checkout of https://github.com/RPCS3/ps3autotests. Of tests/cpu it uses ppu_fpu, ppu_float_arithmetic, ppu_float_conversion and
ppu_float_compare: scalar floating point, all but the first with FPSCR and CR; nothing of them is kept here. Exits 1 if something differs.
"""
import argparse, json, math, os, re, struct, subprocess, sys, tempfile

FLT_MIN, FLT_MAX = 2.0**-126, (2 - 2.0**-23) * 2.0**127
DBL_MIN, DBL_MAX = sys.float_info.min, sys.float_info.max
FIRST = (0.0, -0.0, 1.0, -1.0, 1.5, -1.5, 1.6, -1.6, 1.4, -1.4, 2.0)
INF, NAN = math.inf, math.nan
# The operands of the two files, by index; the ends of the range are those of their type.
FPU = (*FIRST, -2.0, 4.0, -10000000.4, 20000000.0, -20000.5, 20000.6, "MIN", "MAX", INF, -INF, NAN)
ARITHMETIC = (*FIRST, NAN, -10000000.4, 20000000.0, -20000.5, 20000.6, "MIN", "MAX", INF, -INF)
# name: primary opcode, extended opcode, operand fields in the order of the assembler
A, B, C = 16, 11, 6
OPS = {"fadd": (63, 21, (A, B)), "fsub": (63, 20, (A, B)), "fmul": (63, 25, (A, C)), "fdiv": (63, 18, (A, B)), "fsqrt": (63, 22, (B,)),
       "frsqrte": (63, 26, (B,)), "fsel": (63, 23, (A, C, B)), "fmadd": (63, 29, (A, C, B)), "fmsub": (63, 28, (A, C, B)),
       "fnmadd": (63, 31, (A, C, B)), "fnmsub": (63, 30, (A, C, B))}
OPS.update({n + "s": (59, x, f) for n, (_, x, f) in OPS.items() if n not in ("fsel", "frsqrte")})
OPS["fres"] = (59, 24, (B,))
CONVERSIONS = {"frsp": (63, 12, (B,)), "fctiw": (63, 14, (B,)), "fctiwz": (63, 15, (B,)), "fctid": (63, 814, (B,)), "fctidz": (63, 815, (B,)),
               "fcfid": (63, 846, (B,))}
COMPARES = {"fcmpu": (63, 0, (A, B)), "fcmpo": (63, 32, (A, B))}


def bits(v, single):
    if isinstance(v, str):
        v = {"MIN": (DBL_MIN, FLT_MIN), "MAX": (DBL_MAX, FLT_MAX)}[v][single]
    if v != v:
        return 0x7FF8000000000000
    if single:
        v = struct.unpack(">f", struct.pack(">f", v))[0]
    return struct.unpack(">Q", struct.pack(">d", v))[0]


def widened(word):
    """A single in a register."""
    if word & 0x7F800000 == 0x7F800000:
        return (word & 0x80000000) << 32 | 0x7FF0000000000000 | (word & 0x7FFFFF) << 29
    return struct.unpack(">Q", struct.pack(">d", struct.unpack(">f", struct.pack(">I", word))[0]))[0]


def vectors(path, values, with_flags, ops):
    line = re.compile(r"(f\w+)(\.?)\s*\(?((?:\[\d+\],?)+)\)? -> ([0-9a-fA-F]*) ?(?:\[(\w+) : (\w+)\])?")
    seen = set()
    for n, text in enumerate(open(path), 1):
        m = line.match(text)
        if not m or m[1] not in ops:
            continue
        primary, extended, fields = ops[m[1]]
        single = primary == 59
        if ops is not OPS:  # doubles, then the same with floats: those are of no use after a conversion to an integer
            single = m.group(1, 2, 3) in seen
            seen.add(m.group(1, 2, 3))
            if single and ops is CONVERSIONS and m[1] != "frsp":
                continue
        operands = [int(i) for i in re.findall(r"\d+", m[3])]
        word = primary << 26 | 4 << 21 | extended << 1 | (m[2] == ".")
        given = {"fpscr": "0x0", "cr": "0x0"}
        for k, (field, i) in enumerate(zip(fields, operands), 1):
            word |= k << field
            given[f"f{k}"] = f"0x{bits(values[i], single):x}"
        got = int(m[4] or "0", 16)
        # A float variable was printed: alone, or as the first half of eight bytes.
        result = widened(got >> 32 if len(m[4]) > 8 else got) if single else got
        out = {"f4": f"0x{result:x}"} if ops is not COMPARES else {}
        if with_flags:
            out["fpscr"] = "0x" + m[5]
            out["cr"] = "0x" + m[6]
        yield {"name": f"{os.path.basename(path)}:{n}:{m[1]}{m[2]}{m[3]}", "code": f"{word:08x} 4e800020", "base": "0x82010000", "in": given, "out": out}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("wedge")
    p.add_argument("folder")
    p.add_argument("--work")
    a = p.parse_args()
    work = a.work or tempfile.mkdtemp()
    failed = 0
    for name, values, flags, ops in (("ppu_fpu", FPU, False, OPS), ("ppu_float_arithmetic", ARITHMETIC, True, OPS),
                                     ("ppu_float_conversion", ARITHMETIC, True, CONVERSIONS), ("ppu_float_compare", ARITHMETIC, True, COMPARES)):
        cases = list(vectors(f"{a.folder}/tests/cpu/{name}/{name}.expected", values, flags, ops))
        path = f"{work}/{name}.jsonl"
        with open(path, "w") as f:
            f.writelines(json.dumps(c) + "\n" for c in cases)
        r = subprocess.run([a.wedge, "cpu-test", path], capture_output=True, text=True)
        print(f"{name}: {r.stdout.strip().splitlines()[-1] if r.stdout.strip() else r.stderr}")
        open(f"{work}/{name}.out", "w").write(r.stdout)
        failed += r.returncode != 0
    return failed


sys.exit(main())

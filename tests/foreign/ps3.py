#!/usr/bin/env python3
"""Runs what RPCS3's ps3autotests recorded on a PlayStation 3, whose PPE is a sister of the console's cores, through this interpreter.

usage: ps3.py WEDGE FOLDER [--work DIR]

FOLDER is a checkout of https://github.com/RPCS3/ps3autotests. Of tests/cpu it uses ppu_fpu, ppu_float_arithmetic, ppu_float_conversion and
ppu_float_compare: scalar floating point, all but the first with FPSCR and CR; ppu_integer_arithmetic, _logical, _rotate, _shift and
ppu_vector_integer_arithmetic, the last with VSCR. Nothing of them is kept here; powerpc-linux-gnu-as assembles them. The PlayStation ran in 64-bit mode: CR0 is
compared where that makes no difference; carries, which its tests do not set, undefined quotients and
addi and addis, which were recorded with r0, are left out. Exits 1 if something differs.
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


INTS = (0, 1, 2, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFE, 0x0003333300330033, 0x000000FFFFF00000, 0x1000000000000000, 0x1FFFFFFFFFFFFFFF, 0x4238572200000000,
        0x7000000000000000, 0x72233411, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0x8000000000000001, 0x0123456789ABCDEF)
WORDS = (0, 1, 2, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0x33333, 0xFFFFF0, 0x10000000, 0x12345678, 0x1FFFFFFF, 0x42385722, 0x7FFFFFFF, 0x80000000, 0x80000001,
         0x8FFFFFFF)
WITH_CARRY = ("adde", "addme", "addze", "subfe", "subfme", "subfze")
OF_R0 = ("addi", "addis")  # recorded with r0 for the register, which is zero there


def assembled(lines, work):
    """The words of so many instructions."""
    open(f"{work}/a.s", "w").write("\n".join(lines) + "\n")
    subprocess.run(["powerpc-linux-gnu-as", "-many", "-mregnames", "-maltivec", "-o", f"{work}/a.o", f"{work}/a.s"], check=True)
    subprocess.run(["powerpc-linux-gnu-objcopy", "-O", "binary", "-j", ".text", f"{work}/a.o", f"{work}/a.bin"], check=True)
    data = open(f"{work}/a.bin", "rb").read()
    return [data[i:i + 4].hex() for i in range(0, len(data), 4)]


def no_quotient(name, a, b):
    if not name.startswith("div"):
        return False
    wide = name.startswith("divd")
    a, b, least = (a, b, 1 << 63) if wide else (a & 0xFFFFFFFF, b & 0xFFFFFFFF, 1 << 31)
    return b == 0 or ("u" not in name and a == least and b == 2 * least - 1)


def integers(path, work):
    line = re.compile(r"(\w+)(\.?) *\(((?:\[-?\d+\],?)+)\) -> ([0-9A-F]{16}) \[(?:\w+ : )?(\w+)\]")
    immediate = ("addi", "addis", "addic", "mulli", "subfic", "andi", "andis", "ori", "oris", "xori", "xoris", "sradi", "srawi")
    found = []
    for n, text in enumerate(open(path), 1):
        m = line.match(text)
        if not m or m[1] in WITH_CARRY + OF_R0:
            continue
        v = [int(i) for i in re.findall(r"-?\d+", m[3])]
        if m[1] in ("rldimi", "rlwimi"):
            continue  # what was there before is not told
        rotates = m[1].startswith("rl")
        by_register = m[1] in ("rldcl", "rldcr", "rlwnm")
        given = {"r3": INTS[v[0]]}
        operands = [str(i) for i in v[1:]]
        if (len(v) > 1 and m[1] not in immediate and not rotates) or by_register:
            given["r4"] = INTS[v[1]]
            operands[0] = "4"
        if no_quotient(m[1], given["r3"], given.get("r4", 1)):
            continue
        found.append((n, m, given, f"{m[1]}{m[2]} 5,3{''.join(',' + o for o in operands)}"))
    words = assembled([f[3] for f in found], work)
    for (n, m, given, text), word in zip(found, words):
        result = int(m[4], 16)
        out = {"r5": hex(result)}
        low = result & 0xFFFFFFFF
        code = word
        if m[2] and (low >> 31, low == 0) == (result >> 63, result == 0):
            code = f"{word} 7cc00026 54c6273e"  # mfcr 6; rlwinm 6,6,4,28,31: CR0
            out["r6"] = hex(int(m[5], 16) >> 28)
        yield {"name": f"{os.path.basename(path)}:{n}:{text}", "code": f"{code} 4e800020", "base": "0x82010000",
               "in": {**{k: hex(v) for k, v in given.items()}, "cr": "0x0", "xer": "0x0"}, "out": out}


def vectors_of_integers(path, work):
    line = re.compile(r"(v\w+) *\(\[(\d+)\],\[(\d+)\]\) -> ([0-9A-F ]{35}) \[(\w+)\]")
    found = [(n, m) for n, m in ((n, line.match(t)) for n, t in enumerate(open(path), 1)) if m]
    words = assembled(["mfvscr 3", *(f"{m[1]} 2,0,1" for _, m in found)], work)
    for (n, m), word in zip(found, words[1:]):
        a, b = WORDS[int(m[2])], WORDS[int(m[3])]
        yield {"name": f"{os.path.basename(path)}:{n}:{m[1]}", "code": f"{word} {words[0]} 4e800020", "base": "0x82010000",
               "in": {"v0": f"{a:08x}" * 4, "v1": f"{b:08x}" * 2 + "0" * 16, "vscr": "0x0"}, "out": {"v2": m[4].replace(" ", "").lower(), "v3": m[5].lower().rjust(32, "0")}}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("wedge")
    p.add_argument("folder")
    p.add_argument("--work")
    a = p.parse_args()
    work = a.work or tempfile.mkdtemp()
    tests = [(name, vectors, how) for name, *how in (
        ("ppu_fpu", FPU, False, OPS), ("ppu_float_arithmetic", ARITHMETIC, True, OPS), ("ppu_float_conversion", ARITHMETIC, True, CONVERSIONS),
        ("ppu_float_compare", ARITHMETIC, True, COMPARES))]
    tests += [("ppu_integer_" + n, integers, [work]) for n in ("arithmetic", "logical", "rotate", "shift")]
    tests.append(("ppu_vector_integer_arithmetic", vectors_of_integers, [work]))
    failed = 0
    for name, make, how in tests:
        cases = list(make(f"{a.folder}/tests/cpu/{name}/{name}.expected", *how))
        path = f"{work}/{name}.jsonl"
        with open(path, "w") as f:
            f.writelines(json.dumps(c) + "\n" for c in cases)
        r = subprocess.run([a.wedge, "cpu-test", path], capture_output=True, text=True)
        print(f"{name}: {r.stdout.strip().splitlines()[-1] if r.stdout.strip() else r.stderr}")
        open(f"{work}/{name}.out", "w").write(r.stdout)
        failed += r.returncode != 0
    return failed


sys.exit(main())

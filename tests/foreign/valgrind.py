#!/usr/bin/env python3
"""Runs what valgrind's tests recorded on PowerPC processors of IBM's (the 970 and POWER) through this interpreter.

usage: valgrind.py WEDGE FOLDER [--work DIR]

FOLDER is none/tests of a checkout of https://sourceware.org/git/valgrind.git. Of it this uses what ppc32/jm-*.stdout.exp and ppc64/jm-*.stdout.exp say of
computing instructions: integers with XER and CR (of 32 bits alone, as the console runs), floating point, AltiVec with CR6. Nothing of them is kept
here. Needs powerpc-linux-gnu-as. Exits 1 if something differs that is not explained below.
"""
import argparse, collections, json, os, re, subprocess, sys, tempfile

# Estimates are a processor's own, and the console's are known from recordings of itself (xenia.py); what is divided by nothing is undefined.
ESTIMATES = ("fres", "frsqrte", "vrefp", "vrsqrtefp", "vlogefp", "vexptefp")
IMMEDIATE = ("addi", "addic", "addic.", "addis", "subfic", "mulli", "ori", "oris", "xori", "xoris", "andi.", "andis.", "cmpwi", "cmplwi", "cmpdi", "cmpldi")
SIGNED = ("addi", "addic", "addic.", "addis", "subfic", "mulli", "cmpwi", "cmpdi")
CARRY = ("adde", "addeo", "subfe", "subfeo", "addme", "addmeo", "subfme", "subfmeo", "addze", "addzeo", "subfze", "subfzeo")
LANES = {"vspltb": 15, "vsplth": 7, "vspltw": 3}  # what of the lane's number counts
BLR, CLEAR_HIGH = 0x4E800020, 0x7A310020  # rldicl r17,r17,0,32
F17_TO_R17 = (0xDA21FFF0, 0xEA21FFF0)  # stfd f17,-16(r1); ld r17,-16(r1)
CLEAR_LOW_BYTE = 0x7A3105E4  # rldicr r17,r17,0,55: what the tests leave out of sums of products


def signed16(v):
    return v - 0x10000 if v & 0x8000 else v


def integers(lines, wide):
    """(assembler, in, out, words behind it)"""
    seen, before = collections.Counter(), "0"
    digits = 16 if wide else 8
    pattern = re.compile(r"\s*(\S+) ([0-9a-f]{%d}(?:, *[0-9a-f]+)*) => ([0-9a-f]{%d}) \(([0-9a-f]{8}) ([0-9a-f]{8})\)$" % (digits, digits))
    text = list(lines)
    total = collections.Counter(m[1] for m in map(pattern.match, text) if m)
    for line in text:
        m = pattern.match(line)
        if not m:
            continue
        name, args = m[1], [a.strip() for a in m[2].split(",")]
        seen[name] += 1
        before = "0" if seen[name] == 1 else before
        plain = name.rstrip(".")
        if name.startswith(("cr", "mcr", "mf", "mt")) or plain == "popcntb":  # printed in other ways, or of later processors
            continue
        given = {"r14": "0x" + args[0], "r17": "0x" + before, "cr": "0x0", "xer": "0x0"}
        before = m[3]  # what rlwimi inserts into
        if plain in CARRY and seen[name] > total[name] // 2:
            given["xer"] = "0x20000000"
        a = int(args[0], 16)
        if plain.startswith("div") and len(args) == 2:
            least = 1 << (63 if "d" in plain[3:4] else 31)
            b, mask = int(args[1], 16), 2 * least - 1
            if b & mask == 0 or ("u" not in plain and a & mask == least and b & mask == mask):
                continue
        if plain.startswith(("rlwimi", "rlwinm")):
            code = f"{name} 17,14,{int(args[1], 10)},{int(args[2], 10)},{int(args[3], 10)}"
        elif plain.startswith(("rldic", "rldimi", "sradi", "srawi", "rlwnm", "rldc")):
            continue  # their arguments are printed in several ways
        elif name in IMMEDIATE:
            imm = int(args[1], 16) & 0xFFFF
            code = f"{name} {2 if 'cmp' in name else 17},14,{signed16(imm) if name in SIGNED else imm}"
        elif len(args) == 2 and plain.startswith("cmp"):
            given["r15"] = "0x" + args[1]
            code = f"{name} 2,14,15"
        elif len(args) == 2:
            given["r15"] = "0x" + args[1]
            code = f"{name} 17,14,15"
        elif len(args) == 1:
            code = f"{name} 17,14"
        else:
            continue
        out = {"r17": "0x" + m[3]}
        if not wide:  # with 64 bits, carries and comparisons are of 64 bits there
            out["cr"], out["xer"] = "0x" + m[4], "0x" + m[5]
        yield code, given, out, [] if wide else [CLEAR_HIGH]


def floats(lines):
    pattern = re.compile(r"\s*(f\S+) ([0-9a-f]{16}(?:, [0-9a-f]{16})*) => ([0-9a-f]{16})$")
    for line in lines:
        m = pattern.match(line)
        if not m or m[1].rstrip(".") in ESTIMATES or m[1].startswith("fcmp"):
            continue
        args = m[2].split(", ")
        given = {f"f{14 + i}": "0x" + a for i, a in enumerate(args)}
        given["fpscr"] = "0x0"
        behind = list(F17_TO_R17)
        if len(args) == 3:
            behind.append(CLEAR_LOW_BYTE)
        if m[1].startswith("fctiw"):
            behind.append(CLEAR_HIGH)
        yield f"{m[1]} 17," + ",".join(str(14 + i) for i in range(len(args))), given, {"r17": "0x" + m[3]}, behind


def vectors(lines):
    head, tail = re.compile(r"\s*(v\S+): (.*)$"), re.compile(r"\s*(v\S+):\s+=> ([0-9a-f ]+?) \(([0-9a-f]{8})(?:, ([0-9a-f]{8}))?\)$")
    args = None
    for line in lines:
        t, h = tail.match(line), head.match(line)
        if t is None:
            args = h and [a.strip() for a in h[2].split(",")]
            continue
        name = t[1]
        if not args or name.rstrip(".") in ESTIMATES:
            continue
        given, code, n = {"vscr": "0x0", "cr": "0x0"}, [], 14
        for a in args:
            hexes = a.replace(" ", "")
            if len(hexes) == 32:
                given[f"v{n}"] = " ".join(hexes[i:i + 8] for i in range(0, 32, 8))
                code.append(str(n))
                n += 1
            else:
                code.append(str(int(a) & LANES.get(name, -1)))
        result = t[2].replace(" ", "")
        out = {"v17": " ".join(result[i:i + 8] for i in range(0, 32, 8)), "cr": "0x" + t[3]}
        yield f"{name} 17," + ",".join(code), given, out, []


def as_printed(word):
    """A word of a sum of products: without the sign and payload of a NaN, the sign of zero and its last bit, which VEX does not get right."""
    if word & 0x7F800000 == 0x7F800000 and word & 0x7FFFFF:
        return word & 0x7FC00000
    return 0 if word & 0x7FFFFFFF == 0 else word & 0xFFFFFFFE


def differs(out):
    """Of what cpu-test says: the cases that are not as recorded."""
    n, name = 0, ""
    for line in out.splitlines():
        m = re.match(r"FAIL [^:]*:\d+:(\S+)", line)
        if m:
            name, n = m[1], n + 1
        m = re.match(r"  v17: expected ([0-9a-f ]+), actual ([0-9a-f ]+)", line)
        if m and name in ("vmaddfp", "vnmsubfp") and [as_printed(int(w, 16)) for w in m[2].split()] == [int(w, 16) for w in m[1].split()]:
            n -= 1
    return n


def assemble(codes, work):
    source, thing, raw = (os.path.join(work, "code." + x) for x in ("s", "o", "bin"))
    with open(source, "w") as f:
        f.write("".join(c + "\n" for c in codes))
    subprocess.run(["powerpc-linux-gnu-as", "-a32", "-mcell", "-mbig", source, "-o", thing], check=True)
    subprocess.run(["powerpc-linux-gnu-objcopy", "-O", "binary", "-j", ".text", thing, raw], check=True)
    data = open(raw, "rb").read()
    assert len(data) == 4 * len(codes)
    return [data[i:i + 4].hex() for i in range(0, len(data), 4)]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("wedge")
    p.add_argument("folder")
    p.add_argument("--work")
    a = p.parse_args()
    work = a.work or tempfile.mkdtemp()
    failed = 0
    for folder in ("ppc32", "ppc64"):
        for part in ("int", "int_other", "int-sh_algebraic", "fp", "vmx"):
            lines = open(f"{a.folder}/{folder}/jm-{part}.stdout.exp").read().splitlines()
            cases = list(vectors(lines) if part == "vmx" else floats(lines) if part == "fp" else integers(lines, folder == "ppc64"))
            path = f"{work}/{folder}-{part}.jsonl"
            with open(path, "w") as f:
                for i, ((code, given, out, behind), word) in enumerate(zip(cases, assemble([c[0] for c in cases], work))):
                    words = [word] + [f"{w:08x}" for w in (*behind, BLR)]
                    f.write(json.dumps({"name": f"{folder}-{part}:{i}:{code}", "code": " ".join(words), "base": "0x82010000", "in": given, "out": out}) + "\n")
            r = subprocess.run([a.wedge, "cpu-test", path], capture_output=True, text=True)
            if r.returncode not in (0, 1):
                sys.exit(r.stderr)
            bad = differs(r.stdout)
            print(f"{folder}/jm-{part}: {len(cases) - bad} passed, {bad} failed")
            open(f"{work}/{folder}-{part}.out", "w").write(r.stdout)
            failed += bad != 0
    return failed != 0


sys.exit(main())

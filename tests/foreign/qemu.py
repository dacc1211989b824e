#!/usr/bin/env python3
"""Runs what qemu's tests of ppc64 hold as right (results and flags of fmadds, conversions from single) through this interpreter.

usage: qemu.py WEDGE FOLDER; FOLDER is tests/tcg/ppc64le of https://gitlab.com/qemu-project/qemu; nothing of it is kept here. Of FPSCR the exceptions that were
raised are compared. Exits 1 if something differs.
"""
import json, os, re, subprocess, sys, tempfile

BLR = "4e800020"
ROUNDS = {"to nearest": 0, "to zero": 1, "upwards": 2, "downwards": 3}
RAISED = {"OVERFLOW": 0x10000000, "UNDERFLOW": 0x08000000, "DIVBYZERO": 0x04000000, "INEXACT": 0x02000000, "INVALID": 0x20000000}
# mffs f9; stfd f9, 0(r9); lwz r10, 4(r9); and r10, r10, r11
KEEP = f"{63 << 26 | 9 << 21 | 583 << 1:08x} {54 << 26 | 9 << 21 | 9 << 16:08x} {32 << 26 | 10 << 21 | 9 << 16 | 4:08x} {31 << 26 | 10 << 21 | 10 << 16 | 11 << 11 | 28 << 1:08x}"


def widened(word):
    sign, exponent, fraction = word >> 31, word >> 23 & 0xFF, word & 0x7FFFFF
    if exponent == 0 and fraction:
        shift = 24 - fraction.bit_length()
        return sign << 63 | (1023 - 126 - shift) << 52 | (fraction << shift & 0x7FFFFF) << 29
    wide = 0 if exponent == 0 else 0x7FF if exponent == 255 else exponent - 127 + 1023
    return sign << 63 | wide << 52 | fraction << 29


def vector(name, word, given, result, flags, mode):
    want = sum(RAISED[f] for f in re.findall(r"\w+", flags) if f in RAISED)
    return {"name": name, "code": f"{word:08x} {KEEP} {BLR}", "base": "0x82010000",
            "in": {**{f"f{i}": hex(v) for i, v in given.items()}, "fpscr": hex(mode), "r9": "0x10001000", "r11": hex(sum(RAISED.values())), "mem": {"0x10001000": "00" * 8}},
            "out": {"f4": hex(result), "r10": hex(want)}}


def madds(path):
    mode, op = 0, None
    for n, line in enumerate(open(path), 1):
        if line.startswith("###"):
            mode = ROUNDS[line.split("Rounding ")[1].strip()]
            continue
        words = [int(x, 16) for x in re.findall(r":(0x[0-9a-f]{8}|0{10})\)", line)]
        if line.startswith("op"):
            op = words
        elif line.startswith("res"):
            word = 59 << 26 | 4 << 21 | 1 << 16 | 2 << 11 | 3 << 6 | 29 << 1
            yield vector(f"fmadds:{n}", word, dict(zip((1, 3, 2), map(widened, op))), widened(words[0]), line.split("flags=")[1].split("(")[0], mode)


def conversions(path):
    mode, single = 0, 0
    for n, line in enumerate(open(path), 1):
        if line.startswith("###"):
            mode = ROUNDS[line.split("Rounding ")[1].strip()]
        elif line.startswith("from"):
            single = int(re.search(r":(0x[0-9a-f]{8}|0{10})\)", line)[1], 16)
        else:
            m = re.match(r" *to (int32|int64): (-?\d+) \((.*)\)", line)
            if not m:
                continue
            word = 63 << 26 | 4 << 21 | 1 << 11 | (15 if m[1] == "int32" else 815) << 1
            yield vector(f"{m[1]}:{n}", word, {1: widened(single)}, int(m[2]) & 0xFFFFFFFFFFFFFFFF, m[3], mode)


def main():
    wedge, folder = sys.argv[1:3]
    cases = [*madds(folder + "/float_madds.ref"), *conversions(folder + "/float_convs.ref")]
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "qemu.jsonl")
        with open(path, "w") as f:
            f.writelines(json.dumps(c) + "\n" for c in cases)
        return subprocess.run([wedge, "cpu-test", path]).returncode


sys.exit(main())

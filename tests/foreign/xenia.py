#!/usr/bin/env python3
"""Runs another emulator's instruction tests through this interpreter.

usage: xenia.py WEDGE FOLDER [--only REGEX] [--work DIR] [--list]

FOLDER holds the `.s` files of xenia's src/xenia/cpu/ppc/testing: master's were written by hand, those of the branch gen_tests
(`instr__gen_*.s`) were recorded on a console. Nothing of them is kept here (README.md says where they are and why). A test is
a label `test_NAME:`, its instructions, and comments: `#_ REGISTER_IN v3 [..]`, `#_ REGISTER_OUT ..`, `#_ MEMORY_IN ADDRESS BYTES`,
`#_ MEMORY_OUT ..`. They are assembled (VMX128 by the encodings of emu/cpu/ppc.def, the rest by the distribution's
assembler), made into vectors of ours, and run by `wedge cpu-test`. Exits 1 if one fails that THEIRS does not explain.
"""
import argparse, json, os, re, struct, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = 0x80000000  # where their runner puts the code
# Title code starts with VSCR[NJ] set, on the console and in their runner.
VSCR = "0x10000"

# test -> why its expectation is not the console's.
THEIRS = {
    "test_vmaddfp_1": "rounds the product before the sum: 1.1 * 1.1 + 1.1 lies just above the middle of two singles, and vmaddfp "
                      "rounds once (AltiVec manual); their own fused path fails it too",
    "test_fctiwz_12_cr_GEN": "the file ends in the middle of its recording: f2 and cr are those before the instruction, while "
                             "fctiwz_12_GEN records the same operand with its result, as fctiw_12_cr_GEN does",
}


def encodings():
    rows = {}
    for line in open(os.path.join(HERE, "../../emu/cpu/ppc.def")):
        m = re.match(r"WG_PPC\((\w+),\s*(\w+),\s*(0x\w+),\s*(0x\w+),", line)
        if m:
            rows[m[1]] = (m[2], int(m[4], 16))
    return rows


ROWS = encodings()


def vmx128(mnemonic, operands):
    """The word of a VMX128 instruction in their spelling."""
    dot = mnemonic.endswith(".")
    form, w = ROWS[mnemonic.rstrip(".")]
    n = [int(x.strip().lstrip("rv") if x.strip()[0] in "rv" else x, 0) for x in operands.split(",")]
    w |= (n[0] & 31) << 21 | n[0] >> 5 << 2
    if form == "VX128_1":
        return w | n[1] << 16 | n[2] << 11
    b = lambda r: (r & 31) << 11 | r >> 5
    a = lambda r: (r & 31) << 16 | (r >> 5 & 1) << 5 | r >> 6 << 10
    if form == "VX128_4":
        return w | b(n[1]) | n[2] << 16 | n[3] << 6
    if form == "VX128_3" or mnemonic.startswith("vupk"):
        return w | b(n[1]) | (n[2] << 16 if len(n) > 2 else 0)
    assert form in ("VX128", "VX128_R"), mnemonic
    return w | a(n[1]) | b(n[2]) | dot << 6


def assemble(lines, work):
    """The code of a file and the address of each label."""
    source = []
    for line in lines:
        m = re.match(r"\s+(\w+128\.?)\s+([^#]*)", line)
        source.append("  .long 0x%08X\n" % vmx128(m[1], m[2]) if m else line)
    s, o, b = (os.path.join(work, n) for n in ("t.s", "t.o", "t.bin"))
    with open(s, "w") as f:
        f.writelines(source)
    e = os.path.join(work, "t.elf")
    subprocess.run(["powerpc64-linux-gnu-as", "-a32", "-mcell", "-many", "-mregnames", "-o", o, s], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["powerpc64-linux-gnu-ld", "-melf32ppc", "-Ttext=0x%x" % BASE, "-e", "0", "-o", e, o], check=True)
    subprocess.run(["powerpc64-linux-gnu-objcopy", "-O", "binary", "-j", ".text", e, b], check=True)
    names = subprocess.run(["powerpc64-linux-gnu-nm", e], stdout=subprocess.PIPE, text=True, check=True).stdout
    labels = {p[2]: int(p[0], 16) - BASE for p in (x.split() for x in names.splitlines()) if len(p) == 3 and p[2].startswith("test_")}
    return open(b, "rb").read(), labels


def value(register, text):
    text = text.split("#")[0].strip()
    if register[0] == "v":
        if text[0] == "(":
            return " ".join(struct.pack(">f", float(x)).hex() for x in text.strip("()").replace(",", " ").split())
        return " ".join("%08x" % int(x, 16) for x in text.strip("[]").replace(",", " ").split())
    if register[0] == "f" and "0x" not in text:
        return "0x" + struct.pack(">d", float(text)).hex()
    return "0x%x" % (int(text.rstrip("uUlL"), 0) & 0xFFFFFFFFFFFFFFFF)


def tests_of(path, work):
    lines = open(path, encoding="utf-8").readlines()
    if not any(x.startswith("test_") for x in lines):
        return []
    code, labels = assemble(lines, work)
    ends = sorted(labels.values()) + [len(code)]
    whole = os.path.basename(path).startswith("seq_")  # these call what stands before their label
    tests, current = [], None
    for line in lines:
        m = re.match(r"(test_\w+):", line)
        if m:
            at = labels[m[1]]
            to = next(e for e in ends if e > at)
            part, base = code[at:to], BASE + at
            if whole:  # starts with a branch to the test
                part, base = (0x48000000 | at + 4).to_bytes(4, "big") + code, BASE - 4
            current = {"name": m[1], "code": part.hex(), "base": "0x%x" % base, "in": {"vscr": VSCR}, "out": {}}
            tests.append(current)
            continue
        m = re.match(r"\s*#_ (REGISTER|MEMORY)_(IN|OUT) (\w+) (.*)", line)
        if not m:
            continue
        part = current[m[2].lower()]
        if m[1] == "REGISTER":
            part[m[3].lower()] = value(m[3].lower(), m[4])
        else:
            part.setdefault("mem", {})["0x" + m[3]] = m[4].split("#")[0].replace(" ", "")
    for t in tests:
        if "mem" in t["in"] or "mem" in t["out"]:
            t["in"]["mem"] = with_room(t["in"].get("mem", {}))
    return tests


def with_room(mem):
    """Their runner has zeros from 0x10001000 on."""
    room = bytearray(0x2000)
    for at, data in mem.items():
        at, data = int(at, 16) - 0x10001000, bytes.fromhex(data)
        assert 0 <= at and at + len(data) <= len(room)
        room[at:at + len(data)] = data
    return {"0x10001000": room.hex()}


def run(wedge, tests, work):
    """Failures as (name, text)."""
    path = os.path.join(work, "t.jsonl")
    with open(path, "w") as f:
        for t in tests:
            f.write(json.dumps(t) + "\n")
    p = subprocess.run([wedge, "cpu-test", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if p.returncode not in (0, 1):
        sys.exit("%s: %s" % (path, p.stderr))
    return [(m[1], m[2]) for m in re.finditer(r"^FAIL (\w+) .*\n((?:  .*\n)*)", p.stdout, re.M)]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("wedge")
    ap.add_argument("folder")
    ap.add_argument("--only", default="", help="files whose name matches")
    ap.add_argument("--work")
    ap.add_argument("--list", action="store_true", help="also the failures that are theirs")
    args = ap.parse_args()
    work = args.work or tempfile.mkdtemp()
    os.makedirs(work, exist_ok=True)
    total = theirs = ours = 0
    for name in sorted(os.listdir(args.folder)):
        if not re.match(r"(instr|seq)_.*\.s$", name) or not re.search(args.only, name):
            continue
        tests = tests_of(os.path.join(args.folder, name), work)
        total += len(tests)
        by_name = {t["name"]: t for t in tests}
        for test, text in run(args.wedge, tests, work):
            why = THEIRS.get(test)
            theirs, ours = theirs + bool(why), ours + (not why)
            if not why or args.list:
                given = {k: v for k, v in by_name[test]["in"].items() if k not in ("vscr", "mem")}
                print("%s %s: in %s%s\n%s" % (name, test, given, " (theirs: %s)" % why if why else "", text), end="")
    print("%d tests, %d passed, %d whose expectation is not the console's, %d failed" % (total, total - theirs - ours, theirs, ours))
    sys.exit(1 if ours else 0)


main()

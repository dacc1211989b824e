#!/usr/bin/env python3
"""Every instruction's text, assembled again, must be the word it came from: by the distribution's assembler, and by a few
lines here for VMX128, which no assembler knows.

usage: disassemble.py WEDGE VECTORS WORKDIR
"""
import os, re, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
WEDGE, VECTORS, WORK = sys.argv[1:4]
CASES = 24


def rows():
    out = {}
    for line in open(os.path.join(ROOT, "emu/cpu/ppc.def")):
        m = re.match(r"WG_PPC\((\w+),\s*(\w+),\s*(0x\w+),\s*(0x\w+),", line)
        if m:
            out[m[1]] = (m[2], int(m[3], 16), int(m[4], 16))
    return out


ROWS = rows()


def wide(name, args):
    """A VMX128 instruction's word from its text."""
    dot = name.endswith(".")
    name = name.rstrip(".")
    form, _, w = ROWS[name]
    reg = [int(x[1:]) if x[0] in "vr" else None for x in args]
    d = reg[0]
    w |= (d & 31) << 21 | (d >> 5) << 2
    if form == "VX128_1":
        return w | (reg[1] or 0) << 16 | reg[2] << 11
    put_b = lambda b: (b & 31) << 11 | b >> 5
    put_a = lambda a: (a & 31) << 16 | (a >> 5 & 1) << 5 | (a >> 6) << 10
    if form == "VX128_3":
        if name == "vspltisw128":
            return w | (int(args[1]) & 31) << 16
        return w | put_b(reg[1]) | (int(args[2]) << 16 if len(args) > 2 else 0)
    if form == "VX128_4":
        n = [int(x, 0) for x in args[2:]]
        return w | put_b(reg[1]) | ((n[0] << 2 | n[1]) << 16 | n[2] << 6 if len(n) == 3 else n[0] << 16 | n[1] << 6)
    if form == "VX128_P":
        p = int(args[2], 0)
        return w | put_b(reg[1]) | (p & 31) << 16 | (p >> 5) << 6
    if name.startswith("vupk"):
        return w | put_b(reg[1])
    a, b = reg[1], reg[3] if name == "vmaddcfp128" else reg[2]
    if name in ("vmaddfp128", "vnmsubfp128", "vsel128"):
        assert reg[3] == d
    if name == "vmaddcfp128":
        assert reg[2] == d
    w |= put_a(a) | put_b(b)
    if form == "VX128_2":
        w |= reg[3] << 6
    if form == "VX128_5":
        w |= int(args[3]) << 6
    return w | dot << 6


def main():
    os.makedirs(WORK, exist_ok=True)
    names, failed, texts = set(), [], []
    tried = share.of("disassembler", sorted(f for f in os.listdir(VECTORS) if f.endswith(".jsonl.zst")), 1)
    for f in tried:
        name = f.split(".")[0]
        head = subprocess.run("zstdcat %s | head -%d > %s/v.jsonl" % (os.path.join(VECTORS, f), CASES, WORK), shell=True, check=True)
        out = subprocess.run([WEDGE, "cpu-test", "--disassemble", WORK + "/v.jsonl"], stdout=subprocess.PIPE, text=True, check=True).stdout
        _, mask, value = ROWS[name]
        for line in out.splitlines():
            pc, w, text = line.split(None, 2)
            pc, w = int(pc, 16), int(w, 16)
            if w & mask != value:
                continue
            names.add(name)
            if ROWS[name][0].startswith("VX128"):
                mnemonic, args = text.split(None, 1)
                if wide(mnemonic, [a.strip() for a in args.split(",")]) != w:
                    failed.append((name, hex(w), text))
            else:
                texts.append((name, pc, w, text))
    with open(WORK + "/d.s", "w") as s:
        for name, pc, w, text in texts:
            s.write(assembler(text, pc) + "\n")
    p = subprocess.run(["powerpc64-linux-gnu-as", "-mcell", "-many", "-mregnames", "-o", WORK + "/d.o", WORK + "/d.s"], stderr=subprocess.PIPE, text=True)
    wrong = {int(m[1]): m[2] for m in re.finditer(r"d\.s:(\d+): (.*)", p.stderr)}
    if wrong:
        for n, why in list(wrong.items()):
            failed.append((texts[n - 1][0], hex(texts[n - 1][2]), texts[n - 1][3], why))
    else:
        subprocess.run(["powerpc64-linux-gnu-objcopy", "-O", "binary", "-j", ".text", WORK + "/d.o", WORK + "/d.bin"], check=True)
        code = open(WORK + "/d.bin", "rb").read()
        for i, (name, pc, w, text) in enumerate(texts):
            got = int.from_bytes(code[4 * i:4 * i + 4], "big")
            if without_hints(got) != without_hints(w):
                failed.append((name, hex(w), text, "assembles to %08x" % got))
    missing = set() if share.commit and share.times > 1 else set(ROWS) - names - {"mfmsr", "mtmsr", "mtmsrd", "mftb", "sc"}
    for f in failed[:100000]:
        print(*f)
    print("%d instructions, %d texts; %d failed%s" % (len(names), len(texts), len(failed), ", without vectors: %s" % sorted(missing) if missing else ""))
    sys.exit(1 if failed or missing else 0)


def without_hints(w):
    """A conditional branch without prediction hints and the BI that its BO does not use: text has neither."""
    if w >> 26 != 16 and (w >> 26 != 19 or w >> 1 & 1023 not in (16, 528)):
        return w
    bo = w >> 21 & 31
    if bo & 0x14 == 0x14:
        bo, w = 20, w & ~(31 << 16)
    elif bo & 16:
        bo, w = bo & 0x12, w & ~(31 << 16)
    elif bo & 4:
        bo &= 0x1C
    else:
        bo &= 0x1E
    return w & ~(31 << 21) | bo << 21


def assembler(text, pc):
    """Capstone's spelling in the assembler's: branch targets are relative to where they stand."""
    m = re.match(r"(b\w*[+-]?)( .*?)?\b(0x[0-9a-f]+)$", text)
    if m and not m[1].startswith(("bclr", "bcctr", "blr", "bctr")):
        if m[1].rstrip("+-").endswith("a"):
            return "%s%s%s" % (m[1], m[2] or " ", m[3])
        return "%s%s.%+d" % (m[1], m[2] or " ", int(m[3], 16) - pc)
    return text


main()

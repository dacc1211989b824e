#!/usr/bin/env python3
"""Runs Andrew Church's test of the Cell's PPU, a sister of the console's cores, through this interpreter.

usage: cell.py WEDGE FILE [--work DIR]

FILE is his cell-ppu.s (README.md says where it is), a program that tests nearly every instruction and was validated on a real Cell;
nothing of it is kept here. It runs in one go, and keeps a record of 32 bytes for each instruction that fails: its word, its address, what it left.
The Cell ran it in 64-bit mode and titles run in 32-bit mode (tests/vectors/README.md), so that CR0, CA and OV of integer instructions must differ
where only the high words make them: those are counted apart. Exits 1 if anything else fails.
"""
import argparse, json, os, re, struct, subprocess, sys, tempfile

BASE, SCRATCH, RECORDS, SIZE = 0x41010000, 0x41300000, 0x41400000, 0x500000
# Calls the test with its memory, and leaves the record that r3 names in r20 to r27.
CALL = f"""
  .text
  stw %r3,-16(%r1)
  mflr %r0
  stw %r0,-8(%r1)
  li %r3,0
  lis %r4,{SCRATCH >> 16}
  lis %r5,{RECORDS >> 16}
  bl 9f
  lwz %r0,-8(%r1)
  mtlr %r0
  lwz %r5,-16(%r1)
  slwi %r5,%r5,5
  addis %r5,%r5,{RECORDS >> 16}
""" + "".join(f"  lwz %r{20 + i},{4 * i}(%r5)\n" for i in range(8)) + "  blr\n  .align 8\n9:\n"


def of_the_mode(record):
    """An integer instruction that failed in what the mode decides: CR0 is the low word's, or OV and CA are in question."""
    word, _, high, low, _, cr, _, _ = record
    primary, extended = word >> 26, word >> 1 & 0x3FF
    overflow = primary == 31 and extended & 0x200 and extended & 0x1FF in (266, 40, 10, 8, 138, 136, 234, 232, 202, 200, 104, 489, 457, 235, 233, 491, 459)
    records = primary in (28, 29) or primary in (20, 21, 23, 30, 31) and word & 1
    if not overflow and not records:
        return False
    signed = struct.unpack(">q", struct.pack(">II", high, low))[0]
    low -= (low & 0x80000000) << 1
    compared = lambda x: 0x80000000 if x < 0 else 0x40000000 if x > 0 else 0x20000000
    differs = compared(signed) != compared(low)
    return bool(overflow) or differs and cr & 0xE0000000 == compared(low)


def run(wedge, image, index):
    r = subprocess.run([wedge, "exec", image, "--base", hex(BASE), "--regs", f"r3={index},f1=0x3ff0000000000000", "--json"], capture_output=True, text=True)
    if r.returncode != 0:
        sys.exit(r.stderr)
    regs = json.loads(r.stdout)
    regs = regs.get("regs", regs)
    return {k: int(v, 16) & 0xFFFFFFFF for k, v in regs.items() if re.fullmatch(r"r\d+", k)}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("wedge")
    p.add_argument("file")
    p.add_argument("--work")
    a = p.parse_args()
    work = a.work or tempfile.mkdtemp()
    s, o, e, image = (os.path.join(work, "cell." + x) for x in ("s", "o", "elf", "bin"))
    source = open(a.file).read()
    with open(s, "w") as f:
        f.write(CALL + source.replace(".machine ppu", ".machine cell"))
    subprocess.run(["powerpc64-linux-gnu-as", "-mcell", "-mregnames", "-o", o, s], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["powerpc64-linux-gnu-ld", f"-Ttext={BASE:#x}", "-e", f"{BASE:#x}", "-o", e, o], check=True)
    subprocess.run(["powerpc64-linux-gnu-objcopy", "-O", "binary", "-j", ".text", e, image], check=True)
    os.truncate(image, SIZE)
    failures = run(a.wedge, image, 0)["r3"]
    if failures >= 0x80000000:
        sys.exit(f"the test does not start: {failures - (1 << 32)}")
    failed = 0
    for i in range(failures):
        regs = run(a.wedge, image, i)
        record = [regs[f"r{20 + k}"] for k in range(8)]
        if not of_the_mode(record):
            failed += 1
            print("FAIL " + " ".join(f"{x:08x}" for x in record))
    checks = len(re.findall(r"^\s*bl record\b", source, re.M))
    print(f"{checks} checks, {failures - failed} differ as the mode wants, {failed} failed")
    return 1 if failed else 0


sys.exit(main())

#!/usr/bin/env python3
"""Makes the instruction vectors: one JSON Lines file an instruction, compressed with zstd, from the model of the books.

usage: generate.py OUTDIR [--count N] [--only NAME[,NAME]] [--plain]

The same arguments give the same bytes: every case is drawn from a generator seeded with the instruction's name. The table
of encodings is the emulator's (emu/cpu/ppc.def), which its own tests check against the published lists.
"""
import argparse, json, os, random, re, subprocess, sys

import model
from model import INSN, M32, M64, Op, State, field

HERE = os.path.dirname(os.path.abspath(__file__))
BASE, RETURN, STACK = 0x82010000, 0xBCBCBCBC, 0x70100000 - 0x200
DATA = 0x10001000
NOT_TESTABLE = {"mfmsr", "mtmsr", "mtmsrd", "mftb", "sc"}  # the machine's state, time and kernel; and what must trap


def table():
    rows = []
    for line in open(os.path.join(HERE, "../../emu/cpu/ppc.def")):
        m = re.match(r"WG_PPC\((\w+),\s*(\w+),\s*(0x\w+),\s*(0x\w+),", line)
        if m:
            rows.append((m[1], m[2], int(m[3], 16), int(m[4], 16)))
    return rows


ROWS = table()


def decode(w):
    for name, form, mask, value in ROWS:
        if w & mask == value:
            return name, form
    raise KeyError(hex(w))


# A pool of operands keeps the files small: what compresses well is as good a test.
POOL = random.Random("operands")
EDGES64 = [0, 1, 2, M64, M64 - 1, 1 << 63, (1 << 63) - 1, 0x80000000, 0x7FFFFFFF, M32, 1 << 32, 0xFFFFFFFF80000000, 0xFFFFFFFF7FFFFFFF, 31, 32, 33, 63, 64, 127,
           0x8000, 0x7FFF, 0xFFFF, 0xFF, 0x80, 0x0123456789ABCDEF, 0xFEDCBA9876543210]
INTS = EDGES64 + [POOL.getrandbits(64) for _ in range(40)] + [POOL.getrandbits(32) for _ in range(20)]
DOUBLES = [0, 1 << 63, 0x3FF0000000000000, 0xBFF0000000000000, 0x4000000000000000, 0x3FE0000000000000, 0x7FF0000000000000, 0xFFF0000000000000,
           0x7FF8000000000000, 0xFFF8000000001234, 0x7FF4000000000000, 0xFFF0000000000001, 1, 0x000FFFFFFFFFFFFF, 0x8000000000000001, 0x0010000000000000, 0x7FEFFFFFFFFFFFFF,
           0x3CA0000000000000, 0x3810000000000000, 0x380FFFFFFFFFFFFF, 0x36A0000000000000, 0x47EFFFFFE0000000, 0x47EFFFFFF0000000, 0x41DFFFFFFFC00000, 0xC1E0000000000000,
           0x41E0000000000000, 0x43E0000000000000, 0xC3E0000000000000, 0x3FF8000000000000, 0x4004000000000000, 0xC004000000000000, 0x3FF0000010000000, 0x3FF0000030000000]
DOUBLES += [POOL.getrandbits(64) for _ in range(20)]
DOUBLES += [POOL.getrandbits(1) << 63 | POOL.randrange(1003, 1043) << 52 | POOL.getrandbits(52) for _ in range(30)]
DOUBLES += [model.single_to_double(POOL.getrandbits(1) << 31 | POOL.randrange(100, 150) << 23 | POOL.getrandbits(23)) for _ in range(30)]
SINGLES = [0, 0x80000000, 0x3F800000, 0xBF800000, 0x40000000, 0x3F000000, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC01234, 0x7F800001, 0xFFA00000, 1, 0x007FFFFF, 0x807FFFFF,
           0x00800000, 0x80800000, 0x00FFFFFF, 0x7F7FFFFF, 0xFF7FFFFF, 0x4F000000, 0xCF000000, 0x4F800000, 0x3FC00000, 0x40200000, 0x403F8001, 0x40400000, 0x40407FFF, 0x40408000,
           0x3F8000FF, 0x3F800100, 0x403FFE01, 0x404001FF, 0x4047FFFF, 0x40380001, 0x47FFE000, 0x38800000, 0x387FFFFF, 0x42F70000, 0xC2F00000]
SINGLES += [POOL.getrandbits(1) << 31 | POOL.randrange(110, 145) << 23 | POOL.getrandbits(23) for _ in range(40)]
WORDS = [0, M32, 0x80000000, 0x7FFFFFFF, 0x01010101, 0x80808080, 0x7F807F80, 0xFF00FF00, 0x00018000, 0xFFFF8000, 0x00007FFF, 0x0000FFFF]
WORDS += [POOL.getrandbits(32) for _ in range(40)]
VECTORS = {"int": [[POOL.choice(WORDS) for _ in range(4)] for _ in range(64)], "fp": [[POOL.choice(SINGLES) for _ in range(4)] for _ in range(96)]}
BYTES = bytes(POOL.getrandbits(8) for _ in range(256))
GPRS = [3, 4, 5, 6, 7, 8, 9, 10]

UNARY_XO = {"negx", "addmex", "addzex", "subfmex", "subfzex"}
UNARY_X = {"extsbx", "extshx", "extswx", "cntlzwx", "cntlzdx"}
FP_AB = {"fadd", "fsub", "fdiv"}
MEMORY_RE = re.compile(r"^(l[bhwdf]|ld|st|lmw|lsw|lv[elrx]|stv|dcbz|lwarx|ldarx)")


class Case:
    def __init__(self, rng, row):
        self.rng = rng
        self.name, self.form, self.mask, self.value = row
        self.regs = {}  # what is given, by name
        self.before, self.after = [], []
        self.mem = {}
        self.size = 0

    def pick(self, names, values, prefix):
        n = self.rng.choice(names)
        self.regs.setdefault("%s%d" % (prefix, n), self.rng.choice(values))
        return n

    def gpr(self, values=INTS):
        return self.pick(GPRS, values, "r")

    def fpr(self):
        return self.pick(range(6), DOUBLES, "f")

    def vr(self, wide, low=False):
        kind = "fp" if self.floating() else "int"
        names = [0, 1, 2, 3, 4, 7] if low else [0, 1, 2, 3, 31, 32, 63, 64, 95, 96, 127] if wide else [0, 1, 2, 3, 30, 31]
        return self.pick(names, VECTORS[kind], "v")

    def floating(self):
        return "fp" in self.name or "d3d" in self.name or re.match("vrf|vct|vcf", self.name) is not None

    def place(self, update, indexed, size, align=1):
        """Registers whose sum is an address of data; returns RA and RB or the displacement."""
        rng = self.rng
        step = 4 if self.form == "DS" else 1
        at = DATA + 64 + rng.randrange(0, 64) // align * align
        garbage = rng.choice([0, 0, 0, 0xFFFFFFFF00000000, 0x1234567800000000])
        ra = rng.choice(GPRS) if update or rng.random() < 0.9 else 0
        if indexed:
            rb = rng.choice([r for r in GPRS if r != ra])
            offset = rng.choice([0, 4, 16, 0x100, M64 - 15, 0xFFFFFFFF, 1, 3]) if ra else at
            self.regs["r%d" % rb] = offset & M64
            if ra:
                self.regs["r%d" % ra] = (at - offset & M32) | garbage
            self.fill(at, size)
            return ra, rb
        offset = rng.choice([0, 4, 8, -4, -32768, 32764, 16, 100, -1, 3]) // step * step
        if ra == 0:
            offset = at = 0x1000 + rng.randrange(0, 0x6000) // max(align, step) * max(align, step)
        else:
            self.regs["r%d" % ra] = (at - offset & M32) | garbage
        self.fill(at, size)
        return ra, offset & 0xFFFF

    def fill(self, at, size):
        lo, hi = at & ~15, (at + max(size, 1) - 1 | 15) + 1
        k = self.rng.randrange(0, 256)
        for a in range(lo, hi):
            self.mem[a] = BYTES[(k + a) % 256]

    def word(self):
        """The instruction word, its operands given values."""
        rng, name, form, w = self.rng, self.name, self.form, self.value
        d = a = b = c = 0
        if form.startswith("VX128") and form != "VX128_1" or form in ("VX", "VA", "VC"):
            return self.vector_word()
        if MEMORY_RE.match(name) and form in ("D", "DS", "X", "DCBZ", "VX128_1") and name not in ("lvsl", "lvsr", "lvsl128", "lvsr128"):
            return self.memory_word()
        if form == "XO":
            a, d = self.gpr(), self.gpr()
            b = 0 if name in UNARY_XO else self.gpr()
            if not name.startswith("mulh"):
                w |= rng.getrandbits(1) << 10
            if name.startswith(("div",)) and rng.random() < 0.5:
                self.regs["r%d" % b] = rng.choice([1, 2, 3, 7, 0x10000, 0xFFFF, 12345])
            return w | d << 21 | a << 16 | b << 11 | rng.getrandbits(1)
        if form in ("M", "MD", "MDS", "XS"):
            d, a = self.gpr(), self.gpr()
            b = self.gpr() if name in ("rlwnmx", "rldclx", "rldcrx") else rng.getrandbits(5)
            w |= d << 21 | a << 16 | b << 11 | rng.getrandbits(1)
            if form == "M":
                return w | rng.getrandbits(10) << 1
            if form == "MD":
                return w | rng.getrandbits(6) << 5 | rng.getrandbits(1) << 1
            return w | rng.getrandbits(6) << 5 if form == "MDS" else w | rng.getrandbits(1) << 1
        if name in ("cmp", "cmpl", "cmpi", "cmpli"):
            w |= rng.getrandbits(3) << 23 | rng.getrandbits(1) << 21 | self.gpr() << 16
            return w | (rng.choice(EDGES64) & 0xFFFF if form == "D" else self.gpr() << 11)
        if name in ("tw", "twi", "td", "tdi"):
            return self.trap_word()
        if form == "D":
            ra = self.gpr()
            if name in ("addi", "addis") and rng.random() < 0.1:
                ra = 0
            rd = self.gpr()
            imm = rng.choice(INTS) & 0xFFFF
            return w | (rd << 21 | ra << 16) | imm
        if form == "I":
            self.around_branch()
            return w | rng.choice([20, 40]) | rng.getrandbits(1) if rng.random() < 0.8 else w | BASE + rng.choice([32, 52]) & 0 | 20
        if form == "B":
            self.around_branch()
            return w | self.bo() << 21 | rng.getrandbits(5) << 16 | rng.choice([20, 40]) | rng.getrandbits(1)
        if name in ("bclrx", "bcctrx"):
            self.around_branch()
            bo = self.bo()
            if name == "bcctrx":
                bo = bo | 4 if bo < 16 else 20  # without is an invalid form
            bi = rng.getrandbits(5)
            return w | bo << 21 | (0 if bo == 20 else bi) << 16 | rng.getrandbits(1)
        if name.startswith("cr"):
            return w | rng.getrandbits(15) << 11
        if name == "mcrf":
            return w | rng.getrandbits(3) << 23 | rng.getrandbits(3) << 18
        if name == "mcrfs":
            return w | rng.getrandbits(3) << 23 | rng.getrandbits(3) << 18
        if name == "mcrxr":
            return w | rng.getrandbits(3) << 23
        if name == "mfcr":  # or mfocrf
            one = rng.choice([0, 0x100000 | 1 << (12 + rng.randrange(8))])
            return w | rng.choice(GPRS) << 21 | one
        if name == "mtcrf":
            return w | self.gpr() << 21 | rng.getrandbits(8) << 12
        if name in ("mfspr", "mtspr"):
            spr = rng.choice([1, 9, 8])
            if spr == 8:
                self.around_lr()
            return w | (self.gpr() if name == "mtspr" else rng.choice(GPRS)) << 21 | spr << 16
        if form == "XFL":
            return w | rng.getrandbits(8) << 17 | self.fpr() << 11 | rng.getrandbits(1)
        if form == "A":
            base = name.rstrip("x").rstrip("s")
            d = self.fpr()
            w |= d << 21 | rng.getrandbits(1)
            if name in ("fresx", "frsqrtex"):
                b = self.fpr()
                if rng.random() < 0.7:  # every line of their tables
                    self.regs["f%d" % b] = rng.randrange(16) // 15 << 63 | rng.randrange(1003, 1043) << 52 | rng.getrandbits(52)
                return w | b << 11
            if not re.match("fsqrt|fres?x|frsqrte|fresx", name):
                w |= self.fpr() << 16
            if base not in ("fmul",):
                w |= self.fpr() << 11
            if base not in ("fadd", "fsub", "fdiv", "fsqrt", "fre", "frsqrte") and name != "fresx":
                w |= self.fpr() << 6
            return w
        if name in ("fcmpu", "fcmpo"):
            return w | rng.getrandbits(3) << 23 | self.fpr() << 16 | self.fpr() << 11
        if name == "mffsx":
            return w | rng.randrange(6) << 21 | rng.getrandbits(1)
        if name in ("mtfsb0x", "mtfsb1x"):
            return w | rng.choice([i for i in range(32) if i not in (1, 2, 20)]) << 21 | rng.getrandbits(1)
        if name == "mtfsfix":
            return w | rng.getrandbits(3) << 23 | rng.getrandbits(4) << 12 | rng.getrandbits(1)
        if re.match("f", name):
            return w | rng.randrange(6) << 21 | self.fpr() << 11 | rng.getrandbits(1)
        if name.startswith(("lvsl", "lvsr")):
            ra = rng.choice(GPRS + [0])
            if ra:
                self.regs["r%d" % ra] = rng.choice(INTS)
            d = rng.choice([0, 1, 31])
            return w | d << 21 | ra << 16 | self.gpr() << 11
        if name in ("dcbst", "dcbf", "dcbt", "dcbtst", "dcbi", "icbi"):
            return w | self.gpr() << 16 | self.gpr() << 11
        if name in ("dst", "dstst"):
            return w | rng.getrandbits(2) << 21 | self.gpr() << 16 | self.gpr() << 11
        if name == "dss":
            return w | rng.getrandbits(2) << 21
        if name in ("isync", "sync", "eieio"):
            return w
        # X form of two sources
        s, a = self.gpr(), self.gpr()
        b = 0 if name in UNARY_X else rng.getrandbits(5) if name == "srawix" else self.gpr()
        return w | s << 21 | a << 16 | b << 11 | rng.getrandbits(1)

    def bo(self):
        # 0000y 0001y 001zy 0100y 0101y 011zy 1z00y 1z01y 1z1zz
        self.regs["ctr_"] = self.rng.choice([0, 1, 2, 3, 0x100000001, M64])
        return self.rng.choice([0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20])

    def around_branch(self):
        """Falls through to r3 = 1, or goes to r3 = 2 or 3; r4 = LR, r5 = CTR; LR and CTR were set from r29 and r28."""
        self.regs["r29"] = BASE + 12 + self.rng.choice([20, 40])
        self.regs["r28"] = BASE + 12 + self.rng.choice([20, 40]) if self.name == "bcctrx" else self.rng.choice([0, 1, 2, 0x100000001, M64])
        self.before = [0x7FE802A6, 0x7FA803A6, 0x7F8903A6]  # mflr r31; mtlr r29; mtctr r28
        for n in (1, 2, 3):
            self.after += [0x38600000 | n, 0x7C8802A6, 0x7FE803A6, 0x4E800020] + ([0x60000000] if n < 3 else [])
        self.after = self.after[:4] + self.after[5:9] + [0x60000000] + self.after[10:]
        self.regs.pop("ctr_", None)

    def around_lr(self):
        self.regs["r29"] = self.rng.choice(INTS)
        self.before = [0x7FE802A6, 0x7FA803A6]  # mflr r31; mtlr r29
        self.after = [0x7D8802A6, 0x7FE803A6]  # mflr r12; mtlr r31

    def trap_word(self):
        rng = self.rng
        wide = self.name in ("td", "tdi")
        bits = 64 if wide else 32
        while True:
            regs = dict(self.regs)
            a = self.gpr()
            imm = rng.choice(INTS) & 0xFFFF
            b = self.gpr() if self.form == "X" else None
            x = self.regs["r%d" % a] & ((1 << bits) - 1)
            y = (self.regs["r%d" % b] if b is not None else model.sx(imm, 16)) & ((1 << bits) - 1)
            to = rng.getrandbits(5)
            sx, sy = model.sx(x, bits), model.sx(y, bits)
            hit = to & 16 and sx < sy or to & 8 and sx > sy or to & 4 and x == y or to & 2 and x < y or to & 1 and x > y
            if not hit:
                return self.value | to << 21 | a << 16 | (b << 11 if b is not None else imm)
            self.regs = regs

    def memory_word(self):
        rng, name, form, w = self.rng, self.name, self.form, self.value
        update = bool(re.search(r"u(x)?$", name)) and not name.startswith(("lv", "stv"))
        indexed = form in ("X", "DCBZ", "VX128_1") and name not in ("lswi", "stswi")
        plain = name.replace("128", "")
        size = next((n for k, n in (("dcbz", 1), ("lb", 1), ("stb", 1), ("lh", 2), ("sth", 2), ("lw", 4), ("stw", 4), ("lfs", 4), ("stfs", 4), ("stfi", 4), ("lv", 16),
                                    ("stv", 16)) if plain.startswith(k)), 8)
        align = 1
        if name in ("lwarx", "stwcx"):
            align = 4
        if name in ("ldarx", "stdcx"):
            align = 8
        if name == "dcbz128":
            pass
        if name in ("lswi", "stswi"):
            n = rng.getrandbits(5)
            ra = rng.choice([9, 10])
            at = DATA + 64 + rng.randrange(0, 32)
            self.regs["r%d" % ra] = at
            self.fill(at, 32)
            d = rng.choice([11, 12, 20])
            for r in range(d, d + 8):
                self.regs["r%d" % r] = rng.choice(INTS)
            return w | d << 21 | ra << 16 | n << 11
        if name in ("lswx", "stswx"):
            self.regs["xer"] = rng.choice([1, 4, 5, 13, 32])
            size = 32
        if name in ("lmw", "stmw"):
            size = 4 * 12
        a, b = self.place(update, indexed, size, align)
        if name in ("dcbz", "dcbz128"):
            n = 128 if name == "dcbz128" else 32
            at = (self.regs["r%d" % a] if a else 0) + self.regs["r%d" % b] & M32 & ~(n - 1)
            self.fill(at, n)
            return w | a << 16 | b << 11
        used = {a, b} if indexed else {a}
        if name in ("lmw", "stmw"):
            d = rng.randrange(20, 32)
            for r in range(d, 32):
                self.regs["r%d" % r] = rng.choice(INTS)
        elif name in ("lswx", "stswx"):
            d = rng.choice([11, 12, 20])
            for r in range(d, d + 8):
                self.regs["r%d" % r] = rng.choice(INTS)
        elif re.match("lf|stf", name):
            d = self.fpr()
        elif re.match("lv|stv", name):
            wide = form == "VX128_1"
            d = self.vr(wide)
            w |= (d >> 5 & 3) << 2
            d &= 31
        else:
            d = rng.choice([r for r in GPRS if r not in used])
            self.regs.setdefault("r%d" % d, rng.choice(INTS))
        if name in ("stwcx", "stdcx"):
            other = rng.random() < 0.3  # reserve another line
            self.regs["r11"] = DATA + 0x400 if other else (self.regs["r%d" % a] if a else 0) + self.regs["r%d" % b] & M32
            if other:
                self.fill(DATA + 0x400, 8)
            if rng.random() < 0.85:
                self.before = [0x7D805828 if name == "stwcx" else 0x7D8058A8]  # lwarx/ldarx r12,0,r11
        return w | d << 21 | a << 16 | (b << 11 if indexed else b)

    def vector_word(self):
        rng, name, form, w = self.rng, self.name, self.form, self.value
        wide = form.startswith("VX128")
        free = ~self.mask & M32
        d, a, b = self.vr(wide), self.vr(wide), self.vr(wide)
        if rng.random() < 0.1:
            a = b
        if re.match("vrefp|vrsqrte|vexpte|vloge", name):  # every piece of their curves
            self.regs["v%d" % b] = [self.operand_of_estimate() for _ in range(4)]
        if name in ("vsl", "vsr") and rng.random() < 0.5:
            self.regs["v%d" % b] = [rng.randrange(8) * 0x01010101] * 4
        if name == "mtvscr":
            return w | b << 11
        if name == "mfvscr":
            return w | d << 21
        unary = re.match("vrfi|vupk|vspltis|vrefp|vrsqrte|vexpte|vloge", name)
        if form in ("VX", "VC", "VA"):
            imm = re.match(r"vsplt|vc[tf][su]xs?|vcf|vct", name)
            if name.startswith("vspltis") or imm:
                a = rng.getrandbits(5)
                if re.match("vsplt[bhw]$", name):
                    a &= {"b": 15, "h": 7, "w": 3}[name[-1]]
            elif unary:
                a = 0
            w |= d << 21 | a << 16 | (0 if name.startswith("vspltis") else b << 11)
            if form == "VC":
                w |= rng.getrandbits(1) << 10
            if name == "vsldoi":
                return w | rng.getrandbits(4) << 6
            if form == "VA":
                w |= self.vr(False) << 6
            return w
        if name == "vspltisw128":
            b = 0
        b0 = b
        w |= (d & 31) << 21 | (d >> 5) << 2 | (b & 31) << 11 | (b >> 5)
        if form in ("VX128", "VX128_2", "VX128_5", "VX128_R"):
            if name.startswith("vupk"):
                return w & ~((31 << 16 | 1 << 5 | 1 << 10) & free)
            w |= (a & 31) << 16 | (a >> 5 & 1) << 5 | (a >> 6) << 10
            if form == "VX128_2":
                w |= self.vr(True, low=True) << 6
            if form == "VX128_5":
                w |= rng.getrandbits(4) << 6
            if form == "VX128_R":
                w |= rng.getrandbits(1) << 6
            return w
        if form == "VX128_P":
            return w | rng.getrandbits(5) << 16 | rng.getrandbits(3) << 6
        imm = rng.getrandbits(5)
        if unary and not name.startswith(("vspltis", "vupkd3d")):
            imm = 0
        if name.startswith("vspltw"):
            imm &= 3
        if name in ("vpkd3d128", "vupkd3d128"):
            kind = rng.randrange(7)
            if name == "vpkd3d128" and rng.random() < 0.5:  # near 3.0, where something is left of them
                at = 1 << rng.choice([2, 8, 10, 16, 20])
                self.regs["v%d" % b0] = [0x40400000 + rng.randrange(-at, at) for _ in range(4)]
            imm = kind << 2 | (rng.choice([1, 2, 3]) if name == "vpkd3d128" else 0)
        if name == "vrlimi128":
            imm &= 15
        w |= imm << 16
        if form == "VX128_4":
            w |= rng.getrandbits(2) << 6
        return w

    def operand_of_estimate(self):
        rng = self.rng
        near = 128 if "expte" not in self.name else rng.choice([126, 130, 134])
        return rng.choice([rng.choice(SINGLES), rng.getrandbits(32), rng.randrange(2) << 31 | rng.randrange(near - 10, near) << 23 | rng.getrandbits(23),
                           rng.randrange(near - 10, near) << 23 | rng.randrange(64) << 17 | rng.choice([0, (1 << 17) - 1])])

    def build(self):
        rng = self.rng
        if self.name.startswith("f") or self.name.startswith("mtfs") or self.name in ("mffsx", "mcrfs"):
            s = State()
            v = rng.choice([0, 0, 0, 1, 2, 3, 4, rng.getrandbits(8)])
            if rng.random() < 0.2 or self.name in ("mcrfs", "mffsx") or self.name.startswith("mtfs"):
                v |= rng.getrandbits(32) & (model.FX | model.EXCEPTIONS | model.FPRF | model.FR | model.FI)
            model.set_fpscr(s, v)
            self.regs["fpscr"] = s.fpscr
        if self.name.startswith("v") or self.name == "mfvscr":
            self.regs["vscr"] = rng.choice([0, 0x10000])
        self.regs["cr"] = rng.choice([0, M32, 0x12345678, 0x82468246])
        if self.name in ("mtspr", "mfspr"):
            self.regs["ctr"] = rng.choice(INTS)
        self.regs.setdefault("xer", rng.choice([0, 0, 0x20000000, 0x80000000, 0xC0000000]))
        w = self.word() & ~self.mask | self.value  # what the row fixes is no operand
        self.regs.pop("ctr_", None)
        self.w = w
        assert decode(w)[0] == self.name, (self.name, hex(w), decode(w))
        self.code = self.before + [w] + self.after
        if self.code[-1] != 0x4E800020:
            self.code.append(0x4E800020)

    def run(self):
        """The state after, by the model."""
        s = State()
        for k, v in self.regs.items():
            if k[0] == "r":
                s.r[int(k[1:])] = v
            elif k[0] == "f" and k != "fpscr":
                s.f[int(k[1:])] = v
            elif k[0] == "v" and k != "vscr":
                s.set_lanes(int(k[1:]), 4, v)
            else:
                setattr(s, k, v)
        s.r[1] = self.regs.get("r1", STACK)
        s.lr = RETURN
        s.mem = dict(self.mem)
        pc = BASE
        for _ in range(64):
            if pc == RETURN:
                return s
            w = self.code[(pc - BASE) // 4]
            name, form = decode(w)
            s.pc, s.next = pc, None
            INSN[name](s, Op(w, form))
            pc = s.next if s.next is not None else pc + 4
        raise RuntimeError("no return")

    def json(self, number):
        s = self.run()
        given, want = {}, {}

        def put(into, k, v):
            if k[0] == "v" and k != "vscr":
                into[k] = "%08x %08x %08x %08x" % tuple(v)
            elif k[0] == "f" and k != "fpscr":
                into[k] = "0x%016x" % v
            else:
                into[k] = "0x%x" % v
        for k in sorted(self.regs):
            put(given, k, self.regs[k])
        for i in range(32):
            k = "r%d" % i
            before = self.regs.get(k, STACK if i == 1 else 0)
            if k in self.regs and i not in (28, 29) or s.r[i] != before:
                if i != 31 or not self.before:
                    put(want, k, s.r[i])
        for i in range(32):
            k = "f%d" % i
            if k in self.regs or s.f[i]:
                put(want, k, s.f[i])
        for i in range(128):
            k = "v%d" % i
            if k in self.regs or any(s.v[i]):
                put(want, k, s.lanes(i, 4))
        for k in ("cr", "xer", "fpscr", "vscr"):
            if k in self.regs:
                put(want, k, getattr(s, k))
        if self.name[0] == "b" or "ctr" in self.regs:
            put(want, "ctr", s.ctr)
        if self.mem:
            given["mem"] = self.blocks(self.mem)
            if s.written:
                want["mem"] = self.blocks(s.mem)
        return json.dumps({"name": "%s_%d" % (self.name, number), "code": " ".join("%08x" % x for x in self.code), "base": "0x%x" % BASE,
                           "in": given, "out": want}, separators=(",", ":"))

    @staticmethod
    def blocks(mem):
        out = {}
        for a in sorted(mem):
            if a % 16 == 0:
                out["0x%x" % a] = "".join("%02x" % mem[a + i] for i in range(16))
        return out


def lines(row, count):
    out = []
    for i in range(count):
        rng = random.Random("%s %d" % (row[0], i))
        c = Case(rng, row)
        c.build()
        out.append(c.json(i))
    return out


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("out")
    ap.add_argument("--count", type=int, default=1024)
    ap.add_argument("--only", default="")
    ap.add_argument("--plain", action="store_true", help="do not compress")
    a = ap.parse_args()
    only = [x for x in a.only.split(",") if x]
    os.makedirs(a.out, exist_ok=True)
    for row in ROWS:
        if row[0] in NOT_TESTABLE or (only and row[0] not in only):
            continue
        text = "".join(x + "\n" for x in lines(row, a.count)).encode()
        path = os.path.join(a.out, row[0] + ".jsonl")
        if a.plain:
            open(path, "wb").write(text)
        else:
            subprocess.run(["zstd", "-q", "-f", "--ultra", "-22", "--no-check", "-o", path + ".zst"], input=text, check=True)


if __name__ == "__main__":
    main()

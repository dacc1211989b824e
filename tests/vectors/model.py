"""The Xenon's user-mode instructions by their definitions, in Python: exact integers and rationals, one function each.

Written from the books (PowerPC UISA 2.02, AltiVec PEM, the public notes on VMX128), independently of the emulator that
the vectors test; where the books say nothing, from another public source than the emulator's code (README.md has which, an
instruction at a time). Bits are numbered from the left, as there. Slow and plain on purpose.
"""
import math
from fractions import Fraction

M32, M64 = (1 << 32) - 1, (1 << 64) - 1
LT, GT, EQ, SO = 8, 4, 2, 1


def sx(v, bits):
    """Sign-extends the low bits of v to a Python integer."""
    v &= (1 << bits) - 1
    return v - (1 << bits) if v >> (bits - 1) else v


def field(w, first, last):
    return w >> (31 - last) & ((1 << (last - first + 1)) - 1)


class State:
    def __init__(self):
        self.r = [0] * 32
        self.f = [0] * 32
        self.v = [[0] * 16 for _ in range(128)]  # bytes from the left
        self.cr = 0
        self.so = self.ov = self.ca = self.count = 0
        self.lr = self.ctr = 0
        self.fpscr = 0
        self.vscr = 0
        self.vrsave = 0
        self.mem = {}
        self.written = set()
        self.pc = 0
        self.next = None  # a taken branch's target
        self.reserved = None

    # memory, big-endian
    def load(self, ea, n):
        v = 0
        for i in range(n):
            v = v << 8 | self.mem[(ea + i) & M32]
        return v

    def store(self, ea, n, v):
        for i in range(n):
            a = (ea + i) & M32
            assert a in self.mem, hex(a)
            self.mem[a] = v >> (8 * (n - 1 - i)) & 255
            self.written.add(a)

    @property
    def xer(self):
        return self.so << 31 | self.ov << 30 | self.ca << 29 | self.count

    @xer.setter
    def xer(self, v):
        self.so, self.ov, self.ca, self.count = v >> 31 & 1, v >> 30 & 1, v >> 29 & 1, v & 127

    def set_crf(self, n, v):
        s = 28 - 4 * n
        self.cr = self.cr & ~(15 << s) | v << s

    def crb(self, i):
        return self.cr >> (31 - i) & 1

    def cr0(self, v):
        v = sx(v, 32)  # 32-bit mode
        self.set_crf(0, (LT if v < 0 else GT if v > 0 else EQ) | self.so)

    def cr1(self):
        self.set_crf(1, self.fpscr >> 28)

    def set_ov(self, ov):
        self.ov = int(ov)
        self.so |= self.ov

    # lanes of vector registers
    def lanes(self, n, width):
        b = self.v[n]
        return [int.from_bytes(bytes(b[i:i + width]), "big") for i in range(0, 16, width)]

    def set_lanes(self, n, width, values):
        out = []
        for x in values:
            out += list((x & ((1 << (8 * width)) - 1)).to_bytes(width, "big"))
        assert len(out) == 16
        self.v[n] = out


class Op:
    """The fields of an instruction word."""

    def __init__(self, w, form):
        self.w = w
        self.d, self.a, self.b, self.c = field(w, 6, 10), field(w, 11, 15), field(w, 16, 20), field(w, 21, 25)
        self.rc = w & 1
        self.oe = w >> 10 & 1
        self.si = sx(w, 16)
        self.ui = w & 0xFFFF
        self.imm5 = self.a
        self.form = form
        if form.startswith("VX128"):
            self.d |= field(w, 28, 29) << 5
            if form != "VX128_1":
                self.b |= field(w, 30, 31) << 5
                if form not in ("VX128_3", "VX128_4", "VX128_P"):
                    self.a |= field(w, 26, 26) << 5 | field(w, 21, 21) << 6
                self.c = field(w, 23, 25) if form == "VX128_2" else self.d
        self.vrc = field(w, 25, 25) if form == "VX128_R" else field(w, 21, 21)


INSN = {}


def insn(*names):
    def add(fn):
        for n in names:
            INSN[n] = fn
        return fn
    return add


# --- fixed point -------------------------------------------------------------------------------------------------------


def add_with(name, first, second, carry, sets_ca):
    def fn(s, o):
        a, b = first(s, o) & M64, second(s, o) & M64
        c = carry(s)
        total = a + b + c
        if sets_ca:
            s.ca = (a & M32) + (b & M32) + c >> 32
        if o.oe:
            t = sx(a, 32) + sx(b, 32) + c
            s.set_ov(t != sx(t, 32))
        s.r[o.d] = total & M64
        if o.rc:
            s.cr0(total)
    INSN[name] = fn


RA = lambda s, o: s.r[o.a]
NRA = lambda s, o: ~s.r[o.a]
RB = lambda s, o: s.r[o.b]
add_with("addx", RA, RB, lambda s: 0, False)
add_with("addcx", RA, RB, lambda s: 0, True)
add_with("addex", RA, RB, lambda s: s.ca, True)
add_with("addmex", RA, lambda s, o: -1, lambda s: s.ca, True)
add_with("addzex", RA, lambda s, o: 0, lambda s: s.ca, True)
add_with("subfx", NRA, RB, lambda s: 1, False)
add_with("subfcx", NRA, RB, lambda s: 1, True)
add_with("subfex", NRA, RB, lambda s: s.ca, True)
add_with("subfmex", NRA, lambda s, o: -1, lambda s: s.ca, True)
add_with("subfzex", NRA, lambda s, o: 0, lambda s: s.ca, True)


def ra0(s, o):
    return s.r[o.a] if o.a else 0


@insn("addi")
def addi(s, o):
    s.r[o.d] = ra0(s, o) + o.si & M64


@insn("addis")
def addis(s, o):
    s.r[o.d] = ra0(s, o) + (o.si << 16) & M64


@insn("addic", "addicx")
def addic(s, o):
    a = s.r[o.a]
    s.ca = (a & M32) + (o.si & M32) >> 32
    s.r[o.d] = a + o.si & M64
    if o.w >> 26 == 13:
        s.cr0(s.r[o.d])


@insn("subficx")
def subfic(s, o):
    a = ~s.r[o.a] & M64
    s.ca = (a & M32) + (o.si & M32) + 1 >> 32
    s.r[o.d] = a + o.si + 1 & M64


@insn("negx")
def neg(s, o):
    if o.oe:
        s.set_ov(s.r[o.a] & M32 == 0x80000000)
    s.r[o.d] = -s.r[o.a] & M64
    if o.rc:
        s.cr0(s.r[o.d])


@insn("mulli")
def mulli(s, o):
    s.r[o.d] = sx(s.r[o.a], 64) * o.si & M64


def product(name, bits, signed, high):
    def fn(s, o):
        a, b = s.r[o.a] & ((1 << bits) - 1), s.r[o.b] & ((1 << bits) - 1)
        if signed:
            a, b = sx(a, bits), sx(b, bits)
        p = a * b
        if high:
            s.r[o.d] = (p >> bits) & M64  # mulhw: the high word is undefined, here the sign's
        else:
            if o.oe:
                s.set_ov(p != sx(p, bits))
            s.r[o.d] = p & M64
        if o.rc:
            s.cr0(s.r[o.d])
    INSN[name] = fn


product("mullwx", 32, True, False)
product("mulldx", 64, True, False)
product("mulhwx", 32, True, True)
product("mulhwux", 32, False, True)
product("mulhdx", 64, True, True)
product("mulhdux", 64, False, True)


def quotient(name, bits, signed):
    def fn(s, o):
        a, b = s.r[o.a] & ((1 << bits) - 1), s.r[o.b] & ((1 << bits) - 1)
        if signed:
            a, b = sx(a, bits), sx(b, bits)
        bad = b == 0 or (signed and b == -1 and a == -(1 << (bits - 1)))
        q = 0 if bad else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)  # a quotient that does not exist: undefined, here 0
        if o.oe:
            s.set_ov(bad)
        s.r[o.d] = q & ((1 << bits) - 1)  # divw: the high word is undefined, here 0
        if o.rc:
            s.cr0(s.r[o.d])
    INSN[name] = fn


quotient("divwx", 32, True)
quotient("divwux", 32, False)
quotient("divdx", 64, True)
quotient("divdux", 64, False)


def logical(name, f):
    def fn(s, o):
        s.r[o.a] = f(s.r[o.d], s.r[o.b]) & M64
        if o.rc:
            s.cr0(s.r[o.a])
    INSN[name] = fn


logical("andx", lambda x, y: x & y)
logical("andcx", lambda x, y: x & ~y)
logical("orx", lambda x, y: x | y)
logical("orcx", lambda x, y: x | ~y)
logical("xorx", lambda x, y: x ^ y)
logical("nandx", lambda x, y: ~(x & y))
logical("norx", lambda x, y: ~(x | y))
logical("eqvx", lambda x, y: ~(x ^ y))
logical("extsbx", lambda x, y: sx(x, 8))
logical("extshx", lambda x, y: sx(x, 16))
logical("extswx", lambda x, y: sx(x, 32))
logical("cntlzwx", lambda x, y: 32 - (x & M32).bit_length())
logical("cntlzdx", lambda x, y: 64 - x.bit_length())


def immediate(name, f, record):
    def fn(s, o):
        s.r[o.a] = f(s.r[o.d], o.ui) & M64
        if record:
            s.cr0(s.r[o.a])
    INSN[name] = fn


immediate("ori", lambda x, i: x | i, False)
immediate("oris", lambda x, i: x | i << 16, False)
immediate("xori", lambda x, i: x ^ i, False)
immediate("xoris", lambda x, i: x ^ i << 16, False)
immediate("andix", lambda x, i: x & i, True)
immediate("andisx", lambda x, i: x & i << 16, True)


def mask(mb, me):
    bits = 0
    i = mb
    while True:
        bits |= 1 << (63 - i)
        if i == me:
            return bits
        i = (i + 1) % 64


def rotl(v, n, bits=64):
    v &= (1 << bits) - 1
    n %= bits
    return (v << n | v >> (bits - n)) & ((1 << bits) - 1)


def rotl32(v, n):
    r = rotl(v, n, 32)
    return r << 32 | r


def rotate(name, f):
    def fn(s, o):
        s.r[o.a] = f(s, o) & M64
        if o.rc:
            s.cr0(s.r[o.a])
    INSN[name] = fn


MB = lambda o: field(o.w, 21, 25)
ME = lambda o: field(o.w, 26, 30)
MB6 = lambda o: field(o.w, 21, 25) | field(o.w, 26, 26) << 5
SH6 = lambda o: field(o.w, 16, 20) | field(o.w, 30, 30) << 5


def insert(s, o, rotated, m):
    return rotated & m | s.r[o.a] & ~m


rotate("rlwinmx", lambda s, o: rotl32(s.r[o.d], o.b) & mask(MB(o) + 32, ME(o) + 32))
rotate("rlwnmx", lambda s, o: rotl32(s.r[o.d], s.r[o.b] & 31) & mask(MB(o) + 32, ME(o) + 32))
rotate("rlwimix", lambda s, o: insert(s, o, rotl32(s.r[o.d], o.b), mask(MB(o) + 32, ME(o) + 32)))
rotate("rldiclx", lambda s, o: rotl(s.r[o.d], SH6(o)) & mask(MB6(o), 63))
rotate("rldicrx", lambda s, o: rotl(s.r[o.d], SH6(o)) & mask(0, MB6(o)))
rotate("rldicx", lambda s, o: rotl(s.r[o.d], SH6(o)) & mask(MB6(o), 63 - SH6(o)))
rotate("rldimix", lambda s, o: insert(s, o, rotl(s.r[o.d], SH6(o)), mask(MB6(o), 63 - SH6(o))))
rotate("rldclx", lambda s, o: rotl(s.r[o.d], s.r[o.b] & 63) & mask(MB6(o), 63))
rotate("rldcrx", lambda s, o: rotl(s.r[o.d], s.r[o.b] & 63) & mask(0, MB6(o)))


def shift(name, f):
    rotate(name, f)


shift("slwx", lambda s, o: (s.r[o.d] & M32) << (s.r[o.b] & 63) & M32)
shift("srwx", lambda s, o: (s.r[o.d] & M32) >> (s.r[o.b] & 63))
shift("sldx", lambda s, o: s.r[o.d] << (s.r[o.b] & 127))
shift("srdx", lambda s, o: s.r[o.d] >> (s.r[o.b] & 127))


def arithmetic_shift(name, bits, amount):
    def fn(s, o):
        v, n = sx(s.r[o.d], bits), amount(s, o)
        r = v >> n
        s.ca = int(v < 0 and (r << n) != v)
        s.r[o.a] = r & M64
        if o.rc:
            s.cr0(r)
    INSN[name] = fn


arithmetic_shift("srawx", 32, lambda s, o: s.r[o.b] & 63)
arithmetic_shift("srawix", 32, lambda s, o: o.b)
arithmetic_shift("sradx", 64, lambda s, o: s.r[o.b] & 127)
arithmetic_shift("sradix", 64, lambda s, o: SH6(o))


def compare(name, signed, second):
    def fn(s, o):
        bits = 64 if o.d & 1 else 32
        a, b = s.r[o.a] & ((1 << bits) - 1), second(s, o) & ((1 << bits) - 1)
        if signed:
            a, b = sx(a, bits), sx(b, bits)
        s.set_crf(o.d >> 2, (LT if a < b else GT if a > b else EQ) | s.so)
    INSN[name] = fn


compare("cmp", True, RB)
compare("cmpi", True, lambda s, o: o.si)
compare("cmpl", False, RB)
compare("cmpli", False, lambda s, o: o.ui)


# --- condition register, special registers, traps, branches --------------------------------------------------------------


def cr_logic(name, f):
    def fn(s, o):
        v = f(s.crb(o.a), s.crb(o.b)) & 1
        s.cr = s.cr & ~(1 << (31 - o.d)) | v << (31 - o.d)
    INSN[name] = fn


cr_logic("crand", lambda a, b: a & b)
cr_logic("crandc", lambda a, b: a & ~b)
cr_logic("creqv", lambda a, b: ~(a ^ b))
cr_logic("crnand", lambda a, b: ~(a & b))
cr_logic("crnor", lambda a, b: ~(a | b))
cr_logic("cror", lambda a, b: a | b)
cr_logic("crorc", lambda a, b: a | ~b)
cr_logic("crxor", lambda a, b: a ^ b)


@insn("mcrf")
def mcrf(s, o):
    s.set_crf(o.d >> 2, s.cr >> (28 - 4 * (o.a >> 2)) & 15)


@insn("mcrxr")
def mcrxr(s, o):
    s.set_crf(o.d >> 2, s.so << 3 | s.ov << 2 | s.ca << 1)
    s.so = s.ov = s.ca = 0


@insn("mfcr")
def mfcr(s, o):
    """With bit 11 it is mfocrf: the fields of the mask alone (one, by the books; the rest undefined, here 0)."""
    fields = sum(15 << (28 - 4 * i) for i in range(8) if field(o.w, 12 + i, 12 + i))
    s.r[o.d] = s.cr & fields if field(o.w, 11, 11) else s.cr


@insn("mtcrf")
def mtcrf(s, o):
    for i in range(8):
        if o.w >> (19 - i) & 1:
            s.set_crf(i, s.r[o.d] >> (28 - 4 * i) & 15)


SPRS = {1: "xer", 8: "lr", 9: "ctr"}


@insn("mfspr")
def mfspr(s, o):
    s.r[o.d] = getattr(s, SPRS[o.a | o.b << 5])


@insn("mtspr")
def mtspr(s, o):
    name = SPRS[o.a | o.b << 5]
    setattr(s, name, s.r[o.d] & M32 if name == "xer" else s.r[o.d])


@insn("tw", "twi", "td", "tdi", "nop", "isync", "sync", "eieio", "dcbst", "dcbf", "dcbt", "dcbtst", "dcbi", "icbi", "dst", "dstst", "dss")
def nothing(s, o):
    """Traps are given operands that do not trap."""


@insn("bx")
def b(s, o):
    offset = sx(o.w & 0x03FFFFFC, 26)
    s.next = (offset if o.w & 2 else s.pc + offset) & M32
    if o.w & 1:
        s.lr = s.pc + 4


def condition(s, o, counts):
    bo = o.d
    ok = True
    if counts and not bo & 4:
        s.ctr = s.ctr - 1 & M64
        ok = (s.ctr & M32 != 0) != bool(bo & 2)
    if not bo & 16:
        ok = ok and s.crb(o.a) == (bo >> 3 & 1)
    return ok


@insn("bcx")
def bc(s, o):
    offset = sx(o.w & 0xFFFC, 16)
    if condition(s, o, True):
        s.next = (offset if o.w & 2 else s.pc + offset) & M32
    if o.w & 1:
        s.lr = s.pc + 4


@insn("bclrx")
def bclr(s, o):
    to = s.lr & M32 & ~3
    if condition(s, o, True):
        s.next = to
    if o.w & 1:
        s.lr = s.pc + 4


@insn("bcctrx")
def bcctr(s, o):
    to = s.ctr & M32 & ~3
    if condition(s, o, False):
        s.next = to
    if o.w & 1:
        s.lr = s.pc + 4


# --- loads and stores ----------------------------------------------------------------------------------------------------


def ea_d(s, o):
    return ra0(s, o) + o.si & M32


def ea_ds(s, o):
    return ra0(s, o) + sx(o.w & 0xFFFC, 16) & M32


def ea_x(s, o):
    return ra0(s, o) + s.r[o.b] & M32


def ea_du(s, o):
    return s.r[o.a] + o.si & M32


def ea_dsu(s, o):
    return s.r[o.a] + sx(o.w & 0xFFFC, 16) & M32


def ea_xu(s, o):
    return s.r[o.a] + s.r[o.b] & M32


def swap(v, n):
    return int.from_bytes(v.to_bytes(n, "big"), "little")


def load(name, n, ea, convert=lambda v: v, update=False):
    def fn(s, o):
        at = ea(s, o)
        s.r[o.d] = convert(s.load(at, n)) & M64
        if update:
            s.r[o.a] = at
    INSN[name] = fn


def store(name, n, ea, convert=lambda v: v, update=False):
    def fn(s, o):
        at = ea(s, o)
        s.store(at, n, convert(s.r[o.d] & ((1 << (8 * n)) - 1)))
        if update:
            s.r[o.a] = at
    INSN[name] = fn


for base, n, conv in (("lbz", 1, lambda v: v), ("lhz", 2, lambda v: v), ("lha", 2, lambda v: sx(v, 16)), ("lwz", 4, lambda v: v)):
    load(base, n, ea_d, conv)
    load(base + "u", n, ea_du, conv, True)
    load(base + "x", n, ea_x, conv)
    load(base + "ux", n, ea_xu, conv, True)
load("ld", 8, ea_ds)
load("ldu", 8, ea_dsu, update=True)
load("ldx", 8, ea_x)
load("ldux", 8, ea_xu, update=True)
load("lwa", 4, ea_ds, lambda v: sx(v, 32))
load("lwax", 4, ea_x, lambda v: sx(v, 32))
load("lwaux", 4, ea_xu, lambda v: sx(v, 32), True)
load("lhbrx", 2, ea_x, lambda v: swap(v, 2))
load("lwbrx", 4, ea_x, lambda v: swap(v, 4))
load("ldbrx", 8, ea_x, lambda v: swap(v, 8))
for base, n in (("stb", 1), ("sth", 2), ("stw", 4)):
    store(base, n, ea_d)
    store(base + "u", n, ea_du, update=True)
    store(base + "x", n, ea_x)
    store(base + "ux", n, ea_xu, update=True)
store("std", 8, ea_ds)
store("stdu", 8, ea_dsu, update=True)
store("stdx", 8, ea_x)
store("stdux", 8, ea_xu, update=True)
store("sthbrx", 2, ea_x, lambda v: swap(v, 2))
store("stwbrx", 4, ea_x, lambda v: swap(v, 4))
store("stdbrx", 8, ea_x, lambda v: swap(v, 8))


@insn("lmw")
def lmw(s, o):
    at = ea_d(s, o)
    for r in range(o.d, 32):
        s.r[r] = s.load(at, 4)
        at += 4


@insn("stmw")
def stmw(s, o):
    at = ea_d(s, o)
    for r in range(o.d, 32):
        s.store(at, 4, s.r[r] & M32)
        at += 4


def load_string(s, o, at, n):
    for i in range(n):
        r = (o.d + i // 4) % 32
        if i % 4 == 0:
            s.r[r] = 0
        s.r[r] |= s.load(at + i, 1) << (24 - 8 * (i % 4))


def store_string(s, o, at, n):
    for i in range(n):
        s.store(at + i, 1, s.r[(o.d + i // 4) % 32] >> (24 - 8 * (i % 4)) & 255)


INSN["lswi"] = lambda s, o: load_string(s, o, ra0(s, o) & M32, o.b or 32)
INSN["lswx"] = lambda s, o: load_string(s, o, ea_x(s, o), s.count)
INSN["stswi"] = lambda s, o: store_string(s, o, ra0(s, o) & M32, o.b or 32)
INSN["stswx"] = lambda s, o: store_string(s, o, ea_x(s, o), s.count)


def reserve(name, n):
    def fn(s, o):
        at = ea_x(s, o)
        s.r[o.d] = s.load(at, n)
        s.reserved = at // 128
    INSN[name] = fn


def conditional(name, n):
    def fn(s, o):
        at = ea_x(s, o)
        ok = s.reserved == at // 128
        if ok:
            s.store(at, n, s.r[o.d] & ((1 << (8 * n)) - 1))
        s.reserved = None
        s.set_crf(0, (EQ if ok else 0) | s.so)
    INSN[name] = fn


reserve("lwarx", 4)
reserve("ldarx", 8)
conditional("stwcx", 4)
conditional("stdcx", 8)


def zero_block(name, n):
    def fn(s, o):
        s.store(ea_x(s, o) & ~(n - 1), n, 0)
    INSN[name] = fn


zero_block("dcbz", 32)
zero_block("dcbz128", 128)

# --- floating point --------------------------------------------------------------------------------------------------------

FX, FEX, VX, OX, UX, ZX, XX = (1 << (31 - i) for i in range(7))
VXSNAN, VXISI, VXIDI, VXZDZ, VXIMZ, VXVC, FR, FI = (1 << (31 - i) for i in range(7, 15))
FPRF = 0x1F000
VXSOFT, VXSQRT, VXCVI = 0x400, 0x200, 0x100
VE, OE, UE, ZE, XE, NI = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04
VX_ALL = VXSNAN | VXISI | VXIDI | VXZDZ | VXIMZ | VXVC | VXSOFT | VXSQRT | VXCVI
EXCEPTIONS = OX | UX | ZX | XX | VX_ALL
INF = 0x7FF << 52
NAN = 0x7FF8 << 48
QUIET = 1 << 51


def is_nan(b):
    return b & (M64 >> 1) > INF


def is_snan(b):
    return is_nan(b) and not b & QUIET


def is_inf(b):
    return b & (M64 >> 1) == INF


def is_zero(b):
    return b & (M64 >> 1) == 0


def is_denormal(b):
    return b & INF == 0 and not is_zero(b)


def no_single(b):
    """Outside of single's range: a denormal, or 2^128 and beyond."""
    return is_denormal(b) or 0x47F0000000000000 <= b & INF < INF


def operand(s, b):
    """With FPSCR[NI] denormals are zeros."""
    return b & 1 << 63 if s.fpscr & NI and is_denormal(b) else b


def value(b):
    e, f = b >> 52 & 0x7FF, b & ((1 << 52) - 1)
    v = Fraction(f | (1 << 52 if e else 0)) * Fraction(2) ** ((e or 1) - 1075)
    return -v if b >> 63 else v


def set_fpscr(s, v):
    v &= ~(FEX | VX | 0x800)
    if v & VX_ALL:
        v |= VX
    if v >> 22 & v & 0xF8:
        v |= FEX
    s.fpscr = v


def classify(b, single):
    neg = b >> 63
    mag = b & (M64 >> 1)
    if mag > INF:
        return 0x11
    if mag == INF:
        return 0x09 if neg else 0x05
    if mag == 0:
        return 0x12 if neg else 0x02
    if mag < (0x381 << 52 if single else 1 << 52):
        return 0x18 if neg else 0x14
    return 0x08 if neg else 0x04


def exponent(v):
    """floor(log2(v)) of a positive rational."""
    e = v.numerator.bit_length() - v.denominator.bit_length()
    return e if v >= Fraction(2) ** e else e - 1


def round_integer(v, rn, neg):
    """v >= 0 to an integer; neg is the sign of what it stands for."""
    n = v.numerator // v.denominator
    rest = v - n
    up = rest > 0 and ((rn == 0 and (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and n & 1))) or (rn == 2 and not neg) or (rn == 3 and neg))
    return n + up, rest != 0, bool(up)


def to_bits(neg, v):
    """A representable magnitude as a double."""
    sign = neg << 63
    if v == 0:
        return sign
    e = exponent(v)
    if e > 1023:
        return sign | INF  # adjusted for an enabled overflow and still too large: undefined
    if e < -1022:
        return sign | int(v / Fraction(2) ** -1074)
    return sign | (e + 1023) << 52 | (int(v / Fraction(2) ** (e - 52)) & ((1 << 52) - 1))


def round_result(v, zero_sign, single, control):
    """(bits, status) of the exact value v, rounded as FPSCR says."""
    neg = v < 0 or (v == 0 and zero_sign)
    if v == 0:
        bits = int(neg) << 63
        return bits, classify(bits, single) << 12
    v = abs(v)
    rn, status = control & 3, 0
    p, emin, emax, bias = (24, -126, 127, 192) if single else (53, -1022, 1023, 1536)
    e = exponent(v)
    tiny = e < emin
    if tiny and control & UE:
        v *= Fraction(2) ** bias
        e += bias
        status |= UX
        tiny = False
    if tiny and control & NI:
        bits = int(neg) << 63
        return bits, UX | XX | FI | classify(bits, single) << 12
    unit = Fraction(2) ** ((emin if tiny else e) - p + 1)
    n, inexact, up = round_integer(v / unit, rn, neg)
    r = n * unit
    if inexact:
        status |= XX | FI | (FR if up else 0)
        if tiny:
            status |= UX
    if r and exponent(r) > emax:
        status |= OX
        if control & OE:
            r /= Fraction(2) ** bias
        else:
            infinite = rn == 0 or (rn == 2 and not neg) or (rn == 3 and neg)
            status = (status | XX | FI) & ~FR | (FR if infinite else 0)
            bits = int(neg) << 63 | (INF if infinite else 0x47EFFFFFE0000000 if single else INF - 1)
            return bits, status | classify(bits, single) << 12
    bits = to_bits(int(neg), r)
    return bits, status | classify(bits, single) << 12


def raise_status(s, status):
    v = s.fpscr | status
    if status & EXCEPTIONS & ~s.fpscr:
        v |= FX
    set_fpscr(s, v)


def finish(s, o, bits, status, suppressed=False, keeps_class=False):
    s.fpscr &= ~(FR | FI | (0 if suppressed or keeps_class else FPRF))
    if suppressed:
        status &= ~FPRF
    raise_status(s, status)
    if not suppressed:
        s.f[o.d] = bits
    if o.rc:
        s.cr1()


def nan_result(s, o, nan, vx, single):
    bits = nan | QUIET
    if single:
        bits &= ~0x1FFFFFFF
    finish(s, o, bits, vx | classify(bits, single) << 12, suppressed=bool(vx and s.fpscr & VE))


def arithmetic(name, single, operands, exact):
    """exact(s, values, bits) -> Fraction, ("inf", sign), ("zero", sign), ("vx", bit) or ("zx", sign)."""
    def fn(s, o):
        precise = single  # the precision rounded to
        bits = [operand(s, s.f[getattr(o, x)]) for x in operands]
        nans = [x for x in bits if is_nan(x)]
        vx = VXSNAN if any(map(is_snan, bits)) else 0
        r = exact(s, bits)
        # a product of zero and infinity is invalid even where a NaN is added to it
        if isinstance(r, tuple) and r[0] == "vx" and (not nans or r[1] == VXIMZ):
            vx |= r[1]
        if nans:
            return nan_result(s, o, nans[0], vx, single)
        if vx:
            return nan_result(s, o, NAN, vx, single)
        negate = name.startswith("fn")
        # Doubles outside of single's range: no sum and no product of them, but quotients and roots in double precision
        # (denormals recorded on a console; 2^128 and beyond on a sister core, but for the root).
        if single and any(map(no_single, bits)) and name != "frspx":
            if name in ("fdivsx", "fsqrtsx"):
                precise = False
            elif not any(map(is_inf, bits)):
                return nan_result(s, o, NAN, 0, single)
        if isinstance(r, tuple):
            sign = int(r[1]) ^ negate
            b = sign << 63 | (0 if r[0] == "zero" else INF)
            status = classify(b, precise) << 12 | (ZX if r[0] == "zx" else 0)
            return finish(s, o, b, status, suppressed=r[0] == "zx" and bool(s.fpscr & ZE))
        b, status = round_result(r, False, precise, s.fpscr)
        if negate:
            b ^= 1 << 63
            status = status & ~FPRF | classify(b, precise) << 12
        finish(s, o, b, status)
    INSN[name] = fn


def sign(b):
    return b >> 63


def exact_sum(s, a, b):
    """Of two operands each ("inf", sign) or ("zero", sign) or a Fraction."""
    if isinstance(a, tuple) and a[0] == "inf":
        if isinstance(b, tuple) and b[0] == "inf" and a[1] != b[1]:
            return "vx", VXISI
        return a
    if isinstance(b, tuple) and b[0] == "inf":
        return b
    x = 0 if isinstance(a, tuple) else a
    y = 0 if isinstance(b, tuple) else b
    t = x + y
    if t:
        return t
    sa, sb = (z[1] if isinstance(z, tuple) else int(z < 0) for z in (a, b))
    return "zero", sa if sa == sb else int(s.fpscr & 3 == 3)


def number(b):
    if is_nan(b):
        return Fraction(0)
    if is_inf(b):
        return "inf", sign(b)
    if is_zero(b):
        return "zero", sign(b)
    return value(b)


def negated(x):
    return (x[0], x[1] ^ 1) if isinstance(x, tuple) else -x


def exact_product(a, b):
    sg = sign(a) ^ sign(b)
    if is_nan(a) or is_nan(b):
        return Fraction(0)
    if (is_inf(a) and is_zero(b)) or (is_zero(a) and is_inf(b)):
        return "vx", VXIMZ
    if is_inf(a) or is_inf(b):
        return "inf", sg
    if is_zero(a) or is_zero(b):
        return "zero", sg
    return value(a) * value(b)


def exact_quotient(s, bits):
    a, b = bits
    sg = sign(a) ^ sign(b)
    if is_inf(a):
        return ("vx", VXIDI) if is_inf(b) else ("inf", sg)
    if is_inf(b):
        return "zero", sg
    if is_zero(b):
        return ("vx", VXZDZ) if is_zero(a) else ("zx", sg)
    return ("zero", sg) if is_zero(a) else value(a) / value(b)


def fused(minus):
    def f(s, bits):
        a, b, c = bits
        p = exact_product(a, c)
        if isinstance(p, tuple) and p[0] == "vx":
            return p
        y = number(b)
        return exact_sum(s, p, negated(y) if minus else y)
    return f


def root(s, bits):
    (b,) = bits
    if is_zero(b):
        return "zero", sign(b)
    if sign(b):
        return "vx", VXSQRT
    if is_inf(b):
        return "inf", 0
    v = value(b)
    # 200 bits of root and a sticky one round like the real thing.
    e = exponent(v) // 2 - 200
    n = v / Fraction(4) ** e
    r = math.isqrt(n.numerator // n.denominator)
    return (r + (Fraction(1, 2) if r * r != n else 0)) * Fraction(2) ** e


for suffix, single in (("x", False), ("sx", True)):
    arithmetic("fadd" + suffix, single, "ab", lambda s, x: exact_sum(s, number(x[0]), number(x[1])))
    arithmetic("fsub" + suffix, single, "ab", lambda s, x: exact_sum(s, number(x[0]), negated(number(x[1]))))
    arithmetic("fmul" + suffix, single, "ac", lambda s, x: exact_product(*x))
    arithmetic("fdiv" + suffix, single, "ab", exact_quotient)
    arithmetic("fmadd" + suffix, single, "abc", fused(False))
    arithmetic("fmsub" + suffix, single, "abc", fused(True))
    arithmetic("fnmadd" + suffix, single, "abc", fused(False))
    arithmetic("fnmsub" + suffix, single, "abc", fused(True))
    arithmetic("fsqrt" + suffix, single, "b", root)
arithmetic("frspx", True, "b", lambda s, x: number(x[0]))


# The estimates' tables are facts about the parts; where each comes from is in README.md.
FRES = [
    0x7F0000, 0x7D0800, 0x7B1800, 0x793000, 0x775000, 0x757000, 0x73A000, 0x71E000, 0x700000, 0x6E4000, 0x6CA000, 0x6AE000, 0x694000, 0x678000, 0x660000, 0x646000,
    0x62C000, 0x614000, 0x5FC000, 0x5E4000, 0x5CC000, 0x5B4000, 0x59C000, 0x584000, 0x570000, 0x558000, 0x540000, 0x52C000, 0x518000, 0x500000, 0x4EC000, 0x4D8000,
    0x4C0000, 0x4B0000, 0x498000, 0x488000, 0x474000, 0x460000, 0x44C000, 0x438000, 0x428000, 0x418000, 0x400000, 0x3F0000, 0x3E0000, 0x3D0000, 0x3BC000, 0x3AC000,
    0x398000, 0x388000, 0x378000, 0x368000, 0x358000, 0x348000, 0x338000, 0x328000, 0x318000, 0x308000, 0x2F8000, 0x2EC000, 0x2E0000, 0x2D0000, 0x2C0000, 0x2B0000,
    0x2A0000, 0x298000, 0x288000, 0x278000, 0x26C000, 0x260000, 0x250000, 0x244000, 0x238000, 0x228000, 0x220000, 0x210000, 0x200000, 0x1F8000, 0x1E8000, 0x1E0000,
    0x1D0000, 0x1C8000, 0x1B8000, 0x1B0000, 0x1A0000, 0x198000, 0x190000, 0x180000, 0x178000, 0x168000, 0x160000, 0x158000, 0x148000, 0x140000, 0x138000, 0x128000,
    0x120000, 0x118000, 0x108000, 0x100000, 0x0F8000, 0x0F0000, 0x0E0000, 0x0D8000, 0x0D0000, 0x0C8000, 0x0B8000, 0x0B0000, 0x0A8000, 0x0A0000, 0x098000, 0x090000,
    0x080000, 0x078000, 0x070000, 0x068000, 0x060000, 0x058000, 0x050000, 0x048000, 0x040000, 0x038000, 0x030000, 0x028000, 0x020000, 0x018000, 0x010000, 0x000000,
]
FRSQRTE = [241, 216, 192, 168, 152, 136, 128, 112, 96, 76, 60, 48, 32, 24, 16, 8]


def reciprocal_of(v):
    """fres: 1 + a table by the seven bits after the leading one; nothing from 2^128 on."""
    e = exponent(v)
    if e >= 128:
        return Fraction(0)
    i = int((v / Fraction(2) ** e - 1) * 128)
    return (1 + Fraction(FRES[i], 1 << 23)) / Fraction(2) ** (e + 1)


def rsqrt_of(v):
    """frsqrte: a table by the exponent's last bit and three bits, of v as [1, 4) times a power of four."""
    e = exponent(v)
    i = int((v / Fraction(2) ** e - 1) * 8) + 8 * (e & 1)
    return (1 + Fraction(FRSQRTE[i], 256)) / Fraction(2) ** (e // 2 + 1)


def estimate(name, single, guess):
    """FR and FI (undefined) clear, XX not raised."""
    def fn(s, o):
        b = operand(s, s.f[o.b])
        if is_nan(b):
            return nan_result(s, o, b, VXSNAN if is_snan(b) else 0, single)
        if name == "frsqrtex" and sign(b) and not is_zero(b):
            return nan_result(s, o, NAN, VXSQRT, single)
        if is_zero(b):
            bits = sign(b) << 63 | INF
            return finish(s, o, bits, ZX | classify(bits, single) << 12, suppressed=bool(s.fpscr & ZE))
        r = Fraction(0) if is_inf(b) else guess(abs(value(b)))
        if r == 0:
            bits = sign(b) << 63
            return finish(s, o, bits, classify(bits, single) << 12 | (0 if is_inf(b) else UX))
        bits, status = round_result(-r if sign(b) else r, False, single, s.fpscr)
        finish(s, o, bits, status & ~(XX | FI | FR))
    INSN[name] = fn


estimate("fresx", True, reciprocal_of)
estimate("frsqrtex", False, rsqrt_of)


def move(name, f):
    def fn(s, o):
        s.f[o.d] = f(s, o)
        if o.rc:
            s.cr1()
    INSN[name] = fn


move("fmrx", lambda s, o: s.f[o.b])
move("fnegx", lambda s, o: s.f[o.b] ^ 1 << 63)
move("fabsx", lambda s, o: s.f[o.b] & M64 >> 1)
move("fnabsx", lambda s, o: s.f[o.b] | 1 << 63)
move("fselx", lambda s, o: s.f[o.c] if not is_nan(s.f[o.a]) and (is_zero(s.f[o.a]) or not sign(s.f[o.a])) else s.f[o.b])


def fcmp(name, ordered):
    def fn(s, o):
        a, b = s.f[o.a], s.f[o.b]
        status = 0
        if is_nan(a) or is_nan(b):
            c = SO
            if is_snan(a) or is_snan(b):
                status |= VXSNAN
                if ordered and not s.fpscr & VE:
                    status |= VXVC
            elif ordered:
                status |= VXVC
        else:
            key = lambda x: (1 if not sign(x) else -1) * (Fraction(2) ** 2000 if is_inf(x) else abs(value(x)))
            x, y = key(a), key(b)
            c = LT if x < y else GT if x > y else EQ
        s.fpscr = s.fpscr & ~0xF000 | c << 12
        raise_status(s, status)
        s.set_crf(o.d >> 2, c)
    INSN[name] = fn


fcmp("fcmpu", False)
fcmp("fcmpo", True)


def convert(name, bits, rounding):
    def fn(s, o):
        b = operand(s, s.f[o.b])
        rn = s.fpscr & 3 if rounding is None else rounding
        most, least = (1 << (bits - 1)) - 1, -(1 << (bits - 1))
        n = inexact = up = None
        if not is_nan(b) and not is_inf(b):
            m, inexact, up = round_integer(abs(value(b)), rn, bool(sign(b)))
            n = -m if sign(b) else m
        if n is None or not least <= n <= most:
            r = most if not is_nan(b) and not sign(b) else least
            status = VXCVI | (VXSNAN if is_snan(b) else 0)
            return finish(s, o, r & M64, status, suppressed=bool(s.fpscr & VE), keeps_class=True)
        finish(s, o, n & M64, (XX | FI | (FR if up else 0)) if inexact else 0, keeps_class=True)
    INSN[name] = fn


convert("fctiwx", 32, None)
convert("fctiwzx", 32, 1)
convert("fctidx", 64, None)
convert("fctidzx", 64, 1)


@insn("fcfidx")
def fcfid(s, o):
    bits, status = round_result(Fraction(sx(s.f[o.b], 64)), False, False, s.fpscr)
    finish(s, o, bits, status)


@insn("mffsx")
def mffs(s, o):
    s.f[o.d] = s.fpscr  # the high word is undefined, here 0
    if o.rc:
        s.cr1()


@insn("mtfsfx")
def mtfsf(s, o):
    m = 0
    for i in range(8):
        if o.w >> (24 - i) & 1:
            m |= 0xF0000000 >> (4 * i)
    set_fpscr(s, s.fpscr & ~m | s.f[o.b] & m)
    if o.rc:
        s.cr1()


@insn("mtfsfix")
def mtfsfi(s, o):
    sh = 28 - 4 * (o.d >> 2)
    set_fpscr(s, s.fpscr & ~(15 << sh) | (o.w >> 12 & 15) << sh)
    if o.rc:
        s.cr1()


@insn("mtfsb0x")
def mtfsb0(s, o):
    set_fpscr(s, s.fpscr & ~(1 << (31 - o.d)))
    if o.rc:
        s.cr1()


@insn("mtfsb1x")
def mtfsb1(s, o):
    raise_status(s, 1 << (31 - o.d))
    if o.rc:
        s.cr1()


@insn("mcrfs")
def mcrfs(s, o):
    sh = 28 - 4 * (o.a >> 2)
    s.set_crf(o.d >> 2, s.fpscr >> sh & 15)
    set_fpscr(s, s.fpscr & ~(15 << sh & (FX | EXCEPTIONS)))


def single_to_double(w):
    sg, e, f = w >> 31, w >> 23 & 255, w & 0x7FFFFF
    if e == 255:
        return sg << 63 | INF | f << 29
    if e == 0 and f == 0:
        return sg << 63
    return to_bits(sg, Fraction(f | (1 << 23 if e else 0)) * Fraction(2) ** ((e or 1) - 150))


def double_to_single(d):
    """stfs (Book I, 4.6.3): bits moved, denormals shifted, nothing rounded; below that undefined, here 0."""
    e = d >> 52 & 0x7FF
    if e > 896 or d << 1 & M64 == 0:
        return d >> 32 & 0xC0000000 | d >> 29 & 0x3FFFFFFF
    if e < 874:
        return d >> 32 & 0x80000000
    frac = (d & (1 << 52) - 1 | 1 << 52) >> 29
    return d >> 32 & 0x80000000 | frac >> (897 - e)


for suffix, ea, update in (("", ea_d, False), ("u", ea_du, True), ("x", ea_x, False), ("ux", ea_xu, True)):
    def make(ea, update):
        def lfs(s, o):
            at = ea(s, o)
            s.f[o.d] = single_to_double(s.load(at, 4))
            if update:
                s.r[o.a] = at

        def lfd(s, o):
            at = ea(s, o)
            s.f[o.d] = s.load(at, 8)
            if update:
                s.r[o.a] = at

        def stfs(s, o):
            at = ea(s, o)
            s.store(at, 4, double_to_single(s.f[o.d]))
            if update:
                s.r[o.a] = at

        def stfd(s, o):
            at = ea(s, o)
            s.store(at, 8, s.f[o.d])
            if update:
                s.r[o.a] = at
        return lfs, lfd, stfs, stfd
    for n, f in zip(("lfs", "lfd", "stfs", "stfd"), make(ea, update)):
        INSN[n + suffix] = f
INSN["stfiwx"] = lambda s, o: s.store(ea_x(s, o), 4, s.f[o.d] & M32)

# --- vectors: loads and stores ---------------------------------------------------------------------------------------------


def vector_names(*names):
    return [n for name in names for n in (name, name + "128")]


def quadword(s, at):
    return [s.load((at & ~15) + i & M32, 1) for i in range(16)]


@insn(*vector_names("lvx", "lvxl", "lvewx"), "lvebx", "lvehx")
def lvx(s, o):
    """lve*x define the addressed element only; the console's leave the whole quadword."""
    s.v[o.d] = quadword(s, ea_x(s, o))


@insn(*vector_names("stvx", "stvxl"))
def stvx(s, o):
    at = ea_x(s, o) & ~15
    for i in range(16):
        s.store(at + i, 1, s.v[o.d][i])


def store_element(name, n):
    def fn(s, o):
        at = ea_x(s, o) & ~(n - 1)
        for i in range(n):
            s.store(at + i, 1, s.v[o.d][(at & 15) + i])
    for x in (name, name + "128"):
        INSN[x] = fn


store_element("stvebx", 1)
store_element("stvehx", 2)
store_element("stvewx", 4)


@insn(*vector_names("lvsl"))
def lvsl(s, o):
    s.v[o.d] = [(ea_x(s, o) & 15) + i for i in range(16)]


@insn(*vector_names("lvsr"))
def lvsr(s, o):
    s.v[o.d] = [16 - (ea_x(s, o) & 15) + i for i in range(16)]


@insn(*vector_names("lvlx", "lvlxl"))
def lvlx(s, o):
    at = ea_x(s, o)
    n = at & 15
    s.v[o.d] = quadword(s, at)[n:] + [0] * n


@insn(*vector_names("lvrx", "lvrxl"))
def lvrx(s, o):
    at = ea_x(s, o)
    n = at & 15
    s.v[o.d] = [0] * (16 - n) + (quadword(s, at)[:n] if n else [])


@insn(*vector_names("stvlx", "stvlxl"))
def stvlx(s, o):
    at = ea_x(s, o)
    for i in range(16 - (at & 15)):
        s.store(at + i, 1, s.v[o.d][i])


@insn(*vector_names("stvrx", "stvrxl"))
def stvrx(s, o):
    at = ea_x(s, o)
    n = at & 15
    for i in range(n):
        s.store(at - n + i, 1, s.v[o.d][16 - n + i])


# --- vectors: integers -------------------------------------------------------------------------------------------------------


def both(name):
    """An AltiVec instruction and its VMX128 form."""
    return (name, name + "128")


def lanewise(name, width, f, *, signed=False):
    def fn(s, o):
        bits = 8 * width
        a, b = s.lanes(o.a, width), s.lanes(o.b, width)
        if signed:
            a, b = [sx(x, bits) for x in a], [sx(x, bits) for x in b]
        s.set_lanes(o.d, width, [f(x, y) for x, y in zip(a, b)])
    for n in both(name):
        INSN[n] = fn


def saturate(s, v, lo, hi):
    if v < lo or v > hi:
        s.vscr |= 1
    return min(max(v, lo), hi)


def limits(width, signed):
    bits = 8 * width
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


def saturating(name, width, signed, f):
    def fn(s, o):
        bits = 8 * width
        a, b = s.lanes(o.a, width), s.lanes(o.b, width)
        if signed:
            a, b = [sx(x, bits) for x in a], [sx(x, bits) for x in b]
        s.set_lanes(o.d, width, [saturate(s, f(x, y), *limits(width, signed)) for x, y in zip(a, b)])
    INSN[name] = fn


for n, f in (("vand", lambda x, y: x & y), ("vandc", lambda x, y: x & ~y), ("vor", lambda x, y: x | y), ("vnor", lambda x, y: ~(x | y)),
             ("vxor", lambda x, y: x ^ y)):
    lanewise(n, 4, f)
for letter, width in (("b", 1), ("h", 2), ("w", 4)):
    bits = 8 * width
    lanewise("vaddu%sm" % letter, width, lambda x, y: x + y)
    lanewise("vsubu%sm" % letter, width, lambda x, y: x - y)
    saturating("vaddu%ss" % letter, width, False, lambda x, y: x + y)
    saturating("vadds%ss" % letter, width, True, lambda x, y: x + y)
    saturating("vsubu%ss" % letter, width, False, lambda x, y: x - y)
    saturating("vsubs%ss" % letter, width, True, lambda x, y: x - y)
    lanewise("vavgu" + letter, width, lambda x, y: (x + y + 1) >> 1)
    lanewise("vavgs" + letter, width, lambda x, y: (x + y + 1) >> 1, signed=True)
    lanewise("vmaxu" + letter, width, max)
    lanewise("vmaxs" + letter, width, max, signed=True)
    lanewise("vminu" + letter, width, min)
    lanewise("vmins" + letter, width, min, signed=True)
    lanewise("vsl" + letter, width, lambda x, y, n=bits: x << (y & (n - 1)))
    lanewise("vsr" + letter, width, lambda x, y, n=bits: x >> (y & (n - 1)))
    lanewise("vsra" + letter, width, lambda x, y, n=bits: sx(x, n) >> (y & (n - 1)))
    lanewise("vrl" + letter, width, lambda x, y, n=bits: rotl(x, y & (n - 1), n))
lanewise("vaddcuw", 4, lambda x, y: x + y >> 32)
lanewise("vsubcuw", 4, lambda x, y: int(x >= y))


def record(s, o, flags):
    """CR6 of a compare: all lanes true, none true."""
    if o.vrc:
        s.set_crf(6, (8 if all(flags) else 0) | (2 if not any(flags) else 0))


def vcompare(name, width, signed, f):
    def fn(s, o):
        bits = 8 * width
        a, b = s.lanes(o.a, width), s.lanes(o.b, width)
        if signed:
            a, b = [sx(x, bits) for x in a], [sx(x, bits) for x in b]
        flags = [f(x, y) for x, y in zip(a, b)]
        s.set_lanes(o.d, width, [-1 if t else 0 for t in flags])
        record(s, o, flags)
    for n in both(name):
        INSN[n] = fn


for letter, width in (("b", 1), ("h", 2), ("w", 4)):
    vcompare("vcmpequ" + letter, width, False, lambda x, y: x == y)
    vcompare("vcmpgtu" + letter, width, False, lambda x, y: x > y)
    vcompare("vcmpgts" + letter, width, True, lambda x, y: x > y)


@insn(*both("vsel"))
def vsel(s, o):
    a, b, c = s.v[o.a], s.v[o.b], s.v[o.c]
    s.v[o.d] = [x & ~m | y & m for x, y, m in zip(a, b, c)]


@insn(*both("vperm"))
def vperm(s, o):
    ab = s.v[o.a] + s.v[o.b]
    s.v[o.d] = [ab[m & 31] for m in s.v[o.c]]


@insn(*both("vsldoi"))
def vsldoi(s, o):
    n = field(o.w, 22, 25)
    s.v[o.d] = (s.v[o.a] + s.v[o.b])[n:n + 16]


@insn(*both("vslo"))
def vslo(s, o):
    n = s.v[o.b][15] >> 3 & 15
    s.v[o.d] = s.v[o.a][n:] + [0] * n


@insn(*both("vsro"))
def vsro(s, o):
    n = s.v[o.b][15] >> 3 & 15
    s.v[o.d] = [0] * n + s.v[o.a][:16 - n]


# Two bytes of VA, the right one's neighbour last, shifted by the count of the byte that they become (recorded on a console;
# the manual leaves unequal counts open).
@insn("vsl")
def vsl(s, o):
    a, b = s.v[o.a] + [0], s.v[o.b]
    s.v[o.d] = [((a[i] << 8 | a[i + 1]) << (b[i] & 7)) >> 8 & 255 for i in range(16)]


@insn("vsr")
def vsr(s, o):
    a, b = [0] + s.v[o.a], s.v[o.b]
    s.v[o.d] = [((a[i] << 8 | a[i + 1]) >> (b[i] & 7)) & 255 for i in range(16)]


def splat(name, width):
    def fn(s, o):
        s.set_lanes(o.d, width, [s.lanes(o.b, width)[o.imm5 % (16 // width)]] * (16 // width))
    for n in both(name):
        INSN[n] = fn


def splat_immediate(name, width):
    def fn(s, o):
        s.set_lanes(o.d, width, [sx(field(o.w, 11, 15), 5)] * (16 // width))
    for n in both(name):
        INSN[n] = fn


for letter, width in (("b", 1), ("h", 2), ("w", 4)):
    splat("vsplt" + letter, width)
    splat_immediate("vspltis" + letter, width)


def merge(name, width, low):
    def fn(s, o):
        a, b = s.lanes(o.a, width), s.lanes(o.b, width)
        half = len(a) // 2
        out = []
        for i in range(half):
            out += [a[i + low * half], b[i + low * half]]
        s.set_lanes(o.d, width, out)
    for n in both(name):
        INSN[n] = fn


for letter, width in (("b", 1), ("h", 2), ("w", 4)):
    merge("vmrgh" + letter, width, 0)
    merge("vmrgl" + letter, width, 1)


def pack(name, width, convert):
    """Lanes of `width` bytes of VA, then VB, to half that."""
    def fn(s, o):
        s.set_lanes(o.d, width // 2, [convert(s, x) for x in s.lanes(o.a, width) + s.lanes(o.b, width)])
    for n in both(name):
        INSN[n] = fn


pack("vpkuhum", 2, lambda s, x: x)
pack("vpkuwum", 4, lambda s, x: x)
pack("vpkuhus", 2, lambda s, x: saturate(s, x, 0, 255))
pack("vpkuwus", 4, lambda s, x: saturate(s, x, 0, 65535))
pack("vpkshss", 2, lambda s, x: saturate(s, sx(x, 16), -128, 127))
pack("vpkshus", 2, lambda s, x: saturate(s, sx(x, 16), 0, 255))
pack("vpkswss", 4, lambda s, x: saturate(s, sx(x, 32), -32768, 32767))
pack("vpkswus", 4, lambda s, x: saturate(s, sx(x, 32), 0, 65535))
pack("vpkpx", 4, lambda s, x: (x >> 24 & 1) << 15 | (x >> 19 & 31) << 10 | (x >> 11 & 31) << 5 | x >> 3 & 31)


def unpack(name, width, low, convert):
    def fn(s, o):
        lanes = s.lanes(o.b, width)
        half = len(lanes) // 2
        s.set_lanes(o.d, 2 * width, [convert(x) for x in lanes[low * half:][:half]])
    for n in both(name):
        INSN[n] = fn


def pixel(x):
    return (0xFF if x >> 15 else 0) << 24 | (x >> 10 & 31) << 16 | (x >> 5 & 31) << 8 | x & 31


for letter, low in (("h", 0), ("l", 1)):
    unpack("vupk%ssb" % letter, 1, low, lambda x: sx(x, 8))
    unpack("vupk%ssh" % letter, 2, low, lambda x: sx(x, 16))
    unpack("vupk%spx" % letter, 2, low, pixel)


def multiply(name, width, signed, odd):
    def fn(s, o):
        bits = 8 * width
        a, b = (s.lanes(x, width)[odd::2] for x in (o.a, o.b))
        if signed:
            a, b = [sx(x, bits) for x in a], [sx(x, bits) for x in b]
        s.set_lanes(o.d, 2 * width, [x * y for x, y in zip(a, b)])
    INSN[name] = fn


for parity, odd in (("e", 0), ("o", 1)):
    for letter, width in (("b", 1), ("h", 2)):
        multiply("vmul%su%s" % (parity, letter), width, False, odd)
        multiply("vmul%ss%s" % (parity, letter), width, True, odd)


def multiply_add(name, f):
    def fn(s, o):
        a, b, c = ([sx(x, 16) for x in s.lanes(n, 2)] for n in (o.a, o.b, o.c))
        s.set_lanes(o.d, 2, [f(s, x, y, z) for x, y, z in zip(a, b, c)])
    INSN[name] = fn


multiply_add("vmhaddshs", lambda s, x, y, z: saturate(s, (x * y >> 15) + z, -32768, 32767))
multiply_add("vmhraddshs", lambda s, x, y, z: saturate(s, (x * y + 0x4000 >> 15) + z, -32768, 32767))
multiply_add("vmladduhm", lambda s, x, y, z: x * y + z)


def multiply_sum(name, width, sa, sb, limit):
    def fn(s, o):
        bits = 8 * width
        a, b, c = s.lanes(o.a, width), s.lanes(o.b, width), s.lanes(o.c, 4)
        a = [sx(x, bits) for x in a] if sa else a
        b = [sx(x, bits) for x in b] if sb else b
        n = 4 // width
        out = []
        for i in range(4):
            t = sum(a[n * i + j] * b[n * i + j] for j in range(n)) + (sx(c[i], 32) if limit == "s" else c[i])
            out.append(saturate(s, t, *limits(4, limit == "s")) if limit else t)
        s.set_lanes(o.d, 4, out)
    INSN[name] = fn


multiply_sum("vmsumubm", 1, False, False, None)
multiply_sum("vmsummbm", 1, True, False, None)
multiply_sum("vmsumuhm", 2, False, False, None)
multiply_sum("vmsumshm", 2, True, True, None)
multiply_sum("vmsumuhs", 2, False, False, "u")
multiply_sum("vmsumshs", 2, True, True, "s")


def sum_across(name, width, signed, groups):
    """Word i of the result: lanes of VA in its group plus word i of VB, for the last word of each group."""
    def fn(s, o):
        a = [sx(x, 8 * width) if signed else x for x in s.lanes(o.a, width)]
        b = [sx(x, 32) if signed else x for x in s.lanes(o.b, 4)]
        size, words = len(a) // groups, 4 // groups
        out = [0] * 4
        for g in range(groups):
            w = g * words + words - 1
            out[w] = saturate(s, sum(a[g * size:(g + 1) * size]) + b[w], *limits(4, signed))
        s.set_lanes(o.d, 4, out)
    INSN[name] = fn


sum_across("vsum4ubs", 1, False, 4)
sum_across("vsum4sbs", 1, True, 4)
sum_across("vsum4shs", 2, True, 4)
sum_across("vsum2sws", 4, True, 2)
sum_across("vsumsws", 4, True, 1)


@insn("mfvscr")
def mfvscr(s, o):
    s.set_lanes(o.d, 4, [0, 0, 0, s.vscr])


@insn("mtvscr")
def mtvscr(s, o):
    s.vscr = s.lanes(o.b, 4)[3] & 0x10001


# --- vectors: floating point, single precision, to nearest ---------------------------------------------------------------------


def nan32(w):
    return w & 0x7FFFFFFF > 0x7F800000


def flush(s, w):
    return w & 0x80000000 if s.vscr & 0x10000 and w & 0x7F800000 == 0 else w


def num32(w):
    if w & 0x7FFFFFFF == 0x7F800000:
        return "inf", w >> 31
    if w & 0x7FFFFFFF == 0:
        return "zero", w >> 31
    e, f = w >> 23 & 255, w & 0x7FFFFF
    v = Fraction(f | (1 << 23 if e else 0)) * Fraction(2) ** ((e or 1) - 150)
    return -v if w >> 31 else v


class Nearest:
    fpscr = 0


def result32(s, r):
    """An exact result as a single; denormal before rounding means zero with VSCR[NJ]."""
    if isinstance(r, tuple):
        return 0x7FC00000 if r[0] == "vx" else r[1] << 31 | (0 if r[0] == "zero" else 0x7F800000)
    if s.vscr & 0x10000 and abs(r) < Fraction(2) ** -126:
        return 0x80000000 if r < 0 else 0
    bits, _ = round_result(r, False, True, 0)
    sg, mag = bits >> 63 << 31, bits & M64 >> 1
    if mag == INF:
        return sg | 0x7F800000
    v = value(mag)
    if v == 0:
        return sg
    e = exponent(v)
    if e < -126:
        return sg | int(v / Fraction(2) ** -149)
    return sg | (e + 127) << 23 | int(v / Fraction(2) ** (e - 23)) & 0x7FFFFF


def first_nan(*words):
    for w in words:
        if nan32(w):
            return w | 0x400000
    return None


def lanes_fp(name, f):
    def fn(s, o):
        out = []
        for x, y in zip(s.lanes(o.a, 4), s.lanes(o.b, 4)):
            x, y = flush(s, x), flush(s, y)
            n = first_nan(x, y)
            out.append(n if n is not None else f(s, x, y))
        s.set_lanes(o.d, 4, out)
    for n in both(name):
        INSN[n] = fn


def product32(x, y):
    a, b = num32(x), num32(y)
    sg = x >> 31 ^ y >> 31
    ta, tb = isinstance(a, tuple) and a[0], isinstance(b, tuple) and b[0]
    if {ta, tb} == {"inf", "zero"}:
        return "vx", 0
    if "inf" in (ta, tb):
        return "inf", sg
    if "zero" in (ta, tb):
        return "zero", sg
    return a * b


lanes_fp("vaddfp", lambda s, x, y: result32(s, exact_sum(Nearest, num32(x), num32(y))))
lanes_fp("vsubfp", lambda s, x, y: result32(s, exact_sum(Nearest, num32(x), negated(num32(y)))))
lanes_fp("vmulfp", lambda s, x, y: result32(s, product32(x, y)))


def key32(w):
    """Orders singles; equal for both zeros."""
    return -(w & 0x7FFFFFFF) if w >> 31 else w & 0x7FFFFFFF


# Of two zeros the maximum is +0 unless both are -0, the minimum -0 unless both are +0.
lanes_fp("vmaxfp", lambda s, x, y: (x & y if key32(x) == key32(y) == 0 else x if key32(x) > key32(y) else y))
lanes_fp("vminfp", lambda s, x, y: (x | y if key32(x) == key32(y) == 0 else x if key32(x) < key32(y) else y))


def fused32(name, operands, minus):
    """operands: multiplicand, multiplier, addend. NaNs are taken in the order multiplicand, addend, multiplier."""
    def fn(s, o):
        out = []
        for x, y, z in zip(*(s.lanes(getattr(o, n), 4) for n in operands)):
            x, y, z = flush(s, x), flush(s, y), flush(s, z)
            n = first_nan(x, z, y)
            if n is not None:
                out.append(n)
                continue
            p = product32(x, y)
            if isinstance(p, tuple) and p[0] == "vx":
                out.append(0x7FC00000)
                continue
            r = exact_sum(Nearest, p, negated(num32(z)) if minus else num32(z))
            w = result32(s, r)
            out.append(w ^ 0x80000000 if minus and not (isinstance(r, tuple) and r[0] == "vx") else w)
        s.set_lanes(o.d, 4, out)
    INSN[name] = fn


fused32("vmaddfp", "acb", False)
fused32("vnmsubfp", "acb", True)
fused32("vmaddfp128", "abd", False)
fused32("vmaddcfp128", "adb", False)
fused32("vnmsubfp128", "abd", True)


def double_sum(x, y):
    """Of two numbers as from number32, rounded as doubles are; a NaN is None."""
    if x is None or y is None:
        return None
    r = exact_sum(Nearest, x, y)
    if isinstance(r, tuple):
        return None if r[0] == "vx" else r
    return value(round_result(r, False, False, 0)[0])


def dot(name, pairs):
    """Exact products; sums of them in double precision, in this order; the last is rounded to single. One that then overflows
    is a NaN, not an infinity."""
    def fn(s, o):
        a, b = ([flush(s, w) for w in s.lanes(n, 4)] for n in (o.a, o.b))
        flat = [i for p in pairs for i in p]
        nan = first_nan(*(w for i in flat for w in (a[i], b[i])))
        if nan is not None:
            return s.set_lanes(o.d, 4, [nan] * 4)
        p = {i: product32(a[i], b[i]) for i in flat}
        p = {i: None if isinstance(x, tuple) and x[0] == "vx" else x for i, x in p.items()}
        parts = [double_sum(p[q[0]], p[q[1]]) if len(q) == 2 else p[q[0]] for q in pairs]
        total = double_sum(*parts)
        if total is None:
            w = 0x7FC00000
        elif isinstance(total, tuple):
            w = result32(s, total)
        else:
            w = flush(s, result32(State(), total))
            if w & 0x7FFFFFFF == 0x7F800000:
                w = 0x7FC00000
        s.set_lanes(o.d, 4, [w] * 4)
    INSN[name] = fn


dot("vmsum3fp128", ((0, 2), (1,)))
dot("vmsum4fp128", ((0, 2), (1, 3)))


def unary32(name, f):
    def fn(s, o):
        out = []
        for w in s.lanes(o.b, 4):
            w = flush(s, w)
            out.append(w | 0x400000 if nan32(w) else flush(s, f(s, w)))
        s.set_lanes(o.d, 4, out)
    for n in both(name):
        INSN[n] = fn


def round32(rn):
    def f(s, w):
        v = num32(w)
        if isinstance(v, tuple):
            return w
        n, _, _ = round_integer(abs(v), rn, bool(w >> 31))
        return w & 0x80000000 | (result32(State(), Fraction(n)) if n else 0)
    return f


unary32("vrfin", round32(0))
unary32("vrfiz", round32(1))
unary32("vrfip", round32(2))
unary32("vrfim", round32(3))


# vrefp: (value at the left end, what 512 steps take off each), as fractions of 2^23 after the leading one, by five bits.
RECIPROCAL = [
    (0x7FF800, 0x3E1), (0x783800, 0x3A7), (0x70EA00, 0x371), (0x6A0800, 0x340), (0x638800, 0x313), (0x5D6200, 0x2EA), (0x579000, 0x2C4), (0x520800, 0x2A0),
    (0x4CC800, 0x27F), (0x47CA00, 0x261), (0x430800, 0x245), (0x3E8000, 0x22A), (0x3A2C00, 0x212), (0x360800, 0x1FB), (0x321400, 0x1E5), (0x2E4A00, 0x1D1),
    (0x2AA800, 0x1BE), (0x272C00, 0x1AC), (0x23D600, 0x19B), (0x209E00, 0x18B), (0x1D8800, 0x17C), (0x1A9000, 0x16E), (0x17AE00, 0x15B), (0x14F800, 0x15B),
    (0x124400, 0x143), (0x0FBE00, 0x143), (0x0D3800, 0x12D), (0x0ADE00, 0x12D), (0x088400, 0x11A), (0x065000, 0x11A), (0x041C00, 0x108), (0x020C00, 0x106),
]
# vrsqrtefp in the form of an older part of the same make, whose fractions are of 2^26 and whose steps are 2048: for [2, 4),
# then for [1, 2), by four bits.
RSQRT = [
    (0x1A7E800, 0x568), (0x17CB800, 0x4F3), (0x1552800, 0x48D), (0x130C000, 0x435), (0x10F2000, 0x3E7), (0x0EFF000, 0x3A2), (0x0D2E000, 0x365), (0x0B7C000, 0x32E),
    (0x09E5000, 0x2FC), (0x0867000, 0x2D0), (0x06FF000, 0x2A8), (0x05AB800, 0x283), (0x046A000, 0x261), (0x0339800, 0x243), (0x0218800, 0x226), (0x0105800, 0x20B),
    (0x3FFA000, 0x7A4), (0x3C29000, 0x700), (0x38AA000, 0x670), (0x3572000, 0x5F2), (0x3279000, 0x584), (0x2FB7000, 0x524), (0x2D26000, 0x4CC), (0x2AC0000, 0x47E),
    (0x2881000, 0x43A), (0x2665000, 0x3FA), (0x2468000, 0x3C2), (0x2287000, 0x38E), (0x20C1000, 0x35E), (0x1F12000, 0x332), (0x1D79000, 0x30A), (0x1BF4000, 0x2E6),
]
# vlogefp: 65536 * log2(1 + i/64) as the console has it; between those, 32 steps of 0, 1 or 2 units of 2^-11 in this order.
LOG2 = [
    0, 1536, 3072, 4608, 6144, 7424, 8704, 9984, 11264, 12544, 13824, 15104, 16384, 17536, 18688, 19840,
    20992, 22144, 23296, 24448, 25600, 26752, 27904, 29056, 30208, 31232, 32256, 33280, 34304, 35328, 36352, 37376,
    38400, 39424, 40448, 41472, 42464, 43360, 44256, 45152, 46048, 46944, 47840, 48736, 49632, 50528, 51424, 52320,
    53216, 53984, 54752, 55520, 56288, 57056, 57824, 58592, 59360, 60128, 60896, 61664, 62432, 63200, 63968, 64736,
]


def log2_steps(word):
    if word < 4:
        return (1, 2) * 16
    if word < 12:
        return (1, 1, 1, 2) * 8
    if word < 24:
        return (1, 1, 1, 1, 1, 1, 1, 2) * 4
    if word < 36:
        return (1,) * 32
    return (1, 1, 1, 1, 1, 1, 1, 0) * 4 if word < 48 else (1, 1, 1, 0) * 8


LOG2_TABLE = [LOG2[i // 32] // 32 + sum(log2_steps(i // 32)[:i % 32]) for i in range(2048)]


def bits32(v):
    """A single's bits, what does not fit cut off (nothing recorded says how a denormal result is rounded)."""
    sg, v = (1 << 31, -v) if v < 0 else (0, v)
    e = exponent(v)
    if e > 127:
        return sg | 0x7F800000
    if e < -126:
        return sg | int(v / Fraction(2) ** -149)
    return sg | (e + 127) << 23 | int(v / Fraction(2) ** (e - 23)) & 0x7FFFFF


def split32(v):
    """Exponent and the 23 bits after the leading one of a positive single."""
    e = exponent(v)
    return e, int((v / Fraction(2) ** e - 1) * (1 << 23))


def reciprocal(s, w):
    v = num32(w)
    if isinstance(v, tuple):
        return w & 0x80000000 | (0x7F800000 if v[0] == "zero" else 0)
    e, f = split32(abs(v))
    start, slope = RECIPROCAL[f >> 18]
    r = (1 + Fraction(start - slope * (f >> 9 & 511), 1 << 23)) / Fraction(2) ** (e + 1)
    return bits32(-r if v < 0 else r)


def reciprocal_root(s, w):
    v = num32(w)
    if isinstance(v, tuple):
        if v[0] == "zero":
            return w & 0x80000000 | 0x7F800000
        return 0x7FC00000 if w >> 31 else 0
    if v < 0:
        return 0x7FC00000
    e, f = split32(v)
    start, slope = RSQRT[(f >> 19) + (0 if e & 1 else 16)]
    r = (1 + Fraction(start - slope * (f >> 8 & 2046), 1 << 26)) / Fraction(2) ** (e // 2 + 1)
    return result32(State(), r)


def power_of_two(s, w):
    """Seen from the other end vlogefp's curve: 2^(i/2048) - 1 is ~log2 at ~i. The operand has 23 bits after the point, cut off."""
    v = num32(w)
    if isinstance(v, tuple):
        return 0x3F800000 if v[0] == "zero" else 0 if w >> 31 else 0x7F800000
    if abs(v) >= 256:
        return 0 if v < 0 else 0x7F800000
    fixed = int(abs(v) * (1 << 23)) * (-1 if v < 0 else 1)
    whole, part = divmod(fixed // (1 << 12), 2048)
    return bits32((1 + Fraction(2047 - LOG2_TABLE[2047 - part], 2048)) * Fraction(2) ** whole)


def logarithm(s, w):
    v = num32(w)
    if isinstance(v, tuple):
        return 0xFF800000 if v[0] == "zero" else 0x7FC00000 if w >> 31 else 0x7F800000
    if v < 0:
        return 0x7FC00000
    e, f = split32(v)
    r = e + Fraction(LOG2_TABLE[f >> 12], 2048)
    return bits32(r) if r else 0


unary32("vrefp", reciprocal)
unary32("vrsqrtefp", reciprocal_root)
unary32("vexptefp", power_of_two)
unary32("vlogefp", logarithm)


def from_integer(names, signed):
    def fn(s, o):
        out = []
        for w in s.lanes(o.b, 4):
            v = Fraction(sx(w, 32) if signed else w) / 2 ** field(o.w, 11, 15)
            out.append(result32(State(), v) if v else 0)
        s.set_lanes(o.d, 4, out)
    for n in names:
        INSN[n] = fn


def to_integer(names, signed):
    def fn(s, o):
        out = []
        for w in s.lanes(o.b, 4):
            lo, hi = limits(4, signed)
            v = num32(w)
            if nan32(w):
                out.append(0)
            elif isinstance(v, tuple):
                out.append(0 if v[0] == "zero" else saturate(s, -(1 << 70) if w >> 31 else 1 << 70, lo, hi))
            else:
                n = abs(v) * 2 ** field(o.w, 11, 15)
                n = n.numerator // n.denominator
                out.append(saturate(s, -n if w >> 31 else n, lo, hi))
        s.set_lanes(o.d, 4, out)
    for n in names:
        INSN[n] = fn


from_integer(("vcfsx", "vcsxwfp128"), True)
from_integer(("vcfux", "vcuxwfp128"), False)
to_integer(("vctsxs", "vcfpsxws128"), True)
to_integer(("vctuxs", "vcfpuxws128"), False)


def fcompare(name, f):
    def fn(s, o):
        flags = []
        for x, y in zip(s.lanes(o.a, 4), s.lanes(o.b, 4)):
            x, y = flush(s, x), flush(s, y)
            flags.append(not nan32(x) and not nan32(y) and f(key32(x), key32(y)))
        s.set_lanes(o.d, 4, [-1 if t else 0 for t in flags])
        record(s, o, flags)
    for n in both(name):
        INSN[n] = fn


fcompare("vcmpeqfp", lambda x, y: x == y)
fcompare("vcmpgefp", lambda x, y: x >= y)
fcompare("vcmpgtfp", lambda x, y: x > y)


@insn(*both("vcmpbfp"))
def vcmpbfp(s, o):
    out = []
    for x, y in zip(s.lanes(o.a, 4), s.lanes(o.b, 4)):
        x, y = flush(s, x), flush(s, y)
        bad = nan32(x) or nan32(y)
        le = not bad and key32(x) <= key32(y)
        ge = not bad and key32(x) >= -key32(y)
        out.append((0 if le else 1 << 31) | (0 if ge else 1 << 30))
    s.set_lanes(o.d, 4, out)
    if o.vrc:
        s.set_crf(6, 0 if any(out) else 2)


# --- VMX128 alone --------------------------------------------------------------------------------------------------------------


@insn("vpermwi128")
def vpermwi(s, o):
    p = field(o.w, 11, 15) | field(o.w, 23, 25) << 5
    b = s.lanes(o.b, 4)
    s.set_lanes(o.d, 4, [b[p >> (6 - 2 * i) & 3] for i in range(4)])


@insn("vrlimi128")
def vrlimi(s, o):
    z, m = field(o.w, 24, 25), field(o.w, 11, 15)
    b, d = s.lanes(o.b, 4), s.lanes(o.d, 4)
    s.set_lanes(o.d, 4, [b[(i + z) % 4] if m >> (3 - i) & 1 else d[i] for i in range(4)])


def half_from(w):
    """Xenos half: no infinities and NaNs, saturates, denormals are zero, bits that do not fit are cut off."""
    v = Fraction(0) if nan32(w) else num32(w & 0x7FFFFFFF)
    if nan32(w) or v == ("inf", 0) or not isinstance(v, tuple) and v >= 131008:
        return w >> 16 & 0x8000 | 0x7FFF
    if isinstance(v, tuple) or v < Fraction(1, 1 << 14):
        return w >> 16 & 0x8000
    e = exponent(v)
    return w >> 16 & 0x8000 | (e + 15 << 10) | int((v / Fraction(2) ** e - 1) * 1024)


def half_to(h):
    sg, e, f = h >> 15 << 31, h >> 10 & 31, h & 1023
    return sg if e == 0 else sg | (e + 112) << 23 | f << 13


def fixed(w, least, most):
    """The integer that a single's distance from 3.0 is in units of 2^-22, kept between two; a NaN is the least."""
    v = num32(w) if not nan32(w) else ("inf", 1)
    if isinstance(v, tuple):
        v = Fraction(0) if v[0] == "zero" else Fraction(-10 if v[1] else 10)
    v = min(max(v, 3 + Fraction(least, 1 << 22)), 3 + Fraction(most, 1 << 22))
    return (v - 3) * (1 << 22)


def normal(w, bits):
    # A value below 2.0 would have finer steps, but the least is above it.
    most = (1 << (bits - 1)) - 1
    n = fixed(w, -most, most)
    return n.numerator // n.denominator & ((1 << bits) - 1)


def unsigned(w, bits):
    n = fixed(w, 0, (1 << bits) - 1)
    return n.numerator // n.denominator


def pack_d3d(kind, b):
    if kind == 0:
        x, y, z, w = (unsigned(v, 8) for v in b)
        return w << 24 | x << 16 | y << 8 | z
    if kind == 1:
        return normal(b[0], 16) << 16 | normal(b[1], 16)
    if kind == 2:
        return unsigned(b[3], 2) << 30 | normal(b[2], 10) << 20 | normal(b[1], 10) << 10 | normal(b[0], 10)
    if kind == 3:
        return half_from(b[0]) << 16 | half_from(b[1])
    if kind == 4:
        return sum(normal(b[i], 16) << (48 - 16 * i) for i in range(4))
    if kind == 5:
        return sum(half_from(b[i]) << (48 - 16 * i) for i in range(4))
    return unsigned(b[3], 4) << 60 | normal(b[2], 20) << 40 | normal(b[1], 20) << 20 | normal(b[0], 20)


@insn("vpkd3d128")
def vpkd3d(s, o):
    imm, z = field(o.w, 11, 15), field(o.w, 24, 25)
    p = pack_d3d(imm >> 2, s.lanes(o.b, 4))
    hi, lo = p >> 32, p & M32
    d = s.lanes(o.d, 4)
    which = imm & 3
    if which == 1:
        d[3 - z] = lo
    elif which == 2 or (which == 3 and z < 3):
        if z < 3:
            d[2 - z] = hi
        d[3 - z] = lo
    elif which == 3:
        d[3] = hi
    s.set_lanes(o.d, 4, d)


def biased(v, bits):
    v = sx(v, bits)
    return 0x7FC00000 if v == -(1 << (bits - 1)) else 0x40400000 + v


@insn("vupkd3d128")
def vupkd3d(s, o):
    kind = field(o.w, 11, 15) >> 2
    b = s.lanes(o.b, 4)
    lo, pair = b[3], b[2] << 32 | b[3]
    one = 0x3F800000
    if kind == 0:
        out = [one | lo >> 16 & 255, one | lo >> 8 & 255, one | lo & 255, one | lo >> 24]
    elif kind == 1:
        out = [biased(lo >> 16, 16), biased(lo, 16), 0, one]
    elif kind == 2:
        out = [biased(lo >> (10 * i), 10) for i in range(3)] + [one | lo >> 30]
    elif kind == 3:
        out = [half_to(lo >> 16), half_to(lo & 0xFFFF), 0, one]
    elif kind == 4:
        out = [biased(pair >> (48 - 16 * i), 16) for i in range(4)]
    elif kind == 5:
        out = [half_to(pair >> (48 - 16 * i) & 0xFFFF) for i in range(4)]
    else:
        out = [biased(pair >> (20 * i), 20) for i in range(3)] + [one | pair >> 60]
    s.set_lanes(o.d, 4, out)

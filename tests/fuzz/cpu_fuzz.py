#!/usr/bin/env python3
"""Differential fuzzer of the interpreter against qemu's user mode, an independent implementation.

Random instruction sequences with random state run under qemu; what they leave becomes test vectors that
`wedge cpu-test` must agree with. qemu-ppc64 is always in 64-bit mode, the console's titles are in 32-bit mode:
instructions whose CR0, CA or OV differ between the two run under qemu-ppc instead, and only the low words of
the registers are compared.

usage: cpu_fuzz.py WEDGE WORKDIR [--seed N] [--count N] [--only NAME]
"""
import argparse, copy, os, random, re, struct, subprocess, sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
GPRS, FPRS, VRS = range(3, 11), range(0, 6), range(0, 6)

# What each set draws from: names as in emu/cpu/ppc.def.
INT64 = """addi addis addx subfx mulli mullwx mulldx mulhwux mulhdx mulhdux divwx divwux divdx divdux negx andx andcx
orx orcx xorx nandx norx eqvx extsbx extshx extswx cntlzwx cntlzdx ori oris xori xoris rlwinmx rlwnmx rlwimix rldiclx rldicrx
rldicx rldimix rldclx rldcrx slwx srwx sldx srdx cmp cmpi cmpl cmpli crand crandc creqv crnand crnor cror crorc crxor mcrf
mfcr mtcrf sradx sradix""".split()
INT32 = """addx addcx addex addmex addzex subfx subfcx subfex subfmex subfzex addic addicx subficx negx mullwx mulhwx mulhwux
divwx divwux andx andcx orx orcx xorx nandx norx eqvx extsbx extshx cntlzwx andix andisx rlwinmx rlwnmx rlwimix slwx srwx
srawx srawix mcrxr cmp cmpl mfcr""".split()
FP = """faddx faddsx fsubx fsubsx fmulx fmulsx fdivx fdivsx fmaddx fmaddsx fmsubx fmsubsx fnmaddx fnmaddsx fnmsubx fnmsubsx
fsqrtx fsqrtsx frspx fcmpo mffsx mtfsb0x mtfsb1x mtfsfix mcrfs fmrx fnegx fabsx fnabsx fselx fcmpu fctiwzx fctidzx fctiwx fctidx fcfidx""".split()
NO_RC = {"mulli", "addi", "addis", "ori", "oris", "xori", "xoris", "cmp", "cmpi", "cmpl", "cmpli", "mcrf", "mfcr", "mtcrf", "mcrxr"}
SINGLE = re.compile(r"f(add|sub|mul|div|n?madd|n?msub|sqrt)sx$")
# Double precision's results may be denormal, and so are small integers.
DENORMALS = re.compile(r"f(add|sub|mul|div|n?madd|n?msub|sqrt|ctid|ctidz)x$")
SKIP_VMX = re.compile(r"128|^l|^st|^dss|vrefp|vrsqrtefp|vexptefp|vlogefp|mfvscr|mtvscr")
# VMX128 instructions that qemu lacks, by the AltiVec instruction that does the same.
TWINS = {"vcfpsxws128": "vctsxs", "vcfpuxws128": "vctuxs", "vcsxwfp128": "vcfsx", "vcuxwfp128": "vcfux"}
TWINS.update((n + "128", n) for n in """vaddfp vsubfp vmaddfp vnmsubfp vpkshss vand vpkshus vandc vpkswss vnor vpkswus vor vpkuhum
vxor vpkuhus vsel vpkuwum vslo vpkuwus vsro vrlw vslw vsraw vsrw vmaxfp vminfp vmrghw vmrglw vupkhsb vupklsb vupkhsh vupklsh vrfim
vrfin vrfip vrfiz vspltw vspltisw vcmpeqfp vcmpgefp vcmpgtfp vcmpbfp vcmpequw vperm vsldoi""".split())
TWINS["vmaddcfp128"] = "vmaddfp"


def twin(rng, rows, name):
    """(the word for qemu, the word for Wedge) on registers below 6."""
    r = lambda: rng.choice(list(VRS))
    d, a, b, c = r(), r(), r(), r()
    form, mask, value = rows[name]
    other = rows[TWINS[name]][2]
    imm, sh, rc = rng.getrandbits(5), rng.getrandbits(4), rng.getrandbits(1)
    w, q = value | d << 21 | b << 11, other | d << 21 | b << 11
    if name in ("vmaddfp128", "vnmsubfp128"):  # VD = VA * VB + VD
        return other | d << 21 | a << 16 | d << 11 | b << 6, w | a << 16
    if name == "vmaddcfp128":  # VD = VA * VD + VB
        return q | a << 16 | d << 6, w | a << 16
    if name.startswith("vspltis"):
        return other | d << 21 | imm << 16, value | d << 21 | imm << 16
    if name.startswith(("vsplt", "vcf", "vcs", "vcu")) and not name.startswith("vcm"):
        imm &= 3 if name.startswith("vsplt") else 31
        return q | imm << 16, w | imm << 16
    if name.startswith(("vrfi", "vupk")):
        return q, w
    q, w = q | a << 16, w | a << 16
    if form == "VX128_R":
        return q | rc << 10, w | rc << 6
    if name == "vsel128":
        return q | d << 6, w
    if name == "vperm128":
        return q | c << 6, w | c << 6
    if name == "vsldoi128":
        return q | sh << 6, w | sh << 6
    return q, w


def table():
    rows = {}
    for line in open(os.path.join(ROOT, "emu/cpu/ppc.def")):
        m = re.match(r"WG_PPC\((\w+),\s*(\w+),\s*(0x\w+),\s*(0x\w+),", line)
        if m:
            rows[m[1]] = (m[2], int(m[3], 16), int(m[4], 16))
    return rows


def edge(rng, bits):
    special = [0, 1, (1 << bits) - 1, 1 << (bits - 1), (1 << (bits - 1)) - 1, 0x80000000, 0x7FFFFFFF, 0xFFFFFFFF, 0x100000000]
    return (rng.choice(special) if rng.random() < 0.4 else rng.getrandbits(bits)) & ((1 << bits) - 1)


def double(rng):
    specials = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 1e300, -1e300, 1e-300, 3.4e38, 1e-40, 2147483647.0, -2147483648.5, 9.3e18]
    r = rng.random()
    if r < 0.45:
        return struct.unpack(">Q", struct.pack(">d", rng.choice(specials)))[0]
    if r < 0.55:
        return rng.choice([0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0xFFF8000000001234, 0x7FF4000000000000])
    if r < 0.8:  # a single in double format
        return struct.unpack(">Q", struct.pack(">d", struct.unpack(">f", struct.pack(">f", rng.uniform(-1e6, 1e6)))[0]))[0]
    return rng.getrandbits(64)


def word(rng, rows, name, use):
    form, mask, value = rows[name]
    w = value | (rng.getrandbits(32) & ~mask & 0xFFFFFFFF)
    regs = {"int": GPRS, "fp": FPRS, "vmx": VRS}[use]
    for shift in (21, 16, 11, 6):
        field = 31 << shift
        if mask & field:
            continue  # part of the opcode
        w = w & ~field | rng.choice(list(regs)) << shift
    if use == "int":
        w = fix_int(rng, name, form, w)
    if use == "fp":  # reserved fields are zero
        if name in ("fcmpu", "fcmpo"):
            w &= ~(3 << 21 | 1)
        if name == "mffsx":
            w &= ~0x001FF800
        if name in ("mtfsb0x", "mtfsb1x"):
            w = w & ~0x03FFF800 | rng.choice([0, 3, 4, 6, 7, 8, 10, 12, 16, 19, 22, 23]) << 21
        if name == "mtfsfix":
            w = w & ~0x03FFF800 | rng.choice([0, 1, 2, 3, 5]) << 23 | rng.getrandbits(4) << 12
        if name == "mcrfs":
            w = w & ~0x03FFF801 | rng.getrandbits(3) << 23 | rng.getrandbits(3) << 18
        if re.match("fsqrt|frsp|fmrx|fneg|fabs|fnabs|fcti|fcfid", name):
            w &= ~(31 << 16)
        if re.match("fsqrt|fadd|fsub|fdiv", name):
            w &= ~(31 << 6)
        if name.startswith("fmul"):
            w &= ~(31 << 11)
    if use == "vmx" and form == "VA" and name == "vsldoi":
        w &= ~(1 << 10)
    if name in ("vspltisb", "vspltish", "vspltisw", "vspltb", "vsplth", "vspltw", "vcfsx", "vcfux", "vctsxs", "vctuxs"):
        w = w & ~(31 << 16) | rng.getrandbits(5 if not re.match("vsplt[bhw]$", name) else {"b": 4, "h": 3, "w": 2}[name[-1]]) << 16
    if name.startswith("v") and form == "VX" and not name.startswith(("vsplt", "vcf", "vct")) and re.match("vrfi|vupk", name):
        w &= ~(31 << 16)
    return w


def fix_int(rng, name, form, w):
    if form == "D":
        w = w & ~0xFFFF | edge(rng, 16)
    if name in ("rlwinmx", "rlwimix", "rlwnmx"):
        keep = w & 0x0000F800 if name == "rlwnmx" else rng.getrandbits(5) << 11
        w = w & ~0xFFFE | keep | rng.getrandbits(10) << 1
    if name.startswith("rld") or name == "sradix":
        w = w & ~0x07E0 | rng.getrandbits(6) << 5 if name != "sradix" else w
        if name not in ("rldclx", "rldcrx"):
            w = w & ~(31 << 11) | rng.getrandbits(5) << 11
    if name == "srawix":
        w = w & ~(31 << 11) | rng.getrandbits(5) << 11
    if name.startswith("cmp"):
        w &= ~(1 << 22)
        w = w & ~(7 << 23) | rng.getrandbits(3) << 23
        if name in ("cmpi", "cmpli"):
            w = w & ~0xFFFF | edge(rng, 16)
        w &= ~1
    if name.startswith("cr"):
        w = w & ~0x03FFF800 | rng.getrandbits(15) << 11
        w &= ~1
    if name == "mcrf":
        w = w & ~0x03FFFFFF | rng.getrandbits(3) << 23 | rng.getrandbits(3) << 18
    if name == "mcrxr":
        w = w & ~0x03FFF801 | rng.getrandbits(3) << 23
    if name == "mfcr":  # or mfocrf of one field
        w = w & ~0x001FF801 | rng.choice([0, 0x100000 | 1 << (12 + rng.randrange(8))])
    if name == "mtcrf":
        w = w & ~0x001FF801 | rng.getrandbits(8) << 12
    if name in ("cntlzwx", "cntlzdx", "extsbx", "extshx", "extswx", "negx", "addmex", "addzex", "subfmex", "subfzex"):
        w &= ~(31 << 11)
    if name.startswith("mulh"):
        w &= ~(1 << 10)
    return w


class Case:
    def __init__(self, rng, rows, kind, length, only):
        self.kind = kind
        self.gpr = {r: edge(rng, 32 if kind == "int32" else 64) for r in GPRS}
        self.fpr = {r: double(rng) for r in FPRS}
        self.vr = {r: [vector_word(rng) for _ in range(4)] for r in VRS}
        self.cr = rng.getrandbits(32)
        self.fpscr = 0
        self.vscr = 0
        if kind.startswith("vmx"):
            self.vscr = self.fpscr = rng.choice([0, 0x10000])
        if kind == "fp":
            self.fpscr = rng.choice([0, 0, 0, 1, 2, 3])  # enabled exceptions are signals under qemu
        self.xer = rng.choice([0, 0x20000000, 0x80000000, 0xC0000000])
        names = {"int64": INT64, "int32": INT32, "fp": FP, "vmx": VMX, "vmx128": sorted(TWINS)}[kind]
        if only:
            names = [n for n in names if n == only] or names
        if length > 1:  # a divisor that the sequence computes may be zero
            names = [n for n in names if not n.startswith(("div", "fctiw", "mffs", "mtfsb1", "mcrfs"))]
            names = [n for n in names if n not in ("vsl", "vsr")]  # bytes of unequal counts: below
            # The console's single precision takes no doubles outside of its range (the vectors see to them), so that either nothing
            # in a sequence can leave one or nothing of it is single precision.
            if kind == "fp":
                single = rng.random() < 0.5
                names = [n for n in names if not (re.match(DENORMALS, n) if single else SINGLE.match(n))]
        self.names = [rng.choice(names) for _ in range(length)]
        if any(SINGLE.match(n) for n in self.names):
            self.fpr = {r: v & 1 << 63 if v & 0x7FF0000000000000 == 0 or 0x47F <= v >> 52 & 0x7FF < 0x7FF else v for r, v in self.fpr.items()}
        if self.names[0] in ("vsl", "vsr"):  # unequal counts are the console's own rule, equal ones the books'
            self.vr = {r: [w & 0xF8F8F8F8 | (v[3] & 7) * 0x01010101 for w in v] for r, v in self.vr.items()}
        use = {"int64": "int", "int32": "int", "fp": "fp", "vmx": "vmx", "vmx128": "vmx"}[kind]
        self.code = []
        self.ours = []
        for n in self.names:
            if kind == "vmx128":
                q, w = twin(rng, rows, n)
                self.code.append(q)
                self.ours.append(w)
                continue
            w = word(rng, rows, n, use)
            form = rows[n][0]
            if kind == "int64" and form != "D" and n not in NO_RC and not n.startswith("cr"):
                w &= ~1  # CR0 comes from 64 bits there
                if form == "XO":
                    w &= ~0x400
            if kind == "int32" and n.startswith("cmp"):
                w &= ~(1 << 21)  # L=1 is 64-bit
            if n.startswith("div"):  # quotients that do not exist are undefined
                self.gpr[w >> 11 & 31] = rng.randint(2, 70000)
                if w >> 16 & 31 == w >> 11 & 31:
                    w ^= 1 << 16
            self.code.append(w)
        if kind == "fp":
            # qemu leaves FR alone, gives conversions an FPRF (undefined) and unordered compares a class bit, clears FI in
            # compares, sets FX for exceptions that were set before but not with mtfsb1; and it negates before it
            # rounds, where the books round first.
            bits = [13] + ([15] if any(n.startswith("fcmp") for n in self.names) else [])
            if any(n.startswith("fcti") for n in self.names):
                bits = [13, 15, 16, 17, 18, 19]
            if length > 1:
                bits = [0, 13, 14, 15, 16, 17, 18, 19]
                self.code = [w & ~1 for w in self.code]
            if "mtfsb1x" in self.names:
                bits += [0]
                self.code = [w & ~1 for w in self.code]
            # Infinity times zero plus a signalling NaN raises both VXIMZ and VXSNAN (Book I, 4.4.1); qemu raises the first.
            if any("m" in n and "add" in n or "msub" in n for n in self.names) and any(signalling(v) for v in self.fpr.values()):
                bits += [7]
            self.clears = [0xFC00008C | b << 21 for b in bits]
            if any(n.startswith("fnm") for n in self.names):
                self.fpscr &= 1
        if kind == "int32":
            self.clears = [0x78000020 | r << 21 | r << 16 for r in GPRS]  # clrldi r,r,32


def signalling(bits):
    return bits & 0x7FF8000000000000 == 0x7FF0000000000000 and bits & ((1 << 51) - 1) != 0


def vector_word(rng):
    r = rng.random()
    if r < 0.3:
        return struct.unpack(">I", struct.pack(">f", rng.uniform(-1000, 1000)))[0]
    if r < 0.5:
        return rng.choice([0, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0x3F800000, 0x7F800000, 0x00018000, 0x7F80FF01, 0x80808080, 0x00000001, 0x007FFFFF, 0x807FFFFF,
                           0x00800000, 0x00800001, 0x80800000, 0x3F000000, 0x33800000, 0x7F7FFFFF, 0x00400000, 0x3F7FFFFF])
    return rng.getrandbits(32)


HARNESS64 = """
.abiversion 2
.section .text
.globl _start
_start:
  lis 29,inputs@highest; ori 29,29,inputs@higher; sldi 29,29,32; oris 29,29,inputs@h; ori 29,29,inputs@l
  lis 28,outputs@highest; ori 28,28,outputs@higher; sldi 28,28,32; oris 28,28,outputs@h; ori 28,28,outputs@l
  lis 27,code@highest; ori 27,27,code@higher; sldi 27,27,32; oris 27,27,code@h; ori 27,27,code@l
  lis 26,COUNT@h; ori 26,26,COUNT@l
1:
"""


def harness(bits, cases):
    load, store, word_size = ("ld", "std", 8) if bits == 64 else ("lwz", "stw", 4)
    s = [".machine \"power7\"\n.set COUNT,%d\n" % len(cases)]
    if bits == 64:
        s.append(HARNESS64)
    else:
        s.append(".section .text\n.globl _start\n_start:\n lis 29,inputs@h; ori 29,29,inputs@l\n lis 28,outputs@h; ori 28,28,outputs@l\n"
                 " lis 27,code@h; ori 27,27,code@l\n lis 26,COUNT@h; ori 26,26,COUNT@l\n1:\n")
    for i, r in enumerate(FPRS):
        s.append(" lfd %d,%d(29)\n" % (r, 64 + 8 * i))
    for i, r in enumerate(VRS):
        s.append(" li 25,%d\n lvx %d,25,29\n" % (128 + 16 * i, r))
    vmx = cases[0].kind.startswith("vmx")
    s.append(" li 25,240\n lvx 30,25,29\n mtvscr 30\n" if vmx else " lfd 31,248(29)\n mtfsf 255,31\n")
    s.append(" lwz 25,240(29)\n mtcrf 255,25\n lwz 25,244(29)\n mtxer 25\n mtctr 27\n")
    for i, r in enumerate(GPRS):
        s.append(" lwz %d,%d(29)\n" % (r, 8 * i + 4) if bits == 32 else " ld %d,%d(29)\n" % (r, 8 * i))
    s.append(" bctrl\n")
    for i, r in enumerate(GPRS):
        s.append(" stw %d,%d(28)\n" % (r, 8 * i + 4) if bits == 32 else " std %d,%d(28)\n" % (r, 8 * i))
    for i, r in enumerate(FPRS):
        s.append(" stfd %d,%d(28)\n" % (r, 64 + 8 * i))
    for i, r in enumerate(VRS):
        s.append(" li 25,%d\n stvx %d,25,28\n" % (128 + 16 * i, r))
    s.append(" mfvscr 30\n li 25,240\n stvx 30,25,28\n" if vmx else " mffs 31\n stfd 31,248(28)\n")
    s.append(" mfcr 25\n stw 25,240(28)\n mfxer 25\n stw 25,244(28)\n")
    s.append(" addi 29,29,256\n addi 28,28,256\n addi 27,27,CODE_STEP\n addic. 26,26,-1\n bne 1b\n")
    size = 256 * len(cases)
    s.append(" li 0,4\n li 3,1\n")
    s.append(" lis 5,%d\n ori 5,5,%d\n" % (size >> 16, size & 0xFFFF))
    if bits == 64:
        s.append(" mr 4,28\n subf 4,5,4\n")
    else:
        s.append(" subf 4,5,28\n")
    s.append(" sc\n li 0,1\n li 3,0\n sc\n.balign 16\ncode:\n")
    step = 4 * (max(len(c.code) for c in cases) + 10)
    for c in cases:
        ws = c.code + (c.clears if c.kind == "fp" else []) + [0x4E800020]
        ws += [0x60000000] * (step // 4 - len(ws))
        s.append(".long " + ",".join("0x%x" % w for w in ws) + "\n")
    s.append(".set CODE_STEP,%d\n.section .data\n.balign 16\ninputs:\n" % step)
    for c in cases:
        b = b"".join(struct.pack(">Q", c.gpr[r]) for r in GPRS)
        b += b"".join(struct.pack(">Q", c.fpr[r]) for r in FPRS)
        b = b.ljust(128, b"\0")
        b += b"".join(struct.pack(">4I", *c.vr[r]) for r in VRS)
        b = b.ljust(240, b"\0") + struct.pack(">IIQ", c.cr, c.xer, c.fpscr)
        s.append(".byte " + ",".join(str(x) for x in b.ljust(256, b"\0")) + "\n")
    s.append(".section .bss\n.balign 16\noutputs: .space %d\n" % size)
    return "".join(s)


def run_qemu(work, bits, cases):
    src, exe = os.path.join(work, "h%d.S" % bits), os.path.join(work, "h%d" % bits)
    open(src, "w").write(harness(bits, cases))
    cc = "powerpc64-linux-gnu-gcc" if bits == 64 else "powerpc-linux-gnu-gcc"
    extra = ["-mabi=elfv2"] if bits == 64 else []
    subprocess.run([cc, "-static", "-nostdlib", "-Wl,--build-id=none", "-no-pie", *extra, src, "-o", exe], check=True, stderr=subprocess.DEVNULL)
    cpu = "970_v2.2" if bits == 64 else "7400"
    out = subprocess.run(["qemu-ppc64" if bits == 64 else "qemu-ppc", "-cpu", cpu, exe], stdout=subprocess.PIPE)
    if out.returncode != 0 or len(out.stdout) != 256 * len(cases):
        sys.exit("qemu failed (%d), %d bytes" % (out.returncode, len(out.stdout)))
    return out.stdout


def vector_json(i, c, o):
    ins, outs = [], []
    g = [struct.unpack(">Q", o[8 * k:8 * k + 8])[0] for k in range(len(GPRS))]
    for k, r in enumerate(GPRS):
        ins.append('"r%d":"0x%x"' % (r, c.gpr[r]))
        outs.append('"r%d":"0x%x"' % (r, g[k]))
    if c.kind == "fp":
        for k, r in enumerate(FPRS):
            ins.append('"f%d":"0x%016x"' % (r, c.fpr[r]))
            v = struct.unpack(">Q", o[64 + 8 * k:72 + 8 * k])[0]
            if c.names[-1].startswith("fctiw") and c.code[-1] >> 21 & 31 == r:
                v = v & 0xFFFFFFFF | (0xFFFFFFFF00000000 if v >> 31 & 1 else 0)  # the high word is undefined
            outs.append('"f%d":"0x%016x"' % (r, v))
    if c.kind.startswith("vmx"):
        for k, r in enumerate(VRS):
            ins.append('"v%d":"%08x %08x %08x %08x"' % (r, *c.vr[r]))
            outs.append('"v%d":"%08x %08x %08x %08x"' % (r, *struct.unpack(">4I", o[128 + 16 * k:144 + 16 * k])))
    cr, xer = struct.unpack(">II", o[240:248])
    if c.kind.startswith("vmx"):
        ins.append('"vscr":"0x%x"' % c.vscr)
        outs.append('"vscr":"0x%x"' % struct.unpack(">I", o[252:256])[0])
    if c.kind == "fp":
        ins.append('"fpscr":"0x%x"' % c.fpscr)
        fpscr = struct.unpack(">I", o[252:256])[0]
        d = struct.unpack(">Q", o[64 + 8 * (c.code[-1] >> 21 & 31):][:8])[0] if c.code[-1] >> 21 & 31 < 6 else 0
        if re.match(r"f.*sx$|frsp", c.names[-1]) and 0 < d & ~(1 << 63) < 0x3810000000000000 and fpscr & 0xF000 in (0x4000, 0x8000):
            fpscr |= 0x10000 if len(c.names) == 1 else 0  # a denormal of single precision, which qemu calls normal
        outs.append('"fpscr":"0x%x"' % fpscr)
    ins.append('"cr":"0x%x"' % c.cr)
    ins.append('"xer":"0x%x"' % c.xer)
    outs.append('"cr":"0x%x"' % cr)
    if c.kind != "int64":
        outs.append('"xer":"0x%x"' % (xer & 0xE000007F))
    code = " ".join("%08x" % w for w in (c.ours or c.code) + getattr(c, "clears", []) + [0x4E800020])
    return '{"name":"%s_%d_%s","code":"%s","base":"0x82010000","in":{%s},"out":{%s}}' % (
        c.kind, i, "+".join(c.names), code, ",".join(ins), ",".join(outs))


def verdict(a, kind, cases, path):
    """Runs the cases under both; returns Wedge's exit status and what it printed."""
    out = run_qemu(a.work, 32 if kind == "int32" else 64, cases)
    with open(path, "w") as f:
        for i, c in enumerate(cases):
            f.write(vector_json(i, c, out[256 * i:256 * i + 256]) + "\n")
    p = subprocess.run([a.wedge, "cpu-test", path], stdout=subprocess.PIPE, text=True)
    return p.returncode, p.stdout.splitlines()


def minimise(a, kind, case):
    """The shortest code of the case that still differs, as a vector."""
    path = os.path.join(a.work, "minimise.jsonl")
    at = 0
    while at < len(case.code) and len(case.code) > 1:
        smaller = copy.deepcopy(case)
        for part in (smaller.names, smaller.code, smaller.ours):
            if part:
                del part[at]
        if verdict(a, kind, [smaller], path)[0]:
            case = smaller
        else:
            at += 1
    verdict(a, kind, [case], path)
    return open(path).read()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("wedge")
    ap.add_argument("work")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--count", type=int, default=4000)
    ap.add_argument("--length", type=int, default=1)
    ap.add_argument("--only")
    ap.add_argument("--kinds", default="int64,int32,fp,vmx,vmx128")
    a = ap.parse_args()
    rows = table()
    global VMX
    VMX = [n for n, r in rows.items() if r[2] >> 26 == 4 and not SKIP_VMX.search(n) and n.startswith("v")]
    os.makedirs(a.work, exist_ok=True)
    failed = 0
    for kind in a.kinds.split(","):
        rng = random.Random("%d %s" % (a.seed, kind))
        cases = [Case(rng, rows, kind, a.length, a.only) for _ in range(a.count)]
        path = os.path.join(a.work, kind + ".jsonl")
        status, lines = verdict(a, kind, cases, path)
        print("%s: %s" % (kind, lines[-1] if lines else "wedge exit %d" % status))
        if status:
            failed = 1
            print("\n".join(lines[:400]))
            found = os.path.join(a.work, "found.jsonl")
            with open(found, "a") as f:
                for n in [int(m[1]) - 1 for line in lines for m in [re.match(r"FAIL .*\(line (\d+)\)", line)] if m][:10]:
                    f.write(minimise(a, kind, cases[n]))
            print("minimised reproducers: %s (keep them in tests/vectors/found.jsonl)" % found)
    sys.exit(failed)


main()

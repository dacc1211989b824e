#!/usr/bin/env python3
"""Delta patches: those that `wedge pack --base` writes, and one built here by the format's description with moves, zeros,
copies and stored LZX, turn the old title into the new one; what does not fit is refused.

usage: patches.py WEDGE GUESTS WORKDIR
"""
import hashlib, itertools, os, random, shutil, struct, subprocess, sys

from containers import Package

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, guests, work = sys.argv[1:4]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)


def at(name):
    return os.path.join(work, name)


def run(*args):
    p = subprocess.run([wedge, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="latin-1")
    return p.returncode, p.stdout + p.stderr


def query(*args):  # (what is imported for it is said on standard error)
    p = subprocess.run([wedge, "query", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="latin-1")
    return p.returncode, p.stdout


def pack(elf, out, *flags):
    code, text = run("pack", os.path.join(guests, elf + ".elf"), "-o", at(out), *flags)
    assert code == 0, text
    return open(at(out), "rb").read()


def record(title, out, *flags):
    code, text = run("record", at(title), "-o", at(out), *flags)
    assert code == 0, text
    return text.split("\n")[0]


def calls(run_):
    code, text = query(at(run_), "--csv", "SELECT tid, name, rv FROM calls ORDER BY idx")
    assert code == 0, text
    return text


def big(data, offset):
    return struct.unpack(">I", data[offset:offset + 4])[0]


def check_form(patch, new, encrypted):
    """All of a patch's header that is not one of its opaque parts, word by word (docs/console.md#xex2, docs/layouts.md), and the chain of its blocks."""
    data, security, base = big(patch, 8), big(patch, 0x10), big(new, big(new, 0x10) + 0x110)
    size = (security - 0x54) // 8 * 8
    assert patch[:0x14] == b"XEX2" + struct.pack(">IIII", 0x51, data, 0, security) and data % 0x1000 == 0
    assert struct.unpack(">7I", patch[0x14:0x30]) == (3, 0x3FF, 0x30, 0x5FF, 0x54, 0x10201, base)
    assert struct.unpack(">IHHI", patch[0x30:0x3C]) == (36, encrypted, 3, 0x10000)
    assert big(patch, 0x54) == size == security - 0x54 and big(patch, 0x84) == big(new, 8) and patch[0x88:0xA0] == bytes(24)
    assert patch[0x58:0x5C] == patch[0x5C:0x60], "the guests have one version"
    assert big(patch, security) == 0x184 and big(patch, security + 4) == big(new, big(new, 0x10) + 4) and patch[security + 8:security + 0x110] == bytes(0x108)
    assert patch[security + 0x114:security + 0x150] == bytes(0x3C) and patch[security + 0x160:data] == bytes(data - security - 0x160)
    length, digest, blocks = big(patch, 0x3C), patch[0x40:0x54], 0
    while length and not encrypted:
        block = patch[data:data + length]
        assert len(block) == length and length % 16 == 0 and hashlib.sha1(block).digest() == digest, "a block"
        data, length, digest, blocks = data + length, big(block, 0), block[4:24], blocks + 1
    assert encrypted or (data == len(patch) and blocks)


# Smaller to larger and back, all compressions, encrypted and not.
tried = list(itertools.product((("hello", "system"), ("system", "hello"), ("threads", "threads")), ((), ("--encrypt",), ("--lzx", "--encrypt"), ("--compress",))))
for (old, new), flags in [*share.of("patches", tried[:-1], 2), tried[-1]]:  # the last one is used below
    shutil.rmtree(at("run"), ignore_errors=True)
    shutil.rmtree(at("new"), ignore_errors=True)
    pack(old, "title.xex", *flags)
    patch = pack(new, "title.xexp", "--base", at("title.xex"), *flags)
    check_form(patch, pack(new, "same.xex", *flags), "--encrypt" in flags)
    pack(new, "new.xex")
    want = record("new.xex", "new")
    assert record("title.xex", "run", "--patch", at("title.xexp")) == want, (old, new, flags)
    assert calls("run") == calls("new")
    code, text = run("replay", at("run"))
    assert code == 0 and "identical" in text, text
# What other loaders look at in a patch: its security information says its own size, and the new image's size and address (docs/console.md#xex2).
made, of = open(at("title.xexp"), "rb").read(), open(at("new.xex"), "rb").read()
says, new_says = (big(x, 0x10) for x in (made, of))
assert big(made, says) == 0x184 and big(made, says + 4) == big(of, new_says + 4) and big(made, says + 0x110) == big(of, new_says + 0x110)
assert says + 0x184 <= big(made, 8) <= len(made), "the data begins behind the header"
# The same in a title update, whose files are update:.
Package({"default.xexp": patch, "more/a.txt": b"x" * 5000}, 1, True, False).write(at("update.live"))
assert record("title.xex", "from-package", "--patch", at("update.live")) == want
code, text = run("replay", at("from-package"))
assert code == 0, text
# A changed patch is refused, by name.
open(at("title.xexp"), "ab").write(b"x")
code, text = run("replay", at("run"))
assert code == 2 and "title.xexp has changed" in text, text


def refused(title, patch, words):
    open(at("bad.xexp"), "wb").write(patch)
    code, text = run("record", at(title), "--patch", at("bad.xexp"), "--no-trace", "--seconds", "1")
    assert code == 2 and words in text, (code, text, words)


pack("hello", "hello.xex")
refused("hello.xex", patch, "made for another title or version")
refused("title.xex", patch[:100], "cut off: the file ends after 100 bytes, and its header alone has %d" % int.from_bytes(patch[8:12], "big"))
refused("title.xex", pack("hello", "plain.xex"), "no delta patch")
code, text = run("record", at("title.xexp"), "--no-trace")
assert code == 2 and "--patch" in text, text
shutil.copy(os.path.join(guests, "hello.elf"), at("hello.elf"))
refused("hello.elf", patch, "the title is none")


# A patch of our own.
def stored(data):
    """An LZX stream of uncompressed blocks: no call translation (0), type 3, 24 bits of length, R0 to R2, the bytes."""
    bits = 3 << 28 | len(data) << 4
    out = struct.pack("<HH", bits >> 16, bits & 0xFFFF) + struct.pack("<III", 1, 1, 1) + data
    return out + b"\0" * (len(data) & 1)


def entry(old, new, length, kind, data=b""):
    return struct.pack(">IIHH", old, new, length, len(data) if data else kind) + data


def blocks(chunks):
    out, head = b"", bytes(24)
    for chunk in reversed(chunks):
        body = head + chunk + bytes(12)
        head = struct.pack(">I", len(body)) + hashlib.sha1(body).digest()
        out = body + out
    return head, out


def option(xex, key):
    for i in range(big(xex, 20)):
        if big(xex, 24 + 8 * i) == key:
            return big(xex, 28 + 8 * i)
    raise KeyError(hex(key))


old = pack("hello", "old.xex")
new = bytearray(pack("system", "new.xex"))
named = pack("system", "named.xexp", "--base", at("old.xex"))  # for its keys, which take AES to make
oldh, newh = old[:big(old, 8)], bytes(new[:big(new, 8)])
oldi, newi = old[len(oldh):], bytes(new[len(newh):])


def build(records, header_move=(0, 0, 0), image_move=(0, 0, 0), header=None):
    head, body = blocks(records)
    header = entry(0, 0, len(newh), 0, stored(newh)) if header is None else header
    d = option(named, 0x5FF)
    delta = named[d:d + 0x30] + struct.pack(">I", len(newh)) + struct.pack(">6I", *header_move, *image_move) + header
    delta += bytes(-len(delta) % 8)
    info = struct.pack(">IHHI", 36, 0, 3, 0x8000) + head
    sec = 0x28 + len(info) + len(delta)
    security = named[big(named, 16):big(named, 16) + 0x184]
    front = b"XEX2" + struct.pack(">5I", 0x40, sec + 0x184, 0, sec, 2)
    front += struct.pack(">4I", 0x3FF, 0x28, 0x5FF, 0x28 + len(info))
    return front + info + delta + security + body


def works(patch, name):
    open(at("own.xexp"), "wb").write(patch)
    shutil.rmtree(at(name), ignore_errors=True)
    assert record("old.xex", name, "--patch", at("own.xexp")) == reference, name


record("new.xex", "reference")
reference = record("new.xex", "reference2")
pieces = [(p, newi[p:p + 0x4000]) for p in range(0, len(newi), 0x4000)]
plain = [entry(0, p, len(c), 0, stored(c)) for p, c in pieces]
works(build([b"".join(plain)]), "one-block")
works(build(plain), "block-each")
# Everything zero but what is needed; two identical pieces, the second a copy of the first in front of it; the old image
# moved up, then covered.
zeros = [entry(0, p, len(c), 0) if not any(c) else entry(0, p, len(c), 0, stored(c)) for p, c in pieces]
works(build([b"".join(zeros)], image_move=(0x100, 0x1000, len(oldi) - 0x1000)), "zeros")
staged = [entry(0, len(newi) - 0x4000, 0x4000, 0, stored(newi[:0x4000])), entry(len(newi) - 0x4000, 0, 0x4000, 1)] + plain[1:]
works(build([b"".join(staged)]), "copy")
# The header's old bytes moved first, and only the rest written.
works(build([b"".join(plain)], header_move=(8, 0x10, 0x40)), "header")

refused("old.xex", build([entry(0, len(newi), 1, 0)]), "target leaves the image")
refused("old.xex", build([entry(0xFFFFFFF0, 0, 0x20, 1)]), "source leaves the image")
refused("old.xex", build([entry(0, 0, 8, 0, stored(bytes(4)))]), "record at data byte")
refused("old.xex", build(plain, image_move=(1, 0xFFFFFFFF, 0)), "moves 0xffffffff bytes")
refused("old.xex", build(plain, header_move=(1, 0xFFFFFFFF, 0)), "moves 0xffffffff bytes")
refused("old.xex", build(plain, header_move=(1, 1, 0xFFFFFFFF)), "to 0xffffffff")
refused("old.xex", build(plain, header=entry(0, 0, 8, 0)), "the patched header is none")
p = bytearray(build(plain))
p[-100] ^= 1
refused("old.xex", bytes(p), "SHA-1")
p = bytearray(build(plain))
p[option(p, 0x5FF) + 0x10] ^= 1
refused("old.xex", bytes(p), "another signature")
rng = random.Random(3 + share.seed("damaged patches"))
good = build([b"".join(zeros)])
for i in range(150 // (3 * share.times if share.commit else 1)):
    p = bytearray(good)
    for _ in range(rng.randrange(1, 4)):
        p[rng.choice((rng.randrange(0x300), rng.randrange(len(p))))] = rng.choice([0, 1, 255, rng.getrandbits(8)])
    if rng.random() < 0.2:
        del p[rng.randrange(len(p)):]
    open(at("bad.xexp"), "wb").write(p)
    code, text = run("record", at("old.xex"), "--patch", at("bad.xexp"), "--no-trace", "--seconds", "1")
    assert code in (0, 2), (i, code, text)
print("delta patches: ours and others', applied, replayed, refused when wrong")

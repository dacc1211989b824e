#!/usr/bin/env python3
"""Titles in disc images: built here by the format's description, at every partition offset; recorded, replayed, refused when
changed; hostile ones get a message and exit status 2.

usage: image.py WEDGE GUESTS WORKDIR
"""
import os, random, shutil, struct, subprocess, sys

wedge, guests, work = sys.argv[1:4]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
SECTOR = 2048


class Disc:
    """A folder is a dict, a file bytes."""

    def __init__(self, tree, base=0):
        self.data = bytearray(base + 33 * SECTOR)
        self.base = base
        self.where = {}
        sector, size = self.folder(tree, "")
        at = base + 32 * SECTOR
        self.data[at:at + 20] = b"MICROSOFT*XBOX*MEDIA"
        self.data[at + 20:at + 28] = struct.pack("<II", sector, size)
        self.data[at + SECTOR - 20:at + SECTOR] = b"MICROSOFT*XBOX*MEDIA"

    def allot(self, content):
        self.data += b"\0" * (-(len(self.data) - self.base) % SECTOR)
        sector = (len(self.data) - self.base) // SECTOR
        self.data += content
        return sector

    def folder(self, tree, path):
        entries = []
        for name, content in tree.items():
            if isinstance(content, dict):
                sector, size = self.folder(content, path + "/" + name)
            else:
                sector, size = self.allot(content), len(content)
            entries.append((name, sector, size, 0x10 if isinstance(content, dict) else 0x80))
        entries.sort(key=lambda e: e[0].upper())
        offsets, at = [], 0
        for e in entries:
            offsets.append(at)
            at += 14 + len(e[0]) + 3 & ~3
        out = bytearray(b"\xff" * max(at, 4))
        # A balanced tree has its root in front, so the places are dealt in that order.
        order = []

        def balance(lo, hi):
            if lo >= hi:
                return None
            mid = (lo + hi) // 2
            node = {"entry": entries[mid]}
            order.append(node)
            node["left"], node["right"] = balance(lo, mid), balance(mid + 1, hi)
            return node
        balance(0, len(entries))
        at = 0
        for node in order:
            node["at"] = at
            at += 14 + len(node["entry"][0]) + 3 & ~3
        for node in order:
            name, sector, size, attributes = node["entry"]
            left, right = (n["at"] // 4 if n else 0 for n in (node["left"], node["right"]))
            raw = struct.pack("<HHIIBB", left, right, sector, size, attributes, len(name)) + name.encode("latin-1")
            out[node["at"]:node["at"] + len(raw)] = raw
        sector = self.allot(bytes(out))
        self.where[path] = (self.base + sector * SECTOR, len(out))
        return sector, len(out)

    def write(self, name):
        path = os.path.join(work, name)
        open(path, "wb").write(self.data)
        return path


def run(*args):
    p = subprocess.run([wedge, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return p.returncode, p.stdout + p.stderr


def guest(name):
    return open(os.path.join(guests, name + ".xex"), "rb").read()


TREE = {"default.xex": guest("hello"), "media": {"a.bin": b"abc" * 1000, "deep": {"b.txt": b"text"}, "empty": {}}, "z": b"", "readme.txt": b"x"}
digests = set()
for base in (0, 0xFB20, 0x20600, 0x2080000):
    path = Disc(TREE, base).write("disc-%x.iso" % base)
    out = os.path.join(work, "run-%x" % base)
    code, text = run("record", path, "-o", out)
    assert code == 0 and "exit:" in text, text
    digests.add(text.split("sha256 ")[1])
    code, text = run("replay", out)
    assert code == 0 and "identical" in text, text
    os.remove(path) if base > 0x100000 else None
assert len(digests) == 1, "the same title, the same trace, wherever its partition begins"
assert subprocess.run([wedge, "record", os.path.join(work, "run-0"), "-o", os.path.join(work, "x")], stderr=subprocess.DEVNULL).returncode == 2

# Changed inside: refused, and the message says what.
disc = Disc(TREE)
at = disc.data.find(b"XEX2")
disc.data[at + 0x3000] ^= 1
disc.write("disc-0.iso")
code, text = run("replay", os.path.join(work, "run-0"))
assert code == 2 and "default.xex of" in text and "changed" in text, text


def refused(disc, words, name="bad.iso"):
    code, text = run("record", disc.write(name), "--no-trace", "--seconds", "1")
    assert code == 2 and words in text, (code, text, words)


def at_entry(disc, path, name):
    start, size = disc.where[path]
    return disc.data.find(bytes([len(name)]) + name.encode(), start, start + size) - 13


d = Disc(TREE)
e = at_entry(d, "", "media")
d.data[e:e + 2] = struct.pack("<H", 0)  # its left child is ...
d.data[e + 2:e + 4] = struct.pack("<H", (e - d.where[""][0]) // 4 or 1)
code, text = run("record", d.write("loop.iso"), "--no-trace", "--seconds", "1")
assert code in (0, 2), text  # a loop may hit the root, which is there already; it must end
d = Disc(TREE)
e = at_entry(d, "/media", "deep")
d.data[e + 4:e + 8] = struct.pack("<I", (d.where["/media"][0] - d.base) // SECTOR)
refused(d, "inside of itself")
d = Disc(TREE)
e = at_entry(d, "/media", "a.bin")
d.data[e + 4:e + 8] = struct.pack("<I", 0x7FFFFFFF)
refused(d, "leaves the image")
d = Disc(TREE)
e = at_entry(d, "/media", "a.bin")
d.data[e + 14:e + 19] = b"../.."
refused(d, "name")
d = Disc({"readme.txt": b"no program"})
refused(d, "no default.xex inside")
d = Disc(TREE)
del d.data[d.where["/media"][0]:]
refused(d, "leaves the image")

rng = random.Random(5)
for i in range(120):
    d = Disc(TREE)
    places = [p for start, size in d.where.values() for p in range(start, start + size)] + list(range(32 * SECTOR + 20, 32 * SECTOR + 28))
    for _ in range(rng.randrange(1, 4)):
        d.data[rng.choice(places)] = rng.choice([0, 1, 255, rng.getrandbits(8)])
    if rng.random() < 0.2:
        del d.data[rng.randrange(len(d.data)):]
    code, text = run("record", d.write("mutated.iso"), "--no-trace", "--seconds", "1")
    assert code in (0, 2), (i, code, text)
print("disc images: read at every offset, replayed, refused when changed, never a crash")

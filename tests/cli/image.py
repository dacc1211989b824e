#!/usr/bin/env python3
"""Titles in disc images: built here by the format's description, at every partition offset; recorded, replayed, refused when
changed; hostile ones get a message and exit status 2.

usage: image.py WEDGE GUESTS WORKDIR
"""
import hashlib, json, os, random, shutil, struct, subprocess, sys

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
code, text = run("exports", os.path.join(work, "disc-0.iso"))
assert code == 0 and "2 of 2 imported functions" in text, text
code, text = run("info", os.path.join(work, "disc-0.iso"))
assert code == 0 and "entry" in text, text
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

class Package:
    """STFS: data blocks in groups of 170 behind their hash table, the second level's table behind the first group."""

    def __init__(self, files, copies, contiguous, second, magic=b"LIVE"):
        self.copies, self.order, self.tables, self.next = copies, [], {}, {}
        self.blocks = []
        listing = bytearray()
        folders = {}
        for path, content in files.items():
            *above, name = path.split("/")
            for i in range(1, len(above) + 1):
                folder = "/".join(above[:i])
                if folder not in folders:
                    parent = folders.get("/".join(above[:i - 1]), 0xFFFF)
                    folders[folder] = len(listing) // 64
                    listing += self.entry(above[i - 1], 0x80, 0, 0, parent)
            chain = [content[i:i + 4096].ljust(4096, b"\0") for i in range(0, len(content), 4096)]
            start = self.put(chain, contiguous)
            listing += self.entry(name, 0x40 if contiguous else 0, start, len(content), folders.get("/".join(above), 0xFFFF))
        listing += bytes(64)
        chain = [bytes(listing[i:i + 4096]).ljust(4096, b"\0") for i in range(0, len(listing), 4096)]
        directory = self.put(chain, True)
        total = len(self.blocks)
        out = bytearray(0xB000)
        self.where = []
        for group in range(0, total, 170):
            if group == 170:
                level1 = len(out)
                out += bytes(4096 * copies)
            self.tables[group // 170] = len(out)
            out += bytes(4096 * copies)
            for n in range(group, min(group + 170, total)):
                self.where.append(len(out))
                out += self.blocks[n]
        top = total > 170
        for n in range(total):  # level 0: in a package of two copies the one that level 1 (or the root flag) names
            copy = copies - 1 if (second and not top) or (copies == 2 and top and n // 170 % 2) else 0
            at = self.tables[n // 170] + 4096 * copy + 24 * (n % 170) + 20
            out[at:at + 4] = struct.pack(">I", 0x80000000 | self.next.get(n, 0xFFFFFF))
        if top:
            for g in self.tables:
                at = level1 + (4096 if second and copies == 2 else 0) + 24 * g + 20
                out[at:at + 4] = struct.pack(">I", (1 << 30) if copies == 2 and g % 2 else 0)
        out[:4] = magic
        out[0x340:0x344] = struct.pack(">I", 0xAD0E)
        d = 0x379
        out[d:d + 3] = bytes([0x24, 0, (1 if copies == 1 else 0) | (2 if second else 0)])
        out[d + 3:d + 5] = struct.pack("<H", len(chain))
        out[d + 5:d + 8] = struct.pack("<I", directory)[:3]
        out[d + 0x1C:d + 0x20] = struct.pack(">I", total)
        self.data = out
        self.directory = self.where[directory]

    @staticmethod
    def entry(name, flags, start, size, parent):
        blocks = struct.pack("<I", (size + 4095) // 4096)[:3]
        return name.encode().ljust(40, b"\0") + bytes([flags | len(name)]) + blocks * 2 + struct.pack("<I", start)[:3] + struct.pack(">HI", parent, size) + bytes(8)

    def put(self, chain, contiguous):
        """Appends a chain; not contiguous: its blocks backwards."""
        first = len(self.blocks)
        numbers = list(range(first, first + len(chain)))
        if not contiguous:
            numbers.reverse()
        self.blocks += [None] * len(chain)
        for i, n in enumerate(numbers):
            self.blocks[n] = chain[i]
            self.next[n] = numbers[i + 1] if i + 1 < len(numbers) else 0xFFFFFF
        return numbers[0] if numbers else 0

    def write(self, name):
        path = os.path.join(work, name)
        open(path, "wb").write(self.data)
        return path


large = bytes(random.Random(9).getrandbits(8) for _ in range(900000))
for copies in (1, 2):
    for contiguous in (True, False):
        for second in (False, True):
            for extra in ({}, {"media/large.bin": large}):
                files = {**extra, "media/deep/a.txt": b"x" * 5000, "default.xex": guest("hello"), "empty": b""}
                out = os.path.join(work, "stfs-%d%d%d%d" % (copies, contiguous, second, len(extra)))
                path = Package(files, copies, contiguous, second and copies == 2).write(os.path.basename(out) + ".live")
                code, text = run("record", path, "-o", out)
                assert code == 0 and text.split("sha256 ")[1] in digests, (copies, contiguous, second, text)
                code, text = run("replay", out)
                assert code == 0, text
small = {"default.xex": guest("hello"), "media/a": b"abc"}
d = Package(small, 2, False, False)
at = d.data.find(b"default.xex", d.directory)
d.data[at + 0x2F:at + 0x32] = b"\xff\xff\x0f"
refused(d, "needs block 0xfffff", "bad.live")
d = Package(small, 2, False, False)
d.data[d.directory + 0x32:d.directory + 0x34] = b"\x00\x07"
refused(d, "no folder before it", "bad.live")
d = Package(small, 2, False, False)
d.data[0x3A9:0x3AD] = struct.pack(">I", 1)
refused(d, "Data0000 is missing", "bad.live")
d.data[0x3A9:0x3AD] = struct.pack(">I", 2)
refused(d, "volume type 2", "bad.live")
del d.data[0x300:]
refused(d, "cut off", "bad.live")


class Svod:
    """A disc's sectors from `origin` on, spread over data files: 0x198 sectors behind each hash table, one table more in front."""

    def __init__(self, name, disc, layout):
        self.path = os.path.join(work, name)
        self.origin = {"enhanced": 0x20, "xsf": 0, "single": 0x20}[layout]
        self.single = layout == "single"
        head = bytearray(0xB000)
        head[:4] = b"LIVE"
        head[0x340:0x344] = struct.pack(">I", 0xAD0E)
        head[0x379] = 0x24
        head[0x379 + 0x18] = 0x40 if layout == "enhanced" else 0
        head[0x379 + 0x1C] = {"enhanced": 0x11, "xsf": 0, "single": 0x10}[layout]
        head[0x39D:0x3A1] = struct.pack(">I", 1)
        head[0x3A9:0x3AD] = struct.pack(">I", 1)
        open(self.path, "wb").write(head)
        shutil.rmtree(self.path + ".data", ignore_errors=True)
        if not self.single:
            os.makedirs(self.path + ".data")
        # The reference finds the descriptor of the second layout 0x10000 further than its sector, 32, says: there is no
        # difference, as sector 0 lies at 0x2000.
        for sector in range(self.origin, len(disc.data) // SECTOR + 1):
            self.put(sector, disc.data[sector * SECTOR:(sector + 1) * SECTOR])

    def put(self, sector, content):
        n = sector - self.origin
        file, within = divmod(n, 0x14388)
        at = within * SECTOR + (within // 0x198 + 1) * 0x1000 + 0x1000 + (0xB000 if self.single else 0)
        path = self.path if self.single else self.path + ".data/Data%04d" % file
        with open(path, "r+b" if os.path.exists(path) else "wb") as f:
            f.seek(at)
            f.write(content)


for layout in ("enhanced", "xsf", "single"):
    tree = {**TREE, "large.bin": large * 2}
    d = Disc(tree)
    if layout != "single":  # the last sector of one data file and what follows of the next
        e = at_entry(d, "", "readme.txt")
        far = {"enhanced": 0x20, "xsf": 0}[layout] + 0x14388 - 1
        d.data[e + 4:e + 12] = struct.pack("<II", far, 5000)
    p = Svod("svod-" + layout, d, layout)
    if layout != "single":
        for i in range(3):
            p.put(far + i, large[i * SECTOR:(i + 1) * SECTOR])
    out = os.path.join(work, "run-svod-" + layout)
    code, text = run("record", p.path, "-o", out)
    assert code == 0 and text.split("sha256 ")[1] in digests, (layout, text)
    code, text = run("replay", out)
    assert code == 0, text
    # What the guest would read of the files that lie across tables and data files.
    code, text = run("info", p.path, "--files", "--json")
    listing = {f["path"]: f["sha256"] for f in json.loads(text)["files"]}
    assert listing["large.bin"] == hashlib.sha256(large * 2).hexdigest(), layout
    assert listing["media\\deep\\b.txt"] == hashlib.sha256(b"text").hexdigest(), layout
    if layout != "single":
        assert listing["readme.txt"] == hashlib.sha256(large[:5000]).hexdigest(), layout
        os.remove(p.path + ".data/Data0001")
        code, text = run("record", p.path, "--no-trace", "--seconds", "1")
        assert code == 2 and "readme.txt" in text and "Data0000: offset" in text, text
        shutil.rmtree(p.path + ".data")
        code, text = run("record", p.path, "--no-trace", "--seconds", "1")
        assert code == 2 and "Data0000 is missing" in text, text

rng = random.Random(5)
for i in range(120):
    d = Package(small, rng.choice([1, 2]), rng.random() < 0.5, False)
    places = list(range(d.directory, d.directory + 200)) + list(range(0x379, 0x3AD)) + list(range(0x340, 0x344)) + list(range(d.tables[0], d.tables[0] + 200))
    for _ in range(rng.randrange(1, 4)):
        d.data[rng.choice(places)] = rng.choice([0, 1, 255, rng.getrandbits(8)])
    if rng.random() < 0.2:
        del d.data[rng.randrange(len(d.data)):]
    code, text = run("record", d.write("mutated.live"), "--no-trace", "--seconds", "1")
    assert code in (0, 2), (i, code, text)
for i in range(120):
    d = Disc(TREE)
    places = [p for start, size in d.where.values() for p in range(start, start + size)] + list(range(32 * SECTOR + 20, 32 * SECTOR + 28))
    for _ in range(rng.randrange(1, 4)):
        d.data[rng.choice(places)] = rng.choice([0, 1, 255, rng.getrandbits(8)])
    if rng.random() < 0.2:
        del d.data[rng.randrange(len(d.data)):]
    code, text = run("record", d.write("mutated.iso"), "--no-trace", "--seconds", "1")
    assert code in (0, 2), (i, code, text)
print("disc images and packages: read at every offset, replayed, refused when changed, never a crash")

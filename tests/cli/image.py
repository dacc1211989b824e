#!/usr/bin/env python3
"""Titles in disc images: built here by the format's description, at every partition offset; recorded, replayed, refused when
changed; hostile ones get a message and exit status 2.

usage: image.py WEDGE GUESTS WORKDIR
"""
import hashlib, itertools, json, os, random, shutil, struct, subprocess, sys

from containers import SECTOR, Disc, Package, Svod

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, guests, work = sys.argv[1:4]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)


def put(container, name):
    return container.write(os.path.join(work, name))


def run(*args):
    p = subprocess.run([wedge, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return p.returncode, p.stdout + p.stderr


def guest(name):
    return open(os.path.join(guests, name + ".xex"), "rb").read()


TREE = {"default.xex": guest("hello"), "media": {"a.bin": b"abc" * 1000, "deep": {"b.txt": b"text"}, "empty": {}}, "z": b"", "readme.txt": b"x"}
digests = set()
for base in (0, 0xFB20, 0x20600, 0x2080000):
    path = put(Disc(TREE, base), "disc-%x.iso" % base)
    out = os.path.join(work, "run-%x" % base)
    code, text = run("record", path, "-o", out)
    assert code == 0 and "exit:" in text, text
    digests.add(text.split("sha256 ")[1])
    code, text = run("replay", out)
    assert code == 0 and "identical" in text, text
    os.remove(path) if base > 0x100000 else None
code, text = run("exports", os.path.join(work, "disc-0.iso"))
assert code == 0 and "2 imported functions: 2 implemented" in text, text
code, text = run("info", os.path.join(work, "disc-0.iso"))
assert code == 0 and "entry" in text, text
assert len(digests) == 1, "the same title, the same trace, wherever its partition begins"
assert subprocess.run([wedge, "record", os.path.join(work, "run-0"), "-o", os.path.join(work, "x")], stderr=subprocess.DEVNULL).returncode == 2

# Changed inside: refused, and the message says what.
disc = Disc(TREE)
at = disc.data.find(b"XEX2")
disc.data[at + 0x3000] ^= 1
put(disc, "disc-0.iso")
code, text = run("replay", os.path.join(work, "run-0"))
assert code == 2 and "default.xex of" in text and "changed" in text, text

# What the title reads of its image is an input like a file of a folder: named, with its digest, and refused when it has changed.
disc = Disc({"default.xex": guest("files"), "files.xex": guest("files"), "seldom": {"a": b"never read"}})
path, out = put(disc, "reads.iso"), os.path.join(work, "run-reads")
code, text = run("record", path, "-o", out)
assert code == 0 and "exit:" in text, text
inputs = json.load(open(os.path.join(out, "manifest.json")))["files"]
assert [(f["guest"].split("\\")[-1], f["inside"], f["size"], f["sha256"]) for f in inputs] == [
    ("files.xex", "files.xex", len(guest("files")), hashlib.sha256(guest("files")).hexdigest())], inputs
assert run("verify", out)[0] == run("replay", out)[0] == 0


def fails(out):
    """What the guest finds otherwise than on a loose title's folder."""
    return [e["text"] for e in map(json.loads, run("events", out, "--kind", "guest.print", "--json")[1].splitlines()) if e["text"].startswith("FAIL")]


# Nothing can be written there; only that there is no hard disk beside it is otherwise.
assert len(fails(out)) == 1 and 'attributes("hdd:' in fails(out)[0], fails(out)
packed = os.path.join(work, "run-packed")
code, text = run("record", put(Package({"default.xex": guest("files"), "files.xex": guest("files")}, 1, True, False), "reads.live"), "-o", packed)
assert code == 0 and "exit:" in text and len(fails(packed)) == 1 and 'attributes("hdd:' in fails(packed)[0], (text, fails(packed))
at = disc.data.rfind(b"XEX2")
disc.data[at + 0x3000] ^= 1
put(disc, "reads.iso")
code, text = run("replay", out)
assert code == 2 and "files.xex of" in text and "changed" in text, text
code, text = run("verify", out)
assert code == 1 and "DIFFERS  files.xex of" in text and "ok       default.xex of" in text, text


def refused(disc, words, name="bad.iso"):
    code, text = run("record", put(disc, name), "--no-trace", "--seconds", "1")
    assert code == 2 and words in text, (code, text, words)


def at_entry(disc, path, name):
    start, size = disc.where[path]
    return disc.data.find(bytes([len(name)]) + name.encode(), start, start + size) - 13


d = Disc(TREE)
e = at_entry(d, "", "media")
d.data[e:e + 2] = struct.pack("<H", 0)  # its left child is ...
d.data[e + 2:e + 4] = struct.pack("<H", (e - d.where[""][0]) // 4 or 1)
code, text = run("record", put(d, "loop.iso"), "--no-trace", "--seconds", "1")
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
# A title of more than 256 MiB is none: it is not read into memory to find that out.
d = Disc({"default.xex": guest("hello")})
e = at_entry(d, "", "default.xex")
d.data[e + 4:e + 12] = struct.pack("<II", d.allot(b""), (256 << 20) + 1)
path = put(d, "large.iso")
os.truncate(path, len(d.data) + (256 << 20) + 1)
code, text = run("record", path, "--no-trace", "--seconds", "1")
assert code == 2 and "large.iso: default.xex is larger than 268435456 bytes" in text, text
os.remove(path)
# A file within another; two that are the same, as some tools store equal files, are fine.
d = Disc(TREE)
e, whole = at_entry(d, "", "readme.txt"), at_entry(d, "/media", "a.bin")
d.data[e + 4:e + 12] = d.data[whole + 4:whole + 12]
code, text = run("record", put(d, "shared.iso"), "--no-trace", "--seconds", "1")
assert code == 0, text
d.data[e + 4:e + 12] = struct.pack("<II", struct.unpack("<I", d.data[whole + 4:whole + 8])[0] + 1, 100)
refused(d, "\"readme.txt\" at sector 0x")
d = Disc(TREE)
e = at_entry(d, "/media", "a.bin")  # of two sectors; what follows belongs to others
d.data[e + 8:e + 12] = struct.pack("<I", 5 * SECTOR)
refused(d, "overlaps \"a.bin\" at sector 0x")
# A file right behind the root folder overlaps nothing.
d = Disc(TREE)
e, behind = at_entry(d, "", "readme.txt"), d.allot(b"behind")
assert behind == (d.where[""][0] - d.base) // SECTOR + 1
d.data[e + 4:e + 12] = struct.pack("<II", behind, 6)
code, text = run("record", put(d, "behind.iso"), "--no-trace", "--seconds", "1")
assert code == 0, text
# Many folders that are all the same large one.
d = Disc({"default.xex": guest("hello"), "zz": {}, **{"f%02d" % i: {} for i in range(60)}})
big = d.allot(b"\xff" * (2 << 20))
for i in range(60):
    e = at_entry(d, "", "f%02d" % i)
    d.data[e + 4:e + 12] = struct.pack("<II", big, 2 << 20)
refused(d, "folders of more than 64 MiB")
d = Disc({"readme.txt": b"no program"})
refused(d, "no default.xex inside")
d = Disc(TREE)
del d.data[d.where["/media"][0]:]
refused(d, "leaves the image")

large = bytes(random.Random(9).getrandbits(8) for _ in range(900000))
for copies, contiguous, second, extra in share.of("packages", itertools.product((1, 2), (True, False), (False, True), ({}, {"media/large.bin": large})), 2):
    files = {**extra, "media/deep/a.txt": b"x" * 5000, "default.xex": guest("hello"), "empty": b""}
    out = os.path.join(work, "stfs-%d%d%d%d" % (copies, contiguous, second, len(extra)))
    path = Package(files, copies, contiguous, second and copies == 2).write(out + ".live")
    code, text = run("record", path, "-o", out)
    assert code == 0 and text.split("sha256 ")[1] in digests, (copies, contiguous, second, text)
    code, text = run("replay", out)
    assert code == 0, text
small = {"default.xex": guest("hello"), "media/a": b"abc"}
d = Package(small, 2, False, False)
at = d.data.find(b"default.xex", d.directory)
d.data[at + 0x2F:at + 0x32] = b"\xff\xff\x0f"
refused(d, "needs block 0xfffff", "bad.live")
# A chain that leads back into itself, and a file that lies where another does.
d = Package({"default.xex": bytes(20000)}, 1, False, False)
first = struct.unpack("<I", bytes(d.data[d.directory + 0x2F:d.directory + 0x32]) + b"\0")[0]
entry = d.tables[0] + 24 * first + 20
d.data[entry:entry + 4] = struct.pack(">I", 0x80000000 | first)
refused(d, "has block 0x%x, which is in use already" % first, "bad.live")
d = Package({"default.xex": bytes(20000), "other": bytes(5000)}, 1, True, False)
d.data[d.directory + 64 + 0x2F:d.directory + 64 + 0x32] = d.data[d.directory + 0x2F:d.directory + 0x32]
refused(d, "file \"other\" has block 0x0, which is in use already", "bad.live")
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


for layout in ("enhanced", "xsf", "single"):
    tree = {**TREE, "large.bin": large * 2}
    d = Disc(tree)
    if layout != "single":  # the last sector of one data file and what follows of the next
        e = at_entry(d, "", "readme.txt")
        far = {"enhanced": 0x20, "xsf": 0}[layout] + 0x14388 - 1
        d.data[e + 4:e + 12] = struct.pack("<II", far, 5000)
    p = Svod(os.path.join(work, "svod-" + layout), d, layout)
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

rng, DAMAGED = random.Random(5 + share.seed("damaged images")), 120 // (3 * share.times if share.commit else 1)
for i in range(DAMAGED):
    d = Package(small, rng.choice([1, 2]), rng.random() < 0.5, False)
    places = list(range(d.directory, d.directory + 200)) + list(range(0x379, 0x3AD)) + list(range(0x340, 0x344)) + list(range(d.tables[0], d.tables[0] + 200))
    for _ in range(rng.randrange(1, 4)):
        d.data[rng.choice(places)] = rng.choice([0, 1, 255, rng.getrandbits(8)])
    if rng.random() < 0.2:
        del d.data[rng.randrange(len(d.data)):]
    code, text = run("record", put(d, "mutated.live"), "--no-trace", "--seconds", "1")
    assert code in (0, 2), (i, code, text)
for i in range(DAMAGED):
    d = Disc(TREE)
    places = [p for start, size in d.where.values() for p in range(start, start + size)] + list(range(32 * SECTOR + 20, 32 * SECTOR + 28))
    for _ in range(rng.randrange(1, 4)):
        d.data[rng.choice(places)] = rng.choice([0, 1, 255, rng.getrandbits(8)])
    if rng.random() < 0.2:
        del d.data[rng.randrange(len(d.data)):]
    code, text = run("record", put(d, "mutated.iso"), "--no-trace", "--seconds", "1")
    assert code in (0, 2), (i, code, text)
print("disc images and packages: read at every offset, replayed, refused when changed, never a crash")

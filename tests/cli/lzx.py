#!/usr/bin/env python3
"""The LZX of `wedge pack --lzx` is what others understand: its chunks, put into a cabinet, extract to the title's image, and
the digests of its blocks are right.

usage: lzx.py WEDGE GUESTS WORKDIR
"""
import hashlib, os, struct, subprocess, sys

wedge, guests, work = sys.argv[1:4]
os.makedirs(work, exist_ok=True)


def option(xex, key):
    for i in range(struct.unpack(">I", xex[20:24])[0]):
        k, v = struct.unpack(">II", xex[24 + 8 * i:32 + 8 * i])
        if k == key:
            return v
    raise KeyError(hex(key))


def pack(name, *flags):
    out = os.path.join(work, name + ".xex")
    subprocess.run([wedge, "pack", os.path.join(guests, name + ".elf"), "-o", out, *flags], check=True)
    return open(out, "rb").read()


def cabinet(chunks, sizes, bits):
    folder = struct.pack("<IHH", 36 + 8 + 16 + 6, len(chunks), 3 | bits << 8)
    file = struct.pack("<IIHHHH", sum(sizes), 0, 0, 0, 0, 0) + b"image\0"
    data = b"".join(struct.pack("<IHH", 0, len(c), n) + c for c, n in zip(chunks, sizes))
    total = 36 + len(folder) + len(file) + len(data)
    head = b"MSCF" + struct.pack("<IIIIIBBHHHHH", 0, total, 0, 36 + len(folder), 0, 3, 1, 1, 1, 0, 0, 0)
    return head + folder + file + data


for name in ("hello", "threads", "system", "cacheload"):
    plain, lzx = pack(name), pack(name, "--lzx")
    image = plain[struct.unpack(">I", plain[8:12])[0]:]
    at = option(lzx, 0x3FF)
    size, encryption, compression, window, block = struct.unpack(">IHHII", lzx[at:at + 16])
    digest = lzx[at + 16:at + 36]
    assert (encryption, compression) == (0, 2), (encryption, compression)
    data, chunks = lzx[struct.unpack(">I", lzx[8:12])[0]:], []
    while block:
        body = data[:block]
        assert hashlib.sha1(body).digest() == digest, name
        p = 24
        while True:
            n = struct.unpack(">H", body[p:p + 2])[0]
            if n == 0:
                break
            chunks.append(body[p + 2:p + 2 + n])
            p += 2 + n
        data = data[block:]
        block, digest = struct.unpack(">I", body[:4])[0], body[4:24]
    length = struct.unpack(">I", lzx[struct.unpack(">I", lzx[16:20])[0] + 4:][:4])[0]
    sizes = [min(32768, length - 32768 * i) for i in range(len(chunks))]
    cab = os.path.join(work, name + ".cab")
    open(cab, "wb").write(cabinet(chunks, sizes, window.bit_length() - 1))
    p = subprocess.run(["cabextract", "-q", "-p", cab], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.returncode == 0 and p.stdout == image[:length], (name, p.stderr, len(p.stdout), length)
print("cabextract gets the same images")

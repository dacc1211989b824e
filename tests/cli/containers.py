"""Builders of containers, by the formats' descriptions: disc images (GDFX), STFS and SVOD packages."""
import os, shutil, struct

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

    def write(self, path):
        open(path, "wb").write(self.data)
        return path


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

    def write(self, path):
        open(path, "wb").write(self.data)
        return path


class Svod:
    """A disc's sectors from `origin` on, spread over data files: 0x198 sectors behind each hash table, one table more in front."""

    def __init__(self, path, disc, layout):
        self.path = path
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

"""The hang corpus: its cases, their recordings (kept in a work folder), and what a case's names stand for in its trace."""
import hashlib, json, os, re, shutil, subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
NM = os.environ.get("NM", "powerpc-linux-gnu-nm")
CACHE_FILES = [
    f"{d}/{f}.bin" for d, names in (("4D5307D6", "textures sounds levels"), ("8F2A11C0", "shaders fonts movies"), ("C0FFEE42", "strings scripts index"))
    for f in names.split()
]


def file_hash(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


class Case:
    """A row of cases.json."""

    def __init__(self, row, healthy):
        self.row, self.healthy = row, healthy
        self.name = row.get("name", row["guest"])
        self.seconds = row.get("seconds", 2)

    def title_path(self, guests, titles):
        """The title's file, or None where it is not to be had."""
        if "title" in self.row:
            path = titles and os.path.join(titles, self.row["title"], self.row["guest"])
            return path if path and os.path.exists(path) else None
        folder = guests if "." not in self.row["guest"] else os.path.join(guests, "hangs")
        return os.path.join(folder, self.row["guest"] + ".xex")


def load(path=os.path.join(HERE, "cases.json")):
    with open(path) as f:
        doc = json.load(f)
    return [Case(r, False) for r in doc["hangs"]] + [Case(r, True) for r in doc["healthy"]]


class Recorder:
    """Records cases once: again only if the title, its options or the recorder have changed."""

    def __init__(self, wedge, guests, titles, work, seed=0):
        self.wedge, self.guests, self.titles, self.work, self.seed = wedge, guests, titles, work, seed
        self.wedge_hash = file_hash(wedge)
        os.makedirs(work, exist_ok=True)

    def _cache_folder(self):
        folder = os.path.join(self.work, "cache")
        for name in CACHE_FILES:
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if not os.path.exists(path):
                open(path, "wb").close()
        return folder

    def record(self, case):
        """The run's folder, or None if the case's title is not to be had."""
        title = case.title_path(self.guests, self.titles)
        if title is None:
            return None
        run = os.path.join(self.work, case.name + (f"@{self.seed}" if self.seed else ""))
        args = ["--seconds", str(case.seconds), "--sched-seed", str(self.seed)]
        if case.row.get("cache"):
            args += ["--cache", self._cache_folder()]
        key = " ".join([self.wedge_hash, file_hash(title), *args])
        try:
            if open(run + ".key").read() == key:
                return run
        except OSError:
            pass
        shutil.rmtree(run, ignore_errors=True)
        p = subprocess.run([self.wedge, "record", title, "-o", run, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if not os.path.exists(os.path.join(run, "trace.jsonl.zst")):
            raise SystemExit(f"{case.name}: not recorded: {p.stdout}")
        with open(run + ".key", "w") as f:
            f.write(key)
        return run


def lines(path):
    """The lines of a trace or log, compressed or not."""
    if path.endswith(".zst"):
        p = subprocess.Popen(["zstdcat", path], stdout=subprocess.PIPE, encoding="latin-1")
        yield from p.stdout
        p.wait()
    else:
        with open(path, encoding="latin-1") as f:
            yield from f


class Truth:
    """What the names of cases.json stand for in one recording."""

    WANTED = ('"kind":"thread.', '"kind":"handle.create"', '"guest_object"', '"kind":"trace.')

    def __init__(self, case, run, guests):
        self.case = case
        self.symbols = self._symbols(case, guests)
        self.entries, self.exits, self.created, self.at, self.thread_ids = {}, set(), {}, {}, {}
        self.reason, self.unfinished = None, {}
        for line in lines(os.path.join(run, "trace.jsonl.zst")):
            if any(w in line for w in self.WANTED):
                self._event(json.loads(line))

    @staticmethod
    def _symbols(case, guests):
        folder = guests if "." not in case.row["guest"] else os.path.join(guests, "hangs")
        elf = os.path.join(folder, case.row["guest"] + ".elf")
        if not os.path.exists(elf):
            return {}
        out = subprocess.run([NM, elf], stdout=subprocess.PIPE, text=True, check=True).stdout
        return {name: int(at, 16) for at, _, name in (l.split() for l in out.splitlines() if len(l.split()) == 3)}

    def _event(self, e):
        kind = e["kind"]
        if kind == "thread.create":
            self.entries[e["child"]] = int(e["entry"], 16)
            self.thread_ids[e["child"]] = e["hsid"]
        elif kind == "thread.exit":
            self.exits.add(e["tid"])
        elif kind == "handle.create":
            self.created.setdefault((e["object_type"], e["tid"]), []).append((e["hsid"], e["idx"]))
        elif kind == "trace.footer":
            self.reason = e["reason"]
        for h in e.get("handles", []):
            if isinstance(h, dict):
                self.at[int(h["guest_object"], 16)] = h["hsid"]

    def thread(self, name):
        """The thread's number; None for no thread."""
        if name is None or name == "main":
            return None if name is None else 1
        symbol, _, nth = name.partition("#")
        if symbol not in self.symbols:
            raise KeyError(f"{self.case.name}: no symbol {symbol}")
        tids = sorted(t for t, entry in self.entries.items() if entry == self.symbols[symbol])
        return tids[int(nth or 1) - 1]

    def object(self, o):
        """{hsid, tid of its creator, type, ...} of an object of cases.json; None for none."""
        if o is None or "path" in o:
            return o
        if "thread" in o:
            tid = self.thread(o["thread"])
            return {"type": "Thread", "hsid": self.thread_ids[tid], "tid": tid}
        if "at" in o:
            symbol, _, offset = o["at"].partition("+")
            at = self.symbols[symbol] + int(offset or 0)
            return {"type": o["type"], "hsid": self.at.get(at), "guest_object": at}
        by = self.thread(o["by"])
        hsid, idx = self.created[o["type"], by][o["nth"] - 1]
        return {"type": o["type"], "hsid": hsid, "by": by, "idx": idx}

    def threads(self, names):
        return [self.thread(n) for n in names]

"""The pairs: what is recorded of which guest with which fault, and what is made of the recordings."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zlib

import judge
import mutate
from convert import FIRST_GUEST

HERE = os.path.dirname(os.path.abspath(__file__))
FIRST = "boot stream mixer rings pool states named apcio save startup retry handshake frames timers polls".split()
SECOND = ("assets jobs voices slots rwtable hub watchdog ports mailbox parking levels journal session "
          "arcade relay paths heaps swarm lobby fences").split()
THIRD = ("ringload steal mixdown saveflow texcache renderer slist rwcache tickers elastic plugins netpoll later "
         "monitor kobjects iopump soundcard shell").split()
FOURTH = "deques graph depot wheel rejoin porter governor semlock soundring beatmix packlist flexpool freering coroutines".split()
FIFTH = "matchmaker collector unpacker escapement tokens courier tenants signpost stockroom".split()
SIXTH = "script futures forks catalogue sealer".split()
SEVENTH = "weave leases sluice lights".split()
EIGHTH = "dawn chapters tape usher cascade".split()
NINTH = "tiles parade lattice organ vault tripwire tide".split()
TENTH = "openworld frontend jobgrid fencewalk".split()
ELEVENTH = "autosave peerlobby taskweb decoder eventbus bootmount islands overseer".split()
TWELFTH = "bakery readroom crossing kettles intake porch".split()
IN_PLAY = ["city", "city_long", "city_day"]
OWN = FIRST + SECOND + THIRD + FOURTH + FIFTH + SIXTH + SEVENTH + EIGHTH + NINTH + TENTH + ELEVENTH + TWELFTH + IN_PLAY
LIBRARIES = {"plugins": ["codec.dll"]}
CACHE = ["4D5307D6/textures.bin", "4D5307D6/sounds.bin", "4D5307D6/levels.bin", "8F2A11C0/shaders.bin",
         "8F2A11C0/fonts.bin", "8F2A11C0/movies.bin", "C0FFEE42/strings.bin", "C0FFEE42/scripts.bin",
         "C0FFEE42/index.bin"]
PAD = ['{"at_ns": 0}', '{"at_ns": 20000000, "buttons": "0x1000", "left_trigger": 200}',
       '{"at_ns": 60000000, "buttons": "0x2000"}', '{"at_ns": 90000000, "buttons": 0}']
USERS = ['{"at_ns": 0, "user": 0, "signed_in": "live", "name": "Ann"}', '{"at_ns": 0, "answer": "keyboard", "text": "hi"}',
         '{"at_ns": 0, "answer": "message_box", "button": 0}', '{"at_ns": 900000000, "user": 1, "signed_in": "local"}',
         '{"at_ns": 950000000, "notify": "0xb", "parameter": 7}']
ANSWERS = ['{"at_ns": 0, "user": 0, "signed_in": "local", "name": "Bo"}', '{"at_ns": 0, "answer": "message_box", "button": 0}',
           '{"at_ns": 0, "answer": "keyboard", "text": "slot7"}']
INPUTS = {"frames": PAD, "pad": PAD, "xam": USERS, "startup": ['{"at_ns": 0}'], "saveflow": ANSWERS, "usher": ANSWERS, "vault": ANSWERS, "frontend": ANSWERS}
# Another player who does the same as far as the title can see.
OTHER_INPUTS = {"saveflow": ANSWERS + ['{"at_ns": 3000000, "buttons": "0x4000"}',
                                       '{"at_ns": 50000000, "buttons": 0, "right_trigger": 90}']}
SECONDS = {"dolphin": 3, "fences": 1, "city_long": 60, "city_day": 200}
LARGE = ("dolphin", "spawn", "threads", "city", "city_long", "city_day")
# What each thread of these calls does not hang on the schedule.
SEEDED = FIRST + "threads files memory system modules cacheload pad".split() + SECOND


class Unusable(Exception):
    pass


class Skipped(Exception):
    """The pair says nothing about the differ."""


def blob(name, n):
    out, i = b"", 0
    while len(out) < n:
        out += hashlib.sha256(("%s %d" % (name, i)).encode()).digest()
        i += 1
    return out[:n]


DATA = {**{"data/part%d.bin" % i: 3000 + 1500 * i for i in range(6)}, "data/movie.bin": 70000, "data/english.bin": 100,
        "data/config.bin": 64}


def digest(*parts):
    h = hashlib.sha256()
    for p in parts:
        h.update(p if isinstance(p, bytes) else str(p).encode())
        h.update(b"\0")
    return h.hexdigest()[:24]


class Lab:
    """Records and keeps what it has recorded; a recording is named by everything that it depends on."""

    def __init__(self, build, titles):
        self.build, self.titles = build, titles
        self.faulty = os.path.join(build, "tests/causes/faulty")
        self.keep = os.path.join(build, "tests/causes/cache")
        os.makedirs(self.keep, exist_ok=True)
        self.locks, self.lock = {}, threading.Lock()
        self.hashes, self.known = {}, {}
        self.commands = {}  # options of faulty, and the title
        self.runs = {}  # what was run, of each recording: the same words in every folder
        self.me = digest(open(os.path.join(HERE, "mutate.py"), "rb").read())
        self.converter = digest(open(os.path.join(HERE, "convert.py"), "rb").read())

    def once(self, path, make):
        """Makes a file if it is not there; two threads do not make the same one, two processes may, and the last one's equal bytes stay."""
        with self.lock:
            mine = self.locks.setdefault(path, threading.Lock())
        with mine:
            if not os.path.exists(path):
                part = "%s.%d.part" % (path, os.getpid())
                make(part)
                try:
                    os.replace(part, path)
                except OSError:  # a folder that another process has made by now cannot be replaced
                    if not os.path.isdir(path):
                        raise
                    shutil.rmtree(part)
        return path

    def remember(self, what, find):
        if what not in self.known:
            self.known[what] = find()
        return self.known[what]

    def file_hash(self, path):
        if path not in self.hashes:
            self.hashes[path] = digest(open(path, "rb").read())
        return self.hashes[path]

    def xex(self, guest):
        if guest == "dolphin":
            return os.path.join(self.titles, "dolphin/dolphin.xex")
        where = "tests/causes/guests" if guest in OWN else "guests"
        return os.path.join(self.build, where, guest + ".xex")

    def has(self, guest):
        return guest != "dolphin" or (self.titles and os.path.exists(self.xex(guest)))

    def folder(self, name, files, change):
        """A folder of made-up files, one of them removed, cut or altered."""
        path = os.path.join(self.keep, "%s-%s" % (name, digest(json.dumps(files), change)))

        def make(part):
            shutil.rmtree(part, ignore_errors=True)
            for f, size in files.items():
                os.makedirs(os.path.dirname(os.path.join(part, f)), exist_ok=True)
                content = blob(f, size)
                op, _, which = change.partition("=")
                if which == f:
                    content = {"remove": None, "truncate": content[: size // 3], "alter": blob(f + "!", size)}[op]
                if content is not None:
                    with open(os.path.join(part, f), "wb") as out:
                        out.write(content)

        return self.once(path, make)

    def title(self, guest, change):
        if guest not in OWN:
            return self.xex(guest)
        return os.path.join(self.folder("title-" + guest + "-" + self.file_hash(self.xex(guest)), DATA, change))

    def record(self, guest, fault=None, seed=0):
        """The trace of a run, and what the recorder said of it."""
        where, _, change = (fault or "").partition(":")
        outside = where in ("media", "cache", "inputs")
        media = change if where == "media" else ""
        title = self.title(guest, media)
        if guest in OWN:
            inside = os.path.join(title, guest + ".xex")
            self.once(inside, lambda p: shutil.copy(self.xex(guest), p))
            for library in LIBRARIES.get(guest, []):
                beside = os.path.join(os.path.dirname(self.xex(guest)), library)
                self.once(os.path.join(title, library), lambda p: shutil.copy(beside, p))
            title = inside
        command = [self.faulty, "-s", str(SECONDS.get(guest, 5))]
        if seed:
            command += ["--sched-seed", str(seed)]
        if fault and not outside:
            command += ["--fault", fault]
        if guest == "cacheload":
            command += ["--cache", self.folder("cache", {f: 100 for f in CACHE}, change if where == "cache" else "")]
        if guest in INPUTS and fault != "inputs:none":
            lines = INPUTS[guest] if where != "inputs" else OTHER_INPUTS[guest]
            script = os.path.join(self.keep, "inputs-%s.jsonl" % digest(*lines))
            self.once(script, lambda p: open(p, "w").write("\n".join(lines) + "\n"))
            command += ["--inputs", script]
        name = digest(self.file_hash(self.faulty), self.file_hash(self.xex(guest)), *command[1:], guest, media)
        trace = os.path.join(self.keep, "%s-%s.jsonl.zst" % (guest, name))

        def make(part):
            done = subprocess.run(command + ["-o", part, title], capture_output=True, text=True)
            if done.returncode == 2 or done.returncode < 0:
                raise Unusable("%s: %s" % (" ".join(command), done.stderr.strip()))
            with open(part + ".json", "w") as f:
                f.write(done.stdout)
            os.replace(part + ".json", trace + ".json")

        self.runs[trace] = "%s %s %d" % (guest, fault, seed)
        self.commands[trace] = command[1:] + [title]
        self.once(trace, make)
        return trace, json.load(open(trace + ".json"))

    def lines(self, trace):
        if not trace.endswith(".zst"):
            return open(trace).read().splitlines()
        return subprocess.run(["zstd", "-dcq", trace], capture_output=True, check=True, text=True).stdout.splitlines()

    def converted(self, trace, form, ext):
        path = os.path.join(self.keep, "c-%s%s" % (digest(os.path.basename(trace), form, self.converter), ext))

        def make(part):
            convert = [sys.executable, os.path.join(HERE, "convert.py"), "--to", form, trace, part]
            subprocess.run(convert, check=True, capture_output=True)

        return self.once(path, make)

    def bare(self, trace, names):
        """Of an engine that tells neither arguments nor results."""
        whole = self.mutated(trace, names)
        base, ext = os.path.splitext(whole)

        def make(part):
            with open(part, "w") as f:
                for line in open(whole):
                    f.write(re.sub(r',"(args":\[[^]]*\]|rv":-?\d+|void":true)', "", line))

        return self.once(base + "-bare" + ext, make)

    def lines_cut(self, trace, names, thousandths):
        whole = self.mutated(trace, names)
        base, ext = os.path.splitext(whole)

        def make(part):
            lines = open(whole).readlines()
            with open(part, "w") as f:
                f.writelines(lines[: len(lines) * int(thousandths) // 1000])

        return self.once("%s-%s%s" % (base, thousandths, ext), make)

    def mutated(self, trace, names):
        """A mutation of a trace: "+"-joined mutators, or "log" for the stock log's text; "as-FORM": a form of convert.py;
        "-bare" behind it: without arguments and results; "@N": the first N thousandths of its lines."""
        if names.endswith("-bare"):
            return self.bare(trace, names[:-5])
        if "@" in names:
            return self.lines_cut(trace, *names.split("@"))
        ext = ".log" if names.endswith("log") else ".jsonl"
        if names.startswith("as-"):
            return self.converted(trace, names[3:], ext)
        path = os.path.join(self.keep, "m-%s%s" % (digest(os.path.basename(trace), self.runs[trace], names, self.me), ext))

        def make(part):
            events = mutate.load(self.lines(trace))
            parts = [n for n in names.split("+") if n != "log"]
            if parts:
                events = mutate.mutate(events, "+".join(parts), zlib.crc32((self.runs[trace] + names).encode()))
            with open(part, "w") as f:
                f.write(mutate.text_log(events) if ext == ".log" else mutate.dump(events))

        return self.once(path, make)


# --- planted -----------------------------------------------------------------------------------------------------

TIMES = re.compile(r'"host_ns":\d+,("cycle":\d+,)?')


def threads(lab, trace):
    """A trace's lines by thread, without times."""
    by = {}
    for line in lab.lines(trace):
        if '"kind":"trace.' not in line:
            by.setdefault(int(re.search(r'"tid":(\d+)', line)[1]), []).append(TIMES.sub("", line))
    return by


def spoken(line):
    """The thread of a line and what it says, without times and what is chance; nothing of a wait's end, which a file that lies
    about waits leaves out, and of a file's own frame."""
    if line.startswith("{"):
        if '"kind":"trace.' in line or '"kind":"wait.end"' in line:
            return 0, ""
        return int(re.search(r'"tid":(\d+)', line)[1]), BY_CHANCE.sub("", TIMES.sub("", line))
    if not re.match(r"[dK]> ", line):
        return 0, ""
    return line[3:11], line


def calls(lab, trace):
    return {t: [re.search(r'"name":"(\w+)"', x)[1] for x in lines if x.startswith('{"kind":"kernel.')]
            for t, lines in threads(lab, trace).items() if t}


# Of the mutators those that change what is recorded; the others change how it is named, and when it happened.
RECORDS = re.compile(r"as-\w+$|log$|instrumented|names$|bare$|no-\w+$|cut|torn")
BY_CHANCE = re.compile(r'"idx":\d+,?|"rv":"?\w+"?,?(?=[^{]*"void")')  # of a line of such a file


class Planted:
    healthy = False

    def __init__(self, order, guest, cls, fault, expect, mutators=""):
        self.order, self.guest, self.cls, self.fault, self.mutators = order, guest, cls, fault, mutators
        self.expect = expect if expect != "-" else fault.split(":")[0]
        self.tid = None  # of the thread that the fault struck, if it struck once
        self.name = "p/%s/%s%s" % (guest, fault, "/" + mutators if mutators else "")
        self.foreign = "log" in mutators or "instrumented" in mutators or "as-" in mutators
        self.group = "other engine" if self.foreign else "retold" if mutators else cls

    def told_elsewhere(self, lab, a, b, how):
        """Whether a log of calls and results alone shows the fault: in its call's result, or, if something was lost, in
        that a thread makes other calls."""
        if self.fault.startswith(("media:", "cache:")) and self.mutators.startswith(("a:instrumented", "a:as-lying")):
            return False  # neither side has a path
        if self.fault.startswith(("media:remove", "cache:remove")):
            return True
        if self.fault.startswith("media:alter"):
            return False
        if "log" not in self.mutators and "-bare" not in self.mutators and self.result_differs(lab, a, b, how):
            return True
        # Of a trace that tells what calls gave, a log that only has the calls is enough.
        results = self.guest in TENTH and self.mutators == "b:as-log"
        lost = self.cls in ("lost", "nowake", "signal", "thread", "media")
        return (lost or results) and calls(lab, a) != calls(lab, b)

    @staticmethod
    def result_differs(lab, a, b, how):
        """Whether the call that the fault struck has another result; up to there the traces are the same."""
        def result(trace, strike):
            depth = 0
            for x in threads(lab, trace).get(strike["tid"], [])[strike["idx"] - (strike["tid"] == 0) :]:
                depth += x.startswith('{"kind":"kernel.call"') - x.startswith('{"kind":"kernel.return"')
                if depth == 0:  # of another schedule something else may stand there
                    rv = re.search(r'"rv":"(\w+)"', x)
                    return rv and rv[1]
            return None

        return any(result(a, s) != result(b, s) for s in how["strikes"])

    def files(self, lab):
        a, how = lab.record(self.guest, self.fault)
        b, _ = lab.record(self.guest)
        if any(s["n"] == 0 for s in how["strikes"]):
            raise Unusable("the fault never strikes")
        if not lab.remember(("differs", a, b), lambda: threads(lab, a) != threads(lab, b)):
            raise Unusable("the traces do not differ")
        if len(how["strikes"]) == 1 and how["strikes"][0]["n"] == 1:
            self.tid = how["strikes"][0]["tid"]
        if "at-entry" in self.mutators and how["end"] != "wedge":
            raise Skipped("the run does not hang")
        if self.foreign and not lab.remember(("told", self.mutators, a, b), lambda: self.told_elsewhere(lab, a, b, how)):
            raise Skipped("what differs is not in the other engine's log")
        for part in filter(None, self.mutators.split(",")):
            if part == "back":  # the faulty run is the reference
                a, b = b, a
                continue
            side, _, names = part.partition(":")
            if side == "a":
                a = lab.mutated(a, names)
                if self.tid and re.match("as-(log|reference|lying)", names):
                    self.tid += FIRST_GUEST  # convert.py numbers the guest's threads anew
                elif "tids" in names or "moved" in names or names.startswith("as-"):
                    self.tid = None  # or of a DPC, which a log tells of on whatever thread it comes to
            elif names.startswith("seed "):  # another schedule of the healthy run
                seed, _, rest = names[5:].partition("+")
                b = lab.record(self.guest, None, int(seed))[0]
                b = lab.mutated(b, rest) if rest else b
            else:
                b = lab.mutated(b, names)
        if "cut" in self.mutators and not self.within(lab, (a, b), how):
            raise Skipped("the run was cut before")
        if self.stopped_alike(lab):
            self.group = judge.ALIKE
        return a, b

    def stopped_alike(self, lab):
        """Whether the faulty run, as its file tells it, is thread by thread and byte for byte the beginning of the healthy run
        told so: such files do not say whether they are whole."""
        mine = [part[2:] for part in self.mutators.split(",") if part.startswith("a:")]
        forms = [n.replace("instrumented-moved", "instrumented") for m in mine for n in m.split("+") if RECORDS.match(n)]
        if not forms or "at-entry" in self.mutators:
            return False
        ours, healthy = (lab.remember(("spoken", self.guest, f, tuple(forms)), lambda f=f: self.spoken(lab, f, forms))
                         for f in (self.fault, None))
        return all(lines == healthy.get(tid, [])[: len(lines)] for tid, lines in ours.items())

    def spoken(self, lab, fault, forms):
        """By thread what a file of that form says of a run."""
        by = {}
        for line in lab.lines(lab.mutated(lab.record(self.guest, fault)[0], "+".join(forms))):
            tid, text = spoken(line)
            if text:
                by.setdefault(tid, []).append(text)
        return by

    def within(self, lab, files, how):
        """Whether the struck call has its result in both files, another in each: one of them, or both, are cut."""
        if not how["strikes"]:  # what lies outside strikes no call
            return False
        s = how["strikes"][0]
        told = [threads(lab, f).get(s["tid"], []) for f in files]
        return all(any('"kernel.return"' in x for x in t[s["idx"] :]) for t in told) and self.result_differs(lab, *files, how)

    def evidence(self, lab):
        """Where the fault struck, and each thread's first differing lines."""
        a, how = lab.record(self.guest, self.fault)
        b, _ = lab.record(self.guest)
        yield "end: %s, strikes: %s" % (how["end"], how["strikes"])
        ta, tb = threads(lab, a), threads(lab, b)
        for tid in sorted(set(ta) | set(tb)):
            x, y = ta.get(tid, []), tb.get(tid, [])
            i = next((i for i, (p, q) in enumerate(zip(x, y)) if p != q), min(len(x), len(y)))
            if i < max(len(x), len(y)):
                yield "thread %d differs at %d:" % (tid, i)
                yield "  here  " + (x[i][:300] if i < len(x) else "(ends)")
                yield "  there " + (y[i][:300] if i < len(y) else "(ends)")


class Healthy:
    healthy = True

    def __init__(self, order, guest, group, a, b):
        """`a` and `b` say what is made of the recording: "" the run itself, "seed N", or mutators."""
        self.order, self.guest, self.group, self.a, self.b = order, guest, group, a, b
        self.name = "h/%s/%s|%s" % (guest, a, b)

    def side(self, lab, how):
        if how.startswith("seed "):
            seed, _, rest = how[5:].partition("+")
            trace, _ = lab.record(self.guest, None, int(seed))
            return lab.mutated(trace, rest) if rest else trace
        if how.startswith("script"):
            trace, how = lab.record(self.guest, "inputs:other")[0], how[7:]
        else:
            trace, _ = lab.record(self.guest)
        return lab.mutated(trace, how) if how else trace

    def files(self, lab):
        return self.side(lab, self.a), self.side(lab, self.b)

    def evidence(self, lab):
        return []


def planted_table():
    for line in open(os.path.join(HERE, "pairs.tsv")):
        if line.strip() and not line.startswith("#"):
            yield line.rstrip("\n").split("\t")


# What is done to the reference side of planted pairs, in turn: identity changes, nothing is lost.
AGAIN = ["b:moved", "b:moved-locks", "b:handles,a:jitter", "b:tids+handles-reference", "b:addresses+variables+hsids",
         "b:sign", "b:integers", "a:returns-at-entry,b:moved", "b:queries", "b:no-hsids"]
# Of healthy runs: what is made of one side, the other being the run itself.
HEALTHY_MUTATIONS = ["handles", "handles-reference+tids", "addresses", "variables", "hsids", "no-hsids", "jitter", "sign",
                     "integers", "no-args", "no-lr", "no-out", "no-rv", "no-resolved", "no-signals", "bare", "names",
                     "instrumented", "instrumented-moved", "returns-at-entry", "locks", "queries", "moved", "moved-locks",
                     "log", "handles+tids+log", "cut", "cut-early", "instrumented-moved+locks", "moved+cut"]
FORMS = [("as-log", ""), ("", "as-reference"), ("as-lying", "moved"), ("as-log", "as-reference"), ("seed 6", "as-reference"),
         ("as-log", "seed 7+moved"), ("cut", "as-reference"), ("seed 3+as-log", "seed 9+as-log"), ("as-minimal", "seed 8"),
         ("strangers", ""), ("seed 5+strangers+moved", "seed 6")]
TOLD = [("as-reference", "as-log"), ("as-log", "as-minimal"), ("log", "instrumented-moved"), ("as-log", "handles+tids+log"),
        ("as-reference", "seed 3+as-log")]
TORN = [("torn+log", "log"), ("log", "torn+log"), ("torn+instrumented-moved", "instrumented"),
        ("instrumented", "torn+instrumented-moved"), ("torn+log", "instrumented")]
HEALTHY_GUESTS = FIRST + "files memory gpu system modules xam cacheload pad seh loads missing hello".split() + SECOND


# Of the third guests: every pair under another schedule, and as the two sides of an investigation are told.
OTHER_DAY = ["b:seed 22+as-reference", "a:as-lying,b:seed 23+as-reference", "a:moved,b:seed 24+moved-locks",
             "b:seed 25+as-log", "a:jitter,b:seed 26+cut", "b:as-log"]
QUIET = [("", "seed 31"), ("seed 32+moved", "seed 33+moved-locks"), ("seed 34", "seed 35+as-reference"), ("moved", "queries"),
         ("seed 36+as-lying", "seed 37+as-log"), ("cut", "seed 38+cut-early"), ("seed 39+torn", "seed 40+as-reference"),
         ("torn+log", "seed 41+as-log"), ("seed 42+as-minimal", ""), ("strangers", "seed 43+as-lying"),
         ("seed 44+locks", "seed 45+queries"), ("as-reference", "seed 46+as-reference"), ("seed 47+cut", "as-log"),
         ("seed 48+instrumented-moved", "seed 49+instrumented")]


def retellings(order, guest, cls, fault):
    """How a planted pair is told again."""
    if guest in FOURTH + TWELFTH:
        return ["back", ("b:seed 21", "a:moved,b:seed 24+moved-locks", "back,b:jitter")[order % 3]]
    if guest in FIFTH + SIXTH + SEVENTH + EIGHTH + NINTH + TENTH + ELEVENTH:
        again = ["back,b:jitter", OTHER_DAY[order % len(OTHER_DAY)], "a:as-log,b:seed 67+as-reference"]
        again += ["a:as-lying-bare,b:as-reference-bare"] if guest in EIGHTH + NINTH + TENTH + ELEVENTH else []
        return again + (["b:as-log", "a:as-log,b:as-log"] if guest in TENTH else ["a:as-log"] if guest in ELEVENTH else [])
    if guest in THIRD + IN_PLAY:
        return ["b:seed 21", OTHER_DAY[order % len(OTHER_DAY)]]
    # Of another layout nobody knows which physical address is right.
    if guest in LARGE or fault.startswith("MmGetPhysicalAddress"):
        return []
    again = [AGAIN[order % len(AGAIN)], "b:instrumented-moved"]
    if order % 3 == 0:
        again.append("a:instrumented,b:instrumented-moved")
    if cls in ("lost", "nowake", "create", "timer", "thread", "signal"):
        again.append("a:returns-at-entry,b:returns-at-entry")
    if cls == "lost" or fault.startswith(("media:remove", "cache:remove")):
        again.append("b:log")
    if guest in SECOND and order % 3 == 1 and cls not in ("lost", "nowake", "media", "create"):
        again.append(("b:cut", "a:cut,b:cut", "a:cut,b:seed 51")[order % 9 // 3])
    if guest in SECOND and order % 4 == 1:
        again.append("a:as-lying,b:as-reference")
    if guest in SECOND and order % 4 == 3 and cls in ("lost", "status", "wait"):
        again.append("b:as-log")
    return again


def planted(lab):
    order = 0
    for guest, cls, fault, expect in planted_table():
        if lab.has(guest):
            order += 1
            yield Planted(order, guest, cls, fault, expect)
            for i, m in enumerate(retellings(order, guest, cls, fault)):
                yield Planted(order + 0.1 * (i + 1), guest, cls, fault, expect, m)


# Where a file ends just before what it lacks would come: a thread's end, a return, a tick of a timer that time alone
# brings, a wait for what has been signalled, another round, a pool's next thread; or where every thread waits, as it
# does often.
STOPPED = [("chapters", "as-reference", "as-log@957"), ("assets", "as-lying@164", "seed 21+as-log"),
           ("wheel", "as-log@958", "seed 76"), ("wheel", "as-log@950", "seed 55+as-reference"),
           ("wheel", "seed 83+as-log", "as-lying@805"), ("frames", "seed 67", "as-lying@711"),
           ("slots", "as-log@490", "seed 50+as-log"), ("graph", "seed 50+as-log", "as-log@915"),
           ("steal", "seed 47+as-log", "as-log@499"), ("lobby", "seed 55+as-log", "as-log@902"),
           ("named", "seed 64", "as-lying@906"), ("save", "seed 71", "as-log@955"),
           ("packlist", "as-lying@988", "seed 68+as-reference"), ("flexpool", "seed 57+instrumented-moved", "seed 35+no-out+cut")]


def healthy(lab):
    order = 10000
    for i, guest in enumerate(HEALTHY_GUESTS):
        # Each guest gets half of the mutations, on one side or the other.
        for j, m in enumerate(HEALTHY_MUTATIONS):
            if (i + j) % 2:
                continue
            order += 1
            a, b = ("", m) if (i + j) % 4 else (m, "")
            yield Healthy(order, guest, "harmless calls" if m in ("locks", "queries", "moved-locks") else
                          "cut" if m.startswith("cut") else "other names and places", a, b)
    for guest, seed in [(g, n) for g in ("pool", "boot") for n in range(3, 9)] + [("rings", 3), ("threads", 3)]:
        order += 1
        yield Healthy(order, guest, "schedules", "seed %d" % seed, "seed %d" % (seed + 10) if seed % 3 == 0 else "")
    for guest in SEEDED:
        for seed in (1, 2):
            order += 1
            yield Healthy(order, guest, "schedules", "seed %d" % seed, "" if seed == 1 else "moved")
        order += 1
        yield Healthy(order, guest, "schedules", "seed 4", "instrumented-moved")
        order += 1
        yield Healthy(order, guest, "cut", "cut-early", "seed 5+cut" if guest != "threads" else "cut")
    # Another engine's files of the same run, or of another schedule; two of them against each other.
    for guest in SECOND:
        for a, b in FORMS:
            order += 1
            yield Healthy(order, guest, "forms", a, b)
    for guest in THIRD + FOURTH + FIFTH + SIXTH + SEVENTH + EIGHTH + NINTH + TENTH + ELEVENTH + TWELFTH:
        for a, b in QUIET:
            order += 1
            yield Healthy(order, guest, "schedules" if "as-" not in a + b else "forms", a, b)
    for guest in EIGHTH + NINTH + TENTH + ELEVENTH:
        order += 1
        yield Healthy(order, guest, "forms", "as-lying-bare", "seed 6+as-reference-bare")
    # A log that was stopped anywhere: at another line of each guest.
    for i, guest in enumerate(SECOND + THIRD + FOURTH + FIFTH + SIXTH + SEVENTH + EIGHTH + NINTH + TENTH + ELEVENTH):
        for k in range(2):
            cut = "as-log@%d" % (330 + (i * 137 + k * 311) % 650)
            order += 1
            yield Healthy(order, guest, "stopped anywhere", *((cut, "seed 71+as-reference") if k else ("as-reference", cut)))
    for guest in ("taskweb", "tide", "heaps", "parade"):
        for a, b in (("slots", "seed 5"), ("as-log", "slots+log"), ("seed 6+moved", "slots+instrumented-moved")):
            order += 1
            yield Healthy(order, guest, "other names and places", a, b)
    for guest, a, b in STOPPED:
        order += 1
        yield Healthy(order, guest, "stopped anywhere", a, b)
    for i, (a, b) in enumerate(QUIET):
        for guest in ("city", "city_long") if i % 3 == 0 else ("city",):
            order += 1
            yield Healthy(order, guest, "in play", a, b)
    for a, b in (("script", ""), ("", "script moved"), ("seed 3+as-reference", "script as-log")):
        order += 1
        yield Healthy(order, "saveflow", "other input", a, b)
    for i, guest in enumerate(FIRST + ["xam", "files", "threads"]):
        order += 1
        yield Healthy(order, guest, "forms", *FORMS[i % len(FORMS)])
    # Text against JSON Lines of the same run, either way, with threads in another schedule, and where a file ends while
    # some threads' last lines are not in it.
    for guest in SECOND + FIRST:
        for a, b in TOLD:
            order += 1
            yield Healthy(order, guest, "text and JSON Lines", a, b)
        for a, b in TORN:
            order += 1
            yield Healthy(order, guest, "torn", a, b)
    for guest in ("polls", "xam"):
        for a, b in (("polls", ""), ("", "polls"), ("polls+handles", "tids"), ("seed 3+polls", "")):
            order += 1
            yield Healthy(order, guest, "polling loops", a, b)
    for guest, a, b in (("dolphin", "", "moved"), ("dolphin", "", "instrumented-moved"), ("dolphin", "locks", ""),
                        ("dolphin", "seed 1", ""), ("dolphin", "cut", ""), ("dolphin", "", "log"),
                        ("threads", "seed 2", "moved"), ("threads", "locks", "")):
        if lab.has(guest):
            order += 1
            yield Healthy(order, guest, "larger", a, b)


def other_day(lab):
    """Every planted pair of the other guests as those of the third are told, and their healthy runs: what a schedule hides."""
    order = 20000
    for guest, cls, fault, expect in planted_table():
        if guest in SEEDED and guest not in LARGE:
            order += 1
            for m in ("b:seed 21", OTHER_DAY[:4][order % 4]):
                yield Planted(order, guest, cls, fault, expect, m)
    for guest in (g for g in SEEDED if g not in LARGE):
        for a, b in QUIET:
            order += 1
            yield Healthy(order, guest, "schedules" if "as-" not in a + b else "forms", a, b)


def pairs(lab):
    return list(planted(lab)) + list(healthy(lab))


# What no other test of the quick ones would notice.
ALWAYS = {"h/taskweb/slots|seed 5", "h/tide/as-log|slots+log", "p/peerlobby/NtSetTimerEx:drop:nth=2/a:as-log", "p/organ/NtQueueApcThread:drop:nth=5/a:as-lying,b:seed 23+as-reference", "h/lattice/|seed 31", "h/vault/|as-reference",
          "p/tripwire/NtSetEvent:drop:tid=3/a:as-log,b:seed 67+as-reference", "h/chapters/as-reference|as-log@957",
          "p/tripwire/NtResumeThread:drop:nth=2/a:as-log,b:seed 67+as-reference", "p/parade/KeResetEvent:never:tid=3:nth=10",
          "h/depot/as-log@921|seed 71+as-reference", "h/flexpool/as-log@854|seed 71+as-reference", "h/mixer/|log",
          "p/jobgrid/NtSetEvent:drop:tid=1:nth=3/a:as-lying-bare,b:as-reference-bare", "p/frontend/XamUserGetXUID:drop:rv=0x525/b:as-log",
          "h/forks/as-log@822|seed 71+as-reference", "h/organ/cut|seed 38+cut-early", "h/tripwire/seed 47+cut|as-log",
          "h/tickers/as-reference|as-log@916", "p/collector/KeSetEvent:nowake:object=p:nth=1/a:as-log,b:seed 67+as-reference"} | {"h/%s/%s|%s" % pair for pair in STOPPED}


def quick(every):
    """Every so many of the small ones of each kind; of the second guests, of which there are many pairs, fewer."""
    small = [p for p in every if p.guest not in LARGE + ("gpu", "xam", "system")]
    third = [p for p in small if p.guest in THIRD + FOURTH + FIFTH + SIXTH + SEVENTH + EIGHTH + NINTH + TENTH + ELEVENTH]
    twelfth = [p for p in small if p.guest in TWELFTH]
    second = [p for p in small if p not in third and p not in twelfth and (p.guest in SECOND or p.group == "forms")]
    first = [p for p in small if p not in third and p not in second and p not in twelfth]
    known = {line.split("\t")[0] for line in open(os.path.join(HERE, "open.tsv")) if line[0] != "#"}
    third = [p for p in third if p.name not in known]
    chosen = sample(first, 6, 18, 8) + sample(second, 31, 103, 101) + sample(third, 9, 29, 12) + sample(twelfth, 50, 97, 84)
    return chosen + [p for p in every if p.name in ALWAYS and p not in chosen]


def sample(pairs, plain, again, quiet):
    planted_ones = [p for p in pairs if not p.healthy]
    return ([p for p in planted_ones if not p.mutators][::plain] + [p for p in planted_ones if p.mutators][::again] +
            [p for p in pairs if p.healthy][::quiet])

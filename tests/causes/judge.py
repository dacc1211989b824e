"""What `wedge diff` answered, and whether a person who knows the fault would call it right."""
import collections
import re
import subprocess

EXPORT = re.compile(r"\b(?:Nt|Ke|Kf|Ki|Rtl|Xam|XNotify|XAudio|XGet|XMA|XMsg|XeCrypt|Ex|Mm|Ob|Vd|Xex|Dbg|Interlocked|Hal|Io)"
                    r"[A-Z]\w+|\bNetDll_\w+|\b__C_specific_handler\b|\b(?:Wait\w*Object\w*|Sleep(?:Ex)?|ResumeThread|CreateThread"
                    r"|GetTickCount)\b|\b_?v?sn?w?printf\b")
# A loss shows where somebody waits for what was lost: such a line is right if it names what was lost, too.
WAITS = re.compile(r"Wait|Sleep|RtlEnterCriticalSection|KfAcquireSpinLock|KeDelayExecutionThread")

ALIKE = "stopped alike"  # corpus.py says which these are: they count for themselves, not in all

Result = collections.namedtuple("Result", "verdict first out code")


def names(text):
    return [m[0] for m in EXPORT.finditer(text)]


def matches(line, pair):
    """Whether a line says what the pair expects: export names or /regular expressions/, "||" between. The export whose
    behaviour was changed must be named of the thread that it struck."""
    thread = re.search(r"^no (thread)|\bthread (\d+)", line)
    elsewhere = pair.tid is not None and thread is not None and int(thread[2] or 0) != pair.tid
    for want in (w.strip() for w in pair.expect.split("||")):
        if want.startswith("/"):
            if re.search(want[1:-1], line):
                return True
            continue
        found = names(line)
        if want in group(line) and not elsewhere or want in balance(line):
            return True
        if want in found and found[0] == want and not (elsewhere and want == pair.fault.split(":")[0]):
            return True
        if want in found and found[0] != want and WAITS.search(found[0]):
            return True
    return False


def group(line):
    """Of a line that names several calls of one thread which its file cannot tell apart: calls that go on meanwhile, and the wait
    for them. Their results are not told, and the thread makes all of them before it goes another way."""
    said = re.match(r"thread \d+ [^:]*: (.* or Nt\w+.*) seems to end otherwise; after it, ", line)
    return set(names(said[1])) if said else set()


def balance(line):
    """Of a line that says that more waits for an object went on than were let: all calls about it. The file tells how many of each were
    made, and neither whose did otherwise nor which."""
    said = re.match(r"thread \d+ [^:]*: (\w+) on .* goes on though nothing lets it: .*; one of them, (.*), does otherwise", line)
    return {said[1], *names(said[2])} if said else set()


def candidates(out):
    """The answer's ranked causes: the first line, then those numbered 2 and 3."""
    lines = out.splitlines()
    rest = [m[2] for m in (re.match(r"\s*([23])\. (.*)", x) for x in lines[1:]) if m]
    return (lines[:1] + rest)[:3]


def judge(pair, files, wedge):
    try:
        done = subprocess.run([wedge, "diff", *files], capture_output=True, text=True, errors="replace", timeout=60)
    except subprocess.TimeoutExpired:
        return Result("error", "no answer in 60 s", "", 2)
    found = candidates(done.stdout)
    first = found[0] if found else ""
    if done.returncode not in (0, 1):
        why = "exit status %d: %s" % (done.returncode, done.stderr.strip()[:300] or first)
        return Result("error", why, done.stdout, done.returncode)
    if pair.healthy:
        return Result("quiet" if done.returncode == 0 else "false", first, done.stdout, done.returncode)
    if done.returncode == 0:
        return Result("clean", first, done.stdout, 0)
    if matches(first, pair):
        return Result("right", first, done.stdout, 1)
    return Result("top three" if any(matches(x, pair) for x in found[1:]) else "wrong", first, done.stdout, 1)


class table:
    PLANTED = ["pairs", "right", "top three", "wrong", "clean", "error"]
    HEALTHY = ["pairs", "quiet", "false", "error"]

    def __init__(self, results, label):
        self.label = label
        self.planted, self.healthy = {}, {}
        self.faults = set()
        self.unusable = sum(r.verdict == "unusable" for _, r in results)
        for pair, r in results:
            if r.verdict in ("unusable", "skipped"):
                continue
            where = self.healthy if pair.healthy else self.planted
            count = where.setdefault(pair.group, collections.Counter())
            count["pairs"] += 1
            count[r.verdict] += 1
            if not pair.healthy:
                self.faults.add(re.sub(r":(nth|from|tid)=\w+", "", pair.fault))
        self.total = sum((c for group, c in self.planted.items() if group != ALIKE), collections.Counter())
        self.quiet = sum(self.healthy.values(), collections.Counter())

    def rows(self):
        for title, columns, counts, total in (("planted: class", self.PLANTED, self.planted, self.total),
                                              ("healthy: kind", self.HEALTHY, self.healthy, self.quiet)):
            if counts:
                yield [title] + columns
                last = ("retold", "other engine")
                for k, c in sorted(counts.items(), key=lambda kc: kc[0] in last):
                    if k != ALIKE:
                        yield [k] + [str(c[x]) for x in columns]
                yield ["all"] + [str(total[x]) for x in columns]
                if ALIKE in counts:
                    yield [ALIKE] + [str(counts[ALIKE][x]) for x in columns]

    def text(self):
        out = []
        for row in self.rows():
            if ":" in row[0]:
                out.append("")
            out.append("%-24s" % row[0] + "".join("%11s" % x for x in row[1:]))
        return "\n".join(out + ["", self.summary()])

    def summary(self):
        n, q = self.total["pairs"], self.quiet["pairs"]
        return "%s: %d planted pairs of %d faults, %.1f %% right first, %.1f %% in the first three, %d clean bills; " \
               "%d healthy pairs, %d with a false cause" % (
                   self.label, n, len(self.faults), 100 * self.total["right"] / max(n, 1),
                   100 * (self.total["right"] + self.total["top three"]) / max(n, 1), self.total["clean"], q,
                   self.quiet["false"] + self.quiet["error"])

    def markdown(self):
        out = ["## " + self.label, "", self.summary().partition(": ")[2] + "."]
        for row in self.rows():
            if ":" in row[0]:
                out += ["", "| " + " | ".join(row) + " |", "|" + "---|" * len(row)]
            else:
                out.append("| " + " | ".join(row) + " |")
        return "\n".join(out) + "\n"

    def write_section(self, path):
        """Replaces the section of this label in a page, or adds it."""
        text = open(path).read()
        mine = re.compile("^## " + re.escape(self.label) + "\n.*?(?=^## |\\Z)", re.M | re.S)
        new = self.markdown()
        text = mine.sub(lambda _: new + "\n", text) if mine.search(text) else text.rstrip("\n") + "\n\n" + new
        with open(path, "w") as f:
            f.write(text.rstrip("\n") + "\n")

    def verdict(self, min_right, max_false):
        right = 100 * self.total["right"] / max(self.total["pairs"], 1)
        return 1 if self.unusable or right < min_right or self.quiet["false"] + self.quiet["error"] > max_false else 0

#!/usr/bin/env python3
"""Whether the tests notice a change of behaviour: one line of the source is changed at a time.

Each mutant is compiled in a folder of its own (build/mutants). One whose object code is the original's is equivalent and does not
count; the tests that reach its line (--map, made by scripts/coverage.sh) run one by one, the quickest first, until one fails: killed.
Statements that only give memory back are left in place: the leak checker of the asan-ubsan preset is their test. Without a map, a table says which tests are likely for its folder. The mutants follow from --seed and the source alone.
"""
import argparse, gzip, hashlib, json, os, random, re, shutil, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ["emu/kernel", "emu/sched", "emu/mem", "emu/loader", "emu/vfs", "emu/apu", "emu/state", "trace", "diff"]
LIKELY = {  # by folder, where there is no map
    "emu/kernel": ["kernel_vectors", "scheduler_model", "test_kernel", "test_outputs", "test_sequences", "test_run", "inputs", "libraries"],
    "emu/sched": ["kernel_vectors", "scheduler_model", "test_bounds", "test_sequences", "test_run"],
    "emu/mem": ["test_mem", "test_bounds", "kernel_vectors", "test_run"],
    "emu/loader": ["test_loader", "lzx", "libraries", "patches", "test_run"],
    "emu/apu": ["kernel_vectors", "test_run"],
    "emu/state": ["test_state"],
    "emu/vfs": ["test_vfs", "kernel_vectors", "disc_images", "test_run"],
    "trace": ["test_trace", "test_import", "store", "test_run", "honest", "moves"],
    "diff": ["test_squares", "test_lcs", "test_rules", "test_words", "test_instep", "test_laws", "test_hang", "test_diff", "test_diff_ends",
             "test_diff_noise", "test_diff_logs", "hang_words", "causes_quick"],
}
SLOW = {"cpu_fuzz", "cpu_fuzz_sequences", "cpu_published_vectors", "disassembler", "vector_generator", "layers", "rows", "audit_cacheload"}


# --- changes of one line ---------------------------------------------------------------------------------------------

def swap(a, b):
    return {a: b, b: a}


WORDS = {**swap("first", "last"), **swap("head", "tail"), **swap("before", "after"), **swap("next", "prev"), **swap("true", "false"),
         **swap("lo", "hi")}
SIGNS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "+": "-", "-": "+", "+=": "-=",
         "-=": "+=", "++": "--", "--": "++", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "|=": "&=", "&=": "|="}
TOKEN = re.compile(r"""(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<number>\b(?:0[xX][0-9a-fA-F]+|\d+)[uUlL]*\b)|(?P<word>[A-Za-z_]\w*)
                       |(?P<sign>->|<<=|>>=|\+\+|--|\+=|-=|\|=|&=|==|!=|<=|>=|&&|\|\||<<|>>|[-+<>&|])""", re.X)


def numbers(text):
    digits = text.rstrip("uUlL")
    tail = text[len(digits):]
    value = int(digits, 0) if not re.fullmatch(r"0\d+", digits) else int(digits, 8)
    say = (lambda n: hex(n) + tail) if digits[:2] in ("0x", "0X") else (lambda n: str(n) + tail)
    yield "off by one", say(value + 1)
    if value > 1:
        yield "off by one", say(value - 1)
        yield "scaled", say(value * 1000 if value < 1000 else value // 2)


def changes(line, code):
    """(operator, new line) for each change of the line; `code` is it without comments and includes."""
    m = re.match(r"^(\s*)(?:\} else )?(if|while) \((.*)\)( \{| [^{;]*;|)$", code)
    if m and m.group(3).count("(") == m.group(3).count(")"):
        at = code.index("(", code.index(m.group(2)))
        end = at + 2 + len(m.group(3))
        yield "negated", code[:at] + "(!" + code[at:end] + ")" + code[end:]
    if re.match(r"^\s+(?!return|break|continue|goto|free|\w+_free\(|wg_buf_release|wg_map_release|static|const|struct|unsigned|u?int|size_t|bool|char|case|default|else|enum|union|double|float)"
                r"(?:\w[\w.>\[\]()*+\- ]*|\*?\w+) ?(?:\(|[-+|&^]?= |\+\+|--).*;$", code):
        yield "dropped", re.match(r"^\s*", code).group() + ";"
    m = re.match(r"^(\s+if \(.*\)) ((?!return|\{)[^{}]*;)$", code)
    if m and m.group(1).count("(") == m.group(1).count(")"):
        yield "dropped", m.group(1) + " {}"
    for t in TOKEN.finditer(code):
        before, after, text = code[:t.start()], code[t.end():], t.group()
        if t.lastgroup == "number" and not before.rstrip().endswith(("case", "[")):
            for how, new in numbers(text):
                yield how, before + new + after
        elif t.lastgroup == "word":
            if text in WORDS:
                yield "swapped", before + WORDS[text] + after
            elif text.startswith("STATUS_") and not before.rstrip().endswith(("define", "case")):
                yield "status", before + ("STATUS_UNSUCCESSFUL" if text != "STATUS_UNSUCCESSFUL" else "STATUS_SUCCESS") + after
        elif t.lastgroup == "sign" and text in SIGNS:
            binary = before.endswith(" ") and after.startswith(" ")
            if binary or text in ("++", "--"):
                yield "operator", before + SIGNS[text] + after


def stripped(text):
    """Lines with comments blanked; None for those that are no code: preprocessor, tables, outside of functions."""
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    out, inside, macro = [], False, False
    for line in text.split("\n"):
        code = re.sub(r"\s*//.*$", "", line) if '"' not in line.split("//")[0] or line.count('"') % 2 == 0 else line
        if re.match(r"^\S.*\)\s*\{(.*\})?$", code):
            inside = True
        directive = code.startswith("#") or macro
        macro = directive and code.endswith("\\")
        ok = inside and not directive and "assert" not in code and code.strip(" {}")
        if re.match(r"^\S.*\)\s*\{$", code):
            ok = False  # the function's own line
        out.append(code if ok else None)
        if code.startswith("}") or (re.match(r"^\S.*\{.*\}$", code)):
            inside = False
    return out


def mutants_of(path):
    lines = (ROOT / path).read_text().split("\n")
    for n, code in enumerate(stripped("\n".join(lines)), 1):
        if code:
            for how, new in changes(lines[n - 1], code):
                if new != code:
                    yield path, n, how, lines[n - 1], new


def chosen(folders, seed, count):
    """`count` mutants, as many of each folder, a line at most once."""
    rng = random.Random(seed)
    pools = []
    for folder in folders:
        by_line = {}
        for f in sorted((ROOT / folder).glob("*.c")):
            for m in mutants_of(f"{folder}/{f.name}"):
                by_line.setdefault(m[:2], []).append(m)
        lines = sorted(by_line)
        rng.shuffle(lines)
        pools.append([rng.choice(by_line[line]) for line in lines])
    picked = []
    while len(picked) < count and any(pools):
        for pool in pools:
            if pool and len(picked) < count:
                picked.append(pool.pop(0))
    return picked


def copy_sources(to):
    """What git knows or would take; a file that is the same keeps its time, so that nothing is built for it."""
    names = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True, text=True).stdout
    wanted = {n for n in names.split("\0") if n and (ROOT / n).is_file()}
    for name in wanted:
        source, target = ROOT / name, to / name
        if not target.is_file() or source.read_bytes() != target.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for f in list(to.rglob("*")):
        if f.is_file() and str(f.relative_to(to)) not in wanted:
            f.unlink()


# --- building and running ----------------------------------------------------------------------------------------------

class Bench:
    def __init__(self, where, jobs, map_file):
        self.src, self.build, self.jobs = where / "src", where / "build", str(jobs)
        self.map = json.loads(gzip.decompress(map_file.read_bytes())) if map_file else None
        where.mkdir(parents=True, exist_ok=True)
        copy_sources(self.src)
        if not (self.build / "build.ninja").exists():
            self.call(["cmake", "-S", self.src, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DWG_WERROR=OFF"], check=True)
        self.call(["ninja", "-C", self.build, "-j", self.jobs], check=True)
        shown = subprocess.run(["ctest", "--test-dir", self.build, "--show-only=json-v1"], check=True, capture_output=True).stdout
        self.tests = {t["name"] for t in json.loads(shown)["tests"]}
        shown = subprocess.run(["ninja", "-C", self.build, "-t", "targets", "all"], check=True, capture_output=True, text=True).stdout
        self.targets = {line.split(":")[0] for line in shown.splitlines()}
        self.baseline = {}

    def call(self, command, check=False, timeout=900):
        done = subprocess.run([str(c) for c in command], capture_output=True, timeout=timeout)
        if check and done.returncode != 0:
            sys.stderr.write(done.stdout.decode(errors="replace")[-3000:] + done.stderr.decode(errors="replace")[-3000:])
            sys.exit(2)
        return done.returncode == 0

    def object_of(self, path):
        found = [t for t in self.targets if t.endswith("/" + path.split("/", 1)[1] + ".o") and t.startswith(path.split("/")[0] + "/")]
        return found[0] if found else None

    def candidates(self, path, line):
        """Tests that are likely to notice, then others that reach the line, the quickest first; the slow ones not at all."""
        likely = [t for t in LIKELY[path.rsplit("/", 1)[0]] if t in self.tests]
        if self.map is None:
            return likely
        seconds = self.map["seconds"]
        reach = self.map["files"].get(path, {})
        same = self.map.get("digests", {}).get(path) == hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
        names = [t for t, spans in reach.items() if t in self.tests and (not same or any(b <= line <= e for b, e in spans))]
        others = sorted((t for t in names if t not in SLOW and seconds.get(t, 0) < 30), key=lambda t: (t not in self.targets, seconds.get(t, 0)))
        # A line that none seems to reach may be one that the compiler has merged with another.
        return ([t for t in likely if t not in reach or t in names] + [t for t in others if t not in likely]) or likely

    def built(self, test):
        target = test if test in self.targets else None
        extra = ["bench_investigation"] if test.startswith("investigation") else []
        return self.call(["ninja", "-C", self.build, "-j", self.jobs, *([target] if target else ["wedge", *extra])])

    def fails(self, test):
        limit = 30 + 5 * (self.map["seconds"].get(test, 20) if self.map else 20)
        return not self.call(["ctest", "--test-dir", self.build, "-R", f"^{re.escape(test)}$", "--timeout", str(int(limit))], timeout=limit * 2 + 60)

    def judge(self, mutant, deadline):
        path, line, _, _, new = mutant
        file, obj = self.src / path, self.object_of(path)
        original = file.read_text()
        before = (self.build / obj).read_bytes()
        lines = original.split("\n")
        lines[line - 1] = new
        try:
            file.write_text("\n".join(lines))
            if not self.call(["ninja", "-C", self.build, obj]):
                return "invalid", ""
            if (self.build / obj).read_bytes() == before:
                return "equivalent", ""
            tried = 0
            for test in self.candidates(path, line)[:12]:
                if not self.built(test):
                    return "invalid", ""
                if self.fails(test):
                    return "killed", test
                tried += 1
                if time.monotonic() > deadline:
                    return "unfinished", f"{tried} tests passed"
            return "survived", f"{tried} tests passed" if tried else "no test reaches it"
        finally:
            file.write_text(original)
            self.call(["ninja", "-C", self.build, obj])

    def check_baseline(self, tests):
        for test in tests:
            if self.fails(test):
                print(f"mutate: {test} fails without any change", file=sys.stderr)
                return False
        return True


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=70)
    p.add_argument("--seconds", type=float, default=1e9, help="begin no mutant after so long")
    p.add_argument("--folders", nargs="*", default=FOLDERS)
    p.add_argument("--map", type=Path, help="of scripts/coverage.sh --map")
    p.add_argument("--build", type=Path, default=ROOT / "build" / "mutants")
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--list", action="store_true", help="print the mutants and end")
    p.add_argument("--only", type=int, nargs="*", help="numbers of the mutants to run")
    p.add_argument("--at-least", type=float, default=0, help="exit 1 if a smaller share, in percent, is killed")
    a = p.parse_args()
    picked = list(enumerate(chosen(a.folders, a.seed, a.count), 1))
    if a.only:
        picked = [x for x in picked if x[0] in a.only]
    if a.list:
        for n, (path, line, how, _, new) in picked:
            print(f"{n:3} {path}:{line}: {how}: {new.strip()}")
        return 0
    bench = Bench(a.build.resolve(), a.jobs, a.map)
    begun = time.monotonic()
    sums, table = {}, {}
    for n, mutant in picked:
        if time.monotonic() - begun > a.seconds:
            break
        path, line, how, old, new = mutant
        verdict, why = bench.judge(mutant, begun + a.seconds)
        sums[verdict] = sums.get(verdict, 0) + 1
        folder = path.rsplit("/", 1)[0]
        table.setdefault(folder, {}).setdefault(verdict, 0)
        table[folder][verdict] += 1
        print(f"{n:3} {verdict:10} {path}:{line}: {how}: {old.strip()}  =>  {new.strip()}  ({why})", flush=True)
    print(f"\n{'folder':12} {'killed':>7} {'survived':>9} {'equivalent':>11}")
    for folder, row in sorted(table.items()):
        print(f"{folder:12} {row.get('killed', 0):7} {row.get('survived', 0):9} {row.get('equivalent', 0):11}")
    killed, survived = sums.get("killed", 0), sums.get("survived", 0)
    share = 100.0 * killed / (killed + survived) if killed + survived else 100.0
    print(f"\n{killed} of {killed + survived} caught: {share:.1f} % ({sums.get('equivalent', 0)} equivalent, {sums.get('invalid', 0)} invalid, "
          f"{sums.get('unfinished', 0)} unfinished)")
    return 1 if share < a.at_least else 0


if __name__ == "__main__":
    sys.exit(main())

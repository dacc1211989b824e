#!/usr/bin/env python3
"""Whether the tests notice a change of behaviour: one line of the source is changed at a time.

A build is there already (build/dev). Of each mutant its one file is compiled and linked with the others' objects into the programs of the tests that
run, beside that build (build/mutants): no source is touched, and several mutants can be tried at once. One whose object
code is the original's is equivalent and does not count, nor does one that tests/mutants/equivalent.jsonl explains. The others meet tests until
one fails, or runs out of time or memory: caught. One for which --each leaves tests untried is undecided, and does not count. First come the tests that caught the file's last mutants, then those that a table names for
the folder; or, with --map (made by scripts/coverage.sh), of those and all others the ones that reach the line, the quickest first.
Statements that only give memory, files or locks back are left in place: the leak checker of the asan-ubsan preset is their test. The mutants follow from
--seed and the source alone. What an export returns that gives nothing (nt/exports.def) is left, too.
"""
import argparse, gzip, hashlib, json, os, queue, random, re, resource, shlex, shutil, signal, subprocess, sys, threading, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ["emu/kernel", "emu/sched", "emu/cpu", "emu/mem", "emu/loader", "emu/vfs", "emu/apu", "emu/state", "trace", "diff", "checkpoint", "travel", "probe"]
EXPLAINED = ROOT / "tests" / "mutants" / "equivalent.jsonl"
LIKELY = {  # by folder, the quick and likely ones first
    "emu/kernel": ["test_kernel", "kernel_vectors", "dispatcher_model", "test_sequences", "test_outputs", "scheduler_model", "test_bounds", "inputs", "test_run",
                   "libraries", "signals", "hostile_long", "test_state", "test_look", "hostile"],
    "emu/sched": ["test_sched", "kernel_vectors", "dispatcher_model", "scheduler_model", "test_bounds", "test_sequences", "test_run", "test_state"],
    "emu/cpu": ["cpu_vectors", "test_cpu", "test_steps", "test_idle", "test_watch", "cpu_fuzz_sequences", "cpu_published_vectors", "test_sched", "test_run", "test_travel",
                "test_state", "test_jit", "idle_loops"],
    "emu/gpu": ["test_gpu", "test_kernel", "kernel_vectors", "test_run", "test_bounds", "test_state", "hostile"],
    "emu/jit": ["test_region", "test_jit", "jit_guests"],
    "emu/look": ["test_look", "gdb_packets", "at", "probes"],
    "emu/mem": ["test_mem", "test_watch", "test_bounds", "test_kernel", "kernel_vectors", "test_run", "test_probe", "test_state", "test_travel"],
    "emu/loader": ["test_lzx", "lzx", "test_loader", "test_run", "libraries", "patches"],
    "emu/apu": ["test_xma", "test_kernel", "kernel_vectors", "test_run", "test_state"],
    "emu/state": ["test_archive", "test_run", "test_travel", "test_state"],
    "emu/vfs": ["test_vfs", "test_confine", "test_kernel", "kernel_vectors", "test_run", "disc_images", "test_state", "hostile"],
    "trace": ["test_trace", "test_scan", "test_shelf", "test_branch_file", "test_sql_format", "test_import", "test_reader", "test_run", "readers", "store", "sql", "ask", "honest", "moves", "foreign_forms", "schema", "shell"],
    "diff": ["test_hang", "test_hang_facts", "test_words", "test_rules", "test_squares", "test_lcs", "test_diff", "test_diff_effects", "test_diff_noise", "test_diff_logs", "test_diff_pools", "test_laws", "test_laws_later", "test_laws_threads", "test_ledger",
             "test_diff_ends", "test_diff_files", "hang_words", "test_instep", "schema", "causes_quick", "test_run", "hangs"],
    "checkpoint": ["test_checkpoint", "test_run", "at", "test_travel", "test_state"],
    "travel": ["test_travel", "test_probe", "gdb_packets", "probes", "at"],
    "probe": ["test_expr", "test_probe", "probes"],
    "replay": ["test_run", "test_parallel", "inputs", "moves", "readers", "at", "audit", "signals"],
    "gdb": ["gdb_packets", "gdb_live", "gdb"],
    "export": ["export", "lnav"],
    "base": ["test_base", "test_json_iter", "test_strings", "test_expr", "test_symbols", "test_confine", "test_trace", "test_import", "test_run"],
}
FEW = 8  # mutants say nothing of the share
TICKS = os.sysconf("SC_CLK_TCK")
STILL = 20  # seconds in which a test does nothing at all
HEAVY = 20  # seconds: a test that takes longer is asked only where --each allows for it
MEMORY, FILE = 16 << 30, 1 << 30  # what a mutant may use: address space, a file's size
LARGE = {"hostile_long": 17 << 30}  # but where a test makes a larger file itself, a hole
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
    if re.match(r"^\s+(?!return|break|continue|goto|free|close\(|\w+_free\(|\w+_finalize\(|\w+_release\(|\w+_close\(|pthread_\w+_destroy\(|static|const|struct|unsigned|u?int|size_t|bool|char|case|default|else|enum|union|double|float)"
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
        ok = inside and not directive and "assert" not in code.lower() and code.strip(" {}")
        if re.match(r"^\S.*\)\s*\{$", code):
            ok = False  # the function's own line
        out.append(code if ok else None)
        if code.startswith("}") or (re.match(r"^\S.*\{.*\}$", code)):
            inside = False
    return out


def gives_nothing():
    """The exports of which no caller takes what their bodies return."""
    return set(re.findall(r"WG_EXPORT\(\"[^\"]+\", \w+, (\w+), F, 'v'", (ROOT / "nt" / "exports.def").read_text()))


def mutants_of(path, void=gives_nothing()):
    lines = (ROOT / path).read_text().split("\n")
    body = None  # of which export
    for n, code in enumerate(stripped("\n".join(lines)), 1):
        line = lines[n - 1]
        body = line[8:].split(",")[0] if line.startswith("WG_CALL(") else body if line[:1] in (" ", "") else None
        if code:
            for how, new in changes(line, code):
                returned = re.fullmatch(r"(.*\breturn )(\d+|A\(\d\));.*", code)
                if new != code and not (body in void and returned and new.startswith(returned.group(1))):
                    yield path, n, how, line, new


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


def of_lines(places):
    """All mutants of the lines."""
    wanted = [p.rsplit(":", 1) for p in places]
    return [m for path, line in wanted for m in mutants_of(path) if m[1] == int(line)]


# --- building and running ----------------------------------------------------------------------------------------------

def explained():
    """{(file, line as it was, line as it is)}: mutants of which a person has said why they cannot be seen."""
    if not EXPLAINED.exists():
        return set()
    rows = [json.loads(line) for line in EXPLAINED.read_text().splitlines() if line]
    for r in rows:
        if r["was"].strip() not in (ROOT / r["file"]).read_text():
            sys.exit(f"mutate: {EXPLAINED.name} explains a line that {r['file']} does not have: {r['was']}")
    return {(r["file"], r["was"].strip(), r["now"].strip()) for r in rows if r["why"]}


def bounded(seconds, file):
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file, file))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


RUNNING = set()  # process groups of tests


def stop(number, frame):
    for group in list(RUNNING):
        os.killpg(group, signal.SIGKILL)
    os._exit(128 + number)


def ticks_of(group):
    """What the processes of a group, and those of them that have ended, have used of the processor."""
    used = 0
    for process in os.listdir("/proc"):
        try:
            words = Path("/proc", process, "stat").read_text().rpartition(")")[2].split() if process.isdigit() else []
        except OSError:
            continue  # it has ended
        if words and int(words[2]) == group:
            used += sum(int(w) for w in words[11:15])
    return used


class Build:
    """A build that is there (scripts/build.sh dev): how each file is compiled, each program linked, each test run."""

    def __init__(self, where, map_file):
        self.where = where
        self.map = json.loads(gzip.decompress(map_file.read_bytes())) if map_file else None
        out = lambda *command: subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout
        if not (where / "build.ninja").exists():
            sys.exit(f"mutate: {where} is no build: scripts/build.sh {where.name} makes it")
        out("ninja", "-C", where, "-j2")
        self.compile = {}  # a file that is part of several targets as part of its library
        for c in json.loads((where / "compile_commands.json").read_text()):
            path = os.path.relpath(c["file"], ROOT)
            if path not in self.compile or "CMakeFiles/wg_" in c["command"]:
                self.compile[path] = c["command"]
        self.targets = {line.split(":")[0] for line in out("ninja", "-C", where, "-t", "targets", "all").splitlines()}
        shown = json.loads(out("ctest", "--test-dir", where, "--show-only=json-v1"))
        self.tests = {t["name"]: t for t in shown["tests"] if "command" in t}
        self.text = {path: (ROOT / path).read_text() for path in self.compile if (ROOT / path).is_file()}  # as it is now, whatever is edited meanwhile
        self.explained = explained()
        self.links = {}
        self.lock = threading.Lock()
        # How long each test took without a change, of this build: measured here, or by ctest before.
        stamp = hashlib.sha256("".join(f"{n}{os.stat(where / n).st_size}" for n in sorted(self.targets) if n.startswith(("tests/", "cli/")) and
                                       not n.endswith((".o", ".a")) and (where / n).is_file()).encode()).hexdigest()
        self.kept = ROOT / "build" / "mutants" / f"seconds.{stamp[:16]}.json"
        self.known = json.loads(self.kept.read_text()) if self.kept.exists() else self.of_ctest()
        self.seconds = dict(self.known)

    def of_ctest(self):
        """What ctest has measured of these very programs, if none of them has been made since; a test that failed then is measured here."""
        told = self.where / "Testing" / "Temporary" / "CTestCostData.txt"
        made = max((os.stat(self.where / n).st_mtime for n in self.targets if n.startswith(("tests/", "cli/")) and (self.where / n).is_file()), default=0)
        if not told.exists() or os.stat(told).st_mtime < made:
            return {}
        rows, _, failed = told.read_text().partition("---")
        rows = [row.split() for row in rows.splitlines()]
        return {name: float(seconds) for name, runs, seconds in rows if int(runs) and name not in failed.split()}

    def link(self, program):
        with self.lock:
            if program not in self.links:
                shown = subprocess.run(["ninja", "-C", self.where, "-t", "commands", "-s", program], check=True, capture_output=True, text=True).stdout
                self.links[program] = re.sub(r"^: && | && :$", "", shown.strip().splitlines()[-1])
            return self.links[program]


class Bench:
    """What one mutant after the other is tried in: a folder that looks like the build, with (hard) links to what is in it, and the mutant's programs."""

    def __init__(self, build, where):
        self.b, self.where = build, where
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir(parents=True)
        folders = {os.path.dirname(name) for name in build.targets if name.endswith(".xex")}
        guests = {os.path.relpath(f, build.where) for folder in folders for f in (build.where / folder).glob("*.elf")}
        for name in build.targets | guests:
            if not name.startswith("/") and not name.endswith((".o", ".a")) and (build.where / name).is_file():
                (where / name).parent.mkdir(parents=True, exist_ok=True)
                os.link(build.where / name, where / name)
        self.tests = dict(build.tests)
        self.seconds = build.seconds
        self.recent = {}   # by file and by folder: the tests that caught the last mutants
        self.plain = {}    # by file: its code without a change
        self.linked = []

    def here(self, word):
        return word.replace(str(self.b.where), str(self.where)) if word.startswith(str(self.b.where)) else word

    def candidates(self, path, line):
        folder = path.rsplit("/", 1)[0]
        likely = [t for t in LIKELY.get(folder, []) if t in self.tests]
        first = [t for t in self.recent.get(path, []) + self.recent.get(folder, []) if t in self.tests]
        if self.b.map is None:
            return list(dict.fromkeys(first[:3] + likely))
        took = {**self.b.map["seconds"], **self.seconds}
        reach = self.b.map["files"].get(path, {})
        same = self.b.map.get("digests", {}).get(path) == hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
        names = [t for t, spans in reach.items() if t in self.tests and (not same or any(b <= line <= e for b, e in spans))]
        if not names:  # nobody comes to it, or the compiler knows it as another one's part
            same, names = False, [t for t in reach if t in self.tests]
        if same:  # what does not come to the line cannot notice
            first, likely = ([t for t in some if t in names or t not in self.b.map["seconds"]] for some in (first, likely))
        others = sorted((t for t in {*likely, *names} if t in likely or t not in SLOW), key=lambda t: took.get(t, 0))
        return list(dict.fromkeys(first[:3] + others))

    def programs_of(self, test):
        """The programs that a test runs, as the build names them."""
        t, out = self.b.tests[test], set()
        words = list(t["command"]) + [v.split("=", 1)[-1] for p in t.get("properties", []) if p["name"] == "ENVIRONMENT" for v in p["value"]]
        for word in words:
            name = os.path.relpath(word, self.b.where) if word.startswith(str(self.b.where) + "/") else ""
            if name in self.b.targets and not name.endswith((".xex", ".dll")):
                out.add(name)
            if word == str(self.b.where):
                out |= {"cli/wedge", "tests/causes/faulty"} & self.b.targets
        return sorted(out) or ["cli/wedge"]

    def compiled(self, path, text):
        """The object code of a file with that text, or None if it does not compile."""
        source, obj = self.where / "mutant.c", self.where / "mutant.o"
        source.write_text(text)
        command = self.b.compile[path]
        words = [w for w in shlex.split(command) if w not in ("-Werror", "-g")]
        words[words.index("-o") + 1] = str(obj)
        words[words.index("-c") + 1] = str(source)
        if words[0].endswith("ccache"):
            words = words[1:]
        done = subprocess.run([*words, "-w", "-g0", f"-ffile-prefix-map={source}={path}"], cwd=self.b.where, capture_output=True)
        return obj.read_bytes() if done.returncode == 0 else None

    def concerned(self, test, path):
        """The programs of the test that have the library that the file is part of."""
        library = "lib" + re.search(r"CMakeFiles/(\w+)\.dir/", self.b.compile[path]).group(1) + ".a"
        return [program for program in self.programs_of(test) if library in self.b.link(program)]

    def built(self, test, path):
        """Links the mutant into the programs of a test: its object code comes before the libraries, which then need not give theirs."""
        for program in self.concerned(test, path):
            if program in self.linked:
                continue
            into = self.where / program
            command = self.b.link(program)
            if f" -o {program} " not in command:
                return False
            into.unlink(missing_ok=True)
            self.linked.append(program)
            command = command.replace(f" -o {program} ", f" -o {into} {self.where}/mutant.o ")
            if subprocess.run(command, shell=True, cwd=self.b.where, capture_output=True).returncode != 0:
                return False
        return True

    def restore(self):
        for program in self.linked:
            (self.where / program).unlink(missing_ok=True)
            os.link(self.b.where / program, self.where / program)
        self.linked = []

    def passes(self, test, limit):
        """Runs a test in a group of its own, of which nothing is left afterwards."""
        t = self.tests[test]
        props = {p["name"]: p["value"] for p in t.get("properties", [])}
        env = {**os.environ, **dict((k, self.here(v)) for k, v in (x.split("=", 1) for x in props.get("ENVIRONMENT", [])))}
        child = subprocess.Popen([self.here(w) for w in t["command"]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 env=env, preexec_fn=lambda: bounded(limit, LARGE.get(test, FILE)), cwd=self.where)
        RUNNING.add(child.pid)
        # Time of the processor, so that a busy machine makes no difference; a test that sleeps now and then is given much longer, one in which
        # nobody does anything waits for ever: both the longer the busier the machine is.
        begun = moved = time.monotonic()
        pid, code, spent = 0, None, -1
        while pid == 0:
            pid, status, used = os.wait4(child.pid, os.WNOHANG)
            now, busy = time.monotonic(), max(1, os.getloadavg()[0] / os.cpu_count())
            if pid == 0 and now - begun > 5 and (ticks := ticks_of(child.pid)) != spent:
                spent, moved = ticks, now
            if spent > limit * TICKS or now - begun > (60 + 20 * limit) * busy or now - moved > STILL * busy:
                break
            if pid == 0:
                time.sleep(0.02 if now - begun < 5 else 0.5)
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if pid == 0:
            _, status, used = os.wait4(child.pid, 0)
        else:
            code = os.waitstatus_to_exitcode(status)
        child.returncode = os.waitstatus_to_exitcode(status)
        RUNNING.discard(child.pid)
        return code == 0 or (code is not None and code == props.get("SKIP_RETURN_CODE")), max(used.ru_utime + used.ru_stime, spent / TICKS)

    def measure(self, tests, each):
        """How long each takes without a change; one that fails tells nothing and is left out. What takes more than a mutant may is not waited for."""
        for test in tests:
            if test not in self.tests or test in self.seconds:
                continue
            self.measure((v for p in self.tests[test].get("properties", []) if p["name"] == "DEPENDS" for v in p["value"]), each)
            good, took = self.passes(test, int(min(300, each + 10)))
            if not good and took > each:
                self.seconds[test] = took  # at least: of this run alone
            elif good:
                with self.b.lock:
                    self.seconds[test] = self.b.known[test] = took
                    self.b.kept.write_text(json.dumps(self.b.known))
            else:
                print(f"mutate: {test} fails without any change: it is left out", file=sys.stderr, flush=True)
                del self.tests[test]

    def judge(self, mutant, each):
        path, line, _, old, new = mutant
        if (path, old.strip(), new.strip()) in self.b.explained:
            return "equivalent", "explained"
        original = self.b.text[path]
        if path not in self.plain:
            self.plain[path] = self.compiled(path, original)
        lines = original.split("\n")
        lines[line - 1] = new
        code = self.compiled(path, "\n".join(lines))
        if code is None:
            return "invalid", "it does not compile"
        if code == self.plain[path]:
            return "equivalent", "the same code"
        spent, tried, left = 0, 0, 0
        try:
            for test in self.candidates(path, line):
                self.prepare(test, each)
                if test not in self.tests or not self.concerned(test, path):
                    continue
                if (tried or self.takes(test) > HEAVY) and spent + self.takes(test) > each:
                    left += 1
                    continue
                if not self.built(test, path):
                    return "invalid", f"{test} does not link"
                good, took = self.passes(test, self.limit(test))
                spent += took
                if not good and test not in self.seconds:  # what passes with a change needs not be asked whether it does without one
                    soon = took > self.limit(test) - 1
                    self.restore()
                    self.measure([test], each)
                    if test in self.tests and self.seconds[test] > each:
                        left += 1
                    if test not in self.tests or self.seconds[test] > each:
                        continue
                    if soon and self.limit(test) > took:
                        self.built(test, path)
                        good, took = self.passes(test, self.limit(test))
                        spent += took
                if not good:
                    for key in (path, path.rsplit("/", 1)[0]):
                        self.recent[key] = [test] + [t for t in self.recent.get(key, []) if t != test]
                    return "killed", f"{test} in {took:.1f} s"
                tried += 1
            return "undecided" if left else "survived", f"{tried} of {tried + left} tests passed"
        finally:
            self.restore()

    def takes(self, test):
        """Seconds, as far as is known: without a change, or with the counters of the map."""
        return self.seconds.get(test, self.b.map["seconds"].get(test, 0) if self.b.map else 0)

    def limit(self, test):
        """What takes so much longer than without a change hangs."""
        return int(6 + 4 * self.seconds.get(test, 4))

    def prepare(self, test, each):
        """Those that it depends on leave what it needs, made without a change."""
        needs = [v for p in self.b.tests[test].get("properties", []) if p["name"] == "DEPENDS" for v in p["value"]]
        if test in self.tests and test not in self.seconds and any(v not in self.seconds for v in needs):
            self.restore()
            self.measure([test], each)


def work(bench, todo, done, folders, each, until):
    """One bench: it takes mutants until there are none, or no time."""
    while time.monotonic() < until:
        try:
            n, mutant = todo.get_nowait()
        except queue.Empty:
            return
        try:
            verdict = bench.judge(mutant, each)
        except (OSError, subprocess.SubprocessError) as why:  # no memory for a process: this one says nothing, the next may
            verdict = "unfinished", str(why)
        done.put((n, mutant, *verdict))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", default="1", help="any word; the mutants follow from it")
    p.add_argument("--count", type=int, default=70)
    p.add_argument("--seconds", type=float, default=1e9, help="begin no mutant after so long")
    p.add_argument("--each", type=float, default=60, help="seconds of processor time for the tests of one mutant")
    p.add_argument("--folders", nargs="*", default=FOLDERS)
    p.add_argument("--map", type=Path, help="of scripts/coverage.sh --map")
    p.add_argument("--build", type=Path, default=ROOT / "build" / "dev", help="whose objects, programs and tests are used")
    p.add_argument("--benches", type=int, default=1, help="so many mutants at once")
    p.add_argument("--list", action="store_true", help="print the mutants and end")
    p.add_argument("--at", nargs="*", metavar="FILE:LINE", help="all changes of these lines instead of a sample")
    p.add_argument("--only", type=int, nargs="*", help="numbers of the mutants to run")
    p.add_argument("--at-least", type=float, default=0, help=f"exit 1 if a smaller share, in percent, of at least {FEW} is killed")
    a = p.parse_args()
    picked = list(enumerate(of_lines(a.at) if a.at else chosen(a.folders, a.seed, a.count), 1))
    if a.only:
        picked = [x for x in picked if x[0] in a.only]
    if a.list:
        for n, (path, line, how, _, new) in picked:
            print(f"{n:3} {path}:{line}: {how}: {new.strip()}")
        return 0
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    build = Build(a.build.resolve(), a.map)
    benches = [Bench(build, ROOT / "build" / "mutants" / str(n)) for n in range(a.benches)]
    until = time.monotonic() + a.seconds
    todo, done = queue.SimpleQueue(), queue.SimpleQueue()
    for item in picked:
        todo.put(item)
    threads = [threading.Thread(target=work, args=(b, todo, done, a.folders, a.each, until)) for b in benches]
    for t in threads:
        t.start()
    sums, table = {}, {}
    while any(t.is_alive() for t in threads) or not done.empty():
        try:
            n, (path, line, how, old, new), verdict, why = done.get(timeout=1)
        except queue.Empty:
            continue
        sums[verdict] = sums.get(verdict, 0) + 1
        row = table.setdefault(path.rsplit("/", 1)[0], {})
        row[verdict] = row.get(verdict, 0) + 1
        print(f"{n:3} {verdict:10} {path}:{line}: {how}: {old.strip()}  =>  {new.strip()}  ({why})", flush=True)
    print(f"\n{'folder':12} {'killed':>7} {'survived':>9} {'undecided':>10} {'equivalent':>11}")
    for folder, row in sorted(table.items()):
        print(f"{folder:12} {row.get('killed', 0):7} {row.get('survived', 0):9} {row.get('undecided', 0):10} {row.get('equivalent', 0):11}")
    killed, survived = sums.get("killed", 0), sums.get("survived", 0)
    share = 100.0 * killed / (killed + survived) if killed + survived else 100.0
    print(f"\n{killed} of {killed + survived} caught: {share:.1f} % ({sums.get('undecided', 0)} more would need longer tests, {sums.get('equivalent', 0)} equivalent, {sums.get('invalid', 0)} invalid"
          f"{', %d unfinished' % sums['unfinished'] if 'unfinished' in sums else ''})")
    return 1 if killed + survived >= FEW and share < a.at_least else 0


if __name__ == "__main__":
    sys.exit(main())

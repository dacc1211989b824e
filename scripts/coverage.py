#!/usr/bin/env python3
"""Which lines the tests reach: coverage.py [--build DIR] [--tests REGEX] [--map FILE] [--lines FOLDER] [--at-least FOLDER=PERCENT]...

Builds with gcc's counters in a folder of its own, runs each test of ctest alone, and prints the lines covered by folder.
--map writes which lines of which file each test reaches, for scripts/mutate.sh; --lines prints those that none does.
"""
import argparse, concurrent.futures, gzip, hashlib, json, os, re, shutil, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("base", "nt", "trace", "emu", "jit", "checkpoint", "replay", "travel", "probe", "gdb", "diff", "export", "cli")


# As under a sanitizer: the interpreter without tail calls, as counters would break them, and wedge free to write its counters.
FLAGS = "--coverage -fprofile-update=atomic -O1 -g -fno-inline -D__SANITIZE_THREAD__"


def build(folder):
    if not (folder / "build.ninja").exists():
        guests = os.environ.get("WG_GUESTS_FROM")  # as in scripts/build.sh
        subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None", "-DWG_WERROR=OFF",
                        f"-DCMAKE_C_FLAGS={FLAGS}", f"-DWG_GUESTS_FROM={os.path.abspath(guests) if guests else ''}"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", folder, "-j2"], check=True, stdout=subprocess.DEVNULL)


def tests_of(folder, pattern):
    shown = subprocess.run(["ctest", "--test-dir", folder, "--show-only=json-v1"], check=True, capture_output=True).stdout
    return [t["name"] for t in json.loads(shown)["tests"] if re.search(pattern, t["name"])]


def run_test(folder, name, counters):
    """Runs one test with its counters in a folder of its own; the seconds it took, and whether it passed."""
    where = counters / name
    shutil.rmtree(where, ignore_errors=True)
    begun = time.monotonic()
    done = subprocess.run(["ctest", "--test-dir", folder, "-R", f"^{re.escape(name)}$", "--timeout", "900"], capture_output=True,
                          env={**os.environ, "GCOV_PREFIX": str(where), "GCOV_PREFIX_STRIP": "0"})
    return time.monotonic() - begun, done.returncode == 0


def lines_of(folder, where):
    """{file: {line: count}} of one test's counters."""
    data = [p for p in where.rglob("*.gcda")]
    lines = {}
    if not data:
        return lines
    for gcda in data:  # gcov wants the notes beside the counters
        note = Path("/") / gcda.relative_to(where).with_suffix(".gcno")
        beside = gcda.with_suffix(".gcno")
        if not beside.exists() and note.exists():
            os.symlink(note, beside)
    out = subprocess.run(["gcov", "--json-format", "--stdout", *map(str, data)], capture_output=True, cwd=where).stdout
    for text in out.splitlines():
        if not text.startswith(b"{"):
            continue
        for f in json.loads(text)["files"]:
            path = os.path.normpath(f["file"])
            if os.path.isabs(path):
                path = os.path.relpath(path, ROOT)
            if path.split("/")[0] not in FOLDERS:
                continue
            into = lines.setdefault(path, {})
            for line in f["lines"]:
                into[line["line_number"]] = into.get(line["line_number"], 0) + line["count"]
    return lines


def ranges(numbers):
    """[1, 2, 3, 7] as [[1, 3], [7, 7]]."""
    out = []
    for n in sorted(numbers):
        if out and out[-1][1] == n - 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return out


def report(all_lines, reached):
    sums = {}
    for path, numbers in all_lines.items():
        for key in {path.split("/")[0], "/".join(path.split("/")[:2]) if path.startswith("emu/") and path.count("/") > 1 else "",
                    "all"} - {""}:
            total, have = sums.get(key, (0, 0))
            sums[key] = total + len(numbers), have + len(numbers & reached.get(path, set()))
    return {key: (have, total, 100.0 * have / total) for key, (total, have) in sorted(sums.items())}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", type=Path, default=ROOT / "build" / "coverage")
    p.add_argument("--tests", default="")
    p.add_argument("--map", type=Path)
    p.add_argument("--lines")
    p.add_argument("--at-least", action="append", default=[])
    p.add_argument("--jobs", type=int, default=2)
    a = p.parse_args()
    build(a.build)
    counters = a.build.resolve() / "counters"
    names = tests_of(a.build, a.tests)
    took, all_lines, reached, by_test = {}, {}, {}, {}
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        for name, (seconds, passed) in zip(names, pool.map(lambda n: run_test(a.build, n, counters), names)):
            took[name] = seconds
            if not passed:
                print(f"coverage: {name} failed", file=sys.stderr)
    for name in names:
        for path, lines in lines_of(a.build, counters / name).items():
            all_lines.setdefault(path, set()).update(lines)
            here = {n for n, count in lines.items() if count}
            reached.setdefault(path, set()).update(here)
            if here:
                by_test.setdefault(path, {})[name] = ranges(here)
    digests = {path: hashlib.sha256((ROOT / path).read_bytes()).hexdigest() for path in by_test if (ROOT / path).exists()}
    if a.map:
        a.map.write_bytes(gzip.compress(json.dumps({"seconds": took, "files": by_test, "digests": digests}).encode()))
    figures = report(all_lines, reached)
    for key, (have, total, percent) in figures.items():
        print(f"{key:14} {have:6} of {total:6} lines  {percent:5.1f} %")
    if a.lines:
        for path in sorted(all_lines):
            missing = all_lines[path] - reached.get(path, set())
            if path.startswith(a.lines) and missing:
                print(path, " ".join(f"{b}-{e}" if e > b else f"{b}" for b, e in ranges(missing)))
    bad = 0
    for rule in a.at_least:
        key, least = rule.split("=")
        if figures.get(key, (0, 0, 0.0))[2] < float(least):
            print(f"coverage: {key} is below {least} %", file=sys.stderr)
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())

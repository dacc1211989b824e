#!/usr/bin/env python3
"""Judges `wedge hang` on the hang corpus: guests that hang, each in another way, and healthy ones (tests/hangs/README.md).

Records every case (kept in the work folder), asks `wedge hang RUN --json` and `wedge hang RUN`, and compares class, object
and thread with cases.json. Exit status 0 if at least 90 % of the hangs are right in class and object and every healthy run
is silent, 1 if not, 77 (skipped) if this wedge has no `hang`.
"""
import argparse, fnmatch, json, os, subprocess, sys

import corpus
sys.path.insert(0, os.path.join(corpus.HERE, ".."))
import share
from judge import Judgement, renumbered, text_agrees

FOREIGN = ("log", "reference", "lying", "minimal")
CONVERT = os.path.join(corpus.HERE, "..", "causes", "convert.py")


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--wedge", required=True, metavar="PATH")
    p.add_argument("--guests", metavar="DIR", help="the guests' build folder (default: beside wedge's)")
    p.add_argument("--titles", metavar="DIR", help="a folder of titles of your own, for the cases that name one")
    p.add_argument("--work", metavar="DIR", help="where recordings are kept (default: hangs-runs beside the guests)")
    p.add_argument("--filter", metavar="GLOB", action="append", help="only cases whose name matches")
    p.add_argument("--sched-seed", type=int, default=0, metavar="N", help="record under this schedule: a case hangs under any")
    p.add_argument("--quick", action="store_true", help="every third case, and no long recording; what tests/share.py says of the commit that WEDGE_SHARE names")
    p.add_argument("--foreign", choices=FOREIGN, help="convert each recording to that form first (tests/causes/convert.py)")
    p.add_argument("--hang", metavar="COMMAND", help="ask this program instead of `wedge hang` (it gets the same arguments)")
    p.add_argument("--check", action="store_true", help="check the corpus itself against its recordings, without `wedge hang`")
    p.add_argument("--markdown", metavar="FILE", help="write the table as Markdown")
    p.add_argument("-v", "--verbose", action="store_true", help="print the answers")
    o = p.parse_args()
    build = os.path.dirname(os.path.dirname(os.path.abspath(o.wedge)))
    o.guests = o.guests or os.path.join(build, "guests")
    o.work = o.work or os.path.join(build, "hangs-runs")
    return o


def chosen(o):
    cases = corpus.load()
    if o.filter:
        cases = [c for c in cases if any(fnmatch.fnmatch(c.name, f) for f in o.filter)]
    if o.quick:
        cases = [c for c in cases if c.seconds == 2]
        cases = share.of("hangs", cases, 6) if share.commit else cases[::3]
    return cases


def has_hang(o):
    return o.hang or subprocess.run([o.wedge, "help", "hang"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def converted(o, run):
    """The recording as another engine's file."""
    out = f"{run}.{o.foreign}" + (".log" if o.foreign == "log" else ".jsonl")
    trace = os.path.join(run, "trace.jsonl.zst")
    if not os.path.exists(out) or os.path.getmtime(out) < max(os.path.getmtime(trace), os.path.getmtime(CONVERT)):
        subprocess.run([sys.executable, CONVERT, "--to", o.foreign, trace, out], check=True)
    return out


def ask(o, trace, *more):
    command = [o.hang] if o.hang else [o.wedge, "hang"]
    p = subprocess.run([*command, trace, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="latin-1")
    return p.returncode, p.stdout, p.stderr


def judge(o, case, run):
    truth = corpus.Truth(case, run, o.guests)
    trace = converted(o, run) if o.foreign else run
    code, out, err = ask(o, trace, "--json")
    try:
        answer = json.loads(out)
    except ValueError:
        answer = {}
    j = Judgement(case, truth, renumbered(answer, 0 if o.foreign in (None, "minimal") else 5), o.foreign)
    if code != (1 if answer.get("verdicts") else 0):
        j.wrong.append(f"exit status {code}: {err.strip()[:200]}")
        j.right = j.right and code in (0, 1)
    text_code, text, _ = ask(o, trace)
    if text_code != code or not text_agrees(text, answer):
        j.wrong.append("the text differs")
    if o.verbose:
        print(text)
    return j


def check_case(o, case, run):
    """What the corpus claims of a hang must be so in its recording: the names exist, and no stuck thread ended."""
    truth = corpus.Truth(case, run, o.guests)
    problems = []
    if case.healthy:
        return ["it wedged"] if truth.reason == "wedge" else []
    row = case.row
    for key in ("thread", "stuck", "may", "waits", "signaler", "owner"):
        truth.threads(row.get(key, []))
    for want in row["object"]:
        o_ = truth.object(want)
        if o_ and "path" not in o_ and not o_.get("hsid") and o_.get("type") != "ReadWriteLock" and row["class"][0] != "spin" and want is row["object"][0]:
            problems.append(f"{want} is nowhere in the trace")
    for name in row["stuck"]:
        if truth.thread(name) in truth.exits:
            problems.append(f"{name} ended")
    if truth.reason not in ("wedge", "limit"):
        problems.append(f"the run ended by {truth.reason}")
    return problems


def write_markdown(path, o, rows, summary):
    forms = f" (each recording first converted to the form `{o.foreign}`)" if o.foreign else ""
    with open(path, "w") as f:
        f.write(f"# How well `wedge hang` judges\n\nMeasured by `tests/hangs/run.py`{forms}; `tests/hangs/README.md` says how each verdict is proved and what counts as right:\n\n"
                "    tests/hangs/run.py --wedge build/release/cli/wedge [--titles DIR] --markdown docs/hangs.md\n\n" + summary + "\n\n")
        f.write("| case | expected | said | right | remarks |\n|---|---|---|---|---|\n")
        for name, want, said, mark, notes in rows:
            f.write(f"| {name} | {want} | {said} | {mark} | {notes} |\n")


def run_check(o, cases, recorder):
    bad = skipped = 0
    for case in cases:
        run = recorder.record(case)
        problems = check_case(o, case, run) if run else []
        skipped += not run
        for p in problems:
            print(f"{case.name}: {p}")
        bad += bool(problems)
    print(f"{len(cases)} cases, {bad} with problems, {skipped} skipped: no such title")
    return 1 if bad else 0


def main():
    o = options()
    if not o.check and not has_hang(o):
        print("this wedge has no `hang`: skipped")
        return 77
    cases, rows = chosen(o), []
    recorder = corpus.Recorder(o.wedge, o.guests, o.titles, o.work, o.sched_seed)
    if o.check:
        return run_check(o, cases, recorder)
    counts = {True: [0, 0], False: [0, 0]}
    full = skipped = 0
    for case in cases:
        run = recorder.record(case)
        if run is None:
            print(f"{case.name}: no such title, skipped")
            skipped += 1
            continue
        j = judge(o, case, run)
        counts[case.healthy][0] += j.right
        counts[case.healthy][1] += 1
        full += not case.healthy and not j.wrong
        want = "healthy" if case.healthy else case.row["class"][0]
        rows.append((case.name, want, j.said or ("silent" if j.silent else "nothing"), "yes" if j.right else "**no**", "; ".join(j.wrong)))
        print("%-38s %-17s %-17s %-4s %s" % (rows[-1][0], want, rows[-1][2], "ok" if j.right else "BAD", rows[-1][4]), flush=True)
    (right, hangs), (silent, healthy) = counts[False], counts[True]
    summary = f"{right} of {hangs} hangs right in class and object ({full} in every thread, signaler and owner too); silent on {silent} of {healthy} healthy runs."
    print(summary + f" {skipped} skipped." * bool(skipped))
    if o.markdown:
        write_markdown(o.markdown, o, rows, summary)
    return 0 if right >= 0.9 * hangs and silent == healthy else 1


if __name__ == "__main__":
    sys.exit(main())

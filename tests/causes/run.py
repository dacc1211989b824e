#!/usr/bin/env python3
"""Judges `wedge diff`: planted pairs (one kernel behaviour changed: is its cause named first?) and healthy pairs (is
nothing named?). See README.md beside this file.

usage: run.py --build BUILD [--titles DIR] [--wedge PATH] [--jobs N] [--filter REGEX] [--quick] [--show]
              [--every N] [--markdown FILE] [--json FILE] [--min-right PERCENT] [--max-false N]
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import corpus  # noqa: E402
import judge  # noqa: E402


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(HERE, "../../build/release"), help="build folder")
    p.add_argument("--titles", help="folder with dolphin/dolphin.xex")
    p.add_argument("--wedge", help="the wedge to judge (default: the build folder's)")
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--filter", default="", help="only pairs whose name matches")
    p.add_argument("--quick", action="store_true", help="a subset that takes less than a minute")
    p.add_argument("--every", type=int, default=1, help="of those every so many-th")
    p.add_argument("--other-day", action="store_true", help="instead: every planted pair against another schedule and its forms")
    p.add_argument("--show", action="store_true", help="print each pair's files, first difference and diff")
    p.add_argument("--failures", action="store_true", help="print the pairs that are wrong")
    p.add_argument("--markdown", help="write the result into the section --label of that page")
    p.add_argument("--label", default="wedge diff", help="what the table calls this wedge")
    p.add_argument("--json", help="write each pair's result there")
    p.add_argument("--min-right", type=float, default=0, help="fail below that percentage")
    p.add_argument("--max-false", type=int, default=1 << 30, help="fail above so many false causes")
    return p.parse_args()


def chosen(pairs, a):
    if a.quick:
        pairs = corpus.quick(pairs)
    return [p for p in pairs if re.search(a.filter, p.name)][::a.every]


def run_one(pair, lab, wedge):
    try:
        files = pair.files(lab)
    except corpus.Skipped as e:
        return pair, judge.Result("skipped", str(e), "", 0)
    except corpus.Unusable as e:
        return pair, judge.Result("unusable", str(e), "", 0)
    return pair, judge.judge(pair, files, wedge)


def show(pair, result, lab, wedge):
    print("== %s: %s" % (pair.name, result.verdict))
    if result.verdict in ("unusable", "skipped"):
        print(result.first)
        return
    a, b = pair.files(lab)
    print("   %s diff %s %s" % (wedge, a, b))
    print("   expected:", getattr(pair, "expect", "no cause"))
    for line in pair.evidence(lab):
        print("   " + line)
    out = subprocess.run([wedge, "diff", a, b], capture_output=True, text=True).stdout
    print("\n".join("   | " + x for x in out.splitlines()[:40]))


def main():
    a = arguments()
    wedge = os.path.abspath(a.wedge or os.path.join(a.build, "cli/wedge"))
    lab = corpus.Lab(os.path.abspath(a.build), a.titles)
    pairs = chosen(list(corpus.other_day(lab)) if a.other_day else corpus.pairs(lab), a)
    results = []
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run_one, p, lab, wedge) for p in pairs]):
            results.append(done.result())
            if sys.stderr.isatty():
                print("\r%d/%d" % (len(results), len(pairs)), end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    results.sort(key=lambda x: x[0].order)
    for pair, result in results:
        if a.show:
            show(pair, result, lab, wedge)
        elif result.verdict not in ("right", "quiet", "skipped") and (a.failures or result.verdict in ("unusable", "error")):
            print("%-10s %s\n           %s" % (result.verdict, pair.name, result.first))
    table = judge.table(results, a.label)
    print(table.text())
    if a.markdown:
        table.write_section(a.markdown)
    if a.json:
        with open(a.json, "w") as f:
            json.dump([{"pair": p.name, "verdict": r.verdict, "first": r.first} for p, r in results], f, indent=1)
    return table.verdict(a.min_right, a.max_false)


if __name__ == "__main__":
    sys.exit(main())

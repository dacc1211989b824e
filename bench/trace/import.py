#!/usr/bin/env python3
"""What `wedge import` costs, beside DuckDB's CREATE TABLE AS on the same JSON Lines, in one run: wall and processor time, peak memory, bytes an
event on disk; and how long the first questions take once the database is there.

usage: bench/trace/import.py BUILD [--duckdb FOLDER] [--dir DIR] [--quick] [--runs N] [--markdown FILE]

BUILD is a build folder (build/release). FOLDER is where `npm install @duckdb/node-api` was done; without it Wedge is measured alone. The trace,
18.7 M events of the generator in bench/diff, is made below --dir (needs 8 GB) and removed. --quick: one of 47,016 events, which tries
this script and measures nothing.
"""
import argparse, os, shutil, subprocess, sys, tempfile, time

COLUMNS = {"engine": "VARCHAR", "kind": "VARCHAR", "tid": "BIGINT", "idx": "BIGINT", "host_ns": "BIGINT", "cycle": "BIGINT", "name": "VARCHAR",
           "module": "VARCHAR", "ordinal": "BIGINT", "lr": "UBIGINT", "args": "UBIGINT[]", "args_resolved": "JSON", "rv": "UBIGINT", "out": "JSON",
           "status": "UBIGINT", "new_tid": "BIGINT", "handle": "UBIGINT", "entry": "UBIGINT", "ctx": "UBIGINT", "stack": "BIGINT", "flags": "BIGINT",
           "raw": "UBIGINT", "hsid": "VARCHAR", "object_type": "VARCHAR", "guest_object": "UBIGINT", "handles": "UBIGINT[]",
           "guest_objects": "UBIGINT[]", "timeout_ns": "HUGEINT", "alertable": "BOOLEAN", "reason": "BIGINT", "op": "VARCHAR", "count": "BIGINT",
           "dup_of": "UBIGINT", "code": "UBIGINT", "text": "VARCHAR", "xapi_startup": "UBIGINT", "guest": "BOOLEAN"}
SCRIPT = """
const { DuckDBInstance } = require('@duckdb/node-api');
(async () => {
  const c = await (await DuckDBInstance.create(process.argv[3], {threads: '%d'})).connect();
  await c.run(`CREATE TABLE events AS SELECT * FROM read_json('${process.argv[2]}', format = 'newline_delimited', columns = {%s})`);
  await c.run('CHECKPOINT');
})();
"""
QUESTIONS = ("SELECT * FROM call_counts(6)", "SELECT * FROM signalers_of((SELECT id FROM objects WHERE signals > 0 LIMIT 1))",
             "SELECT count(*) FROM timeline(6, 1.0, 1.1)", "SELECT * FROM wait_chain(7)", "SELECT count(*) FROM calls_between(6, 5000000, 5001000)",
             "SELECT * FROM v_blocked", "SELECT * FROM v_first_failures", "SELECT * FROM v_kinds")


def measure(command, cwd=None):
    """Wall seconds, processor seconds, peak MiB."""
    start = time.perf_counter()
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=cwd)
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode:
        sys.exit("%s: exit status %d" % (command[0], p.returncode))
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def best(command, made, runs, cwd=None):
    results = []
    for _ in range(runs):
        if os.path.exists(made):
            os.unlink(made)
        results.append(measure(command, cwd))
    return min(results)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("build")
    ap.add_argument("--duckdb", metavar="FOLDER")
    ap.add_argument("--dir")
    ap.add_argument("--quick", action="store_true")
    ap.add_argument("--runs", type=int, default=3)
    ap.add_argument("--markdown", metavar="FILE")
    a = ap.parse_args()
    wedge = os.path.abspath(os.path.join(a.build, "cli/wedge"))
    generator = os.path.join(a.build, "bench/diff/bench_investigation")
    work = tempfile.mkdtemp(prefix="wedge-import-", dir=a.dir)
    at = lambda name: os.path.join(work, name)
    rows = []
    try:
        subprocess.run([generator, "--out", work, "--scale", "small" if a.quick else "full", "--args", "some", "--lr", "both"], check=True)
        os.unlink(at("ours.jsonl"))
        events = int(subprocess.run(["wc", "-l", at("canary.jsonl")], capture_output=True, check=True).stdout.split()[0])
        duck = None
        if a.duckdb:
            script = os.path.join(a.duckdb, "wedge-import.cjs")
            with open(script, "w") as f:
                f.write(SCRIPT % (os.cpu_count(), ", ".join("%s: '%s'" % c for c in COLUMNS.items())))
            duck = best(["node", "wedge-import.cjs", at("canary.jsonl"), at("duck.db")], at("duck.db"), a.runs, a.duckdb)
            rows.append(["DuckDB, CREATE TABLE AS, JSONL", *duck, os.path.getsize(at("duck.db")) / events])
            os.unlink(at("duck.db"))
            os.unlink(script)
        subprocess.run(["zstd", "-q", "-1", "-T0", at("canary.jsonl")], check=True)
        for name in ("canary.jsonl.zst", "canary.jsonl"):
            r = best([wedge, "import", at(name), "-o", at("trace.db")], at("trace.db"), a.runs)
            rows.append(["wedge import, " + ("zstd" if name.endswith("zst") else "JSONL"), *r, os.path.getsize(at("trace.db")) / events])
        lines = ["%d events, %d processors, best of %d" % (events, os.cpu_count(), a.runs), "",
                 "| | wall | processor | peak | bytes an event | wall beside DuckDB |", "|---|---|---|---|---|---|"]
        for name, wall, cpu, mib, size in rows:
            lines.append("| %s | %.1f s | %.1f s | %.0f MiB | %.1f | %s |" % (name, wall, cpu, mib, size, "%.2f" % (wall / duck[0]) if duck else ""))
        lines += ["", "| question, of the database | wall |", "|---|---|"]
        for sql in QUESTIONS:
            wall = min(measure([wedge, "query", at("trace.db"), sql])[0] for _ in range(a.runs))
            lines.append("| `%s` | %.2f s |" % (sql, wall))
    finally:
        shutil.rmtree(work)
    print("\n".join(lines))
    if a.markdown:
        with open(a.markdown, "w") as f:
            f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

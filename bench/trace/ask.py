#!/usr/bin/env python3
"""Questions to a trace of 18.7 million events, straight from the file: `wedge query` beside DuckDB, in one run.

usage: bench/trace/ask.py BUILD --duckdb FOLDER [--dir DIR] [--runs N] [--quick]

BUILD is a build folder (build/release). FOLDER is where `npm install @duckdb/node-api` was run. The trace (3.1 GB, bench_investigation's)
is made below --dir and removed at the end. Each is run N times (3), by turns; the quickest counts. --quick makes a small trace: it tries
this script, and measures nothing.
"""
import argparse, os, shutil, subprocess, sys, tempfile, time

p = argparse.ArgumentParser(usage=__doc__)
p.add_argument("build")
p.add_argument("--duckdb")
p.add_argument("--dir")
p.add_argument("--runs", type=int, default=3)
p.add_argument("--quick", action="store_true")
a = p.parse_args()
wedge = os.path.abspath(os.path.join(a.build, "cli/wedge"))
folder = tempfile.mkdtemp(prefix="wedge-ask-", dir=a.dir)

PEER = """
const {DuckDBInstance} = require('@duckdb/node-api');
(async () => {
  const c = await (await DuckDBInstance.create(':memory:')).connect();
  const r = await c.runAndReadAll(process.argv[1]);
  console.log(r.getRowsJson().map(x => x.join(',')).join('\\n'));
  process.exit(0);
})();
"""
QUESTIONS = (
    ("count by kind", "SELECT kind, count(*) AS n FROM {} GROUP BY kind ORDER BY n DESC, kind", "kind: 'VARCHAR'"),
    ("top calls of a thread", "SELECT name, count(*) AS n FROM {} WHERE tid = 6 AND kind = 'kernel.call' GROUP BY name ORDER BY n DESC, name LIMIT 10",
     "kind: 'VARCHAR', tid: 'UINTEGER', name: 'VARCHAR'"),
    ("returns of one call", "SELECT count(*) AS n FROM {} WHERE kind = 'kernel.return' AND name = 'NtReadFile'", "kind: 'VARCHAR', name: 'VARCHAR'"),
)


def timed(command, **more):
    start = time.perf_counter()
    out = tempfile.TemporaryFile()
    child = subprocess.Popen(command, stdout=out, **more)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    assert status == 0, command
    out.seek(0)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read().decode().strip()


try:
    subprocess.run([os.path.join(a.build, "bench/diff/bench_investigation"), "--out", folder, "--extra", "none", "--scale", "small" if a.quick else "full"], check=True)
    trace = os.path.join(folder, "canary.jsonl")
    subprocess.run(["zstd", "-q", "-T0", trace, "-o", trace + ".zst"], check=True)
    print("| question | file | wedge query | processor | memory | DuckDB | processor | memory | ratio |\n|---|---|---|---|---|---|---|---|---|")
    for what, sql, columns in QUESTIONS:
        for file in (trace, trace + ".zst"):
            ours, peers = [], []
            for _ in range(a.runs):
                ours.append(timed([wedge, "query", file, sql.format("events"), "--csv"]))
                if a.duckdb:
                    peers.append(timed(["node", "-e", PEER, sql.format("read_ndjson('%s', columns = {%s})" % (file, columns))], cwd=a.duckdb))
            assert not peers or ours[0][3].split("\n")[1:] == peers[0][3].split("\n"), (ours[0][3], peers[0][3])
            row = min(ours)
            text = "| %s | %s | %.2f s | %.2f s | %.0f MiB |" % (what, "plain" if file == trace else ".zst", *row[:3])
            if peers:
                other = min(peers)
                text += " %.2f s | %.2f s | %.0f MiB | %.2f |" % (*other[:3], row[0] / other[0])
            print(text, flush=True)
finally:
    shutil.rmtree(folder)

#!/usr/bin/env python3
"""`wedge export --lnav` and export/lnav.json, by lnav itself: lnav.py WEDGE GUESTS SOURCE WORK. Without lnav: skipped (77)."""
import collections, csv, datetime, io, json, os, shutil, subprocess, sys

wedge, guests, source, work = sys.argv[1:5]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)
subprocess.run([wedge, "record", os.path.join(guests, "cacheload.xex"), "-o", "run"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
text = subprocess.run([wedge, "export", "run", "--lnav", "-"], check=True, capture_output=True, text=True).stdout
lines = [json.loads(line) for line in text.splitlines()]

# The events as they are, with what readers of logs want.
events = subprocess.run(["zstdcat", "run/trace.jsonl.zst"], check=True, capture_output=True, text=True).stdout.splitlines()
assert len(events) == len(lines)
for line, event in zip(lines, map(json.loads, events)):
    time, status = line.pop("time"), int(event.get("status", "0x0"), 16)
    at = datetime.datetime(2000, 1, 1) + datetime.timedelta(microseconds=event["host_ns"] // 1000)
    assert time == at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "%03d" % (event["host_ns"] % 1000), (time, event)
    level = line.pop("level")
    assert (level == "error") == (status >> 30 == 3) and (level == "warning") == (status >> 30 == 2 or event["kind"] == "limit"), (level, event)
    assert ("status_name" in line) <= ("status" in event)
    line.pop("status_name", None)
    assert line == event

# Days of leap years, up to the last that there can be.
days = [(0, "2000-01-01"), (59, "2000-02-29"), (60, "2000-03-01"), (366, "2001-01-01"), (36584, "2100-03-01"), (213503, "2584-07-19")]
with open("days.jsonl", "w") as f:
    for n, (day, _) in enumerate(days):
        f.write(json.dumps({"kind": "x", "tid": 1, "idx": n, "host_ns": day * 86400 * 10**9 + 1}) + "\n")
out = subprocess.run([wedge, "export", "days.jsonl", "--lnav", "-"], check=True, capture_output=True, text=True).stdout
for line, (day, date) in zip(out.splitlines(), days):
    assert json.loads(line)["time"] == f"{datetime.date(2000, 1, 1) + datetime.timedelta(day)}T00:00:00.000000001", (line, date)

if not shutil.which("lnav"):
    print("lnav is not installed: its format file was not tried")
    sys.exit(77)
env = dict(os.environ, HOME=work, XDG_CONFIG_HOME=os.path.join(work, "config"), TERM="dumb")
open("run.log", "w").write(text)


def lnav(*args):
    p = subprocess.run(["lnav", "-n", *args], capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL)
    assert p.returncode == 0 and "error" not in p.stderr, (args, p.stdout, p.stderr)
    return p.stdout


def sql(query):
    return list(csv.DictReader(io.StringIO(lnav("-c", ";" + query, "-c", ":write-csv-to -", "run.log"))))


p = subprocess.run(["lnav", "-i", os.path.join(source, "export/lnav.json")], capture_output=True, text=True, env=env)
assert p.returncode == 0 and "error" not in p.stdout + p.stderr, p
assert sql("SELECT count(*) AS n FROM wedge_trace")[0]["n"] == str(len(events))
want = collections.Counter((e["tid"], e["name"]) for e in map(json.loads, events) if e["kind"] == "kernel.call")
got = {(int(r["tid"]), r["name"]): int(r["n"]) for r in sql("SELECT tid, name, count(*) AS n FROM wedge_trace WHERE kind = 'kernel.call' GROUP BY tid, name")}
assert got == want, (got, want)
failed = [(str(e["tid"]), str(e["idx"]), e["status"], str(e["host_ns"])) for e in map(json.loads, events) if int(e.get("status", "0"), 16) >> 30 == 3]
assert failed
rows = sql("SELECT tid, idx, status, status_name, host_ns FROM wedge_trace WHERE log_level = 'error' ORDER BY log_line")
assert sorted((r["tid"], r["idx"], r["status"], r["host_ns"]) for r in rows) == sorted(failed), (rows, failed)
assert all(r["status_name"].startswith("STATUS_") for r in rows)
shown = [line for line in lnav("run.log").splitlines() if line.strip()]
assert len(shown) == len(events), (len(shown), len(events))
assert any(" thread   3 kernel.return NtQueryFullAttributesFile" in line and "STATUS_NO_SUCH_FILE" in line for line in shown)
print(f"lnav: {len(events)} events, {len(failed)} failed statuses")

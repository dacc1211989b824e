#!/usr/bin/env python3
"""The documented queries and the functions of SQL, in wedge query and as an extension of another SQLite, on recorded runs; what can be counted
from the lines of the trace is counted here.

sql.py WEDGE EXTENSION GUESTS QUERIES FUNCTIONS WORK [TITLE]
"""
import collections, json, os, re, shutil, sqlite3, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, extension, guests, queries, functions, work = sys.argv[1:7]
titles = sys.argv[7:]
loadable = extension != "none" and hasattr(sqlite3.Connection, "enable_load_extension")
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)


def documented(path):
    """A line of comment and a statement each."""
    text = open(path).read()
    found = re.findall(r"^-- (.+)\n((?:[^-\n].*\n)+)", text, re.M)
    assert len(found) == text.count("\n-- ") + text.startswith("-- ") and all(sql.strip().endswith(";") for _, sql in found)
    return found


def query(db, sql, *more):
    p = subprocess.run([wedge, "query", db, sql, "--json", *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 0, (sql, p.stderr)
    return [json.loads(l) for l in p.stdout.splitlines()]


def shell(db, sql):
    """The same by the stock library, with the extension."""
    con = sqlite3.connect(db)
    if not loadable:
        return None
    con.enable_load_extension(True)
    con.load_extension(extension)
    rows = con.execute(sql).fetchall()
    con.close()
    return rows


def record(name):
    run = os.path.join(work, os.path.basename(name))
    subprocess.run([wedge, "record", name if os.path.isabs(name) else os.path.join(guests, name), "-o", run, "--seconds", "1"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return run


def lines_of(run):
    text = subprocess.run(["zstdcat", os.path.join(run, "trace.jsonl.zst")], capture_output=True, text=True).stdout
    return [json.loads(l) for l in text.splitlines()]


def check(run, events):
    """Counts of the events against what the queries say."""
    db = run + ".db"
    subprocess.run([wedge, "import", run, "-o", db, *([] if run in titles else ["--branches"])], check=True, stdout=subprocess.DEVNULL)
    have = lambda sql: query(db, sql)
    calls = [e for e in events if e["kind"] == "kernel.call"]
    names = collections.Counter((e["tid"], e["name"]) for e in calls)
    assert {(r["tid"], r["name"]): r["calls"] for r in have("SELECT * FROM v_call_counts")} == names
    assert have("SELECT max(last_idx - first_idx + 1) <= 256 AND max(last_seq - first_seq) <= 16385 AS bounded FROM blocks") == [{"bounded": 1}]
    for tid in {e["tid"] for e in calls}:
        assert {r["name"]: r["calls"] for r in have(f"SELECT * FROM call_counts({tid})")} == {n: c for (t, n), c in names.items() if t == tid}
        own = [e for e in events if e["tid"] == tid]
        a, b = own[len(own) // 3]["idx"], own[len(own) * 2 // 3]["idx"]
        assert [r["idx"] for r in have(f"SELECT idx FROM events_of({tid}, {a}, {b})")] == [e["idx"] for e in own if a <= e["idx"] <= b]
        assert [(r["idx"], r["name"]) for r in have(f"SELECT idx, name FROM calls_between({tid}, {a}, {b})")] == \
               [(e["idx"], e["name"]) for e in own if a <= e["idx"] <= b and e["kind"] == "kernel.call"]
        t0, t1 = own[len(own) // 3]["host_ns"], own[len(own) * 2 // 3]["host_ns"]
        begins = [e for e in own if t0 <= e["host_ns"] <= t1 and e["kind"] not in ("kernel.return", "wait.end", "handle.destroy")]
        assert [r["idx"] for r in have(f"SELECT idx FROM timeline({tid}, {t0} / 1e9, {t1} / 1e9)")] == [e["idx"] for e in begins]
        last = [(e["idx"], e["name"]) for e in own if e["kind"] == "kernel.call"][-20:]
        assert [(r["idx"], r["name"]) for r in have(f"SELECT idx, name FROM last_calls({tid}, 20)")] == last, tid
    t0, t1 = events[len(events) // 3]["host_ns"], events[len(events) // 3 + len(events) // 20]["host_ns"]
    assert [r["seq"] for r in have(f"SELECT seq FROM during({t0} / 1e9, {t1} / 1e9)")] == [n for n, e in enumerate(events, 1) if t0 <= e["host_ns"] <= t1]
    open_handles, made = {}, collections.Counter()
    for e in events:
        if e["kind"] in ("handle.create", "handle.dup"):
            open_handles[e["raw"]] = e["object_type"]
            made[e["object_type"]] += 1
        elif e["kind"] == "handle.destroy":
            del open_handles[e["raw"]]
    leaks = collections.Counter()
    for r in have("SELECT object_type, open FROM v_leaks"):
        leaks[r["object_type"]] += r["open"]
    assert leaks == collections.Counter(open_handles.values()), (leaks, open_handles)
    failed = {}
    for e in events:
        if e["kind"] == "kernel.return" and int(e.get("status", "0x0"), 16) & 0xC0000000 == 0xC0000000:
            failed[e["status"]] = failed.get(e["status"], 0) + 1
    assert {r["rv"]: r["n"] for r in have("SELECT rv, count(*) AS n FROM v_failed_calls GROUP BY rv")} == failed, failed
    made_by = {e["child"]: (e["tid"], e["idx"]) for e in events if e["kind"] == "thread.create"}
    for r in have("SELECT tid, parent, create_idx, call FROM v_threads"):
        assert (r["parent"], r["create_idx"]) == made_by.get(r["tid"], (None, None)) and (r["call"] == "ExCreateThread" or not r["parent"]), r
    signals = collections.Counter((e["hsid"], e["tid"]) for e in events if e["kind"] == "signal")
    for hsid in sorted({h for h, _ in signals})[:20]:
        rows = collections.Counter()
        for r in have(f"SELECT * FROM signalers_of('{hsid}')"):
            rows[r["tid"]] += r["times"]
        assert rows == {t: n for (h, t), n in signals.items() if h == hsid}, hsid
    waited = collections.Counter()
    for e in events:
        if e["kind"] == "wait.begin":
            for h in e["handles"]:
                waited[h["hsid"] if isinstance(h, dict) else h] += 1
    counted = {r["hsid"]: r["waits"] for r in have("SELECT hsid, waits FROM v_objects WHERE waits > 0")}
    assert counted == waited, (counted, waited)
    first = {r["hsid"] for r in have("SELECT hsid FROM v_never_signalled")}
    assert first == set(waited) - {h for h, _ in signals}
    ended = {}
    for e in events:
        if e["kind"] in ("wait.begin", "wait.end"):
            ended[e["tid"]] = e["kind"] == "wait.end"
    assert {r["tid"] for r in have("SELECT tid FROM v_blocked")} >= {t for t, over in ended.items() if not over}
    assert len(have("SELECT * FROM v_prints")) == sum(e["kind"] == "guest.print" for e in events)
    middle = len(events) // 2
    assert [json.loads(r["fields"]) for r in have(f"SELECT fields FROM events_between({middle}, {middle + 20})")] == \
           [{k: v for k, v in e.items() if k not in ("kind", "tid", "idx", "host_ns", "cycle")} for e in events[middle - 1:middle + 20]]
    e = events[middle]
    assert have(f"SELECT seq_at({e['tid']}, {e['idx']}) AS at") == [{"at": middle + 1}]
    made = next((x for x in events if x["kind"] == "thread.create" and any(y["tid"] == x["child"] for y in events)), None)
    if made and made["tid"]:
        later = next(x for x in events if x["tid"] == made["child"])
        way = have(f"SELECT happens_before({made['tid']}, {made['idx']}, {later['tid']}, {later['idx']}) AS way")[0]["way"]
        assert way and "makes" in way, way
        back = have(f"SELECT happens_before({later['tid']}, {later['idx']}, {made['tid']}, {made['idx']}) AS way")[0]["way"]
        assert back is None
    by = next((x for x in events if x["kind"] == "wait.end" and isinstance(x["satisfied_by"], dict) and x["satisfied_by"]["tid"] not in (0, x["tid"])), None)
    if by:
        way = have("SELECT happens_before(%d, %d, %d, %d) AS way" % (by["satisfied_by"]["tid"], by["satisfied_by"]["idx"], by["tid"], by["idx"]))[0]["way"]
        assert way and "wakes" in way, way
    for e in [x for x in events if x["kind"] == "wait.end" and isinstance(x["satisfied_by"], dict)][:20]:
        row = have("SELECT g.tid, g.idx FROM wait_rows w JOIN signal_rows g ON g.seq = w.by_signal WHERE w.tid = %d AND w.idx + w.add_idx = %d" % (e["tid"], e["idx"]))
        assert row == [e["satisfied_by"]], (e, row)
    return db


examples = documented(queries)
assert len(examples) >= 40, len(examples)
dbs = []
for guest in ("threads.xex", "files.xex", "cacheload.xex", "gpu.xex", "seh.xex", *titles):
    run = record(guest)
    dbs.append(check(run, lines_of(run)))
some = collections.Counter()
for db in dbs:
    for what, sql in share.of("examples of " + os.path.basename(db), examples, 2):
        rows = query(db, sql)
        some[what] += len(rows)
        mine = shell(db, sql)
        assert mine is None or len(mine) == len(rows), (sql, len(rows), len(mine))
empty = [what for what, n in some.items() if n == 0 and not share.commit]
# What none of these guests does.
assert set(empty) <= {"Who holds a lock at the end?", "Which loops poll for what does not come?", "Which files are open at the end?",
                      "Which branches went the other way once, among a hundred and more? (--branches)"}, empty

# Every function is documented with what it takes, and can be asked with nothing.
db = dbs[0]
names = re.findall(r"^-- (\w+)\((.*?)\) (rows|value):", open(functions).read(), re.M)
views = query(db, "SELECT name FROM sqlite_master WHERE type = 'view'")
assert len(views) + len(names) + 3 >= 60, (len(views), len(names))
for v in views:
    query(db, "SELECT * FROM %s LIMIT 3" % v["name"])

# Each function and view is asked something whose answer is looked at: here, by hand, by a documented question, or by another one that is.
bodies = dict(re.findall(r"^-- (\w+)\(.*?\) (?:rows|value):.*\n((?:(?!-- ).*\n?)+)", open(functions).read(), re.M) +
              re.findall(r"CREATE VIEW (\w+)(.*?);", open(os.path.join(os.path.dirname(functions), "trace.sql")).read(), re.S))
here = os.path.dirname(os.path.abspath(__file__))
text, asked = "".join(open(p).read() for p in (queries, os.path.join(here, "sql.py"), os.path.join(here, "by_hand.py"))), set()
while more := {n for n in bodies if n not in asked and re.search(r"\b%s\b" % n, text)}:
    asked |= more
    text = "".join(bodies[n] for n in more)
alone = sorted(set(bodies) - asked)
assert not alone, "nobody asks %s: a question in docs/queries.sql does" % ", ".join(alone)
for name, parameters, kind in names:
    if "other" in parameters:
        p = subprocess.run([wedge, "query", db, f"SELECT * FROM {name}()"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert p.returncode == 2 and "attached" in p.stderr, p.stderr
        continue
    for given in share.of(name, ("", "NULL", "-1", "'x'", "1.5", "x'00ff'"), 3):
        n = parameters.count(",") + 1
        args = ", ".join([given] * n) if given else ""
        query(db, f"SELECT * FROM {name}({args}) LIMIT 3" if kind == "rows" else f"SELECT {name}({args}) AS v")
assert query(db, "SELECT hex(255) AS a, hex('ab') AS b, hex(NULL) AS c, hex(-1) AS d, status(0xc0000034) AS e, status('0xc000000f') AS f, status(NULL) AS g, "
                 "from_hex('0x10') AS h, status(12345) AS i") == \
    [{"a": "0xff", "b": "6162", "c": "", "d": "0xffffffffffffffff", "e": "STATUS_OBJECT_NAME_NOT_FOUND", "f": "STATUS_NO_SUCH_FILE", "g": None, "h": 16,
      "i": "0x3039"}]

# Two traces beside each other, in the stock shell: what one does more often.
con = sqlite3.connect(dbs[0])
if loadable:
    con.enable_load_extension(True)
    con.load_extension(extension)
    con.execute("ATTACH ? AS ref", (dbs[1],))
    con.execute("ATTACH ? AS same", (dbs[0],))
    assert con.execute("SELECT count(*) FROM delta('same')").fetchone() == (0,)
    count = lambda schema: con.execute(f"SELECT sum(calls) FROM {schema}.call_sums x JOIN {schema}.sites s ON s.id = x.site WHERE s.name = 'NtClose'").fetchone()[0] or 0
    rows = con.execute("SELECT sum(here), sum(there) FROM delta('ref') WHERE name = 'NtClose'").fetchone()
    assert rows == (None, None) or rows[0] - rows[1] == count("main") - count("ref"), rows
    con.close()
# Where there is no memory for an answer that is said; nothing is not an answer. (The limit is the whole process's.)
LITTLE = """import sqlite3, sys
con = sqlite3.connect(":memory:")
con.enable_load_extension(True)
con.load_extension(sys.argv[1])
con.execute("PRAGMA hard_heap_limit = 8000000")
try:
    print(con.execute("SELECT hex(randomblob(3000000)) IS NULL").fetchall())
except MemoryError:
    print(con.execute("SELECT length(hex(randomblob(3000)))").fetchone()[0])
"""
if loadable:
    p = subprocess.run([sys.executable, "-c", LITTLE, extension], capture_output=True, text=True)
    assert p.stdout == "6000\n", p
stock = shutil.which("sqlite3")
if stock and extension != "none":
    p = subprocess.run([stock, db], input=f".load {extension}\nSELECT count(*) FROM call_counts(1);\n", capture_output=True, text=True)
    assert p.returncode == 0 and int(p.stdout) > 0, p
print("%d queries, %d functions and %d views on %d runs" % (len(examples), len(names) + 3, len(views), len(dbs)))

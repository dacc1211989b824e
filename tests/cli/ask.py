#!/usr/bin/env python3
"""`wedge query` and `wedge events` as they answer: rows of the streaming table against the same lines read here, the same answers with and
without pruning, formats by other parsers, what statements may do, what is imported and what stays behind, damaged input.

ask.py WEDGE GUESTS WORK
"""
import csv, gzip, io, json, os, random, re, sqlite3, subprocess, sys

import tool

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, guests, work = (os.path.abspath(p) for p in sys.argv[1:4])
tool.enter(work)
run = tool.runner(wedge)


def rows(where, sql, *more):
    out, err = run("query", where, sql, "--format", "json", *more)
    return [list(r.values()) for r in json.loads(out)]


def signed(n):
    return n - (1 << 64) if n >= 1 << 63 else n


# -- rows are what the lines say --

RUNS = []
HANGS = sorted(f for f in os.listdir(os.path.join(guests, "hangs")) if f.endswith(".xex"))
for guest in ("files.xex", "seh.xex", "loads.xex", *(os.path.join("hangs", f) for f in HANGS[::40])):
    name = os.path.basename(guest)[:-4]
    subprocess.run([wedge, "record", os.path.join(guests, guest), "-o", name, "--seconds", "0.5"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    text = subprocess.run(["zstdcat", f"{name}/trace.jsonl.zst"], check=True, capture_output=True).stdout
    RUNS.append((name, text))
    open(f"{name}.jsonl", "wb").write(text)
    with gzip.open(f"{name}.jsonl.gz", "wb") as f:
        f.write(text)

info = rows("files", "SELECT name, type, hidden FROM pragma_table_xinfo('events')")
COLUMNS = [n for n, _, _ in info]
TYPE = {n: t for n, t, _ in info}
assert [n for n, _, hidden in info if not hidden] == ["seq", "tid", "idx", "kind", "name", "host_ns", "cycle", "line"], info
assert len(COLUMNS) == len(set(COLUMNS)) > 60
ALL = "SELECT %s FROM events" % ", ".join('"%s"' % c for c in COLUMNS)


def cell(column, value):
    """What the table should have of a JSON value."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return signed(value)
    if TYPE[column] == "INTEGER" and isinstance(value, str) and value.startswith("0x"):
        return signed(int(value, 16))
    if column == "args" and isinstance(value, list):
        return ["0x%x" % (int(v, 16) if isinstance(v, str) else v) for v in value]
    return value


checked = 0
for name, text in share.of("whole tables", RUNS, 2):
    lines = text.decode().splitlines()
    sources = [name, f"{name}.jsonl", f"{name}.jsonl.gz"]
    got = [rows(s, ALL) for s in sources]
    assert got[0] == got[1] == got[2], name
    p = subprocess.run([wedge, "query", "-", ALL, "--format", "json"], input=text, capture_output=True, check=True)
    assert [list(r.values()) for r in json.loads(p.stdout)] == got[0], name
    assert len(got[0]) == len(lines), (name, len(got[0]), len(lines))
    for seq, (line, row) in enumerate(zip(lines, got[0]), 1):
        have, want = dict(zip(COLUMNS, row)), json.loads(line)
        for c in COLUMNS:
            expect = {"seq": seq, "line": line, "json": line, "ns": want["host_ns"]}.get(c, cell(c, want.get(c)))
            value = have[c]
            if isinstance(expect, (list, dict)):
                value = json.loads(value)
            assert value == expect, (name, seq, c, value, expect)
            checked += 1
assert checked > 50000 or share.commit, checked

# -- pruned or not, the answer is the same --


def same(where, sql, other):
    a, b = rows(where, sql), rows(where, other)
    assert a == b, (sql, a[:5], other, b[:5])
    return a


ONE = "(%s LIMIT -1)" % ALL  # SQL sees all rows, and tests them itself
random.seed(1)
name, text = RUNS[0]
events = [json.loads(l) for l in text.decode().splitlines()]
names = sorted({e["name"] for e in events if "name" in e})
for _ in range(25 // share.times):
    tests = random.sample(["tid = %d" % random.randrange(4), "kind = '%s'" % random.choice(events)["kind"], "name = '%s'" % random.choice(names), "idx > %d" % random.randrange(60),
                           "idx <= %d" % random.randrange(200), "kind IN ('kernel.call', 'signal', NULL)", "tid IN (0, 2, '1')", "host_ns >= %d" % random.randrange(3000), "rv = 0",
                           "name = 'NTCLOSE' COLLATE NOCASE", "tid = '1'", "idx < 90.5", "seq < %d" % random.randrange(150), "seq >= 20", "rv IS NULL", "object_type = 'File'"], random.randrange(1, 4))
    plain = " AND ".join(tests)
    n = len(same(name, f"SELECT seq, tid, kind, name FROM events WHERE {plain}", f"SELECT seq, tid, kind, name FROM {ONE} WHERE {plain}"))
    assert rows(name, f"SELECT count(*) FROM events WHERE {plain}") == [[n]], plain
for what, by in (("kind, count(*)", "GROUP BY kind"), ("kind, tid, count(*), min(tid), max(name)", "GROUP BY kind, tid"), ("name, count(*) AS n", "GROUP BY name ORDER BY n DESC, name"),
                 ("DISTINCT kind", ""), ("DISTINCT kind, tid", "ORDER BY kind, tid"), ("DISTINCT kind, tid", "ORDER BY kind DESC, tid"), ("count(*), count(name), count(rv)", ""), ("min(tid), max(tid)", ""),
                 ("kind, sum(tid), avg(tid), group_concat(DISTINCT tid)", "GROUP BY kind"), ("count(DISTINCT kind), count(*)", ""), ("tid, count(*)", "GROUP BY tid HAVING count(*) > 5"),
                 ("kind, count(*) FILTER (WHERE tid > 0)", "GROUP BY kind"), ("kind, (SELECT count(*))", "GROUP BY kind"), ("kind, count(*) OVER (PARTITION BY kind)", "ORDER BY seq"),
                 ("upper(kind), count(*)", "GROUP BY 1"), ("rv, count(*)", "WHERE kind = 'kernel.return' GROUP BY rv"), ("kind, max(idx)", "GROUP BY kind"), ("count(*) FROM events AS a, (VALUES(1),(2)), (SELECT 1 AS x)", "")):
    if " FROM " in what and "SELECT count" not in what:
        same(name, f"SELECT {what}", f"SELECT {what.replace('events', ONE)}")
    else:
        key = "" if "ORDER" in by or not what.startswith("DISTINCT") else " ORDER BY 1, 2" if "," in what else " ORDER BY 1"
        same(name, f"SELECT {what} FROM events {by}{key}", f"SELECT {what} FROM {ONE} {by}{key}")
kinds = {}
for e in events:
    kinds[e["kind"]] = kinds.get(e["kind"], 0) + 1
assert dict(rows(name, "SELECT kind, count(*) FROM events GROUP BY kind")) == kinds
assert rows(name, "SELECT count(*) FROM events WHERE random() IS NOT NULL AND (SELECT count(*)) = 1") == [[len(events)]]
assert rows(name, "SELECT tid, idx FROM events LIMIT 5") == [[e["tid"], e["idx"]] for e in events[:5]], "in the order of the trace"

# More different rows than are counted at once, and many chunks on many threads.
MANY = 1_100_000 if share.times == 1 else 800_000
with open("many.jsonl", "w") as f:
    f.write("".join('{"kind":"kernel.call","tid":%d,"idx":%d,"host_ns":%d,"name":"N%d"}\n' % (i % 7, i // 7, i, i) for i in range(MANY)))
assert rows("many.jsonl", "SELECT max(n), count(*) FROM (SELECT name, count(*) AS n FROM events GROUP BY name)") == [[1, MANY]]
assert run("query", "many.jsonl", "SELECT name, count(*) FROM events GROUP BY name ORDER BY length(name), name LIMIT 2", "--csv")[0] == "name,count(*)\nN0,1\nN1,1\n"
assert rows("many.jsonl", "SELECT tid, count(*) FROM events GROUP BY tid") == [[t, (MANY - t + 6) // 7] for t in range(7)]
assert rows("many.jsonl", "SELECT seq, name FROM events WHERE idx = 99999") == [[i + 1, "N%d" % i] for i in range(99999 * 7, 100000 * 7)]
assert rows("many.jsonl", "SELECT count(*), sum(seq - host_ns) FROM events WHERE +tid < 9") == [[MANY, MANY]]
os.remove("many.jsonl")

# -- formats --

EVIL = "\x1b]0;x\x07|\t\n\r\\ \"q\", \u00e9\u202e"
TABLE = "SELECT :evil AS 'a|b', 1 AS n, NULL AS none, x'00ff' AS blob, 0.5 AS real UNION ALL SELECT 'z', -2, '', x'', 1e300"


def shown(f):
    return run("query", name, TABLE, "--format", f, "-p", "evil=" + EVIL)[0]


READABLE = EVIL.replace("\x1b", "\\x1b").replace("\x07", "\\x07").replace("\u202e", "\\u202e")
for f in ("json", "jsonl"):
    got = json.loads(shown(f)) if f == "json" else [json.loads(l) for l in shown(f).splitlines()]
    assert got == [{"a|b": EVIL, "n": 1, "none": None, "blob": "00ff", "real": 0.5}, {"a|b": "z", "n": -2, "none": "", "blob": "", "real": 1e300}], got
got = list(csv.reader(io.StringIO(shown("csv"), newline="")))
assert got[0] == ["a|b", "n", "none", "blob", "real"] and got[2][:4] == ["z", "-2", "", ""], got
assert got[1][:2] == [READABLE.replace("\t", "\\x09").replace("\r", "\\x0d"), "1"], got[1]
tsv = [l.split("\t") for l in shown("tsv").split("\n")[:-1]]
assert len(tsv) == 3 and all(len(l) == 5 for l in tsv), tsv
assert tsv[1][0] == READABLE.replace("\\ ", "\\\\ ").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r"), tsv[1][0]
md = shown("markdown").splitlines()
assert len(md) == 4 and set(md[1]) == set("|-") and all(len(re.split(r"(?<!\\)\|", l)) == 7 for l in md), md
box = shown("box").splitlines()
assert len(box) == 6 and len({len(l) for l in box}) == 1 and [l[0] for l in box] == list("┌│├││└"), box
assert len(shown("table").splitlines()) == 4
for f in ("box", "table", "csv", "tsv", "json", "jsonl", "markdown"):
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", shown(f)), f
assert run("query", name, "SELECT 1 AS a WHERE 0", "--format", "json")[0] == "[]\n"
assert shown("jsonl") == run("query", name, TABLE, "--json", "-p", "evil=" + EVIL)[0]
assert "expected box|table" in run("query", name, TABLE, "--format", "yaml", code=2)[1]

# -- parameters --

assert rows(name, "SELECT :a, @b, $c, typeof(:a), typeof(:d)", "-p", "a=0x10", "--param", "@b=1.5", "-p", ":c=x=y", "-p", "d=-7") == [[16, 1.5, "x=y", "integer", "integer"]]
assert "parameter :t has no value" in run("query", name, "SELECT :t", code=2)[1]
assert "NAME=VALUE" in run("query", name, "SELECT 1", "-p", "t", code=2)[1]

# -- what statements may do --

os.makedirs("clean")
for sql, why in (("ATTACH 'clean/x.db' AS x", "opens no files"), ("VACUUM INTO 'clean/x.db'", ""), ("SELECT load_extension('x')", "no extensions"), ("CREATE TABLE x(a)", "--write"),
                 ("CREATE TEMP TABLE x(a)", "--write"), ("DELETE FROM threads", "--write"), ("PRAGMA journal_mode = wal", "PRAGMA"), ("PRAGMA temp_store_directory = 'clean'", "PRAGMA"),
                 ("CREATE VIRTUAL TABLE x USING fts5(a)", "--write"), ("DROP VIEW v_calls", "--write"), ("UPDATE events SET tid = 1", ""), ("BEGIN", "--write"), ("INSERT INTO threads DEFAULT VALUES", "--write")):
    err = run("query", name, sql, code=2)[1]
    assert why in err, (sql, err)
assert os.listdir("clean") == []

# -- imports: said, only for what needs them, and nothing left behind --


def folder():
    return set(os.listdir("."))


os.environ["TMPDIR"] = os.path.join(work, "tmp")
os.makedirs("tmp")
log = name + ".jsonl"
before = folder()
CALLS = "SELECT count(*) FROM v_calls"
n = sum(e["kind"] == "kernel.call" for e in events)
out, err = run("query", log, CALLS, "--csv")
assert out == f"count(*)\n{n}\n" and len(err.splitlines()) == 1 and "v_calls" in err and "importing" in err and "about" in err and "--import always" in err, err
assert folder() == before and os.listdir("tmp") == [], "nothing stays"
assert run("query", log, "SELECT count(*) FROM events", "--csv")[1] == ""
assert "--import never" in run("query", log, CALLS, "--import", "never", code=2)[1]
for wrong in ("SELECT nonsense FROM calls", "SELECT * FROM v_nonsense", "SELEC 1"):
    assert "importing" not in run("query", log, wrong, code=2)[1], wrong
out, err = run("query", log, CALLS, "--csv", "--db", "kept.db")
assert "kept.db" in err and folder() == before | {"kept.db"}
assert run("query", log, CALLS, "--csv", "--db", "kept.db") == (out, ""), "used again"
run("query", log, "SELECT 1", "--import", "always")
assert folder() == before | {"kept.db", log + ".db"}
assert run("query", log, CALLS, "--csv") == (out, "")
assert not os.path.exists(name + "/trace.db")
assert name + "/trace.db" in run("query", name, CALLS)[1] and os.path.exists(name + "/trace.db")
assert rows(name, ALL) == rows(log, ALL), "events are the same with a database and without"
assert os.listdir("tmp") == [] and subprocess.run([wedge, "query", "-", CALLS, "--csv"], input=text, capture_output=True, check=True).stdout.decode() == out
assert os.listdir("tmp") == []
# A database alone has the same `events`, whoever opens it; a line of it says the same.
STAR = ("seq", "tid", "idx", "kind", "name", "host_ns", "cycle")
for one, its in share.of("databases alone", RUNS, 2):
    run("import", one, "-o", "alone.db")
    plain = sqlite3.connect("alone.db")
    for sql in ("SELECT %s FROM events" % ", ".join(STAR), "SELECT kind, count(*) FROM events GROUP BY kind", "SELECT name, count(*) FROM events WHERE tid = 1 GROUP BY name ORDER BY 2 DESC, 1 LIMIT 10",
                "SELECT * FROM (SELECT tid, idx, name FROM events WHERE kind = 'kernel.call') WHERE name LIKE 'Nt%'", "SELECT count(*), min(host_ns), max(seq) FROM events"):
        want = rows(one, sql)
        assert rows("alone.db", sql) == want and [list(r) for r in plain.execute(sql)] == want, (one, sql)
    assert [d[0] for d in plain.execute("SELECT * FROM events").description] == [*STAR, "line"]

    def numbers(o):
        return {k: cell(k, v) if k in COLUMNS and TYPE[k] == "INTEGER" else v for k, v in o.items()}

    assert [numbers(json.loads(r[0])) for r in plain.execute("SELECT line FROM events")] == [numbers(json.loads(l)) for l in its.decode().splitlines()], one
    plain.close()
asked = subprocess.run([wedge, "query", "alone.db"], input=".schema events\n", capture_output=True, text=True, check=True).stdout
assert asked.startswith("CREATE VIEW events AS"), asked
# Of another trace, read alone.
assert rows(name, "SELECT (SELECT count(*) FROM v_calls), (SELECT count(*) FROM other.v_calls)", "--attach", f"other={RUNS[1][0]}") == [[n, RUNS[1][1].count(b'{"kind":"kernel.call"')]]
assert "expected NAME=TRACE" in run("query", name, "SELECT 1", "--attach", "other", code=2)[1]
# --write is the database's.
run("query", log, "CREATE TABLE mine AS SELECT tid, count(*) AS n FROM events GROUP BY tid", "--write")
assert rows(log, "SELECT sum(n) FROM mine") == [[len(events)]]
assert "opens no files" in run("query", log, "ATTACH 'x.db' AS x", "--write", code=2)[1]

# -- damaged input is said, and what is good of it is there --

good = b'{"kind":"kernel.call","tid":1,"idx":%d,"host_ns":1,"name":"Nt%s"}\n'
many = b"".join(good % (i, b"A" * (i % 50)) for i in range(5000))
half = len(many) // 2
half = many.index(b"\n", half) + 1
frames = [subprocess.run(["zstd", "-qc"], input=part, capture_output=True, check=True).stdout for part in (many[:half], many[half:])]
DAMAGED = {
    "long.jsonl": many[:half] + good % (7, b"B" * (10 << 20)) + many[half:],
    "nul.jsonl": many[:half] + b"\0\0{\0\n" + good % (8, b"\0") + many[half:],
    "utf8.jsonl": many[:half] + good % (9, b"\xff\xfe\xc3\x28") + b"\xff\xfe\n" + many[half:],
    "brackets.jsonl": many[:half] + b"[" * 100000 + b"\n" + b'{"kind":"x","a":' + b"[" * 100000 + b"\n" + many[half:],
    "numbers.jsonl": many[:half] + b'{"kind":"x","tid":-1}\n{"kind":"x","tid":99999999999999999999,"idx":1e9}\n{"kind":"signal","tid":1,"idx":1,"host_ns":18446744073709551615,"count":-5,"value":1.5}\n' + many[half:],
    "other.jsonl": many[:half] + b'{"kind":"x","tid":1,"idx":2,"name":["a"],"rv":null,"lr":7,"args":[1,"0x2"],"module":3}\n' + many[half:],
    "crlf.jsonl": many.replace(b"\n", b"\r\n") + b"\r\n",
    "bom.jsonl": b"\xef\xbb\xbf" + many,
    "last.jsonl": many[:-1],
    "cut.jsonl": text[:-30],
    "killed.jsonl": text[: text.rindex(b"\n", 0, -1) + 1],
    "cut.jsonl.zst": frames[0] + frames[1][: len(frames[1]) * 2 // 3],
    "broken.jsonl.zst": frames[0] + frames[1][:20] + b"\x55" * 50 + frames[1][70:],
    "twice.jsonl": text + text,
    "stock.log": b"i> 00000000 Build: x\n" + b"".join(b"d> F80000%02X NtClose(F80000%02X)\ni> F8000008 XThread::Execute thid 6\n" % (8 + i % 3 * 4, i % 9) for i in range(3000)),
}
for file, data in DAMAGED.items():
    open(file, "wb").write(data)
    p = subprocess.run([wedge, "events", file, "--json"], capture_output=True)
    want = [json.loads(l) for l in p.stdout.splitlines()]
    out, err = run("query", file, "SELECT seq, tid, idx, kind, name, host_ns FROM events", "--json")
    got = [json.loads(l) for l in out.splitlines()]
    assert len(got) == len(want) and p.returncode in (0, 2), (file, len(got), len(want), p.stderr)
    for seq, (g, w) in enumerate(zip(got, want), 1):
        assert [g["seq"], g["tid"], g["idx"], g["kind"]] == [seq, w["tid"], w["idx"], w["kind"]], (file, g, w)
        assert g["host_ns"] == signed(w["host_ns"]), (file, g, w)
    assert ("warning" in err) == (p.returncode == 2), (file, err, p.stderr)
    if "line " in err:
        assert re.search(r"line \d+", err)[0] == re.search(r"line \d+", p.stderr.decode())[0], (file, err, p.stderr)
    counts = rows(file, "SELECT kind, tid, count(*) FROM events GROUP BY kind, tid")
    assert sum(c[2] for c in counts) == len(want), file
    assert rows(file, "SELECT count(*) FROM events WHERE kind = 'kernel.call'") == [[sum(w["kind"] == "kernel.call" for w in want)]], file
    run("query", file, "SELECT line, args, out, name FROM events", "--csv")
    assert rows(file, ALL) == rows(file, ALL.replace("FROM events", "FROM events WHERE +seq > 0")), file
assert rows("other.jsonl", "SELECT name, rv, lr, args, module FROM events WHERE kind = 'x'") == [['["a"]', None, 7, '["0x1","0x2"]', 3]]
for bad in ("none.jsonl", "clean", "/dev/null"):
    run("query", bad, "SELECT 1 FROM events", code=2)
open("empty", "w").close()
run("query", "empty", "SELECT 1", code=2)

# -- wedge events --


def picked(*options, where=name):
    return [json.loads(l) for l in run("events", where, "--json", *options)[0].splitlines()]


assert picked("--where", "name LIKE 'Nt%' AND rv < 0x80000000") == [e for e in events if e.get("name", "").lower().startswith("nt") and "rv" in e and int(e["rv"], 16) < 0x80000000]
assert picked("--where", "idx % 2 -- odd", "--tid", "1", "--kind", "kernel.call", "-n", "7") == [e for e in events if e["idx"] % 2 and e["tid"] == 1 and e["kind"] == "kernel.call"][:7]
assert picked("--where", "1", "--from", "9") == picked("--from", "9") == [e for e in events if e["idx"] >= 9]
assert picked("--grep", '"NtClose"') == [e for e in events if e.get("name") == "NtClose"]
assert [l.split()[:2] for l in run("events", name, "--grep", "NtClose", "--kind", "kernel.call")[0].splitlines()] == [[str(e["tid"]), str(e["idx"])] for e in events if e.get("name") == "NtClose" and e["kind"] == "kernel.call"]
at = next(i for i, e in enumerate(events) if e["tid"] == 1 and e["idx"] == 20)
assert picked("--around", "1:20", "--context", "6") == events[at - 6 : at + 7]
assert picked("--around", "1:20") == events[at - 10 : at + 11]
assert picked("--around", "1:20", "--context", "0") == [events[at]]
assert picked("--around", "0:0", "--context", "3") == events[:4]
calls = [e for e in events[:at] if e["kind"] == "kernel.call"][-2:] + [events[at]] + [e for e in events[at + 1 :] if e["kind"] == "kernel.call"][:2]
assert picked("--around", "1:20", "--context", "2", "--kind", "kernel.call") == calls == picked("--around", "1:20", "--context", "2", "--where", "kind = 'kernel.call'")
marked = run("events", name, "--around", "1:20", "--context", "1")[0].splitlines()
assert [l[0] for l in marked] == [" ", ">", " "] and len({l.index("0.00") for l in marked}) == 1, marked
for options, words in ((("--around", "1:99999"), "its last is"), (("--around", "77:1"), "no thread 77"), (("--around", "x"), "TID:IDX"), (("--context", "3"), "--around"), (("--where", "nmae = 1"), "'name'"),
                       (("--where", "1) --"), "SQL"), (("--where", "1; SELECT 2"), ""), (("--kind", "kernel.cal"), "'kernel.call'"), (("--where", "1", "--kind", "kernel.cal"), "'kernel.call'"),
                       (("--around", "1:1", "--limit", "3"), "--context"), (("--branches", "--where", "1"), "--branches"), (("--where", ""), "--where: ")):
    assert words in run("events", name, *options, code=2)[1], options
p = subprocess.run([wedge, "events", "-", "--json", "--where", "tid = 1"], input=text, capture_output=True, check=True)
assert [json.loads(l) for l in p.stdout.splitlines()] == [e for e in events if e["tid"] == 1]
assert os.listdir("tmp") == []
print("ask: %d cells are what their lines say" % checked)

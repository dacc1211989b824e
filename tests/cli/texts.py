#!/usr/bin/env python3
"""Text beyond ASCII is the same text in every way of asking, whoever wrote the trace and however it was escaped; and the last line counts.

texts.py WEDGE GUESTS WORK: one trace in the spellings that JSON allows, asked straight, imported, as events, exported and compared; what
is printed is read back; a run that was recorded when UTF-8 was escaped byte by byte replays.
"""
import csv, hashlib, json, os, shutil, subprocess, sys

wedge, guests, work = sys.argv[1:4]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)


def run(*words, code=0):
    p = subprocess.run([wedge, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert p.returncode == code, (words, p.returncode, p.stdout, p.stderr)
    return p.stdout.decode("utf-8")


TEXTS = ["plain", "f\u00fcr", "\u00fc", "\u65e5\u672c", "\u00fc\u65e5", "\U0001f3ae", "\u00ff\"\\\x1b\x7f", "a\u202eb", "\u00fc\u0085", "\u00c3\u0178"]


def trace(path, engine, ascii, texts=TEXTS, **header):
    """As Python's json writes it; bytes are \\u00XX each."""
    lines = [{"kind": "trace.header", "tid": 0, "idx": 0, "host_ns": 0, "schema": 1, "engine": engine, "version": "1", "clock": "host", "title": "t", **header}]
    for i, t in enumerate(texts):
        lines.append({"kind": "guest.print", "tid": 1, "idx": 3 * i, "host_ns": i, "text": t})
        lines.append({"kind": "kernel.call", "tid": 1, "idx": 3 * i + 1, "host_ns": i, "name": "NtOpenFile", "lr": "0x82000000", "args": ["0x1"], "args_resolved": {"path": t}})
        lines.append({"kind": "kernel.return", "tid": 1, "idx": 3 * i + 2, "host_ns": i, "name": "NtOpenFile", "rv": "0x0", "status": "0x0", "out": {"object_name": t}})
    lines.append({"kind": "trace.footer", "tid": 0, "idx": 1, "host_ns": 99, "events": len(lines), "reason": "end"})
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(json.dumps(l, ensure_ascii=ascii) + "\n" for l in lines)


def texts_of(lines):
    events = [json.loads(l) for l in lines]
    return ([e["text"] for e in events if e["kind"] == "guest.print"], [e["args_resolved"]["path"] for e in events if e["kind"] == "kernel.call"],
            [e["out"]["object_name"] for e in events if e["kind"] == "kernel.return"])


def query(path, sql):
    return [tuple(json.loads(l).values()) for l in run("query", path, sql, "--format", "jsonl").splitlines()]


def asked(path):
    """The texts in each way of asking."""
    answers = {"events": texts_of(run("events", path, "--json").splitlines())}
    sql = {"straight": (path, "SELECT text FROM events WHERE kind = 'guest.print'", "SELECT args_resolved ->> 'path' FROM events WHERE kind = 'kernel.call'",
                        "SELECT out ->> 'object_name' FROM events WHERE kind = 'kernel.return'")}
    db = path + ".db"
    run("import", path, "-o", db)
    sql["imported"] = (db, "SELECT text FROM v_prints ORDER BY seq", "SELECT resolved ->> 'path' FROM calls ORDER BY seq", "SELECT out ->> 'object_name' FROM calls ORDER BY seq")
    for name, (where, *questions) in sql.items():
        answers[name] = tuple([t for t, in query(where, q)] for q in questions)
    found = [{"kind": kind, **json.loads(fields)} for kind, fields in query(db, "SELECT kind, fields FROM v_events ORDER BY seq")]
    answers["v_events"] = texts_of(json.dumps(e) for e in found)
    run("export", path, "--chrome-json", path + ".chrome")
    chrome = [e["args"] for e in json.load(open(path + ".chrome", encoding="utf-8"))["traceEvents"] if "args" in e]
    begins = [a["begin"] for a in chrome if a.get("begin", {}).get("kind") == "kernel.call"]
    points = [a["event"] for a in chrome if a.get("event", {}).get("kind") == "guest.print"]
    ends = [a["end"] for a in chrome if a.get("end", {}).get("kind") == "kernel.return"]
    answers["chrome"] = texts_of(json.dumps(e) for e in [*points, *begins, *ends])
    run("export", path, "--csv", path + ".csv")
    rows = list(csv.DictReader(open(path + ".csv", encoding="utf-8", newline="")))
    answers["csv"] = ([], [json.loads(r["args_resolved"])["path"] for r in rows if r["kind"] == "kernel.call"],
                      [json.loads(r["out"])["object_name"] for r in rows if r["kind"] == "kernel.return"])
    return answers


# Another engine's characters, as they are and escaped; the same read back from what `events` prints.
trace("raw.jsonl", "other", False)
trace("escaped.jsonl", "other", True)
trace("mixed.jsonl", "other", False, escapes="characters")
for name in ("raw", "escaped", "mixed"):
    if name != "mixed":
        open(f"{name}.again.jsonl", "w", encoding="utf-8").write(run("events", f"{name}.jsonl", "--json"))
    for path in (f"{name}.jsonl", f"{name}.again.jsonl"):
        if not os.path.exists(path):
            continue
        for way, (prints, paths, names) in asked(path).items():
            assert way == "csv" or prints == TEXTS, (path, way, prints)
            assert paths == TEXTS and names == TEXTS, (path, way, paths, names)
for a in ("raw", "escaped", "raw.again"):
    for b in ("raw", "escaped", "escaped.again"):
        assert run("diff", f"{a}.jsonl", f"{b}.jsonl").startswith("no difference"), (a, b)

# What ends without a newline is whole; a byte less is not.
whole = open("raw.jsonl", "rb").read().rstrip(b"\n")
for last, events in ((b"", 0), (b"}", 1)):
    open("last.jsonl", "wb").write(whole[:-1] + last)
    said = run("info", "last.jsonl")
    lines = whole.count(b"\n") + 1
    assert f" {1 - events} damaged" in said and said.splitlines()[1].startswith(f"{lines} lines = "), said
    assert ("truncated in line" in said) == (not events), said
    assert query("last.jsonl", "SELECT count(*) FROM events") == [(lines - 1 + events,)]

# A kind that is none of ours, of bytes that are no UTF-8: streamed as of the database.
open("kinds.jsonl", "wb").write(b"".join(b'{"kind":"%s","tid":1,"idx":%d,"host_ns":0}\n' % (kind, i) for i, kind in enumerate((b"f\xfcr", "f\u00fcr".encode(), b"\xff\xfe"))))
run("import", "kinds.jsonl", "-o", "kinds.db")
for sql in "SELECT kind, count(*) FROM events GROUP BY kind ORDER BY kind", "SELECT seq, kind FROM events", "SELECT seq FROM events WHERE kind = 'f\u00fcr'":
    assert query("kinds.jsonl", sql) == query("kinds.db", sql) != [], sql
assert query("kinds.jsonl", "SELECT seq FROM events WHERE kind = 'f\u00fcr'") == [(1,), (2,)]

# Nobody says so of another spelling's: characters, too.
with open("spelled.jsonl", "w") as f:
    for i, t in enumerate(TEXTS):
        f.write(json.dumps({"event": "kernel.call", "thread_id": 1, "seq": i, "function": "NtOpenFile", "args": [1], "args_resolved": {"path": t}, "mine": t}) + "\n")
events = [json.loads(l) for l in run("events", "spelled.jsonl", "--json").splitlines()]
assert [e["mine"] for e in events] == TEXTS == [e["args_resolved"]["path"] for e in events], events

# Bytes, of Wedge and of who says so: those that are UTF-8 are its characters, others stay bytes, which SQL shows as characters.
BYTES = [b"plain", "f\u00fcr".encode(), b"f\xfcr", "\u65e5".encode(), b"\xff\x80", b"\xe6\x97", "\u00fc".encode() + b"\xff"]
latin = [b.decode("latin-1") for b in BYTES]
shown = []
for b in BYTES:
    try:
        shown.append(b.decode("utf-8"))
    except UnicodeDecodeError:
        shown.append(b.decode("latin-1"))
trace("wedge.jsonl", "wedge", True, latin)
trace("says.jsonl", "other", True, latin, escapes="bytes")
for path in ("wedge.jsonl", "says.jsonl"):
    for way, (prints, paths, names) in asked(path).items():
        assert way == "csv" or prints == shown, (path, way, prints)
        assert paths == shown and names == shown, (path, way, paths, names)
    again = run("events", path, "--json")
    open("again.jsonl", "w", encoding="utf-8").write(again)
    assert run("events", "again.jsonl", "--json") == again  # the same bytes
    assert '"f\\u00fcr"' in again and '"f\u00fcr"' in again and '"\\u00ff\\u0080"' in again, again
# What one engine has as bytes and another one tells as characters is no difference; other bytes are one.
trace("told.jsonl", "other", True, shown)
assert run("diff", "wedge.jsonl", "told.jsonl").startswith("no difference")
trace("others.jsonl", "wedge", True, latin[:2] + ["f\u00fdr"] + latin[3:])
assert "f\u00fdr" in run("diff", "others.jsonl", "wedge.jsonl", code=1).splitlines()[0]

# A log's text is bytes as they stand there.
log = "".join(f"d> F8000008 NtOpenFile(00000001, {i:08X}, 00000003({t}))\n" for i, t in enumerate(["f\u00fcr", "\u65e5\u672c"]))
open("log.txt", "w", encoding="utf-8").write("i> 00000000 Build: x\n" + log)
printed = run("events", "log.txt", "--json")
assert "f\u00fcr" in printed and "\u65e5\u672c" in printed, printed
assert "f\u00fcr" in str(query("log.txt", "SELECT json FROM events")), printed

# A run of the time when each byte was escaped: its record is what it does.
shutil.copy(os.path.join(guests, "hello.xex"), "f\u00fcr.xex")
run("record", "f\u00fcr.xex", "-o", "run")
unpack = lambda: subprocess.run(["zstd", "-qdc", "run/trace.jsonl.zst"], stdout=subprocess.PIPE, check=True).stdout
now = unpack()
assert '"title":"f\u00fcr.xex"'.encode() in now
lines = b"".join(bytes([c]) if c < 0x80 else b"\\u00%02x" % c for c in now).splitlines(True)
assert b'"title":"f\\u00c3\\u00bcr.xex"' in lines[0]
digest, before = json.loads(lines[-1])["sha256"], hashlib.sha256(b"".join(lines[:-1])).hexdigest()
open("old.jsonl", "wb").write(b"".join(lines[:-1]) + lines[-1].replace(digest.encode(), before.encode()))
subprocess.run(["zstd", "-qf", "old.jsonl", "-o", "run/trace.jsonl.zst"], check=True)
manifest = open("run/manifest.json").read()
open("run/manifest.json", "w").write(manifest.replace(digest, before))
assert run("replay", "run").startswith("identical"), run("replay", "run")
open("run/manifest.json", "w").write(manifest)
wrong = lines[0].replace(b"\\u00bc", b"\\u00bd")
open("old.jsonl", "wb").write(wrong + b"".join(lines[1:]))
subprocess.run(["zstd", "-qf", "old.jsonl", "-o", "run/trace.jsonl.zst"], check=True)
run("replay", "run", code=1)

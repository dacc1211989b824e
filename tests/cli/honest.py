#!/usr/bin/env python3
"""What the tools say is so, and can be printed: databases are of the trace as it is, damage is said every time, output that is lost is an
error, JSON is valid, nothing of a guest or a log reaches a terminal as a control sequence, files that are no files stay.

usage: honest.py WEDGE GUESTS SCHEMAS WORKDIR
"""
import csv, io, json, os, pty, shutil, signal, sqlite3, stat, subprocess, sys, time

import tool

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, guests, schemas, work = sys.argv[1:5]
tool.enter(work)
run = tool.runner(wedge)


def query(where, sql, *more, code=0):
    keep = () if where.endswith(".db") else ("--import", "always")
    return run("query", where, sql, *keep, *more, code=code)


def event(kind, tid, idx, **more):
    return json.dumps({"kind": kind, "tid": tid, "idx": idx, "host_ns": idx * 1000, **more}) + "\n"


def trace(path, *calls):
    with open(path, "w") as f:
        f.write(event("trace.header", 0, 0, schema=1, engine="wedge", version="0", clock="virtual", title="t"))
        for i, c in enumerate(calls):
            f.write(event("kernel.call", 1, i, name=c, args=[]))
        f.write(event("trace.footer", 0, 1, events=len(calls) + 1, reason="exit", sha256="0" * 64))


COUNT = "SELECT name, count(*) AS n FROM calls GROUP BY name ORDER BY name"

# A database answers for the trace as it is: not for an older or younger one of its name, not for one of its size and time.
trace("t.jsonl", "NtAaa", "NtAaa")
assert query("t.jsonl", COUNT, "--csv")[0] == "name,n\nNtAaa,2\n"
inode = os.stat("t.jsonl.db").st_ino
query("t.jsonl", COUNT)
assert os.stat("t.jsonl.db").st_ino == inode, "made again without need"
before = os.stat("t.jsonl")
trace("younger", "NtBbb", "NtBbb")
os.utime("younger", ns=(before.st_atime_ns, before.st_mtime_ns + 1))
os.replace("younger", "t.jsonl")
assert query("t.jsonl", COUNT, "--csv")[0] == "name,n\nNtBbb,2\n"
trace("older", "NtCcc")
os.utime("older", (1000, 1000))
os.replace("older", "t.jsonl")
assert query("t.jsonl", COUNT, "--csv")[0] == "name,n\nNtCcc,1\n"
before = os.stat("t.jsonl")
trace("twin", "NtDdd")
os.utime("twin", ns=(before.st_atime_ns, before.st_mtime_ns))
os.replace("twin", "t.jsonl")
assert query("t.jsonl", COUNT, "--csv")[0] == "name,n\nNtDdd,1\n"
db = sqlite3.connect("t.jsonl.db")
meta = dict(db.execute("SELECT key, value FROM meta"))
assert meta["source"] == "t.jsonl" and int(meta["size"]) == os.stat("t.jsonl").st_size and int(meta["mtime_ns"]) == before.st_mtime_ns, meta
assert meta["format"] and meta["damage"] == "" and meta["events"] == "3", meta
# Half a database, one of another schema, one of somebody else: never an answer.
for sql in ("DELETE FROM meta WHERE key='events'", "UPDATE meta SET value='99' WHERE key='schema'", "DROP TABLE meta"):
    db.execute(sql)
    db.commit()
    shutil.copy("t.jsonl.db", "given.db")
    assert "given.db" in query("given.db", COUNT, code=2)[1]
    assert query("t.jsonl", COUNT, "--csv")[0] == "name,n\nNtDdd,1\n"  # made anew
    db.close()
    db = sqlite3.connect("t.jsonl.db")
db.close()
open("given.db", "w").write("no database, but long enough to be looked at" * 50)
assert "given.db" in query("given.db", COUNT, code=2)[1]
assert not [f for f in os.listdir(".") if f.endswith(".tmp")]

# What a question makes has its bound, which is told.
for sql in ("SELECT printf('%.*c', 2000000000, 'x')", "SELECT format('%2000000000d', 1)", "SELECT zeroblob(2000000000)", "SELECT hex(zeroblob(70000000))", "SELECT replace(hex(zeroblob(30000000)), '0', 'xxx')",
            "SELECT group_concat(v, '') FROM (SELECT hex(zeroblob(30000000)) AS v UNION ALL SELECT hex(zeroblob(30000000)) UNION ALL SELECT hex(zeroblob(30000000)))"):
    assert "too big: one has 134217728 bytes (128 MiB) at most" in query("t.jsonl", sql, code=2)[1], sql
assert "is 1024 MiB at most" in query("t.jsonl", "SELECT " + ", ".join("printf('%%%dd', 1)" % (100000000 + i) for i in range(20)), code=2)[1]

# Several at once.
trace("many.jsonl", *["NtXxx"] * 3000)
for turn in range(3):
    for f in ("many.jsonl.db",):
        if os.path.exists(f):
            os.remove(f)
    all_ = [subprocess.Popen([wedge, "query", "many.jsonl", COUNT, "--csv", "--import", "always"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(5)]
    answers = [p.communicate() for p in all_]
    assert all(p.returncode == 0 for p in all_) and all(a[0] == b"name,n\nNtXxx,3000\n" for a in answers), answers
    assert query("many.jsonl", COUNT, "--csv")[0] == "name,n\nNtXxx,3000\n"
    assert not [f for f in os.listdir(".") if f.endswith(".tmp")]

# Damage is said every time, from the database too.
text = open("t.jsonl").read().splitlines(True)
open("cut.jsonl", "w").write("".join(text[:-1]))
for _ in range(3):
    out, err = query("cut.jsonl", COUNT)
    assert "no trace.footer" in err, err
assert "no trace.footer" in query("cut.jsonl.db", COUNT)[1]
assert "no trace.footer" in run("import", "cut.jsonl", "-o", "cut2.db")[1]

# Lines that are missing, or twice there, are noticed by the footer's count, whoever reads it.
# Only where it bears a digest, as Wedge's does: what others count is theirs.
theirs = json.loads(text[-1])
del theirs["sha256"]
open("theirs.jsonl", "w").write("".join(text[:1] + text[2:-1]) + json.dumps(theirs) + "\n")
for command in ("info", "events"):
    assert "footer tells" not in "".join(run(command, "theirs.jsonl"))
for name, altered in (("fewer.jsonl", text[:1] + text[2:]), ("more.jsonl", text[:2] + text[1:])):
    open(name, "w").write("".join(altered))
    told = "the footer tells of 2 events, and %d are there" % (len(altered) - 1)
    for args, code in ((("events", name), 2), (("query", name, "SELECT count(*) FROM events"), 0), (("query", name, "SELECT name FROM events LIMIT 9"), 0),
                       (("query", name, COUNT), 0), (("query", name, COUNT), 0), (("import", name, "-o", "miscount.db"), 0), (("info", name), 0),
                       (("diff", name, name), 2 if name == "fewer.jsonl" else 0)):
        out, err = run(*args, code=code)
        assert told in out + err, (args, out, err)

# A trace of another schema is refused by name by every tool, and leaves nothing behind.
run("record", os.path.join(guests, "hello.xex"), "-o", "later")
whole = subprocess.run(["zstdcat", "later/trace.jsonl.zst"], stdout=subprocess.PIPE, check=True).stdout.decode()
for schema, words in (("2", "schema 2"), ("0", "schema 0"), ("-1", "schema -1"), ('"one"', "a schema that is no number"), ("null", "a schema that is no number")):
    open("later.jsonl", "w").write("".join(text).replace('"schema": 1', '"schema": %s' % schema))
    open("odd", "w").write(whole.replace('"schema":1', '"schema":%s' % schema, 1))
    subprocess.run(["zstd", "-q", "-f", "odd", "-o", "later/trace.jsonl.zst"], check=True)
    words += "; this version reads schema 1"
    for later in ("later.jsonl", "later"):
        for args in (("events", later), ("query", later, COUNT), ("import", later, "-o", "later.db"), ("diff", later, "t.jsonl"), ("diff", "t.jsonl", later), ("hang", later),
                     ("audit", "new", "later-audit", later, "t.jsonl")):
            out, err = run(*args, code=2)
            assert words in err and out == "", (args, out, err)
            if schema != "2":
                break
    for args in (("info", "later"), ("replay", "later"), ("verify", "later"), ("events", "later", "--branches")):
        out, err = run(*args, code=2)
        assert words in err and out == "", (args, out, err)
    assert not os.path.exists("later.db") and not os.path.exists("later.jsonl.db") and not os.path.exists("later/trace.db"), os.listdir(".")

# What never returned has no result.
out, err = query("t.jsonl", "SELECT rv, lr FROM v_calls", "--json")
assert json.loads(out) == {"rv": None, "lr": None}, out
with open("wait.jsonl", "w") as f:
    f.write(event("wait.begin", 1, 0, handles=["0123456789abcdef"], wait_type="any", alertable=False, timeout_ns=-1))
assert json.loads(query("wait.jsonl", "SELECT status, how FROM v_waits", "--json")[0]) == {"status": None, "how": "never ended"}

# Output that is lost is an error.
for args in (("query", "many.jsonl", "SELECT * FROM calls"), ("query", "many.jsonl", "SELECT * FROM calls", "--json"), ("query", "many.jsonl", COUNT),
             ("events", "many.jsonl"), ("exports",), ("help",), ("info", os.path.join(guests, "hello.xex"))):
    with open("/dev/full", "w") as full:
        p = subprocess.run([wedge, *args], stdout=full, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 2 and "standard output" in p.stderr, (args, p.returncode, p.stderr)

# Statements, numbers, names of columns.
for one in ("SELECT 1 AS n;-- x", "SELECT 1 AS n; /* y */ ;;", "-- z\nSELECT 1 AS n", "SELECT 1 AS n -- ;"):
    assert query("t.jsonl", one, "--csv")[0] == "n\n1\n", one
for two in ("SELECT 1; SELECT 2", "SELECT 1;-- x\nSELECT 2", "SELECT 1; nonsense"):
    assert "exactly one statement" in query("t.jsonl", two, code=2)[1], two
for none in ("", "-- nothing", "DELETE FROM calls", "DROP TABLE calls", "ATTACH 'x.db' AS x"):
    query("t.jsonl", none, code=2)
row = json.loads(query("t.jsonl", "SELECT 9e999 AS a, -9e999 AS b, 0.5 AS c, x'00ff' AS d, char(0) || 'z' AS e, 'caf\u00e9' AS f, 'x\"y' AS \"q\"\"r\"", "--json")[0])
assert row == {"a": float("inf"), "b": float("-inf"), "c": 0.5, "d": "00ff", "e": "\0z", "f": "caf\u00e9", 'q"r': 'x"y'}, row
out = query("t.jsonl", 'SELECT 1 AS "a,b", 2 AS "c""d", \'x\ny\' AS "e", \'p"q,\' AS f', "--csv")[0]
assert list(csv.reader(io.StringIO(out))) == [["a,b", 'c"d', "e", "f"], ["1", "2", "x\ny", 'p"q,']], out

# Nothing controls a terminal.
EVIL = "\x1b]0;evil\x07\x9b31m\r\x08\x7f\u202e\x00end"
with open("evil.jsonl", "w") as f:
    f.write(event("trace.header", 0, 0, schema=1, engine=EVIL, version=EVIL, clock="virtual", title=EVIL))
    f.write(event("guest.print", 1, 0, text=EVIL))
    f.write(event("odd." + EVIL, 1, 1, **{"key" + EVIL: EVIL, "raw": {"deep" + EVIL: [EVIL]}}))
    f.write(event("kernel.call", 1, 2, name="Nt" + EVIL, args=[], args_resolved={"path": EVIL}))
    f.write(event("handle.create", 1, 3, raw="0x4", hsid="0123456789abcdef", object_type=EVIL, name=EVIL))
    f.write(event("wait.begin", 1, 4, handles=["0123456789abcdef"], wait_type="any", alertable=False, timeout_ns=-1))
    f.write(event("trace.footer", 0, 1, events=6, reason=EVIL, sha256="0" * 64))
trace("plain.jsonl", "NtClose")
os.rename("evil.jsonl", "evil\x1b[31m.jsonl")
evil = "evil\x1b[31m.jsonl"
FORBIDDEN = set(range(0x20)) - {9, 10} | {0x7F}


def clean(data, of):
    text = data.decode()
    bad = [hex(ord(c)) for c in text if ord(c) in FORBIDDEN or 0x80 <= ord(c) < 0xA0 or ord(c) in (0x202E,)]
    assert not bad, (of, bad, text[:300])


for args in (("events", evil), ("events", evil, "--json"), ("query", evil, "SELECT * FROM events"), ("query", evil, "SELECT * FROM events", "--csv"),
             ("query", evil, "SELECT * FROM events", "--json"), ("query", evil, "SELECT char(27) AS \"x\x1by\", char(10) AS z, char(155) AS w"),
             ("query", evil, "SELECT char(27, 34, 155) AS \"x\x1by\"", "--csv"), ("query", evil, "SELECT * FROM v_calls"), ("query", evil, "nonsense \x1b[31m"),
             ("diff", evil, "plain.jsonl"), ("diff", "plain.jsonl", evil, "-v"), ("diff", evil, "plain.jsonl", "--json"), ("hang", evil), ("hang", evil, "-v"),
             ("info", evil), ("info", "missing\x1b[31m"), ("events", evil, "--kind", "\x1b[31m"), ("nonsense\x1b[31m",), ("events", "--\x1b[31m"),
             ("import", evil, "-o", "out\x1b[31m.db"), ("replay", evil), ("verify", evil), ("record", evil, "-o", "x\x1b[31m"), ("cpu-test", evil),
             ("audit", "new", "a\x1b", evil, "plain.jsonl"), ("audit", "new", "evil", evil, evil)):
    p = subprocess.run([wedge, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert p.returncode in (0, 1, 2), (args, p.returncode, p.stderr)
    clean(p.stdout, args)
    clean(p.stderr, args)
    if "--json" in args:
        for line in p.stdout.splitlines():
            json.loads(line)
for name in os.listdir("audit-runs/evil"):
    clean(open("audit-runs/evil/" + name, "rb").read(), name)
shutil.rmtree("audit-runs")
# A run of a title with such a name, that prints such text.
os.makedirs("titles")
shutil.copy(os.path.join(guests, "hello.xex"), "titles/h\x1b[31m.xex")
for args in (("record", "titles/h\x1b[31m.xex", "-o", "r\x1b[31m"), ("info", "r\x1b[31m"), ("replay", "r\x1b[31m"), ("verify", "r\x1b[31m"), ("events", "r\x1b[31m"),
             ("info", "titles/h\x1b[31m.xex"), ("info", "titles/h\x1b[31m.xex", "--files"), ("exports", "titles/h\x1b[31m.xex")):
    p = subprocess.run([wedge, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.returncode == 0, (args, p.stderr)
    clean(p.stdout, args)
    clean(p.stderr, args)

odd_name = "titles/\u009b31m\u202e.xex"
shutil.copy(os.path.join(guests, "hello.xex"), odd_name)
run("record", odd_name, "-o", "odd-name")
out, err = run("info", "odd-name", "--json")
clean(out.encode(), "info --json")
assert json.loads(out)["title"]["host"] == "../" + odd_name, json.loads(out)["title"]
clean(open("odd-name/manifest.json", "rb").read(), "manifest")
run("replay", "odd-name")

# JSON of whatever lines a foreign trace has is JSON.
odd = ['{"kind":"a\\"b","tid":1,"idx":0,"host_ns":1}', '{"kind":"x","tid":1,"idx":1,"host_ns":2,"k\\"ey":1}', '{"kind":"x","tid":1,"idx":2,"host_ns":2,"v":1e400}',
       '{"kind":"x","tid":1,"idx":3,"host_ns":2,"v":-0.5e-3}', '{"kind":"x","tid":1,"idx":4,"host_ns":2,"v":{"a":[1,{"b":nul}]}}', '{"kind":"x","tid":1,"idx":4,"host_ns":2,"v":nan}',
       '{"kind":"x","tid":1,"idx":5,"host_ns":2,"v":[1,]}', '{"kind":"x","tid":1,"idx":6,"host_ns":2,"v":"\\ud800"}', '{"kind":"x","tid":1,"idx":7,"host_ns":2,"v":01}',
       '{"kind":"x","tid":1,"idx":8,"host_ns":2,"v":"\\q"}', '{"kind":"x","tid":1,"idx":9,"host_ns":2,"v":Infinity}', '{"kind":"x","tid":1,"idx":10,"host_ns":2,"v":[}]}',
       '{"kind":"x","tid":1,"idx":11,"host_ns":2,"v":tru}', '{"kind":"x","tid":1,"idx":12,"host_ns":2,"v":{"a" 1}}', '{"kind":"x","tid":1,"idx":13,"host_ns":2,"v":[1 2]}',
       '{"kind":"x","tid":1,"idx":14,"host_ns":2,"args":["0xzz"]}', '{"kind":"kernel.call","tid":1,"idx":15,"host_ns":2,"name":"a\\u0000b","args":[1.5,null]}',
       '{"kind":"kernel.call","tid":1,"idx":16,"host_ns":2,"name":"N","args_resolved":{"a":.5}}', '{"kind":"kernel.call","tid":1,"idx":17,"host_ns":2,"name":"N","args_resolved":{"a":\'x\'}}',
       '{"kind":"x","tid":1,"idx":18,"host_ns":2,"v":"tab\there"}', '{"kind":"x","tid":1,"idx":19,"host_ns":2,"v":{"a":"\x01"}}', '{"kind":"x","tid":1,"idx":20,"host_ns":2,"v":+1}']
with open("odd.jsonl", "w") as f:
    f.write(event("trace.header", 0, 0, schema=1, engine="e", version="0", clock="host", title="t"))
    f.write("\n".join(odd) + "\n")
p = subprocess.run([wedge, "events", "odd.jsonl", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def strict(text):
    def refuse(c):
        raise ValueError("constant " + c)

    return json.loads(text, parse_constant=refuse)


for line in p.stdout.decode().splitlines():
    strict(line)
for line in query("odd.jsonl", "SELECT *, json FROM events", "--json")[0].splitlines():
    row = strict(line)
    strict(row["json"])

# Pipes, whole.
whole = run("events", "many.jsonl")[0]
for form in ("cat many.jsonl", "zstd -qc many.jsonl", "gzip -c many.jsonl", "(head -c 3 many.jsonl; sleep 0.1; tail -c +4 many.jsonl)"):
    for command, name in (("%s | '%s' events -", "-"), ("'%s' events <(%s)", "fd"), ("%s | '%s' events /dev/stdin", "stdin")):
        line = command % ((wedge, form) if name == "fd" else (form, wedge))
        p = subprocess.run(["bash", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert p.returncode == 0 and p.stdout == whole, (line, p.returncode, p.stderr)
    p = subprocess.run(["bash", "-c", "%s | '%s' query - '%s' --csv" % (form, wedge, COUNT)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.stdout == "name,n\nNtXxx,3000\n", (form, p.stdout, p.stderr)
    p = subprocess.run(["bash", "-c", "'%s' query <(%s) '%s' --csv" % (wedge, form, COUNT)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.stdout == "name,n\nNtXxx,3000\n", (form, p.stdout, p.stderr)
    p = subprocess.run(["bash", "-c", "'%s' diff <(%s) many.jsonl" % (wedge, form)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 0 and "no difference" in p.stdout, (form, p.stdout, p.stderr)
assert not os.path.exists("-.db")

# A trace that its run's manifest says more of than there is.
run("record", os.path.join(guests, "threads.xex"), "-o", "shrunk", "--seconds", "0.002")
packed = open("shrunk/trace.jsonl.zst", "rb").read()
assert "damage" not in run("info", "shrunk")[0]
for n in (len(packed) // 2, len(packed) - 1, 300):
    open("shrunk/trace.jsonl.zst", "wb").write(packed[:n])
    assert "the trace is damaged: " in run("info", "shrunk")[0], n
again = subprocess.run(["zstd", "-c"], input=subprocess.run(["zstd", "-dc"], input=packed, capture_output=True, check=True).stdout, capture_output=True, check=True).stdout
open("shrunk/trace.jsonl.zst", "wb").write(again)
assert "damage" not in run("info", "shrunk")[0]
os.remove("shrunk/trace.jsonl.zst")
assert "trace.jsonl.zst" in run("info", "shrunk", code=2)[1]

# What is no file is not written over; links lead to what is written.
elf = os.path.join(guests, "hello.elf")
os.mkfifo("fifo")
for args in (("verify", "fifo"), ("replay", "fifo"), ("at", "fifo", "end"), ("events", "fifo", "--branches")):  # no run, and nobody waits for it to become one
    assert "fifo" in run(*args, code=2)[1]
os.makedirs("folder")
os.symlink("nowhere", "dangling")
os.symlink("real.xex", "link.xex")
for args in (("pack", elf, "-o"), ("import", "t.jsonl", "-o")):
    for target in ("/dev/full", "/dev/null", "fifo", "folder", "dangling"):
        before = os.lstat(target).st_mode
        out, err = run(*args, target, code=2)
        assert target in err and os.lstat(target).st_mode == before, (args, target, err)
    open("real.xex", "w").close()
    run(*args, "link.xex")
    assert os.path.islink("link.xex") and os.path.getsize("real.xex") > 1000
run("pack", elf, "-o", "n" * 251 + ".xex")  # as long as a name can be
os.symlink("/dev/full", "t3.jsonl.db")
trace("t3.jsonl", "NtEee")
out, err = query("t3.jsonl", COUNT, "--csv")
assert out == "name,n\nNtEee,1\n" and stat.S_ISLNK(os.lstat("t3.jsonl.db").st_mode) and stat.S_ISCHR(os.stat("/dev/full").st_mode), (out, err)

# A NUL ends no text unnoticed.
vectors = "".join('{"name":"a%d","code":"7c632214 4e800020","base":"0x82010000","in":{"r3":"0x1","r4":"0x1"},"out":{"r3":"0x2"}}\n' % i for i in range(53))
open("v.jsonl", "w").write(vectors)
assert "53 passed, 0 failed" in run("cpu-test", "v.jsonl")[0]
lines = vectors.splitlines(True)
for at, text in ((11, "".join(lines[:10]) + "\0" + "".join(lines[10:])), (10, "".join(lines[:9]) + lines[9][:-1] + "\0\n" + "".join(lines[10:])), (54, vectors + "\0")):
    open("v.jsonl", "w").write(text)
    assert "v.jsonl:%d: column" % at in run("cpu-test", "v.jsonl", code=2)[1], at
    subprocess.run(["zstd", "-qf", "v.jsonl"], check=True)
    assert "v.jsonl.zst:%d: column" % at in run("cpu-test", "v.jsonl.zst", code=2)[1], at
for nothing in ("", "\n \n"):
    open("v.jsonl", "w").write(nothing)
    for more in ((), ("-d",)):
        assert "v.jsonl: holds no vector" in run("cpu-test", *more, "v.jsonl", code=2)[1]
open("script", "w").write('{"at_ns": 0}\n\0{"at_ns": 5, "buttons": 1}\n')
assert "script:2: column 1: a NUL" in run("record", os.path.join(guests, "pad.xex"), "-o", "nul", "--inputs", "script", code=2)[1]
open("keys", "w").write("0" * 32 + "\n" + "1" * 32 + "\0" + "2" * 32 + "\n")
assert "keys:2: column 33: a NUL" in run("record", os.path.join(guests, "files.xex"), "-o", "nul", "--keys", "keys", code=2)[1]
open("keys", "w").write("0" * 32 + "\n" + "1" * 40 + "\n")
assert "keys:2: expected 32" in run("record", os.path.join(guests, "files.xex"), "-o", "nul", "--keys", "keys", code=2)[1]
# Who names a file means it, whether or not the title needs a key.
for command in (("record", "--no-trace"), ("info",), ("exports",)):
    for title in ("files.xex", "hello.xex"):
        at = os.path.join(guests, title)
        assert "absent" in run(command[0], at, *command[1:], "--keys", "absent", code=2)[1], (command, title)
        assert "keys:2: expected 32" in run(command[0], at, *command[1:], "--keys", "keys", code=2)[1], (command, title)
open("rules", "w").write("NtClose rv why\n\0NtOpen rv why\n")
assert "rules:2: column 1: a NUL" in run("diff", "many.jsonl", "many.jsonl", "--rules", "rules", code=2)[1]
assert not os.path.exists("nul")

# A title that is cut off is that, whatever it is packed with.
for options in ((), ("--compress",), ("--lzx",), ("--encrypt",), ("--encrypt", "--compress"), ("--encrypt", "--lzx")):
    run("pack", elf, "-o", "whole.xex", *options)
    data = open("whole.xex", "rb").read()
    run("record", "whole.xex", "--no-trace")
    start = int.from_bytes(data[8:12], "big")
    for n in (start + 16, (start + len(data)) // 2, len(data) - 16, len(data) - 1):
        open("cut.xex", "wb").write(data[:n])
        out, err = run("record", "cut.xex", "--no-trace", code=2)
        assert "--keys" not in err and "cut.xex: " in err, (options, n, len(data), err)
        assert "cut off" in err or "left" in err or "LZX" in err, (options, n, err)
# A pipe that nobody writes to is no wait.
run("record", "fifo", "--no-trace", code=2, timeout=60)
run("cpu-test", "fifo", code=2, timeout=60)
run("record", os.path.join(guests, "files.xex"), "--no-trace", "--keys", "fifo", code=2, timeout=60)

# Slips are errors that say what may have been meant.
run("record", os.path.join(guests, "hello.xex"), "-o", "slip")
for args, meant in ((("events", "slip", "--kind", "kernel.cal"), "kernel.call"), (("events", "slip", "--kind", "Kernel.Call"), "kernel.call"),
                    (("events", "slip", "--name", "DbgPrnt"), "DbgPrint"), (("events", "slip", "--name", "NtCreateFiel"), "NtCreateFile"),
                    (("exports", "--module", "xam"), "xam.xex"), (("exports", "--list", "--module", "xma.xex"), "xam.xex"), (("exports", "--module", "xboxkrnl.ex"), "xboxkrnl.exe"),
                    (("exports", os.path.join(guests, "hello.xex"), "--module", "xboxkrnl"), "xboxkrnl.exe"), (("exports", os.path.join(guests, "modules.xex"), "--module", "addr.dll"), "adder.dll"),
                    (("diff", "slip", "slip", "--ignore", "NtClose,DbgPrit"), "DbgPrint"), (("audit", "new", "x", "slip", "slip", "--ignore", "NtClos"), "NtClose"),
                    (("recrod",), "record"), (("diif", "a", "b"), "diff"), (("help", "qeury"), "query"), (("record", "--secnds", "1"), "--seconds"),
                    (("record", "--out", "x"), "--output"), (("query", "slip", "SELECT 1", "--jsno"), "--json"), (("zzzzzzz",), None)):
    out, err = run(*args, code=2)
    assert (("did you mean '%s'?" % meant) in err) == (meant is not None) and (meant or "did you mean" not in err), (args, meant, err)
assert run("events", "slip", "--kind", "wait.begin")[0] == "" and run("events", "slip", "--name", "NtClose")[0] == ""
assert "no thread 99" in run("events", "slip", "--tid", "99", code=2)[1]
assert run("diff", "slip", "slip", "--ignore", "NtClose,DbgPrint")[0].startswith("no difference")

# Progress, where somebody looks: how far, at what rate, until when.
with open("big.jsonl", "w") as f:
    f.write(event("trace.header", 0, 0, schema=1, engine="wedge", version="0", clock="virtual", title="t"))
    for i in range(600000 // share.times):  # as long with the sanitizers as without
        f.write('{"kind":"kernel.call","tid":1,"idx":%d,"host_ns":%d,"name":"NtYieldExecution","args":[]}\n' % (i, i * 10))


def watched(*args):
    master, slave = pty.openpty()
    p = subprocess.Popen([wedge, *args], stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    seen = b""
    while True:
        try:
            got = os.read(master, 65536)
        except OSError:
            break
        if not got:
            break
        seen += got
    assert p.wait() in (0, 1), (args, seen)
    return seen.decode()


for args in (("import", "big.jsonl", "-o", "big.db"), ("query", "big.jsonl", "SELECT 1", "--import", "always"), ("diff", "big.jsonl", "big.jsonl")):
    seen = watched(*args)
    assert "big.jsonl: " in seen and " %, " in seen and " events" in seen, (args, seen)
    if "MB/s" not in seen:
        print("progress: too quick for a rate", args)
    assert "\r\x1b[K" in seen, (args, seen[-80:])
seen = watched("query", "big.jsonl", "SELECT name, count(*) FROM events GROUP BY name")
assert "big.jsonl: " in seen and " MB read" in seen and "\r\x1b[K" in seen, seen
run("record", os.path.join(guests, "calls.xex"), "-o", "calls")
seen = watched("replay", "calls")
assert not seen.strip("\r\x1b[K") or (" %, " in seen and "virtual time" in seen), seen  # or it was over too soon
os.remove("big.jsonl.db")
p = subprocess.Popen([wedge, "import", "big.jsonl", "-o", "stopped.db"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
time.sleep(0.3)
p.send_signal(signal.SIGINT)
out, err = p.communicate()
assert p.returncode in (0, 2, -signal.SIGINT) and (p.returncode == 0 or not os.path.exists("stopped.db")), (p.returncode, err)
assert not [f for f in os.listdir(".") if f.endswith(".tmp")], os.listdir(".")

# Times are seconds with decimals.
for given, ns in (("1", 10**9), ("0.05", 5 * 10**7), ("0.000000001", 1), ("1000000", 10**15)):
    run("record", os.path.join(guests, "hello.xex"), "-o", "time" + given, "--seconds", given)
    assert json.load(open("time%s/manifest.json" % given))["options"]["max_ns"] == ns, given
for given in ("", ".5", "1.", "-1", "1e3", "1000001", "0.0000000001", "1 ", "99999999999999999999"):
    assert "expected seconds" in run("record", os.path.join(guests, "hello.xex"), "-o", "notime", "--seconds", given, code=2)[1], given

# A limit on the size of files is said.
import resource


def small():
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))


for args in (("record", os.path.join(guests, "calls.xex"), "-o", "small"), ("import", "many.jsonl", "-o", "small.db"), ("query", "many2.jsonl", COUNT),
             ("pack", elf, "-o", "small.xex")):
    shutil.copy("many.jsonl", "many2.jsonl")
    p = subprocess.run([wedge, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=small)
    assert p.returncode == 2 and p.stderr.startswith("wedge: "), (args, p.returncode, p.stderr)
assert not os.path.exists("small.db") and not os.path.exists("small.xex") and not os.path.exists("many2.jsonl.db")
p = subprocess.run([wedge, "events", "many.jsonl"], stdout=open("small.txt", "w"), stderr=subprocess.PIPE, text=True, preexec_fn=small)
assert p.returncode == 2 and "standard output" in p.stderr, p.stderr

# Checkpoints that do not fit: the run is whole, and says where they end.
LONG = ["record", os.path.join(guests, "endless_quiet.xex"), "--seconds", "0.3", "--checkpoints", "--no-branches", "-o"]
run(*LONG, "fits")
told = json.load(open("fits/manifest.json"))["result"]
most = os.path.getsize("fits/checkpoints.wgc")
assert most > 8000 > 4 * os.path.getsize("fits/trace.jsonl.zst")
for room, json_too in (4000, []), (most // 2, ["--json"]), (most - 1, []):
    shutil.rmtree("full", ignore_errors=True)
    p = subprocess.run([wedge, *LONG, "full", *json_too], capture_output=True, text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)))
    assert p.returncode == 0 and "checkpoints.wgc: cannot write: File too large" in (json.loads(p.stdout)["checkpoints_end"] if json_too else p.stderr), (room, p)
    assert json.load(open("full/manifest.json"))["result"] == told
    assert "DIFFERS" not in run("verify", "full")[0] and run("replay", "full")[0].startswith("identical: ")
    assert run("at", "full", "end", "regs")[0] == run("at", "fits", "end", "regs")[0]

# A device is no trace, and not kept until the disk is full.
for device in ("/dev/zero", "/dev/null"):
    p = subprocess.run([wedge, "query", device, "SELECT count(*) FROM v_events"], capture_output=True, text=True, timeout=60)
    assert p.returncode == 2 and p.stderr.startswith(f"wedge: {device}: is a device;"), p

# A folder without a manifest: each command says what it is, as far as that can be seen.
os.makedirs("begun")
os.makedirs("nothing")
os.makedirs("bare")
open("begun/trace.jsonl.zst", "w").close()
shutil.copy("many.jsonl", "bare/trace.jsonl.zst")
for folder, said in (("begun", "killed before its title had been read"), ("nothing", "is no run"), ("bare", "has a trace, but no manifest.json")):
    for command in (("info", folder), ("verify", folder), ("replay", folder), ("at", folder, "start")):
        p = subprocess.run([wedge, *command], capture_output=True, text=True)
        assert p.returncode == 2 and said in p.stderr and p.stderr.count("\n") == 1, (command, p)
print("honest: answers are of what is there, and can be printed")

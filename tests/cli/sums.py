#!/usr/bin/env python3
"""sums.py WEDGE GUESTS WORK: what a database sums up while a trace is read: locks against their calls, branches against what `events --branches`
decodes; runs without a record of branches, cut ones, and what is no run."""
import collections, json, os, shutil, sqlite3, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tool

wedge, guests, work = [os.path.abspath(p) for p in sys.argv[1:4]]
tool.enter(work)
run = tool.runner(wedge)
HELD = """SELECT printf('0x%x', lock), tid, sum(takes AND done) - sum(NOT takes) AS held, max(CASE WHEN takes AND done THEN seq END) AS last_taken
          FROM v_lock_calls v GROUP BY v.lock, tid HAVING held > 0 ORDER BY last_taken"""
UNCONDITIONAL = {"b", "bl", "ba", "bla", "blr", "blrl", "bctr", "bctrl", "sc"}


def record(guest, *options):
    name = os.path.basename(guest)
    run("record", os.path.join(guests, guest + ".xex"), "-o", name, *options)
    return name


def locks(db):
    sql = sqlite3.connect(db)
    rows = sql.execute("SELECT lock, tid, held, last_taken FROM v_held_locks").fetchall()
    assert rows == sql.execute(HELD).fetchall(), (db, rows)
    sql.close()
    return len(rows)


def branches(path, *options):
    """The view against the decoded record."""
    run("import", path, "-o", path + ".db", "--branches")
    counts = collections.defaultdict(lambda: [0, 0, None, None, None])
    for line in run("events", path, "--branches", "--json")[0].splitlines():
        b = json.loads(line)
        if b["text"].split()[0] in UNCONDITIONAL:
            continue
        c = counts[b["tid"], int(b["pc"], 16), b["text"]]
        c[0 if b["taken"] else 1] += 1
        c[2] = int(b["target"], 16) if b["taken"] else c[2]
        c[3] = b["cycle"] if c[3] is None else c[3]
        c[4] = b["cycle"]
    sql = sqlite3.connect(path + ".db")
    rows = sql.execute("SELECT tid, pc, text, taken, not_taken, target, first_cycle, last_cycle FROM branch_sums").fetchall()
    assert {r[:3]: list(r[3:]) for r in rows} == dict(counts), path
    assert len(rows) == len(counts), path
    assert sql.execute("SELECT count(*) FROM v_branches").fetchone() == (len(rows),)
    assert sql.execute("SELECT sum(taken + not_taken) FROM v_branch_sites").fetchone()[0] == sum(c[0] + c[1] for c in counts.values())
    sql.close()
    return len(rows)


held = sites = 0
for guest, options in (("threads", ["--seconds", "0.003"]), ("system", []), ("modules", []), ("seh", []), ("hangs/circular.philosophers", ["--seconds", "1"])):
    if not os.path.exists(os.path.join(guests, guest + ".xex")):
        continue
    path = record(guest, *options)
    sites += branches(path)
    held += locks(path + ".db")
assert sites > 100 and held >= 1, (sites, held)


# Locks as only another engine has them: tried in vain, of no address, never returned, given back by another, taken a million times by many threads.
def call(tid, idx, name, args, rv=None):
    yield {"kind": "kernel.call", "tid": tid, "idx": idx, "host_ns": idx, "name": name, "args": args}
    if rv is not None:
        yield {"kind": "kernel.return", "tid": tid, "idx": idx + 1, "host_ns": idx + 1, "name": name, **({"rv": rv} if rv >= 0 else {})}


lines = [*call(1, 0, "RtlTryEnterCriticalSection", ["0x82000000"], 0), *call(1, 2, "RtlTryEnterCriticalSection", ["0x82000004"], 1),
         *call(1, 4, "RtlEnterCriticalSection", ["0x82000008"]), *call(2, 0, "RtlEnterCriticalSection", [5], 0),
         *call(2, 2, "RtlEnterCriticalSection", ["0x8200000c"], 0), *call(3, 0, "RtlLeaveCriticalSection", ["0x8200000c"], 0),
         *call(4, 0, "RtlEnterCriticalSection", [], 0), *call(4, 2, "RtlEnterCriticalSection", ["0xffffffff82000010"], -1),
         *call(4, 4, "RtlTryEnterCriticalSection", ["0x82000014"], -1), *call(4, 6, "RtlEnterCriticalSection", ["a", {}], 0)]
for tid in range(10, 50):
    for i in range(2000):
        lines += call(tid, 2 * i, "RtlEnterCriticalSection", [0x40000000 + 4 * i + 0x10000 * tid], 0)
with open("foreign.jsonl", "w") as f:
    f.write("".join(json.dumps(line) + "\n" for line in lines))
run("import", "foreign.jsonl", "-o", "foreign.db")
assert locks("foreign.db") == 80004

# What is not there is said.
note = "made without branches"
assert note in run("query", "threads", "SELECT count(*) FROM v_branches")[1]
assert run("query", "threads", "SELECT count(*) FROM v_branches", "--json", "--branches")[0] != '{"count(*)":0}\n'
assert note not in run("query", "threads", "SELECT count(*) FROM v_branch_sites")[1], "it is kept"
assert note not in run("query", "threads", "SELECT count(*) FROM calls")[1]
record("hello", "--no-branches")
assert "branches.zst" in run("query", "hello", "SELECT * FROM v_branches", "--branches", code=2)[1]
assert "only a run's folder" in run("import", "foreign.jsonl", "-o", "x.db", "--branches", code=2)[1]
assert not os.path.exists("x.db")
# A record that was cut has what it has, and says so.
shutil.copytree("threads", "cut")
os.unlink("cut/trace.db")
with open("cut/branches.zst", "r+b") as f:
    f.truncate(os.path.getsize("cut/branches.zst") * 2 // 3)
out, said = run("query", "cut", "SELECT sum(taken + not_taken) AS n FROM branch_sums", "--branches", "--json")
assert "branches" in said and "warning" in run("query", "cut", "SELECT 1 FROM calls LIMIT 1")[1], said
# Two runs that went another way.
run("record", os.path.join(guests, "threads.xex"), "-o", "short", "--seconds", "0.0001")
rows = [json.loads(l) for l in run("query", "threads", "--branches", "--attach", "ref=system", "SELECT * FROM branch_delta('ref')", "--json")[0].splitlines()]
sums = []
for path in ("threads", "system"):
    sql = sqlite3.connect(path + "/trace.db")
    sums.append({r[0]: r[1:] for r in sql.execute("SELECT printf('0x%08x', pc), sum(taken), sum(not_taken) FROM branch_sums GROUP BY pc")})
    sql.close()
want = {pc for pc in {**sums[0], **sums[1]} if [n > 0 for n in sums[0].get(pc, (0, 0))] != [n > 0 for n in sums[1].get(pc, (0, 0))]}
assert want and {r["at"] for r in rows} == want, (want, rows)
assert all((r["taken_here"], r["not_taken_here"]) == sums[0].get(r["at"], (0, 0)) for r in rows)
assert json.loads(run("query", "threads", "--attach", "ref=short", "SELECT count(*) AS n FROM delta('ref')", "--json")[0])["n"] > 0
print(f"sums: {sites} branches and {held} held locks")

#!/usr/bin/env python3
"""killed.py WEDGE GUESTS WORK [KILLS]: imports that are killed, told to end, or find the disk full, 50 times, at moments that a seed chooses: by how
much they have written, or by time. What is there afterwards is what was there before or whole, answers are those of the trace as it is, and the next
import takes away what was left; what was not killed leaves nothing."""
import json, os, random, resource, shutil, signal, sqlite3, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, guests, work = [os.path.abspath(p) for p in sys.argv[1:4]]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(os.path.join(work, "tmp"))
os.chdir(work)
os.environ["TMPDIR"] = os.path.join(work, "tmp")
KILLS = share.of("kills", range(int(sys.argv[4]) if len(sys.argv) > 4 else 50), 3)


def run(*args):
    p = subprocess.run([wedge, *args], capture_output=True, text=True)
    assert p.returncode == 0, (args, p)
    return p.stdout


run("record", os.path.join(guests, "threads.xex"), "-o", "run", "--seconds", "0.01")
events = run("events", "run", "--json").splitlines()
RUN = len(events)
with open("old.jsonl", "w") as f:
    f.write("\n".join(events[:1000]) + "\n")


def grow(times):
    with open("log.jsonl", "w") as f:
        f.write("\n".join(events[1:-1] * times) + "\n")
    return (RUN - 2) * times


# As many that an import takes long enough to be killed within.
count = grow(max(1, 60000 // RUN))
start = time.monotonic()
run("import", "log.jsonl", "-o", "whole.db")
took, size = time.monotonic() - start, os.path.getsize("whole.db")
os.unlink("whole.db")


def left(folder="."):
    return [f for f in os.listdir(folder) if f.endswith(".tmp") or f.startswith("wedge-query-")]


def whole(db, n):
    sql = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    assert sql.execute("SELECT value FROM meta WHERE key = 'events'").fetchone() == (str(n),), db
    assert sql.execute("SELECT count(*) FROM v_events").fetchone() == (n,), db
    assert sql.execute("PRAGMA integrity_check").fetchone() == ("ok",), db
    sql.close()


def written(folder):
    """The bytes of what is being made there."""
    n = 0
    for f in left(folder):
        path = os.path.join(folder, f)
        try:
            n += sum(os.path.getsize(os.path.join(path, g)) for g in os.listdir(path)) if os.path.isdir(path) else os.path.getsize(path)
        except OSError:
            pass
    return n


def kill(rng, folder, *args):
    """True if it had not ended."""
    how = rng.choice(("kill", "kill", "tell", "full"))
    most = rng.randrange(1, size)

    def bound():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    p = subprocess.Popen([wedge, *args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=bound if how == "full" else None)
    if how == "full":
        said = p.communicate()[1]
        assert p.returncode in (0, 2) and (p.returncode == 0 or said), (args, p.returncode, said)
    elif rng.random() < 0.5:
        least, end = rng.random() * size, time.monotonic() + 60
        while written(folder) <= least and p.poll() is None and time.monotonic() < end:
            time.sleep(0.0005)
    else:
        try:
            p.wait(rng.random() * took * 1.1)
        except subprocess.TimeoutExpired:
            pass
    if how == "kill":
        p.kill()
    elif how == "tell":
        p.send_signal(rng.choice((signal.SIGTERM, signal.SIGINT, signal.SIGHUP)))
    if how != "full":
        p.communicate()
    assert how == "kill" or not left(folder), (how, args, left(folder))
    return p.returncode != 0


def ask(*args):
    return int(json.loads(run("query", *args, "SELECT count(*) AS n FROM v_events", "--json"))["n"])


killed = 0
for seed in KILLS:
    rng = random.Random(seed)
    way = seed % 4
    if way == 0:  # another trace's database is there
        run("import", "old.jsonl", "-o", "some.db")
        killed += kill(rng, ".", "import", "log.jsonl", "-o", "some.db")
        whole("some.db", next(n for n in (1000, count) if sqlite3.connect("some.db").execute("SELECT count(*) FROM v_events").fetchone() == (n,)))
        run("import", "old.jsonl", "-o", "some.db")
        whole("some.db", 1000)
        assert not left(), (seed, left())
    elif way == 1:  # beside the trace, which was shorter when the database that is there was made
        shutil.copy("old.jsonl", "beside.jsonl")
        assert ask("beside.jsonl", "--import", "always") == 1000
        shutil.copy("log.jsonl", "beside.jsonl")
        killed += kill(rng, ".", "query", "beside.jsonl", "--import", "always", "SELECT count(*) FROM v_events")
        assert ask("beside.jsonl", "--import", "always") == count
        whole("beside.jsonl.db", count)
        assert not left(), (seed, left())
    elif way == 2:  # for this time alone
        killed += kill(rng, "tmp", "query", "log.jsonl", "SELECT count(*) FROM v_events")
        assert not os.path.exists("log.jsonl.db")
        assert ask("old.jsonl") == 1000
        assert not left("tmp"), (seed, left("tmp"))
    else:  # a run's own
        killed += kill(rng, "run", "query", "run", "SELECT count(*) FROM v_events")
        if os.path.exists("run/trace.db"):
            whole("run/trace.db", RUN)
        assert ask("run") == RUN
        assert not left("run"), (seed, left("run"))
        os.unlink("run/trace.db")
assert killed >= len(KILLS) / 4, killed

# What somebody is at is not what was left: an import that stands still while another one works in its folder.
p = subprocess.Popen([wedge, "import", "log.jsonl", "-o", "slow.db"], stdout=subprocess.DEVNULL)
while not any(os.path.exists(f) and os.path.getsize(f) for f in left()) and p.poll() is None:  # one that is written to is locked
    time.sleep(0.0005)
p.send_signal(signal.SIGSTOP)
held = left()
try:
    run("import", "old.jsonl", "-o", "quick.db")
    assert left() == held, (left(), held)
finally:
    p.send_signal(signal.SIGCONT)
    assert p.wait() == 0
whole("slow.db", count)
whole("quick.db", 1000)
assert not left(), left()
# What is called so and is no file, or not ours to take, stays.
os.mkdir(".wedge-0.tmp")
os.symlink("old.jsonl", ".wedge-1.tmp")
run("import", "old.jsonl", "-o", "quick.db")
assert sorted(left()) == [".wedge-0.tmp", ".wedge-1.tmp"] and os.path.exists("old.jsonl")
print(f"killed: {killed} of {len(KILLS)} in their midst; nothing lies, nothing is left")

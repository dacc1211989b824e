#!/usr/bin/env python3
"""Runs that are ended from outside: SIGINT, SIGTERM and SIGHUP end them in order (footer, result, exit status 0), kill -9 leaves a manifest
and a trace that lacks at most the last second; info, events, query, diff, hang and replay work on both. Recordings that fail
leave nothing in the way, and of two into one folder one begins.

usage: signals.py WEDGE GUESTS SCHEMAS WORKDIR
"""
import contextlib, json, os, shutil, signal, subprocess, sys, time

import tool

wedge, guests, schemas, work = sys.argv[1:5]
tool.enter(work)
manifest_schema = tool.validator(schemas, "manifest.schema.json")
run = tool.runner(wedge)
for name in ("endless", "endless_quiet"):
    os.makedirs(name)
    shutil.copy(os.path.join(guests, name + ".xex"), name)
    open(os.path.join(name, "seen"), "w").write("x")


def wait_for(what, condition):  # a limit, not a measure
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    sys.exit("never came: " + what)


def manifest(folder):
    m = json.load(open(os.path.join(folder, "manifest.json")))
    manifest_schema.validate(m)
    return m


def lines(folder):
    p = subprocess.run(["zstdcat", os.path.join(folder, "trace.jsonl.zst")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return p.stdout.decode().split("\n")


def begun(folder):
    """Whether the guest has said so, which is among its first events."""
    if not os.path.exists(folder + "/trace.jsonl.zst"):
        return False
    with subprocess.Popen(["zstdcat", folder + "/trace.jsonl.zst"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
        said = b"begun" in p.stdout.read(1 << 16)
        p.kill()
    return said


@contextlib.contextmanager
def still(process):
    """While one looks at what a process records, it stands: what it would go on to do meanwhile is replayed and read below."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def packets(folder):
    """Of recorded branches, and the instructions in them."""
    text = run("info", folder)[0]
    at = text.index(" packets of branches, of ")
    return int(text[:at].split()[-1]), int(text[at:].split()[4])


def begin(guest, folder):
    p = subprocess.Popen([wedge, "record", os.path.join(guest, guest + ".xex"), "-o", folder, "--seconds", "0"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    # Nothing is written by hand here: the text comes into the file by itself, though the quiet guest gives no further event.
    def ready():
        with still(p):
            return begun(folder) and os.path.exists(folder + "/manifest.json") and manifest(folder)["lookups"]

    wait_for("the first events and the manifest of " + folder, ready)
    assert manifest(folder)["result"] is None
    return p


for guest in ("endless", "endless_quiet"):
    # One that is interrupted in its calls, by each; between them, by one.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if guest == "endless" else (signal.SIGINT,):
        folder = guest + "-" + number.name
        p = begin(guest, folder)
        p.send_signal(number)
        out, err = p.communicate(timeout=300)
        assert p.returncode == 0 and "interrupted: " in out and number.name in err, (p.returncode, out, err)
        m = manifest(folder)
        assert m["result"]["end"] == "interrupted", m["result"]["end"]
        text = lines(folder)
        assert text[-1] == "" and json.loads(text[-2])["kind"] == "trace.footer" and json.loads(text[-2])["reason"] == "interrupted"
        assert m["result"]["events"] == len(text) - 2
        out, err = run("replay", folder)
        assert out.startswith("identical: %d events" % m["result"]["events"]), out
        out, err = run("info", folder)
        assert "end: interrupted" in out, out
    # Killed: the manifest has no result, the trace has what happened until a second before.
    folder = guest + "-killed"
    p = begin(guest, folder)
    with still(p):
        out, err = run("info", folder)
        assert "still being recorded" in out, out
        run("record", os.path.join(guest, guest + ".xex"), "-o", folder, code=2)

    def branched():
        with still(p):
            return packets(folder)[0] >= 2

    # So do its branches, though no packet ever fills: the quiet guest decides nothing.
    wait_for("branches of " + folder, branched)
    p.kill()
    p.communicate()
    assert manifest(folder)["result"] is None
    out, err = run("info", folder)
    assert "was killed" in out and "no trace.footer" in out or "truncated" in out, out
    out, err = run("replay", folder)
    assert "identical as far as the record goes" in out, out
    answer = json.loads(run("replay", folder, "--json")[0])
    # All that is recorded is replayed, branches of what came after the last event too; what lacks is said.
    assert answer["identical"] and answer["branch_packets"] + answer["branch_packets_beyond"] == packets(folder)[0], answer
    assert guest == "endless" or answer["branch_packets"] >= 2, answer
    assert answer["branch_packets_lacking"] == 0 or "the record lacks the last" in out, (answer, out)
    out, err = run("verify", folder, code=1)
    assert "branches.zst: " in out and "DIFFERS" in out, out
    # What is recorded can be listed; a window that goes on beyond it says so after what there is.
    out, err = run("events", folder, "--branches", "--tid", "1", "--limit", "5")
    assert len(out.splitlines()) == 5, out
    end = packets(folder)[1] - 100000
    out, err = run("events", folder, "--branches", "--tid", "1", "--cycle", str(end), code=2)
    assert out and "holds the branches of thread 1 up to its cycle" in err and "none of what came then" in err, err
    out, err = run("events", folder, "--branches", "--tid", "1", "--cycle", str(end), "--until", str(end + 1000))
    assert out, err
    shutil.copytree(folder, folder + "-bare")
    os.remove(folder + "-bare/branches.zst")
    assert "branches.zst" in run("verify", folder + "-bare", code=1)[0] and "no record of branches" in run("info", folder + "-bare")[0]
    out, err = run("query", folder, "SELECT count(*) AS n FROM calls WHERE name = 'NtQueryFullAttributesFile'", "--csv")
    assert out == "n\n1\n" and "warning" in err, (out, err)
    p = subprocess.run([wedge, "diff", folder, guest + "-SIGINT"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.returncode in (0, 1) and folder in p.stdout.split("\n")[0], (p.returncode, p.stdout, p.stderr)
    # What the guest had learnt of the host is known though the run was killed.
    os.remove(os.path.join(guest, "seen"))
    out, err = run("replay", folder, code=2)
    assert "seen has changed" in err, err
    open(os.path.join(guest, "seen"), "w").write("x")
    # A replay is interrupted, too: it has proved nothing.
    p = subprocess.Popen([wedge, "record", os.path.join(guest, guest + ".xex"), "--no-trace", "--seconds", "0"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    time.sleep(0.2)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=300)
    assert p.returncode in (0, -signal.SIGINT), (p.returncode, out, err)  # or before it listened

# A recording that fails before the guest runs leaves nothing; the folder can be used.
open("bad.xex", "w").write("XEX2 but not really")
for folder in ("new/deep", "there"):
    if folder == "there":
        os.makedirs(folder)
    run("record", "bad.xex", "-o", folder, code=2)
    assert not os.path.exists(folder) or os.listdir(folder) == [], os.listdir(folder)
    run("record", os.path.join(guests, "hello.xex"), "-o", folder)
    out, err = run("record", os.path.join(guests, "hello.xex"), "-o", folder, code=2)
    assert "already holds a run" in err, err
# Nor do what another run has left and the title's own folder become part of a run.
for name in ("overlay", "trace.db"):
    os.makedirs("left")
    os.makedirs("left/" + name)
    assert "what another run has left (%s)" % name in run("record", os.path.join(guests, "hello.xex"), "-o", "left", code=2)[1]
    assert os.listdir("left") == [name]
    shutil.rmtree("left")
os.makedirs("own")
shutil.copy(os.path.join(guests, "hello.xex"), "own")
for folder, title in (("own", "own/hello.xex"), ("own/.", os.path.abspath("own/hello.xex"))):
    assert "the title's own folder" in run("record", title, "-o", folder, code=2)[1]
assert os.listdir("own") == ["hello.xex"]
# Of several at once into one folder exactly one records.
for turn in range(4):
    all_ = [subprocess.Popen([wedge, "record", os.path.join(guests, "hello.xex"), "-o", "shared%d" % turn], stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True) for _ in range(6)]
    errors = [p.communicate()[1] for p in all_]
    assert sorted(p.returncode for p in all_) == [0, 2, 2, 2, 2, 2], errors
    run("replay", "shared%d" % turn)

# Events that a signal cuts are not all, and that is said; a signal behind the last one changes nothing.
with open("many.jsonl", "w") as f:
    for i in range(60000):
        f.write(json.dumps({"kind": "kernel.call", "tid": 1, "idx": i, "host_ns": i, "name": "NtClose", "args": ["0x%x" % i] * 8}) + "\n")
for more in ((), ("--where", "idx >= 0")):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        p = subprocess.Popen([wedge, "events", "many.jsonl", "--json", *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.stdout.read(1)  # it waits now until somebody reads on
        p.send_signal(number)
        out, err = p.communicate()
        assert p.returncode == 2 and number.name.encode() in err and b"not all" in err, (more, number, p.returncode, err)
        assert out.count(b"\n") < 60000 and out.endswith(b"\n"), (more, number)

# The first signal ends what waits for a pipe: one that nobody writes to, one in which nothing comes, one that stops in the midst.
os.mkfifo("pipe")
for args in (("events", "pipe"), ("events", "-"), ("events", "pipe", "--where", "idx > 3"), ("query", "pipe", "SELECT 1"), ("query", "-", "SELECT 1"),
             ("import", "pipe", "-o", "pipe.db"), ("export", "pipe", "--csv", "pipe.csv"), ("export", "-", "--perfetto", "pipe.pf")):
    for held in (None, b"", open("many.jsonl", "rb").read(5000)):
        if args[1] == "-":
            source, end = os.pipe()
        else:
            source, end = subprocess.DEVNULL, None if held is None else os.open("pipe", os.O_RDWR)
        if held:
            os.write(end, held)
        p = subprocess.Popen([wedge, *args], stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_for("signals are caught", lambda: p.poll() is not None or int(next(x for x in open("/proc/%d/status" % p.pid) if x.startswith("SigCgt")).split()[1], 16) & 2)
        p.send_signal(signal.SIGINT)
        err = p.communicate(timeout=60)[1]
        assert p.returncode == 2 and (b"interrupted" in err or b"not all" in err or b"stopped by a signal" in err), (args, held, p.returncode, err)
        for fd in (end, source):
            if isinstance(fd, int) and fd >= 0:
                os.close(fd)
    assert not [f for f in os.listdir(".") if f.startswith("pipe.")], os.listdir(".")
print("signals: runs end in order, killed ones are readable and replay")

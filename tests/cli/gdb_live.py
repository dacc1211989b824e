#!/usr/bin/env python3
"""`wedge record --gdb`: a run that is debugged while it is recorded is the run that it would have been.

usage: gdb_live.py WEDGE GUESTS WORKDIR
"""
import json, os, re, shutil, signal, subprocess, sys, time
from gdb_client import Live, names
from tool import enter, runner

wedge, guests, work = map(os.path.abspath, sys.argv[1:4])
enter(work)
run = runner(wedge)
title = guests + "/threads.xex"
run("record", title, "-o", "alone")
nm = names(guests, "threads")
address = {line.split()[2]: int(line.split()[0], 16) for line in nm.splitlines() if len(line.split()) == 3}
FORWARDS = "a run that is being recorded goes forwards only"


def content(path):
    return subprocess.run(["zstdcat", path], stdout=subprocess.PIPE, check=True).stdout


def whole(name, other="alone"):
    """The record is the other one's, byte for byte (frames are cut in time, so that it is there when a host crashes)."""
    for f in "trace.jsonl.zst", "branches.zst":
        assert content(f"{name}/{f}") == content(f"{other}/{f}"), (name, f)
    a, b = (json.load(open(n + "/manifest.json")) for n in (name, other))
    a.pop("confinement"), b.pop("confinement")
    assert a == b, (name, [k for k in a if a[k] != b[k]])


def stops_often(*more):
    with Live(wedge, title, "-o", "often", *more) as s:
        c = s.connect()
        stops, kinds = 0, set()

        def go(packet):
            nonlocal stops
            c.send(packet)
            while (told := c.packet().decode())[:1] == "O":
                pass
            stops += 1
            return told

        c.ask("qSupported:swbreak+;hwbreak+")
        first = c.ask("?")
        assert re.match("T05thread:1;", first), first
        assert "insn=0 cycle=1:0 " in c.monitor("when")
        for _ in range(40):
            go("s")
        assert "insn=40 " in c.monitor("when")
        c.ask("Z0,%x,4" % address["counter"])
        for i in range(120):
            told = go("vCont;c")
            if i == 2:
                c.ask("Z2,%x,4" % address["shared"])
            kinds |= {w for w in ("swbreak", "watch:") if w in told}
            tid = re.match("T05thread:([0-9a-f]+);", told).group(1)
            if "watch:" in told:  # the step that gdb makes then does nothing
                before = c.ask("p20")
                assert tid in go("vCont;s:" + tid) and c.ask("p20") == before
            if i % 10 == 0:
                go("vCont;s:" + tid)
                c.ask("g"), c.ask("m%x,40" % address["shared"]), c.object("threads"), c.monitor("waits")
        assert kinds == {"swbreak", "watch:"} and stops > 160, (kinds, stops)
        c.ask("z0,%x,4" % address["counter"])
        c.ask("z2,%x,4" % address["shared"])
        ended = go("c")
        assert ended.startswith("T05thread:") and "replaylog" not in ended, ended
        assert "insn=" in c.monitor("when") and c.ask("g")
        assert go("c") == "W00" and c.gone()
        s.done()
    whole("often")
    print("stopped %d times" % stops, flush=True)


def steps_alone():
    with Live(wedge, title, "-o", "alone-steps") as s:
        c = s.connect()
        for name in "NtWaitForMultipleObjectsEx", "counter":
            c.ask("Z0,%x,4" % address[name])
        assert c.ask("c").startswith("T05thread:1;") and c.ask("vCont;s:1").startswith("T14thread:1;")
        assert c.ask("vCont;C14:1;c").startswith("T05thread:2;") and c.ask("D") == "OK"
        s.done()
    whole("alone-steps")


def refusals():
    with Live(wedge, title, "-o", "refuses") as s:
        c = s.connect()
        assert "ReverseStep" not in c.ask("qSupported")
        for back in "bs", "bc":
            assert c.ask(back).startswith("E." + FORWARDS), c.ask(back)
        assert c.monitor("seek insn=5").startswith(FORWARDS)
        assert c.ask("M%x,4:00000000" % address["shared"])[:1] == "E" and c.ask("P3=0000000000000000")[:1] == "E"
        # One whose client is gone waits for the next one; one that is left goes on alone.
        assert c.ask("vCont;s:1").startswith("T05")
        c.close()
        c = s.connect()
        assert "insn=1 " in c.monitor("when")
        second = s.connect()
        assert second.gone()
        assert c.ask("D") == "OK"
        s.done()
    whole("refuses")


def ends():
    endless = guests + "/endless_quiet.xex"
    # Killed, and by a signal, in the midst of a turn: an end in order, which replays.
    for name, leave in ("killed", lambda s, c: c.send("k")), ("signalled", lambda s, c: s.p.send_signal(signal.SIGTERM)):
        with Live(wedge, endless, "-o", name, "--seconds", "0", "--no-branches") as s:
            c = s.connect()
            c.send("c")
            time.sleep(0.3)
            c.raw(b"\x03")
            assert c.packet().startswith(b"T02thread:")
            assert c.ask("s").startswith("T05thread:")
            leave(s, c)
            assert "interrupted: " in s.done()
        assert "end: interrupted" in run("replay", name)[0]
    # A port that is taken, options that make no sense: nothing is made.
    with Live(wedge, title, "-o", "takes") as s:
        taken = subprocess.run([wedge, "record", title, "-o", "late", "--gdb", str(s.port)], capture_output=True, text=True)
        assert taken.returncode == 2 and "cannot listen" in taken.stderr and not os.path.exists("late"), taken
        s.connect().send("vKill;1")
        s.done()
    for wrong in ["--gdb", "70000"], ["--map", "threads.nm"], ["--gdb", "--no-trace"], ["--gdb=x"]:
        p = subprocess.run([wedge, "record", title, "-o", "wrong", *wrong], capture_output=True, text=True)
        assert p.returncode == 2 and not os.path.exists("wrong"), (wrong, p)
    # A fault of the title is told as one.
    with Live(wedge, guests + "/illegal.xex", "-o", "illegal") as s:
        c = s.connect()
        c.send("c")
        told = []
        while (told := told + [c.packet()])[-1][:1] == b"O":
            pass
        assert told[-1].startswith(b"T0bthread:") and b"exception" in bytes.fromhex(told[0][1:].decode()), told
        c.ask("D")
        assert "exception: " in s.done()


def by_gdb():
    if shutil.which("gdb-multiarch") is None:
        print("there is no gdb-multiarch here: not driven by it")
        return
    with Live(wedge, title, "-o", "by-gdb", "--map", "threads.nm") as s:
        args = ["gdb-multiarch", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-ex", "target remote :%d" % s.port]
        for c in "watch *(int*)&shared", "continue", "continue", "x/i $pc-4", "delete", "break NtCreateEvent", "continue", "finish", \
                 "stepi 3", "reverse-stepi", "delete", "continue", "p *(int*)&shared", "continue":
            args += ["-ex", c]
        p = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        out = p.stdout
        assert "Old value = 0\nNew value = 1" in out and "Old value = 1\nNew value = 2" in out and "stw" in out, out
        assert "NtCreateEvent" in out and "does not support" in out and "the run ends here (exit)" in out, out
        assert "= 12000" in out and "exited normally" in out, out
        s.done()
    whole("by-gdb")


stops_often()
shutil.rmtree("often")
run("record", title, "-o", "kept", "--checkpoints")
stops_often("--checkpoints")
steps_alone()
refusals()
ends()
by_gdb()

#!/usr/bin/env python3
"""`wedge gdb` as gdb-multiarch uses it where people are at odds with what a record is: ways out of what the kernel has
called, threads that are to go on alone, and what no record can do.

usage: gdb_ways.py WEDGE GUESTS WORKDIR. Exit status 77 where there is no gdb-multiarch.
"""
import itertools, json, os, random, re, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share
from gdb_client import Live, Server, batch as gdb, names, wanted
from tool import enter, runner

wanted()
wedge, guests, work = map(os.path.abspath, sys.argv[1:4])
enter(work)
run = runner(wedge)
START = ["monitor seek start", "maintenance flush register-cache"]
FRAME = r"^#\d+\s+0x([0-9a-f]{8})"
KERNEL = {"apc": "0xbcbcbcb4", "interrupt": "0xbcbcbcb8", "call": "0xbcbcbcb0", "thread": "0xbcbcbcbc"}
for name in "apcs", "gpu", "alone", "seh":
    run("record", f"{guests}/{name}.xex", "-o", name, "--checkpoints")
    names(guests, name)


def number(printed):
    return int(printed.split("=")[1], 16)


def when(printed):
    """The instructions that have been retired."""
    return int(re.search(r"insn=(\d+)", printed).group(1))


print("what the kernel has called is finished where it returns, and a step leads to what goes on", flush=True)
with Server(wedge, "apcs", "--map", "apcs.nm") as s:
    # Two APCs, one within the other's wait: each way out, and what its wait goes on with, as the kernel has kept it.
    out = gdb(s, *START, "break *waits_too", *["continue"] * 3, "monitor stack", "delete",
              *["finish", "p/x $pc", "monitor when", "monitor checkpoint", "monitor when", "stepi", "p/x $pc"] * 2, "bt", "reverse-stepi", "x/i $pc", "bt")
    kept = re.findall(FRAME, out[6], re.M)
    assert kept[1] == kept[3] == KERNEL["apc"][2:], out[6]
    for at, goes_on in (8, kept[2]), (15, kept[4]):
        assert "history" not in out[at] and number(out[at + 1]) == int(KERNEL["apc"], 16), (at, out)
        assert "(the APC's end)" in out[at + 2] and "kept with" in out[at + 3] and out[at + 4].strip() == out[at + 2].strip(), (at, out)
        assert number(out[at + 6]) == int(goes_on, 16), (at, out)
    assert "blr" in out[24] and re.findall(FRAME, out[25], re.M)[1] == kept[3] and "stopped" not in out[25] and "in main" in out[22], out[22:]
for name, where in ("gpu", "interrupt"), ("alone", "come"):
    with Server(wedge, name, "--map", name + ".nm") as s:
        out = gdb(s, *START, f"tbreak *{where}", "continue", "finish", "monitor when", "stepi", "monitor when", "p/x $pc")
        assert "(the interrupt's end)" in out[5] and when(out[5]) == when(out[7]), out
        assert number(out[8]) >> 24 == 0x82, out
with Server(wedge, "seh", "--map", "seh.nm") as s:
    # Exception filters and handlers are called by the kernel; both directions stop at their ends.
    out = gdb(s, *START, f"break *{KERNEL['call']}", *["continue", "monitor when"] * 3, *["reverse-continue", "monitor when"] * 2, "stepi", "reverse-continue", "monitor when")
    seen = [out[i].strip() for i in range(4, 14, 2)]
    assert all("Breakpoint 1, " in out[i] for i in (3, 5, 7, 9, 11)), out
    assert seen == seen[:3] + seen[1::-1] and len(set(seen)) == 3 and "(back to the kernel)" in seen[0], seen
    assert out[15].strip() == seen[0], out[13:]
with Server(wedge, "apcs", "--map", "apcs.nm") as s:
    # A thread's first function; what comes next is the thread's end, and somebody else goes on.
    out = gdb(s, *START, "tbreak sleeps", "continue", "bt", "finish", "p/x $pc", "p $r3", "monitor when", "stepi", "info threads")
    assert number(out[6]) == int(KERNEL["thread"], 16) and "= 0" in out[7] and "(the thread's end)" in out[8], out
    assert "back_to_the_kernel" in out[4] and "stopped" not in out[4] and not re.search(r"\* 2 |No more", out[9] + out[10]) and "* 1 " in out[10], out

print("scheduler-locking: what others come to stops nobody, and the run is the same", flush=True)
run("record", guests + "/threads.xex", "-o", "threads", "--checkpoints")
told = names(guests, "threads")


def hits(printed):
    return re.findall(r'"thread (\d+)" hit ', printed)


with Server(wedge, "threads", "--map", "threads.nm") as s:
    # A turn of each thread writes `shared` some 27 times.
    free = gdb(s, *START, "break counter", "continue", "watch *(int*)&shared", *["continue"] * 35)
    assert set(hits("".join(free))) == {"2", "3"}, free
    for mode, goes in ("on", "continue"), ("on", "stepi 100"), ("step", "stepi 100"):
        out = gdb(s, *START, "break counter", "continue", "watch *(int*)&shared", f"set scheduler-locking {mode}", *[goes] * 35, "monitor when")
        seen = hits("".join(out[6:-1]))
        assert len(seen) > 25 and set(seen) == {"2"}, (mode, goes, seen, out)
        position = re.search(r"cycle=2:\d+", out[-1]).group(0)
        assert out[-1].strip() == gdb(s, f"monitor seek {position}")[0].split("\ngdb does")[0].strip(), (out[-1], position)
    # Never on: a breakpoint set where the thread stands, as it begins to wait, loses nothing of what others come to.
    there = gdb(s, *START, "break NtWaitForMultipleObjectsEx", "continue", "monitor when")[-1]
    before = int(re.search(r"cycle=1:(\d+)", there).group(1)) - 1
    out = gdb(s, f"monitor seek cycle=1:{before}", START[1], "stepi", "monitor when", "break counter", "break *$pc", "continue", "info threads", "continue")
    assert out[3].strip() == there.strip() and hits(out[6]) == ["2"] and hits(out[8]) == ["3"] and "waiting in NtWaitForMultipleObjectsEx" in out[7], out

    # Off a breakpoint in whose step the thread waits: what is meant is known at the second of gdb's requests.
    wait, behind = [*START, "break NtWaitForMultipleObjectsEx", "continue", "p/x $lr"], None
    ways = [("on", "stepi"), ("step", "stepi"), ("on", "continue"), ("step", "continue"), ("off", "stepi")]
    for others, (mode, goes) in share.of("locked steps", itertools.product(("break counter", "watch *(int*)&shared"), ways), 2):
        out = gdb(s, *wait, "tbreak *$lr", others, f"set scheduler-locking {mode}", goes, "p/x $pc", "info threads", "monitor when")
        locked = mode == "on" or (mode, goes) == ("step", "stepi")
        assert ("* 1 " if locked else "* 2 ") in out[10] and "SIG" not in out[8], (others, mode, goes, out)
        assert not locked or number(out[9]) == number(out[4]), (others, mode, goes, out)
        behind = behind or (out[11] if locked else None)
        assert not locked or out[11] == behind, (others, mode, goes, out, behind)
    # Not on any more: nothing of what the others come to is lost.
    UNLOCKED = ["break NtWaitForMultipleObjectsEx", "set scheduler-locking on", "continue", "break counter", "set scheduler-locking off", "continue", "continue"]
    out = gdb(s, *START, "thread 1", *UNLOCKED)
    assert hits(out[8]) == ["2"] and hits(out[9]) == ["3"], out
    # Nor by steps: off a breakpoint, and from where one is set as it stands there, after locked steps and without.
    STEPS = [*UNLOCKED[:5], "stepi", "stepi", "continue"], ["set scheduler-locking off", "tbreak NtWaitForMultipleObjectsEx", "continue", "break counter", "break *$pc", "stepi", "stepi", "continue"]
    for steps in STEPS:
        out = gdb(s, *START, "delete", "thread 1", *steps)
        assert hits(out[9]) == ["2"] and hits(out[11]) == ["3"], out

print("a run that is debugged in these ways while it is recorded is the run alone", flush=True)


def lines(name):
    return run("events", name, "--json")[0].splitlines()


WAYS = ["break *waits_too", *["continue"] * 3, "finish", "stepi", "finish", "delete", "watch *(char*)&told", "continue", "delete", "set scheduler-locking on", "stepi 20", "finish", "set scheduler-locking off", "stepi 20"]
alone = lines("apcs")
for leave in "detach", "kill":
    with Live(wedge, guests + "/apcs.xex", "-o", leave, "--map", "apcs.nm") as s:
        out = gdb(s, *WAYS, leave)
        assert "back_to_the_kernel" in "".join(out) and "New value = " in "".join(out), out
        s.done()
    ours = lines(leave)
    assert ours == alone if leave == "detach" else 100 < len(ours) < len(alone) and ours[:-1] == alone[: len(ours) - 1], (leave, len(ours), len(alone))

with Live(wedge, guests + "/threads.xex", "-o", "locked", "--map", "threads.nm") as s:
    out = gdb(s, *UNLOCKED, "delete", "thread 1", *UNLOCKED[:4], "stepi", "stepi 3", "info threads", "detach")
    assert hits(out[5]) == ["2"] and hits(out[6]) == ["3"] and hits(out[11]) == ["1"], out
    assert "counter" not in out[13] + out[14] and "* 1 " in out[15], out
    s.done()
assert lines("locked") == lines("threads")
for name, steps in zip(("unlocked", "never"), STEPS):
    with Live(wedge, guests + "/threads.xex", "-o", name, "--map", "threads.nm") as s:
        out = gdb(s, *steps, "detach")
        assert hits(out[5]) == ["2"] and hits(out[7]) == ["3"], out
        s.done()
    assert lines(name) == lines("threads")

print("watches of 1 to 64 bytes, wherever they begin, stop where the bytes change", flush=True)
shared = int(re.search(r"(\w+) \w shared$", told, re.M).group(1), 16)
with Server(wedge, "threads") as s:
    c = s.connect()
    for case in share.of("watches", range(16), 2):
        rng = random.Random(case)
        size, at = rng.randrange(1, 65), shared + rng.randrange(-40, 8)
        changes = [json.loads(line) for line in run("values", "threads", f"{at:#x}+{size}", "--json")[0].splitlines()]
        want = list(dict.fromkeys(x["insn"] for x in changes if x["at"] == "change"))[:8]
        c.monitor("seek start")
        assert c.ask("Z2,%x,%x" % (at, size)) == "OK"
        seen = []
        while len(seen) < len(want):
            stop = c.ask("vCont;c")
            assert f"watch:{at:x};" in stop, (hex(at), size, stop, seen, want)
            seen.append(when(c.monitor("when")))
            c.ask("vCont;s:" + re.search(r"thread:(\w+);", stop).group(1))
        assert seen == want, (hex(at), size, seen, want)
        for n in range(len(want) - 1, -1, -1):  # behind each, the latest first
            assert f"watch:{at:x};" in c.ask("bc") and when(c.monitor("when")) - want[n] in (0, 1), (hex(at), size, n, want)
        assert "replaylog:begin" in c.ask("bc")
        c.ask("z2,%x,%x" % (at, size))
    c.close()

print("what a record cannot do is refused in words, and the session goes on", flush=True)
with Server(wedge, "threads", "--map", "threads.nm") as s:
    CHANGED = "a run is a record: nothing of it can be changed"
    out = gdb(s, "tbreak counter", "continue", *(refused := ["call (int)counter(1)", "return", "jump *$pc+4", "set var $lr = 5", "p $f1 = 1.5", "p $vr127.v4_int32[1] = 7"]), "monitor when", "x/2i $pc")
    assert all(CHANGED in o for o in out[2 : 2 + len(refused)]) and "at 0x8201004c counter" in out[-2] and "=> 0x8201004c" in out[-1], out
    out = gdb(s, "run", "set var *(int*)&shared = 5", "p *(int*)&shared", "monitor wehn", "monitor seek", "monitor seek insn=1 2", "set architecture powerpc:common64", "stepi", "info registers pc", "kill", "info threads")
    assert "does not support" in out[0] and "Cannot access memory" in out[1] and "= 0" in out[2] and "no monitor command 'wehn'" in out[3] and "No threads" in out[10], out
    assert "is no position" in out[4] and "is no position" in out[5] and "0x82010050" in out[8], out
    # Killed or not, the next client finds the run where the last one left it.
    out = gdb(s, "p $pc", "add-inferior", "clone-inferior", "inferior 2", "inferior 1", "thread 2", "p $pc", "thread apply all bt 1", "python gdb.execute('reverse-stepi')", "p $pc")
    assert out[0] == out[6].replace("$2", "$1") and "0x82010050" in out[0] and "Thread 7" in out[7] and "0x8201004c" in out[9], out

print("a step back is the chosen thread's", flush=True)
with Server(wedge, "threads", "--map", "threads.nm") as s:
    for goes in "reverse-stepi", "reverse-nexti":
        # Thread 1 waits: it goes back to where it called.
        out = gdb(s, *START, "tbreak counter", "continue", "info threads", "thread 1", goes, "monitor when", "info threads", goes, "monitor when", "stepi", "monitor when")
        assert "SIG" not in "".join(out[6:]) and "thread 1 runs" in out[7] and "* 1 " in out[8], out
        cycles = [int(re.search(r"cycle=1:(\d+)", out[i]).group(1)) for i in (7, 10, 12)]
        assert cycles == [cycles[0], cycles[0] - 1, cycles[0]], (cycles, out)

print("300 steps and as many back go where the record of branches says", flush=True)
STEPS = """python
pcs, back = [], []
here = lambda: int(gdb.parse_and_eval("(unsigned)$pc")) & 0xffffffff
for _ in range(300):
    pcs.append(here())
    gdb.execute("stepi", to_string=True)
for _ in range(300):
    gdb.execute("reverse-stepi", to_string=True)
    back.append(here())
print(pcs == back[::-1], *pcs)
end
"""
with open("steps.gdb", "w") as f:
    f.write(STEPS)
branches = {b["cycle"]: b for b in map(json.loads, run("events", "threads", "--branches", "--tid", "4", "--json")[0].splitlines()) if not b["text"].startswith("sc")}
with Server(wedge, "threads") as s:
    out = gdb(s, "monitor seek cycle=4:20000", START[1], "info threads", "thread 4", "source steps.gdb", "info threads")
    # What stands at a thread is that thread's, whoever runs where the run was sought.
    assert re.search(r"^\* 1 .*waiting in NtWaitForMultipleObjectsEx.*in NtWaitForMultipleObjectsEx", out[2], re.M), out[2]
    same, *pcs = out[4].splitlines()[-1].split()
    taken = [(n, branches[20000 + n]) for n in range(299) if 20000 + n in branches]
    assert same == "True" and len(taken) > 40 and "* 4 " in out[5], out
    for n, b in taken:
        assert int(pcs[n]) == int(b["pc"], 16) and int(pcs[n + 1]) == (int(b["target"], 16) if b["taken"] else int(pcs[n]) + 4), (n, b)

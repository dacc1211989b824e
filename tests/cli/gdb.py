#!/usr/bin/env python3
"""`wedge gdb` as gdb-multiarch uses it, in batch: breakpoints, watchpoints, steps, the ends of a run, both ways.

usage: gdb.py WEDGE GUESTS WORKDIR. Exit status 77 where there is no gdb-multiarch.
"""
import json, os, re, subprocess, sys
from gdb_client import Server, batch as gdb, names, wanted
from tool import enter, runner

wanted()
wedge, guests, work = map(os.path.abspath, sys.argv[1:4])
enter(work)
run = runner(wedge)
run("record", guests + "/threads.xex", "-o", "threads", "--checkpoints")
nm = names(guests, "threads")


# Everything that a register or the kernel's clock can tell.
EVERYTHING = ["info registers", "info all-registers", "monitor when"]

with Server(wedge, "threads", "--map", "threads.nm") as s:
    print("a call's return", flush=True)
    out = gdb(s, "break NtCreateEvent", "continue", "bt", "finish", "p/x $r3", "x/i $pc-4", "p sizeof(void*)", "info threads", "monitor when")
    assert "hit Breakpoint 1" in out[1] or "Breakpoint 1, 0x" in out[1], out[1]
    assert re.search(r"#0 .*NtCreateEvent.*\n#1 .*", out[2]), out[2]
    assert "= 0x0" in out[4] and "<NtCreateEvent>" in out[5] and "= 4" in out[6], out
    assert re.search(r'\* 1 +Thread 1 "thread 1" \(running, entry 0x8201', out[7]), out[7]

    print("forwards and back over the same writers", flush=True)
    for kind, values in ("watch", r"Old value = (\d+)\nNew value = (\d+)"), ("rwatch", r"Value = (\d+)"):
        out = gdb(s, "monitor seek start", "maintenance flush register-cache", kind + " *(int*)&shared", *["continue"] * 4, *["reverse-continue"] * 4, *["continue"] * 4)
        seen = [re.search(values, o).groups() for o in out[3:]]
        assert len(set(seen)) == (8 if kind == "watch" else 4) and seen[4:8] == [g[::-1] for g in seen[3::-1]] and seen[8:] == seen[:4], (kind, seen)

    print("a word's writer, from the end", flush=True)
    out = gdb(s, "delete", "continue", "p *(int*)&shared", "watch *(int*)&shared", "reverse-continue", "x/i $pc", "info symbol $pc", "bt 1",
              "reverse-continue", "reverse-continue")
    assert "No more reverse-execution history" in out[1] and "= 12000" in out[2], out
    assert "Hardware watchpoint" in out[3], out[3]
    assert "Old value = 12000\nNew value = 11999" in out[4] and "stw" in out[5] and "counter" in out[6], out[4:7]
    assert "Old value = 11999\nNew value = 11998" in out[8] and "Old value = 11998\nNew value = 11997" in out[9], out[8:]

    print("forwards to the same writer, and with a condition", flush=True)
    out = gdb(s, "watch *(int*)&shared", "continue", "continue", "delete", "break NtClose if $r3 == 0", "continue")
    assert "Old value = 11997\nNew value = 11998" in out[1] and "Old value = 11998\nNew value = 11999" in out[2], out
    assert "No more reverse-execution history" in out[5], out[5]

    print("from end to start", flush=True)
    out = gdb(s, "delete", "continue", "reverse-continue", "monitor when", "continue", "reverse-continue", "monitor when")
    assert all("No more reverse-execution history" in out[i] for i in (1, 2, 4, 5)), out
    assert "insn=0 cycle=1:0 " in out[3] and out[3].strip() == out[6].strip(), out

    print("a step and its reverse", flush=True)
    out = gdb(s, "tbreak counter", "continue", *EVERYTHING, "stepi", "stepi", "stepi 5", "reverse-stepi 5", "reverse-stepi", "reverse-stepi", *EVERYTHING)
    assert out[2:5] == out[11:14] or [o.strip() for o in out[2:5]] == [o.strip() for o in out[11:14]], (out[2:5], out[11:14])
    assert "vr127" in out[3] and "counter" in out[1], out[1]

    print("a call stepped over, both ways", flush=True)
    out = gdb(s, "hbreak KeTlsSetValue", "continue", "delete", "finish", "p $pc", "reverse-stepi", "reverse-stepi", "x/i $pc", "stepi", "stepi", "p $pc")
    assert "<KeTlsSetValue>" in out[7] and out[4].split("=")[1] == out[10].split("=")[1], out

    print("a checkpoint of this place", flush=True)
    before = gdb(s, "monitor checkpoints")[0].splitlines()
    out = gdb(s, "tbreak NtClose", "continue", *EVERYTHING, "monitor checkpoint", *EVERYTHING, "monitor checkpoints", "monitor seek end", "monitor checkpoint", "monitor seek start",
              "monitor checkpoint")
    kept = re.fullmatch(r"kept with the run: (insn=\d+ event=\d+ [\d.]+ s)", out[5].strip())
    assert kept and [o.strip() for o in out[2:5]] == [o.strip() for o in out[6:9]], out
    assert any(kept.group(1) in line for line in out[9].splitlines()) and len(out[9].splitlines()) == len(before) + 1, out[9]
    assert "kept with the run" in out[11] and "needs no checkpoint" in out[13], out

    print("what is refused", flush=True)
    out = gdb(s, "p $r3 = $r3 + 1", "set var *(int*)&shared = 5", "x/wx 0x10", "monitor help")
    assert "a run is a record" in out[0] and "Cannot access memory" in out[1] and "Cannot access memory" in out[2], out
    assert "monitor why-blocked" in out[3], out[3]

# Functions as the console's compiler lays them out: their table is enough, and the stack that the machine tells of
# proves what gdb makes of it.
print("without a map: bounds, callers, calls stepped over, ends of functions, both ways", flush=True)
run("record", guests + "/seh.xex", "-o", "seh", "--checkpoints")
STACK = r"^#\d+\s+0x([0-9a-f]{8})"
with Server(wedge, "seh") as s:
    told = names(guests, "seh")
    at = {name: int(addr, 16) for addr, _, name in (line.split() for line in told.splitlines() if len(line.split()) == 3)}
    stop = ["tbreak *0x%x" % at["raiser"], "continue"]
    # raiser's prologue, its body, and what it calls: wherever it stands, and whatever is not saved yet
    out = gdb(s, *stop, *["bt", "monitor stack", "stepi"] * 14)
    for bt, proven in zip(out[2::3], out[3::3]):
        ours, gdbs = re.findall(STACK, proven, re.M), re.findall(STACK, bt, re.M)
        in_helper = at["save_30"] <= int(gdbs[0], 16) < at["restore_30"] and gdbs[:2] == ours[:2]
        assert gdbs[:3] == ours[:3] or in_helper, (bt, proven)
    out = gdb(s, "monitor seek start", *stop, "up", "p $pc", "down", "finish", "p $pc", "info symbol $pc", "reverse-finish", "p $pc")
    assert "sub_%08X" % at["middle"] in out[3] and "sub_%08X" % at["middle"] in out[8], out
    assert out[4].split("=")[1] == out[7].split("=")[1] and "0x%x" % at["guarded_try"] in out[10], out # where middle is called
    out = gdb(s, "monitor seek start", "tbreak *0x%x" % at["middle_try"], "continue", "p/x $pc", "info symbol $pc", "bt 2")
    assert "0x%x" % at["middle_try"] in out[3] and "sub_%08X" % at["middle"] in out[4], out
    out = gdb(s, "monitor seek start", "tbreak *0x%x" % at["guarded"], "continue", "nexti", "nexti", "p/x $pc", "reverse-nexti", "p/x $pc", "stepi", "stepi", "reverse-finish",
              "p/x $pc")
    assert "0x%x" % (at["guarded"] + 8) in out[5], out # over the routine that saves registers
    assert "0x%x" % (at["guarded"] + 4) in out[7], out # and back over it
    assert not any("Cannot find bounds" in o for o in out), out

print("steps off breakpoints, in which others come to theirs, or the run ends", flush=True)
run("record", guests + "/hangs/circular.philosophers.xex", "-o", "stuck")
with Server(wedge, "stuck") as s:
    for step in "nexti", "stepi", "continue":
        out = gdb(s, "monitor seek end", "maintenance flush register-cache", "break RtlEnterCriticalSection", "reverse-continue", step, step, "p 6*7", "info threads",
                  "reverse-continue", "delete", "continue", "reverse-stepi")
        assert "hit Breakpoint 1" in out[3] and "hit Breakpoint 1" in out[8] and "= 42" in out[6] and "thread 5" in out[7], (step, out)
        assert all("No more reverse-execution history" in o for o in out[4:6] + out[10:11]) and "No more" not in out[11], (step, out)
with Server(wedge, "threads", "--map", "threads.nm") as s:
    for step in "continue", "stepi", "nexti":
        out = gdb(s, "monitor seek start", "maintenance flush register-cache", "break NtWaitForMultipleObjectsEx", "break counter", "watch *(int*)&shared", "continue", step,
                  "info threads", step, "bt 1", "continue", "delete 3", *["continue"] * 6)
        assert 'Thread 1 "thread 1" hit Breakpoint 1' in out[5], (step, out[5])
        assert 'Thread 2 "thread 2" hit Breakpoint 2' in out[6] and re.search(r"\n  1 .*waiting in NtWaitForMultipleObjectsEx", out[7]), (step, out)
        hits = re.findall(r'"thread (\d)" hit (?:Hardware w|Breakp)', "".join(out[8:]))
        assert len(set(hits)) > 4, (step, hits, out)
    # A thread that ends in the step: whoever is left goes on.
    events = [json.loads(line) for line in run("events", "threads", "--json")[0].splitlines()]
    want = [e["tid"] for e in events if e["kind"] == "kernel.call" and e["name"] == "ExTerminateThread"]
    out = gdb(s, "monitor seek start", "maintenance flush register-cache", "break ExTerminateThread", "continue", "stepi", *["continue"] * len(want))
    ends = re.findall(r'"thread (\d+)" hit Breakpoint 1', "".join(out))
    assert [int(t) for t in ends] == want and len(want) > 10 and "No more reverse-execution history" in out[-1], (ends, want, out)

print("checkpoints that gdb has made are the run's", flush=True)
for name, how in (("threads", []), ("bare", ["--no-branches"]), ("kept", [])):
    if name != "threads":
        run("record", guests + "/threads.xex", "-o", name, *how)
        assert not os.path.exists(name + "/checkpoints.wgc")
        with Server(wedge, name) as s:
            out = gdb(s, "monitor checkpoints", "monitor seek insn=60000", "monitor checkpoint", "monitor seek insn=20000", "monitor checkpoint", "monitor checkpoints")
            assert "kept with the run" in out[2] and "kept with the run" in out[4] and len(out[5].splitlines()) == len(out[0].splitlines()) + 2, out
    for jobs in "1", "3":
        assert "identical" in run("replay", name, "--jobs", jobs)[0]
    run("verify", name)
os.rename("kept/checkpoints.wgc", "marks")
os.symlink("../marks", "kept/checkpoints.wgc")
with Server(wedge, "kept") as s:
    out = gdb(s, "monitor checkpoints", "monitor seek insn=40000", "monitor checkpoint", "monitor when")
    assert "20000" in out[0] and "it is a symbolic link" in out[2] and "insn=40000" in out[3], out
os.rename("marks", "kept/checkpoints.wgc")
with open("kept/checkpoints.wgc", "ab") as f:
    f.write(b"rubbish")
with Server(wedge, "kept") as s:
    out = gdb(s, "monitor seek insn=40000", "monitor checkpoint", "monitor when")
    assert "checkpoints.wgc: at byte" in out[1] and "nothing can be added" in out[1] and "insn=40000" in out[2], out

print("interrupts and APCs: in, by steps both ways, and out where they were called", flush=True)
START = ["monitor seek start", "maintenance flush register-cache"]
for name in "gpu", "alone", "apcs":
    run("record", f"{guests}/{name}.xex", "-o", name, "--checkpoints")
    names(guests, name)
for name, where in ("gpu", "interrupt"), ("alone", "come"):
    with Server(wedge, name, "--map", name + ".nm") as s:
        first = json.loads(next(l for l in run("events", name, "--branches", "--tid", "0", "--json", "--limit", "1")[0].splitlines()))["cycle"]
        out = gdb(s, *START, f"break *{where}", "continue", "monitor when", "monitor stack", "stepi 3", "monitor when", "reverse-stepi 3", "monitor when",
                  "monitor seek end", f"monitor seek cycle=0:{first}", "reverse-stepi", "monitor when")
        assert f'"none" hit Breakpoint 1, 0x' in out[3] and f"in {where} ()" in out[3] and "the interrupt began here" in out[5], out
        assert "interrupt runs" in out[4] and " at cycle 0 " in out[4] and " at cycle 3 " in out[7] and out[9].strip() == out[4].strip(), out
        assert f"at cycle {first} " in out[11] and (f"at cycle {first - 1} " in out[13] or first == 0), out[11:]
with Server(wedge, "apcs", "--map", "apcs.nm") as s:
    out = gdb(s, *START, "break *waits_too", "continue", "continue", "continue", "monitor stack", "reverse-finish", "monitor stack", "stepi")
    stacks = [re.findall(r"an APC was delivered here|waits_too|main", o) for o in (out[6], out[8])]
    assert stacks[0] == ["waits_too", "an APC was delivered here", "waits_too", "an APC was delivered here", "main"], out[6]
    assert stacks[1] == stacks[0][2:] and "KeDelayExecutionThread" in out[8] and "Breakpoint 1, " in out[9] and "in waits_too ()" in out[9], out[7:]

print("a client that is killed, and the next at the same place", flush=True)
run("record", guests + "/endless.xex", "-o", "endless", "--seconds", "0.5")
with Server(wedge, "endless") as s:
    p = subprocess.Popen(["gdb-multiarch", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-ex", "target remote :%d" % s.port, "-ex", "monitor seek insn=777", "-ex",
                          "maintenance flush register-cache", "-ex", "echo \\ngoes on\\n", "-ex", "continue"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    while "goes on" not in p.stdout.readline():
        pass
    p.kill()
    p.communicate()
    first = gdb(s, "monitor when", "detach")
    again = gdb(s, "monitor when", "reverse-continue", "monitor when")
    assert first[0].strip() == again[0].strip() and "insn=0 " in again[2], (first, again)

print("objects that are read in windows of any size", flush=True)
with Server(wedge, "threads", "--map", "threads.nm") as s:
    c = s.connect()
    for name, annex in ("features", "target.xml"), ("threads", ""), ("memory-map", ""), ("exec-file", "1"):
        whole = c.object(name, annex)
        for n in 1, 0xFFF, 0x1000, 0x1001, 0xFFFFFFFF, 2**64 - 1:
            part, *behind = (c.ask("qXfer:%s:read:%s:%x,%x" % (name, annex, at, n)) for at in (0, len(whole), len(whole) + 5))
            assert whole.startswith(part[1:]) and part[0] == ("l" if part[1:] == whole else "m") and behind == ["l", "l"], (name, n, part)
    c.close()

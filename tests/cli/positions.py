#!/usr/bin/env python3
"""`wedge replay --to POSITION` lands where the trace says that the position is: every form, at the ends and beyond them, in runs with and without
checkpoints, that were killed or interrupted, and that are forks of others.

usage: positions.py WEDGE GUESTS WORKDIR
"""
import json, os, random, signal, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share
from tool import enter, runner

wedge, guests, work = map(os.path.abspath, sys.argv[1:4])
enter(work)
run = runner(wedge)
rng = random.Random(12)


def cut(name, how, *more):
    """A run that is left by a signal once its record has something, and whether its manifest says how."""
    p = subprocess.Popen([wedge, "record", guests + "/endless.xex", "-o", name, "--seconds", "0", *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while time.monotonic() < until and not (os.path.exists(name + "/trace.jsonl.zst") and os.path.getsize(name + "/trace.jsonl.zst") > 1000):
        time.sleep(0.05)
    p.send_signal(how)
    p.wait()


run("record", guests + "/threads.xex", "-o", "plain")
run("record", guests + "/threads.xex", "-o", "kept", "--checkpoints")
run("record", guests + "/gpu.xex", "-o", "frames", "--checkpoints")
run("record", "--from", "plain@call=NtCreateEvent#2", "-o", "fork", "--return", "0xC000009A")
cut("interrupted", signal.SIGINT, "--checkpoints")
cut("killed", signal.SIGKILL)
cut("killed-kept", signal.SIGKILL, "--checkpoints")


def to(name, position, code=0):
    out, err = run("replay", name, "--to", position, "--json", code=code)
    return json.loads(out) if code == 0 else err


def event(name, events, i, position):
    """Behind the i-th event, the header being the first; what the machine emits as it is made is behind its start."""
    e, here = events[i], to(name, position)
    if here["halted"] == "at the start":
        assert i < here["events"], (name, position, here)
        return
    assert here["halted"] == "behind an event" and here["events"] == i + 1, (name, position, here)
    assert here["host_ns"] == e.get("host_ns", here["host_ns"]) and (e["tid"] == 0 or here["tid"] != e["tid"] or here["idx"] == e["idx"] + 1), (name, position, here, e)


for name in share.of("positions", ("plain", "kept", "frames", "fork", "interrupted", "killed", "killed-kept"), 3):
    events = [json.loads(line) for line in run("events", name, "--json", code=2 if "killed" in name else 0)[0].splitlines()]
    ended = events[-1]["kind"] == "trace.footer"
    if ended:
        events.pop()
    if name == "fork":
        assert any("instead_of" in e for e in events)
    named = {}
    for i, e in enumerate(events):
        if e["kind"] in ("kernel.call", "kernel.return"):
            named.setdefault((e["kind"][7:], e["name"]), []).append(i)
    for i in [0, 1, len(events) - 1, *(rng.randrange(len(events)) for _ in range(4))]:
        event(name, events, i, f"event={i + 1}")
        if i and "idx" in events[i]:
            event(name, events, i, "%d:%d" % (events[i]["tid"], events[i]["idx"]))
    for (kind, what), places in rng.sample(sorted(named.items()), min(3, len(named))):
        n = rng.randrange(len(places))
        event(name, events, places[n], f"{kind}={what}#{n + 1}")
        event(name, events, places[0], f"{kind}={what}")
        assert f"has {len(places)}, and no {len(places) + 1}" in to(name, f"{kind}={what}#{len(places) + 1}", 2)
    start, end = to(name, "start"), to(name, "end")
    assert "killed" not in name or end["events"] == len(events), (end, len(events))
    assert start["halted"] == "at the start" and start["insn"] == 0 and end["halted"] == "at the end of the run", (name, start, end)
    for n in 0, 1, end["insn"] // 2, end["insn"] - 1:
        here = to(name, f"insn={n}")
        assert here["insn"] == n and here["halted"] == "before an instruction", (name, n, here)
        if here["tid"]:
            assert to(name, f"cycle={here['tid']}:{here['cycle']}") == here, (name, here)
    assert to(name, f"insn={end['insn']}") == end, name
    for ns in 1, end["host_ns"] // 3, end["host_ns"]:
        for form in f"time={ns}ns", "time=%d.%09d" % divmod(ns, 10**9), "time=%d.%03dus" % divmod(ns, 1000), "time=%d.%06dms" % divmod(ns, 10**6):
            here = to(name, form)
            assert here["host_ns"] >= ns and here["halted"] in ("between turns", "at the end of the run") and to(name, f"time={ns}ns") == here, (name, form, here)
    for n in range(1, min(end["frames"], 3) + 1):
        assert to(name, f"frame={n}")["frames"] >= n, (name, n)
    # Beyond the ends.
    for beyond in f"insn={end['insn'] + 1}", f"event={len(events) + 2}", "time=%dns" % (end["host_ns"] + 1), f"frame={end['frames'] + 1}", "99999:0", "cycle=99999:1", "1:99999999999", "cycle=1:99999999999":
        said = to(name, beyond, 2)
        assert "never comes to " + beyond in said and f"{end['insn']} instructions" in said, (name, beyond, said)
    assert "has 0, and no 1" in to(name, "call=NtNothing", 2)

for wrong in " end", "end ", "START", "insn= 5", "insn=5 ", "insn=+5", "insn=-1", "insn=0x10", "event=0", "1: 5", "1:5:6", "cycle=1", "cycle=1:", "cycle=:1", "time=1.5 s", "time=1e3", "time=.5", "frame=", \
        "call", "call=#1", "call=NtClose#0", "call=NtClose #1", "call=NtClose#", "return", "end=1", "insn", "insn=18446744073709551616", "time=99999999999999999999", "x" * 90:
    said = to("plain", wrong, 2)
    assert "is no position: TID:IDX" in said or "the trace has 0" in said, (wrong, said)
assert "is empty" in run("replay", "plain", "--to", "", code=2)[1]
assert "--jobs" in run("replay", "kept", "--to", "end", "--jobs", "2", code=2)[1]

# Windows between two positions: one that ends where it begins has nothing in it, and one that ends before that is none.
STACK = "0x7018fe00+256"  # of the first thread


def hits(name, *window, code=0):
    if os.path.exists("hits.jsonl"):
        os.unlink("hits.jsonl")
    out, err = run("probe", name, "--write", STACK, *window, "-o", "hits.jsonl", "--json", code=code)
    return json.loads(out)["hits"] if code == 0 else err


def changes(name, over, code=0):
    out, err = run("values", name, STACK, "--over", over, "--json", code=code)
    assert code == 0 or out == "", (name, over, out)
    return json.loads(out.splitlines()[-1])["writes"] if code == 0 else err


for name in share.of("windows", ("plain", "kept", "frames"), 2):
    total, middle = to(name, "end"), to(name, "insn=%d" % (to(name, "end")["insn"] // 2))
    assert hits(name) == hits(name, "--from", "start", "--to", "end") == changes(name, "..") > 10, name
    for made in "start", "0:0", "event=1", "event=%d" % to(name, "start")["events"], "0:2":
        assert hits(name, "--to", made) == hits(name, "--from", made, "--to", made) == changes(name, f"..{made}") == 0, (name, made)
        assert json.loads(run("last-write", name, STACK, "--before", made, "--json")[0])["found"] is False, (name, made)
    forms = ["insn=0", "insn=40", "1:0", "1:5", "event=9", "cycle=1:0", "cycle=1:31", "time=0", "time=1ms", "frame=0", "end", f"insn={total['insn']}", f"time={total['host_ns']}ns"]
    for p in forms:
        assert hits(name, "--from", p, "--to", p) == changes(name, f"{p}..{p}") == 0, (name, p)
    for late, early in ("insn=40", "insn=39"), ("insn=40", "start"), ("1:5", "0:0"), ("event=9", "event=8"), ("time=2ms", "time=1ms"), ("time=2ms", "1:0"), ("end", "insn=%d" % middle["insn"]), ("cycle=1:31", "1:0"):
        for said in hits(name, "--from", late, "--to", early, code=2), changes(name, f"{late}..{early}", 2):
            assert "no window ends before it begins" in said, (name, late, early, said)
    assert "never comes to insn=%d: it ends" % (total["insn"] + 1) in changes(name, "insn=5..insn=%d" % (total["insn"] + 1), 2), name

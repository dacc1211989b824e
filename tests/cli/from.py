#!/usr/bin/env python3
"""`wedge record --from RUN@POSITION`: a run that goes on from another one's position with other options.

usage: from.py WEDGE GUESTS SCHEMAS WORKDIR
"""
import json, os, re, shutil, subprocess, sys
from tool import enter, runner, validator

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, guests, schemas, work = map(os.path.abspath, sys.argv[1:5])
enter(work)
run = runner(wedge)
schema = validator(schemas, "manifest.schema.json")


def content(name, file="trace.jsonl.zst"):
    return subprocess.run(["zstdcat", f"{name}/{file}"], stdout=subprocess.PIPE, check=True).stdout


def manifest(name):
    m = json.load(open(f"{name}/manifest.json"))
    schema.validate(m)
    return m


def refused(words, *args, made=None):
    out, err = run("record", *args, code=2)
    assert words in err, (args, err)
    assert made is None or not os.path.exists(made), made


run("record", guests + "/threads.xex", "-o", "r", "--checkpoints")
whole = content("r").splitlines()

print("with nothing changed it is the same run", flush=True)
for i, at in share.of("positions", enumerate(["start", "event=300", "1:40", "insn=200001", "time=20ms", "call=NtClose#2", "cycle=3:2000", "end"]), 2):
    name = "same%d" % i
    run("record", "--from", "r@" + at, "-o", name)
    for f in "trace.jsonl.zst", "branches.zst":
        assert content(name, f) == content("r", f), (at, f)
    assert manifest(name)["result"]["state_hash_chain"] == manifest("r")["result"]["state_hash_chain"], at
    assert "forks" in manifest(name) and "forks" not in manifest("r")
    shutil.rmtree(name)

print("another schedule", flush=True)
out = run("record", "--from", "r@time=20ms", "-o", "seed", "--sched-seed", "7", "--checkpoints")[0]
other, fork = content("seed").splitlines(), manifest("seed")["forks"][0]
n = fork["events"]
assert other[:n] == whole[:n] and other[n:-1] != whole[n:-1], n
assert fork["position"] == "time=20ms" and fork["run"].endswith("r") and fork["sched_seed"] == 7
assert fork["trace_sha256"] == manifest("r")["result"]["trace_sha256"] and fork["virtual_ns"] >= 20000000
assert "identical" in run("replay", "seed")[0]
run("verify", "seed")
assert "at time=20ms" in run("info", "seed")[0]
run("diff", "r", "seed")
# It can be entered anywhere, before and behind the fork, and looked at.
for at in "time=19ms", "time=21ms", "insn=%d" % (fork["instructions"] - 1), "insn=%d" % (fork["instructions"] + 1), "end":
    assert "insn" in run("replay", "seed", "--to", at, "--json")[0]
for at in "time=21ms", "end":
    kept = json.loads(run("replay", "seed", "--to", at, "--json")[0])
    os.rename("seed/checkpoints.wgc", "aside")
    assert json.loads(run("replay", "seed", "--to", at, "--json")[0]) == kept
    os.rename("aside", "seed/checkpoints.wgc")
# A run with that schedule from its start is another one.
run("record", guests + "/threads.xex", "-o", "all7", "--sched-seed", "7")
assert content("all7") != content("seed")
# The other run's checkpoints are not this one's.
shutil.copytree("seed", "mixed")
shutil.copy("r/checkpoints.wgc", "mixed/checkpoints.wgc")
said = run("replay", "mixed", "--to", "end")
assert said[0] == run("replay", "seed", "--to", "end")[0] and "forks is" in said[1] and "from its start" in said[1], said

print("limits, and a fork of a fork", flush=True)
run("record", "--from", "seed@time=25ms", "-o", "short", "--seconds", "0.03")
assert manifest("short")["result"]["end"] == "limit" and len(manifest("short")["forks"]) == 2
assert [f["sched_seed"] for f in manifest("short")["forks"]] == [7, 7]
n = manifest("short")["result"]["events"] - 2
assert content("short").splitlines()[:n] == other[:n]
run("record", "--from", "short@end", "-o", "long", "--seconds", "60")
assert content("long") == content("seed") and len(manifest("long")["forks"]) == 3
run("replay", "long")
run("record", "--from", "long@time=10ms", "-o", "early")  # before every fork
assert content("early") == content("r") and len(manifest("early")["forks"]) == 1
# What is left of a fork's run may go.
shutil.rmtree("short")
run("replay", "long")

print("input scripts", flush=True)
past, new, both = (['{"at_ns": 0}', '{"at_ns": 20000000, "buttons": "0x1000"}', '{"at_ns": 50000000, "connected": false}'],
                   ['{"at_ns": 30000000, "buttons": "0x2000"}', '{"at_ns": 40000000, "user": 1, "lx": 5}', '{"at_ns": 60000000, "connected": false}'], None)
both = past[:2] + new
for name, lines in ("past", past), ("new", new), ("both", both):
    open(name + ".jsonl", "w").write("\n".join(lines) + "\n")
pad = guests + "/pad.xex"
run("record", pad, "-o", "pad", "--inputs", "past.jsonl", "--checkpoints")
run("record", pad, "-o", "pad-both", "--inputs", "both.jsonl")
run("record", "--from", "pad@time=25ms", "-o", "pad-new", "--inputs", "new.jsonl", "--checkpoints")
assert content("pad-new") == content("pad-both") != content("pad")
run("record", "--from", "pad@time=25ms", "-o", "pad-same")
assert content("pad-same") == content("pad")
os.remove("new.jsonl")
run("replay", "pad-new")
run("verify", "pad-new")
assert json.loads(run("replay", "pad-new", "--to", "time=45ms", "--json")[0])["host_ns"] >= 45000000
# A fork of it keeps the scripts.
run("record", "--from", "pad-new@time=45ms", "-o", "pad-third")
assert content("pad-third") == content("pad-new") and manifest("pad-third")["forks"][0]["inputs_sha256"]
open("pad-third/inputs-1.jsonl", "a").write("\n")
assert "inputs-1.jsonl has changed" in run("replay", "pad-third", code=2)[1]
assert "inputs-1.jsonl" in run("verify", "pad-third", code=1)[0]

print("a run that wedged is pushed on", flush=True)
stuck = guests + "/hangs/abandoned.owner_exited.xex"
run("record", stuck, "-o", "stuck")
assert manifest("stuck")["result"]["end"] == "wedge"
at = manifest("stuck")["result"]["virtual_ns"] + 5000000
open("push.jsonl", "w").write('{"at_ns": %d}\n' % at)
run("record", "--from", "stuck@end", "-o", "pushed", "--inputs", "push.jsonl")
assert manifest("pushed")["result"]["end"] == "wedge" and '"kind":"input"' in content("pushed").decode()
assert manifest("pushed")["result"]["virtual_ns"] >= at
run("replay", "pushed")

print("a call returns something else", flush=True)
# The dispatcher gives up on an item that it cannot open; nobody opens the nine that there are.
run("record", guests + "/cacheload.xex", "-o", "empty", "--checkpoints")
assert manifest("empty")["result"]["end"] == "wedge"
events = [json.loads(l) for l in content("empty").splitlines()]
gives_up = next(e for e in events if e["kind"] == "kernel.return" and e["name"] == "NtCreateFile")
assert gives_up["rv"] == "0xc000003a"
there = "empty@%d:%d" % (gives_up["tid"], gives_up["idx"])


def forced(name):
    return [(e["name"], e["rv"], e["instead_of"]) for e in map(json.loads, content(name).splitlines()) if "instead_of" in e]


fake = ("NtCreateFile", "0x0", "0xc000003a")
run("record", "--from", there, "--return", "0", "-o", "once")
assert manifest("once")["result"]["end"] == "wedge" and forced("once") == [fake]  # the second item is not there either
run("record", "--from", there, "--return", "0", "--each", "-o", "every", "--checkpoints")
assert manifest("every")["result"]["end"] == "exit" and forced("every") == 9 * [fake]
before = next(i for i, e in enumerate(events) if e["kind"] == "kernel.return" and e["name"] == "NtCreateFile")
assert content("every").splitlines()[:before] == content("empty").splitlines()[:before]
for name in "once", "every":
    run("verify", name)
    assert "identical" in run("replay", name)[0] and "identical" in run("replay", name, "--jobs", "1")[0]
assert manifest("every")["forks"][0]["return"] == {"tid": gives_up["tid"], "idx": gives_up["idx"], "rv": "0x0", "each": "NtCreateFile", "instead_of": "0xc000003a"}
assert "event %d returns 0x0 instead, as does each NtCreateFile that would return 0xc000003a," % gives_up["idx"] in run("info", "every")[0]
assert json.loads(run("replay", "every", "--to", "return=NtCreateFile#9", "--json")[0])["host_ns"] > 0
# The call may be named, too, and its number; and what it returns anyway changes nothing but the note.
for at in "empty@call=NtCreateFile", "empty@return=NtCreateFile", "empty@event=%d" % (before + 1):
    run("record", "--from", at, "--return", "0xc000003a", "-o", "as-ever")
    assert content("as-ever").replace(b'"instead_of":"0xc000003a",', b"").splitlines()[:-1] == content("empty").splitlines()[:-1], at
    shutil.rmtree("as-ever")
# A fork of it goes on lying; one from before does not.
run("record", "--from", "every@return=NtCreateFile#4", "-o", "child", "--sched-seed", "3")
assert manifest("child")["result"]["end"] == "exit" and len(forced("child")) == 9
run("replay", "child")
run("record", "--from", "every@start", "-o", "sober")
assert content("sober") == content("empty")
for words, at in [("returns nothing", "r@call=RtlInitializeCriticalSection"), ("names no call", "r@time=1ms"), ("names no call", "r@end"), ("there is no such event", "r@call=NtNone"),
                  ("there is no such event", "r@1:999999"), ("is a trace.header", "r@event=1"), ("never returns", "empty@call=NtWaitForSingleObjectEx#%d" % sum(e.get("name") == "NtWaitForSingleObjectEx" for e in events if e["kind"] == "kernel.call"))]:
    refused(words, "--from", at, "--return", "0", "-o", "x", made="x")
refused("32 bits", "--from", there, "--return", "0x100000000", "-o", "x", made="x")
refused("--return is for --from", pad, "--return", "0", "-o", "x", made="x")
refused("--each is for --return", "--from", there, "--each", "-o", "x", made="x")

print("a thread makes a call besides", flush=True)
run("record", guests + "/hangs/suspended.created_suspended.xex", "-o", "asleep", "-s", "1")
run("hang", "asleep", code=1)
events = [json.loads(l) for l in content("asleep").splitlines()]
made = next(e for e in events if e["kind"] == "kernel.return" and e["name"] == "ExCreateThread" and e["tid"] == 1)
handle, after = made["out"]["handle"], next(e for e in events if e["kind"] == "kernel.call" and e["tid"] == 1 and e["idx"] > made["idx"])
for name, at in ("behind", made), ("before", after):
    run("record", "--from", "asleep@1:%d" % at["idx"], "--call", "NtResumeThread(%s)" % handle, "-o", name, "--checkpoints")
    run("hang", name)
    ours = [json.loads(l) for l in content(name).splitlines()]
    at = next(i for i, e in enumerate(ours) if "forced" in e)
    call, back = ours[at], next(e for e in ours[at:] if e["kind"] == "kernel.return")
    # What was before is the same, and the thread goes on with what it has in its registers.
    assert ours[:at] == events[:at] and (call["name"], call["forced"], call["tid"], call["idx"]) == ("NtResumeThread", True, 1, made["idx"] + 1), call
    assert call["args"] == [handle, "0x0"] and back["rv"] == "0x0" and back["tid"] == 1 and sum("forced" in e for e in ours) == 1, (call, back)
    next_one = next(e for e in ours[at:] if e["kind"] == "kernel.call" and e["tid"] == 1 and "forced" not in e)
    assert (next_one["name"], next_one["args"], next_one["lr"], next_one["cycle"]) == (after["name"], after["args"], after["lr"], after["cycle"]), next_one
    assert next_one["idx"] > after["idx"] and "identical" in run("replay", name)[0] and "identical" in run("replay", name, "--jobs", "1")[0]
    assert manifest(name)["forks"][0]["call"] == {"tid": 1, "idx": made["idx"] + (name == "before"), "behind": name == "behind", "name": "NtResumeThread", "args": [handle, "0x0"]}
    assert "thread 1 calls NtResumeThread(%s, 0x0) besides, %s its event %d," % (handle, name, made["idx"] + (name == "before")) in run("info", name)[0]
run("record", "--from", "behind@end", "-o", "longer", "-s", "1.5")  # it is a run like any other
assert len(manifest("longer")["forks"]) == 2 and content("longer").splitlines()[:at] == content("behind").splitlines()[:at]
there = "asleep@1:%d" % made["idx"]
for words, at, call in [("no export is called 'NtNone'", there, "NtNone(1)"), ("cannot be called besides", there, "NtWaitForSingleObjectEx(1)"), ("cannot be called besides", there, "ExTerminateThread(0)"), ("cannot be called besides", there, "DbgPrint(0)"),
                        ("takes 2 arguments", there, "NtResumeThread(1, 2, 3)"), ("takes 2 arguments", there, "NtResumeThread(x)"), ("expected NAME(ARG, ...)", there, "NtResumeThread(1"), ("expected NAME(ARG, ...)", there, "NtResumeThread(1))"),
                        ("names no call", "asleep@end", "NtResumeThread(1)"), ("is a trace.header", "asleep@event=1", "NtResumeThread(1)"), ("there is no such event", "asleep@1:99999", "NtResumeThread(1)")]:
    refused(words, "--from", at, "--call", call, "-o", "x", made="x")
refused("--call is for --from", pad, "--call", "NtSetEvent(1)", "-o", "x", made="x")
refused("one at a time", "--from", there, "--call", "NtSetEvent(1)", "--return", "0", "-o", "x", made="x")
# Each that may be called so returns at once, whatever it is given (else wedge would end by an assertion): so says the table of exports.
table = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../nt/exports.def")).read()
rows = re.findall(r'^WG_EXPORT\("[^"]+", \w+, (\w+), F, \'.\', "([^"]*)", (?:IMPLEMENTED|PARTIAL), \w+, (.*)\)$', table, re.M)
acting = [(name, params) for name, params, flags in rows if re.search("SIGNALS|RESETS|UNLOCK", flags) and "WAITS" not in flags and name not in ("ExTerminateThread", "ExitThread")]
assert len(acting) > 25 and ("NtSetEvent", "hP") in acting, acting
for name, params in acting:
    for given in handle, "0xdeadbee0":
        shutil.rmtree("called", ignore_errors=True)
        run("record", "--from", there, "--call", "%s(%s)" % (name, ", ".join(([given] + ["1" if p == "d" else "0" for p in params[1:]])[: len(params)])), "-o", "called", "-s", "0.01")
        assert any(json.loads(l).get("forced") for l in content("called").splitlines()), name
broken = json.load(open("behind/manifest.json"))
for change in {"name": "NtNone"}, {"name": "KeWaitForSingleObject"}, {"args": []}, {"args": ["0x1", "zwei"]}:
    shutil.rmtree("bad", ignore_errors=True)
    shutil.copytree("behind", "bad")
    m = json.loads(json.dumps(broken))
    m["forks"][0]["call"].update(change)
    json.dump(m, open("bad/manifest.json", "w"))
    assert "fork 1: call: expected an export that returns at once" in run("replay", "bad", code=2)[1]

print("refusals", flush=True)
both = "both.jsonl"
refused("its past cannot be changed", "--from", "pad@time=45ms", "-o", "x", "--inputs", both, made="x")
refused("leave TITLE out", pad, "--from", "r@end", "-o", "x", made="x")
refused("-o", "--from", "r@end")
for option in ["--patch", "f"], ["--content", "."], ["--cache", "."], ["--cache0", "."], ["--keys", "f"], ["--args", "a"], ["--date", "5"], ["--no-trace"], ["--gdb"]:
    refused(f"{option[0]} is not for a run that goes on", "--from", "r@end", "-o", "x", *option, made="x")
refused("wedge gdb RUN goes to any moment of a run", "--from", "r@end", "-o", "x", "--gdb", made="x")
refused("it is recorded, as it was up to there", "--from", "r@end", "-o", "x", "--no-trace", made="x")
refused("its past depends on it", "--from", "r@end", "-o", "x", "--args", "a", made="x")
refused("expected RUN@POSITION", "--from", "r", "-o", "x", made="x")
refused("is no position", "--from", "r@nowhere", "-o", "x", made="x")
refused("never comes to", "--from", "r@time=99s", "-o", "x", made="x")
run("record", "--from", "gone@end", "-o", "x", code=2)
refused("give more; they count from the title's start", "--from", "r@time=20ms", "-o", "x", "--seconds", "0.01", made="x")
refused("already holds a run", "--from", "r@end", "-o", "seed")
# A record that is not what the run does is nothing to go on from.
shutil.copytree("r", "altered")
lines = list(whole)
lines[100] = lines[100].replace(b'"host_ns":', b'"host_ns":1')
open("lines", "wb").write(b"\n".join(lines) + b"\n")
subprocess.run(["zstd", "-qf", "lines", "-o", "altered/trace.jsonl.zst"], check=True)
refused("from line 101 of the trace on", "--from", "altered@time=20ms", "-o", "x2")

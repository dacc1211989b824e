#!/usr/bin/env python3
"""`wedge prove`: the cause that diff names is tried.

usage: prove.py WEDGE GUESTS SCHEMAS WORKDIR
"""
import json, os, shutil, signal, subprocess, sys
from tool import enter, runner, validator

wedge, guests, schemas, work = map(os.path.abspath, sys.argv[1:5])
enter(work)
run = runner(wedge)
schema = validator(schemas, "prove.schema.json")
items = ["4D5307D6/" + n for n in ("textures", "sounds", "levels")] + ["8F2A11C0/" + n for n in ("shaders", "fonts", "movies")] + ["C0FFEE42/" + n for n in ("strings", "scripts", "index")]


def fill(folder, names):
    for name in names:
        os.makedirs(os.path.dirname("%s/%s" % (folder, name)), exist_ok=True)
        open("%s/%s.bin" % (folder, name), "w").write("item\n")
    return folder


def record(name, *options):
    run("record", guests + "/cacheload.xex", "-o", name, *options)


def gone():
    for name in [n for n in os.listdir(".") if n.startswith("tried")]:
        shutil.rmtree(name)


record("healthy", "--cache", fill("full", items))
record("stuck")
run("hang", "stuck", code=1)

# Each of the nine items is missed at one call: with all of them answered otherwise the loader never asks who cannot fetch it.
out = run("prove", "stuck", "healthy", "-o", "tried")[0].splitlines()
assert out[0].startswith("proven: thread 3 ") and "NtQueryFullAttributesFile" in out[0] and "STATUS_NO_SUCH_FILE" in out[0], out
assert run("diff", "stuck", "healthy", code=1)[0].splitlines()[0] == out[0][len("proven: "):]
assert "none of 2 threads that hang would" in out[1], out
run("hang", "tried")
assert "identical" in run("replay", "tried")[0]
# The command that it names makes the same run.
command = out[-1].split(": wedge ")[1].split()
command[command.index("-o") + 1] = "by-hand"
run(*command)
content = [subprocess.run(["zstdcat", n + "/trace.jsonl.zst"], stdout=subprocess.PIPE, check=True).stdout for n in ("tried", "by-hand")]
assert content[0] == content[1]
gone()

# The first item alone: the second one is missed as the first was.
out = run("prove", "stuck", "healthy", "-o", "tried", "--once", code=1)[0].splitlines()
assert out[0].startswith("not proven: thread 3 ") and "thread 3 would hang all the same: it waits" in out[1], out
run("hang", "tried", code=1)
gone()

said = json.loads(run("prove", "stuck", "healthy", "-o", "tried", "--json")[0])
schema.validate(said)
assert said["proven"] and said["call"] == "NtQueryFullAttributesFile" and (said["rv"], said["instead_of"]) == ("0x0", "0xc000000f"), said
assert (said["stuck_before"], said["stuck_after"], said["each"], said["run"]) == (2, 0, True, "tried"), said
gone()
# Another failure than that one is a failure as well.
said = json.loads(run("prove", "stuck", "healthy", "-o", "tried", "--json", "--return", "0xc0000034", code=1)[0])
schema.validate(said)
assert not said["proven"] and said["stuck_after"] == 2 and said["rv"] == "0xc0000034", said
assert said["tries"] == 2 and said["untried"] == 0, said
gone()
# A limit that is reached is said.
out = run("prove", "stuck", "healthy", "-o", "tried", "--return", "0xc0000034", "--tries", "1", code=1)[0].splitlines()
assert out[0].startswith("not proven: ") and out[-1] == "  1 more could be tried: --tries 2" and not os.path.exists("tried-2"), out
gone()
said = json.loads(run("prove", "stuck", "healthy", "-o", "tried", "--return", "0xc0000034", "--tries", "1", "--json", code=1)[0])
schema.validate(said)
assert said["tries"] == 1 and said["untried"] == 1, said
gone()

# What a call wrote is not changed with what it returns: here the title hears of a file without a size. Nothing hung.
record("last", "--cache", fill("eight", items[:8]))
out = run("prove", "healthy", "last", "-o", "tried", code=1)[0].splitlines()
assert out[0].startswith("not proven: ") and "C0FFEE42" in out[0] and "the runs would still differ" in out[1] and out[2].startswith("  the first difference to last would be: "), out
gone()

# Whoever starts it may not want to hear of children.
out = run("prove", "stuck", "healthy", "-o", "tried", preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN), timeout=60)[0]
assert out.startswith("proven: "), out
gone()
run("prove", "stuck", "healthy")  # the usual folder
assert os.path.exists("stuck.tried/manifest.json")
for words, *args in [("already holds a run", "stuck", "healthy"), ("already holds a run", "stuck//", "healthy"), ("No such file", "", "healthy"), ("do not differ", "stuck", "stuck", "-o", "x"), ("No such file", "nobody", "healthy"), ("No such file", "stuck", "nobody"),
                     ("32 bits", "stuck", "healthy", "--return", "0x100000000"), ("expected a run and a reference", "stuck")]:
    out, err = run("prove", *args, code=2)
    assert words in err and out == "", (args, out, err)
# A trace alone cannot be run again.
shutil.copy("stuck/trace.jsonl.zst", "alone.jsonl.zst")
out, err = run("prove", "alone.jsonl.zst", "healthy", "-o", "x", code=2)
assert "alone.jsonl.zst" in err and out == "" and not os.path.exists("x"), err
# A reference that tells no results shows what came of it; the call that failed before is tried.
lines = subprocess.run(["zstdcat", "healthy/trace.jsonl.zst"], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
with open("mute.jsonl", "w") as f:
    for e in map(json.loads, lines):
        if e["kind"] == "kernel.return":
            e = {k: v for k, v in e.items() if k not in ("rv", "status", "out")}
        if e["kind"] not in ("trace.footer", "handle.create", "handle.dup", "handle.destroy", "signal"):
            f.write(json.dumps(e) + "\n")
out = run("prove", "stuck", "mute.jsonl", "-o", "tried")[0].splitlines()
assert out[0].startswith("proven: thread 3 ") and "NtReleaseSemaphore" in out[0], out
assert "had NtQueryFullAttributesFile before it (3:104) returned 0x0, not 0xc000000f, none of 2 threads that hang would" in out[1], out
gone()
said = json.loads(run("prove", "stuck", "mute.jsonl", "-o", "tried", "--json")[0])
schema.validate(said)
assert said["proven"] and said["before"] and said["position"] == "3:104" and said["call"] == "NtQueryFullAttributesFile", said
gone()
# A log that tells of handles shows that a call succeeded there whose failure is told here: as if it had returned 0.
counts, events = {}, []
for e in map(json.loads, subprocess.run(["zstdcat", "stuck/trace.jsonl.zst"], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()[:-1]):
    if e["kind"] == "kernel.return":
        opened = e["name"] == "NtCreateFile"
        if opened:
            events.append({"kind": "handle.create", "tid": e["tid"], "host_ns": e["host_ns"], "cycle": e["cycle"], "raw": "0xf8000044", "hsid": "0123456789abcdef", "object_type": "File"})
        e = {k: v for k, v in e.items() if k not in ("rv", "status", "out")}
    events.append(e)
with open("opened.jsonl", "w") as f:
    for e in events:
        e["idx"] = counts.get(e["tid"], 0)
        counts[e["tid"]] = e["idx"] + 1
        f.write(json.dumps(e) + "\n")
said = json.loads(run("prove", "stuck", "opened.jsonl", "-o", "tried", "--json")[0])
assert said["proven"] and not said["before"] and said["call"] == "NtCreateFile" and said["instead_of"] == "0xc000003a" and said["rv"] == "0x0", said
gone()
# That nothing hangs where the run ends at an exception proves nothing.
run("record", guests + "/trusting.xex", "-o", "poor")
run("hang", "poor", code=1)
with open("rich.jsonl", "w") as f:
    for e in map(json.loads, subprocess.run(["zstdcat", "poor/trace.jsonl.zst"], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()):
        if e.get("name") == "NtWaitForSingleObjectEx":
            e.update(name="KeQueryPerformanceFrequency", args=[], args_resolved={})
        elif e["kind"] not in ("trace.header", "module.load", "handle.create", "thread.create", "thread.start", "kernel.call", "kernel.return"):
            continue
        if e["kind"] == "kernel.return" and e["name"] == "ExAllocatePool":
            e["rv"] = "0x10"
        f.write(json.dumps(e) + "\n")
out, err = run("prove", "poor", "rich.jsonl", "-o", "x", code=2)  # an address means nothing here
assert "nothing to try" in err and not os.path.exists("x"), err
out = run("prove", "poor", "rich.jsonl", "-o", "tried", "--return", "0x10", code=1)[0].splitlines()
assert out[0].startswith("not proven: thread 1 ") and "ExAllocatePool" in out[0] and "end in another way: exception" in out[1], out
gone()
said = json.loads(run("prove", "poor", "rich.jsonl", "-o", "tried", "--return", "0x10", "--json", code=1)[0])
schema.validate(said)
assert (said["end"], said["stuck_before"], said["stuck_after"]) == ("exception", 1, 0), said
gone()
# Where nothing failed there is nothing to try.
run("record", guests + "/hangs/abandoned.owner_exited.xex", "-o", "locked")
lines = subprocess.run(["zstdcat", "locked/trace.jsonl.zst"], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
at = next(i for i, l in enumerate(lines) if '"kind":"kernel.call"' in l and "RtlEnterCriticalSection" in l)
open("other.jsonl", "w").write("\n".join(l.replace("RtlEnterCriticalSection", "RtlLeaveCriticalSection") if i == at else l for i, l in enumerate(lines[:-1])) + "\n")
out, err = run("prove", "locked", "other.jsonl", "-o", "x", code=2)
assert "nothing to try" in err and not os.path.exists("x"), err
# What the reference calls there, about what is waited for here, may be all that is missing.
run("record", guests + "/hangs/suspended.created_suspended.xex", "-o", "asleep", "-s", "1")
at = next(e for e in map(json.loads, subprocess.run(["zstdcat", "asleep/trace.jsonl.zst"], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()) if e["kind"] == "kernel.return" and e["name"] == "ExCreateThread")
run("record", "--from", "asleep@1:%d" % at["idx"], "--call", "NtResumeThread(%s)" % at["out"]["handle"], "-o", "awake")
out = run("prove", "asleep", "awake", "-o", "tried")[0].splitlines()
assert out[0].startswith("proven: thread 1 ") and "NtResumeThread" in out[0], out
assert "had thread 1 called NtResumeThread(%s) at its " % at["out"]["handle"] in out[1] and "none of 2 threads that hang would" in out[1], out
command = out[-1].split(": wedge ")[1].replace("-o tried", "-o by-command")
subprocess.run("%s %s" % (wedge, command), shell=True, check=True, stdout=subprocess.DEVNULL)  # as a shell takes it
run("hang", "by-command")
gone()
said = json.loads(run("prove", "asleep", "awake", "-o", "tried", "--json")[0])
schema.validate(said)
assert said["proven"] and said["besides"].startswith("NtResumeThread(") and not said["again"] and "rv" not in said, said
gone()

# Who asks is killed while it is tried: the recording ends, too.
def child_of(p):
    try:
        return [int(c) for c in open("/proc/%d/task/%d/children" % (p.pid, p.pid)).read().split()]
    except OSError:
        return []


caught = None
for _ in range(50):
    p = subprocess.Popen([wedge, "prove", "stuck", "healthy", "-o", "tried"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while p.poll() is None and not caught:
        for c in child_of(p):
            os.kill(c, signal.SIGSTOP)
            caught = c
    if caught and os.path.exists("tried/manifest.json") and "result" in open("tried/manifest.json").read().replace('"result": null', ""):
        os.kill(caught, signal.SIGCONT)  # it was over
        caught = None
    if caught:
        break
    p.wait()
    gone()
assert caught, "a recording can be stopped before it ends"
p.kill()
p.wait()
os.kill(caught, signal.SIGCONT)
while os.path.exists("/proc/%d" % caught) and open("/proc/%d/stat" % caught).read().rsplit(")", 1)[1].split()[0] != "Z":
    pass
assert not os.path.exists("tried/manifest.json") or "interrupted" in open("tried/manifest.json").read(), open("tried/manifest.json").read()
gone()

#!/usr/bin/env python3
"""What a run's folder may hold instead of its files: pipes, folders, devices, links that lead nowhere or in a circle. No command waits, crashes or
takes them for what they are not; and where files cannot be opened, the message says why.

usage: oddities.py WEDGE GUESTS WORKDIR
"""
import itertools, os, resource, shutil, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share
from tool import enter, runner

wedge, guests, work = map(os.path.abspath, sys.argv[1:4])
enter(work)
run = runner(wedge)
run("record", guests + "/hello.xex", "-o", "run", "--checkpoints")
shutil.copytree("run", "whole")

NAMES = "branches.zst", "manifest.json", "trace.jsonl.zst", "checkpoints.wgc", "trace.db"
COMMANDS = (
    ["verify", "run"], ["replay", "run"], ["info", "run"], ["events", "run"], ["events", "run", "--branches"], ["query", "run", "SELECT count(*) FROM v_calls"],
    ["at", "run", "end"], ["diff", "run", "whole"], ["hang", "run"], ["probe", "run", "--call", "DbgPrint", "-o", "probe"], ["export", "run", "--csv", "run.csv"],
    ["record", "--from", "run@event=5", "-o", "fork"],
)
# What each command cannot do without.
NEEDS = {"branches.zst": {"replay", "verify"}, "manifest.json": {"replay", "at", "probe", "record", "verify"},
         "trace.jsonl.zst": {"verify", "replay", "info", "events", "query", "diff", "hang", "export", "record"}, "checkpoints.wgc": {"at", "probe", "record"}}


def odd(kind, path):
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        os.mkdir(path)
    else:
        os.symlink({"device": "/dev/zero", "nowhere": "nothing", "circle": os.path.basename(path)}[kind], path)


for name, kind in share.of("oddities", itertools.product(NAMES, ("pipe", "folder", "device", "nowhere", "circle")), 2):
    for folder in "run", "probe", "fork":
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree("whole", "run")
    if os.path.exists("run/" + name):
        os.unlink("run/" + name)
    odd(kind, "run/" + name)
    for command in COMMANDS:
        for made in "probe", "fork":
            shutil.rmtree(made, ignore_errors=True)
        p = subprocess.run([wedge, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        assert p.returncode in (0, 1, 2), (name, kind, command, p)
        assert p.returncode == 0 or p.stderr or p.stdout, (name, kind, command)
        if command[0] in NEEDS.get(name, ()) and not (command[0] == "events" and "--branches" in command):
            assert p.returncode != 0 and name in (p.stderr + p.stdout).decode(), (name, kind, command, p)

print("what is read, and what belongs to a run, is not written over", flush=True)
shutil.copy(guests + "/hello.elf", "hello.elf")
open("log.jsonl", "w").write(run("events", "whole", "--json")[0])
open("text", "w").write("mine")
os.symlink("log.jsonl", "linked")
SPARED = [("import", "log.jsonl", "-o", to) for to in ("log.jsonl", "linked", "./log.jsonl", "text", "whole/trace.jsonl.zst", "whole/manifest.json")]
SPARED += [("query", "whole", "SELECT count(*) FROM calls", "--db", to) for to in ("text", "log.jsonl", "whole/manifest.json", "whole/checkpoints.wgc")]
SPARED += [("export", "whole", how, to) for how in ("--csv", "--perfetto") for to in ("whole/trace.jsonl.zst", "whole/manifest.json", "whole/branches.zst")]
SPARED += [("export", "log.jsonl", "--lnav", "log.jsonl"), ("pack", "hello.elf", "-o", "hello.elf"), ("pack", "hello.elf", "-o", "whole/manifest.json"),
           ("pack", "hello.elf", "--base", guests + "/hello.xex", "-o", guests + "/hello.xex")]
FILES = ["log.jsonl", "text", "hello.elf", guests + "/hello.xex"] + ["whole/" + name for name in os.listdir("whole")]
before = {name: open(name, "rb").read() for name in FILES}
for command in SPARED:
    err = run(*command, code=2)[1]
    assert "name another file" in err, (command, err)
    assert all(open(name, "rb").read() == was for name, was in before.items()), command
# What is not of that kind is written anew, as ever.
for command in (("import", "log.jsonl", "-o", "new.db"), ("query", "log.jsonl", "SELECT count(*) FROM calls", "--db", "other.db"),
                ("export", "whole", "--csv", "new.csv"), ("pack", "hello.elf", "-o", "new.xex"), ("import", "whole", "-o", "whole/trace.db")):
    run(*command)
    run(*command)
open("nothing", "w").close()
run("import", "log.jsonl", "-o", "nothing")

print("no descriptor is left", flush=True)
for n in range(4, 12):
    shutil.rmtree("few", ignore_errors=True)
    for command in (["record", guests + "/hello.xex", "-o", "few"], ["replay", "whole"]):
        p = subprocess.run([wedge, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n)))
        if p.returncode == 0 or "shared libraries" in p.stderr:
            continue
        assert p.returncode in (2, 3) and "Too many open files" in p.stderr, (n, command, p)
        assert not os.path.exists("few") or command[0] == "replay", (n, os.listdir("few"))

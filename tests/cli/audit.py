#!/usr/bin/env python3
"""wedge audit new: what the folder holds, that its commands make it again, and what is refused.

usage: audit.py WEDGE GUESTS SCHEMAS WORKDIR
"""
import hashlib, json, os, resource, shutil, subprocess, sys, time
import jsonschema

wedge, guests, schemas, work = map(os.path.abspath, sys.argv[1:5])
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)


def run(*args, status=0):
    p = subprocess.run([wedge, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.returncode == status, (args, p.returncode, p.stderr)
    return p.stdout if status in (0, 1) else p.stderr


def validate(name, doc):
    jsonschema.Draft202012Validator(json.load(open(os.path.join(schemas, name)))).validate(doc)


def sha256(path):
    return hashlib.sha256(open(path, "rb").read()).hexdigest()


os.makedirs("it's a cache/4D5307D6")
for name in "textures", "sounds", "levels":
    open("it's a cache/4D5307D6/%s.bin" % name, "w").write("item\n")
title = os.path.join(guests, "cacheload.xex")
run("record", title, "-o", "stuck")
run("record", title, "-o", "it's full", "--cache", "it's a cache")

# Damage comes first; text that is not ASCII stays as it is; the comparison is made once.
os.makedirs("b\u00fcro")
call = '{"kind":"kernel.call","tid":1,"idx":0,"host_ns":1,"name":"NtOpenFile","args_resolved":{"path":"game:\\\\%s"}}\n'
same = "".join('{"kind":"kernel.call","tid":1,"idx":%d,"host_ns":3,"name":"KeTlsSetValue"}\n' % i for i in range(2, 9))
back = '{"kind":"kernel.return","tid":1,"idx":1,"host_ns":2,"name":"NtOpenFile","rv":"0x0"}\n'
for side, path in ("a", "d\u00fcrer.bin"), ("b", "\u65e5\u672c.bin"):
    open("b\u00fcro/%s.jsonl" % side, "w").write(call % path + back + same + ("{oops\n" if side == "a" else ""))
lines = run("audit", "new", "words", "b\u00fcro/a.jsonl", "b\u00fcro/b.jsonl").splitlines()
assert lines[0].startswith("damaged, this side: b\u00fcro/a.jsonl: line 10: "), lines
assert '"game:\\d\u00fcrer.bin"' in lines[1] and '"game:\\\u65e5\u672c.bin"' in lines[1], lines
m = json.load(open("audit-runs/words/manifest.json"))
validate("audit.schema.json", m)
assert m["answer"] == lines[1] and m["damage"] == lines[:1] and m["inputs"][0]["path"] == "b\u00fcro/a.jsonl"
assert open("audit-runs/words/README.md").read().splitlines()[2:4] == ["    " + x for x in lines[:2]]
assert open("audit-runs/words/report.md").read().splitlines()[2] == lines[0]

# One that cannot be finished leaves nothing in the way of the next, whichever of its files has no room.
sizes = sorted({os.path.getsize(os.path.join("audit-runs/words", name)) for name in os.listdir("audit-runs/words")})
assert len(sizes) == 5, sizes
for most in [0] + sizes[:-1]:
    p = subprocess.run([wedge, "audit", "new", "cramped", "b\u00fcro/a.jsonl", "b\u00fcro/b.jsonl"], capture_output=True, text=True,
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
    assert p.returncode == 2 and "cannot write" in p.stderr and sorted(os.listdir("audit-runs")) == ["words"], (most, p, os.listdir("audit-runs"))
found = json.load(open("audit-runs/words/findings.json"))
validate("diff.schema.json", found)
assert found["cause"] == lines[1] and found["findings"][0]["here"]["about"] == "game:\\d\u00fcrer.bin"

out = run("audit", "new", "cache.1", "stuck", "it's full", "it's full").splitlines()
first = run("diff", "stuck", "it's full", "it's full", status=1).splitlines()[0]
assert out == [first, "audit-runs/cache.1/README.md"], out
assert "NtQueryFullAttributesFile" in first
folder = "audit-runs/cache.1"
assert sorted(os.listdir(folder)) == [".gitignore", "README.md", "findings.json", "manifest.json", "report.md"]
m = json.load(open(folder + "/manifest.json"))
validate("audit.schema.json", m)
validate("diff.schema.json", json.load(open(folder + "/findings.json")))
assert m["answer"] == first and not m["equal"] and m["name"] == "cache.1"
assert [(i["role"], i["path"]) for i in m["inputs"]] == [("here", "stuck"), ("reference", "it's full"), ("further reference", "it's full")]
for i in m["inputs"]:
    assert i["file"] == i["path"] + "/trace.jsonl.zst"
    assert i["sha256"] == sha256(i["file"]) and i["bytes"] == os.path.getsize(i["file"])
assert {n: sha256(os.path.join(folder, n)) for n in m["files"]} == m["files"]
readme = open(folder + "/README.md").read()
assert readme.splitlines()[:3] == ["# cache.1", "", "    " + first]
assert all(i["sha256"] in readme for i in m["inputs"])
os.environ["PATH"] = os.path.dirname(wedge) + ":" + os.environ["PATH"]
commands = [line.strip() for line in readme.splitlines() if line.startswith("    wedge ")]
assert [c.split(" >")[0] for c in commands] == m["commands"] and len(commands) == 2
for c in commands:
    assert subprocess.run(c, shell=True).returncode == 1, c
    assert sha256(c.split(">")[1]) == m["files"][c.split(">")[1]], c

# Options are part of the commands; equal sides and plain files are as good.
open("rules", "w").write("NtQueryFullAttributesFile * another cache\n")
run("audit", "new", "ruled", "stuck", "it's full", "--rules", "rules", "--ignore", "DbgPrint", "--map", "1=1", "--dir", "a/b")
m = json.load(open("a/b/ruled/manifest.json"))
assert m["commands"][0] == "wedge diff --map 1=1 --ignore DbgPrint --rules rules stuck 'it'\\''s full' --markdown", m["commands"]
plain = subprocess.run(["zstdcat", "stuck/trace.jsonl.zst"], check=True, stdout=subprocess.PIPE).stdout
open("plain.jsonl", "wb").write(plain)
assert run("audit", "new", "same", "plain.jsonl", "stuck").startswith("no difference")
m = json.load(open("audit-runs/same/manifest.json"))
validate("audit.schema.json", m)
assert m["equal"] and m["inputs"][0]["file"] == "plain.jsonl"
open("cut.jsonl", "wb").write(plain[:-300])
run("audit", "new", "cut", "cut.jsonl", "stuck")
assert "damaged, this side: " in open("audit-runs/cut/README.md").read().splitlines()[2]

# One that was killed, whenever that was, takes nobody's name, and leaves nothing that the next does not take away.
os.makedirs("audit-runs/.killed.unfinished-abcdef")
open("audit-runs/.killed.unfinished-abcdef/report.md", "w").close()
for wait in range(12):
    p = subprocess.Popen([wedge, "audit", "new", "killed", "stuck", "it's full"], stdout=subprocess.DEVNULL)
    time.sleep(wait / 150)
    p.kill()
    p.wait()
    whole = os.path.exists("audit-runs/killed")
    message = run("audit", "new", "killed", "stuck", "it's full", status=2 if whole else 0)
    assert ("exists already" in message) == whole, message
    assert sorted(os.listdir("audit-runs/killed")) == sorted(os.listdir(folder)), os.listdir("audit-runs/killed")
    assert os.stat("audit-runs/killed").st_mode == os.stat("audit-runs").st_mode
    assert whole or not [n for n in os.listdir("audit-runs") if n.startswith(".")], os.listdir("audit-runs")
    shutil.rmtree("audit-runs/killed")

# What is refused leaves nothing behind.
before = sorted(os.walk("."))
for words, args in [
    ("exists already", ["new", "cache.1", "stuck", "it's full"]),
    ("expected 'new', got 'old'", ["old", "x", "stuck", "stuck"]),
    ("expected 'new', got 'nothing'", []),
    ("expected a name, a run and its reference, got 2", ["new", "x", "stuck"]),
    ("is no name for a folder", ["new", "a/b", "stuck", "stuck"]),
    ("is no name for a folder", ["new", "..", "stuck", "stuck"]),
    ("nowhere: No such file", ["new", "x", "stuck", "nowhere"]),
    ("not a regular file", ["new", "x", "stuck", "/dev/null"]),
    ("--map: expected", ["new", "x", "stuck", "stuck", "--map", "oops"]),
    ("got 'NtClose what'", ["new", "x", "stuck", "stuck", "--rules", "bad"]),
]:
    open("bad", "w").write("NtClose what\n") if "bad" in args else None
    message = run("audit", *args, status=2)
    assert words in message, (args, message)
os.remove("bad")
assert sorted(os.walk(".")) == before
assert "cannot create directory" in run("audit", "new", "x", "stuck", "stuck", "--dir", "rules", status=2)
print("audit folders hold what they say")

#!/usr/bin/env python3
"""A trace's content depends on no library's version: recorded with another disassembler and another compressor it has the same
bytes once decompressed, the same digests, and either build of the world reads and replays the other's.

usage: versions.py WEDGE GUESTS OTHER_LIBRARIES WORKDIR
"""
import hashlib, json, os, re, shutil, subprocess, sys

WEDGE, GUESTS, OTHER, WORK = sys.argv[1:5]
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
NAMES = set(re.findall(r"^WG_PPC\((\w+),", open(os.path.join(ROOT, "emu/cpu/ppc.def")).read(), re.M))
PRELOADED = dict(os.environ, LD_PRELOAD=OTHER)


def wedge(*args, env=None):
    return subprocess.run([WEDGE, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def content(path):
    return subprocess.run(["zstdcat", path], stdout=subprocess.PIPE, check=True).stdout


shutil.rmtree(WORK, ignore_errors=True)
os.makedirs(WORK)
# The stand-in takes effect at all: the disassembler of a message knows nothing.
with open(WORK + "/v.jsonl", "w") as f:
    f.write('{"code":"7c632214 4e800020","in":{},"out":{}}\n')
texts = [wedge("cpu-test", "-d", WORK + "/v.jsonl", env=e).stdout.splitlines()[1] for e in (None, PRELOADED)]
assert texts[0] != texts[1] and "blr" in texts[0], texts

exceptions = 0
for guest in ("hello", "illegal", "seh", "threads"):
    title = "%s/%s.xex" % (GUESTS, guest)
    runs = [os.path.join(WORK, guest + suffix) for suffix in ("", ".other")]
    for run, env in zip(runs, (None, PRELOADED)):
        wedge("record", title, "-o", run, env=env)
    here, there = (content(r + "/trace.jsonl.zst") for r in runs)
    assert here == there, "%s: the content depends on a library" % guest
    assert open(runs[0] + "/trace.jsonl.zst", "rb").read() != open(runs[1] + "/trace.jsonl.zst", "rb").read(), "another compressor made the same file"
    lines = here.splitlines(keepends=True)
    digest = hashlib.sha256(b"".join(lines[:-1])).hexdigest()
    assert json.loads(lines[-1])["sha256"] == digest, "the footer's digest is of the content"
    for run in runs:
        assert json.load(open(run + "/manifest.json"))["result"]["trace_sha256"] == digest, "so is the manifest's"
    for run, env in zip(runs, (PRELOADED, None)):
        p = wedge("replay", run, env=env)
        assert p.returncode == 0, (guest, p.stdout, p.stderr)
    assert wedge("events", runs[0]).stdout == wedge("events", runs[1], env=PRELOADED).stdout, guest
    for line in lines:
        e = json.loads(line)
        if e["kind"] != "exception":
            continue
        exceptions += 1
        word, name = e["detail"].split(" ", 1)
        assert re.fullmatch("[0-9a-f]{8}", word) and (name in NAMES or name == "(undefined)"), e["detail"]
assert exceptions >= 2, exceptions
print("%d exceptions; contents agree" % exceptions)

#!/usr/bin/env python3
"""Manifests: what lies together moves together, --title and its kin name what moved apart, digests decide; names and arguments that are
no UTF-8 replay; an unknown schema, key or version is refused by name; `wedge verify` and replay see every digest.

usage: moves.py WEDGE GUESTS SCHEMAS WORKDIR
"""
import hashlib, json, os, re, shutil, subprocess, sys

import tool

wedge, guests, schemas, work = sys.argv[1:5]
tool.enter(work)
schema = tool.validator(schemas, "manifest.schema.json")
run = tool.runner(wedge, "replace")  # names that are no UTF-8 are printed


def manifest(folder):
    m = json.load(open(os.path.join(os.fsencode(folder), b"manifest.json")))
    schema.validate(m)
    return m


def cache(folder):
    for where in ("4D5307D6", "8F2A11C0", "C0FFEE42"):
        os.makedirs(os.path.join(folder, where))
    for name in ("4D5307D6/textures", "4D5307D6/sounds", "4D5307D6/levels", "8F2A11C0/shaders", "8F2A11C0/fonts", "8F2A11C0/movies",
                 "C0FFEE42/strings", "C0FFEE42/scripts", "C0FFEE42/index"):
        open(os.path.join(folder, name + ".bin"), "w").write("item\n")


# Together.
os.makedirs("a/title")
shutil.copy(os.path.join(guests, "cacheload.xex"), "a/title")
cache("a/cache")
run("record", "a/title/cacheload.xex", "-o", "a/runs/run", "--cache", "a/cache")
m = manifest("a/runs/run")
assert m["title"]["host"] == "../../title/cacheload.xex" and m["mounts"][0]["host"] == "../../cache", m["title"]
os.rename("a", "b")
run("replay", "b/runs/run")
os.chdir("b/runs/run")
run("replay", ".")
os.chdir(work)
# Apart.
os.rename("b/title", "elsewhere")
os.rename("b/cache", "c")
assert "cacheload.xex" in run("replay", "b/runs/run", code=2)[1]
assert "c/" not in run("replay", "b/runs/run", "--title", "elsewhere/cacheload.xex", code=2)[1]
run("replay", "b/runs/run", "--title", "elsewhere/cacheload.xex", "--cache", "c")
run("verify", "b/runs/run", "--title", "elsewhere/cacheload.xex", "--cache", "c")
shutil.copy("elsewhere/cacheload.xex", "elsewhere/another name.xex")  # the title keeps the name that it was recorded by
run("replay", "b/runs/run", "--title", "elsewhere/another name.xex", "--cache", "c")
run("verify", "b/runs/run", "--title", "elsewhere/another name.xex", "--cache", "c")
run("at", "b/runs/run", "end", "modules", "--title", "elsewhere/another name.xex", "--cache", "c")
os.chdir("b/runs")
run("replay", "run", "--title", "../../elsewhere", "--cache", "../../c", code=2)  # a folder stands for its default.xex
os.chdir(work)
out, err = run("replay", "b/runs/run", "--title", os.path.join(guests, "hello.xex"), "--cache", "c", code=2)
assert "hello.xex has changed since it was recorded" in err, err
open("c/4D5307D6/sounds.bin", "w").write("longer\n")
out, err = run("replay", "b/runs/run", "--title", "elsewhere/cacheload.xex", "--cache", "c", code=2)
assert "sounds.bin has changed" in err, err
# Files that it read go with the title.
os.makedirs("m/title")
for name in ("modules.xex", "adder.dll", "second.dll", "greeter.dll", "refuser.dll"):
    shutil.copy(os.path.join(guests, name), "m/title")
run("record", "m/title/modules.xex", "-o", "m/run")
m = manifest("m/run")
assert m["files"] and all(f["host"].startswith("../title/") for f in m["files"]), m["files"]
os.rename("m/title", "m/moved")
run("replay", "m/run", code=2)
run("replay", "m/run", "--title", "m/moved/modules.xex")
data = bytearray(open("m/moved/adder.dll", "rb").read())
data[-1] ^= 1
open("m/moved/adder.dll", "wb").write(data)
out, err = run("replay", "m/run", "--title", "m/moved/modules.xex", code=2)
assert "m/moved/adder.dll has changed since it was recorded" in err, err
out, err = run("verify", "m/run", "--title", "m/moved/modules.xex", code=1)
assert "adder.dll" in out and out.count("DIFFERS") == 1, out

# A link's name is the title's.
os.symlink("elsewhere/cacheload.xex", "link.xex")
run("record", "link.xex", "-o", "linked")
assert manifest("linked")["title"]["host"] == "../link.xex"
run("replay", "linked")

# What is no UTF-8.
odd = b"\xff\xfe\xe9 t\xc3\xa9.xex"
os.makedirs(b"odd \xe9")
shutil.copy(os.path.join(guests, "hello.xex").encode(), b"odd \xe9/" + odd)
run("record", b"odd \xe9/" + odd, "-o", b"odd run \xe9", "--args", b"caf\xe9 \x01")
m = manifest(b"odd run \xe9")
assert bytes.fromhex(m["title"]["host_hex"]) == b"../odd \xe9/" + odd and bytes.fromhex(m["options"]["args_hex"]) == b"caf\xe9 \x01", m
run("replay", b"odd run \xe9")
run("verify", b"odd run \xe9")
out, err = run("info", b"odd run \xe9")
assert "end: exit" in out, out
os.rename(b"odd \xe9", b"odder")
run("replay", b"odd run \xe9", code=2)
run("replay", b"odd run \xe9", "--title", b"odder/" + odd)

# What this version does not know.
run("record", os.path.join(guests, "hello.xex"), "-o", "run")
text = open("run/manifest.json").read()


def change(edit, words, command="replay", code=2):
    m = json.loads(text)
    edit(m)
    json.dump(m, open("run/manifest.json", "w"))
    out, err = run(command, "run", code=code)
    assert words in err, (words, err)


change(lambda m: m.update(schema=2), "schema 2; this version reads schema 1")
change(lambda m: m.pop("schema"), "schema missing")
change(lambda m: m.update(version="9.9"), "recorded by wedge 9.9, and this is wedge")
change(lambda m: m.update(engine="other"), 'engine "other"')
change(lambda m: m.update(flavour=1), 'unknown key "flavour"')
change(lambda m: m["options"].update(turbo=True), 'unknown key "options.turbo"')
change(lambda m: m["lookups"].append({"path": "x", "kind": "f", "value": "0" * 16, "odd": 1}), 'unknown key "lookups[].odd"')
change(lambda m: m.update(title=3), "title: expected an object")
change(lambda m: m.update(schema=2), "schema 2; this version reads schema 1", "info")
change(lambda m: m["result"].update(state_hash="0123456789abcdef"), "", code=1)
open("run/manifest.json", "w").write(text)

# Digests of the run itself.
out, err = run("verify", "run")
assert "trace.jsonl.zst" in out and "branches.zst" in out and "DIFFERS" not in out, out
answer = json.loads(run("verify", "run", "--json")[0])
assert answer["verified"] and all(c["ok"] for c in answer["checks"]) and len(answer["checks"]) >= 3, answer


def altered(prepare, words):
    shutil.rmtree("altered", ignore_errors=True)
    shutil.copytree("run", "altered")
    prepare()
    out, err = run("verify", "altered", code=1)
    assert words in out, (words, out)
    assert not json.loads(run("verify", "altered", "--json", code=1)[0])["verified"]
    p = subprocess.run([wedge, "replay", "altered"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.returncode in (1, 2) and "identical:" not in p.stdout, (words, p.stdout)


def resew(*sed):
    subprocess.run("zstdcat run/trace.jsonl.zst | sed %s | zstd -q -f -o altered/trace.jsonl.zst" % " ".join("-e '%s'" % s for s in sed), shell=True, check=True)


altered(lambda: resew("s/6 times 7/6 times 9/"), "trace.jsonl.zst")
altered(lambda: resew("/trace.footer/s/\"sha256\":\"./\"sha256\":\"_/"), "trace.jsonl.zst")
altered(lambda: resew("/trace.footer/s/\"events\":/\"events\":1/"), "trace.jsonl.zst")
altered(lambda: resew("/trace.footer/d"), "trace.jsonl.zst")
altered(lambda: os.remove("altered/branches.zst"), "branches.zst")
altered(lambda: shutil.copy("linked/branches.zst", "altered/branches.zst"), "branches.zst")
altered(lambda: open("altered/branches.zst", "r+b").truncate(60), "branches.zst")
altered(lambda: open("altered/trace.jsonl.zst", "r+b").truncate(300), "trace.jsonl.zst")
assert "manifest.json" in run("verify", "elsewhere", code=2)[1]

# Checkpoints: every byte of them is looked at, and so is whose they are. A replay does without them.
run("record", os.path.join(guests, "threads.xex"), "-o", "kept", "--checkpoints")
marks = open("kept/checkpoints.wgc", "rb").read()
assert re.search(r"^ok +checkpoints.wgc: \d+ states", run("verify", "kept")[0], re.M)
shutil.copytree("kept", "other")
run("record", os.path.join(guests, "threads.xex"), "-o", "seeded", "--checkpoints", "--sched-seed", "3")
foreign = open("seeded/checkpoints.wgc", "rb").read()
begins = [m.start() for m in re.finditer(b"WGCR", marks)] + [len(marks)]
assert len(begins) > 4, begins
without = [marks[:a] + marks[b:] for a, b in zip(begins, begins[1:])]  # a whole record less
for bad in [marks[:-5], marks[:100], b"", b"rubbish" * 20, marks + b"x", foreign] + without + [
        marks[:at] + bytes([marks[at] ^ 4]) + marks[at + 1:] for at in range(0, len(marks), len(marks) // 40)]:
    open("other/checkpoints.wgc", "wb").write(bad)
    out, err = run("verify", "other", code=1)
    assert re.search(r"^DIFFERS +checkpoints.wgc: ", out, re.M), out
    check = next(c for c in json.loads(run("verify", "other", "--json", code=1)[0])["checks"] if c["file"] == "checkpoints.wgc")
    assert not check["ok"] and check["found"], check
# What looks into the run does without those behind the damage, and says so.
there = run("at", "kept", "end", "threads")
for bad in without[2:]:
    open("other/checkpoints.wgc", "wb").write(bad)
    out, err = run("at", "other", "end", "threads")
    assert out == there[0] and there[1] == "" and re.search(r"checkpoints\.wgc: at byte \d+: .*not used", err), (out, err)
# A page that is damaged is found where it is wanted: what does not need it is gone on from, which one line says.
pages = [at for at in begins[:-1] if marks[at + 4] == 2]
spoilt = bytearray(marks)
for at in pages:
    head, packed = (int.from_bytes(marks[at + n:at + n + 4], "little") for n in (8, 12))
    spoilt[at + 36 + head + packed // 2] ^= 1
open("other/checkpoints.wgc", "wb").write(spoilt)
out, err = run("at", "other", "end", "threads")
assert pages and out == there[0] and re.search(r"^wedge: other/checkpoints\.wgc: at byte \d+: the pages are damaged, so that the checkpoint of instruction \d+ \(.*\) cannot be used.*; "
                                               r"(it goes on from instruction \d+|the run is executed from its start).*; wedge replay --checkpoints makes them anew\n$", err), err
assert run("last-write", "other", "0x820300ac", "--before", "end")[0] == run("last-write", "kept", "0x820300ac", "--before", "end")[0] != ""
assert re.search(r"^DIFFERS +checkpoints.wgc: .*: the pages are damaged; remove the file to do without checkpoints", run("verify", "other", code=1)[0], re.M)
assert "the pages are damaged; remove the file to do without" in run("replay", "other", code=1)[0]
open("other/checkpoints.wgc", "wb").write(marks)
run("verify", "other")
# They may lie elsewhere, as a trace may; nothing is written through a link.
os.rename("other/checkpoints.wgc", "marks")
os.symlink("../marks", "other/checkpoints.wgc")
assert run("at", "other", "end", "threads") == there and "ok       checkpoints.wgc" in run("verify", "other")[0]

# A replay makes those that a run lacks, or has and cannot use; what differs gets none.
run("record", os.path.join(guests, "threads.xex"), "-o", "bare")
assert re.search(r"\n[1-9]\d* checkpoints are kept with the run\n$", run("replay", "bare", "--checkpoints")[0])
made = open("bare/checkpoints.wgc", "rb").read()
for bad in b"rubbish" * 20, foreign, made[:-5]:
    open("bare/checkpoints.wgc", "wb").write(bad)
    os.makedirs("bare/checkpoints.killed")  # as one that was killed on the way has left
    open("bare/checkpoints.killed/checkpoints.wgc", "wb").write(made[:-5])
    out, err = run("replay", "bare", "--checkpoints", "--json")
    assert json.loads(out)["checkpoints"] > 0 and "checkpoints.wgc: " in err and err.endswith("; they have been made anew\n") and "remove" not in err and open("bare/checkpoints.wgc", "rb").read() == made, (out, err)
out, err = run("replay", "bare", "--checkpoints", "--json")
assert "checkpoints" not in json.loads(out) and err == "" and open("bare/checkpoints.wgc", "rb").read() == made, (out, err)
assert sorted(os.listdir("bare")) == sorted(os.listdir("kept")) and run("at", "bare", "end", "threads") == there
run("verify", "bare")
open("bare/checkpoints.wgc", "wb").write(foreign)
shutil.copy("seeded/trace.jsonl.zst", "bare/trace.jsonl.zst")
out, err = run("replay", "bare", "--checkpoints", code=1)
assert "mismatch" in out and err.endswith("; none take their place\n") and open("bare/checkpoints.wgc", "rb").read() == foreign, (out, err)
os.unlink("bare/checkpoints.wgc")
assert "mismatch" in run("replay", "bare", "--checkpoints", code=1)[0] and not [f for f in os.listdir("bare") if "checkpoints" in f]
assert "--checkpoints is for a whole run" in run("replay", "kept", "--to", "end", "--checkpoints", code=2)[1]
# Of a run that was killed, whose checkpoints may go on where its record has ended.
run("record", os.path.join(guests, "endless_quiet.xex"), "-o", "killed", "--checkpoints", "--seconds", "0.3")
assert len(re.findall(b"WGCR\x03", open("killed/checkpoints.wgc", "rb").read())) > 2
lines = subprocess.run(["zstd", "-dcq", "killed/trace.jsonl.zst"], stdout=subprocess.PIPE).stdout.splitlines(True)
assert b"trace.footer" in lines[-1]
subprocess.run(["zstd", "-qf", "-o", "killed/trace.jsonl.zst"], input=b"".join(lines[:-1]), check=True)
m = json.load(open("killed/manifest.json"))
json.dump({**m, "result": None}, open("killed/manifest.json", "w"))
want = run("replay", "killed")
assert f"{len(lines) - 1} events replayed" in want[0] and "did not end" in want[0]
assert run("replay", "killed", "--checkpoints", "--jobs", "4") == want == run("replay", "killed", "--checkpoints", "--jobs", "1")

# What the guest wrote has digests, of each file and of all: the replay writes the same, and what lies in the overlay is that.
run("record", os.path.join(guests, "files.xex"), "-o", "wrote")
m = json.load(open("wrote/manifest.json"))
schema.validate(m)
overlay = m["result"]["overlay"]
assert overlay["count"] == len(overlay["files"]) > 0, overlay
lines = ""
for f in sorted(overlay["files"], key=lambda f: f["path"].encode()):
    data = open("wrote/overlay/" + f["path"], "rb").read()
    assert (f["size"], f["sha256"]) == (len(data), hashlib.sha256(data).hexdigest()), f
    lines += "%s  %s\n" % (f["sha256"], f["path"])
assert overlay["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
assert sum(len(names) for _, _, names in os.walk("wrote/overlay")) == overlay["count"]
assert "overlay: %d files" % overlay["count"] in run("verify", "wrote")[0] and "%d files written" % overlay["count"] in run("info", "wrote")[0]
assert run("replay", "wrote")[0].startswith("identical: ")
one = overlay["files"][0]["path"]


def disturbed(change, words):
    shutil.rmtree("altered", ignore_errors=True)
    shutil.copytree("wrote", "altered")
    change("altered/overlay/")
    for command in ("verify", "replay"):
        out, err = run(command, "altered", code=1)
        assert words in out, (command, words, out)


disturbed(lambda o: open(o + one, "ab").write(b"x"), "overlay/%s: sha256" % one)
disturbed(lambda o: os.remove(o + one), "overlay/%s: missing" % one)
disturbed(lambda o: open(o + "more", "wb").close(), "overlay/more: not what the run wrote")
disturbed(lambda o: (os.remove(o + one), os.symlink("/etc/passwd", o + one)), "overlay/%s: sha256 not a file" % one)
disturbed(shutil.rmtree, "overlay/%s: missing" % one)
change_of = json.load(open("wrote/manifest.json"))
change_of["result"]["overlay"]["sha256"] = "0" * 64
shutil.rmtree("altered")
shutil.copytree("wrote", "altered")
json.dump(change_of, open("altered/manifest.json", "w"))
assert "files written: " in run("replay", "altered", code=1)[0] and "together" in run("verify", "altered", code=1)[0]

# What held the title while it ran is in the manifest, and nowhere in the trace.
run("record", os.path.join(guests, "files.xex"), "-o", "loose", "--unconfined")
held, loose = m["confinement"], json.load(open("loose/manifest.json"))["confinement"]
assert loose == {"landlock": None, "seccomp": False} and "confined by: nothing" in run("info", "loose")[0], loose
said = run("info", "wrote")[0]
assert ("Landlock (ABI %s)" % held["landlock"] in said) == (held["landlock"] is not None) and ("seccomp" in said) == held["seccomp"], (held, said)
assert held != loose or "confined by: nothing" in said
sha = [json.load(open(r + "/manifest.json"))["result"]["trace_sha256"] for r in ("wrote", "loose")]
assert sha[0] == sha[1], sha
print("moves: paths, names, versions and digests of a run")

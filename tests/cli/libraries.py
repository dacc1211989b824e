#!/usr/bin/env python3
"""A title with libraries: in a folder and on a disc alike; every branch of them decoded; refused when a library has changed;
damaged ones are named in the trace and never a crash.

usage: libraries.py WEDGE GUESTS WORKDIR
"""
import json, os, random, shutil, struct, subprocess, sys

from containers import Disc

wedge, guests, work = sys.argv[1:4]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
LIBRARIES = ("adder.dll", "greeter.dll", "refuser.dll")


def run(*args):
    p = subprocess.run([wedge, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="latin-1")
    return p.returncode, p.stdout + p.stderr


def query(*args):  # (what is imported for it is said on standard error)
    p = subprocess.run([wedge, "query", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="latin-1")
    return p.returncode, p.stdout


def at(name):
    return os.path.join(work, name)


def events(run_):
    code, text = run("events", at(run_), "--json")
    assert code == 0, text
    return [json.loads(line) for line in text.splitlines()]


title = open(os.path.join(guests, "modules.xex"), "rb").read()
files = {name: open(os.path.join(guests, name), "rb").read() for name in LIBRARIES}
files["second.dll"] = files["adder.dll"]  # wants the same place
os.makedirs(at("title"))
for name, data in {"default.xex": title, "hello.o": b"no module", **files}.items():
    open(at("title/" + name), "wb").write(data)
code, folder = run("record", at("title"), "-o", at("folder"))
assert code == 0 and "adder.dll!ordinal_009: 1 calls" in folder, folder
Disc({"default.xex": title, "hello.o": b"no module", **files}).write(at("disc.iso"))
code, disc = run("record", at("disc.iso"), "-o", at("disc"))
assert code == 0 and disc == folder.replace(at("folder"), at("disc")), (folder, disc)
seen = events("folder")
prints = "".join(e["text"] for e in seen if e["kind"] == "guest.print")
assert "FAIL" not in prints and prints.endswith("all passed\n"), prints
loads = [(e["kind"][7:], e["name"]) for e in seen if e["kind"].startswith("module.")]
assert loads == [("load", "default.xex"), ("load", "adder.dll"), ("load", "greeter.dll"), ("unload", "greeter.dll"),
                 ("load", "greeter.dll"), ("load", "refuser.dll"), ("unload", "refuser.dll")], loads

# A call inside of XexLoadImage ends before it does, and each has its own return.
code, text = query(at("folder"), "--csv", "SELECT count(*) FROM calls o JOIN calls i ON i.tid = o.tid AND i.idx > o.idx "
                 "AND i.ret_idx < o.ret_idx WHERE o.name = 'XexLoadImage' AND i.name = 'KeDelayExecutionThread'")
assert code == 0 and text.split() == ["count(*)", "2"], text
code, text = query(at("folder"), "--csv", "SELECT name FROM calls WHERE ret_idx IS NULL")
assert text.split() == ["name", "ExTerminateThread"], text

# Branches, also those of code that came and went.
code, text = run("events", at("folder"), "--branches", "--limit", "100000")
assert code == 0, text
assert any(line.split()[2].startswith("8401") for line in text.splitlines()), text[:2000]
code, text = run("replay", at("disc"))
assert code == 0 and "identical" in text, text

code, text = run("info", at("title/adder.dll"), "--json")
info = json.loads(text)
assert info["library"] and sorted(x.get("name", x.get("ordinal")) for x in info["exports"] if "name" in x) == ["additions", "multiply"], text
assert sorted(x["ordinal"] for x in info["exports"] if "ordinal" in x) == [1, 2, 7], text

code, text = run("exports", at("title"))
assert code == 0 and "8 imported functions: 8 implemented, 0 partial, 0 constant, 0 none\n3 imports come from libraries" in text, text
code, text = run("exports", at("title"), "--missing", "--json")
assert code == 0 and text == "", text

# A start-up function that never ends: the report says within which call, and whose wait it is.
code, text = run("record", os.path.join(guests, "loads.xex"), "-o", at("stuck"))
assert code == 0 and "wedge:" in text and "in NtWaitForSingleObjectEx" in text and "within XexLoadImage, called from 0x8201" in text, text
code, text = query(at("stuck"), "--csv", "SELECT name FROM v_unreturned")
assert text.split() == ["name", "XexLoadImage", "NtWaitForSingleObjectEx"], text

# A library that imports from the kernel by a name without its extension, once the kernel has a module of its own.
short = os.path.join(work, "short")
shutil.copytree(at("title"), short)
code, text = run("pack", os.path.join(guests, "greeter.elf"), "--dll", "-o", os.path.join(short, "greeter.dll"))
assert code == 0, text
renamed = open(os.path.join(short, "greeter.dll"), "rb").read().replace(b"adder.dll\0", b"xboxkrnl\0\0")
open(os.path.join(short, "greeter.dll"), "wb").write(renamed)
code, text = run("record", short, "--no-trace", "--seconds", "1")
assert code == 0, (code, text)

# A chain of libraries, each of which needs the next: an end, not a crash.
chain = os.path.join(work, "chain")
os.makedirs(chain)
open(os.path.join(chain, "default.xex"), "wb").write(title.replace(b"adder.dll", b"n0000.dll"))
plain = os.path.join(work, "plain.dll")
code, text = run("pack", os.path.join(guests, "greeter.elf"), "--dll", "-o", plain)
assert code == 0, text
plain = open(plain, "rb").read()
for i in range(200):
    d = bytearray(plain.replace(b"adder.dll", b"n%04d.dll" % (i + 1)))
    # Its own place: load address, image base, and what the import records point at.
    old, new = 0x84000000, 0x84000000 + 0x40000 * i
    for place in range(0, struct.unpack(">I", d[8:12])[0], 4):
        v = struct.unpack(">I", d[place:place + 4])[0]
        if old <= v < old + 0x40000:
            d[place:place + 4] = struct.pack(">I", v - old + new)
    open(os.path.join(chain, "n%04d.dll" % i), "wb").write(d)
code, text = run("record", chain, "-o", at("chained"))
assert code == 0, text
loaded = [e["name"] for e in events("chained") if e["kind"] == "module.load"]
assert loaded[:64] == ["default.xex"] + ["n%04d.dll" % i for i in range(63)] and len(loaded) <= 66, loaded
assert sum(e["kind"] == "module.unload" for e in events("chained")) == len(loaded) - 64, loaded

# Damaged libraries.
rng = random.Random(4)
for i in range(60):
    bad = bytearray(files["adder.dll"])
    for _ in range(rng.randrange(1, 5)):
        bad[rng.choice((rng.randrange(0x400), rng.randrange(len(bad))))] = rng.choice([0, 1, 255, rng.getrandbits(8)])
    if rng.random() < 0.2:
        del bad[rng.randrange(len(bad)):]
    open(at("title/adder.dll"), "wb").write(bad)
    code, text = run("record", at("title"), "--no-trace", "--seconds", "1")
    assert code in (0, 2), (i, code, text)
open(at("title/adder.dll"), "wb").write(files["adder.dll"])
open(at("title/greeter.dll"), "wb").write(b"XEX2" + bytes(100))
code, text = run("replay", at("folder"))
assert code == 2 and "greeter.dll" in text and "changed" in text, text
run("record", at("title"), "-o", at("damaged"))
errors = [e["out"]["error"] for e in events("damaged") if e["kind"] == "kernel.return" and "error" in e.get("out", {})]
assert any("greeter.dll: offset" in e for e in errors), errors
print("libraries: linked, started, unloaded, replayed, decoded; damaged ones are named")

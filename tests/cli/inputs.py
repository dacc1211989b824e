#!/usr/bin/env python3
"""Input scripts: what the guest sees of its controllers is what the script says, in virtual time; the run keeps the script and
replays from its own copy; a bad line is named.

usage: inputs.py WEDGE GUESTS SCHEMAS WORKDIR
"""
import json, os, shutil, struct, subprocess, sys

import containers
import jsonschema

wedge, guests, schemas, work = sys.argv[1:5]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
guest, script, out = os.path.join(guests, "pad.xex"), os.path.join(work, "script.jsonl"), os.path.join(work, "run")


def run(*args):
    p = subprocess.run([wedge, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return p.returncode, p.stdout + p.stderr


def prints(where):
    text = run("events", where, "--json")[1]
    events = [json.loads(line) for line in text.splitlines()]
    return [e for e in events if e["kind"] == "guest.print"], [e for e in events if e["kind"] == "input"]


lines = ['{"at_ns": 0}', '{"at_ns": 20000000, "buttons": "0x1000", "left_trigger": 200}', '{"at_ns": 30000000, "user": 1, "lx": -32768, "ly": 32767}',
         '{"at_ns": 50000000, "buttons": 0}', '{"at_ns": 60000000, "connected": false}']
schema = jsonschema.Draft202012Validator(json.load(open(os.path.join(schemas, "inputs.schema.json"))))
for line in lines:
    schema.validate(json.loads(line))
trace = jsonschema.Draft202012Validator(json.load(open(os.path.join(schemas, "trace.schema.json"))))
open(script, "w").write("\n".join(lines) + "\n")
code, text = run("record", guest, "-o", out, "--inputs", script)
assert code == 0, text
seen, changes = prints(out)
assert [e["text"] for e in seen] == [
    "0: buttons 0 triggers 0 0 left 0 0 caps 0\n", "1: none (48f)\n", "0: buttons 1000 triggers 200 0 left 0 0 caps 0\n",
    "1: buttons 0 triggers 0 0 left -32768 32767 caps 0\n", "0: buttons 0 triggers 200 0 left 0 0 caps 0\n", "0: none (48f)\n"], seen
assert [e["host_ns"] // 1000000 for e in seen] == [0, 0, 20, 30, 50, 60], seen
assert len(changes) == 5 and changes[1]["state"]["buttons"] == "0x1000", changes
for e in changes:
    trace.validate(e)
os.remove(script)
code, text = run("replay", out)
assert code == 0 and "identical" in text, text
open(os.path.join(out, "inputs.jsonl"), "a").write("\n")
code, text = run("replay", out)
assert code == 2 and "inputs.jsonl has changed" in text, text
code, text = run("record", guest, "-o", out + "-none")
assert code == 0 and [e["text"] for e in prints(out + "-none")[0]] == ["0: none (48f)\n", "1: none (48f)\n"]
for bad, words in (('{"at_ns": 5}\n{"at_ns": 4}', ":2: comes before"), ("{", ":1:"), ('{"at_ns": 1, "user": 4}', ":1: expected \"user\""),
                   ('{"at_ns": 1, "button": 4}', ":1: has an unknown key"), ("[]", ":1: it is no object; expected an object"), ('{"user": 1}', ":1: expected \"at_ns\""),
                   ('{"at_ns": 1, "lx": 40000}', ":1: expected a stick")):
    open(script, "w").write(bad)
    code, text = run("record", guest, "-o", out + "-bad", "--inputs", script)
    assert code == 2 and "script.jsonl" + words in text, (bad, text)

# Users, dialogs, notifications, and what is installed beside the title.
guest = os.path.join(guests, "xam.xex")


def xam(name, *options):
    out = os.path.join(work, name)
    code, text = run("record", guest, "-o", out, *options)
    assert code == 0 and "exit:" in text, text
    code, text = run("replay", out)
    assert code == 0 and "identical" in text, text
    seen, changes = prints(out)
    for e in changes:
        trace.validate(e)
    assert seen[-1]["text"] == "all passed\n", seen
    return [e["text"].strip() for e in seen], changes


plain, changes = xam("plain")
assert "user 0: 1 0 Player" in plain and "user 1: 0 1317" in plain, plain
assert plain.count("keyboard 0: 6f 6c 64 0") == 2 and "message box 0: 1" in plain and "device 0: 1" in plain, plain
assert [c["state"]["answer"] for c in changes] == ["keyboard", "message_box", "device", "keyboard"], changes
assert not any(c["state"]["scripted"] for c in changes) and changes[0]["host_ns"] // 1000000 == 100, changes
lines = ['{"at_ns": 0, "user": 0, "signed_in": "live", "name": "Ann"}', '{"at_ns": 0, "answer": "keyboard", "text": "h\\u00e9\\u20ac"}',
         '{"at_ns": 0, "answer": "keyboard", "cancelled": true}', '{"at_ns": 0, "answer": "message_box", "button": 0}',
         '{"at_ns": 600000000, "answer": "device", "cancelled": true}', '{"at_ns": 900000000, "user": 1, "signed_in": "local"}',
         '{"at_ns": 950000000, "notify": "0xb", "parameter": 7}', '{"at_ns": 950000000, "notify": "0x02000003"}']
for line in lines:
    schema.validate(json.loads(line))
open(script, "w").write("\n".join(lines))
scripted, changes = xam("scripted", "--inputs", script)
assert "notification a 1" in scripted and "user 0: 2 0 Ann" in scripted, scripted
assert "keyboard 0: 68 e9 20ac 0" in scripted and "keyboard 4c7: 0 0 0 0" in scripted, scripted
assert "message box 0: 0" in scripted and "device 4c7: 9" in scripted, scripted
assert scripted[-4:-1] == ["notification a 3", "notification b 7", "user 1: 1"], scripted
device = [c for c in changes if c["state"].get("answer") == "device"]
assert device[0]["host_ns"] == 600000000 and device[0]["state"] == {"answer": "device", "scripted": True, "cancelled": True}, device

# Installed packages: listed with their names, opened read-only, part of the run.
content = os.path.join(work, "content")
os.makedirs(content)
package = containers.Package({"a.txt": b"abc" * 3000}, 1, True, False)
package.data[0x344:0x348] = struct.pack(">I", 2)
package.data[0x360:0x364] = struct.pack(">I", 0x57454447)
package.data[0x411:0x415] = "DL".encode("utf-16-be")
package.write(os.path.join(content, "first"))
with_content, changes = xam("with-content", "--content", content)
assert "content type 2 device 1 file first display DL" in with_content and "content type 1 device 1 file second display SV" in with_content, with_content
assert "open first mode 3: 0 disposition 2, save:\\a.txt 0" in with_content and "open first mode 3: 3 disposition 0, save:\\a.txt c000000f" in plain, with_content
manifest = jsonschema.Draft202012Validator(json.load(open(os.path.join(schemas, "manifest.schema.json"))))
manifest.validate(json.load(open(os.path.join(work, "with-content", "manifest.json"))))
package.data[0x415:0x417] = b"\0C"
package.write(os.path.join(content, "first"))
code, text = run("replay", os.path.join(work, "with-content"))
assert code == 2 and "first has changed" in text, text
package.data[0x360:0x364] = bytes(4)
package.write(os.path.join(content, "first"))
code, text = run("record", guest, "-o", out + "-bad", "--content", content)
assert code == 2 and "belongs to title 00000000" in text, text
open(os.path.join(content, "first"), "w").write("no package")
code, text = run("record", guest, "-o", out + "-bad2", "--content", content)
assert code == 2 and "no package" in text, text
for bad, words in (('{"at_ns": 1, "signed_in": "yes"}', 'expected "signed_in"'), ('{"at_ns": 1, "answer": "box"}', 'expected "answer"'),
                   ('{"at_ns": 1, "answer": "keyboard", "lx": 4}', "has a key that does not belong"), ('{"at_ns": 1, "notify": -1}', 'expected "notify"'),
                   ('{"at_ns": 1, "signed_in": "local", "name": "far too long a name"}', "expected a name of at most 15 characters")):
    open(script, "w").write(bad)
    code, text = run("record", guest, "-o", out + "-bad", "--inputs", script)
    assert code == 2 and "script.jsonl:1: " + words in text, (bad, text)
print("input scripts: seen by the guest, kept by the run, replayed")

#!/usr/bin/env python3
"""Input scripts: what the guest sees of its controllers is what the script says, in virtual time; the run keeps the script and
replays from its own copy; a bad line is named.

usage: inputs.py WEDGE GUESTS SCHEMAS WORKDIR
"""
import json, os, shutil, subprocess, sys

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
                   ('{"at_ns": 1, "button": 4}', ":1: has an unknown key"), ("[]", ":1: expected an object"), ('{"user": 1}', ":1: expected \"at_ns\""),
                   ('{"at_ns": 1, "lx": 40000}', ":1: expected a stick")):
    open(script, "w").write(bad)
    code, text = run("record", guest, "-o", out + "-bad", "--inputs", script)
    assert code == 2 and "script.jsonl" + words in text, (bad, text)
print("input scripts: seen by the guest, kept by the run, replayed")

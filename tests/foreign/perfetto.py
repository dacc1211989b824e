#!/usr/bin/env python3
"""Holds what `wedge export --perfetto` writes against Perfetto's own definitions.

usage: perfetto.py WEDGE PROTO TRACE...

PROTO is Perfetto's protos/perfetto/trace/perfetto_trace.proto. Nothing of it is kept here (README.md says where it is). Each TRACE (a run, a
trace or a log) is exported and decoded by protoc: a field that Perfetto does not know, or of another type, is an error, and what it reads is
what the decoder of our tests reads. The numbers and types of fields in that decoder are compared with the definitions, too. Needs protoc.
"""
import os, re, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))
import perfetto

wedge, proto, *traces = sys.argv[1:]
TYPES = {"u": {"uint64", "uint32", "int32", "int64", "enum"}, "i": {"int64", "int32"}, "b": {"bool"}, "x": {"fixed64"}, "s": {"string"}}
# One of ours for several of theirs that are alike.
THEIRS = {"Interned": ("EventCategory", "EventName", "DebugAnnotationName", "InternedString")}


def definitions(text):
    """message -> number -> (name, type, repeated), of messages within others too."""
    found, stack = {}, []
    for line in re.sub(r"//.*", "", text).splitlines():
        m = re.match(r"\s*(message|enum|oneof|extend)\s+(\w+)?.*\{", line)
        if m:
            stack.append((m[1], m[2]))
            if m[1] == "message":
                found.setdefault(m[2], {})
        elif (f := re.match(r"\s*(optional|repeated|required)?\s*([\w.]+)\s+(\w+)\s*=\s*(\d+)\s*[\[;]", line)) and stack and stack[-1][0] != "enum":
            message = next((n for k, n in reversed(stack) if k == "message"), None)
            if message:
                found[message][int(f[4])] = (f[3], f[2].split(".")[-1], f[1] == "repeated")
        elif re.match(r"\s*\}", line) and stack and "{" not in line:
            stack.pop()
    return found


text = open(proto).read()
theirs = definitions(text)
compared = 0
for message, fields in perfetto.MESSAGES.items():
    for name in THEIRS.get(message, (message,)):
        for number, (field, what) in fields.items():
            repeated, what = what[0] == "*", what.lstrip("*")
            have = theirs[name].get(number)
            assert have, (name, number, field, "is not theirs")
            # Interned strings have their text under another name.
            assert have[0] == field or message == "Interned" and number == 2, (name, number, field, have)
            kind = have[1] if have[1] in {t for k in TYPES.values() for t in k} or have[1] == "bytes" else "enum" if have[1] not in theirs else "message"
            if message == "Interned" and number == 2:
                assert kind in ("string", "bytes"), (name, have)
            elif what in TYPES:
                assert kind in TYPES[what], (name, field, have)
            else:
                assert kind == "message", (name, field, have)
            assert repeated == have[2], (name, field, have)
            compared += 1


def count(message, counts, name="packet"):
    counts[name] = counts.get(name, 0) + 1
    for key, value in message.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                count(one, counts, key)


packets = 0
with tempfile.TemporaryDirectory() as work:
    for trace in traces:
        out = os.path.join(work, "t.pftrace")
        subprocess.run([wedge, "export", trace, "--perfetto", out], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(out, "rb") as f:
            p = subprocess.run(["protoc", "--decode=perfetto.protos.Trace", "-I", os.path.dirname(os.path.abspath(proto)), os.path.abspath(proto)], stdin=f,
                               stdout=subprocess.PIPE, check=True, text=True)
        unknown = re.findall(r"^ *\d+: .*", p.stdout, re.M)
        assert not unknown, (trace, unknown[:3])
        ours = perfetto.decode(open(out, "rb").read(), "Trace")["packet"]
        mine = {}
        for packet in ours:
            count(packet, mine)
        names = re.findall(r"^ *(\w+) \{", p.stdout, re.M)
        for name in set(names):
            assert names.count(name) == mine.get(name, 0), (trace, name, names.count(name), mine.get(name, 0))
        packets += len(ours)
print("%d fields are Perfetto's; %d packets of %d traces, read alike by protoc, without one that it does not know" % (compared, packets, len(traces)))

#!/usr/bin/env python3
"""Real traces and manifests against the JSON Schemas, by an independent validator."""
import itertools, json, os, re, subprocess, sys, tempfile
import jsonschema

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, guests, schemas = sys.argv[1:4]


def validator(name):
    doc = json.load(open(os.path.join(schemas, name)))
    jsonschema.Draft202012Validator.check_schema(doc)
    return jsonschema.Draft202012Validator(doc)


def diff(status, *args):
    p = subprocess.run([wedge, "diff", "--json", *args], stdout=subprocess.PIPE)
    assert p.returncode == status, (args, p.returncode)
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f-\xff]", p.stdout), "printable ASCII"
    doc = json.loads(p.stdout)
    difference.validate(doc)
    assert doc["equal"] == (status == 0)
    assert [f["id"] for f in doc["findings"]] == list(range(len(doc["findings"])))
    text = subprocess.run([wedge, "diff", *args], stdout=subprocess.PIPE).stdout
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", text), "lines of printable text"
    if status:
        first = next(l for l in text.decode(errors="replace").splitlines() if not l.startswith("damaged, "))
        assert first == doc["cause"] == (first if "hang" in doc else doc["candidates"][0]["text"]), (first, doc["cause"])
    return doc


# A run beside itself, beside one of another cache, and beside itself with damage and with names that are no text.
def check_diffs(d):
    cache = os.path.join(d, "cache", "4D5307D6")
    os.makedirs(cache)
    for name in "textures", "sounds", "levels":
        open(os.path.join(cache, name + ".bin"), "w").write("item\n")
    empty, full = os.path.join(d, "cacheload"), os.path.join(d, "full")
    subprocess.run([wedge, "record", os.path.join(guests, "cacheload.xex"), "-o", full, "--cache", os.path.dirname(cache)],
                   check=True, stdout=subprocess.DEVNULL)
    diff(0, empty, empty)
    stuck = diff(1, empty, full)
    assert stuck["class"] == "other value" and any(b["in"].startswith("NtWaitForSingleObjectEx") for b in stuck["blocked"])
    diff(1, full, empty)
    open(os.path.join(d, "rules"), "w").write("NtQuery* out\n")
    diff(1, empty, full, full, "--rules", os.path.join(d, "rules"), "--explain-noise")
    text = subprocess.run(["zstdcat", os.path.join(full, "trace.jsonl.zst")], check=True, stdout=subprocess.PIPE).stdout
    evil = text.replace(b"textures.bin", b"t\\u0007\\u001b[2J\\n\\u0085\\u007f.bin").replace(b"NtDuplicateObject", b"Nt\\r\\nEvil")
    open(os.path.join(d, "evil"), "wb").write(evil[:-200])
    assert "damage" in diff(1, os.path.join(d, "evil"), full)["here"]
    diff(1, empty, os.path.join(d, "evil"))
    log = b"d> F8000008 NtClose(F8000014)\r\nd> F8000008 RtlInitAnsiString(7018F388, 82000A44(\x1b]0;x\x07\x80))\r\n"
    open(os.path.join(d, "a.log"), "wb").write(log)
    open(os.path.join(d, "b.log"), "wb").write(log + b"d> F8000008 NtOpenFile(\x01\x02)\r\n" + log.replace(b"NtClose", b"Nt\x7fClose"))
    diff(0, os.path.join(d, "a.log"), os.path.join(d, "b.log"))
    diff(0, os.path.join(d, "b.log"), os.path.join(d, "b.log"))
    wait = (b"i> 00000100 XThreadF8000008 (6) Stack: 70150000-70190000\n"
            b"d> F8000008 NtCreateEvent(7018FF28(00000000), 00000000, 00000000, 00000000)\n"
            b"i> F8000008 Added handle:F800000C for N2xe6kernel7XObjectE\n"
            b"d> F8000008 NtWaitForSingleObjectEx(F800000C, 00000001, 00000000, 00000000)\n")
    open(os.path.join(d, "stuck.log"), "wb").write(wait)
    open(os.path.join(d, "on.log"), "wb").write(wait + b"d> F8000008 KeTlsAlloc()\n" * 20)
    alone = diff(1, os.path.join(d, "on.log"), os.path.join(d, "stuck.log"))
    assert alone["hang"] == {"side": "reference", "tid": 6, "class": "missing-signaler"} and alone["candidates"] == []


difference = validator("diff.schema.json")
trace, manifest = validator("trace.schema.json"), validator("manifest.schema.json")
seen, checked, waits = set(), 0, 0
MOST = 300 if share.commit else 1500  # events of a guest; and any of another kind
with tempfile.TemporaryDirectory() as d:
    for guest in ("hello", "cacheload", "files", "memory", "gpu", "illegal", "threads", "system", "modules", "seh", "xam"):
        run = os.path.join(d, guest)
        subprocess.run([wedge, "record", os.path.join(guests, guest + ".xex"), "-o", run], check=True, stdout=subprocess.DEVNULL)
        manifest.validate(json.load(open(os.path.join(run, "manifest.json"))))
        text = subprocess.run(["zstdcat", os.path.join(run, "trace.jsonl.zst")], check=True, stdout=subprocess.PIPE).stdout.decode("ascii")
        lines = text.splitlines()
        idx, ns, handles = {}, {}, {}
        for n, line in enumerate(lines):
            e = json.loads(line)
            if e["kind"] in ("handle.create", "handle.dup", "handle.destroy"):
                handles[e["hsid"]] = handles.get(e["hsid"], 0) + (-1 if e["kind"] == "handle.destroy" else 1)
            for waited in e.get("handles", []):  # by what it is known: its id, or with its address where it has no handle
                bare = isinstance(waited, str)
                assert (handles.get(waited if bare else waited["hsid"], 0) > 0) == bare, (guest, n, line)
                waits += 1
            last = n + 1 == len(lines)
            if not last:
                assert e["idx"] == idx.get(e["tid"], 0), (guest, n, "idx is dense per thread")
                idx[e["tid"]] = e["idx"] + 1
                assert e["tid"] == 0 or e["host_ns"] >= ns.get(e["tid"], 0), (guest, n, "a thread's time never goes back")
                ns[e["tid"]] = e["host_ns"]
            if n < MOST or last or e["kind"] not in seen:
                trace.validate(e)
                seen.add(e["kind"])
                checked += 1
        assert json.loads(lines[-1])["events"] == len(lines) - 1
    check_diffs(d)
print("%d events of %d kinds are valid" % (checked, len(seen)))
assert len(seen) >= 19 and waits > 50, (seen, waits)

vector, vectors = validator("vector.schema.json"), sorted(os.listdir(os.path.join(schemas, "..", "tests", "vectors")))
files = [f for f in vectors if f.endswith(".zst")]
assert len(files) >= 455, len(files)
for i, f in share.of("vectors", enumerate(files), 3):
    lines = subprocess.run(["zstdcat", os.path.join(schemas, "..", "tests", "vectors", f)], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    assert len(lines) >= 1000, (f, len(lines))
    for line in lines[i % 37::251]:
        vector.validate(json.loads(line))
print("%d files of vectors are valid" % len(files))

calls, folder, cases = validator("call_vector.schema.json"), os.path.join(schemas, "..", "tests", "calls"), 0
for f in sorted(os.listdir(folder)):
    if f.endswith(".jsonl"):
        with open(os.path.join(folder, f)) as lines:
            lines = list(lines)
            for line in share.of("calls", lines, 2):
                calls.validate(json.loads(line))
            cases += len(lines)
assert cases > 500, cases
print("%d kernel-call vectors are valid" % cases)

#!/usr/bin/env python3
"""Real traces and manifests against the JSON Schemas, by an independent validator."""
import itertools, json, os, subprocess, sys, tempfile
import jsonschema

wedge, guests, schemas = sys.argv[1:4]


def validator(name):
    doc = json.load(open(os.path.join(schemas, name)))
    jsonschema.Draft202012Validator.check_schema(doc)
    return jsonschema.Draft202012Validator(doc)


trace, manifest = validator("trace.schema.json"), validator("manifest.schema.json")
seen, checked = set(), 0
with tempfile.TemporaryDirectory() as d:
    for guest in ("hello", "cacheload", "files", "memory", "gpu", "illegal", "threads", "system", "modules", "seh", "xam"):
        run = os.path.join(d, guest)
        subprocess.run([wedge, "record", os.path.join(guests, guest + ".xex"), "-o", run], check=True, stdout=subprocess.DEVNULL)
        manifest.validate(json.load(open(os.path.join(run, "manifest.json"))))
        text = subprocess.run(["zstdcat", os.path.join(run, "trace.jsonl.zst")], check=True, stdout=subprocess.PIPE).stdout.decode("ascii")
        lines = text.splitlines()
        idx, ns = {}, {}
        for n, line in enumerate(lines):
            e = json.loads(line)
            last = n + 1 == len(lines)
            if not last:
                assert e["idx"] == idx.get(e["tid"], 0), (guest, n, "idx is dense per thread")
                idx[e["tid"]] = e["idx"] + 1
                assert e["tid"] == 0 or e["host_ns"] >= ns.get(e["tid"], 0), (guest, n, "a thread's time never goes back")
                ns[e["tid"]] = e["host_ns"]
            if n < 1500 or last or e["kind"] not in seen:
                trace.validate(e)
                seen.add(e["kind"])
                checked += 1
        assert json.loads(lines[-1])["events"] == len(lines) - 1
print("%d events of %d kinds are valid" % (checked, len(seen)))
assert len(seen) >= 19, seen

vector, vectors = validator("vector.schema.json"), sorted(os.listdir(os.path.join(schemas, "..", "tests", "vectors")))
files = [f for f in vectors if f.endswith(".zst")]
assert len(files) >= 455, len(files)
for i, f in enumerate(files):
    lines = subprocess.run(["zstdcat", os.path.join(schemas, "..", "tests", "vectors", f)], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    assert len(lines) >= 1000, (f, len(lines))
    for line in lines[i % 37::251]:
        vector.validate(json.loads(line))
print("%d files of vectors are valid" % len(files))

#!/usr/bin/env python3
"""Each form of convert.py is read again by `wedge events`: the same calls by the same threads in the same order, of all the recording's
threads; what a form leaves out is not there.

usage: convert_check.py WEDGE GUESTS WORKDIR
"""
import json, os, shutil, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, guests, work = sys.argv[1:4]
here = os.path.dirname(os.path.abspath(__file__))
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)


def events(path):
    text = subprocess.run([wedge, "events", path, "--json"], check=True, stdout=subprocess.PIPE, encoding="latin-1").stdout
    return [json.loads(line) for line in text.splitlines()]


def calls(path, offset):
    """Names of the calls of each guest thread, in order."""
    out = {}
    for e in events(path):
        if e["kind"] == "kernel.call" and e["tid"] > offset:
            out.setdefault(e["tid"] - offset, []).append(e["name"])
    return out


for guest in share.of("forms", ("threads", "cacheload", "hangs/chains.pipeline"), 2):
    run = os.path.join(work, os.path.basename(guest))
    subprocess.run([wedge, "record", os.path.join(guests, guest + ".xex"), "-o", run, "--seconds", "1"], check=True, stdout=subprocess.DEVNULL)
    trace = os.path.join(run, "trace.jsonl.zst")
    truth = calls(run, 0)
    for form, name in (("log", "x.log"), ("reference", "r.jsonl.zst"), ("lying", "l.jsonl"), ("minimal", "m.jsonl.zst")):
        out = os.path.join(run, name)
        subprocess.run([sys.executable, os.path.join(here, "convert.py"), "--to", form, trace, out], check=True)
        assert calls(out, 0 if form == "minimal" else 5) == truth, (guest, form)
        seen = events(out)
        waits = [e for e in seen if e["kind"] == "wait.begin"]
        assert bool(waits) == (form != "log"), form
        assert not any("hsid" in e or "satisfied_by" in e for e in seen), form
        ended = {}  # tid -> kinds of its last two events
        for e in seen:
            ended[e["tid"]] = (ended.get(e["tid"], (None, None))[1], e["kind"])
        lies = list(ended.values()).count(("wait.begin", "kernel.return"))
        assert (lies > 0) == (form == "lying" and guest != "threads"), (guest, form, lies)
print("four forms of recordings are read as they were written")

#!/usr/bin/env python3
"""probe.py WEDGE GUESTS SCHEMAS WORK: probes of recorded runs against what is known of them otherwise: every branch against the record of
branches, calls and returns against the trace, writes against values; bad requests; that nothing of the run changes."""
import json, os, shutil, subprocess, sys

wedge, guests, schemas, work = sys.argv[1:5]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)


def run(*args, status=0):
    p = subprocess.run([wedge, *args], capture_output=True, text=True)
    if p.returncode != status:
        sys.exit(f"wedge {' '.join(args[:12])}: status {p.returncode} instead of {status}\n{p.stdout[:2000]}{p.stderr[:2000]}")
    return p.stdout if status == 0 else p.stderr


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def record(guest, *options):
    path = os.path.join(work, guest)
    run("record", os.path.join(guests, guest + ".xex"), "-o", path, *options)
    return path


def hits(trace):
    return [e for e in lines(run("events", trace, "--json")) if e["kind"].startswith("probe.")]


def files(path):
    return sorted(os.listdir(path))


def digest(path):
    return subprocess.run(["sha256sum", os.path.join(path, "trace.jsonl.zst"), os.path.join(path, "branches.zst")], capture_output=True,
                          text=True).stdout


def check_branches(path, *window):
    """Every branch in a window is what the record of branches says. System calls are in that record, and no branches."""
    first, last = (dict(w.split("=") for w in window).get(k) for k in ("--from", "--to"))
    recorded = [b for b in lines(run("events", path, "--branches", "--json")) if not b["text"].startswith("sc")]
    pcs = sorted({b["pc"] for b in recorded})
    assert pcs, path
    out = os.path.join(work, "branches.jsonl.zst")
    result = json.loads(run("probe", path, *[x for pc in pcs for x in ("--branch", pc)], *window, "-o", out, "--json"))
    assert result["identical"] and not any(p["no_branch"] for p in result["probes"]), result
    probed = hits(out)
    key = lambda b: (b["tid"], b["cycle"], int(b["pc"], 16), b["taken"], int(b["target"], 16))
    if first or last:
        ends = [json.loads(run("replay", path, "--to", p, "--json"))["insn"] if p else None for p in (first, last)]
        inside = {}
        for b in probed:
            inside.setdefault(b["tid"], [b["cycle"], b["cycle"]])[1] = b["cycle"]
        recorded = [b for b in recorded if b["tid"] in inside and inside[b["tid"]][0] <= b["cycle"] <= inside[b["tid"]][1]]
        assert ends[0] is None or ends[1] is None or ends[0] < ends[1]
    # The order of threads differs: packets are of a thread. Interrupts (0) share a number.
    assert sorted(map(key, recorded)) == sorted(map(key, probed)), (path, len(recorded), len(probed))
    for tid in {b["tid"] for b in recorded} - {0}:
        of = lambda all: [key(b) for b in all if b["tid"] == tid]
        assert of(recorded) == of(probed), (path, tid)
    os.unlink(out)
    return len(probed)


def main():
    counted = 0
    for guest, seconds in [("seh", "0.3"), ("threads", "0.0032"), ("modules", "0.3"), ("gpu", "0.0002"), ("spawn", "0.003")]:
        path = record(guest, "--seconds", seconds, "--checkpoints")
        before = digest(path)
        counted += check_branches(path)
        assert digest(path) == before, "a probe changes nothing of its run"
        run("replay", path)
    print(f"probe: {counted} branches as recorded")


main()

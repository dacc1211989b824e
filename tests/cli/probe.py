#!/usr/bin/env python3
"""probe.py WEDGE GUESTS SCHEMAS WORK: probes of recorded runs against what is known of them otherwise: every branch against the record of
branches, calls and returns against the trace, writes against values; bad requests; that nothing of the run changes."""
import json, os, shutil, subprocess, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tool

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, guests, schemas, work = sys.argv[1:5]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
SCHEMAS = {"probe": "probe", "last-write": "access", "first-read": "access", "values": "values", "who-called": "who_called"}
valid = {command: tool.validator(schemas, name + ".schema.json") for command, name in SCHEMAS.items()}
event = tool.validator(schemas, "trace.schema.json")
validated = set()


def check_schema(command, text):
    for doc in lines(text):
        valid[command].validate(doc)
        for e in doc.get("first", []) + ([doc["event"]] if "event" in doc else []):
            event.validate(e)
    validated.add((command, doc.get("found"), doc.get("by"), doc.get("identical"), doc.get("committed")))


def run(*args, status=0):
    p = subprocess.run([wedge, *args], capture_output=True, text=True)
    if p.returncode != status:
        sys.exit(f"wedge {' '.join(args[:12])}: status {p.returncode} instead of {status}\n{p.stdout[:2000]}{p.stderr[:2000]}")
    if "--json" in args and args[0] in valid and status != 2:
        check_schema(args[0], p.stdout)
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
    first, last = (dict(w.split("=", 1) for w in window).get(k) for k in ("--from", "--to"))
    recorded = [b for b in lines(run("events", path, "--branches", "--json")) if not b["text"].startswith("sc")]
    pcs = sorted({b["pc"] for b in recorded})
    assert pcs, path
    out = os.path.join(work, "branches.jsonl.zst")
    result = json.loads(run("probe", path, *[x for pc in pcs for x in ("--branch", pc)], *window, "-o", out, "--json"))
    assert result["identical"] and not any(p["no_branch"] for p in result["probes"]), result
    probed = hits(out)
    key = lambda b: (b["tid"], b["cycle"], int(b["pc"], 16), b["taken"], int(b["target"], 16))
    if first or last:
        assert probed or not recorded, window
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


def check_calls(path):
    """Hits of --call are the trace's calls, and who-called counts them."""
    calls = [e for e in lines(run("events", path, "--json")) if e["kind"] == "kernel.call"]
    names = sorted({c["name"] for c in calls})[:5]
    out = os.path.join(work, "calls.jsonl.zst")
    run("probe", path, *[x for n in names for x in ("--call", n)], "--regs", "r3,lr,v1,f1", "-o", out)
    mine = [c for c in calls if c["name"] in names]
    probed = hits(out)
    assert [(c["tid"], c["idx"] + 1, c["cycle"], c["name"], c["lr"], c["args"]) for c in mine] == \
           [(h["tid"], h["next_idx"], h["cycle"], h["name"], h["lr"], h["args"]) for h in probed], path
    assert all(set(h["regs"]) == {"r3", "lr", "v1", "f1"} for h in probed)
    for name in names:
        said = json.loads(run("who-called", path, name, "--json", "--limit", "1000"))
        assert said["calls"] == sum(c["name"] == name for c in mine) == sum(k["calls"] for k in said["callers"])
        for k in said["callers"]:
            at = [c for c in mine if c["name"] == name and int(c["lr"], 16) - 4 == int(k["site"], 16) and c["tid"] == k["tid"]]
            assert len(at) == k["calls"] and k["first"]["position"] == f"{at[0]['tid']}:{at[0]['idx']}"
    os.unlink(out)
    # A function of the title: where branches with a link go.
    linked = [b for b in lines(run("events", path, "--branches", "--json")) if b["text"].startswith("bl ")]
    target = max({b["target"] for b in linked}, key=lambda t: sum(b["target"] == t for b in linked))
    said = json.loads(run("who-called", path, target, "--json", "--limit", "1000"))
    sites = {}
    for b in linked:
        if b["target"] == target:
            key = (int(b["pc"], 16), b["tid"])
            sites[key] = sites.get(key, 0) + 1
    assert {(int(k["site"], 16), k["tid"]): k["calls"] for k in said["callers"]} == sites, (path, target)


def check_window(path):
    """A window has the hits of the whole that are within it, and its events are compared."""
    whole, part = os.path.join(work, "whole.jsonl.zst"), os.path.join(work, "part.jsonl.zst")
    calls = [e for e in lines(run("events", path, "--json")) if e["kind"] == "kernel.call"]
    a, b = calls[len(calls) // 4], calls[len(calls) // 2]
    name = max({c["name"] for c in calls}, key=lambda n: sum(c["name"] == n for c in calls))
    start, end = f"{a['tid']}:{a['idx']}", f"{b['tid']}:{b['idx']}"
    run("probe", path, "--call", name, "-o", whole)
    said = json.loads(run("probe", path, "--call", name, "-o", part, "--from", start, "--to", end, "--json"))
    order = [(c["tid"], c["idx"]) for c in calls]
    lo, hi = order.index((a["tid"], a["idx"])), order.index((b["tid"], b["idx"]))
    want = [c for c in calls[lo + 1:hi + 1] if c["name"] == name]
    assert [(h["tid"], h["next_idx"]) for h in hits(part)] == [(c["tid"], c["idx"] + 1) for c in want]
    events = lines(run("events", path, "--json"))
    at = lambda c: next(i for i, e in enumerate(events) if (e["tid"], e["idx"]) == (c["tid"], c["idx"]))
    assert said["identical"] and said["events"] == at(b) - at(a)
    # A condition keeps what it says.
    tid = b["tid"]
    only = os.path.join(work, "only.jsonl.zst")
    run("probe", path, "--call", name, "--where", f"tid == {tid} and lr != 0 and cycle >= {a['cycle']}", "-o", only)
    strip = lambda h: {k: v for k, v in h.items() if k != "idx"}
    assert [strip(h) for h in hits(only)] == [strip(h) for h in hits(whole) if h["tid"] == tid and h["cycle"] >= a["cycle"]]
    for f in (whole, part, only):
        os.unlink(f)


def check_ends(path):
    """A window begins with the instruction that it stands before, and does not have the one that it ends before."""
    taken = [b for b in lines(run("events", path, "--branches", "--tid", "1", "--limit", "400", "--json")) if not b["text"].startswith("sc")]
    pcs = sorted({b["pc"] for b in taken})
    probes = [x for pc in pcs for x in ("--branch", pc, "--exec", pc)]
    out = os.path.join(work, "ends.jsonl.zst")
    insn = lambda b: json.loads(run("replay", path, "--to", f"cycle=1:{b['cycle']}", "--json"))["insn"]
    n = len(taken)
    assert n > 20
    for i, j in (0, 1), (3, 17), (n // 2, n // 2 + 1), (n // 3, n - 1):
        a, b = taken[i], taken[j]
        for ends in (f"cycle=1:{a['cycle']}", f"cycle=1:{b['cycle']}"), (f"insn={insn(a)}", f"insn={insn(b)}"):
            run("probe", path, *probes, "--from", ends[0], "--to", ends[1], "-o", out)
            for kind in "probe.branch", "probe.exec":
                got = [(h["cycle"], h["pc"]) for h in hits(out) if h["tid"] == 1 and h["kind"] == kind]
                assert got == [(t["cycle"], t["pc"]) for t in taken[i:j]], (ends, kind, len(got), j - i)
            os.unlink(out)


def check_numbers(path):
    """Probes have the numbers in which they were given, whatever their kinds."""
    given = ["--write", "0x70000000+4", "--call", "NtClose", "--exec", "0x82010000", "--read", "0x82010004+8", "--call", "KeSetEvent", "--branch", "0x82010008", "--write", "0x70000004+4"]
    out = os.path.join(work, "numbers.jsonl.zst")
    names = [p["probe"] for p in json.loads(run("probe", path, *given, "--json", "-o", out))["probes"]]
    assert names == [" ".join(pair) for pair in zip(given[::2], given[1::2])], names
    os.unlink(out)


def check_writes(path):
    """Each value follows from the one before, as probe and values and last-write have it."""
    first = next(e for e in lines(run("events", path, "--json")) if e["kind"] == "kernel.call" and e["name"] == "RtlInitializeCriticalSection")
    place = first["args"][0]
    out = os.path.join(work, "writes.jsonl.zst")
    run("probe", path, "--write", place + "+28", "-o", out)
    writes = hits(out)
    changes = lines(run("values", path, place, "--size", "28", "--json"))
    assert changes[0]["at"] == "start" and changes[-1]["at"] == "end" and changes[-1]["writes"] == len(writes)
    value = int(changes[0]["new"], 16)
    for w in writes:
        assert int(w["old"], 16) == value, w
        value = int(w["new"], 16)
    assert [(c["tid"], c["cycle"], int(c["new"], 16)) for c in changes[1:-1]] == \
           [(w["tid"], w["cycle"], int(w["new"], 16)) for w in writes if w["old"] != w["new"]]
    last = json.loads(run("last-write", path, place + "+28", "--json"))
    assert (last["tid"], last["cycle"], int(last["new"], 16)) == (writes[-1]["tid"], writes[-1]["cycle"], value)
    mirror = hex(int(place, 16) + 0x10000000)  # the image's other address
    assert json.loads(run("last-write", path, mirror + "+28", "--json")) == last | {"addr": last["addr"]}
    middle = writes[len(writes) // 2]
    before = json.loads(run("last-write", path, place + "+28", "--before", f"{last['tid']}:{last['next_idx'] - 1}", "--json"))
    assert before["insn"] <= last["insn"] and before["new"] == last["old"] and before != last
    assert run("last-write", path, "0x82000400").startswith("0x82000400+4 was never written"), "the image's own"
    assert middle["name"].startswith("Rtl")
    assert json.loads(run("last-write", path, "0x82000400", "--json"))["base"] == "0x82000000"
    assert json.loads(run("last-write", path, "0x50000000", "--json")) == {"schema": 1, "found": False, "committed": False}
    assert [j.get("committed", j.get("writes")) for j in lines(run("values", path, "0x50000000", "--json"))] == [False, 0]
    assert "no memory at 0x50000000" in run("values", path, "0x50000000") and changes[0]["committed"]
    assert json.loads(run("first-read", path, "0x820300ac", "--json"))["by"] == "instruction"
    run("values", path, place, "--regs", "r3,v1,f1", "--json")
    # Bytes are written alike everywhere, two digits each.
    word = os.path.join(work, "word.jsonl.zst")
    run("probe", path, "--write", place + "+4", "--read", "0x820300ac", "-o", word)
    told = hits(word)
    wrote, read = ([h for h in told if h["kind"] == kind] for kind in ("probe.write", "probe.read"))
    assert any(int(h["old"], 16) < 0x1000 for h in wrote) and all(len(h[k]) == 2 + 2 * h["size"] for h in told for k in ("old", "new", "value") if k in h), told
    last = json.loads(run("last-write", path, place + "+4", "--json"))
    assert (wrote[-1]["old"], wrote[-1]["new"]) == (last["old"], last["new"]), (wrote[-1], last)
    assert [h["new"] for h in wrote if h["old"] != h["new"]] == [v["new"] for v in lines(run("values", path, place + "+4", "--json"))[1:-1]]
    assert read[0]["value"] == json.loads(run("first-read", path, "0x820300ac+4", "--json"))["value"], read[0]
    os.unlink(word)
    # Of a place of more than 64 bytes what was written is shown, as a probe of those bytes alone has it.
    wide, narrow = (os.path.join(work, name + ".jsonl.zst") for name in ("wide", "narrow"))
    page = "0x%08x" % (int(place, 16) & 0xfffff000)
    run("probe", path, "--write", page + "+4096", "-o", wide)
    all_of_it = hits(wide)
    assert len(all_of_it) > len(writes) and all(len(w["new"]) <= 2 + 2 * 64 for w in all_of_it)
    for w in all_of_it[:: len(all_of_it) // 4]:
        run("probe", path, "--write", f"{w['addr']}+{w['size']}", "-o", narrow)
        same = [n for n in hits(narrow) if (n["tid"], n["cycle"], n["addr"], n.get("name")) == (w["tid"], w["cycle"], w["addr"], w.get("name"))]
        assert (w["old"], w["new"]) in [(n["old"], n["new"]) for n in same], (w, same)
        os.unlink(narrow)
    widest = json.loads(run("last-write", path, page + "+4096", "--json"))
    assert (widest["old"], widest["new"], run("last-write", path, page + "+4096").count("\n  new ")) == (*(json.loads(run("last-write", path, f"{widest['addr']}+{widest['size']}", "--json"))[k] for k in ("old", "new")), 1)
    os.unlink(wide)
    os.unlink(out)


def check_code(path):
    """A watch of code hears of those who read it, and nothing of whoever looks at the instruction for a probe."""
    load = json.loads(run("first-read", path, "0x820300ac", "--json"))
    code = hex(int(load["pc"], 16) & ~0xFFF) + "+4096"
    out = os.path.join(work, "code.jsonl.zst")
    said = json.loads(run("probe", path, "--read", code, "--read", "0x820300ac", "--branch", load["pc"], "--json", "-o", out))
    assert [p["hits"] > 0 for p in said["probes"]] == [False, True, False], said
    first = json.loads(run("first-read", path, code, "--json"))
    assert not first["found"] and first["committed"], first
    pcs = [line.split()[2] for line in run("events", path, "--branches", "--tid", "1").splitlines()]
    pc = "0x" + next(p for p in pcs if p[:5] == load["pc"][2:7])
    os.unlink(out)
    said = json.loads(run("probe", path, "--read", code, "--branch", pc, "--json", "-o", out))
    assert [p["hits"] > 0 for p in said["probes"]] == [False, True], said
    os.unlink(out)


def check_refusals(path):
    """Exit status 2, words that say what is wrong, and no trace of hits left behind."""
    names = os.path.join(work, "names")
    with open(names, "w", encoding="utf-8") as f:
        f.write("82010000 T twice\n82010020 T worker\n82010030 T twice\n82010460 T _start\n820300ac D event\n")
    assert "of event" not in run("last-write", path, "event", "--map", names)
    assert run("last-write", path, "event", "--map", names).replace(" <_start+0x90>", "") == run("last-write", path, "0x820300ac")
    assert " <_start+0xc0>" in run("first-read", path, "event", "--map", names)
    said = json.loads(run("probe", path, "--call", "worker", "--exec", "_start", "--map", names, "--json", "-o", os.path.join(work, "n.zst")))
    assert [p["hits"] for p in said["probes"]][1] == 1 and said["hits"] > 1
    had = files(path)
    for args, words in [
        (["probe", path], "expected at least one of"),
        (["probe", path, "--exec", "main"], "no address of an instruction"),
        (["probe", path, "--exec", "0x82000002"], "multiples of 4"),
        (["probe", path, "--call", "NtClos"], "did you mean 'NtClose'"),
        (["probe", path, "--read", "0x82000000+0"], "from 1 to"),
        (["probe", path, "--exec", "0x82000000", "--regs", "r3,r32"], "column 4: 'r32' is no register"),
        (["probe", path, "--exec", "0x82000000", "--where", "r3 = 1"], "column 4: to compare is =="),
        (["probe", path, "--exec", "0x82000000", "--from", "7"], "is no position"),
        (["probe", path, "--exec", "0x82000000", "--from", "99:0"], "never comes to"),
        (["probe", path, "--exec", "0x82000000", "--to", "99:0"], "never comes to 99:0"),
        (["probe", path, "--exec", "0x82000000", "-o", os.path.join(path, "manifest.json")], "manifest.json"),
        (["last-write", path, "5"], "is no place in memory"),
        (["last-write", path, "nothing", "--map", names], "symbol of the map"),
        (["who-called", path, "twice", "--map", names], "2 symbols are called 'twice'"),
        (["last-write", path, "0x82000000", "--before", "99:0"], "never comes to"),
        (["first-read", path, "0x82000000", "--after", "event=999999999"], "never comes to"),
        (["values", path, "0x82000000", "--over", "start"], "is no range"),
        (["values", path, "0x82000000", "--regs", "r3,"], "is missing behind the last comma"),
        (["values", path, "0x82000000", "--over", "..99:0"], "never comes to 99:0"),
        (["who-called", path, "NtClos"], "did you mean 'NtClose'"),
        (["who-called", path + "x", "NtClose"], "x"),
    ]:
        said = run(*args, status=2)
        assert words in said, (args, said)
    assert files(path) == had
    # Another title, and a record that is not what the run does.
    other = os.path.join(guests, "hello.xex")
    assert "sha256" in run("probe", path, "--call", "NtClose", "--title", other, status=2).lower()
    assert "sha256" in run("last-write", path, "0x82000000", "--title", other, status=2).lower()
    damaged = path + "-damaged"
    shutil.copytree(path, damaged)
    with open(os.path.join(damaged, "checkpoints.wgc"), "r+b") as f:
        f.seek(60)
        f.write(b"\xff" * 8)
    p = subprocess.run([wedge, "last-write", damaged, "0x82000000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 0 and "checkpoints.wgc: " in p.stderr and p.stdout == run("last-write", path, "0x82000000"), p
    shutil.rmtree(damaged)


def check_altered(path):
    """An event of the record that the run does not make is found: exit status 1, with both sides."""
    altered = path + "-altered"
    shutil.copytree(path, altered)
    trace = os.path.join(altered, "trace.jsonl.zst")
    text = subprocess.run(["zstdcat", trace], capture_output=True, check=True).stdout
    calls = text.count(b'"name":"KeTlsAlloc"')
    assert calls
    os.unlink(trace)
    subprocess.run(["zstd", "-q", "-o", trace], input=text.replace(b'"name":"KeTlsAlloc"', b'"name":"KeTlsAllox"', 1), check=True)
    said = subprocess.run([wedge, "probe", altered, "--call", "NtClose"], capture_output=True, text=True)
    assert said.returncode == 1 and "mismatch at line" in said.stdout and "KeTlsAllox" in said.stdout, said
    said = subprocess.run([wedge, "probe", altered, "--call", "NtClose", "--json"], capture_output=True, text=True)
    assert said.returncode == 1, said
    check_schema("probe", said.stdout)
    shutil.rmtree(altered)


SOME = share.of("probed guests", ("seh", "modules", "gpu", "spawn", "files", "system", "cacheload"), 2)


def main():
    counted = 0
    # modules loads libraries, which branch; gpu has interrupts.
    for guest, seconds in [("seh", "0.3"), ("threads", "0.0008"), ("modules", "0.3"), ("gpu", "0.0002"), ("spawn", "0.003"), ("files", "0.0002"),
                           ("system", "0.0002"), ("cacheload", "0.0002")]:
        if guest != "threads" and guest not in SOME:
            continue
        path = record(guest, "--seconds", seconds, "--checkpoints")
        before = digest(path)
        counted += check_branches(path)
        if guest in ("threads", "modules"):
            events = [e for e in lines(run("events", path, "--json")) if e["kind"] == "kernel.call" and e["tid"]]
            for a, b in ((1, 3), (2, 4)):
                a, b = events[len(events) * a // 5], events[len(events) * b // 5]
                counted += check_branches(path, f"--from={a['tid']}:{a['idx']}", f"--to={b['tid']}:{b['idx']}")
        assert digest(path) == before, "a probe changes nothing of its run"
        run("replay", path)
        if guest == "threads":
            check_calls(path)
            check_window(path)
            check_ends(path)
            check_numbers(path)
            check_writes(path)
            check_code(path)
            check_refusals(path)
            check_altered(path)
    assert {command for command, *_ in validated} == set(valid), validated
    print(f"probe: {counted} branches as recorded")


main()

#!/usr/bin/env python3
"""`wedge at`: every view of every kind of position, by the schema; call stacks against the record of branches; symbols against nm's; the
circle of a deadlock; what is not there."""
import glob, json, os, random, re, subprocess, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tool
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, guests, schemas, work = [os.path.abspath(p) for p in sys.argv[1:5]]
tool.enter(work)
run = tool.runner(wedge)
schema = tool.validator(schemas, "at.schema.json")
VIEWS = ["overview", "regs", "stack", "threads", "waits", "handles", "objects", "modules", "areas", "why-blocked", "disas", "events",
         "events 3", "mem pc 64", "mem pc-16+8 0x40", "disas pc 4"]


# Each view at each position is a call of its own: with sanitizers, which take many times as long, and for one commit of many each view is seen at a
# few of the positions only, and fewer stacks are followed.
few = "WEDGE_SANITIZED" in os.environ or share.commit


def record(name, *more):
    run("record", os.path.join(guests, name + ".xex"), "-o", os.path.basename(name), *more)
    return os.path.basename(name)


def at(trace, position, *view, code=0):
    out, err = run("at", trace, position, *view, "--json", code=code)
    if code:
        return err
    assert not re.search(r"[^\n -~]", out), "printable ASCII"
    doc = json.loads(out)
    schema.validate(doc)
    return doc


def pcs(doc):
    return [int(f["pc"]["address"], 16) for f in doc["value"]["frames"] if f["kind"] == "code" and f["returns_here"]]


# The callers at each cycle, by what the thread's branches did.
def shadow(trace, tid, cycles):
    rows = [json.loads(l) for l in run("events", trace, "--branches", "--tid", str(tid), "--json")[0].splitlines()]
    thunks = {r["pc"] for r in rows if r["text"].startswith("sc")}
    stack, inside, i = [], None, 0
    for cycle in cycles:
        while i < len(rows) and rows[i]["cycle"] < cycle:
            r, inside = rows[i], None
            i += 1
            name = r["text"].split()[0].rstrip("+-")
            if not r["taken"] or name == "sc":
                continue
            if r["target"] in thunks:
                inside = int(r["pc"], 16) + 4  # the kernel returns there
            elif name in ("bl", "bctrl", "blrl"):
                stack.append(int(r["pc"], 16) + 4)
            elif name.endswith("lr") and stack and stack[-1] == int(r["target"], 16):
                stack.pop()
        yield cycle, ([inside] if inside else []) + stack[::-1]


def check_views():
    threads = record("threads")
    before = {p: os.stat(p).st_mtime_ns for p in glob.glob(threads + "/*")}
    for p, position in enumerate(("start", "1:30", "cycle=1:150", "call=RtlEnterCriticalSection#7", "time=0.003", "event=4000", "end")):
        for v, view in enumerate(VIEWS):
            if few and (p + v + share.seed("views")) % 4:
                continue
            doc = at(threads, position, *view.split())
            assert doc["view"] == view.split()[0]
            if (p + v) % 3:  # the words are the same views': each at two positions or three
                continue
            text = run("at", threads, position, *view.split())[0]
            assert text.startswith("thread ") and not re.search(r"[^\n -~]", text), (position, view, text)
    assert before == {p: os.stat(p).st_mtime_ns for p in glob.glob(threads + "/*")}, "the run is as it was"
    gpu = record("gpu")
    # Of interrupts, which all count from 0, it is the first that comes so far, wherever the checkpoints are.
    run("record", os.path.join(guests, "gpu.xex"), "-o", "gpu-kept", "--checkpoints")
    first = int(json.loads(run("events", gpu, "--branches", "--tid", "0", "--json", "--limit", "1")[0])["cycle"])
    for cycle in 0, 1, first:
        there = at(gpu, f"cycle=0:{cycle}")["where"]
        assert there["tid"] == 0 and there["cycle"] == cycle and there == at("gpu-kept", f"cycle=0:{cycle}")["where"], there
    doc = at(gpu, "call=VdSwap", "stack")
    assert doc["where"]["call"] == "VdSwap" and doc["value"]["frames"][0]["call"] == "VdSwap", doc
    for view in VIEWS:
        at(gpu, "frame=1", *view.split())


# What the trace says of a moment is what is there.
def check_truth():
    lines = [json.loads(l) for l in run("events", "threads", "--json")[0].splitlines()]
    for n in (10, 333, 5000, 40000):
        e = lines[n - 1]
        doc = at("threads", "event=%d" % n, "events", "5")
        assert doc["value"]["before"] == lines[n - 5:n] and doc["value"]["after"] == lines[n:n + 2], n
        assert doc["where"]["events"] == n
        if e["tid"]:
            where = at("threads", "%d:%d" % (e["tid"], e["idx"]), "threads", "--tid", str(e["tid"]))["where"]
            assert where["idx"] == e["idx"] + 1 and where["cycle"] == e["cycle"], (e, where)
    call = next(e for e in lines if e["kind"] == "kernel.call" and len(e["args"]) >= 3)
    regs = at("threads", "%d:%d" % (call["tid"], call["idx"]), "regs")["value"]
    assert [int(regs["r%d" % (3 + i)], 16) & 0xFFFFFFFF for i in range(3)] == [int(a, 16) & 0xFFFFFFFF for a in call["args"][:3]]
    handles = {h["handle"]: h for h in at("threads", "time=0.003", "handles")["value"]}
    made, gone = {}, set()
    for e in lines[:at("threads", "time=0.003")["where"]["events"]]:
        if e["kind"] == "handle.create":
            made[e["raw"]] = e
        elif e["kind"] == "handle.destroy":
            made.pop(e["raw"])
    assert {h: (o["type"], o["hsid"]) for h, o in handles.items()} == {h: (e["object_type"], e["hsid"]) for h, e in made.items()}


# With symbols, without, and in code that has a function table.
def check_stacks():
    nm = subprocess.run(["powerpc-linux-gnu-nm", os.path.join(guests, "threads.elf")], stdout=subprocess.PIPE, check=True, text=True).stdout
    with open("threads.nm", "w") as f:
        f.write(nm)
    random.seed(4)
    for tid, last in ((1, 900), (4, 6000)):
        for cycle, want in shadow("threads", tid, sorted(random.sample(range(last), 8 if few else 25))):
            for more in ([], ["--map", "threads.nm"]) if cycle % 4 == 0 else ([],):
                doc = at("threads", "cycle=%d:%d" % (tid, cycle), "stack", "--tid", str(tid), *more)
                assert doc["value"]["whole"] and pcs(doc) == want, (tid, cycle, more, doc["value"], [hex(w) for w in want])
    seh = record("seh")
    frames = at(seh, "call=RtlRaiseException", "stack")["value"]["frames"]
    assert "pdata" in [f["caller_by"] for f in frames], frames


def check_symbols():
    symbols = sorted((int(l.split()[0], 16), l.split()[2]) for l in open("threads.nm") if l.split()[1] in "tTdDbBrR")
    doc = at("threads", "cycle=4:3000", "stack", "--tid", "4", "--map", "threads.nm")
    for f in doc["value"]["frames"]:
        pc = int(f["pc"]["address"], 16)
        addr, name = [s for s in symbols if s[0] <= pc][-1]
        assert f["pc"]["name"] == name + ("+0x%x" % (pc - addr) if pc > addr else ""), f
    main = next(a for a, n in symbols if n == "main")
    assert at("threads", "start", "mem", "main+4", "4", "--map", "threads.nm")["value"]["at"] == {"address": hex(main + 4), "name": "main+0x4"}
    # The same in the other linkers' words.
    with open("gnu.map", "w") as f:
        f.write("Linker script and memory map\n\n.text           0x82010000     0x9000\n" +
                "".join("                0x%08x                %s\n" % s for s in symbols))
    with open("ms.map", "w") as f:
        f.write(" threads\n\n Preferred load address is 82000000\n\n 0001:00000000 00040000H .text                   CODE\n\n" +
                "".join(" 0001:%08x       %-26s %08x f   t.obj\n" % (a - 0x82000000, n, a) for a, n in symbols))
    for other in ("gnu.map", "ms.map"):
        assert at("threads", "cycle=4:3000", "stack", "--tid", "4", "--map", other)["value"] == doc["value"], other


def check_why():
    circle = record("hangs/circular.philosophers")
    doc = at(circle, "end", "why-blocked", "--tid", "1")["value"]
    assert doc["circle"] == [2, 3, 4, 5] and doc["certain"], doc
    text = run("at", circle, "end", "why-blocked", "--tid", "3")[0]
    assert "circle: 3 -> 4 -> 5 -> 2 -> 3, each waits for what the next one alone can give" in text, text
    free = at("threads", "cycle=4:3000", "why-blocked", "--tid", "4")["value"]
    assert [c["why"] for c in free["chain"]] == ["runs"] and free["circle"] == []
    # In the midst of the call that gives a lock to a thread that waits: it owns what it waits for, which is no deadlock.
    within, given = {}, None
    for line in run("events", "threads", "--json")[0].splitlines():
        e = json.loads(line)
        if e["kind"] == "kernel.call":
            within[e["tid"]] = e["name"]
        if e["kind"] == "wait.end" and isinstance(e["satisfied_by"], dict) and within.get(e["tid"]) == "RtlEnterCriticalSection":
            given = given or e
    doc = at("threads", "%d:%d" % (given["tid"], given["idx"]), "why-blocked", "--tid", str(given["tid"]))["value"]
    assert [c["why"] for c in doc["chain"]] == ["ready"] and doc["circle"] == [], doc


def check_errors():
    for args, message in (
        (["threads", "1:99999999"], "the run never comes to 1:99999999"),
        (["threads", "7"], "'7' is no position"),
        (["threads", "start", "reg"], "there is no view 'reg'; did you mean 'regs'?"),
        (["threads", "start", "mem", "r1"], "mem takes other arguments: mem ADDR LEN"),
        (["threads", "start", "mem", "r1", "-4"], "unknown option"),
        (["threads", "start", "mem", "r1", "x"], "'x' is no length"),
        (["threads", "start", "mem", "r1", "0"], "'0' is no length: a number from 1 to 67108864"),
        (["threads", "start", "disas", "pc", "0"], "'0' is no count of instructions"),
        (["threads", "start", "events", "0"], "'0' is no count of events"),
        (["threads", "start", "mem", "r77", "4"], "'r77' is nothing that is known here"),
        (["threads", "start", "mem", "main", "4"], "symbols need a map"),
        (["threads", "start", "mem", "nobody", "4", "--map", "threads.nm"], "or a symbol of the map"),
        (["threads", "start", "mem", "0", "4"], "0x00000000 cannot be read: nothing there"),
        (["threads", "start", "mem", "0x7fc80000", "4"], "cannot be read: a device's registers there"),
        (["threads", "start", "mem", "0xfffffffc", "8"], "beyond the address space"),
        (["threads", "start", "disas", "0x82010002"], "instructions lie at multiples of 4"),
        (["threads", "start", "disas", "0"], "no code: nothing there"),
        (["threads", "start", "stack", "--tid", "9"], "thread 9: there is no such thread yet"),
        (["threads", "start", "stack", "--tid", "0"], "no interrupt is in progress"),
        (["threads", "start", "stack", "--map", "threads/manifest.json"], "no symbols in a form that is known"),
        (["threads", "start", "stack", "--map", "nothing"], "nothing: "),
        (["nothing", "start"], "nothing"),
        (["threads"], "expected a RUN and a POSITION"),
    ):
        err = run("at", *args, code=2)[1]
        assert message in err, (args, err)


check_views()
check_truth()
check_stacks()
check_symbols()
check_why()
check_errors()
print("every view is what it should be")

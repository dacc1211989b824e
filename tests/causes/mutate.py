"""Rewrites a trace into one that another engine, or the same engine on another day, could have written of the same run.

Nothing here changes what the title did: handles and threads get other numbers, memory lies elsewhere, times move, a log
lacks what its engine does not record. Each mutator takes the events of a trace (dictionaries, in order) and a random
stream, and gives back the events. `text_log` makes the lines of a stock log instead.
"""
import bisect
import functools
import hashlib
import json
import os
import random
import re


def num(v):
    """The value of a number or of a "0x..." string; None for anything else."""
    if isinstance(v, bool):
        return None
    if isinstance(v, int):
        return v
    if isinstance(v, str) and v.startswith("0x"):
        return int(v, 16)
    return None


PLAIN = ("content", "size", "status", "attributes", "state", "type", "protect")  # of out: neither handles nor addresses


def deep(v, fn):
    """Applies fn to every "0x..." in a value."""
    if isinstance(v, list):
        return [deep(x, fn) for x in v]
    if isinstance(v, dict):
        return {k: deep(x, fn) for k, x in v.items()}
    n = num(v) if isinstance(v, str) else None
    return v if n is None else hex(fn(n))


def parameters():
    """The letters of each export's parameters (nt/exports.h)."""
    table = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../nt/exports.def")
    rows = re.findall(r'^WG_EXPORT\("[^"]*", \w+, (\w+), \w, \'.\', "([^"]*)"', open(table).read(), re.M)
    return dict(rows)


PARAMETERS = parameters()
HEX_KEYS = ("raw", "rv", "ctx", "dup_of", "guest_object")


@functools.cache
def export_kinds():
    """name: (kind of the result, kinds of the parameters), the letters of nt/exports.h."""
    table = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../nt/exports.def")
    row = re.compile(r'WG_EXPORT\("[\w.]+", \w+, (\w+), F, \'(.)\', "([^"]*)"')
    return {m[1]: (m[2], m[3]) for m in row.finditer(open(table).read())}


ADDRESS, HANDLE = "pPHOaoswtfxe", "hx"


def map_values(events, fn, letters):
    """Applies fn (int to int) to every value of the events that can be of these kinds."""
    for e in events:
        ret, params = export_kinds().get(e.get("name"), ("x", "?"))
        for k in HEX_KEYS:
            if k in e and (k != "rv" or ret in letters):
                e[k] = deep(e[k], fn)
        if "args" in e:
            e["args"] = [deep(v, fn) if params == "?" or params[i : i + 1] in letters else v
                         for i, v in enumerate(e["args"])]
        if "out" in e:
            e["out"] = {k: v if k in PLAIN else deep(v, fn) for k, v in e["out"].items()}
        for h in e.get("handles", []):
            if isinstance(h, dict):
                h["guest_object"] = deep(h["guest_object"], fn)
    return events


def renumber(events):
    """Dense idx again after events were added (without idx) or taken away; what refers to them follows."""
    new, seen = {}, {}
    for e in events:
        if e["kind"] == "trace.footer":
            continue
        tid = e["tid"]
        n = seen.get(tid, 0)
        seen[tid] = n + 1
        if e.get("idx") is not None:
            new[(tid, e["idx"])] = n
        e["idx"] = n
    for e in events:
        by = e.get("satisfied_by")
        if isinstance(by, dict) and (by["tid"], by["idx"]) in new:
            by["idx"] = new[(by["tid"], by["idx"])]
    for e in events:
        if e["kind"] == "trace.footer":
            e["events"] = len(events) - 1
            e.pop("sha256", None)
    return events


# --- names of things ---------------------------------------------------------------------------------------------


def handles(events, rng, base=0x1000, reuse=True):
    """Handles from another base: one to one, or never used again (reuse False)."""
    live, count = {}, 0
    for e in events:
        made = num(e.get("raw")) if e["kind"] in ("handle.create", "handle.dup") else None
        if made is not None and (made not in live or not reuse):
            count += 1
            live[made] = base + 4 * count
        map_values([e], lambda v: live.get(v, v), HANDLE)
    return events


def handles_reference(events, rng):
    return handles(events, rng, 0xF8000000 + 4 * rng.randrange(20, 60), False)


def slots(events, rng):
    """Slots of thread-local storage, which an engine gives as it likes: others, in another order."""
    used = {num(e["args"][0]) for e in events if e.get("name", "").startswith("KeTls") and e.get("args")}
    used |= {num(e["rv"]) for e in events if e.get("name") == "KeTlsAlloc" and "rv" in e}
    new = dict(zip(sorted(used - {0xFFFFFFFF}), rng.sample(range(64), len(used - {0xFFFFFFFF}))))
    for e in events:
        if e.get("name", "").startswith("KeTls") and e.get("args"):
            e["args"][0] = hex(new.get(num(e["args"][0]), num(e["args"][0])))
        if e.get("name") == "KeTlsAlloc" and "rv" in e:
            e["rv"] = hex(new.get(num(e["rv"]), num(e["rv"])))
    return events


def tids(events, rng):
    """Threads with other numbers."""
    seen = sorted({e["tid"] for e in events if e["tid"]} | {e["child"] for e in events if "child" in e})
    offset = rng.choice((5, 8, 12))
    order = list(range(len(seen)))
    tail = order[1:]
    rng.shuffle(tail)
    new = {t: offset + 1 + o for t, o in zip(seen, order[:1] + tail)}
    new[0] = 0
    for e in events:
        e["tid"] = new.get(e["tid"], e["tid"])
        if "child" in e:
            e["child"] = new[e["child"]]
        if isinstance(e.get("satisfied_by"), dict):
            e["satisfied_by"]["tid"] = new.get(e["satisfied_by"]["tid"], e["satisfied_by"]["tid"])
        if "out" in e and "tid" in e["out"]:
            e["out"]["tid"] = new.get(e["out"]["tid"], e["out"]["tid"])
    return events


ALLOCATORS = {"ExAllocatePool": 0, "ExAllocatePoolWithTag": 0, "ExAllocatePoolTypeWithTag": 0,
              "MmAllocatePhysicalMemoryEx": 1, "MmAllocatePhysicalMemory": 1}


def allocations(events):
    """(base, size) of what the title allocated."""
    found, open_calls = [], {}
    for e in events:
        if e["kind"] == "kernel.call":
            open_calls.setdefault(e["tid"], []).append(e)
        elif e["kind"] == "kernel.return" and open_calls.get(e["tid"]):
            call = open_calls[e["tid"]].pop()
            rv, out = num(e.get("rv")), e.get("out") or {}
            if e["name"] in ALLOCATORS and rv and call.get("args"):
                found.append((rv, num(call["args"][ALLOCATORS[e["name"]]])))
            elif e["name"] == "NtAllocateVirtualMemory" and num(out.get("base")) and num(out["base"]) >= 0x1000000:
                found.append((num(out["base"]), num(out["size"])))
    return sorted(found)


def addresses(events, rng):
    """Allocations, stacks, the kernel's own memory and the exported variables lie elsewhere."""
    spans, at = [], 0x48000000
    for base, size in allocations(events):
        if spans and base < spans[-1][0] + spans[-1][1]:
            continue
        if 0x30000000 <= base < 0x31000000:
            continue
        spans.append((base, size, at))
        at += (size + 0x1FFFF) & ~0xFFFF
    starts = [s[0] for s in spans]
    stack, pool = 0x00110000 * rng.randrange(1, 5), 0x10000 * rng.randrange(1, 40)

    def move(v):
        i = bisect.bisect_right(starts, v) - 1
        if i >= 0 and v < spans[i][0] + max(spans[i][1], 1):
            return spans[i][2] + v - spans[i][0]
        if 0x70000000 <= v < 0x7F000000:
            return v + stack
        if 0x30000000 <= v < 0x31000000:
            return v + pool
        return v

    return map_values(events, move, ADDRESS)


def variables(events, rng):
    """Each exported variable and each of the kernel's objects is placed by itself."""
    owned = {b // 256 for base, size in allocations(events) for b in range(base, base + max(size, 1), 256)}
    new = {}

    def move(v):
        block = v // 256
        if not 0x30000000 <= v < 0x31000000 or block in owned:
            return v
        if block not in new:
            new[block] = 0xFFCA0000 // 256 + 7 * len(new) if len(new) < 500 else block
        return new[block] * 256 + v % 256

    return map_values(events, move, ADDRESS)


def other_hsids(events, rng):
    """Semantic ids as another engine would make them."""
    salt = str(rng.random())
    new = {}

    def learn(v):
        if isinstance(v, str):
            new.setdefault(v, hashlib.sha256((salt + v).encode()).hexdigest()[:16])

    def replace(v):
        if isinstance(v, list):
            return [replace(x) for x in v]
        if isinstance(v, dict):
            return {k: replace(x) for k, x in v.items()}
        return new.get(v, v) if isinstance(v, str) else v

    for e in events:
        learn(e.get("hsid"))
        for h in e.get("handles", []):
            learn(h["hsid"] if isinstance(h, dict) else h)
    return [replace(e) for e in events]


# --- time --------------------------------------------------------------------------------------------------------


def jitter(events, rng):
    """Times of a host's clock: later, and by another amount each."""
    late, last = 1000000, 0
    scale = rng.uniform(0.8, 3)
    for e in events:
        if rng.random() < 0.05:
            late += rng.randrange(50000)
        last = max(last, int(e["host_ns"] * scale) + late)
        e["host_ns"] = last
        e.pop("cycle", None)
    return events


def cut(events, rng, keep=0.6):
    """The run was stopped at another time."""
    body = [e for e in events if e["kind"] != "trace.footer"]
    end = body[-1]["host_ns"]
    body = [e for e in body[: max(10, int(len(body) * keep))]]
    footer = {"kind": "trace.footer", "tid": 0, "idx": 0, "host_ns": 0, "events": len(body), "reason": "limit"}
    return body + [footer] if end else events


def torn(events, rng):
    """The engine was killed while it wrote: what some threads last did had not reached the file."""
    body = [e for e in events if e["kind"] != "trace.footer"]
    body = body[: max(10, int(len(body) * rng.uniform(0.4, 0.95)))]
    behind = {}  # from where on a thread's events are missing
    for tid in sorted({e["tid"] for e in body}):
        behind[tid] = len(body) - rng.choice((0, 3, 20, len(body) // 30))
    left = [e for i, e in enumerate(body) if i < behind[e["tid"]]]
    # Where nobody moves any more, no one could tell it from a hang: the last who moved has written all.
    idle = {}
    for e in left:
        if e["kind"] in ("kernel.call", "kernel.return", "thread.exit"):
            idle[e["tid"]] = e["kind"] in ("kernel.call", "thread.exit")
    return body if all(v for t, v in idle.items() if t) else left


# --- what a log lacks --------------------------------------------------------------------------------------------


def drop(*keys):
    def mutate(events, rng):
        for e in events:
            for k in keys:
                if k == "rv":
                    e.pop("status", None) if e["kind"] == "kernel.return" else None
                e.pop(k, None)
        return events

    return mutate


def drop_events(*kinds):
    def mutate(events, rng):
        return renumber([e for e in events if e["kind"] not in kinds])

    return mutate


def sign_extended(events, rng):
    """32-bit values as 64-bit ones with their sign."""

    def wide(v):
        n = num(v)
        return hex(n | 0xFFFFFFFF00000000) if isinstance(v, str) and n is not None and 0x80000000 <= n < 1 << 32 else v

    for e in events:
        if "args" in e:
            e["args"] = [wide(v) for v in e["args"]]
        for k in ("rv", "status"):
            if k in e:
                e[k] = wide(e[k])
    return events


def integers(events, rng):
    """Numbers where we write strings."""
    for e in events:
        for k, v in list(e.items()):
            if isinstance(v, str) and v.startswith("0x") and k not in ("name", "text", "path"):
                e[k] = int(v, 16)
        if "args" in e:
            e["args"] = [num(v) for v in e["args"]]
        if "out" in e:
            e["out"] = {k: num(v) if isinstance(v, str) and v.startswith("0x") and k != "content" else v
                        for k, v in e["out"].items()}
    return events


def instrumented(events, rng):
    """As the reference's instrumented build writes: its keys, integers, no results beyond rv, no signals, no ids."""
    raw_of, out = {}, []
    for e in events:
        kind, n = e["kind"], {"engine": "canary", "kind": e["kind"], "tid": e["tid"], "idx": None, "host_ns": e["host_ns"]}
        n["idx"] = e["idx"]
        if kind in ("handle.create", "handle.dup"):
            raw_of[e["hsid"]] = num(e["raw"])
            n.update(kind="handle.create", raw=num(e["raw"]), object_type=e["object_type"], guest_object=0)
        elif kind == "handle.destroy":
            n.update(raw=num(e["raw"]), object_type=e["object_type"], guest_object=0)
        elif kind == "thread.create":
            n.update(new_tid=e["child"], handle=num(e["raw"]), entry=num(e["entry"]), ctx=num(e["ctx"]),
                     stack=e["stack_size"], flags=num(e["flags"]), xapi_startup=0, guest=True)
        elif kind == "thread.start":
            n.update(handle=0, entry=num(e["entry"]), ctx=num(e["ctx"]))
        elif kind == "kernel.call":
            n.update(name=e["name"], ordinal=e["ordinal"], module=e["module"], args=[num(a) for a in e["args"]],
                     lr=num(e["lr"]))
        elif kind == "kernel.return":
            n.update(name=e["name"], rv=num(e["rv"]))
            if e.get("void"):
                n.update(rv=rng.randrange(1 << 32), void=True)
        elif kind == "wait.begin":
            hs = e["handles"]
            n.update(op="single" if len(hs) < 2 else "multiple",
                     handles=[0 if isinstance(h, dict) else raw_of.get(h, 0) for h in hs],
                     guest_objects=[num(h["guest_object"]) if isinstance(h, dict) else 0 for h in hs],
                     timeout_ns=e["timeout_ns"], alertable=e["alertable"], reason=3)
        elif kind == "wait.end":
            n.update(op="single", status=num(e["status"]))
        else:
            continue
        out.append(n)
    return renumber(out)


def returns_at_entry(events, rng):
    """The return of a wait that never ends is written when it begins."""
    last = {e["tid"]: e for e in events if e["kind"] != "trace.footer"}
    calls = {}
    for e in events:
        if e["kind"] == "kernel.call":
            calls[e["tid"]] = e
    out = []
    for e in events:
        out.append(e)
        if e["kind"] == "wait.begin" and last[e["tid"]] is e and e["tid"] in calls:
            out.append({"kind": "kernel.return", "tid": e["tid"], "idx": None, "host_ns": e["host_ns"],
                        "name": calls[e["tid"]]["name"], "rv": "0x0", "status": "0x0", "out": {}})
    return renumber(out)


# --- harmless calls ----------------------------------------------------------------------------------------------


def call(like, name, ordinal, lr, args, rv="0x0", void=False, module="xboxkrnl.exe"):
    common = {"tid": like["tid"], "idx": None, "host_ns": like["host_ns"]}
    if "cycle" in like:
        common["cycle"] = like["cycle"]
    c = {"kind": "kernel.call", **common, "name": name, "module": module, "ordinal": ordinal, "lr": lr, "args": args,
         "args_resolved": {}}
    r = {"kind": "kernel.return", **common, "name": name, "rv": rv}
    if void:
        r["void"] = True
    return [c, {**r, "out": {}}]


def extra_locks(events, rng, share=0.05):
    """More pairs of entering and leaving a critical section, where the thread enters it anyway."""
    sites, out = {}, []
    for e in events:
        if e["kind"] == "kernel.call" and e["name"] == "RtlEnterCriticalSection":
            sites.setdefault(e["tid"], []).append((e["lr"], e["args"]))
    everywhere = [s for v in sites.values() for s in v] or [("0x82010444", ["0x82031fe0"])]
    for e in events:
        if e["kind"] == "kernel.call" and e["tid"] and rng.random() < share:
            lr, args = rng.choice(sites.get(e["tid"], everywhere))
            out += call(e, "RtlEnterCriticalSection", 293, lr, list(args), void=True)
            out += call(e, "RtlLeaveCriticalSection", 304, hex(num(lr) + 0x1C), list(args), void=True)
        out.append(e)
    return renumber(out)


def extra_queries(events, rng):
    """Questions whose answers change nothing."""
    out = []
    for e in events:
        if e["kind"] == "kernel.call" and e["tid"] and rng.random() < 0.04:
            out += rng.choice((
                lambda: call(e, "KeQueryPerformanceFrequency", 131, e["lr"], [], "0x2faf080"),
                lambda: call(e, "KeGetCurrentProcessType", 102, e["lr"], [], "0x1"),
                lambda: call(e, "XGetLanguage", 985, e["lr"], [], "0x1", module="xam.xex"),
            ))()
        out.append(e)
    return renumber(out)


def groups(events, tid):
    """The calls of a thread as (start, end) positions in its own list of events, nested ones within their caller."""
    mine = [e for e in events if e["tid"] == tid]
    found, depth, start = [], 0, 0
    for i, e in enumerate(mine):
        if e["kind"] == "kernel.call":
            if depth == 0:
                start = i
            depth += 1
        elif e["kind"] == "kernel.return" and depth:
            depth -= 1
            if depth == 0:
                found.append((start, i + 1))
    return mine, found


def polling_site(mine, calls, at, width):
    return tuple((mine[s]["name"], mine[s]["lr"], mine[e - 1].get("rv")) for s, e in calls[at : at + width])


def polls(events, rng):
    """Loops that look and pause go round more often, or less: a round at least stays."""
    extra, gone = {}, set()
    for tid in {e["tid"] for e in events if e["tid"]}:
        mine, calls = groups(events, tid)
        i = 0
        while i + 4 < len(calls):
            for width in (1, 2):
                site, n = polling_site(mine, calls, i, width), 1
                while polling_site(mine, calls, i + n * width, width) == site:
                    n += 1
                if n >= 4 and any(name == "KeDelayExecutionThread" for name, _, _ in site):
                    middle = i + width
                    rounds = [x for s, e in calls[middle : middle + width] for x in mine[s:e]]
                    if rng.random() < 0.5:
                        for k in range(1, n // 2):
                            gone |= {id(x) for s, e in calls[i + k * width : i + (k + 1) * width] for x in mine[s:e]}
                    else:
                        extra[id(rounds[0])] = [rounds] * rng.randrange(1, 6)
                    i += n * width - 1
                    break
            i += 1
    out = []
    for e in events:
        for r in extra.get(id(e), []):
            out += [{**x, "idx": None, "host_ns": e["host_ns"]} for x in r]
        if id(e) not in gone:
            out.append(e)
    return renumber(out)


def strangers(events, rng):
    """Kinds and keys that nobody here knows, in between; no header, no footer; keys in another order."""
    out = []
    for e in events:
        if e["kind"].startswith("trace."):
            continue
        if e["tid"] and rng.random() < 0.03:
            out.append({"kind": "gpu.draw", "tid": e["tid"], "idx": None, "host_ns": e["host_ns"], "vertices": rng.randrange(9999)})
        keys = list(e)
        rng.shuffle(keys)
        e = {k: e[k] for k in keys}
        if rng.random() < 0.2:
            e["core"] = rng.randrange(6)
        out.append(e)
    return renumber(out)


# --- together ----------------------------------------------------------------------------------------------------


def both(*parts):
    def mutate(events, rng):
        for p in parts:
            events = p(events, rng)
        return events

    return mutate


MUTATORS = {
    "handles": handles,
    "handles-reference": handles_reference,
    "slots": slots,
    "tids": tids,
    "addresses": addresses,
    "variables": variables,
    "hsids": other_hsids,
    "no-hsids": both(drop("hsid"), lambda ev, r: [e.pop("handles", None) and e or e for e in ev]),
    "jitter": jitter,
    "sign": sign_extended,
    "integers": integers,
    "no-args": drop("args"),
    "no-lr": drop("lr"),
    "no-out": drop("out"),
    "no-rv": drop("rv", "out"),
    "no-resolved": drop("args_resolved"),
    "no-signals": drop_events("signal"),
    "bare": drop("args", "lr", "out", "args_resolved", "hsid", "rv"),
    "names": both(drop("args_resolved", "out"), drop_events("signal", "thread.exit")),
    "instrumented": instrumented,
    "instrumented-moved": both(handles_reference, tids, addresses, variables, jitter, instrumented),
    "returns-at-entry": returns_at_entry,
    "locks": extra_locks,
    "queries": extra_queries,
    "polls": polls,
    "strangers": strangers,
    "cut": cut,
    "torn": torn,
    "cut-early": lambda ev, rng: cut(ev, rng, 0.3),
    "moved": both(handles, tids, addresses, variables, other_hsids, jitter),
    "moved-locks": both(handles_reference, tids, addresses, other_hsids, jitter, extra_locks),
}


def mutate(events, names, seed):
    """Applies the named mutators, joined by "+"."""
    rng = random.Random(seed)
    for name in names.split("+"):
        events = MUTATORS[name](events, rng)
    for e in events:
        if e["kind"] == "trace.footer":
            e.pop("sha256", None)
    return events


def load(lines):
    return [json.loads(line) for line in lines if line.strip()]


def dump(events):
    return "".join(json.dumps(e, separators=(",", ":")) + "\n" for e in events)


# --- the stock log -----------------------------------------------------------------------------------------------

PATHS = {"NtCreateFile": 2, "NtOpenFile": 2, "NtQueryFullAttributesFile": 0, "NtCreateEvent": 1, "NtCreateMutant": 1}
STRINGS = {"RtlInitAnsiString": 1, "DbgPrint": 0, "XexGetModuleHandle": 0, "XexLoadImage": 0, "XamContentCreate": 1,
           "XamContentClose": 0}
CLASS = {"Event": "6XEventE", "Semaphore": "10XSemaphoreE", "Mutant": "7XMutantE", "Timer": "6XTimerE",
         "File": "5XFileE", "Thread": "7XThreadE"}


def kept_handles(events):
    """Object id -> handle, of threads whose handle another thread has that still runs: in the log's engine a thread keeps
    its own handle until it ends, and every line names its thread by it."""
    running, tid_of, kept = {}, {}, {}
    for e in events:
        if e["kind"] == "thread.create":
            raw = num(e["raw"])
            if raw in running:
                raw = kept[e["hsid"]] = 0xFD000000 + 4 * e["child"]
            running[raw] = e["child"]
            tid_of[e["child"]] = raw
        elif e["kind"] == "thread.exit":
            running.pop(tid_of.get(e["tid"]), None)
    return kept


def log_args(e, kept):
    text = e.get("args_resolved") or {}
    args = [num(a) & 0xFFFFFFFFFFFFFFFF for a in e["args"]]
    if text.get("object") in kept and args[0] >= 0xF8000000:
        args[0] = kept[text["object"]]
    shown = ["%08X" % a for a in args]
    if "path" in text and e["name"] in PATHS:
        shown[PATHS[e["name"]]] += "(FFFFFFFD,%s,00000040)" % text["path"]
    if "string" in text and e["name"] in STRINGS:
        shown[STRINGS[e["name"]]] += "(%s)" % text["string"].replace("\n", "")
    return ", ".join(shown)


def text_log(events):
    """The lines that a stock xenia-canary writes at its highest log level."""
    ids, lines = {0: "0000137E"}, ["i> 0000137E Build: master@test"]
    stack = 0x70150000
    kept = kept_handles(events)
    for e in events:
        if e.get("hsid") in kept and "raw" in e:
            e = dict(e, raw=kept[e["hsid"]])
        who, kind = ids.get(e["tid"], "0000137E"), e["kind"]
        if kind == "handle.create":
            t = CLASS.get(e["object_type"], "7XObjectE")
            lines.append("i> %s Added handle:%08X for N2xe6kernel%s" % (who, num(e["raw"]), t))
        elif kind == "handle.destroy":
            lines.append("i> %s Removed handle:%08X for N2xe6kernel%s" %
                         (who, num(e["raw"]), CLASS.get(e["object_type"], "7XObjectE")))
        elif kind == "thread.create":
            ids[e["child"]] = "%08X" % num(e["raw"])
            lines.append("i> %s XThread%s (%X) Stack: %08X-%08X" %
                         (who, ids[e["child"]], e["child"], stack, stack + e["stack_size"]))
            stack += 0x100000
        elif kind == "thread.start":
            name = "Main XThread" if e["tid"] == 1 else "XThread"
            lines.append("K> %s XThread::Execute thid %d (handle=%s, '%s (%s)', native=8DADD6C0)" %
                         (who, e["tid"], who, name, who))
        elif kind == "kernel.call":
            lines.append("d> %s %s(%s)" % (who, e["name"], log_args(e, kept)))
        elif kind == "guest.print":
            lines.append("d> %s (DbgPrint) %s" % (who, e["text"].rstrip("\n")))
    return "\n".join(lines) + "\n"

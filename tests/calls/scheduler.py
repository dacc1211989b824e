#!/usr/bin/env python3
"""Random programs of waits and signals with what NT's rules say of them, as kernel-call vectors: scheduler.py SEED COUNT > out.jsonl

The model below is written from the documented rules of the NT dispatcher (WDK, Windows Internals), not from the emulator:

- each processor runs the ready thread of the highest priority; one that becomes ready preempts a lower one at once, who goes to the
  head of its queue with what is left of its quantum; one whose quantum is over goes to the tail of its queue with a new one; a thread that a
  wait has released has a new quantum and goes to the tail;
- an object releases its waiters first in, first out, each that can be satisfied; a wait for several takes the lowest index, or all at
  once; a synchronization object is taken by whom it releases; a mutant counts its owner's waits and is abandoned as the owner ends;
- a wait that is not satisfied looks for APCs, then at its timeout; APCs run in order before an alertable wait returns;
- a thread's priority that is set takes effect at once.

Here no wait boosts a priority, and the quantum is 20 ms. How long a step takes is no rule: a program counts only if its outcome is the same for
several random costs, so that nothing but the rules decides.
"""
import json, random, sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from cases.form import ABANDONED, CPU, H, MUTANT_NOT_OWNED, SEMAPHORE_LIMIT, TIMEOUT, USER_APC, call, h64, spin, store  # noqa: E402

QUANTUM = 20_000_000
LIMIT = 9  # of semaphores


class Object:
    def __init__(self, kind, state=0):
        self.kind, self.state, self.waiters = kind, state, []
        self.owner, self.count, self.abandoned, self.due = None, 0, False, None

    def ready_for(self, t):
        return self.owner in (None, t) if self.kind == "mutant" else self.state > 0

    def take(self, t):
        """Whether it was abandoned."""
        if self.kind in ("sync", "synctimer"):
            self.state = 0
        elif self.kind == "semaphore":
            self.state -= 1
        elif self.kind == "mutant":
            self.owner, self.count = t, self.count + 1
            was, self.abandoned = self.abandoned, False
            return was
        return False


class Thread:
    def __init__(self, number, cpu, priority, script):
        self.n, self.cpu, self.priority, self.script = number, cpu, priority, script
        self.pc, self.phase, self.left, self.quantum = 0, "enter", 0, QUANTUM
        self.state, self.wait, self.apcs, self.running_apcs = "waiting", None, [], []
        self.object, self.result = Object("thread"), 0


class Model:
    def __init__(self, program, seed):
        self.rng, self.now, self.log, self.results = random.Random(seed), 0, [], {}
        self.objects = [Object(kind, state) for kind, state in program["objects"]]
        self.threads = [Thread(i, t["cpu"], t["priority"], t["steps"]) for i, t in enumerate(program["threads"])]
        self.current, self.queues = {}, {}
        self.slow = {}
        self.several = len({t.cpu for t in self.threads}) > 1
        self.timers = []  # (due, order, what)
        self.order = 0
        # The main thread, above all, resumes them in turn and ends; those of its processor begin then.
        at = 0
        for t in self.threads:
            at += self.cost()
            if t.cpu:
                self.timers.append([at + self.rng.randint(0, 60000), t.n, lambda t=t: self.start(t)])
        self.timers.append([at + self.rng.randint(0, 60000), len(self.threads), self.start_rest])
        self.order = len(self.threads)

    def cost(self, cpu=0):
        """Of a piece of work on a processor: they do not run in step, if there are several."""
        return self.rng.randint(400, 2500) * (self.slow.setdefault(cpu, self.rng.choice((1, 8, 40))) if self.several else 1)

    def after(self, delay, what):
        self.order += 1
        entry = [self.now + max(0, delay + self.rng.randint(-40000, 40000)), self.order, what]
        self.timers.append(entry)
        return entry

    def start(self, t):
        t.left = self.cost(t.cpu)
        self.ready(t)

    def start_rest(self):
        mine = [t for t in self.threads if t.cpu == 0]
        for t in mine:
            t.left, t.state = self.cost(0), "ready"
            self.queues.setdefault((0, t.priority), []).append(t)
        self.dispatch(0)

    # --- processors ---
    def ready(self, t, head=False):
        t.state = "ready"
        if not head:
            t.quantum = QUANTUM
        queue = self.queues.setdefault((t.cpu, t.priority), [])
        queue.insert(0, t) if head else queue.append(t)
        self.dispatch(t.cpu)

    def best(self, cpu):
        levels = [p for (c, p), q in self.queues.items() if c == cpu and q]
        return max(levels) if levels else None

    def dispatch(self, cpu):
        best, t = self.best(cpu), self.current.get(cpu)
        if best is None or (t and t.priority >= best):
            return
        if t:
            self.current[cpu] = None
            t.state = "ready"
            self.queues.setdefault((cpu, t.priority), []).insert(0, t)
        self.run(cpu, best)

    def run(self, cpu, best):
        t = self.queues[cpu, best].pop(0)
        t.state = "running"
        self.current[cpu] = t

    def release(self, cpu):
        """The current thread has blocked or ended."""
        self.current[cpu] = None
        best = self.best(cpu)
        if best is not None:
            self.run(cpu, best)

    # --- waits ---
    def satisfy(self, t):
        which, everything = t.wait["objects"], t.wait["all"]
        can = [o.ready_for(t) for o in which]
        if everything:
            if not all(can):
                return None
            abandoned = [o.take(t) for o in which]
            return ABANDONED if any(abandoned) else 0
        for i, o in enumerate(which):
            if can[i]:
                return (ABANDONED + i) if o.take(t) else i
        return None

    def unwait(self, t, status):
        for o in t.wait["objects"]:
            o.waiters = [w for w in o.waiters if w is not t]
        if t.wait["timer"]:
            t.wait["timer"][2] = None
        t.wait, t.result, t.phase, t.left = None, status, "leave", self.cost(t.cpu)
        self.ready(t)

    def signal(self, o):
        for t in list(o.waiters):
            if t.wait is None or t not in o.waiters:
                continue
            if o.kind == "mutant" and o.owner is not None:
                break
            if o.kind != "mutant" and o.state <= 0:
                break
            status = self.satisfy(t)
            if status is not None:
                self.unwait(t, status)

    def wait(self, t, objects, everything, alertable, timeout):
        t.wait = {"objects": objects, "all": everything, "alertable": alertable, "timer": None}
        status = self.satisfy(t) if objects else None
        if status is not None:
            t.wait = None
            return status
        if alertable and t.apcs:
            t.wait = None
            t.running_apcs, t.apcs = t.apcs, []
            return USER_APC
        if timeout == 0:
            t.wait = None
            return TIMEOUT
        for o in objects:
            o.waiters.append(t)
        if timeout is not None:
            t.wait["timer"] = self.after(timeout, lambda: self.timeout(t))
        t.state = "waiting"
        return None

    def timeout(self, t):
        self.unwait(t, TIMEOUT if t.wait["objects"] else 0)

    # --- steps ---
    def effect(self, t, step):
        """What a step does as it is made; None if it blocks."""
        op = step[0]
        o = self.objects[step[1]] if op in ("set", "reset", "pulse", "release", "releasemutant", "timer", "cancel") else None
        if op == "set":
            o.state = 1
            self.signal(o)
        elif op == "reset":
            o.state = 0
        elif op == "pulse":
            o.state = 1
            self.signal(o)
            o.state = 0
        elif op == "release":
            if o.state + step[2] > LIMIT:
                return SEMAPHORE_LIMIT
            o.state += step[2]
            self.signal(o)
        elif op == "releasemutant":
            if o.owner is not t:
                return MUTANT_NOT_OWNED
            o.count -= 1
            if o.count == 0:
                o.owner = None
                self.signal(o)
        elif op == "timer":
            if o.due:
                o.due[2] = None
            o.state = 0
            o.due = self.after(step[2], lambda: self.fire(o))
        elif op == "cancel":
            if o.due:
                o.due[2] = None
            o.due = None
        elif op == "wait":
            return self.wait(t, [self.objects[i] for i in step[1]], step[2], step[3], step[4])
        elif op == "join":
            return self.wait(t, [self.threads[step[1]].object], False, False, step[2])
        elif op == "sleep":
            return self.wait(t, [], False, step[2], step[1])
        elif op == "apc":
            other = self.threads[step[1]]
            if other.state != "ended":
                other.apcs.append(step[2])
                if other.wait and other.wait["alertable"]:
                    other.running_apcs, other.apcs = other.apcs, []
                    self.unwait(other, USER_APC)
        elif op == "priority":
            self.set_priority(self.threads[step[1]], step[2])
        return 0

    def fire(self, o):
        o.due, o.state = None, 1
        self.signal(o)

    def set_priority(self, t, priority):
        if t.state == "ready":
            self.queues[t.cpu, t.priority].remove(t)
            t.priority = priority
            self.ready(t)
        elif t.state == "running":
            t.priority, t.quantum = priority, QUANTUM
            self.dispatch(t.cpu)
        else:
            t.priority = priority

    def advance(self, t):
        """The current thread's piece of work is done."""
        if t.phase == "enter":
            if t.pc == len(t.script):
                self.end(t)
                return
            step = t.script[t.pc]
            if step[0] == "spin" and t.phase == "enter" and not t.result == "spun":
                t.result, t.left = "spun", step[1]
                return
            t.phase = "leave"
            t.result = 0
            t.left = self.cost(t.cpu)
            status = self.effect(t, step)
            if status is None:
                self.release(t.cpu)
            elif t.wait is None:
                t.result = status
            return
        if t.running_apcs or (t.apcs and t.result == USER_APC):
            if not t.running_apcs:
                t.running_apcs, t.apcs = t.apcs, []
            self.log.append(t.running_apcs.pop(0))
            t.left = self.cost(t.cpu)
            return
        self.log.append((t.n, t.pc))
        self.results[t.n, t.pc] = t.result
        t.pc, t.phase, t.result, t.left = t.pc + 1, "enter", 0, self.cost(t.cpu)

    def end(self, t):
        t.state, t.object.state = "ended", 1
        for o in self.objects:
            if o.owner is t:
                o.owner, o.count, o.abandoned = None, 0, True
                self.signal(o)
        self.signal(t.object)
        if self.current.get(t.cpu) is t:
            self.release(t.cpu)

    def simulate(self):
        for _ in range(100000):
            for t in self.timers:
                if t[2] is None:
                    t[0] = None
            self.timers = [t for t in self.timers if t[0] is not None]
            running = [t for t in self.current.values() if t]
            work = min((min(t.left, t.quantum) for t in running), default=None)
            due = min(((t[0], t[1]) for t in self.timers), default=None)
            if work is None and due is None:
                break
            if due and (work is None or due[0] <= self.now + work):
                self.pass_time(running, max(0, due[0] - self.now))
                entry = next(t for t in self.timers if (t[0], t[1]) == due)
                self.timers.remove(entry)
                entry[2]()
                continue
            self.pass_time(running, work)
            for t in running:
                if t.state != "running":
                    continue
                if t.left == 0:
                    self.advance(t)
                    break
                if t.quantum == 0:
                    t.quantum = QUANTUM
                    if self.best(t.cpu) == t.priority:
                        self.current[t.cpu] = None
                        t.state = "ready"
                        self.queues[t.cpu, t.priority].append(t)
                        self.run(t.cpu, t.priority)
                    break
        return self.log, self.results, sorted(t.n for t in self.threads if t.state != "ended")

    def pass_time(self, running, ns):
        self.now += ns
        for t in running:
            t.left -= ns
            t.quantum -= ns


# --- programs ------------------------------------------------------------------------------------------------------------

def some_time(rng, most):
    return rng.randint(1000, 1000 * most) * 1000  # whole microseconds: hardly ever the same sum twice


def make_program(rng):
    kinds = ["notification", "sync", "semaphore", "mutant", "timer", "synctimer", "sync", "notification"]
    rng.shuffle(kinds)
    objects = [(k, rng.randint(0, 2) if k == "semaphore" else 0 if "timer" in k or k == "mutant" else rng.choice((0, 0, 1))) for k in kinds[:rng.randint(4, 7)]]
    nthreads = rng.randint(2, 5)
    cpus = [0] * nthreads if rng.random() < 0.6 else [rng.choice((0, 0, 2, 4)) for _ in range(nthreads)]
    threads = []
    for n in range(nthreads):
        threads.append({"cpu": cpus[n], "priority": 8 + rng.choice((-2, -1, 0, 0, 0, 1, 2)), "steps": [make_step(rng, objects, n, nthreads, pc) for pc in range(rng.randint(3, 8))]})
    return {"objects": objects, "threads": threads}


def pick(rng, objects, *kinds):
    those = [i for i, (k, _) in enumerate(objects) if k in kinds]
    return rng.choice(those) if those else None


def make_step(rng, objects, n, nthreads, pc):
    while True:
        op = rng.choice(("set", "set", "reset", "pulse", "release", "releasemutant", "timer", "cancel", "wait", "wait", "wait", "wait", "several", "several", "sleep", "sleep", "spin", "apc", "join", "priority", "alert"))
        timeout = rng.choice((None, 0, some_time(rng, 30), some_time(rng, 30), some_time(rng, 30)))
        if op in ("set", "reset", "pulse"):
            o = pick(rng, objects, "notification", "sync")
            step = (op, o)
        elif op == "release":
            o = pick(rng, objects, "semaphore")
            step = (op, o, rng.randint(1, 3))
        elif op == "releasemutant":
            o = pick(rng, objects, "mutant")
            step = (op, o)
        elif op in ("timer", "cancel"):
            o = pick(rng, objects, "timer", "synctimer")
            step = (op, o, some_time(rng, 20)) if op == "timer" else (op, o)
        elif op == "wait":
            o = rng.randrange(len(objects))
            step = ("wait", [o], False, rng.random() < 0.25, timeout)
        elif op == "several":
            first = rng.randrange(len(objects) - 1)
            o = rng.randint(2, min(4, len(objects) - first))
            step = ("wait", list(range(first, first + o)), rng.random() < 0.4, rng.random() < 0.2, timeout)
        elif op == "sleep":
            o, step = 0, ("sleep", some_time(rng, 25), False)
        elif op == "alert":
            o, step = 0, ("sleep", some_time(rng, 25), True)
        elif op == "spin":
            o, step = 0, ("spin", rng.choice((1_300_000, 1_300_000, 3_400_000, 7_300_000, 25_500_000)))
        elif op == "apc":
            o, step = 0, ("apc", rng.randrange(nthreads), f"a{n}_{pc}")
        elif op == "join":
            o = rng.randrange(nthreads)
            step = ("join", o, timeout)
            if o == n:
                continue
        else:
            o, step = 0, ("priority", rng.randrange(nthreads), 8 + rng.randint(-3, 3))
        if o is not None:
            return step


def outcome(program):
    """The log, the results and who never ends; None if costs decide."""
    seen = None
    for seed in range(8 if len({t["cpu"] for t in program["threads"]}) == 1 else 32):
        got = Model(program, seed).simulate()
        if seen is not None and got != seen:
            return None
        seen = got
    return seen


# --- vectors ----------------------------------------------------------------------------------------------------------------

def encode(program, name, log, results, stuck):
    mem = {"hs": f"zero:{4 * len(program['objects'])}", "x": H}
    times = {}

    def timeout(ns):
        if ns is None:
            return 0
        times[f"t{ns // 1000}"] = h64(-ns // 100)
        return f"&t{ns // 1000}"

    main, threads = [], {}
    for i, (kind, state) in enumerate(program["objects"]):
        at = f"&hs+{4 * i}"
        make = {"notification": ("NtCreateEvent", [at, 0, 0, state]), "sync": ("NtCreateEvent", [at, 0, 1, state]), "semaphore": ("NtCreateSemaphore", [at, 0, state, LIMIT]),
                "mutant": ("NtCreateMutant", [at, 0, 0]), "timer": ("NtCreateTimer", [at, 0, 0]), "synctimer": ("NtCreateTimer", [at, 0, 1])}[kind]
        main.append(call(make[0], *make[1], is_=0))
    for n, t in enumerate(program["threads"]):
        mem[f"h{n}"], mem[f"k{n}"] = H, H
        main.append(call("ExCreateThread", f"&h{n}", "0x4000", 0, 0, "@run", f"script:s{n}", hex(int(CPU[t["cpu"]], 16) | 1), is_=0))
        main.append(call("ObReferenceObjectByHandle", f"*h{n}", 0, f"&k{n}", is_=0))
        main.append(call("KeSetBasePriorityThread", f"*k{n}", t["priority"] - 8))
    main.append(call("ObReferenceObjectByHandle", "0xfffffffe", 0, "&me", is_=0))
    main.append(call("KeSetBasePriorityThread", "*me", 12))
    mem["me"] = H
    main += [call("NtResumeThread", f"*h{n}", 0, is_=0) for n in range(len(program["threads"]))]
    for n, t in enumerate(program["threads"]):
        steps = threads[f"s{n}"] = []
        for pc, step in enumerate(t["steps"]):
            op, rest = step[0], {"mark": f"{n}.{pc}"}
            if (n, pc) not in results:
                rest = {"never": True}
            elif op != "spin":
                rest["is_"] = results[n, pc]
            handle = f"*hs[{4 * step[1]}]" if op not in ("wait", "sleep", "spin", "apc", "join", "priority") else None
            if op == "set":
                steps.append(call("NtSetEvent", handle, 0, **rest))
            elif op == "reset":
                steps.append(call("NtClearEvent", handle, **rest))
            elif op == "pulse":
                steps.append(call("NtPulseEvent", handle, 0, **rest))
            elif op == "release":
                steps.append(call("NtReleaseSemaphore", handle, step[2], 0, **rest))
            elif op == "releasemutant":
                steps.append(call("NtReleaseMutant", handle, 0, **rest))
            elif op == "timer":
                steps.append(call("NtSetTimerEx", handle, timeout(step[2]), 0, 1, 0, 0, 0, 0, **rest))
            elif op == "cancel":
                steps.append(call("NtCancelTimer", handle, 0, **rest))
            elif op == "wait" and len(step[1]) == 1:
                steps.append(call("NtWaitForSingleObjectEx", f"*hs[{4 * step[1][0]}]", 1, int(step[3]), timeout(step[4]), **rest))
            elif op == "wait":
                steps.append(call("NtWaitForMultipleObjectsEx", len(step[1]), f"&hs+{4 * step[1][0]}", int(not step[2]), 1, int(step[3]), timeout(step[4]), **rest))
            elif op == "sleep":
                steps.append(call("KeDelayExecutionThread", 1, int(step[2]), timeout(step[1]), **rest))
            elif op == "join":
                steps.append(call("NtWaitForSingleObjectEx", f"*h{step[1]}", 1, 0, timeout(step[2]), **rest))
            elif op == "apc":
                rest.pop("is_", None)  # of a thread that has ended it is an error
                steps.append(call("NtQueueApcThread", f"*h{step[1]}", "@run", f"script:{step[2]}", 0, 0, **rest))
                ran = step[2] in log
                threads[step[2]] = [store("&x", 1, mark=step[2]) if ran else store("&x", 1, never=True)]
            elif op == "priority":
                rest.pop("is_", None)
                steps.append(call("KeSetBasePriorityThread", f"*k{step[1]}", step[2] - 8, **rest))
            else:
                steps.append(spin(step[1], **rest))
    order = [e if isinstance(e, str) else f"{e[0]}.{e[1]}" for e in log]
    return {"name": name, "source": "tests/calls/scheduler.py, a model of NT's documented rules", "mem": {**mem, **times}, "threads": {"main": main, **threads}, "order": order, "end": "wedge" if stuck else "exit"}


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    made = tried = 0
    while made < count:
        tried += 1
        program = make_program(rng)
        got = outcome(program)
        if got is None:
            continue
        made += 1
        print(json.dumps(encode(program, f"scheduler {seed}.{tried}", *got), separators=(",", ":")))


if __name__ == "__main__":
    main()

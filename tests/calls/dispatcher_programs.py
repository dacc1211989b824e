"""The random programs of dispatcher.py, and how they are written as kernel-call vectors."""
MS = 1000000
H = "00000000"


# --- random programs ----------------------------------------------------------------------------------------------------------

class Writer:
    def __init__(self, rng):
        self.rng = rng
        self.form = rng.choice(("ke", "nt"))
        self.cpus = rng.choice(([0], [0], [0, 1], [0, 2, 3]))
        self.names = [f"t{n}" for n in range(rng.randint(2, 5))]
        self.objects = {"ev0": ("notification", rng.randint(0, 1)), "ev1": ("synchronization", rng.randint(0, 1)),
                        "ev2": (rng.choice(("notification", "synchronization")), 0), "se0": ("semaphore", rng.randint(0, 2)), "se1": ("semaphore", 0),
                        "ti0": ("notification timer", 0), "ti1": ("synchronization timer", 0), "mu0": ("mutant", 1), "mu1": ("mutant", 1)}
        self.scripts, self.parts = {}, 0
        # A program is about a few things, so that they meet.
        self.things = rng.sample(sorted(self.objects), rng.randint(2, 5))
        for n in self.names:
            self.scripts[n] = self.body(n)
        self.scripts["main"] = self.main()
        self.threads = {"main": {"cpu": 0, "priority": 8}}
        self.start = {n: (rng.choice(self.cpus), rng.choice((-2, -1, 0, 0, 0, 0, 1, 2))) for n in self.names}
        for n in self.names:
            self.threads[n] = {"cpu": self.start[n][0], "priority": 8}

    def ns(self, most):
        return self.rng.randint(2, most * 100) * 10000 - self.rng.choice((0, 3700))

    def of(self, *kinds):
        return [n for n in self.things if self.objects[n][0] in kinds]

    def part(self, kind):
        """A short script for an APC or a DPC, that never waits."""
        name = f"{kind}{self.parts}"
        self.parts += 1
        self.scripts[name] = [s for s in (self.quick(name) for _ in range(self.rng.randint(1, 3)))]
        return name

    def quick(self, who):
        r = self.rng
        events, semaphores = self.of("notification", "synchronization"), self.of("semaphore")
        can = [(1, lambda: {"do": "spin", "ns": r.randint(20, 300) * 1000})]
        if events:
            can += [(4, lambda: {"do": "set", "on": r.choice(events)}), (1, lambda: {"do": "reset", "on": r.choice(events)})]
            if not who.startswith(("apc", "dpc")):
                can.append((1, lambda: {"do": "pulse", "on": r.choice(events)}))
        if semaphores:
            can.append((4, lambda: {"do": "release", "on": r.choice(semaphores), "n": r.randint(1, 3)}))
        return r.choices([c for _, c in can], [w for w, _ in can])[0]()

    def waits(self, who):
        r = self.rng
        timeout = r.choice((None, self.ns(40), self.ns(10)))
        alertable = r.random() < 0.4
        pool = [n for n in self.things if self.form == "nt" or not n.startswith("mu")]
        others = [n for n in self.names if n > who]
        if others and r.random() < 0.15:
            return {"do": "wait", "on": [r.choice(others)], "every": True, "timeout": timeout, "alertable": alertable}
        if len(pool) > 1 and r.random() < 0.35:
            return {"do": "wait", "on": r.sample(pool, r.randint(2, min(3, len(pool)))), "every": r.random() < 0.5, "timeout": timeout, "alertable": alertable}
        return {"do": "wait", "on": [r.choice(self.things)], "every": True, "timeout": timeout, "alertable": alertable}

    def timer(self, who):
        r = self.rng
        timers = self.of("notification timer", "synchronization timer")
        if not timers:
            return self.quick(who)
        s = {"do": "timer", "on": r.choice(timers), "due": self.ns(20), "period": r.choice((0, 0, 0, 7 * MS)), "form": self.form}
        if r.random() < 0.5:
            s["period"] = 0
            s["action"] = ("dpc", self.part("dpc")) if self.form == "ke" else ("apc", (who, self.part("apc")))
        return s

    def body(self, who):
        r = self.rng
        steps = []
        for _ in range(r.randint(3, 8)):
            x = r.random()
            mutants = self.of("mutant")
            if x < 0.26:
                steps.append(self.waits(who))
            elif x < 0.48:
                steps.append(self.quick(who))
            elif x < 0.60:
                steps.append({"do": "delay", "timeout": self.ns(15), "alertable": r.random() < 0.5})
            elif x < 0.70:
                steps.append({"do": "spin", "ns": self.ns(r.choice((3, 15, 45)))})
            elif x < 0.76:
                steps.append(self.timer(who))
                if r.random() < 0.3:
                    steps.append({"do": "cancel", "on": steps[-1]["on"], "form": self.form} if steps[-1]["do"] == "timer" else self.quick(who))
            elif x < 0.81:
                steps.append({"do": "apc", "to": r.choice(self.names), "script": self.part("apc")})
            elif x < 0.85:
                steps.append({"do": "dpc", "script": self.part("dpc")})
            elif x < 0.90:
                steps.append({"do": "priority", "of": r.choice([who, who, r.choice(self.names)]), "to": r.randint(-2, 2)})
            elif x < 0.93:
                steps.append({"do": "yield"})
            elif x < 0.95 and len(self.cpus) > 1:
                steps.append({"do": "move", "to": r.choice(self.cpus)})
            elif x < 0.97:
                steps.append(r.choice(({"do": "suspend"}, {"do": "resume", "of": r.choice(self.names)})))
            elif mutants:
                m = r.choice(mutants)
                steps += [{"do": "wait", "on": [m], "every": True, "timeout": None, "alertable": False}, {"do": "spin", "ns": self.ns(12)}, {"do": "unlock", "on": m}]
        return steps

    def main(self):
        """It starts all the others while it is above them, and signals what they may wait for."""
        r = self.rng
        steps = [{"do": "priority", "of": "main", "to": 10}]
        for n in self.names:
            steps += [{"do": "begin", "of": n}]
        steps.append({"do": "priority", "of": "main", "to": r.choice((-1, 0, 0, 2))})
        for _ in range(r.randint(1, 6)):
            steps.append({"do": "delay", "timeout": self.ns(25), "alertable": False})
            steps.append(self.quick("main"))
        return steps

    def program(self):
        return {"objects": self.objects, "threads": self.threads, "scripts": self.scripts}


# --- as vectors ------------------------------------------------------------------------------------------------------------------

def hundreds(ns):
    return f"{(-(ns // 100)) & 0xFFFFFFFFFFFFFFFF:016x}"


class Vector:
    def __init__(self, w, name, outcome):
        self.w, self.mem, self.order, self.results, self.stuck = w, {}, *outcome
        self.scripts = {n: [] for n in w.scripts}
        setup = []
        for n, (kind, state) in w.objects.items():
            setup.append(self.make(n, kind, state))
        self.mem["me"] = H
        setup.append({"call": "ObReferenceObjectByHandle", "args": ["0xfffffffe", 0, "&me"], "is": 0})
        for n in w.names:
            self.mem["h" + n] = self.mem["p" + n] = H
            flags = 1 | 1 << (24 + w.start[n][0])
            setup += [{"call": "ExCreateThread", "args": ["&h" + n, "0x4000", 0, 0, "@run", "script:" + n, hex(flags)], "is": 0},
                      {"call": "ObReferenceObjectByHandle", "args": ["*h" + n, 0, "&p" + n], "is": 0},
                      {"call": "KeSetBasePriorityThread", "args": ["*p" + n, w.start[n][1]], "is": 0}]
        for part in w.scripts:
            if part.startswith("dpc"):
                self.mem["k" + part] = "zero:28"
                setup.append({"call": "KeInitializeDpc", "args": ["&k" + part, "@second", "script:" + part]})
        for n, script in w.scripts.items():
            for i, s in enumerate(script):
                self.step(n, i, s)
        # The main thread is above all others from its first step on, and the rest of what it prepares is done before any is resumed.
        main = self.scripts["main"]
        main[0:0] = setup
        self.line = {"name": name, "source": "WDK: the dispatcher's rules, as dispatcher.py has them", "mem": self.mem, "threads": {"main": self.scripts["main"], **self.scripts},
                     "order": [k for k in self.order], "limit_ns": 30000 * MS}
        if self.stuck:
            self.line["end"] = "wedge"

    def make(self, n, kind, state):
        if kind == "mutant":
            self.mem[n] = H
            return {"call": "NtCreateMutant", "args": ["&" + n, 0, 0], "is": 0}
        if self.w.form == "nt":
            self.mem[n] = H
            if kind == "semaphore":
                return {"call": "NtCreateSemaphore", "args": ["&" + n, 0, state, 1000], "is": 0}
            if kind.endswith("timer"):
                return {"call": "NtCreateTimer", "args": ["&" + n, 0, int(kind[0] == "s")], "is": 0}
            return {"call": "NtCreateEvent", "args": ["&" + n, 0, int(kind[0] == "s"), state], "is": 0}
        self.mem[n] = "zero:40"
        if kind == "semaphore":
            return {"call": "KeInitializeSemaphore", "args": ["&" + n, state, 1000]}
        if kind.endswith("timer"):
            return {"call": "KeInitializeTimerEx", "args": ["&" + n, int(kind[0] == "s")]}
        return {"call": "KeInitializeEvent", "args": ["&" + n, int(kind[0] == "s"), state]}

    def time(self, key, ns):
        if ns is None:
            return 0
        self.mem["w" + key] = hundreds(ns)
        return "&w" + key

    def step(self, script, i, s):
        w, do, key = self.w, s["do"], f"{script}.{i}"
        var = key.replace(".", "_")
        nt = w.form == "nt"
        out, after = None, []

        def call(name, *args):
            return {"call": name, "args": list(args)}

        def previous():
            """An Nt call tells what was by a pointer."""
            self.mem["q" + var] = "ffffffff"
            if key in self.results:
                after.append({"load": "&q" + var, "size": 4, "is": self.results[key]})
            return "&q" + var

        expect = self.results.get(key)
        if do == "spin":
            out, expect = {"spin": s["ns"]}, None
        elif do in ("set", "reset", "pulse"):
            if nt:
                if do == "reset":
                    out = call("NtClearEvent", "*" + s["on"])
                else:
                    out = call("NtSetEvent" if do == "set" else "NtPulseEvent", "*" + s["on"], previous())
                expect = 0
            else:
                out = call(*(("KeSetEvent", "&" + s["on"], 0, 0) if do == "set" else ("KeResetEvent", "&" + s["on"]) if do == "reset" else ("KePulseEvent", "&" + s["on"], 0, 0)))
        elif do == "release":
            if nt:
                out, expect = call("NtReleaseSemaphore", "*" + s["on"], s["n"], previous()), 0
            else:
                out = call("KeReleaseSemaphore", "&" + s["on"], 0, s["n"], 0)
        elif do == "unlock":
            out = call("NtReleaseMutant", "*" + s["on"], 0)
        elif do == "wait":
            out = self.wait(var, s, nt)
        elif do == "delay":
            out = call("KeDelayExecutionThread", 1, int(s["alertable"]), self.time(var, s["timeout"]))
        elif do == "timer":
            action = s.get("action")
            if nt:
                routine = ["@run", 1, "script:" + action[1][1]] if action else [0, 1, 0]
                out = call("NtSetTimerEx", "*" + s["on"], self.time(var, s["due"]), *routine, 0, s["period"] // MS, 0)
            else:
                due = "0x" + hundreds(s["due"])
                dpc = "&k" + action[1] if action else 0
                out = call("KeSetTimerEx", "&" + s["on"], due, s["period"] // MS, dpc)
        elif do == "cancel":
            out = call("NtCancelTimer", "*" + s["on"], 0) if nt else call("KeCancelTimer", "&" + s["on"])
        elif do == "apc":
            out = call("NtQueueApcThread", "*h" + s["to"], "@run", "script:" + s["script"], 0, 0)
        elif do == "dpc":
            out = call("KeInsertQueueDpc", "&k" + s["script"], 0, 0)
        elif do == "priority":
            out = call("KeSetBasePriorityThread", "*me" if s["of"] == "main" else "*p" + s["of"], s["to"])
            expect = None if expect is None else expect & 0xFFFFFFFF
        elif do == "yield":
            out, expect = call("NtYieldExecution"), None
        elif do == "move":
            out, expect = call("KeSetAffinityThread", "*p" + script, 1 << s["to"], 0), None
        elif do == "suspend":
            out = call("NtSuspendThread", "0xfffffffe", 0)
        elif do == "resume":
            out = call("NtResumeThread", "*h" + s["of"], 0)
        elif do == "begin":
            out, expect = call("NtResumeThread", "*h" + s["of"], 0), 0
        out["mark"] = key
        if key not in self.results:
            out["never"] = True
        elif expect is not None:
            out["is"] = hex(expect) if expect > 0xFFFF else expect
        self.scripts[script] += [out, *(after if key in self.results else [])]

    def wait(self, var, s, nt):
        on, timeout, alertable = s["on"], self.time(var, s["timeout"]), int(s["alertable"])
        if len(on) == 1:
            o = on[0]
            if o in self.w.names:
                return {"call": "NtWaitForSingleObjectEx", "args": ["*h" + o, 1, alertable, timeout]}
            if nt or o.startswith("mu"):
                return {"call": "NtWaitForSingleObjectEx", "args": ["*" + o, 1, alertable, timeout]}
            return {"call": "KeWaitForSingleObject", "args": ["&" + o, 0, 1, alertable, timeout]}
        if not nt:
            self.mem["l" + var] = " ".join("&" + o for o in on)
            return {"call": "KeWaitForMultipleObjects", "args": [len(on), "&l" + var, int(not s["every"]), 3, 1, alertable, timeout, 0]}
        # The handles are only known when they have been made: the list is filled by the calls that make them.
        self.mem["l" + var] = "zero:%d" % (4 * len(on))
        fill = [{"load": "&" + o, "size": 4, "keep": f"&l{var}+{4 * i}"} for i, o in enumerate(on)]
        self.fills = getattr(self, "fills", []) + fill
        return {"call": "NtWaitForMultipleObjectsEx", "args": [len(on), "&l" + var, int(not s["every"]), 1, alertable, timeout]}


def finished(v, w):
    """The handles of the lists are put there by the main thread once it has made all objects."""
    fills = getattr(v, "fills", [])
    if fills:
        made = len(w.objects)
        v.scripts["main"][made:made] = fills
    return v.line

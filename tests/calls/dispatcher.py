#!/usr/bin/env python3
"""A second model of the dispatcher: dispatcher.py SEED COUNT writes random programs of waits and signals, with what they must do, as vectors.

Written from Microsoft's documentation of the NT kernel and docs/console.md alone, by who had seen neither the emulator's scheduler nor
the other model (scheduler.py). It goes by events: processors, each with queues by priority, execute steps that cost some time, and
nothing is polled. Times that no document gives (what a step or a wake-up across processors takes), and rules on which the documents are silent (CHOICES),
are drawn anew for each of several trials; a program counts only if all its trials come out alike.
"""
import collections, heapq, json, random, sys
from dispatcher_programs import MS, Vector, Writer, finished

TURN = 20 * MS  # docs/console.md: threads of equal priority take turns of so long
DPC = 1000      # above any thread
TIMEOUT, USER_APC, ABANDONED = 0x102, 0xC0, 0x80


class Unspecified(Exception):
    """The documents do not say, or say that it is an error."""


# --- objects -----------------------------------------------------------------------------------------------------------

class Object:
    def __init__(self, kind, state=0, name=None):
        self.kind, self.state, self.name = kind, state, name
        self.waiters = []  # blocks of waits, the oldest first
        self.owner, self.abandoned = None, False
        self.due, self.period, self.action = None, 0, None  # of a timer

    def signalled(self, thread):
        if self.kind == "mutant":
            return self.state > 0 or self.owner is thread
        return self.state > 0

    def take(self, thread):
        """What a wait that is satisfied does to it; whether it had been abandoned."""
        if self.kind == "mutant":
            self.state -= 1
            was, self.abandoned = self.abandoned, False
            if self.owner is not thread:
                self.owner = thread
                thread.owned.append(self)
            return was
        if self.kind in ("synchronization", "semaphore", "synchronization timer"):
            self.state -= 1
        return False


class Wait:
    def __init__(self, thread, objects, every, alertable):
        self.thread, self.objects, self.every, self.alertable, self.over = thread, objects, every, alertable, False

    def satisfied(self, by=None):
        """The result if it can be satisfied now; `by` is the object that has just been signalled."""
        if not self.objects:
            return None
        if self.every:
            if not all(o.signalled(self.thread) for o in self.objects):
                return None
            taken = [o.take(self.thread) for o in self.objects]
            return ABANDONED if any(taken) else 0
        for i, o in enumerate(self.objects):
            if (by is None or o is by) and o.signalled(self.thread):
                return i + (ABANDONED if o.take(self.thread) else 0)
        return None


class Thread:
    def __init__(self, name, script, cpu, priority):
        self.name, self.cpu, self.priority, self.increment = name, cpu, priority, 0
        self.frames = [[script, 0]]  # the innermost last
        self.object = Object("thread", name=name)
        self.left = None             # of the phase of the step that it is in
        self.phase = "begin"
        self.turn = TURN
        self.state = "new"           # ready, running, waiting, ended
        self.suspended = 0
        self.wait, self.result = None, None
        self.apcs = collections.deque()
        self.owned = []


# --- the machine ----------------------------------------------------------------------------------------------------------

class Cpu:
    def __init__(self, n):
        self.n, self.current, self.since, self.epoch = n, None, 0, 0
        self.queues = {}
        self.dpc_thread = None

    def best(self):
        return max((p for p, q in self.queues.items() if q), default=None)


# What documents leave open: each is one or the other in a trial.
CHOICES = ("turn_after_wait", "turn_after_priority", "yield_renews", "moved_turn", "dpc_anywhere")


class Machine:
    def __init__(self, program, rng, trial):
        self.rng, self.now, self.program = rng, 0, program
        self.choice = {c: rng.random() < 0.5 for c in CHOICES}
        self.slow = (1500, 400, 8000, 3000)[trial % 4]  # the most a phase of a step may take
        self.across = (0, 10000, 20000)[trial % 3]      # how late another processor hears of it
        self.cpus = [Cpu(n) for n in range(6)]
        self.events, self.serial = [], 0
        self.order, self.results = [], {}
        self.objects = {name: Object(kind, state, name) for name, (kind, state) in program["objects"].items()}
        self.threads = {}
        for name, t in program["threads"].items():
            self.threads[name] = Thread(name, name, t["cpu"], t["priority"])
        for name, t in self.threads.items():
            self.objects[name] = t.object
        self.queued_dpcs = set()

    def at(self, when, what, *args):
        self.serial += 1
        heapq.heappush(self.events, (when, self.serial, what, args))

    # -- processors --
    def account(self, cpu):
        t = cpu.current
        if t is not None:
            ran = self.now - cpu.since
            t.turn -= ran
            t.left -= ran
        cpu.since = self.now

    def put(self, t, first):
        t.state = "ready"
        q = self.cpus[t.cpu].queues.setdefault(t.priority, collections.deque())
        q.appendleft(t) if first else q.append(t)

    def run_on(self, cpu, t):
        cpu.current, cpu.since = t, self.now
        if t is not None:
            t.state = "running"
            if t.left is None:
                t.left = self.rng.randint(100, self.slow)
        self.plan(cpu)

    def plan(self, cpu):
        cpu.epoch += 1
        t = cpu.current
        if t is not None:
            self.at(self.now + max(0, min(t.left, t.turn)), self.tick, cpu, cpu.epoch)

    def tick(self, cpu, epoch):
        if epoch != cpu.epoch or cpu.current is None:
            return
        self.account(cpu)
        t = cpu.current
        if t.left <= 0:
            self.advance(cpu, t)
        if cpu.current is t and t.turn <= 0 and t.state == "running":
            t.turn = TURN
            if cpu.queues.get(t.priority):
                self.put(t, first=False)
                self.next_on(cpu)
                return
        if cpu.current is t:
            self.plan(cpu)

    def next_on(self, cpu):
        p = cpu.best()
        self.run_on(cpu, cpu.queues[p].popleft() if p is not None else None)

    def ready(self, t):
        """It becomes ready: it runs at once if it is above what runs there."""
        if t.suspended:
            t.state = "suspended"
            return
        here = self.running_cpu
        if self.across and here is not None and here != t.cpu:
            t.state = "waking"
            self.at(self.now + self.rng.randint(0, self.across), self.arrive, t)
        else:
            self.arrive(t)

    def arrive(self, t):
        cpu = self.cpus[t.cpu]
        self.account(cpu)
        if cpu.current is None:
            self.run_on(cpu, t)
        elif t.priority > cpu.current.priority:
            self.put(cpu.current, first=True)
            self.run_on(cpu, t)
        else:
            self.put(t, first=False)
            self.plan(cpu)

    def leave(self, cpu):
        """What runs there does not go on."""
        cpu.current = None
        self.next_on(cpu)

    def requeue(self, t, before):
        """Its priority has changed."""
        cpu = self.cpus[t.cpu]
        if self.choice["turn_after_priority"]:
            t.turn = TURN
        if t.state == "running":
            self.account(cpu)
            p = cpu.best()
            if p is not None and p > t.priority:
                self.put(t, first=True)  # as if preempted: not settled (README.md)
                self.leave(cpu)
            else:
                self.plan(cpu)
        elif t.state == "ready":
            cpu.queues[before].remove(t)
            self.arrive(t)

    # -- waits --
    def block(self, t, wait, timeout):
        t.state, t.wait = "waiting", wait
        for o in wait.objects:
            o.waiters.append(wait)
        if timeout is not None:
            self.at(self.now + timeout + self.rng.randint(0, 10000), self.time_out, wait)

    def time_out(self, wait):
        if not wait.over:
            self.running_cpu = None
            self.end_wait(wait, TIMEOUT if wait.objects else 0)

    def end_wait(self, wait, result):
        wait.over = True
        for o in wait.objects:
            if wait in o.waiters:
                o.waiters.remove(wait)
        t = wait.thread
        t.wait, t.result = None, result
        t.left = None
        if self.choice["turn_after_wait"]:
            t.turn = TURN
        self.ready(t)

    def signal(self, o):
        """Its waiters that can be satisfied go on, the oldest first."""
        for wait in list(o.waiters):
            if not o.signalled(wait.thread):
                break
            if wait.over:
                continue
            result = wait.satisfied(o)
            if result is not None:
                self.end_wait(wait, result)

    def wait(self, t, objects, every, timeout, alertable):
        w = Wait(t, objects, every, alertable)
        result = w.satisfied()
        if result is not None:
            if alertable and t.apcs and len(objects) > 1:
                raise Unspecified
            t.result = result
            return
        if alertable and t.apcs:
            self.deliver(t)
            return
        self.block(t, w, timeout)

    def deliver(self, t):
        """Its APCs run one after the other, then the wait gives STATUS_USER_APC."""
        t.result = USER_APC
        while t.apcs:
            t.frames.append([t.apcs.pop(), 0])  # the first is innermost: it runs first
        t.phase = "begin"

    def queue_apc(self, t, script):
        if t.state == "ended":
            raise Unspecified
        if t.state in ("waking",):
            raise Unspecified
        t.apcs.append(script)
        if t.state == "waiting" and t.wait.alertable:
            wait = t.wait
            self.end_wait(wait, USER_APC)
            self.deliver(t)

    # -- timers, DPCs --
    def set_timer(self, o, due, period, action):
        was = o.due is not None
        o.state = 0
        o.period, o.action = period, action
        o.due = object()
        self.at(self.now + due + self.rng.randint(0, 10000), self.expire, o, o.due, self.now + due)
        return was

    def expire(self, o, due, when):
        if o.due is not due:
            return
        self.running_cpu = None
        if o.period:
            self.at(when + o.period + self.rng.randint(0, 10000), self.expire, o, o.due, when + o.period)
        else:
            o.due = None
        o.state = 1
        self.signal(o)
        if o.action:
            kind, arg = o.action
            if kind == "dpc":
                self.queue_dpc(self.rng.randrange(3) if self.choice["dpc_anywhere"] else 0, arg)
            else:
                self.queue_apc(self.threads[arg[0]], arg[1])

    def queue_dpc(self, cpu, script):
        if script in self.queued_dpcs:
            raise Unspecified
        self.queued_dpcs.add(script)
        t = Thread(None, script, cpu, DPC)
        t.turn = 1 << 60
        self.arrive(t)

    # -- steps --
    def script_of(self, name):
        return self.program["scripts"][name]

    def advance(self, cpu, t):
        """The phase that it is in is over: a step has an effect, and then it is logged."""
        self.running_cpu = cpu.n
        name, at = t.frames[-1]
        script = self.script_of(name)
        if t.phase == "begin":
            if at == len(script):
                self.end_frame(cpu, t)
                return
            step = script[at]
            t.result, t.phase = None, "end"
            t.left = self.rng.randint(100, self.slow) + (step["ns"] if step["do"] == "spin" else 0)
            getattr(self, "do_" + step["do"])(cpu, t, step)
            if t.state == "waiting":
                self.leave(cpu)
        else:
            key = f"{name}.{at}"
            self.order.append(key)
            if key in self.results:
                raise Unspecified  # a script of its own ran twice
            self.results[key] = t.result
            t.frames[-1][1] += 1
            t.phase, t.left = "begin", self.rng.randint(100, self.slow)

    def end_frame(self, cpu, t):
        t.frames.pop()
        if t.frames:
            if t.frames[-1][1] < len(self.script_of(t.frames[-1][0])) and t.frames[-1][1] == 0 and t.frames[-1][0].startswith("apc"):
                t.phase, t.left = "begin", self.rng.randint(100, self.slow)  # the next APC
            elif t.apcs:
                raise Unspecified  # queued while others ran
            else:
                t.phase, t.left, t.result = "end", self.rng.randint(100, self.slow), USER_APC
            return
        t.state = "ended"
        if t.name is None:
            self.leave(cpu)
            return
        for o in list(t.owned):
            o.owner, o.state, o.abandoned = None, 1, True
            self.signal(o)
        t.object.state = 1
        self.signal(t.object)
        if cpu.current is t:
            self.leave(cpu)
        else:  # who was woken has preempted it already
            cpu.queues[t.priority].remove(t)
            t.state = "ended"

    def do_spin(self, cpu, t, s):
        pass

    def do_set(self, cpu, t, s):
        o = self.objects[s["on"]]
        t.result, o.state = o.state, 1
        self.signal(o)

    def do_reset(self, cpu, t, s):
        o = self.objects[s["on"]]
        t.result, o.state = o.state, 0

    def do_pulse(self, cpu, t, s):
        o = self.objects[s["on"]]
        t.result = o.state
        if o.state == 0:
            o.state = 1
            self.signal(o)
        o.state = 0

    def do_release(self, cpu, t, s):
        o = self.objects[s["on"]]
        t.result = o.state
        o.state += s["n"]
        self.signal(o)

    def do_unlock(self, cpu, t, s):
        o = self.objects[s["on"]]
        if o.owner is not t:
            t.result = 0xC0000046
            return
        t.result = 0
        o.state += 1
        if o.state > 0:
            o.owner = None
            t.owned.remove(o)
            self.signal(o)

    def do_wait(self, cpu, t, s):
        self.wait(t, [self.objects[n] for n in s["on"]], s["every"], s["timeout"], s["alertable"])

    def do_delay(self, cpu, t, s):
        self.wait(t, [], False, s["timeout"], s["alertable"])

    def do_timer(self, cpu, t, s):
        was = self.set_timer(self.objects[s["on"]], s["due"], s["period"], s.get("action"))
        t.result = int(was) if s["form"] == "ke" else 0

    def do_cancel(self, cpu, t, s):
        o = self.objects[s["on"]]
        t.result = int(o.due is not None) if s["form"] == "ke" else 0
        o.due = None

    def do_apc(self, cpu, t, s):
        t.result = 0
        self.queue_apc(self.threads[s["to"]], s["script"])

    def do_dpc(self, cpu, t, s):
        t.result = 1
        self.queue_dpc(cpu.n, s["script"])

    def do_priority(self, cpu, t, s):
        other = self.threads[s["of"]]
        if other.state in ("waking", "ended", "new"):
            raise Unspecified
        t.result, other.increment = other.increment, s["to"]
        before, other.priority = other.priority, 8 + s["to"]
        if before != other.priority:
            self.requeue(other, before)

    def do_yield(self, cpu, t, s):
        self.account(cpu)
        if self.choice["yield_renews"]:
            t.turn = TURN
        if cpu.queues.get(t.priority):
            self.put(t, first=False)
            self.next_on(cpu)
        elif cpu.best() is not None:
            raise Unspecified  # NT lets a lower one run

    def do_move(self, cpu, t, s):
        t.result = 0
        if t.cpu == s["to"]:
            return
        t.cpu = s["to"]
        if self.choice["moved_turn"]:
            t.turn = TURN
        self.leave(cpu)
        self.ready(t)

    def do_suspend(self, cpu, t, s):
        """Itself."""
        t.result, t.suspended, t.state = 0, t.suspended + 1, "suspended"
        self.leave(cpu)

    def do_resume(self, cpu, t, s):
        other = self.threads[s["of"]]
        if other.state == "ended":
            raise Unspecified
        t.result = 0
        if other.suspended:
            other.suspended -= 1
            if other.suspended == 0 and other.state == "suspended":
                self.ready(other)

    def do_begin(self, cpu, t, s):
        """A thread that was made suspended is given its priority and resumed."""
        other = self.threads[s["of"]]
        other.increment = self.program["start"][s["of"]][1]
        other.priority = 8 + other.increment
        self.ready(other)

    # -- all of it --
    def outcome(self):
        self.running_cpu = None
        self.arrive(self.threads["main"])
        while self.events:
            when, _, what, args = heapq.heappop(self.events)
            self.now = max(self.now, when)
            if self.now > 20000 * MS:
                raise Unspecified
            what(*args)
            if all(t.state == "ended" for t in self.threads.values()):
                break
        stuck = sorted(t.name for t in self.threads.values() if t.state != "ended")
        return self.order, self.results, stuck


# --- programs that have one outcome ------------------------------------------------------------------------------------------

TRIALS = 10


def programs(seed, count):
    made, tried = 0, 0
    while made < count:
        tried += 1
        rng = random.Random(f"{seed}.{tried}")
        w = Writer(rng)
        program = {**w.program(), "start": w.start}
        first = None
        try:
            for trial in range(TRIALS):
                outcome = Machine(program, random.Random(f"{seed}.{tried}.{trial}"), trial).outcome()
                if first is None:
                    first = outcome
                elif outcome != first:
                    first = None
                    break
        except Unspecified:
            continue
        if first is None:
            continue
        made += 1
        yield finished(Vector(w, f"dispatcher {seed}.{tried}", first), w)
    print(f"{made} of {tried} programs have one outcome", file=sys.stderr)


def main():
    for line in programs(sys.argv[1], int(sys.argv[2])):
        print(json.dumps(line, separators=(",", ":")))


if __name__ == "__main__":
    main()

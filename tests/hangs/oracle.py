#!/usr/bin/env python3
"""The rules of tests/hangs/README.md in their plainest form: a second opinion on any trace or log, slow and short.

usage: oracle.py TRACE [--json]     (answers as `wedge hang` does; $WEDGE reads logs and branches)
"""
import json, os, subprocess, sys

from facts import WEDGE, Facts

FAR = 86_400 * 10**9  # a timer due later than a day after the end never fires
ROUNDS = 8  # a loop is steady after so many equal rounds
SPIN_ROUNDS, SPIN_NS = 50, 250 * 10**6  # and a spin after so many, for so long
LOCKS = ("CriticalSection", "Mutant", "ReadWriteLock")


class Loop:
    """The equal rounds that a thread's calls end with. calls is one round; since is where they began; count how many there are."""

    def __init__(self, calls, count, since, ns):
        self.calls, self.count, self.since, self.ns = calls, count, since, ns


def tail_loop(t, limit=64):
    calls = t.calls
    done = len(calls) - (1 if t.call is not None else 0)
    best = None
    for period in range(1, min(limit, done // 3) + 1):
        i = done - 1
        while i - period >= 0 and calls[i].key == calls[i - period].key:
            i -= 1
        count = (done - 1 - i) // period + 1
        if count >= 3 and (best is None or count * period > best.count * len(best.calls)):
            first = calls[i + 1] if i + 1 < done else calls[done - 1]
            best = Loop(calls[done - period:done], count, first.seq, calls[done - 1].ns - first.ns)
            if count * period >= done - 2:
                break
    return best


class Judge:
    def __init__(self, facts):
        self.f = facts
        self.loops = {}
        self.threads = [t for t in facts.threads.values() if t.tid and not t.host]
        self.live = [t for t in self.threads if not t.exited and (t.created or t.started)]
        self.spinners = {}
        self.find_spinners()
        self.stuck = self.find_stuck()

    # ------------------------------------------------------------ who moves

    def loop(self, t):
        if t.tid not in self.loops:
            self.loops[t.tid] = tail_loop(t)
        return self.loops[t.tid]

    @staticmethod
    def blocked(t):
        if t.exited:
            return False
        return t.suspends > 0 or (t.wait is not None and t.wait.timeout == -1 and bool(t.wait.objects or getattr(t.wait, "unknown", False)))

    def steady(self, t, since):
        """Whether t has done nothing new since then: equal rounds only."""
        loop = self.loop(t)
        if loop is None or loop.count < ROUNDS:
            return False
        rounds = sum(1 for c in t.calls if c.seq > since) / len(loop.calls) if since > loop.since else loop.count
        if loop.since > since and self.f.end_seq - loop.since < 0.5 * (self.f.end_seq - since):
            return False
        return rounds >= ROUNDS

    def find_spinners(self):
        """Threads that run in equal rounds that change nothing: queries, delays, waits that time out, calls that fail."""
        for t in self.live:
            if self.blocked(t):
                continue
            loop = self.loop(t)
            if loop and loop.count >= SPIN_ROUNDS and all(c.fruitless for c in loop.calls) and (loop.ns >= SPIN_NS or not self.f.timed):
                self.spinners[t.tid] = loop
            elif t.wait is None and self.silent_spin(t):
                self.spinners[t.tid] = None

    def silent_spin(self, t):
        """No call for half of the run, and the record of branches is of one tiny loop."""
        if not os.path.isdir(self.f.path) or self.f.end_ns - t.last_ns < max(SPIN_NS, self.f.end_ns // 2):
            return False
        p = subprocess.run([WEDGE, "events", self.f.path, "--branches", "--tid", str(t.tid), "--cycle", str(t.last_cycle + 1000000), "--limit", "100000"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="latin-1")
        lines = p.stdout.splitlines()
        return len(lines) == 100000 and len({l.split()[2] for l in lines}) <= 2

    def could_signal(self, u, o, t):
        """Whether thread u may yet signal o for t, going by what it does."""
        if u is t or u.exited or u.tid in self.stuck_now or u.tid in self.spinners:
            return False
        if not self.steady(u, t.wait.seq if t.wait else 0):
            return True
        calls = self.loop(u).calls
        if any(o in c.signals for c in calls) or (t.wait and t.wait.alertable and any(c.apc for c in calls)):
            return True
        return any(c.name == "KeInsertQueueDpc" for c in calls) and any(s.context == "dpc" and s.tid == u.tid for s in o.signals)

    def interrupts(self, o):
        """Whether interrupts have signalled o up to the end."""
        times = [s.seq for s in o.signals if s.context == "interrupt"]
        return len(times) >= 2 and self.f.end_seq - times[-1] <= 4 * max(1, (times[-1] - times[0]) / (len(times) - 1)) + 64

    def can_end(self, o, t):
        """Whether a wait of t for o can end yet."""
        if o.type == "Thread" and o.thread:
            u = o.thread
            return u.exited or (u is not t and u.tid not in self.stuck_now and u.tid not in self.spinners)
        if o.type in LOCKS:
            if o.owner is None:
                return True
            u = self.f.threads[o.owner]
            return not u.exited and u.tid not in self.stuck_now and u.tid not in self.spinners
        if o.type == "Timer":
            if o.armed is not None and (o.period or not self.fired(o)):
                return o.armed - self.f.end_ns < FAR
        if self.interrupts(o):
            return True
        return any(self.could_signal(u, o, t) for u in self.live)

    def fired(self, o):
        return any(True for _ in o.takes) and not o.period

    def lacking(self, t):
        """The objects that t's wait still needs."""
        if t.wait is None:
            return []
        if not t.wait.all:
            return t.wait.objects
        return [o for o in t.wait.objects if not self.signalled(o, t)]

    @staticmethod
    def signalled(o, t):
        if o.thread is not None:
            return o.thread.exited
        if o.type in LOCKS:
            return o.owner in (None, t.tid)
        return o.state > 0

    def can_move(self, t):
        if t.suspends:
            return any(u is not t and not u.exited and u.tid not in self.stuck_now and u.tid not in self.spinners and
                       (not self.steady(u, t.last_seq) or any(c.name in ("NtResumeThread", "KeResumeThread") for c in self.loop(u).calls)) for u in self.live)
        lacking = self.lacking(t)
        if not lacking:  # nothing is known of what it waits for
            return any(u is not t and not u.exited and u.tid not in self.stuck_now and u.tid not in self.spinners and not self.steady(u, t.wait.seq)
                       for u in self.live)
        ends = [self.can_end(o, t) for o in lacking]
        return all(ends) if t.wait.all else any(ends)

    def find_stuck(self):
        """The largest set of blocked threads that nobody outside of it can wake."""
        self.stuck_now = {t.tid for t in self.live if self.blocked(t)}
        while True:
            free = {tid for tid in self.stuck_now if self.can_move(self.f.threads[tid])}
            if not free:
                return self.stuck_now
            self.stuck_now -= free

    # ------------------------------------------------------------ who is missed

    def waits_for(self, t):
        """Threads whose progress t needs, by what is certain: joins and locks."""
        for o in self.lacking(t):
            if o.thread is not None and not o.thread.exited:
                yield o.thread, o
            elif o.type in LOCKS and o.owner is not None:
                yield self.f.threads[o.owner], o

    def cycle_of(self, t, edges):
        """The threads of a circle through t, or []."""
        path = []

        def walk(u):
            path.append(u)
            for v in edges(u):
                if v is t:
                    return True
                if v not in path and v.tid in self.stuck and walk(v):
                    return True
            path.pop()
            return False

        return path if walk(t) else []

    def last_request(self, t):
        """The thread that took what t signalled last before its wait: it has t's request."""
        for c in reversed([c for c in t.calls if c.seq < t.wait.seq][-12:]):
            for o in c.signals:
                for s in reversed(o.signals):
                    if s.tid == t.tid and s.idx == c.idx and s.taken_by and s.taken_by[0][0] != t.tid:
                        return self.f.threads[s.taken_by[0][0]], s
        return None, None

    def last_take(self, o, t):
        return max((seq for seq, tid in o.takes if tid == t.tid), default=0)

    def signaler(self, o, t):
        """(thread, why) that is expected to signal o."""
        past = [s for s in o.signals if s.tid != t.tid and s.context == "thread"]
        if past:
            return self.f.threads[past[-1].tid], "it signalled it before"
        u, s = self.last_request(t)
        later = u is not None and o.by == t.tid and not o.guest and (o.idx or 0) > s.idx  # the request can tell nobody of it
        if u is not None and not later and s.seq > self.last_take(o, t) and not self.owes(t, u):
            return u, "it took the request"
        siblings = [x for x in (t.wait.objects if t.wait else []) if x is not o and x.signals]
        if siblings and siblings[0].signals[-1].tid != t.tid:
            return self.f.threads[siblings[0].signals[-1].tid], "it signalled the others"
        return None, None

    def is_request_open(self, u, t, o):
        """Whether u took a signal of t's since t last got o."""
        since = self.last_take(o, t)
        return any(s.tid == t.tid and any(tid == u.tid and seq > since for tid, seq in s.taken_by) for x in self.f.objects.values() for s in x.signals)

    def lost(self, o, t):
        """The signal of o that was given and gone before t could have it: (signal, words) or None."""
        since = self.last_take(o, t)
        for s in reversed(o.signals):
            if s.tid == t.tid and not s.taken_by and s.cleared_by is None and s.op != "pulse":
                continue
            if s.op == "pulse" and s.seq > since and not any(tid == t.tid for tid, _ in s.taken_by):
                return s, "it was pulsed before this wait" if not s.taken_by else f"the pulse woke thread {s.taken_by[0][0]} alone"
            if s.cleared_by is not None and s.seq > since:
                return s, f"thread {s.cleared_by[0]} reset it before this wait"
            if s.taken_by and s.taken_by[0][0] != t.tid and s.seq > since and s.taken_by[0][0] != s.tid:
                return s, f"thread {s.taken_by[0][0]} took it"
            if s.previous and s.op == "set" and not o.manual and s.seq <= since and s.tid != t.tid and s is o.signals[-1]:
                return s, "two signals were one: it was still set at the second"
            if s.seq <= since:
                break
        return None

    def apc_never(self, o, t):
        """An APC that waits for an alertable wait which does not come, and could be what would signal o."""
        for u in self.live:
            if u.pending_apcs and u.tid in self.stuck and not (u.wait and u.wait.alertable) and not u.suspends:
                if not any(s.context == "thread" and s.tid != u.tid for s in o.signals):
                    return u
        return None

    def dpc_never(self, o):
        if o.signals and all(s.context == "dpc" for s in o.signals):
            return True
        return not o.signals and any(all(what == "init" for _, _, what in d) for d in self.f.dpcs.values())

    # ------------------------------------------------------------ verdicts

    def verdict(self, t, kind, o, text, signaler=None, owner=None):
        made = {"class": kind, "root": True, "tid": t.tid, "entry": f"0x{t.entry:x}", "since_ns": t.wait.ns if t.wait else t.last_ns,
                "idx": t.wait.idx if t.wait else t.last_idx, "object": None, "expected_signaler": {"tid": signaler.tid} if signaler else None,
                "owner": {"tid": owner.tid} if owner else None, "text": f"thread {t.tid} (entry 0x{t.entry:x}): {kind}: {text}"}
        if isinstance(o, str):
            made["object"] = {"type": "File", "hsid": None, "name": o, "created_by": None, "created_idx": None}
        elif o is not None:
            kind_ = "Thread" if o.thread else o.type
            made["object"] = {"type": None if kind_ == "?" else kind_, "hsid": o.hsid, "name": o.name, "created_by": o.by, "created_idx": o.idx}
            if o.guest is not None:
                made["object"]["guest_object"] = f"0x{o.guest:x}"
        return made

    def chain(self, t, seen):
        """t's verdict, then those of the threads that it waits for. The root has root true."""
        if t.tid in seen:
            return
        seen[t.tid] = None
        if t.suspends:
            seen[t.tid] = self.verdict(t, "never-resumed", t.object or self.f._thread_object(t), "it is suspended, and nobody resumes it")
            return
        if t.tid in self.spinners:
            seen[t.tid] = self.spin(t)
            return
        lacking = self.lacking(t)
        dead = [o for o in lacking if not self.can_end(o, t)] or lacking
        if not dead:
            seen[t.tid] = self.verdict(t, "missing-signaler", None, "it waits, for what the trace does not say")
            return
        circle = self.cycle_of(t, lambda u: (v for v, _ in self.waits_for(u)))
        if circle:
            o = next(o for v, o in self.waits_for(t) if v in circle)
            seen[t.tid] = self.verdict(t, "circular-wait", o, "it waits for thread " + " which waits for thread ".join(str(u.tid) for u in circle[1:] + circle[:1]), owner=next(v for v, x in self.waits_for(t) if x is o))
            for u in circle[1:]:
                self.chain(u, seen)
            return
        certain = [(u, o) for u, o in self.waits_for(t) if o in dead]
        for u, o in certain:
            if u.exited:
                seen[t.tid] = self.verdict(t, "abandoned-lock", o, f"its owner, thread {u.tid}, has ended", owner=u)
                return
        for u, o in certain:
            self.chain(u, seen)
            self.follows(t, u, o, seen, f"thread {u.tid} is stuck itself", owner=u if o.type in LOCKS else None)
        if not certain:
            self.unowned(t, dead, seen)

    def follows(self, t, u, o, seen, text, **who):
        if seen.get(t.tid) is None:
            seen[t.tid] = self.verdict(t, "waits-for-stuck", o, text, **who)
            seen[t.tid]["root"] = False

    def unowned(self, t, dead, seen):
        o = dead[0]
        if o.type == "Timer":
            seen[t.tid] = self.verdict(t, "timer-never", o, "the timer is not set" if o.armed is None else "the timer has fired, or is due in another age")
            return
        for x in dead:
            lost = self.lost(x, t)
            if lost:
                seen[t.tid] = self.verdict(t, "lost-wakeup", x, lost[1], signaler=self.f.threads[lost[0].tid] if lost[0].tid else None)
                return
        u = self.apc_never(o, t)
        if u:
            seen[t.tid] = self.verdict(t, "apc-never", o, f"an APC waits in thread {u.tid}, which is not alertable", signaler=u if u is not t else None)
            return
        if self.dpc_never(o):
            seen[t.tid] = self.verdict(t, "dpc-never", o, "the DPC that signals it is not queued")
            return
        self.missing(t, o, seen)

    def missing(self, t, o, seen):
        u, why = self.signaler(o, t)
        failing = [v for v in self.live if v.tid in self.spinners and v is not t and self.failing(v)]
        if u is None and failing:
            u = failing[0]
        asleep = [v for v in self.live if v.suspends and not v.calls and not o.signals]
        if u is None and asleep:
            seen[t.tid] = self.verdict(t, "never-resumed", asleep[0].object, f"thread {asleep[0].tid} has never run", signaler=asleep[0])
            return
        if u is not None and u.tid in self.spinners or (u is not None and u.suspends):
            self.chain(u, seen)
            self.follows(t, u, o, seen, f"thread {u.tid}, which signals it, does not go on", signaler=u)
            return
        if u is not None and u.tid in self.stuck and u.wait is not None:
            if any(v is t for v, _ in self.waits_for(u)):
                seen[t.tid] = self.verdict(t, "circular-wait", o, f"thread {u.tid}, which signals it, waits for this thread", signaler=u)
                self.chain(u, seen)
                theirs = next(o_ for v, o_ in self.waits_for(u) if v is t)
                seen[u.tid] = self.verdict(u, "circular-wait", theirs, f"thread {t.tid}, which expects its signal, holds it", owner=t)
                return
            theirs = self.lacking(u)
            mine = theirs and self.signaler(theirs[0], u)[0] is t
            if mine and not self.is_request_open(u, t, o):
                seen[t.tid] = self.verdict(t, "circular-wait", o, f"thread {u.tid}, which signals it, waits for this thread's signal", signaler=u)
                seen[u.tid] = self.verdict(u, "circular-wait", theirs[0], f"thread {t.tid}, which signals it, waits for this thread's signal", signaler=t)
                return
            if theirs and why == "it signalled it before" and not self.gave_up(u, o):
                self.chain(u, seen)
                self.follows(t, u, o, seen, f"thread {u.tid}, which signals it, is stuck itself", signaler=u)
                return
        text = "nobody signals it" if u is None else f"thread {u.tid} should ({why})" + (", and has ended" if u.exited else "")
        seen[t.tid] = self.verdict(t, "missing-signaler", o, text, signaler=u)

    def owes(self, t, u):
        """Whether t took a signal of u's later than it gave one that u took: then u waits for t's answer, not t for u's."""
        asked = max((seq for x in self.f.objects.values() for s in x.signals if s.tid == u.tid for tid, seq in s.taken_by if tid == t.tid), default=-1)
        gave = max((s.seq for x in self.f.objects.values() for s in x.signals if s.tid == t.tid and any(tid == u.tid for tid, _ in s.taken_by)), default=-1)
        return asked > gave

    def gave_up(self, u, o):
        """Whether u, since it signalled o last, took something and came back to wait for the same again: a job without its signal."""
        since = max((s.seq for s in o.signals if s.tid == u.tid), default=0)
        return u.wait is not None and any(tid == u.tid and seq > since for x in u.wait.objects for seq, tid in x.takes)

    def spin(self, t):
        loop = self.spinners[t.tid]
        if loop is None:
            return self.verdict(t, "spin", None, "it runs in one tiny loop without a call")
        failing = self.failing(t)
        if failing:
            o = failing.path if failing.path else failing.objects[0] if failing.objects else None
            return self.verdict(t, "wrong-status", o, f"{failing.name} gives 0x{failing.status:x} for ever ({loop.count} times)")
        objects = [o for c in loop.calls for o in c.objects]
        return self.verdict(t, "spin", objects[0] if objects else None, f"{loop.count} rounds of {', '.join(dict.fromkeys(c.name for c in loop.calls))} change nothing")

    def failing(self, t):
        """The call that fails in every round of a spinner."""
        loop = self.spinners[t.tid]
        return next((c for c in loop.calls if c.status is not None and c.status >= 0xC0000000 and c.name.startswith(("Nt", "Ke", "Xex"))), None) if loop else None

    def progress_elsewhere(self):
        """Frames are swapped up to the end by a thread that moves."""
        late = [tid for seq, tid in self.f.swaps if seq > 0.75 * self.f.end_seq]
        return any(tid not in self.stuck and tid != self.f.main for tid in late)

    def wanted(self):
        """Stuck or spinning threads that are missed: the main thread, and those of a proven circle or abandoned lock."""
        main = self.f.threads.get(self.f.main)
        if main is not None and not main.exited and not self.progress_elsewhere() and (main.tid in self.stuck or main.tid in self.spinners):
            yield main
        for t in self.live:
            if t.tid in self.stuck and t.wait is not None and not t.suspends:
                owners = [(u, o) for u, o in self.waits_for(t)]
                if self.cycle_of(t, lambda u: (v for v, _ in self.waits_for(u))) or any(o.type in LOCKS for _, o in owners):
                    yield t
        if self.f.reason == "wedge" and (main is None or main.exited):
            yield from (t for t in self.live if t.tid in self.stuck)

    def verdicts(self):
        if self.f.reason in ("exit", "exception", "unimplemented", "stopped", "error"):
            return []
        if any(c.name == "HalReturnToFirmware" for t in self.live for c in t.calls[-1:]):
            return []
        seen = {}
        for t in self.wanted():
            self.chain(t, seen)
        rank = {"circular-wait": 0, "abandoned-lock": 1, "never-resumed": 2, "lost-wakeup": 3, "timer-never": 4, "apc-never": 4, "dpc-never": 4,
                "wrong-status": 5, "spin": 6, "missing-signaler": 7, "waits-for-stuck": 8}
        return sorted((v for v in seen.values() if v), key=lambda v: (not v["root"], rank[v["class"]], v["since_ns"], v["tid"]))


def main():
    args = [a for a in sys.argv[1:] if a != "--json"]
    verdicts = Judge(Facts(args[0])).verdicts()
    if "--json" in sys.argv:
        print(json.dumps({"healthy": not verdicts, "verdicts": verdicts}))
    else:
        print("\n".join(v["text"] for v in verdicts) or "nothing is stuck")
    return 1 if verdicts else 0


if __name__ == "__main__":
    sys.setrecursionlimit(10000)
    sys.exit(main())

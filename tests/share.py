"""Which cases of a sweep this commit tries. .ci/run names the commit in WEDGE_SHARE: of each sweep it tries one case in so many then, other ones
for each commit; COMMIT/TIMES, for the sanitizers, which take longer over each, that many times fewer. Without it every case is tried.

usage: share.py WHAT EVERY COMMAND... -- CASE...: the command with that share of the cases
"""
import hashlib, os, sys

commit, _, times = os.environ.get("WEDGE_SHARE", "").partition("/")
times = int(times or 1)


def seed(what):
    """A number of this commit's; 0 where none is named."""
    return int(hashlib.sha256((commit + what).encode()).hexdigest()[:8], 16) if commit else 0


def of(what, cases, every):
    """One in `every` of them, at least one; `what` tells sweeps apart."""
    cases = list(cases)
    if not commit or not cases:
        return cases
    begin = seed(what)
    return cases[begin % (every * times) :: every * times] or [cases[begin % len(cases)]]


def chosen(what, every):
    """Whether the case `what` is among the one in `every`."""
    return not commit or seed(what) % (every * times) == 0


if __name__ == "__main__":
    what, every, *command = sys.argv[1:]
    end = command.index("--")
    os.execvp(command[0], command[:end] + of(what, command[end + 1:], int(every)))

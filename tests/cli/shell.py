#!/usr/bin/env python3
"""The shell of `wedge query` on a terminal and without one, and the pager and colours of `wedge events`.

shell.py WEDGE GUESTS SOURCE WORK
"""
import json, os, pty, re, select, signal, subprocess, sys, time

import tool

wedge, guests, source, work = (os.path.abspath(p) for p in sys.argv[1:5])
tool.enter(work)
run = tool.runner(wedge)
run("record", os.path.join(guests, "files.xex"), "-o", "run")
events = [json.loads(l) for l in run("events", "run", "--json")[0].splitlines()]
os.environ.update(XDG_STATE_HOME=os.path.join(work, "state"), TERM="xterm", LC_ALL="C.UTF-8")
os.environ.pop("NO_COLOR", None)
open("known-leaks", "w").write("leak:wcsdup\n")  # libedit keeps the names of functions that it is given
os.environ["LSAN_OPTIONS"] = "print_suppressions=0:suppressions=" + os.path.join(work, "known-leaks")
LIMIT = 60
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):  # whoever runs this in the background may have them ignored
    signal.signal(number, signal.SIG_DFL)


class Terminal:
    def __init__(self, *args, **env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(env)
            os.execv(wedge, [wedge, *args])
        self.text = ""

    def wait(self, pattern):
        """What came up to the pattern, which is taken away."""
        end = time.monotonic() + LIMIT
        while True:
            m = re.search(pattern, self.text)
            if m:
                before, self.text = self.text[: m.end()], self.text[m.end() :]
                return before
            assert time.monotonic() < end and select.select([self.fd], [], [], LIMIT)[0], (pattern, self.text)
            try:
                data = os.read(self.fd, 4096).decode(errors="replace")
            except OSError:
                data = ""
            assert data, (pattern, self.text)
            self.text += data

    def send(self, text):
        os.write(self.fd, text.encode())

    def leave(self):
        """Ctrl-D, as often as it takes: libedit shows its prompt before the terminal is its own, and one that comes then is a character.
        Ctrl-U takes that away."""
        end = time.monotonic() + LIMIT
        self.send("\x04")
        while time.monotonic() < end:
            if not select.select([self.fd], [], [], 1)[0]:
                self.send("\x15\x04")
                continue
            try:
                data = os.read(self.fd, 4096).decode(errors="replace")
            except OSError:
                data = ""
            if not data:
                break
            self.text += data
        return self.end()

    def end(self):
        try:
            while True:
                data = os.read(self.fd, 4096).decode(errors="replace")
                if not data:
                    break
                self.text += data
        except OSError:
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


# -- on a terminal --

t = Terminal("query", "run")
t.wait("wedge> ")
t.send(".help\n")
edits = "Tab completes" in t.wait(r"(line editing|Tab completes)[^\n]*\n")
t.wait("wedge> ")
t.send("SELECT count(*) AS n\n")
t.wait(r"\.\.\.> ")
t.send("  FROM events;\n")
assert "┌" in t.wait("│ %d" % len(events)), "a box"
t.wait("wedge> ")
t.send("SELECT nonsense;\n")
t.wait("no such column")
t.wait("wedge> ")
# Ctrl-C stops a statement and takes back what was typed, and ends neither the shell nor what comes next.
t.send("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c;\n")
t.wait("\n")
time.sleep(0.3)
t.send("\x03")
t.wait("interrupted")
t.wait("wedge> ")
t.send("SELECT 'this is taken ba")
t.wait("taken ba")
t.send("\x03")
t.wait("wedge> ")
t.send("SELECT 6 * 7 AS answer;\n")
t.wait("│ 42 ")
t.wait("wedge> ")
t.send(".mode csv\n")
t.wait("wedge> ")
t.send("SELECT char(27) || '[31m' AS a, 'x' AS b;\n")
t.wait(r"a,b\r?\n\\x1b\[31m,x")
t.wait("wedge> ")
if edits:
    t.send("SELECT max(host_\t) FROM events;\n")
    t.wait(r"max\(host_ns.*\r\n%d\r" % max(e["host_ns"] for e in events))
    t.wait("wedge> ")
    t.send("SELECT * FROM v_unret\t;\n")
    t.wait("tid,idx")
    t.wait("wedge> ")
    t.send("SELECT * FROM wait_ch\t(1);\n")  # a function that gives rows
    t.wait("step,tid,call")
    t.wait("wedge> ")
    t.send(".tab\t\n")
    t.wait("v_unreturned")
    t.wait("wedge> ")
    t.send("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[B\n")  # back to the statement before
    t.wait("wedge> ")
t.send(".quit\n")
assert t.end() == 0, t.text
if edits:
    file = os.path.join(work, "state/wedge/history")
    assert os.stat(file).st_mode & 0o077 == 0 and "FROM" in open(file).read()
    t = Terminal("query", "run")
    t.wait("wedge> ")
    t.send("\x1b[A\x1b[A\n")  # of the last time
    t.wait("wedge> ")
    assert t.leave() == 0, t.text
# Without a folder for it there is no history.
t = Terminal("query", "run", XDG_STATE_HOME="", HOME="/nowhere-at-all")
t.wait("wedge> ")
t.send("SELECT 1;\n")
t.wait("│ 1 ")
t.wait("wedge> ")
assert t.leave() == 0, t.text

# Ctrl-C of a single statement ends it in order: nothing stays behind.
os.makedirs("tmp")
os.environ["TMPDIR"] = os.path.join(work, "tmp")
p = subprocess.Popen([wedge, "query", "-", "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
p.stdin.write(subprocess.run(["zstdcat", "run/trace.jsonl.zst"], capture_output=True, check=True).stdout)
p.stdin.close()
end = time.monotonic() + LIMIT
while not os.listdir("tmp") and time.monotonic() < end:
    time.sleep(0.05)
time.sleep(0.3)
p.send_signal(signal.SIGINT)
assert p.wait(LIMIT) == 2 and b"interrupted" in p.stderr.read() and os.listdir("tmp") == []

# -- without one --


def shell(text, *options, code=0):
    return run("query", "run", *options, input=text.encode(), code=code)


assert shell("SELECT 1 AS a; SELECT 2 AS b;\n", "--csv")[0] == "a\n1\nb\n2\n"
assert shell("SELECT ';' AS a\n;\n-- nothing\n;SELECT 3 AS c", "--csv")[0] == "a\n;\nc\n3\n"
out, err = shell("SELECT nonsense;\n.mode markdown\n.mode\nSELECT 1 AS a;\n")
assert out == "markdown\n| a |\n|---|\n| 1 |\n" and "no such column" in err, out
# A name that nothing has may be a slip of one that there is.
for sql, said in (("SELECT * FROM v_blokced", "no such table: v_blokced; did you mean 'v_blocked'?"), ("SELECT nam FROM calls", "no such column: nam; did you mean 'name'?"), ("SELECT c.idxx FROM calls c", "no such column: c.idxx; did you mean 'idx'?"),
                  ("SELECT * FROM call_count(1)", "no such table: call_count; did you mean 'call_counts'?"), ("SELECT statuss(rv) FROM calls", "no such function: statuss; did you mean 'status'?"), ("SELECT * FROM quite_another_thing", "no such table: quite_another_thing\n")):
    assert said in run("query", "run", sql, code=2)[1], sql
    assert said in shell(sql + ";\n", code=2)[1], sql
assert shell("SELECT 1 AS a;\nSELECT nonsense;\n", code=2)[0].count("1") == 1
assert shell("SELECT 1;\n.quit\nSELECT nonsense;\n")[1] == ""
out = shell(".tables\n", "--csv")[0].splitlines()
assert {"view,v_unreturned", "view,v_calls", "virtual,events"} <= set(out) and out == sorted(set(out), key=out.index), out
views = shell(".views\n", "--csv")[0].splitlines()[1:]
assert views and set(views) == {l for l in out if l.startswith("view,")}
assert "CREATE TABLE events" in shell(".schema events\n")[0] and "hsid TEXT -- not in *" in shell(".schema\n")[0]
assert shell(".schema v_unreturned\n")[0].startswith("CREATE VIEW v_unreturned")
functions = shell(".functions\n")[0].splitlines()
assert len(functions) >= 24 and any(l.startswith("wait_chain(tid) rows: ") for l in functions) and any(l.startswith("hex(x)") for l in functions)
assert shell(".functions seq_at\n")[0].startswith("-- seq_at(tid, idx) value: ") and "no function 'x'" in shell(".functions x\n", code=2)[1]
assert "no table or view 'nonsense'" in shell(".schema nonsense\n", code=2)[1]
assert "'.tables'" in shell(".table\n", code=2)[1] and "expected box|" in shell(".mode yaml\n", code=2)[1]
queries = os.path.join(source, "docs/queries.sql")
if os.path.exists(queries):
    text = [l for l in open(queries).read().splitlines() if l]
    assert [l for l in shell(".examples\n")[0].splitlines() if l] == text
    assert "no example holds" in shell(".examples nonsense-at-all\n", code=2)[1]
else:
    assert "no examples" in shell(".examples\n", code=2)[1]

# -- wedge events on a terminal: coloured, paged --

plain = run("events", "run")[0]
strip = lambda text: re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r\n", "\n")
t = Terminal("events", "run", "--no-pager")
assert t.end() == 0 and "\x1b[32m" in t.text and strip(t.text) == plain, "colours change no text"
for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
    t = Terminal("events", "run", "--no-pager", **env)
    assert t.end() == 0 and "\x1b" not in t.text and strip(t.text) == plain, env
t = Terminal("events", "run", PAGER="sed s/^/paged:/")
assert t.end() == 0 and strip(t.text).replace("paged:", "") == plain and t.text.count("paged:") == plain.count("\n")
t = Terminal("events", "run", PAGER="head -n 2")
assert t.end() == 0 and strip(t.text).count("\n") == 2, t.text
t = Terminal("events", "run", "--no-pager", "--grep", "NtClose", "--limit", "1")
assert t.end() == 0 and "\x1b[1;31mNtClose\x1b[0m" in t.text, t.text
assert "\x1b" not in run("events", "run", "--grep", "NtClose")[0]
print("shell: %s" % ("with editing" if edits else "lines as they come"))

#!/usr/bin/env python3
"""The packets of `wedge gdb`, spoken without gdb: forms, errors, garbage, clients that go away, two at once.

usage: gdb_packets.py WEDGE GUESTS WORKDIR
"""
import os, re, socket, subprocess, sys
import xml.etree.ElementTree as ET
from gdb_client import Server, frame, names
from tool import enter, runner

wedge, guests, work = map(os.path.abspath, sys.argv[1:4])
enter(work)
run = runner(wedge)
run("record", guests + "/threads.xex", "-o", "threads", "--checkpoints")
# Long enough to be interrupted.
run("record", guests + "/endless_quiet.xex", "-o", "endless", "--seconds", "0.5", "--no-branches", "--checkpoints")
nm = names(guests, "threads")
address = {line.split()[2]: int(line.split()[0], 16) for line in nm.splitlines() if len(line.split()) == 3}
REGISTERS, PC = 201, 32
RECORD = "E.a run is a record: nothing of it can be changed"


def pc_of(stop):
    return int(re.search(r"20:([0-9a-f]{8});", stop).group(1), 16)


def forms(s):
    c = s.connect()
    # Checksums: a bad one is asked for again, and what was not acknowledged is sent again.
    c.raw(b"$?#00")
    assert c.byte() == b"-"
    c.raw(b"$?#zz")
    assert c.byte() == b"-"
    first = c.ask("?")
    assert re.match(r"T05thread:1;", first), first
    c.raw(b"-")
    assert c.packet().decode() == first
    # What is not known is empty, and what makes no sense is an error that says so.
    for unknown in "!", "vMustReplyEmpty", "qUnknown", "QUnknown:1", "R00", "A", "", "i", "bx", "x0,4", "qCRC:0,4", "vRun;":
        assert c.ask(unknown) == "", unknown
    for wrong in "m", "m1", "m1,", "mzz,4", "p", "pc9", "pffffffffffffffff", "Hx1", "Hg77", "Hg", "Z0", "Z0,1", "Z0,82010461,4", \
                 "Z2,ffffffff,2", "Z2,82010460,0", "Z0,182010460,4", "vCont;", "vCont;x", "vCont;s:zz", "qThreadExtraInfo,", \
                 "qMemoryRegionInfo:", "qRcmd,4", "qRcmd,zz", "c82010460", "qXfer:features:read:target.xml:0":
        assert c.ask(wrong)[:1] == "E", (wrong, c.ask(wrong))
    for write in "M82010460,4:60000000", "X82010460,0:", "P0=00", "G00":
        assert c.ask(write) == RECORD, write
    assert c.ask("qXfer:features:read:other.xml:0,100") == "E00"
    assert "PacketSize=4000" in c.ask("qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386")
    c.acks = c.ask("QStartNoAckMode") != "OK"
    assert not c.acks
    c.raw(b"+")
    c.raw(b"$?#00")  # not answered at all now
    assert c.ask("?") == first
    # Lengths: a packet that is too long is no packet; one within another begins anew.
    c.raw(b"$" + b"m" * 100000 + b"#00" + b"garbage \x00\xff" + b"$m0,$" + frame(b"qC")[1:])
    assert c.packet() == b"QC1"
    c.raw(b"\x03\x03+-+-")  # nothing goes on
    assert c.ask("qAttached") == "1"
    assert c.ask("qAttached:1") == "1"
    c.close()


def registers(s):
    c = s.connect()
    xml = c.object("features", "target.xml")
    root = ET.fromstring(re.sub("<!DOCTYPE.*?>", "", xml))
    regs = {int(r.get("regnum")): r for r in root.iter("reg")}
    assert sorted(regs) == list(range(REGISTERS))
    assert len({r.get("name") for r in regs.values()}) == REGISTERS
    assert [f.get("name") for f in root.iter("feature")] == [
        "org.gnu.gdb.power.core", "org.gnu.gdb.power.fpu", "org.gnu.gdb.power.altivec", "org.wedge.xenon.vmx128"]
    assert regs[PC].get("name") == "pc" and regs[PC].get("bitsize") == "32" and regs[1].get("bitsize") == "64"
    assert {"vr0", "vr127"} <= {r.get("name") for r in regs.values() if r.get("bitsize") == "128"}
    every, at = c.ask("g"), 0
    for n in range(REGISTERS):
        digits = int(regs[n].get("bitsize")) // 4
        assert c.ask("p%x" % n) == every[at:at + digits], n
        at += digits
    assert at == len(every)
    c.close()


def memory(s):
    c = s.connect()
    assert c.ask("m%x,4" % address["NtClose"]) == "44000042"
    assert c.ask("m10,4") == "E14" and c.ask("m7fc80000,4") == "E14" and c.ask("mfffffffffffffff0,20") == "E14"
    assert c.ask("m100000000,4") == "E14"
    # What can be read before what cannot.
    region = dict(f.split(":") for f in c.ask("qMemoryRegionInfo:%x" % address["shared"]).strip(";").split(";"))
    end = int(region["start"], 16) + int(region["size"], 16)
    assert "r" in region["permissions"] and bytes.fromhex(region["name"]).startswith(b"image")
    assert len(c.ask("m%x,20" % (end - 8))) == 16 and c.ask("m%x,20" % end) == "E14"
    assert "permissions" not in c.ask("qMemoryRegionInfo:10")
    assert c.ask("qMemoryRegionInfo:100000000") == "E14"
    for m in ET.fromstring(re.sub("<!DOCTYPE.*?>", "", c.object("memory-map"), flags=re.S)):
        assert m.get("type") == "ram" and not int(m.get("start"), 16) <= 0x7FC80000 < int(m.get("start"), 16) + int(m.get("length"), 16)
    c.close()


def threads(s):
    c = s.connect()
    assert c.ask("qfThreadInfo") == "m1" and c.ask("qsThreadInfo") == "l"
    assert c.ask("T1") == "OK" and c.ask("T2") == "E03" and c.ask("Hg1") == "OK" and c.ask("Hc-1") == "OK" and c.ask("Hg0") == "OK"
    assert bytes.fromhex(c.ask("qThreadExtraInfo,1")).startswith(b"running, entry 0x8201")
    assert c.ask("Z0,%x,4" % address["KeTlsGetValue"]) == "OK"
    hit = c.ask("vCont;c")
    tid = int(re.match("T05thread:([0-9a-f]+);", hit).group(1), 16)
    listed = [int(t, 16) for t in c.ask("qfThreadInfo")[1:].split(",")]
    xml = ET.fromstring(c.object("threads"))
    assert tid in listed and [int(t.get("id"), 16) for t in xml] == listed
    assert xml[0].get("name") == "thread 1" and xml[0].text.startswith("waiting in NtWaitForMultipleObjectsEx")
    # Another thread's registers.
    assert c.ask("Hg1") == "OK"
    assert int(c.ask("p20"), 16) == address["NtWaitForMultipleObjectsEx"]
    assert c.monitor("stack") and c.monitor("why-blocked")
    c.close()


def both_ways(s):
    c = s.connect()
    c.ask("qSupported:swbreak+;hwbreak+")
    start = c.ask("bc")
    assert "replaylog:begin;" in start, start
    assert "replaylog:begin;" in c.ask("bs") and "replaylog:begin;" in c.ask("bc")
    # Steps forwards, and back again.
    seen = [c.ask("g")]
    for _ in range(20):
        assert c.ask("vCont;s:1;c").startswith("T05thread:1;")
        seen.append(c.ask("g"))
    assert len(set(seen)) == len(seen)
    for n in range(19, -1, -1):
        assert c.ask("bs").startswith("T05thread:1;")
        assert c.ask("g") == seen[n], n
    # Breakpoints, of both kinds; each place once however often it was set.
    for kind, word in (0, "swbreak"), (1, "hwbreak"):
        for _ in range(2):
            assert c.ask("Z%d,%x,4" % (kind, address["NtCreateEvent"])) == "OK"
        hit = c.ask("c")
        assert "%s:;" % word in hit and pc_of(hit) == address["NtCreateEvent"], hit
        assert c.ask("z%d,%x,4" % (kind, address["NtCreateEvent"])) == "OK"
        assert "replaylog:begin;" in c.ask("bc")
    # To the end and back, past a breakpoint that it meets again.
    end = c.ask("c")
    assert end.startswith("T05thread:") and "replaylog:end;" in end
    assert "replaylog:end;" in c.ask("c") and "replaylog:end;" in c.ask("s")
    assert c.ask("Z0,%x,4" % address["NtCreateEvent"]) == "OK"
    back, times = [], 0
    while "replaylog:begin;" not in (hit := c.ask("bc")):
        assert pc_of(hit) == address["NtCreateEvent"]
        back.append(c.monitor("when"))
    forth = []
    while "replaylog:end;" not in (hit := c.ask("c")):
        forth.append(c.monitor("when"))
    assert len(forth) > 2 and forth == back[::-1], (forth, back)
    assert c.ask("z0,%x,4" % address["NtCreateEvent"]) == "OK"
    # A word's writers, from the end back; the value is the one behind each of them.
    assert c.ask("Z2,%x,4" % address["shared"]) == "OK"
    for want in range(12000, 11997, -1):
        hit = c.ask("bc")
        assert "watch:%x;" % address["shared"] in hit, hit
        assert int(c.ask("m%x,4" % address["shared"]), 16) == want
        writer = int(re.search("thread:([0-9a-f]+)", hit).group(1), 16)
        assert c.ask("Hc%x" % writer) == "OK"
        c.ask("bs")
        assert int(c.ask("m%x,4" % address["shared"]), 16) == want - 1
    # Forwards it stops before the write, as a PowerPC does.
    hit = c.ask("c")
    assert "watch:%x;" % address["shared"] in hit and int(c.ask("m%x,4" % address["shared"]), 16) == 11997
    assert c.ask("Hc" + re.search("thread:([0-9a-f]+)", hit).group(1)) == "OK"
    assert c.ask("s") and int(c.ask("m%x,4" % address["shared"]), 16) == 11998
    # Back from right behind a write it is the first that is met; and it is told of once.
    for want in 11998, 11997:
        assert "watch:%x;" % address["shared"] in c.ask("bc") and int(c.ask("m%x,4" % address["shared"]), 16) == want
    assert "watch:%x;" % address["shared"] in c.ask("c") and c.ask("s") and int(c.ask("m%x,4" % address["shared"]), 16) == 11998
    assert c.ask("z2,%x,4" % address["shared"]) == "OK"
    for kind, word in (3, "rwatch"), (4, "awatch"):
        assert c.ask("Z%d,%x,4" % (kind, address["shared"])) == "OK"
        assert "%s:%x;" % (word, address["shared"]) in c.ask("c")
        assert c.ask("z%d,%x,4" % (kind, address["shared"])) == "OK"
    # Places by their names, and some that are none.
    assert "insn=0 cycle=1:0 " in c.monitor("seek insn=0")
    assert pc_of(c.ask("?")) == pc_of(start)
    assert "is no position" in c.monitor("seek nowhere") and "never comes to" in c.monitor("seek insn=99999999999")
    assert "in kernel call NtSetEvent" in c.monitor("seek call=NtSetEvent")
    for view in "help", "threads", "handles", "objects", "waits", "modules", "areas", "regs", "checkpoint":
        assert c.monitor(view), view
    assert "no monitor command" in c.monitor("nothing")
    for alone in "when", "threads", "checkpoint":
        assert "takes nothing" in c.monitor(alone + " 1") and "takes nothing" not in c.monitor(alone + " "), alone
    c.close()


def steps_alone(s):
    """What meets others in a step of one thread alone is held back until all go on."""
    c = s.connect()
    c.ask("qSupported:swbreak+;hwbreak+")
    c.monitor("seek start")
    wait, body = address["NtWaitForMultipleObjectsEx"], address["counter"]
    for at in wait, body:
        assert c.ask("Z0,%x,4" % at) == "OK"
    first = c.ask("vCont;c")
    assert first.startswith("T05thread:1;") and pc_of(first) == wait, first
    here = c.monitor("when")
    held = c.ask("vCont;s:1")
    assert held.startswith("T14thread:1;01:") and pc_of(held) == wait, held
    told = c.ask("vCont;C14:1;c")
    assert told.startswith("T05thread:2;swbreak:;") and pc_of(told) == body, told
    # Not alone: at once. Back, or elsewhere: no more.
    c.monitor("seek start")
    assert c.ask("c") == first and c.ask("vCont;s:1;c") == told
    for away in "bc", None:
        c.monitor("seek start")
        assert c.ask("c") == first and c.ask("vCont;s:1") == held
        if away:
            assert c.ask(away) == first and c.monitor("when") == here
        else:
            c.monitor("seek start")
            assert c.ask("c") == first
    # A thread that runs steps as ever.
    assert c.ask("vCont;s:1") == held and c.ask("vCont;c") == told
    assert c.ask("vCont;s:2").startswith("T05thread:2;01:")
    for at in wait, body:
        assert c.ask("z0,%x,4" % at) == "OK"
    c.close()


def wide_watches(s):
    c = s.connect()
    assert "insn=0 " in c.monitor("seek start")
    # More than a MiB, most of which is no memory: the first thing that changes in it is what the first instruction stores.
    assert c.ask("Z2,70000000,200000") == "OK"
    assert "watch:70000000;" in c.ask("c") and c.monitor("when").count("insn=0 ") == 1
    # Whoever goes there by another way is told of it again.
    c.monitor("seek start")
    assert "watch:70000000;" in c.ask("c") and c.monitor("when").count("insn=0 ") == 1
    assert c.ask("z2,70000000,200000") == "OK"
    # A watch of changes takes nothing from one of accesses to the same place.
    seen = []
    for kinds in "4", "24":
        c.monitor("seek start")
        for k in kinds:
            assert c.ask("Z%s,7018fe00,200" % k) == "OK"
        seen.append([])
        while len(seen[-1]) < 60:
            stop = c.ask("c")
            seen[-1].append(pc_of(stop))
            c.ask("Hc" + re.search("thread:([0-9a-f]+)", stop).group(1))
            c.ask("s")
        for k in kinds:
            assert c.ask("z%s,7018fe00,200" % k) == "OK"
    assert seen[0] == seen[1], seen
    # Back from a thread's first instruction there is nothing of it: it stays where it is.
    c.monitor("seek start")
    assert c.ask("Z0,%x,4" % address["counter"]) == "OK"
    first = c.ask("c")
    here, tid = c.monitor("when"), re.match("T05thread:([0-9a-f]+);", first).group(1)
    assert tid != "1" and "cycle=%d:0 " % int(tid, 16) in here and c.ask("Hc" + tid) == "OK"
    back = c.ask("bs")
    assert back.startswith("T05thread:%s;replaylog:begin;" % tid) and c.monitor("when") == here, back
    assert "replaylog:begin;" in c.ask("Hc0") + c.ask("bc") and "insn=0 " in c.monitor("when")
    assert c.ask("z0,%x,4" % address["counter"]) == "OK"
    # How many there may be, and how much of memory.
    for at in range(4):
        assert c.ask("Z2,%x,40000000" % (at << 30)) == "OK"
    assert c.ask("Z2,0,40000000") == "OK" and c.ask("Z3,0,1") == "E.watches have 4 GiB together at most"
    assert c.ask("c").startswith("T05thread:1;watch:40000000;")
    assert c.ask("z2,0,40000000") == "OK" and c.ask("Z4,0,40000000") == "OK"
    for n in range(4096 - 4):
        assert c.ask("Z0,%x,4" % (0x82000000 + 4 * n)) == "OK"
    assert c.ask("Z0,82100000,4") == "E.there are 4096 points already"
    c.close()


def files(s):
    c = s.connect()
    name = c.object("exec-file", "a410")
    assert name.startswith("/wedge/") and name.endswith(".elf")
    assert c.ask("vFile:setfs:0") == "F0"
    assert c.ask("vFile:open:%s,0,0" % b"/etc/passwd".hex()) == "F-1,2"
    assert c.ask("vFile:open:%s,1,0" % name.encode().hex()) == "F-1,d"
    fd = c.ask("vFile:open:%s,0,0" % name.encode().hex())
    assert fd == "F0"
    elf, part = "", None
    while part != "":
        part = c.ask("vFile:pread:0,300,%x" % len(elf)).split(";", 1)[1]
        elf += part
    assert int.from_bytes(c.ask("vFile:fstat:0")[4:].encode("latin-1")[28:36], "big") == len(elf)
    assert c.ask("vFile:close:0") == "F0" and c.ask("vFile:close:0") == "F-1,9" and c.ask("vFile:pread:0,1,0") == "F-1,9"
    open("title.elf", "wb").write(elf.encode("latin-1"))
    told = subprocess.run(["powerpc-linux-gnu-nm", "title.elf"], stdout=subprocess.PIPE, text=True, check=True).stdout
    told = {line.split()[2]: int(line.split()[0], 16) for line in told.splitlines()}
    for known in "shared", "counter", "NtClose":
        assert told[known] == address[known], known
    c.close()


def comings_and_goings(s):
    c = s.connect()
    c.ask("?")
    other = s.connect()
    assert other.gone()  # at once
    other.close()
    assert c.ask("D") == "OK" and c.gone()
    c.close()
    for last in b"$vKill;1#6e", b"$k#6b", b"$D#44":
        c = s.connect()
        c.ask("s")
        c.raw(last)
        c.close()
    c = s.connect()  # reset in the midst of a packet
    c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    c.raw(b"$m8201")
    c.close()
    c = s.connect()
    c.raw(b"GET / HTTP/1.1\r\nHost: $$$###}}}\r\n\r\n" + bytes(range(256)) * 50)
    c.close()
    c = s.connect()
    assert c.ask("?").startswith("T05")
    c.close()


def interrupts(s):
    c = s.connect()
    c.ask("?")
    c.send("c")
    c.raw(b"\x03")
    assert c.packet().startswith(b"T02thread:")
    assert c.ask("s").startswith("T05")
    c.send("c")
    assert c.byte() == b"+"
    c.close()  # while it goes on
    c = s.connect()
    assert c.ask("?").startswith("T05")
    c.send("vCont;c")
    other = s.connect()
    assert other.gone()
    c.raw(b"\x03")
    assert c.packet().startswith(b"T02thread:")
    c.close()


def stopped(c, line):
    c.send("qRcmd," + line.encode().hex())
    c.raw(b"\x03")
    told = b""
    while (p := c.packet()) != b"OK":
        told += bytes.fromhex(p[1:].decode())
    return told.decode()


def counts_of_events(s):
    c = s.connect()
    for n in "0", "-1", "x", "100001", "99999999999999999999":
        assert c.monitor("events " + n) == f"'{n}' is no count of events: a number from 1 to 100000\n"
    c.close()


# What reads the trace is left, too.
def interrupted_reading(s):
    c = s.connect()
    c.monitor("seek end")
    here = c.monitor("when")
    told = c.monitor("events 30")
    for line in "events", "events 100000", "seek call=NtClose#1", "seek return=KeSetEvent#7":
        assert stopped(c, line) == "interrupted on the way\n", line
        assert c.monitor("when") == here and c.monitor("events 30") == told
    c.close()


# What goes to a place that is known: it is left, its client told, and the run where it was.
def interrupted_seeks(s):
    c = s.connect()
    c.ask("?")

    c.monitor("seek insn=5000000")
    here = c.monitor("when")
    assert "insn=5000000 " in here
    for far in "end", "insn=90000000", "time=0.4":
        assert stopped(c, "seek " + far) == "interrupted on the way\n" and c.monitor("when") == here, far
    assert "never comes to" in c.monitor("seek insn=99999999999") and c.monitor("when") == here
    c.send("qRcmd," + b"seek end".hex())
    assert c.byte() == b"+"
    c.close()  # while it is sought
    c = s.connect()
    assert c.monitor("when") == here
    assert "kept with the run" in c.monitor("checkpoint") and c.monitor("when") == here
    c.close()


with Server(wedge, "threads", "--map", "threads.nm") as s:
    for part in forms, registers, memory, threads, both_ways, steps_alone, wide_watches, files, counts_of_events, interrupted_reading, comings_and_goings:
        print(part.__name__, flush=True)
        part(s)
with Server(wedge, "endless") as s:
    print("interrupts", flush=True)
    interrupts(s)
run("record", guests + "/endless_quiet.xex", "-o", "bare", "--seconds", "0.5", "--no-branches")
with Server(wedge, "bare") as s:
    print("interrupted seeks", flush=True)
    interrupted_seeks(s)

# What cannot be served is said.
assert "expected one RUN" in run("gdb", code=2)[1]
assert "numeric address" in run("gdb", "threads", "--listen", "nowhere.invalid", code=2)[1]
assert "is no position" in run("gdb", "threads", "--port", "0", "--at", "nowhere", code=2)[1]
assert run("gdb", "nothing", "--port", "0", code=2)[1]
out, err = run("gdb", "threads", "--port", "0", "--at", "insn=99999999", code=2)
assert "never comes to" in err and out == "", (out, err)
with Server(wedge, "threads") as s:
    assert "cannot listen at 127.0.0.1, port %d" % s.port in run("gdb", "threads", "--port", str(s.port), code=2)[1]
open("other.nm", "w").write("10000000 T nothing\n")
out, err = run("gdb", "threads", "--port", "0", "--map", "other.nm", code=2)
assert "none of its symbols" in err and out == "", (out, err)  # nobody is told to attach to what will not serve

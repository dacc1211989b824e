#!/usr/bin/env python3
"""Damaged traces, logs and titles: whatever a file holds, Wedge ends with 0, 1 or 2 and no sanitizer's complaint.

usage: input_fuzz.py WEDGE GUESTS WORKDIR [--seed N] [--count N]
"""
import argparse, os, random, shutil, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

LOG = b"""i> 0000137E Storage root: /home/user/xenia
i> 0000137E Added handle:F8000008 for N2xe6kernel7XObjectE
i> 0000137E XThreadF8000008 (6) Stack: 70150000-70190000
K> F8000008 XThread::Execute thid 6 (handle=F8000008, 'Main XThread (F8000008)', native=8DADD6C0)
d> F8000008 NtAllocateVirtualMemory(7018FB90(00000000), 7018FC84(00100000), 60002000, 00000004, 00000000)
d> F8000008 RtlInitAnsiString(7018F388, 82000A44(game:\\Media\\Fonts\\Arial_16.xpr))
d> F8000008 NtCreateFile(7018F380(C880C980), 80100080, 7018F398(FFFFFFFD,game:\\Media\\a.xpr,00000040), 7018F390)
d> F8000008 ExCreateThread(7018F790(00000000), 00010000, 400047E0(00000000), 8208DCB0, 82086378, 40004790, 00000000)
i> F8000008 XThreadF800000C (7) Stack: 701B0000-701C0000
d> F800000C KeWaitForSingleObject(400047CC, 00000003, 00000001, 00000000, 701BFE70(FFFFFFFFFFFB6C20))
i> F8000008 Removed handle:F8000020 for N2xe6kernel5XFileE
"""
BITS = [b"(", b")", b",", b'"', b"{", b"}", b"[", b"\\", b"\xff" * 8, b"0x", b"F8000008", b"\0", b"\n"]


def mutate(rng, data):
    b = bytearray(data)
    for _ in range(rng.randrange(1, 20)):
        i = rng.randrange(len(b)) if rng.random() < 0.7 else rng.randrange(min(len(b), 4096))
        r = rng.random()
        if r < 0.4:
            b[i] = rng.getrandbits(8)
        elif r < 0.6:
            del b[i:i + rng.randrange(1, 50)]
        elif r < 0.8:
            b[i:i] = rng.choice(BITS)
        else:
            del b[i + 1:]
        if not b:
            b = bytearray(b"x")
    return bytes(b)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("wedge")
    ap.add_argument("guests")
    ap.add_argument("work")
    ap.add_argument("--seed", type=int, default=1 + share.seed("damaged inputs"))
    ap.add_argument("--count", type=int, default=300 // share.times)
    a = ap.parse_args()
    a.wedge, a.guests = os.path.abspath(a.wedge), os.path.abspath(a.guests)
    shutil.rmtree(a.work, ignore_errors=True)
    os.makedirs(a.work)
    os.chdir(a.work)
    subprocess.run([a.wedge, "record", os.path.join(a.guests, "cacheload.xex"), "-o", "run"], check=True, stdout=subprocess.DEVNULL)
    trace = open("run/trace.jsonl.zst", "rb").read()
    lines = subprocess.run(["zstdcat", "run/trace.jsonl.zst"], check=True, stdout=subprocess.PIPE).stdout
    titles = [open(os.path.join(a.guests, n), "rb").read() for n in ("cacheload.xex", "hello.xex", "hello.elf")]
    rng = random.Random(a.seed)
    for n in range(a.count):
        kind = rng.randrange(4)
        data = mutate(rng, [trace, lines, LOG, rng.choice(titles)][kind])
        open("f", "wb").write(data)
        if kind == 3:
            shutil.rmtree("r", ignore_errors=True)
            cmd = ["record", "f", "-o", "r", "--seconds", "1"]
        else:
            cmd = rng.choice([["events", "f"], ["diff", "f", "run"], ["diff", "run", "f"], ["import", "f", "-o", "f.db"]])
        p = subprocess.run([a.wedge, *cmd], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120)
        if p.returncode not in (0, 1, 2) or b"Sanitizer" in p.stderr or b"runtime error" in p.stderr:
            os.rename("f", "crash-%d-%d" % (a.seed, n))
            sys.exit("round %d: wedge %s: exit status %d\n%s" % (n, " ".join(cmd), p.returncode, p.stderr[-2000:].decode(errors="replace")))
    print("%d damaged inputs survived" % a.count)


main()

#!/usr/bin/env python3
"""Seeds for scripts/fuzz_files.sh: small valid files of each kind. usage: seeds.py WEDGE GUESTS CORPUS"""
import gzip, os, random, shutil, struct, subprocess, sys, tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import containers
wedge, guests, corpus = sys.argv[1:4]
with tempfile.TemporaryDirectory() as work:
    # An LZX stream: the chunks of a packed title, behind the size and window that the target expects.
    xex = os.path.join(work, "x.xex")
    subprocess.run([wedge, "pack", os.path.join(guests, "cacheload.elf"), "-o", xex, "--lzx"], check=True)
    data = open(xex, "rb").read()
    data = data[struct.unpack(">I", data[8:12])[0]:]
    stream, p = b"", 24
    while struct.unpack(">H", data[p:p + 2])[0]:
        n = struct.unpack(">H", data[p:p + 2])[0]
        stream += data[p + 2:p + 2 + n]
        p += 2 + n
    open(os.path.join(corpus, "lzx", "seed"), "wb").write(struct.pack("<HB", 65535, 3) + stream[:20000])
    small = {"default.xex": b"XEX2" + bytes(60), "media": {"a": b"abc", "deep": {"b": b""}}}
    containers.Disc(small).write(os.path.join(corpus, "containers", "disc"))
    containers.Svod(os.path.join(corpus, "containers", "svod"), containers.Disc(small), "single")
    for copies in (1, 2):
        files = {"default.xex": b"XEX2" + bytes(9000), "media/a": b"abc"}
        containers.Package(files, copies, False, False).write(os.path.join(corpus, "containers", "stfs%d" % copies))
    # Patches: each after its base.
    base, patch = os.path.join(work, "base.xex"), os.path.join(work, "patch.xexp")
    subprocess.run([wedge, "pack", os.path.join(guests, "hello.elf"), "-o", base, "--lzx"], check=True)
    subprocess.run([wedge, "pack", os.path.join(guests, "threads.elf"), "-o", patch, "--base", base], check=True)
    old, new = open(base, "rb").read(), open(patch, "rb").read()
    open(os.path.join(corpus, "patches", "seed"), "wb").write(struct.pack("<I", len(old)) + old + new)
    run = os.path.join(work, "run")
    subprocess.run([wedge, "record", os.path.join(guests, "cacheload.xex"), "-o", run], check=True, stdout=subprocess.DEVNULL)
    shutil.copy(os.path.join(run, "branches.zst"), os.path.join(corpus, "branches", "seed"))
open(os.path.join(corpus, "inputs", "seed"), "w").write('{"at_ns": 0}\n{"at_ns": 5, "user": 1, "buttons": "0x10", "lx": -5, "connected": false}\n')
LOG = b"""i> 0000137E ----------- CONFIG DUMP -----------

[APU]
i> 0000137E XThreadF8000008 (6) Stack: 70150000-70190000
K> F8000008 XThread::Execute thid 6 (handle=F8000008, 'Main XThread (F8000008)', native=8DADD6C0)
d> F8000008 NtCreateFile(7018F380(C880C980), 80100080, 7018F398(FFFFFFFD,game:\\a.xpr,00000040), 12, ContextArg)
d> F8000008 NtAllocateVirtualMemory(7018FB90(00000000), 60002000)
d> F8000008 NtAllocateVirtualMemory = 40000000
d> F8000008 MmAllocatePhysicalMemoryEx = FFCA4000 Size: 00002000
i> F8000008 xeRtlNtStatusToDosError C000000F => 2
i> F8000008 Added handle:F8000020 for N2xe6kernel7XObjectE
d> F8000008 NtClod> F800000C KeSetEvent(40004838, 00000001)
se(F8000020)
!> F8000008 ResolvePath(x) failed - device not found\r
"""
JSONL = b"""{"kind":"kernel.call","tid":1,"idx":1,"host_ns":40,"name":"NtClose","args":["0x5",-3, 18446744071598185096]}
{"kind": "thread.create", "tid": 0, "new_tid": 7, "handle": 4160749580, "odd": {"a": [1, "}\\""]}, "text": "\\u0041"}
{"kind":"trace.footer","events":1.5,"reason":null,"void":true}
"""
MAPPED = b"""{"format":"x"}
{"event":"call","thread_id":"0x3","seq":4,"ts_us":0.5,"payload":{"function":"NtClose","arguments":["0x5"],"data":{"msg":"a"}}}
{"type":"ThreadCreated","thread":"Main","child_tid":"7","start_address":"0x82000000","time":"noon"}
{"type":"return","thread":null,"ret":0,"func":"NtClose","name":"NtClose"}
"""
WAITS = b"""{"kind":"wait.begin","tid":1,"idx":0,"host_ns":4,"handle":"0xf8000010","cycle":null}
{"kind":"wait.begin","tid":1,"idx":1,"host_ns":4,"handles":"00000000000000ff"}
{"kind":"kernel.return","tid":1,"idx":2,"host_ns":5,"name":"NtClose","rv":"0xffffffffc0000008"}
"""
NAMED = b"""{"event":"thread_create","thread":"main","child":"w"}
{"event":"thread_start","thread":"w"}
{"event":"thread_exit","thread":"w"}
{"event":"thread_create","thread":"main","child":7,"name":"w"}
{"event":"thread_start","thread":"w"}
"""
TABLE = b"""seq,tid,idx,host_ns,cycle,kind,name,args,rv,text,status_name,fields\r
1,7,0,5,,kernel.call,NtClose,0xf8000010 0x1,,,,\r
2,7,1,6,,guest.print,,,,"a ""b"", c",,"{""handles"":[""0x1""]}"\r
"""
REMARKS = b"""# made by x\nsep=;\n#kind;Thread (ID);Time (us);name;args;rv;text
call;T7;2;NtClose;0xf8000010 16;NULL;"NULL"
return;T7;3.5;NtClose;NA;0;\\N
"""
TAGGED = b"""{"KernelCall":{"tid":1,"idx":0,"host_ns":4,"name":"NtClose","args":["0x5"]}}
{"tid":1,"idx":1,"kernel_return":{"name":"NtClose","rv":"0x0"},"signal":{"op":"set"}}
{"ThreadStart":{"tid":"w"}}
"""
for name, data in ("remarks", REMARKS), ("tagged", TAGGED), ("two-logs", LOG + LOG), ("log", LOG), ("mapped", MAPPED), ("jsonl", JSONL), ("waits", WAITS), ("named", NAMED), ("table", TABLE), ("table2", TABLE.split(b"\n", 1)[1].replace(b"1,7,0", b"\"\";thread id;name;result\n1;7;0")), ("log.gz", gzip.compress(LOG, mtime=0)), ("jsonl.gz", gzip.compress(JSONL, mtime=0)):
    open(os.path.join(corpus, "traces", name), "wb").write(data)
subprocess.run(["zstd", "-qf", os.path.join(corpus, "traces", "jsonl"), "-o", os.path.join(corpus, "traces", "jsonl.zst")], check=True)
# Pairs for the differ: a log with one call less; a run that hangs beside the one that does not; one pair with a third.
less = LOG.replace(b"d> F8000008 NtAllocateVirtualMemory(7018FB90(00000000), 60002000)\n", b"")
pairs = {"logs": [LOG, less], "jsonl": [JSONL, JSONL], "both": [LOG, JSONL], "noise": [LOG, less, LOG + LOG]}
for name, files in pairs.items():
    open(os.path.join(corpus, "diff", name), "wb").write(b"\0".join(files))
with tempfile.TemporaryDirectory() as work:
    sides = []
    for name, options in ("hangs", []), ("ends", ["--cache", work]):
        for item in ("4D5307D6/textures", "4D5307D6/sounds", "4D5307D6/levels"):
            os.makedirs(os.path.join(work, os.path.dirname(item)), exist_ok=True)
            open(os.path.join(work, item + ".bin"), "w").write("item\n")
        run = os.path.join(work, name)
        subprocess.run([wedge, "record", os.path.join(guests, "cacheload.xex"), "-o", run, *options], check=True, stdout=subprocess.DEVNULL)
        lines = subprocess.run(["zstdcat", os.path.join(run, "trace.jsonl.zst")], check=True, stdout=subprocess.PIPE).stdout.splitlines(True)
        keep = [l for l in lines if b"CriticalSection" not in l and b"TlsGet" not in l]
        sides.append(b"".join(keep[:20] + keep[-40:]))
    open(os.path.join(corpus, "diff", "runs"), "wb").write(b"\0".join(sides))
    open(os.path.join(corpus, "diff", "runs3"), "wb").write(b"\0".join(sides + sides[:1]))
rng = random.Random(1)
for i in range(20):
    open(os.path.join(corpus, "kernel", "seed%d" % i), "wb").write(rng.randbytes(1000 + 200 * i))
# What gdb says, a line each; sums are the target's to ignore.
for i, line in enumerate(open(os.path.join(os.path.dirname(__file__), "gdb.txt"), "rb")):
    for target in "gdb", "gdb_live":
        open(os.path.join(corpus, target, "seed%d" % i), "wb").write(line.rstrip(b"\n"))
# Traces again, for what is made of them; questions, and calls of functions with values.
for name in os.listdir(os.path.join(corpus, "traces")):
    data = open(os.path.join(corpus, "traces", name), "rb").read()
    if len(data) > 16384:
        continue
    open(os.path.join(corpus, "store", name), "wb").write(data)
    for which in range(4):
        open(os.path.join(corpus, "export", "%s.%d" % (name, which)), "wb").write(bytes([which]) + data)
queries = open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "queries.sql")).read().split("\n\n")
for i, query in enumerate(queries):
    open(os.path.join(corpus, "sql", "query%d" % i), "w").write(query)
for i in range(40):
    open(os.path.join(corpus, "sql", "call%d" % i), "wb").write(b";" + bytes([i]) + b"\x01\x03\x01\x05\x01\x09")
    open(os.path.join(corpus, "sql", "composed%d" % i), "wb").write(b":" + rng.randbytes(40))

#!/usr/bin/env python3
"""Every view and function of a trace's database against a trace of 37 events, worked out by hand: two threads, an event, a lock, a file that is
not there, a wait that times out, two that never end.

by_hand.py WEDGE FUNCTIONS WORK [EXTENSION]
"""
import json, os, re, sqlite3, subprocess, sys

import tool

wedge, functions = [os.path.abspath(p) for p in sys.argv[1:3]]
extension = sys.argv[4] if len(sys.argv) > 4 else "none"
tool.enter(sys.argv[3])
run = tool.runner(wedge)


def ev(kind, tid, idx, ns, **more):
    return {"kind": kind, "tid": tid, "idx": idx, "host_ns": ns, **more}


A, B, L, T2, F = ("%016x" % n for n in (0xa, 0xb, 0xc, 0xd, 0xf))
T = [
 ev("trace.header", 0, 0, 0, schema=1, engine="hand", version="1", clock="virtual", title="t.xex"),
 ev("module.load", 0, 1, 0, name="t.xex", base="0x82000000", size=4096, entry="0x82000100", path="game:\\t.xex"),
 ev("handle.create", 1, 0, 1000, raw="0x8", hsid=A, object_type="Event", name="Ready"),
 ev("kernel.call", 1, 1, 2000, name="NtCreateFile", module="xboxkrnl.exe", ordinal=210, lr="0x82000010", args=["0x1", "0x2"], args_resolved={"path": "game:\\a"}),
 ev("kernel.return", 1, 2, 3000, name="NtCreateFile", rv="0xc0000034", out={}),
 ev("kernel.call", 1, 3, 4000, name="ExCreateThread", module="xboxkrnl.exe", ordinal=13, lr="0x82000020", args=["0x3"], args_resolved={}),
 ev("thread.create", 1, 4, 4500, child=2, entry="0x82000200", ctx="0x5", stack_size=65536, flags="0x0", raw="0xc", hsid=T2),
 ev("handle.create", 1, 5, 4600, raw="0xc", hsid=T2, object_type="Thread"),
 ev("kernel.return", 1, 6, 5000, name="ExCreateThread", rv="0x0", out={"handle": "0xc"}),
 ev("thread.start", 2, 0, 5500),
 ev("kernel.call", 2, 1, 6000, name="NtWaitForSingleObjectEx", module="xboxkrnl.exe", ordinal=253, lr="0x82000210", args=["0x8"], args_resolved={}),
 ev("wait.begin", 2, 2, 6100, handles=[A], wait_type="any", alertable=False, timeout_ns=-1),
 ev("kernel.call", 1, 7, 7000, name="NtSetEvent", module="xboxkrnl.exe", ordinal=246, lr="0x82000030", args=["0x8", "0x0"], args_resolved={}),
 ev("signal", 1, 8, 7100, hsid=A, object_type="Event", op="set", count=1, previous=0),
 ev("kernel.return", 1, 9, 7200, name="NtSetEvent", rv="0x0", out={"previous": 0}),
 ev("wait.end", 2, 3, 8100, status="0x0", satisfied_by={"tid": 1, "idx": 8}),
 ev("kernel.return", 2, 4, 8200, name="NtWaitForSingleObjectEx", rv="0x0", out={}),
 ev("kernel.call", 2, 5, 9000, name="RtlEnterCriticalSection", module="xboxkrnl.exe", ordinal=293, lr="0x82000220", args=["0x82000800"], args_resolved={}),
 ev("kernel.return", 2, 6, 9500, name="RtlEnterCriticalSection", rv="0x0", out={}),
 ev("kernel.call", 1, 10, 10000, name="RtlEnterCriticalSection", module="xboxkrnl.exe", ordinal=293, lr="0x82000040", args=["0x82000800"], args_resolved={}),
 ev("wait.begin", 1, 11, 10100, handles=[{"hsid": L, "guest_object": "0x82000800", "object_type": "CriticalSection"}], wait_type="any", alertable=False, timeout_ns=-1),
 ev("guest.print", 2, 7, 11000, text="hello"),
 ev("kernel.call", 2, 8, 12000, name="NtWaitForSingleObjectEx", module="xboxkrnl.exe", ordinal=253, lr="0x82000230", args=["0x10"], args_resolved={}),
 ev("wait.begin", 2, 9, 12100, handles=[B], wait_type="any", alertable=True, timeout_ns=1000),
 ev("wait.end", 2, 10, 13100, status="0x102", satisfied_by="timeout"),
 ev("kernel.return", 2, 11, 13200, name="NtWaitForSingleObjectEx", rv="0x102", out={}),
 ev("gpu.swap", 0, 2, 14000, width=1280, height=720),
 ev("gpu.swap", 0, 3, 30000, width=1280, height=720),
 ev("handle.destroy", 2, 12, 31000, raw="0x8", hsid=A, object_type="Event"),
 ev("handle.create", 2, 13, 32000, raw="0x8", hsid=F, object_type="File", name="game:\\b"),
 ev("exception", 2, 14, 33000, code="0xc0000005", addr="0x82000300"),
 ev("kernel.call", 2, 15, 34000, name="NtSetEvent", module="xboxkrnl.exe", ordinal=246, lr="0x82000240", args=["0x14", "0x0"], args_resolved={}),
 ev("signal", 2, 16, 34100, hsid="%016x" % 0xe, object_type="Event", op="set", count=1, previous=1),
 ev("kernel.return", 2, 17, 34200, name="NtSetEvent", rv="0x0", out={}),
 ev("kernel.call", 2, 18, 35000, name="NtWaitForSingleObjectEx", module="xboxkrnl.exe", ordinal=253, lr="0x82000250", args=["0x10"], args_resolved={}),
 ev("wait.begin", 2, 19, 35100, handles=[B], wait_type="any", alertable=False, timeout_ns=-1),
 ev("trace.footer", 0, 4, 36000, events=36, reason="wedge", sha256="0"),
]
# What only the record of a run has, and a second database that differs.
BRANCHES = [(1, 0x82000010, 1, "beq 0x82000020", 99, 1, 0x82000020, 5, 500), (2, 0x82000010, 1, "beq 0x82000020", 3, 0, 0x82000020, 7, 9),
            (1, 0x82000014, 2, "bne 0x82000024", 0, 2, None, 6, 8)]
OTHER = """UPDATE call_sums SET calls = calls + 2 WHERE site = (SELECT id FROM sites WHERE name = 'NtCreateFile');
           UPDATE branch_sums SET taken = 1 WHERE pc = 0x82000014;
           DELETE FROM call_sums WHERE tid = 2 AND site IN (SELECT id FROM sites WHERE name = 'NtSetEvent');"""

# A question and its rows, as CSV; of views and functions that give rows the names of their columns come first.
EXPECTED = r"""
? SELECT * FROM argument_texts
id,n,text
0,2,"[""0x1"",""0x2""]"
1,1,"[""0x3""]"
2,1,"[""0x8""]"
3,2,"[""0x8"",""0x0""]"
4,1,"[""0x82000800""]"
5,1,"[""0x10""]"
6,2,"[""0x14"",""0x0""]"

? SELECT * FROM calls
seq,tid,idx,ns,name,module,ordinal,lr,args,resolved,ret_idx,ret_ns,rv,status,out,cycle,ret_cycle,ret_seq,parent,depth,site
4,1,1,2000,NtCreateFile,xboxkrnl.exe,210,2181038096,"[""0x1"",""0x2""]","{""path"": ""game:\\a""}",2,3000,3221225524,,{},,,5,,0,0
6,1,3,4000,ExCreateThread,xboxkrnl.exe,13,2181038112,"[""0x3""]",{},6,5000,0,,"{""handle"": ""0xc""}",,,9,,0,1
11,2,1,6000,NtWaitForSingleObjectEx,xboxkrnl.exe,253,2181038608,"[""0x8""]",{},4,8200,0,,{},,,17,,0,2
13,1,7,7000,NtSetEvent,xboxkrnl.exe,246,2181038128,"[""0x8"",""0x0""]",{},9,7200,0,,"{""previous"": 0}",,,15,,0,3
18,2,5,9000,RtlEnterCriticalSection,xboxkrnl.exe,293,2181038624,"[""0x82000800""]",{},6,9500,0,,{},,,19,,0,4
20,1,10,10000,RtlEnterCriticalSection,xboxkrnl.exe,293,2181038144,"[""0x82000800""]",{},,,,,,,,,,0,5
23,2,8,12000,NtWaitForSingleObjectEx,xboxkrnl.exe,253,2181038640,"[""0x10""]",{},11,13200,258,,{},,,26,,0,6
32,2,15,34000,NtSetEvent,xboxkrnl.exe,246,2181038656,"[""0x14"",""0x0""]",{},17,34200,0,,{},,,34,,0,7
35,2,18,35000,NtWaitForSingleObjectEx,xboxkrnl.exe,253,2181038672,"[""0x10""]",{},,,,,,,,,,0,8

? SELECT * FROM waits
seq,tid,idx,ns,objects,wait_type,alertable,timeout_ns,end_idx,end_ns,status,how,by_tid,by_idx,cycle,end_cycle,end_seq,call,object,by_signal
12,2,2,6100,"[""000000000000000a""]",any,0,-1,3,8100,0,signal,1,8,,,16,11,0,14
21,1,11,10100,"[{""hsid"": ""000000000000000c"", ""guest_object"": ""0x82000800"", ""object_type"": ""CriticalSection""}]",any,0,-1,,,,,,,,,,20,2,
24,2,9,12100,"[""000000000000000b""]",any,1,1000,10,13100,258,timeout,,,,,25,23,3,
36,2,19,35100,"[""000000000000000b""]",any,0,-1,,,,,,,,,,35,3,

? SELECT * FROM wait_objects
wait,n,object
12,0,0
21,0,2
24,0,3
36,0,3

? SELECT * FROM signals
seq,tid,idx,ns,hsid,object_type,op,count,previous,raw,handle,guest_object,cycle,call,object
14,1,8,7100,000000000000000a,Event,set,1,0,,,,,13,0
33,2,16,34100,000000000000000e,Event,set,1,1,,,,,32,5

? SELECT * FROM handles
seq,raw,hsid,object_type,name,tid,idx,ns,dup_of,closed_tid,closed_idx,closed_ns,closed_seq,dup,call,object,cycle
3,8,000000000000000a,Event,Ready,1,0,1000,,2,12,31000,29,0,,0,
8,12,000000000000000d,Thread,,1,5,4600,,,,,,0,6,1,
30,8,000000000000000f,File,game:\b,2,13,32000,,,,,,0,,4,

? SELECT * FROM events LIMIT 5
seq,tid,idx,kind,name,host_ns,cycle,line
1,0,0,trace.header,,0,,"{""kind"":""trace.header"",""tid"":0,""idx"":0,""host_ns"":0,""schema"":1,""engine"":""hand"",""version"":""1"",""clock"":""virtual"",""title"":""t.xex""}"
2,0,1,module.load,t.xex,0,,"{""kind"":""module.load"",""tid"":0,""idx"":1,""host_ns"":0,""name"":""t.xex"",""base"":""0x82000000"",""size"":4096,""entry"":""0x82000100"",""path"":""game:\\t.xex""}"
3,1,0,handle.create,Ready,1000,,"{""kind"":""handle.create"",""tid"":1,""idx"":0,""host_ns"":1000,""raw"":""0x8"",""hsid"":""000000000000000a"",""object_type"":""Event"",""name"":""Ready""}"
4,1,1,kernel.call,NtCreateFile,2000,,"{""kind"":""kernel.call"",""tid"":1,""idx"":1,""host_ns"":2000,""name"":""NtCreateFile"",""module"":""xboxkrnl.exe"",""ordinal"":210,""lr"":""0x82000010"",""args"":[""0x1"",""0x2""],""args_resolved"":{""path"": ""game:\\a""}}"
5,1,2,kernel.return,NtCreateFile,3000,,"{""kind"":""kernel.return"",""tid"":1,""idx"":2,""host_ns"":3000,""name"":""NtCreateFile"",""rv"":""0xc0000034"",""out"":{}}"

? SELECT * FROM other_events
seq,tid,idx,ns,kind,json,cycle
1,0,0,0,trace.header,"{""schema"":1,""engine"":""hand"",""version"":""1"",""clock"":""virtual"",""title"":""t.xex""}",
2,0,1,0,module.load,"{""name"":""t.xex"",""base"":""0x82000000"",""size"":4096,""entry"":""0x82000100"",""path"":""game:\\t.xex""}",
7,1,4,4500,thread.create,"{""child"":2,""entry"":""0x82000200"",""ctx"":""0x5"",""stack_size"":65536,""flags"":""0x0"",""raw"":""0xc"",""hsid"":""000000000000000d""}",
10,2,0,5500,thread.start,{},
22,2,7,11000,guest.print,"{""text"":""hello""}",
27,0,2,14000,gpu.swap,"{""width"":1280,""height"":720}",
28,0,3,30000,gpu.swap,"{""width"":1280,""height"":720}",
31,2,14,33000,exception,"{""code"":""0xc0000005"",""addr"":""0x82000300""}",
37,0,4,36000,trace.footer,"{""events"":36,""reason"":""wedge"",""sha256"":""0""}",

? SELECT * FROM event_places WHERE seq IN (4, 5, 9, 12, 16, 29, 30)
at,part,row,what,seq,tid,idx,ns,cycle,kind,site
4,0,4,1,4,1,1,2000,,kernel.call,0
4,1,4,2,5,1,2,3000,,kernel.return,0
9,0,6,2,9,1,6,5000,,kernel.return,1
12,0,12,3,12,2,2,6100,,wait.begin,
16,0,12,4,16,2,3,8100,,wait.end,
29,0,3,7,29,2,12,31000,,handle.destroy,
30,0,30,6,30,2,13,32000,,handle.create,

? SELECT * FROM event_texts WHERE seq IN (5, 10, 12)
at,part,seq,tid,idx,ns,cycle,kind,site,rest
4,1,5,1,2,3000,,kernel.return,0,",""name"":""NtCreateFile"",""rv"":""0xc0000034"",""out"":{}"
10,0,10,2,0,5500,,thread.start,,
12,0,12,2,2,6100,,wait.begin,,",""handles"":[""000000000000000a""],""wait_type"":""any"",""alertable"":false,""timeout_ns"":-1"

? SELECT * FROM event_parts LIMIT 5
at,part,seq,tid,idx,ns,cycle,kind,fields
1,0,1,0,0,0,,trace.header,"{""schema"":1,""engine"":""hand"",""version"":""1"",""clock"":""virtual"",""title"":""t.xex""}"
2,0,2,0,1,0,,module.load,"{""name"":""t.xex"",""base"":""0x82000000"",""size"":4096,""entry"":""0x82000100"",""path"":""game:\\t.xex""}"
3,0,3,1,0,1000,,handle.create,"{""raw"":""0x8"",""hsid"":""000000000000000a"",""object_type"":""Event"",""name"":""Ready""}"
4,0,4,1,1,2000,,kernel.call,"{""name"":""NtCreateFile"",""module"":""xboxkrnl.exe"",""ordinal"":210,""lr"":""0x82000010"",""args"":[""0x1"",""0x2""],""args_resolved"":{""path"": ""game:\\a""}}"
4,1,5,1,2,3000,,kernel.return,"{""name"":""NtCreateFile"",""rv"":""0xc0000034"",""out"":{}}"

? SELECT * FROM v_events LIMIT 5
seq,tid,idx,ns,cycle,kind,fields
1,0,0,0,,trace.header,"{""schema"":1,""engine"":""hand"",""version"":""1"",""clock"":""virtual"",""title"":""t.xex""}"
2,0,1,0,,module.load,"{""name"":""t.xex"",""base"":""0x82000000"",""size"":4096,""entry"":""0x82000100"",""path"":""game:\\t.xex""}"
3,1,0,1000,,handle.create,"{""raw"":""0x8"",""hsid"":""000000000000000a"",""object_type"":""Event"",""name"":""Ready""}"
4,1,1,2000,,kernel.call,"{""name"":""NtCreateFile"",""module"":""xboxkrnl.exe"",""ordinal"":210,""lr"":""0x82000010"",""args"":[""0x1"",""0x2""],""args_resolved"":{""path"": ""game:\\a""}}"
5,1,2,3000,,kernel.return,"{""name"":""NtCreateFile"",""rv"":""0xc0000034"",""out"":{}}"

? SELECT * FROM v_calls
seq,tid,idx,t,name,args,resolved,lr,rv,us,out
4,1,1,2.0e-06,NtCreateFile,"[""0x1"",""0x2""]","{""path"": ""game:\\a""}",0x82000010,0xc0000034,1.0,{}
6,1,3,4.0e-06,ExCreateThread,"[""0x3""]",{},0x82000020,0x0,1.0,"{""handle"": ""0xc""}"
11,2,1,6.0e-06,NtWaitForSingleObjectEx,"[""0x8""]",{},0x82000210,0x0,2.2,{}
13,1,7,7.0e-06,NtSetEvent,"[""0x8"",""0x0""]",{},0x82000030,0x0,0.2,"{""previous"": 0}"
18,2,5,9.0e-06,RtlEnterCriticalSection,"[""0x82000800""]",{},0x82000220,0x0,0.5,{}
20,1,10,1.0e-05,RtlEnterCriticalSection,"[""0x82000800""]",{},0x82000040,,,
23,2,8,1.2e-05,NtWaitForSingleObjectEx,"[""0x10""]",{},0x82000230,0x102,1.2,{}
32,2,15,3.4e-05,NtSetEvent,"[""0x14"",""0x0""]",{},0x82000240,0x0,0.2,{}
35,2,18,3.5e-05,NtWaitForSingleObjectEx,"[""0x10""]",{},0x82000250,,,

? SELECT * FROM v_unreturned
tid,idx,t,name,resolved,lr
1,10,1.0e-05,RtlEnterCriticalSection,{},0x82000040
2,18,3.5e-05,NtWaitForSingleObjectEx,{},0x82000250

? SELECT * FROM v_waits
tid,idx,t,objects,wait_type,timeout_ns,us,status,how,by_tid,by_idx,by_call,seq,object
2,2,6.1e-06,"[""000000000000000a""]",any,-1,2.0,0x0,signal,1,8,NtSetEvent,12,0
1,11,1.01e-05,"[{""hsid"": ""000000000000000c"", ""guest_object"": ""0x82000800"", ""object_type"": ""CriticalSection""}]",any,-1,,,never ended,,,,21,2
2,9,1.21e-05,"[""000000000000000b""]",any,1000,1.0,0x102,timeout,,,,24,3
2,19,3.51e-05,"[""000000000000000b""]",any,-1,,,never ended,,,,36,3

? SELECT * FROM v_blocked
tid,idx,since,call,lr,timeout_ns,object_type,object_name,object,signals,signalled_by
1,11,1.01e-05,RtlEnterCriticalSection,0x82000040,-1,CriticalSection,,2,0,
2,19,3.51e-05,NtWaitForSingleObjectEx,0x82000250,-1,,,3,0,

? SELECT * FROM v_longest_waits
tid,idx,t,ms,how,by_tid,object_type,object_name,object
2,2,6.1e-06,0.002,signal,1,Event,Ready,0
2,9,1.21e-05,0.001,timeout,,,,3

? SELECT * FROM v_wait_times
tid,how,waits,ms,longest_ms
1,never ended,1,,
2,signal,1,0.002,0.002
2,timeout,1,0.001,0.001
2,never ended,1,,

? SELECT * FROM v_wakeups
by_tid,tid,object_type,object_name,object,times,ms
1,2,Event,Ready,0,1,0.002

? SELECT * FROM v_timeouts
tid,call,lr,object,timeout_ns,times
2,NtWaitForSingleObjectEx,0x82000230,3,1000,1

? SELECT * FROM v_objects
hsid,object_type,name,created,handles,open,signals,waits,made_by,raw,guest_object,object
000000000000000a,Event,Ready,1.0e-06,1,0,1,1,1,0x8,,0
000000000000000d,Thread,,4.6e-06,1,1,0,0,1,0xc,,1
000000000000000c,CriticalSection,,,0,0,0,1,,,0x82000800,2
000000000000000b,,,,0,0,0,2,,,,3
000000000000000f,File,game:\b,3.2e-05,1,1,0,0,2,0x8,,4
000000000000000e,Event,,,0,0,1,0,,,,5

? SELECT * FROM v_never_signalled
object,hsid,object_type,name,guest_object,waits,made_by,waiters
2,000000000000000c,CriticalSection,,0x82000800,1,,1
3,000000000000000b,,,,2,,2

? SELECT * FROM v_never_waited
object,hsid,object_type,name,guest_object,signals,made_by
5,000000000000000e,Event,,,1,

? SELECT * FROM v_signalers
hsid,object_type,tid,op,times,first,last,object
000000000000000a,Event,1,set,1,7.1e-06,7.1e-06,0
000000000000000e,Event,2,set,1,3.41e-05,3.41e-05,5

? SELECT * FROM v_open_handles
raw,object_type,name,tid,idx,t,object
0xc,Thread,,1,5,4.6e-06,1
0x8,File,game:\b,2,13,3.2e-05,4

? SELECT * FROM v_leaks
call,lr,object_type,made,open,threads,first
ExCreateThread,0x82000020,Thread,1,1,1,8
,,File,1,1,1,30

? SELECT * FROM v_waits_for
tid,by,why,object,last
1,2,has the lock,2,

? SELECT * FROM last_calls(1, 2)
seq,tid,idx,t,name,args,resolved,lr,rv,us,out
13,1,7,7.0e-06,NtSetEvent,"[""0x8"",""0x0""]",{},0x82000030,0x0,0.2,"{""previous"": 0}"
20,1,10,1.0e-05,RtlEnterCriticalSection,"[""0x82000800""]",{},0x82000040,,,

? SELECT * FROM during(0.00003, 0.0000315)
seq,tid,idx,ns,cycle,kind,fields
28,0,3,30000,,gpu.swap,"{""width"":1280,""height"":720}"
29,2,12,31000,,handle.destroy,"{""raw"":""0x8"",""hsid"":""000000000000000a"",""object_type"":""Event""}"

? SELECT * FROM v_reused_handles
raw,times,objects
0x8,2,2

? SELECT * FROM v_call_counts
tid,name,calls,unreturned,total_us,failed
1,RtlEnterCriticalSection,1,1,,0
1,NtSetEvent,1,0,0.2,0
1,NtCreateFile,1,0,1.0,1
1,ExCreateThread,1,0,1.0,0
2,NtWaitForSingleObjectEx,3,1,3.4,0
2,RtlEnterCriticalSection,1,0,0.5,0
2,NtSetEvent,1,0,0.2,0

? SELECT * FROM v_calls_by_name
name,module,calls,threads,unreturned,failed,total_us,longest_us
NtWaitForSingleObjectEx,xboxkrnl.exe,3,1,1,0,3.4,2.2
NtSetEvent,xboxkrnl.exe,2,2,0,0,0.4,0.2
RtlEnterCriticalSection,xboxkrnl.exe,2,2,1,0,0.5,0.5
ExCreateThread,xboxkrnl.exe,1,1,0,0,1.0,1.0
NtCreateFile,xboxkrnl.exe,1,1,0,1,1.0,1.0

? SELECT * FROM v_call_sites
tid,name,lr,calls,failed,total_us,first_seq,last_seq
1,ExCreateThread,0x82000020,1,0,1.0,6,6
1,NtCreateFile,0x82000010,1,1,1.0,4,4
1,NtSetEvent,0x82000030,1,0,0.2,13,13
1,RtlEnterCriticalSection,0x82000040,1,0,,20,20
2,NtSetEvent,0x82000240,1,0,0.2,32,32
2,NtWaitForSingleObjectEx,0x82000210,1,0,2.2,11,11
2,NtWaitForSingleObjectEx,0x82000230,1,0,1.2,23,23
2,NtWaitForSingleObjectEx,0x82000250,1,0,,35,35
2,RtlEnterCriticalSection,0x82000220,1,0,0.5,18,18

? SELECT * FROM v_longest_calls
tid,idx,t,name,ms,resolved
2,1,6.0e-06,NtWaitForSingleObjectEx,0.0022,{}
2,8,1.2e-05,NtWaitForSingleObjectEx,0.0012,{}
1,1,2.0e-06,NtCreateFile,0.001,"{""path"": ""game:\\a""}"
1,3,4.0e-06,ExCreateThread,0.001,{}
2,5,9.0e-06,RtlEnterCriticalSection,0.0005,{}
1,7,7.0e-06,NtSetEvent,0.0002,{}
2,15,3.4e-05,NtSetEvent,0.0002,{}

? SELECT * FROM v_failed_calls
seq,tid,idx,t,name,rv,resolved,lr
4,1,1,2.0e-06,NtCreateFile,0xc0000034,"{""path"": ""game:\\a""}",0x82000010

? SELECT * FROM v_failures
name,rv,times,threads,first_seq
NtCreateFile,0xc0000034,1,1,4

? SELECT * FROM v_first_failures
tid,seq,idx,t,name,rv,resolved
1,4,1,2.0e-06,NtCreateFile,0xc0000034,"{""path"": ""game:\\a""}"

? SELECT * FROM v_opens
seq,tid,t,name,path,rv,found
4,1,2.0e-06,NtCreateFile,game:\a,0xc0000034,0

? SELECT * FROM v_missing_files
path,times,first,threads,rv
game:\a,1,2.0e-06,1,0xc0000034

? SELECT * FROM v_threads
tid,parent,entry,ctx,started,ended,exit_code,calls,events,hsid,create_idx,call,lr
1,,,,,,,4,12,,,,
2,1,0x82000200,0x5,5.5e-06,,,5,20,000000000000000d,4,ExCreateThread,0x82000020

? SELECT * FROM v_thread_tree
tid,depth,path,parent,entry,calls,ended
1,0,1,,,4,
2,1,1/2,1,0x82000200,5,

? SELECT * FROM v_last_seen
tid,t,last_seq,ended,within
1,1.01e-05,21,0,RtlEnterCriticalSection
2,3.51e-05,36,0,NtWaitForSingleObjectEx

? SELECT * FROM v_lock_calls
seq,tid,idx,t,name,lock,takes,done,us
18,2,5,9.0e-06,RtlEnterCriticalSection,2181040128,1,1,0.5
20,1,10,1.0e-05,RtlEnterCriticalSection,2181040128,1,0,

? SELECT * FROM v_held_locks
lock,tid,held,last_taken
0x82000800,2,1,18

? SELECT * FROM v_contended
object,object_type,name,address,waits,threads,ms,never_ended
0,Event,Ready,,1,1,0.002,0
3,,,,2,1,0.001,1
2,CriticalSection,,0x82000800,1,1,,1

? SELECT * FROM v_nested_calls
seq,tid,idx,name,depth,parent,within

? SELECT * FROM v_counts
tid,kind,name,events
0,gpu.swap,,2
0,module.load,,1
0,trace.footer,,1
0,trace.header,,1
1,handle.create,,2
1,kernel.call,ExCreateThread,1
1,kernel.call,NtCreateFile,1
1,kernel.call,NtSetEvent,1
1,kernel.call,RtlEnterCriticalSection,1
1,kernel.return,ExCreateThread,1
1,kernel.return,NtCreateFile,1
1,kernel.return,NtSetEvent,1
1,signal,,1
1,thread.create,,1
1,wait.begin,,1
2,kernel.call,NtWaitForSingleObjectEx,3
2,wait.begin,,3
2,kernel.return,NtWaitForSingleObjectEx,2
2,wait.end,,2
2,exception,,1
2,guest.print,,1
2,handle.create,,1
2,handle.destroy,,1
2,kernel.call,NtSetEvent,1
2,kernel.call,RtlEnterCriticalSection,1
2,kernel.return,NtSetEvent,1
2,kernel.return,RtlEnterCriticalSection,1
2,signal,,1
2,thread.start,,1

? SELECT * FROM v_kinds
kind,events
kernel.call,9
kernel.return,7
wait.begin,4
handle.create,3
wait.end,2
signal,2
gpu.swap,2
trace.header,1
trace.footer,1
thread.start,1
thread.create,1
module.load,1
handle.destroy,1
guest.print,1
exception,1

? SELECT * FROM v_prints
seq,tid,idx,t,text
22,2,7,1.1e-05,hello

? SELECT * FROM v_modules
seq,t,loaded,name,base,size,entry,path
2,0.0,1,t.xex,0x82000000,4096,0x82000100,game:\t.xex

? SELECT * FROM v_gpu
seq,tid,t,kind,fields
27,0,1.4e-05,gpu.swap,"{""width"":1280,""height"":720}"
28,0,3.0e-05,gpu.swap,"{""width"":1280,""height"":720}"

? SELECT * FROM v_frames
frame,seq,tid,t,ms
0,27,0,1.4e-05,
1,28,0,3.0e-05,0.016

? SELECT * FROM v_troubles
seq,tid,idx,t,kind,fields
31,2,14,3.3e-05,exception,"{""code"":""0xc0000005"",""addr"":""0x82000300""}"

? SELECT * FROM v_end
format,events,reason,damage
jsonl,37,wedge,

? SELECT * FROM v_branches
tid,pc,text,target,taken,not_taken,percent,first_cycle,last_cycle
1,0x82000010,beq 0x82000020,0x82000020,99,1,99.0,5,500
2,0x82000010,beq 0x82000020,0x82000020,3,0,100.0,7,9
1,0x82000014,bne 0x82000024,,0,2,0.0,6,8

? SELECT * FROM v_branch_sites
pc,text,threads,taken,not_taken,percent
0x82000010,beq 0x82000020,2,102,1,99.0
0x82000014,bne 0x82000024,1,0,2,0.0

? SELECT * FROM v_rare_branches
tid,pc,text,target,taken,not_taken,first_cycle,last_cycle
1,0x82000010,beq 0x82000020,0x82000020,99,1,5,500

? SELECT * FROM call_counts(2)
name,calls,unreturned,failed,total_us,longest_us
NtWaitForSingleObjectEx,3,1,0,3.4,2.2
NtSetEvent,1,0,0,0.2,0.2
RtlEnterCriticalSection,1,0,0,0.5,0.5

? SELECT * FROM call_counts()
name,calls,unreturned,failed,total_us,longest_us
NtWaitForSingleObjectEx,3,1,0,3.4,2.2
NtSetEvent,2,0,0,0.4,0.2
RtlEnterCriticalSection,2,1,0,0.5,0.5
ExCreateThread,1,0,0,1.0,1.0
NtCreateFile,1,0,1,1.0,1.0

? SELECT * FROM events_between(17, 19)
seq,tid,idx,ns,cycle,kind,fields
17,2,4,8200,,kernel.return,"{""name"":""NtWaitForSingleObjectEx"",""rv"":""0x0"",""out"":{}}"
18,2,5,9000,,kernel.call,"{""name"":""RtlEnterCriticalSection"",""module"":""xboxkrnl.exe"",""ordinal"":293,""lr"":""0x82000220"",""args"":[""0x82000800""],""args_resolved"":{}}"
19,2,6,9500,,kernel.return,"{""name"":""RtlEnterCriticalSection"",""rv"":""0x0"",""out"":{}}"

? SELECT * FROM events_of(2, 4, 6)
seq,tid,idx,ns,cycle,kind,fields
17,2,4,8200,,kernel.return,"{""name"":""NtWaitForSingleObjectEx"",""rv"":""0x0"",""out"":{}}"
18,2,5,9000,,kernel.call,"{""name"":""RtlEnterCriticalSection"",""module"":""xboxkrnl.exe"",""ordinal"":293,""lr"":""0x82000220"",""args"":[""0x82000800""],""args_resolved"":{}}"
19,2,6,9500,,kernel.return,"{""name"":""RtlEnterCriticalSection"",""rv"":""0x0"",""out"":{}}"

? SELECT * FROM around(1, 8, 1)
seq,tid,idx,ns,cycle,kind,fields
13,1,7,7000,,kernel.call,"{""name"":""NtSetEvent"",""module"":""xboxkrnl.exe"",""ordinal"":246,""lr"":""0x82000030"",""args"":[""0x8"",""0x0""],""args_resolved"":{}}"
14,1,8,7100,,signal,"{""hsid"":""000000000000000a"",""object_type"":""Event"",""op"":""set"",""count"":1,""previous"":0}"
15,1,9,7200,,kernel.return,"{""name"":""NtSetEvent"",""rv"":""0x0"",""out"":{""previous"": 0}}"

? SELECT seq_at(2, 4)
17

? SELECT * FROM calls_between(1, 2, 8)
seq,tid,idx,t,name,args,resolved,lr,rv,us,out
6,1,3,4.0e-06,ExCreateThread,"[""0x3""]",{},0x82000020,0x0,1.0,"{""handle"": ""0xc""}"
13,1,7,7.0e-06,NtSetEvent,"[""0x8"",""0x0""]",{},0x82000030,0x0,0.2,"{""previous"": 0}"

? SELECT * FROM timeline_between(2, 17, 24)
seq,ns,idx,kind,what,us,result
18,9000,5,call,RtlEnterCriticalSection,0.5,0x0
22,11000,7,guest.print,"{""text"":""hello""}",,
23,12000,8,call,NtWaitForSingleObjectEx,1.2,0x102
24,12100,9,wait,"[""000000000000000b""]",1.0,timeout

? SELECT * FROM timeline(1, 0.000004, 0.0000075)
seq,t,idx,kind,what,us,result
6,4.0e-06,3,call,ExCreateThread,1.0,0x0
7,4.5e-06,4,thread.create,"{""child"":2,""entry"":""0x82000200"",""ctx"":""0x5"",""stack_size"":65536,""flags"":""0x0"",""raw"":""0xc"",""hsid"":""000000000000000d""}",,
8,4.6e-06,5,handle,0xc Thread,,never closed
13,7.0e-06,7,call,NtSetEvent,0.2,0x0
14,7.1e-06,8,signal,set Event,,object 0

? SELECT * FROM timeline(2, 0.00003)
seq,t,idx,kind,what,us,result
30,3.2e-05,13,handle,0x8 File,,never closed
31,3.3e-05,14,exception,"{""code"":""0xc0000005"",""addr"":""0x82000300""}",,
32,3.4e-05,15,call,NtSetEvent,0.2,0x0
33,3.41e-05,16,signal,set Event,,object 5
35,3.5e-05,18,call,NtWaitForSingleObjectEx,,never returned
36,3.51e-05,19,wait,"[""000000000000000b""]",,never ended

? SELECT * FROM objects_like('Ready')
object,hsid,object_type,name,raw,guest_object,signals,waits
0,000000000000000a,Event,Ready,8,,1,1

? SELECT * FROM objects_like(2)
object,hsid,object_type,name,raw,guest_object,signals,waits
2,000000000000000c,CriticalSection,,,2181040128,0,1

? SELECT * FROM objects_like('0x8')
object,hsid,object_type,name,raw,guest_object,signals,waits
0,000000000000000a,Event,Ready,8,,1,1
4,000000000000000f,File,game:\b,8,,0,0

? SELECT * FROM objects_like('000000000000000b')
object,hsid,object_type,name,raw,guest_object,signals,waits
3,000000000000000b,,,,,0,2

? SELECT * FROM signalers_of('Ready')
object,tid,op,call,lr,times,first,last
0,1,set,NtSetEvent,0x82000030,1,7.1e-06,7.1e-06

? SELECT * FROM signalers_of('000000000000000e')
object,tid,op,call,lr,times,first,last
5,2,set,NtSetEvent,0x82000240,1,3.41e-05,3.41e-05

? SELECT * FROM waits_on(3)
object,seq,tid,idx,t,us,how,by_tid,by_idx
3,24,2,9,1.21e-05,1.0,timeout,,
3,36,2,19,3.51e-05,,never ended,,

? SELECT * FROM waits_on('Ready')
object,seq,tid,idx,t,us,how,by_tid,by_idx
0,12,2,2,6.1e-06,2.0,signal,1,8

? SELECT * FROM wait_chain(2)
step,tid,call,idx,since,object,object_type,object_name,signals,last_signalled,signalled_by,state
0,2,NtWaitForSingleObjectEx,19,3.51e-05,3,,,0,,,waits

? SELECT step, tid, state FROM wait_chain(99)
0,99,is not there

? SELECT * FROM wait_chain(1)
step,tid,call,idx,since,object,object_type,object_name,signals,last_signalled,signalled_by,state
0,1,RtlEnterCriticalSection,11,1.01e-05,2,CriticalSection,,0,,,waits
1,2,NtWaitForSingleObjectEx,19,3.51e-05,3,,,0,,,waits

? SELECT * FROM handle_life(8)
seq,tid,idx,t,what
3,1,0,1.0e-06,made Event Ready
11,2,1,6.0e-06,NtWaitForSingleObjectEx returned 0x0
12,2,2,6.1e-06,waited for
13,1,7,7.0e-06,NtSetEvent returned 0x0
14,1,8,7.1e-06,signalled: set
29,2,12,3.1e-05,closed
30,2,13,3.2e-05,made File game:\b

? SELECT * FROM never_signalled(1)
object,hsid,object_type,name,waits,made_by
2,000000000000000c,CriticalSection,,1,

? SELECT * FROM never_signalled()
object,hsid,object_type,name,waits,made_by
2,000000000000000c,CriticalSection,,1,
3,000000000000000b,,,2,

? SELECT * FROM spin_loops(2)
tid,name,lr,calls,percent,first_seq,last_seq

? SELECT * FROM lock_life(0x82000800)
seq,tid,idx,t,what,us
18,2,5,9.0e-06,RtlEnterCriticalSection,0.5
20,1,10,1.0e-05,RtlEnterCriticalSection (never returned),
21,1,11,1.01e-05,wait,

? SELECT * FROM calls_named('NtSetEvent')
seq,tid,idx,t,args,resolved,rv,us,out
13,1,7,7.0e-06,"[""0x8"",""0x0""]",{},0x0,0.2,"{""previous"": 0}"
32,2,15,3.4e-05,"[""0x14"",""0x0""]",{},0x0,0.2,{}

? SELECT * FROM calls_named('NtSetEvent', 1)
seq,tid,idx,t,args,resolved,rv,us,out
13,1,7,7.0e-06,"[""0x8"",""0x0""]",{},0x0,0.2,"{""previous"": 0}"

? SELECT * FROM calls_per('NtSetEvent', 0.00001)
t,calls
0.0,1
3.0e-05,1

? SELECT * FROM calls_per('NtSetEvent', 1, 2)
t,calls
0.0,1

? SELECT * FROM failures_of(1)
seq,idx,t,name,status,resolved
4,1,2.0e-06,NtCreateFile,STATUS_OBJECT_NAME_NOT_FOUND,"{""path"": ""game:\\a""}"

? SELECT handle_path(8), handle_path(8, 28), handle_path(99)
game:\b,Ready,

? SELECT object_name(0), object_name(2), object_name(99)
Event Ready 0x8,CriticalSection at 0x82000800,

? SELECT sym(0x82000010), sym(0x82000000), sym(0x82001000), sym(-2113929200)
t.xex+0x10,t.xex,,t.xex+0x10

? SELECT happens_before(1, 7, 2, 4)
"1:7, 1:8 wakes 2:3, 2:4"

? SELECT happens_before(1, 1, 2, 0)
"1:1, 1:4 makes 2:0, 2:0"

? SELECT coalesce(happens_before(2, 4, 1, 7), 'never')
never

? SELECT hex(255), hex(-1), hex('ab'), hex(NULL), from_hex('0x1f'), from_hex('1f'), status(0xc0000034), status('0x102'), status(0x12345)
0xff,0xffffffffffffffff,6162,,31,,STATUS_OBJECT_NAME_NOT_FOUND,STATUS_TIMEOUT,0x12345

? SELECT * FROM delta('ref')
entry,name,here,there,failed_here,failed_there,unreturned_here,unreturned_there
,NtCreateFile,1,3,1,1,0,2
0x82000200,NtSetEvent,1,0,0,0,0,0

? SELECT * FROM branches_of(0x82000010)
tid,at,text,target,taken,not_taken,first_cycle,last_cycle
1,0x82000010,beq 0x82000020,0x82000020,99,1,5,500
2,0x82000010,beq 0x82000020,0x82000020,3,0,7,9

? SELECT * FROM branches_of(NULL, 2)
tid,at,text,target,taken,not_taken,first_cycle,last_cycle
2,0x82000010,beq 0x82000020,0x82000020,3,0,7,9

? SELECT * FROM branch_delta('ref')
at,text,taken_here,not_taken_here,taken_there,not_taken_there
0x82000014,bne 0x82000024,0,2,1,2

? SELECT * FROM spin_loops(1)
tid,name,lr,calls,percent,first_seq,last_seq
1,NtCreateFile,0x82000010,1,25.0,4,4
1,ExCreateThread,0x82000020,1,25.0,6,6
1,NtSetEvent,0x82000030,1,25.0,13,13
1,RtlEnterCriticalSection,0x82000040,1,25.0,20,20
2,NtWaitForSingleObjectEx,0x82000210,1,20.0,11,11
2,RtlEnterCriticalSection,0x82000220,1,20.0,18,18
2,NtWaitForSingleObjectEx,0x82000230,1,20.0,23,23
2,NtSetEvent,0x82000240,1,20.0,32,32
2,NtWaitForSingleObjectEx,0x82000250,1,20.0,35,35
"""

with open("t.jsonl", "w") as f:
    f.writelines(json.dumps(e) + "\n" for e in T)
for db in ("t.db", "ref.db"):
    run("import", "t.jsonl", "-o", db)
    sql = sqlite3.connect(db)
    sql.executemany("INSERT INTO branch_sums VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", BRANCHES)
    if db == "ref.db":
        sql.executescript(OTHER)
    sql.commit()
    sql.close()

asked = []
for block in EXPECTED.strip().split("\n\n"):
    question, *rows = block.split("\n")
    question = question.removeprefix("? ")
    out = run("query", "t.db", question, "--csv", "--attach", "ref=ref.db")[0].replace("\r", "").splitlines()
    if not question.startswith("SELECT * "):
        out = out[1:]
    assert out == rows, "\n".join([question, "expected", *rows, "got", *out])
    asked.append(question)

# None is left out.
sql = sqlite3.connect("t.db")
names = [n for n, in sql.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]
names += [n + "(" for n in re.findall(r"^-- (\w+)\(.*?\) (?:rows|value):", open(functions).read(), re.M)] + ["hex(", "status(", "happens_before(", "from_hex("]
missing = [n for n in names if not any(re.search(r"\b" + re.escape(n) + (r"\b" if n[-1] != "(" else ""), q) for q in asked)]
assert not missing, missing
# Every index has a question, a view or a function that goes by it; no other is there.
statements = [part.split("\n", 1)[1] for part in re.split(r"^(?=-- \w+\()", open(functions).read(), flags=re.M)[1:]]
with open(os.path.join(os.path.dirname(functions), "../docs/queries.sql")) as f:
    statements += f.read().split(";")
statements += ["SELECT * FROM %s" % n for n, in sql.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]
plans = ""
for statement in statements:
    statement = re.sub(r"^--.*$", "", statement, flags=re.M).replace("@other.", "main.").strip().rstrip(";")
    given = [x for name in set(re.findall(r":(\w+)", statement)) for x in ("-p", name + "=1")]
    if statement:
        plans += run("query", "t.db", "EXPLAIN QUERY PLAN " + statement, *given)[0]
unused = [n for n, in sql.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL") if not re.search(r"\b%s\b" % n, plans)]
assert not unused, unused
# The same in the stock library.
if extension != "none" and hasattr(sql, "enable_load_extension"):
    sql.enable_load_extension(True)
    sql.load_extension(extension)
    sql.execute("ATTACH 'ref.db' AS ref")
    for question in asked:
        lines = run("query", "t.db", question, "--json", "--attach", "ref=ref.db")[0].splitlines()
        assert len(sql.execute(question).fetchall()) == len(lines), question
print("%d questions about %d views and functions" % (len(asked), len(names)))

-- Where is each thread at the end: in which call, since when?
SELECT tid, idx, t, name, resolved FROM v_unreturned;

-- What does each blocked thread wait for, and who has ever signalled that?
SELECT * FROM v_blocked;

-- What does a thread wait for, who should signal that, and what do those wait for?
SELECT * FROM wait_chain(3);

-- Which threads fell silent first?
SELECT tid, t, within, ended FROM v_last_seen;

-- Who made which thread?
SELECT path, entry, calls, ended FROM v_thread_tree;

-- Which call made a thread, and where?
SELECT tid, parent, create_idx, call, lr, entry FROM v_threads WHERE tid = 2;

-- What did a thread do in its last 50 calls?
SELECT idx, t, name, resolved, rv, us FROM last_calls(1, 50);

-- What did all threads do in this thousandth of a second?
SELECT * FROM during(0.001, 0.002) LIMIT 50;

-- Which blocked threads may wait for whom, and which of them for each other?
SELECT w.tid, w.by, w.why, w.object, EXISTS (SELECT 1 FROM v_waits_for b WHERE b.tid = w.by AND b.by = w.tid) AS each_other FROM v_waits_for w;

-- Which call of each thread failed first?
SELECT tid, idx, t, name, status(rv) AS status, resolved FROM v_first_failures;

-- Which calls fail, how, and how often?
SELECT name, status(rv) AS status, times, threads FROM v_failures;

-- Which call was the first to return each status?
SELECT status(rv) AS status, min(seq) AS seq, tid, idx, t, name, resolved, count(*) AS times FROM v_failed_calls GROUP BY rv ORDER BY seq;

-- Which files were asked for and never found?
SELECT path, times, threads, status(rv) AS status FROM v_missing_files;

-- Which files were opened, and by whom first?
SELECT path, min(t) AS first, tid, count(*) AS times FROM v_opens WHERE found GROUP BY path ORDER BY first;

-- What was waited for that nobody ever signalled?
SELECT * FROM v_never_signalled;

-- What was signalled that nobody ever waited for?
SELECT * FROM v_never_waited;

-- Who signals what?
SELECT * FROM v_signalers;

-- Who signalled this object, by which calls? (Its number, its semantic id, its name, or its handle as text.)
SELECT * FROM signalers_of((SELECT id FROM objects WHERE signals > 0 LIMIT 1));

-- Who signalled it last, and in which event?
SELECT g.tid, g.idx, g.ns / 1e9 AS t, g.op FROM objects o JOIN signals g ON g.seq = o.last_signal WHERE o.id = (SELECT id FROM objects WHERE signals > 0 LIMIT 1);

-- Which objects have signals that ended no wait, and how many?
SELECT object, op, count(*) AS times, max(seq) AS last FROM signals WHERE seq NOT IN (SELECT by_signal FROM wait_rows WHERE by_signal IS NOT NULL) GROUP BY 1, 2 ORDER BY 3 DESC;

-- Who waited for this object, and what ended that?
SELECT * FROM waits_on((SELECT id FROM objects WHERE waits > 0 LIMIT 1)) LIMIT 20;

-- Which waits took longest?
SELECT * FROM v_longest_waits LIMIT 10;

-- How long does each thread wait, and for what reason does it go on?
SELECT * FROM v_wait_times;

-- Who wakes whom?
SELECT by_tid, tid, object_type, object_name, times FROM v_wakeups LIMIT 20;

-- Which waits time out?
SELECT * FROM v_timeouts LIMIT 20;

-- Which locks and objects are contended?
SELECT * FROM v_contended LIMIT 10;

-- Who holds a lock at the end?
SELECT * FROM v_held_locks;

-- Who took and gave back this lock?
SELECT * FROM lock_life((SELECT lock FROM lock_sums LIMIT 1)) LIMIT 20;

-- What does a thread call?
SELECT * FROM call_counts(1);

-- What is called most?
SELECT * FROM v_calls_by_name LIMIT 10;

-- From where is it called?
SELECT * FROM v_call_sites LIMIT 10;

-- In which calls is time spent?
SELECT name, calls, total_us FROM v_calls_by_name ORDER BY total_us DESC LIMIT 10;

-- Which single calls took longest?
SELECT * FROM v_longest_calls LIMIT 10;

-- Which loops poll for what does not come?
SELECT * FROM spin_loops(100);

-- What did a thread do in this tenth of a second?
SELECT * FROM timeline(1, 0, 0.1) LIMIT 50;

-- Which calls did a thread make between two of its events?
SELECT idx, name, args, rv, us FROM calls_between(1, 0, 50);

-- What did all threads do around an event?
SELECT * FROM around(1, 10, 5);

-- What happened between two places in the trace?
SELECT * FROM events_between(100, 110);

-- Can this event have caused that one?
SELECT happens_before(1, 1, 1, 20);

-- What became of a handle's value?
SELECT * FROM handle_life((SELECT raw FROM handle_rows LIMIT 1));

-- Which handles were never closed?
SELECT * FROM v_open_handles;

-- Which calls make handles that nobody closes?
SELECT * FROM v_leaks;

-- Which files are open at the end?
SELECT hex(raw) AS raw, tid, idx, handle_path(raw, seq) AS path FROM handles WHERE object_type = 'File' AND closed_seq IS NULL;

-- Which object did a handle's value mean at this place in the trace?
SELECT object_name((SELECT object FROM handle_rows WHERE raw = 0xf8000008 AND seq <= 1000 ORDER BY seq DESC LIMIT 1)) AS object;

-- Which values stood for several handles?
SELECT * FROM v_reused_handles LIMIT 10;

-- What path does a handle stand for?
SELECT hex(raw) AS raw, handle_path(raw, seq) AS path FROM handle_rows WHERE handle_path(raw, seq) IS NOT NULL LIMIT 10;

-- What objects are there, and how were they made?
SELECT object_name(id) AS object, handles, waits, signals FROM objects LIMIT 20;

-- Which calls of this name were made, with what results?
SELECT * FROM calls_named('NtCreateEvent') LIMIT 10;

-- With which arguments, how often?
SELECT args, count(*) AS times, min(seq) AS first FROM calls_named('NtClose') GROUP BY args ORDER BY times DESC LIMIT 10;

-- How often in each tenth of a second?
SELECT * FROM calls_per('RtlEnterCriticalSection', 0.1);

-- Which calls were made within others?
SELECT * FROM v_nested_calls LIMIT 10;

-- What did the guest print?
SELECT tid, t, text FROM v_prints;

-- Which modules were loaded?
SELECT * FROM v_modules;

-- In which module is this address?
SELECT DISTINCT lr, sym(lr) AS at FROM sites WHERE lr IS NOT NULL LIMIT 10;

-- How long does each frame take?
SELECT frame, t, ms FROM v_frames LIMIT 20;

-- What happened in this frame?
SELECT * FROM events_between((SELECT seq FROM v_frames WHERE frame = 0), (SELECT seq FROM v_frames WHERE frame = 1)) LIMIT 50;

-- What did the GPU do?
SELECT kind, count(*) AS times FROM v_gpu GROUP BY kind;

-- What went wrong: exceptions, and limits that were met?
SELECT * FROM v_troubles;

-- How many events are there of each kind?
SELECT * FROM v_kinds;

-- And of each thread, calls and returns by name?
SELECT * FROM v_counts LIMIT 20;

-- What ended the trace, and is it whole?
SELECT * FROM v_end;

-- About how many events did each thread make in each tenth of a second? (By stretches of up to 256, where they begin.)
SELECT tid, first_ns / 100000000 AS tenth, sum(last_idx - first_idx + 1) AS events FROM blocks GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 20;

-- Which conditional branches are the busiest, and how often are they taken? (wedge query run --branches)
SELECT * FROM v_branches LIMIT 20;

-- Which branches went the other way once, among a hundred and more? (--branches)
SELECT * FROM v_rare_branches;

-- What did the branches of one thread do, by address? (--branches)
SELECT * FROM branches_of(NULL, 3);

-- The SQLite form of a trace or log (wedge import, wedge query): version 13. Any SQLite tool reads it.
--
-- First the tables, which hold each event once and each name once: addresses, ids and statuses are integers (of 64 bits, two's
-- complement), strings are numbers of `strings`, and what ends a call or a wait is in its row, as what is added to its beginning. Then the
-- views, in which all of that is spelled out: ask those (calls, waits, signals, handles, events), and the tables where millions
-- of rows are counted. NULL: it did not happen, or the trace does not tell it. `seq` is the place of an event in the trace, from 1; `tid`
-- and `idx` are its thread and its place there; `ns` its time on the engine's own clock; `cycle` its thread's instructions.

-- What the database was made of: schema (12), source (the file's name), size, mtime_ns, sample (a hash of its beginning and end), format,
-- damage ('' or what was wrong with it), events. It is used again only if all of that is so. branches: 1 if they were asked for (--branches).
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);
-- Strings and JSON texts. A text may have several numbers: compare texts. 0 is {}.
CREATE TABLE strings (id INTEGER PRIMARY KEY, text TEXT);
-- Kinds of events that have no table of their own.
CREATE TABLE kinds (id INTEGER PRIMARY KEY, name TEXT);
-- Where calls are made from, and what is known of the call: `returns` is S for an NTSTATUS, other letters as in nt/exports.h; `does` are
-- words: signals closes frees allocates queries waits creates locks unlocks time reports resets opens.
CREATE TABLE sites (
  id INTEGER PRIMARY KEY, name TEXT, module TEXT, ordinal INTEGER, lr INTEGER, returns TEXT, does TEXT);
-- Arguments: so many, the first eight; `json` instead or as well if they are more or no integers.
CREATE TABLE arguments (
  id INTEGER PRIMARY KEY, n INTEGER, a0 INTEGER, a1 INTEGER, a2 INTEGER, a3 INTEGER, a4 INTEGER, a5 INTEGER, a6 INTEGER, a7 INTEGER,
  json TEXT);
-- Objects as signals name them.
CREATE TABLE mentions (
  id INTEGER PRIMARY KEY, object INTEGER, hsid INTEGER, object_type TEXT, raw INTEGER, handle INTEGER, guest_object INTEGER);
-- Kernel calls with their returns. parent: the call of that thread that it was made within; depth: how many such there are; both NULL if the
-- trace does not tell when that thread's calls return. add_*: what the return's place and time have more than the call's; NULL: it never
-- returned; of a call without a cycle add_cycle is the return's own. more, return_more: fields without a column.
CREATE TABLE call_rows (
  seq INTEGER PRIMARY KEY, tid INTEGER, idx INTEGER, ns INTEGER, cycle INTEGER, site INTEGER, args INTEGER, resolved INTEGER,
  parent INTEGER, depth INTEGER, more INTEGER, add_seq INTEGER, add_idx INTEGER, add_ns INTEGER, add_cycle INTEGER, rv INTEGER,
  status INTEGER, out INTEGER, return_more INTEGER);
-- Waits with what ended them. call: within which they are; object: the first one's number; objects: as the trace names them; how: 'signal',
-- 'already', 'timeout', 'apc'; by_tid and by_idx: the signal; by_signal: its seq, if it is among the latest thousands of its thread.
CREATE TABLE wait_rows (
  seq INTEGER PRIMARY KEY, tid INTEGER, idx INTEGER, ns INTEGER, cycle INTEGER, call INTEGER, object INTEGER, objects INTEGER,
  wait_type INTEGER, alertable INTEGER, timeout_ns INTEGER, more INTEGER, add_seq INTEGER, add_idx INTEGER, add_ns INTEGER,
  add_cycle INTEGER, status INTEGER, how INTEGER, by_tid INTEGER, by_idx INTEGER, by_signal INTEGER, end_more INTEGER);
-- The second and further objects of a wait (n from 1).
CREATE TABLE more_wait_objects (wait INTEGER, n INTEGER, object INTEGER);
-- Those waits that threads are in at the end. One without an end whose call returned, or whose thread ended or waited anew, is none of them: the
-- trace lacks its end. A thread is in several if an APC that interrupts its wait waits, too.
CREATE TABLE blocked (tid INTEGER, wait INTEGER, PRIMARY KEY (tid, wait)) WITHOUT ROWID;
CREATE TABLE signal_rows (
  seq INTEGER PRIMARY KEY, tid INTEGER, idx INTEGER, ns INTEGER, cycle INTEGER, call INTEGER, object INTEGER, mention INTEGER, op INTEGER,
  count INTEGER, previous INTEGER, more INTEGER);
-- Handles from their making (dup: of another) to their end. closed_more: the fields of handle.destroy, if they are others than the handle's.
CREATE TABLE handle_rows (
  seq INTEGER PRIMARY KEY, tid INTEGER, idx INTEGER, ns INTEGER, cycle INTEGER, call INTEGER, dup INTEGER, raw INTEGER, object INTEGER,
  hsid INTEGER, object_type INTEGER, name INTEGER, dup_of INTEGER, more INTEGER, closed_seq INTEGER, closed_tid INTEGER,
  closed_idx INTEGER, closed_ns INTEGER, closed_cycle INTEGER, closed_more INTEGER);
-- Events that have no table of their own, and ends of what did not begin.
CREATE TABLE event_rows (
  seq INTEGER PRIMARY KEY, tid INTEGER, idx INTEGER, ns INTEGER, cycle INTEGER, kind INTEGER, json INTEGER);
-- Ends that do not follow their beginnings at once: what (1 call, 2 wait, 3 handle), and the seq of its beginning.
CREATE TABLE ends (seq INTEGER PRIMARY KEY, what INTEGER, of INTEGER);
-- Every thread that was made or did something. If a number was given to several, the last; the others are among the events.
CREATE TABLE threads (
  tid INTEGER PRIMARY KEY, parent INTEGER, create_seq INTEGER, create_idx INTEGER, create_ns INTEGER, entry INTEGER, ctx INTEGER,
  stack_size INTEGER, flags INTEGER, raw INTEGER, hsid INTEGER, object INTEGER, start_seq INTEGER, start_ns INTEGER, exit_seq INTEGER,
  exit_ns INTEGER, exit_code INTEGER, events INTEGER, calls INTEGER, returns INTEGER, first_seq INTEGER, last_seq INTEGER,
  first_ns INTEGER, last_ns INTEGER);
-- Objects, told apart by semantic id, else by open handle, else by address. raw: its first handle; made_seq, made_by: of that.
CREATE TABLE objects (
  id INTEGER PRIMARY KEY, hsid INTEGER, object_type INTEGER, name INTEGER, raw INTEGER, guest_object INTEGER, first_seq INTEGER,
  made_seq INTEGER, made_by INTEGER, handles INTEGER, waits INTEGER, signals INTEGER, last_signal INTEGER);
-- Stretches of each thread's events (up to 256 of them, within 16,384 events of all threads): by these a thread's place or time is found.
CREATE TABLE blocks (
  tid INTEGER, first_seq INTEGER, last_seq INTEGER, first_idx INTEGER, last_idx INTEGER, first_ns INTEGER, last_ns INTEGER,
  PRIMARY KEY (tid, first_seq)) WITHOUT ROWID;
-- Calls of a thread from a site, summed up: failed are returned NTSTATUSes that are errors; ns the time within; max_seq the longest one.
-- There may be several rows of the same: add them up.
CREATE TABLE call_sums (
  tid INTEGER, site INTEGER, calls INTEGER, returned INTEGER, failed INTEGER, ns INTEGER, max_ns INTEGER, max_seq INTEGER,
  first_seq INTEGER, last_seq INTEGER);
-- Locks that have an address, by thread: how often it took one (last_taken: the latest such call) and gave it back. There may be several rows of
-- the same: add them up.
CREATE TABLE lock_sums (tid INTEGER, lock INTEGER, takes INTEGER, gives INTEGER, last_taken INTEGER);
-- Signals of an object by a thread, of a kind and within a call from a site, summed up. There may be several rows of the same: add them up.
CREATE TABLE signal_sums (
  object INTEGER, tid INTEGER, op INTEGER, site INTEGER, times INTEGER, first_seq INTEGER, last_seq INTEGER, first_ns INTEGER, last_ns INTEGER);
-- Conditional branches of a run's record, decoded with its title, if they were asked for (--branches): how often a thread (0: interrupts) took each and
-- did not, where it went when it was taken last, and the cycles of its first and last one. Other code at the same place has a row of its own.
CREATE TABLE branch_sums (
  tid INTEGER, pc INTEGER, word INTEGER, text TEXT, taken INTEGER, not_taken INTEGER, target INTEGER, first_cycle INTEGER, last_cycle INTEGER);

-- == Views: what happened, spelled out. ==

-- Arguments as JSON.
CREATE VIEW argument_texts AS
  SELECT id, n, coalesce(json, printf(CASE n WHEN 0 THEN '[]' WHEN 1 THEN '["0x%x"]' WHEN 2 THEN '["0x%x","0x%x"]'
         WHEN 3 THEN '["0x%x","0x%x","0x%x"]' WHEN 4 THEN '["0x%x","0x%x","0x%x","0x%x"]'
         WHEN 5 THEN '["0x%x","0x%x","0x%x","0x%x","0x%x"]' WHEN 6 THEN '["0x%x","0x%x","0x%x","0x%x","0x%x","0x%x"]'
         WHEN 7 THEN '["0x%x","0x%x","0x%x","0x%x","0x%x","0x%x","0x%x"]'
         ELSE '["0x%x","0x%x","0x%x","0x%x","0x%x","0x%x","0x%x","0x%x"]' END, a0, a1, a2, a3, a4, a5, a6, a7)) AS text
  FROM arguments;
-- A kernel call with its return: ret_* are NULL if it never returned.
CREATE VIEW calls AS
  SELECT c.seq, c.tid, c.idx, c.ns, s.name, s.module, s.ordinal, s.lr, a.text AS args, r.text AS resolved, c.idx + c.add_idx AS ret_idx,
         c.ns + c.add_ns AS ret_ns, c.rv, c.status, o.text AS out, c.cycle, coalesce(c.cycle, 0) + c.add_cycle AS ret_cycle, c.seq + c.add_seq AS ret_seq,
         c.parent, c.depth, c.site
  FROM call_rows c LEFT JOIN sites s ON s.id = c.site LEFT JOIN argument_texts a ON a.id = c.args
       LEFT JOIN strings r ON r.id = c.resolved LEFT JOIN strings o ON o.id = c.out;
-- A wait with what ended it: by_tid and by_idx are the signal, how is 'signal', 'already', 'timeout' or 'apc'.
CREATE VIEW waits AS
  SELECT w.seq, w.tid, w.idx, w.ns, o.text AS objects, t.text AS wait_type, w.alertable, w.timeout_ns, w.idx + w.add_idx AS end_idx,
         w.ns + w.add_ns AS end_ns, w.status, h.text AS how, w.by_tid, w.by_idx, w.cycle, coalesce(w.cycle, 0) + w.add_cycle AS end_cycle,
         w.seq + w.add_seq AS end_seq, w.call, w.object, w.by_signal
  FROM wait_rows w LEFT JOIN strings o ON o.id = w.objects LEFT JOIN strings t ON t.id = w.wait_type
       LEFT JOIN strings h ON h.id = w.how;
-- Every object of every wait.
CREATE VIEW wait_objects AS
  SELECT seq AS wait, 0 AS n, object FROM wait_rows WHERE object IS NOT NULL
  UNION ALL SELECT wait, n, object FROM more_wait_objects;
CREATE VIEW signals AS
  SELECT g.seq, g.tid, g.idx, g.ns, iif(m.hsid IS NULL, NULL, printf('%016x', m.hsid)) AS hsid, m.object_type, o.text AS op, g.count, g.previous, m.raw, m.handle,
         m.guest_object, g.cycle, g.call, g.object
  FROM signal_rows g LEFT JOIN mentions m ON m.id = g.mention LEFT JOIN strings o ON o.id = g.op;
CREATE VIEW handles AS
  SELECT h.seq, h.raw, iif(h.hsid IS NULL, NULL, printf('%016x', h.hsid)) AS hsid, t.text AS object_type, n.text AS name, h.tid,
         h.idx, h.ns, h.dup_of, h.closed_tid, h.closed_idx, h.closed_ns, h.closed_seq, h.dup, h.call, h.object, h.cycle
  FROM handle_rows h LEFT JOIN strings t ON t.id = h.object_type LEFT JOIN strings n ON n.id = h.name;
-- Events of kinds that have no table of their own, and ends of what did not begin.
CREATE VIEW other_events AS
  SELECT e.seq, e.tid, e.idx, e.ns, k.name AS kind, j.text AS json, e.cycle
  FROM event_rows e LEFT JOIN kinds k ON k.id = e.kind LEFT JOIN strings j ON j.id = e.json;
-- Every event in the order of at and part, without what else it has: kind, and where that is kept: row is the seq of a row of call_rows (what is
-- 1, or 2 of its return), wait_rows (3 and 4), signal_rows (5), handle_rows (6, and 7 of its end) or event_rows (8). No row is put in words here: what
-- only counts asks no more than this.
CREATE VIEW event_places AS
  SELECT c.seq AS at, 0 AS part, c.seq AS row, 1 AS what, c.seq, c.tid, c.idx, c.ns, c.cycle, 'kernel.call' AS kind, c.site
  FROM call_rows c
  UNION ALL
  SELECT c.seq, 1, c.seq, 2, c.seq + 1, c.tid, c.idx + c.add_idx, c.ns + c.add_ns, coalesce(c.cycle, 0) + c.add_cycle, 'kernel.return', c.site
  FROM call_rows c WHERE c.add_seq = 1
  UNION ALL
  SELECT e.seq, 0, e.of, 2, e.seq, c.tid, c.idx + c.add_idx, c.ns + c.add_ns, coalesce(c.cycle, 0) + c.add_cycle, 'kernel.return', c.site
  FROM ends e CROSS JOIN call_rows c ON c.seq = e.of WHERE e.what = 1
  UNION ALL
  SELECT w.seq, 0, w.seq, 3, w.seq, w.tid, w.idx, w.ns, w.cycle, 'wait.begin', NULL FROM wait_rows w
  UNION ALL
  SELECT w.seq, 1, w.seq, 4, w.seq + 1, w.tid, w.idx + w.add_idx, w.ns + w.add_ns, coalesce(w.cycle, 0) + w.add_cycle, 'wait.end', NULL
  FROM wait_rows w WHERE w.add_seq = 1
  UNION ALL
  SELECT e.seq, 0, e.of, 4, e.seq, w.tid, w.idx + w.add_idx, w.ns + w.add_ns, coalesce(w.cycle, 0) + w.add_cycle, 'wait.end', NULL
  FROM ends e CROSS JOIN wait_rows w ON w.seq = e.of WHERE e.what = 2
  UNION ALL
  SELECT g.seq, 0, g.seq, 5, g.seq, g.tid, g.idx, g.ns, g.cycle, 'signal', NULL FROM signal_rows g
  UNION ALL
  SELECT h.seq, 0, h.seq, 6, h.seq, h.tid, h.idx, h.ns, h.cycle, CASE h.dup WHEN 1 THEN 'handle.dup' ELSE 'handle.create' END, NULL
  FROM handle_rows h
  UNION ALL
  SELECT e.seq, 0, e.of, 7, e.seq, h.closed_tid, h.closed_idx, h.closed_ns, h.closed_cycle, 'handle.destroy', NULL
  FROM ends e CROSS JOIN handle_rows h ON h.seq = e.of WHERE e.what = 3
  UNION ALL
  SELECT e.seq, 0, e.seq, 8, e.seq, e.tid, e.idx, e.ns, e.cycle, k.name, NULL FROM event_rows e LEFT JOIN kinds k ON k.id = e.kind
  ORDER BY at, part;
-- The same with all that an event has beside kind, tid, idx, ns and cycle, as it stands in a line of JSON behind those: each with a comma before it. It
-- is put together where it is asked for.
CREATE VIEW event_texts AS
  SELECT p.at, p.part, p.seq, p.tid, p.idx, p.ns, p.cycle, p.kind, p.site, CASE p.what
  WHEN 1 THEN (
  SELECT coalesce(',"name":' || CASE WHEN s.name IS NOT NULL THEN json_quote(s.name) END, '')
           || coalesce(',"module":' || CASE WHEN s.module IS NOT NULL THEN json_quote(s.module) END, '')
           || coalesce(',"ordinal":' || s.ordinal, '')
           || coalesce(',"lr":' || CASE WHEN s.lr IS NOT NULL THEN printf('"0x%x"', s.lr) END, '')
           || coalesce(',"args":' || a.text, '')
           || coalesce(',"args_resolved":' || r.text, '')
           || coalesce(',' || substr(m.text, 2, length(m.text) - 2), '')
  FROM call_rows c LEFT JOIN sites s ON s.id = c.site LEFT JOIN argument_texts a ON a.id = c.args
       LEFT JOIN strings r ON r.id = c.resolved LEFT JOIN strings m ON m.id = c.more WHERE c.seq = p.row)
  WHEN 2 THEN (
  SELECT coalesce(',"name":' || CASE WHEN s.name IS NOT NULL THEN json_quote(s.name) END, '')
           || coalesce(',"rv":' || CASE WHEN c.rv IS NOT NULL THEN printf('"0x%x"', c.rv) END, '')
           || coalesce(',"status":' || CASE WHEN c.status IS NOT NULL THEN printf('"0x%x"', c.status) END, '')
           || coalesce(',"out":' || o.text, '')
           || coalesce(',' || substr(m.text, 2, length(m.text) - 2), '')
  FROM call_rows c LEFT JOIN sites s ON s.id = c.site LEFT JOIN strings o ON o.id = c.out
       LEFT JOIN strings m ON m.id = c.return_more WHERE c.seq = p.row)
  WHEN 3 THEN (
  SELECT coalesce(',"handles":' || o.text, '')
           || coalesce(',"wait_type":' || CASE WHEN t.text IS NOT NULL THEN json_quote(t.text) END, '')
           || coalesce(',"alertable":' || CASE w.alertable WHEN 1 THEN 'true' WHEN 0 THEN 'false' END, '')
           || coalesce(',"timeout_ns":' || w.timeout_ns, '')
           || coalesce(',' || substr(m.text, 2, length(m.text) - 2), '')
  FROM wait_rows w LEFT JOIN strings o ON o.id = w.objects LEFT JOIN strings t ON t.id = w.wait_type
       LEFT JOIN strings m ON m.id = w.more WHERE w.seq = p.row)
  WHEN 4 THEN (
  SELECT coalesce(',"status":' || CASE WHEN w.status IS NOT NULL THEN printf('"0x%x"', w.status) END, '')
           || coalesce(',"satisfied_by":' || CASE WHEN w.by_tid IS NULL THEN CASE WHEN h.text IS NOT NULL THEN json_quote(h.text) END
             ELSE printf('{"tid":%d,"idx":%d}', w.by_tid, w.by_idx) END, '')
           || coalesce(',' || substr(m.text, 2, length(m.text) - 2), '')
  FROM wait_rows w LEFT JOIN strings h ON h.id = w.how LEFT JOIN strings m ON m.id = w.end_more WHERE w.seq = p.row)
  WHEN 5 THEN (
  SELECT coalesce(',"guest_object":' || CASE WHEN m.guest_object IS NOT NULL THEN printf('"0x%x"', m.guest_object) END, '')
           || coalesce(',"hsid":' || CASE WHEN m.hsid IS NOT NULL THEN printf('"%016x"', m.hsid) END, '')
           || coalesce(',"object_type":' || CASE WHEN m.object_type IS NOT NULL THEN json_quote(m.object_type) END, '')
           || coalesce(',"raw":' || CASE WHEN m.raw IS NOT NULL THEN printf('"0x%x"', m.raw) END, '')
           || coalesce(',"handle":' || CASE WHEN m.handle IS NOT NULL THEN printf('"0x%x"', m.handle) END, '')
           || coalesce(',"op":' || CASE WHEN o.text IS NOT NULL THEN json_quote(o.text) END, '')
           || coalesce(',"count":' || g.count, '')
           || coalesce(',"previous":' || g.previous, '')
           || coalesce(',' || substr(x.text, 2, length(x.text) - 2), '')
  FROM signal_rows g LEFT JOIN mentions m ON m.id = g.mention LEFT JOIN strings o ON o.id = g.op
       LEFT JOIN strings x ON x.id = g.more WHERE g.seq = p.row)
  WHEN 6 THEN (
  SELECT coalesce(',"raw":' || CASE WHEN h.raw IS NOT NULL THEN printf('"0x%x"', h.raw) END, '')
           || coalesce(',"hsid":' || CASE WHEN h.hsid IS NOT NULL THEN printf('"%016x"', h.hsid) END, '')
           || coalesce(',"object_type":' || CASE WHEN t.text IS NOT NULL THEN json_quote(t.text) END, '')
           || coalesce(',"dup_of":' || CASE WHEN h.dup_of IS NOT NULL THEN printf('"0x%x"', h.dup_of) END, '')
           || coalesce(',"name":' || CASE WHEN n.text IS NOT NULL THEN json_quote(n.text) END, '')
           || coalesce(',' || substr(m.text, 2, length(m.text) - 2), '')
  FROM handle_rows h LEFT JOIN strings t ON t.id = h.object_type LEFT JOIN strings n ON n.id = h.name
       LEFT JOIN strings m ON m.id = h.more WHERE h.seq = p.row)
  WHEN 7 THEN (
  SELECT iif(m.text IS NOT NULL, coalesce(',' || nullif(substr(m.text, 2, length(m.text) - 2), ''), ''), coalesce(',"raw":' || CASE WHEN h.raw IS NOT NULL THEN printf('"0x%x"', h.raw) END, '')
           || coalesce(',"hsid":' || CASE WHEN h.hsid IS NOT NULL THEN printf('"%016x"', h.hsid) END, '')
           || coalesce(',"object_type":' || CASE WHEN t.text IS NOT NULL THEN json_quote(t.text) END, ''))
  FROM handle_rows h LEFT JOIN strings t ON t.id = h.object_type LEFT JOIN strings m ON m.id = h.closed_more WHERE h.seq = p.row)
  ELSE (
  SELECT coalesce(',' || nullif(substr(j.text, 2, length(j.text) - 2), ''), '') FROM event_rows e LEFT JOIN strings j ON j.id = e.json WHERE e.seq = p.row)
  END AS rest
  FROM event_places p;
-- The same with that as JSON: fields. Integers that the schema writes in hexadecimal are so written here, whatever the trace has.
CREATE VIEW event_parts AS
  SELECT at, part, seq, tid, idx, ns, cycle, kind, '{' || substr(rest, 2) || '}' AS fields FROM event_texts;
-- Every event, in the order of the trace.
CREATE VIEW v_events AS SELECT seq, tid, idx, ns, cycle, kind, fields FROM event_parts;
-- The same with the columns that `SELECT * FROM events` gives of a trace as it streams (wedge query TRACE). line: the event as JSON; what the trace
-- itself had may be spaced or spelled otherwise.
CREATE VIEW events AS
  SELECT seq, tid, idx, kind, coalesce((SELECT s.name FROM sites s WHERE s.id = site), json_extract('{' || substr(rest, 2) || '}', '$.name')) AS name,
         ns AS host_ns, cycle,
         '{"kind":' || json_quote(kind) || ',"tid":' || tid || ',"idx":' || idx || ',"host_ns":' || ns || coalesce(',"cycle":' || cycle, '') || rest || '}' AS line
  FROM event_texts;
-- Calls with durations, readable.
CREATE VIEW v_calls AS
  SELECT seq, tid, idx, ns / 1e9 AS t, name, args, resolved, iif(lr IS NULL, NULL, printf('0x%x', lr)) AS lr,
         iif(rv IS NULL, NULL, printf('0x%x', rv)) AS rv, (ret_ns - ns) / 1e3 AS us, out FROM calls;
-- Calls that never returned: where each thread stands at the end. Of a thread whose returns the trace does not tell, its last call.
CREATE VIEW v_unreturned AS
  SELECT c.tid, c.idx, c.ns / 1e9 AS t, s.name, r.text AS resolved, iif(s.lr IS NULL, NULL, printf('0x%x', s.lr)) AS lr
  FROM (SELECT seq FROM call_rows WHERE add_seq IS NULL AND depth IS NOT NULL UNION SELECT max(last_seq) FROM call_sums GROUP BY tid) x
       CROSS JOIN call_rows c ON c.seq = x.seq LEFT JOIN sites s ON s.id = c.site LEFT JOIN strings r ON r.id = c.resolved
  WHERE c.add_seq IS NULL ORDER BY c.tid, c.idx;
-- Waits with the call that signalled.
CREATE VIEW v_waits AS
  SELECT w.tid, w.idx, w.ns / 1e9 AS t, w.objects, w.wait_type, w.timeout_ns, (w.end_ns - w.ns) / 1e3 AS us,
         iif(w.status IS NULL, NULL, printf('0x%x', w.status)) AS status,
         coalesce(w.how, CASE WHEN w.end_seq IS NULL THEN 'never ended' END) AS how, w.by_tid, w.by_idx, s.name AS by_call, w.seq, w.object
  FROM waits w LEFT JOIN signal_rows g ON g.seq = w.by_signal LEFT JOIN call_rows c ON c.seq = g.call LEFT JOIN sites s ON s.id = c.site;
-- Waits that threads are in at the end: what each waits for, since when, and who has signalled that.
CREATE VIEW v_blocked AS
  SELECT w.tid, w.idx, w.ns / 1e9 AS since, s.name AS call, iif(s.lr IS NULL, NULL, printf('0x%x', s.lr)) AS lr,
         w.timeout_ns, ot.text AS object_type, nm.text AS object_name, w.object, o.signals,
         (SELECT group_concat(DISTINCT g.tid) FROM signal_sums g WHERE g.object = w.object) AS signalled_by
  FROM blocked b JOIN wait_rows w ON w.seq = b.wait LEFT JOIN call_rows c ON c.seq = w.call LEFT JOIN sites s ON s.id = c.site LEFT JOIN objects o ON o.id = w.object
       LEFT JOIN strings ot ON ot.id = o.object_type LEFT JOIN strings nm ON nm.id = o.name
  ORDER BY w.tid, w.idx;
-- Whom each blocked thread may be waiting for: by, who has signalled what it waits for before, has taken that lock and not given it back, or is it.
CREATE VIEW v_waits_for AS
  SELECT b.tid, g.tid AS by, 'signalled it before' AS why, w.object, max(g.last_ns) / 1e9 AS last
  FROM blocked b JOIN wait_rows w ON w.seq = b.wait JOIN signal_sums g ON g.object = w.object AND g.tid > 0 AND g.tid <> b.tid GROUP BY b.tid, w.object, g.tid
  UNION ALL
  SELECT b.tid, l.tid, 'has the lock', w.object, NULL
  FROM blocked b JOIN wait_rows w ON w.seq = b.wait JOIN objects o ON o.id = w.object JOIN lock_sums l ON l.lock = (o.guest_object & 0xffffffff)
  GROUP BY b.tid, w.object, l.tid HAVING sum(l.takes - l.gives) > 0
  UNION ALL
  SELECT b.tid, t.tid, 'is the thread', w.object, NULL FROM blocked b JOIN wait_rows w ON w.seq = b.wait JOIN threads t ON t.object = w.object
  ORDER BY 1, 2;
-- Waits, the longest first.
CREATE VIEW v_longest_waits AS
  SELECT w.tid, w.idx, w.ns / 1e9 AS t, w.add_ns / 1e6 AS ms, h.text AS how, w.by_tid, ot.text AS object_type, nm.text AS object_name, w.object
  FROM wait_rows w LEFT JOIN strings h ON h.id = w.how LEFT JOIN objects o ON o.id = w.object
       LEFT JOIN strings ot ON ot.id = o.object_type LEFT JOIN strings nm ON nm.id = o.name
  WHERE w.add_seq IS NOT NULL ORDER BY w.add_ns DESC;
-- Of each thread, how often and how long it waited, and how that ended.
CREATE VIEW v_wait_times AS
  SELECT w.tid, coalesce(h.text, CASE WHEN w.add_seq IS NULL THEN 'never ended' END) AS how, count(*) AS waits, sum(w.add_ns) / 1e6 AS ms,
         max(w.add_ns) / 1e6 AS longest_ms
  FROM wait_rows w LEFT JOIN strings h ON h.id = w.how GROUP BY 1, 2 ORDER BY 1, 4 DESC;
-- Who wakes whom: signals of by_tid that ended waits of tid.
CREATE VIEW v_wakeups AS
  SELECT w.by_tid, w.tid, ot.text AS object_type, nm.text AS object_name, w.object, count(*) AS times, sum(w.add_ns) / 1e6 AS ms
  FROM wait_rows w LEFT JOIN objects o ON o.id = w.object LEFT JOIN strings ot ON ot.id = o.object_type LEFT JOIN strings nm ON nm.id = o.name
  WHERE w.by_tid IS NOT NULL GROUP BY w.by_tid, w.tid, w.object ORDER BY times DESC;
-- Waits that timed out, by where they are made.
CREATE VIEW v_timeouts AS
  SELECT w.tid, s.name AS call, iif(s.lr IS NULL, NULL, printf('0x%x', s.lr)) AS lr, w.object, w.timeout_ns, count(*) AS times
  FROM wait_rows w JOIN strings h ON h.id = w.how AND h.text = 'timeout' LEFT JOIN call_rows c ON c.seq = w.call
       LEFT JOIN sites s ON s.id = c.site
  GROUP BY w.tid, c.site, w.object, w.timeout_ns ORDER BY times DESC;
-- An object's life: its handles and how often it was waited for and signalled. made_by: the thread.
CREATE VIEW v_objects AS
  SELECT iif(o.hsid IS NULL, NULL, printf('%016x', o.hsid)) AS hsid, t.text AS object_type, n.text AS name,
         (SELECT min(h.ns) / 1e9 FROM handle_rows h WHERE h.object = o.id) AS created, o.handles,
         (SELECT count(*) FROM handle_rows h WHERE h.object = o.id AND h.closed_seq IS NULL) AS open, o.signals, o.waits, o.made_by,
         iif(o.raw IS NULL, NULL, printf('0x%x', o.raw)) AS raw,
         CASE WHEN o.guest_object IS NOT NULL THEN printf('0x%x', o.guest_object) END AS guest_object, o.id AS object
  FROM objects o LEFT JOIN strings t ON t.id = o.object_type LEFT JOIN strings n ON n.id = o.name ORDER BY o.id;
-- Objects that were waited for and that nobody ever signalled.
CREATE VIEW v_never_signalled AS
  SELECT object, hsid, object_type, name, guest_object, waits, made_by,
         (SELECT group_concat(DISTINCT w.tid) FROM wait_rows w WHERE w.object = v.object) AS waiters
  FROM v_objects v WHERE waits > 0 AND signals = 0;
-- Objects that were signalled and never waited for.
CREATE VIEW v_never_waited AS
  SELECT object, hsid, object_type, name, guest_object, signals, made_by FROM v_objects WHERE signals > 0 AND waits = 0;
-- Who signals what.
CREATE VIEW v_signalers AS
  SELECT iif(x.hsid IS NULL, NULL, printf('%016x', x.hsid)) AS hsid, t.text AS object_type, g.tid, o.text AS op, sum(g.times) AS times,
         min(g.first_ns) / 1e9 AS first, max(g.last_ns) / 1e9 AS last, g.object
  FROM signal_sums g LEFT JOIN objects x ON x.id = g.object LEFT JOIN strings t ON t.id = x.object_type LEFT JOIN strings o ON o.id = g.op
  GROUP BY g.object, g.tid, o.text ORDER BY min(g.first_seq);
-- Handles that were never closed, oldest first.
CREATE VIEW v_open_handles AS
  SELECT iif(raw IS NULL, NULL, printf('0x%x', raw)) AS raw, object_type, name, tid, idx, ns / 1e9 AS t, object FROM handles WHERE closed_seq IS NULL ORDER BY seq;
-- Where handles are made that nobody closed: by the call and its place, how many of all. first: the first that is open.
CREATE VIEW v_leaks AS
  SELECT s.name AS call, iif(s.lr IS NULL, NULL, printf('0x%x', s.lr)) AS lr, t.text AS object_type, count(*) AS made, sum(h.closed_seq IS NULL) AS open,
         count(DISTINCT h.tid) AS threads, min(iif(h.closed_seq IS NULL, h.seq, NULL)) AS first
  FROM handle_rows h LEFT JOIN call_rows c ON c.seq = h.call LEFT JOIN sites s ON s.id = c.site LEFT JOIN strings t ON t.id = h.object_type
  GROUP BY s.name, s.lr, t.text HAVING open > 0 ORDER BY open DESC, first;
-- Values that stood for several handles, one after the other.
CREATE VIEW v_reused_handles AS
  SELECT printf('0x%x', raw) AS raw, count(*) AS times, count(DISTINCT object) AS objects FROM handle_rows WHERE raw IS NOT NULL GROUP BY handle_rows.raw
  HAVING count(*) > 1 ORDER BY times DESC, handle_rows.raw;
-- Calls of each kind by thread.
CREATE VIEW v_call_counts AS
  SELECT x.tid, s.name, sum(x.calls) AS calls, sum(x.calls - x.returned) AS unreturned, sum(x.ns) / 1e3 AS total_us, sum(x.failed) AS failed
  FROM call_sums x JOIN sites s ON s.id = x.site GROUP BY x.tid, s.name ORDER BY x.tid, calls DESC;
-- The same over all threads.
CREATE VIEW v_calls_by_name AS
  SELECT s.name, s.module, sum(x.calls) AS calls, count(DISTINCT x.tid) AS threads, sum(x.calls - x.returned) AS unreturned,
         sum(x.failed) AS failed, sum(x.ns) / 1e3 AS total_us, max(x.max_ns) / 1e3 AS longest_us
  FROM call_sums x JOIN sites s ON s.id = x.site GROUP BY s.name, s.module ORDER BY calls DESC;
-- And by the place that they are made from.
CREATE VIEW v_call_sites AS
  SELECT x.tid, s.name, iif(s.lr IS NULL, NULL, printf('0x%x', s.lr)) AS lr, sum(x.calls) AS calls, sum(x.failed) AS failed,
         sum(x.ns) / 1e3 AS total_us, min(x.first_seq) AS first_seq, max(x.last_seq) AS last_seq
  FROM call_sums x JOIN sites s ON s.id = x.site GROUP BY x.tid, s.name, s.lr ORDER BY calls DESC;
-- Of each thread and name, the call that took longest.
CREATE VIEW v_longest_calls AS
  SELECT c.tid, c.idx, c.ns / 1e9 AS t, s.name, c.add_ns / 1e6 AS ms, r.text AS resolved
  FROM call_sums x JOIN call_rows c ON c.seq = x.max_seq JOIN sites s ON s.id = x.site LEFT JOIN strings r ON r.id = c.resolved
  ORDER BY c.add_ns DESC;
-- Calls that returned an NTSTATUS of an error.
CREATE VIEW v_failed_calls AS
  SELECT c.seq, c.tid, c.idx, c.ns / 1e9 AS t, s.name, printf('0x%x', c.rv & 0xffffffff) AS rv, r.text AS resolved,
         iif(s.lr IS NULL, NULL, printf('0x%x', s.lr)) AS lr
  FROM call_rows c JOIN sites s ON s.id = c.site LEFT JOIN strings r ON r.id = c.resolved
  WHERE c.seq BETWEEN (SELECT min(first_seq) FROM call_sums WHERE site IN (SELECT site FROM call_sums WHERE failed > 0))
                      AND (SELECT max(last_seq) FROM call_sums WHERE site IN (SELECT site FROM call_sums WHERE failed > 0))
        AND c.site IN (SELECT site FROM call_sums WHERE failed > 0) AND s.returns = 'S' AND (c.rv & 0xc0000000) = 0xc0000000;
-- How often each call failed how.
CREATE VIEW v_failures AS
  SELECT s.name, printf('0x%x', c.rv & 0xffffffff) AS rv, count(*) AS times, count(DISTINCT c.tid) AS threads, min(c.seq) AS first_seq
  FROM call_rows c JOIN sites s ON s.id = c.site
  WHERE c.seq BETWEEN (SELECT min(first_seq) FROM call_sums WHERE site IN (SELECT site FROM call_sums WHERE failed > 0))
                      AND (SELECT max(last_seq) FROM call_sums WHERE site IN (SELECT site FROM call_sums WHERE failed > 0))
        AND c.site IN (SELECT site FROM call_sums WHERE failed > 0) AND s.returns = 'S' AND (c.rv & 0xc0000000) = 0xc0000000 GROUP BY s.name, c.rv & 0xffffffff ORDER BY times DESC;
-- The first of each thread that failed.
CREATE VIEW v_first_failures AS
  SELECT tid, min(seq) AS seq, idx, t, name, rv, resolved FROM v_failed_calls GROUP BY tid ORDER BY tid;
-- Calls with a path, and what came of them.
CREATE VIEW v_opens AS
  SELECT c.seq, c.tid, c.ns / 1e9 AS t, s.name, coalesce(json_extract(r.text, '$.path'), json_extract(r.text, '$.object_name')) AS path,
         iif(c.rv IS NULL, NULL, printf('0x%x', c.rv & 0xffffffff)) AS rv, (c.rv & 0x80000000) = 0 AS found
  FROM call_rows c JOIN sites s ON s.id = c.site JOIN strings r ON r.id = c.resolved
  WHERE c.seq BETWEEN (SELECT min(first_seq) FROM call_sums WHERE site IN (SELECT id FROM sites WHERE ' ' || does || ' ' LIKE '% opens %'))
                      AND (SELECT max(last_seq) FROM call_sums WHERE site IN (SELECT id FROM sites WHERE ' ' || does || ' ' LIKE '% opens %'))
        AND c.site IN (SELECT id FROM sites WHERE ' ' || does || ' ' LIKE '% opens %')
        AND (json_extract(r.text, '$.path') IS NOT NULL OR json_extract(r.text, '$.object_name') IS NOT NULL);
-- Paths that were asked for and never found.
CREATE VIEW v_missing_files AS
  SELECT path, count(*) AS times, min(t) AS first, group_concat(DISTINCT tid) AS threads, group_concat(DISTINCT rv) AS rv
  FROM v_opens GROUP BY path HAVING max(found) = 0 ORDER BY min(seq);
-- Threads: made by whom, when, where they begin. call and lr: the call that made it.
CREATE VIEW v_threads AS
  SELECT t.tid, t.parent, iif(t.entry IS NULL, NULL, printf('0x%x', t.entry)) AS entry,
         iif(t.ctx IS NULL, NULL, printf('0x%x', t.ctx)) AS ctx, t.start_ns / 1e9 AS started, t.exit_ns / 1e9 AS ended, t.exit_code, t.calls,
         t.events, iif(t.hsid IS NULL, NULL, printf('%016x', t.hsid)) AS hsid, t.create_idx, s.name AS call,
         iif(s.lr IS NULL, NULL, printf('0x%x', s.lr)) AS lr
  FROM threads t LEFT JOIN objects o ON o.id = t.object LEFT JOIN handle_rows h ON h.seq = o.made_seq LEFT JOIN call_rows c ON c.seq = h.call
       LEFT JOIN sites s ON s.id = c.site;
-- Threads below those that made them, with the way from the first.
CREATE VIEW v_thread_tree AS
  WITH RECURSIVE tree(tid, depth, path) AS (
    SELECT tid, 0, printf('%d', tid) FROM threads t
    WHERE parent IS NULL OR parent = tid OR NOT EXISTS (SELECT 1 FROM threads p WHERE p.tid = t.parent)
    UNION ALL SELECT t.tid, tree.depth + 1, tree.path || '/' || t.tid FROM tree JOIN threads t ON t.parent = tree.tid AND t.tid <> tree.tid
    WHERE tree.depth < 100)
  SELECT x.tid, x.depth, x.path, t.parent, iif(t.entry IS NULL, NULL, printf('0x%x', t.entry)) AS entry, t.calls,
         t.exit_ns / 1e9 AS ended
  FROM tree x JOIN threads t ON t.tid = x.tid ORDER BY x.path;
-- Where each thread was last seen: those that fell silent first come first.
CREATE VIEW v_last_seen AS
  SELECT t.tid, t.last_ns / 1e9 AS t, t.last_seq, t.exit_ns IS NOT NULL AS ended,
         coalesce((SELECT s.name FROM call_rows c JOIN sites s ON s.id = c.site WHERE c.seq = l.seq AND c.add_seq IS NULL),
                  (SELECT s.name FROM call_rows c JOIN sites s ON s.id = c.site
                   WHERE c.tid = t.tid AND c.add_seq IS NULL AND c.depth IS NOT NULL ORDER BY c.seq DESC LIMIT 1)) AS within
  FROM threads t LEFT JOIN (SELECT tid, max(last_seq) AS seq FROM call_sums GROUP BY tid) l ON l.tid = t.tid
  WHERE t.events > 0 ORDER BY t.last_seq;
-- Calls that take or give back a lock that has an address.
CREATE VIEW v_lock_calls AS
  SELECT c.seq, c.tid, c.idx, c.ns / 1e9 AS t, s.name, a.a0 & 0xffffffff AS lock, (' ' || s.does || ' ' LIKE '% locks %') AS takes,
         c.add_seq IS NOT NULL AND NOT (s.returns = 'b' AND c.rv IS NOT NULL AND (c.rv & 0xff) = 0) AS done, c.add_ns / 1e3 AS us
  FROM call_rows c JOIN sites s ON s.id = c.site JOIN arguments a ON a.id = c.args
  WHERE c.seq BETWEEN (SELECT min(first_seq) FROM call_sums WHERE site IN (SELECT id FROM sites WHERE does LIKE '%locks%'))
                      AND (SELECT max(last_seq) FROM call_sums WHERE site IN (SELECT id FROM sites WHERE does LIKE '%locks%'))
        AND c.site IN (SELECT id FROM sites WHERE does LIKE '%locks%') AND (a.a0 & 0xffffffff) > 0xffff;
-- Locks that a thread took more often than it gave them back.
CREATE VIEW v_held_locks AS
  SELECT printf('0x%x', x.lock) AS lock, tid, sum(takes) - sum(gives) AS held, max(x.last_taken) AS last_taken
  FROM lock_sums x GROUP BY x.lock, tid HAVING held > 0 ORDER BY last_taken;
-- Locks and other objects that were waited for, by how much.
CREATE VIEW v_contended AS
  SELECT w.object, ot.text AS object_type, nm.text AS name, CASE WHEN o.guest_object IS NOT NULL THEN printf('0x%x', o.guest_object) END AS address,
         count(*) AS waits, count(DISTINCT w.tid) AS threads, sum(w.add_ns) / 1e6 AS ms, sum(w.add_seq IS NULL) AS never_ended
  FROM wait_rows w LEFT JOIN objects o ON o.id = w.object LEFT JOIN strings ot ON ot.id = o.object_type LEFT JOIN strings nm ON nm.id = o.name
  GROUP BY w.object ORDER BY ms DESC;
-- Calls made within others: exception filters, libraries' start-up.
CREATE VIEW v_nested_calls AS
  SELECT c.seq, c.tid, c.idx, s.name, c.depth, c.parent, ps.name AS within
  FROM call_rows c LEFT JOIN sites s ON s.id = c.site LEFT JOIN call_rows p ON p.seq = c.parent LEFT JOIN sites ps ON ps.id = p.site
  WHERE c.depth > 0;
-- How many events there are of each kind.
CREATE VIEW v_kinds AS
  SELECT kind, sum(n) AS events FROM (
    SELECT 'kernel.call' AS kind, coalesce(sum(calls), 0) AS n FROM call_sums
    UNION ALL SELECT 'kernel.return', coalesce(sum(returned), 0) FROM call_sums
    UNION ALL SELECT 'wait.begin', count(*) FROM wait_rows UNION ALL SELECT 'wait.end', count(add_seq) FROM wait_rows
    UNION ALL SELECT 'signal', count(*) FROM signal_rows
    UNION ALL SELECT CASE dup WHEN 1 THEN 'handle.dup' ELSE 'handle.create' END, count(*) FROM handle_rows GROUP BY 1
    UNION ALL SELECT 'handle.destroy', count(closed_seq) FROM handle_rows
    UNION ALL SELECT k.name, e.n FROM (SELECT kind, count(*) AS n FROM event_rows GROUP BY kind) e JOIN kinds k ON k.id = e.kind)
  GROUP BY kind HAVING sum(n) > 0 ORDER BY events DESC;
-- The same of each thread, calls and returns by name: what GROUP BY tid, kind, name over events counts, of sums.
CREATE VIEW v_counts AS
  SELECT tid, kind, name, sum(n) AS events FROM (
    SELECT x.tid, 'kernel.call' AS kind, s.name, x.calls AS n FROM call_sums x LEFT JOIN sites s ON s.id = x.site
    UNION ALL SELECT x.tid, 'kernel.return', s.name, x.returned FROM call_sums x LEFT JOIN sites s ON s.id = x.site
    UNION ALL SELECT tid, 'wait.begin', NULL, count(*) FROM wait_rows GROUP BY tid
    UNION ALL SELECT tid, 'wait.end', NULL, count(add_seq) FROM wait_rows GROUP BY tid
    UNION ALL SELECT tid, 'signal', NULL, count(*) FROM signal_rows GROUP BY tid
    UNION ALL SELECT tid, CASE dup WHEN 1 THEN 'handle.dup' ELSE 'handle.create' END, NULL, count(*) FROM handle_rows GROUP BY 1, 2
    UNION ALL SELECT closed_tid, 'handle.destroy', NULL, count(closed_seq) FROM handle_rows GROUP BY closed_tid
    UNION ALL SELECT e.tid, k.name, NULL, e.n FROM (SELECT tid, kind, count(*) AS n FROM event_rows GROUP BY tid, kind) e JOIN kinds k ON k.id = e.kind)
  GROUP BY tid, kind, name HAVING sum(n) > 0 ORDER BY tid, events DESC, kind, name;
-- What the guest printed; lines of a log that are no events.
CREATE VIEW v_prints AS
  SELECT e.seq, e.tid, e.idx, e.ns / 1e9 AS t, json_extract(j.text, '$.text') AS text
  FROM kinds k CROSS JOIN event_rows e ON e.kind = k.id AND k.name = 'guest.print' JOIN strings j ON j.id = e.json;
-- Modules, where they lie and when they came.
CREATE VIEW v_modules AS
  SELECT e.seq, e.ns / 1e9 AS t, k.name = 'module.load' AS loaded, json_extract(j.text, '$.name') AS name, json_extract(j.text, '$.base') AS base,
         json_extract(j.text, '$.size') AS size, json_extract(j.text, '$.entry') AS entry, json_extract(j.text, '$.path') AS path
  FROM kinds k CROSS JOIN event_rows e ON e.kind = k.id AND k.name IN ('module.load', 'module.unload') JOIN strings j ON j.id = e.json;
-- What the GPU did.
CREATE VIEW v_gpu AS
  SELECT e.seq, e.tid, e.ns / 1e9 AS t, k.name AS kind, j.text AS fields
  FROM kinds k CROSS JOIN event_rows e ON e.kind = k.id AND k.name IN ('gpu.interrupt', 'gpu.swap', 'gpu.mmio') JOIN strings j ON j.id = e.json;
-- Frames that were shown, and the time since the one before.
CREATE VIEW v_frames AS
  SELECT row_number() OVER (ORDER BY e.seq) - 1 AS frame, e.seq, e.tid, e.ns / 1e9 AS t, (e.ns - lag(e.ns) OVER (ORDER BY e.seq)) / 1e6 AS ms
  FROM kinds k CROSS JOIN event_rows e ON e.kind = k.id AND k.name = 'gpu.swap';
-- Exceptions, and limits that were met.
CREATE VIEW v_troubles AS
  SELECT e.seq, e.tid, e.idx, e.ns / 1e9 AS t, k.name AS kind, j.text AS fields
  FROM kinds k CROSS JOIN event_rows e ON e.kind = k.id AND k.name IN ('exception', 'limit') JOIN strings j ON j.id = e.json;
-- What ended the trace, and what is wrong with it.
CREATE VIEW v_end AS
  SELECT (SELECT value FROM meta WHERE key = 'format') AS format, (SELECT value FROM meta WHERE key = 'events') AS events,
         (SELECT json_extract(j.text, '$.reason') FROM kinds k CROSS JOIN event_rows e ON e.kind = k.id AND k.name = 'trace.footer'
          JOIN strings j ON j.id = e.json ORDER BY e.seq DESC LIMIT 1) AS reason,
         (SELECT value FROM meta WHERE key = 'damage') AS damage;
-- Conditional branches of each thread, and how often they were taken; the most frequent first.
CREATE VIEW v_branches AS
  SELECT tid, printf('0x%08x', pc) AS pc, text, iif(target IS NULL, NULL, printf('0x%08x', target)) AS target, taken, not_taken, round(100.0 * taken / (taken + not_taken), 1) AS percent,
         first_cycle, last_cycle
  FROM branch_sums ORDER BY taken + not_taken DESC, tid, branch_sums.pc;
-- The same of all threads together.
CREATE VIEW v_branch_sites AS
  SELECT printf('0x%08x', b.pc) AS pc, text, count(DISTINCT tid) AS threads, sum(taken) AS taken, sum(not_taken) AS not_taken,
         round(100.0 * sum(taken) / sum(taken + not_taken), 1) AS percent
  FROM branch_sums b GROUP BY b.pc, word, text ORDER BY sum(taken + not_taken) DESC, b.pc;
-- Branches that went the other way once, among at least a hundred: where a loop ended, or a check failed.
CREATE VIEW v_rare_branches AS
  SELECT tid, printf('0x%08x', pc) AS pc, text, iif(target IS NULL, NULL, printf('0x%08x', target)) AS target, taken, not_taken, first_cycle, last_cycle
  FROM branch_sums WHERE taken + not_taken >= 100 AND (taken = 1 OR not_taken = 1) ORDER BY tid, branch_sums.pc;

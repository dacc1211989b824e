-- The SQLite form of a trace or log (wedge import, wedge query). Times are nanoseconds on the engine's own
-- clock. rv, status, lr, raw, entry and pc are integers; the views print them in hexadecimal; what
-- never happened is NULL.
-- meta: schema (2), and what the database was made of: source (the file's name), size, mtime_ns, sample (a hash of its
-- beginning and end), format, damage ('' or what was wrong with it), events. It is used again only if all of that is so.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);
-- Every event that has no table of its own, and the order of all others.
CREATE TABLE events (seq INTEGER PRIMARY KEY, tid INTEGER, idx INTEGER, ns INTEGER, kind TEXT, json TEXT);
-- A kernel call with its return: ret_* are NULL if it never returned.
CREATE TABLE calls (
  seq INTEGER PRIMARY KEY, tid INTEGER, idx INTEGER, ns INTEGER, name TEXT, module TEXT, ordinal INTEGER,
  lr INTEGER, args TEXT, resolved TEXT, ret_idx INTEGER, ret_ns INTEGER, rv INTEGER, status INTEGER, out TEXT);
-- A wait with what ended it: by_tid/by_idx is the signal event, how is 'signal', 'already', 'timeout' or 'apc'.
CREATE TABLE waits (
  seq INTEGER PRIMARY KEY, tid INTEGER, idx INTEGER, ns INTEGER, objects TEXT, wait_type TEXT, alertable INTEGER,
  timeout_ns INTEGER, end_idx INTEGER, end_ns INTEGER, status INTEGER, how TEXT, by_tid INTEGER, by_idx INTEGER);
CREATE TABLE signals (
  seq INTEGER PRIMARY KEY, tid INTEGER, idx INTEGER, ns INTEGER, hsid TEXT, object_type TEXT, op TEXT,
  count INTEGER, previous INTEGER);
CREATE TABLE handles (
  seq INTEGER PRIMARY KEY, raw INTEGER, hsid TEXT, object_type TEXT, name TEXT, tid INTEGER, idx INTEGER,
  ns INTEGER, dup_of INTEGER, closed_tid INTEGER, closed_idx INTEGER, closed_ns INTEGER);
CREATE TABLE threads (
  tid INTEGER PRIMARY KEY, parent INTEGER, create_idx INTEGER, create_ns INTEGER, entry INTEGER, ctx INTEGER,
  stack_size INTEGER, flags INTEGER, raw INTEGER, hsid TEXT, start_ns INTEGER, exit_ns INTEGER, exit_code INTEGER);

-- Calls with durations, readable.
CREATE VIEW v_calls AS
  SELECT seq, tid, idx, ns / 1e9 AS t, name, args, resolved, CASE WHEN lr IS NOT NULL THEN printf('0x%x', lr) END AS lr,
         CASE WHEN rv IS NOT NULL THEN printf('0x%x', rv) END AS rv, (ret_ns - ns) / 1e3 AS us, out FROM calls;
-- Calls that never returned: where each thread stands at the end.
CREATE VIEW v_unreturned AS
  SELECT tid, idx, ns / 1e9 AS t, name, resolved,
         CASE WHEN lr IS NOT NULL THEN printf('0x%x', lr) END AS lr FROM calls
  WHERE ret_idx IS NULL ORDER BY tid, idx;
-- Waits with the call that signalled.
CREATE VIEW v_waits AS
  SELECT w.tid, w.idx, w.ns / 1e9 AS t, w.objects, w.wait_type, w.timeout_ns, (w.end_ns - w.ns) / 1e3 AS us,
         CASE WHEN w.status IS NOT NULL THEN printf('0x%x', w.status) END AS status, coalesce(w.how, 'never ended') AS how, w.by_tid, w.by_idx,
         (SELECT c.name FROM calls c WHERE c.tid = w.by_tid AND c.idx < w.by_idx ORDER BY c.idx DESC LIMIT 1)
           AS by_call
  FROM waits w;
-- An object's life: its handles and how often each thread signalled it.
CREATE VIEW v_objects AS
  SELECT h.hsid, h.object_type, max(h.name) AS name, min(h.ns) / 1e9 AS created, count(*) AS handles,
         sum(h.closed_idx IS NULL) AS open,
         (SELECT count(*) FROM signals s WHERE s.hsid = h.hsid) AS signals
  FROM handles h WHERE h.hsid IS NOT NULL GROUP BY h.hsid ORDER BY min(h.seq);
-- Who signals what.
CREATE VIEW v_signalers AS
  SELECT hsid, object_type, tid, op, count(*) AS times, min(ns) / 1e9 AS first, max(ns) / 1e9 AS last
  FROM signals GROUP BY hsid, tid, op ORDER BY min(seq);
-- Calls of each kind by thread.
CREATE VIEW v_call_counts AS
  SELECT tid, name, count(*) AS calls, sum(ret_idx IS NULL) AS unreturned, sum(ret_ns - ns) / 1e3 AS total_us
  FROM calls GROUP BY tid, name ORDER BY tid, calls DESC;
CREATE VIEW v_threads AS
  SELECT tid, parent, CASE WHEN entry IS NOT NULL THEN printf('0x%x', entry) END AS entry,
         CASE WHEN ctx IS NOT NULL THEN printf('0x%x', ctx) END AS ctx, start_ns / 1e9 AS started,
         exit_ns / 1e9 AS ended, exit_code,
         (SELECT count(*) FROM calls c WHERE c.tid = threads.tid) AS calls FROM threads;

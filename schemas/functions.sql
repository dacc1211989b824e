-- Functions of wedge query and of the extension wedge_sql for any SQLite: over the tables and views of trace.sql, of the database that is
-- open. The first line of each says its name, its parameters, and what it gives: rows (SELECT * FROM NAME(...)) or a value. A parameter that
-- is left out is NULL. Beside these, written in C: hex(x), 0x... of an integer; status(x), the name of an NTSTATUS, or its digits;
-- happens_before(tid, idx, tid, idx), the way from one event to a later one by threads' own order, signals that ended waits and threads that
-- were made, or NULL if there is none; and a collation, alike, by which all texts are equal: rows that differ in such a column alone are one to UNION,
-- which keeps the first.

-- call_counts(tid) rows: the calls of a thread, or of all, by name.
SELECT s.name, sum(x.calls) AS calls, sum(x.calls - x.returned) AS unreturned, sum(x.failed) AS failed, sum(x.ns) / 1e3 AS total_us,
       max(x.max_ns) / 1e3 AS longest_us
FROM call_sums x JOIN sites s ON s.id = x.site WHERE :tid IS NULL OR x.tid = :tid GROUP BY s.name ORDER BY calls DESC, s.name;

-- events_between(from_seq, to_seq, from_ns, to_ns) rows: every event from one place in the trace to another; of a time, if that is given.
SELECT seq, tid, idx, ns, cycle, kind, fields FROM event_parts
WHERE at BETWEEN :from_seq - 1 AND :to_seq AND seq BETWEEN :from_seq AND :to_seq AND (:from_ns IS NULL OR ns >= :from_ns) AND (:to_ns IS NULL OR ns <= :to_ns);

-- events_of(tid, from_idx, to_idx) rows: every event of a thread from one index to another.
SELECT e.seq, e.tid, e.idx, e.ns, e.cycle, e.kind, e.fields FROM blocks b CROSS JOIN events_between(b.first_seq, b.last_seq) e
WHERE b.tid = :tid AND b.last_idx >= coalesce(:from_idx, 0) AND b.first_idx <= coalesce(:to_idx, 0x7fffffffffffffff)
      AND e.tid = :tid AND e.idx BETWEEN coalesce(:from_idx, 0) AND coalesce(:to_idx, 0x7fffffffffffffff);

-- around(tid, idx, n) rows: what all threads did around an event, n events before it and behind (10).
SELECT e.seq, e.tid, e.idx, e.ns, e.cycle, e.kind, e.fields FROM events_of(:tid, :idx, :idx) x
CROSS JOIN events_between(x.seq - coalesce(:n, 10), x.seq + coalesce(:n, 10)) e;

-- seq_at(tid, idx) value: the place of an event in the trace.
SELECT seq FROM events_of(:tid, :idx, :idx);

-- calls_between(tid, from_idx, to_idx) rows: the calls of a thread from one index to another, with their results.
SELECT c.seq, c.tid, c.idx, c.ns / 1e9 AS t, s.name, a.text AS args, r.text AS resolved, iif(s.lr IS NULL, NULL, printf('0x%x', s.lr)) AS lr,
       iif(c.rv IS NULL, NULL, printf('0x%x', c.rv)) AS rv, c.add_ns / 1e3 AS us, o.text AS out
FROM blocks b CROSS JOIN call_rows c ON c.seq BETWEEN b.first_seq AND b.last_seq LEFT JOIN sites s ON s.id = c.site
     LEFT JOIN argument_texts a ON a.id = c.args LEFT JOIN strings r ON r.id = c.resolved LEFT JOIN strings o ON o.id = c.out
WHERE b.tid = :tid AND b.last_idx >= coalesce(:from_idx, 0) AND b.first_idx <= coalesce(:to_idx, 0x7fffffffffffffff)
      AND c.tid = :tid AND c.idx BETWEEN coalesce(:from_idx, 0) AND coalesce(:to_idx, 0x7fffffffffffffff);

-- last_calls(tid, n) rows: the last n calls of a thread (50), with their results, in order.
SELECT c.seq, c.tid, c.idx, c.ns / 1e9 AS t, s.name, a.text AS args, r.text AS resolved, iif(s.lr IS NULL, NULL, printf('0x%x', s.lr)) AS lr,
       iif(c.rv IS NULL, NULL, printf('0x%x', c.rv)) AS rv, c.add_ns / 1e3 AS us, o.text AS out
FROM (SELECT c.seq FROM blocks b CROSS JOIN call_rows c ON c.seq BETWEEN b.first_seq AND b.last_seq
      WHERE b.tid = :tid AND c.tid = :tid ORDER BY b.first_seq DESC, c.seq DESC LIMIT max(CAST(coalesce(:n, 50) AS INTEGER), 0)) x
     CROSS JOIN call_rows c ON c.seq = x.seq LEFT JOIN sites s ON s.id = c.site LEFT JOIN argument_texts a ON a.id = c.args
     LEFT JOIN strings r ON r.id = c.resolved LEFT JOIN strings o ON o.id = c.out ORDER BY c.seq;

-- during(from_s, to_s) rows: what all threads did between two times, in seconds: every event, in order.
SELECT e.seq, e.tid, e.idx, e.ns, e.cycle, e.kind, e.fields
FROM (SELECT min(first_seq) AS first, max(last_seq) AS last FROM blocks
      WHERE last_ns >= round(coalesce(:from_s, 0) * 1e9) AND (:to_s IS NULL OR first_ns <= round(:to_s * 1e9))) b
     CROSS JOIN events_between(b.first, b.last, round(coalesce(:from_s, 0) * 1e9), round(:to_s * 1e9)) e;

-- timeline_between(tid, from_seq, to_seq) rows: what a thread did between two places in the trace, as timeline has it.
SELECT seq, ns, idx, kind, what, us, result FROM (
  SELECT c.seq, c.ns, c.idx, 'call' AS kind, s.name || coalesce(' ' || nullif(r.text, '{}'), '') AS what, c.add_ns / 1e3 AS us,
         CASE WHEN c.add_seq IS NULL THEN 'never returned' WHEN c.rv IS NOT NULL THEN printf('0x%x', c.rv) END AS result
  FROM call_rows c
       LEFT JOIN sites s ON s.id = c.site LEFT JOIN strings r ON r.id = c.resolved
  WHERE c.seq BETWEEN :from_seq AND :to_seq AND c.tid = :tid
  UNION ALL
  SELECT w.seq, w.ns, w.idx, 'wait', o.text, w.add_ns / 1e3,
         CASE WHEN w.add_seq IS NULL THEN 'never ended'
              ELSE h.text || coalesce(' of thread ' || w.by_tid || ' at ' || w.by_idx, '') END
  FROM wait_rows w
       LEFT JOIN strings o ON o.id = w.objects LEFT JOIN strings h ON h.id = w.how
  WHERE w.seq BETWEEN :from_seq AND :to_seq AND w.tid = :tid
  UNION ALL
  SELECT g.seq, g.ns, g.idx, 'signal', o.text || coalesce(' ' || m.object_type, ''), NULL, 'object ' || g.object
  FROM signal_rows g
       LEFT JOIN strings o ON o.id = g.op LEFT JOIN mentions m ON m.id = g.mention
  WHERE g.seq BETWEEN :from_seq AND :to_seq AND g.tid = :tid
  UNION ALL
  SELECT h.seq, h.ns, h.idx, 'handle', ltrim(iif(h.raw IS NULL, '', printf('0x%x', h.raw)) || coalesce(' ' || t.text, '')), (h.closed_ns - h.ns) / 1e3,
         CASE WHEN h.closed_seq IS NULL THEN 'never closed' END
  FROM handle_rows h LEFT JOIN strings t ON t.id = h.object_type
  WHERE h.seq BETWEEN :from_seq AND :to_seq AND h.tid = :tid
  UNION ALL
  SELECT e.seq, e.ns, e.idx, k.name, j.text, NULL, NULL
  FROM event_rows e
       LEFT JOIN kinds k ON k.id = e.kind LEFT JOIN strings j ON j.id = e.json
  WHERE e.seq BETWEEN :from_seq AND :to_seq AND e.tid = :tid) ORDER BY seq;

-- timeline(tid, from_s, to_s) rows: what a thread did between two times, in seconds: calls, waits, signals, handles and the rest, in order.
SELECT x.seq, x.ns / 1e9 AS t, x.idx, x.kind, x.what, x.us, x.result
FROM blocks b CROSS JOIN timeline_between(b.tid, b.first_seq, b.last_seq) x
WHERE b.tid = :tid AND (:from_s IS NULL OR b.last_ns >= round(:from_s * 1e9)) AND (:to_s IS NULL OR b.first_ns <= round(:to_s * 1e9))
      AND (:from_s IS NULL OR x.ns >= round(:from_s * 1e9)) AND (:to_s IS NULL OR x.ns <= round(:to_s * 1e9));

-- objects_like(what) rows: objects by number, semantic id (16 digits), name, or the value of their first handle or address (0x...).
SELECT o.id AS object, iif(o.hsid IS NULL, NULL, printf('%016x', o.hsid)) AS hsid, t.text AS object_type, n.text AS name, o.raw, o.guest_object, o.signals, o.waits
FROM objects o LEFT JOIN strings t ON t.id = o.object_type LEFT JOIN strings n ON n.id = o.name
WHERE CASE WHEN typeof(:what) = 'integer' THEN o.id = :what
           ELSE n.text = :what OR (o.hsid IS NOT NULL AND printf('%016x', o.hsid) = :what) OR (o.raw IS NOT NULL AND printf('0x%x', o.raw) = :what)
                OR (o.guest_object IS NOT NULL AND printf('0x%x', o.guest_object) = :what) END;

-- signalers_of(what) rows: who signalled an object (as objects_like has it), by which calls, how often and when.
SELECT x.object, g.tid, o.text AS op, s.name AS call, iif(s.lr IS NULL, NULL, printf('0x%x', s.lr)) AS lr, sum(g.times) AS times,
       min(g.first_ns) / 1e9 AS first, max(g.last_ns) / 1e9 AS last
FROM objects_like(:what) x CROSS JOIN signal_sums g ON g.object = x.object LEFT JOIN strings o ON o.id = g.op LEFT JOIN sites s ON s.id = g.site
GROUP BY x.object, g.tid, o.text, g.site ORDER BY times DESC;

-- waits_on(what) rows: who waited for an object, and what ended that.
SELECT x.object, w.seq, w.tid, w.idx, w.ns / 1e9 AS t, w.add_ns / 1e3 AS us, coalesce(h.text, CASE WHEN w.add_seq IS NULL THEN 'never ended' END) AS how,
       w.by_tid, w.by_idx
FROM objects_like(:what) x CROSS JOIN (
       SELECT seq AS wait, object FROM wait_rows UNION ALL SELECT wait, object FROM more_wait_objects) y ON y.object = x.object
     CROSS JOIN wait_rows w ON w.seq = y.wait LEFT JOIN strings h ON h.id = w.how ORDER BY w.seq;

-- wait_chain(tid) rows: what a thread waits for at the end, who should signal that or has the lock, what they wait for, and so on: each
-- thread once, at the fewest steps that lead to it.
WITH RECURSIVE stuck(tid, object) AS MATERIALIZED (
  SELECT b.tid, w.object FROM blocked b CROSS JOIN wait_rows w ON w.seq = b.wait WHERE w.object IS NOT NULL),
holders(object, tid) AS MATERIALIZED (
  SELECT o.id, l.tid FROM (SELECT DISTINCT object FROM stuck) k JOIN objects o ON o.id = k.object JOIN lock_sums l ON l.lock = (o.guest_object & 0xffffffff)
  GROUP BY o.id, l.tid HAVING sum(l.takes - l.gives) > 0),
ways(step, tid, object) AS (
  VALUES (printf('%08d', 0) COLLATE alike, :tid, NULL)
  UNION SELECT x.step, NULL, k.object FROM ways x CROSS JOIN stuck k ON k.tid = x.tid
  UNION SELECT printf('%08d', x.step + 1), t.tid, NULL FROM ways x CROSS JOIN threads t ON t.object = x.object
  UNION SELECT printf('%08d', x.step + 1), g.tid, NULL FROM ways x CROSS JOIN signal_sums g ON g.object = x.object AND g.tid > 0
  UNION SELECT printf('%08d', x.step + 1), h.tid, NULL FROM ways x CROSS JOIN holders h ON h.object = x.object
  ORDER BY 1 COLLATE binary),
chain(step, tid) AS (SELECT CAST(step AS INTEGER), tid FROM ways WHERE tid IS NOT NULL)
SELECT x.step, x.tid, s.name AS call, w.idx, w.ns / 1e9 AS since, w.object, ot.text AS object_type, nm.text AS object_name,
       o.signals, (SELECT max(g.last_ns) / 1e9 FROM signal_sums g WHERE g.object = w.object) AS last_signalled,
       (SELECT group_concat(DISTINCT g.tid) FROM signal_sums g WHERE g.object = w.object) AS signalled_by,
       CASE WHEN w.seq IS NOT NULL THEN 'waits' WHEN t.exit_ns IS NOT NULL THEN 'has ended'
            WHEN t.tid IS NOT NULL THEN 'runs' ELSE 'is not there' END AS state
FROM chain x LEFT JOIN blocked b ON b.tid = x.tid LEFT JOIN wait_rows w ON w.seq = b.wait LEFT JOIN threads t ON t.tid = x.tid
     LEFT JOIN call_rows c ON c.seq = w.call LEFT JOIN sites s ON s.id = c.site LEFT JOIN objects o ON o.id = w.object
     LEFT JOIN strings ot ON ot.id = o.object_type LEFT JOIN strings nm ON nm.id = o.name
ORDER BY x.step, x.tid;

-- handle_life(raw) rows: what became of a handle's value: handles made, closed, waited for, signalled, and calls whose first argument it was.
WITH h AS MATERIALIZED (SELECT * FROM handle_rows WHERE raw = :raw)
SELECT seq, tid, idx, ns / 1e9 AS t, what FROM (
  SELECT h.seq, h.tid, h.idx, h.ns, CASE h.dup WHEN 1 THEN 'duplicated' ELSE 'made' END || coalesce(' ' || t.text, '') || coalesce(' ' || n.text, '') AS what
  FROM h LEFT JOIN strings t ON t.id = h.object_type LEFT JOIN strings n ON n.id = h.name
  UNION ALL SELECT closed_seq, closed_tid, closed_idx, closed_ns, 'closed' FROM h WHERE closed_seq IS NOT NULL
  UNION ALL SELECT w.seq, w.tid, w.idx, w.ns, 'waited for' FROM h CROSS JOIN wait_rows w ON w.object = h.object
            WHERE w.seq BETWEEN h.seq AND coalesce(h.closed_seq, w.seq)
  UNION ALL SELECT g.seq, g.tid, g.idx, g.ns, 'signalled: ' || coalesce(o.text, '?') FROM h CROSS JOIN signal_rows g ON g.object = h.object
            LEFT JOIN strings o ON o.id = g.op WHERE g.seq BETWEEN h.seq AND coalesce(h.closed_seq, g.seq)
  UNION ALL SELECT c.seq, c.tid, c.idx, c.ns, s.name || iif(c.rv IS NULL, '', printf(' returned 0x%x', c.rv))
            FROM call_rows c JOIN sites s ON s.id = c.site WHERE c.args IN (SELECT id FROM arguments WHERE (a0 & 0xffffffff) = (:raw & 0xffffffff)))
ORDER BY seq;

-- never_signalled(tid) rows: what a thread, or any, waited for and nobody ever signalled.
SELECT DISTINCT o.id AS object, iif(o.hsid IS NULL, NULL, printf('%016x', o.hsid)) AS hsid, t.text AS object_type, n.text AS name, o.waits, o.made_by
FROM wait_rows w JOIN objects o ON o.id = w.object AND o.signals = 0 LEFT JOIN strings t ON t.id = o.object_type LEFT JOIN strings n ON n.id = o.name
WHERE :tid IS NULL OR w.tid = :tid ORDER BY o.id;

-- spin_loops(least) rows: sites that a thread calls again and again (1000 times) up to its end: loops that poll for what does not come.
SELECT x.tid, s.name, iif(s.lr IS NULL, NULL, printf('0x%x', s.lr)) AS lr, sum(x.calls) AS calls,
       round(100.0 * sum(x.calls) / t.calls, 1) AS percent, min(x.first_seq) AS first_seq, max(x.last_seq) AS last_seq
FROM call_sums x JOIN sites s ON s.id = x.site JOIN threads t ON t.tid = x.tid
WHERE t.exit_ns IS NULL GROUP BY x.tid, x.site
HAVING sum(x.calls) >= coalesce(:least, 1000)
       AND max(x.last_seq) >= (SELECT min(first_seq) FROM (SELECT first_seq FROM blocks b WHERE b.tid = x.tid ORDER BY first_seq DESC LIMIT 2))
ORDER BY calls DESC;

-- lock_life(address) rows: who took a lock and gave it back, with all waits for it between.
SELECT seq, tid, idx, ns / 1e9 AS t, what, us FROM (
  SELECT c.seq, c.tid, c.idx, c.ns, s.name || CASE WHEN c.add_seq IS NULL THEN ' (never returned)' ELSE '' END AS what, c.add_ns / 1e3 AS us
  FROM call_rows c JOIN sites s ON s.id = c.site
  WHERE c.seq BETWEEN (SELECT min(first_seq) FROM call_sums WHERE site IN (SELECT id FROM sites WHERE does LIKE '%locks%')
                       AND EXISTS (SELECT 1 FROM arguments WHERE (a0 & 0xffffffff) = (:address & 0xffffffff)))
                      AND (SELECT max(last_seq) FROM call_sums WHERE site IN (SELECT id FROM sites WHERE does LIKE '%locks%'))
        AND c.site IN (SELECT id FROM sites WHERE does LIKE '%locks%')
        AND c.args IN (SELECT id FROM arguments WHERE (a0 & 0xffffffff) = (:address & 0xffffffff))
  UNION ALL
  SELECT w.seq, w.tid, w.idx, w.ns, 'wait' || coalesce(': ' || h.text, ''), w.add_ns / 1e3
  FROM objects o CROSS JOIN wait_rows w ON w.object = o.id LEFT JOIN strings h ON h.id = w.how WHERE o.guest_object = :address)
ORDER BY seq;

-- calls_named(name, tid) rows: calls of a name, of a thread or of all.
SELECT c.seq, c.tid, c.idx, c.ns / 1e9 AS t, a.text AS args, r.text AS resolved, iif(c.rv IS NULL, NULL, printf('0x%x', c.rv)) AS rv,
       c.add_ns / 1e3 AS us, o.text AS out
FROM call_rows c LEFT JOIN argument_texts a ON a.id = c.args LEFT JOIN strings r ON r.id = c.resolved LEFT JOIN strings o ON o.id = c.out
WHERE c.site IN (SELECT id FROM sites WHERE name = :name) AND (:tid IS NULL OR c.tid = :tid);

-- calls_per(name, seconds, tid) rows: how often calls of a name begin in each stretch of so many seconds, of a thread or of all.
SELECT stretch * (:seconds + 0.0) AS t, calls
FROM (SELECT ns / max(1, CAST(:seconds * 1e9 AS INTEGER)) AS stretch, count(*) AS calls FROM call_rows
      WHERE site IN (SELECT id FROM sites WHERE name = :name) AND (:tid IS NULL OR tid = :tid) GROUP BY 1);

-- failures_of(tid) rows: calls of a thread that returned an NTSTATUS of an error, in order.
SELECT c.seq, c.idx, c.ns / 1e9 AS t, s.name, status(c.rv) AS status, r.text AS resolved
FROM call_rows c JOIN sites s ON s.id = c.site AND s.returns = 'S' LEFT JOIN strings r ON r.id = c.resolved
WHERE c.tid = :tid AND (c.rv & 0xc0000000) = 0xc0000000;

-- handle_path(raw, seq) value: the path or name of what a handle stands for, at a place in the trace or at its end.
SELECT coalesce(json_extract(r.text, '$.path'), json_extract(r.text, '$.object_name'), n.text)
FROM handle_rows h LEFT JOIN call_rows c ON c.seq = h.call LEFT JOIN strings r ON r.id = c.resolved LEFT JOIN strings n ON n.id = h.name
WHERE h.raw = :raw AND (:seq IS NULL OR h.seq <= :seq) ORDER BY h.seq DESC LIMIT 1;

-- object_name(object) value: an object in words: type, name, how it was made.
SELECT coalesce(t.text, 'object') || coalesce(' ' || n.text, '') || iif(o.raw IS NOT NULL, printf(' 0x%x', o.raw), iif(o.guest_object IS NOT NULL, printf(' at 0x%x', o.guest_object), ''))
       || coalesce(' of ' || s.name || ' in thread ' || o.made_by, '')
FROM objects o LEFT JOIN strings t ON t.id = o.object_type LEFT JOIN strings n ON n.id = o.name
     LEFT JOIN handle_rows h ON h.seq = o.made_seq LEFT JOIN call_rows c ON c.seq = h.call LEFT JOIN sites s ON s.id = c.site
WHERE o.id = :object;

-- sym(address) value: where in which module an address lies.
SELECT name || CASE WHEN (:address & 0xffffffff) > first THEN printf('+0x%x', (:address & 0xffffffff) - first) ELSE '' END FROM (
  SELECT json_extract(j.text, '$.name') AS name, json_extract(j.text, '$.size') AS size,
         CASE WHEN typeof(json_extract(j.text, '$.base')) = 'integer' THEN json_extract(j.text, '$.base') & 0xffffffff
              ELSE from_hex(json_extract(j.text, '$.base')) END AS first, e.seq
  FROM kinds k CROSS JOIN event_rows e ON e.kind = k.id AND k.name = 'module.load' JOIN strings j ON j.id = e.json)
WHERE (:address & 0xffffffff) >= first AND (:address & 0xffffffff) < first + size ORDER BY seq DESC LIMIT 1;

-- delta(other) rows: by thread's entry and call's name, how often here and in the database attached as OTHER, where that differs.
WITH here AS (
  SELECT t.entry, s.name, sum(x.calls) AS calls, sum(x.calls - x.returned) AS unreturned, sum(x.failed) AS failed
  FROM call_sums x JOIN sites s ON s.id = x.site LEFT JOIN threads t ON t.tid = x.tid GROUP BY t.entry & 0xffffffff, s.name),
there AS (
  SELECT t.entry, s.name, sum(x.calls) AS calls, sum(x.calls - x.returned) AS unreturned, sum(x.failed) AS failed
  FROM @other.call_sums x JOIN @other.sites s ON s.id = x.site LEFT JOIN @other.threads t ON t.tid = x.tid GROUP BY t.entry & 0xffffffff, s.name)
SELECT iif(coalesce(a.entry, b.entry) IS NULL, NULL, printf('0x%x', coalesce(a.entry, b.entry) & 0xffffffff)) AS entry, coalesce(a.name, b.name) AS name, coalesce(a.calls, 0) AS here,
       coalesce(b.calls, 0) AS there, coalesce(a.failed, 0) AS failed_here, coalesce(b.failed, 0) AS failed_there,
       coalesce(a.unreturned, 0) AS unreturned_here, coalesce(b.unreturned, 0) AS unreturned_there
FROM here a FULL JOIN there b ON (a.entry & 0xffffffff) IS (b.entry & 0xffffffff) AND a.name IS b.name
WHERE coalesce(a.calls, 0) <> coalesce(b.calls, 0) OR coalesce(a.failed, 0) <> coalesce(b.failed, 0)
      OR coalesce(a.unreturned, 0) <> coalesce(b.unreturned, 0)
ORDER BY abs(coalesce(a.calls, 0) - coalesce(b.calls, 0)) DESC, name;

-- branches_of(pc, tid) rows: what became of a conditional branch, by thread, or of all in one thread (pc NULL).
SELECT tid, printf('0x%08x', pc) AS at, text, iif(target IS NULL, NULL, printf('0x%08x', target)) AS target, taken, not_taken, first_cycle, last_cycle
FROM branch_sums b WHERE (:pc IS NULL OR b.pc = (:pc & 0xffffffff)) AND (:tid IS NULL OR b.tid = :tid) ORDER BY b.pc, b.tid;

-- branch_delta(other) rows: branches that went one way alone in one of the two databases, and the other way in the database attached as OTHER.
WITH here AS (SELECT pc, word, text, sum(taken) AS taken, sum(not_taken) AS not_taken FROM branch_sums GROUP BY pc, word, text),
there AS (SELECT pc, word, text, sum(taken) AS taken, sum(not_taken) AS not_taken FROM @other.branch_sums GROUP BY pc, word, text)
SELECT printf('0x%08x', coalesce(a.pc, b.pc)) AS at, coalesce(a.text, b.text) AS text, coalesce(a.taken, 0) AS taken_here, coalesce(a.not_taken, 0) AS not_taken_here,
       coalesce(b.taken, 0) AS taken_there, coalesce(b.not_taken, 0) AS not_taken_there
FROM here a FULL JOIN there b ON a.pc = b.pc AND a.word = b.word
WHERE (coalesce(a.taken, 0) > 0) <> (coalesce(b.taken, 0) > 0) OR (coalesce(a.not_taken, 0) > 0) <> (coalesce(b.not_taken, 0) > 0)
ORDER BY coalesce(a.pc, b.pc);

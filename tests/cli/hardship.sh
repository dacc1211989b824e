#!/usr/bin/env bash
# What must survive: kill -9 while recording, a full disk, damaged and hostile files. Clear errors, exit status 2, never a crash.
set -u
wedge=$1 guests=$2
scripts=$(cd "$(dirname "$0")/../../scripts" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
failed=0
fail() { echo "FAIL $*"; failed=1; }
expect() { # status, text that must be in the message, command...
  local want=$1 text=$2 rc
  shift 2
  "$@" >out 2>err
  rc=$?
  [ $rc -eq "$want" ] || fail "$*: exit status $rc, expected $want: $(head -3 err)"
  grep -qF -- "$text" out err || fail "$*: expected '$text' in: $(head -3 out err)"
}

# Killed in the middle: what was written so far is a readable, partial trace.
"$wedge" record "$guests/calls.xex" -o killed >/dev/null &
pid=$!
for _ in $(seq 200); do [ -s killed/trace.jsonl.zst ] && [ "$(stat -c %s killed/trace.jsonl.zst)" -gt 20000 ] && break; sleep 0.005; done
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
"$wedge" events killed --json >events.jsonl 2>err
rc=$?
lines=$(wc -l <events.jsonl)
[ "$lines" -gt 100 ] || fail "killed run: only $lines events are readable"
if ! tail -1 events.jsonl | grep -q trace.footer; then
  [ $rc -eq 2 ] || fail "killed run: exit status $rc"
  grep -qE 'did not end cleanly|truncated' err || fail "killed run: $(cat err)"
  expect 0 "identical as far as the record goes" "$wedge" replay killed
fi

# A full disk: the limit on file sizes stands in for it.
(trap '' XFSZ; ulimit -f 8; "$wedge" record "$guests/calls.xex" -o full >out 2>err)
rc=$?
[ $rc -eq 2 ] || fail "full disk: exit status $rc"
grep -q 'cannot write' err || fail "full disk: $(cat err)"
"$wedge" events full --limit 50 >out 2>err || fail "full disk: the partial trace is not readable: $(cat err)"

# Damaged traces.
"$wedge" record "$guests/cacheload.xex" -o run >/dev/null
cp -r run cut && truncate -s 4000 cut/trace.jsonl.zst
expect 2 "truncated" "$wedge" events cut
expect 2 "truncated" "$wedge" replay cut
cp -r run bad && printf '\xff\xff\xff\xff' | dd of=bad/trace.jsonl.zst bs=1 seek=2500 conv=notrunc 2>/dev/null
expect 2 "" "$wedge" events bad
echo '{"kind":"trace.header"' >half.jsonl
expect 2 "line 1" "$wedge" events half.jsonl
# A damaged line costs that line alone, and is counted.
zstdcat run/trace.jsonl.zst | sed '5s/"/x/3; 9s/$/}/' >lines.jsonl
expect 2 "line 5: column" "$wedge" events lines.jsonl
[ "$(wc -l <out)" -eq $(($(wc -l <lines.jsonl) - 2)) ] || fail "damaged lines: $(wc -l <out) events"
grep -qF "(and 1 further damaged line)" err || fail "damaged lines: $(cat err)"
# Traces come in pipes and in gzip, too.
"$wedge" events run >want
zstdcat run/trace.jsonl.zst | "$wedge" events - >out 2>err || fail "a pipe: $(cat err)"
cmp -s want out || fail "a pipe gives other events"
zstdcat run/trace.jsonl.zst | gzip -c >run.jsonl.gz
expect 0 "" "$wedge" events run.jsonl.gz
cmp -s want out || fail "gzip gives other events"
echo 'not a log' >noise
expect 2 "expected a run, a trace (JSON Lines or a table" "$wedge" diff noise run
expect 2 "expected a run, a trace (JSON Lines or a table" "$wedge" import noise -o noise.db
head -c 100000 /dev/urandom >random
expect 2 "" "$wedge" events random
expect 2 "No such file" "$wedge" query missing 'SELECT 1'
expect 2 "no such column" "$wedge" query run 'SELECT nonsense FROM calls'
expect 2 "exactly one statement" "$wedge" query run 'SELECT 1; SELECT 2'

# The query shell goes on after a wrong statement.
printf 'SELECT nonsense;\nSELECT count(*) AS n\n  FROM threads;\nSELECT ";"\n AS x, 4 + 3 AS y;\n' | "$wedge" query run --csv >out 2>err || fail "query shell: exit status $?"
grep -q '^3$' out || fail "query shell: $(cat out err)"
grep -q '^;,7$' out || fail "query shell: a semicolon in a string: $(cat out err)"
grep -q 'no such column' err || fail "query shell: $(cat err)"
expect 0 "end: wedge" "$wedge" info run

# Hostile titles: cut at every size, and with bytes changed.
size=$(stat -c %s "$guests/hello.xex")
for n in 0 3 4 23 24 100 511 512 1000 4095 4096 5000; do
  head -c "$n" "$guests/hello.xex" >t.xex
  rm -rf t
  "$wedge" record t.xex -o t >out 2>err
  rc=$?
  [ $rc -eq 2 ] || [ "$n" -ge 4096 ] || fail "title of $n bytes: exit status $rc"
  [ $rc -le 2 ] || fail "title of $n bytes: exit status $rc"
done
[ "$size" -gt 5000 ] || fail "hello.xex is too small"
expect 2 "already holds a run" "$wedge" record "$guests/hello.xex" -o run
expect 2 "no such file" "$wedge" record missing.xex -o none
expect 2 "" "$wedge" record /dev/null -o none2
expect 2 "unknown option" "$wedge" record --nonsense x
expect 2 "is no command" "$wedge" nonsense

# A guest that faults is a result, with pc, bytes, disassembly and registers.
printf '\x38\x60\x00\x00\x80\x83\x00\x00\x4e\x80\x00\x20' >fault.bin
expect 1 "load from unmapped memory at pc 0x82010004 (80830000 lwz r4, 0(r3))" "$wedge" exec fault.bin

# A log where nothing can be written: the database is made elsewhere, and goes again.
mkdir locked tmp && cp run/trace.jsonl.zst locked/log.jsonl.zst && chmod 555 locked && chmod 777 tmp && chmod 755 .
as=() query=$wedge
if [ "$(id -u)" = 0 ]; then # who may write anywhere: be nobody, where that can be
  cp "$wedge" wedge && query=$PWD/wedge as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
if "${as[@]}" "$query" help >/dev/null 2>&1; then
  expect 0 "database is made anew" "${as[@]}" env TMPDIR="$PWD/tmp" "$query" query locked/log.jsonl.zst --import always 'SELECT count(*) FROM calls'
  [ -z "$(ls tmp)" ] || fail "a temporary database stayed behind"
  [ "$(ls locked)" = log.jsonl.zst ] || fail "something was written into a locked folder"
fi

# Every command explains itself.
for c in $("$scripts/commands.sh" "$wedge"); do
  "$wedge" "$c" --help >out 2>err || fail "$c --help"
  grep -q '^Examples:' out || fail "$c --help has no examples"
  "$wedge" help "$c" | cmp -s - out || fail "help $c differs from $c --help"
done
[ $failed -eq 0 ] && echo "hardship: all passed"
exit $failed

#!/usr/bin/env bash
# Everything that README.md here measures, in one run on a quiet machine: run.sh TITLE [SECONDS, 30] [BUILD, build/release]. Prints a
# table in Markdown; what is known of rr, by the numbers under which README.md cites it, stands beside.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd) title=$(realpath "$1") seconds=${2:-30} build=$(realpath "${3:-$(dirname "$0")/../../build/release}")
wedge=$build/cli/wedge
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

# By turns, so that a host that is slower for a while is so for all of them: the quickest of five rounds, elapsed.
declare -A best
took() { # NAME, COMMAND...
  local name=$1 from t
  shift
  rm -rf again
  from=$(date +%s%N)
  "$@" >/dev/null
  t=$((($(date +%s%N) - from) / 1000000))
  if [ -z "${best[$name]:-}" ] || [ "$t" -lt "${best[$name]}" ]; then best[$name]=$t; fi
}
percent() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%+.1f %%", (a / b - 1) * 100 }'; }
row() { printf '| %s | %s | %s | %s |\n' "$@"; }

"$wedge" record "$title" -o plain -s "$seconds" >/dev/null
"$wedge" record "$title" -o kept -s "$seconds" --checkpoints >/dev/null
cmp <(zstdcat plain/trace.jsonl.zst) <(zstdcat kept/trace.jsonl.zst)
for _ in 1 2 3 4 5; do
  took record "$wedge" record "$title" -o again -s "$seconds"
  took checkpoints "$wedge" record "$title" -o again -s "$seconds" --checkpoints
  took replay "$wedge" replay plain
  took one "$wedge" replay kept --jobs 1
  took all "$wedge" replay kept
  took forked "$wedge" record --from "kept@time=$(awk -v s="$seconds" 'BEGIN { print s * 0.9 }')s" -o again --sched-seed 7
done
record=${best[record]}
size=$(awk -v b="$(stat -c %s kept/checkpoints.wgc)" -v s="$seconds" 'BEGIN { printf "%.2f MB", b / s / 1e6 }')
rm -rf again
echo "$(sha256sum <"$title" | cut -c1-12), $seconds virtual seconds; $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg); $("$wedge" --version | head -2 | tr '\n' ' ')"
echo
row what Wedge bound rr
row --- --- --- ---
row "record" "$record ms" "" ""
row "record --checkpoints" "${best[checkpoints]} ms ($(percent "${best[checkpoints]}" "$record"))" "+5 %" "in memory, for the session alone [1]"
row "checkpoints.wgc, a virtual second" "$size" "" ""
row "replay, no checkpoints" "${best[replay]} ms ($(percent "${best[replay]}" "$record"))" "+0 %" ""
row "replay, one thread" "${best[one]} ms" "" ""
row "replay, all processors" "${best[all]} ms ($(percent "${best[all]}" "$record"))" "" "in order"
row "record --from 90 % of it" "${best[forked]} ms" "" ""
echo
echo "In the process (bench_travel); bounds: attach 300 ms, seeks 500 ms, steps back 100 ms at the 99th percentile; rr: a checkpoint each half second of"
echo "replay or so [2], so that a step back replays about as much; a restart at an event 20 to 30 s [3]:"
"$build/bench/replay/bench_travel" kept
echo
echo "Through the gdb protocol (gdb.py):"
python3 "$here/gdb.py" "$wedge" kept

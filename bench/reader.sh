#!/usr/bin/env bash
# What reading costs, beside what only counts lines: JSON Lines, the same in zstd, and a stock log, each read alone and
# by two threads at once as `wedge diff` reads its sides. reader.sh [EVENTS, 5000000] [REFERENCE LOGS, WEDGE_REFERENCE_LOGS]; the inputs are
# the recordings of the reference emulator repeated, or a generated trace if there are none.
set -euo pipefail
cd "$(dirname "$0")/.."
events=${1:-5000000}
reference=${2:-${WEDGE_REFERENCE_LOGS:-none}}
scripts/build.sh release
cmake --build --preset release --target bench_reader >/dev/null
reader=build/release/bench/reader/bench_reader
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

repeat() { # FILE LINES: the file again and again
  local have
  have=$(wc -l <"$1")
  for _ in $(seq $((($2 + have - 1) / have))); do cat "$1"; done
}
generate() {
  awk 'BEGIN { for (i = 0; i < 50000; i++) {
    printf "{\"kind\":\"kernel.call\",\"tid\":%d,\"idx\":%d,\"host_ns\":%d,\"cycle\":%d,\"name\":\"RtlEnterCriticalSection\",\"module\":\"xboxkrnl.exe\",\"ordinal\":293,\"lr\":\"0x8208c7c0\",\"args\":[\"0x%x\"],\"args_resolved\":{}}\n", 1 + i % 9, 2 * i, i * 300, i * 200, 1073743384 + i
    printf "{\"kind\":\"kernel.return\",\"tid\":%d,\"idx\":%d,\"host_ns\":%d,\"cycle\":%d,\"name\":\"RtlEnterCriticalSection\",\"rv\":\"0x0\",\"void\":true,\"out\":{}}\n", 1 + i % 9, 2 * i + 1, i * 300 + 100, i * 200 + 50
  } }'
}
if [ -e "$reference/dolphin.canary.log.zst" ]; then
  zstdcat "$reference/dolphin.canary.run1.jsonl.zst" >"$dir/one.jsonl"
  zstdcat "$reference/dolphin.canary.log.zst" >"$dir/one.log"
else
  generate >"$dir/one.jsonl"
  awk 'BEGIN { for (i = 0; i < 100000; i++) printf "d> F80000%02X RtlEnterCriticalSection(%08X)\n", 8 + i % 9 * 4, 1073743384 + i }' >"$dir/one.log"
fi
repeat "$dir/one.jsonl" "$events" >"$dir/trace.jsonl"
repeat "$dir/one.log" "$events" >"$dir/canary.log"
zstd -q "$dir/trace.jsonl" -o "$dir/trace.jsonl.zst"
rm "$dir"/one.*

# Wall-clock and processor seconds, the best of three by wall clock.
measure() { local i; for i in 1 2 3; do { time "$@" >/dev/null; } 2>&1; done | sort -n | head -1; }
TIMEFORMAT='%R %U %S'
row() { # NAME BYTES LINES TIMES PEER-TIMES
  awk -v n="$1" -v b="$2" -v l="$3" -v t="$4" -v p="$5" 'BEGIN {
    split(t, a); split(p, c)
    printf "%-30s %6.2f s %6.0f MB/s %6.2f M lines/s; processor %6.2f s; %5.1f times as long as counting lines\n", n, a[1], b / a[1] / 1e6, l / a[1] / 1e6, a[2] + a[3], a[1] / c[1] }'
}
count_zst() { zstdcat "$1" | wc -l; }
for f in trace.jsonl trace.jsonl.zst canary.log; do
  plain=$dir/${f%.zst}
  bytes=$(stat -c %s "$plain")
  lines=$(wc -l <"$plain")
  case $f in *.zst) peer=$(measure count_zst "$dir/$f") ;; *) peer=$(measure wc -l "$dir/$f") ;; esac
  row "$f" "$bytes" "$lines" "$(measure "$reader" "$dir/$f")" "$peer"
  row "$f, two at once" $((2 * bytes)) $((2 * lines)) "$(measure "$reader" "$dir/$f" "$dir/$f")" "$peer"
done

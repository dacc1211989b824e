#!/usr/bin/env bash
# What exporting costs, in millions of events a second, and the memory that it takes, beside what only reading costs: export.sh [EVENTS,
# 3000000] [TRACE]. Without a TRACE one is generated: nine threads that call, wait, signal each other and make handles.
set -euo pipefail
cd "$(dirname "$0")/.."
events=${1:-3000000}
scripts/build.sh release
cmake --build --preset release --target bench_reader >/dev/null
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trace=${2:-$dir/trace.jsonl}
[ -n "${2:-}" ] || awk -v n="$events" 'BEGIN {
  print "{\"kind\":\"trace.header\",\"tid\":0,\"idx\":0,\"host_ns\":0,\"schema\":1,\"engine\":\"bench\",\"version\":\"1\",\"clock\":\"virtual\",\"title\":\"bench\"}"
  for (i = 0; i < n / 6; i++) {
    t = 1 + i % 9; u = 1 + (i + 1) % 9; id = sprintf("%016x", 1000 + u)
    at = "\"host_ns\":" i * 500 ",\"cycle\":" i * 300
    printf "{\"kind\":\"kernel.call\",\"tid\":%d,\"idx\":%d,%s,\"name\":\"NtSetEvent\",\"module\":\"xboxkrnl.exe\",\"ordinal\":241,\"lr\":\"0x8208c7c0\",\"args\":[\"0x%x\",\"0x0\"],\"args_resolved\":{\"object\":\"%s\",\"object_type\":\"Event\"}}\n", t, idx[t]++, at, 4160749568 + u * 4, id
    printf "{\"kind\":\"signal\",\"tid\":%d,\"idx\":%d,%s,\"hsid\":\"%s\",\"object_type\":\"Event\",\"op\":\"set\",\"count\":1,\"previous\":0}\n", t, s = idx[t]++, at, id
    if (i >= 9) {
      printf "{\"kind\":\"wait.end\",\"tid\":%d,\"idx\":%d,%s,\"status\":\"0x0\",\"satisfied_by\":{\"tid\":%d,\"idx\":%d}}\n", u, idx[u]++, at, t, s
      printf "{\"kind\":\"kernel.return\",\"tid\":%d,\"idx\":%d,%s,\"name\":\"NtWaitForSingleObjectEx\",\"rv\":\"0x0\",\"status\":\"0x0\",\"out\":{}}\n", u, idx[u]++, at
    }
    printf "{\"kind\":\"kernel.return\",\"tid\":%d,\"idx\":%d,%s,\"name\":\"NtSetEvent\",\"rv\":\"0x0\",\"status\":\"0x0\",\"out\":{}}\n", t, idx[t]++, at
    printf "{\"kind\":\"kernel.call\",\"tid\":%d,\"idx\":%d,%s,\"name\":\"NtWaitForSingleObjectEx\",\"module\":\"xboxkrnl.exe\",\"ordinal\":253,\"lr\":\"0x820101a4\",\"args\":[\"0x%x\",\"0x1\",\"0x0\",\"0x0\"],\"args_resolved\":{\"object\":\"%016x\",\"object_type\":\"Event\",\"timeout_100ns\":-1}}\n", t, idx[t]++, at, 4160749568 + t * 4, 1000 + t
    printf "{\"kind\":\"wait.begin\",\"tid\":%d,\"idx\":%d,%s,\"handles\":[\"%016x\"],\"wait_type\":\"any\",\"alertable\":false,\"timeout_ns\":-1}\n", t, idx[t]++, at, 1000 + t
  } }' >"$trace"

# The best of three by wall clock: seconds, processor seconds, KiB.
measure() {
  local i
  for i in 1 2 3; do
    python3 - "$@" <<'PY'
import os, subprocess, sys, time
began = time.monotonic()
p = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, used = os.wait4(p.pid, 0)
assert status == 0, sys.argv
print(f"{time.monotonic() - began:.3f} {used.ru_utime + used.ru_stime:.3f} {used.ru_maxrss}")
PY
  done | sort -n | head -1
}
count=$(build/release/bench/reader/bench_reader "$trace" | cut -d' ' -f3)
row() { # NAME TIMES BYTES
  awk -v n="$1" -v c="$count" -v t="$2" -v b="$3" 'BEGIN { split(t, a)
    printf "%-12s %6.2f s %6.2f M events/s; processor %6.2f s, %4d MiB; %4.0f bytes an event\n", n, a[1], c / a[1] / 1e6, a[2], a[3] / 1024, b / c }'
}
echo "$count events, $(stat -Lc %s "$trace") bytes"
row "reading" "$(measure build/release/bench/reader/bench_reader "$trace")" 0
for format in perfetto chrome-json csv; do
  times=$(measure build/release/cli/wedge export "$trace" "--$format" "$dir/out")
  row "$format" "$times" "$(stat -c %s "$dir/out")"
done

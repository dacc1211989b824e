#!/usr/bin/env bash
# What recording costs, side by side in one run: guests recorded and not. `calls` does nothing but call the kernel (19 M
# events in a second of virtual time), `traffic` makes 3 M in a second, as a busy title does. The bar: traffic recorded takes
# at most 1.3 times as long as untraced. Wall-clock and processor time are each the best of RUNS (5); they part where other
# work shares the processors.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh release
wedge=${WEDGE:-build/release/cli/wedge} runs=${1:-5}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
measure() { { time "$@" >/dev/null 2>&1; } 2>&1; }
TIMEFORMAT='%R %U %S'
for guest in calls traffic; do
  for i in $(seq "$runs"); do
    rm -rf "$dir/run"
    echo "traced $(measure "$wedge" record "build/release/guests/$guest.xex" -o "$dir/run")"
    echo "plain $(measure "$wedge" record "build/release/guests/$guest.xex" --no-trace)"
  done >"$dir/times"
  awk -v guest="$guest" -v size="$(stat -c %s "$dir/run/trace.jsonl.zst")" \
    -v events="$(zstdcat "$dir/run/trace.jsonl.zst" | tail -1 | sed 's/.*"events":\([0-9]*\).*/\1/')" '
    { cpu = $3 + $4; if (!($1 in wall) || $2 < wall[$1]) wall[$1] = $2; if (!($1 in best) || cpu < best[$1]) best[$1] = cpu }
    END { printf "%-8s %9d events, %5.1f bytes each: recorded %.2f s, untraced %.2f s, ratio %.2f; processor (all threads) %.2f s and %.2f s\n", \
      guest, events, size / events, wall["traced"], wall["plain"], wall["traced"] / wall["plain"], best["traced"], best["plain"] }' "$dir/times"
done

#!/usr/bin/env bash
# What recording costs: a title that makes half a million pairs of kernel calls (a million events), recorded and not,
# side by side in one run. The issue's bar: under 3 s beyond the untraced run.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh release
wedge=build/release/cli/wedge guest=build/release/guests/calls.xex
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
seconds() { local a b; a=$(date +%s%N); "$@" >/dev/null; b=$(date +%s%N); echo $(((b - a) / 1000)); }
best_traced=999999999 best_plain=999999999
for i in 1 2 3 4 5; do
  t=$(seconds "$wedge" record "$guest" -o "$dir/$i")
  p=$(seconds "$wedge" record "$guest" --no-trace)
  [ "$t" -lt "$best_traced" ] && best_traced=$t
  [ "$p" -lt "$best_plain" ] && best_plain=$p
done
echo "1,000,011 events: recorded $((best_traced / 1000)) ms, untraced $((best_plain / 1000)) ms, difference $(((best_traced - best_plain) / 1000)) ms, ratio $((best_traced * 100 / best_plain)) %"

#!/usr/bin/env bash
# The generator of bench/diff makes the pair of traces that it says, twice the same, and the differ reads both.
set -euo pipefail
wedge=$1 generator=$2 dir=$3
rm -rf "$dir"
mkdir -p "$dir/again"
fail() { echo "pair: $*" >&2; exit 1; }
"$generator" --scale small --seed 3 --out "$dir"
"$generator" --scale small --seed 3 --out "$dir/again"
cmp "$dir/ours.jsonl" "$dir/again/ours.jsonl"
cmp "$dir/canary.jsonl" "$dir/again/canary.jsonl"
events() { "$wedge" events --tid "$2" "$dir/$1.jsonl" | wc -l; }
[ "$(events ours 13)" -eq 435 ] || fail "the worker of ours has $(events ours 13) events, not 435"
[ "$(events canary 17)" -eq 4140 ] || fail "the reference's worker has $(events canary 17) events, not 4,140"
for variant in "--ids foreign --lying off" "--ids none --args some --lr both --locks between" "--signals off --extra none"; do
  # shellcheck disable=SC2086
  "$generator" --scale small --seed 4 $variant --out "$dir/again"
  code=0
  "$wedge" diff "$dir/again/ours.jsonl" "$dir/again/canary.jsonl" >"$dir/out" || code=$?
  [ "$code" -eq 1 ] || fail "$variant: exit status $code, not 1"
done
rm -rf "$dir"
echo "pair: as it says"

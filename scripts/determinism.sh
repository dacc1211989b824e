#!/usr/bin/env bash
# determinism.sh [N] [PRESET...]: N runs (300) of all guests with many seeds in many environments, compared byte for byte
# (tests/determinism/run.py); with more presets than the first (release), their builds are compared, too.
set -euo pipefail
cd "$(dirname "$0")/.."
n=${1:-300}
shift || true
presets=("${@:-release}")
also=()
for preset in "${presets[@]}"; do
  scripts/build.sh "$preset"
  [ "$preset" = "${presets[0]}" ] || also+=(--also "build/$preset/cli/wedge")
done
work=$(mktemp -d)
titles=$work/titles
mkdir -p "$titles"
first=build/${presets[0]}
for folder in guests tests/hostile/guests tests/causes/guests; do
  mkdir -p "$titles/$folder"
  (cd "$first/$folder" && find . \( -name '*.xex' -o -name '*.dll' \) -print0 | tar c --null -T -) | tar x -C "$titles/$folder"
done
if nice -n 19 python3 tests/determinism/run.py "$n" "$first/cli/wedge" "$titles" "$work/runs" "${also[@]}"; then
  rm -rf "$work"
else
  echo "the runs are in $work" >&2
  exit 1
fi

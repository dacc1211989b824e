#!/usr/bin/env bash
# build.sh [PRESET [TARGET...]]: configures and builds all or these; says nothing unless something is wrong. WG_GUESTS_FROM=BUILD takes
# the guests of another build, which are the same, instead of compiling them.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-dev}
targets=("${@:2}")
guests=
[ -z "${WG_GUESTS_FROM:-}" ] || [ "$WG_GUESTS_FROM" = "build/$preset" ] || guests=$PWD/$WG_GUESTS_FROM
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake --preset "$preset" -DWG_GUESTS_FROM="$guests" && cmake --build --preset "$preset" ${targets[0]+--target "${targets[@]}"}; } >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi

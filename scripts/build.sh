#!/usr/bin/env bash
# build.sh [PRESET [TARGET...]]: configures and builds all or these; says nothing unless something is wrong.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-dev}
targets=("${@:2}")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake --preset "$preset" && cmake --build --preset "$preset" ${targets[0]+--target "${targets[@]}"}; } >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi

#!/usr/bin/env bash
# Open-ended fuzzing of the interpreter against qemu: a new seed each round until a difference is found.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh dev
seed=${1:-$(date +%s)}
while :; do
  echo "seed $seed"
  python3 tests/fuzz/cpu_fuzz.py build/dev/cli/wedge build/fuzz --seed "$seed" --count 8000
  python3 tests/fuzz/cpu_fuzz.py build/dev/cli/wedge build/fuzz --seed "$seed" --count 4000 --length 8
  seed=$((seed + 1))
done

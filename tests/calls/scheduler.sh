#!/usr/bin/env bash
# Random programs of waits and signals against a model: scheduler.sh MODEL.py RUNNER CALLER.xex FOLDER [SEED [COUNT]]; without a seed it goes
# on until one fails, or for ever.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
model=$1 runner=$2 caller=$3 folder=$4
programs=$folder/$(basename "$model" .py).jsonl
mkdir -p "$folder"
run() {
  python3 "$here/$model" "$1" "$2" >"$programs"
  "$runner" "$caller" "$here/files" "$programs"
}
if [ $# -gt 4 ]; then
  run "$5" "${6:-300}"
else
  for ((seed = 1;; seed++)); do
    echo "seed $seed"
    run "$seed" 300
  done
fi

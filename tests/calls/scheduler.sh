#!/usr/bin/env bash
# Random programs of waits and signals against the model: scheduler.sh RUNNER CALLER.xex FOLDER [SEED [COUNT]]; without a seed it goes on until
# one fails, or for ever.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$3"
run() {
  python3 "$here/scheduler.py" "$1" "$2" >"$3/scheduler.jsonl"
  "$runner" "$caller" "$here/files" "$3/scheduler.jsonl"
}
runner=$1 caller=$2
if [ $# -gt 3 ]; then
  run "$4" "${5:-300}" "$3"
else
  for ((seed = 1;; seed++)); do
    echo "seed $seed"
    run "$seed" 300 "$3"
  done
fi

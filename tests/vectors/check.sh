#!/usr/bin/env bash
# The generator makes the committed vectors: a bounded number of cases of every instruction, byte for byte.
# usage: check.sh WORKDIR [COUNT]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd) work=$1 count=${2:-8}
rm -rf "$work"
python3 "$here/generate.py" "$work" --count "$count" --plain
for f in "$here"/*.jsonl.zst; do
  name=$(basename "$f" .zst)
  cmp -s "$work/$name" <(zstdcat "$f" | head -n "$count") || { echo "$name: the generator makes other cases than are committed" >&2; exit 1; }
done
echo "$(ls "$work" | wc -l) files agree"

#!/usr/bin/env bash
# What recording with emit/wedge_trace.h costs an engine, beside nothing and beside fprintf: bench/emit/run.sh [FOLDER for the traces]. The best of
# five each. "a burst": as fast as it goes, while buffers last; "paced": 1000 calls a millisecond and thread at most; "sustained": until
# the disk and the writer are the limit.
set -euo pipefail
cd "$(dirname "$0")"
dir=$(mktemp -d "${1:-/tmp}/wedge-emit-XXXXXX")
trap 'rm -rf "$dir"' EXIT
"${CC:-cc}" -std=c11 -O2 -I../../emit emit.c -o "$dir/emit" -pthread
for threads in 1 2 8; do
  echo "a burst, $threads threads"
  "$dir/emit" "$dir" "$threads" $((200000 / threads))
done
echo "paced"
"$dir/emit" "$dir" 2 50000 1
echo "sustained"
"$dir/emit" "$dir" 1 3000000

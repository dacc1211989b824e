#!/usr/bin/env bash
# Puts what the fuzzers have found into tests/fuzz/corpora, least first: fuzz_keep.sh [CORPUS, build/fuzz/corpus]. Each archive
# holds the smallest set of inputs below 128 KiB that reaches what all of them reach; scripts/fuzz_files.sh starts from it.
set -euo pipefail
cd "$(dirname "$0")/.."
corpus=${1:-build/fuzz/corpus}
export WEDGE_FUZZ_TITLE=build/dev/guests/hello.xex WEDGE_FUZZ_RUN=build/fuzz/hello.run WEDGE_FUZZ_TRACE=build/fuzz/cacheload.run
mkdir -p tests/fuzz/corpora
for dir in "$corpus"/*/; do
  target=$(basename "$dir")
  least=$(mktemp -d)
  find "$dir" -type f -size -128k -print0 | xargs -0 cp -t "$least"
  kept=$(mktemp -d)
  build/fuzz/tests/fuzz_"$target" -merge=1 -print_funcs=0 "$kept" "$least" >/dev/null 2>&1
  tar -C "$kept" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=644 -c . |
    zstd -q -19 -f -o tests/fuzz/corpora/"$target".tar.zst
  echo "$target: $(find "$kept" -type f | wc -l) inputs, $(stat -c %s tests/fuzz/corpora/"$target".tar.zst) bytes"
  rm -rf "$least" "$kept"
done

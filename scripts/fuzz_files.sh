#!/usr/bin/env bash
# Fuzzes what reads files from strangers, and the kernel's calls, with libFuzzer and the sanitizers: fuzz_files.sh [SECONDS a
# target, 20]. What it finds stays in build/fuzz/corpus/<target>; a crash ends it with the input
# and what was said of it, since the machine that found it may be gone. WEDGE_SHARE=COMMIT: half of the targets, and of
# each one's corpus at most 240 inputs, which that commit chooses (each is tried once before the time begins to count).
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-20}
all=(store kernel diff titles lzx containers patches branches inputs sequences traces torn sql export gdb gdb_live)
targets=("${all[@]}")
if [ -n "${WEDGE_SHARE:-}" ]; then
  mapfile -t targets < <(printf '%s\n' "${all[@]}" | shuf -n $((${#all[@]} / 2)) --random-source=<(yes "$WEDGE_SHARE"))
fi
scripts/build.sh fuzz "${targets[@]/#/fuzz_}"
scripts/build.sh dev # guests, as seeds
corpus=build/fuzz/corpus
export WEDGE_FUZZ_TITLE=build/dev/guests/hello.xex # for the kernel, and gdb while it is recorded
export WEDGE_FUZZ_RUN=build/fuzz/hello.run # for gdb
export WEDGE_FUZZ_TRACE=build/fuzz/cacheload.run # for sql
rm -rf "$WEDGE_FUZZ_RUN" "$WEDGE_FUZZ_TRACE"
build/dev/cli/wedge record build/dev/guests/hello.xex -o "$WEDGE_FUZZ_RUN" >/dev/null
build/dev/cli/wedge record build/dev/guests/cacheload.xex -o "$WEDGE_FUZZ_TRACE" >/dev/null
mkdir -p "${all[@]/#/$corpus/}"
for target in "${targets[@]}"; do # what earlier runs have found (scripts/fuzz_keep.sh)
  archive=tests/fuzz/corpora/$target.tar.zst
  [ ! -e "$archive" ] || zstd -dcq "$archive" | tar -x -C "$corpus/$target"
done
cp build/dev/guests/{hello,cacheload,system}.xex build/dev/guests/hello.elf "$corpus/titles/"
python3 tests/fuzz/seeds.py build/dev/cli/wedge build/dev/guests "$corpus"
one() { # TARGET SECONDS
  local target=$1 seconds=$2 log=build/fuzz/$1.log found
  build/fuzz/tests/fuzz_$target -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="build/fuzz/$target-" "$corpus/$target" >"$log" 2>&1 || true
  echo "$target: $seconds s"
  grep -aE "ERROR|SUMMARY|number_of_executed_units|artifact" "$log" || true
  for found in build/fuzz/"$target"-*; do
    [ -e "$found" ] || continue
    echo "$target: found $found, which is (base64 of gzip)" >&2
    gzip -9nc "$found" | base64 -w 120 >&2
    grep -av "^INFO" "$log" | head -60 >&2
    return 1
  done
}
export -f one
if [ -n "${WEDGE_SHARE:-}" ]; then
  whole=$corpus corpus=build/fuzz/share
  rm -rf "$corpus"
  for target in "${targets[@]}"; do
    mkdir -p "$corpus/$target"
    find "$whole/$target" -type f | sort | shuf -n 240 --random-source=<(yes "$WEDGE_SHARE") | xargs -r -d '\n' ln -t "$corpus/$target"
  done
fi
export corpus
printf '%s\n' "${targets[@]}" |
  xargs -P "$(nproc)" -I{} bash -c "one {} $seconds"

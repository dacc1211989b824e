#!/usr/bin/env bash
# The trace does not depend on how Wedge was built, on address-space randomisation, or on load: records the guests
# with gcc -O2, clang -O2 and gcc -O0 and compares the bytes (decompressed: libzstd's version may differ).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh dev
scripts/build.sh clang
scripts/build.sh gcc-O0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for guest in hello threads files memory gpu cacheload system modules seh xam; do
  title=$PWD/build/dev/guests/$guest.xex
  build/dev/cli/wedge record "$title" -o "$dir/$guest.gcc" >/dev/null
  build/clang/cli/wedge record "$title" -o "$dir/$guest.clang" >/dev/null
  build/gcc-O0/cli/wedge record "$title" -o "$dir/$guest.O0" >/dev/null
  # Another environment, no randomisation where the machine allows that, and a busy machine.
  env -i HOME=/ TZ=Asia/Tokyo LANG=tr_TR.UTF-8 setarch -R true 2>/dev/null && still="setarch -R" || still=""
  (timeout 20 sh -c 'while :; do :; done' & echo $! >"$dir/busy"; timeout 20 sh -c 'while :; do :; done' & echo $! >>"$dir/busy")
  (cd "$dir" && env -i HOME=/ TZ=Asia/Tokyo $still "$OLDPWD/build/dev/cli/wedge" record "$title" -o "$guest.env" >/dev/null)
  xargs kill <"$dir/busy" 2>/dev/null || true
  for other in clang O0 env; do
    # The lines: where a frame ends may depend on the host.
    cmp <(zstdcat "$dir/$guest.gcc/trace.jsonl.zst") <(zstdcat "$dir/$guest.$other/trace.jsonl.zst")
  done
  echo "builds: $guest is the same, byte for byte"
done

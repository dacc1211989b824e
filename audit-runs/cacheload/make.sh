#!/usr/bin/env bash
# make.sh OUTPUT: makes the investigation's runs again. WEDGE and GUESTS name the build (default: build/dev).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
wedge=${WEDGE:-$root/build/dev/cli/wedge}
guests=${GUESTS:-$root/build/dev/guests}
out=$1
mkdir -p "$out"
cd "$out"
for item in 4D5307D6/{textures,sounds,levels} 8F2A11C0/{shaders,fonts,movies} C0FFEE42/{strings,scripts,index}; do
  mkdir -p "cache/${item%/*}"
  echo item >"cache/$item.bin"
done
"$wedge" record "$guests/cacheload.xex" -o healthy --cache cache | head -1
"$wedge" record "$guests/cacheload.xex" -o stuck | head -1
"$wedge" diff stuck healthy >report.txt || [ $? -eq 1 ]
head -1 report.txt
sha256sum "$guests/cacheload.xex" | sed 's| .*|  cacheload.xex|' >digests.txt
for run in healthy stuck; do
  printf '%s  %s\n' "$(zstdcat $run/trace.jsonl.zst | sha256sum | cut -d' ' -f1)" "$run/trace.jsonl"
done >>digests.txt

#!/usr/bin/env bash
# Sets up, builds, then shows the whole of Wedge on the cacheload guest in a few lines.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/build.sh release
wedge=$PWD/build/release/cli/wedge
title=$PWD/build/release/guests/cacheload.xex
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
for item in 4D5307D6/{textures,sounds,levels} 8F2A11C0/{shaders,fonts,movies} C0FFEE42/{strings,scripts,index}; do
  mkdir -p "cache/${item%/*}" && echo item > "cache/$item.bin"
done
say() { printf '$ %s\n' "$*"; }

say "wedge record cacheload.xex -o healthy --cache cache     # every item is in the cache"
"$wedge" record "$title" -o healthy --cache cache | head -1
say "wedge record cacheload.xex -o stuck                     # the cache is empty"
"$wedge" record "$title" -o stuck | head -1
say "wedge replay healthy; wedge replay stuck"
"$wedge" replay healthy
"$wedge" replay stuck
say "wedge diff stuck healthy                                # why does it hang?"
"$wedge" diff stuck healthy | head -10 | cut -c1-170 || true
say "wedge query stuck 'SELECT tid, name, resolved FROM v_unreturned'"
"$wedge" query stuck 'SELECT tid, name, resolved FROM v_unreturned'
say "wedge query healthy 'SELECT hsid, object_type, tid, times FROM v_signalers LIMIT 3'"
"$wedge" query healthy 'SELECT hsid, object_type, tid, times FROM v_signalers LIMIT 3'
say "wedge query stuck 'SELECT name, calls FROM v_call_counts WHERE tid = 3 LIMIT 3'"
"$wedge" query stuck 'SELECT name, calls FROM v_call_counts WHERE tid = 3 LIMIT 3'

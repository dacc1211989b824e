#!/usr/bin/env bash
# tidy.sh: clang-tidy over every compiled file (.clang-tidy says which checks).
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f build/dev/compile_commands.json ] || cmake --preset dev >/dev/null
mapfile -t files < <(git ls-files 'base/*.c' 'trace/*.c' 'emu/*.c' 'checkpoint/*.c' 'replay/*.c' 'travel/*.c' 'probe/*.c' 'gdb/*.c' 'diff/*.c' 'export/*.c' \
  'cli/*.c')
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy -p build/dev --quiet --warnings-as-errors='*' 2>/dev/null
echo "tidy: ${#files[@]} files are clean"

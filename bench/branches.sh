#!/usr/bin/env bash
# What recording every branch costs: the programs of bench/cpu on a build that records none and on one that does,
# branches.zst written, side by side in one run. The bar is 15 % of speed.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh release
cmake -S . -B build/no-trail -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS=-DWG_TRAIL=0 -DWG_WERROR=OFF >/dev/null
cmake --build build/no-trail --target wedge >/dev/null
exec bench/cpu/run.py build/release/cli/wedge --against build/no-trail/cli/wedge "$@"

#!/usr/bin/env bash
# Sets up, builds and runs every test. test.sh [PRESET [CTEST-OPTION...]]: dev (default), asan-ubsan, tsan, clang.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-dev}
scripts/setup.sh
scripts/build.sh "$preset"
ctest --preset "$preset" -j "$(nproc)" "${@:2}"

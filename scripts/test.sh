#!/usr/bin/env bash
# Sets up, builds and runs every test, one more at a time than there are processors, as some wait. test.sh [PRESET [CTEST-OPTION...]]: dev (default),
# asan-ubsan, tsan, clang. WEDGE_SHARE=COMMIT[/TIMES]: of each sweep the part that tests/share.py chooses by that commit.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-dev}
scripts/setup.sh
scripts/build.sh "$preset"
ctest --preset "$preset" -j "$(($(nproc) + 1))" "${@:2}"

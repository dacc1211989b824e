#!/usr/bin/env bash
# Sets up, builds and runs every test, twice as many at a time as there are processors, as many wait for a disk, a clock or another
# process. test.sh [PRESET [CTEST-OPTION...]]: dev (default), asan-ubsan, tsan, clang. WEDGE_SHARE=COMMIT[/TIMES]: of each sweep the part that tests/share.py chooses by that commit.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-dev}
scripts/setup.sh
scripts/build.sh "$preset"
ctest --preset "$preset" -j "$((2 * $(nproc)))" "${@:2}"

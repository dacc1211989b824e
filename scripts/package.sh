#!/usr/bin/env bash
# package.sh [BUILD]: makes the Debian package and a .tar.gz of a build (build/release) and checks the package with lintian.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
rm -rf "$build/packages"
cpack --config "$build/CPackConfig.cmake" -B "$build/packages" >"$build/cpack.log" 2>&1 || { cat "$build/cpack.log" >&2; exit 1; }
rm -rf "$build/packages/_CPack_Packages"
lintian --fail-on error "$build"/packages/*.deb
ls "$build"/packages/*

#!/usr/bin/env bash
# The generator still writes the vectors, byte for byte. check.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$1"
python3 "$here/generate.py" "$1"
for f in "$here"/*.jsonl; do cmp "$f" "$1/$(basename "$f")"; done

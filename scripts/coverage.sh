#!/usr/bin/env bash
# The lines that the tests reach, by folder: scripts/coverage.py says how and with which options.
exec python3 "$(dirname "$0")/coverage.py" "$@"

#!/usr/bin/env bash
# Whether the tests notice a changed line: scripts/mutate.py says how and with which options.
exec python3 "$(dirname "$0")/mutate.py" "$@"

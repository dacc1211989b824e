#!/usr/bin/env bash
# commands.sh WEDGE: the names of its commands, a line each, from its own help (cli/commands.def).
set -euo pipefail
"$1" help | awk '/^  [a-z]/ { print $1 }'

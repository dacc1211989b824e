#!/usr/bin/env bash
# state_layout.sh SOURCES...: prints a header with a digest of what decides how a machine's state is written: of headers and tables
# their whole text, of C files what stands with the functions that describe state (emu/state/archive.h). A checkpoint of another
# layout is refused by it, so that nobody has to remember to raise a number.
set -euo pipefail
digest=$(for f in "$@"; do
  case $f in
  *.c) awk '{ text = text $0 "\n" } $0 == "}" || $0 == "};" { if (text ~ /wg_ar/) printf "%s", text; text = "" }' "$f" ;;
  *) cat "$f" ;;
  esac
done | sha256sum)
echo "// Made by scripts/state_layout.sh."
echo "#define WG_STATE_LAYOUT \"${digest:0:16}\""

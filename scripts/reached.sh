#!/usr/bin/env bash
# Exports that are more than a constant and that no kernel-call vector calls: none but those explained here.
# reached.sh [BUILD]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/dev}
# guests/seh.c calls these: they need frames that C cannot make.
explained="RtlUnwind RtlUnwind2 __C_specific_handler"
reached=$("$build/tests/calls/kernel_vectors" --reached "$build/tests/calls/caller.xex" tests/calls/files tests/calls/*.jsonl)
bad=0 n=0
while read -r name; do
  n=$((n + 1))
  if ! grep -qx "$name" <<<"$reached"; then
    case " $explained " in
    *" $name "*) ;;
    *) echo "$name: no vector calls it"; bad=$((bad + 1)) ;;
    esac
  fi
done < <(awk -F', ' '/^WG_EXPORT/ && $4 == "F" && ($7 == "IMPLEMENTED" || $7 == "PARTIAL") {print $3}' nt/exports.def)
echo "$n exports with a body, $bad that no vector calls"
[ "$bad" -eq 0 ]

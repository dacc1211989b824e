#!/usr/bin/env bash
# The arrows of the house go one way (docs/architecture.md): fails on an #include that goes against them.
set -euo pipefail
cd "$(dirname "$0")/.."
bad=0
check() { # folder, folders that it may include
  local from=$1 allowed=$2
  while IFS=: read -r file line text; do
    local to=${text#*\"}
    to=${to%%/*}
    case " $from $allowed " in *" $to "*) ;; *) echo "$file:$line: $from may not include $to: $text"; bad=1 ;; esac
  done < <(grep -rnE '^#include "(base|nt|trace|emu|replay|diff|cli|emit|guests|tests)/' "$from" --include='*.c' --include='*.h' || true)
}
check base ""
check nt "base"
check trace "base nt"
check emu "base nt trace"
check diff "base nt trace"
check replay "base nt trace emu"
check cli "base nt trace emu replay diff"
# emu/ writes no files and reads no clock, and the processor knows no kernel.
# One clock is known: it decides where a trace's frames end, never what is in them.
if grep -rnE '\b(time|clock_gettime|gettimeofday|rand|random|getenv|getpid)\(' emu diff trace nt base --include='*.c' |
  grep -v '^trace/frames.c:.*clock_gettime(CLOCK_MONOTONIC'; then
  echo "the host's time, randomness or environment may not reach a run"
  bad=1
fi
if grep -rnE '#include "emu/(kernel|sched|gpu|vfs|loader)' emu/cpu emu/mem; then
  echo "emu/cpu and emu/mem know memory and nothing else"
  bad=1
fi
if grep -rn '#include "trace/writer.h"' emu; then
  echo "emu/ emits events and never writes them"
  bad=1
fi
[ $bad -eq 0 ] && echo "layers: clean"
exit $bad

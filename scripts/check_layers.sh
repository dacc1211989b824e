#!/usr/bin/env bash
# What the build cannot see of the house's rules (docs/architecture.md): it knows which headers a part may include
# (cmake/WgModule.cmake), but not that the arrows go in no circle, nor which functions of the host a run must not reach.
set -euo pipefail
cd "$(dirname "$0")/.."
bad=0
scripts/include_graph.py >/dev/null || { scripts/include_graph.py | sed -n '/^circle/,$p'; bad=1; }
# emu/ writes no files and reads no clock.
# One clock is known: it decides where a trace's frames end, never what is in them.
if grep -rnE '\b(time|clock_gettime|gettimeofday|rand|random|getenv|getpid)\(' emu diff trace nt base --include='*.c' |
  grep -v '^trace/frames.c:.*clock_gettime(CLOCK_MONOTONIC'; then
  echo "the host's time, randomness or environment may not reach a run"
  bad=1
fi
if grep -rn '#include "trace/writer.h"' emu; then
  echo "emu/ emits events and never writes them"
  bad=1
fi
# One reader of JSON, and one way to grow (docs/architecture.md#what-reads-json, base/vec.h).
if grep -rnE '\bjson_load[a-z]*\(' --include='*.c' --include='*.h' base nt trace emu jit checkpoint replay travel probe gdb diff export cli |
  grep -v '^base/json_document.c:'; then
  echo "JSON documents are read by wg_json_document"
  bad=1
fi
if grep -rnE '\b(realloc|reallocarray|wg_xrealloc)\(' --include='*.c' --include='*.h' nt trace emu jit checkpoint replay travel probe gdb diff export cli; then
  echo "lists grow by base/vec.h"
  bad=1
fi
[ $bad -eq 0 ] && echo "layers: clean"
exit $bad

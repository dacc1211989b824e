#!/usr/bin/env bash
# A run does not depend on how Wedge was built, on address-space randomisation, on the environment or on load: records the guests
# with gcc -O2, clang -O2 and gcc -O0, and with gcc -O2 under hard conditions, and compares what was recorded: the trace and the
# record of branches byte for byte (decompressed: libzstd's version may differ), and the manifest's result, the chain of state hashes
# with it. compare_builds.sh [BUILD...]: compares the builds of these folders instead, the first with each other one.
set -euo pipefail
cd "$(dirname "$0")/.."
builds=("$@")
if [ ${#builds[@]} -eq 0 ]; then
  builds=(build/dev build/clang build/gcc-O0)
  scripts/build.sh dev
  scripts/build.sh clang wedge
  scripts/build.sh gcc-O0 wedge
fi
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
here=$PWD still=
setarch -R true 2>/dev/null && still="setarch -R" || echo "builds: this machine does not allow address-space randomisation to be turned off: skipped"

same() { # RUN, OTHER: what was recorded
  cmp <(zstdcat "$1/trace.jsonl.zst") <(zstdcat "$2/trace.jsonl.zst") || { echo "builds: $2: another trace"; exit 1; }
  cmp <(zstdcat "$1/branches.zst") <(zstdcat "$2/branches.zst") || { echo "builds: $2: other branches"; exit 1; }
  python3 - "$1" "$2" <<'END' || exit 1
import json, sys
a, b = (json.load(open(run + "/manifest.json"))["result"] for run in sys.argv[1:])
assert a["state_hash_chain"] and a["branches_sha256"] and a["trace_sha256"], a
for key in sorted(set(a) | set(b)):
    if a.get(key) != b.get(key):
        sys.exit("builds: %s: the manifest's %s is %s, not %s" % (sys.argv[2], key, b.get(key), a.get(key)))
END
}

# What one build keeps, each other one goes on with: --jobs enters the run at the checkpoints, and holds the states against its own.
handed_on() { # GUEST TITLE
  local kept=$dir/$1.kept
  "${builds[0]}/cli/wedge" record "$2" -o "$kept" --checkpoints >/dev/null
  for b in "${builds[@]}"; do
    "$b/cli/wedge" replay "$kept" --jobs 3 >"$kept.said" || { cat "$kept.said"; echo "builds: $b does not go on with ${builds[0]}'s checkpoints"; exit 1; }
    for at in time=1ms time=5ms end; do
      "$b/cli/wedge" replay "$kept" --to $at --json 2>&1 || true # a short run is not there: then all say so
    done >"$kept.at.$(basename "$b")"
    cmp "$kept.at.$(basename "${builds[0]}")" "$kept.at.$(basename "$b")" || { echo "builds: $b is elsewhere"; exit 1; }
  done
}

compare() { # GUEST
  local guest=$1 title=$here/${builds[0]}/guests/$1.xex n=0 busy=()
  for b in "${builds[@]}"; do
    "$b/cli/wedge" record "$title" -o "$dir/$guest.$n" >/dev/null
    [ $n -eq 0 ] || same "$dir/$guest.0" "$dir/$guest.$n"
    n=$((n + 1))
  done
  # Another environment, no randomisation where the machine allows that, and a busy machine.
  for _ in 1 2; do
    timeout 20 sh -c 'while :; do :; done' &
    busy+=($!)
  done
  (cd "$dir" && env -i HOME=/ TZ=Asia/Tokyo LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 $still "$here/${builds[0]}/cli/wedge" record "$title" \
    -o "$guest.env" >/dev/null)
  kill "${busy[@]}" 2>/dev/null || true
  wait "${busy[@]}" 2>/dev/null || true
  same "$dir/$guest.0" "$dir/$guest.env"
  handed_on "$guest" "$title"
  rm -rf "$dir/$guest".*
  echo "builds: $guest is the same: trace, branches, states"
}

running=0
for guest in hello threads files memory gpu cacheload system modules seh xam; do
  compare $guest &
  running=$((running + 1))
  if [ $running -ge "$(nproc)" ]; then
    wait -n
    running=$((running - 1))
  fi
done
while [ $running -gt 0 ]; do
  wait -n
  running=$((running - 1))
done

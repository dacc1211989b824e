#!/usr/bin/env bash
# Makes the runs again and compares digests and report with what is committed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$here/make.sh" "$dir"
if ! cmp -s <(head -1 "$here/digests.txt") <(head -1 "$dir/digests.txt"); then
  echo "audit: another cross compiler made another cacheload.xex; its digests cannot be compared"
  exit 0
fi
diff "$here/digests.txt" "$dir/digests.txt"
diff "$here/report.txt" "$dir/report.txt"
echo "audit: cacheload is as committed"

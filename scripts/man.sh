#!/usr/bin/env bash
# man.sh WEDGE OUTPUT: makes the man pages from the commands' own help, so that the two cannot differ.
set -euo pipefail
wedge=$1 out=$2
mkdir -p "$out"
version=$("$wedge" --version | cut -d' ' -f2)
page() { # name, help text on standard input
  local name=$1 title
  title=$(tr '[:lower:]' '[:upper:]' <<<"$name")
  printf '.TH %s 1 "" "wedge %s" "Wedge"\n' "$title" "$version"
  awk -v name="$name" '
    NR == 1 { sub(/^usage: /, ""); usage = $0; next }
    /^$/ && !summary { next }
    !summary { summary = $0; printf ".SH NAME\n%s - %s\n.SH SYNOPSIS\n%s\n.SH DESCRIPTION\n", name, summary, usage; next }
    /^Examples:/ { print ".SH EXAMPLES\n.nf"; next }
    /^Options:/ { print ".fi\n.SH OPTIONS\n.nf"; next }
    { print }
    END { print ".fi" }' | sed -e '/^\./!s/-/\\-/g'
}
for c in record replay verify diff hang audit query import info events exports cpu-test exec pack; do
  "$wedge" help "$c" | page "wedge-$c" >"$out/wedge-$c.1"
done
"$wedge" help | page wedge >"$out/wedge.1"

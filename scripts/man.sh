#!/usr/bin/env bash
# man.sh WEDGE OUTPUT: makes the man pages from the commands' own help, so that the two cannot differ.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd) wedge=$1 out=$2
rm -rf "$out"
mkdir -p "$out"
version=$("$wedge" --version | sed -n '1s/^wedge //p')
commands=$("$here/commands.sh" "$wedge")
page() { # name, help text on standard input
  awk -v name="$1" -v version="$version" -v commands="${commands//$'\n'/ }" '
    function text(s) { gsub(/\\/, "\\e", s); gsub(/-/, "\\-", s); if (s ~ /^[.\x27]/) s = "\\&" s; return s }
    function verbatim(on) { if (on != literal) { print on ? ".nf" : ".fi"; literal = on } }
    function section(s) { verbatim(0); print ".SH " s; part = s }
    NR == 1 { sub(/^usage: /, ""); usage = $0; next }
    !summary {
      if ($0 == "") next
      summary = $0
      sub(/\.$/, "", summary)
      printf ".TH %s 1 \"\" \"wedge %s\" \"Wedge\"\n.SH NAME\n%s \\- %s\n", text(toupper(name)), text(version), text(name), text(summary)
      printf ".SH SYNOPSIS\n%s\n.SH DESCRIPTION\n", text(usage)
      next
    }
    /^Examples:$/ { section("EXAMPLES"); verbatim(1); next }
    /^Options:$/ { section("OPTIONS"); next }
    /^$/ { if (part == "EXAMPLES") print ""; else blank = 1; next }
    part == "OPTIONS" { # "  -o, --output RUN         what it does", or the rest of that in the next line
      match($0, /^ *(-., )?--[a-z0-9-]+( [A-Z][A-Z=,0-9|.]*)?/)
      left = substr($0, 1, RLENGTH); right = substr($0, RLENGTH + 1)
      sub(/^ +/, "", left); sub(/^ +/, "", right)
      printf ".TP\n.B %s\n%s\n", text(left), text(right)
      next
    }
    name == "wedge" && /^  [a-z]/ { # a command and its summary
      match($0, /^  [a-z-]+/)
      left = substr($0, 3, RLENGTH - 2); right = substr($0, RLENGTH + 1); sub(/^ +/, "", right)
      printf ".TP\n.B wedge %s\n%s\n", text(left), text(right)
      listed = 1
      next
    }
    { if (listed) { print ".P"; listed = blank = 0 } }
    { verbatim(/^ /); if (blank && !literal) print ".P"; blank = 0; print text($0) }
    END {
      section("EXIT STATUS")
      print "0: success; 1: a difference or mismatch was found; 2: a usage or input error; 3: an internal failure."
      section("SEE ALSO")
      n = split(name == "wedge" ? commands : "", c, " ")
      for (i = 1; i <= n; i++) printf ".BR %s (1)%s\n", text("wedge-" c[i]), i < n ? "," : ""
      if (name != "wedge") print ".BR wedge (1)"
    }' >"$out/$1.1"
}
"$wedge" help | page wedge
for c in $commands; do "$wedge" help "$c" | page "wedge-$c"; done

#!/usr/bin/env bash
# completions.sh WEDGE OUTPUT: makes OUTPUT/wedge.bash and OUTPUT/_wedge (zsh) from the commands' own help.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd) wedge=$1 out=$2
rm -rf "$out"
mkdir -p "$out"
mapfile -t commands < <("$here/commands.sh" "$wedge")

options() { # COMMAND: of each option a line: letter or -, name, name of its value or -, help
  "$wedge" help "$1" | awk '
    /^Options:$/ { on = 1; next }
    on && /^ *(-., )?--/ {
      letter = value = "-"
      line = $0
      if (match(line, /^  -., /)) letter = substr(line, 4, 1)
      match(line, /--[a-z0-9-]+/)
      name = substr(line, RSTART, RLENGTH)
      line = substr(line, RSTART + RLENGTH)
      if (match(line, /^ [A-Z][A-Z=,0-9|.]*/)) { value = substr(line, 2, RLENGTH - 1); line = substr(line, RLENGTH + 1) }
      sub(/^ +/, "", line)
      printf "%s\t%s\t%s\t%s\n", letter, name, value, line
    }'
}

{
  echo '# Completion of wedge for bash. Made by scripts/completions.sh.'
  echo '_wedge() {'
  echo '  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options= valued='
  echo '  COMPREPLY=()'
  echo '  if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "$before" = help ]; }; then'
  echo "    COMPREPLY=(\$(compgen -W \"${commands[*]} help --help --version\" -- \"\$current\"))"
  echo '    return'
  echo '  fi'
  echo '  case ${COMP_WORDS[1]} in'
  for c in "${commands[@]}"; do
    all=$(options "$c" | awk -F'\t' '{ if ($1 != "-") printf "-%s ", $1; printf "%s ", $2 }')
    valued=$(options "$c" | awk -F'\t' '$3 != "-" { if ($1 != "-") printf "-%s ", $1; printf "%s ", $2 }')
    printf '    %s) options="%s" valued=" %s" ;;\n' "$c" "${all% }" "$valued"
  done
  echo '  esac'
  echo '  # The value of an option and what is no option are mostly files: bash completes them by itself.'
  echo '  case $valued in *" $before "*) return ;; esac'
  echo '  case $current in -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;; esac'
  echo '}'
  echo 'complete -o bashdefault -o default -F _wedge wedge'
} >"$out/wedge.bash"

{
  echo '#compdef wedge'
  echo '# Completion of wedge for zsh. Made by scripts/completions.sh.'
  echo 'local -a commands'
  echo 'commands=('
  for c in "${commands[@]}"; do
    summary=$("$wedge" help | awk -v c="$c" '$1 == c { sub(/^ *[^ ]+ +/, ""); print; exit }')
    printf "  '%s:%s'\n" "$c" "$(sed "s/'/'\\\\''/g; s/:/\\\\:/g" <<<"${summary%.}")"
  done
  echo ')'
  echo 'if (( CURRENT == 2 )) || (( CURRENT == 3 )) && [[ $words[2] == help ]]; then'
  echo "  _describe -t commands 'wedge command' commands"
  echo '  return'
  echo 'fi'
  echo 'local command=$words[2]'
  echo 'shift words'
  echo '(( CURRENT-- ))'
  echo 'case $command in'
  for c in "${commands[@]}"; do
    echo "  $c) _arguments -s \\"
    options "$c" | awk -F'\t' -v q="'" '{
      help = $4
      gsub(q, q "\\" q q, help); gsub(/\[/, "\\[", help); gsub(/\]/, "\\]", help); gsub(/:/, "\\:", help)
      value = $3 == "-" ? "" : ":" $3 ":" ($3 ~ /^(N|T|TEXT|NAME|TID|NS)$/ ? " " : "_files")
      if ($1 != "-") printf "    %s(-%s %s)%s{-%s,%s}%s[%s]%s%s \\\n", q, $1, $2, q, $1, $2, q, help, value, q
      else printf "    %s%s[%s]%s%s \\\n", q, $2, help, value, q
    }'
    echo "    '*:file:_files' ;;"
  done
  echo 'esac'
} >"$out/_wedge"

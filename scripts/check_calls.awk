# awk -f check_calls.awk emu/kernel/*.c: fails if the body of an export reads an argument that its row lacks.
match($0, /^ *WG_CALL\([A-Za-z_0-9#]+, [0-9]+\)/) {
  split(substr($0, RSTART, RLENGTH), head, /[(,)]/)
  name = head[2]
  n = head[3] + 0
}
name != "" {
  rest = $0
  while (match(rest, /(^|[^A-Za-z_0-9])A\([0-9]+\)/)) {
    at = substr(rest, RSTART, RLENGTH)
    gsub(/[^0-9]/, "", at)
    if (at + 0 >= n) {
      printf "%s:%d: %s has %d parameters in nt/exports.def, but its body reads A(%d)\n", FILENAME, FNR, name, n, at > "/dev/stderr"
      bad = 1
    }
    rest = substr(rest, RSTART + RLENGTH)
  }
}
/^}/ || /^ *WG_CALL\(.*}/ { name = "" }
END { exit bad }

#!/bin/sh
# mkimports.sh EXPORTS.def OBJECT... (rows as nt/exports.def has them): prints assembly with an import for each undefined symbol of the objects
# that a kernel module exports. Functions get a value slot and a 16-byte thunk, as the console's linker makes
# them; variables get a slot that the loader points at the variable.
set -eu
exports=$1
shift
undefined=$("${NM:-powerpc-linux-gnu-nm}" -u "$@" | awk '$1 == "U" {print $2}' | sort -u)
awk -v want="$undefined" '
BEGIN {
  n = split(want, w, "\n")
  for (i = 1; i <= n; i++) need[w[i]] = 1
  # Where the two calling conventions differ: a ninth argument moves from 8(r1) to 0x54(r1) of the callee-visible
  # frame; a 64-bit argument moves from a register pair to one register.
  bridge["NtCreateFile"] = "stack9"; bridge["NtQueryDirectoryFile"] = "stack9"; bridge["VdSwap"] = "stack10"
  bridge["XamUserReadProfileSettings"] = "stack9"; bridge["XamShowMessageBoxUI"] = "stack9"
  bridge["KeSetTimer"] = "timer"; bridge["KeSetTimerEx"] = "timer"
  print ".machine \"power4\"\n.section .note.GNU-stack,\"\",@progbits"
}
/^WG_EXPORT\(/ {
  split($0, f, ", ")
  module = f[1]; name = f[3]
  gsub(/.*\(|"/, "", module)
  if (!(name in need) || done[name]) next
  done[name] = 1
  ordinal = f[2]
  kind = substr(f[4], 1, 1)
  if (!(module in label)) {
    label[module] = "wedge_lib_" (++libs)
    printf ".section .wedge.names,\"a\"\n%s: .asciz \"%s\"\n", label[module], module
  }
  printf ".section .wedge.slots,\"aw\"\n.balign 4\n"
  if (kind == "V") {
    printf ".globl %s\n%s: .long 0\n", name, name
    thunk = "0"; slot = name
  } else {
    slot = "__slot_" name
    thunk = (name in bridge) ? "__thunk_" name : name
    printf "%s: .long 0\n.section .text.imports,\"ax\"\n.balign 16\n.globl %s\n%s: .long 0, 0, 0x7D6903A6, 0x4E800420\n", slot, thunk, thunk
  }
  printf ".section .wedge.imports,\"a\"\n.long %s, %s, %s, %s\n", label[module], ordinal, slot, thunk
  if (bridge[name] == "stack9")
    printf ".section .text,\"ax\"\n.globl %s\n%s: stwu 1,-0x80(1)\nmflr 0\nstw 0,0x84(1)\nlwz 0,0x88(1)\nstw 0,0x54(1)\nbl %s\nlwz 0,0x84(1)\nmtlr 0\naddi 1,1,0x80\nblr\n", name, name, thunk
  if (bridge[name] == "stack10")
    printf ".section .text,\"ax\"\n.globl %s\n%s: stwu 1,-0x80(1)\nmflr 0\nstw 0,0x84(1)\nlwz 0,0x88(1)\nstw 0,0x54(1)\nlwz 0,0x8c(1)\nstw 0,0x5c(1)\nbl %s\nlwz 0,0x84(1)\nmtlr 0\naddi 1,1,0x80\nblr\n", name, name, thunk
  if (bridge[name] == "timer")
    printf ".section .text,\"ax\"\n.globl %s\n%s: rldicr 4,5,32,31\nrldicl 6,6,0,32\nor 4,4,6\nmr 5,7\nmr 6,8\nb %s\n", name, name, thunk
}
END { for (s in need) if (!(s in done)) { print "mkimports: no module exports " s > "/dev/stderr"; bad = 1 } exit bad }
' "$exports"

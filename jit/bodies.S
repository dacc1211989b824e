// The interpreter's bodies as bitcode, a part for each of its files: where one begins, from the table on, and its size. What
// programs execute most comes first.
  .section .rodata
  .globl wg_jit_parts
  .balign 16
wg_jit_parts:
  .irp part, exec_int, exec_ldst, exec_branch, exec_sys, exec_fp, exec_vmx
  .long \part\() - wg_jit_parts, \part\()_end - \part\()
  .endr
  .irp part, exec_int, exec_ldst, exec_branch, exec_sys, exec_fp, exec_vmx
  .balign 4
\part\():
  .incbin "\part\().bc"
\part\()_end:
  .endr
  .section .note.GNU-stack,"",@progbits

// The interpreter's bodies as bitcode, a part for each of its files: where one begins, from the table on, and its size.
  .section .rodata
  .globl wg_jit_parts
  .balign 16
wg_jit_parts:
  .irp part, WG_JIT_FILES
  .long \part\() - wg_jit_parts, \part\()_end - \part\()
  .endr
  .irp part, WG_JIT_FILES
  .balign 4
\part\():
  .incbin "\part\().bc"
\part\()_end:
  .endr
  .section .note.GNU-stack,"",@progbits

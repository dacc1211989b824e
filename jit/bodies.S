// The interpreter's bodies as bitcode.
  .section .rodata
  .globl wg_jit_bodies
  .globl wg_jit_bodies_end
  .balign 16
wg_jit_bodies:
  .incbin WG_BODIES
wg_jit_bodies_end:
  .section .note.GNU-stack,"",@progbits

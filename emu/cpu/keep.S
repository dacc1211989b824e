// What compiled code calls seldom, from where it keeps its registers: every register is as it was afterwards (LLVM calls
// this convention preserve_all). Arguments as usual, what comes of it is in the context.
#if defined(__x86_64__)
  .macro KEEPING name, function
  .globl \name
  .type \name, @function
  .balign 16
\name:
  pushq %rbp
  movq %rsp, %rbp
  pushq %rax
  pushq %rcx
  pushq %rdx
  pushq %rsi
  pushq %rdi
  pushq %r8
  pushq %r9
  pushq %r10
  subq $544, %rsp
  andq $-32, %rsp
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  vmovaps %ymm\n, (32 * \n)(%rsp)
  .endr
  vzeroupper
  call \function
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  vmovaps (32 * \n)(%rsp), %ymm\n
  .endr
  leaq -64(%rbp), %rsp
  popq %r10
  popq %r9
  popq %r8
  popq %rdi
  popq %rsi
  popq %rdx
  popq %rcx
  popq %rax
  popq %rbp
  ret
  .size \name, . - \name
  .endm

  .text
  KEEPING wg_keeping_boundary, wg_compiled_boundary
  KEEPING wg_keeping_full, wg_compiled_full
#endif
  .section .note.GNU-stack,"",@progbits

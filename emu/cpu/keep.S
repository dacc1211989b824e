// What compiled code calls seldom, from where it keeps its registers: every register is as it was afterwards (LLVM calls
// this convention preserve_all). Arguments as usual, what comes of it is in the context.
#if defined(__x86_64__)
#include "emu/cpu/keep.h"

  .macro KEEPING name, function
  .globl \name
  .type \name, @function
  .balign 16
\name:
  // Mostly a trail is full and there is room for it: a word more, and a new trail.
  testq %rsi, %rsi
  jns 2f
  pushq %rax
  pushq %rcx
  movq WG_KEEP_BRANCHES(%rdi), %rax
  movl WG_KEEP_NWORDS(%rax), %ecx
  cmpl $WG_KEEP_MOST_WORDS, %ecx
  jae 1f
  cmpl $WG_KEEP_MOST_TARGETS, WG_KEEP_NTARGETS(%rax)
  jae 1f
  btrq $63, %rsi
  movq %rsi, WG_KEEP_WORDS(%rax, %rcx, 8)
  btsq $63, %rsi
  incl %ecx
  movl %ecx, WG_KEEP_NWORDS(%rax)
  movq $1, WG_KEEP_K(%rdi)
  popq %rcx
  popq %rax
  ret
1:
  popq %rcx
  popq %rax
2:
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

// From a place where compiled code is left (struct wg_jit_frames): on the stack are rdx, rax and the place.
  .globl wg_keeping_left
  .type wg_keeping_left, @function
  .balign 16
wg_keeping_left:
  pushq %rbp
  movq %rsp, %rbp
  subq $640, %rsp
  andq $-32, %rsp
  movq 16(%rbp), %rdx
  movq %rdx, (%rsp)
  movq 8(%rbp), %rdx
  movq %rdx, 8(%rsp)
  movq %rcx, 16(%rsp)
  movq %rbx, 24(%rsp)
  movq %rsi, 32(%rsp)
  movq %rdi, 40(%rsp)
  movq (%rbp), %rdx
  movq %rdx, 48(%rsp)
  leaq 32(%rbp), %rdx
  movq %rdx, 56(%rsp)
  .irp n, 8, 9, 10, 11, 12, 13, 14, 15
  movq %r\n, (8 * \n)(%rsp)
  .endr
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  vmovaps %ymm\n, (128 + 32 * \n)(%rsp)
  .endr
  vzeroupper
  movq %rax, %rsi
  movq %rsp, %rdx
  movq 24(%rbp), %rcx
  call wg_compiled_left
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  vmovaps (128 + 32 * \n)(%rsp), %ymm\n
  .endr
  movq 16(%rsp), %rcx
  movq 32(%rsp), %rsi
  movq 40(%rsp), %rdi
  .irp n, 8, 9, 10, 11
  movq (8 * \n)(%rsp), %r\n
  .endr
  movq %rbp, %rsp
  popq %rbp
  popq %rdx
  popq %rax
  ret
  .size wg_keeping_left, . - wg_keeping_left
#endif
  .section .note.GNU-stack,"",@progbits

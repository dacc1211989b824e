// What compiled code calls seldom, from where it keeps its registers: every register is as it was afterwards (LLVM calls
// this convention preserve_all). Arguments as usual, what comes of it is in the context.
#if defined(__x86_64__)
#include "emu/cpu/keep.h"

// The trail in rsi, n decisions below a marker, goes behind the m that were put aside before, also below a marker; what
// makes a word is one. The answer is an empty trail; 0, with nothing changed: the packet is full, or about to be.
  .text
  .globl wg_keeping_room
  .type wg_keeping_room, @function
  .balign 16
wg_keeping_room:
  pushq %rax
  pushq %rcx
  pushq %rdx
  pushq %r8
  pushq %r9
  movq $0, WG_KEEP_K(%rdi)
  movq WG_KEEP_BRANCHES(%rdi), %r8
  movl WG_KEEP_NWORDS(%r8), %r9d
  cmpl $WG_KEEP_MOST_WORDS, %r9d
  jae 2f
  cmpl $WG_KEEP_MOST_TARGETS, WG_KEEP_NTARGETS(%r8) // it ends with the word that is full next
  jae 2f
  movq $1, WG_KEEP_K(%rdi)
  movq WG_KEEP_BEFORE(%rdi), %rdx
  lzcntq %rdx, %rcx // 63 - m, for which there is room in the word
  lzcntq %rsi, %rax
  xorl $63, %eax // n
  movq %rsi, %r9
  btrq %rax, %r9 // the decisions alone
  cmpl %ecx, %eax
  jae 1f
  shlxq %rax, %rdx, %rdx
  orq %r9, %rdx
  movq %rdx, WG_KEEP_BEFORE(%rdi)
  jmp 2f
1:
  shlxq %rcx, %rdx, %rdx
  subl %ecx, %eax // those that are left
  shrxq %rax, %r9, %rcx
  orq %rcx, %rdx
  btrq $63, %rdx
  movl WG_KEEP_NWORDS(%r8), %ecx
  movq %rdx, WG_KEEP_WORDS(%r8, %rcx, 8)
  incl %ecx
  movl %ecx, WG_KEEP_NWORDS(%r8)
  bzhiq %rax, %r9, %r9
  btsq %rax, %r9
  movq %r9, WG_KEEP_BEFORE(%rdi)
2:
  popq %r9
  popq %r8
  popq %rdx
  popq %rcx
  popq %rax
  ret
  .size wg_keeping_room, . - wg_keeping_room

// From a place where compiled code is left (struct wg_jit_frames): on the stack are rdx, rax and the place.
  .globl wg_keeping_left
  .type wg_keeping_left, @function
  .balign 16
wg_keeping_left:
  pushq %rbp
  movq %rsp, %rbp
  subq $128, %rsp
  andq $-16, %rsp
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
  movq %rax, %rsi
  movq %rsp, %rdx
  movq 24(%rbp), %rcx
  call wg_compiled_left
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

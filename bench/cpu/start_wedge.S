// A title of one function: the first argument is the rounds.
  .globl _start
_start:
  lis %r3,ROUNDS@h
  ori %r3,%r3,ROUNDS@l
  b bench
  .section .note.GNU-stack,"",@progbits

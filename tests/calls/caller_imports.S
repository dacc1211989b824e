// An import for each row of nt/exports.def that the kernel has a body or a value for, and `caller_exports`: an address
// for each row (a function's thunk, or the slot of a variable), 0 for the rest. And what C cannot say of a call.
#define LIB(label, text) .pushsection .wedge.names, "a"; label: .asciz text; .popsection
LIB(lib_xboxkrnl, "xboxkrnl.exe")
LIB(lib_xam, "xam.xex")
LIB(lib_xbdm, "xbdm.xex")

.macro library_of module
  .ifc \module,xboxkrnl.exe
    .long lib_xboxkrnl
  .endif
  .ifc \module,xam.xex
    .long lib_xam
  .endif
  .ifc \module,xbdm.xex
    .long lib_xbdm
  .endif
.endm
.macro import_F module, ordinal
  .pushsection .wedge.slots, "aw"
  .balign 4
77: .long 0
  .popsection
  .pushsection .text.imports, "ax"
  .balign 16
78: .long 0, 0, 0x7D6903A6, 0x4E800420
  .popsection
  .pushsection .wedge.imports, "a"
  library_of \module
  .long \ordinal, 77b, 78b
  .popsection
  .long 78b
.endm
.macro import_V module, ordinal
  .pushsection .wedge.slots, "aw"
  .balign 4
77: .long 0
  .popsection
  .pushsection .wedge.imports, "a"
  library_of \module
  .long \ordinal, 77b, 0
  .popsection
  .long 77b
.endm
.macro row_NONE kind, module, ordinal
  .long 0
.endm
.macro row_CONSTANT kind, module, ordinal
  import_\kind \module, \ordinal
.endm
.macro row_PARTIAL kind, module, ordinal
  import_\kind \module, \ordinal
.endm
.macro row_IMPLEMENTED kind, module, ordinal
  import_\kind \module, \ordinal
.endm
#define WG_EXPORT(module, ordinal, name, kind, ret, params, status, reference, flags) row_##status kind, module, ordinal

.section .rodata
.globl caller_exports
.balign 4
caller_exports:
#include "../../nt/exports.def"

.machine "power4"
.text
// void invoke(u32 fn, const u64 args[13], u64 *result): arguments as the console passes them, 64 bits each.
.globl invoke
invoke:
  mflr 0
  stw 0, 4(1)
  stwu 1, -0x100(1)
  stw 31, 0xFC(1)
  mr 31, 5
  mtctr 3
  mr 11, 4
  ld 0, 64(11)
  std 0, 0x50(1)
  ld 0, 72(11)
  std 0, 0x58(1)
  ld 0, 80(11)
  std 0, 0x60(1)
  ld 0, 88(11)
  std 0, 0x68(1)
  ld 0, 96(11)
  std 0, 0x70(1)
  ld 3, 0(11)
  lis 4, 0x5354    # CALLER_STACK: the stack pointer of the call itself
  ori 4, 4, 0x414B
  cmplw 3, 4
  bne 1f
  mr 3, 1
1:
  ld 4, 8(11)
  ld 5, 16(11)
  ld 6, 24(11)
  ld 7, 32(11)
  ld 8, 40(11)
  ld 9, 48(11)
  ld 10, 56(11)
  bctrl
  std 3, 0(31)
  lwz 31, 0xFC(1)
  addi 1, 1, 0x100
  lwz 0, 4(1)
  mtlr 0
  blr
// void ticks(u64 *): the time base.
.globl ticks
ticks:
  mftb 4
  std 4, 0(3)
  blr
// Routines that take their script as the second argument, or behind the first or the fourth.
.globl run_second
run_second:
  mr 3, 4
  b run
.globl run_behind
run_behind:
  lwz 3, 0(3)
  b run
.globl run_behind_fourth
run_behind_fourth:
  lwz 3, 0(6)
  b run
.globl run_nothing
run_nothing:
  blr
.section .note.GNU-stack, "", @progbits

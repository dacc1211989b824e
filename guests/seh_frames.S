/* Functions as the console's compiler lays them out: function table entries, scope tables, filters and termination handlers
   that find their frame through r12, shared save routines.

   guarded: __try { r = middle(kind); } __except (filter) { r = code + r30 + low word of f14 }
   middle:  __try { raiser(); } __finally { note(0x200 + abnormal) }
   raiser:  clobbers what it saves, then faults or calls raise_c; raise_c: RtlRaiseException(kind), then note(0x600). */
	.machine "power4"

	.macro entry name, prologue, length, handler
	.section .pdata, "a"
	.long \name, (\handler << 31) | (1 << 30) | (\length << 8) | \prologue
	.text
	.endm

	.macro trail_note
	lis 3, trail@ha
	addi 3, 3, trail@l
	bl note
	.endm

	.text
	.balign 4
save_30:
	std 30, -0x18(1)
	std 31, -0x10(1)
	stw 12, -8(1)
	blr
restore_30:
	ld 30, -0x18(1)
	ld 31, -0x10(1)
	lwz 12, -8(1)
	mtlr 12
	blr

	entry guarded, 5, (guarded_end - guarded) / 4, 1
	.long __C_specific_handler, guarded_scopes
	.globl guarded
guarded:
	mflr 12
	bl save_30
	stfd 14, -0x20(1)
	stwu 1, -0x90(1)
	mr 31, 1
	stw 3, 0x50(31)
	li 30, 0x55
	lis 5, 0x3FF0
	stw 5, 0x60(31)
	li 5, 0x1000
	stw 5, 0x64(31)
	lfd 14, 0x60(31)
guarded_try:
	bl middle
	nop
guarded_after:
	b guarded_out
guarded_except:
	stw 3, 0x58(31)
	li 4, 0x400
	trail_note
	lwz 3, 0x58(31)
	add 3, 3, 30
	stfd 14, 0x60(31)
	lwz 4, 0x64(31)
	add 3, 3, 4
guarded_out:
	addi 1, 31, 0x90
	lfd 14, -0x20(1)
	b restore_30
guarded_end:
	.section .rodata
	.balign 4
guarded_scopes:
	.long 1, guarded_try, guarded_after, guarded_filter, guarded_except
	.text

	/* 1 for kind 1, -1 for 2, 0 for 3; the record's first parameter is the kind then. 1 for faults, but for kind 7. */
	entry guarded_filter, 5, (guarded_filter_end - guarded_filter) / 4, 0
guarded_filter:
	std 31, -0x10(1)
	mflr 0
	stw 0, -8(1)
	addi 31, 12, -0x90
	stwu 1, -0x70(1)
	stw 3, 0x50(1)
	li 4, 0x100
	trail_note
	lwz 3, 0x50(1)
	lwz 5, 0x50(31)
	cmpwi 5, 7
	bne 2f
	lwz 4, 4(3) /* the context: on behind the instruction */
	lwz 6, 8(4)
	addi 6, 6, 4
	stw 6, 8(4)
	li 3, -1
	b 1f
2:	cmpwi 5, 4
	blt 2f
	li 3, 1
	b 1f
2:	lwz 4, 0(3)
	lwz 4, 0x14(4)
	li 3, 0
	cmpw 4, 5
	bne 1f
	cmpwi 4, 3
	beq 1f
	li 3, 1
	cmpwi 4, 2
	bne 1f
	li 3, -1
1:	addi 1, 1, 0x70
	lwz 0, -8(1)
	mtlr 0
	ld 31, -0x10(1)
	blr
guarded_filter_end:

	/* Its frame of 0x80 bytes is made as a large one is. */
	entry middle, 6, (middle_end - middle) / 4, 1
	.long __C_specific_handler, middle_scopes
middle:
	mflr 12
	bl save_30
	lis 11, -1
	ori 11, 11, 0xFF80
	stwux 1, 1, 11
	mr 31, 1
	li 30, 0x1234
middle_try:
	bl raiser
	nop
middle_after:
	mr 30, 3
	li 3, 0
	addi 12, 31, 0x80
	bl middle_finally
	mr 3, 30
	addi 1, 31, 0x80
	b restore_30
middle_end:
	.section .rodata
	.balign 4
middle_scopes:
	.long 1, middle_try, middle_after, middle_finally, 0
	.text

	entry middle_finally, 5, (middle_finally_end - middle_finally) / 4, 0
middle_finally:
	std 31, -0x10(1)
	mflr 0
	stw 0, -8(1)
	addi 31, 12, -0x80
	stwu 1, -0x70(1)
	addi 4, 3, 0x200
	trail_note
	addi 1, 1, 0x70
	lwz 0, -8(1)
	mtlr 0
	ld 31, -0x10(1)
	blr
middle_finally_end:

	entry raiser, 4, (raiser_end - raiser) / 4, 0
raiser:
	mflr 12
	bl save_30
	stfd 14, -0x20(1)
	stwu 1, -0x70(1)
	li 30, 0x99
	mr 31, 30
	lwz 3, 0(1)  /* middle's frame */
	lwz 3, 0(3)  /* guarded's */
	lwz 3, 0x50(3)
	li 0, 0x7FF
	stw 0, 0x34(1)
	lfd 14, 0x30(1)
	cmpwi 3, 4
	bge 1f
	bl raise_c
	b 3f
1:	li 9, 0
	cmpwi 3, 5
	beq 4f
	cmpwi 3, 6
	beq 5f
	cmpwi 3, 8
	beq 6f
	lwz 0, 0x10(9) /* 4 and 7: a load from nowhere */
	b 2f
4:	twi 6, 9, 0 /* what comes before a division by r9 */
	b 2f
6:	lis 9, raises@ha /* a call that raises */
	addi 9, 9, raises@l
	lwz 0, 0(9)
	lwz 3, 4(9)
	mtctr 0
	li 4, 0
	li 5, 1
	li 6, 0
	bctrl
	b 2f
5:	.long 0 /* no instruction */
2:	li 3, 0x777
3:	addi 1, 1, 0x70
	lfd 14, -0x20(1)
	b restore_30
raiser_end:
	.section .data
	.balign 4
	.globl raises /* that call, and its first argument */
raises:
	.long 0, 0
	.text

	entry raise_c, 3, (raise_c_end - raise_c) / 4, 0
raise_c:
	mflr 0
	stw 0, -8(1)
	stwu 1, -0x100(1)
	addi 4, 1, 0x60
	oris 5, 3, 0xE000
	stw 5, 0(4)
	li 5, 1
	cmpwi 3, 2
	bne 1f
	li 5, 0
1:	stw 5, 4(4)
	li 5, 0
	stw 5, 8(4)
	li 5, 1
	stw 5, 16(4)
	stw 3, 20(4)
	mr 3, 4
	bl RtlRaiseException
	li 4, 0x600
	trail_note
	li 3, 0x777
	addi 1, 1, 0x100
	lwz 0, -8(1)
	mtlr 0
	blr
raise_c_end:
	/* Its saved return address is its own: a stack without end. */
	entry endless, 2, (endless_end - endless) / 4, 0
	.globl endless
endless:
	mflr 12
	stw 12, -8(1)
	lis 8, endless_pc@ha
	addi 8, 8, endless_pc@l
	stw 8, -8(1)
	mr 31, 12
	bl RtlCaptureStackBackTrace
endless_pc:
	mtlr 31
	blr
endless_end:
	.section .note.GNU-stack, "", @progbits

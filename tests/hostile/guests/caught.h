// Calls within a frame whose handler the guest decides for.
#ifndef WG_HOSTILE_CAUGHT_H
#define WG_HOSTILE_CAUGHT_H

#include "hostile.h"

u32 caught_call(u32 fn, const u64 *args);
u32 caught_says(u32 *record, u32 frame, u32 *context, u32 *unwind);
extern const char caught_here[];

// caught_call(fn, 13 arguments); what it raises is taken by caught_handler, which unwinds to where caught_says, as a
// rule to caught_here. Faults are functions without a frame.
__asm__(
    ".machine \"power4\"\n.section .pdata,\"a\"\n.long caught_call, (1 << 31) | (1 << 30) | ((caught_end - "
    "caught_call) / 4) << 8 | 3\n"
    ".text\n.balign 4\n.long caught_handler, 0\n.globl caught_call\ncaught_call:\nmflr 12\nstw 12,-8(1)\nstwu "
    "1,-0x100(1)\n"
    "mtctr 3\nmr 12,4\nld 3,64(12)\nstd 3,0x50(1)\nld 3,72(12)\nstd 3,0x58(1)\nld 3,80(12)\nstd 3,0x60(1)\nld "
    "3,88(12)\n"
    "std 3,0x68(1)\nld 3,96(12)\nstd 3,0x70(1)\nld 3,0(12)\nld 4,8(12)\nld 5,16(12)\nld 6,24(12)\nld 7,32(12)\n"
    "ld 8,40(12)\nld 9,48(12)\nld 10,56(12)\nbctrl\ncaught_out:\naddi 1,1,0x100\nlwz 12,-8(1)\nmtlr 12\nblr\n"
    ".globl caught_here\ncaught_here:\naddi 1,12,-0x100\nb caught_out\ncaught_end:\n"
    ".section .pdata,\"a\"\n.long caught_handler, (1 << 30) | ((caught_handler_end - caught_handler) / 4) << 8 | "
    "3\n.text\n"
    "caught_handler:\nmflr 12\nstw 12,-8(1)\nstwu 1,-0x80(1)\naddi 6,1,0x40\nbl caught_says\ncmpwi 3,0\nbne 1f\nlwz "
    "3,0x40(1)\n"
    "lwz 4,0x44(1)\nlwz 5,0x48(1)\nlwz 6,0x4C(1)\nbl RtlUnwind\n1: addi 1,1,0x80\nlwz 12,-8(1)\nmtlr "
    "12\nblr\ncaught_handler_end:\n"
    ".globl load_fault\nload_fault:\nlwz 3,0(3)\nblr\n.globl trap_fault\ntrap_fault:\ntwi 31,0,0\nblr\n"
    ".globl word_fault\nword_fault:\n.long 0\nblr\n");
void load_fault(void);
void trap_fault(void);
void word_fault(void);

#endif

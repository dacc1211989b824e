// Where keep.S finds what it needs; compiled.c asserts each.
#ifndef WG_EMU_KEEP_H
#define WG_EMU_KEEP_H

#define WG_KEEP_K 0xac0        // of struct wg_cpu
#define WG_KEEP_BEFORE 0xac8   //
#define WG_KEEP_BRANCHES 0x148 //
#define WG_KEEP_NTARGETS 0x8c  // of struct wg_branches
#define WG_KEEP_NWORDS 0x90    //
#define WG_KEEP_WORDS 0xd0     //
#define WG_KEEP_MOST_WORDS 253 // a packet with fewer has room for two more and does not end with them
#define WG_KEEP_MOST_TARGETS 512

#endif

// The state of a context, of its branch recorder, and which pages of code have been decoded: that a page is met for the
// first time takes virtual time. The decoded instructions follow from memory.
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/branch.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/fpu.h"
#include "emu/cpu/ops.h"
#include "emu/state/archive.h"

void wg_cpu_state(struct wg_archive *a, struct wg_cpu *c) {
  for (unsigned i = 0; i < 32; i++) wg_ar_u64(a, &c->gpr[i]);
  wg_ar_u64(a, &c->lr);
  wg_ar_u64(a, &c->ctr);
  uint8_t fields[8];
  for (unsigned i = 0; i < 8; i++) fields[i] = (uint8_t)wg_crf(c, i);
  wg_ar_bytes(a, fields, sizeof fields);
  for (unsigned i = 0; i < 8; i++) set_crf(c, i, fields[i]);
  wg_ar_u8(a, &c->so);
  wg_ar_u8(a, &c->ov);
  wg_ar_u8(a, &c->ca);
  wg_ar_u8(a, &c->xer_count);
  wg_ar_u32(a, &c->pc);
  // How the unit keeps it meanwhile is its own: as the guest would read it.
  c->fp_mode |= WG_FP_IDLE; // the host's flags are nobody's between runs
  uint32_t fpscr = wg_cpu_fpscr(c), before = fpscr;
  wg_ar_u32(a, &fpscr);
  if (wg_ar_loading(a) || fpscr != before) wg_cpu_set_fpscr(c, fpscr);
  wg_ar_u32(a, &c->vscr);
  wg_ar_u32(a, &c->vrsave);
  for (unsigned i = 0; i < 32; i++) wg_ar_u64(a, &c->fpr[i]);
  for (unsigned i = 0; i < 128; i++)
    for (unsigned j = 0; j < 4; j++) wg_ar_u32(a, &c->vr[i].w[j]);
  wg_ar_u64(a, &c->msr);
  wg_ar_bool(a, &c->reserved);
  wg_ar_u32(a, &c->reserve_addr);
  wg_ar_u64(a, &c->cycle);
}

void wg_branches_state(struct wg_archive *a, struct wg_branches *b) {
  wg_ar_u64(a, &b->trail);
  for (unsigned i = 0; i < WG_BRANCH_CALLS; i++) wg_ar_u32(a, &b->calls[i]);
  wg_ar_u32(a, &b->top);
  b->ntargets = wg_ar_index(a, b->ntargets, WG_BRANCH_TARGETS + 8);
  b->nwords = wg_ar_index(a, b->nwords, WG_BRANCH_WORDS + 4);
  if (a->failed) b->ntargets = b->nwords = 0;
  for (unsigned i = 0; i < b->ntargets; i++) wg_ar_u32(a, &b->targets[i]);
  for (unsigned i = 0; i < b->nwords; i++) wg_ar_u64(a, &b->words[i]);
  wg_ar_u32(a, &b->pc);
  wg_ar_u64(a, &b->cycle);
  wg_ar_u64(a, &b->idx);
  wg_ar_u32(a, &b->resume);
  wg_ar_u8(a, &b->after_syscall);
  wg_ar_u8(a, &b->open);
}

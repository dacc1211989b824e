#include "emu/cpu/harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

int wg_harness_create(struct wg_harness **out, struct wg_err *err) {
  struct wg_harness *h = wg_xcalloc(1, sizeof *h);
  int code = wg_mem_create(&h->mem, err);
  if (code != WG_OK) {
    free(h);
    return code;
  }
  h->code = wg_code_create(h->mem);
  wg_harness_reset(h);
  *out = h;
  return WG_OK;
}

void wg_harness_free(struct wg_harness *h) {
  if (h == NULL) return;
  free(h->ranges);
  wg_cpu_release(&h->cpu);
  wg_code_free(h->code);
  wg_mem_free(h->mem);
  free(h);
}

void wg_harness_reset(struct wg_harness *h) {
  for (size_t i = 0; i < h->nranges; i++) wg_mem_decommit(h->mem, h->ranges[i].addr, h->ranges[i].size);
  h->nranges = 0;
  wg_cpu_release(&h->cpu);
  wg_cpu_init(&h->cpu, h->mem, h->code);
  h->cpu.gpr[1] = WG_HARNESS_STACK - 0x200;
  h->cpu.lr = WG_HARNESS_LR;
  wg_harness_map(h, WG_HARNESS_STACK - WG_HARNESS_STACK_SIZE, NULL, WG_HARNESS_STACK_SIZE);
}

bool wg_harness_map(struct wg_harness *h, uint32_t addr, const void *data, uint32_t n) {
  if ((uint64_t)addr + n > 0x100000000ull) return false;
  if (n == 0) return true;
  wg_mem_commit(h->mem, addr, n, WG_PROT_READWRITE);
  WG_VEC_NEXT(h->ranges, h->nranges);
  h->ranges[h->nranges++] = (struct wg_harness_range){addr, n};
  if (data) memcpy(h->mem->base + addr, data, n);
  return true;
}

const char *wg_harness_run(struct wg_harness *h, uint32_t pc, uint64_t limit, struct wg_buf *detail) {
  struct wg_cpu *c = &h->cpu;
  c->pc = pc;
  enum wg_stop stop = wg_cpu_run(c, c->cycle + limit);
  if (stop == WG_STOP_FETCH && c->pc == WG_HARNESS_LR) return NULL;
  static const char *const reasons[] = {"did not return within the instruction limit",
                                        "system call",
                                        "load from unmapped memory",
                                        "store to unmapped memory",
                                        "jump to unmapped memory",
                                        "undefined instruction",
                                        "instruction not implemented",
                                        "trap",
                                        "misaligned access",
                                        "stopped",
                                        "stopped at an access",
                                        "stopped at a break"};
  uint64_t word = 0;
  char text[96] = "";
  if (wg_mem_r32(h->mem, c->pc, &word)) wg_disasm((uint32_t)word, c->pc, text, sizeof text);
  wg_buf_printf(detail, "%s at pc 0x%08x (%08x %s)", reasons[stop], c->pc, (uint32_t)word, text);
  if (stop == WG_STOP_LOAD || stop == WG_STOP_STORE || stop == WG_STOP_ALIGNMENT)
    wg_buf_printf(detail, ", address 0x%08x", c->fault_addr);
  return detail->data;
}

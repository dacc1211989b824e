// What each page of guest memory is, and what is in it.
#include <string.h>

#include "emu/kernel/kernel.h"
#include "emu/look/look.h"

// What the title may do with a page: whoever listens to it (emu/mem/watch.h) does not make it another one.
static unsigned rights(uint8_t flags) {
  unsigned r = flags & (WG_PAGE_R | WG_PAGE_R_SLOW) ? WG_PAGE_R : 0u;
  unsigned w = flags & (WG_PAGE_W | WG_PAGE_W_SLOW) ? WG_PAGE_W : 0u;
  return r | w | (flags & (WG_PAGE_IO | WG_PAGE_CODE));
}

static bool same(const struct wg_mem *m, uint32_t a, uint32_t b) {
  bool flags = m->flags[a] == m->flags[b] || rights(m->flags[a]) == rights(m->flags[b]);
  return flags && m->committed[a] == m->committed[b] && m->protect[a] == m->protect[b] &&
         m->region_at[a] == m->region_at[b];
}

static const struct wg_thread *stack_of(const struct wg_machine *m, uint32_t addr) {
  for (size_t i = 0; i < m->threads.n; i++) {
    const struct wg_thread *t = m->threads.list[i];
    if (t->run.state != WG_T_EXITED && addr >= t->stack_limit && addr < t->stack_base) return t;
  }
  return NULL;
}

static enum wg_area_kind kind_of(const struct wg_machine *m, uint32_t page, struct wg_area *a) {
  const struct wg_mem *mem = m->mem;
  const struct wg_region *r = wg_mem_region(mem, page << 12);
  uint32_t phys = wg_mem_to_phys(page << 12);
  if (mem->flags[page] & WG_PAGE_IO) return WG_AREA_DEVICE;
  if (!mem->committed[page]) {
    if (page >> 12 == 0x7F && (rights(mem->flags[page]) & WG_PAGE_R)) return WG_AREA_WINDOW;
    return r ? WG_AREA_RESERVED : WG_AREA_NOTHING;
  }
  if (r == NULL) {
    a->physical = phys;
    return phys == UINT32_MAX ? WG_AREA_KERNEL : WG_AREA_PHYSICAL;
  }
  switch (r->owner) {
  case WG_MEM_IMAGE: a->module = wg_module_containing(m, page << 12); return WG_AREA_IMAGE;
  case WG_MEM_STACK: a->thread = stack_of(m, page << 12); return WG_AREA_STACK;
  case WG_MEM_TITLE: return WG_AREA_TITLE;
  case WG_MEM_KERNEL_STACK:
  case WG_MEM_KERNEL:
  case WG_MEM_OWNERS: break;
  }
  return WG_AREA_KERNEL;
}

void wg_look_area(const struct wg_machine *m, uint32_t addr, struct wg_area *out) {
  const struct wg_mem *mem = m->mem;
  uint32_t page = addr >> 12, first = page, end = page + 1;
  while (first > 0 && same(mem, first - 1, page)) first--;
  while (end < WG_MEM_PAGES && same(mem, end, page)) end++;
  unsigned f = rights(mem->flags[page]);
  *out = (struct wg_area){.base = first << 12, .size = (uint64_t)(end - first) << 12};
  out->kind = kind_of(m, page, out);
  if (out->kind == WG_AREA_PHYSICAL) out->physical = wg_mem_to_phys(out->base);
  out->read = f & WG_PAGE_R;
  out->write = f & WG_PAGE_W;
  out->code = f & WG_PAGE_CODE;
}

void wg_look_put_area(const struct wg_area *a, struct wg_buf *out) {
  static const char *const words[] = {
      [WG_AREA_NOTHING] = "nothing",
      [WG_AREA_RESERVED] = "reserved, not committed",
      [WG_AREA_DEVICE] = "a device's registers",
      [WG_AREA_IMAGE] = "image",
      [WG_AREA_STACK] = "stack",
      [WG_AREA_KERNEL] = "the kernel's",
      [WG_AREA_TITLE] = "allocated by the title",
      [WG_AREA_PHYSICAL] = "physical memory",
      [WG_AREA_WINDOW] = "the GPU's write-back window",
  };
  wg_buf_str(out, words[a->kind]);
  if (a->kind == WG_AREA_IMAGE && a->module) wg_buf_printf(out, " of %s", a->module->name);
  if (a->kind == WG_AREA_STACK && a->thread) wg_buf_printf(out, " of thread %u", a->thread->tid);
  if (a->kind == WG_AREA_PHYSICAL) wg_buf_printf(out, " from 0x%x on", a->physical);
}

int wg_look_read(const struct wg_machine *m, uint32_t addr, void *out, uint32_t n, struct wg_err *err) {
  struct wg_area a;
  uint8_t *to = out;
  if ((uint64_t)addr + n > 1ull << 32)
    return wg_fail(err, WG_INPUT, "0x%08x: %u bytes from there on go beyond the address space", addr, n);
  for (uint64_t at = addr, end = (uint64_t)addr + n; at < end;) {
    enum wg_area_kind kind = kind_of(m, (uint32_t)at / WG_PAGE, &a); // how far it goes on does not matter
    if (kind == WG_AREA_NOTHING || kind == WG_AREA_RESERVED || kind == WG_AREA_DEVICE) {
      struct wg_buf what = {0};
      wg_look_area(m, (uint32_t)at, &a);
      wg_look_put_area(&a, &what);
      wg_fail(err, WG_INPUT, "0x%08x cannot be read: %s there%s", (uint32_t)at, what.data,
              kind == WG_AREA_DEVICE ? ", which notice when they are read" : "");
      wg_buf_release(&what);
      return WG_INPUT;
    }
    uint64_t until = (at | (WG_PAGE - 1)) + 1 < end ? (at | (WG_PAGE - 1)) + 1 : end;
    memcpy(to, m->mem->base + at, until - at);
    to += until - at;
    at = until;
  }
  return WG_OK;
}

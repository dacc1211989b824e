#define _GNU_SOURCE // mremap
#include "emu/mem/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "base/buf.h"
#include "emu/mem/flags.h"
#include "emu/mem/touched.h"

#define SPACE (1ull << 32)
#define AT_ONCE 64u // pages that are shown together, of those beside each other that allow the same

static bool protect(struct wg_mem *m, uint32_t page, uint32_t n, uint8_t rights) {
  int to = rights & WG_PAGE_W ? PROT_READ | PROT_WRITE : rights & WG_PAGE_R ? PROT_READ : PROT_NONE;
  return mprotect(m->view + ((size_t)page << 12), (size_t)n << 12, to) == 0;
}

void wg_mem_view_clear(struct wg_mem *m) {
  if (m->view == NULL) return;
  bool ok = mprotect(m->view, SPACE, PROT_NONE) == 0; // which splits no mapping of the host's, but joins them
  WG_ASSERT(ok, "what is mapped can be taken away");
  memset(m->shown, 0, WG_MEM_PAGES);
}

void wg_mem_view_take(struct wg_mem *m, uint32_t page, uint8_t left) {
  if (protect(m, page, 1, left))
    m->shown[page] = left;
  else
    wg_mem_view_clear(m); // it has too many pieces
}

void wg_mem_view_free(struct wg_mem *m) {
  if (m->view) munmap(m->view, SPACE + WG_VIEW_BEHIND);
  free(m->shown);
  m->view = m->shown = NULL;
}

int wg_mem_view_open(struct wg_mem *m, struct wg_err *err) {
  if (m->view) return WG_OK;
  uint8_t *p = mmap(NULL, SPACE + WG_VIEW_BEHIND, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return wg_fail(err, WG_INTERNAL, "cannot reserve 4 GiB of address space for compiled code");
  m->view = p;
  m->shown = wg_xcalloc(WG_MEM_PAGES, 1);
  for (size_t i = 0; i < m->nmapped; i++) {
    const struct wg_mem_mapped *k = &m->mapped[i];
    // Of nothing of a shared mapping: one more of the same memory (mremap(2)).
    void *at = mremap(m->base + k->addr, 0, k->size, MREMAP_MAYMOVE | MREMAP_FIXED, p + k->addr);
    if (at != MAP_FAILED) continue;
    int why = errno;
    wg_mem_view_free(m);
    return wg_fail(err, WG_INTERNAL, "cannot map guest memory for compiled code: %s", strerror(why));
  }
  wg_mem_view_clear(m);
  return WG_OK;
}

// What may be shown of a page: the host has none that can be written but not read.
static uint8_t rights(const struct wg_mem *m, uint32_t page) {
  uint8_t f = m->flags[page];
  return f & WG_PAGE_R ? f & (WG_PAGE_R | WG_PAGE_W) : 0;
}

bool wg_mem_view_refused(struct wg_mem *m, uint32_t addr, bool write) {
  uint32_t page = addr >> 12, first = page, end = page + 1, low = page / AT_ONCE * AT_ONCE;
  if (m->touched) return false;
  uint8_t right = rights(m, page);
  if (!(right & (write ? WG_PAGE_W : WG_PAGE_R))) return false;
  while (first > low && rights(m, first - 1) == right) first--;
  while (end < low + AT_ONCE && rights(m, end) == right) end++;
  if (!protect(m, first, end - first, right)) return false; // it has too many pieces: the interpreter can do it
  memset(m->shown + first, right, end - first);
  return true;
}

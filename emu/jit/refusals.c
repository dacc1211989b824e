#include "emu/jit/refusals.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"

void wg_refusals_add(struct wg_refusals *r, const uint8_t *code, const struct wg_jit_blob *blob, uint32_t page) {
  if (blob->nrefusals == 0) return;
  const void *list = code + blob->refusals;
  WG_VEC_NEXT(r->of, r->n);
  r->of[r->n++] = (struct wg_refusals_of){.code = code,
                                          .size = blob->size,
                                          .page = page,
                                          .list = list,
                                          .n = blob->nrefusals,
                                          .times = wg_xcalloc(blob->nrefusals, 1)};
}

static struct wg_refusals_of *code_at(const struct wg_refusals *r, uintptr_t at) {
  size_t low = 0, high = r->n;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if ((uintptr_t)r->of[mid].code + r->of[mid].size <= at)
      low = mid + 1;
    else
      high = mid;
  }
  return low < r->n && (uintptr_t)r->of[low].code <= at ? &r->of[low] : NULL;
}

static void count(struct wg_refusals *r, struct wg_refusals_of *of, size_t i) {
  if (of->times[i] == WG_REFUSED_OFTEN || r->noften == WG_REFUSED_QUEUE || ++of->times[i] < WG_REFUSED_OFTEN) return;
  r->often[r->noften++] = of->page << 12 | of->list[i].place << 2;
}

uintptr_t wg_refusals_find(struct wg_refusals *r, uintptr_t at) {
  struct wg_refusals_of *of = code_at(r, at);
  if (of == NULL) return 0;
  size_t low = 0, high = of->n, from = at - (uintptr_t)of->code;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (of->list[mid].at < from)
      low = mid + 1;
    else
      high = mid;
  }
  if (low == of->n || of->list[low].at != from) return 0;
  count(r, of, low);
  return (uintptr_t)of->code + of->list[low].to;
}

void wg_refusals_clear(struct wg_refusals *r) {
  for (size_t i = 0; i < r->n; i++) free(r->of[i].times);
  free(r->of);
  *r = (struct wg_refusals){0};
}

// Modules as an archive tells of them: their images, what they need, and what is still to start or to go.
#include <stdlib.h>

#include "base/vec.h"
#include "emu/kernel/kernel.h"
#include "emu/kernel/resumes.h"
#include "emu/kernel/state.h"

static struct wg_module **at_place(const struct wg_modules *all, size_t i) {
  return i < all->n ? &all->list[i] : &all->gone[i - all->n];
}

static void ar_module(struct wg_archive *a, struct wg_machine *m, struct wg_module **x) {
  const struct wg_modules *all = &m->modules;
  uint32_t i = WG_AR_NONE;
  for (size_t j = 0; j < all->n + all->ngone && *x; j++)
    if (*at_place(all, j) == *x) i = (uint32_t)j;
  i = wg_ar_index(a, i, all->n + all->ngone);
  if (wg_ar_loading(a)) *x = i == WG_AR_NONE ? NULL : *at_place(all, i);
}

static void image(struct wg_archive *a, struct wg_image *img) {
  wg_ar_bool(a, &img->xex);
  uint32_t *const words[] = {&img->base,        &img->entry,        &img->pdata,      &img->pdata_size,
                             &img->stack_size,  &img->tls_slots,    &img->tls_data,   &img->tls_size,
                             &img->tls_raw,     &img->system_flags, &img->title_id,   &img->module_flags,
                             &img->image_flags, &img->encryption,   &img->compression};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) wg_ar_u32(a, words[i]);
  img->size = wg_ar_kind(a, img->size, 1u << 30);
  if (wg_ar_loading(a)) img->data = wg_xcalloc(1, (size_t)img->size + 1);
  uint32_t whole = img->size & ~(WG_PAGE_BYTES - 1);
  wg_ar_pages(a, img->data, whole);
  wg_ar_bytes(a, img->data + whole, img->size - whole);
  wg_ar_buf(a, &img->header);
  img->nsegments = wg_ar_count(a, img->nsegments, SIZE_MAX);
  if (wg_ar_loading(a)) img->segments = wg_xcalloc(img->nsegments + 1, sizeof *img->segments);
  for (size_t i = 0; i < img->nsegments; i++) {
    wg_ar_u32(a, &img->segments[i].addr);
    wg_ar_u32(a, &img->segments[i].size);
    wg_ar_u32(a, &img->segments[i].type);
  }
  img->nimports = wg_ar_count(a, img->nimports, SIZE_MAX);
  if (wg_ar_loading(a)) img->imports = wg_xcalloc(img->nimports + 1, sizeof *img->imports);
  for (size_t i = 0; i < img->nimports; i++) {
    struct wg_import *im = &img->imports[i];
    wg_ar_bytes(a, im->library, sizeof im->library);
    wg_ar_u16(a, &im->ordinal);
    wg_ar_bool(a, &im->function);
    wg_ar_u32(a, &im->slot);
    wg_ar_u32(a, &im->thunk);
  }
  img->nsymbols = wg_ar_count(a, img->nsymbols, SIZE_MAX);
  if (wg_ar_loading(a)) img->symbols = wg_xcalloc(img->nsymbols + 1, sizeof *img->symbols);
  for (size_t i = 0; i < img->nsymbols; i++) {
    wg_ar_u16(a, &img->symbols[i].ordinal);
    wg_ar_u32(a, &img->symbols[i].addr);
    wg_ar_u32(a, &img->symbols[i].name);
  }
  wg_ar_bytes(a, img->pe_name, sizeof img->pe_name);
}

static void module(struct wg_archive *a, struct wg_machine *m, struct wg_module *x) {
  enum { NOTHING, TITLE, OWN };
  uint32_t from = wg_ar_kind(a, x->image == NULL ? NOTHING : x->image == &x->own ? OWN : TITLE, OWN + 1);
  if (wg_ar_loading(a)) x->image = from == NOTHING ? NULL : from == TITLE ? &m->image : &x->own;
  if (from == OWN) image(a, &x->own);
  wg_ar_string(a, &x->name);
  wg_ar_string(a, &x->path);
  if (x->name == NULL) x->name = wg_xstrdup("");
  if (x->path == NULL) x->path = wg_xstrdup("");
  uint32_t *const words[] = {&x->ldr, &x->header, &x->names[0], &x->names[1], &x->loads, &x->uses, &x->pins};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) wg_ar_u32(a, words[i]);
  x->ndeps = wg_ar_count(a, x->ndeps, SIZE_MAX);
  if (wg_ar_loading(a)) {
    WG_VEC_SET(x->deps, x->ndeps);
    for (size_t i = 0; i < x->ndeps; i++) x->deps[i] = NULL;
  }
  for (size_t i = 0; i < x->ndeps; i++) {
    ar_module(a, m, &x->deps[i]);
    if (x->deps[i] == NULL) {
      wg_ar_fail(a, "%s needs a library that is not there", x->name);
      x->ndeps = i;
    }
  }
  bool *const flags[] = {&x->placed, &x->started, &x->leaving};
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) wg_ar_bool(a, flags[i]);
}

void wg_modules_state(struct wg_archive *a, struct wg_machine *m) {
  struct wg_modules *all = &m->modules;
  wg_ar_part(a, "modules");
  size_t n = wg_ar_count(a, all->n, WG_MAX_MODULES + 8), gone = wg_ar_count(a, all->ngone, 1u << 20);
  if (wg_ar_loading(a)) {
    wg_modules_release(all);
    WG_VEC_SET(all->list, n);
    WG_VEC_SET(all->gone, gone);
    all->n = n;
    all->ngone = gone;
    for (size_t i = 0; i < n + gone; i++) {
      *at_place(all, i) = wg_xcalloc(1, sizeof(struct wg_module));
      (*at_place(all, i))->gone = i >= n;
    }
  }
  for (size_t i = 0; i < n + gone; i++) module(a, m, *at_place(all, i));
  wg_ar_u32(a, &all->linking);
  wg_ar_u32(a, &all->xex_header);
  wg_ar_u32(a, &all->ldr_entry);
}

struct wg_resume *wg_starts_state(struct wg_archive *a, struct wg_machine *m, struct wg_ctx *ctx, struct wg_resume *r) {
  struct wg_starts *s = (struct wg_starts *)(void *)r;
  size_t n = wg_ar_count(a, s ? s->n : 0, SIZE_MAX);
  (void)ctx;
  if (wg_ar_loading(a)) {
    s = wg_xcalloc(1, sizeof *s + (n + 1) * sizeof(struct wg_module *));
    s->n = n;
  }
  ar_module(a, m, &s->of);
  for (size_t i = 0; i < n; i++) ar_module(a, m, &s->modules[i]);
  // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a frame of that kind has one
  s->next = wg_ar_index(a, (uint32_t)s->next, n + 1);
  bool whole = s->of != NULL && s->next <= n;
  for (size_t i = 0; i < n; i++) whole = whole && s->modules[i];
  if (whole) return &s->resume;
  wg_ar_fail(a, "libraries that start and are not there");
  free(s);
  return NULL;
}

struct wg_resume *wg_leaving_state(struct wg_archive *a, struct wg_machine *m, struct wg_ctx *ctx,
                                   struct wg_resume *r) {
  struct wg_leaving *l = wg_ar_loading(a) ? wg_xcalloc(1, sizeof *l) : (struct wg_leaving *)(void *)r;
  (void)ctx;
  ar_module(a, m, &l->x);
  if (l->x) return &l->resume;
  wg_ar_fail(a, "a library that leaves and is not there");
  free(l);
  return NULL;
}

// Are the two sides runs of one title? What a trace tells of the modules that it loads, beside its calls.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "diff/words.h"

// A file's name without its folder.
static const char *base_name(const char *path) {
  for (const char *p = path; *p; p++)
    if (*p == '\\' || *p == '/' || *p == ':') path = p + 1;
  return path;
}

// How many modules before the `n`-th go by its name.
static size_t named_before(const struct wg_side *s, size_t n, const char *name) {
  size_t k = 0;
  for (size_t i = 0; i < n; i++) k += strcasecmp(base_name(wg_str(s, s->modules[i].name)), name) == 0;
  return k;
}

// Module `n` of side a, among side b's: a name that is loaded again is its second, there as here.
static const struct wg_dmodule *same_load(const struct wg_side *a, size_t n, const struct wg_side *b) {
  const char *name = base_name(wg_str(a, a->modules[n].name));
  size_t nth = named_before(a, n, name);
  for (size_t i = 0; i < b->nmodules; i++)
    if (strcasecmp(base_name(wg_str(b, b->modules[i].name)), name) == 0 && nth-- == 0) return &b->modules[i];
  return NULL;
}

static void put_fact(struct wg_buf *out, const char *name, const char *what, const char *a, const char *b) {
  wg_put_text(out, name, 64);
  wg_buf_printf(out, " has %s ", what);
  wg_put_text(out, a, 64);
  wg_buf_str(out, " here and ");
  wg_put_text(out, b, 64);
  wg_buf_str(out, " in the reference");
}

static bool put_number(struct wg_buf *out, const char *name, const char *what, uint32_t a, uint32_t b) {
  char x[16], y[16];
  if (a == 0 || b == 0 || a == b) return false;
  snprintf(x, sizeof x, "0x%08x", a);
  snprintf(y, sizeof y, "0x%08x", b);
  put_fact(out, name, what, x, y);
  return true;
}

// A digest that both know is all that counts; without it, where the module lies and starts.
static bool module_differs(const struct wg_pairing *p, const struct wg_dmodule *a, const struct wg_dmodule *b,
                           struct wg_buf *out) {
  const char *x = wg_str(p->s[0], a->sha256), *y = wg_str(p->s[1], b->sha256);
  const char *name = base_name(wg_str(p->s[0], a->name));
  if (*x && *y) {
    if (strcasecmp(x, y) == 0) return false;
    put_fact(out, name, "the SHA-256", x, y);
    return true;
  }
  return put_number(out, name, "its entry at", a->entry, b->entry) ||
         put_number(out, name, "the size", a->size, b->size) || put_number(out, name, "its base at", a->base, b->base);
}

bool wg_titles_differ(const struct wg_pairing *p, struct wg_buf *out) {
  const struct wg_side *a = p->s[0], *b = p->s[1];
  // The title itself comes first, and may have been renamed.
  if (a->nmodules && b->nmodules && module_differs(p, &a->modules[0], &b->modules[0], out)) return true;
  for (size_t i = 1; i < a->nmodules; i++) {
    const struct wg_dmodule *m = same_load(a, i, b);
    if (m && module_differs(p, &a->modules[i], m, out)) return true;
  }
  if ((a->nmodules && b->nmodules) || a->title == 0 || b->title == 0) return false;
  const char *x = wg_str(a, a->title), *y = wg_str(b, b->title);
  if (strcasecmp(base_name(x), base_name(y)) == 0) return false;
  put_fact(out, "the title", "the name", x, y);
  return true;
}

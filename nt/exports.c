// The table of exports and its index by name, which nt/index.c makes at build time from the same rows.
#include "nt/exports.h"

#include <string.h>

#include "nt/hash.h"

enum { WG_NT_KIND_F = 'F', WG_NT_KIND_V = 'V' };
static const struct wg_nt_export rows[] = {
#define WG_EXPORT(module, ordinal, name, kind, ret, params, status, reference, flags)                                  \
  {module, #name, ordinal, WG_NT_KIND_##kind, params, ret, flags, WG_NT_##status, WG_NT_REF_##reference},
#include "nt/exports.def"
};
#define NROWS (sizeof rows / sizeof *rows)

// Open addressing; an entry is a row's number plus one, 0 is free.
static const uint16_t slots[] = {
#define WG_NT_SLOTS
#include "nt/index.inc"
#undef WG_NT_SLOTS
};
#define NSLOTS (sizeof slots / sizeof *slots)

// Rows first to end - 1, by ascending ordinals.
static const struct {
  const char *name;
  uint16_t first, end;
} modules[] = {
#include "nt/index.inc"
};

const struct wg_nt_export *wg_nt_find(const char *name, size_t n) {
  for (uint32_t at = wg_nt_hash(name, n) % NSLOTS; slots[at]; at = (at + 1) % NSLOTS) {
    const struct wg_nt_export *x = &rows[slots[at] - 1];
    if (strncmp(x->name, name, n) == 0 && x->name[n] == 0) return x;
  }
  return NULL;
}

const struct wg_nt_export *wg_nt_at(const char *module, uint16_t ordinal) {
  size_t m = 0;
  while (m < sizeof modules / sizeof *modules && strcmp(modules[m].name, module) != 0) m++;
  if (m == sizeof modules / sizeof *modules) return NULL;
  size_t lo = modules[m].first, hi = modules[m].end;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (rows[mid].ordinal < ordinal)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < modules[m].end && rows[lo].ordinal == ordinal ? &rows[lo] : NULL;
}

const struct wg_nt_export *wg_nt_row(size_t i) { return i < NROWS ? &rows[i] : NULL; }

bool wg_nt_acts_at_once(const struct wg_nt_export *x) {
  bool acts = x->flags & (WG_NT_SIGNALS | WG_NT_RESETS | WG_NT_UNLOCK) && !(x->flags & WG_NT_WAITS);
  bool has_body = x->status == WG_NT_IMPLEMENTED || x->status == WG_NT_PARTIAL;
  return acts && has_body && strcmp(x->name, "ExTerminateThread") != 0 && strcmp(x->name, "ExitThread") != 0;
}

size_t wg_nt_index(const struct wg_nt_export *x) { return (size_t)(x - rows); }

size_t wg_nt_nparams(const struct wg_nt_export *x) { return x->params[0] == '?' ? 0 : strlen(x->params); }

const char *wg_nt_status_word(enum wg_nt_status s) {
  static const char *const words[] = {"none", "constant", "partial", "implemented"};
  return words[s];
}

const char *wg_nt_reference_word(enum wg_nt_reference r) {
  static const char *const words[] = {"none", "stub", "sketchy", "implemented"};
  return words[r];
}

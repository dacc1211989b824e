#include "trace/importers.h"

#include <string.h>

#define LOOK_AT 256 // lines, where the first ones say nothing

static const struct wg_importer *const all[] = {
#define WG_IMPORTER(id) &wg_import_##id,
#include "trace/importers.def"
};

static bool further_lines(const struct wg_importer *by, const char *head, size_t n, const struct wg_mapping *m) {
  const char *p = head, *end = head + n, *newline;
  for (int lines = 0; lines < LOOK_AT && (newline = memchr(p, '\n', (size_t)(end - p))) != NULL; lines++) {
    if (by->speaks(p, (size_t)(newline - p), m)) return true;
    p = newline + 1;
  }
  return false;
}

const struct wg_importer *wg_importer_for(const char *head, size_t n, const struct wg_mapping *m) {
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i]->probe(head, n, m)) return all[i];
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i]->speaks && further_lines(all[i], head, n, m)) return all[i];
  return NULL;
}

#include "trace/importers.h"

const struct wg_importer *wg_importer_for(const char *head, size_t n, const struct wg_mapping *m) {
  static const struct wg_importer *const all[] = {
#define WG_IMPORTER(id) &wg_import_##id,
#include "trace/importers.def"
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i]->probe(head, n, m)) return all[i];
  return NULL;
}

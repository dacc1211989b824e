#include "base/json_document.h"

json_t *wg_json_document(const char *path, unsigned line, const char *text, size_t n, const char *what,
                         struct wg_err *err) {
  json_error_t je;
  json_t *root = json_loadb(text ? text : "", n, JSON_REJECT_DUPLICATES, &je);
  if (json_is_object(root)) return root;
  unsigned where = line ? line : root ? 1 : (unsigned)je.line;
  wg_fail(err, WG_INPUT, "%s:%u: %s; expected %s", path, where, root ? "it is no object" : je.text, what);
  json_decref(root);
  return NULL;
}

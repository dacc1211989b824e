// Foreign log formats. An importer turns lines into schema 1 events; adding one is one row in
// trace/importers.def beside its file.
#ifndef WG_TRACE_IMPORTERS_H
#define WG_TRACE_IMPORTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "trace/event.h"

struct wg_importer {
  const char *name;
  // True if a file that starts with these bytes is in this format.
  bool (*probe)(const char *head, size_t n);
  void *(*open)(void);
  // Converts a line (NUL-terminated, no newline; it may be written to, and 64 bytes behind it may be read). 1: `e`
  // holds an event, and if `more` is set the same line holds another; 0: no event in this line, which is blank
  // or continues another; -1: malformed, with `err`.
  int (*line)(void *state, char *line, size_t n, struct wg_event *e, bool *more, struct wg_err *err);
  // NULL, or called after the last line until false: events that waited for what did not come.
  bool (*end)(void *state, struct wg_event *e);
  void (*close)(void *state);
};

#define WG_IMPORTER(id) extern const struct wg_importer wg_import_##id;
#include "trace/importers.def"

const struct wg_importer *wg_importer_for(const char *head, size_t n); // NULL if none fits

#endif

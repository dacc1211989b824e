// Foreign log formats. An importer turns lines into schema 1 events; adding one is one row in
// trace/importers.def beside its file.
#ifndef WG_TRACE_IMPORTERS_H
#define WG_TRACE_IMPORTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "trace/event.h"

// Threads of a trace: each costs whoever reads it some hundred bytes, so that their number has a bound.
#define WG_MOST_THREADS 262144u

struct wg_mapping; // names that others use for ours (trace/mapping.h)

enum wg_line_result {
  WG_LINE_BAD = -1, // malformed, with `err`
  WG_LINE_GAP,      // it says that lines are missing here, with `err`
  WG_LINE_NONE,     // no event in this line, which is blank
  WG_LINE_HELD,     // a part of an event that is to come
  WG_LINE_EVENT,    // `e` holds an event, and if `more` is set the same line holds another
  WG_LINE_ANOTHER,  // with this line another log begins, of another run: no more lines are to be given
};

struct wg_importer {
  const char *name;
  // True if a file that starts with these bytes is in this format. `m` is what its user says of names.
  bool (*probe)(const char *head, size_t n, const struct wg_mapping *m);
  void *(*open)(const struct wg_mapping *m); // `m` lives as long
  // Converts a line (NUL-terminated, no newline; it may be written to, and 64 bytes behind it may be read).
  enum wg_line_result (*line)(void *state, char *line, size_t n, struct wg_event *e, bool *more, struct wg_err *err);
  // NULL, or called after the last line until false: events that waited for what did not come.
  bool (*end)(void *state, struct wg_event *e);
  void (*close)(void *state);
  // NULL, or: whether a line that comes behind others which say nothing shows this format. It is asked where no probe
  // knows a file: what came first may be torn, or another program's.
  bool (*speaks)(const char *line, size_t n, const struct wg_mapping *m);
  bool maps; // names are others' (trace/mapping.h)
};

#define WG_IMPORTER(id) extern const struct wg_importer wg_import_##id;
#include "trace/importers.def"

// NULL if none fits.
const struct wg_importer *wg_importer_for(const char *head, size_t n, const struct wg_mapping *m);

#endif

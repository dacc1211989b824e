// A JSON document as a tree, which is jansson's: what is read once and looked up by its keys (manifests, input scripts,
// mappings, vectors). Lines of traces and what is nested in them are never read so: they are millions, and have
// unsigned integers of 64 bits.
#ifndef WG_BASE_JSON_DOCUMENT_H
#define WG_BASE_JSON_DOCUMENT_H

#include <jansson.h>

#include "base/err.h"

// An object, in which no key stands twice. NULL with `err`, which names the file, the line and `what` it should be:
// `line` where the text is a line of a file, or the one within the text if that is 0.
json_t *wg_json_document(const char *path, unsigned line, const char *text, size_t n, const char *what,
                         struct wg_err *err);

#endif

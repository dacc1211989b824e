// Texts and host paths in a manifest.
//
// JSON holds Unicode; a path, a name or an argument is bytes. What is no UTF-8 is written twice: under its key as far
// as it can be read, and in hexadecimal under its key with `_hex`, which counts.
//
// A host path is relative to the run's folder if the two have more than the root in common, so that what lies together
// may move together; otherwise it is absolute.
#ifndef WG_REPLAY_MANIFEST_TEXT_H
#define WG_REPLAY_MANIFEST_TEXT_H

#include <jansson.h>

#include "base/buf.h"

// Texts are copied. `path` counts from where the process stands; `dir` is the run's.
void wg_manifest_put(json_t *o, const char *key, const char *text);
void wg_manifest_put_path(json_t *o, const char *key, const char *path, const char *dir);

uint64_t wg_manifest_number(const json_t *o, const char *key); // 0 if there is none

// Strings that live as long as the manifest.
struct wg_manifest_texts {
  char **text;
  size_t n;
};
// NULL if there is none, or none that can be.
const char *wg_manifest_get(struct wg_manifest_texts *t, const json_t *o, const char *key);
const char *wg_manifest_get_path(struct wg_manifest_texts *t, const json_t *o, const char *key, const char *dir);
const char *wg_manifest_keep(struct wg_manifest_texts *t, char *text); // takes it over
void wg_manifest_texts_release(struct wg_manifest_texts *t);

#endif

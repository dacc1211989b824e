// Memory from the host. Running out of it ends the process with a message and status 3: a trace with a hole would be a
// lie.
#ifndef WG_BASE_ALLOC_H
#define WG_BASE_ALLOC_H

#include <stddef.h>

void *wg_xcalloc(size_t count, size_t size) __attribute__((returns_nonnull)); // zeroed
// Exactly so much. What grows does so by base/vec.h.
void *wg_xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
char *wg_xstrdup(const char *s);
char *wg_xstrndup(const char *s, size_t n);

#endif

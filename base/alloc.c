#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

// What was written is on the disk, frame by frame; nothing that could still be done needs no memory.
static void out_of_memory(void) {
  fputs("wedge: out of memory\n", stderr);
  _exit(WG_EXIT_BROKEN);
}

void *wg_xcalloc(size_t count, size_t size) {
  void *p = calloc(count ? count : 1, size ? size : 1);
  if (p == NULL) out_of_memory();
  return p;
}

void *wg_xrealloc(void *p, size_t size) {
  p = realloc(p, size ? size : 1);
  if (p == NULL) out_of_memory();
  return p;
}

char *wg_xstrndup(const char *s, size_t n) {
  char *p = wg_xcalloc(n + 1, 1);
  memcpy(p, s, n);
  return p;
}

char *wg_xstrdup(const char *s) { return wg_xstrndup(s, strlen(s)); }

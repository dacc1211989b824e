#include "base/strings.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define BLOCK (64u << 10)

static char *keep(struct wg_strings *s, const char *text, size_t n) {
  if (s->size - s->used < n + 1) {
    s->size = n + 1 > BLOCK ? n + 1 : BLOCK;
    s->used = 0;
    s->block = wg_xcalloc(s->size, 1);
    s->blocks = wg_xrealloc(s->blocks, (s->nblocks + 1) * sizeof *s->blocks);
    s->blocks[s->nblocks++] = s->block;
  }
  char *p = s->block + s->used;
  memcpy(p, text, n);
  p[n] = 0;
  s->used += n + 1;
  return p;
}

static uint32_t add(struct wg_strings *s, const char *text, size_t n) {
  if (s->n == 0) s->n = 1; // id 0 is the empty string
  if (s->n >= s->cap) {
    s->cap = s->cap ? s->cap * 2 : 64;
    s->text = wg_xrealloc(s->text, s->cap * sizeof *s->text);
    s->len = wg_xrealloc(s->len, s->cap * sizeof *s->len);
  }
  s->text[s->n] = keep(s, text, n);
  s->len[s->n] = (uint32_t)n;
  return (uint32_t)s->n++;
}

uint32_t wg_strings_id(struct wg_strings *s, const char *text, size_t n) {
  uint64_t id, h = wg_hash(text, n, 0);
  if (n == 0) return 0;
  for (; wg_map_get(&s->by_hash, h, &id); h++)
    if (s->len[id] == n && memcmp(s->text[id], text, n) == 0) return (uint32_t)id;
  id = add(s, text, n);
  wg_map_put(&s->by_hash, h, id);
  return (uint32_t)id;
}

void wg_strings_release(struct wg_strings *s) {
  for (size_t i = 0; i < s->nblocks; i++) free(s->blocks[i]);
  free(s->blocks);
  free(s->text);
  free(s->len);
  wg_map_release(&s->by_hash);
  *s = (struct wg_strings){0};
}

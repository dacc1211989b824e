// What a title's or library's file was made into, whatever its format was.
#include <stdlib.h>
#include <string.h>

#include "emu/loader/xex.h"

const uint8_t *wg_image_at(const struct wg_image *img, uint32_t addr, uint32_t n) {
  if (addr < img->base || addr - img->base > img->size || n > img->size - (addr - img->base)) return NULL;
  return img->data + (addr - img->base);
}

uint32_t wg_image_symbol(const struct wg_image *img, uint16_t ordinal, const char *name) {
  for (size_t i = 0; i < img->nsymbols; i++) {
    const struct wg_symbol *x = &img->symbols[i];
    if (name ? x->name && strcmp(wg_symbol_name(img, x), name) == 0 : x->ordinal && x->ordinal == ordinal)
      return x->addr;
  }
  return 0;
}

void wg_image_release(struct wg_image *img) {
  wg_buf_release(&img->header);
  free(img->data);
  free(img->segments);
  free(img->imports);
  free(img->symbols);
  *img = (struct wg_image){0};
}

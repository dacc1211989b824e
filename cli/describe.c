// What a title's headers say (docs/console.md#xex2).
#include <stdio.h>
#include <string.h>

#include "base/endian.h"
#include "cli/cli.h"
#include "emu/machine.h"
#include "nt/exports.h"

static const char *const compression[] = {"none", "basic", "normal (LZX)"};

// An optional header's block of at least n bytes, or NULL.
static const uint8_t *block(const struct wg_image *img, uint32_t key, uint32_t n) {
  uint32_t value, at;
  if (!wg_xex_option(&img->header, key, &value, &at) || at > img->header.len || n > img->header.len - at) return NULL;
  return (const uint8_t *)img->header.data + at;
}

static void put_version(struct wg_buf *b, uint32_t v) {
  wg_buf_printf(b, "%u.%u.%u.%u", v >> 28, v >> 24 & 15, v >> 8 & 0xFFFF, v & 0xFF);
}

static const char *import_name(const struct wg_import *im) {
  const struct wg_nt_export *x = wg_nt_at(im->library, im->ordinal);
  return x ? x->name : NULL;
}

// Resource i: its name of at most 8 characters, printable.
static const uint8_t *resource(const struct wg_image *img, uint32_t i, char name[9]) {
  const uint8_t *p = block(img, 0x2FF, 4);
  uint32_t n = p ? wg_load_be32(p) : 0;
  if (n < 20 + 16ull * i || (p = block(img, 0x2FF, 20 + 16 * i)) == NULL) return NULL;
  p += 4 + 16 * i;
  snprintf(name, 9, "%.8s", (const char *)p);
  for (char *c = name; *c; c++)
    if (*c < ' ' || *c > '~') *c = '?';
  return p;
}

static void as_json(const struct wg_image *img, const char *path, struct wg_buf *b) {
  struct wg_buf version = {0};
  const uint8_t *exec = block(img, 0x40006, 0x18);
  char name[9];
  wg_buf_char(b, '{');
  wg_json_str(b, "path", path);
  wg_json_str(b, "format", img->xex ? "XEX2" : "ELF32");
  wg_json_bool(b, "library", img->module_flags & WG_MODULE_DLL);
  if (img->pe_name[0]) wg_json_str(b, "pe_name", img->pe_name);
  wg_json_hex(b, "base", img->base);
  wg_json_hex(b, "size", img->size);
  wg_json_hex(b, "entry", img->entry);
  wg_json_hex(b, "title_id", img->title_id);
  wg_json_bool(b, "encrypted", img->encryption != 0);
  wg_json_str(b, "compression", compression[img->compression]);
  wg_json_hex(b, "privileges", img->system_flags);
  if (exec) {
    put_version(&version, wg_load_be32(exec + 4));
    wg_json_hex(b, "media_id", wg_load_be32(exec));
    wg_json_str(b, "version", version.data);
    wg_json_u64(b, "disc", exec[0x12]);
    wg_json_u64(b, "discs", exec[0x13]);
  }
  wg_json_key(b, "resources");
  wg_buf_char(b, '[');
  const uint8_t *p;
  for (uint32_t i = 0; (p = resource(img, i, name)) != NULL; i++) {
    wg_buf_str(b, i ? ",{" : "{");
    wg_json_str(b, "name", name);
    wg_json_hex(b, "address", wg_load_be32(p + 8));
    wg_json_u64(b, "size", wg_load_be32(p + 12));
    wg_buf_char(b, '}');
  }
  wg_buf_char(b, ']');
  wg_json_key(b, "imports");
  wg_buf_char(b, '[');
  for (size_t i = 0; i < img->nimports; i++) {
    const struct wg_import *im = &img->imports[i];
    wg_buf_str(b, i ? ",{" : "{");
    wg_json_str(b, "library", im->library);
    wg_json_u64(b, "ordinal", im->ordinal);
    if (import_name(im)) wg_json_str(b, "name", import_name(im));
    wg_json_bool(b, "function", im->function);
    wg_buf_char(b, '}');
  }
  wg_buf_char(b, ']');
  wg_json_key(b, "exports");
  wg_buf_char(b, '[');
  for (size_t i = 0; i < img->nsymbols; i++) {
    const struct wg_symbol *x = &img->symbols[i];
    wg_buf_str(b, i ? ",{" : "{");
    if (x->ordinal) wg_json_u64(b, "ordinal", x->ordinal);
    if (x->name) wg_json_str(b, "name", wg_symbol_name(img, x));
    wg_json_hex(b, "address", x->addr);
    wg_buf_char(b, '}');
  }
  wg_buf_str(b, "]}\n");
  wg_buf_release(&version);
}

static void as_text(const struct wg_image *img, const char *path, struct wg_buf *b) {
  const uint8_t *exec = block(img, 0x40006, 0x18), *p;
  const char *kind = img->module_flags & WG_MODULE_DLL ? "XEX2 library" : "XEX2";
  char name[9];
  wg_buf_printf(
      b, "%s: %s%s%s\n  base 0x%08x  size 0x%x  entry 0x%08x  stack 0x%x\n  %s, compression %s, title id %08x\n", path,
      img->xex ? kind : "ELF32", img->pe_name[0] ? " of " : "", img->pe_name, img->base, img->size, img->entry,
      img->stack_size, img->encryption ? "encrypted" : "not encrypted", compression[img->compression], img->title_id);
  if (exec) {
    wg_buf_printf(b, "  media id %08x, version ", wg_load_be32(exec));
    put_version(b, wg_load_be32(exec + 4));
    wg_buf_printf(b, ", disc %u of %u\n", exec[0x12], exec[0x13]);
  }
  wg_buf_printf(b, "  TLS: %u slots, 0x%x bytes of data; privileges 0x%08x\n", img->tls_slots, img->tls_size,
                img->system_flags);
  for (uint32_t i = 0; (p = resource(img, i, name)) != NULL; i++)
    wg_buf_printf(b, "  resource %s at 0x%08x, 0x%x bytes\n", name, wg_load_be32(p + 8), wg_load_be32(p + 12));
  for (size_t i = 0; i < img->nimports; i++) {
    const struct wg_import *im = &img->imports[i];
    const char *known = import_name(im);
    wg_buf_printf(b, "  import %s ordinal 0x%03x %s%s%s\n", im->library, im->ordinal,
                  im->function ? "function" : "variable", known ? " " : "", known ? known : "");
  }
  for (size_t i = 0; i < img->nsymbols; i++) {
    const struct wg_symbol *x = &img->symbols[i];
    wg_buf_str(b, "  export");
    if (x->ordinal) wg_buf_printf(b, " ordinal 0x%03x", x->ordinal);
    if (x->name) wg_buf_printf(b, " %s", wg_symbol_name(img, x));
    wg_buf_printf(b, " at 0x%08x\n", x->addr);
  }
}

void wg_cli_describe(const struct wg_image *img, const char *path, bool json) {
  struct wg_buf b = {0};
  (json ? as_json : as_text)(img, path, &b);
  wg_cli_print(&b);
  wg_buf_release(&b);
}

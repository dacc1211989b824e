// ELF32, big-endian, PowerPC: a section that covers the title's image and has no content (the code is read from guest
// memory), a symbol table and its names.
#include "gdb/program.h"

#include <string.h>

#include "base/endian.h"
#include "emu/loader/loader.h"
#include "emu/machine.h"
#include "nt/exports.h"

enum { EHDR = 52, SHDR = 40, SYM = 16, SECTIONS = 5 };
enum { TEXT = 1, SYMTAB, STRTAB, SHSTRTAB };
static const char section_names[] = "\0.text\0.symtab\0.strtab\0.shstrtab";

static void u16(struct wg_buf *b, uint16_t v) {
  uint8_t p[2];
  wg_store_be16(p, v);
  wg_buf_add(b, p, sizeof p);
}
static void u32(struct wg_buf *b, uint32_t v) {
  uint8_t p[4];
  wg_store_be32(p, v);
  wg_buf_add(b, p, sizeof p);
}

struct table {
  struct wg_buf symbols, names;
  uint32_t entry, base, size;
};

enum { NOTYPE = 0x10, FUNCTION = 0x12 }; // global

static void add(struct table *t, const char *name, uint32_t addr, uint32_t size, uint8_t info) {
  u32(&t->symbols, (uint32_t)t->names.len);
  u32(&t->symbols, addr);
  u32(&t->symbols, size);
  wg_buf_char(&t->symbols, (char)info);
  wg_buf_char(&t->symbols, 0);
  u16(&t->symbols, addr - t->base < t->size ? TEXT : 0xFFF1); // else SHN_ABS
  wg_buf_add(&t->names, name, strlen(name) + 1);
}

static void add_thunks(struct table *t, const struct wg_image *img) {
  for (size_t i = 0; i < img->nimports; i++) {
    const struct wg_import *m = &img->imports[i];
    const struct wg_nt_export *x = m->function && m->thunk ? wg_nt_at(m->library, m->ordinal) : NULL;
    if (x) add(t, x->name, m->thunk, 16, FUNCTION);
  }
}

static void section(struct wg_buf *out, const uint32_t fields[10]) {
  for (size_t i = 0; i < 10; i++) u32(out, fields[i]);
}

void wg_gdb_put_program(const struct wg_machine *m, const struct wg_symbols *symbols, struct wg_buf *out) {
  static const uint8_t ident[16] = {0x7F, 'E', 'L', 'F', 1, 2, 1};
  const struct wg_image *img = wg_machine_image(m);
  struct table t = {.entry = img->entry, .base = img->base, .size = img->size};
  for (size_t i = 0; i < SYM; i++) wg_buf_char(&t.symbols, 0);
  wg_buf_char(&t.names, 0);
  for (size_t i = 0; symbols && i < wg_symbols_count(symbols); i++) {
    const struct wg_label *l = &wg_symbols_all(symbols)[i];
    add(&t, l->name, l->addr, l->end > l->addr ? l->end - l->addr : 0, l->function ? FUNCTION : NOTYPE);
  }
  add_thunks(&t, img);
  uint32_t at = EHDR, nsymbols = (uint32_t)t.symbols.len, nnames = (uint32_t)t.names.len;
  uint32_t sections = at + nsymbols + nnames + (uint32_t)sizeof section_names;
  sections = (sections + 3) & ~3u;
  size_t begin = out->len;
  wg_buf_add(out, ident, sizeof ident);
  u16(out, 2);  // ET_EXEC
  u16(out, 20); // EM_PPC
  u32(out, 1);
  u32(out, t.entry);
  u32(out, 0);
  u32(out, sections);
  u32(out, 0);
  u16(out, EHDR);
  u16(out, 0);
  u16(out, 0);
  u16(out, SHDR);
  u16(out, SECTIONS);
  u16(out, SHSTRTAB);
  wg_buf_add(out, t.symbols.data, nsymbols);
  wg_buf_add(out, t.names.data, nnames);
  wg_buf_add(out, section_names, sizeof section_names);
  while (out->len - begin < sections) wg_buf_char(out, 0);
  section(out, (const uint32_t[10]){0});
  section(out, (const uint32_t[10]){1, 8, 6, t.base, at, t.size, 0, 0, 4, 0}); // SHT_NOBITS, ALLOC and EXECINSTR
  section(out, (const uint32_t[10]){7, 2, 0, 0, at, nsymbols, STRTAB, 1, 4, SYM});
  section(out, (const uint32_t[10]){15, 3, 0, 0, at + nsymbols, nnames, 0, 0, 1, 0});
  section(out, (const uint32_t[10]){23, 3, 0, 0, at + nsymbols + nnames, (uint32_t)sizeof section_names, 0, 0, 1, 0});
  wg_buf_release(&t.symbols);
  wg_buf_release(&t.names);
}

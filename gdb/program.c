// ELF32, big-endian, PowerPC: a section that covers the title's image and has no content (the code is read from guest
// memory), a symbol table and its names, and how callers are found. Functions that nobody names are sub_ADDRESS, so
// that gdb knows where each begins: without that it can neither step over a call nor finish.
#include "gdb/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "emu/loader/loader.h"
#include "emu/machine.h"
#include "gdb/functions.h"
#include "nt/exports.h"

enum { EHDR = 52, SHDR = 40, SYM = 16, SECTIONS = 7 };
enum { TEXT = 1, SYMTAB, STRTAB, SHSTRTAB, FRAMES, KERNEL };
static const char section_names[] = "\0.text\0.symtab\0.strtab\0.shstrtab\0.debug_frame\0.kernel";

struct table {
  struct wg_buf symbols, names;
  uint32_t entry, base, size;
};

enum { NOTYPE = 0x10, FUNCTION = 0x12 }; // global

static void add_symbol(struct table *t, const char *name, uint32_t addr, uint32_t size, uint8_t info) {
  wg_buf_be32(&t->symbols, (uint32_t)t->names.len);
  wg_buf_be32(&t->symbols, addr);
  wg_buf_be32(&t->symbols, size);
  wg_buf_char(&t->symbols, (char)info);
  wg_buf_char(&t->symbols, 0);
  bool in_kernel = addr - WG_GDB_KERNEL < WG_GDB_KERNEL_END - WG_GDB_KERNEL;
  wg_buf_be16(&t->symbols, addr - t->base < t->size ? TEXT : in_kernel ? KERNEL : 0xFFF1); // else SHN_ABS
  wg_buf_add(&t->names, name, strlen(name) + 1);
}

static void add_thunks(struct table *t, const struct wg_image *img) {
  for (size_t i = 0; i < img->nimports; i++) {
    const struct wg_import *m = &img->imports[i];
    const struct wg_nt_export *x = m->function && m->thunk ? wg_nt_at(m->library, m->ordinal) : NULL;
    if (x) add_symbol(t, x->name, m->thunk, 16, FUNCTION);
  }
}

static bool is_thunk(const struct wg_image *img, uint32_t addr) {
  for (size_t i = 0; i < img->nimports; i++)
    if (img->imports[i].thunk && addr - img->imports[i].thunk < 16) return true;
  return false;
}

static bool is_named(const struct wg_symbols *symbols, uint32_t addr) {
  const struct wg_label *l = symbols ? wg_symbols_at(symbols, addr) : NULL;
  return l && l->addr == addr;
}

static void add_functions(struct table *t, const struct wg_image *img, const struct wg_symbols *symbols,
                          const struct wg_gdb_function *list, size_t n) {
  for (size_t i = 0; i < n; i++) {
    char name[16];
    if (is_named(symbols, list[i].begin) || (list[i].prologue_end == 0 && is_thunk(img, list[i].begin))) continue;
    snprintf(name, sizeof name, "sub_%08X", list[i].begin);
    add_symbol(t, name, list[i].begin, list[i].end - list[i].begin, FUNCTION);
  }
}

static void section(struct wg_buf *out, const uint32_t fields[10]) {
  for (size_t i = 0; i < 10; i++) wg_buf_be32(out, fields[i]);
}

bool wg_gdb_put_program(const struct wg_machine *m, const struct wg_symbols *symbols, struct wg_buf *out) {
  static const uint8_t ident[16] = {0x7F, 'E', 'L', 'F', 1, 2, 1};
  const struct wg_image *img = wg_machine_image(m);
  struct table t = {.entry = img->entry, .base = img->base, .size = img->size};
  for (size_t i = 0; i < SYM; i++) wg_buf_char(&t.symbols, 0);
  wg_buf_char(&t.names, 0);
  for (size_t i = 0; symbols && i < wg_symbols_count(symbols); i++) {
    const struct wg_label *l = &wg_symbols_all(symbols)[i];
    add_symbol(&t, l->name, l->addr, l->end > l->addr ? l->end - l->addr : 0, l->function ? FUNCTION : NOTYPE);
  }
  add_thunks(&t, img);
  add_symbol(&t, "the_kernel", WG_GDB_KERNEL, 4, FUNCTION);
  add_symbol(&t, "back_to_the_kernel", WG_GDB_KERNEL + 4, WG_GDB_KERNEL_END - WG_GDB_KERNEL - 4, FUNCTION);
  size_t nfunctions;
  bool all;
  struct wg_gdb_function *functions = wg_gdb_functions(img, &nfunctions, &all);
  struct wg_buf frames = {0};
  add_functions(&t, img, symbols, functions, nfunctions);
  all &= wg_gdb_put_frames(img, functions, nfunctions, &frames);
  uint32_t at = EHDR, nsymbols = (uint32_t)t.symbols.len, nnames = (uint32_t)t.names.len;
  uint32_t at_frames = at + nsymbols + nnames + (uint32_t)sizeof section_names, nframes = (uint32_t)frames.len;
  uint32_t sections = at_frames + nframes;
  sections = (sections + 3) & ~3u;
  size_t begin = out->len;
  wg_buf_add(out, ident, sizeof ident);
  wg_buf_be16(out, 2);  // ET_EXEC
  wg_buf_be16(out, 20); // EM_PPC
  wg_buf_be32(out, 1);
  wg_buf_be32(out, t.entry);
  wg_buf_be32(out, 0);
  wg_buf_be32(out, sections);
  wg_buf_be32(out, 0);
  wg_buf_be16(out, EHDR);
  wg_buf_be16(out, 0);
  wg_buf_be16(out, 0);
  wg_buf_be16(out, SHDR);
  wg_buf_be16(out, SECTIONS);
  wg_buf_be16(out, SHSTRTAB);
  wg_buf_add(out, t.symbols.data, nsymbols);
  wg_buf_add(out, t.names.data, nnames);
  wg_buf_add(out, section_names, sizeof section_names);
  wg_buf_add(out, frames.data, nframes);
  while (out->len - begin < sections) wg_buf_char(out, 0);
  section(out, (const uint32_t[10]){0});
  section(out, (const uint32_t[10]){1, 8, 6, t.base, at, t.size, 0, 0, 4, 0}); // SHT_NOBITS, ALLOC and EXECINSTR
  section(out, (const uint32_t[10]){7, 2, 0, 0, at, nsymbols, STRTAB, 1, 4, SYM});
  section(out, (const uint32_t[10]){15, 3, 0, 0, at + nsymbols, nnames, 0, 0, 1, 0});
  section(out, (const uint32_t[10]){23, 3, 0, 0, at + nsymbols + nnames, (uint32_t)sizeof section_names, 0, 0, 1, 0});
  section(out, (const uint32_t[10]){33, 1, 0, 0, at_frames, nframes, 0, 0, 1, 0});
  section(out, (const uint32_t[10]){46, 8, 6, WG_GDB_KERNEL, at, WG_GDB_KERNEL_END - WG_GDB_KERNEL, 0, 0, 4, 0});
  free(functions);
  wg_buf_release(&frames);
  wg_buf_release(&t.symbols);
  wg_buf_release(&t.names);
  return all;
}

// From an object file to bytes that run where they lie: its code and its constants in one piece, with the distances
// between them filled in. Whatever else an object may ask for is refused.
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "jit/build.h"

struct object {
  const uint8_t *bytes;
  size_t size;
  const Elf64_Ehdr *h;
  const Elf64_Shdr *sections;
  size_t *placed; // where each section lies in the result; SIZE_MAX: it does not
};

static const void *part(const struct object *o, uint64_t at, uint64_t n) {
  return at <= o->size && n <= o->size - at ? o->bytes + at : NULL;
}

static bool is_called(const struct object *o, const Elf64_Shdr *s, const char *name) {
  size_t size = strlen(name) + 1;
  if (o->h->e_shstrndx >= o->h->e_shnum) return false;
  const Elf64_Shdr *t = &o->sections[o->h->e_shstrndx];
  if (s->sh_name >= t->sh_size || t->sh_size - s->sh_name < size) return false;
  const char *names = part(o, t->sh_offset, t->sh_size);
  return names && memcmp(names + s->sh_name, name, size) == 0;
}

#define MAP ".llvm_stackmaps"

static size_t place(struct object *o) {
  size_t at = 0;
  for (int code = 1; code >= 0; code--) // code first
    for (size_t i = 0; i < o->h->e_shnum; i++) {
      const Elf64_Shdr *s = &o->sections[i];
      bool is_code = s->sh_flags & SHF_EXECINSTR;
      if (!(s->sh_flags & SHF_ALLOC) || s->sh_type != SHT_PROGBITS || is_code != (code == 1) || s->sh_size == 0 ||
          is_called(o, s, MAP))
        continue;
      size_t align = s->sh_addralign ? s->sh_addralign : 1;
      if (align > 64) return 0;
      at = (at + align - 1) / align * align;
      o->placed[i] = at;
      at += s->sh_size;
    }
  return at;
}

static const char *relocate(struct object *o, uint8_t *out) {
  for (size_t i = 0; i < o->h->e_shnum; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    if (s->sh_type == SHT_REL) return "relocations without addends";
    if (s->sh_type != SHT_RELA || s->sh_info >= o->h->e_shnum || o->placed[s->sh_info] == SIZE_MAX) continue;
    const Elf64_Rela *r = part(o, s->sh_offset, s->sh_size);
    const Elf64_Shdr *t = s->sh_link < o->h->e_shnum ? &o->sections[s->sh_link] : NULL;
    const Elf64_Sym *symbols = t ? part(o, t->sh_offset, t->sh_size) : NULL;
    if (r == NULL || symbols == NULL) return "a table of relocations beyond its end";
    for (size_t k = 0; k < s->sh_size / sizeof *r; k++) {
      size_t n = ELF64_R_SYM(r[k].r_info), type = ELF64_R_TYPE(r[k].r_info);
      if (n >= t->sh_size / sizeof *symbols) return "a symbol beyond its table";
      const Elf64_Sym *y = &symbols[n];
      bool inside = y->st_shndx < o->h->e_shnum && o->placed[y->st_shndx] != SIZE_MAX;
      if (!inside) return "it calls a function that it has not";
      size_t where = o->placed[s->sh_info] + r[k].r_offset;
      if (r[k].r_offset + 4 > o->sections[s->sh_info].sh_size) return "a relocation beyond its section";
      if (type != R_X86_64_PC32 && type != R_X86_64_PLT32) return "a relocation of another kind";
      int64_t v = (int64_t)(o->placed[y->st_shndx] + y->st_value) + r[k].r_addend - (int64_t)where;
      if (v != (int32_t)v) return "a distance beyond 2 GiB";
      int32_t v32 = (int32_t)v;
      memcpy(out + where, &v32, sizeof v32);
    }
  }
  return NULL;
}

static const char *find_entry(struct object *o, const char *name, size_t *out) {
  for (size_t i = 0; i < o->h->e_shnum; i++) {
    const Elf64_Shdr *s = &o->sections[i], *strings;
    if (s->sh_type != SHT_SYMTAB || s->sh_link >= o->h->e_shnum) continue;
    strings = &o->sections[s->sh_link];
    const Elf64_Sym *y = part(o, s->sh_offset, s->sh_size);
    const char *names = part(o, strings->sh_offset, strings->sh_size);
    for (size_t k = 0; y && names && k < s->sh_size / sizeof *y; k++) {
      if (y[k].st_name >= strings->sh_size || strcmp(names + y[k].st_name, name) != 0) continue;
      if (y[k].st_shndx >= o->h->e_shnum || o->placed[y[k].st_shndx] == SIZE_MAX) continue;
      *out = o->placed[y[k].st_shndx] + y[k].st_value;
      return NULL;
    }
  }
  return "it has no such function";
}

static const uint8_t *find_section(const struct object *o, const char *name, size_t *size) {
  for (size_t i = 0; i < o->h->e_shnum; i++)
    if (is_called(o, &o->sections[i], name)) {
      *size = o->sections[i].sh_size;
      return part(o, o->sections[i].sh_offset, o->sections[i].sh_size);
    }
  return NULL;
}

// The assembler knows all that stands in the section of this name.
static bool is_complete(const struct object *o, const char *name) {
  for (size_t i = 0; i < o->h->e_shnum; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    if (s->sh_type == SHT_RELA && s->sh_info < o->h->e_shnum && is_called(o, &o->sections[s->sh_info], name))
      return false;
  }
  return true;
}

void wg_jit_grow(struct wg_jit_blob *b, size_t size) {
  uint8_t *bytes = calloc(1, size);
  memcpy(bytes, b->bytes, b->size);
  free(b->bytes);
  b->bytes = bytes;
  b->size = size;
}

const char *wg_jit_link(const uint8_t *object, size_t size, struct wg_jit_blob *out, struct wg_jit_linked *parts) {
  struct object o = {.bytes = object, .size = size};
  o.h = part(&o, 0, sizeof *o.h);
  if (o.h == NULL || memcmp(o.h->e_ident, ELFMAG, SELFMAG) != 0 || o.h->e_machine != EM_X86_64) return "no object file";
  o.sections = part(&o, o.h->e_shoff, (uint64_t)o.h->e_shnum * sizeof *o.sections);
  if (o.sections == NULL) return "its sections lie beyond its end";
  o.placed = malloc(o.h->e_shnum * sizeof *o.placed);
  memset(o.placed, 0xFF, o.h->e_shnum * sizeof *o.placed);
  const char *why = NULL;
  size_t n = place(&o);
  *out = (struct wg_jit_blob){.bytes = calloc(1, n ? n : 1), .size = n};
  for (size_t i = 0; i < o.h->e_shnum && n; i++) {
    if (o.placed[i] == SIZE_MAX) continue;
    const void *from = part(&o, o.sections[i].sh_offset, o.sections[i].sh_size);
    if (from)
      memcpy(out->bytes + o.placed[i], from, o.sections[i].sh_size);
    else
      why = "a section beyond its end";
  }
  if (n == 0) why = "it has no code";
  if (why == NULL) why = relocate(&o, out->bytes);
  if (why == NULL) why = find_entry(&o, WG_JIT_FRONT, &out->entry);
  if (why == NULL) why = find_entry(&o, WG_JIT_BODY, &parts->body);
  if (why == NULL && !is_complete(&o, WG_JIT_REFUSALS)) why = "places of accesses that are not known";
  parts->map = find_section(&o, MAP, &parts->map_size);
  parts->refusals = find_section(&o, WG_JIT_REFUSALS, &parts->refusals_size);
  if (why) free(out->bytes);
  free(o.placed);
  return why;
}

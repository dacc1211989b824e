// ELF32 (System V gABI, PowerPC supplement). A section named .wedge.imports lists what the program imports
// from the console's kernel and other modules (guests/sdk): records of {library string address, ordinal, slot, thunk}.
// One named .wedge.exports lists what it offers: {ordinal, address, name's address or 0}; .pdata is its function table,
// as a XEX has it.
#include "emu/loader/elf.h"

#include <elf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/vec.h"
#include "emu/layout/layout.h"
#include "emu/loader/xex.h"

#define MAX_IMAGE 0x10000000u

struct elf {
  const char *path;
  const uint8_t *p;
  size_t n;
  struct wg_err *err;
};

// A field of a structure of ELF32 by its name there: of 2 or of 4 bytes.
#define ELF16(p, s, field) wg_load_be16((p) + offsetof(s, field))
#define ELF32(p, s, field) wg_load_be32((p) + offsetof(s, field))

static bool has(const struct elf *e, uint64_t at, uint64_t n) { return at <= e->n && n <= e->n - at; }

static int bad(const struct elf *e, uint64_t at, const char *what) {
  return wg_fail(e->err, WG_INPUT, "%s: offset 0x%llx: %s", e->path, (unsigned long long)at, what);
}

// Finds the extent of the loadable segments, then copies them.
static int load_segments(struct wg_image *img, const struct elf *e, uint32_t phoff, unsigned count) {
  uint32_t lo = UINT32_MAX;
  uint64_t hi = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (unsigned i = 0; i < count; i++) {
      uint32_t at = phoff + (uint32_t)sizeof(Elf32_Phdr) * i;
      const uint8_t *ph = e->p + at;
      if (ELF32(ph, Elf32_Phdr, p_type) != PT_LOAD) continue;
      uint32_t off = ELF32(ph, Elf32_Phdr, p_offset), addr = ELF32(ph, Elf32_Phdr, p_vaddr);
      uint32_t filesz = ELF32(ph, Elf32_Phdr, p_filesz), memsz = ELF32(ph, Elf32_Phdr, p_memsz);
      uint32_t flags = ELF32(ph, Elf32_Phdr, p_flags);
      if (memsz == 0) continue;
      if (filesz > memsz) return bad(e, at, "a segment has more in the file than in memory");
      if (filesz && !has(e, off, filesz))
        return wg_fail(e->err, WG_INPUT, "%s: cut off: the file ends after %zu bytes, where at least %llu are needed",
                       e->path, e->n, (unsigned long long)off + filesz);
      if ((uint64_t)addr + memsz > 0xFFFFFFFFull) return bad(e, at, "segment wraps the address space");
      if (pass == 0) {
        if (addr < lo) lo = addr;
        if ((uint64_t)addr + memsz > hi) hi = (uint64_t)addr + memsz;
        continue;
      }
      if (filesz) memcpy(img->data + (addr - img->base), e->p + off, filesz);
      WG_VEC_NEXT(img->segments, img->nsegments);
      img->segments[img->nsegments++] = (struct wg_segment){addr, memsz, flags & PF_X ? 1u : flags & PF_W ? 2u : 3u};
    }
    if (pass == 1) break;
    if (hi == 0) return bad(e, phoff, "no loadable segment");
    img->base = lo & ~0xFFFFu;
    if (hi - img->base > MAX_IMAGE) return bad(e, phoff, "segments span more than 256 MiB");
    img->size = (uint32_t)((hi - img->base + 0xFFFF) & ~0xFFFFull);
    img->data = wg_xcalloc(img->size, 1);
  }
  return WG_OK;
}

static int load_imports(struct wg_image *img, const struct elf *e, uint32_t off, uint32_t size) {
  for (uint32_t i = 0; i + WG_SIZEOF_ELF_IMPORT <= size; i += WG_SIZEOF_ELF_IMPORT) {
    const uint8_t *r = e->p + off + i;
    uint32_t name = WG_LOAD(r, ELF_IMPORT, LIBRARY), slot = WG_LOAD(r, ELF_IMPORT, SLOT);
    uint32_t thunk = WG_LOAD(r, ELF_IMPORT, THUNK);
    const char *lib = (const char *)wg_image_at(img, name, 1);
    size_t room = lib ? img->size - (name - img->base) : 0;
    if (lib == NULL || strnlen(lib, room) == room || strnlen(lib, room) > 31)
      return bad(e, off + i, "import record names no library");
    if (!wg_image_at(img, slot, 4) || (thunk && !wg_image_at(img, thunk, 16)))
      return bad(e, off + i, "import record lies outside the image");
    WG_VEC_NEXT(img->imports, img->nimports);
    struct wg_import *im = &img->imports[img->nimports++];
    *im = (struct wg_import){
        .ordinal = (uint16_t)WG_LOAD(r, ELF_IMPORT, ORDINAL), .function = thunk != 0, .slot = slot, .thunk = thunk};
    snprintf(im->library, sizeof im->library, "%s", lib);
  }
  return WG_OK;
}

static int load_exports(struct wg_image *img, const struct elf *e, uint32_t off, uint32_t size) {
  img->symbols = wg_xcalloc(size / WG_SIZEOF_ELF_EXPORT + 1, sizeof *img->symbols);
  for (uint32_t i = 0; i + WG_SIZEOF_ELF_EXPORT <= size; i += WG_SIZEOF_ELF_EXPORT) {
    const uint8_t *r = e->p + off + i;
    uint32_t name = WG_LOAD(r, ELF_EXPORT, NAME);
    const char *text = name ? (const char *)wg_image_at(img, name, 1) : "";
    size_t room = text && name ? img->size - (name - img->base) : 1;
    struct wg_symbol x = {(uint16_t)WG_LOAD(r, ELF_EXPORT, ORDINAL), WG_LOAD(r, ELF_EXPORT, ADDRESS), name};
    if (text == NULL || strnlen(text, room) == room || !wg_image_at(img, x.addr, 4))
      return bad(e, off + i, "export record lies outside the image");
    img->symbols[img->nsymbols++] = x;
  }
  return WG_OK;
}

static int find_tables(struct wg_image *img, const struct elf *e, uint32_t shoff, unsigned count, unsigned strndx) {
  if (count == 0 || strndx >= count) return WG_OK;
  if (!has(e, shoff, (uint64_t)sizeof(Elf32_Shdr) * count))
    return bad(e, offsetof(Elf32_Ehdr, e_shoff), "section headers do not fit in the file");
  const uint8_t *strings = e->p + shoff + sizeof(Elf32_Shdr) * strndx;
  uint32_t names = ELF32(strings, Elf32_Shdr, sh_offset), names_size = ELF32(strings, Elf32_Shdr, sh_size);
  if (!has(e, names, names_size)) return bad(e, shoff, "section names do not fit in the file");
  for (unsigned i = 0; i < count; i++) {
    uint32_t at = shoff + (uint32_t)sizeof(Elf32_Shdr) * i;
    const uint8_t *sh = e->p + at;
    uint32_t name = ELF32(sh, Elf32_Shdr, sh_name), off = ELF32(sh, Elf32_Shdr, sh_offset);
    uint32_t size = ELF32(sh, Elf32_Shdr, sh_size);
    static const char functions[] = ".pdata";
    if (name < names_size && names_size - name >= sizeof functions &&
        memcmp(e->p + names + name, functions, sizeof functions) == 0) {
      img->pdata = ELF32(sh, Elf32_Shdr, sh_addr);
      img->pdata_size = size;
      if (!wg_image_at(img, img->pdata, size)) return bad(e, at, "the function table lies outside the image");
    }
    static const char imports[] = ".wedge.imports", exports[] = ".wedge.exports"; // of one length
    if (name >= names_size || names_size - name < sizeof imports) continue;
    const uint8_t *text = e->p + names + name;
    bool in = memcmp(text, imports, sizeof imports) == 0;
    if (!in && memcmp(text, exports, sizeof exports) != 0) continue;
    if ((in ? img->imports != NULL : img->symbols != NULL) || !has(e, off, size))
      return bad(e, at, "the import or export section is there twice or does not fit in the file");
    WG_TRY(in ? load_imports(img, e, off, size) : load_exports(img, e, off, size));
  }
  return WG_OK;
}

int wg_elf_load(struct wg_image *img, const char *path, const void *data, size_t n, struct wg_err *err) {
  struct elf e = {path, data, n, err};
  if (n < sizeof(Elf32_Ehdr)) return bad(&e, 0, "shorter than an ELF header");
  if (e.p[EI_CLASS] != ELFCLASS32 || e.p[EI_DATA] != ELFDATA2MSB)
    return bad(&e, EI_CLASS, "expected a 32-bit big-endian ELF file");
  if (ELF16(e.p, Elf32_Ehdr, e_machine) != EM_PPC)
    return bad(&e, offsetof(Elf32_Ehdr, e_machine), "expected machine 20 (PowerPC)");
  if (ELF16(e.p, Elf32_Ehdr, e_type) != ET_EXEC)
    return bad(&e, offsetof(Elf32_Ehdr, e_type), "expected an executable (type 2)");
  uint32_t phoff = ELF32(e.p, Elf32_Ehdr, e_phoff), shoff = ELF32(e.p, Elf32_Ehdr, e_shoff);
  unsigned phnum = ELF16(e.p, Elf32_Ehdr, e_phnum), shnum = ELF16(e.p, Elf32_Ehdr, e_shnum);
  unsigned strndx = ELF16(e.p, Elf32_Ehdr, e_shstrndx);
  if (ELF16(e.p, Elf32_Ehdr, e_phentsize) != sizeof(Elf32_Phdr) ||
      !has(&e, phoff, (uint64_t)sizeof(Elf32_Phdr) * phnum))
    return bad(&e, offsetof(Elf32_Ehdr, e_phoff), "program headers do not fit in the file");
  WG_TRY(load_segments(img, &e, phoff, phnum));
  img->entry = ELF32(e.p, Elf32_Ehdr, e_entry);
  img->stack_size = 0x40000;
  img->tls_slots = 64;
  if (!wg_image_at(img, img->entry, 4))
    return bad(&e, offsetof(Elf32_Ehdr, e_entry), "the entry point lies outside the segments");
  return find_tables(img, &e, shoff, shnum, strndx);
}

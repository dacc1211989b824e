// ELF32 (System V gABI, PowerPC supplement). A section named .wedge.imports lists what the program imports
// from the console's kernel and other modules (guests/sdk): records of {library string address, ordinal, slot, thunk}.
// One named .wedge.exports lists what it offers: {ordinal, address, name's address or 0}; .pdata is its function table,
// as a XEX has it.
#include "emu/loader/elf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/vec.h"
#include "emu/loader/xex.h"

#define MAX_IMAGE 0x10000000u

struct elf {
  const char *path;
  const uint8_t *p;
  size_t n;
  struct wg_err *err;
};

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
      uint32_t at = phoff + 32 * i;
      const uint8_t *ph = e->p + at;
      if (wg_load_be32(ph) != 1) continue; // PT_LOAD
      uint32_t off = wg_load_be32(ph + 4), addr = wg_load_be32(ph + 8), filesz = wg_load_be32(ph + 16),
               memsz = wg_load_be32(ph + 20), flags = wg_load_be32(ph + 24);
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
      img->segments[img->nsegments++] = (struct wg_segment){addr, memsz, flags & 1 ? 1u : flags & 2 ? 2u : 3u};
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
  for (uint32_t i = 0; i + 16 <= size; i += 16) {
    const uint8_t *r = e->p + off + i;
    uint32_t name = wg_load_be32(r), slot = wg_load_be32(r + 8), thunk = wg_load_be32(r + 12);
    const char *lib = (const char *)wg_image_at(img, name, 1);
    size_t room = lib ? img->size - (name - img->base) : 0;
    if (lib == NULL || strnlen(lib, room) == room || strnlen(lib, room) > 31)
      return bad(e, off + i, "import record names no library");
    if (!wg_image_at(img, slot, 4) || (thunk && !wg_image_at(img, thunk, 16)))
      return bad(e, off + i, "import record lies outside the image");
    WG_VEC_NEXT(img->imports, img->nimports);
    struct wg_import *im = &img->imports[img->nimports++];
    *im = (struct wg_import){
        .ordinal = (uint16_t)wg_load_be32(r + 4), .function = thunk != 0, .slot = slot, .thunk = thunk};
    snprintf(im->library, sizeof im->library, "%s", lib);
  }
  return WG_OK;
}

static int load_exports(struct wg_image *img, const struct elf *e, uint32_t off, uint32_t size) {
  img->symbols = wg_xcalloc(size / 12 + 1, sizeof *img->symbols);
  for (uint32_t i = 0; i + 12 <= size; i += 12) {
    const uint8_t *r = e->p + off + i;
    uint32_t name = wg_load_be32(r + 8);
    const char *text = name ? (const char *)wg_image_at(img, name, 1) : "";
    size_t room = text && name ? img->size - (name - img->base) : 1;
    struct wg_symbol x = {(uint16_t)wg_load_be32(r), wg_load_be32(r + 4), name};
    if (text == NULL || strnlen(text, room) == room || !wg_image_at(img, x.addr, 4))
      return bad(e, off + i, "export record lies outside the image");
    img->symbols[img->nsymbols++] = x;
  }
  return WG_OK;
}

static int find_tables(struct wg_image *img, const struct elf *e, uint32_t shoff, unsigned count, unsigned strndx) {
  if (count == 0 || strndx >= count) return WG_OK;
  if (!has(e, shoff, 40ull * count)) return bad(e, 0x20, "section headers do not fit in the file");
  uint32_t names = wg_load_be32(e->p + shoff + 40 * strndx + 16),
           names_size = wg_load_be32(e->p + shoff + 40 * strndx + 20);
  if (!has(e, names, names_size)) return bad(e, shoff, "section names do not fit in the file");
  for (unsigned i = 0; i < count; i++) {
    const uint8_t *sh = e->p + shoff + 40 * i;
    uint32_t name = wg_load_be32(sh), off = wg_load_be32(sh + 16), size = wg_load_be32(sh + 20);
    static const char functions[] = ".pdata";
    if (name < names_size && names_size - name >= sizeof functions &&
        memcmp(e->p + names + name, functions, sizeof functions) == 0) {
      img->pdata = wg_load_be32(sh + 12);
      img->pdata_size = size;
      if (!wg_image_at(img, img->pdata, size))
        return bad(e, shoff + 40 * i, "the function table lies outside the image");
    }
    static const char imports[] = ".wedge.imports", exports[] = ".wedge.exports"; // of one length
    if (name >= names_size || names_size - name < sizeof imports) continue;
    const uint8_t *text = e->p + names + name;
    bool in = memcmp(text, imports, sizeof imports) == 0;
    if (!in && memcmp(text, exports, sizeof exports) != 0) continue;
    if ((in ? img->imports != NULL : img->symbols != NULL) || !has(e, off, size))
      return bad(e, shoff + 40 * i, "the import or export section is there twice or does not fit in the file");
    WG_TRY(in ? load_imports(img, e, off, size) : load_exports(img, e, off, size));
  }
  return WG_OK;
}

int wg_elf_load(struct wg_image *img, const char *path, const void *data, size_t n, struct wg_err *err) {
  struct elf e = {path, data, n, err};
  if (n < 52) return bad(&e, 0, "shorter than an ELF header");
  if (e.p[4] != 1 || e.p[5] != 2) return bad(&e, 4, "expected a 32-bit big-endian ELF file");
  if (wg_load_be16(e.p + 18) != 20) return bad(&e, 18, "expected machine 20 (PowerPC)");
  if (wg_load_be16(e.p + 16) != 2) return bad(&e, 16, "expected an executable (type 2)");
  uint32_t phoff = wg_load_be32(e.p + 28), shoff = wg_load_be32(e.p + 32);
  unsigned phnum = wg_load_be16(e.p + 44), shnum = wg_load_be16(e.p + 48), strndx = wg_load_be16(e.p + 50);
  if (wg_load_be16(e.p + 42) != 32 || !has(&e, phoff, 32ull * phnum))
    return bad(&e, 28, "program headers do not fit in the file");
  WG_TRY(load_segments(img, &e, phoff, phnum));
  img->entry = wg_load_be32(e.p + 24);
  img->stack_size = 0x40000;
  img->tls_slots = 64;
  if (!wg_image_at(img, img->entry, 4)) return bad(&e, 24, "the entry point lies outside the segments");
  return find_tables(img, &e, shoff, shnum, strndx);
}

#define _GNU_SOURCE // dl_iterate_phdr
#include "emu/jit/identity.h"

#include <elf.h>
#include <link.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <string.h>

#include "base/file.h"

struct gathering {
  struct wg_buf text;
  bool ok;
};

static void string(struct wg_buf *b, const char *s) { wg_buf_add(b, s ? s : "", s ? strlen(s) + 1 : 1); }

// The linker's digest of all that it has put into a file, among the notes of a segment.
static bool build_id(struct wg_buf *out, const uint8_t *notes, size_t size) {
  for (size_t at = 0; at + sizeof(ElfW(Nhdr)) <= size;) {
    ElfW(Nhdr) n;
    memcpy(&n, notes + at, sizeof n);
    at += sizeof n;
    size_t name = ((size_t)n.n_namesz + 3) / 4 * 4, value = ((size_t)n.n_descsz + 3) / 4 * 4;
    if (name > size - at || value > size - at - name) return false;
    if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && memcmp(notes + at, "GNU", 4) == 0 && n.n_descsz >= 16) {
      wg_buf_le32(out, n.n_descsz);
      wg_buf_add(out, notes + at + name, n.n_descsz);
      return true;
    }
    at += name + value;
  }
  return false;
}

static bool is_in_memory(const struct dl_phdr_info *info, const ElfW(Phdr) * p) {
  for (size_t i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *l = &info->dlpi_phdr[i];
    if (l->p_type == PT_LOAD && p->p_vaddr >= l->p_vaddr && p->p_memsz <= l->p_filesz &&
        p->p_vaddr - l->p_vaddr <= l->p_filesz - p->p_memsz)
      return true;
  }
  return false;
}

static int loaded(struct dl_phdr_info *info, size_t size, void *ctx) {
  struct gathering *g = ctx;
  const char *path = info->dlpi_name && *info->dlpi_name ? info->dlpi_name : "/proc/self/exe";
  char digest[65];
  struct wg_err unsaid = {0};
  (void)size;
  if (*path != '/') return 0; // the system's own: no file
  for (size_t i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    const uint8_t *notes = (const uint8_t *)(uintptr_t)(info->dlpi_addr + p->p_vaddr);
    if (p->p_type == PT_NOTE && is_in_memory(info, p) && build_id(&g->text, notes, p->p_memsz)) return 0;
  }
  if (wg_file_sha256(path, digest, &unsaid) != WG_OK) g->ok = false;
  string(&g->text, digest);
  return 0;
}

static void layout_of(struct wg_buf *b, const struct wg_jit_layout *l) {
  uint32_t places[offsetof(struct wg_jit_layout, granules) / sizeof(uint32_t)]; // all that is before them
  memcpy(places, l, sizeof places);
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) wg_buf_le32(b, places[i]);
  wg_buf_le32(b, (uint32_t)l->ngranules);
  for (size_t i = 0; i < l->ngranules; i++) {
    const struct wg_jit_granule *g = &l->granules[i];
    const uint32_t how = (uint32_t)(g->late | g->general << 1 | g->bits << 2 | g->fields << 3);
    const uint32_t granule[] = {g->offset, g->size, g->count, how};
    for (size_t k = 0; k < sizeof granule / sizeof *granule; k++) wg_buf_le32(b, granule[k]);
  }
}

bool wg_jit_identity(const struct wg_jit_backend *backend, const struct wg_jit_layout *layout,
                     uint8_t out[WG_JIT_IDENTITY]) {
  struct gathering g = {.ok = true};
  unsigned size = WG_JIT_IDENTITY;
  wg_buf_le32(&g.text, backend->version);
  string(&g.text, backend->name);
  string(&g.text, backend->cpu);
  layout_of(&g.text, layout);
  dl_iterate_phdr(loaded, &g);
  EVP_Digest(g.text.data, g.text.len, out, &size, EVP_sha256(), NULL);
  wg_buf_release(&g.text);
  return g.ok;
}

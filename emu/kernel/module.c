// Modules: the title, the libraries that it loads, and the console's own. Each has a loader data entry in guest memory,
// whose address is its handle (docs/console.md#xex2).
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/vec.h"
#include "emu/cpu/branch.h"
#include "emu/kernel/kernel.h"
#include "emu/kernel/resumes.h"

#define MAX_FILE (256u << 20)
#define MAX_LINKING 64u

static const char *leaf_of(const char *path) {
  const char *slash = strrchr(path, '\\'), *colon = strrchr(path, ':');
  if (slash) return slash + 1;
  return colon ? colon + 1 : path;
}

static bool is_system(const char *name) {
  static const char *const names[] = {"xboxkrnl.exe", "xam.xex", "xbdm.xex"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcasecmp(name, names[i]) == 0) return true;
  return false;
}

// A name matches with and without its extension.
static bool is_named(const struct wg_module *x, const char *name) {
  size_t n = strlen(name), dot = strcspn(x->name, ".");
  return strcasecmp(x->name, name) == 0 || (n == dot && strncasecmp(x->name, name, n) == 0);
}

static uint32_t wide_string(struct wg_machine *m, const char *text, uint8_t *where) {
  size_t n = strlen(text);
  if (n > 0x7FF0) n = 0x7FF0; // what a 16-bit length can say
  uint32_t at = wg_pool_alloc(m, (uint32_t)(2 * n + 2), WG_POOL_KERNEL);
  if (at == 0) return 0;
  for (size_t i = 0; i < n; i++) wg_store_be16(wg_mem_own(m->mem, at + 2 * (uint32_t)i, 2), (uint8_t)text[i]);
  WG_STORE(where, STRING, LENGTH, (uint16_t)(2 * n));
  WG_STORE(where, STRING, ROOM, (uint16_t)(2 * n + 2));
  WG_STORE(where, STRING, BUFFER, at);
  return at;
}

// Modules are used by the title, which may say so as often as it likes, and by each other, which it has no say in.
static void show_loads(struct wg_machine *m, const struct wg_module *x) {
  if (x->ldr) WG_PLACE(m, x->ldr, LDR_ENTRY, LOAD_COUNT, x->loads + x->uses);
}

static void pin(struct wg_module *x) { x->pins++; }

static void module_free(struct wg_module *x) {
  if (x->image == &x->own) wg_image_release(&x->own);
  free(x->deps);
  free(x->name);
  free(x->path);
  free(x);
}

static void unpin(struct wg_machine *m, struct wg_module *x) {
  if (--x->pins) return;
  struct wg_modules *all = &m->modules;
  size_t at = 0;
  while (all->gone[at] != x) at++; // what is still loaded is pinned
  all->gone[at] = all->gone[--all->ngone];
  module_free(x);
}

// The loader data entry and the guest's copy of the header.
static bool make_entry(struct wg_machine *m, struct wg_module *x) {
  const struct wg_image *img = x->image;
  x->ldr = wg_pool_alloc(m, WG_SIZEOF_LDR_ENTRY, WG_POOL_KERNEL);
  if (x->ldr == 0) return false;
  show_loads(m, x);
  uint8_t *p = wg_mem_own(m->mem, x->ldr, WG_SIZEOF_LDR_ENTRY);
  x->names[0] = wide_string(m, x->path, p + WG_AT_LDR_ENTRY_FULL_NAME);
  x->names[1] = wide_string(m, x->name, p + WG_AT_LDR_ENTRY_BASE_NAME);
  if (x->names[0] == 0 || x->names[1] == 0) return false;
  if (img == NULL) return true;
  x->header = wg_pool_alloc(m, (uint32_t)img->header.len + 16, WG_POOL_KERNEL);
  if (x->header == 0) return false;
  if (img->header.len) memcpy(wg_mem_own(m->mem, x->header, img->header.len), img->header.data, img->header.len);
  WG_STORE(p, LDR_ENTRY, BASE, img->base);
  WG_STORE(p, LDR_ENTRY, IMAGE_BASE, img->base);
  WG_STORE(p, LDR_ENTRY, IMAGE_SIZE, img->size);
  WG_STORE(p, LDR_ENTRY, FULL_SIZE, img->size);
  WG_STORE(p, LDR_ENTRY, ENTRY_POINT, img->entry);
  WG_STORE(p, LDR_ENTRY, XEX_HEADER, x->header);
  return true;
}

static struct wg_module *add_module(struct wg_machine *m, const char *name, const char *path) {
  struct wg_module *x = wg_xcalloc(1, sizeof *x);
  WG_VEC_NEXT(m->modules.list, m->modules.n);
  m->modules.list[m->modules.n++] = x;
  pin(x);
  x->name = wg_xstrdup(name);
  x->path = wg_xstrdup(path);
  return x;
}

static void discard(struct wg_machine *m, struct wg_module *x);

struct wg_module *wg_module_named(struct wg_machine *m, const char *name) {
  const char *leaf = leaf_of(name);
  for (size_t i = 0; i < m->modules.n; i++)
    if (!m->modules.list[i]->gone && is_named(m->modules.list[i], leaf)) return m->modules.list[i];
  if (!is_system(leaf)) return NULL;
  struct wg_module *x = add_module(m, leaf, leaf);
  x->loads = 1;
  if (make_entry(m, x)) return x;
  discard(m, x);
  return NULL;
}

struct wg_module *wg_module_at(const struct wg_machine *m, uint32_t handle) {
  for (size_t i = 0; i < m->modules.n; i++)
    if (!m->modules.list[i]->gone && m->modules.list[i]->ldr == handle) return m->modules.list[i];
  return NULL;
}

struct wg_module *wg_module_containing(const struct wg_machine *m, uint32_t addr) {
  for (size_t i = 0; i < m->modules.n; i++) {
    struct wg_module *x = m->modules.list[i];
    if (!x->gone && x->image && addr >= x->image->base && addr - x->image->base < x->image->size) return x;
  }
  return NULL;
}

// The code of a kernel function: a system call that names it (emu/kernel/call.c), 16 bytes.
static void write_thunk(struct wg_machine *m, uint32_t at, const struct wg_export *x) {
  uint8_t *p = wg_mem_own(m->mem, at, WG_SIZEOF_THUNK);
  WG_STORE(p, THUNK, CALL, 0x44000042u);   // sc 2
  WG_STORE(p, THUNK, RETURN, 0x4E800020u); // blr
  WG_STORE(p, THUNK, INDEX, wg_export_index(m, x));
  WG_STORE(p, THUNK, NOTHING, 0);
}

// A function of the kernel whose address is asked for gets code of its own.
static uint32_t kernel_symbol(struct wg_machine *m, const struct wg_module *x, uint16_t ordinal) {
  struct wg_export *e = wg_export_find(m, x->name, ordinal);
  if (e == NULL) return 0;
  if (e->kind == 'V') return wg_variable(m, e);
  if (e->address) return e->address;
  e->address = wg_pool_alloc(m, WG_SIZEOF_THUNK, WG_POOL_KERNEL);
  if (e->address == 0) return 0;
  write_thunk(m, e->address, e);
  return e->address;
}

uint32_t wg_module_symbol(struct wg_machine *m, const struct wg_module *x, uint16_t ordinal, const char *name) {
  if (x->image) return wg_image_symbol(x->image, ordinal, name);
  return name ? 0 : kernel_symbol(m, x, ordinal);
}

// --- loading ---------------------------------------------------------------------------------------

static bool place(struct wg_machine *m, const struct wg_image *img) {
  uint32_t page = img->base >= 0x90000000u || img->base < 0x40000000u ? 0x1000 : 0x10000;
  struct wg_alloc a = {.addr = img->base,
                       .size = img->size,
                       .page = page,
                       .protect = WG_PROT_READWRITE,
                       .commit = true,
                       .owner = WG_MEM_IMAGE};
  bool image_range = img->base >= 0x80000000u && img->base < 0xA0000000u;
  if (!image_range && (uint64_t)img->base + img->size > WG_POOL_BASE && img->base < WG_POOL_BASE + WG_POOL_SIZE)
    return false;
  if (!image_range && (img->base < 0x10000 || img->base >= 0x70000000u)) return false;
  if (wg_mem_reserve(m->mem, &a) == 0) return false;
  memcpy(wg_mem_own(m->mem, img->base, img->size), img->data, img->size);
  return true;
}

// Once everything is patched, code and read-only pages lose their write permission.
static void protect(struct wg_machine *m, const struct wg_image *img) {
  for (size_t i = 0; i < img->nsegments && img->xex; i++)
    if (img->segments[i].type != 2)
      wg_mem_protect(m->mem, img->segments[i].addr, img->segments[i].size, WG_PROT_READONLY);
}

// An import of another module: a jump, or the variable's address.
static void bind(struct wg_machine *m, const struct wg_import *im, uint32_t to) {
  if (im->function) {
    uint8_t *p = wg_mem_own(m->mem, im->thunk, WG_SIZEOF_THUNK);
    WG_STORE(p, THUNK, CALL, 0x3D600000u | to >> 16);        // lis r11
    WG_STORE(p, THUNK, RETURN, 0x616B0000u | (to & 0xFFFF)); // ori r11
    WG_STORE(p, THUNK, INDEX, 0x7D6903A6u);                  // mtctr r11
    WG_STORE(p, THUNK, NOTHING, 0x4E800420u);                // bctr
    if (im->slot) wg_store_be32(wg_mem_own(m->mem, im->slot, 4), 0xDEADC0DEu);
  } else {
    wg_store_be32(wg_mem_own(m->mem, im->slot, 4), to);
  }
}

static bool bind_kernel(struct wg_machine *m, const struct wg_import *im) {
  struct wg_export *x = wg_export_find(m, im->library, im->ordinal);
  if (x == NULL) x = wg_export_unknown(m, im->library, im->ordinal, im->function);
  if (x == NULL) return false;
  if (!im->function) {
    wg_store_be32(wg_mem_own(m->mem, im->slot, 4), wg_variable(m, x));
    return true;
  }
  write_thunk(m, im->thunk, x);
  if (im->slot) wg_store_be32(wg_mem_own(m->mem, im->slot, 4), 0xDEADC0DEu);
  return true;
}

static void depend(struct wg_machine *m, struct wg_module *x, struct wg_module *on) {
  for (size_t i = 0; i < x->ndeps; i++)
    if (x->deps[i] == on) return;
  WG_VEC_NEXT(x->deps, x->ndeps);
  x->deps[x->ndeps++] = on;
  pin(on);
  on->uses++;
  show_loads(m, on);
}

// An export that its module lacks, or whose module cannot be found, is recorded when it is called, like any other that
// is not implemented.
static int link_imports(struct wg_machine *m, struct wg_module *x, struct wg_err *err) {
  const struct wg_image *img = x->image;
  for (size_t i = 0; i < img->nimports; i++) {
    const struct wg_import *im = &img->imports[i];
    struct wg_module *from = NULL;
    struct wg_err missing = {0};
    if (!is_system(im->library)) wg_module_load(m, im->library, x, &from, &missing);
    if (from) depend(m, x, from);
    uint32_t to = from ? wg_module_symbol(m, from, im->ordinal, NULL) : 0;
    if (to)
      bind(m, im, to);
    else if (from && !im->function)
      wg_store_be32(wg_mem_own(m->mem, im->slot, 4), 0xF00DF00Du);
    else if (!bind_kernel(m, im))
      return wg_fail(err, WG_INPUT, "%s: imports ordinal 0x%x of %s: too many imports that no list names", x->path,
                     im->ordinal, im->library);
  }
  return WG_OK;
}

static void emit_load(struct wg_machine *m, const struct wg_module *x, const char *sha256) {
  struct wg_event e;
  wg_emit_init(m, &e, WG_EV_MODULE_LOAD);
  wg_ev_str(&e, WG_K_NAME, x->name);
  wg_ev_hex(&e, WG_K_BASE, x->image->base);
  wg_ev_dec(&e, WG_K_SIZE, x->image->size);
  wg_ev_hex(&e, WG_K_ENTRY, x->image->entry);
  wg_ev_str(&e, WG_K_SHA256, sha256);
  wg_ev_str(&e, WG_K_PATH, x->path);
  wg_emit(m, &e);
}

static uint32_t install(struct wg_machine *m, struct wg_module *x, const char *sha256, struct wg_err *err) {
  x->placed = place(m, x->image);
  if (!x->placed) {
    wg_fail(err, WG_INPUT, "%s: cannot place 0x%x bytes at 0x%08x", x->path, x->image->size, x->image->base);
    return STATUS_CONFLICTING_ADDRESSES;
  }
  if (!make_entry(m, x)) {
    x->placed = !wg_mem_release(m->mem, x->image->base); // nobody has heard of it
    wg_fail(err, WG_INPUT, "%s: the pool has no room for its header", x->path);
    return STATUS_NO_MEMORY;
  }
  emit_load(m, x, sha256);
  // From here on others find it, so that libraries may import from each other.
  if (m->modules.linking == MAX_LINKING) {
    wg_fail(err, WG_INPUT, "%s: libraries need libraries, %u deep", x->path, MAX_LINKING);
    return STATUS_NO_MEMORY;
  }
  m->modules.linking++;
  int linked = link_imports(m, x, err);
  m->modules.linking--;
  if (linked != WG_OK) return STATUS_NO_MEMORY;
  protect(m, x->image);
  return STATUS_SUCCESS;
}

static void emit_unload(struct wg_machine *m, const struct wg_module *x) {
  struct wg_event e;
  wg_emit_init(m, &e, WG_EV_MODULE_UNLOAD);
  wg_ev_str(&e, WG_K_NAME, x->name);
  wg_ev_hex(&e, WG_K_BASE, x->image->base);
  wg_emit(m, &e);
}

// Out of every list; its memory stays while something still speaks of it.
static void discard(struct wg_machine *m, struct wg_module *x) {
  if (x->placed) emit_unload(m, x);
  // The recorded branches can be followed while their code is there.
  for (size_t i = 0; i < m->threads.n && x->placed; i++)
    if (m->threads.list[i]->run.state != WG_T_EXITED) wg_branches_close(&m->threads.list[i]->ctx.cpu);
  if (x->placed) wg_mem_release(m->mem, x->image->base);
  const uint32_t blocks[] = {x->header, x->ldr, x->names[0], x->names[1]};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) wg_pool_free(m, blocks[i], WG_POOL_KERNEL);
  x->placed = false;
  x->gone = true;
  size_t at = 0;
  while (m->modules.list[at] != x) at++;
  memmove(m->modules.list + at, m->modules.list + at + 1, (m->modules.n - at - 1) * sizeof(struct wg_module *));
  m->modules.n--;
  WG_VEC_NEXT(m->modules.gone, m->modules.ngone);
  m->modules.gone[m->modules.ngone++] = x;
  unpin(m, x);
}

uint32_t wg_module_from(struct wg_machine *m, const char *path, const void *data, size_t n, struct wg_module **out,
                        struct wg_err *err) {
  struct wg_image img;
  char sha256[65];
  if (m->modules.n >= WG_MAX_MODULES) {
    wg_limit(m, WG_L_MODULES);
    return STATUS_NO_MEMORY;
  }
  wg_work(m, n);
  if (wg_image_load_polled(&img, path, data, n, &m->keys, &m->clock.poll, err) != WG_OK)
    return STATUS_INVALID_IMAGE_FORMAT;
  wg_work(m, img.size);
  wg_sha256_hex(data, n, sha256);
  struct wg_module *x = add_module(m, leaf_of(path), path);
  x->own = img;
  x->image = &x->own;
  uint32_t status = install(m, x, sha256, err);
  if (status == STATUS_SUCCESS)
    *out = x;
  else
    wg_module_unload(m, x);
  return status;
}

static int read_module(struct wg_machine *m, struct wg_node *node, const char *path, struct wg_buf *file,
                       struct wg_err *err) {
  if (node->directory || node->size > MAX_FILE) return wg_fail(err, WG_INPUT, "%s: no file of a module's size", path);
  wg_buf_reserve(file, node->size + 1);
  if (wg_vfs_read(m->vfs, node, 0, file->data, node->size) != (int64_t)node->size)
    return wg_fail(err, WG_INPUT, "%s: cannot be read", path);
  file->len = node->size;
  return WG_OK;
}

static struct wg_node *find_file(struct wg_machine *m, const char *folder, size_t n, const char *name,
                                 struct wg_buf *path) {
  struct wg_node *node = NULL, *parent;
  const char *leaf;
  wg_buf_clear(path);
  wg_buf_add(path, folder, n);
  wg_buf_str(path, name);
  return wg_vfs_find(m->vfs, NULL, path->data, &node, &parent, &leaf) == WG_FOUND ? node : NULL;
}

uint32_t wg_module_load(struct wg_machine *m, const char *name, const struct wg_module *importer,
                        struct wg_module **out, struct wg_err *err) {
  *out = wg_module_named(m, name);
  if (*out) return STATUS_SUCCESS;
  struct wg_buf path = {0}, file = {0};
  struct wg_node *node = NULL;
  // A name alone is looked for beside who asks, then beside the title.
  bool whole = strchr(name, ':') || name[0] == '\\';
  if (whole) node = find_file(m, "", 0, name, &path);
  if (!whole && importer)
    node = find_file(m, importer->path, (size_t)(leaf_of(importer->path) - importer->path), name, &path);
  if (!whole && node == NULL) node = find_file(m, "game:\\", 6, name, &path);
  uint32_t status = STATUS_NO_SUCH_FILE; // as the reference answers
  if (node == NULL) {
    wg_fail(err, WG_INPUT, "%s: there is no such file", path.data);
  } else if (read_module(m, node, path.data, &file, err) != WG_OK) {
    status = STATUS_INVALID_IMAGE_FORMAT;
  } else {
    status = wg_module_from(m, path.data, file.data, file.len, out, err);
  }
  wg_buf_release(&path);
  wg_buf_release(&file);
  return status;
}

// --- starting and unloading ------------------------------------------------------------------------

struct started {
  struct wg_module **list;
  size_t n;
};

static void collect(struct wg_module *x, struct started *all) {
  if (x->started || x->image == NULL) return;
  x->started = true;
  for (size_t i = 0; i < x->ndeps; i++) collect(x->deps[i], all);
  if (x->image->entry == 0 || !(x->image->module_flags & WG_MODULE_DLL)) return;
  WG_VEC_NEXT(all->list, all->n);
  all->list[all->n++] = x;
}

void wg_starts_release(struct wg_machine *m, struct wg_resume *r) {
  struct wg_starts *list = (struct wg_starts *)(void *)r;
  unpin(m, list->of);
  for (size_t i = 0; i < list->n; i++) unpin(m, list->modules[i]);
}

struct wg_resume *wg_module_starts(struct wg_module *x) {
  struct started all = {0};
  collect(x, &all);
  struct wg_starts *list = wg_xcalloc(1, sizeof *list + all.n * sizeof(struct wg_module *));
  list->resume = (struct wg_resume){.is = WG_RESUME_STARTS};
  list->of = x;
  for (; list->n < all.n; list->n++) list->modules[list->n] = all.list[list->n];
  free(all.list);
  pin(x);
  for (size_t i = 0; i < list->n; i++) pin(list->modules[i]);
  return &list->resume;
}

struct wg_module *wg_module_starting(const struct wg_resume *starts) {
  return ((const struct wg_starts *)(const void *)starts)->of;
}

// What was unloaded before its turn came has no start-up function any more.
uint32_t wg_module_next(struct wg_resume *starts, uint32_t args[3]) {
  struct wg_starts *list = (struct wg_starts *)(void *)starts;
  while (list->next < list->n) {
    const struct wg_module *x = list->modules[list->next++];
    if (x->gone) continue;
    args[0] = x->ldr;
    args[1] = WG_DLL_PROCESS_ATTACH;
    args[2] = 0;
    return x->image->entry;
  }
  return 0;
}

void wg_modules_next(struct wg_machine *m, struct wg_thread *t, struct wg_resume *starts) {
  uint32_t args[3], fn = wg_module_next(starts, args);
  if (fn)
    wg_call_first(m, t, fn, args, 3, starts);
  else
    wg_resume_free(m, starts);
}

void wg_leaving_release(struct wg_machine *m, struct wg_resume *r) {
  struct wg_module *x = ((struct wg_leaving *)(void *)r)->x;
  x->leaving = false;
  unpin(m, x);
}

struct wg_resume *wg_module_leaving(struct wg_module *x) {
  struct wg_leaving *l = wg_xcalloc(1, sizeof *l);
  *l = (struct wg_leaving){.resume = {.is = WG_RESUME_UNLOAD}, .x = x};
  x->leaving = true;
  pin(x);
  return &l->resume;
}

struct wg_module *wg_module_left(const struct wg_resume *leaving) {
  return ((const struct wg_leaving *)(const void *)leaving)->x;
}

void wg_module_loaded(struct wg_machine *m, struct wg_module *x) {
  x->loads++;
  show_loads(m, x);
}

bool wg_module_release(struct wg_machine *m, struct wg_module *x) {
  if (x->image == NULL || x->image == &m->image || x->leaving || x->gone)
    return false; // the console's and the title stay
  if (x->loads) x->loads--;
  show_loads(m, x);
  return wg_module_unused(x);
}

bool wg_module_unused(const struct wg_module *x) { return x->loads + x->uses == 0 && !x->gone; }

void wg_module_unload(struct wg_machine *m, struct wg_module *x) {
  pin(x);
  discard(m, x);
  // What it alone needed goes too; its own end is not announced to it, as nothing may call it any more.
  for (size_t i = 0; i < x->ndeps; i++) {
    struct wg_module *on = x->deps[i];
    on->uses--;
    if (!on->gone) show_loads(m, on);
    if (wg_module_unused(on) && on->image && on->image != &m->image && !on->leaving) wg_module_unload(m, on);
    unpin(m, on); // NOLINT(clang-analyzer-unix.Malloc): until here this dependency of x pinned it
  }
  x->ndeps = 0;
  unpin(m, x);
}

int wg_module_title(struct wg_machine *m, const char *name, struct wg_err *err) {
  struct wg_buf path = {0};
  wg_buf_printf(&path, "game:\\%s", name);
  struct wg_module *x = add_module(m, name, path.data);
  wg_buf_release(&path);
  x->image = &m->image;
  x->loads = 1;
  if (install(m, x, m->digests.title, err) != STATUS_SUCCESS) return WG_INPUT;
  m->modules.ldr_entry = x->ldr;
  m->modules.xex_header = x->header;
  return WG_OK;
}

void wg_modules_release(struct wg_modules *x) {
  for (size_t i = 0; i < x->n; i++) module_free(x->list[i]);
  for (size_t i = 0; i < x->ngone; i++) module_free(x->gone[i]);
  free(x->list);
  free(x->gone);
  *x = (struct wg_modules){.n = 0};
}

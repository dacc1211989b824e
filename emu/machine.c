// Wiring: creates a machine, places the title, makes its first thread.
#include "emu/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "emu/gpu/gpu.h"
#include "emu/kernel/kernel.h"
#include "emu/vfs/image.h"

#define DISC "\\Device\\Cdrom0"
#define DISK "\\Device\\Harddisk0"
#define FOLDER "\\Device\\Harddisk0\\Partition1"
#define UPDATE "\\Device\\Update"

static int load_title(struct wg_machine *m, struct wg_err *err) {
  return wg_title_load(&m->image, m->cfg.title, m->cfg.patch, m->cfg.key_file, &m->digests, err);
}

static const char *title_name(const struct wg_machine *m) {
  const char *slash = strrchr(m->cfg.title, '/');
  if (m->from_image) return WG_DEFAULT_XEX;
  return slash ? slash + 1 : m->cfg.title;
}

static void refresh_time(struct wg_machine *m, void *arg, uint64_t token) {
  struct wg_export *x = arg;
  uint8_t *p = m->mem->base + x->address;
  (void)token;
  wg_store_be64(p, m->now / 100);
  wg_store_be64(p + 8, wg_system_time(m));
  wg_store_be32(p + 16, (uint32_t)(m->now / 1000000));
  wg_after(m, m->now + 1000000, false, refresh_time, x);
}

// The variables that tell a title about itself. Those that only a library imports are made, and filled, when it comes.
void wg_fill_variable(struct wg_machine *m, struct wg_export *x) {
  uint8_t *v = m->mem->base + x->address;
  struct wg_buf text = {0};
  if (strcmp(x->name, "XexExecutableModuleHandle") == 0) wg_store_be32(v, m->ldr_entry);
  if (strcmp(x->name, "ExLoadedCommandLine") == 0)
    wg_buf_printf(&text, "\"%s\"%s%s", title_name(m), m->cfg.args ? " " : "", m->cfg.args ? m->cfg.args : "");
  if (strcmp(x->name, "ExLoadedImageName") == 0)
    wg_buf_printf(&text, "%s\\%s", m->from_image ? DISC : FOLDER, title_name(m));
  if (text.len) memcpy(v, text.data, text.len < 255 ? text.len : 255);
  if (strcmp(x->name, "KeTimeStampBundle") == 0) refresh_time(m, x, 0);
  wg_buf_release(&text);
}

static void fill_variables(struct wg_machine *m) {
  for (size_t i = 0; i < m->nexports; i++)
    if (m->exports[i].kind == 'V' && m->exports[i].address) wg_fill_variable(m, &m->exports[i]);
  m->filled = true;
}

// The title's folder or disc is game: and d:.
static int mount_title(struct wg_machine *m, struct wg_err *err) {
  m->from_image = wg_is_image(m->cfg.title);
  const char *device = m->from_image ? DISC : FOLDER;
  wg_vfs_link(m->vfs, "game:", device);
  wg_vfs_link(m->vfs, "d:", device);
  if (m->from_image) return wg_vfs_mount_image(m->vfs, DISC, m->cfg.title, err);
  wg_vfs_link(m->vfs, DISC, FOLDER);
  char *dir = wg_xstrdup(m->cfg.title), *slash = strrchr(dir, '/');
  if (slash == dir)
    slash[1] = 0;
  else if (slash)
    *slash = 0;
  int code = wg_vfs_mount(m->vfs, FOLDER, slash ? dir : ".", false, err);
  free(dir);
  return code;
}

static int mount_all(struct wg_machine *m, struct wg_err *err) {
  m->vfs = wg_vfs_create((m->cfg.date + 11644473600ull) * 10000000u);
  wg_vfs_poll(m->vfs, &m->poll);
  WG_TRY(mount_title(m, err));
  if (m->cfg.patch && wg_is_image(m->cfg.patch)) {
    WG_TRY(wg_vfs_mount_image(m->vfs, UPDATE, m->cfg.patch, err));
    wg_vfs_link(m->vfs, "update:", UPDATE);
  }
  static const char *const caches[][2] = {{"cache:", "\\CACHE"}, {"cache0:", "\\CACHE0"}, {"cache1:", "\\CACHE1"}};
  for (size_t i = 0; i < 3; i++) {
    const char *host = NULL;
    for (size_t j = 0; j < m->cfg.nmounts; j++)
      if (strcmp(m->cfg.mounts[j].link, caches[i][0]) == 0) host = m->cfg.mounts[j].host;
    WG_TRY(wg_vfs_mount(m->vfs, caches[i][1], host, true, err));
    wg_vfs_link(m->vfs, caches[i][0], caches[i][1]);
  }
  // The hard disk: its partition for titles, unless the title itself lies there, and the raw ones that start-up code
  // formats.
  if (m->from_image) WG_TRY(wg_vfs_mount(m->vfs, FOLDER, NULL, true, err));
  wg_vfs_link(m->vfs, "hdd:", FOLDER);
  WG_TRY(wg_vfs_mount(m->vfs, DISK, NULL, true, err));
  static const char *const raw[] = {"Partition0", "Cache0", "Cache1"};
  for (size_t i = 0; i < sizeof raw / sizeof *raw; i++) wg_vfs_add_null(m->vfs, DISK, raw[i]);
  return WG_OK;
}

static void emit_header(struct wg_machine *m) {
  struct wg_event e;
  wg_emit_init(m, &e, WG_EV_TRACE_HEADER);
  e.has_cycle = false;
  wg_ev_dec(&e, WG_K_SCHEMA, WG_SCHEMA);
  wg_ev_str(&e, WG_K_ENGINE, "wedge");
  wg_ev_str(&e, WG_K_VERSION, WG_VERSION);
  wg_ev_str(&e, WG_K_CLOCK, "virtual");
  wg_ev_str(&e, WG_K_TITLE, title_name(m));
  wg_emit(m, &e);
}

static int start(struct wg_machine *m, struct wg_err *err) {
  if (!wg_file_exists(m->cfg.title)) return wg_fail(err, WG_INPUT, "%s: no such file", m->cfg.title);
  WG_TRY(mount_all(m, err));
  WG_TRY(load_title(m, err));
  WG_TRY(wg_mem_create(&m->mem, err));
  m->code = wg_code_create(m->mem);
  wg_mem_reserve(m->mem, &(struct wg_alloc){.addr = WG_POOL_BASE,
                                            .size = WG_POOL_SIZE,
                                            .page = 0x1000,
                                            .protect = WG_PROT_READWRITE,
                                            .commit = true,
                                            .owner = WG_MEM_KERNEL});
  m->pool_next = WG_POOL_BASE + 0x1000;
  m->pool_end = WG_POOL_BASE + WG_POOL_SIZE;
  m->gpu = wg_gpu_create(m);
  WG_TRY(wg_xam_create(m, err));
  m->nslots = m->image.tls_slots ? m->image.tls_slots : 64;
  if (m->nslots > sizeof m->tls_slots) m->nslots = sizeof m->tls_slots;
  WG_TRY(wg_exports_init(m));
  wg_buf_char(&m->out, '{');
  emit_header(m);
  WG_TRY(wg_module_title(m, title_name(m), err));
  wg_kernel_init_hw(m);
  fill_variables(m);
  wg_input_start(m);
  // The module's own handle comes before the main thread's, as on the console.
  wg_handle_publish(m, wg_object_new(m, WG_O_MODULE, 0));
  struct wg_thread_params p = {.stack_size = m->image.stack_size, .entry = m->image.entry};
  uint32_t handle;
  struct wg_thread *main_thread = wg_thread_create(m, &p, 0, &handle);
  if (main_thread == NULL)
    return wg_fail(err, WG_INPUT, "%s: no room for a stack of 0x%x bytes", m->cfg.title, m->image.stack_size);
  // The libraries that the title imports from start first, on its thread.
  wg_modules_next(m, main_thread, wg_module_starts(m->modules[0]));
  return WG_OK;
}

static bool look(void *ctx) { return wg_look(ctx); }

int wg_machine_create(struct wg_machine **out, const struct wg_config *cfg, const struct wg_observer *observer,
                      struct wg_err *err) {
  struct wg_machine *m = wg_xcalloc(1, sizeof *m);
  m->cfg = *cfg;
  m->observer = *observer;
  m->poll = (struct wg_poll){look, m};
  int code = start(m, err);
  if (code != WG_OK) {
    wg_machine_free(m);
    return code;
  }
  *out = m;
  return WG_OK;
}

void wg_machine_free(struct wg_machine *m) {
  if (m == NULL) return;
  wg_objects_reap(m);
  for (size_t i = 0; i < m->nobjects; i++) {
    if (m->objects[i]->file) wg_file_close(m, m->objects[i]);
    wg_packets_free(m, m->objects[i]);
    wg_object_free(m->objects[i]);
  }
  for (size_t i = 0; i < m->nthreads; i++) wg_thread_free(m, m->threads[i]);
  for (unsigned i = 0; i < WG_HW_THREADS; i++) wg_cpu_release(&m->hw[i].irq.cpu);
  free(m->objects);
  free(m->threads);
  free(m->handles);
  free(m->due);
  free(m->chain);
  for (size_t i = 0; i < m->nexports; i++)
    if (m->exports[i].unknown) free((void *)(uintptr_t)m->exports[i].name);
  free(m->exports);
  wg_map_release(&m->by_guest);
  wg_map_release(&m->ordinals);
  wg_map_release(&m->by_name);
  wg_map_release(&m->named);
  wg_map_release(&m->due_at);
  wg_pool_release(m);
  wg_buf_release(&m->report);
  wg_buf_release(&m->out);
  wg_gpu_free(m->gpu);
  wg_code_free(m->code);
  wg_vfs_free(m->vfs);
  wg_mem_free(m->mem);
  wg_modules_free(m);
  wg_xam_free(m->xam);
  wg_image_release(&m->image);
  free(m);
}

const char *wg_end_name(enum wg_end end) {
  static const char *const names[] = {"exit", "wedge", "limit", "exception", "unimplemented", "stopped", "interrupted"};
  return names[end];
}
uint64_t wg_machine_now(const struct wg_machine *m) { return m->now; }
uint64_t wg_machine_instructions(const struct wg_machine *m) { return m->instructions; }
uint64_t wg_machine_frames(const struct wg_machine *m) { return m->frames; }
uint64_t wg_machine_windows(const struct wg_machine *m) { return m->windows; }
const char *wg_machine_within(const struct wg_machine *m) { return m->cut_short ? m->within : NULL; }
uint64_t wg_machine_state_hash(const struct wg_machine *m) { return m->hash; }
bool wg_machine_from_image(const struct wg_machine *m) { return m->from_image; }
const struct wg_title_digests *wg_machine_digests(const struct wg_machine *m) { return &m->digests; }
const uint64_t *wg_machine_hash_chain(const struct wg_machine *m, size_t *n) {
  *n = m->nchain;
  return m->chain;
}
const struct wg_vfs_input *wg_machine_inputs(const struct wg_machine *m, size_t *n) { return wg_vfs_inputs(m->vfs, n); }
struct wg_mem *wg_machine_mem(const struct wg_machine *m) {
  return m->mem;
}
struct wg_vfs *wg_machine_vfs(const struct wg_machine *m) {
  return m->vfs;
}
bool wg_machine_fetch(const struct wg_machine *m, uint32_t addr, uint32_t *word) {
  const uint8_t *p = addr % 4 ? NULL : wg_mem_ptr(m->mem, addr, 4, false);
  if (p) *word = wg_load_be32(p);
  return p != NULL;
}
int wg_machine_save_overlay(const struct wg_machine *m, const char *dir, struct wg_err *err) {
  return wg_vfs_save(m->vfs, dir, err);
}
void wg_machine_packets(const struct wg_machine *m, void (*each)(void *ctx, const char *name, uint64_t n), void *ctx) {
  static const char *const types[3] = {"TYPE0", "TYPE1", "TYPE2"};
  for (unsigned t = 0; t < 3; t++)
    if (wg_gpu_packets(m->gpu, t, -1)) each(ctx, types[t], wg_gpu_packets(m->gpu, t, -1));
  for (int op = 0; op < 128; op++) {
    char other[8];
    const char *name = wg_gpu_op_name((unsigned)op);
    snprintf(other, sizeof other, "OP_%02X", (unsigned)op);
    if (wg_gpu_packets(m->gpu, 3, op)) each(ctx, name ? name : other, wg_gpu_packets(m->gpu, 3, op));
  }
}
void wg_machine_unimplemented(const struct wg_machine *m, struct wg_buf *out) {
  for (size_t i = 0; i < m->nexports; i++)
    if (m->exports[i].calls_unimplemented)
      wg_buf_printf(out, "%s!%s: %u calls\n", m->exports[i].module, m->exports[i].name,
                    m->exports[i].calls_unimplemented);
}

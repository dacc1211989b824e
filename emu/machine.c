// Wiring: creates a machine, places the title, makes its first thread.
#include "emu/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "emu/kernel/fork.h"
#include "emu/jit/jit.h"
#include "emu/kernel/kernel.h"
#include "emu/mem/watch.h"
#include "emu/state/archive.h"
#include "emu/vfs/image.h"

#define DISK "\\Device\\Harddisk0"
#define UPDATE "\\Device\\Update"

static int load_title(struct wg_machine *m, struct wg_err *err) {
  struct wg_poll poll = m->cfg.loading;
  m->cfg.loading = (struct wg_poll){.go_on = NULL}; // whoever asks may be gone when the machine is
  // Whether or not the title needs it: who names a file means one that is there, and holds keys.
  WG_TRY(wg_keys_read(&m->keys, m->cfg.key_file, err));
  return wg_title_load(&m->image, m->cfg.title, m->cfg.patch, &m->keys, &poll, &m->digests, err);
}

// The title's folder or disc is game: and d:.
static int mount_title(struct wg_machine *m, struct wg_err *err) {
  m->from_image = wg_is_image(m->cfg.title);
  const char *device = m->from_image ? WG_DISC : WG_FOLDER;
  wg_vfs_link(m->vfs, "game:", device);
  wg_vfs_link(m->vfs, "d:", device);
  if (m->from_image) return wg_vfs_mount_image(m->vfs, WG_DISC, m->cfg.title, err);
  wg_vfs_link(m->vfs, WG_DISC, WG_FOLDER);
  char *dir = wg_xstrdup(m->cfg.title), *slash = strrchr(dir, '/');
  if (slash == dir)
    slash[1] = 0;
  else if (slash)
    *slash = 0;
  int code = wg_vfs_mount(m->vfs, WG_FOLDER, slash ? dir : ".", false, err);
  free(dir);
  return code;
}

static int mount_all(struct wg_machine *m, struct wg_err *err) {
  m->vfs = wg_vfs_create((m->cfg.date + 11644473600ull) * 10000000u);
  wg_vfs_poll(m->vfs, &m->clock.poll);
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
  if (m->from_image) WG_TRY(wg_vfs_mount(m->vfs, WG_FOLDER, NULL, true, err));
  wg_vfs_link(m->vfs, "hdd:", WG_FOLDER);
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
  wg_ev_str(&e, WG_K_TITLE, wg_title_name(m));
  wg_emit(m, &e);
}

// --- what devices see of the machine (emu/bus/bus.h) ------------------------------------------------------

static void bus_event(void *ctx, struct wg_event *e, enum wg_kind kind) { wg_emit_init(ctx, e, kind); }
static void bus_emit(void *ctx, struct wg_event *e) { wg_emit(ctx, e); }

static void bus_interrupt(void *ctx, unsigned hw, uint32_t fn, uint32_t source, uint32_t user) {
  wg_interrupt(ctx, hw, &(struct wg_irq_call){.fn = fn, .args = {source, user}, .process_type = 1});
}

static bool bus_in_interrupt(void *ctx, uint32_t fn, uint32_t source) {
  const struct wg_machine *m = ctx;
  const struct wg_hw *hw = &m->sched.hw[m->sched.cur_hw];
  return m->sched.cur == &hw->irq && hw->irq_active && hw->irq_call.fn == fn && hw->irq_call.args[0] == source;
}

static uint64_t bus_read(void *ctx, uint32_t addr, unsigned size) { return wg_kr(ctx, addr, size); }
static void bus_write(void *ctx, uint32_t addr, unsigned size, uint64_t v) { wg_kw(ctx, addr, size, v); }

static void plug_devices(struct wg_machine *m) {
  struct wg_bus bus = {.mem = m->mem,
                       .clock = &m->clock,
                       .ctx = m,
                       .event = bus_event,
                       .emit = bus_emit,
                       .interrupt = bus_interrupt,
                       .in_interrupt = bus_in_interrupt,
                       .read = bus_read,
                       .write = bus_write};
  m->gpu = wg_gpu_create(&bus);
  m->xma = wg_xma_create(&bus);
}

static int start_compiler(struct wg_machine *m, struct wg_err *err) {
  const struct wg_jit_library *library;
  const bool at_once = m->cfg.jit == WG_JIT_AT_ONCE;
  const struct wg_jit_keeper *k = &m->cfg.jit_keeper;
  struct wg_jit_options o = {.background = !at_once, .threshold = at_once};
  if (m->jit == NULL) {
    o.cache = k->of ? k->of(k->ctx, m->cfg.title) : NULL;
    WG_TRY(wg_jit_open(&library, err));
    WG_TRY(wg_jit_create(&m->jit, library, &o, err));
  }
  return wg_jit_attach(m->jit, m->code, err);
}

static int start(struct wg_machine *m, struct wg_err *err) {
  if (!wg_file_exists(m->cfg.title)) return wg_fail(err, WG_INPUT, "%s: no such file", m->cfg.title);
  WG_TRY(mount_all(m, err));
  if (m->mem == NULL) {
    WG_TRY(load_title(m, err));
    WG_TRY(wg_mem_create(&m->mem, err));
  }
  m->code = wg_code_create(m->mem);
  if (m->cfg.every_instruction) wg_code_every_instruction(m->code);
  if (m->cfg.jit != WG_JIT_OFF) WG_TRY(start_compiler(m, err));
  wg_pool_init(m);
  plug_devices(m);
  WG_TRY(wg_xam_create(m, err));
  WG_TRY(wg_exports_init(m));
  wg_variables_init(m);
  wg_threads_init(m);
  wg_audio_init(m);
  wg_input_init(m);
  wg_buf_char(&m->calls.out, '{');
  emit_header(m);
  WG_TRY(wg_module_title(m, wg_title_name(m), err));
  wg_kernel_init_hw(m);
  wg_fill_variables(m);
  wg_input_start(m);
  // The module's own handle comes before the main thread's, as on the console.
  wg_handle_publish(m, wg_object_new(m, WG_O_MODULE, 0));
  struct wg_thread_params p = {.stack_size = m->image.stack_size, .entry = m->image.entry};
  uint32_t handle;
  struct wg_thread *main_thread = wg_thread_create(m, &p, 0, &handle);
  if (main_thread == NULL)
    return wg_fail(err, WG_INPUT, "%s: no room for a stack of 0x%x bytes", m->cfg.title, m->image.stack_size);
  // The libraries that the title imports from start first, on its thread.
  wg_modules_next(m, main_thread, wg_module_starts(m->modules.list[0]));
  return WG_OK;
}

static bool look(void *ctx) { return wg_look(ctx); }

static struct wg_machine *new_machine(const struct wg_config *cfg, const struct wg_observer *observer) {
  struct wg_machine *m = wg_xcalloc(1, sizeof *m);
  m->cfg = *cfg;
  m->observer = *observer;
  wg_options_of(m, 0);
  wg_clock_init(&m->clock, (cfg->date + 11644473600ull) * 10000000u, cfg->sched_seed);
  return m;
}

static int begin(struct wg_machine **out, struct wg_machine *m, struct wg_err *err) {
  m->clock.poll = (struct wg_poll){look, m};
  int code = start(m, err);
  if (code != WG_OK) {
    wg_machine_free(m);
    return code;
  }
  *out = m;
  return WG_OK;
}

int wg_machine_create(struct wg_machine **out, const struct wg_config *cfg, const struct wg_observer *observer,
                      struct wg_err *err) {
  return begin(out, new_machine(cfg, observer), err);
}

int wg_machine_again(struct wg_machine **out, struct wg_machine *old, struct wg_err *err) {
  struct wg_machine *m = new_machine(&old->cfg, &old->observer);
  m->image = old->image;
  m->digests = old->digests;
  m->keys = old->keys;
  m->mem = old->mem;
  m->jit = old->jit;
  old->image = (struct wg_image){0};
  old->keys = (struct wg_keys){.list = NULL};
  old->mem = NULL;
  old->jit = NULL;
  wg_machine_free(old);
  wg_mem_reset(m->mem);
  return begin(out, m, err);
}

void wg_machine_free(struct wg_machine *m) {
  if (m == NULL) return;
  wg_objects_release(m);
  wg_threads_release(m);
  wg_handles_release(&m->handles);
  wg_exports_release(&m->exports);
  wg_pool_release(&m->pool);
  wg_clock_release(&m->clock);
  wg_modules_release(&m->modules);
  wg_xam_free(m->xam);
  wg_gpu_free(m->gpu);
  wg_xma_free(m->xma);
  wg_code_free(m->code);
  wg_jit_free(m->jit);
  wg_vfs_free(m->vfs);
  wg_mem_free(m->mem);
  wg_buf_release(&m->ending.report);
  wg_buf_release(&m->calls.out);
  wg_outputs_release(&m->calls.outputs);
  wg_image_release(&m->image);
  wg_keys_release(&m->keys);
  free(m->chain.links);
  free(m);
}

const char *wg_end_name(enum wg_end end) {
  static const char *const names[] = {"exit", "wedge", "limit", "exception", "unimplemented", "stopped", "interrupted"};
  _Static_assert(sizeof names / sizeof *names == WG_END_INTERRUPTED + 1, "each end has its name");
  return names[end];
}
uint64_t wg_machine_now(const struct wg_machine *m) { return m->clock.now; }
uint64_t wg_machine_instructions(const struct wg_machine *m) { return m->sched.instructions; }
uint64_t wg_machine_frames(const struct wg_machine *m) { return wg_gpu_frames(m->gpu); }
uint64_t wg_machine_windows(const struct wg_machine *m) { return m->clock.windows; }
const char *wg_machine_within(const struct wg_machine *m) {
  return m->ending.cut_short ? m->ending.within->name : NULL;
}
uint64_t wg_machine_state_hash(const struct wg_machine *m) { return m->chain.hash; }
bool wg_machine_from_image(const struct wg_machine *m) { return m->from_image; }
const struct wg_title_digests *wg_machine_digests(const struct wg_machine *m) { return &m->digests; }
const uint64_t *wg_machine_hash_chain(const struct wg_machine *m, size_t *n) {
  *n = m->chain.n;
  return m->chain.links;
}
const struct wg_vfs_input *wg_machine_inputs(const struct wg_machine *m, size_t *n) { return wg_vfs_inputs(m->vfs, n); }
struct wg_mem *wg_machine_mem(const struct wg_machine *m) {
  return m->mem;
}
struct wg_vfs *wg_machine_vfs(const struct wg_machine *m) {
  return m->vfs;
}
bool wg_machine_fetch(const struct wg_machine *m, uint32_t addr, uint32_t *word) {
  return addr % 4 == 0 && wg_mem_peek32(m->mem, addr, word);
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
  for (size_t i = 0; i < m->exports.n; i++)
    if (m->exports.list[i].calls_unimplemented)
      wg_buf_printf(out, "%s!%s: %u calls\n", m->exports.list[i].module, m->exports.list[i].name,
                    m->exports.list[i].calls_unimplemented);
}
void wg_machine_limits(const struct wg_machine *m, struct wg_buf *out) { wg_bounds_tell(m, out); }

// --- state ------------------------------------------------------------------------------------------------

void wg_machine_save(struct wg_machine *m, struct wg_buf *out, struct wg_pages *pages) {
  struct wg_archive a;
  wg_archive_save(&a, pages);
  a.out = *out; // behind what is there
  wg_kernel_state(&a, m);
  *out = a.out;
}

void wg_machine_track(struct wg_machine *m) { wg_mem_track(m->mem); }

uint64_t wg_machine_digest(struct wg_machine *m) {
  struct wg_archive a;
  wg_archive_save(&a, NULL);
  wg_kernel_state(&a, m);
  uint64_t digest = wg_archive_digest(&a);
  wg_archive_release(&a);
  return digest;
}

int wg_machine_restore(struct wg_machine *m, const char *name, const void *data, size_t n, struct wg_pages *pages,
                       struct wg_err *err) {
  struct wg_archive a;
  wg_archive_load(&a, name, data, n, pages, err);
  wg_kernel_state(&a, m);
  if (!a.failed && a.at != n) wg_ar_fail(&a, "%zu bytes follow that belong to nothing", n - a.at);
  return a.failed ? WG_INPUT : WG_OK;
}

bool wg_machine_touch(struct wg_machine *m, uint64_t field) {
  struct wg_archive a;
  wg_archive_touch(&a, field);
  wg_kernel_state(&a, m);
  return field < a.fields;
}

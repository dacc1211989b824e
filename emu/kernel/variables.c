// Exported variables: real memory of the pool, with what a title is to find there.
#include <string.h>

#include "emu/kernel/kernel.h"
#include "emu/kernel/state.h"

#define VARIABLE_SIZE 0x100u

const char *wg_title_name(const struct wg_machine *m) {
  const char *slash = strrchr(m->cfg.title, '/');
  if (m->from_image) return "default.xex";
  if (m->cfg.title_as) return m->cfg.title_as;
  return slash ? slash + 1 : m->cfg.title;
}

static void refresh_time(void *ctx, void *arg, uint64_t token) {
  struct wg_machine *m = ctx;
  struct wg_export *x = arg;
  uint8_t *p = wg_mem_own(m->mem, x->address, WG_SIZEOF_TIME_STAMP_BUNDLE);
  (void)token;
  WG_STORE(p, TIME_STAMP_BUNDLE, INTERRUPT_TIME, m->clock.now / 100);
  WG_STORE(p, TIME_STAMP_BUNDLE, SYSTEM_TIME, wg_system_time(m));
  WG_STORE(p, TIME_STAMP_BUNDLE, TICKS, (uint32_t)(m->clock.now / 1000000));
  wg_after(m, m->clock.now + 1000000, false, WG_DUE_VARIABLE, x);
}

static void describe_variable(struct wg_archive *a, void *ctx, void **arg) {
  struct wg_export *x = *arg;
  wg_ar_export(a, ctx, &x);
  if (x == NULL) wg_ar_fail(a, "a due time of no variable");
  *arg = x;
}

void wg_variables_init(struct wg_machine *m) {
  wg_clock_serve(&m->clock, WG_DUE_VARIABLE,
                 &(struct wg_due_service){.fire = refresh_time, .describe = describe_variable, .ctx = m});
}

// The variables that tell a title about itself. Those that only a library imports are made, and filled, when it comes.
static void fill_variable(struct wg_machine *m, struct wg_export *x) {
  uint8_t *v = wg_mem_own(m->mem, x->address, VARIABLE_SIZE);
  struct wg_buf text = {0};
  if (strcmp(x->name, "XexExecutableModuleHandle") == 0) wg_store_be32(v, m->modules.ldr_entry);
  if (strcmp(x->name, "ExLoadedCommandLine") == 0)
    wg_buf_printf(&text, "\"%s\"%s%s", wg_title_name(m), m->cfg.args ? " " : "", m->cfg.args ? m->cfg.args : "");
  if (strcmp(x->name, "ExLoadedImageName") == 0)
    wg_buf_printf(&text, "%s\\%s", m->from_image ? WG_DISC : WG_FOLDER, wg_title_name(m));
  if (text.len) memcpy(v, text.data, text.len < 255 ? text.len : 255);
  if (strcmp(x->name, "KeTimeStampBundle") == 0) refresh_time(m, x, 0);
  wg_buf_release(&text);
}

void wg_fill_variables(struct wg_machine *m) {
  for (size_t i = 0; i < m->exports.n; i++)
    if (m->exports.list[i].kind == 'V' && m->exports.list[i].address) fill_variable(m, &m->exports.list[i]);
  m->exports.filled = true;
}

// Exported variables are real memory (docs/console.md#objects); XexExecutableModuleHandle and the command line are
// filled once the title is placed.
uint32_t wg_variable(struct wg_machine *m, struct wg_export *x) {
  if (x->address) return x->address;
  uint32_t at = wg_pool_alloc(m, VARIABLE_SIZE, WG_POOL_KERNEL);
  if (at == 0) return 0;
  uint8_t *p = wg_mem_own(m->mem, at, VARIABLE_SIZE);
  x->address = at;
  static const struct {
    const char *name, *tag;
  } types[] = {{"ExThreadObjectType", "Thre"},      {"ExEventObjectType", "Even"}, {"ExMutantObjectType", "Muta"},
               {"ExSemaphoreObjectType", "Sema"},   {"ExTimerObjectType", "Time"}, {"IoCompletionObjectType", "Comp"},
               {"IoDeviceObjectType", "Devi"},      {"IoFileObjectType", "File"},  {"ObDirectoryObjectType", "Dire"},
               {"ObSymbolicLinkObjectType", "Symb"}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(types[i].name, x->name) == 0) memcpy(p + WG_AT_OBJECT_TYPE_TAG, types[i].tag, 4);
  if (strcmp(x->name, "XboxKrnlVersion") == 0 || strcmp(x->name, "XamVersion") == 0) {
    WG_STORE(p, SYSTEM_VERSION, MAJOR, 2);
    WG_STORE(p, SYSTEM_VERSION, BUILD, 1888);
  } else if (strcmp(x->name, "XboxHardwareInfo") == 0) {
    WG_STORE(p, HARDWARE_INFO, FLAGS, 0x20);
    WG_STORE(p, HARDWARE_INFO, PROCESSORS, 6);
  } else if (strcmp(x->name, "ExConsoleGameRegion") == 0) {
    wg_store_be32(p, 0xFFFFFFFFu);
  } else if (strcmp(x->name, "VdGpuClockInMHz") == 0) {
    wg_store_be32(p, 500);
  } else if (strcmp(x->name, "VdHSIOCalibrationLock") == 0) {
    WG_STORE(p, DISPATCHER_HEADER, TYPE, 1);
    WG_STORE(p, CRITICAL_SECTION, LOCK_COUNT, 0xFFFFFFFFu);
    wg_list_place(m, WG_ADDR(at, DISPATCHER_HEADER, WAIT_LIST));
  }
  if (m->exports.filled) fill_variable(m, x);
  return at;
}

// Where a guest call enters: the thunk's system call leads to wg_kernel_call, which decodes the arguments
// by the export's own declaration, writes kernel.call, runs the body and writes kernel.return when the
// call really returns.
#include <string.h>

#include "emu/kernel/kernel.h"

extern WG_TABLE(ke);
extern WG_TABLE(nt);
extern WG_TABLE(ntfile);
extern WG_TABLE(ntmem);
extern WG_TABLE(ex);
extern WG_TABLE(rtl);
extern WG_TABLE(xex);
extern WG_TABLE(vd);
extern WG_TABLE(xam);
extern WG_TABLE(crypt);
extern WG_TABLE(misc);
extern WG_TABLE(xam_content);
extern WG_TABLE(xam_system);
extern WG_TABLE(xam_ui);
extern WG_TABLE(xam_user);
extern WG_TABLE(net);
extern WG_TABLE(audio);
extern WG_TABLE(debug);
extern WG_TABLE(input);
extern WG_TABLE(seh);

// A new kernel file is one line here.
static const struct wg_impl *const tables[] = {
    wg_table_ke,   wg_table_nt,          wg_table_ntfile,     wg_table_ntmem,  wg_table_ex,
    wg_table_rtl,  wg_table_xex,         wg_table_vd,         wg_table_xam,    wg_table_crypt,
    wg_table_misc, wg_table_xam_content, wg_table_xam_system, wg_table_xam_ui, wg_table_xam_user,
    wg_table_net,  wg_table_audio,       wg_table_debug,      wg_table_input,  wg_table_seh,
};

static const struct {
  const char *module;
  uint16_t ordinal;
  const char *name;
  char kind;
  const char *kinds, *reference;
} known[] = {
#define WG_EXPORT(module, ordinal, name, kind, kinds, reference) {module, ordinal, name, kind, kinds, reference},
#include "emu/kernel/exports.def"
};
#define NKNOWN (sizeof known / sizeof *known)

uint64_t wg_k_zero(struct wg_kcall *k) {
  (void)k;
  return 0;
}
uint64_t wg_k_one(struct wg_kcall *k) {
  (void)k;
  return 1;
}

static uint64_t ordinal_key(const char *module, uint16_t ordinal) { return wg_hash(module, strlen(module), ordinal); }

static uint64_t name_key(const char *name) { return wg_hash(name, strlen(name), 0); }

static const struct wg_impl *find_impl(const char *name) {
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    for (const struct wg_impl *x = tables[i]; x->name; x++)
      if (strcmp(x->name, name) == 0) return x;
  return NULL;
}

bool wg_export_info(size_t i, struct wg_export_info *out) {
  if (i >= NKNOWN) return false;
  *out = (struct wg_export_info){known[i].module, known[i].name,      known[i].ordinal,
                                 known[i].kind,   known[i].reference, find_impl(known[i].name) != NULL};
  return true;
}

bool wg_export_info_of(const char *module, uint16_t ordinal, struct wg_export_info *out) {
  for (size_t i = 0; i < NKNOWN; i++)
    if (known[i].ordinal == ordinal && strcmp(known[i].module, module) == 0) return wg_export_info(i, out);
  return false;
}

#define MAX_UNKNOWN 512 // exports that a title imports and no list names

struct wg_export *wg_export_unknown(struct wg_machine *m, const char *module, uint16_t ordinal, bool function) {
  if (m->nexports == NKNOWN + MAX_UNKNOWN) return NULL;
  struct wg_export *x = &m->exports[m->nexports];
  struct wg_buf name = {0};
  wg_buf_printf(&name, "ordinal_%03x", ordinal);
  *x = (struct wg_export){
      .module = module, .name = name.data, .ordinal = ordinal, .kind = function ? 'F' : 'V', .unknown = true};
  wg_map_put(&m->by_name, ordinal_key(module, ordinal), m->nexports++);
  return x;
}

int wg_exports_init(struct wg_machine *m) {
  m->exports = wg_xcalloc(NKNOWN + MAX_UNKNOWN, sizeof *m->exports);
  m->nexports = NKNOWN;
  struct wg_map bodies = {0};
  uint64_t body;
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    for (const struct wg_impl *x = tables[i]; x->name; x++) wg_map_put(&bodies, name_key(x->name), (uintptr_t)x);
  for (size_t i = 0; i < NKNOWN; i++) {
    m->exports[i] = (struct wg_export){
        .module = known[i].module,
        .name = known[i].name,
        .ordinal = known[i].ordinal,
        .kind = known[i].kind,
        .impl = wg_map_get(&bodies, name_key(known[i].name), &body) ? (void *)(uintptr_t)body : NULL};
    wg_map_put(&m->by_name, ordinal_key(known[i].module, known[i].ordinal), i);
  }
  wg_map_release(&bodies);
  return WG_OK;
}

struct wg_export *wg_export_find(struct wg_machine *m, const char *module, uint16_t ordinal) {
  uint64_t i;
  return wg_map_get(&m->by_name, ordinal_key(module, ordinal), &i) ? &m->exports[i] : NULL;
}

uint32_t wg_export_index(const struct wg_machine *m, const struct wg_export *x) { return (uint32_t)(x - m->exports); }

static const char *kinds_of(const struct wg_machine *m, const struct wg_export *x) {
  return x->impl ? x->impl->kinds : x->unknown ? "dddd" : known[x - m->exports].kinds;
}

// r3..r10, then words on the caller's stack (REFERENCE (c)).
static void load_args(struct wg_kcall *k, const char *kinds) {
  size_t n = strlen(kinds);
  memset(k->arg, 0, sizeof k->arg);
  for (size_t i = 0; i < n && i < WG_MAX_ARGS; i++) {
    uint64_t v = 0;
    if (i < 8)
      v = k->cpu->gpr[3 + i];
    else
      wg_mem_r32(k->m->mem, (uint32_t)k->cpu->gpr[1] + 0x54 + 8 * (uint32_t)(i - 8), &v);
    k->arg[i] = kinds[i] == 'q' ? v : (uint32_t)v;
  }
}

static bool readable(struct wg_machine *m, uint32_t at, uint32_t n) {
  return at && wg_mem_ptr(m->mem, at, n, false) != NULL;
}

static void resolve_object(const struct wg_object *o, struct wg_buf *j, unsigned i) {
  char key[16] = "object";
  if (i) {
    key[6] = (char)('1' + i);
    key[7] = 0;
  }
  struct wg_buf text = {0};
  wg_buf_printf(&text, "%016llx", (unsigned long long)o->hsid);
  wg_json_str(j, key, text.data);
  if (i == 0) wg_json_str(j, "object_type", wg_otype_name(o->type));
  if (i == 0 && o->name) wg_json_str(j, "object_name", o->name);
  wg_buf_release(&text);
}

// What a person would want to see of the arguments; nothing here may disturb the guest.
static void resolve(struct wg_kcall *k, const char *kinds, struct wg_buf *j) {
  struct wg_machine *m = k->m;
  struct wg_buf text = {0};
  unsigned objects = 0;
  wg_buf_char(j, '{');
  for (size_t i = 0; kinds[i] && i < WG_MAX_ARGS; i++) {
    uint32_t v = A(i);
    wg_buf_clear(&text);
    struct wg_object *o = NULL;
    switch (kinds[i]) {
    case 'h': o = wg_handle_get(m, v); break;
    case 'O': o = wg_object_placed(m, v); break;
    case 'o':
      if (!readable(m, v, 12)) break;
      wg_kansi(m, KR32(k, v + 4), &text);
      if (text.len) wg_json_str(j, "path", text.data);
      break;
    case 'a':
      if (!readable(m, v, 8)) break;
      wg_kansi(m, v, &text);
      wg_json_str(j, "string", text.data);
      break;
    case 's':
      if (!readable(m, v, 1)) break;
      wg_kstr(m, v, &text);
      wg_json_str(j, "string", text.data);
      break;
    case 'w':
      if (!readable(m, v, 2)) break;
      wg_kwstr(m, v, &text);
      wg_json_str(j, "string", text.data);
      break;
    case 't':
      if (v == 0)
        wg_json_i64(j, "timeout_100ns", -1);
      else if (readable(m, v, 8))
        wg_json_i64(j, "timeout_100ns", (int64_t)wg_kr(m, v, 8));
      break;
    default: break;
    }
    if (o) resolve_object(o, j, objects++);
  }
  wg_buf_char(j, '}');
  m->kfault = false; // a bad pointer is the body's to find
  wg_buf_release(&text);
}

static void emit_call(struct wg_kcall *k, const struct wg_export *x, const char *kinds) {
  struct wg_event e;
  struct wg_buf j = {0};
  resolve(k, kinds, &j);
  wg_emit_init(k->m, &e, WG_EV_KERNEL_CALL);
  wg_ev_str(&e, WG_K_NAME, x->name);
  wg_ev_str(&e, WG_K_MODULE, x->module);
  wg_ev_dec(&e, WG_K_ORDINAL, x->ordinal);
  wg_ev_hex(&e, WG_K_LR, k->lr);
  size_t n = strlen(kinds);
  wg_ev_hexes(&e, WG_K_ARGS, k->arg, n > WG_MAX_ARGS ? WG_MAX_ARGS : n);
  wg_ev_raw(&e, WG_K_ARGS_RESOLVED, j.data, j.len);
  wg_emit(k->m, &e);
  wg_buf_release(&j);
}

void wg_kernel_return(struct wg_machine *m, struct wg_ctx *ctx, uint64_t rv) {
  const struct wg_export *x = ctx->call;
  if (x == NULL) return;
  char ret = x->impl ? x->impl->ret : 'd';
  if (ret != 'v') ctx->cpu.gpr[3] = ret == 'S' || ret == 'd' ? (uint64_t)(int32_t)rv : rv;
  ctx->cpu.pc = ctx->call_lr & ~3u;
  ctx->call = NULL;
  struct wg_event e;
  wg_emit_init(m, &e, WG_EV_KERNEL_RETURN);
  e.tid = ctx->thread ? ctx->thread->tid : 0;
  e.cycle = ctx->cpu.cycle;
  wg_ev_str(&e, WG_K_NAME, x->name);
  wg_ev_hex(&e, WG_K_RV, ret == 'v' ? 0 : (uint32_t)rv);
  if (ret == 'v') wg_ev_bool(&e, WG_K_VOID, true);
  if (ret == 'S') wg_ev_hex(&e, WG_K_STATUS, (uint32_t)rv);
  wg_buf_char(&m->out, '}');
  wg_ev_raw(&e, WG_K_OUT, m->out.data, m->out.len);
  wg_emit(m, &e);
  wg_buf_clear(&m->out);
  wg_buf_char(&m->out, '{');
}

// An export without a body returns STATUS_NOT_IMPLEMENTED from the families that return NTSTATUS, else 0.
static uint64_t unimplemented(struct wg_kcall *k, struct wg_export *x) {
  struct wg_machine *m = k->m;
  x->calls_unimplemented++;
  wg_json_bool(wg_out(k), "unimplemented", true);
  if (m->cfg.strict) {
    wg_buf_printf(&m->report, "--strict: %s!%s (ordinal 0x%x) called from 0x%08x is not implemented\n", x->module,
                  x->name, x->ordinal, k->lr);
    wg_stop(m, WG_END_UNIMPLEMENTED);
  }
  return strncmp(x->name, "Nt", 2) == 0 ? STATUS_NOT_IMPLEMENTED : 0;
}

// The thunk holds sc, blr and the export's index (emu/loader); a forged one is an undefined instruction.
static struct wg_export *export_at(struct wg_machine *m, struct wg_cpu *c) {
  uint64_t insn, index;
  if (!wg_mem_r32(m->mem, c->pc, &insn) || insn != 0x44000042u || !wg_mem_r32(m->mem, c->pc + 8, &index) ||
      index >= m->nexports)
    return NULL;
  return &m->exports[index];
}

static void run_call(struct wg_machine *m, struct wg_ctx *ctx, struct wg_kcall k) {
  struct wg_export *x = export_at(m, &ctx->cpu);
  if (x == NULL) {
    wg_exception(m, &ctx->cpu, "system call outside an import thunk");
    return;
  }
  const char *kinds = kinds_of(m, x);
  load_args(&k, kinds);
  bool again = ctx->call != NULL;
  ctx->call = x;
  ctx->call_lr = k.lr;
  if (!again) emit_call(&k, x, kinds);
  uint64_t rv = x->impl ? x->impl->fn(&k) : unimplemented(&k, x);
  if (m->kfault) {
    struct wg_buf b = {0};
    wg_buf_printf(&b, "%s was given a pointer that is not accessible: 0x%08x", x->name, m->kfault_addr);
    m->kfault = false;
    wg_exception(m, &ctx->cpu, b.data);
    wg_buf_release(&b);
    return;
  }
  if (k.state == WG_CALL_DONE) {
    m->hw[m->cur_hw].used += WG_CALL_NS;
    wg_kernel_return(m, ctx, rv);
  }
  if (k.state == WG_CALL_NO_RETURN) ctx->call = NULL;
  // A call that goes on later adds to its out{} when it completes.
  if (k.state != WG_CALL_DONE) {
    wg_buf_clear(&m->out);
    wg_buf_char(&m->out, '{');
  }
}

static struct wg_kcall call_of(struct wg_machine *m, struct wg_ctx *ctx) {
  return (struct wg_kcall){.m = m, .ctx = ctx, .cpu = &ctx->cpu, .thread = ctx->thread, .lr = (uint32_t)ctx->cpu.lr};
}

void wg_kernel_call(struct wg_machine *m, struct wg_ctx *ctx) { run_call(m, ctx, call_of(m, ctx)); }

void wg_kernel_resume(struct wg_machine *m, struct wg_ctx *ctx, void *data, uint64_t result) {
  struct wg_kcall k = call_of(m, ctx);
  k.resumed = true;
  k.data = data;
  k.result = result;
  run_call(m, ctx, k);
}

// Exported variables are real memory (REFERENCE (d)); XexExecutableModuleHandle and the command line are
// filled once the title is placed.
uint32_t wg_variable(struct wg_machine *m, struct wg_export *x) {
  if (x->address) return x->address;
  uint32_t at = wg_pool_alloc(m, 0x100);
  uint8_t *p = m->mem->base + at;
  x->address = at;
  static const struct {
    const char *name, *tag;
  } types[] = {{"ExThreadObjectType", "Thre"},      {"ExEventObjectType", "Even"}, {"ExMutantObjectType", "Muta"},
               {"ExSemaphoreObjectType", "Sema"},   {"ExTimerObjectType", "Time"}, {"IoCompletionObjectType", "Comp"},
               {"IoDeviceObjectType", "Devi"},      {"IoFileObjectType", "File"},  {"ObDirectoryObjectType", "Dire"},
               {"ObSymbolicLinkObjectType", "Symb"}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(types[i].name, x->name) == 0) memcpy(p + 0x18, types[i].tag, 4);
  if (strcmp(x->name, "XboxKrnlVersion") == 0 || strcmp(x->name, "XamVersion") == 0) {
    wg_store_be16(p, 2);
    wg_store_be16(p + 4, 1888);
  } else if (strcmp(x->name, "XboxHardwareInfo") == 0) {
    wg_store_be32(p, 0x20);
    p[4] = 6;
  } else if (strcmp(x->name, "ExConsoleGameRegion") == 0) {
    wg_store_be32(p, 0xFFFFFFFFu);
  } else if (strcmp(x->name, "VdGpuClockInMHz") == 0) {
    wg_store_be32(p, 500);
  } else if (strcmp(x->name, "VdHSIOCalibrationLock") == 0) {
    p[0] = 1;
    wg_store_be32(p + 0x10, 0xFFFFFFFFu);
    wg_store_be32(p + 8, at + 8);
    wg_store_be32(p + 0xC, at + 8);
  }
  if (m->filled) wg_fill_variable(m, x);
  return at;
}

// Where a guest call enters: the thunk's system call leads to wg_kernel_call, which decodes the arguments
// by the export's own declaration, writes kernel.call, runs the body and writes kernel.return when the
// call really returns.
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "emu/kernel/fork.h"
#include "emu/kernel/kernel.h"
#include "emu/kernel/state.h"

// Row i's body stands at i, as in nt/exports.def.
#define WG_IMPL_F_IMPLEMENTED(name) {#name, wg_k_##name},
#define WG_IMPL_F_PARTIAL(name) {#name, wg_k_##name},
#define WG_IMPL_F_CONSTANT(name) {#name, wg_k_##name},
#define WG_IMPL_F_NONE(name) {#name, NULL},
#define WG_IMPL_V_IMPLEMENTED(name) {#name, NULL},
#define WG_IMPL_V_NONE(name) {#name, NULL},
static const struct wg_impl impls[] = {
#define WG_EXPORT(module, ordinal, name, kind, ret, params, status, reference, flags) WG_IMPL_##kind##_##status(name)
#include "nt/exports.def"
};
#define NKNOWN (sizeof impls / sizeof *impls)
_Static_assert(WG_FORCED_ARGS == WG_NT_MAX_PARAMS, "a call that is made besides has all that an export may take");

static uint64_t ordinal_key(const char *module, uint16_t ordinal) { return wg_hash(module, strlen(module), ordinal); }

#define MAX_UNKNOWN 512 // exports that a title imports and no list names

struct wg_export *wg_export_unknown(struct wg_machine *m, const char *module, uint16_t ordinal, bool function) {
  if (m->exports.n == NKNOWN + MAX_UNKNOWN) return NULL;
  struct wg_export *x = &m->exports.list[m->exports.n];
  struct wg_buf name = {0};
  wg_buf_printf(&name, "ordinal_%03x", ordinal);
  *x = (struct wg_export){.module = wg_xstrdup(module), // the library that asks for it may go
                          .name = name.data,
                          .ordinal = ordinal,
                          .kind = function ? 'F' : 'V',
                          .ret = '?',
                          .params = "dddd",
                          .unknown = true};
  wg_map_put(&m->exports.by_name, ordinal_key(module, ordinal), m->exports.n++);
  return x;
}

int wg_exports_init(struct wg_machine *m) {
  m->exports.list = wg_xcalloc(NKNOWN + MAX_UNKNOWN, sizeof *m->exports.list);
  m->exports.n = NKNOWN;
  for (size_t i = 0; i < NKNOWN; i++) {
    const struct wg_nt_export *x = wg_nt_row(i);
    m->exports.list[i] = (struct wg_export){.module = x->module,
                                            .name = x->name,
                                            .ordinal = x->ordinal,
                                            .kind = x->kind,
                                            .ret = x->ret,
                                            .params = x->params[0] == '?' ? "" : x->params,
                                            .impl = impls[i].fn ? &impls[i] : NULL};
    wg_map_put(&m->exports.by_name, ordinal_key(x->module, x->ordinal), i);
  }
  return WG_OK;
}

struct wg_export *wg_export_find(struct wg_machine *m, const char *module, uint16_t ordinal) {
  uint64_t i;
  return wg_map_get(&m->exports.by_name, ordinal_key(module, ordinal), &i) ? &m->exports.list[i] : NULL;
}

uint32_t wg_export_index(const struct wg_machine *m, const struct wg_export *x) {
  return (uint32_t)(x - m->exports.list);
}

// r3..r10, then doublewords on the caller's stack, of which a word is the lower half (docs/console.md#threads).
static void load_args(struct wg_kcall *k, const char *params) {
  memset(k->arg, 0, sizeof k->arg);
  for (size_t i = 0; params[i] && i < WG_NT_MAX_PARAMS; i++) {
    bool wide = params[i] == 'q' || params[i] == 'T';
    uint32_t slot =
        (uint32_t)k->cpu->gpr[1] + WG_AT_CALL_FRAME_ARGUMENTS + WG_SIZEOF_STACK_ARGUMENT * (uint32_t)(i - 8);
    uint64_t v = 0;
    if (i < 8)
      v = k->cpu->gpr[3 + i];
    else
      wg_mem_r64(k->m->mem, slot, &v);
    k->arg[i] = wide ? v : (uint32_t)v;
  }
}

static bool readable(struct wg_machine *m, uint32_t at, uint32_t n) {
  return at && wg_mem_ptr(m->mem, at, n, false) != NULL;
}

// The first of a kind has the bare key, the second "key2".
static void resolve_string(struct wg_buf *j, unsigned i, const struct wg_buf *text) {
  const char key[] = {'s', 't', 'r', 'i', 'n', 'g', i ? (char)('1' + i) : 0, 0};
  wg_json_str(j, key, text->data);
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
static void resolve(struct wg_kcall *k, const char *params, struct wg_buf *j) {
  struct wg_machine *m = k->m;
  struct wg_buf text = {0};
  unsigned objects = 0, strings = 0;
  wg_buf_char(j, '{');
  for (size_t i = 0; params[i] && i < WG_NT_MAX_PARAMS; i++) {
    uint32_t v = A(i);
    wg_buf_clear(&text);
    struct wg_object *o = NULL;
    switch (params[i]) {
    case 'h': o = wg_handle_get(m, v); break;
    case 'O': o = wg_object_placed(m, v); break;
    case 'o':
      if (!readable(m, v, 12)) break;
      wg_kansi(m, WG_GET(k->m, v, OBJECT_ATTRIBUTES, NAME), &text);
      if (text.len) wg_json_str(j, "path", text.data);
      break;
    case 'a':
      if (!readable(m, v, 8)) break;
      wg_kansi(m, v, &text);
      resolve_string(j, strings++, &text);
      break;
    case 's':
      if (!readable(m, v, 1)) break;
      wg_kstr(m, v, &text);
      resolve_string(j, strings++, &text);
      break;
    case 'w':
      if (!readable(m, v, 2)) break;
      wg_kwstr(m, v, &text);
      resolve_string(j, strings++, &text);
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
  m->calls.fault = false; // a bad pointer is the body's to find
  wg_buf_release(&text);
}

static void emit_call(struct wg_kcall *k, const struct wg_export *x, bool forced) {
  struct wg_event e;
  struct wg_buf j = {0};
  resolve(k, x->params, &j);
  wg_emit_init(k->m, &e, WG_EV_KERNEL_CALL);
  wg_ev_str(&e, WG_K_NAME, x->name);
  wg_ev_str(&e, WG_K_MODULE, x->module);
  wg_ev_dec(&e, WG_K_ORDINAL, x->ordinal);
  wg_ev_hex(&e, WG_K_LR, k->lr);
  size_t n = strlen(x->params);
  wg_ev_hexes(&e, WG_K_ARGS, k->arg, n > WG_NT_MAX_PARAMS ? WG_NT_MAX_PARAMS : n);
  wg_ev_raw(&e, WG_K_ARGS_RESOLVED, j.data, j.len);
  if (forced) wg_ev_bool(&e, WG_K_FORCED, true);
  wg_emit(k->m, &e);
  wg_buf_release(&j);
}

static void clear_out(struct wg_machine *m) {
  wg_buf_clear(&m->calls.out);
  wg_buf_char(&m->calls.out, '{');
}

void wg_kernel_return(struct wg_machine *m, struct wg_ctx *ctx, uint64_t rv) {
  const struct wg_export *x = ctx->call;
  if (x == NULL) return;
  char ret = x->ret;
  uint64_t by_itself = ret == 'T' ? rv : (uint32_t)rv;
  const uint64_t *forced = ret == 'v' ? NULL : wg_forced_return(m, ctx->thread, x->name, by_itself);
  if (forced) rv = *forced;
  // As the reference: what is not a pointer, a boolean or a time is extended by its sign.
  if (ret != 'v') ctx->cpu.gpr[3] = strchr("pbT", ret) ? rv : (uint64_t)(int32_t)rv;
  ctx->cpu.pc = ctx->call_lr & ~3u;
  ctx->call = NULL;
  struct wg_event e;
  wg_emit_init(m, &e, WG_EV_KERNEL_RETURN);
  e.tid = ctx->thread ? ctx->thread->tid : 0;
  e.cycle = ctx->cpu.cycle;
  wg_ev_str(&e, WG_K_NAME, x->name);
  wg_ev_hex(&e, WG_K_RV, ret == 'v' ? 0 : ret == 'T' ? rv : (uint32_t)rv);
  if (forced) wg_ev_hex(&e, WG_K_INSTEAD_OF, by_itself);
  if (ret == 'v') wg_ev_bool(&e, WG_K_VOID, true);
  if (ret == 'S') wg_ev_hex(&e, WG_K_STATUS, (uint32_t)rv);
  wg_buf_char(&m->calls.out, '}');
  wg_ev_raw(&e, WG_K_OUT, m->calls.out.data, m->calls.out.len);
  wg_emit(m, &e);
  clear_out(m);
}

// An export without a body returns STATUS_NOT_IMPLEMENTED from the families that return NTSTATUS, else 0.
static uint64_t unimplemented(struct wg_kcall *k, struct wg_export *x) {
  struct wg_machine *m = k->m;
  x->calls_unimplemented++;
  wg_json_bool(wg_out(k), "unimplemented", true);
  if (m->options.strict) {
    wg_buf_printf(&m->ending.report, "--strict: %s!%s (ordinal 0x%x) called from 0x%08x is not implemented\n",
                  x->module, x->name, x->ordinal, k->lr);
    wg_stop(m, WG_END_UNIMPLEMENTED);
  }
  return strncmp(x->name, "Nt", 2) == 0 ? STATUS_NOT_IMPLEMENTED : 0;
}

// The thunk holds sc, blr and the export's index (emu/loader); a forged one is an undefined instruction.
static struct wg_export *export_at(struct wg_machine *m, struct wg_cpu *c) {
  uint64_t insn, index;
  if (!wg_mem_r32(m->mem, c->pc, &insn) || insn != 0x44000042u ||
      !wg_mem_r32(m->mem, WG_ADDR(c->pc, THUNK, INDEX), &index) || index >= m->exports.n)
    return NULL;
  return &m->exports.list[index];
}

void wg_bad_pointer(struct wg_machine *m, struct wg_ctx *ctx) {
  static const char *const what[] = {
      [WG_BAD_ADDRESS] = "that is not accessible",
      [WG_BAD_OBJECT] = "to no dispatcher object",
      [WG_BAD_KIND] = "to a dispatcher object whose kind has changed while it is in use",
  };
  struct wg_buf b = {0};
  wg_buf_printf(&b, "%s was given a pointer %s: 0x%08x", ctx->call->name, what[m->calls.fault_what],
                m->calls.fault_addr);
  m->calls.fault = false;
  wg_exception(m, &ctx->cpu, b.data);
  wg_buf_release(&b);
}

// Runs the body of ctx->call, for the first time, again, or where it goes on.
static void run_call(struct wg_machine *m, struct wg_ctx *ctx, struct wg_kcall k) {
  struct wg_export *x = ctx->call;
  if (m->ending.cut_short) return;
  wg_outputs_begin(&k, x->params);
  uint64_t rv = x->impl ? x->impl->fn(&k) : unimplemented(&k, x);
  if (m->ending.cut_short) { // it has no return, and whatever it did so far is nobody's
    m->calls.outputs.on = false;
    return;
  }
  if (m->calls.fault) {
    m->calls.outputs.on = false;
    clear_out(m);
    wg_bad_pointer(m, ctx);
    return;
  }
  if (k.state == WG_CALL_DONE) {
    wg_outputs_end(&k, x->params);
    m->clock.used += WG_CALL_NS + wg_work_due(m);
    wg_kernel_return(m, ctx, rv);
  }
  if (k.state == WG_CALL_NO_RETURN) ctx->call = NULL;
  m->calls.outputs.on = false;
  // A call that goes on later adds to its out{} when it completes.
  if (k.state != WG_CALL_DONE) clear_out(m);
}

static struct wg_kcall call_of(struct wg_machine *m, struct wg_ctx *ctx) {
  return (struct wg_kcall){.m = m, .ctx = ctx, .cpu = &ctx->cpu, .thread = ctx->thread, .lr = (uint32_t)ctx->cpu.lr};
}

static void make_call(struct wg_machine *m, struct wg_ctx *ctx, struct wg_kcall *k, struct wg_export *x, bool forced) {
  ctx->call = x;
  ctx->call_lr = k->lr;
  memcpy(ctx->call_arg, k->arg, sizeof k->arg);
  emit_call(k, x, forced);
  run_call(m, ctx, *k);
}

// A call that the thread does not make itself, between two instructions of its own: nothing but what the call does is
// another. False: the run has ended in it.
static bool call_besides(struct wg_machine *m, struct wg_ctx *ctx, bool behind) {
  const struct wg_forced_call *f = wg_forced_call(m, ctx->thread, behind);
  if (f == NULL) return true;
  struct wg_kcall k = call_of(m, ctx);
  uint64_t result = ctx->cpu.gpr[3];
  uint32_t pc = ctx->cpu.pc;
  memcpy(k.arg, f->args, sizeof k.arg);
  make_call(m, ctx, &k, &m->exports.list[wg_nt_index(wg_nt_find(f->name, strlen(f->name)))], true);
  if (m->ending.cut_short || m->ending.stopped) return false;
  WG_ASSERT(ctx->call == NULL, "a call that is made besides returns at once");
  ctx->cpu.gpr[3] = result;
  ctx->cpu.pc = pc;
  return true;
}

// Which call it is, and with what, is read once: the thunk and the stack are the guest's, who may write there while the
// call waits, spins or runs guest code.
void wg_kernel_call(struct wg_machine *m, struct wg_ctx *ctx) {
  struct wg_kcall k = call_of(m, ctx);
  struct wg_export *x = export_at(m, &ctx->cpu);
  if (x == NULL) {
    wg_exception(m, &ctx->cpu, "system call outside an import thunk");
    return;
  }
  if (!call_besides(m, ctx, false)) return;
  load_args(&k, x->params);
  make_call(m, ctx, &k, x, false);
  if (ctx->call == NULL) (void)call_besides(m, ctx, true);
}

void wg_kernel_again(struct wg_machine *m, struct wg_ctx *ctx) {
  struct wg_kcall k = call_of(m, ctx);
  k.lr = ctx->call_lr;
  memcpy(k.arg, ctx->call_arg, sizeof k.arg);
  run_call(m, ctx, k);
}

void wg_kernel_resume(struct wg_machine *m, struct wg_ctx *ctx, const uint64_t *arg, struct wg_resume *data,
                      uint64_t result) {
  struct wg_kcall k = call_of(m, ctx);
  k.lr = ctx->call_lr;
  memcpy(k.arg, arg, sizeof k.arg);
  k.resumed = true;
  k.data = data;
  k.result = result;
  run_call(m, ctx, k);
}

void wg_exports_release(struct wg_exports *x) {
  for (size_t i = NKNOWN; i < x->n; i++) {
    free((char *)(uintptr_t)x->list[i].name);
    free((char *)(uintptr_t)x->list[i].module);
  }
  free(x->list);
  wg_map_release(&x->by_name);
  *x = (struct wg_exports){.n = 0};
}

void wg_exports_state(struct wg_archive *a, struct wg_machine *m) {
  struct wg_exports *x = &m->exports;
  wg_ar_part(a, "exports");
  size_t unknown = wg_ar_count(a, x->n - NKNOWN, MAX_UNKNOWN);
  for (; wg_ar_loading(a) && x->n > NKNOWN; x->n--) {
    free((char *)(uintptr_t)x->list[x->n - 1].name);
    free((char *)(uintptr_t)x->list[x->n - 1].module);
  }
  for (size_t i = 0; i < unknown; i++) {
    struct wg_export none = {.module = NULL}, *u = wg_ar_loading(a) ? &none : &x->list[NKNOWN + i];
    uint32_t ordinal = wg_ar_kind(a, u->ordinal, 65536), function = wg_ar_kind(a, u->kind == 'F', 2);
    char *module = wg_ar_text(a, u->module);
    if (wg_ar_loading(a)) wg_export_unknown(m, module ? module : "", (uint16_t)ordinal, function);
    free(module);
  }
  for (size_t i = 0; i < x->n; i++) {
    wg_ar_u32(a, &x->list[i].address);
    wg_ar_u32(a, &x->list[i].calls_unimplemented);
  }
  wg_ar_bool(a, &x->filled);
}

// Whom to look at, and what addresses are called.
#include "emu/look/look.h"

#include <string.h>

#include "emu/kernel/kernel.h"

static bool somebody(struct wg_look *l, const struct wg_ctx *ctx, unsigned hw) {
  l->ctx = ctx;
  l->hw = hw;
  return true;
}

static bool thread(struct wg_look *l, uint32_t tid) {
  const struct wg_thread *t = wg_thread_by_tid(l->m, tid);
  return t && somebody(l, &t->ctx, t->run.hw);
}

// The interrupt that runs, or the first that was interrupted itself: by nothing but the window's end.
static bool interrupt(struct wg_look *l) {
  const struct wg_sched *s = &l->m->sched;
  if (s->cur && s->cur->thread == NULL) return somebody(l, s->cur, s->cur_hw);
  for (unsigned i = 0; i < WG_HW_THREADS; i++)
    if (s->hw[i].irq_active) return somebody(l, &s->hw[i].irq, i);
  return false;
}

int wg_look_begin(struct wg_look *l, const struct wg_machine *m, const uint32_t *tid, uint32_t otherwise,
                  struct wg_err *err) {
  *l = (struct wg_look){.m = m};
  if (tid && *tid == 0 && !interrupt(l))
    return wg_fail(err, WG_INPUT, "thread 0: no interrupt is in progress at this position");
  if (tid && *tid) {
    if (thread(l, *tid)) return WG_OK;
    const struct wg_threads *all = &m->threads;
    bool gone = *tid <= all->last_tid;
    return wg_fail(err, WG_INPUT, "thread %u: %s at this position; there are threads up to %u (`threads` lists them)",
                   *tid, gone ? "it has ended and nothing knows it any more" : "there is no such thread yet",
                   all->last_tid);
  }
  if (l->ctx) return WG_OK;
  if (m->sched.cur) {
    somebody(l, m->sched.cur, m->sched.cur_hw);
    return WG_OK;
  }
  if (otherwise && thread(l, otherwise)) return WG_OK;
  for (unsigned i = 0; i < WG_HW_THREADS; i++) {
    const struct wg_thread *t = wg_thread_of(m->sched.hw[i].q.current);
    if (t && somebody(l, &t->ctx, i)) return WG_OK;
  }
  if (m->threads.n && thread(l, m->threads.list[0]->tid)) return WG_OK;
  return wg_fail(err, WG_INPUT, "there is no thread at this position");
}

// The image's own TimeDateStamp, if its header is in memory.
static bool timestamp(const struct wg_machine *m, uint32_t base, uint32_t *out) {
  uint8_t dos[WG_SIZEOF_DOS_HEADER], nt[WG_AT_PE_HEADER_TIME_STAMP + WG_WIDTH_PE_HEADER_TIME_STAMP];
  if (!wg_mem_peek(m->mem, base, dos, sizeof dos) || dos[0] != 'M' || dos[1] != 'Z') return false;
  uint32_t at = base + WG_LOAD_LE(dos, DOS_HEADER, NEW);
  if (!wg_mem_peek(m->mem, at, nt, sizeof nt) || memcmp(nt, "PE\0\0", 4) != 0) return false;
  *out = WG_LOAD_LE(nt, PE_HEADER, TIME_STAMP);
  return *out != 0;
}

int wg_look_symbols(struct wg_look *l, const struct wg_symbols *s, const char *path, struct wg_err *err) {
  const struct wg_symbols_about *about = wg_symbols_of(s);
  const struct wg_image *title = &l->m->image;
  const struct wg_label *all = wg_symbols_all(s);
  uint32_t stamp;
  size_t inside = 0;
  if (about->has_timestamp && timestamp(l->m, title->base, &stamp) && stamp != about->timestamp)
    return wg_fail(err, WG_INPUT, "%s: it is of another build: its timestamp is 0x%08x, the title's image has 0x%08x",
                   path, about->timestamp, stamp);
  for (size_t i = 0; i < wg_symbols_count(s); i++) inside += all[i].addr - title->base < title->size;
  if (inside == 0)
    return wg_fail(err, WG_INPUT, "%s: none of its symbols is in the title's image, which is at 0x%08x to 0x%08x", path,
                   title->base, title->base + title->size - 1);
  l->symbols = s;
  return WG_OK;
}

// The thunk of a kernel call is `sc`, `blr` and the export's index (emu/kernel/module.c).
static const struct wg_export *thunk_at(const struct wg_machine *m, uint32_t addr) {
  uint32_t word, index;
  if (!wg_mem_peek32(m->mem, addr, &word) || word != 0x44000042u) return NULL;
  if (!wg_mem_peek32(m->mem, addr + 8, &index) || index >= m->exports.n) return NULL;
  return &m->exports.list[index];
}

static const char *sentinel(uint32_t addr) {
  switch (addr & ~3u) {
  case WG_RETURN_SENTINEL: return "(the thread's end)";
  case WG_IRQ_SENTINEL: return "(the interrupt's end)";
  case WG_APC_SENTINEL: return "(the APC's end)";
  case WG_CALL_SENTINEL: return "(back to the kernel)";
  default: return NULL;
  }
}

struct wg_place wg_look_place(const struct wg_look *l, uint32_t addr) {
  struct wg_place p = {.special = sentinel(addr), .module = wg_module_containing(l->m, addr)};
  bool title = p.module && l->m->modules.n && p.module == l->m->modules.list[0];
  if (p.special) return p;
  if (title && l->symbols) p.symbol = wg_symbols_at(l->symbols, addr);
  if (p.symbol && p.symbol->addr - p.module->image->base >= p.module->image->size) p.symbol = NULL;
  if (p.symbol == NULL) p.call = thunk_at(l->m, addr);
  p.offset = p.symbol ? addr - p.symbol->addr : p.call || p.module == NULL ? 0 : addr - p.module->image->base;
  return p;
}

void wg_look_put_place(const struct wg_look *l, uint32_t addr, struct wg_buf *out) {
  struct wg_place p = wg_look_place(l, addr);
  const char *name = p.special  ? p.special
                     : p.symbol ? p.symbol->name
                     : p.call   ? p.call->name
                     : p.module ? p.module->name
                                : NULL;
  if (name) wg_buf_str(out, name);
  if (p.call && !p.symbol && !p.special) wg_buf_str(out, " (kernel)");
  if (name && p.offset) wg_buf_printf(out, "+0x%x", p.offset);
}

const struct wg_cpu *wg_look_cpu(const struct wg_look *l) { return &l->ctx->cpu; }

uint32_t wg_look_code_at(const struct wg_look *l) {
  uint32_t at = l->ctx->call_lr - 4, word;
  return l->ctx->call && at % 4 == 0 && wg_mem_peek32(l->m->mem, at, &word) ? at : l->ctx->cpu.pc;
}

// The views of whom is looked at, as text and as JSON: where it is, registers, memory, code, stack.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/look/table.h"

// The name of an address between two texts, or nothing if it has none.
static void put_named(const struct wg_look *l, const char *before, uint32_t addr, const char *after,
                      struct wg_buf *out) {
  size_t was = out->len;
  wg_buf_str(out, before);
  size_t begun = out->len;
  wg_look_put_place(l, addr, out);
  if (out->len == begun)
    out->len = was;
  else
    wg_buf_str(out, after);
}

static void put_hex_place(const struct wg_look *l, uint32_t addr, struct wg_buf *out) {
  wg_buf_printf(out, "0x%08x", addr);
  put_named(l, " ", addr, "", out);
}

// --- where ------------------------------------------------------------------------------------------

void wg_look_put_where(const struct wg_look *l, bool json, struct wg_buf *out) {
  const struct wg_machine *m = l->m;
  const struct wg_ctx *ctx = l->ctx;
  const struct wg_thread *t = ctx->thread;
  uint32_t pc = ctx->cpu.pc;
  uint64_t idx = t ? t->idx : m->threads.idx0;
  const char *state = t ? wg_look_state(t) : "interrupt";
  bool current = m->sched.cur == ctx;
  if (json) {
    wg_buf_char(out, '{');
    wg_json_u64(out, "tid", t ? t->tid : 0);
    wg_json_u64(out, "idx", idx);
    wg_json_u64(out, "cycle", ctx->cpu.cycle);
    wg_json_u64(out, "time_ns", wg_now(m));
    wg_json_u64(out, "window", m->clock.windows);
    wg_json_u64(out, "frame", wg_gpu_frames(m->gpu));
    wg_json_u64(out, "events", m->sched.events);
    wg_json_u64(out, "hw", l->hw);
    wg_json_str(out, "state", state);
    wg_json_bool(out, "current", current);
    wg_json_key(out, "pc");
    wg_json_place(l, pc, out);
    wg_json_key(out, "call");
    if (ctx->call)
      wg_buf_json(out, ctx->call->name, strlen(ctx->call->name));
    else
      wg_buf_str(out, "null");
    wg_buf_char(out, '}');
    return;
  }
  if (t)
    wg_buf_printf(out, "thread %u", t->tid);
  else
    wg_buf_printf(out, "interrupt");
  wg_buf_printf(out, " %s on hardware thread %u, before its event %llu, at cycle %llu and ", current ? "runs" : state,
                l->hw, (unsigned long long)idx, (unsigned long long)ctx->cpu.cycle);
  wg_put_seconds(out, wg_now(m));
  wg_buf_printf(out, ", frame %llu\n", (unsigned long long)wg_gpu_frames(m->gpu));
  wg_buf_str(out, ctx->call ? "in kernel call " : "at ");
  if (ctx->call) wg_buf_printf(out, "%s, called from ", ctx->call->name);
  put_hex_place(l, ctx->call ? ctx->call_lr : pc, out);
  wg_buf_char(out, '\n');
}

// --- registers ----------------------------------------------------------------------------------------

static void regs_json(const struct wg_look *l, struct wg_buf *out) {
  struct wg_reg r;
  wg_buf_char(out, '{');
  for (unsigned i = 0; i < WG_REGS; i++) {
    wg_cpu_reg(wg_look_cpu(l), i, &r);
    wg_json_key(out, r.name);
    if (r.bytes == 16)
      wg_buf_printf(out, "\"%08x %08x %08x %08x\"", r.word[0], r.word[1], r.word[2], r.word[3]);
    else
      wg_buf_printf(out, "\"0x%llx\"", (unsigned long long)r.value);
  }
  wg_buf_char(out, '}');
}

static bool is_zero(const struct wg_reg *r) {
  return r->bytes == 16 ? !(r->word[0] | r->word[1] | r->word[2] | r->word[3]) : r->value == 0;
}

static void put_reg(const struct wg_reg *r, struct wg_buf *out) {
  wg_buf_printf(out, "%-6s ", r->name);
  if (r->bytes == 16)
    wg_buf_printf(out, "%08x %08x %08x %08x", r->word[0], r->word[1], r->word[2], r->word[3]);
  else
    wg_buf_printf(out, "%0*llx", 2 * (int)r->bytes, (unsigned long long)r->value);
}

// Those of [from, from + n) that are not 0, some a line; and how many are.
static void put_others(const struct wg_look *l, unsigned from, unsigned n, unsigned columns, const char *what,
                       struct wg_buf *out) {
  unsigned shown = 0;
  struct wg_reg r;
  for (unsigned i = from; i < from + n; i++) {
    wg_cpu_reg(wg_look_cpu(l), i, &r);
    if (is_zero(&r)) continue;
    wg_buf_str(out, shown % columns ? "  " : "");
    put_reg(&r, out);
    if (++shown % columns == 0) wg_buf_char(out, '\n');
  }
  if (shown % columns) wg_buf_char(out, '\n');
  if (shown < n) wg_buf_printf(out, "(%s%u %s registers are 0)\n", shown ? "the other " : "all ", n - shown, what);
}

void wg_look_put_regs(const struct wg_look *l, bool json, struct wg_buf *out) {
  static const unsigned special[][4] = {{WG_REG_PC, WG_REG_PC + 1, WG_REG_PC + 2, WG_REG_PC + 5},
                                        {WG_REG_PC + 3, WG_REG_PC + 4, WG_REG_PC + 6, WG_REG_VSCR}};
  struct wg_reg r;
  if (json) {
    regs_json(l, out);
    return;
  }
  for (unsigned i = 0; i < 8; i++) {
    wg_cpu_reg(wg_look_cpu(l), special[i / 4][i % 4], &r);
    put_reg(&r, out);
    wg_buf_str(out, i % 4 == 3 ? "\n" : "  ");
    if (i % 4 != 3 && r.bytes == 4) wg_buf_str(out, "        ");
  }
  for (unsigned i = 0; i < 32; i++) {
    wg_cpu_reg(wg_look_cpu(l), i, &r);
    put_reg(&r, out);
    wg_buf_str(out, i % 4 == 3 ? "\n" : "  ");
  }
  put_others(l, WG_REG_F0, 32, 4, "floating-point", out);
  put_others(l, WG_REG_V0, 128, 2, "vector", out);
}

// --- memory -------------------------------------------------------------------------------------------

static void area_json(const struct wg_area *a, struct wg_buf *out) {
  struct wg_buf what = {0};
  wg_look_put_area(a, &what);
  wg_buf_char(out, '{');
  wg_json_hex(out, "begin", a->base);
  wg_json_u64(out, "size", a->size);
  wg_json_bool(out, "read", a->read);
  wg_json_bool(out, "write", a->write);
  wg_json_str(out, "what", what.data);
  wg_buf_char(out, '}');
  wg_buf_release(&what);
}

static void areas_of(const struct wg_machine *m, uint32_t addr, uint32_t n, bool json, struct wg_buf *out) {
  struct wg_area a;
  for (uint64_t at = addr, first = true; at < (uint64_t)addr + n; at = a.base + a.size, first = false) {
    wg_look_area(m, (uint32_t)at, &a);
    if (json) {
      if (!first) wg_buf_char(out, ',');
      area_json(&a, out);
      continue;
    }
    wg_buf_printf(out, "0x%08x to 0x%08x  %c%c  ", a.base, (uint32_t)(a.base + a.size - 1), a.read ? 'r' : '-',
                  a.write ? 'w' : '-');
    wg_look_put_area(&a, out);
    wg_buf_char(out, '\n');
  }
}

static void dump_line(uint32_t addr, const uint8_t *p, uint32_t n, struct wg_buf *out) {
  wg_buf_printf(out, "%08x ", addr);
  for (uint32_t i = 0; i < 16; i++) {
    if (i % 4 == 0) wg_buf_char(out, ' ');
    if (i < n)
      wg_buf_printf(out, "%02x", p[i]);
    else
      wg_buf_str(out, "  ");
  }
  wg_buf_str(out, "  |");
  for (uint32_t i = 0; i < n; i++) wg_buf_char(out, p[i] >= 0x20 && p[i] < 0x7F ? (char)p[i] : '.');
  wg_buf_str(out, "|\n");
}

int wg_look_put_memory(const struct wg_look *l, uint32_t addr, uint32_t n, bool json, struct wg_buf *out,
                       struct wg_err *err) {
  uint8_t *bytes = wg_xcalloc((size_t)n + 1, 1);
  int code = wg_look_read(l->m, addr, bytes, n, err);
  if (code == WG_OK && json) {
    wg_buf_str(out, "{\"at\":");
    wg_json_place(l, addr, out);
    wg_json_u64(out, "size", n);
    wg_buf_str(out, ",\"areas\":[");
    areas_of(l->m, addr, n, true, out);
    wg_buf_str(out, "],\"bytes\":\"");
    for (uint32_t i = 0; i < n; i++) wg_buf_printf(out, "%02x", bytes[i]);
    wg_buf_str(out, "\"}");
  } else if (code == WG_OK) {
    areas_of(l->m, addr, n, false, out);
    for (uint64_t i = 0; i < n; i += 16)
      dump_line((uint32_t)(addr + i), bytes + i, n - i < 16 ? (uint32_t)(n - i) : 16, out);
  }
  free(bytes);
  return code;
}

// --- code ---------------------------------------------------------------------------------------------

// Where a branch goes that says so itself.
static bool target_of(uint32_t word, uint32_t pc, uint32_t *to) {
  unsigned op = word >> 26;
  if (op != 18 && op != 16) return false;
  uint32_t d = op == 18 ? (uint32_t)((int32_t)(word << 6) >> 6) : (uint32_t)(int16_t)word;
  *to = (d & ~3u) + (word & 2 ? 0 : pc);
  return true;
}

static void code_line(const struct wg_look *l, uint32_t addr, uint32_t word, bool json, struct wg_buf *out) {
  char text[96];
  uint32_t to;
  bool here = addr == wg_look_code_at(l), branch = target_of(word, addr, &to);
  wg_disasm(word, addr, text, sizeof text);
  if (json) {
    wg_buf_str(out, "{\"at\":");
    wg_json_place(l, addr, out);
    wg_buf_printf(out, ",\"word\":\"0x%08x\"", word);
    wg_json_str(out, "text", text);
    wg_json_key(out, "target");
    if (branch)
      wg_json_place(l, to, out);
    else
      wg_buf_str(out, "null");
    wg_json_bool(out, "here", here);
    wg_buf_char(out, '}');
    return;
  }
  wg_buf_printf(out, "%s %08x  %08x  %s", here ? "=>" : "  ", addr, word, text);
  if (branch) put_named(l, "  <", to, ">", out);
  wg_buf_char(out, '\n');
}

// A line for each function that begins here.
static void label_line(const struct wg_look *l, uint32_t addr, bool first, struct wg_buf *out) {
  struct wg_place p = wg_look_place(l, addr);
  bool begins = (p.symbol || p.call) && p.offset == 0;
  if (!begins && !first) return;
  put_named(l, "", addr, ":\n", out);
}

int wg_look_put_code(const struct wg_look *l, uint32_t addr, uint32_t before, uint32_t n, bool json, struct wg_buf *out,
                     struct wg_err *err) {
  uint32_t word;
  if (addr % 4) return wg_fail(err, WG_INPUT, "0x%08x: instructions lie at multiples of 4", addr);
  if (!wg_mem_peek32(l->m->mem, addr, &word)) {
    struct wg_area a;
    struct wg_buf what = {0};
    wg_look_area(l->m, addr, &a);
    wg_look_put_area(&a, &what);
    wg_fail(err, WG_INPUT, "0x%08x: no code: %s there", addr, what.data);
    wg_buf_release(&what);
    return WG_INPUT;
  }
  uint32_t from = addr, left = n;
  while (before-- && from >= 4 && wg_mem_peek32(l->m->mem, from - 4, &word)) from -= 4;
  if (json) wg_buf_char(out, '[');
  for (uint64_t at = from; at < 1ull << 32 && wg_mem_peek32(l->m->mem, (uint32_t)at, &word); at += 4) {
    if (at >= addr && left-- == 0) break;
    if (json && at != from) wg_buf_char(out, ',');
    if (!json) label_line(l, (uint32_t)at, at == from, out);
    code_line(l, (uint32_t)at, word, json, out);
  }
  if (json) wg_buf_char(out, ']');
  return WG_OK;
}

// --- the stack ----------------------------------------------------------------------------------------

static const char *const bys[] = {[WG_BY_NOTHING] = "nothing",   [WG_BY_KERNEL] = "kernel", [WG_BY_TABLE] = "pdata",
                                  [WG_BY_EPILOGUE] = "epilogue", [WG_BY_LEAF] = "leaf",     [WG_BY_CHAIN] = "chain"};
static const char *const frame_kinds[] = {[WG_FRAME_CODE] = "code",
                                          [WG_FRAME_CALL] = "kernel-call",
                                          [WG_FRAME_FAULT] = "fault",
                                          [WG_FRAME_START] = "start",
                                          [WG_FRAME_APC] = "apc"};

static void frame_json(const struct wg_look *l, const struct wg_look_frame *f, struct wg_buf *out) {
  wg_buf_char(out, '{');
  wg_json_str(out, "kind", frame_kinds[f->kind]);
  wg_json_key(out, "pc");
  wg_json_place(l, f->pc, out);
  wg_json_hex(out, "sp", f->sp);
  wg_json_bool(out, "returns_here", f->called);
  wg_json_key(out, "function");
  if (f->function)
    wg_json_place(l, f->function, out);
  else
    wg_buf_str(out, "null");
  wg_json_key(out, "call");
  if (f->call)
    wg_buf_json(out, f->call->name, strlen(f->call->name));
  else
    wg_buf_str(out, "null");
  wg_json_str(out, "caller_by", bys[f->by]);
  wg_buf_char(out, '}');
}

static void frame_line(const struct wg_look *l, const struct wg_look_frame *f, size_t n, struct wg_buf *out) {
  static const char *const notes[] = {[WG_BY_LEAF] = "  (leaf)", [WG_BY_CHAIN] = "  (caller by back chain)"};
  wg_buf_printf(out, "#%-3zu 0x%08x  sp 0x%08x", n, f->pc, f->sp);
  switch (f->kind) {
  case WG_FRAME_CODE:
    // What a call returns to can be the next function already, if it never does.
    if (f->called && wg_look_place(l, f->pc - 4).symbol != wg_look_place(l, f->pc).symbol) {
      put_named(l, "  ", f->pc - 4, "+4", out);
    } else {
      put_named(l, "  ", f->pc, "", out);
    }
    if (f->by == WG_BY_LEAF || f->by == WG_BY_CHAIN) wg_buf_str(out, notes[f->by]);
    break;
  case WG_FRAME_CALL: wg_buf_printf(out, "  kernel call %s", f->call->name); break;
  case WG_FRAME_FAULT:
    wg_buf_str(out, "  the processor stopped here, handlers run:");
    put_named(l, " ", f->pc, "", out);
    break;
  case WG_FRAME_START: wg_buf_str(out, "  the kernel, before the thread's own code"); break;
  case WG_FRAME_APC: wg_buf_str(out, "  an APC was delivered here"); break;
  }
  wg_buf_char(out, '\n');
}

void wg_look_put_stack(const struct wg_look *l, bool json, struct wg_buf *out) {
  struct wg_look_stack s;
  wg_look_stack(l, &s);
  if (json) wg_buf_str(out, "{\"frames\":[");
  for (size_t i = 0; i < s.n; i++) {
    if (json && i) wg_buf_char(out, ',');
    if (json)
      frame_json(l, &s.frames[i], out);
    else
      frame_line(l, &s.frames[i], i, out);
  }
  if (json)
    wg_buf_printf(out, "],\"whole\":%s,\"end\":\"%s\"}", s.whole ? "true" : "false", s.end);
  else
    wg_buf_printf(out, "%s%s\n", s.whole ? "" : "the stack cannot be followed further: ", s.end);
  wg_look_stack_release(&s);
}

// What wedge last-write, first-read and values say of an access.
#include "cli/found.h"

#include <string.h>

#include "base/file.h"
#include "emu/cpu/regs.h"
#include "emu/look/look.h"
#include "probe/hits.h"
#include "travel/travel.h"

void wg_cli_put_bytes(const uint8_t *bytes, uint32_t n, struct wg_buf *out) {
  char hex[2 * WG_HITS_BYTES + 1];
  wg_hex(bytes, n < WG_HITS_BYTES ? n : WG_HITS_BYTES, hex);
  wg_buf_printf(out, "0x%s%s", hex, n > WG_HITS_BYTES ? "..." : "");
}

void wg_cli_json_bytes(const char *key, const uint8_t *bytes, uint32_t n, struct wg_buf *out) {
  struct wg_buf b = {0};
  wg_cli_put_bytes(bytes, n, &b);
  wg_json_str(out, key, b.data);
  wg_buf_release(&b);
}

int wg_cli_map_read(struct wg_cli_map *m, struct wg_err *err) {
  return m->path ? wg_symbols_read(&m->symbols, m->path, err) : WG_OK;
}

int wg_cli_map_check(const struct wg_cli_map *m, const struct wg_travel *t, struct wg_err *err) {
  struct wg_look l;
  if (m->symbols == NULL) return WG_OK;
  WG_TRY(wg_look_begin(&l, wg_travel_machine(t), NULL, 0, err));
  return wg_look_symbols(&l, m->symbols, m->path, err);
}

void wg_cli_map_release(struct wg_cli_map *m) {
  wg_symbols_free(m->symbols);
  m->symbols = NULL;
}

void wg_cli_put_name(const struct wg_symbols *s, uint32_t addr, struct wg_buf *out) {
  const struct wg_label *label = s ? wg_symbols_at(s, addr) : NULL;
  if (label == NULL) return;
  wg_buf_printf(out, " <%s", label->name);
  if (addr != label->addr) wg_buf_printf(out, "+0x%x", addr - label->addr);
  wg_buf_char(out, '>');
}

static void put_pc(uint32_t pc, uint32_t word, const struct wg_symbols *s, struct wg_buf *out) {
  char text[96];
  wg_disasm(word, pc, text, sizeof text);
  wg_buf_printf(out, "pc 0x%08x", pc);
  wg_cli_put_name(s, pc, out);
  wg_buf_printf(out, " (%08x  %s)", word, text);
}

void wg_cli_put_who(const struct wg_hit *h, const char *call, const struct wg_symbols *s, struct wg_buf *out) {
  if (h->by_code && h->at.tid)
    wg_buf_printf(out, "thread %u at ", h->at.tid);
  else if (h->by_code)
    wg_buf_printf(out, "an interrupt on hardware thread %u at ", h->at.hw);
  if (h->by_code) {
    put_pc(h->cpu.pc, h->word, s, out);
    wg_buf_printf(out, ", cycle %llu", (unsigned long long)h->at.cycle);
  } else if (call) {
    wg_buf_printf(out, "thread %u's call of %s", h->at.tid, call);
  } else if (h->at.in_turn) {
    wg_buf_printf(out, "the kernel, in thread %u's turn", h->at.tid);
  } else {
    wg_buf_str(out, "a device, or the kernel between turns");
  }
}

void wg_cli_put_regs(const struct wg_hit *h, const unsigned *regs, size_t n, bool json, struct wg_buf *out) {
  struct wg_reg reg;
  for (size_t i = 0; h->has_cpu && i < n; i++) {
    struct wg_buf b = {0};
    wg_cpu_reg(&h->cpu, regs[i], &reg);
    if (reg.bytes == 16)
      wg_buf_printf(&b, "0x%08x%08x%08x%08x", reg.word[0], reg.word[1], reg.word[2], reg.word[3]);
    else
      wg_buf_printf(&b, "0x%llx", (unsigned long long)reg.value);
    if (json)
      wg_json_str(out, reg.name, b.data);
    else
      wg_buf_printf(out, "  %s %s", reg.name, b.data);
    wg_buf_release(&b);
  }
}

void wg_cli_json_who(const struct wg_hit *h, const char *call, const struct wg_symbols *s, struct wg_buf *out) {
  char text[96];
  wg_json_str(out, "by", h->by_code ? "instruction" : call ? "call" : h->at.in_turn ? "kernel" : "device");
  wg_json_u64(out, "tid", h->at.tid);
  if (h->by_code) {
    wg_disasm(h->word, h->cpu.pc, text, sizeof text);
    wg_json_hex(out, "pc", h->cpu.pc);
    wg_json_hex(out, "word", h->word);
    wg_json_str(out, "text", text);
    const struct wg_label *label = s ? wg_symbols_at(s, h->cpu.pc) : NULL;
    if (label) wg_json_str(out, "symbol", label->name);
    if (label) wg_json_u64(out, "offset", h->cpu.pc - label->addr);
  }
  if (call) wg_json_str(out, "call", call);
  wg_json_u64(out, "cycle", h->at.cycle);
  wg_json_u64(out, "next_idx", h->at.idx);
  wg_json_u64(out, "insn", h->at.retired);
  wg_json_u64(out, "host_ns", h->at.now_ns);
  wg_json_bool(out, "pointer", h->pointer);
  wg_json_hex(out, "addr", h->addr);
  wg_json_u64(out, "size", h->len);
}

int wg_cli_registers(const char *list, unsigned numbers[WG_REGS], size_t *n, struct wg_err *err) {
  *n = 0;
  for (const char *at = list; at && *at;) {
    size_t len = strcspn(at, ",");
    unsigned number;
    bool again = false;
    if (!wg_cpu_reg_number(at, len, &number))
      return wg_fail(err, WG_INPUT, "--regs: column %zu: '%.*s' is no register: " WG_REG_NAMES, (size_t)(at - list) + 1,
                     (int)(len < 40 ? len : 40), at);
    for (size_t i = 0; i < *n; i++) again |= numbers[i] == number;
    if (!again) numbers[(*n)++] = number;
    at += len + (at[len] == ',');
    if (*at == 0 && at[-1] == ',') return wg_fail(err, WG_INPUT, "--regs: a register is missing behind the last comma");
  }
  return WG_OK;
}

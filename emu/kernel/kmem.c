// Guest memory as kernel code sees it, and the pool that kernel objects and ExAllocatePool come from.
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "emu/kernel/kernel.h"
#include "emu/kernel/state.h"

static void bad_pointer(struct wg_machine *m, uint32_t addr) {
  if (m->calls.fault) return;
  m->calls.fault = true;
  m->calls.fault_addr = addr;
  m->calls.fault_what = WG_BAD_ADDRESS;
}

uint64_t wg_kr(struct wg_machine *m, uint32_t addr, unsigned size) {
  uint64_t v = 0;
  wg_work(m, 1);
  bool ok = size == 1   ? wg_mem_r8(m->mem, addr, &v)
            : size == 2 ? wg_mem_r16(m->mem, addr, &v)
            : size == 4 ? wg_mem_r32(m->mem, addr, &v)
                        : wg_mem_r64(m->mem, addr, &v);
  if (!ok) bad_pointer(m, addr);
  return v;
}

void wg_kw(struct wg_machine *m, uint32_t addr, unsigned size, uint64_t v) {
  wg_work(m, 1);
  bool ok = size == 1   ? wg_mem_w8(m->mem, addr, (uint8_t)v)
            : size == 2 ? wg_mem_w16(m->mem, addr, (uint16_t)v)
            : size == 4 ? wg_mem_w32(m->mem, addr, (uint32_t)v)
                        : wg_mem_w64(m->mem, addr, v);
  if (!ok) bad_pointer(m, addr);
  if (m->calls.outputs.on) wg_outputs_note(&m->calls.outputs, addr, size);
}

uint64_t wg_peek(struct wg_machine *m, uint32_t addr, unsigned size) {
  bool fault = m->calls.fault;
  uint64_t v = wg_kr(m, addr, size);
  m->calls.fault = fault;
  return v;
}

void wg_poke(struct wg_machine *m, uint32_t addr, unsigned size, uint64_t v) {
  bool fault = m->calls.fault;
  wg_kw(m, addr, size, v);
  m->calls.fault = fault;
}

uint8_t *wg_kptr(struct wg_machine *m, uint32_t addr, uint32_t len, bool write) {
  if (len == 0) return m->mem->base; // nothing may lie anywhere, and nobody looks at it
  uint8_t *p = wg_mem_ptr(m->mem, addr, len, write);
  if (p) wg_work(m, len / 8);
  if (p == NULL) bad_pointer(m, addr);
  if (write && m->calls.outputs.on) wg_outputs_note(&m->calls.outputs, addr, len);
  return p;
}

void wg_list_init(struct wg_machine *m, uint32_t at) {
  WG_PUT(m, at, LIST_ENTRY, FLINK, at);
  WG_PUT(m, at, LIST_ENTRY, BLINK, at);
}

void wg_dispatcher_init(struct wg_machine *m, uint32_t at, unsigned type, uint32_t state) {
  wg_kw(m, at, 4, (uint64_t)type << 24);
  WG_PUT(m, at, DISPATCHER_HEADER, STATE, state);
  wg_list_init(m, WG_ADDR(at, DISPATCHER_HEADER, WAIT_LIST));
}

#define MAX_STRING 65536u

void wg_kstr(struct wg_machine *m, uint32_t addr, struct wg_buf *out) {
  wg_buf_reserve(out, 1);
  for (uint32_t i = 0; i < MAX_STRING; i++) {
    char c = (char)wg_kr(m, addr + i, 1);
    if (c == 0 || m->calls.fault) break;
    wg_buf_char(out, c);
  }
}

void wg_kwstr(struct wg_machine *m, uint32_t addr, struct wg_buf *out) {
  wg_buf_reserve(out, 1);
  for (uint32_t i = 0; i < MAX_STRING; i++) {
    uint64_t c = wg_kr(m, addr + 2 * i, 2);
    if (c == 0 || m->calls.fault) break;
    wg_buf_char(out, c < 256 ? (char)c : '?');
  }
}

void wg_kansi(struct wg_machine *m, uint32_t addr, struct wg_buf *out) {
  wg_buf_reserve(out, 1);
  out->data[out->len] = 0;
  if (addr == 0) return;
  uint32_t len = WG_GET(m, addr, STRING, LENGTH), at = WG_GET(m, addr, STRING, BUFFER);
  if (len == 0 || m->calls.fault) return;
  const uint8_t *p = wg_kptr(m, at, len, false);
  if (p) wg_buf_add(out, p, len);
}

// Size classes are powers of two from 32 bytes up; a freed block is the next one handed out. What is free, how large a
// block is and whose, is known here alone.
static unsigned class_of(uint32_t size) {
  unsigned c = 0;
  while ((32u << c) < size) c++;
  return c;
}

uint32_t wg_pool_alloc(struct wg_machine *m, uint32_t size, enum wg_pool_owner owner) {
  unsigned c = size > WG_POOL_SIZE ? WG_POOL_CLASSES : class_of(size ? size : 1);
  uint32_t bytes = c < WG_POOL_CLASSES ? 32u << c : 0, at;
  struct wg_blocks *b = c < WG_POOL_CLASSES ? &m->pool.blocks[c] : NULL;
  if (b && b->n) {
    at = b->at[--b->n];
  } else {
    if (b == NULL || bytes > m->pool.end - m->pool.next) {
      wg_limit(m, WG_L_POOL);
      return 0;
    }
    at = m->pool.next;
    m->pool.next += bytes;
  }
  memset(wg_mem_own(m->mem, at, bytes), 0, bytes);
  wg_work(m, bytes / 32);
  wg_map_put(&m->pool.sizes, at, c << 1 | owner);
  return at;
}

void wg_pool_free(struct wg_machine *m, uint32_t addr, enum wg_pool_owner owner) {
  uint64_t v;
  if (!wg_map_get(&m->pool.sizes, addr, &v) || (v & 1) != owner) return;
  wg_map_del(&m->pool.sizes, addr);
  struct wg_blocks *b = &m->pool.blocks[v >> 1];
  WG_VEC_ROOM(b->at, b->cap, b->n + 1);
  b->at[b->n++] = addr;
}

void wg_pool_init(struct wg_machine *m) {
  wg_mem_reserve(m->mem, &(struct wg_alloc){.addr = WG_POOL_BASE,
                                            .size = WG_POOL_SIZE,
                                            .page = 0x1000,
                                            .protect = WG_PROT_READWRITE,
                                            .commit = true,
                                            .owner = WG_MEM_KERNEL});
  m->pool.next = WG_POOL_BASE + 0x1000;
  m->pool.end = WG_POOL_BASE + WG_POOL_SIZE;
}

void wg_pool_release(struct wg_pool *p) {
  for (unsigned c = 0; c < WG_POOL_CLASSES; c++) free(p->blocks[c].at);
  wg_map_release(&p->sizes);
}

void wg_pool_state(struct wg_archive *a, struct wg_pool *p) {
  wg_ar_part(a, "pool");
  wg_ar_u32(a, &p->next);
  wg_ar_u32(a, &p->end);
  for (unsigned c = 0; c < WG_POOL_CLASSES; c++) {
    struct wg_blocks *b = &p->blocks[c];
    b->n = wg_ar_count(a, b->n, WG_POOL_SIZE / 32);
    if (wg_ar_loading(a)) WG_VEC_ROOM(b->at, b->cap, b->n);
    for (size_t i = 0; i < b->n; i++) wg_ar_u32(a, &b->at[i]);
  }
  wg_ar_map(a, &p->sizes);
}

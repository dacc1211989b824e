// libFuzzer's entry for the kernel: calls of any implemented export with arguments of its kinds, some of them wrong,
// over memory that the input fills; then the machine runs for a moment, so that what the calls have started happens
// too. Whatever a title passes, the host must not mind.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "emu/kernel/kernel.h"
#include "emu/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define SCRATCH 0x2FFF0000u // a page for the thunk and the stack's words, the rest for data
#define DATA (SCRATCH + 0x1000)
#define DATA_SIZE 0x4000u
#define STACK (SCRATCH + 0x800)
#define MAX_CALLS 40

struct fuzz {
  struct wg_machine *m;
  const uint8_t *p, *end;
  uint32_t seen[16]; // results, as handles or pointers for later calls
  unsigned nseen;
};

static bool ignore(void *ctx, const struct wg_event *e) {
  (void)ctx, (void)e;
  return true;
}

static uint8_t byte(struct fuzz *f) { return f->p < f->end ? *f->p++ : 0; }
static uint32_t word(struct fuzz *f) {
  uint32_t v = 0;
  for (int i = 0; i < 4; i++) v = v << 8 | byte(f);
  return v;
}

static const char *const names[] = {
    "game:\\hello.xex", "cache:\\a", "cache:\\b\\c", "adder.dll", "XEX", "\\Device\\Cdrom0", "\\??\\x:\\%s%n", ""};
#define NAMES (sizeof names / sizeof *names)
#define NAME_AT(i)                                                                                                     \
  (DATA + 0x3000 + 0x100 * (uint32_t)(i)) // text; ANSI_STRING at +60; OBJECT_ATTRIBUTES at +70; UTF-16 at +80

static void put_names(struct wg_machine *m) {
  for (size_t i = 0; i < NAMES; i++) {
    uint8_t *at = m->mem->base + NAME_AT(i);
    size_t n = strlen(names[i]);
    memcpy(at, names[i], n + 1);
    wg_store_be16(at + 0x60, (uint16_t)n);
    wg_store_be16(at + 0x62, (uint16_t)(n + 1));
    wg_store_be32(at + 0x64, NAME_AT(i));
    wg_store_be32(at + 0x70, 0xFFFFFFFDu);
    wg_store_be32(at + 0x74, NAME_AT(i) + 0x60);
    wg_store_be32(at + 0x78, 0x40);
    for (size_t j = 0; j <= n; j++) wg_store_be16(at + 0x80 + 2 * j, (uint8_t)names[i][j]);
  }
}

static uint32_t pointer(struct fuzz *f, uint8_t b) {
  static const uint32_t odd[] = {0,        4,          0xFFFFFFFCu, 0x50000000u, 0x82010000u, DATA + DATA_SIZE - 4,
                                 DATA + 1, 0x7FC80000u};
  if (b < 200) return DATA + 0x40u * b % 0x3000;
  if (b < 208) return odd[b - 200];
  if (b < 224) return f->seen[b & 15];
  return b < 240 ? 0xA0000000u + 0x1000u * b : word(f);
}

static uint64_t argument(struct fuzz *f, char kind) {
  static const uint32_t numbers[] = {0,      1,           2,           3,           4,      5,
                                     8,      16,          0x100,       0x1000,      0x4000, 0x10000,
                                     0xFFFF, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu, 0x2000, 0x404,
                                     20,     0x20000004u, 0x00100000u, 14,          34,     0x3000};
  uint8_t b = byte(f);
  uint32_t name = NAME_AT(b % NAMES);
  bool straight = b < 160;
  switch (kind) {
  case 'h': return b < 100 ? f->seen[b & 15] : b < 200 ? 0xF8000000u + 4 * (b & 31) : b == 200 ? 0xFFFFFFFEu : word(f);
  case 's': return straight ? name : pointer(f, b);
  case 'a': return straight ? name + 0x60 : pointer(f, b);
  case 'o': return straight ? name + 0x70 : pointer(f, b);
  case 'w': return straight ? name + 0x80 : pointer(f, b);
  case 'p':
  case 'e':
  case 'P':
  case 'H':
  case 'O':
  case 't': return pointer(f, b);
  default:
    if (b < 200) return numbers[b % (sizeof numbers / sizeof *numbers)];
    if (b < 230) return pointer(f, byte(f));
    return kind == 'q' || kind == 'T' ? (uint64_t)word(f) << 32 | word(f) : word(f);
  }
}

static void one_call(struct fuzz *f) {
  struct wg_machine *m = f->m;
  struct wg_thread *t = m->threads.list[0];
  uint32_t index = ((uint32_t)byte(f) << 8 | byte(f)) % (uint32_t)m->exports.n;
  while (m->exports.list[index].impl == NULL) index = (index + 1) % (uint32_t)m->exports.n;
  const char *params = m->exports.list[index].params;
  struct wg_cpu *c = &t->ctx.cpu;
  wg_store_be32(m->mem->base + SCRATCH, 0x44000042u);
  wg_store_be32(m->mem->base + SCRATCH + 8, index);
  c->gpr[1] = STACK;
  for (size_t i = 0; params[i] && i < WG_NT_MAX_PARAMS; i++) {
    uint64_t v = argument(f, params[i]);
    if (i < 8)
      c->gpr[3 + i] = v;
    else
      wg_store_be32(m->mem->base + STACK + 0x54 + 8 * (uint32_t)(i - 8), (uint32_t)v);
  }
  c->pc = SCRATCH;
  c->lr = SCRATCH + 0x10;
  wg_turn_begin(m, 0, &t->ctx);
  wg_kernel_call(m, &t->ctx);
  // A wait that would last is over.
  if (t->run.state == WG_T_WAITING) wg_wait_end(m, t, STATUS_TIMEOUT, "timeout", NULL);
  wg_turn_end(m);
  m->ending.stopped = t->run.state == WG_T_EXITED; // a bad pointer would end a run; here the next call follows
  wg_buf_clear(&m->ending.report);
  wg_unready(m, t);
  t->run.state = WG_T_RUNNING;
  t->ctx.call = NULL;
  f->seen[f->nseen++ & 15] = (uint32_t)c->gpr[3];
  uint64_t made = 0; // what a call like NtCreateEvent has written
  wg_mem_r32(m->mem, DATA + 0x40 * (f->nseen & 63), &made);
  f->seen[f->nseen++ & 15] = (uint32_t)made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct wg_err err = {0};
  struct wg_machine *m = NULL;
  const char *title = getenv("WEDGE_FUZZ_TITLE"); // a small one, whose folder becomes game:
  struct wg_config cfg = {.title = title ? title : "hello.xex", .date = WG_DEFAULT_DATE, .max_ns = 200000};
  if (n < 4) return 0;
  if (wg_machine_create(&m, &cfg, &(struct wg_observer){.event = ignore}, &err) != WG_OK) {
    fprintf(stderr, "%s\n", err.msg);
    __builtin_trap();
  }
  wg_mem_commit(m->mem, SCRATCH, 0x1000 + DATA_SIZE, WG_PROT_READWRITE);
  // The input's second half is what lies in memory.
  size_t half = n / 2, room = n - half < 0x3000 ? n - half : 0x3000;
  memcpy(m->mem->base + DATA, data + half, room);
  put_names(m);
  struct fuzz f = {.m = m, .p = data, .end = data + half};
  struct wg_thread *t = m->threads.list[0];
  wg_unready(m, t);
  m->sched.hw[0].q.current = &t->run;
  t->run.state = WG_T_RUNNING;
  wg_thread_load(m, 0, t);
  for (int i = 0; i < MAX_CALLS && f.p < f.end && !m->ending.stopped; i++) one_call(&f);
  // A loop, while what is due happens.
  wg_store_be32(m->mem->base + SCRATCH, 0x48000000u);
  t->ctx.cpu.pc = SCRATCH;
  if (!m->ending.stopped) wg_machine_run(m);
  struct wg_buf report = {0};
  wg_machine_report(m, &report);
  wg_buf_release(&report);
  wg_machine_free(m);
  return 0;
}

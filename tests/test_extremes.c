// Every export with each of its arguments in turn at the ends of what 32 bits, a page and the address space can be, the
// others being what the call asks for, and with several at such ends at once: sizes, counts, offsets, handles and
// places that wrap around. The sanitizers judge the host; the machine runs on afterwards.
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "emu/kernel/kernel.h"
#include "emu/machine.h"
#include "tests/named.h"
#include "tests/random.h"
#include "tests/suite.h"

#define SCRATCH 0x2FF00000u // the thunk and the stack
#define PLAIN(i) (SCRATCH + 0x2000u + 0x1000u * (uint32_t)(i))
#define NAME PLAIN(14) // text; ANSI_STRING +40; OBJECT_ATTRIBUTES +50; UTF-16 +60
#define SOON (NAME + 0x80)
#define OBJECT (NAME + 0x100)
#define END PLAIN(15) // no memory from here on

static const uint32_t values[] = {
    0,          1,          2,          0x3F,       0x40,       0x41,       0xFFF,      0x1000,     0x7FFF,
    0xFFFF,     0x10000,    0x10001,    0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFEFFFF, 0xFFFF0000, 0xFFFFF000,
    0xFFFFFFFC, 0xFFFFFFFE, 0xFFFFFFFF, END - 1,    END - 4,    END - 0x41, END,        0x7FEA0000, 0x7FC80000,
    0x9FFFFFFE, 0xA0000000, 0xBFFFFFFF, 0xDFFFFFF0, 0x3FFFFFFF, 0x40000000, 0x20000001, 0x10000001, 0xAAAAAAAB};
#define VALUES (sizeof values / sizeof *values)

struct call {
  struct wg_machine *m;
  uint64_t random, made;
  uint32_t handles[8];
  size_t nhandles;
};

static bool ignore(void *ctx, const struct wg_event *e) {
  (void)ctx, (void)e;
  return true;
}

static uint32_t pick(struct call *c, uint32_t n) { return (uint32_t)(random_next(&c->random) >> 33) % n; }

// What structures begin with: counts, lengths, addresses of each other, nothing.
static void fill(struct call *c, uint32_t at) {
  uint8_t *p = c->m->mem->base + at;
  uint32_t how = pick(c, 4);
  for (uint32_t i = 0; i < 0x1000; i += 4)
    wg_store_be32(p + i, how == 0   ? 0
                         : how == 1 ? PLAIN(pick(c, 13)) + 8 * pick(c, 64)
                         : how == 2 ? pick(c, 64)
                                    : values[pick(c, VALUES)]);
}

static uint64_t plain(struct call *c, char kind, unsigned i) {
  switch (kind) {
  case 'h': return c->handles[pick(c, (uint32_t)c->nhandles)];
  case 's': return NAME;
  case 'a': return NAME + 0x40;
  case 'o': return NAME + 0x50;
  case 'w': return NAME + 0x60;
  case 't': return SOON;
  case 'f': return SCRATCH + 0x20;
  case 'O': return pick(c, 2) ? c->m->threads.list[0]->kthread : OBJECT;
  case 'd':
  case 'm': return pick(c, 8);
  default: return PLAIN(i);
  }
}

static void make(struct call *c, const struct wg_export *x, const uint64_t *args) {
  struct wg_machine *m = c->m;
  struct wg_thread *t = m->threads.list[0];
  struct wg_cpu *cpu = &t->ctx.cpu;
  wg_store_be32(m->mem->base + SCRATCH, 0x44000042u);
  wg_store_be32(m->mem->base + SCRATCH + 8, wg_export_index(m, x));
  wg_store_be32(m->mem->base + SCRATCH + 0x20, 0x4E800020u);
  cpu->gpr[1] = SCRATCH + 0x1800;
  cpu->pc = SCRATCH;
  cpu->lr = SCRATCH + 0x20;
  for (unsigned i = 0; x->params[i]; i++)
    if (i < 8)
      cpu->gpr[3 + i] = args[i];
    else
      wg_store_be64(m->mem->base + SCRATCH + 0x1850 + 8 * (i - 8), args[i]);
  wg_turn_begin(m, 0, &t->ctx);
  wg_kernel_call(m, &t->ctx);
  if (t->run.state == WG_T_WAITING) wg_wait_end(m, t, STATUS_TIMEOUT, "timeout", NULL);
  wg_turn_end(m);
  m->ending.stopped = t->run.state == WG_T_EXITED;
  wg_buf_clear(&m->ending.report);
  wg_unready(m, t);
  t->run.state = WG_T_RUNNING;
  t->ctx.call = NULL;
  c->made++;
}

static void create(struct call *c, const char *name, const uint64_t *args) {
  const struct wg_nt_export *x = wg_nt_find(name, strlen(name));
  uint64_t handle = 0;
  CU_ASSERT_PTR_NOT_NULL_FATAL(x);
  make(c, &c->m->exports.list[wg_nt_index(x)], args);
  wg_mem_r32(c->m->mem, PLAIN(0), &handle);
  c->handles[c->nhandles++] = (uint32_t)handle;
}
#define CREATE(name, ...) create(c, name, (const uint64_t[13]){PLAIN(0), __VA_ARGS__})

static void start(struct call *c) {
  struct wg_err err = {0};
  struct wg_config cfg = {.title = WG_GUESTS "/hello.xex", .date = WG_DEFAULT_DATE, .max_ns = 200000};
  CU_ASSERT_EQUAL_FATAL(wg_machine_create(&c->m, &cfg, &(struct wg_observer){.event = ignore}, &err), WG_OK);
  struct wg_thread *t = c->m->threads.list[0];
  wg_mem_commit(c->m->mem, SCRATCH, END - SCRATCH, WG_PROT_READWRITE);
  put_named(c->m, NAME, 0x40, "cache:\\file");
  wg_store_be32(c->m->mem->base + NAME + 0x58, 0x40); // its attributes
  wg_store_be64(c->m->mem->base + SOON, (uint64_t)-1);
  wg_unready(c->m, t);
  c->m->sched.hw[0].q.current = &t->run;
  t->run.state = WG_T_RUNNING;
  wg_thread_load(c->m, 0, t);
  c->nhandles = 0;
  CREATE("NtCreateEvent", 0, 1, 1);
  CREATE("NtCreateSemaphore", 0, 1, 100);
  CREATE("NtCreateTimer", 0, 1);
  CREATE("NtCreateFile", 0xC0110080, NAME + 0x50, PLAIN(1), 0, 0x80, 7, 3, 0x60);
  CREATE("NtCreateIoCompletion", 0, 0, 0);
  CREATE("NtCreateMutant", 0, 0);
}

// What was started happens, while the thread does nothing.
static void end(struct call *c) {
  struct wg_thread *t = c->m->threads.list[0];
  struct wg_buf report = {0};
  wg_store_be32(c->m->mem->base + SCRATCH, 0x48000000u);
  t->ctx.cpu.pc = SCRATCH;
  if (!c->m->ending.stopped) wg_machine_run(c->m);
  wg_machine_report(c->m, &report);
  wg_buf_release(&report);
  wg_machine_free(c->m);
}

static void one(struct call *c, const struct wg_nt_export *row, unsigned extreme, uint32_t value) {
  uint64_t args[WG_NT_MAX_PARAMS] = {0};
  for (unsigned i = 0; row->params[i]; i++) {
    fill(c, PLAIN(i));
    bool whatever = row->params[extreme] == 0 && pick(c, 2);
    args[i] = i == extreme ? value : whatever ? values[pick(c, VALUES)] : plain(c, row->params[i], i);
    if (i == extreme && (row->params[i] == 'q' || row->params[i] == 'T')) args[i] |= (uint64_t)args[i] << 32;
  }
  make(c, &c->m->exports.list[wg_nt_index(row)], args);
  if (c->m->ending.stopped) {
    end(c);
    start(c);
  }
}

static void extremes(void) {
  struct call c = {.random = 1};
  const char *seed = getenv("WG_EXTREMES_SEED");
  const struct wg_nt_export *row;
  unsigned exports = 0;
  if (seed) c.random = strtoull(seed, NULL, 0);
  for (size_t i = 0; (row = wg_nt_row(i)); i++) {
    if (row->kind != 'F' || row->status < WG_NT_PARTIAL) continue;
    start(&c);
    for (unsigned p = 0; p <= strlen(row->params); p++)
      for (unsigned v = 0; v < VALUES; v++) one(&c, row, p, values[v]);
    end(&c);
    exports++;
  }
  printf("\n%u exports, %llu calls ", exports, (unsigned long long)c.made);
  CU_ASSERT(exports > 300);
}

WG_MAIN("extremes", {"each argument at its ends", extremes})

// A machine that does not run: kernel calls are made on it one at a time, by its first thread or another.
#ifndef WG_TESTS_MACHINE_H
#define WG_TESTS_MACHINE_H

#include <string.h>

#include "base/endian.h"
#include "emu/kernel/kernel.h"
#include "emu/machine.h"
#include "tests/suite.h"

#define SCRATCH 0x2FFF0000u // a page for the thunk, one for arguments, two for the stack
#define DATA (SCRATCH + 0x1000)
#define STACK (SCRATCH + 0x3000)
#define LOOP (SCRATCH + 0x100) // where calls return to

static inline bool no_event(void *ctx, const struct wg_event *e) {
  (void)ctx, (void)e;
  return true;
}

static inline struct wg_machine *machine_of(const char *title) {
  struct wg_machine *m = NULL;
  struct wg_err err = {0};
  struct wg_config cfg = {.title = title, .date = WG_DEFAULT_DATE};
  CU_ASSERT_EQUAL_FATAL(wg_machine_create(&m, &cfg, &(struct wg_observer){.event = no_event}, &err), WG_OK);
  wg_mem_commit(m->mem, SCRATCH, 0x4000, WG_PROT_READWRITE);
  wg_store_be32(m->mem->base + LOOP, 0x48000000u);
  return m;
}

static inline struct wg_export *export_named(const struct wg_machine *m, const char *name) {
  for (size_t i = 0; i < m->exports.n; i++)
    if (strcmp(m->exports.list[i].name, name) == 0 && strcmp(m->exports.list[i].module, "xbdm.xex") != 0)
      return &m->exports.list[i];
  CU_FAIL_FATAL("no such export");
  return NULL;
}

// One that has a body, as its index.
static inline uint32_t function_named(const struct wg_machine *m, const char *name) {
  const struct wg_export *x = export_named(m, name);
  CU_ASSERT_PTR_NOT_NULL_FATAL(x->impl);
  return wg_export_index(m, x);
}

// The call itself: it has returned, or its thread waits.
static inline uint64_t call_on(struct wg_machine *m, struct wg_thread *t, uint32_t index, const uint64_t *args,
                               size_t n) {
  struct wg_cpu *c = &t->ctx.cpu;
  wg_store_be32(m->mem->base + SCRATCH, 0x44000042u);
  wg_store_be32(m->mem->base + SCRATCH + 8, index);
  for (size_t i = 0; i < n; i++) {
    if (i < 8)
      c->gpr[3 + i] = args[i];
    else
      wg_store_be64(m->mem->base + STACK + 0x50 + 8 * (i - 8), args[i]);
  }
  c->gpr[1] = STACK;
  c->pc = SCRATCH;
  c->lr = LOOP;
  wg_unready(m, t);
  t->run.state = WG_T_RUNNING;
  wg_turn_begin(m, 0, &t->ctx);
  wg_kernel_call(m, &t->ctx);
  wg_turn_end(m);
  wg_objects_reap(m);
  return c->gpr[3];
}

// The arguments of call_on from a list.
#define ARGS(...) (const uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)

#endif

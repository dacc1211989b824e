// What is seen of a machine: looking changes nothing, at windows and in the midst of calls; JSON is JSON; and what it
// says is what the guests are known to do.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_check.h"
#include "base/map.h"
#include "emu/cpu/fpu.h"
#include "emu/cpu/harness.h"
#include "emu/kernel/kernel.h"
#include "emu/look/look.h"
#include "emu/machine.h"
#include "trace/branches.h"
#include "tests/heard.h"
#include "tests/random.h"
#include "tests/share.h"
#include "tests/suite.h"

struct run {
  struct wg_machine *m;
  uint64_t events, nevents, branches;
  enum wg_end end;
  uint64_t window_every, event_every, first; // where to look; 0: never
  void (*look)(struct run *r, bool between);
  uint64_t looks;
  bool stop; // after the first look
};

static bool event(void *ctx, const struct wg_event *e) {
  struct run *r = ctx;
  r->events = heard_event(e, r->events);
  r->nevents++;
  if (r->m == NULL || r->event_every == 0 || r->nevents < r->first || r->nevents % r->event_every) return true;
  r->looks++;
  r->look(r, false);
  return !r->stop;
}

static void branches(void *ctx, const struct wg_branch_packet *p) {
  struct run *r = ctx;
  r->branches = heard_branches(p, r->branches);
}

static bool go_on(void *ctx, bool within_call) {
  struct run *r = ctx;
  uint64_t window = wg_machine_windows(r->m);
  if (within_call || r->window_every == 0 || window < r->first || window % r->window_every) return true;
  r->looks++;
  r->look(r, true);
  return !r->stop;
}

static void run(struct run *r, const char *guest) {
  char title[512];
  struct wg_err err = {0};
  snprintf(title, sizeof title, WG_GUESTS "/%s.xex", guest);
  struct wg_config cfg = {.title = title, .date = WG_DEFAULT_DATE, .max_ns = 30000000};
  struct wg_observer o = {.event = event, .branches = branches, .go_on = go_on, .ctx = r};
  int code = wg_machine_create(&r->m, &cfg, &o, &err);
  if (code != WG_OK) printf("%s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(code, WG_OK);
  r->end = wg_machine_run(r->m);
}

static void look_at(struct wg_look *l, const struct wg_machine *m, uint32_t tid) {
  struct wg_err err = {0};
  int code = wg_look_begin(l, m, tid ? &tid : NULL, 0, &err);
  if (code != WG_OK) printf("%s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(code, WG_OK);
}

// --- nothing changes --------------------------------------------------------------------------------

static void check_json(struct wg_buf *b, const char *view) {
  bool valid = wg_json_valid(b->data, b->len);
  if (!valid) printf("%s: %s\n", view, b->data);
  CU_ASSERT_TRUE(valid);
  size_t odd = 0;
  for (size_t i = 0; i < b->len; i++) odd += b->data[i] < 0x20 || b->data[i] >= 0x7F;
  CU_ASSERT_EQUAL(odd, 0);
  wg_buf_clear(b);
}

static void all_views(const struct wg_look *l, struct wg_buf *b) {
  static const struct {
    const char *name;
    void (*put)(const struct wg_look *l, bool json, struct wg_buf *out);
  } views[] = {{"where", wg_look_put_where},     {"regs", wg_look_put_regs},       {"stack", wg_look_put_stack},
               {"threads", wg_look_put_threads}, {"handles", wg_look_put_handles}, {"objects", wg_look_put_objects},
               {"waits", wg_look_put_waits},     {"modules", wg_look_put_modules}, {"areas", wg_look_put_areas},
               {"why", wg_look_put_why}};
  struct wg_err err = {0};
  uint32_t pc = l->ctx->cpu.pc;
  for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
    views[i].put(l, false, b);
    wg_buf_clear(b);
    views[i].put(l, true, b);
    check_json(b, views[i].name);
  }
  if (wg_look_put_code(l, pc, 8, 16, true, b, &err) == WG_OK) check_json(b, "disas");
  wg_buf_clear(b);
  if (wg_look_put_memory(l, (uint32_t)l->ctx->cpu.gpr[1], 64, true, b, &err) == WG_OK) check_json(b, "mem");
  wg_buf_clear(b);
}

static void look_at_all(struct run *r, bool between) {
  struct wg_buf b = {0};
  struct wg_look l;
  struct wg_err err = {0};
  uint64_t before = between ? wg_machine_digest(r->m) : 0;
  for (uint32_t tid = 0; tid <= r->m->threads.last_tid; tid++)
    if (wg_look_begin(&l, r->m, &tid, 0, &err) == WG_OK) all_views(&l, &b);
  if (between) CU_ASSERT_EQUAL(wg_machine_digest(r->m), before);
  wg_buf_release(&b);
}

static void looking_changes_nothing(void) {
  static const struct {
    const char *guest;
    uint64_t window_every, event_every;
  } some[] = {{"threads", 1203, 9973},
              {"files", 5, 61},
              {"gpu", 171, 41},
              {"spawn", 4111, 10133},
              {"system", 43, 197},
              {"modules", 5, 7},
              {"seh", 1, 5},
              {"xam", 171, 41},
              {"memory", 7, 103},
              {"illegal", 1, 1},
              {"calls", 611, 797},
              {"hangs/circular.philosophers", 7, 401},
              {"hangs/timers.timer_apc_not_alertable", 17, 31}};
  for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
    if (!in_share("looked at", i, 2)) continue;
    struct run plain = {.looks = 0};
    struct run looked = {.window_every = some[i].window_every, .event_every = some[i].event_every, .look = look_at_all};
    run(&plain, some[i].guest);
    run(&looked, some[i].guest);
    bool same = plain.events == looked.events && plain.nevents == looked.nevents && plain.branches == looked.branches &&
                plain.end == looked.end && wg_machine_digest(plain.m) == wg_machine_digest(looked.m);
    if (!same || looked.looks == 0) printf("%s: %llu looks\n", some[i].guest, (unsigned long long)looked.looks);
    CU_ASSERT_TRUE(same);
    CU_ASSERT_TRUE(looked.looks > 0);
    wg_machine_free(plain.m);
    wg_machine_free(looked.m);
  }
}

// --- whom, registers, expressions ---------------------------------------------------------------------

static struct run *halted;
static void halt(struct run *r, bool between) {
  (void)r;
  (void)between;
}
// A machine that stands still: before the window of that number, or at the event.
static struct wg_machine *stand(const char *guest, uint64_t window, uint64_t at_event) {
  halted = calloc(1, sizeof *halted);
  *halted = (struct run){.window_every = window ? 1 : 0,
                         .event_every = at_event ? 1 : 0,
                         .first = window ? window : at_event,
                         .look = halt,
                         .stop = true};
  run(halted, guest);
  return halted->m;
}

static void let_go(void) {
  wg_machine_free(halted->m);
  free(halted);
}

static void refuse(const struct wg_look *l, const char *text, const char *what) {
  struct wg_err err = {0};
  uint32_t v;
  CU_ASSERT_EQUAL(wg_look_expression(l, text, &v, &err), WG_INPUT);
  if (strstr(err.msg, what) == NULL) printf("%s: %s\n", text, err.msg);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, what));
}

static uint32_t value(const struct wg_look *l, const char *text) {
  struct wg_err err = {0};
  uint32_t v = 0;
  int code = wg_look_expression(l, text, &v, &err);
  if (code != WG_OK) printf("%s\n", err.msg);
  CU_ASSERT_EQUAL(code, WG_OK);
  return v;
}

static void expressions_are_read(void) {
  static const char map[] = "82010000 T first\n82010020 t twice\n82010040 t twice\n82010460 T main\n";
  struct wg_machine *m = stand("threads", 300, 0);
  struct wg_symbols *s = NULL;
  struct wg_look l;
  struct wg_err err = {0};
  look_at(&l, m, 1);
  uint32_t sp = (uint32_t)l.ctx->cpu.gpr[1], chain;
  CU_ASSERT_TRUE(wg_mem_peek32(m->mem, sp, &chain));
  CU_ASSERT_EQUAL(value(&l, "0x82010000"), 0x82010000);
  CU_ASSERT_EQUAL(value(&l, "4096"), 4096);
  CU_ASSERT_EQUAL(value(&l, "r1"), sp);
  CU_ASSERT_EQUAL(value(&l, " sp + 0x20-8"), sp + 0x18);
  CU_ASSERT_EQUAL(value(&l, "[r1]"), chain);
  CU_ASSERT_EQUAL(value(&l, "[[r1]]+4"), value(&l, "[r1]") ? value(&l, "[[r1]]") + 4 : 0);
  CU_ASSERT_EQUAL(value(&l, "pc"), l.ctx->cpu.pc);
  CU_ASSERT_EQUAL(value(&l, "0-4"), 0xFFFFFFFC);
  refuse(&l, "main",
         "column 1: 'main' is nothing that is known here: r0 to r31, sp, pc, lr, ctr, cr, xer, msr, fpscr, f0 to f31, "
         "vscr, "
         "vrsave, v0 to v127, [address]; symbols need a map");
  refuse(&l, "r32", "'r32' is nothing");
  refuse(&l, "", "column 1: something is missing");
  refuse(&l, "r1+", "column 4: something is missing");
  refuse(&l, "r1 r2", "column 4: expected an operator or the end");
  refuse(&l, "[r1", "expected ']'");
  refuse(&l, "r1]", "expected an operator or the end");
  refuse(&l, "0x100000000", "an address has 32 bits");
  refuse(&l, "f1", "holds no address");
  for (unsigned i = 0; i < 2; i++) { // quanta of the title's and the idle process
    char quantum[32];
    snprintf(quantum, sizeof quantum, "[0x%x+0xc]", m->threads.process[i]);
    CU_ASSERT_EQUAL(value(&l, quantum), i ? 127 : 60);
  }
  CU_ASSERT_EQUAL(value(&l, "r1 - 0 - r1 - 8"), 0xFFFFFFF8);
  CU_ASSERT_EQUAL(value(&l, "(r1 & ~0xf) + u8[r1] * 0"), sp & ~15u);
  refuse(&l, "[0]", "'[0]': column 1: 0x00000000 cannot be read: nothing there");
  refuse(&l, "[0x7fc80000]", "a device's registers there, which notice");
  refuse(&l, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0", "too much within each other");
  refuse(&l, "a\x1b[2J", "'a\\x1b[2J'");
  CU_ASSERT_EQUAL(wg_symbols_parse(&s, "t", map, sizeof map - 1, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_look_symbols(&l, s, "t", &err), WG_OK);
  CU_ASSERT_EQUAL(value(&l, "main+8"), 0x82010468);
  refuse(&l, "twice", "2 symbols are called 'twice': 0x82010020 0x82010040; give the address");
  refuse(&l, "mian", "or a symbol of the map");
  wg_symbols_free(s);
  let_go();
}

static void symbols_of_another_image_are_refused(void) {
  static const char far[] = "92010000 T main\n";
  static const char other[] =
      " Timestamp is 55d8cf91 (x)\n Preferred load address is 82000000\n 0003:00000000 main 82010000 f a.obj\n";
  struct wg_machine *m = stand("hello", 1, 0);
  struct wg_look l;
  struct wg_symbols *s = NULL;
  struct wg_err err = {0}, err2 = {0};
  look_at(&l, m, 0);
  CU_ASSERT_EQUAL(wg_symbols_parse(&s, "far", far, sizeof far - 1, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_look_symbols(&l, s, "far", &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(
      strstr(err.msg, "far: none of its symbols is in the title's image, which is at 0x82000000 to"));
  wg_symbols_free(s);
  // Our guests' images have no timestamp; one that has another one is of another build.
  wg_store_le32(m->mem->base + 0x82000000u + wg_load_le32(m->mem->base + 0x8200003Cu) + 8, 0x1234);
  CU_ASSERT_EQUAL(wg_symbols_parse(&s, "other", other, sizeof other - 1, &err2), WG_OK);
  CU_ASSERT_EQUAL(wg_look_symbols(&l, s, "other", &err2), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(
      strstr(err2.msg, "other: it is of another build: its timestamp is 0x55d8cf91, the title's image has 0x00001234"));
  wg_symbols_free(s);
  let_go();
}

static void whom_to_look_at(void) {
  struct wg_machine *m = stand("threads", 300, 0);
  struct wg_look l;
  struct wg_err err = {0}, err2 = {0};
  uint32_t none = 99, irq = 0;
  look_at(&l, m, 3);
  CU_ASSERT_EQUAL(l.ctx->thread->tid, 3);
  CU_ASSERT_EQUAL(wg_look_begin(&l, m, NULL, 4, &err), WG_OK);
  CU_ASSERT_EQUAL(l.ctx->thread->tid, 4); // nobody runs between windows
  CU_ASSERT_EQUAL(wg_look_begin(&l, m, &none, 0, &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(
      strstr(err.msg, "thread 99: there is no such thread yet at this position; there are threads up to 7"));
  CU_ASSERT_EQUAL(wg_look_begin(&l, m, &irq, 0, &err2), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err2.msg, "no interrupt is in progress"));
  let_go();
}

static void registers_have_names(void) {
  struct wg_machine *m = stand("threads", 300, 0);
  struct wg_look l;
  struct wg_reg r;
  unsigned n;
  look_at(&l, m, 1);
  for (unsigned i = 0; i < WG_REGS; i++) {
    wg_cpu_reg(wg_look_cpu(&l), i, &r);
    CU_ASSERT_TRUE(wg_cpu_reg_number(r.name, strlen(r.name), &n));
    CU_ASSERT_EQUAL(n, i);
  }
  struct wg_cpu *c = (struct wg_cpu *)(uintptr_t)wg_look_cpu(&l);
  c->gpr[31] = 0x123456789ABCDEF0;
  c->fpr[31] = 0x3FF0000000000000;
  c->vr[127].w[3] = 77;
  wg_cpu_set_cr(c, 0x12345678);
  wg_cpu_reg(wg_look_cpu(&l), 31, &r);
  CU_ASSERT_EQUAL(r.value, 0x123456789ABCDEF0);
  wg_cpu_reg(wg_look_cpu(&l), WG_REG_F0 + 31, &r);
  CU_ASSERT_EQUAL(r.value, 0x3FF0000000000000);
  wg_cpu_reg(wg_look_cpu(&l), WG_REG_V0 + 127, &r);
  CU_ASSERT_EQUAL(r.word[3], 77);
  CU_ASSERT_EQUAL(r.bytes, 16);
  CU_ASSERT_TRUE(wg_cpu_reg_number("cr", 2, &n));
  wg_cpu_reg(wg_look_cpu(&l), n, &r);
  CU_ASSERT_EQUAL(r.value, 0x12345678);
  CU_ASSERT_EQUAL(r.bytes, 4);
  CU_ASSERT_FALSE(wg_cpu_reg_number("v128", 4, &n));
  let_go();
}

// In steps, whoever looks finds the FPSCR with the context, not in the flags of the host's thread that executes.
static bool fpscr_is_whole(void *ctx, const struct wg_cpu *c) {
  uint32_t *seen = ctx;
  CU_ASSERT_TRUE(c->fp_mode & WG_FP_IDLE);
  uint32_t now = wg_fpu_peek(c);
  *seen |= now;
  CU_ASSERT_EQUAL(wg_fpu_peek(c), now);
  CU_ASSERT_EQUAL(c->cycle > 0, (now & WG_FPSCR_XX) != 0); // from the division on
  return true;
}

static void looking_leaves_the_fpscr_alone(void) {
  struct wg_harness *h;
  struct wg_err err = {0};
  static const uint32_t code[] = {0xFC221824, 0x60000000, 0x60000000, 0x4E800020}; // fdiv f1, f2, f3
  uint8_t bytes[sizeof code];
  uint32_t seen = 0;
  for (size_t i = 0; i < 4; i++) wg_store_be32(bytes + 4 * i, code[i]);
  CU_ASSERT_EQUAL_FATAL(wg_harness_create(&h, &err), WG_OK);
  wg_harness_reset(h);
  CU_ASSERT_TRUE(wg_harness_map(h, 0x82010000, bytes, sizeof bytes));
  h->cpu.pc = 0x82010000;
  h->cpu.fpr[2] = 0x3FF0000000000000; // 1 / 3 is inexact
  h->cpu.fpr[3] = 0x4008000000000000;
  wg_cpu_run_in_steps(&h->cpu, 3, &(struct wg_cpu_steps){.before = fpscr_is_whole, .ctx = &seen});
  CU_ASSERT_TRUE(seen & WG_FPSCR_XX);
  CU_ASSERT_EQUAL(h->cpu.fpr[1], 0x3FD5555555555555);
  wg_harness_free(h);
}

// --- memory -------------------------------------------------------------------------------------------

static void pages_are_what_they_are(void) {
  struct wg_machine *m = stand("threads", 300, 0);
  struct wg_area a;
  struct wg_err err = {0};
  uint8_t bytes[8];
  wg_look_area(m, 0x70150000, &a);
  CU_ASSERT_TRUE(a.kind == WG_AREA_STACK && a.thread && a.thread->tid == 1 && a.read && a.write);
  wg_look_area(m, 0x82010000, &a);
  CU_ASSERT_TRUE(a.kind == WG_AREA_IMAGE && a.module == m->modules.list[0] && a.read && !a.write && a.code);
  wg_look_area(m, 0x7FC80000, &a);
  CU_ASSERT_TRUE(a.kind == WG_AREA_DEVICE && !a.read);
  wg_look_area(m, 0, &a);
  CU_ASSERT_TRUE(a.kind == WG_AREA_NOTHING && a.base == 0 && a.size == 0x30000000);
  wg_look_area(m, m->sched.hw[0].kpcr, &a);
  CU_ASSERT_EQUAL(a.kind, WG_AREA_KERNEL);
  // All of the address space, without a gap.
  uint64_t at = 0;
  for (; at < 1ull << 32; at = a.base + a.size) {
    wg_look_area(m, (uint32_t)at, &a);
    CU_ASSERT_EQUAL_FATAL(a.base, at);
  }
  CU_ASSERT_EQUAL(at, 1ull << 32);
  CU_ASSERT_EQUAL(wg_look_read(m, 0x7018FFFC, bytes, 8, &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "0x70190000 cannot be read: nothing there"));
  err = (struct wg_err){0};
  CU_ASSERT_EQUAL(wg_look_read(m, 0xFFFFFFFC, bytes, 8, &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "beyond the address space"));
  let_go();
}

// --- the stack ----------------------------------------------------------------------------------------

// Every frame but the first is one that a call returns to, and stack pointers go up.
static void check_stack(const struct wg_look *l, const struct wg_look_stack *s) {
  CU_ASSERT_TRUE(s->end != NULL);
  for (size_t i = 1; i < s->n; i++) {
    uint32_t word;
    const struct wg_look_frame *f = &s->frames[i];
    if (f->kind != WG_FRAME_CODE || !f->called) continue;
    CU_ASSERT_TRUE(wg_mem_peek32(l->m->mem, f->pc - 4, &word) && (word & 1));
    CU_ASSERT_TRUE(f->sp >= s->frames[i - 1].sp);
  }
}

static void stacks_are_walked(void) {
  struct wg_machine *m = stand("threads", 300, 0);
  struct wg_look l;
  struct wg_look_stack s;
  look_at(&l, m, 1);
  wg_look_stack(&l, &s);
  check_stack(&l, &s);
  // _start calls main, which waits for all threads.
  CU_ASSERT_EQUAL_FATAL(s.n, 3);
  CU_ASSERT_TRUE(s.frames[0].kind == WG_FRAME_CALL &&
                 strcmp(s.frames[0].call->name, "NtWaitForMultipleObjectsEx") == 0);
  CU_ASSERT_TRUE(s.frames[1].kind == WG_FRAME_CODE && s.frames[1].pc == l.ctx->call_lr);
  CU_ASSERT_TRUE(s.frames[2].pc > m->image.entry && s.frames[2].pc < m->image.entry + 0x40);
  CU_ASSERT_TRUE(s.whole);
  wg_look_stack_release(&s);
  let_go();
}

// In the midst of everything that a guest with function tables, handlers and filters does.
static void check_each(struct run *r, bool between) {
  struct wg_look l;
  struct wg_look_stack s;
  (void)between;
  look_at(&l, r->m, 0);
  wg_look_stack(&l, &s);
  check_stack(&l, &s);
  // One guest has a function that calls without a frame, so that a walk of its stack never ends.
  bool hostile = s.end && strcmp(s.end, "its function has called without a frame of its own") == 0;
  r->looks -= hostile;
  CU_ASSERT_TRUE(s.whole || hostile);
  if (!s.whole && !hostile) {
    struct wg_buf b = {0};
    wg_look_put_stack(&l, false, &b);
    printf("at event %llu\n%s", (unsigned long long)r->nevents, b.data);
    wg_buf_release(&b);
  }
  wg_look_stack_release(&s);
}

static void stacks_are_whole_at_every_event(void) {
  static const char *const guests[] = {"seh", "modules", "system", "files"};
  for (size_t i = 0; i < sizeof guests / sizeof *guests; i++) {
    struct run r = {.event_every = 1, .first = 8, .look = check_each};
    run(&r, guests[i]);
    CU_ASSERT_TRUE(r.looks > 50);
    wg_machine_free(r.m);
  }
}

// A stack that leads back into itself, away, or nowhere: told, and never more than that.
static void broken_stacks_end(void) {
  struct wg_machine *m = stand("threads", 300, 0);
  struct wg_look l;
  struct wg_look_stack s;
  uint64_t random = 11;
  look_at(&l, m, 1);
  struct wg_ctx *ctx = (struct wg_ctx *)(uintptr_t)l.ctx;
  struct wg_ctx kept = *ctx;
  uint8_t *stack = m->mem->base + 0x70150000;
  for (int i = 0; i < 3000; i++) {
    *ctx = kept;
    ctx->call = i % 2 ? kept.call : NULL;
    static const uint32_t some[] = {0,          4,          0x7018FFFC,       0x7FC80000,      0xFFFFFFFC,
                                    0x82010000, 0x7018FE00, WG_CALL_SENTINEL, WG_APC_SENTINEL, WG_RETURN_SENTINEL};
    ctx->cpu.gpr[1] = some[random_below(&random, 10)] + 4 * random_below(&random, 3);
    ctx->cpu.lr = some[random_below(&random, 10)];
    ctx->call_lr = some[random_below(&random, 10)];
    ctx->cpu.pc = i % 3 ? 0x82010000 + 4 * random_below(&random, 2000) : some[random_below(&random, 10)];
    for (int k = 0; k < 64; k++)
      wg_store_be32(stack + 0x3FE00 + 4 * random_below(&random, 128),
                    i % 5 ? 0x7018FE00 + 4 * random_below(&random, 128) : some[random_below(&random, 10)]);
    wg_look_stack(&l, &s);
    CU_ASSERT_TRUE(s.end != NULL && s.n <= WG_LOOK_FRAMES);
    wg_look_stack_release(&s);
  }
  *ctx = kept;
  let_go();
}

// --- why ----------------------------------------------------------------------------------------------

static void circles_are_found(void) {
  struct run r = {.looks = 0};
  run(&r, "hangs/circular.philosophers");
  CU_ASSERT_EQUAL(r.end, WG_END_WEDGE);
  struct wg_why_chain c;
  wg_look_why(r.m, wg_thread_by_tid(r.m, 1), &c);
  CU_ASSERT_EQUAL_FATAL(c.ncircle, 4);
  for (uint32_t i = 0; i < 4; i++) CU_ASSERT_EQUAL(c.circle[i], 2 + i);
  CU_ASSERT_TRUE(c.certain);
  CU_ASSERT_TRUE(c.links[0].kind == WG_WHY_END_OF && c.links[0].other_tid == 2);
  CU_ASSERT_TRUE(c.links[1].kind == WG_WHY_OWNER && c.links[1].other_tid == 3);
  wg_look_why_release(&c);
  wg_machine_free(r.m);
}

static void chains_end_where_somebody_runs(void) {
  struct wg_machine *m = stand("threads", 300, 0);
  struct wg_why_chain c;
  wg_look_why(m, wg_thread_by_tid(m, 3), &c); // waits for a critical section
  CU_ASSERT_EQUAL_FATAL(c.n, 2);
  CU_ASSERT_TRUE(c.links[0].kind == WG_WHY_OWNER && c.links[0].object->type == WG_O_CRITICAL_SECTION);
  CU_ASSERT_TRUE(c.links[1].kind == WG_WHY_RUNS && c.links[1].thread->tid == c.links[0].other_tid);
  CU_ASSERT_EQUAL(c.ncircle, 0);
  wg_look_why_release(&c);
  let_go();
}

WG_MAIN("look", {"looking changes nothing", looking_changes_nothing}, {"expressions are read", expressions_are_read},
        {"symbols of another image are refused", symbols_of_another_image_are_refused},
        {"whom to look at", whom_to_look_at}, {"registers have names", registers_have_names},
        {"looking leaves the FPSCR alone", looking_leaves_the_fpscr_alone},
        {"pages are what they are", pages_are_what_they_are}, {"stacks are walked", stacks_are_walked},
        {"stacks are whole at every event", stacks_are_whole_at_every_event}, {"broken stacks end", broken_stacks_end},
        {"circles are found", circles_are_found}, {"chains end where somebody runs", chains_end_where_somebody_runs})

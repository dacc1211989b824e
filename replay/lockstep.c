#include "replay/lockstep.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "emu/cpu/branch.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/regs.h"
#include "emu/machine.h"

// What is seen of a machine before a turn.
struct seen {
  bool over; // there is none any more
  uint32_t tid;
  uint64_t limit, digest;
  struct wg_cpu cpu;
  struct wg_branches branches;
};

enum { RECORDED, PLAIN, SIDES };

struct side {
  struct wg_lockstep *l;
  int n;
  struct wg_machine *m;
  struct wg_debug debug;
  struct seen seen;
};

struct wg_lockstep {
  struct wg_config cfg; // of the plain one
  struct side sides[SIDES];
  pthread_t thread;
  bool running;
  pthread_mutex_t lock;
  pthread_cond_t met;
  int waiting;    // the side that waits for the other; SIDES: none
  uint64_t turns; // compared
  bool differs;
  struct seen last[8]; // of the recorded machine: where the latest turns began
  struct wg_buf words;
  struct wg_err err;
};

// --- what differs -------------------------------------------------------------------------------------------

static void put_register(struct wg_buf *b, const char *name, uint64_t recorded, uint64_t plain) {
  if (recorded != plain)
    wg_buf_printf(b, "  %-8s 0x%016llx compiled, 0x%016llx interpreted\n", name, (unsigned long long)recorded,
                  (unsigned long long)plain);
}

static void registers(struct wg_buf *b, const struct seen *a, const struct seen *p) {
  put_register(b, "cycle", a->cpu.cycle, p->cpu.cycle);
  put_register(b, "reserved", a->cpu.reserved, p->cpu.reserved);
  for (unsigned i = 0; i < WG_REGS && !wg_cpu_same(&a->cpu, &p->cpu); i++) {
    struct wg_reg x, y;
    wg_cpu_reg(&a->cpu, i, &x);
    wg_cpu_reg(&p->cpu, i, &y);
    if (x.bytes < 16)
      put_register(b, x.name, x.value, y.value);
    else if (memcmp(x.word, y.word, sizeof x.word) != 0)
      wg_buf_printf(b, "  %-8s %08x %08x %08x %08x compiled, %08x %08x %08x %08x interpreted\n", x.name, x.word[0],
                    x.word[1], x.word[2], x.word[3], y.word[0], y.word[1], y.word[2], y.word[3]);
  }
  const struct wg_branches *s = &a->branches, *t = &p->branches;
  bool same = s->trail == t->trail && s->nwords == t->nwords && s->ntargets == t->ntargets && s->top == t->top &&
              memcmp(s->words, t->words, s->nwords * sizeof *s->words) == 0 &&
              memcmp(s->targets, t->targets, s->ntargets * sizeof *s->targets) == 0 &&
              memcmp(s->calls, t->calls, sizeof s->calls) == 0;
  if (!same) wg_buf_str(b, "  the record of branches\n");
}

static void compare_sides(struct wg_lockstep *l) {
  const struct seen *a = &l->sides[RECORDED].seen, *p = &l->sides[PLAIN].seen;
  struct wg_buf b = {0};
  l->turns++;
  if (a->over || p->over) {
    if (a->over != p->over)
      wg_buf_printf(&b, "  the %s run has ended\n", a->over ? "compiled" : "interpreted");
    else if (a->digest != p->digest)
      wg_buf_str(&b, "  memory, or what the kernel keeps\n");
  } else if (a->tid != p->tid || a->limit != p->limit) {
    wg_buf_printf(&b, "  thread %u runs until cycle %llu compiled, thread %u until %llu interpreted\n", a->tid,
                  (unsigned long long)a->limit, p->tid, (unsigned long long)p->limit);
  } else {
    registers(&b, a, p);
  }
  if (b.len) {
    const struct seen *before = NULL;
    for (size_t i = 0; i < sizeof l->last / sizeof *l->last; i++)
      if (l->last[i].cpu.mem && l->last[i].tid == a->tid &&
          (before == NULL || l->last[i].cpu.cycle > before->cpu.cycle))
        before = &l->last[i];
    l->differs = true;
    wg_buf_printf(&l->words, "turn %llu of thread %u", (unsigned long long)l->turns, a->tid);
    if (before)
      wg_buf_printf(&l->words, ", begun at 0x%08x in cycle %llu", before->cpu.pc,
                    (unsigned long long)before->cpu.cycle);
    wg_buf_str(&l->words, ", left the two runs with other values:\n");
    wg_buf_add(&l->words, b.data, b.len);
  }
  l->last[l->turns % (sizeof l->last / sizeof *l->last)] = *a;
  wg_buf_release(&b);
}

// Waits for the other side. True: goes on.
static bool meet(struct side *s) {
  struct wg_lockstep *l = s->l;
  pthread_mutex_lock(&l->lock);
  if (l->waiting == SIDES) {
    l->waiting = s->n;
    while (l->waiting == s->n) pthread_cond_wait(&l->met, &l->lock);
  } else {
    if (!l->differs) compare_sides(l);
    l->waiting = SIDES;
    pthread_cond_signal(&l->met);
  }
  bool on = !l->differs;
  pthread_mutex_unlock(&l->lock);
  return on;
}

// --- what is heard -------------------------------------------------------------------------------------------

static bool before_turn(void *ctx, uint32_t tid, const struct wg_cpu *c, uint64_t limit) {
  struct side *s = ctx;
  if (s->l->differs) return true;
  s->seen = (struct seen){.tid = tid, .limit = limit, .cpu = *c, .branches = *c->branches};
  return !meet(s);
}
static bool stop_there(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  (void)ctx;
  (void)tid;
  (void)c;
  return false;
}

static void is_over(struct side *s) {
  s->seen = (struct seen){.over = true, .tid = s->seen.tid, .digest = wg_machine_digest(s->m)};
  if (!s->l->differs) meet(s);
}

static void listen_to(struct wg_lockstep *l, int n, struct wg_machine *m) {
  struct side *s = &l->sides[n];
  *s = (struct side){.l = l, .n = n, .m = m, .debug = {.steps = before_turn, .before = stop_there, .ctx = s}};
  wg_machine_debug(m, &s->debug);
}

static bool to_nobody(void *ctx, const struct wg_event *e) {
  (void)ctx;
  (void)e;
  return true;
}
static void no_packets(void *ctx, const struct wg_branch_packet *p) {
  (void)ctx;
  (void)p;
}
static bool while_same(void *ctx, bool within_call) {
  (void)within_call;
  return !((struct wg_lockstep *)ctx)->differs;
}

static void *run_plain(void *ctx) {
  struct wg_lockstep *l = ctx;
  wg_machine_run(l->sides[PLAIN].m);
  is_over(&l->sides[PLAIN]);
  return NULL;
}

static void begun(void *ctx, struct wg_machine *m) {
  struct wg_lockstep *l = ctx;
  struct wg_machine *plain;
  const struct wg_observer nobody = {.event = to_nobody, .branches = no_packets, .go_on = while_same, .ctx = l};
  if (wg_machine_create(&plain, &l->cfg, &nobody, &l->err) == WG_OK) {
    listen_to(l, RECORDED, m);
    listen_to(l, PLAIN, plain);
    l->running = pthread_create(&l->thread, NULL, run_plain, l) == 0;
  }
  if (l->running) return;
  l->differs = true;
  wg_buf_printf(&l->words, "there is nothing to compare with: %s\n",
                l->err.code ? l->err.msg : "no thread can be made");
}

static bool go_on(void *ctx, bool within_call) { return while_same(ctx, within_call); }

static void over(void *ctx, enum wg_end end) {
  struct wg_lockstep *l = ctx;
  (void)end;
  if (!l->running) return;
  is_over(&l->sides[RECORDED]);
  pthread_join(l->thread, NULL);
  l->running = false;
  wg_machine_free(l->sides[PLAIN].m);
  wg_machine_debug(l->sides[RECORDED].m, NULL);
}

struct wg_lockstep *wg_lockstep_create(const struct wg_config *cfg) {
  struct wg_lockstep *l = wg_xcalloc(1, sizeof *l);
  l->cfg = *cfg;
  l->cfg.jit = WG_JIT_OFF;
  l->waiting = SIDES;
  pthread_mutex_init(&l->lock, NULL);
  pthread_cond_init(&l->met, NULL);
  return l;
}

void wg_lockstep_free(struct wg_lockstep *l) {
  if (l == NULL) return;
  pthread_mutex_destroy(&l->lock);
  pthread_cond_destroy(&l->met);
  wg_buf_release(&l->words);
  free(l);
}

struct wg_record_listener wg_lockstep_listener(struct wg_lockstep *l) {
  return (struct wg_record_listener){.begun = begun, .go_on = go_on, .over = over, .ctx = l};
}

const char *wg_lockstep_difference(const struct wg_lockstep *l) { return l->differs ? l->words.data : NULL; }
uint64_t wg_lockstep_turns(const struct wg_lockstep *l) { return l->turns; }

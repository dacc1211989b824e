// The guest that makes the calls of a kernel-call vector: it runs scripts of calls which the runner (kernel_vectors.c)
// has put into its memory, on whatever threads and in whatever routines the calls ask for, and logs each as it returns.
#include "../../tests/calls/caller.h"
#include "xbox.h"

struct arg {
  u32 kind, pad;
  u64 value;
};
struct step {
  u32 op, n, target, keep; // keep: where the result goes too, or 0
  struct arg arg[CALLER_ARGS];
};
struct script {
  u32 id, nsteps;
  struct step steps[];
};
struct head {
  struct script *main;
  u32 nlogged;
};
struct entry {
  u32 script, step;
  u64 result, begun, ended;
};

extern const u32 caller_exports[];
void invoke(u32 fn, const u64 *args, u64 *result);
void ticks(u64 *);
void run(const struct script *s);
void run_second(void), run_behind(void), run_behind_fourth(void), run_nothing(void);
int main(void);

static u64 value_of(const struct arg *a) {
  u32 low = (u32)a->value;
  switch (a->kind) {
  case CALLER_VALUE: return a->value;
  case CALLER_BEHIND: return *(u32 *)low + (u32)(a->value >> 32);
  case CALLER_EXPORT: return caller_exports[low];
  case CALLER_VARIABLE: return *(u32 *)caller_exports[low];
  default: break;
  }
  switch (low) {
  case CALLER_RUN: return (u32)run;
  case CALLER_RUN_SECOND: return (u32)run_second;
  case CALLER_RUN_BEHIND: return (u32)run_behind;
  case CALLER_RUN_BEHIND_FOURTH: return (u32)run_behind_fourth;
  default: return (u32)run_nothing;
  }
}

static void store(u32 at, u32 size, u64 value) {
  switch (size) {
  case 1: *(volatile u8 *)at = (u8)value; break;
  case 2: *(volatile u16 *)at = (u16)value; break;
  case 4: *(volatile u32 *)at = (u32)value; break;
  default: *(volatile u64 *)at = value; break;
  }
}

static u64 load(u32 at, u32 size) {
  switch (size) {
  case 1: return *(volatile u8 *)at;
  case 2: return *(volatile u16 *)at;
  case 4: return *(volatile u32 *)at;
  default: return *(volatile u64 *)at;
  }
}

// An instruction takes a nanosecond, and a thread that does not run takes none.
static void spin(u32 ns) { __asm__ volatile("mtctr %0\n1: bdnz 1b" : : "r"(ns ? ns : 1) : "ctr"); }

static void make(const struct step *s, struct entry *e) {
  u64 args[CALLER_ARGS] = {0};
  for (u32 i = 0; i < s->n; i++) args[i] = value_of(&s->arg[i]);
  switch (s->op) {
  case CALLER_CALL: invoke(caller_exports[s->target], args, &e->result); break;
  case CALLER_STORE: store((u32)args[0], s->target, args[1]); break;
  case CALLER_LOAD: e->result = load((u32)args[0], s->target); break;
  default: spin((u32)args[0]); break;
  }
  if (s->keep) *(volatile u32 *)s->keep = (u32)e->result;
}

void run(const struct script *s) {
  struct head *head = (struct head *)CALLER_AREA;
  for (u32 i = 0; i < s->nsteps; i++) {
    struct entry e = {s->id, i, 0, 0, 0};
    ticks(&e.begun);
    make(&s->steps[i], &e);
    u32 at = __sync_fetch_and_add(&head->nlogged, 1);
    ticks(&e.ended);
    if (at < CALLER_ENTRIES) ((struct entry *)CALLER_LOG)[at] = e;
  }
}

int main(void) {
  run(((struct head *)CALLER_AREA)->main);
  return 0;
}
